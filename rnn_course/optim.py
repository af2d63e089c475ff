"""Optimisers as pure functions: they return new weights and a new state, and change neither.

optimizer = adam(1e-3)
state = optimizer.init(model)
model, state = optimizer.update(model, gradient, state)
"""

from collections.abc import Callable
from math import cos, pi, sqrt
from typing import Any, NamedTuple

from rnn_course.arrays import array_namespace, sum_squares, zeros_like
from rnn_course.init import check_sizes
from rnn_course.tree import Tree, tree_map

Schedule = Callable[[int], float]  # the number of the update, from 1 -> its learning rate


class Optimizer(NamedTuple):
    """`init(model) -> state` and `update(model, gradient, state) -> model, state`."""

    init: Callable[[Tree], Any]
    update: Callable[[Tree, Tree, Any], tuple[Tree, Any]]


class MomentumState(NamedTuple):
    """The running sum of gradients."""

    velocity: Tree


class AdamState(NamedTuple):
    """How many updates were made, and the running means of the gradient and of its square."""

    step: int
    mean: Tree
    square: Tree


def sgd(learning_rate: float) -> Optimizer:
    """w ← w − learning_rate · g."""
    _expect_positive(learning_rate=learning_rate)

    def update(model: Tree, gradient: Tree, state: tuple) -> tuple[Tree, tuple]:
        return tree_map(lambda w, g: w - learning_rate * g, model, gradient), state

    return Optimizer(lambda model: (), update)


def momentum(learning_rate: float, decay: float = 0.9) -> Optimizer:
    """v ← decay · v + g, then w ← w − learning_rate · v (as `torch.optim.SGD` and TensorFlow write it)."""
    _expect_positive(learning_rate=learning_rate)

    def update(model: Tree, gradient: Tree, state: MomentumState) -> tuple[Tree, MomentumState]:
        velocity = tree_map(lambda v, g: decay * v + g, state.velocity, gradient)
        return tree_map(lambda w, v: w - learning_rate * v, model, velocity), MomentumState(velocity)

    return Optimizer(lambda model: MomentumState(zeros_like(model)), update)


def adam(
    learning_rate: float | Schedule = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    epsilon_hat: bool = False,
) -> Optimizer:
    """Adam (Kingma & Ba 2015): m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ), w ← w − learning_rate · m̂ / (√v̂ + ε).

    m and v are the running means of g and g². With `epsilon_hat=True`, ε is added to √v before the correction, as
    TensorFlow does (the paper's "epsilon hat"); Torch and the paper's Algorithm 1 add it to √v̂. A learning rate that
    changes is a function of the number of the update, such as `one_cycle(peak, steps)`.
    """
    schedule: Schedule = learning_rate if callable(learning_rate) else lambda step: learning_rate
    _expect_positive(learning_rate=schedule(1), epsilon=epsilon)

    def init(model: Tree) -> AdamState:
        return AdamState(step=0, mean=zeros_like(model), square=zeros_like(model))

    def update(model: Tree, gradient: Tree, state: AdamState) -> tuple[Tree, AdamState]:
        step = state.step + 1
        mean = tree_map(lambda m, g: beta1 * m + (1 - beta1) * g, state.mean, gradient)
        square = tree_map(lambda v, g: beta2 * v + (1 - beta2) * (g * g), state.square, gradient)
        correction = sqrt(1 - beta2**step)
        rate = schedule(step) * correction / (1 - beta1**step)
        offset = epsilon if epsilon_hat else epsilon * correction

        def move(w: Any, m: Any, v: Any) -> Any:
            return w - rate * m / (array_namespace(v).sqrt(v) + offset)

        return tree_map(move, model, mean, square), AdamState(step, mean, square)

    return Optimizer(init, update)


def one_cycle(peak: float, steps: int, warm_up: float = 0.3) -> Schedule:
    """The learning rate of `steps` updates: up to `peak` along half a cosine, then down to 0 (Smith & Topin 2019).

    It begins near peak / 25, the share `warm_up` of the updates goes up, and further updates keep the last rate. It is
    Torch's `OneCycleLR`, read in the middle of each update, so that it also does for a handful of updates.
    """
    check_sizes(steps=steps)
    _expect_positive(peak=peak, warm_up=warm_up)
    if not warm_up < 1:
        raise ValueError(f"warm_up: expected a share of the updates between 0 and 1, got {warm_up!r}")

    def learning_rate(step: int) -> float:
        done = (min(step, steps) - 0.5) / steps
        if done < warm_up:
            return peak * (1 - (1 - 1 / 25) * (1 + cos(pi * done / warm_up)) / 2)
        return peak * (1 + cos(pi * (done - warm_up) / (1 - warm_up))) / 2

    return learning_rate


def global_norm(tree: Tree) -> float:
    """√(Σ of all squares), over all arrays of a tree."""
    return sqrt(sum_squares(tree))


def clip_by_global_norm(gradient: Tree, max_norm: float) -> tuple[Tree, float]:
    """The gradient, shrunk to `max_norm` if its global norm is larger, and the norm before (Pascanu et al. 2013).

    Every array is scaled by the same factor, so that the direction stays.
    """
    _expect_positive(max_norm=max_norm)
    norm = global_norm(gradient)
    if not norm > max_norm:
        return gradient, norm
    return tree_map(lambda g: g * (max_norm / norm), gradient), norm


def _expect_positive(**values: float) -> None:
    for name, value in values.items():
        if not value > 0:
            raise ValueError(f"{name}: expected a positive number, got {value!r}")
