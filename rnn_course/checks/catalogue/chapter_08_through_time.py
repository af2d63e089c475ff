"""Exercises of chapter 08, a memory that adds: the gradients of an LSTM, of one step and back through a sequence."""

from rnn_course.activations import sigmoid
from rnn_course.arrays import array_namespace
from rnn_course.cells import LSTMStateTuple
from rnn_course.checks.catalogue.cases import with_zeros
from rnn_course.checks.catalogue.chapter_08 import blocks, random_weights
from rnn_course.checks.catalogue.random_cells import lstm_state
from rnn_course.checks.exercise import Exercise, Mistake


def lstm_forward(x, state, kernel, bias):
    xp = array_namespace(x)
    n = kernel.shape[1] // 4
    xh = xp.concat([x, state.h], axis=1)  # [batch, input + hidden]
    z = xh @ kernel + bias  # [batch, 4*hidden]
    i, f, o = sigmoid(z[:, :n]), sigmoid(z[:, 2 * n : 3 * n]), sigmoid(z[:, 3 * n :])
    j = xp.tanh(z[:, n : 2 * n])
    c = f * state.c + i * j
    tanh_c = xp.tanh(c)

    def backward(d_state):
        d_c = d_state.c + d_state.h * o * (1 - tanh_c * tanh_c)  # c is carried on, and makes h
        d_i, d_j = d_c * j * i * (1 - i), d_c * i * (1 - j * j)
        d_f, d_o = d_c * state.c * f * (1 - f), d_state.h * tanh_c * o * (1 - o)
        d_z = xp.concat([d_i, d_j, d_f, d_o], axis=1)  # [batch, 4*hidden]
        d_xh = d_z @ kernel.T
        d_old = LSTMStateTuple(c=d_c * f, h=d_xh[:, x.shape[1] :])
        return d_xh[:, : x.shape[1]], d_old, xh.T @ d_z, xp.sum(d_z, axis=0)

    return LSTMStateTuple(c=c, h=o * tanh_c), backward


def lstm_sequence_forward(inputs, state, kernel, bias):
    xp = array_namespace(inputs)
    n, width = kernel.shape[1] // 4, inputs.shape[2]
    c, h, outputs, kept = state.c, state.h, [], []
    for t in range(inputs.shape[1]):
        xh = xp.concat([inputs[:, t, :], h], axis=1)  # [batch, input + hidden]
        z = xh @ kernel + bias  # [batch, 4*hidden]
        i, f, o = sigmoid(z[:, :n]), sigmoid(z[:, 2 * n : 3 * n]), sigmoid(z[:, 3 * n :])
        j = xp.tanh(z[:, n : 2 * n])
        old_c, c = c, f * c + i * j
        tanh_c = xp.tanh(c)
        h = o * tanh_c
        outputs.append(h)
        kept.append((xh, i, j, f, o, old_c, tanh_c))

    def backward(d_outputs, d_final):
        d_c, d_h, d_kernel, d_bias, d_inputs = d_final.c, d_final.h, 0 * kernel, 0 * bias, []
        for t in reversed(range(len(kept))):
            xh, i, j, f, o, old_c, tanh_c = kept[t]
            d_h = d_h + d_outputs[:, t, :]  # h is put out, and carried on
            d_c = d_c + d_h * o * (1 - tanh_c * tanh_c)  # c is carried on, and makes h
            d_i, d_j = d_c * j * i * (1 - i), d_c * i * (1 - j * j)
            d_f, d_o = d_c * old_c * f * (1 - f), d_h * tanh_c * o * (1 - o)
            d_z = xp.concat([d_i, d_j, d_f, d_o], axis=1)  # [batch, 4*hidden]
            d_kernel, d_bias = d_kernel + xh.T @ d_z, d_bias + xp.sum(d_z, axis=0)
            d_xh = d_z @ kernel.T
            d_inputs.append(d_xh[:, :width])
            d_c, d_h = d_c * f, d_xh[:, width:]
        return xp.stack(d_inputs[::-1], axis=1), LSTMStateTuple(c=d_c, h=d_h), d_kernel, d_bias

    return xp.stack(outputs, axis=1), LSTMStateTuple(c=c, h=h), backward


