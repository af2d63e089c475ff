"""Everything that decides the result of a run."""

from typing import Any, NamedTuple

import numpy as np

from rnn_course.learning import MixedPrecision, classifier_loss
from rnn_course.optim import Optimizer, adamw
from rnn_course.recipes import RECIPES, SCHEDULES
from rnn_course.training.batches import WEIGHTS, batches_in, stream
from rnn_course.tree import Tree

FREE = ("device", "patience")  # what may be another in the second half of a run


class Settings(NamedTuple):
    """A recipe with its numbers filled in, the data, the place, and the seed."""

    recipe: str
    hidden: tuple[int, ...]
    data: str
    rows: int
    columns: int
    classes: int
    train_examples: int
    backend: str
    device: str
    precision: str  # "float32" or "mixed"
    epochs: int
    batch_size: int  # of one update, over all processes
    schedule: str
    rate: float  # its peak
    weight_decay: float
    shift: int  # pixels
    max_norm: float | None
    seed: int
    validation: int  # how many examples are held out to choose by
    patience: int | None  # epochs without a better accuracy after which to stop

    @property
    def updates(self) -> int:
        """How many updates the whole run makes."""
        return self.epochs * batches_in(self.train_examples, self.batch_size)

    @property
    def accuracy_on(self) -> str:
        """The split that is measured after each epoch."""
        return "validation" if self.validation else "test"

    def first_model(self) -> Tree:
        """The model with the weights of the first step: the same numbers on every backend."""
        rng: np.random.Generator = stream(self.seed, WEIGHTS)
        place = {"backend": self.backend, "device": self.device}
        return RECIPES[self.recipe].make((self.rows, self.columns), self.hidden, self.classes, rng=rng, **place)

    def optimizer(self) -> Optimizer:
        """AdamW with the schedule."""
        return adamw(SCHEDULES[self.schedule](self.rate, self.updates), self.weight_decay)

    def loss(self) -> Any:
        """Cross-entropy, in the precision that is asked for."""
        return MixedPrecision(classifier_loss) if self.precision == "mixed" else classifier_loss

    def notes(self) -> dict[str, Any]:
        """The settings in types that JSON has."""
        return self._asdict() | {"hidden": list(self.hidden)}

    def differences(self, notes: dict[str, Any]) -> list[str]:
        """What an older run with these notes was told otherwise, such as `epochs 3, now 5`."""
        now = self.notes()
        return [
            f"{name} {notes.get(name)}, now {now[name]}"
            for name in now
            if name not in FREE and notes.get(name) != now[name]
        ]
