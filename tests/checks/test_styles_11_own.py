"""`deep.own_lstm` in styles that share no code with its reference, as learners may write it: none of them may fail.

Two of them have no mask at all, so that they are references of their own: one example after the other, read to its end
alone; and Torch's autograd through such a reading.
"""

from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from rnn_course import LSTMStateTuple
from rnn_course.arrays import array_namespace, to_numpy
from rnn_course.checks import check
from rnn_course.checks.catalogue.chapter_08_through_time import lstm_sequence_forward
from rnn_course.tree import tree_map
from tests.checks.styles_11 import lstm, sigmoid


class OwnCell(NamedTuple):
    """A cell with a way back, as those that are handed in elsewhere."""

    kernel: Any
    bias: Any

    def zero_state(self, x):
        zero = 0 * (x[:, :1] + self.bias[None, : len(self.bias) // 4])
        return LSTMStateTuple(zero, zero)

    def forward(self, x, state):
        xp, width, n = array_namespace(x), x.shape[1], len(self.bias) // 4
        xh = xp.concat([x, state.h], axis=1)
        z = xh @ self.kernel + self.bias
        i, j, f, o = (z[:, k * n : (k + 1) * n] for k in range(4))
        i, j, f, o = sigmoid(i), xp.tanh(j), sigmoid(f), sigmoid(o)
        c = f * state.c + i * j
        h = o * xp.tanh(c)

        def backward(d_h, d_state):
            d_h = d_h + d_state.h
            d_c = d_state.c + d_h * o * (1 - xp.tanh(c) ** 2)
            parts = [d_c * j * i * (1 - i), d_c * i * (1 - j**2), d_c * state.c * f * (1 - f)]
            d_z = xp.concat([*parts, d_h * xp.tanh(c) * o * (1 - o)], axis=1)
            d_xh = d_z @ self.kernel.T
            d_old = LSTMStateTuple(d_c * f, d_xh[:, width:])
            return OwnCell(xh.T @ d_z, xp.sum(d_z, axis=0)), d_xh[:, :width], d_old

        return h, LSTMStateTuple(c, h), backward


def masked(cell, alive, x, state):
    """A step that leaves the rows alone that are over, by products with a mask of 0 and 1."""
    output, new, back = cell.forward(x, state)
    state_out = tree_map(lambda a, b: alive * a + (1 - alive) * b, new, state)

    def backward(d_output, d_state):
        d_cell, d_x, d_old = back(alive * d_output, tree_map(lambda d: alive * d, d_state))
        return d_cell, d_x, tree_map(lambda a, d: a + (1 - alive) * d, d_old, d_state)

    return alive * output, state_out, backward


def probabilities(logits):
    xp = array_namespace(logits)
    e = xp.exp(logits - xp.max(logits, axis=1, keepdims=True))
    return e / xp.sum(e, axis=1, keepdims=True)


def trained(gradients):
    """The training around a function that gives the loss and all gradients of one batch."""

    def train(kernels, biases, kernel, bias, images, sequence_length, labels, batch_size, learning_rate):
        xp, losses = array_namespace(images), []
        weights = (tuple(kernels), tuple(biases), kernel, bias)
        for start in range(0, len(images), batch_size):
            batch = slice(start, start + batch_size)
            loss, found = gradients(*weights, images[batch], sequence_length[batch], labels[batch])
            weights = tree_map(lambda w, d: w - learning_rate * d, weights, found)
            losses.append(loss)
        return *weights, xp.stack(losses)

    train.__name__ = gradients.__name__
    return train


def loss_of(shown, kernel, bias, labels):
    """The mean loss, and its gradients for what is shown, the kernel and the bias."""
    xp, rows = array_namespace(shown), range(len(labels))
    p = probabilities(shown @ kernel + bias)
    one_hot = xp.stack([xp.eye(p.shape[1], dtype=p.dtype)[int(label)] for label in labels])
    d = (p - one_hot) / len(labels)
    loss = -sum(xp.log(p[row, int(labels[row])]) for row in rows) / len(labels)
    return loss, d @ kernel.T, shown.T @ d, xp.sum(d, axis=0)


def by_cells_in_a_mask(kernels, biases, kernel, bias, images, lengths, labels):
    xp, cells = array_namespace(images), [OwnCell(w, b) for w, b in zip(kernels, biases, strict=True)]
    states, tape = [cell.zero_state(images[:, 0]) for cell in cells], []
    for t in range(images.shape[1]):
        alive, x = xp.astype(t < lengths, images.dtype)[:, None], images[:, t]
        for k, cell in enumerate(cells):
            x, states[k], back = masked(cell, alive, x, states[k])
            tape.append((k, back))
    loss, d_h, d_kernel, d_bias = loss_of(states[-1].h, kernel, bias, labels)
    d_states = [tree_map(xp.zeros_like, state) for state in states]
    d_states[-1] = d_states[-1]._replace(h=d_h)
    d_cells = [tree_map(xp.zeros_like, cell) for cell in cells]
    d_x: Any = 0
    while tape:
        k, back = tape.pop()
        from_above = 0 * d_states[k].h if k == len(cells) - 1 else d_x
        d_cell, d_x, d_states[k] = back(from_above, d_states[k])
        d_cells[k] = tree_map(lambda a, b: a + b, d_cells[k], d_cell)
    return loss, (tuple(c.kernel for c in d_cells), tuple(c.bias for c in d_cells), d_kernel, d_bias)


def one_example_at_a_time(kernels, biases, kernel, bias, images, lengths, labels):
    """No mask: each image is cut to its rows, and each layer reads all that the one below has put out."""
    total, losses = tree_map(lambda w: 0 * w, (kernels, biases, kernel, bias)), []
    for image, length, label in zip(images, lengths, labels, strict=True):
        below, backs = image[None, : int(length)], []
        zeros = [0 * b[None, : len(b) // 4] for b in biases]
        if length == 0:
            shown = zeros[-1]
        else:
            for w, b, zero in zip(kernels, biases, zeros, strict=True):
                below, final, back = lstm_sequence_forward(below, LSTMStateTuple(zero, zero), w, b)
                backs.append(back)
            shown = final.h
        loss, d_h, d_kernel, d_bias = loss_of(shown, kernel, bias, [label])
        d_weights = [tree_map(lambda w: 0 * w, pair) for pair in zip(kernels, biases, strict=True)]
        d_outputs, d_last = 0 * below, d_h
        for k in reversed(range(len(backs))):
            d_outputs, _, *d_weights[k] = backs[k](d_outputs, LSTMStateTuple(0 * zeros[k], d_last))
            d_last = 0 if k == 0 else 0 * zeros[k - 1]
        found = (tuple(w for w, _ in d_weights), tuple(b for _, b in d_weights), d_kernel, d_bias)
        total = tree_map(lambda a, b: a + b / len(labels), total, found)
        losses.append(loss)
    return sum(losses) / len(losses), total


def by_autograd(kernels, biases, kernel, bias, images, lengths, labels):
    numpy = isinstance(images, np.ndarray)
    weights = tree_map(
        lambda w: torch.tensor(to_numpy(w)).requires_grad_(), (tuple(kernels), tuple(biases), kernel, bias)
    )
    losses, x = [], torch.tensor(to_numpy(images))
    for image, length, label in zip(x, lengths, labels, strict=True):
        states = [LSTMStateTuple(*(torch.zeros(1, len(b) // 4, dtype=x.dtype) for _ in "ch")) for b in weights[1]]
        for row in image[: int(length)]:
            below = row[None]
            for k, (w, b) in enumerate(zip(*weights[:2], strict=True)):
                states[k] = lstm(w, b, below, states[k])
                below = states[k].h
        logits = states[-1].h @ weights[2] + weights[3]
        losses.append(torch.nn.functional.cross_entropy(logits, torch.tensor([int(label)])))
    loss = sum(losses) / len(losses)
    loss.backward()
    found = tree_map(lambda w: w.grad if w.grad is not None else torch.zeros_like(w), weights)
    loss = loss.detach()
    return (to_numpy(loss), tree_map(to_numpy, found)) if numpy else (loss, found)


@pytest.mark.parametrize(
    "gradients", [by_cells_in_a_mask, one_example_at_a_time, by_autograd], ids=lambda style: style.__name__
)
def test_another_style_passes(gradients):
    report = check("deep.own_lstm", trained(gradients))
    assert report.passed, report
