"""The kernel's answers to what a prose claims. Each is a text; builtins that a notebook has redefined do no harm.

The value is asked for by a function, so that it is computed here and now, among the names of the notebook.
"""

import operator
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

SIGNS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def shape(value: Callable[[], Any]) -> str:
    """The sizes of an array, as `[4, 3, 5]`; of NumPy, of Torch, of whatever has a shape."""
    found = value()
    if not hasattr(found, "shape"):
        raise TypeError(f"it is of type {type(found).__name__}, which has no shape")
    return str([*map(int, found.shape)])


def dtype(value: Callable[[], Any]) -> str:
    return str(value().dtype).removeprefix("torch.")


def count(value: Callable[[], Any]) -> str:
    return str(value())


def bound(values: Callable[[], tuple], signs: list[str]) -> str:
    """`true`, or the numbers as they are between the signs."""
    numbers = [float(value) for value in values()]
    if all(SIGNS[sign](*pair) for sign, pair in zip(signs, pairwise(numbers), strict=True)):
        return "true"
    return " ".join([f"{numbers[0]:.6g}", *(f"{s} {n:.6g}" for s, n in zip(signs, numbers[1:], strict=True))])


def equal(values: Callable[[], tuple]) -> str:
    """`equal`, or how the two values differ; trees are compared leaf by leaf."""
    return difference(*values()) or "equal"


def difference(left: Any, right: Any, where: str = "") -> str:
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        if left.keys() != right.keys():
            return f"different keys{where}"
        pairs = [(f"[{key!r}]", left[key], right[key]) for key in left]
    elif isinstance(left, list | tuple) and isinstance(right, list | tuple):
        if len(left) != len(right):
            return f"{len(left)} and {len(right)} values{where}"
        pairs = [(f"[{index}]", *pair) for index, pair in enumerate(zip(left, right, strict=True))]
    else:
        return leaf_difference(left, right, f" at {where}" if where else "")
    return next(filter(None, (difference(a, b, where + part) for part, a, b in pairs)), "")


def leaf_difference(left: Any, right: Any, where: str) -> str:
    shapes = [list(getattr(value, "shape", ())) for value in (left, right)]
    if shapes[0] != shapes[1]:
        return f"shapes {shapes[0]} and {shapes[1]}{where}"
    same = left == right
    return "" if bool(same.all() if hasattr(same, "all") else same) else f"different values{where}"
