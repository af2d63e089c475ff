# %% [markdown] tags=["exercise"]
# # Exercises 8 · LSTM cell
#
# Thirteen tasks on one cell with a memory, two and a half hours in all: take them in several sittings. You cut one product
# into four gates, write a step, read the weights of other libraries, and in the end send gradients back through time. Later
# tasks use what you wrote before.
#
# Write the function, run the cell, read what the check says. If you are stuck, `hint("lstm.step")` helps a little, and more
# each time you ask. `arguments("lstm.step")` gives you the very arrays that the check hands to your function.
#
# `progress()` shows how far you are, in any cell that you add. What it shows changes as you go on, so it is not stored here.
#
# ## What you need to begin
#
# **Shapes.** `x: [batch, input]` says which axes x has, in this order. `batch` examples are computed at once, and no
# example knows of the others. A batch of sequences is batch-major: `[batch, time, input]`. Sizes vary, so read them off
# the arrays.
#
# **The state.** An LSTM carries two arrays from step to step, both `[batch, hidden]`: c is its memory, h its output. They
# come as an `LSTMStateTuple`. Read it by name, `state.c` and `state.h`, and build it by name, `LSTMStateTuple(c=c, h=h)`.
# Other libraries have the two in the other order.
#
# **One product.** z = [x, h] @ kernel + bias. `[x, h]` means x and the old h side by side in one array, x first, so the
# kernel has one row for each number of both. c takes no part in the product.
#
# **Four blocks.** The columns of z are four blocks of `hidden` each, always in the order i, j, f, o. These are called
# pre-activations, because a function is still to come. i, f and o become gates by a sigmoid: numbers from 0 (shut) to 1
# (open). j becomes the candidate, new content for the memory, by a tanh.
#
# **What the gates do.** The forget gate f says how much of the old c is kept. The input gate i says how much of the candidate
# is added to that. The result is the new c. The output gate o says how much of the tanh of the new c is shown. That is the
# new h.
#
# **The forget bias.** A cell that begins with an open forget gate learns more easily. TensorFlow 1 adds a number
# `forget_bias` to f at every step. This course keeps it in the bias, so that the equation above is all there is.
#
# **NumPy and Torch.** A check hands your function NumPy arrays, and then the same numbers as Torch tensors.
# `xp = array_namespace(x)` is the library that x comes from, so `xp.tanh(x)` works for both. The names in `xp` are nearly
# those of NumPy: `xp.concat([a, b], axis=1)`, `xp.stack(arrays, axis=1)`, `xp.sum(a, axis=0)`. Indices, `@` and `.T` need no
# `xp`. `sigmoid(x)` of the package works for both too.
#
# **Arguments.** Leave them as they are, and return new arrays. The check looks at them again after the call.

# %% [markdown] tags=["solution"]
# # Solutions 8 · LSTM cell
#
# :::{admonition} Try them first
# :class: warning
# The [exercises](../exercises/08_lstm_cell.ipynb) are worth more unseen. Here every answer is written out, and every
# check has passed.
# :::

# %% tags=["exercise"]
import numpy as np

from rnn_course import arguments, check, hint, progress, solution
from rnn_course.activations import sigmoid
from rnn_course.arrays import array_namespace
from rnn_course.cells import LSTMStateTuple

# %% tags=["solution"]
import numpy as np

from rnn_course import check, solution
from rnn_course.activations import sigmoid
from rnn_course.arrays import array_namespace
from rnn_course.cells import LSTMStateTuple


# %% [markdown]
# ## 1 · Predict the shapes of an LSTM
#
# *Difficulty 1 of 5 · 4 minutes.* An `LSTMCell` with `hidden_size` units reads one step, x `[batch, input]`. From the three
# sizes return four shapes, as tuples: of the kernel, of the bias, of i (what the input gate is computed from) and of the
# memory c.


