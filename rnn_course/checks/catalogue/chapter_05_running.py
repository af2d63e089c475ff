"""Exercises of chapter 05: batch norm, which learns from the batch and answers from memory."""

from rnn_course.arrays import array_namespace
from rnn_course.checks.catalogue.random_cells import numbers
from rnn_course.checks.exercise import Exercise, Mistake


def batch_norm_training(x, gamma, beta, running_mean, running_variance, momentum, eps):
    xp = array_namespace(x)
    mean = xp.mean(x, axis=(0, 1, 2))  # [channels]
    variance = xp.mean((x - mean) ** 2, axis=(0, 1, 2))
    y = (x - mean) / (variance + eps) ** 0.5 * gamma + beta
    n = x.shape[0] * x.shape[1] * x.shape[2]
    unbiased = variance * n / (n - 1)
    new_mean = (1 - momentum) * running_mean + momentum * mean
    new_variance = (1 - momentum) * running_variance + momentum * unbiased
    return y, new_mean, new_variance


def batch_norm_inference(x, gamma, beta, running_mean, running_variance, eps):
    scale = gamma / (running_variance + eps) ** 0.5
    return (x - running_mean) * scale + beta


def fold(kernel, bias, gamma, beta, running_mean, running_variance, eps):
    scale = gamma / (running_variance + eps) ** 0.5
    return kernel * scale, (bias - running_mean) * scale + beta


def _layer(rng, channels):
    """gamma, beta, and running statistics that are not those of a fresh layer."""
    return (
        1 + 0.5 * numbers(rng, channels),
        numbers(rng, channels),
        numbers(rng, channels),
        0.5 + numbers(rng, channels) ** 2,
    )


def _training(batch, rows, columns, channels, momentum, eps):
    def case(rng):
        x = numbers(rng, batch, rows, columns, channels) * (1 + numbers(rng, channels) ** 2) + 2 * numbers(
            rng, channels
        )
        return x + 0.7 * numbers(rng, batch, 1, 1, 1), *_layer(rng, channels), momentum, eps

    return case


def _inference(batch, rows, columns, channels, eps):
    return lambda rng: (1 + numbers(rng, batch, rows, columns, channels), *_layer(rng, channels), eps)


def _dense(inputs, outputs, eps):
    return lambda rng: (numbers(rng, inputs, outputs), numbers(rng, outputs), *_layer(rng, outputs), eps)


def _wrong_training(
    axes=(0, 1, 2),
    y_correction=0.0,
    running_correction=1.0,
    new=lambda old, value, m: (1 - m) * old + m * value,
    use_running=False,
    root=False,
):
    """Batch norm while it trains, with one thing done differently."""

    def answer(x, gamma, beta, running_mean, running_variance, momentum, eps):
        xp = array_namespace(x)
        mean = xp.mean(x, axis=axes, keepdims=True)
        variance = xp.var(x, axis=axes, correction=y_correction, keepdims=True)
        used = (running_mean, running_variance) if use_running else (mean, variance)
        y = (x - used[0]) / (used[1] + eps) ** 0.5 * gamma + beta
        over_all = xp.mean(x, axis=(0, 1, 2)), xp.var(x, axis=(0, 1, 2), correction=running_correction)
        spread = over_all[1] ** 0.5 if root else over_all[1]
        return y, new(running_mean, over_all[0], momentum), new(running_variance, spread, momentum)

    return answer


def _unbiased_by_the_batch(x, gamma, beta, running_mean, running_variance, momentum, eps):
    xp, n = array_namespace(x), x.shape[0]
    y, mean, _ = batch_norm_training(x, gamma, beta, running_mean, running_variance, momentum, eps)
    variance = xp.var(x, axis=(0, 1, 2)) * (n / (n - 1) if n > 1 else 1.0)
    return y, mean, (1 - momentum) * running_variance + momentum * variance


def _normalized_by_the_new(x, gamma, beta, running_mean, running_variance, momentum, eps):
    _, mean, variance = batch_norm_training(x, gamma, beta, running_mean, running_variance, momentum, eps)
    return (x - mean) / (variance + eps) ** 0.5 * gamma + beta, mean, variance


def _of_the_batch(x, gamma, beta, running_mean, running_variance, eps):
    xp = array_namespace(x)
    mean, variance = xp.mean(x, axis=(0, 1, 2)), xp.var(x, axis=(0, 1, 2))
    return (x - mean) / (variance + eps) ** 0.5 * gamma + beta


def _wrong_inference(scale=None, mean=lambda m: m, affine=lambda y, gamma, beta: y * gamma + beta):
    """Batch norm when it answers, with another divisor, mean, or gamma and beta used in another way."""

    def answer(x, gamma, beta, running_mean, running_variance, eps):
        divisor = (running_variance + eps) ** 0.5 if scale is None else scale(running_variance, eps)
        return affine((x - mean(running_mean)) / divisor, gamma, beta)

    return answer


