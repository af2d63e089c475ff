"""Exercises of chapter 04: a convolution as a dense layer, its windows as rows, and the convolution itself."""

from rnn_course.arrays import array_namespace, zeros
from rnn_course.checks.catalogue.random_cells import numbers
from rnn_course.checks.exercise import Exercise, Mistake


def dense_kernel(kernel, rows, columns):
    k_rows, k_columns = kernel.shape
    out_rows, out_columns = rows - k_rows + 1, columns - k_columns + 1
    dense = zeros((rows, columns, out_rows, out_columns), like=kernel)
    for i in range(out_rows):
        for j in range(out_columns):
            dense[i : i + k_rows, j : j + k_columns, i, j] = kernel
    reshape = array_namespace(kernel).reshape
    return reshape(dense, (rows * columns, out_rows * out_columns))


def im2col(x, size, stride):
    k_rows, k_columns = size
    last_row = x.shape[1] - k_rows  # where a window can begin at most
    last_column = x.shape[2] - k_columns
    cells = []
    for r in range(k_rows):
        for s in range(k_columns):
            rows = slice(r, r + last_row + 1, stride)
            columns = slice(s, s + last_column + 1, stride)
            cells.append(x[:, rows, columns, :])
    return array_namespace(x).concat(cells, axis=3)


def convolve(x, kernel, bias, stride):
    k_rows, k_columns, _, _ = kernel.shape
    last_row, last_column = x.shape[1] - k_rows, x.shape[2] - k_columns
    y = bias
    for r in range(k_rows):
        for s in range(k_columns):
            rows = slice(r, r + last_row + 1, stride)
            columns = slice(s, s + last_column + 1, stride)
            y = y + x[:, rows, columns, :] @ kernel[r, s]
    return y


def _flipped(kernel):
    return array_namespace(kernel).flip(kernel, axis=(0, 1))


def _kernel(k_rows, k_columns, rows, columns):
    return lambda rng: (numbers(rng, k_rows, k_columns), rows, columns)


def _images(batch, rows, columns, channels, size, stride):
    return lambda rng: (numbers(rng, batch, rows, columns, channels), size, stride)


def _layer(batch, rows, columns, channels, filters, size, stride):
    return lambda rng: (
        numbers(rng, batch, rows, columns, channels),
        numbers(rng, *size, channels, filters),
        numbers(rng, filters),
        stride,
    )


def _by_place_in_the_output(kernel, rows, columns):
    """Window (i, j) begins at number i · out_columns + j of the image, where it should be i · columns + j."""
    out_rows, out_columns = rows - kernel.shape[0] + 1, columns - kernel.shape[1] + 1
    dense = zeros((rows * columns, out_rows * out_columns), like=kernel)
    for place in range(out_rows * out_columns):
        for r in range(kernel.shape[0]):
            first = place + r * columns
            dense[first : first + kernel.shape[1], place] = kernel[r]
    return dense


def _lines_of_the_other_length(kernel, rows, columns):
    matrix = 0 * dense_kernel(kernel, rows, columns)
    out_columns = columns - kernel.shape[1] + 1
    for place in range(matrix.shape[1]):
        i, j = divmod(place, out_columns)
        for r in range(kernel.shape[0]):
            for s in range(kernel.shape[1]):
                matrix[(i + r) * rows + j + s, place] = kernel[r, s]
    return matrix


def _window_stays(kernel, rows, columns):
    outputs = (rows - kernel.shape[0] + 1) * (columns - kernel.shape[1] + 1)
    dense = zeros((rows, columns, outputs), like=kernel)
    dense[: kernel.shape[0], : kernel.shape[1], :] = kernel[:, :, None]
    return array_namespace(kernel).reshape(dense, (rows * columns, outputs))


def _image_column_by_column(kernel, rows, columns):
    xp = array_namespace(kernel)
    dense = dense_kernel(kernel, rows, columns)
    outputs = dense.shape[1]
    return xp.reshape(xp.moveaxis(xp.reshape(dense, (rows, columns, outputs)), 0, 1), (rows * columns, outputs))


