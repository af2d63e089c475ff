"""Exercises of chapter 06, rows as time: gradients of a BasicRNNCell, of one step and back through a sequence."""

from rnn_course.arrays import array_namespace
from rnn_course.checks.catalogue.cases import with_zeros
from rnn_course.checks.catalogue.chapter_06 import random_weights
from rnn_course.checks.catalogue.chapter_06_over_time import rnn_sequence, states_seen
from rnn_course.checks.exercise import Exercise, Mistake


def rnn_step_backward(x, h, kernel, bias, d_new_h):
    xp = array_namespace(x)
    xh = xp.concat([x, h], axis=1)  # [batch, input + hidden]
    new_h = xp.tanh(xh @ kernel + bias)
    d_z = d_new_h * (1 - new_h * new_h)  # [batch, hidden]
    d_xh = d_z @ kernel.T
    d_x, d_h = d_xh[:, : x.shape[1]], d_xh[:, x.shape[1] :]
    return d_x, d_h, xh.T @ d_z, xp.sum(d_z, axis=0)


def rnn_sequence_backward(inputs, h, kernel, bias, d_outputs, d_final_h):
    xp = array_namespace(inputs)
    states = [h]
    for t in range(inputs.shape[1]):
        xh = xp.concat([inputs[:, t, :], states[t]], axis=1)  # [batch, input + hidden]
        states.append(xp.tanh(xh @ kernel + bias))

    d_h, d_kernel, d_bias, d_inputs = d_final_h, 0 * kernel, 0 * bias, []
    for t in reversed(range(inputs.shape[1])):
        d_h = d_h + d_outputs[:, t, :]  # h is an output, and goes on to the next step
        d_z = d_h * (1 - states[t + 1] * states[t + 1])
        xh = xp.concat([inputs[:, t, :], states[t]], axis=1)
        d_kernel = d_kernel + xh.T @ d_z  # the same kernel at every step
        d_bias = d_bias + xp.sum(d_z, axis=0)
        d_xh = d_z @ kernel.T
        d_inputs.append(d_xh[:, : inputs.shape[2]])
        d_h = d_xh[:, inputs.shape[2] :]
    return xp.stack(d_inputs[::-1], axis=1), d_h, d_kernel, d_bias


def _step(batch, input_size, hidden_size, huge=False):
    return lambda rng: (
        rng.standard_normal((batch, input_size)),
        rng.standard_normal((batch, hidden_size)),
        *random_weights(rng, input_size + hidden_size, hidden_size, huge),
        rng.standard_normal((batch, hidden_size)),
    )


def _sequence(batch, time, input_size, hidden_size):
    return lambda rng: (
        rng.standard_normal((batch, time, input_size)),
        rng.standard_normal((batch, hidden_size)),
        *random_weights(rng, input_size + hidden_size, hidden_size, huge=False),
        rng.standard_normal((batch, time, hidden_size)),
        rng.standard_normal((batch, hidden_size)),
    )


def _wrong_step(
    slope=lambda z, new_h, h: 1 - new_h * new_h,
    d_bias=lambda xp, d_z: xp.sum(d_z, axis=0),
    turn=True,
    new=False,
    past=False,
):
    """A step's gradients with another slope or sum, the kernel not transposed for h, h' for h, or weights past the tanh."""

    def answer(x, h, kernel, bias, d_new_h):
        xp = array_namespace(x)
        xh = xp.concat([x, h], axis=1)
        z = xh @ kernel + bias
        d_z = d_new_h * slope(z, xp.tanh(z), h)
        w_x, w_h = kernel[: x.shape[1], :], kernel[x.shape[1] :, :]
        left, d_w = xp.concat([x, xp.tanh(z)], axis=1) if new else xh, d_new_h if past else d_z
        return d_z @ w_x.T, d_z @ (w_h.T if turn else w_h), left.T @ d_w, d_bias(xp, d_w)

    return answer


def _d_x_and_d_h_swapped(x, h, kernel, bias, d_new_h):
    d_x, d_h, d_kernel, d_bias = rnn_step_backward(x, h, kernel, bias, d_new_h)
    return d_h, d_x, d_kernel, d_bias


