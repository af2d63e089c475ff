"""Five networks with about 24,000 weights each on the real MNIST, and on MNIST with its pixels in another order.

    python book/experiments/five_readers.py                     # all runs, about ten minutes on one core; writes five_readers.json
    python book/experiments/five_readers.py --seeds 1 --epochs 1  # a look

They are the networks of chapter 12, with its loop, and its learning rates. The seconds are those of the processor.
"""

import argparse
import json
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from rnn_course import (
    Activation,
    BasicRNNCell,
    Chain,
    Conv2D,
    Dense,
    Flatten,
    LastStepClassifier,
    MaxPool2D,
    adam,
    confusion_matrix,
    fit,
    load_mnist,
    mlp,
    multiply_adds,
    one_cycle,
    parameters,
    probabilities,
    row_lstm,
)
from rnn_course.data.splits import Split

RESULTS = Path(__file__).with_suffix(".json")
EPOCHS, BATCH_SIZE, SEEDS = 2, 100, 3
Make = Callable[[np.random.Generator], Any]


def two_convolutions(rng: np.random.Generator) -> Chain:
    """3 × 3 with 10 and 40 filters, each followed by ReLU and a maximum over 2 × 2; then a dense read-out."""
    relu = Activation("relu")
    return Chain(
        (
            Conv2D.init(1, 10, rng=rng),
            relu,
            MaxPool2D(),
            Conv2D.init(10, 40, rng=rng),
            relu,
            MaxPool2D(),
            Flatten(),
            Dense.init(7 * 7 * 40, 10, rng=rng),
        )
    )


def row_rnn(rng: np.random.Generator) -> LastStepClassifier:
    """A basic RNN of 136 units that reads row by row."""
    cell = BasicRNNCell.init(28, 136, rng=rng)
    return LastStepClassifier(cell, Dense.init(136, 10, rng=rng))


# How to make it, and the peak of its learning rate.
NETWORKS: dict[str, tuple[Make, float]] = {
    "NN": (lambda rng: mlp((784, 30, 10), rng=rng), 3e-3),
    "CNN": (two_convolutions, 5e-3),
    "RNN": (row_rnn, 1e-3),
    "LSTM": (lambda rng: row_lstm(28, (64,), rng=rng), 1e-2),
    "LSTM, 2 layers": (
        lambda rng: row_lstm(28, (40, 40), rng=rng),
        1e-2,
    ),
}


def view(
    split: Split, name: str, order: np.ndarray | None = None
) -> Split:
    """The images as the network sees them; `order` says which pixel comes to each place."""
    images = split.images
    if order is not None:
        images = images.reshape(-1, 784)[:, order].reshape(-1, 28, 28)
    return Split(
        images[..., None] if name == "CNN" else images, split.labels
    )


def run(
    name: str,
    seed: int,
    epochs: int,
    train_set: Split,
    test_set: Split,
    order: np.ndarray | None,
) -> dict[str, Any]:
    """One network, trained and measured."""
    make, peak = NETWORKS[name]
    rng = np.random.default_rng(seed)
    model = make(rng)
    updates = epochs * -(-len(train_set.labels) // BATCH_SIZE)
    data = view(train_set, name, order)
    start = process_time()
    model = fit(
        model,
        data,
        optimizer=adam(one_cycle(peak, updates)),
        epochs=epochs,
        batch_size=BATCH_SIZE,
        max_norm=1.0,
        rng=rng,
        progress=False,
    ).model
    seconds = (process_time() - start) / epochs
    seen = view(test_set, name, order)
    answers = probabilities(model, seen.images).argmax(axis=1)
    row = {
        "network": name,
        "order": "permuted" if order is not None else "as it is",
        "seed": seed,
        "accuracy": round(float(np.mean(answers == seen.labels)), 4),
        "seconds_per_epoch": round(seconds, 2),
        "parameters": parameters(model),
        "multiply_adds": multiply_adds(model, *seen.images.shape[1:]),
    }
    if seed == 0 and order is None:
        row["confusion"] = confusion_matrix(
            seen.labels, answers
        ).tolist()
    return row


def main() -> None:
    """Run all networks and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    mnist = load_mnist()
    order = np.random.default_rng(7).permutation(784)
    rows = []
    for seed in range(options.seeds):
        for name in NETWORKS:
            for pixels in (None, order):
                row = run(
                    name,
                    seed,
                    options.epochs,
                    mnist.train,
                    mnist.test,
                    pixels,
                )
                rows.append(row)
                print(
                    *list(row.values())[:5], file=sys.stderr, flush=True
                )
    setting = {
        "data": "MNIST, 60,000 training and 10,000 test digits",
        "epochs": options.epochs,
        "batch_size": BATCH_SIZE,
        "seeds": options.seeds,
        "backend": "numpy, one thread",
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
    text = json.dumps({"setting": setting, "runs": rows}, indent=1)
    options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
