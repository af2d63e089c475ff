"""Exercises of chapter 11, cells on cells: what is wrapped around a layer of a deep stack."""

from functools import partial

import numpy as np

from rnn_course.arrays import array_namespace, device
from rnn_course.cells import LSTMStateTuple
from rnn_course.checks.catalogue.random_cells import lengths, lstm_cell, lstm_state, numbers
from rnn_course.checks.exercise import Exercise, Mistake


def residual(cell, inputs, state, sequence_length):
    xp = array_namespace(inputs)
    outputs = []
    for t in range(inputs.shape[1]):
        alive = (t < sequence_length)[:, None]  # [batch, 1]
        output, new_state = cell(inputs[:, t], state)
        outputs.append(xp.where(alive, output + inputs[:, t], 0.0))
        c = xp.where(alive, new_state.c, state.c)
        h = xp.where(alive, new_state.h, state.h)
        state = LSTMStateTuple(c=c, h=h)
    return xp.stack(outputs, axis=1), state


def dropout_output(cell, x, state, noise, keep_prob):
    xp = array_namespace(x)
    output, new_state = cell(x, state)
    return xp.where(noise < keep_prob, output / keep_prob, 0.0), new_state


def _cell_and_lengths(time, width, *valid):
    batch = len(valid)
    return lambda rng: (
        lstm_cell(rng, width, width),
        numbers(rng, batch, time, width),
        lstm_state(rng, batch, width),
        lengths(*valid),
    )


def _cell_and_noise(batch, inputs, hidden, keep_prob):
    return lambda rng: (
        lstm_cell(rng, inputs, hidden),
        numbers(rng, batch, inputs),
        lstm_state(rng, batch, hidden),
        rng.random((batch, hidden)),
        keep_prob,
    )


def _residual(
    cell, inputs, state, sequence_length, *, add=lambda x, state, first: x, padding="", carry=0.0, copied=True
):
    """The loop with one thing changed: what is added to the output, what stands in the padding, what the state takes."""
    xp = array_namespace(inputs)
    outputs = []
    for t in range(inputs.shape[1]):
        x, alive = inputs[:, t], (t < sequence_length)[:, None]
        output, new = cell(x, state)
        total = output + add(x, state, inputs[:, 0])
        shown = {"x": x, "unmasked": total}.get(padding, 0.0)
        outputs.append(xp.where(alive, total, shown))
        h = xp.where(alive, new.h + carry * x, state.h)
        state = LSTMStateTuple(c=xp.where(alive, new.c, state.c), h=h) if copied else new
    return xp.stack(outputs, axis=1), state


def _drop(
    cell, x, state, noise, keep_prob, *, kept=lambda noise, p: noise < p, scale=lambda p: 1 / p, dropped=("output",)
):
    """One step with one thing changed: which numbers are kept, how they are scaled, and where they are dropped."""
    output, new = cell(x, state)
    xp = array_namespace(x)

    def drop(values, place):
        return xp.where(kept(noise, keep_prob), values * scale(keep_prob), 0.0) if place in dropped else values

    return drop(output, "output"), LSTMStateTuple(c=drop(new.c, "c"), h=drop(new.h, "h"))


def _global_noise(noise, keep_prob):
    drawn = np.random.random(tuple(noise.shape))  # noqa: NPY002  this is the mistake
    return array_namespace(noise).asarray(drawn, device=device(noise)) < keep_prob


