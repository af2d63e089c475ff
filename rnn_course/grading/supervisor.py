"""One trusted process a sandbox: starts it behind bars, watches what it uses, and ends it with all its children."""

import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from rnn_course.grading.confine import adopt_orphans, confine, die_with_parent, separate
from rnn_course.grading.limits import Limits

GLANCE = 0.1  # seconds between two looks at what is used


class Process(NamedTuple):
    """A line of the table of processes; the state Z has ended."""

    pid: int
    parent: int
    state: str


def supervise(control: socket.socket, output: int, life: socket.socket, job: dict[str, Any]) -> None:
    """Start a sandbox, wait until it ends or `life` is closed from the other side, end all, and say how it went."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    adopt_orphans()
    limits, folder = Limits(**job["limits"]), Path(job["folder"])
    readable = tuple(Path(path) for path in job["readable"])
    in_force = separate()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            life.close()
            _become_sandbox(control, output, folder, limits, readable)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    control.close()
    os.close(output)
    ended, others = _watch(child, life, limits)
    with suppress(OSError):
        life.sendall(json.dumps({"ended": ended, "others": others, "separate": in_force}).encode() + b"\n")


def _become_sandbox(
    control: socket.socket, output: int, folder: Path, limits: Limits, readable: tuple[Path, ...]
) -> None:
    die_with_parent()
    os.setsid()  # a signal to its group must not reach this process's parent
    nothing = os.open(os.devnull, os.O_RDONLY)
    for old, new in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(old, new)
    os.close(nothing)
    os.close(output)
    os.chdir(folder)
    names = {"HOME": "", "TMPDIR": "", "XDG_CONFIG_HOME": "config", "XDG_DATA_HOME": "data", "MPLCONFIGDIR": "config"}
    os.environ.update({name: str(folder / below) for name, below in names.items()})
    os.environ["RNN_COURSE_PROGRESS"] = str(folder / "progress")
    confine(folder, limits, readable)
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream = open(number, "w", encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115  for good
        setattr(sys, name, stream)
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115

    from rnn_course.grading.sandbox import serve

    serve(control)


def _watch(child: int, life: socket.socket, limits: Limits) -> tuple[str, int]:
    """Wait for the end; afterwards, no descendant is left. Returns why it ended, and how many others there were."""
    poll = select.poll()
    poll.register(life, select.POLLIN | select.POLLHUP)
    ended_file = os.pidfd_open(child) if hasattr(os, "pidfd_open") else None
    if ended_file is not None:
        poll.register(ended_file, select.POLLIN)
    why, start, shared = "", None, _private_memory(os.getpid())
    while not why:
        for number, _ in poll.poll(1000 * GLANCE):
            if number == life.fileno():
                why = "stopped"
        if not why and (start is None or time.monotonic() - start >= GLANCE):
            start = time.monotonic()
            why = _excess(limits, shared)
        if not why and os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            why = "ended"
    left = [p for p in descendants(os.getpid()) if p.state != "Z" and p.pid != child]
    status = _end(child)
    if why == "ended":
        code = os.waitstatus_to_exitcode(status)
        why = f"ended with exit status {code}" if code >= 0 else f"ended by the signal {signal.Signals(-code).name}"
    return why, len(left)


def _excess(limits: Limits, shared: int) -> str:
    """The limit that is broken, or ""."""
    family = [p for p in descendants(os.getpid()) if p.state != "Z"]
    if len(family) > limits.processes:
        return f"had more than {limits.processes} processes"
    used = sum(max(0, _private_memory(p.pid) - shared) for p in family)
    return f"used more than {limits.memory_mb} MB of memory" if used > limits.memory_mb * 2**20 else ""


def _end(child: int) -> int:
    """Kill the sandbox and every descendant, also those that were orphaned meanwhile. Returns its exit status."""
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and (family := descendants(os.getpid())):
        for process in family:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process.pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.005)
    return status


def descendants(ancestor: int) -> list[Process]:
    """All processes below one, as /proc lists them; none where there is no /proc."""
    children: dict[int, list[Process]] = {}
    for entry in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if entry.isdigit():
            with suppress(OSError, ValueError, IndexError):
                fields = Path("/proc", entry, "stat").read_text(errors="replace").rpartition(")")[2].split()
                process = Process(int(entry), int(fields[1]), fields[0])
                children.setdefault(process.parent, []).append(process)
    found, frontier = [], [ancestor]
    while frontier:
        below = children.get(frontier.pop(), [])
        found += below
        frontier += [p.pid for p in below]
    return found


def _private_memory(pid: int) -> int:
    """The bytes of memory that a process shares with no file; 0 where that is not known."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/status").read_text().partition("RssAnon:")[2].split()[0]) * 1024
    return 0