def _through_time(accumulate=True, carry=True, direction=-1, new=False, final_again=False):
    """Back through time, step by step, with a part of the work left out or the steps in another order."""

    def answer(inputs, h, kernel, bias, d_outputs, d_final_h):
        xp = array_namespace(inputs)
        seen = states_seen(rnn_sequence(inputs, h, kernel, bias)[0], h)
        d_h, d_kernel, d_bias, d_inputs = d_final_h, 0 * kernel, 0 * bias, []
        for t in range(inputs.shape[1])[::direction]:
            last = t == inputs.shape[1] - 1
            d_new_h = (
                d_outputs[:, t, :] + (d_h if carry or last else 0) + (d_final_h if final_again and not last else 0)
            )
            x, old_h = inputs[:, t, :], seen[:, t, :]
            d_x, d_h, d_k, d_b = rnn_step_backward(x, old_h, kernel, bias, d_new_h)
            d_k = _wrong_step(new=True)(x, old_h, kernel, bias, d_new_h)[2] if new else d_k
            d_kernel, d_bias = (d_kernel + d_k, d_bias + d_b) if accumulate else (d_k, d_b)
            d_inputs.append(d_x)
        return xp.stack(d_inputs[::direction], axis=1), d_h, d_kernel, d_bias

    return answer


def _not_turned_round(*arguments):
    d_inputs, d_h, d_kernel, d_bias = rnn_sequence_backward(*arguments)
    return array_namespace(d_inputs).flip(d_inputs, axis=1), d_h, d_kernel, d_bias


def _averaged(inputs, *others):
    d_inputs, d_h, d_kernel, d_bias = rnn_sequence_backward(inputs, *others)
    return d_inputs, d_h, d_kernel / inputs.shape[1], d_bias / inputs.shape[1]


