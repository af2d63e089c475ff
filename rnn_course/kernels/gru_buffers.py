"""The arrays that one run of the GRU kernel works in, and the views of them that each step needs."""

from threading import Lock
from typing import Any

import numpy as np

from rnn_course.kernels.blocks import SMALL, column_blocks, cut

CHUNK = 2**19  # bytes: the factors of the gradient are made for so many steps that they stay in the cache


class GRUBuffers:
    """The arrays of one run. `after` is the cell's `reset_after`; the two kinds differ in what meets the reset gate."""

    def __init__(self, time: int, batch: int, inputs: int, hidden: int, kind: np.dtype, after: bool) -> None:
        self.time, self.batch, self.inputs, self.hidden, self.kind, self.after = (
            time,
            batch,
            inputs,
            hidden,
            kind,
            after,
        )
        self.lock = Lock()
        self.half, self.one = np.asarray(0.5, kind), np.asarray(1, kind)
        self.rows = np.zeros((time + 1, batch, hidden + inputs + 1), kind)  # [h, x, 1]
        self.rows[:, :, -1] = 1
        self.gates = np.zeros((time, 3, batch, hidden), kind)  # r, u, n
        self.reset = np.zeros((time, batch, hidden), kind)  # what r multiplies, or has multiplied: h @ Wh, or r·h
        self.scratch = np.zeros((batch, hidden), kind)
        self.from_h = np.zeros((3, batch, hidden), kind)
        self.x_weights = np.zeros((3, inputs + 1, hidden), kind)
        blocks = column_blocks(batch, hidden, 3, hidden, kind)
        self.h_weights = np.zeros((3, blocks, hidden, hidden // blocks), kind)
        self.h_bias = np.zeros(hidden, kind)
        self.steps = self.views([batch] * time)
        self.d_z = np.empty(0, kind)  # made by the first backward

    def load(self, cell: Any) -> None:
        """Copy the weights in, those of the sigmoids halved: σ(z) = ½·tanh(z/2) + ½."""
        inputs, hidden = self.inputs, self.hidden
        for place, kernel, bias, factor in (
            (0, cell.gates_kernel[:, :hidden], cell.gates_bias[:hidden], self.half),
            (1, cell.gates_kernel[:, hidden:], cell.gates_bias[hidden:], self.half),
            (2, cell.candidate_kernel, cell.candidate_bias, self.one),
        ):
            np.multiply(kernel[:inputs], factor, out=self.x_weights[place, :-1])
            np.multiply(bias, factor, out=self.x_weights[place, -1])
            np.multiply(cut(kernel[inputs:], self.h_weights.shape[1]), factor, out=self.h_weights[place])
        self.h_bias[...] = 0 if cell.candidate_recurrent_bias is None else cell.candidate_recurrent_bias

    def share_of_x(self) -> None:
        """What x adds to all gates of all steps, before the loop."""
        time, batch, width = self.time, self.batch, self.inputs
        if batch * width * self.hidden <= SMALL:
            np.matmul(self.rows[:-1, None, :, self.hidden :], self.x_weights, out=self.gates)
            return
        flat = self.rows[:-1, :, self.hidden :].reshape(time * batch, -1)
        for gate in range(3):
            self.gates[:, gate] = (flat @ self.x_weights[gate]).reshape(time, batch, -1)

    def views(self, alive: list[int]) -> list[tuple]:
        """What each step of the forward loop reads and writes, cut to the rows that are alive."""
        blocks, hidden, steps = self.h_weights.shape[1], self.hidden, []
        for t, n in enumerate(alive):
            gates, from_h = self.gates[t, :, :n], self.from_h[:, :n]
            h, new_h = self.rows[t, :n, :hidden], self.rows[t + 1, :n, :hidden]
            steps.append((h, cut(from_h, blocks), from_h, gates, self.reset[t, :n], self.scratch[:n], new_h))
        return steps

    def clear(self, alive: list[int]) -> None:
        """Zeros where rows are over, so that products over all steps see nothing of an earlier run there."""
        for t, n in enumerate(alive):
            self.rows[t, n:, self.hidden : -1] = 0
            self.rows[t + 1, n:, : self.hidden] = 0
            self.reset[t, n:] = 0

    def prepare_backward(self) -> None:
        """Make the arrays that only backward needs."""
        if self.d_z.size:
            return
        time, batch, hidden, kind = self.time, self.batch, self.hidden, self.kind
        self.d_z = np.zeros((time, batch, 4 * hidden), kind)  # n, r, u, and h @ Wh of the reset after
        self.d_h, self.d_reset = np.zeros((batch, hidden), kind), np.zeros((batch, hidden), kind)
        gates = 3 if self.after else 2
        blocks = column_blocks(batch, gates * hidden, 1, hidden, kind)
        self.back_weights = np.zeros((blocks, gates * hidden, hidden // blocks), kind)
        self.back_candidate = np.zeros((hidden, hidden), kind)
        self.chunk = max(1, min(time, CHUNK // (batch * hidden * kind.itemsize * 8)))
        self.factors = np.zeros((3, self.chunk, batch, hidden), kind)  # r, u, n

    def load_backward(self, cell: Any) -> None:
        """Copy the transposed recurrent weights; r and u, and with the reset after the candidate's, in one product."""
        hidden, blocks = self.hidden, len(self.back_weights)
        self.back_weights[:, : 2 * hidden] = cut(cell.gates_kernel[self.inputs :].T, blocks)
        if self.after:
            self.back_weights[:, 2 * hidden :] = cut(cell.candidate_kernel[self.inputs :].T, blocks)
        else:
            self.back_candidate[...] = cell.candidate_kernel[self.inputs :].T
