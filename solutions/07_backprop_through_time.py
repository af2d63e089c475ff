# %% [markdown] tags=["exercise"]
# # Exercises 7 · Backpropagation through time
#
# Nine tasks, an hour and three quarters in all. You go back through three numbers by hand, then through a step, through all states of a
# sequence, and in the end through a sequence that is cut. In between you measure how loud a gradient arrives, and tame it.
#
# Write the function, run the cell, read what the check says. If you are stuck, `hint("bptt.scalar")` helps a little, and more
# each time you ask. `arguments("bptt.scalar")` gives you the very arrays that the check hands to your function.
#
# `progress()` shows how far you are, in any cell that you add. What it shows changes as you go on, so it is not stored here.
#
# ## What you need to begin
#
# **The cell.** h' = tanh([x, h] @ kernel + bias). `[x, h]` means x and the old state side by side, x first. The new state h' is also the
# output of the step. Kernel and bias are the same at every step.
#
# **Gradients.** `d_h` is short for the gradient of a loss for h: how much the loss grows with each number of h. It has the shape of h.
#
# **Three rules.** Where a number is used several times, the gradients of its uses add up. The slope of tanh is 1 − tanh². A row that went
# forward through `row @ matrix` sends its gradient back through `d @ matrix.T`.
#
# **NumPy and Torch.** Where nothing else is said, a check hands your function NumPy arrays, and then the same numbers as Torch tensors.
# `xp = array_namespace(x)` is the library that x comes from: `xp.concat([a, b], axis=1)`, `xp.stack(arrays, axis=1)`, `xp.sum(a, axis=0)`,
# `xp.sqrt(a)`, `xp.sign(a)`. Indices, `@` and `.T` need no `xp`.
#
# **Arguments.** Leave them as they are, and return new arrays. The check looks at them again after the call.

# %% [markdown] tags=["solution"]
# # Solutions 7 · Backpropagation through time
#
# :::{admonition} Try them first
# :class: warning
# The [exercises](../exercises/07_backprop_through_time.ipynb) are worth more unseen. Here every answer is written out, and every
# check has passed.
# :::

# %% tags=["exercise"]
from rnn_course import arguments, check, hint, progress, solution
from rnn_course.arrays import array_namespace

# %% tags=["solution"]
import numpy as np

from rnn_course import check, solution
from rnn_course.arrays import array_namespace


# %% [markdown]
# ## 1 · Predict the shapes of the gradients
#
# *Difficulty 1 of 5 · 4 minutes.* A `BasicRNNCell` has read inputs `[batch, time, input]` from an initial state, and a loss was
# computed from its outputs. Return the shapes of its gradients, as tuples: for the inputs, for the initial state, for the kernel and
# for the bias.


# %%
def predict_gradients(batch, time, input_size, hidden_size):
    """Return four shapes: d_inputs, d_h, d_kernel, d_bias."""
    ### BEGIN SOLUTION
    d_inputs = (batch, time, input_size)
    d_h = (batch, hidden_size)
    d_kernel = (input_size + hidden_size, hidden_size)
    d_bias = (hidden_size,)
    return d_inputs, d_h, d_kernel, d_bias
    ### END SOLUTION


check("bptt.predict", predict_gradients)

# %% [markdown]
# ## 2 · Three gradients of one chain
#
# *Difficulty 2 of 5 · 10 minutes.* One unit, and no tanh yet: at each step h' = w·h + u·x. It reads the numbers `x: [time]`, starting from
# the state h. `d_h` is the gradient of the loss for the *last* state. Return the gradients for w, for u, and for the state h at the
# beginning, three numbers. (NumPy only.)
#
# On paper, with h = 0, w = 0.5, u = 1, x = 4, 1, 2 and d_h = 2, you get 10, 7 and 0.25.


# %%
def scalar_backward(x, h, w, u, d_h):
    """Return d_w, d_u, and d_h of the state at the beginning."""
    ### BEGIN SOLUTION
    states = [h]
    for number in x:
        states.append(w * states[-1] + u * number)
    d_w, d_u = 0.0, 0.0
    for t in reversed(range(len(x))):
        d_w += d_h * states[t]  # the state that this step was given
        d_u += d_h * x[t]
        d_h = d_h * w
    return d_w, d_u, d_h
    ### END SOLUTION


check("bptt.scalar", scalar_backward)

# %% [markdown]
# ## 3 · A step that knows its way back
#
# *Difficulty 3 of 5 · 15 minutes.* Do one step of a `BasicRNNCell`, and return `output`, `new_state`, and a function
# `backward(d_output, d_new_state)`. Output and new state are the same h', but each was used by somebody else, and each has a gradient of
# its own. `backward` returns `d_x`, `d_h` (for the old state), `d_kernel` and `d_bias`, shaped as the arguments.


