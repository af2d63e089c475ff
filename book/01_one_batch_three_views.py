# %% [markdown]
# # 1 · One batch, three views
#
# Five handwritten digits lie on the table. How do you hand them to a network?
#
# The pixels are the same each time. But a dense network wants a list, a convolutional network wants a picture, and a
# recurrent network wants a sequence. This chapter makes all three from one array, and looks at what each network can
# see, and what it cannot.
#
# :::{admonition} What you will be able to do
# :class: tip
# - turn a batch of images into vectors `[batch, pixel]`, images `[batch, row, column, channel]` and sequences
#   `[batch, time, input]`, in NumPy and in Torch;
# - say what each kind of network sees in them, and what it ignores;
# - tell when `reshape` is right and when you need a transpose, and recognise a scrambled batch.
#
# **Reading** 30 minutes · **exercises** 40 minutes · **difficulty** 1 of 5 · **before** Python, and NumPy's indexing and slicing
# :::
#
# ![The arrays of this chapter and their axes](_diagrams/shapes_01.svg)

# %%
import numpy as np

from rnn_course import Dense, describe, load_digits, plot, to

digits = load_digits()
print(describe(digits))

# %% [markdown]
# These are 1,797 real digits. They were scanned as 32 × 32 black and white pixels and reduced to 8 × 8 grey ones, by counting
# the black pixels in each block of 4 × 4 {cite}`alpaydin1998`. `load_digits` enlarges them to 28 × 28, the size of MNIST, so
# that every shape in this course is the one you meet elsewhere. It keeps 360 of them for testing.
# A pixel is 0 for paper and 1 for ink.
#
# We take five:

# %%
chosen = [
    np.flatnonzero(digits.train.labels == digit)[0]
    for digit in (3, 7, 0, 4, 8)
]
batch = digits.train.images[chosen]
labels = digits.train.labels[chosen]
labels

# %% [markdown]
# The whole training set is `digits.train.images: [example=1437, row=28, column=28]`. Our five are
# `batch: [batch=5, row=28, column=28]`. The first axis counts examples, the other two say where a pixel is.

# %% mystnb={"image": {"alt": "Five grey 28 by 28 pictures of the handwritten digits 3, 7, 0, 4 and 8 side by side."}}
plot.images(
    batch,
    [f"label {label}" for label in labels],
    "One batch: five digits of 28 × 28 pixels",
    size=1.25,
)

# %% [markdown]
# **Predict before you read on.** How many numbers is one digit? How many is the batch?

# %%
batch[0].size, batch.size

# %% [markdown]
# 28 · 28 = 784 for one digit, 5 · 784 = 3,920 for five. Every view below holds exactly these numbers. Only the axes
# change.
#
# ## A batch is not the training set
#
# A network does not learn from all examples at once. It takes a few, corrects its weights a little, and takes the next
# few. Those few are the *batch*. Their number is a choice: 5 here, 50 in chapter 3.
#
# The size of the training set is something else. MNIST has 60,000 digits to learn from and 10,000 to test on
# {cite}`lecun1998`. TensorFlow 1's loader, {code}`read_data_sets` with its {code}`validation_size=5000`, keeps 5,000 of the
# 60,000 back for tuning, and 55,000 are left. If you read "a batch of 55,000", somebody has mixed up the two.

# %% [markdown]
# ## View 1: a vector, for the dense network
#
# A dense network has one weight for each input number and each unit. So it wants each digit as one row of 784 numbers.
#
# First the smallest example: two "images" of 2 rows and 3 columns.

# %%
tiny = np.arange(12).reshape(2, 2, 3)
print(tiny)
print(tiny.reshape(-1, 6))

# %% [markdown]
# Follow the numbers 0 to 5. Row 0 of the first image comes first, then row 1. `reshape` never changes that order: it
# walks through the numbers, last axis fastest, and cuts the same run at other places.
#
# And the -1? It asks NumPy to work that size out: 12 numbers in rows of 6 make 2 rows. The -1 is a question. It never
# appears in the answer, `tiny.reshape(-1, 6): [batch=2, pixel=6]`.
#
# **Predict:** what if the numbers do not come out even, as in rows of 5?

# %% tags=["raises-exception"]
tiny.reshape(-1, 5)

# %% [markdown]
# There is no answer to that question, so NumPy raises an error. Two questions at once, `-1, -1`, would be an error too.
#
# The same for our digits. **Predict** the shape before you run it: `batch.reshape(-1, 784)` makes …

# %%
vectors = batch.reshape(-1, 784)
vectors.shape

