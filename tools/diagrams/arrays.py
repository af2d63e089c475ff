"""An array as a small picture: a cell, a line, a grid, a pile of grids; one axis more each time."""

from rnn_course.widgets.drawing import element

CELL, BEHIND = 10, 6  # the side of a cell; how far a sheet lies behind the one before it
ROWS, COLUMNS, SHEETS = 3, 4, 3
CORNER = {"state": 5, "memory": 9}
WIDTH, HEIGHT = COLUMNS * CELL + (SHEETS - 1) * BEHIND, ROWS * CELL + (SHEETS - 1) * BEHIND


def picture(role: str, axes: int, x: float, y: float) -> str:
    """An array of `axes` axes with its middle at x, y. The first axis of three runs into the depth."""
    rows, columns = {0: (1, 1), 1: (1, COLUMNS)}.get(axes, (ROWS, COLUMNS))
    sheets = SHEETS if axes > 2 else 1
    width, height = columns * CELL + (sheets - 1) * BEHIND, rows * CELL + (sheets - 1) * BEHIND
    left, top = x - width / 2, y - height / 2
    parts = []
    for number in reversed(range(sheets)):  # the farthest first; it stands highest and most to the right
        shift = number * BEHIND
        parts.append(
            one_sheet(role, rows, columns, left + shift, top + (sheets - 1) * BEHIND - shift, channels=axes > 3)
        )
    return "".join(parts)


def one_sheet(role: str, rows: int, columns: int, x: float, y: float, *, channels: bool) -> str:
    """A grid of cells; with `channels` its edge is doubled: each cell holds several numbers."""
    width, height = columns * CELL, rows * CELL
    radius = CORNER.get(role, 0)
    parts = []
    if channels:
        parts.append(element("rect", x=x + 2.5, y=y - 2.5, width=width, height=height, class_="rc-second"))
    box = {"x": x, "y": y, "width": width, "height": height, "rx": radius}
    parts += [element("rect", **box, class_="rc-box"), element("rect", **box, class_="rc-fill")]
    lines = [f"M{short(x + k * CELL)} {short(y)}v{height}" for k in range(1, columns)]
    lines += [f"M{short(x)} {short(y + k * CELL)}h{width}" for k in range(1, rows)]
    if role == "weights":
        lines = [f"M{short(x + a)} {short(y + b)}L{short(x + c)} {short(y + d)}" for a, b, c, d in hatch(width, height)]
    if lines:
        parts.append(element("path", d="".join(lines), class_="rc-grid"))
    if role == "output":
        inner = {"x": x + 2.5, "y": y + 2.5, "width": width - 5, "height": height - 5}
        parts.append(element("rect", **inner, class_="rc-second", stroke_opacity=0.6))
    return element("g", *parts, class_=f"rc-sheet rc-{role}")


def hatch(width: int, height: int, step: int = 6) -> list[tuple[int, int, int, int]]:
    """Slanted lines from edge to edge of a rectangle at the origin."""
    lines = []
    for start in range(step, width + height, step):
        upper = (start, 0) if start <= width else (width, start - width)
        lower = (0, start) if start <= height else (start - height, height)
        lines.append((*upper, *lower))
    return lines


def short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
