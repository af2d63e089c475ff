# %% [markdown]
# # 3 · Learning
#
# A network of 784, 625 and 10 units has 496,885 weights and biases. Which way should each of them move, so that the loss falls?
#
# You could ask one after the other: move it a little to both sides, run the batch again, look at the loss. That takes a million
# runs for one step. There is a way to hear from all of them at once, for the price of about two runs more. It goes backward through
# the network, and it is nothing but the chain rule, in the right order.
#
# :::{admonition} What you will be able to do
# :class: tip
# - write a `backward` for a layer, in three lines, and prove with numbers that it is right;
# - derive the way back through a dense layer, a ReLU, and softmax with cross-entropy;
# - write gradient descent, momentum and Adam, and say what each of them adds;
# - train a classifier of digits on NumPy and on Torch, from the same seed to the same curve;
# - recognise over-fitting, and four faults that a training loop hides.
#
# **Reading** 60 minutes · **exercises** 120 minutes · **difficulty** 3 of 5 · **before**
# [chapter 2](02_dense_layer.ipynb), and derivatives with the chain rule
# :::
#
# ![The arrays of this chapter and their axes](_diagrams/shapes_03.svg)

# %%
import numpy as np

from rnn_course import (
    Chain,
    Dense,
    Flatten,
    accuracy,
    adam,
    classifier_loss,
    fit,
    gradcheck,
    load_digits,
    log_softmax,
    minibatches,
    mlp,
    momentum,
    one_cycle,
    parameters,
    plot,
    relu,
    relu_forward,
    sgd,
    show_source,
    softmax,
    softmax_cross_entropy,
    softmax_cross_entropy_forward,
    to,
    train,
    tree_map,
)
from rnn_course.data.splits import Split

# %% [markdown]
# ## One weight, one step
#
# The smallest network that can learn: y = w · x, with one weight. Let x be 3, let the answer be 12, and let w be 2. How wrong
# that is, we measure by half the squared error.
#
# y = 2 · 3 = 6, and the loss is ½ · (6 − 12)² = 18.
#
# Now the question of this chapter: if w grows a little, does the loss rise or fall, and how fast? Go from the loss back to w.
#
# - If y grows by a little, ½ (y − 12)² grows (y − 12) times as much. So dy = 6 − 12 = −6.
# - If w grows by a little, y = w · x grows x times as much. So dw = −6 · 3 = −18.
#
# Here and in the code, `dy` is short for "the gradient of the loss for y": how fast the loss grows with y. The −18 says that the
# loss falls when w grows. So w moves *against* its gradient, by a small part of it, the **learning rate**:

# %%
w, x, target = 2.0, 3.0, 12.0
for learning_rate in (0.1, 0.3):
    dy = w * x - target
    dw = dy * x
    new_w = w - learning_rate * dw
    loss = 0.5 * (new_w * x - target) ** 2
    step = f"{w} − {learning_rate} · ({dw})"
    print(f"w = {step} = {new_w:.1f}, loss {loss:.2f}")

# %% [markdown]
# With a rate of 0.1 the loss falls from 18 to 0.18. With 0.3 it rises to 52: the direction was right, and the step too long.
# A gradient knows the slope where you stand, and nothing of what comes after.

# %% [markdown]
# ## Backward is a function that forward returns
#
# Look at the two lines once more. To go back through y = w · x you need x, which was known on the way forward. So let the way
# forward leave a note to itself. In Python such a note is a function defined inside a function: it still sees everything
# that was computed around it.


# %%
def product_forward(w, x):
    y = w * x

    def backward(dy):
        return dy * x, dy * w  # for w, for x

    return y, backward


def half_square_forward(y, target):
    loss = 0.5 * (y - target) ** 2
    return loss, lambda d_loss=1.0: d_loss * (y - target)


y, product_backward = product_forward(2.0, 3.0)
loss, loss_backward = half_square_forward(y, 12.0)
dw, dx = product_backward(loss_backward())
print(f"loss {loss}, dw {dw}, dx {dx}")

