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


def _cell_and_lengths(time, inputs, hidden, *valid):
    batch = len(valid)
    return lambda rng: (
        lstm_cell(rng, inputs, hidden),
        numbers(rng, batch, time, inputs),
        lstm_state(rng, batch, hidden),
        lengths(*valid),
    )


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
        state = state._replace(**{old_state: getattr(new, old_state)}) if old_state in ("c", "h") else state
    if old_state == "shown":
        state = state._replace(h=outputs[-1])
    if old_state == "picked":
        state = _picked(states, sequence_length - 1)
    if old_state == "in place":
        initial.c[...], initial.h[...] = state.c, state.h
    return xp.stack(outputs, axis=1), state


def _picked(states, step):
    xp = array_namespace(step)
    rows = xp.arange(step.shape[0], device=device(step))
    return LSTMStateTuple(*(xp.stack([s[k] for s in states], axis=1)[rows, step] for k in range(2)))


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
            Mistake(
                "only the last step",
                lambda sequence_length, time: mask(sequence_length, time) & ~mask(sequence_length - 1, time),
                "Your mask is true at one step of a row, its last. What about the steps before?",
            ),
            Mistake(
                "the longest length for all",
                lambda sequence_length, time: mask(
                    0 * sequence_length + array_namespace(sequence_length).max(sequence_length), time
                ),
                "All your rows are as long as the longest. Where does each of them end?",
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
            Mistake(
                "only h copied",
                partial(_run, old_state="c"),
                "Your h stops at the end of a row, and your c goes on through the padding. How many arrays has the state?",
            ),
            Mistake(
                "only c copied",
                partial(_run, old_state="h"),
                "Your c stops at the end of a row, and your h goes on through the padding. How many arrays has the state?",
            ),
            Mistake(
                "h of the last output",
                partial(_run, old_state="shown"),
                "Your final h is the output of the last time step, which is 0 where a row has ended. What did the row know at its own end?",
            ),
        ),
        hints=(
            "Which rows are still alive at step t? Write down the condition for one row, then for all of them.",
            "Let the cell do its step for the whole batch, and choose row by row afterwards what to believe.",
            "Three choices a step, each by the same condition `[batch, 1]`: the output or 0, c new or old, h new or old.",
        ),
    ),
)
