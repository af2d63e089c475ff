"""Buffers that are used again, and are never in two hands at once.

Fresh memory is slow: the system has to clear it, page by page. A run over a sequence borrows its buffers here and gives
them back when nobody can reach them any more. What a caller gets to see, outputs and gradients, is never one of them.
"""

from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Any

import numpy as np

SPARE = 2  # how many sets of buffers of one kind wait for their next use
KINDS = 12  # how many kinds of buffers wait; the oldest kind goes first
LARGEST = 64 * 2**20  # bytes; a larger set of buffers is given back to the system

_waiting: dict[Hashable, list[Any]] = {}  # every access is one operation of dict or list, which threads cannot split


class Loan:
    """Buffers that belong to whoever holds the loan. They return to the pool when the loan is closed or collected."""

    __slots__ = ("buffers", "key")

    def __init__(self, key: Hashable, make: Callable[[], Any]) -> None:
        self.key = key
        try:
            self.buffers: Any = _waiting[key].pop()
        except (KeyError, IndexError):
            self.buffers = make()

    def close(self) -> None:
        """Give the buffers back; the holder must not use them any more."""
        buffers, self.buffers = self.buffers, None
        if buffers is None or memory(buffers) > LARGEST:
            return
        spare = _waiting.setdefault(self.key, [])
        if len(spare) < SPARE:
            spare.append(buffers)
        with suppress(RuntimeError, StopIteration):  # another thread has just changed the dictionary: it does this too
            while len(_waiting) > KINDS:
                _waiting.pop(next(iter(_waiting)), None)

    def __enter__(self) -> Any:
        return self.buffers

    def __exit__(self, *error: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "buffers", None) is not None:
            self.close()


def memory(buffers: Any) -> int:
    """The bytes of all arrays among the attributes of `buffers`."""
    return sum(value.nbytes for value in vars(buffers).values() if isinstance(value, np.ndarray))


def release_memory() -> None:
    """Give all waiting buffers back to the system."""
    _waiting.clear()
