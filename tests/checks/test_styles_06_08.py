"""Right answers in many styles pass: a check judges what is returned, not how it was written."""

import math
from functools import reduce
from itertools import accumulate, chain
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from rnn_course import LSTMStateTuple
from rnn_course.checks import check


def is_torch(x: Any) -> bool:
    return isinstance(x, torch.Tensor)


def beside(*arrays):
    return torch.cat(arrays, dim=1) if is_torch(arrays[0]) else np.hstack(arrays)


def over_time(arrays):
    return torch.stack(arrays, 1) if is_torch(arrays[0]) else np.stack(arrays, 1)


def tanh(x):
    return x.tanh() if is_torch(x) else np.tanh(x)


def sigmoid(x):
    return torch.sigmoid(x) if is_torch(x) else 1 / (1 + np.exp(-x))


def from_lists(rows, like):
    return torch.tensor(rows, dtype=like.dtype) if is_torch(like) else np.array(rows, dtype=like.dtype)


def column_major(x):
    return x.T.contiguous().T if is_torch(x) else np.asfortranarray(x)


def einsum(pattern, *arrays):
    return (torch.einsum if is_torch(arrays[0]) else np.einsum)(pattern, *arrays)


def dot(row, column):
    return sum(float(a) * float(b) for a, b in zip(row, column, strict=True))


# rnn.step


def plain(x, h, kernel, bias):
    return tanh(beside(x, h) @ kernel + bias)


def two_products(x, h, kernel, bias):
    n = x.shape[-1]
    return tanh(x @ kernel[:n] + h @ kernel[n:] + bias)


def unit_by_unit(x, h, kernel, bias):
    columns, offsets = [kernel[:, k] for k in range(kernel.shape[1])], bias.tolist()
    rows = [[*chain(a.tolist(), b.tolist())] for a, b in zip(x, h, strict=True)]
    return from_lists([[math.tanh(dot(row, c) + b) for c, b in zip(columns, offsets, strict=True)] for row in rows], x)


def by_einsum(x, h, kernel, bias):
    n = x.shape[1]
    return tanh(einsum("bi,ih->bh", x, kernel[:n]) + einsum("bk,kh->bh", h, kernel[n:]) + bias[None])


def by_the_library(x, h, kernel, bias):
    if is_torch(x):
        n = x.shape[1]
        return torch.rnn_tanh_cell(x, h, kernel[:n].T, kernel[n:].T, bias, torch.zeros_like(bias))
    return np.tanh(np.add(np.matmul(np.concatenate((x, h), axis=-1), kernel), bias))


def by_linear(x, h, kernel, bias):
    if is_torch(x):
        return functional.linear(torch.hstack((x, h)), kernel.T, bias).tanh_()
    return np.tanh(np.dot(np.c_[x, h], kernel) + bias)


def in_place_on_its_own(x, h, kernel, bias):
    z = beside(x, h) @ kernel
    z += bias
    return torch.tanh_(z) if is_torch(z) else np.tanh(z, out=z)


def vectorised(x, h, kernel, bias):
    z = beside(x, h) @ kernel + bias
    if is_torch(z):
        return z.clone().apply_(math.tanh)
    return np.vectorize(math.tanh, otypes=[z.dtype])(z)


def by_exponentials(x, h, kernel, bias):
    z = 2 * (beside(x, h) @ kernel + bias)
    return 1 - 2 / ((z.exp() if is_torch(z) else np.exp(z)) + 1)


def row_by_row(x, h, kernel, bias):
    rows = []
    for a, b in zip(x, h, strict=True):
        row = torch.cat([a, b]) if is_torch(a) else np.concatenate([a, b])
        rows.append(tanh(row @ kernel + bias))
    return torch.stack(rows) if is_torch(x) else np.array(rows)


def with_a_column_of_ones(x, h, kernel, bias):
    ones = x[:, :1] * 0 + 1
    whole = torch.cat([kernel, bias[None]]) if is_torch(x) else np.vstack([kernel, bias])
    return tanh(beside(x, h, ones) @ whole)


def by_broadcasting(x, h, kernel, bias):
    return tanh((beside(x, h)[:, :, None] * kernel[None]).sum(1) + bias)


def columns_first(x, h, kernel, bias):
    return tanh((kernel.T @ beside(x, h).T).T + column_major(bias[None, :]))


class Cell:
    def __call__(self, x, h, kernel, bias):
        return column_major(plain(x, h, kernel, bias))


RNN_STEPS = [
    plain,
    two_products,
    unit_by_unit,
    by_einsum,
    by_the_library,
    by_linear,
    in_place_on_its_own,
    vectorised,
    by_exponentials,
    row_by_row,
    with_a_column_of_ones,
    by_broadcasting,
    columns_first,
    Cell(),
]


# rnn.sequence


