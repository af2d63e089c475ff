"""`rnn-course start` and `rnn-course list`: the exercises, to take along and at a glance."""

from pathlib import Path
from typing import Annotated

import typer

from rnn_course.cli.errors import Problem
from rnn_course.cli.show import show_table


def start(
    folder: Annotated[Path, typer.Argument(help="Your own folder; it is made if need be.")] = Path("my-exercises"),
) -> None:
    """Copy the exercise notebooks into a folder of your own. Files that are there already are never touched."""
    from rnn_course.exercise_notebooks import NoExercises, copy_exercises

    try:
        copied, kept = copy_exercises(folder)
    except NoExercises as error:
        raise Problem(str(error)) from None
    except OSError as error:
        what = "it is a file" if folder.is_file() else error.strerror or str(error)
        raise Problem(f"{folder} cannot be written ({what}): choose another folder") from None
    for name in copied:
        typer.echo(f"copied  {folder / name}")
    for name in kept:
        typer.echo(f"kept    {folder / name} (it was there already)")
    typer.echo(f"{len(copied)} copied, {len(kept)} kept. Begin with: jupyter lab {folder}")


def list_exercises() -> None:
    """List the checked exercises: name, title, difficulty, minutes, and how many typical mistakes are recognised."""
    from rnn_course.checks import EXERCISES

    rows = [(e.name, e.title, f"{e.difficulty} of 5", str(e.minutes), str(len(e.mistakes))) for e in EXERCISES.values()]
    show_table(
        f"{len(rows)} checked exercises: check(name, your_function) in a notebook",
        ("name", "title", "difficulty", "minutes", "mistakes known"),
        rows,
    )
