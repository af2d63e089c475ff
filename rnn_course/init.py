"""Initial weights. Numbers are drawn by NumPy in float64, so that a seed gives the same weights on every backend.

A weight's shape is `[..., input, output]`: fan_in is the product of all axes but the last, the numbers that one output
is a sum of; fan_out is the product of all axes but the one before the last. Leading axes are those of a filter.
"""

from math import inf, prod
from numbers import Integral, Real
from typing import Any

import numpy as np

Shape = tuple[int, ...]


def glorot_uniform(shape: Shape, rng: np.random.Generator) -> np.ndarray:
    """Uniform in ±√(6 / (fan_in + fan_out)) (Glorot & Bengio 2010), which is a variance of 2 / (fan_in + fan_out).

    It keeps the variance of signals and gradients about equal from layer to layer. TensorFlow 1 draws a cell's whole
    kernel `[input + hidden, 4*hidden]` this way. Raises ValueError for less than two axes.
    """
    fan_in, fan_out = _fans(shape)
    return _uniform(np.sqrt(6.0 / (fan_in + fan_out)), shape, rng)


def he_uniform(shape: Shape, rng: np.random.Generator) -> np.ndarray:
    """Uniform in ±√(6 / fan_in), which is a variance of 2 / fan_in: for layers with a ReLU (He et al. 2015).

    A ReLU sets half of the numbers to 0, and the factor 2 makes up for it. Raises ValueError for less than two axes.
    """
    return _uniform(np.sqrt(6.0 / _fans(shape)[0]), shape, rng)


def he_normal(shape: Shape, rng: np.random.Generator) -> np.ndarray:
    """Normal with mean 0 and variance 2 / fan_in: for layers with a ReLU (He et al. 2015).

    The paper's distribution, which is Torch's `kaiming_normal_`; Keras's `he_normal` has the same variance, but cuts
    the tails off. Raises ValueError for less than two axes.
    """
    check_rng(rng)
    return rng.normal(0.0, np.sqrt(2.0 / _fans(shape)[0]), shape)


def torch_uniform(shape: Shape, rng: np.random.Generator, width: int | None = None) -> np.ndarray:
    """Uniform in ±1/√width, as `torch.nn` draws weights and biases alike; `width` is fan_in if None.

    `torch.nn.Linear` and `Conv2d`: the fan_in of the kernel, which has to be given for their bias. `torch.nn.RNN`,
    `LSTM` and `GRU`: the hidden size, for all kernels and biases. Raises ValueError for a width that is no positive
    whole number, and without one for less than two axes.
    """
    if width is None:
        width = _fans(shape)[0]
    check_sizes(width=width)
    return _uniform(1 / np.sqrt(width), shape, rng)


def orthogonal(shape: Shape, rng: np.random.Generator, gain: float = 1.0) -> np.ndarray:
    """`gain` times a random matrix whose columns (or rows, if it is wide) are orthonormal (Saxe et al. 2014).

    It is the Q of a Gaussian matrix; the signs of R's diagonal are moved into Q, which makes Q uniformly distributed.
    Raises ValueError for anything but two axes.
    """
    check_rng(rng)
    check_positive(gain=gain)
    if len(shape) != 2:
        raise ValueError(f"shape: expected two axes, [input, output], got {list(shape)}")
    check_sizes(**{f"shape[{k}]": size for k, size in enumerate(shape)})
    rows, columns = shape
    gaussian = rng.standard_normal((max(shape), min(shape)))
    q, r = np.linalg.qr(gaussian)
    q = gain * q * np.sign(np.diag(r))
    return q if rows >= columns else q.T


def keras_lstm_kernel(input_size: int, hidden_size: int, rng: np.random.Generator) -> np.ndarray:
    """The kernel `[input + hidden, 4*hidden]` of an LSTM as Keras draws it: two matrices, one below the other.

    The input rows are glorot-uniform over `[input, 4*hidden]`; the recurrent rows are orthogonal over
    `[hidden, 4*hidden]` as a whole, so that they are orthonormal, but the four blocks `[hidden, hidden]` are not
    orthogonal. Neither distribution knows the order of the gates. Keras's bias is `lstm_bias(hidden_size)`.
    """
    check_sizes(input_size=input_size, hidden_size=hidden_size)
    from_input = glorot_uniform((input_size, 4 * hidden_size), rng)
    return np.concatenate([from_input, orthogonal((hidden_size, 4 * hidden_size), rng)])


def lstm_bias(hidden_size: int, forget_bias: float = 1.0) -> np.ndarray:
    """The bias `[4*hidden]` of an LSTM: 0, but `forget_bias` in the third block, for the order is i, j, f, o.

    With 1, a new cell remembers: about σ(1) = 0.73 of c stays at every step (Jozefowicz, Zaremba & Sutskever 2015).
    """
    check_sizes(hidden_size=hidden_size)
    bias = np.zeros(4 * hidden_size)
    bias[2 * hidden_size : 3 * hidden_size] = forget_bias
    return bias


def check_rng(rng: Any) -> np.random.Generator:
    """`rng` itself; TypeError unless it is a NumPy Generator: randomness is an argument, never a global seed."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"rng: expected a numpy.random.Generator, got {type(rng).__name__}; pass rng=numpy.random.default_rng(seed)"
        )
    return rng


def check_sizes(**sizes: int) -> None:
    """Raise ValueError unless every size is a positive whole number."""
    for name, size in sizes.items():
        if not isinstance(size, Integral) or size < 1:
            raise ValueError(f"{name}: expected a positive whole number, got {size!r}")


def check_positive(**values: float) -> None:
    """Raise ValueError unless every value is a positive, finite number."""
    for name, value in values.items():
        if not isinstance(value, Real) or not 0 < value < inf:
            raise ValueError(f"{name}: expected a positive number, got {value!r}")


def _fans(shape: Shape) -> tuple[int, int]:
    """How many numbers one output is a sum of, and into how many outputs one input goes."""
    if len(shape) < 2:
        raise ValueError(f"shape: expected at least two axes, [..., input, output], got {list(shape)}")
    check_sizes(**{f"shape[{k}]": size for k, size in enumerate(shape)})
    return prod(shape[:-1]), prod(shape[:-2]) * shape[-1]


def _uniform(limit: float, shape: Shape, rng: np.random.Generator) -> np.ndarray:
    check_rng(rng)
    return rng.uniform(-limit, limit, shape)
