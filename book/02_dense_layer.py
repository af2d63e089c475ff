# %% [markdown]
# # 2 · Dense layer
#
# Ten people sit before one digit. Each knows a single numeral, one the 0, one the 1, and so on. Each looks at all 784 pixels
# and calls out a score: how much is this mine? The highest score wins.
#
# That is a dense layer with ten units. This chapter computes one by hand, counts what it costs, and turns the scores into
# probabilities. It even reads digits with one, before anything has learned: the weights can be written down.
#
# :::{admonition} What you will be able to do
# :class: tip
# - compute a dense layer by hand, and predict the shape of everything in it;
# - count the parameters of a network from its widths;
# - say why a layer never mixes the examples of a batch, and why two layers need something bent between them;
# - turn logits into probabilities and into a loss without an overflow, and recognise the usual mistakes on the way.
#
# **Reading** 40 minutes · **exercises** 60 minutes · **difficulty** 2 of 5 · **before**
# [chapter 1](01_one_batch_three_views.ipynb)
# :::
#
# ![The arrays of this chapter and their axes](_diagrams/shapes_02.svg)

# %%
import numpy as np

from rnn_course import (
    Activation,
    Chain,
    Dense,
    load_digits,
    log_softmax,
    mlp,
    parameters,
    plot,
    relu,
    show_source,
    softmax,
    softmax_cross_entropy,
    to,
)

# %% [markdown]
# ## Two examples, three inputs
#
# The smallest layer worth looking at: a batch of 2 examples, 3 numbers each, and 4 units.

# %%
x = np.array([[1.0, 2.0, 0.0], [0.0, -1.0, 3.0]])
kernel = np.array(
    [
        [1.0, 0.0, 2.0, -1.0],
        [0.0, 1.0, -1.0, 1.0],
        [1.0, 1.0, 0.0, 2.0],
    ]
)
bias = np.array([1.0, -1.0, 0.0, 2.0])

# %% [markdown]
# `x: [batch=2, input=3]`, `kernel: [input=3, output=4]`, `bias: [output=4]`. The weights are called the **kernel**. Each of its
# columns belongs to one unit, and holds a weight for every input. Each unit has one number more, its **bias**.
#
# A unit multiplies each input by its weight, adds up, and adds its bias. Unit 3, for example 0:
#
# $$1 \cdot (-1) + 2 \cdot 1 + 0 \cdot 2 + 2 = 3$$
#
# **Predict** what unit 0 gives for example 1. Its weights are 1, 0, 1 and its bias is 1. Then let the machine do all eight,
# with nothing but loops:

# %%
y = np.zeros((2, 4))
for example in range(2):
    for unit in range(4):
        total = bias[unit]
        for k in range(3):
            total += x[example, k] * kernel[k, unit]
        y[example, unit] = total
print(y)

# %% [markdown]
# `y: [batch=2, output=4]`, with `y[0, 3] == 3` as by hand, and `y[1, 0] == 4`: 0 · 1 − 1 · 0 + 3 · 1 + 1.
#
# The three loops have a shorter name, the product of two matrices:

# %%
np.testing.assert_array_equal(x @ kernel + bias, y)
np.testing.assert_array_equal(Dense(kernel, bias)(x), y)
print("x @ kernel + bias, and the package's Dense: the same")

# %% [markdown]
# To predict the shape of a product, write the axes side by side: `[batch, input]` times `[input, output]`. The two inner axes
# must have the same size. The product sums over them, and they are gone. What is left is `[batch, output]`. The bias,
# `[output]`, fits the last axis, and is added to every row. NumPy and Torch call that broadcasting.
#
# ### One number, and how far it reaches
#
# Below, each output lies where its row of x meets its column of the kernel. Choose a number with a click or with the arrow
# keys. If it is an input or a weight, slide it. **Predict** first: if you change one number of example 0, which outputs of
# example 1 change?

# %%
from rnn_course.widgets import DenseLayerFigure

DenseLayerFigure(Dense(kernel, bias), x, marked="y.0.3")

