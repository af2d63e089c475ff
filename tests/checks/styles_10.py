"""Right answers to the exercises of chapter 10 in many styles, as learners may write them: none of them may fail."""

from itertools import accumulate

import numpy as np
import torch

from rnn_course import LSTMStateTuple
from rnn_course.arrays import array_namespace


def library(x):
    """The array library itself, without the layer that makes both alike."""
    return torch if isinstance(x, torch.Tensor) else np


def unroll_with_two_kernels(kernel, bias, inputs, state):
    width, outputs = inputs.shape[-1], []
    for t in range(inputs.shape[1]):
        state = library(inputs).tanh(inputs[:, t] @ kernel[:width] + state @ kernel[width:] + bias)
        outputs.append(state)
    return library(inputs).stack(outputs, 1), state


def unroll_with_einsum(kernel, bias, inputs, state):
    lib, width, outputs = library(inputs), inputs.shape[-1], []
    for t in range(inputs.shape[1]):
        z = lib.einsum("bi,ih->bh", inputs[:, t], kernel[:width]) + lib.einsum("bk,kh->bh", state, kernel[width:])
        state = lib.tanh(z + bias[None, :])
        outputs += [state]
    return lib.stack(outputs, 1), state


def unroll_into_a_preallocated_array(kernel, bias, inputs, state):
    xp = array_namespace(inputs)
    batch, time, _ = inputs.shape
    outputs = xp.empty((batch, time, bias.shape[0]), dtype=inputs.dtype)
    for t in range(time):
        outputs[:, t, :] = state = xp.tanh(xp.concat((inputs[:, t, :], state), axis=-1) @ kernel + bias)
    return outputs, outputs[:, -1, :]


def unroll_with_all_inputs_multiplied_first(kernel, bias, inputs, state):
    xp = array_namespace(inputs)
    projected, recurrent = inputs @ kernel[: inputs.shape[2]] + bias, kernel[inputs.shape[2] :]
    outputs = []
    for t in range(inputs.shape[1]):
        state = xp.tanh(projected[:, t] + state @ recurrent)
        outputs.append(state[:, None])
    return xp.concat(outputs, axis=1), state


def unroll_by_recursion(kernel, bias, inputs, state):
    if inputs.shape[1] == 0:
        return state[:, None][:, :0], state
    xp = array_namespace(inputs)
    state = xp.tanh(xp.concat([inputs[:, 0], state], axis=1) @ kernel + bias)
    later, final = unroll_by_recursion(kernel, bias, inputs[:, 1:], state)
    return xp.concat([state[:, None], later], axis=1), final


def unroll_time_major_inside(kernel, bias, inputs, state):
    lib, outputs = library(inputs), []
    for x in inputs.swapaxes(0, 1):
        state = lib.tanh(lib.hstack([x, state]) @ kernel + bias)
        outputs.append(state)
    return lib.stack(outputs).swapaxes(0, 1), state


def unroll_row_by_row(kernel, bias, inputs, state):
    lib, rows = library(inputs), []
    for row, h in zip(inputs, state, strict=True):
        steps = []
        for x in row:
            h = lib.tanh(lib.concatenate([x, h]) @ kernel + bias)
            steps.append(h)
        rows.append(lib.stack(steps))
    outputs = lib.stack(rows)
    return outputs, outputs[:, -1]


def unroll_with_accumulate(kernel, bias, inputs, state):
    xp = array_namespace(inputs)

    def step(h, x):
        return xp.tanh(xp.concat([x, h], axis=1) @ kernel + bias)

    states = list(accumulate((inputs[:, t] for t in range(inputs.shape[1])), step, initial=state))
    return xp.stack(states[1:], axis=1), states[-1]


def unroll_with_torchs_cell(kernel, bias, inputs, state):
    if not isinstance(inputs, torch.Tensor):
        return unroll_with_two_kernels(kernel, bias, inputs, state)
    width, outputs = inputs.shape[2], []
    for x in inputs.unbind(1):
        state = torch.rnn_tanh_cell(x, state, kernel[:width].T, kernel[width:].T, bias, torch.zeros_like(bias))
        outputs.append(state)
    return torch.stack(outputs, dim=1), state