EXERCISES = (
    Exercise(
        name="rnn.step_backward",
        title="Backward through one step",
        difficulty=4,
        minutes=15,
        statement="For the cell of `rnn.step` and the gradient of a loss for its new state, `d_new_h: [batch, hidden]`, return the "
        "gradients `d_x: [batch, input]`, `d_h: [batch, hidden]` (of the old state), `d_kernel: [input+hidden, hidden]` and "
        "`d_bias: [hidden]`.",
        solution=rnn_step_backward,
        reason="Backward runs through the same three steps in reverse: tanh, whose slope is 1 − h'² in terms of its own output; the sum, "
        "where the one bias served every example, so its gradients add up; the product, which gives one gradient to each factor.",
        cases=(_step(4, 3, 5), _step(3, 7, 2), _step(1, 2, 3), _step(6, 4, 3, huge=True)),
        results=("d_x: [batch, input]", "d_h: [batch, hidden]", "d_kernel: [input+hidden, hidden]", "d_bias: [hidden]"),
        mistakes=(
            Mistake(
                "slope of the pre-activation",
                _wrong_step(slope=lambda z, new_h, h: 1 - z * z),
                "Your slope of tanh is 1 − z². Which of the two, z or tanh(z), is it that stays between −1 and 1?",
            ),
            Mistake(
                "slope of the old state",
                _wrong_step(slope=lambda z, new_h, h: 1 - h * h),
                "You took the slope of tanh from the old state. Which value did the tanh of this step put out?",
            ),
            Mistake(
                "slope forgotten",
                _wrong_step(slope=lambda z, new_h, h: 1),
                "You went past the tanh as if it were not there. What does a saturated unit do to a gradient?",
            ),
            Mistake(
                "bias gradient not summed",
                _wrong_step(d_bias=lambda xp, d_z: d_z),
                "Your bias gradient has a batch axis. How many biases are there, and how many examples used each one?",
            ),
            Mistake(
                "bias gradient averaged",
                _wrong_step(d_bias=lambda xp, d_z: xp.mean(d_z, axis=0)),
                "You took the mean of the bias gradient over the batch. If a mean belongs anywhere, it is in the loss: what does the chain rule "
                "do with several uses of one number?",
            ),
            Mistake(
                "transposed kernel",
                _wrong_step(turn=False),
                "Your d_h goes through the kernel in the forward direction. Which way round does a gradient cross a matrix product?",
            ),
            Mistake(
                "d_x and d_h swapped",
                _d_x_and_d_h_swapped,
                "You cut the gradient of `[x, h]` correctly and hand the pieces over in the other order. Which columns belong to x?",
            ),
            Mistake(
                "slope of a sigmoid",
                _wrong_step(slope=lambda z, new_h, h: new_h * (1 - new_h)),
                "Your slope is that of a sigmoid. Which activation did this step have?",
            ),
            Mistake(
                "kernel gradient from the new state",
                _wrong_step(new=True),
                "In the gradient of the kernel you have the new state. Which state stood beside x in the product?",
            ),
            Mistake(
                "weights past the tanh",
                _wrong_step(past=True),
                "x and h hear the gradient through the tanh in your answer, kernel and bias do not. On which side of the tanh do the weights stand?",
            ),
        ),
        hints=(
            "Do the forward step again and keep what backward needs. Then go back: tanh, sum, product, concatenation.",
            "Call the pre-activation z. `d_z` is `d_new_h` times the slope of tanh, and everything else follows from `d_z`.",
            "A product gives each factor the gradient times the other factor, transposed; shapes tell on which side. The bias sums over the "
            "batch, and the concatenation is undone by cutting.",
        ),
    ),
    Exercise(
        name="rnn.sequence_backward",
        title="Backward through time",
        difficulty=5,
        minutes=25,
        statement="For `rnn.sequence` and the gradients `d_outputs: [batch, time, hidden]` and `d_final_h: [batch, hidden]` of its two results, "
        "return `d_inputs: [batch, time, input]`, `d_h: [batch, hidden]` (of the initial state), `d_kernel: [input+hidden, hidden]` and "
        "`d_bias: [hidden]`.",
        solution=rnn_sequence_backward,
        reason="Every state has two uses, as an output and as the next step's input, so two gradients meet in it. Every step uses the same kernel and "
        "bias, so their gradients are summed over time. That is all that backpropagation through time adds to a step.",
        cases=(_sequence(4, 6, 3, 5), with_zeros(_sequence(2, 5, 7, 3)), _sequence(3, 1, 4, 2), _sequence(1, 4, 2, 3)),
        results=(
            "d_inputs: [batch, time, input]",
            "d_h: [batch, hidden]",
            "d_kernel: [input+hidden, hidden]",
            "d_bias: [hidden]",
        ),
        seconds=30.0,
        mistakes=(
            Mistake(
                "overwritten, not accumulated",
                _through_time(accumulate=False),
                "Your weight gradients are those of a single step: each step writes over the one before. How many steps used the kernel?",
            ),
            Mistake(
                "gradient from the output forgotten",
                lambda inputs, h, kernel, bias, d_outputs, d_final_h: rnn_sequence_backward(
                    inputs, h, kernel, bias, 0 * d_outputs, d_final_h
                ),
                "Only the final state sends a gradient back in your answer. What about the outputs of all the steps?",
            ),
            Mistake(
                "gradient from the final state forgotten",
                lambda inputs, h, kernel, bias, d_outputs, d_final_h: rnn_sequence_backward(
                    inputs, h, kernel, bias, d_outputs, 0 * d_final_h
                ),
                "Only the outputs send gradients back in your answer. Where does `d_final_h` come in?",
            ),
            Mistake(
                "gradient from the next step forgotten",
                _through_time(carry=False),
                "Each step of yours hears its own output alone. Who else used its state, and what did that step send back?",
            ),
            Mistake(
                "forward through time",
                _through_time(direction=1),
                "You go through the steps from the first to the last. When is the gradient of a state complete?",
            ),
            Mistake(
                "list not turned round",
                _not_turned_round,
                "Your `d_inputs` run from the last step to the first. In which order did you fill the list?",
            ),
            Mistake(
                "averaged over time",
                _averaged,
                "You divided the weight gradients by the number of steps. Does the chain rule average over several uses?",
            ),
            Mistake(
                "kernel gradient from the new states",
                _through_time(new=True),
                "In the gradient of the kernel each step of yours has the state that it made. Which one stood beside x in its product?",
            ),
            Mistake(
                "final gradient at every step",
                _through_time(final_again=True),
                "You add `d_final_h` at every step. After which step is the state final?",
            ),
        ),
        hints=(
            "Run forward first and keep all states. Then loop over the steps from the last one to the first.",
            "At each step two gradients meet in the state: one from its output, one from the step after it. What is there for the last step?",
            "Inside the loop do what `rnn.step_backward` does. Its d_h goes on to the step before; add its weight gradients to running sums.",
        ),
    ),
)
