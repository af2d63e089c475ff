"""The arrays that one run of the LSTM kernel works in, and the views of them that each step needs, made once."""

from threading import Lock

import numpy as np

from rnn_course.kernels.blocks import column_blocks

ORDER = "j, i, f, o"  # of the gates in the buffers; the kernel's is i, j, f, o
SWAP = ((slice(2), slice(1, None, -1)), (slice(2, 4), slice(2, 4)))  # from one order to the other, and back
CHUNK = 2**19  # bytes: the factors of the gradient are made for so many steps that they stay in the cache


class LSTMBuffers:
    """The arrays of one run. Unless `keep`, which is what backward needs, gates and c are those of one step."""

    def __init__(self, time: int, batch: int, inputs: int, hidden: int, kind: np.dtype, keep: bool) -> None:
        self.time, self.batch, self.inputs, self.hidden, self.kind, self.keep = time, batch, inputs, hidden, kind, keep
        kept, width = time if keep else 1, inputs + hidden + 1
        self.lock = Lock()
        self.half, self.one = np.asarray(0.5, kind), np.asarray(1, kind)
        self.factor = np.asarray([1, 0.5, 0.5, 0.5], kind)[:, None, None]
        self.rows = np.zeros((time + 1, batch, width), kind)  # [x, h, 1]
        self.rows[:, :, -1] = 1
        self.gates = np.zeros((kept, 4, batch, hidden), kind)  # j, i, f, o
        self.c = np.zeros((kept + keep, batch, hidden), kind)
        self.tanh_c = np.zeros((kept, batch, hidden), kind)
        self.scratch = np.zeros((batch, hidden), kind)
        self.blocks = column_blocks(batch, width, 4, hidden, kind)
        if batch == 1:  # a vector times a matrix: the gates side by side
            self.weights = np.zeros((width, 4, hidden), kind)
            self.by_gate = self.weights.transpose(1, 0, 2)[:, :, None]
        else:
            self.weights = np.zeros((4, self.blocks, width, hidden // self.blocks), kind)
            self.by_gate = self.weights.transpose(0, 2, 1, 3)  # [4, width, blocks, hidden / blocks]
        self.steps = self.views([batch] * time)
        self.d_z = np.empty(0, kind)  # made by the first backward

    def load(self, kernel: np.ndarray, bias: np.ndarray) -> None:
        """Copy the weights into blocks, those of the sigmoids halved: σ(z) = ½·tanh(z/2) + ½."""
        shape = 4, self.blocks, self.hidden // self.blocks
        kernel = kernel.reshape(kernel.shape[0], *shape).transpose(1, 0, 2, 3)  # [4, width − 1, blocks, columns]
        bias = bias.reshape(shape)
        for places, gates in SWAP:
            factor, weights = self.factor[places], self.by_gate[places]
            np.multiply(kernel[gates], factor[..., None], out=weights[:, :-1])
            np.multiply(bias[gates], factor, out=weights[:, -1])

    def views(self, alive: list[int]) -> list[tuple]:
        """What each step of the forward loop reads and writes, cut to the rows that are alive."""
        steps, h = [], slice(self.inputs, self.inputs + self.hidden)
        for t, n in enumerate(alive):
            k = t if self.keep else 0
            gates = self.gates[k, :, :n]  # [4, rows, hidden]
            blocks = gates.reshape(4, n, self.blocks, self.hidden // self.blocks).transpose(0, 2, 1, 3)
            c, new_c, tanh_c = self.c[k, :n], self.c[k + self.keep, :n], self.tanh_c[k, :n]
            steps.append(
                (self.rows[t, :n], blocks, gates, gates[1:], *gates, c, new_c, tanh_c, self.rows[t + 1, :n, h])
            )
        return steps

    def clear(self, alive: list[int]) -> None:
        """Zeros where rows are over, so that products over all steps see nothing of an earlier run there."""
        for t, n in enumerate(alive):
            self.rows[t, n:, : self.inputs] = 0
            self.rows[t + 1, n:, : self.inputs + self.hidden] = 0
            if self.keep:
                self.gates[t, :, n:], self.c[t + 1, n:], self.tanh_c[t, n:] = 0, 0, 0

    def prepare_backward(self) -> None:
        """Make the arrays that only backward needs."""
        if self.d_z.size:
            return
        time, batch, hidden, kind = self.time, self.batch, self.hidden, self.kind
        self.d_z = np.zeros((time, batch, 4 * hidden), kind)  # j, i, f, o side by side
        self.d_h, self.d_c = np.zeros((batch, hidden), kind), np.zeros((batch, hidden), kind)
        self.back_blocks = column_blocks(batch, 4 * hidden, 1, hidden, kind)
        self.back_weights = np.zeros((self.back_blocks, 4 * hidden, hidden // self.back_blocks), kind)
        self.chunk = max(1, min(time, CHUNK // (batch * hidden * kind.itemsize * 11)))
        self.factors = np.zeros((5, self.chunk, batch, hidden), kind)  # j, i, f: of c; o: of h; and from h to c
        self.back_steps = self.back_views([batch] * time)

    def load_backward(self, kernel: np.ndarray) -> None:
        """Copy the transposed recurrent weights into blocks: a product with a transposed view would be slower."""
        hidden, blocks = self.hidden, self.back_blocks
        by_gate = self.back_weights.reshape(blocks, 4, hidden, hidden // blocks)
        recurrent = kernel[self.inputs :].reshape(blocks, hidden // blocks, 4, hidden)
        for places, gates in SWAP:
            by_gate[:, places] = recurrent[:, :, gates].transpose(0, 2, 3, 1)

    def back_views(self, alive: list[int]) -> list[tuple]:
        """The chunks from the last to the first: its arrays, and the views of each of its steps, last step first."""
        chunks = []
        for end in range(len(alive), 0, -self.chunk):
            start = max(0, end - self.chunk)
            factors, gates = self.factors[:, : end - start], self.gates[start:end].transpose(1, 0, 2, 3)
            steps = [self._back_step(t, factors[:, t - start], alive[t]) for t in range(end - 1, start - 1, -1)]
            parts = factors[1:4], gates[1:], *factors, *gates, self.c[start:end], self.tanh_c[start:end]
            chunks.append((parts, steps))
        return chunks

    def _back_step(self, t: int, factors: np.ndarray, n: int) -> tuple:
        d_z = self.d_z[t, :n]
        by_gate = d_z.reshape(n, 4, self.hidden).transpose(1, 0, 2)
        d_h = self.d_h[:n]
        blocks = d_h.reshape(n, self.back_blocks, self.hidden // self.back_blocks).transpose(1, 0, 2)
        return (
            t,
            n,
            factors[:3, :n],
            factors[3, :n],
            factors[4, :n],
            self.gates[t, 2, :n],  # f
            d_z,
            by_gate[:3],
            by_gate[3],
            d_h,
            blocks,
            self.d_c[:n],
            self.scratch[:n],
        )