# %% [markdown]
# `vectors: [batch=5, pixel=784]`. **Predict:** where in its vector is the pixel of row 10, column 13?
#
# Ten whole rows of 28 stand before its row, and 13 pixels before it in its row: 10 · 28 + 13 = 293.

# %%
bool(vectors[0, 10 * 28 + 13] == batch[0, 10, 13])

# %% [markdown]
# ### What a dense network ignores
#
# Does it matter to a dense network that pixel 293 lies beside pixel 294? Let us see. We shuffle all pixels, in the same
# way for each digit. We shuffle the rows of the layer's weights in that way too.
#
# **Predict:** are the outputs for the shuffled digits the same, nearly the same, or something else?

# %%
rng = np.random.default_rng(0)
order = rng.permutation(784)

layer = Dense.init(784, 10, rng=rng, dtype="float64")
shuffled_layer = Dense(kernel=layer.kernel[order], bias=layer.bias)

outputs = layer(vectors.astype("float64"))
shuffled_outputs = shuffled_layer(vectors[:, order].astype("float64"))
np.testing.assert_allclose(shuffled_outputs, outputs, rtol=1e-12)
print("the ten outputs of every digit are the same")

# %% mystnb={"image": {"alt": "Above: the digits 3, 7 and 0. Below: the same three after one fixed shuffle of their pixels. They look like noise."}}
plot.images(
    [*batch[:3], *vectors[:3, order].reshape(3, 28, 28)],
    [f"label {label}" for label in labels[:3]] * 2,
    "For a dense network, both lines are the same problem",
    columns=3,
)

# %% [markdown]
# You can read the upper line and not the lower one. A dense network has no preference: for every set of weights that
# reads the upper digits there is one that reads the lower digits just as well. Each output is a sum over pixels, and a sum
# does not care about order. The network is told nothing about neighbours, so it has to find out from examples which pixels
# belong together.

# %% [markdown]
# ## View 2: an image with channels, for the convolutional network
#
# A convolutional network looks at small windows of neighbouring pixels. It wants rows and columns to stay axes. It also
# wants an axis for channels: 3 for the red, green and blue of a photograph, 1 for our grey digits.

# %%
images = vectors.reshape(-1, 28, 28, 1)
images.shape

# %% [markdown]
# `images: [batch=5, row=28, column=28, channel=1]`. We went back from the vectors and lost nothing:
# `images[:, :, :, 0] == batch`.
#
# This order is called **NHWC**: number of examples, height, width, channels. TensorFlow and this course use it. Torch uses
# **NCHW**, with the channels before the rows. [Exercise 4](../exercises/01_one_batch_three_views.ipynb) takes you across.

# %% [markdown]
# ## View 3: a sequence of rows, for the recurrent network
#
# Now read a digit the way you read a page: row by row, from top to bottom. Row 0 is the first thing you see, row 27 the
# last. Time runs down the image.

# %%
rows = vectors.reshape(-1, 28, 28)
rows.shape

# %% [markdown]
# `rows: [batch=5, time=28, input=28]`. It looks like `batch: [batch=5, row=28, column=28]`, and it holds the same
# numbers. What has changed is the meaning of the axes: 28 *steps*, and at each step an input of 28 numbers. All five
# digits take the same step together: `rows[:, 10]: [batch=5, input=28]`.
#
# What has the network seen after 7 steps, after 14, after 21?

# %% mystnb={"image": {"alt": "The digit 3 four times: only its first 7 rows are shown, then 14, then 21, then all 28."}}
seen = [
    np.where(np.arange(28)[:, None] < steps, rows[0], 0)
    for steps in (7, 14, 21, 28)
]
plot.images(
    seen,
    [f"after {steps} steps" for steps in (7, 14, 21, 28)],
    "What a recurrent network has read of a 3",
    size=1.4,
)

# %% [markdown]
# After 14 steps this could still become a 2, a 3 or a 7. The next step brings row 14 *and nothing else*. Whatever the
# network needs of the rows 0 to 13, it has to remember. That memory is called the *state*.
#
# ### The poorest memory
#
# Let us build one: 28 numbers, all 0 at first. At each step, add the row that comes in.


# %%
def remember(rows):
    state = np.zeros((len(rows), 28), dtype=rows.dtype)
    for step in range(28):
        x = rows[:, step]  # [batch, input], all that this step sees
        state = state + x
    return state


state = remember(rows)
state.shape

# %% [markdown]
# `state: [batch=5, column=28]`. Its size does not grow with the number of steps: 784 numbers went in, 28 are left.
# **Predict:** what does this memory say about a 3 that is read from the bottom up?

