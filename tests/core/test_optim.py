import numpy as np
import pytest
import torch

from rnn_course import adam, clip_by_global_norm, momentum, sgd, to, to_numpy
from rnn_course.optim import global_norm

from ..helpers import assert_trees_close, random_lstm

PAIRS = {
    "sgd": (sgd(0.1), lambda p: torch.optim.SGD(p, lr=0.1)),
    "momentum": (momentum(0.1, 0.8), lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.8)),
    "adam": (adam(0.01, 0.8, 0.95, 1e-3), lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.8, 0.95), eps=1e-3)),
}


def gradient_at(tree, step):
    """A made-up gradient that depends on the weights and on the step."""
    return tuple(np.sin(step + 1) * to_numpy(w) + np.cos(w.shape[0] + step) for w in tree)


@pytest.mark.parametrize("name", PAIRS)
def test_the_trajectory_is_torchs_step_for_step(name, backend, rng):
    ours, theirs = PAIRS[name]
    weights = tuple(random_lstm(3, 5, rng))
    parameters = [torch.tensor(w).requires_grad_() for w in weights]
    reference = theirs(parameters)
    model = to(weights, backend)
    state = ours.init(model)
    for step in range(10):
        gradient = gradient_at(model, step)
        for parameter, g in zip(parameters, gradient, strict=True):
            parameter.grad = torch.tensor(g)
        reference.step()
        model, state = ours.update(model, to(gradient, backend), state)
        assert_trees_close(model, tuple(parameters), rtol=1e-11)


def test_epsilon_hat_stands_outside_the_bias_correction():
    """TensorFlow's formula, written out: w − lr·√(1−β₂ᵗ)/(1−β₁ᵗ) · m / (√v + ε)."""
    w, g, m, v = 1.0, 0.5, 0.0, 0.0
    optimizer = adam(0.01, 0.8, 0.95, 1e-2, epsilon_hat=True)
    model = (np.array([w]),)
    state = optimizer.init(model)
    for t in range(1, 4):
        m, v = 0.8 * m + 0.2 * g, 0.95 * v + 0.05 * g * g
        w -= 0.01 * np.sqrt(1 - 0.95**t) / (1 - 0.8**t) * m / (np.sqrt(v) + 1e-2)
        model, state = optimizer.update(model, (np.array([g]),), state)
        assert model[0][0] == pytest.approx(w, rel=1e-13)


@pytest.mark.parametrize("name", PAIRS)
def test_an_update_changes_neither_the_model_nor_the_gradient_nor_the_state(name, rng):
    optimizer = PAIRS[name][0]
    model = tuple(random_lstm(3, 5, rng))
    gradient = gradient_at(model, 0)
    state = optimizer.init(model)
    _, state_1 = optimizer.update(model, gradient, state)
    before = [np.copy(a) for a in (*model, *gradient)]
    first, _ = optimizer.update(model, gradient, state_1)
    again, _ = optimizer.update(model, gradient, state_1)
    assert_trees_close((*model, *gradient), tuple(before), rtol=0, atol=0)
    assert_trees_close(again, first, rtol=0, atol=0)


def test_clipping_keeps_the_direction(backend):
    gradient = to((np.array([3.0, 0.0]), np.array([[4.0]])), backend)
    assert global_norm(gradient) == 5.0
    clipped, norm = clip_by_global_norm(gradient, 1.0)
    assert norm == 5.0
    assert_trees_close(clipped, (np.array([0.6, 0.0]), np.array([[0.8]])))
    same, norm = clip_by_global_norm(gradient, 5.0)
    assert same is gradient
    assert norm == 5.0


@pytest.mark.parametrize("make", [sgd, momentum, adam])
def test_a_learning_rate_must_be_positive(make):
    with pytest.raises(ValueError, match=r"learning_rate: expected a positive number, got -0\.1"):
        make(-0.1)
