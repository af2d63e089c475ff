"""Exercises of chapter 10, many steps in one call: the loop over time."""

from functools import partial

from rnn_course.arrays import array_namespace
from rnn_course.cells import LSTMStateTuple
from rnn_course.checks.catalogue.random_cells import lstm_cell, lstm_state, numbers, rnn_cell
from rnn_course.checks.exercise import Exercise, Mistake


def predict_shapes(batch, time, input_size, hidden):
    return (batch, time, hidden), (batch, hidden), (batch, hidden)


def unroll(kernel, bias, inputs, state):
    xp = array_namespace(inputs)
    outputs = []
    for t in range(inputs.shape[1]):
        xh = xp.concat([inputs[:, t], state], axis=1)  # [batch, input + hidden]
        state = xp.tanh(xh @ kernel + bias)
        outputs.append(state)
    return xp.stack(outputs, axis=1), state


def run_time_major(cell, inputs, state):
    xp = array_namespace(inputs)
    outputs = []
    for t in range(inputs.shape[0]):
        output, state = cell(inputs[t], state)
        outputs.append(output)
    return xp.stack(outputs, axis=0), state


def _weights_and_sequence(batch, time, inputs, hidden, scale=1.0):
    return lambda rng: (
        *rnn_cell(rng, inputs, hidden)[:2],
        numbers(rng, batch, time, inputs),
        scale * numbers(rng, batch, hidden),
    )


def _cell_and_time_major(batch, time, inputs, hidden):
    return lambda rng: (
        lstm_cell(rng, inputs, hidden),
        numbers(rng, time, batch, inputs),
        lstm_state(rng, batch, hidden),
    )


def _unroll(
    kernel,
    bias,
    inputs,
    state,
    *,
    start=1.0,
    x_first=True,
    carry=True,
    late=False,
    stacked=None,
    bias_used=1,
    squeeze=None,
):
    """The loop with one thing changed: the initial state, the order of [x, h], what is carried, returned, stacked."""
    xp = array_namespace(inputs)
    state = initial = start * state
    outputs = []
    for t in range(inputs.shape[1]):
        x, old = inputs[:, t], state if carry else initial
        z = xp.concat([x, old] if x_first else [old, x], axis=1) @ kernel + bias_used * bias
        state = (squeeze or xp.tanh)(z)
        outputs.append(old if late else state)
    return (stacked or (lambda outputs: xp.stack(outputs, axis=1)))(outputs), state


def _in_front(outputs):
    return array_namespace(outputs[0]).stack(outputs, axis=0)


def _reshaped(outputs):
    return _in_front(outputs).reshape(len(outputs[0]), len(outputs), -1)


def _in_default_type(outputs):
    xp = array_namespace(outputs[0])
    filled = xp.zeros((outputs[0].shape[0], len(outputs), outputs[0].shape[1]))
    for t, output in enumerate(outputs):
        filled[:, t] = output
    return filled


def _time_major(
    cell,
    inputs,
    state,
    *,
    start=lambda state: state,
    out=lambda h, state: h,
    axis=0,
    end=lambda state: state,
    carry=lambda old, new: new,
):
    """The loop with one thing changed: the initial state, what is collected, where it is stacked, what is returned."""
    outputs, state, new = [], start(state), state
    for t in range(inputs.shape[0]):
        output, new = cell(inputs[t], state)
        state = carry(state, new)
        outputs.append(out(output, new))
    return array_namespace(inputs).stack(outputs, axis=axis), end(new)


def _zeros(state):
    return LSTMStateTuple(c=0 * state.c, h=0 * state.h)


def _loop_over_rows(cell, inputs, state):
    outputs = []
    for row in range(inputs.shape[1]):
        output, state = cell(inputs[:, row], state)
        outputs.append(output)
    return array_namespace(inputs).stack(outputs, axis=1), state


def _by_reshape(cell, inputs, state):
    time, batch, width = inputs.shape
    outputs, state = _time_major(cell, inputs.reshape(batch, time, width).swapaxes(0, 1), state, axis=1)
    return outputs.reshape(time, batch, -1), state


