"""Training: the one loop, for every model, loss, optimiser and array library.

`train` yields a record after every step; `fit` runs it over epochs of a data set and keeps the history.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from rnn_course.activations import softmax
from rnn_course.arrays import Array, no_gradient, to_numpy
from rnn_course.clipping import clip_by_global_norm, global_norm
from rnn_course.data.splits import Split, minibatches
from rnn_course.dropout_wrapper import redraw_dropout, without_dropout
from rnn_course.learning import Learner, Loss, classifier_loss, expect_training_doors, learn
from rnn_course.optim import Optimizer
from rnn_course.tree import Tree, leaves, tree_map


class Record(NamedTuple):
    """What one training step did. `model` and `optimizer_state` are values: keep them or drop them."""

    step: int
    loss: float
    gradient_norm: float
    model: Tree
    optimizer_state: Any


class Epoch(NamedTuple):
    """One line of a history: the mean training loss, the accuracy on held-out data (None without), the seconds."""

    number: int
    loss: float
    accuracy: float | None
    seconds: float


class Fit(NamedTuple):
    """A trained model and how it got there."""

    model: Tree
    history: tuple[Epoch, ...]


def train(
    model: Tree,
    loss: Loss,
    batches: Iterable[tuple],
    optimizer: Optimizer,
    *,
    optimizer_state: Any = None,
    rng: np.random.Generator | None = None,
    max_norm: float | None = None,
    gradient: str | Learner = "auto",
    progress: bool | str = True,
    total: int | None = None,
) -> Iterator[Record]:
    """Improve `model` on one batch after the other; yield a `Record` after each step.

    Layers that learn otherwise than they answer do so here (see `forward_training`): batch norm uses the batch, and the
    model of the record holds the new running statistics; dropout drops, with new masks for each batch.

    loss       `loss(model, *batch) -> value, backward`; for those layers it needs a training door, as `SupervisedLoss`
    rng        what dropout draws from; a model without dropout needs none
    max_norm   clip the gradient to this global norm; None does not clip
    gradient   how to differentiate, as in `value_and_gradient`; or a function that does it, as in `learn`
    progress   show a bar (a string is its title); never where TQDM_DISABLE=1 is set, as in stored notebooks
    total      the number of batches, for the bar, where `batches` has no length

    Raises FloatingPointError when the loss is not finite, before the weights are touched, and TypeError if the loss or
    a part of the model has no training door for the layers inside.
    """
    expect_training_doors(loss, model)
    state = optimizer.init(model) if optimizer_state is None else optimizer_state
    yield from _steps(
        model, loss, _progress_bar(batches, progress, total), optimizer.update, state, rng, max_norm, gradient
    )


def _steps(
    model: Tree,
    loss: Loss,
    batches: Iterable[tuple],
    update: Callable,
    state: Any,
    rng: np.random.Generator | None,
    max_norm: float | None,
    gradient: str | Learner,
) -> Iterator[Record]:
    for step, batch in enumerate(batches, start=1):
        model = redraw_dropout(model, rng)
        value, learned, d_model = learn(loss, model, batch, gradient, rng)
        if not np.isfinite(float(value)):
            raise FloatingPointError(
                f"the loss is {float(value)} at step {step}: lower the learning rate, clip the gradient "
                "(max_norm=1.0), or look for NaN in the inputs"
            )
        if max_norm is None:
            norm = global_norm(d_model)
        else:
            d_model, norm = clip_by_global_norm(d_model, max_norm)
        model, state = update(learned, d_model, state)
        yield Record(step, float(value), norm, model, state)


def fit(
    model: Tree,
    data: Split,
    *,
    optimizer: Optimizer,
    epochs: int,
    batch_size: int,
    rng: np.random.Generator,
    held_out: Split | None = None,
    loss: Loss = classifier_loss,
    drop_last: bool = False,
    max_norm: float | None = None,
    gradient: str = "auto",
    progress: bool = True,
    on_epoch: Callable[[Epoch, Tree], None] | None = None,
) -> Fit:
    """Train over `epochs` passes of `data`, in an order drawn from `rng`; measure the accuracy on `held_out`.

    rng        the order of the examples, and what dropout draws, as in `train`
    drop_last  leave out a last batch that is smaller than the others; batch norm cannot learn from one with one example
    on_epoch   `on_epoch(epoch, model)` is called after each pass, to print a line or to save a checkpoint

    The accuracy is that of the model as it answers: with running statistics, without dropout. Inside an epoch the
    weights are changed in place where the optimiser can do that (`Optimizer.in_place`), so that a loss must not keep a
    model that it was given; the model handed in, and those handed out, never change. Raises what `train` and
    `minibatches` raise.
    """
    state, history = optimizer.init(model), []
    total = len(data.labels) // batch_size if drop_last else -(-len(data.labels) // batch_size)
    for number in range(1, epochs + 1):
        batches = minibatches(data, batch_size, rng=rng, drop_last=drop_last)
        bar = progress and f"epoch {number}/{epochs}"
        model, state, mean, seconds = one_epoch(
            model, loss, batches, optimizer, state, rng, max_norm, gradient, progress=bar, total=total
        )
        held_out_accuracy = None if held_out is None else accuracy(model, held_out)
        history.append(Epoch(number, mean, held_out_accuracy, seconds))
        if on_epoch is not None:
            on_epoch(history[-1], model)
    return Fit(model, tuple(history))


def one_epoch(
    model: Tree,
    loss: Loss,
    batches: Iterable[tuple],
    optimizer: Optimizer,
    optimizer_state: Any,
    rng: np.random.Generator | None = None,
    max_norm: float | None = None,
    gradient: str | Learner = "auto",
    *,
    progress: bool | str = True,
    total: int | None = None,
) -> tuple[Tree, Any, float, float]:
    """`train` over the batches: the model and the optimiser's state after the last, the mean loss, and the seconds.

    The arguments are those of `train`. Between the first batch and the last the weights are changed in place where the
    optimiser can do that; what was handed in never changes.
    """
    expect_training_doors(loss, model)
    start, losses = perf_counter(), []
    bar = _progress_bar(batches, progress, total)
    own, state, update = _own(model, optimizer_state, optimizer)  # while `own` lives, no other array has its ids
    for record in _steps(own, loss, bar, update, state, rng, max_norm, gradient):
        model, state = record.model, record.optimizer_state
        losses.append(record.loss)
    return model, state, float(np.mean(losses)), perf_counter() - start


def _own(model: Tree, state: Any, optimizer: Optimizer) -> tuple[Tree, Any, Callable]:
    """Copies for an epoch to work in, and how to update them; what was handed out before, or in, never changes."""
    if optimizer.in_place is None or not all(isinstance(leaf, np.ndarray) for leaf in leaves(model)):
        return model, state, optimizer.update
    model, state = tree_map(np.copy, (model, state))
    return model, state, partial(optimizer.in_place, owned={id(leaf) for leaf in leaves(model)})


def probabilities(model: Any, inputs: Array, batch_size: int = 1000) -> np.ndarray:
    """softmax(model(inputs)) as a NumPy array `[example, class]`, in batches, without autograd and without dropout."""
    parts, model = [], without_dropout(model)
    with no_gradient(inputs):
        for start in range(0, inputs.shape[0], batch_size):
            parts.append(to_numpy(softmax(model(inputs[start : start + batch_size]))))
    return np.concatenate(parts)


def accuracy(model: Any, data: Split, batch_size: int = 1000) -> float:
    """The share of the examples whose largest logit is at their label, without dropout."""
    predicted = probabilities(model, data.images, batch_size).argmax(axis=1)
    return float(np.mean(predicted == to_numpy(data.labels)))


def _progress_bar(batches: Iterable, progress: bool | str, total: int | None) -> Iterable:
    if not progress or os.environ.get("TQDM_DISABLE") == "1":
        return batches
    from tqdm.auto import tqdm

    return tqdm(batches, desc=progress if isinstance(progress, str) else None, total=total, leave=False)
