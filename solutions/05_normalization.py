# %% [markdown] tags=["exercise"]
# # Exercises 5 · Normalization
#
# Seven tasks on one idea, about an hour and three quarters in all: subtract a mean, divide by a standard deviation, and be clear about
# whose. You count means, write the function that all norms share, make group norm and batch norm of it, and send gradients back.
#
# Write the function, run the cell, read what the check says. If you are stuck, `hint("norm.group_norm")` helps a little, and
# more each time you ask. `arguments("norm.group_norm")` gives you the very arrays that the check hands to your function.
#
# `progress()` shows how far you are, in any cell that you add. What it shows changes as you go on, so it is not stored here.
#
# ## What you need to begin
#
# **Images.** `x: [batch, rows, columns, channels]` says which axes x has, in this order (NHWC). Sizes vary, so read them off
# the arrays.
#
# **Statistics.** The variance is the mean of the squared distances from the mean: divided by n, which is called biased. The
# unbiased one is divided by n − 1; where it is asked for, the task says so. `eps` is a small number that is added to the variance
# before the root.
#
# **gamma and beta.** After the division each channel is multiplied by its gamma and shifted by its beta, both `[channels]`. They
# are learned, so that a layer may have any mean and spread that it likes.
#
# **NumPy and Torch.** A check hands your function NumPy arrays, and then the same numbers as Torch tensors.
# `xp = array_namespace(x)` is the library that x comes from. The names in `xp` are nearly those of NumPy:
# `xp.mean(a, axis=(1, 2), keepdims=True)`, `xp.sum(a, axis=0)`, `xp.reshape(a, (2, -1))`. The root of an array is `a**0.5`, for both.
#
# **Arguments.** Leave them as they are, and return new arrays. The check looks at them again after the call.

# %% [markdown] tags=["solution"]
# # Solutions 5 · Normalization
#
# :::{admonition} Try them first
# :class: warning
# The [exercises](../exercises/05_normalization.ipynb) are worth more unseen. Here every answer is written out, and every
# check has passed.
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
# ## 1 · How many means?
#
# *Difficulty 1 of 5 · 6 minutes.* Images `[batch, rows, columns, channels]` are normalized. How many means does each
# kind of normalization compute? Return four whole numbers: for batch norm, layer norm (over a whole example), instance
# norm, and group norm with `groups` groups.


# %%
def count_means(batch, rows, columns, channels, groups):
    """Return four counts: batch, layer, instance, group norm."""
    ### BEGIN SOLUTION
    batch_norm = channels
    layer_norm = batch
    instance_norm = batch * channels
    group_norm = batch * groups
    return batch_norm, layer_norm, instance_norm, group_norm
    ### END SOLUTION


check("norm.count", count_means)

# %% [markdown]
# ## 2 · Mean 0, variance 1
#
# *Difficulty 2 of 5 · 8 minutes.* Return x with the mean subtracted and divided by the standard deviation, both taken
# along `axes`, a tuple of axes. The variance is the biased one, and `eps` is added to it before the root.


# %%
def standardise(x, axes, eps):
    """Return x standardised along `axes`, in the shape of x."""
    ### BEGIN SOLUTION
    xp = array_namespace(x)
    mean = xp.mean(x, axis=axes, keepdims=True)
    variance = xp.mean((x - mean) ** 2, axis=axes, keepdims=True)
    return (x - mean) / (variance + eps) ** 0.5
    ### END SOLUTION


check("norm.standardise", standardise)

# %% [markdown]
# ## 3 · Group norm
#
# *Difficulty 3 of 5 · 15 minutes.* Normalize `x: [batch, rows, columns, channels]`: each example and each of `groups`
# groups of neighbouring channels gets its own mean and variance (`eps` before the root). Then multiply by `gamma:
# [channels]` and add `beta: [channels]`.


