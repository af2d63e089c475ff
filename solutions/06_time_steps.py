# %% [markdown] tags=["exercise"]
# # Exercises 6 · Time steps
#
# Ten tasks on one recurrent cell, about an hour and a half in all. You predict its shapes, write one step, run it over a
# sequence, and in the end send a gradient back through time. Do them in order: later tasks use what you wrote before.
#
# Write the function, run the cell, read what the check says. If you are stuck, `hint("rnn.step")` helps a little, and more
# each time you ask. `arguments("rnn.step")` gives you the very arrays that the check hands to your function.
#
# `progress()` shows how far you are, in any cell that you add. What it shows changes as you go on, so it is not stored here.
#
# ## What you need to begin
#
# **Shapes.** `x: [batch, input]` says which axes x has, in this order. `batch` examples are computed at once, and no
# example knows of the others. A batch of sequences is batch-major: `[batch, time, input]`. Sizes vary, so read them off
# the arrays.
#
# **The cell.** A `BasicRNNCell` keeps a state h, `[batch, hidden]`, and reads one x, `[batch, input]`, at each time step. Its
# new state is h' = tanh([x, h] @ kernel + bias). `[x, h]` means both side by side in one array, x first.
#
# **Output and state.** The new state is handed on to the next step. It is also the output of this step. The kernel and the
# bias are the same at every step.
#
# **NumPy and Torch.** A check hands your function NumPy arrays, and then the same numbers as Torch tensors.
# `xp = array_namespace(x)` is the library that x comes from, so `xp.tanh(x)` works for both. The names in `xp` are nearly
# those of NumPy: `xp.concat([a, b], axis=1)`, `xp.stack(arrays, axis=1)`, `xp.sum(a, axis=0)`, `xp.max(a, axis=1, keepdims=True)`,
# `xp.exp(a)`. Indices, `@` and `.T` need no `xp`.
#
# **Arguments.** Leave them as they are, and return new arrays. The check looks at them again after the call.

# %% [markdown] tags=["solution"]
# # Solutions 6 · Time steps
#
# :::{admonition} Try them first
# :class: warning
# The [exercises](../exercises/06_time_steps.ipynb) are worth more unseen. Here every answer is written out, and every
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
# ## 1 · Predict the shapes of an RNN
#
# *Difficulty 1 of 5 · 4 minutes.* A `BasicRNNCell` with `hidden_size` units reads inputs `[batch, time, input]`. From the
# four sizes return four shapes, as tuples: of the kernel, of the bias, of the outputs of all steps (batch-major), and of
# the final state.


# %%
def predict_shapes(batch, time, input_size, hidden_size):
    """Return four shapes: kernel, bias, outputs, final state."""
    ### BEGIN SOLUTION
    kernel = (input_size + hidden_size, hidden_size)
    bias = (hidden_size,)
    outputs = (batch, time, hidden_size)
    final_state = (batch, hidden_size)
    return kernel, bias, outputs, final_state
    ### END SOLUTION


check("rnn.predict", predict_shapes)

# %% [markdown]
# ## 2 · Count the parameters of an RNN
#
# *Difficulty 1 of 5 · 4 minutes.* Return how many numbers a `BasicRNNCell` learns. `time` is the number of steps that it
# will run over. With 3 steps, 3 inputs and 5 units it learns 45 numbers.


# %%
def count_parameters(time, input_size, hidden_size):
    """Return the number of parameters, a whole number."""
    ### BEGIN SOLUTION
    return (input_size + hidden_size) * hidden_size + hidden_size
    ### END SOLUTION


check("rnn.count", count_parameters)

# %% [markdown]
# ## 3 · The final state, from the outputs
#
# *Difficulty 1 of 5 · 3 minutes.* From the outputs `[batch, time, hidden]` of a `BasicRNNCell` return its final state
# `[batch, hidden]`. No row is padded: every sequence has all `time` steps.


# %%
def final_state(outputs):
    """outputs [batch, time, hidden] -> final state [batch, hidden]."""
    ### BEGIN SOLUTION
    return outputs[:, -1, :]
    ### END SOLUTION


check("rnn.outputs_vs_state", final_state)

