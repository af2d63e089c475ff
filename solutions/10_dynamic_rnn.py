# %% [markdown] tags=["exercise"]
# # Exercises 10 · Dynamic RNN
#
# Ten tasks on the loop over time, about two hours in all. You run cells over whole sequences, keep padding out of the
# result, read sequences from their end, and send a gradient back through all of it.
#
# Write the function, run the cell, read what the check says. If you are stuck, `hint("sequence.mask")` helps a little, and
# more each time you ask. `arguments("sequence.mask")` gives you the very arrays that the check hands to your function.
#
# `progress()` shows how far you are, in any cell that you add. What it shows changes as you go on, so it is not stored here.
#
# ## What you need to begin
#
# **Shapes.** `inputs: [batch, time, input]` says which axes the inputs have, in this order. This order is called
# batch-major. Time-major is `[time, batch, input]`. Sizes vary, so read them off the arrays.
#
# **Cells.** In most tasks your function is handed a cell, ready-made. A cell does one step for the whole batch:
# `output, new_state = cell(x, state)`, with x `[batch, input]`. You write the loop around it, and the new state of a step is
# the state of the next one.
#
# **States.** The state of a basic cell is one array, `[batch, hidden]`, and its output is its new state. The state of an LSTM is
# an `LSTMStateTuple` of two arrays, c and h, both `[batch, hidden]`. Its output is h. Read a state by name, `state.c`, and
# build it by name, `LSTMStateTuple(c=c, h=h)`.
#
# **Weights.** A basic cell has the kernel `[input+hidden, hidden]`: the rows of x first, then those of h. The kernel of an
# LSTM is `[input+hidden, 4*hidden]`, with the blocks i, j, f, o side by side.
#
# **Lengths.** Sequences of one batch may have different lengths. `sequence_length: [batch]` says how many steps of each row
# count, from 0 to `time`. The steps after them are padding. There the outputs are exactly 0, and the state stays as it was
# after the last valid step.
#
# **Padding may hold anything**, so it must never get into a result. `xp.where(condition, a, b)` takes a where the condition is
# true and b elsewhere.
#
# **NumPy and Torch.** A check hands your function NumPy arrays, and then the same numbers as Torch tensors.
# `xp = array_namespace(x)` is the library that x comes from, so `xp.tanh(x)` works for both. The names in `xp` are nearly
# those of NumPy: `xp.concat([a, b], axis=1)`, `xp.stack(arrays, axis=1)`, `xp.sum(a)`, `xp.astype(a, b.dtype)`.
# `xp.arange(n, device=device(x))` counts from 0 to n − 1, on the device where x is. Indices and `@` need no `xp`.
#
# **Arguments.** Leave them as they are, and return new arrays. The check looks at them again after the call.

# %% [markdown] tags=["solution"]
# # Solutions 10 · Dynamic RNN
#
# :::{admonition} Try them first
# :class: warning
# The [exercises](../exercises/10_dynamic_rnn.ipynb) are worth more unseen. Here every answer is written out, and every
# check has passed.
# :::

# %% tags=["exercise"]
from rnn_course import arguments, check, hint, progress, solution
from rnn_course.arrays import array_namespace, device
from rnn_course.cells import LSTMStateTuple

# %% tags=["solution"]
import numpy as np

from rnn_course import LSTMCell, check, solution
from rnn_course.arrays import array_namespace, device
from rnn_course.cells import LSTMStateTuple


# %% [markdown]
# ## 1 · Outputs and final state: the shapes
#
# *Difficulty 1 of 5 · 4 minutes.* `dynamic_rnn` is the loop of this page: it runs a cell over inputs
# `[batch, time, input_size]`, and returns the outputs of all steps and the final state. The cell is an LSTM of `hidden`
# units. Return three shapes, as tuples: of the outputs, of `final_state.c` and of `final_state.h`.


# %%
def predict_shapes(batch, time, input_size, hidden):
    """Return three shapes: outputs, final c, final h."""
    ### BEGIN SOLUTION
    return (batch, time, hidden), (batch, hidden), (batch, hidden)
    ### END SOLUTION


