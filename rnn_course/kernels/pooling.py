"""`MaxPool2D` in NumPy: a maximum of shifted images, and backward in turn for each cell of the window."""

from collections.abc import Callable
from typing import Any

import numpy as np


def forward(layer: Any, x: np.ndarray, geometry: tuple) -> tuple[np.ndarray, Callable] | None:
    """y and backward, as `MaxPool2D.forward`, whose windows have this geometry; None if a maximum is no number."""
    (rows, columns), ((top, bottom), (left, right)), (down, across), strides, _ = geometry
    inside = slice(top, top + x.shape[1]), slice(left, left + x.shape[2])
    padded = x
    if top or bottom or left or right:
        shape = x.shape[0], top + x.shape[1] + bottom, left + x.shape[2] + right, x.shape[3]
        padded = np.full(shape, -np.inf, x.dtype)
        padded[:, *inside] = x
    cells = [
        (slice(r, r + (down - 1) * strides[0] + 1, strides[0]), slice(s, s + (across - 1) * strides[1] + 1, strides[1]))
        for r in range(rows)
        for s in range(columns)
    ]
    y = padded[:, *cells[0]].copy()
    for cell in cells[1:]:
        np.maximum(y, padded[:, *cell], out=y)
    if np.isnan(y).any():
        return None

    def backward(d_output: np.ndarray) -> tuple[Any, np.ndarray]:
        d_padded, left_over = np.zeros(padded.shape, d_output.dtype), d_output.copy()
        for cell in cells:  # what the first winner of a window gets is taken from the others
            share = np.where(padded[:, *cell] == y, left_over, 0)
            d_padded[:, *cell] += share
            left_over -= share
        return layer, d_padded[:, *inside] if padded is not x else d_padded

    return y, backward
