"""Exercises of chapter 09, the same idea with fewer parts: the gated recurrent unit, in both of its variants."""

from functools import partial

from rnn_course.activations import sigmoid
from rnn_course.arrays import array_namespace
from rnn_course.checks.catalogue.random_cells import numbers
from rnn_course.checks.exercise import Exercise, Mistake


def count_parameters(input_size, hidden_size):
    return 3 * hidden_size * (input_size + hidden_size + 1)


def gru_step(x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias):
    xp = array_namespace(x)
    gates = sigmoid(xp.concat([x, h], axis=1) @ gates_kernel + gates_bias)  # [batch, 2*hidden]
    n = h.shape[1]
    r, u = gates[:, :n], gates[:, n:]  # each [batch, hidden]
    candidate = xp.tanh(xp.concat([x, r * h], axis=1) @ candidate_kernel + candidate_bias)
    return u * h + (1 - u) * candidate


def gru_step_after(x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias, recurrent_bias):
    xp = array_namespace(x)
    gates = sigmoid(xp.concat([x, h], axis=1) @ gates_kernel + gates_bias)
    n, inputs = h.shape[1], x.shape[1]
    r, u = gates[:, :n], gates[:, n:]
    from_x = x @ candidate_kernel[:inputs] + candidate_bias
    from_h = h @ candidate_kernel[inputs:] + recurrent_bias
    return u * h + (1 - u) * xp.tanh(from_x + r * from_h)


def gru_from_torch(weight_ih, weight_hh):
    xp = array_namespace(weight_ih)
    kernel = xp.concat([weight_ih.T, weight_hh.T], axis=0)  # [input + hidden, 3*hidden]: r, z, n
    n = weight_hh.shape[1]
    return kernel[:, : 2 * n], kernel[:, 2 * n :]


def _step(batch, inputs, hidden, after=False, scale=1.0):
    def case(rng):
        given = (
            numbers(rng, batch, inputs),
            numbers(rng, batch, hidden),
            scale * numbers(rng, inputs + hidden, 2 * hidden),
            numbers(rng, 2 * hidden),
            numbers(rng, inputs + hidden, hidden),
            numbers(rng, hidden),
        )
        return (*given, numbers(rng, hidden)) if after else given

    return case


def _torch_weights(inputs, hidden):
    return lambda rng: (numbers(rng, 3 * hidden, inputs), numbers(rng, 3 * hidden, hidden))


def _wrong(
    x,
    h,
    gates_kernel,
    gates_bias,
    candidate_kernel,
    candidate_bias,
    recurrent_bias=None,
    *,
    order="ru",
    turned=False,
    reset="before",
    pair=lambda x, h: [x, h],
    squeeze=lambda xp, z: xp.tanh(z),
    open_gate=sigmoid,
    mix=lambda u, h, n: u * h + (1 - u) * n,
    candidate_bias_used=1,
):
    """One step with one thing changed: the order of the gates, what they do, where the reset acts, what is squeezed."""
    xp = array_namespace(x)
    n, inputs = h.shape[1], x.shape[1]
    gates = open_gate(xp.concat(pair(x, h), axis=1) @ gates_kernel + gates_bias)
    candidate_bias = candidate_bias_used * candidate_bias
    found = dict(zip(order, (gates[:, :n], gates[:, n:]), strict=True))
    r, u = found["r"], found["u"]
    wx, wh = candidate_kernel[:inputs], candidate_kernel[inputs:]
    extra = 0 if recurrent_bias is None else recurrent_bias
    z = {
        "before": lambda: x @ wx + candidate_bias + (r * h) @ wh + extra,
        "after": lambda: x @ wx + candidate_bias + r * (h @ wh + extra),
        "after, bias outside": lambda: x @ wx + candidate_bias + r * (h @ wh) + extra,
        "before, bias inside": lambda: x @ wx + candidate_bias + (r * h) @ wh + r * extra,
        "by u": lambda: x @ wx + candidate_bias + (u * h) @ wh + extra,
        "never": lambda: x @ wx + candidate_bias + h @ wh + extra,
        "all": lambda: r * (x @ wx + candidate_bias + h @ wh + extra),
        "no bias": lambda: x @ wx + candidate_bias + r * (h @ wh),
    }[reset]()
    candidate = squeeze(xp, z)
    return mix(1 - u if turned else u, h, candidate)


def _torch_wrong(weight_ih, weight_hh, *, order="rzn", pair=lambda x, h: [x, h], turn=True):
    xp = array_namespace(weight_ih)
    n = weight_hh.shape[1]
    weights = [w.T if turn else xp.reshape(w, (w.shape[1], w.shape[0])) for w in (weight_ih, weight_hh)]
    kernel = xp.concat(pair(*weights), axis=0)
    block = {gate: kernel[:, k * n : (k + 1) * n] for k, gate in enumerate(order)}
    return xp.concat([block["r"], block["z"]], axis=1), block["n"]


