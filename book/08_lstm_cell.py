# %% [markdown]
# # 8 · LSTM cell
#
# Tell somebody a number and ask for it a hundred seconds later. If they repeat it to themselves, and get it a little wrong each
# time, it is gone. If they write it on a slip of paper, it is there, as long as nobody rubs it out.
#
# The plain recurrent cell repeats to itself: at every step its whole state goes through a matrix and a tanh. Chapter 7 shows what a
# hundred repetitions do. The LSTM adds the slip of paper, and an eraser, a pencil and a cover for it. All three are worked by the
# network itself.
#
# :::{admonition} What you will be able to do
# :class: tip
# - write one step of an LSTM from memory, gate by gate, and say which question each gate answers;
# - read the shapes of kernel, bias, pre-activations, c and h, and count the parameters;
# - say why c carries values and gradients over many steps, and what the forget bias has to do with it;
# - move weights and states between libraries without mixing up gates or c and h.
#
# **Reading** 55 minutes · **exercises** 150 minutes · **difficulty** 3 of 5 · **before** [chapter 6](06_time_steps.ipynb)
# :::
#
# ![The arrays of this chapter and their axes](_diagrams/shapes_08.svg)

# %%
import timeit
from textwrap import fill

import numpy as np

from rnn_course import (
    BasicRNNCell,
    Dense,
    LastStepClassifier,
    LSTMCell,
    LSTMStateTuple,
    PackedState,
    ShapeError,
    adam,
    dynamic_rnn,
    dynamic_rnn_forward,
    fit,
    load_digits,
    parameters,
    plot,
    show_source,
    sigmoid,
    to,
)
from rnn_course.convert import (
    lstm_from_keras,
    lstm_from_onnx,
    lstm_from_tf1,
    lstm_from_torch,
    lstm_to_torch,
    state_from_keras,
)
from rnn_course.data.splits import Split

# %% [markdown]
# ## To multiply or to add
#
# Take a memory of one number, 1, and keep it for a hundred steps. A plain cell multiplies its state by a weight at each step. Even
# without the tanh, little is left of it, or far too much:

# %%
kept = {
    weight: round(weight**100, 5) for weight in (0.9, 0.99, 1.0, 1.01)
}
grown = round(1.1**100)
kept, grown

# %% [markdown]
# Only a weight of exactly 1 keeps the number, and then nothing new can be learned about that weight: the next correction moves it
# away from 1.
#
# The way out is to let the *old memory alone*, and to decide at each step whether to keep it and what to add:
#
# $$c' = \text{keep} \cdot c + \text{write} \cdot \text{news}.$$
#
# With keep = 1 and write = 0, nothing happens to c. With keep = 0 and write = 1 it is replaced. The two switches are numbers
# between 0 and 1, and a network computes them from what it sees. This is the idea of {cite:t}`hochreiter1997`; the switch
# "keep" was added by {cite:t}`gers2000forget`.
#
# ## Four questions
#
# A step of an LSTM asks four questions. Each is answered by a dense layer on `[x, h]`, as in chapter 6:
#
# | letter | the question | squeezed by | the answer is |
# |---|---|---|---|
# | f, forget gate | How much of the old memory do I keep? | σ | 0 nothing … 1 all |
# | i, input gate | How much of the news do I write down? | σ | 0 nothing … 1 all |
# | j, new input | What is the news? | tanh | −1 … 1 |
# | o, output gate | How much of the memory do I show? | σ | 0 nothing … 1 all |
#
# The letters are those of TensorFlow 1, and so is their order in memory: **i, j, f, o**. They name the numbers *before* σ and tanh, which
# are called *pre-activations*. Note that j is no gate: it is the *candidate*, something to be written, and so it may be negative.
#
# By hand, for one unit. Suppose that the dense layers have given i = ln 3, j = ln 3, f = 0 and o = −ln 3, and that the old memory is c = 1.
# The sigmoid is σ(z) = 1 / (1 + e⁻ᶻ):
#
# - keep σ(f) = 1 / (1 + 1) = **0.5**; write σ(i) = 1 / (1 + ⅓) = **0.75**; show σ(o) = 1 / (1 + 3) = **0.25**;
# - the news tanh(j) = (3 − ⅓) / (3 + ⅓) = **0.8**;
# - the new memory c′ = 0.5 · 1 + 0.75 · 0.8 = **1.1**;
# - the output h′ = 0.25 · tanh(1.1) = 0.25 · 0.80 = **0.20**.


