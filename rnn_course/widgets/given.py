"""What is handed to a figure, as numbers that can be drawn."""

from typing import Any

import numpy as np

from rnn_course.arrays import to_numpy


def finite_numbers(name: str, values: Any) -> np.ndarray:
    """The values in double precision, NumPy or Torch. Raises TypeError for no numbers, ValueError for infinite ones."""
    try:
        numbers = np.asarray(to_numpy(values), dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"{name}: expected an array of numbers, got {type(values).__name__}") from None
    if not np.isfinite(numbers).all():
        raise ValueError(f"{name}: expected finite numbers, got NaN or infinity")
    return numbers