# %% [markdown]
# None of them. A number of x reaches one row, that of its own example. A weight reaches one column, that is one unit, in every
# example. The last table, p, is explained further down; there a row shares what it has, but still with no other row.
#
# ## Why the batch axis is untouched
#
# The product sums over the input axis and over no other. So row 1 of the output is made from row 1 of x, whoever sits in
# row 0. A batch is a convenience: many examples in one product, each as if it were alone.

# %%
alone = x[1:] @ kernel + bias
np.testing.assert_array_equal(alone, y[1:])
print("example 1 alone:", alone)

# %% [markdown]
# Nor does the layer care how many axes stand before the last one. Five digits of 28 rows are 5 · 28 rows of 28 numbers, and
# each of them goes through the same layer:

# %%
rng = np.random.default_rng(0)
sequences = rng.random((5, 28, 28))
each_row = Dense.init(28, 16, rng=rng, dtype="float64")(sequences)
each_row.shape

# %% [markdown]
# `sequences: [batch=5, time=28, input=28]` has become `each_row: [batch=5, time=28, output=16]`. Part II uses this all the
# time: one layer for every step. But it is also the limit of a dense layer. Just as no example knows of another, no step
# does. Whoever wants to join two steps has to bring something new, and that is what a recurrent network does.

# %% [markdown]
# ## From 784 to 625 to 10
#
# Now the size of a real digit. The first layer makes 625 numbers of its 784 pixels, the second makes 10 scores of those. 784
# is given by the pictures and 10 by the question. 625 is a choice, that of the article which this course goes back to: 25 · 25,
# and 600 would do as well. The units between input and output are called *hidden*.
#
# **Predict** the number of parameters of the first layer before you read on.

# %%
network = mlp((784, 625, 10), rng=rng)
for layer in network.layers:
    print(f"{type(layer).__name__:10} {parameters(layer):7,}")
print(f"{'together':10} {parameters(network):7,}")

# %% [markdown]
# | layer | weights | biases | parameters |
# |---|---|---|---|
# | first | 784 · 625 = 490,000 | 625 | 490,625 |
# | second | 625 · 10 = 6,250 | 10 | 6,260 |
# | both | | | 496,885 |
#
# The kernels are `network.layers[1].kernel: [784, 625]` and `network.layers[3].kernel: [625, 10]`. The sums are right:
# `parameters(network.layers[1]) = 490,625`, `parameters(network.layers[3]) = 6,260`, `parameters(network) = 496,885`.
#
# So 490,625 is 784 · 625 + 625: a weight for every pair of an input and a unit, and a bias for every unit. Nearly everything
# that this network has to learn stands in its first kernel. The batch appears nowhere: `network` reads one digit or a
# thousand with the same 496,885 numbers.
#
# [Chapter 4](04_convolution.ipynb) gets by with far fewer, because the same few weights are used at every place of the picture.

# %% [markdown]
# ## A layer whose weights we write ourselves
#
# What do 784 weights of one unit mean? Written as a picture of 28 × 28, they say of each pixel how much ink there speaks for
# the unit. So let us write ten such pictures ourselves. The simplest idea: the mean of all training digits with that label.

# %%
digits = load_digits()
vectors = digits.train.images.reshape(-1, 784)
means = np.stack(
    [
        vectors[digits.train.labels == digit].mean(axis=0)
        for digit in range(10)
    ],
    axis=1,
)
means.shape

# %% mystnb={"image": {"alt": "Ten blurred grey digits, 0 to 9, each the mean of all training digits of its class."}}
plot.images(
    means.T.reshape(10, 28, 28),
    [f"unit {digit}" for digit in range(10)],
    "The kernel: one picture a unit, the mean of its class",
    columns=5,
    size=1.25,
)

# %% [markdown]
# `means: [input=784, output=10]` has the shape of a kernel. Is it a good one? Say that a digit belongs to the class whose mean
# is nearest. The squared distance of x from the mean m of a class is
#
# $$\lVert x - m \rVert^2 = \lVert x \rVert^2 - 2 \left( x \cdot m - \tfrac12 \lVert m \rVert^2 \right).$$
#
# The first term is the same for all classes. So the nearest mean is where the bracket is largest, and the bracket is a unit
# of a dense layer: weights m, and bias −½‖m‖².

# %%
by_hand = Dense(kernel=means, bias=-0.5 * (means**2).sum(axis=0))
test_vectors = digits.test.images.reshape(-1, 784)
scores = by_hand(test_vectors)