# %%
def gates_to_memory(i, j, f, o, c):
    new_c = sigmoid(f) * c + sigmoid(i) * np.tanh(j)
    new_h = sigmoid(o) * np.tanh(new_c)
    return new_c, new_h


ln3 = np.log(np.array([[3.0]]))
new_c, new_h = gates_to_memory(
    i=ln3, j=ln3, f=0 * ln3, o=-ln3, c=np.ones((1, 1))
)
round(new_c.item(), 2), round(new_h.item(), 2)

# %% [markdown]
# Two things to notice. The memory is 1.1: it may grow beyond 1, for nothing squeezes it on its way. And h′ is a *filtered view* of the
# memory. What the unit knows (c) and what it says (h) are two different numbers.
#
# ## Four layers, one product
#
# Four dense layers read the same `[x, h]`. So we put their kernels side by side and multiply once; the result is cut in four. With 3
# inputs and 5 units:


# %%
def lstm_step(x, state, kernel, bias):
    xh = np.concatenate([x, state.h], axis=1)  # [batch, input+hidden]
    z = xh @ kernel + bias  # [batch, 4*hidden]
    i, j, f, o = np.split(z, 4, axis=1)  # each [batch, hidden]
    c, h = gates_to_memory(i, j, f, o, state.c)
    return LSTMStateTuple(c=c, h=h)


rng = np.random.default_rng(0)
x = rng.standard_normal((2, 3))
cell = LSTMCell.init(3, 5, rng=rng, dtype="float64")
state = LSTMStateTuple(
    c=rng.standard_normal((2, 5)), h=rng.standard_normal((2, 5))
)
new_state = lstm_step(x, state, cell.kernel, cell.bias)

z = np.concatenate([x, state.h], axis=1) @ cell.kernel + cell.bias
i, j, f, o = np.split(z, 4, axis=1)

# %% [markdown]
# `cell.kernel: [input+hidden=3+5, gates=4*5]` and `cell.bias: [gates=4*5]` hold all weights. The product is
# `z: [batch=2, gates=20]`, and its quarter `i: [batch=2, hidden=5]` is a pre-activation of the input gate, one number for each example and unit.
#
# You may read that an LSTM has "four gate weight matrices i, j, f, o". There *are* four blocks of weights, `cell.kernel[:, :5]: [input+hidden=8, hidden=5]` for i.
# But i itself has a batch axis. It is not a weight: it is another number for every example and at every step.
#
# Note also what does *not* go into the product: c. Its 5 numbers wait outside. That is why the kernel has 3 + 5 rows and not 3 + 10.
#
# ### The package's cell
#
# The same lines, with the way back:

# %%
show_source(LSTMCell.forward)

# %% [markdown]
# Ours against the package's, and against `torch.nn.LSTM` with the same weights:

# %% tags=["numpy"]
output, package_state = cell(x, state)
np.testing.assert_allclose(new_state.c, package_state.c, rtol=1e-12)
np.testing.assert_allclose(new_state.h, package_state.h, rtol=1e-12)
print("from scratch = LSTMCell on NumPy, c and h")

# %% tags=["torch"]
torch_output, torch_state = cell._replace(
    kernel=to(cell.kernel, "torch"), bias=to(cell.bias, "torch")
)(to(x, "torch"), to(state, "torch"))
module = lstm_to_torch(cell)  # a torch.nn.LSTM
_, (torch_h, torch_c) = module(
    to(x, "torch")[:, None],
    (to(state.h, "torch")[None], to(state.c, "torch")[None]),
)
np.testing.assert_allclose(to(torch_state.c), new_state.c, rtol=1e-12)
np.testing.assert_allclose(
    to(torch_c.detach())[0], new_state.c, rtol=1e-12
)
np.testing.assert_allclose(
    to(torch_h.detach())[0], new_state.h, rtol=1e-12
)
print("from scratch = LSTMCell on Torch = torch.nn.LSTM, c and h")