def list_and_stack(inputs, h, kernel, bias):
    outputs = []
    for t in range(inputs.shape[1]):
        h = plain(inputs[:, t], h, kernel, bias)
        outputs += [h]
    return over_time(outputs), h


def preallocated(inputs, h, kernel, bias):
    shape = (*inputs.shape[:2], bias.shape[0])
    outputs = inputs.new_empty(shape) if is_torch(inputs) else np.empty(shape, inputs.dtype)
    for t in range(inputs.shape[1]):
        outputs[:, t] = h = plain(inputs[:, t], h, kernel, bias)
    return outputs, h


def recursive(inputs, h, kernel, bias):
    new_h = two_products(inputs[:, 0], h, kernel, bias)
    if inputs.shape[1] == 1:
        return new_h[:, None], new_h
    rest, final = recursive(inputs[:, 1:], new_h, kernel, bias)
    return beside(new_h[:, None], rest), final


def accumulated(inputs, h, kernel, bias):
    xs = (inputs[:, t] for t in range(inputs.shape[1]))
    _, *states = accumulate(xs, lambda state, x: plain(x, state, kernel, bias), initial=h)
    return over_time(states), states[-1]


def reduced(inputs, h, kernel, bias):
    def step(states, t):
        return [*states, plain(inputs[:, t], states[-1], kernel, bias)]

    _, *states = reduce(step, range(inputs.shape[1]), [h])
    return over_time(states), states[-1]


def hoisted(inputs, h, kernel, bias):
    n = inputs.shape[2]
    from_inputs = inputs @ kernel[:n] + bias  # all steps at once
    outputs = []
    for t in range(inputs.shape[1]):
        h = tanh(from_inputs[:, t] + h @ kernel[n:])
        outputs.append(h)
    return over_time(outputs), h


def time_major_inside(inputs, h, kernel, bias):
    outputs = []
    for x in inputs.swapaxes(0, 1):
        h = plain(x, h, kernel, bias)
        outputs.append(h)
    stacked = torch.stack(outputs) if is_torch(h) else np.stack(outputs)
    return stacked.swapaxes(0, 1), h


def example_by_example(inputs, h, kernel, bias):
    rows = [list_and_stack(inputs[k : k + 1], h[k : k + 1], kernel, bias) for k in range(len(inputs))]
    join = torch.cat if is_torch(inputs) else np.concatenate
    return join([outputs for outputs, _ in rows]), join([final for _, final in rows])


def by_the_library_sequence(inputs, h, kernel, bias):
    if not is_torch(inputs):
        return list_and_stack(inputs, h, kernel, bias)
    n = inputs.shape[2]
    weights = [kernel[:n].T.contiguous(), kernel[n:].T.contiguous(), bias, torch.zeros_like(bias)]
    outputs, final = torch.rnn_tanh(inputs, h[None], weights, True, 1, 0.0, False, False, True)
    return outputs, final[0]


def generated(inputs, h, kernel, bias):
    def steps(state):
        for t in range(inputs.shape[1]):
            state = plain(inputs[:, t, :], state, kernel, bias)
            yield state

    outputs = over_time(list(steps(h)))
    return outputs, outputs[:, -1]


def growing(inputs, h, kernel, bias):
    outputs, t = inputs[:, :0, :1] * h[:, None, :], 0
    while t < inputs.shape[1]:
        h, t = by_einsum(inputs[:, t], h, kernel, bias), t + 1
        outputs = beside(outputs, h[:, None, :])
    return [outputs, h]


class Runner:
    def __call__(self, inputs, h, kernel, bias):
        self.h = h
        outputs = [self.step(inputs[:, t], kernel, bias) for t in range(inputs.shape[1])]
        return over_time(outputs), self.h

    def step(self, x, kernel, bias):
        self.h = plain(x, self.h, kernel, bias)
        return self.h


def a_copy_in_place(inputs, h, kernel, bias):
    state = h.clone() if is_torch(h) else h.copy()
    outputs = []
    for t in range(inputs.shape[1]):
        state[:] = plain(inputs[:, t], state, kernel, bias)
        outputs.append(state + 0)
    return over_time(outputs), state


RNN_SEQUENCES = [
    list_and_stack,
    preallocated,
    recursive,
    accumulated,
    reduced,
    hoisted,
    time_major_inside,
    example_by_example,
    by_the_library_sequence,
    generated,
    growing,
    Runner(),
    a_copy_in_place,
]


# lstm.step


def by_slices(x, state, kernel, bias):
    n = state.h.shape[1]
    z = beside(x, state.h) @ kernel + bias
    i, j, f, o = z[:, :n], z[:, n : 2 * n], z[:, 2 * n : 3 * n], z[:, 3 * n :]
    c = sigmoid(f) * state.c + sigmoid(i) * tanh(j)
    return LSTMStateTuple(c=c, h=sigmoid(o) * tanh(c))


