"""Moving images by whole pixels: a digit that stands two pixels further left is the same digit."""

from typing import Any

import numpy as np

from rnn_course.arrays import Array, integers, zeros
from rnn_course.shape_types import Float, Int


def shifted(
    images: Float[Array, "batch row column"],
    down: Int[np.ndarray, " batch"],
    right: Int[np.ndarray, " batch"],
) -> Float[Array, "batch row column"]:
    """Each image moved by its own number of pixels down and to the right (up and left where it is negative).

    y[n, i, j] = images[n, i − down[n], j − right[n]], and 0, which is paper, where that lies outside. The numbers of
    pixels are NumPy's, so that the same are drawn on every backend; the images stay where they are.
    """
    batch, rows, columns = images.shape
    border = int(max(np.abs(down).max(initial=0), np.abs(right).max(initial=0)))
    if border == 0:
        return images
    padded = zeros((batch, rows + 2 * border, columns + 2 * border), like=images)
    padded[:, border : border + rows, border : border + columns] = images  # our own new array
    example = integers(np.arange(batch)[:, None, None], like=images)
    row: Any = integers((border - down)[:, None, None] + np.arange(rows)[:, None], like=images)  # [batch, row, 1]
    column: Any = integers((border - right)[:, None, None] + np.arange(columns), like=images)  # [batch, 1, column]
    return padded[example, row, column]
