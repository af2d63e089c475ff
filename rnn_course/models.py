"""The classifiers of the course, put together from its layers and cells."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from rnn_course.activations import Activation
from rnn_course.arrays import Array, array_namespace, zeros
from rnn_course.bidirectional import bidirectional_dynamic_rnn, bidirectional_dynamic_rnn_forward
from rnn_course.cells import BasicRNNCell, LSTMCell
from rnn_course.conv import Conv2D
from rnn_course.gru import GRUCell
from rnn_course.layers import AddChannel, Chain, Dense, Flatten, forward_training
from rnn_course.pool import MaxPool2D
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


class BothWaysClassifier(NamedTuple):
    """Read a sequence from both ends, then classify: logits = readout([outputs_fw[:, -1], outputs_bw[:, 0]]).

    Each of the two outputs is the last of its direction: it has seen the whole sequence.
    """

    cell_fw: Any
    cell_bw: Any
    readout: Any

    def __call__(self, inputs: Float[Array, "batch time input"]) -> Float[Array, "batch classes"]:
        """The logits after the last step of both directions."""
        (fw, bw), _ = bidirectional_dynamic_rnn(self.cell_fw, self.cell_bw, inputs)
        return self.readout(array_namespace(inputs).concat([fw[:, -1, :], bw[:, 0, :]], axis=1))

    def forward(self, inputs: Float[Array, "batch time input"]) -> tuple[Array, Callable]:
        """The logits, and backward: d_logits -> d_classifier, d_inputs."""
        (fw, bw), _, cells_backward = bidirectional_dynamic_rnn_forward(self.cell_fw, self.cell_bw, inputs)
        last = array_namespace(inputs).concat([fw[:, -1, :], bw[:, 0, :]], axis=1)  # [batch, fw + bw]
        logits, readout_backward = self.readout.forward(last)

        def backward(d_logits: Float[Array, "batch classes"]) -> tuple[BothWaysClassifier, Array]:
            d_readout, d_last = readout_backward(d_logits)
            d_fw, d_bw = (zeros(tuple(outputs.shape), like=outputs) for outputs in (fw, bw))
            width = fw.shape[2]
            d_fw[:, -1, :], d_bw[:, 0, :] = d_last[:, :width], d_last[:, width:]  # our own new arrays
            d_cell_fw, d_cell_bw, d_inputs, *_ = cells_backward((d_fw, d_bw))
            return BothWaysClassifier(d_cell_fw, d_cell_bw, d_readout), d_inputs

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


def cnn(
    filters: tuple[int, ...] = (16, 32),
    size: int | tuple[int, int] = 28,
    classes: int = 10,
    *,
    rng: np.random.Generator,
    **options: Any,
) -> Chain:
    """A convolutional network on grey images `[batch, rows, columns]` of `size` pixels, then one dense layer.

    For each number of `filters` a convolution 3×3, a ReLU and a maximum over 2×2, which halves rows and columns and
    rounds down. `options` are those of `Conv2D.init`: dtype, backend, device.
    """
    rows, columns = (size, size) if isinstance(size, int) else size
    layers: list[Any] = [AddChannel()]
    for channels, count in pairwise((1, *filters)):
        layers += [Conv2D.init(channels, count, rng=rng, **options), Activation("relu"), MaxPool2D()]
        rows, columns = rows // 2, columns // 2
    readout = Dense.init(rows * columns * filters[-1], classes, rng=rng, **options)
    return Chain((*layers, Flatten(), readout))


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
    return _row_reader(LSTMCell, input_size, hidden_sizes, classes, rng, forget_bias=forget_bias, **options)


def row_gru(
    input_size: int = 28,
    hidden_sizes: tuple[int, ...] = (128,),
    classes: int = 10,
    *,
    rng: np.random.Generator,
    **options: Any,
) -> LastStepClassifier:
    """A GRU that reads an image row by row, otherwise as `row_lstm`; `options` are those of `GRUCell.init`."""
    return _row_reader(GRUCell, input_size, hidden_sizes, classes, rng, **options)


def row_rnn(
    input_size: int = 28,
    hidden_sizes: tuple[int, ...] = (128,),
    classes: int = 10,
    *,
    rng: np.random.Generator,
    **options: Any,
) -> LastStepClassifier:
    """A plain RNN that reads an image row by row, otherwise as `row_lstm`; `options`: those of `BasicRNNCell.init`."""
    return _row_reader(BasicRNNCell, input_size, hidden_sizes, classes, rng, **options)


def row_bilstm(
    input_size: int = 28,
    hidden_sizes: tuple[int, ...] = (128,),
    classes: int = 10,
    *,
    rng: np.random.Generator,
    **options: Any,
) -> BothWaysClassifier:
    """Two LSTMs, or two stacks of them, that read an image from the top and from the bottom, each of those widths."""
    cell_fw, cell_bw = (_stacked(LSTMCell, input_size, hidden_sizes, rng, **options) for _ in range(2))
    readout = Dense.init(2 * hidden_sizes[-1], classes, rng=rng, **_where(options))
    return BothWaysClassifier(cell_fw, cell_bw, readout)


def _row_reader(
    kind: Any, input_size: int, widths: tuple[int, ...], classes: int, rng: np.random.Generator, **options: Any
) -> LastStepClassifier:
    cell = _stacked(kind, input_size, widths, rng, **options)
    return LastStepClassifier(cell, Dense.init(widths[-1], classes, rng=rng, **_where(options)))


def _stacked(kind: Any, input_size: int, widths: tuple[int, ...], rng: np.random.Generator, **options: Any) -> Any:
    """One cell, or a stack of cells for more than one width."""
    cells = tuple(kind.init(below, width, rng=rng, **options) for below, width in pairwise((input_size, *widths)))
    return cells[0] if len(cells) == 1 else MultiRNNCell(cells)


def _where(options: dict[str, Any]) -> dict[str, Any]:
    """Those of a cell's options that the read-out has too."""
    return {name: value for name, value in options.items() if name in ("dtype", "backend", "device")}
