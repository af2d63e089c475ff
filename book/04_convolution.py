# %% [markdown]
# # 4 · Convolution
#
# Train a network on digits that stand in the middle of their picture. Now push one of them four pixels to the right. You
# still read it at once. Will the network?
#
# A dense network will not. It has learned what a 3 looks like *there*, pixel by pixel, and to the right of there it knows
# nothing. It would have to see a 3 at every place, and learn it at every place anew.
#
# This chapter takes one small dense layer, a few dozen weights, and slides it over the image. What it learns at one place it
# knows at all places. At the end such a network reads digits that stand anywhere. It has 78 times fewer weights than the dense
# network, and makes a fraction of its errors.
#
# :::{admonition} What you will be able to do
# :class: tip
# - compute a convolution by hand, and write it as a dense layer with most weights zero and the rest shared;
# - work out sizes and padding for any kernel and stride, in TensorFlow's way and in Torch's;
# - say what an output sees of the image, count parameters, and derive the gradients;
# - recognise five mistakes of which four raise no error.
#
# **Reading** 50 minutes · **exercises** 140 minutes · **difficulty** 3 of 5 · **before** chapters 2 and 3, and
# [chapter 1](01_one_batch_three_views.ipynb) for the shapes
# :::
#
# ![The arrays of this chapter and their axes](_diagrams/shapes_04.svg)

# %%
from textwrap import fill

import numpy as np

from rnn_course import (
    Activation,
    AveragePool2D,
    Chain,
    Conv2D,
    Dense,
    Flatten,
    MaxPool2D,
    ShapeError,
    accuracy,
    adam,
    fit,
    gradcheck,
    load_digits,
    mlp,
    one_cycle,
    output_size,
    parameters,
    plot,
    same_padding,
    show_source,
    to,
)
from rnn_course.conv import windows_forward
from rnn_course.data.splits import Split

# %% [markdown]
# ## Four weights, six places
#
# Start with a picture of three rows and four columns: paper on the left, ink on the right. Where is the edge?
#
# $$\begin{bmatrix} 0 & 0 & 1 & 1 \\ 0 & 0 & 1 & 1 \\ 0 & 0 & 1 & 1 \end{bmatrix}
# \qquad \text{kernel} \; \begin{bmatrix} -1 & 1 \\ -1 & 1 \end{bmatrix}$$
#
# Lay the four weights of the *kernel* on the upper left corner of the picture. Multiply each weight with the pixel under it,
# and add up: −1 · 0 + 1 · 0 − 1 · 0 + 1 · 0 = 0. Move one pixel to the right: −1 · 0 + 1 · 1 − 1 · 0 + 1 · 1 = **2**. Once more:
# −1 · 1 + 1 · 1 − 1 · 1 + 1 · 1 = 0. Then go down a row and begin again on the left.
#
# **Predict before you read on.** At how many places does the kernel fit? Which numbers come out?


# %%
def convolve_by_hand(image, kernel):
    k_rows, k_columns = kernel.shape
    rows = image.shape[0] - k_rows + 1
    columns = image.shape[1] - k_columns + 1
    output = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            window = image[i : i + k_rows, j : j + k_columns]
            output[i, j] = np.sum(window * kernel)
    return output


image = np.array([[0.0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1]])
kernel = np.array([[-1.0, 1], [-1, 1]])
edges = convolve_by_hand(image, kernel)
edges

# %% [markdown]
# Six places, `edges: [row=2, column=3]`, and a 2 wherever the kernel stands on the edge. The kernel asks one question, "is it
# darker on the right than on the left?", and asks it everywhere.
#
# The result is a picture again. Number (i, j) of it is the answer for the window whose upper left corner is pixel (i, j). Such
# a picture of answers is called a *feature map*.
#
# ## It is a dense layer
#
# Flatten the picture to 12 numbers and the answers to 6. Between them a dense layer has a matrix of 12 · 6 = 72 weights. Which
# matrix does what the kernel has just done?
#
# Take one output. It looks at four pixels with four weights, and at the other eight with weight 0. So its column of the
# matrix is the kernel laid into an empty picture, flattened:


# %%
def as_dense(kernel, rows, columns):
    k_rows, k_columns = kernel.shape
    out_rows, out_columns = rows - k_rows + 1, columns - k_columns + 1
    matrix = np.zeros((rows, columns, out_rows, out_columns))
    for i in range(out_rows):
        for j in range(out_columns):
            matrix[i : i + k_rows, j : j + k_columns, i, j] = kernel
    return matrix.reshape(rows * columns, out_rows * out_columns)


letters = np.array([[1.0, 2], [3, 4]])  # four weights, told apart
as_dense(letters, 3, 4).astype(int)

# %% [markdown]
# Read a column from top to bottom: 1, 2, then two zeros for the rest of the picture's row, then 3, 4. The next column is the
# same, one pixel further. `as_dense(kernel, 3, 4): [pixel=12, output=6]`, and it is the same thing:

# %%
rng = np.random.default_rng(0)
picture, weights = rng.normal(size=(5, 7)), rng.normal(size=(2, 3))
by_matrix = picture.reshape(35) @ as_dense(weights, 5, 7)
by_sliding = convolve_by_hand(picture, weights)
np.testing.assert_allclose(
    by_matrix, by_sliding.reshape(20), rtol=1e-12
)
print("the dense layer and the sliding kernel agree at all 20 places")

