"""Exercises of chapter 07, backpropagation through time: gradients by hand, of a step, of every state, of the kernel."""

from rnn_course.arrays import array_namespace
from rnn_course.checks.catalogue.chapter_06 import random_weights
from rnn_course.checks.exercise import Exercise, Mistake


def predict_gradients(batch, time, input_size, hidden_size):
    d_inputs = (batch, time, input_size)
    d_h = (batch, hidden_size)
    d_kernel = (input_size + hidden_size, hidden_size)
    d_bias = (hidden_size,)
    return d_inputs, d_h, d_kernel, d_bias


def scalar_backward(x, h, w, u, d_h):
    states = [h]
    for number in x:
        states.append(w * states[-1] + u * number)
    d_w, d_u = 0.0, 0.0
    for t in reversed(range(len(x))):
        d_w += d_h * states[t]  # the state that this step was given
        d_u += d_h * x[t]
        d_h = d_h * w
    return d_w, d_u, d_h


def rnn_forward(x, h, kernel, bias):
    xp = array_namespace(x)
    xh = xp.concat([x, h], axis=1)  # [batch, input + hidden]
    new_h = xp.tanh(xh @ kernel + bias)

    def backward(d_output, d_new_state):
        d_z = (d_output + d_new_state) * (1 - new_h * new_h)  # [batch, hidden]
        d_xh = d_z @ kernel.T
        return d_xh[:, : x.shape[1]], d_xh[:, x.shape[1] :], xh.T @ d_z, xp.sum(d_z, axis=0)

    return new_h, new_h, backward


def _scalar(time):
    return lambda rng: (rng.standard_normal(time), *(float(0.5 + n) for n in rng.random(4)))


def _step(batch, input_size, hidden_size):
    return lambda rng: (
        rng.standard_normal((batch, input_size)),
        rng.standard_normal((batch, hidden_size)),
        *random_weights(rng, input_size + hidden_size, hidden_size, huge=False),
    )


def _wrong_scalar(every=True, back=lambda d, w, u: d * w, seen=0, average=False, early=False):
    """The scalar chain with one thing wrong: what is summed, how it goes back, which state is taken."""

    def answer(x, h, w, u, d_h):
        states = [h]
        for number in x:
            states.append(w * states[-1] + u * number)
        d_w, d_u = 0.0, 0.0
        for t in reversed(range(len(x))):
            heard, d_h = d_h, back(d_h, w, u)
            heard = d_h if early else heard
            here = (heard * states[t + seen], heard * x[t])
            d_w, d_u = (d_w + here[0], d_u + here[1]) if every else here
        return (d_w / len(x), d_u / len(x), d_h) if average else (d_w, d_u, d_h)

    return answer


def _forwards(x, h, w, u, d_h):
    d_w, d_u = 0.0, 0.0
    for number in x:
        d_w, d_u = d_w + d_h * h, d_u + d_h * number
        h, d_h = w * h + u * number, d_h * w
    return d_w, d_u, d_h


def _one_step_short(x, h, w, u, d_h):
    d_w, d_u, d_first = scalar_backward(x, h, w, u, d_h)
    return d_w, d_u, d_first / w


def _wrong_forward(
    meet=lambda d_output, d_new_state: d_output + d_new_state,
    slope=lambda z, h: 1 - h * h,
    new=False,
    d_bias=lambda xp, d_z: xp.sum(d_z, axis=0),
):
    """A step whose way back joins the two gradients, takes the slope or the state, or adds up the bias otherwise."""

    def answer(x, h, kernel, bias):
        xp = array_namespace(x)
        xh = xp.concat([x, h], axis=1)
        z = xh @ kernel + bias
        new_h = xp.tanh(z)

        def backward(d_output, d_new_state):
            d_z = meet(d_output, d_new_state) * slope(z, new_h)
            d_xh = d_z @ kernel.T
            left = xp.concat([x, new_h], axis=1) if new else xh
            return d_xh[:, : x.shape[1]], d_xh[:, x.shape[1] :], left.T @ d_z, d_bias(xp, d_z)

        return new_h, new_h, backward

    return answer


def _in_place(x, h, kernel, bias):
    new_h, _, backward = rnn_forward(x, h, kernel, bias)
    h[...] = new_h
    return new_h, new_h, backward


