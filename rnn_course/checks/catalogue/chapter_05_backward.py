"""Exercises of chapter 05: the gradient of a norm, which is neither a shift nor a stretch."""

from rnn_course.arrays import array_namespace
from rnn_course.checks.catalogue.random_cells import numbers
from rnn_course.checks.exercise import Exercise, Mistake


def layer_norm_forward(x, gamma, beta, eps):
    xp = array_namespace(x)

    def mean(values):
        return xp.mean(values, axis=1, keepdims=True)

    scale = (mean((x - mean(x)) ** 2) + eps) ** -0.5
    standard = (x - mean(x)) * scale

    def backward(d_y):
        d = d_y * gamma
        d_x = scale * (d - mean(d) - standard * mean(d * standard))
        return d_x, xp.sum(d_y * standard, axis=0), xp.sum(d_y, axis=0)

    return standard * gamma + beta, backward


def _rows(batch, features, eps, scale=1.0):
    return lambda rng: (
        scale * numbers(rng, batch, features) + 1.0,
        1 + 0.5 * numbers(rng, features),
        numbers(rng, features),
        eps,
    )


def _wrong_layer_norm(
    d_of=lambda d_y, gamma: d_y * gamma,
    back=lambda d, standard, mean: d - mean(d) - standard * mean(d * standard),
    d_gamma_of=lambda xp, d_y, standard, x: xp.sum(d_y * standard, axis=0),
    d_beta_of=lambda xp, d_y: xp.sum(d_y, axis=0),
    last=lambda d_x, scale: scale * d_x,
):
    """Layer norm with a backward in which one thing is done differently."""

    def answer(x, gamma, beta, eps):
        xp = array_namespace(x)

        def mean(values):
            return xp.mean(values, axis=1, keepdims=True)

        scale = (mean((x - mean(x)) ** 2) + eps) ** -0.5
        standard = (x - mean(x)) * scale

        def backward(d_y):
            d_x = last(back(d_of(d_y, gamma), standard, mean), scale)
            return d_x, d_gamma_of(xp, d_y, standard, x), d_beta_of(xp, d_y)

        return standard * gamma + beta, backward

    return answer


def _times_features(mean, values):
    return mean * values.shape[1]


def _over_the_batch(d, standard, mean):
    xp = array_namespace(d)
    return d - xp.mean(d, axis=0) - standard * xp.mean(d * standard, axis=0)


def _x_for_standard(x, gamma, beta, eps):
    return _wrong_layer_norm(back=lambda d, standard, mean: d - mean(d) - x * mean(d * x))(x, gamma, beta, eps)


EXERCISES = (
    Exercise(
        name="norm.backward",
        title="A norm, and back",
        difficulty=5,
        minutes=30,
        statement="Layer norm of `x: [batch, features]`: standardise each row (biased variance, `eps` before the root), multiply by `gamma: [features]`, add `beta: [features]`. Return y and "
        "`backward`, a function that takes the gradient of a loss for y and returns those for `x`, `gamma` and `beta`, in this order.",
        solution=layer_norm_forward,
        reason="x reaches y in three ways: directly, through the mean, and through the variance. The first gives d / σ with d = d_y · gamma; the mean takes off the part of d that is the "
        "same for all, the variance the part that is along x̂. What is left is what a standardised row can still do: neither shift nor grow.",
        cases=(
            _rows(4, 7, 1e-5),
            _rows(3, 5, 0.1),
            _rows(1, 6, 1e-3, scale=0.3),
            _rows(5, 2, 0.05),
        ),
        results=(
            "y: [batch, features]",
            "backward.d_x: [batch, features]",
            "backward.d_gamma: [features]",
            "backward.d_beta: [features]",
        ),
        laws=("gradient",),
        seconds=30.0,
        mistakes=(
            Mistake(
                "statistics taken for constants",
                _wrong_layer_norm(back=lambda d, standard, mean: d),
                "Your gradient takes mean and variance for constants. What happens to them if x changes?",
            ),
            Mistake(
                "way through the mean forgotten",
                _wrong_layer_norm(back=lambda d, standard, mean: d - standard * mean(d * standard)),
                "If you add the same number to a whole row, y stays as it is, and your gradient says that it does not. Through what does x reach y as well?",
            ),
            Mistake(
                "way through the variance forgotten",
                _wrong_layer_norm(back=lambda d, standard, mean: d - mean(d)),
                "If you stretch a row about its mean, y hardly changes, and your gradient says that it does. Which statistic has changed too?",
            ),
            Mistake(
                "gamma forgotten on the way back",
                _wrong_layer_norm(d_of=lambda d_y, gamma: d_y),
                "You send d_y straight into the norm. What did the standardised numbers go through last?",
            ),
            Mistake(
                "gamma's gradient from x",
                _wrong_layer_norm(d_gamma_of=lambda xp, d_y, standard, x: xp.sum(d_y * x, axis=0)),
                "Your gradient of gamma is made from x. What was gamma multiplied by?",
            ),
            Mistake(
                "not summed over the batch",
                _wrong_layer_norm(
                    d_gamma_of=lambda xp, d_y, standard, x: d_y * standard, d_beta_of=lambda xp, d_y: d_y
                ),
                "Your gradients of gamma and beta still have a batch axis. How many rows used them?",
            ),
            Mistake(
                "standard deviation forgotten",
                _wrong_layer_norm(last=lambda d_x, scale: d_x),
                "You have the gradient of the standardised numbers' numerator. What were they divided by?",
            ),
            Mistake(
                "sums for means",
                _wrong_layer_norm(
                    back=lambda d, standard, mean: (
                        d - _times_features(mean(d), d) - standard * _times_features(mean(d * standard), d)
                    )
                ),
                "You take off sums where means belong. How many numbers share the statistics of a row?",
            ),
            Mistake(
                "statistics over the batch",
                _wrong_layer_norm(back=_over_the_batch),
                "Your two corrections run over the batch. Along which axis did the norm take its mean?",
            ),
            Mistake(
                "x for the standardised x",
                _x_for_standard,
                "You take off what lies along x. It should be what lies along the standardised numbers.",
            ),
        ),
        hints=(
            "Start with d = d_y · gamma, the gradient of the standardised numbers x̂. Gamma and beta are a dense layer's weights in miniature.",
            "Two directions in x do nothing to x̂: adding a constant, and stretching about the mean. The gradient of x must be at right angles to both.",
            "So take from d its mean, and its part along x̂, which is x̂ · mean(d · x̂). Then divide by the standard deviation.",
        ),
    ),
)