def unroll_with_a_growing_array(kernel, bias, inputs, state):
    xp = array_namespace(inputs)
    seen = state[:, None]
    while seen.shape[1] <= inputs.shape[1]:
        x = inputs[:, seen.shape[1] - 1]
        new = xp.tanh(xp.concat([x, seen[:, -1]], axis=1) @ kernel + bias)
        seen = xp.concat([seen, new[:, None]], axis=1)
    return seen[:, 1:], seen[:, -1]


def unroll_with_exponentials(kernel, bias, inputs, state):
    xp, outputs = array_namespace(inputs), {}
    for t in range(inputs.shape[1]):
        falling = xp.exp(-2 * (xp.concat([inputs[:, t], state], axis=1) @ kernel + bias))
        outputs[t] = state = (1 - falling) / (1 + falling)
    return xp.stack(tuple(outputs.values()), axis=1), state


def unroll_unit_by_unit(kernel, bias, inputs, state):
    xp, outputs = array_namespace(inputs), []
    for t in range(inputs.shape[1]):
        xh = xp.concat([inputs[:, t], state], axis=1)
        state = xp.stack([xp.tanh((xh * kernel[:, k]).sum(1) + bias[k]) for k in range(bias.shape[0])], axis=1)
        outputs.append(state)
    return xp.stack(outputs, axis=1), state


def unroll_with_the_bias_as_a_row(kernel, bias, inputs, state):
    xp, outputs = array_namespace(inputs), []
    weights, one = xp.concat([kernel, bias[None]], axis=0), xp.ones_like(state[:, :1])
    for t in range(inputs.shape[1]):
        state = xp.tanh(xp.concat([inputs[:, t], state, one], axis=1) @ weights)
        outputs.append(state)
    return [xp.stack(outputs, axis=1), state]


UNROLL = [function for name, function in list(globals().items()) if name.startswith("unroll_")]


def lengths_by_a_product(cell, inputs, state, sequence_length):
    xp, outputs = array_namespace(inputs), []
    for t in range(inputs.shape[1]):
        alive = xp.astype(sequence_length > t, inputs.dtype)[:, None]
        output, new = cell(inputs[:, t], state)
        outputs.append(alive * output)
        state = LSTMStateTuple(*(alive * n + (1 - alive) * o for n, o in zip(new, state, strict=True)))
    return xp.stack(outputs, axis=1), state


def lengths_by_boolean_indices(cell, inputs, state, sequence_length):
    lib = library(inputs)
    state, width = LSTMStateTuple(c=state.c + 0, h=state.h + 0), state.h.shape[1]
    outputs = lib.zeros((*inputs.shape[:2], width), dtype=inputs.dtype)
    for t in range(inputs.shape[1]):
        alive = sequence_length > t
        output, new = cell(inputs[:, t], LSTMStateTuple(c=state.c + 0, h=state.h + 0))
        outputs[alive, t] = output[alive]
        state.c[alive], state.h[alive] = new.c[alive], new.h[alive]
    return outputs, state


def lengths_row_by_row(cell, inputs, state, sequence_length):
    xp, rows, ends = array_namespace(inputs), [], []
    for b in range(inputs.shape[0]):
        own = LSTMStateTuple(c=state.c[b : b + 1], h=state.h[b : b + 1])
        outputs = []
        for t in range(inputs.shape[1]):
            if t < int(sequence_length[b]):
                output, own = cell(inputs[b : b + 1, t], own)
                outputs.append(output)
            else:
                outputs.append(xp.zeros_like(own.h))
        rows.append(xp.stack(outputs, axis=1))
        ends.append(own)
    c, h = (xp.concat([end[k] for end in ends], axis=0) for k in range(2))
    return xp.concat(rows, axis=0), LSTMStateTuple(c=c, h=h)


def lengths_by_picking_at_the_end(cell, inputs, state, sequence_length):
    xp, states = array_namespace(inputs), [state]
    for t in range(inputs.shape[1]):
        states.append(cell(inputs[:, t], states[-1])[1])
    c, h = xp.stack([s.c for s in states], axis=1), xp.stack([s.h for s in states], axis=1)
    rows = xp.arange(inputs.shape[0])
    valid = (xp.arange(inputs.shape[1])[None, :] < sequence_length[:, None])[:, :, None]
    final = LSTMStateTuple(c=c[rows, sequence_length], h=h[rows, sequence_length])
    return xp.where(valid, h[:, 1:], xp.zeros_like(h[:, 1:])), final


