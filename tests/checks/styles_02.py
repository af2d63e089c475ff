"""Right answers to the exercises on the dense layer that styles_01_03.py leaves out, in many styles."""

from collections import Counter
from itertools import pairwise

import numpy as np
import torch
from torch.nn import functional

from rnn_course.arrays import array_namespace

from .styles_01_03 import one_hot, stacked
from .test_styles_06_08 import column_major, einsum, from_lists, is_torch

# dense.shapes


def by_real_arrays(batch, inputs, hidden, classes):
    x, first, second = np.zeros((batch, inputs)), np.zeros((inputs, hidden)), np.zeros((hidden, classes))
    return first.shape, np.zeros(hidden).shape, (x @ first).shape, (x @ first @ second).shape


def by_torch(batch, inputs, hidden, classes):
    first, second = (torch.nn.Linear(*sizes, device="meta") for sizes in ((inputs, hidden), (hidden, classes)))
    y = first(torch.zeros(batch, inputs, device="meta"))
    return first.weight.T.shape, first.bias.shape, y.shape, second(y).shape


SHAPES = [
    lambda batch, inputs, hidden, classes: ((inputs, hidden), (hidden,), (batch, hidden), (batch, classes)),
    lambda batch, inputs, hidden, classes: tuple(
        map(tuple, ([inputs, hidden], [hidden], [batch, hidden], [batch, classes]))
    ),
    by_real_arrays,
    by_torch,
]

# dense.parameters


def with_a_loop(sizes):
    total = 0
    for k in range(1, len(sizes)):
        total += sizes[k - 1] * sizes[k]
        total += sizes[k]
    return total


def by_recursion(sizes):
    first, *rest = sizes
    return (first + 1) * rest[0] + by_recursion(rest) if rest else 0


PARAMETERS = [
    lambda sizes: sum((a + 1) * b for a, b in pairwise(sizes)),
    lambda sizes: sum(a * b for a, b in pairwise(sizes)) + sum(sizes[1:]),
    lambda sizes: int(np.dot(np.array(sizes[:-1]) + 1, sizes[1:])),
    lambda sizes: sum(np.zeros((a, b)).size + np.zeros(b).size for a, b in pairwise(sizes)),
    with_a_loop,
    by_recursion,
]

# dense.every_step


def step_by_step(inputs, kernel, bias):
    return stacked([inputs[:, step] @ kernel + bias for step in range(inputs.shape[1])], axis=1)


def all_rows_at_once(inputs, kernel, bias):
    rows = inputs.reshape(-1, inputs.shape[2]) @ kernel + bias
    return rows.reshape(*inputs.shape[:2], -1)


def filled_in(inputs, kernel, bias):
    outputs = 0 * (inputs @ kernel)
    for example in range(inputs.shape[0]):
        for step in range(inputs.shape[1]):
            outputs[example, step] = inputs[example, step] @ kernel + bias
    return outputs


EVERY_STEP = [
    lambda x, kernel, bias: x @ kernel + bias[None, None],
    lambda x, kernel, bias: einsum("bti,io->bto", x, kernel) + bias,
    lambda x, kernel, bias: functional.linear(x, kernel.T, bias) if is_torch(x) else np.dot(x, kernel) + bias,
    lambda x, kernel, bias: stacked([example @ kernel + bias for example in x]),
    lambda x, kernel, bias: (x.swapaxes(0, 1) @ kernel + bias).swapaxes(0, 1),
    lambda x, kernel, bias: array_namespace(x).tensordot(x, kernel, axes=1) + bias,
    step_by_step,
    all_rows_at_once,
    filled_in,
]

# dense.network


def clipped(z):
    return z.clamp(min=0) if is_torch(z) else np.maximum(z, 0)


def with_a_mask_in_place(x, kernel1, bias1, kernel2, bias2):
    hidden = x @ kernel1 + bias1
    hidden[hidden < 0] = 0
    return hidden @ kernel2 + bias2


def as_a_module(x, kernel1, bias1, kernel2, bias2):
    if not is_torch(x):
        return with_a_mask_in_place(x, kernel1, bias1, kernel2, bias2)
    return functional.linear(functional.relu(functional.linear(x, kernel1.T, bias1)), kernel2.T, bias2)


def example_by_example(x, kernel1, bias1, kernel2, bias2):
    return stacked([clipped(row @ kernel1 + bias1) @ kernel2 + bias2 for row in x])


def the_biases_as_rows_of_ones(x, kernel1, bias1, kernel2, bias2):
    xp = array_namespace(x)
    one = 0 * x[:, :1] + 1
    hidden = clipped(xp.concat([x, one], axis=1) @ xp.concat([kernel1, bias1[None]], axis=0))
    return xp.concat([hidden, one], axis=1) @ xp.concat([kernel2, bias2[None]], axis=0)


NETWORK = [
    lambda x, k1, b1, k2, b2: clipped(x @ k1 + b1) @ k2 + b2,
    lambda x, k1, b1, k2, b2: ((x @ k1 + b1) * ((x @ k1 + b1) > 0)) @ k2 + b2,
    lambda x, k1, b1, k2, b2: ((x @ k1 + b1 + abs(x @ k1 + b1)) / 2) @ k2 + b2,
    lambda x, k1, b1, k2, b2: einsum("bh,hc->bc", clipped(einsum("bi,ih->bh", x, k1) + b1), k2) + b2,
    lambda x, k1, b1, k2, b2: column_major(clipped(x @ k1 + b1) @ k2 + b2),
    with_a_mask_in_place,
    as_a_module,
    example_by_example,
    the_biases_as_rows_of_ones,
]

# dense.accuracy


def counted(logits, labels):
    right = 0
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        right += row.index(max(row)) == label
    return right / len(labels)


def with_a_counter(logits, labels):
    right = Counter((logits.argmax(1) == labels).tolist())
    return right[True] / right.total()


def the_labels_logit_is_the_largest(logits, labels):
    xp = array_namespace(logits)
    chosen = (one_hot(logits, labels) * logits).sum(1)
    return xp.mean(xp.astype(chosen == xp.max(logits, axis=1), logits.dtype))


ACCURACY = [
    lambda z, y: float((z.argmax(1) == y).sum()) / len(y),
    lambda z, y: sum(bool(k == label) for k, label in zip(z.argmax(1), y, strict=True)) / len(y),
    lambda z, y: (z.argmax(-1) == y).double().mean() if is_torch(z) else np.mean(np.argmax(z, axis=-1) == y),
    lambda z, y: float(np.mean(np.asarray(z).argmax(axis=1) == np.asarray(y))),
    lambda z, y: 1 - sum((array_namespace(z).argmax(z, axis=1) != y).tolist()) / z.shape[0],
    lambda z, y: from_lists([float(k) for k in (z.argmax(1) == y).tolist()], z).mean(),
    counted,
    with_a_counter,
    the_labels_logit_is_the_largest,
]

STYLES = {
    "dense.shapes": SHAPES,
    "dense.parameters": PARAMETERS,
    "dense.every_step": EVERY_STEP,
    "dense.network": NETWORK,
    "dense.accuracy": ACCURACY,
}
