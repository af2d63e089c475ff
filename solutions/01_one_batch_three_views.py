# %% [markdown] tags=["exercise"]
# # Exercises 1 · One batch, three views
#
# Eight short tasks on [chapter 1](../book/01_one_batch_three_views.ipynb), 40 minutes in all. Write the function, run the cell,
# read what the check says. If you are stuck, `hint("views.as_vectors")` helps a little, and more each time you ask.
#
# `batch` stands for any number of examples, here as in the checks. So never write a 5 where you mean the batch.

# %% [markdown] tags=["solution"]
# # Solutions 1 · One batch, three views
#
# :::{admonition} Try them first
# :class: warning
# The [exercises](../exercises/01_one_batch_three_views.ipynb) are worth more unseen. Here every answer is written out, and
# every check has passed.
# :::

# %% tags=["exercise"]
import numpy as np

from rnn_course import arguments, check, hint, progress, solution
from rnn_course.arrays import array_namespace

# %% tags=["solution"]
import numpy as np

from rnn_course import check, solution
from rnn_course.arrays import array_namespace


# %% [markdown]
# ## 1 · Predict the three shapes
#
# *Difficulty 1 of 5 · 3 minutes.* For `batch` digits of 28 × 28 pixels, return the shapes of the vector view, of the
# image view (NHWC) and of the row view (batch-major), as three tuples.


# %%
def predict_shapes(batch):
    """Return three shapes: of the vectors, of the images, of the rows."""
    ### BEGIN SOLUTION
    return (batch, 784), (batch, 28, 28, 1), (batch, 28, 28)
    ### END SOLUTION


check("views.predict", predict_shapes)

# %% [markdown]
# ## 2 · Images to vectors
#
# *Difficulty 1 of 5 · 5 minutes.* Turn images `[batch, rows, columns]`, of any size, into vectors `[batch, rows*columns]`, row after
# row. It should work for NumPy arrays and Torch tensors.


# %%
def as_vectors(images):
    """images [batch, rows, columns] -> vectors [batch, rows*columns]."""
    ### BEGIN SOLUTION
    return images.reshape(len(images), -1)
    ### END SOLUTION


check("views.as_vectors", as_vectors)

# %% [markdown]
# ## 3 · Vectors to images
#
# *Difficulty 2 of 5 · 5 minutes.* Turn vectors `[batch, rows*columns]`, of any size, into images `[batch, rows, columns, 1]`. NumPy
# and Torch.


# %%
def as_images(vectors, rows, columns):
    """vectors [batch, rows*columns] -> images [batch, rows, columns, 1]."""
    ### BEGIN SOLUTION
    return vectors.reshape(-1, rows, columns, 1)
    ### END SOLUTION


check("views.as_images", as_images)

# %% [markdown]
# ## 4 · NHWC to NCHW
#
# *Difficulty 2 of 5 · 5 minutes.* Turn images `[batch, rows, columns, channels]` into `[batch, channels, rows, columns]`, the
# layout of Torch's convolutions. NumPy arrays only. Is this a reshape or a transpose?


# %%
def channels_first(images):
    """NHWC [batch, rows, columns, channels] to NCHW."""
    ### BEGIN SOLUTION
    return images.transpose(0, 3, 1, 2)
    ### END SOLUTION


check("views.channels_first", channels_first)

# %% [markdown]
# ## 5 · Batch-major to time-major
#
# *Difficulty 2 of 5 · 4 minutes.* Turn sequences `[batch, time, input]` into `[time, batch, input]`. NumPy and Torch.


# %%
def time_major(sequences):
    """sequences [batch, time, input] -> [time, batch, input]."""
    ### BEGIN SOLUTION
    return sequences.swapaxes(0, 1)
    ### END SOLUTION


check("views.time_major", time_major)

# %% [markdown]
# ## 6 · What an RNN sees at one step
#
# *Difficulty 2 of 5 · 4 minutes.* From images `[batch, rows, columns]` return what an RNN reads at time `step`, counted
# from 0: `[batch, columns]`. NumPy and Torch.


# %%
def row_at_step(images, step):
    """images [batch, rows, columns] -> row `step`, [batch, columns]."""
    ### BEGIN SOLUTION
    return images[:, step, :]
    ### END SOLUTION


check("views.row_at_step", row_at_step)

# %% [markdown]
# ## 7 · More than one row a step
#
# *Difficulty 3 of 5 · 6 minutes.* Turn images `[batch, rows, columns]` into sequences that read `count` rows at each step, one
# after the other: `[batch, rows // count, count*columns]`. `count` divides the number of rows. NumPy and Torch.


# %%
def rows_per_step(images, count):
    """images [batch, rows, columns] -> sequences, `count` rows a step."""
    ### BEGIN SOLUTION
    batch, rows, columns = images.shape
    return images.reshape(batch, rows // count, count * columns)
    ### END SOLUTION


check("views.rows_per_step", rows_per_step)

# %% [markdown]
# ## 8 · The poorest memory
#
# *Difficulty 3 of 5 · 8 minutes.* Read images `[batch, rows, columns]` row by row. The memory is 0 at first, and at each step
# the row is added to it. Return the memory after every step, `[batch, rows, columns]`. NumPy and Torch:
# `xp = array_namespace(images)` is the library that the images come from, and `xp.stack(arrays, axis=1)` works for both.


# %%
def running_memory(images):
    """images [batch, rows, columns] -> the memory after each step."""
    ### BEGIN SOLUTION
    xp = array_namespace(images)
    state, states = 0 * images[:, 0, :], []
    for step in range(images.shape[1]):
        state = state + images[:, step, :]  # [batch, columns]
        states.append(state)
    return xp.stack(states, axis=1)
    ### END SOLUTION


check("views.memory", running_memory)

# %% [markdown] tags=["solution"]
# ## The shapes, once more
#
# The functions on a batch of three small pictures, 4 × 6 pixels:

# %% tags=["solution"]
pictures = np.arange(72.0).reshape(3, 4, 6)
vectors = as_vectors(pictures)
images = as_images(vectors, 4, 6)

# %% [markdown] tags=["solution"]
# `vectors: [batch=3, pixel=24]` · `images: [batch=3, row=4, column=6, channel=1]` ·
# `channels_first(images): [batch=3, channel=1, row=4, column=6]` · `time_major(pictures): [time=4, batch=3, input=6]` ·
# `row_at_step(pictures, 2): [batch=3, input=6]` · `rows_per_step(pictures, 2): [batch=3, time=2, input=12]` ·
# `running_memory(pictures): [batch=3, time=4, column=6]`
#
# `solution` shows the reference for any exercise, and why it is right:

# %% tags=["solution"]
solution("views.time_major")

# %% [markdown] tags=["exercise"]
# ## When all eight have passed
#
# `solution("views.time_major")` shows the reference for an exercise, and why it is right. Compare it with yours.
