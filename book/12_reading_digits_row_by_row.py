# %% [markdown]
# # 12 · Reading digits row by row
#
# Cover a digit with a sheet of paper and pull the sheet down slowly. At each moment you see one row. Can you name the digit
# when the sheet has passed, from memory?
#
# An LSTM can. In this chapter one reads 28 rows of 28 pixels, one row a step, and names the digit after the last. A dense
# network that sees all 784 pixels at once stands beside it, on the same data, with the same loss and the same training
# loop.
#
# :::{admonition} What you will be able to do
# :class: tip
# - put a classifier together from a cell, `dynamic_rnn` and a dense read-out;
# - train it, and compare it fairly with another network;
# - look inside: what does the network believe after each row?
#
# **Reading** 35 minutes, the notebook runs in under a minute · **before** [chapter 1](01_one_batch_three_views.ipynb).
# The LSTM cell itself is the subject of chapter 8; here it is a box with a memory.
# :::
#
# ![The arrays of this chapter and their axes](_diagrams/shapes_12.svg)

# %%
from time import perf_counter

import numpy as np

from rnn_course import (
    Dense,
    LSTMCell,
    accuracy,
    adam,
    describe,
    dynamic_rnn,
    fit,
    load_digits,
    mlp,
    one_cycle,
    parameters,
    plot,
    probabilities,
    row_lstm,
    show_source,
    softmax,
    to,
)
from rnn_course.models import LastStepClassifier

digits = load_digits()
train_set, test_set = digits.train, digits.test
print(describe(train_set, "train_set"))
print(describe(test_set, "test_set"))

# %% [markdown]
# The digits are the embedded ones, enlarged to 28 × 28 {cite}`alpaydin1998`. We learn from 1,437 and test on 360. The
# split is random, so the same people wrote digits on both sides: the accuracies below say nothing about strangers'
# handwriting.
#
# ## One step, then 28
#
# Begin small: three digits, and an LSTM with a memory of 5 numbers.

# %%
rng = np.random.default_rng(0)
rows = test_set.images[:3]
cell = LSTMCell.init(28, 5, rng=rng)

state = cell.zero_state(3)
output, state = cell(rows[:, 0], state)

# %% [markdown]
# The cell gets row 0 of all three digits, `rows[:, 0]: [batch=3, input=28]`. It gives back an output,
# `output: [batch=3, hidden=5]`, and its new state. The state of an LSTM is a pair: a memory `state.c: [batch=3, hidden=5]` and
# the output once more, `state.h: [batch=3, hidden=5]`.
#
# Now all 28 steps, with a loop that you could have written:

# %%
state = cell.zero_state(3)
outputs_by_loop = []
for step in range(28):
    output, state = cell(rows[:, step], state)
    outputs_by_loop.append(output)
outputs_by_loop = np.stack(outputs_by_loop, axis=1)

# %% [markdown]
# `dynamic_rnn` is this loop in one call {cite}`abadi2016`:

# %%
outputs, final_state = dynamic_rnn(cell, rows)
np.testing.assert_array_equal(outputs, outputs_by_loop)
np.testing.assert_array_equal(final_state.c, state.c)

# %% [markdown]
# There is an output for each step, `outputs: [batch=3, time=28, hidden=5]`, and one final state. No digit is padded here, so
# the last output is the h of the final state: `outputs[:, -1] == final_state.h`.
#
# ## From a memory to a name
#
# Five numbers are no digit yet. A dense layer reads them out: 10 numbers, one for each digit, and softmax makes
# probabilities of them.

# %%
readout = Dense.init(5, 10, rng=rng)
logits = readout(final_state.h)
p = softmax(logits)
print(p.sum(axis=1).round(6))

# %% [markdown]
# `logits: [batch=3, class=10]`, and each row of `p: [batch=3, class=10]` sums to 1. That is the whole classifier. The package
# calls it `LastStepClassifier`:

# %%
classifier = LastStepClassifier(cell, readout)
np.testing.assert_array_equal(classifier(rows), logits)
show_source(LastStepClassifier.__call__)

# %% [markdown]
# ## Two networks
#
# The LSTM gets a memory of 64 numbers. The dense network has 625 hidden units, as in the article that this course
# grew out of. How many weights does each have? Predict, then look.

# %%
lstm = row_lstm(28, (64,), rng=np.random.default_rng(1))
dense = mlp((784, 625, 10), rng=np.random.default_rng(1))
print(f"LSTM   {parameters(lstm):7,d} weights")
print(f"dense  {parameters(dense):7,d} weights")

