# %% [markdown]
# # 6 · Time steps
#
# Cover a digit with a sheet of paper and pull the sheet down, row by row. You see one row at a time, and the rows that you
# have seen are gone. What do you have to keep in mind, so that you can name the digit at the end?
#
# A dense network keeps nothing. Hand it row 14, and it answers for row 14. A recurrent network writes itself a short note
# after each row, and reads the note together with the next row. That is the whole idea. This chapter writes it down in one
# line, checks the line by hand, and lets such a network learn something that it could not learn without its note.
#
# :::{admonition} What you will be able to do
# :class: tip
# - compute a step of a recurrent network by hand, and write it in one line;
# - say what the state is, why the output of a basic cell is its state, and what a read-out adds;
# - run a cell over a batch of sequences, and tell the axes batch, time, input and hidden apart at every place;
# - recognise three mistakes that raise no error: axes swapped, a state not carried, a state carried too far.
#
# **Reading** 45 minutes · **exercises** 95 minutes · **difficulty** 2 of 5 · **before** [chapter 1](01_one_batch_three_views.ipynb)
# :::
#
# ![The arrays of this chapter and their axes](_diagrams/shapes_06.svg)

# %%
from textwrap import fill

import numpy as np

from rnn_course import (
    BasicRNNCell,
    Dense,
    LastStepClassifier,
    ShapeError,
    accuracy,
    adam,
    dynamic_rnn,
    fit,
    load_digits,
    mlp,
    parameters,
    plot,
    show_source,
    to,
)
from rnn_course.data.splits import Split

digits = load_digits()
train_set, test_set = digits.train, digits.test

# %% [markdown]
# ## One row is not enough
#
# Among the digits to learn from there are two whose middle rows are nearly the same. Row 14 of the one differs from row 14
# of the other by less than 0.02 in every pixel.

# %% mystnb={"image": {"alt": "Four pictures. Left a handwritten 8 and a handwritten 1. Right row 14 of each, drawn as a band: a short dark stroke in the middle. The two bands look the same."}}
pair = train_set.images[[31, 798]]
bands = np.repeat(pair[:, 14:15], 28, axis=1)  # row 14, drawn tall
plot.images(
    [*pair, *bands],
    [
        *(
            f"label {label}, all rows"
            for label in train_set.labels[[31, 798]]
        ),
        "its row 14",
        "its row 14",
    ],
    "Two digits, and the one row that both share",
)

# %% [markdown]
# `abs(pair[0, 14] - pair[1, 14]).max() < 0.02`. A network that sees this row and nothing else has to give an 8 and a 1
# nearly the same answer. It is not a bad network; the answer is not in the row. It is in the rows before.
#
# So a batch of digits goes in as a sequence: `pair: [batch=2, time=28, input=28]`. Step t brings row t of both,
# `pair[:, 14]: [batch=2, input=28]`. And between the steps something has to stay.
#
# ## A note to oneself
#
# Start with one number a step and a note of one number. The note is called the *state*, h. At each step
#
# $$h' = \tanh(1 \cdot x + 0.5 \cdot h).$$
#
# The new note is made from what comes in and from *half the old note*. The tanh keeps it between −1 and 1. There is nothing in the note
# at first, h = 0. Now a single 1 arrives, and then silence:
#
# | step | x | old h | x + 0.5 h | new h |
# |---|---|---|---|---|
# | 0 | 1 | 0 | 1 | tanh 1 = 0.76 |
# | 1 | 0 | 0.76 | 0.38 | tanh 0.38 = 0.36 |
# | 2 | 0 | 0.36 | 0.18 | tanh 0.18 = 0.18 |
#
# Check it with a calculator, or so:


# %%
def run(inputs, h=0.0):
    notes = []
    for x in inputs:
        h = np.tanh(1 * x + 0.5 * h)
        notes.append(round(float(h), 2))
    return notes


heard, silent = run([1, 0, 0]), run([0, 0, 0])
heard, silent

