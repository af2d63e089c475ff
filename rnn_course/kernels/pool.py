"""Buffers that are used again, and are never in two hands at once.

Fresh memory is slow: the system has to clear it, page by page. A run over a sequence borrows its buffers here and gives
them back when nobody can reach them any more. What a caller gets to see, outputs and gradients, is never one of them.
"""

from collections.abc import Callable, Hashable
from contextlib import suppress
from math import prod
from threading import Lock
from typing import Any

import numpy as np

SPARE = 2  # how many sets of buffers of one kind wait for their next use
KINDS = 12  # how many kinds of buffers wait; the oldest kind goes first
LINE = 64  # bytes that a processor loads at once
LARGEST = 64 * 2**20  # bytes; a larger set of buffers is given back to the system

_waiting: dict[Hashable, list[Any]] = {}  # every access is one operation of dict or list, which threads cannot split


class Buffers:
    """What a run works in: arrays, a lock for who uses them, and `nbytes`, what all of them hold."""

    nbytes = 0

    def __init__(self) -> None:
        self.lock = Lock()

    def weigh(self) -> None:
        """Add up what the attributes hold; to be called when arrays were made."""
        self.nbytes = sum(getattr(value, "nbytes", 0) for value in vars(self).values())


def aligned(shape: tuple[int, ...], kind: np.dtype) -> np.ndarray:
    """Zeros that begin at a cache line: vectors that lie across two lines are loaded more slowly."""
    size = prod(shape) * kind.itemsize
    memory = np.zeros(size + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + size].view(kind).reshape(shape)


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
        if buffers is None or buffers.nbytes > LARGEST:
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


def release_memory() -> None:
    """Give all waiting buffers back to the system."""
    _waiting.clear()
