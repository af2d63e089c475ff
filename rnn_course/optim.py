"""Optimisers as pure functions: they return new weights and a new state, and change neither.

    optimizer = adam(1e-3)
    state = optimizer.init(model)
    model, state = optimizer.update(model, gradient, state)

A learning rate is a number, or a schedule: a function of the number of the update, such as `one_cycle(peak, steps)`.
Every optimiser raises ValueError for numbers out of range, and at an update for a rate that is negative or not finite.
"""

from collections.abc import Callable
from math import inf, sqrt
from numbers import Real
from typing import Any, NamedTuple

from rnn_course.arrays import array_namespace, zeros_like
from rnn_course.init import check_positive
from rnn_course.kernels import adam as adam_kernel
from rnn_course.schedules import Schedule, as_schedule
from rnn_course.tree import Tree, leaves, rebuild, tree_map, with_leaves


class Optimizer(NamedTuple):
    """`init(model) -> state` and `update(model, gradient, state) -> model, state`.

    `in_place(model, gradient, state, owned)`, where there is one, is `update` with the same bits, and may write into
    the arrays of the state, and into those of the model whose `id` is in `owned`: for `fit`, inside an epoch.
    """

    init: Callable[[Tree], Any]
    update: Callable[[Tree, Tree, Any], tuple[Tree, Any]]
    in_place: Callable[..., tuple[Tree, Any]] | None = None


class SGDState(NamedTuple):
    """How many updates were made."""

    step: int


class MomentumState(NamedTuple):
    """How many updates were made, and the running sum of gradients."""

    step: int
    velocity: Tree


class RMSPropState(NamedTuple):
    """How many updates were made, the running mean of the squared gradient, and the running sum of the moves."""

    step: int
    square: Tree
    velocity: Tree


class AdamState(NamedTuple):
    """How many updates were made, and the running means of the gradient and of its square."""

    step: int
    mean: Tree
    square: Tree


def sgd(learning_rate: float | Schedule, weight_decay: float = 0.0) -> Optimizer:
    """w ← w − learning_rate · (g + weight_decay · w), as `torch.optim.SGD`.

    `weight_decay` pulls every weight to 0: it is the gradient of the penalty weight_decay/2 · Σ w². Raises ValueError
    for numbers out of range, as every optimiser does.
    """
    schedule = as_schedule(learning_rate)
    (weight_decay,) = _within(inf, weight_decay=weight_decay)

    def update(model: Tree, gradient: Tree, state: SGDState) -> tuple[Tree, SGDState]:
        step = state.step + 1
        rate = schedule(step)
        gradient = _penalised(gradient, model, weight_decay)
        return tree_map(lambda w, g: w - rate * g, model, gradient), SGDState(step)

    return Optimizer(lambda model: SGDState(step=0), update)


def momentum(
    learning_rate: float | Schedule, decay: float = 0.9, nesterov: bool = False, weight_decay: float = 0.0
) -> Optimizer:
    """v ← decay · v + g, then w ← w − learning_rate · v (as `torch.optim.SGD` and TensorFlow write it).

    nesterov      move by g + decay · v instead of v: look one step ahead (Sutskever et al. 2013)
    weight_decay  add weight_decay · w to g first
    """
    schedule = as_schedule(learning_rate)
    (decay,) = _within(1.0, decay=decay)
    (weight_decay,) = _within(inf, weight_decay=weight_decay)

    def init(model: Tree) -> MomentumState:
        return MomentumState(step=0, velocity=zeros_like(model))

    def update(model: Tree, gradient: Tree, state: MomentumState) -> tuple[Tree, MomentumState]:
        step = state.step + 1
        rate = schedule(step)
        gradient = _penalised(gradient, model, weight_decay)
        velocity = tree_map(lambda v, g: decay * v + g, state.velocity, gradient)
        move = tree_map(lambda v, g: g + decay * v, velocity, gradient) if nesterov else velocity
        return tree_map(lambda w, m: w - rate * m, model, move), MomentumState(step, velocity)

    return Optimizer(init, update)


def rmsprop(
    learning_rate: float | Schedule,
    decay: float = 0.9,
    epsilon: float = 1e-8,
    momentum: float = 0.0,
    tf1: bool = False,
) -> Optimizer:
    """RMSProp (Tieleman & Hinton 2012): s ← decay · s + (1 − decay) · g², then w ← w − learning_rate · g / (√s + ε).

    With `momentum`, v ← momentum · v + g / (√s + ε) moves the weights instead: w ← w − learning_rate · v. This is
    `torch.optim.RMSprop`, where decay is called alpha and is 0.99 if not given. With `tf1=True` it is TensorFlow 1's
    `RMSPropOptimizer` (there ε is 1e-10 if not given), which differs in three places: ε stands inside the root, √(s +
    ε); s begins at 1, not at 0, so that the first moves are small; the learning rate is part of the running sum, v ←
    momentum · v + learning_rate · g / √(s + ε), which shows when it changes.
    """
    schedule = as_schedule(learning_rate)
    check_positive(epsilon=epsilon)
    decay, momentum = _within(1.0, decay=decay, momentum=momentum)
    epsilon = float(epsilon)

    def init(model: Tree) -> RMSPropState:
        zeros = zeros_like(model)
        return RMSPropState(step=0, square=tree_map(lambda s: s + 1, zeros) if tf1 else zeros, velocity=zeros)

    def update(model: Tree, gradient: Tree, state: RMSPropState) -> tuple[Tree, RMSPropState]:
        step = state.step + 1
        rate = schedule(step)
        in_sum, outside = (rate, 1.0) if tf1 else (1.0, rate)

        def push(v: Any, g: Any, s: Any) -> Any:
            sqrt = array_namespace(s).sqrt
            return momentum * v + in_sum * g / (sqrt(s + epsilon) if tf1 else sqrt(s) + epsilon)

        square = tree_map(lambda s, g: decay * s + (1 - decay) * (g * g), state.square, gradient)
        velocity = tree_map(push, state.velocity, gradient, square)
        return tree_map(lambda w, v: w - outside * v, model, velocity), RMSPropState(step, square, velocity)

    return Optimizer(init, update)


