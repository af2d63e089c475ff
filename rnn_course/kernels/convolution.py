"""A `Conv2D` with many channels in NumPy: one image at a time, so that its windows stay in the cache.

The windows of an image are copied into rows, whole lines of a window at once, and multiplied by the kernel in one
product. Backward copies them again instead of keeping them, for they are as many times larger than the image as a
window has cells. Where windows move by one, the gradient of x is itself a convolution, of the gradient of y with the
kernel turned round; elsewhere it is one small product for each cell of the window, added where the cell was.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from rnn_course.kernels.blocks import row_groups
from rnn_course.kernels.pool import aligned

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
    size, borders, _, strides, _ = geometry
    outputs = tuple(geometry[2])
    channels, filters, batch = layer.kernel.shape[2], layer.kernel.shape[3], x.shape[0]
    inside = tuple(slice(before, before + n) for (before, _), n in zip(borders, x.shape[1:3], strict=True))
    padded = _pad(x, borders)
    kernel = np.ascontiguousarray(layer.kernel).reshape(-1, filters)
    y = _convolve(padded, size, outputs, strides, kernel)
    y += layer.bias

    def backward(d_output: np.ndarray) -> tuple[Any, np.ndarray]:
        d_y = np.ascontiguousarray(d_output)
        d_kernel = _of_kernel(padded, size, strides, d_y)
        if strides == (1, 1):
            turned = np.ascontiguousarray(layer.kernel[::-1, ::-1].swapaxes(2, 3)).reshape(-1, channels)
            around = [(k - 1 - before, k - 1 - after) for k, (before, after) in zip(size, borders, strict=True)]
            d_x = _convolve(_pad(d_y, around), size, x.shape[1:3], strides, turned)
        else:
            d_x = _cell_by_cell(padded.shape, size, strides, d_y, kernel)[:, inside[0], inside[1]].copy()
        d_bias = d_y.reshape(-1, filters).sum(axis=0)
        return layer._replace(kernel=d_kernel.reshape(layer.kernel.shape), bias=d_bias), d_x

    return y.reshape(batch, *outputs, filters), backward


def _pad(x: np.ndarray, borders: Any) -> np.ndarray:
    """Zeros around the images; an array of its own in any case."""
    (top, bottom), (left, right) = borders
    batch, rows, columns, channels = x.shape
    padded = np.zeros((batch, top + rows + bottom, left + columns + right, channels), x.dtype)
    padded[:, top : top + rows, left : left + columns] = x
    return padded


def _windows(image: np.ndarray, size: tuple, outputs: tuple, strides: tuple, into: np.ndarray) -> None:
    """Copy the window in front of every output, `[out_rows * out_columns, rows * columns * channels]`."""
    (rows, columns), (down, across, cell) = size, image.strides
    shape, steps = (*outputs, rows, columns * image.shape[2]), (strides[0] * down, strides[1] * across, down, cell)
    into.reshape(shape)[...] = as_strided(image, shape, steps, writeable=False)


def _convolve(padded: np.ndarray, size: tuple, outputs: tuple, strides: tuple, kernel: np.ndarray) -> np.ndarray:
    """`[batch, *outputs, filters]` of a kernel `[rows * columns * channels, filters]`."""
    places, (inner, filters), kind = outputs[0] * outputs[1], kernel.shape, padded.dtype
    y = np.empty((len(padded), *outputs, filters), kind)
    groups = row_groups(places, inner, filters, kind)
    copied, weights = aligned((places, inner), kind), aligned(kernel.shape, kind)
    weights[...] = kernel
    rows = copied.reshape(groups, -1, inner)
    for image, result in zip(padded, y.reshape(len(padded), groups, -1, filters), strict=True):
        _windows(image, size, outputs, strides, copied)
        np.matmul(rows, weights, result)
    return y


def _of_kernel(padded: np.ndarray, size: tuple, strides: tuple, d_y: np.ndarray) -> np.ndarray:
    """d_kernel `[rows * columns * channels, filters]`: windows times d_y, summed over the images."""
    _, *outputs, filters = d_y.shape
    places, inner, kind = outputs[0] * outputs[1], size[0] * size[1] * padded.shape[3], padded.dtype
    copied, part = aligned((places, inner), kind), aligned((inner, filters), kind)
    d_kernel = np.zeros((inner, filters), kind)
    groups = row_groups(inner, places, filters, kind)
    rows, parts = copied.T.reshape(groups, -1, places), part.reshape(groups, -1, filters)
    for image, d_places in zip(padded, d_y.reshape(-1, places, filters), strict=True):
        _windows(image, size, tuple(outputs), strides, copied)
        np.matmul(rows, d_places, parts)
        d_kernel += part
    return d_kernel


def _cell_by_cell(shape: tuple, size: tuple, strides: tuple, d_y: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The gradient of the padded images: that of each cell of the window, added where the cell was."""
    _, *outputs, filters = d_y.shape
    places, cells, kind = outputs[0] * outputs[1], size[0] * size[1], d_y.dtype
    back = np.ascontiguousarray(kernel.reshape(cells, -1, filters).swapaxes(1, 2))
    d_padded, d_cells = np.zeros(shape, kind), np.empty((cells, places, shape[3]), kind)
    for image, d_places in zip(d_padded, d_y.reshape(-1, places, filters), strict=True):
        np.matmul(d_places, back, d_cells)
        for cell, d_cell in enumerate(d_cells.reshape(-1, *outputs, shape[3])):
            down, across = (
                slice(k, k + (n - 1) * step + 1, step)
                for k, n, step in zip(divmod(cell, size[1]), outputs, strides, strict=True)
            )
            image[down, across] += d_cell
    return d_padded