# %% [markdown]
# At step 2 both sequences bring the same input, 0. One network answers 0.18, the other 0. They are the same network. The
# difference is what it remembers: an echo of something that came two steps before, and that gets fainter with each step.
#
# ## Many numbers: one product
#
# Let x and h be rows of several numbers. Put them side by side, `[x, h]`, and let a dense layer make the new h of them:
#
# $$h' = \tanh([x, h] \; \mathrm{kernel} + \mathrm{bias}).$$
#
# That is all there is in a `BasicRNNCell` {cite}`elman1990`. It *is* a dense layer, and its input holds, besides x, its own
# previous state. One step by hand, with one input and two units:
#
# $$\begin{gathered} {} [x, h] = [\,2,\; 0.5,\; {-1}\,], \\
# \mathrm{kernel} = \begin{bmatrix} 0.5 & -1 \\ 1 & 2 \\ 0.5 & 1 \end{bmatrix}, \quad
# \mathrm{bias} = [\,0,\; 1\,] \end{gathered}$$
#
# Unit 0: 2 · 0.5 + 0.5 · 1 − 1 · 0.5 + 0 = **1**. Unit 1: 2 · (−1) + 0.5 · 2 − 1 · 1 + 1 = **−1**. So the new state is
# [tanh 1, tanh −1] = [0.76, −0.76].


# %%
def rnn_step(x, h, kernel, bias):
    xh = np.concatenate([x, h], axis=1)  # [batch, input + hidden]
    return np.tanh(xh @ kernel + bias)  # [batch, hidden]


x, h = np.array([[2.0]]), np.array([[0.5, -1.0]])
kernel = np.array([[0.5, -1.0], [1.0, 2.0], [0.5, 1.0]])
bias = np.array([0.0, 1.0])

new_h = rnn_step(x, h, kernel, bias)
new_h.round(2)

# %% [markdown]
# Read the shapes aloud: `x: [batch=1, input=1]` and `h: [batch=1, hidden=2]` stand side by side, three numbers wide. So the kernel
# has three rows, `kernel: [input+hidden=1+2, hidden=2]`, and the product is as wide as the state, `new_h: [batch=1, hidden=2]`.
#
# ### One matrix or two?
#
# Other books write two matrices, $x W + h U + b$. It is the same. Call the upper rows of the kernel W (they meet x) and the
# lower rows U (they meet h). Then, for each unit, the sum over all rows is the sum over the upper rows plus the sum over the
# lower rows:
#
# $$[x, h] \begin{bmatrix} W \\ U \end{bmatrix} = x W + h U.$$
#
# In numbers, with sizes that all differ, so that no wrong axis can pass unseen:

# %%
rng = np.random.default_rng(0)
some_x, some_h = (
    rng.standard_normal((4, 3)),
    rng.standard_normal((4, 5)),
)
some_kernel = rng.standard_normal((3 + 5, 5))
W, U = some_kernel[:3], some_kernel[3:]

together = np.concatenate([some_x, some_h], axis=1) @ some_kernel
apart = some_x @ W + some_h @ U
np.testing.assert_allclose(together, apart, rtol=1e-12)
print("[x, h] @ kernel = x @ W + h @ U")

# %% [markdown]
# `W: [input=3, hidden=5]` and `U: [hidden=5, hidden=5]`. Only U is square: it takes a state to a state. Which of the two is
# faster depends on the sizes; chapter 8 measures such a choice. The order is a convention: this course and TensorFlow 1 put x first. If you
# exchange the two, every shape still fits, and the numbers are wrong.
#
# ## Over time: the same cell again and again
#
# For a sequence, repeat the step. The state goes from step to step, and everything else stays: the same kernel, the same
# bias.


# %%
def rnn(inputs, h, kernel, bias):
    outputs = []
    for t in range(inputs.shape[1]):
        h = rnn_step(inputs[:, t], h, kernel, bias)
        outputs.append(h)
    # outputs [batch, time, hidden], final state [batch, hidden]
    return np.stack(outputs, axis=1), h


# %% [markdown]
# To see it, we need a digit that is small enough to read. Here is a 7, averaged over blocks of pixels: six rows of three
# numbers, left, middle and right.

