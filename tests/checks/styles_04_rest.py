"""Right answers to the exercises on convolution that styles_04.py leaves out, in many styles."""

import math

import numpy as np
import torch

from rnn_course.arrays import zeros

from .styles_01_03 import stacked
from .styles_04 import FORWARD
from .test_styles_06_08 import from_lists, is_torch

# conv.output_size and conv.same_padding


def by_counting(size, kernel, stride, padding):
    if padding == "SAME":
        return len(range(0, size, stride))
    return len(range(0, size - kernel + 1, stride))


def by_sliding(size, kernel, stride, padding):
    count, begin = 0, 0
    while begin < size if padding == "SAME" else begin + kernel <= size:
        count, begin = count + 1, begin + stride
    return count


OUTPUT_SIZE = [
    lambda n, k, s, padding: math.ceil(n / s) if padding == "SAME" else math.floor((n - k) / s) + 1,
    lambda n, k, s, padding: (n + s - 1) // s if padding == "SAME" else (n - k + s) // s,
    lambda n, k, s, padding: {"SAME": -(-n // s), "VALID": -(-(n - k + 1) // s)}[padding],
    by_counting,
    by_sliding,
]


def from_the_last_window(size, kernel, stride):
    last = (math.ceil(size / stride) - 1) * stride
    missing = last + kernel - size
    return (missing // 2, missing - missing // 2) if missing > 0 else (0, 0)


def zero_by_zero(size, kernel, stride):
    before = after = 0
    while (size + before + after - kernel) // stride + 1 < -(-size // stride) or size + before + after < kernel:
        before, after = (before, after + 1) if before == after else (before + 1, after)
    return before, after


def as_tensorflow_has_it(size, kernel, stride):
    total = max(kernel - stride, 0) if size % stride == 0 else max(kernel - size % stride, 0)
    return [total // 2, total - total // 2]


SAME_PADDING = [
    lambda n, k, s: (lambda t: (t // 2, (t + 1) // 2))(max((-(-n // s) - 1) * s + k - n, 0)),
    from_the_last_window,
    zero_by_zero,
    as_tensorflow_has_it,
]

# conv.parameters


def by_arrays(rows, columns, channels, filters, kernel_rows, kernel_columns):
    numbers, outputs = rows * columns * channels, rows * columns * filters
    convolution = torch.nn.Conv2d(channels, filters, (kernel_rows, kernel_columns), device="meta")
    dense = torch.nn.Linear(numbers, outputs, device="meta")
    return tuple(sum(p.numel() for p in layer.parameters()) for layer in (convolution, dense))


PARAMETERS = [
    lambda r, c, i, o, kr, kc: ((kr * kc * i + 1) * o, (r * c * i + 1) * r * c * o),
    lambda r, c, i, o, kr, kc: (math.prod((kr, kc, i, o)) + o, math.prod((r, c, i, r, c, o)) + math.prod((r, c, o))),
    lambda r, c, i, o, kr, kc: [o + o * i * kr * kc, (r * c) ** 2 * i * o + r * c * o],
    by_arrays,
]

# conv.receptive_field


def from_the_last_layer(layers):
    field = 1
    for kernel, stride in layers[::-1]:
        field = (field - 1) * stride + kernel
    return field


def by_recursion(layers):
    if not layers:
        return 1
    (kernel, stride), *rest = layers
    return (by_recursion(rest) - 1) * stride + kernel


def by_marking_pixels(layers):
    seen = {0}
    for kernel, stride in reversed(layers):
        seen = {place * stride + k for place in seen for k in range(kernel)}
    return max(seen) - min(seen) + 1


RECEPTIVE_FIELD = [
    lambda layers: 1 + sum((k - 1) * math.prod(s for _, s in layers[:n]) for n, (k, _) in enumerate(layers)),
    from_the_last_layer,
    by_recursion,
    by_marking_pixels,
]

# conv.as_dense


def cell_by_cell(kernel, rows, columns):
    out_columns = columns - kernel.shape[1] + 1
    dense = zeros((rows * columns, (rows - kernel.shape[0] + 1) * out_columns), like=kernel)
    for place in range(dense.shape[1]):
        i, j = divmod(place, out_columns)
        for r, s in np.ndindex(tuple(kernel.shape)):
            dense[(i + r) * columns + j + s, place] = kernel[r, s]
    return dense


def column_by_column(kernel, rows, columns):
    pictures = []
    for i in range(rows - kernel.shape[0] + 1):
        for j in range(columns - kernel.shape[1] + 1):
            picture = zeros((rows, columns), like=kernel)
            picture[i : i + kernel.shape[0], j : j + kernel.shape[1]] = kernel
            pictures.append(picture.reshape(-1))
    return stacked(pictures, axis=1)


def by_asking_the_convolution(kernel, rows, columns):
    """Each pixel alone, sent through the convolution, gives its row."""
    each = zeros((rows * columns, rows * columns), like=kernel)
    each[range(rows * columns), range(rows * columns)] = 1
    answers = FORWARD[0](each.reshape(-1, rows, columns, 1), kernel[:, :, None, None], 0 * kernel[0, :1], 1)
    return answers.reshape(rows * columns, -1)


def by_lists(kernel, rows, columns):
    out = (rows - kernel.shape[0] + 1, columns - kernel.shape[1] + 1)
    weights = {(r, s): float(kernel[r, s]) for r, s in np.ndindex(tuple(kernel.shape))}
    lines = [[weights.get((r - i, c - j), 0.0) for i, j in np.ndindex(out)] for r, c in np.ndindex(rows, columns)]
    return from_lists(lines, kernel)


AS_DENSE = [cell_by_cell, column_by_column, by_asking_the_convolution, by_lists]

# conv.windows


def place_by_place(x, size, stride):
    out_rows, out_columns = ((n - k) // stride + 1 for n, k in zip(x.shape[1:3], size, strict=True))
    windows = zeros((len(x), out_rows, out_columns, size[0] * size[1] * x.shape[3]), like=x)
    for i, j in np.ndindex(out_rows, out_columns):
        top, left = i * stride, j * stride
        windows[:, i, j] = x[:, top : top + size[0], left : left + size[1]].reshape(len(x), -1)
    return windows


def by_the_library(x, size, stride):
    if is_torch(x):
        windows = x.unfold(1, size[0], stride).unfold(2, size[1], stride)  # [..., channel, r, s]
        return windows.permute(0, 1, 2, 4, 5, 3).flatten(3)
    windows = np.lib.stride_tricks.sliding_window_view(x, size, axis=(1, 2))[:, ::stride, ::stride]
    return windows.transpose(0, 1, 2, 4, 5, 3).reshape(*windows.shape[:3], -1)


def by_indices(x, size, stride):
    rows, columns = (np.arange(0, n - k + 1, stride) for n, k in zip(x.shape[1:3], size, strict=True))
    r, s = np.divmod(np.arange(size[0] * size[1]), size[1])
    windows = x[:, rows[:, None, None] + r, columns[None, :, None] + s]  # [batch, i, j, cell, channel]
    return windows.reshape(*windows.shape[:3], -1)


def cells_stacked(x, size, stride):
    cells = [
        x[:, r : x.shape[1] - size[0] + r + 1 : stride, s : x.shape[2] - size[1] + s + 1 : stride]
        for r in range(size[0])
        for s in range(size[1])
    ]
    windows = stacked(cells, axis=3)
    return windows.reshape(*windows.shape[:3], -1)


WINDOWS = [place_by_place, by_the_library, by_indices, cells_stacked]

STYLES = {
    "conv.output_size": OUTPUT_SIZE,
    "conv.same_padding": SAME_PADDING,
    "conv.parameters": PARAMETERS,
    "conv.receptive_field": RECEPTIVE_FIELD,
    "conv.as_dense": AS_DENSE,
    "conv.windows": WINDOWS,
}
