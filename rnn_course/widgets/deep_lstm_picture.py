"""The picture of a deep LSTM: layers from the bottom to the top, each with its state before it and after it."""

from collections.abc import Mapping, Sequence

from rnn_course.widgets.deep_lstm_parts import Part
from rnn_course.widgets.drawing import CORNER, HEIGHT, Number, arrow, drawing, element, hatched, text

SIDE, BOX, GAP, TALL, PITCH = 94, 104, 46, 74, 122  # a state, a layer, between them; a layer's height, to the next
LEFT = 2
MIDDLE = LEFT + SIDE + GAP  # where the layers begin
RIGHT = MIDDLE + BOX + GAP
WIDTH = RIGHT + SIDE + 2
TOP = 62


def draw(parts: Sequence[Part], shapes: Mapping[str, str], over_time: bool, chosen: str, described: str) -> str:
    """The picture; `shapes` are the words behind each part's label."""
    layers = sum(part.name.startswith("kernel") for part in parts)
    by_name = {part.name: part for part in parts}

    def at(k: int) -> Number:
        return TOP + (layers - 1 - k) * PITCH

    def part(name: str, *drawn: str) -> str:
        marked = by_name[chosen].also if chosen in by_name else ()
        on = " rc-on" if name == chosen else " rc-same" if name in marked else ""
        return element("g", *drawn, class_=f"rc-part rc-{by_name[name].role}{on}", data_part=name)

    def plate(name: str, x: Number, y: Number, width: Number) -> str:
        view = by_name[name].whole if over_time else by_name[name].step
        role = by_name[name].role
        box = element("rect", x=x, y=y, width=width, height=HEIGHT, rx=CORNER.get(role, 0))
        words = text(x + width / 2, y + 15, f"{view.label} {shapes[name]}", class_="rc-label", data_name=name)
        return box + words

    drawn = []
    center = MIDDLE + BOX / 2
    for k in range(layers):
        y = at(k)
        c, h = y + 12, y + TALL - HEIGHT - 4
        drawn += [
            element("rect", x=MIDDLE, y=y, width=BOX, height=TALL, rx=4, class_="rc-layer"),
            text(center, y + 18, f"layer {k}: LSTM"),
            _loop(y),
            _group(part, by_name, f"in{k}", LEFT, y, over_time, SIDE),
            _group(part, by_name, f"out{k}", RIGHT, y, over_time, SIDE),
        ]
        for name, role, height in ((f"in{k}.c", "memory", c), (f"in{k}.h", "state", h)):
            line = arrow(role, (LEFT + SIDE, height + HEIGHT / 2), (MIDDLE, height + HEIGHT / 2))
            drawn.append(part(name, plate(name, LEFT, height, SIDE), line))
        for name, role, height in ((f"out{k}.c", "memory", c), (f"out{k}.h", "state", h)):
            line = arrow(role, (MIDDLE + BOX, height + HEIGHT / 2), (RIGHT - 1, height + HEIGHT / 2))
            drawn.append(part(name, plate(name, RIGHT, height, SIDE), line))
        drawn.append(part(f"kernel{k}", hatched("weights", MIDDLE + 4, y + 28, BOX - 8, 28, shapes[f"kernel{k}"])))
        name = f"up{k}" if k + 1 < layers else "output"
        line = arrow("state", (center, y), (center, y - (PITCH - TALL) + 2 if k + 1 < layers else y - 20))
        if k + 1 < layers:
            drawn.append(part(name, line, plate(name, center + 8, y - 36, SIDE + 30)))
        else:
            drawn.append(part(name, line, plate(name, center - 66, y - 42, 132)))
    below = at(0) + TALL
    line = arrow("input", (center, below + 26), (center, below + 2))
    drawn.append(part("x", line, plate("x", center - 66, below + 26, 132)))
    for name, x in (("in", LEFT), ("out", RIGHT)):
        drawn.append(_group(part, by_name, name, x, TOP - 30, over_time, SIDE))
    stack = element("g", *drawn, class_="rc-stack rc-over-time" if over_time else "rc-stack")
    return drawing(WIDTH, below + 26 + HEIGHT + 4, described, stack)


def _group(part, by_name: Mapping[str, Part], name: str, x: Number, y: Number, over_time: bool, width: Number) -> str:
    """The name of a pair or of a tuple, above what it consists of."""
    view = by_name[name].whole if over_time else by_name[name].step
    box = element("rect", x=x, y=y - 14, width=width, height=20, rx=3, class_="rc-target")
    return part(name, box, text(x + width / 2, y, view.expression, class_="rc-label", data_name=name))


def _loop(y: Number) -> str:
    """From a step to the next: out of the layer, under it, and in again."""
    way = [(MIDDLE + BOX, y + 40), (MIDDLE + BOX + 22, y + 40), (MIDDLE + BOX + 22, y + TALL + 9)]
    way += [(MIDDLE - 22, y + TALL + 9), (MIDDLE - 22, y + 40), (MIDDLE, y + 40)]
    return element("g", arrow("ink", *way), class_="rc-loop")
