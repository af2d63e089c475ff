"""Exercises of chapter 03, learning: a step of SGD, of momentum and of Adam."""

from rnn_course.arrays import array_namespace
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


def _weights(*shape, rest=1, squares=0, plain=()):
    """Weights and as many arrays like them, then squares that are never negative, then a gradient, then plain values."""

    def draw(rng):
        arrays = [rng.standard_normal(shape) for _ in range(rest)]
        arrays += [rng.standard_normal(shape) ** 2 for _ in range(squares)]
        return (*arrays, rng.standard_normal(shape), *plain)

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


def _rate_in_the_velocity(sign):
    """The velocity as it is kept by others: with the learning rate in it, and with the sign of the step."""

    def answer(weights, velocity, gradient, learning_rate, decay):
        velocity = decay * velocity + sign * learning_rate * gradient
        return weights - sign * velocity, velocity

    return answer


def _gradient_for_its_mean(weights, mean, square, gradient, step, learning_rate, beta1, beta2, epsilon):
    _, mean, square = adam_step(weights, mean, square, gradient, step, learning_rate, beta1, beta2, epsilon)
    root = (square / (1 - beta2**step)) ** 0.5
    return weights - learning_rate * gradient / (root + epsilon), mean, square


def _only_the_mean_corrected(weights, mean, square, gradient, step, learning_rate, beta1, beta2, epsilon):
    _, mean, square = adam_step(weights, mean, square, gradient, step, learning_rate, beta1, beta2, epsilon)
    return weights - learning_rate * mean / (1 - beta1**step) / (square**0.5 + epsilon), mean, square


def _epsilon_hat(weights, mean, square, gradient, step, learning_rate, beta1, beta2, epsilon):
    _, mean, square = adam_step(weights, mean, square, gradient, step, learning_rate, beta1, beta2, epsilon)
    rate = learning_rate * (1 - beta2**step) ** 0.5 / (1 - beta1**step)
    return weights - rate * mean / (square**0.5 + epsilon), mean, square


def _betas_turned_round(weights, mean, square, gradient, step, learning_rate, beta1, beta2, epsilon):
    mean = (1 - beta1) * mean + beta1 * gradient
    square = (1 - beta2) * square + beta2 * gradient * gradient
    root = (square / (1 - beta2**step)) ** 0.5
    return weights - learning_rate * mean / (1 - beta1**step) / (root + epsilon), mean, square


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
            Mistake(
                "rate in the velocity",
                _rate_in_the_velocity(1),
                "You put the learning rate into the velocity. The weights are the same as long as the rate "
                "stays, but what you keep is not what is asked for.",
            ),
            Mistake(
                "velocity with the step's sign",
                _rate_in_the_velocity(-1),
                "You keep the step itself, with its sign and its rate, as Keras does. Here the velocity is "
                "made of gradients alone.",
            ),
            Mistake(
                "no decay",
                _wrong_momentum(mix=lambda decay, v, g: v + g),
                "Your velocity forgets nothing. What happens to the old one before the gradient is added?",
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
                "one step too many",
                _wrong_adam(correct=lambda beta, step: 1 - beta ** (step + 1)),
                "Your correction is one step ahead. The number of the first step is 1 already.",
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
            Mistake(
                "multiplied by the correction",
                _wrong_adam(correct=lambda beta, step: 1 / (1 - beta**step)),
                "You multiply by what should be divided by. The means are too small at first: do they become "
                "larger in your answer?",
            ),
            Mistake(
                "gradient for its mean",
                _gradient_for_its_mean,
                "You move by the gradient of this step alone. What is the first running mean for?",
            ),
            Mistake(
                "square not corrected",
                _only_the_mean_corrected,
                "You correct the mean and not the square. Which of them began at 0?",
            ),
            Mistake(
                "betas turned round",
                _betas_turned_round,
                "You keep the small part of the old means and take the large part of what comes in. Which of "
                "the two is beta times?",
            ),
            Mistake(
                "TensorFlow's epsilon",
                _epsilon_hat,
                "You add epsilon to the root before it is corrected, as TensorFlow does. Here it is added to "
                "the corrected root.",
            ),
        ),
        hints=(
            "Three parts: the two new running means; the corrected copies of both; the move.",
            "A running mean is beta times the old one, plus (1 − beta) times what comes in.",
            "Keep the uncorrected means under their own names: they are what you return.",
        ),
    ),
)
