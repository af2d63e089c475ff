"""TensorFlow 1: the layout of this course, but for the forget bias, which it adds in every step and does not store."""

from collections.abc import Mapping
from typing import Any

from rnn_course.arrays import Array
from rnn_course.cells import BasicRNNCell, LSTMCell, LSTMStateTuple
from rnn_course.convert.layouts import TF1, reorder
from rnn_course.convert.pieces import expect_cell, expect_one_kind, transposed
from rnn_course.gru import GRUCell
from rnn_course.lstm_options import LSTMPeepholes, expect_options
from rnn_course.shapes import ShapeError, expect_shape

PEEPHOLES = {"i": "w_i_diag", "f": "w_f_diag", "o": "w_o_diag"}


def basic_rnn_from_tf1(kernel: Array, bias: Array, activation: str = "tanh") -> BasicRNNCell:
    """`tf.nn.rnn_cell.BasicRNNCell`: kernel `[input+hidden, hidden]`, bias `[hidden]`; else ShapeError."""
    expect_one_kind({"kernel": kernel, "bias": bias})
    _expect_joined("kernel", kernel, "bias", bias)
    return BasicRNNCell(kernel=_copy(kernel), bias=_copy(bias), activation=activation)


def basic_rnn_to_tf1(cell: BasicRNNCell) -> dict[str, Array]:
    """The variables of a `BasicRNNCell` by name; its activation is an argument there, and no variable."""
    expect_cell(TF1, "basic_rnn", cell)
    return {"kernel": _copy(cell.kernel), "bias": _copy(cell.bias)}


def lstm_from_tf1(
    kernel: Array,
    bias: Array,
    forget_bias: float = 1.0,
    *,
    peepholes: Mapping[str, Array] | None = None,
    projection: Array | None = None,
    cell_clip: float | None = None,
    proj_clip: float | None = None,
) -> LSTMCell:
    """`tf.nn.rnn_cell.BasicLSTMCell` and `LSTMCell`: gates i, j, f, o in the columns.

    kernel       `[input+hidden, 4*hidden]`, of x first and then of h (of `input+projected` rows with a projection)
    bias         `[4*hidden]`
    forget_bias  what TensorFlow 1 adds to f in every step; it becomes part of our bias, so the step adds nothing.
                 A checkpoint does not say it: it is an argument of the cell, 1.0 unless the program gave another
    peepholes    a mapping with `w_i_diag`, `w_f_diag` and `w_o_diag`, each `[hidden]` (`use_peepholes=True`)
    projection   the variable `projection/kernel`, `[hidden, projected]` (`num_proj`)

    Raises ShapeError for shapes that do not fit together, KeyError for a peephole that is missing.
    """
    arrays, p = {"kernel": kernel, "bias": bias, "projection": projection}, None
    if peepholes is not None:
        missing = PEEPHOLES.values() - peepholes.keys()
        if missing:
            raise KeyError(
                f"peepholes: expected {', '.join(PEEPHOLES.values())}, missing: {', '.join(sorted(missing))}"
            )
        arrays |= {name: peepholes[name] for name in PEEPHOLES.values()}
        p = LSTMPeepholes(**{gate: _copy(peepholes[name]) for gate, name in PEEPHOLES.items()})
    expect_one_kind(arrays)
    _expect_joined("kernel", kernel, "bias", bias, blocks=4, rows=None if projection is None else projection.shape[-1])
    cell = LSTMCell(
        kernel=_copy(kernel),
        bias=_add_to_forget(bias, forget_bias),
        peepholes=p,
        projection=None if projection is None else _copy(projection),
        cell_clip=cell_clip,
        proj_clip=proj_clip,
    )
    expect_options(cell)
    return cell


def lstm_to_tf1(cell: LSTMCell, forget_bias: float = 1.0) -> dict[str, Array]:
    """The variables of TensorFlow 1's `LSTMCell` by name, for a cell built there with this `forget_bias`.

    The bias is what remains after `forget_bias` is taken off f; to add it again gives the same bias up to rounding.
    Clipping is an argument of the cell there, and no variable.
    """
    expect_cell(TF1, "lstm", cell)
    variables = {"kernel": _copy(cell.kernel), "bias": _add_to_forget(cell.bias, -forget_bias)}
    if cell.peepholes is not None:
        variables |= {name: _copy(getattr(cell.peepholes, gate)) for gate, name in PEEPHOLES.items()}
    if cell.projection is not None:
        variables["projection/kernel"] = _copy(cell.projection)
    return variables