# %% [markdown]
# Forward runs from the first line to the last, backward from the last to the first, each handing on what it got, times its own
# slope. That is the chain rule, and a network of any depth is no different {cite}`rumelhart1986`. The whole course keeps to
# one contract:
#
# | call | returns |
# |---|---|
# | {code}`layer(x)` | y |
# | {code}`layer.forward(x)` | y, backward |
# | {code}`backward(dy)` | the gradient of the layer, which is a layer too, and dx |
#
# Nothing is stored in the layer and nothing is changed. What came back is a value, like any other.

# %% [markdown]
# ## Back through a dense layer
#
# Each output is a sum over the inputs, $y_{bj} = \sum_k x_{bk} W_{kj} + c_j$, for example b and unit j. Ask of each number on the
# right: in which outputs does it stand, and times what?
#
# - A weight $W_{kj}$ stands in output j of *every example*, times $x_{bk}$: $\; dW_{kj} = \sum_b x_{bk} \, dy_{bj}$, so $dW = x^\top dy$.
# - A bias $c_j$ stands there too, times 1: $\; dc_j = \sum_b dy_{bj}$.
# - An input $x_{bk}$ stands in *every unit* of its example, times $W_{kj}$: $\; dx_{bk} = \sum_j dy_{bj} W_{kj}$, so $dx = dy \, W^\top$.
#
# There is nothing to remember. A gradient has the shape of what it belongs to, and only one product of dy, with x or with W, has
# that shape.


# %%
def dense_forward(x, kernel, bias):
    def backward(dy):
        return dy @ kernel.T, x.T @ dy, dy.sum(axis=0)

    return x @ kernel + bias, backward


# %% [markdown]
# Now with the numbers of chapter 2. **Predict** the gradient of unit 0's bias, and of the weight from input 1 to unit 3, before
# you run it.

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
dy = np.array([[1.0, 0.0, 0.0, -1.0], [-2.0, 0.0, 1.0, 1.0]])

y, backward = dense_forward(x, kernel, bias)
dx, d_kernel, d_bias = backward(dy)
print("d_kernel\n", d_kernel)
print("d_bias", d_bias)

# %% [markdown]
# The bias of unit 0 was used by both examples: 1 + (−2) = −1, `d_bias[0] == -1`. The weight from input 1 to unit 3 was multiplied by
# 2 in one example and by −1 in the other: 2 · (−1) + (−1) · 1 = −3, `d_kernel[1, 3] == -3`.
#
# The shapes are `d_kernel: [input=3, output=4]`, `d_bias: [output=4]` and `dx: [batch=2, input=3]`. The package says the same:

# %%
package_y, package_backward = Dense(kernel, bias).forward(x)
d_layer, package_dx = package_backward(dy)
np.testing.assert_array_equal(package_y, y)
np.testing.assert_array_equal(d_layer.kernel, d_kernel)
np.testing.assert_array_equal(d_layer.bias, d_bias)
np.testing.assert_array_equal(package_dx, dx)
show_source(Dense.forward)

# %% [markdown]
# ### The price
#
# The product on the way forward takes batch · input · output multiplications. Each of the two products on the way back takes
# just as many. So all gradients together cost two more runs, and asking each of the 496,885 numbers by itself costs two runs
# *each*.

# %% [markdown]
# ## Back through a ReLU
#
# $y = \max(x, 0)$, for each number by itself.
#
# - Where x > 0, y = x, and the slope is 1: dx = dy.
# - Where x < 0, y = 0 whatever x does: dx = 0.
# - At x = 0 there is no slope. Torch, TensorFlow and this course take 0.


# %%
def my_relu_forward(x):
    return x * (x > 0), lambda dy: dy * (x > 0)


# %% [markdown]
# **Predict:** x is 2, −1, 0, 3 and dy is 5, 5, 5, −5. What is dx?

# %%
numbers = np.array([2.0, -1.0, 0.0, 3.0])
incoming = np.array([5.0, 5.0, 5.0, -5.0])
dx = my_relu_forward(numbers)[1](incoming)
np.testing.assert_array_equal(dx, relu_forward(numbers)[1](incoming))
print(dx)

# %% [markdown]
# The −5 goes through. A ReLU holds back where its own *input* was negative, and does not look at what comes back.

