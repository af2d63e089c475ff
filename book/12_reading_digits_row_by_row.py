# %% [markdown]
# # 12 · Reading digits row by row
#
# Cover a digit with a sheet of paper and pull the sheet down slowly. At each moment you see one row. Can you name the digit when the sheet has passed,
# from memory?
#
# An LSTM can. In this chapter it reads 28 rows of 28 pixels, one row a step, and names the digit after the last. It does not stand alone: a dense network, a CNN, a
# basic RNN and a deep LSTM read the same digits, with the same loss, the same loop and the same number of weights.
#
# Which is the best? You will see that this question has no answer before you say what counts: the share of right answers, the weights, the multiplications,
# the seconds. And that it takes some care to say "better" at all.
#
# :::{admonition} What you will be able to do
# :class: tip
# - put a classifier together from a cell, `dynamic_rnn` and a dense read-out, and say which output it may read;
# - count the multiplications of a network from its shapes;
# - compare networks fairly: same data, same loop, several seeds, an error bar;
# - look inside: which digits does it confuse, and what does it believe after each row?
# - tell what a network knows about the order of its inputs, with a control experiment.
#
# **Reading** 50 minutes · **exercises** 130 minutes · **difficulty** 3 of 5 · **before** [chapter 4](04_convolution.ipynb),
# [chapter 8](08_lstm_cell.ipynb) and [chapter 10](10_dynamic_rnn.ipynb)
# :::
#
# ![The arrays of this chapter and their axes](_diagrams/shapes_12.svg)

# %%
import json
from pathlib import Path

import numpy as np

from rnn_course import (
    Activation,
    BasicRNNCell,
    Chain,
    Conv2D,
    Dense,
    Flatten,
    LastStepClassifier,
    LSTMCell,
    MaxPool2D,
    accuracy,
    adam,
    confusion_matrix,
    describe,
    dynamic_rnn,
    fit,
    load_digits,
    mlp,
    multiply_adds,
    one_cycle,
    parameters,
    plot,
    plot_answers,
    probabilities,
    row_lstm,
    show_source,
    softmax,
    standard_error,
    to,
)

digits = load_digits()
train_set, test_set = digits.train, digits.test
print(describe(train_set, "train_set"))
print(describe(test_set, "test_set"))

# %% [markdown]
# These are the digits of the package, enlarged from 8 × 8 to 28 × 28 {cite}`alpaydin1998`. They stand for MNIST, which is too large for a page that has to run
# everywhere; what the same networks do on the real MNIST is shown further down.
#
# ## A classifier from three parts
#
# Begin small: three digits, and an LSTM with a memory of 5 numbers.

# %%
rng = np.random.default_rng(0)
rows = test_set.images[:3]
cell = LSTMCell.init(28, 5, rng=rng)

state = cell.zero_state(3)
for step in range(28):
    output, state = cell(rows[:, step], state)

# %% [markdown]
# At each step the cell gets one row of all three digits, `rows[:, 0]: [batch=3, input=28]`, and gives back its output, `output: [batch=3, hidden=5]`. After the last row,
# five numbers are all that is left of 784. They are no digit yet. A dense layer makes 10 numbers of them, one for each digit, and softmax makes those probabilities:

# %%
readout = Dense.init(5, 10, rng=rng)
logits = readout(output)
p = softmax(logits)
print(p.sum(axis=1).round(6))

# %% [markdown]
# `logits: [batch=3, class=10]`, and each row of `p: [batch=3, class=10]` sums to 1. That is the whole classifier: **a cell, a loop, a read-out**. The loop is `dynamic_rnn`
# {cite}`abadi2016`, and the package calls the three together `LastStepClassifier`:

# %%
outputs, final_state = dynamic_rnn(cell, rows)
classifier = LastStepClassifier(cell, readout)
np.testing.assert_allclose(
    classifier(rows), logits, rtol=1e-4, atol=1e-6
)
show_source(LastStepClassifier.__call__)

# %% [markdown]
# `outputs: [batch=3, time=28, hidden=5]`. It reads the last output. The final state is a pair, and the last output is one half of it: `outputs[:, -1] == final_state.h`. The other half,
# `final_state.c: [batch=3, hidden=5]`, is what the cell keeps to itself.
#
# ### The trap: the last output is not the last one
#
# That equation holds because all digits have 28 rows. Suppose that one picture of the batch has 34. Then all are padded to 34 rows, and ours end 6 rows early.
# There are three ways to go on, and they look alike:

# %%
padded = np.concatenate([rows, np.zeros((3, 6, 28), "float32")], axis=1)
lengths = np.array([28, 28, 28])

read_on, _ = dynamic_rnn(cell, padded)
stopped, stopped_state = dynamic_rnn(
    cell, padded, sequence_length=lengths
)

# %% [markdown]
# | what you read out | what it is |
# |---|---|
# | `read_on[:, -1]: [3, 5]` | what the memory has become after six rows of nothing: other numbers |
# | `stopped[:, -1]: [3, 5]` | zeros: past a row's length the outputs are 0 |
# | `stopped_state.h: [3, 5]` | the h after the last *valid* row |
#
# Only the third is right: `stopped_state.h == final_state.h`. With the second every digit gets the same logits, those of the bias alone:

# %%
zeros_read = readout(stopped[:, -1])
print("the same for all:", bool(np.all(zeros_read == readout.bias)))
print(
    "read on is right:",
    np.allclose(read_on[:, -1], final_state.h, atol=1e-3),
)

# %% [markdown]
# No shape is wrong and nothing is raised. Such a network even learns a little, from the digits that happen to be long. With `sequence_length`, **read out from the final state**. (TensorFlow 1, Torch and
# ONNX give zeros past the end, as here. Keras repeats the last output unless told otherwise, and so hides the mistake until you change the library.)
#
# ## Five networks, one budget
#
# A larger network is often better, so a comparison of a small one with a large one says little. Each of ours gets about 24,000 weights:


# %%
def two_convolutions(rng):
    relu = Activation("relu")
    return Chain(
        (
            Conv2D.init(1, 10, rng=rng),
            relu,
            MaxPool2D(),
            Conv2D.init(10, 40, rng=rng),
            relu,
            MaxPool2D(),
            Flatten(),
            Dense.init(7 * 7 * 40, 10, rng=rng),
        )
    )


def row_rnn(rng):
    return LastStepClassifier(
        BasicRNNCell.init(28, 136, rng=rng),
        Dense.init(136, 10, rng=rng),
    )


NETWORKS = {
    "NN": lambda rng: mlp((784, 30, 10), rng=rng),
    "CNN": two_convolutions,
    "RNN": row_rnn,
    "LSTM": lambda rng: row_lstm(28, (64,), rng=rng),
    "LSTM, 2 layers": lambda rng: row_lstm(28, (40, 40), rng=rng),
}
dense, cnn, rnn, lstm, deep = (
    make(np.random.default_rng(0)) for make in NETWORKS.values()
)

# %% [markdown]
# | network | its hidden layers | weights |
# |---|---|---|
# | NN | 30 units | `parameters(dense) = 23,860` |
# | CNN | 10 and 40 filters 3 × 3, each with a maximum over 2 × 2 | `parameters(cnn) = 23,350` |
# | RNN | 136 units, basic cells | `parameters(rnn) = 23,810` |
# | LSTM | 64 units | `parameters(lstm) = 24,458` |
# | LSTM, 2 layers | 40 and 40 units | `parameters(deep) = 24,410` |
#
# So little buys only 30 units for the dense network, for each of them has a weight of its own for every pixel: `dense.layers[1].kernel: [784, 30]`. The LSTM has 64 units with four gates each,
# `lstm.cell.kernel: [input_and_hidden=92, gates=256]`, since it uses the same weights for every row.
#
# ### What an answer costs
#
# The same weights, used again and again: that is cheap to *store*. Is it cheap to *compute*? Nearly all of a network's work is in matrix products, and a product is made of multiplications, each followed by an
# addition. Count these *multiply-adds* for one digit. A kernel of the shape `[rows, columns]` that is used once costs rows · columns.
#
# **Predict before you read on:** the NN and the LSTM have about as many weights. Which of them multiplies more often, and how many times more?
#
# - **NN**: each weight is used once. 784 · 30 + 30 · 10 = 23,820.
# - **LSTM**: one step costs the kernel, (28 + 64) · 4 · 64 = 23,552. There are 28 steps, and one read-out: 28 · 23,552 + 64 · 10 = 660,096.
# - **CNN**: the first window is at 28 · 28 places, 3·3·1·10 each; the second at 14 · 14 places, 3·3·10·40 each; the read-out has 7·7·40·10. In all 795,760.
#
# The package counts in the same way, from the shapes of the weights:

# %%
image, one_channel = (28, 28), (28, 28, 1)
for name, model in zip(
    NETWORKS, (dense, cnn, rnn, lstm, deep), strict=True
):
    shape = one_channel if name == "CNN" else image
    count, weights = multiply_adds(model, *shape), parameters(model)
    print(
        f"{name:14} {count:7,d} multiply-adds, "
        f"{count / weights:4.1f} a weight"
    )

