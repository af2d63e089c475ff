"""A `Conv2D` with many channels in NumPy: one image at a time, so that its windows stay in the cache.

The windows of an image are copied into rows, whole lines of a window at once, and multiplied by the kernel in one
product. Backward copies them again instead of keeping them, for they are as many times larger than the image as a
window has cells. The gradient of x is one small product for each cell of the window, added where the cell was.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

FEWEST = 8  # channels; with fewer the lines are too short to be worth it


def fits(layer: Any, x: Any) -> bool:
    """Whether it is worth it, and all arrays are of one kind; with gaps in a line of the window there is no line."""
    kinds = {type(x), type(layer.kernel), type(layer.bias)}
    return (
        kinds == {np.ndarray}
        and x.dtype in (np.float32, np.float64)
        and x.dtype == layer.kernel.dtype == layer.bias.dtype
        and x.shape[-1] >= FEWEST
        and layer.dilation in (1, (1, 1))
        and 0 not in x.shape
    )


def forward(layer: Any, x: np.ndarray, geometry: tuple) -> tuple[np.ndarray, Callable]:
    """y and backward, as `Conv2D.forward`; the geometry is that of its windows."""
    (rows, columns), borders, outputs, strides, _ = geometry
    channels, filters, batch = layer.kernel.shape[2], layer.kernel.shape[3], x.shape[0]
    (top, bottom), (left, right) = borders
    padded = np.zeros((batch, top + x.shape[1] + bottom, left + x.shape[2] + right, channels), x.dtype)
    inside = padded[:, top : top + x.shape[1], left : left + x.shape[2]]
    inside[...] = x
    kernel = np.ascontiguousarray(layer.kernel).reshape(rows * columns * channels, filters)
    places, line = outputs[0] * outputs[1], columns * channels

    def windows(image: np.ndarray, into: np.ndarray) -> None:
        """Copy the window in front of every output, `[out_rows, out_columns, rows, columns * channels]`."""
        down, across, cell = image.strides
        view = as_strided(
            image, (*outputs, rows, line), (strides[0] * down, strides[1] * across, down, cell), writeable=False
        )
        into.reshape(view.shape)[...] = view

    y = np.empty((batch, places, filters), x.dtype)
    copied = np.empty((places, rows * line), x.dtype)
    for n in range(batch):
        windows(padded[n], copied)
        np.matmul(copied, kernel, out=y[n])
    y += layer.bias

    def backward(d_output: np.ndarray) -> tuple[Any, np.ndarray]:
        d_y = np.ascontiguousarray(d_output).reshape(batch, places, filters)
        d_kernel, part = np.zeros_like(kernel), np.empty_like(kernel)
        d_padded, copied = np.zeros_like(padded), np.empty((places, rows * line), x.dtype)
        back = np.ascontiguousarray(kernel.reshape(rows * columns, channels, filters).swapaxes(1, 2))
        d_cells = np.empty((rows * columns, places, channels), x.dtype)
        for n in range(batch):
            windows(padded[n], copied)
            np.matmul(copied.T, d_y[n], out=part)
            d_kernel += part
            np.matmul(d_y[n], back, out=d_cells)
            for cell, d_cell in enumerate(d_cells.reshape(-1, *outputs, channels)):
                r, s = divmod(cell, columns)
                down = slice(r, r + (outputs[0] - 1) * strides[0] + 1, strides[0])
                across = slice(s, s + (outputs[1] - 1) * strides[1] + 1, strides[1])
                d_padded[n, down, across] += d_cell
        d_x = d_padded[:, top : top + x.shape[1], left : left + x.shape[2]].copy()
        d_bias = d_y.sum(axis=(0, 1))
        return layer._replace(kernel=d_kernel.reshape(layer.kernel.shape), bias=d_bias), d_x

    return y.reshape(batch, *outputs, filters), backward
