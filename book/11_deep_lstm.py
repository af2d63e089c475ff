# %% [markdown]
# # 11 · Deep LSTM
#
# One reader reads a page word by word and takes notes. A second reader sees only the notes, word by word, and takes notes of her
# own. A third reads hers. Each has a memory; none sees the memory of another. What passes from one to the next, and what stays?
#
# That is a deep LSTM. Its idea takes one line. Its shapes have confused more people than anything else in this part of the course,
# because three layers have three states of two arrays each, and only one of those six is the output.
#
# :::{admonition} What you will be able to do
# :class: tip
# - stack cells of any widths, and name the shape of every state and output of the stack;
# - say which h is the output, and which never leaves the network;
# - recognise one cell used twice where two were meant, and tell it from its parameters;
# - prove that layer by layer and step by step are the same, and say why libraries prefer the first;
# - add a second direction, a residual connection or dropout, and know what each leaves alone.
#
# **Reading** 45 minutes · **exercises** 170 minutes · **difficulty** 4 of 5 · **before** [chapter 8](08_lstm_cell.ipynb) and
# [chapter 10](10_dynamic_rnn.ipynb)
# :::
#
# ![The arrays of this chapter and their axes](_diagrams/shapes_11.svg)

# %%
from itertools import pairwise
from textwrap import fill
from time import perf_counter

import numpy as np

from rnn_course import (
    Dense,
    DropoutWrapper,
    LastStepClassifier,
    LSTMCell,
    LSTMStateTuple,
    MultiRNNCell,
    ResidualWrapper,
    ShapeError,
    adam,
    bidirectional_dynamic_rnn,
    describe,
    dynamic_rnn,
    fit,
    leaves,
    load_digits,
    parameters,
    plot,
    show_source,
    to,
)

# %% [markdown]
# ## One step, three layers
#
# The article that this course goes back to stacks layers of 100, 400 and 300 units on inputs of 128 numbers, with a batch of 10. We do
# exactly that, one step.

# %%
rng = np.random.default_rng(0)
widths = (128, 100, 400, 300)
layers = [
    LSTMCell.init(below, units, rng=rng)
    for below, units in pairwise(widths)
]
cell = MultiRNNCell(layers)

x = rng.standard_normal((10, 128)).astype("float32")
state = cell.zero_state(10)
output, new_state = cell(x, state)

# %% [markdown]
# **Predict before you read on.** The state of one LSTM is a pair. What is the state of three?
#
# It is a **tuple of three pairs**, one for each layer, bottom first:

# %%
print(describe(new_state, "new_state"))

# %% [markdown]
# `new_state[0].c: [batch=10, hidden=100]`, `new_state[1].c: [batch=10, hidden=400]`, `new_state[2].c: [batch=10, hidden=300]`, and three h of the same
# widths. You may read that stacking "adds a layer dimension" to the state. It cannot: an axis has one size for all, and 100, 400 and 300 do not fit
# side by side. (Torch does have such an axis, and so its layers are all equally wide.)
#
# The output is as wide as the top layer, `output: [batch=10, hidden=300]`. And it *is* the h of the top layer: `output == new_state[2].h`.
# The c of the top layer stays inside, and so does everything of the layers below. None of it is lost: it is all in the state, for the next step.
#
# Two more words of the article to read with care. The 128 is the size of *one step's* input; it is not "dimensions times time steps", and the
# number of steps is in no shape of this section. And the state is not `[batch, cell.state_size]`: the state size is a tree of widths.

# %%
three_pairs = tuple(
    LSTMStateTuple(c=units, h=units) for units in (100, 400, 300)
)
cell.state_size == three_pairs