# %% mystnb={"image": {"alt": "A grid of 35 rows and 20 columns, nearly all of it empty. Two diagonal bands of three cells each run through it, broken at every fifth column; each of six shades stands once in every column."}}
plot.signed_images(
    [as_dense(weights, 5, 7)],
    title="700 weights: 580 are zero, the other 120 are six numbers",
    labels=("pixel", "output"),
    size=4.5,
)

# %% [markdown]
# So a convolution is a dense layer under two conditions.
#
# - **Most weights are zero.** An output looks at a small window and ignores the rest.
# - **The others are shared.** Each window is looked at with the same weights.
#
# A dense layer *could* learn this matrix. But it has 700 weights to do it with, and nobody tells it that they belong together. It
# would have to find the same six numbers at twenty places, from examples. The convolution has six numbers, and each of
# the twenty places helps to find them.
#
# ### What is given up, what is gained
#
# The conditions say: what matters is near, and what matters here matters there. For photographs and digits that is true. For
# the shuffled pixels of [chapter 1](01_one_batch_three_views.ipynb) it is false, and a convolution is lost where a
# dense layer does not even notice.
#
# The gain can be stated exactly. Move the picture, and the answers move with it:

# %%
moved = np.pad(picture, ((1, 0), (2, 0)))[:5, :7]  # 1 down, 2 right
answers, moved_answers = (
    convolve_by_hand(p, weights) for p in (picture, moved)
)
same_answers = np.allclose(moved_answers[1:, 2:], answers[:-1, :-2])
print("the answers have moved along:", same_answers)

# %% [markdown]
# This is called *equivariance*. It is no promise that a moved digit gets the same name; it says that whatever the layer found is found
# again, beside the old place. Making one name of it is the task of the layers that follow.
#
# ## How many outputs?
#
# Two choices are left. How far does the window move? And may it hang over the edge?
#
# The *stride* is the number of pixels from one window to the next. With stride 2, every second place is left out, in rows and in
# columns, and the feature map has about a quarter of the numbers.
#
# **VALID** keeps the window inside. Along an axis of n pixels, a window of k can begin at 0, s, 2s, … up to n − k. Hence
#
# $$\text{outputs} = \left\lfloor \frac{n - k}{s} \right\rfloor + 1.$$
#
# **SAME** puts zeros around the image, as many as are needed for one output at every s-th pixel:
#
# $$\begin{aligned}
# \text{outputs} \; o &= \left\lceil \frac{n}{s} \right\rceil, \\
# \text{zeros} &= \max\bigl((o - 1)\, s + k - n,\; 0\bigr).
# \end{aligned}$$
#
# Where does the second formula come from? The last window begins at (o − 1) · s and ends k pixels on. What it needs
# beyond the n pixels is zeros. Half of them go before the image and half after; **if their number is odd, the odd zero goes
# after**. Do not believe it, count:

