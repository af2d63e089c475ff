"""Exercises of chapter 04: the gradients of a convolution, where windows overlap."""

from rnn_course.arrays import array_namespace, zeros
from rnn_course.checks.catalogue.chapter_04_forward import convolve
from rnn_course.checks.catalogue.random_cells import numbers
from rnn_course.checks.exercise import Exercise, Mistake


def convolve_forward(x, kernel, bias, stride):
    xp = array_namespace(x)
    k_rows, k_columns, channels, filters = kernel.shape
    last_row, last_column = x.shape[1] - k_rows, x.shape[2] - k_columns
    cells = []
    for r in range(k_rows):
        for s in range(k_columns):
            rows = slice(r, r + last_row + 1, stride)
            cells.append((r, s, rows, slice(s, s + last_column + 1, stride)))
    y = bias
    for r, s, rows, columns in cells:
        y = y + x[:, rows, columns, :] @ kernel[r, s]

    def backward(d_y):
        d_x, d_kernel = zeros(x.shape, like=x), zeros(kernel.shape, like=x)
        d_rows = xp.reshape(d_y, (-1, filters))  # [places, filters]
        for r, s, rows, columns in cells:
            seen = xp.reshape(x[:, rows, columns, :], (-1, channels))
            d_kernel[r, s] = seen.T @ d_rows
            d_x[:, rows, columns, :] += d_y @ kernel[r, s].T  # windows overlap
        return d_x, d_kernel, xp.sum(d_rows, axis=0)

    return y, backward


def _layer(batch, rows, columns, channels, filters, size, stride):
    return lambda rng: (
        numbers(rng, batch, rows, columns, channels),
        numbers(rng, *size, channels, filters),
        numbers(rng, filters),
        stride,
    )


def _wrong_backward(
    accumulate=True,
    back_kernel=lambda k: k,
    d_kernel_of=lambda d: d,
    d_bias_of=lambda xp, d_y: xp.sum(d_y, axis=(0, 1, 2)),
    examples=lambda a: a,
    step=lambda s: s,
    scale=1.0,
):
    """The convolution with a backward in which one thing is done differently."""

    def answer(x, kernel, bias, stride):
        xp = array_namespace(x)
        k_rows, k_columns, channels, filters = kernel.shape

        def backward(d_y):
            d_x, d_kernel = zeros(x.shape, like=x), zeros(kernel.shape, like=x)
            used, moved = back_kernel(kernel), step(stride)
            for r in range(k_rows):
                for s in range(k_columns):
                    rows = slice(r, r + (d_y.shape[1] - 1) * moved + 1, moved)
                    columns = slice(s, s + (d_y.shape[2] - 1) * moved + 1, moved)
                    seen = xp.reshape(examples(x)[:, rows, columns, :], (-1, channels))
                    d_kernel[r, s] = seen.T @ xp.reshape(examples(d_y), (-1, filters))
                    share = d_y @ used[r, s].T
                    d_x[:, rows, columns, :] = d_x[:, rows, columns, :] + share if accumulate else share
            return d_x, scale * d_kernel_of(d_kernel), scale * d_bias_of(xp, d_y)

        return convolve(x, kernel, bias, stride), backward

    return answer


def _turned(kernel):
    return array_namespace(kernel).flip(kernel, axis=(0, 1))


def _window_by_window(x, kernel, bias, stride):
    """The loop runs over the places, and each window is assigned."""
    y, backward = convolve_forward(x, kernel, bias, stride)

    def assigned(d_y):
        _, d_kernel, d_bias = backward(d_y)
        k_rows, k_columns, _, _ = kernel.shape
        d_x = zeros(x.shape, like=x)
        for i in range(d_y.shape[1]):
            for j in range(d_y.shape[2]):
                for r in range(k_rows):
                    for s in range(k_columns):
                        d_x[:, i * stride + r, j * stride + s, :] = d_y[:, i, j, :] @ kernel[r, s].T
        return d_x, d_kernel, d_bias

    return y, assigned


