"""Checked exercises: `check("views.as_vectors", my_function)` says at once whether it is right, and if not, why."""

from typing import Any

from rnn_course.checks.catalogue import exercises
from rnn_course.checks.exercise import Exercise, Mistake
from rnn_course.checks.report import CheckFailed, Report
from rnn_course.checks.verbs import arguments, check, hint, progress, solution

__all__ = [
    "CheckFailed",
    "Exercise",
    "Mistake",
    "Report",
    "arguments",
    "check",
    "exercises",
    "hint",
    "progress",
    "solution",
]


def __getattr__(name: str) -> Any:
    """`EXERCISES`, the exercises by name, read when they are first asked for."""
    if name == "EXERCISES":
        return exercises()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