distances = ((test_vectors[:, :, None] - means) ** 2).sum(axis=1)
nearest = distances.argmin(axis=1)
np.testing.assert_array_equal(scores.argmax(axis=1), nearest)

share = np.mean(scores.argmax(axis=1) == digits.test.labels)
print(f"right without learning: {share:.1%}")

# %% [markdown]
# `scores: [batch=360, class=10]`, and the largest of each row is right in nine of ten held-out digits: `share > 0.9`. Nothing
# was trained. Guessing would give one in ten. Do not ask these units for more than they are, though: a mean of many threes
# is a blurred three, and blurred threes and eights have much in common. Chapter 3 lets the weights find out for themselves
# what tells the classes apart.
#
# The difference of two units is a unit, too. What speaks for a 3 against an 8, for a 4 against a 9, for a 1 against a 7?

# %% mystnb={"image": {"alt": "Three pictures of weights. Unit 3 minus unit 8: purple at the left, where an 8 closes its loops, orange at the lower right. Unit 4 minus unit 9: orange along the bar of the 4, purple along the upper loop of the 9. Unit 1 minus unit 7: orange at the upper left and the lower right, purple at the right of the middle."}}
pairs = [(3, 8), (4, 9), (1, 7)]
plot.signed_images(
    [(means[:, a] - means[:, b]).reshape(28, 28) for a, b in pairs],
    [f"unit {a} minus unit {b}" for a, b in pairs],
    "Orange speaks for the first digit, purple for the second",
)

# %% [markdown]
# ## Two layers without a bend are one
#
# Why does something stand between the two layers of `network`, an `Activation`? Leave it out and see:
#
# $$\begin{aligned} &(x W_1 + b_1) W_2 + b_2 \\ &\quad = x \, (W_1 W_2) + (b_1 W_2 + b_2) \end{aligned}$$

# %%
first = Dense.init(784, 625, rng=rng, dtype="float64")
second = Dense.init(625, 10, rng=rng, dtype="float64")
merged = Dense(
    kernel=first.kernel @ second.kernel,
    bias=first.bias @ second.kernel + second.bias,
)
two = second(first(test_vectors.astype("float64")))
one = merged(test_vectors.astype("float64"))
np.testing.assert_allclose(one, two, rtol=1e-9, atol=1e-12)
print(parameters((first, second)), "parameters do what", end=" ")
print(parameters(merged), "can do as well")

# %% [markdown]
# A product of two matrices is a matrix, `merged.kernel: [784, 10]`. The 625 units between have bought nothing.
#
# So a bend is put between the layers. The usual one is the **ReLU**, max(z, 0), for each number by itself. How much such a
# small bend gives can be seen with one input and two hidden units. No single line is V-shaped. Two bent ones are:

# %%
line = np.linspace(-2, 2, 81)[:, None]  # [batch=81, input=1]
hidden = relu(line @ np.array([[1.0, -1.0]]))
v_shape = hidden @ np.array([[1.0], [1.0]]) + 0.3  # a bias
np.testing.assert_allclose(v_shape, np.abs(line) + 0.3)

# %% mystnb={"image": {"alt": "Three curves over x from -2 to 2. relu(x) is 0 on the left and rises on the right, relu(-x) the other way round; the third curve, their sum plus 0.3, is V-shaped."}}
plot.curves(
    {
        "hidden unit 0: relu(x)": hidden[:, 0],
        "hidden unit 1: relu(−x)": hidden[:, 1],
        "output: their sum, and a bias": v_shape[:, 0],
    },
    "Two bent lines make what no straight line can",
    "x",
    "value",
    x=line[:, 0],
)

# %% [markdown]
# `hidden: [batch=81, hidden=2]` and `v_shape: [batch=81, output=1]`. With more hidden units come more bends, and over a
# bounded range a continuous function can be followed as closely as you like {cite}`cybenko1989,goodfellow2016`. After the last layer there is no ReLU: a score may be
# negative.
#
# ## From scores to probabilities
#
# The scores of the last layer are called **logits**. They may be any numbers. For our two examples they are the rows of y:
# 2, 1, 0, 3 and 4, 1, 1, 7. **Softmax** makes probabilities of a row: raise e to each of them, and divide by the sum.
#
# | step | class 0 | class 1 | class 2 | class 3 | sum |
# |---|---|---|---|---|---|
# | logit | 2 | 1 | 0 | 3 | |
# | exp | 7.39 | 2.72 | 1.00 | 20.09 | 31.19 |
# | exp / sum | 0.24 | 0.09 | 0.03 | 0.64 | 1 |

