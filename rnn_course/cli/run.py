"""One training run: data, settings, the epochs of `rnn_course.training.engine`, and what stays of it."""

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import typer

from rnn_course import machine
from rnn_course.arrays import resolve_device, to
from rnn_course.checkpoint import CheckpointError
from rnn_course.cli.errors import Problem
from rnn_course.cli.record import Recorder
from rnn_course.cli.show import show_table
from rnn_course.data import Digits, Split
from rnn_course.data.sources import load_data
from rnn_course.recipes import RECIPES
from rnn_course.training.engine import ALONE, State, Team, advance, begin, confusion, finished
from rnn_course.training.results import RunRecord, write_run
from rnn_course.training.settings import Settings
from rnn_course.tree import parameters


class Options(NamedTuple):
    """What the user said; None stands for what the recipe says."""

    recipe: str
    data: str
    test_data: Path | None
    classes: int
    backend: str
    device: str
    precision: str
    epochs: int | None
    batch_size: int | None
    schedule: str
    rate: float | None
    hidden: tuple[int, ...] | None
    shift: int | None
    max_norm: float | None
    seed: int
    validation: int
    patience: int | None


class Keeping(NamedTuple):
    """What is to stay of the run, and where."""

    out: Path | None = None
    resume: bool = False
    tensorboard: bool = False
    record: Path | None = None
    remark: str = ""


def run(options: Options, keeping: Keeping, quiet: bool = False) -> None:
    """Train, keep what is worth keeping, print the table of the result. Ctrl-C leaves with code 130."""
    with _team(options) as (team, device):
        options, first = options._replace(device=device), team.rank == 0
        quiet = quiet or not first
        recorder = Recorder(keeping.out if first else None, keeping.tensorboard)
        settings: Settings | None = None
        try:
            data = load(options)
            settings = complete(options, data)
            state = _start(settings, keeping, recorder, quiet)
            about = machine.description()
            while not finished(state, settings):
                state = advance(state, settings, data, team, progress=not quiet and sys.stderr.isatty())
                recorder.save(state, settings)
                if not quiet:
                    typer.echo(_line(state, settings))
            result = _result(state, settings, data, team, keeping.remark, about)
            kept = recorder.finish(state, settings, result.final_accuracy)
            if first and keeping.record is not None:
                kept = f"{kept}\nrecorded in {write_run(keeping.record, result)}".strip()
        except KeyboardInterrupt:
            typer.echo(f"\nstopped {_where(settings, recorder)}", err=True)
            raise typer.Exit(130) from None
        except CheckpointError as error:
            raise Problem(str(error)) from None
        if first:
            _show_result(result)
        if kept:
            typer.echo(kept)


def load(options: Options) -> Digits:
    """The data; with `validation`, the first examples are held out of training, as in TensorFlow 1."""
    data = load_data(options.data, options.test_data, options.classes)
    size, (images, labels) = options.validation, data.train
    if size >= len(labels):
        raise Problem(f"--validation: expected less than the {len(labels)} training examples, got {size}")
    if size:
        data = data._replace(train=Split(images[size:], labels[size:]), validation=Split(images[:size], labels[:size]))
    return to(data, options.backend, options.device)


def complete(options: Options, data: Digits) -> Settings:
    """The settings of the run: what the user did not say is what the recipe says for such data."""
    recipe, (examples, rows, columns) = RECIPES[options.recipe], data.train.images.shape
    pace = recipe.pace(examples)
    hidden = options.hidden or recipe.hidden
    if options.recipe == "cnn" and min(rows, columns) < 2 ** len(hidden):
        raise Problem(
            f"--hidden: expected fewer than {len(hidden)} numbers of filters for images of {rows}×{columns} pixels, "
            "as each halves them"
        )
    defaults = {
        "epochs": pace.epochs,
        "batch_size": pace.batch_size,
        "rate": recipe.rate,
        "hidden": hidden,
        "shift": recipe.pixels(min(rows, columns)),
    }
    given = {name: value for name, value in options._asdict().items() if value is not None and name != "test_data"}
    facts = {"rows": rows, "columns": columns, "train_examples": examples, "weight_decay": recipe.weight_decay}
    values: dict[str, Any] = {"patience": None, "max_norm": None} | defaults | given | facts
    return Settings(**values)