def _step(batch, input_size, hidden_size, huge=False):
    return lambda rng: (
        rng.standard_normal((batch, input_size)),
        lstm_state(rng, batch, hidden_size),
        *random_weights(rng, input_size + hidden_size, hidden_size, huge),
    )


def _sequence(batch, time, input_size, hidden_size):
    return lambda rng: (
        rng.standard_normal((batch, time, input_size)),
        lstm_state(rng, batch, hidden_size),
        *random_weights(rng, input_size + hidden_size, hidden_size),
    )


def _wrong_step(
    meet=lambda d_c, through_h: d_c + through_h,
    tanh_slope=lambda c, tanh_c: 1 - tanh_c * tanh_c,
    gate_slope=lambda gate: gate * (1 - gate),
    order="ijfo",
    d_bias=lambda xp, d_z: xp.sum(d_z, axis=0),
    highway=lambda d_c, f: d_c * f,
    candidate_slope=lambda j: 1 - j * j,
    seen_by_f=lambda old, new: old,
    seen_by_o=lambda c, tanh_c: tanh_c,
    through_o=lambda o: o,
):
    """The step with a backward in which one thing is done differently."""

    def answer(x, state, kernel, bias):
        xp = array_namespace(x)
        xh = xp.concat([x, state.h], axis=1)
        i, j, f, o = blocks(xh @ kernel + bias, "ijfo")
        i, j, f, o = sigmoid(i), xp.tanh(j), sigmoid(f), sigmoid(o)
        c = f * state.c + i * j
        tanh_c = xp.tanh(c)

        def backward(d_state):
            d_c = meet(d_state.c, d_state.h * through_o(o) * tanh_slope(c, tanh_c))
            d = {"i": d_c * j * gate_slope(i), "j": d_c * i * candidate_slope(j)}
            d |= {"f": d_c * seen_by_f(state.c, c) * gate_slope(f)}
            d |= {"o": d_state.h * seen_by_o(c, tanh_c) * gate_slope(o)}
            d_z = xp.concat([d[gate] for gate in order], axis=1)
            d_xh = d_z @ kernel.T
            d_old = LSTMStateTuple(c=highway(d_c, f), h=d_xh[:, x.shape[1] :])
            return d_xh[:, : x.shape[1]], d_old, xh.T @ d_z, d_bias(xp, d_z)

        return LSTMStateTuple(c=c, h=o * tanh_c), backward

    return answer


def _wrong_sequence(accumulate=True, carry_c=1, carry_h=1, outputs=1, final=1, direction=-1, turn=-1, into_c=False):
    """The sequence with a backward that leaves a gradient out (a factor of 0), or takes the steps in another order."""

    def answer(inputs, state, kernel, bias):
        put_out, last, _ = lstm_sequence_forward(inputs, state, kernel, bias)
        backwards = []
        for t in range(inputs.shape[1]):
            state, step_backward = lstm_forward(inputs[:, t, :], state, kernel, bias)
            backwards.append(step_backward)

        def backward(d_outputs, d_final):
            d_state = LSTMStateTuple(c=final * d_final.c, h=final * d_final.h)
            d_kernel, d_bias, d_inputs = 0 * kernel, 0 * bias, []
            for count, t in enumerate(range(len(backwards))[::direction]):
                d_c, d_h = (carry_c * d_state.c, carry_h * d_state.h) if count else d_state
                heard = outputs * d_outputs[:, t, :]
                d_c, d_h = (d_c + heard, d_h) if into_c else (d_c, d_h + heard)
                d_state = LSTMStateTuple(c=d_c, h=d_h)
                d_x, d_state, d_k, d_b = backwards[t](d_state)
                d_kernel, d_bias = (d_kernel + d_k, d_bias + d_b) if accumulate else (d_k, d_b)
                d_inputs.append(d_x)
            return array_namespace(inputs).stack(d_inputs[::turn], axis=1), d_state, d_kernel, d_bias

        return put_out, last, backward

    return answer


