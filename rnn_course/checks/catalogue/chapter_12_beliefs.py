"""Exercises of chapter 12, reading digits row by row: what the network believes after each row."""

from functools import partial

from rnn_course.activations import softmax
from rnn_course.arrays import array_namespace, device
from rnn_course.checks.catalogue.chapter_12 import reader
from rnn_course.checks.exercise import Exercise, Mistake


def beliefs(cell, kernel, bias, images):
    xp = array_namespace(images)
    state, outputs = cell.zero_state(images.shape[0]), []
    for row in range(images.shape[1]):
        output, state = cell(images[:, row], state)
        outputs.append(output)
    return softmax(xp.stack(outputs, axis=1) @ kernel + bias)


def decided(after_row):
    answers = [int(row.argmax()) for row in after_row]
    at = len(answers) - 1
    while at > 0 and answers[at - 1] == answers[-1]:
        at -= 1
    return at


def _beliefs(cell, kernel, bias, images, *, over="class", state_each_row=False, shown="h", accumulate=False):
    """The beliefs with one thing changed; `over` is what the softmax sums to one over."""
    xp = array_namespace(images)
    zero = cell.zero_state(images.shape[0])
    state, seen = zero, []
    for row in range(images.shape[1]):
        _, state = cell(images[:, row], zero if state_each_row else state)
        seen.append(getattr(state, shown))
    logits = xp.stack(seen, axis=1) @ kernel + bias  # [batch, row, class]
    if accumulate:
        steps = xp.arange(1, logits.shape[1] + 1, device=device(logits))
        logits = xp.cumulative_sum(logits, axis=1) / xp.astype(steps, logits.dtype)[None, :, None]
    axis = {"class": 2, "row": 1, "batch": 0, "all": (1, 2)}.get(over)
    if axis is None:
        return logits
    e = xp.exp(logits - xp.max(logits))
    return e / xp.sum(e, axis=axis, keepdims=True)


def _changes(after_row):
    """The answer after each row, and the rows at which it is another one than before."""
    answers = [int(row.argmax()) for row in after_row]
    return answers, [k for k in range(1, len(answers)) if answers[k] != answers[k - 1]]


def _last_change(after_row, move=0, none=0):
    changes = _changes(after_row)[1]
    return changes[-1] + move if changes else none


def _first_time(after_row):
    answers = _changes(after_row)[0]
    return answers.index(answers[-1])


def _first_sure(after_row):
    rows = [k for k, row in enumerate(after_row) if float(row.max()) >= 0.5]
    return rows[0] if rows else len(after_row) - 1


def _answers_over_time(*answers):
    """Beliefs whose largest probability is at the given answers, row by row."""

    def case(rng):
        p = rng.random((len(answers), 6))
        for row, answer in enumerate(answers):
            p[row, answer] = 1.05 + rng.random()
        return (p / p.sum(axis=1, keepdims=True),)

    return case


EXERCISES = (
    Exercise(
        name="reading.beliefs",
        title="What it believes after each row",
        difficulty=3,
        minutes=12,
        statement="The classifier of `reading.classify`, asked after every row: return the probabilities `[batch, row, class]` "
        "that the read-out gives for the output of each step.",
        solution=beliefs,
        reason="A read-out works on the last axis, so all steps can be read at once. The probabilities of one digit after one row "
        "sum to 1; there is no sum over rows.",
        cases=(reader(3, 5, 4, 6, 7), reader(2, 7, 5, 3, 4), reader(4, 3, 2, 5, 6)),
        results=("p: [batch, row, class]",),
        laws=("rows",),
        mistakes=(
            Mistake(
                "softmax over the rows",
                partial(_beliefs, over="row"),
                "Your probabilities sum to 1 down the rows: the steps compete for a class. What does one row have to sum to?",
            ),
            Mistake(
                "softmax over the batch",
                partial(_beliefs, over="batch"),
                "Your digits compete with each other. Over which axis does one belief sum to 1?",
            ),
            Mistake(
                "one sum for rows and classes",
                partial(_beliefs, over="all"),
                "All your numbers for a digit sum to 1 together. How many beliefs are there for one digit?",
            ),
            Mistake(
                "logits for probabilities",
                partial(_beliefs, over="nothing"),
                "These are logits. What is still to be done with each row of them?",
            ),
            Mistake(
                "every row for itself",
                partial(_beliefs, state_each_row=True),
                "Each of your rows is read with an empty memory. Does the belief after row 5 know of rows 0 to 4?",
            ),
            Mistake(
                "read-out from c",
                partial(_beliefs, shown="c"),
                "You read the memory. Which array was the read-out made for?",
            ),
            Mistake(
                "running mean of the logits",
                partial(_beliefs, accumulate=True),
                "You average over the rows so far. What the rows before have said is in the memory already: is it?",
            ),
        ),
        hints=(
            "Keep the output of every step, in a list or an array.",
            "Stacked along which axis are they `[batch, row, hidden]`?",
            "The product with the kernel, the bias and the softmax are the same lines as for one step.",
        ),
    ),
    Exercise(
        name="reading.decided",
        title="When is it decided?",
        difficulty=2,
        minutes=10,
        statement="`after_row: [row, class]` are the beliefs about one digit after each row. The answer after a row is the class "
        "with the largest probability. Return the first row, counted from 0, from which on the answer stays what it is at the "
        "end: an int.",
        solution=decided,
        reason="From the end backwards as long as the answer is the last one. That it was the same for a while in the middle does "
        "not count: it was given up again.",
        cases=(
            _answers_over_time(4, 1, 1, 3, 1, 1, 1),
            _answers_over_time(2, 2, 2, 2),
            _answers_over_time(0, 5, 0, 5, 2, 3),
            _answers_over_time(3, 0, 0, 3, 3),
            _answers_over_time(1),
        ),
        results=("row",),
        mistakes=(
            Mistake(
                "first time",
                _first_time,
                "You give the first row with the final answer. Did it keep to it from there on?",
            ),
            Mistake(
                "one row too early",
                partial(_last_change, move=-1, none=0),
                "After your row the answer is still another one. Which row has changed it?",
            ),
            Mistake(
                "counted from 1",
                partial(_last_change, move=1, none=1),
                "Right, but you count rows from 1. Which number has the first row?",
            ),
            Mistake(
                "first sure row",
                _first_sure,
                "You look for a probability above a half. Can an answer stay the same without ever being sure?",
            ),
            Mistake(
                "number of changes",
                lambda after_row: len(_changes(after_row)[1]),
                "You count how often the answer changes. Asked is where it changes for the last time.",
            ),
        ),
        hints=(
            "Make a list of the answers first, one a row. Write down 4 1 1 3 1 1 1 and point at the row.",
            "Begin at the end, and go up as long as nothing changes.",
        ),
    ),
)
