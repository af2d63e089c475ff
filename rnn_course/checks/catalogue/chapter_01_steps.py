"""Exercises of chapter 01, one batch in three views: wider steps, and the poorest memory of what was read."""

from rnn_course.arrays import array_namespace
from rnn_course.checks.catalogue.cases import with_zeros
from rnn_course.checks.exercise import Exercise, Mistake


def rows_per_step(images, count):
    batch, rows, columns = images.shape
    return images.reshape(batch, rows // count, count * columns)


def running_memory(images):
    xp = array_namespace(images)
    state, states = 0 * images[:, 0, :], []
    for step in range(images.shape[1]):
        state = state + images[:, step, :]  # [batch, columns]
        states.append(state)
    return xp.stack(states, axis=1)


def _images(batch, rows, columns):
    return lambda rng: (rng.standard_normal((batch, rows, columns)),)


def _images_and_count(batch, rows, columns, count):
    return lambda rng: (rng.standard_normal((batch, rows, columns)), count)


def _interleaved(images, count):
    """Step t reads rows t, t + steps, … beside each other."""
    batch, rows, columns = images.shape
    return images.reshape(batch, count, rows // count, columns).swapaxes(1, 2).reshape(batch, -1, count * columns)


def _column_by_column(images, count):
    """The rows of one step, each column's numbers side by side."""
    batch, rows, columns = images.shape
    return images.reshape(batch, rows // count, count, columns).swapaxes(2, 3).reshape(batch, -1, count * columns)


def _states(images, start=0, take=lambda state, x: state + x, kept=1):
    """The loop of the solution with one thing done differently."""
    xp = array_namespace(images)
    state, states = 0 * images[:, 0, :], []
    for step in range(start, images.shape[1]):
        old, state = state, take(state, images[:, step, :])
        states.append(state if kept else old)
    return xp.stack(states, axis=1)


def _in_place(images):
    for step in range(1, images.shape[1]):
        images[:, step, :] += images[:, step - 1, :]
    return images


EXERCISES = (
    Exercise(
        name="views.rows_per_step",
        title="More than one row a step",
        difficulty=3,
        minutes=6,
        statement="Turn `images: [batch, rows, columns]` into sequences that read `count` rows at each step, one after the "
        "other: `[batch, rows // count, count*columns]`. `count` divides the number of rows. It should work for NumPy arrays "
        "and Torch tensors.",
        solution=rows_per_step,
        reason="The rows of an image stand one after the other in memory, so `count` of them are one run of count · columns "
        "numbers. No axis moves: the rows axis is cut in two, and its second part is joined to the columns.",
        cases=(_images_and_count(5, 6, 4, 2), _images_and_count(3, 28, 9, 7), _images_and_count(1, 12, 5, 4)),
        results=("[batch, time, input]",),
        mistakes=(
            Mistake(
                "one row a step",
                lambda images, count: images.reshape(*images.shape),
                "This still reads one row at each step. How many steps are left when each of them takes more rows?",
            ),
            Mistake(
                "as many steps as rows a step",
                lambda images, count: images.reshape(images.shape[0], count, -1),
                "Your sequence has `count` steps. `count` says how many rows there are in one step.",
            ),
            Mistake(
                "rows of one step axis kept",
                lambda images, count: images.reshape(images.shape[0], -1, count, images.shape[2]),
                "There is an axis too many: the rows of one step lie side by side in one input.",
            ),
            Mistake(
                "rows from far apart",
                _interleaved,
                "The shape is right, but the rows in a step are no neighbours in the image. Which rows does step 0 read?",
            ),
            Mistake(
                "column by column",
                _column_by_column,
                "The right rows meet in each step, but their pixels are mixed: the first row of the step comes as a whole.",
            ),
            Mistake(
                "rows dropped",
                lambda images, count: images[:, ::count, :],
                "You read every row number `count` and skip the others. No pixel may be lost.",
            ),
        ),
        hints=(
            "Count: the result has as many numbers as the images. Which sizes do its two last axes have?",
            "Does an axis move? If not, one call is enough, with the three sizes that you have just counted.",
        ),
    ),
    Exercise(
        name="views.memory",
        title="The poorest memory",
        difficulty=3,
        minutes=8,
        statement="Read `images: [batch, rows, columns]` row by row. The memory is 0 at first, and at each step the row is "
        "added to it. Return the memory after every step, `[batch, rows, columns]`. It should work for NumPy arrays and "
        "Torch tensors.",
        solution=running_memory,
        reason="At each step the new state is the old one plus what comes in, and both are `[batch, columns]`. An RNN has "
        "the same loop; only what stands in its middle is richer.",
        cases=(_images(4, 3, 5), with_zeros(_images(2, 7, 6)), _images(1, 1, 2)),
        results=("[batch, time, column]",),
        laws=("rows",),
        mistakes=(
            Mistake(
                "memory before the step",
                lambda images: _states(images, kept=0),
                "At place t you return what was known before step t. The row of the step itself should be in it.",
            ),
            Mistake(
                "nothing kept",
                lambda images: _states(images, take=lambda state, x: x),
                "At place t there is the row of step t alone: the old memory is overwritten, not added to.",
            ),
            Mistake(
                "last memory only",
                lambda images: _states(images)[:, -1, :],
                "This is the memory after the last step. The exercise asks for all of them, one a step.",
            ),
            Mistake(
                "time runs over the batch",
                lambda images: _states(images.swapaxes(0, 1)).swapaxes(0, 1),
                "Your memory goes from one image to the next. Which axis is time, and which one is the batch?",
            ),
            Mistake(
                "time runs over the columns",
                lambda images: _states(images.swapaxes(1, 2)).swapaxes(1, 2),
                "Your memory runs from left to right. The RNN of this course reads from top to bottom.",
            ),
            Mistake(
                "from the bottom up",
                lambda images: _states(array_namespace(images).flip(images, axis=1)),
                "You read the last row first. Step 0 is the row at the top.",
            ),
            Mistake(
                "images overwritten",
                _in_place,
                "The numbers are right, but you have added them up inside `images`, which the caller still needs.",
            ),
            Mistake(
                "first row twice",
                lambda images: images[:, :1, :] + _states(images),
                "The first row is in your memory twice. Start from it, or start from 0 and add it, but not both.",
            ),
            Mistake(
                "one array for all steps",
                lambda images: 0 * images + _states(images)[:, -1:, :],
                "Every place holds the last memory: you keep one array, change it in place, and have put that "
                "same array on the list again and again.",
            ),
        ),
        hints=(
            "Write the loop over the steps first: what comes in at step t, and what is the state then?",
            "Collect each new state on a list; at the end the list becomes one array, with time as axis 1.",
        ),
    ),
)
