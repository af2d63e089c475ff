"""A convolution: one small dense layer, moved over the image, with the same weights at every place."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import traitlets

from rnn_course.conv import Conv2D, expect_padding, output_size, same_padding
from rnn_course.data import load_digits
from rnn_course.readers import load_readers
from rnn_course.shapes import ShapeError
from rnn_course.widgets.convolution_picture import describe, draw
from rnn_course.widgets.drawing import show
from rnn_course.widgets.figure import Figure
from rnn_course.widgets.given import finite_numbers

MOST = {"image": 12, "kernel": 3, "kernels": 8}  # what can still be read on a phone
STRIDES = (1, 2, 3)
EXAMPLE = 3  # which of the embedded test digits is shown if no image is given
BY_HAND = {
    "identity": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    "blur": [[1 / 9] * 3] * 3,
    "edges": [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
    "vertical edge": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "shift": [[0, 0, 0], [0, 0, 1], [0, 0, 0]],
}
LEARNED = 4  # which filter of the small CNN in readers.py is shown beside those made by hand


class Convolution(Figure):
    """Move the window, and see the dense layer that makes one output; change the kernel, the padding, the stride.

    image: one grey image, `[rows, columns]`, `[1, rows, columns]` or `[1, rows, columns, 1]`, at most 12×12; an
        embedded digit if left out.
    kernels: a dictionary of kernels `[rows, columns]` of at most 3×3, all of one size, the first one shown first; or a
        `Conv2D` of one channel, each of whose filters becomes a kernel; kernels made by hand and one that a CNN has
        learned if left out.
    padding, stride: as those of `Conv2D`; with a `Conv2D`, its own.
    row, column: which output is made first.

    Raises TypeError for what is neither, ShapeError for other shapes, ValueError for numbers out of range.
    """

    image = traitlets.List().tag(sync=True)  # [rows, columns]
    kernels = traitlets.List().tag(sync=True)  # [name, kernel, bias]
    kernel = traitlets.List().tag(sync=True)  # [rows, columns], as the reader changed it
    bias = traitlets.Float(0.0).tag(sync=True)
    padding = traitlets.Enum(("SAME", "VALID"), "SAME").tag(sync=True)
    stride = traitlets.Enum(STRIDES, 1).tag(sync=True)
    row = traitlets.Int(0).tag(sync=True)
    column = traitlets.Int(0).tag(sync=True)
    picture = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        image: Any = None,
        kernels: Any = None,
        *,
        padding: str | None = None,
        stride: int | None = None,
        row: int = 0,
        column: int = 0,
    ) -> None:
        x = _image(load_digits(8).test.images[EXAMPLE] if image is None else image)
        named, given_padding, given_stride = _kernels(kernels)
        padding = given_padding if padding is None else padding
        stride = given_stride if stride is None else stride
        expect_padding(padding)
        if stride not in STRIDES:
            raise ValueError(f"stride: expected 1, 2 or 3, got {stride!r}")
        _, kernel, bias = named[0]
        self._shown = look(x, kernel, bias, padding, stride, row, column)
        super().__init__(
            image=x.tolist(),
            kernels=[[name, one.tolist(), b] for name, one, b in named],
            kernel=kernel.tolist(),
            bias=bias,
            padding=padding,
            stride=stride,
            row=row,
            column=column,
            picture=draw(self._shown, (x.shape[0], x.shape[1]), (kernel.shape[0], kernel.shape[1])),
        )

    @property
    def output(self) -> np.ndarray:
        """What the convolution makes of the image as the figure stands, `[out_rows, out_columns]`."""
        return convolved(np.array(self.image), np.array(self.kernel), self.bias, self.padding, self.stride)

    def first_frame(self) -> str:
        """The picture, and the shapes."""
        return f"<p>{self._shapes()}</p>\n{self.picture}"

    def as_text(self) -> str:
        """The window, the kernel, their products, and the output that they make."""
        grids = {"window": self._shown["window"], "kernel": self._shown["kernel"], "output": self._shown["outputs"]}
        lines = [self._shapes(), describe(self._shown)]
        for name, rows in grids.items():
            lines += [f"{name}:", *("  " + " ".join(f"{show(value):>6}" for value in row) for row in rows)]
        return "\n".join(lines)

    def _shapes(self) -> str:
        sizes = [f"{len(rows)} × {len(rows[0])}" for rows in (self.image, self._shown["outputs"])]
        return f"padding {self.padding}, stride {self.stride}: {sizes[0]} pixels become {sizes[1]} outputs."

    def __repr__(self) -> str:
        """Without an object's address, so that a stored notebook stays the same."""
        return f"Convolution({len(self.image)} × {len(self.image[0])} pixels, {len(self.kernels)} kernels)"


def convolved(image: np.ndarray, kernel: np.ndarray, bias: float, padding: str, stride: int) -> np.ndarray:
    """One image through one filter, by the package's `Conv2D`."""
    layer = Conv2D(kernel[:, :, None, None], np.array([bias]), stride, padding)
    return layer(image[None, :, :, None])[0, :, :, 0]


