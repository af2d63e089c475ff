# %% [markdown]
# # 5 · Normalization
#
# A network of twenty layers is a line of twenty people, each of whom whispers a number to the next. If everybody speaks a little
# louder than the one before, the last one shouts. If a little softer, nothing arrives.
#
# *Normalization* asks each of them to speak at a fixed volume: subtract the mean of the numbers, divide by their standard
# deviation. That is one line of code. One question remains, and it has given four methods their names: **the mean of which
# numbers?**
#
# :::{admonition} What you will be able to do
# :class: tip
# - say for batch, layer, instance and group norm which axes share statistics, and write all four as one function;
# - derive the gradient of a norm, and say what it cannot pass on;
# - tell the two functions that batch norm is, one for learning and one for answering, and keep its memory up to date;
# - decide by measurement when a batch is too small for batch norm.
#
# **Reading** 45 minutes · **exercises** 100 minutes · **difficulty** 3 of 5 · **before**
# [chapter 4](04_convolution.ipynb)
# :::
#
# ![The arrays of this chapter and their axes](_diagrams/shapes_05.svg)

# %%
import json
from pathlib import Path
from textwrap import fill

import numpy as np

from rnn_course import (
    Activation,
    BatchNorm,
    Chain,
    Conv2D,
    Dense,
    Flatten,
    GroupNorm,
    ShapeError,
    accuracy,
    fit,
    gradcheck,
    load_digits,
    momentum,
    one_cycle,
    parameters,
    plot,
    relu,
    show_source,
    to,
)
from rnn_course.data.splits import Split

# %% [markdown]
# ## Numbers that drift
#
# Send twenty digits through twenty dense layers with ReLU. The weights are random, as at the start of a training. How large are the numbers after each layer, if the
# weights are a little too large, or a little too small?

# %%
digits = load_digits()
rng = np.random.default_rng(0)
pixels = digits.train.images[:20].reshape(20, 784)
first = pixels @ rng.normal(size=(784, 100)) / 28
layers = rng.normal(size=(20, 100, 100)) * np.sqrt(2 / 100)


def spreads(factor, norm=lambda x: x):
    x, found = first, []
    for weights in layers:
        x = relu(norm(x @ (factor * weights)))
        found.append(float(x.std()))
    return found


def to_fixed_volume(x):
    mean = x.mean(axis=1, keepdims=True)
    return (x - mean) / x.std(axis=1, keepdims=True)


large, small = spreads(1.3), spreads(0.7)
kept = spreads(1.3, to_fixed_volume)

# %% mystnb={"image": {"alt": "Three curves over 20 layers, on a logarithmic scale. One rises by more than a factor of ten, one falls by more than a factor of a hundred, and one stays level."}}
plot.curves(
    {
        "weights 30 % too large": large,
        "weights 30 % too small": small,
        "30 % too large, normalized": kept,
    },
    "Twenty layers: numbers explode, vanish, or stay",
    "layer",
    "standard deviation",
    log=True,
)

# %% [markdown]
# `large[-1] / large[0] > 50` and `small[-1] / small[0] < 0.01`: 30 percent per layer, twenty times. The third curve has the same wrong weights as the first, and
# `0.5 < kept[-1] / kept[0] < 2`. Its layers do not care how large the weights are.
#
# You can also start with weights of the right size: {cite:t}`glorot2010` say which, and {cite:t}`he2015` for ReLU. But training changes the weights, and then the
# sizes drift again.
#
# ## By hand
#
# Four numbers: 1, 3, 5, 7. Their mean is 4. The distances from it are −3, −1, 1, 3, the squares 9, 1, 1, 9, and the mean of the squares is 5: the
# *variance*. Its root, 2.236, is the standard deviation. So the normalized numbers are
#
# $$\begin{aligned}
# \hat x &= \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}} = \frac{(-3, -1, 1, 3)}{2.236} \\
#   &= (-1.34,\, -0.45,\, 0.45,\, 1.34).
# \end{aligned}$$
#
# ε is a small number, 0.00001. It saves us from dividing by 0 where all numbers are equal.


# %%
def standardise(x, axes, eps=1e-5):
    mean = x.mean(axis=axes, keepdims=True)
    variance = ((x - mean) ** 2).mean(axis=axes, keepdims=True)
    return (x - mean) / np.sqrt(variance + eps)