# %% [markdown]
# ### How many parameters?
#
# `parameters(cell) = 180`: a kernel of 8 · 20 = 160 and a bias of 20. In general it is 4 · hidden · (input + hidden + 1), four times a plain cell's.
# `torch.nn.LSTM(3, 5)` has 200. It keeps two biases, one for x and one for h, though only their sum matters:

# %%
torch_parameters = sum(p.numel() for p in module.parameters())
parameters(cell), torch_parameters

# %% [markdown]
# `torch_parameters == 200`.
#
# **Where do they start?** TensorFlow 1 and this course draw the whole kernel at once by Glorot's rule {cite}`glorot2010`: uniform numbers between
# ±√(6 / (rows + columns)). The rows and columns are those of the *concatenated* matrix, `[input + hidden, 4*hidden]`, and not of one block.

# %%
limit = np.sqrt(6 / (3 + 5 + 4 * 5))
of_one_block = np.sqrt(6 / (3 + 5 + 5))
largest = np.abs(cell.kernel).max()

# %% [markdown]
# `0.9 < largest / limit < 1`, with `0.46 < limit < 0.47`. By the size of one block it would have been `0.67 < of_one_block < 0.68`.
#
# ### One product or four: does it matter?
#
# The numbers are the same. The time is not. A product has a cost of its own, before it computes anything, and four products have it four
# times. How much that matters depends on the size. We measure a small cell and a large one:


# %% tags=["nbval-ignore-output", "reason:varies with the time"]
def four_to_one(batch, input_size, hidden_size):
    """How many times as long four products take as one."""
    kernel = LSTMCell.init(input_size, hidden_size, rng=rng).kernel
    blocks = [
        np.ascontiguousarray(b) for b in np.split(kernel, 4, axis=1)
    ]
    xh = rng.standard_normal((batch, len(kernel))).astype("float32")
    one, four = [], []
    for _ in range(100):  # in turns, so that both meet the same noise
        one.append(timeit.timeit(lambda: xh @ kernel, number=10))
        four.append(
            timeit.timeit(lambda: [xh @ b for b in blocks], number=10)
        )
    return min(four) / min(one)


print(f"4 examples, 3 inputs, 5 units: {four_to_one(4, 3, 5):.1f}")
large = four_to_one(64, 28, 128)
print(f"64 examples, 28 inputs, 128 units: {large:.1f}")

# %% [markdown]
# These ratios were measured where the page was made; your processor gives others. For the small cell the calls are everything, and four products take
# several times as long as one. For the large one the arithmetic counts for more and the calls for less, so the advantage shrinks. On a GPU each product
# is a launch of some microseconds, and one is the habit of all libraries. Measure before you believe a rule of speed, also this one.
#
# ## See it work
#
# One unit with one input. The conveyor of the memory c runs along the top. Drag x, h, c or the forget bias, and try the four
# presets: *forget everything*, *remember everything*, *write*, *ignore*. Can you make c′ larger than 2? Can you make h′ larger than 1?

# %%
from rnn_course.widgets import LSTMCellFigure

LSTMCellFigure()

# %% [markdown]
# c′ can be as large as you like, if you keep writing. h′ can not: it is a gate below 1 times a tanh below 1.
#
# ## c is a conveyor
#
# Now the hundred steps. Set the gates with the bias alone: f = +100 (keep everything), i = −100 (write nothing), for any
# input. The memory holds five numbers; a hundred random inputs pass by.

