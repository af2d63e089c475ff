"""Right answers to `sequence.last_valid` in many styles, as learners may write them: none of them may fail."""

from functools import reduce

import numpy as np
import torch

from rnn_course.arrays import array_namespace
from tests.checks.styles_10 import library


def last_in_a_loop_over_rows(outputs, sequence_length):
    picked = [outputs[b, n - 1] if n else 0 * outputs[b, 0] for b, n in enumerate(sequence_length.tolist())]
    return array_namespace(outputs).stack(picked, axis=0)


def last_by_a_slice_of_each_row(outputs, sequence_length):
    xp = array_namespace(outputs)
    return xp.stack([xp.sum(row[:n][-1:], axis=0) for row, n in zip(outputs, sequence_length, strict=True)], axis=0)


def last_by_one_hot_and_einsum(outputs, sequence_length):
    lib = library(outputs)
    hot = lib.eye(outputs.shape[1] + 1, dtype=outputs.dtype)[sequence_length][:, 1:]
    return lib.einsum("bt,bth->bh", hot, outputs)


def last_by_a_matrix_product(outputs, sequence_length):
    xp = array_namespace(outputs)
    hot = xp.astype(xp.arange(outputs.shape[1])[None, :] + 1 == sequence_length[:, None], outputs.dtype)
    return (hot[:, None, :] @ outputs)[:, 0]


def last_by_taking_along_time(outputs, sequence_length):
    take = torch.take_along_dim if isinstance(outputs, torch.Tensor) else np.take_along_axis
    index = (sequence_length - (sequence_length > 0) * 1)[:, None, None]
    return take(outputs, index, 1)[:, 0] * (sequence_length > 0)[:, None]


def last_by_gather(outputs, sequence_length):
    if not isinstance(outputs, torch.Tensor):
        return last_by_taking_along_time(outputs, sequence_length)
    index = (sequence_length - 1).clamp(min=0).view(-1, 1, 1).expand(-1, 1, outputs.size(2))
    return outputs.gather(1, index).squeeze(1).masked_fill((sequence_length == 0)[:, None], 0)


def last_with_zeros_in_front(outputs, sequence_length):
    xp = array_namespace(outputs)
    padded = xp.concat([xp.zeros_like(outputs[:, :1]), outputs], axis=1)
    return padded[xp.arange(outputs.shape[0]), sequence_length]


def last_by_flat_indices(outputs, sequence_length):
    xp = array_namespace(outputs)
    batch, time, hidden = outputs.shape
    flat = outputs.reshape(batch * time, hidden)[xp.arange(batch) * time + xp.clip(sequence_length - 1, 0, None)]
    return xp.where(sequence_length[:, None] == 0, 0.0 * flat, flat)


def last_by_overwriting(outputs, sequence_length):
    xp = array_namespace(outputs)
    last = xp.zeros_like(outputs[:, 0])
    for t in range(outputs.shape[1]):
        last = xp.where((t < sequence_length)[:, None], outputs[:, t], last)
    return last


def last_by_boolean_indices(outputs, sequence_length):
    lib = library(outputs)
    last, some = lib.zeros_like(outputs[:, 0]), sequence_length > 0
    last[some] = outputs[some, sequence_length[some] - 1]
    return last


def last_by_the_edge_of_the_mask(outputs, sequence_length):
    xp = array_namespace(outputs)
    mask = xp.astype(xp.arange(outputs.shape[1] + 1)[None, :] < sequence_length[:, None], outputs.dtype)
    return xp.sum((mask[:, :-1] - mask[:, 1:])[:, :, None] * outputs, axis=1)


def last_by_reduction(outputs, sequence_length):
    xp = array_namespace(outputs)

    def later(last, t):
        return xp.where((sequence_length == t + 1)[:, None], outputs[:, t], last)

    return reduce(later, range(outputs.shape[1]), 0 * outputs[:, 0])


LAST_VALID = [function for name, function in list(globals().items()) if name.startswith("last_")]