# %%
def predict_shapes(batch, input_size, hidden_size):
    """Return four shapes: kernel, bias, i, c."""
    ### BEGIN SOLUTION
    kernel = (input_size + hidden_size, 4 * hidden_size)
    bias = (4 * hidden_size,)
    i = (batch, hidden_size)
    c = (batch, hidden_size)
    return kernel, bias, i, c
    ### END SOLUTION


check("lstm.predict", predict_shapes)

# %% [markdown]
# ## 2 · Count the parameters of an LSTM
#
# *Difficulty 1 of 5 · 4 minutes.* Return how many numbers an `LSTMCell` of this course learns, from `input_size` and
# `hidden_size`.


# %%
def count_parameters(input_size, hidden_size):
    """Return the number of parameters, a whole number."""
    ### BEGIN SOLUTION
    return 4 * hidden_size * (input_size + hidden_size + 1)
    ### END SOLUTION


check("lstm.count", count_parameters)

# %% [markdown]
# ## 3 · From one product to four gates
#
# *Difficulty 2 of 5 · 8 minutes.* `z: [batch, 4*hidden]` is the result of the one product with its bias. Cut it into the
# pre-activations i, j, f, o, in this order. Return input gate, candidate, forget gate and output gate, each
# `[batch, hidden]`.
#
# Write the sigmoid yourself, this once. Pre-activations may be as large as ±10,000.


# %%
def split_gates(z):
    """z [batch, 4*hidden] -> four arrays [batch, hidden]."""
    ### BEGIN SOLUTION
    xp = array_namespace(z)

    def sigmoid(a):
        # 1 / (1 + exp(-a)), without an exponential that could overflow
        return 0.5 * xp.tanh(0.5 * a) + 0.5

    n = z.shape[1] // 4
    # each [batch, hidden]
    i, j, f, o = (z[:, k * n : (k + 1) * n] for k in range(4))
    return sigmoid(i), xp.tanh(j), sigmoid(f), sigmoid(o)
    ### END SOLUTION


check("lstm.split_gates", split_gates)

# %% [markdown]
# ## 4 · A memory that adds
#
# *Difficulty 2 of 5 · 6 minutes.* From the old memory c and the pre-activations i, j, f, all `[batch, hidden]`, return the new
# memory `[batch, hidden]`. As in TensorFlow 1, the number `forget_bias` is added to f before its gate is computed.


# %%
def new_memory(c, i, j, f, forget_bias):
    """Return the new memory [batch, hidden]."""
    ### BEGIN SOLUTION
    kept = sigmoid(f + forget_bias) * c
    return kept + sigmoid(i) * array_namespace(c).tanh(j)
    ### END SOLUTION


check("lstm.memory", new_memory)

# %% [markdown]
# ## 5 · One step of an LSTM
#
# *Difficulty 3 of 5 · 15 minutes.* From `x: [batch, input]`, the old state, an `LSTMStateTuple` of c and h `[batch, hidden]`,
# `kernel: [input+hidden, 4*hidden]` and `bias: [4*hidden]` return the new state as an `LSTMStateTuple`. The blocks are i, j, f,
# o, and the forget bias is already in the bias.


# %%
def lstm_step(x, state, kernel, bias):
    """Return LSTMStateTuple(c=…, h=…), each [batch, hidden]."""
    ### BEGIN SOLUTION
    xp = array_namespace(x)
    # [batch, 4*hidden]
    z = xp.concat([x, state.h], axis=1) @ kernel + bias
    n = z.shape[1] // 4
    # each [batch, hidden]
    i, j, f, o = (z[:, k * n : (k + 1) * n] for k in range(4))
    c = sigmoid(f) * state.c + sigmoid(i) * xp.tanh(j)
    h = sigmoid(o) * xp.tanh(c)
    return LSTMStateTuple(c=c, h=h)
    ### END SOLUTION


check("lstm.step", lstm_step)

# %% [markdown]
# ## 6 · Fold the forget bias into the bias
#
# *Difficulty 2 of 5 · 6 minutes.* TensorFlow 1 adds the number `forget_bias` to f at every step. Return a bias `[4*hidden]` that
# makes this needless: a step with it, and nothing added, gives the same result. `bias: [4*hidden]` holds the blocks i, j,
# f, o.


