"""The learning rate of `one_cycle`, and Adam with a learning rate that changes."""

import numpy as np
import pytest

from rnn_course.optim import adam, one_cycle


def rates(peak, steps, **options):
    schedule = one_cycle(peak, steps, **options)
    return np.array([schedule(step) for step in range(1, steps + 1)])


@pytest.mark.parametrize("steps", [1, 2, 3, 10, 97, 1000])
def test_it_rises_to_the_peak_and_falls(steps):
    rate = rates(0.02, steps)
    top = rate.argmax()
    assert np.all(rate > 0)
    assert np.all(rate <= 0.02)
    assert np.all(np.diff(rate[: top + 1]) > 0)
    assert np.all(np.diff(rate[top:]) < 0)


def test_of_many_updates_the_ends_and_the_top_are_where_they_are_said_to_be():
    rate = rates(0.02, 1000, warm_up=0.2)
    assert rate[0] == pytest.approx(0.02 / 25, rel=1e-2)
    assert rate.max() == pytest.approx(0.02, rel=1e-4)
    assert abs(rate.argmax() - 200) <= 1
    assert rate[-1] < 1e-6


def test_it_is_the_cycle_of_torch():
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.Adam([torch.zeros(1, requires_grad=True)])
    theirs = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.02, total_steps=500, cycle_momentum=False)
    expected = []
    for _ in range(500):
        expected.append(theirs.get_last_lr()[0])
        optimizer.step()
        if len(expected) < 500:
            theirs.step()
    np.testing.assert_allclose(rates(0.02, 500), expected, atol=0.02 * 1e-2)


def test_further_updates_keep_the_last_rate():
    schedule = one_cycle(0.02, 10)
    assert schedule(11) == schedule(1000) == schedule(10)


@pytest.mark.parametrize("wrong", [{"peak": 0.0}, {"steps": 0}, {"warm_up": 0.0}, {"warm_up": 1.0}])
def test_impossible_cycles_are_refused(wrong):
    name = next(iter(wrong))
    with pytest.raises(ValueError, match=name):
        one_cycle(**({"peak": 0.02, "steps": 10} | wrong))


def test_adam_asks_the_schedule_for_each_update():
    """Adam's first step has the length of the learning rate; with equal gradients every step has."""
    asked = []

    def schedule(step):
        asked.append(step)
        return 0.1 * step

    optimizer = adam(schedule)
    weights, gradient = (np.array([1.0, -2.0]),), (np.array([0.5, -3.0]),)
    asked.clear()
    state, moves = optimizer.init(weights), []
    for _ in range(3):
        moved, state = optimizer.update(weights, gradient, state)
        moves.append(weights[0] - moved[0])
        weights = moved
    assert asked == [1, 2, 3]
    np.testing.assert_allclose(moves, [[0.1, -0.1], [0.2, -0.2], [0.3, -0.3]], rtol=1e-6)


def test_a_constant_schedule_is_a_constant():
    weights, gradient = (np.array([1.0, -2.0]),), (np.array([0.5, -3.0]),)
    results = []
    for optimizer in (adam(0.01), adam(lambda step: 0.01)):
        results.append(optimizer.update(weights, gradient, optimizer.init(weights))[0][0])
    np.testing.assert_array_equal(*results)
