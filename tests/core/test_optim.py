import numpy as np
import pytest
import torch

from rnn_course import leaves, to, to_numpy, tree_map
from rnn_course.optim import adam, adamw, momentum, rmsprop, sgd
from rnn_course.schedules import cosine_decay, linear_warm_up

from ..helpers import assert_trees_close

STEPS = 12
MAKERS = {"sgd": sgd, "momentum": momentum, "rmsprop": rmsprop, "adam": adam, "adamw": adamw}

# Our optimiser and Torch's, each made from a learning rate.
PAIRS = {
    "sgd": (sgd, torch.optim.SGD, {}),
    "sgd, decay": (
        lambda rate: sgd(rate, weight_decay=0.3),
        torch.optim.SGD,
        {"weight_decay": 0.3},
    ),
    "momentum": (lambda rate: momentum(rate, 0.8), torch.optim.SGD, {"momentum": 0.8}),
    "momentum, decay": (
        lambda rate: momentum(rate, 0.8, weight_decay=0.3),
        torch.optim.SGD,
        {"momentum": 0.8, "weight_decay": 0.3},
    ),
    "nesterov": (
        lambda rate: momentum(rate, 0.8, nesterov=True),
        torch.optim.SGD,
        {"momentum": 0.8, "nesterov": True},
    ),
    "rmsprop": (lambda rate: rmsprop(rate, 0.7, 1e-2), torch.optim.RMSprop, {"alpha": 0.7, "eps": 1e-2}),
    "rmsprop, momentum": (
        lambda rate: rmsprop(rate, 0.7, 1e-2, momentum=0.6),
        torch.optim.RMSprop,
        {"alpha": 0.7, "eps": 1e-2, "momentum": 0.6},
    ),
    "adam": (lambda rate: adam(rate, 0.8, 0.95, 1e-2), torch.optim.Adam, {"betas": (0.8, 0.95), "eps": 1e-2}),
    "adamw": (
        lambda rate: adamw(rate, 0.4, 0.8, 0.95, 1e-2),
        torch.optim.AdamW,
        {"betas": (0.8, 0.95), "eps": 1e-2, "weight_decay": 0.4},
    ),
}


@pytest.fixture
def weights(rng):
    """A model: two arrays, one of them deeper in the tree, and a name, which is no weight."""
    return (rng.standard_normal((5, 3)), (rng.standard_normal(7), "tanh", None))


def gradient_at(tree, step):
    """A made-up gradient that depends on the weights and on the step."""
    return tree_map(lambda w: np.sin(step + 1) * to_numpy(w) + np.cos(w.shape[0] + step), tree)


def torchs_trajectory(weights, make, rates, **options):
    """The weights after each step of one of Torch's optimisers, whose learning rate is set by hand before each."""
    parameters = [torch.tensor(w).requires_grad_() for w in leaves(weights)]
    optimizer = make(parameters, lr=rates[0], **options)
    for step, rate in enumerate(rates):
        optimizer.param_groups[0]["lr"] = rate
        for parameter, g in zip(parameters, leaves(gradient_at(tuple(parameters), step)), strict=True):
            parameter.grad = torch.tensor(g)
        optimizer.step()
        yield tuple(parameter.detach().numpy().copy() for parameter in parameters)


def our_trajectory(weights, optimizer, backend, steps=STEPS):
    model = to(weights, backend)
    state = optimizer.init(model)
    for step in range(steps):
        model, state = optimizer.update(model, to(gradient_at(model, step), backend), state)
        assert model[1][1:] == ("tanh", None)
        yield tuple(leaves(model))


def wave(step):
    """A learning rate that goes up and down: no two updates have the same."""
    return 0.05 + 0.04 * np.cos(step)


@pytest.mark.parametrize("learning_rate", [0.1, wave], ids=["constant", "schedule"])
@pytest.mark.parametrize("name", PAIRS)
def test_the_trajectory_is_torchs_step_for_step(name, learning_rate, backend, weights):
    ours, theirs, options = PAIRS[name]
    rates = [wave(step) if callable(learning_rate) else learning_rate for step in range(1, STEPS + 1)]
    expected = torchs_trajectory(weights, theirs, rates, **options)
    for got, reference in zip(our_trajectory(weights, ours(learning_rate), backend), expected, strict=True):
        assert_trees_close(got, reference, rtol=1e-11)


def test_a_warm_up_and_a_decay_are_torchs_schedulers_in_one_trajectory(weights, backend):
    parameter = torch.zeros(1, requires_grad=True)
    scheduled = torch.optim.SGD([parameter], lr=0.1)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        scheduled, lambda t: (t + 1) / 4 if t < 4 else (1 + np.cos(np.pi * (t - 4) / 9)) / 2
    )
    rates = []
    for _ in range(STEPS):
        rates.append(scheduler.get_last_lr()[0])
        scheduled.step()
        scheduler.step()
    optimizer = adamw(linear_warm_up(4, then=cosine_decay(0.1, 9)), 0.4)
    expected = torchs_trajectory(weights, torch.optim.AdamW, rates, weight_decay=0.4)
    for got, reference in zip(our_trajectory(weights, optimizer, backend), expected, strict=True):
        assert_trees_close(got, reference, rtol=1e-11)


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


