# %% [markdown] tags=["exercise"]
# # Exercises 4 · Convolution
#
# Ten tasks around one window that slides over an image, about two and a half hours in all. You count what it costs, cut images into
# windows, write the convolution and its gradients, and pool. Later tasks may use what you wrote before.
#
# Write the function, run the cell, read what the check says. If you are stuck, `hint("conv.forward")` helps a little, and
# more each time you ask. `arguments("conv.forward")` gives you the very arrays that the check hands to your function.
#
# `progress()` shows how far you are, in any cell that you add. What it shows changes as you go on, so it is not stored here.
#
# ## What you need to begin
#
# **Images.** `x: [batch, rows, columns, channels]` says which axes x has, in this order (NHWC). Sizes vary, so read them off
# the arrays.
#
# **Windows.** A window is `kernel_rows` · `kernel_columns` pixels, with all their channels. It begins at the upper left and moves on by
# `stride` pixels, to the right and downward. For each place there is one output.
#
# **Kernels.** `kernel: [kernel_rows, kernel_columns, channels, filters]`: `kernel[r, s]` is a little matrix
# `[channels, filters]`, the weights of the window's cell (r, s). The kernel is not flipped: its cell (0, 0) meets the
# window's upper left pixel.
#
# **Padding.** VALID: the window stays within the image. SAME: zeros are put around the image, so that every stride-th pixel has an
# output. If the number of zeros is odd, the odd one goes after.
#
# **NumPy and Torch.** A check hands your function NumPy arrays, and then the same numbers as Torch tensors.
# `xp = array_namespace(x)` is the library that x comes from. The names in `xp` are nearly those of NumPy:
# `xp.reshape(a, (2, -1))`, `xp.concat([a, b], axis=1)`, `xp.sum(a, axis=0)`, `xp.max(a, axis=(1, 2))`. Slices, `@` and `.T` need no
# `xp`. `zeros((2, 3), like=x)` and `xp.full((2, 3), 1.0, dtype=x.dtype, device=device(x))` make arrays of x's kind.
#
# **Arguments.** Leave them as they are, and return new arrays. The check looks at them again after the call. An array that you made
# yourself may be filled and changed.

# %% [markdown] tags=["solution"]
# # Solutions 4 · Convolution
#
# :::{admonition} Try them first
# :class: warning
# The [exercises](../exercises/04_convolution.ipynb) are worth more unseen. Here every answer is written out, and every
# check has passed.
# :::

# %% tags=["exercise"]
import numpy as np

from rnn_course import arguments, check, hint, progress, solution
from rnn_course.arrays import array_namespace, device, zeros

# %% tags=["solution"]
import numpy as np

from rnn_course import check, solution
from rnn_course.arrays import array_namespace, device, zeros

# %% [markdown]
# ## 1 · How many outputs?
#
# *Difficulty 1 of 5 · 6 minutes.* Along one axis of `size` pixels a window of `kernel` pixels moves on by `stride`.
# Return how many outputs there are, a whole number. `padding` is "VALID" or "SAME".


