"""Train the three small networks that read what is drawn on the page (the figure DrawADigit), and store them in bytes.

    python tools/train_readers.py            # trains on MNIST (see load_mnist), about 20 minutes on one core
    python tools/train_readers.py --check    # measures the stored ones on MNIST's test digits

Every epoch sees each digit shifted by up to 2 pixels each way. The seeds are fixed: on one machine, two runs give the
same file. Weights are stored as one byte each, with a scale for every column of a kernel.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from rnn_course import accuracy, adam, load_mnist, one_cycle, parameters, train
from rnn_course.data import Split
from rnn_course.data.shifts import shifted
from rnn_course.readers import FILE, MODELS, load_readers, save_readers
from rnn_course.train import classifier_loss

EPOCHS = {"nn": 20, "cnn": 8, "lstm": 16}
PEAK = {"nn": 4e-3, "cnn": 6e-3, "lstm": 8e-3}
BATCH, SHIFT = 100, 2


def batches(data: Split, epochs: int, as_input: Any, rng: np.random.Generator) -> Iterator[tuple]:
    """All batches of all epochs, in a new order and newly shifted each time."""
    for _ in range(epochs):
        order = rng.permutation(len(data.labels))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            up, left = rng.integers(0, 2 * SHIFT + 1, (2, len(chosen)))
            yield as_input(shifted(data.images[chosen], SHIFT - up, SHIFT - left)), data.labels[chosen]


def trained(name: str, data: Split, epochs: int) -> Any:
    """One network, trained from scratch."""
    make, as_input = MODELS[name]
    rng = np.random.default_rng(7)
    updates = epochs * -(-len(data.labels) // BATCH)
    optimizer = adam(one_cycle(PEAK[name], updates))
    start, model = perf_counter(), make(rng)
    for record in train(
        model,
        classifier_loss,
        batches(data, epochs, as_input, rng),
        optimizer,
        max_norm=1.0,
        progress=False,
    ):
        model = record.model
        if record.step % 600 == 0:
            print(f"{name} {record.step}/{updates} loss {record.loss:.3f} {perf_counter() - start:.0f} s", flush=True)
    return model


def measured(models: dict[str, Any], test: Split) -> dict[str, float]:
    """The accuracy of each network on the test digits."""
    return {name: accuracy(model, Split(MODELS[name][1](test.images), test.labels)) for name, model in models.items()}


def main() -> int:
    """Train and store, or check."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="only measure the stored networks")
    parser.add_argument("--only", choices=MODELS, help="train only this one, and keep the others of the file")
    parser.add_argument("--out", type=Path, default=FILE)
    options = parser.parse_args()
    data = load_mnist()
    if not options.check:
        names = [options.only] if options.only else list(MODELS)
        models = {} if not options.only else dict(load_readers(options.out)._asdict())
        models |= {name: trained(name, data.train, EPOCHS[name]) for name in names}
        before = measured(models, data.test)
        save_readers(options.out, models, before)
        print("in single precision:", before)
    readers = load_readers(options.out)._asdict()
    for name, share in measured(readers, data.test).items():
        print(f"{name:5s} {parameters(readers[name]):6,d} weights, {share:.4f} of MNIST's test digits right")
    return 0


if __name__ == "__main__":
    sys.exit(main())
