"""Exercises of chapter 10, many steps in one call: sequences read from their end."""

from functools import partial

from rnn_course.arrays import array_namespace, device
from rnn_course.checks.catalogue.random_cells import lengths, numbers, rnn_cell
from rnn_course.checks.exercise import Exercise, Mistake


def reverse_valid(inputs, sequence_length):
    xp = array_namespace(inputs)
    batch, time = inputs.shape[:2]
    rows = xp.arange(batch, device=device(inputs))[:, None]  # [batch, 1]
    steps = xp.arange(time, device=device(inputs))[None, :]  # [1, time]
    ends = sequence_length[:, None]
    source = xp.where(steps < ends, ends - 1 - steps, steps)  # [batch, time]
    return inputs[rows, source]


def bidirectional(cell_fw, cell_bw, inputs, state_fw, state_bw, sequence_length):
    xp = array_namespace(inputs)
    time = inputs.shape[1]

    def run(cell, state, order):
        outputs = [None] * time
        for t in order:
            alive = (t < sequence_length)[:, None]  # [batch, 1]
            output, new_state = cell(inputs[:, t], state)
            outputs[t] = xp.where(alive, output, 0.0)
            state = xp.where(alive, new_state, state)
        return xp.stack(outputs, axis=1), state

    outputs_fw, state_fw = run(cell_fw, state_fw, range(time))
    outputs_bw, state_bw = run(cell_bw, state_bw, reversed(range(time)))
    return xp.concat([outputs_fw, outputs_bw], axis=2), state_fw, state_bw


def _sequence_and_lengths(time, width, *valid):
    return lambda rng: (numbers(rng, len(valid), time, width), lengths(*valid))


def _two_cells_and_lengths(time, inputs, forwards, backwards, *valid):
    batch = len(valid)
    return lambda rng: (
        rnn_cell(rng, inputs, forwards),
        rnn_cell(rng, inputs, backwards),
        numbers(rng, batch, time, inputs),
        numbers(rng, batch, forwards),
        numbers(rng, batch, backwards),
        lengths(*valid),
    )


def _flip(x, axis):
    return array_namespace(x).flip(x, axis=axis)


def _padding_zeroed(inputs, sequence_length):
    xp = array_namespace(inputs)
    steps = xp.arange(inputs.shape[1], device=device(inputs))
    valid = (steps[None, :] < sequence_length[:, None])[:, :, None]
    return xp.where(valid, reverse_valid(inputs, sequence_length), 0.0)


def _from_the_end_of_the_array(inputs, sequence_length):
    xp = array_namespace(inputs)
    steps = xp.arange(inputs.shape[1], device=device(inputs))
    valid = (steps[None, :] < sequence_length[:, None])[:, :, None]
    return xp.where(valid, _flip(inputs, 1), inputs)


def _longest_for_all(inputs, sequence_length):
    longest = array_namespace(inputs).max(sequence_length)
    return reverse_valid(inputs, 0 * sequence_length + longest)


def _first_step_left(inputs, sequence_length):
    xp = array_namespace(inputs)
    rows = xp.arange(inputs.shape[0], device=device(inputs))[:, None]
    steps = xp.arange(inputs.shape[1], device=device(inputs))[None, :]
    ends = sequence_length[:, None]
    return inputs[rows, xp.where(steps < ends - 1, ends - 1 - steps, steps)]


def _both(
    cell_fw,
    cell_bw,
    inputs,
    state_fw,
    state_bw,
    sequence_length,
    *,
    turn=reverse_valid,
    back=reverse_valid,
    fw_first=True,
    last=False,
    copied=True,
    start=1,
    silent=True,
):
    """Both directions with one thing changed: how the inputs and outputs are turned round, what is returned, and how."""
    xp = array_namespace(inputs)

    def run(cell, inputs, state):
        outputs = []
        for t in range(inputs.shape[1]):
            alive = (t < sequence_length)[:, None]
            output, new = cell(inputs[:, t], state)
            outputs.append(xp.where(alive, output, 0.0) if silent else output)
            state = xp.where(alive, new, state) if copied else new
        return xp.stack(outputs, axis=1), state

    outputs_fw, end_fw = run(cell_fw, inputs, start * state_fw)
    outputs_bw, end_bw = run(cell_bw, turn(inputs, sequence_length), start * state_bw)
    outputs_bw = back(outputs_bw, sequence_length)
    if last:
        rows = xp.arange(inputs.shape[0], device=device(inputs))
        end_bw = outputs_bw[rows, xp.clip(sequence_length - 1, 0, None)]
    return xp.concat([outputs_fw, outputs_bw] if fw_first else [outputs_bw, outputs_fw], axis=2), end_fw, end_bw


def _as_it_is(x, sequence_length):
    return x