def by_split(x, state, kernel, bias):
    c, h = state
    z = x @ kernel[: x.shape[1]] + h @ kernel[x.shape[1] :] + bias
    i, j, f, o = z.chunk(4, dim=1) if is_torch(z) else np.split(z, 4, axis=1)
    new_c = c * sigmoid(f) + tanh(j) * sigmoid(i)
    return LSTMStateTuple(new_c, tanh(new_c) * sigmoid(o))


def by_reshape(x, state, kernel, bias):
    z = (beside(x, state.h) @ kernel + bias).reshape(len(x), 4, -1)
    c = sigmoid(z[:, 2]) * state.c + sigmoid(z[:, 0]) * tanh(z[:, 1])
    return LSTMStateTuple(h=sigmoid(z[:, 3]) * tanh(c), c=c)


def four_products(x, state, kernel, bias):
    n, xh = len(bias) // 4, beside(x, state.h)
    i, j, f, o = (xh @ kernel[:, k : k + n] + bias[k : k + n] for k in range(0, 4 * n, n))
    c = sigmoid(f) * state.c + sigmoid(i) * tanh(j)
    return state._replace(c=c, h=sigmoid(o) * tanh(c))


def lstm_by_einsum(x, state, kernel, bias):
    blocks = kernel.reshape(kernel.shape[0], 4, -1)
    z = einsum("bk,kgh->gbh", beside(x, state.h), blocks) + bias.reshape(4, 1, -1)
    c = sigmoid(z[2]) * state.c + sigmoid(z[0]) * tanh(z[1])
    return LSTMStateTuple(c=c, h=sigmoid(z[3]) * tanh(c))


def scalar_by_scalar(x, state, kernel, bias):
    def logistic(a):
        return 1 / (1 + math.exp(-a)) if a > 0 else math.exp(a) / (1 + math.exp(a))

    n = state.c.shape[1]
    new_c, new_h = [], []
    for a, c, h in zip(x.tolist(), state.c.tolist(), state.h.tolist(), strict=True):
        z = [dot(a + h, kernel[:, k]) + float(bias[k]) for k in range(4 * n)]
        cs = [logistic(z[2 * n + u]) * c[u] + logistic(z[u]) * math.tanh(z[n + u]) for u in range(n)]
        new_c.append(cs)
        new_h.append([logistic(z[3 * n + u]) * math.tanh(cs[u]) for u in range(n)])
    return LSTMStateTuple(c=from_lists(new_c, x), h=from_lists(new_h, x))


def lstm_by_the_library(x, state, kernel, bias):
    if not is_torch(x):
        return by_slices(x, state, kernel, bias)

    def reordered(w):
        i, j, f, o = w.chunk(4)
        return torch.cat([i, f, j, o])

    n = x.shape[1]
    weights = reordered(kernel[:n].T), reordered(kernel[n:].T), reordered(bias), torch.zeros_like(bias)
    h, c = torch.lstm_cell(x, (state.h, state.c), *weights)
    return LSTMStateTuple(c=c, h=h)


def squeezed_tanh(x, state, kernel, bias):
    n = bias.shape[0] // 4
    a = tanh(beside(x, state.h) @ kernel / 2 + bias / 2)  # tanh(z/2)
    i, j, f, o = (a[..., k * n : (k + 1) * n] for k in range(4))
    c = (f + 1) / 2 * state.c + (i + 1) / 2 * (2 * j / (1 + j * j))  # tanh(z) from tanh(z/2)
    return LSTMStateTuple(c=c, h=(o + 1) / 2 * tanh(c))


def in_place_on_its_own_gates(x, state, kernel, bias):
    n = state.c.shape[1]
    z = beside(x, state.h) @ kernel
    z += bias
    new = z[:, n : 2 * n]
    new[:] = tanh(new)
    z[:, :n] = sigmoid(z[:, :n])
    z[:, 2 * n :] = sigmoid(z[:, 2 * n :])
    new *= z[:, :n]
    new += z[:, 2 * n : 3 * n] * state.c
    return LSTMStateTuple(c=new, h=z[:, 3 * n :] * tanh(new))


def vectorised_gates(x, state, kernel, bias):
    z = beside(x, state.h) @ kernel + bias

    def smooth(a):
        if is_torch(a):
            return functional.softmax(torch.stack([a, 0 * a]), dim=0)[0]
        return np.vectorize(lambda v: 0.5 * math.tanh(v / 2) + 0.5, otypes=[a.dtype])(a)

    i, j, f, o = quarters(z)
    c = smooth(f) * state.c + smooth(i) * tanh(j)
    return LSTMStateTuple(c=c, h=smooth(o) * tanh(c))


def quarters(z):
    n = z.shape[1] // 4
    return z[:, :n], z[:, n : n + n], z[:, -2 * n : -n], z[:, -n:]


