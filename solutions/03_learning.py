# %% [markdown] tags=["exercise"]
# # Exercises 3 · Learning
#
# Ten tasks on [chapter 3](../book/03_learning.ipynb), two hours in all: take them in two sittings. In the first half you go back
# through each layer, in the second you take steps with what came back. The last one puts all of it into one step of training.
#
# Write the function, run the cell, read what the check says. If you are stuck, `hint("learn.adam")` helps a little, and more each
# time you ask. `arguments("learn.adam")` gives you the very arrays that the check hands to your function.
#
# **Gradients.** `d_y` is the gradient of a loss for y: how fast the loss grows with each number of y. It has the shape of y.
# `d_kernel` belongs to the kernel, and so on.
#
# **NumPy and Torch.** A check hands your function NumPy arrays, and then the same numbers as Torch tensors.
# `xp = array_namespace(x)` is the library that x comes from, so `xp.sum(x, axis=0)`, `xp.where(condition, a, b)` and
# `xp.arange(5)` work for both. `xp.astype(condition, x.dtype)` makes numbers of True and False.
#
# **Arguments.** Leave them as they are, and return new arrays. The check looks at them again after the call.

# %% [markdown] tags=["solution"]
# # Solutions 3 · Learning
#
# :::{admonition} Try them first
# :class: warning
# The [exercises](../exercises/03_learning.ipynb) are worth more unseen. Here every answer is written out, and every
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
# ## 1 · A gradient by numbers
#
# *Difficulty 2 of 5 · 12 minutes.* `f` turns an array into one number. Return its gradient at `x`, an array of the shape of `x`: at
# each place the slope when that number alone is moved, as the central difference over `step` to both sides. NumPy only.


# %%
def numeric_gradient(f, x, step):
    """Return the gradient of f at x, in the shape of x."""
    ### BEGIN SOLUTION
    gradient = 0 * x
    for place in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[place] += step
        below[place] -= step
        gradient[place] = (f(above) - f(below)) / (2 * step)
    return gradient
    ### END SOLUTION


check("learn.numeric", numeric_gradient)

# %% [markdown]
# ## 2 · Back through a dense layer
#
# *Difficulty 3 of 5 · 15 minutes.* A dense layer has made y = x @ kernel + bias. From `x: [batch, input]`, `kernel: [input, output]` and
# the gradient for y, `d_y: [batch, output]`, return the gradients for x, for the kernel and for the bias, in this order. NumPy and
# Torch.


# %%
def dense_backward(x, kernel, d_y):
    """Return d_x, d_kernel, d_bias."""
    ### BEGIN SOLUTION
    d_x = d_y @ kernel.T
    d_kernel = x.T @ d_y
    d_bias = array_namespace(x).sum(d_y, axis=0)
    return d_x, d_kernel, d_bias
    ### END SOLUTION


check("learn.dense_backward", dense_backward)

# %% [markdown]
# ## 3 · Back through a ReLU
#
# *Difficulty 2 of 5 · 6 minutes.* A ReLU has made y = max(x, 0). From `x` and the gradient for y, `d_y`, both `[batch, unit]`, return the
# gradient for x. At x = 0 it is 0. NumPy and Torch.


# %%
def relu_backward(x, d_y):
    """Return d_x [batch, unit]."""
    ### BEGIN SOLUTION
    return array_namespace(x).where(x > 0, d_y, 0 * d_y)
    ### END SOLUTION


check("learn.relu_backward", relu_backward)

# %% [markdown]
# ## 4 · Back through softmax and cross-entropy
#
# *Difficulty 3 of 5 · 12 minutes.* The loss is the mean over the batch of −log softmax(logits)[label]. From `logits: [batch, classes]` and
# `labels: [batch]` return its gradient for the logits, `[batch, classes]`. Logits may be as large as ±10,000. NumPy and Torch.


# %%
def softmax_ce_backward(logits, labels):
    """Return d_logits [batch, classes]."""
    ### BEGIN SOLUTION
    xp = array_namespace(logits)
    e = xp.exp(logits - xp.max(logits, axis=1, keepdims=True))
    p = e / xp.sum(e, axis=1, keepdims=True)  # [batch, classes]
    # 1 at the label, 0 elsewhere
    is_label = labels[:, None] == xp.arange(logits.shape[1])
    target = xp.astype(is_label, logits.dtype)
    return (p - target) / len(labels)
    ### END SOLUTION


check("learn.softmax_ce_backward", softmax_ce_backward)

# %% [markdown]
# ## 5 · A network, and back
#
# *Difficulty 4 of 5 · 22 minutes.* Write the network of chapter 2 with a way back: a dense layer, a ReLU, a dense layer. Return the logits
# and `backward`, a function that you define inside, so that it still knows what was computed. `backward(d_logits)` returns the
# gradients for `x`, `kernel1`, `bias1`, `kernel2` and `bias2`, in this order. NumPy and Torch.


# %%
def network_forward(x, kernel1, bias1, kernel2, bias2):
    """Return the logits, and backward(d_logits)."""
    ### BEGIN SOLUTION
    xp = array_namespace(x)
    z = x @ kernel1 + bias1  # [batch, hidden]
    hidden = xp.where(z > 0, z, 0 * z)

    def backward(d_logits):
        d_hidden = d_logits @ kernel2.T
        d_z = xp.where(z > 0, d_hidden, 0 * d_hidden)
        d_layer1 = x.T @ d_z, xp.sum(d_z, axis=0)
        d_layer2 = hidden.T @ d_logits, xp.sum(d_logits, axis=0)
        return d_z @ kernel1.T, *d_layer1, *d_layer2

    return hidden @ kernel2 + bias2, backward
    ### END SOLUTION