EXERCISES = (
    Exercise(
        name="sequence.outputs_vs_state",
        title="Outputs and final state: the shapes",
        difficulty=1,
        minutes=4,
        statement="`dynamic_rnn` runs an LSTM of `hidden` units over inputs `[batch, time, input_size]`. Return three "
        "tuples: the shapes of the outputs, of `final_state.c` and of `final_state.h`.",
        solution=predict_shapes,
        reason="There is one output a step, so the outputs have a time axis. The final state is what is left after the last "
        "step, so it has none; c and h are as wide as the layer.",
        cases=(lambda rng: (3, 4, 2, 5), lambda rng: (100, 28, 29, 64), lambda rng: (1, 7, 3, 2)),
        results=("outputs", "c", "h"),
        backends=("numpy",),
        dtypes=("float64",),
        mistakes=(
            Mistake(
                "only the last output",
                lambda batch, time, input_size, hidden: ((batch, hidden),) * 3,
                "Your outputs are those of one step. `dynamic_rnn` hands back what the cell said at every step: where is time?",
            ),
            Mistake(
                "state with a time axis",
                lambda batch, time, input_size, hidden: ((batch, time, hidden),) * 3,
                "You gave the final state a time axis. How many states are left when the loop is over?",
            ),
            Mistake(
                "time-major",
                lambda batch, time, input_size, hidden: ((time, batch, hidden), (batch, hidden), (batch, hidden)),
                "Your outputs are time-major, but the inputs were batch-major. Outputs are laid out as the inputs are.",
            ),
            Mistake(
                "as wide as the input",
                lambda batch, time, input_size, hidden: ((batch, time, input_size), (batch, hidden), (batch, hidden)),
                "You made the outputs as wide as the input. Who computes an output, and how wide is its h?",
            ),
            Mistake(
                "four gates wide",
                lambda batch, time, input_size, hidden: ((batch, time, 4 * hidden), (batch, hidden), (batch, hidden)),
                "4 · hidden is the width of the gates' pre-activations inside the cell. Which of their mixtures leaves it?",
            ),
            Mistake(
                "c and h side by side",
                lambda batch, time, input_size, hidden: (
                    (batch, time, hidden),
                    (batch, 2 * hidden),
                    (batch, 2 * hidden),
                ),
                "2 · hidden is c and h packed into one array. Here the state is a pair, and you are asked for each alone.",
            ),
        ),
        hints=(
            "Go through the loop in your head: what is collected at each step, and what is only overwritten?",
            "The outputs are collected over time. c and h are replaced at every step, and only the last ones are left.",
            "All three begin with the batch and end with the number of units; one of them has an axis more in the middle.",
        ),
    ),
    Exercise(
        name="sequence.unroll",
        title="The loop over time",
        difficulty=2,
        minutes=10,
        statement="Run the basic cell h' = tanh([x, h] @ kernel + bias) over `inputs: [batch, time, input]`, beginning with "
        "`state: [batch, hidden]`; `kernel: [input + hidden, hidden]`, `bias: [hidden]`. Return the outputs of all steps, "
        "`[batch, time, hidden]`, and the final state, `[batch, hidden]`.",
        solution=unroll,
        reason="The same weights are used at every step; the state is all that one step hands to the next. Each step gives "
        "`[batch, hidden]`, and stacking the steps along axis 1 makes them batch-major.",
        cases=(
            _weights_and_sequence(4, 3, 2, 5),
            _weights_and_sequence(2, 6, 4, 3),
            _weights_and_sequence(3, 5, 1, 2, scale=0.0),
            _weights_and_sequence(1, 4, 3, 1),
            _weights_and_sequence(3, 1, 2, 4),
        ),
        results=("outputs: [batch, time, hidden]", "state: [batch, hidden]"),
        mistakes=(
            Mistake(
                "initial state ignored",
                partial(_unroll, start=0.0),
                "You begin with zeros. A state was handed in: what is the h that the first step reads?",
            ),
            Mistake(
                "state not carried on",
                partial(_unroll, carry=False),
                "Every one of your steps reads the initial state, so nothing is remembered. What should step 1 read?",
            ),
            Mistake(
                "h before x",
                partial(_unroll, x_first=False),
                "You put the state before the input. The upper rows of the kernel belong to one of the two: to which?",
            ),
            Mistake(
                "outputs one step late",
                partial(_unroll, late=True),
                "Your outputs are the states that the steps began with. Is an output made before a step or by it?",
            ),
            Mistake(
                "time in front",
                partial(_unroll, stacked=_in_front),
                "Your outputs are [time, batch, hidden]. The inputs are batch-major: along which axis do the steps stack?",
            ),
            Mistake(
                "reshape used for transpose",
                partial(_unroll, stacked=_reshaped),
                "The shape is right, but the steps of different rows are mixed: a reshape moves no axis. What does?",
            ),
            Mistake(
                "dtype changed",
                partial(_unroll, stacked=_in_default_type),
                "Your outputs have another float type than the inputs. Which type does a fresh array get if nobody says?",
            ),
            Mistake(
                "bias forgotten",
                partial(_unroll, bias_used=0),
                "One of the arguments makes no difference to your result. Which?",
            ),
            Mistake(
                "no activation",
                partial(_unroll, squeeze=lambda z: z),
                "Your states are bare sums. What keeps h between −1 and 1?",
            ),
            Mistake(
                "first step only",
                lambda kernel, bias, inputs, state: unroll(kernel, bias, inputs[:, :1], state),
                "You leave after one step. Where does your `return` stand, inside the loop or after it?",
            ),
        ),
        hints=(
            "Write one step first, for `inputs[:, 0]`. What does the next step need from it?",
            "Loop over the time axis, let the new h take the place of the old one, and keep every h in a list.",
            "Each h is `[batch, hidden]`; stack the list so that time becomes the second axis, and return the last h too.",
        ),
    ),
    Exercise(
        name="sequence.time_major",
        title="An LSTM over time-major inputs",
        difficulty=2,
        minutes=8,
        statement="Run an LSTM cell over `inputs: [time, batch, input]` (time-major). `cell(x, state)` takes x `[batch, "
        "input]` and an `LSTMStateTuple(c, h)` of `[batch, hidden]` each, and returns output, new state. Return the "
        "outputs, time-major too, and the final state, both parts of it.",
        solution=run_time_major,
        reason="With time in front `inputs[t]` is already one step of the whole batch, so nothing has to be transposed. The "
        "state is a pair: c goes on from step to step as h does, though only h is seen in the outputs.",
        cases=(
            _cell_and_time_major(4, 3, 2, 5),
            _cell_and_time_major(3, 3, 2, 5),  # nothing raises here if time and batch are swapped
            _cell_and_time_major(2, 5, 4, 3),
            _cell_and_time_major(1, 3, 1, 2),
            _cell_and_time_major(5, 1, 3, 2),
        ),
        results=("outputs: [time, batch, hidden]", "state.c: [batch, hidden]", "state.h: [batch, hidden]"),
        mistakes=(
            Mistake(
                "time and batch swapped",
                _loop_over_rows,
                "You went along the second axis, which is the batch here, and fed the cell one sequence as if it were a batch.",
            ),
            Mistake(
                "batch-major outputs",
                partial(_time_major, axis=1),
                "Your outputs came out batch-major. They should be laid out as the inputs are: where do the steps go?",
            ),
            Mistake(
                "reshape used for transpose",
                _by_reshape,
                "You reshaped to batch-major and back. The shapes fit, but sequences are mixed up: did any axis really move?",
            ),
            Mistake(
                "initial state ignored",
                partial(_time_major, start=_zeros),
                "Your first step reads a state of zeros. The caller handed one in: where did it go?",
            ),
            Mistake(
                "c returned for h",
                partial(_time_major, out=lambda h, state: state.c),
                "You collected the memory c. It stays inside the cell: which part of the pair is shown to the outside?",
            ),
            Mistake(
                "h and c swapped",
                partial(_time_major, end=lambda state: LSTMStateTuple(c=state.h, h=state.c)),
                "Your final state has h where c belongs. Torch writes the pair in another order than TensorFlow 1: use names.",
            ),
            Mistake(
                "half of the state",
                partial(_time_major, end=lambda state: state.h),
                "You returned h alone. With h only, could a second call go on where this one ended?",
            ),
            Mistake(
                "state not carried on",
                partial(_time_major, carry=lambda old, new: old),
                "Every step of yours begins with the initial state. What should step 1 know of step 0?",
            ),
            Mistake(
                "memory not carried on",
                partial(_time_major, carry=lambda old, new: LSTMStateTuple(c=0 * new.c, h=new.h)),
                "Between your steps h goes on and c is empty again. Which of the two is the memory?",
            ),
        ),
        hints=(
            "Which axis does `inputs[t]` take away, and what is left?",
            "Call the cell once a step, let its new state take the place of the old one, and collect its outputs.",
            "Stack the outputs along the axis in which time was, and return the last state as the cell made it.",
        ),
    ),
)
