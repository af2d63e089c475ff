# %% [markdown] tags=["exercise"]
# # Exercises 9 · GRU and relatives
#
# Eight tasks on cells that differ from the LSTM in a few lines, an hour and a half in all. You count and write the two kinds of GRU,
# read one from Torch, give an LSTM eyes for its memory, a narrow output and calm gates, and in the end send a gradient back
# through a GRU.
#
# Write the function, run the cell, read what the check says. If you are stuck, `hint("gru.step")` helps a little, and more
# each time you ask. `arguments("gru.step")` gives you the very arguments that the check hands to your function.
#
# `progress()` shows how far you are, in any cell that you add. What it shows changes as you go on, so it is not stored here.
#
# ## What you need to begin
#
# **Shapes.** `x: [batch, input]` says which axes x has, in this order. Sizes vary, so read them off the arrays.
#
# **[x, h]** means x and the old h side by side in one array, x first: `xp.concat([x, h], axis=1)`. So the upper `input` rows of a
# kernel meet x, and the lower `hidden` rows meet h.
#
# **A GRU** has one state, h, which is its output as well. Its gates are r, the reset gate, and u, the update gate, in this order.
# u says how much of the old h *stays*.
#
# **An LSTM** has the state `LSTMStateTuple(c=c, h=h)`, built and read by name, and the blocks i, j, f, o. New memory: σ(f)·c + σ(i)·tanh(j).
#
# **NumPy and Torch.** A check hands your function NumPy arrays, and then the same numbers as Torch tensors.
# `xp = array_namespace(x)` is the library that x comes from, so `xp.tanh(x)` works for both. The names in `xp` are nearly
# those of NumPy: `xp.sum(a, axis=0)`, `xp.mean(a, axis=1, keepdims=True)`, `xp.clip(a, -1.0, 1.0)`, `xp.sqrt(a)`. Indices, `@` and `.T` need
# no `xp`. `sigmoid(x)` of the package works for both too.
#
# **Arguments.** Leave them as they are, and return new arrays. The check looks at them again after the call.

# %% [markdown] tags=["solution"]
# # Solutions 9 · GRU and relatives
#
# :::{admonition} Try them first
# :class: warning
# The [exercises](../exercises/09_gru_and_relatives.ipynb) are worth more unseen. Here every answer is written out, and every
# check has passed.
# :::

# %% tags=["exercise"]
from rnn_course import (
    arguments,
    check,
    hint,
    progress,
    sigmoid,
    solution,
)
from rnn_course.arrays import array_namespace
from rnn_course.cells import LSTMStateTuple

# %% tags=["solution"]
import numpy as np

from rnn_course import GRUCell, check, sigmoid, solution
from rnn_course.arrays import array_namespace
from rnn_course.cells import LSTMStateTuple


# %% [markdown]
# ## 1 · Count the parameters of a GRU
#
# *Difficulty 1 of 5 · 4 minutes.* Return how many numbers a `GRUCell` of this course learns, from `input_size` and
# `hidden_size`. It has a kernel and a bias for two gates, and a kernel and a bias for the candidate.


# %%
def count_parameters(input_size, hidden_size):
    """Return the number of parameters, a whole number."""
    ### BEGIN SOLUTION
    return 3 * hidden_size * (input_size + hidden_size + 1)
    ### END SOLUTION


check("gru.count", count_parameters)

# %% [markdown]
# ## 2 · One step of a GRU
#
# *Difficulty 3 of 5 · 12 minutes.* Do one step of a gated recurrent unit. x is `[batch, input]`, h is `[batch, hidden]`.
# `gates_kernel: [input+hidden, 2*hidden]` and `gates_bias` give the gates r, u, in this order. The candidate n = tanh([x,
# r·h] @ candidate_kernel + candidate_bias). The new state is u·h + (1 − u)·n. Return it, `[batch, hidden]`.


# %%
def gru_step(
    x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias
):
    """Return the new h [batch, hidden]."""
    ### BEGIN SOLUTION
    xp = array_namespace(x)
    gates = sigmoid(
        xp.concat([x, h], axis=1) @ gates_kernel + gates_bias
    )  # [batch, 2*hidden]
    n = h.shape[1]
    r, u = gates[:, :n], gates[:, n:]  # each [batch, hidden]
    candidate = xp.tanh(
        xp.concat([x, r * h], axis=1) @ candidate_kernel
        + candidate_bias
    )
    return u * h + (1 - u) * candidate
    ### END SOLUTION


check("gru.step", gru_step)