# %% [markdown]
# ## 4 · One step of a BasicRNNCell
#
# *Difficulty 2 of 5 · 8 minutes.* From `x: [batch, input]`, the old state `h: [batch, hidden]`,
# `kernel: [input+hidden, hidden]` and `bias: [hidden]` return the new state `[batch, hidden]`, with tanh. The first rows of the
# kernel belong to x.


# %%
def rnn_step(x, h, kernel, bias):
    """Return the new state [batch, hidden]."""
    ### BEGIN SOLUTION
    xp = array_namespace(x)
    xh = xp.concat([x, h], axis=1)  # [batch, input + hidden]
    return xp.tanh(xh @ kernel + bias)
    ### END SOLUTION


check("rnn.step", rnn_step)

# %% [markdown]
# ## 5 · A BasicRNNCell over a sequence
#
# *Difficulty 3 of 5 · 12 minutes.* Run the cell of exercise 4 over `inputs: [batch, time, input]`, starting from
# `h: [batch, hidden]`. Return the outputs of all steps `[batch, time, hidden]` and the final state `[batch, hidden]`.


# %%
def rnn_sequence(inputs, h, kernel, bias):
    """Return outputs [batch, time, hidden] and h [batch, hidden]."""
    ### BEGIN SOLUTION
    xp = array_namespace(inputs)
    outputs = []
    for t in range(inputs.shape[1]):
        # [batch, input + hidden]
        xh = xp.concat([inputs[:, t, :], h], axis=1)
        h = xp.tanh(xh @ kernel + bias)
        outputs.append(h)
    return xp.stack(outputs, axis=1), h
    ### END SOLUTION


check("rnn.sequence", rnn_sequence)

# %% [markdown]
# ## 6 · The state that each step was given
#
# *Difficulty 2 of 5 · 6 minutes.* From the outputs `[batch, time, hidden]` of a `BasicRNNCell` and its initial state
# `h: [batch, hidden]` return the states that its steps started from, `[batch, time, hidden]`. Backpropagation through time
# will need them.


# %%
def states_seen(outputs, h):
    """Return the state before each step [batch, time, hidden]."""
    ### BEGIN SOLUTION
    xp = array_namespace(outputs)
    return xp.concat([h[:, None, :], outputs[:, :-1, :]], axis=1)
    ### END SOLUTION


check("rnn.states_seen", states_seen)

# %% [markdown]
# ## 7 · Several batches, no memory between them
#
# *Difficulty 3 of 5 · 10 minutes.* `batches: [number, batch, time, input]` holds several batches of sequences that have nothing
# to do with each other. Run the cell of exercise 4 over each of them, from the same initial state `h: [batch, hidden]`.
# Return the final states `[number, batch, hidden]`.


# %%
def several_batches(batches, h, kernel, bias):
    """Return the final states [number, batch, hidden]."""
    ### BEGIN SOLUTION
    xp = array_namespace(batches)
    final_states = []
    for k in range(batches.shape[0]):
        state = h  # a new batch begins where no other one ended
        for t in range(batches.shape[2]):
            # [batch, input + hidden]
            xh = xp.concat([batches[k, :, t, :], state], axis=1)
            state = xp.tanh(xh @ kernel + bias)
        final_states.append(state)
    return xp.stack(final_states, axis=0)
    ### END SOLUTION


check("rnn.batches", several_batches)

# %% [markdown]
# ## 8 · From the last state to probabilities
#
# *Difficulty 3 of 5 · 10 minutes.* A `BasicRNNCell` has read digits row by row and put out `outputs: [batch, time, hidden]`.
# Read out its final state with a dense layer, `kernel: [hidden, classes]` and `bias: [classes]`. Return the probabilities
# `[batch, classes]` by softmax. Logits may be as large as 10,000.


# %%
def read_out(outputs, kernel, bias):
    """Return the probabilities [batch, classes]."""
    ### BEGIN SOLUTION
    xp = array_namespace(outputs)
    logits = outputs[:, -1, :] @ kernel + bias  # [batch, classes]
    exp = xp.exp(logits - xp.max(logits, axis=1, keepdims=True))
    return exp / xp.sum(exp, axis=1, keepdims=True)
    ### END SOLUTION


check("rnn.readout", read_out)

