"""Exercises of chapter 02, the dense layer: from logits to probabilities, to one loss, and to a share of right answers."""

import numpy as np

from rnn_course.arrays import array_namespace
from rnn_course.checks.exercise import Exercise, Mistake


def softmax(logits):
    xp = array_namespace(logits)
    e = xp.exp(logits - xp.max(logits, axis=1, keepdims=True))
    return e / xp.sum(e, axis=1, keepdims=True)


def cross_entropy(logits, labels):
    xp = array_namespace(logits)
    shifted = logits - xp.max(logits, axis=1, keepdims=True)  # [batch, classes]
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=1, keepdims=True))
    return -xp.mean(log_p[range(len(labels)), labels])


def accuracy(logits, labels):
    predicted = array_namespace(logits).argmax(logits, axis=1)  # [batch]
    return sum((predicted == labels).tolist()) / len(labels)


def logits_and_labels(rng, batch, classes, scale=1.0, apart=0.0):
    """Logits `[batch, classes]` and labels `[batch]`; `apart` moves each row as a whole to another place."""
    logits = scale * rng.standard_normal((batch, classes)) + apart * rng.permutation(batch)[:, None]
    return logits, rng.integers(0, classes, batch)


def _logits(batch, classes, scale=1.0, apart=0.0):
    return lambda rng: logits_and_labels(rng, batch, classes, scale, apart)[:1]


def _both(batch, classes, scale=1.0, apart=0.0):
    return lambda rng: logits_and_labels(rng, batch, classes, scale, apart)


def _softmax(axis: int | None = 1, shift="row", normalise=True):
    """Softmax over another axis, with the maximum taken elsewhere, or without the division."""

    def answer(logits):
        xp = array_namespace(logits)
        peaks = {
            "row": lambda: xp.max(logits, axis=axis, keepdims=True),
            "all": lambda: xp.max(logits),
            "none": lambda: 0,
            "least": lambda: xp.min(logits, axis=axis, keepdims=True),
        }
        e = xp.exp(logits - peaks[shift]())
        return e / xp.sum(e, axis=axis, keepdims=axis is not None) if normalise else e

    return answer


def _shares(logits):
    return logits / array_namespace(logits).sum(logits, axis=1, keepdims=True)


def _column_maximum(logits):
    xp = array_namespace(logits)
    e = xp.exp(logits - xp.max(logits, axis=0, keepdims=True))
    return e / xp.sum(e, axis=1, keepdims=True)


def _sigmoid(logits):
    return 0.5 * array_namespace(logits).tanh(0.5 * logits) + 0.5


def _log_p(logits, peak=True, of_softmax=False):
    xp = array_namespace(logits)
    shifted = logits - xp.max(logits, axis=1, keepdims=True) if peak else logits
    e = xp.exp(shifted)
    total = xp.sum(e, axis=1, keepdims=True)
    return xp.log(e / total) if of_softmax else shifted - xp.log(total)


def _picked(log_p, labels):
    return log_p[range(len(labels)), labels]


def _loss(reduce, **options):
    return lambda logits, labels: reduce(array_namespace(logits), _log_p(logits, **options), labels)


def _guess(arg="argmax", axis=1):
    return lambda logits: getattr(array_namespace(logits), arg)(logits, axis=axis)


def _share(guess, turn=lambda right, n: right / n):
    return lambda logits, labels: turn(sum((guess(logits) == labels).tolist()), len(labels))


def _confident(logits, labels):
    """Counts an answer only where the right class has more than half of the probability."""
    p = softmax(logits)[range(len(labels)), labels]
    return sum((p > 0.5).tolist()) / len(labels)


def _mean_probability(logits, labels):
    return float(array_namespace(logits).mean(_picked(softmax(logits), labels)))


