"""The first way in which an answer differs from the reference, in words that never give the reference away."""

from typing import Any

import numpy as np

from rnn_course.arrays import backend_of, to_numpy
from rnn_course.tree import is_array

TOLERANCE = {"float64": 1e-9, "float32": 1e-4}


def first_difference(got: Any, expected: Any, axes: str = "", outputs: tuple[str, ...] = (), where: str = "") -> str:
    """A sentence that locates the first difference, or "" where there is none."""
    label = where or "the result"
    if got is None:
        return f"{label} is None: is there a `return` missing?"
    if is_array(expected):
        return _array_difference(got, expected, axes, label)
    if isinstance(expected, tuple):
        return _tuple_difference(got, expected, axes, outputs, label)
    return "" if got == expected else f"{label} is {got!r}, which is not right"


def _tuple_difference(got: Any, expected: tuple, axes: str, outputs: tuple[str, ...], label: str) -> str:
    if not isinstance(got, tuple | list):
        return f"{label} should be {len(expected)} values, got one {type(got).__name__}"
    if len(got) != len(expected):
        return f"{label} should have {len(expected)} parts, got {len(got)}: {got!r}"[:200]
    names = outputs or getattr(expected, "_fields", None) or tuple(f"[{k}]" for k in range(len(expected)))
    for name, got_part, expected_part in zip(names, got, expected, strict=True):
        inner = name if label == "the result" else f"{label}{name if name.startswith('[') else '.' + name}"
        difference = first_difference(got_part, expected_part, axes, (), inner)
        if difference:
            return difference
    return ""


def _array_difference(got: Any, expected: Any, axes: str, label: str) -> str:
    if not is_array(got):
        return f"{label} is {type(got).__name__}, expected an array of shape {_shape(expected.shape, axes)}"
    if backend_of(got) != backend_of(expected):
        return f"{label} is a {backend_of(got)} array, but the arguments were {backend_of(expected)} arrays"
    if tuple(got.shape) != tuple(expected.shape):
        return _shape_difference(tuple(got.shape), tuple(expected.shape), axes, label)
    if got.dtype != expected.dtype:
        return f"{label} is {got.dtype}, expected {expected.dtype}: the type of the arguments should stay"
    ours, theirs = to_numpy(expected), to_numpy(got)
    tolerance = TOLERANCE.get(str(ours.dtype), 0.0)
    close = np.isclose(theirs, ours, rtol=tolerance, atol=tolerance)
    if close.all():
        return ""
    first = tuple(int(k) for k in np.argwhere(~close)[0])
    names = axes.split()
    place = ", ".join(f"{names[k]} {i}" if len(names) == len(first) else str(i) for k, i in enumerate(first))
    extra = _structure(theirs, ours, names)
    return (
        f"{label} has the right shape, but {int((~close).sum())} of {close.size} numbers differ; the first at "
        f"[{place}]: expected {ours[first]:.4g}, got {theirs[first]:.4g}{extra}"
    )


def _shape_difference(got: tuple, expected: tuple, axes: str, label: str) -> str:
    sentence = f"{label} has shape {list(got)}, expected {_shape(expected, axes)}"
    if sorted(got) == sorted(expected):
        return f"{sentence}: the right sizes in another order"
    if len(got) != len(expected):
        return f"{sentence}: {len(got)} axes instead of {len(expected)}"
    return sentence


def _structure(got: np.ndarray, expected: np.ndarray, names: list[str]) -> str:
    """What the whole array looks like: the right numbers elsewhere, not a number, or off by a constant."""
    if np.isnan(got).any():
        return "; there are NaN in it"
    for axis in range(got.ndim):
        if np.array_equal(np.flip(got, axis), expected):
            return f"; axis {names[axis] if names else axis} is reversed"
    if np.array_equal(np.sort(got, axis=None), np.sort(expected, axis=None)):
        return "; all the right numbers are there, in the wrong places: reshape where a transpose was needed?"
    return ""


def _shape(shape: Any, axes: str) -> str:
    names = axes.split()
    if len(names) != len(shape):
        return str(list(shape))
    return "[" + ", ".join(f"{name}={size}" for name, size in zip(names, shape, strict=True)) + "]"
