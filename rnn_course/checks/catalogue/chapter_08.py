"""Exercises of chapter 08, a memory that adds: the shapes of an LSTMCell, its gates, and what they do to it."""

import numpy as np

from rnn_course.activations import sigmoid
from rnn_course.arrays import array_namespace
from rnn_course.checks.exercise import Exercise, Mistake

HUGE = 1e4  # a pre-activation that saturates every gate


def predict_shapes(batch, input_size, hidden_size):
    kernel = (input_size + hidden_size, 4 * hidden_size)
    bias = (4 * hidden_size,)
    i = (batch, hidden_size)
    c = (batch, hidden_size)
    return kernel, bias, i, c


def count_parameters(input_size, hidden_size):
    return 4 * hidden_size * (input_size + hidden_size + 1)


def split_gates(z):
    xp = array_namespace(z)

    def sigmoid(a):
        return 0.5 * xp.tanh(0.5 * a) + 0.5  # 1 / (1 + exp(-a)) without an exponential that could overflow

    n = z.shape[1] // 4
    i, j, f, o = (z[:, k * n : (k + 1) * n] for k in range(4))  # each [batch, hidden]
    return sigmoid(i), xp.tanh(j), sigmoid(f), sigmoid(o)


def new_memory(c, i, j, f, forget_bias):
    return sigmoid(f + forget_bias) * c + sigmoid(i) * array_namespace(c).tanh(j)


def random_weights(rng, rows, hidden_size, huge=False):
    bias = (
        rng.permutation(np.resize([HUGE, -HUGE], 4 * hidden_size))
        if huge
        else 0.5 * rng.standard_normal(4 * hidden_size)
    )
    return 0.5 * rng.standard_normal((rows, 4 * hidden_size)), bias


def _pre_activations(batch, hidden_size, huge=False):
    scale = HUGE if huge else 1.0
    return lambda rng: (scale * rng.standard_normal((batch, 4 * hidden_size)),)


def _memory(batch, hidden_size, forget_bias, huge=False):
    def case(rng):
        draw = [rng.standard_normal((batch, hidden_size)) for _ in range(4)]
        return draw[0], *((HUGE if huge else 1.0) * part for part in draw[1:]), forget_bias

    return case


def blocks(z, order):
    """The four blocks of `z`, which stand in the order named, as i, j, f, o."""
    n = z.shape[1] // 4
    found = {gate: z[:, k * n : (k + 1) * n] for k, gate in enumerate(order)}
    return [found[gate] for gate in "ijfo"]


def _tanh(x):
    return array_namespace(x).tanh(x)


def _overflowing(x):
    xp = array_namespace(x)
    return xp.exp(x) / (1 + xp.exp(x))


def _gates(order="ijfo", gate=sigmoid, candidate=_tanh, forget_bias=0.0):
    """`split_gates` with another order of the blocks, other functions, or a forget bias on top."""

    def answer(z):
        i, j, f, o = blocks(z, order)
        return gate(i), candidate(j), gate(f + forget_bias), gate(o)

    return answer


def _interleaved(z):
    return sigmoid(z[:, 0::4]), _tanh(z[:, 1::4]), sigmoid(z[:, 2::4]), sigmoid(z[:, 3::4])