def columns_first_lstm(x, state, kernel, bias):
    z = kernel.T @ beside(x, state.h).T + bias[:, None]  # [4*hidden, batch]
    n = len(z) // 4
    c = sigmoid(z[2 * n : 3 * n]) * state.c.T + sigmoid(z[:n]) * tanh(z[n : 2 * n])
    return LSTMStateTuple(c=c.T, h=(sigmoid(z[3 * n :]) * tanh(c)).T)


def one_step_of_rows(x, state, kernel, bias):
    rows = [
        by_slices(x[k : k + 1], LSTMStateTuple(*(s[k : k + 1] for s in state)), kernel, bias) for k in range(len(x))
    ]
    join = torch.cat if is_torch(x) else np.concatenate
    return LSTMStateTuple(c=join([row.c for row in rows]), h=join([row.h for row in rows]))


LSTM_STEPS = [
    by_slices,
    by_split,
    by_reshape,
    four_products,
    lstm_by_einsum,
    scalar_by_scalar,
    lstm_by_the_library,
    squeezed_tanh,
    in_place_on_its_own_gates,
    vectorised_gates,
    columns_first_lstm,
    one_step_of_rows,
]


# lstm.sequence: each loop with another step inside


def lstm_loop(inputs, state, kernel, bias):
    outputs = []
    for t in range(inputs.shape[1]):
        state = by_slices(inputs[:, t], state, kernel, bias)
        outputs.append(state.h)
    return over_time(outputs), state


def lstm_preallocated(inputs, state, kernel, bias):
    shape = (*inputs.shape[:2], state.h.shape[1])
    outputs = torch.zeros(shape, dtype=inputs.dtype) if is_torch(inputs) else np.zeros_like(inputs, shape=shape)
    for t in range(shape[1]):
        state = by_split(inputs[:, t, :], state, kernel, bias)
        outputs[:, t, :] = state.h
    return outputs, state


def lstm_recursive(inputs, state, kernel, bias):
    if inputs.shape[1] == 0:
        return inputs[:, :, :1] * state.h[:, None, :], state
    state = by_reshape(inputs[:, 0], state, kernel, bias)
    rest, final = lstm_recursive(inputs[:, 1:], state, kernel, bias)
    return beside(state.h[:, None], rest), final


def lstm_accumulated(inputs, state, kernel, bias):
    steps = accumulate(range(inputs.shape[1]), lambda s, t: four_products(inputs[:, t], s, kernel, bias), initial=state)
    states = list(steps)[1:]
    return over_time([s.h for s in states]), states[-1]


def lstm_hoisted(inputs, state, kernel, bias):
    n, m = inputs.shape[2], state.h.shape[1]
    from_inputs = inputs @ kernel[:n] + bias
    c, h, outputs = state.c, state.h, []
    for t in range(inputs.shape[1]):
        z = from_inputs[:, t] + h @ kernel[n:]
        gates = sigmoid(z)
        c = gates[:, 2 * m : 3 * m] * c + gates[:, :m] * tanh(z[:, m : 2 * m])
        h = gates[:, 3 * m :] * tanh(c)
        outputs.append(h)
    return over_time(outputs), LSTMStateTuple(c=c, h=h)


def lstm_time_major_inside(inputs, state, kernel, bias):
    steps = inputs.unbind(1) if is_torch(inputs) else np.moveaxis(inputs, 1, 0)
    outputs = []
    for x in steps:
        state = columns_first_lstm(x, state, kernel, bias)
        outputs.append(state.h)
    whole = torch.stack(outputs) if is_torch(inputs) else np.array(outputs)
    return whole.swapaxes(1, 0), state


def lstm_by_example(inputs, state, kernel, bias):
    rows = []
    for k in range(inputs.shape[0]):
        rows.append(lstm_loop(inputs[k : k + 1], LSTMStateTuple(*(s[k : k + 1] for s in state)), kernel, bias))
    join = torch.cat if is_torch(inputs) else np.concatenate
    final = LSTMStateTuple(c=join([row[1].c for row in rows]), h=join([row[1].h for row in rows]))
    return join([row[0] for row in rows]), final


def lstm_generated(inputs, state, kernel, bias):
    def steps(now):
        for t in range(inputs.shape[1]):
            now = lstm_by_einsum(inputs[:, t], now, kernel, bias)
            yield now

    states = list(steps(state))
    return [over_time([now.h for now in states]), states[-1]]


def lstm_growing(inputs, state, kernel, bias):
    (c, h), outputs = state, None
    for t in range(inputs.shape[1]):
        c, h = squeezed_tanh(inputs[:, t], LSTMStateTuple(c, h), kernel, bias)
        outputs = h[:, None] if outputs is None else beside(outputs, h[:, None])
    return outputs, LSTMStateTuple(c, h)


