"""Exercises of chapter 08, a memory that adds: an LSTM over a sequence, and how a gradient travels along its memory."""

from rnn_course.activations import sigmoid
from rnn_course.arrays import array_namespace
from rnn_course.cells import LSTMStateTuple
from rnn_course.checks.catalogue.chapter_06_over_time import states_seen
from rnn_course.checks.catalogue.chapter_08 import HUGE, random_weights
from rnn_course.checks.catalogue.chapter_08_cell import lstm_step
from rnn_course.checks.catalogue.random_cells import lstm_state
from rnn_course.checks.exercise import Exercise, Mistake


def lstm_sequence(inputs, state, kernel, bias):
    xp = array_namespace(inputs)
    n = kernel.shape[1] // 4
    c, h = state.c, state.h
    outputs = []
    for t in range(inputs.shape[1]):
        z = xp.concat([inputs[:, t, :], h], axis=1) @ kernel + bias  # [batch, 4*hidden]
        i, j, f, o = (z[:, k * n : (k + 1) * n] for k in range(4))  # each [batch, hidden]
        c = sigmoid(f) * c + sigmoid(i) * xp.tanh(j)
        h = sigmoid(o) * xp.tanh(c)
        outputs.append(h)
    return xp.stack(outputs, axis=1), LSTMStateTuple(c=c, h=h)


def carry_back(f, d_c):
    xp = array_namespace(f)
    gradients = []
    for t in reversed(range(f.shape[1])):
        d_c = d_c * sigmoid(f[:, t, :])  # [batch, hidden]
        gradients.append(d_c)
    return xp.stack(gradients[::-1], axis=1)


def _sequence(batch, time, input_size, hidden_size):
    return lambda rng: (
        rng.standard_normal((batch, time, input_size)),
        lstm_state(rng, batch, hidden_size),
        *random_weights(rng, input_size + hidden_size, hidden_size),
    )


def _highway(batch, time, hidden_size, scale=1.0):
    return lambda rng: (
        scale * rng.standard_normal((batch, time, hidden_size)),
        rng.standard_normal((batch, hidden_size)),
    )


def _wrong_sequence(carry=lambda old, new: new, read=lambda state: state.h, final=lambda state: state, axis=1):
    """The loop with another state carried on, another part put out, another final state, or steps on another axis."""

    def answer(inputs, state, kernel, bias):
        outputs, new = [], state
        for t in range(inputs.shape[1]):
            new = lstm_step(inputs[:, t, :], state, kernel, bias)
            outputs.append(read(new))
            state = carry(state, new)
        return array_namespace(inputs).stack(outputs, axis=axis), final(new)

    return answer


def _zero_state(inputs, state, kernel, bias):
    return lstm_sequence(inputs, LSTMStateTuple(c=0 * state.c, h=0 * state.h), kernel, bias)


def _one_step_late(inputs, state, kernel, bias):
    outputs, final = lstm_sequence(inputs, state, kernel, bias)
    return states_seen(outputs, state.h), final


def _swapped(state):
    return LSTMStateTuple(c=state.h, h=state.c)


def _wrong_carry(factor=sigmoid, keep=lambda before, after: after, direction=-1, late=False):
    """The way back with another factor, without the product, the other way round, or one gate late."""

    def answer(f, d_c):
        gradients = []
        for t in range(f.shape[1])[::direction]:
            passed = d_c * factor(f[:, t, :])
            gradients.append(d_c if late else passed)
            d_c = keep(d_c, passed)
        return array_namespace(f).stack(gradients[::direction], axis=1)

    return answer


