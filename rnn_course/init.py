"""Initial weights. Numbers are drawn by NumPy in float64, so that a seed gives the same weights on every backend."""

import numpy as np

Shape = tuple[int, ...]


def glorot_uniform(shape: Shape, rng: np.random.Generator) -> np.ndarray:
    """Uniform in ±√(6 / (fan_in + fan_out)) (Glorot & Bengio 2010), for a matrix `[fan_in, fan_out]`.

    It keeps the variance of signals and gradients about equal from layer to layer.
    """
    check_rng(rng)
    limit = np.sqrt(6.0 / sum(shape))
    return rng.uniform(-limit, limit, shape)


def orthogonal(shape: Shape, rng: np.random.Generator) -> np.ndarray:
    """A random matrix whose columns (or rows, if it is wide) are orthonormal (Saxe et al. 2014).

    It is the Q of a Gaussian matrix; the signs of R's diagonal are moved into Q, which makes Q uniformly distributed.
    """
    check_rng(rng)
    rows, columns = shape
    gaussian = rng.standard_normal((max(shape), min(shape)))
    q, r = np.linalg.qr(gaussian)
    q = q * np.sign(np.diag(r))
    return q if rows >= columns else q.T


def check_rng(rng: np.random.Generator) -> None:
    """Raise TypeError unless `rng` is a NumPy Generator: randomness is always an argument, never a global seed."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"rng: expected a numpy.random.Generator, got {type(rng).__name__}; pass rng=numpy.random.default_rng(seed)"
        )


def check_sizes(**sizes: int) -> None:
    """Raise ValueError unless every size is a positive whole number."""
    for name, size in sizes.items():
        if not isinstance(size, int | np.integer) or size < 1:
            raise ValueError(f"{name}: expected a positive whole number, got {size!r}")