def look(
    image: np.ndarray, kernel: np.ndarray, bias: float, padding: str, stride: int, row: int, column: int
) -> dict[str, Any]:
    """All that the picture shows of one output and the window that it comes from."""
    sides = list(zip(image.shape, kernel.shape, strict=True))
    counts = [output_size(n, k, stride, padding) for n, k in sides]
    for name, value, count in zip(("row", "column"), (row, column), counts, strict=True):
        if not 0 <= value < count:
            raise ValueError(f"{name}: expected the number of an output, from 0 to {count - 1}, got {value}")
    borders = [same_padding(n, k, stride) if padding == "SAME" else (0, 0) for n, k in sides]
    (above, below), (before, after) = borders
    top, left = row * stride - above, column * stride - before
    rows, columns = image.shape
    inside = [
        [0 <= top + r < rows and 0 <= left + c < columns for c in range(kernel.shape[1])]
        for r in range(kernel.shape[0])
    ]
    window = np.array(
        [
            [image[top + r, left + c] if inside[r][c] else 0.0 for c in range(kernel.shape[1])]
            for r in range(kernel.shape[0])
        ]
    )
    outputs = convolved(image, kernel, bias, padding, stride)
    return {
        "image": image.tolist(),
        "padded": lambda r, c: -above <= r < rows + below and -before <= c < columns + after,
        "row": row,
        "column": column,
        "top": top,
        "left": left,
        "inside": inside,
        "window": window.tolist(),
        "kernel": kernel.tolist(),
        "products": (window * kernel).tolist(),
        "sum": float((window * kernel).sum()),
        "bias": bias,
        "y": float(outputs[row, column]),
        "outputs": outputs.tolist(),
    }


def _image(given: Any) -> np.ndarray:
    x = finite_numbers("image", given)
    shape = list(x.shape)
    if x.ndim == 4 and x.shape[3] == 1:
        x = x[..., 0]
    if x.ndim == 3 and len(x) == 1:
        x = x[0]
    if x.ndim != 2 or 0 in x.shape:
        raise ShapeError(f"image: expected one grey image, [rows, columns] or [1, rows, columns, 1], got {shape}")
    if max(x.shape) > MOST["image"]:
        raise ValueError(
            f"image: expected at most {MOST['image']} rows and columns, got {list(x.shape)}: a larger picture cannot "
            "be read; pass a part of it"
        )
    if x.min() < 0 or x.max() > 1:
        raise ValueError(f"image: expected values from 0 to 1, got {x.min():g} to {x.max():g}: scale the pixels first")
    return x


def _kernels(given: Any) -> tuple[list[tuple[str, np.ndarray, float]], str, int]:
    """The kernels as name, `[rows, columns]` and bias; the padding and the stride that came with them."""
    if given is None:
        learned, _, _ = _filters(load_readers().cnn.layers[0])
        _, kernel, bias = learned[LEARNED]
        return [*_kernels(BY_HAND)[0], ("learned", kernel, bias)], "SAME", 1
    if isinstance(given, Conv2D):
        return _filters(given)
    if not isinstance(given, Mapping) or not given:
        raise TypeError(f"kernels: expected a dictionary of kernels or a Conv2D, got {type(given).__name__}")
    named = [(str(name), finite_numbers(f"kernels[{name!r}]", kernel), 0.0) for name, kernel in given.items()]
    size = named[0][1].shape
    for name, kernel, _ in named:
        if kernel.ndim != 2 or kernel.shape != size or 0 in size:
            raise ShapeError(f"kernels[{name!r}]: expected [rows, columns] like the first, {list(size)}, got "
                             f"{list(kernel.shape)}")  # fmt: skip
    return _few(named), "SAME", 1


def _filters(layer: Conv2D) -> tuple[list[tuple[str, np.ndarray, float]], str, int]:
    kernel, bias = finite_numbers("kernels.kernel", layer.kernel), finite_numbers("kernels.bias", layer.bias)
    strides = {layer.stride} if isinstance(layer.stride, int) else set(layer.stride)
    if kernel.ndim != 4 or kernel.shape[2] != 1:
        raise ShapeError(f"kernels: expected a Conv2D of one channel, kernel [rows, columns, 1, filters], got "
                         f"{list(kernel.shape)}")  # fmt: skip
    if len(strides) != 1 or layer.dilation not in (1, (1, 1)):
        raise ValueError("kernels: expected a Conv2D with one stride for rows and columns and without dilation, "
                         f"got stride {layer.stride} and dilation {layer.dilation}")  # fmt: skip
    named = [(f"filter {k}", kernel[:, :, 0, k], float(bias[k])) for k in range(kernel.shape[3])]
    return _few(named), layer.padding, strides.pop()


def _few(named: list[tuple[str, np.ndarray, float]]) -> list[tuple[str, np.ndarray, float]]:
    size = max(named[0][1].shape)
    if size > MOST["kernel"]:
        raise ValueError(f"kernels: expected at most 3 × 3, got {list(named[0][1].shape)}: more cannot be read")
    if len(named) > MOST["kernels"]:
        raise ValueError(f"kernels: expected at most {MOST['kernels']}, got {len(named)}: pass a few of them")
    return named