check("sequence.outputs_vs_state", predict_shapes)

# %% [markdown]
# ## 2 · The loop over time
#
# *Difficulty 2 of 5 · 10 minutes.* Run the basic cell h' = tanh([x, h] @ kernel + bias) over `inputs: [batch, time, input]`,
# beginning with `state: [batch, hidden]`. The weights are `kernel: [input+hidden, hidden]` and `bias: [hidden]`. Return the
# outputs of all steps `[batch, time, hidden]`, and the final state `[batch, hidden]`.


# %%
def unroll(kernel, bias, inputs, state):
    """Return outputs [batch, time, hidden], state [batch, hidden]."""
    ### BEGIN SOLUTION
    xp = array_namespace(inputs)
    outputs = []
    for t in range(inputs.shape[1]):
        # [batch, input + hidden]
        xh = xp.concat([inputs[:, t], state], axis=1)
        state = xp.tanh(xh @ kernel + bias)
        outputs.append(state)
    return xp.stack(outputs, axis=1), state
    ### END SOLUTION


check("sequence.unroll", unroll)

# %% [markdown]
# ## 3 · An LSTM over time-major inputs
#
# *Difficulty 2 of 5 · 8 minutes.* Run an LSTM cell over `inputs: [time, batch, input]`, beginning with `state`, an
# `LSTMStateTuple`. Return the outputs, time-major too, and the final state, both parts of it.


# %%
def run_time_major(cell, inputs, state):
    """Return outputs [time, batch, hidden] and the final state."""
    ### BEGIN SOLUTION
    xp = array_namespace(inputs)
    outputs = []
    for t in range(inputs.shape[0]):
        output, state = cell(inputs[t], state)
        outputs.append(output)
    return xp.stack(outputs, axis=0), state
    ### END SOLUTION


check("sequence.time_major", run_time_major)

# %% [markdown]
# ## 4 · Back through time, with padding
#
# *Difficulty 5 of 5 · 25 minutes.* This is the hardest task of the page, and no later one needs it. Come back to it when you
# have done the others, above all exercise 6.
#
# Run a basic cell over `inputs: [batch, time, input]` from `state: [batch, hidden]`. Row b has `sequence_length[b]` steps,
# after which its outputs are 0 and its state is copied through.
#
# This time you need the way back of each step: `output, new_state, step_backward = cell.forward(x, state)`.
# `step_backward(d_output, d_new_state)` takes the gradients of a loss for the two results, and returns `d_cell, d_x, d_state`.
# `d_cell` is a cell made of gradients: `d_cell.kernel` and `d_cell.bias` belong to the weights.
#
# Return `outputs, final_state, backward`. `backward(d_outputs, d_final_state)` is a function that you define inside. It returns
# d_cell, d_inputs `[batch, time, input]`, and d_state `[batch, hidden]`, the gradient for the initial state.
# `cell._replace(kernel=…, bias=…)` makes a cell with other numbers.


# %%
def forward_and_back(cell, inputs, state, sequence_length):
    """Return outputs, final state, backward(d_outputs, d_state)."""
    ### BEGIN SOLUTION
    xp = array_namespace(inputs)
    outputs, steps = [], []
    for t in range(inputs.shape[1]):
        alive = (t < sequence_length)[:, None]  # [batch, 1]
        output, new_state, step_backward = cell.forward(
            inputs[:, t], state
        )
        outputs.append(xp.where(alive, output, 0.0))
        state = xp.where(alive, new_state, state)
        steps.append((alive, step_backward))

    def backward(d_outputs, d_state):
        d_kernel, d_bias = 0 * cell.kernel, 0 * cell.bias
        d_inputs = []
        for t in reversed(range(len(steps))):
            alive, step_backward = steps[t]
            d_output = xp.where(alive, d_outputs[:, t], 0.0)
            d_new_state = xp.where(alive, d_state, 0.0)
            d_step, d_x, d_old = step_backward(d_output, d_new_state)
            # a row that is over hands its gradient straight on
            d_state = xp.where(alive, d_old, d_state)
            d_kernel = d_kernel + d_step.kernel
            d_bias = d_bias + d_step.bias
            d_inputs.append(d_x)
        d_cell = cell._replace(kernel=d_kernel, bias=d_bias)
        return d_cell, xp.stack(d_inputs[::-1], axis=1), d_state

    return xp.stack(outputs, axis=1), state, backward
    ### END SOLUTION