# %% [markdown]
# ## Back through softmax and cross-entropy
#
# For one example with label l, the loss is −log softmax(z) at l. A logarithm of a quotient is a difference:
#
# $$L = -z_l + \log \sum_k e^{z_k}$$
#
# - The slope of the second part for $z_c$ is $e^{z_c} / \sum_k e^{z_k}$: the probability $p_c$ itself.
# - The first part has slope −1 at the label, and 0 elsewhere. Together: $\; dz_c = p_c - [c = l]$.
# - The mean over a batch of N divides by N.
#
# So a logit hears how much too probable its class is. It is hard to imagine a simpler message.


# %%
def cross_entropy_forward(logits, labels):
    rows = range(len(labels))
    log_p = log_softmax(logits)
    loss = -log_p[rows, labels].mean()

    def backward(d_loss=1.0):
        d_logits = softmax(logits)  # a new array of our own
        d_logits[rows, labels] -= 1
        return d_loss * d_logits / len(labels)

    return loss, backward


labels = np.array([3, 0])
loss, backward = cross_entropy_forward(y, labels)
d_logits = backward()
print("p\n", softmax(y).round(2))
print("gradient, times the batch size\n", (2 * d_logits).round(2))

# %%
package_loss, package_backward = softmax_cross_entropy_forward(
    y, labels
)
np.testing.assert_allclose(package_loss, loss)
np.testing.assert_allclose(package_backward(), d_logits, atol=1e-15)
np.testing.assert_allclose(d_logits.sum(axis=1), 0, atol=1e-15)
print("the package's, and the sum of each row is 0")

# %% [markdown]
# `d_logits: [batch=2, class=4]`. Example 0 was quite right: its label 3 has 0.64, so it is pulled up by 0.36 and the others are
# pushed down by what they have. Example 1 was wrong: class 3 is pushed down by nearly 1, and label 0 pulled up by nearly 1. The
# more wrong, the stronger; and no message is ever larger than 1.

# %% [markdown]
# ## Is it right? Ask the numbers
#
# A backward with a mistake often learns all the same, only worse. So never believe one that was not checked. Three answers are
# put side by side: by **hand**, that is our backward; **numeric**, which moves the argument a little to both sides and looks at
# the difference; and **autograd**, Torch's. To compare single numbers, each row of the table takes the slope of one array along
# a random direction.

# %%
rng = np.random.default_rng(3)
print(
    gradcheck(
        dense_forward,
        x,
        kernel,
        bias,
        rng=rng,
        names=("x", "kernel", "bias"),
    )
)
print()
print(
    gradcheck(
        my_relu_forward,
        rng.standard_normal((4, 5)),
        rng=rng,
        names=("relu",),
    )
)
print()
print(
    gradcheck(
        lambda logits: cross_entropy_forward(logits, labels),
        y,
        rng=rng,
        names=("logits",),
    )
)

# %% [markdown]
# Does the check notice anything? Here is a ReLU that looks at what comes back instead of at its input, a slip that is easily
# made:

# %%
slip = gradcheck(
    lambda x: (relu(x), lambda dy: dy * (dy > 0)),
    rng.standard_normal((4, 5)),
    rng=rng,
    names=("slip",),
    with_autograd=False,
)
print("agrees:", slip.ok)

# %% [markdown]
# ## A whole network, and back
#
# `Chain` calls the layers one after the other, keeps their notes on a list, and goes through the list from its end. This is
# **backpropagation**, all of it:

# %%
show_source(Chain.forward)

# %% [markdown]
# The gradient of a chain is a chain. Put the loss behind it, and the network with all its weights goes through the same check:


# %%
def whole(model, images):
    logits, model_backward = model.forward(images)
    loss, loss_backward = softmax_cross_entropy_forward(
        logits, np.array([0, 2, 1, 2])
    )
    return loss, lambda d_loss: model_backward(loss_backward(d_loss))


print(
    gradcheck(
        whole,
        mlp((6, 5, 3), rng=rng, dtype="float64"),
        rng.standard_normal((4, 2, 3)),
        rng=rng,
        names=("model", "images"),
    )
)

