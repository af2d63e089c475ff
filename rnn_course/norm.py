"""Normalization: subtract a mean and divide by a standard deviation. The kinds differ in who shares the statistics.

On images `[batch, rows, columns, channels]`:

    batch norm     each channel, over batch, rows and columns
    layer norm     each example, over rows, columns and channels       group norm with 1 group
    instance norm  each example and channel, over rows and columns     group norm with as many groups as channels
    group norm     each example and group of channels, over rows, columns and the channels of the group

The variance is the biased one (divided by n), and eps stands inside the root. Its default differs: 1e-5 in the paper on
group norm, Torch and ONNX, 1e-6 in TensorFlow's contrib, 1e-3 in Keras. Converted weights need the eps they had.
"""

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import numpy as np

from rnn_course.arrays import Array, array_namespace, from_numpy, is_numpy_array, no_gradient, zeros_like
from rnn_course.init import check_sizes
from rnn_course.kernels import normalization
from rnn_course.shape_types import Float
from rnn_course.shapes import ShapeError, expect_same_kind, expect_shape


class GroupNorm(NamedTuple):
    """y = gamma · (x − μ) / √(σ² + eps) + beta, with μ and σ² of each example and group of neighbouring channels.

    x is `[batch, ..., channels]`; the statistics run over every axis but the batch. On `[batch, features]` one group is
    layer norm over the features. (For a `[batch, time, features]` whose steps must not see each other, make rows of it
    first: layer norm in Torch and Keras runs over the last axis only, unless told otherwise.)

    Sources: group norm, Wu & He 2018; layer norm, Ba, Kiros & Hinton 2016; instance norm, Ulyanov, Vedaldi &
    Lempitsky 2016.
    """

    gamma: Float[Array, " channels"]
    beta: Float[Array, " channels"]
    groups: int
    eps: float = 1e-5

    @classmethod
    def init(
        cls,
        channels: int,
        groups: int,
        *,
        eps: float = 1e-5,
        dtype: str = "float32",
        backend: str = "numpy",
        device: str = "cpu",
    ) -> "GroupNorm":
        """gamma = 1, beta = 0. Raises ShapeError if the groups cannot have the same number of channels."""
        check_sizes(channels=channels, groups=groups)
        _expect_groups(channels, groups)
        one, zero = (from_numpy(np.full(channels, value), dtype, backend, device) for value in (1.0, 0.0))
        return cls(gamma=one, beta=zero, groups=int(groups), eps=float(eps))

    def __call__(self, x: Float[Array, "batch *places channels"]) -> Float[Array, "batch *places channels"]:
        """The normalized x. Raises ShapeError for another number of channels, or groups of a single number."""
        return self.forward(x)[0]

    def forward(self, x: Float[Array, "batch *places channels"]) -> tuple[Array, Callable]:
        """y, and backward: dy -> GroupNorm(gamma=Σ dy · x̂, beta=Σ dy), dx; x̂ is x before gamma and beta."""
        channels = _expect_channels(x, self.gamma)
        _expect_groups(channels, self.groups)
        numbers = prod(x.shape[1:]) // self.groups
        if numbers == 1:
            raise ShapeError(
                f"x: expected more than one number in a group, got {list(x.shape)} with {self.groups} groups, where "
                "the mean is the number itself and every output is beta. Likely cause: instance norm without an image"
            )
        if is_numpy_array(x) and 0 not in x.shape:
            return normalization.forward(self, x)
        reshape, shape = array_namespace(x).reshape, tuple(x.shape)
        grouped = (x.shape[0], prod(x.shape[1:-1]), self.groups, channels // self.groups)
        standard, _, _, standard_backward = standardize_forward(reshape(x, grouped), (1, 3), self.eps)
        standard = reshape(standard, shape)

        def backward(d_output: Float[Array, "batch *places channels"]) -> tuple[GroupNorm, Array]:
            d_layer = self._replace(gamma=_over_places(d_output * standard), beta=_over_places(d_output))
            return d_layer, reshape(standard_backward(reshape(d_output * self.gamma, grouped)), shape)

        return standard * self.gamma + self.beta, backward


def layer_norm(channels: int, **options: Any) -> GroupNorm:
    """Group norm with one group; `options` are those of `GroupNorm.init`: eps, dtype, backend, device."""
    return GroupNorm.init(channels, 1, **options)


def instance_norm(channels: int, **options: Any) -> GroupNorm:
    """Group norm with one channel a group; `options` are those of `GroupNorm.init`: eps, dtype, backend, device."""
    return GroupNorm.init(channels, channels, **options)


class BatchNorm(NamedTuple):
    """y = gamma · (x − μ) / √(σ² + eps) + beta for each channel (Ioffe & Szegedy 2015).

    It has two doors, for it is two functions. `forward` takes μ and σ² from the running statistics: every example for
    itself; this is the door that `Chain` uses. `forward_training` takes them from the batch, and also returns the layer
    with its new running statistics:

        running ← (1 − momentum) · running + momentum · statistic of the batch

    As in Torch, the running variance averages the unbiased variance (divided by n − 1), though the batch itself is
    divided by the biased one; so does TensorFlow's fused kernel, while Keras 3 averages the biased one. TensorFlow and
    Keras call `momentum` the part that is kept: their 0.99 is 0.01 here.

    The running statistics are not trained: their gradient is 0, and no weight decay pulls at them.
    """

    statistics = ("running_mean", "running_variance")  # the fields that are no weights

    gamma: Float[Array, " channels"]
    beta: Float[Array, " channels"]
    running_mean: Float[Array, " channels"]
    running_variance: Float[Array, " channels"]
    eps: float = 1e-5
    momentum: float = 0.1

    @classmethod
    def init(
        cls,
        channels: int,
        *,
        eps: float = 1e-5,
        momentum: float = 0.1,
        dtype: str = "float32",
        backend: str = "numpy",
        device: str = "cpu",
    ) -> "BatchNorm":
        """gamma = 1, beta = 0, running mean 0 and running variance 1: untrained, inference changes next to nothing."""
        check_sizes(channels=channels)
        arrays = (from_numpy(np.full(channels, value), dtype, backend, device) for value in (1.0, 0.0, 0.0, 1.0))
        return cls(*arrays, eps=float(eps), momentum=float(momentum))

    def __call__(self, x: Float[Array, "batch *places channels"]) -> Float[Array, "batch *places channels"]:
        """Inference: x normalized by the running statistics. Raises ShapeError for another number of channels."""
        return self.forward(x)[0]

    def forward(self, x: Float[Array, "batch *places channels"]) -> tuple[Array, Callable]:
        """Inference: y, and backward: dy -> BatchNorm of gradients, dx = dy · gamma / √(running_variance + eps)."""
        _expect_channels(x, self.gamma)
        with no_gradient(x):
            mean = 1 * self.running_mean  # a new array, of which Torch does not know where it comes from
            scale = (self.running_variance + self.eps) ** -0.5
        standard = (x - mean) * scale

        def backward(d_output: Float[Array, "batch *places channels"]) -> tuple[BatchNorm, Array]:
            return self._gradient(d_output, standard), d_output * self.gamma * scale

        return standard * self.gamma + self.beta, backward

    def forward_training(
        self, x: Float[Array, "batch *places channels"], rng: np.random.Generator | None = None
    ) -> tuple[Array, "BatchNorm", Callable]:
        """Training: y, the layer with its new running statistics, and backward: dy -> BatchNorm of gradients, dx.

        The examples of a batch depend on each other: dx of one sees dy of all. `rng` is not used: every layer that
        trains in its own way (see `Dropout`) has the same door. Raises ShapeError if a channel has a single number,
        which has no variance.
        """
        _expect_channels(x, self.gamma)
        n = prod(x.shape[:-1])
        if n < 2:
            raise ShapeError(
                f"x: expected at least two numbers of each channel to take a variance of, got {list(x.shape)}. "
                "Likely cause: a last batch with one example; drop it (drop_last=True), or use group norm"
            )
        standard, mean, variance, standard_backward = standardize_forward(x, tuple(range(len(x.shape) - 1)), self.eps)

        def backward(d_output: Float[Array, "batch *places channels"]) -> tuple[BatchNorm, Array]:
            return self._gradient(d_output, standard), standard_backward(d_output * self.gamma)

        return standard * self.gamma + self.beta, self._after(mean, variance * (n / (n - 1))), backward

    def _after(self, mean: Array, unbiased_variance: Array) -> "BatchNorm":
        new, old = self.momentum, 1 - self.momentum
        with no_gradient(mean):
            return self._replace(
                running_mean=old * self.running_mean + new * _flat(mean),
                running_variance=old * self.running_variance + new * _flat(unbiased_variance),
            )

    def _gradient(self, d_output: Array, standard: Array) -> "BatchNorm":
        nothing = zeros_like(self)
        return nothing._replace(gamma=_over_places(d_output * standard), beta=_over_places(d_output))


def standardize_forward(
    x: Float[Array, "..."], axes: tuple[int, ...], eps: float
) -> tuple[Array, Array, Array, Callable]:
    """x̂ = (x − μ) / √(σ² + eps) along `axes`, with μ, the biased σ² (their axes kept), and backward: dx̂ -> dx.

    μ and σ² depend on x too: dx = (dx̂ − mean(dx̂) − x̂ · mean(dx̂ · x̂)) / √(σ² + eps).
    """
    xp = array_namespace(x)

    def mean(values: Array) -> Array:
        return xp.mean(values, axis=axes, keepdims=True)

    mu = mean(x)
    variance = mean((x - mu) ** 2)
    scale = (variance + eps) ** -0.5
    standard = (x - mu) * scale

    def backward(d_standard: Float[Array, "..."]) -> Array:
        return scale * (d_standard - mean(d_standard) - standard * mean(d_standard * standard))

    return standard, mu, variance, backward


def _over_places(values: Float[Array, "*places channels"]) -> Float[Array, " channels"]:
    return array_namespace(values).sum(values, axis=tuple(range(len(values.shape) - 1)))


def _flat(statistic: Array) -> Float[Array, " channels"]:
    return array_namespace(statistic).reshape(statistic, (-1,))


def _expect_channels(x: Any, gamma: Array) -> int:
    channels, shape = gamma.shape[0], tuple(getattr(x, "shape", ()))
    places = " ".join(("rows", "columns") if len(shape) == 4 else (f"axis{k}" for k in range(1, len(shape) - 1)))
    looks_nchw = len(shape) > 2 and shape[1] == channels
    cause = "the images look NCHW: the course's are NHWC" if looks_nchw else ""
    expect_shape("x", x, f"batch {places} channels", cause=cause, channels=channels)
    expect_same_kind("x", x, gamma, "gamma")
    return channels


def _expect_groups(channels: int, groups: int) -> None:
    if channels % groups:
        fitting = ", ".join(str(n) for n in range(1, channels + 1) if channels % n == 0)
        raise ShapeError(f"groups: expected a divisor of the {channels} channels ({fitting}), got {groups}")
