"""The functions between two matrix products, each with two doors: `f(x)`, and `f_forward(x) -> y, backward`."""

from collections.abc import Callable
from typing import NamedTuple

from rnn_course.arrays import Array, array_namespace
from rnn_course.shape_types import Float

Forward = tuple[Array, Callable[[Array], Array]]  # the value, and `backward`: d_output -> d_input


def linear(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """y = x."""
    return x


def linear_forward(x: Float[Array, "..."]) -> Forward:
    """y = x, dx = dy."""
    return x, lambda d_output: d_output


def sigmoid(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """σ(x) = 1 / (1 + exp(−x)), computed as ½·tanh(x/2) + ½, which never overflows."""
    return 0.5 * array_namespace(x).tanh(0.5 * x) + 0.5


def sigmoid_forward(x: Float[Array, "..."]) -> Forward:
    """y = σ(x), dx = dy · y · (1 − y)."""
    y = sigmoid(x)
    return y, lambda d_output: d_output * y * (1 - y)


def tanh(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """tanh(x) = (exp(x) − exp(−x)) / (exp(x) + exp(−x))."""
    return array_namespace(x).tanh(x)


def tanh_forward(x: Float[Array, "..."]) -> Forward:
    """y = tanh(x), dx = dy · (1 − y²)."""
    y = tanh(x)
    return y, lambda d_output: d_output * (1 - y * y)


def relu(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """max(x, 0); a NaN stays a NaN (Nair & Hinton 2010)."""
    return array_namespace(x).where(x <= 0, 0 * x, x)


def relu_forward(x: Float[Array, "..."]) -> Forward:
    """y = max(x, 0), dx = dy where x > 0, else 0 (at x = 0 too)."""
    where = array_namespace(x).where
    return relu(x), lambda d_output: where(x <= 0, 0 * d_output, d_output)


def log_softmax(
    x: Float[Array, "..."],
    axis: int = -1,
) -> Float[Array, "..."]:
    """log(exp(x) / Σ exp(x)) along `axis`.

    The maximum is taken off first, so that nothing overflows.
    """
    xp = array_namespace(x)
    shifted = x - xp.max(x, axis=axis, keepdims=True)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=axis, keepdims=True))


def log_softmax_forward(x: Float[Array, "..."], axis: int = -1) -> Forward:
    """y = log softmax(x), dx = dy − softmax(x) · Σ dy."""
    xp = array_namespace(x)
    y = log_softmax(x, axis)
    return y, lambda d_output: d_output - xp.exp(y) * xp.sum(d_output, axis=axis, keepdims=True)


def softmax(x: Float[Array, "..."], axis: int = -1) -> Float[Array, "..."]:
    """exp(x) / Σ exp(x) along `axis`: positive numbers that sum to 1."""
    return array_namespace(x).exp(log_softmax(x, axis))


def softmax_forward(x: Float[Array, "..."], axis: int = -1) -> Forward:
    """y = softmax(x), dx = y · (dy − Σ dy · y)."""
    xp = array_namespace(x)
    y = softmax(x, axis)
    return y, lambda d_output: y * (d_output - xp.sum(d_output * y, axis=axis, keepdims=True))


FORWARDS: dict[str, Callable[..., Forward]] = {
    "linear": linear_forward,
    "relu": relu_forward,
    "sigmoid": sigmoid_forward,
    "tanh": tanh_forward,
}


def forward_of(activation: str | Callable[[Array], Forward]) -> Callable[[Array], Forward]:
    """The forward door of an activation: of a known name, or the function itself; a ValueError lists the names."""
    if callable(activation):
        return activation
    if activation not in FORWARDS:
        raise ValueError(
            f"activation: expected one of {', '.join(FORWARDS)}, or a function x -> y, backward; got {activation!r}"
        )
    return FORWARDS[activation]


class Activation(NamedTuple):
    """An activation as a layer without weights: `Activation("relu")(x) = relu(x)`.

    name  linear, relu, sigmoid or tanh; or a forward door of your own, a function x -> y, backward
    """

    name: str | Callable[[Array], Forward]

    def __call__(self, x: Float[Array, "..."]) -> Float[Array, "..."]:
        """y = f(x)."""
        return self.forward(x)[0]

    def forward(self, x: Float[Array, "..."]) -> tuple[Array, Callable]:
        """y, and backward: dy -> (the gradient of the layer: itself, for it has no weights), dx."""
        y, backward = forward_of(self.name)(x)
        return y, lambda d_output: (self, backward(d_output))
