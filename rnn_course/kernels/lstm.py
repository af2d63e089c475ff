"""A plain LSTM over a whole sequence in NumPy: the numbers of a loop over `LSTMCell.forward`, at the machine's speed.

It is the mathematics of the cell, rearranged. Read the cell first. What is different, and why:

- Each step multiplies its rows [x, h, 1] by kernel and bias in one product, in place, and h' is written straight into
  the row of the next step. The views of all steps are made once and used again (`LSTMBuffers`).
- The gates stand apart, `[batch, hidden]` each, in the order o, i, f, j, and behind them c: three sigmoids side by
  side, three gates that reach c', and [i, f] · [j, c] in one call. As σ(z) = ½·tanh(z/2) + ½, with the ½ folded into
  the weights, one tanh serves all four.
- What backward needs of the gates, such as j·i·(1 − i), is computed for some steps at once, while they are in cache.
- The gradients of the weights are one product after the loop, and so is that of x.

For backward it holds 6 · time · batch · hidden numbers and the rows [x, h, 1]; while that runs, 4 more; without
backward only the rows.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from rnn_course.kernels.blocks import SMALL
from rnn_course.kernels.lstm_buffers import C, LSTMBuffers
from rnn_course.kernels.pool import Loan
from rnn_course.kernels.rows import lengths_of


def arrays(cell: Any, state: Any) -> tuple:
    """What has to be of the inputs' library and kind of numbers."""
    return cell.kernel, cell.bias, state.c, state.h


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
    buffers.rows[:time, :, buffers.x] = inputs
    buffers.rows[0, :, buffers.h] = state.h
    buffers.gates[0, C] = state.c
    buffers.load(cell.kernel, cell.bias)
    steps = buffers.steps
    if alive is not None:
        buffers.clear(alive)
        steps = buffers.views(alive)
    _forward(buffers, steps)
    outputs = buffers.rows[1:, :, buffers.h].copy()
    final = _final(state, buffers, alive)

    def backward(d_outputs: np.ndarray, d_final: Any) -> tuple[Any, np.ndarray, Any]:
        held: LSTMBuffers = loan.buffers
        with held.lock:
            return _backward(cell, held, alive, d_outputs, d_final)

    return outputs, final, backward


def _forward(buffers: LSTMBuffers, steps: list[tuple]) -> None:
    half, matmul, dot, tanh = buffers.half, np.matmul, np.dot, np.tanh
    multiply, add = np.multiply, np.add  # out is the last argument: by position, for its name costs a tenth of the call
    one_row = buffers.batch == 1
    if one_row:  # x of all steps at once, then a vector times a matrix each step
        inputs, flat, from_h = buffers.inputs, buffers.weights.reshape(buffers.rows.shape[2], -1), buffers.from_h
        from_x = buffers.gates.reshape(len(buffers.gates), -1)[:-1, : flat.shape[1]]
        matmul(buffers.rows[:-1, 0, buffers.x], flat[:inputs], from_x)
        from_x += flat[-1]
        recurrent, flat_from_h = flat[buffers.h], from_h.reshape(-1)
    for row, products, gates, sigmoids, i_f, j_c, sums, first, second, new_c, tanh_c, o, h in steps:
        if one_row:
            dot(products, recurrent, flat_from_h)
            add(gates, from_h, gates)
        else:
            for weights, blocks in products:
                matmul(row, weights, blocks)
        tanh(gates, gates)
        multiply(sigmoids, half, sigmoids)
        add(sigmoids, half, sigmoids)
        multiply(i_f, j_c, sums)
        add(first, second, new_c)  # c' = i·j + f·c
        tanh(new_c, tanh_c)
        multiply(o, tanh_c, h)


def _final(state: Any, buffers: LSTMBuffers, alive: list[int] | None) -> Any:
    """The state after the last step of each row."""
    lengths, batch = buffers.time, slice(None)
    if alive is not None:
        lengths, batch = lengths_of(alive, buffers.batch), np.arange(buffers.batch)
    step = lengths if buffers.keep else 0  # without `keep` a row's c stays where it was last written
    return type(state)(c=buffers.gates[step, C, batch].copy(), h=buffers.rows[lengths, batch, buffers.h].copy())


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
    d_state = type(d_final)(c=buffers.d_c.copy(), h=buffers.d_h.copy())
    return type(cell)(d_kernel, d_bias), d_inputs, d_state


def _factors(parts: tuple, one: np.ndarray) -> None:
    """By what d_c reaches i, j and f before their activations, d_h reaches o, and d_h reaches d_c."""
    of_i_f, i_f, j_c, of_o, o, tanh_c, of_tanhs, tanhs, i_o = parts
    multiply, subtract = np.multiply, np.subtract
    for of_sigmoid, sigmoid, other in ((of_i_f, i_f, j_c), (of_o, o, tanh_c)):
        multiply(sigmoid, sigmoid, of_sigmoid)
        subtract(sigmoid, of_sigmoid, of_sigmoid)  # σ' = σ·(1 − σ)
        multiply(of_sigmoid, other, of_sigmoid)
    multiply(tanhs, tanhs, of_tanhs)
    subtract(one, of_tanhs, of_tanhs)  # tanh' = 1 − tanh², of j and of c'
    multiply(of_tanhs, i_o, of_tanhs)


def _through_time(buffers: LSTMBuffers, steps: list[tuple], d_outputs: np.ndarray) -> None:
    multiply, add = np.multiply, np.add
    matmul = np.dot if buffers.batch == 1 else np.matmul
    in_pieces, total = buffers.pieces > 1, np.add.reduce
    for t, n, of_o, of_c, of_i_j_f, f, d_o, d_i_j_f, d_h, d_c, product, d_z, onto, pieces in steps:
        add(d_h, d_outputs[t, :n], d_h)
        multiply(d_h, of_c, product)
        add(d_c, product, d_c)
        multiply(d_h, of_o, d_o)
        multiply(d_c, of_i_j_f, d_i_j_f)
        multiply(d_c, f, d_c)
        for weights, blocks in onto:
            matmul(d_z, weights, blocks)
        if in_pieces:
            total(pieces, 0, None, d_h)


def _of_weights_and_inputs(buffers: LSTMBuffers, kernel: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """d_kernel, d_bias and d_inputs: one product over all steps and rows for each."""
    time, batch, inputs = buffers.time, buffers.batch, buffers.inputs
    d_weights = np.matmul(buffers.all_rows, buffers.all_d_z)
    from_x = kernel[:inputs].T
    if batch > 4 and batch * from_x.size <= SMALL:
        d_inputs = np.matmul(buffers.d_z, np.ascontiguousarray(from_x))
    else:
        d_inputs = np.matmul(buffers.all_d_z, from_x).reshape(time, batch, inputs)
    return d_weights[:-1], d_weights[-1], d_inputs
