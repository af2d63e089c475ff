"""Start a kernel although others start theirs: a kernel is told its ports, and may find one taken when it gets there.

Then it dies before the notebook has begun, and another is started. Once a cell has run, nothing is tried again.
"""

from collections.abc import Callable

STARTS = 4  # kernels that may die before they have answered once


def start(begin: Callable[[], None]) -> None:
    """Call `begin` until it raises no RuntimeError, which says that the kernel has died; the last one is passed on."""
    for _ in range(STARTS - 1):
        try:
            return begin()
        except RuntimeError:
            continue
    return begin()
