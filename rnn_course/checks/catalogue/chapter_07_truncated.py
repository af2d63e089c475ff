"""The last exercise of chapter 07, backpropagation through time: truncated, with the state carried on."""

from rnn_course.arrays import array_namespace
from rnn_course.checks.catalogue.cases import with_zeros
from rnn_course.checks.catalogue.chapter_06 import random_weights
from rnn_course.checks.exercise import Exercise, Mistake


def truncated_backward(inputs, h, kernel, bias, d_outputs, chunk):
    xp = array_namespace(inputs)
    states = [h]
    for t in range(inputs.shape[1]):
        xh = xp.concat([inputs[:, t, :], states[t]], axis=1)  # [batch, input + hidden]
        states.append(xp.tanh(xh @ kernel + bias))

    d_h, d_kernel, d_bias = 0 * h, 0 * kernel, 0 * bias
    for t in reversed(range(inputs.shape[1])):
        d_z = (d_outputs[:, t, :] + d_h) * (1 - states[t + 1] ** 2)
        xh = xp.concat([inputs[:, t, :], states[t]], axis=1)
        d_kernel, d_bias = d_kernel + xh.T @ d_z, d_bias + xp.sum(d_z, axis=0)
        d_h = (d_z @ kernel.T)[:, inputs.shape[2] :]
        if t % chunk == 0:  # the first step of a chunk: nothing goes further back
            d_h = 0 * d_h
    return d_kernel, d_bias, states[-1]


def _sequence(batch, time, input_size, hidden_size, chunk):
    return lambda rng: (
        rng.standard_normal((batch, time, input_size)),
        rng.standard_normal((batch, hidden_size)),
        *random_weights(rng, input_size + hidden_size, hidden_size, huge=False),
        rng.standard_normal((batch, time, hidden_size)),
        chunk,
    )


def _chunks(inputs, chunk):
    return range(0, inputs.shape[1], chunk)


def _whole(inputs, h, kernel, bias, d_outputs, chunk):
    return truncated_backward(inputs, h, kernel, bias, d_outputs, inputs.shape[1])


def _state_set_back(inputs, h, kernel, bias, d_outputs, chunk):
    d_kernel, d_bias, state = 0 * kernel, 0 * bias, h
    for start in _chunks(inputs, chunk):
        piece = slice(start, start + chunk)
        d_k, d_b, state = _whole(inputs[:, piece, :], h, kernel, bias, d_outputs[:, piece, :], chunk)
        d_kernel, d_bias = d_kernel + d_k, d_bias + d_b
    return d_kernel, d_bias, state


def _last_chunk(inputs, h, kernel, bias, d_outputs, chunk):
    start = _chunks(inputs, chunk)[-1]
    before = 0 * d_outputs[:, :start, :]
    rest = array_namespace(inputs).concat([before, d_outputs[:, start:, :]], axis=1)
    return truncated_backward(inputs, h, kernel, bias, rest, chunk)


def _borders(cut):
    """Truncated at other places: `cut(t, time, chunk)` says whether nothing goes back from step t."""

    def answer(inputs, h, kernel, bias, d_outputs, chunk):
        xp, time = array_namespace(inputs), inputs.shape[1]
        states = [h]
        for t in range(time):
            states.append(xp.tanh(xp.concat([inputs[:, t, :], states[t]], axis=1) @ kernel + bias))
        d_h, d_kernel, d_bias = 0 * h, 0 * kernel, 0 * bias
        for t in reversed(range(time)):
            d_z = (d_outputs[:, t, :] + d_h) * (1 - states[t + 1] ** 2)
            xh = xp.concat([inputs[:, t, :], states[t]], axis=1)
            d_kernel, d_bias = d_kernel + xh.T @ d_z, d_bias + xp.sum(d_z, axis=0)
            d_h = (d_z @ kernel.T)[:, inputs.shape[2] :] * (0 if cut(t, time, chunk) else 1)
        return d_kernel, d_bias, states[-1]

    return answer


