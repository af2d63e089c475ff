"""The picture of a convolution: the image with its padding, the output, and between them one small dense layer."""

from collections.abc import Mapping
from typing import Any

from rnn_course.widgets.drawing import HEIGHT, Number, arrow, cell, drawing, element, show, text

PIXEL = 20  # a pixel of the image, a cell of the output
NUMBER = 38  # the width of a cell with a number
GAP, LEFT, TOP = 42, 2, 26


def draw(shown: Mapping[str, Any], image: tuple[int, int], size: tuple[int, int]) -> str:
    """The picture; `shown` is that of `look` in convolution.py, `image` and `size` those of image and kernel.

    The image has a ring for padding. Everything that some stride or padding needs is there and hidden where it is not
    needed, so that a script only has to show and hide.
    """
    rows, columns = image
    right = LEFT + (columns + 2) * PIXEL + GAP
    bottom = TOP + (rows + 2) * PIXEL + 26
    parts = [
        text(LEFT, 14, "image", class_="rc-name rc-start rc-input"),
        text(right, 14, "output", class_="rc-name rc-start"),
        *_pixels(shown, rows, columns),
        *_outputs(shown, rows, columns, right),
        arrow("ink", (right - GAP + 8, TOP + (rows + 2) * PIXEL / 2), (right - 8, TOP + (rows + 2) * PIXEL / 2)),
        *_dense(shown, size, bottom),
    ]
    wide = 2 + 3 * size[1] * NUMBER + 2 * 18
    width = max(right + columns * PIXEL + 4, wide + 2)
    return drawing(width, bottom + size[0] * HEIGHT + 74, describe(shown), *parts)


def describe(shown: Mapping[str, Any]) -> str:
    """The picture in words; `describe` of convolution.js says the same."""
    first, last = shown["top"], shown["top"] + len(shown["window"]) - 1
    left, right = shown["left"], shown["left"] + len(shown["window"][0]) - 1
    outside = sum(not inside for row in shown["inside"] for inside in row)
    padding = f", {outside} of them padding" if outside else ""
    return (
        f"The window covers rows {_signed(first)} to {_signed(last)} and columns {_signed(left)} to {_signed(right)}: "
        f"{len(shown['window']) * len(shown['window'][0])} numbers{padding}. Times the kernel, their sum is "
        f"{show(shown['sum'])}; with the bias {show(shown['bias'])} it is "
        f"output[{shown['row']}, {shown['column']}] = {show(shown['y'])}."
    )


def _signed(number: int) -> str:
    return str(number).replace("-", "−")


def _pixels(shown: Mapping[str, Any], rows: int, columns: int) -> list[str]:
    """The image with a ring of padding, and the frame of the window."""
    parts = []
    for r in range(-1, rows + 1):
        for c in range(-1, columns + 1):
            x, y = LEFT + (c + 1) * PIXEL, TOP + (r + 1) * PIXEL
            inside = 0 <= r < rows and 0 <= c < columns
            tint = {"style": f"fill-opacity:{shown['image'][r][c]:.3f}"} if inside else {}
            hidden = {} if inside or shown["padded"](r, c) else {"visibility": "hidden"}
            box = element("rect", x=x, y=y, width=PIXEL, height=PIXEL, **tint)
            zero = "" if inside else text(x + PIXEL / 2, y + 14, "0")
            role = "rc-pixel" if inside else "rc-pixel rc-padding"
            parts.append(element("g", box, zero, class_=role, data_at=f"{r} {c}", **hidden))
    tall, wide = len(shown["window"]) * PIXEL, len(shown["window"][0]) * PIXEL
    x, y = LEFT + (shown["left"] + 1) * PIXEL, TOP + (shown["top"] + 1) * PIXEL
    for name in ("rc-halo", "rc-frame"):
        parts.append(element("rect", x=x, y=y, width=wide, height=tall, class_=f"{name} rc-window rc-input"))
    return parts