# %% [markdown]
# The LSTM's kernel is `lstm.cell.kernel: [input_and_hidden=92, gates=256]`: 28 + 64 numbers go in, and four gates of 64 come
# out. With the bias that makes `parameters(lstm.cell) = 23808`, and 650 more for the read-out. The dense network needs a weight
# from each pixel to each unit: `parameters(dense.layers[1]) = 490625` in its first layer alone. The LSTM is so small because
# it uses the same weights for every row.
#
# ## Training
#
# Both networks get the same loop: 12 passes over the training set, in batches of 25, with Adam {cite}`kingma2015`. The
# learning rate rises first and then falls to zero. Gradients longer than 1 are shortened to 1 {cite}`pascanu2013`.


# %%
def train_on_digits(
    model, peak, data=train_set, epochs=12, batch_size=25
):
    """Train `model` and return the result of `fit`."""
    updates = epochs * -(-len(data.labels) // batch_size)
    return fit(
        model,
        data,
        optimizer=adam(one_cycle(peak, updates)),
        epochs=epochs,
        batch_size=batch_size,
        max_norm=1.0,
        rng=np.random.default_rng(0),
        held_out=test_set
        if isinstance(data.images, np.ndarray)
        else None,
    )


start = perf_counter()
lstm_result = train_on_digits(lstm, peak=1e-2)
dense_result = train_on_digits(dense, peak=1e-3)
seconds = perf_counter() - start

lstm_accuracy = lstm_result.history[-1].accuracy
dense_accuracy = dense_result.history[-1].accuracy
print(f"LSTM  at least 95 % right: {lstm_accuracy >= 0.95}")
print(f"dense at least 95 % right: {dense_accuracy >= 0.95}")

# %% [markdown]
# On held-out digits, `lstm_accuracy ≥ 0.95` and `dense_accuracy ≥ 0.95`. All in `seconds < 60`. Exact values differ a little
# from processor to processor, so this page states bounds, and a test checks them.

# %% mystnb={"image": {"alt": "Two plots over 12 epochs. Left: the training loss of both networks falls by about two orders of magnitude. Right: both accuracies on held-out digits rise above 0.95; the dense network is there after two epochs, the LSTM after several."}} tags=["nbval-ignore-output", "reason:varies between processors because training amplifies rounding"]
plot.learning_curves(
    {
        "LSTM, row by row": lstm_result.history,
        "dense, all at once": dense_result.history,
    },
    "The LSTM needs more passes, and a twentieth of the weights",
)

# %% [markdown]
# The dense network learns faster: each weight sees its pixel directly. The LSTM has to carry what it saw in row 5 to row
# 27 before anybody tells it whether it was right. That it works at all is the point of this course.
#
# ## What does it believe after each row?
#
# We can apply the read-out after every step, not only after the last. It was never trained to answer early. Still, its
# answers tell what is in the memory.

# %%
trained = lstm_result.model
read = probabilities(trained, test_set.images)
right = read.argmax(axis=1) == test_set.labels
example = int(np.flatnonzero(right & (test_set.labels == 3))[0])

picture = test_set.images[example]
all_outputs, _ = dynamic_rnn(trained.cell, picture[None])
after_row = softmax(trained.readout(all_outputs[0]))

# %% [markdown]
# `all_outputs: [batch=1, time=28, hidden=64]` became `after_row: [row=28, class=10]`: one line of probabilities for each row.

# %% mystnb={"image": {"alt": "Left: a handwritten 3. Right: a grid of 28 rows and 10 columns with the probability of each digit after each row. The upper rows are undecided; at the bottom nearly all probability is on the 3."}} tags=["nbval-ignore-output", "reason:varies between processors because training amplifies rounding"]
plot.beliefs(
    picture, after_row, "The LSTM makes up its mind while it reads"
)

# %% [markdown]
# Watch the answer change as strokes pass: what looks like one digit at the top may be another at the bottom, and only the
# last bow decides. After the last row it is sure: `after_row[-1, 3] ≥ 0.5`.
#
# ### Draw one yourself
#
# Three networks of this kind answer here, in the page: a dense one, a CNN and an LSTM, trained on the real MNIST
# {cite}`lecun1998`. Draw a digit, or let the page draw one, then let the LSTM read it row by row.

# %%
from rnn_course.widgets import DrawADigit

drawn = DrawADigit(digit=3)
drawn

# %% [markdown]
# The drawing is set as MNIST's makers set theirs: scaled into a box of 20 pixels, the centre of its ink in the middle. So the
# networks see `drawn.image: [row=28, column=28]`, and the LSTM says something after every row, `drawn.beliefs: [row=28, class=10]`. Try
# to fool them: a 4 that is almost a 9, a 7 with a bar, a 1 that lies down. Which of the three is the first to go wrong, and
# how sure is it of its mistake? On an empty sheet they answer too. None of them was taught to say "no digit".
#
# ## Does the order matter?
#
# Shuffle the rows of all test digits, each digit in the same way. The dense network of
# [chapter 1](01_one_batch_three_views.ipynb) could have been trained on shuffled pixels just as well. But a network that was
# trained on one order is lost in another:

# %%
order = np.random.default_rng(5).permutation(28)
shuffled = test_set._replace(images=test_set.images[:, order])
shuffled_accuracy = accuracy(trained, shuffled)
print(f"less than half right: {shuffled_accuracy < 0.5}")

# %% [markdown]
# `shuffled_accuracy < 0.5`, though every row is there. The LSTM did not count ink. It used *when* a row came.
#
# ## The same in Torch
#
# The classifier runs on Torch tensors with the same lines, and Torch differentiates them itself. The same seed gives the same
# weights and the same batches, so the loss of the first epoch has to agree.

# %%
torch_lstm = row_lstm(
    28, (64,), rng=np.random.default_rng(1), backend="torch"
)
torch_result = train_on_digits(
    torch_lstm, peak=1e-2, data=to(train_set, "torch"), epochs=1
)
numpy_result = train_on_digits(lstm, peak=1e-2, epochs=1)

difference = abs(
    torch_result.history[0].loss - numpy_result.history[0].loss
)
print(
    f"loss of the first epoch, NumPy: {numpy_result.history[0].loss:.2f}"
)
print(
    f"loss of the first epoch, Torch: {torch_result.history[0].loss:.2f}"
)

# %% [markdown]
# `difference < 0.01`. NumPy used gradients that were written by hand, Torch its autograd. They are the same mathematics.
#
# On a GPU it is the same call with `backend="torch", device="cuda"`. Do not expect wonders: 28
# steps have to wait for each other, and each is a small product. Chapter 16 will measure it.
#
# ## What goes wrong in practice
#
# **The wrong output.** `outputs[:, -1]` is the last *step*. If rows of a batch have different lengths, the last step of a
# short row is padding, and its output is zero. Then take the final state. Here no row is padded, so both are equal.
#
# **Two accuracies, two test sets.** Numbers on 360 digits are coarse: one digit is 0.28 percentage points. Do not call a
# network better because it got one more.
#
# **Too high a learning rate.** Each epoch then throws away what the one before has learned. Here is the same network
# after one epoch with a hundred times the rate:

# %%
hasty = train_on_digits(lstm, peak=1.0, epochs=1)
hasty_accuracy = hasty.history[0].accuracy
careful_accuracy = numpy_result.history[0].accuracy
print(f"peak 1.00, under half right: {hasty_accuracy < 0.5}")
print(f"peak 0.01, over half right:  {careful_accuracy > 0.5}")

# %% [markdown]
# `hasty_accuracy < 0.5` and `careful_accuracy > 0.5`, though the gradients were clipped in both. If your loss jumps, lower
# the rate first.

# %% [markdown]
# ## The real MNIST
#
# 70,000 digits are too many for a page that has to run everywhere in a minute. The command line takes them with one
# argument:
#
# ```console
# $ rnn-course train lstm --data mnist
# ```
#
# It looks for the four MNIST files in the folder named by `RNN_COURSE_DATA`, then in your cache, and downloads them if they
# are nowhere. In a notebook, `load_mnist()` stands in for `load_digits()`, and nothing else changes.
#
# For comparison: {cite:t}`visin2015` let recurrent networks sweep over MNIST in four directions and read more
# than 99 % of it.
#
# ## Test yourself
#
# <details><summary>The LSTM reads columns instead of rows. Which shapes change?</summary>
#
# None: `rows.swapaxes(1, 2): [batch=3, time=28, input=28]`. The pictures are square. The network has to be trained anew all
# the same.
#
# </details>
#
# <details><summary>The pictures are 28 rows of 20 columns. Which shape has the kernel of a cell with 64 units?</summary>
#
# `LSTMCell.init(20, 64, rng=rng).kernel: [input_and_hidden=84, gates=256]`. The number of *steps* appears in no weight: the
# same cell reads 28 rows or 100.
#
# </details>
#
# <details><summary>We want a name after every row, for all three digits. Which shape have the logits?</summary>
#
# `readout(outputs): [batch=3, time=28, class=10]`. A dense layer works on the last axis and leaves the others alone.
#
# </details>
#
# ## Further reading
#
# - {cite:t}`hochreiter1997` invented the LSTM; {cite:t}`gers2000forget` gave it the forget gate.
# - {cite:t}`lecun1998` is the paper of MNIST and of the convolutional networks that read it best.
# - {cite:t}`goodfellow2016`, chapter 10, is the textbook's view of sequences.
