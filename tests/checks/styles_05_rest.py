"""Right answers to the exercises on normalization that styles_05.py leaves out, in many styles."""

import numpy as np
import torch
from torch.nn import functional

from rnn_course.arrays import array_namespace

from .styles_01_03 import stacked
from .test_styles_06_08 import einsum, is_torch

# norm.count


def by_real_means(batch, rows, columns, channels, groups):
    x = np.zeros((batch, rows, columns, groups, channels // groups))
    axes = ((0, 1, 2), (1, 2, 3, 4), (1, 2), (1, 2, 4))
    return tuple(x.mean(axis=over).size for over in axes)


COUNT = [
    lambda n, rows, columns, c, g: (c, n, n * c, n * g),
    lambda n, rows, columns, c, g: [c, n, c * n, g * n],
    lambda n, rows, columns, c, g: tuple(
        n * rows * columns * c // each
        for each in (n * rows * columns, rows * columns * c, rows * columns, rows * columns * c // g)
    ),
    by_real_means,
]

# norm.standardise


def by_mean_of_squares(x, axes, eps):
    xp = array_namespace(x)
    mean = xp.mean(x, axis=axes, keepdims=True)
    return (x - mean) / (xp.mean(x * x, axis=axes, keepdims=True) - mean * mean + eps) ** 0.5


def by_sums(x, axes, eps):
    count = 1
    for axis in axes:
        count *= x.shape[axis]
    xp = array_namespace(x)
    centred = x - xp.sum(x, axis=axes, keepdims=True) / count
    return centred * (xp.sum(centred**2, axis=axes, keepdims=True) / count + eps) ** -0.5


def axis_by_axis(x, axes, eps):
    """A mean of means: all parts are of one size."""
    xp = array_namespace(x)

    def mean(values):
        for axis in axes:
            values = xp.mean(values, axis=axis, keepdims=True)
        return values

    centred = x - mean(x)
    return centred / xp.sqrt(mean(centred * centred) + eps)


STANDARDISE = [
    lambda x, axes, eps: (
        (x - array_namespace(x).mean(x, axis=axes, keepdims=True))
        / array_namespace(x).sqrt(array_namespace(x).var(x, axis=axes, keepdims=True) + eps)
    ),
    lambda x, axes, eps: (
        (x - x.mean(axes, keepdim=True)) * torch.rsqrt(x.var(axes, correction=0, keepdim=True) + eps)
        if is_torch(x)
        else (x - x.mean(axes, keepdims=True)) / (x.std(axes, keepdims=True) ** 2 + eps) ** 0.5
    ),
    by_mean_of_squares,
    by_sums,
    axis_by_axis,
]

# norm.backward


def normed(x, eps):
    centred = x - x.mean(1)[:, None]
    scale = ((centred**2).mean(1)[:, None] + eps) ** -0.5
    return centred * scale, scale


def by_three_roads(x, gamma, beta, eps):
    """Through the distances, through the variance, through the mean, one after the other."""
    n = x.shape[1]
    centred = x - x.mean(1)[:, None]
    deviation = ((centred**2).mean(1)[:, None] + eps) ** 0.5

    def backward(d_y):
        d_standard = d_y * gamma
        d_variance = -0.5 * (d_standard * centred).sum(1)[:, None] / deviation**3
        d_centred = d_standard / deviation + d_variance * 2 * centred / n
        d_x = d_centred - d_centred.sum(1)[:, None] / n
        return d_x, (d_y * centred / deviation).sum(0), d_y.sum(0)

    return centred / deviation * gamma + beta, backward


def row_by_row(x, gamma, beta, eps):
    standard, scale = normed(x, eps)

    def backward(d_y):
        rows = []
        for d_row, row, s in zip(d_y * gamma, standard, scale, strict=True):
            rows.append(s * (d_row - d_row.mean() - row * (d_row @ row) / len(row)))
        return stacked(rows), einsum("bf,bf->f", d_y, standard), einsum("bf->f", d_y)

    return gamma * standard + beta, backward


def with_the_whole_jacobian(x, gamma, beta, eps):
    standard, scale = normed(x, eps)
    n = x.shape[1]
    identity = array_namespace(x).eye(n, dtype=x.dtype)
    jacobian = scale[:, :, None] * (identity - 1 / n - standard[:, :, None] * standard[:, None, :] / n)

    def backward(d_y):
        return einsum("bi,bij->bj", d_y * gamma, jacobian), (d_y * standard).sum(0), d_y.sum(0)

    return standard * gamma + beta, backward


def norm_by_autograd(x, gamma, beta, eps):
    if not is_torch(x):
        return by_three_roads(x, gamma, beta, eps)
    leaves = [a.detach().clone().requires_grad_() for a in (x, gamma, beta)]
    y = functional.layer_norm(leaves[0], (x.shape[1],), leaves[1], leaves[2], eps)
    return y.detach(), lambda d_y: torch.autograd.grad(y, leaves, d_y, retain_graph=True)


BACKWARD = [by_three_roads, row_by_row, with_the_whole_jacobian, norm_by_autograd]

# norm.batch_training and norm.batch_inference


def on_flat_rows(x, gamma, beta, mean, variance, momentum, eps):
    rows = x.reshape(-1, x.shape[3])
    found = rows.mean(0)
    square = ((rows - found) ** 2).sum(0)
    y = ((rows - found) / (square / len(rows) + eps) ** 0.5 * gamma + beta).reshape(x.shape)
    return y, mean + momentum * (found - mean), variance + momentum * (square / (len(rows) - 1) - variance)


def channel_by_channel(x, gamma, beta, mean, variance, momentum, eps):
    xp = array_namespace(x)
    parts, means, variances = [], [], []
    for c in range(x.shape[3]):
        values = x[..., c]
        m, v = xp.mean(values), xp.var(values, correction=1)
        biased = xp.var(values)
        parts.append((values - m) / (biased + eps) ** 0.5 * gamma[c] + beta[c])
        means.append((1 - momentum) * mean[c] + momentum * m)
        variances.append((1 - momentum) * variance[c] + momentum * v)
    return stacked(parts, axis=3), stacked(means), stacked(variances)


def in_copies_in_place(x, gamma, beta, mean, variance, momentum, eps):
    if not is_torch(x):
        return on_flat_rows(x, gamma, beta, mean, variance, momentum, eps)
    mean, variance = mean.clone(), variance.clone()
    y = functional.batch_norm(x.permute(0, 3, 1, 2), mean, variance, gamma, beta, True, momentum, eps)
    return y.permute(0, 2, 3, 1), mean, variance


def by_library_variances(x, gamma, beta, mean, variance, momentum, eps):
    xp = array_namespace(x)
    m = xp.mean(x, axis=(0, 1, 2))
    y = (x - m) * (gamma / xp.sqrt(xp.var(x, axis=(0, 1, 2)) + eps)) + beta
    keep = 1 - momentum
    return [y, keep * mean + momentum * m, keep * variance + momentum * xp.var(x, axis=(0, 1, 2), correction=1)]


TRAINING = [on_flat_rows, channel_by_channel, in_copies_in_place, by_library_variances]

INFERENCE = [
    lambda x, gamma, beta, m, v, eps: (x - m) / (v + eps) ** 0.5 * gamma + beta,
    lambda x, gamma, beta, m, v, eps: x * (gamma * (v + eps) ** -0.5) + (beta - m * gamma * (v + eps) ** -0.5),
    lambda x, gamma, beta, m, v, eps: gamma * (x - m) / array_namespace(x).sqrt(v + eps) + beta,
    lambda x, gamma, beta, m, v, eps: stacked(
        [(x[..., c] - m[c]) / (v[c] + eps) ** 0.5 * gamma[c] + beta[c] for c in range(x.shape[3])], axis=3
    ),
    lambda x, gamma, beta, m, v, eps: (
        functional.batch_norm(x.permute(0, 3, 1, 2), m, v, gamma, beta, False, 0.0, eps).permute(0, 2, 3, 1)
        if is_torch(x)
        else (x - m) / np.sqrt(v + eps) * gamma + beta
    ),
]

# norm.fold


def by_a_diagonal_matrix(kernel, bias, gamma, beta, mean, variance, eps):
    scale = gamma / (variance + eps) ** 0.5
    diagonal = array_namespace(kernel).eye(len(scale), dtype=kernel.dtype) * scale
    return kernel @ diagonal, (bias - mean) @ diagonal + beta


def by_asking_both_layers(kernel, bias, gamma, beta, mean, variance, eps):
    """The answer to zeros is the bias, the answers to units less that bias are the kernel."""

    def both(x):
        return (x @ kernel + bias - mean) / (variance + eps) ** 0.5 * gamma + beta

    new_bias = both(0 * kernel[:, 0])
    return both(array_namespace(kernel).eye(kernel.shape[0], dtype=kernel.dtype)) - new_bias, new_bias


def unit_by_unit(kernel, bias, gamma, beta, mean, variance, eps):
    columns, biases = [], []
    for k in range(len(bias)):
        scale = gamma[k] / (variance[k] + eps) ** 0.5
        columns.append(kernel[:, k] * scale)
        biases.append((bias[k] - mean[k]) * scale + beta[k])
    return stacked(columns, axis=1), stacked(biases)


FOLD = [
    lambda k, b, gamma, beta, m, v, eps: (k * gamma / (v + eps) ** 0.5, (b - m) * gamma / (v + eps) ** 0.5 + beta),
    by_a_diagonal_matrix,
    by_asking_both_layers,
    unit_by_unit,
]

STYLES = {
    "norm.count": COUNT,
    "norm.standardise": STANDARDISE,
    "norm.backward": BACKWARD,
    "norm.batch_training": TRAINING,
    "norm.batch_inference": INFERENCE,
    "norm.fold": FOLD,
}