def lstm_library_sequence(inputs, state, kernel, bias):
    if not is_torch(inputs):
        return lstm_loop(inputs, state, kernel, bias)

    def reordered(w):
        i, j, f, o = w.chunk(4)
        return torch.cat([i, f, j, o])

    n = inputs.shape[2]
    weights = [reordered(kernel[:n].T), reordered(kernel[n:].T), reordered(bias), torch.zeros_like(bias)]
    outputs, h, c = torch.lstm(inputs, (state.h[None], state.c[None]), weights, True, 1, 0.0, False, False, True)
    return outputs, LSTMStateTuple(c=c[0], h=h[0])


def lstm_library_steps(inputs, state, kernel, bias):
    outputs = []
    for t in range(inputs.shape[1]):
        state = lstm_by_the_library(inputs[:, t], state, kernel, bias)
        outputs.append(state.h)
    return over_time(outputs), LSTMStateTuple(c=state.c, h=outputs[-1])


LSTM_SEQUENCES = [
    lstm_loop,
    lstm_preallocated,
    lstm_recursive,
    lstm_accumulated,
    lstm_hoisted,
    lstm_time_major_inside,
    lstm_by_example,
    lstm_generated,
    lstm_growing,
    lstm_library_sequence,
    lstm_library_steps,
]


# rnn.step_backward


def gradients_of_the_whole(x, h, kernel, bias, d_new_h):
    xh = beside(x, h)
    d_z = d_new_h * (1 - tanh(xh @ kernel + bias) ** 2)
    d_xh = d_z @ kernel.T
    return d_xh[:, : x.shape[1]], d_xh[:, x.shape[1] :], xh.T @ d_z, d_z.sum(0)


def gradients_in_two_parts(x, h, kernel, bias, d_new_h):
    w_x, w_h = kernel[: x.shape[1]], kernel[x.shape[1] :]
    d_z = d_new_h - d_new_h * tanh(x @ w_x + h @ w_h + bias) ** 2
    join = torch.cat if is_torch(x) else np.concatenate
    return d_z @ w_x.T, d_z @ w_h.T, join([x.T @ d_z, h.T @ d_z]), d_z.sum(axis=0)


def gradients_by_einsum(x, h, kernel, bias, d_new_h):
    n, xh = x.shape[1], beside(x, h)
    y = tanh(einsum("bk,kh->bh", xh, kernel) + bias)
    d_z = einsum("bh,bh->bh", d_new_h, 1 - y * y)
    d_x, d_h = einsum("bh,ih->bi", d_z, kernel[:n]), einsum("bh,kh->bk", d_z, kernel[n:])
    return d_x, d_h, einsum("bk,bh->kh", xh, d_z), einsum("bh->h", d_z)


def gradients_by_autograd(x, h, kernel, bias, d_new_h):
    if not is_torch(x):
        return gradients_of_the_whole(x, h, kernel, bias, d_new_h)
    moved = [a.clone().requires_grad_() for a in (x, h, kernel, bias)]
    return torch.autograd.grad(plain(*moved), moved, d_new_h)


def gradients_on_numpy(x, h, kernel, bias, d_new_h):
    if not is_torch(x):
        return gradients_of_the_whole(x, h, kernel, bias, d_new_h)
    found = gradients_of_the_whole(*(a.numpy() for a in (x, h, kernel, bias, d_new_h)))
    return [torch.from_numpy(np.ascontiguousarray(a)) for a in found]


def gradients_row_by_row(x, h, kernel, bias, d_new_h):
    d_kernel, d_bias, d_rows = 0 * kernel, 0 * bias, []
    for row, d_row in zip(beside(x, h), d_new_h, strict=True):
        d_z = d_row * (1 - tanh(row @ kernel + bias) ** 2)
        d_kernel = d_kernel + row[:, None] * d_z
        d_bias = d_bias + d_z
        d_rows.append(kernel @ d_z)
    d_xh = torch.stack(d_rows) if is_torch(x) else np.stack(d_rows)
    return d_xh[:, : x.shape[1]], d_xh[:, x.shape[1] :], d_kernel, d_bias


def gradients_by_cosh(x, h, kernel, bias, d_new_h):
    z = beside(x, h) @ kernel + bias
    d_z = d_new_h / (torch.cosh(z) if is_torch(z) else np.cosh(z)) ** 2
    d_xh = (kernel @ d_z.T).T
    return d_xh[:, : x.shape[1]], d_xh[:, x.shape[1] :], (d_z.T @ beside(x, h)).T, d_z.sum(0)


def gradients_in_place(x, h, kernel, bias, d_new_h):
    d_z = beside(x, h) @ kernel + bias
    d_z[:] = tanh(d_z)
    d_z *= d_z
    d_z *= -d_new_h
    d_z += d_new_h
    d_xh = d_z @ kernel.T
    ones = d_z[:, :1] * 0 + 1
    return d_xh[:, : x.shape[1]], d_xh[:, x.shape[1] :], beside(x, h).T @ d_z, (ones.T @ d_z)[0]


