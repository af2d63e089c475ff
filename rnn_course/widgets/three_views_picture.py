"""One digit in three views as a picture that needs no script."""

from typing import NamedTuple

import numpy as np

from rnn_course.widgets.drawing import drawing, element, text

SIDE = 588  # drawing units of a view, as in three_views.js
WIDE, GAP, TOP = 118, 16, 34  # of a view in the picture; between two; what stands above
LEVELS = 8  # shades of ink


class Layout(NamedTuple):
    """How many cells a line has, the size of a cell, from one line to the next."""

    cells: int
    cell_width: int
    cell_height: int
    pitch: int


def layouts(height: int, width: int) -> dict[str, Layout]:
    """The three views of an image; `layouts` of three_views.js says the same."""
    long = int(3.5 * width + 0.5)
    cell = SIDE // width
    pitch = SIDE // -(-height * width // long)
    return {
        "vector": Layout(long, SIDE // long, int(pitch * 0.62), pitch),
        "image": Layout(width, cell, cell, cell),
        "sequence": Layout(width, cell, cell - cell // 3, cell),
    }


def draw(grey: np.ndarray, pixel: int, steps_read: int) -> str:
    """The three views side by side, one pixel marked in all of them; `grey` is `[height, width]`, bytes."""
    height, width = grey.shape
    scale = WIDE / SIDE
    shapes = {
        "vector": f"NN [{height * width}]",
        "image": f"CNN [{height}, {width}, 1]",
        "sequence": f"RNN [{height}, {width}]",
    }
    parts, tallest = [], 0.0
    for k, (view, layout) in enumerate(layouts(height, width).items()):
        x = k * (WIDE + GAP) + 2
        lines = -(-height * width // layout.cells)
        tallest = max(tallest, lines * layout.pitch * scale)
        at = f"translate({x} {TOP}) scale({scale:.4f})"
        parts += [
            text(x, 12, view, class_="rc-name rc-start"),
            text(x, 27, shapes[view], class_="rc-label rc-start"),
            element("g", *_cells(grey, layout, view, pixel, steps_read), transform=at),
        ]
    return drawing(3 * WIDE + 2 * GAP + 4, TOP + tallest + 4, describe(grey, pixel, steps_read), *parts)


def describe(grey: np.ndarray, pixel: int, steps_read: int) -> str:
    """The marked pixel in words: where it is in each view, its value, whether it was read."""
    row, column = divmod(pixel, grey.shape[1])
    read = "read it" if row < steps_read else "will read it"
    return (
        f"vector[{pixel}] = image[{row}, {column}, 0] = sequence[{row}, {column}] = {grey[row, column] / 255:.2f}. "
        f"The same pixel: {row} × {grey.shape[1]} + {column} = {pixel}. The RNN {read} at step {row}."
    )


def _cells(grey: np.ndarray, layout: Layout, view: str, pixel: int, steps_read: int) -> list[str]:
    """A path for each shade, and the mark."""
    width, flat = grey.shape[1], grey.ravel()
    levels = np.ceil(flat / 255 * LEVELS).astype(int)
    unread = (np.arange(flat.size) // width >= steps_read) & (view == "sequence")

    def corner(place: int) -> tuple[int, int]:
        return place % layout.cells * layout.cell_width, place // layout.cells * layout.pitch

    box = f"h{layout.cell_width}v{layout.cell_height}h-{layout.cell_width}z"
    parts = []
    for level in range(1, LEVELS + 1):
        for faded in (False, True):
            places = np.flatnonzero((levels == level) & (unread == faded))
            if places.size:
                way = "".join(f"M{x} {y}{box}" for x, y in map(corner, places.tolist()))
                opacity = level / LEVELS * (0.25 if faded else 1)
                parts.append(element("path", d=way, class_="rc-dark-cells", style=f"fill-opacity:{opacity:.3f}"))
    lines = -(-flat.size // layout.cells)
    sheet = {"x": 0, "y": 0, "width": layout.cells * layout.cell_width, "height": lines * layout.pitch}
    x, y = corner(pixel)
    mark = {"x": x - 4, "y": y - 4, "width": layout.cell_width + 8, "height": layout.cell_height + 8}
    return [element("rect", **sheet, class_="rc-paper"), *parts, element("rect", **mark, class_="rc-chosen-pixel")]
