"""Exercises of chapter 03, learning: SGD, momentum and Adam, minibatches, and one whole step of training."""

import numpy as np

from rnn_course.arrays import array_namespace
from rnn_course.checks.catalogue.chapter_02_loss import cross_entropy, logits_and_labels, softmax
from rnn_course.checks.catalogue.chapter_03 import softmax_ce_backward
from rnn_course.checks.exercise import Exercise, Mistake


def sgd_step(weights, gradient, learning_rate):
    return weights - learning_rate * gradient


def momentum_step(weights, velocity, gradient, learning_rate, decay):
    velocity = decay * velocity + gradient
    return weights - learning_rate * velocity, velocity


def adam_step(weights, mean, square, gradient, step, learning_rate, beta1, beta2, epsilon):
    mean = beta1 * mean + (1 - beta1) * gradient
    square = beta2 * square + (1 - beta2) * gradient * gradient
    corrected = mean / (1 - beta1**step)
    root = array_namespace(square).sqrt(square / (1 - beta2**step))
    return weights - learning_rate * corrected / (root + epsilon), mean, square


def batches(rng, examples, batch_size):
    order = rng.permutation(examples)
    return [order[start : start + batch_size] for start in range(0, examples, batch_size)]


def train_step(x, labels, kernel, bias, learning_rate):
    xp = array_namespace(x)
    logits = x @ kernel + bias
    shifted = logits - xp.max(logits, axis=1, keepdims=True)
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=1, keepdims=True))  # [batch, classes]
    loss = -xp.mean(log_p[range(len(labels)), labels])
    target = xp.astype(labels[:, None] == xp.arange(kernel.shape[1]), x.dtype)
    d_logits = (xp.exp(log_p) - target) / len(labels)
    kernel = kernel - learning_rate * (x.T @ d_logits)
    bias = bias - learning_rate * xp.sum(d_logits, axis=0)
    return loss, kernel, bias


def _weights(*shape, rest=1, squares=0, plain=()):
    """Weights and as many arrays like them, then squares that are never negative, then a gradient, then plain values."""

    def draw(rng):
        arrays = [rng.standard_normal(shape) for _ in range(rest)]
        arrays += [rng.standard_normal(shape) ** 2 for _ in range(squares)]
        return (*arrays, rng.standard_normal(shape), *plain)

    return draw


def _step(batch, inputs, classes, learning_rate, scale=1.0):
    def draw(rng):
        _, labels = logits_and_labels(rng, batch, classes)
        weights = rng.standard_normal((inputs, classes)), rng.standard_normal(classes)
        return scale * rng.standard_normal((batch, inputs)), labels, *weights, learning_rate

    return draw


def _in_place(weights, gradient, learning_rate):
    weights -= learning_rate * gradient
    return weights


def _wrong_momentum(
    mix=lambda decay, v, g: decay * v + g, move=lambda decay, old, new, g: new, keep=lambda old, new: new, sign=1
):
    def answer(weights, velocity, gradient, learning_rate, decay):
        new = mix(decay, velocity, gradient)
        return weights - sign * learning_rate * move(decay, velocity, new, gradient), keep(velocity, new)

    return answer


def _wrong_adam(
    power=lambda g: g * g,
    correct=lambda beta, step: 1 - beta**step,
    root=lambda xp, s, epsilon: xp.sqrt(s) + epsilon,
    swap=False,
    keep_corrected=False,
    sign=1,
):
    def answer(weights, mean, square, gradient, step, learning_rate, beta1, beta2, epsilon):
        b1, b2 = (beta2, beta1) if swap else (beta1, beta2)
        mean = b1 * mean + (1 - b1) * gradient
        square = b2 * square + (1 - b2) * power(gradient)
        m, s = mean / correct(b1, step), square / correct(b2, step)
        moved = weights - sign * learning_rate * m / root(array_namespace(s), s, epsilon)
        return moved, *((m, s) if keep_corrected else (mean, square))

    return answer


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


def _overwritten(x, labels, kernel, bias, learning_rate):
    loss, new_kernel, new_bias = train_step(x, labels, kernel, bias, learning_rate)
    kernel[...], bias[...] = new_kernel, new_bias
    return loss, kernel, bias


