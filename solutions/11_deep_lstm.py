# %% [markdown] tags=["exercise"]
# # Exercises 11 · Deep LSTM
#
# Eleven tasks on cells that stand on cells, nearly three hours in all. You count and predict, read the states of a stack, run
# it over time, send a gradient back down, and wrap a layer in a residual connection and in dropout. The last two put part II
# together: you train a deep LSTM on digits, first with ready-made cells, then with nothing that is not yours.
#
# Write the function, run the cell, read what the check says. If you are stuck, `hint("deep.step")` helps a little, and more
# each time you ask. `arguments("deep.step")` gives you the very arguments that the check hands to your function.
#
# `progress()` shows how far you are, in any cell that you add. What it shows changes as you go on, so it is not stored here.
#
# ## What you need to begin
#
# **Shapes.** `inputs: [batch, time, input]` says which axes the inputs have, in this order: batch-major. Sizes vary, so read
# them off the arrays.
#
# **One layer.** A layer is an LSTM cell. It does one step for the whole batch: `output, new_state = cell(x, state)`, with x
# `[batch, input]`. Its state is an `LSTMStateTuple` of two arrays, the memory c and the output h, both `[batch, hidden]`. Read it
# by name, `state.c`, and build it by name, `LSTMStateTuple(c=c, h=h)`. The output is the new h.
#
# **Its weights.** The kernel is `[input+hidden, 4*hidden]`: the rows of x first, then those of h; the blocks i, j, f, o side by
# side. The bias is `[4*hidden]`. In all tasks but the last the check hands you ready-made
# cells, so you need not compute with the weights.
#
# **A stack.** The bottom layer reads the inputs. At the same time step, each other layer reads the output of the layer below.
# The output of the stack is that of the top layer. Layers may have different widths.
#
# **The state of a stack** is a tuple with one `LSTMStateTuple` a layer, bottom first.
#
# **Lengths.** `sequence_length: [batch]` says how many steps of each row count, from 0 to `time`. After them comes padding.
# There the outputs are exactly 0, and the state stays as it is. `xp.where(condition, a, b)` takes a where the condition is
# true and b elsewhere.
#
# **NumPy and Torch.** A check hands your function NumPy arrays, and then the same numbers as Torch tensors.
# `xp = array_namespace(x)` is the library that x comes from, so `xp.where` and `xp.stack(arrays, axis=1)` work for both. The
# names in `xp` are nearly those of NumPy. Indices and plain arithmetic need no `xp`.
#
# **Arguments.** Leave them as they are, and return new arrays. The check looks at them again after the call.

# %% [markdown] tags=["solution"]
# # Solutions 11 · Deep LSTM
#
# :::{admonition} Try them first
# :class: warning
# The [exercises](../exercises/11_deep_lstm.ipynb) are worth more unseen. Here every answer is written out, and every
# check has passed.
# :::

# %% tags=["exercise"]
from rnn_course import (
    arguments,
    check,
    hint,
    progress,
    sigmoid,
    softmax,
    solution,
    tree_map,
)
from rnn_course.arrays import array_namespace, device
from rnn_course.cells import LSTMStateTuple

# %% tags=["solution"]
import numpy as np

from rnn_course import (
    LSTMCell,
    MultiRNNCell,
    check,
    dynamic_rnn,
    load_digits,
    sigmoid,
    softmax,
    solution,
    tree_map,
)
from rnn_course.arrays import array_namespace, device
from rnn_course.cells import LSTMStateTuple


# %% [markdown]
# ## 1 · Count the parameters of a stack
#
# *Difficulty 2 of 5 · 8 minutes.* LSTM layers stand on each other. The bottom one reads `input_size` numbers a step. `units` is a
# tuple with the number of units of each layer, bottom first. Return how many parameters they have together. Each layer has
# one kernel `[input+hidden, 4*hidden]` and one bias, as in TensorFlow 1.


