"""Exercises of chapter 10, many steps in one call: rows of different lengths, and the padding after them."""

from functools import partial

from rnn_course.arrays import array_namespace, device
from rnn_course.cells import LSTMStateTuple
from rnn_course.checks.catalogue.random_cells import lengths, lstm_cell, lstm_state, numbers
from rnn_course.checks.exercise import Exercise, Mistake


def mask(sequence_length, time):
    xp = array_namespace(sequence_length)
    steps = xp.arange(time, device=device(sequence_length))
    return steps[None, :] < sequence_length[:, None]  # [batch, time]


def run_with_lengths(cell, inputs, state, sequence_length):
    xp = array_namespace(inputs)
    outputs = []
    for t in range(inputs.shape[1]):
        alive = (t < sequence_length)[:, None]  # [batch, 1]
        output, new_state = cell(inputs[:, t], state)
        outputs.append(xp.where(alive, output, 0.0))
        c = xp.where(alive, new_state.c, state.c)
        h = xp.where(alive, new_state.h, state.h)
        state = LSTMStateTuple(c=c, h=h)
    return xp.stack(outputs, axis=1), state


def last_valid(outputs, sequence_length):
    xp = array_namespace(outputs)
    rows = xp.arange(outputs.shape[0], device=device(outputs))
    some = sequence_length > 0
    last = xp.where(some, sequence_length - 1, 0)
    return xp.where(some[:, None], outputs[rows, last], 0.0)


def masked_mean(losses, sequence_length):
    xp = array_namespace(losses)
    steps = xp.arange(losses.shape[1], device=device(losses))
    valid = steps[None, :] < sequence_length[:, None]  # [batch, time]
    count = xp.sum(xp.astype(valid, losses.dtype))
    return xp.sum(xp.where(valid, losses, 0.0)) / count


def _cell_and_lengths(time, inputs, hidden, *valid):
    batch = len(valid)
    return lambda rng: (
        lstm_cell(rng, inputs, hidden),
        numbers(rng, batch, time, inputs),
        lstm_state(rng, batch, hidden),
        lengths(*valid),
    )


def _sequence_and_lengths(time, hidden, *valid):
    return lambda rng: (numbers(rng, len(valid), time, hidden), lengths(*valid))


def _losses_and_lengths(time, *valid):
    return lambda rng: (numbers(rng, len(valid), time) ** 2, lengths(*valid))


def _run(cell, inputs, state, sequence_length, *, more=0, zero=True, repeat=False, old_state="copied"):
    """The masked loop with one thing changed: how long a row is, its padded outputs, or its state in the padding."""
    xp = array_namespace(inputs)
    initial, outputs, states = state, [], []
    shown = 0.0  # what stands in the padding
    for t in range(inputs.shape[1]):
        alive = (t < sequence_length + more)[:, None]
        output, new = cell(inputs[:, t], state)
        shown = xp.where(alive, output, shown if repeat else 0.0) if zero else output
        outputs.append(shown)
        states.append(new)
        keep = {"zero": LSTMStateTuple(c=0 * new.c, h=0 * new.h), "new": new}.get(old_state, state)
        state = LSTMStateTuple(c=xp.where(alive, new.c, keep.c), h=xp.where(alive, new.h, keep.h))
    if old_state == "picked":
        state = _picked(states, sequence_length - 1)
    if old_state == "in place":
        initial.c[...], initial.h[...] = state.c, state.h
    return xp.stack(outputs, axis=1), state


def _picked(states, step):
    xp = array_namespace(step)
    rows = xp.arange(step.shape[0], device=device(step))
    return LSTMStateTuple(*(xp.stack([s[k] for s in states], axis=1)[rows, step] for k in range(2)))


def _pick(outputs, step):
    """The output at `step[b]` of each row, 0 where the row has no steps at all."""
    xp = array_namespace(outputs)
    return outputs[xp.arange(outputs.shape[0], device=device(outputs)), step]


