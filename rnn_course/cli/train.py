"""`rnn-course train`: one classifier on one data set. This module reads the options; `run.py` does the work."""

from enum import StrEnum
from math import inf
from pathlib import Path
from typing import Annotated

import typer

from rnn_course.cli.errors import Problem


class Model(StrEnum):
    """Which classifier."""

    mlp = "mlp"
    cnn = "cnn"
    rnn = "rnn"
    lstm = "lstm"
    gru = "gru"
    bilstm = "bilstm"


class Backend(StrEnum):
    """Which array library."""

    numpy = "numpy"
    torch = "torch"


class Precision(StrEnum):
    """In what numbers Torch computes."""

    float32 = "float32"
    mixed = "mixed"


class Schedule(StrEnum):
    """How the learning rate changes."""

    one_cycle = "one-cycle"
    cosine = "cosine"
    constant = "constant"


def train(
    model: Annotated[
        Model,
        typer.Argument(
            help="mlp: dense layers; cnn: convolutions; rnn, lstm, gru: read row by row; bilstm: from both ends.",
            show_default=False,
        ),
    ],
    data: Annotated[
        str,
        typer.Option(
            help="digits (of the package), mnist, a folder of IDX files such as Fashion-MNIST's, or FILE.csv."
        ),
    ] = "digits",
    test_data: Annotated[
        Path | None,
        typer.Option(help="The .csv file to test on (default: a fifth of the examples).", show_default=False),
    ] = None,
    classes: Annotated[int, typer.Option(min=2, help="Labels are 0 to CLASSES − 1.")] = 10,
    backend: Annotated[Backend | None, typer.Option(help="Array library (default: torch if it is installed).")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, …, or mps.")] = "auto",
    precision: Annotated[
        Precision, typer.Option(help="mixed: products in bfloat16, weights in float32 (for a GPU).")
    ] = Precision.float32,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the data (default: the recipe's, 8 to 20).")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Examples of an update, over all processes (default: the recipe's).")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="The peak of the schedule, for AdamW (default: the recipe's, 0.002 to 0.008).")
    ] = None,
    schedule: Annotated[Schedule, typer.Option(help="How the learning rate changes.")] = Schedule.one_cycle,
    hidden: Annotated[
        str | None,
        typer.Option(metavar="N[,N…]", help="Widths of the hidden layers; the cnn's filters (default: the recipe's)."),
    ] = None,
    shift: Annotated[
        int | None,
        typer.Option(
            min=0, help="Move each training image by up to so many pixels (default: 2 of 28).", show_default=False
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, help="Draws the weights, the order of the examples and their shifts.")
    ] = 0,
    validation: Annotated[
        int, typer.Option(min=0, help="Hold out that many training examples and watch them, not the test digits.")
    ] = 0,
    patience: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Stop after so many epochs without a better validation accuracy, and keep the best model.",
            show_default=False,
        ),
    ] = None,
    max_norm: Annotated[float, typer.Option(help="Clip the gradient to this global norm; 0 does not clip.")] = 1.0,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Keep the model, the state, the log and a curve here; replaces older ones.", show_default=False
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the run in --out stopped, if there is one.")
    ] = False,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Also log for TensorBoard, which need not be installed, into --out.")
    ] = False,
    record: Annotated[
        Path | None,
        typer.Option(
            help="Write a record of the run (JSON) into this folder, for tables and plots.", show_default=False
        ),
    ] = None,
    remark: Annotated[str, typer.Option(help="What a reader of the record has to know.", show_default=False)] = "",
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress: only the table at the end.")] = False,
) -> None:
    """Train a classifier and measure it on the test examples. Ctrl-C keeps the last complete epoch.

    Several processes share the work when torchrun starts them: torchrun --nproc-per-node 2 -m rnn_course train lstm.
    """
    from rnn_course.cli import run

    if out is None and (resume or tensorboard):
        raise Problem(f"{'--resume' if resume else '--tensorboard'}: expected a folder too: --out FOLDER")
    if patience is not None and not validation:
        raise Problem(
            "--patience: expected --validation N too, examples to choose by; the test examples may not choose the model"
        )
    options = run.Options(
        recipe=model.value,
        data=data,
        test_data=test_data,
        classes=classes,
        backend=backend.value if backend else run.default_backend(),
        device=device,
        precision=precision.value,
        epochs=epochs,
        batch_size=batch_size,
        schedule=schedule.value,
        rate=None if learning_rate is None else _number("--learning-rate", learning_rate),
        hidden=None if hidden is None else _widths(hidden),
        shift=shift,
        max_norm=None if max_norm == 0 else _number("--max-norm", max_norm),
        seed=seed,
        validation=validation,
        patience=patience,
    )
    run.run(options, run.Keeping(out, resume, tensorboard, record, remark), quiet)


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