# %% [markdown]
# ## Three ways to take a step
#
# We know the slope at the place where we stand. How do we walk? Imagine the loss as a bowl, seen from above, that is much steeper
# one way than the other.
#
# **Plain descent** goes against the gradient. In the steep direction it must not take long steps, or it will swing out of the
# bowl; so in the flat one it creeps. If the slope in some direction is s times the distance from the bottom, each step multiplies
# that distance by 1 − rate · s, and beyond a rate of 2 / s it grows. With gradients of random batches it is called *stochastic*
# gradient descent, **SGD** {cite}`robbins1951`.
#
# **Momentum** keeps a velocity: 0.9 times the old one, plus the gradient. What points the same way in every step adds up, to ten
# times as much. What changes its sign cancels out {cite}`polyak1964`.
#
# **Adam** gives each weight a step of its own. It keeps a running mean of the gradient and one of its square, and divides the first
# by the root of the second. Steep or flat, a weight whose gradient keeps its sign moves by about the learning rate
# {cite}`kingma2015`.
#
# **Predict:** at which learning rate does plain descent leave a bowl of steepness 12? Then try.

# %%
from rnn_course.widgets import DescentFigure

DescentFigure(steepness=12.0, learning_rate=0.02, steps=40)

# %% [markdown]
# Beyond 2 / 12 ≈ 0.17. Make the bowl steeper, and the limit falls; Adam hardly notices. With a small rate momentum is far ahead; with
# a larger one its velocity carries it past the bottom again and again. In a round bowl plain descent is the best of the three: at
# rate 1 it is there in one step. So there is no best one, but where slopes differ much, as in networks, the other two pay.
#
# ### In code
#
# All three are pure functions. They return new weights, and new notes for the next step.


# %%
def sgd_step(w, g, rate):
    return w - rate * g


def momentum_step(w, velocity, g, rate, decay=0.9):
    velocity = decay * velocity + g
    return w - rate * velocity, velocity


def adam_step(w, mean, square, g, step, rate, b1=0.9, b2=0.999):
    mean = b1 * mean + (1 - b1) * g
    square = b2 * square + (1 - b2) * g * g
    # both began at 0, and are still too small by these factors
    corrected = mean / (1 - b1**step)
    root = (square / (1 - b2**step)) ** 0.5
    return w - rate * corrected / (root + 1e-8), mean, square


# %% [markdown]
# **Predict** the first step of Adam for gradients of 1000 and of 0.001, with a learning rate of 0.1.

# %%
g = np.array([1000.0, 0.001, -2.0])
first, _, _ = adam_step(
    np.zeros(3), np.zeros(3), np.zeros(3), g, 1, 0.1
)
print(first.round(4))

# %% [markdown]
# Each moves by 0.1, whatever the size of its gradient: after the correction mean and root are g and |g|. Without the correction the
# first mean would be 0.1 · g, the first root 0.03 · |g|, and the step `0.1 / np.sqrt(0.001) > 3` times too long.
#
# Our three against the package and against `torch.optim`, twenty steps on the same bowl:

# %% tags=["numpy"]
slopes, start = np.array([1.0, 12.0]), np.array([-4.2, 2.1])
by_hand = {"sgd": start, "momentum": start, "adam": start}
velocity, mean, square = np.zeros(2), np.zeros(2), np.zeros(2)
for step in range(1, 21):
    w = by_hand["sgd"]
    by_hand["sgd"] = sgd_step(w, slopes * w, 0.05)
    w = by_hand["momentum"]
    by_hand["momentum"], velocity = momentum_step(
        w, velocity, slopes * w, 0.05
    )
    w = by_hand["adam"]
    by_hand["adam"], mean, square = adam_step(
        w, mean, square, slopes * w, step, 0.05
    )
for name, w in by_hand.items():
    print(f"{name:8} {w.round(4)}")

# %% tags=["torch"]
import torch

on_torch = {}
for name, optimiser, options in (
    ("sgd", torch.optim.SGD, {}),
    ("momentum", torch.optim.SGD, {"momentum": 0.9}),
    ("adam", torch.optim.Adam, {}),
):
    w = to(start, "torch").requires_grad_()
    walker = optimiser([w], lr=0.05, **options)
    for _ in range(20):
        walker.zero_grad()
        (0.5 * (to(slopes, "torch") * w**2).sum()).backward()
        walker.step()
    on_torch[name] = to(w)
    print(f"{name:8} {on_torch[name].round(4)}")

# %%
for name, optimiser in {
    "sgd": sgd(0.05),
    "momentum": momentum(0.05),
    "adam": adam(0.05),
}.items():
    w, state = start, optimiser.init(start)
    for _ in range(20):
        w, state = optimiser.update(w, slopes * w, state)
    np.testing.assert_allclose(w, by_hand[name], rtol=1e-7)
    np.testing.assert_allclose(w, on_torch[name], rtol=1e-7)