# %%
def count_parameters(input_size, units):
    """Return the number of parameters, a whole number."""
    ### BEGIN SOLUTION
    total = 0
    for hidden in units:
        total += (input_size + hidden) * 4 * hidden + 4 * hidden
        input_size = hidden
    return total
    ### END SOLUTION


check("deep.count", count_parameters)

# %% [markdown]
# ## 2 · Predict the shapes of a stack
#
# *Difficulty 2 of 5 · 6 minutes.* A stack of LSTM layers runs over inputs `[batch, time, input_size]`. `units` has the number
# of units of each layer, bottom first. Return the shape of the outputs, and the shapes of the final state: a tuple with one
# `LSTMStateTuple` of two shapes a layer, bottom first.


# %%
def predict_shapes(batch, time, input_size, units):
    """Return the outputs' shape, and one LSTMStateTuple a layer."""
    ### BEGIN SOLUTION
    states = tuple(
        LSTMStateTuple(c=(batch, hidden), h=(batch, hidden))
        for hidden in units
    )
    return (batch, time, units[-1]), states
    ### END SOLUTION


check("deep.predict", predict_shapes)

# %% [markdown]
# ## 3 · The last output, from the states
#
# *Difficulty 1 of 5 · 4 minutes.* `states` is the final state of a stack of LSTM layers. No row is padded. Return the output
# of the last step, `[batch, hidden]`.


# %%
def last_output(states):
    """states, one a layer, bottom first -> output [batch, hidden]."""
    ### BEGIN SOLUTION
    return states[-1].h
    ### END SOLUTION


check("deep.last_output", last_output)

# %% [markdown]
# ## 4 · From Torch's states to ours
#
# *Difficulty 2 of 5 · 6 minutes.* `torch.nn.LSTM` returns `h_n` and `c_n`, both `[layers, batch, hidden]`, bottom layer first.
# Turn them into the course's state of a stack: a tuple with one `LSTMStateTuple` a layer, its parts `[batch, hidden]`.


# %%
def from_torch(h_n, c_n):
    """Return a tuple, one LSTMStateTuple a layer, bottom first."""
    ### BEGIN SOLUTION
    return tuple(
        LSTMStateTuple(c=c_n[layer], h=h_n[layer])
        for layer in range(h_n.shape[0])
    )
    ### END SOLUTION


check("deep.states", from_torch)

# %% [markdown]
# ## 5 · One step of a stack
#
# *Difficulty 3 of 5 · 10 minutes.* `cells` and `states` are tuples with one LSTM cell and one `LSTMStateTuple` a layer, bottom
# first. Do one step of the whole stack for `x: [batch, input]`. Return the output of the stack, `[batch, hidden]` of the top
# layer, and a tuple of the new states.


# %%
def stack_step(cells, x, states):
    """Return the output [batch, hidden], a tuple of new states."""
    ### BEGIN SOLUTION
    new_states = []
    for cell, state in zip(cells, states, strict=True):
        x, new_state = cell(x, state)
        new_states.append(new_state)
    return x, tuple(new_states)
    ### END SOLUTION


check("deep.step", stack_step)

# %% [markdown]
# ## 6 · A stack over time
#
# *Difficulty 4 of 5 · 15 minutes.* Run a stack of LSTM cells over `inputs: [batch, time, input]`. `cells` and `states` are as in
# exercise 5, and the widths of the layers may differ. Return the outputs of the top layer, `[batch, time, hidden]`, and the
# final states of all layers, in a tuple.


# %%
def run_stack(cells, inputs, states):
    """Return outputs [batch, time, hidden], the final states."""
    ### BEGIN SOLUTION
    xp = array_namespace(inputs)
    outputs = []
    for t in range(inputs.shape[1]):
        x, new_states = inputs[:, t], []
        for cell, state in zip(cells, states, strict=True):
            x, new_state = cell(x, state)
            new_states.append(new_state)
        outputs.append(x)
        states = tuple(new_states)
    return xp.stack(outputs, axis=1), states
    ### END SOLUTION


