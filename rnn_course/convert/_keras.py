"""Keras: a kernel for x, a kernel for h, one bias; `layer.get_weights()` is a list of NumPy arrays in this order."""

from collections.abc import Sequence
from typing import Any

from rnn_course.arrays import Array, array_namespace
from rnn_course.cells import BasicRNNCell, LSTMCell, LSTMStateTuple
from rnn_course.convert.layouts import KERAS
from rnn_course.convert.pieces import Pieces, expect_cell, expect_one_kind, from_cell, read, to_cell, write
from rnn_course.gru import GRUCell
from rnn_course.shapes import expect_shape


def basic_rnn_from_keras(weights: Sequence[Array], activation: str = "tanh") -> BasicRNNCell:
    """`keras.layers.SimpleRNN`: kernel `[input, hidden]`, recurrent kernel `[hidden, hidden]`, bias `[hidden]`.

    The square recurrent kernel does not show whether it is transposed. The rest is as in `lstm_from_keras`.
    """
    return to_cell("basic_rnn", _read("basic_rnn", weights), activation=activation)


def basic_rnn_to_keras(cell: BasicRNNCell) -> list[Array]:
    """The list for `SimpleRNN.set_weights`; the activation is an argument of the layer there."""
    return list(_write("basic_rnn", cell)[:3])


def lstm_from_keras(weights: Sequence[Array]) -> LSTMCell:
    """`keras.layers.LSTM`: kernel `[input, 4*hidden]`, recurrent kernel `[hidden, 4*hidden]`, bias `[4*hidden]`.

    The gates are i, f, c, o in the columns, and the forget bias is already in the bias. A layer with `use_bias=False`
    has two arrays only. Raises ShapeError for shapes that do not fit together and ValueError for a wrong number of
    arrays. The gates of the layer must have their default activations, sigmoid and tanh.
    """
    return to_cell("lstm", _read("lstm", weights))


def lstm_to_keras(cell: LSTMCell) -> list[Array]:
    """The list for `LSTM.set_weights`; ValueError for a cell with peepholes, a projection or clipping."""
    return list(_write("lstm", cell)[:3])


def gru_from_keras(weights: Sequence[Array], reset_after: bool = True) -> GRUCell:
    """`keras.layers.GRU`: kernel `[input, 3*hidden]`, recurrent kernel `[hidden, 3*hidden]` and the bias.

    The gates are z, r, h in the columns; z is our u. The bias is `[2, 3*hidden]` with `reset_after=True` (beside x,
    beside h), the default, and `[3*hidden]` without. Errors as in `lstm_from_keras`.
    """
    return to_cell("gru", _read("gru", weights, reset_after), reset_after=reset_after)


def gru_to_keras(cell: GRUCell) -> list[Array]:
    """The list for `GRU.set_weights`, of a layer whose `reset_after` is that of the cell."""
    kernel, recurrent, bias, recurrent_bias = _write("gru", cell)
    if cell.reset_after:
        bias = array_namespace(bias).stack([bias, recurrent_bias], axis=0)  # [2, 3*hidden]
    return [kernel, recurrent, bias]


def state_from_keras(state: Any) -> Any:
    """[h, c] of an LSTM as `LSTMStateTuple`; [h] or h of a basic RNN or a GRU as h. Arrays `[batch, hidden]`."""
    if not isinstance(state, list | tuple):
        return state
    if len(state) == 1:
        return state[0]
    if len(state) != 2:
        raise ValueError(f"state: expected [h] or [h, c] of one layer, got {len(state)} arrays; convert layer by layer")
    h, c = state
    return LSTMStateTuple(c=c, h=h)


def state_to_keras(state: Any) -> list[Array]:
    """The list for `initial_state`: [h, c] of an LSTM, [h] of a basic RNN or a GRU."""
    return [state.h, state.c] if isinstance(state, LSTMStateTuple) else [state]


def _read(kind: str, weights: Sequence[Array], two_biases: bool = False) -> Pieces:
    if len(weights) not in (2, 3):
        cause = (
            " (forward first in a Bidirectional layer: pass weights[:3], then weights[3:])" if len(weights) == 6 else ""
        )
        raise ValueError(
            f"weights: expected [kernel, recurrent_kernel, bias] of one layer, got {len(weights)} arrays{cause}"
        )
    kernel, recurrent, bias = weights if len(weights) == 3 else (*weights, None)
    arrays = {"kernel": kernel, "recurrent_kernel": recurrent, "bias": bias, "recurrent_bias": None}
    expect_one_kind(arrays)
    if kind == "gru" and bias is not None:
        _expect_biases(bias, two_biases)
        if two_biases:
            arrays |= {"bias": bias[0, :], "recurrent_bias": bias[1, :]}
    return read(KERAS, kind, arrays)


def _expect_biases(bias: Array, reset_after: bool) -> None:
    axes, other = ("two 3*hidden", "3*hidden") if reset_after else ("3*hidden", "two 3*hidden")
    if len(bias.shape) == len(other.split()):
        expect_shape("bias", bias, axes, cause=f"the layer was built with reset_after={not reset_after}")
    expect_shape("bias", bias, axes, two=2)


def _write(kind: str, cell: Any) -> Pieces:
    expect_cell(KERAS, kind, cell)
    return write(KERAS, kind, from_cell(cell))