# %% mystnb={"image": {"alt": "Left a handwritten 7 of 28 by 28 pixels. Right the same 7 as 6 rows of 3 grey blocks: dark at the top right, then a dark stroke to the lower left."}}
seven = train_set.images[np.flatnonzero(train_set.labels == 7)[0]]
small = seven[2:26, 5:23].reshape(6, 4, 3, 6).mean(axis=(1, 3))
plot.images(
    [seven, small],
    ["28 rows of 28", "6 rows of 3"],
    "A 7, and what is left of it on a coarse grid",
)

# %% [markdown]
# The cell has two units, with weights made by hand. Unit 0 adds what is on the right and takes off what is on the left, so it
# remembers *on which side the ink was*. Unit 1 listens to the middle. Both take 0.8 of their old value into the new sum.

# %%
from rnn_course.widgets import UnrolledRNN

side = BasicRNNCell(
    kernel=np.array(
        [[-1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.8, 0.0], [0.0, 0.8]]
    ),
    bias=np.array([0.0, -0.5]),
)
side_outputs, _ = rnn(
    small[None], np.zeros((1, 2)), side.kernel, side.bias
)
UnrolledRNN(side, small)

# %% [markdown]
# The picture shows the cell once for each step. That is called *unrolled*. There are six drawings, but one cell:
# `parameters(side) = 12`, however long the sequence is. Now try three things.
#
# 1. Follow one number: the new h of step 0 leaves upward as the output, and to the right it is the old h of step 1. Unit 0
#    climbs to 0.81, `0.80 < side_outputs[0, 2, 0] < 0.82`, while the ink is on the right, and falls when the stroke of the 7 goes left.
# 2. Go to step 3 and change an input. Which numbers change? All from step 3 on, and none before: an RNN does not see the
#    future.
# 3. Set the inputs of the last step to 0. The final state still knows that the ink came from the right.
#
# ## The package's cell
#
# `BasicRNNCell` is our step with names for its weights. This is its source, with a way back that chapter 7 explains:

# %%
show_source(BasicRNNCell.forward)

# %% [markdown]
# `dynamic_rnn` is our loop. A cell of 16 units reads five digits, in NumPy and in Torch. Both tabs start from the same weights.

# %%
rows = train_set.images[:5]
cell = BasicRNNCell.init(28, 16, rng=np.random.default_rng(0))

# %% tags=["numpy"]
outputs, state = dynamic_rnn(cell, rows)
print(type(outputs).__name__, outputs.shape, state.shape)

# %% tags=["torch"]
torch_outputs, torch_state = dynamic_rnn(
    to(cell, "torch"), to(rows, "torch")
)
print(
    type(torch_outputs).__name__,
    tuple(torch_outputs.shape),
    tuple(torch_state.shape),
)

# %% [markdown]
# `rows: [batch=5, time=28, input=28]` go in. One output a step comes out, `outputs: [batch=5, time=28, hidden=16]`, and one state a
# digit, `state: [batch=5, hidden=16]`. Are they what we wrote from scratch? And what `torch.nn.RNN` computes?

# %%
from rnn_course.convert import basic_rnn_to_torch

our_outputs, our_state = rnn(
    rows, np.zeros((5, 16), "float32"), cell.kernel, cell.bias
)
module = basic_rnn_to_torch(cell)  # a torch.nn.RNN
their_outputs, _ = module(to(rows, "torch"))
torch_parameters = sum(p.numel() for p in module.parameters())

for name, other in {
    "from scratch": our_outputs,
    "Torch tensors": to(torch_outputs),
    "torch.nn.RNN": to(their_outputs.detach()),
}.items():
    np.testing.assert_allclose(other, outputs, atol=1e-5)
    print(f"{name}: the same outputs")
np.testing.assert_allclose(our_state, state, atol=1e-5)

# %% [markdown]
# `torch.nn.RNN` keeps W and U apart and transposed, and it has two biases that are only ever added. Our cell learns
# `parameters(cell) = 720` numbers, 44 · 16 + 16. Torch's has 16 more for the second bias, `torch_parameters == 736`. Nothing else differs.
#
# ## The output is the state
#
# At a step, a cell gives two things: an *output* for whoever stands above, and a *new state* for the next step. In a basic cell the
# two are the same array, and so they have the same width:

# %%
output, new_state = cell(rows[:, 0], cell.zero_state(5))
print("output is the new state:", np.array_equal(output, new_state))
print("state_size", cell.state_size, "= output_size", cell.output_size)

# %% [markdown]
# So the last output is the final state, `outputs[:, -1] == state`. It is so for this cell, and only where no row is
# padded; an LSTM keeps a second array in its state that it never puts out (chapter 8).
#
# This has a price. The 16 numbers have to serve two masters: they are the memory, and they are the answer. To name one of ten
# digits we need ten numbers, and there is no reason why a good memory should look like ten scores. A *read-out* takes that load
# off: a dense layer on top of the state, with weights of its own.

# %%
read_out = Dense.init(16, 10, rng=np.random.default_rng(1))
logits = read_out(outputs[:, -1])
after_each_row = read_out(outputs)

# %% [markdown]
# `logits: [batch=5, classes=10]` is one answer a digit, after the last row. The same read-out works on every step,
# `after_each_row: [batch=5, time=28, classes=10]`, because a dense layer leaves all axes but the last where they are.
# `LastStepClassifier(cell, read_out)` of the package is the first of the two.
#
# ## Its own state, not the previous input
#
# You may read somewhere that a recurrent network gets "the current input and the previous one". That would be a much weaker
# thing: a dense network with a window of two. Two sequences show the difference. They agree in the last two inputs, and differ
# in the first.

# %%
one = np.array([[[1.0], [0.0], [0.0]]])
two = np.array([[[0.0], [0.0], [0.0]]])
echo = BasicRNNCell(kernel=np.array([[1.0], [0.5]]), bias=np.zeros(1))

window = [np.tanh(s[:, 2] + 0.5 * s[:, 1]).item() for s in (one, two)]
memory = [dynamic_rnn(echo, s)[1].item() for s in (one, two)]
print("window of two inputs:", np.round(window, 2).tolist())
print("a state:             ", np.round(memory, 2).tolist())

# %% [markdown]
# `one: [batch=1, time=3, input=1]`. The window gives both the same number. It cannot do otherwise. The state has passed through every step,
# so a trace of every input is in it.
#
# ## A task that needs a memory
#
# Now let a network learn to remember. We take every fourth row of a digit, seven rows, and replace the first one: it is blank but for a
# mark at one of four places. Six rows of handwriting follow. Then comes the question: **where was the mark?** The handwriting has
# nothing to do with the answer. It is only there to be in the way.


# %%
def marked(split, rng):
    images = split.images[:, ::4].copy()  # 7 of the 28 rows
    place = rng.integers(4, size=len(images))
    images[:, 0] = np.arange(28) // 7 == place[:, None]
    return Split(images, place)


rng = np.random.default_rng(0)
marked_train, marked_test = (
    marked(train_set, rng),
    marked(test_set, rng),
)

# %% mystnb={"image": {"alt": "Four pictures of 7 rows and 28 columns. The first row holds a black bar in the first, second, third or fourth quarter; below it is a coarse digit."}}
shown = [
    np.flatnonzero(marked_train.labels == place)[0]
    for place in range(4)
]
plot.images(
    [np.repeat(marked_train.images[k], 4, axis=0) for k in shown],
    [f"answer {place}" for place in range(4)],
    "Where was the mark? Each row is drawn four times as tall",
)

# %% [markdown]
# `marked_train.images: [example=1437, time=7, input=28]`. First a dense network that sees one row, the last one, when the question comes:


# %%
def last_row(split):
    return Split(split.images[:, -1], split.labels)


no_memory = fit(
    mlp((28, 64, 4), rng=np.random.default_rng(0)),
    last_row(marked_train),
    optimizer=adam(3e-3),
    epochs=8,
    batch_size=50,
    rng=np.random.default_rng(1),
    held_out=last_row(marked_test),
)
guessing = accuracy(no_memory.model, last_row(marked_test))