check("deep.sequence", run_stack)

# %% [markdown]
# ## 7 · Back through a stack
#
# *Difficulty 4 of 5 · 20 minutes.* Do one step of a stack as in exercise 5, with a way back.
#
# Each cell has a forward with a way back too: `output, new_state, cell_backward = cell.forward(x, state)`.
# `cell_backward(d_output, d_new_state)` takes the gradients of a loss for the two results, and returns `d_cell, d_x, d_state`.
# `d_cell` is a cell made of gradients. You need not look into it.
#
# Return `output, new_states, backward`. `backward(d_output, d_new_states)` is a function that you define inside. It gets the
# gradient for the output and a tuple of gradients for the new states, bottom first. It returns d_cells (a tuple, bottom
# first), d_x `[batch, input]`, and d_states (a tuple, bottom first).


# %%
def stack_forward(cells, x, states):
    """Return output, new states, backward(d_output, d_new_states)."""
    ### BEGIN SOLUTION
    new_states, backwards = [], []
    for cell, state in zip(cells, states, strict=True):
        x, new_state, cell_backward = cell.forward(x, state)
        new_states.append(new_state)
        backwards.append(cell_backward)

    def backward(d_output, d_new_states):
        d_cells, d_states = [], []
        from_the_top = zip(
            backwards[::-1], d_new_states[::-1], strict=True
        )
        for cell_backward, d_new_state in from_the_top:
            # what x gets is the d_output of the layer below
            d_cell, d_output, d_state = cell_backward(
                d_output, d_new_state
            )
            d_cells.append(d_cell)
            d_states.append(d_state)
        return tuple(d_cells[::-1]), d_output, tuple(d_states[::-1])

    return x, tuple(new_states), backward
    ### END SOLUTION


check("deep.backward", stack_forward)

# %% [markdown]
# ## 8 · A residual layer with padding
#
# *Difficulty 3 of 5 · 12 minutes.* A single LSTM cell, as wide as its input, runs over `inputs: [batch, time, width]` from
# `state`, an `LSTMStateTuple`. Add x to the output of each step. Row b has `sequence_length[b]` steps. After them the
# outputs are 0, and the state stays as it is.
#
# Return the outputs `[batch, time, width]` and the final state, which knows nothing of the addition.


# %%
def residual(cell, inputs, state, sequence_length):
    """Return outputs [batch, time, width] and the final state."""
    ### BEGIN SOLUTION
    xp = array_namespace(inputs)
    outputs = []
    for t in range(inputs.shape[1]):
        x, alive = inputs[:, t], (t < sequence_length)[:, None]
        output, new_state = cell(x, state)
        outputs.append(xp.where(alive, output + x, 0.0))
        c = xp.where(alive, new_state.c, state.c)
        h = xp.where(alive, new_state.h, state.h)
        state = LSTMStateTuple(c=c, h=h)
    return xp.stack(outputs, axis=1), state
    ### END SOLUTION


check("deep.residual", residual)

# %% [markdown]
# ## 9 · Dropout of the output
#
# *Difficulty 3 of 5 · 10 minutes.* Do one step of an LSTM cell, and drop numbers of its output as in training.
# `noise: [batch, hidden]` was drawn evenly from 0 to 1. A number is kept where its noise is below `keep_prob`. What is kept is
# scaled so that its mean stays what it was, and what is not kept becomes 0.
#
# Return the output `[batch, hidden]` and the new state, which dropout of the output does not touch.


# %%
def dropout_output(cell, x, state, noise, keep_prob):
    """Return the output [batch, hidden] and the new state."""
    ### BEGIN SOLUTION
    xp = array_namespace(x)
    output, new_state = cell(x, state)
    kept = noise < keep_prob
    return xp.where(kept, output / keep_prob, 0.0), new_state
    ### END SOLUTION


