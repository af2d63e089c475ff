# %% [markdown] tags=["exercise"]
# # Exercises 2 · Dense layer
#
# Eight tasks on [chapter 2](../book/02_dense_layer.ipynb), an hour in all: from the shapes of a layer to a loss that no logit breaks.
#
# Write the function, run the cell, read what the check says. If you are stuck, `hint("dense.softmax")` helps a little, and more
# each time you ask. `arguments("dense.softmax")` gives you the very arrays that the check hands to your function.
#
# **NumPy and Torch.** A check hands your function NumPy arrays, and then the same numbers as Torch tensors.
# `xp = array_namespace(x)` is the library that x comes from, so `xp.exp(x)` works for both. The names in `xp` are nearly those of
# NumPy: `xp.max(x, axis=1, keepdims=True)`, `xp.sum`, `xp.log`, `xp.where`. Indices, `@` and `.T` need no `xp`.
#
# **Arguments.** Leave them as they are, and return new arrays. The check looks at them again after the call.

# %% [markdown] tags=["solution"]
# # Solutions 2 · Dense layer
#
# :::{admonition} Try them first
# :class: warning
# The [exercises](../exercises/02_dense_layer.ipynb) are worth more unseen. Here every answer is written out, and every
# check has passed.
# :::

# %% tags=["exercise"]
from itertools import pairwise

import numpy as np

from rnn_course import arguments, check, hint, progress, solution
from rnn_course.arrays import array_namespace

# %% tags=["solution"]
from itertools import pairwise

import numpy as np

from rnn_course import check, solution
from rnn_course.arrays import array_namespace


# %% [markdown]
# ## 1 · Predict the shapes of two layers
#
# *Difficulty 1 of 5 · 4 minutes.* A network of two dense layers reads x `[batch, input]`, has `hidden_size` hidden units and names
# one of `classes` classes. From the four sizes return four shapes, as tuples: of the first kernel, of the first bias, of the hidden
# units and of the logits.


# %%
def predict_shapes(batch, input_size, hidden_size, classes):
    """Return four shapes: first kernel, first bias, hidden, logits."""
    ### BEGIN SOLUTION
    kernel = (input_size, hidden_size)
    bias = (hidden_size,)
    hidden = (batch, hidden_size)
    logits = (batch, classes)
    return kernel, bias, hidden, logits
    ### END SOLUTION


check("dense.shapes", predict_shapes)

# %% [markdown]
# ## 2 · Count the parameters
#
# *Difficulty 1 of 5 · 5 minutes.* `sizes` is a tuple of layer widths, input first, such as (784, 625, 10). Return how many numbers a
# dense network of these widths learns, kernels and biases together. There may be any number of layers.


# %%
def count_parameters(sizes):
    """Return the number of parameters, a whole number."""
    ### BEGIN SOLUTION
    return sum(
        inputs * outputs + outputs
        for inputs, outputs in pairwise(sizes)
    )
    ### END SOLUTION


check("dense.parameters", count_parameters)

# %% [markdown]
# ## 3 · One dense layer
#
# *Difficulty 1 of 5 · 6 minutes.* From `x: [batch, input]`, `kernel: [input, output]` and `bias: [output]` return the output of a dense
# layer without an activation, `[batch, output]`. NumPy and Torch.


# %%
def dense_forward(x, kernel, bias):
    """Return the output [batch, output]."""
    ### BEGIN SOLUTION
    return x @ kernel + bias
    ### END SOLUTION


check("dense.forward", dense_forward)

# %% [markdown]
# ## 4 · The same layer at every step
#
# *Difficulty 2 of 5 · 6 minutes.* Apply one dense layer to each step of `inputs: [batch, time, input]`, with `kernel: [input, output]`
# and `bias: [output]`, and return `[batch, time, output]`. NumPy and Torch.


# %%
def every_step(inputs, kernel, bias):
    """Return the outputs [batch, time, output]."""
    ### BEGIN SOLUTION
    return inputs @ kernel + bias
    ### END SOLUTION


check("dense.every_step", every_step)

