"""Right answers to the exercises of chapter 12 in many styles, as learners may write them: none of them may fail."""

from collections import Counter
from functools import reduce

import numpy as np
import torch

from rnn_course import LSTMStateTuple, dynamic_rnn, softmax
from rnn_course.arrays import array_namespace, to_numpy
from tests.checks.styles_10 import library
from tests.checks.styles_11 import lstm


def as_is(array, like):
    """A NumPy array in the library of `like`."""
    return torch.from_numpy(array) if isinstance(like, torch.Tensor) else array


def classify_by_reduction(cell, kernel, bias, images):
    rows = (images[:, k] for k in range(images.shape[1]))
    state = reduce(lambda state, x: cell(x, state)[1], rows, cell.zero_state(images.shape[0]))
    return softmax(state.h @ kernel + bias)


def classify_by_recursion(cell, kernel, bias, images):
    def read(row):
        return cell(images[:, row], read(row - 1) if row else cell.zero_state(images.shape[0]))[1]

    return softmax(read(images.shape[1] - 1).h @ kernel + bias)


def classify_time_major(cell, kernel, bias, images):
    state = cell.zero_state(len(images))
    for x in images.swapaxes(0, 1):
        output, state = cell(x, state)
    return softmax(output @ kernel + bias)


def classify_with_exp(cell, kernel, bias, images):
    lib, state = library(images), cell.zero_state(images.shape[0])
    for row in range(images.shape[1]):
        output, state = cell(images[:, row, :], state)
    e = lib.exp(lib.matmul(output, kernel) + bias)
    return e / e.sum(axis=1, keepdims=True)


def classify_shifted(cell, kernel, bias, images):
    state = cell.zero_state(images.shape[0])
    for row in range(images.shape[1]):
        _, state = cell(images[:, row], state)
    z = state.h @ kernel + bias
    z = z - z.mean(-1)[:, None]
    e = library(z).exp(z)
    return e / e.sum(1)[:, None]


def classify_by_the_equations(cell, kernel, bias, images):
    state = cell.zero_state(images.shape[0])
    for row in range(images.shape[1]):
        state = lstm(cell.kernel, cell.bias, images[:, row], state)
    return softmax(state.h @ kernel + bias)


def classify_with_own_zeros(cell, kernel, bias, images):
    zeros = 0 * (images[:, 0, :1] + kernel[:, 0])  # [batch, hidden]
    state = LSTMStateTuple(c=zeros, h=zeros)
    for row in range(images.shape[1]):
        output, state = cell(images[:, row], state)
    return softmax(output @ kernel + bias)


def classify_with_a_list(cell, kernel, bias, images):
    outputs, state = [], cell.zero_state(images.shape[0])
    for row in range(images.shape[1]):
        output, state = cell(images[:, row], state)
        outputs += [output]
    return softmax(array_namespace(images).stack(outputs, axis=1)[:, -1] @ kernel + bias)


def classify_one_digit_at_a_time(cell, kernel, bias, images):
    xp = array_namespace(images)
    return xp.concat([classify_with_a_list(cell, kernel, bias, images[b : b + 1]) for b in range(len(images))], axis=0)


def classify_with_a_while_loop(cell, kernel, bias, images):
    row, state = 0, cell.zero_state(images.shape[0])
    while row < images.shape[1]:
        output, state, _ = cell.forward(images[:, row], state)
        row += 1
    return softmax(library(images).einsum("bh,hc->bc", output, kernel) + bias[None, :])


def classify_reading_every_output(cell, kernel, bias, images):
    outputs, _ = dynamic_rnn(cell, images)
    return softmax(outputs @ kernel + bias)[:, -1]


CLASSIFY = [function for name, function in list(globals().items()) if name.startswith("classify_")]


def lengths_by_index(outputs, sequence_length, kernel, bias):
    rows = [
        outputs[b, n - 1] @ kernel + bias if n else 0 * kernel[0] + bias for b, n in enumerate(sequence_length.tolist())
    ]
    return array_namespace(outputs).stack(rows)


def lengths_with_zero_in_front(outputs, sequence_length, kernel, bias):
    xp = array_namespace(outputs)
    longer = xp.concat([0 * xp.zeros_like(outputs[:, :1]), outputs], axis=1)
    return longer[xp.arange(len(outputs)), sequence_length] @ kernel + bias


def lengths_by_a_mask(outputs, sequence_length, kernel, bias):
    xp = array_namespace(outputs)
    last = xp.arange(outputs.shape[1])[None, :] == (sequence_length - 1)[:, None]
    return xp.sum(xp.where(last[:, :, None], outputs, 0.0), axis=1) @ kernel + bias


def lengths_read_first_and_picked(outputs, sequence_length, kernel, bias):
    xp = array_namespace(outputs)
    logits = outputs @ kernel + bias
    picked = logits[xp.arange(len(outputs)), xp.clip(sequence_length - 1, 0, None)]
    return xp.where(sequence_length[:, None] > 0, picked, bias)