four = np.array([1.0, 3.0, 5.0, 7.0])
standardise(four, 0).round(2)

# %% [markdown]
# Two choices are hidden here. The squares are divided by n = 4, which is called the *biased* variance; statistics of the numbers at hand, no estimate for others. And ε
# stands *inside* the root.
#
# **Predict.** What becomes of 101, 103, 105, 107? Of 10, 30, 50, 70?

# %%
shifted, stretched = (
    standardise(four + 100, 0),
    standardise(four * 10, 0),
)
print(shifted.round(2), stretched.round(2))

# %% [markdown]
# Both are the same four numbers. A norm forgets where its input was and how far it was spread, and keeps what is left: which number is larger than which, and by how much compared
# with the others.
#
# Sometimes where and how far *was* the point. So every norm has two more parameters a channel, which are learned: $y = \gamma \hat x + \beta$. In batch norm the layer could even
# undo itself, with γ = σ and β = μ; but now two numbers a channel decide, and not all the weights below. In the other three norms an
# example has a μ of its own, and no γ and β bring that back.
#
# ## The mean of which numbers?
#
# A batch of feature maps is `[batch, row, column, channel]`. Numbers with four indices: which of them should share a mean?

# %%
x = rng.normal(size=(4, 5, 7, 6)) * (1 + np.arange(6))
x = x + rng.normal(size=(4, 1, 1, 1))
axes = {
    "batch norm": (0, 1, 2),  # one mean a channel
    "layer norm": (1, 2, 3),  # one mean an example
    "instance norm": (1, 2),  # one mean an example and channel
}
for name, over in axes.items():
    shape = x.mean(axis=over).shape
    print(f"{name:13}  mean over axes {over!s:9}  -> {list(shape)}")

# %% [markdown]
# Four examples of 5 · 7 pixels with 6 channels, `x: [batch=4, row=5, column=7, channel=6]`. A mean *runs over* some axes and *leaves* the others, and there is one mean for each
# combination of what is left.
#
# Group norm is between the last two: it cuts the channels into groups of neighbours, and leaves example and group.

# %%
grouped = x.reshape(4, 5, 7, 2, 3)  # 2 groups of 3 channels
group_means = grouped.mean(axis=(1, 2, 4))
print(f"group norm     two groups -> {list(group_means.shape)}")

