"""Images on Torch: its own convolution and maximum, which autograd sees through, on our arrays as they lie.

An NHWC image, its axes named in the order NCHW, is what Torch calls channels-last, the layout in which its kernels are
fastest; nothing is copied. Padding that differs on both sides, as SAME's, is added before.

This file imports torch, and is imported only for tensors.
"""

from typing import Any

import torch
from torch.nn import functional

Tensor = torch.Tensor
TO_NCHW, TO_NHWC = (0, 3, 1, 2), (0, 2, 3, 1)


def fits(x: Tensor) -> bool:
    """Whether Torch's kernels take these numbers."""
    return x.is_floating_point() and 0 not in x.shape


def convolution(layer: Any, x: Tensor, geometry: tuple) -> Tensor:
    """What `Conv2D` computes, whose windows have this geometry."""
    _, borders, _, strides, gaps = geometry
    kernel = layer.kernel.permute(3, 2, 0, 1)  # [filters, channels, rows, columns]
    y = functional.conv2d(_padded(x, borders, 0.0), kernel, layer.bias, strides, dilation=gaps)
    return y.permute(TO_NHWC)


def maximum(x: Tensor, geometry: tuple) -> Tensor:
    """What `MaxPool2D` computes, whose windows have this geometry."""
    sizes, borders, _, strides, _ = geometry
    return functional.max_pool2d(_padded(x, borders, -torch.inf), sizes, strides).permute(TO_NHWC)


def _padded(x: Tensor, borders: list, fill: float) -> Tensor:
    """The images with a border, NCHW."""
    x, ((top, bottom), (left, right)) = x.permute(TO_NCHW), borders
    return functional.pad(x, (left, right, top, bottom), value=fill) if top or bottom or left or right else x
