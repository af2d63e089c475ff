"""Relatives of the LSTM with equations of their own: the LSTM with layer normalization."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rnn_course.activations import sigmoid
from rnn_course.arrays import Array, array_namespace, from_numpy, zeros
from rnn_course.cells import LSTMStateTuple, expect_step, initial_kernel
from rnn_course.norm import standardize_forward
from rnn_course.shape_types import Float
from rnn_course.shapes import expect_shape
from rnn_course.tree import is_array, tree_map


class LayerNormLSTMCell(NamedTuple):
    """An LSTM whose four pre-activations and whose c' are layer-normalized: no sum can drive a gate into saturation.

        [i, j, f, o] = [x, h] @ kernel, then LN of each of the four over its `hidden` numbers, with gamma and beta
        c' = LN(σ(f + forget_bias)·c + σ(i)·tanh(j)), with state_gamma and state_beta
        h' = σ(o)·tanh(c')

    LN(z) = gamma · (z − μ) / √(σ² + eps) + beta, with the mean and the biased variance of one row. beta is the bias, so
    the kernel has none. The normalized c' is the new state, as in TensorFlow 1's `LayerNormBasicLSTMCell` (whose eps is
    1e-12). With one unit z − μ is 0, and only the betas speak. Source: Ba, Kiros & Hinton 2016; there [x] and [h] are
    normalized apart, and the state is the c' before its normalization.
    """

    kernel: Float[Array, "input+hidden 4*hidden"]
    gamma: Float[Array, " 4*hidden"]
    beta: Float[Array, " 4*hidden"]
    state_gamma: Float[Array, " hidden"]
    state_beta: Float[Array, " hidden"]
    forget_bias: float = 1.0
    eps: float = 1e-6

    @classmethod
    def init(
        cls,
        input_size: int,
        hidden_size: int,
        *,
        rng: np.random.Generator,
        forget_bias: float = 1.0,
        eps: float = 1e-6,
        dtype: str = "float32",
        backend: str = "numpy",
        device: str = "cpu",
    ) -> "LayerNormLSTMCell":
        """Glorot-uniform over the whole kernel, gammas 1, betas 0; the forget bias is added in every step."""
        cell = cls(
            kernel=initial_kernel(input_size, hidden_size, 4, rng),
            gamma=np.ones(4 * hidden_size),
            beta=np.zeros(4 * hidden_size),
            state_gamma=np.ones(hidden_size),
            state_beta=np.zeros(hidden_size),
            forget_bias=float(forget_bias),
            eps=float(eps),
        )
        cell.expect_fields()
        return tree_map(lambda weights: from_numpy(weights, dtype, backend, device), cell)

    @property
    def input_size(self) -> int:
        """The width of x."""
        return self.kernel.shape[0] - self.output_size

    @property
    def state_size(self) -> LSTMStateTuple:
        """The widths of c and h, which are equal."""
        return LSTMStateTuple(c=self.output_size, h=self.output_size)

    @property
    def output_size(self) -> int:
        """The width of h."""
        return self.state_gamma.shape[0]

    def zero_state(self, batch_size: int) -> LSTMStateTuple:
        """c = 0 and h = 0."""
        self.expect_fields()
        zero = zeros((batch_size, self.output_size), like=self.kernel)
        return LSTMStateTuple(c=zero, h=zero)

    def expect_fields(self) -> None:
        """Check that the fields fit each other: ShapeError, TypeError or ValueError."""
        hidden = expect_shape("state_gamma", self.state_gamma, "hidden")["hidden"]
        expect_shape("state_beta", self.state_beta, "hidden", hidden=hidden)
        four = "the four pre-activations stand side by side, [i, j, f, o]: 4*hidden columns"
        expect_shape("kernel", self.kernel, "rows columns", columns=4 * hidden, cause=four)
        for name, weights in (("gamma", self.gamma), ("beta", self.beta)):
            expect_shape(name, weights, "columns", columns=4 * hidden, cause=four)
        for name, number in (("forget_bias", self.forget_bias), ("eps", self.eps)):
            if is_array(number) or not isinstance(number, int | float):
                raise TypeError(
                    f"{name}: expected a Python number, got {type(number).__name__}: an array would be a weight"
                )
        if not self.eps > 0:
            raise ValueError(f"eps: expected a number above 0, got {self.eps}: it keeps the root away from 0")

    def __call__(self, x: Float[Array, "batch input"], state: LSTMStateTuple) -> tuple[Array, LSTMStateTuple]:
        """One step: h', (c', h'). Raises ShapeError if x, the state or the weights do not fit each other."""
        self.expect_fields()
        expect_step(self, x, state)
        return self.forward(x, state)[:2]

    def forward(self, x: Float[Array, "batch input"], state: LSTMStateTuple) -> tuple[Array, LSTMStateTuple, Callable]:
        """One step and its backward; one matrix product serves all four gates."""
        xp, hidden = array_namespace(x), self.output_size
        xh = xp.concat([x, state.h], axis=1)  # [batch, input + hidden]
        gates = xp.reshape(xh @ self.kernel, (x.shape[0], 4, hidden))
        z, z_backward = _layer_norm_forward(
            gates, xp.reshape(self.gamma, (4, hidden)), xp.reshape(self.beta, (4, hidden)), self.eps
        )
        i, j, f, o = (z[:, block, :] for block in range(4))  # each [batch, hidden]
        i, j, f, o = sigmoid(i), xp.tanh(j), sigmoid(f + self.forget_bias), sigmoid(o)
        c, c_backward = _layer_norm_forward(f * state.c + i * j, self.state_gamma, self.state_beta, self.eps)
        tanh_c = xp.tanh(c)
        h = o * tanh_c

        def backward(d_output: Array, d_new_state: LSTMStateTuple) -> tuple[LayerNormLSTMCell, Array, LSTMStateTuple]:
            d_h = d_output + d_new_state.h  # h' is the output and half of the new state
            d_state_gamma, d_state_beta, d_c = c_backward(d_new_state.c + d_h * o * (1 - tanh_c * tanh_c))
            d_i, d_j = d_c * j * i * (1 - i), d_c * i * (1 - j * j)
            d_f, d_o = d_c * state.c * f * (1 - f), d_h * tanh_c * o * (1 - o)
            d_gamma, d_beta, d_gates = z_backward(xp.stack([d_i, d_j, d_f, d_o], axis=1))
            d_z = xp.reshape(d_gates, (x.shape[0], 4 * hidden))
            d_xh = d_z @ self.kernel.T
            d_cell = self._replace(
                kernel=xh.T @ d_z,
                gamma=xp.reshape(d_gamma, (4 * hidden,)),
                beta=xp.reshape(d_beta, (4 * hidden,)),
                state_gamma=d_state_gamma,
                state_beta=d_state_beta,
            )
            return d_cell, d_xh[:, : x.shape[1]], LSTMStateTuple(c=d_c * f, h=d_xh[:, x.shape[1] :])

        return h, LSTMStateTuple(c=c, h=h), backward


def _layer_norm_forward(z: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Callable]:
    """y = gamma · ẑ + beta, normalized over the last axis, and backward: dy -> d_gamma, d_beta, dz."""
    standard, _, _, standard_backward = standardize_forward(z, (len(z.shape) - 1,), eps)

    def backward(d_output: Array) -> tuple[Array, Array, Array]:
        total = array_namespace(z).sum
        return total(d_output * standard, axis=0), total(d_output, axis=0), standard_backward(d_output * gamma)

    return standard * gamma + beta, backward