print("by hand, the package, torch.optim: the same")

# %% [markdown]
# The package's optimisers take a whole model instead of an array: `tree_map` does to every array of it what the functions above
# do to one.
#
# One difference between libraries. Torch adds ε to the *corrected* root, as `adam_step` does. TensorFlow, and Keras after it,
# add ε to the root as it is and correct afterwards; the paper calls that ε "epsilon hat". In the first steps the root is still
# small, and TensorFlow's ε weighs more. With 10⁻⁸ you will rarely see it, with 0.1 you do:


# %%
def first_step(epsilon_hat):
    optimiser = adam(0.1, epsilon=0.1, epsilon_hat=epsilon_hat)
    weight, g = np.zeros(1), np.array([1.0])
    return optimiser.update(weight, g, optimiser.init(weight))[0]


as_torch, as_tensorflow = first_step(False), first_step(True)
root = np.sqrt(1 - 0.999)  # of the square, after one step with g = 1
np.testing.assert_allclose(as_torch, -0.1 * 1 / (1 + 0.1))
np.testing.assert_allclose(as_tensorflow, -0.1 * root / (root + 0.1))
w = torch.zeros(1, dtype=torch.float64, requires_grad=True)
w.grad = torch.ones(1, dtype=torch.float64)
torch.optim.Adam([w], lr=0.1, eps=0.1).step()
np.testing.assert_allclose(to(w.detach()), as_torch)
print("Torch", as_torch.round(4), " TensorFlow", as_tensorflow.round(4))

# %% [markdown]
# The second step is a quarter as long: `0.25 < as_tensorflow[0] / as_torch[0] < 0.27`. When you take a rate from one library to the other, take
# the formula with it.

# %% [markdown]
# ## The training loop
#
# Now all of it together. Take a batch, go forward, go back, take a step. One pass over the training set is an **epoch**.


# %%
def train_by_hand(model, data, optimizer, epochs, rng):
    state = optimizer.init(model)
    history = []
    for _ in range(epochs):
        losses = []
        for images, labels in minibatches(data, 50, rng=rng):
            logits, model_backward = model.forward(images)
            loss, loss_backward = softmax_cross_entropy_forward(
                logits, labels
            )
            d_model, _ = model_backward(loss_backward())
            model, state = optimizer.update(model, d_model, state)
            losses.append(float(loss))
        history.append(float(np.mean(losses)))
    return model, history


digits = load_digits()
network = mlp((784, 625, 10), rng=np.random.default_rng(0))
epochs = 12
steps = epochs * 29  # 1,437 digits in batches of 50
optimizer = adam(one_cycle(2e-3, steps))
print(f"{parameters(network):,} parameters, {steps} steps")

trained, history = train_by_hand(
    network, digits.train, optimizer, epochs, np.random.default_rng(1)
)
print("the loss fell below 0.05:", history[-1] < 0.05)

# %% [markdown]
# Here `network` is still what it was, and `trained` is a new network. The learning rate follows a *schedule*: it rises from a small
# one to 0.002 and falls again to nearly 0, so that the last steps settle {cite}`smith2019`.
#
# How many of the 360 digits that it has never seen does it name rightly?

# %%
held_out = accuracy(trained, digits.test)
print("before:", accuracy(network, digits.test) < 0.25)
print("after: ", held_out >= 0.97)

# %% [markdown]
# `held_out ≥ 0.97`. The nearest mean of chapter 2 had 0.906. A word of caution: our digits are those of 13 people {cite}`alpaydin1998`,
# and the split is random, so the same people wrote on both sides. Strangers' digits would be harder.
#
# ### The same with fit, on NumPy and Torch
#
# `fit` is this loop with a progress bar, held-out accuracy, and a few guards. On NumPy it uses the backward that we wrote, on Torch it
# lets autograd find its own. The initial weights and the order of the batches come from NumPy's generator in both cases. So it
# should be the same training, step for step. Is it?