# %%
def fold_forget_bias(bias, forget_bias):
    """bias [4*hidden], a number -> a new bias [4*hidden]."""
    ### BEGIN SOLUTION
    xp = array_namespace(bias)
    n = bias.shape[0] // 4
    f = bias[2 * n : 3 * n] + forget_bias
    return xp.concat([bias[: 2 * n], f, bias[3 * n :]])
    ### END SOLUTION


check("lstm.forget_bias", fold_forget_bias)

# %% [markdown]
# ## 7 · The first weights of an LSTM
#
# *Difficulty 3 of 5 · 10 minutes.* Return a first kernel `[input+hidden, 4*hidden]` and a first bias `[4*hidden]`, as TensorFlow 1
# would. The whole kernel comes from one call of `rng.uniform`, within ±√(6 / (rows + columns)), where rows and columns are
# those of the whole kernel. The bias is 0, but 1 for the forget gate. `rng` is a `np.random.Generator`, so NumPy is all you
# need here. The blocks are i, j, f, o.


# %%
def initial_weights(input_size, hidden_size, rng):
    """Return kernel [input+hidden, 4*hidden], bias [4*hidden]."""
    ### BEGIN SOLUTION
    rows, columns = input_size + hidden_size, 4 * hidden_size
    limit = np.sqrt(6 / (rows + columns))
    kernel = rng.uniform(-limit, limit, (rows, columns))
    bias = np.zeros(columns)
    bias[2 * hidden_size : 3 * hidden_size] = 1.0
    return kernel, bias
    ### END SOLUTION


check("lstm.initial_weights", initial_weights)

# %% [markdown]
# ## 8 · A kernel from another library
#
# *Difficulty 3 of 5 · 10 minutes.* `kernel: [rows, 4*hidden]` holds the blocks in the order that the word `order` spells:
# "ifjo" for Torch and Keras, "iofj" for ONNX, or any other order of the letters i, j, f, o. Return the kernel with its
# blocks in this course's order.


# %%
def reorder_gates(kernel, order):
    """Return the kernel [rows, 4*hidden], its blocks as i, j, f, o."""
    ### BEGIN SOLUTION
    n = kernel.shape[1] // 4
    blocks = {
        gate: kernel[:, k * n : (k + 1) * n]
        for k, gate in enumerate(order)
    }
    xp = array_namespace(kernel)
    return xp.concat([blocks[gate] for gate in "ijfo"], axis=1)
    ### END SOLUTION


check("lstm.reorder_gates", reorder_gates)

# %% [markdown]
# ## 9 · A state in one array
#
# *Difficulty 1 of 5 · 4 minutes.* From an `LSTMStateTuple` of c and h `[batch, hidden]` return the one array
# `[batch, 2*hidden]` that TensorFlow 1 used before it had state tuples: c, then h.


# %%
def concat_state(state):
    """Return c, then h, in one array [batch, 2*hidden]."""
    ### BEGIN SOLUTION
    xp = array_namespace(state.c)
    return xp.concat([state.c, state.h], axis=1)
    ### END SOLUTION


check("lstm.concat_state", concat_state)

# %% [markdown]
# ## 10 · An LSTM over a sequence
#
# *Difficulty 3 of 5 · 15 minutes.* Run the cell of exercise 5 over `inputs: [batch, time, input]`, starting from `state`, an
# `LSTMStateTuple`. Return the outputs h of all steps `[batch, time, hidden]`, and the final state as an `LSTMStateTuple`.