# %% [markdown]
# ### Follow the x
#
# What goes up is h. The kernel of each layer is as tall as the h below plus its own h:
#
# | layer | its x | its kernel | parameters |
# |---|---|---|---|
# | 0 | the input, 128 | `layers[0].kernel: [128 + 100, 4*100]` | `parameters(layers[0]) = 91,600` |
# | 1 | h of layer 0, 100 | `layers[1].kernel: [100 + 400, 4*400]` | `parameters(layers[1]) = 801,600` |
# | 2 | h of layer 1, 400 | `layers[2].kernel: [400 + 300, 4*300]` | `parameters(layers[2]) = 841,200` |
#
# In all `parameters(cell) = 1,734,400`. The top layer has fewer units than the middle one and more parameters: its x is 400 wide.
#
# From scratch it is a loop over the layers, and the only question is what goes into x:


# %%
def stack_step(layers, x, states):
    new_states = []
    for layer, state in zip(layers, states, strict=True):
        x, new_state = layer(x, state)  # h goes up as the next x
        new_states.append(new_state)
    return x, tuple(new_states)


# %% tags=["numpy"]
our_output, our_states = stack_step(layers, x, state)
np.testing.assert_array_equal(our_output, output)
np.testing.assert_array_equal(our_states[1].c, new_state[1].c)
print("NumPy: our loop over the layers = MultiRNNCell")

# %% tags=["torch"]
torch_output, torch_states = to(cell, "torch")(
    to(x, "torch"), to(state, "torch")
)
np.testing.assert_allclose(to(torch_output), output, atol=1e-5)
np.testing.assert_allclose(
    to(torch_states)[1].c, new_state[1].c, atol=1e-5
)
print("Torch: the same")

# %% [markdown]
# A stack of cells is a cell: it has a `zero_state`, a `state_size`, a step. So everything that takes a cell takes a stack, and a stack can stand in a stack.
#
# ## Click an arrow
#
# Choose an arrow or a box. Which shape has it, and to which state does it belong? Then switch to the view over time.

# %%
from rnn_course.widgets import DeepLSTMFigure

DeepLSTMFigure(cell)

# %% [markdown]
# ## Two layers of five, over time
#
# The small example: two layers of 5 units on inputs of 3 numbers, 4 sequences of 6 steps.

# %%
small = MultiRNNCell(
    [LSTMCell.init(3, 5, rng=rng), LSTMCell.init(5, 5, rng=rng)]
)
inputs = rng.standard_normal((4, 6, 3)).astype("float32")
outputs, final = dynamic_rnn(small, inputs)

# %% [markdown]
# `outputs: [batch=4, time=6, hidden=5]`: one h a step, that of the **top** layer. The final state is two pairs, `final[0].h: [batch=4, hidden=5]` of the bottom
# layer and `final[1].h: [batch=4, hidden=5]` of the top.
#
# Here the widths agree, so a mistake raises no error. Which of the four arrays of the final state is the last output?

# %%
last = outputs[:, -1]
for name, candidate in {
    "final[0].c": final[0].c,
    "final[0].h": final[0].h,
    "final[1].c": final[1].c,
    "final[1].h": final[1].h,
}.items():
    print(f"{name}: {np.array_equal(candidate, last)}")

# %% [markdown]
# Only `outputs[:, -1] == final[1].h`. So "final_state is h" leaves out three of four arrays: there are two layers, each with a pair, and one of the four is
# what you saw. There are `parameters(small) = 400` numbers, `parameters(small.cells[0]) = 180` in the bottom layer and
# `parameters(small.cells[1]) = 220` in the top, whose x is 5 wide.
#
# Torch keeps the same numbers in other boxes: one array for all h, one for all c, with an axis of layers in front.

# %%
from rnn_course.convert import lstm_to_torch, state_from_torch

module = lstm_to_torch(small)  # torch.nn.LSTM(3, 5, num_layers=2)
torch_outputs, (h_n, c_n) = module(to(inputs, "torch"))
np.testing.assert_allclose(
    to(torch_outputs.detach()), outputs, atol=1e-6
)
back = state_from_torch((h_n.detach(), c_n.detach()))
np.testing.assert_allclose(to(back)[0].c, final[0].c, atol=1e-6)
print("torch.nn.LSTM(num_layers=2): the same outputs, the same states")

