"""Convolution: one small dense layer slid over the image, with the same weights at every place.

Images are NHWC, `[batch, rows, columns, channels]`. A convolution takes two steps: cut out the window in front of every
output position (`windows_forward`), then multiply each of them, as one row, by one matrix (`Dense`).
"""

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import numpy as np

from rnn_course.arrays import Array, array_namespace, device, from_numpy, is_torch_array, zeros
from rnn_course.init import check_sizes, glorot_uniform
from rnn_course.kernels import convolution
from rnn_course.layers import Dense
from rnn_course.shape_types import Float
from rnn_course.shapes import ShapeError, expect_same_kind, expect_shape

Pair = int | tuple[int, int]  # one number for rows and columns, or one for each


class Conv2D(NamedTuple):
    """y[n, i, j, f] = bias[f] + Σ_r Σ_s Σ_c x[n, i·stride + r·dilation − before, j·… + s·…, c] · kernel[r, s, c, f].

    The kernel is not flipped (a cross-correlation), as in every deep learning library; outside the image x is 0
    (LeCun et al. 1989; its im2col form: Chellapilla, Puri & Simard 2006).

    kernel    `[rows, columns, channels, filters]`
    bias      `[filters]`
    stride    how far the window moves from one output to the next: a number, or (rows, columns)
    padding   "SAME": as many outputs as ceil(input / stride), see `same_padding`; "VALID": no padding
    dilation  the distance between two cells of the window
    """

    kernel: Float[Array, "kernel_rows kernel_columns channels filters"]
    bias: Float[Array, " filters"]
    stride: Pair = (1, 1)
    padding: str = "SAME"
    dilation: Pair = (1, 1)

    @classmethod
    def init(
        cls,
        channels: int,
        filters: int,
        size: Pair = (3, 3),
        *,
        rng: np.random.Generator,
        stride: Pair = (1, 1),
        padding: str = "SAME",
        dilation: Pair = (1, 1),
        dtype: str = "float32",
        backend: str = "numpy",
        device: str = "cpu",
    ) -> "Conv2D":
        """Zero bias and a Glorot-uniform kernel, where the window's area counts in both fans.

        A filter sees rows · columns · channels numbers (fan_in), and a channel of a pixel reaches
        rows · columns · filters (fan_out). The kernel is uniform in ±√(6 / (fan_in + fan_out)).
        """
        check_sizes(channels=channels, filters=filters)
        expect_padding(padding)
        kernel = glorot_uniform((*pair("size", size), channels, filters), rng)
        return cls(
            kernel=from_numpy(kernel, dtype, backend, device),
            bias=from_numpy(np.zeros(filters), dtype, backend, device),
            stride=pair("stride", stride),
            padding=padding,
            dilation=pair("dilation", dilation),
        )

    def __call__(
        self, x: Float[Array, "batch rows columns channels"]
    ) -> Float[Array, "batch out_rows out_columns filters"]:
        """The filtered images.

        Raises ShapeError for another number of channels, or a window larger
        than the image, and TypeError for images of another library, dtype or
        device than the kernel.
        """
        if is_torch_array(x):
            from rnn_course.kernels import images

            how = self._how(x)
            if images.fits(x):  # the same numbers, sooner; autograd knows the way back
                return images.convolution(self, x, geometry(x, *how))
        return self.forward(x)[0]

    def forward(
        self, x: Float[Array, "batch rows columns channels"]
    ) -> tuple[Float[Array, "batch out_rows out_columns filters"], Callable]:
        """y, and backward: dy -> Conv2D of gradients, dx.

        It is `Dense`'s, with every place's gradient summed.
        """
        rows, columns, channels, filters = self.kernel.shape
        how = self._how(x)
        if convolution.fits(self, x):  # the same numbers, sooner
            return convolution.forward(self, x, geometry(x, *how))
        reshape = array_namespace(x).reshape
        windows, windows_backward = windows_forward(x, *how)
        places, numbers = tuple(windows.shape[:3]), rows * columns * channels
        kernel = reshape(self.kernel, (numbers, filters))
        dense = Dense(kernel=kernel, bias=self.bias)
        windows_as_rows = reshape(windows, (prod(places), numbers))
        y, dense_backward = dense.forward(windows_as_rows)  # [places, filters]

        def backward(
            d_output: Float[Array, "batch out_rows out_columns filters"],
        ) -> tuple[Conv2D, Array]:
            d_dense, d_rows = dense_backward(reshape(d_output, tuple(y.shape)))
            d_kernel = reshape(d_dense.kernel, tuple(self.kernel.shape))
            d_layer = self._replace(kernel=d_kernel, bias=d_dense.bias)
            d_windows = reshape(d_rows, tuple(windows.shape))
            return d_layer, windows_backward(d_windows)

        return reshape(y, (*places, filters)), backward

    def _how(self, x: Array) -> tuple[Any, ...]:
        """Check that the images fit, and say how the windows lie."""
        rows, columns, channels, _ = self.kernel.shape
        expect_images(x, channels)
        expect_same_kind("x", x, self.kernel, "kernel")
        expect_same_kind("bias", self.bias, self.kernel, "kernel")
        return (rows, columns), self.stride, self.padding, self.dilation


