"""Check a notebook that may contain anything: its code runs in a process of its own, the answers are compared here."""

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from rnn_course.checks.catalogue import chapter_of
from rnn_course.checks.catalogue import exercises as catalogue
from rnn_course.checks.engine import grade
from rnn_course.checks.exercise import Exercise
from rnn_course.checks.report import Report
from rnn_course.exercise_notebooks import NoExercises, exercise_notebooks
from rnn_course.grading.cells import Cell, NoNotebook, checked_names, read_cells
from rnn_course.grading.limits import Limits
from rnn_course.grading.run import Run
from rnn_course.grading.session import NURSERY, is_supported
from rnn_course.grading.wire import clean

__all__ = ["Limits", "NotebookResult", "check_notebook"]
DEFAULT = Limits()
_ONE_AT_A_TIME = threading.Lock()  # a check redirects what is printed, which is one for the whole process


class NotebookResult(NamedTuple):
    """What came of one notebook.

    reports   one for each exercise, in the order of the course
    problems  cells that raised or broke a limit, lines that were left out, what else a teacher should know
    """

    notebook: str
    reports: tuple[Report, ...]
    problems: tuple[str, ...]
    seconds: float

    @property
    def credit(self) -> float:
        """The mean over the exercises, 0 to 1; 0 where there is none."""
        return sum(report.credit for report in self.reports) / len(self.reports) if self.reports else 0.0


def check_notebook(
    path: Path | str, limits: Limits = DEFAULT, exercises: Sequence[str] | None = None, name: str = ""
) -> NotebookResult:
    """Run a notebook in a process of its own and check its answers, without ever raising for what it contains.

    exercises  the names that count; otherwise those of the course's notebook of that name, otherwise those of the
               chapters that it checks anything of. What is missing counts as not attempted.
    name       what the notebook is called, if not as the file
    Raises ValueError for an unknown name in `exercises`.
    """
    start, path = time.monotonic(), Path(path)
    name = name or path.name
    unknown = [given for given in exercises or () if given not in catalogue()]
    if unknown:
        raise ValueError(f"exercises: expected names that `rnn-course list` shows, got {', '.join(map(repr, unknown))}")
    problems: list[str] = []
    try:
        cells = read_cells(path)
    except NoNotebook as error:
        cells = []
        problems.append(f"This is no notebook: {error}.")
    except OSError as error:
        cells = []
        problems.append(f"The file cannot be read: {error.strerror or error}.")
    counted, notes = expected(Path(name).stem, cells, exercises)
    reports = []
    if cells and counted:
        with _ONE_AT_A_TIME:
            reports = _check(cells, counted, limits, problems)
    else:
        reports = [Report(each, "not attempted", "There is no answer in this file.") for each in counted]
    if not counted and not problems:
        problems.append("There is nothing to check in it: no check(...) of an exercise that the course knows.")
    found = tuple(clean(text)[:2_000] for text in [*problems, *notes])
    return NotebookResult(name, tuple(_clean(r) for r in reports), found, time.monotonic() - start)


def expected(title: str, cells: list[Cell], chosen: Sequence[str] | None) -> tuple[tuple[str, ...], list[str]]:
    """The exercises that count for a notebook, in the order of the course, and notes about those that do not."""
    found = dict.fromkeys(handed.exercise for cell in cells for handed in cell.handed_in)
    notes = [f"There is no exercise called {name!r}." for name in found if name not in catalogue()]
    known = [name for name in found if name in catalogue()]
    names = set(chosen if chosen is not None else _of_the_same_name(title))
    if not names:
        chapters = {chapter_of(name) for name in known}
        names = {name for name in catalogue() if chapter_of(name) in chapters}
    notes += [
        f"{name} is checked in it, but does not belong to it: not counted." for name in known if name not in names
    ]
    return tuple(name for name in catalogue() if name in names), notes


def _of_the_same_name(title: str) -> tuple[str, ...]:
    """The exercises of the course's notebook whose name is part of this one's."""
    try:
        notebooks = [n for n in exercise_notebooks() if n.stem in title]
    except NoExercises:
        return ()
    names = checked_names(notebooks[0]) if notebooks else ()
    return tuple(name for name in names if name in catalogue())


def _check(cells: list[Cell], counted: tuple[str, ...], limits: Limits, problems: list[str]) -> list[Report]:
    for cell in cells:
        problems += [f"Cell {cell.number}: {text}." for text in (cell.problem, *cell.notes) if text]
    if not is_supported():
        problems.append("On this system notebooks cannot be run in a process of their own; use check(...) in them.")
        return [Report(name, "not attempted", "It could not be checked here.") for name in counted]
    expressions = dict.fromkeys(counted, "")
    for cell in cells:
        expressions |= {h.exercise: h.expression for h in cell.handed_in if h.exercise in expressions}
    NURSERY.start()
    with Run(cells, expressions, limits, time.monotonic() + limits.seconds, problems) as run:
        return [_check_one(catalogue()[name], run, limits) for name in counted]


def _check_one(exercise: Exercise, run: Run, limits: Limits) -> Report:
    seconds = min(exercise.seconds, limits.exercise_seconds)
    return run.attempt(exercise.name, seconds, lambda answer: grade(replace(exercise, seconds=seconds), answer))


def _clean(report: Report) -> Report:
    """The report with text that every file can hold."""
    return replace(report, message=clean(report.message)[:4_000], notes=tuple(clean(n)[:4_000] for n in report.notes))