EXERCISES = (
    Exercise(
        name="deep.residual",
        title="A residual layer with padding",
        difficulty=3,
        minutes=12,
        statement="An LSTM cell as wide as its input runs over `inputs: [batch, time, width]` from `state`, an "
        "`LSTMStateTuple(c, h)`; `output, new_state = cell(x, state)`. Add x to the output of each step. Row b has "
        "`sequence_length[b]` steps; after them the outputs are 0 and the state stays as it is. Return the outputs `[batch, "
        "time, width]` and the final state, which knows nothing of the addition.",
        solution=residual,
        reason="x takes a path around the cell, so that a deep stack is easier to train; the cell and its state work as ever. "
        "Padding is masked after the addition: otherwise x would stand where the outputs should be 0.",
        cases=(
            _cell_and_lengths(5, 2, 5, 0, 3),
            _cell_and_lengths(4, 3, 1, 4),
            _cell_and_lengths(3, 5, 2, 3, 0, 1),
            _cell_and_lengths(2, 1, 1, 2, 0),
        ),
        results=("outputs: [batch, time, width]", "state.c: [batch, width]", "state.h: [batch, width]"),
        laws=("padding",),
        mistakes=(
            Mistake(
                "x added in the padding",
                partial(_residual, padding="x"),
                "In your padding stands x: you masked the cell and added afterwards. What should an output be there?",
            ),
            Mistake(
                "outputs not masked",
                partial(_residual, padding="unmasked"),
                "Your outputs go on in the padding, x and the cell's together. How long does each row speak?",
            ),
            Mistake(
                "x not added",
                partial(_residual, add=lambda x, state, first: 0 * x),
                "Your outputs are those of the cell alone. Where is the path around it?",
            ),
            Mistake(
                "old h added",
                partial(_residual, add=lambda x, state, first: state.h),
                "You added the old h. What goes around the cell is what goes into it from below: what is that?",
            ),
            Mistake(
                "the first x at every step",
                partial(_residual, add=lambda x, state, first: first),
                "You added the input of step 0 at every step. What has the cell read at step t?",
            ),
            Mistake(
                "x added to the state",
                partial(_residual, carry=1.0),
                "Your x also went into h, and the next step reads it there. Which of the two results should have x in it?",
            ),
            Mistake(
                "state not masked",
                partial(_residual, copied=False),
                "Your outputs are right, but the state goes on through the padding. What is the state of a row that is over?",
            ),
        ),
        hints=(
            "Do it without lengths first: one more addition in the loop of `sequence.lengths`.",
            "Keep two things apart: what is shown at this step, and what is carried to the next one.",
            "Ask whether a row is alive only after the addition, so that padding becomes 0 whatever x is.",
        ),
    ),
    Exercise(
        name="deep.dropout_output",
        title="Dropout of the output",
        difficulty=3,
        minutes=10,
        statement="Do one step of an LSTM cell, `output, new_state = cell(x, state)`, and drop numbers of its output as in "
        "training. `noise: [batch, hidden]` was drawn evenly from 0 to 1; a number is kept where its noise is below "
        "`keep_prob`, and what is kept is scaled so that its mean stays what it was. Return the output `[batch, hidden]` and "
        "the new state, which dropout of the output does not touch.",
        solution=dropout_output,
        reason="A share `keep_prob` of the numbers is kept, so dividing by it leaves the mean as it was, and nothing has to be "
        "done later, without dropout. The state goes to the next step whole: only the layer above reads the thinned output.",
        cases=(
            _cell_and_noise(4, 3, 5, 0.8),
            _cell_and_noise(5, 2, 6, 0.3),
            _cell_and_noise(3, 5, 4, 0.9),
            _cell_and_noise(7, 2, 1, 0.6),
        ),
        results=("output: [batch, hidden]", "state.c: [batch, hidden]", "state.h: [batch, hidden]"),
        mistakes=(
            Mistake(
                "keep_prob as drop probability",
                partial(_drop, kept=lambda noise, p: noise >= p, scale=lambda p: 1 / (1 - p)),
                "You drop with probability `keep_prob`. What does its name say that it is the probability of?",
            ),
            Mistake(
                "the others kept",
                partial(_drop, kept=lambda noise, p: noise >= p),
                "The scale is right, but you keep the numbers that should go. On which side of `keep_prob` is kept noise?",
            ),
            Mistake(
                "not scaled",
                partial(_drop, scale=lambda p: 1.0),
                "You forgot the scale: with numbers missing, the layer above gets less than it will get without dropout. By "
                "what factor?",
            ),
            Mistake(
                "scaled the wrong way",
                partial(_drop, scale=lambda p: p),
                "You made what is left smaller. Numbers are missing already: which way does the mean have to be corrected?",
            ),
            Mistake(
                "h dropped too",
                partial(_drop, dropped=("output", "h")),
                "Dropout reached h of the state: output and h are one array, until one of them is replaced. What does the "
                "next step need to remember?",
            ),
            Mistake(
                "the whole state dropped",
                partial(_drop, dropped=("output", "c", "h")),
                "You dropped numbers of the memory c as well. What was once set to 0 there is forgotten for good: who asked for it?",
            ),
            Mistake(
                "global random numbers",
                partial(_drop, kept=_global_noise),
                "You drew noise of your own from the global generator: nobody can repeat that, and it changes what others draw. Which noise was handed in?",
            ),
            Mistake(
                "nothing dropped",
                lambda cell, x, state, noise, keep_prob: cell(x, state),
                "You dropped nothing. Which two arguments have you not used?",
            ),
            Mistake(
                "old state returned",
                lambda cell, x, state, noise, keep_prob: (dropout_output(cell, x, state, noise, keep_prob)[0], state),
                "The state that you return is the one that was handed in. Which one does the next step need?",
            ),
        ),
        hints=(
            "Do the step as if there were no dropout. Which of the two results will change?",
            "Compare the noise with `keep_prob`: that is the mask of what stays. What becomes of the rest?",
            "If a fifth of the numbers goes, the rest has to grow a little so that the mean stays. Make a new array for it.",
        ),
    ),
)