# %%
def group_norm(x, gamma, beta, groups, eps):
    """Return y [batch, rows, columns, channels]."""
    ### BEGIN SOLUTION
    xp = array_namespace(x)
    batch, rows, columns, channels = x.shape
    grouped = xp.reshape(
        x, (batch, rows * columns, groups, channels // groups)
    )
    mean = xp.mean(grouped, axis=(1, 3), keepdims=True)
    variance = xp.mean(
        (grouped - mean) ** 2, axis=(1, 3), keepdims=True
    )
    standard = (grouped - mean) / (variance + eps) ** 0.5
    return xp.reshape(standard, x.shape) * gamma + beta
    ### END SOLUTION


check("norm.group_norm", group_norm)

# %% [markdown]
# ## 4 · A norm, and back
#
# *Difficulty 5 of 5 · 30 minutes.* Layer norm of `x: [batch, features]`: standardise each row, multiply by `gamma:
# [features]`, add `beta: [features]`. Return y and `backward`, a function that you define inside. `backward(d_y)` takes
# the gradient of a loss for y and returns those for `x`, `gamma` and `beta`, in this order.


# %%
def layer_norm_forward(x, gamma, beta, eps):
    """Return y, and backward: d_y -> d_x, d_gamma, d_beta."""
    ### BEGIN SOLUTION
    xp = array_namespace(x)

    def mean(values):
        return xp.mean(values, axis=1, keepdims=True)

    scale = (mean((x - mean(x)) ** 2) + eps) ** -0.5
    standard = (x - mean(x)) * scale

    def backward(d_y):
        d = d_y * gamma
        d_x = scale * (d - mean(d) - standard * mean(d * standard))
        return d_x, xp.sum(d_y * standard, axis=0), xp.sum(d_y, axis=0)

    return standard * gamma + beta, backward
    ### END SOLUTION


check("norm.backward", layer_norm_forward)

# %% [markdown]
# ## 5 · Batch norm while it learns
#
# *Difficulty 4 of 5 · 20 minutes.* Batch norm of `x: [batch, rows, columns, channels]` in training. Normalize each
# channel with the mean and the biased variance of the batch (`eps` before the root), then `gamma` and `beta`. Return y,
# and the new running mean and running variance, each (1 − momentum) · old + momentum · that of the batch. The running
# variance averages the *unbiased* variance, as Torch's does. All statistics are `[channels]`.


# %%
def batch_norm_training(
    x, gamma, beta, running_mean, running_variance, momentum, eps
):
    """Return y, new running mean, new running variance."""
    ### BEGIN SOLUTION
    xp = array_namespace(x)
    mean = xp.mean(x, axis=(0, 1, 2))  # [channels]
    variance = xp.mean((x - mean) ** 2, axis=(0, 1, 2))
    y = (x - mean) / (variance + eps) ** 0.5 * gamma + beta
    n = x.shape[0] * x.shape[1] * x.shape[2]
    unbiased = variance * n / (n - 1)
    new_mean = (1 - momentum) * running_mean + momentum * mean
    new_variance = (
        1 - momentum
    ) * running_variance + momentum * unbiased
    return y, new_mean, new_variance
    ### END SOLUTION


check("norm.batch_training", batch_norm_training)

# %% [markdown]
# ## 6 · Batch norm when it answers
#
# *Difficulty 2 of 5 · 8 minutes.* Batch norm of `x: [batch, rows, columns, channels]` as it answers after training:
# with `running_mean` and `running_variance`, `eps` before the root, and then `gamma` and `beta`, all `[channels]`.


# %%
def batch_norm_inference(
    x, gamma, beta, running_mean, running_variance, eps
):
    """Return y [batch, rows, columns, channels]."""
    ### BEGIN SOLUTION
    scale = gamma / (running_variance + eps) ** 0.5
    return (x - running_mean) * scale + beta
    ### END SOLUTION


check("norm.batch_inference", batch_norm_inference)

# %% [markdown]
# ## 7 · Fold a batch norm into the layer before
#
# *Difficulty 3 of 5 · 12 minutes.* A dense layer, `kernel: [input, output]` and `bias: [output]`, is followed by a
# trained batch norm, whose parts are all `[output]`. Return the kernel and the bias of *one* dense layer that gives the
# same answers as both.


# %%
def fold(
    kernel, bias, gamma, beta, running_mean, running_variance, eps
):
    """Return kernel [input, output] and bias [output]."""
    ### BEGIN SOLUTION
    scale = gamma / (running_variance + eps) ** 0.5
    return kernel * scale, (bias - running_mean) * scale + beta
    ### END SOLUTION


check("norm.fold", fold)

# %% [markdown] tags=["solution"]
# ## The shapes, once more
#
# Two images of 3 · 5 pixels with 6 channels, in two groups:

# %% tags=["solution"]
rng = np.random.default_rng(0)
x = rng.normal(2.0, 3.0, size=(2, 3, 5, 6))
gamma, beta = np.ones(6), np.zeros(6)
y = group_norm(x, gamma, beta, 2, 1e-5)
groups = y.reshape(2, 15, 2, 3)
batch_y, mean, variance = batch_norm_training(
    x, gamma, beta, np.zeros(6), np.ones(6), 0.1, 1e-5
)

# %% [markdown] tags=["solution"]
# `y: [batch=2, row=3, column=5, channel=6]` · `groups: [batch=2, place=15, group=2, channel=3]` · `mean: [channel=6]` ·
# `variance: [channel=6]`
#
# Each example and group has mean 0, and in batch norm each channel of the whole batch has:
# `abs(groups.mean(axis=(1, 3))).max() < 1e-12` and `abs(batch_y.mean(axis=(0, 1, 2))).max() < 1e-12`. One group is layer norm, and
# six groups are instance norm: `group_norm(x, gamma, beta, 6, 1e-5)[0, :, :, 4] == standardise(x, (1, 2), 1e-5)[0, :, :, 4]`.
#
# `solution` shows the reference for any exercise, and why it is right:

# %% tags=["solution"]
solution("norm.fold")

# %% [markdown] tags=["exercise"]
# ## When all seven have passed
#
# `solution("norm.group_norm")` shows the reference for an exercise, and why it is right. Compare it with yours. Did you notice that three of
# the tasks are `standardise` with other axes?
