"""Recurrent cells: one step in time. `output, new_state = cell(x, state)`.

A cell is a named tuple of its weights, so its gradient is a cell; its state is an array or a named tuple of arrays.
`cell.forward(x, state)` also returns `backward`, which turns the gradients of the output and of the new state into the
gradients of the cell, of x and of the old state.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

from rnn_course import kernels
from rnn_course.activations import forward_of, sigmoid
from rnn_course.arrays import Array, array_namespace, from_numpy, split_columns, zeros
from rnn_course.init import check_sizes, glorot_uniform, lstm_bias
from rnn_course.lstm_options import LSTMPeepholes, expect_options, forward_with_options, initial_peepholes
from rnn_course.shape_types import Float
from rnn_course.shapes import expect_shape, expect_state, expect_step_of_one_kind
from rnn_course.tree import tree_map


class Cell(Protocol):
    """What `dynamic_rnn` needs of a cell. A cell may also say its `input_size`, for a clearer error."""

    @property
    def state_size(self) -> Any:
        """The width of the state: a number, or a tree of numbers with the structure of the state."""

    @property
    def output_size(self) -> int:
        """The width of the output."""
        ...

    def zero_state(self, batch_size: int) -> Any:
        """The state before the first step: zeros, with the library, dtype and device of the weights."""

    def __call__(self, x: Array, state: Any) -> tuple[Array, Any]:
        """One step: output, new state."""
        ...

    def forward(self, x: Array, state: Any) -> tuple[Array, Any, Callable]:
        """One step, and its backward: (d_output, d_new_state) -> d_cell, d_x, d_state."""
        ...


class BasicRNNCell(NamedTuple):
    """h' = activation([x, h] @ kernel + bias); the output is the new state (Elman 1990).

    activation  linear, relu, sigmoid or tanh; or a forward door of your own, a function x -> y, backward
    """

    kernel: Float[Array, "input+hidden hidden"]
    bias: Float[Array, " hidden"]
    activation: str | Callable = "tanh"

    @classmethod
    def init(
        cls,
        input_size: int,
        hidden_size: int,
        *,
        rng: np.random.Generator,
        activation: str | Callable = "tanh",
        dtype: str = "float32",
        backend: str = "numpy",
        device: str = "cpu",
    ) -> "BasicRNNCell":
        """Glorot-uniform over the whole kernel `[input + hidden, hidden]`, as TensorFlow 1 does; zero bias."""
        kernel = initial_kernel(input_size, hidden_size, 1, rng)
        forward_of(activation)
        return cls(
            kernel=from_numpy(kernel, dtype, backend, device),
            bias=from_numpy(np.zeros(hidden_size), dtype, backend, device),
            activation=activation,
        )

    @property
    def input_size(self) -> int:
        """The width of x."""
        return self.kernel.shape[0] - self.output_size

    @property
    def state_size(self) -> int:
        """The width of h."""
        return self.bias.shape[0]

    @property
    def output_size(self) -> int:
        """The same as `state_size`: the output is the state."""
        return self.bias.shape[0]

    def zero_state(self, batch_size: int) -> Float[Array, "batch hidden"]:
        """h = 0."""
        return zeros((batch_size, self.state_size), like=self.bias)

    def __call__(self, x: Float[Array, "batch input"], state: Float[Array, "batch hidden"]) -> tuple[Array, Array]:
        """One step: h', h'. Raises ShapeError if x or the state does not fit the kernel."""
        expect_step(self, x, state)
        return self.forward(x, state)[:2]

    def forward(
        self, x: Float[Array, "batch input"], state: Float[Array, "batch hidden"]
    ) -> tuple[Array, Array, Callable]:
        """One step and its backward: z = [x, h] @ kernel + bias, h' = activation(z)."""
        xp = array_namespace(x)
        xh = xp.concat([x, state], axis=1)  # [batch, input + hidden]
        h, activation_backward = forward_of(self.activation)(xh @ self.kernel + self.bias)  # [batch, hidden]

        def backward(d_output: Array, d_new_state: Array) -> tuple[BasicRNNCell, Array, Array]:
            d_z = activation_backward(d_output + d_new_state)  # h' is both the output and the new state
            d_xh = d_z @ self.kernel.T
            d_cell = self._replace(kernel=xh.T @ d_z, bias=xp.sum(d_z, axis=0))
            return d_cell, d_xh[:, : x.shape[1]], d_xh[:, x.shape[1] :]

        return h, h, backward

    scan = kernels.scan  # a whole sequence at once: what a loop over the steps gives, sooner
    scan_forward = kernels.scan_forward


class LSTMStateTuple(NamedTuple):
    """The state of an LSTM, always built and read by name: TensorFlow 1 writes (c, h), Torch (h, c)."""

    c: Float[Array, "batch hidden"]  # the memory
    h: Float[Array, "batch hidden"]  # the output


