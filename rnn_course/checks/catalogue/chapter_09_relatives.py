"""Exercises of chapter 09: relatives of the LSTM, each a change of a few lines."""

from functools import partial

from rnn_course.activations import sigmoid
from rnn_course.arrays import array_namespace
from rnn_course.cells import LSTMStateTuple
from rnn_course.checks.catalogue.random_cells import lstm_state, numbers
from rnn_course.checks.exercise import Exercise, Mistake


def peephole_step(x, state, kernel, bias, p_i, p_f, p_o):
    xp = array_namespace(x)
    z = xp.concat([x, state.h], axis=1) @ kernel + bias
    n = p_i.shape[0]
    i, j, f, o = (z[:, k * n : (k + 1) * n] for k in range(4))  # each [batch, hidden]
    c = sigmoid(f + p_f * state.c) * state.c + sigmoid(i + p_i * state.c) * xp.tanh(j)
    return LSTMStateTuple(c=c, h=sigmoid(o + p_o * c) * xp.tanh(c))


def projected_step(x, state, kernel, bias, projection, cell_clip):
    xp = array_namespace(x)
    z = xp.concat([x, state.h], axis=1) @ kernel + bias
    n = projection.shape[0]
    i, j, f, o = (z[:, k * n : (k + 1) * n] for k in range(4))
    c = xp.clip(sigmoid(f) * state.c + sigmoid(i) * xp.tanh(j), -cell_clip, cell_clip)
    return LSTMStateTuple(c=c, h=(sigmoid(o) * xp.tanh(c)) @ projection)


def normalised_gates(z, gamma, beta, eps):
    xp = array_namespace(z)
    n = z.shape[1] // 4
    blocks = []
    for k in range(4):
        block = z[:, k * n : (k + 1) * n]
        centred = block - xp.mean(block, axis=1, keepdims=True)
        variance = xp.mean(centred * centred, axis=1, keepdims=True)
        blocks.append(centred / xp.sqrt(variance + eps))
    return gamma * xp.concat(blocks, axis=1) + beta


def _peepholes(batch, inputs, hidden):
    return lambda rng: (
        numbers(rng, batch, inputs),
        lstm_state(rng, batch, hidden),
        numbers(rng, inputs + hidden, 4 * hidden),
        numbers(rng, 4 * hidden),
        *(numbers(rng, hidden) for _ in range(3)),
    )


def _projected(batch, inputs, hidden, output):
    def case(rng):
        state = LSTMStateTuple(c=2 * numbers(rng, batch, hidden), h=numbers(rng, batch, output))
        kernel, bias = numbers(rng, inputs + output, 4 * hidden), numbers(rng, 4 * hidden)
        return numbers(rng, batch, inputs), state, kernel, bias, numbers(rng, hidden, output), 0.4

    return case


def _pre_activations(batch, hidden, scale=1.0):
    return lambda rng: (
        scale * numbers(rng, batch, 4 * hidden) + 0.5,
        numbers(rng, 4 * hidden),
        numbers(rng, 4 * hidden),
        0.01,
    )


def _peeping(x, state, kernel, bias, p_i, p_f, p_o, *, looks="c", o_sees="new", on_j=False, used="ifo", outside=False):
    """A step with other things behind the peepholes."""
    xp = array_namespace(x)
    z = xp.concat([x, state.h], axis=1) @ kernel + bias
    n = p_i.shape[0]
    i, j, f, o = (z[:, k * n : (k + 1) * n] for k in range(4))
    seen = getattr(state, looks)
    to_i, to_f = p_i * seen if "i" in used else 0 * i, p_f * seen if "f" in used else 0 * f
    opened = [sigmoid(z) + peep if outside else sigmoid(z + peep) for z, peep in ((i, to_i), (f, to_f))]
    c = opened[1] * state.c + opened[0] * xp.tanh(j + p_i * seen if on_j else j)
    o = o + p_o * {"new": c, "old": state.c, "tanh": xp.tanh(c)}[o_sees] if "o" in used else o
    return LSTMStateTuple(c=c, h=sigmoid(o) * xp.tanh(c))


def _projecting(
    x, state, kernel, bias, projection, cell_clip, *, clip="c", project="h", after=lambda xp, h: h, lower=True
):
    """A step that clips or projects something else."""
    xp = array_namespace(x)
    z = xp.concat([x, state.h], axis=1) @ kernel + bias
    n = projection.shape[0]
    i, j, f, o = (z[:, k * n : (k + 1) * n] for k in range(4))

    def cut(value, here):
        return xp.clip(value, -cell_clip if lower else None, cell_clip) if clip == here else value

    c = cut(sigmoid(f) * cut(state.c, "old c") + sigmoid(i) * xp.tanh(j), "c")
    shown = cut(xp.tanh(cut(c, "shown c")), "tanh")
    h = {
        "h": lambda: (sigmoid(o) * shown) @ projection,
        "c": lambda: c @ projection,
        "tanh c": lambda: shown @ projection,
        "gated c": lambda: (sigmoid(o) * c) @ projection,
    }
    return LSTMStateTuple(c=c, h=cut(after(xp, h[project]()), "h"))