# %%
for n in range(1, 30):
    for k in range(1, 8):
        for s in range(1, 5):
            outputs = -(-n // s)  # rounded up
            zeros = max((outputs - 1) * s + k - n, 0)
            padded = n + zeros
            fitting = [
                b for b in range(0, padded, s) if b + k <= padded
            ]
            assert len(fitting) == outputs == output_size(n, k, s)
            assert same_padding(n, k, s) == (
                zeros // 2,
                zeros - zeros // 2,
            )
            if k <= n:
                inside = [b for b in range(0, n, s) if b + k <= n]
                assert len(inside) == (n - k) // s + 1
print("both formulas hold in", 29 * 7 * 4, "cases")

# %% [markdown]
# For example, 28 pixels, a kernel of 5 and stride 2: `output_size(28, 5, 2, "VALID") = 12` and `output_size(28, 5, 2) = 14`.
# {cite:t}`dumoulin2016` draw many more cases.
#
# Torch knows this rule for stride 1 alone, {code}`padding="same"`. Otherwise you say how many zeros you want, the same number on both sides; usually k // 2. For stride 1 and an
# odd kernel that is SAME. For stride 2 it often is not. Take 8 pixels, k = 3, s = 2:

# %%
row = np.arange(1.0, 9.0).reshape(1, 1, 8, 1)
ask = np.array([1.0, 10.0, 100.0]).reshape(1, 3, 1, 1)
course = Conv2D(ask, np.zeros(1), stride=(1, 2), padding="SAME")

# %% tags=["numpy"]
before, after = same_padding(8, 3, 2)
print(f"SAME: {before} zero before, {after} after")
print(course(row).ravel().astype(int))

# %% tags=["torch"]
import torch

theirs = torch.nn.functional.conv2d(
    torch.tensor(row).permute(0, 3, 1, 2),  # NCHW
    torch.tensor(ask).permute(3, 2, 0, 1),
    stride=(1, 2),
    padding=(0, 1),
)
print("Torch: 1 zero before, 1 after")
print(theirs.numpy().ravel().astype(int))

# %% [markdown]
# Read 321 as "pixels 1, 2, 3 of this window". The same number of outputs, other windows: Torch's begin one pixel earlier. Weights that
# were trained in TensorFlow and loaded into Torch see every picture shifted, and nothing but the accuracy tells you. The
# remedy is to pad by hand, `torch.nn.functional.pad` with (0, 1).
#
# ### Move it yourself
#
# A digit of 8 × 8 pixels and a kernel of 3 × 3. Move the window with the pointer or the arrow keys; below stands the little dense
# layer that makes the marked output. Change padding and stride and watch the zeros. The kernels can be chosen or typed; *learned* comes from a
# CNN that was trained on MNIST.

# %%
from rnn_course.widgets import Convolution

Convolution(row=2, column=3)

# %% [markdown]
# **Try it.** Which output does *shift* give at the right edge, and why? With SAME and stride 2, on which sides are the zeros? With VALID and
# stride 2, which row does no window see?
#
# ## Channels
#
# A photograph has three numbers at each pixel, and a feature map may have eight. So a window holds `rows · columns · channels`
# numbers, and a *filter* has a weight for each of them and one bias. Several filters look at the same window, each with a question of its
# own. Their answers are the channels of the output.
#
# $$\begin{aligned}
# &y[n, i, j, f] = b[f] \; + \\
# &\quad \sum_{r, s, c} x[n,\, i \cdot t + r,\, j \cdot t + s,\, c] \\
# &\qquad \quad \cdot W[r, s, c, f]
# \end{aligned}$$
#
# Here b is the bias, W the kernel and t the stride; r and s run over the window, c over the channels.

# %%
digits = load_digits()
x = digits.test.images[:6, :, :, None]
layer = Conv2D.init(1, 8, 5, rng=rng, padding="VALID")
deeper = Conv2D.init(8, 16, 3, rng=rng, stride=2)
y = layer(x)
z = deeper(y)

# %% [markdown]
# Six digits, `x: [batch=6, row=28, column=28, channel=1]`. The first layer has 8 filters of 5 × 5 pixels,
# `layer.kernel: [row=5, column=5, channel=1, filter=8]`, and gives `y: [batch=6, row=24, column=24, channel=8]`. A filter of the
# second layer sees all 8 of these channels, `deeper.kernel: [row=3, column=3, channel=8, filter=16]`, and with stride 2 there are
# `z: [batch=6, row=12, column=12, channel=16]`.
#
# **Count.** A filter of the first layer has 5 · 5 · 1 weights and a bias; eight of them are `parameters(layer) = 208`. A filter of the second has 3 · 3 · 8
# weights and a bias: `parameters(deeper) = 1,168`. The size of the image does not occur. A dense layer from 28 · 28 pixels to the 24 · 24 · 8 numbers of y would
# have `784 * 4608 + 4608 = 3,617,280`, which is `3_617_280 / parameters(layer) > 17_000` times as many.
#
# ## Windows as rows: im2col
#
# Loops over examples, places and filters are easy to read, and slow. Here is how many libraries do it to this day: cut out all
# windows first, write each as one row, and do a single matrix product {cite}`chellapilla2006`. The paper calls the cutting
# *unrolling*; the usual name is *im2col*.
#
# It needs no loop over the places. Cell (r, s) of *all* windows at once is one shifted slice of the images:


# %%
def im2col(x, size, stride=1):
    last_row, last_column = x.shape[1] - size[0], x.shape[2] - size[1]
    cells = [
        x[
            :,
            r : r + last_row + 1 : stride,
            s : s + last_column + 1 : stride,
            :,
        ]
        for r in range(size[0])
        for s in range(size[1])
    ]
    return np.concatenate(cells, axis=3)  # the channels run fastest


rows_of_windows = im2col(x, (5, 5))
np.testing.assert_array_equal(
    rows_of_windows,
    windows_forward(x, (5, 5))[0].reshape(6, 24, 24, 25),
)

# %% [markdown]
# `rows_of_windows: [batch=6, row=24, column=24, window=5*5*1]`: for each of 24 · 24 places the 25 numbers that its window shows. The kernel, flattened in the same
# order, is an ordinary dense layer from 25 numbers to 8, and the convolution is that layer on the last axis:

# %% tags=["numpy"]
small_dense = Dense(layer.kernel.reshape(25, 8), layer.bias)
np.testing.assert_allclose(
    small_dense(rows_of_windows), layer(x), rtol=1e-4, atol=1e-6
)
print("im2col and one product: the same as Conv2D")

# %% tags=["torch"]
tensor, torch_layer = to(x, "torch"), to(layer, "torch")
theirs = torch.nn.functional.conv2d(
    tensor.permute(0, 3, 1, 2),
    torch_layer.kernel.permute(3, 2, 0, 1),
    torch_layer.bias,
).permute(0, 2, 3, 1)
for ours in (torch_layer(tensor), to(layer(x), "torch")):
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
print("Torch's conv2d: the same as Conv2D")

# %% [markdown]
# That is what the chapter began with, taken literally: **a small dense layer, slid over the image**. The package does the same.
# Skip {code}`self._how(x)`, which checks that the images fit, and the two lines that mention {code}`convolution`: they are a shorter
# way to the same numbers, on NumPy.

# %%
show_source(Conv2D.forward)

# %% [markdown]
# The price is memory. Each pixel is copied once for every window that sees it: here `rows_of_windows.size / x.size > 18`.
#
# ## What does one output see?
#
# An output of one 3 × 3 layer sees 3 pixels along each axis. An output of a second such layer sees three outputs of the first. How many
# pixels is that? Not 9: the three windows overlap, and begin one pixel apart. It is 5. This number is called the *receptive field*.
#
# In general, walk through the layers and keep two numbers: the field so far, and the *step*, how many pixels lie between
# two neighbouring outputs.


# %%
def receptive_field(layers):
    field, step = 1, 1
    for kernel, stride in layers:
        field += (kernel - 1) * step
        step *= stride
    return field


three_small = receptive_field([(3, 1)] * 3)
three_striding = receptive_field([(3, 2)] * 3)
three_small, three_striding

# %% [markdown]
# Three layers of 3 see as far as one of 7, with 27 weights instead of 49 for each pair of channels. And strides multiply.
#
# You need not trust the formula. Ask the network: which pixels can change this output? The gradient knows. Send a 1 back from a single output, and see
# where something arrives.


# %%
def seen_from_the_middle(strides, size=33):
    layers = [
        Conv2D(np.ones((3, 3, 1, 1)), np.zeros(1), (s, s), "SAME")
        for s in strides
    ]
    y, backward = Chain(tuple(layers)).forward(
        np.zeros((1, size, size, 1))
    )
    d_y = np.zeros(y.shape)
    middle = y.shape[1] // 2
    d_y[0, middle, middle, 0] = 1
    seen = backward(d_y)[1][0, :, :, 0]
    return seen / seen.max()


fields = [
    seen_from_the_middle(s) for s in ([1], [1, 1], [1, 1, 1], [2, 2, 2])
]
widths = [int((f.max(axis=0) > 0).sum()) for f in fields]
print("pixels that can change the output:", widths)

# %% mystnb={"image": {"alt": "Four squares of 33 by 33 pixels. A dark patch in the middle is 3, 5 and 7 pixels wide, darkest in its middle, and 15 pixels wide in the fourth."}}
plot.images(
    fields,
    [
        "one layer: 3",
        "two: 5",
        "three: 7",
        "three, stride 2: 15",
    ],
    "What one output sees: the size of its gradient at each pixel",
    columns=2,
    size=2.4,
)

# %% [markdown]
# `widths[2] == three_small` and `widths[3] == three_striding`. The picture says more than the number. With equal weights, the middle of the field counts most, since
# most paths lead there, and its rim counts for almost nothing {cite}`luo2016`. The fourth patch is a grid: with stride 2 and
# windows of 3, every second pixel lies in two windows.
#
# ## Pooling
#
# After a few layers, "there is a loop at pixel (11, 14)" is more than a reader of digits wants to know. "There is a loop about here" is enough. *Max-pooling*
# keeps the largest number of each little window and forgets where in the window it was. There is nothing to learn.

# %%
found = np.array([[9.0, 1, 0], [2, 3, 5], [-4, -7, -1]])
found = found.reshape(1, 3, 3, 1)
MaxPool2D(2, padding="SAME")(found)[0, :, :, 0]

# %% [markdown]
# Three rows, windows of two: the last window hangs over the edge. It sees −4 and −7, and answers −4. So the padding of a max-pool is not 0 but **−∞**, which never wins. With
# zeros, the answer would be 0, a number that is nowhere in this window. Torch pads with −∞ as well:

# %%
ones = np.ones((1, 3, 3, 1))
negative = -torch.ones(1, 1, 3, 3)
bordered = torch.nn.functional.max_pool2d(negative, 2, padding=1)
print("largest answer for a picture of −1:", bordered.max().item())

# %% [markdown]
#
# *Average-pooling* takes the mean, and here libraries differ. At the edge, is the sum divided by all four cells of the window, or by those within the image?

# %% tags=["numpy"]
for name, count in (("TensorFlow", False), ("Torch", True)):
    pool = AveragePool2D(2, padding="SAME", count_padding=count)
    print(f"{name:10}", pool(ones)[0, :, :, 0].tolist())

# %% tags=["torch"]
picture_of_ones = torch.ones(1, 1, 4, 4)
for count in (False, True):
    pooled = torch.nn.functional.avg_pool2d(
        picture_of_ones, 2, padding=1, count_include_pad=count
    )
    print(f"count_include_pad={count!s:5}", pooled[0, 0, 0].tolist())

# %% [markdown]
# TensorFlow divides by the cells within, so that a picture of ones stays a picture of ones. Torch divides by all cells unless you
# say {code}`count_include_pad=False`. Its padding then counts as zeros, and the edge fades.
#
# ## And back
#
# The way back needs no new idea. Each row of windows went through a dense layer, and for that chapter 3 has derived
#
# $$\begin{aligned}
# d\,\text{kernel} &= \text{windows}^\top \, dy, \\
# d\,\text{bias} &= \textstyle\sum dy, \\
# d\,\text{windows} &= dy \; \text{kernel}^\top.
# \end{aligned}$$
#
# The sums now run over the batch *and over all places*: the weights were used at every place, so every place has a say. And cutting out windows
# was copying. A pixel that was copied into nine windows gets nine gradients back, and they are **added**:


# %%
def im2col_backward(d_windows, shape, size, stride=1):
    d_x = np.zeros(shape)
    channels = shape[3]
    last_row, last_column = shape[1] - size[0], shape[2] - size[1]
    for k in range(size[0] * size[1]):
        r, s = divmod(k, size[1])
        d_x[
            :,
            r : r + last_row + 1 : stride,
            s : s + last_column + 1 : stride,
            :,
        ] += d_windows[..., k * channels : (k + 1) * channels]
    return d_x


shape = (1, 5, 6, 1)
times_seen = im2col_backward(np.ones((1, 3, 4, 9)), shape, (3, 3))
times_seen[0, :, :, 0].astype(int)

# %% [markdown]
# With a 1 in every window, each pixel gets the number of windows that see it: 1 in the corners, 9 in the middle. A `+=` here that reads `=` gives
# a gradient that is right in the corners and wrong everywhere else, and a network that still learns something. So measure:


# %%
def forward_by_hand(x, kernel, bias):
    size = kernel.shape[:2]
    flat = kernel.reshape(-1, kernel.shape[3])
    windows = im2col(x, size)

    def backward(d_y):
        d_rows = d_y.reshape(-1, d_y.shape[3])
        d_kernel = windows.reshape(-1, windows.shape[3]).T @ d_rows
        d_x = im2col_backward(d_y @ flat.T, x.shape, size)
        return d_x, d_kernel.reshape(kernel.shape), d_rows.sum(axis=0)

    return windows @ flat + bias, backward


arguments = (
    rng.normal(size=(2, 5, 6, 3)),
    rng.normal(size=(2, 3, 3, 4)),
    rng.normal(size=4),
)
table = gradcheck(
    forward_by_hand,
    *arguments,
    rng=np.random.default_rng(1),
    names=("x", "kernel", "bias"),
    with_autograd=False,
)
package = gradcheck(
    Conv2D.forward,
    Conv2D(*arguments[1:], padding="VALID"),
    arguments[0],
    rng=np.random.default_rng(1),
    names=("layer", "x"),
)
print(package)
print("by hand, on this page:", table.ok)

# %% [markdown]
# `table.ok == True` and `package.ok == True`: the gradient that is written here, the numbers, and Torch's autograd agree.
#
# ## A CNN against an NN
#
# Back to the question of the first lines. We take the digits at 20 × 20 pixels and put each into the middle of an empty frame of
# 28 × 28.


# %%
def placed(split, row, column):
    """All digits at one place of a frame, [example, 28, 28, 1]."""
    frames = np.zeros((len(split.labels), 28, 28, 1), np.float32)
    frames[:, row : row + 20, column : column + 20, 0] = split.images
    return Split(frames, split.labels)


small = load_digits(size=20)
middle_train = placed(small.train, 4, 4)
middle_test = placed(small.test, 4, 4)

# %% [markdown]
# Two networks. The dense one is that of chapter 2, with 625 hidden units. The convolutional one has three convolutions. After the last, one max-pool over
# the whole 7 × 7 feature map asks of each channel: *did anybody, anywhere, see it?* Only 32 numbers reach the read-out.

# %%
nn = mlp((784, 625, 10), rng=np.random.default_rng(0))
cnn_rng = np.random.default_rng(0)
cnn = Chain(
    (
        Conv2D.init(1, 8, 5, rng=cnn_rng, stride=2),
        Activation("relu"),
        Conv2D.init(8, 16, 3, rng=cnn_rng),
        Activation("relu"),
        MaxPool2D(2),
        Conv2D.init(16, 32, 3, rng=cnn_rng),
        Activation("relu"),
        MaxPool2D(7),
        Flatten(),
        Dense.init(32, 10, rng=cnn_rng),
    )
)
values, shapes = middle_train.images[:5], []
for part in cnn.layers:
    values = part(values)
    if not isinstance(part, Activation):
        shapes.append(
            f"{type(part).__name__:10} {list(values.shape[1:])}"
        )
print("\n".join(shapes))
ratio = parameters(nn) / parameters(cnn)
print(f"the NN has {ratio:.0f} times as many weights")

# %% [markdown]
# `parameters(nn) = 496,885` and `parameters(cnn) = 6,346`. Both get the same loop, the same order of examples and the same number of
# passes. The NN's learning rate was chosen as the best of several, on the held-out digits of the second experiment below, which
# flatters it a little. The CNN's was not.


# %%
NN_RATE = 3e-3


def train_on(model, peak, data, held_out, epochs=12):
    updates = epochs * -(-len(data.labels) // 25)
    return fit(
        model,
        data,
        optimizer=adam(one_cycle(peak, updates)),
        epochs=epochs,
        batch_size=25,
        max_norm=1.0,
        rng=np.random.default_rng(0),
        held_out=held_out,
    )


nn_centred = train_on(nn, NN_RATE, middle_train, middle_test, 6)
cnn_centred = train_on(cnn, 1e-2, middle_train, middle_test, 6)
nn_middle = nn_centred.history[-1].accuracy
cnn_middle = cnn_centred.history[-1].accuracy
print(f"both at least 96 %: {min(nn_middle, cnn_middle) >= 0.96}")
print(f"within 2 points: {abs(nn_middle - cnn_middle) <= 0.02}")

# %% [markdown]
# `nn_middle ≥ 0.96`, `cnn_middle ≥ 0.96`. On 360 digits, a difference of one or two points is a handful of digits: do not call it a
# victory. Where all digits stand in the middle, places need not be shared, and the CNN's advantage is its size.
#
# **Predict.** Now push the held-out digits to the right, up to four pixels. How many does each network still read?


# %%
def pushed(model, down=0, right=0):
    moved_test = placed(small.test, 4 + down, 4 + right)
    return accuracy(model, moved_test)


nn_right = [pushed(nn_centred.model, right=k) for k in range(5)]
cnn_right = [pushed(cnn_centred.model, right=k) for k in range(5)]
cnn_down = [pushed(cnn_centred.model, down=k) for k in range(5)]
print(f"NN,  four to the right, at most 40 %: {nn_right[4] <= 0.4}")
print(f"CNN, four to the right, at least 95 %: {cnn_right[4] >= 0.95}")

# %% mystnb={"image": {"alt": "Accuracy against the push in pixels, from 0 to 4. The NN falls from nearly 1 to about a quarter. The CNN pushed to the right stays near 1. The CNN pushed down falls to about 0.6 at two pixels and is back near 1 at four."}} tags=["nbval-ignore-output", "reason:varies between processors because training amplifies rounding"]
plot.curves(
    {
        "NN, to the right": nn_right,
        "CNN, to the right": cnn_right,
        "CNN, downward": cnn_down,
    },
    "Pushed by four pixels, the CNN still reads; the NN does not",
    "pixels that the held-out digits are pushed",
    "accuracy",
)

# %% [markdown]
# `nn_right[4] ≤ 0.4` and `cnn_right[4] ≥ 0.95`, though neither has ever seen a digit there.
#
# But look at the third curve: `cnn_down[4] ≥ 0.95`, and yet `cnn_down[2] < 0.9`. With its strides of 2 · 2, one place of the last feature map
# stands for 4 pixels. Pushed by 4, everything is found again, one place further. Pushed by 2, the windows fall between their old places,
# and see other things. So a stride keeps equivariance for its own multiples alone {cite}`zhang2019`.
#
# ### Digits that stand anywhere
#
# Such a gap is closed by showing digits at all places. Now each one stands somewhere in its frame, at random, in training as when it is
# held out. Will the NN learn them too?


# %%
def scattered(split, rng):
    """Each digit at a random place of a frame, [example, 28, 28, 1]."""
    frames = np.zeros((len(split.labels), 28, 28, 1), np.float32)
    corners = rng.integers(0, 9, (len(split.labels), 2))
    for frame, digit, (r, c) in zip(
        frames, split.images, corners, strict=True
    ):
        frame[r : r + 20, c : c + 20, 0] = digit
    return Split(frames, split.labels)


train_set = scattered(small.train, np.random.default_rng(1))
test_set = scattered(small.test, np.random.default_rng(2))

# %% mystnb={"image": {"alt": "Six pictures of handwritten digits that stand at different places in their frames."}}
plot.images(
    train_set.images[:6, :, :, 0],
    [f"label {label}" for label in train_set.labels[:6]],
    "Digits that stand anywhere",
    columns=3,
    size=1.6,
)

# %%
nn_result = train_on(nn, NN_RATE, train_set, test_set)
cnn_result = train_on(cnn, 1e-2, train_set, test_set)
nn_accuracy = nn_result.history[-1].accuracy
cnn_accuracy = cnn_result.history[-1].accuracy
fewer = (1 - nn_accuracy) / (1 - cnn_accuracy)
print(f"NN  at most 92 % right:  {nn_accuracy <= 0.92}")
print(f"CNN at least 96 % right: {cnn_accuracy >= 0.96}")
print(f"the NN errs at least 3 times as often: {fewer >= 3}")

# %% [markdown]
# `cnn_accuracy ≥ 0.96`, `nn_accuracy ≤ 0.92`, `fewer ≥ 3`: with 78 times fewer weights, `77 < ratio < 79`, the CNN makes a fraction of
# the errors.

# %% mystnb={"image": {"alt": "Two plots over 12 epochs. Left: the training loss of both networks falls below 0.05, that of the CNN further. Right: the accuracy on held-out digits. The CNN climbs to about 0.98, the NN to about 0.9."}} tags=["nbval-ignore-output", "reason:varies between processors because training amplifies rounding"]
plot.learning_curves(
    {
        "NN, 496,885 weights": nn_result.history,
        "CNN, 6,346 weights": cnn_result.history,
    },
    "Both learn the training digits; the CNN also the others",
    size=(6.8, 3.2),
)

# %% [markdown]
# Is the dense network too weak? Look at the left plot, or ask it about the digits that it has learned from:

# %%
by_heart = accuracy(nn_result.model, train_set)
print(f"NN, at least 99 % of its training digits: {by_heart >= 0.99}")

# %% [markdown]
# `by_heart ≥ 0.99`. It has weights enough, and has learned all that it was shown. It fails on a digit that stands where it has not
# seen such a digit before.
#
# ### The same in Torch
#
# The same seed, the same batches, Torch's autograd in place of our backward:

# %%
torch_result = train_on(
    to(cnn, "torch"),
    1e-2,
    to(train_set, "torch"),
    None,
    epochs=1,
)
numpy_result = train_on(cnn, 1e-2, train_set, None, epochs=1)
difference = abs(
    torch_result.history[0].loss - numpy_result.history[0].loss
)
for name, result in (("NumPy", numpy_result), ("Torch", torch_result)):
    print(
        f"loss of the first epoch, {name}: {result.history[0].loss:.2f}"
    )

# %% [markdown]
# `difference < 0.01`.
#
# ## What the learned kernels see
#
# Eight filters of 5 × 5 pixels were random numbers a moment ago. What has become of them? We look at a short training of four
# passes: the longer a network learns, the further its weights drift apart from one processor to another, by rounding alone.

# %% mystnb={"image": {"alt": "Eight grids of 5 by 5 cells in two colours, one for positive and one for negative weights. Several have a positive and a negative side, in different directions."}} tags=["nbval-ignore-output", "reason:varies between processors because training amplifies rounding"]
trained = train_on(cnn, 1e-2, train_set, None, epochs=4).model
first = trained.layers[0]
filters = first.kernel[:, :, 0, :].transpose(2, 0, 1)
plot.signed_images(
    filters / abs(filters).max(),
    [f"filter {f}" for f in range(8)],
    "The first layer's weights after training (the largest is ±1)",
    columns=4,
    size=1.3,
)

# %% [markdown]
# Nobody asked for edges. Still, several filters have a positive and a negative side: they have specialised in strokes of one direction, or in
# one rim of a stroke. The feature maps show where each filter found what it looks for. (Where a map is grey on empty paper, the
# filter has a positive bias.)

# %% mystnb={"image": {"alt": "A handwritten digit and eight feature maps of it, 14 by 14. Most light up along the strokes, each more at other parts of them; some are grey on the empty paper too."}} tags=["nbval-ignore-output", "reason:varies between processors because training amplifies rounding"]
example = test_set.images[:1]
maps = np.maximum(first(example), 0)[0].transpose(2, 0, 1)
plot.images(
    [example[0, :, :, 0], *(maps / maps.max())],
    ["the digit", *(f"filter {f}" for f in range(8))],
    "One digit, and what each filter found in it (after ReLU)",
    columns=3,
)

# %% [markdown]
# A warning. Only the first layer can be looked at like this, because only its channels are ink. A kernel of the second layer weighs feature maps, and its
# picture means little without them.
#
# ## What goes wrong in practice
#
# **A kernel in another order.** Torch stores `[filters, channels, rows, columns]` and wants images NCHW. Handed to this course's layer as it is, such a kernel
# raises, if you are lucky and all sizes differ:

# %%
torch_kernel = layer.kernel.transpose(3, 2, 0, 1)
try:
    Conv2D(torch_kernel, layer.bias)(x)
except ShapeError as error:
    print("ShapeError:", fill(str(error), 66))

# %% [markdown]
# Nobody raises if you "repair" the shape with a reshape. The numbers are all there, at the wrong places ([chapter 1](01_one_batch_three_views.ipynb) has told you
# so):

# %%
repaired = torch_kernel.reshape(5, 5, 1, 8)
wrong = Conv2D(repaired, layer.bias, padding="VALID")(x)
off = abs(wrong - layer(x)).max() / abs(layer(x)).max()
print("same shape:", wrong.shape == layer(x).shape)
print("off by more than a third of the largest answer:", off > 1 / 3)

# %% [markdown]
# **A flipped kernel.** In mathematics, a convolution turns the kernel round first; without the turn it is called a cross-correlation. All deep learning libraries leave
# it out and keep the name. NumPy and SciPy follow the mathematics. For learning it makes no difference, since the weights are learned turned or not. For kernels that come
# from elsewhere it does:

# %%
signal, taps = np.array([0.0, 0, 1, 2, 0]), np.array([1.0, 10, 100])
print("np.convolve :", np.convolve(signal, taps, "valid"))
print("np.correlate:", np.correlate(signal, taps, "valid"))
line = Conv2D(taps.reshape(1, 3, 1, 1), np.zeros(1), padding="VALID")
print("Conv2D      :", line(signal.reshape(1, 1, 5, 1)).ravel())

# %% [markdown]
# **Padding on the wrong side.** A kernel that copies its middle pixel shows what a misplaced zero does. With stride 2 and the zero before instead of after, the result is another
# half of the picture:

# %%
copy = np.zeros((3, 3, 1, 1))
copy[1, 1] = 1
small_picture = np.arange(16.0).reshape(1, 4, 4, 1)
right = Conv2D(copy, np.zeros(1), stride=(2, 2))(small_picture)
zero_first = np.pad(small_picture, ((0, 0), (1, 0), (1, 0), (0, 0)))
wrong_side = Conv2D(copy, np.zeros(1), (2, 2), "VALID")(zero_first)
print("zero after: ", right.ravel())
print("zero before:", wrong_side.ravel())

# %% [markdown]
# **Zeros in a max-pool.** After a ReLU nothing is negative, and 0 and −∞ give the same. Move the pool before the ReLU, or normalize in between, and edges turn to 0:

# %%
negative = -1 - rng.random((1, 5, 5, 1))
zero_padded = np.pad(negative, ((0, 0), (0, 1), (0, 1), (0, 0)))
right_edge = MaxPool2D(2, padding="SAME")(negative)[0, :, -1, 0]
wrong_edge = MaxPool2D(2)(zero_padded)[0, :, -1, 0]
print("all negative:", bool(right_edge.max() < 0))
print("with zeros:  ", wrong_edge)

# %% [markdown]
# **Gradients that are assigned.** This one needs no other library, only a missing plus. We leave it out of `im2col_backward` and look at the same picture of ones:


# %%
def assigned(d_windows, shape, size):
    d_x = np.zeros(shape)
    for k in range(size[0] * size[1]):
        r, s = divmod(k, size[1])
        d_x[:, r : r + 3, s : s + 4, :] = d_windows[..., k : k + 1]
    return d_x


times_heard = assigned(np.ones((1, 3, 4, 9)), shape, (3, 3))
print(times_heard[0, :, :, 0].astype(int))

d_windows = rng.normal(size=(1, 3, 4, 9))
added = im2col_backward(d_windows, shape, (3, 3))
slip = assigned(d_windows, shape, (3, 3))
lengths = np.linalg.norm(added) * np.linalg.norm(slip)
cosine = float(np.sum(added * slip) / lengths)

# %% [markdown]
# Every pixel has heard one window, where it should have heard up to nine. Worse, the wrong gradient points roughly where the right one does: the
# cosine between them is `0.2 < cosine < 0.9`, where 1 is the same direction and 0 a right angle. So the loss may well fall. Only a gradient check
# tells.
#
# ## The shapes of this page
#
# | what | shape | axes |
# |---|---|---|
# | images | `x: [6, 28, 28, 1]` | batch, row, column, channel |
# | a kernel | `layer.kernel: [5, 5, 1, 8]` | row, column, channel, filter |
# | its bias | `layer.bias: [8]` | filter |
# | VALID, stride 1 | `layer(x): [6, 24, 24, 8]` | 28 − 5 + 1 = 24 |
# | SAME, stride 2 | `deeper(y): [6, 12, 12, 16]` | 24 / 2 = 12 |
# | windows | `rows_of_windows: [6, 24, 24, 25]` | the last axis is row, column, channel, flattened |
# | as a dense layer | `as_dense(weights, 5, 7): [35, 20]` | pixel, place |
# | the CNN's answer | `trained(example): [1, 10]` | batch, class |
#
# ## Test yourself
#
# Predict each shape or number before you choose. The answer comes at once and says why.

# %%
from rnn_course.widgets import ShapeQuiz

ShapeQuiz("04")

# %% [markdown]
# And two without choices. Decide first, then open.
#
# <details><summary>A 1 × 1 convolution: what does it do?</summary>
#
# It is a dense layer from channels to filters, at each pixel for itself: `Conv2D.init(8, 3, 1, rng=rng)(y): [6, 24, 24, 3]`. It sees no neighbours, and mixes
# channels. It is the cheapest way to change their number.
#
# </details>
#
# <details><summary>A convolution whose kernel is as large as the image, VALID. What is it?</summary>
#
# A dense layer: there is one place, and nothing to share. `Conv2D.init(1, 10, 28, rng=rng, padding="VALID")(x): [6, 1, 1, 10]`, with
# `28 * 28 * 10 + 10 = 7,850` parameters. Every dense layer is a convolution that has nowhere to go.
#
# </details>
#
# ## Exercises
#
# They are in [their own notebook](../exercises/04_convolution.ipynb). A check answers at once and knows the usual mistakes.
# [Solutions](../solutions/04_convolution.ipynb) are there too.

# %%
from rnn_course.checks import EXERCISES
from rnn_course.checks.catalogue import chapter_of

for number, exercise in enumerate(
    (e for e in EXERCISES.values() if chapter_of(e.name) == "04"),
    start=1,
):
    effort = f"difficulty {exercise.difficulty} of 5"
    minutes = f"{exercise.minutes} minutes"
    print(f"{number:2}. {exercise.title:32} {effort}, {minutes}")

# %% [markdown]
# ## What you can do now
#
# - Slide a kernel by hand, and write down the dense matrix that does the same.
# - Compute outputs and zeros for any size, kernel and stride, and say where Torch puts them.
# - Cut an image into windows without a loop over its places, and send gradients back into the pixels that were seen.
# - Say what an output sees, and check it with a gradient.
# - Choose a CNN where things may stand anywhere, and not be surprised if an NN does as well where they do not.
#
# ## Further reading
#
# - {cite:t}`fukushima1980` built such a network out of local detectors that are the same at all places, and cells that pool them; it
#   learned without a teacher. {cite:t}`lecun1998` trained one by gradients and read cheques with it.
# - {cite:t}`dumoulin2016` is the arithmetic of this chapter in pictures, with transposed convolutions too.
# - {cite:t}`goodfellow2016`, chapter 9, and {cite:t}`prince2023`, chapter 10, are textbooks' views: the one from sparse, shared weights, the other from what must not change when
#   an image is moved.
# - {cite:t}`luo2016` measure how little the rim of a receptive field counts.
#
# **Next:** between the layers, numbers grow and shrink as they like. [Chapter 5](05_normalization.ipynb) keeps them in order.
