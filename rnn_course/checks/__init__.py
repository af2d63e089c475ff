"""Checked exercises: `check("views.as_vectors", my_function)` says at once whether it is right, and if not, why."""

import difflib
import inspect
import os
import textwrap
from typing import Any

from rnn_course.checks import chapter_01
from rnn_course.checks.engine import Trial, grade
from rnn_course.checks.exercise import Exercise, Mistake
from rnn_course.checks.report import CheckFailed, Report

CATALOGUES = (chapter_01.EXERCISES,)
EXERCISES: dict[str, Exercise] = {exercise.name: exercise for part in CATALOGUES for exercise in part}

__all__ = ["EXERCISES", "CheckFailed", "Exercise", "Mistake", "Report", "arguments", "check", "hint", "solution"]

_hints_shown: dict[str, int] = {}


class Text(str):
    """A string that a notebook shows as it prints."""

    def __repr__(self) -> str:
        return str(self)


def check(name: str, answer: Any, *, strict: bool | None = None) -> Report:
    """Check `answer`, your function, against the exercise called `name`.

    The report says passed, wrong, raised or not attempted, and shows itself in a notebook. It never raises, except in
    strict mode (`strict=True`, or RNN_COURSE_STRICT=1 in the environment): then anything but passed is a CheckFailed.
    """
    exercise = EXERCISES.get(name)
    report = Report(str(name), "unknown", _unknown(name)) if exercise is None else grade(exercise, answer)
    if strict is None:
        strict = os.environ.get("RNN_COURSE_STRICT") == "1"
    if strict and not report.passed:
        raise CheckFailed(repr(report))
    return report


def hint(name: str) -> Text:
    """The next hint for an exercise; each call climbs one step, and stays on the last."""
    exercise = EXERCISES.get(name)
    if exercise is None:
        return Text(_unknown(name))
    step = min(_hints_shown.get(name, 0), len(exercise.hints) - 1)
    _hints_shown[name] = step + 1
    return Text(f"Hint {step + 1} of {len(exercise.hints)}: {exercise.hints[step]}")


def solution(name: str) -> Text:
    """The reference answer of an exercise, and why it is right."""
    exercise = EXERCISES.get(name)
    if exercise is None:
        return Text(_unknown(name))
    return Text(f"{textwrap.dedent(inspect.getsource(exercise.solution))}\n{exercise.reason}")


def arguments(name: str, case: int = 1, backend: str = "numpy", dtype: str = "float64") -> tuple:
    """The arguments that a check hands to your function in a case, to try it yourself."""
    if name not in EXERCISES:
        raise ValueError(_unknown(name))
    exercise = EXERCISES[name]
    if not 1 <= case <= len(exercise.cases):
        raise ValueError(f"case: expected 1 to {len(exercise.cases)}, got {case!r}")
    return Trial(case - 1, backend, dtype).arguments(exercise)


def _unknown(name: Any) -> str:
    close = difflib.get_close_matches(str(name), EXERCISES, n=3, cutoff=0.4) or sorted(EXERCISES)
    return f"There is no exercise called {name!r}. Did you mean: {', '.join(close)}?"
