import copy
import pickle

import numpy as np
import pytest

from rnn_course import (
    BasicRNNCell,
    LSTMCell,
    LSTMStateTuple,
    Masked,
    MultiRNNCell,
    ShapeError,
    dynamic_rnn_forward,
    gradcheck,
    leaves,
    to,
    to_numpy,
    tree_map,
)
from rnn_course.arrays import autograd
from rnn_course.tree import add

from ..helpers import assert_trees_close, random_like, random_lstm, relative_error


def deep_cell(rng):
    cells = LSTMCell.init(3, 5, rng=rng), BasicRNNCell.init(5, 4, rng=rng), LSTMCell.init(4, 2, rng=rng)
    return random_like(MultiRNNCell(cells), rng)


def test_the_gradient_of_a_stack_of_different_cells(rng):
    cell = deep_cell(rng)
    arguments = cell, rng.standard_normal((6, 3)), random_like(cell.zero_state(6), rng)
    table = gradcheck(lambda c, x, s: c.forward(x, s), *arguments, rng=rng)
    assert table.ok, table
    assert len(table.rows) == 6 + 1 + 5


def test_a_stack_feeds_each_output_to_the_cell_above(rng, backend):
    cell = to(deep_cell(rng), backend)
    x, states = to((rng.standard_normal((6, 3)), random_like(cell.zero_state(6), rng)), backend)
    output, new_states = cell(x, states)
    expected = x
    for layer, state, new_state in zip(cell.cells, states, new_states, strict=True):
        expected, layer_state = layer(expected, state)
        assert_trees_close(new_state, layer_state, rtol=0, atol=0)
    np.testing.assert_array_equal(to_numpy(output), to_numpy(expected))
    assert type(new_states) is tuple
    forward_output, forward_states, _ = cell.forward(x, states)
    assert_trees_close((forward_output, forward_states), (output, new_states), rtol=0, atol=0)


def test_sizes_and_zero_states(rng, backend):
    cell = to(deep_cell(rng), backend)
    assert cell.output_size == 2
    assert cell.state_size == (LSTMStateTuple(c=5, h=5), 4, LSTMStateTuple(c=2, h=2))
    state = cell.zero_state(7)
    assert tree_map(lambda a: tuple(a.shape), state) == (
        LSTMStateTuple(c=(7, 5), h=(7, 5)),
        (7, 4),
        LSTMStateTuple(c=(7, 2), h=(7, 2)),
    )
    assert all(not to_numpy(part).any() for part in (state[0].c, state[1], state[2].h))
    assert str(state[0].c.dtype).endswith("float64")


def test_a_stack_refuses_one_state_for_all_layers(rng, without_shape_types):
    cell = MultiRNNCell((random_lstm(3, 5, rng), random_lstm(5, 5, rng)))
    with pytest.raises(ShapeError, match=r"expected tuple of 2, got LSTMStateTuple of 2; a stack has a tuple of"):
        cell(np.zeros((2, 3)), cell.cells[0].zero_state(2))


def test_no_door_takes_a_state_of_another_number_of_layers(rng):
    stack, x = MultiRNNCell((random_lstm(5, 5, rng), random_lstm(5, 5, rng))), rng.standard_normal((6, 5))
    output, states, backward = stack.forward(x, stack.zero_state(6))
    for wrong in (states[:-1], (*states, states[-1])):
        with pytest.raises(ValueError, match="expected tuple of 2, got tuple of"):
            stack(x, wrong)
        with pytest.raises(ValueError, match="zip"):
            stack.forward(x, wrong)
        with pytest.raises(ValueError, match="zip"):
            backward(output, wrong)
        for scan in (stack.scan, stack.scan_forward):
            with pytest.raises(ValueError, match="zip"):
                scan(x[None], wrong)


