"""`rnn-course card`: the model card of a run, from its record."""

from pathlib import Path
from typing import Annotated

import typer

from rnn_course.cli.errors import Problem


def card(
    record: Annotated[
        Path, typer.Argument(help="The record of a run, RECIPE_DATA_BACKEND_SEED.json.", show_default=False)
    ],
    out: Annotated[Path | None, typer.Option(help="Write it here (default: print it).", show_default=False)] = None,
) -> None:
    """Write the model card of a training run: data, recipe, seed, accuracy, confusions, limits, versions."""
    from rnn_course.files import whole_file
    from rnn_course.training.card import model_card
    from rnn_course.training.results import ResultError, read_run

    try:
        text = model_card(read_run(record))
    except ResultError as error:
        raise Problem(str(error)) from None
    if out is None:
        typer.echo(text, nl=False)
        return
    with whole_file(out) as file:
        file.write(text.encode())
    typer.echo(f"{out} written")
