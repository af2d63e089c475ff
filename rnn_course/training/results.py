"""The record of a training run: one JSON file a run, which pages plot and a model card is made from.

A file holds one object with the fields of `RunRecord`, all of them, under the names they have there:

    recipe          "mlp", "cnn", "rnn", "lstm", "gru" or "bilstm"
    hidden          widths of the hidden layers, [128]; of the cnn its numbers of filters, [16, 32]
    data            "digits", "mnist", or the name of a folder or file
    train_examples  how many examples were learned from
    test_examples   how many it was tested on
    backend         "numpy" or "torch"
    device          "cpu", "cuda", "mps"
    processes       how many processes shared each batch
    precision       "float32", or "mixed"
    seed            draws the first weights, the order of the examples and their shifts
    epochs          passes over the training examples
    batch_size      examples of one update, over all processes
    schedule        of the learning rate: "one-cycle", "cosine", "constant"
    rate            its peak
    weight_decay    of AdamW
    shift           each training image is moved by up to that many pixels, anew each time
    parameters      how many numbers the model holds
    curve           one object an epoch: {"number": 1, "loss": 0.41, "accuracy": 0.971, "seconds": 6.2}; the mean
                    loss of training, the accuracy on `accuracy_on` after it, the seconds of its training alone
    accuracy_on     "test", or "validation" where examples were held out to choose by
    seconds         of training, over all epochs, by the clock
    final_accuracy  the share of the test examples that the model at the end gets right
    confusion       [[…]]: row k counts what the test examples of class k were taken for
    command         what was typed
    machine         processor, cores, threads, versions, and the load when it started, see `rnn_course.machine`
    remark          what else a reader has to know, such as that the machine was busy; "" if nothing

`write_run(folder, record)` names the file `RECIPE_DATA_BACKEND_SEED.json`; `read_runs(folder)` gives all records of a
folder, sorted by data, recipe, backend and seed. Those of the course are in `benchmarks/results/training`.
"""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from rnn_course.files import whole_file
from rnn_course.train import Epoch


class ResultError(ValueError):
    """A file is no record of a run."""


class RunRecord(NamedTuple):
    """One run: what decided it, how it went, what came of it. The fields are explained at the top of the module."""

    recipe: str
    hidden: tuple[int, ...]
    data: str
    train_examples: int
    test_examples: int
    backend: str
    device: str
    processes: int
    precision: str
    seed: int
    epochs: int
    batch_size: int
    schedule: str
    rate: float
    weight_decay: float
    shift: int
    parameters: int
    curve: tuple[Epoch, ...]
    accuracy_on: str
    seconds: float
    final_accuracy: float
    confusion: tuple[tuple[int, ...], ...]
    command: str
    machine: dict[str, Any]
    remark: str = ""

    @property
    def file_name(self) -> str:
        """`RECIPE_DATA_BACKEND_SEED.json`."""
        return f"{self.recipe}_{Path(self.data).stem}_{self.backend}_{self.seed}.json"


def write_run(folder: str | os.PathLike, record: RunRecord) -> Path:
    """Write the record into a folder, which is made if it is not there; an older one of the same name is replaced."""
    path = Path(folder) / record.file_name
    path.parent.mkdir(parents=True, exist_ok=True)
    content = record._asdict() | {"curve": [epoch._asdict() for epoch in record.curve]}
    lines = [f" {json.dumps(name)}: {_value(name, value)}" for name, value in content.items()]
    with whole_file(path) as file:
        file.write(("{\n" + ",\n".join(lines) + "\n}\n").encode())
    return path


def read_run(path: str | os.PathLike) -> RunRecord:
    """The record of a file. Raises ResultError that names the file if it is not there, or holds no such record."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ResultError(f"{path}: expected the record of a run, got {error.strerror or error}") from None
    except ValueError as error:
        raise ResultError(f"{path}: expected the record of a run, got no JSON ({error})") from None
    expected, got = set(RunRecord._fields), set(content) if isinstance(content, dict) else set()
    if got != expected:
        missing, extra = sorted(expected - got), sorted(got - expected)
        raise ResultError(f"{path}: expected the fields of RunRecord; missing: {missing}, not known: {extra}")
    try:
        curve = tuple(Epoch(**epoch) for epoch in content["curve"])
    except TypeError:
        raise ResultError(f"{path}: curve: expected objects with the fields {list(Epoch._fields)}") from None
    confusion = tuple(tuple(row) for row in content["confusion"])
    return RunRecord(**content | {"curve": curve, "confusion": confusion, "hidden": tuple(content["hidden"])})


def read_runs(folder: str | os.PathLike) -> list[RunRecord]:
    """All records of a folder, sorted by data, recipe, backend and seed. Raises ResultError if there is none."""
    runs = [read_run(path) for path in sorted(Path(folder).glob("*.json"))]
    if not runs:
        raise ResultError(f"{folder}: expected records of runs (*.json), got none")
    return sorted(runs, key=lambda run: (run.data, run.recipe, run.backend, run.seed))


def _value(name: str, value: Any) -> str:
    """A list of rows with a row a line, anything else on one line."""
    if name in ("curve", "confusion"):
        return "[\n" + ",\n".join(f"  {json.dumps(row)}" for row in value) + "\n ]"
    return json.dumps(value, ensure_ascii=False)