# %%
powers = np.exp(y)
p = powers / powers.sum(axis=1, keepdims=True)
np.testing.assert_allclose(p, softmax(y))
print("exp, example 0:", powers[0].round(2))
print("their sum:", powers[0].sum().round(2))
print(p.round(2))

# %% [markdown]
# `p: [batch=2, class=4]`. Each row sums to 1, for it was divided by its own sum, which is what `axis=1` and `keepdims=True` say.
# Three things follow from the formula, and all three will be of use.
#
# - *The order stays.* The largest logit is the largest probability, so nobody needs softmax to name the winner.
# - *Steps become factors.* One more in a logit is e ≈ 2.72 times as much, against every other class:
#   `2.71 < p[0, 0] / p[0, 1] < 2.72`.
# - *Only differences count.* The same number added to all logits of a row cancels out.

# %%
np.testing.assert_allclose(softmax(y + 5.0), softmax(y))
np.testing.assert_array_equal(
    softmax(y).argmax(axis=1), y.argmax(axis=1)
)
print("shifted by 5: the same probabilities, the same order")

# %% [markdown]
# ## One number for how wrong it is
#
# Say the right classes are 3 and 0. The network gave them 0.64 and 0.05. How bad is that? The **cross-entropy** takes minus the
# logarithm of the probability of the right class, and the mean over the batch.

# %%
labels = np.array([3, 0])
given = p[[0, 1], labels]  # the probability of each label
losses = -np.log(given)
print("probability", given.round(2), " loss", losses.round(2))
np.testing.assert_allclose(
    losses.mean(), softmax_cross_entropy(y, labels)
)

# %% mystnb={"image": {"alt": "A falling curve: the loss, minus the logarithm of the probability of the right class. It is 0 at probability 1 and rises steeply as the probability goes to 0."}}
probability = np.linspace(0.01, 1, 100)
plot.curves(
    {"−log p": -np.log(probability)},
    "Being sure and wrong costs most",
    "probability p of the right class",
    "loss (nats)",
    x=probability,
)

# %% [markdown]
# A probability of 1 costs nothing. Each halving costs log 2 ≈ 0.69 more, without a limit: who is quite sure and wrong pays most. A
# network that has learned nothing gives each of ten classes about 0.1, and pays log 10 ≈ 2.30. Remember this number. A
# training that begins far above it, or stays at it, has a fault. Our own `network`, fresh from its initialiser:

# %%
start = float(
    softmax_cross_entropy(
        network(digits.test.images), digits.test.labels
    )
)
print(f"untrained: {start:.1f}   log 10: {np.log(10):.1f}")

# %% [markdown]
# It is `2.2 < start < 2.7`: near log 10, and a little above, since its random weights make some of its guesses bolder than
# others.

# %% [markdown]
# ## What goes wrong in practice
#
# ### 1 · Large logits
#
# The formula of softmax is right, and as a program it fails. **Predict** what these lines print: float32 ends near 3.4 · 10³⁸,
# which is about exp(88.7): `88.7 < np.log(np.finfo("float32").max) < 88.8`.


# %%
def naive_softmax(z):
    powers = np.exp(z)
    return powers / powers.sum(axis=1, keepdims=True)


large = np.array(
    [[80, 1, 0], [100, 1, 0], [-200, -201, -202]], dtype="float32"
)
with np.errstate(all="ignore"):
    print("naive\n", naive_softmax(large).round(2))
print("with the maximum taken off first\n", softmax(large).round(2))

# %% [markdown]
# At 80 all is well. At 100 the exponential is infinity, and infinity by infinity is NaN, not a number. At −200 all
# exponentials are 0, and 0 by 0 is NaN as well. One NaN is enough: it goes into the loss, into the gradients, and from
# there into every weight.
#
# Only differences count, so the way out is free. Take the largest logit off each row first. The largest exponential is then
# exp(0) = 1, nothing overflows, and the sum is never 0 {cite}`goodfellow2016`. It has to be the maximum *of the row*. With
# one maximum for the whole batch, the third row above is 0 by 0 again:

# %%
one_for_all = np.exp(large - large.max())
with np.errstate(all="ignore"):
    shares = one_for_all / one_for_all.sum(axis=1, keepdims=True)
print(shares.round(2))

# %% [markdown]
# ### 2 · The logarithm of a probability
#
# Even a stable softmax is no good start for the loss. A probability may be too small for a float and become 0:

# %%
sure = np.array([[0.0, 200.0]], dtype="float32")
with np.errstate(divide="ignore"):
    print("log of softmax:", np.log(softmax(sure)))
print("log_softmax:   ", log_softmax(sure))

# %% [markdown]
# If the label is class 0, the right loss is 200, and not infinity. The logarithm of a quotient is a difference, so there is no
# need to divide at all: log softmax(z) = z − max − log Σ exp(z − max). The sum is at least 1, and its logarithm harmless. This
# is all that the package does:

# %%
show_source(log_softmax)

# %% [markdown]
# ### 3 · The wrong axis
#
# Softmax along the batch raises no error. The shape is right, every number lies between 0 and 1:

# %%
wrong = softmax(y, axis=0)
print(wrong.round(2))
print("columns sum to", wrong.sum(axis=0))

# %% [markdown]
# `wrong: [batch=2, class=4]`, but the two examples compete for each class. Each of them changes when the other one does. Test
# with a row alone, as above: it must come out the same. (One layer breaks this rule on purpose, and pays for it: batch norm, in
# [chapter 5](05_normalization.ipynb).)

# %% [markdown]
# ### 4 · Shapes that fit by accident
#
# A transposed kernel or a bias that stands upright is found at once, as long as the sizes differ:

# %% tags=["raises-exception"]
x @ kernel.T + bias

# %% [markdown]
# The message speaks of a core dimension with "size 4 is different from 3": x has 3 inputs, and the transposed kernel wants 4.
# With sizes that happen to be equal, nobody complains. Here are four examples, and four units:

# %%
four = rng.standard_normal((4, 3))
right = four @ kernel + bias
upright = four @ kernel + bias[:, None]
print(right.shape == upright.shape, np.allclose(right, upright))

# %% [markdown]
# `right: [batch=4, output=4]` and `upright: [batch=4, output=4]`. But `upright` gives each *example* a bias instead of each unit.
# Try new code with sizes that are all different.
#
# ### 5 · Softmax twice
#
# `torch.nn.functional.cross_entropy` and `softmax_cross_entropy` of this course both want *logits*. Hand them probabilities, and
# softmax is done twice. No error, but the loss can hardly fall: probabilities lie between 0 and 1, so after the second softmax
# even a perfect answer among ten classes has only e / (e + 9) ≈ 0.23.

# %%
perfect = np.eye(10)[[3]]  # probability 1 for class 3
twice = float(softmax_cross_entropy(perfect, np.array([3])))
print(f"the best that softmax twice can reach: {twice:.2f}")

# %% [markdown]
# The loss of a perfect answer should be 0. It is `twice > 1.46`, for the probability is `0.231 < np.exp(-twice) < 0.232`.

# %% [markdown]
# ## The same in Torch
#
# A dense layer is `torch.nn.Linear` there. It stores its weights the other way round, `[output, input]`, and transposes them as it
# goes.

# %% tags=["numpy"]
layer = Dense(kernel, bias)
logits = layer(x)
print(logits)
print(softmax(logits).round(2))
print(round(float(softmax_cross_entropy(logits, labels)), 4))

# %% tags=["torch"]
import torch
from torch.nn import functional

linear = torch.nn.Linear(3, 4, dtype=torch.float64)
with torch.no_grad():
    linear.weight.copy_(to(kernel, "torch").T)  # [output, input]
    linear.bias.copy_(to(bias, "torch"))
    torch_logits = linear(to(x, "torch"))
    torch_loss = functional.cross_entropy(
        torch_logits, to(labels, "torch")
    )
