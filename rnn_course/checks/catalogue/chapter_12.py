"""Exercises of chapter 12, reading digits row by row: a classifier from a cell, a loop and a read-out."""

from functools import partial

from rnn_course.activations import softmax
from rnn_course.arrays import array_namespace, device
from rnn_course.checks.catalogue.random_cells import lengths, lstm_cell, numbers
from rnn_course.checks.exercise import Exercise, Mistake


def multiply_adds(rows, columns, hidden, classes):
    return rows * (columns + hidden) * 4 * hidden + hidden * classes


def classify(cell, kernel, bias, images):
    state = cell.zero_state(images.shape[0])
    for row in range(images.shape[1]):
        output, state = cell(images[:, row], state)
    return softmax(output @ kernel + bias)


def logits_with_lengths(outputs, sequence_length, kernel, bias):
    xp = array_namespace(outputs)
    rows = xp.arange(outputs.shape[0], device=device(outputs))
    some = sequence_length > 0
    last = outputs[rows, xp.where(some, sequence_length - 1, 0)]
    return xp.where(some[:, None], last, 0.0) @ kernel + bias


def _count(rows, columns, hidden, classes, *, steps=True, old=True, gates=4, bias=False, read=1, every_row=False):
    """The count with one thing changed; `read` is how often the read-out is used at the end."""
    step = (columns + (hidden if old else 0)) * gates * hidden + (gates * hidden if bias else 0)
    readings = rows if every_row else read
    return (rows if steps else 1) * step + readings * (hidden * classes + (classes if bias else 0))


def _whole_image(rows, columns, hidden, classes):
    return (rows * columns + hidden) * 4 * hidden + hidden * classes


def _classify(
    cell, kernel, bias, images, *, turn=False, shown="h", keep=True, read="last", over=1, answer="p", add_bias=True
):
    """The classifier with one thing changed."""
    xp = array_namespace(images)
    images = images.swapaxes(1, 2) if turn else images
    state, seen = cell.zero_state(images.shape[0]), []
    for row in range(images.shape[1]):
        _, new = cell(images[:, row], state)
        state = new if keep else state
        seen.append(getattr(new, shown))
    output = {"last": seen[-1], "first": seen[0], "mean": sum(seen) / len(seen)}[read]
    logits = output @ kernel + bias if add_bias else output @ kernel
    if answer == "logits":
        return logits
    if answer == "class":
        return xp.argmax(logits, axis=1)
    e = xp.exp(logits - xp.max(logits))
    return e / xp.sum(e, axis=over, keepdims=True)


def reader(batch, rows, hidden, columns, classes):
    """A cell, a read-out and some pictures."""
    return lambda rng: (
        lstm_cell(rng, columns, hidden),
        numbers(rng, hidden, classes),
        numbers(rng, classes),
        rng.random((batch, rows, columns)),
    )


def _pick(outputs, step):
    xp = array_namespace(outputs)
    return outputs[xp.arange(outputs.shape[0], device=device(outputs)), step]


def _logits_at(outputs, sequence_length, kernel, bias, move):
    """Read out `move` steps away from the last valid one; a row of length 0 reads zeros."""
    xp = array_namespace(outputs)
    step = xp.clip(sequence_length - 1 + move, 0, outputs.shape[1] - 1)
    return xp.where((sequence_length > 0)[:, None], _pick(outputs, step), 0.0) @ kernel + bias


def _mean_of_all(outputs, sequence_length, kernel, bias):
    return array_namespace(outputs).mean(outputs, axis=1) @ kernel + bias


def _no_bias_for_empty(outputs, sequence_length, kernel, bias):
    xp = array_namespace(outputs)
    logits = _logits_at(outputs, sequence_length, kernel, bias, 0)
    return xp.where((sequence_length > 0)[:, None], logits, 0.0)


def _outputs_and_lengths(time, hidden, classes, *valid):
    return lambda rng: (
        numbers(rng, len(valid), time, hidden),
        lengths(*valid),
        numbers(rng, hidden, classes),
        numbers(rng, classes),
    )