check("learn.network", network_forward)

# %% [markdown]
# ## 6 · A step of gradient descent
#
# *Difficulty 1 of 5 · 4 minutes.* From `weights` and their `gradient`, arrays of one shape, return new weights: a step against the
# gradient, as long as `learning_rate` times the gradient. NumPy and Torch.


# %%
def sgd_step(weights, gradient, learning_rate):
    """Return the new weights."""
    ### BEGIN SOLUTION
    return weights - learning_rate * gradient
    ### END SOLUTION


check("learn.sgd", sgd_step)

# %% [markdown]
# ## 7 · A step with momentum
#
# *Difficulty 2 of 5 · 6 minutes.* Return new weights and the new velocity. The velocity is first multiplied by `decay`, and the gradient is
# added to it. Then the weights move against the new velocity, by `learning_rate` times it. NumPy and Torch.


# %%
def momentum_step(weights, velocity, gradient, learning_rate, decay):
    """Return the new weights and the new velocity."""
    ### BEGIN SOLUTION
    velocity = decay * velocity + gradient
    return weights - learning_rate * velocity, velocity
    ### END SOLUTION


check("learn.momentum", momentum_step)

# %% [markdown]
# ## 8 · A step of Adam
#
# *Difficulty 3 of 5 · 15 minutes.* Return new weights, the new mean and the new square. Both are running means, of the gradient with
# `beta1`, of its square with `beta2`. For the step each is divided by 1 − beta to the power of `step`, which is 1 for the first step. The
# weights move against mean / (√square + epsilon), by `learning_rate` times it. NumPy and Torch.


# %%
def adam_step(
    weights,
    mean,
    square,
    gradient,
    step,
    learning_rate,
    beta1,
    beta2,
    epsilon,
):
    """Return the new weights, mean and square."""
    ### BEGIN SOLUTION
    mean = beta1 * mean + (1 - beta1) * gradient
    square = beta2 * square + (1 - beta2) * gradient * gradient
    corrected = mean / (1 - beta1**step)
    root = array_namespace(square).sqrt(square / (1 - beta2**step))
    weights = weights - learning_rate * corrected / (root + epsilon)
    return weights, mean, square
    ### END SOLUTION


check("learn.adam", adam_step)

# %% [markdown]
# ## 9 · Shuffled minibatches
#
# *Difficulty 2 of 5 · 8 minutes.* Return one pass over a training set: a list of index arrays of at most `batch_size` numbers. Shuffle the
# numbers 0 … `examples` − 1 with one call of `rng.permutation`, and cut them into pieces in that order; the last may be smaller. NumPy
# only.


# %%
def batches(rng, examples, batch_size):
    """Return a list of index arrays; every example comes once."""
    ### BEGIN SOLUTION
    order = rng.permutation(examples)
    return [
        order[start : start + batch_size]
        for start in range(0, examples, batch_size)
    ]
    ### END SOLUTION


check("learn.batches", batches)

# %% [markdown]
# ## 10 · One step of training
#
# *Difficulty 4 of 5 · 20 minutes.* One dense layer is a classifier: logits = x @ kernel + bias. From `x: [batch, input]`, `labels: [batch]`,
# `kernel`, `bias` and `learning_rate` return the cross-entropy (mean over the batch, before the step), the new kernel and the new bias
# after one step of gradient descent. You may use what you wrote above. NumPy and Torch.


# %%
def train_step(x, labels, kernel, bias, learning_rate):
    """Return the loss before the step, the new kernel, the new bias."""
    ### BEGIN SOLUTION
    xp = array_namespace(x)
    logits = x @ kernel + bias
    shifted = logits - xp.max(logits, axis=1, keepdims=True)
    total = xp.sum(xp.exp(shifted), axis=1, keepdims=True)
    log_p = shifted - xp.log(total)
    loss = -xp.mean(log_p[range(len(labels)), labels])
    d_logits = softmax_ce_backward(logits, labels)
    _, d_kernel, d_bias = dense_backward(x, kernel, d_logits)
    kernel = sgd_step(kernel, d_kernel, learning_rate)
    bias = sgd_step(bias, d_bias, learning_rate)
    return loss, kernel, bias
    ### END SOLUTION


check("learn.train_step", train_step)

# %% [markdown] tags=["solution"]
# ## All of them together
#
# Twenty points of the plane, three classes, and a hundred steps with the functions above:

# %% tags=["solution"]
rng = np.random.default_rng(0)
labels = rng.integers(0, 3, 20)
centres = np.array([[0.0, 2.0], [2.0, -1.0], [-2.0, -1.0]])
x = centres[labels] + 0.3 * rng.standard_normal((20, 2))
kernel, bias = np.zeros((2, 3)), np.zeros(3)
losses = []
for _ in range(100):
    loss, kernel, bias = train_step(x, labels, kernel, bias, 0.5)
    losses.append(float(loss))
print(f"first loss {losses[0]:.2f}, last loss {losses[-1]:.2f}")

# %% [markdown] tags=["solution"]
# `x: [batch=20, input=2]` · `kernel: [input=2, class=3]` · `bias: [class=3]`. With weights of 0 every class is equally probable, and the
# first loss is log 3 ≈ 1.10. The last is `losses[-1] < 0.02`.
#
# `solution` shows the reference for any exercise, and why it is right:

# %% tags=["solution"]
solution("learn.dense_backward")

# %% [markdown] tags=["exercise"]
# ## When all ten have passed
#
# `solution("learn.dense_backward")` shows the reference for an exercise, and why it is right. Compare it with yours.