EXERCISES = (
    Exercise(
        name="sequence.reverse_valid",
        title="Turn round the valid part",
        difficulty=3,
        minutes=10,
        statement="Row b of `inputs: [batch, time, input]` has `sequence_length[b]` steps, 0 … time. Return an array of the "
        "same shape in which the valid steps of each row stand in reverse order, and its padding where it was, unchanged.",
        solution=reverse_valid,
        reason="Step t of a row of length n comes from step n − 1 − t, and a padded step from itself. Done twice it gives back "
        "the inputs, so it also puts outputs back in order.",
        cases=(
            _sequence_and_lengths(5, 3, 4, 0, 2, 3),
            _sequence_and_lengths(6, 4, 3, 6),
            _sequence_and_lengths(4, 2, 3, 2, 0),
            _sequence_and_lengths(3, 2, 2),
        ),
        results=("[batch, time, input]",),
        mistakes=(
            Mistake(
                "reversed with its padding",
                lambda inputs, sequence_length: _flip(inputs, 1),
                "You turned whole rows round, so the padding now comes first. Which part of a row is to change its order?",
            ),
            Mistake(
                "batch reversed",
                lambda inputs, sequence_length: _flip(inputs, 0),
                "You reversed the order of the rows. Which axis is time?",
            ),
            Mistake(
                "input reversed",
                lambda inputs, sequence_length: _flip(inputs, 2),
                "You reversed the numbers inside each step. The steps change places, each stays whole: which axis is that?",
            ),
            Mistake(
                "padding set to zero",
                _padding_zeroed,
                "The valid part is right, but the padding became 0. What does the statement say about it?",
            ),
            Mistake(
                "the longest length for all",
                _longest_for_all,
                "You turned every row round at the end of the longest one. Where does each row end?",
            ),
            Mistake(
                "step 0 left out",
                _first_step_left,
                "Step 0 of a row never arrives at its end. A slice that stops before 0 leaves one out: which step does it miss?",
            ),
            Mistake(
                "counted from the end of the array",
                _from_the_end_of_the_array,
                "Your valid places hold steps from the end of the array, and those are padding. Where does a short row end?",
            ),
        ),
        hints=(
            "Take a row of length 3 in 5 steps: which old step stands at each of the five places afterwards?",
            "Make an array `[batch, time]` that says for each place which step to take, and index with it.",
            "Two rules, chosen by whether the place is inside the row: count down from its last step, or stay.",
        ),
    ),
    Exercise(
        name="sequence.bidirectional",
        title="Both directions at once",
        difficulty=4,
        minutes=20,
        statement="`cell_fw` reads `inputs: [batch, time, input]` forwards from `state_fw: [batch, fw]`, `cell_bw` reads them "
        "backwards from `state_bw: [batch, bw]`; `output, new_state = cell(x, state)` in both. Row b has `sequence_length[b]` "
        "steps; its padding takes no part, and its outputs there are 0. Return the outputs `[batch, time, fw + bw]`, forwards "
        "first, in the order of the inputs, then the final state of each direction.",
        solution=bidirectional,
        reason="The backward cell begins with the last valid step of each row and ends with step 0; coming from the end, a row "
        "keeps its state until its own last step is met. Its output for step t belongs at place t, beside the forward one.",
        cases=(
            _two_cells_and_lengths(4, 2, 5, 6, 4, 0, 2),
            _two_cells_and_lengths(5, 6, 4, 3, 1, 3),
            _two_cells_and_lengths(3, 5, 2, 6, 3, 2, 0, 1),
            _two_cells_and_lengths(3, 1, 2, 4, 2),
        ),
        results=("outputs: [batch, time, fw+bw]", "state_fw: [batch, fw]", "state_bw: [batch, bw]"),
        laws=("padding",),
        mistakes=(
            Mistake(
                "reversed with its padding",
                partial(_both, turn=lambda x, n: _flip(x, 1), back=lambda x, n: _flip(x, 1)),
                "Your backward cell reads the padding of short rows before anything else. Where should it begin in each row?",
            ),
            Mistake(
                "outputs in the order of reading",
                partial(_both, back=_as_it_is),
                "The backward outputs stand in the order in which they were made. Beside which input does each of them belong?",
            ),
            Mistake(
                "both forwards",
                partial(_both, turn=_as_it_is, back=_as_it_is),
                "Your backward cell reads from left to right as well. Which step does it have to see first?",
            ),
            Mistake(
                "backward first",
                partial(_both, fw_first=False),
                "The two halves of your outputs have changed places. Which direction comes first on the last axis?",
            ),
            Mistake(
                "state at the wrong end",
                partial(_both, last=True),
                "You took the backward state at the end of the row. Where has that cell read everything?",
            ),
            Mistake(
                "state not masked",
                partial(_both, copied=False),
                "Your states go on through the padding. What should a step do to a row that is already over?",
            ),
            Mistake(
                "initial states ignored",
                partial(_both, start=0),
                "Both your directions begin with zeros. Two states were handed in: where did they go?",
            ),
            Mistake(
                "outputs not masked",
                partial(_both, silent=False),
                "Your states are right, but your outputs go on in the padding. What should stand there?",
            ),
        ),
        hints=(
            "Write the forward direction first, with the lengths, as in `sequence.lengths`.",
            "The backward direction is the same on rows turned round, or the same loop in the other order of the steps.",
            "Put each backward output at the place of the step it was made from, then join both on the last axis.",
        ),
    ),
)