def _window(inputs, h, kernel, bias, d_outputs, chunk):
    """The loss of every step goes back `chunk` steps, wherever it stands."""
    d_kernel, d_bias, state = 0 * kernel, 0 * bias, h
    seen = [h]
    for t in range(inputs.shape[1]):
        state = _whole(inputs[:, t : t + 1, :], state, kernel, bias, d_outputs[:, t : t + 1, :], 1)[2]
        seen.append(state)
    for end in range(1, inputs.shape[1] + 1):
        start = max(0, end - chunk)
        own = 0 * d_outputs[:, start:end, :]
        own[:, -1, :] = d_outputs[:, end - 1, :]
        d_k, d_b, _ = _whole(inputs[:, start:end, :], seen[start], kernel, bias, own, chunk)
        d_kernel, d_bias = d_kernel + d_k, d_bias + d_b
    return d_kernel, d_bias, state


def _rest_dropped(inputs, h, kernel, bias, d_outputs, chunk):
    whole = inputs.shape[1] // chunk * chunk
    return truncated_backward(inputs[:, :whole, :], h, kernel, bias, d_outputs[:, :whole, :], chunk)


def _averaged(inputs, h, kernel, bias, d_outputs, chunk):
    d_kernel, d_bias, state = truncated_backward(inputs, h, kernel, bias, d_outputs, chunk)
    return d_kernel / len(_chunks(inputs, chunk)), d_bias / len(_chunks(inputs, chunk)), state


EXERCISES = (
    Exercise(
        name="bptt.truncated",
        title="Truncated: the state goes on, the gradient stops",
        difficulty=4,
        minutes=20,
        statement="Run a tanh BasicRNNCell over `inputs: [batch, time, input]` from `h: [batch, hidden]`. The steps are cut into chunks of `chunk` steps from "
        "the first on; the last one may be shorter. The state is carried across the borders, but no gradient crosses them. With `d_outputs: "
        "[batch, time, hidden]` return `d_kernel` and `d_bias`, summed over all chunks, and the final state.",
        solution=truncated_backward,
        reason="Forward is exact, since the state is carried. Backward, the first step of each chunk treats its old state as a given number, as `detach` "
        "does in Torch. Whatever a state did to losses beyond its own chunk is missing from the gradient.",
        cases=(
            _sequence(4, 7, 3, 5, 3),
            with_zeros(_sequence(2, 6, 5, 3, 2)),
            _sequence(3, 5, 2, 4, 4),
            _sequence(1, 4, 2, 3, 4),
        ),
        results=("d_kernel: [input+hidden, hidden]", "d_bias: [hidden]", "final_h: [batch, hidden]"),
        seconds=30.0,
        mistakes=(
            Mistake(
                "not cut",
                _whole,
                "Your gradient goes back through the whole sequence. Where does it have to stop?",
            ),
            Mistake(
                "state set back",
                _state_set_back,
                "Every chunk of yours starts from the initial state. Is it the state or the gradient that stops at a border?",
            ),
            Mistake(
                "only the last chunk",
                _last_chunk,
                "Only the losses of the last chunk are heard in your answer. What about those of the others?",
            ),
            Mistake(
                "cut at every step",
                _borders(lambda t, time, chunk: True),
                "No step of yours hears the one after it. How far may a gradient travel within a chunk?",
            ),
            Mistake(
                "cut one step late",
                _borders(lambda t, time, chunk: (t + 1) % chunk == 0),
                "You stop the gradient at the wrong side of the last step of a chunk. Between which two steps does a border lie?",
            ),
            Mistake(
                "chunks counted from the end",
                _borders(lambda t, time, chunk: (time - t) % chunk == 0),
                "Your chunks are counted from the last step. Where does the first one begin, and which may be shorter?",
            ),
            Mistake(
                "averaged over the chunks",
                _averaged,
                "You divided by the number of chunks. What was asked for, a sum or a mean?",
            ),
            Mistake(
                "a window for every step",
                _window,
                "The loss of each step of yours goes back `chunk` steps from where it stands. Where do the borders lie: fixed in the sequence, or moving along with the step?",
            ),
            Mistake(
                "shorter chunk dropped",
                _rest_dropped,
                "You read whole chunks only. What becomes of the steps that are left at the end?",
            ),
        ),
        hints=(
            "Write the ordinary backward through time first. Truncation changes one line of it.",
            "Which steps are the first of a chunk? Think of t as a number that is divided by `chunk`.",
            "At such a step everything is computed as usual, but what it would hand to the step before becomes zero.",
        ),
    ),
)
