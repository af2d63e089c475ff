"""ONNX: the operators RNN, LSTM and GRU, whose arrays begin with an axis of directions, forward before reverse."""

from collections.abc import Sequence
from typing import Any

from rnn_course.activations import forward_of
from rnn_course.arrays import Array, array_namespace
from rnn_course.cells import LSTMStateTuple
from rnn_course.convert.layouts import BLOCKS, ONNX
from rnn_course.convert.pieces import expect_cell, expect_one_kind, from_cell, read, to_cell, write
from rnn_course.lstm_options import LSTMPeepholes
from rnn_course.shapes import expect_shape


def basic_rnn_from_onnx(W: Array, R: Array, B: Array | None = None, activations: Sequence[str] = ("Tanh",)) -> Any:
    """The operator RNN: W `[directions, hidden, input]`, R `[directions, hidden, hidden]`, B `[directions, 2*hidden]`.

    `activations` is the attribute of the operator, one name ("Tanh", "Relu", "Sigmoid") for each direction, or for
    all. The square R does not show whether it is transposed. The rest is as in `lstm_from_onnx`.
    """
    names = [name.lower() for name in activations]
    for name in names:
        forward_of(name)
    if len(names) not in (1, len(W)):
        raise ValueError(
            f"activations: expected one name for each direction, got {len(names)} for {len(W)} direction(s)"
        )
    return _read("basic_rnn", W, R, B, [{"activation": name} for name in names])


def basic_rnn_to_onnx(cell: Any) -> dict[str, Any]:
    """W, R, B and activations of the operator RNN, for a cell or a pair (forward, reverse) of cells.

    Raises ValueError for an activation that ONNX does not have: linear, or a function of your own.
    """
    weights, names = _write("basic_rnn", cell), [one.activation for one in _directions(cell)]
    for name in names:
        if name not in ("relu", "sigmoid", "tanh"):
            raise ValueError(f"basic_rnn_to_onnx: the operator RNN has relu, sigmoid or tanh, got {name}")
    return weights | {"activations": [name.capitalize() for name in names]}


def lstm_from_onnx(W: Array, R: Array, B: Array | None = None, P: Array | None = None) -> Any:
    """The operator LSTM, gates i, o, f, c in the rows: an LSTMCell, or for two directions the pair (forward, reverse).

    W  `[directions, 4*hidden, input]`
    R  `[directions, 4*hidden, hidden]`
    B  `[directions, 8*hidden]`: the biases beside x, then those beside h; zeros if None
    P  `[directions, 3*hidden]`: the peepholes i, o, f; none if None

    The attributes activations, clip and input_forget must have their defaults. Raises ShapeError for shapes that do
    not fit together, TypeError for arrays of different types.
    """
    return _read("lstm", W, R, B, P=P)


def lstm_to_onnx(cell: Any) -> dict[str, Array]:
    """W, R, B and, with peepholes, P of the operator LSTM, for a cell or a pair (forward, reverse) of cells.

    Raises ValueError for a cell with a projection or clipping: the attribute `clip` of ONNX cuts other numbers.
    """
    weights = _write("lstm", cell)
    cells = _directions(cell)
    if any(one.peepholes is not None for one in cells):
        xp, order = array_namespace(weights["W"]), ONNX.peepholes
        if any(one.peepholes is None for one in cells):
            raise ValueError("lstm_to_onnx: either both directions have peepholes or none; set the others to zeros")
        rows = [xp.concat([getattr(one.peepholes, gate) for gate in order], axis=0) for one in cells]
        weights["P"] = xp.stack(rows, axis=0)  # [directions, 3*hidden]
    return weights


def gru_from_onnx(W: Array, R: Array, B: Array | None = None, linear_before_reset: int = 0) -> Any:
    """The operator GRU, gates z, r, h in the rows; z is our u. B is `[directions, 6*hidden]`.

    `linear_before_reset` is the attribute of the operator: 0, its default, applies the reset gate before the product
    with h, anything else after it. The rest is as in `lstm_from_onnx`.
    """
    return _read("gru", W, R, B, [{"reset_after": bool(linear_before_reset)}])


