"""Putting a digit where MNIST's makers put theirs: in a box of 20×20, its centre of mass in the middle of 28×28."""

from typing import Any

import numpy as np

from rnn_course.arrays import to_numpy
from rnn_course.data.digits import bilinear_matrix
from rnn_course.shape_types import Float
from rnn_course.shapes import ShapeError

BOX, FIELD = 20, 28  # pixels a side


def like_mnist(image: Any, threshold: float = 0.1) -> Float[np.ndarray, "28 28"]:
    """One grey image `[rows, columns]`, 0 paper and 1 ink, as MNIST would show it.

    What is darker than `threshold` is cut out and scaled, its proportions kept, so that its longer side is 20 pixels.
    Then it is moved by whole pixels until its centre of mass is nearest to the middle of the 28×28 field. An empty
    image stays empty. Raises ShapeError for another rank, ValueError for numbers outside 0 to 1.

    Source: Y. LeCun, C. Cortes and C. J. C. Burges, "The MNIST database of handwritten digits".
    """
    x = np.asarray(to_numpy(image), np.float64)
    if x.ndim != 2:
        raise ShapeError(f"image: expected one grey image, [rows, columns], got {list(x.shape)}")
    if x.size and not (np.isfinite(x).all() and x.min() >= 0 and x.max() <= 1):
        raise ValueError("image: expected values from 0 to 1; scale the pixels first")
    inked = x > threshold
    field = np.zeros((FIELD, FIELD))
    if not inked.any():
        return field
    rows, columns = (np.flatnonzero(inked.any(axis=axis)) for axis in (1, 0))
    digit = x[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = (max(1, round(BOX * n / max(digit.shape))) for n in digit.shape)
    digit = _resized(height, digit.shape[0]) @ digit @ _resized(width, digit.shape[1]).T
    for_rows, for_columns = digit.sum(axis=1), digit.sum(axis=0)
    top = _start(for_rows, height)
    left = _start(for_columns, width)
    field[top : top + height, left : left + width] = digit
    return field


def _start(ink: np.ndarray, size: int) -> int:
    """Where the first of `size` lines has to go, so that their centre of mass lies in the middle of the field."""
    centre = ink @ (np.arange(size) + 0.5) / ink.sum()
    return int(np.clip(round(FIELD / 2 - centre), 0, FIELD - size))


def _resized(size: int, source: int) -> np.ndarray:
    """Linear interpolation to a larger size, means over the pixels covered to a smaller one: `[size, source]`."""
    if size >= source:
        return bilinear_matrix(size, source)
    edges = np.arange(size + 1) * source / size  # [size + 1], in old pixels
    pixels = np.arange(source)
    covered = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return np.clip(covered, 0, None) * size / source
