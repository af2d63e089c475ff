"""Exercises of chapter 01, one batch in three views: vectors, images, sequences of rows."""

from rnn_course.arrays import array_namespace
from rnn_course.checks.exercise import Exercise, Mistake


def predict_shapes(batch):
    return (batch, 784), (batch, 28, 28, 1), (batch, 28, 28)


def as_vectors(images):
    return images.reshape(len(images), -1)


def as_images(vectors, rows, columns):
    return vectors.reshape(-1, rows, columns, 1)


def channels_first(images):
    return images.transpose(0, 3, 1, 2)


def time_major(sequences):
    return sequences.swapaxes(0, 1)


def row_at_step(images, step):
    return images[:, step, :]


def _images(batch, rows, columns, *channels):
    return lambda rng: (rng.standard_normal((batch, rows, columns, *channels)),)


def _vectors(batch, rows, columns):
    return lambda rng: (rng.standard_normal((batch, rows * columns)), rows, columns)


def _images_and_step(batch, rows, columns, step):
    return lambda rng: (rng.standard_normal((batch, rows, columns)), step)


def _permute(x, *axes):
    return array_namespace(x).permute_dims(x, axes)


EXERCISES = (
    Exercise(
        name="views.predict",
        title="Predict the three shapes",
        difficulty=1,
        minutes=3,
        statement="For a batch of `batch` digits of 28 × 28 pixels, return the shapes of the vector view, the image view "
        "(NHWC) and the row view (batch-major), as three tuples.",
        solution=predict_shapes,
        reason="All three hold 784 numbers an example: 784 = 28 · 28 · 1 = 28 · 28. The batch axis comes first in each.",
        cases=(lambda rng: (3,), lambda rng: (100,), lambda rng: (1,)),
        results=("vectors", "images", "rows"),
        backends=("numpy",),
        dtypes=("float64",),
        mistakes=(
            Mistake(
                "training set for batch",
                lambda batch: ((55000, 784), (55000, 28, 28, 1), (55000, 28, 28)),
                "55,000 is the size of a training set. A batch is the part of it that goes through the network at once.",
            ),
            Mistake(
                "the batch of the chapter",
                lambda batch: ((5, 784), (5, 28, 28, 1), (5, 28, 28)),
                "The 5 is the batch that the chapter had on its table. Your function is told how many digits there are.",
            ),
            Mistake(
                "channels first",
                lambda batch: ((batch, 784), (batch, 1, 28, 28), (batch, 28, 28)),
                "Your image view is NCHW, Torch's layout. The course writes NHWC: where does the channel axis stand then?",
            ),
            Mistake(
                "no channel axis",
                lambda batch: ((batch, 784), (batch, 28, 28), (batch, 28, 28)),
                "A grey image has one channel, and a CNN wants to see that axis even when its size is 1.",
            ),
            Mistake(
                "time-major rows",
                lambda batch: ((batch, 784), (batch, 28, 28, 1), (28, batch, 28)),
                "Your row view is time-major. The exercise asks for batch-major: which axis comes first then?",
            ),
            Mistake(
                "one pixel a step",
                lambda batch: ((batch, 784), (batch, 28, 28, 1), (batch, 784, 1)),
                "You let the RNN read one pixel a step. Here it reads one row a step: how many steps, how wide is each?",
            ),
            Mistake(
                "minus one",
                lambda batch: ((-1, 784), (-1, 28, 28, 1), (-1, 28, 28)),
                "-1 is a request to `reshape`: work this size out for me. The shape that comes back never contains it.",
            ),
            Mistake(
                "batch last",
                lambda batch: ((784, batch), (28, 28, 1, batch), (28, 28, batch)),
                "You put the batch last. In this course one example is one row of the first axis: where does "
                "the batch stand then?",
            ),
        ),
        hints=(
            "How many numbers does one digit have? Every view has exactly as many for each example.",
            "Each shape begins with `batch`. A vector has one more axis, an image (NHWC) three more, a sequence two more.",
        ),
    ),
    Exercise(
        name="views.as_vectors",
        title="Images to vectors",
        difficulty=1,
        minutes=5,
        statement="Turn `images: [batch, rows, columns]`, of any size, into vectors `[batch, rows*columns]`, row after row. "
        "It should work for NumPy arrays and Torch tensors.",
        solution=as_vectors,
        reason="`reshape` keeps the order in memory, last axis fastest: the rows of an image end up one after the other. "
        "-1 asks for the size that is left over, rows · columns.",
        cases=(_images(5, 3, 4), _images(2, 28, 27), _images(1, 6, 2)),
        results=("[batch, pixel]",),
        mistakes=(
            Mistake(
                "column after column",
                lambda images: images.swapaxes(1, 2).reshape(len(images), -1),
                "Your vectors run down the columns. The pixel after [row 0, column 0] is its right-hand neighbour.",
            ),
            Mistake(
                "batch flattened too",
                lambda images: images.reshape(-1),
                "You have put all images into one long vector. Each example keeps a row of its own: the first axis stays.",
            ),
            Mistake(
                "pixels first",
                lambda images: images.reshape(len(images), -1).swapaxes(0, 1),
                "Your result is [pixel, batch]. The batch axis comes first: one example, one row.",
            ),
            Mistake(
                "reshape across examples",
                lambda images: images.reshape(-1, len(images)),
                "You asked for rows of `batch` numbers: pixels of one digit are spread over many rows. "
                "Which axis has the size of the batch?",
            ),
            Mistake(
                "a channel axis left",
                lambda images: images.reshape(len(images), -1, 1),
                "There is an axis of size 1 too many at the end: a vector view has two axes, batch and pixel.",
            ),
        ),
        hints=(
            "`reshape` only cuts the same run of numbers at other places. Which axes are joined, and which one stays?",
            "Give `reshape` the size of the batch for the first axis, and -1 for the one it should work out.",
        ),
    ),
    Exercise(
        name="views.as_images",
        title="Vectors to images with a channel axis",
        difficulty=2,
        minutes=5,
        statement="Turn `vectors: [batch, rows*columns]`, of any size, into images `[batch, rows, columns, 1]` (NHWC). "
        "It should work for NumPy arrays and Torch tensors.",
        solution=as_images,
        reason="The vector holds the rows one after the other, so cutting it every `columns` numbers gives them back. "
        "The last axis, of size 1, is the one grey channel.",
        cases=(_vectors(5, 3, 4), _vectors(2, 28, 27), _vectors(7, 2, 6)),
        results=("[batch, row, column, channel]",),
        mistakes=(
            Mistake(
                "no channel axis",
                lambda v, rows, columns: v.reshape(-1, rows, columns),
                "The channel axis is missing: NHWC has four axes, and a grey image has one channel.",
            ),
            Mistake(
                "channels first",
                lambda v, rows, columns: v.reshape(-1, 1, rows, columns),
                "Your images are NCHW. In NHWC the channel axis is the last one.",
            ),
            Mistake(
                "rows and columns swapped",
                lambda v, rows, columns: v.reshape(-1, columns, rows, 1),
                "You have cut the vector every `rows` numbers. How long is one row of an image?",
            ),
            Mistake(
                "transposed",
                lambda v, rows, columns: v.reshape(-1, rows, columns, 1).swapaxes(1, 2),
                "Your digits lie on their side: rows and columns were exchanged after the cut, and need not be.",
            ),
            Mistake(
                "column after column",
                lambda v, rows, columns: v.reshape(-1, columns, rows, 1).swapaxes(1, 2),
                "The shape is right, but you read the vector column by column. It holds the digit row after row.",
            ),
        ),
        hints=(
            "It is the way back from `views.as_vectors`, with one more axis.",
            "Four sizes for `reshape`: the batch (or -1), then rows, then columns. What is left for the channel?",
        ),
    ),
    Exercise(
        name="views.channels_first",
        title="NHWC to NCHW",
        difficulty=2,
        minutes=5,
        statement="Turn `images: [batch, rows, columns, channels]` (NHWC) into `[batch, channels, rows, columns]` (NCHW, "
        "the layout of `torch.nn.Conv2d`). NumPy arrays only.",
        solution=channels_first,
        reason="Axes change their places, so this is a transpose, never a reshape: the new order is old axes 0, 3, 1, 2. "
        "Torch calls the same thing `images.permute(0, 3, 1, 2)`.",
        cases=(_images(2, 5, 4, 3), _images(1, 7, 6, 2), _images(3, 2, 8, 5)),
        results=("[batch, channel, row, column]",),
        backends=("numpy",),
        mistakes=(
            Mistake(
                "reshape for transpose",
                lambda x: x.reshape(x.shape[0], x.shape[3], x.shape[1], x.shape[2]),
                "The shape is right and the picture is scrambled: `reshape` does not move axes, it only cuts the same run "
                "of numbers differently.",
            ),
            Mistake(
                "rows and columns swapped",
                lambda x: _permute(x, 0, 3, 2, 1),
                "Channels come first, but rows and columns have changed places too: your digits lie on their side.",
            ),
            Mistake(
                "unchanged",
                lambda x: x,
                "This is still NHWC: the channel axis has not moved.",
            ),
            Mistake(
                "channels before the batch",
                lambda x: _permute(x, 3, 0, 1, 2),
                "The channel axis went to the very front. The batch axis stays first: it is N in NCHW.",
            ),
            Mistake(
                "the way back",
                lambda x: _permute(x, 0, 2, 3, 1),
                "That order leads from NCHW to NHWC. For each new axis, ask which old one it is; you have "
                "answered where each old one goes.",
            ),
        ),
        hints=(
            "Does an axis change its place (transpose), or are axes only joined and cut (reshape)?",
            "Write down for each new axis which old one it is: N was axis 0. C was axis …?",
        ),
    ),
    Exercise(
        name="views.time_major",
        title="Batch-major to time-major",
        difficulty=2,
        minutes=4,
        statement="Turn `sequences: [batch, time, input]` into `[time, batch, input]`. It should work for NumPy arrays and "
        "Torch tensors.",
        solution=time_major,
        reason="Two axes change places, so it is a transpose. `swapaxes(0, 1)` exists for NumPy arrays and Torch tensors; "
        "doing it twice gives back what you had.",
        cases=(_images(4, 3, 5), _images(2, 28, 27), _images(1, 6, 2)),
        results=("[time, batch, input]",),
        mistakes=(
            Mistake(
                "reshape for transpose",
                lambda x: x.reshape(x.shape[1], x.shape[0], x.shape[2]),
                "The shape is right, the content is not: rows of one digit now stand beside rows of another. `reshape` "
                "never moves an axis.",
            ),
            Mistake(
                "all axes reversed",
                lambda x: _permute(x, 2, 1, 0),
                "All three axes were turned around (`.T` does that). Only batch and time change places.",
            ),
            Mistake(
                "batch last",
                lambda x: _permute(x, 1, 2, 0),
                "Your result is [time, input, batch]. The input stays the last axis.",
            ),
            Mistake(
                "input before time",
                lambda x: _permute(x, 0, 2, 1),
                "You exchanged time and input: that feeds the network columns instead of rows. Exchange batch and time.",
            ),
        ),
        hints=(
            "Which two axes change places, and which one stays?",
            "`swapaxes` takes the numbers of two axes; NumPy arrays and Torch tensors both have it.",
        ),
    ),
    Exercise(
        name="views.row_at_step",
        title="What an RNN sees at one step",
        difficulty=2,
        minutes=4,
        statement="From `images: [batch, rows, columns]` return what an RNN reads at time `step` (counted from 0): the row "
        "of that number of every image, `[batch, columns]`. It should work for NumPy arrays and Torch tensors.",
        solution=row_at_step,
        reason="Time runs along the rows, axis 1. The batch axis is kept whole: all examples take the same step together.",
        cases=(_images_and_step(5, 6, 4, 2), _images_and_step(9, 8, 7, 3), _images_and_step(3, 5, 4, 0)),
        results=("[batch, column]",),
        mistakes=(
            Mistake(
                "a column",
                lambda x, step: x[:, :, step],
                "That is a column of every image. The RNN of this course reads rows: which axis is time?",
            ),
            Mistake(
                "one image",
                lambda x, step: x[step],
                "That is one whole image. Index the time axis, and keep the whole batch.",
            ),
            Mistake(
                "all rows so far",
                lambda x, step: x[:, : step + 1, :],
                "Those are all rows up to this step. The cell gets one row a step; what it read before is in its state.",
            ),
            Mistake(
                "counted from one",
                lambda x, step: x[:, step - 1, :],
                "You are one row behind: steps are counted from 0 here.",
            ),
            Mistake(
                "time axis kept",
                lambda x, step: x[:, step : step + 1, :],
                "The right row, but the time axis is still there, with size 1. One step has no time axis.",
            ),
        ),
        hints=(
            "Say the axes aloud: batch, row, column. Which one does a step choose from?",
            "Use one index and two colons.",
        ),
    ),
)
