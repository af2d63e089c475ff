"""Checks of notebooks that are written in the test, and of what they leave behind."""

import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path

import pytest

from rnn_course.grading import Limits, check_notebook
from tests.grading.notebooks import write

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no process can be copied on Windows")
TIGHT = Limits(seconds=30.0, exercise_seconds=3.0, memory_mb=300, output_bytes=20_000, processes=12, disk_mb=8)
MARK = "RNN_COURSE_TEST_MARK"


@pytest.fixture
def check_cells(tmp_path):
    """The result of a notebook with these code cells."""

    def check(cells, limits=TIGHT, **more):
        return check_notebook(write(tmp_path / "notebook.ipynb", cells), limits, **more)

    return check


def processes_with(mark):
    """The processes that run and have `mark` on their command line or in their environment."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            with contextlib.suppress(OSError):
                if any(mark.encode() in (folder / name).read_bytes() for name in ("cmdline", "environ")):
                    found.append(int(folder.name))
    return found


def sandboxes():
    """The processes below the one that makes sandboxes."""
    from rnn_course.grading.session import NURSERY
    from rnn_course.grading.supervisor import descendants

    return [] if NURSERY.process is None else [p for p in descendants(NURSERY.process.pid) if p.state != "Z"]


@pytest.fixture
def nothing_left(tmp_path_factory, monkeypatch):
    """After the test, no sandbox runs and no folder of one is there."""
    folder = tmp_path_factory.mktemp("sandboxes")  # others may use the system's
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    deadline = time.monotonic() + 5
    while sandboxes() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert sandboxes() == []
    assert list(folder.iterdir()) == []
