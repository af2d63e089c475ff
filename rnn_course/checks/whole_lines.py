"""Lines that are added to a file by several processes at once: each is whole, and none is lost."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PATIENCE = 2.0  # seconds to wait for the others; then we go on: a process that was stopped may hold the lock for ever
O_BINARY = getattr(os, "O_BINARY", 0)


def append_line(path: Path, line: bytes) -> None:
    """Add a line, with one write at the end of the file, which is made if need be.

    A line that another process did not finish is ended first. Raises OSError, and then nothing was added.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | O_BINARY, 0o666)
    try:
        with _alone(descriptor):
            size = os.fstat(descriptor).st_size
            whole = line if _ends_well(descriptor, size) else b"\n" + line
            try:
                if os.write(descriptor, whole) != len(whole):
                    raise OSError(28, "No space left on device")
            except OSError:
                os.ftruncate(descriptor, size)
                raise
    finally:
        os.close(descriptor)


def read_bytes(path: Path) -> bytes:
    """All of a file, while nobody adds to it. Raises OSError."""
    with path.open("rb") as file, _alone(file.fileno(), shared=True):
        return file.read()


def _ends_well(descriptor: int, size: int) -> bool:
    if size == 0:
        return True
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    return os.read(descriptor, 1) == b"\n"


@contextmanager
def _alone(descriptor: int, shared: bool = False) -> Iterator[None]:
    """Hold a lock on the file inside the block, if the system and the others let us have one in time."""
    lock, unlock = _locks(descriptor, shared)
    held, end = False, time.monotonic() + PATIENCE
    while not held:
        try:
            lock()
            held = True
        except (BlockingIOError, PermissionError):  # somebody else has it
            if time.monotonic() > end:
                break
            time.sleep(0.01)
        except OSError:  # this file system has no locks
            break
    try:
        yield
    finally:
        if held:
            with suppress(OSError):
                unlock()


def _locks(descriptor: int, shared: bool) -> tuple[Callable[[], object], Callable[[], object]]:
    """How to lock and unlock here, without waiting."""
    if sys.platform == "win32":
        import msvcrt

        def region(mode: int) -> None:
            """A byte far behind the end of the file, so that reading it stays possible."""
            place = os.lseek(descriptor, 0, os.SEEK_CUR)
            os.lseek(descriptor, 2**30, os.SEEK_SET)
            try:
                msvcrt.locking(descriptor, mode, 1)
            finally:
                os.lseek(descriptor, place, os.SEEK_SET)

        return lambda: region(msvcrt.LK_NBLCK), lambda: region(msvcrt.LK_UNLCK)
    import fcntl

    mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    return lambda: fcntl.flock(descriptor, mode | fcntl.LOCK_NB), lambda: fcntl.flock(descriptor, fcntl.LOCK_UN)
