"""The shapes strip at the top of a chapter: the arrays that flow through it, and what leads from one to the next.

STRIPS is the one place where they are declared. Each strip is drawn twice, side by side for a desk and one below the
other for a phone; the page shows the one that fits.
"""

from typing import NamedTuple

from rnn_course.widgets.drawing import arrow, element, text
from tools.diagrams.arrays import HEIGHT, WIDTH, picture
from tools.diagrams.sheet import file


class Shape(NamedTuple):
    """An array: its role in the palette, its name, its axes by name; `by` says what makes it from the one before."""

    role: str
    name: str
    axes: str  # "batch time input"; "" for a single number
    by: str = ""
    loops: bool = False  # the state comes back as an input of the next step
    beside: bool = False  # not made from the one before: another one beside it

    @property
    def written(self) -> str:
        return f"[{', '.join(self.axes.split())}]"


STRIPS: dict[str, tuple[Shape, ...]] = {
    "01": (
        Shape("input", "batch", "batch row column"),
        Shape("input", "vectors", "batch pixel", "reshape"),
        Shape("input", "images", "batch row column channel", "or", beside=True),
        Shape("input", "sequence", "batch time input", "or", beside=True),
    ),
    "02": (
        Shape("input", "vectors", "batch pixel"),
        Shape("state", "hidden", "batch unit", "Dense, ReLU"),
        Shape("output", "logits", "batch class", "Dense"),
        Shape("output", "probabilities", "batch class", "softmax"),
        Shape("output", "loss", "", "−log, mean"),
    ),
    "03": (
        Shape("input", "vectors", "batch pixel"),
        Shape("output", "logits", "batch class", "forward"),
        Shape("output", "loss", "", "forward"),
        Shape("gradient", "d logits", "batch class", "backward"),
        Shape("gradient", "d kernel", "pixel class", "backward"),
    ),
    "04": (
        Shape("input", "images", "batch row column channel"),
        Shape("state", "features", "batch row column filter", "convolution"),
        Shape("state", "pooled", "batch row column filter", "max-pool"),
        Shape("output", "logits", "batch class", "Dense"),
    ),
    "05": (
        Shape("state", "features", "batch row column channel"),
        Shape("state", "groups", "batch row column group channel", "split"),
        Shape("output", "mean, variance", "batch group", "over a group"),
        Shape("state", "normalized", "batch row column channel", "− mean, ÷ deviation"),
    ),
    "06": (
        Shape("input", "rows", "batch time input"),
        Shape("state", "outputs", "batch time hidden", "the cell", loops=True),
        Shape("state", "state", "batch hidden", "last step"),
        Shape("output", "logits", "batch class", "Dense"),
    ),
    "07": (
        Shape("output", "loss", ""),
        Shape("gradient", "d outputs", "batch time hidden", "backward"),
        Shape("gradient", "d state", "batch hidden", "the cell, back", loops=True),
        Shape("gradient", "d kernel", "input+hidden hidden", "sum over time"),
    ),
    "08": (
        Shape("input", "x and h", "batch input+hidden"),
        Shape("i", "i, j, f, o", "batch 4·hidden", "one product"),
        Shape("memory", "c", "batch hidden", "forget, write", loops=True),
        Shape("state", "h", "batch hidden", "tanh, output gate"),
    ),
    "09": (
        Shape("input", "x and h", "batch input+hidden"),
        Shape("i", "r, u", "batch 2·hidden", "gates"),
        Shape("state", "candidate", "batch hidden", "reset by r"),
        Shape("state", "new h", "batch hidden", "mixed by u", loops=True),
    ),
    "10": (
        Shape("input", "inputs", "batch time input"),
        Shape("padding", "lengths", "batch", "and", beside=True),
        Shape("state", "outputs", "batch time hidden", "dynamic_rnn", loops=True),
        Shape("memory", "state: c, h", "batch hidden", "and", beside=True),
    ),
    "11": (
        Shape("input", "inputs", "batch time input"),
        Shape("state", "layer 1", "batch time hidden₁", "cell 1", loops=True),
        Shape("state", "layer 2", "batch time hidden₂", "cell 2", loops=True),
        Shape("memory", "a state a layer", "batch hidden", "and", beside=True),
    ),
    "12": (
        Shape("input", "rows", "batch time input"),
        Shape("state", "h", "batch hidden", "LSTM", loops=True),
        Shape("output", "logits", "batch class", "Dense"),
        Shape("output", "probabilities", "batch class", "softmax"),
    ),
}

WIDE, TALL = 720, 96  # of the strip for a desk
NARROW, ROW, GAP = 320, HEIGHT + 2, 34  # of the one for a phone
LETTER = 5.9  # the width of a letter of the axes, about