def default_backend() -> str:
    """Torch if it is installed, else NumPy."""
    return "torch" if find_spec("torch") else "numpy"


@contextmanager
def _team(options: Options) -> Iterator[tuple[Team, str]]:
    """The processes of the run, alone or those that torchrun has started, and the device of this one."""
    torchrun = "TORCHELASTIC_RUN_ID" in os.environ or {"RANK", "WORLD_SIZE", "MASTER_ADDR"} <= os.environ.keys()
    if torchrun and options.backend != "torch":
        raise Problem("--backend: several processes need torch, got numpy")
    try:
        device = resolve_device(options.backend, options.device)
        to(np.zeros(1), options.backend, device)  # a second card that is not there shows only now
        if options.precision == "mixed" and options.backend != "torch":
            raise Problem("--precision: mixed needs --backend torch, got numpy")
        if torchrun and device == "mps":
            raise Problem("--device: several processes need cpu or cuda, got mps")
    except (ValueError, RuntimeError, ModuleNotFoundError) as error:
        raise Problem(str(error).partition("\n")[0]) from None
    if not torchrun:
        yield ALONE, device
        return
    from rnn_course.training.parallel import processes

    with processes(device) as team:
        yield team, team.device


def _start(settings: Settings, keeping: Keeping, recorder: Recorder, quiet: bool) -> State:
    """The state to go on from: that of the folder, if the user wants to resume, or the first one."""
    if keeping.resume and keeping.out is not None:
        state = recorder.resume(keeping.out, settings)
        if state is not None:
            if not quiet:
                typer.echo(f"resumed after epoch {len(state.history)} of {settings.epochs}")
            return state
    recorder.begin()
    return begin(settings)


def _result(
    state: State, settings: Settings, data: Digits, team: Team, remark: str, about: dict[str, Any]
) -> RunRecord:
    counts = confusion(state.chosen, data.test, settings.classes, team)
    return RunRecord(
        recipe=settings.recipe,
        hidden=settings.hidden,
        data=data.name,
        train_examples=settings.train_examples,
        test_examples=len(data.test.labels),
        backend=settings.backend,
        device=settings.device,
        processes=team.size,
        precision=settings.precision,
        seed=settings.seed,
        epochs=len(state.history),
        batch_size=settings.batch_size,
        schedule=settings.schedule,
        rate=settings.rate,
        weight_decay=settings.weight_decay,
        shift=settings.shift,
        parameters=parameters(state.model),
        curve=state.history,
        accuracy_on=settings.accuracy_on,
        seconds=sum(epoch.seconds for epoch in state.history),
        final_accuracy=float(np.trace(counts) / counts.sum()),
        confusion=tuple(tuple(row) for row in counts.tolist()),
        command=shlex.join(["rnn-course", *sys.argv[1:]]),
        machine=about | {"load when finished": machine.load()},
        remark=remark,
    )


def _line(state: State, settings: Settings) -> str:
    epoch = state.history[-1]
    return (
        f"epoch {epoch.number}/{settings.epochs}  loss {epoch.loss:.4f}  "
        f"{settings.accuracy_on} accuracy {epoch.accuracy:.2%}  {epoch.seconds:.1f} s"
    )


def _where(settings: Settings | None, recorder: Recorder) -> str:
    """For the message after Ctrl-C: in which epoch, and what is left."""
    if settings is None:
        return "before the first epoch"
    done = recorder.done
    place = f"in epoch {done + 1} of {settings.epochs}" if done < settings.epochs else "after the last epoch"
    if recorder.folder is None:
        return f"{place}; without --out nothing is kept"
    if not done:
        return f"{place}: no epoch was complete, so nothing of this run was saved"
    return f"{place}; {recorder.model_file} holds the model after epoch {done}; --resume goes on"


def _show_result(result: RunRecord) -> None:
    rows = [
        ("model", f"{result.recipe} {'-'.join(map(str, result.hidden))}"),
        ("parameters", f"{result.parameters:,}"),
        ("data", result.data),
        ("backend", result.backend),
        ("device", result.device if result.processes == 1 else f"{result.device}, {result.processes} processes"),
        ("epochs", str(result.epochs)),
        ("seconds", f"{result.seconds:.1f}"),
        ("test accuracy", f"{result.final_accuracy:.2%}"),
    ]
    show_table("Result", ("", ""), rows)