class LSTMCell(NamedTuple):
    """c' = σ(f)·c + σ(i)·tanh(j) and h' = σ(o)·tanh(c'), with [i, j, f, o] = [x, h] @ kernel + bias.

    i, j, f and o are pre-activations `[batch, hidden]` of the input gate, the new input, the forget gate and the output
    gate, in TensorFlow 1's order. The forget bias is part of `bias`. Source: Hochreiter & Schmidhuber 1997; Gers,
    Schmidhuber & Cummins 2000 for the forget gate.

    The options of TensorFlow 1 follow, with their equations at `forward_with_options`. With `peepholes` i and f also
    see the old c, and o the new one. `cell_clip` keeps c' within ±cell_clip, before the output tanh. A `projection`
    takes h' to its own width, `output`, without a bias (Sak, Senior & Beaufays 2014); `proj_clip` then cuts that h'.
    """

    kernel: Float[Array, "input+output 4*hidden"]  # without a projection, output = hidden
    bias: Float[Array, " 4*hidden"]
    peepholes: LSTMPeepholes | None = None
    projection: Float[Array, "hidden output"] | None = None
    cell_clip: float | None = None
    proj_clip: float | None = None

    @classmethod
    def init(
        cls,
        input_size: int,
        hidden_size: int,
        *,
        rng: np.random.Generator,
        forget_bias: float = 1.0,
        peepholes: bool = False,
        projection_size: int | None = None,
        cell_clip: float | None = None,
        proj_clip: float | None = None,
        dtype: str = "float32",
        backend: str = "numpy",
        device: str = "cpu",
    ) -> "LSTMCell":
        """Glorot-uniform over the whole kernel, as TensorFlow 1 does; zero bias but `forget_bias` in the f block."""
        kernel = initial_kernel(input_size, hidden_size, 4, rng, projection_size)
        cell = cls(
            kernel=kernel,
            bias=lstm_bias(hidden_size, forget_bias),
            peepholes=initial_peepholes(hidden_size, rng) if peepholes else None,
            projection=None if projection_size is None else glorot_uniform((hidden_size, projection_size), rng),
            cell_clip=cell_clip,
            proj_clip=proj_clip,
        )
        expect_options(cell)
        return tree_map(lambda weights: from_numpy(weights, dtype, backend, device), cell)

    @property
    def is_plain(self) -> bool:
        """Whether the cell has none of the options: nothing but a kernel and a bias."""
        return all(option is None for option in self[2:])

    @property
    def input_size(self) -> int:
        """The width of x."""
        return self.kernel.shape[0] - self.output_size

    @property
    def state_size(self) -> LSTMStateTuple:
        """The widths of c and h, which are equal without a projection."""
        return LSTMStateTuple(c=self.bias.shape[0] // 4, h=self.output_size)

    @property
    def output_size(self) -> int:
        """The width of h."""
        return self.bias.shape[0] // 4 if self.projection is None else self.projection.shape[1]

    def zero_state(self, batch_size: int) -> LSTMStateTuple:
        """c = 0 and h = 0."""
        expect_options(self)
        width = self.state_size
        return LSTMStateTuple(
            c=zeros((batch_size, width.c), like=self.bias), h=zeros((batch_size, width.h), like=self.bias)
        )

    def __call__(self, x: Float[Array, "batch input"], state: LSTMStateTuple) -> tuple[Array, LSTMStateTuple]:
        """One step: h', (c', h'). Raises ShapeError if x, the state or an option does not fit the kernel."""
        expect_options(self)
        expect_step(self, x, state)
        return self.forward(x, state)[:2]

    def forward(self, x: Float[Array, "batch input"], state: LSTMStateTuple) -> tuple[Array, LSTMStateTuple, Callable]:
        """One step and its backward; one matrix product serves all four gates."""
        if not self.is_plain:
            return forward_with_options(self, x, state)
        xp = array_namespace(x)
        xh = xp.concat([x, state.h], axis=1)  # [batch, input + hidden]
        i, j, f, o = split_columns(xh @ self.kernel + self.bias, 4)  # each [batch, hidden]
        i, j, f, o = sigmoid(i), xp.tanh(j), sigmoid(f), sigmoid(o)
        c = f * state.c + i * j
        tanh_c = xp.tanh(c)
        h = o * tanh_c

        def backward(d_output: Array, d_new_state: LSTMStateTuple) -> tuple[LSTMCell, Array, LSTMStateTuple]:
            d_h = d_output + d_new_state.h  # h' is the output and half of the new state
            d_c = d_new_state.c + d_h * o * (1 - tanh_c * tanh_c)
            d_i, d_j = d_c * j * i * (1 - i), d_c * i * (1 - j * j)
            d_f, d_o = d_c * state.c * f * (1 - f), d_h * tanh_c * o * (1 - o)
            d_z = xp.concat([d_i, d_j, d_f, d_o], axis=1)  # [batch, 4*hidden]
            d_xh = d_z @ self.kernel.T
            d_cell = LSTMCell(kernel=xh.T @ d_z, bias=xp.sum(d_z, axis=0))
            d_state = LSTMStateTuple(c=d_c * f, h=d_xh[:, x.shape[1] :])
            return d_cell, d_xh[:, : x.shape[1]], d_state

        return h, LSTMStateTuple(c=c, h=h), backward

    scan = kernels.scan  # a whole sequence at once: what a loop over the steps gives, sooner
    scan_forward = kernels.scan_forward


def initial_kernel(
    input_size: int, hidden_size: int, blocks: int, rng: np.random.Generator, output_size: int | None = None
) -> np.ndarray:
    """Glorot-uniform over `[input + output, blocks*hidden]`; the output is as wide as the state if None."""
    output_size = hidden_size if output_size is None else output_size
    check_sizes(input_size=input_size, hidden_size=hidden_size, output_size=output_size)
    return glorot_uniform((input_size + output_size, blocks * hidden_size), rng)


def expect_step(cell: Any, x: Array, state: Any) -> None:
    """Check x and the state of one step: ShapeError, or TypeError for another library, dtype or device."""
    batch = expect_shape("x", x, "batch input", input=cell.input_size)["batch"]
    expect_state("state", state, cell.state_size, batch)
    expect_step_of_one_kind(cell, x, state)