def _pick_or_zero(outputs, sequence_length, step):
    xp = array_namespace(outputs)
    inside = xp.clip(step, 0, outputs.shape[1] - 1)
    return xp.where((sequence_length > 0)[:, None], _pick(outputs, inside), 0.0)


def _every_pair(outputs, sequence_length):
    xp = array_namespace(outputs)
    return outputs[:, xp.clip(sequence_length - 1, 0, None)]


def _mean_of_valid(outputs, sequence_length):
    xp = array_namespace(outputs)
    valid = mask(sequence_length, outputs.shape[1])[:, :, None]
    count = xp.astype(xp.clip(sequence_length, 1, None), outputs.dtype)[:, None]
    return xp.sum(xp.where(valid, outputs, 0.0), axis=1) / count


def _mean_of(losses, valid, count=None):
    xp = array_namespace(losses)
    return xp.sum(xp.where(valid, losses, 0.0)) / (xp.sum(xp.astype(valid, losses.dtype)) if count is None else count)


def _mean_of_means(losses, sequence_length):
    return array_namespace(losses).mean(_mean_of_valid(losses[:, :, None], sequence_length))


EXERCISES = (
    Exercise(
        name="sequence.mask",
        title="Lengths to a mask",
        difficulty=1,
        minutes=5,
        statement="From `sequence_length: [batch]` (whole numbers from 0 to `time`) make a mask `[batch, time]` of "
        "booleans: true at the steps that belong to the row, false in its padding.",
        solution=mask,
        reason="Steps are counted from 0, so a row of length n has the steps 0 … n − 1: those below n. Comparing `[1, time]` "
        "with `[batch, 1]` makes all pairs at once.",
        cases=(
            lambda rng: (lengths(3, 0, 5, 1), 5),
            lambda rng: (lengths(2, 7), 7),
            lambda rng: (lengths(0, 4, 2), 6),
            lambda rng: (lengths(1), 1),
        ),
        results=("[batch, time]",),
        dtypes=("float64",),
        mistakes=(
            Mistake(
                "one step too many",
                lambda sequence_length, time: mask(sequence_length + 1, time),
                "Your rows are one step too long: even a row of length 0 has one. Which number has the first step?",
            ),
            Mistake(
                "one step too few",
                lambda sequence_length, time: mask(sequence_length - 1, time),
                "Your rows end one step too soon. How many steps are true in a row of length 1?",
            ),
            Mistake(
                "time in front",
                lambda sequence_length, time: mask(sequence_length, time).swapaxes(0, 1),
                "Your mask is [time, batch]. The course is batch-major: whose axis comes first?",
            ),
            Mistake(
                "padding is true",
                lambda sequence_length, time: ~mask(sequence_length, time),
                "Your mask is true exactly in the padding. Is it to say what counts, or what does not?",
            ),
            Mistake(
                "padding in front",
                lambda sequence_length, time: array_namespace(sequence_length).flip(
                    mask(sequence_length, time), axis=1
                ),
                "You put the valid steps at the end of the row. At which end does padding stand in this course?",
            ),
            Mistake(
                "numbers instead of booleans",
                lambda sequence_length, time: 1.0 * mask(sequence_length, time),
                "Zeros and ones say the same, but they are floats: such a mask cannot choose. Which type does a comparison give?",
            ),
        ),
        hints=(
            "Take one row of length 3 and write its mask down by hand. Which question does each step answer?",
            "Make the numbers of the steps, 0, 1, 2, …, and compare all of them with all the lengths.",
            "The steps need an axis in front, the lengths an axis behind; broadcasting does the rest.",
        ),
    ),
    Exercise(
        name="sequence.lengths",
        title="Zero outputs, copied state",
        difficulty=3,
        minutes=15,
        statement="Run an LSTM cell over `inputs: [batch, time, input]` from `state`, an `LSTMStateTuple(c, h)` of "
        "`[batch, hidden]` each; `output, new_state = cell(x, state)`. Row b has `sequence_length[b]` steps, 0 … time: after "
        "them its outputs are exactly 0 and its state stays as it is. Return the outputs `[batch, time, hidden]` and the "
        "final state.",
        solution=run_with_lengths,
        reason="All rows of a batch take every step together, and afterwards each row chooses: its new state while it lasts, "
        "its old one after that. So a row of length 0 ends with its initial state, and padding can change nothing.",
        cases=(
            _cell_and_lengths(4, 2, 5, 4, 0, 2),
            _cell_and_lengths(5, 3, 4, 1, 5),
            _cell_and_lengths(3, 5, 2, 3, 2, 0, 1),
            _cell_and_lengths(2, 1, 3, 0),
        ),
        results=("outputs: [batch, time, hidden]", "state.c: [batch, hidden]", "state.h: [batch, hidden]"),
        laws=("padding",),
        mistakes=(
            Mistake(
                "outputs not masked",
                partial(_run, zero=False),
                "Your state is right, but the cell's outputs go on in the padding. What should stand there?",
            ),
            Mistake(
                "state not masked",
                partial(_run, old_state="new"),
                "Your outputs are masked, but the state goes on through the padding. What is the state of a row that is over?",
            ),
            Mistake(
                "last output repeated",
                partial(_run, repeat=True),
                "You repeat the last output of a row, as Keras does unless told otherwise. What do TensorFlow 1 and Torch give?",
            ),
            Mistake(
                "state set to zero",
                partial(_run, old_state="zero"),
                "In your padding the state is forgotten. What did the row know when it ended, and who still needs that?",
            ),
            Mistake(
                "one step too many",
                partial(_run, more=1),
                "Your rows live one step too long: a row of length 0 still takes a step. How are steps counted?",
            ),
            Mistake(
                "length 0 wraps round",
                partial(_run, old_state="picked"),
                "You pick the state after step length − 1. For a row of length 0 that index is −1: what does Python read there?",
            ),
            Mistake(
                "argument changed in place",
                partial(_run, old_state="in place"),
                "The numbers are right, but you wrote them into the state that was handed in. Who else may still hold it?",
            ),
        ),
        hints=(
            "Which rows are still alive at step t? Write down the condition for one row, then for all of them.",
            "Let the cell do its step for the whole batch, and choose row by row afterwards what to believe.",
            "Three choices a step, each by the same condition `[batch, 1]`: the output or 0, c new or old, h new or old.",
        ),
    ),
    Exercise(
        name="sequence.last_valid",
        title="The last valid output",
        difficulty=2,
        minutes=8,
        statement="From `outputs: [batch, time, hidden]` pick for each row the output of its last valid step, `[batch, "
        "hidden]`; row b has `sequence_length[b]` steps, 0 … time. A row of length 0 gives zeros. What stands in the padding "
        "may be anything.",
        solution=last_valid,
        reason="A row of length n ends with step n − 1, which differs from row to row: so a pair of indices, one for the row "
        "and one for the step. Length 0 is looked at separately, for index −1 would be the end of the array.",
        cases=(
            _sequence_and_lengths(5, 3, 5, 0, 2, 4),
            _sequence_and_lengths(6, 4, 1, 3),
            _sequence_and_lengths(4, 2, 0, 2, 3),
            _sequence_and_lengths(2, 3, 1),
            _sequence_and_lengths(1, 2, 1, 0, 1),
        ),
        results=("[batch, hidden]",),
        mistakes=(
            Mistake(
                "last time step",
                lambda outputs, sequence_length: outputs[:, -1],
                "You took the last time step of every row. For a short row that is padding: where does each row end?",
            ),
            Mistake(
                "one step too late",
                lambda outputs, sequence_length: _pick_or_zero(outputs, sequence_length, sequence_length),
                "You look one step behind the end of the row. Steps are counted from 0: what is the last one of a row of 1?",
            ),
            Mistake(
                "one step too early",
                lambda outputs, sequence_length: _pick_or_zero(outputs, sequence_length, sequence_length - 2),
                "You stop one step before the end. A row of length 2 has the steps 0 and 1: which is the last?",
            ),
            Mistake(
                "length 0 wraps round",
                lambda outputs, sequence_length: _pick(outputs, sequence_length - 1),
                "Nearly: a row of length 0 gets the last step of its padding, since −1 counts from the end. What should it get?",
            ),
            Mistake(
                "one step for all rows",
                lambda outputs, sequence_length: _pick_or_zero(
                    outputs, sequence_length, 0 * sequence_length + array_namespace(outputs).max(sequence_length) - 1
                ),
                "You took the end of the longest row for all of them. Does every row end there?",
            ),
            Mistake(
                "every row with every step",
                _every_pair,
                "You have an axis too many: a colon beside a list of steps gives every row all of them. How do you pair them?",
            ),
            Mistake(
                "mean of the valid steps",
                _mean_of_valid,
                "You averaged the valid steps. That is a fair summary, but what is asked for is one step of each row.",
            ),
        ),
        hints=(
            "Which step is the last one of a row of length 3? And of length 1?",
            "Index with two lists of the same size: the numbers of the rows, and the number of the step in each.",
            "Before that, replace the step of a row of length 0 by one that exists, and put zeros in its place afterwards.",
        ),
    ),
    Exercise(
        name="sequence.masked_loss",
        title="A mean without the padding",
        difficulty=2,
        minutes=8,
        statement="`losses: [batch, time]` holds the loss of every step; row b has `sequence_length[b]` steps, the others are "
        "padding. Return the mean over all valid steps of the batch, a single number. At least one step is valid.",
        solution=masked_mean,
        reason="Each valid step weighs the same, so it is the sum over the valid steps divided by how many there are. Padding "
        "adds nothing above the line and nothing below it.",
        cases=(
            _losses_and_lengths(5, 5, 0, 2, 3),
            _losses_and_lengths(4, 1, 3),
            _losses_and_lengths(6, 2, 6, 0),
            _losses_and_lengths(3, 1),
        ),
        results=("[]",),
        mistakes=(
            Mistake(
                "padding counted",
                lambda losses, sequence_length: array_namespace(losses).mean(losses),
                "Your mean runs over the padding too: the network would be trained on steps that do not exist. Which steps do?",
            ),
            Mistake(
                "divided by all steps",
                lambda losses, sequence_length: _mean_of(
                    losses, mask(sequence_length, losses.shape[1]), losses.shape[0] * losses.shape[1]
                ),
                "The sum is right, but you divide by batch · time: more padding would make your loss smaller. How many count?",
            ),
            Mistake(
                "mean of the rows' means",
                _mean_of_means,
                "You took the mean of each row first, and then of the rows. Does a step of a long row weigh as much as others?",
            ),
            Mistake(
                "sum instead of mean",
                lambda losses, sequence_length: _mean_of(losses, mask(sequence_length, losses.shape[1]), 1),
                "That is the sum over the valid steps: longer rows would make larger losses. What makes a mean of it?",
            ),
            Mistake(
                "divided by the batch",
                lambda losses, sequence_length: _mean_of(
                    losses, mask(sequence_length, losses.shape[1]), losses.shape[0]
                ),
                "You divided by the number of rows. What you added up are steps: how many of them were there?",
            ),
            Mistake(
                "one step too many",
                lambda losses, sequence_length: _mean_of(losses, mask(sequence_length + 1, losses.shape[1])),
                "One padded step of each row slips into your mean. Steps are counted from 0: which is the first that is padding?",
            ),
        ),
        hints=(
            "Make the mask `[batch, time]` first, as in `sequence.mask`.",
            "Replace the losses in the padding by 0 and add up. What do you have to divide by?",
            "The mask itself knows how many steps are valid: count what is true in it.",
        ),
    ),
)
