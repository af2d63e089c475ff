"""The three views of a digit, as the first page shows them; the logo and the icon of the book."""

from rnn_course.widgets.drawing import element, text
from tools.diagrams.arrays import short
from tools.diagrams.sheet import file

THREE = ("..###..", ".#...#.", ".....#.", "...##..", ".....#.", ".#...#.", "..###..")  # the digit, 7 rows of 7 pixels
WIDTH, HEIGHT = 260, 170
SEEN = {
    "vector": "Vector: a long strip of pixels; lines lead from many of them to each of four units, and from there to "
    "the answer, three.",
    "image": "Image: a grid of pixels that shows the digit three; a window of three by three pixels leads to one cell "
    "of a smaller grid, and from there to the answer, three.",
    "sequence": "Sequence: the same digit cut into rows; each row leads into a state, each state into the next one, "
    "and the last one to the answer, three.",
}


def files() -> dict[str, str]:
    """The text of each file, by its path in book/."""
    views = {"vector": vector(), "image": image(), "sequence": sequence()}
    texts = {
        f"_diagrams/view_{name}.svg": file(WIDTH, HEIGHT, SEEN[name], *parts, kind="rc-view")
        for name, parts in views.items()
    }
    return texts | {"_assets/logo.svg": logo(), "_assets/favicon.svg": favicon()}


def vector() -> list[str]:
    """24 of the 784 pixels, four units, one answer; each pixel has its own weight to each unit."""
    ink = (2, 3, 6, 10, 11, 12, 15, 19, 20)
    units = (70, 110, 150, 190)
    wires = "".join(f"M{15 + 10 * pixel} 36L{unit} 88" for unit in units for pixel in (1, 6, 11, 17, 22))
    wires += "".join(f"M{unit} 96L130 136" for unit in units)
    return [
        pixels([(10 + 10 * k, 20, 10, 16) for k in ink]),
        grid(10, 20, 24, 1, 10, 16),
        wire(wires),
        *(unit(x, 92) for x in units),
        text(130, 160, "3", class_="rc-answer"),
        text(222, 160, "[784]"),
    ]


def image() -> list[str]:
    """The picture, a window of weights on it, and the place of a smaller picture that the window gives."""
    window = element("rect", x=74, y=52, width=48, height=48, class_="rc-window")
    return [
        pixels([(10 + 16 * column, 20 + 16 * row, 16, 16) for row, column in inked()]),
        grid(10, 20, 7, 7, 16, 16),
        element("g", window, class_="rc-weights"),
        wire("M122 52L213 70M122 100L213 82M195 110V134"),
        grid(165, 46, 5, 5, 12, 12),
        element("g", element("rect", x=213, y=70, width=12, height=12, class_="rc-pixel"), class_="rc-state"),
        text(195, 160, "3", class_="rc-answer"),
        text(66, 160, "[28, 28, 1]"),
    ]


def sequence() -> list[str]:
    """The rows one by one, and the state that goes through them."""
    tops = [8 + 19 * row for row in range(7)]
    return [
        pixels([(10 + 16 * column, tops[row], 16, 14) for row, column in inked()]),
        *(grid(10, top, 1, 1, 112, 14) for top in tops),
        wire("".join(f"M122 {top + 7}H188" for top in tops)),
        element("g", element("path", d=f"M195 {tops[0] + 7}V138", class_="rc-thread"), class_="rc-weights"),
        *(unit(195, top + 7) for top in tops),
        text(195, 162, "3", class_="rc-answer"),
        text(66, 160, "[28, 28]"),
    ]


def inked() -> list[tuple[int, int]]:
    return [(row, column) for row, line in enumerate(THREE) for column, pixel in enumerate(line) if pixel == "#"]


def pixels(boxes: list[tuple[int, int, int, int]]) -> str:
    """Pixels with ink: left, top, width, height of each."""
    path = "".join(f"M{x} {y}h{width}v{height}h{-width}Z" for x, y, width, height in boxes)
    return element("g", element("path", d=path, class_="rc-pixel"), class_="rc-input")


def grid(x: int, y: int, columns: int, rows: int, width: int, height: int) -> str:
    """The edges of cells."""
    lines = [f"M{x + k * width} {y}v{rows * height}" for k in range(columns + 1)]
    lines += [f"M{x} {y + k * height}h{columns * width}" for k in range(rows + 1)]
    return element("path", d="".join(lines), class_="rc-blank")


def wire(path: str) -> str:
    """Weights, as the lines that they are between units."""
    return element("g", element("path", d=path, class_="rc-wire"), class_="rc-weights")


def unit(x: int, y: int) -> str:
    return element("g", element("circle", cx=x, cy=y, r=7, class_="rc-pixel"), class_="rc-state")


# The logo stands on white and on black alike, in tones between the two of the palette.
MIDDLE = {"input": "#2f86c9", "weights": "#1a9c78", "state": "#d9650b"}


def logo() -> str:
    """A vector, an image with a window, rows with a loop: from NN to CNN to RNN."""
    ink = ((1, 0), (2, 0), (0, 1), (3, 1), (2, 2), (3, 3), (0, 4), (1, 4), (2, 4))
    parts = [faint(6 + 16 * k, 36, k in (0, 1, 3)) for k in range(5)]
    parts += [faint(114 + 16 * column, 12 + 16 * row, (column, row) in ink) for row in range(4) for column in range(4)]
    parts.append(element("rect", x=143.5, y=25.5, width=33, height=33, **stroke("weights", 5)))
    parts += [faint(206, 12 + 16 * row, row in (0, 3), 44) for row in range(4)]
    parts.append(element("path", d="M262 18c30 0 30 48 2 48M272 56l-9 10 10 9", **stroke("state", 5)))
    return emblem(300, 84, *parts)


def favicon() -> str:
    rows = [element("rect", x=3, y=3 + 10 * row, width=15, height=6, fill=MIDDLE["input"]) for row in range(3)]
    return emblem(32, 32, *rows, element("path", d="M21 6c10 1 10 19 1 20", **stroke("state", 4)))


def faint(x: int, y: int, ink: bool, width: int = 12) -> str:
    """A pixel of the logo, full or faint."""
    return element("rect", x=x, y=y, width=width, height=12, fill=MIDDLE["input"], opacity=1 if ink else 0.3)


def stroke(role: str, width: int) -> dict[str, object]:
    return {"fill": "none", "stroke": MIDDLE[role], "stroke_width": short(width), "stroke_linecap": "round"}


def emblem(width: int, height: int, *parts: str) -> str:
    box = {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {width} {height}"}
    return element("svg", *parts, **box, role="img", aria_label="From NN to CNN to RNN") + "\n"