def gru_to_onnx(cell: Any) -> dict[str, Any]:
    """W, R, B and linear_before_reset of the operator GRU, for a cell or a pair (forward, reverse) of cells."""
    after = {one.reset_after for one in _directions(cell) if hasattr(one, "reset_after")}
    if len(after) > 1:
        raise ValueError(
            "gru_to_onnx: one direction has reset_after=True and one False; the operator has one attribute"
        )
    return _write("gru", cell) | {"linear_before_reset": int(True in after)}


def state_from_onnx(h: Array, c: Array | None = None) -> Any:
    """initial_h and initial_c, or Y_h and Y_c, `[directions, batch, hidden]`, as the state of a cell or a pair of them.

    c is None for a basic RNN or a GRU.
    """
    directions = expect_shape("h", h, "directions batch hidden")["directions"]
    if c is not None:
        expect_shape("c", c, "directions batch hidden", directions=directions, batch=h.shape[1])
    states = tuple(h[k, ...] if c is None else LSTMStateTuple(c=c[k, ...], h=h[k, ...]) for k in range(directions))
    return states[0] if directions == 1 else states


def state_to_onnx(state: Any) -> dict[str, Array]:
    """initial_h and, for an LSTM, initial_c, for the state of a cell or the pair of states of two directions."""
    states = _directions(state)
    stack = array_namespace(states[0][0] if isinstance(states[0], tuple) else states[0]).stack
    if not isinstance(states[0], LSTMStateTuple):
        return {"initial_h": stack(states, axis=0)}
    by_name = {"initial_h": [one.h for one in states], "initial_c": [one.c for one in states]}
    return {name: stack(parts, axis=0) for name, parts in by_name.items()}


def _directions(thing: Any) -> list:
    return list(thing) if isinstance(thing, tuple | list) and not hasattr(thing, "_fields") else [thing]


def _read(kind: str, W: Array, R: Array, B: Array | None, options: Any = ({},), P: Array | None = None) -> Any:
    """A cell for each direction; `options` are the other fields of the cells, one for each direction or for all."""
    expect_one_kind({"W": W, "R": R, "B": B, "P": P})
    directions = expect_shape("W", W, f"directions {BLOCKS[kind]}*hidden input")["directions"]
    expect_shape("R", R, f"directions {BLOCKS[kind]}*hidden hidden'", directions=directions)
    hidden = min(R.shape[1:])
    if B is not None:
        cause = "only one bias; ONNX keeps two, that beside x first" if B.shape[-1] == BLOCKS[kind] * hidden else ""
        wide = f"{2 * BLOCKS[kind]}*hidden"
        sizes = {"directions": directions, wide: 2 * BLOCKS[kind] * hidden}
        expect_shape("B", B, f"directions {wide}", cause=cause, **sizes)
    if P is not None:
        expect_shape("P", P, "directions 3*hidden", **{"directions": directions, "3*hidden": 3 * hidden})
    cells = []
    for k, extra in zip(range(directions), list(options) * (directions if len(options) == 1 else 1), strict=True):
        half = BLOCKS[kind] * hidden
        arrays = {f"W[{k}]": W[k, ...], f"R[{k}]": R[k, ...]}
        arrays |= {
            f"B[{k}, :{half}]": None if B is None else B[k, :half],
            f"B[{k}, {half}:]": None if B is None else B[k, half:],
        }
        if P is not None:
            weights = {gate: P[k, n * hidden : (n + 1) * hidden] for n, gate in enumerate(ONNX.peepholes)}
            extra = {"peepholes": LSTMPeepholes(**weights)}
        cells.append(to_cell(kind, read(ONNX, kind, arrays), **extra))
    return cells[0] if directions == 1 else tuple(cells)


def _write(kind: str, cell: Any) -> dict[str, Any]:
    for one in _directions(cell):
        expect_cell(ONNX, kind, one)
    layers = [write(ONNX, kind, from_cell(one)) for one in _directions(cell)]
    xp = array_namespace(layers[0].kernel)
    return {
        "W": xp.stack([layer.kernel for layer in layers], axis=0),
        "R": xp.stack([layer.recurrent for layer in layers], axis=0),
        "B": xp.stack([xp.concat([layer.bias, layer.recurrent_bias], axis=0) for layer in layers], axis=0),
    }
