"""Weights cut into blocks for a product: cut the way that is fastest on this machine.

On some processors OpenBLAS has a path for small products that does not rearrange its operands first. A step of a
recurrent cell multiplies few rows by a large matrix; cut into blocks of 64 columns, each product is small enough for
that path, and the step takes half the time. On other processors one block is best. So it is measured, once a shape and
process, in a few milliseconds. Cutting changes no result by more than rounding.
"""

import os
from collections.abc import Callable
from functools import partial
from math import prod
from time import thread_time
from typing import Any, NamedTuple

import numpy as np

from rnn_course.kernels.pool import aligned, release_memory

SMALL = 1_000_000  # multiplications; OpenBLAS takes the path without rearranging up to here
WIDTHS = 64, 32, 16  # columns of a block, whole vectors of any processor; 64 are best where they fit
BUDGET = 0.012  # seconds after which the measuring of one shape ends, as soon as each way was measured once
REPEATS = 7
MEASURED = 2**20  # numbers: of larger weights a part of the columns is measured, but no fewer than 128


class Cut(NamedTuple):
    """Into how many pieces the inner axis is cut, whose products are added, and how many columns a block has."""

    pieces: int
    width: int


_known: dict[tuple, Any] = {}
_measuring = os.environ.get("RNN_COURSE_AUTOTUNE", "1") != "0"


def autotune(on: bool) -> None:
    """Switch measuring on or off; off, every product has one block. The variable RNN_COURSE_AUTOTUNE=0 does it too."""
    global _measuring
    _measuring = on
    release_memory()  # buffers made before are cut in the other way


def is_measuring() -> bool:
    """Whether measuring is on."""
    return _measuring


def best_cut(rows: int, inner: int, groups: int, columns: int, dtype: np.dtype, pieces: int = 1) -> Cut:
    """How to cut `[groups, inner, columns]` for `[rows, inner] @ …`, from measurements of this process.

    pieces  into how many pieces the inner axis may be cut, beside one; then there is one group
    """
    if not _measuring or rows == 1 or rows * inner * columns * groups <= SMALL:
        return Cut(1, columns)
    shape = rows, inner, groups, columns, dtype.char, pieces
    return _measured(shape, lambda: _ways_to_cut(*shape))


