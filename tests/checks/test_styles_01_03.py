"""Right answers in many styles pass, and the usual mistakes are recognised in other words than the catalogue's."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from rnn_course.arrays import array_namespace
from rnn_course.checks import check

from .styles_01_03 import AS_VECTORS, CROSS_ENTROPY, TIME_MAJOR, TRAIN_STEP
from .test_styles_06_08 import column_major, einsum, from_lists, is_torch


def like(values, x):
    return torch.as_tensor(values, dtype=x.dtype) if is_torch(x) else np.asarray(values, dtype=x.dtype)


# dense.forward


def by_loops(x, kernel, bias):
    rows, columns = range(x.shape[0]), range(kernel.shape[1])
    inner = range(x.shape[1])
    return from_lists(
        [[sum(float(x[r, k]) * float(kernel[k, c]) for k in inner) + float(bias[c]) for c in columns] for r in rows], x
    )


def dense_from_the_left(x, kernel, bias):
    return (kernel.T @ x.T + bias[:, None]).T


def with_a_row_of_ones(x, kernel, bias):
    xp = array_namespace(x)
    return xp.concat([x, 0 * x[:, :1] + 1], axis=1) @ xp.concat([kernel, bias[None, :]], axis=0)


def in_place_on_its_own(x, kernel, bias):
    y = x @ kernel
    y += bias
    return y


def row_by_row(x, kernel, bias):
    return array_namespace(x).stack([row @ kernel + bias for row in x])


DENSE = [
    lambda x, kernel, bias: x @ kernel + bias,
    lambda x, kernel, bias: bias + x.dot(kernel) if not is_torch(x) else torch.addmm(bias, x, kernel),
    lambda x, kernel, bias: functional.linear(x, kernel.T, bias) if is_torch(x) else np.matmul(x, kernel) + bias[None],
    lambda x, kernel, bias: einsum("bi,io->bo", x, kernel) + bias,
    lambda x, kernel, bias: (x[:, :, None] * kernel[None]).sum(1) + bias,
    lambda x, kernel, bias: column_major(x @ kernel + bias.reshape(1, -1)),
    by_loops,
    dense_from_the_left,
    with_a_row_of_ones,
    in_place_on_its_own,
    row_by_row,
]


# dense.softmax


def softmax_row_by_row(logits):
    rows = []
    for row in logits:
        e = array_namespace(row).exp(row - max(row))
        rows.append(e / sum(e))
    return array_namespace(logits).stack(rows)


def softmax_with_math(logits):
    rows = []
    for row in logits.tolist():
        e = [math.exp(value - max(row)) for value in row]
        rows.append([value / sum(e) for value in e])
    return from_lists(rows, logits)


def softmax_by_logarithms(logits):
    if is_torch(logits):
        return torch.exp(logits - torch.logsumexp(logits, 1, keepdim=True))
    return np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))


def softmax_by_differences(logits):
    """1 / Σ exp(z_k − z_c): infinite sums become 0."""
    return 1 / array_namespace(logits).exp(logits[:, None, :] - logits[:, :, None]).sum(2)


SOFTMAX = [
    lambda z: functional.softmax(z, dim=1) if is_torch(z) else SOFTMAX[1](z),
    lambda z: (lambda e: e / e.sum(1)[:, None])(array_namespace(z).exp(z - array_namespace(z).max(z, axis=1)[:, None])),
    lambda z: (lambda e: (e.T / e.sum(1)).T)(array_namespace(z).exp((z.T - array_namespace(z).max(z, axis=1)).T)),
    lambda z: torch.softmax(z, -1) if is_torch(z) else softmax_row_by_row(z),
    lambda z: (lambda s: array_namespace(z).exp(s - array_namespace(z).log(array_namespace(z).exp(s).sum(1)[:, None])))(
        z - array_namespace(z).max(z, axis=1, keepdims=True)
    ),
    lambda z: (
        (lambda e: e / e.sum(-1, keepdims=True))(np.exp(z - z.max(-1, keepdims=True)))
        if not is_torch(z)
        else (z - z.amax(1, True)).exp() / (z - z.amax(1, True)).exp().sum(1, True)
    ),
    lambda z: column_major(softmax_row_by_row(z)),
    softmax_row_by_row,
    softmax_with_math,
    softmax_by_logarithms,
    softmax_by_differences,
]


# learn.dense_backward


def gradients_example_by_example(x, kernel, d_y):
    d_kernel, d_bias, d_x = 0 * kernel, 0 * d_y[0], []
    for row, d_row in zip(x, d_y, strict=True):
        d_kernel = d_kernel + row[:, None] * d_row[None, :]
        d_bias = d_bias + d_row
        d_x.append(kernel @ d_row)
    return array_namespace(x).stack(d_x), d_kernel, d_bias


def gradients_by_autograd(x, kernel, d_y):
    if not is_torch(x):
        return gradients_example_by_example(x, kernel, d_y)
    x, kernel = x.clone().requires_grad_(), kernel.clone().requires_grad_()
    bias = torch.zeros(kernel.shape[1], dtype=x.dtype, requires_grad=True)
    return torch.autograd.grad(x @ kernel + bias, (x, kernel, bias), d_y)


BACK = [
    lambda x, w, d: (d @ w.T, x.T @ d, d.sum(0)),
    lambda x, w, d: [(w @ d.T).T, (d.T @ x).T, sum(d)],
    lambda x, w, d: (einsum("bo,io->bi", d, w), einsum("bi,bo->io", x, d), einsum("bo->o", d)),
    lambda x, w, d: (d @ w.T, (x[:, :, None] * d[:, None, :]).sum(0), (0 * d[:, 0] + 1) @ d),
    lambda x, w, d: ((d[:, None, :] * w[None]).sum(2), x.T @ d, array_namespace(d).mean(d, axis=0) * len(d)),
    lambda x, w, d: (column_major(d @ w.T), column_major(x.T @ d), d.sum(0)),
    lambda x, w, d: (d @ w.T, sum(a[:, None] @ b[None, :] for a, b in zip(x, d, strict=True)), d.sum(axis=0)),
    lambda x, w, d: (d @ array_namespace(w).permute_dims(w, (1, 0)), x.swapaxes(0, 1) @ d, d.sum(0)),
    gradients_example_by_example,
    gradients_by_autograd,
]


# learn.softmax_ce_backward


def p_of(logits):
    return SOFTMAX[1](logits)


def one_hot_by_identity(logits, labels):
    return like(np.eye(logits.shape[1])[np.asarray(labels)], logits)


def minus_one_at_the_label(logits, labels):
    d_logits = p_of(logits)
    d_logits[range(len(labels)), labels] -= 1
    return d_logits / len(labels)


def loss_by_autograd(logits, labels):
    if not is_torch(logits):
        return minus_one_at_the_label(logits, labels)
    logits = logits.clone().requires_grad_()
    return torch.autograd.grad(functional.cross_entropy(logits, labels), logits)[0]


def label_by_label(logits, labels):
    rows = []
    for p, label in zip(p_of(logits).tolist(), labels.tolist(), strict=True):
        rows.append([(value - (k == label)) / len(labels) for k, value in enumerate(p)])
    return from_lists(rows, logits)


CROSS = [
    lambda z, y: (p_of(z) - one_hot_by_identity(z, y)) / len(y),
    lambda z, y: (p_of(z) - one_hot_by_identity(z, y)) * (1 / z.shape[0]),
    lambda z, y: -(one_hot_by_identity(z, y) - p_of(z)) / len(y),
    lambda z, y: (
        (torch.softmax(z, 1) - functional.one_hot(y, z.shape[1])) / len(y)
        if is_torch(z)
        else minus_one_at_the_label(z, y)
    ),
    lambda z, y: column_major(minus_one_at_the_label(z, y)),
    lambda z, y: array_namespace(z).stack(
        [(p - t) / len(y) for p, t in zip(p_of(z), one_hot_by_identity(z, y), strict=True)]
    ),
    lambda z, y: p_of(z) / len(y) - one_hot_by_identity(z, y) / len(y),
    minus_one_at_the_label,
    loss_by_autograd,
    label_by_label,
]


# learn.adam


def adam_rate_corrected(w, m, s, g, t, rate, b1, b2, eps):
    """As the package writes it: the corrections go into the rate and into epsilon."""
    m, s = b1 * m + (1 - b1) * g, b2 * s + (1 - b2) * g**2
    c = math.sqrt(1 - b2**t)
    return w - rate * c / (1 - b1**t) * m / (s**0.5 + eps * c), m, s


def adam_by_moving(w, m, s, g, t, rate, b1, b2, eps):
    """Means as moves towards what comes in, in place on copies."""
    m, s = (m.clone(), s.clone()) if is_torch(m) else (m.copy(), s.copy())
    m += (1 - b1) * (g - m)
    s += (1 - b2) * (g * g - s)
    return w - rate * (m / (1 - b1**t)) / ((s / (1 - b2**t)) ** 0.5 + eps), m, s


def adam_number_by_number(w, m, s, g, t, rate, b1, b2, eps):
    shape, flat = tuple(w.shape), []
    for a, b, c, d in zip(*(x.reshape(-1).tolist() for x in (w, m, s, g)), strict=True):
        b, c = b1 * b + (1 - b1) * d, b2 * c + (1 - b2) * d * d
        flat.append((a - rate * (b / (1 - b1**t)) / (math.sqrt(c / (1 - b2**t)) + eps), b, c))
    return tuple(like(column, w).reshape(shape) for column in zip(*flat, strict=True))


ADAM = [adam_rate_corrected, adam_by_moving, adam_number_by_number]


STYLES = [
    pytest.param(name, answer, id=f"{name}-{k}")
    for name, answers in {
        "views.as_vectors": AS_VECTORS,
        "views.time_major": TIME_MAJOR,
        "dense.forward": DENSE,
        "dense.softmax": SOFTMAX,
        "dense.cross_entropy": CROSS_ENTROPY,
        "learn.train_step": TRAIN_STEP,
        "learn.dense_backward": BACK,
        "learn.softmax_ce_backward": CROSS,
        "learn.adam": ADAM,
    }.items()
    for k, answer in enumerate(answers)
]


@pytest.mark.parametrize(("name", "answer"), STYLES)
def test_a_right_answer_in_another_style_passes(name, answer):
    report = check(name, answer)
    assert report.passed, repr(report)
    assert not report.borrowed


MADE = [
    (
        "dense.forward",
        lambda x, kernel, bias: np.matmul(x, kernel) if not is_torch(x) else torch.mm(x, kernel),
        "no bias",
    ),
    ("dense.softmax", lambda z: (lambda e: e / e.sum(1)[:, None])(array_namespace(z).exp(z)), "no max subtraction"),
    ("dense.softmax", lambda z: softmax_row_by_row(z.T).T, "over the wrong axis"),
    (
        "dense.cross_entropy",
        lambda z, y: -array_namespace(z).log(p_of(z)[range(len(y)), y]).mean(),
        "logarithm of softmax",
    ),
    ("learn.dense_backward", lambda x, w, d: (d @ w.T, x.T @ d, 1 * d), "bias gradient not summed"),
    ("learn.dense_backward", lambda x, w, d: (d @ w.T, (x.T @ d).T, d.sum(0)), "transposed kernel gradient"),
    ("learn.softmax_ce_backward", lambda z, y: minus_one_at_the_label(z, y) * len(y), "not divided by the batch"),
    ("learn.softmax_ce_backward", lambda z, y: -minus_one_at_the_label(z, y), "label minus probability"),
    ("learn.sgd", lambda w, g, rate: w - (-rate) * g, "uphill"),
    ("learn.relu_backward", lambda x, d: d * (d > 0), "ReLU of the gradient"),
]


@pytest.mark.parametrize(("name", "answer", "mistake"), MADE, ids=[f"{n}-{m}" for n, _, m in MADE])
def test_a_mistake_is_recognised_in_another_style(name, answer, mistake):
    assert check(name, answer).mistake == mistake
