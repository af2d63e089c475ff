"""Note what a notebook reads, writes and asks of the network, as Python's own audit events tell it.

One line of the log for each thing: what happened, a tab, and to what. The network is answered with an error: a
notebook is validated as if there were none. Whoever started the kernel reads the log when the run is over.
"""

import os
import random
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

# A port of this machine where nobody answers. Programs that are not Python are told that it is their proxy.
NOBODY = 9
PEOPLES_SEEDS = 2**32  # Torch starts with a seed of 64 bits by chance; people take smaller ones
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_noted: set[str] = set()
_at_start: dict[str, Any] = {}
_log = -1
_root = ""


def begin() -> None:
    """Start to watch this process; what it starts by forking is watched too."""
    global _log, _root
    _log = os.open(os.environ["NBCLAIMS_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    _root = os.path.join(os.environ["NBCLAIMS_ROOT"], "")
    sys.addaudithook(_hear)


def _hear(event: str, arguments: tuple) -> None:
    if event in EVENTS:
        EVENTS[event](*arguments)


def note(what: str, which: str) -> None:
    line = f"{what}\t{which}\n"
    if line not in _noted:
        _noted.add(line)
        os.write(_log, line.encode(errors="surrogateescape"))


def opened(path: Any, mode: Any, flags: int) -> None:
    if not isinstance(path, str | bytes):
        return
    if flags & WRITING:
        written(path)
    else:
        _of_the_project("read", path)


def written(path: Any, *_: Any) -> None:
    if isinstance(path, str | bytes):
        full = os.path.abspath(os.fsdecode(path))
        note("changed" if os.path.lexists(full) else "created", full)


def moved(_: Any, path: Any, *__: Any) -> None:
    written(path)


def listed(path: Any, *_: Any) -> None:
    """A folder was listed: not by the search for a module or package, whose answer is the file that it then reads."""
    if "importlib" not in sys._getframe(2).f_code.co_filename and isinstance(path, str | bytes | None):
        _of_the_project("listed", path or ".")


def _of_the_project(what: str, path: str | bytes) -> None:
    full = os.path.abspath(os.fsdecode(path))
    if full.startswith(_root):
        note(what, full)


def connected(_: Any, address: Any) -> None:
    if isinstance(address, tuple) and isinstance(address[0], str):
        looked_up(*address[:2])


def looked_up(host: Any, port: Any = 0, *_: Any) -> None:
    name = host.decode() if isinstance(host, bytes) else host or ""
    local = name in ("", "localhost", "::1", "0.0.0.0", os.uname().nodename) or name.startswith("127.")
    if not local or port in (NOBODY, str(NOBODY)):
        note("network", f"{name}:{port}" if port else name)
        raise PermissionError("the network is off while a notebook is validated")


def requested(url: Any, *_: Any) -> None:
    if urlsplit(str(url)).hostname not in (None, "localhost", "127.0.0.1", "::1"):
        note("network", str(url))


EVENTS: dict[str, Callable[..., None]] = {
    "open": opened,
    "os.mkdir": written,
    "sqlite3.connect": written,
    "os.rename": moved,
    "os.link": moved,
    "os.symlink": moved,
    "os.listdir": listed,
    "os.scandir": listed,
    "socket.connect": connected,
    "socket.sendto": connected,
    "socket.sendmsg": connected,
    "socket.getaddrinfo": looked_up,
    "socket.gethostbyname": looked_up,
    "urllib.Request": requested,
}


def generators() -> dict[str, Any]:
    """The state of the global generators of random numbers, where they are comparable."""
    import numpy as np

    return {"random": random.getstate(), "numpy.random": str(np.random.get_state())}  # noqa: NPY002 (it is watched)


def start() -> str:
    """Called before the first cell: remember the global generators."""
    _at_start.update(generators())
    return "started"


def finish() -> str:
    """Called after the last cell: note the generators that are not as they were, and the seconds of processor time."""
    for name, state in generators().items():
        if state != _at_start.get(name):
            note("seed", name)
    torch = sys.modules.get("torch")
    if torch and torch.initial_seed() < PEOPLES_SEEDS:
        note("seed", "torch")
    note("worked", f"{sum(os.times()[:4]):.3f}")
    return "finished"
