"""Pooling: one number for each window and channel, its maximum or its mean. There is nothing to learn.

`size` and `stride` are a number or (rows, columns); without a stride the windows lie side by side. `padding` is that of
`Conv2D`, the odd row or column of SAME going after.
"""

from collections.abc import Callable
from math import inf, prod
from typing import NamedTuple

from rnn_course.arrays import Array, array_namespace, device, is_numpy_array, is_torch_array, zeros
from rnn_course.conv import Pair, expect_images, geometry, pair, windows_forward
from rnn_course.kernels import pooling
from rnn_course.shape_types import Float


class MaxPool2D(NamedTuple):
    """y[n, i, j, c] = the largest number of channel c in window (i, j). What SAME adds is −∞, which never wins.

    The gradient goes to the winner alone. If several cells hold the largest number, the first one wins, row by row, as
    in Torch and TensorFlow on a CPU.
    """

    size: Pair = (2, 2)
    stride: Pair | None = None
    padding: str = "VALID"

    def __call__(
        self, x: Float[Array, "batch rows columns channels"]
    ) -> Float[Array, "batch out_rows out_columns channels"]:
        """The maxima. Raises ShapeError for anything but NHWC images, or a window larger than the image (VALID)."""
        expect_images(x)
        if is_torch_array(x):
            from rnn_course.kernels import images

            if images.fits(x):  # the same numbers, sooner; autograd knows the way back
                return images.maximum(x, self._geometry(x))
        return self.forward(x)[0]

    def forward(
        self, x: Float[Array, "batch rows columns channels"]
    ) -> tuple[Float[Array, "batch out_rows out_columns channels"], Callable]:
        """y, and backward: dy -> itself (no weights), dx."""
        expect_images(x)
        xp = array_namespace(x)
        stride = self.size if self.stride is None else self.stride
        if is_numpy_array(x):
            fast = pooling.forward(self, x, self._geometry(x))
            if fast is not None:
                return fast
        windows, windows_backward = windows_forward(x, self.size, stride, self.padding, fill=-inf)
        cells = xp.arange(windows.shape[3], device=device(x))[:, None]  # [cells, 1]
        won = xp.argmax(windows, axis=3, keepdims=True) == cells  # [batch, out_rows, out_columns, cells, channels]
        zero = zeros((), like=x)

        def backward(d_output: Float[Array, "batch out_rows out_columns channels"]) -> tuple[MaxPool2D, Array]:
            return self, windows_backward(xp.where(won, d_output[:, :, :, None, :], zero))

        return xp.sum(xp.where(won, windows, zero), axis=3), backward  # a product 0 · (−∞) would be NaN

    def _geometry(self, x: Array) -> tuple:
        return geometry(x, self.size, self.size if self.stride is None else self.stride, self.padding, 1)


class AveragePool2D(NamedTuple):
    """y[n, i, j, c] = the mean of channel c in window (i, j).

    Where SAME makes a window hang over the edge, the sum is divided by the number of cells within the image, as
    TensorFlow, Keras and ONNX do; with `count_padding=True` by all cells of the window, which is Torch's default.
    """

    size: Pair = (2, 2)
    stride: Pair | None = None
    padding: str = "VALID"
    count_padding: bool = False

    def __call__(
        self, x: Float[Array, "batch rows columns channels"]
    ) -> Float[Array, "batch out_rows out_columns channels"]:
        """The means. Raises ShapeError for anything but NHWC images, or a window larger than the image (VALID)."""
        return self.forward(x)[0]

    def forward(
        self, x: Float[Array, "batch rows columns channels"]
    ) -> tuple[Float[Array, "batch out_rows out_columns channels"], Callable]:
        """y, and backward: dy -> itself (no weights), dx: every cell gets its share of dy."""
        expect_images(x)
        xp = array_namespace(x)
        stride = self.size if self.stride is None else self.stride
        windows, windows_backward = windows_forward(x, self.size, stride, self.padding)
        count = prod(pair("size", self.size)) if self.count_padding else self._cells_within(x, stride)

        def backward(d_output: Float[Array, "batch out_rows out_columns channels"]) -> tuple[AveragePool2D, Array]:
            share = (d_output / count)[:, :, :, None, :]
            return self, windows_backward(xp.broadcast_to(share, tuple(windows.shape)))

        return xp.sum(windows, axis=3) / count, backward

    def _cells_within(self, x: Array, stride: Pair) -> Float[Array, "1 out_rows out_columns 1"]:
        """How many cells of each window lie within the image."""
        xp = array_namespace(x)
        image = xp.ones((1, *x.shape[1:3], 1), dtype=x.dtype, device=device(x))
        return xp.sum(windows_forward(image, self.size, stride, self.padding)[0], axis=3)
