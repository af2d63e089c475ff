"""One look at a batch: the loss, its gradient, and what the model has learnt from the batch besides.

Some layers learn otherwise than they answer: batch norm uses the statistics of the batch and keeps a running average,
dropout drops. They have a third door, `layer.forward_training(x, rng) -> y, layer, backward`, where the layer that
comes back holds the new running statistics. What is made of layers hands the call on to its parts.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from rnn_course.arrays import Array, autograd, backend_of, detached, mixed_precision
from rnn_course.layers import forward_training
from rnn_course.losses import softmax_cross_entropy_forward
from rnn_course.tree import Tree, leaves

Loss = Callable[..., tuple[Array, Callable]]  # loss(model, *batch) -> value, backward: d_value -> d_model
Learner = Callable[..., tuple[Any, Tree, Tree]]  # learner(loss, model, batch, rng) -> value, learned, d_model


class SupervisedLoss(NamedTuple):
    """L = criterion(model(inputs), targets): a loss that `train` and `fit` take, for every model.

    criterion  the forward door of a loss of outputs, `(outputs, targets) -> value, backward`, such as
               `mean_squared_error_forward`, or `partial(softmax_cross_entropy_forward, label_smoothing=0.1)`

    `classifier_loss` is `SupervisedLoss(softmax_cross_entropy_forward)`.
    """

    criterion: Callable

    def __repr__(self) -> str:
        return f"SupervisedLoss({getattr(self.criterion, '__name__', repr(self.criterion))})"

    def __call__(self, model: Any, inputs: Array, targets: Array) -> tuple[Array, Callable]:
        """L of the model as it answers, and backward: d_loss -> d_model."""
        outputs, model_backward = model.forward(inputs)
        value, criterion_backward = self.criterion(outputs, targets)
        return value, lambda d_loss=1.0: model_backward(criterion_backward(d_loss))[0]

    def forward_training(
        self, model: Any, inputs: Array, targets: Array, rng: np.random.Generator | None = None
    ) -> tuple[Array, Any, Callable]:
        """L of the model as it learns, the model with its new running statistics, and backward: d_loss -> d_model."""
        outputs, learned, model_backward = forward_training(model, inputs, rng)
        value, criterion_backward = self.criterion(outputs, targets)
        return value, learned, lambda d_loss=1.0: model_backward(criterion_backward(d_loss))[0]


classifier_loss = SupervisedLoss(softmax_cross_entropy_forward)


class MixedPrecision(NamedTuple):
    """A loss whose products Torch computes in bfloat16, and whose sums and weights stay in float32.

    loss  one with a training door, such as `classifier_loss`. bfloat16 has the range of float32, so that the gradients
          need no scaling (Kalamkar et al. 2019).
    """

    loss: Any

    def __call__(self, model: Any, *batch: Array) -> tuple[Array, Callable]:
        """The loss of the model as it answers, and backward."""
        with mixed_precision(batch[0]):
            return self.loss(model, *batch)

    def forward_training(
        self, model: Any, *batch: Array, rng: np.random.Generator | None = None
    ) -> tuple[Array, Any, Callable]:
        """The loss of the model as it learns, the model with its new running statistics, and backward."""
        with mixed_precision(batch[0]):
            return self.loss.forward_training(model, *batch, rng=rng)


def value_and_gradient(loss: Loss, model: Tree, batch: tuple, gradient: str = "auto") -> tuple[Array, Tree]:
    """The loss of a batch, and its gradient with the structure of the model.

    gradient  "hand": the loss's own `backward`; "autograd": Torch's; "auto": autograd on Torch, by hand on NumPy
    """
    if _by_autograd(gradient, model):
        return autograd(lambda watched: loss(watched, *batch)[0], model)
    value, backward = loss(model, *batch)
    return value, backward()


def learn(
    loss: Any, model: Tree, batch: tuple, gradient: str | Learner = "auto", rng: np.random.Generator | None = None
) -> tuple[Array, Tree, Tree]:
    """The loss of a batch, the model with its new running statistics, and the gradient.

    This is `loss.forward_training` if the loss has that door; else it is `value_and_gradient`, for a model that learns
    as it answers. A `gradient` that is a function takes all of this over, for example to share a batch among processes.
    """
    if callable(gradient):
        return gradient(loss, model, batch, rng)
    if not hasattr(loss, "forward_training"):
        value, d_model = value_and_gradient(loss, model, batch, gradient)
        return value, model, d_model
    if not _by_autograd(gradient, model):
        value, learned, backward = loss.forward_training(model, *batch, rng=rng)
        return value, learned, backward()
    learned = model

    def value_of(watched: Tree) -> Array:
        nonlocal learned
        value, learned, _ = loss.forward_training(watched, *batch, rng=rng)
        return value

    value, d_model = autograd(value_of, model)
    return value, detached(learned), d_model


def expect_training_doors(loss: Any, model: Tree) -> None:
    """Raise TypeError if a layer that learns otherwise than it answers would be trained as it answers.

    That is so where the loss, or a part of the model around the layer, has no `forward_training` to hand the call on.
    """
    closed = "" if hasattr(loss, "forward_training") else f"the loss {getattr(loss, '__name__', repr(loss))}"
    for path, layer, closed_door in _learners(model, "model", closed):
        if closed_door:
            advice = "SupervisedLoss(criterion) makes one that has" if closed_door == closed else "give it that door"
            raise TypeError(
                f"{path} is a {type(layer).__name__}, which learns otherwise than it answers; but {closed_door} has no "
                f"forward_training, so that it would be trained as it answers: {advice}"
            )


def _learners(tree: Tree, path: str, closed: str) -> Iterator[tuple[str, Any, str]]:
    """The innermost parts with a training door, and which part around each of them has none, if any."""
    if not isinstance(tree, tuple):
        return
    branches = list(zip(getattr(tree, "_fields", range(len(tree))), tree, strict=True))
    if not hasattr(tree, "forward_training"):
        closed = closed or (f"{path}, a {type(tree).__name__}," if hasattr(tree, "_fields") else "")
    elif not any(isinstance(branch, tuple) for _, branch in branches):
        yield path, tree, closed
    for name, branch in branches:
        yield from _learners(branch, f"{path}.{name}", closed)


def _by_autograd(gradient: str, model: Tree) -> bool:
    if gradient not in ("auto", "hand", "autograd"):
        raise ValueError(f"gradient: expected auto, hand or autograd, got {gradient!r}")
    return gradient == "autograd" or (gradient == "auto" and backend_of(leaves(model)[0]) == "torch")
