"""What a learner waits for: an epoch of each recipe on the embedded digits, and the row LSTM to 98 % on MNIST."""

from collections.abc import Callable
from time import process_time
from typing import Any

import numpy as np

from benchmarks.timing import Spread, interleaved
from rnn_course import accuracy, adamw, cnn, fit, load_digits, load_mnist, mlp, one_cycle, row_lstm, to

BACKENDS = {"NumPy": "numpy", "Torch": "torch"}


def epochs(seconds: float) -> dict[str, dict[str, Spread]]:
    """One epoch on 500 of the embedded digits, enlarged to 28 × 28, on both backends."""
    digits = load_digits().train
    small = digits._replace(images=digits.images[:500], labels=digits.labels[:500])
    recipes = {"MLP 784-625-10": (mlp, small), "CNN 16, 32": (cnn, small), "row LSTM 128": (row_lstm, small)}

    def epoch(make: Callable, data: Any, backend: str) -> Callable:
        model, data = to((make(rng=np.random.default_rng(0)), data), backend)

        def run() -> object:
            rng = np.random.default_rng(1)
            return fit(model, data, optimizer=adamw(1e-3), epochs=1, batch_size=50, rng=rng, progress=False)

        return run

    return {
        name: interleaved({label: epoch(*recipe, backend) for label, backend in BACKENDS.items()}, seconds, 3)
        for name, recipe in recipes.items()
    }


def to_98_percent(most_epochs: int = 3) -> dict[str, dict[str, Any]] | None:
    """The row LSTM(128) on the real MNIST: seconds and accuracy after each epoch; None without the data."""
    try:
        digits = load_mnist()
    except Exception as error:  # no network and no folder: said, not hidden
        print(f"MNIST is not at hand, so the time to 98 % is not measured: {error}")
        return None
    found: dict[str, dict[str, Any]] = {}
    steps = most_epochs * -(-len(digits.train.labels) // 100)
    for label, backend in BACKENDS.items():
        rng = np.random.default_rng(0)
        model, train, test = to((row_lstm(rng=rng), digits.train, digits.test), backend)
        start, curve = process_time(), []

        def note(epoch: Any, model: Any, start: float = start, curve: list = curve, test: Any = test) -> None:
            spent = process_time() - start - sum(point["measuring"] for point in curve)
            before = process_time()
            share = accuracy(model, test)
            curve.append({"seconds": spent, "accuracy": share, "measuring": process_time() - before})

        optimizer = adamw(one_cycle(5e-3, steps), weight_decay=0.01)
        options = {"epochs": most_epochs, "batch_size": 100, "max_norm": 1.0, "progress": False}
        fit(model, train, optimizer=optimizer, rng=rng, on_epoch=note, **options)
        found[label] = {"curve": curve, "seconds to 98 %": _first(curve, 0.98)}
    return found


def _first(curve: list[dict], share: float) -> float | None:
    return next((point["seconds"] for point in curve if point["accuracy"] >= share), None)