# %% [markdown]
# ## 9 · Backward through one step
#
# *Difficulty 4 of 5 · 15 minutes.* `d_new_h: [batch, hidden]` is the gradient of a loss for the new state of exercise 4:
# how much the loss grows with each of its numbers. Return the gradients for the four arguments of the step, each in the
# shape of what it belongs to: `d_x: [batch, input]`, `d_h: [batch, hidden]` for the old state,
# `d_kernel: [input+hidden, hidden]` and `d_bias: [hidden]`.


# %%
def rnn_step_backward(x, h, kernel, bias, d_new_h):
    """Return d_x, d_h, d_kernel, d_bias, shaped as the arguments."""
    ### BEGIN SOLUTION
    xp = array_namespace(x)
    xh = xp.concat([x, h], axis=1)  # [batch, input + hidden]
    new_h = xp.tanh(xh @ kernel + bias)
    d_z = d_new_h * (1 - new_h * new_h)  # [batch, hidden]
    d_xh = d_z @ kernel.T
    d_x, d_h = d_xh[:, : x.shape[1]], d_xh[:, x.shape[1] :]
    return d_x, d_h, xh.T @ d_z, xp.sum(d_z, axis=0)
    ### END SOLUTION


check("rnn.step_backward", rnn_step_backward)

# %% [markdown]
# ## 10 · Backward through time
#
# *Difficulty 5 of 5 · 25 minutes.* Exercise 5 has two results, and a loss may depend on both. `d_outputs: [batch, time, hidden]`
# and `d_final_h: [batch, hidden]` are its gradients for them. Return `d_inputs: [batch, time, input]`, `d_h: [batch, hidden]`
# for the initial state, `d_kernel: [input+hidden, hidden]` and `d_bias: [hidden]`.


# %%
def rnn_sequence_backward(
    inputs, h, kernel, bias, d_outputs, d_final_h
):
    """Return d_inputs, d_h, d_kernel, d_bias."""
    ### BEGIN SOLUTION
    xp = array_namespace(inputs)
    states = [h]
    for t in range(inputs.shape[1]):
        # [batch, input + hidden]
        xh = xp.concat([inputs[:, t, :], states[t]], axis=1)
        states.append(xp.tanh(xh @ kernel + bias))

    d_h, d_kernel, d_bias = d_final_h, 0 * kernel, 0 * bias
    d_inputs = []
    for t in reversed(range(inputs.shape[1])):
        # h is an output, and goes on to the next step
        d_h = d_h + d_outputs[:, t, :]
        d_z = d_h * (1 - states[t + 1] * states[t + 1])
        xh = xp.concat([inputs[:, t, :], states[t]], axis=1)
        # the same kernel at every step
        d_kernel = d_kernel + xh.T @ d_z
        d_bias = d_bias + xp.sum(d_z, axis=0)
        d_xh = d_z @ kernel.T
        d_inputs.append(d_xh[:, : inputs.shape[2]])
        d_h = d_xh[:, inputs.shape[2] :]
    d_inputs = xp.stack(d_inputs[::-1], axis=1)
    return d_inputs, d_h, d_kernel, d_bias
    ### END SOLUTION


check("rnn.sequence_backward", rnn_sequence_backward)

# %% [markdown] tags=["solution"]
# ## The shapes, once more
#
# Four sequences of three steps, two numbers a step, and a cell of five units:

# %% tags=["solution"]
rng = np.random.default_rng(0)
inputs, h = rng.normal(size=(4, 3, 2)), np.zeros((4, 5))
kernel, bias = rng.normal(size=(2 + 5, 5)), np.zeros(5)
outputs, state = rnn_sequence(inputs, h, kernel, bias)
seen = states_seen(outputs, h)

# %% [markdown] tags=["solution"]
# `inputs: [batch=4, time=3, input=2]` · `kernel: [input+hidden=2+5, hidden=5]` · `bias: [hidden=5]` ·
# `outputs: [batch=4, time=3, hidden=5]` · `state: [batch=4, hidden=5]` · `seen: [batch=4, time=3, hidden=5]`
#
# The output of the last step is the final state: `final_state(outputs) == state`.
#
# `solution` shows the reference for any exercise, and why it is right:

# %% tags=["solution"]
solution("rnn.step")

# %% [markdown] tags=["exercise"]
# ## When all ten have passed
#
# `solution("rnn.step")` shows the reference for an exercise, and why it is right. Compare it with yours.
