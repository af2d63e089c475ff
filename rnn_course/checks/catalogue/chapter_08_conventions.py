"""Exercises of chapter 08, a memory that adds: where the forget bias lives, the first weights, and other libraries' layouts."""

import numpy as np

from rnn_course.arrays import array_namespace
from rnn_course.checks.catalogue.chapter_08 import blocks
from rnn_course.checks.catalogue.random_cells import lstm_state
from rnn_course.checks.exercise import Exercise, Mistake


def fold_forget_bias(bias, forget_bias):
    xp = array_namespace(bias)
    n = bias.shape[0] // 4
    return xp.concat([bias[: 2 * n], bias[2 * n : 3 * n] + forget_bias, bias[3 * n :]])


def initial_weights(input_size, hidden_size, rng):
    rows, columns = input_size + hidden_size, 4 * hidden_size
    limit = np.sqrt(6 / (rows + columns))
    kernel = rng.uniform(-limit, limit, (rows, columns))
    bias = np.zeros(columns)
    bias[2 * hidden_size : 3 * hidden_size] = 1.0
    return kernel, bias


def reorder_gates(kernel, order):
    n = kernel.shape[1] // 4
    blocks = {gate: kernel[:, k * n : (k + 1) * n] for k, gate in enumerate(order)}
    return array_namespace(kernel).concat([blocks[gate] for gate in "ijfo"], axis=1)


def concat_state(state):
    return array_namespace(state.c).concat([state.c, state.h], axis=1)


def _bias(hidden_size, forget_bias):
    return lambda rng: (rng.standard_normal(4 * hidden_size), forget_bias)


def _sizes(input_size, hidden_size):
    return lambda rng: (input_size, hidden_size, rng)


def _kernel(rows, hidden_size, order):
    return lambda rng: (rng.standard_normal((rows, 4 * hidden_size)), order)


def _state(batch, hidden_size):
    return lambda rng: (lstm_state(rng, batch, hidden_size),)


def _shifted(*places, times=1.0):
    """The bias with `times * forget_bias` added to the blocks at these places."""

    def answer(bias, forget_bias):
        n = bias.shape[0] // 4
        parts = [bias[k * n : (k + 1) * n] + (times * forget_bias if k in places else 0) for k in range(4)]
        return array_namespace(bias).concat(parts)

    return answer


def _overwritten(bias, forget_bias):
    n = bias.shape[0] // 4
    return array_namespace(bias).concat([bias[: 2 * n], 0 * bias[:n] + forget_bias, bias[3 * n :]])


def _in_place(bias, forget_bias):
    n = bias.shape[0] // 4
    bias[2 * n : 3 * n] += forget_bias
    return bias


def _first_weights(fans=lambda i, h: i + 5 * h, place: int | None = 2, rng=None, draw=None):
    """`initial_weights` with other fans, another block for the forget bias, another generator or distribution."""

    def answer(input_size, hidden_size, given):
        shape = (input_size + hidden_size, 4 * hidden_size)
        limit = np.sqrt(6 / fans(input_size, hidden_size))
        generator = given if rng is None else np.random.default_rng(rng)
        kernel = draw(generator, limit, shape) if draw else generator.uniform(-limit, limit, shape)
        bias = np.zeros((4, hidden_size))
        if place is not None:
            bias[place] = 1.0
        return kernel, bias.reshape(-1)

    return answer


def _scattered(kernel, order):
    """The blocks sent where they came from, instead of fetched from there."""
    n = kernel.shape[1] // 4
    return array_namespace(kernel).concat(
        [kernel[:, k * n : (k + 1) * n] for k in ("ijfo".index(gate) for gate in order)], axis=1
    )


def _every_fourth(kernel, order):
    return array_namespace(kernel).concat([kernel[:, order.index(gate) :: 4] for gate in "ijfo"], axis=1)


def _alphabetical(kernel, order):
    i, j, f, o = blocks(kernel, order)
    return array_namespace(kernel).concat([f, i, j, o], axis=1)


