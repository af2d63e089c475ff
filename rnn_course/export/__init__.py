"""A trained classifier for programs without this package: an ONNX file, or a program of `torch.export`.

    trained = load_trained("runs/lstm/model.safetensors")
    export(trained, "lstm.onnx")

Either file holds a function `images [batch, rows, columns] -> logits [batch, classes]` in float32, for any batch, and
the notes of the training. ONNX is written from the model's layers (`onnx_file.py`): it needs no Torch, and a cell
becomes the operator LSTM, GRU or RNN. Torch follows the package's own code, through `AsModule` (`torch_file.py`).
"""

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rnn_course.activations import softmax
from rnn_course.arrays import to
from rnn_course.files import whole_file
from rnn_course.recipes import Trained
from rnn_course.tree import Tree

CLOSE = 1e-5  # float32 carries seven digits
BATCHES = (1, 2, 3, 32)  # Torch sees one of 2 while it exports, ONNX none


class ExportError(ValueError):
    """A classifier cannot be exported, or the file would not give what the package gives."""


class Format(NamedTuple):
    """A kind of file. `module` has `content(model, size, notes) -> bytes` and `load(content) -> images -> logits`."""

    name: str
    module: str
    read_by: str
    packages: str  # the extras that bring what it needs


FORMATS = {
    ".onnx": Format("ONNX", "rnn_course.export.onnx_file", "onnxruntime", "export"),
    ".pt2": Format("torch.export", "rnn_course.export.torch_file", "torch.export.load", "torch"),
}


class Exported(NamedTuple):
    """What was written, and how far its answers are at most from those of the package."""

    path: Path
    format: Format
    images: tuple[int, int]
    classes: int
    difference: float


def export(trained: Trained, path: str | os.PathLike) -> Exported:
    """Write the classifier to `path`, in the format that its suffix says, once it has been read and compared.

    An older file is replaced. Raises ExportError for an unknown suffix, a missing package, or answers that are not
    those of the package to 1e-5; the old file is then untouched.
    """
    path = Path(path)
    how = format_of(path)
    size = int(trained.notes["rows"]), int(trained.notes["columns"])
    try:
        module = import_module(how.module)
    except ModuleNotFoundError as error:
        raise ExportError(f'{how.name} needs {error.name}: pip install "rnn-course[{how.packages}]"') from None
    model = to(trained.model, "numpy")
    content = module.content(model, size, trained.notes)
    difference = largest_difference(model, module.load(content), size)
    if not difference <= CLOSE:  # NaN is not
        raise ExportError(
            f"{path} is not written: read by {how.read_by}, it differs from the package by {difference:.0e}, expected "
            f"at most {CLOSE:.0e}"
        )
    with whole_file(path) as file:
        file.write(content)
    return Exported(path, how, size, int(trained.notes["classes"]), difference)


def format_of(path: Path) -> Format:
    """The format of a file's suffix; ExportError if there is none."""
    if path.suffix not in FORMATS:
        known = " or ".join(f"*{suffix} ({how.name})" for suffix, how in FORMATS.items())
        raise ExportError(f"{path}: expected {known}")
    return FORMATS[path.suffix]


def largest_difference(model: Tree, run: Callable[[np.ndarray], np.ndarray], size: tuple[int, int]) -> float:
    """How far `run` is at most from the model on images of noise, in batches of several sizes.

    That is the larger of two: the difference of the probabilities, and that of the logits as a share of the largest.
    """
    differences, rng = [], np.random.default_rng(0)
    for batch in BATCHES:
        images = rng.random((batch, *size), dtype=np.float32)
        expected, got = model(images), np.asarray(run(images))
        if got.shape != expected.shape:
            return np.inf
        largest = max(1.0, float(np.abs(expected).max()))
        differences += [np.abs(got - expected).max() / largest, np.abs(softmax(got) - softmax(expected)).max()]
    return float(np.max(differences))  # NaN if one is
