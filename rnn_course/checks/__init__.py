"""Checked exercises: `check("views.as_vectors", my_function)` says at once whether it is right, and if not, why."""

import inspect
import os
import textwrap
from typing import Any

from rnn_course.checks.catalogue import UnknownExercise, exercises, find
from rnn_course.checks.engine import grade
from rnn_course.checks.exercise import Exercise, Mistake
from rnn_course.checks.report import CheckFailed, Report
from rnn_course.checks.trial import LIBRARIES, Trial

__all__ = ["CheckFailed", "Exercise", "Mistake", "Report", "arguments", "check", "exercises", "hint", "solution"]

_hints_shown: dict[str, int] = {}


class Text(str):
    """A string that a notebook shows as it prints."""

    def __repr__(self) -> str:
        return str(self)


def check(name: str, answer: Any, *, strict: bool | None = None) -> Report:
    """Check `answer`, your function, against the exercise called `name`.

    The report says passed, wrong, raised, timed out or not attempted, and shows itself in a notebook. It never raises,
    except in strict mode (`strict=True`, or RNN_COURSE_STRICT=1 in the environment): then anything but passed is a
    CheckFailed.
    """
    try:
        report = grade(find(name), answer)
    except UnknownExercise as error:
        report = Report(str(name), "unknown", str(error))
    if strict is None:
        strict = os.environ.get("RNN_COURSE_STRICT") == "1"
    if strict and not report.passed:
        raise CheckFailed(repr(report))
    return report


def hint(name: str) -> Text:
    """The next hint for an exercise; each call climbs one step, and stays on the last."""
    try:
        exercise = find(name)
    except UnknownExercise as error:
        return Text(error)
    step = min(_hints_shown.get(name, 0), len(exercise.hints) - 1)
    _hints_shown[name] = step + 1
    return Text(f"Hint {step + 1} of {len(exercise.hints)}: {exercise.hints[step]}")


def solution(name: str) -> Text:
    """The reference answer of an exercise, and why it is right."""
    try:
        exercise = find(name)
    except UnknownExercise as error:
        return Text(error)
    return Text(f"{textwrap.dedent(inspect.getsource(exercise.solution))}\n{exercise.reason}")


def arguments(name: str, case: int = 1, backend: str = "numpy", dtype: str = "float64") -> tuple:
    """The arguments that a check hands to your function in a case, to try it yourself.

    Raises ValueError for an unknown exercise, case, library or float type.
    """
    exercise = find(name)
    if not 1 <= case <= len(exercise.cases):
        raise ValueError(f"case: expected 1 to {len(exercise.cases)}, got {case!r}")
    if backend not in LIBRARIES:
        raise ValueError(f"backend: expected one of {', '.join(LIBRARIES)}, got {backend!r}")
    if dtype not in ("float64", "float32"):
        raise ValueError(f"dtype: expected float64 or float32, got {dtype!r}")
    return Trial(case - 1, backend, dtype).arguments(exercise)


def __getattr__(name: str) -> Any:
    """`EXERCISES`, the exercises by name, read when they are first asked for."""
    if name == "EXERCISES":
        return exercises()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