EXERCISES = (
    Exercise(
        name="lstm.forget_bias",
        title="Fold the forget bias into the bias",
        difficulty=2,
        minutes=6,
        statement="TensorFlow 1 adds the number `forget_bias` to f at every step. Return a bias `[4*hidden]` that makes this needless: "
        "a step with it, and nothing added, gives the same result. `bias: [4*hidden]` holds the blocks i, j, f, o.",
        solution=fold_forget_bias,
        reason="z = [x, h] @ kernel + bias, so what is added to f at every step may as well be added once, to the third block of the bias. "
        "Only this block changes.",
        cases=(_bias(5, 1.0), _bias(3, 2.5), _bias(1, 1.0), _bias(2, -0.5)),
        results=("[4*hidden]",),
        mistakes=(
            Mistake(
                "forgotten",
                _shifted(),
                "Your bias is the old one. TensorFlow 1 starts with 0 there: what would a fresh cell do to its memory if nothing were added?",
            ),
            Mistake(
                "second block",
                _shifted(1),
                "You added it to the second block. There is the forget gate in Torch and Keras: what stands there in this course?",
            ),
            Mistake(
                "last block",
                _shifted(3),
                "You opened the output gate: the last block changed. Which letter of i, j, f, o is meant?",
            ),
            Mistake(
                "every block",
                _shifted(0, 1, 2, 3),
                "You shifted the whole bias. How many of the four blocks belong to the forget gate?",
            ),
            Mistake(
                "twice",
                _shifted(2, times=2.0),
                "The right block moved twice as far as it should. How often is `forget_bias` added in one step?",
            ),
            Mistake(
                "overwritten",
                _overwritten,
                "You put `forget_bias` in the place of what was learned there. What should become of the old numbers?",
            ),
            Mistake(
                "in place",
                _in_place,
                "The numbers are right, but you wrote them into the caller's bias. What happens when your function is called twice?",
            ),
        ),
        hints=(
            "Write z down as a sum: product, bias, and for one block `forget_bias`. Which two of these can be added beforehand?",
            "The bias has four blocks of the same width. Only one changes; which one is f, counted from 0?",
            "Make a new array of three pieces: what stands before the block, the block with the number added, what stands behind it.",
        ),
    ),
    Exercise(
        name="lstm.initial_weights",
        title="The first weights of an LSTM",
        difficulty=3,
        minutes=10,
        statement="Return a first kernel `[input+hidden, 4*hidden]` and bias `[4*hidden]` as TensorFlow 1 would: the kernel in one draw from "
        "`rng.uniform`, within ±√(6 / (rows + columns)) of the whole matrix; a bias of 0, but 1 for the forget gate. `rng` is a "
        "`np.random.Generator`; the blocks are i, j, f, o.",
        solution=initial_weights,
        reason="Glorot's rule sees the kernel as one matrix: fan_in = input + hidden, fan_out = 4 · hidden. A forget bias of 1 opens the "
        "forget gate, so that a fresh cell remembers. Numbers come from the generator handed in, or a seed would not make them repeatable.",
        cases=(_sizes(3, 5), _sizes(28, 6), _sizes(1, 2)),
        results=("kernel: [input+hidden, 4*hidden]", "bias: [4*hidden]"),
        backends=("numpy",),
        dtypes=("float64",),
        mistakes=(
            Mistake(
                "columns of one gate",
                _first_weights(fans=lambda i, h: i + 2 * h),
                "Your limit is that of a kernel for one gate. How many columns has the matrix that you draw?",
            ),
            Mistake(
                "rows of x alone",
                _first_weights(fans=lambda i, h: i + 4 * h),
                "Your limit forgets that the state has rows in the kernel, too. How many rows are there?",
            ),
            Mistake(
                "normal for uniform",
                _first_weights(draw=lambda rng, limit, shape: rng.normal(0, limit / np.sqrt(3), shape)),
                "Your numbers come from a bell curve of the same width. Which distribution is asked for?",
            ),
            Mistake(
                "forget bias forgotten",
                _first_weights(place=None),
                "Your bias is 0 everywhere. Which gate should stand open at the beginning?",
            ),
            Mistake(
                "forget bias in the second block",
                _first_weights(place=1),
                "Your second block is 1. That would be the forget gate in Torch and Keras: what is it here?",
            ),
            Mistake(
                "global generator",
                _first_weights(draw=lambda rng, limit, shape: np.random.uniform(-limit, limit, shape)),  # noqa: NPY002  the mistake
                "You drew from NumPy's global generator, which every other piece of code may have moved on. What was handed in to draw from?",
            ),
            Mistake(
                "a generator of its own",
                _first_weights(rng=0),
                "You made a generator with a seed of your own: every cell would get the same weights. What was `rng` handed in for?",
            ),
            Mistake(
                "rows alone",
                _first_weights(fans=lambda i, h: i + h),
                "Your limit knows the rows only. What else does Glorot's rule look at?",
            ),
        ),
        hints=(
            "Start with the shapes: rows and columns of the kernel give you the limit.",
            "The rows serve x and h, the columns all four blocks. Draw the whole matrix at once.",
            "Start the bias with zeros of the full width; then fill one block, the third.",
        ),
    ),
    Exercise(
        name="lstm.reorder_gates",
        title="A kernel from another library",
        difficulty=3,
        minutes=10,
        statement='`kernel: [rows, 4*hidden]` holds the blocks in the order that the word `order` spells: "ifjo" for Torch and Keras, "iofj" for ONNX, '
        "or any other order of the letters i, j, f, o. Return the kernel with its blocks in this course's order.",
        solution=reorder_gates,
        reason="`order` says where each block is: fetch i from its place, then j, f and o. The columns inside a block keep their order, "
        "and so do the rows. (Torch writes g and Keras c where this course writes j.)",
        cases=(
            _kernel(3, 5, "ifjo"),
            _kernel(4, 2, "iofj"),
            _kernel(5, 3, "fijo"),
            _kernel(2, 1, "jofi"),
            _kernel(2, 3, "ijfo"),
        ),
        results=("[row, 4*hidden]",),
        mistakes=(
            Mistake(
                "unchanged",
                lambda kernel, order: reorder_gates(kernel, "ijfo"),
                "Your columns are where they were. What does `order` say about the second block?",
            ),
            Mistake(
                "sent instead of fetched",
                _scattered,
                "You read `order` the wrong way round: it works where two blocks only change places. Does the first letter say what stands first now, "
                "or where the first block should go?",
            ),
            Mistake(
                "always from Torch",
                lambda kernel, order: reorder_gates(kernel, "ifjo"),
                "You always exchange the second and the third block. That is right for Torch and Keras; what about ONNX?",
            ),
            Mistake(
                "always from ONNX",
                lambda kernel, order: reorder_gates(kernel, "iofj"),
                "You always exchange the second and the fourth block. That is right for ONNX; what about Torch?",
            ),
            Mistake(
                "every fourth column",
                _every_fourth,
                "You took every fourth column for a block. How do the columns of one gate lie?",
            ),
            Mistake(
                "alphabetical",
                _alphabetical,
                "Your blocks are in another order than this course's. Which letter comes second here, and which third?",
            ),
        ),
        hints=(
            "Cut the kernel into four blocks first. Which letter does each of them belong to?",
            '`order.index("j")` says at which place the candidate stands.',
            "Collect the blocks by letter, then put them side by side in the order i, j, f, o.",
        ),
    ),
    Exercise(
        name="lstm.concat_state",
        title="A state in one array",
        difficulty=1,
        minutes=4,
        statement="From `state`, an LSTMStateTuple with `c` and `h` `[batch, hidden]`, return the one array `[batch, 2*hidden]` that TensorFlow 1 "
        "used before it had state tuples: c, then h.",
        solution=concat_state,
        reason="Side by side means along axis 1: each example keeps its row. The order is TensorFlow's, c before h; Torch and Keras write (h, c), so read "
        "the parts by name.",
        cases=(_state(4, 3), _state(2, 5), _state(1, 3)),
        results=("[batch, 2*hidden]",),
        blocks=("c", "h"),
        mistakes=(
            Mistake(
                "h before c",
                lambda state: concat_state(state._replace(c=state.h, h=state.c)),
                "You put h first, as Torch and Keras write a state. What comes first in TensorFlow 1?",
            ),
            Mistake(
                "below each other",
                lambda state: array_namespace(state.c).concat([state.c, state.h], axis=0),
                "You doubled the batch: the rows of h stand below those of c. Which axis should grow?",
            ),
            Mistake(
                "a new axis",
                lambda state: array_namespace(state.c).stack([state.c, state.h], axis=1),
                "You made a new axis of size 2. How many axes has [batch, 2*hidden]?",
            ),
            Mistake(
                "alternating",
                lambda state: array_namespace(state.c).stack([state.c, state.h], axis=2).reshape(len(state.c), -1),
                "The units of c and h alternate in your rows. Should one state come whole before the other begins?",
            ),
            Mistake(
                "h twice",
                lambda state: concat_state(state._replace(c=state.h)),
                "Both halves of your array are h. Where is the memory?",
            ),
        ),
        hints=(
            "Which axis grows from hidden to 2 · hidden?",
            "Concatenate along that axis, and take the two arrays by their names in the state.",
        ),
    ),
)
