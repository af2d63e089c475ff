"""Exercises of chapter 03, learning: the slope by numbers, and the way back through a dense layer, a ReLU, the loss."""

import numpy as np

from rnn_course.arrays import array_namespace
from rnn_course.checks.catalogue.cases import with_zeros
from rnn_course.checks.catalogue.chapter_02_loss import logits_and_labels, softmax
from rnn_course.checks.exercise import Exercise, Mistake


def numeric_gradient(f, x, step):
    gradient = 0 * x
    for place in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[place] += step
        below[place] -= step
        gradient[place] = (f(above) - f(below)) / (2 * step)
    return gradient


def dense_backward(x, kernel, d_y):
    d_x = d_y @ kernel.T
    d_kernel = x.T @ d_y
    d_bias = array_namespace(x).sum(d_y, axis=0)
    return d_x, d_kernel, d_bias


def relu_backward(x, d_y):
    return array_namespace(x).where(x > 0, d_y, 0 * d_y)


def softmax_ce_backward(logits, labels):
    xp = array_namespace(logits)
    e = xp.exp(logits - xp.max(logits, axis=1, keepdims=True))
    p = e / xp.sum(e, axis=1, keepdims=True)  # [batch, classes]
    target = xp.astype(labels[:, None] == xp.arange(logits.shape[1]), logits.dtype)  # 1 at the label
    return (p - target) / len(labels)


def _dense(batch, inputs, outputs):
    return lambda rng: (
        rng.standard_normal((batch, inputs)),
        rng.standard_normal((inputs, outputs)),
        rng.standard_normal((batch, outputs)),
    )


def _relu(*shape):
    """Some of the inputs are exactly 0."""
    return lambda rng: (np.round(rng.standard_normal(shape) * 2) / 2, rng.standard_normal(shape))


def _labelled(batch, classes, scale=1.0):
    return lambda rng: logits_and_labels(rng, batch, classes, scale)


class Cubic:
    """f(x) = Σ (a x³ + b x²): its slope by a central difference differs from the true one by a step²."""

    def __init__(self, rng, shape):
        self.a, self.b = rng.standard_normal(shape), rng.standard_normal(shape)

    def __call__(self, x):
        return float((self.a * x**3 + self.b * x**2).sum())

    def __repr__(self):
        return "a function of an array"


def _function(step, *shape):
    return lambda rng: (Cubic(rng, shape), rng.standard_normal(shape), step)


def _wrong_numeric(quotient, restore=True):
    """The loop of the solution with another quotient, or with what was moved left where it is."""

    def answer(f, x, step):
        gradient = 0 * x
        moving = x.copy() if restore else x
        for place in np.ndindex(x.shape):
            old = moving[place]
            moving[place] = old + step
            above = f(moving)
            moving[place] = old - step
            below = f(moving)
            moving[place] = old
            gradient[place] = quotient(above, f(moving), below, step)
            if not restore:
                moving[place] = old + step
        return gradient

    return answer


def _along_all(f, x, step):
    return 0 * x + (f(x + step) - f(x - step)) / (2 * step)


def _wrong_dense(
    d_x=lambda x, kernel, d_y: d_y @ kernel.T,
    d_kernel=lambda x, kernel, d_y: x.T @ d_y,
    d_bias=lambda x, kernel, d_y: d_y.sum(0),
):
    return lambda *given: (d_x(*given), d_kernel(*given), d_bias(*given))


def where(condition, then, otherwise):
    return array_namespace(then).where(condition, then, otherwise)


def _wrong_loss(change, p=softmax):
    """`change` gets the probabilities, the target and the size of the batch."""

    def answer(logits, labels):
        xp = array_namespace(logits)
        target = xp.astype(labels[:, None] == xp.arange(logits.shape[1]), logits.dtype)
        return change(p(logits), target, len(labels))

    return answer


def _every_label_in_every_row(logits, labels):
    p = softmax(logits)
    p[:, labels] -= 1
    return p / logits.shape[0]