# %% [markdown]
# `h_n: [layer=2, batch=4, hidden=5]`, h first. `h_n[-1]` is the top layer. If you take `h_n[0]`, you have the bottom layer's, and nobody tells you.
#
# ## Layer by layer, or step by step?
#
# There are two orders in which to compute the boxes of the figure. *Step by step*: all layers of step 0, then all layers of step 1. *Layer by layer*: the bottom layer
# over all steps, then the next layer over all of its outputs. Each box needs the one to its left and the one below it. Both orders respect that, so they give the same:

# %%
first_outputs, first_state = dynamic_rnn(layers[0], x[:, None])
assert np.allclose(first_state.h, new_state[0].h, atol=1e-6)

below, state_0 = dynamic_rnn(small.cells[0], inputs)
above, state_1 = dynamic_rnn(small.cells[1], below)

states, by_step = small.zero_state(4), []
for t in range(6):
    h, states = small(inputs[:, t], states)
    by_step.append(h)
by_step = np.stack(by_step, axis=1)

np.testing.assert_allclose(above, by_step, atol=1e-6)
np.testing.assert_allclose(state_0.c, states[0].c, atol=1e-6)
np.testing.assert_allclose(state_1.c, states[1].c, atol=1e-6)
print("layer by layer = step by step")

# %% [markdown]
# `below: [batch=4, time=6, hidden=5]` is in memory as a whole when the second layer begins. That is the price. What do you get for it?
#
# When a layer has *all* its inputs in front of it, a good part of its work does not have to wait for the state. Split the kernel as in chapter 6, z = x W + h U + b.
# The part x W needs no h, so it can be done for all steps in **one** large product; only h U is left for the loop. Step by step this is impossible, for the x of the
# second layer is not there yet. The numbers are the same:

# %%
layer, hidden = small.cells[1], 5
W, U = layer.kernel[:5], layer.kernel[5:]
all_at_once = below.reshape(-1, 5) @ W  # all steps of all rows
all_at_once = all_at_once.reshape(4, 6, 4 * hidden)

c = h = np.zeros((4, hidden), "float32")
hoisted = []
for t in range(6):
    z = all_at_once[:, t] + h @ U + layer.bias
    i, j, f, o = np.split(z, 4, axis=1)
    i, f, o = (0.5 * np.tanh(0.5 * g) + 0.5 for g in (i, f, o))
    c = f * c + i * np.tanh(j)
    h = o * np.tanh(c)
    hoisted.append(h)
np.testing.assert_allclose(np.stack(hoisted, axis=1), above, atol=1e-6)
print("one product for all x, and h @ U in the loop: the same")

# %% [markdown]
# `all_at_once: [batch=4, time=6, gates=20]`. This is called *hoisting*, and it is what fast kernels do, this course's too. How much it gives depends on the machine. Here is the stack of the
# article over 28 steps with both orders:

# %% tags=["nbval-ignore-output", "reason:varies with the time"]
long_inputs = rng.standard_normal((10, 28, 128)).astype("float32")


def step_by_step():
    states = cell.zero_state(10)
    for t in range(28):
        h, states = cell(long_inputs[:, t], states)
    return h


def layer_by_layer():
    below = long_inputs
    for layer in layers:
        below, _ = dynamic_rnn(layer, below)
    return below[:, -1]


def best(run):
    times = []
    for _ in range(7):
        start = perf_counter()
        run()
        times.append(perf_counter() - start)
    return min(times)


ratio = best(step_by_step) / best(layer_by_layer)
print(f"step by step takes {ratio:.1f} times as long as layer by layer")

# %% [markdown]
# ## The shared-cell mistake
#
# To make two layers, many people have written `[cell] * 2`. In Python that is a list with *the same cell twice*. In the first releases of TensorFlow each layer still made weights of its own from it.
# Version 1.1 raised an error {cite}`tensorflow2017`, and later ones do what Python says: two layers, one set of weights, in silence, wherever the widths allow it. We make it on purpose:

# %%
one = LSTMCell.init(5, 5, rng=np.random.default_rng(1))
shared = MultiRNNCell([one] * 2, share_weights=True)
proper = MultiRNNCell(
    [one, LSTMCell.init(5, 5, rng=np.random.default_rng(2))]
)

# %% [markdown]
# Nothing in the shapes shows it. Both stacks have two states, and both give `[batch, 5]`. Count the numbers that are *really there*, each array once:


# %%
def distinct(tree):
    """How many numbers a tree holds, each array once."""
    arrays = {id(leaf): leaf for leaf in leaves(tree)}
    return sum(leaf.size for leaf in arrays.values())


distinct(proper), distinct(shared)

# %% [markdown]
# `distinct(proper) = 440` and `distinct(shared) = 220`. There is a second test. Fill the kernel of the bottom layer with zeros, and look whether the top one is empty too:


# %%
def top_moves(stack):
    """Does a change of the bottom layer's kernel reach the top's?"""
    bottom, top = (cell.kernel for cell in stack.cells)
    kept = bottom.copy()
    bottom[...] = 0
    moved = not top.any()
    bottom[...] = kept
    return moved


top_moves(proper), top_moves(shared)

# %% [markdown]
# This course refuses the list unless you say that you mean it:

# %%
try:
    MultiRNNCell([one] * 2)
except ValueError as error:
    print(fill(str(error), 70))

# %% [markdown]
# Sharing on purpose is a legitimate idea. Doing it without knowing costs half of your network.
#
# ## Two directions, a short cut, and noise
#
# ### Bidirectional
#
# Two cells read the same sequence from both ends; their outputs stand side by side. The next layer reads both.

# %%
forward, backward = (
    LSTMCell.init(3, 5, rng=rng),
    LSTMCell.init(3, 7, rng=rng),
)
lengths = np.array([6, 4, 1, 5])
(out_fw, out_bw), (state_fw, state_bw) = bidirectional_dynamic_rnn(
    forward, backward, inputs, sequence_length=lengths
)
both = np.concatenate([out_fw, out_bw], axis=2)

# %% [markdown]
# `both: [batch=4, time=6, hidden=5+7]`. The two states stay apart, `state_fw.h: [batch=4, hidden=5]` and `state_bw.h: [batch=4, hidden=7]`. Careful with "the last output": the backward
# cell has read everything when it arrives at step **0**, so `out_bw[:, 0] == state_bw.h`. At the last step it has seen one input only.
#
# ### Residual
#
# A deep stack is hard to train, because each layer transforms what it gets, and a gradient has to come back through all of them. A *residual connection* adds x to
# the output, so that a layer only has to learn what to change {cite}`he2016`:

# %%
show_source(ResidualWrapper.forward)

# %%
residual = ResidualWrapper(LSTMCell.init(3, 3, rng=rng))
res_outputs, res_state = dynamic_rnn(
    residual, inputs, sequence_length=lengths
)

# %% [markdown]
# `res_outputs: [batch=4, time=6, hidden=3]`; the widths have to agree. Two details. The *state* is that of the cell inside, without x: `res_state.h: [batch=4, hidden=3]` is not the last output any more. And past the end of a
# row the output is 0, not x: `res_outputs[2, 1:] == 0 * res_outputs[2, 1:]`, though `inputs[2, 1:]` is full of numbers.
#
# ### Dropout
#
# Dropout sets numbers to 0 at random while the network learns, so that no unit relies on another alone. Where to put it in a recurrent network is a question of its own. On what
# passes *between layers*, it works; on the memory, it would erase what is to be remembered {cite}`zaremba2014`.
#
# TensorFlow's argument is `keep_prob`, the probability to **keep**. Torch's `p` is the probability to **drop**. A 0.9 in the wrong place drops nine numbers of ten.

# %%
noisy = DropoutWrapper.init(
    small.cells[0], rng=np.random.default_rng(3), output_keep_prob=0.75
)
noisy_outputs, noisy_state = dynamic_rnn(noisy, inputs)
clean_outputs, clean_state = dynamic_rnn(small.cells[0], inputs)
zeros = np.mean(noisy_outputs == 0)
kept = noisy_outputs != 0

