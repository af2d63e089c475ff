"""Exercises of chapter 06, rows as time: the shapes of a BasicRNNCell, its output, and one step."""

import numpy as np

from rnn_course.activations import sigmoid
from rnn_course.arrays import array_namespace
from rnn_course.checks.exercise import Exercise, Mistake

HUGE = 1e4  # a pre-activation that saturates every activation


def predict_shapes(batch, time, input_size, hidden_size):
    kernel = (input_size + hidden_size, hidden_size)
    bias = (hidden_size,)
    outputs = (batch, time, hidden_size)
    final_state = (batch, hidden_size)
    return kernel, bias, outputs, final_state


def count_parameters(time, input_size, hidden_size):
    return (input_size + hidden_size) * hidden_size + hidden_size


def final_state(outputs):
    return outputs[:, -1, :]


def rnn_step(x, h, kernel, bias):
    xp = array_namespace(x)
    xh = xp.concat([x, h], axis=1)  # [batch, input + hidden]
    return xp.tanh(xh @ kernel + bias)


def random_weights(rng, rows, columns, huge):
    bias = rng.permutation(np.resize([HUGE, -HUGE], columns)) if huge else 0.5 * rng.standard_normal(columns)
    return 0.5 * rng.standard_normal((rows, columns)), bias


def _step(batch, input_size, hidden_size, huge=False):
    return lambda rng: (
        rng.standard_normal((batch, input_size)),
        rng.standard_normal((batch, hidden_size)),
        *random_weights(rng, input_size + hidden_size, hidden_size, huge),
    )


def _outputs(batch, time, hidden_size):
    return lambda rng: (rng.standard_normal((batch, time, hidden_size)),)


def _affine(x, h, kernel, bias):
    return array_namespace(x).concat([x, h], axis=1) @ kernel + bias


def _split(x, kernel):
    return kernel[: x.shape[1], :], kernel[x.shape[1] :, :]


def _tanh(x):
    return array_namespace(x).tanh(x)


def _sum_of_two_tanh(x, h, kernel, bias):
    w_x, w_h = _split(x, kernel)
    return _tanh(x @ w_x + bias) + _tanh(h @ w_h)


def _state_ignored(x, h, kernel, bias):
    return _tanh(x @ _split(x, kernel)[0] + bias)


def _transposed(x, h, kernel, bias):
    w_x, w_h = _split(x, kernel)
    return _tanh(x @ w_x + h @ w_h.T + bias)


