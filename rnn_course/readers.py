"""Three small trained networks that read handwritten digits: a dense one, a convolutional one, an LSTM row by row.

They are part of the package so that a page can answer without a kernel. Their weights are stored as one byte each: a
kernel's column k is `scale[k] · bytes[:, k]`, with the scale chosen so that its largest weight is ±127. `FILE` is a
safetensors file, which says in its metadata what was measured; `tools/train_readers.py` made it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rnn_course.activations import Activation
from rnn_course.arrays import to_numpy
from rnn_course.checkpoint import CheckpointError
from rnn_course.conv import Conv2D
from rnn_course.files import whole_file
from rnn_course.layers import Chain, Dense, Flatten
from rnn_course.models import LastStepClassifier, mlp, row_lstm
from rnn_course.pool import MaxPool2D
from rnn_course.tree import named_leaves, with_leaves

FILE = Path(__file__).parent / "data" / "readers.safetensors"
SCALE = ".scale"  # the name of a kernel's scales, after its own
LARGEST = 127


class Readers(NamedTuple):
    """The three networks. Each gives the logits `[batch, 10]` of images in the view that it needs, see `MODELS`."""

    nn: Chain
    cnn: Chain
    lstm: LastStepClassifier


def small_cnn(rng: np.random.Generator) -> Chain:
    """Two convolutions 3×3 with 8 and 16 filters, each followed by ReLU and a maximum over 2×2, then a dense layer."""
    first, second = Conv2D.init(1, 8, rng=rng), Conv2D.init(8, 16, rng=rng)
    readout = Dense.init(7 * 7 * 16, 10, rng=rng)
    relu = Activation("relu")
    return Chain((first, relu, MaxPool2D(), second, relu, MaxPool2D(), Flatten(), readout))


View = Callable[[np.ndarray], np.ndarray]
# How to make one, and how it sees images [batch, 28, 28].
MODELS: dict[str, tuple[Callable[[np.random.Generator], Any], View]] = {
    "nn": (lambda rng: mlp((784, 64, 10), rng=rng), lambda images: images),
    "cnn": (small_cnn, lambda images: images[..., None]),
    "lstm": (lambda rng: row_lstm(28, (64,), rng=rng), lambda images: images),
}


def load_readers(path: Path = FILE, dtype: str = "float32") -> Readers:
    """The networks of a file, by default the package's own. Raises CheckpointError if it is not such a file."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(path.read_bytes())
    except FileNotFoundError:
        raise CheckpointError(f"{path}: there is no such file; tools/train_readers.py makes it") from None
    except SafetensorError as error:
        raise CheckpointError(f"{path}: not a safetensors file, or cut short ({error})") from None
    return _unpacked(arrays, str(path), dtype)


def unpacked(content: bytes, dtype: str = "float32") -> Readers:
    """The networks of the contents of such a file."""
    from safetensors.numpy import load

    return _unpacked(load(content), "content", dtype)


def _unpacked(arrays: dict[str, np.ndarray], path: str, dtype: str) -> Readers:
    whole = {name: _as_numbers(arrays, name).astype(dtype) for name in arrays if not name.endswith(SCALE)}
    like = _untrained()
    expected = {name: leaf.shape for name, leaf in named_leaves(like)}
    if {name: array.shape for name, array in whole.items()} != expected:
        raise CheckpointError(f"{path}: these are not the weights of the three readers")
    return with_leaves(like, [whole[name] for name in expected])


def save_readers(path: Path, models: dict[str, Any], accuracies: dict[str, float]) -> None:
    """Write the networks with one byte a weight; `accuracies` are what they had before, as a note in the file."""
    notes = {
        "data": "trained on MNIST (Y. LeCun, C. Cortes, C. J. C. Burges), shifted by up to 2 pixels",
        **{f"{name} on MNIST's test digits before rounding": f"{share:.4f}" for name, share in accuracies.items()},
    }
    with whole_file(path) as file:
        file.write(packed(Readers(**models), notes))


def packed(readers: Readers, notes: dict[str, str] | None = None) -> bytes:
    """The contents of such a file."""
    from safetensors.numpy import save

    arrays: dict[str, np.ndarray] = {}
    for name, leaf in named_leaves(readers):
        whole = to_numpy(leaf)
        if whole.ndim < 2:
            arrays[name] = whole.astype(np.float32)
        else:
            arrays[name], arrays[name + SCALE] = in_bytes(whole)
    return save(arrays, notes)


def in_bytes(kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A kernel `[…, columns]` as whole numbers from −127 to 127, and the scale of each column."""
    largest = np.abs(kernel).max(axis=tuple(range(kernel.ndim - 1)))  # [columns]
    scale = np.where(largest > 0, largest / LARGEST, 1.0).astype(np.float32)
    return np.rint(kernel / scale).astype(np.int8), scale


def _as_numbers(arrays: dict[str, np.ndarray], name: str) -> np.ndarray:
    array = arrays[name].astype(np.float64)
    return array * arrays[name + SCALE] if name + SCALE in arrays else array


def _untrained() -> Readers:
    rng = np.random.default_rng(0)
    return Readers(**{name: make(rng) for name, (make, _) in MODELS.items()})
