"""What a learner calls: check, hint, solution, progress, arguments."""

import os
from dataclasses import replace
from typing import Any

from rnn_course.checks import board, record
from rnn_course.checks.catalogue import UnknownExercise, find
from rnn_course.checks.engine import grade
from rnn_course.checks.help import Text, hint_text, solution_text
from rnn_course.checks.journal import Journal
from rnn_course.checks.learners_code import source_of
from rnn_course.checks.report import CheckFailed, Report
from rnn_course.checks.standing import Standing, standings
from rnn_course.checks.trial import LIBRARIES, Trial

UNRECORDED = ("not attempted", "unknown")
_told: set[str] = set()  # what is wrong with the file of progress is said once


def check(name: str, answer: Any, *, strict: bool | None = None) -> Report:
    """Check `answer`, your function, against the exercise called `name`.

    The report says passed, wrong, raised, timed out or not attempted, and shows itself in a notebook. It never raises,
    except in strict mode (`strict=True`, or RNN_COURSE_STRICT=1 in the environment): then anything but passed is a
    CheckFailed. In a folder of your own the outcome is kept, see `progress`.
    """
    try:
        report = grade(find(name), answer)
    except UnknownExercise as error:
        report = Report(str(name), "unknown", str(error))
    else:
        report = _recorded(report, answer)
    if strict is None:
        strict = os.environ.get("RNN_COURSE_STRICT") == "1"
    if strict and not report.passed:
        raise CheckFailed(repr(report))
    return report


def hint(name: str, step: int | None = None) -> Text:
    """The next hint for an exercise: each call climbs one step, and stays on the last. `step` shows a certain one."""
    return hint_from(Journal.here(), name, step)


def hint_from(journal: Journal, name: str, step: int | None = None) -> Text:
    """`hint`, with the progress of a journal."""
    try:
        exercise = find(name)
    except UnknownExercise as error:
        return Text(error)
    last = len(exercise.hints)
    if step is not None and (not isinstance(step, int) or not 1 <= step <= last):
        return Text(f"Expected a step from 1 to {last}, got {step!r}. Without one, you get the next hint.")
    seen = _standing(journal, name).hints
    step = step or min(seen + 1, last)
    problem = journal.add(record.Record("hint", name, step=step)) if step > seen else ""
    board.refresh_boards()
    text = hint_text(exercise, step)
    return Text(f"{text}\n{problem}") if _is_new(problem) else text


def solution(name: str) -> Text:
    """The reference answer of an exercise, why it is right, and, once yours has passed, how yours differs from it."""
    return solution_from(Journal.here(), name)


def solution_from(journal: Journal, name: str) -> Text:
    """`solution`, with the progress of a journal."""
    try:
        exercise = find(name)
    except UnknownExercise as error:
        return Text(error)
    standing = _standing(journal, name)
    if not standing.solution_seen:
        journal.add(record.Record("solution", name))
        board.refresh_boards()
    return solution_text(exercise, standing.source)


def progress() -> board.Board:
    """How far you are: every exercise by chapter, with its outcome and the help you used.

    In a notebook it is a live board. It is kept in a file in your own folder, which the command `rnn-course start`
    makes; the environment variable RNN_COURSE_PROGRESS names another file, or says `off`.
    """
    return board.Board(Journal.here())


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


def _recorded(report: Report, answer: Any) -> Report:
    """Keep the outcome. What is wrong with the file of progress becomes a note of the report, once."""
    journal = Journal.here()
    problems = list(journal.read().problems)
    if report.status not in UNRECORDED:
        entry = record.of_check(report.name, report.status, report.mistake, source_of(answer))
        problems.append(journal.add_check(entry))
        board.refresh_boards()
    return replace(report, notes=(*report.notes, *(problem for problem in problems if _is_new(problem))))


def _standing(journal: Journal, name: str) -> Standing:
    return standings(journal.read().records).get(name, Standing())


def _is_new(problem: str) -> bool:
    if not problem or problem in _told:
        return False
    _told.add(problem)
    return True