check("deep.dropout_output", dropout_output)

# %% [markdown]
# ## 10 · Train a deep LSTM on digits
#
# *Difficulty 5 of 5 · 40 minutes.* This is the whole of part II in one function. `cells` is a stack, `kernel: [hidden, classes]`
# and `bias: [classes]` are a read-out on its top. `images: [example, time, input]` brings a row a step, `labels: [example]` the
# right classes.
#
# Go through the examples in order, `batch_size` at a time; it divides their number. For each batch begin with zero states,
# read all rows, and make logits of the top layer's last output. The loss is the mean softmax cross-entropy. Send its
# gradient back through the read-out, all steps and all layers. Then move every weight by −`learning_rate` times its gradient.
#
# Return the trained cells, kernel and bias, and the losses, one a batch, each measured before its step. You may use
# `stack_forward` of exercise 7. `tree_map(f, a, b)` of the package applies f to the arrays of two trees, place by place, and
# cells are trees: `tree_map(lambda w, d: w - 0.1 * d, cells, d_cells)`.


# %%
def train_stack(
    cells, kernel, bias, images, labels, batch_size, learning_rate
):
    """Return cells, kernel, bias and losses [batch]."""
    ### BEGIN SOLUTION
    xp = array_namespace(images)
    losses = []
    for start in range(0, images.shape[0], batch_size):
        x = images[start : start + batch_size]
        y = labels[start : start + batch_size]

        # forward, row by row
        states = tuple(cell.zero_state(batch_size) for cell in cells)
        backwards = []
        for t in range(x.shape[1]):
            output, states, backward = stack_forward(
                cells, x[:, t], states
            )
            backwards.append(backward)

        # the loss and its gradient
        p = softmax(output @ kernel + bias)  # [batch, classes]
        classes = xp.arange(p.shape[1], device=device(p))
        right = classes[None, :] == y[:, None]
        losses.append(-xp.mean(xp.log(p[right])))
        d_logits = (p - xp.astype(right, p.dtype)) / batch_size
        d_kernel = output.T @ d_logits
        d_bias = xp.sum(d_logits, axis=0)

        # back through time; only the last output has a gradient
        d_output = d_logits @ kernel.T
        d_states = tree_map(xp.zeros_like, states)
        d_cells = tree_map(xp.zeros_like, cells)
        for backward in reversed(backwards):
            d_step, _, d_states = backward(d_output, d_states)
            d_cells = tree_map(lambda a, b: a + b, d_cells, d_step)
            d_output = xp.zeros_like(d_output)

        # one step down
        cells = tree_map(
            lambda w, d: w - learning_rate * d, cells, d_cells
        )
        kernel = kernel - learning_rate * d_kernel
        bias = bias - learning_rate * d_bias
    return cells, kernel, bias, xp.stack(losses)
    ### END SOLUTION


check("deep.train", train_stack)

# %% [markdown]
# ## 11 · All of it your own
#
# *Difficulty 5 of 5 · 40 minutes.* The same training once more, but no cell is handed to you. `kernels` and `biases` are tuples
# with those of each layer, bottom first. Their blocks are i, j, f, o, and the forget bias is in them. And images may end
# early: of example b only the first `sequence_length[b]` rows count, from 0 to `time`. After them the state of every layer is
# copied through. The read-out sees the top layer's h in the final state.
#
# Everything else is as in exercise 10. Return the trained kernels and biases, kernel and bias, and the losses.
#
# You have written all the parts. This function puts them together: the step of an LSTM and its way back (`lstm.step_backward`
# in chapter 8), rows that end (`sequence.lengths` in chapter 10), layer upon layer (exercise 5), and the training of exercise 10.

# %% tags=["exercise"]
# Copy your lstm_forward of chapter 8, exercise 12, into this cell.

# %% [markdown] tags=["solution"]
# From chapter 8, exercise 12:


