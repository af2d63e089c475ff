"""One call of an answer: fresh arguments, what came back, and what the call did besides."""

import contextlib
import random
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

from rnn_course.arrays import backend_of, to, to_numpy
from rnn_course.checks.exercise import Exercise
from rnn_course.checks.limits import Printed
from rnn_course.tree import named_leaves, tree_map

LIBRARIES = {"numpy": "NumPy", "torch": "Torch"}


class Trial(NamedTuple):
    """What an answer is called with: which case, on which library and float type."""

    case: int
    backend: str
    dtype: str

    def arguments(self, exercise: Exercise) -> tuple:
        """Fresh arguments, so that no call can disturb another."""
        return tuple(to(a, self.backend) for a in exercise.arguments(self.case, self.dtype))

    def label(self) -> str:
        """For messages: `case 2, NumPy float32`."""
        return f"case {self.case + 1}, {LIBRARIES[self.backend]} {self.dtype}"


class Outcome(NamedTuple):
    """What one call did: a value or an error, the arguments afterwards, whether it drew from global random state."""

    value: Any
    error: BaseException | None
    arguments: tuple
    used_global_random: bool
    printed: Printed


class Run(NamedTuple):
    """One call of an answer, beside what the reference gives."""

    trial: Trial
    outcome: Outcome
    expected: Any


def installed(exercise: Exercise) -> tuple[str, ...]:
    """The libraries that the exercise asks for and that are there."""
    return tuple(library for library in exercise.backends if library != "torch" or find_spec("torch"))


def trials(exercise: Exercise) -> Iterator[Trial]:
    """Every case on every library that is installed, in every float type; the easiest first."""
    for library in installed(exercise):
        for dtype in exercise.dtypes:
            for case in range(len(exercise.cases)):
                yield Trial(case, library, dtype)


def run_all(exercise: Exercise, answer: Callable) -> Iterator[Run]:
    """The answer beside the reference, in every trial."""
    for trial in trials(exercise):
        yield Run(trial, call(exercise, answer, trial), reference(exercise, trial))


def call(exercise: Exercise, answer: Callable, trial: Trial) -> Outcome:
    """Call `answer` once. An error is kept, not raised, except for an interrupt by the keyboard or by the clock."""
    arguments = trial.arguments(exercise)
    printed = Printed()
    watched = _Watched()
    value, error = None, None
    try:
        with contextlib.redirect_stdout(printed), np.errstate(all="ignore"):
            value = _with_gradients(exercise, watched(answer, *arguments), trial, watched)
    except (Exception, SystemExit) as raised:
        error = raised
    return Outcome(value, error, arguments, watched.used_global_random, printed)


class _Watched:
    """Calls functions and remembers whether one of them drew from global random state."""

    def __init__(self) -> None:
        self.used_global_random = False

    def __call__(self, function: Callable, *arguments: Any) -> Any:
        before = global_random_state()
        try:
            return function(*arguments)
        finally:
            elsewhere = getattr(function, "used_global_random", False) is True  # a proxy of another process says so
            self.used_global_random |= elsewhere or before != global_random_state()


@lru_cache(maxsize=64)  # a check asks for each more than once, and a learner checks one exercise again and again
def reference(exercise: Exercise, trial: Trial) -> Any:
    """What the reference answer gives."""
    with np.errstate(all="ignore"):
        return _with_gradients(exercise, _returned(exercise, trial), trial, _Watched())


@lru_cache(maxsize=64)
def _returned(exercise: Exercise, trial: Trial) -> Any:
    """What the reference answer returns, a function called `backward` as it is."""
    with np.errstate(all="ignore"):
        return exercise.solution(*trial.arguments(exercise))


def changed_arguments(exercise: Exercise, run: Run) -> list[str]:
    """The names of the arguments, or of their parts, that are not what they were before the call."""
    names = []
    fresh = run.trial.arguments(exercise)
    for name, now, then in zip(exercise.parameters, run.outcome.arguments, fresh, strict=True):
        for (path, leaf), (_, original) in zip(named_leaves(now), named_leaves(then), strict=True):
            ours, theirs = to_numpy(leaf), to_numpy(original)
            if not np.array_equal(ours, theirs, equal_nan=ours.dtype.kind == "f"):
                names.append(f"{name}.{path}" if path else name)
    return names


def _with_gradients(exercise: Exercise, value: Any, trial: Trial, watched: _Watched) -> Any:
    """The results, with a function called `backward` replaced by what it returns for random gradients of the others."""
    parts = exercise.parts
    if "backward" not in parts or not isinstance(value, tuple | list) or len(value) != len(parts):
        return value
    place = parts.index("backward")
    if not callable(value[place]):
        return value
    rng = np.random.default_rng([exercise.seed, trial.case, 1])
    others = [part for k, part in enumerate(_returned(exercise, trial)) if k != place]
    gradients = [tree_map(lambda leaf: _random_like(leaf, rng), part) for part in others]
    return (*value[:place], watched(value[place], *gradients), *value[place + 1 :])


def _random_like(leaf: Any, rng: np.random.Generator) -> Any:
    """Normal numbers in the shape, type and library of an array."""
    drawn = rng.standard_normal(tuple(leaf.shape)).astype(str(leaf.dtype).removeprefix("torch."))
    return to(drawn, backend_of(leaf))


def describe_arguments(exercise: Exercise, trial: Trial) -> str:
    """For messages: `x [2, 3] float64; step 4`."""
    shown = []
    for name, argument in zip(exercise.parameters, trial.arguments(exercise), strict=True):
        leaves = list(named_leaves(argument))
        if not leaves:
            text = repr(argument)  # not an object's address, which is another one each time
            shown.append(f"{name} {type(argument).__name__ if 'at 0x' in text.lower() else text}"[:80])
        for path, leaf in leaves:
            label = f"{name}.{path}" if path else name
            shown.append(f"{label} {list(leaf.shape)} {str(leaf.dtype).removeprefix('torch.')}")
    return "; ".join(shown)


def global_random_state() -> tuple:
    numpy_state = np.random.get_state()  # noqa: NPY002  the global state must not be touched: this is how to see it
    state = random.getstate(), str(numpy_state[0]), numpy_state[1].tobytes(), numpy_state[2]  # type: ignore[index]
    torch = sys.modules.get("torch")
    return (*state, torch.random.get_rng_state().numpy().tobytes()) if torch else state
