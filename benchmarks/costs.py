"""What is not a matter of speed alone: memory, imports, the answer of `check()`, and how time grows with the sizes."""

import subprocess
import sys
from pathlib import Path
from time import process_time

import numpy as np

from benchmarks.recurrent import data, ours
from benchmarks.timing import Spread, interleaved
from rnn_course import LSTMCell, check
from rnn_course.checks import EXERCISES

ROOT = Path(__file__).resolve().parents[1]
BATCH, TIME, INPUTS, HIDDEN = 64, 200, 64, 256  # the size whose memory is measured

_OURS = """
from rnn_course import LSTMCell, dynamic_rnn_forward
cell = LSTMCell.init(I, H, rng=np.random.default_rng(0))
def run(x, d):
    *results, backward = dynamic_rnn_forward(cell, x, time_major=True, keep_every={keep_every})
    return results, backward(d)
"""
_MEMORY = {
    "NumPy kernel": _OURS.format(keep_every=None),
    "NumPy kernel, keep_every=6": _OURS.format(keep_every=6),  # √(time/5)
    "torch.nn": """
import torch
layer = torch.nn.LSTM(I, H)
def run(x, d):
    inputs = torch.from_numpy(x).requires_grad_()
    outputs, _ = layer(inputs)
    return torch.autograd.grad(outputs, [inputs, *layer.parameters()], torch.from_numpy(d))
""",
}
_AROUND = """
import numpy as np
B, T, I, H = {sizes}
{define}
from benchmarks.peak import peak
small = np.ones((2, B, I), "float32"), np.ones((2, B, H), "float32")
run(*small)
x, d = np.ones((T, B, I), "float32"), np.ones((T, B, H), "float32")
before = peak()
run(x, d)
print(peak() - before)
"""


def memory() -> dict[str, float]:
    """MiB that a forward and a backward add to the peak of a process that has its inputs and weights."""
    sizes = f"{BATCH}, {TIME}, {INPUTS}, {HIDDEN}"
    return {name: float(_python(_AROUND.format(sizes=sizes, define=define))) for name, define in _MEMORY.items()}


def imports(repeats: int) -> dict[str, float]:
    """Processor seconds of a new process that imports numpy, or the package; the least of some."""
    code = "import time, {}; print(time.process_time())"
    modules = {"numpy": "numpy", "rnn_course": "rnn_course"}
    found: dict[str, list[float]] = {name: [] for name in modules}
    for _ in range(repeats):
        for name, module in modules.items():
            found[name].append(float(_python(code.format(module))))
    return {name: min(times) for name, times in found.items()}


def checks() -> dict[str, float]:
    """Seconds until `check` has said of a right answer that it is right, after the first check of the process."""
    names = [name for name in ("lstm.step", "sequence.unroll", "deep.step") if name in EXERCISES]
    found = {}
    for name in [names[0], *names]:
        start = process_time()
        check(name, EXERCISES[name].solution)
        found[name] = process_time() - start
    return found


def growth(seconds: float) -> dict[str, dict[str, object]]:
    """Time against one size with the others fixed, and the slope in a log-log plot: 1 is proportional."""
    base = {"time": 28, "batch": 64, "hidden": 128}
    ladders = {"time": (14, 28, 56, 112, 224), "batch": (16, 32, 64, 128, 256), "hidden": (32, 64, 128, 256, 512)}
    found: dict[str, dict[str, object]] = {}
    for axis, sizes in ladders.items():
        functions = {}
        for size in sizes:
            b, t, h = ({**base, axis: size}[name] for name in ("batch", "time", "hidden"))
            cell = LSTMCell.init(28, h, rng=np.random.default_rng(0))
            functions[str(size)] = ours(cell, *data(b, t, 28, h))
        times: dict[str, Spread] = interleaved(functions, seconds, 3)
        medians = [spread.median for spread in times.values()]
        slope = float(np.polyfit(np.log(sizes), np.log(medians), 1)[0])
        found[axis] = {"sizes": list(sizes), "seconds": medians, "slope": slope}
    return found


def _python(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout.strip()
