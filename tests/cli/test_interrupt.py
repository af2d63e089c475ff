"""Ctrl-C: the last complete epoch stays, whole, and the message says where; exit code 130."""

import json
import os
import signal
import sys
import time
from itertools import count

import pytest

from rnn_course.checkpoint import checkpoint_metadata
from rnn_course.cli.record import interrupts_wait

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
MODEL = os.path.join("a", "model.safetensors")
SLOW = ("train", "mlp", "--backend", "numpy", "--hidden", 60, "--batch-size", 1, "--epochs", 1000)


def wait_for(start, stream):
    """Read lines until one starts with `start`."""
    for line in stream:
        if line.startswith(start):
            return
    pytest.fail(f"no line starts with {start!r}")


def test_in_the_middle_of_an_epoch_the_last_complete_one_stays(start_process, own_folders):
    process = start_process(*SLOW, "--out", "a")
    wait_for("epoch 2/1000", process.stdout)
    time.sleep(0.1)  # an epoch of 1,437 steps takes longer
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert {path.name for path in (own_folders / "a").iterdir()} == {
        "model.safetensors",
        "state.safetensors",
        "history.json",
        "log.csv",
    }

    done = int(checkpoint_metadata(own_folders / "a" / "model.safetensors")["epoch"])
    assert done >= 2
    history = json.loads((own_folders / "a" / "history.json").read_text())
    assert len(history["epochs"]) == done
    file = os.path.join("a", "model.safetensors")
    assert (
        stderr.strip()
        == f"stopped in epoch {done + 1} of 1000; {file} holds the model after epoch {done}; --resume goes on"
    )


@pytest.mark.parametrize(
    ("step", "out", "message"),
    [
        (2, ["--out", "a"], "in epoch 1 of 3: no epoch was complete, so nothing of this run was saved"),
        (
            4,
            ["--out", "a"],
            f"in epoch 2 of 3; {MODEL} holds the model after epoch 1; --resume goes on",
        ),
        (4, [], "in epoch 2 of 3; without --out nothing is kept"),
    ],
)
def test_the_message_says_what_is_left(call, own_folders, monkeypatch, step, out, message):
    """With an interrupt in a chosen one of the steps, three an epoch, in this process."""
    module = sys.modules["rnn_course.train"]  # the package has a function of this name, too
    right, steps = module.learn, count(1)

    def interrupted(*arguments):
        if next(steps) == step:
            raise KeyboardInterrupt
        return right(*arguments)

    monkeypatch.setattr(module, "learn", interrupted)
    small = ("--backend", "numpy", "--hidden", 4, "--batch-size", 479, "--epochs", 3)
    result = call("train", "mlp", *small, *out)
    assert result.exit_code == 130
    assert result.stderr.strip() == f"stopped {message}"


def interrupted_block(events, error=None):
    """A block that gets a Ctrl-C, goes on, and perhaps fails."""
    with interrupts_wait():
        signal.raise_signal(signal.SIGINT)
        events.append("went on")
        if error:
            raise error


def test_an_interrupt_while_saving_waits_for_the_end():
    events = []
    with pytest.raises(KeyboardInterrupt):
        interrupted_block(events)
    assert events == ["went on"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_error_while_saving_is_not_hidden_by_an_interrupt():
    with pytest.raises(OSError, match="full"):
        interrupted_block([], OSError("full"))