# %% [markdown]
# ## 3 · The other GRU
#
# *Difficulty 3 of 5 · 10 minutes.* Do one step of the GRU of Torch and Keras, whose reset acts after the product.
# `gates_kernel: [input+hidden, 2*hidden]` and `gates_bias` give the gates r, u, in this order, as in `gru.step`.
# `candidate_kernel: [input+hidden, hidden]` has the rows of x, Wx, above those of h, Wh. The candidate is tanh(x @ Wx +
# candidate_bias + r·(h @ Wh + recurrent_bias)). Return u·h + (1 − u)·n, `[batch, hidden]`.


# %%
def gru_step_after(
    x,
    h,
    gates_kernel,
    gates_bias,
    candidate_kernel,
    candidate_bias,
    recurrent_bias,
):
    """Return the new h [batch, hidden]."""
    ### BEGIN SOLUTION
    xp = array_namespace(x)
    gates = sigmoid(
        xp.concat([x, h], axis=1) @ gates_kernel + gates_bias
    )
    n, inputs = h.shape[1], x.shape[1]
    r, u = gates[:, :n], gates[:, n:]
    from_x = x @ candidate_kernel[:inputs] + candidate_bias
    from_h = h @ candidate_kernel[inputs:] + recurrent_bias
    return u * h + (1 - u) * xp.tanh(from_x + r * from_h)
    ### END SOLUTION


check("gru.step_after", gru_step_after)

# %% [markdown]
# ## 4 · A GRU from Torch
#
# *Difficulty 3 of 5 · 8 minutes.* `weight_ih: [3*hidden, input]` and `weight_hh: [3*hidden, hidden]` are those of
# `torch.nn.GRU`. Their rows are three blocks, r, z, n, where z is what this course calls u. Return `gates_kernel:
# [input+hidden, 2*hidden]` with the gates r, u, and `candidate_kernel: [input+hidden, hidden]`.


# %%
def gru_from_torch(weight_ih, weight_hh):
    """Return gates_kernel and candidate_kernel."""
    ### BEGIN SOLUTION
    xp = array_namespace(weight_ih)
    kernel = xp.concat(
        [weight_ih.T, weight_hh.T], axis=0
    )  # [input + hidden, 3*hidden]: r, z, n
    n = weight_hh.shape[1]
    return kernel[:, : 2 * n], kernel[:, 2 * n :]
    ### END SOLUTION


check("gru.from_torch", gru_from_torch)

# %% [markdown]
# ## 5 · Gates that see the memory
#
# *Difficulty 3 of 5 · 10 minutes.* Do one step of an LSTM with peepholes. Start from `lstm.step`: z = [x, h] @ kernel +
# bias, with the blocks i, j, f, o. Add p_i·c to i and p_f·c to f, where c is the old memory, and p_o·c′ to o, where c′ is
# the new one. The three are `[hidden]`, one number a unit. Return the new state, an `LSTMStateTuple`.


# %%
def peephole_step(x, state, kernel, bias, p_i, p_f, p_o):
    """Return the new state, an LSTMStateTuple."""
    ### BEGIN SOLUTION
    xp = array_namespace(x)
    z = xp.concat([x, state.h], axis=1) @ kernel + bias
    n = p_i.shape[0]
    i, j, f, o = (
        z[:, k * n : (k + 1) * n] for k in range(4)
    )  # each [batch, hidden]
    c = sigmoid(f + p_f * state.c) * state.c + sigmoid(
        i + p_i * state.c
    ) * xp.tanh(j)
    return LSTMStateTuple(c=c, h=sigmoid(o + p_o * c) * xp.tanh(c))
    ### END SOLUTION


check("lstm.peephole", peephole_step)

# %% [markdown]
# ## 6 · Clip the memory, project the output
#
# *Difficulty 3 of 5 · 10 minutes.* Do one step of an LSTM whose memory is wide and whose output is narrow. The state has
# c `[batch, hidden]` and h `[batch, output]`. z = [x, h] @ kernel + bias, with the blocks i, j, f, o of `hidden` columns.
# The new memory is kept within ±cell_clip, before the tanh of the output. The new h is σ(o)·tanh(c′) times `projection:
# [hidden, output]`, without a bias. Return the new state, an `LSTMStateTuple`.