def lengths_by_taking_along_time(cell, inputs, state, sequence_length):
    lib, states = library(inputs), [state]
    for x in inputs.swapaxes(0, 1):
        states.append(cell(x, states[-1])[1])
    take = np.take_along_axis if lib is np else torch.take_along_dim
    stacked = [lib.stack(part, 1) for part in zip(*states, strict=True)]
    c, h = (take(part, sequence_length[:, None, None], 1)[:, 0] for part in stacked)
    mask = sequence_length[:, None] > lib.arange(inputs.shape[1])
    return stacked[1][:, 1:] * mask[..., None], LSTMStateTuple(c=c, h=h)


def lengths_time_major_inside(cell, inputs, state, sequence_length):
    xp = array_namespace(inputs)
    steps = xp.permute_dims(inputs, (1, 0, 2))
    outputs = xp.zeros((*steps.shape[:2], state.h.shape[1]), dtype=inputs.dtype)
    for t in range(steps.shape[0]):
        output, new = cell(steps[t], state)
        over = (sequence_length <= t)[:, None]
        outputs[t] = xp.where(over, xp.zeros_like(output), output)
        state = state._replace(c=xp.where(over, state.c, new.c), h=xp.where(over, state.h, new.h))
    return xp.permute_dims(outputs, (1, 0, 2)), state


def lengths_by_recursion(cell, inputs, state, sequence_length):
    xp = array_namespace(inputs)
    if inputs.shape[1] == 0:
        return xp.zeros((inputs.shape[0], 0, state.h.shape[1]), dtype=inputs.dtype), state
    alive = (sequence_length > 0)[:, None]
    output, new = cell(inputs[:, 0], state)
    state = LSTMStateTuple(c=xp.where(alive, new.c, state.c), h=xp.where(alive, new.h, state.h))
    later, final = lengths_by_recursion(cell, inputs[:, 1:], state, sequence_length - 1)
    return xp.concat([xp.where(alive, output, 0.0)[:, None], later], axis=1), final


def lengths_up_to_the_longest(cell, inputs, state, sequence_length):
    xp, outputs, t = array_namespace(inputs), [], 0
    while bool((sequence_length > t).any()):
        alive = (sequence_length > t)[:, None]
        output, new = cell(inputs[:, t], state)
        outputs.append(xp.where(alive, output, 0.0))
        state = LSTMStateTuple(c=xp.where(alive, new.c, state.c), h=xp.where(alive, new.h, state.h))
        t += 1
    outputs += [xp.zeros_like(state.h)] * (inputs.shape[1] - t)
    return xp.stack(outputs, axis=1), state


def lengths_by_a_shrinking_batch(cell, inputs, state, sequence_length):
    lib = library(inputs)
    c, h = state.c + 0, state.h + 0
    outputs = lib.zeros((*inputs.shape[:2], h.shape[1]), dtype=inputs.dtype)
    for t in range(inputs.shape[1]):
        rows = [b for b, n in enumerate(sequence_length.tolist()) if n > t]
        if rows:
            _, new = cell(inputs[rows, t], LSTMStateTuple(c=c[rows], h=h[rows]))
            c[rows], h[rows], outputs[rows, t] = new.c, new.h, new.h
    return outputs, LSTMStateTuple(c=c, h=h)


def lengths_by_adding_the_change(cell, inputs, state, sequence_length):
    xp, shown = array_namespace(inputs), []
    for t in range(inputs.shape[1]):
        alive = (sequence_length > t)[:, None] * xp.ones_like(state.h)
        _, new = cell(inputs[:, t], state)
        state = LSTMStateTuple(c=state.c + alive * (new.c - state.c), h=state.h + alive * (new.h - state.h))
        shown.append(alive * state.h)
    return xp.stack(shown, axis=1), state


def lengths_with_masked_fill(cell, inputs, state, sequence_length):
    if not isinstance(inputs, torch.Tensor):
        return lengths_by_boolean_indices(cell, inputs, state, sequence_length)
    outputs, over = [], sequence_length.unsqueeze(1).le(torch.arange(inputs.size(1)))
    for x, dead in zip(inputs.unbind(1), over.unbind(1), strict=True):
        output, new = cell(x, state)
        outputs.append(output.masked_fill(dead.unsqueeze(1), 0))
        state = LSTMStateTuple(*(torch.where(dead[:, None], o, n) for o, n in zip(state, new, strict=True)))
    return torch.stack(outputs, dim=1), state


LENGTHS = [function for name, function in list(globals().items()) if name.startswith("lengths_")]
