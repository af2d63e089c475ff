"""Right answers to `deep.backward` in many styles, as learners may write them: none of them may fail."""

from collections import deque
from functools import reduce
from itertools import accumulate

import torch

from rnn_course import LSTMStateTuple
from rnn_course.arrays import array_namespace
from tests.checks.styles_11 import sigmoid, step_by_index


def back_by_index(cells, x, states):
    new_states, backwards = [None] * len(cells), [None] * len(cells)
    for k, cell in enumerate(cells):
        x, new_states[k], backwards[k] = cell.forward(x, states[k])

    def backward(d_output, d_new_states):
        d_cells, d_states = [None] * len(cells), [None] * len(cells)
        for k in range(len(cells) - 1, -1, -1):
            d_cells[k], d_output, d_states[k] = backwards[k](d_output, d_new_states[k])
        return tuple(d_cells), d_output, tuple(d_states)

    return x, tuple(new_states), backward


def back_by_recursion(cells, x, states):
    if not cells:
        return x, (), lambda d_output, d_new_states: ((), d_output, ())
    below, new_state, own = cells[0].forward(x, states[0])
    output, above, back_above = back_by_recursion(cells[1:], below, states[1:])

    def backward(d_output, d_new_states):
        d_above, d_below, d_states = back_above(d_output, d_new_states[1:])
        d_cell, d_x, d_state = own(d_below, d_new_states[0])
        return (d_cell, *d_above), d_x, (d_state, *d_states)

    return output, (new_state, *above), backward


def back_by_a_chain_of_closures(cells, x, states):
    new_states = ()

    def chain(d_output, d_new_states):
        return (), d_output, ()

    for k, (cell, state) in enumerate(zip(cells, states, strict=True)):
        x, new_state, own = cell.forward(x, state)
        new_states += (new_state,)

        def chain(d_output, d_new_states, own=own, k=k, below=chain):
            d_cell, d_x, d_state = own(d_output, d_new_states[k])
            d_cells, d_x, d_states = below(d_x, d_new_states)
            return (*d_cells, d_cell), d_x, (*d_states, d_state)

    return x, new_states, chain


def back_by_popping(cells, x, states):
    new_states, stack = [], []
    for cell, state in zip(cells, states, strict=True):
        x, new_state, own = cell.forward(x, state)
        new_states.append(new_state)
        stack.append(own)

    def backward(d_output, d_new_states):
        left, d_left, d_cells, d_states = list(stack), list(d_new_states), [], []
        while left:
            d_cell, d_output, d_state = left.pop()(d_output, d_left.pop())
            d_cells.insert(0, d_cell)
            d_states.insert(0, d_state)
        return tuple(d_cells), d_output, tuple(d_states)

    return x, tuple(new_states), backward


def back_with_a_deque(cells, x, states):
    new_states, backwards = deque(), deque()
    for cell, state in zip(cells, states, strict=True):
        x, new_state, own = cell.forward(x, state)
        new_states.append(new_state)
        backwards.appendleft(own)

    def backward(d_output, d_new_states):
        d_cells, d_states = deque(), deque()
        for own, d_new in zip(backwards, reversed(d_new_states), strict=True):
            d_cell, d_output, d_state = own(d_output, d_new)
            d_cells.appendleft(d_cell)
            d_states.appendleft(d_state)
        return tuple(d_cells), d_output, tuple(d_states)

    return x, tuple(new_states), backward


def back_by_reduction(cells, x, states):
    made = list(
        accumulate(zip(cells, states, strict=True), lambda m, layer: layer[0].forward(m[0], layer[1]), initial=(x,))
    )[1:]

    def backward(d_output, d_new_states):
        def down(done, layer):
            d_cell, d_x, d_state = layer[0][2](done[1], layer[1])
            return (d_cell, *done[0]), d_x, (d_state, *done[2])

        layers = list(zip(made, d_new_states, strict=True))[::-1]
        return reduce(down, layers, ((), d_output, ()))

    return made[-1][0], tuple(m[1] for m in made), backward


def back_by_computing_again(cells, x, states):
    output, new_states = step_by_index(cells, x, states)

    def backward(d_output, d_new_states):
        inputs = [x, *(state.h for state in new_states[:-1])]
        gradients = []
        for cell, below, state, d_new in list(zip(cells, inputs, states, d_new_states, strict=True))[::-1]:
            gradients.append(cell.forward(below, state)[2](d_output, d_new))
            d_output = gradients[-1][1]
        d_cells, d_xs, d_states = zip(*gradients[::-1], strict=True)
        return d_cells, d_xs[0], d_states

    return output, new_states, backward


