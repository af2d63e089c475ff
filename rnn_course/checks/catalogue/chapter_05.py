"""Exercises of chapter 05, which axes share statistics: counting, standardising, group norm."""

from rnn_course.arrays import array_namespace
from rnn_course.checks.catalogue.random_cells import numbers
from rnn_course.checks.exercise import Exercise, Mistake


def count_means(batch, rows, columns, channels, groups):
    batch_norm = channels
    layer_norm = batch
    instance_norm = batch * channels
    group_norm = batch * groups
    return batch_norm, layer_norm, instance_norm, group_norm


def standardise(x, axes, eps):
    xp = array_namespace(x)
    mean = xp.mean(x, axis=axes, keepdims=True)
    variance = xp.mean((x - mean) ** 2, axis=axes, keepdims=True)
    return (x - mean) / (variance + eps) ** 0.5


def group_norm(x, gamma, beta, groups, eps):
    xp = array_namespace(x)
    batch, rows, columns, channels = x.shape
    grouped = xp.reshape(x, (batch, rows * columns, groups, channels // groups))
    mean = xp.mean(grouped, axis=(1, 3), keepdims=True)
    variance = xp.mean((grouped - mean) ** 2, axis=(1, 3), keepdims=True)
    standard = (grouped - mean) / (variance + eps) ** 0.5
    return xp.reshape(standard, x.shape) * gamma + beta


def counts(*drawn):
    """Cases of plain numbers."""
    return tuple(lambda rng, arguments=arguments: arguments for arguments in drawn)


def _array(shape, axes, eps, scale=1.0, shift=3.0):
    return lambda rng: (scale * numbers(rng, *shape) + shift, axes, eps)


def _images(batch, rows, columns, channels, groups, eps):
    """Images whose channels and examples have means and sizes of their own."""

    def case(rng):
        x = numbers(rng, batch, rows, columns, channels)
        x = (x + 2 * numbers(rng, batch, 1, 1, channels)) * (1 + numbers(rng, batch, 1, 1, channels) ** 2)
        return x, numbers(rng, channels), numbers(rng, channels), groups, eps

    return case


def _wrong_standard(
    centre=lambda xp, x, axes: xp.mean(x, axis=axes, keepdims=True),
    divisor=lambda variance, eps: (variance + eps) ** 0.5,
    correction=0.0,
    axes_of=lambda x, axes: axes,
):
    """`standardise` with another centre, divisor or variance, or along other axes."""

    def answer(x, axes, eps):
        xp, used = array_namespace(x), axes_of(x, axes)
        variance = xp.var(x, axis=used, correction=correction, keepdims=True)
        return (x - centre(xp, x, used)) / divisor(variance, eps)

    return answer


def _squares_of_x(x, axes, eps):
    xp = array_namespace(x)
    squares = xp.mean(x**2, axis=axes, keepdims=True)
    return (x - xp.mean(x, axis=axes, keepdims=True)) / (squares + eps) ** 0.5


def _mean_distance(x, axes, eps):
    xp = array_namespace(x)
    away = x - xp.mean(x, axis=axes, keepdims=True)
    return away / (xp.mean(abs(away), axis=axes, keepdims=True) + eps)


def _sum_of_squares(x, axes, eps):
    xp = array_namespace(x)
    away = x - xp.mean(x, axis=axes, keepdims=True)
    return away / (xp.sum(away**2, axis=axes, keepdims=True) + eps) ** 0.5


def _median_like(xp, x, axes):
    return 0.5 * (xp.max(x, axis=axes, keepdims=True) + xp.min(x, axis=axes, keepdims=True))


def _wrong_groups(shape=None, axes=(1, 3), correction=0.0, affine=lambda y, gamma, beta: y * gamma + beta, eps_at=None):
    """`group_norm` with other groups, axes or variance, or with gamma and beta in another way."""

    def answer(x, gamma, beta, groups, eps):
        xp = array_namespace(x)
        batch, rows, columns, channels = x.shape
        made = shape or (lambda b, places, c, g: (b, places, g, c // g))
        grouped = xp.reshape(x, made(batch, rows * columns, channels, groups))
        mean = xp.mean(grouped, axis=axes, keepdims=True)
        variance = xp.var(grouped, axis=axes, correction=correction, keepdims=True)
        root = variance**0.5 + eps if eps_at == "outside" else (variance + eps) ** 0.5
        return affine(xp.reshape((grouped - mean) / root, x.shape), gamma, beta)

    return answer


EXERCISES = (
    Exercise(
        name="norm.count",
        title="How many means?",
        difficulty=1,
        minutes=6,
        statement="For images `[batch, rows, columns, channels]` return how many means each kind of normalization computes: batch norm, layer norm, instance norm, and "
        "group norm with `groups` groups, in this order. Layer norm is that of the paper on group norm: over a whole example.",
        solution=count_means,
        reason="There is a mean for each combination of what is *not* averaged away: the channel in batch norm, the example in layer norm, both in instance norm, the example "
        "and the group in group norm. Only batch norm's number does not depend on the batch, and only its means mix examples.",
        cases=counts((8, 7, 5, 6, 3), (2, 3, 4, 10, 5), (1, 6, 2, 12, 4)),
        results=("batch_norm", "layer_norm", "instance_norm", "group_norm"),
        backends=("numpy",),
        dtypes=("float64",),
        mistakes=(
            Mistake(
                "batch and layer norm exchanged",
                lambda b, r, c, f, g: (b, f, b * f, b * g),
                "Your batch norm has a mean for each example, your layer norm one for each channel. Which of them looks at one example alone?",
            ),
            Mistake(
                "numbers in a mean",
                lambda b, r, c, f, g: (b * r * c, r * c * f, r * c, r * c * f // g),
                "You count how many numbers a mean is taken of. How many such means are there?",
            ),
            Mistake(
                "a mean for each pixel in batch norm",
                lambda b, r, c, f, g: (r * c * f, b, b * f, b * g),
                "Your batch norm has a mean for each pixel. A channel's filter is the same at every pixel: which axes does its mean run over?",
            ),
            Mistake(
                "a mean for each pixel in layer norm",
                lambda b, r, c, f, g: (f, b * r * c, b * f, b * g),
                "Your layer norm normalizes each pixel's channels alone, as `LayerNorm(channels)` of Torch and Keras does. What does a whole example share?",
            ),
            Mistake(
                "batch forgotten",
                lambda b, r, c, f, g: (f, 1, f, g),
                "Your last three are the counts for one example. Do two examples share a mean there?",
            ),
            Mistake(
                "channels of a group for groups",
                lambda b, r, c, f, g: (f, b, b * f, b * f // g),
                "You count the channels of a group. How many groups has an example?",
            ),
        ),
        hints=(
            "A mean runs over some axes and leaves the others. There is one for each combination of those that are left.",
            "Batch norm leaves the channels. Layer norm leaves the batch. What do the other two leave?",
        ),
    ),
    Exercise(
        name="norm.standardise",
        title="Mean 0, variance 1",
        difficulty=2,
        minutes=8,
        statement="Return x with the mean subtracted and divided by the standard deviation, both taken along `axes`, a tuple of axes. The variance is the biased one (divided by "
        "the number of values), and the number `eps` is added to the variance before the root.",
        solution=standardise,
        reason="All kinds of normalization are this function with other axes. With `keepdims` the statistics keep their axes with size 1, so that they fit to x again. eps within "
        "the root keeps a constant x from being divided by 0, and its slope finite.",
        cases=(
            _array((4, 7), (1,), 1e-5),
            _array((3, 5, 4, 6), (0, 1, 2), 1e-3),
            _array((2, 4, 3, 5), (1, 2), 0.1, scale=0.3),
            _array((5, 3), (0,), 0.02, scale=0.05),
        ),
        results=("[...]",),
        mistakes=(
            Mistake(
                "unbiased variance",
                _wrong_standard(correction=1.0),
                "You divide the squares by n − 1. That is an estimate for numbers that you have not seen; here the ones at hand shall get variance 1.",
            ),
            Mistake(
                "eps outside the root",
                _wrong_standard(divisor=lambda variance, eps: variance**0.5 + eps),
                "You add eps to the standard deviation. To what is it added here, and when?",
            ),
            Mistake(
                "eps forgotten",
                _wrong_standard(divisor=lambda variance, eps: variance**0.5),
                "eps makes no difference in your answer. What happens where all numbers are the same?",
            ),
            Mistake(
                "divided by the variance",
                _wrong_standard(divisor=lambda variance, eps: variance + eps),
                "You divide by the variance. Double all numbers: does your answer stay the same?",
            ),
            Mistake(
                "mean not subtracted",
                _wrong_standard(centre=lambda xp, x, axes: 0.0),
                "Your numbers have the right spread and their old mean. What is done first?",
            ),
            Mistake(
                "the middle for the mean",
                _wrong_standard(centre=_median_like),
                "You subtract the middle between the largest and the smallest number. What is their mean?",
            ),
            Mistake(
                "all axes",
                _wrong_standard(axes_of=lambda x, axes: tuple(range(len(x.shape)))),
                "You take one mean of everything. Along which axes is it asked for?",
            ),
            Mistake(
                "squares of x itself",
                _squares_of_x,
                "You take the mean of the squares of x, with its mean still in it. The variance is about the "
                "distances from the mean.",
            ),
            Mistake(
                "mean distance",
                _mean_distance,
                "You divide by the mean distance from the mean. The standard deviation is the root of the "
                "mean squared distance.",
            ),
            Mistake(
                "sum of the squares",
                _sum_of_squares,
                "You add up the squared distances. By how many is the sum divided?",
            ),
        ),
        hints=(
            "Look up `keepdims`: what has to be true of the shape of the mean, so that it can be subtracted from x?",
            "The variance is the mean of the squared distances from the mean, along the same axes.",
        ),
    ),
    Exercise(
        name="norm.group_norm",
        title="Group norm",
        difficulty=3,
        minutes=15,
        statement="Normalize `x: [batch, rows, columns, channels]`: each example and each of `groups` groups of neighbouring channels gets its own mean and (biased) variance, "
        "with `eps` added before the root. Then multiply by `gamma: [channels]` and add `beta: [channels]`.",
        solution=group_norm,
        reason="A reshape cuts the channels into [groups, channels of a group]; mean and variance run over the places and the channels of the group. Then the old shape comes back, "
        "and every *channel* has its own gamma and beta. One group is layer norm, as many groups as channels is instance norm.",
        cases=(
            _images(3, 4, 5, 6, 2, 1e-5),
            _images(2, 3, 4, 8, 1, 1e-3),
            _images(4, 5, 2, 3, 3, 1e-5),
            _images(1, 3, 2, 10, 5, 0.1),
        ),
        results=("[batch, rows, columns, channels]",),
        laws=("rows",),
        mistakes=(
            Mistake(
                "statistics over the batch",
                _wrong_groups(axes=(0, 1, 3)),
                "An example changes when its neighbours in the batch do. Which axis must a mean of group norm never run over?",
            ),
            Mistake(
                "each pixel for itself",
                _wrong_groups(axes=(3,)),
                "Each pixel has a mean of its own in your answer. Over what does a group's mean run besides its channels?",
            ),
            Mistake(
                "every groups-th channel",
                _wrong_groups(shape=lambda b, places, c, g: (b, places, c // g, g), axes=(1, 2)),
                "Your groups hold every groups-th channel. Which channels are neighbours?",
            ),
            Mistake(
                "groups of that many channels",
                _wrong_groups(shape=lambda b, places, c, g: (b, places, c // g, g)),
                "You make groups of `groups` channels each. Is that number how many there are, or how large they are?",
            ),
            Mistake(
                "unbiased variance",
                _wrong_groups(correction=1.0),
                "You divide the squares by n − 1. By what does a norm divide?",
            ),
            Mistake(
                "gamma and beta forgotten",
                _wrong_groups(affine=lambda y, gamma, beta: y),
                "Your result has mean 0 and variance 1 in each group. What do gamma and beta do with it?",
            ),
            Mistake(
                "eps outside the root",
                _wrong_groups(eps_at="outside"),
                "You add eps to the standard deviation. To what is it added here?",
            ),
            Mistake(
                "each channel for itself",
                lambda x, gamma, beta, groups, eps: group_norm(x, gamma, beta, x.shape[3], eps),
                "Each of your channels has a mean of its own: that is instance norm. Who else belongs to a "
                "channel's group?",
            ),
            Mistake(
                "all channels in one group",
                lambda x, gamma, beta, groups, eps: group_norm(x, gamma, beta, 1, eps),
                "All channels of an example share one mean: that is layer norm. Into how many groups are they cut?",
            ),
            Mistake(
                "beta before gamma",
                _wrong_groups(affine=lambda y, gamma, beta: (y + beta) * gamma),
                "You add beta first and multiply it by gamma, too. In which order do the two come?",
            ),
        ),
        hints=(
            "Give the groups an axis of their own: how can [.., channels] be cut so that neighbours stay together?",
            "With x as [batch, places, groups, channels of a group], the mean runs over two of the axes, with keepdims.",
            "Reshape back before gamma and beta, for they belong to channels.",
        ),
    ),
)
