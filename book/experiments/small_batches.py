"""The error of a small network against its batch size, with batch norm and with group norm, after Wu & He (2018).

    python book/experiments/small_batches.py            # all runs, four minutes of a processor; writes small_batches.json
    python book/experiments/small_batches.py --seeds 1  # a look

As in the paper every network sees the same examples equally often, and the learning rate is proportional to the batch
size. The last images are 1 × 1, so that batch norm has as many numbers a channel there as the batch has examples.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from rnn_course import (
    Activation,
    BatchNorm,
    Chain,
    Conv2D,
    Dense,
    Flatten,
    GroupNorm,
    accuracy,
    fit,
    load_digits,
    minibatches,
    momentum,
    one_cycle,
)
from rnn_course.data.splits import Split

RESULTS = Path(__file__).with_suffix(".json")
NORMS: dict[str, Callable[[int], Any]] = {
    "batch norm": BatchNorm.init,
    "group norm": lambda channels: GroupNorm.init(channels, 4),
}
BATCH_SIZES = (64, 32, 16, 8, 4, 3, 2, 1)
EXAMPLES, EPOCHS, PEAK_AT_32, SEEDS = 700, 12, 0.1, 5


def images(split: Split, examples: int | None = None) -> Split:
    """The first examples as images with one channel, `[example, 8, 8, 1]`."""
    return Split(
        split.images[:examples, :, :, None], split.labels[:examples]
    )


def network(
    norm: Callable[[int], Any], rng: np.random.Generator
) -> Chain:
    """Three convolutions with stride 2, each followed by a norm and ReLU: 8 × 8, 4 × 4, 2 × 2, 1 × 1; then a read-out."""
    layers: list[Any] = []
    for channels, filters in ((1, 16), (16, 32), (32, 32)):
        layers += [
            Conv2D.init(channels, filters, rng=rng, stride=2),
            norm(filters),
            Activation("relu"),
        ]
    return Chain((*layers, Flatten(), Dense.init(32, 10, rng=rng)))


def train_network(
    norm: Callable[[int], Any],
    data: Split,
    batch_size: int,
    epochs: int,
    seed: int,
) -> Chain:
    """A network after `epochs` passes; batches that are not full are left out."""
    rng = np.random.default_rng(seed)
    updates = epochs * (len(data.labels) // batch_size)
    optimizer = momentum(
        one_cycle(PEAK_AT_32 * batch_size / 32, updates), 0.9
    )
    options = {
        "epochs": epochs,
        "batch_size": batch_size,
        "drop_last": True,
        "progress": False,
    }
    return fit(
        network(norm, rng),
        data,
        optimizer=optimizer,
        rng=rng,
        **options,
    ).model


def error_as_trained(
    model: Chain, data: Split, batch_size: int
) -> float:
    """The error if the network may go on as it has learned, with the statistics of a batch."""
    wrong = examples = 0
    rng = np.random.default_rng(0)
    for x, labels in minibatches(
        data, batch_size, rng=rng, drop_last=True
    ):
        logits, _, _ = model.forward_training(x)
        wrong += int(np.sum(logits.argmax(axis=1) != labels))
        examples += len(labels)
    return wrong / examples


def main() -> None:
    """Run all networks and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    digits = load_digits(size=8)
    train_set, test_set = (
        images(digits.train, EXAMPLES),
        images(digits.test),
    )
    rows = []
    for batch_size in BATCH_SIZES:
        for name, norm in NORMS.items():
            if name == "batch norm" and batch_size == 1:
                continue  # a single number has no variance: it raises
            for seed in range(options.seeds):
                model = train_network(
                    norm, train_set, batch_size, EPOCHS, seed
                )
                row = {
                    "norm": name,
                    "batch_size": batch_size,
                    "seed": seed,
                }
                row["error"] = round(1 - accuracy(model, test_set), 4)
                row["error_as_trained"] = round(
                    error_as_trained(model, test_set, batch_size), 4
                )
                rows.append(row)
                print(*row.values(), file=sys.stderr, flush=True)
    setting = {
        "examples": EXAMPLES,
        "epochs": EPOCHS,
        "peak_at_32": PEAK_AT_32,
        "seeds": options.seeds,
    }
    text = json.dumps(
        {"setting": {**setting, "numpy": np.__version__}, "runs": rows},
        indent=1,
    )
    options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