# %%
def rnn_forward(x, h, kernel, bias):
    """Return output, new_state, backward."""
    ### BEGIN SOLUTION
    xp = array_namespace(x)
    xh = xp.concat([x, h], axis=1)  # [batch, input + hidden]
    new_h = xp.tanh(xh @ kernel + bias)

    def backward(d_output, d_new_state):
        # h' left twice, so two gradients come back: [batch, hidden]
        d_z = (d_output + d_new_state) * (1 - new_h * new_h)
        d_xh = d_z @ kernel.T
        d_x, d_h = d_xh[:, : x.shape[1]], d_xh[:, x.shape[1] :]
        return d_x, d_h, xh.T @ d_z, xp.sum(d_z, axis=0)

    return new_h, new_h, backward
    ### END SOLUTION


check("bptt.step_backward", rnn_forward)

# %% [markdown]
# ## 4 · What every state hears
#
# *Difficulty 4 of 5 · 15 minutes.* A cell with tanh has put out `outputs: [batch, time, hidden]`. `recurrent: [hidden, hidden]` are the
# lower rows of its kernel, those that belong to h. `d_outputs: [batch, time, hidden]` says how the loss changes with each output *by
# itself*. But a state also moves all states after it. Return for every state how the loss changes with it in all ways,
# `[batch, time, hidden]`.


# %%
def state_gradients(outputs, recurrent, d_outputs):
    """Return d_states [batch, time, hidden]."""
    ### BEGIN SOLUTION
    xp = array_namespace(outputs)
    last = outputs.shape[1] - 1
    d_h = d_outputs[:, last, :]
    d_states = [d_h]
    for t in reversed(range(last)):
        # through the tanh of the step after
        d_z = d_h * (1 - outputs[:, t + 1, :] ** 2)
        d_h = d_outputs[:, t, :] + d_z @ recurrent.T
        d_states.append(d_h)
    return xp.stack(d_states[::-1], axis=1)
    ### END SOLUTION


check("bptt.through_time", state_gradients)

# %% [markdown]
# ## 5 · One product for all steps
#
# *Difficulty 4 of 5 · 15 minutes.* Now the weights, without a loop. From the inputs `[batch, time, input]`, the initial state
# `h: [batch, hidden]`, the outputs `[batch, time, hidden]` of a tanh cell, and the `d_states: [batch, time, hidden]` of exercise 4 return
# `d_kernel: [input+hidden, hidden]` and `d_bias: [hidden]`.


# %%
def kernel_gradient(inputs, h, outputs, d_states):
    """Return d_kernel, d_bias."""
    ### BEGIN SOLUTION
    xp = array_namespace(inputs)
    # the state before each step, [batch, time, hidden]
    seen = xp.concat([h[:, None, :], outputs[:, :-1, :]], axis=1)
    xh = xp.concat([inputs, seen], axis=2)
    d_z = d_states * (1 - outputs**2)  # [batch, time, hidden]
    # batch and time become one axis, and the product sums over it
    rows, d_rows = (a.reshape(-1, a.shape[2]) for a in (xh, d_z))
    return rows.T @ d_rows, xp.sum(d_z, axis=(0, 1))
    ### END SOLUTION


check("bptt.kernel_gradient", kernel_gradient)

# %% [markdown]
# ## 6 · How loud at which distance
#
# *Difficulty 3 of 5 · 10 minutes.* In a cell without tanh, h' = h @ recurrent, a gradient `d_h: [hidden]` arrives at the last state.
# Return its norm where it arrives, one step earlier, two steps earlier, … up to `steps` steps earlier, as one array with steps + 1
# numbers.


# %%
def gradient_norms(recurrent, d_h, steps):
    """Return the norms [steps + 1], distance 0 first."""
    ### BEGIN SOLUTION
    xp = array_namespace(recurrent)
    norms = []
    for _ in range(steps + 1):
        norms.append(xp.sqrt(xp.sum(d_h * d_h)))
        d_h = d_h @ recurrent.T
    return xp.stack(norms)
    ### END SOLUTION


check("bptt.norms", gradient_norms)

# %% [markdown]
# ## 7 · Clip by the global norm
#
# *Difficulty 2 of 5 · 8 minutes.* `gradients` is a tuple of arrays. Their global norm is the root of the sum of all squares, over all
# arrays. If it is above `max_norm`, scale all arrays by one factor so that it is `max_norm`; else leave them as they are. Return the
# tuple, and the norm *before*.