EXERCISES = (
    Exercise(
        name="lstm.predict",
        title="Predict the shapes of an LSTM",
        difficulty=1,
        minutes=4,
        statement="An LSTMCell with `hidden_size` units reads one step, x `[batch, input]`. From `batch, input_size, hidden_size` return four "
        "shapes as tuples: of the kernel, of the bias, of i (what the input gate is computed from) and of the memory c.",
        solution=predict_shapes,
        reason="One product serves four gates, so kernel and bias are four times as wide as in a basic cell. i, j, f and o are the pieces of its "
        "result, one number for each example and unit; the weights are the kernel. c is as wide as h.",
        cases=(lambda rng: (4, 3, 5), lambda rng: (100, 28, 64), lambda rng: (1, 2, 7)),
        results=("kernel", "bias", "i", "c"),
        backends=("numpy",),
        dtypes=("float64",),
        mistakes=(
            Mistake(
                "one gate only",
                lambda b, i, h: ((i + h, h), (h,), (b, h), (b, h)),
                "Those are the weights of a basic cell. How many blocks does one product of an LSTM have to fill?",
            ),
            Mistake(
                "four times the rows",
                lambda b, i, h: ((4 * (i + h), h), (4 * h,), (b, h), (b, h)),
                "You put the four blocks below each other in the kernel. Along which axis does the result of a product grow?",
            ),
            Mistake(
                "transposed kernel",
                lambda b, i, h: ((4 * h, i + h), (4 * h,), (b, h), (b, h)),
                "Your kernel is [output, input], Torch's way. Here it stands to the right of `[x, h] @`: what do its rows meet?",
            ),
            Mistake(
                "i taken for weights",
                lambda b, i, h: ((i + h, 4 * h), (4 * h,), (i + h, h), (b, h)),
                "You gave i the shape of a weight matrix. Is i learned once, or computed anew for every example?",
            ),
            Mistake(
                "c and h in one",
                lambda b, i, h: ((i + h, 4 * h), (4 * h,), (b, h), (b, 2 * h)),
                "You gave c the width of c and h together. How wide is the memory on its own?",
            ),
            Mistake(
                "two biases",
                lambda b, i, h: ((i + h, 4 * h), (8 * h,), (b, h), (b, h)),
                "You made room for two biases, as Torch has them. How many products are there to add a bias to?",
            ),
            Mistake(
                "no rows for the state",
                lambda b, i, h: ((i, 4 * h), (4 * h,), (b, h), (b, h)),
                "Your kernel has rows for x alone. What else goes into the product at every step?",
            ),
            Mistake(
                "three blocks",
                lambda b, i, h: ((i + h, 3 * h), (3 * h,), (b, h), (b, h)),
                "You made room for the three gates. What else is computed from x and h, with weights of its own?",
            ),
        ),
        hints=(
            "Which of the four are learned and which are computed? Only what is computed knows the batch.",
            "A basic cell's kernel is [input + hidden, hidden]. An LSTM does the work of four such cells in one product.",
            "The product is [batch, 4 · hidden] wide, and i is one of its four pieces.",
        ),
    ),
    Exercise(
        name="lstm.count",
        title="Count the parameters of an LSTM",
        difficulty=1,
        minutes=4,
        statement="Return how many numbers an LSTMCell of this course learns, from `input_size` and `hidden_size`.",
        solution=count_parameters,
        reason="Four blocks, each with a row for every input, every unit of the old state, and the bias. For 3 inputs and 5 units that is 180; "
        "Torch's `nn.LSTM(3, 5)` has 200, because it keeps two biases that are only ever added.",
        cases=(lambda rng: (3, 5), lambda rng: (28, 64), lambda rng: (1, 2), lambda rng: (128, 100)),
        results=("count",),
        backends=("numpy",),
        dtypes=("float64",),
        mistakes=(
            Mistake(
                "bias forgotten",
                lambda i, h: 4 * h * (i + h),
                "That is the kernel alone. What is added after the product?",
            ),
            Mistake(
                "two biases",
                lambda i, h: 4 * h * (i + h + 2),
                "You counted two biases, as Torch's `nn.LSTM` has them. How many does this course's cell keep?",
            ),
            Mistake(
                "one block",
                lambda i, h: h * (i + h + 1),
                "That is the count of a basic cell. How many blocks of that size has an LSTM?",
            ),
            Mistake(
                "three gates",
                lambda i, h: 3 * h * (i + h + 1),
                "You counted the three gates. What else is computed from x and h, with weights of its own?",
            ),
            Mistake(
                "state's weights forgotten",
                lambda i, h: 4 * h * (i + 1),
                "You counted the weights for x. Where are those for the old h?",
            ),
            Mistake(
                "rows for the memory",
                lambda i, h: 4 * h * (i + 2 * h + 1),
                "You gave the kernel rows for c as well. Does the memory go into the product?",
            ),
        ),
        hints=(
            "Write down the shapes of the kernel and of the bias; `lstm.predict` asks for them.",
            "Rows · columns for the kernel, and one number a column for the bias.",
        ),
    ),
    Exercise(
        name="lstm.split_gates",
        title="From one product to four gates",
        difficulty=2,
        minutes=8,
        statement="Cut `z: [batch, 4*hidden]`, the result of the one product with its bias, into the pre-activations i, j, f, o in this order, "
        "and return input gate, candidate, forget gate and output gate, each `[batch, hidden]`. Pre-activations may be as large as ±10,000.",
        solution=split_gates,
        reason="A gate says how much passes, from 0 to 1, so it is a sigmoid; the candidate is new content, from −1 to 1, so it is a tanh. "
        "Written with tanh, the sigmoid has no exponential that could overflow.",
        cases=(
            _pre_activations(3, 5),
            _pre_activations(5, 2),
            _pre_activations(1, 3),
            _pre_activations(4, 3, huge=True),
        ),
        results=("i: [batch, hidden]", "j: [batch, hidden]", "f: [batch, hidden]", "o: [batch, hidden]"),
        laws=("rows",),
        mistakes=(
            Mistake(
                "Torch's and Keras's order",
                _gates(order="ifjo"),
                "You read the blocks as Torch and Keras store them, with the forget gate second. Which block stands second in this course?",
            ),
            Mistake(
                "ONNX's order",
                _gates(order="iofj"),
                "You read the blocks as ONNX stores them, with the output gate second. Say this course's four letters aloud: what comes last?",
            ),
            Mistake(
                "every fourth column",
                _interleaved,
                "You took every fourth column. Do the columns of one gate stand apart or side by side?",
            ),
            Mistake(
                "sigmoid and tanh exchanged",
                _gates(gate=_tanh, candidate=sigmoid),
                "Your gates run from −1 to 1 and your candidate from 0 to 1. Which of them says how much passes, which one what is new?",
            ),
            Mistake(
                "sigmoid for all four",
                _gates(candidate=sigmoid),
                "All your four results are positive. Could such a cell ever take something off its memory?",
            ),
            Mistake(
                "the exponential overflows",
                _gates(gate=_overflowing),
                "Large pre-activations give NaN: your sigmoid divides infinity by infinity. How can it be written without a growing exponential?",
            ),
            Mistake(
                "forget bias once more",
                _gates(forget_bias=1.0),
                "You add 1 to the forget gate. z comes with its bias: where did this course put the forget bias?",
            ),
            Mistake(
                "tanh for all four",
                _gates(gate=_tanh),
                "Your gates can be negative. What would a gate of −1 do to what passes it?",
            ),
            Mistake(
                "candidate without tanh",
                _gates(candidate=lambda j: 1 * j),
                "Your candidate is the bare pre-activation. Between which bounds should it lie?",
            ),
            Mistake(
                "nothing squeezed",
                lambda z: tuple(1 * block for block in blocks(z, "ijfo")),
                "You return the four pre-activations. What makes gates and a candidate of them?",
            ),
        ),
        hints=(
            "How wide is one block? The four stand side by side, and each keeps the whole batch.",
            "Three of them are gates and get a sigmoid; one is content and gets a tanh. Which block is that one?",
            "If exp overflows, think of a function with the same S shape that never does, and of how to shift and squeeze it.",
        ),
    ),
    Exercise(
        name="lstm.memory",
        title="A memory that adds",
        difficulty=2,
        minutes=6,
        statement="From the old memory `c` and the pre-activations `i, j, f`, all `[batch, hidden]`, return the new memory `[batch, hidden]`. "
        "As in TensorFlow 1, the number `forget_bias` is added to f before its gate is computed.",
        solution=new_memory,
        reason="What is kept, σ(f + forget_bias) · c, and what is new, σ(i) · tanh(j), are added. With forget_bias = 1 a fresh cell keeps "
        "about 73 % of its memory at each step instead of half.",
        cases=(_memory(3, 5, 1.0), _memory(4, 2, 2.5), _memory(1, 3, 1.0), _memory(2, 3, 1.0, huge=True)),
        results=("new_c: [batch, hidden]",),
        mistakes=(
            Mistake(
                "forget bias forgotten",
                lambda c, i, j, f, bias: new_memory(c, i, j, f, 0.0),
                "`forget_bias` makes no difference in your answer. Which gate does it belong to?",
            ),
            Mistake(
                "forget bias outside the gate",
                lambda c, i, j, f, bias: (sigmoid(f) + bias) * c + sigmoid(i) * _tanh(j),
                "You add the forget bias to the gate itself, which then lets more than everything pass. Where can it be added so that "
                "the gate stays below 1?",
            ),
            Mistake(
                "forget bias at the input gate",
                lambda c, i, j, f, bias: new_memory(c, i + bias, j, f, 0.0),
                "You open the input gate with the forget bias. Which gate decides what becomes of the old memory?",
            ),
            Mistake(
                "forget bias twice",
                lambda c, i, j, f, bias: new_memory(c, i, j, f, 2 * bias),
                "The forget bias is in your sum twice. Was it in f before?",
            ),
            Mistake(
                "old memory dropped",
                lambda c, i, j, f, bias: sigmoid(i) * _tanh(j),
                "Your new memory consists of what is new. What became of the old one?",
            ),
            Mistake(
                "input and forget gate exchanged",
                lambda c, i, j, f, bias: sigmoid(i) * c + sigmoid(f + bias) * _tanh(j),
                "Your input gate decides what is kept, and your forget gate what is new. What are they called after?",
            ),
            Mistake(
                "candidate without tanh",
                lambda c, i, j, f, bias: sigmoid(f + bias) * c + sigmoid(i) * j,
                "Your candidate is the bare pre-activation. What keeps one step from adding 10,000 to the memory?",
            ),
            Mistake(
                "candidate not gated",
                lambda c, i, j, f, bias: sigmoid(f + bias) * c + _tanh(j),
                "Your candidate is written down whole. Which gate says how much of it?",
            ),
            Mistake(
                "memory squeezed",
                lambda c, i, j, f, bias: _tanh(new_memory(c, i, j, f, bias)),
                "You squeeze the new memory. What becomes of a number that goes through a tanh at every step?",
            ),
            Mistake(
                "what is forgotten",
                lambda c, i, j, f, bias: (1 - sigmoid(f + bias)) * c + sigmoid(i) * _tanh(j),
                "You keep what the forget gate lets go. Does an open forget gate keep or forget?",
            ),
            Mistake(
                "gates not squeezed",
                lambda c, i, j, f, bias: (f + bias) * c + i * _tanh(j),
                "Your gates are bare pre-activations. What makes a share from 0 to 1 of such a number?",
            ),
        ),
        hints=(
            "Two products are added: a part of the old memory, and a part of something new.",
            "Gates are sigmoids, new content is a tanh. Which gate multiplies c, which one the candidate?",
            "`forget_bias` shifts a pre-activation, so it stands inside a sigmoid.",
        ),
    ),
)