EXERCISES = (
    Exercise(
        name="lstm.sequence",
        title="An LSTM over a sequence",
        difficulty=3,
        minutes=15,
        statement="Run the cell of `lstm.step` over `inputs: [batch, time, input]`, starting from `state`, an LSTMStateTuple. Return the outputs h of "
        "all steps `[batch, time, hidden]`, and the final state as `LSTMStateTuple(c=…, h=…)`.",
        solution=lstm_sequence,
        reason="c and h both go from step to step; only h is put out. So the last output is the h of the final state, and its c is seen nowhere "
        "in the outputs.",
        cases=(_sequence(4, 6, 3, 5), _sequence(2, 5, 7, 3), _sequence(3, 1, 4, 2), _sequence(1, 4, 2, 3)),
        results=("outputs: [batch, time, hidden]", "final_state.c: [batch, hidden]", "final_state.h: [batch, hidden]"),
        laws=("rows",),
        mistakes=(
            Mistake(
                "memory put out",
                _wrong_sequence(read=lambda state: state.c),
                "Your outputs are the memory of each step. Which part of the state has passed the output gate?",
            ),
            Mistake(
                "initial state ignored",
                _zero_state,
                "You start from zeros. Which state did you get?",
            ),
            Mistake(
                "initial c and h swapped",
                lambda inputs, state, kernel, bias: lstm_sequence(inputs, _swapped(state), kernel, bias),
                "You unpacked the state as (h, c). In which order does an LSTMStateTuple hold them, and how can you avoid to rely on it?",
            ),
            Mistake(
                "final c and h swapped",
                _wrong_sequence(final=_swapped),
                "Your loop is right, but c and h have changed places in the final state. Which one equals the last output?",
            ),
            Mistake(
                "final state is h alone",
                _wrong_sequence(final=lambda state: LSTMStateTuple(c=state.h, h=state.h)),
                "Both parts of your final state are h. What else does the cell need to go on from here?",
            ),
            Mistake(
                "only the memory carried",
                _wrong_sequence(carry=lambda old, new: LSTMStateTuple(c=new.c, h=old.h)),
                "Your memory moves on, but every step's product sees the first h. What goes into `[x, h]` at step 2?",
            ),
            Mistake(
                "time and batch swapped",
                _wrong_sequence(axis=0),
                "Your outputs are [time, batch, hidden]. Along which axis do you stack the steps?",
            ),
            Mistake(
                "only h carried",
                _wrong_sequence(carry=lambda old, new: LSTMStateTuple(c=old.c, h=new.h)),
                "Your h moves on, but every step starts from the first memory. What does the slip of paper show at step 2?",
            ),
            Mistake(
                "outputs one step late",
                _one_step_late,
                "Your outputs are the h that the steps started from. Does h go on the list before it is renewed or after?",
            ),
        ),
        hints=(
            "It is the loop of `rnn.sequence` with the step of `lstm.step` inside.",
            "Two arrays go from step to step. Which of them goes on the list as well?",
            "Take c and h out of the state by name before the loop, replace both in it, and build the final state by name after it.",
        ),
    ),
    Exercise(
        name="lstm.carry",
        title="The gradient along the memory",
        difficulty=3,
        minutes=10,
        statement="`f: [batch, time, hidden]` holds the forget gate's pre-activations of all steps, and `d_c: [batch, hidden]` the gradient of a loss for the "
        "memory after the last step. Follow it back along the memory alone, c' = σ(f)·c + …, and return `[batch, time, hidden]`: at place t "
        "the gradient for the memory that step t started from.",
        solution=carry_back,
        reason="The new memory is a sum, and the old one enters it times σ(f). So every step back multiplies by that gate and by nothing else: no kernel, "
        "no slope of a tanh. Gates near 1 let a gradient through a thousand steps; one closed gate ends it.",
        cases=(_highway(4, 6, 3), _highway(2, 5, 7), _highway(3, 1, 2), _highway(1, 4, 3, scale=HUGE)),
        results=("[batch, time, hidden]",),
        mistakes=(
            Mistake(
                "forward in time",
                _wrong_carry(direction=1),
                "You multiply the gates from the first step on. At which end does the gradient come in?",
            ),
            Mistake(
                "list not turned round",
                lambda f, d_c: array_namespace(f).flip(carry_back(f, d_c), axis=1),
                "Your result starts with the last step. In which order did you fill the list?",
            ),
            Mistake(
                "own gate left out",
                _wrong_carry(late=True),
                "At place t you have the gradient for the memory that step t made. Which gate lies between this one and the memory it started from?",
            ),
            Mistake(
                "one gate each",
                _wrong_carry(keep=lambda before, after: before),
                "Each place of yours has passed one gate. How many gates lie between step 0 and the end?",
            ),
            Mistake(
                "pre-activation for the gate",
                _wrong_carry(factor=lambda f: f),
                "You multiply by f itself. What was the old memory multiplied by on the way forward?",
            ),
            Mistake(
                "slope of the gate",
                _wrong_carry(factor=lambda f: sigmoid(f) * (1 - sigmoid(f))),
                "You multiply by the slope of the sigmoid. That is the way to f: which factor stands before the old memory?",
            ),
            Mistake(
                "what is let in",
                _wrong_carry(factor=lambda f: 1 - sigmoid(f)),
                "Your factor is what the gate drops. Does σ(f) say how much is kept or how much is forgotten?",
            ),
        ),
        hints=(
            "Differentiate c' = σ(f)·c + … by c. What is left?",
            "Start with `d_c` behind the last step. Each step back multiplies by one factor.",
            "Loop over the steps from the last to the first, multiply, keep a copy of each; turn the list round in the end.",
        ),
    ),
)