# %% [markdown]
# On digits that it has not seen, it is right in about one of four cases, `guessing ≤ 0.35`. It guesses, and more training will
# not help. Now a recurrent network with 32 units and a read-out. It sees the mark at its first step, and then has to hold on
# to it through six rows of ink.

# %%
r = np.random.default_rng(0)
untrained = LastStepClassifier(
    BasicRNNCell.init(28, 32, rng=r), Dense.init(32, 4, rng=r)
)
how = {"epochs": 8, "batch_size": 50}

# %% tags=["numpy"]
trained = fit(
    untrained,
    marked_train,
    held_out=marked_test,
    optimizer=adam(3e-3),
    rng=np.random.default_rng(1),
    **how,
)
remembers = accuracy(trained.model, marked_test)
print("accuracy at least 0.95:", remembers >= 0.95)

# %% tags=["torch"]
torch_trained = fit(
    to(untrained, "torch"),
    to(marked_train, "torch"),
    held_out=to(marked_test, "torch"),
    optimizer=adam(3e-3),
    rng=np.random.default_rng(1),
    **how,
)
torch_remembers = accuracy(
    torch_trained.model, to(marked_test, "torch")
)
print("accuracy at least 0.95:", torch_remembers >= 0.95)

# %% [markdown]
# `remembers ≥ 0.95` and `torch_remembers ≥ 0.95`. NumPy went back through time with the gradients of chapter 7, written by hand;
# Torch found its own by autograd.

# %% mystnb={"image": {"alt": "Training loss and accuracy over 8 epochs. The dense network on the last row stays at a quarter of right answers. The recurrent network is at 1 after the first epochs."}}
plot.learning_curves(
    {
        "dense, last row": no_memory.history,
        "RNN, row by row": trained.history,
    },
    "From the last row alone it is a guess; a state remembers the first",
)

# %% [markdown]
# To be fair: a dense network that sees *all seven rows at once*, 196 numbers, can do this task too.

# %%
all_at_once = fit(
    mlp((7 * 28, 32, 4), rng=np.random.default_rng(0)),
    marked_train,
    optimizer=adam(3e-3),
    rng=np.random.default_rng(1),
    **how,
).model
sees_all = accuracy(all_at_once, marked_test)
print("accuracy at least 0.95:", sees_all >= 0.95)

# %% [markdown]
# `sees_all ≥ 0.95`. But it has weights for exactly seven rows, and takes no eighth. The RNN has the same weights for any number.

# %%
recurrent = trained.model
longer = np.concatenate(
    [marked_test.images, test_set.images[:, 2::8]], axis=1
)
logits_of_longer = recurrent(longer)
try:
    all_at_once(longer)
except ShapeError as error:
    print(fill(f"dense: {error}", 70))
print("dense", parameters(all_at_once), "RNN", parameters(recurrent))

# %% [markdown]
# `longer: [example=360, time=11, input=28]` goes through the RNN as it is, `logits_of_longer: [example=360, classes=4]`. The dense
# network on seven rows has `parameters(all_at_once) = 6,436`, the RNN `parameters(recurrent) = 2,084`. Whether the RNN is still *right*
# after eleven rows is another question: nothing in its training asked for that. Remembering over a long time is hard for this
# cell. Chapter 7 shows why, and chapter 8 what helps.
#
# ## The article, with its slips put right
#
# This course goes back to an article of the TensorFlow 1 days. It made many people understand recurrent cells. Four of its remarks
# about the basic cell are better said otherwise, and each can be checked.
#
# **"The batch size is the length of the input."** It is the number of sequences that are read together. The length is the time axis,
# and no weight and no state knows it.

# %%
for batch, time in ((5, 28), (5, 7), (2, 28)):
    o, s = dynamic_rnn(cell, train_set.images[:batch, :time])
    print(f"batch {batch}, length {time:2}: state {list(s.shape)}")

try:
    cell(rows[:, 0], cell.zero_state(28))  # 28 is the length
except ShapeError as error:
    print(fill(str(error), 70))

