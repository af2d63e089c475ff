"""`rnn-course watch`: whenever a notebook of a folder is saved, its exercises are checked again."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import typer

from rnn_course.checks.report import Report
from rnn_course.cli.check import DEFAULT_MEMORY, DEFAULT_SECONDS, Memory, Seconds, limits_of, visible_notebooks
from rnn_course.cli.errors import Problem
from rnn_course.cli.exercises import Folder
from rnn_course.cli.folder import home_of

PAUSE = 0.3  # seconds between two looks
Stamp = tuple[int, int]  # time of the last change, and size


def watch(folder: Folder = None, seconds: Seconds = DEFAULT_SECONDS, memory: Memory = DEFAULT_MEMORY) -> None:
    """Check a notebook whenever you save it, and show what has changed. End it with Ctrl-C."""
    place = home_of(folder)
    if not visible_notebooks(place):
        raise Problem(f"there is no notebook in {place.resolve()}: rnn-course start makes a folder with the exercises")
    limits = limits_of(seconds, memory)
    from rnn_course.cli.recording import check_and_record
    from rnn_course.grading.cells import NoNotebook, read_cells

    saves = saved(place)  # also those during the next line
    typer.echo(f"watching {len(visible_notebooks(place))} notebooks in {place.resolve()}; save one. Ctrl-C ends it.")
    shown: dict[Path, dict[str, Report]] = {}
    try:
        for path in saves:
            try:
                read_cells(path)
            except (NoNotebook, OSError) as error:  # half of it, perhaps: the other half is a save, too
                typer.echo(f"note: {path.name} cannot be read yet: {error}")
                continue
            result = check_and_record(path, limits)
            for line in news(path, result.reports, result.problems, shown.get(path)):
                typer.echo(line)
            shown[path] = {report.name: report for report in result.reports}
    except KeyboardInterrupt:
        typer.echo("stopped")


def saved(folder: Path, pause: Callable[[], None] = lambda: time.sleep(PAUSE)) -> Iterator[Path]:
    """Each notebook that is saved from now on, once it has come to rest: the same in two looks."""
    return _saved_since({path: stamp(path) for path in visible_notebooks(folder)}, folder, pause)


def _saved_since(seen: dict[Path, Stamp | None], folder: Path, pause: Callable[[], None]) -> Iterator[Path]:
    moving: dict[Path, Stamp | None] = {}
    while True:
        pause()
        now = {path: stamp(path) for path in visible_notebooks(folder)}
        for path, mark in now.items():
            if mark is None or mark == seen.get(path):
                moving.pop(path, None)
            elif moving.get(path) == mark:
                seen[path] = mark
                del moving[path]
                yield path
            else:
                moving[path] = mark
        seen = {path: mark for path, mark in seen.items() if path in now}


def stamp(path: Path) -> Stamp | None:
    """What changes when a file is saved; None where it is not there at the moment."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def news(
    path: Path, reports: tuple[Report, ...], problems: tuple[str, ...], before: dict[str, Report] | None
) -> Iterator[str]:
    """What is to be said after a save: about the exercises that are not what they were, and the sum."""
    from rnn_course.cli.results import report_lines

    for report in reports:
        same = before is not None and before.get(report.name) == report
        if not same and not (before is None and report.status == "not attempted"):
            yield from report_lines(report)
    yield from (f"note: {problem}" for problem in problems)
    passed = sum(report.passed for report in reports)
    yield f"{time.strftime('%H:%M:%S')} {path.name}: {passed} of {len(reports)} passed"
