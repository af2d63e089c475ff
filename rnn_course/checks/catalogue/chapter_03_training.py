"""Exercises of chapter 03, learning: shuffled minibatches, and one whole step of training."""

import numpy as np

from rnn_course.arrays import array_namespace
from rnn_course.checks.catalogue.chapter_02_loss import cross_entropy, logits_and_labels, softmax
from rnn_course.checks.catalogue.chapter_03 import softmax_ce_backward
from rnn_course.checks.exercise import Exercise, Mistake


def batches(rng, examples, batch_size):
    order = rng.permutation(examples)
    return [order[start : start + batch_size] for start in range(0, examples, batch_size)]


def train_step(x, labels, kernel, bias, learning_rate):
    xp = array_namespace(x)
    logits = x @ kernel + bias
    shifted = logits - xp.max(logits, axis=1, keepdims=True)
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=1, keepdims=True))
    loss = -xp.mean(log_p[range(len(labels)), labels])
    target = xp.astype(labels[:, None] == xp.arange(kernel.shape[1]), x.dtype)
    d_logits = (xp.exp(log_p) - target) / len(labels)
    kernel = kernel - learning_rate * (x.T @ d_logits)
    bias = bias - learning_rate * xp.sum(d_logits, axis=0)
    return loss, kernel, bias


def _step(batch, inputs, classes, learning_rate, scale=1.0):
    def draw(rng):
        _, labels = logits_and_labels(rng, batch, classes)
        weights = rng.standard_normal((inputs, classes)), rng.standard_normal(classes)
        return scale * rng.standard_normal((batch, inputs)), labels, *weights, learning_rate

    return draw


def _cut(order, batch_size, examples):
    return [order[start : start + batch_size] for start in range(0, examples, batch_size)]


def _wrong_step(sign=1, gradient=softmax_ce_backward, d_bias=lambda d: d.sum(0), late=False, one=False):
    """The step with one thing done differently; `late`: the loss after the step, `one`: the bias stays."""

    def answer(x, labels, kernel, bias, learning_rate):
        logits = x @ kernel + bias
        d_logits = gradient(logits, labels)
        new_kernel = kernel - sign * learning_rate * (x.T @ d_logits)
        new_bias = bias - sign * learning_rate * (0 if one else 1) * d_bias(d_logits)
        loss = cross_entropy(x @ new_kernel + new_bias if late else logits, labels)
        return loss, new_kernel, new_bias

    return answer


def _other_loss(loss):
    """The right step with another loss."""

    def answer(x, labels, kernel, bias, learning_rate):
        return loss(x @ kernel + bias, labels), *train_step(x, labels, kernel, bias, learning_rate)[1:]

    return answer


def _naive_cross_entropy(logits, labels):
    xp = array_namespace(logits)
    e = xp.exp(logits)
    return -xp.mean(xp.log((e / xp.sum(e, axis=1, keepdims=True))[range(len(labels)), labels]))


def _bias_from_the_new_kernel(x, labels, kernel, bias, learning_rate):
    loss, new_kernel, _ = train_step(x, labels, kernel, bias, learning_rate)
    return loss, new_kernel, train_step(x, labels, new_kernel, bias, learning_rate)[2]


def _no_step(keep, rate):
    """What is left of the step if the old weights count `keep` times, with another rate."""

    def answer(x, labels, kernel, bias, learning_rate):
        loss, new_kernel, new_bias = train_step(x, labels, kernel, bias, rate)
        return loss, new_kernel - (1 - keep) * kernel, new_bias - (1 - keep) * bias

    return answer


def _overwritten(x, labels, kernel, bias, learning_rate):
    loss, new_kernel, new_bias = train_step(x, labels, kernel, bias, learning_rate)
    kernel[...], bias[...] = new_kernel, new_bias
    return loss, kernel, bias