# %%
bottom_up = rows[:, ::-1]
np.testing.assert_allclose(
    remember(bottom_up), state, rtol=1e-4, atol=1e-5
)
print("read from the bottom up: the same memory")

# %% [markdown]
# The same, up to rounding. A sum forgets the order in which the rows came, and for this memory a 6 and its mirror image,
# top for bottom, are one. The network reads in order, but this state does not keep it. What a better one has to do, mix the new row
# with the old state by weights that are learned, is the subject of part II, from chapter 6 on. The loop stays as it is.
#
# An RNN can use the order of the steps. But within a step it is like a dense network: it does not know that column 13 lies
# beside column 14.

# %% [markdown]
# ## All three at your fingertips
#
# Choose a digit. Move over a pixel, or walk with the arrow keys. The same pixel is marked in all three views, and the line
# below names its index in each.

# %%
from rnn_course.widgets import ThreeViews

ThreeViews(batch, labels)

# %% [markdown]
# ## What goes wrong in practice: reshape for transpose
#
# Some recurrent code wants time first: `[time, batch, input]`, called *time-major*. Both ways below give an array of that
# shape. Only one of them is right. **Predict** which, and what the other one looks like.

# %%
wrong = rows.reshape(28, 5, 28)
right = rows.swapaxes(0, 1)
wrong.shape == right.shape

# %% [markdown]
# `wrong: [time=28, batch=5, input=28]` and `right: [time=28, batch=5, input=28]`: no error, no warning, the shapes agree. Now
# look at the first "digit" of each.

# %% mystnb={"image": {"alt": "Left: the digit 3 as it should be. Right: a scrambled picture in which stripes of all five digits follow each other."}}
plot.images(
    [right[:, 0], wrong[:, 0]],
    ["swapaxes(0, 1)", "reshape(28, 5, 28)"],
    "The same shape, but only one is a digit",
)

# %% [markdown]
# `reshape` has cut the run of numbers every 5 rows. Row 0 of the right-hand picture is row 0 of the first digit. Its row 1
# is row 5 of the same digit: `wrong[1, 0] == rows[0, 5]`. At its row 6 it has come to the second digit:
# `wrong[6, 0] == rows[1, 2]`. A network trained on this learns
# something, only badly, and nothing tells you why.
#
# The rule: **to join or cut axes that stay in their places, reshape. To move an axis, transpose** (`transpose`, `swapaxes`,
# `moveaxis`; `permute` in Torch).
#
# A trap on top: with one channel, going from NHWC to NCHW by `reshape` is right by luck. With three it is wrong.

# %%
colour = rng.random((5, 28, 28, 3))
for name, picture in {
    "1 channel": images,
    "3 channels": colour,
}.items():
    channels = picture.shape[-1]
    reshaped = picture.reshape(5, channels, 28, 28)
    transposed = picture.transpose(0, 3, 1, 2)
    equal = np.array_equal(reshaped, transposed)
    print(f"{name}: reshape equals transpose: {equal}")

# %% [markdown]
# An axis of size 1 can stand anywhere without changing the order of the numbers. So code that was only tested on grey
# images may break on the first photograph. Test with sizes that all differ.

# %% [markdown]
# ## The same in Torch
#
# Torch tensors have `reshape` and `swapaxes` too, and the same lines give the same views.

# %% tags=["numpy"]
print("vectors", list(batch.reshape(-1, 784).shape))
print("images ", list(batch.reshape(-1, 28, 28, 1).shape))
print("rows   ", list(batch.reshape(-1, 28, 28).shape))
print("first  ", list(batch.swapaxes(0, 1).shape))
print("nchw   ", list(images.transpose(0, 3, 1, 2).shape))

# %% tags=["torch"]
tensors = to(batch, "torch")
print("vectors", list(tensors.reshape(-1, 784).shape))
print("images ", list(tensors.reshape(-1, 28, 28, 1).shape))
print("rows   ", list(tensors.reshape(-1, 28, 28).shape))
print("first  ", list(tensors.swapaxes(0, 1).shape))
print("nchw   ", list(to(images, "torch").permute(0, 3, 1, 2).shape))

# %% [markdown]
# The numbers agree as well:

# %%
torch_views = {
    "vectors": (vectors, tensors.reshape(-1, 784)),
    "images": (images, tensors.reshape(-1, 28, 28, 1)),
    "time-major": (right, tensors.swapaxes(0, 1)),
}
for name, (numpy_view, torch_view) in torch_views.items():
    np.testing.assert_array_equal(to(torch_view), numpy_view)
    print(f"{name:10} the same numbers")

