"""Pictures in the visual language as SVG text: first frames, and diagrams that a script then fills with numbers.

Shapes and colours come from the class of a role (palette.py); common.css gives them their look. Every number has a
`name`, the `data-name` under which `fill` of common.js finds it. Nothing here has an id, so that two equal pictures
can stand on one page.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from html import escape
from math import cos, isfinite, isnan, pi, sin
from typing import Any

CORNER = {"state": 8, "memory": 99}  # the radius of a cell's corners; 0 for all other roles
WIDTH, HEIGHT = 44, 21  # of a cell
Number = float | int


def show(value: Number) -> str:
    """A number as the figures write it: two decimals, a real minus sign, no −0.00; as `show` of common.js."""
    if isnan(value):
        return "NaN"
    if not isfinite(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if size < 1e5:
        digits = f"{Decimal(size).quantize(Decimal('0.01' if size < 1000 else '1'), ROUND_HALF_UP):f}"
    else:
        digits = f"{size:.1e}".replace("e+0", "e").replace("e+", "e")
    return f"−{digits}" if value < 0 and float(digits) else digits


def tint(value: Number) -> str:
    """How strongly a cell is filled, from 0 to 1: the size of its number, as `tint` of common.js."""
    return f"{min(1.0, abs(value)) if isfinite(value) else 0.0:.2f}"


def element(tag: str, *children: str, **attributes: Any) -> str:
    """`element("rect", x=1, class_="a", stroke_width=2)`: one SVG element as text."""
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(_short(value))}"' for name, value in attributes.items()
    )
    return f"<{tag}{written}>{''.join(children)}</{tag}>" if children else f"<{tag}{written}/>"


def text(x: Number, y: Number, words: str, *, class_: str = "rc-label", **attributes: Any) -> str:
    """Words with their middle at x and their base line at y."""
    return element("text", escape(words), x=x, y=y, class_=class_, **attributes)


def cell(
    role: str, x: Number, y: Number, value: Number, name: str, *, width: Number = WIDTH, height: Number = HEIGHT
) -> str:
    """A number in the shape and colour of its role; x, y is the upper left corner."""
    box = element(
        "rect", x=x, y=y, width=width, height=height, rx=CORNER.get(role, 0), style=f"--rc-size:{tint(value)}"
    )
    number = element("text", show(value), x=x + width / 2, y=y + height / 2)
    return element("g", box, number, class_=f"rc-cell rc-{role}", data_name=name)


def cells(role: str, x: Number, y: Number, numbers: Sequence[Number], name: str) -> str:
    """A column of cells, named `name.0`, `name.1`, … from the top."""
    return "".join(cell(role, x, y + k * HEIGHT, number, f"{name}.{k}") for k, number in enumerate(numbers))


def arrow(role: str, *points: tuple[Number, Number]) -> str:
    """A line through the points, which run level or upright, with a head at its end."""
    (x0, y0), (x, y) = points[-2:]
    dx, dy = (x > x0) - (x < x0), (y > y0) - (y < y0)
    left, right = (x - 6 * dx + 4 * dy, y - 6 * dy + 4 * dx), (x - 6 * dx - 4 * dy, y - 6 * dy - 4 * dx)
    head = element("path", d=f"M{_pair(x, y)} L{_pair(*left)} L{_pair(*right)} Z")
    line = element("polyline", points=" ".join(_pair(*point) for point in (*points[:-1], (x - 5 * dx, y - 5 * dy))))
    return element("g", line, head, class_=f"rc-arrow rc-{role}")


def hatched(role: str, x: Number, y: Number, width: Number, height: Number, words: str) -> str:
    """Weights: a hatched rectangle with words in the middle."""
    lines, step = [], 7
    for start in range(step, int(width + height), step):  # x + y = start, from edge to edge
        x0, y0 = (start, 0) if start <= width else (width, start - width)
        x1, y1 = (0, start) if start <= height else (start - height, height)
        lines.append(f"M{_pair(x + x0, y + y0)} L{_pair(x + x1, y + y1)}")
    box = element("rect", x=x, y=y, width=width, height=height)
    plate_width = 5.8 * len(words) + 4.0
    plate = element(
        "rect",
        x=x + (width - plate_width) / 2,
        y=y + height / 2 - 8,
        width=plate_width,
        height=16,
        class_="rc-plate",
    )
    name = element("text", escape(words), x=x + width / 2, y=y + height / 2)
    return element("g", box, element("path", d=" ".join(lines)), plate, name, class_=f"rc-weighted rc-{role}")


def gate(role: str, x: Number, y: Number, value: Number, name: str, *, radius: Number = 22) -> str:
    """A gate: a circle whose ring is as full as the gate is open, with the number inside; j is a hexagon."""
    if role == "j":
        corners = [(x + 1.12 * radius * cos(k * pi / 3), y + 1.12 * radius * sin(k * pi / 3)) for k in range(6)]
        shapes = element("polygon", points=" ".join(_pair(*corner) for corner in corners))
    else:
        ring = {"cx": x, "cy": y, "r": radius, "pathLength": 1, "transform": f"rotate(-90 {_pair(x, y)})"}
        shapes = element("circle", cx=x, cy=y, r=radius) + element(
            "circle", **ring, class_="rc-open", stroke_dasharray=f"{value:.3f} 1"
        )
    return element("g", shapes, element("text", show(value), x=x, y=y), class_=f"rc-gate rc-{role}", data_name=name)


def operation(x: Number, y: Number, sign: str) -> str:
    """A small node where two numbers meet: × or +."""
    return element("g", element("circle", cx=x, cy=y, r=9), element("text", sign, x=x, y=y), class_="rc-operation")


def drawing(width: Number, height: Number, label: str, *parts: str) -> str:
    """The parts as one picture with a name for those who do not see it."""
    box = f"0 0 {_short(width)} {_short(height)}"
    return element("svg", *parts, viewBox=box, class_="rc-drawing", role="img", aria_label=label)


def _short(value: Any) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def _pair(x: Number, y: Number) -> str:
    return f"{_short(float(x))} {_short(float(y))}"