# %% tags=["solution"]
def lstm_forward(x, state, kernel, bias):
    """Return the new state and backward(d_state)."""
    xp = array_namespace(x)
    xh = xp.concat([x, state.h], axis=1)  # [batch, input+hidden]
    z = xh @ kernel + bias  # [batch, 4*hidden]
    n = z.shape[1] // 4
    i, f, o = (sigmoid(z[:, k * n : (k + 1) * n]) for k in (0, 2, 3))
    j = xp.tanh(z[:, n : 2 * n])
    c = f * state.c + i * j
    shown = xp.tanh(c)

    def backward(d_state):
        # c is carried on, and it makes h
        d_c = d_state.c + d_state.h * o * (1 - shown**2)
        d_i, d_f = d_c * j * i * (1 - i), d_c * state.c * f * (1 - f)
        d_j = d_c * i * (1 - j**2)
        d_o = d_state.h * shown * o * (1 - o)
        d_z = xp.concat([d_i, d_j, d_f, d_o], axis=1)
        d_xh = d_z @ kernel.T
        width = x.shape[1]
        d_old = LSTMStateTuple(c=d_c * f, h=d_xh[:, width:])
        return d_xh[:, :width], d_old, xh.T @ d_z, xp.sum(d_z, axis=0)

    return LSTMStateTuple(c=c, h=o * shown), backward