EXERCISES = (
    Exercise(
        name="bptt.predict",
        title="Predict the shapes of the gradients",
        difficulty=1,
        minutes=4,
        statement="A BasicRNNCell has read `inputs: [batch, time, input]` from an initial state h, and a loss was computed from its outputs. "
        "From `batch, time, input_size, hidden_size` return the shapes of its gradients for the inputs, for the initial state, for the kernel "
        "and for the bias, as tuples.",
        solution=predict_gradients,
        reason="A gradient has the shape of what it belongs to: it says of every number how the loss moves with it. There is one kernel, so there "
        "is one gradient of the kernel, whatever the number of steps and examples.",
        cases=(lambda rng: (4, 3, 7, 5), lambda rng: (100, 28, 27, 64), lambda rng: (1, 6, 2, 3)),
        results=("d_inputs", "d_h", "d_kernel", "d_bias"),
        backends=("numpy",),
        dtypes=("float64",),
        mistakes=(
            Mistake(
                "a kernel gradient a step",
                lambda b, t, i, h: ((b, t, i), (b, h), (t, i + h, h), (h,)),
                "Your kernel gradient has a time axis. How many kernels can the optimiser change?",
            ),
            Mistake(
                "a kernel gradient an example",
                lambda b, t, i, h: ((b, t, i), (b, h), (b, i + h, h), (h,)),
                "Your kernel gradient has a batch axis. What happens to the contributions of the examples?",
            ),
            Mistake(
                "transposed kernel gradient",
                lambda b, t, i, h: ((b, t, i), (b, h), (h, i + h), (h,)),
                "Your kernel gradient is the kernel turned round. What shape must it have to be taken off the kernel?",
            ),
            Mistake(
                "a bias gradient an example",
                lambda b, t, i, h: ((b, t, i), (b, h), (i + h, h), (b, h)),
                "Your bias gradient has a batch axis. Has the bias one?",
            ),
            Mistake(
                "a gradient for every state",
                lambda b, t, i, h: ((b, t, i), (b, t, h), (i + h, h), (h,)),
                "You give a gradient for the states of all steps. Which one state was handed in?",
            ),
            Mistake(
                "the last input only",
                lambda b, t, i, h: ((b, i), (b, h), (i + h, h), (h,)),
                "Your inputs have a gradient at one step only. Which of the inputs had an influence on the loss?",
            ),
        ),
        hints=(
            "The gradient of an array answers one question for each of its numbers. How many answers is that?",
            "Write down the shapes of the four things themselves. Exercise `rnn.predict` of chapter 6 asks for two of them.",
        ),
    ),
    Exercise(
        name="bptt.scalar",
        title="Three gradients of one chain",
        difficulty=2,
        minutes=10,
        statement="One unit without tanh: at each step h' = w·h + u·x. It reads the numbers `x: [time]` from the state h, and `d_h` is the gradient "
        "of the loss for the last state. Return the gradients for w, for u, and for the state at the beginning.",
        solution=scalar_backward,
        reason="Every step used the same w, on another state: each use sends a share, and the shares add up. On its way to the step before, the "
        "gradient is multiplied by w, so the first steps hear it w, w², w³ … times as loud.",
        cases=(_scalar(3), _scalar(5), _scalar(1), _scalar(8)),
        results=("d_w", "d_u", "d_h"),
        backends=("numpy",),
        dtypes=("float64",),
        mistakes=(
            Mistake(
                "only the first step's share",
                _wrong_scalar(every=False),
                "Your d_w and d_u are those of one step: every step writes over the one before. How many steps used w?",
            ),
            Mistake(
                "the new state",
                _wrong_scalar(seen=1),
                "You multiply by the state that a step has made. Which state did w stand beside in that step?",
            ),
            Mistake(
                "same loudness at every step",
                _wrong_scalar(back=lambda d, w, u: d),
                "Each step of yours hears the gradient of the last state unchanged. What lies between a state and the next?",
            ),
            Mistake(
                "u on the way back",
                _wrong_scalar(back=lambda d, w, u: d * u),
                "On the way to the step before you multiply by u. Which of the two numbers does an old state go through?",
            ),
            Mistake(
                "forward through time",
                _forwards,
                "You begin at the first step. Where does the gradient come in, and which step hears it first?",
            ),
            Mistake(
                "one step short",
                _one_step_short,
                "d_w and d_u are right. Your d_h belongs to the state after the first step. Who was there before?",
            ),
            Mistake(
                "averaged over time",
                _wrong_scalar(average=True),
                "You divided by the number of steps. Does the chain rule average over several uses of one number?",
            ),
            Mistake(
                "through w too early",
                _wrong_scalar(early=True),
                "You multiply by w before you take the shares. How loud does the last step itself hear the gradient of its own new state?",
            ),
        ),
        hints=(
            "Do it on paper for three steps first. Write down all states, then go back from the last.",
            "At each step on the way back there are three things to do: a share for w, a share for u, and what the state before hears.",
            "In h' = w·h + u·x the slope for w is h, the slope for u is x, and the slope for h is w.",
        ),
    ),
    Exercise(
        name="bptt.step_backward",
        title="A step that knows its way back",
        difficulty=3,
        minutes=15,
        statement="Do one step of a BasicRNNCell and return `output`, `new_state` and a function `backward(d_output, d_new_state)`. The output and the new "
        "state are the same h', and each has a gradient of its own. `backward` returns `d_x, d_h, d_kernel, d_bias`, shaped as the arguments.",
        solution=rnn_forward,
        reason="h' leaves the step twice, upward and to the right, so two gradients come back and are added. The rest is that of a dense layer. What "
        "backward needs of forward, x, h and h', it finds in the closure.",
        cases=(_step(4, 3, 5), _step(3, 7, 2), _step(1, 2, 3)),
        results=(
            "output: [batch, hidden]",
            "new_state: [batch, hidden]",
            "backward.d_x: [batch, input]",
            "backward.d_h: [batch, hidden]",
            "backward.d_kernel: [input+hidden, hidden]",
            "backward.d_bias: [hidden]",
        ),
        laws=("gradient",),
        mistakes=(
            Mistake(
                "gradient from the output forgotten",
                _wrong_forward(meet=lambda d_output, d_new_state: d_new_state),
                "Only the next step is heard in your backward. Who else used h'?",
            ),
            Mistake(
                "gradient from the state forgotten",
                _wrong_forward(meet=lambda d_output, d_new_state: d_output),
                "Only the output is heard in your backward. What does the next step send back?",
            ),
            Mistake(
                "gradients multiplied",
                _wrong_forward(meet=lambda d_output, d_new_state: d_output * d_new_state),
                "You multiply the two gradients that meet in h'. If both uses of a number raise the loss a little, by how much does it rise?",
            ),
            Mistake(
                "gradients averaged",
                _wrong_forward(meet=lambda d_output, d_new_state: (d_output + d_new_state) / 2),
                "You take the mean of the two gradients that meet in h'. Does a second use of a number make the first one weaker?",
            ),
            Mistake(
                "slope of the pre-activation",
                _wrong_forward(slope=lambda z, h: 1 - z * z),
                "Your slope of tanh is 1 − z². Which value is it, before or after the tanh, that never leaves −1 … 1?",
            ),
            Mistake(
                "kernel gradient from the new state",
                _wrong_forward(new=True),
                "In the gradient of the kernel you have the new state. Which state stood beside x in the product?",
            ),
            Mistake(
                "old state overwritten",
                _in_place,
                "The results are right, but the caller's h now holds the new state. May a step change what it was handed?",
            ),
            Mistake(
                "slope forgotten",
                _wrong_forward(slope=lambda z, h: 1),
                "You went past the tanh as if it were not there. What does a saturated unit do to a gradient?",
            ),
            Mistake(
                "bias gradient averaged",
                _wrong_forward(d_bias=lambda xp, d_z: xp.mean(d_z, axis=0)),
                "Your bias gradient is a mean over the batch. Does an example count for less because there are others?",
            ),
        ),
        hints=(
            "First add what comes back for the same array. Then it is the backward of a dense layer with a tanh.",
            "Let the inner function use `x`, `h`, `kernel` and the new state of the outer one: nothing needs to be computed twice.",
            "The gradient of the pre-activation comes first. From it follow the other four: two by cutting, two by summing over the batch.",
        ),
    ),
)