def _windows_not_put_back(x, kernel, bias, stride):
    y, backward = convolve_forward(x, kernel, bias, stride)

    def windows(d_y):
        _, d_kernel, d_bias = backward(d_y)
        flat = array_namespace(x).reshape(kernel, (-1, kernel.shape[3]))
        return d_y @ flat.T, d_kernel, d_bias

    return y, windows


def _mean_over_the_batch(x, kernel, bias, stride):
    y, backward = convolve_forward(x, kernel, bias, stride)

    def mean(d_y):
        d_x, d_kernel, d_bias = backward(d_y)
        return d_x, d_kernel / x.shape[0], d_bias / x.shape[0]

    return y, mean


EXERCISES = (
    Exercise(
        name="conv.backward",
        title="The convolution, and back",
        difficulty=5,
        minutes=30,
        statement="Write `conv.forward` with a way back: return the output and `backward`, a function that takes the gradient of a loss for the output and returns those "
        "for `x`, `kernel` and `bias`, in this order, each in the shape of what it belongs to.",
        solution=convolve_forward,
        reason="Every cell of the window is a dense layer, so its gradients are a dense layer's: seenᵀ @ d_y for its weights and d_y @ weightsᵀ for the pixels it saw. A weight "
        "serves at every place, so the places are summed; a pixel is seen by several windows, so their shares are added to each other.",
        cases=(
            _layer(2, 7, 9, 3, 4, (2, 3), 1),
            _layer(3, 9, 8, 2, 5, (3, 2), 2),
            _layer(1, 8, 7, 4, 3, (3, 3), 2),
            _layer(5, 4, 3, 1, 2, (1, 1), 2),
        ),
        results=(
            "y: [batch, out_rows, out_columns, filters]",
            "backward.d_x: [batch, rows, columns, channels]",
            "backward.d_kernel: [kernel_rows, kernel_columns, channels, filters]",
            "backward.d_bias: [filters]",
        ),
        laws=("gradient",),
        seconds=40.0,
        mistakes=(
            Mistake(
                "overwritten, not accumulated",
                _wrong_backward(accumulate=False),
                "A pixel gets the gradient of one window in your answer: the next window writes over it. How many windows saw that pixel?",
            ),
            Mistake(
                "overwritten, window by window",
                _window_by_window,
                "A pixel gets the gradient of the last window that saw it: each window writes over the ones before. How many windows saw that pixel?",
            ),
            Mistake(
                "windows not put back",
                _windows_not_put_back,
                "That is the gradient of the windows, [batch, out_rows, out_columns, window]. Which pixel was copied into which windows? Each gets back the sum of its copies.",
            ),
            Mistake(
                "kernel turned on the way back",
                _wrong_backward(back_kernel=_turned),
                "You send the gradient back through a turned kernel. That is right if you slide a window over d_y; here you add to the very pixels that a cell saw.",
            ),
            Mistake(
                "kernel's gradient turned",
                _wrong_backward(d_kernel_of=_turned),
                "The gradient of your kernel stands upside down and mirrored. Which cell saw the upper left pixels?",
            ),
            Mistake(
                "bias gradient not summed over the places",
                _wrong_backward(d_bias_of=lambda xp, d_y: xp.sum(d_y, axis=0)),
                "You sum the bias gradient over the batch, and rows and columns are left. At how many places was the one bias added?",
            ),
            Mistake(
                "first example only",
                _wrong_backward(examples=lambda a: a[:1]),
                "Your kernel hears the first example of the batch alone. How many examples used it?",
            ),
            Mistake(
                "stride forgotten on the way back",
                _wrong_backward(step=lambda s: 1),
                "On your way back the windows lie one pixel apart. Which pixels did cell (r, s) see on the way forward?",
            ),
            Mistake(
                "mean over the batch",
                _mean_over_the_batch,
                "You divide by the batch. Is that in the function whose gradient this is, or in the loss, which has done it already?",
            ),
        ),
        hints=(
            "Take one cell (r, s). On the way forward it is a dense layer on a slice of the images. What are the gradients of a dense layer?",
            "Its weights: make rows of the slice and of d_y, and multiply. Its pixels: d_y @ kernel[r, s].T has the shape of the slice.",
            "Start with zeros in the shape of x, and add each cell's share to its slice. Never assign.",
        ),
    ),
)