def files() -> dict[str, str]:
    """The text of each file, by its path in book/."""
    texts = {}
    for chapter, strip in STRIPS.items():
        for kind, draw in (("", wide), ("_narrow", narrow)):
            width, height, parts = draw(strip)
            classes = f"rc-strip rc-{draw.__name__}"
            texts[f"_diagrams/shapes_{chapter}{kind}.svg"] = file(width, height, words(strip), *parts, kind=classes)
    return texts


def words(strip: tuple[Shape, ...]) -> str:
    """The strip in words."""
    told = [f"{strip[0].name} {strip[0].written}"]
    for shape in strip[1:]:
        back = ", with the state coming back at every step" if shape.loops else ""
        told.append(f"{shape.by} {'' if shape.beside else 'makes '}{shape.name} {shape.written}{back}")
    return f"The arrays of this chapter and their axes: {'; '.join(told)}."


def wide(strip: tuple[Shape, ...]) -> tuple[int, int, list[str]]:
    """Side by side: width, height, parts."""
    slot = WIDE / len(strip)
    middle = 18 + HEIGHT / 2
    parts = []
    for number, shape in enumerate(strip):
        x = slot * (number + 0.5)
        lines = broken(shape.written, slot)
        parts.append(picture(shape.role, len(shape.axes.split()), x, middle))
        parts.append(name(shape, x, middle + HEIGHT / 2 + 17))
        parts += [
            text(x, middle + HEIGHT / 2 + 31 + 13 * line, words, class_="rc-label rc-axes")
            for line, words in enumerate(lines)
        ]
        if number:
            start, end = x - slot + WIDTH / 2 + 5, x - WIDTH / 2 - 5
            parts.append(link(shape, start, end, middle))
    most = max(len(broken(shape.written, slot)) for shape in strip)
    return WIDE, TALL + 13 * (most - 1), parts


def link(shape: Shape, start: float, end: float, y: float) -> str:
    """What leads to a shape from the one before it, with its name above; only the name if it stands beside it."""
    x = (start + end) / 2
    if shape.beside:
        return text(x, y + 4, shape.by)
    role = "gradient" if shape.role == "gradient" else "ink"
    parts = [arrow(role, (start, y), (end, y)), text(x, y - 7, shape.by)]
    if shape.loops:
        parts.append(loop(x, y + 5, shape))
    return "".join(parts)


def loop(x: float, y: float, shape: Shape) -> str:
    """A small arrow that comes back: the state, once more an input."""
    role = shape.role if shape.role in ("memory", "gradient") else "state"
    curve = f"M{x + 14:.1f} {y:.1f}c6 18 -34 18 -28 5"
    tip = f"M{x - 14:.1f} {y - 1:.1f}l-4.5 7.5h9Z"
    dashes = {"stroke_dasharray": "4 3"} if role == "gradient" else {}
    return element(
        "g",
        element("path", d=curve, class_="rc-wire", **dashes),
        element("path", d=tip, class_="rc-pixel"),
        class_=f"rc-{role}",
    )


def narrow(strip: tuple[Shape, ...]) -> tuple[int, int, list[str]]:
    """One below the other: width, height, parts."""
    parts = []
    for number, shape in enumerate(strip):
        y = 4 + ROW / 2 + number * (ROW + GAP)
        parts.append(picture(shape.role, len(shape.axes.split()), 40, y))
        parts.append(name(shape, 88, y - 4, class_="rc-name rc-start"))
        parts.append(text(88, y + 13, shape.written, class_="rc-label rc-axes rc-start"))
        if number:
            start, end = y - ROW / 2 - GAP + 3, y - ROW / 2 - 3
            if not shape.beside:
                role = "gradient" if shape.role == "gradient" else "ink"
                parts.append(arrow(role, (40, start), (40, end)))
            parts.append(text(60 if not shape.beside else 40, (start + end) / 2 + 4, shape.by, class_=beside(shape)))
            if shape.loops:
                parts.append(loop(60 + 6.2 * len(shape.by) + 26, (start + end) / 2 - 6, shape))
    return NARROW, 8 + len(strip) * ROW + (len(strip) - 1) * GAP, parts


def beside(shape: Shape) -> str:
    return "rc-label" if shape.beside else "rc-label rc-start"


def name(shape: Shape, x: float, y: float, class_: str = "rc-name") -> str:
    return element("g", text(x, y, shape.name, class_=class_), class_=f"rc-{shape.role}")


def broken(written: str, width: float) -> list[str]:
    """The axes on one line, or on two where they are too long for it."""
    if LETTER * len(written) <= width - 4:
        return [written]
    axes = written.split(", ")
    half = (len(axes) + 1) // 2
    return [", ".join(axes[:half]) + ",", ", ".join(axes[half:])]