# %%
bias = np.concatenate(
    [np.full(5, -100.0), np.zeros(5), np.full(5, 100.0), np.zeros(5)]
)
saturated = cell._replace(bias=bias)
start = LSTMStateTuple(
    c=np.array([[1.0, -2.0, 0.5, 3.0, -0.25]]), h=np.zeros((1, 5))
)
noise = rng.standard_normal((1, 100, 3))
_, end = dynamic_rnn(saturated, noise, initial_state=start)
end.c

# %% [markdown]
# `end.c == start.c`: unchanged, to the last bit. σ(100) is 1 in floating point, and what is written is smaller than the last digit of c.
# Meanwhile h was as restless as ever, since it is a view through an output gate that reads every input.
#
# What does a plain cell do with five numbers in a hundred steps of the same noise?

# %%
plain = BasicRNNCell.init(
    3, 5, rng=np.random.default_rng(1), dtype="float64"
)
ends = [
    dynamic_rnn(plain, noise, initial_state=scale * start.c)[1]
    for scale in (1.0, -1.0)
]
gap = np.abs(ends[0] - ends[1]).max()

# %% [markdown]
# `gap < 1e-6`: started from c and from −c, it ends in the same place. A hundred steps on, nothing is left of what it was told.
#
# ## And the gradient goes back the same way
#
# Look at the one line again, c′ = σ(f)·c + σ(i)·tanh(j). How much does c′ change if c changes a little? Directly, by σ(f) and nothing
# else: no matrix, no tanh. Over T steps the factors multiply,
#
# $$\frac{\partial c_T}{\partial c_0} \approx \prod_{t=1}^{T} \sigma(f_t).$$
#
# The ≈ leaves out the paths through h, where the gates look at what was said. Where the gates stand open, every factor is near 1 and the product
# fades slowly. So the same gate that keeps a value keeps its *gradient*: whatever is remembered can also be learned about. In a plain cell the factor is a matrix times tanh′, every time.
#
# Let us measure it, all paths included. We take cells of 32 units as the initialisers make them, run them over T steps of noise, and send a
# gradient of norm 1 back from the final state to the first one.


# %%
def gradient_left(cell, steps, pick=lambda state: state):
    """The norm that is left of a gradient of 1, `steps` back."""
    inputs = np.random.default_rng(3).standard_normal((8, steps, 3))
    _, final, backward = dynamic_rnn_forward(cell, inputs)
    d = np.random.default_rng(4).standard_normal((8, 32))
    d /= np.linalg.norm(d, axis=1, keepdims=True)
    d_final = (
        d
        if not isinstance(final, LSTMStateTuple)
        else LSTMStateTuple(c=d, h=0 * d)
    )
    d_start = backward(np.zeros((8, steps, 32)), d_final)[2]
    return np.linalg.norm(pick(d_start), axis=1).mean()


distances = np.arange(0, 61, 5)
distances[0] = 1


def lstm(forget_bias):
    return LSTMCell.init(
        3,
        32,
        rng=np.random.default_rng(0),
        forget_bias=forget_bias,
        dtype="float64",
    )


rnn = BasicRNNCell.init(
    3, 32, rng=np.random.default_rng(0), dtype="float64"
)
left = {
    f"LSTM, forget bias {b:g}": [
        gradient_left(lstm(b), t, lambda s: s.c) for t in distances
    ]
    for b in (2.5, 1.0, 0.0)
}
left["plain RNN"] = [gradient_left(rnn, t) for t in distances]

# %% mystnb={"image": {"alt": "Norm of the gradient against the distance in steps, on a logarithmic axis. With forget bias 2.5 it stays near 1 and even grows a little. With 1 it falls to a ten-thousandth in 60 steps, the plain RNN a little below. With 0 it falls to a millionth of a millionth."}}
plot.curves(
    left,
    "The forget gate decides how far a gradient reaches",
    "steps back",
    "gradient norm that is left (1 at the start)",
    x=distances,
    log=True,
)

