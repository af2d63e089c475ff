"""Exercises of chapter 07, backpropagation through time: the gradient of every state, of the kernel, and how loud it is."""

from rnn_course.arrays import array_namespace
from rnn_course.checks.catalogue.chapter_06_over_time import states_seen
from rnn_course.checks.exercise import Exercise, Mistake


def state_gradients(outputs, recurrent, d_outputs):
    xp = array_namespace(outputs)
    last = outputs.shape[1] - 1
    d_h = d_outputs[:, last, :]
    d_states = [d_h]
    for t in reversed(range(last)):
        d_z = d_h * (1 - outputs[:, t + 1, :] ** 2)  # through the tanh of the step after
        d_h = d_outputs[:, t, :] + d_z @ recurrent.T
        d_states.append(d_h)
    return xp.stack(d_states[::-1], axis=1)


def kernel_gradient(inputs, h, outputs, d_states):
    xp = array_namespace(inputs)
    seen = xp.concat([h[:, None, :], outputs[:, :-1, :]], axis=1)  # the state before each step
    xh = xp.concat([inputs, seen], axis=2)  # [batch, time, input + hidden]
    d_z = d_states * (1 - outputs**2)  # [batch, time, hidden]
    d_kernel = xh.reshape(-1, xh.shape[2]).T @ d_z.reshape(-1, d_z.shape[2])
    return d_kernel, xp.sum(d_z, axis=(0, 1))


def gradient_norms(recurrent, d_h, steps):
    xp = array_namespace(recurrent)
    norms = []
    for _ in range(steps + 1):
        norms.append(xp.sqrt(xp.sum(d_h * d_h)))
        d_h = d_h @ recurrent.T
    return xp.stack(norms)


def _outputs(batch, time, hidden_size):
    def case(rng):
        outputs = rng.uniform(-0.9, 0.9, (batch, time, hidden_size))
        recurrent = rng.standard_normal((hidden_size, hidden_size))
        return outputs, recurrent, rng.standard_normal((batch, time, hidden_size))

    return case


def _parts(batch, time, input_size, hidden_size):
    return lambda rng: (
        rng.standard_normal((batch, time, input_size)),
        rng.standard_normal((batch, hidden_size)),
        rng.uniform(-0.9, 0.9, (batch, time, hidden_size)),
        rng.standard_normal((batch, time, hidden_size)),
    )


def _matrix(hidden_size, steps):
    return lambda rng: (rng.standard_normal((hidden_size, hidden_size)), rng.standard_normal(hidden_size), steps)


def _wrong_states(own=True, slope=lambda after, before: 1 - after * after, turn=True, order=-1, far=True, late=False):
    """The way back through the states, with a part forgotten or taken from another place."""

    def answer(outputs, recurrent, d_outputs):
        last = outputs.shape[1] - 1
        d_h = d_outputs[:, last, :]
        d_states = [d_h]
        for t in reversed(range(last)):
            d_h = d_h if far else d_outputs[:, t + 1, :]
            matrix, tanh_slope = recurrent.T if turn else recurrent, slope(outputs[:, t + 1, :], outputs[:, t, :])
            back = (d_h @ matrix) * tanh_slope if late else (d_h * tanh_slope) @ matrix
            d_h = back + d_outputs[:, t, :] if own else back
            d_states.append(d_h)
        return array_namespace(outputs).stack(d_states[::order], axis=1)

    return answer


def _forwards(outputs, recurrent, d_outputs):
    d_h = d_outputs[:, 0, :]
    d_states = [d_h]
    for t in range(1, outputs.shape[1]):
        d_h = d_outputs[:, t, :] + (d_h * (1 - outputs[:, t, :] ** 2)) @ recurrent.T
        d_states.append(d_h)
    return array_namespace(outputs).stack(d_states, axis=1)


def _wrong_kernel(seen=states_seen, slope=True, first="x", over=None, slope_of_seen=False):
    """The product over all steps with other states, without the slope, with h first, or the bias summed less."""

    def answer(inputs, h, outputs, d_states):
        xp = array_namespace(inputs)
        pieces = [inputs, seen(outputs, h)]
        xh = xp.concat(pieces if first == "x" else pieces[::-1], axis=2)
        new = states_seen(outputs, h) if slope_of_seen else outputs
        d_z = d_states * (1 - new**2) if slope else d_states
        d_kernel = xh.reshape(-1, xh.shape[2]).T @ d_z.reshape(-1, d_z.shape[2])
        return d_kernel, xp.sum(d_z, axis=(0, 1) if over is None else over)

    return answer


