"""Right answers to `conv.forward` in many styles, as learners may write them: none of them may fail."""

import numpy as np
import torch

from rnn_course.arrays import array_namespace, zeros


def sizes(x, kernel, stride):
    """How many places there are along rows and columns."""
    return tuple((x.shape[1 + a] - kernel.shape[a]) // stride + 1 for a in (0, 1))


def window(x, kernel, stride, i, j):
    rows = slice(i * stride, i * stride + kernel.shape[0])
    return x[:, rows, j * stride : j * stride + kernel.shape[1], :]


def by_seven_loops(x, kernel, bias, stride):
    out_rows, out_columns = sizes(x, kernel, stride)
    y = zeros((x.shape[0], out_rows, out_columns, kernel.shape[3]), like=x)
    for n in range(y.shape[0]):
        for i in range(out_rows):
            for j in range(out_columns):
                for f in range(y.shape[3]):
                    total = bias[f]
                    for r in range(kernel.shape[0]):
                        for s in range(kernel.shape[1]):
                            total = total + sum(
                                x[n, i * stride + r, j * stride + s, c] * kernel[r, s, c, f]
                                for c in range(kernel.shape[2])
                            )
                    y[n, i, j, f] = total
    return y


def by_places_into_zeros(x, kernel, bias, stride):
    out_rows, out_columns = sizes(x, kernel, stride)
    y = zeros((x.shape[0], out_rows, out_columns, kernel.shape[3]), like=x)
    flat = kernel.reshape(-1, kernel.shape[3])
    for i in range(out_rows):
        for j in range(out_columns):
            y[:, i, j] = window(x, kernel, stride, i, j).reshape(x.shape[0], -1) @ flat + bias
    return y


def by_sums_over_windows(x, kernel, bias, stride):
    xp, (out_rows, out_columns) = array_namespace(x), sizes(x, kernel, stride)
    rows = []
    for i in range(out_rows):
        places = [
            xp.sum(window(x, kernel, stride, i, j)[..., None] * kernel[None], axis=(1, 2, 3))
            for j in range(out_columns)
        ]
        rows.append(xp.stack(places, axis=1))
    return xp.stack(rows, axis=1) + bias


def by_tensordot(x, kernel, bias, stride):
    xp, (out_rows, out_columns) = array_namespace(x), sizes(x, kernel, stride)
    windows = xp.stack(
        [xp.stack([window(x, kernel, stride, i, j) for j in range(out_columns)], axis=1) for i in range(out_rows)],
        axis=1,
    )  # [batch, out_rows, out_columns, kernel_rows, kernel_columns, channels]
    return xp.tensordot(windows, kernel, axes=([3, 4, 5], [0, 1, 2])) + bias


def by_einsum(x, kernel, bias, stride):
    library = torch if isinstance(x, torch.Tensor) else np
    out_rows, out_columns = sizes(x, kernel, stride)
    y = bias
    for r in range(kernel.shape[0]):
        for s in range(kernel.shape[1]):
            seen = x[:, r::stride, s::stride][:, :out_rows, :out_columns]
            y = y + library.einsum("nijc,cf->nijf", seen, kernel[r, s])
    return y


def by_cells_and_cut_slices(x, kernel, bias, stride):
    out_rows, out_columns = sizes(x, kernel, stride)
    parts = [
        x[:, r : r + out_rows * stride : stride, s : s + out_columns * stride : stride, :] @ kernel[r][s]
        for r in range(kernel.shape[0])
        for s in range(kernel.shape[1])
    ]
    return sum(parts[1:], start=parts[0]) + bias[None, None, None, :]


def by_all_places_then_a_stride(x, kernel, bias, stride):
    out_rows, out_columns = sizes(x, kernel, 1)
    y = zeros((x.shape[0], out_rows, out_columns, kernel.shape[3]), like=x)
    for r in range(kernel.shape[0]):
        for s in range(kernel.shape[1]):
            y += x[:, r : r + out_rows, s : s + out_columns] @ kernel[r, s]
    return (y + bias)[:, ::stride, ::stride]


def by_a_dense_matrix(x, kernel, bias, stride):
    xp, (out_rows, out_columns) = array_namespace(x), sizes(x, kernel, stride)
    batch, rows, columns, channels = x.shape
    filters = kernel.shape[3]
    matrix = zeros((rows, columns, channels, out_rows, out_columns, filters), like=x)
    for i in range(out_rows):
        for j in range(out_columns):
            top, left = i * stride, j * stride
            matrix[top : top + kernel.shape[0], left : left + kernel.shape[1], :, i, j, :] = kernel
    flat = xp.reshape(matrix, (rows * columns * channels, out_rows * out_columns * filters))
    return xp.reshape(xp.reshape(x, (batch, -1)) @ flat, (batch, out_rows, out_columns, filters)) + bias


def by_the_library(x, kernel, bias, stride):
    """Torch's own, for Torch; a strided view, for NumPy."""
    if isinstance(x, torch.Tensor):
        theirs = torch.conv2d(x.permute(0, 3, 1, 2), kernel.permute(3, 2, 0, 1), bias, stride=stride)
        return theirs.permute(0, 2, 3, 1)
    views = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:2], axis=(1, 2))
    return np.einsum("nijcrs,rscf->nijf", views[:, ::stride, ::stride], kernel) + bias


def by_one_product_of_rows(x, kernel, bias, stride):
    xp, (out_rows, out_columns) = array_namespace(x), sizes(x, kernel, stride)
    cells = []
    for r in range(kernel.shape[0]):
        for s in range(kernel.shape[1]):
            cells.append(x[:, r::stride, s::stride, :][:, :out_rows, :out_columns, :])
    rows = xp.reshape(xp.stack(cells, axis=3), (x.shape[0] * out_rows * out_columns, -1))
    return xp.reshape(rows @ xp.reshape(kernel, (-1, bias.shape[0])) + bias, (x.shape[0], out_rows, out_columns, -1))


FORWARD = (
    by_seven_loops,
    by_places_into_zeros,
    by_sums_over_windows,
    by_tensordot,
    by_einsum,
    by_cells_and_cut_slices,
    by_all_places_then_a_stride,
    by_a_dense_matrix,
    by_the_library,
    by_one_product_of_rows,
)