check("sequence.backward", forward_and_back)

# %% [markdown]
# ## 5 · Lengths to a mask
#
# *Difficulty 1 of 5 · 5 minutes.* From `sequence_length: [batch]`, whole numbers from 0 to `time`, make a mask `[batch, time]`
# of booleans: true at the steps that belong to the row, false in its padding.


# %%
def mask(sequence_length, time):
    """sequence_length [batch] -> mask [batch, time] of booleans."""
    ### BEGIN SOLUTION
    xp = array_namespace(sequence_length)
    steps = xp.arange(time, device=device(sequence_length))
    return steps[None, :] < sequence_length[:, None]
    ### END SOLUTION


check("sequence.mask", mask)

# %% [markdown]
# ## 6 · Zero outputs, copied state
#
# *Difficulty 3 of 5 · 15 minutes.* Run an LSTM cell over `inputs: [batch, time, input]` from `state`, an `LSTMStateTuple`. Row b
# has `sequence_length[b]` steps, from 0 to `time`. After them its outputs are exactly 0, and its state stays as it is.
# Return the outputs `[batch, time, hidden]` and the final state.


# %%
def run_with_lengths(cell, inputs, state, sequence_length):
    """Return outputs [batch, time, hidden] and the final state."""
    ### BEGIN SOLUTION
    xp = array_namespace(inputs)
    outputs = []
    for t in range(inputs.shape[1]):
        alive = (t < sequence_length)[:, None]  # [batch, 1]
        output, new_state = cell(inputs[:, t], state)
        outputs.append(xp.where(alive, output, 0.0))
        c = xp.where(alive, new_state.c, state.c)
        h = xp.where(alive, new_state.h, state.h)
        state = LSTMStateTuple(c=c, h=h)
    return xp.stack(outputs, axis=1), state
    ### END SOLUTION


check("sequence.lengths", run_with_lengths)

# %% [markdown]
# ## 7 · The last valid output
#
# *Difficulty 2 of 5 · 8 minutes.* From `outputs: [batch, time, hidden]` pick for each row the output of its last valid step,
# `[batch, hidden]`. Row b has `sequence_length[b]` steps, from 0 to `time`. A row of length 0 gives zeros. What stands in
# the padding may be anything.


# %%
def last_valid(outputs, sequence_length):
    """Return the last valid output of each row [batch, hidden]."""
    ### BEGIN SOLUTION
    xp = array_namespace(outputs)
    rows = xp.arange(outputs.shape[0], device=device(outputs))
    some = sequence_length > 0
    last = xp.where(some, sequence_length - 1, 0)
    return xp.where(some[:, None], outputs[rows, last], 0.0)
    ### END SOLUTION


check("sequence.last_valid", last_valid)

# %% [markdown]
# ## 8 · A mean without the padding
#
# *Difficulty 2 of 5 · 8 minutes.* `losses: [batch, time]` holds the loss of every step. Row b has `sequence_length[b]` steps,
# and the others are padding. Return the mean over all valid steps of the batch, a single number. At least one step is valid.


# %%
def masked_mean(losses, sequence_length):
    """Return the mean loss over all valid steps, one number."""
    ### BEGIN SOLUTION
    xp = array_namespace(losses)
    steps = xp.arange(losses.shape[1], device=device(losses))
    # [batch, time]
    valid = steps[None, :] < sequence_length[:, None]
    count = xp.sum(xp.astype(valid, losses.dtype))
    return xp.sum(xp.where(valid, losses, 0.0)) / count
    ### END SOLUTION


