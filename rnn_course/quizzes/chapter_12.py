"""Questions of chapter 12, reading digits row by row: the read-out, beliefs, lengths, counts and confusion."""

from rnn_course.quizzes.question import Question, Wrong

READER = """
# [batch, row, column]
images = rng.random((4, 28, 20), "float32")
cell = LSTMCell.init(20, 6, rng=rng)
readout = Dense.init(6, 10, rng=rng)
outputs, state = dynamic_rnn(cell, images)
"""
ALL_LOGITS = "readout(outputs)"
LAST_LOGITS = "readout(outputs[:, -1])"

QUESTIONS = (
    Question(
        code=READER,
        asks="cell.kernel",
        why="20 pixels of a row and 6 old h go in, 26 numbers; four blocks of 6 come out: `cell.kernel: [26, 24]`. The "
        "number of rows is in no weight.",
        wrong=(
            Wrong([28 + 6, 4 * 6], "28 is the number of rows, and so of steps. What goes in is one row, 20 pixels."),
            Wrong([28 * 20 + 6, 4 * 6], "That is the whole picture at one step, as a dense network sees it."),
            Wrong([20, 4 * 6], "The old h goes into the product too, below the pixels of the row."),
        ),
    ),
    Question(
        code=READER,
        asks=LAST_LOGITS,
        why="One output for each picture, the last, and ten numbers of it. No row is padded: "
        "`outputs[:, -1] == state.h`.",
        wrong=(
            Wrong(ALL_LOGITS, "These are the logits after every row. The classifier reads the last output alone."),
            Wrong("outputs[:, -1]", "This is what the read-out reads: 6 numbers a picture."),
            Wrong([28, 10], "28 is the time axis. It is gone when the last step has been taken."),
        ),
    ),
    Question(
        code=READER,
        asks=ALL_LOGITS,
        why="A dense layer works on the last axis and leaves the others alone: ten numbers after every row of "
        "every picture.",
        wrong=(
            Wrong(LAST_LOGITS, "These are the logits after the last row only."),
            Wrong([4 * 28, 10], "Nothing is flattened: batch and time stay two axes."),
            Wrong("outputs", "This is what goes into the read-out, 6 wide. Ten classes come out."),
        ),
    ),
    Question(
        code=READER
        + """
order = rng.permutation(28 * 20)
vectors = images.reshape(4, -1)
permuted = vectors[:, order]
""",
        asks="permuted.reshape(images.shape)",
        why="The same pixels of the same four pictures in another order, back in rows and columns: a network "
        "cannot see from the shape that anything has happened.",
        wrong=(
            Wrong("permuted", "This is before the reshape: one axis for all pixels."),
            Wrong([4, 20, 28], "A reshape to the shape of the images: rows first, then columns."),
            Wrong([560, 4], "The order indexes the second axis. The batch stays in front."),
        ),
    ),
    Question(
        code="""
labels = rng.integers(0, 10, 360)
answers = rng.integers(0, 10, 360)
""",
        asks="confusion_matrix(labels, answers)",
        why="A row for each label, a column for each answer, whatever the number of examples. All of them are counted: "
        "`confusion_matrix(labels, answers).sum() == 360`.",
        wrong=(
            Wrong([360, 10], "Each example adds one to a single place. It gets no row of its own."),
            Wrong([10], "That would be a count for each label, and say nothing of the answers."),
            Wrong(
                [360, 360], "Examples are not compared with each other: a row stands for a label, not for one example."
            ),
        ),
    ),
    Question(
        code="""
model = row_lstm(28, (64,), rng=rng)
""",
        asks="multiply_adds(model, 28, 28)",
        why="The kernel at each of 28 rows, `(28 + 64) * 256 = 23552`, and the read-out once: "
        "`28 * 23552 + 640 = 660096`.",
        wrong=(
            Wrong("multiply_adds(model, 1, 28)", "That is a picture of one row. The kernel is used at every row."),
            Wrong("parameters(model)", "These are the weights, and each of the cell's is used 28 times."),
            Wrong("multiply_adds(model, 28, 28) // 4", "i, j, f and o are four blocks of the kernel: each multiplies."),
        ),
    ),
)
