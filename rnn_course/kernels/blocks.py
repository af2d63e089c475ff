"""Into how many blocks of columns a product is cut: as many as are fastest on this machine.

On some processors OpenBLAS has a path for small products that does not rearrange its operands first. A step of a
recurrent cell multiplies few rows by a large matrix; cut into blocks of columns, each product is small enough for that
path, and the step takes half the time. On other processors one block is best. So it is measured, once a shape and
process, in a few milliseconds. Cutting changes no sum, and so no result by more than rounding.
"""

import os
from time import thread_time

import numpy as np

from rnn_course.kernels.pool import release_memory

SMALL = 1_000_000  # multiplications; OpenBLAS takes the path without rearranging up to here
NARROWEST = 16  # columns of a block; below, the calls cost more than they save
BUDGET = 0.012  # seconds that are spent on measuring one shape

_known: dict[tuple, int] = {}
_measuring = os.environ.get("RNN_COURSE_AUTOTUNE", "1") != "0"


def autotune(on: bool) -> None:
    """Switch measuring on or off; off, every product has one block. The variable RNN_COURSE_AUTOTUNE=0 does it too."""
    global _measuring
    _measuring = on
    release_memory()  # buffers made before have the other number of blocks


def column_blocks(rows: int, inner: int, groups: int, columns: int, dtype: np.dtype) -> int:
    """The best q for `[rows, inner] @ [groups, q, inner, columns / q]`, from measurements of this process."""
    if not _measuring or rows == 1 or rows * inner * columns * groups <= SMALL:
        return 1
    shape = (rows, inner, groups, columns, dtype.char)
    if shape not in _known:
        _known[shape] = _fastest(*shape)
    return _known[shape]


def cut(columns: np.ndarray, blocks: int) -> np.ndarray:
    """`[..., rows, columns]` as `[..., blocks, rows, columns / blocks]`, without a copy."""
    return np.moveaxis(columns.reshape(*columns.shape[:-1], blocks, columns.shape[-1] // blocks), -2, -3)


def candidates(rows: int, inner: int, columns: int) -> list[int]:
    """One block, and the two smallest numbers of blocks whose products are all small."""
    divisors = [q for q in range(2, columns // NARROWEST + 1) if columns % q == 0]
    return [1, *[q for q in divisors if rows * inner * (columns // q) <= SMALL][:2]]


def _fastest(rows: int, inner: int, groups: int, columns: int, kind: str) -> int:
    start, best = thread_time(), {}  # time of this thread alone, which a busy machine hardly changes
    left, weights = np.ones((rows, inner), kind), np.ones(groups * inner * columns, kind)
    out = np.empty((groups, rows, columns), kind)
    for _ in range(7):
        for q in candidates(rows, inner, columns):
            right = weights.reshape(groups, q, inner, columns // q)
            target = out.reshape(groups, rows, q, columns // q).transpose(0, 2, 1, 3)
            began = thread_time()
            np.matmul(left, right, out=target)
            ended = thread_time()
            best[q] = min(best.get(q, np.inf), ended - began)
            if ended - start > BUDGET:
                break
    return min(best, key=lambda q: best[q])