# %% [markdown]
# **"The state is `[batch, cell.state_size]`."** True for this cell, and only for this kind. `cell.state_size == 16`, and
# `cell.zero_state(5): [batch=5, hidden=16]`. For an LSTM `state_size` is a pair, and the state is a pair of arrays.
#
# **`cell.call(x, h)`.** In later releases of TensorFlow 1 a cell has no weights when you make it, because it does not know the
# width of x yet. `cell(x, h)` makes them at the first step and then calls `call`. Whoever calls `call` directly goes past that. The
# protocol in a few lines:


# %%
class LazyCell:
    """Makes its weights at the first step, as TensorFlow 1 does."""

    def __init__(self, num_units):
        self.num_units = num_units

    def build(self, input_size):
        self.made = BasicRNNCell.init(
            input_size, self.num_units, rng=np.random.default_rng(0)
        )

    def call(self, x, h):
        return self.made(x, h)

    def __call__(self, x, h):
        if not hasattr(self, "made"):
            self.build(x.shape[1])
        return self.call(x, h)


first_rows, zeros = rows[:, 0], np.zeros((5, 16), "float32")
try:
    LazyCell(16).call(first_rows, zeros)
except AttributeError as error:
    print("call:", error)
lazy_output, _ = LazyCell(16)(first_rows, zeros)

# %% [markdown]
# `cell(x, h)` works, `lazy_output: [batch=5, hidden=16]`. A cell of this course has its weights from the start, since its
# initialiser is told both sizes: `BasicRNNCell.init(28, 16, rng=rng)`.
#
# **The same input at every step.** The article's example feeds x1 = x2 = x3. Then nobody notices if time runs the wrong way:

# %%
constant = np.repeat(rows[:, 10:11], 3, axis=1)
varying = rows[:, 10:13]
for name, sequence in {
    "constant": constant,
    "varying": varying,
}.items():
    forward = dynamic_rnn(cell, sequence)[1]
    backward = dynamic_rnn(cell, sequence[:, ::-1])[1]
    print(
        f"{name}: reversed in time, the same state:",
        np.allclose(forward, backward),
    )

# %% [markdown]
# Test with inputs that vary over time.
#
# ## What goes wrong in practice
#
# None of the following raises an error. Each of them costs somebody an afternoon.
#
# ### Time and batch swapped
#
# Hand a time-major array `[time, batch, input]` to code that expects `[batch, time, input]`. A digit has 28 rows of 28, so nothing
# complains. But now "step 1" of a sequence is *another digit*, and the digits leak into each other. The test is cheap: change one
# digit, and look whether the results of another one move.

# %%
other_rows = rows.copy()
other_rows[1] = train_set.images[9]  # another digit in place 1


def moved(run):
    """Which digits' results change when digit 1 is exchanged?"""
    before, after = run(rows), run(other_rows)
    return [
        k for k in range(5) if not np.array_equal(before[k], after[k])
    ]


batch_major = moved(lambda images: dynamic_rnn(cell, images)[0])
swapped = moved(
    lambda images: dynamic_rnn(cell, images.swapaxes(0, 1))[0].swapaxes(
        0, 1
    )
)
time_major = moved(
    lambda images: dynamic_rnn(
        cell, images.swapaxes(0, 1), time_major=True
    )[0].swapaxes(0, 1)
)
print("right:             ", batch_major)
print("swapped:           ", swapped)
print("time_major=True:   ", time_major)

# %% [markdown]
# Swapped, every digit from 1 on has changed. If the array is time-major, say so: `time_major=True`.
#
# ### The state not carried
#
# A loop that hands the initial state to every step looks right and runs. It has made a dense network of your RNN. We give the
# *trained* network such a loop:


# %%
def forgetful(images):
    h = recurrent.cell.zero_state(len(images))
    for t in range(images.shape[1]):
        output, _ = recurrent.cell(images[:, t], h)  # h stays 0
    return recurrent.readout(output)


forgotten = np.mean(
    forgetful(marked_test.images).argmax(axis=1) == marked_test.labels
)

