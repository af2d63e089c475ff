"""A process that is killed while it saves (SIGKILL: it can do nothing about it) loses at most the last epoch."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from rnn_course.checkpoint import checkpoint_metadata
from rnn_course.recipes import load_trained

from .helpers import same_bits

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
RUN = ("train", "mlp", "--backend", "numpy", "--hidden", "5", "--batch-size", "200", "--epochs", "4", "--seed", "2")
HANGING = """
import os, sys, time
from pathlib import Path
from rnn_course import files
from rnn_course.cli import app

name, number = sys.argv.pop(1), int(sys.argv.pop(1))
replace, seen = os.replace, 0

def hang(part, path):
    '''Stop for ever in the middle of the chosen save: the temporary file is cut in half, the old one still there.'''
    global seen
    seen += Path(path).name == name
    if Path(path).name == name and seen == number:
        os.truncate(part, os.path.getsize(part) // 2)
        print("in the middle", flush=True)
        time.sleep(100)
    replace(part, path)

files.os.replace = hang
app()
"""


def run(*arguments):
    command = [sys.executable, "-m", "rnn_course", *RUN, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def kill_in_the_middle_of_a_save(file, number, out):
    process = subprocess.Popen(
        [sys.executable, "-c", HANGING, file, str(number), *RUN, "--out", str(out)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert any(line == "in the middle\n" for line in process.stdout)
        process.send_signal(signal.SIGKILL)
        assert process.wait(20) == -signal.SIGKILL
    finally:
        process.kill()
        process.communicate()


def epochs_in(folder):
    history = json.loads((folder / "history.json").read_text())
    return [(epoch["number"], epoch["loss"], epoch["accuracy"]) for epoch in history["epochs"]]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    run("--out", str(folder))
    return folder


@pytest.mark.parametrize(("file", "kept"), [("state.safetensors", 2), ("model.safetensors", 3)])
def test_killed_in_the_third_save_and_resumed_it_is_the_uninterrupted_run(uninterrupted, tmp_path, file, kept):
    kill_in_the_middle_of_a_save(file, 3, tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert any(name.startswith(f".{file}.") for name in left), "it was not killed in the middle of a save"
    assert len(json.loads(checkpoint_metadata(tmp_path / "state.safetensors")["history"])) == kept
    assert load_trained(tmp_path / "model.safetensors").notes["epoch"] == "2"  # whole, and at most one epoch old

    assert f"resumed after epoch {kept} of 4" in run("--out", str(tmp_path), "--resume")
    assert not any(path.name.endswith(".part") for path in tmp_path.iterdir())
    assert epochs_in(tmp_path) == epochs_in(uninterrupted)
    mine, theirs = (load_trained(folder / "model.safetensors").model for folder in (tmp_path, uninterrupted))
    assert same_bits(mine, theirs)


def test_killed_in_the_first_save_it_begins_anew(uninterrupted, tmp_path):
    kill_in_the_middle_of_a_save("state.safetensors", 1, tmp_path)
    assert "resumed" not in run("--out", str(tmp_path), "--resume")
    assert epochs_in(tmp_path) == epochs_in(uninterrupted)


def test_killed_at_any_moment_again_and_again_it_ends_as_the_uninterrupted_run(uninterrupted, tmp_path, rng):
    deadline = time.monotonic() + 40
    command = [sys.executable, "-m", "rnn_course", *RUN, "--out", str(tmp_path), "--resume"]
    for _ in range(4):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        process.stdout.readline()  # it is at work
        time.sleep(rng.uniform(0, 0.15))
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        if time.monotonic() > deadline:
            break
    run("--out", str(tmp_path), "--resume")
    assert epochs_in(tmp_path) == epochs_in(uninterrupted)


def test_resuming_a_run_that_is_done_changes_nothing(uninterrupted):
    before = (uninterrupted / "state.safetensors").read_bytes()
    assert "resumed after epoch 4 of 4" in run("--out", str(uninterrupted), "--resume")
    assert (uninterrupted / "state.safetensors").read_bytes() == before