# %%
def clip(gradients, max_norm):
    """Return the clipped gradients, and the norm before."""
    ### BEGIN SOLUTION
    norm = sum(float((g * g).sum()) for g in gradients) ** 0.5
    factor = max_norm / norm if norm > max_norm else 1.0
    return tuple(g * factor for g in gradients), norm
    ### END SOLUTION


check("bptt.clip", clip)

# %% [markdown]
# ## 8 · A matrix that neither grows nor shrinks
#
# *Difficulty 3 of 5 · 10 minutes.* Make an orthogonal matrix times the number `gain` from random normal numbers `gaussian: [n, n]`.
# `q, r = xp.linalg.qr(gaussian)` does most of it. QR leaves the signs open: turn the sign of each column of Q whose entry on the diagonal
# of R is negative. `xp.linalg.diagonal(r)` is that diagonal.


# %%
def orthogonal(gaussian, gain):
    """Return gain times an orthogonal matrix [n, n]."""
    ### BEGIN SOLUTION
    xp = array_namespace(gaussian)
    q, r = xp.linalg.qr(gaussian)
    return gain * q * xp.sign(xp.linalg.diagonal(r))
    ### END SOLUTION


check("bptt.orthogonal", orthogonal)

# %% [markdown]
# ## 9 · Truncated: the state goes on, the gradient stops
#
# *Difficulty 4 of 5 · 20 minutes.* Run a tanh cell over `inputs: [batch, time, input]`, starting from `h: [batch, hidden]`. The steps are cut
# into chunks of `chunk` steps, counted from the first; the last chunk may be shorter. The state is carried across the borders. No
# gradient crosses them. `d_outputs: [batch, time, hidden]` is the gradient of the loss at each output. Return `d_kernel` and `d_bias`, summed
# over all chunks, and the final state.


# %%
def truncated_backward(inputs, h, kernel, bias, d_outputs, chunk):
    """Return d_kernel, d_bias, final state."""
    ### BEGIN SOLUTION
    xp = array_namespace(inputs)
    states = [h]
    for t in range(inputs.shape[1]):
        # [batch, input + hidden]
        xh = xp.concat([inputs[:, t, :], states[t]], axis=1)
        states.append(xp.tanh(xh @ kernel + bias))

    d_h, d_kernel, d_bias = 0 * h, 0 * kernel, 0 * bias
    for t in reversed(range(inputs.shape[1])):
        d_h = d_h + d_outputs[:, t, :]
        d_z = d_h * (1 - states[t + 1] ** 2)
        xh = xp.concat([inputs[:, t, :], states[t]], axis=1)
        d_kernel = d_kernel + xh.T @ d_z
        d_bias = d_bias + xp.sum(d_z, axis=0)
        d_h = (d_z @ kernel.T)[:, inputs.shape[2] :]
        if t % chunk == 0:
            d_h = 0 * d_h  # nothing goes further back
    return d_kernel, d_bias, states[-1]
    ### END SOLUTION


check("bptt.truncated", truncated_backward)

# %% [markdown] tags=["solution"]
# ## Together they train
#
# Exercises 4 and 5 are the whole way back. Cut into one single chunk, exercise 9 gives the same gradients:

# %% tags=["solution"]
rng = np.random.default_rng(0)
inputs, h = rng.normal(size=(4, 6, 2)), np.zeros((4, 5))
kernel, bias = rng.normal(size=(2 + 5, 5)), rng.normal(size=5)
d_outputs = rng.normal(size=(4, 6, 5))

states = [h]
for t in range(6):
    states.append(
        rnn_forward(inputs[:, t], states[-1], kernel, bias)[0]
    )
outputs = np.stack(states[1:], axis=1)

d_states = state_gradients(outputs, kernel[2:], d_outputs)
whole = kernel_gradient(inputs, h, outputs, d_states)
one_chunk = truncated_backward(inputs, h, kernel, bias, d_outputs, 6)
three_chunks = truncated_backward(inputs, h, kernel, bias, d_outputs, 2)
print("one chunk is the whole:", np.allclose(whole[0], one_chunk[0]))
print(
    "three chunks are not:  ",
    not np.allclose(whole[0], three_chunks[0]),
)

# %% [markdown] tags=["solution"]
# `inputs: [batch=4, time=6, input=2]` · `outputs: [batch=4, time=6, hidden=5]` · `d_states: [batch=4, time=6, hidden=5]` ·
# `whole[0]: [input+hidden=2+5, hidden=5]` · `whole[1]: [hidden=5]`
#
# `solution` shows the reference for any exercise, and why it is right:

# %% tags=["solution"]
solution("bptt.step_backward")

# %% [markdown] tags=["exercise"]
# ## When all nine have passed
#
# `solution("bptt.through_time")` shows the reference for an exercise, and why it is right. Compare it with yours.