scaled = np.allclose(
    noisy_outputs[kept], clean_outputs[kept] / 0.75, atol=1e-5
)
same_state = np.allclose(noisy_state.cell.c, clean_state.c, atol=1e-6)
print("what is kept is divided by 0.75:", scaled)
print("the state has noticed nothing:  ", same_state)

# %% [markdown]
# A quarter of the outputs is 0, about: `0.1 < zeros < 0.4`. What is kept is divided by 0.75, so that the mean stays. And the state has not noticed
# anything. At the end of the scale nothing is random, and the two meanings can be set side by side:

# %%
from torch.nn.functional import dropout

all_kept = noisy._replace(output_keep_prob=1.0)
kept_outputs, _ = dynamic_rnn(all_kept, inputs)
print(
    "keep_prob = 1 leaves all: ",
    np.array_equal(kept_outputs, clean_outputs),
)
print(
    "Torch's p = 1 leaves all: ",
    bool(dropout(to(clean_outputs, "torch"), p=1.0).any()),
)

# %% [markdown]
# Dropout of the *state*, which `state_keep_prob` asks for, acts on h and never on c:

# %%
state_noise = DropoutWrapper.init(
    small.cells[0], rng=np.random.default_rng(3), state_keep_prob=0.5
)
x0 = inputs[:, 0]
_, dropped = state_noise(x0, state_noise.zero_state(4))
_, untouched = small.cells[0](x0, small.cells[0].zero_state(4))
print("zeros in h:", bool(np.any(dropped.cell.h == 0)))
print("c as ever: ", np.array_equal(dropped.cell.c, untouched.c))

# %% [markdown]
# At the end of training dropout is taken off: when the network answers, nothing is random.
#
# ## Does depth help?
#
# It is easy to make a deeper network look better, by giving it more weights. So let us give one, two and three layers the *same* budget, about 24,000 numbers, and the same
# training, on digits read row by row. Three seeds each.

# %%
budgets = {"1 × 64": (64,), "2 × 40": (40, 40), "3 × 32": (32, 32, 32)}
digits = load_digits()


def stack_of(hidden_sizes, rng):
    cells = [
        LSTMCell.init(below, units, rng=rng)
        for below, units in pairwise((28, *hidden_sizes))
    ]
    return cells[0] if len(cells) == 1 else MultiRNNCell(cells)


sizes = {
    name: parameters(stack_of(units, rng))
    for name, units in budgets.items()
}
sizes


# %%
def learn(hidden_sizes, seed):
    r = np.random.default_rng(seed)
    model = LastStepClassifier(
        stack_of(hidden_sizes, r),
        Dense.init(hidden_sizes[-1], 10, rng=r),
    )
    trained = fit(
        model,
        digits.train,
        held_out=digits.test,
        optimizer=adam(5e-3),
        epochs=6,
        batch_size=50,
        max_norm=1.0,
        rng=r,
        progress=False,
    )
    return [epoch.accuracy for epoch in trained.history]


learned = {
    name: np.array([learn(units, seed) for seed in range(3)])
    for name, units in budgets.items()
}

# %% tags=["nbval-ignore-output", "reason:varies between processors because training amplifies rounding"] mystnb={"image": {"alt": "Accuracy against the epoch for one, two and three layers with equal numbers of parameters. All rise above 0.85 in six epochs. Three layers are behind in the first epochs."}}
plot.curves(
    {name: runs.mean(axis=0) for name, runs in learned.items()},
    "With equal budgets, depth is no gift on this task",
    "epoch",
    "accuracy, mean ± std of 3 seeds",
    x=range(1, 7),
    spread={name: runs.std(axis=0) for name, runs in learned.items()},
)

# %%
ends = {name: runs[:, -1].mean() for name, runs in learned.items()}
flat, two, three = ends.values()
early_gap = (
    learned["1 × 64"][:, 1].mean() - learned["3 × 32"][:, 1].mean()
)