print(torch_logits.numpy())
print(functional.softmax(torch_logits, dim=1).numpy().round(2))
print(round(float(torch_loss), 4))

# %%
np.testing.assert_allclose(torch_logits.numpy(), logits)
np.testing.assert_allclose(
    float(torch_loss), softmax_cross_entropy(logits, labels)
)
on_torch = to(layer, "torch")(to(x, "torch"))
np.testing.assert_allclose(to(on_torch), logits)
print("Linear, and the course's own Dense on tensors: the same")

# %% [markdown]
# `linear.weight: [output=4, input=3]` where `kernel: [input=3, output=4]`. Keras and TensorFlow 1 store the kernel as this course
# does.
#
# One difference costs everybody an hour once. NumPy quietly widens float32 to float64 when the two meet,
# `(x.astype("float32") @ kernel): float64`; your arrays take twice the memory from there on, and nothing says so. Torch refuses:

# %% tags=["raises-exception"]
to(x.astype("float32"), "torch") @ to(kernel, "torch")

# %% [markdown]
# ## A network is a chain of layers
#
# What `mlp` builds is no more than this page: flatten, dense, ReLU, dense. `Chain` hands the output of each layer to the next.

# %%
small = Chain(
    (
        Dense.init(784, 32, rng=rng),
        Activation("relu"),
        Dense.init(32, 10, rng=rng),
    )
)
small_logits = small(test_vectors)
step_by_step = small.layers[2](relu(small.layers[0](test_vectors)))
np.testing.assert_array_equal(small_logits, step_by_step)
print(small_logits.shape, small_logits.dtype)

# %% [markdown]
# ## The shapes of this page
#
# | what | shape | comes from |
# |---|---|---|
# | batch | `x: [batch=2, input=3]` | the data |
# | kernel | `kernel: [input=3, output=4]` | a weight for each pair of input and unit |
# | bias | `bias: [output=4]` | one number for each unit |
# | logits | `y: [batch=2, output=4]` | {code}`x @ kernel + bias` |
# | probabilities | `p: [batch=2, class=4]` | softmax along the classes |
# | loss of each example | `losses: [batch=2]` | −log p of the label |
# | a layer on sequences | `each_row: [batch=5, time=28, output=16]` | the last axis alone changes |
# | 784 → 625 | `first.kernel: [784, 625]` | 490,625 parameters with the bias |
# | scores of the test digits | `scores: [batch=360, class=10]` | a kernel written by hand |
#
# ## Test yourself

# %%
from rnn_course.widgets import ShapeQuiz

ShapeQuiz("02")

# %% [markdown]
# ## Exercises
#
# They are in [their own notebook](../exercises/02_dense_layer.ipynb). A check answers at once and knows the usual mistakes.
# [Solutions](../solutions/02_dense_layer.ipynb) are there too.

# %%
from rnn_course.checks import EXERCISES

for number, exercise in enumerate(
    (e for e in EXERCISES.values() if e.name.startswith("dense.")),
    start=1,
):
    effort = f"difficulty {exercise.difficulty} of 5"
    minutes = f"{exercise.minutes} minutes"
    print(f"{number}. {exercise.title:36} {effort}, {minutes}")

# %% [markdown]
# ## What you can do now
#
# - You can compute {code}`x @ kernel + bias` by hand, and predict its shape from the names of the axes.
# - You know where 490,625 comes from, and that the batch is in no parameter.
# - You know why an example is alone in its batch, and how to test it.
# - You can write softmax and cross-entropy so that no logit breaks them.
# - You know five faults, most of which raise no error.
#
# ## Further reading
#
# - {cite:t}`goodfellow2016`, chapters 4.1 and 6: overflow and underflow, softmax units, and why depth.
# - {cite:t}`cybenko1989` proves that one hidden layer of sigmoid units can come as close as you like to any continuous function
#   on a bounded range.
# - {cite:t}`nielsen2015`, chapter 1, draws dense networks that read digits, and {cite:t}`prince2023`, chapters 3 and 4, what each
#   bend of a ReLU adds.
# - {cite:t}`glorot2010`: how large the first random weights should be. `Dense.init` draws them that way.
#
# **Next:** the weights above came from a mean, and nine of ten is not enough. [Chapter 3](03_learning.ipynb) lets the network find better ones.