def gradients_by_broadcasting(x, h, kernel, bias, d_new_h):
    xh = beside(x, h)
    y = tanh((xh[:, :, None] * kernel).sum(1) + bias)
    d_z = (d_new_h * (1 + y) * (1 - y))[:, None, :]
    d_xh = (d_z * kernel).sum(2)
    d_x, d_h = (d_xh[:, : x.shape[1]], d_xh[:, x.shape[1] :])
    return [d_x, d_h, (xh[:, :, None] * d_z).sum(0), d_z[:, 0].sum(0)]


def gradients_by_a_jacobian(x, h, kernel, bias, d_new_h):
    y = plain(x, h, kernel, bias)
    jacobian = (1 - y * y)[:, :, None] * kernel.T  # [batch, hidden, input + hidden]
    d_xh = einsum("bh,bhk->bk", d_new_h, jacobian)
    d_z = d_new_h * (1 - y * y)
    return d_xh[:, : x.shape[1]], d_xh[:, x.shape[1] :], einsum("bk,bh->kh", beside(x, h), d_z), d_z.sum(0)


RNN_GRADIENTS = [
    gradients_of_the_whole,
    gradients_in_two_parts,
    gradients_by_einsum,
    gradients_by_autograd,
    gradients_on_numpy,
    gradients_row_by_row,
    gradients_by_cosh,
    gradients_in_place,
    gradients_by_broadcasting,
    gradients_by_a_jacobian,
]


# lstm.step_backward: forward in one style, backward in another


def lstm_whole(x, state, kernel, bias):
    xh, n = beside(x, state.h), state.c.shape[1]
    z = xh @ kernel + bias
    i, j, f, o = sigmoid(z[:, :n]), tanh(z[:, n : 2 * n]), sigmoid(z[:, 2 * n : 3 * n]), sigmoid(z[:, 3 * n :])
    c = f * state.c + i * j

    def backward(d):
        d_c = d.c + d.h * o * (1 - tanh(c) ** 2)
        d_z = beside(
            d_c * j * i * (1 - i), d_c * i * (1 - j**2), d_c * state.c * f * (1 - f), d.h * tanh(c) * o * (1 - o)
        )
        d_xh = d_z @ kernel.T
        d_old = LSTMStateTuple(c=d_c * f, h=d_xh[:, x.shape[1] :])
        return d_xh[:, : x.shape[1]], d_old, xh.T @ d_z, d_z.sum(0)

    return LSTMStateTuple(c=c, h=o * tanh(c)), backward


def lstm_gate_by_gate(x, state, kernel, bias):
    n, m, new = x.shape[1], state.c.shape[1], by_slices(x, state, kernel, bias)
    w = {g: kernel[:, k * m : (k + 1) * m] for k, g in enumerate("ijfo")}
    b = {g: bias[k * m : (k + 1) * m] for k, g in enumerate("ijfo")}
    xh = beside(x, state.h)
    a = {g: (tanh if g == "j" else sigmoid)(xh @ w[g] + b[g]) for g in "ijfo"}

    def backward(d_state):
        y = tanh(new.c)
        d_c = d_state.c + d_state.h * a["o"] * (1 - y * y)
        d = {"i": d_c * a["j"], "j": d_c * a["i"], "f": d_c * state.c, "o": d_state.h * y}
        d = {g: d[g] * ((1 - a[g] ** 2) if g == "j" else a[g] * (1 - a[g])) for g in "ijfo"}
        d_xh = sum(d[g] @ w[g].T for g in "ijfo")
        d_bias = torch.cat([d[g].sum(0) for g in "ijfo"]) if is_torch(x) else np.hstack([d[g].sum(0) for g in "ijfo"])
        return (
            d_xh[:, :n],
            LSTMStateTuple(c=d_c * a["f"], h=d_xh[:, n:]),
            beside(*(xh.T @ d[g] for g in "ijfo")),
            d_bias,
        )

    return new, backward


def lstm_computed_again(x, state, kernel, bias):
    """Nothing is kept: backward does the forward step once more."""

    def backward(d_state):
        return lstm_whole(x, state, kernel, bias)[1](d_state)

    return by_split(x, state, kernel, bias), backward


def lstm_filled_in(x, state, kernel, bias):
    new, n = by_reshape(x, state, kernel, bias), state.c.shape[1]

    def backward(d_state):
        xh = beside(x, state.h)
        z = xh @ kernel + bias
        g = sigmoid(z)
        slope = g * (1 - g)
        d_c = d_state.c + d_state.h * g[:, 3 * n :] * (1 - tanh(new.c) ** 2)
        d_z = 0 * z
        d_z[:, :n] = d_c * tanh(z[:, n : 2 * n]) * slope[:, :n]
        d_z[:, n : 2 * n] = d_c * g[:, :n] * (1 - tanh(z[:, n : 2 * n]) ** 2)
        d_z[:, 2 * n : 3 * n] = d_c * state.c * slope[:, 2 * n : 3 * n]
        d_z[:, 3 * n :] = d_state.h * tanh(new.c) * slope[:, 3 * n :]
        d_x, d_h = d_z @ kernel[: x.shape[1]].T, d_z @ kernel[x.shape[1] :].T
        return d_x, state._replace(c=d_c * g[:, 2 * n : 3 * n], h=d_h), xh.T @ d_z, d_z.sum(axis=0)

    return new, backward


