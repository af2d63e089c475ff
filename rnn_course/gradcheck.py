"""Is `backward` the gradient of `forward`? Three answers side by side: by hand, by numbers, by Torch's autograd.

For each array among the arguments the slope along one random direction v is compared: `<g, v>` with the gradient g of
`backward`, with a central difference of sixth order, and with autograd where Torch is installed.
"""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

from rnn_course.arrays import array_namespace, autograd, to, to_numpy
from rnn_course.tree import Tree, leaves, named_leaves, tree_map, with_leaves

STENCIL = ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60))  # f'(0) ≈ Σ weight · (f(k·step) − f(−k·step)) / step, error step⁶


class Row(NamedTuple):
    """The slope of one array, three times; `autograd` is None without Torch."""

    name: str
    hand: float
    numeric: float
    autograd: float | None

    @property
    def error(self) -> float:
        """The largest relative difference from the slope by hand."""
        others = [value for value in (self.numeric, self.autograd) if value is not None]
        return max(abs(self.hand - other) / max(abs(self.hand), abs(other), 1e-3) for other in others)


class GradientCheck(NamedTuple):
    """The table of a gradient check; it prints as text and renders as HTML."""

    rows: tuple[Row, ...]
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether every slope agrees to the tolerance."""
        return all(row.error <= self.tolerance for row in self.rows)

    def __repr__(self) -> str:
        width = max([len(row.name) for row in self.rows] + [5])
        lines = [f"{'array':{width}}  {'hand':>11}  {'numeric':>11}  {'autograd':>11}  agree"]
        for row in self.rows:
            auto = "–" if row.autograd is None else f"{row.autograd:.6f}"
            agree = "yes" if row.error <= self.tolerance else f"NO (relative difference {row.error:.1e})"
            lines.append(f"{row.name:{width}}  {row.hand:11.6f}  {row.numeric:11.6f}  {auto:>11}  {agree}")
        return "\n".join(lines)


def gradcheck(
    forward: Callable[..., tuple],
    *arguments: Tree,
    rng: np.random.Generator,
    names: tuple[str, ...] | None = None,
    step: float = 1e-3,
    tolerance: float = 1e-9,
    with_autograd: bool = True,
) -> GradientCheck:
    """Compare the slopes of `forward(*arguments) -> *results, backward` for every array among the arguments.

    The arguments are trees of float64 NumPy arrays; `backward` takes a gradient for each result and returns one for
    each argument (a single gradient if there is one argument). The results are weighed with random numbers u, so that
    the function checked is the scalar <u, results>. `names` are the arguments' names in the table. Without
    `with_autograd`, and without Torch, `forward` may work in any way that NumPy can. Raises TypeError for arrays that
    are not float64.
    """
    for name, leaf in named_leaves(arguments):
        if to_numpy(leaf).dtype != np.float64:
            raise TypeError(f"argument {name}: a gradient check needs float64, got {leaf.dtype}")
    *results, backward = forward(*arguments)
    u = _random_like(tuple(results), rng)
    v = _random_like(arguments, rng)
    hand = backward(*u) if len(arguments) > 1 else (backward(*u),)

    def value(moved: tuple, weights: tuple) -> Any:
        return sum_of_products(tuple(forward(*moved)[:-1]), weights)

    auto = None
    if with_autograd and find_spec("torch"):
        torch_u = to(u, "torch")
        _, auto = autograd(lambda moved: value(moved, torch_u), to(arguments, "torch"))

    rows = []
    names = names or tuple(f"argument {k}" for k in range(len(arguments)))
    labels = [label for name, tree in zip(names, arguments, strict=True) for label, _ in named_leaves(tree, name)]
    for k, (label, direction) in enumerate(zip(labels, leaves(v), strict=True)):

        def along(distance: float, k: int = k, direction: np.ndarray = direction) -> float:
            moved = leaves(arguments)
            moved[k] = moved[k] + distance * direction
            return float(value(with_leaves(arguments, moved), u))

        numeric = sum(weight * (along(n * step) - along(-n * step)) for n, weight in STENCIL) / step
        slope = float(np.sum(leaves(hand)[k] * direction))
        torch_slope = None if auto is None else float(np.sum(to_numpy(leaves(auto)[k]) * direction))
        rows.append(Row(label, slope, numeric, torch_slope))
    return GradientCheck(tuple(rows), tolerance)


def sum_of_products(tree: Tree, other: Tree) -> Any:
    """<a, b>: the sum over all leaves of the products of their numbers, as a scalar of their library."""
    total: Any = 0.0
    for a, b in zip(leaves(tree), leaves(other), strict=True):
        total = total + array_namespace(a).sum(a * b)
    return total


def _random_like(tree: Tree, rng: np.random.Generator) -> Tree:
    return tree_map(lambda leaf: np.asarray(rng.standard_normal(leaf.shape)), tree)
