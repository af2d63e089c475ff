"""Feed-forward layers: a layer is a named tuple of its weights, and its gradient is a layer again.

`layer(x)` gives the output; `layer.forward(x)` gives the output and `backward`, which turns the gradient of the output
into the gradient of the layer and of its input.
"""

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import numpy as np

from rnn_course.arrays import Array, array_namespace, from_numpy
from rnn_course.init import check_sizes, glorot_uniform
from rnn_course.shape_types import Float
from rnn_course.shapes import expect_same_kind, expect_shape


class Dense(NamedTuple):
    """y = x @ kernel + bias, on the last axis of x."""

    kernel: Float[Array, "input output"]
    bias: Float[Array, " output"]

    @classmethod
    def init(
        cls,
        input_size: int,
        output_size: int,
        *,
        rng: np.random.Generator,
        dtype: str = "float32",
        backend: str = "numpy",
        device: str = "cpu",
    ) -> "Dense":
        """Glorot-uniform kernel and zero bias."""
        check_sizes(input_size=input_size, output_size=output_size)
        kernel = glorot_uniform((input_size, output_size), rng)
        return cls(
            kernel=from_numpy(kernel, dtype, backend, device),
            bias=from_numpy(np.zeros(output_size), dtype, backend, device),
        )

    def __call__(self, x: Float[Array, "*batch input"]) -> Float[Array, "*batch output"]:
        """y = x @ kernel + bias.

        Raises ShapeError if the last axis of x is not the kernel's first, and TypeError for an x of another library,
        dtype or device than the kernel.
        """
        axes = " ".join(f"axis{k}" for k in range(max(0, len(x.shape) - 1))) + " input"
        expect_shape("x", x, axes, input=self.kernel.shape[0])
        expect_same_kind("x", x, self.kernel, "kernel")
        return self.forward(x)[0]

    def forward(
        self,
        x: Float[Array, "*batch input"],
    ) -> tuple[Float[Array, "*batch output"], Callable]:
        """y, and backward: dy -> Dense(xᵀ dy, Σ dy), dx = dy @ kernelᵀ."""
        xp = array_namespace(x)
        y = x @ self.kernel + self.bias

        def backward(
            d_output: Float[Array, "*batch output"],
        ) -> tuple[Dense, Array]:
            rows = xp.reshape(x, (-1, x.shape[-1]))  # [rows, input]
            d_rows = xp.reshape(d_output, (-1, y.shape[-1]))  # [rows, output]
            d_layer = Dense(kernel=rows.T @ d_rows, bias=xp.sum(d_rows, axis=0))
            return d_layer, d_output @ self.kernel.T

        return y, backward


class Flatten(NamedTuple):
    """`[batch, ...]` to `[batch, features]`: every example becomes one row, its last axis running fastest."""

    def __call__(self, x: Float[Array, "batch ..."]) -> Float[Array, "batch features"]:
        """The same numbers, one row an example."""
        return self.forward(x)[0]

    def forward(self, x: Float[Array, "batch ..."]) -> tuple[Float[Array, "batch features"], Callable]:
        """y, and backward: dy -> itself (no weights), dy in the shape of x."""
        reshape = array_namespace(x).reshape
        y = reshape(x, (x.shape[0], prod(x.shape[1:])))
        return y, lambda d_output: (self, reshape(d_output, tuple(x.shape)))


class AddChannel(NamedTuple):
    """`[batch, row, column]` to `[batch, row, column, 1]`: grey images for a convolution, which counts channels."""

    def __call__(self, x: Float[Array, "batch row column"]) -> Float[Array, "batch row column 1"]:
        """The same numbers, with an axis for their one channel."""
        return self.forward(x)[0]

    def forward(self, x: Float[Array, "batch row column"]) -> tuple[Float[Array, "batch row column 1"], Callable]:
        """y, and backward: dy -> itself (no weights), dy without its last axis."""
        return x[..., None], lambda d_output: (self, d_output[..., 0])


class Chain(NamedTuple):
    """Layers one after the other: `Chain((f, g))(x) = g(f(x))`. A chain is a layer."""

    layers: tuple[Any, ...]

    def __call__(self, x: Array) -> Array:
        """The output of the last layer."""
        for layer in self.layers:
            x = layer(x)
        return x

    def forward(self, x: Array) -> tuple[Array, Callable]:
        """y, and backward: dy -> Chain of the layers' gradients, dx.

        Backward visits the layers from last to first.
        """
        backwards = []
        for layer in self.layers:
            x, layer_backward = layer.forward(x)
            backwards.append(layer_backward)
        return x, _chained(backwards)

    def forward_training(
        self,
        x: Array,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, "Chain", Callable]:
        """y, the chain with its new running statistics, and backward.

        Layers that learn otherwise than they answer do so here: batch norm
        uses the batch, dropout drops with `rng`.
        """
        layers, backwards = [], []
        for layer in self.layers:
            x, layer, layer_backward = forward_training(layer, x, rng)
            layers.append(layer)
            backwards.append(layer_backward)
        return x, Chain(tuple(layers)), _chained(backwards)


def forward_training(layer: Any, x: Array, rng: np.random.Generator | None = None) -> tuple[Array, Any, Callable]:
    """y, the layer with its new running statistics, and backward: the training door of a layer or a model.

    Most layers learn as they answer and do not have this door: then it is `layer.forward`, and the layer as it is.
    """
    if hasattr(layer, "forward_training"):
        return layer.forward_training(x, rng)
    y, backward = layer.forward(x)
    return y, layer, backward


def _chained(backwards: list[Callable]) -> Callable:
    """The backward of layers one after the other: from the last to the first."""

    def backward(d_x: Array) -> tuple[Chain, Array]:
        d_layers = []
        for layer_backward in reversed(backwards):
            d_layer, d_x = layer_backward(d_x)
            d_layers.append(d_layer)
        return Chain(tuple(reversed(d_layers))), d_x

    return backward