def _columns_first(kernel, rows, columns):
    xp = array_namespace(kernel)
    out_rows, out_columns = rows - kernel.shape[0] + 1, columns - kernel.shape[1] + 1
    dense = xp.reshape(dense_kernel(kernel, rows, columns), (rows * columns, out_rows, out_columns))
    return xp.reshape(xp.moveaxis(dense, 1, 2), (rows * columns, out_rows * out_columns))


def _cells(x, size, stride):
    """The windows with every axis of its own: `[batch, out_rows, out_columns, kernel_rows, kernel_columns, channels]`."""
    windows = im2col(x, size, stride)
    return array_namespace(x).reshape(windows, (*windows.shape[:3], *size, x.shape[3]))


def _reordered(order):
    """`im2col` whose windows are written down in another order of (rows, columns, channels)."""

    def answer(x, size, stride):
        xp = array_namespace(x)
        cells = _cells(x, size, stride)
        moved = xp.moveaxis(cells, tuple(3 + axis for axis in order), (3, 4, 5))
        return xp.reshape(moved, (*cells.shape[:3], -1))

    return answer


def _stride_between_the_cells(x, size, stride):
    outputs = [n - (k - 1) * stride for n, k in zip(x.shape[1:3], size, strict=True)]
    cells = [
        x[:, r * stride : r * stride + outputs[0], s * stride : s * stride + outputs[1], :]
        for r in range(size[0])
        for s in range(size[1])
    ]
    return array_namespace(x).concat(cells, axis=3)


def _windows_apart(x, size, stride):
    xp = array_namespace(x)
    rows = [
        xp.reshape(x[:, i : i + size[0], :, :], (x.shape[0], -1)) for i in range(0, x.shape[1] - size[0] + 1, stride)
    ]
    return xp.stack(rows, axis=1)


def _wrong_convolve(kernel=lambda k: k, stride=lambda s: s, bias=lambda b, cells: b):
    """`convolve` with another kernel, stride or bias."""

    def answer(x, weights, b, step):
        k_rows, k_columns, _, filters = weights.shape
        flat = array_namespace(x).reshape(kernel(weights), (-1, filters))
        return im2col(x, (k_rows, k_columns), stride(step)) @ flat + bias(b, k_rows * k_columns)

    return answer


def _windows_channels_first(x, kernel, bias, stride):
    k_rows, k_columns, _, filters = kernel.shape
    windows = _reordered((2, 0, 1))(x, (k_rows, k_columns), stride)
    return windows @ array_namespace(x).reshape(kernel, (-1, filters)) + bias


def _channels_added_up(x, kernel, bias, stride):
    xp = array_namespace(x)
    return convolve(xp.sum(x, axis=3, keepdims=True), xp.sum(kernel, axis=2, keepdims=True), bias, stride)


def _first_channel_only(x, kernel, bias, stride):
    return convolve(x[..., :1], kernel[:, :, :1, :], bias, stride)


def _last_cell_only(x, kernel, bias, stride):
    k_rows, k_columns, channels, _ = kernel.shape
    return im2col(x, (k_rows, k_columns), stride)[..., -channels:] @ kernel[-1, -1] + bias


def _axes_of_torch(kernel):
    """The numbers read as [filters, channels, rows, columns], without moving an axis."""
    xp = array_namespace(kernel)
    k_rows, k_columns, channels, filters = kernel.shape
    return xp.moveaxis(xp.reshape(kernel, (filters, channels, k_rows, k_columns)), (0, 1), (3, 2))


def _rows_and_columns_exchanged(kernel):
    xp = array_namespace(kernel)
    return xp.reshape(xp.moveaxis(kernel, 0, 1), tuple(kernel.shape))


