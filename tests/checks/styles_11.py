"""Right answers to the exercises of chapter 11 in many styles, as learners may write them: none of them may fail."""

from collections import deque
from functools import reduce
from itertools import accumulate

import torch

from rnn_course import LSTMStateTuple
from rnn_course.arrays import array_namespace
from tests.checks.styles_10 import library


def sigmoid(z):
    return 1 / (1 + library(z).exp(-z))


def lstm(kernel, bias, x, state):
    """The equations of an LSTM, from its weights, for those who do not call the cell."""
    xp, n = array_namespace(x), bias.shape[0] // 4
    z = xp.concat([x, state.h], axis=1) @ kernel + bias
    c = sigmoid(z[:, 2 * n : 3 * n]) * state.c + sigmoid(z[:, :n]) * xp.tanh(z[:, n : 2 * n])
    return LSTMStateTuple(c=c, h=sigmoid(z[:, 3 * n :]) * xp.tanh(c))


def torch_lstm(cell, x, state):
    """One step by Torch's own kernel, whose gates stand in the order i, f, g, o."""
    i, j, f, o = cell.kernel.chunk(4, dim=1)
    bi, bj, bf, bo = cell.bias.chunk(4)
    weights, width = torch.cat([i, f, j, o], dim=1), x.size(1)
    bias = torch.cat([bi, bf, bj, bo])
    h, c = torch.lstm_cell(x, (state.h, state.c), weights[:width].T, weights[width:].T, bias, torch.zeros_like(bias))
    return LSTMStateTuple(c=c, h=h)


def step_by_index(cells, x, states):
    new_states = [None] * len(cells)
    for k in range(len(cells)):
        x, new_states[k] = cells[k](x, states[k])
    return x, tuple(new_states)


def step_by_recursion(cells, x, states):
    if not cells:
        return x, ()
    x, new_state = cells[0](x, states[0])
    output, above = step_by_recursion(cells[1:], x, states[1:])
    return output, (new_state, *above)


def step_from_the_top_by_recursion(cells, x, states):
    below, done = step_from_the_top_by_recursion(cells[:-1], x, states[:-1]) if len(cells) > 1 else (x, ())
    output, new_state = cells[-1](below, states[-1])
    return output, (*done, new_state)


def step_by_reduction(cells, x, states):
    def up(below, layer):
        output, new_state = layer[0](below[0], layer[1])
        return output, (*below[1], new_state)

    return reduce(up, zip(cells, states, strict=True), (x, ()))


def step_by_accumulation(cells, x, states):
    pairs = list(
        accumulate(zip(cells, states, strict=True), lambda p, layer: layer[0](p[0], layer[1]), initial=(x, None))
    )
    return pairs[-1][0], tuple(state for _, state in pairs[1:])


def step_with_the_forward_door(cells, x, states):
    new_states = ()
    for cell, state in zip(cells, states, strict=True):
        x, new_state, _ = cell.forward(x, state)
        new_states += (new_state,)
    return x, new_states


def step_by_the_equations(cells, x, states):
    new_states = []
    for cell, state in zip(cells, states, strict=True):
        new_states.append(lstm(cell.kernel, cell.bias, x, state))
        x = new_states[-1].h
    return x, new_states


def step_by_torchs_kernel(cells, x, states):
    if not isinstance(x, torch.Tensor):
        return step_by_index(cells, x, states)
    new_states = []
    for cell, state in zip(cells, states, strict=True):
        new_states.append(torch_lstm(cell, x, state))
        x = new_states[-1].h
    return x, tuple(new_states)


def step_with_a_generator(cells, x, states):
    def layers():
        below = x
        for cell, state in zip(cells, states, strict=True):
            below, new_state = cell(below, state)
            yield new_state

    new_states = tuple(layers())
    return new_states[-1].h, new_states


def step_with_a_comprehension(cells, x, states):
    below = (x,)
    made = [below := cell(below[0], state) for cell, state in zip(cells, states, strict=True)]
    outputs, new_states = zip(*made, strict=True)
    return outputs[-1], new_states


def step_with_a_queue(cells, x, states):
    waiting, done = deque(zip(cells, states, strict=True)), deque()
    while waiting:
        cell, state = waiting.popleft()
        x, new_state = cell(x, state)
        done.append(new_state)
    return x, tuple(done)


def step_gate_by_gate(cells, x, states):
    lib, new_states = library(x), []
    for cell, state in zip(cells, states, strict=True):
        n, width = cell.bias.shape[0] // 4, x.shape[1]
        z = []
        for k in range(4):
            columns = slice(k * n, (k + 1) * n)
            product = lib.einsum("bi,ih->bh", x, cell.kernel[:width, columns])
            z.append(product + state.h @ cell.kernel[width:, columns] + cell.bias[columns])
        c = sigmoid(z[2]) * state.c + sigmoid(z[0]) * lib.tanh(z[1])
        x = sigmoid(z[3]) * lib.tanh(c)
        new_states.append(LSTMStateTuple(c=c, h=x))
    return x, tuple(new_states)


