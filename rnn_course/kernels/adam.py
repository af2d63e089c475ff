"""One update of Adam in the arrays themselves: the operations of `optim.adamw`, in their order, and so the same bits.

Each array is gone through in pieces that stay in the cache, and nothing is made but two pieces to work in. It is for
who owns the arrays: the training loop, which has made copies of what it was given. All gradients are read before the
first weight changes, for a gradient may be an array of weights: that of ½·Σw² is w itself.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

PIECE = 2**15  # numbers


class Numbers(NamedTuple):
    """What an update needs beside arrays: β₁, β₂, 1 − learning_rate · decay, and the move's factor and ε, corrected."""

    beta1: float
    beta2: float
    keep: float
    rate: float
    offset: float


def fits(*arrays: np.ndarray) -> bool:
    """Whether all are NumPy arrays of one type and shape, and those that are written to lie in memory as one row."""
    first, _, *state = arrays
    return all(
        isinstance(array, np.ndarray) and array.dtype == first.dtype and array.shape == first.shape for array in arrays
    ) and all(array.flags.c_contiguous for array in (first, *state))


def average(gradient: np.ndarray, mean: np.ndarray, square: np.ndarray, numbers: Numbers) -> None:
    """m ← β₁·m + (1 − β₁)·g and v ← β₂·v + (1 − β₂)·g²."""
    beta1, beta2, rest1, rest2 = _scalars(gradient, numbers.beta1, numbers.beta2, 1 - numbers.beta1, 1 - numbers.beta2)
    for g, m, v, a, _ in _pieces(gradient, mean, square):
        np.multiply(m, beta1, m)
        np.multiply(g, rest1, a)
        np.add(m, a, m)
        np.multiply(v, beta2, v)
        np.multiply(g, g, a)
        np.multiply(a, rest2, a)
        np.add(v, a, v)


def move(weights: np.ndarray, mean: np.ndarray, square: np.ndarray, numbers: Numbers) -> None:
    """w ← keep·w − rate·m / (√v + offset)."""
    keep, rate, offset = _scalars(weights, numbers.keep, numbers.rate, numbers.offset)
    for w, m, v, a, b in _pieces(weights, mean, square):
        np.sqrt(v, b)
        np.add(b, offset, b)
        np.multiply(m, rate, a)
        np.divide(a, b, a)
        if numbers.keep != 1:
            np.multiply(w, keep, w)
        np.subtract(w, a, w)


def _scalars(like: np.ndarray, *values: float) -> list[np.ndarray]:
    """Numbers in the type of the array, as NumPy would make them of a float in each call."""
    return [np.asarray(value, like.dtype) for value in values]


def _pieces(*arrays: np.ndarray) -> Iterator[list[np.ndarray]]:
    """Pieces of the arrays, and two of the same length to work in."""
    rows = [array.reshape(-1) for array in arrays]
    size = rows[0].size
    rows += [*np.empty((2, min(PIECE, size)), rows[0].dtype)]
    for start in range(0, size, PIECE):
        length = min(PIECE, size - start)
        yield [row[start : start + length] for row in rows[:3]] + [row[:length] for row in rows[3:]]