# %% [markdown]
# Read the dotted line first. An LSTM with a forget bias of 0 loses the gradient *faster than the plain RNN*,
# `left["LSTM, forget bias 0"][-1] / left["plain RNN"][-1] < 1e-6`: the gates alone do not help. It is born forgetful, for every gate is
# about σ(0) = ½ open. At a bias of 1 it is a little better than the plain cell, `left["LSTM, forget bias 1"][-1] / left["plain RNN"][-1] > 1`.
# At 2.5 the gradient does not vanish at all within 60 steps, `left["LSTM, forget bias 2.5"][-1] > 1`.
#
# How good is the estimate Π σ(f), the conveyor alone? Here is the factor per step, on average over 20 steps, beside σ(b):


# %%
def conveyor_alone(cell, steps):
    """The product of the forget gates on the way, on average."""
    inputs = np.random.default_rng(3).standard_normal((8, steps, 3))
    state, product = cell.zero_state(8), 1.0
    for t in range(steps):
        xh = np.concatenate([inputs[:, t], state.h], axis=1)
        f = np.split(xh @ cell.kernel + cell.bias, 4, axis=1)[2]
        product = product * sigmoid(f)
        _, state = cell(inputs[:, t], state)
    return product.mean()


print("                  σ(b) conveyor   all paths")
for b in (0.0, 1.0, 2.5):
    alone = conveyor_alone(lstm(b), 20) ** (1 / 20)
    whole = gradient_left(lstm(b), 20, lambda s: s.c) ** (1 / 20)
    gate = sigmoid(np.array(b))
    print(f"forget bias {b:3} {gate:6.2f} {alone:8.2f} {whole:11.2f}")
plain_factor = gradient_left(rnn, 20) ** (1 / 20)
print(f"plain RNN {plain_factor:33.2f}")

# %% [markdown]
# The conveyor gives most of it, and σ(b) is a fair guess for the conveyor. The paths through h, where the gates look at what was said, add the rest. With
# a bias of 2.5 they even take it a little above 1, so gradients of an LSTM can also *grow*: it needs clipping like any recurrent network.
#
# ## The forget bias
#
# That is why {cite:t}`gers2000forget` begin with an open gate, and why {cite:t}`jozefowicz2015`, after trying thousands of cells, recommend a forget
# bias of 1. There are two ways to get it:
#
# - **at run time**: TensorFlow 1 stores a bias of 0 and adds `forget_bias=1.0` to f at every step;
# - **folded**: Keras stores a bias that starts at 1 in the f block, and adds nothing {cite}`keras2024`. So does this course.
#
# Is it the same? f + 1 with bias 0 is f with bias 1:

# %%
zero_bias = LSTMCell.init(
    3, 5, rng=np.random.default_rng(0), forget_bias=0.0, dtype="float64"
)
folded = LSTMCell.init(
    3, 5, rng=np.random.default_rng(0), forget_bias=1.0, dtype="float64"
)

z = np.concatenate([x, state.h], axis=1) @ zero_bias.kernel
i, j, f, o = np.split(z + zero_bias.bias, 4, axis=1)
at_run_time, _ = gates_to_memory(i, j, f + 1.0, o, state.c)
_, with_folded = folded(x, state)
np.testing.assert_allclose(with_folded.c, at_run_time, rtol=1e-12)
print("bias of the f block:", folded.bias[10:15])

# %% [markdown]
# The same function, and the same gradient. The difference shows when weights travel. Take them out of TensorFlow 1 and forget the
# added 1, and every forget gate is a little more shut than it was trained to be. `lstm_from_tf1` asks for `forget_bias` and folds it in:

# %%
from_tf1 = lstm_from_tf1(
    zero_bias.kernel, zero_bias.bias, forget_bias=1.0
)

# %% [markdown]
# `from_tf1.bias == folded.bias`. Torch has neither: its LSTM starts with small random biases, and if you want a 1 you write it there yourself.
#
# **Does it matter for learning?** The task of chapter 6, made harder: a mark stands in the first of 28 rows, 27 rows of handwriting follow, and
# then the network has to say where the mark was. Sixteen units, five seeds for each forget bias.

# %%
digits = load_digits()


