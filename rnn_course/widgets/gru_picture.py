"""The picture of two GRU units: the state on top, its two gates below, the candidate on the right.

The reset is drawn twice, before and after the product with the candidate's kernel: the node × and the kernel change
places. One of the two groups is shown; gru_cell.js shows the other one.
"""

from collections.abc import Mapping

from rnn_course.widgets.drawing import (
    HEIGHT,
    Number,
    arrow,
    cell,
    drawing,
    element,
    gate,
    hatched,
    operation,
    show,
    text,
)

LIKE = {"r": "o", "u": "f", "n": "j"}  # the role of the LSTM that does the same job; what writes, 1 − u, is like i
R, U, N = 62, 150, 292  # the middle of both gates and of the candidate
FROM_H, FROM_X = 246, 356  # where h and x go up to the candidate
CONVEYOR, MIX, CANDIDATE, BEFORE_TANH = 46, 92, 140, 180
UPPER, LOWER, AGAIN = 226, 276, 314  # the two places of the reset and the kernel; x and h once more
GATE, BEFORE_SIGMA, KERNEL, BELOW = 322, 358, 398, 442
WIDTH, HALF, APART = 398, 38, 19  # the picture; a cell of a pair; a unit from the middle of its pair


def draw(numbers: Mapping[str, Number], reset_after: bool) -> str:
    """The picture with these numbers; their names are those of `numbers` in gru_cell.py."""
    parts = [
        # the state goes straight on: what is kept of h, and what is added to it
        *(_band(k, 78, U, 1.0) + _band(k, U, 322, numbers[f"u.{k}"]) for k in (0, 1)),
        _pair("state", 40, CONVEYOR - HEIGHT / 2, "h", numbers),
        _pair("state", 360, CONVEYOR - HEIGHT / 2, "new", numbers),
        text(2, CONVEYOR - 18, "h, the state", class_="rc-name rc-start rc-state"),
        text(WIDTH, CONVEYOR - 18, "h′, the output", class_="rc-name rc-end rc-state"),
        _values("state", 218, CONVEYOR - 12, "kept", "kept", numbers),
        # u keeps, 1 − u writes
        *_gates("u", U, GATE, numbers),
        arrow("f", (U, GATE - 24), (U, CONVEYOR + 10)),
        arrow("i", (U, MIX), (N - 9, MIX)),
        element("g", element("rect", x=162, y=MIX - 10, width=108, height=20, rx=3), class_="rc-function"),
        _values("i", 216, MIX + 4, "1 − u", "rest", numbers),
        arrow("j", (N, CANDIDATE - 23), (N, MIX + 10)),
        arrow("ink", (N, MIX - 9), (N, CONVEYOR + 10)),
        _values("ink", N - 8, MIX - 19, "written", "written", numbers, class_="rc-end"),
        # the candidate, from its pre-activation
        *_gates("n", N, CANDIDATE, numbers),
        _pair("j", N, BEFORE_TANH, "before.n", numbers),
        *(arrow("j", (x, BEFORE_TANH), (x, CANDIDATE + 17)) for x in (N - APART, N + APART)),
        text(WIDTH, BEFORE_TANH + 15, "before tanh", class_="rc-label rc-end"),
        # r, and where it acts
        *_gates("r", R, GATE, numbers),
        _hidden_unless(not reset_after, "before", *_reset_before(numbers)),
        _hidden_unless(reset_after, "after", *_reset_after(numbers)),
        _pair("state", FROM_H, AGAIN, "h", numbers),
        cell("input", FROM_X - 22, AGAIN, numbers["x"], "x"),
        text((FROM_H + FROM_X) / 2 - 6, AGAIN + 36, "the same h and x", class_="rc-label"),
        # both gates in one product
        *(_up_to_gate(name, middle, numbers) for name, middle in (("r", R), ("u", U))),
        text(U + 42, BEFORE_SIGMA + 15, "before σ", class_="rc-label rc-start"),
        hatched("weights", 20, KERNEL, 172, 22, "gates_kernel, gates_bias"),
        arrow("input", (R, BELOW), (R, KERNEL + 24)),
        arrow("state", (U, BELOW), (U, KERNEL + 24)),
        cell("input", R - 22, BELOW, numbers["x"], "x"),
        _pair("state", U, BELOW, "h", numbers),
        text(R - 31, BELOW + 15, "x", class_="rc-name rc-input"),
        text(U - 46, BELOW + 15, "h", class_="rc-name rc-state"),
        operation(U, CONVEYOR, "×"),
        operation(N, CONVEYOR, "+"),
        operation(N, MIX, "×"),
    ]
    return drawing(WIDTH, BELOW + HEIGHT + 4, describe(numbers, reset_after), *parts)


def describe(numbers: Mapping[str, Number], reset_after: bool) -> str:
    """The picture in words; `describe` of gru_cell.js says the same."""
    both = {
        name: f"{show(numbers[f'{name}.0'])} and {show(numbers[f'{name}.1'])}" for name in ("h", "r", "u", "n", "new")
    }
    place = "after" if reset_after else "before"
    return (
        f"Two GRU units; the reset acts {place} the product. The old h is {both['h']}. "
        f"The reset gates are {both['r']}, the candidates {both['n']}. "
        f"The update gates keep {both['u']} of the old h: the new h is {both['new']}."
    )