EXERCISES = (
    Exercise(
        name="learn.sgd",
        title="A step of gradient descent",
        difficulty=1,
        minutes=4,
        statement="From `weights` and their `gradient`, arrays of one shape, return new weights: a step against the gradient, as long as "
        "`learning_rate` times the gradient. NumPy and Torch.",
        solution=sgd_step,
        reason="The gradient points to where the loss grows fastest, so the step goes the other way. New arrays are made: the old weights may "
        "still be needed, to go back to or to compare with.",
        cases=(_weights(4, 3, plain=(0.1,)), _weights(5, plain=(2.0,)), _weights(2, 1, 3, plain=(0.01,))),
        results=("weights",),
        mistakes=(
            Mistake(
                "uphill",
                lambda weights, gradient, learning_rate: weights + learning_rate * gradient,
                "You walk with the gradient. The loss grows that way.",
            ),
            Mistake(
                "weights changed in place",
                _in_place,
                "The numbers are right, but the caller's own weights have been changed. Make a new array.",
            ),
            Mistake(
                "the step alone",
                lambda weights, gradient, learning_rate: -learning_rate * gradient,
                "This is the step. Where does it start from?",
            ),
            Mistake(
                "without the learning rate",
                lambda weights, gradient, learning_rate: weights - gradient,
                "Your step is as long as the gradient. Who says how far to go?",
            ),
            Mistake(
                "divided by the rate",
                lambda weights, gradient, learning_rate: weights - gradient / learning_rate,
                "A smaller learning rate makes your step longer.",
            ),
        ),
        hints=(
            "In which direction does the loss fall, along the gradient or against it?",
            "Old weights, minus something. It is one line.",
        ),
    ),
    Exercise(
        name="learn.momentum",
        title="A step with momentum",
        difficulty=2,
        minutes=6,
        statement="From `weights`, `velocity`, `gradient`, `learning_rate` and `decay` return new weights and the new velocity. The velocity is "
        "first multiplied by `decay`, and the gradient is added to it. Then the weights move against the new velocity, by "
        "`learning_rate` times it. NumPy and Torch.",
        solution=momentum_step,
        reason="What points the same way in step after step adds up, and what changes its sign cancels out. With a steady gradient the velocity "
        "grows to 1 / (1 − decay) times the gradient, 10 times for 0.9.",
        cases=(
            _weights(4, 3, rest=2, plain=(0.1, 0.9)),
            _weights(5, rest=2, plain=(2.0, 0.5)),
            _weights(2, 1, 3, rest=2, plain=(0.01, 0.99)),
        ),
        results=("weights", "velocity"),
        mistakes=(
            Mistake(
                "running mean",
                _wrong_momentum(mix=lambda decay, v, g: decay * v + (1 - decay) * g),
                "You average old velocity and gradient. Here the gradient is added in full, as Torch and TensorFlow do.",
            ),
            Mistake(
                "old velocity used",
                _wrong_momentum(move=lambda decay, old, new, g: old),
                "Your weights move by the old velocity, so today's gradient comes into effect tomorrow. In which order do the two lines stand?",
            ),
            Mistake(
                "velocity not kept",
                _wrong_momentum(keep=lambda old, new: old),
                "The weights are right, but you hand back the old velocity. The next step would know nothing of this one.",
            ),
            Mistake(
                "gradient alone",
                _wrong_momentum(move=lambda decay, old, new, g: g),
                "Your weights move by the gradient alone: that is plain descent, with a velocity beside it that nobody uses.",
            ),
            Mistake(
                "uphill",
                _wrong_momentum(sign=-1),
                "You walk with the velocity, and it was made of gradients: the loss grows that way.",
            ),
            Mistake(
                "Nesterov",
                _wrong_momentum(move=lambda decay, old, new, g: g + decay * new),
                "This is Nesterov's variant, which looks a step ahead. The plain one moves by the velocity itself.",
            ),
        ),
        hints=(
            "Two lines: first the new velocity, from the old one and the gradient; then the weights, from the new velocity.",
            "The learning rate stands in the second line only.",
        ),
    ),
    Exercise(
        name="learn.adam",
        title="A step of Adam",
        difficulty=3,
        minutes=15,
        statement="From `weights`, `mean`, `square`, `gradient`, the number `step` of the step (1 for the first), `learning_rate`, `beta1`, `beta2` and "
        "`epsilon` return new weights, the new mean and the new square. Both are running means, of the gradient with `beta1`, of its square "
        "with `beta2`. For the step each is divided by 1 − beta to the power of `step`. The weights move against mean / (√square + "
        "epsilon), by `learning_rate` times it. NumPy and Torch.",
        solution=adam_step,
        reason="Both means began at 0 and are too small at first; the division makes up for exactly that, in the step and not in what is kept. "
        "Dividing by the root of the square gives every weight a step of about the learning rate, however large its gradient is.",
        cases=(
            _weights(4, 3, rest=2, squares=1, plain=(1, 0.1, 0.9, 0.999, 1e-8)),
            _weights(5, rest=2, squares=1, plain=(3, 2.0, 0.8, 0.95, 0.5)),
            _weights(2, 1, 3, rest=2, squares=1, plain=(7, 0.01, 0.5, 0.7, 0.01)),
        ),
        results=("weights", "mean", "square"),
        mistakes=(
            Mistake(
                "no bias correction",
                _wrong_adam(correct=lambda beta, step: 1),
                "The running means began at 0 and are still too small. What are they divided by in the first steps?",
            ),
            Mistake(
                "counted from 0",
                _wrong_adam(correct=lambda beta, step: 1 - beta ** (step - 1)),
                "Your correction is one step behind: in the first step you divide by 0.",
            ),
            Mistake(
                "no square root",
                _wrong_adam(root=lambda xp, s, epsilon: s + epsilon),
                "You divide by the mean square, so that a large gradient makes a small step. Its root has the size of a gradient.",
            ),
            Mistake(
                "epsilon inside the root",
                _wrong_adam(root=lambda xp, s, epsilon: xp.sqrt(s + epsilon)),
                "Your epsilon stands under the root. In Adam it is added to the root.",
            ),
            Mistake(
                "gradient not squared",
                _wrong_adam(power=lambda g: abs(g)),
                "Your second mean is one of sizes. It should be one of squares.",
            ),
            Mistake(
                "betas exchanged",
                _wrong_adam(swap=True),
                "You have exchanged the betas: the first belongs to the mean, the second to the square.",
            ),
            Mistake(
                "corrected means kept",
                _wrong_adam(keep_corrected=True),
                "The weights are right, but you keep the corrected means, and the next step would correct them again.",
            ),
        ),
        hints=(
            "Three parts: the two new running means; the corrected copies of both; the move.",
            "A running mean is beta times the old one, plus (1 − beta) times what comes in.",
            "Keep the uncorrected means under their own names: they are what you return.",
        ),
    ),
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
        ),
        hints=(
            "Five parts, and you have written them all: `dense.forward`, `dense.cross_entropy`, `learn.softmax_ce_backward`, "
            "`learn.dense_backward`, `learn.sgd`.",
            "Compute everything from the old kernel and bias before you make new ones.",
        ),
    ),
)
