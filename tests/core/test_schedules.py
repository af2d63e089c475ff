"""Schedules against Torch's schedulers, the published formulas, and the laws that they promise."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from rnn_course.schedules import (
    as_schedule,
    cosine_decay,
    exponential_decay,
    linear_warm_up,
    one_cycle,
    piecewise_constant,
)

RATES = st.floats(1e-6, 10)
COUNTS = st.integers(1, 300)


def rates(schedule, updates):
    return np.array([schedule(step) for step in range(1, updates + 1)])


def torchs_rates(make, initial, updates):
    """The learning rates of `updates` updates under a scheduler of Torch."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=initial)
    scheduler, found = make(optimizer), []
    for _ in range(updates):
        found.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return found


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (exponential_decay(0.3, 1, 0.9), lambda o: lr_scheduler.ExponentialLR(o, 0.9)),
        (exponential_decay(0.3, 7, 0.5, staircase=True), lambda o: lr_scheduler.StepLR(o, 7, 0.5)),
        (exponential_decay(0.3, 7, 0.5), lambda o: lr_scheduler.LambdaLR(o, lambda t: 0.5 ** (t / 7))),
        (piecewise_constant([5, 11], [0.3, 0.03, 0.003]), lambda o: lr_scheduler.MultiStepLR(o, [5, 11], 0.1)),
        (linear_warm_up(6, then=0.3), lambda o: lr_scheduler.LinearLR(o, 1 / 6, total_iters=5)),
        (cosine_decay(0.3, 29, final=0.01), lambda o: lr_scheduler.CosineAnnealingLR(o, 29, eta_min=0.01)),
    ],
    ids=["exponential", "staircase", "exponential of steps", "piecewise", "warm-up", "cosine"],
)
def test_it_is_torchs_scheduler(ours, theirs):
    np.testing.assert_allclose(rates(ours, 30), torchs_rates(theirs, 0.3, 30), rtol=1e-12)


@pytest.mark.filterwarnings("ignore:.*epoch parameter:UserWarning")  # SequentialLR itself uses it
def test_a_warm_up_and_what_follows_are_torchs_sequence():
    def theirs(optimizer):
        parts = [lr_scheduler.LinearLR(optimizer, 1 / 6, total_iters=5), lr_scheduler.ExponentialLR(optimizer, 0.9)]
        return lr_scheduler.SequentialLR(optimizer, parts, milestones=[6])

    ours = linear_warm_up(6, then=exponential_decay(0.3, 1, 0.9))
    np.testing.assert_allclose(rates(ours, 30), torchs_rates(theirs, 0.3, 30), rtol=1e-12)


@pytest.mark.parametrize("staircase", [False, True])
def test_exponential_decay_is_tensorflows_formula(staircase):
    """`decayed_learning_rate = learning_rate * decay_rate ** (global_step / decay_steps)`, global_step from 0."""
    global_step = np.arange(40)
    exponent = np.floor(global_step / 9) if staircase else global_step / 9
    np.testing.assert_allclose(rates(exponential_decay(0.3, 9, 0.6, staircase), 40), 0.3 * 0.6**exponent, rtol=1e-13)


def test_cosine_decay_is_tensorflows_formula():
    """With alpha = final / initial; after `decay_steps` the rate stays."""
    global_step, alpha = np.minimum(np.arange(40), 29), 0.01 / 0.3
    cosine = 0.5 * (1 + np.cos(np.pi * global_step / 29))
    expected = 0.3 * ((1 - alpha) * cosine + alpha)
    np.testing.assert_allclose(rates(cosine_decay(0.3, 29, final=0.01), 40), expected, rtol=1e-12)


def test_a_boundary_is_the_last_update_of_its_rate():
    schedule = piecewise_constant([2, 5], [3.0, 2.0, 1.0])
    assert rates(schedule, 7).tolist() == [3, 3, 2, 2, 2, 1, 1]
    assert piecewise_constant([], [0.5])(1000) == 0.5


@settings(deadline=None)
@given(RATES, COUNTS, st.floats(0.01, 1), st.booleans(), COUNTS)
def test_exponential_decay_falls_and_takes_its_factor_in_its_time(initial, decay_steps, factor, staircase, step):
    schedule = exponential_decay(initial, decay_steps, factor, staircase)
    assert schedule(1) == initial
    assert schedule(step + 1) <= schedule(step)
    assert schedule(step + decay_steps) == pytest.approx(factor * schedule(step), rel=1e-9)


@settings(deadline=None)
@given(RATES, COUNTS, st.floats(0, 1))
def test_cosine_decay_falls_from_its_first_rate_to_its_last_and_stays(initial, decay_steps, share):
    final = share * initial
    rate = rates(cosine_decay(initial, decay_steps, final), decay_steps + 3)
    assert rate[0] == pytest.approx(initial, rel=1e-12)
    assert np.all(np.diff(rate) <= 1e-15 * initial)
    np.testing.assert_allclose(rate[decay_steps:], final, rtol=1e-12, atol=0)
    half_way = (rate[: decay_steps + 1] + rate[decay_steps::-1]) / 2
    np.testing.assert_allclose(half_way, (initial + final) / 2, rtol=1e-12)


def test_a_cosine_decay_to_where_it_began_never_changes():
    assert rates(cosine_decay(0.25, 4, 0.25), 7).tolist() == [0.25] * 7