def lstm_by_autograd(x, state, kernel, bias):
    if not is_torch(x):
        return lstm_whole(x, state, kernel, bias)

    def backward(d_state):
        a = [leaf.detach().clone().requires_grad_() for leaf in (x, *state, kernel, bias)]
        new = by_slices(a[0], LSTMStateTuple(*a[1:3]), *a[3:])
        d_x, d_c, d_h, d_kernel, d_bias = torch.autograd.grad(tuple(new), a, tuple(d_state))
        return d_x, LSTMStateTuple(c=d_c, h=d_h), d_kernel, d_bias

    return by_slices(x, state, kernel, bias), backward


def lstm_in_place_on_its_own(x, state, kernel, bias):
    return in_place_on_its_own_gates(x, state, kernel, bias), lstm_whole(x, state, kernel, bias)[1]


def lstm_of_scalars(x, state, kernel, bias):
    """No graph to differentiate on any library: numbers in Python."""
    return scalar_by_scalar(x, state, kernel, bias), lstm_whole(x, state, kernel, bias)[1]


def lstm_on_numpy(x, state, kernel, bias):
    if not is_torch(x):
        return lstm_whole(x, state, kernel, bias)
    new, numpy_backward = lstm_whole(
        x.numpy(), LSTMStateTuple(*(s.numpy() for s in state)), kernel.numpy(), bias.numpy()
    )

    def wrapped(tree):
        return tree if is_torch(tree) else torch.from_numpy(np.ascontiguousarray(tree))

    def backward(d_state):
        d_x, d_old, *weights = numpy_backward(LSTMStateTuple(*(s.numpy() for s in d_state)))
        return (wrapped(d_x), LSTMStateTuple(*map(wrapped, d_old)), *map(wrapped, weights))

    return LSTMStateTuple(*map(wrapped, new)), backward


def lstm_cut_from_the_graph(x, state, kernel, bias):
    if not is_torch(x):
        return lstm_whole(x, state, kernel, bias)
    with torch.no_grad():
        return lstm_whole(x, state, kernel, bias)


def lstm_backward_of_rows(x, state, kernel, bias):
    def backward(d_state):
        d_kernel, d_bias, rows = 0 * kernel, 0 * bias, []
        for k in range(len(x)):
            old, d = (LSTMStateTuple(c=s.c[k : k + 1], h=s.h[k : k + 1]) for s in (state, d_state))
            *row, d_k, d_b = lstm_whole(x[k : k + 1], old, kernel, bias)[1](d)
            d_kernel, d_bias = d_kernel + d_k, d_bias + d_b
            rows.append(row)
        join = torch.cat if is_torch(x) else np.concatenate
        d_old = LSTMStateTuple(c=join([d.c for _, d in rows]), h=join([d.h for _, d in rows]))
        return [join([d_x for d_x, _ in rows]), d_old, d_kernel, d_bias]

    return one_step_of_rows(x, state, kernel, bias), backward


LSTM_GRADIENTS = [
    lstm_whole,
    lstm_gate_by_gate,
    lstm_computed_again,
    lstm_filled_in,
    lstm_by_autograd,
    lstm_in_place_on_its_own,
    lstm_of_scalars,
    lstm_on_numpy,
    lstm_cut_from_the_graph,
    lstm_backward_of_rows,
]

STYLES = [
    pytest.param(name, answer, id=f"{name}-{getattr(answer, '__name__', type(answer).__name__)}")
    for name, answers in {
        "rnn.step": RNN_STEPS,
        "rnn.sequence": RNN_SEQUENCES,
        "rnn.step_backward": RNN_GRADIENTS,
        "lstm.step": LSTM_STEPS,
        "lstm.sequence": LSTM_SEQUENCES,
        "lstm.step_backward": LSTM_GRADIENTS,
    }.items()
    for answer in answers
]


@pytest.mark.parametrize(("name", "answer"), STYLES)
def test_a_right_answer_in_another_style_passes(name, answer):
    report = check(name, answer)
    assert report.passed, repr(report)
    assert not report.borrowed


# The usual mistakes, in other words than the catalogue's


def blocks_swapped(x, h, kernel, bias):
    n = h.shape[1]
    return tanh(h @ kernel[:n] + x @ kernel[n:] + bias)


def zeros_first(inputs, h, kernel, bias):
    start = torch.zeros_like(h) if is_torch(h) else np.zeros_like(h)
    return hoisted(inputs, start, kernel, bias)