EXERCISES = (
    Exercise(
        name="learn.batches",
        title="Shuffled minibatches",
        difficulty=2,
        minutes=8,
        statement="Return one pass over a training set: a list of index arrays of at most `batch_size` numbers. Shuffle the numbers 0 … "
        "`examples` − 1 with one call of `rng.permutation`, and cut them into pieces in that order; the last may be smaller. `rng` is a "
        "`np.random.Generator`. NumPy only.",
        solution=batches,
        reason="In one pass every example comes once, in an order that is new each time. Without shuffling, a training set that is sorted by class "
        "would show nothing but zeros for many steps, then nothing but ones.",
        cases=(
            lambda rng: (np.random.default_rng(int(rng.integers(1000))), 10, 4),
            lambda rng: (np.random.default_rng(int(rng.integers(1000))), 12, 3),
            lambda rng: (np.random.default_rng(int(rng.integers(1000))), 5, 8),
        ),
        backends=("numpy",),
        dtypes=("float64",),
        mistakes=(
            Mistake(
                "not shuffled",
                lambda rng, examples, batch_size: _cut(np.arange(examples), batch_size, examples),
                "Your batches are the same in every pass, in the order of the data.",
            ),
            Mistake(
                "last one dropped",
                lambda rng, examples, batch_size: [
                    batch for batch in _cut(rng.permutation(examples), batch_size, examples) if len(batch) == batch_size
                ],
                "The examples that do not fill a batch are left out. Here they make a smaller last one.",
            ),
            Mistake(
                "drawn with replacement",
                lambda rng, examples, batch_size: _cut(rng.integers(0, examples, examples), batch_size, examples),
                "Some examples come twice and some never. In one pass each comes once.",
            ),
            Mistake(
                "global randomness",
                lambda rng, examples, batch_size: _cut(np.random.permutation(examples), batch_size, examples),  # noqa: NPY002
                "You draw from NumPy's global state, so that no seed brings this order back. Draw from the generator that you were given.",
            ),
            Mistake(
                "shuffled within the batches",
                lambda rng, examples, batch_size: [
                    rng.permutation(batch) for batch in _cut(np.arange(examples), batch_size, examples)
                ],
                "Each batch holds neighbours of the data, only in another order. Shuffle first, then cut.",
            ),
            Mistake(
                "as many batches as examples in one",
                lambda rng, examples, batch_size: np.array_split(rng.permutation(examples), min(batch_size, examples)),
                "You have cut the order into `batch_size` pieces. That is how many examples one piece has.",
            ),
            Mistake(
                "a new order for each batch",
                lambda rng, examples, batch_size: [
                    rng.permutation(examples)[start : start + batch_size] for start in range(0, examples, batch_size)
                ],
                "You shuffle anew for each batch, so that some examples come twice and some never. One order "
                "is enough for a whole pass.",
            ),
            Mistake(
                "batches that overlap",
                lambda rng, examples, batch_size: (
                    lambda order: [order[start : start + batch_size] for start in range(examples)]
                )(rng.permutation(examples)),
                "Your batches begin one example apart. How far is it from the start of one to the start of the next?",
            ),
        ),
        hints=(
            "First one order of all the examples, then slices of it.",
            "`range(0, examples, batch_size)` gives where each slice begins; a slice may reach beyond the end.",
        ),
    ),
    Exercise(
        name="learn.train_step",
        title="One step of training",
        difficulty=4,
        minutes=20,
        statement="One dense layer is a classifier: logits = x @ kernel + bias. From `x: [batch, input]`, `labels: [batch]`, `kernel`, `bias` and "
        "`learning_rate` return the cross-entropy (mean over the batch, before the step), the new kernel and the new bias after one "
        "step of gradient descent. NumPy and Torch.",
        solution=train_step,
        reason="Forward, loss, gradient for the logits, back through the layer, step. The loss belongs to the old weights, for these are what it was "
        "computed with; and both gradients are those of the old weights too.",
        cases=(_step(5, 3, 4, 0.5), _step(2, 6, 3, 0.1), _step(1, 4, 2, 2.0), _step(7, 2, 5, 1.0, 900.0)),
        results=("loss: []", "kernel: [input, class]", "bias: [class]"),
        mistakes=(
            Mistake(
                "uphill",
                _wrong_step(sign=-1),
                "Your loss grows from step to step. A gradient points uphill.",
            ),
            Mistake(
                "not divided by the batch",
                _wrong_step(gradient=lambda logits, labels: softmax_ce_backward(logits, labels) * len(labels)),
                "Your step grows with the batch. The loss is a mean, and so its gradient is one.",
            ),
            Mistake(
                "label not taken off",
                _wrong_step(gradient=lambda logits, labels: softmax(logits) / len(labels)),
                "Your step pushes every class down, the right one too. What does the gradient say at the label?",
            ),
            Mistake(
                "loss after the step",
                _wrong_step(late=True),
                "Your loss is that of the new weights. It should be that of the batch as the old ones saw it.",
            ),
            Mistake(
                "bias left as it was",
                _wrong_step(one=True),
                "The kernel learns and the bias does not.",
            ),
            Mistake(
                "bias gradient averaged",
                _wrong_step(d_bias=lambda d: d.sum(0) / len(d)),
                "Your bias learns more slowly the larger the batch is. The gradient for the logits is already divided by the batch.",
            ),
            Mistake(
                "weights changed in place",
                _overwritten,
                "The numbers are right, but the caller's kernel and bias have been written over. Make new arrays.",
            ),
            Mistake(
                "sum for mean in the loss",
                _other_loss(lambda logits, labels: cross_entropy(logits, labels) * len(labels)),
                "Your loss is the sum over the batch. The step is right: its gradient is that of the mean.",
            ),
            Mistake(
                "no max subtraction in the loss",
                _other_loss(_naive_cross_entropy),
                "For large logits your loss is infinite or NaN. What did `dense.cross_entropy` take off first?",
            ),
            Mistake(
                "bias from the new kernel",
                _bias_from_the_new_kernel,
                "You go forward a second time, with the new kernel, for the bias. Both gradients belong to "
                "the same pass.",
            ),
            Mistake(
                "gradients for weights",
                _no_step(0, -1),
                "You return the gradients. What becomes of the weights?",
            ),
            Mistake(
                "without the learning rate",
                lambda x, labels, kernel, bias, learning_rate: (
                    train_step(x, labels, kernel, bias, learning_rate)[0],
                    *train_step(x, labels, kernel, bias, 1.0)[1:],
                ),
                "Your step is as long as the gradient. Who says how far to go?",
            ),
        ),
        hints=(
            "Five parts, and you have written them all: `dense.forward`, `dense.cross_entropy`, `learn.softmax_ce_backward`, "
            "`learn.dense_backward`, `learn.sgd`.",
            "Compute everything from the old kernel and bias before you make new ones.",
        ),
    ),
)