def _normalising(
    z, gamma, beta, eps, *, axis=1, together=False, correction=0, inside=True, order="scale last", centre=1, power=0.5
):
    """Layer normalization over something else, with another variance, or with a step left out."""
    xp = array_namespace(z)
    n = z.shape[1] // 4
    parts = [z] if together else [z[:, k * n : (k + 1) * n] for k in range(4)]
    done = []
    for part in parts:
        centred = part - centre * xp.mean(part, axis=axis, keepdims=True)
        variance = xp.sum(centred * centred, axis=axis, keepdims=True) / max(part.shape[axis] - correction, 1)
        done.append(centred / ((variance + eps) ** power if inside else xp.sqrt(variance) + eps))
    normal = xp.concat(done, axis=1)
    return gamma * normal + beta if order == "scale last" else gamma * (normal + beta)


STATE = ("c: [batch, hidden]", "h: [batch, hidden]")

EXERCISES = (
    Exercise(
        name="lstm.peephole",
        title="Gates that see the memory",
        difficulty=3,
        minutes=10,
        statement="Do one step of an LSTM with peepholes. Start from `lstm.step`: z = [x, h] @ kernel + bias, with the blocks i, "
        "j, f, o. Add p_i·c to i and p_f·c to f, where c is the old memory, and p_o·c′ to o, where c′ is the new one. The three "
        "are `[hidden]`, one number a unit. Return the new state, an `LSTMStateTuple`.",
        solution=peephole_step,
        reason="i and f decide about the new memory, so they can only see the old one. When o decides what is shown, the new "
        "one is there.",
        cases=(_peepholes(2, 3, 5), _peepholes(4, 5, 2), _peepholes(1, 2, 1)),
        results=STATE,
        laws=("rows",),
        mistakes=(
            Mistake(
                "o sees the old memory",
                partial(_peeping, o_sees="old"),
                "All your gates look at the same memory. Which memory is there when the output gate decides?",
            ),
            Mistake(
                "o sees the squeezed memory",
                partial(_peeping, o_sees="tanh"),
                "Your output gate looks at tanh of the memory. Is that what the peephole shows?",
            ),
            Mistake(
                "the gates see h",
                partial(_peeping, looks="h"),
                "Your input and forget gate look at h, which the kernel shows them already. What can they not see without peepholes?",
            ),
            Mistake(
                "the candidate sees c too",
                partial(_peeping, on_j=True),
                "You have given a peephole to j. Is it a gate?",
            ),
            Mistake(
                "only o has a peephole",
                partial(_peeping, used="o"),
                "Two of the three peepholes do nothing in your step. Which gates look at the old memory?",
            ),
            Mistake(
                "peepholes exchanged",
                lambda x, state, kernel, bias, p_i, p_f, p_o: peephole_step(x, state, kernel, bias, p_f, p_i, p_o),
                "The peepholes of two gates have changed places. Which of them does each argument name?",
            ),
            Mistake(
                "peephole outside the gate",
                partial(_peeping, outside=True),
                "You add what the peephole shows to a gate that is already open or shut. Can your gate still be a share between 0 and 1?",
            ),
            Mistake(
                "o has no peephole",
                partial(_peeping, used="if"),
                "Your output gate looks at nothing but z. Which argument have you not used?",
            ),
        ),
        hints=(
            "In which order do the gates and the new memory become known?",
            "Three of the four blocks get a term more. For two of them it can be added at once; the third has to wait.",
        ),
    ),
    Exercise(
        name="lstm.projection",
        title="Clip the memory, project the output",
        difficulty=3,
        minutes=10,
        statement="Do one step of an LSTM whose memory is wide and whose output is narrow. The state has c `[batch, hidden]` and h "
        "`[batch, output]`. z = [x, h] @ kernel + bias, with the blocks i, j, f, o of `hidden` columns. The new memory is kept "
        "within ±cell_clip, before the tanh of the output. The new h is σ(o)·tanh(c′) times `projection: [hidden, output]`, "
        "without a bias. Return the new state, an `LSTMStateTuple`.",
        solution=projected_step,
        reason="The clipped memory is the memory: it is what is shown, and what goes on. The projection comes last, after the "
        "output gate, and its result is what the next step reads.",
        cases=(_projected(2, 3, 5, 4), _projected(4, 5, 3, 2), _projected(3, 1, 2, 6)),
        results=("c: [batch, hidden]", "h: [batch, output]"),
        laws=("rows",),
        mistakes=(
            Mistake(
                "not clipped",
                partial(_projecting, clip="nothing"),
                "Your memory grows beyond ±cell_clip. Which argument have you not used?",
            ),
            Mistake(
                "only what is shown is clipped",
                partial(_projecting, clip="shown c"),
                "Your output comes from a clipped memory, but the memory that you hand on is not clipped. Which of them goes to the "
                "next step?",
            ),
            Mistake(
                "the old memory is clipped",
                partial(_projecting, clip="old c"),
                "You clip what comes in. What is added afterwards may lead outside again.",
            ),
            Mistake(
                "clipped after the tanh",
                partial(_projecting, clip="tanh"),
                "You clip the squeezed memory. On which side of the tanh does the clipping belong?",
            ),
            Mistake(
                "the memory is projected",
                partial(_projecting, project="c"),
                "Your output is a projection of the memory itself. What becomes of the output gate and the tanh?",
            ),
            Mistake(
                "projected without the gate",
                partial(_projecting, project="tanh c"),
                "Your output gate does nothing. What is multiplied before it is projected?",
            ),
            Mistake(
                "a tanh after the projection",
                partial(_projecting, after=lambda xp, h: xp.tanh(h)),
                "You squeeze the projected output once more. The projection is a plain product.",
            ),
            Mistake(
                "clipped from above only",
                partial(_projecting, lower=False),
                "Your memory stays below cell_clip, but it may fall as far as it likes. How many bounds has ±cell_clip?",
            ),
            Mistake(
                "output tanh forgotten",
                partial(_projecting, project="gated c"),
                "Your output gate opens on the bare memory. What does the memory go through before it is shown?",
            ),
            Mistake(
                "output clipped too",
                partial(_projecting, after=lambda xp, h: xp.clip(h, -0.4, 0.4)),
                "Your output has bounds of its own. Which of the two arrays of the state is clipped?",
            ),
        ),
        hints=(
            "How wide is a block of z? Look at the projection, not at h.",
            "Clip once, in the line that makes the new memory. Everything after it uses that value.",
        ),
    ),
    Exercise(
        name="lstm.layer_norm",
        title="Gates with layer normalization",
        difficulty=3,
        minutes=10,
        statement="`z: [batch, 4*hidden]` holds the pre-activations of the blocks i, j, f, o. Normalise each block of each row over "
        "its `hidden` numbers: subtract their mean, divide by √(variance + eps), with the biased variance (the mean of the "
        "squares). Then multiply by `gamma: [4*hidden]` and add `beta: [4*hidden]`. Return `[batch, 4*hidden]`.",
        solution=normalised_gates,
        reason="Each gate gets statistics of its own, from one example at one step: nothing depends on the batch or on the "
        "length of a sequence.",
        cases=(_pre_activations(3, 5), _pre_activations(2, 4), _pre_activations(6, 2), _pre_activations(1, 3, 1e4)),
        results=("[batch, 4*hidden]",),
        laws=("rows",),
        mistakes=(
            Mistake(
                "all four together",
                partial(_normalising, together=True),
                "You have normalised the four blocks as one. Should a large candidate make a gate smaller?",
            ),
            Mistake(
                "over the batch",
                partial(_normalising, axis=0),
                "Your statistics come from other rows of the batch. That is batch normalization. Whose numbers does layer "
                "normalization look at?",
            ),
            Mistake(
                "unbiased variance",
                partial(_normalising, correction=1),
                "Your numbers are a little too small. Do you divide the squares by their count, or by one less?",
            ),
            Mistake(
                "eps outside the root",
                partial(_normalising, inside=False),
                "Your eps is added to the standard deviation. Where does it stand in the formula?",
            ),
            Mistake(
                "beta scaled as well",
                partial(_normalising, order="shift first"),
                "Your gamma multiplies beta too. Which of the two comes last?",
            ),
            Mistake(
                "mean not taken off",
                partial(_normalising, centre=0),
                "Your blocks keep their mean. What is taken off before the division?",
            ),
            Mistake(
                "only centred",
                partial(_normalising, power=0),
                "Your blocks are centred, but each keeps its own spread. What makes a wide block as narrow as the others?",
            ),
            Mistake(
                "divided by the variance",
                partial(_normalising, power=1),
                "You divide by the variance. Which power of it has the unit of z?",
            ),
            Mistake(
                "gamma forgotten",
                lambda z, gamma, beta, eps: normalised_gates(z, 0 * gamma + 1, beta, eps),
                "One of the arguments makes no difference to your result. Which?",
            ),
        ),
        hints=(
            "Cut z into its four blocks first.",
            "Mean and variance are taken along the last axis of a block. `keepdims=True` lets the rest broadcast.",
        ),
    ),
)
