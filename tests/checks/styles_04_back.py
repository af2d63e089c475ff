"""Right answers to `conv.backward` in several styles, as learners may write them."""

import numpy as np
import torch
from torch.nn import functional

from rnn_course.arrays import array_namespace, zeros

from .styles_04 import FORWARD
from .styles_04_rest import by_indices, place_by_place
from .test_styles_06_08 import einsum, is_torch


def forward(x, kernel, bias, stride):
    return FORWARD[0](x, kernel, bias, stride)


def window_by_window(x, kernel, bias, stride):
    """Each window is a dense layer; what comes back is added where the window lay."""

    def backward(d_y):
        d_x, d_kernel = 0 * x, 0 * kernel
        for i, j in np.ndindex(*d_y.shape[1:3]):
            seen = np.s_[:, i * stride : i * stride + kernel.shape[0], j * stride : j * stride + kernel.shape[1]]
            d_kernel = d_kernel + einsum("brsc,bf->rscf", x[seen], d_y[:, i, j])
            d_x[seen] = d_x[seen] + einsum("bf,rscf->brsc", d_y[:, i, j], kernel)
        return d_x, d_kernel, d_y.sum((0, 1, 2))

    return forward(x, kernel, bias, stride), backward


def rows_of_windows(x, kernel, bias, stride):
    """As the chapter: windows, one product, and the windows put back cell by cell."""
    size = tuple(kernel.shape[:2])
    windows, flat = place_by_place(x, size, stride), kernel.reshape(-1, kernel.shape[3])

    def backward(d_y):
        d_rows = d_y.reshape(-1, d_y.shape[3])
        d_windows = (d_y @ flat.T).reshape(*d_y.shape[:3], *kernel.shape[:3])
        d_x = zeros(x.shape, like=x)
        for r, s in np.ndindex(size):
            height, width = ((n - 1) * stride + 1 for n in d_y.shape[1:3])
            d_x[:, r : r + height : stride, s : s + width : stride] += d_windows[:, :, :, r, s]
        d_kernel = (windows.reshape(-1, windows.shape[3]).T @ d_rows).reshape(kernel.shape)
        return d_x, d_kernel, d_rows.sum(0)

    return windows @ flat + bias, backward


def with_numbered_pixels(x, kernel, bias, stride):
    """Cut windows out of the pixels' numbers, and add every share to the pixel of its number."""
    size = tuple(kernel.shape[:2])
    numbers = np.arange(x[0].shape.numel() if is_torch(x) else x[0].size).reshape(1, *x.shape[1:])
    places = by_indices(numbers, size, stride)[0].ravel()
    flat = kernel.reshape(-1, kernel.shape[3])

    def backward(d_y):
        shares = (d_y @ flat.T).reshape(len(x), -1)
        d_x = 0 * x.reshape(len(x), -1)
        if is_torch(x):
            d_x.index_add_(1, torch.as_tensor(places), shares)
        else:
            np.add.at(d_x, (slice(None), places), shares)
        d_kernel = einsum("bijw,bijf->wf", by_indices(x, size, stride), d_y).reshape(kernel.shape)
        return d_x.reshape(x.shape), d_kernel, array_namespace(d_y).sum(d_y, axis=(0, 1, 2))

    return forward(x, kernel, bias, stride), backward


def by_autograd(x, kernel, bias, stride):
    if not is_torch(x):
        return rows_of_windows(x, kernel, bias, stride)
    leaves = [a.detach().clone().requires_grad_() for a in (x, kernel, bias)]
    nchw = functional.conv2d(leaves[0].permute(0, 3, 1, 2), leaves[1].permute(3, 2, 0, 1), leaves[2], stride)
    y = nchw.permute(0, 2, 3, 1)
    return y.detach(), lambda d_y: torch.autograd.grad(y, leaves, d_y, retain_graph=True)


BACKWARD = [window_by_window, rows_of_windows, with_numbered_pixels, by_autograd]
STYLES = {"conv.backward": BACKWARD}