def lengths_by_a_loop_over_time(outputs, sequence_length, kernel, bias):
    xp = array_namespace(outputs)
    last = xp.zeros_like(outputs[:, 0])
    for t in range(outputs.shape[1]):
        last = xp.where((t < sequence_length)[:, None], outputs[:, t], last)
    return last @ kernel + bias


def lengths_by_a_loop_backwards(outputs, sequence_length, kernel, bias):
    xp = array_namespace(outputs)
    last = xp.zeros_like(outputs[:, 0])
    for t in reversed(range(outputs.shape[1])):
        last = xp.where((sequence_length == t + 1)[:, None], outputs[:, t], last)
    return library(outputs).matmul(last, kernel) + bias


def lengths_filled_in(outputs, sequence_length, kernel, bias):
    logits = array_namespace(outputs).zeros((len(outputs), len(bias)), dtype=outputs.dtype)
    for b, n in enumerate(sequence_length):
        logits[b] = bias
        if n > 0:
            logits[b] += outputs[b, n - 1] @ kernel
    return logits


def lengths_with_take_along_axis(outputs, sequence_length, kernel, bias):
    xp = array_namespace(outputs)
    at = xp.clip(sequence_length - 1, 0, None)[:, None, None]
    at = xp.broadcast_to(at, (outputs.shape[0], 1, outputs.shape[2]))
    last = xp.take_along_axis(outputs, at, axis=1)[:, 0]
    return xp.where((sequence_length > 0)[:, None], last, 0.0) @ kernel + bias


def lengths_by_flat_indices(outputs, sequence_length, kernel, bias):
    xp = array_namespace(outputs)
    batch, time, hidden = outputs.shape
    at = xp.arange(batch) * time + xp.clip(sequence_length - 1, 0, None)
    last = outputs.reshape(batch * time, hidden)[at]
    return xp.where(sequence_length[:, None] == 0, 0.0, last) @ kernel + bias


def lengths_with_cut_rows(outputs, sequence_length, kernel, bias):
    xp, logits = array_namespace(outputs), []
    for row, n in zip(outputs, sequence_length.tolist(), strict=True):
        valid = row[:n]
        logits.append((valid[-1] if len(valid) else xp.zeros_like(row[0])) @ kernel + bias)
    return xp.stack(logits, axis=0)


LENGTHS = [function for name, function in list(globals().items()) if name.startswith("lengths_")]


def confusion_with_add_at(labels, answers, classes):
    matrix = np.zeros((classes, classes), np.int64)
    np.add.at(matrix, (to_numpy(labels), to_numpy(answers)), 1)
    return as_is(matrix, labels)


def confusion_with_bincount(labels, answers, classes):
    counts = library(labels).bincount(labels * classes + answers, minlength=classes**2)
    return counts.reshape(classes, classes)


def confusion_by_comparison(labels, answers, classes):
    xp = array_namespace(labels)
    rows = [[xp.sum((labels == k) & (answers == j)) for j in range(classes)] for k in range(classes)]
    return xp.stack([xp.stack(row) for row in rows])


def confusion_by_one_hot_product(labels, answers, classes):
    xp = array_namespace(labels)
    eye = xp.eye(classes, dtype=xp.int64)
    return eye[labels].T @ eye[answers]


def confusion_with_a_counter(labels, answers, classes):
    seen = Counter(zip(labels.tolist(), answers.tolist(), strict=True))
    matrix = np.array([[seen[k, j] for j in range(classes)] for k in range(classes)])
    return as_is(matrix, labels)


def confusion_by_index(labels, answers, classes):
    xp = array_namespace(labels)
    matrix = xp.zeros((classes, classes), dtype=xp.int64)
    for n in range(len(labels)):
        matrix[labels[n], answers[n]] += 1
    return matrix


def confusion_row_by_row(labels, answers, classes):
    lib, xp = library(labels), array_namespace(labels)
    return xp.stack([lib.bincount(answers[labels == k], minlength=classes) for k in range(classes)])


def confusion_with_lists(labels, answers, classes):
    matrix = [[0] * classes for _ in range(classes)]
    for label, answer in zip(labels, answers, strict=True):
        matrix[int(label)][int(answer)] += 1
    return array_namespace(labels).asarray(matrix)


def confusion_with_unique(labels, answers, classes):
    matrix = np.zeros(classes * classes, np.int64)
    places, counts = np.unique(to_numpy(labels) * classes + to_numpy(answers), return_counts=True)
    matrix[places] = counts
    return as_is(matrix.reshape(classes, classes), labels)


def confusion_by_a_sum_of_pictures(labels, answers, classes):
    xp = array_namespace(labels)
    steps = xp.arange(classes)
    hits = (labels[:, None, None] == steps[:, None]) & (answers[:, None, None] == steps)
    return xp.sum(xp.astype(hits, xp.int64), axis=0)


CONFUSION = [function for name, function in list(globals().items()) if name.startswith("confusion_")]