def _reset_before(numbers: Mapping[str, Number]) -> list[str]:
    return [
        _from_r(LOWER),
        arrow("state", (FROM_H, AGAIN), (FROM_H, LOWER + 10)),
        arrow("state", (FROM_H, LOWER - 9), (FROM_H, UPPER + 12)),
        _values("state", FROM_H + 6, (UPPER + LOWER) / 2 + 6, "r·h", "shown", numbers, class_="rc-start"),
        arrow("input", (FROM_X, AGAIN), (FROM_X, UPPER + 12)),
        hatched("weights", 222, UPPER - 11, 164, 22, "candidate_kernel, bias"),
        arrow("j", (N, UPPER - 11), (N, BEFORE_TANH + HEIGHT + 1)),
        operation(FROM_H, LOWER, "×"),
    ]


def _reset_after(numbers: Mapping[str, Number]) -> list[str]:
    return [
        arrow("state", (FROM_H, AGAIN), (FROM_H, LOWER + 12)),
        arrow("input", (FROM_X, AGAIN), (FROM_X, LOWER + 12)),
        hatched("weights", 222, LOWER - 11, 164, 22, "candidate_kernel, biases"),
        arrow("state", (FROM_H, LOWER - 11), (FROM_H, UPPER + 10)),
        _values("state", FROM_H + 6, (UPPER + LOWER) / 2 + 1, "from h", "heard", numbers, class_="rc-start"),
        _from_r(UPPER),
        arrow("j", (FROM_H + 9, UPPER), (N - 9, UPPER)),
        arrow("input", (FROM_X, LOWER - 11), (FROM_X, UPPER), (N + 9, UPPER)),
        arrow("j", (N, UPPER - 9), (N, BEFORE_TANH + HEIGHT + 1)),
        operation(FROM_H, UPPER, "×"),
        operation(N, UPPER, "+"),
    ]


def _hidden_unless(shown: bool, place: str, *parts: str) -> str:
    return element("g", *parts, class_=f"rc-reset-{place}", **({} if shown else {"display": "none"}))


def _from_r(y: Number) -> str:
    """From the reset gate up and to the right, with a bridge over the line of u."""
    bridge = [(U - 7, y), (U - 6, y - 4), (U - 4, y - 6), (U, y - 7), (U + 4, y - 6), (U + 6, y - 4), (U + 7, y)]
    return arrow("o", (R, GATE - 24), (R, y), *bridge, (FROM_H - 9, y))


def _gates(name: str, x: Number, y: Number, numbers: Mapping[str, Number]) -> list[str]:
    """A gate for each unit, joined by a bracket, and the letter."""
    role = LIKE[name]
    left, right = x - APART, x + APART
    bracket = element("polyline", points=f"{left},{y - 17} {left},{y - 23} {right},{y - 23} {right},{y - 17}")
    both = [
        gate(role, x + side, y, numbers[f"{name}.{k}"], f"{name}.{k}", radius=16)
        for k, side in ((0, -APART), (1, APART))
    ]
    return [
        element("g", bracket, class_=f"rc-arrow rc-{role}"),
        element("g", *both, class_="rc-gru-pair"),
        text(x - 8, y - 28, name, class_=f"rc-name rc-end rc-{role}"),
    ]


def _up_to_gate(name: str, x: Number, numbers: Mapping[str, Number]) -> str:
    role = LIKE[name]
    lines = [
        arrow(role, (x + side, KERNEL), (x + side, BEFORE_SIGMA + HEIGHT + 1))
        + arrow(role, (x + side, BEFORE_SIGMA), (x + side, GATE + 18))
        for side in (-APART, APART)
    ]
    return "".join(lines) + _pair(role, x, BEFORE_SIGMA, f"before.{name}", numbers)


def _pair(role: str, x: Number, y: Number, name: str, numbers: Mapping[str, Number]) -> str:
    """The numbers of both units side by side, their middle at x."""
    return "".join(cell(role, x + (k - 1) * HALF, y, numbers[f"{name}.{k}"], f"{name}.{k}", width=HALF) for k in (0, 1))


def _values(
    role: str, x: Number, y: Number, words: str, name: str, numbers: Mapping[str, Number], class_: str = ""
) -> str:
    """Two numbers that travel along a line, beside it."""
    both = [
        element("tspan", show(numbers[f"{name}.{k}"]), data_name=f"{name}.{k}", class_="rc-value", dx=4) for k in (0, 1)
    ]
    return element("text", words, *both, x=x, y=y, class_=f"rc-label rc-{role} {class_}".strip())


def _band(unit: int, start: Number, end: Number, kept: Number) -> str:
    """A piece of one unit's conveyor, as wide as what is kept."""
    y = CONVEYOR - 4 + 8 * unit
    class_ = f"rc-conveyor rc-state rc-unit-{unit}"
    return element("polyline", points=f"{start},{y} {end},{y}", class_=class_, style=f"stroke-width:{7 * kept:.2f}px")
