"""`rnn-course train`: one classifier on one data set. This module reads the options; `run.py` does the work."""

from enum import StrEnum
from math import inf
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from rnn_course.cli.errors import Problem


class Model(StrEnum):
    """Which classifier."""

    mlp = "mlp"
    lstm = "lstm"


class Data(StrEnum):
    """Which digits."""

    digits = "digits"
    mnist = "mnist"


class Backend(StrEnum):
    """Which array library."""

    numpy = "numpy"
    torch = "torch"


class Defaults(NamedTuple):
    """What suits a model on a data set, unless the user says otherwise."""

    epochs: int
    batch_size: int
    learning_rate: float
    hidden: str


DEFAULTS = {
    (Model.mlp, Data.digits): Defaults(epochs=10, batch_size=50, learning_rate=3e-3, hidden="625"),
    (Model.mlp, Data.mnist): Defaults(epochs=3, batch_size=100, learning_rate=3e-3, hidden="625"),
    (Model.lstm, Data.digits): Defaults(epochs=20, batch_size=50, learning_rate=5e-3, hidden="128"),
    (Model.lstm, Data.mnist): Defaults(epochs=2, batch_size=100, learning_rate=5e-3, hidden="128"),
}


def train(
    model: Annotated[
        Model, typer.Argument(help="mlp: dense layers; lstm: reads an image row by row.", show_default=False)
    ],
    data: Annotated[Data, typer.Option(help="The digits of the package, or MNIST.")] = Data.digits,
    backend: Annotated[Backend | None, typer.Option(help="Array library (default: torch if it is installed).")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, …, or mps.")] = "auto",
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the data (default: 2 to 20, by model and data).")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Examples a step (default: digits 50, mnist 100).")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="The peak of the one-cycle schedule of Adam (default: mlp 0.003, lstm 0.005).")
    ] = None,
    hidden: Annotated[
        str | None, typer.Option(metavar="N[,N…]", help="Widths of the hidden layers (default: mlp 625, lstm 128).")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Draws the weights and the order of the examples.")] = 0,
    validation: Annotated[
        int, typer.Option(min=0, help="Hold out that many training examples and watch them, not the test digits.")
    ] = 0,
    max_norm: Annotated[float, typer.Option(help="Clip the gradient to this global norm; 0 does not clip.")] = 1.0,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Keep model.safetensors, history.json and curve.png here; older ones are replaced.", show_default=False
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress: only the table at the end.")] = False,
) -> None:
    """Train a digit classifier and measure it on the test digits. Ctrl-C keeps the last complete epoch."""
    from rnn_course.cli import run

    default = DEFAULTS[model, data]
    settings = run.Settings(
        model=model.value,
        data=data.value,
        backend=backend.value if backend else run.default_backend(),
        device=device,
        epochs=default.epochs if epochs is None else epochs,
        batch_size=default.batch_size if batch_size is None else batch_size,
        learning_rate=_number("--learning-rate", default.learning_rate if learning_rate is None else learning_rate),
        hidden=_widths(default.hidden if hidden is None else hidden),
        seed=seed,
        validation=validation,
        max_norm=None if max_norm == 0 else _number("--max-norm", max_norm),
    )
    run.run(settings, out, quiet)


def _number(option: str, value: float) -> float:
    if 0 < value < inf:
        return value
    raise Problem(f"{option}: expected a positive number, got {value}")


def _widths(text: str) -> tuple[int, ...]:
    """`"100,400,300"` as numbers."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and int(part) > 0 for part in parts):
        raise Problem(f"--hidden: expected widths such as 128 or 100,400,300, got {text!r}")
    return tuple(int(part) for part in parts)