EXERCISES = (
    Exercise(
        name="lstm.step_backward",
        title="One step of an LSTM, and back",
        difficulty=5,
        minutes=30,
        statement="Write `lstm.step` with a way back: return the new state and `backward`, a function that takes the gradient of a loss for the new state "
        "(an LSTMStateTuple) and returns the gradients of `x`, `state` (again an LSTMStateTuple), `kernel` and `bias`, in this order, each in the "
        "shape of what it belongs to.",
        solution=lstm_forward,
        reason="c' has two uses: it is carried on, and it makes h'. So two gradients meet in it before it is followed into the gates and, times σ(f), to the "
        "old memory. From there on it is the dense layer again: kernel, input, and a bias summed over the batch.",
        cases=(_step(4, 3, 5), _step(3, 7, 2), _step(1, 2, 3), _step(6, 4, 3, huge=True)),
        results=(
            "new_state.c: [batch, hidden]",
            "new_state.h: [batch, hidden]",
            "backward.d_x: [batch, input]",
            "backward.d_state.c: [batch, hidden]",
            "backward.d_state.h: [batch, hidden]",
            "backward.d_kernel: [input+hidden, 4*hidden]",
            "backward.d_bias: [4*hidden]",
        ),
        laws=("gradient",),
        seconds=30.0,
        mistakes=(
            Mistake(
                "gradient from h forgotten",
                _wrong_step(meet=lambda d_c, through_h: d_c),
                "Your memory hears the next step alone. What else was made from the new memory?",
            ),
            Mistake(
                "gradient from c forgotten",
                _wrong_step(meet=lambda d_c, through_h: through_h),
                "Your memory hears h alone. Where does the gradient of the new c come in?",
            ),
            Mistake(
                "slope of the memory itself",
                _wrong_step(tanh_slope=lambda c, tanh_c: 1 - c * c),
                "Your slope of the output tanh is 1 − c². Is that its argument or its value?",
            ),
            Mistake(
                "slopes of the gates forgotten",
                _wrong_step(gate_slope=lambda gate: 1),
                "You have the gradients of the open or closed gates, not of their pre-activations. What lies between the two?",
            ),
            Mistake(
                "Torch's and Keras's order",
                _wrong_step(order="ifjo"),
                "Your gradients of the four blocks stand in another order than the blocks did on the way forward. Which two have changed places?",
            ),
            Mistake(
                "bias gradient not summed",
                _wrong_step(d_bias=lambda xp, d_z: d_z),
                "Your bias gradient still has a batch axis. How often was each bias used in this step?",
            ),
            Mistake(
                "forget gate left out",
                _wrong_step(highway=lambda d_c, f: d_c),
                "Your old memory gets the whole gradient of the new one. What was it multiplied by on the way forward?",
            ),
            Mistake(
                "slope of the candidate forgotten",
                _wrong_step(candidate_slope=lambda j: 1),
                "You have the gradient of the candidate, not of its pre-activation. What lies between the two?",
            ),
            Mistake(
                "candidate taken for a gate",
                _wrong_step(candidate_slope=lambda j: j * (1 - j)),
                "Your candidate has the slope of a sigmoid. What squeezed it on the way forward?",
            ),
            Mistake(
                "new memory at the forget gate",
                _wrong_step(seen_by_f=lambda old, new: new),
                "The gradient of your forget gate is made with the new memory. What did this gate multiply?",
            ),
            Mistake(
                "bare memory at the output gate",
                _wrong_step(seen_by_o=lambda c, tanh_c: c),
                "The gradient of your output gate is made with the memory itself. What did this gate multiply?",
            ),
            Mistake(
                "output gate left out",
                _wrong_step(through_o=lambda o: 1),
                "From h to the memory you pass the tanh, but something else multiplied it on the way forward. What?",
            ),
        ),
        hints=(
            "Go through the forward step from its last line to its first, and ask for each name: who used it?",
            "The new c is used twice. Add up both gradients before you go on to the gates and to the old c.",
            "Each gate's gradient is that of the memory (or of h) times what the gate multiplied, times its own slope. Put the four side by side "
            "in the order of the blocks; the rest is `rnn.step_backward`.",
        ),
    ),
    Exercise(
        name="lstm.sequence_backward",
        title="An LSTM over a sequence, and back through time",
        difficulty=5,
        minutes=35,
        statement="Write `lstm.sequence` with a way back: return the outputs, the final state and `backward`, which takes the gradients of these two and returns "
        "those of `inputs`, `state` (an LSTMStateTuple), `kernel` and `bias`, in this order. You may use your own `lstm.step_backward`.",
        solution=lstm_sequence_forward,
        reason="Two gradients go back from step to step, that of h through the kernel and that of c along the memory; at each step the one of its "
        "output joins h's. The weights served every step, so theirs are summed over time.",
        cases=(_sequence(4, 6, 3, 5), with_zeros(_sequence(2, 5, 7, 3)), _sequence(3, 1, 4, 2), _sequence(1, 4, 2, 3)),
        results=(
            "outputs: [batch, time, hidden]",
            "final_state.c: [batch, hidden]",
            "final_state.h: [batch, hidden]",
            "backward.d_inputs: [batch, time, input]",
            "backward.d_state.c: [batch, hidden]",
            "backward.d_state.h: [batch, hidden]",
            "backward.d_kernel: [input+hidden, 4*hidden]",
            "backward.d_bias: [4*hidden]",
        ),
        laws=("gradient",),
        seconds=40.0,
        mistakes=(
            Mistake(
                "overwritten, not accumulated",
                _wrong_sequence(accumulate=False),
                "Your weight gradients are those of one step: each step writes over the one before. How many steps used the kernel?",
            ),
            Mistake(
                "gradient from the outputs forgotten",
                _wrong_sequence(outputs=0),
                "The outputs send nothing back in your answer. Which of your lines reads `d_outputs`?",
            ),
            Mistake(
                "gradient from the final state forgotten",
                _wrong_sequence(final=0),
                "The final state sends nothing back in your answer. What does the last step start with on the way back?",
            ),
            Mistake(
                "gradient of the memory not carried",
                _wrong_sequence(carry_c=0),
                "Between the steps you carry the gradient of h alone. Which road through time has no kernel on it?",
            ),
            Mistake(
                "gradient of h not carried",
                _wrong_sequence(carry_h=0),
                "Between the steps you carry the gradient of c alone. What else did the next step's product look at?",
            ),
            Mistake(
                "forward through time",
                _wrong_sequence(direction=1, turn=1),
                "You take the steps from the first to the last. When is the gradient of a state complete?",
            ),
            Mistake(
                "list not turned round",
                _wrong_sequence(turn=1),
                "Your gradients of the inputs run from the last step to the first. In which order did you fill the list?",
            ),
            Mistake(
                "outputs into the memory",
                _wrong_sequence(into_c=True),
                "You add the gradient of an output to that of the memory. Which part of the state was put out?",
            ),
        ),
        hints=(
            "Keep one `backward` for each step on the way forward; on the way back call them from the last to the first.",
            "What comes in at step t? Its output's gradient, and what step t + 1 sent back for c and for h.",
            "Start with the final state's gradient. At each step add `d_outputs[:, t, :]` to the part of h, call the step's backward, keep d_x on a list, "
            "add up the weights' gradients, and go on with the state's.",
        ),
    ),
)
