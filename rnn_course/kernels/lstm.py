"""A plain LSTM over a whole sequence in NumPy: the numbers of a loop over `LSTMCell.forward`, at the machine's speed.

It is the mathematics of the cell, rearranged. Read the cell first. What is different, and why:

- Each step multiplies its rows [x, h, 1] by kernel and bias in one product, in place, and h' is written straight into
  the row of the next step. The views of all steps are made once and used again (`LSTMBuffers`).
- The gates stand apart, `[4, batch, hidden]`, in the order j, i, f, o: three sigmoids side by side, and three that
  reach c. As σ(z) = ½·tanh(z/2) + ½, with the ½ folded into the weights, one tanh serves all four.
- What backward needs of the gates, such as j·i·(1 − i), is computed for some steps at once, while they are in cache.
- The gradients of the weights are one product after the loop, and so is that of x.

For backward it holds 6 · time · batch · hidden numbers and the rows [x, h, 1]; while that runs, 4 more; without
backward only the rows.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from rnn_course.kernels.blocks import SMALL
from rnn_course.kernels.lstm_buffers import SWAP, LSTMBuffers
from rnn_course.kernels.pool import Loan
from rnn_course.kernels.rows import lengths_of


def fits(cell: Any, inputs: Any, state: Any) -> bool:
    """Whether the cell is plain and all shapes are as they should be; the loop says what is wrong with others."""
    (_, batch, width), hidden = inputs.shape, cell.bias.shape[0] // 4
    return (
        cell.is_plain
        and tuple(cell.bias.shape) == (4 * hidden,)
        and tuple(cell.kernel.shape) == (width + hidden, 4 * hidden)
        and tuple(state.c.shape) == tuple(state.h.shape) == (batch, hidden)
    )


def run(
    cell: Any, inputs: np.ndarray, state: Any, *, alive: list[int] | None, keep: bool
) -> tuple[np.ndarray, Any, Callable]:
    """The outputs, the states after the last step of each row, and backward: `(d_outputs, d_final)` to gradients.

    inputs  `[time, batch, input]`; of a ragged batch the longest rows come first
    alive   how many rows are alive at each step; all if None
    keep    whether backward will be called
    """
    time, batch, input_size = inputs.shape
    hidden = cell.bias.shape[0] // 4
    keep = keep or batch == 1
    sizes = time, batch, input_size, hidden, inputs.dtype, keep
    loan = Loan(("lstm", *sizes), lambda: LSTMBuffers(*sizes))
    buffers: LSTMBuffers = loan.buffers
    last = input_size + hidden
    buffers.rows[:time, :, :input_size] = inputs
    buffers.rows[0, :, input_size:last] = state.h
    buffers.c[0] = state.c
    buffers.load(cell.kernel, cell.bias)
    steps = buffers.steps
    if alive is not None:
        buffers.clear(alive)
        steps = buffers.views(alive)
    _forward(buffers, steps)
    outputs = buffers.rows[1:, :, input_size:last].copy()
    final = _final(state, buffers, alive)

    def backward(d_outputs: np.ndarray, d_final: Any) -> tuple[Any, np.ndarray, Any]:
        held: LSTMBuffers = loan.buffers
        with held.lock:
            return _backward(cell, held, alive, d_outputs, d_final)

    return outputs, final, backward


def _forward(buffers: LSTMBuffers, steps: list[tuple]) -> None:
    half, matmul, dot, tanh = buffers.half, np.matmul, np.dot, np.tanh
    multiply, add = np.multiply, np.add
    weights, scratch, one_row = buffers.weights, buffers.scratch, buffers.batch == 1
    if one_row:  # x of all steps at once, then a vector times a matrix each step
        inputs, flat = buffers.inputs, weights.reshape(weights.shape[0], -1)
        from_x = buffers.gates.reshape(buffers.time, -1)
        matmul(buffers.rows[:-1, 0, :inputs], flat[:inputs], out=from_x)
        from_x += flat[-1]
        from_h = np.empty((4, 1, buffers.hidden), buffers.kind)
        recurrent, flat_from_h = flat[inputs:-1], from_h.reshape(-1)
    for row, blocks, gates, sigmoids, j, i, f, o, c, new_c, tanh_c, h in steps:
        if one_row:
            dot(row[0, inputs:-1], recurrent, out=flat_from_h)
            add(gates, from_h, out=gates)
        else:
            matmul(row, weights, out=blocks)
        tanh(gates, out=gates)
        multiply(sigmoids, half, out=sigmoids)
        add(sigmoids, half, out=sigmoids)
        product = scratch[: len(c)]
        multiply(i, j, out=product)
        multiply(f, c, out=new_c)
        add(new_c, product, out=new_c)
        tanh(new_c, out=tanh_c)
        multiply(o, tanh_c, out=h)


def _final(state: Any, buffers: LSTMBuffers, alive: list[int] | None) -> Any:
    """The state after the last step of each row."""
    h, batch = slice(buffers.inputs, buffers.inputs + buffers.hidden), slice(None)
    lengths = buffers.time
    if alive is not None:
        lengths, batch = lengths_of(alive, buffers.batch), np.arange(buffers.batch)
    c = buffers.c[
        lengths if buffers.keep else 0, batch
    ].copy()  # without `keep` a row's c stays where it was last written
    return state._replace(c=c, h=buffers.rows[lengths, batch, h].copy())


def _backward(
    cell: Any, buffers: LSTMBuffers, alive: list[int] | None, d_outputs: np.ndarray, d_final: Any
) -> tuple[Any, np.ndarray, Any]:
    buffers.prepare_backward()
    buffers.load_backward(cell.kernel)
    chunks = buffers.back_steps
    if alive is not None:
        chunks = buffers.back_views(alive)
        for t, n in enumerate(alive):
            buffers.d_z[t, n:] = 0
    buffers.d_h[...], buffers.d_c[...] = d_final.h, d_final.c
    for parts, steps in chunks:
        _factors(parts, buffers.one)
        _through_time(buffers, steps, d_outputs)
    d_kernel, d_bias, d_inputs = _of_weights_and_inputs(buffers, cell.kernel)
    d_state = d_final._replace(c=buffers.d_c.copy(), h=buffers.d_h.copy())
    return cell._replace(kernel=d_kernel, bias=d_bias), d_inputs, d_state


def _factors(parts: tuple, one: np.ndarray) -> None:
    """By what d_c reaches j, i and f before their activations, d_h reaches o, and d_h reaches d_c."""
    of_sigmoids, sigmoids, of_j, of_i, of_f, of_o, of_c, j, i, _, o, c, tanh_c = parts
    multiply, subtract = np.multiply, np.subtract
    multiply(sigmoids, sigmoids, out=of_sigmoids)
    subtract(sigmoids, of_sigmoids, out=of_sigmoids)  # σ' = σ·(1 − σ)
    multiply(of_i, j, out=of_i)
    multiply(of_f, c, out=of_f)
    multiply(of_o, tanh_c, out=of_o)
    for of, tanh, other in ((of_j, j, i), (of_c, tanh_c, o)):
        multiply(tanh, tanh, out=of)
        subtract(one, of, out=of)  # tanh' = 1 − tanh²
        multiply(of, other, out=of)


def _through_time(buffers: LSTMBuffers, steps: list[tuple], d_outputs: np.ndarray) -> None:
    multiply, add, weights = np.multiply, np.add, buffers.back_weights
    one_row = buffers.batch == 1
    for t, n, of_jif, of_o, of_c, f, d_z, d_jif, d_o, d_h, d_h_blocks, d_c, product in steps:
        add(d_h, d_outputs[t, :n], out=d_h)
        multiply(d_h, of_c, out=product)
        add(d_c, product, out=d_c)
        multiply(d_h, of_o, out=d_o)
        multiply(d_c, of_jif, out=d_jif)
        multiply(d_c, f, out=d_c)
        if one_row:
            np.dot(d_z, weights[0], out=d_h)
        else:
            np.matmul(d_z, weights, out=d_h_blocks)


def _of_weights_and_inputs(buffers: LSTMBuffers, kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """d_kernel, d_bias and d_inputs: one product over all steps and rows for each, in the kernel's order of gates."""
    time, batch, inputs, hidden = buffers.time, buffers.batch, buffers.inputs, buffers.hidden
    d_z = buffers.d_z.reshape(time * batch, -1)
    summed = (buffers.rows[:time].reshape(time * batch, -1).T @ d_z).reshape(-1, 4, hidden)
    d_weights = np.empty_like(summed)
    from_x = np.empty((inputs, 4, hidden), buffers.kind)
    x_kernel = kernel[:inputs].reshape(inputs, 4, hidden)
    for places, gates in SWAP:
        d_weights[:, gates] = summed[:, places]
        from_x[:, places] = x_kernel[:, gates]
    d_weights = d_weights.reshape(-1, 4 * hidden)
    from_x = from_x.reshape(inputs, -1).T
    small = batch > 4 and batch * 4 * hidden * inputs <= SMALL
    d_inputs = np.matmul(buffers.d_z, from_x) if small else (d_z @ from_x).reshape(time, batch, inputs)
    return d_weights[:-1], d_weights[-1], d_inputs
