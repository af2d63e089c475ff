# %% [markdown]
# # Live figures
#
# The figures of this course move when you touch them. They compute in the page, so they also work in the built book and with
# the network off. On this page they stand together, each with the lines of Python that make it. In a notebook you can hand
# them a cell of your own.
#
# All figures speak one language. A quantity has the same colour and the same shape everywhere, and a letter beside it: inputs
# are rectangles, states are rounded, the memory of an LSTM is a pill, gates are circles, weights are hatched.

# %%
import numpy as np

from rnn_course import (
    BasicRNNCell,
    Dense,
    LSTMCell,
    MultiRNNCell,
    load_digits,
    parameters,
)
from rnn_course.widgets import (
    Convolution,
    DeepLSTMFigure,
    DenseLayerFigure,
    DescentFigure,
    DrawADigit,
    DynamicRNNFigure,
    GradientFlow,
    GRUCellFigure,
    LSTMCellFigure,
    NormAxes,
    ThreeViews,
    UnrolledRNN,
)

# %% [markdown]
# ## Three views
#
# One digit as the three networks get it. Point at a pixel in one view, and see where the same pixel is in the others.

# %%
digits = load_digits().test
ThreeViews(digits.images[3:7], digits.labels[3:7])

# %% [markdown]
# Choose two pixels that touch in the image, one above the other. How far apart are they in the vector?
#
# ## A dense layer
#
# Each output lies where its row of x meets its column of the kernel. Choose a number, and see which others it reaches.

# %%
layer = Dense(
    kernel=np.array(
        [
            [0.5, -1.0, 0.2, 0.7],
            [0.3, 0.8, -0.6, 0.1],
            [-0.9, 0.4, 1.1, 0.6],
        ]
    ),
    bias=np.array([0.1, 0.0, -0.3, 0.2]),
)
x = np.array([[1.0, 2.0, -1.0], [0.5, -0.5, 1.5]])
DenseLayerFigure(layer, x)

# %% [markdown]
# Two examples, `x: [batch=2, input=3]`, and one kernel for both, `layer.kernel: [input=3, units=4]`. Change a number of example 0:
# which outputs of example 1 change?
#
# ## Three ways down
#
# Plain descent, momentum and Adam start at the same place of one bowl, which is steeper in one direction than in the other.

# %%
DescentFigure()

# %% [markdown]
# Raise the learning rate until plain descent leaves the bowl. Then make the bowl less steep.
#
# ## A convolution
#
# The window cuts nine numbers out of the image. A dense layer of nine weights makes one output of them, and the same nine
# weights make all the others.

# %%
convolution = Convolution()
convolution

# %% [markdown]
# An image of `np.array(convolution.image): [rows=8, columns=8]` gives `convolution.output: [rows=8, columns=8]`. Choose stride 2: how
# many outputs are there, and on which side is the zero? Choose *vertical edge*, and follow the digit's left edge with the arrow
# keys.
#
# ## Which numbers share a norm
#
# Batch, layer, instance and group norm subtract a mean and divide by a deviation. They differ in the set of numbers that both
# are taken of.

# %%
NormAxes()

# %% [markdown]
# Choose a number and go through the norms. In which of them does one example change the answers of another?
#
# ## An RNN, unrolled
#
# The same cell, drawn once for each step. A step takes its input and the state that the step before has left, and
# gives a new state, {code}`h′ = tanh([x, h] @ kernel + bias)`. That new state *is* the output: the same numbers leave upward
# and to the right.

# %%
cell = BasicRNNCell(
    kernel=np.array([[0.9, -0.4], [0.3, 0.8], [0.5, -0.6], [0.4, 0.3]]),
    bias=np.array([0.1, -0.2]),
)
inputs = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.5], [0.5, 0.5]])
UnrolledRNN(cell, inputs)

# %% [markdown]
# There are four steps of two numbers, `inputs: [time=4, input=2]`, and one kernel for all of them, `cell.kernel: [input_and_hidden=4, hidden=2]`.
# Go to step 2 and change an input there. What changes in step 3? What changes in steps 0 and 1?
#
# ## A gradient, back through time
#
# The gradient of the last state with respect to each earlier one. At every step it goes through the same matrix.

# %%
GradientFlow()

# %% [markdown]
# Slide the spectral radius below 1 and above it, without tanh and with it. Which of the two, vanishing or exploding, does tanh
# hold back?
#
# ## An LSTM cell
#
# One unit, with the conveyor of its memory c on top. The kernel makes four numbers of x and h in one product, in the order i,
# j, f, o. They are pre-activations. Through σ, three of them become gates between 0 and 1; through tanh, j becomes the
# candidate that may be written.

# %%
LSTMCellFigure()

# %% [markdown]
# Press *Remember everything* and *Ignore*, then slide x: the memory stays as it is. Press *Forget everything* and *Write*: the memory is
# the last input and nothing else. A trained cell moves between these corners at every step, by itself.
#
# ## A GRU cell
#
# Two units. The state goes straight on: u keeps a part of it, and 1 − u of the candidate n is added. The candidate hears the
# old state through r. Libraries differ in where r acts; the switch moves it before or after the product with the kernel.

# %%
GRUCellFigure()

# %% [markdown]
# Press *Shut r of unit 0* and move the reset from before the product to after it. Before, unit 0 is hidden from both candidates.
# After, candidate 0 hears neither unit. Press *Open both r*: now the switch changes nothing.
#
# ## dynamic_rnn
#
# Three rows of different lengths in one batch. Past its length a row's outputs are 0, and its state is copied through.

# %%
ragged = DynamicRNNFigure()
outputs, final_state = ragged.run()
ragged

# %% [markdown]
# `outputs: [batch=3, time=5, hidden=4]`, and no time in `final_state.h: [batch=3, hidden=4]`. Where is `outputs[0, -1] == final_state.h[0]`, and
# where not? Put 9 into all padding: which number changes? Give row 2 a length, then take it away again.
#
# ## A deep LSTM
#
# Layers of 100, 400 and 300 units on 128 inputs. Each layer has a state of its own, and only its h goes up.

# %%
rng = np.random.default_rng(0)
layers = ((128, 100), (100, 400), (400, 300))
stack = MultiRNNCell([LSTMCell.init(*size, rng=rng) for size in layers])
print(f"{parameters(stack):,} parameters")
DeepLSTMFigure(stack)

# %% [markdown]
# All layers together have `parameters(stack) = 1734400` parameters. Choose an arrow that goes up and find the same numbers elsewhere. Then
# press *dynamic_rnn*: which arrays get an axis for time, and which do not?
#
# ## Draw a digit
#
# Three networks of the package, trained on MNIST. A dense one and a CNN see the whole image at once. An LSTM reads it row by
# row; the column beside the image is what it believes after each row.

# %%
drawn = DrawADigit(digit=3)
drawn

# %% [markdown]
# The networks see `drawn.image: [rows=28, columns=28]`, set as the makers of MNIST set their digits. The LSTM says something after
# every row, `drawn.beliefs: [row=28, digit=10]`, and for a plain 3 it ends well: `drawn.beliefs[-1, 3] ≥ 0.9`. Draw a 4 that is
# almost a 9. At which row does the LSTM make up its mind? Do the three agree?
