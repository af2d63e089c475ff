"""How each classifier of the course is trained: one short declaration each. `rnn-course train` follows them.

    recipe = RECIPES["lstm"]
    model = recipe.make((28, 28), recipe.hidden, 10, rng=rng)

All of them: AdamW, a learning rate that rises and falls once, images moved by up to two pixels, clipped gradients. What
they reach on MNIST is recorded in `benchmarks/results/training`.
"""

import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from rnn_course.checkpoint import CheckpointError, checkpoint_metadata, load_checkpoint
from rnn_course.models import cnn, mlp, row_bilstm, row_gru, row_lstm, row_rnn
from rnn_course.schedules import Schedule, cosine_decay, one_cycle
from rnn_course.tree import Tree

MANY = 10_000  # training examples from which on a data set is large

SCHEDULES: dict[str, Callable[[float, int], float | Schedule]] = {
    "one-cycle": lambda peak, updates: one_cycle(peak, updates),
    "cosine": lambda peak, updates: cosine_decay(peak, updates),
    "constant": lambda peak, updates: peak,
}


class Pace(NamedTuple):
    """How often the training examples are gone through, and how many make an update."""

    epochs: int
    batch_size: int


class Recipe(NamedTuple):
    """How one kind of classifier is made and trained.

    make          `make((rows, columns), hidden, classes, rng=…, backend=…, device=…)`: the first weights
    hidden        the widths of the hidden layers, or the numbers of filters
    rate          the peak of the learning rate
    few, many     the pace on a small data set, such as the embedded digits, and on a large one, such as MNIST
    schedule      how the learning rate changes, one of `SCHEDULES`
    weight_decay  of AdamW
    shift         pixels by which images of 28 × 28 are moved, up to that many each way; others in proportion
    max_norm      the gradient is clipped to this global norm
    """

    make: Callable[..., Any]
    hidden: tuple[int, ...]
    rate: float
    few: Pace
    many: Pace
    schedule: str = "one-cycle"
    weight_decay: float = 0.01
    shift: int = 2
    max_norm: float = 1.0

    def pace(self, examples: int) -> Pace:
        """The pace for that many training examples."""
        return self.many if examples >= MANY else self.few

    def pixels(self, side: int) -> int:
        """The shift of images whose shorter side has so many pixels."""
        return round(self.shift * side / 28)


def _reading_rows(make: Callable[..., Any], **fixed: Any) -> Callable[..., Any]:
    """A model that sees a row a step: the number of rows does not matter to it."""
    return lambda size, hidden, classes, **options: make(size[1], hidden, classes, **fixed, **options)


RECIPES = {
    "mlp": Recipe(
        make=lambda size, hidden, classes, **options: mlp((size[0] * size[1], *hidden, classes), **options),
        hidden=(625,),
        rate=3e-3,
        few=Pace(epochs=15, batch_size=50),
        many=Pace(epochs=12, batch_size=100),
    ),
    "cnn": Recipe(
        make=lambda size, hidden, classes, **options: cnn(hidden, size, classes, **options),
        hidden=(16, 32),
        rate=6e-3,
        few=Pace(epochs=15, batch_size=50),
        many=Pace(epochs=8, batch_size=100),
    ),
    "rnn": Recipe(
        make=_reading_rows(row_rnn),
        hidden=(128,),
        rate=2e-3,
        few=Pace(epochs=20, batch_size=50),
        many=Pace(epochs=8, batch_size=100),
    ),
    "lstm": Recipe(
        make=_reading_rows(row_lstm),
        hidden=(128,),
        rate=8e-3,
        few=Pace(epochs=20, batch_size=50),
        many=Pace(epochs=8, batch_size=100),
    ),
    "gru": Recipe(
        make=_reading_rows(row_gru, reset_after=True),
        hidden=(128,),
        rate=8e-3,
        few=Pace(epochs=20, batch_size=50),
        many=Pace(epochs=8, batch_size=100),
    ),
    "bilstm": Recipe(
        make=_reading_rows(row_bilstm),
        hidden=(128,),
        rate=8e-3,
        few=Pace(epochs=20, batch_size=50),
        many=Pace(epochs=8, batch_size=100),
    ),
}


class Trained(NamedTuple):
    """A classifier that `rnn-course train --out` has left, and the notes beside its weights."""

    model: Tree
    notes: dict[str, str]  # recipe, hidden, rows, columns, classes, data, seed, epoch, accuracy, accuracy_on, …


def load_trained(path: str | os.PathLike, backend: str = "numpy", device: str = "cpu") -> Trained:
    """The classifier of a `model.safetensors`, which says itself what it is. Raises CheckpointError for other files."""
    notes = checkpoint_metadata(path)
    try:
        recipe = RECIPES[notes["recipe"]]
        size = int(notes["rows"]), int(notes["columns"])
        hidden = tuple(int(width) for width in notes["hidden"].split(","))
        like = recipe.make(size, hidden, int(notes["classes"]), rng=np.random.default_rng(0))
    except (KeyError, ValueError):
        raise CheckpointError(
            f"{path}: expected a model.safetensors of `rnn-course train --out`, with the notes recipe, hidden, rows, "
            f"columns and classes beside the weights, got {notes or 'none'}"
        ) from None
    return Trained(load_checkpoint(path, like, backend, device), notes)