def _labels_taken_off(logits, labels):
    number = array_namespace(logits).astype(labels, logits.dtype)
    return (softmax(logits) - number[:, None]) / len(labels)


def _logits_for_probabilities(logits, labels):
    return softmax_ce_backward(logits, labels) + (logits - softmax(logits)) / len(labels)


def _naive_softmax(logits):
    e = array_namespace(logits).exp(logits)
    return e / e.sum(1)[:, None]


EXERCISES = (
    Exercise(
        name="learn.numeric",
        title="A gradient by numbers",
        difficulty=2,
        minutes=12,
        statement="`f` turns an array into one number. Return its gradient at `x`, an array of the shape of `x`: at each place the slope "
        "when that number alone is moved, as the central difference over `step` to both sides. NumPy arrays only.",
        solution=numeric_gradient,
        reason="Two calls for each number: far too slow to learn with, but it knows nothing of the function. So it is the judge of every "
        "gradient that is derived by hand.",
        cases=(_function(1e-2, 2, 3), _function(0.1, 4), _function(1e-3, 1, 2, 3)),
        results=("gradient",),
        backends=("numpy",),
        dtypes=("float64",),
        mistakes=(
            Mistake(
                "forward difference",
                _wrong_numeric(lambda above, here, below, step: (above - here) / step),
                "You compare with the value at x itself. Its error falls with the step, that of a step to both sides with its square.",
            ),
            Mistake(
                "divided by one step",
                _wrong_numeric(lambda above, here, below, step: (above - below) / step),
                "Your slopes are twice too steep. How far apart are the two places where you ask f?",
            ),
            Mistake(
                "not divided",
                _wrong_numeric(lambda above, here, below, step: above - below),
                "These are differences. A slope is a difference over a distance.",
            ),
            Mistake(
                "below minus above",
                _wrong_numeric(lambda above, here, below, step: (below - above) / (2 * step)),
                "Every sign is wrong: where f grows, the slope is positive.",
            ),
            Mistake(
                "all numbers moved at once",
                _along_all,
                "You move all numbers together and get the sum of all slopes, everywhere. Move one, and leave the others where they are.",
            ),
            Mistake(
                "moved and left there",
                _wrong_numeric(lambda above, here, below, step: (above - below) / (2 * step), restore=False),
                "You have moved numbers of `x` itself and not put them back: the next slopes are taken at another place, and the caller's "
                "array has changed.",
            ),
            Mistake(
                "backward difference",
                _wrong_numeric(lambda above, here, below, step: (here - below) / step),
                "You compare with the value at x itself, from below. A step to both sides is far closer to the slope.",
            ),
            Mistake(
                "two names for one array",
                lambda f, x, step: 0 * x,
                "All your slopes are 0. Are the two places where you ask f two arrays, or one array under two names?",
            ),
        ),
        hints=(
            "For one number x it is (f(x + step) − f(x − step)) / (2 step). What is an array? Many such numbers, one after the other.",
            "`np.ndindex(x.shape)` gives every place. Move a copy there, upward and downward, and ask f each time.",
        ),
    ),
    Exercise(
        name="learn.dense_backward",
        title="Back through a dense layer",
        difficulty=3,
        minutes=15,
        statement="A dense layer has made y = x @ kernel + bias. From `x: [batch, input]`, `kernel: [input, output]` and the gradient of a loss for "
        "y, `d_y: [batch, output]`, return its gradients for x, for the kernel and for the bias, in this order. NumPy and Torch.",
        solution=dense_backward,
        reason="Each number hears from everything that it helped to make. A weight served every example, so its gradient is a sum over the "
        "batch, and so is that of a bias. An input served every unit, so its gradient is a sum over the outputs.",
        cases=(_dense(4, 3, 5), _dense(2, 7, 3), _dense(1, 2, 6), _dense(3, 4, 4)),
        results=("d_x: [batch, input]", "d_kernel: [input, output]", "d_bias: [output]"),
        mistakes=(
            Mistake(
                "bias gradient not summed",
                _wrong_dense(d_bias=lambda x, kernel, d_y: d_y),
                "Your bias gradient still has a batch axis. How often was each bias used?",
            ),
            Mistake(
                "bias gradient averaged",
                _wrong_dense(d_bias=lambda x, kernel, d_y: d_y.sum(0) / len(d_y)),
                "You take the mean over the batch. If the loss is a mean, that is already in `d_y`; here all uses are added up.",
            ),
            Mistake(
                "bias gradient over the outputs",
                _wrong_dense(d_bias=lambda x, kernel, d_y: d_y.sum(1)),
                "Your bias gradient has one number for each example. There is one bias for each output.",
            ),
            Mistake(
                "transposed kernel gradient",
                _wrong_dense(d_kernel=lambda x, kernel, d_y: d_y.T @ x),
                "Your kernel gradient is [output, input]. A gradient has the shape of what it belongs to.",
            ),
            Mistake(
                "kernel gradient averaged",
                _wrong_dense(d_kernel=lambda x, kernel, d_y: x.T @ d_y / len(d_y)),
                "Your kernel gradient is divided by the batch. Whether to average is the loss's business, and `d_y` already knows.",
            ),
            Mistake(
                "kernel not turned round",
                _wrong_dense(d_x=lambda x, kernel, d_y: d_y @ kernel),
                "On the way back you go from outputs to inputs: which axis of the kernel must meet `d_y`? With a square kernel nothing would "
                "have warned you.",
            ),
            Mistake(
                "gradient of x left out",
                _wrong_dense(d_x=lambda x, kernel, d_y: 0 * x),
                "Your gradient for x is 0. Whatever stands before this layer would learn nothing.",
            ),
        ),
        hints=(
            "A gradient has the shape of what it belongs to. Which product of `d_y` with x or with the kernel has the shape you need?",
            "y[b, j] = Σ x[b, k] · kernel[k, j] + bias[j]. Take one weight: in which y does it stand, and times what? Add up over those.",
        ),
    ),
    Exercise(
        name="learn.relu_backward",
        title="Back through a ReLU",
        difficulty=2,
        minutes=6,
        statement="A ReLU has made y = max(x, 0). From `x` and the gradient of a loss for y, `d_y`, both `[batch, unit]`, return the gradient for "
        "x. At x = 0 it is 0. NumPy and Torch.",
        solution=relu_backward,
        reason="Where x was positive, y moves with it, and the gradient goes through. Elsewhere y stayed 0 whatever x did, and nothing goes "
        "through. At 0 there is no slope; 0 is the usual choice.",
        cases=(_relu(4, 5), with_zeros(_relu(7, 3)), _relu(1, 9)),
        results=("d_x: [batch, unit]",),
        mistakes=(
            Mistake(
                "ReLU of the gradient",
                lambda x, d_y: where(d_y > 0, d_y, 0 * d_y),
                "You let through positive gradients. What decided on the way forward, and does so again on the way back?",
            ),
            Mistake(
                "times the value",
                lambda x, d_y: where(x > 0, x * d_y, 0 * d_y),
                "You multiply by the value of the ReLU. On the way back it is the slope that counts.",
            ),
            Mistake(
                "times x",
                lambda x, d_y: x * d_y,
                "You multiply by x. What counts on the way back is how much y grows when x grows by a little.",
            ),
            Mistake(
                "the slope alone",
                lambda x, d_y: where(x > 0, 0 * d_y + 1, 0 * d_y),
                "This is the slope of the ReLU. What came back from the loss has to be multiplied in.",
            ),
            Mistake(
                "open at 0",
                lambda x, d_y: where(x >= 0, d_y, 0 * d_y),
                "At x = 0 the exercise asks for 0. Look at your comparison.",
            ),
            Mistake(
                "everything goes through",
                lambda x, d_y: d_y + 0 * x,
                "Nothing is held back. Where x was negative, did y notice x at all?",
            ),
            Mistake(
                "the wrong side",
                lambda x, d_y: where(x < 0, d_y, 0 * d_y),
                "You let through what the ReLU had cut off.",
            ),
        ),
        hints=(
            "Draw max(x, 0). What is its slope left of 0, and right of it?",
            "`xp.where(condition, a, b)` chooses for each number. The condition looks at x, and what is chosen is `d_y` or 0.",
        ),
    ),
    Exercise(
        name="learn.softmax_ce_backward",
        title="Back through softmax and cross-entropy",
        difficulty=3,
        minutes=12,
        statement="The loss is the mean over the batch of −log softmax(logits)[label]. From `logits: [batch, classes]` and `labels: [batch]` return "
        "its gradient for the logits, `[batch, classes]`. Logits may be as large as ±10,000. NumPy and Torch.",
        solution=softmax_ce_backward,
        reason="What a logit hears is how much too probable its class is: its probability, less 1 if it is the label. The sum over a row is 0: "
        "what one class gains the others lose. The mean of the loss divides all by the size of the batch.",
        cases=(_labelled(5, 3), _labelled(4, 6, scale=2000.0), _labelled(1, 4), _labelled(7, 2)),
        results=("[batch, class]",),
        mistakes=(
            Mistake(
                "not divided by the batch",
                _wrong_loss(lambda p, target, n: p - target),
                "Every number is too large by the same factor. The loss is a mean: what does that do to the part of one example?",
            ),
            Mistake(
                "divided by all numbers",
                _wrong_loss(lambda p, target, n: (p - target) / (n * p.shape[1])),
                "You divide by the number of logits. The mean runs over the examples.",
            ),
            Mistake(
                "label not taken off",
                _wrong_loss(lambda p, target, n: p / n),
                "These are probabilities: your gradient pushes every class down, the right one too.",
            ),
            Mistake(
                "label minus probability",
                _wrong_loss(lambda p, target, n: (target - p) / n),
                "Every sign is wrong. A gradient points to where the loss grows; the step against it comes later.",
            ),
            Mistake(
                "label alone",
                _wrong_loss(lambda p, target, n: (p - target) * target / n),
                "Only the label's logit gets a gradient. The others stand in the sum below the quotient.",
            ),
            Mistake(
                "no max subtraction",
                _wrong_loss(lambda p, target, n: (p - target) / n, _naive_softmax),
                "For large logits there are NaN in it. The way back needs the same care with exponentials as the way forward.",
            ),
            Mistake(
                "over the wrong axis",
                _wrong_loss(lambda p, target, n: (p - target) / n, lambda logits: softmax(logits.T).T),
                "Your probabilities sum to 1 along the batch. Who competes with whom?",
            ),
            Mistake(
                "1 taken off every class",
                _wrong_loss(lambda p, target, n: (p - 1) / n),
                "You take 1 off every class. Only one class of a row is the label.",
            ),
            Mistake(
                "every label in every row",
                _every_label_in_every_row,
                "You take 1 off at all labels of the batch, in each row. A row has one label of its own: how are a row "
                "and its label picked as a pair?",
            ),
            Mistake(
                "the label as a number",
                _labels_taken_off,
                "You take the label's number off the probabilities, so label 3 pulls three times as hard as "
                "label 1. A label only names a place.",
            ),
            Mistake(
                "logits for probabilities",
                _logits_for_probabilities,
                "You take the target off the logits. What has softmax made of them?",
            ),
            Mistake(
                "stopped at the probabilities",
                _wrong_loss(lambda p, target, n: -target / p / n),
                "This is the gradient for the probabilities. One step is left: back through the softmax, to "
                "the logits.",
            ),
        ),
        hints=(
            "−log softmax(z)[label] = −z[label] + log Σ exp(z). Take the slope of both parts for one logit.",
            "The slope of the second part is that logit's probability. The first part touches the label alone. And what does the mean do?",
        ),
    ),
)