def _wrong_fold(new_bias, scale=lambda gamma, variance, eps: gamma / (variance + eps) ** 0.5):
    """`fold` with another bias or scale."""

    def answer(kernel, bias, gamma, beta, mean, variance, eps):
        s = scale(gamma, variance, eps)
        return kernel * s, new_bias(bias, mean, s, beta)

    return answer


def _right_bias(bias, mean, scale, beta):
    return (bias - mean) * scale + beta


EXERCISES = (
    Exercise(
        name="norm.batch_training",
        title="Batch norm while it learns",
        difficulty=4,
        minutes=20,
        statement="Batch norm of `x: [batch, rows, columns, channels]` in training: normalize each channel with the mean and the biased variance of the batch (`eps` before the root), then "
        "`gamma` and `beta`, all `[channels]`. Return y, and the new running mean and variance: (1 − momentum) · old + momentum · that of the batch, with the "
        "unbiased variance, as Torch does.",
        solution=batch_norm_training,
        reason="A channel's filter is the same at all places and for all examples, so all of them share one mean. The batch itself is divided by its own variance; the running variance is "
        "an estimate for examples not seen, so it averages the unbiased one. Nothing is changed in place: the new statistics are results.",
        cases=(
            _training(3, 4, 5, 2, 0.1, 1e-5),
            _training(2, 3, 4, 6, 0.3, 1e-3),
            _training(5, 1, 1, 3, 0.2, 0.1),
            _training(1, 2, 3, 4, 0.9, 1e-5),
        ),
        results=(
            "y: [batch, rows, columns, channels]",
            "running_mean: [channels]",
            "running_variance: [channels]",
        ),
        mistakes=(
            Mistake(
                "running variance biased",
                _wrong_training(running_correction=0.0),
                "Your running variance averages the biased one, as Keras 3 does. Torch estimates the variance of all examples: by what does it divide?",
            ),
            Mistake(
                "unbiased variance for y",
                _wrong_training(y_correction=1.0),
                "y does not have variance 1: you normalize with the unbiased variance. Which one belongs to the numbers at hand?",
            ),
            Mistake(
                "momentum turned round",
                _wrong_training(new=lambda old, value, m: m * old + (1 - m) * value),
                "Your momentum is the part that is kept, as in TensorFlow and Keras. What is it multiplied by here?",
            ),
            Mistake(
                "running statistics replaced",
                _wrong_training(new=lambda old, value, m: value + 0 * old),
                "Your new running statistics are those of this batch. What becomes of all the batches before?",
            ),
            Mistake(
                "normalized by the running statistics",
                _wrong_training(use_running=True),
                "You normalize with what earlier batches have left. That is how batch norm answers; whose statistics does it learn with?",
            ),
            Mistake(
                "each place for itself",
                _wrong_training(axes=(0,)),
                "You take a mean over the batch at each pixel. A channel's filter is the same at every pixel: what do all of them share?",
            ),
            Mistake(
                "running standard deviation",
                _wrong_training(root=True),
                "You average standard deviations. What is kept under the name of running variance?",
            ),
            Mistake(
                "unbiased by the batch size",
                _unbiased_by_the_batch,
                "Your correction counts examples. How many numbers of a channel was the variance taken of?",
            ),
            Mistake(
                "normalized by the new running statistics",
                _normalized_by_the_new,
                "You normalize with the statistics as they are after this batch. Learning uses the batch's own.",
            ),
            Mistake(
                "each example for itself",
                _wrong_training(axes=(1, 2, 3)),
                "Each of your examples has a mean of its own: that is layer norm. What do all examples of the "
                "batch share here?",
            ),
        ),
        hints=(
            "Which axes does the mean run over, so that one number a channel is left?",
            "y first, with the biased variance. Then count the numbers of a channel, n, and correct the variance by n / (n − 1).",
            "Both running statistics move a little, `momentum`, toward those of the batch.",
        ),
    ),
    Exercise(
        name="norm.batch_inference",
        title="Batch norm when it answers",
        difficulty=2,
        minutes=8,
        statement="Return batch norm of `x: [batch, rows, columns, channels]` as it answers after training: with `running_mean` and `running_variance`, `eps` before the root, and then `gamma` and "
        "`beta`, all `[channels]`.",
        solution=batch_norm_inference,
        reason="An answer must not depend on who else is in the batch, so the statistics come from memory. They are constants now, and the whole layer is one factor and one shift a channel.",
        cases=(_inference(3, 4, 5, 2, 1e-5), _inference(2, 1, 3, 6, 0.1), _inference(1, 2, 2, 4, 1e-3)),
        results=("[batch, rows, columns, channels]",),
        laws=("rows",),
        mistakes=(
            Mistake(
                "statistics of the batch",
                _of_the_batch,
                "You normalize with the statistics of this batch. Would a single example, asked alone, get the same answer?",
            ),
            Mistake(
                "variance taken for the standard deviation",
                _wrong_inference(scale=lambda variance, eps: variance + eps),
                "You divide by the variance. What is missing between a variance and a standard deviation?",
            ),
            Mistake(
                "eps outside the root",
                _wrong_inference(scale=lambda variance, eps: variance**0.5 + eps),
                "You add eps to the standard deviation. To what is it added here?",
            ),
            Mistake(
                "mean forgotten",
                _wrong_inference(mean=lambda m: 0 * m),
                "The running mean makes no difference in your answer. What is subtracted?",
            ),
            Mistake(
                "beta before gamma",
                _wrong_inference(affine=lambda y, gamma, beta: (y + beta) * gamma),
                "You add beta first and multiply it by gamma, too. In which order do the two come?",
            ),
            Mistake(
                "eps forgotten",
                _wrong_inference(scale=lambda variance, eps: variance**0.5),
                "eps makes no difference in your answer. To what is it added before the root?",
            ),
            Mistake(
                "gamma and beta forgotten",
                _wrong_inference(affine=lambda y, gamma, beta: y),
                "Your numbers are standardised, and that is all. What do gamma and beta do with them?",
            ),
            Mistake(
                "gamma and beta exchanged",
                _wrong_inference(affine=lambda y, gamma, beta: y * beta + gamma),
                "You multiply by beta and add gamma.",
            ),
        ),
        hints=(
            "It is the function of training with other numbers in the places of mean and variance.",
            "Nothing is computed over the batch here: no mean, no sum.",
        ),
    ),
    Exercise(
        name="norm.fold",
        title="Fold a batch norm into the layer before",
        difficulty=3,
        minutes=12,
        statement="A dense layer, `kernel: [input, output]` and `bias: [output]`, is followed by a batch norm that has been trained (its parts are all `[output]`; `eps` stands in the root). Return the kernel and the "
        "bias of one dense layer that gives the same answers as both.",
        solution=fold,
        reason="At inference batch norm is y · s + (beta − mean · s) with s = gamma / √(variance + eps), a factor and a shift for each output. The factor goes into the kernel's columns and the old bias, the shift into "
        "the new bias. So a trained batch norm costs nothing, and the same works for a convolution.",
        cases=(_dense(3, 5, 1e-5), _dense(4, 2, 1e-3), _dense(1, 3, 0.1)),
        results=("kernel: [input, output]", "bias: [output]"),
        mistakes=(
            Mistake(
                "old bias not scaled",
                _wrong_fold(lambda bias, mean, scale, beta: bias - mean * scale + beta),
                "The old bias goes into your new one as it was. What would the norm have done with it?",
            ),
            Mistake(
                "old bias dropped",
                _wrong_fold(lambda bias, mean, scale, beta: beta - mean * scale),
                "The old bias is nowhere in your answer. In training the norm takes it off with the batch's mean; does the running mean know this bias?",
            ),
            Mistake(
                "mean forgotten",
                _wrong_fold(lambda bias, mean, scale, beta: bias * scale + beta),
                "The running mean is nowhere in your answer. What does the norm do with it?",
            ),
            Mistake(
                "mean added",
                _wrong_fold(lambda bias, mean, scale, beta: (bias + mean) * scale + beta),
                "You add the mean. Which way does a norm shift its numbers?",
            ),
            Mistake(
                "mean not scaled",
                _wrong_fold(lambda bias, mean, scale, beta: bias * scale - mean + beta),
                "You subtract the mean as it is. Is it taken off before or after the division?",
            ),
            Mistake(
                "gamma forgotten",
                _wrong_fold(_right_bias, scale=lambda gamma, variance, eps: (variance + eps) ** -0.5),
                "gamma is nowhere in your answer. What multiplies the standardised numbers?",
            ),
            Mistake(
                "variance taken for the standard deviation",
                _wrong_fold(_right_bias, scale=lambda gamma, variance, eps: gamma / (variance + eps)),
                "You divide by the variance. By what does a norm divide?",
            ),
            Mistake(
                "beta forgotten",
                _wrong_fold(lambda bias, mean, scale, beta: (bias - mean) * scale),
                "beta is nowhere in your answer. What does the norm add at its end?",
            ),
            Mistake(
                "eps forgotten",
                _wrong_fold(_right_bias, scale=lambda gamma, variance, eps: gamma / variance**0.5),
                "eps makes no difference in your answer. To what is it added before the root?",
            ),
            Mistake(
                "bias left as it was",
                _wrong_fold(lambda bias, mean, scale, beta: bias),
                "Your kernel is right, and the bias is the old one. The norm shifts each output, too.",
            ),
        ),
        hints=(
            "Write both layers in one line: (x @ kernel + bias − mean) / √(variance + eps) · gamma + beta. Sort it into what multiplies x and what does not.",
            "Each output has one factor. It multiplies a column of the kernel.",
        ),
    ),
)
