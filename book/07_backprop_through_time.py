# %% [markdown]
# # 7 · Backpropagation through time
#
# A network has read 28 rows, and its answer is wrong. The reason may lie in row 0: the network should have written something down there,
# and did not. How does step 0 hear of it, 27 steps later?
#
# The news travels back the way the state came: from the last step to the one before, and so on. At each step it is multiplied by something. A number that
# is multiplied 27 times is rarely of a useful size. It has become nothing, or it has become enormous.
#
# This chapter goes the way back by hand, with numbers that you can check. Then it measures how loud the news arrives, and
# shows four things that people do about it.
#
# :::{admonition} What you will be able to do
# :class: tip
# - carry a gradient back through three steps on paper, and write the loop that does it for any number of steps;
# - say from the singular values of a matrix whether gradients must vanish or can explode, and what tanh adds to it;
# - clip a gradient by its norm, and say what the norm warns of, and of what not;
# - cut the way back, and say exactly what can no longer be learned.
#
# **Reading** 60 minutes · **exercises** 110 minutes · **difficulty** 4 of 5 · **before** [chapter 6](06_time_steps.ipynb), and what a
# derivative and the chain rule are
# :::
#
# ![The arrays of this chapter and their axes](_diagrams/shapes_07.svg)

# %%
import numpy as np

from rnn_course import (
    BasicRNNCell,
    Dense,
    LastStepClassifier,
    adam,
    classifier_loss,
    clip_by_global_norm,
    clip_by_value,
    dynamic_rnn,
    dynamic_rnn_forward,
    gradcheck,
    plot,
    sgd,
    softmax_cross_entropy_forward,
    to,
    train,
    unroll,
)
from rnn_course.arrays import autograd
from rnn_course.init import orthogonal

# %% [markdown]
# ## Three steps by hand
#
# One unit, and no tanh yet. At each step h' = w · h + u · x, with w = 0.5 and u = 1. It starts from h = 0 and reads 4, 1, 2:
#
# | step | x | old h | new h = 0.5 h + x |
# |---|---|---|---|
# | 0 | 4 | 0 | 4 |
# | 1 | 1 | 4 | 3 |
# | 2 | 2 | 3 | 3.5 |
#
# The last state should have been 1.5. So the loss is ½ (3.5 − 1.5)² = 2, and its slope for the last state is 3.5 − 1.5 = **2**. Raise the
# last state a little, and the loss rises twice as much.
#
# Now go back. Each step knows its own line, h' = w · h + u · x. It hears how the loss moves with its new h, call that d, and works out three
# things:
#
# - w stood beside the old h, so w's share of the blame is d · (old h);
# - u stood beside x, so u's share is d · x;
# - the old h stood beside w, so the step before hears d · w.
#
# | step | hears d | share of w: d · old h | share of u: d · x | hands back d · w |
# |---|---|---|---|---|
# | 2 | 2 | 2 · 3 = 6 | 2 · 2 = 4 | 1 |
# | 1 | 1 | 1 · 4 = 4 | 1 · 1 = 1 | 0.5 |
# | 0 | 0.5 | 0.5 · 0 = 0 | 0.5 · 4 = 2 | 0.25 |
#
# There is only one w. It was used three times, so its shares add up: **10**. For u they add up to **7**. That is
# backpropagation through time {cite}`rumelhart1986,werbos1990`: ordinary backpropagation through the unrolled picture, and
# the shares of all steps summed. Believe it? Move w by a hundredth, up and down, and look:


# %%
def loss_of(w, u=1.0, h=0.0):
    for x in (4, 1, 2):
        h = w * h + u * x
    return 0.5 * (h - 1.5) ** 2


slope_for_w = (loss_of(0.51) - loss_of(0.49)) / 0.02
slope_for_u = (loss_of(0.5, 1.01) - loss_of(0.5, 0.99)) / 0.02
slope_for_h = (loss_of(0.5, h=0.01) - loss_of(0.5, h=-0.01)) / 0.02
print(f"{slope_for_w:.2f} {slope_for_u:.2f} {slope_for_h:.2f}")

# %% [markdown]
# Look at the second column of the table again: 2, 1, 0.5. Step 0 hears a quarter of what step 2 hears, for the news went through w = 0.5
# twice. With w = 2 it would have heard four times as much. Everything that is difficult about recurrent networks is in this column.
#
# ### With tanh
#
# If the new state is tanh of the sum, there is one more factor on the way: the slope of tanh. It is 1 − tanh², that is 1 − (new h)².
# Take the echo of chapter 6, w = 0.5 and the inputs 1, 0, 0. The states were 0.76, 0.36, 0.18.

# %%
states = [0.0]
for x in (1, 0, 0):
    states.append(np.tanh(0.5 * states[-1] + x))

d = 1.0  # the gradient of the last state
for t in (2, 1, 0):
    slope = 1 - states[t + 1] ** 2
    back = d * slope * 0.5
    print(f"step {t} hears {d:.2f}, slope {slope:.2f}, back {back:.2f}")
    d = back
