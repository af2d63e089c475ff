"""The picture of one LSTM unit: the conveyor of the memory on top, the gates i, j, f, o below, one kernel for all."""

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

AT = {"i": 84, "j": 148, "f": 212, "o": 299}  # the middle of each gate, in their order
NAMES = {"i": "input gate", "j": "new input", "f": "forget gate", "o": "output gate"}
CONVEYOR, WRITE, MULTIPLY, GATE, BEFORE, KERNEL, BELOW = 52, 92, 126, 190, 238, 282, 330
ADD, WIDTH, RIGHT = 257, 376, 330  # where the new memory is added; the picture; its last column


def draw(numbers: Mapping[str, Number]) -> str:
    """The picture with these numbers; their names are those of `numbers` in lstm_cell.py."""
    f, o = AT["f"], AT["o"]
    middle = (AT["i"] + AT["j"]) / 2
    parts = [
        # the conveyor: what is kept of c, what is added to it
        _band(48, f, 1.0),
        _band(f, RIGHT, numbers["open.f"]),
        _pill(2, "c", numbers["c"], "c, the memory"),
        _pill(RIGHT, "new.c", numbers["new.c"], "c′"),
        _value("memory", (f + ADD) / 2 + 2, CONVEYOR - 32, "kept", numbers["kept"], "kept"),
        # σ(i)·tanh(j) is written: a line from their product to the sum, with a bridge over f
        arrow("i", (AT["i"], GATE - 25), (AT["i"], MULTIPLY), (middle - 9, MULTIPLY)),
        arrow("j", (AT["j"], GATE - 23), (AT["j"], MULTIPLY), (middle + 9, MULTIPLY)),
        _bridge(middle, f),
        arrow("ink", (ADD - 18, WRITE), (ADD, WRITE), (ADD, CONVEYOR + 10)),
        _value("ink", middle + 46, WRITE - 20, "written", numbers["written"], "written"),
        # f keeps or forgets, o lets out
        arrow("f", (f, GATE - 25), (f, CONVEYOR + 10)),
        arrow("memory", (o, CONVEYOR), (o, MULTIPLY - 10)),
        _plate(o, 84, "tanh", numbers["tanh"]),
        arrow("o", (o, GATE - 25), (o, MULTIPLY + 10)),
        arrow("state", (o + 9, MULTIPLY), (RIGHT - 1, MULTIPLY)),
        cell("state", RIGHT, MULTIPLY - HEIGHT / 2, numbers["new.h"], "new.h"),
        text(RIGHT + 22, MULTIPLY - 16, "h′", class_="rc-name rc-state"),
        text(RIGHT + 22, MULTIPLY + 25, "also the"),
        text(RIGHT + 22, MULTIPLY + 38, "output"),
        *(operation(x, y, sign) for x, y, sign in ((middle, MULTIPLY, "×"), (f, CONVEYOR, "×"))),
        operation(ADD, CONVEYOR, "+"),
        operation(o, MULTIPLY, "×"),
        *(part for name in AT for part in _gate(name, numbers)),
        # x and h below
        hatched("weights", 46, KERNEL, 290, 22, "kernel and bias: one product for all four"),
        arrow("input", (100, BELOW), (100, KERNEL + 24)),
        arrow("state", (230, BELOW), (230, KERNEL + 24)),
        cell("input", 78, BELOW, numbers["x"], "x"),
        cell("state", 208, BELOW, numbers["h"], "h"),
        text(70, BELOW + 15, "x", class_="rc-name rc-input"),
        text(200, BELOW + 15, "h", class_="rc-name rc-state"),
        text(128, BELOW + 15, "the input", class_="rc-label rc-start"),
        text(258, BELOW + 15, "the old output", class_="rc-label rc-start"),
    ]
    return drawing(WIDTH, BELOW + HEIGHT + 4, describe(numbers), *parts)


def describe(numbers: Mapping[str, Number]) -> str:
    """The picture in words; `describe` of lstm_cell.js says the same."""
    n = {name: show(value) for name, value in numbers.items()}
    return (
        f"One LSTM unit. The input gate lets in {n['open.i']} of the new input {n['open.j']}: {n['written']} is "
        f"written. The forget gate keeps {n['open.f']} of the memory {n['c']}: {n['kept']} is kept. "
        f"The new memory is {n['new.c']}. "
        f"The output gate lets out {n['open.o']} of its tanh, {n['tanh']}: the new h is {n['new.h']}."
    )


def _gate(name: str, numbers: Mapping[str, Number]) -> list[str]:
    """From the kernel up: the pre-activation, the gate, what it is called."""
    x = AT[name]
    function = "tanh(j)" if name == "j" else f"σ({name})"
    return [
        arrow(name, (x, KERNEL), (x, BEFORE + HEIGHT + 1)),
        cell(name, x - 18, BEFORE, numbers[name], name),
        text(x - 26, BEFORE + 15, name, class_=f"rc-name rc-{name}"),
        arrow(name, (x, BEFORE), (x, GATE + 26)),
        gate(name, x, GATE, numbers[f"open.{name}"], f"open.{name}"),
        text(x - 6, GATE - 31, function, class_=f"rc-name rc-end rc-{name}"),
    ]


def _band(start: Number, end: Number, kept: Number) -> str:
    """A piece of the conveyor, as wide as what is kept."""
    line = f"{start},{CONVEYOR} {end},{CONVEYOR}"
    return element("polyline", points=line, class_="rc-conveyor rc-memory", style=f"stroke-width:{12 * kept:.2f}px")


def _pill(x: Number, name: str, value: Number, words: str) -> str:
    label = text(x, CONVEYOR - 20, words, class_="rc-name rc-start rc-memory")
    return label + cell("memory", x, CONVEYOR - HEIGHT / 2, value, name)


def _value(role: str, x: Number, y: Number, name: str, value: Number, words: str) -> str:
    """A number that travels along a line, above it."""
    number = element("tspan", show(value), data_name=name, class_="rc-value")
    return element("text", f"{words} ", number, x=x, y=y + 12, class_=f"rc-label rc-{role}")


def _bridge(start: Number, over: Number) -> str:
    """From a product up and to the right, over the line of the forget gate."""
    line = f"M{start} {MULTIPLY - 9} V{WRITE} H{over - 7} a7 7 0 0 1 14 0 H{ADD - 18}"
    return element("g", element("path", d=line), class_="rc-line")


def _plate(x: Number, y: Number, words: str, value: Number) -> str:
    """A function on the way: its name and what comes out."""
    box = element("rect", x=x - 30, y=y - 8, width=60, height=20, rx=3)
    number = element("tspan", show(value), data_name="tanh", class_="rc-value")
    return element(
        "g", box, element("text", f"{words} ", number, x=x, y=y + 6, class_="rc-label"), class_="rc-function"
    )
