"""The classifiers of the course, put together from its layers and cells."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from rnn_course.activations import Activation
from rnn_course.arrays import Array, zeros
from rnn_course.cells import LSTMCell
from rnn_course.layers import Chain, Dense, Flatten
from rnn_course.rnn import dynamic_rnn, dynamic_rnn_forward
from rnn_course.stack import MultiRNNCell


class LastStepClassifier(NamedTuple):
    """Read a whole sequence with `cell`, then classify its last output: logits = readout(outputs[:, -1])."""

    cell: Any
    readout: Dense

    def __call__(self, inputs: Float[Array, "batch time input"]) -> Float[Array, "batch classes"]:
        """The logits after the last step."""
        outputs, _ = dynamic_rnn(self.cell, inputs)
        return self.readout(outputs[:, -1, :])

    def forward(self, inputs: Float[Array, "batch time input"]) -> tuple[Array, Callable]:
        """The logits, and backward: d_logits -> d_classifier, d_inputs."""
        outputs, _, cell_backward = dynamic_rnn_forward(self.cell, inputs)
        logits, readout_backward = self.readout.forward(outputs[:, -1, :])

        def backward(d_logits: Array) -> tuple[LastStepClassifier, Array]:
            d_readout, d_last = readout_backward(d_logits)
            d_outputs = zeros(tuple(outputs.shape), like=outputs)
            d_outputs[:, -1, :] = d_last  # our own new array: nobody else sees it change
            d_cell, d_inputs, _ = cell_backward(d_outputs)
            return LastStepClassifier(d_cell, d_readout), d_inputs

        return logits, backward


def mlp(
    sizes: tuple[int, ...] = (784, 625, 10), *, rng: np.random.Generator, activation: str = "relu", **options: Any
) -> Chain:
    """A dense network on flattened images: Dense layers of the given `sizes` with an activation between them.

    `options` are those of `Dense.init`: dtype, backend, device.
    """
    layers: list[Any] = [Flatten()]
    for input_size, output_size in pairwise(sizes):
        layers += [Dense.init(input_size, output_size, rng=rng, **options), Activation(activation)]
    return Chain(tuple(layers[:-1]))


def row_lstm(
    input_size: int = 28,
    hidden_sizes: tuple[int, ...] = (128,),
    classes: int = 10,
    *,
    rng: np.random.Generator,
    forget_bias: float = 1.0,
    **options: Any,
) -> LastStepClassifier:
    """An LSTM that reads an image row by row, `[batch, rows, columns]`, and names the digit after the last row.

    More than one hidden size makes a stack. `options` are those of `LSTMCell.init`: dtype, backend, device.
    """
    widths = (input_size, *hidden_sizes)
    cells = tuple(
        LSTMCell.init(below, width, rng=rng, forget_bias=forget_bias, **options) for below, width in pairwise(widths)
    )
    cell = cells[0] if len(cells) == 1 else MultiRNNCell(cells)
    return LastStepClassifier(cell, Dense.init(hidden_sizes[-1], classes, rng=rng, **options))
