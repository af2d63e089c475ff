"""Exercises of chapter 06, rows as time: a BasicRNNCell over a sequence, and what is read out of it."""

from typing import Any

from rnn_course.activations import sigmoid, softmax
from rnn_course.arrays import array_namespace
from rnn_course.checks.catalogue.chapter_06 import HUGE, random_weights, rnn_step
from rnn_course.checks.exercise import Exercise, Mistake


def rnn_sequence(inputs, h, kernel, bias):
    xp = array_namespace(inputs)
    outputs = []
    for t in range(inputs.shape[1]):
        xh = xp.concat([inputs[:, t, :], h], axis=1)  # [batch, input + hidden]
        h = xp.tanh(xh @ kernel + bias)
        outputs.append(h)
    return xp.stack(outputs, axis=1), h


def states_seen(outputs, h):
    xp = array_namespace(outputs)
    return xp.concat([h[:, None, :], outputs[:, :-1, :]], axis=1)


def several_batches(batches, h, kernel, bias):
    xp = array_namespace(batches)
    final_states = []
    for k in range(batches.shape[0]):
        state = h  # a new batch of sequences begins where no other one ended
        for t in range(batches.shape[2]):
            xh = xp.concat([batches[k, :, t, :], state], axis=1)  # [batch, input + hidden]
            state = xp.tanh(xh @ kernel + bias)
        final_states.append(state)
    return xp.stack(final_states, axis=0)


def read_out(outputs, kernel, bias):
    xp = array_namespace(outputs)
    logits = outputs[:, -1, :] @ kernel + bias  # [batch, classes]
    exp = xp.exp(logits - xp.max(logits, axis=1, keepdims=True))
    return exp / xp.sum(exp, axis=1, keepdims=True)


def _sequence(batch, time, input_size, hidden_size):
    return lambda rng: (
        rng.standard_normal((batch, time, input_size)),
        rng.standard_normal((batch, hidden_size)),
        *random_weights(rng, input_size + hidden_size, hidden_size, huge=False),
    )


def _outputs_and_state(batch, time, hidden_size):
    return lambda rng: (rng.standard_normal((batch, time, hidden_size)), rng.standard_normal((batch, hidden_size)))


def _several(number, batch, time, input_size, hidden_size):
    return lambda rng: (
        rng.standard_normal((number, batch, time, input_size)),
        rng.standard_normal((batch, hidden_size)),
        *random_weights(rng, input_size + hidden_size, hidden_size, huge=False),
    )


def _read_out(batch, time, hidden_size, classes, huge=False):
    def case(rng):
        bias = HUGE * (rng.permutation(classes) - 1.5) if huge else rng.standard_normal(classes)
        outputs = rng.standard_normal((batch, time, hidden_size))
        return outputs, rng.standard_normal((hidden_size, classes)), bias

    return case


def _not_carried(inputs, h, kernel, bias):
    steps = [rnn_step(inputs[:, t, :], h, kernel, bias) for t in range(inputs.shape[1])]
    return array_namespace(inputs).stack(steps, axis=1), steps[-1]


def _backwards(inputs, h, kernel, bias):
    return rnn_sequence(array_namespace(inputs).flip(inputs, axis=1), h, kernel, bias)


def _time_major_outputs(inputs, h, kernel, bias):
    outputs, h = rnn_sequence(inputs, h, kernel, bias)
    return outputs.swapaxes(0, 1), h


def _reshaped(inputs, h, kernel, bias):
    batch, time, width = inputs.shape
    return rnn_sequence(inputs.reshape(time, batch, width).swapaxes(0, 1), h, kernel, bias)


def _in_place(inputs, h, kernel, bias):
    outputs = []
    for t in range(inputs.shape[1]):
        h[...] = rnn_step(inputs[:, t, :], h, kernel, bias)
        outputs.append(h)
    return array_namespace(inputs).stack(outputs, axis=1), h


def _state_before_last(inputs, h, kernel, bias):
    outputs, _ = rnn_sequence(inputs, h, kernel, bias)
    return outputs, states_seen(outputs, h)[:, -1, :]


