"""The way back through a GRU, the last exercise of chapter 09."""

from functools import partial

from rnn_course.activations import sigmoid
from rnn_course.arrays import array_namespace
from rnn_course.checks.catalogue.random_cells import numbers
from rnn_course.checks.exercise import Exercise, Mistake


def gru_forward(x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias):
    xp = array_namespace(x)
    inputs, hidden = x.shape[1], h.shape[1]
    xh = xp.concat([x, h], axis=1)
    gates = sigmoid(xh @ gates_kernel + gates_bias)
    r, u = gates[:, :hidden], gates[:, hidden:]
    xrh = xp.concat([x, r * h], axis=1)
    n = xp.tanh(xrh @ candidate_kernel + candidate_bias)

    def backward(d_new_h):
        d_u = d_new_h * (h - n) * u * (1 - u)
        d_n = d_new_h * (1 - u) * (1 - n * n)
        d_xrh = d_n @ candidate_kernel.T
        d_rh = d_xrh[:, inputs:]
        d_r = d_rh * h * r * (1 - r)
        d_gates = xp.concat([d_r, d_u], axis=1)
        d_xh = d_gates @ gates_kernel.T
        return (
            d_xrh[:, :inputs] + d_xh[:, :inputs],
            d_new_h * u + d_rh * r + d_xh[:, inputs:],
            xh.T @ d_gates,
            xp.sum(d_gates, axis=0),
            xrh.T @ d_n,
            xp.sum(d_n, axis=0),
        )

    return u * h + (1 - u) * n, backward


def _gru(batch, inputs, hidden):
    return lambda rng: (
        numbers(rng, batch, inputs),
        numbers(rng, batch, hidden),
        numbers(rng, inputs + hidden, 2 * hidden),
        numbers(rng, 2 * hidden),
        numbers(rng, inputs + hidden, hidden),
        numbers(rng, hidden),
    )


def _gru_back(
    x,
    h,
    *weights,
    through_r=True,
    through_u=True,
    through_candidate=1,
    straight=True,
    x_of_candidate=True,
    summed=True,
    sign=1.0,
    gate_slope=lambda gate: gate * (1 - gate),
    tanh_slope=lambda n: 1 - n * n,
    whole=False,
):
    """The forward pass as it should be, and a backward pass that leaves something out."""
    xp = array_namespace(x)
    gates_kernel, gates_bias, candidate_kernel, candidate_bias = weights
    new_h, _ = gru_forward(x, h, *weights)
    inputs, hidden = x.shape[1], h.shape[1]
    xh = xp.concat([x, h], axis=1)
    gates = sigmoid(xh @ gates_kernel + gates_bias)
    r, u = gates[:, :hidden], gates[:, hidden:]
    xrh = xp.concat([x, r * h], axis=1)
    n = xp.tanh(xrh @ candidate_kernel + candidate_bias)

    def backward(d_new_h):
        d_u = sign * d_new_h * (h - n) * gate_slope(u) if through_u else 0 * u
        d_n = d_new_h * (1 - u) * tanh_slope(n)
        d_xrh = d_n @ candidate_kernel.T
        d_rh = d_xrh[:, inputs:]
        d_r = d_rh * h * gate_slope(r) if through_r else 0 * r
        d_gates = xp.concat([d_r, d_u], axis=1)
        d_xh = d_gates @ gates_kernel.T
        add_up = partial(xp.sum, axis=0) if summed else partial(xp.mean, axis=0)
        return (
            (d_xrh[:, :inputs] if x_of_candidate else 0) + d_xh[:, :inputs],
            (d_new_h * u if straight else 0) + through_candidate * d_rh * r + d_xh[:, inputs:],
            xh.T @ d_gates,
            add_up(d_gates),
            (xh if whole else xrh).T @ d_n,
            add_up(d_n),
        )

    return new_h, backward


EXERCISES = (
    Exercise(
        name="gru.step_backward",
        title="One step of a GRU, and back",
        difficulty=5,
        minutes=25,
        statement="Do one step of a GRU as in `gru.step`, and the way back. Return the new h and `backward`; `backward(d_new_h)` "
        "returns d_x, d_h, d_gates_kernel, d_gates_bias, d_candidate_kernel, d_candidate_bias, each in the shape of its argument.",
        solution=gru_forward,
        reason="The old state has four ways to the new one: straight through u, through r·h into the candidate, and through each "
        "of the two gates. Its gradient is the sum of all four.",
        cases=(_gru(2, 3, 5), _gru(4, 5, 2), _gru(3, 2, 4), _gru(1, 1, 2)),
        results=(
            "new_h: [batch, hidden]",
            "backward.d_x: [batch, input]",
            "backward.d_h: [batch, hidden]",
            "backward.d_gates_kernel: [input+hidden, 2*hidden]",
            "backward.d_gates_bias: [2*hidden]",
            "backward.d_candidate_kernel: [input+hidden, hidden]",
            "backward.d_candidate_bias: [hidden]",
        ),
        laws=("gradient",),
        mistakes=(
            Mistake(
                "no way through r",
                partial(_gru_back, through_r=False),
                "Your reset gate gets no gradient. It has changed what the candidate saw: how much did that matter?",
            ),
            Mistake(
                "no way through u",
                partial(_gru_back, through_u=False),
                "Your update gate gets no gradient. It has mixed two numbers: what changes if it opens a little?",
            ),
            Mistake(
                "u's gradient has the wrong sign",
                partial(_gru_back, sign=-1.0),
                "Your update gate learns the opposite. When u grows, which of the two numbers counts more?",
            ),
            Mistake(
                "no straight way",
                partial(_gru_back, straight=False),
                "Part of the old state goes into the new one without a product. Your gradient does not come back that way.",
            ),
            Mistake(
                "x only through the gates",
                partial(_gru_back, x_of_candidate=False),
                "Your d_x knows of the gates. Who else has read x?",
            ),
            Mistake(
                "mean over the batch",
                partial(_gru_back, summed=False),
                "The gradients of your biases are too small, the more so the larger the batch. Which sum has become a mean?",
            ),
            Mistake(
                "slopes of the gates forgotten",
                partial(_gru_back, gate_slope=lambda gate: 1),
                "You have the gradients of the gates, not of their pre-activations. What lies between the two?",
            ),
            Mistake(
                "slope of the candidate forgotten",
                partial(_gru_back, tanh_slope=lambda n: 1),
                "On your way from the candidate to its kernel something is missing. What was the last thing that happened to the candidate?",
            ),
            Mistake(
                "no way through the candidate",
                partial(_gru_back, through_candidate=0),
                "Your d_h knows nothing of what the candidate saw of h. How did h get into its product?",
            ),
            Mistake(
                "candidate's kernel saw all of h",
                partial(_gru_back, whole=True),
                "The gradient of your candidate's kernel is made with h. What stood beside x in that product?",
            ),
        ),
        hints=(
            "Write down the four lines of the forward pass, and go through them from the last to the first.",
            "The last line, u·h + (1 − u)·n, has three inputs: what is its derivative for each?",
            "x is read twice, and so is h in the gates and beside r. Where a number goes two ways, its gradients add up.",
        ),
    ),
)
