"""Run an answer on every case, compare it with the reference, and find out which mistake it makes."""

import linecache
import random
import traceback
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

from rnn_course.arrays import to, to_numpy
from rnn_course.checks.compare import first_difference
from rnn_course.checks.exercise import Exercise
from rnn_course.checks.report import Report
from rnn_course.shapes import describe
from rnn_course.tree import is_array, tree_map


class Trial(NamedTuple):
    """One call of the answer: which case, on which library and float type."""

    case: int
    backend: str
    dtype: str

    def arguments(self, exercise: Exercise) -> tuple:
        """Fresh arguments, so that no call can disturb another."""
        drawn = exercise.arguments(self.case, self.dtype)
        return tuple(to(a, self.backend) if is_array(a) else a for a in drawn)

    def label(self) -> str:
        """For messages: `case 2, NumPy float32`."""
        library = {"numpy": "NumPy", "torch": "Torch"}[self.backend]
        return f"case {self.case + 1}, {library} {self.dtype}"


def grade(exercise: Exercise, answer: Any) -> Report:
    """The report on `answer`. A learner's code may raise anything; the check itself does not."""
    name = exercise.name
    if answer is None or answer is Ellipsis:
        return Report(name, "not attempted", "Hand in your function: the placeholder is still there.")
    if not callable(answer):
        return Report(
            name, "wrong", f"expected a function, got {type(answer).__name__}: hand it in without calling it."
        )
    count = 0
    for trial in trials(exercise):
        try:
            problem = _problem(exercise, answer, trial)
        except NotImplementedError:
            return Report(name, "not attempted", "Your turn: write the function, then run the cell again.")
        except Exception as error:
            raised = Report(name, "raised", _describe_error(exercise, trial, error), _try_again(exercise, trial))
            return _recognise(exercise, answer, trial.backend) or raised
        if problem:
            ending = "" if problem[-1] in ".?!" else "."
            wrong = Report(name, "wrong", f"{trial.label()}: {problem}{ending}", _try_again(exercise, trial))
            return _recognise(exercise, answer, trial.backend) or wrong
        count += 1
    notes = (f"{count} calls agree with the reference: {_coverage(exercise)}.",)
    return Report(name, "passed", f"{exercise.title}: right in every case.", notes)


def trials(exercise: Exercise) -> Iterator[Trial]:
    """Every case on every library that is installed, in both float types; the easiest first."""
    for backend in exercise.backends:
        if backend == "torch" and not find_spec("torch"):
            continue
        for dtype in exercise.dtypes:
            for case in range(len(exercise.cases)):
                yield Trial(case, backend, dtype)


def _problem(exercise: Exercise, answer: Callable, trial: Trial) -> str:
    """What is wrong in one trial, or "": the values, an argument that was changed, or the global random state."""
    arguments = trial.arguments(exercise)
    before = _global_random_state()
    got = answer(*arguments)
    if before != _global_random_state():
        return "the global random state has changed: draw from the `rng` that is handed in"
    for position, (now, then) in enumerate(zip(arguments, trial.arguments(exercise), strict=True), start=1):
        if is_array(now) and not np.array_equal(to_numpy(now), to_numpy(then), equal_nan=True):
            return f"argument {position} was changed in place: make a new array, the caller still needs the old one"
    expected = exercise.solution(*trial.arguments(exercise))
    return first_difference(got, expected, exercise.axes, exercise.outputs)


def _recognise(exercise: Exercise, answer: Callable, backend: str) -> Report | None:
    """The report with the hint of the mistake that agrees with the answer in every trial on `backend`, which failed."""
    chosen = [trial for trial in trials(exercise) if trial.backend == backend]
    for mistake in exercise.mistakes:
        if all(_same_result(exercise, answer, mistake.answer, trial) for trial in chosen):
            return Report(exercise.name, "wrong", mistake.hint, mistake=mistake.name)
    return None


def _same_result(exercise: Exercise, answer: Callable, other: Callable, trial: Trial) -> bool:
    got, expected = (_outcome(function, trial.arguments(exercise)) for function in (answer, other))
    if isinstance(got, Exception) or isinstance(expected, Exception):
        return type(got) is type(expected)
    return expected is None if got is None else expected is not None and not first_difference(got, expected)


def _outcome(function: Callable, arguments: tuple) -> Any:
    """The result and the arguments afterwards, or the error."""
    try:
        result = function(*arguments)
    except Exception as error:
        return error
    if result is None:
        return None
    return tree_map(lambda leaf: leaf, (result, tuple(a for a in arguments if is_array(a))))


def _describe_error(exercise: Exercise, trial: Trial, error: Exception) -> str:
    arguments = trial.arguments(exercise)
    shown = "; ".join(describe(a).replace("array: ", "") if is_array(a) else repr(a) for a in arguments)
    place = _learners_line(error)
    return f"{trial.label()}: {type(error).__name__}: {error}\n{place}The arguments were: {shown}"


def _learners_line(error: Exception) -> str:
    """The last line of the learner's own code on the way to the error."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        outside_package = "rnn_course" not in frame.filename and "site-packages" not in frame.filename
        line = frame.line or linecache.getline(frame.filename, frame.lineno or 0).strip()
        if outside_package and line:
            return f"in your line {frame.lineno}:  {line}\n"
    return ""


def _try_again(exercise: Exercise, trial: Trial) -> tuple[str, ...]:
    call = f'arguments("{exercise.name}", case={trial.case + 1}, backend="{trial.backend}", dtype="{trial.dtype}")'
    works = (
        ("Every case on NumPy is right: look for what Torch calls differently.",) if trial.backend == "torch" else ()
    )
    return (*works, f"To see it: your_function(*{call})", f'For help: hint("{exercise.name}")')


def _coverage(exercise: Exercise) -> str:
    missing = "torch" in exercise.backends and not find_spec("torch")
    libraries = [{"numpy": "NumPy", "torch": "Torch"}[b] for b in exercise.backends if b == "numpy" or not missing]
    text = f"{len(exercise.cases)} cases, {' and '.join(libraries)}, {' and '.join(exercise.dtypes)}"
    return text + ("; Torch is not installed and was not checked" if missing else "")


def _global_random_state() -> tuple:
    numpy_state = np.random.get_state()  # noqa: NPY002  the global state must not be touched: this is how to see it
    return random.getstate(), str(numpy_state[0]), numpy_state[1].tobytes(), numpy_state[2]  # type: ignore[index]