def stacked_on_the_first_axis(inputs, h, kernel, bias):
    outputs = []
    for x in np.swapaxes(inputs, 0, 1):  # NumPy only
        h = np.tanh(np.hstack([x, h]) @ kernel + bias)
        outputs.append(h)
    return np.array(outputs), h


def in_the_order_of_torch(x, state, kernel, bias):
    i, f, g, o = _chunks(beside(x, state.h) @ kernel + bias)
    c = sigmoid(f) * state.c + sigmoid(i) * tanh(g)
    return LSTMStateTuple(c=c, h=sigmoid(o) * tanh(c))


def named_after_torch(x, state, kernel, bias):
    new = lstm_by_einsum(x, state, kernel, bias)
    return LSTMStateTuple(*reversed(new))


def puts_out_c(inputs, state, kernel, bias):
    cs = []
    for t in range(inputs.shape[1]):
        state = by_split(inputs[:, t], state, kernel, bias)
        cs.append(state.c)
    return over_time(cs), state


def slope_of_z(x, h, kernel, bias, d_new_h):
    xh = beside(x, h)
    d_z = d_new_h * (1 - (xh @ kernel + bias) ** 2)
    d_xh = einsum("bh,kh->bk", d_z, kernel)
    return d_xh[:, : x.shape[1]], d_xh[:, x.shape[1] :], einsum("bk,bh->kh", xh, d_z), d_z.sum(0)


def memory_hears_h_only(x, state, kernel, bias):
    new, backward = lstm_gate_by_gate(x, state, kernel, bias)
    return new, lambda d_state: backward(d_state._replace(c=0 * d_state.c))


def second_block(bias, forget_bias):
    new = bias.clone() if is_torch(bias) else bias.copy()
    new[len(bias) // 4 : len(bias) // 2] += forget_bias
    return new


def _chunks(z):
    return z.chunk(4, 1) if is_torch(z) else np.hsplit(z, 4)


MADE = [
    ("rnn.count", lambda time, i, h: i * h + h * h, "bias forgotten"),
    ("rnn.step", blocks_swapped, "h before x"),
    ("rnn.sequence", zeros_first, "initial state ignored"),
    ("rnn.sequence", stacked_on_the_first_axis, "time and batch swapped"),
    ("rnn.outputs_vs_state", lambda outputs: outputs.mean(1), "mean over time"),
    ("rnn.readout", lambda outputs, kernel, bias: outputs[:, -1] @ kernel + bias, "logits"),
    ("rnn.step_backward", slope_of_z, "slope of the pre-activation"),
    ("lstm.count", lambda i, h: sum(p.numel() for p in torch.nn.LSTM(i, h, device="meta").parameters()), "two biases"),
    ("lstm.split_gates", lambda z: [*map(sigmoid, _chunks(z))], "sigmoid for all four"),
    ("lstm.step", in_the_order_of_torch, "Torch's and Keras's order"),
    ("lstm.step", named_after_torch, "c and h swapped"),
    ("lstm.sequence", puts_out_c, "memory put out"),
    ("lstm.forget_bias", second_block, "second block"),
    ("lstm.step_backward", memory_hears_h_only, "gradient from c forgotten"),
]


@pytest.mark.parametrize(("name", "answer", "mistake"), MADE, ids=[f"{n}-{m}" for n, _, m in MADE])
def test_a_mistake_is_recognised_in_another_style(name, answer, mistake):
    assert check(name, answer).mistake == mistake


# What every answer is asked, whatever its numbers are


def test_state_kept_between_calls_is_found():
    kept = {}

    def remembers(inputs, h, kernel, bias):
        outputs, final = list_and_stack(inputs, kept.get(h.shape, h) if type(h) is np.ndarray else h, kernel, bias)
        kept[h.shape] = final
        return outputs, final

    report = check("rnn.sequence", remembers)
    assert report.status == "wrong"
    assert not report.mistake


def test_an_argument_inside_a_state_that_was_changed_is_named():
    def writes(x, state, kernel, bias):
        new = by_slices(x, state, kernel, bias)
        state.c[:] = new.c
        return new

    assert "`state.c` was changed in place" in check("lstm.step", writes).message


def test_another_float_type_is_found():
    def wide(x, h, kernel, bias):
        return plain(x, h, kernel, bias).double() if is_torch(x) else plain(x, h, kernel, bias).astype(np.float64)

    assert "float32" in check("rnn.step", wide).message


def test_a_state_by_position_alone_is_refused():
    report = check("lstm.step", lambda *arguments: tuple(by_slices(*arguments)))
    assert report.status == "wrong"
    assert "LSTMStateTuple" in report.message


def test_a_backward_for_another_forward_is_found():
    def untrue(x, state, kernel, bias):
        new, backward = lstm_whole(x, state, kernel, bias)
        return new, lambda d: backward(LSTMStateTuple(c=d.c, h=2 * d.h))

    assert check("lstm.step_backward", untrue).status == "wrong"