# %% mystnb={"image": {"alt": "Four blocks of little cubes; channels run to the right, places downward, examples to the back. In batch norm the last channel is filled through all examples and places; in layer norm the whole front slice, one example; in instance norm one channel of one example; in group norm the last three channels of one example."}}
n, place, c = np.indices((4, 5, 6))
plot.blocks(
    {
        "batch norm": c == 5,
        "layer norm": n == 0,
        "instance norm": (n == 0) & (c == 5),
        "group norm, 2 groups": (n == 0) & (c // 3 == 1),
    },
    "Filled: the numbers that share one mean and one variance",
    columns=2,
)

# %% [markdown]
# This picture is the chapter. It is due to {cite:t}`wu2018`; rows and columns are folded into one direction, "places".
#
# | norm | shares a mean | one mean for each | examples see each other |
# |---|---|---|---|
# | batch {cite}`ioffe2015` | all examples and places of a channel | channel | **yes** |
# | layer {cite}`ba2016` | all places and channels of an example | example | no |
# | instance {cite}`ulyanov2016` | all places of a channel of an example | example and channel | no |
# | group {cite}`wu2018` | all places and some channels of an example | example and group | no |
#
# Why should a channel share a mean over all places? Because its filter is the same at all places ([chapter 4](04_convolution.ipynb)): its answers are comparable there.
#
# Choose a norm and a number in the figure. Then change the number: whose answers change?

# %%
from rnn_course.widgets import NormAxes

NormAxes()

# %% [markdown]
# ## One function
#
# All four are `standardise`. Here is group norm, with γ and β, from scratch:


# %%
def group_norm(x, gamma, beta, groups, eps=1e-5):
    batch, rows, columns, channels = x.shape
    grouped = x.reshape(
        batch, rows, columns, groups, channels // groups
    )
    standard = standardise(grouped, (1, 2, 4), eps)
    return standard.reshape(x.shape) * gamma + beta


gamma, beta = rng.normal(size=6), rng.normal(size=6)
by_hand = group_norm(x, gamma, beta, 2)
np.testing.assert_allclose(
    by_hand, GroupNorm(gamma, beta, groups=2)(x), rtol=1e-9
)
print("by hand: the same as the package's GroupNorm")

# %% [markdown]
# With one group it is layer norm, and with as many groups as channels it is instance norm. There is nothing to add:

# %% tags=["numpy"]
plain = {"gamma": np.ones(6), "beta": np.zeros(6)}
for name, groups in (("layer norm", 1), ("instance norm", 6)):
    ours = group_norm(x, **plain, groups=groups)
    expected = standardise(x, axes[name])
    np.testing.assert_allclose(ours, expected, rtol=1e-9)
    print(f"group norm with {groups} group(s) is {name}")

# %% tags=["torch"]
import torch

F = torch.nn.functional

nchw = to(x, "torch").permute(0, 3, 1, 2)  # Torch's order
theirs = {
    1: F.layer_norm(nchw, tuple(nchw.shape[1:])),
    2: F.group_norm(nchw, 2),
    6: F.instance_norm(nchw),
}
for groups, y in theirs.items():
    ours = group_norm(x, **plain, groups=groups)
    np.testing.assert_allclose(
        ours, y.permute(0, 2, 3, 1).numpy(), rtol=1e-9, atol=1e-12
    )
print("layer_norm, group_norm, instance_norm of Torch: the same")

# %% [markdown]
# γ and β belong to *channels*, not to groups: `GroupNorm.init(6, 2).gamma: [channel=6]`, and `parameters(GroupNorm.init(6, 2)) = 12`.
#
# Beware of one name. "Layer norm" of the paper on group norm is over a whole example. `LayerNorm(channels)` in Torch and Keras runs over the last axis alone: each pixel, or each step of a sequence, for
# itself. In a recurrent network that is what you want; for images it is another method.
#
# ### ε is not a detail
#
# For group norm the paper, Torch and ONNX take 10⁻⁵, TensorFlow's contrib took 10⁻⁶, Keras takes 10⁻³. This course takes
# `GroupNorm.init(6, 2).eps == 1e-5`, as `torch.nn.GroupNorm(2, 6).eps == 1e-5`. Does it matter? Standardise numbers of variance 1, and of variance 0.0001, which is small but
# common after a layer with small weights:

# %%
noise = standardise(rng.normal(size=10_000), 0, eps=0)
print("standard deviation after the norm, for three eps")
print("variance before    1e-6    1e-5    1e-3")
results = {}
for variance in (1.0, 1e-2, 1e-4):
    after = [
        float(standardise(noise * variance**0.5, 0, eps).std())
        for eps in (1e-6, 1e-5, 1e-3)
    ]
    results[variance] = after
    row = "   ".join(f"{s:.3f}" for s in after)
    print(f"{variance:15g}   {row}")

# %% [markdown]
# With variance 1 nobody notices. With variance 0.0001, Keras's ε leaves less than a third of the spread: `results[1e-4][2] < 0.31`. Weights that were trained with one ε and are run with another compute something else. When you
# move a network between libraries, move its ε.
#
# ## And back
#
# x reaches $\hat x$ by three roads: directly, through μ, and through σ. Write $d$ for the gradient that arrives at $\hat x$, and a bar for the mean over the numbers that share statistics. Then
#
# $$dx = \frac{1}{\sqrt{\sigma^2 + \varepsilon}}
#   \left( d \;-\; \overline{d} \;-\; \hat x \; \overline{d \, \hat x} \right).$$
#
# - $d$ alone is the direct road.
# - $-\overline d$ is the road through μ. It makes the gradient sum to 0: to shift all numbers together changes nothing.
# - $-\hat x\, \overline{d \hat x}$ is the road through σ. It takes out what lies along $\hat x$: to stretch all numbers changes nothing.
#
# So the gradient of a norm never asks for what the norm would undo. Check it:


# %%
def standardise_forward(x, axes, eps=1e-5):
    standard = standardise(x, axes, eps)
    scale = 1 / np.sqrt(x.var(axis=axes, keepdims=True) + eps)

    def backward(d):
        mean = d.mean(axis=axes, keepdims=True)
        along = (d * standard).mean(axis=axes, keepdims=True)
        return scale * (d - mean - standard * along)

    return standard, backward


standard, backward = standardise_forward(x, (1, 2, 3))
d_x = backward(rng.normal(size=x.shape))
shift = abs(d_x.sum(axis=(1, 2, 3))).max()
stretch = abs((d_x * standard).sum(axis=(1, 2, 3))).max()
print(f"asks for no shift: {shift < 1e-9}")
print(f"asks for (nearly) no stretch: {stretch < 1e-3}")


# %% [markdown]
# `shift < 1e-9`, `stretch < 1e-3`; the second one is not exactly 0 because of ε. And the gradients of γ and β are those of a small dense layer, $\sum dy\,\hat x$ and $\sum dy$. The whole table, once for group norm
# and once for batch norm as it learns:


# %%
def batch_norm_forward(x, gamma, beta):
    fresh = BatchNorm.init(x.shape[3], dtype="float64")
    layer = fresh._replace(gamma=to(gamma), beta=to(beta))
    y, _, layer_backward = layer.forward_training(x)

    def backward(d_y):
        d_layer, d_x = layer_backward(d_y)
        return d_x, d_layer.gamma, d_layer.beta

    return y, backward


tables = [
    gradcheck(
        lambda x: standardise_forward(x, (1, 2)),
        x,
        rng=np.random.default_rng(1),
        names=("x, by hand",),
        with_autograd=False,
        tolerance=1e-6,
    ),
    gradcheck(
        GroupNorm.forward,
        GroupNorm(gamma, beta, groups=2),
        x,
        rng=np.random.default_rng(1),
        names=("group norm", "x"),
        tolerance=1e-6,
    ),
    gradcheck(
        batch_norm_forward,
        x,
        gamma,
        beta,
        rng=np.random.default_rng(1),
        names=("x", "gamma", "beta"),
        with_autograd=False,
        tolerance=1e-6,
    ),
]
print(*tables, sep="\n\n")

# %% [markdown]
# `all(table.ok for table in tables) == True`.
#
# ## Learning and answering
#
# Batch norm has a problem that the others do not have. Ask a network with batch norm about one digit, in two different batches:

# %%
layer = BatchNorm.init(6, dtype="float64")
mine = x[:1]
with_some = np.concatenate([mine, x[1:3]])
with_others = np.concatenate([mine, 3 + 2 * x[1:3]])
answers = [
    layer.forward_training(batch)[0][0]
    for batch in (with_some, with_others)
]
difference = abs(answers[0] - answers[1]).max()
print(
    f"same example, other neighbours: another answer: {difference > 0.1}"
)

# %% [markdown]
# `difference > 0.1`. While it learns that is tolerable, even useful: the noise makes it harder to learn examples by heart {cite}`ioffe2015`. An answer must not depend on who else has asked. So batch norm is **two functions**:
#
# - while it *learns*, μ and σ² are those of the batch, and a memory of them is kept;
# - when it *answers*, μ and σ² come from that memory. They are constants now.
#
# The memory is a running mean of each:
#
# $$\begin{aligned}
# \text{running} \leftarrow \; &(1 - m) \cdot \text{running} \\
#   &+ m \cdot \text{statistic of the batch}
# \end{aligned}$$
#
# In this course nothing is changed behind your back. `forward_training` *returns* the layer with its new memory:

# %%
y, remembering, _ = layer.forward_training(x)
print("before:", layer.running_mean.round(2))
print("after: ", remembering.running_mean.round(2))
print("batch: ", x.mean(axis=(0, 1, 2)).round(2))

# %% [markdown]
# One tenth of the way, since m = 0.1. After many batches the memory has nearly arrived:

# %%
many = layer
for _ in range(60):
    batch = x[rng.permutation(4)[:3]]  # three of the four
    _, many, _ = many.forward_training(batch)
target_mean = x.mean(axis=(0, 1, 2))
off = abs(many.running_mean - target_mean).max()
print(f"largest distance from the mean of all: {off < 0.5}")

# %% [markdown]
# `off < 0.5`, and the answer is now the same in all company: `many(with_some)[0] == many(with_others)[0]`.
#
# Two libraries, two habits. What is called momentum is 0.1 in Torch and here, `torch.nn.BatchNorm2d(6).momentum == 0.1`, the part that is *new*; in TensorFlow and Keras it is 0.99, the part that is *kept*. And the running variance averages the unbiased variance in Torch and
# in TensorFlow's fused kernel, the biased one in Keras 3.

# %% tags=["numpy"]
y, after, _ = layer.forward_training(x)
print("running mean    ", after.running_mean[:3].round(3))
print("running variance", after.running_variance[:3].round(3))

# %% tags=["torch"]
mean, variance = to(np.zeros(6), "torch"), to(np.ones(6), "torch")
theirs = F.batch_norm(nchw, mean, variance, training=True)  # in place
np.testing.assert_allclose(
    y, theirs.permute(0, 2, 3, 1).numpy(), rtol=1e-9, atol=1e-12
)
print("running mean    ", mean[:3].numpy().round(3))
print("running variance", variance[:3].numpy().round(3))

# %% [markdown]
# Torch writes into the arrays that it was handed, NumPy's side returns new ones. The numbers are the same.
#
# `fit` knows both functions: it trains with `forward_training`, carries the memory from batch to batch, and measures with the answers:

# %%
show_source(Chain.forward_training)

# %% [markdown]
# ## How small may a batch be?
#
# Now a question for measurement. Batch norm estimates a mean from the batch. From 64 examples that is a good estimate, from 2 a poor one. {cite:t}`wu2018` trained a large network on photographs, with batches of 32 down to 2 images a
# GPU. With batch norm the error rose from 23.6 % to 34.7 %. With group norm it stayed between 24.0 % and 24.2 %.
#
# Here is that experiment in miniature. The network has three convolutions with stride 2. The last feature maps are 1 × 1, so that batch norm has *as many numbers a channel as the batch has examples* there. That is a choice, and it was made after looking: where the last maps are larger, each
# map brings its channel many numbers, and we shall see what that changes. The learning rates were tried out on the same held-out digits too. So read what follows as a warning about few
# numbers a channel, and not as a law about small batches.


# %%
def network(norm, rng, strides=(2, 2, 2)):
    layers, side = [], 8
    sizes = ((1, 16), (16, 32), (32, 32))
    for (channels, filters), stride in zip(sizes, strides, strict=True):
        layers += [
            Conv2D.init(channels, filters, rng=rng, stride=stride),
            norm(filters),
            Activation("relu"),
        ]
        side //= stride
    readout = Dense.init(side * side * 32, 10, rng=rng)
    return Chain((*layers, Flatten(), readout))


NORMS = {
    "batch norm": BatchNorm.init,
    "group norm": lambda channels: GroupNorm.init(channels, 4),
}
native = load_digits(size=8)
train_set = Split(
    native.train.images[:700, :, :, None], native.train.labels[:700]
)
test_set = Split(native.test.images[:, :, :, None], native.test.labels)
weights = {
    name: parameters(network(norm, rng)) for name, norm in NORMS.items()
}

# %% [markdown]
# `train_set.images: [example=700, row=8, column=8, channel=1]`. As in the paper, every network sees all examples equally often, here 12 times, and the learning rate is proportional to the batch size:
# k times the batch, k times the rate {cite}`goyal2017`.
#
# Both networks learn the same number of weights. Batch norm keeps two running statistics of each of its 16 + 32 + 32 channels besides:
# `weights["batch norm"] - weights["group norm"] == 160`. All runs together take four minutes of a processor. They were made in one go by `book/experiments/small_batches.py`, and their results stand beside it. The page reads
# them, repeats two of the runs, and adds a third.

# %%
stored = json.loads(
    Path("experiments/small_batches.json").read_text("utf8")
)
runs = {name: {} for name in NORMS}
for run in stored["runs"]:
    at = runs[run["norm"]].setdefault(run["batch_size"], [])
    at.append(100 * run["error"])
seeds = stored["setting"]["seeds"]
print(f"{len(stored['runs'])} runs, {seeds} seeds for each point")

# %% mystnb={"image": {"alt": "Error against batch size, both axes logarithmic, with error bars. Group norm is level at about 3 to 4 percent from 64 down to 1. Batch norm is lower, about 2 percent, from 64 down to 8, comes close to group norm at 4, lies above it at 3, and jumps to nearly 50 percent at 2. It has no point at 1."}}
plot.error_bars(
    runs,
    "At a batch of two, batch norm fails; group norm does not notice",
    "batch size",
    "error on 360 held-out digits (%)",
)

# %%
means = {
    name: {size: float(np.mean(at)) for size, at in of.items()}
    for name, of in runs.items()
}
batch_means, group_means = means["batch norm"], means["group norm"]
print("batch   batch norm   group norm")
for size in (64, 32, 16, 8, 4, 3, 2):
    print(
        f"{size:5} {batch_means[size]:10.1f} % {group_means[size]:10.1f} %"
    )

# %% [markdown]
# Bars are one standard deviation over five seeds, dashes the single runs. Read three things off.
#
# **At 8 and more, batch norm is the better one here.** At 8 its worst seed is better than group norm's best,
# `max(runs["batch norm"][8]) < min(runs["group norm"][8])`. The paper found the same on photographs with 32 images, by half a
# percentage point. Group norm does not win by being better, but by not depending on the batch: `max(group_means.values()) < 6`.
#
# **At 4 the bars meet, at 3 batch norm is behind, at 2 it collapses:** `batch_means[3] > group_means[3]`, `batch_means[2] > 40`.
#
# **At 1 there is no point at all.** A channel of the last layer then has a single number, and the layer refuses.
#
# Is the collapse real, or does it only come from the file? Three runs, now. The third has batches of two as well, but a stride
# of 1 in its last convolution. So its last maps are 2 × 2, and there are 8 numbers a channel instead of 2:


# %%
def error_of(name, batch_size, strides=(2, 2, 2), seed=0, epochs=12):
    rng = np.random.default_rng(seed)
    updates = epochs * (700 // batch_size)
    result = fit(
        network(NORMS[name], rng, strides),
        train_set,
        optimizer=momentum(
            one_cycle(0.1 * batch_size / 32, updates), 0.9
        ),
        epochs=epochs,
        batch_size=batch_size,
        drop_last=True,
        rng=rng,
    )
    return result.model, 100 * (1 - accuracy(result.model, test_set))


model_16, error_16 = error_of("batch norm", 16)
model_2, error_2 = error_of("batch norm", 2)
_, error_wide = error_of("batch norm", 2, strides=(2, 2, 1))
print(
    f"as stored at 16: {abs(error_16 - runs['batch norm'][16][0]) < 2}"
)
print(f"batch norm at 2, above 25 %: {error_2 > 25}")
print(f"at 2, with larger maps, below 6 %: {error_wide < 6}")

# %% [markdown]
# `error_16 < 5`, `error_2 > 25`, but `error_wide < 6`. It is not the batch that is too small, but the set of numbers that share a mean.
#
# ### Why two are too few
#
# Take two numbers, a and b. Their mean is in the middle, and both are equally far from it. Divided by that distance, one becomes 1 and the other −1, *whatever they were*:

# %%
pairs = rng.normal(size=(2, 6)) * 10.0 ** np.arange(6)
standardise(pairs, 0).round(2)

# %% [markdown]
# So the last layer of that network learned from bare signs: for each channel, which of the two examples had more of it. How *much* was gone. No memory repairs that when the network answers. The paper's network is much deeper and has more numbers a channel;
# its curve bends earlier, 24.8 % at 8 images and 27.3 % at 4 {cite}`wu2018`, and breaks less.
#
# ## What goes wrong in practice
#
# **A last batch of one.** 701 examples in batches of 4 leave one over. Batch norm on 1 × 1 maps raises:

# %%
try:
    model_16.forward_training(test_set.images[:1])
except ShapeError as error:
    print("ShapeError:", fill(str(error), 66))

# %% [markdown]
# The remedy is in the message; in `fit` it is {code}`drop_last=True`. Torch raises as well. In Keras
# such a channel becomes β, whatever the digit was, and nobody tells you.
#
# **Answering with the statistics of the batch.** In Torch, forgetting `model.eval()`. The network then depends on the company of each example. Hand the test digits over sorted by class, ten at a time:

# %%
order = np.argsort(test_set.labels, kind="stable")
wrong = 0
for start in range(0, 360, 10):
    chosen = order[start : start + 10]
    logits, _, _ = model_16.forward_training(test_set.images[chosen])
    wrong += (logits.argmax(axis=1) != test_set.labels[chosen]).sum()
sorted_error = 100 * float(wrong) / 360
print(f"right door, below 5 %: {error_16 < 5}")
print(f"wrong door, sorted digits, above 30 %: {sorted_error > 30}")

# %% [markdown]
# `sorted_error > 30`. In a batch of ten threes, what makes a three a three is the mean, and the norm takes it off.
#
# **A memory that was never carried.** The weights are trained, but the running statistics are those of a fresh layer, 0 and 1: a checkpoint without buffers, or a loop that keeps the old model.

# %%
forgetful = Chain(
    tuple(
        part._replace(
            running_mean=0 * part.running_mean,
            running_variance=0 * part.running_variance + 1,
        )
        if isinstance(part, BatchNorm)
        else part
        for part in model_16.layers
    )
)
forgetful_error = 100 * (1 - accuracy(forgetful, test_set))
print(f"without its memory, above 30 %: {forgetful_error > 30}")

# %% [markdown]
# `forgetful_error > 30`. The training loss of such a network looks perfect, since learning does not use the memory.
#
# **Groups that are no neighbours.** A reshape to `[.., channels // groups, groups]` makes groups of every second channel. No error, other groups:

# %%
apart = standardise(x.reshape(4, 5, 7, 3, 2), (1, 2, 3))
apart = apart.reshape(x.shape)
gap = abs(apart - group_norm(x, **plain, groups=2)).max()
print(f"another result: {gap > 0.5}")

# %% [markdown]
# `gap > 0.5`. A network can be trained with either; only not with one and run with the other.
#
# ## The shapes of this page
#
# | what | shape | axes |
# |---|---|---|
# | feature maps | `x: [4, 5, 7, 6]` | batch, row, column, channel |
# | batch norm's means | `x.mean(axis=(0, 1, 2)): [6]` | channel |
# | layer norm's means | `x.mean(axis=(1, 2, 3)): [4]` | batch |
# | instance norm's means | `x.mean(axis=(1, 2)): [4, 6]` | batch, channel |
# | group norm's means | `grouped.mean(axis=(1, 2, 4)): [4, 2]` | batch, group |
# | γ, β of each | `gamma: [6]` | channel |
# | batch norm's memory | `many.running_variance: [6]` | channel |
# | a norm's output | `by_hand: [4, 5, 7, 6]` | as its input |
#
# ## Test yourself
#
# Predict each shape before you choose. The answer comes at once and says why.

# %%
from rnn_course.widgets import ShapeQuiz

ShapeQuiz("05")

# %% [markdown]
# And two without choices. Decide first, then open.
#
# <details><summary>A convolution with a bias is followed by batch norm. What does the bias do?</summary>
#
# Nothing. It shifts all numbers of a channel, and the norm takes the channel's mean off again; β does its work. That is why one often sees convolutions without bias before a norm. In *instance norm* the same is true. In layer
# norm it is not: the mean is over all channels, and each channel has a bias of its own.
#
# </details>
#
# <details><summary>All weights of a layer are doubled, and batch norm follows. What changes?</summary>
#
# The answers do not, but for ε. The gradient is halved: the larger the weights, the smaller their relative steps. So with a norm, the size of the weights acts as a learning rate.
#
# </details>
#
# ## Exercises
#
# They are in [their own notebook](../exercises/05_normalization.ipynb). A check answers at once and knows the usual mistakes.
# [Solutions](../solutions/05_normalization.ipynb) are there too.

# %%
from rnn_course.checks import EXERCISES
from rnn_course.checks.catalogue import chapter_of

for number, exercise in enumerate(
    (e for e in EXERCISES.values() if chapter_of(e.name) == "05"),
    start=1,
):
    effort = f"difficulty {exercise.difficulty} of 5"
    minutes = f"{exercise.minutes} minutes"
    print(f"{number}. {exercise.title:40} {effort}, {minutes}")

# %% [markdown]
# ## What you can do now
#
# - Draw the block, and fill in who shares a mean, for each of the four norms.
# - Write all of them with one function and a reshape, and their gradient with two corrections.
# - Keep the two functions of batch norm apart, and carry its memory.
# - Take group norm where a batch is small, and batch norm where it is large and you have measured it.
# - Move a trained norm to another library: ε, momentum, which variance.
#
# ## Further reading
#
# - {cite:t}`ioffe2015` introduced batch norm; {cite:t}`ba2016` layer norm, with recurrent networks in mind; {cite:t}`ulyanov2016` instance norm, for pictures in the style of others.
# - {cite:t}`wu2018` is the experiment of this page, large.
# - {cite:t}`santurkar2018` ask why batch norm helps, and doubt the reason that its inventors gave. It helps even where the inputs of the
#   layers are made less steady on purpose; what it does is to smooth the loss.
#
# **Next:** part II. A digit is read row by row, and the network has to remember. [Chapter 6](06_time_steps.ipynb) begins with a single number.
