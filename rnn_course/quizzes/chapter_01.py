"""Questions of chapter 01, one batch in three views: the -1, batch and training set, NHWC and NCHW, time first."""

from rnn_course.quizzes.question import Question, Wrong

QUESTIONS = (
    Question(
        code="""
batch = rng.random((5, 28, 28))
vectors = batch.reshape(-1, 784)
""",
        asks="vectors",
        why="A digit is `28 * 28 = 784` numbers, so `batch.size = 3920` numbers make 5 rows of them. NumPy worked out "
        "the 5.",
        wrong=(
            Wrong(
                [-1, 784],
                "The -1 is a question to NumPy: “work this size out”. It never appears in the answer, for no axis of "
                "an array has a negative size.",
            ),
            Wrong(
                "batch.reshape(784, -1)",
                "The sizes stand where you write them: 784 is the second one here. The batch axis stays first, with "
                "one row a digit.",
            ),
            Wrong(
                [55000, 784],
                "55,000 is the size of a training set, as MNIST is often split. A batch is the few examples that go "
                "through the network at once: here 5.",
            ),
            Wrong("batch[0].reshape(-1)", "It is one digit. The batch axis is still there."),
        ),
    ),
    Question(
        code="""
# [batch, row, column, channel], NHWC
photos = rng.random((4, 32, 48, 3))
moved = photos.transpose(0, 3, 1, 2)
""",
        asks="moved",
        why="`transpose(0, 3, 1, 2)` names the old axes in their new order: batch, channel, row, column. That is NCHW, "
        "which Torch wants.",
        wrong=(
            Wrong(
                "photos",
                "`transpose` gives a new view and leaves the old array as it was; the question is about the new one.",
            ),
            Wrong(
                "photos.swapaxes(1, 3)",
                "Two axes change places there. The channels come second, but rows and columns are swapped too: all "
                "photographs lie on their side.",
            ),
            Wrong(
                "photos.transpose(3, 0, 1, 2)", "The 0 comes first in the question: the batch axis stays where it is."
            ),
            Wrong(
                "photos.reshape(4, 3, -1)",
                "`transpose` only changes the order of the axes. There were four, so there are four.",
            ),
        ),
    ),
    Question(
        code="""
batch = rng.random((5, 28, 28))
# two rows of pixels a step
sequences = batch.reshape(5, 14, 56)
x = sequences[:, 3]
""",
        asks="x",
        why="All five digits take step 3 together, and each brings two rows of pixels: `2 * 28 = 56` numbers. This is "
        "what a cell sees at one step, `[batch, input]`.",
        wrong=(
            Wrong(
                "sequences[3]",
                "An index without a colon before it counts the first axis: this is the whole sequence of digit 3.",
            ),
            Wrong("sequences[:, :, 3]", "It is number 3 of every step. Time is the second axis, not the last one."),
            Wrong("batch[:, 3]", "It is one row of pixels of each digit. A step holds two of them here."),
            Wrong(
                "sequences[3, 3]",
                "It is step 3 of one digit alone. The colon in `sequences[:, 3]` keeps the batch axis.",
            ),
        ),
    ),
    Question(
        code="""
# [batch, time, input]
sequences = rng.random((5, 14, 56))
time_major = sequences.swapaxes(0, 1)
""",
        asks="time_major",
        why="Axes 0 and 1 change places: `[time, batch, input]`. `time_major[3]` is step 3 of all five digits, "
        "`time_major[3]: [5, 56]`.",
        wrong=(
            Wrong(
                "sequences",
                "This is batch-major still. `swapaxes` does not change the array in place: it returns a view.",
            ),
            Wrong("sequences.swapaxes(1, 2)", "Python counts axes from 0. Axis 0 is the batch, axis 1 is time."),
            Wrong(
                "sequences.transpose()",
                "Without arguments `transpose` turns the order of all axes round, so the input comes first.",
            ),
            Wrong(
                "sequences.reshape(14, -1)",
                "Swapping two axes never joins any. And `reshape` does not move an axis: row 0 of that array holds "
                "steps 0 to 4 of the first digit.",
            ),
        ),
    ),
    Question(
        code="""
batch = rng.random((5, 28, 28))
halves = batch.reshape(-1, 392)
""",
        asks="halves",
        why="`reshape` keeps all `5 * 784 = 3920` numbers and cuts them every 392: `3920 // 392 = 10` rows. It does "
        "not know what a digit is. A network would take these for a batch of 10, and no error tells you.",
        wrong=(
            Wrong("batch[:, :14].reshape(5, -1)", "These are the upper halves alone. `reshape` never drops a number."),
            Wrong(
                Exception,
                "`reshape` fails only if the numbers do not come out even. `3920 % 392 = 0`, so it is content, and the "
                "batch has changed its size.",
            ),
            Wrong("batch.reshape(5, 2, -1)", "`reshape(-1, 392)` names two sizes, so the answer has two axes."),
            Wrong(
                "batch.reshape(5, -1)",
                "You have kept the 5 in mind, but the code has not: it asks for rows of 392, half a digit each.",
            ),
        ),
    ),
)
