"""What wrong numbers of the right shape look like as a whole: where they are wrong, and whether there is a pattern."""

from itertools import permutations

import numpy as np

TOLERANCE = {"float64": 1e-9, "float32": 1e-4, "float16": 1e-2}
BLOCKS = {"4": ("i", "j", "f", "o"), "2": ("r", "u")}  # what stands side by side in 4*hidden and in 2*hidden


def is_close(got: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Where two arrays of one shape agree within the rounding of their type."""
    tolerance = TOLERANCE.get(str(expected.dtype), 0.0)
    with np.errstate(all="ignore"):
        close = np.isclose(got, expected, rtol=tolerance, atol=tolerance, equal_nan=expected.dtype.kind == "f")
    return np.asarray(close)


def axes_moved(got: np.ndarray, expected: np.ndarray) -> tuple[int, ...]:
    """The order of axes in which `got` is `expected`, or () where there is none (or more than four axes)."""
    for order in list(permutations(range(got.ndim)))[1:] if got.ndim <= 4 else ():
        moved = got.transpose(order)
        if moved.shape == expected.shape and is_close(moved, expected).all():
            return order
    return ()


def find_structure(
    got: np.ndarray, expected: np.ndarray, close: np.ndarray, axes: tuple[str, ...], blocks: tuple[str, ...]
) -> str:
    """One or two sentences, or "" where nothing stands out. `close` says which numbers agree."""
    if got.size < 2 or got.dtype.kind not in "fiu":
        return ""
    named = axes if len(axes) == got.ndim else tuple(f"axis {k}" for k in range(got.ndim))
    found = (_not_finite(got, expected, named) or _pattern(got, expected, named), _place(close, named, blocks))
    return " ".join(text for text in found if text)


def _not_finite(got: np.ndarray, expected: np.ndarray, axes: tuple[str, ...]) -> str:
    bad = ~np.isfinite(got) & np.isfinite(expected)
    if not bad.any():
        return ""
    what = "NaN" if np.isnan(got[bad]).any() else "infinite numbers"
    if "time" in axes:
        return f"There are {what} in it, from time step {np.argwhere(bad)[:, axes.index('time')].min()} on."
    return f"There are {what} in it: is an exponential or a division out of range?"


def _pattern(got: np.ndarray, expected: np.ndarray, axes: tuple[str, ...]) -> str:
    """What turns the whole of it into the right numbers, if something simple does."""
    if not got.any():
        return "Every number is 0."
    return _elsewhere(got, expected, axes) or _factor(got, expected) or _offset(got, expected, axes)


def _elsewhere(got: np.ndarray, expected: np.ndarray, axes: tuple[str, ...]) -> str:
    """The right numbers in other places."""
    for axis, name in enumerate(axes):
        if got.shape[axis] > 1 and is_close(np.flip(got, axis), expected).all():
            return "It is reversed in time." if name == "time" else f"It is reversed along `{name}`."
        if name == "time" and got.shape[axis] > 2:
            ours, theirs = np.moveaxis(expected, axis, 0), np.moveaxis(got, axis, 0)
            if is_close(theirs[1:], ours[:-1]).all():
                return "It is one time step late."
            if is_close(theirs[:-1], ours[1:]).all():
                return "It is one time step early."
    if not is_close(np.sort(got, axis=None), np.sort(expected, axis=None)).all():
        return ""
    if order := axes_moved(got, expected):
        moved = [f"`{axes[k]}`" for k in range(got.ndim) if order[k] != k]
        return f"It is transposed: the axes {' and '.join(moved)} have changed places."
    return "All the right numbers are there, in the wrong places: a reshape where a transpose was needed?"


def _factor(got: np.ndarray, expected: np.ndarray) -> str:
    """Off by one factor everywhere. The largest number says which, all others have to agree."""
    largest = np.unravel_index(np.argmax(np.abs(expected)), expected.shape)
    if not expected[largest]:
        return ""
    factor = got[largest] / expected[largest]
    if not is_close(got, (factor * expected).astype(expected.dtype)).all():
        return ""
    return f"Every number is {factor:.4g} times the right one." if factor != -1 else "Every number has the wrong sign."


def _offset(got: np.ndarray, expected: np.ndarray, axes: tuple[str, ...]) -> str:
    """Off by one number everywhere, or by the same numbers all along an axis."""
    if is_close(got, 1 - expected).all():
        return "It is 1 minus the right number, everywhere."
    off = (got - expected).astype(float)
    if is_close(got, (expected + off.flat[0]).astype(expected.dtype)).all():
        return f"Every number is {abs(off.flat[0]):.4g} too {'large' if off.flat[0] > 0 else 'small'}."
    for axis, name in enumerate(axes):
        first = off.take([0], axis)
        if got.shape[axis] > 1 and is_close(got, (expected + first).astype(expected.dtype)).all():
            return f"What it is off by is the same all along `{name}`: is something added too much, or left out?"
    return ""


def _place(close: np.ndarray, axes: tuple[str, ...], blocks: tuple[str, ...]) -> str:
    """Where the wrong numbers are, if they keep to a part of an axis."""
    for axis, name in enumerate(axes):
        others = tuple(k for k in range(close.ndim) if k != axis)
        hit = np.asarray((~close).any(axis=others))
        wrong = np.flatnonzero(hit)
        if "*" in name and (found := _blocks(hit, name, blocks)):
            return found
        if hit.all() or len(hit) < 2 or "*" in name:
            continue
        if name == "time" and wrong[0] > 0 and hit[wrong[0] :].all():
            return f"It is right up to time step {wrong[0] - 1}, and wrong from {wrong[0]} on."
        if len(wrong) <= 3:
            are = "is" if len(wrong) == 1 else "are"
            return f"Along `{name}` (0 to {len(hit) - 1}), only {' and '.join(map(str, wrong))} {are} wrong."
    return ""


def _blocks(hit: np.ndarray, name: str, blocks: tuple[str, ...]) -> str:
    """Which blocks of an axis such as 4*hidden are wrong, if not all of them."""
    names = blocks or BLOCKS.get(name.partition("*")[0], ())
    if not names or len(hit) % len(names):
        return ""
    hit_blocks = [bool(block.any()) for block in np.split(hit, len(names))]
    if all(hit_blocks):
        return ""
    wrong = [f"`{n}`" for n, w in zip(names, hit_blocks, strict=True) if w]
    right = [f"`{n}`" for n, w in zip(names, hit_blocks, strict=True) if not w]
    return f"Of its blocks, {' and '.join(wrong)} {'is' if len(wrong) == 1 else 'are'} wrong, {', '.join(right)} right."
