"""Right answers to `norm.group_norm` in many styles, as learners may write them: none of them may fail."""

import numpy as np
import torch

from rnn_course.arrays import array_namespace, zeros


def library(x):
    return torch if isinstance(x, torch.Tensor) else np


def by_loops_over_examples_and_groups(x, gamma, beta, groups, eps):
    xp, size = array_namespace(x), x.shape[3] // groups
    y = zeros(x.shape, like=x)
    for n in range(x.shape[0]):
        for g in range(groups):
            block = x[n, :, :, g * size : (g + 1) * size]
            mean = xp.mean(block)
            y[n, :, :, g * size : (g + 1) * size] = (block - mean) / (xp.mean((block - mean) ** 2) + eps) ** 0.5
    return y * gamma + beta


def by_pieces_put_together(x, gamma, beta, groups, eps):
    xp, size = array_namespace(x), x.shape[3] // groups
    pieces = []
    for start in range(0, x.shape[3], size):
        piece = x[..., start : start + size]
        mean = xp.mean(piece, axis=(1, 2, 3), keepdims=True)
        variance = xp.mean(piece**2, axis=(1, 2, 3), keepdims=True) - mean**2
        pieces.append((piece - mean) / xp.sqrt(variance + eps))
    return gamma * xp.concat(pieces, axis=3) + beta


def by_five_axes(x, gamma, beta, groups, eps):
    xp = array_namespace(x)
    b, r, c, f = x.shape
    grouped = xp.reshape(x, (b, r, c, groups, f // groups))
    centred = grouped - xp.mean(grouped, axis=(1, 2, 4), keepdims=True)
    spread = xp.sqrt(xp.mean(centred * centred, axis=(1, 2, 4), keepdims=True) + eps)
    return xp.reshape(centred / spread, (b, r, c, f)) * gamma + beta


def by_var(x, gamma, beta, groups, eps):
    xp = array_namespace(x)
    grouped = xp.reshape(x, (x.shape[0], -1, groups, x.shape[3] // groups))
    mean, variance = (f(grouped, axis=(1, 3), keepdims=True) for f in (xp.mean, xp.var))
    return xp.reshape((grouped - mean) * (variance + eps) ** -0.5, x.shape) * gamma[None, None, None, :] + beta


def by_moving_the_channels(x, gamma, beta, groups, eps):
    xp = array_namespace(x)
    moved = xp.moveaxis(x, 3, 1)  # NCHW, as in the paper
    rows = xp.reshape(moved, (x.shape[0] * groups, -1))
    rows = rows - xp.mean(rows, axis=1, keepdims=True)
    rows = rows / (xp.mean(rows**2, axis=1, keepdims=True) + eps) ** 0.5
    return xp.moveaxis(xp.reshape(rows, moved.shape), 1, 3) * gamma + beta


def by_sums(x, gamma, beta, groups, eps):
    xp = array_namespace(x)
    b, r, c, f = x.shape
    n = r * c * f // groups
    grouped = xp.reshape(x, (b, r * c, groups, f // groups))
    mean = xp.sum(grouped, axis=(1, 3), keepdims=True) / n
    variance = xp.sum((grouped - mean) ** 2, axis=(1, 3), keepdims=True) / n
    return xp.reshape((grouped - mean) / xp.sqrt(variance + eps), (b, r, c, f)) * gamma + beta


def by_a_matrix_of_ones(x, gamma, beta, groups, eps):
    xp, size = array_namespace(x), x.shape[3] // groups
    member = zeros((x.shape[3], x.shape[3]), like=x)
    for g in range(groups):
        member[g * size : (g + 1) * size, g * size : (g + 1) * size] = 1 / size
    mean = xp.mean(x @ member, axis=(1, 2), keepdims=True)  # [batch, 1, 1, channels]
    variance = xp.mean((x - mean) ** 2 @ member, axis=(1, 2), keepdims=True)
    return (x - mean) / (variance + eps) ** 0.5 * gamma + beta


def by_the_library(x, gamma, beta, groups, eps):
    """Torch's own, for Torch; repeated statistics, for NumPy."""
    if isinstance(x, torch.Tensor):
        theirs = torch.nn.functional.group_norm(x.permute(0, 3, 1, 2), groups, gamma, beta, eps)
        return theirs.permute(0, 2, 3, 1)
    size = x.shape[3] // groups
    grouped = x.reshape(len(x), -1, groups, size)
    mean = grouped.mean(axis=(1, 3)).repeat(size, axis=1)[:, None, None]
    variance = grouped.var(axis=(1, 3)).repeat(size, axis=1)[:, None, None]
    return (x - mean) / np.sqrt(variance + eps) * gamma + beta


def by_methods_of_the_arrays(x, gamma, beta, groups, eps):
    grouped = x.reshape(x.shape[0], -1, groups, x.shape[3] // groups)
    centred = grouped - grouped.mean((1, 3)).reshape(x.shape[0], 1, groups, 1)
    variance = (centred**2).mean((1, 3)).reshape(x.shape[0], 1, groups, 1)
    return (centred / (variance + eps) ** 0.5).reshape(x.shape) * gamma + beta


def by_one_factor_and_one_shift(x, gamma, beta, groups, eps):
    xp = library(x)
    b, _, _, f = x.shape
    size = f // groups
    grouped = x.reshape(b, -1, groups, size)
    mean = xp.einsum("bpgs->bg", grouped) / (grouped.shape[1] * size)
    square = xp.einsum("bpgs,bpgs->bg", grouped, grouped) / (grouped.shape[1] * size)
    scale = (square - mean**2 + eps) ** -0.5
    factor = (scale[:, :, None] * gamma.reshape(1, groups, size)).reshape(b, 1, 1, f)
    shift = beta - (mean[:, :, None] * factor.reshape(b, groups, size)).reshape(b, 1, 1, f)
    return x * factor + shift


GROUP_NORM = (
    by_loops_over_examples_and_groups,
    by_pieces_put_together,
    by_five_axes,
    by_var,
    by_moving_the_channels,
    by_sums,
    by_a_matrix_of_ones,
    by_the_library,
    by_methods_of_the_arrays,
    by_one_factor_and_one_shift,
)