# %%
def lstm_sequence(inputs, state, kernel, bias):
    """Return outputs [batch, time, hidden] and the final state."""
    ### BEGIN SOLUTION
    xp = array_namespace(inputs)
    n = kernel.shape[1] // 4
    c, h = state.c, state.h
    outputs = []
    for t in range(inputs.shape[1]):
        # [batch, 4*hidden]
        z = xp.concat([inputs[:, t, :], h], axis=1) @ kernel + bias
        # each [batch, hidden]
        i, j, f, o = (z[:, k * n : (k + 1) * n] for k in range(4))
        c = sigmoid(f) * c + sigmoid(i) * xp.tanh(j)
        h = sigmoid(o) * xp.tanh(c)
        outputs.append(h)
    return xp.stack(outputs, axis=1), LSTMStateTuple(c=c, h=h)
    ### END SOLUTION


check("lstm.sequence", lstm_sequence)

# %% [markdown]
# ## 11 · The gradient along the memory
#
# *Difficulty 3 of 5 · 10 minutes.* `f: [batch, time, hidden]` holds the forget gate's pre-activations of all steps.
# `d_c: [batch, hidden]` is the gradient of a loss for the memory after the last step: how much the loss grows with each of
# its numbers. Follow it back along the memory alone, c' = σ(f)·c + …, as if there were no other way.
#
# Return `[batch, time, hidden]`: at place t the gradient for the memory that step t started from.


# %%
def carry_back(f, d_c):
    """Return the gradient before each step [batch, time, hidden]."""
    ### BEGIN SOLUTION
    xp = array_namespace(f)
    gradients = []
    for t in reversed(range(f.shape[1])):
        d_c = d_c * sigmoid(f[:, t, :])  # [batch, hidden]
        gradients.append(d_c)
    return xp.stack(gradients[::-1], axis=1)
    ### END SOLUTION


check("lstm.carry", carry_back)

# %% [markdown]
# ## 12 · One step of an LSTM, and back
#
# *Difficulty 5 of 5 · 30 minutes.* Write the step of exercise 5 with a way back. Return the new state and `backward`, a
# function that you define inside, so that it still knows what the step computed.
#
# `backward(d_state)` takes the gradient of a loss for the new state, an `LSTMStateTuple`. It returns the gradients for `x`,
# `state` (again an `LSTMStateTuple`), `kernel` and `bias`, in this order, each in the shape of what it belongs to.


# %%
def lstm_forward(x, state, kernel, bias):
    """Return the new state, and backward(d_state)."""
    ### BEGIN SOLUTION
    xp = array_namespace(x)
    n = kernel.shape[1] // 4
    xh = xp.concat([x, state.h], axis=1)  # [batch, input + hidden]
    z = xh @ kernel + bias  # [batch, 4*hidden]
    i, j = sigmoid(z[:, :n]), xp.tanh(z[:, n : 2 * n])
    f, o = sigmoid(z[:, 2 * n : 3 * n]), sigmoid(z[:, 3 * n :])
    c = f * state.c + i * j
    tanh_c = xp.tanh(c)

    def backward(d_state):
        # c is carried on, and makes h
        d_c = d_state.c + d_state.h * o * (1 - tanh_c * tanh_c)
        d_i, d_j = d_c * j * i * (1 - i), d_c * i * (1 - j * j)
        d_f = d_c * state.c * f * (1 - f)
        d_o = d_state.h * tanh_c * o * (1 - o)
        # [batch, 4*hidden]
        d_z = xp.concat([d_i, d_j, d_f, d_o], axis=1)
        d_xh = d_z @ kernel.T
        d_x, d_h = d_xh[:, : x.shape[1]], d_xh[:, x.shape[1] :]
        d_old = LSTMStateTuple(c=d_c * f, h=d_h)
        return d_x, d_old, xh.T @ d_z, xp.sum(d_z, axis=0)

    return LSTMStateTuple(c=c, h=o * tanh_c), backward
    ### END SOLUTION


check("lstm.step_backward", lstm_forward)

# %% [markdown]
# ## 13 · An LSTM over a sequence, and back through time
#
# *Difficulty 5 of 5 · 35 minutes.* Write the sequence of exercise 10 with a way back. Return the outputs, the final state
# and `backward`.
#
# `backward(d_outputs, d_final)` takes the gradients for the outputs and for the final state. It returns those for `inputs`,
# `state` (an `LSTMStateTuple`), `kernel` and `bias`, in this order. You may use what you wrote in exercise 12.