check("sequence.masked_loss", masked_mean)

# %% [markdown]
# ## 9 · Turn round the valid part
#
# *Difficulty 3 of 5 · 10 minutes.* Row b of `inputs: [batch, time, input]` has `sequence_length[b]` steps, from 0 to `time`.
# Return an array of the same shape, in which the valid steps of each row stand in reverse order. Its padding stands where it
# was, unchanged.


# %%
def reverse_valid(inputs, sequence_length):
    """Return the inputs, each row's valid steps turned round."""
    ### BEGIN SOLUTION
    xp = array_namespace(inputs)
    batch, time = inputs.shape[:2]
    # [batch, 1] and [1, time]
    rows = xp.arange(batch, device=device(inputs))[:, None]
    steps = xp.arange(time, device=device(inputs))[None, :]
    ends = sequence_length[:, None]
    # [batch, time]
    source = xp.where(steps < ends, ends - 1 - steps, steps)
    return inputs[rows, source]
    ### END SOLUTION


check("sequence.reverse_valid", reverse_valid)

# %% [markdown]
# ## 10 · Both directions at once
#
# *Difficulty 4 of 5 · 20 minutes.* Two basic cells read `inputs: [batch, time, input]`. `cell_fw` reads them forwards from
# `state_fw: [batch, fw]`, `cell_bw` reads them backwards from `state_bw: [batch, bw]`. Row b has `sequence_length[b]` steps. Its
# padding takes no part, and its outputs there are 0.
#
# Return the outputs `[batch, time, fw+bw]`, forwards first, in the order of the inputs. Then return the final state of each
# direction.


# %%
def bidirectional(
    cell_fw, cell_bw, inputs, state_fw, state_bw, sequence_length
):
    """Return outputs [batch, time, fw+bw] and two final states."""
    ### BEGIN SOLUTION
    xp = array_namespace(inputs)
    time = inputs.shape[1]

    def run(cell, state, order):
        outputs = [None] * time
        for t in order:
            alive = (t < sequence_length)[:, None]  # [batch, 1]
            output, new_state = cell(inputs[:, t], state)
            outputs[t] = xp.where(alive, output, 0.0)
            state = xp.where(alive, new_state, state)
        return xp.stack(outputs, axis=1), state

    outputs_fw, end_fw = run(cell_fw, state_fw, range(time))
    outputs_bw, end_bw = run(cell_bw, state_bw, reversed(range(time)))
    outputs = xp.concat([outputs_fw, outputs_bw], axis=2)
    return outputs, end_fw, end_bw
    ### END SOLUTION


check("sequence.bidirectional", bidirectional)

# %% [markdown] tags=["solution"]
# ## The shapes, once more
#
# Four sequences of at most three steps, two numbers a step, and an LSTM of five units:

# %% tags=["solution"]
rng = np.random.default_rng(0)
inputs = rng.normal(size=(4, 3, 2)).astype("float32")
lengths = np.array([3, 1, 0, 2])
cell = LSTMCell.init(2, 5, rng=rng)
outputs, state = run_with_lengths(
    cell, inputs, cell.zero_state(4), lengths
)

# %% [markdown] tags=["solution"]
# `inputs: [batch=4, time=3, input=2]` · `mask(lengths, 3): [batch=4, time=3]` · `outputs: [batch=4, time=3, hidden=5]` ·
# `state.c: [batch=4, hidden=5]` · `state.h: [batch=4, hidden=5]`
#
# The final h is the last valid output of each row, and not the output of the last step:
# `last_valid(outputs, lengths) == state.h`.
#
# `solution` shows the reference for any exercise, and why it is right:

# %% tags=["solution"]
solution("sequence.lengths")

# %% [markdown] tags=["exercise"]
# ## When all ten have passed
#
# `solution("sequence.lengths")` shows the reference for an exercise, and why it is right. Compare it with yours.
