"""The gated recurrent unit: an LSTM with fewer parts. Two gates, no separate memory: the output is the state."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rnn_course import kernels
from rnn_course.activations import sigmoid
from rnn_course.arrays import Array, array_namespace, from_numpy, split_columns, zeros
from rnn_course.cells import expect_step, initial_kernel
from rnn_course.shape_types import Float
from rnn_course.shapes import expect_shape
from rnn_course.tree import tree_map


class GRUCell(NamedTuple):
    """h' = u·h + (1 − u)·n, with the gates [r, u] = σ([x, h] @ gates_kernel + gates_bias) and a candidate n.

    The update gate u says how much of h stays; the reset gate r says how much of h the candidate sees:

        reset before the product (default)   n = tanh([x, r·h] @ candidate_kernel + candidate_bias)
        reset_after=True                     n = tanh(x @ Wx + candidate_bias + r·(h @ Wh + candidate_recurrent_bias))

    Wx and Wh are the upper `input` and the lower `hidden` rows of `candidate_kernel`. `candidate_recurrent_bias` exists
    only with `reset_after`, and counts as 0 if None. Libraries differ in the order, and in where r acts:

        TensorFlow 1   r, u and apart from them the candidate; before
        Torch          r, z, n with z = u; after; two biases for every gate
        Keras          z, r, h with z = u and the candidate h; after by default (`reset_after=True`)
        ONNX           z, r, h like Keras; before by default (`linear_before_reset=0`)

    Source: Cho et al. 2014, where the reset comes before the product.
    """

    gates_kernel: Float[Array, "input+hidden 2*hidden"]
    gates_bias: Float[Array, " 2*hidden"]
    candidate_kernel: Float[Array, "input+hidden hidden"]
    candidate_bias: Float[Array, " hidden"]
    reset_after: bool = False
    candidate_recurrent_bias: Float[Array, " hidden"] | None = None

    @classmethod
    def init(
        cls,
        input_size: int,
        hidden_size: int,
        *,
        rng: np.random.Generator,
        reset_after: bool = False,
        dtype: str = "float32",
        backend: str = "numpy",
        device: str = "cpu",
    ) -> "GRUCell":
        """Glorot-uniform over each whole kernel and a gate bias of 1, as TensorFlow 1 does; other biases are 0.

        A gate bias of 1 lets most of h stay at first, as the forget bias of an LSTM does for c.
        """
        cell = cls(
            gates_kernel=initial_kernel(input_size, hidden_size, 2, rng),
            gates_bias=np.ones(2 * hidden_size),
            candidate_kernel=initial_kernel(input_size, hidden_size, 1, rng),
            candidate_bias=np.zeros(hidden_size),
            reset_after=reset_after,
            candidate_recurrent_bias=np.zeros(hidden_size) if reset_after else None,
        )
        return tree_map(lambda weights: from_numpy(weights, dtype, backend, device), cell)

    @property
    def input_size(self) -> int:
        """The width of x."""
        return self.gates_kernel.shape[0] - self.output_size

    @property
    def state_size(self) -> int:
        """The width of h."""
        return self.candidate_bias.shape[0]

    @property
    def output_size(self) -> int:
        """The same as `state_size`: the output is the state."""
        return self.candidate_bias.shape[0]

    def zero_state(self, batch_size: int) -> Float[Array, "batch hidden"]:
        """h = 0."""
        self.expect_fields()
        return zeros((batch_size, self.state_size), like=self.candidate_bias)

    def expect_fields(self) -> None:
        """Check that the weights fit each other: ShapeError, or ValueError for a bias that nothing would use."""
        sizes = expect_shape("candidate_kernel", self.candidate_kernel, "rows hidden")  # rows: input + hidden
        rows, hidden = sizes["rows"], sizes["hidden"]
        expect_shape("candidate_bias", self.candidate_bias, "hidden", hidden=hidden)
        two = "the two gates stand side by side, [r, u]: 2*hidden columns"
        expect_shape("gates_kernel", self.gates_kernel, "rows columns", rows=rows, columns=2 * hidden, cause=two)
        expect_shape("gates_bias", self.gates_bias, "columns", columns=2 * hidden, cause=two)
        if self.candidate_recurrent_bias is not None:
            expect_shape("candidate_recurrent_bias", self.candidate_recurrent_bias, "hidden", hidden=hidden)
            if not self.reset_after:
                raise ValueError(
                    "candidate_recurrent_bias: expected None, for only reset_after=True has one. Likely cause: weights "
                    "of Torch or Keras, which reset after the product; pass reset_after=True"
                )

    def __call__(self, x: Float[Array, "batch input"], state: Float[Array, "batch hidden"]) -> tuple[Array, Array]:
        """One step: h', h'. Raises ShapeError if x, the state or the weights do not fit each other."""
        self.expect_fields()
        expect_step(self, x, state)
        return self.forward(x, state)[:2]

    def forward(
        self, x: Float[Array, "batch input"], state: Float[Array, "batch hidden"]
    ) -> tuple[Array, Array, Callable]:
        """One step and its backward."""
        xp, input_size = array_namespace(x), x.shape[1]
        xh = xp.concat([x, state], axis=1)  # [batch, input + hidden]
        r, u = split_columns(sigmoid(xh @ self.gates_kernel + self.gates_bias), 2)  # each [batch, hidden]
        candidate = _reset_after if self.reset_after else _reset_before
        z, candidate_backward = candidate(self, x, state, r)  # [batch, hidden]
        n = xp.tanh(z)
        h = u * state + (1 - u) * n

        def backward(d_output: Array, d_new_state: Array) -> tuple[GRUCell, Array, Array]:
            d_h = d_output + d_new_state  # h' is both the output and the new state
            d_u = d_h * (state - n)
            d_candidate, d_xh_candidate, d_r = candidate_backward(d_h * (1 - u) * (1 - n * n))
            d_gates = xp.concat([d_r * r * (1 - r), d_u * u * (1 - u)], axis=1)  # [batch, 2*hidden]
            d_xh = d_gates @ self.gates_kernel.T + d_xh_candidate
            d_cell = d_candidate._replace(gates_kernel=xh.T @ d_gates, gates_bias=xp.sum(d_gates, axis=0))
            return d_cell, d_xh[:, :input_size], d_h * u + d_xh[:, input_size:]

        return h, h, backward

    scan = kernels.scan  # a whole sequence at once: what a loop over the steps gives, sooner
    scan_forward = kernels.scan_forward


def _reset_before(cell: GRUCell, x: Array, h: Array, r: Array) -> tuple[Array, Callable]:
    """z = [x, r·h] @ candidate_kernel + candidate_bias, and backward: dz -> d_candidate, d[x, h], dr."""
    xp, input_size = array_namespace(x), x.shape[1]
    if cell.candidate_recurrent_bias is not None:
        cell.expect_fields()  # says why it would be lost here
    xrh = xp.concat([x, r * h], axis=1)  # [batch, input + hidden]

    def backward(d_z: Array) -> tuple[GRUCell, Array, Array]:
        d_xrh = d_z @ cell.candidate_kernel.T
        d_rh = d_xrh[:, input_size:]
        d_cell = cell._replace(candidate_kernel=xrh.T @ d_z, candidate_bias=xp.sum(d_z, axis=0))
        return d_cell, xp.concat([d_xrh[:, :input_size], d_rh * r], axis=1), d_rh * h

    return xrh @ cell.candidate_kernel + cell.candidate_bias, backward


def _reset_after(cell: GRUCell, x: Array, h: Array, r: Array) -> tuple[Array, Callable]:
    """z = x @ Wx + candidate_bias + r·(h @ Wh + candidate_recurrent_bias), and backward as in `_reset_before`."""
    xp, input_size = array_namespace(x), x.shape[1]
    w_x, w_h = cell.candidate_kernel[:input_size, :], cell.candidate_kernel[input_size:, :]
    from_h = h @ w_h  # [batch, hidden]
    if cell.candidate_recurrent_bias is not None:
        from_h = from_h + cell.candidate_recurrent_bias

    def backward(d_z: Array) -> tuple[GRUCell, Array, Array]:
        d_from_h = d_z * r
        d_cell = cell._replace(
            candidate_kernel=xp.concat([x.T @ d_z, h.T @ d_from_h], axis=0),
            candidate_bias=xp.sum(d_z, axis=0),
            candidate_recurrent_bias=None if cell.candidate_recurrent_bias is None else xp.sum(d_from_h, axis=0),
        )
        return d_cell, xp.concat([d_z @ w_x.T, d_from_h @ w_h.T], axis=1), d_z * from_h

    return x @ w_x + cell.candidate_bias + r * from_h, backward
