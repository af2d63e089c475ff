"""Laws that every cell keeps, bare or wrapped, on every array library. A new cell joins with one line in `CELLS`."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_course import (
    BasicRNNCell,
    LSTMCell,
    MultiRNNCell,
    dynamic_rnn,
    dynamic_rnn_forward,
    gradcheck,
    leaves,
    named_leaves,
    to,
    to_numpy,
    tree_map,
)
from rnn_course.arrays import autograd
from rnn_course.dropout_wrapper import DropoutWrapper
from rnn_course.gru import GRUCell
from rnn_course.lstm_variants import LayerNormLSTMCell
from rnn_course.shapes import expect_state
from rnn_course.wrappers import PackedState, ResidualWrapper

from ..helpers import assert_trees_close, random_like, random_lstm, relative_error

BATCH, TIME, INPUT = 4, 5, 3
RAGGED = [0, 5, 2, 3]


def random_basic(input_size, hidden_size, rng):
    return random_like(BasicRNNCell.init(input_size, hidden_size, rng=rng), rng)


def lstm_with(rng, **options):
    return random_like(LSTMCell.init(INPUT, 4, rng=rng, **options), rng)


def stack(rng):
    return MultiRNNCell((random_lstm(INPUT, 5, rng), random_lstm(5, 4, rng)))


def dropout(cell, rng, **options):
    keep = {"input_keep_prob": 0.7, "output_keep_prob": 0.6, "state_keep_prob": 0.8}
    return DropoutWrapper.init(cell, rng=rng, **(keep | options))


CELLS = {
    "basic": lambda rng: random_basic(INPUT, 5, rng),
    "lstm": lambda rng: random_lstm(INPUT, 5, rng),
    "lstm with all options": lambda rng: lstm_with(
        rng, peepholes=True, projection_size=2, cell_clip=1.5, proj_clip=2.0
    ),
    "layer-normalized lstm": lambda rng: random_like(LayerNormLSTMCell.init(INPUT, 4, rng=rng), rng),
    "gru": lambda rng: random_like(GRUCell.init(INPUT, 4, rng=rng), rng),
    "gru, reset after": lambda rng: random_like(GRUCell.init(INPUT, 4, rng=rng, reset_after=True), rng),
    "stack": stack,
    "mixed stack": lambda rng: MultiRNNCell((random_lstm(INPUT, 4, rng), random_basic(4, 2, rng))),
    "residual": lambda rng: ResidualWrapper(random_lstm(INPUT, INPUT, rng)),
    "dropout": lambda rng: dropout(random_lstm(INPUT, 5, rng), rng),
    "variational dropout": lambda rng: dropout(random_basic(INPUT, 5, rng), rng, variational=True),
    "packed stack": lambda rng: PackedState(stack(rng)),
    "all wrappers": lambda rng: MultiRNNCell(
        (
            PackedState(dropout(random_lstm(INPUT, 4, rng), rng)),
            ResidualWrapper(dropout(random_basic(4, 4, rng), rng, variational=True)),
        )
    ),
}


def random_state(cell, rng):
    """A state near the zero state: a counter in it still rounds to what it counts."""
    return tree_map(lambda zero: to_numpy(zero) + 0.1 * rng.standard_normal(zero.shape), cell.zero_state(BATCH))


def problem(name, rng):
    """A cell, inputs and an initial state, float64 NumPy."""
    cell = CELLS[name](rng)
    return cell, rng.standard_normal((BATCH, TIME, INPUT)), random_state(cell, rng)


def row(b, tree):
    return tree_map(lambda leaf: leaf[b : b + 1], tree)


def copied(tree):
    return tree_map(lambda leaf: leaf.copy(), tree)


@pytest.fixture(params=CELLS)
def name(request):
    return request.param


def test_the_contract_of_a_cell(name, backend, rng):
    cell, inputs, state = to(problem(name, rng), backend)
    x = inputs[:, 0]
    expect_state("zero_state", cell.zero_state(BATCH), cell.state_size, BATCH)
    output, new_state, backward = cell.forward(x, state)
    expect_state("new_state", new_state, cell.state_size, BATCH)
    assert tuple(output.shape) == (BATCH, cell.output_size)
    assert cell.input_size == INPUT
    assert_trees_close(cell(x, state), (output, new_state), rtol=0, atol=0)
    d_cell, d_x, d_state = backward(output, new_state)
    for gradient, of in ((d_cell, cell), (d_x, x), (d_state, state)):
        assert type(gradient) is type(of)
        assert repr(tree_map(lambda leaf: 0, gradient)) == repr(tree_map(lambda leaf: 0, of))  # types and settings
        shapes = tree_map(lambda g, w: tuple(g.shape) == tuple(w.shape), gradient, of)
        assert all(same for _, same in named_leaves(shapes))


def test_nothing_that_is_handed_in_is_changed(name, rng):
    arguments = problem(name, rng)
    before = copied(arguments)
    outputs, state, backward = dynamic_rnn_forward(*arguments, RAGGED)
    gradients = outputs, state
    gradients_before = copied(gradients)
    backward(*gradients)
    assert_trees_close(arguments, before, rtol=0, atol=0)
    assert_trees_close(gradients, gradients_before, rtol=0, atol=0)


def test_single_precision_stays_single(name, backend, rng):
    arguments = to(tree_map(lambda leaf: leaf.astype("float32"), problem(name, rng)), backend)
    outputs, state, backward = dynamic_rnn_forward(*arguments, RAGGED)
    for leaf in leaves((outputs, state, backward(outputs, state))):
        assert to_numpy(leaf).dtype == np.float32


def test_torch_gives_the_numbers_of_numpy(name, rng):
    arguments = problem(name, rng)
    results = []
    for backend in ("numpy", "torch"):
        *forward, backward = dynamic_rnn_forward(*to(arguments, backend), RAGGED)
        results.append((*forward, backward(*forward)))
    assert_trees_close(results[1], results[0], rtol=1e-10)


def test_the_two_doors_agree(name, backend, rng):
    arguments = to(problem(name, rng), backend)
    plain = dynamic_rnn(*arguments, RAGGED)
    exact = 0 if backend == "numpy" else 1e-12  # Torch's kernels round otherwise while autograd watches
    assert_trees_close(dynamic_rnn_forward(*arguments, RAGGED)[:2], plain, rtol=exact, atol=exact)


def test_hand_autograd_and_numeric_gradients_agree(name, rng):
    cell, inputs, state = problem(name, rng)
    table = gradcheck(
        lambda *arguments: dynamic_rnn_forward(*arguments, [0, 2, 1, 2]),
        cell,
        inputs[:, :2],
        state,
        rng=rng,
        names=("cell", "inputs", "state"),
        tolerance=1e-8,
    )
    assert table.ok, table


def test_every_number_of_the_hand_written_gradient_is_autograds(name, rng):
    arguments = problem(name, rng)
    outputs, state, backward = dynamic_rnn_forward(*arguments, RAGGED)
    u = random_like((outputs, state), rng)

    def weighed(moved):
        results = dynamic_rnn(*moved, RAGGED)
        return sum((a * b).sum() for a, b in zip(leaves(results), leaves(to(u, "torch")), strict=True))

    _, expected = autograd(weighed, to(arguments, "torch"))
    for got, want in zip(leaves(backward(*u)), leaves(expected), strict=True):
        assert relative_error(got, want) < 1e-11


@settings(max_examples=3, deadline=None)
@given(
    seed=st.integers(0, 99),
    t=st.integers(0, TIME),
    lengths=st.lists(st.integers(0, TIME), min_size=BATCH, max_size=BATCH),
    given_state=st.booleans(),
)
@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("cell_name", CELLS)
def test_split_anywhere_and_carry_the_state_is_the_whole(cell_name, library, seed, t, lengths, given_state):
    cell, inputs, state = to(problem(cell_name, np.random.default_rng(seed)), library)
    state = state if given_state else None
    whole, final = dynamic_rnn(cell, inputs, state, lengths)
    first, middle = dynamic_rnn(cell, inputs[:, :t], state, np.minimum(lengths, t))
    second, last = dynamic_rnn(cell, inputs[:, t:], middle, np.maximum(np.array(lengths) - t, 0))
    both = np.concatenate([to_numpy(first), to_numpy(second)], axis=1)
    np.testing.assert_allclose(both, to_numpy(whole), rtol=1e-12, atol=1e-14)
    assert_trees_close(last, final, rtol=1e-12, atol=1e-14)


def test_time_major_is_the_transpose_gradients_included(name, backend, rng):
    cell, inputs, state = to(problem(name, rng), backend)
    outputs, final, backward = dynamic_rnn_forward(cell, inputs, state, np.array(RAGGED))
    major, major_final, major_backward = dynamic_rnn_forward(
        cell, inputs.swapaxes(0, 1), state, np.array(RAGGED), time_major=True
    )
    np.testing.assert_array_equal(to_numpy(major.swapaxes(0, 1)), to_numpy(outputs))
    assert_trees_close(major_final, final, rtol=0, atol=0)
    d_cell, d_inputs, d_state = backward(outputs, final)
    major_d_cell, major_d_inputs, major_d_state = major_backward(major, final)
    expected = d_cell, d_inputs.swapaxes(0, 1), d_state
    assert_trees_close((major_d_cell, major_d_inputs, major_d_state), expected, rtol=0, atol=0)


def test_a_row_alone_is_the_row_in_the_batch(name, backend, rng):
    cell, inputs, state = to(problem(name, rng), backend)
    outputs, final = dynamic_rnn(cell, inputs, state, RAGGED)
    for b in range(BATCH):
        alone, end = dynamic_rnn(cell, row(b, inputs), row(b, state), RAGGED[b : b + 1])
        assert_trees_close((alone, end), row(b, (outputs, final)), rtol=1e-12, atol=1e-14)


def test_past_the_end_outputs_are_0_and_the_state_is_copied_through(name, backend, rng):
    cell, inputs, state = to(problem(name, rng), backend)
    outputs, final = dynamic_rnn(cell, inputs, state, RAGGED)
    for b, length in enumerate(RAGGED):
        assert not to_numpy(outputs)[b, length:].any()
        cut, end = dynamic_rnn(cell, inputs[:, :length], state)
        assert_trees_close(outputs[b, :length], cut[b], rtol=1e-12)
        assert_trees_close(row(b, final), row(b, end), rtol=1e-12)
    assert_trees_close(row(0, final), row(0, state), rtol=0, atol=0)


def test_what_stands_in_the_padding_changes_nothing_gradients_included(name, backend, rng):
    cell, inputs, state = problem(name, rng)
    other = inputs.copy()
    for b, (length, filling) in enumerate(zip(RAGGED, (np.nan, 0.0, 1e6, -np.inf), strict=True)):
        other[b, length:] = filling
    results = []
    for x in (inputs, other):
        arguments = to((cell, x, state), backend)
        outputs, final, backward = dynamic_rnn_forward(*arguments, RAGGED)
        results.append((outputs, final, backward(outputs + 1, final)))
    assert_trees_close(results[1], results[0], rtol=0, atol=0)
    d_inputs = to_numpy(results[0][2][1])
    assert all(not d_inputs[b, length:].any() for b, length in enumerate(RAGGED))


def test_a_stack_of_one_is_the_cell_gradients_included(name, backend, rng):
    cell, inputs, state = to(problem(name, rng), backend)
    outputs, final, backward = dynamic_rnn_forward(cell, inputs, state, RAGGED)
    stacked, stacked_final, stacked_backward = dynamic_rnn_forward(MultiRNNCell((cell,)), inputs, (state,), RAGGED)
    assert_trees_close((stacked, stacked_final), (outputs, (final,)), rtol=0, atol=0)
    d_cell, d_inputs, d_state = backward(outputs, final)
    d_stack, *rest = stacked_backward(outputs, (final,))
    assert_trees_close((d_stack.cells[0], *rest), (d_cell, d_inputs, (d_state,)), rtol=0, atol=0)
