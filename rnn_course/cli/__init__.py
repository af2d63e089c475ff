"""`rnn-course …`: the course on the command line. One module a group of commands; what is heavy is imported in them."""

import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from rnn_course.cli import card, check, doctor, exercises, export, grade, help, predict, train, watch
from rnn_course.cli.errors import OneLineErrors

app = typer.Typer(
    name="rnn-course",
    cls=OneLineErrors,
    help="From NN to CNN to RNN: exercises, training and help for the course.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(exercises.start)
app.command(name="list")(exercises.list_exercises)
app.command()(check.check)
app.command()(watch.watch)
app.command()(grade.grade)
app.command()(help.hint)
app.command()(help.solution)
app.command()(help.progress)
app.command()(exercises.reset)
app.command()(train.train)
app.command()(predict.predict)
app.command()(card.card)
app.command()(export.export)
app.command()(doctor.doctor)


def _show_version(asked: bool) -> bool:
    if asked:
        from rnn_course import __version__

        typer.echo(f"rnn-course {__version__}")
        raise typer.Exit()
    return asked


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and stop.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """What stands before a command."""
    for stream in (sys.stdout, sys.stderr):  # a terminal that has no ✓ shows a ? and goes on
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