def back_with_dictionaries(cells, x, states):
    new_states, back = {}, {}
    for name in range(len(cells)):
        x, new_states[name], back[name] = cells[name].forward(x, states[name])

    def backward(d_output, d_new_states):
        found = {}
        for name in sorted(back, reverse=True):
            found[name] = back[name](d_output, d_new_states[name])
            d_output = found[name][1]
        order = sorted(found)
        return [found[name][0] for name in order], d_output, [found[name][2] for name in order]

    return x, [new_states[name] for name in sorted(new_states)], backward


class Stack:
    """For those who think in objects: the layers remember their way back."""

    def __init__(self, cells):
        self.cells = cells

    def run(self, x, states):
        self.steps = []
        for cell, state in zip(self.cells, states, strict=True):
            self.steps.append(cell.forward(x, state))
            x = self.steps[-1][0]
        return x, tuple(step[1] for step in self.steps)

    def __call__(self, d_output, d_new_states):
        d_cells, d_states = {}, {}
        for k in reversed(range(len(self.steps))):
            d_cells[k], d_output, d_states[k] = self.steps[k][2](d_output, d_new_states[k])
        return tuple(d_cells[k] for k in sorted(d_cells)), d_output, tuple(d_states[k] for k in sorted(d_states))


def back_with_an_object(cells, x, states):
    stack = Stack(cells)
    return *stack.run(x, states), stack


def back_by_the_equations(cells, x, states):
    xp, saved, new_states = array_namespace(x), [], []
    for cell, state in zip(cells, states, strict=True):
        n = cell.bias.shape[0] // 4
        xh = xp.concat([x, state.h], axis=1)
        z = xh @ cell.kernel + cell.bias
        i, j, f, o = (z[:, k * n : (k + 1) * n] for k in range(4))
        i, j, f, o = sigmoid(i), xp.tanh(j), sigmoid(f), sigmoid(o)
        c = f * state.c + i * j
        saved.append((cell, state, xh, i, j, f, o, xp.tanh(c), x.shape[1]))
        x = o * xp.tanh(c)
        new_states.append(LSTMStateTuple(c=c, h=x))

    def backward(d_output, d_new_states):
        d_cells, d_states = [], []
        for (cell, state, xh, i, j, f, o, tanh_c, width), d_new in zip(saved[::-1], d_new_states[::-1], strict=True):
            d_h = d_output + d_new.h
            d_c = d_new.c + d_h * o * (1 - tanh_c**2)
            parts = [
                d_c * j * i * (1 - i),
                d_c * i * (1 - j**2),
                d_c * state.c * f * (1 - f),
                d_h * tanh_c * o * (1 - o),
            ]
            d_z = xp.concat(parts, axis=1)
            d_xh = d_z @ cell.kernel.T
            d_output = d_xh[:, :width]
            d_cells.append(cell._replace(kernel=xh.T @ d_z, bias=xp.sum(d_z, axis=0)))
            d_states.append(LSTMStateTuple(c=d_c * f, h=d_xh[:, width:]))
        return tuple(d_cells[::-1]), d_output, tuple(d_states[::-1])

    return x, tuple(new_states), backward


def back_by_autograd(cells, x, states):
    if not isinstance(x, torch.Tensor):
        return back_by_index(cells, x, states)
    output, new_states = step_by_index(cells, x, states)

    def backward(d_output, d_new_states):
        leaves = [leaf.detach().requires_grad_() for cell in cells for leaf in (cell.kernel, cell.bias)]
        own_x = x.detach().requires_grad_()
        parts = [leaf.detach().requires_grad_() for state in states for leaf in state]
        own_cells = tuple(
            cell._replace(kernel=k, bias=b) for cell, k, b in zip(cells, leaves[::2], leaves[1::2], strict=True)
        )
        own_states = tuple(LSTMStateTuple(c=c, h=h) for c, h in zip(parts[::2], parts[1::2], strict=True))
        results, new = step_by_index(own_cells, own_x, own_states)
        results, weights = [results, *(p for s in new for p in s)], [d_output, *(p for s in d_new_states for p in s)]
        found = iter(torch.autograd.grad(results, [*leaves, own_x, *parts], weights))
        d_cells = tuple(cell._replace(kernel=next(found), bias=next(found)) for cell in cells)
        d_x = next(found)
        return d_cells, d_x, tuple(LSTMStateTuple(c=next(found), h=next(found)) for _ in states)

    return output, new_states, backward


BACKWARD = [function for name, function in list(globals().items()) if name.startswith("back_")]
