"""Grade one notebook: the function that a local thread runs, and a worker of a cluster as well."""

import json
import os
import select
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import Any, ClassVar

from rnn_course import __version__
from rnn_course.grading.session import ONE_THREAD

GRACE = 120.0  # seconds beyond a notebook's own limit, for starting up and for a busy machine
BROKEN = "Grading this notebook has brought the grading process down twice; it gets no credit. Look at it by hand."


class Stopped(RuntimeError):
    """Grading was stopped from outside."""


class Worker:
    """A trusted process that grades for one thread."""

    everyone: ClassVar["set[Worker]"] = set()
    stopped: ClassVar[bool] = False

    def __init__(self) -> None:
        command = [sys.executable, "-P", "-m", "rnn_course.grading.worker"]
        environment = {**os.environ, **dict.fromkeys(ONE_THREAD, "1")}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, start_new_session=True
        )
        self.everyone.add(self)

    def grade(self, job: dict[str, Any]) -> dict[str, Any] | None:
        """The result of a job; None if the process has not survived it, and then it is of no more use."""
        assert self.process.stdin is not None
        with suppress(OSError, ValueError):
            self.process.stdin.write(json.dumps(job).encode() + b"\n")
            self.process.stdin.flush()
            answer = self._line(time.monotonic() + job["limits"]["seconds"] + GRACE)
            return json.loads(answer)
        self.close()
        return None

    def _line(self, deadline: float) -> bytes:
        """The next line of its output; what there is of it if the process ends or the time is over."""
        assert self.process.stdout is not None
        pipe, line = self.process.stdout.fileno(), b""
        while not line.endswith(b"\n") and (left := deadline - time.monotonic()) > 0:
            if select.select([pipe], [], [], left)[0]:
                data = os.read(pipe, 1 << 20)
                if not data:
                    break
                line += data
        return line

    def close(self) -> None:
        """End it; the sandboxes of its notebook end with it."""
        self.everyone.discard(self)
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()


_own = threading.local()


def grade_one(name: str, content: bytes, limits: dict[str, Any]) -> dict[str, Any]:
    """The result of a notebook, given as its name and bytes: `version`, `reports`, `problems` in plain values.

    It does not raise for anything that a notebook contains. Raises Stopped after `stop_workers`.
    """
    job = {"name": name, "content": content.hex(), "limits": limits}
    for _ in range(2):
        if Worker.stopped:
            raise Stopped
        worker = getattr(_own, "worker", None)
        if worker is None or worker.process.poll() is not None:
            worker = _own.worker = Worker()
        result = worker.grade(job)
        if result is not None:
            return result
        _own.worker = None
    if Worker.stopped:
        raise Stopped
    return {"version": __version__, "reports": [], "problems": [BROKEN]}


def stop_workers() -> None:
    """End all workers of this process, and let no new one begin."""
    Worker.stopped = True
    for worker in list(Worker.everyone):
        worker.close()


def allow_workers() -> None:
    """Let workers begin again."""
    Worker.stopped = False