TURNED = (
    "Where your update gate is 1, the old state is gone. In this course u says how much of the old state stays: which of "
    "your two factors belongs to h?"
)
NAMES = "`gates_kernel: [input+hidden, 2*hidden]` and `gates_bias` give the gates r, u, in this order"

EXERCISES = (
    Exercise(
        name="gru.count",
        title="Count the parameters of a GRU",
        difficulty=1,
        minutes=4,
        statement="Return how many numbers a `GRUCell` of this course learns, from `input_size` and `hidden_size`. It has a "
        "kernel and a bias for two gates, and a kernel and a bias for the candidate.",
        solution=count_parameters,
        reason="Three blocks, each a dense layer from input + hidden numbers to hidden ones, with a bias.",
        cases=(lambda rng: (3, 5), lambda rng: (28, 64), lambda rng: (7, 1), lambda rng: (1, 4)),
        results=(),
        mistakes=(
            Mistake(
                "four blocks",
                lambda i, h: 4 * h * (i + h + 1),
                "That is an LSTM. How many gates has a GRU, and how many candidates?",
            ),
            Mistake(
                "only the gates",
                lambda i, h: 2 * h * (i + h + 1),
                "You have counted what makes r and u. What makes the candidate?",
            ),
            Mistake(
                "two biases",
                lambda i, h: 3 * h * (i + h + 2),
                "That is what `torch.nn.GRU` has. Which of its numbers are missing here?",
            ),
            Mistake(
                "no bias",
                lambda i, h: 3 * h * (i + h),
                "The kernels are all there. What is added to each product?",
            ),
        ),
        hints=(
            "Draw the three dense layers side by side: what do they read, and what do they give?",
            "Each reads x and h together. Each has one bias a unit.",
        ),
        dtypes=("float64",),
        backends=("numpy",),
    ),
    Exercise(
        name="gru.step",
        title="One step of a GRU",
        difficulty=3,
        minutes=12,
        statement="Do one step of a gated recurrent unit. x is `[batch, input]`, h is `[batch, hidden]`. "
        + NAMES
        + ". "
        "The candidate n = tanh([x, r·h] @ candidate_kernel + candidate_bias). The new state is u·h + (1 − u)·n. Return it, "
        "`[batch, hidden]`.",
        solution=gru_step,
        reason="r hides parts of the old state from the candidate; u mixes the old state and the candidate. The two shares "
        "add up to 1, so one gate does what f and i do in an LSTM.",
        cases=(_step(2, 3, 5), _step(4, 5, 2), _step(1, 1, 1), _step(3, 2, 4, scale=1e4)),
        results=("[batch, hidden]",),
        laws=("rows",),
        mistakes=(
            Mistake("u turned round", partial(_wrong, turned=True), TURNED),
            Mistake(
                "gates in the order u, r",
                partial(_wrong, order="ur"),
                "Your gates have changed places: the first block is the reset gate here. Which library begins with the other?",
            ),
            Mistake(
                "reset after the product",
                partial(_wrong, reset="after"),
                "Your reset gate acts on a product. That is a GRU too, but Torch's. What does r act on in this exercise?",
            ),
            Mistake(
                "reset forgotten",
                partial(_wrong, reset="never"),
                "Your candidate sees the whole old state. Which gate decides what it may see?",
            ),
            Mistake(
                "reset of everything",
                partial(_wrong, reset="all"),
                "Your reset gate turns down x as well. Whose past is to be reset?",
            ),
            Mistake(
                "candidate through a sigmoid",
                partial(_wrong, squeeze=lambda xp, z: sigmoid(z)),
                "Your candidate is never negative. It is no gate: what squeezes it?",
            ),
            Mistake(
                "gates not squeezed",
                partial(_wrong, open_gate=lambda z: z),
                "Your gates are bare pre-activations. What keeps a share between 0 and 1?",
            ),
            Mistake(
                "candidate without tanh",
                partial(_wrong, squeeze=lambda xp, z: z),
                "Your candidate is a bare pre-activation. What keeps the state between −1 and 1?",
            ),
            Mistake(
                "candidate added whole",
                partial(_wrong, mix=lambda u, h, n: u * h + n),
                "You add the whole candidate. If a unit keeps three quarters of what it was, how much of the new does it take?",
            ),
            Mistake(
                "candidate's bias forgotten",
                partial(_wrong, candidate_bias_used=0),
                "One of the arguments makes no difference to your result. Which?",
            ),
            Mistake(
                "update gate for reset gate",
                partial(_wrong, reset="by u"),
                "The gate beside h in your candidate is the one that mixes old and new. Which of the two gates says what the candidate may see?",
            ),
        ),
        hints=(
            "Two products. The first makes both gates, as in an LSTM. Why can the second not be made at the same time?",
            "The candidate needs r before it can be computed: multiply h by it, then put x and that side by side.",
            "At the end each unit takes a weighted mean of what it was and what it could become.",
        ),
    ),
    Exercise(
        name="gru.step_after",
        title="The other GRU",
        difficulty=3,
        minutes=10,
        statement="Do one step of the GRU of Torch and Keras, whose reset acts after the product. " + NAMES + ", as in "
        "`gru.step`. `candidate_kernel: [input+hidden, hidden]` has the rows of x, Wx, above those of h, Wh. The candidate is "
        "tanh(x @ Wx + candidate_bias + r·(h @ Wh + recurrent_bias)). Return u·h + (1 − u)·n, `[batch, hidden]`.",
        solution=gru_step_after,
        reason="The product h @ Wh does not wait for r, so it can be made together with those of the gates. The price: r scales "
        "sums of many units, not the units themselves, so the numbers are others.",
        cases=(_step(2, 3, 5, True), _step(4, 5, 2, True), _step(3, 1, 4, True), _step(1, 2, 1, True)),
        results=("[batch, hidden]",),
        laws=("rows",),
        mistakes=(
            Mistake(
                "reset before the product",
                partial(_wrong, reset="before"),
                "You have multiplied h by r before the product. That is the GRU of the exercise before. Where is r here?",
            ),
            Mistake(
                "reset before, with the bias",
                partial(_wrong, reset="before, bias inside"),
                "Your r is at h and at the bias, but inside the product. Is (r·h) @ W the same as r·(h @ W)?",
            ),
            Mistake(
                "recurrent bias outside the reset",
                partial(_wrong, reset="after, bias outside"),
                "Your recurrent bias is added after the reset. Then it would be no more than a second candidate_bias. Where are "
                "the brackets?",
            ),
            Mistake(
                "recurrent bias forgotten",
                partial(_wrong, reset="no bias"),
                "One of the arguments does not appear in your candidate. Which?",
            ),
            Mistake("u turned round", partial(_wrong, reset="after", turned=True), TURNED),
            Mistake(
                "reset forgotten",
                partial(_wrong, reset="never"),
                "Your candidate sees all that comes from h. Which gate decides how much of it?",
            ),
            Mistake(
                "reset of everything",
                partial(_wrong, reset="all"),
                "Your reset gate turns down what comes from x as well. Whose past is to be reset?",
            ),
            Mistake(
                "gates in the order u, r",
                partial(_wrong, reset="after", order="ur"),
                "Your gates have changed places. Which of them does the statement name first?",
            ),
        ),
        hints=(
            "Cut the candidate's kernel: how many of its rows meet x?",
            "Two products for the candidate, one from x and one from h, each with a bias of its own. r goes to one of them.",
        ),
    ),
    Exercise(
        name="gru.from_torch",
        title="A GRU from Torch",
        difficulty=3,
        minutes=8,
        statement="`weight_ih: [3*hidden, input]` and `weight_hh: [3*hidden, hidden]` are those of `torch.nn.GRU`. Their rows are "
        "three blocks, r, z, n, where z is what this course calls u. Return `gates_kernel: [input+hidden, 2*hidden]` with the "
        "gates r, u, and `candidate_kernel: [input+hidden, hidden]`.",
        solution=gru_from_torch,
        reason="Torch keeps a gate as a block of rows, and the weights of x and of h apart. Turned round and put under each "
        "other they are one kernel, whose first two blocks are the gates in our order.",
        cases=(_torch_weights(3, 5), _torch_weights(6, 2), _torch_weights(1, 4)),
        results=("gates_kernel: [input+hidden, 2*hidden]", "candidate_kernel: [input+hidden, hidden]"),
        mistakes=(
            Mistake(
                "order of Keras",
                partial(_torch_wrong, order="zrn"),
                "Your first block is the update gate, as in Keras and ONNX. Which comes first in Torch, and here?",
            ),
            Mistake(
                "candidate first",
                partial(_torch_wrong, order="nrz"),
                "Your candidate is made from the first block. Where does it stand in Torch's weights?",
            ),
            Mistake(
                "h above x",
                partial(_torch_wrong, pair=lambda x, h: [h, x]),
                "In your kernels the rows of h come first. In which order does the cell put x and h side by side?",
            ),
            Mistake(
                "reshape for transpose",
                partial(_torch_wrong, turn=False),
                "The shapes are right and the numbers are scrambled. Which operation moves an axis, and which only cuts anew?",
            ),
        ),
        hints=(
            "First make one kernel `[input+hidden, 3*hidden]` of both. What has to happen to each before they fit?",
            "Then cut its columns. How many blocks belong to the gates?",
        ),
    ),
)
