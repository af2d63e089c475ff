"""The arrays that one run of the LSTM kernel works in, and the views of them that each step needs, made once."""

import numpy as np

from rnn_course.kernels.blocks import best_blocks, by_blocks, fill, whole
from rnn_course.kernels.pool import Buffers, aligned

# The order of the gates is o, i, f, j in the buffers, i, j, f, o in the kernel: places in the one and in the other.
PLACES = ((slice(1, None, 2), slice(2)), (slice(0, None, 2), slice(None, 1, -1)))
C, TANH_C = 4, 5  # places beside the gates: the old c, and tanh of the new one
CHUNK = 2**19  # bytes: the factors of the gradient are made for so many steps that they stay in the cache


class LSTMBuffers(Buffers):
    """The arrays of one run. Unless `keep`, which is what backward needs, the gates are those of one step."""

    def __init__(self, time: int, batch: int, inputs: int, hidden: int, kind: np.dtype, keep: bool) -> None:
        super().__init__()
        self.time, self.batch, self.inputs, self.hidden, self.kind, self.keep = time, batch, inputs, hidden, kind, keep
        width = inputs + hidden + 1
        self.x, self.h = slice(inputs), slice(inputs, inputs + hidden)
        self.half, self.one = np.asarray(0.5, kind), np.asarray(1, kind)
        self.rows = aligned((time + 1, batch, width), kind)  # [x, h, 1]
        self.rows[:, :, -1] = 1
        self.gates = aligned(((time + 1 if keep else 1), 6, batch, hidden), kind)  # o, i, f, j, c, tanh(c')
        self.scratch = aligned((2, batch, hidden), kind)
        if batch == 1:  # a vector times a matrix: the gates side by side
            self.weights = aligned((width, 4, hidden), kind)
            by_gate = self.weights.swapaxes(0, 1)
            kernel_places = [whole(by_gate[places, :-1]) for places, _ in PLACES]
            bias_places = [whole(by_gate[places, -1:]) for places, _ in PLACES]
            self.from_h = aligned((4, 1, hidden), kind)
        else:
            self.blocks = best_blocks(batch, width, 4, hidden, kind)
            kernel_places = [self.blocks.place(places, slice(-1)) for places, _ in PLACES]
            bias_places = [self.blocks.place(places, slice(-1, None)) for places, _ in PLACES]
        factor = np.asarray([0.5, 0.5, 0.5, 1], kind).reshape(4, *(1,) * (kernel_places[0][0][2].ndim - 1))
        self.places = [
            (gates, factor[places], *where)
            for (places, gates), *where in zip(PLACES, kernel_places, bias_places, strict=True)
        ]
        self.steps = self.views([batch] * time)
        self.d_z = np.empty(0, kind)  # made by the first backward
        self.weigh()

    def load(self, kernel: np.ndarray, bias: np.ndarray) -> None:
        """Copy the weights into blocks, those of the sigmoids halved: σ(z) = ½·tanh(z/2) + ½."""
        by_gate = kernel.reshape(-1, 4, self.hidden).swapaxes(0, 1)  # [4, input + hidden, hidden]
        of_bias = bias.reshape(4, 1, self.hidden)
        for gates, factor, kernel_place, bias_place in self.places:
            fill(kernel_place, by_gate[gates], factor)
            fill(bias_place, of_bias[gates], factor)

    def views(self, alive: list[int]) -> list[tuple]:
        """What each step of the forward loop reads and writes, cut to the rows that are alive."""
        steps = []
        for t, n in enumerate(alive):
            here = self.gates[t if self.keep else 0, :, :n]
            new_c = self.gates[t + 1, C, :n] if self.keep else here[C]
            row, new_h, sums = self.rows[t, :n], self.rows[t + 1, :n, self.h], self.scratch[:, :n]
            products = row[0, self.h] if self.batch == 1 else self.blocks.onto(here[:4])
            steps.append(
                (row, products, here[:4], here[:3], here[1:3], here[3:5], sums, *sums, new_c, here[5], here[0], new_h)
            )
        return steps

    def clear(self, alive: list[int]) -> None:
        """Zeros where rows are over, so that products over all steps see nothing of an earlier run there.

        Of the gates the old c alone: an infinite one times 0 would give a warning. The others are never infinite.
        """
        for t, n in enumerate(alive):
            self.rows[t, n:, self.x] = 0
            self.rows[t + 1, n:, self.h] = 0
            if self.keep:
                self.gates[t + 1, C, n:] = 0

    def prepare_backward(self) -> None:
        """Make the arrays that only backward needs."""
        if self.d_z.size:
            return
        time, batch, hidden, kind = self.time, self.batch, self.hidden, self.kind
        self.d_z = aligned((time, batch, 4 * hidden), kind)  # i, j, f, o side by side
        self.all_d_z = self.d_z.reshape(time * batch, -1)
        self.all_rows = self.rows[:-1].reshape(time * batch, -1).T
        self.d_h, self.d_c = aligned((batch, hidden), kind), aligned((batch, hidden), kind)
        self.back_blocks = best_blocks(batch, 4 * hidden, 1, hidden, kind, 4)
        self.pieces = self.back_blocks.pieces
        self.d_h_pieces = aligned((self.pieces, batch, hidden), kind) if self.pieces > 1 else self.d_h[None]
        self.back_place = self.back_blocks.place(slice(None), slice(None))
        self.chunk = max(1, min(time, CHUNK // (batch * hidden * kind.itemsize * 11)))
        self.factors = aligned((5, self.chunk, batch, hidden), kind)  # of c for i, j, f; of h for o; and from h to c
        self.back_steps = self.back_views([batch] * time)
        self.weigh()

    def load_backward(self, kernel: np.ndarray) -> None:
        """Copy the transposed recurrent weights into blocks: a product with a transposed view would be slower."""
        fill(self.back_place, kernel[self.inputs :].T.reshape(self.pieces, -1, self.hidden), self.one)

    def back_views(self, alive: list[int]) -> list[tuple]:
        """The chunks from the last to the first: its arrays, and the views of each of its steps, last step first."""
        chunks = []
        for end in range(len(alive), 0, -self.chunk):
            start = max(0, end - self.chunk)
            factors, gates = self.factors[:, : end - start], self.gates[start:end].swapaxes(0, 1)
            steps = [self._back_step(t, factors[:, t - start], alive[t]) for t in range(end - 1, start - 1, -1)]
            chunks.append((self._parts(factors, gates), steps))
        return chunks

    def _parts(self, factors: np.ndarray, gates: np.ndarray) -> tuple:
        """What the factors of a chunk are made of: what is done alike, for i and f, for o, for j and tanh(c')."""
        of_i_f, of_o, of_tanhs = factors[:3:2], factors[3], factors[1::3]
        return of_i_f, gates[1:3], gates[3:5], of_o, gates[0], gates[TANH_C], of_tanhs, gates[3::2], gates[1::-1]

    def _back_step(self, t: int, factors: np.ndarray, n: int) -> tuple:
        d_z, d_h, factors = self.d_z[t, :n], self.d_h[:n], factors[:, :n]
        by_gate = d_z.reshape(n, 4, self.hidden).swapaxes(0, 1)
        pieces = self.d_h_pieces[:, :n]
        f, product = self.gates[t, 2, :n], self.scratch[0, :n]
        if self.batch == 1:
            left, onto = d_z[0], [(self.back_blocks.arrays[0][1][0, 0], d_h[0])]
        else:
            left, onto = by_blocks(d_z, self.pieces)[:, None], self.back_blocks.onto(pieces)
        return (
            t,
            n,
            factors[3],
            factors[4],
            factors[:3],
            f,
            by_gate[3],
            by_gate[:3],
            d_h,
            self.d_c[:n],
            product,
            left,
            onto,
            pieces,
        )