EXERCISES = (
    Exercise(
        name="reading.operations",
        title="Count the multiply-adds",
        difficulty=2,
        minutes=8,
        statement="An LSTM of `hidden` units with one kernel `[column + hidden, 4*hidden]` reads a picture of `rows` rows, one a "
        "step, and a dense layer `[hidden, classes]` reads its last output. Return how many multiply-adds the products of one "
        "picture take. Biases, gates and activations do not count.",
        solution=multiply_adds,
        reason="A kernel that is used once takes as many multiply-adds as it has numbers. The cell's is used at every row, the "
        "read-out's once: 28 · 23,552 + 640 for 64 units on MNIST.",
        cases=(
            lambda rng: (28, 28, 64, 10),
            lambda rng: (5, 3, 4, 7),
            lambda rng: (1, 6, 2, 3),
            lambda rng: (9, 1, 8, 2),
        ),
        results=("multiply_adds",),
        backends=("numpy",),
        dtypes=("float64",),
        mistakes=(
            Mistake(
                "one step",
                partial(_count, steps=False),
                "You counted one step. How often is the same kernel used while the picture is read?",
            ),
            Mistake(
                "old h forgotten",
                partial(_count, old=False),
                "Your kernel has rows for the picture alone. What else goes into each product?",
            ),
            Mistake(
                "gates forgotten",
                partial(_count, gates=1),
                "That is a basic cell. How many columns does the kernel of an LSTM have for each unit?",
            ),
            Mistake(
                "read-out after every row",
                partial(_count, every_row=True),
                "You read out after every row. When does this classifier answer?",
            ),
            Mistake(
                "read-out forgotten",
                partial(_count, read=0),
                "You stop at the memory. What makes class numbers of it?",
            ),
            Mistake(
                "biases counted",
                partial(_count, bias=True),
                "You counted the biases. They are added, and nothing is multiplied: what did the statement leave out?",
            ),
            Mistake(
                "the whole picture at once",
                _whole_image,
                "You gave all pixels to one step, as for a dense network. What does the cell see at a time?",
            ),
        ),
        hints=(
            "How many numbers has the kernel? A product of one row with it takes as many multiply-adds.",
            "How often is each of the two kernels used for one picture?",
        ),
    ),
    Exercise(
        name="reading.classify",
        title="A classifier from three parts",
        difficulty=3,
        minutes=15,
        statement="`images: [batch, row, column]` are read by an LSTM cell, one row a step from the top, beginning with "
        "`cell.zero_state(batch)`; `output, new_state = cell(x, state)`. The output after the last row times `kernel: [hidden, "
        "class]` plus `bias: [class]` makes the logits. Return the probabilities of the classes, `[batch, class]`.",
        solution=classify,
        reason="A cell, a loop, a read-out. Only the last output is read; what the rows before it said is in the state, if it is "
        "anywhere. Softmax runs over the classes of one digit.",
        cases=(reader(3, 5, 4, 6, 7), reader(2, 7, 5, 3, 4), reader(4, 2, 3, 5, 6), reader(5, 6, 6, 2, 3)),
        results=("p: [batch, class]",),
        laws=("rows",),
        mistakes=(
            Mistake(
                "softmax over the batch",
                partial(_classify, over=0),
                "Your columns sum to 1, not your rows: digits compete for a class. Who competes with whom?",
            ),
            Mistake(
                "logits for probabilities",
                partial(_classify, answer="logits"),
                "These are the logits. What makes numbers of them that are positive and sum to 1 for each digit?",
            ),
            Mistake(
                "the answer for probabilities",
                partial(_classify, answer="class"),
                "You return the digit that is named. What is asked for is how sure the network is of each of them.",
            ),
            Mistake(
                "bias forgotten",
                partial(_classify, add_bias=False),
                "Your logits are the products alone. What does the read-out add to each class?",
            ),
            Mistake(
                "read-out from c",
                partial(_classify, shown="c"),
                "Your read-out looks into the memory of the cell. Which of its two arrays does a cell show?",
            ),
            Mistake(
                "state not carried on",
                partial(_classify, keep=False),
                "Every row of yours begins with an empty memory, so that only the last row counts. What goes from step to step?",
            ),
            Mistake(
                "first row's output",
                partial(_classify, read="first"),
                "You answer after the first row. When has the cell seen all of the digit?",
            ),
            Mistake(
                "mean of all outputs",
                partial(_classify, read="mean"),
                "You average the outputs of all rows. That is a possible network, but the statement reads one output: which?",
            ),
        ),
        hints=(
            "Write the loop of chapter 10 first: which axis of the images is time?",
            "After the loop you hold the last output. Ten numbers of it, or as many as there are classes: a dense layer.",
            "`softmax` of the package works on the last axis, whatever the library.",
        ),
    ),
    Exercise(
        name="reading.with_lengths",
        title="Read out where the picture ends",
        difficulty=3,
        minutes=12,
        statement="`outputs: [batch, time, hidden]` are the outputs of a recurrent network over pictures of different heights; "
        "row b has `sequence_length[b]` steps, 0 … time, and past them may stand anything. Return the logits `[batch, class]` of "
        "the last valid output: times `kernel: [hidden, class]`, plus `bias: [class]`. A picture without rows has the output 0.",
        solution=logits_with_lengths,
        reason="The last valid step of a row of length n is n − 1, another one for every row of the batch. A picture without "
        "rows is read out from a zero output: its logits are the bias.",
        cases=(
            _outputs_and_lengths(5, 3, 4, 5, 0, 2, 4),
            _outputs_and_lengths(6, 4, 3, 1, 3),
            _outputs_and_lengths(4, 2, 5, 0, 2, 3),
            _outputs_and_lengths(2, 3, 4, 1),
            _outputs_and_lengths(1, 2, 3, 1, 0, 1),
        ),
        results=("logits: [batch, class]",),
        mistakes=(
            Mistake(
                "last time step",
                lambda outputs, sequence_length, kernel, bias: outputs[:, -1] @ kernel + bias,
                "You read the last step of the batch. For a shorter picture that is padding: where does each of them end?",
            ),
            Mistake(
                "one step too late",
                partial(_logits_at, move=1),
                "You read one step behind the end. Steps are counted from 0: which number has the last of 3?",
            ),
            Mistake(
                "one step too early",
                partial(_logits_at, move=-1),
                "You leave out the last row of every picture. Steps are counted from 0: which number has the last of 3?",
            ),
            Mistake(
                "length 0 wraps round",
                lambda outputs, sequence_length, kernel, bias: _pick(outputs, sequence_length - 1) @ kernel + bias,
                "A picture without rows is read at index −1, which is the end of its padding. What is its output to be?",
            ),
            Mistake(
                "nothing at all for length 0",
                _no_bias_for_empty,
                "For a picture without rows you give zero logits. Its *output* is zero: what does the read-out make of that?",
            ),
            Mistake(
                "mean over time",
                _mean_of_all,
                "You average over all steps, padding among them. Which one output knows the whole picture?",
            ),
        ),
        hints=(
            "Which step is the last of a picture with 3 rows? And of one with none?",
            "Pick one output for each row of the batch first, `[batch, hidden]`; the read-out comes after that.",
            "Two lists of indices, one for the batch and one for the step; and zeros where there is no step at all.",
        ),
    ),
)
