"""What an exercise is: a reference answer, some cases, and the mistakes we expect."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

Case = Callable[[np.random.Generator], tuple]  # draws the arguments of one call: NumPy float64 arrays, or plain values


class Mistake(NamedTuple):
    """A wrong answer, as code, and what to tell whoever gives it. The hint never contains the right answer."""

    name: str
    answer: Callable
    hint: str


@dataclass(frozen=True)
class Exercise:
    """One task with everything that is needed to check it and to help with it.

    statement  one sentence: what the function gets and returns, with shapes
    solution   the reference answer; `reason` says why it is right
    cases      draw the arguments; sizes are pairwise different, so that swapped axes show
    outputs    names of the results, for messages, where a tuple is returned
    axes       names of the axes of the (first) result, for messages
    backends   the array libraries that the answer must work with
    hints      the ladder: each step says a little more
    """

    name: str
    title: str
    difficulty: int
    minutes: int
    statement: str
    solution: Callable
    reason: str
    cases: tuple[Case, ...]
    mistakes: tuple[Mistake, ...]
    hints: tuple[str, ...]
    axes: str = ""
    outputs: tuple[str, ...] = ()
    backends: tuple[str, ...] = ("numpy", "torch")
    dtypes: tuple[str, ...] = ("float64", "float32")
    seed: int = 0

    def arguments(self, case: int, dtype: str = "float64") -> tuple[Any, ...]:
        """Fresh arguments of a case, always the same for the same case."""
        drawn = self.cases[case](np.random.default_rng([self.seed, case]))
        return tuple(a.astype(dtype) if isinstance(a, np.ndarray) and a.dtype == np.float64 else a for a in drawn)
