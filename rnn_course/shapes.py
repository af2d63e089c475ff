"""Shapes with named axes, and errors that say which axis is wrong and why it may be."""

from typing import Any

from rnn_course.arrays import Array, alike, array_namespace, autocasts, backend_of, device, to_numpy
from rnn_course.tree import Tree, is_array, named_leaves


class ShapeError(ValueError):
    """An array has the wrong shape. The message names the argument, the axis, both sizes and the likely cause."""


def expect_shape(argument: str, array: Any, axes: str, *, cause: str = "", **sizes: int) -> dict[str, int]:
    """Check that `array` has the named `axes`, some of them with a given size; return all sizes by name.

    `expect_shape("inputs", x, "batch time input", input=3)` returns `{"batch": …, "time": …, "input": 3}` or raises
    ShapeError; `cause` is the caller's guess at the reason, shown after the facts.
    """
    names = axes.split()
    expected = names, sizes  # written out only if there is something to say
    if not is_array(array):
        raise ShapeError(_message(argument, expected, f"a {type(array).__name__}, which is no array", cause))
    shape = tuple(array.shape)
    if len(shape) != len(names):
        what = f"{list(shape)}, which has {len(shape)} axes instead of {len(names)}"
        raise ShapeError(_message(argument, expected, what, cause))
    for name, size in zip(names, shape, strict=True):
        if sizes.get(name, size) != size:
            what = f"{list(shape)}: axis {name!r} is {size} instead of {sizes[name]}"
            raise ShapeError(_message(argument, expected, what, cause))
    return dict(zip(names, shape, strict=True))


def _message(argument: str, expected: tuple[list[str], dict[str, int]], received: str, cause: str) -> str:
    names, sizes = expected
    axes = ", ".join(f"{name}={sizes[name]}" if name in sizes else name for name in names)
    ending = f". Likely cause: {cause}" if cause else ""
    return f"{argument}: expected [{axes}], got {received}{ending}"


def expect_state(argument: str, state: Any, sizes: Any, batch: int) -> None:
    """Check that `state` is a state of a cell whose `state_size` is `sizes`, with `batch` rows; else ShapeError."""
    if isinstance(sizes, int):
        expect_shape(argument, state, "batch hidden", batch=batch, hidden=sizes)
        return
    fields = getattr(sizes, "_fields", None)
    if type(state) is not type(sizes) or len(state) != len(sizes):
        if fields:
            fix = f"build it by name, {type(sizes).__name__}({', '.join(f'{f}=…' for f in fields)})"
        else:
            fix = "a stack has a tuple of states, one a layer from the bottom up"
        size = f" of {len(state)}" if isinstance(state, tuple) else ""
        raise ShapeError(
            f"{argument}: expected {type(sizes).__name__} of {len(sizes)}, got {type(state).__name__}{size}; "
            f"{fix}, or begin with cell.zero_state(batch_size)"
        )
    names = [f".{field}" for field in fields] if fields else [f"[{k}]" for k in range(len(sizes))]
    for name, branch, size in zip(names, state, sizes, strict=True):
        expect_state(argument + name, branch, size, batch)


def expect_lengths(argument: str, lengths: Any, time: int, **sizes: int) -> None:
    """Check that `lengths` (a list or an array) has one whole number from 0 to `time` for each row.

    Raises ShapeError for its shape, TypeError for what is no whole number, ValueError for a number out of range.
    """
    values = to_numpy(lengths)
    expect_shape(argument, values, "batch", cause="", **sizes)
    if values.dtype.kind not in "iu":
        raise TypeError(f"{argument}: expected whole numbers, got {values.dtype}")
    outside = values[(values < 0) | (values > time)]
    if outside.size:
        raise ValueError(
            f"{argument}: expected whole numbers from 0 to {time}, the size of the time axis, got {outside[0]}"
        )


def expect_same_kind(name: str, array: Array, like: Array, other: str) -> None:
    """Check that `array` has the library, the type of numbers and the device of `like`, called `other`; else TypeError.

    Under `torch.autocast` floating-point types may differ, for each operation brings them together.
    """
    if alike(array, like):
        return
    library, wanted = backend_of(array), backend_of(like)
    if library != wanted:
        raise TypeError(
            f"{name} is a {library} array, but {other} is a {wanted} array: bring both to one "
            "library with rnn_course.to(tree, backend)"
        )
    if array.dtype != like.dtype and not (autocasts(like) and _is_floating(array) and _is_floating(like)):
        raise TypeError(f"{name} is {array.dtype}, but {other} is {like.dtype}: give both one floating-point type")
    if device(array) != device(like):
        raise TypeError(
            f"{name} is on {device(array)}, but {other} is on {device(like)}: move one of them with "
            "rnn_course.to(tree, backend, device)"
        )


def expect_step_of_one_kind(cell: Any, x: Array, state: Any) -> None:
    """Check that the weights of a cell and its state have the library, dtype and device of x, else TypeError."""
    for name, leaf in (*named_leaves(cell, "cell"), *named_leaves(state, "state")):
        if "bool" not in str(leaf.dtype):  # the mask of `Masked` is no weight
            expect_same_kind(name, leaf, x, "x")


def expect_floating(name: str, array: Array) -> None:
    """Check that an array holds floating-point numbers, else TypeError."""
    if not _is_floating(array):
        raise TypeError(f"{name}: expected floating-point numbers, got {array.dtype}")


def _is_floating(array: Array) -> bool:
    return array_namespace(array).isdtype(array.dtype, "real floating")


def describe(tree: Tree, name: str = "") -> str:
    """The shapes of a tree, a line for each array: `state.c: [3, 5] float32`."""
    lines = []
    for path, leaf in named_leaves(tree):
        label = ".".join(part for part in (name, path) if part) or "array"
        lines.append(f"{label}: {list(leaf.shape)} {str(leaf.dtype).removeprefix('torch.')}")
    return "\n".join(lines)