def marked(split, rng):
    images = split.images.copy()
    place = rng.integers(4, size=len(images))
    images[:, 0] = np.arange(28) // 7 == place[:, None]
    return Split(images, place)


rng = np.random.default_rng(0)
marked_train, marked_test = (
    marked(digits.train, rng),
    marked(digits.test, rng),
)


def accuracies(forget_bias, seed):
    """The accuracy on held-out digits after each epoch."""
    r = np.random.default_rng(seed)
    model = LastStepClassifier(
        LSTMCell.init(28, 16, rng=r, forget_bias=forget_bias),
        Dense.init(16, 4, rng=r),
    )
    trained = fit(
        model,
        marked_train,
        held_out=marked_test,
        optimizer=adam(3e-3),
        epochs=10,
        batch_size=50,
        max_norm=1.0,
        rng=r,
        progress=False,
    )
    return [epoch.accuracy for epoch in trained.history]


curves = {
    b: np.array([accuracies(b, seed) for seed in range(5)])
    for b in (2.5, 1.0, 0.0)
}

# %% tags=["nbval-ignore-output", "reason:varies between processors because training amplifies rounding"] mystnb={"image": {"alt": "Accuracy against the epoch for three forget biases, mean and standard deviation of five seeds. With 2.5 it climbs to 1 within a few epochs. With 1 it begins to climb late, and the spread is wide. With 0 it stays at a quarter."}}
plot.curves(
    {
        f"forget bias {b:g}": runs.mean(axis=0)
        for b, runs in curves.items()
    },
    "27 rows are far: born forgetful, it hears nothing of the mark",
    "epoch",
    "accuracy, mean ± std of 5 seeds",
    x=range(1, 11),
    spread={
        f"forget bias {b:g}": runs.std(axis=0)
        for b, runs in curves.items()
    },
)

# %%
open_gate, usual, shut = (
    curves[b][:, -1].mean() for b in (2.5, 1.0, 0.0)
)

# %% [markdown]
# After ten epochs `open_gate ≥ 0.9`, and `shut ≤ 0.4`: with a bias of 0 it guesses, because after 27 steps hardly any gradient is left to learn
# from, `pow(0.5, 27) < 1e-8`. The usual 1.0 lies behind, `open_gate - usual > 0.1`. The rule: the forget bias sets the *reach* of a fresh cell.
# Along the conveyor that is about 1/(1 − σ(b)) steps:

# %%
for b in (0.0, 1.0, 2.5):
    reach = 1 / (1 - sigmoid(np.array(b)))
    print(f"forget bias {b}: about {reach:.0f} steps")

# %% [markdown]
# Choose it by how far your task has to look back.
#
# ## What h is, what c is
#
# An LSTM gives you h at every step, and at the end *both*:

# %%
sequences = np.random.default_rng(5).standard_normal((4, 7, 3))
outputs, final_state = dynamic_rnn(cell, sequences)
type(final_state).__name__, final_state._fields

# %% [markdown]
# `outputs: [batch=4, time=7, hidden=5]`. The final state is a pair, `final_state.c: [batch=4, hidden=5]` and `final_state.h: [batch=4, hidden=5]`. The last output is its h,
# `outputs[:, -1] == final_state.h`. It is never its c. The `state_size` says so as well: `cell.state_size == LSTMStateTuple(c=5, h=5)`, not the number 5. Sentences
# such as "the state is `[batch, cell.state_size]`" are true for a basic cell and wrong here.
#
# Hand over the pair when you go on with a sequence. Whoever keeps only h throws the slip of paper away:

# %%
_, middle = dynamic_rnn(cell, sequences[:, :4])
only_h = middle._replace(c=0 * middle.c)
whole, _ = dynamic_rnn(cell, sequences[:, 4:], initial_state=middle)
broken, _ = dynamic_rnn(cell, sequences[:, 4:], initial_state=only_h)
print("both halves:", np.allclose(whole, outputs[:, 4:], atol=1e-12))
print("c forgotten:", np.allclose(broken, outputs[:, 4:], atol=0.01))