# %%
def output_size(size, kernel, stride, padding):
    """Return the number of outputs, a whole number."""
    ### BEGIN SOLUTION
    if padding == "SAME":
        return -(-size // stride)  # size / stride, rounded up
    return (size - kernel) // stride + 1
    ### END SOLUTION


check("conv.output_size", output_size)

# %% [markdown]
# ## 2 · Where the zeros go
#
# *Difficulty 2 of 5 · 10 minutes.* How many zeros does SAME put before and after an axis of `size` pixels? Return two
# whole numbers, for a window of `kernel` pixels and a `stride`. There are `ceil(size / stride)` outputs, just enough
# zeros for their windows, and the odd zero goes after.


# %%
def same_padding(size, kernel, stride):
    """Return how many zeros go before and after."""
    ### BEGIN SOLUTION
    outputs = -(-size // stride)
    total = max((outputs - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2
    ### END SOLUTION


check("conv.same_padding", same_padding)

# %% [markdown]
# ## 3 · What sharing saves
#
# *Difficulty 1 of 5 · 6 minutes.* A convolution with SAME padding and stride 1 takes images `[rows, columns, channels]`
# to `[rows, columns, filters]`. Its windows are `kernel_rows` · `kernel_columns` pixels. Return how many numbers it
# learns, and how many a dense layer learns that takes all numbers of such an image to as many outputs. Both have
# biases.


# %%
def count_parameters(
    rows, columns, channels, filters, kernel_rows, kernel_columns
):
    """Return two counts: the convolution's, the dense layer's."""
    ### BEGIN SOLUTION
    convolution = (
        kernel_rows * kernel_columns * channels * filters + filters
    )
    outputs = rows * columns * filters
    dense = rows * columns * channels * outputs + outputs
    return convolution, dense
    ### END SOLUTION


check("conv.parameters", count_parameters)

# %% [markdown]
# ## 4 · How far a unit sees
#
# *Difficulty 3 of 5 · 12 minutes.* `layers` is a tuple of pairs `(kernel, stride)`, the first layer first. Along one
# axis, return how many neighbouring pixels of the image one output of the last layer depends on.


# %%
def receptive_field(layers):
    """Return how many pixels one output sees along an axis."""
    ### BEGIN SOLUTION
    field, step = 1, 1
    for kernel, stride in layers:
        field = field + (kernel - 1) * step
        step = step * stride
    return field
    ### END SOLUTION


check("conv.receptive_field", receptive_field)

# %% [markdown]
# ## 5 · A convolution as a dense layer
#
# *Difficulty 3 of 5 · 15 minutes.* From `kernel: [kernel_rows, kernel_columns]` make the matrix `[rows*columns,
# out_rows*out_columns]` of a dense layer that does the same as the convolution (VALID, stride 1, one channel) of an
# image `[rows, columns]` flattened row by row. The outputs are numbered row by row too.


# %%
def dense_kernel(kernel, rows, columns):
    """Return the matrix [rows*columns, out_rows*out_columns]."""
    ### BEGIN SOLUTION
    k_rows, k_columns = kernel.shape
    out_rows, out_columns = rows - k_rows + 1, columns - k_columns + 1
    dense = zeros((rows, columns, out_rows, out_columns), like=kernel)
    for i in range(out_rows):
        for j in range(out_columns):
            dense[i : i + k_rows, j : j + k_columns, i, j] = kernel
    reshape = array_namespace(kernel).reshape
    return reshape(dense, (rows * columns, out_rows * out_columns))
    ### END SOLUTION


check("conv.as_dense", dense_kernel)

# %% [markdown]
# ## 6 · Windows as rows (im2col)
#
# *Difficulty 3 of 5 · 15 minutes.* Cut out of `x: [batch, rows, columns, channels]` every window of `size =
# (kernel_rows, kernel_columns)` pixels that lies within the image, moving on by `stride`, a number. Return `[batch,
# out_rows, out_columns, kernel_rows*kernel_columns*channels]`: each window flattened row by row, the channels running
# fastest.


# %%
def im2col(x, size, stride):
    """Return all windows, flattened, [batch, out_rows, out_columns, …]."""
    ### BEGIN SOLUTION
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
    ### END SOLUTION


check("conv.windows", im2col)

# %% [markdown]
# ## 7 · The convolution
#
# *Difficulty 3 of 5 · 20 minutes.* From `x: [batch, rows, columns, channels]`, `kernel: [kernel_rows, kernel_columns,
# channels, filters]`, `bias: [filters]` and the number `stride` return the convolution without padding, `[batch,
# out_rows, out_columns, filters]`. You may use your windows of exercise 6, or do without.


# %%
def convolve(x, kernel, bias, stride):
    """Return y [batch, out_rows, out_columns, filters]."""
    ### BEGIN SOLUTION
    k_rows, k_columns, _, _ = kernel.shape
    last_row, last_column = x.shape[1] - k_rows, x.shape[2] - k_columns
    y = bias
    for r in range(k_rows):
        for s in range(k_columns):
            rows = slice(r, r + last_row + 1, stride)
            columns = slice(s, s + last_column + 1, stride)
            y = y + x[:, rows, columns, :] @ kernel[r, s]
    return y
    ### END SOLUTION


check("conv.forward", convolve)

# %% [markdown]
# ## 8 · Max-pooling, up to the edge
#
# *Difficulty 3 of 5 · 15 minutes.* Return the largest number of each channel in each window of `size` · `size` pixels
# of `x: [batch, rows, columns, channels]`. The windows lie side by side. Padding is SAME: where `size` does not divide
# an axis, it is filled up, the odd row or column after. What is filled in must never win, and numbers may be negative.


# %%
def max_pool(x, size):
    """Return [batch, ceil(rows / size), ceil(columns / size), channels]."""
    ### BEGIN SOLUTION
    xp = array_namespace(x)
    for axis in (1, 2):
        total = (
            -x.shape[axis] % size
        )  # what is missing to the next multiple
        border = list(x.shape)
        border[axis] = total // 2
        before = xp.full(
            tuple(border),
            -float("inf"),
            dtype=x.dtype,
            device=device(x),
        )
        border[axis] = total - total // 2
        after = xp.full(
            tuple(border),
            -float("inf"),
            dtype=x.dtype,
            device=device(x),
        )
        x = xp.concat([before, x, after], axis=axis)
    batch, rows, columns, channels = x.shape
    tiles = xp.reshape(
        x, (batch, rows // size, size, columns // size, size, channels)
    )
    return xp.max(tiles, axis=(2, 4))
    ### END SOLUTION


check("conv.max_pool", max_pool)

# %% [markdown]
# ## 9 · A mean of how many?
#
# *Difficulty 3 of 5 · 12 minutes.* The mean of each channel in each window, with windows and padding as in exercise 8,
# filled up with 0. A window's sum is divided by all its cells, size · size, if `count_padding` is true, as Torch does.
# It is divided by the number of its cells within the image if it is false, as TensorFlow does.


# %%
def average_pool(x, size, count_padding):
    """Return [batch, ceil(rows / size), ceil(columns / size), channels]."""
    ### BEGIN SOLUTION
    xp = array_namespace(x)
    inside = xp.ones(
        (1, *x.shape[1:3], 1), dtype=x.dtype, device=device(x)
    )  # 1 where there is a pixel
    sums = []
    for values in (x, inside):
        for axis in (1, 2):
            total = -values.shape[axis] % size
            border = list(values.shape)
            border[axis] = total // 2
            before = xp.zeros(
                tuple(border), dtype=x.dtype, device=device(x)
            )
            border[axis] = total - total // 2
            after = xp.zeros(
                tuple(border), dtype=x.dtype, device=device(x)
            )
            values = xp.concat([before, values, after], axis=axis)
        batch, rows, columns, channels = values.shape
        tiles = xp.reshape(
            values,
            (
                batch,
                rows // size,
                size,
                columns // size,
                size,
                channels,
            ),
        )
        sums.append(xp.sum(tiles, axis=(2, 4)))
    total, cells = sums
    return total / (size * size) if count_padding else total / cells
    ### END SOLUTION


check("conv.average_pool", average_pool)

# %% [markdown]
# ## 10 · The convolution, and back
#
# *Difficulty 5 of 5 · 30 minutes.* Write the convolution of exercise 7 with a way back. Return the output and
# `backward`, a function that you define inside. `backward(d_y)` takes the gradient of a loss for the output. It returns
# the gradients for `x`, `kernel` and `bias`, in this order, each in the shape of what it belongs to.


# %%
def convolve_forward(x, kernel, bias, stride):
    """Return y, and backward: d_y -> d_x, d_kernel, d_bias."""
    ### BEGIN SOLUTION
    xp = array_namespace(x)
    k_rows, k_columns, channels, filters = kernel.shape
    last_row, last_column = x.shape[1] - k_rows, x.shape[2] - k_columns
    cells = []
    for r in range(k_rows):
        for s in range(k_columns):
            rows = slice(r, r + last_row + 1, stride)
            cells.append(
                (r, s, rows, slice(s, s + last_column + 1, stride))
            )
    y = bias
    for r, s, rows, columns in cells:
        y = y + x[:, rows, columns, :] @ kernel[r, s]

    def backward(d_y):
        d_x, d_kernel = (
            zeros(x.shape, like=x),
            zeros(kernel.shape, like=x),
        )
        d_rows = xp.reshape(d_y, (-1, filters))  # [places, filters]
        for r, s, rows, columns in cells:
            seen = xp.reshape(x[:, rows, columns, :], (-1, channels))
            d_kernel[r, s] = seen.T @ d_rows
            d_x[:, rows, columns, :] += (
                d_y @ kernel[r, s].T
            )  # windows overlap
        return d_x, d_kernel, xp.sum(d_rows, axis=0)

    return y, backward
    ### END SOLUTION


check("conv.backward", convolve_forward)

# %% [markdown] tags=["solution"]
# ## The shapes, once more
#
# Two images of 7 · 9 pixels with 3 channels, and 4 filters of 2 · 3 pixels that move on by 2:

# %% tags=["solution"]
rng = np.random.default_rng(0)
x = rng.normal(size=(2, 7, 9, 3))
kernel, bias = rng.normal(size=(2, 3, 3, 4)), np.zeros(4)
windows = im2col(x, (2, 3), 2)
y, backward = convolve_forward(x, kernel, bias, 2)
d_x, d_kernel, d_bias = backward(np.ones(y.shape))

# %% [markdown] tags=["solution"]
# `windows: [batch=2, out_row=3, out_column=4, window=2*3*3]` · `y: [batch=2, out_row=3, out_column=4, filter=4]` ·
# `d_x: [batch=2, row=7, column=9, channel=3]` · `d_kernel: [row=2, column=3, channel=3, filter=4]` · `d_bias: [filter=4]`
#
# Every filter's bias was used at 12 places of 2 images, and each place sends back a 1: `int(d_bias.max()) = 24`.
#
# The windows times the flattened kernel are the convolution: `abs(windows @ kernel.reshape(-1, 4) - y).max() < 1e-12`.
#
# `solution` shows the reference for any exercise, and why it is right:

# %% tags=["solution"]
solution("conv.same_padding")

# %% [markdown] tags=["exercise"]
# ## When all ten have passed
#
# `solution("conv.forward")` shows the reference for an exercise, and why it is right. Compare it with yours. Then time
# both: a loop over the places is the slowest way there is, and you have seen two that do without.
