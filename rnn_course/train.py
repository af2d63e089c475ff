"""Training: the one loop, for every model, loss, optimiser and array library.

`train` yields a record after every step; `fit` runs it over epochs of a data set and keeps the history.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from rnn_course.activations import softmax
from rnn_course.arrays import Array, autograd, backend_of, no_gradient, to_numpy
from rnn_course.data.splits import Split, minibatches
from rnn_course.dropout_wrapper import DropoutWrapper
from rnn_course.layers import Chain
from rnn_course.losses import softmax_cross_entropy_forward
from rnn_course.optim import Optimizer, clip_by_global_norm, global_norm
from rnn_course.tree import Tree, leaves

Loss = Callable[..., tuple[Array, Callable]]  # loss(model, *batch) -> value, backward: d_value -> d_model


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


def classifier_loss(model: Any, inputs: Array, labels: Array) -> tuple[Array, Callable]:
    """Softmax cross-entropy of `model(inputs)`, and backward: d_loss -> d_model."""
    logits, model_backward = model.forward(inputs)
    loss, loss_backward = softmax_cross_entropy_forward(logits, labels)
    return loss, lambda d_loss=1.0: model_backward(loss_backward(d_loss))[0]


def value_and_gradient(loss: Loss, model: Tree, batch: tuple, gradient: str = "auto") -> tuple[Array, Tree]:
    """The loss of a batch, and its gradient with the structure of the model.

    gradient  "hand": the loss's own `backward`; "autograd": Torch's; "auto": autograd on Torch, by hand on NumPy
    """
    if gradient not in ("auto", "hand", "autograd"):
        raise ValueError(f"gradient: expected auto, hand or autograd, got {gradient!r}")
    if gradient == "auto":
        gradient = "autograd" if backend_of(leaves(model)[0]) == "torch" else "hand"
    if gradient == "autograd":
        return autograd(lambda watched: loss(watched, *batch)[0], model)
    value, backward = loss(model, *batch)
    return value, backward()


def train(
    model: Tree,
    loss: Loss,
    batches: Iterable[tuple],
    optimizer: Optimizer,
    *,
    optimizer_state: Any = None,
    max_norm: float | None = None,
    gradient: str = "auto",
    progress: bool | str = True,
    total: int | None = None,
) -> Iterator[Record]:
    """Improve `model` on one batch after the other; yield a `Record` after each step.

    max_norm   clip the gradient to this global norm; None does not clip
    gradient   how to differentiate, as in `value_and_gradient`
    progress   show a bar (a string is its title); never where TQDM_DISABLE=1 is set, as in stored notebooks
    total      the number of batches, for the bar, where `batches` has no length

    Raises FloatingPointError when the loss is not finite, before the weights are touched.
    """
    state = optimizer.init(model) if optimizer_state is None else optimizer_state
    for step, batch in enumerate(_progress_bar(batches, progress, total), start=1):
        value, d_model = value_and_gradient(loss, model, batch, gradient)
        if not np.isfinite(float(value)):
            raise FloatingPointError(
                f"the loss is {float(value)} at step {step}: lower the learning rate, clip the gradient "
                "(max_norm=1.0), or look for NaN in the inputs"
            )
        if max_norm is None:
            norm = global_norm(d_model)
        else:
            d_model, norm = clip_by_global_norm(d_model, max_norm)
        model, state = optimizer.update(model, d_model, state)
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
    max_norm: float | None = None,
    gradient: str = "auto",
    progress: bool = True,
    on_epoch: Callable[[Epoch, Tree], None] | None = None,
) -> Fit:
    """Train over `epochs` passes of `data`, in an order drawn from `rng`; measure the accuracy on `held_out`.

    `on_epoch(epoch, model)` is called after each pass, to print a line or to save a checkpoint. Raises TypeError for a
    model with layers that learn otherwise than they answer, such as batch norm and dropout: the loop here does not
    carry what they need. Train it with `Chain.forward_training`.
    """
    _refuse_training_layers(model)
    state, history = None, []
    total = -(-len(data.labels) // batch_size)
    for number in range(1, epochs + 1):
        start, losses = perf_counter(), []
        batches = minibatches(data, batch_size, rng=rng)
        title = f"epoch {number}/{epochs}"
        steps = train(
            model,
            loss,
            batches,
            optimizer,
            optimizer_state=state,
            max_norm=max_norm,
            gradient=gradient,
            progress=title if progress else False,
            total=total,
        )
        for record in steps:
            model, state = record.model, record.optimizer_state
            losses.append(record.loss)
        seconds = perf_counter() - start
        held_out_accuracy = None if held_out is None else accuracy(model, held_out)
        history.append(Epoch(number, float(np.mean(losses)), held_out_accuracy, seconds))
        if on_epoch is not None:
            on_epoch(history[-1], model)
    return Fit(model, tuple(history))


def _refuse_training_layers(model: Tree, path: str = "model") -> None:
    if not isinstance(model, tuple):
        return
    if isinstance(model, DropoutWrapper):
        raise TypeError(
            f"{path} is a DropoutWrapper; fit would keep its masks for all batches, and measure the accuracy with "
            "them. Write the loop with redraw_dropout for each batch, and without_dropout to measure"
        )
    if hasattr(model, "forward_training") and not isinstance(model, Chain):
        raise TypeError(
            f"{path} is a {type(model).__name__}, which learns otherwise than it answers; fit would train it as it "
            "answers. Write the loop with Chain.forward_training"
        )
    for name, part in zip(getattr(model, "_fields", range(len(model))), model, strict=True):
        _refuse_training_layers(part, f"{path}.{name}")


def probabilities(model: Any, inputs: Array, batch_size: int = 1000) -> np.ndarray:
    """softmax(model(inputs)) as a NumPy array `[example, class]`, computed in batches and without autograd."""
    parts = []
    with no_gradient(inputs):
        for start in range(0, inputs.shape[0], batch_size):
            parts.append(to_numpy(softmax(model(inputs[start : start + batch_size]))))
    return np.concatenate(parts)


def accuracy(model: Any, data: Split, batch_size: int = 1000) -> float:
    """The share of the examples whose largest logit is at their label."""
    predicted = probabilities(model, data.images, batch_size).argmax(axis=1)
    return float(np.mean(predicted == to_numpy(data.labels)))


def _progress_bar(batches: Iterable, progress: bool | str, total: int | None) -> Iterable:
    if not progress or os.environ.get("TQDM_DISABLE") == "1":
        return batches
    from tqdm.auto import tqdm

    return tqdm(batches, desc=progress if isinstance(progress, str) else None, total=total, leave=False)
