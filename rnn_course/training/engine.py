"""A run: epochs of the one loop, from a state to the next, alone or as one of several processes.

    state = begin(settings)
    while not finished(state, settings):
        state = advance(state, settings, data)

A state is a value, and all that is needed to go on: what is random in an epoch depends on the seed and the epoch's
number alone. NumPy's kernels choose nothing by the clock meanwhile, so that a seed decides every bit.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from rnn_course.arrays import to_numpy
from rnn_course.data.splits import Digits, Split
from rnn_course.kernels import blocks
from rnn_course.learning import Learner
from rnn_course.train import Epoch, one_epoch, probabilities
from rnn_course.training.batches import DROPOUT, batches_in, epoch_batches, stream
from rnn_course.training.settings import Settings
from rnn_course.tree import Tree


class State(NamedTuple):
    """How far a run is: the model, what the optimiser remembers, the epochs so far, and the best model of them."""

    model: Tree
    optimizer_state: Any
    history: tuple[Epoch, ...] = ()
    best: Tree = None  # where it is chosen by accuracy
    best_epoch: int = 0

    @property
    def chosen(self) -> Tree:
        """The model that the run is for: the best one where it is chosen, else the last."""
        return self.model if self.best is None else self.best


class Team:
    """The processes that share a run: here one, which does it all. `parallel.Processes` is for several.

    Each does its part, and what comes out is the same in all of them.
    """

    rank, size = 0, 1

    def learner(self, model: Tree) -> str | Learner:
        """How to find the gradient of a batch of which this process has a share: by autograd, or by hand on NumPy."""
        return "auto"

    def sums(self, numbers: np.ndarray) -> np.ndarray:
        """Each number, summed over the processes."""
        return numbers


ALONE = Team()


def begin(settings: Settings) -> State:
    """The state before the first epoch."""
    model = settings.first_model()
    return State(model, settings.optimizer().init(model))


def finished(state: State, settings: Settings) -> bool:
    """Whether all epochs are done, or `patience` of them have brought nothing better."""
    done = len(state.history)
    waited = settings.patience is not None and done > 0 and done - state.best_epoch >= settings.patience
    return done >= settings.epochs or waited


def advance(
    state: State,
    settings: Settings,
    data: Digits,
    team: Team = ALONE,
    progress: bool = False,
) -> State:
    """The state after one more epoch. Raises FloatingPointError when the loss is not finite."""
    number = len(state.history) + 1
    shares = (settings.batch_size, settings.seed, number, settings.shift, team.rank, team.size)
    with reproducible(), np.errstate(over="ignore", invalid="ignore"):  # the loss is looked at in every step
        model, optimizer_state, loss, seconds = one_epoch(
            state.model,
            settings.loss(),
            epoch_batches(data.train, *shares),
            settings.optimizer(),
            state.optimizer_state,
            stream(settings.seed, DROPOUT, number),
            settings.max_norm,
            team.learner(state.model),
            progress=f"epoch {number}/{settings.epochs}" if progress else False,
            total=batches_in(len(data.train.labels), settings.batch_size),
        )
        counts = confusion(model, data.validation or data.test, settings.classes, team)
    epoch = Epoch(number, loss, float(np.trace(counts) / counts.sum()), seconds)
    after = state._replace(model=model, optimizer_state=optimizer_state, history=(*state.history, epoch))
    return _with_best(after, settings)


def confusion(model: Any, data: Split, classes: int, team: Team = ALONE, batch_size: int = 1000) -> np.ndarray:
    """How many examples of each class (row) the model takes for each class (column); the processes share the work."""
    mine = Split(data.images[team.rank :: team.size], data.labels[team.rank :: team.size])
    counts = np.zeros((classes, classes))
    if len(mine.labels):
        predicted = probabilities(model, mine.images, batch_size).argmax(axis=1)
        np.add.at(counts, (to_numpy(mine.labels), predicted), 1)
    return team.sums(counts).astype(np.int64)


@contextmanager
def reproducible() -> Iterator[None]:
    """A block in which NumPy's kernels do not ask what is fastest in this process, so that bits are the same in all."""
    before = blocks.is_measuring()
    blocks.autotune(False)
    try:
        yield
    finally:
        blocks.autotune(before)


def _with_best(state: State, settings: Settings) -> State:
    """The state with its last epoch's model as the best one, where it is chosen and better than those before."""
    if settings.patience is None:
        return state
    accuracies = [epoch.accuracy or 0.0 for epoch in state.history]
    if state.best_epoch and accuracies[-1] <= accuracies[state.best_epoch - 1]:
        return state
    return state._replace(best=state.model, best_epoch=len(accuracies))
