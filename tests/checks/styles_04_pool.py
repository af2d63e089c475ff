"""Right answers to the two exercises on pooling in many styles, as learners may write them."""

import math

import numpy as np
from torch.nn import functional

from rnn_course.arrays import array_namespace, zeros

from .styles_01_03 import stacked
from .test_styles_06_08 import is_torch


def borders(n, size):
    """The tiles of an axis, as slices that stay within it."""
    before = (-n % size) // 2
    return [slice(max(begin, 0), begin + size) for begin in range(-before, n, size)]


def of_each_tile(x, size, reduce):
    rows, columns = borders(x.shape[1], size), borders(x.shape[2], size)
    return stacked([stacked([reduce(x[:, r, c, :]) for c in columns], axis=1) for r in rows], axis=1)


def filled_up(x, size, value):
    (top, bottom), (left, right) = (((-n % size) // 2, -n % size - (-n % size) // 2) for n in x.shape[1:3])
    if is_torch(x):
        return functional.pad(x, (0, 0, left, right, top, bottom), value=value)
    return np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=value)


def largest(tile):
    return array_namespace(tile).max(tile, axis=(1, 2))


def maximum_by_the_library(x, size):
    x = filled_up(x, size, -math.inf)
    if is_torch(x):
        return functional.max_pool2d(x.permute(0, 3, 1, 2), size).permute(0, 2, 3, 1)
    return x.reshape(len(x), x.shape[1] // size, size, -1, size, x.shape[3]).max(axis=(2, 4))


MAX_POOL = [
    lambda x, size: of_each_tile(x, size, lambda tile: array_namespace(x).max(tile, axis=(1, 2))),
    lambda x, size: of_each_tile(
        x, size, lambda tile: -array_namespace(x).min(-tile.reshape(len(x), -1, x.shape[3]), axis=1)
    ),
    lambda x, size: of_each_tile(
        filled_up(x, size, -1e30), size, lambda tile: array_namespace(x).max(tile, axis=(1, 2))
    ),
    maximum_by_the_library,
]


def averaged_with_a_count(x, size, count_padding):
    def mean(tile):
        cells = size * size if count_padding else tile.shape[1] * tile.shape[2]
        return tile.sum((1, 2)) / cells

    return of_each_tile(x, size, mean)


def averaged_by_the_library(x, size, count_padding):
    xp = array_namespace(x)
    ones = filled_up(0 * x[:, :, :, :1] + 1, size, 0.0)
    tiles = [a.reshape(len(x), a.shape[1] // size, size, -1, size, a.shape[3]) for a in (filled_up(x, size, 0.0), ones)]
    mean, share = (xp.mean(a, axis=(2, 4)) for a in tiles)
    return mean if count_padding else mean / share


def averaged_without_what_is_no_number(x, size, count_padding):
    if count_padding:
        return averaged_with_a_count(x, size, count_padding)
    x = filled_up(x, size, math.nan)
    tiles = x.reshape(len(x), x.shape[1] // size, size, -1, size, x.shape[3]).swapaxes(2, 3)
    tiles = tiles.reshape(*tiles.shape[:3], -1, x.shape[3])
    return tiles.nanmean(3) if is_torch(x) else np.nanmean(tiles, axis=3)


def averaged_pixel_by_pixel(x, size, count_padding):
    """Each pixel is added to its tile."""
    out = tuple(-(-n // size) for n in x.shape[1:3])
    before = [(-n % size) // 2 for n in x.shape[1:3]]
    total, cells = zeros((len(x), *out, x.shape[3]), like=x), zeros((1, *out, 1), like=x)
    for row, column in np.ndindex(*x.shape[1:3]):
        tile = (row + before[0]) // size, (column + before[1]) // size
        total[:, *tile] += x[:, row, column]
        cells[:, *tile] += 1
    return total / size**2 if count_padding else total / cells


AVERAGE_POOL = [
    averaged_pixel_by_pixel,
    averaged_with_a_count,
    averaged_by_the_library,
    averaged_without_what_is_no_number,
]

STYLES = {"conv.max_pool": MAX_POOL, "conv.average_pool": AVERAGE_POOL}
