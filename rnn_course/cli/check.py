"""`rnn-course check`: notebooks, each run in a process of its own that can do no harm, and their exercises checked."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from rnn_course.cli.errors import Problem
from rnn_course.cli.exercises import Json
from rnn_course.grading.limits import Limits

DEFAULT_SECONDS, DEFAULT_MEMORY = Limits().seconds, Limits().memory_mb

Seconds = Annotated[float, typer.Option(help="Time for a whole notebook.")]
Memory = Annotated[int, typer.Option(help="Memory for a notebook, in megabytes.")]


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Notebooks, or folders of notebooks.")],
    attempted: Annotated[bool, typer.Option("--attempted", help="Let what was not attempted be no failure.")] = False,
    as_json: Json = False,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit's XML to this file.", show_default=False)] = None,
    seconds: Seconds = DEFAULT_SECONDS,
    memory: Memory = DEFAULT_MEMORY,
) -> None:
    """Check the answers in notebooks. Leaves with code 1 unless every exercise of every notebook has passed."""
    from rnn_course.cli import results
    from rnn_course.cli.recording import check_and_record

    paths = notebooks_in(files)
    limits = limits_of(seconds, memory)
    all_checked = []
    for path in paths:
        checked = results.Checked(path, check_and_record(path, limits), attempted)
        all_checked.append(checked)
        if not as_json:
            typer.echo(results.as_text(checked))
    if as_json:
        typer.echo(results.as_json(all_checked))
    elif len(all_checked) > 1:
        typer.echo(results.summary(all_checked))
    if junit is not None:
        try:
            results.write_junit(junit, all_checked)
        except OSError as error:
            raise Problem(f"--junit {junit} cannot be written: {error.strerror or error}") from None
    if not all(checked.ok for checked in all_checked):
        raise typer.Exit(1)


def notebooks_in(files: Sequence[Path]) -> list[Path]:
    """The notebooks that are named, and those of the folders that are named, each once. Raises Problem."""
    found: list[Path] = []
    for path in files:
        if path.is_dir():
            inside = visible_notebooks(path)
            if not inside:
                raise Problem(f"there is no notebook in the folder {path}: rnn-course start {path} puts them there")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise Problem(f"{path} does not exist: expected a notebook, or a folder with notebooks")
    return list(dict.fromkeys(found))


def visible_notebooks(folder: Path) -> list[Path]:
    """The notebooks in a folder, without hidden ones and those of folders in it."""
    return sorted(path for path in folder.glob("*.ipynb") if not path.name.startswith(".") and path.is_file())


def limits_of(seconds: float, memory: int) -> Limits:
    """The limits of a notebook. Raises Problem for numbers that are none."""
    try:
        return Limits(seconds=seconds, memory_mb=memory)
    except ValueError as error:
        raise Problem(str(error).replace("memory_mb", "memory")) from None
