"""One training run: data, model, optimiser, the loop of `rnn_course.train.fit`, and what stays of it."""

import sys
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
import typer

from rnn_course.arrays import resolve_device, to
from rnn_course.cli.errors import Problem
from rnn_course.cli.record import Recorder
from rnn_course.cli.show import show_table
from rnn_course.data import Digits, Split, load_digits, load_mnist
from rnn_course.models import mlp, row_lstm
from rnn_course.optim import adam
from rnn_course.schedules import one_cycle
from rnn_course.train import Epoch, accuracy, fit
from rnn_course.tree import parameters

SIDE = 28  # pixels of an image, of MNIST as of the embedded digits
CLASSES = 10


class Settings(NamedTuple):
    """Everything that decides the result of a run."""

    model: str
    data: str
    backend: str
    device: str
    epochs: int
    batch_size: int
    learning_rate: float  # the peak of the one-cycle schedule
    hidden: tuple[int, ...]
    seed: int
    validation: int
    max_norm: float | None

    @property
    def sizes(self) -> tuple[int, ...]:
        """The widths from the input to the classes: a whole image for the mlp, a row of it for the lstm."""
        return (SIDE * SIDE if self.model == "mlp" else SIDE, *self.hidden, CLASSES)

    @property
    def watched(self) -> str:
        """The split that is measured after each epoch."""
        return "validation" if self.validation else "test"


def run(settings: Settings, out: Path | None = None, quiet: bool = False) -> None:
    """Train, keep in `out` what is worth keeping, print the table of the result. Ctrl-C leaves with code 130."""
    settings = settings._replace(device=_usable_device(settings.backend, settings.device))
    recorder = Recorder(out, settings._asdict() | {"sizes": settings.sizes}, settings.watched)
    try:
        data = load(settings)
        weights_rng, order_rng = np.random.default_rng(settings.seed).spawn(2)
        model = build(settings, weights_rng)

        def on_epoch(epoch: Epoch, model: Any) -> None:
            recorder.save(epoch, model)
            if not quiet:
                typer.echo(_line(epoch, settings))

        start = perf_counter()
        model = _fit(model, data, settings, order_rng, on_epoch, progress=not quiet and sys.stderr.isatty())
        seconds = perf_counter() - start
        tested = accuracy(model, data.test) if settings.validation else recorder.epochs[-1].accuracy
        kept = recorder.finish(tested)
    except KeyboardInterrupt:
        typer.echo(f"\nstopped {_where(settings, recorder)}", err=True)
        raise typer.Exit(130) from None
    _show_result(settings, parameters(model), seconds, tested)
    if kept:
        typer.echo(kept)


def build(settings: Settings, rng: np.random.Generator) -> Any:
    """The model with the weights of the first step: the same numbers on every backend."""
    options = {"rng": rng, "backend": settings.backend, "device": settings.device}
    if settings.model == "mlp":
        return mlp(settings.sizes, **options)
    return row_lstm(SIDE, settings.hidden, CLASSES, **options)


def default_backend() -> str:
    """Torch if it is installed, else NumPy."""
    return "torch" if find_spec("torch") else "numpy"


def _usable_device(backend: str, device: str) -> str:
    try:
        device = resolve_device(backend, device)
        to(np.zeros(1), backend, device)  # a second card that is not there shows only now
    except (ValueError, RuntimeError, ModuleNotFoundError) as error:
        raise Problem(str(error).partition("\n")[0]) from None
    return device


def load(settings: Settings) -> Digits:
    """The data; with `validation`, the first examples are held out of training, as in TensorFlow 1."""
    loader = load_mnist if settings.data == "mnist" else load_digits
    data = loader(backend=settings.backend, device=settings.device)
    size, (images, labels) = settings.validation, data.train
    if size >= len(labels):
        raise Problem(f"--validation: expected less than the {len(labels)} training examples, got {size}")
    if not size:
        return data
    return data._replace(train=Split(images[size:], labels[size:]), validation=Split(images[:size], labels[:size]))


def _fit(model: Any, data: Digits, settings: Settings, rng: np.random.Generator, on_epoch: Any, progress: bool) -> Any:
    steps = settings.epochs * -(-len(data.train.labels) // settings.batch_size)
    with np.errstate(over="ignore", invalid="ignore"):  # `fit` looks at the loss in every step
        return fit(
            model,
            data.train,
            optimizer=adam(one_cycle(settings.learning_rate, steps)),
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            rng=rng,
            held_out=data.validation or data.test,
            max_norm=settings.max_norm,
            progress=progress,
            on_epoch=on_epoch,
        ).model


def _line(epoch: Epoch, settings: Settings) -> str:
    return (
        f"epoch {epoch.number}/{settings.epochs}  loss {epoch.loss:.4f}  "
        f"{settings.watched} accuracy {epoch.accuracy:.2%}  {epoch.seconds:.1f} s"
    )


def _where(settings: Settings, recorder: Recorder) -> str:
    """For the message after Ctrl-C: in which epoch, and what is left."""
    done = len(recorder.epochs)
    place = f"in epoch {done + 1} of {settings.epochs}" if done < settings.epochs else "after the last epoch"
    if recorder.model_file is None:
        return f"{place}; without --out nothing is kept"
    if not done:
        return f"{place}: no epoch was complete, so nothing of this run was saved"
    return f"{place}; {recorder.model_file} holds the model after epoch {done}"


def _show_result(settings: Settings, numbers: int, seconds: float, tested: float | None) -> None:
    rows = [
        ("model", f"{settings.model} {'-'.join(map(str, settings.sizes))}"),
        ("parameters", f"{numbers:,}"),
        ("data", settings.data),
        ("backend", settings.backend),
        ("device", settings.device),
        ("epochs", str(settings.epochs)),
        ("seconds", f"{seconds:.1f}"),
        ("test accuracy", f"{tested:.2%}"),
    ]
    show_table("Result", ("", ""), rows)