def windows_forward(
    x: Float[Array, "batch rows columns channels"],
    size: Pair,
    stride: Pair = 1,
    padding: str = "VALID",
    dilation: Pair = 1,
    fill: float = 0.0,
) -> tuple[Float[Array, "batch out_rows out_columns cells channels"], Callable]:
    """The window in front of every output (im2col), and backward: d_windows -> d_x (col2im).

    A window has `cells = size rows · size columns`, row by row; cells outside the image hold `fill`. Cell (r, s) of all
    windows at once is one shifted, strided slice of the image; backward adds each slice back where it came from.
    """
    xp = array_namespace(x)
    sizes, borders, outputs, strides, gaps = geometry(x, size, stride, padding, dilation)
    slices = [
        [slice(cell * gap, cell * gap + (n - 1) * step + 1, step) for cell in range(k)]
        for k, n, step, gap in zip(sizes, outputs, strides, gaps, strict=True)
    ]
    cells = [(r, s) for r in slices[0] for s in slices[1]]
    padded = _pad(x, borders, fill)
    windows = xp.stack([padded[:, r, s, :] for r, s in cells], axis=3)

    def backward(d_windows: Float[Array, "batch out_rows out_columns cells channels"]) -> Array:
        d_padded = zeros(tuple(padded.shape), like=d_windows)
        for k, (r, s) in enumerate(cells):
            d_padded[:, r, s, :] += d_windows[:, :, :, k, :]  # our own new array: nobody else sees it change
        (top, _), (left, _) = borders
        return d_padded[:, top : top + x.shape[1], left : left + x.shape[2], :]

    return windows, backward


def output_size(size: int, kernel: int, stride: int = 1, padding: str = "SAME", dilation: int = 1) -> int:
    """How many outputs a convolution or pooling has along one axis.

    SAME: ceil(size / stride). VALID: ceil((size − extent + 1) / stride), where extent = (kernel − 1) · dilation + 1
    is what the window spans. Raises ShapeError if the window is larger than the image (VALID).
    """
    return _outputs("size", size, kernel, stride, padding, dilation)


def same_padding(size: int, kernel: int, stride: int = 1, dilation: int = 1) -> tuple[int, int]:
    """How many zeros (before, after) an axis gets with SAME, as TensorFlow counts them.

    total = max((ceil(size / stride) − 1) · stride + (kernel − 1) · dilation + 1 − size, 0) and
    before = floor(total / 2), after = total − before: if the total is odd, the odd zero goes after.
    """
    extent = (kernel - 1) * dilation + 1
    total = max((-(-size // stride) - 1) * stride + extent - size, 0)
    return total // 2, total - total // 2


def pair(name: str, value: Any) -> tuple[int, int]:
    """`n` as (n, n), and a pair as it is. Raises ValueError for anything but positive whole numbers of Python."""
    both = (value, value) if isinstance(value, int) else value
    if not isinstance(both, tuple) or len(both) != 2 or not all(isinstance(n, int) and n > 0 for n in both):
        raise ValueError(f"{name}: expected a positive whole number, or two of them as (rows, columns), got {value!r}")
    return both


def expect_padding(padding: str) -> None:
    """Raise ValueError unless `padding` is "SAME" or "VALID"."""
    if padding not in ("SAME", "VALID"):
        raise ValueError(f"padding: expected 'SAME' or 'VALID', got {padding!r}")


def expect_images(x: Any, channels: int | None = None) -> None:
    """Raise ShapeError unless `x` is `[batch, rows, columns, channels]`, with so many channels if a number is given."""
    shape = tuple(getattr(x, "shape", ()))
    cause = ""
    if len(shape) == 3:
        cause = "grey images without an axis for their one channel: x[..., None] adds it"
    elif len(shape) == 4 and shape[1] == channels:
        cause = "the images look NCHW: the course's are NHWC"
    sizes = {} if channels is None else {"channels": channels}
    expect_shape("x", x, "batch rows columns channels", cause=cause, **sizes)


def geometry(x: Array, size: Pair, stride: Pair, padding: str, dilation: Pair) -> tuple[Any, ...]:
    """Along rows and columns: cells of a window, zeros at the borders, outputs, steps of the window, and its gaps."""
    sizes, strides, gaps = pair("size", size), pair("stride", stride), pair("dilation", dilation)
    axes = list(zip(("rows", "columns"), x.shape[1:3], sizes, strides, gaps, strict=True))
    outputs = [_outputs(name, n, k, step, padding, gap) for name, n, k, step, gap in axes]
    borders = [same_padding(n, k, step, gap) if padding == "SAME" else (0, 0) for _, n, k, step, gap in axes]
    return sizes, borders, outputs, strides, gaps


def _outputs(axis: str, size: int, kernel: int, stride: int, padding: str, dilation: int) -> int:
    expect_padding(padding)
    extent = 1 if padding == "SAME" else (kernel - 1) * dilation + 1
    if size < extent:
        cause = "padding 'VALID' on an image that earlier layers have made small; 'SAME' fits any size"
        raise ShapeError(
            f"x: expected {axis} >= {extent}, which a window of {kernel} with dilation {dilation} and padding "
            f"{padding} needs, got {size}. Likely cause: {cause if padding == 'VALID' else 'empty images'}"
        )
    return -(-(size - extent + 1) // stride)


def _pad(x: Array, borders: list[tuple[int, int]], fill: float) -> Array:
    xp = array_namespace(x)
    for axis, border in enumerate(borders, start=1):
        if any(border):
            shapes = [(*x.shape[:axis], width, *x.shape[axis + 1 :]) for width in border]
            before, after = (xp.full(shape, fill, dtype=x.dtype, device=device(x)) for shape in shapes)
            x = xp.concat([before, x, after], axis=axis)
    return x