# %%
def projected_step(x, state, kernel, bias, projection, cell_clip):
    """Return the new state, an LSTMStateTuple."""
    ### BEGIN SOLUTION
    xp = array_namespace(x)
    z = xp.concat([x, state.h], axis=1) @ kernel + bias
    n = projection.shape[0]
    i, j, f, o = (z[:, k * n : (k + 1) * n] for k in range(4))
    c = xp.clip(
        sigmoid(f) * state.c + sigmoid(i) * xp.tanh(j),
        -cell_clip,
        cell_clip,
    )
    return LSTMStateTuple(c=c, h=(sigmoid(o) * xp.tanh(c)) @ projection)
    ### END SOLUTION


check("lstm.projection", projected_step)

# %% [markdown]
# ## 7 · Gates with layer normalization
#
# *Difficulty 3 of 5 · 10 minutes.* `z: [batch, 4*hidden]` holds the pre-activations of the blocks i, j, f, o. Normalise
# each block of each row over its `hidden` numbers: subtract their mean, divide by √(variance + eps), with the biased
# variance (the mean of the squares). Then multiply by `gamma: [4*hidden]` and add `beta: [4*hidden]`. Return `[batch,
# 4*hidden]`.


# %%
def normalised_gates(z, gamma, beta, eps):
    """Return the normalised gates [batch, 4*hidden]."""
    ### BEGIN SOLUTION
    xp = array_namespace(z)
    n = z.shape[1] // 4
    blocks = []
    for k in range(4):
        block = z[:, k * n : (k + 1) * n]
        centred = block - xp.mean(block, axis=1, keepdims=True)
        variance = xp.mean(centred * centred, axis=1, keepdims=True)
        blocks.append(centred / xp.sqrt(variance + eps))
    return gamma * xp.concat(blocks, axis=1) + beta
    ### END SOLUTION


check("lstm.layer_norm", normalised_gates)

# %% [markdown]
# ## 8 · One step of a GRU, and back
#
# *Difficulty 5 of 5 · 25 minutes.* Do one step of a GRU as in `gru.step`, and the way back. Return the new h and
# `backward`; `backward(d_new_h)` returns d_x, d_h, d_gates_kernel, d_gates_bias, d_candidate_kernel, d_candidate_bias,
# each in the shape of its argument.


# %%
def gru_forward(
    x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias
):
    """Return the new h and backward."""
    ### BEGIN SOLUTION
    xp = array_namespace(x)
    inputs, hidden = x.shape[1], h.shape[1]
    xh = xp.concat([x, h], axis=1)
    gates = sigmoid(xh @ gates_kernel + gates_bias)
    r, u = gates[:, :hidden], gates[:, hidden:]
    xrh = xp.concat([x, r * h], axis=1)
    n = xp.tanh(xrh @ candidate_kernel + candidate_bias)

    def backward(d_new_h):
        d_u = d_new_h * (h - n) * u * (1 - u)
        d_n = d_new_h * (1 - u) * (1 - n * n)
        d_xrh = d_n @ candidate_kernel.T
        d_rh = d_xrh[:, inputs:]
        d_r = d_rh * h * r * (1 - r)
        d_gates = xp.concat([d_r, d_u], axis=1)
        d_xh = d_gates @ gates_kernel.T
        return (
            d_xrh[:, :inputs] + d_xh[:, :inputs],
            d_new_h * u + d_rh * r + d_xh[:, inputs:],
            xh.T @ d_gates,
            xp.sum(d_gates, axis=0),
            xrh.T @ d_n,
            xp.sum(d_n, axis=0),
        )

    return u * h + (1 - u) * n, backward
    ### END SOLUTION


check("gru.step_backward", gru_forward)

# %% [markdown] tags=["solution"]
# ## The shapes, once more
#
# Four examples of three numbers, and a GRU of five units:

# %% tags=["solution"]
rng = np.random.default_rng(0)
cell = GRUCell.init(3, 5, rng=rng)
x = rng.standard_normal((4, 3)).astype("float32")
h = cell.zero_state(4)
new_h = gru_step(x, h, *cell[:4])

# %% [markdown] tags=["solution"]
# `x: [batch=4, input=3]` · `h: [batch=4, hidden=5]` · `cell.gates_kernel: [input+hidden=8, gates=10]` ·
# `cell.candidate_kernel: [input+hidden=8, hidden=5]` · `new_h: [batch=4, hidden=5]`
#
# `count_parameters(3, 5) = 135`, and the package's cell says the same. `new_h == cell(x, h)[0]`.
#
# `solution` shows the reference for any exercise, and why it is right:

# %% tags=["solution"]
solution("gru.step_after")

# %% [markdown] tags=["exercise"]
# ## When all eight have passed
#
# `solution("gru.step")` shows the reference for an exercise, and why it is right. Compare it with yours.