# %% tags=["numpy"]
on_numpy = fit(
    network,
    digits.train,
    optimizer=optimizer,
    epochs=epochs,
    batch_size=50,
    rng=np.random.default_rng(1),
    held_out=digits.test,
)
numpy_losses = [epoch.loss for epoch in on_numpy.history]
print("at least 97 %:", on_numpy.history[-1].accuracy >= 0.97)

# %% tags=["torch"]
on_torch = fit(
    to(network, "torch"),
    to(digits.train, "torch"),
    optimizer=optimizer,
    epochs=epochs,
    batch_size=50,
    rng=np.random.default_rng(1),
    held_out=to(digits.test, "torch"),
)
torch_losses = [epoch.loss for epoch in on_torch.history]
print("at least 97 %:", on_torch.history[-1].accuracy >= 0.97)

# %%
np.testing.assert_allclose(numpy_losses, history, rtol=1e-6)
gap = float(np.max(np.abs(np.subtract(numpy_losses, torch_losses))))
print("the loop by hand and fit: the same losses")
print("NumPy and Torch, largest gap below 0.01:", gap < 0.01)

# %% mystnb={"image": {"alt": "Two plots against the epoch. Left the training loss, falling from above 1 to about 0.01 on a logarithmic scale; right the accuracy on held-out digits, which rises, jumps about a little, and settles near 0.98. The curves of NumPy and Torch lie on each other."}} tags=["nbval-ignore-output", "reason:varies between processors because training amplifies rounding"]
plot.learning_curves(
    {"NumPy": on_numpy.history, "Torch": on_torch.history},
    "One training, two libraries, one curve",
    size=(6.8, 3.2),
)

# %% [markdown]
# `gap < 0.01`, and both reach `on_numpy.history[-1].accuracy ≥ 0.97` and `on_torch.history[-1].accuracy ≥ 0.97`. The two do not
# agree to the last bit. Each library adds up in its own order, and rounding errors of float32 grow from step to step. While the
# learning rate is high, the accuracy jumps about; as the rate goes to 0, it settles.

# %% [markdown]
# ## What has it learned?
#
# 625 hidden units are hard to look at. A single layer is not. Chapter 2 wrote ten pictures of weights by hand, the means. Here are
# ten that were learned, by one dense layer that began with zeros:

# %%
one_layer = fit(
    Chain(
        (
            Flatten(),
            Dense(
                np.zeros((784, 10), "float32"), np.zeros(10, "float32")
            ),
        )
    ),
    digits.train,
    optimizer=adam(1e-3),
    epochs=30,
    batch_size=50,
    rng=np.random.default_rng(1),
    held_out=digits.test,
)
one_layer_accuracy = one_layer.history[-1].accuracy
print("at least 94 %:", one_layer_accuracy >= 0.94)

# %% mystnb={"image": {"alt": "Ten pictures of weights, one for each digit, orange where ink speaks for the digit and purple where it speaks against it. The 0 has a purple spot in its middle; the others show strokes of their digits with purple beside them."}}
plot.signed_images(
    one_layer.model.layers[1].kernel.T.reshape(10, 28, 28),
    [f"unit {digit}" for digit in range(10)],
    "Learned: where ink speaks for a digit, and where against it",
    columns=5,
    size=1.15,
)

# %% [markdown]
# `one_layer.model.layers[1].kernel: [input=784, output=10]`, and `one_layer_accuracy ≥ 0.94` where the means had 0.906. They are not
# pictures of digits any more. A mean says where a 0 has ink. What has been learned says what tells a 0 from the other nine, and
# the strongest sign of all is ink in its middle, which speaks against it. The edges are nearly always empty. The few digits
# that reach there decide alone what is learned at such a place, so do not read much into it.

# %% [markdown]
# ## Learning by heart
#
# A falling training loss is no proof that anything was understood. Give the network only 100 digits, and write a wrong label on 20 of
# them. **Predict:** what will the training loss do, and what the loss on held-out digits?

# %%
few = digits.train.images[:100]
spoiled = digits.train.labels[:100].copy()
spoiled[:20] = (
    spoiled[:20] + np.random.default_rng(5).integers(1, 10, 20)
) % 10
training_loss, held_out_loss = [], []


def note(epoch, model):
    training_loss.append(
        float(softmax_cross_entropy(model(few), spoiled))
    )
    held_out_loss.append(
        float(
            softmax_cross_entropy(
                model(digits.test.images), digits.test.labels
            )
        )
    )


