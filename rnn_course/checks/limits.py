"""What keeps a learner's function within bounds while it is checked in this process: time and printing.

A notebook's check runs where the learner's variables are, so it can stop a loop and cut what is printed, and no more.
The command line runs a whole notebook in a process of its own, with limits that no code can lift.
"""

import contextlib
import ctypes
import io
import signal
import threading
from collections.abc import Iterator


class TookTooLong(BaseException):
    """The time is over. Not an Exception, so that an `except Exception` of the learner's does not catch it."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TookTooLong inside the block once `seconds` are over, and again every tenth of a second until it is left.

    By a signal in the main thread; elsewhere, and on Windows, by an exception from another thread, which waits until a
    call into C returns.
    """
    if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        limit = _by_signal(seconds)
    else:
        limit = _by_thread(seconds)
    with limit:
        yield


@contextlib.contextmanager
def _by_signal(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TookTooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _by_thread(seconds: float) -> Iterator[None]:
    thread = threading.get_ident()
    over = threading.Event()

    def watch() -> None:
        if not over.wait(seconds):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(TookTooLong))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


class Printed(io.TextIOBase):
    """A stream that keeps the first characters and counts the rest."""

    def __init__(self, keep: int = 600) -> None:
        super().__init__()
        self.keep, self.text, self.total = keep, "", 0

    def writable(self) -> bool:
        """It can be printed to."""
        return True

    def write(self, text: str) -> int:
        """Keep what there is room for."""
        self.total += len(text)
        if len(self.text) < self.keep:
            self.text += text[: self.keep - len(self.text)]
        return len(text)

    def shown(self) -> str:
        """What was printed first, and how much there was beyond it."""
        more = self.total - len(self.text)
        return self.text.rstrip("\n") + (f"\n… and {more:,} characters more" if more else "")
