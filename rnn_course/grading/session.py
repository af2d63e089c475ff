"""A running sandbox, seen from the trusted side: ask it something, wait no longer than allowed, and end it."""

import atexit
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from rnn_course.checks.limits import TookTooLong
from rnn_course.grading.confine import readable_paths
from rnn_course.grading.frames import Frames, frame
from rnn_course.grading.limits import Limits
from rnn_course.grading.warm_up import warm_up
from rnn_course.grading.wire import BadMessage

KEPT_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "PYTHONPATH", "RNN_COURSE_DATA", "XDG_CACHE_HOME")
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class SandboxEnded(BaseException):
    """The learner's process is no more; the message says why. Not an Exception, so that no check takes it for one."""


class Nursery:
    """The process that sandboxes are copied from; started when first needed, and again if it has died."""

    def __init__(self) -> None:
        self.process: subprocess.Popen | None = None
        self.socket: socket.socket | None = None
        self.lock = threading.Lock()

    def _start(self) -> None:
        self.close()
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-P", "-m", "rnn_course.grading.nursery", str(theirs.fileno())]
        environment = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
        environment |= dict.fromkeys(ONE_THREAD, "1") | {"MPLBACKEND": "agg", "CUDA_VISIBLE_DEVICES": ""}
        with theirs:
            self.process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], env=environment, stdin=subprocess.DEVNULL, start_new_session=True
            )
        self.socket = ours
        warm_up()  # meanwhile, the same in this process
        if not ours.recv(1):
            raise RuntimeError(f"the process for notebooks cannot be started: {' '.join(command[:4])} fails")

    def start(self) -> None:
        """Have it ready; this takes seconds the first time, and nothing afterwards."""
        with self.lock:
            if self.process is None or self.process.poll() is not None:
                self._start()

    def send(self, message: bytes, files: list[int]) -> None:
        """Ask for a sandbox."""
        self.start()
        with self.lock:
            assert self.socket is not None
            socket.send_fds(self.socket, [message], files)

    def close(self) -> None:
        """End it."""
        if self.socket is not None:
            self.socket.close()
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.process = self.socket = None


NURSERY = Nursery()
atexit.register(NURSERY.close)


class Session:
    """One sandbox. `request` raises TookTooLong or SandboxEnded; after either it is of no more use."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.folder = Path(tempfile.mkdtemp(prefix="rnn-course-"))
        self.frames, self.number, self.printed = Frames(), 0, 0
        self.waiting = False
        self.others = 0
        self._life_bytes = b""
        self.control, control = socket.socketpair()
        self.life, life = socket.socketpair()
        self.output, output = os.pipe()
        job = {
            "limits": vars(limits),
            "folder": str(self.folder),
            "readable": [str(path) for path in readable_paths()],
        }
        try:
            NURSERY.send(json.dumps(job).encode() + b"\n", [control.fileno(), output, life.fileno()])
        finally:
            control.close()
            life.close()
            os.close(output)

    def request(self, message: dict[str, Any], blob: bytes, deadline: float) -> tuple[dict, bytes]:
        """Send a message and wait for its reply until `deadline`, a time of time.monotonic."""
        self.number += 1
        self.waiting = True
        self._send(frame({**message, "id": self.number}, blob), deadline)
        while True:
            try:
                reply = self.frames.next()
            except BadMessage as error:
                raise SandboxEnded(f"it answered with something that is no answer ({error})") from None
            if reply is None:
                self._wait(deadline)
            elif reply[0].get("id") == self.number:
                self.waiting = False
                return reply

    def _send(self, data: bytes, deadline: float) -> None:
        self.control.settimeout(max(deadline - time.monotonic(), 0.001))
        try:
            self.control.sendall(data)
        except TimeoutError:
            raise TookTooLong from None
        except OSError:
            self._wait_for_the_end()

    def _wait(self, deadline: float) -> None:
        """Until something has come."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise TookTooLong
        ready, _, _ = select.select([self.control, self.output, self.life], [], [], left)
        if self.output in ready:
            self._read_output()
        if self.control in ready and (data := self._receive()):
            self.frames.feed(data)
        elif self.life in ready or self.control in ready:
            self._wait_for_the_end()

    def _receive(self) -> bytes:
        with suppress(ConnectionError):
            return self.control.recv(1 << 18)
        return b""

    def _read_output(self) -> None:
        self.printed += len(os.read(self.output, 1 << 16))
        if self.printed > self.limits.output_bytes:
            raise SandboxEnded(f"it printed more than {self.limits.output_bytes:,} bytes")

    def _wait_for_the_end(self) -> None:
        """Learn from the supervisor why the sandbox has ended, and raise it."""
        raise SandboxEnded(self._report(5.0))

    def _report(self, seconds: float) -> str:
        """What the supervisor says at the end; it has ended all processes by then."""
        self.life.settimeout(seconds)
        with suppress(OSError):
            while not self._life_bytes.endswith(b"\n") and (data := self.life.recv(1 << 12)):
                self._life_bytes += data
        try:
            report = json.loads(self._life_bytes)
        except ValueError:
            return "it ended its process"
        self.others = report["others"]
        return f"it {report['ended']}"

    def close(self) -> int:
        """End every process of it and remove its files. Returns how many others it had left behind."""
        with suppress(OSError):
            self.life.shutdown(socket.SHUT_WR)
        self._report(15.0)
        self.control.close()
        self.life.close()
        os.close(self.output)
        with suppress(OSError, RecursionError):
            shutil.rmtree(self.folder)
        return self.others


def is_supported() -> bool:
    """Whether this system can copy processes, as Linux and macOS can."""
    return hasattr(os, "fork") and hasattr(socket, "send_fds")
