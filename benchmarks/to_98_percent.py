"""`python -m benchmarks.to_98_percent`: what it costs an LSTM that reads rows to reach 98 % on MNIST's test digits.

Four ways, one epoch of each in turn, so that a busy moment falls on all of them. Times are processor time on one
thread:

    NumPy           the recipe on the NumPy backend: hand-written gradients
    Torch           the same recipe on the Torch backend
    torch.nn        the same recipe written with torch.nn.LSTM, torch.optim.AdamW and OneCycleLR
    as in Keras     what introductions do: Adam, 1e-3 throughout, batches of 128, no clipping; written with torch.nn

The recipe fixes its two epochs beforehand, and is timed to their end. The last way is timed to the end of the first
epoch after which it has 98 % of the test digits right, or to its twelfth: it may stop where it likes, which is in its
favour. Measuring the accuracy is not timed. The result goes to benchmarks/results/to_98_percent.json.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from benchmarks.machine import VARIABLES, description
from rnn_course import accuracy, adamw, classifier_loss, load_mnist, minibatches, one_cycle, row_lstm, to, train
from rnn_course.data import Digits, Split
from rnn_course.files import whole_file

OUT = Path(__file__).parent / "results" / "to_98_percent.json"
GOAL, EPOCHS, BATCH, PEAK, MOST = 0.98, 2, 100, 5e-3, 12
Points = Iterator[tuple[float, float]]  # seconds of an epoch's training, accuracy after it


def recipe(data: Digits, backend: str, seed: int) -> Points:
    """The recipe on a backend of the course."""
    rng = np.random.default_rng(seed)
    model, learn_from, test = to((row_lstm(rng=rng), data.train, data.test), backend)
    optimizer = adamw(one_cycle(PEAK, EPOCHS * -(-len(data.train.labels) // BATCH)), weight_decay=0.01)
    state = None
    for _ in range(EPOCHS):
        start = process_time()
        batches = minibatches(learn_from, BATCH, rng=rng)
        for record in train(
            model, classifier_loss, batches, optimizer, optimizer_state=state, max_norm=1.0, progress=False
        ):
            model, state = record.model, record.optimizer_state
        yield process_time() - start, accuracy(model, test)


def plain(data: Digits, seed: int, with_recipe: bool) -> Points:
    """The same model in torch.nn alone, with the recipe or as introductions train it."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    model = _Reader(generator)
    learn_from, test = to((data.train, data.test), "torch")
    batch, epochs = (BATCH, EPOCHS) if with_recipe else (128, MOST)
    updates = epochs * -(-len(data.train.labels) // batch)
    if with_recipe:
        optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK, weight_decay=0.01)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK, total_steps=updates, cycle_momentum=False)
    else:
        optimizer, schedule = torch.optim.Adam(model.parameters(), lr=1e-3), None
    for _ in range(epochs):
        start = process_time()
        order = torch.randperm(len(learn_from.labels), generator=generator)
        for k in range(0, len(order), batch):
            chosen = order[k : k + batch]
            loss = torch.nn.functional.cross_entropy(model(learn_from.images[chosen]), learn_from.labels[chosen])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            if schedule is not None:
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            if schedule is not None:
                schedule.step()
        seconds = process_time() - start
        with torch.no_grad():
            parts = [model(test.images[k : k + 1000]).argmax(1) for k in range(0, len(test.labels), 1000)]
        right = float((torch.cat(parts) == test.labels).double().mean())
        yield seconds, right
        if not with_recipe and right >= GOAL:
            return


def _Reader(generator: Any) -> Any:
    """torch.nn.LSTM(28, 128) and a dense layer, with Torch's own first weights and a forget bias of 1."""
    import torch

    class Reader(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm, self.readout = torch.nn.LSTM(28, 128, batch_first=True), torch.nn.Linear(128, 10)
            for parameter in self.parameters():
                torch.nn.init.uniform_(parameter, -(128**-0.5), 128**-0.5, generator=generator)
            with torch.no_grad():
                self.lstm.bias_ih_l0[128:256] = 1.0

        def forward(self, x: Any) -> Any:
            return self.readout(self.lstm(x)[0][:, -1])

    return Reader()


def measure(data: Digits, seed: int) -> dict[str, Any]:
    """The curves of all four, an epoch of each in turn, and the ratios of their times to that of torch.nn."""
    ways: dict[str, Points] = {
        "NumPy": recipe(data, "numpy", seed),
        "Torch": recipe(data, "torch", seed),
        "torch.nn": plain(data, seed, True),
        "as in Keras": plain(data, seed, False),
    }
    curves: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    while ways:
        for name, points in list(ways.items()):
            point = next(points, None)
            if point is None:
                del ways[name]
                continue
            curves[name].append({"seconds": point[0], "accuracy": point[1]})
            print(f"{name:12s} epoch {len(curves[name]):2d}  {point[1]:.2%}  {point[0]:.1f} s", flush=True)
    seconds = {name: sum(point["seconds"] for point in curve) for name, curve in curves.items()}
    return {
        "seed": seed,
        "goal": GOAL,
        "reached": {name: curve[-1]["accuracy"] >= GOAL for name, curve in curves.items()},
        "curves": curves,
        "seconds": seconds,
        "times torch.nn": {name: seconds[name] / seconds["torch.nn"] for name in seconds},
    }


def main() -> None:
    """Measure on one thread, with the BLAS kernels that suit this processor, and write the result."""
    parser = argparse.ArgumentParser(prog="benchmarks.to_98_percent", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--examples", type=int, help="learn from so many only, to try the script out")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--remark", default="", help="what a reader has to know, such as that the machine was busy")
    options = parser.parse_args()
    wanted = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    if wanted.items() - os.environ.items() or any(name in os.environ for name in VARIABLES):
        kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
        os.execve(sys.executable, [sys.executable, "-m", "benchmarks.to_98_percent", *sys.argv[1:]], kept | wanted)
    import torch

    torch.set_num_threads(1)
    data = load_mnist()
    if options.examples:
        data = data._replace(train=Split(*(part[: options.examples] for part in data.train)))
    about = description()
    result = {"machine": about, "remark": options.remark, **measure(data, options.seed)}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(options.out) as file:
        file.write((json.dumps(result, indent=1, ensure_ascii=False) + "\n").encode())
    for name, ratio in result["times torch.nn"].items():
        reached = "reached" if result["reached"][name] else "not reached"
        print(f"{name:12s} {ratio:5.2f} × the time of torch.nn, 98 % {reached}")
    print(f"written: {options.out}")


if __name__ == "__main__":
    main()
