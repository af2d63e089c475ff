"""The classifiers of the course, put together from its layers and cells."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from rnn_course.activations import Activation
from rnn_course.arrays import Array, zeros
from rnn_course.cells import LSTMCell
from rnn_course.layers import Chain, Dense, Flatten, forward_training
from rnn_course.rnn import dynamic_rnn, dynamic_rnn_forward
from rnn_course.shape_types import Float
from rnn_course.stack import MultiRNNCell


class LastStepClassifier(NamedTuple):
    """Read a whole sequence with `cell`, then classify its last output: logits = readout(outputs[:, -1]).

    `readout` is a layer: a `Dense`, or a `Chain` that ends in one.
    """

    cell: Any
    readout: Any

    def __call__(self, inputs: Float[Array, "batch time input"]) -> Float[Array, "batch classes"]:
        """The logits after the last step."""
        outputs, _ = dynamic_rnn(self.cell, inputs)
        return self.readout(outputs[:, -1, :])

    def forward(self, inputs: Float[Array, "batch time input"]) -> tuple[Array, Callable]:
        """The logits, and backward: d_logits -> d_classifier, d_inputs."""
        last, cell_backward = _last_output_forward(self.cell, inputs)
        logits, readout_backward = self.readout.forward(last)
        return logits, _read_out_after(cell_backward, readout_backward)

    def forward_training(
        self, inputs: Float[Array, "batch time input"], rng: np.random.Generator | None = None
    ) -> tuple[Array, "LastStepClassifier", Callable]:
        """The logits, the classifier with the new running statistics of its readout, and backward.

        `rng` is for dropout in the readout. The masks of a `DropoutWrapper` in the cell are those that it has.
        """
        last, cell_backward = _last_output_forward(self.cell, inputs)
        logits, readout, readout_backward = forward_training(self.readout, last, rng)
        return logits, self._replace(readout=readout), _read_out_after(cell_backward, readout_backward)


def _last_output_forward(cell: Any, inputs: Float[Array, "batch time input"]) -> tuple[Array, Callable]:
    """outputs[:, -1] `[batch, output]`, and backward: d_last -> d_cell, d_inputs."""
    outputs, _, cell_backward = dynamic_rnn_forward(cell, inputs)

    def backward(d_last: Float[Array, "batch output"]) -> tuple[Any, Array]:
        d_outputs = zeros(tuple(outputs.shape), like=outputs)
        d_outputs[:, -1, :] = d_last  # our own new array: nobody else sees it change
        return cell_backward(d_outputs)[:2]

    return outputs[:, -1, :], backward


def _read_out_after(cell_backward: Callable, readout_backward: Callable) -> Callable:
    def backward(d_logits: Float[Array, "batch classes"]) -> tuple[LastStepClassifier, Array]:
        d_readout, d_last = readout_backward(d_logits)
        d_cell, d_inputs = cell_backward(d_last)
        return LastStepClassifier(d_cell, d_readout), d_inputs

    return backward


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
