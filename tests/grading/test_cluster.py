"""The same tasks on a cluster: a real scheduler with two workers on this machine, one of which is killed."""

import json
import subprocess
import sys
import time
from importlib.util import find_spec

import pytest
from typer.testing import CliRunner

from rnn_course.cli import app
from tests.grading.submissions import make
from tests.grading.test_grade import COMMAND, OPTIONS, run

pytestmark = [
    pytest.mark.skipif(not find_spec("distributed"), reason="dask.distributed is not installed"),
    pytest.mark.skipif(sys.platform == "win32", reason="no process can be copied on Windows"),
]
COUNT = 10


@pytest.fixture
def start(tmp_path):
    """Start a part of the cluster as a process; all are killed with the test."""
    processes = []

    def start(*command):
        with (tmp_path / f"log{len(processes)}").open("w") as log:
            process = subprocess.Popen([sys.executable, "-m", *command], cwd=tmp_path, stdout=log, stderr=log)
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()


def test_a_worker_that_is_killed_changes_nothing(tmp_path, start):
    folder = make(tmp_path / "submissions", COUNT, seed=1)
    here = run(folder, tmp_path / "here.csv")
    file = tmp_path / "scheduler.json"
    local = ("--host", "127.0.0.1", "--no-dashboard")
    start("distributed.cli.dask_scheduler", "--port", "0", "--scheduler-file", str(file), *local)
    workers = [
        start("distributed.cli.dask_worker", "--scheduler-file", str(file), "--nthreads", "1", "--no-nanny", *local)
        for _ in range(2)
    ]
    deadline = time.monotonic() + 60
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    address = json.loads(file.read_text())["address"]
    out = tmp_path / "there.csv"
    command = [*COMMAND, str(folder), "--out", str(out), *OPTIONS, "--cluster", address]
    grading = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while grading.poll() is None and len(list((tmp_path / "there").glob("*.json"))) < 2:
        time.sleep(0.02)
    workers[0].kill()
    _, errors = grading.communicate(timeout=240)
    assert grading.returncode == 0, errors
    assert out.read_bytes() == here
    results = [{p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in ("here", "there")]
    assert results[0] == results[1]


def test_no_scheduler_is_one_line(tmp_path):
    folder = make(tmp_path / "submissions", 1)
    result = CliRunner().invoke(
        app, ["grade", str(folder), "--out", str(tmp_path / "x.csv"), "--cluster", "127.0.0.1:9"]
    )
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "--cluster" in result.stderr