EXERCISES = (
    Exercise(
        name="conv.as_dense",
        title="A convolution as a dense layer",
        difficulty=3,
        minutes=15,
        statement="From `kernel: [kernel_rows, kernel_columns]` make the matrix `[rows*columns, out_rows*out_columns]` of a dense layer that does the same as "
        "the convolution (VALID, stride 1) of an image `[rows, columns]` flattened row by row. The outputs are numbered row by row too.",
        solution=dense_kernel,
        reason="Column (i, j) of the matrix is one output: the kernel laid into an empty image with its upper left corner at (i, j), then flattened. All columns "
        "hold the same few numbers, at other places; everything else is 0.",
        cases=(_kernel(2, 3, 5, 7), _kernel(3, 2, 4, 6), _kernel(1, 1, 2, 3), _kernel(2, 2, 2, 4)),
        results=("[rows*columns, outputs]",),
        mistakes=(
            Mistake(
                "transposed",
                lambda kernel, rows, columns: dense_kernel(kernel, rows, columns).T,
                "Your matrix is [outputs, inputs], Torch's way. Here it stands to the right: x @ kernel.",
            ),
            Mistake(
                "flipped kernel",
                lambda kernel, rows, columns: dense_kernel(_flipped(kernel), rows, columns),
                "You turned the kernel round, as mathematicians do. Which of its cells meets the upper left pixel of the window here?",
            ),
            Mistake(
                "place in the output taken for place in the image",
                _by_place_in_the_output,
                "Your first row of outputs is right, and then the windows drift to the left. Is a row of outputs as long as a row of pixels?",
            ),
            Mistake(
                "lines as long as the image is high",
                _lines_of_the_other_length,
                "Your first line of pixels is right, and the next ones begin at the wrong place. How many pixels has a line of the image?",
            ),
            Mistake(
                "the window never moves",
                _window_stays,
                "All your outputs look at the same window. Where does the one of output (i, j) begin?",
            ),
            Mistake(
                "outputs numbered column by column",
                _columns_first,
                "You number the outputs down the columns. Which index runs fastest when an array is flattened?",
            ),
            Mistake(
                "image flattened column by column",
                _image_column_by_column,
                "Your image is flattened column by column. Which pixel follows the upper left one when rows "
                "are put after each other?",
            ),
        ),
        hints=(
            "Take one output. Draw the image with a 0 at every pixel that it does not look at, and the weight at those that it does.",
            "An array [rows, columns, out_rows, out_columns] has a place for each pair. Fill one picture of it at a time.",
            "When it is full, join the first two axes and the last two.",
        ),
    ),
    Exercise(
        name="conv.windows",
        title="Windows as rows (im2col)",
        difficulty=3,
        minutes=15,
        statement="Cut out of `x: [batch, rows, columns, channels]` every window of `size = (kernel_rows, kernel_columns)` pixels that lies within the image, and "
        "move on by `stride`, a number. Return `[batch, out_rows, out_columns, kernel_rows*kernel_columns*channels]`: each window flattened row by row, "
        "the channels running fastest.",
        solution=im2col,
        reason="Cell (r, s) of all windows at once is one shifted, strided slice of the images, so a loop over the few cells is enough; the many places need none. "
        "Put side by side along the channels, the slices stand in the order rows, columns, channels, which is that of a kernel flattened by reshape.",
        cases=(
            _images(3, 7, 9, 2, (2, 3), 1),
            _images(2, 9, 8, 3, (3, 2), 2),
            _images(1, 8, 7, 4, (3, 2), 3),
            _images(4, 5, 3, 1, (1, 2), 2),
        ),
        results=("[batch, out_rows, out_columns, window]",),
        laws=("rows",),
        mistakes=(
            Mistake(
                "channels first",
                _reordered((2, 0, 1)),
                "Your windows hold one channel after the other, as Torch's `unfold` does. Which axis of the image runs fastest here?",
            ),
            Mistake(
                "column by column",
                _reordered((1, 0, 2)),
                "You go through a window column by column. In what order does `reshape` go through it?",
            ),
            Mistake(
                "stride forgotten",
                lambda x, size, stride: im2col(x, size, 1),
                "You cut out a window at every pixel. How far is it from one to the next?",
            ),
            Mistake(
                "stride between the cells",
                _stride_between_the_cells,
                "You take every stride-th pixel within a window. That is called dilation; what does a stride keep apart?",
            ),
            Mistake(
                "last window missing",
                lambda x, size, stride: im2col(x[:, :-1, :-1, :], size, stride),
                "Your windows stop one pixel before the edge. Which is the last place where a window can begin?",
            ),
            Mistake(
                "windows as wide as the image",
                _windows_apart,
                "You cut strips of whole rows. A window ends on the right too.",
            ),
        ),
        hints=(
            "Which pixel stands in cell (0, 0) of each window? Those are x[:, ::stride, ::stride], up to a last place.",
            "Cell (r, s) is the same slice, shifted by r and s. Slice ends: the last window begins at rows − kernel_rows.",
            "Collect the slices, each [batch, out_rows, out_columns, channels], and put them side by side along the channels.",
        ),
    ),
    Exercise(
        name="conv.forward",
        title="The convolution",
        difficulty=3,
        minutes=20,
        statement="From `x: [batch, rows, columns, channels]`, `kernel: [kernel_rows, kernel_columns, channels, filters]`, `bias: [filters]` and the number `stride` "
        "return the convolution without padding, `[batch, out_rows, out_columns, filters]`. The kernel is not flipped.",
        solution=convolve,
        reason="Each cell of the window is a little dense layer of its own, [channels, filters], applied to a shifted image; the convolution is their sum. With im2col it "
        "is a single product instead: the same numbers in another order.",
        cases=(
            _layer(2, 7, 9, 3, 4, (2, 3), 1),
            _layer(3, 9, 8, 2, 5, (3, 2), 2),
            _layer(1, 8, 7, 4, 3, (3, 3), 3),
            _layer(5, 4, 3, 1, 2, (1, 1), 2),
        ),
        results=("[batch, out_rows, out_columns, filters]",),
        laws=("rows",),
        mistakes=(
            Mistake(
                "flipped kernel",
                _wrong_convolve(kernel=_flipped),
                "You turned the kernel round in rows and columns. That is the convolution of mathematics; deep learning libraries do without.",
            ),
            Mistake(
                "kernel axes of NCHW",
                _wrong_convolve(kernel=_axes_of_torch),
                "You read the kernel as [filters, channels, rows, columns], Torch's order. The number of weights is the same: which axis comes last here?",
            ),
            Mistake(
                "rows and columns of the kernel exchanged",
                _wrong_convolve(kernel=_rows_and_columns_exchanged),
                "Your kernel lies on its side: its rows meet the columns of the window. In which order are the two flattened?",
            ),
            Mistake(
                "stride forgotten",
                _wrong_convolve(stride=lambda s: 1),
                "You compute an output at every pixel. How far does the window move?",
            ),
            Mistake(
                "bias forgotten",
                _wrong_convolve(bias=lambda b, cells: 0 * b),
                "Your sums are right but for a number that belongs to each filter. What is added after the products?",
            ),
            Mistake(
                "bias added for every cell",
                _wrong_convolve(bias=lambda b, cells: cells * b),
                "The bias is in your sum once for each cell of the window. How often should it be?",
            ),
            Mistake(
                "overwritten, not accumulated",
                _last_cell_only,
                "Only the last cell of the window counts in your answer. What becomes of the cells before it in your loop?",
            ),
            Mistake(
                "windows with the channels first",
                _windows_channels_first,
                "Your windows hold one channel after the other, your kernel cell after cell. Both have to be "
                "flattened in the same order.",
            ),
            Mistake(
                "channels added up first",
                _channels_added_up,
                "You add up the channels before they meet the kernel. Each channel has weights of its own.",
            ),
            Mistake(
                "first channel only",
                _first_channel_only,
                "Only the first channel of the images counts in your answer. How deep is a filter?",
            ),
        ),
        hints=(
            "If you have written im2col: flatten the kernel to [kernel_rows*kernel_columns*channels, filters], and it is one product.",
            "Without: for cell (r, s), the shifted and strided image @ kernel[r, s] gives that cell's part at every place at once.",
            "Add up these parts, and add the bias once.",
        ),
    ),
)