# %%
def train_own(
    kernels,
    biases,
    kernel,
    bias,
    images,
    sequence_length,
    labels,
    batch_size,
    learning_rate,
):
    """Return kernels, biases, kernel, bias and losses [batch]."""
    ### BEGIN SOLUTION
    xp = array_namespace(images)
    kernels, biases, losses = list(kernels), list(biases), []
    for start in range(0, images.shape[0], batch_size):
        chosen = slice(start, start + batch_size)
        x, y = images[chosen], labels[chosen]
        n = sequence_length[chosen]

        # forward: row by row, in each row from the bottom layer up
        zeros = [
            xp.zeros(
                (batch_size, len(b) // 4),
                dtype=b.dtype,
                device=device(b),
            )
            for b in biases
        ]
        states = [LSTMStateTuple(c=zero, h=zero) for zero in zeros]
        steps = []
        for t in range(x.shape[1]):
            alive, below, backwards = (t < n)[:, None], x[:, t], []
            for k, old in enumerate(states):
                new, backward = lstm_forward(
                    below, old, kernels[k], biases[k]
                )
                states[k] = LSTMStateTuple(
                    c=xp.where(alive, new.c, old.c),
                    h=xp.where(alive, new.h, old.h),
                )
                below = new.h
                backwards.append(backward)
            steps.append((alive, backwards))

        # the loss and its gradient
        shown = states[-1].h
        p = softmax(shown @ kernel + bias)  # [batch, classes]
        classes = xp.arange(p.shape[1], device=device(p))
        right = classes[None, :] == y[:, None]
        losses.append(-xp.mean(xp.log(p[right])))
        d_logits = (p - xp.astype(right, p.dtype)) / batch_size

        # back: the last row first, in each row from the top layer down
        d_states = [LSTMStateTuple(c=zero, h=zero) for zero in zeros]
        d_states[-1] = d_states[-1]._replace(h=d_logits @ kernel.T)
        d_kernels = [0 * w for w in kernels]
        d_biases = [0 * b for b in biases]
        for alive, backwards in reversed(steps):
            d_below = 0
            for k in reversed(range(len(kernels))):
                # to the step, and past it where the row is over
                d_c, d_h = d_states[k]
                into = LSTMStateTuple(
                    c=xp.where(alive, d_c, 0 * d_c),
                    h=xp.where(alive, d_h, 0 * d_h) + d_below,
                )
                d_below, d_old, d_w, d_b = backwards[k](into)
                d_states[k] = LSTMStateTuple(
                    c=d_old.c + xp.where(alive, 0 * d_c, d_c),
                    h=d_old.h + xp.where(alive, 0 * d_h, d_h),
                )
                d_kernels[k] = d_kernels[k] + d_w
                d_biases[k] = d_biases[k] + d_b

        # one step down
        for k, (d_w, d_b) in enumerate(
            zip(d_kernels, d_biases, strict=True)
        ):
            kernels[k] = kernels[k] - learning_rate * d_w
            biases[k] = biases[k] - learning_rate * d_b
        kernel = kernel - learning_rate * (shown.T @ d_logits)
        bias = bias - learning_rate * xp.sum(d_logits, axis=0)
    return tuple(kernels), tuple(biases), kernel, bias, xp.stack(losses)
    ### END SOLUTION


check("deep.own_lstm", train_own)

# %% [markdown] tags=["solution"]
# Does it learn to read? Two layers of 24 units, the digits of the package, every other row and column of them, and each image
# cut off after 9 to 14 of its 14 rows:

# %% tags=["solution"]
rng = np.random.default_rng(0)
digits = load_digits()
small = digits.train.images[:1400, ::2, ::2]
unseen = digits.test.images[:, ::2, ::2]
rows, unseen_rows = (rng.integers(9, 15, size=n) for n in (1400, 360))

first = [LSTMCell.init(below, 24, rng=rng) for below in (14, 24)]
weights = (
    tuple(cell.kernel for cell in first),
    tuple(cell.bias for cell in first),
    0.2 * rng.standard_normal((24, 10)).astype("float32"),
    np.zeros(10, "float32"),
)
for _ in range(25):
    order = rng.permutation(1400)
    *weights, losses = train_own(
        *weights,
        small[order],
        rows[order],
        digits.train.labels[order],
        20,
        0.5,
    )

# %% [markdown] tags=["solution"]
# The weights go into the package's cells, and `dynamic_rnn` reads the images that were not seen:

# %% tags=["solution"]
kernels, biases, kernel, bias = weights
deep = MultiRNNCell(
    [LSTMCell(w, b) for w, b in zip(kernels, biases, strict=True)]
)
_, states = dynamic_rnn(deep, unseen, sequence_length=unseen_rows)
answers = (states[-1].h @ kernel + bias).argmax(axis=1)
accuracy = np.mean(answers == digits.test.labels)

# %% [markdown] tags=["solution"]
# It does: `accuracy ≥ 0.8`, though most of these images end early. The cell, the loop, the stack and all gradients were yours,
# and the package's cells understand what they have learned.

# %% [markdown] tags=["solution"]
# ## The shapes, once more
#
# Four sequences of three steps, two numbers a step, and three layers of 5, 7 and 6 units:

# %% tags=["solution"]
rng = np.random.default_rng(0)
inputs = rng.normal(size=(4, 3, 2)).astype("float32")
cells = (
    LSTMCell.init(2, 5, rng=rng),
    LSTMCell.init(5, 7, rng=rng),
    LSTMCell.init(7, 6, rng=rng),
)
zero_states = tuple(cell.zero_state(4) for cell in cells)
outputs, states = run_stack(cells, inputs, zero_states)

# %% [markdown] tags=["solution"]
# `inputs: [batch=4, time=3, input=2]` · `outputs: [batch=4, time=3, hidden=6]` · `states[0].c: [batch=4, hidden=5]` ·
# `states[1].c: [batch=4, hidden=7]` · `states[2].c: [batch=4, hidden=6]`
#
# The stack's last output is the h of its top layer: `last_output(states) == outputs[:, -1]`.
#
# `solution` shows the reference for any exercise, and why it is right:

# %% tags=["solution"]
solution("deep.step")

# %% [markdown] tags=["exercise"]
# ## When all eleven have passed
#
# `solution("deep.step")` shows the reference for an exercise, and why it is right. Compare it with yours.