learned_by_heart = fit(
    network,
    Split(few, spoiled),
    optimizer=adam(1e-3),
    epochs=80,
    batch_size=20,
    rng=np.random.default_rng(1),
    on_epoch=note,
)
by_heart = round(
    100 * accuracy(learned_by_heart.model, Split(few, spoiled))
)
best = int(np.argmin(held_out_loss))
rise = held_out_loss[-1] / held_out_loss[best]

# %% mystnb={"image": {"alt": "Two curves over 80 epochs. The training loss falls all the time, to nearly 0. The loss on held-out digits falls at first, reaches its lowest point after some 10 to 20 epochs, and then rises again."}}
plot.curves(
    {
        "100 training digits, 20 with a wrong label": training_loss,
        "360 held-out digits": held_out_loss,
    },
    "The training loss falls to the end; the other one turns round",
    "epoch",
    "loss (nats)",
)

# %% [markdown]
# The training loss goes to `training_loss[-1] < 0.05`, and the network gives `by_heart == 100` of the 100 labels, the 20 wrong ones
# among them. It has learned them by heart, for there is nothing to be understood in them; large networks can do so even with labels that are all
# random {cite}`zhang2017`. The held-out loss is lowest early, at epoch `5 < best < 40`, and at the end `rise > 1.1` times as high.
# This is **over-fitting**.
#
# What helps: more data, before all else; stopping where the held-out loss is lowest; a smaller network; weight decay
# ({code}`adamw`) or dropout, which make it harder to remember single examples {cite}`goodfellow2016`.
#
# And mind: whoever stops at the best epoch of the *test* set has used the test set, and its number is no longer honest. For such
# choices set aside a third part, the validation set.

# %% [markdown]
# ## What goes wrong in practice
#
# ### 1 · The learning rate
#
# Too small, and nothing happens. Too large, and something worse than nothing does.

# %% mystnb={"image": {"alt": "Loss against the step for three learning rates of plain descent. 0.003 stays near 2; 0.1 falls to about 0.3; 3 jumps up by a factor of hundreds, comes back in bursts, and ends at about 2.3."}} tags=["nbval-ignore-output", "reason:varies between processors because training amplifies rounding"]
runs, models = {}, {}
for rate in (0.003, 0.1, 3.0):
    batches = minibatches(
        digits.train, 50, rng=np.random.default_rng(1), epochs=2
    )
    runs[f"rate {rate}"] = losses = []
    for record in train(
        network, classifier_loss, batches, sgd(rate), progress=False
    ):
        losses.append(record.loss)
    models[rate] = record.model
plot.curves(
    runs,
    "Too small creeps, too large breaks the network",
    "step",
    "training loss (nats)",
    log=True,
)

# %% [markdown]
# The run with rate 3 does not explode. It jumps, and then it lies still: `2 < runs["rate 3.0"][-1] < 3`, near log 10 ≈ 2.3, all
# classes about equally probable, as if it had seen nothing. A look at the hidden units says why.

# %%
first_layer = models[3.0].layers[1]
activity = relu(first_layer(digits.test.images.reshape(360, 784)))
dead = float(np.mean(activity.max(axis=0) == 0))
print("more than 9 of 10 units are 0 for every digit:", dead > 0.9)

# %% [markdown]
# `activity: [batch=360, hidden=625]`, and of the units `dead > 0.9` are 0 for every digit. A few long steps have pushed
# their biases and weights so far down that no digit opens their ReLU. Then their gradient is 0 too, and nothing brings them
# back.
#
# ### 2 · A bias gradient that was not summed
#
# {code}`d_bias = dy` for {code}`d_bias = dy.sum(axis=0)`, and broadcasting makes no complaint:

# %%
batch_images = digits.train.images[:50].reshape(50, 784)
layer = Dense.init(784, 10, rng=np.random.default_rng(0))
dy = softmax_cross_entropy_forward(
    layer(batch_images), digits.train.labels[:50]
)[1]()
slipped = layer._replace(bias=layer.bias - 0.1 * dy)
print(slipped.bias.shape)
print(slipped.forward(batch_images)[0].shape)