# %% [markdown]
# `multiply_adds(dense, 28, 28) = 23,820`, `multiply_adds(lstm, 28, 28) = 660,096` and `multiply_adds(cnn, 28, 28, 1) = 795,760`. The NN uses a weight once, the LSTM 27 times, the CNN 34 times.
# **Sharing weights saves memory, not work.** (Biases, gates and activations are not counted. There are few of them beside the products; but what they cost in *time* is another matter, as you will see.)
#
# ## The same loop for all
#
# Six passes over 1,437 digits in batches of 25, with Adam {cite}`kingma2015`. The learning rate rises first and then falls to zero. Gradients longer than 1 are shortened to 1 {cite}`pascanu2013`. One thing must not be the same for
# all: the peak of the learning rate. A rate that suits one network may be poison for another, so each has its own. They were chosen by a few trials on the *training* digits.

# %%
PEAKS = {
    "NN": 3e-3,
    "CNN": 5e-3,
    "RNN": 1e-3,
    "LSTM": 1e-2,
    "LSTM, 2 layers": 1e-2,
}
EPOCHS, BATCH, SEEDS = 6, 25, 3


def as_seen_by(name, data):
    """A CNN wants an axis of channels."""
    if name != "CNN":
        return data
    return data._replace(images=data.images[..., None])