# %%
def lstm_sequence_forward(inputs, state, kernel, bias):
    """Return outputs, final state, backward(d_outputs, d_final)."""
    ### BEGIN SOLUTION
    xp = array_namespace(inputs)
    n, width = kernel.shape[1] // 4, inputs.shape[2]
    c, h, outputs, kept = state.c, state.h, [], []
    for t in range(inputs.shape[1]):
        # [batch, input + hidden]
        xh = xp.concat([inputs[:, t, :], h], axis=1)
        z = xh @ kernel + bias  # [batch, 4*hidden]
        i, j = sigmoid(z[:, :n]), xp.tanh(z[:, n : 2 * n])
        f, o = sigmoid(z[:, 2 * n : 3 * n]), sigmoid(z[:, 3 * n :])
        old_c, c = c, f * c + i * j
        tanh_c = xp.tanh(c)
        h = o * tanh_c
        outputs.append(h)
        kept.append((xh, i, j, f, o, old_c, tanh_c))

    def backward(d_outputs, d_final):
        d_c, d_h, d_inputs = d_final.c, d_final.h, []
        d_kernel, d_bias = 0 * kernel, 0 * bias
        for t in reversed(range(len(kept))):
            xh, i, j, f, o, old_c, tanh_c = kept[t]
            d_h = d_h + d_outputs[:, t, :]  # put out, and carried on
            # c is carried on, and makes h
            d_c = d_c + d_h * o * (1 - tanh_c * tanh_c)
            d_i, d_j = d_c * j * i * (1 - i), d_c * i * (1 - j * j)
            d_f = d_c * old_c * f * (1 - f)
            d_o = d_h * tanh_c * o * (1 - o)
            # [batch, 4*hidden]
            d_z = xp.concat([d_i, d_j, d_f, d_o], axis=1)
            d_kernel = d_kernel + xh.T @ d_z
            d_bias = d_bias + xp.sum(d_z, axis=0)
            d_xh = d_z @ kernel.T
            d_inputs.append(d_xh[:, :width])
            d_c, d_h = d_c * f, d_xh[:, width:]
        d_state = LSTMStateTuple(c=d_c, h=d_h)
        d_inputs = xp.stack(d_inputs[::-1], axis=1)
        return d_inputs, d_state, d_kernel, d_bias

    final_state = LSTMStateTuple(c=c, h=h)
    return xp.stack(outputs, axis=1), final_state, backward
    ### END SOLUTION


check("lstm.sequence_backward", lstm_sequence_forward)

# %% [markdown] tags=["solution"]
# ## The shapes, once more
#
# Four sequences of three steps, two numbers a step, and a cell of five units:

# %% tags=["solution"]
rng = np.random.default_rng(0)
inputs = rng.normal(size=(4, 3, 2))
zero_state = LSTMStateTuple(c=np.zeros((4, 5)), h=np.zeros((4, 5)))
kernel, bias = initial_weights(2, 5, rng)
outputs, state = lstm_sequence(inputs, zero_state, kernel, bias)

# %% [markdown] tags=["solution"]
# `inputs: [batch=4, time=3, input=2]` · `kernel: [input+hidden=2+5, 4*hidden=4*5]` · `bias: [4*hidden=4*5]` ·
# `outputs: [batch=4, time=3, hidden=5]` · `state.c: [batch=4, hidden=5]` · `state.h: [batch=4, hidden=5]`
#
# The output of the last step is the final h, not the final c: `outputs[:, -1] == state.h`.
#
# `solution` shows the reference for any exercise, and why it is right:

# %% tags=["solution"]
solution("lstm.step")

# %% [markdown] tags=["exercise"]
# ## When all thirteen have passed
#
# `solution("lstm.step")` shows the reference for an exercise, and why it is right. Compare it with yours.