def gru_from_tf1(gates_kernel: Array, gates_bias: Array, candidate_kernel: Array, candidate_bias: Array) -> GRUCell:
    """`tf.nn.rnn_cell.GRUCell`: gates r, u in the columns, and the reset gate before the product.

    The four arrays are the variables `gates/kernel` `[input+hidden, 2*hidden]`, `gates/bias` `[2*hidden]`,
    `candidate/kernel` `[input+hidden, hidden]` and `candidate/bias` `[hidden]`. ShapeError if they do not fit.
    """
    arrays = {
        "gates_kernel": gates_kernel,
        "gates_bias": gates_bias,
        "candidate_kernel": candidate_kernel,
        "candidate_bias": candidate_bias,
    }
    expect_one_kind(arrays)
    hidden = _expect_joined("gates_kernel", gates_kernel, "gates_bias", gates_bias, blocks=2)
    expect_shape("candidate_bias", candidate_bias, "hidden", hidden=hidden)
    _expect_joined("candidate_kernel", candidate_kernel, "candidate_bias", candidate_bias)
    expect_shape("candidate_kernel", candidate_kernel, "input+hidden hidden", **{"input+hidden": gates_kernel.shape[0]})
    return GRUCell(**{name: _copy(array) for name, array in arrays.items()}, reset_after=False)


def gru_to_tf1(cell: GRUCell) -> dict[str, Array]:
    """The variables of TensorFlow 1's `GRUCell` by name; ValueError for a cell with `reset_after=True`."""
    expect_cell(TF1, "gru", cell)
    return {
        "gates/kernel": _copy(cell.gates_kernel),
        "gates/bias": _copy(cell.gates_bias),
        "candidate/kernel": _copy(cell.candidate_kernel),
        "candidate/bias": _copy(cell.candidate_bias),
    }


def state_from_tf1(state: Any) -> LSTMStateTuple:
    """The state of an LSTM, (c, h), or `[batch, 2*hidden]` of a cell with `state_is_tuple=False`, c before h.

    The state of a basic RNN or a GRU is the same array here and there. Raises ValueError for anything else.
    """
    if isinstance(state, tuple | list) and len(state) == 2:
        c, h = state
        return LSTMStateTuple(c=c, h=h)
    if isinstance(state, tuple | list):
        raise ValueError(f"state: expected the pair (c, h) of one LSTM, got {len(state)} parts; convert layer by layer")
    width = expect_shape("state", state, "batch 2*hidden")["2*hidden"]
    return LSTMStateTuple(c=state[:, : width // 2], h=state[:, width // 2 :])


def state_to_tf1(state: LSTMStateTuple) -> tuple[Array, Array]:
    """(c, h)."""
    return state.c, state.h


def _expect_joined(
    kernel_name: str, kernel: Array, bias_name: str, bias: Array, blocks: int = 1, rows: int | None = None
) -> int:
    """Check a kernel `[input+hidden, blocks*hidden]` against its bias, and return hidden; `rows` are those of h."""
    wide = f"{blocks}*hidden" if blocks > 1 else "hidden"
    width = expect_shape(bias_name, bias, wide)[wide]
    if width % blocks:
        raise ShapeError(f"{bias_name}: expected [{wide}], got [{width}], which {blocks} does not divide")
    cause = transposed(TF1, kernel, width)
    expect_shape(kernel_name, kernel, f"input+hidden {wide}", cause=cause, **{wide: width})
    rows = width // blocks if rows is None else rows
    if kernel.shape[0] <= rows:
        raise ShapeError(
            f"{kernel_name}: expected more than {rows} rows, the width of h, got {list(kernel.shape)}. Likely cause: "
            "the rows of x or of h are missing; TensorFlow 1 keeps one kernel for both, x first"
        )
    return width // blocks


def _add_to_forget(bias: Array, forget_bias: float) -> Array:
    added, hidden = _copy(bias), bias.shape[0] // 4
    added[2 * hidden : 3 * hidden] += forget_bias  # i, j, f, o; the copy is ours
    return added


def _copy(x: Array) -> Array:
    return reorder(x, "x", "x")
