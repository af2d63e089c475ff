"""Exercises made for the tests of the engine: a leaky memory, c(t) = c(t−1) / 2 + x(t), and a square."""

import numpy as np

from rnn_course.arrays import array_namespace
from rnn_course.checks.exercise import Exercise, Mistake


def remember(inputs, c, sequence_length):
    """The states of all steps [batch, time, hidden] and the last one [batch, hidden]; a row that is over stays."""
    xp = array_namespace(inputs)
    states = []
    for t in range(inputs.shape[1]):
        c = xp.where((sequence_length > t)[:, None], 0.5 * c + inputs[:, t], c)
        states.append(c)
    return xp.stack(states, axis=1), c


def remember_with(keep=0.5, lengths=True, backwards=False, last="c"):
    """`remember`, with something changed."""

    def answer(inputs, c, sequence_length):
        xp = array_namespace(inputs)
        states, steps = [], range(inputs.shape[1])
        start = c
        for t in reversed(steps) if backwards else steps:
            new = keep * c + inputs[:, t]
            c = xp.where((sequence_length > t)[:, None], new, c) if lengths else new
            states.append(c)
        return xp.stack(states, axis=1), start if last == "start" else c

    return answer


def sequences(batch, time, hidden):
    """Inputs, a first state and lengths, one row full and one empty where there are enough."""

    def case(rng):
        lengths = rng.integers(0, time + 1, batch)
        lengths[0], lengths[-1] = time, min(1, time)
        return rng.standard_normal((batch, time, hidden)), rng.standard_normal((batch, hidden)), lengths

    return case


MEMORY = Exercise(
    name="toy.memory",
    title="A leaky memory",
    difficulty=2,
    minutes=5,
    statement="inputs [batch, time, hidden], c [batch, hidden], sequence_length [batch] -> states, last state.",
    solution=remember,
    reason="Half of what is there stays.",
    cases=(sequences(3, 5, 4), sequences(2, 6, 3), sequences(4, 3, 2)),
    results=("states: [batch, time, hidden]", "c: [batch, hidden]"),
    laws=("rows", "padding"),
    mistakes=(
        Mistake("keeps all", remember_with(keep=1.0), "Nothing is forgotten: what does the memory lose a step?"),
        Mistake(
            "padding counts", remember_with(lengths=False), "You go on past the end: what does a row do that is over?"
        ),
        Mistake("from the end", remember_with(backwards=True), "You begin with the last step: which comes first?"),
    ),
    hints=("Go step by step.", "Carry c."),
)


def square(x, scale):
    """y = scale · x², and its gradient."""

    def backward(d_y):
        return 2 * scale * x * d_y, array_namespace(x).sum(x * x * d_y)

    return scale * x * x, backward


SQUARE = Exercise(
    name="toy.square",
    title="A square and its gradient",
    difficulty=1,
    minutes=5,
    statement="x [batch, hidden], scale [] -> y, backward.",
    solution=square,
    reason="The product rule.",
    cases=(
        lambda rng: (rng.standard_normal((2, 3)), np.array(1.5)),
        lambda rng: (rng.standard_normal((4, 5)), np.array(-2.0)),
    ),
    results=("y: [batch, hidden]", "backward.x: [batch, hidden]", "backward.scale: []"),
    laws=("gradient",),
    mistakes=(),
    hints=("Derive.", "Twice."),
)
