"""A tree is an array, or a (named) tuple of trees: layers, cells, states and gradients are all trees.

Anything that is neither (an activation's name, a number, None) is part of the structure: it is carried along unchanged.
"""

from collections.abc import Callable, Iterator
from math import prod
from typing import Any

Tree = Any  # an array, or a (named) tuple of trees


def is_array(value: Any) -> bool:
    """Whether `value` is a leaf: a NumPy array, a Torch tensor, or anything else with a shape and a dtype."""
    return hasattr(value, "shape") and hasattr(value, "dtype")


def tree_map(function: Callable, tree: Tree, *others: Tree) -> Tree:
    """Apply `function` leaf by leaf: `tree_map(f, (a, b), (c, d)) = (f(a, c), f(b, d))`.

    All trees must have the structure of the first one; otherwise a ValueError names the place.
    """
    return _map(function, (), tree, others)


def _map(function: Callable, place: tuple, tree: Tree, others: tuple) -> Tree:
    """`place` leads to `tree` from the root: `((), root, 0), branch, 1`; it is written out only for an error."""
    if is_array(tree):
        if not all(map(is_array, others)):
            raise ValueError(f"the trees differ{_at(place)}: one has an array there, another has not")
        return function(tree, *others)
    if not isinstance(tree, tuple):
        return tree
    for other in others:
        if not isinstance(other, tuple) or len(other) != len(tree):
            expected, got = type(tree).__name__, type(other).__name__
            size = f" of {len(other)}" if isinstance(other, tuple) else ""
            raise ValueError(f"the trees differ{_at(place)}: {expected} of {len(tree)} against {got}{size}")
    mapped = [
        _map(function, (place, tree, k), branch, tuple([other[k] for other in others])) for k, branch in enumerate(tree)
    ]
    return rebuild(tree, mapped)


def rebuild(tree: tuple, branches: list) -> tuple:
    """A tuple of the same type as `tree`, made of `branches`."""
    return type(tree)(*branches) if hasattr(tree, "_fields") else tuple(branches)


def named_leaves(tree: Tree, path: str = "") -> Iterator[tuple[str, Any]]:
    """The arrays of a tree with their names, in order: `("cells.0.kernel", array), …`."""
    if is_array(tree):
        yield path, tree
    elif isinstance(tree, tuple):
        for name, branch in _branches(tree):
            yield from named_leaves(branch, _join(path, name))


def leaves(tree: Tree) -> list:
    """The arrays of a tree, in order."""
    if is_array(tree):
        return [tree]
    return [leaf for branch in tree for leaf in leaves(branch)] if isinstance(tree, tuple) else []


def with_leaves(tree: Tree, new_leaves: list) -> Tree:
    """The structure of `tree` with other arrays in it, in the order of `leaves(tree)`."""
    remaining = iter(new_leaves)
    return tree_map(lambda _: next(remaining), tree)


def parameters(tree: Tree) -> int:
    """How many numbers a tree holds: `parameters(LSTMCell) = (input + hidden) * 4*hidden + 4*hidden`."""
    return sum(prod(leaf.shape) for leaf in leaves(tree))


def add(tree: Tree, other: Tree) -> Tree:
    """The sum of two trees of the same structure, leaf by leaf."""
    return tree_map(lambda a, b: a + b, tree, other)


def _branches(tree: tuple) -> Iterator[tuple[str, Any]]:
    names = getattr(tree, "_fields", None) or map(str, range(len(tree)))
    return zip(names, tree, strict=True)


def _join(path: str, name: str) -> str:
    return ".".join(part for part in (path, name) if part)


def _at(place: tuple) -> str:
    """` at cells.0.kernel`, or nothing at the root."""
    path = ""
    while place:
        place, tree, k = place
        path = _join(str(getattr(tree, "_fields", range(len(tree)))[k]), path)
    return f" at {path}" if path else ""