def learn(name, seed, data=train_set, epochs=EPOCHS, peak=None):
    """One network, trained from one seed."""
    rng = np.random.default_rng(seed)
    updates = epochs * -(-len(data.labels) // BATCH)
    return fit(
        NETWORKS[name](rng),
        as_seen_by(name, data),
        optimizer=adam(one_cycle(peak or PEAKS[name], updates)),
        epochs=epochs,
        batch_size=BATCH,
        max_norm=1.0,
        rng=rng,
        held_out=as_seen_by(name, test_set),
    )


results = {
    name: [learn(name, seed) for seed in range(SEEDS)]
    for name in NETWORKS
}

# %%
shares = {
    name: np.array([run.history[-1].accuracy for run in runs])
    for name, runs in results.items()
}
bounds = {
    "NN": 0.94,
    "CNN": 0.96,
    "RNN": 0.88,
    "LSTM": 0.93,
    "LSTM, 2 layers": 0.92,
}
for name, bound in bounds.items():
    held = shares[name].mean() >= bound
    print(f"{name:14} reads at least {100 * bound:.0f} %: {held}")

# %% mystnb={"image": {"alt": "Four panels with a line for each of five networks, and three seeds as ticks. Accuracy: the CNN is highest, the basic RNN lowest, and three seeds of one network may lie two points apart. Parameters: all at about 24,000. Multiply-adds on a logarithmic axis: the NN has 24,000, the others 600,000 to 800,000. Seconds per epoch on a logarithmic axis: the NN is fastest by far, the CNN slowest."}} tags=["nbval-ignore-output", "reason:varies between processors because training amplifies rounding; the seconds vary with the time"]
plot_answers.side_by_side(
    {
        "accuracy on 360 held-out digits": shares,
        "parameters": {
            name: [parameters(run.model) for run in runs]
            for name, runs in results.items()
        },
        "multiply-adds for one digit": {
            name: [
                multiply_adds(
                    run.model,
                    *(one_channel if name == "CNN" else image),
                )
                for run in runs
            ]
            for name, runs in results.items()
        },
        "seconds per epoch, on one core": {
            name: [
                float(np.median([e.seconds for e in run.history]))
                for run in runs
            ]
            for name, runs in results.items()
        },
    },
    "The same weights, other costs",
    log=(
        "multiply-adds for one digit",
        "seconds per epoch, on one core",
    ),
    from_zero=("parameters",),
)

# %% [markdown]
# Each tick is a seed, the circle their mean, and the bar one standard deviation. All five learn to read: `shares["NN"].mean() ≥ 0.94`, `shares["CNN"].mean() ≥ 0.96`, `shares["RNN"].mean() ≥ 0.88`,
# `shares["LSTM"].mean() ≥ 0.93` and `shares["LSTM, 2 layers"].mean() ≥ 0.92`.
#
# The last panel is not the third one over again. The CNN and the LSTM multiply about equally often, but the CNN takes longer on this core: its numbers have to be gathered from under the window before
# they can be multiplied, and its layers are much larger than the memory of an LSTM. And on hardware that can do thousands of products at once, the LSTM loses: its 28 steps have to
# wait for each other, while the places of a convolution do not. *Work* and *time* are two things.
#
# ### How far apart is apart?
#
# There are two kinds of luck in these numbers. *The seed*: other initial weights and another order of the digits give another network. The bars show that. *The test digits*: 360 others would have
# given another share. For an accuracy p on n digits that second luck is about √(p(1 − p)/n), the standard error:

# %%
on_digits = standard_error(0.97, 360)
on_mnist = standard_error(0.97, 10_000)
print(f"97 % of    360: plus or minus {100 * on_digits:.1f} points")
print(f"97 % of 10,000: plus or minus {100 * on_mnist:.1f} points")

# %% [markdown]
# Nearly a point, `on_digits > 0.008`. The networks of our figure that lie less than two points apart cannot be told apart by 360 digits. On MNIST's 10,000 the same bar is five times as small. Do not call a network better because
# it got three digits more.
#
# There is a third thing that no bar shows. Our split is random, so **the same people wrote digits on both sides**: the test says how well a network reads more digits of people it has seen, not of strangers. The
# people who wrote MNIST's test digits did not write its training digits {cite}`lecun1998`. Where you can, split by writer; where you cannot, say so.
#
# ## Which digits does it confuse?
#
# One number hides a lot. A *confusion matrix* has a row for each true digit and a column for each answer. From scratch it is one line, if you know the trap:

# %%
answers = np.concatenate(
    [
        probabilities(run.model, test_set.images).argmax(axis=1)
        for run in results["LSTM"]
    ]
)
labels = np.tile(test_set.labels, SEEDS)

ours = np.zeros((10, 10), int)
np.add.at(ours, (labels, answers), 1)
matrix = confusion_matrix(labels, answers)
np.testing.assert_array_equal(ours, matrix)

once = np.zeros((10, 10), int)
once[labels, answers] += 1  # the trap

# %% [markdown]
# `matrix: [label=10, answer=10]` holds all `matrix.sum() == 3 * 360` answers of the three LSTMs, and its diagonal the right ones: `np.trace(matrix) / matrix.sum() ≥ 0.93`. The trap is in the last line. An index that occurs twice is *set* twice and not added twice, so
# `once.max() == 1`. That is NumPy's rule for `+=` with a list of places; `np.add.at` adds every time.

# %% mystnb={"image": {"alt": "A 10 by 10 table: rows are labels, columns are answers. Nearly all counts lie on the diagonal, about a hundred in each row. The few others stand in single cells of one to five or so."}} tags=["nbval-ignore-output", "reason:varies with rounding that training amplifies"]
plot_answers.confusion(
    matrix, "What three LSTMs answered: few errors, in few cells"
)

# %% [markdown]
# Read it row by row: of the digits that *are* an 8, how many were called 1? Read it column by column: of the digits that were *called* 1, how many were an 8? The two are different questions, and a matrix that is turned round
# answers the wrong one without looking odd.
#
# ## What does it believe after each row?
#
# We can apply the read-out after every step, not only after the last. It was never trained to answer early. Still, its answers tell what is in the memory.

# %%
trained = results["LSTM"][0].model
everything, _ = dynamic_rnn(trained.cell, test_set.images)
beliefs = softmax(trained.readout(everything))

last = beliefs[:, -1].argmax(axis=1)
right = last == test_set.labels
example = int(np.flatnonzero(right & (test_set.labels == 3))[0])
after_row = beliefs[example]

# %% [markdown]
# `everything: [batch=360, time=28, hidden=64]` became `beliefs: [batch=360, time=28, class=10]`: a dense layer works on the last axis and leaves the others alone, and so does the softmax. For one digit that is
# `after_row: [row=28, class=10]`, a line of probabilities for each row.

# %% mystnb={"image": {"alt": "Left: a handwritten 3. Right: a grid of 28 rows and 10 columns with the probability of each digit after each row. The upper rows are undecided; at the bottom nearly all probability is on the 3."}} tags=["nbval-ignore-output", "reason:varies between processors because training amplifies rounding"]
plot.beliefs(
    test_set.images[example],
    after_row,
    "The LSTM makes up its mind while it reads",
)

# %% [markdown]
# Watch the answer change as strokes pass: what looks like one digit at the top may be another at the bottom, and only the last bow decides. After the last row it is sure of this one: `after_row[-1, 3] ≥ 0.5`.
#
# How many of all digits does it know after each row?

# %%
known = (beliefs.argmax(axis=2) == test_set.labels[:, None]).mean(
    axis=0
)

# %% mystnb={"image": {"alt": "The share of right answers against the number of rows read. It begins near 0.1, rises slowly over the upper half of the digit, and steeply over the last ten rows to above 0.9."}} tags=["nbval-ignore-output", "reason:varies between processors because training amplifies rounding"]
plot.curves(
    {"LSTM": known},
    "It was never asked to answer early, and it does not",
    "rows read before the answer",
    "share of right answers",
    x=range(1, 29),
)

# %% [markdown]
# `known[0] < 0.35`, `known[13] < 0.8` and `known[-1] ≥ 0.9`. Do not take the low start for ignorance. What the memory holds after 14 rows, and what *this* read-out can say about it, are two things: the read-out was fitted to memories after 28 rows. If you want early answers, ask for them
# in training, with a loss at every step.
#
# ### Draw one yourself
#
# Three networks of this kind answer here, in the page: a dense one, a CNN and an LSTM, trained on the real MNIST {cite}`lecun1998`. Draw a digit, or let the page draw one, then let the LSTM read it row by row.

# %%
from rnn_course.widgets import DrawADigit

drawn = DrawADigit(digit=3)
drawn

# %% [markdown]
# The drawing is set as MNIST's makers set theirs: scaled into a box of 20 pixels, the centre of its ink in the middle. So the networks see `drawn.image: [row=28, column=28]`, and the LSTM says something after every row,
# `drawn.beliefs: [row=28, class=10]`. Try to fool them: a 4 that is almost a 9, a 7 with a bar, a 1 that lies down. Which of the three is the first to go wrong, and how sure is it of its mistake? On an empty sheet they answer too. None of them was taught to say
# "no digit".
#
# A digit on paper? Take a photo, cut it out, and let the same networks read the file: `rnn-course predict my-digit.png`. It finds out whether the ink is darker or lighter than the paper, sets the digit as above, shows you what it has made of it, and prints all
# ten probabilities.
#
# ## Does the order matter?
#
# Take a fixed permutation of the 784 pixels, and permute every digit in the same way. For us all is lost: nobody reads such a digit. What happens to the networks?

# %%
order = np.random.default_rng(7).permutation(784)


def permuted(data):
    vectors = data.images.reshape(-1, 784)[:, order]
    return data._replace(images=vectors.reshape(-1, 28, 28))


# %% mystnb={"image": {"alt": "A handwritten 3, 5 and 8, and below them the same digits with their pixels permuted: grey noise in which nothing can be recognised."}}
chosen = [
    int(np.flatnonzero(test_set.labels == digit)[0])
    for digit in (3, 5, 8)
]
plot.images(
    [*test_set.images[chosen], *permuted(test_set).images[chosen]],
    title="The same pixels in another order",
    columns=3,
)

# %% [markdown]
# First, the networks as they are trained, with no chance to learn the new order:

# %%
on_noise = accuracy(trained, permuted(test_set))
print(f"the LSTM, less than a third right: {on_noise < 1 / 3}")

# %% [markdown]
# `on_noise < 1/3`, though every pixel is there. The LSTM did not count ink; it used *where and when* a pixel came. So the interesting question is another: what if it is *trained* on permuted digits? Three predictions, one for each view of chapter 1:
#
# - The **NN** should not care. A pixel's place in the list is a row of the first kernel. Permute these rows as well, and every product is the same. Let us see that it is so:

# %%
network = results["NN"][0].model
first = network.layers[1]
moved = first._replace(kernel=first.kernel[order])
renamed = network._replace(
    layers=(network.layers[0], moved, *network.layers[2:])
)
difference = np.abs(
    renamed(permuted(test_set).images) - network(test_set.images)
).max()

# %% [markdown]
# The same logits, up to rounding: `difference < 1e-3`. Initial weights are drawn at random, and a permutation of random rows is as random as before. So training on permuted digits is the *same experiment* as training on the digits: nothing can change but luck.
#
# - The **CNN** should lose. Its small window assumes that neighbours belong together, and they no longer do.
# - For the **RNN** and the **LSTM** it may go either way. Each row now holds a bit of everything: strokes no longer go on from row to row. But no row is empty any more, and none is crucial.
#
# Embedded digits are too easy to decide this; a CNN reads them permuted as well. So here is the real MNIST, in runs that were made beforehand with these five networks, two passes, three seeds, each on the digits as they are and on permuted ones
# (`book/experiments/five_readers.py`; its results stand beside it):

# %%
stored = json.loads(
    Path("experiments/five_readers.json").read_text("utf8")
)
print(stored["setting"]["data"])
runs = {"as it is": {}, "permuted": {}}
for run in stored["runs"]:
    of = runs[run["order"]].setdefault(run["network"], [])
    of.append(100 * run["accuracy"])
for name in NETWORKS:
    as_is, other = (np.mean(runs[kind][name]) for kind in runs)
    print(
        f"{name:14} {as_is:.2f} %, permuted {other:.2f} %, "
        f"change {other - as_is:+.2f}"
    )

# %% mystnb={"image": {"alt": "Five networks, each with three seeds on MNIST as it is and on permuted MNIST. The NN is at about 94.6 percent on both. The CNN falls from 98.8 to 95.8, the LSTM from 98.4 to 95.7, the deep LSTM from 98.3 to 94.8, the basic RNN from 94.9 to 93.5."}}
plot_answers.side_by_side(
    {
        "accuracy on MNIST's test digits, as they are (%)": runs[
            "as it is"
        ],
        "the same, trained and tested on permuted ones (%)": runs[
            "permuted"
        ],
    },
    "Who knows where a pixel is loses by the permutation",
    columns=1,
    one_scale=True,
)

# %%
change = {
    name: np.mean(runs["permuted"][name])
    - np.mean(runs["as it is"][name])
    for name in NETWORKS
}

# %% [markdown]
# The NN's accuracy changes by less than its seeds differ, `abs(change["NN"]) < 0.4`, as the argument said. The CNN loses most of its lead, `change["CNN"] < -2.5`: what it has left is a network with a dense read-out that still sees every place. The LSTMs lose about as much,
# `change["LSTM"] < -2` and `change["LSTM, 2 layers"] < -2`. So they too use that neighbours belong together; they do it *through time*, where a stroke goes on from one row to the next. The basic RNN loses
# least of the three, `-2 < change["RNN"] < 0`, but it had less to lose.
#
# Two honest limits. These are three seeds after two short passes, with learning rates that were not tuned again for permuted digits. And it is one permutation: with another one the numbers would be others, and we have not
# measured how far. That the RNNs are *hurt* is a result about these runs; that the NN is *not* is a theorem.
#
# ## The real MNIST
#
# The same stored runs show what the small page cannot: 60,000 digits to learn from, 10,000 to test, and other writers on both sides.

# %% mystnb={"image": {"alt": "Two panels on MNIST with five networks. Accuracy: CNN about 98.8 percent, the two LSTMs about 98.3, RNN 94.9, NN 94.6. Processor seconds per epoch on a logarithmic axis: NN about 0.4, RNN about 3, the LSTMs 4 to 5, CNN about 16."}}
as_it_is = [r for r in stored["runs"] if r["order"] == "as it is"]
seconds_per_epoch = {
    name: [
        r["seconds_per_epoch"] for r in as_it_is if r["network"] == name
    ]
    for name in NETWORKS
}
plot_answers.side_by_side(
    {
        "accuracy after two passes (%)": runs["as it is"],
        "processor seconds per epoch": seconds_per_epoch,
    },
    "24,000 weights on MNIST: how they are used decides",
    columns=1,
    log=("processor seconds per epoch",),
)

# %%
lead = np.mean(runs["as it is"]["LSTM"]) - np.mean(
    runs["as it is"]["NN"]
)
of_layers = np.mean(runs["as it is"]["LSTM, 2 layers"]) - np.mean(
    runs["as it is"]["LSTM"]
)
of_seeds = np.std(runs["as it is"]["LSTM"], ddof=1)
print(
    f"LSTM before the NN by {lead:.1f} points; "
    f"a second layer: {of_layers:+.2f}, seeds differ by {of_seeds:.2f}"
)

# %% [markdown]
# With the same number of weights and the same two passes the LSTM is nearly four points before the dense network, `lead > 3`. On the little digits above the two could hardly be told apart. Data decides which comparison you can make. A second layer changes nothing that
# three seeds could show, `abs(of_layers) < 0.2`. And the seconds were taken while the machine was busy with other work; believe their ratios, and not all of the digits.
#
# A note on the NN: with 30 hidden units it is starved. Give it the 625 of the article, twenty times the weights, and it reads about 98 % of MNIST in three passes. "The dense network is worse" is true *at this budget*.
#
# To train on MNIST yourself, the command line takes one argument more:
#
# ```console
# $ rnn-course train lstm --data mnist
# ```
#
# It looks for the four MNIST files in the folder named by `RNN_COURSE_DATA`, then in your cache, and downloads them if they are nowhere. In a notebook, `load_mnist()` stands in for `load_digits()`, and nothing else changes. For comparison: {cite:t}`visin2015` let
# recurrent networks sweep over MNIST in four directions and read more than 99 % of it.
#
# ### With all the weights and all the time
#
# And if no budget holds anybody back? These are the six recipes of the command line: larger networks, trained for longer, on digits that are shifted by up to two pixels. Each line is one run with one seed, on NumPy with the gradients written by hand or on Torch with autograd. The records
# say with which command each was made; [the page on training](training.md) explains the recipes.

# %%
from rnn_course.training.results import read_runs

full = [
    run
    for run in read_runs("../benchmarks/results/training")
    if run.data == "mnist"
]
reached = {
    (run.recipe, run.backend): run.final_accuracy for run in full
}
for run in full:
    luck = standard_error(run.final_accuracy, run.test_examples)
    print(
        f"{run.recipe:6} {run.backend}  {run.parameters:7,d} weights, "
        f"{run.epochs:2} epochs: "
        f"{100 * run.final_accuracy:.2f} % ± {100 * luck:.2f}"
    )

# %% mystnb={"image": {"alt": "The share of MNIST's test digits that each recipe misreads, with a bar of one standard error, on NumPy and on Torch. LSTM, BiLSTM, CNN and GRU lie within each other's bars, between 0.6 and 0.8 percent. The MLP follows with 1.2 percent, the basic RNN with 2 percent. NumPy's and Torch's marks of a recipe lie close together."}}
plot_answers.errors_of_runs(
    full, "Gates and filters misread fewer than 1 digit in 100"
)

# %% [markdown]
# `reached["mlp", "torch"] ≥ 0.984`, `reached["cnn", "torch"] ≥ 0.992` and `reached["lstm", "torch"] ≥ 0.99`, and the same by hand on NumPy: `reached["mlp", "numpy"] ≥ 0.984`, `reached["cnn", "numpy"] ≥ 0.992`, `reached["lstm", "numpy"] ≥ 0.99`. The ± is the luck of the test digits
# alone. Within twice that, the three gated networks and the CNN cannot be told apart, and neither can the two backends. The basic RNN stays behind, `reached["rnn", "torch"] < 0.985`: it has no gates that would keep a stroke in memory until the last row.
#
# The file of a trained network need not stay in this course: `rnn-course export` writes it as ONNX, with one operator `LSTM` for the whole loop over time, or for `torch.export`, and compares the answers before it does.
#
# ## On NumPy, on Torch, on a GPU
#
# The classifier runs on Torch tensors with the same lines, and Torch differentiates them itself. The same seed gives the same weights and the same batches, so the loss of the first epoch has to agree:

# %% tags=["numpy"]
on_numpy = learn("LSTM", 0, epochs=1).history[0]
print(f"loss of the first epoch: {on_numpy.loss:.2f}")

# %% tags=["torch"]
rng = np.random.default_rng(0)
torch_lstm = row_lstm(28, (64,), rng=rng, backend="torch", device="cpu")
updates = -(-len(train_set.labels) // BATCH)
on_torch = fit(
    torch_lstm,
    to(train_set, "torch", "cpu"),
    optimizer=adam(one_cycle(PEAKS["LSTM"], updates)),
    epochs=1,
    batch_size=BATCH,
    max_norm=1.0,
    rng=rng,
).history[0]
print(f"loss of the first epoch: {on_torch.loss:.2f}")

# %% [markdown]
# `abs(on_numpy.loss - on_torch.loss) < 0.01`. NumPy used gradients that were written by hand, Torch its autograd. They are the same mathematics.
#
# The device is an argument: `device="cuda"`, or `"mps"` on a Mac, for the weights and for the data, and on the command line `--device cuda`. Do not expect wonders. 28 steps have to wait for each other, and each is a small product. The convolution gains more.
#
# ## What goes wrong in practice
#
# ### The best of many is not good
#
# Try a hundred networks, keep the one that does best on the test digits, and report its accuracy. What is wrong with that? Take a hundred "networks" that guess:

# %%
guesses = np.random.default_rng(0).integers(0, 10, (100, 360))
scores = (guesses == test_set.labels).mean(axis=1)
best = scores.argmax()
again = np.random.default_rng(1).integers(0, 10, (100, 360))
fresh = (again == test_set.labels).mean()
print(f"the mean guesser {100 * scores.mean():.1f} %")
print(f"the best guesser {100 * scores[best]:.1f} %")
print(f"the best guesser, asked 100 times again {100 * fresh:.1f} %")

# %% [markdown]
# `scores[best] > 0.13`, from pure luck. It was chosen *because* its luck was good on these digits, and luck does not repeat: `fresh < 0.105`. The best epoch of a learning curve is chosen in just the same way. So hold out some training digits, choose on them (the size, the rate, the epoch), and
# look at the test digits once. `rnn-course train` does so with `--validation`.
#
# ### One rate for all
#
# Here is the basic RNN with the LSTM's learning rate, ten times its own, and the LSTM with a hundred times its own:

# %%
hasty_rnn = learn("RNN", 0, epochs=2, peak=1e-2).history[-1].accuracy
hasty_lstm = learn("LSTM", 0, epochs=1, peak=1.0).history[-1].accuracy
patient_rnn = results["RNN"][0].history[1].accuracy
print("RNN, ten times its rate, behind:", hasty_rnn < patient_rnn)
print("LSTM, 100 times its rate, under half:", hasty_lstm < 0.5)

# %% [markdown]
# `hasty_rnn < patient_rnn` and `hasty_lstm < 0.5`, though the gradients were clipped in all of them. Had we trained all networks with one rate, we would have compared their rates.
#
# ### And three more
#
# The last output of a padded picture, a confusion matrix that counts once, and a network that meets its pixels in another order: you have seen all three on this page. None of them raised an error.
#
# ## The shapes of this page
#
# | what | shape |
# |---|---|
# | three digits, row by row | `rows: [batch=3, time=28, input=28]` |
# | all outputs, and the state at the end | `outputs: [3, 28, 5]`, `final_state.c: [3, 5]`, `final_state.h: [3, 5]` |
# | logits and probabilities | `logits: [batch=3, class=10]`, `p: [batch=3, class=10]` |
# | padded pictures | `padded: [batch=3, time=34, input=28]` |
# | the kernels | `dense.layers[1].kernel: [784, 30]`, `lstm.cell.kernel: [92, 256]`, `rnn.cell.kernel: [28 + 136, 136]` |
# | beliefs of all test digits | `beliefs: [batch=360, row=28, class=10]` |
# | who is taken for whom | `matrix: [label=10, answer=10]` |
#
# ## Test yourself
#
# Predict each shape before you choose.

# %%
from rnn_course.widgets import ShapeQuiz

ShapeQuiz("12")

# %% [markdown]
# And two without choices. Decide first, then open.
#
# <details><summary>The LSTM reads columns instead of rows. Which shapes change, and which numbers?</summary>
#
# No shape: `rows.swapaxes(1, 2): [batch=3, time=28, input=28]`, for the pictures are square. The weights have to be learned anew.
#
# </details>
#
# <details><summary>A colleague reports 98.9 % for one network and 98.7 % for another, both on 10,000 digits, one seed each. Which is better?</summary>
#
# Nobody can say. The test digits alone make √(0.989 · 0.011 / 10,000), about 0.1 points, uncertain for each, and a single seed says nothing about seeds.
#
# </details>
#
# ## Exercises
#
# They are in [their own notebook](../exercises/12_reading_digits_row_by_row.ipynb): the classifier and its way back, the beliefs, the costs, the error bar. A check answers at once and knows the usual mistakes.
# [Solutions](../solutions/12_reading_digits_row_by_row.ipynb) are there too.

# %%
from rnn_course.checks import EXERCISES
from rnn_course.checks.catalogue import chapter_of

for number, exercise in enumerate(
    (e for e in EXERCISES.values() if chapter_of(e.name) == "12"),
    start=1,
):
    print(
        f"{number:2}. {exercise.title:42} difficulty {exercise.difficulty} of 5, {exercise.minutes} minutes"
    )

# %% [markdown]
# ## What you can do now
#
# - Build a classifier of a cell, a loop and a read-out, and read out of the right output.
# - Count what an answer costs, and say why sharing weights does not make it cheaper.
# - Compare networks with one budget, one loop, several seeds and an error bar, and say what the split hides.
# - Look inside: a confusion matrix, the belief after each row.
# - Find out with a control what a network uses.
#
# ## Further reading
#
# - {cite:t}`lecun1998` is the paper of MNIST and of the convolutional networks that read it best.
# - {cite:t}`visin2015` let recurrent networks stand in for convolutions, on MNIST too.
# - {cite:t}`hochreiter1997` invented the LSTM; {cite:t}`gers2000forget` gave it the forget gate.
# - {cite:t}`goodfellow2016`, chapter 10, is the textbook's view of sequences.
#
# Next: chapter 13 will let an LSTM write.
