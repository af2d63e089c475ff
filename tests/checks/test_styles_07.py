"""Right answers to the exercises of chapter 07 in many styles pass."""

import math
from functools import reduce

import numpy as np
import pytest
import torch

from rnn_course import BasicRNNCell, clip_by_global_norm, to
from rnn_course.checks import check


def is_torch(x):
    return isinstance(x, torch.Tensor)


def stack(arrays, axis=1):
    return torch.stack(arrays, axis) if is_torch(arrays[0]) else np.stack(arrays, axis)


def beside(*arrays):
    return torch.cat(arrays, -1) if is_torch(arrays[0]) else np.concatenate(arrays, -1)


def empty(x):
    return torch.empty_like(x) if is_torch(x) else np.empty_like(x)


def copied(x):
    return x.clone() if is_torch(x) else x.copy()


def einsum(pattern, *arrays):
    return (torch.einsum if is_torch(arrays[0]) else np.einsum)(pattern, *arrays)


# bptt.through_time


def preallocated(outputs, recurrent, d_outputs):
    d = empty(outputs)
    d[:, -1] = d_outputs[:, -1]
    for t in range(outputs.shape[1] - 2, -1, -1):
        d[:, t] = d_outputs[:, t] + (d[:, t + 1] * (1 - outputs[:, t + 1] ** 2)) @ recurrent.T
    return d


def from_zero(outputs, recurrent, d_outputs):
    found, back = [], 0 * outputs[:, 0]
    for t in range(outputs.shape[1])[::-1]:
        d_h = d_outputs[:, t] + back
        found.insert(0, d_h)
        back = (d_h - d_h * outputs[:, t] * outputs[:, t]) @ recurrent.T
    return stack(found)


def recursive(outputs, recurrent, d_outputs):
    if outputs.shape[1] == 1:
        return copied(d_outputs)
    later = recursive(outputs[:, 1:], recurrent, d_outputs[:, 1:])
    first = d_outputs[:, 0] + (later[:, 0] * (1 - outputs[:, 1] ** 2)) @ recurrent.T
    return (torch.cat if is_torch(first) else np.concatenate)([first[:, None], later], 1)


def added_in_place_on_its_own(outputs, recurrent, d_outputs):
    d = copied(d_outputs)
    for t in range(outputs.shape[1] - 1, 0, -1):
        d[:, t - 1] += (d[:, t] * (1 - outputs[:, t] ** 2)) @ recurrent.T
    return d


def by_einsum(outputs, recurrent, d_outputs):
    slope, d = 1 - outputs**2, [d_outputs[:, -1]]
    for t in range(outputs.shape[1] - 2, -1, -1):
        d.append(d_outputs[:, t] + einsum("bh,bh,kh->bk", d[-1], slope[:, t + 1], recurrent))
    return stack(list(reversed(d)))


def by_reduce(outputs, recurrent, d_outputs):
    def back(found, t):
        return [d_outputs[:, t] + (found[0] * (1 - outputs[:, t + 1] ** 2)) @ recurrent.T, *found]

    return stack(reduce(back, range(outputs.shape[1] - 2, -1, -1), [d_outputs[:, -1]]))


def time_major(outputs, recurrent, d_outputs):
    o, d_o = outputs.swapaxes(0, 1), d_outputs.swapaxes(0, 1)
    d = [d_o[-1]]
    for after, own in zip(reversed(list(o[1:])), reversed(list(d_o[:-1])), strict=True):
        d = [own + (d[0] * (1 - after * after)) @ recurrent.T, *d]
    return stack(d, 0).swapaxes(0, 1)


def row_by_row(outputs, recurrent, d_outputs):
    rows = [added_in_place_on_its_own(o[None], recurrent, d[None])[0] for o, d in zip(outputs, d_outputs, strict=True)]
    return stack(rows, 0)


def jacobians(outputs, recurrent, d_outputs):
    """Every path written out: the sum over all later losses of the product of the steps between."""
    time, found = outputs.shape[1], []
    for t in range(time):
        total = 0 * d_outputs[:, t]
        for later in range(t, time):
            d = d_outputs[:, later]
            for k in range(later, t, -1):
                d = (d * (1 - outputs[:, k] ** 2)) @ recurrent.T
            total = total + d
        found.append(total)
    return stack(found)


def recurrent_first(outputs, recurrent, d_outputs):
    d = [d_outputs[:, -1]]
    for t in range(1, outputs.shape[1]):
        d.append(d_outputs[:, -t - 1] + (recurrent @ (d[-1] * (1 - outputs[:, -t] ** 2)).T).T)
    return stack(d[::-1])


THROUGH_TIME = [preallocated, from_zero, recursive, added_in_place_on_its_own, by_einsum, by_reduce, time_major,
                row_by_row, jacobians, recurrent_first]  # fmt: skip


# bptt.clip


def with_min(gradients, max_norm):
    norm = math.sqrt(sum((g**2).sum() for g in gradients))
    scale = min(1, max_norm / norm)
    return tuple(scale * g for g in gradients), norm


def as_a_list(gradients, max_norm):
    norm = sum(float((g * g).sum()) for g in gradients) ** 0.5
    if norm <= max_norm:
        return list(gradients), norm
    return [g / norm * max_norm for g in gradients], norm


