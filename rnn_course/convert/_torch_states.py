"""The states of Torch: (h, c), each with one axis for all layers and directions; here, a state a layer, by name."""

from typing import Any

from rnn_course.arrays import Array, array_namespace
from rnn_course.arrays import _torch as import_torch
from rnn_course.cells import LSTMStateTuple
from rnn_course.convert.pieces import expect_backend, expect_one_kind, to_backend
from rnn_course.shapes import ShapeError


def state_from_torch(state: Any, bidirectional: bool = False, backend: str = "torch") -> Any:
    """(h, c) of an LSTM, or h of an RNN or a GRU, as the state of what `…_from_torch` makes of the same module.

    state          arrays `[layers*directions, batch, hidden]`, or `[batch, hidden]` of a one-step cell
    bidirectional  whether the module has two directions; their states are then pairs

    One layer gives one state (or pair), several give a tuple of them, bottom first.
    """
    expect_backend(backend)
    if isinstance(state, tuple | list) and len(state) != 2:
        raise ValueError(f"state: expected (h, c) of an LSTM or h alone, got {len(state)} parts")
    parts = dict(zip("hc", state, strict=True)) if isinstance(state, tuple | list) else {"h": state}
    expect_one_kind(parts)
    parts = {name: to_backend(array, backend) for name, array in parts.items()}
    rows = {tuple(array.shape[:-1]) for array in parts.values()}  # only the widths may differ, with a projection
    axes = {len(array.shape) for array in parts.values()}
    if len(rows) > 1 or not axes <= {2, 3}:
        got = ", ".join(f"{name} {list(array.shape)}" for name, array in parts.items())
        raise ShapeError(f"state: expected [layers*directions, batch, hidden] or [batch, hidden], got {got}")

    def at(k: Any) -> Any:
        return LSTMStateTuple(c=parts["c"][k], h=parts["h"][k]) if "c" in parts else parts["h"][k]

    if axes == {2}:
        return at(...)
    layers: list = [at((k, ...)) for k in range(parts["h"].shape[0])]
    if bidirectional:
        if len(layers) % 2:
            raise ShapeError(f"state: two directions have an even number of states, got {len(layers)}")
        layers = list(zip(layers[::2], layers[1::2], strict=True))
    return layers[0] if len(layers) == 1 else tuple(layers)


def state_to_torch(state: Any) -> Any:
    """The tensors (h, c), or h, `[layers*directions, batch, hidden]`, for a state as `state_from_torch` gives it.

    NumPy arrays become tensors on the CPU. Raises ShapeError if the layers have different widths.
    """
    import_torch()
    rows = _flat(to_backend(state, "torch"))
    if not isinstance(rows[0], LSTMStateTuple):
        return _stacked("h", rows)
    return _stacked("h", [row.h for row in rows]), _stacked("c", [row.c for row in rows])


def _flat(state: Any) -> list:
    if isinstance(state, tuple) and not hasattr(state, "_fields"):
        return [row for branch in state for row in _flat(branch)]
    return [state]


def _stacked(name: str, rows: list) -> Array:
    shapes = {tuple(row.shape) for row in rows}
    if len(shapes) > 1:
        raise ShapeError(f"state_to_torch: {name}: Torch keeps all layers in one array, got {sorted(shapes)}")
    return array_namespace(rows[0]).stack(rows, axis=0)