# %% [markdown]
# All three learn, `min(ends.values()) ≥ 0.8`. Three layers start more slowly, `early_gap > 0`: the gradient has a longer way. After six epochs one and two layers are about equal, `abs(flat - two) < 0.05`. Reading a
# digit of 28 rows is simply not a task that needs levels of notes on notes. Other tasks do: on speech, {cite:t}`graves2013` found depth to matter more than the size of the layers. The honest rule: begin with one
# layer, and add one when you can measure that it helps.
#
# ## What goes wrong in practice
#
# Three mistakes you have seen on this page: one cell used twice, the bottom layer's state taken for the top's, and keep and drop mixed up. One more: **the states of a stack in the wrong order, or
# of the wrong stack**. Here is a state with its layers turned round:

# %%
try:
    cell(x, state[::-1])
except ShapeError as error:
    print(fill(str(error), 70))

# %% [markdown]
# With equal widths there would be no error. Test with widths that differ, as the article did.
#
# ## The shapes of this page
#
# | what | shape |
# |---|---|
# | input of a step | `x: [batch=10, input=128]` |
# | output of the stack | `output: [batch=10, hidden=300]` |
# | memory of layer 0, 1, 2 | `new_state[0].c: [10, 100]`, `new_state[1].c: [10, 400]`, `new_state[2].c: [10, 300]` |
# | outputs over time | `outputs: [batch=4, time=6, hidden=5]` |
# | final states | `final[0].c: [4, 5]`, `final[0].h: [4, 5]`, `final[1].c: [4, 5]`, `final[1].h: [4, 5]` |
# | Torch's states | `h_n: [layer=2, batch=4, hidden=5]`, `c_n: [layer=2, batch=4, hidden=5]` |
# | both directions | `both: [batch=4, time=6, hidden=12]` |
#
# ## Test yourself
#
# Predict each shape before you choose.

# %%
from rnn_course.widgets import ShapeQuiz

ShapeQuiz("11")

# %% [markdown]
# And two without choices. Decide first, then open.
#
# <details><summary>You add a fourth layer of 50 units on top of 100, 400, 300. What changes in the three below?</summary>
#
# Nothing: no shape, no weight, no state. The output is 50 wide now, and the new kernel is `[300 + 50, 4·50]`.
#
# </details>
#
# <details><summary>Your read-out should see the h of all layers. Where do you get them at every step?</summary>
#
# Not from `outputs`, which are the top layer's. Run layer by layer, keep the outputs of each, and concatenate them along the last axis.
#
# </details>
#
# ## Exercises
#
# They are in [their own notebook](../exercises/11_deep_lstm.ipynb). The last two put everything of this part together: you train a deep LSTM on digits, and in the end the cell, the loop, the stack and the gradients are all your own. A check answers at once and
# knows the usual mistakes. [Solutions](../solutions/11_deep_lstm.ipynb) are there too.

# %%
from rnn_course.checks import EXERCISES
from rnn_course.checks.catalogue import chapter_of

for number, exercise in enumerate(
    (e for e in EXERCISES.values() if chapter_of(e.name) == "11"),
    start=1,
):
    print(
        f"{number:2}. {exercise.title:42} difficulty"
        f" {exercise.difficulty} of 5, {exercise.minutes} minutes"
    )

# %% [markdown]
# ## What you can do now
#
# - Draw a stack of any widths, and write the shape on every arrow.
# - Find the output among the states, in this course and in Torch.
# - Tell two layers from one layer used twice.
# - Say why layer by layer is faster, and what it costs.
# - Ask of a deeper network whether it is better, or only larger.
#
# ## Further reading
#
# - {cite:t}`graves2013` stack bidirectional LSTMs for speech, and measure what each layer brings.
# - {cite:t}`zaremba2014` show where dropout belongs in a recurrent network.
# - {cite:t}`he2016` introduced residual connections, for images.
# - {cite:t}`schuster1997` are the source of bidirectional networks.
#
# Next: [chapter 12](12_reading_digits_row_by_row.ipynb) lets all networks of this course read the same digits.
