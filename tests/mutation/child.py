"""The tests in a forked process, in which one module of rnn_course has another source. Nothing on the disk changes.

The parent has imported everything that is slow and is not ours, so that a process is ready at once.
"""

import contextlib
import functools
import importlib
import math
import os
import resource
import signal
import sys
import time
import warnings
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
KILLED, SURVIVED = "killed", "survived"
STOPPED = (-signal.SIGXCPU, -signal.SIGKILL)  # the exit status of a process that was stopped for its limit
WARM_UP = ["cells", "optim", "norm", "plot"]  # files that together load all that Torch and NumPy load on first use


class Running(NamedTuple):
    """A process that was started, and the number of seconds after which it is stopped if it has not ended."""

    job: object
    pid: int
    started: float
    patience: float


def start(job: object, work: Callable[[], int], limit: float = 600.0) -> Running:
    """Run `work` in a process and a process group of its own, without output; its result is the exit status.

    `limit` is in seconds of processor time, which does not depend on what else the machine does. A process that only
    waits is stopped when ten times as long has passed on the clock.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads in the parent: Torch's are idle
        pid = os.fork()
    if pid:
        return Running(job, pid, time.monotonic(), 10 * limit)
    status = 99
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(limit), math.ceil(limit) + 1))
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        status = work()
    finally:
        os._exit(status)


def status_of(running: Running) -> int | None:
    """The exit status of a process that has ended, one of `STOPPED` if its limit ended it; None if it runs."""
    pid, status = os.waitpid(running.pid, os.WNOHANG)
    if pid:
        return os.waitstatus_to_exitcode(status)
    if time.monotonic() - running.started < running.patience:
        return None
    with contextlib.suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)
    os.waitpid(running.pid, 0)
    return -signal.SIGKILL


def run_tests(module: str, files: list[str], source: str | None = None, only: str = "") -> int:
    """pytest's exit status for these files of tests/core; `source` replaces that of the module, `only` is for `-k`."""
    import jaxtyping
    import pytest
    from hypothesis import Phase, settings

    if source is not None:
        serve_source(ROOT / "rnn_course" / f"{module.replace('.', '/')}.py", source)
    # Shape annotations are checked in the mutated module only: to check them everywhere takes most of a short test run.
    install = jaxtyping.install_import_hook
    jaxtyping.install_import_hook = functools.partial(_install_for, install, f"rnn_course.{module}")
    # The same examples each time, and no search for a smaller one: that it fails is all we want to know.
    settings.register_profile(
        "mutants", derandomize=True, database=None, deadline=None, phases=(Phase.explicit, Phase.generate)
    )
    settings.load_profile("mutants")
    paths = [f"tests/core/test_{name}.py" for name in files]
    quiet = ["-q", "--tb=no", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:faulthandler"]
    return int(pytest.main([*paths, "-x", "-k", only, *quiet]))


def _install_for(install: Callable, module: str, _everywhere: object, typechecker: str) -> object:
    return install([module], typechecker)


def serve_source(path: Path, source: str) -> None:
    """Whoever imports the module at `path` from now on gets this source, and no byte code of an earlier one."""
    get_data, path_stats = SourceFileLoader.get_data, SourceFileLoader.path_stats

    def data(self: SourceFileLoader, asked: str) -> bytes:
        return source.encode() if Path(asked) == path else get_data(self, asked)

    def stats(self: SourceFileLoader, asked: str) -> object:
        if Path(asked) == path:
            raise OSError("there is no byte code of a mutant")
        return path_stats(self, asked)

    SourceFileLoader.get_data, SourceFileLoader.path_stats = data, stats


def warm_up() -> None:
    """Import what the tests import and is not ours: found by running some of them, in a process that is thrown away."""
    read_end, write_end = os.pipe()

    def look() -> int:
        status = run_tests("shapes", WARM_UP)
        names = [name for name in sys.modules if name.split(".")[0] not in ("rnn_course", "tests", "__main__")]
        os.write(write_end, "\n".join(names).encode())
        return status

    os.chdir(ROOT)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # the core needs no plug-in
    running = start("warm up", look)
    os.close(write_end)
    with open(read_end, encoding="utf-8") as pipe:
        names = pipe.read().split("\n")
    for name in names:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    if any(name.split(".")[0] == "rnn_course" for name in sys.modules):
        raise RuntimeError("rnn_course must not be imported before its source is replaced")
    os.waitpid(running.pid, 0)
