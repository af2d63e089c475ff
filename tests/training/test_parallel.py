"""Two processes through torchrun: the gradient and the curve of one with the whole batch; a killed one is replaced."""

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch

from rnn_course import BatchNorm, leaves, to_numpy
from rnn_course.learning import classifier_loss, learn
from rnn_course.training.engine import begin
from rnn_course.training.parallel import _Loss

from .helpers import curve, run_to_the_end
from .processes import RECIPES, first_batch, problem

ROOT = Path(__file__).parents[2]
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
pytestmark = pytest.mark.skipif(
    not (torch.distributed.is_available() and torch.distributed.is_gloo_available()), reason="this Torch has no gloo"
)


@pytest.fixture(scope="module")
def of_two(tmp_path_factory):
    """The folder with what both processes found."""
    folder = tmp_path_factory.mktemp("two")
    subprocess.run([*TORCHRUN, "-m", "tests.training.processes", str(folder)], cwd=ROOT, check=True, timeout=120)
    return folder


def arrays(path):
    with np.load(path) as content:
        return [content[name] for name in content.files]


@pytest.mark.parametrize("recipe", RECIPES)
def test_two_processes_find_the_gradient_of_the_whole_batch(of_two, recipe):
    settings, data = problem(recipe)
    value, _, gradient = learn(classifier_loss, begin(settings).model, first_batch(data))
    for rank in range(2):
        found = json.loads((of_two / f"{rank}.json").read_text())[recipe]
        assert found["loss"] == pytest.approx(float(value), rel=1e-6)
        for ours, theirs in zip(leaves(gradient), arrays(of_two / f"{recipe}_{rank}_gradient.npz"), strict=True):
            np.testing.assert_allclose(theirs, to_numpy(ours), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("recipe", RECIPES)
def test_two_processes_have_the_curve_of_one_with_the_double_batch(of_two, recipe):
    """Batches of 22 for both together, which is twice the 11 that each sees; the last batch leaves one without any."""
    alone = run_to_the_end(*problem(recipe))
    first, second = (json.loads((of_two / f"{rank}.json").read_text())[recipe] for rank in range(2))
    assert first == second
    assert [loss for _, loss, _ in first["curve"]] == pytest.approx([loss for _, loss, _ in curve(alone)], rel=1e-4)
    assert [right for *_, right in first["curve"]] == pytest.approx([right for *_, right in curve(alone)], abs=0.02)
    for ours, mine, other in zip(
        leaves(alone.model), *(arrays(of_two / f"{recipe}_{rank}_weights.npz") for rank in range(2)), strict=True
    ):
        np.testing.assert_array_equal(mine, other)
        np.testing.assert_allclose(mine, to_numpy(ours), atol=2e-4)


def test_a_model_with_running_statistics_is_refused():
    with pytest.raises(TypeError, match="without running statistics"):
        _Loss(BatchNorm.init(3))


def workers_of(process):
    """The processes that torchrun has started, by their parent."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(path.read_text().rpartition(")")[2].split()[1]) == process.pid:
                found.append(int(path.parent.name))
        except (OSError, ValueError):
            continue
    return found


def kill_all(process):
    """torchrun and its workers, which outlive it and hold its output open."""
    for one in (process.pid, *workers_of(process)):
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="it looks for the workers in /proc")
def test_a_killed_worker_is_replaced_and_the_run_finishes(tmp_path):
    """torchrun's elastic mode starts all workers again, which go on from the last checkpoint."""
    small = ("--backend", "torch", "--device", "cpu", "--hidden", "6", "--batch-size", "300", "--epochs", "6")
    train = ("-m", "rnn_course", "train", "mlp", *small, "--out", str(tmp_path / "a"), "--resume")
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
    process = subprocess.Popen(
        [*TORCHRUN, "--max-restarts", "2", "--monitor-interval", "0.1", *train],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment,
    )  # fmt: skip
    too_long = threading.Timer(120, kill_all, [process])
    too_long.start()
    lines, killed = [], False
    try:
        for line in process.stdout:
            lines.append(line)
            if line.startswith("epoch 2/6") and not killed:
                os.kill(workers_of(process)[-1], signal.SIGKILL)
                killed = True
        assert process.wait() == 0, "".join(lines)
    finally:
        too_long.cancel()
        kill_all(process)
        process.communicate()
    said = "".join(lines)
    assert "resumed after epoch" in said, said
    assert said.count("Result\n") == 1  # one of the two speaks
    history = json.loads((tmp_path / "a" / "history.json").read_text())
    assert [epoch["number"] for epoch in history["epochs"]] == [1, 2, 3, 4, 5, 6]

    whole = (sys.executable, "-m", "rnn_course", "train", "mlp", *small, "--out", str(tmp_path / "b"))
    subprocess.run(whole, check=True, capture_output=True, timeout=60)
    alone = json.loads((tmp_path / "b" / "history.json").read_text())
    ours, theirs = ([epoch["loss"] for epoch in one["epochs"]] for one in (history, alone))
    assert ours == pytest.approx(theirs, rel=1e-3)