# %% [markdown]
# It is back to guessing, `forgotten ≤ 0.4`, with the very weights that got `remembers ≥ 0.95`. The underscore in
# `output, _ = …` has swallowed the state.
#
# ### The state carried too far
#
# The opposite: one batch is done, and the next one starts with the state that is left. Its results then depend on what was
# computed before, so the same digit gets different answers on different days.

# %%
first, second = train_set.images[:5], train_set.images[5:10]
_, left_over = dynamic_rnn(cell, first)
fresh, _ = dynamic_rnn(cell, second)
stale, _ = dynamic_rnn(cell, second, initial_state=left_over)
gap = np.abs(fresh - stale).max(axis=(0, 2))  # at each step
print("differs at step 0:", gap[0] > 0.1)

# %% [markdown]
# A new sequence starts from `zero_state`. Only where the next batch *goes on* with the same sequences, a long text in pieces, the state
# is handed over on purpose (chapters 7 and 13).
#
# ## The shapes of this page
#
# | what | shape | changes with time? |
# |---|---|---|
# | a batch of sequences | `rows: [batch=5, time=28, input=28]` | – |
# | the input of one step | `rows[:, 0]: [batch=5, input=28]` | yes |
# | kernel | `cell.kernel: [input+hidden=28+16, hidden=16]` | no, one for all steps |
# | bias | `cell.bias: [hidden=16]` | no |
# | state | `state: [batch=5, hidden=16]` | yes |
# | outputs of all steps | `outputs: [batch=5, time=28, hidden=16]` | – |
# | read-out, last step | `logits: [batch=5, classes=10]` | – |
# | read-out, every step | `after_each_row: [batch=5, time=28, classes=10]` | – |
#
# ## Test yourself
#
# Predict each shape before you choose.

# %%
from rnn_course.widgets import ShapeQuiz

ShapeQuiz("06")

# %% [markdown]
# And three without choices. Decide first, then open.
#
# <details><summary>You double the length of all sequences. How many parameters more?</summary>
#
# None. The same kernel serves every step. Only the work doubles, and the outputs: one more for each step.
#
# </details>
#
# <details><summary>All numbers of U are 0. What is left of the RNN?</summary>
#
# A dense layer with a tanh, applied to each step on its own. It remembers nothing.
#
# </details>
#
# <details><summary>Is the mark of the first row in the state after step 6 as it was?</summary>
#
# No. A state is not a store of inputs. Each step mixes the old state with the new input and squeezes the result through a tanh. The network
# has *learned* weights for which a trace survives that the read-out can tell apart.
#
# </details>
#
# ## Exercises
#
# They are in [their own notebook](../exercises/06_time_steps.ipynb). A check answers at once and knows the usual mistakes.
# [Solutions](../solutions/06_time_steps.ipynb) are there too. The last two belong to chapter 7 as well: try them now, or come
# back.

# %%
from rnn_course.checks import EXERCISES
from rnn_course.checks.catalogue import chapter_of

for number, exercise in enumerate(
    (e for e in EXERCISES.values() if chapter_of(e.name) == "06"),
    start=1,
):
    print(
        f"{number:2}. {exercise.title:42} difficulty"
        f" {exercise.difficulty} of 5, {exercise.minutes} minutes"
    )

# %% [markdown]
# ## What you can do now
#
# - Compute a step by hand: `[x, h]`, one product, one bias, one tanh.
# - Say which of kernel, bias, state and output depend on the batch, on time, on neither.
# - Run a cell over a sequence, read its final state, and put a read-out on it.
# - Test a recurrent network for leaks: change one example, and see whether another one moves.
#
# ## Further reading
#
# - {cite:t}`elman1990` introduced this cell, and shows what its state learns from a stream of words.
# - {cite:t}`goodfellow2016`, chapter 10, draws the unrolled graph in many variants.
# - {cite:t}`abadi2016` describe TensorFlow, whose first version gave `BasicRNNCell` and `dynamic_rnn` their names.
#
# Next: the loss comes after the last step, and the mistake was made at the first. [Chapter 7](07_backprop_through_time.ipynb)
# follows the gradient back through time.