# %% [markdown]
# ### One array instead of a pair
#
# Early TensorFlow kept both in one array, c first: `state_is_tuple=False`. You will meet it in old code and in saved states. `PackedState` is a
# cell around a cell that does just this.

# %%
packed = PackedState(cell)
_, packed_final = dynamic_rnn(packed, sequences)
np.testing.assert_allclose(
    packed_final,
    np.concatenate([final_state.c, final_state.h], axis=1),
    rtol=1e-6,
)

# %% [markdown]
# `packed_final: [batch=4, state=10]`: in each row five numbers of c, then five of h. It was deprecated for good reason: with
# the names gone, nothing tells you which half is which.
#
# ## What goes wrong in practice
#
# ### c and h in the wrong order
#
# TensorFlow 1 says (c, h). Torch and Keras say (h, c). Both have the same shape, so nothing complains. This is Torch itself, given its state in TensorFlow's order:

# %%
inputs = to(sequences, "torch")
h0, c0 = to(middle.h, "torch")[None], to(middle.c, "torch")[None]
good = module(inputs, (h0, c0))[0]
bad = module(inputs, (c0, h0))[0]
difference = float((good - bad).detach().abs().max())
print("same shape:", good.shape == bad.shape)
from_keras_pair = state_from_keras([middle.h, middle.c])

# %% [markdown]
# `difference > 0.01`, and no error. Converters turn the pair round, `from_keras_pair == middle`. In this course a
# state is built and read by name. A plain pair is refused, since nobody can know which is which:

# %%
try:
    cell(sequences[:, 0], (middle.h, middle.c))
except ShapeError as error:
    print(fill(str(error), 70))

# %% [markdown]
# ### The gates of another library
#
# | library | blocks of the kernel, in order | added bias | biases |
# |---|---|---|---|
# | this course, TensorFlow 1 | i, j, f, o | ours: folded; TF1: +1 at run time | 1 |
# | Torch | i, f, g, o | none | 2 |
# | Keras | i, f, c, o | starts at 1 | 1 |
# | ONNX | i, o, f, c | none | 2 |
#
# Torch's g and the c of Keras and ONNX are our j. To see where each block goes, fill the four blocks of a kernel with 1, 2, 3 and 4, and
# convert it:

# %%
blocks = np.repeat([1.0, 2.0, 3.0, 4.0], 5)[None]  # [1, 4*hidden]
square = np.repeat(blocks, 5, axis=0)  # [hidden, 4*hidden]
from_keras = lstm_from_keras([blocks, square, blocks[0]])
from_onnx = lstm_from_onnx(blocks.T[None], square.T[None])
print("Keras 1 2 3 4 become", from_keras.kernel[0, ::5])
print("ONNX  1 2 3 4 become", from_onnx.kernel[0, ::5])

# %% [markdown]
# The news is Keras's third block and ONNX's fourth. Take Torch's weights, transpose them so that they fit, and forget the order: the second and the third block change
# places, and the news becomes a forget gate.

# %%
wih, whh = (
    p.detach() for p in (module.weight_ih_l0, module.weight_hh_l0)
)
stacked = np.concatenate([to(wih).T, to(whh).T])  # [8, 20]
careless = LSTMCell(
    kernel=stacked,
    bias=to((module.bias_ih_l0 + module.bias_hh_l0).detach()),
)
careful = lstm_from_torch(module, backend="numpy")

reference = to(module(inputs)[0].detach())
for name, candidate in {
    "careless": careless,
    "careful": careful,
}.items():
    theirs, _ = dynamic_rnn(candidate, sequences)
    print(
        f"{name}: equals torch.nn.LSTM:",
        np.allclose(theirs, reference, atol=1e-10),
    )

# %% [markdown]
# `careless.kernel: [input+hidden=8, gates=20]` has the right shape. Compare the *outputs* on a random input after every move of weights; it is one line.
#
# ### A sigmoid that overflows
#
# The formula 1 / (1 + e⁻ᶻ) overflows in its exponential when z is very negative. The answer, 0, is right by luck, but the warning is real, and the form eᶻ / (1 + eᶻ) gives NaN
# for large z. A tanh never overflows, and σ(z) = ½ tanh(z/2) + ½.