def _default_float(outputs, h):
    seen = array_namespace(outputs).zeros(tuple(outputs.shape))
    seen[:, 0, :], seen[:, 1:, :] = h, outputs[:, :-1, :]
    return seen


def _carried_over(batches, h, kernel, bias):
    states = []
    for k in range(batches.shape[0]):
        h = rnn_sequence(batches[k, ...], h, kernel, bias)[1]
        states.append(h)
    return array_namespace(batches).stack(states, axis=0)


def _probabilities(step=slice(-1, None), axis: Any = 1):
    def answer(outputs, kernel, bias):
        return softmax(outputs[:, step, :][:, 0, :] @ kernel + bias, axis=axis)

    return answer


def _no_maximum(outputs, kernel, bias):
    xp = array_namespace(outputs)
    exp = xp.exp(outputs[:, -1, :] @ kernel + bias)
    return exp / xp.sum(exp, axis=1, keepdims=True)


EXERCISES = (
    Exercise(
        name="rnn.sequence",
        title="A BasicRNNCell over a sequence",
        difficulty=3,
        minutes=12,
        statement="Run the cell of `rnn.step` over `inputs: [batch, time, input]`, starting from `h: [batch, hidden]`. Return "
        "the outputs of all steps `[batch, time, hidden]` and the final state `[batch, hidden]`.",
        solution=rnn_sequence,
        reason="The state is the only thing that goes from step to step, so the loop replaces h and keeps a copy of each. "
        "Stacking along axis 1 puts time back where it was.",
        cases=(_sequence(4, 6, 3, 5), _sequence(2, 5, 7, 3), _sequence(3, 1, 4, 2), _sequence(1, 4, 2, 3)),
        results=("outputs: [batch, time, hidden]", "final_h: [batch, hidden]"),
        laws=("rows",),
        mistakes=(
            Mistake(
                "initial state ignored",
                lambda inputs, h, kernel, bias: rnn_sequence(inputs, 0 * h, kernel, bias),
                "You start from zeros. A state was handed in: what for?",
            ),
            Mistake(
                "state not carried",
                _not_carried,
                "Every step of yours sees the initial state. What should step 2 know about step 1?",
            ),
            Mistake(
                "time and batch swapped",
                _time_major_outputs,
                "Your outputs are [time, batch, hidden]. Along which axis do you stack the steps, and where is time in the inputs?",
            ),
            Mistake(
                "reshape for transpose",
                _reshaped,
                "You made the inputs time-major by `reshape`: rows of different examples are mixed now. What moves an axis instead?",
            ),
            Mistake(
                "backwards in time",
                _backwards,
                "You read the sequence from its end. Which step comes first?",
            ),
            Mistake(
                "one array for all steps",
                _in_place,
                "You write every new state into the `h` that was handed in: all your outputs are that one array. What do they show in the end, "
                "and what is left of the caller's state?",
            ),
            Mistake(
                "state before the last step",
                _state_before_last,
                "Your outputs are right. Your final state is the one that the last step started from: when is it read?",
            ),
            Mistake(
                "outputs one step late",
                lambda inputs, h, *weights: (
                    states_seen(rnn_sequence(inputs, h, *weights)[0], h),
                    rnn_sequence(inputs, h, *weights)[1],
                ),
                "Your outputs are the states that the steps started from. Does h go on the list before it is renewed or after?",
            ),
            Mistake(
                "first step only",
                lambda inputs, h, *weights: rnn_sequence(inputs[:, :1, :], h, *weights),
                "You leave after one step. Where does your `return` stand, inside the loop or after it?",
            ),
        ),
        hints=(
            "A loop over time. What changes from one step to the next, and what stays the same?",
            "At step t take `inputs[:, t, :]`, compute the new h from the old one, and put it on a list.",
            "After the loop, stack the list so that time becomes axis 1. The final state is what h is now.",
        ),
    ),
    Exercise(
        name="rnn.states_seen",
        title="The state that each step was given",
        difficulty=2,
        minutes=6,
        statement="From the `outputs: [batch, time, hidden]` of a BasicRNNCell and its initial state `h: [batch, hidden]` return "
        "the states that its steps started from, `[batch, time, hidden]`. Backpropagation through time will need them.",
        solution=states_seen,
        reason="The output of a step is the state that the next one starts from, so the states seen are the outputs, one step late, "
        "with the initial state in front. Nobody sees the last output.",
        cases=(
            _outputs_and_state(4, 6, 3),
            _outputs_and_state(2, 5, 7),
            _outputs_and_state(3, 1, 4),
            _outputs_and_state(1, 3, 2),
        ),
        results=("[batch, time, hidden]",),
        mistakes=(
            Mistake(
                "the new states",
                lambda outputs, h: outputs,
                "Those are the states that the steps made. Which one did step 0 start from?",
            ),
            Mistake(
                "zeros in front",
                lambda outputs, h: states_seen(outputs, 0 * h),
                "Your first step starts from zeros. Which state was the cell given at the beginning?",
            ),
            Mistake(
                "rolled",
                lambda outputs, h: array_namespace(h).roll(outputs, 1, axis=1),
                "You rolled the outputs around: your step 0 starts from the state after the last step. Can a cell see its future?",
            ),
            Mistake(
                "one step early",
                lambda outputs, h: array_namespace(h).concat([outputs[:, 1:, :], h[:, None, :]], axis=1),
                "You shifted the outputs the other way: your step 0 starts from what step 1 made. Which way does time run?",
            ),
            Mistake(
                "one state too many",
                lambda outputs, h: array_namespace(h).concat([h[:, None, :], outputs], axis=1),
                "You return time + 1 states. Which of them does no step start from?",
            ),
            Mistake(
                "the initial state for all",
                lambda outputs, h: h[:, None, :] + 0 * outputs,
                "All your steps start from the initial state. What did step 1 start from?",
            ),
            Mistake(
                "default float type",
                _default_float,
                "The numbers are right, but you made room for them without saying of which type, and got your library's default. "
                "Which type do the outputs have?",
            ),
        ),
        hints=(
            "Write the chain down: h, then output 0, then output 1, … Which of them goes into step 0, which into step 1?",
            "The answer is `outputs` shifted by one place along time. What fills the gap, and what falls out?",
            "The initial state needs a time axis of size 1 before it can be concatenated along axis 1.",
        ),
    ),
    Exercise(
        name="rnn.batches",
        title="Several batches, no memory between them",
        difficulty=3,
        minutes=10,
        statement="`batches: [number, batch, time, input]` holds `number` batches of sequences that have nothing to do with each other. "
        "Run the cell of `rnn.step` over each, from the same initial state `h: [batch, hidden]`, and return the final states "
        "`[number, batch, hidden]`.",
        solution=several_batches,
        reason="A state describes one sequence. For another sequence it has to be set back, or the result depends on what was computed before; "
        "within a sequence it has to be carried.",
        cases=(_several(2, 4, 6, 3, 5), _several(3, 2, 5, 7, 4), _several(4, 1, 3, 2, 5)),
        results=("[number, batch, hidden]",),
        mistakes=(
            Mistake(
                "state kept between batches",
                _carried_over,
                "Your second batch goes on from the state of the first. What do its sequences have to do with the ones before?",
            ),
            Mistake(
                "initial state ignored",
                lambda batches, h, kernel, bias: several_batches(batches, 0 * h, kernel, bias),
                "Every batch of yours starts from zeros, but an initial state was handed in. Where does it go?",
            ),
            Mistake(
                "set back at every step",
                lambda batches, h, kernel, bias: several_batches(batches[:, :, -1:, :], h, kernel, bias),
                "You set the state back at every step: only the last row of each sequence counts. When does a new sequence begin?",
            ),
            Mistake(
                "only the last batch",
                lambda batches, h, kernel, bias: several_batches(batches, h, kernel, bias)[-1, :, :],
                "You return the state of the last batch alone. How many final states are asked for?",
            ),
            Mistake(
                "number taken for time",
                lambda batches, h, kernel, bias: several_batches(batches.swapaxes(0, 2), h, kernel, bias),
                "You step along the axis that counts the batches. Which axis of the four is time?",
            ),
            Mistake(
                "first step only",
                lambda batches, h, kernel, bias: several_batches(batches[:, :, :1, :], h, kernel, bias),
                "You leave after one step. Where does your `return`, or your `append`, stand?",
            ),
        ),
        hints=(
            "Two loops, one in the other: over the batches, and over the steps of each.",
            "Where has the line to stand that sets the state to `h`: before both loops, in the outer one, or in the inner one?",
            "Do not write into `h`, you need it again for the next batch. Use another name for the state that moves.",
        ),
    ),
    Exercise(
        name="rnn.readout",
        title="From the last state to probabilities",
        difficulty=3,
        minutes=10,
        statement="A BasicRNNCell has read digits row by row and put out `outputs: [batch, time, hidden]`. Read out its final state with "
        "`kernel: [hidden, classes]` and `bias: [classes]`, and return the probabilities `[batch, classes]` by softmax. Logits may be as "
        "large as 10,000.",
        solution=read_out,
        reason="The read-out is a dense layer on the last state, the only one that has seen every row. Softmax does not change if a constant is "
        "taken off each row, and without its maximum nothing overflows.",
        cases=(_read_out(4, 6, 3, 5), _read_out(2, 5, 4, 10), _read_out(1, 3, 2, 4), _read_out(3, 4, 2, 5, huge=True)),
        results=("[batch, class]",),
        mistakes=(
            Mistake(
                "every step",
                lambda outputs, kernel, bias: softmax(outputs @ kernel + bias),
                "You give an opinion after every row. Whose opinion is asked for, and which axis has to go?",
            ),
            Mistake(
                "the old state",
                _probabilities(slice(-2, None)),
                "You read out the state that the last step was given. Which one has seen the last row?",
            ),
            Mistake(
                "the first state",
                _probabilities(slice(0, 1)),
                "You read out after the first row. What can the cell know by then?",
            ),
            Mistake(
                "softmax over the batch",
                _probabilities(axis=0),
                "Your columns sum to 1, across examples. What should sum to 1 here?",
            ),
            Mistake(
                "no maximum taken off",
                _no_maximum,
                "With large logits you get NaN: exp(10,000) is infinite. What may you take off a row of logits without changing its softmax?",
            ),
            Mistake(
                "logits",
                lambda outputs, kernel, bias: outputs[:, -1, :] @ kernel + bias,
                "Those are logits: any numbers at all. What makes positive numbers of them that sum to 1?",
            ),
            Mistake(
                "sigmoid for softmax",
                lambda outputs, kernel, bias: sigmoid(outputs[:, -1, :] @ kernel + bias),
                "You ask each class on its own, yes or no. A digit is exactly one of the classes: which function lets them compete?",
            ),
            Mistake(
                "bias forgotten",
                lambda outputs, kernel, bias: _probabilities()(outputs, kernel, 0 * bias),
                "One of the three arguments makes no difference to your result. Which?",
            ),
            Mistake(
                "mean of the states",
                lambda outputs, kernel, bias: softmax(array_namespace(outputs).mean(outputs, axis=1) @ kernel + bias),
                "You read out the mean of all states. Which single state has already seen every row?",
            ),
            Mistake(
                "one sum for the whole batch",
                lambda outputs, kernel, bias: _probabilities(axis=(0, 1))(outputs, kernel, bias),
                "All your numbers together sum to 1. How many answers do you give, and what should each of them sum to?",
            ),
        ),
        hints=(
            "Two parts: a dense layer on one state, then softmax. Which state has seen the whole digit?",
            "exp of a large number is infinite, and infinity divided by infinity is NaN. Make all exponents at most 0 first.",
            "Maximum and sum both run along the classes and keep their axis, so that they can be taken off and divided by.",
        ),
    ),
)