def _last_step(inputs, h, outputs, d_states):
    seen = states_seen(outputs, h)
    return kernel_gradient(inputs[:, -1:, :], seen[:, -1, :], outputs[:, -1:, :], d_states[:, -1:, :])


def _mean_over_time(inputs, h, outputs, d_states):
    d_kernel, d_bias = kernel_gradient(inputs, h, outputs, d_states)
    return d_kernel / inputs.shape[1], d_bias / inputs.shape[1]


def _wrong_norms(turn=True, size=lambda xp, d: xp.sqrt(xp.sum(d * d)), first=0, rescale=False):
    """Norms along the way back: through the matrix the other way, of another kind, from another distance."""

    def answer(recurrent, d_h, steps):
        xp = array_namespace(recurrent)
        norms = []
        for k in range(first + steps + 1):
            norms += [size(xp, d_h)] if k >= first else []
            d_h = d_h / xp.sqrt(xp.sum(d_h * d_h)) if rescale else d_h
            d_h = d_h @ (recurrent.T if turn else recurrent)
        return xp.stack(norms)

    return answer


EXERCISES = (
    Exercise(
        name="bptt.through_time",
        title="What every state hears",
        difficulty=4,
        minutes=15,
        statement="A BasicRNNCell with tanh put out `outputs: [batch, time, hidden]`. `recurrent: [hidden, hidden]` are the rows of its kernel that "
        "belong to h, and `d_outputs: [batch, time, hidden]` is the gradient of the loss at each output by itself. Return for every state how "
        "the loss changes with it in all ways, `[batch, time, hidden]`.",
        solution=state_gradients,
        reason="A state acts on the loss through its own output, and through all later states. The later ones are complete when the loop arrives "
        "from behind, so one step of the chain rule is enough: through the tanh of the next step and back across its matrix.",
        cases=(_outputs(4, 6, 3), _outputs(2, 5, 7), _outputs(3, 1, 4), _outputs(1, 3, 2)),
        results=("[batch, time, hidden]",),
        mistakes=(
            Mistake(
                "gradient from the output forgotten",
                _wrong_states(own=False),
                "Only the loss at the last step is heard in your answer. What about the losses on the way?",
            ),
            Mistake(
                "gradient from the next step forgotten",
                lambda outputs, recurrent, d_outputs: d_outputs + 0 * outputs,
                "Every state of yours hears its own output alone. What else did a state do, besides being put out?",
            ),
            Mistake(
                "slope of the step before",
                _wrong_states(slope=lambda after, before: 1 - before * before),
                "Your slope belongs to the state that you arrive at. Which tanh lies between the two states?",
            ),
            Mistake(
                "slope forgotten",
                _wrong_states(slope=lambda after, before: 1),
                "You cross the matrix, but not the tanh. What does a saturated unit do to a gradient?",
            ),
            Mistake(
                "matrix in the forward direction",
                _wrong_states(turn=False),
                "You cross the matrix as the state did on its way forward. Which way round is it for a gradient?",
            ),
            Mistake(
                "forward through time",
                _forwards,
                "You begin at the first step. Whose gradient is complete before all others?",
            ),
            Mistake(
                "list not turned round",
                _wrong_states(order=1),
                "Your gradients run from the last step to the first. In which order did you fill the list?",
            ),
            Mistake(
                "only from the neighbour",
                _wrong_states(far=False),
                "Each state of yours hears its own output and that of the next step. How does a loss five steps later reach it?",
            ),
            Mistake(
                "slope after the matrix",
                _wrong_states(late=True),
                "You cross the matrix first and the tanh afterwards. On the way forward, which of the two came last?",
            ),
        ),
        hints=(
            "Which state is easy, because nothing comes after it? Begin there.",
            "For any other state two gradients meet: that of its own output, and what comes back from the state after it.",
            "What comes back: take the gradient of the state after, multiply by the slope of the tanh that made it, and cross the matrix transposed.",
        ),
    ),
    Exercise(
        name="bptt.kernel_gradient",
        title="One product for all steps",
        difficulty=4,
        minutes=15,
        statement="With `inputs: [batch, time, input]`, the initial state `h: [batch, hidden]`, the `outputs: [batch, time, hidden]` of a tanh cell and "
        "`d_states: [batch, time, hidden]` from `bptt.through_time`, return `d_kernel: [input+hidden, hidden]` and `d_bias: [hidden]`, without a "
        "loop.",
        solution=kernel_gradient,
        reason="The gradient of the kernel is a sum over examples and steps of one outer product each. A matrix product is such a sum, so batch and "
        "time can be one long axis. That is how fast implementations do it, after the loop.",
        cases=(_parts(4, 6, 3, 5), _parts(2, 5, 7, 3), _parts(3, 1, 4, 2), _parts(1, 4, 2, 3)),
        results=("d_kernel: [input+hidden, hidden]", "d_bias: [hidden]"),
        mistakes=(
            Mistake(
                "one step only",
                _last_step,
                "Your gradients are those of the last step. Who used the kernel before?",
            ),
            Mistake(
                "the new states",
                _wrong_kernel(seen=lambda outputs, h: outputs),
                "Beside each input you put the state that the step made. Which one stood in the product?",
            ),
            Mistake(
                "initial state ignored",
                _wrong_kernel(seen=lambda outputs, h: states_seen(outputs, 0 * h)),
                "Your first step starts from zeros. Which state was the cell given?",
            ),
            Mistake(
                "slope forgotten",
                _wrong_kernel(slope=False),
                "You use the gradients of the states. What lies between a state and the product that made it?",
            ),
            Mistake(
                "h before x",
                _wrong_kernel(first="h"),
                "The rows of your kernel gradient are in another order than those of the kernel. Which rows come first?",
            ),
            Mistake(
                "bias gradient for every step",
                _wrong_kernel(over=0),
                "Your bias gradient has a time axis. How many biases does the cell have?",
            ),
            Mistake(
                "averaged over time",
                _mean_over_time,
                "You divided by the number of steps. Did the loss do that?",
            ),
            Mistake(
                "slope of the old states",
                _wrong_kernel(slope_of_seen=True),
                "Your slopes of tanh come from the states before each step. Which value did the tanh of a step put out?",
            ),
            Mistake(
                "averaged over the batch",
                lambda inputs, *others: tuple(d / len(inputs) for d in kernel_gradient(inputs, *others)),
                "You divided by the number of examples. Did the loss do that?",
            ),
        ),
        hints=(
            "What would one step give? The outer product of what went in and of the gradient of its pre-activation, summed over the batch.",
            "What went into step t is the input of step t and the state *before* it. Exercise `rnn.states_seen` of chapter 6 makes those.",
            "Let batch and time become one axis by a reshape. Then one product sums over both.",
        ),
    ),
    Exercise(
        name="bptt.norms",
        title="How loud at which distance",
        difficulty=3,
        minutes=10,
        statement="In a cell without tanh a gradient `d_h: [hidden]` arrives at the last state. `recurrent: [hidden, hidden]` takes a state to the next, "
        "h' = h @ recurrent. Return the norm of the gradient 0, 1, …, `steps` steps earlier, as one array `[steps+1]`.",
        solution=gradient_norms,
        reason="Each step back is one more product with the same transposed matrix. If it stretches, the norms grow like a power, and if it shrinks "
        "they die like one: nothing in between lasts but a matrix that does neither.",
        cases=(_matrix(3, 6), _matrix(5, 4), _matrix(1, 3), _matrix(4, 2)),
        results=("[distance]",),
        mistakes=(
            Mistake(
                "matrix in the forward direction",
                _wrong_norms(turn=False),
                "You cross the matrix as a state does. Which way round is it for a gradient?",
            ),
            Mistake(
                "squared norms",
                _wrong_norms(size=lambda xp, d: xp.sum(d * d)),
                "Your numbers are squares of lengths. What is still to be done?",
            ),
            Mistake(
                "sum of sizes",
                _wrong_norms(size=lambda xp, d: xp.sum(xp.abs(d))),
                "You add up the sizes of the entries. How long is an arrow that goes 3 to the right and 4 up?",
            ),
            Mistake(
                "largest entry",
                _wrong_norms(size=lambda xp, d: xp.max(xp.abs(d))),
                "You take the largest entry. Do the others not count for the length?",
            ),
            Mistake(
                "distance 0 missing",
                _wrong_norms(first=1),
                "Your first number is one step away already. How loud is the gradient where it arrives?",
            ),
            Mistake(
                "rescaled at each step",
                _wrong_norms(rescale=True),
                "You bring the gradient back to length 1 after each step, so your numbers say how much a single step stretches. "
                "What does the first step hear in the end?",
            ),
        ),
        hints=(
            "A loop that writes down a length and then goes one step back.",
            "h' = h @ recurrent is a matrix product. What does its backward do to a gradient?",
            "For a row `d` of length n the norm is the root of the sum of the squares. Stack the norms at the end.",
        ),
    ),
)
