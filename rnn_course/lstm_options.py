"""What an LSTM may have beside its gates: peepholes, a projection of the output, and clipping.

All four are fields of `LSTMCell`, None where they are not wanted. A plain LSTM never comes here.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from rnn_course.activations import sigmoid
from rnn_course.arrays import Array, array_namespace, split_columns
from rnn_course.shape_types import Float
from rnn_course.shapes import expect_shape
from rnn_course.tree import is_array


class LSTMPeepholes(NamedTuple):
    """Weights through which the gates look at c: one number a unit for each gate (Gers & Schmidhuber 2000).

    The input and the forget gate look at the old c, the output gate at the new one.
    """

    i: Float[Array, " hidden"]
    f: Float[Array, " hidden"]
    o: Float[Array, " hidden"]


def initial_peepholes(hidden_size: int, rng: np.random.Generator) -> LSTMPeepholes:
    """Uniform in ±√(3 / hidden): for TensorFlow 1, a vector has as many inputs as outputs."""
    limit = np.sqrt(3.0 / hidden_size)
    return LSTMPeepholes(*(rng.uniform(-limit, limit, hidden_size) for _ in LSTMPeepholes._fields))


def expect_options(cell: Any) -> None:
    """Check the optional fields of an LSTM: ShapeError for the shapes, TypeError or ValueError for the limits."""
    hidden = cell.bias.shape[0] // 4
    if cell.peepholes is not None:
        if not isinstance(cell.peepholes, LSTMPeepholes):
            raise TypeError(
                f"peepholes: expected LSTMPeepholes(i=…, f=…, o=…), got {type(cell.peepholes).__name__}; "
                "only LSTMCell.init takes peepholes=True"
            )
        for name, weights in zip(LSTMPeepholes._fields, cell.peepholes, strict=True):
            expect_shape(f"peepholes.{name}", weights, "hidden", hidden=hidden)
    if cell.projection is not None:
        expect_shape("projection", cell.projection, "hidden projected", hidden=hidden)
    elif cell.proj_clip is not None:
        raise ValueError("proj_clip: there is no projection to clip; set `projection` too, or use cell_clip for c")
    _expect_limit("cell_clip", cell.cell_clip)
    _expect_limit("proj_clip", cell.proj_clip)


def _expect_limit(name: str, limit: Any) -> None:
    if limit is None:
        return
    if is_array(limit) or isinstance(limit, bool) or not isinstance(limit, int | float):
        raise TypeError(f"{name}: expected a Python number, got {type(limit).__name__}: an array would be a weight")
    if not limit > 0:
        raise ValueError(f"{name}: expected a number above 0, got {limit}: values are cut at ±{name}")


def forward_with_options(cell: Any, x: Float[Array, "batch input"], state: Any) -> tuple[Array, Any, Callable]:
    """`LSTMCell.forward` with the options: one step and its backward. `p` are the peepholes, `·` is elementwise.

    c' = clip(σ(f + p.f·c)·c + σ(i + p.i·c)·tanh(j)) and h' = clip(σ(o + p.o·c')·tanh(c') @ projection).
    """
    expect_options(cell)
    xp = array_namespace(x)
    p = cell.peepholes
    xh = xp.concat([x, state.h], axis=1)  # [batch, input + output]
    i, j, f, o = split_columns(xh @ cell.kernel + cell.bias, 4)  # each [batch, hidden]
    if p is not None:
        i, f = i + p.i * state.c, f + p.f * state.c
    i, j, f = sigmoid(i), xp.tanh(j), sigmoid(f)
    c, clip_c_backward = _clip_forward(f * state.c + i * j, cell.cell_clip)
    o = sigmoid(o if p is None else o + p.o * c)
    tanh_c = xp.tanh(c)
    h, project_backward = _project_forward(o * tanh_c, cell.projection)
    h, clip_h_backward = _clip_forward(h, cell.proj_clip)

    def backward(d_output: Array, d_new_state: Any) -> tuple[Any, Array, Any]:
        d_projection, d_h = project_backward(clip_h_backward(d_output + d_new_state.h))  # d_h: before the projection
        d_o = d_h * tanh_c * o * (1 - o)
        d_c = d_new_state.c + d_h * o * (1 - tanh_c * tanh_c)
        if p is not None:
            d_c = d_c + d_o * p.o
        d_c = clip_c_backward(d_c)
        d_i, d_j = d_c * j * i * (1 - i), d_c * i * (1 - j * j)
        d_f = d_c * state.c * f * (1 - f)
        d_old_c, d_p = d_c * f, None
        if p is not None:
            d_old_c = d_old_c + d_i * p.i + d_f * p.f
            seen = LSTMPeepholes(i=d_i * state.c, f=d_f * state.c, o=d_o * c)
            d_p = LSTMPeepholes(*(xp.sum(d, axis=0) for d in seen))
        d_z = xp.concat([d_i, d_j, d_f, d_o], axis=1)  # [batch, 4*hidden]
        d_xh = d_z @ cell.kernel.T
        d_cell = cell._replace(kernel=xh.T @ d_z, bias=xp.sum(d_z, axis=0), peepholes=d_p, projection=d_projection)
        return d_cell, d_xh[:, : x.shape[1]], state._replace(c=d_old_c, h=d_xh[:, x.shape[1] :])

    return h, state._replace(c=c, h=h), backward


def _clip_forward(x: Array, limit: float | None) -> tuple[Array, Callable]:
    """y = x, but not beyond ±limit; dx = dy where nothing was cut (on the limit itself too), else 0."""
    if limit is None:
        return x, lambda d_output: d_output
    xp = array_namespace(x)
    outside = (x < -limit) | (x > limit)
    return xp.clip(x, -limit, limit), lambda d_output: xp.where(outside, 0 * d_output, d_output)


def _project_forward(h: Array, projection: Array | None) -> tuple[Array, Callable]:
    """y = h @ projection, and backward: dy -> d_projection, dh; without a projection y = h."""
    if projection is None:
        return h, lambda d_output: (None, d_output)
    return h @ projection, lambda d_output: (h.T @ d_output, d_output @ projection.T)
