"""An LSTM over a sequence, forward and backward, as others write it. All take time-major float32 inputs.

Each function makes one from a cell, inputs and the gradient of the outputs, and returns what is to be measured: a
function without arguments that computes the outputs and all gradients.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from rnn_course.kernels import lstm
from rnn_course.kernels.blocks import best_blocks, by_blocks
from rnn_course.kernels.lstm_buffers import C, LSTMBuffers
from rnn_course.kernels.pool import aligned


def _sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def naive(kernel: np.ndarray, bias: np.ndarray, x: np.ndarray, d_outputs: np.ndarray) -> Callable:
    """One concatenation and one product a step, and the same on the way back: as in many a tutorial."""
    (time, batch, inputs), hidden = x.shape, len(bias) // 4

    def run() -> tuple:
        h, c, cache, outputs = np.zeros((batch, hidden), x.dtype), np.zeros((batch, hidden), x.dtype), [], []
        for t in range(time):
            xh = np.concatenate([x[t], h], axis=1)
            i, j, f, o = np.split(xh @ kernel + bias, 4, axis=1)
            i, j, f, o = _sigmoid(i), np.tanh(j), _sigmoid(f), _sigmoid(o)
            old_c, c = c, f * c + i * j
            h = o * np.tanh(c)
            outputs.append(h)
            cache.append((xh, i, j, f, o, old_c, c))
        d_kernel, d_bias, d_x = np.zeros_like(kernel), np.zeros_like(bias), np.empty_like(x)
        d_h = d_c = np.zeros((batch, hidden), x.dtype)
        for t in reversed(range(time)):
            xh, i, j, f, o, old_c, c = cache[t]
            d_h, tanh_c = d_h + d_outputs[t], np.tanh(c)
            d_c = d_c + d_h * o * (1 - tanh_c**2)
            d_z = np.concatenate(
                [d_c * j * i * (1 - i), d_c * i * (1 - j**2), d_c * old_c * f * (1 - f), d_h * tanh_c * o * (1 - o)],
                axis=1,
            )
            d_kernel += xh.T @ d_z
            d_bias += d_z.sum(axis=0)
            d_xh = d_z @ kernel.T
            d_x[t], d_h, d_c = d_xh[:, :inputs], d_xh[:, inputs:], d_c * f
        return np.stack(outputs), d_kernel, d_bias, d_x

    return run


def gate_by_gate(kernel: np.ndarray, bias: np.ndarray, x: np.ndarray, d_outputs: np.ndarray) -> Callable:
    """Four matrices and four products a step, each gate for itself: the style of numpy-ml, written anew for this."""
    (time, batch, inputs), hidden = x.shape, len(bias) // 4
    kernels = [np.ascontiguousarray(block) for block in np.split(kernel, 4, axis=1)]
    biases = np.split(bias, 4)

    def run() -> tuple:
        h, c, cache, outputs = np.zeros((batch, hidden), x.dtype), np.zeros((batch, hidden), x.dtype), [], []
        for t in range(time):
            xh = np.hstack([x[t], h])
            z = [xh @ w + b for w, b in zip(kernels, biases, strict=True)]
            i, j, f, o = _sigmoid(z[0]), np.tanh(z[1]), _sigmoid(z[2]), _sigmoid(z[3])
            old_c, c = c, f * c + i * j
            h = o * np.tanh(c)
            outputs.append(h)
            cache.append((xh, z, old_c, c))
        d_kernels, d_biases = [np.zeros_like(w) for w in kernels], [np.zeros_like(b) for b in biases]
        d_x, d_h, d_c = np.empty_like(x), np.zeros((batch, hidden), x.dtype), np.zeros((batch, hidden), x.dtype)
        for t in reversed(range(time)):
            xh, z, old_c, c = cache[t]
            i, j, f, o = _sigmoid(z[0]), np.tanh(z[1]), _sigmoid(z[2]), _sigmoid(z[3])
            d_h = d_h + d_outputs[t]
            d_c = d_c + d_h * o * (1 - np.tanh(c) ** 2)
            d_z = (d_c * j * i * (1 - i), d_c * i * (1 - j**2), d_c * old_c * f * (1 - f))
            d_z = *d_z, d_h * np.tanh(c) * o * (1 - o)
            d_xh = np.zeros_like(xh)
            for gate, d in enumerate(d_z):
                d_kernels[gate] += xh.T @ d
                d_biases[gate] += d.sum(axis=0)
                d_xh += d @ kernels[gate].T
            d_x[t], d_h, d_c = d_xh[:, :inputs], d_xh[:, inputs:], d_c * f
        return np.stack(outputs), d_kernels, d_biases, d_x

    return run


def floor(kernel: np.ndarray, bias: np.ndarray, x: np.ndarray, d_outputs: np.ndarray) -> Callable:
    """The products of an LSTM alone, as fast as NumPy does them: nobody with this BLAS can be faster."""
    (time, batch, inputs), hidden = x.shape, len(bias) // 4
    width, kind = inputs + hidden + 1, x.dtype
    forward = best_blocks(batch, width, 4, hidden, kind)
    back = best_blocks(batch, 4 * hidden, 1, hidden, kind, 4)
    rows, d_z = aligned((time, batch, width), kind), aligned((time, batch, 4 * hidden), kind)
    z, d_h = aligned((4, batch, hidden), kind), aligned((back.pieces, batch, hidden), kind)
    from_x = np.ones((4 * hidden, inputs), kind)
    if batch == 1:  # vectors times matrices, but for x at once
        h_weights, z_row = aligned((hidden, 4 * hidden), kind), z.reshape(-1)
        steps = [(np.dot, rows[t, 0, :hidden], [(h_weights, z_row)]) for t in range(time)]
        steps += [(np.dot, d_z[t, 0], [(back.arrays[0][1][0, 0], d_h[0, 0])]) for t in range(time)]
        steps.append((np.matmul, rows[:, 0, :inputs], [(from_x.T, np.empty((time, 4 * hidden), kind))]))
    else:
        steps = [(np.matmul, rows[t], forward.onto(z)) for t in range(time)]
        steps += [(np.matmul, by_blocks(d_z[t], back.pieces)[:, None], back.onto(d_h)) for t in range(time)]

    def run() -> tuple:
        for multiply, left, onto in steps:
            for weights, out in onto:
                multiply(left, weights, out)
        flat = d_z.reshape(time * batch, -1)
        return rows.reshape(time * batch, -1).T @ flat, flat @ from_x

    return run


def calls(cell: Any, x: np.ndarray, d_outputs: np.ndarray) -> Callable:
    """The calls to NumPy that our kernel makes, on arrays that lie ready: no check, no copy in or out.

    It is what would remain of the kernel if all around them cost nothing.
    """
    (time, batch, inputs), hidden = x.shape, cell.output_size
    buffers = LSTMBuffers(time, batch, inputs, hidden, x.dtype, True)
    buffers.rows[:time, :, buffers.x], buffers.rows[0, :, buffers.h], buffers.gates[0, C] = x, 0, 0
    buffers.load(cell.kernel, cell.bias)
    buffers.prepare_backward()
    buffers.load_backward(cell.kernel)

    def run() -> tuple:
        lstm._forward(buffers, buffers.steps)
        buffers.d_h[...] = buffers.d_c[...] = 0
        for parts, steps in buffers.back_steps:
            lstm._factors(parts, buffers.one)
            lstm._through_time(buffers, steps, d_outputs)
        return lstm._of_weights_and_inputs(buffers, cell.kernel)

    return run


def jax_scan(kernel: np.ndarray, bias: np.ndarray, x: np.ndarray, d_outputs: np.ndarray) -> Callable | None:
    """`jax.lax.scan`, compiled, with its gradient; None where JAX is not installed."""
    try:
        import jax
        import jax.numpy as jnp
    except ModuleNotFoundError:
        return None
    (_, batch, inputs), hidden = x.shape, len(bias) // 4

    def outputs(kernel, bias, x):
        from_x = x @ kernel[:inputs] + bias

        def step(state, z):
            h, c = state
            i, j, f, o = jnp.split(z + h @ kernel[inputs:], 4, axis=1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(j)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        zeros = jnp.zeros((batch, hidden), x.dtype)
        return jax.lax.scan(step, (zeros, zeros), from_x)[1]

    @jax.jit
    def both(kernel, bias, x, d_outputs):
        found, backward = jax.vjp(outputs, kernel, bias, x)
        return found, backward(d_outputs)

    arguments = [jnp.asarray(array) for array in (kernel, bias, x, d_outputs)]
    return lambda: jax.block_until_ready(both(*arguments))