@settings(deadline=None)
@given(RATES, COUNTS)
def test_warm_up_rises_by_equal_steps_and_hands_over(peak, steps):
    asked = []
    rate = rates(linear_warm_up(steps, lambda step: asked.append(step) or peak / step), steps + 3)
    np.testing.assert_allclose(rate[:steps], peak * np.arange(1, steps + 1) / steps, rtol=1e-12)
    assert rate[steps:].tolist() == [peak, peak / 2, peak / 3]
    assert asked == [1] * (steps + 1) + [2, 3]


@settings(deadline=None)
@given(RATES, st.integers(1, 300), st.floats(0.01, 0.99))
def test_a_cycle_rises_to_the_peak_and_falls(peak, steps, warm_up):
    rate = rates(one_cycle(peak, steps, warm_up), steps)
    top = rate.argmax()
    assert np.all(rate > 0)
    assert np.all(rate <= peak)
    assert np.all(np.diff(rate[: top + 1]) > 0)
    assert np.all(np.diff(rate[top:]) <= 0)


@settings(deadline=None)
@given(st.dictionaries(COUNTS, RATES, max_size=6), RATES, COUNTS)
def test_piecewise_rates_are_those_of_the_first_boundary_not_passed(pieces, last, step):
    boundaries = sorted(pieces)
    schedule = piecewise_constant(boundaries, [pieces[b] for b in boundaries] + [last])
    assert schedule(step) == next((pieces[b] for b in boundaries if step <= b), last)


def test_of_many_updates_the_ends_and_the_top_of_a_cycle_are_where_they_are_said_to_be():
    rate = rates(one_cycle(0.02, 1000, warm_up=0.2), 1000)
    assert rate[0] == pytest.approx(0.02 / 25, rel=1e-2)
    assert rate.max() == pytest.approx(0.02, rel=1e-4)
    assert abs(rate.argmax() - 200) <= 1
    assert rate[-1] < 1e-6


def test_one_cycle_is_the_cycle_of_torch():
    """Torch reads the cycle at the ends of the updates, we in the middle: they differ by half an update."""

    def theirs(optimizer):
        return lr_scheduler.OneCycleLR(optimizer, 0.02, total_steps=501, cycle_momentum=False)

    np.testing.assert_allclose(
        rates(one_cycle(0.02, 500), 500), torchs_rates(theirs, 0.02, 501)[:500], atol=0.02 * 1e-2
    )


def test_of_a_few_updates_a_cycle_is_read_in_their_middle():
    up, down = (1 - 0.96 * (1 + np.cos(np.pi * 0.25)) / 2), (1 + np.cos(np.pi * np.array([0.25, 0.75]))) / 2
    assert one_cycle(1.0, 1, warm_up=0.5)(1) == 1.0
    np.testing.assert_allclose(rates(one_cycle(1.0, 4, warm_up=0.5), 4)[[0, 2, 3]], [up, *down], rtol=1e-13)


def test_further_updates_keep_the_last_rate_of_a_cycle():
    schedule = one_cycle(0.02, 10)
    assert schedule(11) == schedule(1000) == schedule(10)


def test_a_number_is_a_schedule_and_a_schedule_itself():
    assert rates(as_schedule(0.25), 3).tolist() == [0.25] * 3
    assert rates(as_schedule(cosine_decay(0.25, 9)), 12).tolist() == rates(cosine_decay(0.25, 9), 12).tolist()
    assert type(as_schedule(np.float64(0.25))(1)) is float
    assert type(as_schedule(lambda step: np.float64(0.25))(1)) is float


@pytest.mark.parametrize("wrong", [-0.1, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_named(wrong):
    with pytest.raises(ValueError, match=rf"expected a rate of at least 0 from the schedule, got {wrong} at step=7"):
        as_schedule(lambda step: wrong)(7)
    with pytest.raises(ValueError, match=rf"learning_rate: expected a positive number, got {wrong}"):
        as_schedule(wrong)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: exponential_decay(0.0, 9, 0.5), "initial: expected a positive number, got 0.0"),
        (lambda: exponential_decay(0.1, 0, 0.5), "decay_steps: expected a positive whole number, got 0"),
        (lambda: exponential_decay(0.1, 9, -0.5), "decay_rate: expected a positive number, got -0.5"),
        (lambda: cosine_decay(-0.1, 9), "initial: expected a positive number"),
        (lambda: cosine_decay(0.1, -9), "decay_steps: expected a positive whole number"),
        (lambda: cosine_decay(0.1, 9, 0.2), "final: expected a rate from 0 to initial=0.1, got 0.2"),
        (lambda: cosine_decay(0.1, 9, -0.2), "final: expected a rate from 0"),
        (lambda: linear_warm_up(0, 0.1), "steps: expected a positive whole number, got 0"),
        (lambda: linear_warm_up(3, 0.0), "learning_rate: expected a positive number, got 0.0"),
        (lambda: piecewise_constant([0], [0.1, 0.2]), r"boundaries\[0\]: expected a positive whole number, got 0"),
        (
            lambda: piecewise_constant([3, 3], [0.1] * 3),
            r"boundaries: expected rising numbers of updates, got \[3, 3\]",
        ),
        (lambda: piecewise_constant([3], [0.1]), "rates: expected 2, one more than the boundaries, got 1"),
        (lambda: piecewise_constant([3], [0.1, 0.0]), r"rates\[1\]: expected a positive number, got 0.0"),
        (lambda: one_cycle(0.0, 10), "peak: expected a positive number"),
        (lambda: one_cycle(0.02, 0), "steps: expected a positive whole number"),
        (lambda: one_cycle(0.02, 10, warm_up=0.0), "warm_up: expected a positive number"),
        (lambda: one_cycle(0.02, 10, warm_up=1.0), "warm_up: expected a share of the updates between 0 and 1"),
    ],
)
def test_impossible_schedules_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
