# %% [markdown]
# # 10 · Dynamic RNN
#
# Four sentences come in at once. One has three words, one has a single word, one was lost on the way and has none. You want one
# call that reads them all, one answer for each, and no answer that depends on the emptiness after the last word.
#
# In TensorFlow 1 that call was `dynamic_rnn`. Its rules are still the clearest there are, and this course keeps them. They fit on a
# slip of paper, and most bugs in recurrent code come from somebody who holds another slip.
#
# :::{admonition} What you will be able to do
# :class: tip
# - run a cell over a batch of sequences, and name the shape of every output and state, in both layouts;
# - say when the last output is the final state, and when it is not;
# - handle sequences of different lengths from end to end: padding, mask, loss, last valid output;
# - prove that what stands in the padding changes nothing, and read a sequence that does not fit into memory.
#
# **Reading** 50 minutes · **exercises** 115 minutes · **difficulty** 3 of 5 · **before** [chapter 6](06_time_steps.ipynb) and
# [chapter 8](08_lstm_cell.ipynb)
# :::
#
# ![The arrays of this chapter and their axes](_diagrams/shapes_10.svg)

# %%
from textwrap import fill
from time import process_time
from typing import Any, NamedTuple

import numpy as np

from rnn_course import (
    BasicRNNCell,
    Dense,
    LSTMCell,
    LSTMStateTuple,
    ShapeError,
    adam,
    bidirectional_dynamic_rnn,
    dynamic_rnn,
    dynamic_rnn_forward,
    load_digits,
    plot,
    sequence_mask,
    show_source,
    softmax_cross_entropy,
    softmax_cross_entropy_forward,
    static_rnn,
    to,
    train,
    unroll,
)

# %% [markdown]
# ## The article's example
#
# The article that this course goes back to has a small example, and it is a good one: 3 steps, a batch of 4, inputs of 3 numbers, an
# LSTM of 5 units. The steps come first: the layout is *time-major*.

# %%
x = np.array(
    [[1, 2, 3], [4, 5, 6], [7, 8, 9], [1, 0, 1]], dtype="float32"
)
X = np.stack([x, x, x])  # x1 = x2 = x3
cell = LSTMCell.init(3, 5, rng=np.random.default_rng(0))
outputs, final_state = dynamic_rnn(
    cell, X, initial_state=cell.zero_state(4), time_major=True
)

# %% [markdown]
# **Predict before you read on.** Which shape have the outputs? What is the final state: one array, two, three?
#
# The inputs are `X: [time=3, batch=4, input=3]`. The outputs are `outputs: [time=3, batch=4, hidden=5]`: at each step one h for each sequence. The
# final state is *not* the last output. It is the pair of both memories after the last step, `final_state.c: [batch=4, hidden=5]` and
# `final_state.h: [batch=4, hidden=5]`. Of the pair, h is what you saw last: `outputs[2] == final_state.h`. So a sentence like "final_state is
# just h3" is half true. If you keep only h3, you lose c3.
#
# And the batch size is 4, the number of sequences. It is not "the length of the input": that is 3, and it is in no state.
#
# ### And now with inputs that change
#
# In that example the three steps bring the same x. Then a loop that reads time backwards, or reads step 0 three times, gives the same numbers. We
# use inputs that vary, from here on, and sizes that are all different: 6 steps, a batch of 4, 3 inputs, 5 units.

# %%
rng = np.random.default_rng(1)
inputs = rng.standard_normal((4, 6, 3)).astype("float32")
basic = BasicRNNCell.init(3, 5, rng=rng)

# batch-major
rnn_outputs, rnn_state = dynamic_rnn(basic, inputs)
lstm_outputs, lstm_state = dynamic_rnn(cell, inputs)

# time-major
steps = inputs.swapaxes(0, 1)
rnn_outputs_t, rnn_state_t = dynamic_rnn(basic, steps, time_major=True)
lstm_outputs_t, lstm_state_t = dynamic_rnn(cell, steps, time_major=True)