def test_tensorflows_rmsprop_differs_in_three_places(backend):
    """TensorFlow 1's ApplyRMSProp, written out: ms from 1, ε inside the root, the learning rate in the running sum."""
    w, ms, mom = 1.0, 1.0, 0.0
    optimizer = rmsprop(lambda step: 0.1 / step, 0.7, 1e-2, momentum=0.6, tf1=True)
    model = to((np.array([w]),), backend)
    state = optimizer.init(model)
    for t in range(1, 12):
        g = np.cos(3.0 * t)
        ms = 0.7 * ms + 0.3 * g * g
        mom = 0.6 * mom + 0.1 / t * g / np.sqrt(ms + 1e-2)
        w -= mom
        model, state = optimizer.update(model, to((np.array([g]),), backend), state)
        assert float(model[0][0]) == pytest.approx(w, rel=1e-12)


def test_decoupled_decay_shrinks_every_weight_by_the_same_share():
    """With gradient 0, AdamW keeps the share 1 − learning_rate · weight_decay; Adam with a penalty would not."""
    model = (np.array([1.0, -200.0]),)
    optimizer = adamw(0.1, 0.5)
    moved, _ = optimizer.update(model, (np.zeros(2),), optimizer.init(model))
    np.testing.assert_allclose(moved[0], [0.95, -190.0], rtol=1e-15)


def test_every_update_asks_the_schedule_once_with_its_number(weights):
    for make in MAKERS.values():
        asked = []
        optimizer = make(lambda step: asked.append(step) or 0.1)  # noqa: B023
        assert asked == []
        list(our_trajectory(weights, optimizer, "numpy", steps=3))
        assert asked == [1, 2, 3]


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_constant_schedule_is_a_number(make, weights):
    *_, number = our_trajectory(weights, make(0.01), "numpy")
    *_, schedule = our_trajectory(weights, make(lambda step: 0.01), "numpy")
    assert_trees_close(schedule, number, rtol=0, atol=0)


@pytest.mark.parametrize("name", PAIRS)
def test_an_update_changes_neither_the_model_nor_the_gradient_nor_the_state(name, weights):
    optimizer = PAIRS[name][0](0.1)
    gradient = gradient_at(weights, 0)
    state = optimizer.init(weights)
    _, state_1 = optimizer.update(weights, gradient, state)
    before = [np.copy(a) for a in leaves((weights, gradient))]
    first, _ = optimizer.update(weights, gradient, state_1)
    again, _ = optimizer.update(weights, gradient, state_1)
    assert_trees_close(tuple(leaves((weights, gradient))), tuple(before), rtol=0, atol=0)
    assert_trees_close(again, first, rtol=0, atol=0)


@pytest.mark.parametrize(
    "optimizer",
    [
        sgd(np.float64(0.1), np.float64(0.1)),
        sgd(lambda step: np.float64(0.1)),
        momentum(np.float64(0.1), np.float64(0.9), True, np.float64(0.1)),
        rmsprop(np.float64(0.1), np.float64(0.9), np.float64(0.1), np.float64(0.9)),
        adamw(np.float64(0.1), np.float64(0.1), np.float64(0.9), np.float64(0.9), np.float64(0.1)),
    ],
)
def test_float32_stays_float32_even_if_the_numbers_are_numpys(optimizer, weights, backend):
    model = to(tree_map(lambda w: w.astype("float32"), weights), backend)
    gradient = tree_map(lambda w: 0.5 * w, model)
    for leaf in leaves(optimizer.update(model, gradient, optimizer.init(model))):
        assert str(leaf.dtype).endswith("float32")


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("wrong", [-0.1, 0.0, float("nan"), float("inf")])
def test_a_learning_rate_must_be_positive(make, wrong):
    with pytest.raises(ValueError, match=rf"learning_rate: expected a positive number, got {wrong}"):
        make(wrong)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_schedule_that_goes_wrong_is_named_at_its_update(make, weights):
    optimizer = make(lambda step: 0.1 - 0.05 * (step - 1) if step < 4 else float("nan"))
    state = optimizer.init(weights)
    for _ in range(3):  # 0.1, 0.05, 0: a rate of 0 is one
        _, state = optimizer.update(weights, weights, state)
    with pytest.raises(ValueError, match="learning_rate: expected a rate of at least 0 from the schedule, got nan at"):
        optimizer.update(weights, weights, state)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: adam(epsilon=0.0), "epsilon: expected a positive number, got 0.0"),
        (lambda: rmsprop(0.1, epsilon=-1.0), "epsilon: expected a positive number, got -1.0"),
        (lambda: adam(beta1=1.0), "beta1: expected a number of at least 0 and below 1, got 1.0"),
        (lambda: adamw(beta2=-0.1), "beta2: expected a number of at least 0 and below 1, got -0.1"),
        (lambda: momentum(0.1, 1.5), "decay: expected a number of at least 0 and below 1, got 1.5"),
        (lambda: rmsprop(0.1, 2.0), "decay: expected"),
        (lambda: rmsprop(0.1, momentum=1.0), "momentum: expected"),
        (lambda: adamw(weight_decay=-0.1), r"weight_decay: expected a number of at least 0, got -0\.1"),
        (lambda: sgd(0.1, weight_decay=float("nan")), "weight_decay: expected a number of at least 0, got nan"),
        (lambda: momentum(0.1, weight_decay=-1.0), "weight_decay: expected"),
    ],
)
def test_numbers_out_of_range_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_gradient_of_another_structure_is_refused(weights):
    with pytest.raises(ValueError, match="the trees differ"):
        sgd(0.1).update(weights, weights[:1], sgd(0.1).init(weights))