def test_a_stack_of_one_is_the_cell(rng, backend):
    cell, x = to((random_lstm(3, 5, rng), rng.standard_normal((2, 3))), backend)
    state = to(random_like(cell.zero_state(2), rng), backend)
    output, new_state, backward = cell.forward(x, state)
    stacked, (top,), stack_backward = MultiRNNCell((cell,)).forward(x, (state,))
    assert_trees_close((stacked, top), (output, new_state), rtol=0, atol=0)
    d_cell, d_x, d_state = backward(output, new_state)
    (got_cell,), got_x, (got_state,) = (
        stack_backward(output, (new_state,))[0].cells,
        *stack_backward(output, (top,))[1:],
    )
    assert_trees_close((got_cell, got_x, got_state), (d_cell, d_x, d_state), rtol=0, atol=0)


def test_any_sequence_of_cells_makes_a_stack(rng):
    cells = random_lstm(3, 5, rng), random_lstm(5, 2, rng)
    for given in (cells, list(cells), iter(cells)):
        stack = MultiRNNCell(given)
        assert stack.cells == cells
        assert stack.input_size == 3


@pytest.mark.parametrize("cells", [(), []])
def test_a_stack_without_layers_is_refused(cells):
    with pytest.raises(ValueError, match="cells: expected at least one cell, got none"):
        MultiRNNCell(cells)


def test_the_same_cell_twice_is_refused_for_it_would_share_its_weights(rng):
    cell, other = random_lstm(5, 5, rng), random_lstm(5, 5, rng)
    message = r"layers 0 and {} are the same LSTMCell, .* \[cell\] \* n, .* or pass share_weights=True"
    with pytest.raises(ValueError, match=message.format(1)):
        MultiRNNCell([cell] * 3)
    with pytest.raises(ValueError, match=message.format(2)):
        MultiRNNCell((cell, other, cell))
    alive = np.ones((2, 1), bool)
    with pytest.raises(ValueError, match=message.format(1)):
        MultiRNNCell((Masked(cell, alive), Masked(cell, alive)))  # two wrappers, one cell
    assert MultiRNNCell((cell, other)).share_weights is False


def test_the_gradient_of_shared_weights_is_the_sum_over_the_layers(rng):
    cell = random_lstm(5, 5, rng)
    x = rng.standard_normal((2, 4, 5))
    state = random_like(MultiRNNCell([cell] * 3, share_weights=True).zero_state(2), rng)
    u = random_like((x, state), rng)

    def forward(shared, x, state):
        stack = MultiRNNCell([shared] * 3, share_weights=True)
        outputs, final, backward = dynamic_rnn_forward(stack, x, state, [4, 2])

        def sum_backward(*d_results):
            d_stack, *others = backward(*d_results)
            assert isinstance(d_stack, MultiRNNCell)
            assert d_stack.share_weights
            first, second, third = d_stack.cells
            return add(add(first, second), third), *others

        return outputs, final, sum_backward

    table = gradcheck(forward, cell, x, state, rng=rng)
    assert table.ok, table

    def weighed(moved):
        results = forward(*moved)[:2]
        return sum((a * b).sum() for a, b in zip(leaves(results), leaves(to(u, "torch")), strict=True))

    _, expected = autograd(weighed, to((cell, x, state), "torch"))
    for got, want in zip(leaves(forward(cell, x, state)[2](*u)), leaves(expected), strict=True):
        assert relative_error(got, want) < 1e-12


def test_shared_weights_become_the_layers_own_in_a_new_tree(rng):
    stack = MultiRNNCell([random_lstm(5, 5, rng)] * 2, share_weights=True)
    moved = tree_map(lambda leaf: leaf + 0, stack)
    assert moved.share_weights
    assert moved.cells[0].kernel is not moved.cells[1].kernel


def test_a_stack_can_be_rebuilt_copied_and_pickled(rng):
    stack = deep_cell(rng)
    for again in (tree_map(np.copy, stack), copy.deepcopy(stack), pickle.loads(pickle.dumps(stack))):
        assert type(again) is MultiRNNCell
        assert_trees_close(again, stack, rtol=0, atol=0)


def test_no_argument_is_changed(rng):
    stack = deep_cell(rng)
    arguments = (stack, rng.standard_normal((6, 3)), random_like(stack.zero_state(6), rng))
    before = tree_map(np.copy, arguments)
    output, state, backward = stack.forward(*arguments[1:])
    backward(output, state)
    assert_trees_close(arguments, before, rtol=0, atol=0)