def by_hypot(gradients, max_norm):
    norm = math.hypot(*(value for g in gradients for value in g.reshape(-1).tolist()))
    return tuple(g * (max_norm / max(norm, max_norm)) for g in gradients), norm


def one_long_row(gradients, max_norm):
    row = [value for g in gradients for value in g.reshape(-1).tolist()]
    norm = float(np.linalg.norm(row))
    return tuple(g * min(max_norm / norm, 1.0) for g in gradients), norm


def norm_as_an_array(gradients, max_norm):
    norm = sum((g * g).sum() for g in gradients) ** 0.5
    return (tuple(g * max_norm / norm for g in gradients) if norm > max_norm else gradients), norm


def norms_of_norms(gradients, max_norm):
    norm = math.hypot(*(float((g * g).sum()) ** 0.5 for g in gradients))
    return tuple(g * min(1.0, max_norm / norm) for g in gradients), norm


CLIP = [with_min, as_a_list, by_hypot, one_long_row, norm_as_an_array, norms_of_norms]


# bptt.truncated


def piece_by_piece(inputs, h, kernel, bias, d_outputs, chunk):
    cell, d_kernel, d_bias = BasicRNNCell(kernel, bias), 0 * kernel, 0 * bias
    for start in range(0, inputs.shape[1], chunk):
        piece = slice(start, start + chunk)
        steps = []
        for x in inputs[:, piece].swapaxes(0, 1):
            _, h, backward = cell.forward(x, h)
            steps.append(backward)
        d_h = 0 * h
        for t in range(len(steps))[::-1]:
            d_cell, _, d_h = steps[t](d_outputs[:, start + t], d_h)
            d_kernel, d_bias = d_kernel + d_cell.kernel, d_bias + d_cell.bias
    return d_kernel, d_bias, h


def by_detach(inputs, h, kernel, bias, d_outputs, chunk):
    weights = [to(w, "torch").clone().requires_grad_() for w in (kernel, bias)]
    state, x, d = to(h, "torch"), to(inputs, "torch"), to(d_outputs, "torch")
    total = torch.zeros((), dtype=x.dtype)
    for t in range(x.shape[1]):
        state = state.detach() if t % chunk == 0 else state
        state = torch.tanh(torch.cat([x[:, t], state], 1) @ weights[0] + weights[1])
        total = total + (state * d[:, t]).sum()
    found = (*torch.autograd.grad(total, weights), state.detach())
    return found if is_torch(inputs) else tuple(to(f) for f in found)


def with_a_mask(inputs, h, kernel, bias, d_outputs, chunk):
    time, width = inputs.shape[1], inputs.shape[2]
    states = [h]
    for x in inputs.swapaxes(0, 1):
        z = beside(x, states[-1]) @ kernel + bias
        states.append(z.tanh() if is_torch(z) else np.tanh(z))
    goes_on = [t % chunk > 0 for t in range(time)]
    d_z, back = [], 0 * h
    for t in range(time - 1, -1, -1):
        d_z.insert(0, (d_outputs[:, t] + back) * (1 - states[t + 1] ** 2))
        back = goes_on[t] * (d_z[0] @ kernel[width:].T)
    xh = beside(inputs, stack(states[:-1]))
    return einsum("bti,bth->ih", xh, stack(d_z)), sum(d.sum(0) for d in d_z), states[-1]


TRUNCATED = [piece_by_piece, by_detach, with_a_mask]


# bptt.step_backward


def by_the_cell(x, h, kernel, bias):
    output, state, packages = BasicRNNCell(kernel, bias).forward(x, h)

    def backward(d_output, d_new_state):
        d_cell, d_x, d_h = packages(d_output, d_new_state)
        return [d_x, d_h, d_cell.kernel, d_cell.bias]

    return output, state, backward


class Step:
    def __call__(self, x, h, kernel, bias):
        n = x.shape[1]
        self.saved = x, h, kernel
        z = x @ kernel[:n] + h @ kernel[n:] + bias
        self.new_h = z.tanh() if is_torch(z) else np.tanh(z)
        return self.new_h, copied(self.new_h), self.backward

    def backward(self, d_output, d_new_state):
        x, h, kernel = self.saved
        n, d_z = x.shape[1], (d_output + d_new_state) * (1 - self.new_h) * (1 + self.new_h)
        rows = [x.T @ d_z, h.T @ d_z]
        d_kernel = torch.cat(rows) if is_torch(x) else np.vstack(rows)
        return d_z @ kernel[:n].T, d_z @ kernel[n:].T, d_kernel, d_z.sum(0)


STEPS = [by_the_cell, Step()]

ALL = [
    *(("bptt.through_time", style) for style in THROUGH_TIME),
    *(("bptt.clip", style) for style in CLIP),
    *(("bptt.truncated", style) for style in TRUNCATED),
    *(("bptt.step_backward", style) for style in STEPS),
]


@pytest.mark.parametrize(("name", "style"), ALL, ids=[f"{name}-{number}" for number, (name, _) in enumerate(ALL)])
def test_a_right_answer_passes_in_any_style(name, style):
    report = check(name, style)
    assert report.passed, report


def test_the_packages_own_clipping_is_told_to_be_the_packages():
    report = check("bptt.clip", clip_by_global_norm)
    assert "The exercise asks you to write it yourself" in report.message