EXERCISES = (
    Exercise(
        name="dense.softmax",
        title="Softmax that never overflows",
        difficulty=2,
        minutes=10,
        statement="Turn `logits: [batch, classes]` into probabilities of the same shape: exp of each logit, divided by the sum of its row. "
        "Logits may be as large as ±10,000, and rows may lie far apart. It should work for NumPy arrays and Torch tensors.",
        solution=softmax,
        reason="Taking the same number off all logits of a row changes nothing in the quotient. With the row's maximum taken off, the largest "
        "exponential is exp(0) = 1: nothing overflows, and the sum is never 0.",
        cases=(_logits(4, 3), _logits(2, 5, scale=2000.0), _logits(3, 7, apart=1500.0), _logits(6, 1), _logits(1, 4)),
        results=("[batch, class]",),
        laws=("rows",),
        mistakes=(
            Mistake(
                "no max subtraction",
                _softmax(shift="none"),
                "The formula is right, and for large logits its exponentials are infinite (or all 0). What can you take off every logit of a "
                "row without changing the quotient?",
            ),
            Mistake(
                "maximum of the whole batch",
                _softmax(shift="all"),
                "You take off one maximum for all rows. A row far below it has nothing left: all its exponentials are 0, and so is their sum.",
            ),
            Mistake(
                "minimum taken off",
                _softmax(shift="least"),
                "You take off the smallest logit, so that the largest one is still large. Which end of the row is the dangerous one?",
            ),
            Mistake(
                "over the wrong axis",
                _softmax(axis=0),
                "Your columns sum to 1: the examples of a batch compete with each other. Who should?",
            ),
            Mistake(
                "over all numbers",
                _softmax(axis=None, shift="all"),
                "The whole batch sums to 1. Each row is a distribution of its own.",
            ),
            Mistake(
                "not divided",
                _softmax(normalise=False),
                "These are the exponentials. Probabilities of a row sum to 1.",
            ),
            Mistake(
                "sigmoid for softmax",
                _sigmoid,
                "Each of your numbers lies between 0 and 1, but they do not know of each other: their sum is not 1.",
            ),
            Mistake(
                "no exponential",
                _shares,
                "You divide the logits themselves by their sum. A logit may be negative: what makes it positive first?",
            ),
            Mistake(
                "maximum of each column",
                _column_maximum,
                "You take off each class's largest logit in the batch, so the examples change each other. "
                "Whose maximum cancels out in the quotient?",
            ),
            Mistake(
                "logarithm of the probabilities",
                lambda logits: _log_p(logits),
                "These are logarithms of probabilities: none is positive. What is missing at the end?",
            ),
        ),
        hints=(
            "exp(z + c) = exp(z) · exp(c). What happens to exp(c) in the quotient, if c is the same for the whole row?",
            "Choose c so that the largest exponential of each row is 1. `keepdims=True` keeps the axis that a maximum or a sum ran over.",
        ),
    ),
    Exercise(
        name="dense.cross_entropy",
        title="Cross-entropy from logits",
        difficulty=3,
        minutes=12,
        statement="From `logits: [batch, classes]` and whole-number `labels: [batch]` return one number: the mean over the batch of minus the "
        "natural logarithm of the probability of the label, by softmax. Logits may be as large as ±10,000. It should work for NumPy "
        "arrays and Torch tensors.",
        solution=cross_entropy,
        reason="log softmax is the logit, shifted, minus the logarithm of a sum that is at least 1. A probability of 0 never appears, so no "
        "logarithm of 0 does.",
        cases=(_both(5, 3), _both(4, 6, scale=2000.0), _both(3, 8, apart=1500.0), _both(1, 2), _both(7, 4, scale=3.0)),
        results=("[]",),
        mistakes=(
            Mistake(
                "logarithm of softmax",
                _loss(lambda xp, log_p, labels: -xp.mean(_picked(log_p, labels)), of_softmax=True),
                "You take the logarithm of a probability that may have become 0, and get infinity. Write the logarithm of the quotient as a "
                "difference first.",
            ),
            Mistake(
                "no max subtraction",
                _loss(lambda xp, log_p, labels: -xp.mean(_picked(log_p, labels)), peak=False),
                "For large logits the sum of your exponentials is infinite, or 0. What can you take off every logit of a row?",
            ),
            Mistake(
                "sum for mean",
                _loss(lambda xp, log_p, labels: -xp.sum(_picked(log_p, labels))),
                "You have added up the examples. A loss that grows with the batch makes the step grow with it: divide by their number.",
            ),
            Mistake(
                "no minus sign",
                _loss(lambda xp, log_p, labels: xp.mean(_picked(log_p, labels))),
                "Your loss is never positive, and best when it is large. Logarithms of probabilities are negative: what is missing?",
            ),
            Mistake(
                "mean over the classes too",
                _loss(lambda xp, log_p, labels: -xp.sum(_picked(log_p, labels)) / (log_p.shape[0] * log_p.shape[1])),
                "You divide by the number of all logits. One number is picked in each row: how many are there?",
            ),
            Mistake(
                "all classes counted",
                _loss(lambda xp, log_p, labels: -xp.mean(xp.sum(log_p, axis=1))),
                "You add up the logarithms of all classes. Only the label's counts.",
            ),
            Mistake(
                "in bits",
                _loss(lambda xp, log_p, labels: -xp.mean(_picked(log_p, labels)) / float(np.log(2))),
                "Your logarithm has base 2. The loss is in nats: the natural logarithm.",
            ),
            Mistake(
                "every label for every row",
                lambda logits, labels: -array_namespace(logits).mean(_log_p(logits)[:, labels]),
                "You pick all labels in every row, and average over the whole block. Each row has one label "
                "of its own: how are a row and its label picked as a pair?",
            ),
            Mistake(
                "no logarithm",
                _loss(lambda xp, log_p, labels: -xp.mean(xp.exp(_picked(log_p, labels)))),
                "You take the mean of the probabilities themselves. What is taken of them first, so that a "
                "small one costs much?",
            ),
            Mistake(
                "softmax left out",
                lambda logits, labels: -array_namespace(logits).mean(_picked(logits, labels)),
                "You pick the label's logit as it is. The other classes of the row do not count in your "
                "answer: in what do they come in?",
            ),
        ),
        hints=(
            "log(a / b) = log a − log b. For softmax, log a is just the logit, once the row's maximum is taken off.",
            "`log_p[range(len(labels)), labels]` picks one number in each row, in both libraries.",
            "Take off the row's maximum, take off the logarithm of the sum of the exponentials, pick, mean, minus.",
        ),
    ),
    Exercise(
        name="dense.accuracy",
        title="The share of right answers",
        difficulty=1,
        minutes=5,
        statement="From `logits: [batch, classes]` and `labels: [batch]` return the accuracy, a number from 0 to 1: the share of the examples "
        "whose largest logit is that of their label. It should work for NumPy arrays and Torch tensors.",
        solution=accuracy,
        reason="Softmax keeps the order of the logits, so the class of the largest logit is that of the largest probability, and nobody needs to "
        "compute it. The place of a row's maximum is found along axis 1.",
        cases=(_both(40, 3), _both(60, 4), _both(30, 5, scale=3.0), _both(6, 6)),
        results=("share",),
        mistakes=(
            Mistake(
                "over the wrong axis",
                lambda logits, labels: sum((_guess(axis=0)(logits)[labels] == labels).tolist()) / len(labels),
                "You look for the best example of each class. Each example chooses among its classes: along which axis?",
            ),
            Mistake(
                "counted, not shared",
                _share(_guess(), turn=lambda right, n: right),
                "This is the number of right answers. A share is comparable between sets of different sizes.",
            ),
            Mistake(
                "in percent",
                _share(_guess(), turn=lambda right, n: 100 * right / n),
                "This is in percent. The exercise asks for a number from 0 to 1.",
            ),
            Mistake(
                "share of errors",
                _share(_guess(), turn=lambda right, n: 1 - right / n),
                "This is the share of wrong answers.",
            ),
            Mistake(
                "smallest logit",
                _share(_guess("argmin")),
                "You let the class with the smallest logit win.",
            ),
            Mistake(
                "more than half required",
                _confident,
                "You count an answer only if it has more than half of the probability. Among many classes the first may have less.",
            ),
            Mistake(
                "mean probability",
                _mean_probability,
                "This is the mean probability of the right class. Accuracy asks for each example: first, or not first?",
            ),
            Mistake(
                "divided by the classes",
                lambda logits, labels: _share(_guess())(logits, labels) * len(labels) / logits.shape[1],
                "You divide by the number of classes. The share of what is asked for?",
            ),
        ),
        hints=(
            "`argmax` gives the place of a maximum. Along which axis do the classes lie?",
            "Comparing two arrays gives True and False. The mean of those is a share.",
        ),
    ),
)