# %% [markdown]
# Two cells, two layouts, four rows. Cover the right side and say them aloud.
#
# | cell, layout | inputs | outputs | final state |
# |---|---|---|---|
# | basic, batch-major | `inputs: [batch=4, time=6, input=3]` | `rnn_outputs: [batch=4, time=6, hidden=5]` | `rnn_state: [batch=4, hidden=5]` |
# | basic, time-major | `steps: [time=6, batch=4, input=3]` | `rnn_outputs_t: [time=6, batch=4, hidden=5]` | `rnn_state_t: [batch=4, hidden=5]` |
# | LSTM, batch-major | `inputs: [batch=4, time=6, input=3]` | `lstm_outputs: [batch=4, time=6, hidden=5]` | `lstm_state.c: [batch=4, hidden=5]`, `lstm_state.h: [batch=4, hidden=5]` |
# | LSTM, time-major | `steps: [time=6, batch=4, input=3]` | `lstm_outputs_t: [time=6, batch=4, hidden=5]` | `lstm_state_t.c: [batch=4, hidden=5]`, `lstm_state_t.h: [batch=4, hidden=5]` |
#
# The layout turns the sequences, in and out. It does not touch the states, for a state has no time axis: `rnn_state == rnn_state_t` and
# `lstm_state == lstm_state_t`. And it changes no number: `lstm_outputs == lstm_outputs_t.swapaxes(0, 1)`.
#
# ## The loop inside
#
# Without lengths, `dynamic_rnn` is the loop of chapter 6. With lengths there is one more rule.
#
# Take one unit, and a cell so simple that you can follow it: the new state is the old one plus the input, and the output is the state. Two
# sequences, [1, 2, 3] and [5]. To put them into one array, the short one gets *padding*. Let the padding be 9, so that we see it if it leaks:
#
# | step | x of row 0 | state of row 0 | output of row 0 | x of row 1 | state of row 1 | output of row 1 |
# |---|---|---|---|---|---|---|
# | 0 | 1 | 1 | 1 | 5 | 5 | 5 |
# | 1 | 2 | 3 | 3 | (9) | **5** | **0** |
# | 2 | 3 | 6 | 6 | (9) | **5** | **0** |
#
# After its last step, row 1 is *over*: **its outputs are exactly 0, and its state is copied through.** Those are the two rules.


# %%
class SumCell:
    """The new state is the old one plus the input."""

    input_size = output_size = state_size = 1

    def zero_state(self, batch_size):
        return np.zeros((batch_size, 1))

    def forward(self, x, state):
        return state + x, state + x, None


two = np.array([[[1.0], [2.0], [3.0]], [[5.0], [9.0], [9.0]]])
sums, total = dynamic_rnn(SumCell(), two, sequence_length=[3, 1])
print(sums[:, :, 0])
print(total[:, 0])

# %% [markdown]
# `two: [batch=2, time=3, input=1]` gives `sums: [batch=2, time=3, hidden=1]` and `total: [batch=2, hidden=1]`. Any object with these few names
# is a cell for `dynamic_rnn`.
#
# From scratch, for every cell of this course:


# %%
def where(alive, new, old):
    """`new` in the rows that are alive, `old` elsewhere."""
    if isinstance(new, tuple):
        return type(new)(
            *(where(alive, n, o) for n, o in zip(new, old, strict=True))
        )
    return np.where(alive, new, old)


def our_dynamic_rnn(cell, inputs, state, lengths):
    outputs = []
    for t in range(inputs.shape[1]):
        alive = (t < np.asarray(lengths))[:, None]  # [batch, 1]
        output, new_state = cell(inputs[:, t], state)
        outputs.append(np.where(alive, output, 0))
        state = where(alive, new_state, state)
    return np.stack(outputs, axis=1), state


# %% [markdown]
# All rows take every step together, whether they are over or not. That is simple and fast, for one product serves the whole batch, and
# the mask throws away what must not count. The package writes the mask as a cell around a cell, `Masked`, and its loop stays short:

# %%
show_source(unroll)

# %% [markdown]
# The same batch of four, now with the lengths 6, 3, 0 and 1, by our loop, and by the package on NumPy and on Torch:

# %%
lengths = np.array([6, 3, 0, 1])
ours, our_state = our_dynamic_rnn(
    cell, inputs, cell.zero_state(4), lengths
)

# %% tags=["numpy"]
ragged, ragged_state = dynamic_rnn(
    cell, inputs, sequence_length=lengths
)
np.testing.assert_allclose(ours, ragged, atol=1e-6)
np.testing.assert_allclose(our_state.c, ragged_state.c, atol=1e-6)
print("NumPy: our loop = dynamic_rnn")

# %% tags=["torch"]
torch_ragged, torch_state = dynamic_rnn(
    to(cell, "torch"), to(inputs, "torch"), sequence_length=lengths
)
np.testing.assert_allclose(ours, to(torch_ragged), atol=1e-6)
np.testing.assert_allclose(our_state.c, to(torch_state.c), atol=1e-6)
print("Torch: our loop = dynamic_rnn")

# %% [markdown]
# `ragged: [batch=4, time=6, hidden=5]`, as if there were no padding. Shapes do not tell you which outputs are real. `sequence_mask` does:

# %%
mask = sequence_mask(lengths, 6)
print(mask.astype(int))
print("outputs in the padding:", np.unique(ragged[~mask]))

# %% [markdown]
# `mask: [batch=4, time=6]`, `mask: bool`.
#
# Row 2 has **length 0**. That is allowed here as in TensorFlow 1: its outputs are all 0, `ragged[2] == 0 * ragged[2]`, and its final state is its initial
# one, `ragged_state.c[2] == cell.zero_state(4).c[2]`. Torch has no such row:

# %%
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

try:
    pack_padded_sequence(
        to(inputs, "torch"),
        to(lengths, "torch"),
        batch_first=True,
        enforce_sorted=False,
    )
except RuntimeError as error:
    print(fill(str(error), 70))

# %% [markdown]
# A length below 0 or above the time axis is an error here:

# %%
for outside in ([6, 3, 0, 7], [6, 3, -1, 1]):
    try:
        dynamic_rnn(cell, inputs, sequence_length=outside)
    except ValueError as error:
        print(fill(str(error), 70))

# %% [markdown]
# TensorFlow 1 takes such lengths silently. Its whole rule for the steps past the end is {code}`t >= sequence_length`
# {cite}`tensorflow2019`. That is the condition of our own loop above, which asks nothing else either. So we can see what
# becomes of a 7 and of a −1:

# %%
silent, silent_state = our_dynamic_rnn(
    cell, inputs, cell.zero_state(4), [7, 3, -1, 1]
)

# %% [markdown]
# `silent == ours` and `silent_state == our_state`: 7 counts as 6, and −1 as 0. If your lengths come from another file than your
# inputs, you want to know.
#
# For the three rows that it takes, Torch does what we do. Its packed `torch.nn.LSTM` gives zeros past the end, and the state of the last valid step:

# %%
from rnn_course.convert import lstm_to_torch

some = np.array([0, 1, 3])  # the rows with at least one step
module = lstm_to_torch(cell)
packed_outputs, (h_n, c_n) = module(
    pack_padded_sequence(
        to(inputs[some], "torch"),
        to(lengths[some], "torch"),
        batch_first=True,
        enforce_sorted=False,
    )
)
unpacked, _ = pad_packed_sequence(packed_outputs, batch_first=True)
for ours_now, theirs in (
    (ragged[some], unpacked),
    (ragged_state.h[some], h_n[0]),
    (ragged_state.c[some], c_n[0]),
):
    np.testing.assert_allclose(to(theirs.detach()), ours_now, atol=1e-6)
print("packed torch.nn.LSTM: the same outputs and states")

# %% [markdown]
# Keras has another rule. Its layers take a mask instead of lengths, and a step that is masked **repeats the output before
# it**, unless you ask for zeros with {code}`zero_output_for_mask=True` {cite}`keras2024`. In a few lines:


# %%
def as_keras(cell, inputs, state, mask, zero_output_for_mask=False):
    outputs = []
    for t in range(inputs.shape[1]):
        alive = mask[:, t, None]
        output, new_state = cell(inputs[:, t], state)
        last = outputs[-1] if outputs else 0  # before step 0: nothing
        before = 0 if zero_output_for_mask else last
        outputs.append(np.where(alive, output, before))
        state = where(alive, new_state, state)
    return np.stack(outputs, axis=1), state


repeated, keras_state = as_keras(cell, inputs, cell.zero_state(4), mask)
zeroed, _ = as_keras(cell, inputs, cell.zero_state(4), mask, True)
print("Keras, row 1, unit 0:", repeated[1, :, 0].round(2))
print("ours,  row 1, unit 0:", ours[1, :, 0].round(2))

# %% [markdown]
# The states are the same, `keras_state == our_state`, and so are the outputs that count, `repeated[mask] == ours[mask]`. What differs
# is what stands in the padding. With zeros asked for nothing differs, `zeroed == ours`. This has a consequence. In Keras the last
# time step *is* the last valid output, `repeated[:, -1] == keras_state.h`. Code that relies on it goes wrong elsewhere.
#
# | past the end of a row | outputs | state | length 0 | wrong length |
# |---|---|---|---|---|
# | this course | 0 | copied through | the initial state | an error |
# | TensorFlow 1 | 0 | copied through | the initial state | taken silently |
# | Torch, packed | 0 | copied through | an error | an error, if too long a late one |
# | Keras, with a mask | the last one again, or 0 | copied through | the initial state | the mask has no lengths |
# | ONNX Runtime | 0 | copied through | zeros, not the initial state | an error |
#
# The course runs without TensorFlow, Keras and ONNX Runtime. But where they are installed, its tests ask the libraries themselves, and
# every line of this table is one of those tests. The ONNX standard has an input {code}`sequence_lens` and does not say what stands
# behind the end {cite}`onnx2024`; so the last line speaks of one program that runs it.
#
# ## Last output or final state?
#
# Without padding you may take either: `lstm_outputs[:, -1] == lstm_state.h`. With padding only one of them is right. Row 1 ended after 3 steps:

# %%
print("last time step:  ", ragged[1, -1].round(2))
print("last valid step: ", ragged[1, 2].round(2))
print("final state's h: ", ragged_state.h[1].round(2))

# %% [markdown]
# The copied state carries the last valid output to the end: `ragged[1, 2] == ragged_state.h[1]`. So the final state is what you want for one answer a
# sequence, and it costs nothing. (A row of length 0 has no last output; its h is the initial one.)
#
# ## Try it
#
# Change the lengths, the layout and the initial state. Put noise into the padding: nothing that counts moves. Where does `outputs[:, -1]` differ
# from the final h?

# %%
from rnn_course.widgets import DynamicRNNFigure

DynamicRNNFigure()

# %% [markdown]
# ## The state in front
#
# `initial_state=None` means `cell.zero_state(batch)`. Any other state is welcome, if it has the form of the cell's own: an array for a basic cell, an
# `LSTMStateTuple` for an LSTM. This is how you go on where you stopped:

# %%
first, middle = dynamic_rnn(cell, inputs[:, :4])
second, end = dynamic_rnn(cell, inputs[:, 4:], initial_state=middle)
joined = np.concatenate([first, second], axis=1)
np.testing.assert_allclose(joined, lstm_outputs, atol=1e-6)
np.testing.assert_allclose(end.c, lstm_state.c, atol=1e-6)
print("split anywhere, carry the state: the same as the whole")

# %% [markdown]
# `middle.c: [batch=4, hidden=5]` is all that the second half needs to know of the first.
#
# ### A sequence that does not fit into memory
#
# The outputs of a batch are `[batch, time, hidden]`, and training keeps every step's gates as well. A million steps of 64 sequences and 256 units
# are 64 · 10⁶ · 256 · 4 bytes for the outputs alone, more than 65 gigabytes: `64 * pow(10, 6) * 256 * 4 > 65e9`. Read in pieces instead, and let go of each piece when you have used it:


# %%
def read_in_pieces(cell, pieces, batch):
    """The final state, with one piece in memory at a time."""
    state, longest = cell.zero_state(batch), 0
    for piece in pieces:
        outputs, state = dynamic_rnn(cell, piece, initial_state=state)
        longest = max(longest, outputs.shape[1])
    return state, longest


def stream(total, size):
    """Draws the inputs when they are asked for."""
    source = np.random.default_rng(7)
    for _ in range(total // size):
        piece = source.standard_normal((size, 4, 3))  # time first
        yield piece.swapaxes(0, 1).astype("float32")


in_pieces, longest = read_in_pieces(cell, stream(3000, 50), 4)
at_once, _ = read_in_pieces(cell, stream(3000, 3000), 4)
np.testing.assert_allclose(in_pieces.c, at_once.c, atol=1e-5)
print("3000 steps, never more than", longest, "in memory: same state")

# %% [markdown]
# Going forward, this is exact. Going *back* is another matter: a gradient does not cross from piece to piece unless you make it. That is truncated
# backpropagation, and [chapter 7](07_backprop_through_time.ipynb) measures what it cannot learn.
#
# ## A ragged batch, from end to end
#
# Lists of different lengths are what you get in practice. Four steps take them to a loss: **pad, run, mask, average**. Here are three short
# sequences and a label, 0 or 1, for every step:

# %%
sequences = [
    rng.standard_normal((n, 3)).astype("float32") for n in (4, 2, 5)
]
labels = [rng.integers(2, size=len(s)) for s in sequences]


def pad(arrays, value=0):
    """One array [batch, time, ...] and the lengths."""
    lengths = np.array([len(a) for a in arrays])
    padded = np.full(
        (len(arrays), lengths.max(), *arrays[0].shape[1:]),
        value,
        dtype=arrays[0].dtype,
    )
    for row, a in zip(padded, arrays, strict=True):
        row[: len(a)] = a
    return padded, lengths


padded, sizes = pad(sequences)
padded_labels, _ = pad(labels)
read_out = Dense.init(5, 2, rng=rng)

logits = read_out(dynamic_rnn(cell, padded, sequence_length=sizes)[0])
valid = sequence_mask(sizes, 5)
loss = softmax_cross_entropy(logits, padded_labels, mask=valid)

# %% [markdown]
# `padded: [batch=3, time=5, input=3]`, `padded_labels: [batch=3, time=5]`, `logits: [batch=3, time=5, classes=2]`, `valid: [batch=3, time=5]`, and `loss: []`.
# The masked loss is the mean over the 4 + 2 + 5 real steps, `valid.sum() = 11`. Read the three sequences one at a time, and you get the same:

# %%
alone = [
    softmax_cross_entropy(
        read_out(dynamic_rnn(cell, s[None])[0]), label[None]
    )
    for s, label in zip(sequences, labels, strict=True)
]
by_hand = np.average(alone, weights=sizes)
unmasked = softmax_cross_entropy(logits, padded_labels)
print("one at a time, weighted by length:", np.isclose(by_hand, loss))
print("without the mask:                 ", np.isclose(unmasked, loss))

# %% [markdown]
# Without the mask, four steps that do not exist take part in the mean, each with the label 0 that the padding happens to have.
#
# ### Train on it
#
# Now digits that are read down to a random row, from 10 to 28, as if the sheet of paper had stopped. The model answers from the **final state's h**.


# %%
class Reader(NamedTuple):
    """Read `lengths` rows, then answer from the final state."""

    cell: Any
    readout: Dense

    def __call__(self, images, lengths):
        _, state = dynamic_rnn(
            self.cell, images, sequence_length=lengths
        )
        return self.readout(state.h)


def ragged_loss(model, images, lengths, labels):
    _, state, cell_backward = dynamic_rnn_forward(
        model.cell, images, sequence_length=lengths
    )
    logits, readout_backward = model.readout.forward(state.h)
    loss, loss_backward = softmax_cross_entropy_forward(logits, labels)

    def backward(d_loss=1.0):
        d_readout, d_h = readout_backward(loss_backward(d_loss))
        d_final = LSTMStateTuple(c=0 * state.c, h=d_h)
        d_cell, _, _ = cell_backward(None, d_final)
        return Reader(d_cell, d_readout)

    return loss, backward


def cut(split, rng):
    """Images whose rows below a random length are noise."""
    lengths = rng.integers(10, 29, size=len(split.images))
    below = ~sequence_mask(lengths, 28)
    noise = rng.random(split.images.shape).astype("float32")
    return np.where(below[:, :, None], noise, split.images), lengths


digits = load_digits()
rng = np.random.default_rng(0)
cut_train, train_lengths = cut(digits.train, rng)
cut_test, test_lengths = cut(digits.test, rng)

# %% mystnb={"image": {"alt": "Four digits, each readable down to a random row, with grey noise below it."}}
plot.images(
    cut_train[:4],
    [
        f"{n} rows of a {d}"
        for n, d in zip(
            train_lengths[:4], digits.train.labels[:4], strict=True
        )
    ],
    "Different lengths in one array: what is below must not count",
)

# %%
model = Reader(
    LSTMCell.init(28, 48, rng=rng, forget_bias=2.0),
    Dense.init(48, 10, rng=rng),
)
state = None
for _ in range(12):
    order = rng.permutation(len(cut_train))
    batches = [
        (
            cut_train[k],
            train_lengths[k],
            digits.train.labels[k],
        )
        for k in np.array_split(order, 29)
    ]
    for record in train(
        model,
        ragged_loss,
        batches,
        adam(1e-2),
        optimizer_state=state,
        max_norm=1.0,
        progress=False,
    ):
        model, state = record.model, record.optimizer_state

answers = model(cut_test, test_lengths).argmax(axis=1)
right = answers == digits.test.labels
accuracy = right.mean()

# %% [markdown]
# It names `accuracy ≥ 0.8` of the test digits, though many of them end in the middle. Now the usual mistake, with the *same trained weights*: answer from the
# last time step.

# %%
last_outputs, _ = dynamic_rnn(
    model.cell, cut_test, sequence_length=test_lengths
)
hasty = model.readout(last_outputs[:, -1]).argmax(axis=1)
short = test_lengths < 28
wrongly_read = np.mean(hasty[short] == digits.test.labels[short])
different_answers = len(np.unique(hasty[short]))

# %% [markdown]
# For every row that ends early the last output is 0, so the read-out answers from its bias alone, with the same digit each time: `different_answers == 1`, and
# `wrongly_read ≤ 0.2`. No error, no warning.
#
# ## Proof that the padding cannot leak
#
# "It should not matter" is not a proof. Put something else into the padding and compare *everything*: outputs, states, and the gradients of
# the cell, the inputs and the initial state.

# %%
exact = to(cell)._replace(
    kernel=cell.kernel.astype("float64"),
    bias=cell.bias.astype("float64"),
)


def all_results(filling):
    filled = inputs.astype("float64")
    filled[~mask] = filling
    outputs, state, backward = dynamic_rnn_forward(
        exact, filled, sequence_length=lengths
    )
    d_outputs = np.random.default_rng(2).standard_normal(outputs.shape)
    return outputs, state, *backward(d_outputs, state)


with_zeros, with_noise = all_results(0.0), all_results(1e6)
d_inputs = with_zeros[3]

# %% [markdown]
# `with_zeros == with_noise`: all five results are equal, number by number, with a million in every padded place. The gradient that comes back to the padding is zero:
# `d_inputs[~mask] == 0 * d_inputs[~mask]`. We even sent gradients *into* the padded outputs, and they went nowhere.
#
# What the proof does not cover is NaN. A NaN times 0 is NaN, and somewhere in a sum it may meet a weight. Pad with zeros, not with NaN.
#
# ## Backwards, too
#
# For some tasks the future helps: to know whether a word is a verb, look at the next one. A second cell reads the sequence from its end. The trap is where "the end" is.
# Turn the whole array round, and the backward cell reads the padding first:

# %%
padded_row = np.array([[[1.0], [2.0], [3.0], [9.0], [9.0]]])
whole_array = padded_row[:, ::-1, 0]
(_, backward_sums), (_, backward_total) = bidirectional_dynamic_rnn(
    SumCell(), SumCell(), padded_row, sequence_length=[3]
)
print("turned as a whole, the cell reads:", whole_array[0])
print("only the valid part, its sums are:", backward_sums[0, :, 0])

# %% [markdown]
# The backward cell has read 3, 2, 1 and summed 3, 5, 6. Its outputs stand in the order of the *inputs*: at step 0 it has seen everything. The result is a pair of
# outputs, `backward_sums: [batch=1, time=5, hidden=1]` for the backward one, and a pair of final states, `backward_total: [batch=1, hidden=1]`.
#
# ## Static or dynamic?
#
# TensorFlow 1 built a graph before it computed anything. `static_rnn` took a list, one array a step, and laid the cell out as many times as there were
# steps: the graph grew with the sequence, and its length was fixed for ever. `dynamic_rnn` was one loop *inside* the graph. The numbers are the same:

# %%
outputs_list, static_state = static_rnn(cell, list(steps))
np.testing.assert_allclose(
    np.stack(outputs_list), lstm_outputs_t, atol=1e-6
)
print(len(outputs_list), "outputs in a list")

# %% [markdown]
# `outputs_list[0]: [batch=4, hidden=5]`. Today both are a loop in Python. But the old difference lives on: an automatic gradient records every operation of a loop, so
# its record grows with time. We count the entries for a loop over cells in Torch, and for the one call of `torch.nn.LSTM`:


# %%
def record_length(tensor):
    """How many operations autograd has recorded behind it."""
    seen, todo = set(), [tensor.grad_fn]
    while todo:
        node = todo.pop()
        if node is not None and node not in seen:
            seen.add(node)
            todo += [parent for parent, _ in node.next_functions]
    return len(seen)


watched = to(cell, "torch")
watched = watched._replace(kernel=watched.kernel.requires_grad_())
for time in (6, 24):
    sequence = to(
        rng.standard_normal((4, time, 3)).astype("float32"), "torch"
    )
    state = watched.zero_state(4)
    for t in range(time):
        output, state = watched(sequence[:, t], state)
    fused = module(sequence)[0].sum()
    grows = record_length(state.h) > 10 * time
    print(
        f"{time:2} steps: loop > 10 a step: {grows},"
        f" nn.LSTM < 20: {record_length(fused) < 20}"
    )

# %% [markdown]
# ## What a step costs
#
# Steps cannot be skipped and cannot be done at the same time: each needs the state of the one before. Twice as many steps take twice as long. We count and we
# measure:


# %%
class Counted(NamedTuple):
    """A cell that counts its steps."""

    cell: Any
    steps: list

    output_size = property(lambda self: self.cell.output_size)
    state_size = property(lambda self: self.cell.state_size)

    def zero_state(self, batch_size):
        return self.cell.zero_state(batch_size)

    def forward(self, x, state):
        self.steps.append(1)
        return self.cell.forward(x, state)


counted = Counted(cell, [])
dynamic_rnn(counted, inputs, sequence_length=[1, 1, 0, 1])
len(counted.steps)

# %% [markdown]
# `len(counted.steps) = 6`, though no row was longer than 1. The padding is computed and thrown away. So sort sequences by length and put similar ones into a batch
# (*bucketing*, chapter 14), or cut the array to its longest row first: `inputs[:, :lengths.max()]`.

# %% tags=["nbval-ignore-output", "reason:varies with the time"] mystnb={"image": {"alt": "Processor milliseconds against the number of steps, from 50 to 400: a straight line."}}
wide = LSTMCell.init(28, 64, rng=rng)
many = rng.standard_normal((32, 400, 28)).astype("float32")


times = np.arange(50, 401, 50)
best = np.full(len(times), np.inf)
for _ in range(30):  # in turns, so that all lengths meet the same noise
    for k, time in enumerate(times):
        start = process_time()
        dynamic_rnn(wide, many[:, :time])
        best[k] = min(best[k], 1000 * (process_time() - start))

plot.curves(
    {"LSTM(64), batch 32": best},
    "The time grows with the steps, in a straight line",
    "steps",
    "processor milliseconds, best of 30",
    x=times,
)

# %% [markdown]
# This curve was measured where the page was made. Its slope is the price of one step on that machine.
#
# ## What goes wrong in practice
#
# Three of them you have seen really done on this page: answering from the last time step of a padded row, a mean that counts the padding, and a sequence turned round
# with its padding. Two more.
#
# **The wrong layout.** Time-major data in a batch-major call: if the sizes differ, the error says what to try.

# %%
try:
    dynamic_rnn(cell, steps, initial_state=cell.zero_state(4))
except ShapeError as error:
    print(fill(str(error), 70))

# %% [markdown]
# Without an initial state nobody can know, and the call goes through: `dynamic_rnn(cell, steps)[1].h: [6, 5]` has six "sequences". Look at the batch axis of the final state. If it is
# your number of steps, you have found it.
#
# **Lengths of the wrong thing.** After padding to a multiple, or after a convolution with a stride, the lengths have to be computed anew. A mask and a batch that were
# made at different places of the code are checked against each other:

# %%
try:
    softmax_cross_entropy(
        logits, padded_labels, mask=sequence_mask(sizes, 6)
    )
except ShapeError as error:
    print(error)

# %% [markdown]
# ## The shapes of this page
#
# | what | shape |
# |---|---|
# | batch-major inputs | `inputs: [batch=4, time=6, input=3]` |
# | time-major inputs | `steps: [time=6, batch=4, input=3]` |
# | outputs of all steps | `lstm_outputs: [batch=4, time=6, hidden=5]` |
# | final state of a basic cell | `rnn_state: [batch=4, hidden=5]` |
# | final state of an LSTM | `lstm_state.c: [4, 5]` and `lstm_state.h: [4, 5]` |
# | lengths | `lengths: [batch=4]` |
# | mask | `mask: [batch=4, time=6]` |
# | logits of every step | `logits: [batch=3, time=5, classes=2]` |
# | a loss | `loss: []` |
#
# ## Test yourself
#
# Predict each shape before you choose.

# %%
from rnn_course.widgets import ShapeQuiz

ShapeQuiz("10")

# %% [markdown]
# And two without choices. Decide first, then open.
#
# <details><summary>All lengths are 0. What comes out?</summary>
#
# Outputs of zeros, in the shape that they always have, and the initial state, unchanged.
#
# </details>
#
# <details><summary>You pad in front instead of behind, and give the same lengths. What happens?</summary>
#
# The mask keeps the first `lengths[b]` steps, and those are now padding. The real steps at the end are thrown away. `sequence_length` always counts from the
# beginning.
#
# </details>
#
# ## Exercises
#
# They are in [their own notebook](../exercises/10_dynamic_rnn.ipynb): from the shapes to a bidirectional network and the way back through padded time. A check answers at once
# and knows the usual mistakes. [Solutions](../solutions/10_dynamic_rnn.ipynb) are there too.

# %%
from rnn_course.checks import EXERCISES
from rnn_course.checks.catalogue import chapter_of

for number, exercise in enumerate(
    (e for e in EXERCISES.values() if chapter_of(e.name) == "10"),
    start=1,
):
    print(
        f"{number:2}. {exercise.title:42} difficulty"
        f" {exercise.difficulty} of 5, {exercise.minutes} minutes"
    )

# %% [markdown]
# ## What you can do now
#
# - Name every shape that goes into `dynamic_rnn` and comes out, without running it.
# - Choose between the last output, the last valid output and the final state, and say why.
# - Pad, mask and average a ragged batch, and test that the padding has no say.
# - Read a stream of any length in pieces.
#
# ## Further reading
#
# - {cite:t}`abadi2016` describe the system in which a loop had to be a part of the graph.
# - {cite:t}`werbos1990` is the way back through all these steps, in the words of its author.
# - {cite:t}`paszke2019` describe Torch, where the loop is Python's own.
#
# Next: [chapter 11](11_deep_lstm.ipynb) puts one cell on top of another.
