"""Right answers to the views, the cross-entropy and the training step in many styles, as learners may write them."""

import math

import numpy as np
import torch
from torch.nn import functional

from rnn_course.arrays import array_namespace

from .test_styles_06_08 import column_major, einsum, from_lists, is_torch


def stacked(parts, axis=0):
    return array_namespace(parts[0]).stack(parts, axis=axis)


# views.as_vectors


def row_after_row(images):
    return array_namespace(images).concat([images[:, row] for row in range(images.shape[1])], axis=1)


def pixel_by_pixel(images):
    _, rows, columns = images.shape
    return stacked([images[:, i // columns, i % columns] for i in range(rows * columns)], axis=1)


def filled_in(images):
    batch, rows, columns = images.shape
    vectors = 0 * images.reshape(batch, -1)
    for row in range(rows):
        vectors[:, row * columns : (row + 1) * columns] = images[:, row]
    return vectors


AS_VECTORS = [
    lambda images: images.reshape(images.shape[0], -1),
    lambda images: images.reshape(-1, images.shape[1] * images.shape[2]),
    lambda images: images.reshape((len(images), math.prod(images.shape[1:]))),
    lambda images: stacked([image.reshape(-1) for image in images]),
    lambda images: torch.flatten(images, 1) if is_torch(images) else np.array([image.ravel() for image in images]),
    lambda images: from_lists([[pixel for row in image for pixel in row] for image in images.tolist()], images),
    lambda images: column_major(images.reshape(images.shape[0], -1)),
    row_after_row,
    pixel_by_pixel,
    filled_in,
]

# views.time_major


def step_by_step(sequences):
    return stacked([sequences[:, step, :] for step in range(sequences.shape[1])])


def example_by_example(sequences):
    return stacked(list(sequences), axis=1)


def copied(sequences):
    batch, time, inputs = sequences.shape
    moved = 0 * sequences.reshape(time, batch, inputs)
    for example in range(batch):
        moved[:, example] = sequences[example]
    return moved


TIME_MAJOR = [
    lambda x: x.swapaxes(1, 0),
    lambda x: array_namespace(x).permute_dims(x, (1, 0, 2)),
    lambda x: array_namespace(x).moveaxis(x, 0, 1),
    lambda x: x.transpose(0, 1) if is_torch(x) else x.transpose(1, 0, 2),
    lambda x: x.permute(1, 0, 2) if is_torch(x) else np.swapaxes(x, 0, 1),
    lambda x: einsum("bti->tbi", x),
    lambda x: from_lists([list(step) for step in zip(*x.tolist(), strict=True)], x),
    step_by_step,
    example_by_example,
    copied,
]

# dense.cross_entropy


def shifted(z):
    return z - array_namespace(z).max(z, axis=1, keepdims=True)


def log_softmax(z):
    xp = array_namespace(z)
    return shifted(z) - xp.log(xp.sum(xp.exp(shifted(z)), axis=1, keepdims=True))


def one_hot(z, labels):
    return from_lists([[float(label == k) for k in range(z.shape[1])] for label in labels.tolist()], z)


def masked(z, labels):
    """−Σ over the places of the labels alone: a product of 0 and −∞ never appears, for the logarithms are finite."""
    return -(one_hot(z, labels) * log_softmax(z)).sum() / len(labels)


def row_by_row(z, labels):
    losses = []
    for row, label in zip(z, labels.tolist(), strict=True):
        xp = array_namespace(row)
        peak = xp.max(row)
        losses.append(peak + xp.log(xp.sum(xp.exp(row - peak))) - row[label])
    return sum(losses) / len(losses)


def with_math(z, labels):
    total = 0.0
    for row, label in zip(z.tolist(), labels.tolist(), strict=True):
        total += max(row) - row[label] + math.log(sum(math.exp(value - max(row)) for value in row))
    return total / len(labels)  # a plain number


def by_differences(z, labels):
    """log Σ exp(z − z_label), with the largest difference taken off first."""
    xp = array_namespace(z)
    d = z - z[range(len(labels)), labels][:, None]
    peak = xp.max(d, axis=1)
    return xp.mean(peak + xp.log(xp.sum(xp.exp(d - peak[:, None]), axis=1)))


def by_logaddexp(z, labels):
    if is_torch(z):
        return (torch.logsumexp(z, 1) - z.gather(1, labels[:, None])[:, 0]).mean()
    return (np.logaddexp.reduce(z, axis=1) - np.take_along_axis(z, labels[:, None], 1)[:, 0]).mean()


CROSS_ENTROPY = [
    lambda z, y: -log_softmax(z)[range(len(y)), y].mean(),
    lambda z, y: -log_softmax(z)[range(len(y)), y].sum() / len(y),
    lambda z, y: -sum(log_softmax(z)[k, label] for k, label in enumerate(y.tolist())) / z.shape[0],
    lambda z, y: functional.cross_entropy(z, y) if is_torch(z) else by_logaddexp(z, y),
    lambda z, y: functional.nll_loss(functional.log_softmax(z, 1), y) if is_torch(z) else float(masked(z, y)),
    masked,
    row_by_row,
    with_math,
    by_differences,
    by_logaddexp,
]

# learn.train_step


def softmax(z):
    e = array_namespace(z).exp(shifted(z))
    return e / e.sum(1)[:, None]


def the_usual(x, labels, kernel, bias, rate):
    logits = x @ kernel + bias
    d_logits = softmax(logits)
    d_logits[range(len(labels)), labels] -= 1
    d_logits = d_logits / len(labels)
    return by_differences(logits, labels), kernel - rate * x.T @ d_logits, bias - rate * d_logits.sum(0)


def by_einsum(x, labels, kernel, bias, rate):
    logits = einsum("bi,io->bo", x, kernel) + bias
    d_logits = (softmax(logits) - one_hot(logits, labels)) / len(labels)
    new_bias = bias - rate * einsum("bo->o", d_logits)
    return masked(logits, labels), kernel - rate * einsum("bi,bo->io", x, d_logits), new_bias


def by_autograd(x, labels, kernel, bias, rate):
    if not is_torch(x):
        return the_usual(x, labels, kernel, bias, rate)
    kernel, bias = kernel.clone().requires_grad_(), bias.clone().requires_grad_()
    loss = functional.cross_entropy(x @ kernel + bias, labels)
    loss.backward()
    with torch.no_grad():
        return loss.detach(), kernel - rate * kernel.grad, bias - rate * bias.grad


def by_an_optimiser(x, labels, kernel, bias, rate):
    if not is_torch(x):
        return the_usual(x, labels, kernel, bias, rate)
    weights = [kernel.clone().requires_grad_(), bias.clone().requires_grad_()]
    loss = functional.cross_entropy(x @ weights[0] + weights[1], labels)
    loss.backward()
    torch.optim.SGD(weights, lr=rate).step()
    return loss.detach(), *(weight.detach() for weight in weights)


def in_place_on_copies(x, labels, kernel, bias, rate):
    new_kernel, new_bias = 1 * kernel, 1 * bias
    logits = x @ kernel + bias
    d_logits = (softmax(logits) - one_hot(logits, labels)) / len(labels)
    new_kernel -= rate * (x.T @ d_logits)
    new_bias -= rate * d_logits.sum(0)
    return masked(logits, labels), new_kernel, new_bias


def with_a_row_of_ones(x, labels, kernel, bias, rate):
    """The bias as one more row of the kernel."""
    xp = array_namespace(x)
    x1, weights = xp.concat([x, 0 * x[:, :1] + 1], axis=1), xp.concat([kernel, bias[None, :]], axis=0)
    logits = x1 @ weights
    weights = weights - rate * x1.T @ ((softmax(logits) - one_hot(logits, labels)) / len(labels))
    return row_by_row(logits, labels), weights[:-1], weights[-1]


def summed_over_examples(x, labels, kernel, bias, rate):
    d_kernel, d_bias, losses = 0 * kernel, 0 * bias, []
    for row, label in zip(x, labels.tolist(), strict=True):
        logits = (row @ kernel + bias)[None, :]
        d = softmax(logits)[0]
        d[label] -= 1
        d_kernel = d_kernel + row[:, None] * d[None, :]
        d_bias = d_bias + d
        losses.append(-log_softmax(logits)[0, label])
    n = len(labels)
    return sum(losses) / n, kernel - rate / n * d_kernel, bias - rate / n * d_bias


def rate_first(x, labels, kernel, bias, rate):
    logits = x @ kernel + bias
    step = rate / len(labels) * (one_hot(logits, labels) - softmax(logits))
    return with_math(logits, labels), kernel + x.T @ step, bias + step.sum(0)


def transposed_products(x, labels, kernel, bias, rate):
    logits = (kernel.T @ x.T + bias[:, None]).T
    d_logits = (softmax(logits) - one_hot(logits, labels)) / len(labels)
    return by_logaddexp(logits, labels), kernel - rate * (d_logits.T @ x).T, bias - rate * d_logits.sum(0)


def as_a_list(x, labels, kernel, bias, rate):
    return list(the_usual(x, labels, kernel, bias, rate))


TRAIN_STEP = [
    the_usual,
    by_einsum,
    by_autograd,
    by_an_optimiser,
    in_place_on_copies,
    with_a_row_of_ones,
    summed_over_examples,
    rate_first,
    transposed_products,
    as_a_list,
]