def _outputs(shown: Mapping[str, Any], rows: int, columns: int, left: int) -> list[str]:
    """The output, filled where it is positive and framed where it is negative."""
    largest = max((abs(value) for row in shown["outputs"] for value in row), default=0) or 1
    parts = []
    for i in range(rows):
        for j in range(columns):
            there = i < len(shown["outputs"]) and j < len(shown["outputs"][0])
            value = shown["outputs"][i][j] / largest if there else 0.0
            x, y = left + j * PIXEL, TOP + (i + 1) * PIXEL
            cell_ = element("rect", x=x, y=y, width=PIXEL, height=PIXEL, class_="rc-square")
            hidden = {} if there else {"visibility": "hidden"}
            parts.append(element("g", cell_, ink(x, y, value), class_="rc-made", data_at=f"{i} {j}", **hidden))
    at = {"x": left + shown["column"] * PIXEL, "y": TOP + (shown["row"] + 1) * PIXEL}
    for name in ("rc-halo", "rc-frame"):
        parts.append(element("rect", **at, width=PIXEL, height=PIXEL, class_=f"{name} rc-here rc-input"))
    return parts


def ink(x: Number, y: Number, value: Number) -> str:
    """A value from −1 to 1: a filled square, or an empty one with a thick line; as `ink` of convolution.js."""
    size = abs(value)
    thick = 7 * size if value < 0 else 0.0
    inset = 2 + thick / 2 if value < 0 else 0.5
    style = f"fill-opacity:{0.0 if value < 0 else size:.3f};stroke-width:{thick:.2f}"
    side = PIXEL - 2 * inset
    return element("rect", x=f"{x + inset:.2f}", y=f"{y + inset:.2f}", width=f"{side:.2f}", height=f"{side:.2f}",
                   style=style, class_="rc-amount")  # fmt: skip


def _dense(shown: Mapping[str, Any], size: tuple[int, int], top: Number) -> list[str]:
    """window × kernel = products, their sum, the bias, the output."""
    rows, columns = size
    wide, tall = columns * NUMBER, rows * HEIGHT
    starts = [2 + k * (wide + 18) for k in range(3)]
    y = top + 20
    parts = [
        text(starts[0], top + 12, "window", class_="rc-name rc-start rc-input"),
        text(starts[1], top + 12, "kernel", class_="rc-name rc-start rc-weights"),
        text(starts[2], top + 12, "products", class_="rc-name rc-start rc-ink"),
        text(starts[1] - 9, y + tall / 2 + 5, "×", class_="rc-sign"),
        text(starts[2] - 9, y + tall / 2 + 5, "=", class_="rc-sign"),
    ]
    for r in range(rows):
        for c in range(columns):
            at = f"{r}.{c}"
            role = "input" if shown["inside"][r][c] else "padding"
            for start, kind, values, name in (
                (starts[0], role, shown["window"], "window"),
                (starts[1], "weights", shown["kernel"], "kernel"),
                (starts[2], "ink", shown["products"], "product"),
            ):
                parts.append(cell(kind, start + c * NUMBER, y + r * HEIGHT, values[r][c], f"{name}.{at}", width=NUMBER))
    y_sum = y + tall + 22
    end = starts[2] + wide
    at = [end - 6.4 * NUMBER, end - 3.7 * NUMBER, end - 1.2 * NUMBER]
    at = [max(x, 2) for x in at]
    for x, role, name, value, words in zip(
        at, ("ink", "weights", "output"), ("sum", "bias", "y"), (shown["sum"], shown["bias"], shown["y"]),
        ("sum", "bias", "output"), strict=True,
    ):  # fmt: skip
        parts.append(cell(role, x, y_sum, value, name, width=1.2 * NUMBER))
        parts.append(text(x + 0.6 * NUMBER, y_sum - 6, words))
    parts += [text((at[k] + at[k + 1] + 1.2 * NUMBER) / 2, y_sum + 15, "+="[k], class_="rc-sign") for k in (0, 1)]
    return parts
