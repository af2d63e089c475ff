"""`rnn-course start`, `list` and `reset`: the exercises, to take along, at a glance and as they were."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from rnn_course.cli.errors import Problem
from rnn_course.cli.folder import USUAL, home_of, own_journal
from rnn_course.cli.show import show_table

Folder = Annotated[
    Path | None,
    typer.Argument(help="Your own folder. Otherwise the one you are in, or my-exercises in it.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def start(
    folder: Annotated[Path, typer.Argument(help="Your own folder; it is made if need be.")] = USUAL,
) -> None:
    """Copy the exercise notebooks into a folder of your own, where your progress is kept too.

    Files that are there already are never touched; call it again after an update, and new exercises come in.
    """
    from rnn_course.exercise_notebooks import NoExercises, NotYourFolder, start_folder

    try:
        copied, kept, changed = start_folder(folder)
    except (NoExercises, NotYourFolder) as error:
        raise Problem(str(error)) from None
    except OSError as error:
        what = "it is a file" if folder.is_file() else error.strerror or str(error)
        raise Problem(f"{folder} cannot be written ({what}): choose another folder") from None
    for name in copied:
        typer.echo(f"copied  {folder / name}")
    for name in kept:
        typer.echo(f"kept    {folder / name} (it was there already)")
    for name in changed:
        typer.echo(f"news    {name}: the course has changed it since you copied it; yours stays as it is.")
    if changed:
        typer.echo("To see what is new: rnn-course start another-folder. To get one exercise: rnn-course reset ID.")
    typer.echo(f"{len(copied)} copied, {len(kept)} kept. Begin with: jupyter lab {folder}")


def list_exercises(folder: Folder = None, as_json: Json = False) -> None:
    """List the checked exercises: name, title, difficulty, minutes, known mistakes, and how far you are."""
    from rnn_course.checks import EXERCISES
    from rnn_course.checks.catalogue import chapter_of
    from rnn_course.checks.standing import Standing, standings

    known = standings(own_journal(folder).read().records)
    where = {name: known.get(name, Standing()) for name in EXERCISES}
    if as_json:
        listed: list[dict[str, Any]] = [
            {
                "exercise": e.name,
                "chapter": int(chapter_of(e.name)),
                "title": e.title,
                "difficulty": e.difficulty,
                "minutes": e.minutes,
                "mistakes": len(e.mistakes),
                "hints": len(e.hints),
                "progress": where[e.name].as_dict(),
            }
            for e in EXERCISES.values()
        ]
        typer.echo(json.dumps(listed, indent=2))
        return
    rows = [
        (e.name, e.title, f"{e.difficulty} of 5", str(e.minutes), str(len(e.mistakes)), where[e.name].title())
        for e in EXERCISES.values()
    ]
    show_table(
        f"{len(rows)} checked exercises: check(name, your_function) in a notebook",
        ("name", "title", "difficulty", "minutes", "mistakes known", "yours"),
        rows,
    )


def reset(
    exercise: Annotated[str, typer.Argument(metavar="ID", help="The exercise's name, as rnn-course list shows it.")],
    folder: Folder = None,
) -> None:
    """Put the empty cell of an exercise back into your notebook; a copy of the notebook goes to the folder backups."""
    from rnn_course.checks.catalogue import UnknownExercise, find
    from rnn_course.checks.record import Record
    from rnn_course.exercise_notebooks import NoExercises
    from rnn_course.learners_notebook import NotebookProblem, reset_exercise

    home = home_of(folder)
    try:
        find(exercise)
        done = reset_exercise(exercise, home)
    except (UnknownExercise, NotebookProblem, NoExercises) as error:
        raise Problem(str(error)) from None
    except OSError as error:
        raise Problem(f"{home} cannot be written ({error.strerror or error}): nothing was changed") from None
    typer.echo(f"reset   {exercise} in {done.notebook} ({done.place})")
    typer.echo(f"kept    {done.backup}")
    typer.echo("If the notebook is open in Jupyter: File, Reload Notebook from Disk.")
    if problem := own_journal(folder).add(Record("reset", exercise)):
        typer.echo(problem, err=True)