EXERCISES = (
    Exercise(
        name="rnn.predict",
        title="Predict the shapes of an RNN",
        difficulty=1,
        minutes=4,
        statement="A BasicRNNCell with `hidden_size` units reads `inputs: [batch, time, input]`. From the four sizes "
        "`batch, time, input_size, hidden_size` return four shapes as tuples: of the kernel, of the bias, of the outputs "
        "of all steps (batch-major), and of the final state.",
        solution=predict_shapes,
        reason="The kernel meets `[x, h]`, which is input + hidden wide, and makes the new h. Weights know neither batch nor "
        "time: the same ones serve every example at every step. There is an output for each step, but only one final state.",
        cases=(lambda rng: (4, 3, 7, 5), lambda rng: (100, 28, 27, 64), lambda rng: (1, 6, 2, 3)),
        results=("kernel", "bias", "outputs", "final_state"),
        backends=("numpy",),
        dtypes=("float64",),
        mistakes=(
            Mistake(
                "no rows for the state",
                lambda b, t, i, h: ((i, h), (h,), (b, t, h), (b, h)),
                "Your kernel has rows for x alone. What else goes into the product at every step?",
            ),
            Mistake(
                "transposed kernel",
                lambda b, t, i, h: ((h, i + h), (h,), (b, t, h), (b, h)),
                "Your kernel is [output, input], as Torch stores it. Here it stands to the right of `[x, h] @`: what do its rows meet?",
            ),
            Mistake(
                "one kernel a step",
                lambda b, t, i, h: ((t, i + h, h), (h,), (b, t, h), (b, h)),
                "You gave each time step a kernel of its own. How could such a cell read a longer sequence?",
            ),
            Mistake(
                "time-major outputs",
                lambda b, t, i, h: ((i + h, h), (h,), (t, b, h), (b, h)),
                "Your outputs are time-major. Which axis comes first in a batch-major array?",
            ),
            Mistake(
                "time in the final state",
                lambda b, t, i, h: ((i + h, h), (h,), (b, t, h), (b, t, h)),
                "Your final state still has a time axis. How many steps' worth of h does the cell hold when it has finished?",
            ),
            Mistake(
                "only the last output",
                lambda b, t, i, h: ((i + h, h), (h,), (b, h), (b, h)),
                "You kept the output of one step. How many outputs has a sequence of `time` steps?",
            ),
            Mistake(
                "a bias for every row",
                lambda b, t, i, h: ((i + h, h), (i + h,), (b, t, h), (b, h)),
                "Your bias has a number for every row of the kernel. What is it added to: what goes into the product, or what comes out?",
            ),
            Mistake(
                "outputs as wide as the input",
                lambda b, t, i, h: ((i + h, h), (h,), (b, t, i), (b, h)),
                "Your outputs are as wide as x. What does the cell put out at a step, and how many units make it?",
            ),
        ),
        hints=(
            "Which of the four depend on the batch, and which on time? The weights are made before anyone knows either.",
            "At one step the cell multiplies `[x, h]`, the input and the state side by side, by the kernel. How wide is that?",
            "Outputs: one vector of `hidden_size` numbers for each example and step. Final state: one for each example.",
        ),
    ),
    Exercise(
        name="rnn.count",
        title="Count the parameters of an RNN",
        difficulty=1,
        minutes=4,
        statement="Return how many numbers a BasicRNNCell learns, from `time`, the number of steps it will run over, "
        "`input_size` and `hidden_size`. For (3, 3, 5) it is 45.",
        solution=count_parameters,
        reason="A kernel `[input + hidden, hidden]` and a bias `[hidden]`. Time does not enter: every step uses the same weights.",
        cases=(lambda rng: (3, 28, 64), lambda rng: (28, 7, 5), lambda rng: (4, 1, 2)),
        results=("count",),
        backends=("numpy",),
        dtypes=("float64",),
        mistakes=(
            Mistake(
                "bias forgotten",
                lambda time, i, h: (i + h) * h,
                "That is the kernel alone. What is added after the product?",
            ),
            Mistake(
                "two biases",
                lambda time, i, h: (i + h) * h + 2 * h,
                "You counted two biases, as Torch's `nn.RNN` has them. How many does one product of `[x, h]` with one kernel need?",
            ),
            Mistake(
                "state's weights forgotten",
                lambda time, i, h: i * h + h,
                "That is a dense layer on x. Where are the weights that the old state is multiplied by?",
            ),
            Mistake(
                "weights for every step",
                lambda time, i, h: time * ((i + h) * h + h),
                "You counted new weights for each step. What does the unrolled picture say about the copies of the cell?",
            ),
            Mistake(
                "four blocks",
                lambda time, i, h: 4 * ((i + h) * h + h),
                "That is the count of an LSTM. How many matrices like this one does the basic cell have?",
            ),
            Mistake(
                "a bias for every row",
                lambda time, i, h: (i + h) * h + i + h,
                "You gave every row of the kernel a bias. How many numbers come out of the product, and what is added to each?",
            ),
        ),
        hints=(
            "Write down the shapes of the kernel and of the bias first; `rnn.predict` asks for them.",
            "A matrix holds rows · columns numbers, and one of the three arguments is there to lead you astray.",
        ),
    ),
    Exercise(
        name="rnn.outputs_vs_state",
        title="The final state, from the outputs",
        difficulty=1,
        minutes=3,
        statement="From the `outputs: [batch, time, hidden]` of a BasicRNNCell (no row is padded) return its final state `[batch, hidden]`.",
        solution=final_state,
        reason="A BasicRNNCell's output is its state, so the final state is the output of the last step. Padded rows and other cells "
        "are another matter.",
        cases=(_outputs(4, 6, 3), _outputs(2, 5, 7), _outputs(3, 1, 4), _outputs(1, 3, 2)),
        results=("[batch, hidden]",),
        mistakes=(
            Mistake(
                "last example",
                lambda outputs: outputs[-1, :, :],
                "That is everything the last example of the batch put out. Which axis is time?",
            ),
            Mistake(
                "first step",
                lambda outputs: outputs[:, 0, :],
                "That is the state after the first step. Which step is the final one?",
            ),
            Mistake(
                "every step",
                lambda outputs: outputs.reshape(outputs.shape[0], -1),
                "You put the outputs of all steps side by side. Which of them does the cell still hold at the end?",
            ),
            Mistake(
                "mean over time",
                lambda outputs: array_namespace(outputs).mean(outputs, axis=1),
                "You averaged over the steps. Is a state a summary made afterwards, or one of the values on the way?",
            ),
            Mistake(
                "time axis kept",
                lambda outputs: outputs[:, -1:, :],
                "The right step, but with a time axis of size 1. Does a state have one?",
            ),
            Mistake(
                "last unit",
                lambda outputs: outputs[:, :, -1],
                "That is one unit at all steps. You want all units at one step: which axis is which?",
            ),
            Mistake(
                "one step too early",
                lambda outputs: outputs[:, max(outputs.shape[1] - 2, 0), :],
                "That is the state before the last step. If steps are counted from 0, what is the number of the last one?",
            ),
            Mistake(
                "last step of the last example",
                lambda outputs: outputs[-1, -1, :],
                "That is the final state of one example. What became of the others of the batch?",
            ),
        ),
        hints=(
            "The output of a BasicRNNCell is its new state. After which step is the state final?",
            "One index in the middle, and everything along the two other axes.",
        ),
    ),
    Exercise(
        name="rnn.step",
        title="One step of a BasicRNNCell",
        difficulty=2,
        minutes=8,
        statement="From `x: [batch, input]`, the old state `h: [batch, hidden]`, `kernel: [input+hidden, hidden]` and "
        "`bias: [hidden]` return the new state `[batch, hidden]`, with tanh. The first rows of the kernel belong to x.",
        solution=rnn_step,
        reason="An RNN is a dense layer whose input also holds its own previous state: put x and h side by side, multiply once, "
        "add the bias, then one tanh over the sum. The result is the output and the new state at the same time.",
        cases=(_step(4, 3, 5), _step(3, 7, 2), _step(1, 2, 3), _step(6, 4, 3, huge=True)),
        results=("new_h: [batch, hidden]",),
        laws=("rows",),
        mistakes=(
            Mistake(
                "h before x",
                lambda x, h, kernel, bias: _tanh(_affine(h, x, kernel, bias)),
                "You put the state before the input. The shapes allow it: which of the two do the first rows of the kernel belong to?",
            ),
            Mistake(
                "sum of two tanh",
                _sum_of_two_tanh,
                "You apply tanh to x's part and to h's part and add afterwards. How large can such a sum get, and how large a tanh?",
            ),
            Mistake(
                "sigmoid for tanh",
                lambda x, h, kernel, bias: sigmoid(_affine(x, h, kernel, bias)),
                "Your new state lies between 0 and 1. Which activation does this cell have, and what range has it?",
            ),
            Mistake(
                "no activation",
                _affine,
                "You return the pre-activation. What keeps a state bounded over a thousand steps?",
            ),
            Mistake(
                "state ignored",
                _state_ignored,
                "The old state has no influence on your result. How would this cell know what it read before?",
            ),
            Mistake(
                "transposed kernel",
                _transposed,
                "The state's square part of the kernel is transposed, as if it were Torch's `weight_hh`. What do its rows stand for here?",
            ),
            Mistake(
                "bias twice",
                lambda x, h, kernel, bias: _tanh(_affine(x, h, kernel, bias) + bias),
                "The bias is in your sum twice, once with x and once with h. How many biases has this cell?",
            ),
            Mistake(
                "bias after tanh",
                lambda x, h, kernel, bias: _tanh(_affine(x, h, kernel, 0 * bias)) + bias,
                "Some of your states lie outside of -1 to 1, and no tanh does. What do you still add when it is over?",
            ),
            Mistake(
                "bias forgotten",
                lambda x, h, kernel, bias: _tanh(_affine(x, h, kernel, 0 * bias)),
                "One of the four arguments makes no difference to your result. Which?",
            ),
        ),
        hints=(
            "It is a dense layer. Only its input is unusual: which two arrays does it consist of, and in which order?",
            "Put x and h side by side along the axis that is not the batch; the kernel has just as many rows.",
            "One concatenation, one product, one sum, one tanh around all of it.",
        ),
    ),
)
