"""What an exercise is: a reference answer, some cases, and the mistakes we expect."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from rnn_course.tree import is_array, tree_map

Case = Callable[
    [np.random.Generator], tuple
]  # draws the arguments of one call: trees of float64 arrays, or plain values


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
    results    what is returned, for messages: `"outputs: [batch, time, hidden]"` for each part, in order; parts of
               parts by their path, `"state.c: [batch, hidden]"`, or `"states.*.c: [batch, hidden]"` for every layer;
               the name may be left out where there is one result.
               A result called `backward` is a function: the check calls it with random gradients, one for each
               other result, and `"backward.0: [batch, input]"` names what comes back
    hints      the ladder: each step says a little more
    laws       the names of further laws that the answer has to keep (rnn_course.checks.laws)
    blocks     what stands side by side in an axis called `4*hidden` (i, j, f, o unless told otherwise)
    backends   the array libraries that the answer must work with
    by_hand    the learner is asked to write it: the package's own function is right, and told to be no answer
    seconds    how long a whole check may take
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
    results: tuple[str, ...] = ()
    laws: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()
    backends: tuple[str, ...] = ("numpy", "torch")
    dtypes: tuple[str, ...] = ("float64", "float32")
    by_hand: bool = True
    seconds: float = 20.0
    seed: int = 0

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the arguments, as in the reference answer."""
        return tuple(inspect.signature(self.solution).parameters)

    @cached_property
    def axes(self) -> dict[str, tuple[str, ...]]:
        """The names of the axes of each result by its path; the path is "" where there is one result without a name."""
        declared = {}
        for line in self.results:
            path, _, shape = ("", "", line) if line.startswith("[") else line.partition(": ")
            declared[path] = tuple(axis for axis in shape.strip("[]").split(", ") if axis)
        return declared

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the results of an answer that returns a tuple: the first words of the paths, each once."""
        return tuple(dict.fromkeys(path.partition(".")[0] for path in self.axes if path))

    def arguments(self, case: int, dtype: str = "float64") -> tuple[Any, ...]:
        """Fresh arguments of a case, always the same for the same case."""
        drawn = self.cases[case](np.random.default_rng([self.seed, case]))
        return tuple(tree_map(lambda leaf: _rounded(leaf, dtype), a) for a in drawn)


def _rounded(leaf: Any, dtype: str) -> Any:
    return leaf.astype(dtype) if is_array(leaf) and leaf.dtype == np.float64 else leaf
