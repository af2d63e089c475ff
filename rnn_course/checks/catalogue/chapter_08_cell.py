"""The exercise of chapter 08 in which all comes together: one step of an LSTM."""

from rnn_course.activations import sigmoid
from rnn_course.arrays import array_namespace
from rnn_course.cells import LSTMStateTuple
from rnn_course.checks.catalogue.chapter_08 import blocks, random_weights
from rnn_course.checks.catalogue.random_cells import lstm_state
from rnn_course.checks.exercise import Exercise, Mistake


def lstm_step(x, state, kernel, bias):
    xp = array_namespace(x)
    z = xp.concat([x, state.h], axis=1) @ kernel + bias  # [batch, 4*hidden]
    n = z.shape[1] // 4
    i, j, f, o = (z[:, k * n : (k + 1) * n] for k in range(4))  # each [batch, hidden]
    c = sigmoid(f) * state.c + sigmoid(i) * xp.tanh(j)
    h = sigmoid(o) * xp.tanh(c)
    return LSTMStateTuple(c=c, h=h)


def _step(batch, input_size, hidden_size, huge=False):
    return lambda rng: (
        rng.standard_normal((batch, input_size)),
        lstm_state(rng, batch, hidden_size),
        *random_weights(rng, input_size + hidden_size, hidden_size, huge),
    )


def _tanh(x):
    return array_namespace(x).tanh(x)


def _wrong_step(
    order="ijfo",
    product=None,
    output=_tanh,
    read=lambda old, new: new,
    forget_bias=0.0,
    swap=False,
    candidate=_tanh,
    gate=sigmoid,
    bias_used=1,
    squeeze=lambda c: c,
):
    """One step with other blocks, another product, another read-out, c and h swapped, or a part left out."""

    def answer(x, state, kernel, bias):
        left, right = (x, state.h) if product is None else product(x, state)
        z = array_namespace(x).concat([left, right], axis=1) @ kernel + bias_used * bias
        i, j, f, o = blocks(z, order)
        c = sigmoid(f + forget_bias) * state.c + sigmoid(i) * candidate(j)
        c = squeeze(c)
        h = gate(o) * output(read(state.c, c))
        return LSTMStateTuple(c=h, h=c) if swap else LSTMStateTuple(c=c, h=h)

    return answer


EXERCISES = (
    Exercise(
        name="lstm.step",
        title="One step of an LSTM",
        difficulty=3,
        minutes=15,
        statement="From `x: [batch, input]`, `state`, an LSTMStateTuple with `c` and `h` `[batch, hidden]`, `kernel: [input+hidden, 4*hidden]` and "
        "`bias: [4*hidden]` (blocks i, j, f, o; the forget bias is in it) return the new state as `LSTMStateTuple(c=…, h=…)`. "
        "`sigmoid` is in `rnn_course.activations`.",
        solution=lstm_step,
        reason="x and h make all four pre-activations in one product; c takes no part in it. The memory is updated by adding, and h is what the "
        "output gate lets out of its tanh. Building the state by name keeps c and h apart: Torch hands them over the other way round.",
        cases=(_step(4, 3, 5), _step(3, 7, 2), _step(1, 2, 3), _step(6, 4, 3, huge=True)),
        results=("c: [batch, hidden]", "h: [batch, hidden]"),
        laws=("rows",),
        mistakes=(
            Mistake(
                "Torch's and Keras's order",
                _wrong_step(order="ifjo"),
                "Your second block is the forget gate, as in Torch and Keras. What does this course's order i, j, f, o put there?",
            ),
            Mistake(
                "h before x",
                _wrong_step(product=lambda x, state: (state.h, x)),
                "You put the state before the input. Whose weights are the first rows of the kernel?",
            ),
            Mistake(
                "c in the product",
                _wrong_step(product=lambda x, state: (x, state.c)),
                "You put the memory beside x. Which of the two states do the gates of a plain LSTM look at?",
            ),
            Mistake(
                "output tanh forgotten",
                _wrong_step(output=lambda c: c),
                "Your h is a gated memory without bounds. What does the memory go through on its way to the output gate?",
            ),
            Mistake(
                "read out from the old memory",
                _wrong_step(read=lambda old, new: old),
                "Your h shows what the memory was before this step. In which order do the two updates happen?",
            ),
            Mistake(
                "c and h swapped",
                _wrong_step(swap=True),
                "Both arrays are right, in each other's place. Which one is the memory, and which one has been through the output gate?",
            ),
            Mistake(
                "forget bias once more",
                _wrong_step(forget_bias=1.0),
                "You add a forget bias in the step. Where is it in this exercise, and how often do you have it now?",
            ),
            Mistake(
                "candidate without tanh",
                _wrong_step(candidate=lambda j: j),
                "Your candidate is the bare pre-activation. What keeps one step from adding 10,000 to the memory?",
            ),
            Mistake(
                "bias forgotten",
                _wrong_step(bias_used=0),
                "One of the arguments makes no difference to your result. Which?",
            ),
            Mistake(
                "input and forget gate exchanged",
                _wrong_step(order="fjio"),
                "Your first block decides what is kept, and your third what is written. Which letters do they have?",
            ),
            Mistake(
                "ONNX's order",
                _wrong_step(order="iofj"),
                "You read the blocks as ONNX stores them, with the output gate second. Say this course's four letters aloud: what comes last?",
            ),
            Mistake(
                "output gate forgotten",
                _wrong_step(gate=lambda o: 1),
                "Your h shows the whole memory at every step. Which gate has nothing to do in your answer?",
            ),
            Mistake(
                "memory squeezed",
                _wrong_step(squeeze=_tanh, output=lambda c: c),
                "The memory that you hand on has been through a tanh. Which of the two results is to be squeezed, and which is carried on as it is?",
            ),
        ),
        hints=(
            "Three parts you have done before: the product of `rnn.step`, the four gates, the memory that adds.",
            "`[x, h]` goes into the product. c enters only afterwards, multiplied by a gate.",
            "First the new c; then h from the new c, through a tanh and the output gate. Name both when you build the state.",
        ),
    ),
)
