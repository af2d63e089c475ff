"""`rnn-course hint`, `solution` and `progress`: what a notebook's verbs say, and the same progress."""

import json
from typing import Annotated

import typer

from rnn_course.cli.errors import Problem
from rnn_course.cli.exercises import Folder, Json
from rnn_course.cli.folder import own_journal

Exercise = Annotated[str, typer.Argument(metavar="ID", help="The exercise's name, as rnn-course list shows it.")]


def hint(
    exercise: Exercise,
    folder: Folder = None,
    step: Annotated[int | None, typer.Option(help="Show this one; otherwise the next.", show_default=False)] = None,
) -> None:
    """Give the next hint for an exercise; each call says a little more."""
    from rnn_course.checks.catalogue import UnknownExercise, find
    from rnn_course.checks.verbs import hint_from

    try:
        last = len(find(exercise).hints)
    except UnknownExercise as error:
        raise Problem(str(error)) from None
    if step is not None and not 1 <= step <= last:
        raise Problem(f"--step: expected 1 to {last}, got {step}")
    journal = own_journal(folder)
    typer.echo(hint_from(journal, exercise, step))
    if journal.path is None and step is None and last > 1:
        typer.echo("(The next one: --step 2. In a folder of your own, made by rnn-course start, it comes by itself.)")


def solution(exercise: Exercise, folder: Folder = None) -> None:
    """Show the reference answer, why it is right, and how your answer differs once it has passed."""
    from rnn_course.checks.catalogue import UnknownExercise, find
    from rnn_course.checks.verbs import solution_from

    try:
        find(exercise)
    except UnknownExercise as error:
        raise Problem(str(error)) from None
    typer.echo(solution_from(own_journal(folder), exercise))


def progress(folder: Folder = None, as_json: Json = False) -> None:
    """Show how far you are, chapter by chapter, and the help you used."""
    from rnn_course.checks import EXERCISES
    from rnn_course.checks.board import Board
    from rnn_course.checks.standing import Standing, standings

    journal = own_journal(folder)
    if not as_json:
        typer.echo(repr(Board(journal)))
        return
    reading = journal.read()
    known = standings(reading.records)
    found = {
        "file": None if journal.path is None else str(journal.path),
        "problems": list(reading.problems),
        "passed": sum(known.get(name, Standing()).passed for name in EXERCISES),
        "exercises": {name: known.get(name, Standing()).as_dict() for name in EXERCISES},
    }
    typer.echo(json.dumps(found, indent=2))
