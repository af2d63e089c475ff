"""What an answer costs: the multiplications of a network, counted from the shapes of its weights.

Nearly all of the work of a network is products of matrices: sums of products of two numbers. One multiplication with
its addition is a *multiply-add*. Biases, activations, gates, pooling and norms are left out: they grow with the width
of a layer, and the products with its square.
"""

from math import prod
from typing import Any

from rnn_course.arrays import Array, zeros
from rnn_course.conv import Conv2D
from rnn_course.layers import Chain, Dense
from rnn_course.models import BothWaysClassifier, LastStepClassifier
from rnn_course.rnn import dynamic_rnn
from rnn_course.tree import leaves


def multiply_adds(model: Any, *shape: int) -> int:
    """How many multiply-adds `model` needs to answer for one example of that shape, without a batch axis.

    `multiply_adds(Dense.init(784, 10, rng=rng), 784)` is 7,840. A `Dense` costs its kernel at every place, a `Conv2D`
    its kernel at every place of its output, a `Chain` the sum of its layers. A `LastStepClassifier` costs its cell at
    every step and its read-out once, a `BothWaysClassifier` both of its cells. A layer without a kernel costs nothing.
    Raises TypeError for a layer that has kernels and is none of these.
    """
    return _through(model, zeros((1, *shape), like=leaves(model)[0]))[0]


def _through(layer: Any, x: Array) -> tuple[int, Array]:
    """The count for one example `x: [1, …]`, and what the layer makes of it, whose shape the next layer needs."""
    if isinstance(layer, Chain):
        total = 0
        for part in layer.layers:
            count, x = _through(part, x)
            total += count
        return total, x
    if isinstance(layer, LastStepClassifier):
        outputs, _ = dynamic_rnn(layer.cell, x)
        count, logits = _through(layer.readout, outputs[:, -1, :])
        return x.shape[1] * cell_multiply_adds(layer.cell) + count, logits
    y = layer(x)
    if isinstance(layer, BothWaysClassifier):
        cells = cell_multiply_adds(layer.cell_fw) + cell_multiply_adds(layer.cell_bw)
        width = layer.cell_fw.output_size + layer.cell_bw.output_size
        return x.shape[1] * cells + _through(layer.readout, zeros((1, width), like=x))[0], y
    if isinstance(layer, Dense | Conv2D):
        places = prod(y.shape[:-1])  # where the kernel is used: once for each, all outputs at a time
        return places * prod(layer.kernel.shape), y
    if kernels := _kernels(layer):
        raise TypeError(f"multiply_adds: cannot count a {type(layer).__name__}, which has kernels of shape {kernels}")
    return 0, y


def cell_multiply_adds(cell: Any) -> int:
    """How many multiply-adds one step of a cell needs for one row of the batch: the numbers in its kernels."""
    return sum(prod(shape) for shape in _kernels(cell))


def _kernels(tree: Any) -> list[tuple[int, ...]]:
    """The shapes of all arrays that multiply something: those with two axes or more."""
    return [tuple(leaf.shape) for leaf in leaves(tree) if len(leaf.shape) > 1]