# %% [markdown]
# Two differences to know. `transpose` in Torch takes exactly two axes; for a whole new order it is `permute`. And
# `torch.nn.Conv2d` wants NCHW: `tensors.reshape(5, 1, 28, 28): [batch=5, channel=1, row=28, column=28]`. With one channel
# this reshape is right, by the luck that you have just seen.

# %% [markdown]
# ## The shapes of this page
#
# | view, and for whom | shape | what it is told |
# |---|---|---|
# | vector: a dense network | `vectors: [batch=5, pixel=784]` | nothing about places |
# | image: a CNN | `images: [batch=5, row=28, column=28, channel=1]` | neighbours, in rows and columns |
# | sequence: an RNN | `rows: [batch=5, time=28, input=28]` | the order of the rows |
# | time-major: an RNN with time first | `right: [time=28, batch=5, input=28]` | the same |
# | one step: a cell | `rows[:, 0]: [batch=5, input=28]` | nothing about columns |
# | state: the next step | `state: [batch=5, column=28]` | this one: not even the order |
#
# ## Test yourself
#
# Predict each shape before you choose. The answer comes at once and says why. If you were wrong, choose again.

# %%
from rnn_course.widgets import ShapeQuiz

ShapeQuiz("01")

# %% [markdown]
# And three without choices. Decide first, then open.
#
# <details><summary>You cut the five digits into sequences of single pixels. Which shape?</summary>
#
# `batch.reshape(-1, 784, 1): [batch=5, time=784, input=1]`. There are 784 steps of one number each. If you said
# [5, 1, 784]: that is one step that shows everything at once, and a recurrent network with one step has nothing to
# remember.
#
# </details>
#
# <details><summary>You read two rows at each step. Which shape?</summary>
#
# `batch.reshape(-1, 14, 56): [batch=5, time=14, input=56]`. Two rows of 28 are 56 numbers, and half as many steps are left.
# If you said [5, 28, 56]: that has twice as many numbers as the batch.
#
# </details>
#
# <details><summary>You read columns instead of rows. Reshape or transpose?</summary>
#
# Transpose: two axes change places. `batch.swapaxes(1, 2): [batch=5, time=28, input=28]`. The shape is that of `rows` and
# tells you nothing; only the content shows the difference.
#
# </details>
#
# ## Exercises
#
# They are in [their own notebook](../exercises/01_one_batch_three_views.ipynb). A check answers at once and knows the usual
# mistakes. [Solutions](../solutions/01_one_batch_three_views.ipynb) are there too.

# %%
from rnn_course.checks import EXERCISES

for number, exercise in enumerate(
    (e for e in EXERCISES.values() if e.name.startswith("views.")),
    start=1,
):
    effort = f"difficulty {exercise.difficulty} of 5"
    minutes = f"{exercise.minutes} minutes"
    print(f"{number}. {exercise.title:38} {effort}, {minutes}")

# %% [markdown]
# ## Where this leads
#
# Three trained networks, one for each view. Draw a digit with the mouse, a finger or the keys. The dense network and the CNN
# answer from the whole image; the LSTM reads row by row, and the column beside the image shows what it believes after each.

# %%
from rnn_course.widgets import DrawADigit

DrawADigit(digit=4)

# %% [markdown]
# How they came to know, and how to train your own, is the subject of [chapter 12](12_reading_digits_row_by_row.ipynb).
#
# ## What you can do now
#
# - You can write a batch as vectors, images (NHWC, NCHW) and sequences (batch-major, time-major), and say which is which from
#   the axes' names, not from the sizes alone.
# - You know what the -1 asks, and why 55,000 is no batch.
# - You know that `reshape` keeps the order of the numbers, and what a scrambled batch looks like.
# - You know what each network is told: a dense one nothing about places, a CNN the neighbours, an RNN the order of the rows.
#
# ## Further reading
#
# - {cite:t}`lecun1998` introduced MNIST and compared dense and convolutional networks on it.
# - {cite:t}`visin2015` read images with recurrent networks that sweep in four directions.
# - {cite:t}`harris2020` explain NumPy's arrays: shape, strides, and why `reshape` costs nothing.
#
# **Next:** [chapter 2](02_dense_layer.ipynb) builds the dense layer, and asks what its 784 weights a unit do with a digit. If
# you cannot wait to see rows being read, go on to [chapter 12](12_reading_digits_row_by_row.ipynb).
