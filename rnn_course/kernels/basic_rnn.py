"""A `BasicRNNCell` over a whole sequence in NumPy.

Each step multiplies its rows [x, h, 1] by kernel and bias in one product, and writes h' into the row of the next step.
As the derivative of the activation can be read off h', backward needs nothing but the rows: 1 · time · batch · hidden
numbers and x, and once more as much while it runs.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from rnn_course.kernels.blocks import best_blocks, fill
from rnn_course.kernels.pool import Buffers, Loan, aligned
from rnn_course.kernels.rows import lengths_of


def _sigmoid(z: np.ndarray, out: np.ndarray) -> None:
    np.multiply(z, 0.5, out=z)
    np.tanh(z, out=z)
    np.multiply(z, 0.5, out=z)
    np.add(z, 0.5, out=out)


# An activation, and its derivative as a function of its result.
ACTIVATIONS: dict[str, tuple[Callable, Callable]] = {
    "tanh": (np.tanh, lambda h: 1 - h * h),
    "relu": (lambda z, out: np.maximum(z, 0, out=out), lambda h: ~(h <= 0)),
    "sigmoid": (_sigmoid, lambda h: h * (1 - h)),
    "linear": (lambda z, out: np.copyto(out, z), lambda h: 1),
}


class BasicRNNBuffers(Buffers):
    """The arrays of one run, and the views of them that each step needs."""

    def __init__(self, time: int, batch: int, inputs: int, hidden: int, kind: np.dtype) -> None:
        super().__init__()
        width = inputs + hidden + 1
        self.x, self.h = slice(inputs), slice(inputs, inputs + hidden)
        self.one = np.asarray(1, kind)
        self.rows = aligned((time + 1, batch, width), kind)  # [x, h, 1]
        self.rows[:, :, -1] = 1
        self.z = aligned((1, batch, hidden), kind)
        self.blocks = best_blocks(batch, width, 1, hidden, kind)
        self.places = [self.blocks.place(slice(None), rows) for rows in (slice(-1), slice(-1, None))]
        self.d_z = np.empty(0, kind)  # made by the first backward
        self.steps = self.views([batch] * time)
        self.weigh()

    def load(self, kernel: np.ndarray, bias: np.ndarray) -> None:
        """Copy kernel and bias into blocks."""
        fill(self.places[0], kernel[None], self.one)
        fill(self.places[1], bias[None, None], self.one)

    def views(self, alive: list[int]) -> list[tuple]:
        """What each step of the forward loop reads and writes, cut to the rows that are alive."""
        return [
            (self.rows[t, :n], self.blocks.onto(self.z[:, :n]), self.z[0, :n], self.rows[t + 1, :n, self.h])
            for t, n in enumerate(alive)
        ]

    def prepare_backward(self) -> None:
        """Make the arrays that only backward needs."""
        if self.d_z.size:
            return
        (time, batch, _), hidden, kind = self.rows.shape, self.z.shape[2], self.z.dtype
        self.d_z, self.d_h = aligned((time - 1, batch, hidden), kind), aligned((batch, hidden), kind)
        self.back_blocks = best_blocks(batch, hidden, 1, hidden, kind)
        self.weigh()


def arrays(cell: Any, state: Any) -> tuple:
    """As `lstm.arrays`."""
    return cell.kernel, cell.bias, state


def fits(cell: Any, inputs: Any, state: Any) -> bool:
    """Whether the activation is known and all shapes are as they should be."""
    (_, batch, width), hidden = inputs.shape, cell.bias.shape[0]
    return (
        cell.activation in ACTIVATIONS
        and tuple(cell.bias.shape) == (hidden,)
        and tuple(cell.kernel.shape) == (width + hidden, hidden)
        and tuple(state.shape) == (batch, hidden)
    )


def run(
    cell: Any, inputs: np.ndarray, state: Any, *, alive: list[int] | None, keep: bool
) -> tuple[np.ndarray, Any, Callable]:
    """As `lstm.run`; there is nothing to keep but the rows."""
    (time, rows, width), hidden, kind = inputs.shape, cell.bias.shape[0], inputs.dtype
    loan = Loan(("basic rnn", inputs.shape, hidden, kind), lambda: BasicRNNBuffers(time, rows, width, hidden, kind))
    buffers: BasicRNNBuffers = loan.buffers
    buffers.rows[:-1, :, buffers.x] = inputs
    buffers.rows[0, :, buffers.h] = state
    buffers.load(cell.kernel, cell.bias)
    steps = buffers.steps
    if alive is not None:
        steps = buffers.views(alive)
        for t, n in enumerate(alive):  # products over all steps see nothing of an earlier run
            buffers.rows[t, n:, buffers.x] = 0
            buffers.rows[t + 1, n:, buffers.h] = 0
    activation, derivative = ACTIVATIONS[cell.activation]
    for row, onto, z, h in steps:
        for weights, blocks in onto:
            np.matmul(row, weights, blocks)
        activation(z, out=h)
    outputs = buffers.rows[1:, :, buffers.h].copy()
    batch = np.arange(rows)
    final = buffers.rows[lengths_of(alive or [rows] * time, rows), batch, buffers.h]

    def backward(d_outputs: np.ndarray, d_final: np.ndarray) -> tuple[Any, np.ndarray, np.ndarray]:
        held: BasicRNNBuffers = loan.buffers
        with held.lock:
            return _backward(cell, held, alive or [rows] * time, derivative, d_outputs, d_final)

    return outputs, final, backward


def _backward(
    cell: Any, buffers: BasicRNNBuffers, alive: list[int], derivative: Callable, d_outputs: np.ndarray, d_final: Any
) -> tuple[Any, np.ndarray, np.ndarray]:
    buffers.prepare_backward()
    d_z, d_h, back = buffers.d_z, buffers.d_h, buffers.back_blocks
    fill(back.place(slice(None), slice(None)), cell.kernel[None, buffers.h].swapaxes(1, 2), buffers.one)
    d_z[...] = derivative(buffers.rows[1:, :, buffers.h])
    d_h[...] = d_final
    for t in range(len(alive) - 1, -1, -1):
        n = alive[t]
        d_z[t, n:] = 0
        living, d_step = d_h[:n], d_z[t, :n]
        np.add(living, d_outputs[t, :n], living)
        np.multiply(d_step, living, d_step)
        for weights, blocks in back.onto(living[None]):
            np.matmul(d_step, weights, blocks)
    flat = d_z.reshape(-1, d_z.shape[-1])
    d_weights = buffers.rows[:-1].reshape(len(flat), -1).T @ flat
    d_inputs = (flat @ cell.kernel[buffers.x].T).reshape(*d_z.shape[:2], -1)
    return cell._replace(kernel=d_weights[:-1], bias=d_weights[-1]), d_inputs, d_h.copy()