# %%
extreme = np.array([-1e4, 0.0, 1e4])
with np.errstate(all="ignore"):
    naive = np.exp(extreme) / (1 + np.exp(extreme))
print("naive: ", naive)
print("tanh:  ", 0.5 * np.tanh(extreme / 2) + 0.5)

# %% [markdown]
# One NaN in one gate is in c at the next step, and c is a conveyor: it never leaves.
#
# ## The shapes of this page
#
# | what | shape | is it a weight? |
# |---|---|---|
# | input of a step | `x: [batch=2, input=3]` | no |
# | kernel of all four blocks | `cell.kernel: [input+hidden=8, gates=20]` | yes |
# | bias | `cell.bias: [gates=20]` | yes |
# | the product | `z: [batch=2, gates=20]` | no |
# | a pre-activation | `f: [batch=2, hidden=5]` | no |
# | memory | `new_state.c: [batch=2, hidden=5]` | no |
# | output | `new_state.h: [batch=2, hidden=5]` | no |
# | outputs of all steps | `outputs: [batch=4, time=7, hidden=5]` | no |
# | a packed state | `packed_final: [batch=4, c+h=10]` | no |
#
# ## Test yourself
#
# Predict each shape before you choose.

# %%
from rnn_course.widgets import ShapeQuiz

ShapeQuiz("08")

# %% [markdown]
# And three without choices. Decide first, then open.
#
# <details><summary>All gates of a unit are exactly ½, and the candidate is 0. What becomes of c over time?</summary>
#
# It is halved at each step. After ten steps a thousandth is left. To keep something is a decision, too.
#
# </details>
#
# <details><summary>Which gates of an LSTM must you fix, and where, to make a plain cell of it?</summary>
#
# Input and output gate open, forget gate shut: then c′ = tanh(j) and h′ = tanh(c′). That is a plain cell with one tanh more. With the forget gate
# open as well, it adds up its candidates for ever.
#
# </details>
#
# <details><summary>Can an LSTM forget one number and keep another, in the same step?</summary>
#
# Yes. Each unit has gates of its own, and each example too: `f` is `[batch, hidden]`.
#
# </details>
#
# ## Exercises
#
# They are in [their own notebook](../exercises/08_lstm_cell.ipynb): from a shape to a whole LSTM with its gradient through time. A check answers at once and
# knows the usual mistakes. [Solutions](../solutions/08_lstm_cell.ipynb) are there too.

# %%
from rnn_course.checks import EXERCISES
from rnn_course.checks.catalogue import chapter_of

for number, exercise in enumerate(
    (e for e in EXERCISES.values() if chapter_of(e.name) == "08"),
    start=1,
):
    print(
        f"{number:2}. {exercise.title:46} difficulty"
        f" {exercise.difficulty} of 5, {exercise.minutes} minutes"
    )

# %% [markdown]
# ## What you can do now
#
# - Write c′ = σ(f)·c + σ(i)·tanh(j) and h′ = σ(o)·tanh(c′), and say which question each letter answers.
# - Tell weights from pre-activations, and memory from output.
# - Predict how far a fresh LSTM can look back, from its forget bias.
# - Carry a state, and weights, from one library to another, and test that they have arrived.
#
# ## Further reading
#
# - {cite:t}`hochreiter1997` found that gradients vanish and built a cell in which one path does not let them.
# - {cite:t}`gers2000forget` added the forget gate, for endless streams on which the LSTM without it breaks down.
# - {cite:t}`jozefowicz2015` tried thousands of variants, and recommend the forget bias of 1.
# - {cite:t}`goodfellow2016`, section 10.10, sees the LSTM among other gated cells.
#
# Next: do we need all of this? [Chapter 9](09_gru_and_relatives.ipynb) takes parts away and adds others, and measures what is lost.
