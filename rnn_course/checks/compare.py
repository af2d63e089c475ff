"""Where an answer differs from the reference: the first result that does, and in what way.

The words never give the reference away: they name places, axes and structures, and one number of each at most.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from rnn_course.arrays import backend_of, to_numpy
from rnn_course.checks.findings import axes_moved, find_structure, is_close
from rnn_course.tree import is_array, named_leaves

Axes = dict[str, tuple[str, ...]]  # the names of the axes of each result, by its path


class Difference(NamedTuple):
    """The first difference: the path of the result it is in ("" for the only one), and a sentence in words."""

    path: str
    text: str


class Pair(NamedTuple):
    """One result of the reference beside the answer's; `problem` says why they cannot be compared, if they cannot."""

    path: str
    got: Any
    expected: Any
    problem: str = ""

    @property
    def label(self) -> str:
        """How a message calls it."""
        return f"`{self.path}`" if self.path else "the result"


def axes_of(path: str, axes: Axes) -> tuple[str, ...]:
    """The names of the axes of one result. The only result has them whatever its name; `*` stands for any number."""
    if not path and len(axes) == 1:
        return next(iter(axes.values()))
    return axes.get(path) or axes.get(re.sub(r"\b\d+\b", "*", path), ())


def agree(got: Any, expected: Any) -> bool:
    """Whether two values have the same structure, types and numbers, the numbers within rounding."""
    return all(not pair.problem and not _problem(pair) for pair in _pairs(got, expected, {}))


def agreeing_parts(got: Any, expected: Any, axes: Axes) -> dict[str, bool]:
    """For each result, by its path, whether it agrees."""
    return {pair.path: not pair.problem and not _problem(pair) for pair in _pairs(got, expected, axes)}


def named_parts(value: Any, axes: Axes) -> dict[str, Any]:
    """The results by their paths, as messages call them."""
    return {pair.path: pair.got for pair in _pairs(value, value, axes)}


def first_difference(
    got: Any, expected: Any, axes: Axes, blocks: tuple[str, ...] = (), arguments: dict[str, Any] | None = None
) -> Difference | None:
    """The first difference, or None where there is none. `arguments` serve to say "these are the numbers of `h`"."""
    for pair in _pairs(got, expected, axes):
        named = axes_of(pair.path, axes)
        text = pair.problem or _problem(pair, named)
        ask = bool(text) and is_array(pair.got)
        whose = _whose_numbers(pair, named_parts(expected, axes), arguments or {}) if ask else ""
        if text == VALUES:
            text = _explain(pair, named, blocks, whose)
        elif whose:
            text = f"{text}. {whose}"
        if text:
            return Difference(pair.path, text if text[-1] in ".?!" else f"{text}.")
    return None


def _pairs(got: Any, expected: Any, axes: Axes, path: str = "") -> Iterator[Pair]:
    """The leaves of both, side by side. Where the structure is wrong, the tuple is the leaf, with the problem."""
    if not isinstance(expected, tuple | list):
        yield Pair(path, got, expected)
        return
    names = _names(expected, axes, path)
    if problem := _structure(got, expected, names, path):
        yield Pair(path, got, expected, problem)
        return
    for name, ours, theirs in zip(names, expected, got, strict=True):
        yield from _pairs(theirs, ours, axes, f"{path}.{name}" if path else name)