def adam(
    learning_rate: float | Schedule = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    epsilon_hat: bool = False,
) -> Optimizer:
    """Adam (Kingma & Ba 2015): m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ), w ← w − learning_rate · m̂ / (√v̂ + ε).

    m and v are the running means of g and g². With `epsilon_hat=True`, ε is added to √v before the correction, as
    TensorFlow does (the paper's "epsilon hat"); Torch and the paper's Algorithm 1 add it to √v̂. Raises ValueError for
    numbers out of range.
    """
    return adamw(learning_rate, 0.0, beta1, beta2, epsilon, epsilon_hat)


def adamw(
    learning_rate: float | Schedule = 1e-3,
    weight_decay: float = 0.01,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    epsilon_hat: bool = False,
) -> Optimizer:
    """Adam after w ← (1 − learning_rate · weight_decay) · w: decoupled weight decay (Loshchilov & Hutter 2019).

    The decay does not go through m and v, so that every weight shrinks by the same share, whatever its gradients are.
    As in `torch.optim.AdamW`, the share follows the learning rate, and all arrays decay, biases too; in the paper it
    follows the schedule's multiplier alone.
    """
    schedule = as_schedule(learning_rate)
    check_positive(epsilon=epsilon)
    beta1, beta2 = _within(1.0, beta1=beta1, beta2=beta2)
    (weight_decay,) = _within(inf, weight_decay=weight_decay)
    epsilon = float(epsilon)

    def init(model: Tree) -> AdamState:
        return AdamState(step=0, mean=zeros_like(model), square=zeros_like(model))

    def numbers(step: int) -> adam_kernel.Numbers:
        learning_rate = schedule(step)
        correction = sqrt(1 - beta2**step)
        rate = learning_rate * correction / (1 - beta1**step)
        offset = epsilon if epsilon_hat else epsilon * correction
        return adam_kernel.Numbers(beta1, beta2, 1 - learning_rate * weight_decay, rate, offset)

    def update(model: Tree, gradient: Tree, state: AdamState) -> tuple[Tree, AdamState]:
        step = state.step + 1
        mean = tree_map(lambda m, g: beta1 * m + (1 - beta1) * g, state.mean, gradient)
        square = tree_map(lambda v, g: beta2 * v + (1 - beta2) * (g * g), state.square, gradient)
        _, _, keep, rate, offset = numbers(step)

        def move(w: Any, m: Any, v: Any) -> Any:
            return keep * w - rate * m / (array_namespace(v).sqrt(v) + offset)

        moved = tree_map(move, model, mean, square)
        return (keep_statistics(moved, model) if weight_decay else moved), AdamState(step, mean, square)

    def in_place(model: Tree, gradient: Tree, state: AdamState, owned: set[int]) -> tuple[Tree, AdamState]:
        arrays = list(zip(*map(leaves, (model, gradient, state.mean, state.square)), strict=True))
        if not all(adam_kernel.fits(*four) for four in arrays):
            return update(model, gradient, state)
        now, new = numbers(state.step + 1), []
        for _, g, m, v in arrays:
            adam_kernel.average(g, m, v, now)
        for w, _, m, v in arrays:
            new.append(w if id(w) in owned else w.copy())
            adam_kernel.move(new[-1], m, v, now)
        moved = with_leaves(model, new)
        return (keep_statistics(moved, model) if weight_decay else moved), state._replace(step=state.step + 1)

    return Optimizer(init, update, in_place)


def keep_statistics(model: Tree, old: Tree) -> Tree:
    """`model` with the running statistics of `old`: what a layer names in its `statistics` is no weight."""
    if not isinstance(model, tuple):
        return model
    kept: Any = rebuild(model, [keep_statistics(*branches) for branches in zip(model, old, strict=True)])
    statistics = {name: getattr(old, name) for name in getattr(old, "statistics", ())}
    return kept._replace(**statistics) if statistics else kept


def _penalised(gradient: Tree, model: Tree, weight_decay: float) -> Tree:
    """g + weight_decay · w, but for running statistics, which have no gradient."""
    if not weight_decay:
        return gradient
    return keep_statistics(tree_map(lambda g, w: g + weight_decay * w, gradient, model), gradient)


def _within(limit: float, **values: float) -> list[float]:
    """The values, each at least 0 and below `limit`, as plain floats: a NumPy float would widen float32 weights."""
    for name, value in values.items():
        if not isinstance(value, Real) or not 0 <= value < limit:
            ending = f" and below {limit:g}" if limit < inf else ""
            raise ValueError(f"{name}: expected a number of at least 0{ending}, got {value!r}")
    return [float(value) for value in values.values()]
