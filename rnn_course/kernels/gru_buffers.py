"""The arrays that one run of the GRU kernel works in, and the views of them that each step needs."""

from typing import Any

import numpy as np

from rnn_course.kernels.blocks import SMALL, best_blocks, fill
from rnn_course.kernels.pool import Buffers, aligned

CHUNK = 2**19  # bytes: the factors of the gradient are made for so many steps that they stay in the cache


class GRUBuffers(Buffers):
    """The arrays of one run. `after` is the cell's `reset_after`; the two kinds differ in what meets the reset gate."""

    def __init__(self, time: int, batch: int, inputs: int, hidden: int, kind: np.dtype, after: bool) -> None:
        super().__init__()
        self.time, self.batch, self.inputs, self.hidden = time, batch, inputs, hidden
        self.kind, self.after = kind, after
        self.half, self.one = np.asarray(0.5, kind), np.asarray(1, kind)
        self.rows = aligned((time + 1, batch, hidden + inputs + 1), kind)  # [h, x, 1]
        self.rows[:, :, -1] = 1
        self.gates = aligned((time, 3, batch, hidden), kind)  # r, u, n
        self.reset = aligned((time, batch, hidden), kind)  # what r multiplies, or has multiplied: h @ Wh, or r·h
        self.scratch = aligned((batch, hidden), kind)
        self.from_h = aligned((3, batch, hidden), kind)
        self.x_weights = aligned((3, inputs + 1, hidden), kind)
        groups = (3,) if after else (2, 1)  # the gates that are multiplied with the same
        self.blocks = [best_blocks(batch, hidden, gates, hidden, kind) for gates in groups]
        self.places = [
            blocks.place(slice(gate, gate + 1), slice(None))
            for blocks, gates in zip(self.blocks, groups, strict=True)
            for gate in range(gates)
        ]
        self.h_bias = np.zeros(hidden, kind)
        self.steps = self.views([batch] * time)
        self.d_z = np.empty(0, kind)  # made by the first backward
        self.weigh()

    def load(self, cell: Any) -> None:
        """Copy the weights in, those of the sigmoids halved: σ(z) = ½·tanh(z/2) + ½."""
        inputs, hidden = self.inputs, self.hidden
        for gate, kernel, bias, factor in (
            (0, cell.gates_kernel[:, :hidden], cell.gates_bias[:hidden], self.half),
            (1, cell.gates_kernel[:, hidden:], cell.gates_bias[hidden:], self.half),
            (2, cell.candidate_kernel, cell.candidate_bias, self.one),
        ):
            np.multiply(kernel[:inputs], factor, self.x_weights[gate, :-1])
            np.multiply(bias, factor, self.x_weights[gate, -1])
            fill(self.places[gate], kernel[None, inputs:], factor)
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
        hidden, steps = self.hidden, []
        for t, n in enumerate(alive):
            gates, from_h = self.gates[t, :, :n], self.from_h[:, :n]
            h, new_h = self.rows[t, :n, :hidden], self.rows[t + 1, :n, :hidden]
            if self.after:
                products = self.blocks[0].onto(from_h), None
            else:
                products = self.blocks[0].onto(from_h[:2]), self.blocks[1].onto(from_h[2:])
            steps.append((h, products, from_h, gates, gates[:2], self.reset[t, :n], self.scratch[:n], new_h))
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
        self.d_z = aligned((time, batch, 4 * hidden), kind)  # n, r, u, and h @ Wh of the reset after
        self.d_h, self.d_reset = aligned((batch, hidden), kind), aligned((batch, hidden), kind)
        gates = 3 if self.after else 2
        self.back_blocks = best_blocks(batch, gates * hidden, 1, hidden, kind, gates)
        self.back_candidate = best_blocks(batch, hidden, 1, hidden, kind)
        self.d_h_pieces = aligned((self.back_blocks.pieces, batch, hidden), kind)
        self.chunk = max(1, min(time, CHUNK // (batch * hidden * kind.itemsize * 8)))
        self.factors = aligned((3, self.chunk, batch, hidden), kind)  # r, u, n
        self.weigh()

    def load_backward(self, cell: Any) -> None:
        """Copy the transposed recurrent weights; r and u, and with the reset after the candidate's, in one product."""
        candidate = cell.candidate_kernel[self.inputs :].T
        kernel = cell.gates_kernel[self.inputs :].T
        if self.after:
            kernel = np.concatenate([kernel, candidate])
        else:
            fill(self.back_candidate.place(slice(None), slice(None)), candidate[None], self.one)
        pieces = kernel.reshape(self.back_blocks.pieces, -1, self.hidden)
        fill(self.back_blocks.place(slice(None), slice(None)), pieces, self.one)