def _structure(got: Any, expected: tuple | list, names: tuple[str, ...], path: str) -> str:
    """What is wrong with the answer as a tuple, or ""."""
    label = f"`{path}`" if path else "the result"
    fields = getattr(expected, "_fields", None)
    wanted = f"{type(expected).__name__}({', '.join(f'{name}=…' for name in names)})" if fields else ", ".join(names)
    if got is None:
        return f"{label} is None: is there a `return` missing?"
    if not isinstance(got, tuple | list):
        if len(expected) == 1 and not is_array(got):
            return f"{label} should be a tuple of one number, got {_short(got)}; a comma makes the tuple: (7,), not (7)"
        return f"{label} should be {len(expected)} values ({wanted}), got one {_kind(got)}"
    if fields and any(getattr(part, "_fields", None) == fields for part in got):
        return f"{label} should be one {type(expected).__name__}, got {len(got)} values with one among them"
    if len(got) != len(expected):
        parts = "1 part" if len(expected) == 1 else f"{len(expected)} parts"
        if not any(name.isdigit() for name in names):
            parts = f"{parts} ({wanted})"
        return f"{label} should have {parts}, got {len(got)}"
    if fields and not hasattr(got, "_fields"):
        return f"{label} should be built by name, {wanted}; got a plain {type(got).__name__}, whose order says nothing"
    if fields and got._fields != fields:  # type: ignore[union-attr]
        return f"{label} should be {wanted}, got a {type(got).__name__}"
    return ""


def _names(expected: tuple | list, axes: Axes, path: str) -> tuple[str, ...]:
    """The names of the parts of a tuple: its fields, else those declared below `path`, else their numbers."""
    if hasattr(expected, "_fields"):
        return expected._fields  # type: ignore[attr-defined]
    start = f"{path}." if path else ""
    below = [declared.removeprefix(start) for declared in axes if declared and declared.startswith(start)]
    declared = tuple(dict.fromkeys(name.partition(".")[0] for name in below if name[0] != "*"))
    return declared if len(declared) == len(expected) else tuple(str(k) for k in range(len(expected)))


VALUES = "the values differ"  # arrays of one shape and type; what more there is to say takes longer to find


def _problem(pair: Pair, axes: tuple[str, ...] = ()) -> str:
    """What is wrong with one result, VALUES if it is only the numbers, or ""."""
    got, expected, label = pair.got, pair.expected, pair.label
    if is_array(expected):
        return _array_problem(pair, axes)
    if got is None and expected is not None:
        return f"{label} is None: is there a `return` missing?"
    if isinstance(expected, bool) or not isinstance(expected, int | float):
        right = type(got) is type(expected) and got == expected
        return "" if right else f"{label} is {_short(got)}, which is not right"
    if is_array(got) and tuple(got.shape) == ():  # type: ignore[union-attr]
        got = got.item()  # type: ignore[union-attr]
    if isinstance(got, bool) or not isinstance(got, int | float):
        return f"{label} is {_short(got)}, expected a number"
    if isinstance(expected, int) and isinstance(got, float) and got == expected:
        return f"{label} is {got!r}, a float; a size or a count is an int (// divides without leaving the integers)"
    return "" if np.isclose(got, expected, rtol=1e-6, atol=1e-12) else f"{label} is {_short(got)}, which is not right"


def _array_problem(pair: Pair, axes: tuple[str, ...]) -> str:
    got, expected, label = pair.got, pair.expected, pair.label
    if got is None:
        return f"{label} is None: is there a `return` missing?"
    if not is_array(got) and tuple(expected.shape) == () and type(got) in (int, float):
        return "" if is_close(np.asarray(got), to_numpy(expected)).all() else VALUES  # a number is as good here
    if not is_array(got):
        return f"{label} is {_kind(got)}, expected an array of shape {shape_text(expected.shape, axes)}"
    if _library(got) != _library(expected):
        return f"{label} is a {_library(got)} array, but the arguments were {_library(expected)} arrays"
    if tuple(got.shape) != tuple(expected.shape):
        return _shape_difference(to_numpy(got), to_numpy(expected), axes, label)
    if got.dtype != expected.dtype:
        names = [str(x.dtype).removeprefix("torch.") for x in (got, expected)]
        return f"{label} is {names[0]}, expected {names[1]}: the type of the arguments should stay"
    if getattr(got, "device", "") != getattr(expected, "device", ""):
        return f"{label} is on the device {got.device}, but the arguments are on {expected.device}"
    return "" if is_close(to_numpy(got), to_numpy(expected)).all() else VALUES


