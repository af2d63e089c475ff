"""One digit, three views: the vector a dense network sees, the image a CNN sees, the sequence an RNN sees."""

from typing import Any

import numpy as np
import traitlets

from rnn_course.arrays import to_numpy
from rnn_course.shapes import ShapeError
from rnn_course.widgets.figure import Figure
from rnn_course.widgets.three_views_picture import describe, draw

MOST_IMAGES = 32  # they travel inside the notebook


class ThreeViews(Figure):
    """Point at a pixel of one view and see where the same pixel is in the other two.

    images: a few of them, `[batch, height, width]`, `[batch, height, width, 1]` or, if square, `[batch, pixels]`;
        NumPy or Torch; floats in 0..1 or unsigned bytes.
    labels: one class per image, for the buttons; numbered 0, 1, 2, … if left out.
    digit: which image is shown first; pixel: which `vector[pixel]` is marked first (the middle one if left out).
    steps_read: how many rows the RNN has read at first (up to the marked pixel's row if left out).

    Raises ShapeError for another shape, ValueError for values or numbers out of range.
    """

    pixels = traitlets.Bytes().tag(sync=True)  # [batch, height, width], one byte each
    labels = traitlets.List(traitlets.Int()).tag(sync=True)
    height = traitlets.Int().tag(sync=True)
    width = traitlets.Int().tag(sync=True)
    digit = traitlets.Int(0).tag(sync=True)
    pixel = traitlets.Int(0).tag(sync=True)
    steps_read = traitlets.Int(0).tag(sync=True)

    def __init__(
        self,
        images: Any,
        labels: Any = None,
        *,
        digit: int = 0,
        pixel: int | None = None,
        steps_read: int | None = None,
    ) -> None:
        grey = _as_bytes(images)
        batch, height, width = grey.shape
        names = list(range(batch)) if labels is None else [int(label) for label in to_numpy(labels)]
        if len(names) != batch:
            raise ShapeError(f"labels: expected one label for each of the {batch} images, got {len(names)}")
        if pixel is None:
            pixel = int(height // 2 * width + width // 2)
        _expect_range("pixel", pixel, height * width - 1)  # before a step is made of it
        if steps_read is None:
            steps_read = pixel // width + 1
        super().__init__(
            pixels=grey.tobytes(),
            labels=names,
            height=height,
            width=width,
            digit=digit,
            pixel=pixel,
            steps_read=steps_read,
        )

    @traitlets.validate("digit", "pixel", "steps_read")
    def _in_range(self, proposal: Any) -> int:
        name = proposal["trait"].name
        largest = {
            "digit": len(self.labels) - 1,
            "pixel": self.height * self.width - 1,
            "steps_read": self.height,
        }[name]
        return _expect_range(name, proposal["value"], largest)

    def _shown(self) -> np.ndarray:
        images = np.frombuffer(self.pixels, np.uint8).reshape(-1, self.height, self.width)
        return images[self.digit]

    def first_frame(self) -> str:
        """The three views, and the marked pixel in words."""
        picture = draw(self._shown(), self.pixel, self.steps_read)
        return f"<p>{describe(self._shown(), self.pixel, self.steps_read)}</p>\n{picture}"

    def as_text(self) -> str:
        """The digit in characters, and the marked pixel in words."""
        lines = ["".join(" ·+#"[min(3, value // 64)] for value in row.tolist()).rstrip() for row in self._shown()]
        return "\n".join([*lines, describe(self._shown(), self.pixel, self.steps_read)])

    def __repr__(self) -> str:
        """Without an object's address, so that a stored notebook stays the same."""
        return f"ThreeViews({len(self.labels)} digits)"


def _expect_range(name: str, value: int, largest: int) -> int:
    if not 0 <= value <= largest:
        raise ValueError(f"{name}: expected a number from 0 to {largest}, got {value}")
    return value


def _as_bytes(images: Any) -> np.ndarray:
    """The images as unsigned bytes `[batch, height, width]`."""
    x = to_numpy(images)
    side = round(x.shape[1] ** 0.5) if x.ndim == 2 else 0
    if x.ndim == 2 and side * side == x.shape[1]:
        x = x.reshape(len(x), side, side)
    elif x.ndim == 4 and x.shape[3] == 1:
        x = x[..., 0]
    if x.ndim != 3 or 0 in x.shape:
        raise ShapeError(
            "images: expected [batch, height, width], [batch, height, width, 1] or square [batch, pixels] "
            f"with no axis empty, got {list(np.shape(images))}"
        )
    if len(x) > MOST_IMAGES:
        raise ValueError(f"images: expected a few, at most {MOST_IMAGES}, got {len(x)}: pass a slice of the batch")
    if x.dtype == np.uint8:
        return x
    if not np.isfinite(x).all() or x.min() < 0 or x.max() > 1:
        raise ValueError(
            f"images: expected values from 0 to 1 (or bytes, dtype uint8), got {x.min():g} to {x.max():g} "
            f"in {x.dtype}: scale the pixels first"
        )
    return np.rint(x.astype(np.float64) * 255).astype(np.uint8)