def row_groups(rows: int, inner: int, columns: int, dtype: np.dtype) -> int:
    """In how many groups of rows `[rows, inner] @ [inner, columns]` is best computed, as products of one call."""
    groups = [g for g in range(2, rows // 8 + 1) if rows % g == 0 and rows // g * inner * columns <= SMALL]
    if not (_measuring and groups) or rows * inner * columns <= SMALL:
        return 1
    shape = rows, inner, columns, dtype.char
    return _measured(shape, lambda: _ways_to_group(*shape, (1, groups[0])))


def candidates(rows: int, inner: int, columns: int, pieces: int = 1) -> list[Cut]:
    """One block, and the first two cuts whose products are all small."""
    cuts = [Cut(p, width) for width in WIDTHS if width < columns for p in sorted({1, pieces})]
    return [Cut(1, columns), *[cut for cut in cuts if rows * inner // cut.pieces * cut.width <= SMALL][:2]]


class Blocks:
    """The second operand of a product, `[groups, inner, columns]`, in blocks of columns and, narrower, their rest.

    Where the inner axis is cut too it is `[pieces, inner / pieces, columns]`, and the products of the pieces are to be
    added.
    """

    def __init__(self, cut: Cut, inner: int, groups: int, columns: int, kind: np.dtype) -> None:
        self.pieces = cut.pieces
        self.arrays = [(part, aligned(shape, kind)) for part, shape in _shapes(cut, inner, groups, columns)]
        self.nbytes = sum(array.nbytes for _, array in self.arrays)

    def place(self, groups: slice, rows: slice) -> list[tuple]:
        """Where `fill` puts `[groups, rows, columns]`: columns, the number of their blocks, and the blocks."""
        if len(self.arrays) == 1 and self.arrays[0][1].shape[1] == 1:
            return whole(self.arrays[0][1][groups, 0, rows])
        return [(columns, array.shape[1], array[groups, :, rows]) for columns, array in self.arrays]

    def onto(self, out: np.ndarray) -> list[tuple]:
        """The blocks, and for each the view of `out: [groups, rows, columns]` that a product with it fills."""
        return [(array, by_blocks(out[..., columns], array.shape[1])) for columns, array in self.arrays]


def best_blocks(rows: int, inner: int, groups: int, columns: int, kind: np.dtype, pieces: int = 1) -> Blocks:
    """Blocks for `[rows, inner] @ [groups, inner, columns]`, cut as is best; `pieces` as in `best_cut`."""
    return Blocks(best_cut(rows, inner, groups, columns, kind, pieces), inner, groups, columns, kind)


def fill(place: list[tuple], values: np.ndarray, factor: np.ndarray) -> None:
    """Put `values · factor`, `[groups, rows, columns]`, into their place in the blocks."""
    for columns, blocks, target in place:
        np.multiply(by_blocks(values[..., columns], blocks) if blocks else values, factor, target)


def whole(array: np.ndarray) -> list[tuple]:
    """A place that is not cut, `[groups, rows, columns]`."""
    return [(slice(None), 0, array)]


def by_blocks(array: np.ndarray, blocks: int) -> np.ndarray:
    """`[..., rows, columns]` as `[..., blocks, rows, columns / blocks]`, without a copy."""
    return array.reshape(*array.shape[:-1], blocks, array.shape[-1] // blocks).swapaxes(-3, -2)


def _shapes(cut: Cut, inner: int, groups: int, columns: int) -> list[tuple[slice, tuple[int, ...]]]:
    """Columns, and the shape `[groups, blocks, inner, width]` of their blocks: all whole ones, and the rest."""
    whole = columns - columns % cut.width
    parts = [(slice(whole), whole // cut.width, cut.width), (slice(whole, columns), 1, columns - whole)]
    groups, inner = groups * cut.pieces, inner // cut.pieces
    return [(part, (groups, blocks, inner, width)) for part, blocks, width in parts if blocks * width]


def _ways_to_cut(rows: int, inner: int, groups: int, columns: int, kind: str, pieces: int) -> dict[Any, Callable]:
    """A product with each candidate."""
    columns = min(columns, max(128, MEASURED // inner))
    groups = max(1, min(groups, MEASURED // (inner * columns)))
    left, memory = _ones(kind, rows, inner), _ones(kind, groups * inner * columns)
    out, total = _ones(kind, groups * pieces, rows, columns), _ones(kind, rows, columns)

    def way(cut: Cut) -> Callable:
        sums, left_pieces = out[: groups * cut.pieces], by_blocks(left, cut.pieces)[:, None]
        onto = [
            (memory[: prod(shape)].reshape(shape), by_blocks(sums[..., part], shape[1]))
            for part, shape in _shapes(cut, inner, groups, columns)
        ]

        def product() -> None:
            for block, target in onto:
                np.matmul(left_pieces, block, target)
            if cut.pieces > 1:
                np.sum(sums, axis=0, out=total)

        return product

    return {cut: way(cut) for cut in candidates(rows, inner, columns, pieces)}


def _ways_to_group(rows: int, inner: int, columns: int, kind: str, groups: tuple[int, ...]) -> dict[Any, Callable]:
    left, right, out = _ones(kind, rows, inner), _ones(kind, inner, columns), _ones(kind, rows, columns)
    return {g: partial(np.matmul, left.reshape(g, -1, inner), right, out=out.reshape(g, -1, columns)) for g in groups}


def _ones(kind: str, *shape: int) -> np.ndarray:
    array = aligned(shape, np.dtype(kind))
    array[...] = 1
    return array


def _measured(shape: tuple, ways: Callable[[], dict[Any, Callable]]) -> Any:
    """The way that was fastest when this shape was first seen."""
    if shape not in _known:
        _known[shape] = _fastest(ways())
    return _known[shape]


def _fastest(ways: dict[Any, Callable]) -> Any:
    start, best = thread_time(), {}  # time of this thread alone, which a busy machine hardly changes
    for name, product in [*ways.items()] * REPEATS:
        began = thread_time()
        product()
        ended = thread_time()
        best[name] = min(best.get(name, np.inf), ended - began)
        if ended - start > BUDGET and len(best) == len(ways):
            break
    return min(best, key=lambda name: best[name])