def _shape_difference(got: np.ndarray, expected: np.ndarray, axes: tuple[str, ...], label: str) -> str:
    sentence = f"{label} has shape {list(got.shape)}, expected {shape_text(expected.shape, axes)}"
    if sorted(got.shape) == sorted(expected.shape):
        if axes_moved(got, expected):
            return f"{sentence}: the numbers are right, the axes stand in another order"
        return f"{sentence}: the right sizes in another order"
    if got.size == expected.size and is_close(got.reshape(expected.shape), expected).all():
        return f"{sentence}: the numbers are right, only the shape is not"
    if got.ndim != expected.ndim:
        return f"{sentence}: {got.ndim} {'axis' if got.ndim == 1 else 'axes'} instead of {expected.ndim}"
    wrong = [k for k in range(got.ndim) if got.shape[k] != expected.shape[k]]
    if len(wrong) == 1 and len(axes) == got.ndim:
        return f"{sentence}: only the axis `{axes[wrong[0]]}` has another size"
    return sentence


def _explain(pair: Pair, axes: tuple[str, ...], blocks: tuple[str, ...], whose: str) -> str:
    """How many numbers differ, where the first one is, and what they look like as a whole."""
    got, expected = to_numpy(pair.got) if is_array(pair.got) else np.asarray(pair.got), to_numpy(pair.expected)
    close = is_close(got, expected)
    first = tuple(int(k) for k in np.argwhere(~close)[0])
    place = ", ".join(f"{axes[k]} {i}" if len(axes) == len(first) else str(i) for k, i in enumerate(first))
    if close.ndim == 0:
        one, other = _told_apart(got.item(), expected.item())
        sentence = f"{pair.label} is {one}, expected {other}"
    else:
        one, other = _told_apart(got[first].item(), expected[first].item())
        sentence = (
            f"{pair.label} has the right shape, but {int((~close).sum())} of {close.size} numbers differ; the first at "
            f"[{place}]: expected {other}, got {one}"
        )
    return f"{sentence}. {whose or find_structure(got, expected, close, axes, blocks)}".rstrip(". ")


def _told_apart(got: Any, expected: Any) -> tuple[str, str]:
    """Two numbers with four digits each, or with as many as it takes to see that they differ."""
    for digits in range(4, 17):
        if (one := f"{got + 0.0:.{digits}g}") != (other := f"{expected + 0.0:.{digits}g}"):
            return one, other
    return repr(got), repr(expected)


def _whose_numbers(pair: Pair, expected: dict[str, Any], arguments: dict[str, Any]) -> str:
    """If these are the numbers of an argument, or belong into another result, its name."""
    others = [
        (f"the argument `{path}`", leaf) for name, tree in arguments.items() for path, leaf in named_leaves(tree, name)
    ]
    results = ((path, leaf) for path, leaf in expected.items() if path != pair.path and is_array(leaf))
    others += [(f"what belongs into `{path}`", leaf) for path, leaf in results]
    shape = getattr(pair.got, "shape", ())
    same = (name for name, leaf in others if leaf.shape == shape and agree(pair.got, leaf))
    found = next(same, "")
    return f"This is {found}" if found else ""


def shape_text(shape: Any, axes: tuple[str, ...]) -> str:
    """`[batch=5, time=3]`, or `[5, 3]` where the axes have no names."""
    if len(axes) != len(shape):
        return str(list(shape))
    return "[" + ", ".join(f"{name}={size}" for name, size in zip(axes, shape, strict=True)) + "]"


def _library(x: Any) -> str:
    return "numpy" if isinstance(x, np.generic) else backend_of(x)


def _kind(value: Any) -> str:
    return f"array of shape {list(value.shape)}" if is_array(value) else type(value).__name__


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "…"
