"""A `GRUCell`, of both kinds, over a whole sequence in NumPy.

What x adds to the gates is computed for all steps before the loop. The gates stand apart, `[3, batch, hidden]` in the
order r, u, n, so that one tanh serves both sigmoids. The gradients of the weights and of x are products after the loop.

For backward it holds 5 · time · batch · hidden numbers and x; while that runs, 4 more.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from rnn_course.kernels.blocks import by_blocks
from rnn_course.kernels.gru_buffers import GRUBuffers
from rnn_course.kernels.pool import Loan
from rnn_course.kernels.rows import lengths_of


def arrays(cell: Any, state: Any) -> tuple:
    """As `lstm.arrays`."""
    recurrent = () if cell.candidate_recurrent_bias is None else (cell.candidate_recurrent_bias,)
    return cell.gates_kernel, cell.gates_bias, cell.candidate_kernel, cell.candidate_bias, *recurrent, state


def fits(cell: Any, inputs: Any, state: Any) -> bool:
    """Whether all shapes are as they should be, and a recurrent bias only where it is used."""
    (_, batch, width), hidden = inputs.shape, cell.candidate_bias.shape[0]
    recurrent = cell.candidate_recurrent_bias
    return (
        tuple(cell.gates_kernel.shape) == (width + hidden, 2 * hidden)
        and tuple(cell.gates_bias.shape) == (2 * hidden,)
        and tuple(cell.candidate_kernel.shape) == (width + hidden, hidden)
        and tuple(cell.candidate_bias.shape) == (hidden,)
        and (recurrent is None or (cell.reset_after and tuple(recurrent.shape) == (hidden,)))
        and tuple(state.shape) == (batch, hidden)
    )


def run(
    cell: Any, inputs: np.ndarray, state: Any, *, alive: list[int] | None, keep: bool
) -> tuple[np.ndarray, Any, Callable]:
    """As `lstm.run`; it keeps all steps in any case."""
    time, rows, width = inputs.shape
    hidden, kind, after = cell.candidate_bias.shape[0], inputs.dtype, bool(cell.reset_after)
    key = "gru", inputs.shape, hidden, kind, after
    loan = Loan(key, lambda: GRUBuffers(time, rows, width, hidden, kind, after))
    buffers: GRUBuffers = loan.buffers
    batch = np.arange(rows)
    buffers.load(cell)
    buffers.rows[:-1, :, hidden:-1] = inputs
    buffers.rows[0, :, :hidden] = state
    steps = buffers.steps
    if alive is not None:
        buffers.clear(alive)
        steps = buffers.views(alive)
    buffers.share_of_x()
    (_forward_after if buffers.after else _forward_before)(buffers, steps)
    outputs = buffers.rows[1:, :, :hidden].copy()
    final = buffers.rows[lengths_of(alive or [rows] * time, rows), batch, :hidden]

    def backward(d_outputs: np.ndarray, d_final: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray]:
        held: GRUBuffers = loan.buffers
        with held.lock:
            return _backward(cell, held, alive or [rows] * time, d_outputs, d_final)

    return outputs, final, backward


def _forward_before(buffers: GRUBuffers, steps: list[tuple]) -> None:
    """n = tanh(x's share + (r·h) @ Wh)."""
    for h, (of_gates, of_candidate), from_h, (r, u, n), gates, r_h, difference, new_h in steps:
        _multiply(h, of_gates)
        np.add(gates, from_h[:2], gates)
        _sigmoid_of_twice(gates, buffers.half)
        np.multiply(r, h, r_h)
        _multiply(r_h, of_candidate)
        np.add(n, from_h[2], n)
        _new_state(h, u, n, difference, new_h)


def _forward_after(buffers: GRUBuffers, steps: list[tuple]) -> None:
    """n = tanh(x's share + r·(h @ Wh + bias))."""
    for h, (of_all, _), from_h, (r, u, n), gates, candidate_from_h, difference, new_h in steps:
        _multiply(h, of_all)
        np.add(gates, from_h[:2], gates)
        _sigmoid_of_twice(gates, buffers.half)
        np.add(from_h[2], buffers.h_bias, candidate_from_h)
        np.multiply(r, candidate_from_h, difference)
        np.add(n, difference, n)
        _new_state(h, u, n, difference, new_h)


def _multiply(left: np.ndarray, onto: list[tuple]) -> None:
    for weights, blocks in onto:
        np.matmul(left, weights, blocks)


def _sigmoid_of_twice(gates: np.ndarray, half: np.ndarray) -> None:
    """σ(2z), in place; the weights are halved."""
    np.tanh(gates, gates)
    np.multiply(gates, half, gates)
    np.add(gates, half, gates)


def _new_state(h: np.ndarray, u: np.ndarray, n: np.ndarray, difference: np.ndarray, new_h: np.ndarray) -> None:
    """h' = u·h + (1 − u)·tanh(n), as tanh(n) + u·(h − tanh(n))."""
    np.tanh(n, n)
    np.subtract(h, n, difference)
    np.multiply(u, difference, difference)
    np.add(n, difference, new_h)


def _backward(
    cell: Any, buffers: GRUBuffers, alive: list[int], d_outputs: np.ndarray, d_final: np.ndarray
) -> tuple[Any, np.ndarray, np.ndarray]:
    buffers.prepare_backward()
    buffers.load_backward(cell)
    buffers.d_h[...] = d_final
    for t, n in enumerate(alive):
        buffers.d_z[t, n:] = 0
    for end in range(buffers.time, 0, -buffers.chunk):
        start = max(0, end - buffers.chunk)
        _factors(buffers, start, end)
        for t in range(end - 1, start - 1, -1):
            _step_back(buffers, t, t - start, alive[t], d_outputs[t, : alive[t]])
    d_cell, d_inputs = _of_weights_and_inputs(cell, buffers)
    return d_cell, d_inputs, buffers.d_h.copy()


def _factors(buffers: GRUBuffers, start: int, end: int) -> None:
    """By what the gradients reach r, u and n before their activations."""
    of_r, of_u, of_n = buffers.factors[:, : end - start]
    r, u, n = buffers.gates[start:end].swapaxes(0, 1)
    h = buffers.rows[start:end, :, : buffers.hidden]
    np.multiply(n, n, out=of_n)
    np.subtract(buffers.one, of_n, out=of_n)
    np.subtract(buffers.one, u, out=of_u)
    np.multiply(of_n, of_u, out=of_n)  # (1 − n²)·(1 − u)
    np.multiply(of_u, u, out=of_u)
    np.subtract(h, n, out=of_r)
    np.multiply(of_u, of_r, out=of_u)  # u·(1 − u)·(h − n)
    np.subtract(buffers.one, r, out=of_r)
    np.multiply(of_r, r, out=of_r)
    np.multiply(of_r, buffers.reset[start:end] if buffers.after else h, out=of_r)  # r·(1 − r)·what r multiplies


def _step_back(buffers: GRUBuffers, t: int, k: int, n: int, d_output: np.ndarray) -> None:
    hidden = buffers.hidden
    d_h, product, d_reset = buffers.d_h[:n], buffers.scratch[:n], buffers.d_reset[:n]
    d_n, d_r, d_u, d_from_h = buffers.d_z[t, :n].reshape(n, 4, hidden).swapaxes(0, 1)
    of_r, of_u, of_n = buffers.factors[:, k, :n]
    r, u, _ = buffers.gates[t, :, :n]
    np.add(d_h, d_output, d_h)
    np.multiply(d_h, of_n, d_n)
    np.multiply(d_h, of_u, d_u)
    np.multiply(d_h, u, d_h)
    if buffers.after:
        np.multiply(d_n, r, d_from_h)
        np.multiply(d_n, of_r, d_r)
        d_recurrent = buffers.d_z[t, :n, hidden:]
    else:
        _multiply(d_n, buffers.back_candidate.onto(d_reset[None]))
        np.multiply(d_reset, of_r, d_r)
        np.multiply(d_reset, r, d_reset)
        np.add(d_h, d_reset, d_h)
        d_recurrent = buffers.d_z[t, :n, hidden : 3 * hidden]
    pieces = buffers.d_h_pieces[:, :n]
    _multiply(by_blocks(d_recurrent, len(pieces))[:, None], buffers.back_blocks.onto(pieces))
    np.sum(pieces, axis=0, out=product)
    np.add(d_h, product, d_h)


def _of_weights_and_inputs(cell: Any, buffers: GRUBuffers) -> tuple[Any, np.ndarray]:
    """The gradients of all weights and of the inputs: one product over all steps and rows for each."""
    time, batch, inputs, hidden = buffers.time, buffers.batch, buffers.inputs, buffers.hidden
    d_z = buffers.d_z.reshape(time * batch, -1)
    rows = buffers.rows[:-1].reshape(time * batch, -1)
    d_n, d_gates = d_z[:, :hidden], d_z[:, hidden : 3 * hidden]
    of_gates, of_x = rows.T @ d_gates, rows[:, hidden:].T @ d_n
    if buffers.after:
        d_from_h = d_z[:, 3 * hidden :]
        of_h = rows[:, :hidden].T @ d_from_h
        d_recurrent_bias = None if cell.candidate_recurrent_bias is None else d_from_h.sum(axis=0)
    else:
        of_h, d_recurrent_bias = buffers.reset.reshape(time * batch, -1).T @ d_n, None
    d_cell = cell._replace(
        gates_kernel=np.concatenate([of_gates[hidden:-1], of_gates[:hidden]]),
        gates_bias=of_gates[-1].copy(),
        candidate_kernel=np.concatenate([of_x[:-1], of_h]),
        candidate_bias=of_x[-1].copy(),
        candidate_recurrent_bias=d_recurrent_bias,
    )
    from_x = np.concatenate([cell.candidate_kernel[:inputs], cell.gates_kernel[:inputs]], axis=1).T
    return d_cell, (d_z[:, : 3 * hidden] @ from_x).reshape(time, batch, inputs)