through_tanh = d

# %% [markdown]
# Without tanh, 0.5³ = 0.125 would have come out below. With it, less than half of that does: `0.04 < through_tanh < 0.05`. The slope of tanh is never
# above 1, and where a unit is saturated, it is almost 0. So tanh only ever makes the news quieter.
#
# ### Where two gradients meet
#
# A loss may also look at the states on the way, one for each output. Then a state has two ways to the loss: its own output, and everything
# that comes after it. The chain rule adds them. If step 1 of the first table had a loss of its own with slope 3, it would hear 1 from
# step 2 *and* 3 from its output, 4 in all, and pass half of *that* back.
#
# ## The loop from scratch
#
# For many units the same three lines are matrix products. A step returns what it needs later as a function, `backward`: it remembers x,
# the old h and the new one.


# %%
def step(x, h, kernel, bias):
    xh = np.concatenate([x, h], axis=1)  # [batch, input + hidden]
    new_h = np.tanh(xh @ kernel + bias)

    def backward(d_new_h):
        d_z = d_new_h * (1 - new_h**2)  # through the tanh
        d_xh = d_z @ kernel.T  # through the product
        d_x, d_h = np.split(d_xh, [x.shape[1]], axis=1)
        return d_x, d_h, xh.T @ d_z, d_z.sum(axis=0)

    return new_h, backward


def forward_and_back(inputs, h, kernel, bias, d_outputs):
    backwards = []
    for t in range(inputs.shape[1]):
        h, backward = step(inputs[:, t], h, kernel, bias)
        backwards.append(backward)

    d_h, d_kernel, d_bias = 0 * h, 0 * kernel, 0 * bias
    d_inputs = np.empty_like(inputs)
    for t in reversed(range(inputs.shape[1])):
        # the output's gradient and the next step's meet
        d_x, d_h, d_k, d_b = backwards[t](d_outputs[:, t] + d_h)
        d_kernel, d_bias = d_kernel + d_k, d_bias + d_b
        d_inputs[:, t] = d_x
    return d_inputs, d_h, d_kernel, d_bias


# %% [markdown]
# The second loop is the whole chapter in four lines. It starts at the last step, because the gradient of a state is complete only when all later
# steps have spoken. `d_outputs[:, t] + d_h` is where two gradients meet. `d_kernel + d_k` is the sum over the uses of one kernel.
#
# ## The package's way back
#
# `dynamic_rnn_forward` is `dynamic_rnn` and a function `backward`. It takes the gradients of the two results, outputs and final state, and
# returns those of the cell, of the inputs and of the initial state. In Torch nobody needs it: autograd records the forward loop and
# goes back by itself.

# %%
rng = np.random.default_rng(0)
cell = BasicRNNCell.init(3, 5, rng=rng, dtype="float64")
inputs = rng.standard_normal((4, 7, 3))
h0 = 0.1 * rng.standard_normal((4, 5))
d_outputs = rng.standard_normal((4, 7, 5))

# %% tags=["numpy"]
outputs, state, backward = dynamic_rnn_forward(cell, inputs, h0)
d_cell, d_inputs, d_h0 = backward(d_outputs)
print(d_cell.kernel.shape, d_inputs.shape, d_h0.shape)


# %% tags=["torch"]
def weighed(tree):
    torch_cell, x, h = tree
    return (
        dynamic_rnn(torch_cell, x, h)[0] * to(d_outputs, "torch")
    ).sum()


_, (torch_d_cell, torch_d_inputs, torch_d_h0) = autograd(
    weighed, to((cell, inputs, h0), "torch")
)
print(
    tuple(torch_d_cell.kernel.shape),
    tuple(torch_d_inputs.shape),
    tuple(torch_d_h0.shape),
)

# %% [markdown]
# A gradient has the shape of what it belongs to: `d_inputs: [batch=4, time=7, input=3]`, `d_h0: [batch=4, hidden=5]`, and
# `d_cell.kernel: [input+hidden=3+5, hidden=5]`. There is no time axis in the last one. Seven steps used the kernel, and it has one gradient. Three ways to
# compute it, one result:

# %%
scratch = forward_and_back(
    inputs, h0, cell.kernel, cell.bias, d_outputs
)
by_hand = (d_inputs, d_h0, d_cell.kernel, d_cell.bias)
by_autograd = (
    torch_d_inputs,
    torch_d_h0,
    torch_d_cell.kernel,
    torch_d_cell.bias,
)
for ours, mine, theirs in zip(
    by_hand, scratch, by_autograd, strict=True
):
    np.testing.assert_allclose(mine, ours, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(to(theirs), ours, rtol=1e-10, atol=1e-12)
print("from scratch = package = autograd")

# %% [markdown]
# And a fourth, which trusts nobody. `gradcheck` moves every array a little along a random direction and measures how the result changes:

# %%
table = gradcheck(
    dynamic_rnn_forward,
    cell,
    inputs,
    h0,
    rng=np.random.default_rng(1),
    names=("cell", "inputs", "h0"),
)
table

# %% [markdown]
# Keep this table in mind. Whenever you write a backward by hand, it tells you in a second whether it is right, and further down it
# convicts two wrong ones.
#
# ## How loud does it arrive?
#
# Leave out tanh and inputs for a moment. Then h' = h U, with the lower rows U of the kernel, and a gradient goes back through
# $U^\top$ at every step. After k steps it is
#
# $$d_{t-k} = d_t \, (U^\top)^k.$$
#
# For one unit that is wᵏ. With w = 0.5 less than a millionth is left after 20 steps, `pow(0.5, 20) < 1e-6`. With w = 1.5 it has grown
# more than three thousand times, `pow(1.5, 20) > 3_000`. Only w = ±1 does neither. For a matrix we have to ask *by how much it stretches*. Take a small one, and let it act on all arrows of length 1:

# %% mystnb={"image": {"alt": "A circle of radius 1, and what a matrix makes of it: after one step a flat ellipse that reaches out to 1.2, after two steps a thinner one of length 1.06, after five steps a short line near the middle."}}
small = np.array([[0.5, 0.0], [1.0, 0.5]])
angle = np.linspace(0, 2 * np.pi, 200)
circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
powers = {
    k: circle @ np.linalg.matrix_power(small.T, k) for k in (0, 1, 2, 5)
}
plot.paths(
    {f"after {k} steps back": points for k, points in powers.items()},
    "One matrix: longer at first, gone in the end",
    "gradient of unit 0",
    "gradient of unit 1",
)

# %%
stretches = np.linalg.svd(small, compute_uv=False)
spectral_radius = np.abs(np.linalg.eigvals(small)).max()
reach = [
    float(np.linalg.norm(points, axis=1).max())
    for points in powers.values()
]
print("singular values:", stretches.round(2).tolist())
print("spectral radius:", round(float(spectral_radius), 2))
print("longest arrow:  ", np.round(reach, 2).tolist())

# %% [markdown]
# The circle becomes an ellipse. The half-lengths of its axes are the **singular values**: how much the matrix stretches at most, and
# at least. One step can make an arrow 1.21 times as long, `1.2 < stretches[0] < 1.22`.
#
# But the next step does not stretch the same arrow again. In the long run something else counts, the **spectral radius**: the size of
# the largest eigenvalue. Here it is 0.5, and in the end everything shrinks by half at each step, though it grew at first.
#
# - The largest singular value bounds *one* step. If it is below 1, gradients **must** vanish. If it is above 1, they **may** explode.
# - The spectral radius says how it goes on *in the long run*, without tanh.
# - If *all* singular values are 1, the matrix is orthogonal. It turns arrows and never changes their length.
#
# {cite:t}`pascanu2013` state the first point for any activation with a bounded slope. As the slope of tanh is at most 1, tanh can only help to
# vanish.
#
# ### Measured
#
# A cell of 32 units, with a random matrix scaled to spectral radius 0.5, 1.0 and 1.5. We run it forward, hand a gradient of
# length 1 to the last state, and write down its length at each step on the way back. `unroll` gives us the steps with their
# `backward`.


# %%
def norms_by_distance(cell, inputs):
    """The norm of the gradient 0, 1, 2, … steps before the end."""
    h = cell.zero_state(1)
    backwards = [back for _, _, back in unroll(cell, inputs, h)]
    d_h = np.ones_like(h) / np.sqrt(h.size)
    norms = [1.0]
    for backward in backwards[:0:-1]:
        _, _, d_h = backward(0 * d_h, d_h)
        norms.append(float(np.linalg.norm(d_h)))
    return norms


hidden, time = 32, 41
rng = np.random.default_rng(0)
random = rng.standard_normal((hidden, hidden))
random = random / np.abs(np.linalg.eigvals(random)).max()
read = rng.standard_normal((1, hidden))
sequence = rng.standard_normal((time, 1, 1))  # [time, batch, input]


def cell_with(radius, activation, matrix=random):
    kernel = np.concatenate([read, radius * matrix])
    return BasicRNNCell(kernel, np.zeros(hidden), activation)


# %% [markdown]
# `random: [hidden=32, hidden=32]` and `sequence: [time=41, batch=1, input=1]`. First without tanh:

# %% mystnb={"image": {"alt": "Three curves on a logarithmic scale over the distance from the loss, 0 to 40 steps. Spectral radius 0.5 falls to ten to the minus 12. Radius 1.0 stays between 0.1 and 1. Radius 1.5 rises beyond a million."}}
linear = {
    f"spectral radius {radius}": norms_by_distance(
        cell_with(radius, "linear"), sequence
    )
    for radius in (0.5, 1.0, 1.5)
}
plot.curves(
    linear,
    "Without tanh: only a radius near 1 keeps a gradient alive",
    "steps before the loss",
    "norm of the gradient",
    log=True,
)
after_40 = [norms[40] for norms in linear.values()]

# %% [markdown]
# After 40 steps the first is below a billionth, `after_40[0] < 1e-9`, and the last above a hundred thousand,
# `after_40[2] > 100_000`. At radius 1 it is still of a size that one can work with, `0.01 < after_40[1] < 10`. Now with tanh, and inputs of
# ordinary size:

# %% mystnb={"image": {"alt": "The same three curves with tanh. All of them fall: radius 0.5 to below ten to the minus 18, radius 1.0 to about a billionth, radius 1.5 to about a hundred-thousandth."}}
squashed = {
    f"spectral radius {radius}": norms_by_distance(
        cell_with(radius, "tanh"), sequence
    )
    for radius in (0.5, 1.0, 1.5)
}
plot.curves(
    squashed,
    "With tanh and ordinary inputs all three vanish",
    "steps before the loss",
    "norm of the gradient",
    log=True,
)
tanh_40 = [norms[40] for norms in squashed.values()]
print(
    "each below its linear twin:",
    [a < b for a, b in zip(tanh_40, after_40, strict=True)],
)

# %% [markdown]
# Even at radius 1.5 the gradient fades, `tanh_40[2] < 0.001`. A larger matrix drives the units further into saturation, and there the slope of tanh
# is small. So a plain RNN is caught between two fires: small weights vanish by themselves, and large weights vanish through tanh.
#
# Does tanh protect from explosion, then? No. While the states are small, its slope is near 1, and the cell behaves like the
# linear one. That is so at the beginning of training, and in the middle of it whenever the network crosses such a region. Find
# the place yourself:
#
# ## A gradient on its way back
#
# Every bar is a step. The loss comes after the last one, on the right. Upward means louder than the news was at the start, downward quieter; a grid line
# is a factor of a thousand. Below it you see how steep tanh is at each step.

# %%
from rnn_course.widgets import GradientFlow

GradientFlow()

# %% [markdown]
# 1. Set the size of the inputs to 0. All states are 0, and the slope of tanh is exactly 1. Now move the spectral radius across 1.
# 2. Radius 1.5: raise the size of the inputs slowly. Where does the explosion end?
# 3. Take the orthogonal matrix, radius 1, inputs 0. Then the random one. Which bars are all the same?
# 4. Switch tanh off. Do the inputs still matter?
#
# This is why a plain RNN forgets: not because its state could not hold anything, but because nobody tells the early steps what they should have
# written down {cite}`bengio1994`. Four remedies follow. The fourth is the best, and chapter 8 is about it.
#
# ## Remedy 1, against explosion: clipping
#
# Take one unit without tanh and without inputs, h' = w h, over 20 steps from h = 1. So the last state is w²⁰. It should be 1. The loss is
# ½ (w²⁰ − 1)².

# %% mystnb={"image": {"alt": "The loss over the weight w on a logarithmic scale. Left of 1 it is a flat plain at one half, at 1 it has a deep notch, and right of 1 it rises like a wall to several hundred at 1.2."}}
w = np.linspace(0.5, 1.2, 281)
plot.curves(
    {"loss": 0.5 * (w**20 - 1) ** 2 + 1e-6},
    "A plain, a notch, a wall",
    "recurrent weight w",
    "loss",
    x=w.tolist(),
    log=True,
)

# %% [markdown]
# Stand on the wall, at w = 1.2. The state is 1.2²⁰ = 38.3, and the slope is (38.3 − 1) · 20 · 1.2¹⁹ ≈ 23,900. With a learning rate of 0.001 the next
# w is 1.2 − 23.9. One step, and the network has left the picture, with everything it had learned. The wall points in the right direction; only the
# length of the step is absurd. So keep the direction and limit the length. If the norm of the gradient is above a limit, scale it down to the limit:


# %%
def slope(w):
    return (w**20 - 1) * 20 * w**19


unclipped, clipped = 1.2 - 0.001 * slope(1.2), 1.2
for _ in range(50):
    (gradient,), norm = clip_by_global_norm(
        (np.array([slope(clipped)]),), 10.0
    )
    clipped = float(clipped - 0.001 * gradient[0])
print(f"unclipped, after 1 step: w = {unclipped:.1f}")
print(f"clipped, after 50 steps: w = {clipped:.3f}")

# %% [markdown]
# On the wall the state was `38.3 < pow(1.2, 20) < 38.4`, and the slope `23_800 < slope(1.2) < 23_900`. One full step leads to `unclipped < -22`; fifty short ones lead into the
# notch, `0.999 < clipped < 1.001`.
#
# ### On a real network
#
# The task is that of chapter 6 in a form that we can make as long as we like. One of four marks comes at step 0. Then there is noise. At the end the
# network has to say which mark it was.


# %%
def remember(rng, batch, time):
    """inputs [batch, time, 6]: four marks, two channels of noise."""
    marks = rng.integers(4, size=batch)
    inputs = np.zeros((batch, time, 6))
    inputs[np.arange(batch), 0, marks] = 1
    noise = rng.choice([-0.3, 0.3], size=(batch, time - 1, 2))
    inputs[:, 1:, 4:] = noise
    return inputs, marks


def network(rng, recurrent, hidden=24):
    cell = BasicRNNCell.init(6, hidden, rng=rng, dtype="float64")
    if recurrent is not None:
        kernel = np.concatenate([cell.kernel[:6], recurrent])
        cell = cell._replace(kernel=kernel)
    read_out = Dense.init(hidden, 4, rng=rng, dtype="float64")
    return LastStepClassifier(cell, read_out)


def learn(
    model, optimizer, rng, steps, time, loss=classifier_loss, **how
):
    batches = (remember(rng, 50, time) for _ in range(steps))
    return list(
        train(model, loss, batches, optimizer, progress=False, **how)
    )


def right_answers(model, time):
    inputs, marks = remember(np.random.default_rng(99), 1000, time)
    return float(np.mean(model(inputs).argmax(axis=1) == marks))


# %% [markdown]
# The recurrent matrix has all its singular values at 1.2, a little on the loud side. We train twice from the same weights on the same
# examples, with plain gradient descent. The only difference is `max_norm=1.0`.

# %% mystnb={"image": {"alt": "Training loss over 120 updates. Without clipping the curve has spikes far above the starting value and never settles. With clipping it falls to almost 0 within the first updates and stays there."}}
loud = 1.2 * orthogonal((32, 32), np.random.default_rng(0))
runs = {}
for name, max_norm in {
    "without clipping": None,
    "clipped": 1.0,
}.items():
    rng = np.random.default_rng(1)
    model = network(rng, loud, hidden=32)
    runs[name] = learn(model, sgd(0.2), rng, 120, 20, max_norm=max_norm)
plot.curves(
    {
        name: [record.loss for record in records]
        for name, records in runs.items()
    },
    "The same network, the same examples: spikes, and no spikes",
    "update",
    "training loss (nats)",
)

# %%
wild, calm = runs["without clipping"], runs["clipped"]
wild_peak = max(r.loss for r in wild)
calm_end = np.mean([r.loss for r in calm[-20:]])
wild_end = np.mean([r.loss for r in wild[-20:]])
largest_norm = max(r.gradient_norm for r in wild)
print("clipped ends lower:", calm_end < wild_end)

# %% [markdown]
# Without clipping the loss jumps above its starting value of about ln 4 = 1.39, `wild_peak > 2`. The largest gradient had a norm above five,
# `largest_norm > 5`. With clipping the task is solved, `calm_end < 0.05`; without, it is not after the same number of updates, `wild_end > 0.5`.
# One run proves little. Four more, each with other weights and other examples:

# %%
ends = {"without clipping": [], "clipped": []}
for seed in (1, 2, 3, 4):
    loud = 1.2 * orthogonal((32, 32), np.random.default_rng(seed))
    for name, max_norm in (
        ("without clipping", None),
        ("clipped", 1.0),
    ):
        rng = np.random.default_rng(seed + 1)
        model = network(rng, loud, hidden=32)
        records = learn(
            model, sgd(0.2), rng, 120, 20, max_norm=max_norm
        )
        ends[name].append(np.mean([r.loss for r in records[-20:]]))

# %% [markdown]
# The same picture each time: `max(ends["clipped"]) < 0.05`, and `min(ends["without clipping"]) > 0.2`.
#
# `train` hands you the norm *before* clipping at every step, `Record.gradient_norm`. Plot it. If it spikes, the loss has a wall.
#
# ### By norm, not by value
#
# One can also cut each number by itself. That changes the direction:

# %%
steep = (np.array([30.0, -0.4]),)
by_norm = clip_by_global_norm(steep, 1.0)[0][0]
by_value = clip_by_value(steep, 1.0)[0]


def degrees(a, b):
    cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    return float(np.degrees(np.arccos(min(cosine, 1.0))))


print("by norm: ", by_norm.round(3).tolist())
print("by value:", by_value.round(3).tolist())
print("turned by", round(degrees(steep[0], by_value)), "degrees")

# %% [markdown]
# And clipping works in one direction only. A gradient that is short stays as it is: scaling small gradients *up* would make steps of full length in
# directions that are mostly noise. Clipping cures explosion. It does nothing for a gradient that has vanished.
#
# ## Remedy 2, against cost: truncation
#
# To go back through T steps you have to keep what T steps computed. For a text of a million letters that is out of the question. So the
# sequence is read in chunks. **The state is handed on from chunk to chunk, but the gradient stops at the border**
# {cite}`williams1990`. In Torch the border is `state.detach()`. By hand it is even simpler: you start the next call from the state and do not
# use the gradient that comes out for it.

# %%
early, late = inputs[:, :4], inputs[:, 4:]

# %% tags=["numpy"]
_, carried = dynamic_rnn(cell, early, h0)
late_outputs, _, late_backward = dynamic_rnn_forward(
    cell, late, carried
)
d_late, _, _ = late_backward(d_outputs[:, 4:])


# %% tags=["torch"]
def late_only(torch_cell):
    x, h = to((inputs, h0), "torch")
    _, h = dynamic_rnn(torch_cell, x[:, :4], h)
    found, _ = dynamic_rnn(torch_cell, x[:, 4:], h.detach())
    return (found * to(d_outputs, "torch")[:, 4:]).sum()


_, torch_d_late = autograd(late_only, to(cell, "torch"))

# %%
np.testing.assert_allclose(
    to(torch_d_late.kernel), d_late.kernel, rtol=1e-10
)
only_late = d_outputs.copy()
only_late[:, :4] = 0  # the same loss, without a border
whole, _, _ = backward(only_late)
same_forward = np.allclose(late_outputs, outputs[:, 4:])
same_gradient = np.allclose(d_late.kernel, whole.kernel)
print(
    "outputs the same:",
    same_forward,
    "· gradient the same:",
    same_gradient,
)

# %% [markdown]
# Forward nothing has changed: `late_outputs: [batch=4, time=3, hidden=5]` are the outputs of the whole run. Only the gradient is another one. It is
# missing all shares of the steps before the border.
#
# ### What it cannot learn
#
# Take the marks again, over 20 steps, and a network that *does not listen to them yet*: the four rows of its kernel that belong to the marks
# are 0. To solve the task it has to find out that they matter. The mark comes at step 0. So its rows get their whole gradient from
# step 0, and from nowhere else.


# %%
def truncated_loss(k):
    """The loss after the last step; its gradient goes back k steps."""

    def loss(model, inputs, marks):
        _, state = dynamic_rnn(model.cell, inputs[:, :-k])
        outputs, _, back = dynamic_rnn_forward(
            model.cell, inputs[:, -k:], state
        )
        logits, read_out_back = model.readout.forward(outputs[:, -1])
        value, loss_back = softmax_cross_entropy_forward(logits, marks)

        def backward(d_loss=1.0):
            d_read_out, d_h = read_out_back(loss_back(d_loss))
            d_cell, _, _ = back(None, d_h)
            return LastStepClassifier(d_cell, d_read_out)

        return value, backward

    return loss


def deaf_network(seed):
    rng = np.random.default_rng(seed)
    model = network(rng, orthogonal((24, 24), rng))
    kernel = model.cell.kernel.copy()
    kernel[:4] = 0
    return model._replace(cell=model.cell._replace(kernel=kernel))


answers, rows_of_marks = {}, {}
for k in (5, 10, 19, 20):
    records = learn(
        deaf_network(0),
        adam(3e-3),
        np.random.default_rng(1),
        250,
        20,
        loss=truncated_loss(k),
        max_norm=1.0,
    )
    answers[k] = right_answers(records[-1].model, 20)
    rows_of_marks[k] = records[-1].model.cell.kernel[:4]
for k, right in answers.items():
    print(f"back {k:2} steps: better than guessing: {right > 0.35}")

# %% [markdown]
# Going back all 20 steps, the network learns the task: `answers[20] ≥ 0.95`. Going back 19, it guesses, `answers[19] ≤ 0.35`. One step is
# missing, and it is *the* step. This is no matter of patience. The rows of the marks have had a gradient of exactly 0 in every update, and they are what they
# were at the start, `abs(rows_of_marks[19]).max() ≤ 0`.
#
# Truncated training can still use what *happens* to reach the chunk. Start with random rows for the marks instead of zeros: then a trace of the mark is in the
# state by accident. From there, five steps back may be enough to learn to hold it.

# %%
by_luck = []
for seed in (0, 1, 2, 3):
    rng = np.random.default_rng(seed)
    model = network(rng, orthogonal((24, 24), rng))
    records = learn(
        model,
        adam(3e-3),
        rng,
        250,
        20,
        loss=truncated_loss(5),
        max_norm=1.0,
    )
    by_luck.append(right_answers(records[-1].model, 20))
print("some seeds learn it:", max(by_luck) > 0.9)

# %% [markdown]
# So the precise statement is: **truncation forbids learning what to write down, if the reward comes beyond the border.** It does not forbid to
# carry a state further than that. A language model reads chunks of a hundred letters, and remembers more than a hundred: what is worth carrying was
# learned within chunks. Chapter 13 trains one. The bias can also be removed: chunks of random length, and gradients weighted so that
# they are right on average {cite}`tallec2017`.
#
# ## Remedy 3, against both: an orthogonal start
#
# A matrix that neither stretches nor shrinks leaves a gradient as long as it was. {cite:t}`saxe2014` start deep networks from such
# matrices. One is easy to make: take the Q of a QR decomposition of random numbers. Compare three recurrent matrices of 24 units.

# %%
rng = np.random.default_rng(0)
starts = {
    "orthogonal": orthogonal((24, 24), rng),
    "Glorot": network(rng, None).cell.kernel[6:],
    "half": 0.5 * orthogonal((24, 24), rng),
}
ranges = {
    name: np.linalg.svd(U, compute_uv=False)
    for name, U in starts.items()
}
for name, values in ranges.items():
    print(
        f"{name:10} singular values {values.min():.2f} to {values.max():.2f}"
    )

# %% [markdown]
# `starts["Glorot"]: [hidden=24, hidden=24]` is what `BasicRNNCell.init` draws. Some directions are stretched, but most are shrunk. Now each kind of start learns
# to remember over **60** steps, four times with other random numbers.

# %% mystnb={"image": {"alt": "Mean training loss of four runs over 250 updates on the task of 60 steps. From the half-size matrix it stays at 1.39, the level of guessing. From Glorot it falls a little. From the orthogonal matrix it falls quickly and far below."}}
losses, accuracies = {}, {}
for name in starts:
    found = []
    accuracies[name] = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        recurrent = (
            None
            if name == "Glorot"
            else (0.5 if name == "half" else 1)
            * orthogonal((24, 24), rng)
        )
        model = network(rng, recurrent)
        records = learn(model, adam(3e-3), rng, 250, 60, max_norm=1.0)
        found.append([record.loss for record in records])
        accuracies[name].append(right_answers(records[-1].model, 60))
    losses[name] = np.mean(found, axis=0)
plot.curves(
    losses,
    "Sixty steps: who hears the loss at step 0?",
    "update",
    "training loss (nats), mean of four runs",
)
mean_of = {name: np.mean(values) for name, values in accuracies.items()}

# %% [markdown]
# From the half-size matrix nothing is learned in 250 updates, `mean_of["half"] ≤ 0.35`: the gradient that reaches step 0 has been halved sixty times. From the
# orthogonal one most runs solve the task, `mean_of["orthogonal"] ≥ 0.75`. Glorot's initialisation lies between, `mean_of["orthogonal"] - mean_of["Glorot"] > 0`, and
# there the outcome depends on the seed. Four runs are few; take the order as a hint and not as a law.
#
# An orthogonal start is no guarantee either. Training moves the matrix away from it, and tanh shrinks what saturates.
#
# ## Remedy 4: another cell
#
# All this trouble comes from one thing: between a state and the next there is always a matrix and a tanh. What if there were a
# way through the cell with neither? That is the idea of the LSTM, and of chapter 8.
#
# ## What goes wrong in practice
#
# ### A gradient written over
#
# The most frequent mistake in a backward by hand: `d_kernel = d_k` where `d_kernel = d_kernel + d_k` should stand. The shapes are right and training
# even does something. The check of gradients is not fooled.


# %%
def with_mistake(kind):
    """Our loop, with one line wrong."""

    def forward(inputs, h, kernel, bias):
        steps, outputs = [], []
        for t in range(inputs.shape[1]):
            old = h
            z = (
                np.concatenate([inputs[:, t], old], axis=1) @ kernel
                + bias
            )
            h = np.tanh(z)
            steps.append((old, z, h))
            outputs.append(h)

        def backward(d_outputs):
            d_h, d_kernel, d_bias, d_inputs = (
                0 * h,
                0 * kernel,
                0 * bias,
                [],
            )
            for t in reversed(range(len(steps))):
                old, z, new = steps[t]
                slope = 1 - (z if kind == "slope of z" else new) ** 2
                d_z = (d_outputs[:, t] + d_h) * slope
                d_x, d_h = np.split(
                    d_z @ kernel.T, [inputs.shape[2]], axis=1
                )
                d_k = (
                    np.concatenate([inputs[:, t], old], axis=1).T @ d_z
                )
                d_kernel = (
                    d_k if kind == "written over" else d_kernel + d_k
                )
                d_bias = d_bias + d_z.sum(axis=0)
                d_inputs.append(d_x)
            return (
                np.stack(d_inputs[::-1], axis=1),
                d_h,
                d_kernel,
                d_bias,
            )

        return np.stack(outputs, axis=1), backward

    return forward


names = ("inputs", "h0", "kernel", "bias")
for kind in ("nothing", "written over", "slope of z"):
    found = gradcheck(
        with_mistake(kind),
        inputs,
        h0,
        cell.kernel,
        cell.bias,
        rng=np.random.default_rng(1),
        names=names,
        with_autograd=False,
    )
    wrong = [row.name for row in found.rows if row.error > 1e-6]
    print(f"{kind}: wrong for {', '.join(wrong) or 'none'}")

# %% [markdown]
# The pattern tells you where to look. Only the kernel is wrong: something about its sum. Everything is wrong: something that all
# gradients pass through, here the slope of tanh, which is 1 − h'² and not 1 − z².
#
# ### The border forgotten
#
# In Torch, hand the state of one chunk to the next *without* `detach`, and the second `backward()` wants to go through the first chunk again.
# What it needs there has been thrown away:

# %%
torch_cell = to(cell, "torch")
kernel = torch_cell.kernel.requires_grad_()
h = to(h0, "torch")
try:
    for chunk in to((early, late), "torch"):
        found, h = dynamic_rnn(
            torch_cell._replace(kernel=kernel), chunk, h
        )
        found.sum().backward()
except RuntimeError as error:
    print(str(error).split(" (")[0])

# %% [markdown]
# Do not follow the advice to keep the graph, `retain_graph=True`, that comes with this message. Then every chunk goes back to the beginning
# of time, and the work and the memory grow with each. Write `h = h.detach()` before each chunk.
#
# ### One norm for everything
#
# A loss does not fall, and somebody prints the norm of the gradient: it is of ordinary size, so nothing has vanished? Take the half-size matrix over sixty
# steps again. Only the rows of the marks can learn what the task asks for, and they act at step 0 alone:

# %%
rng = np.random.default_rng(0)
deaf = network(rng, 0.5 * orthogonal((24, 24), rng))
_, back = classifier_loss(deaf, *remember(rng, 50, 60))
d_deaf = back()
_, whole_norm = clip_by_global_norm(d_deaf, 1.0)
norm_of_marks = np.linalg.norm(d_deaf.cell.kernel[:4])

# %% [markdown]
# `whole_norm > 0.05`, for the read-out and the last steps always get their gradient. But `norm_of_marks < 1e-15`. The norm of everything warns of
# explosion, since the largest part decides. To see a gradient vanish, look at what the *early* steps need.
#
# ## The shapes of this page
#
# | what | shape |
# |---|---|
# | inputs, and their gradient | `inputs: [batch=4, time=7, input=3]`, `d_inputs: [batch=4, time=7, input=3]` |
# | the loss's gradient at the outputs | `d_outputs: [batch=4, time=7, hidden=5]` |
# | initial state, and its gradient | `h0: [batch=4, hidden=5]`, `d_h0: [batch=4, hidden=5]` |
# | kernel, and its gradient: no time axis | `cell.kernel: [input+hidden=3+5, hidden=5]`, `d_cell.kernel: [input+hidden=3+5, hidden=5]` |
# | bias, and its gradient | `cell.bias: [hidden=5]`, `d_cell.bias: [hidden=5]` |
# | singular values of 24 units | `ranges["Glorot"]: [direction=24]` |
#
# ## Test yourself
#
# Predict each shape before you choose.

# %%
from rnn_course.widgets import ShapeQuiz

ShapeQuiz("07")

# %% [markdown]
# And three without choices. Decide first, then open.
#
# <details><summary>In the first table, what would step 0 hear with w = 2?</summary>
#
# 2 · 2 · 2 = 8: the gradient of the last state, times w for each of the two steps between. (If the loss still has slope 2 there.)
#
# </details>
#
# <details><summary>All singular values of U are 0.9. The cell has tanh. Can its gradient explode?</summary>
#
# No. Each step multiplies its length by at most 0.9, and tanh makes it smaller still. After 100 steps less than 0.9¹⁰⁰ is left of it, `pow(0.9, 100) < 0.00003`.
#
# </details>
#
# <details><summary>You train with chunks of 50 steps. Can the state carry something over 200 steps?</summary>
#
# It can. The state is handed on, and nothing limits what is in it. But that something has to be held longer than 50 steps is never
# said by the gradient.
#
# </details>
#
# ## Exercises
#
# They are in [their own notebook](../exercises/07_backprop_through_time.ipynb). A check answers at once and knows the usual mistakes.
# [Solutions](../solutions/07_backprop_through_time.ipynb) are there too.

# %%
from rnn_course.checks import EXERCISES
from rnn_course.checks.catalogue import chapter_of

for number, exercise in enumerate(
    (e for e in EXERCISES.values() if chapter_of(e.name) == "07"),
    start=1,
):
    print(
        f"{number}. {exercise.title:46} difficulty"
        f" {exercise.difficulty} of 5, {exercise.minutes} minutes"
    )

# %% [markdown]
# ## What you can do now
#
# - Go back through time on paper: one share for each use of a weight, all shares summed.
# - Check a backward of your own against numbers, and read from the pattern where it is wrong.
# - Measure a gradient step by step on its way back, and say which singular values let it vanish or explode.
# - Clip by the global norm, cut the way back on purpose, and start from an orthogonal matrix.
#
# ## Further reading
#
# - {cite:t}`werbos1990` explains backpropagation through time with code in a few lines.
# - {cite:t}`bengio1994` showed that a state which holds something safely has gradients that vanish.
# - {cite:t}`pascanu2013` give the conditions with singular values, the picture of the wall, and clipping by the norm.
# - {cite:t}`saxe2014` solve the learning of deep linear networks exactly, and find that from orthogonal weights depth costs little.
# - {cite:t}`goodfellow2016`, sections 10.7 to 10.11, collect what has been tried against vanishing gradients.
#
# Next: [chapter 8](08_lstm_cell.ipynb) builds a cell with a way through that has neither matrix nor tanh, the LSTM.