# %% [markdown]
# `slipped.bias: [50, 10]` where `layer.bias: [10]`. Every place in the batch has a bias of its own now, and the forward pass goes on as
# if nothing had happened. What fails, 28 batches later, is the last batch of the epoch, for it has only 37 digits:

# %% tags=["raises-exception"]
slipped.forward(batch_images[:37])

# %% [markdown]
# ### 3 · All weights alike
#
# One layer may begin with zeros, as above. Two may not begin with equal weights. Units that are alike get the same gradient, and
# stay alike for ever:

# %%
alike = tree_map(lambda array: 0 * array + 0.01, network)
fitted_alike = fit(
    alike,
    digits.train,
    optimizer=sgd(0.1),
    epochs=1,
    batch_size=50,
    rng=np.random.default_rng(1),
).model
spread = float(np.ptp(fitted_alike.layers[1].kernel, axis=1).max())
moved = float(np.ptp(fitted_alike.layers[1].kernel, axis=0).max())
print("units differ by less than 0.0001:", spread < 1e-4)
print("the weights of a unit did learn: ", moved > 1e-3)

# %% [markdown]
# 625 units do the work of one. Random first weights break the tie; `Dense.init` draws them as {cite:t}`glorot2010` advise.
#
# ### 4 · The best network, changed behind your back
#
# Say you keep the best network so far, and your optimiser works in place. In NumPy and Torch alike, {code}`w -= …` changes the array
# itself, and every name that it goes by:

# %%
w = np.array([1.0, 2.0])
best_so_far = w
w -= 0.5  # in place
print("kept:", best_so_far)

w = np.array([1.0, 2.0])
best_so_far = w
w = w - 0.5  # a new array
print("kept:", best_so_far)

# %% [markdown]
# Torch's optimisers work in place, since that saves memory; there you have to copy what you want to keep. The ones of this course
# return new weights.

# %% [markdown]
# ## The shapes of this page
#
# | what | shape | why |
# |---|---|---|
# | gradient of a kernel | `d_kernel: [input=3, output=4]` | that of the kernel; the batch is summed over |
# | gradient of a bias | `d_bias: [output=4]` | that of the bias; the batch is summed over |
# | gradient of logits | `d_logits: [batch=2, class=4]` | that of the logits |
# | loss | `loss: []` | one number |
# | hidden units of all test digits | `activity: [batch=360, hidden=625]` | one row for each digit |
#
# A gradient has as many numbers as what it belongs to, `parameters(network) = 496,885`, and Adam remembers twice as many:
# `parameters(optimizer.init(network).mean) = 496,885`, and their squares.
#
# ## Test yourself

# %%
from rnn_course.widgets import ShapeQuiz

ShapeQuiz("03")

# %% [markdown]
# ## Exercises
#
# They are in [their own notebook](../exercises/03_learning.ipynb). A check answers at once and knows the usual mistakes.
# [Solutions](../solutions/03_learning.ipynb) are there too.

# %%
from rnn_course.checks import EXERCISES

for number, exercise in enumerate(
    (e for e in EXERCISES.values() if e.name.startswith("learn.")),
    start=1,
):
    effort = f"difficulty {exercise.difficulty} of 5"
    minutes = f"{exercise.minutes} minutes"
    print(f"{number:2}. {exercise.title:38} {effort}, {minutes}")

# %% [markdown]
# ## What you can do now
#
# - You can go back through any layer: ask of each number where it was used, and times what.
# - You never believe a gradient that no table has checked.
# - You can write SGD, momentum and Adam, and know what each keeps from step to step.
# - You can write a training loop, and read its curves: too small, too large, stuck at log 10, over-fitting.
#
# ## Further reading
#
# - {cite:t}`rumelhart1986` made back-propagation known; four pages.
# - {cite:t}`nielsen2015`, chapter 2, derives it with indices, and {cite:t}`prince2023`, chapter 7, with toy functions.
# - {cite:t}`kingma2015`: Adam. Algorithm 1 is what you have written.
# - {cite:t}`zhang2017`: networks that learn random labels by heart, and what that says about generalisation.
# - {cite:t}`goodfellow2016`, chapters 6.5, 7 and 8: back-propagation, regularisation, optimisation.
#
# **Next:** this network does not know that pixels have neighbours. [Chapter 4](04_convolution.ipynb) tells it, and needs far
# fewer weights.
