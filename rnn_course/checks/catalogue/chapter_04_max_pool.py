"""Exercises of chapter 04: pooling, where the padding must not change the answer."""

from rnn_course.arrays import array_namespace, device
from rnn_course.checks.catalogue.random_cells import numbers
from rnn_course.checks.exercise import Exercise, Mistake


def max_pool(x, size):
    xp = array_namespace(x)
    for axis in (1, 2):
        total = -x.shape[axis] % size  # what is missing to the next multiple
        border = list(x.shape)
        border[axis] = total // 2
        before = xp.full(tuple(border), -float("inf"), dtype=x.dtype, device=device(x))
        border[axis] = total - total // 2
        after = xp.full(tuple(border), -float("inf"), dtype=x.dtype, device=device(x))
        x = xp.concat([before, x, after], axis=axis)
    batch, rows, columns, channels = x.shape
    tiles = xp.reshape(x, (batch, rows // size, size, columns // size, size, channels))
    return xp.max(tiles, axis=(2, 4))


def average_pool(x, size, count_padding):
    xp = array_namespace(x)
    inside = xp.ones((1, *x.shape[1:3], 1), dtype=x.dtype, device=device(x))  # 1 where there is a pixel
    sums = []
    for values in (x, inside):
        for axis in (1, 2):
            total = -values.shape[axis] % size
            border = list(values.shape)
            border[axis] = total // 2
            before = xp.zeros(tuple(border), dtype=x.dtype, device=device(x))
            border[axis] = total - total // 2
            after = xp.zeros(tuple(border), dtype=x.dtype, device=device(x))
            values = xp.concat([before, values, after], axis=axis)
        batch, rows, columns, channels = values.shape
        tiles = xp.reshape(values, (batch, rows // size, size, columns // size, size, channels))
        sums.append(xp.sum(tiles, axis=(2, 4)))
    total, cells = sums
    return total / (size * size) if count_padding else total / cells


def _images(batch, rows, columns, channels, size, shift=0.0):
    return lambda rng: (numbers(rng, batch, rows, columns, channels) + shift, size)


def _images_to_average(batch, rows, columns, channels, size, count_padding):
    """Images whose first pixel is 0, and a pixel nevertheless."""

    def arguments(rng):
        x = numbers(rng, batch, rows, columns, channels) + 1.0
        x[:, 0, 0, :] = 0
        return x, size, count_padding

    return arguments


def _padded(x, size, fill, split):
    """The images, filled up to a multiple of `size`; `split(total)` says how much of it goes before."""
    xp = array_namespace(x)
    for axis in (1, 2):
        total = -x.shape[axis] % size
        parts = []
        for width in (split(total), total - split(total)):
            shape = (*x.shape[:axis], width, *x.shape[axis + 1 :])
            parts.append(xp.full(shape, fill, dtype=x.dtype, device=device(x)))
        x = xp.concat([parts[0], x, parts[1]], axis=axis)
    return x


def _tiles(x, size):
    """`[batch, out_rows, out_columns, cells, channels]`, what does not fill a tile being left out."""
    xp = array_namespace(x)
    out_rows, out_columns = x.shape[1] // size, x.shape[2] // size
    x = x[:, : out_rows * size, : out_columns * size, :]
    tiles = xp.reshape(x, (x.shape[0], out_rows, size, out_columns, size, x.shape[3]))
    tiles = xp.moveaxis(tiles, 2, 3)
    return xp.reshape(tiles, (x.shape[0], out_rows, out_columns, size * size, x.shape[3]))


def _maximum(x, axis):
    return array_namespace(x).max(x, axis=axis)


def _wrong_max(
    fill=-float("inf"), split=lambda total: total // 2, reduce=lambda tiles: _maximum(tiles, 3), padded=_padded
):
    """`max_pool` with other padding, or another way to make one number of a tile."""
    return lambda x, size: reduce(_tiles(padded(x, size, fill, split), size))


def _moving_by_one(x, size):
    xp = array_namespace(x)
    total = size - 1
    for axis in (1, 2):
        parts = []
        for width in (total // 2, total - total // 2):
            shape = (*x.shape[:axis], width, *x.shape[axis + 1 :])
            parts.append(xp.full(shape, -float("inf"), dtype=x.dtype, device=device(x)))
        x = xp.concat([parts[0], x, parts[1]], axis=axis)
    rows, columns = x.shape[1] - total, x.shape[2] - total
    cells = [x[:, r : r + rows, s : s + columns, :] for r in range(size) for s in range(size)]
    return _maximum(xp.stack(cells, axis=3), 3)


def _wrong_average(flag=lambda count: count, divisor=None, split=lambda total: total // 2, fill=0.0):
    """`average_pool` with another divisor, another reading of its flag, or other padding."""

    def answer(x, size, count_padding):
        xp = array_namespace(x)
        inside = xp.ones((1, *x.shape[1:3], 1), dtype=x.dtype, device=device(x))
        cells = xp.sum(_tiles(_padded(inside, size, 0.0, split), size), axis=3)
        total = xp.sum(_tiles(_padded(x, size, fill, split), size), axis=3)
        if divisor is not None:
            return total / divisor(size)
        return total / (size * size) if flag(count_padding) else total / cells

    return answer


def _zeros_not_counted(x, size, count_padding):
    xp = array_namespace(x)
    tiles = _tiles(_padded(x, size, 0.0, lambda total: total // 2), size)
    cells = xp.sum(xp.astype(tiles != 0, x.dtype), axis=3)
    return xp.sum(tiles, axis=3) / (size * size if count_padding else cells)


EXERCISES = (
    Exercise(
        name="conv.max_pool",
        title="Max-pooling, up to the edge",
        difficulty=3,
        minutes=15,
        statement="Return the largest number of each channel in each window of `size` · `size` pixels of `x: [batch, rows, columns, channels]`. The windows lie side by "
        "side, and padding is SAME: where `size` does not divide an axis, it is filled up, the odd row or column after. What is filled in must never "
        "win. Numbers may be negative.",
        solution=max_pool,
        reason="Filled up with −∞, which loses against every number, each axis is a whole number of windows. Then a reshape gives each window two axes of its own, and "
        "the maximum runs over both. A 0 would win wherever all pixels of a window are negative.",
        cases=(
            _images(3, 7, 8, 2, 3, shift=-2.0),
            _images(2, 6, 9, 4, 4),
            _images(1, 5, 4, 3, 2, shift=-1.0),
            _images(4, 6, 3, 2, 3),
        ),
        results=("[batch, out_rows, out_columns, channels]",),
        laws=("rows",),
        mistakes=(
            Mistake(
                "padded with 0",
                _wrong_max(fill=0.0),
                "Where all pixels of a window are negative, your padding wins. What loses against every number?",
            ),
            Mistake(
                "the odd one before",
                _wrong_max(split=lambda total: total - total // 2),
                "Your windows are shifted by one where an odd number of rows or columns is added. On which side does the odd one go?",
            ),
            Mistake(
                "all of it after",
                _wrong_max(split=lambda total: 0),
                "You fill up at the end alone. SAME shares what is missing between both sides.",
            ),
            Mistake(
                "zeros, and all of them after",
                _wrong_max(fill=0.0, split=lambda total: 0),
                "Two things at once: a 0 may win where all pixels are negative, and SAME shares what is missing between both sides.",
            ),
            Mistake(
                "edge left out",
                lambda x, size: _maximum(_tiles(x, size), 3),
                "You leave out the rows and columns that do not fill a window. That is VALID: which pixels has nobody seen?",
            ),
            Mistake(
                "the mean",
                lambda x, size: average_pool(x, size, False),
                "That is the mean of a window. Which one of its numbers is asked for?",
            ),
            Mistake(
                "windows that overlap",
                _moving_by_one,
                "Your window moves on by one pixel. How far apart are windows that lie side by side?",
            ),
            Mistake(
                "maximum over the channels too",
                _wrong_max(reduce=lambda tiles: _maximum(_maximum(tiles, 3), 3)[..., None]),
                "One channel is left in your result. Does a channel compete with the others?",
            ),
        ),
        hints=(
            "How many rows are missing to the next multiple of size? Half of them go before, rounded down.",
            "Which number can be filled in so that it never is the largest? There is a float for it.",
            "Now each axis is a whole number of windows: cut it into two by a reshape, and take the maximum over the two inner axes.",
        ),
    ),
    Exercise(
        name="conv.average_pool",
        title="A mean of how many?",
        difficulty=3,
        minutes=12,
        statement="Return the mean of each channel in each window of `size` · `size` pixels of `x: [batch, rows, columns, channels]`; windows and padding as in "
        "`conv.max_pool`, filled up with 0. A window's sum is divided by all its size² cells if `count_padding` is true, as Torch does, and by "
        "the number of its cells within the image if it is false, as TensorFlow does.",
        solution=average_pool,
        reason="Zeros add nothing to a sum, so only the divisor differs. To count the cells within the image, pool an image of ones in the same way.",
        cases=(
            _images_to_average(3, 7, 8, 2, 3, False),
            _images_to_average(2, 7, 8, 4, 3, True),
            _images_to_average(1, 5, 9, 3, 2, False),
            _images_to_average(4, 6, 9, 2, 4, True),
        ),
        results=("[batch, out_rows, out_columns, channels]",),
        laws=("rows",),
        mistakes=(
            Mistake(
                "always by all cells",
                _wrong_average(flag=lambda count: True),
                "You always divide by size², as Torch does. Which cells count if `count_padding` is false?",
            ),
            Mistake(
                "always by the cells within",
                _wrong_average(flag=lambda count: False),
                "You always divide by the cells within the image, as TensorFlow does. What does `count_padding` ask for?",
            ),
            Mistake(
                "flag turned round",
                _wrong_average(flag=lambda count: not count),
                "Both divisors are right, each in the other's place. What is counted if `count_padding` is true?",
            ),
            Mistake(
                "the sum",
                _wrong_average(divisor=lambda size: 1),
                "Your windows are added up. What makes a mean of a sum?",
            ),
            Mistake(
                "divided by one side",
                _wrong_average(divisor=lambda size: size),
                "You divide by size. How many cells has a window of size · size?",
            ),
            Mistake(
                "the odd one before",
                _wrong_average(split=lambda total: total - total // 2),
                "Your windows are shifted by one where an odd number of rows or columns is added. On which side does the odd one go?",
            ),
            Mistake(
                "all of it after",
                _wrong_average(split=lambda total: 0),
                "You fill up at the end alone. SAME shares what is missing between both sides.",
            ),
            Mistake(
                "by all cells, filled up after",
                _wrong_average(flag=lambda count: True, split=lambda total: 0),
                "Two things at once: you always divide by size², and you fill up at the end alone. SAME shares what is missing between both sides.",
            ),
            Mistake(
                "edge left out",
                lambda x, size, count_padding: array_namespace(x).mean(_tiles(x, size), axis=3),
                "You leave out the rows and columns that do not fill a window. That is VALID: which pixels has nobody seen?",
            ),
            Mistake(
                "a 0 taken for padding",
                _zeros_not_counted,
                "A pixel of 0 is a pixel: paper. You count it as if it lay outside. What tells what lies within the image?",
            ),
        ),
        hints=(
            "It is max-pooling with another filling and a sum in the maximum's place. Only the divisor is new.",
            "How many cells of a window lie within the image? Imagine an image in which every pixel is 1.",
        ),
    ),
)