# %% [markdown]
# ## 5 · A network of two layers
#
# *Difficulty 2 of 5 · 10 minutes.* From `x: [batch, input]` and the weights of two dense layers return the logits `[batch, classes]`.
# Between the layers stands a ReLU: max(z, 0) for each number. NumPy and Torch.


# %%
def network(x, kernel1, bias1, kernel2, bias2):
    """Return the logits [batch, classes]."""
    ### BEGIN SOLUTION
    xp = array_namespace(x)
    z = x @ kernel1 + bias1  # [batch, hidden]
    hidden = xp.where(z > 0, z, 0 * z)
    return hidden @ kernel2 + bias2
    ### END SOLUTION


check("dense.network", network)

# %% [markdown]
# ## 6 · Softmax that never overflows
#
# *Difficulty 2 of 5 · 10 minutes.* Turn `logits: [batch, classes]` into probabilities of the same shape: exp of each logit, divided by
# the sum of its row. Logits may be as large as ±10,000, and rows may lie far apart. NumPy and Torch.


# %%
def softmax(logits):
    """Return probabilities [batch, classes]; each row sums to 1."""
    ### BEGIN SOLUTION
    xp = array_namespace(logits)
    peak = xp.max(logits, axis=1, keepdims=True)  # [batch, 1]
    e = xp.exp(logits - peak)  # [batch, classes]
    return e / xp.sum(e, axis=1, keepdims=True)
    ### END SOLUTION


check("dense.softmax", softmax)

# %% [markdown]
# ## 7 · Cross-entropy from logits
#
# *Difficulty 3 of 5 · 12 minutes.* From `logits: [batch, classes]` and whole-number `labels: [batch]` return one number: the mean over
# the batch of minus the natural logarithm of the probability of the label, by softmax. Logits may be as large as ±10,000. NumPy and
# Torch.


# %%
def cross_entropy(logits, labels):
    """Return the loss, one number."""
    ### BEGIN SOLUTION
    xp = array_namespace(logits)
    # [batch, classes]
    shifted = logits - xp.max(logits, axis=1, keepdims=True)
    total = xp.sum(xp.exp(shifted), axis=1, keepdims=True)
    log_p = shifted - xp.log(total)
    return -xp.mean(log_p[range(len(labels)), labels])
    ### END SOLUTION


check("dense.cross_entropy", cross_entropy)

# %% [markdown]
# ## 8 · The share of right answers
#
# *Difficulty 1 of 5 · 5 minutes.* From `logits: [batch, classes]` and `labels: [batch]` return the accuracy, a number from 0 to 1: the
# share of the examples whose largest logit is that of their label. NumPy and Torch.


# %%
def accuracy(logits, labels):
    """Return the share of right answers, from 0 to 1."""
    ### BEGIN SOLUTION
    xp = array_namespace(logits)
    predicted = xp.argmax(logits, axis=1)  # [batch]
    return sum((predicted == labels).tolist()) / len(labels)
    ### END SOLUTION


check("dense.accuracy", accuracy)

# %% [markdown] tags=["solution"]
# ## All of them together
#
# Two layers by hand on three examples:

# %% tags=["solution"]
rng = np.random.default_rng(0)
x = rng.standard_normal((3, 6))
weights = (
    rng.standard_normal((6, 4)),
    rng.standard_normal(4),
    rng.standard_normal((4, 2)),
    rng.standard_normal(2),
)
logits = network(x, *weights)
p = softmax(logits)
loss = cross_entropy(logits, np.array([0, 1, 1]))

# %% [markdown] tags=["solution"]
# `logits: [batch=3, class=2]` · `p: [batch=3, class=2]` · `loss: []` · `count_parameters((6, 4, 2)) = 38` ·
# `count_parameters((784, 625, 10)) = 496,885` · `dense_forward(x, *weights[:2]): [batch=3, output=4]`
#
# `solution` shows the reference for any exercise, and why it is right:

# %% tags=["solution"]
solution("dense.softmax")

# %% [markdown] tags=["exercise"]
# ## When all eight have passed
#
# `solution("dense.softmax")` shows the reference for an exercise, and why it is right. Compare it with yours.
