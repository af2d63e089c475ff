"""Learning rates that change: a schedule is a function of the number of the update, counted from 1.

optimizer = adam(linear_warm_up(100, then=cosine_decay(1e-3, 2000)))

TensorFlow 1 and Torch count the updates that are done, from 0: their step t is update t + 1 here.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import pairwise
from math import cos, isfinite, pi

from rnn_course.init import check_positive, check_sizes

Schedule = Callable[[int], float]  # the number of the update, from 1 -> its learning rate


def as_schedule(learning_rate: float | Schedule) -> Schedule:
    """A number as a schedule that never changes; a schedule as itself, with every rate checked.

    The rates come out as plain floats: a NumPy float would turn float32 weights into float64. Raises ValueError for a
    number that is not positive, and at the update for a schedule's rate that is negative or not finite.
    """
    if not callable(learning_rate):
        check_positive(learning_rate=learning_rate)
        constant = float(learning_rate)
        return lambda step: constant

    def checked(step: int) -> float:
        rate = float(learning_rate(step))
        if not (isfinite(rate) and rate >= 0):
            raise ValueError(f"learning_rate: expected a rate of at least 0 from the schedule, got {rate} at {step=}")
        return rate

    return checked


def exponential_decay(initial: float, decay_steps: int, decay_rate: float, staircase: bool = False) -> Schedule:
    """rate = initial · decay_rate^((step − 1) / decay_steps): times `decay_rate` every `decay_steps` updates.

    initial      the rate of the first update
    decay_steps  after how many updates the rate is `decay_rate` times what it was
    decay_rate   the factor, usually below 1
    staircase    round the exponent down, so that the rate falls in steps

    The formula of `tf.train.exponential_decay`. Torch's `ExponentialLR` is the case `decay_steps=1`, its `StepLR` the
    case `staircase=True`. Raises ValueError for numbers that are not positive.
    """
    check_positive(initial=initial, decay_rate=decay_rate)
    check_sizes(decay_steps=decay_steps)

    def rate(step: int) -> float:
        done = step - 1
        return initial * decay_rate ** (done // decay_steps if staircase else done / decay_steps)

    return rate


def cosine_decay(initial: float, decay_steps: int, final: float = 0.0) -> Schedule:
    """rate = final + (initial − final) · (1 + cos(π · done)) / 2, with done = min(1, (step − 1) / decay_steps).

    initial      the rate of the first update
    decay_steps  after how many updates the rate is `final`; it stays there
    final        the lowest rate, from 0 to `initial`

    Torch's `CosineAnnealingLR(T_max=decay_steps, eta_min=final)` on its way down, and `tf.train.cosine_decay` with
    alpha = final / initial (Loshchilov & Hutter 2017, without restarts). Raises ValueError for rates out of range.
    """
    check_positive(initial=initial)
    check_sizes(decay_steps=decay_steps)
    if not 0 <= final <= initial:
        raise ValueError(f"final: expected a rate from 0 to initial={initial!r}, got {final!r}")

    def rate(step: int) -> float:
        done = min(step - 1, decay_steps) / decay_steps
        return final + (initial - final) * (1 + cos(pi * done)) / 2

    return rate


def linear_warm_up(steps: int, then: float | Schedule) -> Schedule:
    """rate = then(1) · step / steps for the first `steps` updates; after them `then`, from its own first update on.

    steps  how many updates it takes to reach the first rate of `then`
    then   what follows: a number, or a schedule

    Goyal et al. 2017. It is Torch's `LinearLR(start_factor=1/steps, total_iters=steps - 1)` and `then` in a
    `SequentialLR(milestones=[steps])`. No update is wasted on a rate of 0. Raises ValueError as `then` does.
    """
    check_sizes(steps=steps)
    following = as_schedule(then)
    return lambda step: following(1) * step / steps if step <= steps else following(step - steps)


def piecewise_constant(boundaries: Sequence[int], rates: Sequence[float]) -> Schedule:
    """rate = rates[0] up to and with update boundaries[0], rates[1] up to and with boundaries[1], …, then rates[-1].

    boundaries  rising numbers of updates, from 1 on
    rates       positive, one more than there are boundaries

    Torch's `MultiStepLR` with free rates. The formula, x ≤ boundary, is also that of `tf.train.piecewise_constant`;
    but TensorFlow's x is 0 at the first update, so that there the first rate lasts one update longer. Raises
    ValueError for numbers that do not fit together.
    """
    boundaries, rates = tuple(boundaries), tuple(rates)
    for k, boundary in enumerate(boundaries):
        check_sizes(**{f"boundaries[{k}]": boundary})
    for k, rate in enumerate(rates):
        check_positive(**{f"rates[{k}]": rate})
    if any(later <= earlier for earlier, later in pairwise(boundaries)):
        raise ValueError(f"boundaries: expected rising numbers of updates, got {list(boundaries)}")
    if len(rates) != len(boundaries) + 1:
        raise ValueError(f"rates: expected {len(boundaries) + 1}, one more than the boundaries, got {len(rates)}")
    return lambda step: rates[bisect_left(boundaries, step)]


def one_cycle(peak: float, steps: int, warm_up: float = 0.3) -> Schedule:
    """The learning rate of `steps` updates: up to `peak` along half a cosine, then down to 0 (Smith & Topin 2019).

    It begins near peak / 25, the share `warm_up` of the updates goes up, and further updates keep the last rate. It is
    Torch's `OneCycleLR`, read in the middle of each update, so that it also does for a handful of updates. Raises
    ValueError for a peak, a number of steps or a share that is not positive, and for a share of 1 or more.
    """
    check_sizes(steps=steps)
    check_positive(peak=peak, warm_up=warm_up)
    if not warm_up < 1:
        raise ValueError(f"warm_up: expected a share of the updates between 0 and 1, got {warm_up!r}")

    def rate(step: int) -> float:
        done = (min(step, steps) - 0.5) / steps
        if done < warm_up:
            return peak * (1 - (1 - 1 / 25) * (1 + cos(pi * done / warm_up)) / 2)
        return peak * (1 + cos(pi * (done - warm_up) / (1 - warm_up))) / 2

    return rate