STEP = [function for name, function in list(globals().items()) if name.startswith("step_")]


def sequence_layer_by_layer(cells, inputs, states):
    xp, finals = array_namespace(inputs), []
    for cell, state in zip(cells, states, strict=True):
        outputs = []
        for t in range(inputs.shape[1]):
            output, state = cell(inputs[:, t], state)
            outputs.append(output)
        inputs = xp.stack(outputs, axis=1)
        finals.append(state)
    return inputs, tuple(finals)


def sequence_by_recursion_over_layers(cells, inputs, states):
    if not cells:
        return inputs, ()
    outputs, final = sequence_layer_by_layer(cells[:1], inputs, states[:1])
    top, above = sequence_by_recursion_over_layers(cells[1:], outputs, states[1:])
    return top, final + above


def sequence_by_recursion_over_time(cells, inputs, states):
    xp = array_namespace(inputs)
    output, states = step_by_index(cells, inputs[:, 0], states)
    if inputs.shape[1] == 1:
        return output[:, None], states
    later, final = sequence_by_recursion_over_time(cells, inputs[:, 1:], states)
    return xp.concat([output[:, None], later], axis=1), final


def sequence_into_a_preallocated_array(cells, inputs, states):
    xp, now = array_namespace(inputs), list(states)
    outputs = xp.zeros((*inputs.shape[:2], states[-1].h.shape[1]), dtype=inputs.dtype)
    for t in range(inputs.shape[1]):
        x = inputs[:, t]
        for k, cell in enumerate(cells):
            x, now[k] = cell(x, now[k])
        outputs[:, t] = x
    return outputs, tuple(now)


def sequence_time_major_inside(cells, inputs, states):
    lib, outputs = library(inputs), []
    for x in inputs.swapaxes(0, 1):
        output, states = step_by_reduction(cells, x, states)
        outputs.append(output)
    return lib.stack(outputs).swapaxes(0, 1), states


def sequence_along_diagonals(cells, inputs, states):
    xp = array_namespace(inputs)
    layers, time = len(cells), inputs.shape[1]
    now, made = list(states), {(-1, t): inputs[:, t] for t in range(time)}
    for d in range(layers + time - 1):
        for k in range(layers):
            if 0 <= d - k < time:
                made[k, d - k], now[k] = cells[k](made[k - 1, d - k], now[k])
    return xp.stack([made[layers - 1, t] for t in range(time)], axis=1), tuple(now)


def sequence_with_accumulate(cells, inputs, states):
    def step(before, t):
        return step_by_recursion(cells, inputs[:, t], before[1])

    seen = list(accumulate(range(inputs.shape[1]), step, initial=(None, states)))[1:]
    return array_namespace(inputs).stack([output for output, _ in seen], axis=1), seen[-1][1]


def sequence_row_by_row(cells, inputs, states):
    xp, rows, ends = array_namespace(inputs), [], []
    for b in range(inputs.shape[0]):
        own = tuple(LSTMStateTuple(c=state.c[b : b + 1], h=state.h[b : b + 1]) for state in states)
        outputs, own = sequence_layer_by_layer(cells, inputs[b : b + 1], own)
        rows.append(outputs)
        ends.append(own)
    finals = tuple(
        LSTMStateTuple(*(xp.concat([end[k][part] for end in ends], axis=0) for part in range(2)))
        for k in range(len(cells))
    )
    return xp.concat(rows, axis=0), finals


def sequence_by_the_equations(cells, inputs, states):
    xp, outputs = array_namespace(inputs), []
    for t in range(inputs.shape[1]):
        output, states = step_by_the_equations(cells, inputs[:, t], states)
        outputs.append(output)
    return xp.stack(outputs, axis=1), tuple(states)


def sequence_by_torchs_kernel(cells, inputs, states):
    if not isinstance(inputs, torch.Tensor):
        return sequence_layer_by_layer(cells, inputs, states)
    outputs = []
    for x in torch.unbind(inputs, dim=1):
        output, states = step_by_torchs_kernel(cells, x, states)
        outputs.append(output)
    return torch.stack(outputs, dim=1), states


def sequence_with_a_growing_array(cells, inputs, states):
    xp, outputs, t = array_namespace(inputs), None, 0
    while t < inputs.shape[1]:
        output, states = step_with_a_queue(cells, inputs[:, t], states)
        outputs = output[:, None] if outputs is None else xp.concat([outputs, output[:, None]], axis=1)
        t += 1
    return outputs, states


def sequence_cut_in_two(cells, inputs, states):
    middle = inputs.shape[1] // 2
    if not middle:
        return sequence_layer_by_layer(cells, inputs, states)
    first, states = sequence_cut_in_two(cells, inputs[:, :middle], states)
    second, states = sequence_cut_in_two(cells, inputs[:, middle:], states)
    return array_namespace(inputs).concat([first, second], axis=1), states


SEQUENCE = [function for name, function in list(globals().items()) if name.startswith("sequence_")]
