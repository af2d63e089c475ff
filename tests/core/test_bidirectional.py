"""Two directions: against a reversal by hand, against Torch, and by their own laws."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_course import ShapeError, dynamic_rnn, from_numpy, gradcheck, leaves, to, to_numpy, tree_map
from rnn_course.arrays import autograd
from rnn_course.bidirectional import (
    bidirectional_dynamic_rnn,
    bidirectional_dynamic_rnn_forward,
    reverse_sequence,
    stack_bidirectional_dynamic_rnn,
    stack_bidirectional_dynamic_rnn_forward,
)
from rnn_course.dropout_wrapper import DropoutWrapper
from rnn_course.wrappers import PackedState

from ..helpers import assert_trees_close, random_like, random_lstm, relative_error

BATCH, TIME, INPUT = 4, 5, 3
RAGGED = [0, 5, 2, 3]
POSITIVE = [1, 5, 2, 3]  # Torch's packing refuses a length of 0


def problem(rng, sizes=(6, 2)):
    """cell_fw, cell_bw, inputs, initial_state_fw, initial_state_bw."""
    cells = tuple(random_lstm(INPUT, size, rng) for size in sizes)
    states = tuple(random_like(cell.zero_state(BATCH), rng) for cell in cells)
    return *cells, rng.standard_normal((BATCH, TIME, INPUT)), *states


def stacked_problem(rng, sizes=(6, 2), layers=2):
    """cells_fw, cells_bw, inputs, initial_states_fw, initial_states_bw."""
    widths = [INPUT] + [sum(sizes)] * (layers - 1)
    cells = tuple(tuple(random_lstm(width, size, rng) for width in widths) for size in sizes)
    states = tuple(tuple(random_like(cell.zero_state(BATCH), rng) for cell in direction) for direction in cells)
    return *cells, rng.standard_normal((BATCH, TIME, INPUT)), *states


# reverse_sequence


def test_only_the_valid_part_is_reversed(backend):
    x = from_numpy(np.array([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]) * 1.0, backend=backend)
    expected = [[3, 2, 1, 4], [5, 6, 7, 8], [12, 11, 10, 9]]
    assert to_numpy(reverse_sequence(x, [3, 0, 4])).tolist() == expected
    assert to_numpy(reverse_sequence(x.T, [3, 0, 4], time_major=True)).T.tolist() == expected
    assert to_numpy(reverse_sequence(x)).tolist() == [[4, 3, 2, 1], [8, 7, 6, 5], [12, 11, 10, 9]]
    assert to_numpy(reverse_sequence(x.T, time_major=True)).T.tolist() == to_numpy(reverse_sequence(x)).tolist()


@settings(max_examples=20, deadline=None)
@given(
    lengths=st.none() | st.lists(st.integers(0, TIME), min_size=BATCH, max_size=BATCH),
    library=st.sampled_from(["numpy", "torch"]),
    time_major=st.booleans(),
)
def test_reversal_is_its_own_inverse_and_its_own_gradient(lengths, library, time_major):
    rng = np.random.default_rng(0)
    x = from_numpy(rng.standard_normal((TIME, BATCH, 2, 3) if time_major else (BATCH, TIME, 2, 3)), backend=library)
    y = reverse_sequence(x, lengths, time_major)
    np.testing.assert_array_equal(to_numpy(reverse_sequence(y, lengths, time_major)), to_numpy(x))
    d_y = rng.standard_normal(x.shape)
    inner = np.sum(d_y * to_numpy(y))
    assert inner == pytest.approx(np.sum(reverse_sequence(d_y, lengths, time_major) * to_numpy(x)))


def test_reversal_refuses_lengths_that_do_not_fit(without_shape_types):
    x = np.zeros((BATCH, TIME, INPUT))
    with pytest.raises(ShapeError, match=r"sequence_length: expected \[batch=4\], got \[2\]"):
        reverse_sequence(x, [1, 2])
    with pytest.raises(ValueError, match="sequence_length: expected whole numbers from 0 to 5"):
        reverse_sequence(x, [1, 2, 6, 0])
    with pytest.raises(ShapeError, match=r"x: expected \[batch, time, \.\.\.\], got \[4\]"):
        reverse_sequence(x[:, 0, 0], [1, 2, 3, 4])
    with pytest.raises(ShapeError, match=r"x: expected \[time, batch, \.\.\.\], got a list"):
        reverse_sequence([1.0], time_major=True)


# One layer


@pytest.mark.parametrize("lengths", [None, RAGGED], ids=["full", "ragged"])
def test_each_direction_is_the_loop_over_a_row_by_hand(lengths, backend, rng):
    arguments = problem(rng)
    (fw, bw), (state_fw, state_bw) = bidirectional_dynamic_rnn(*to(arguments, backend), lengths)
    cell_fw, cell_bw, inputs, initial_fw, initial_bw = arguments
    for b, length in enumerate(lengths or [TIME] * BATCH):
        x = inputs[b : b + 1, :length]
        start_fw, start_bw = (tree_map(lambda s, b=b: s[b : b + 1], s) for s in (initial_fw, initial_bw))
        outputs, final = dynamic_rnn(cell_fw, x, start_fw)
        assert_trees_close((fw[b, :length], tree_map(lambda s, b=b: s[b : b + 1], state_fw)), (outputs[0], final))
        outputs, final = dynamic_rnn(cell_bw, x[:, ::-1], start_bw)
        expected = outputs[0, ::-1], final
        assert_trees_close((bw[b, :length], tree_map(lambda s, b=b: s[b : b + 1], state_bw)), expected)
        assert not to_numpy(fw)[b, length:].any()
        assert not to_numpy(bw)[b, length:].any()


def test_the_backward_state_is_the_output_at_the_first_step(rng):
    (fw, bw), (state_fw, state_bw) = bidirectional_dynamic_rnn(*problem(rng), POSITIVE)
    np.testing.assert_array_equal(bw[:, 0], state_bw.h)
    np.testing.assert_array_equal(fw[np.arange(BATCH), np.array(POSITIVE) - 1], state_fw.h)


def test_hand_autograd_and_numeric_gradients_agree(rng):
    def forward(*arguments):
        (fw, bw), (state_fw, state_bw), backward = bidirectional_dynamic_rnn_forward(*arguments, [0, 2, 2, 1])
        return fw, bw, state_fw, state_bw, lambda d1, d2, d3, d4: backward((d1, d2), (d3, d4))

    names = ("cell_fw", "cell_bw", "inputs", "state_fw", "state_bw")
    cell_fw, cell_bw, inputs, *states = problem(rng)
    table = gradcheck(forward, cell_fw, cell_bw, inputs[:, :2], *states, rng=rng, names=names)
    assert table.ok, table


def every_gradient(door, plain_door, arguments, lengths):
    """Compare every number of the gradient by hand with autograd's."""
    outputs, states, backward = door(*arguments, lengths)
    u = random_like((outputs, states), np.random.default_rng(3))

    def weighed(moved):
        results = plain_door(*moved, lengths)
        return sum((a * b).sum() for a, b in zip(leaves(results), leaves(to(u, "torch")), strict=True))

    _, expected = autograd(weighed, to(arguments, "torch"))
    gradients = backward(*u)
    assert len(gradients) == len(arguments)
    for got, want in zip(leaves(gradients), leaves(expected), strict=True):
        assert relative_error(got, want) < 1e-11


def test_every_number_of_the_gradient_is_autograds(rng):
    every_gradient(bidirectional_dynamic_rnn_forward, bidirectional_dynamic_rnn, problem(rng), RAGGED)


@pytest.mark.parametrize("stacked", [False, True], ids=["layer", "stack"])
@pytest.mark.parametrize("lengths", [None, RAGGED], ids=["full", "ragged"])
def test_time_major_is_the_transpose_and_the_two_doors_agree(stacked, lengths, backend, rng):
    door = stack_bidirectional_dynamic_rnn if stacked else bidirectional_dynamic_rnn
    forward = stack_bidirectional_dynamic_rnn_forward if stacked else bidirectional_dynamic_rnn_forward
    arguments = to((stacked_problem if stacked else problem)(rng), backend)
    swapped = *arguments[:2], arguments[2].swapaxes(0, 1), *arguments[3:]
    lengths = lengths and np.array(lengths)
    outputs, states = door(*arguments, lengths)
    *again, backward = forward(*arguments, lengths)
    assert_trees_close(tuple(again), (outputs, states), rtol=1e-12)
    major, major_states, major_backward = forward(*swapped, lengths, time_major=True)
    assert_trees_close(tree_map(lambda x: x.swapaxes(0, 1), major), outputs, rtol=1e-12)
    assert_trees_close(major_states, states, rtol=1e-12)
    d = backward(outputs, states)
    d_major = major_backward(major, major_states)
    assert_trees_close(d_major[2].swapaxes(0, 1), d[2], rtol=1e-12)
    assert_trees_close((d_major[:2], d_major[3:]), (d[:2], d[3:]), rtol=1e-12)


@pytest.mark.parametrize("filling", [1e6, np.nan])
def test_what_stands_in_the_padding_changes_nothing_gradients_included(filling, backend, rng):
    arguments = stacked_problem(rng)
    other = arguments[2].copy()
    for b, length in enumerate(RAGGED):
        other[b, length:] = filling
    results = []
    for inputs in (arguments[2], other):
        moved = to((*arguments[:2], inputs, *arguments[3:]), backend)
        outputs, states, backward = stack_bidirectional_dynamic_rnn_forward(*moved, RAGGED)
        results.append((outputs, states, backward(outputs + 1, states)))
    assert_trees_close(results[1], results[0], rtol=0, atol=0)


def test_a_gradient_that_is_left_out_is_zero(rng):
    outputs, states, backward = bidirectional_dynamic_rnn_forward(*problem(rng), RAGGED)
    (fw, bw), (state_fw, state_bw) = outputs, states
    zero_fw, zero_bw, zero_state_fw, zero_state_bw = tree_map(np.zeros_like, (fw, bw, state_fw, state_bw))
    for given_, full in (
        ((outputs,), (outputs, (zero_state_fw, zero_state_bw))),
        ((None, states), ((zero_fw, zero_bw), states)),
        (((fw, None), (None, state_bw)), ((fw, zero_bw), (zero_state_fw, state_bw))),
        (((None, bw), (state_fw, None)), ((zero_fw, bw), (state_fw, zero_state_bw))),
    ):
        assert_trees_close(backward(*given_), backward(*full), rtol=0, atol=0)


def test_wrapped_cells_go_both_ways(backend, rng):
    cell_fw, cell_bw, inputs, *_ = problem(rng)
    cell_fw = DropoutWrapper.init(PackedState(cell_fw), rng=rng, input_keep_prob=0.5)
    arguments = to((cell_fw, PackedState(cell_bw), inputs), backend)
    (fw, bw), states, backward = bidirectional_dynamic_rnn_forward(*arguments, sequence_length=RAGGED)
    d_fw, d_bw, *_ = backward((fw, bw), states)
    assert type(d_fw) is DropoutWrapper
    assert type(d_bw) is PackedState
    assert_trees_close(fw, dynamic_rnn(arguments[0], arguments[2], sequence_length=RAGGED)[0], rtol=0, atol=0)


# Torch


def torch_lstm(cells_fw, cells_bw):
    """A bidirectional `torch.nn.LSTM` with our weights: gate order i, f, g (our j), o, and transposed."""
    hidden = cells_fw[0].output_size
    theirs = torch.nn.LSTM(INPUT, hidden, len(cells_fw), batch_first=True, bidirectional=True, dtype=torch.float64)
    ours = [cell for pair in zip(cells_fw, cells_bw, strict=True) for cell in pair]
    for cell, (w_ih, w_hh, b_ih, b_hh) in zip(ours, theirs.all_weights, strict=True):
        i, j, f, o = np.split(np.vstack([cell.kernel, cell.bias]), 4, axis=1)
        weights = torch.tensor(np.concatenate([i, f, j, o], axis=1).T)
        with torch.no_grad():
            w_ih.copy_(weights[:, : cell.input_size])
            w_hh.copy_(weights[:, cell.input_size : -1])
            b_ih.copy_(weights[:, -1])
            b_hh.zero_()
    return theirs


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("lengths", [None, POSITIVE], ids=["full", "packed"])
def test_it_is_torchs_bidirectional_lstm_gradients_included(layers, lengths, backend, rng):
    arguments = stacked_problem(rng, sizes=(4, 4), layers=layers)
    outputs, states, backward = stack_bidirectional_dynamic_rnn_forward(*to(arguments, backend), lengths)
    cells_fw, cells_bw, inputs, *initial = arguments
    if layers == 1:
        pair, pair_states = bidirectional_dynamic_rnn(
            *to((cells_fw[0], cells_bw[0], inputs, initial[0][0], initial[1][0]), backend), lengths
        )
        xp = np if backend == "numpy" else torch
        assert_trees_close(xp.concatenate(pair, -1), outputs, rtol=1e-12)
        assert_trees_close(pair_states, (states[0][0], states[1][0]), rtol=1e-12)

    def interleaved(directions, part):  # Torch: layer 0 forward, layer 0 backward, layer 1 forward, …
        return np.stack([to_numpy(getattr(s, part)) for layer in zip(*directions, strict=True) for s in layer])

    x = torch.tensor(inputs, requires_grad=True)
    h0, c0 = (torch.tensor(interleaved(initial, part)) for part in "hc")
    theirs = torch_lstm(cells_fw, cells_bw)
    if lengths is None:
        expected, (h, c) = theirs(x, (h0, c0))
    else:
        pack = torch.nn.utils.rnn.pack_padded_sequence
        packed, (h, c) = theirs(pack(x, torch.tensor(lengths), batch_first=True, enforce_sorted=False), (h0, c0))
        expected, _ = torch.nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)
    np.testing.assert_allclose(to_numpy(outputs), to_numpy(expected), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(interleaved(states, "h"), to_numpy(h), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(interleaved(states, "c"), to_numpy(c), rtol=1e-12, atol=1e-14)
    weights = rng.standard_normal(outputs.shape)
    (expected * torch.tensor(weights)).sum().backward()
    d_inputs = backward(from_numpy(weights, backend=backend))[2]
    np.testing.assert_allclose(to_numpy(d_inputs), to_numpy(x.grad), rtol=1e-11, atol=1e-13)


# Stacks


def test_every_number_of_the_gradient_of_a_stack_is_autograds(rng):
    doors = stack_bidirectional_dynamic_rnn_forward, stack_bidirectional_dynamic_rnn
    every_gradient(*doors, stacked_problem(rng, layers=3), RAGGED)


def test_a_layer_is_fed_with_both_directions_of_the_layer_below(backend, rng):
    cells_fw, cells_bw, inputs, *_ = to(stacked_problem(rng), backend)
    outputs, (states_fw, states_bw) = stack_bidirectional_dynamic_rnn(list(cells_fw), list(cells_bw), inputs)
    (fw, bw), bottom = bidirectional_dynamic_rnn(cells_fw[0], cells_bw[0], inputs)
    concatenate = np.concatenate if backend == "numpy" else torch.concatenate
    pair, top = bidirectional_dynamic_rnn(cells_fw[1], cells_bw[1], concatenate([fw, bw], -1))
    assert_trees_close(outputs, concatenate(pair, -1), rtol=1e-12)
    assert_trees_close(((bottom[0], top[0]), (bottom[1], top[1])), (states_fw, states_bw), rtol=1e-12)


def test_a_gradient_of_a_stack_that_is_left_out_is_zero(rng):
    outputs, states, backward = stack_bidirectional_dynamic_rnn_forward(*stacked_problem(rng), RAGGED)
    zero, zero_states = tree_map(np.zeros_like, (outputs, states))
    assert_trees_close(backward(outputs), backward(outputs, zero_states), rtol=0, atol=0)
    assert_trees_close(backward(None, states), backward(zero, states), rtol=0, atol=0)
    assert_trees_close(backward(None, (states[0], None)), backward(zero, (states[0], zero_states[1])), rtol=0, atol=0)


def test_gradients_of_another_number_of_layers_are_refused(rng):
    outputs, (states_fw, states_bw), backward = stack_bidirectional_dynamic_rnn_forward(*stacked_problem(rng), RAGGED)
    for wrong in ((states_fw[1:], states_bw), (states_fw, states_bw[1:]), (states_fw[1:], states_bw[1:])):
        with pytest.raises(ValueError, match="zip"):
            backward(outputs, wrong)


# Bad input


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"sequence_length": [6, 1, 1, 1]}, ValueError, "^sequence_length: expected whole numbers from 0 to 5"),
        ({"sequence_length": [1, 2]}, ShapeError, r"^sequence_length: expected \[batch=4\], got \[2\]"),
        ({"inputs": np.zeros((4, 5))}, ShapeError, r"^inputs: expected \[batch, time, input\], got \[4, 5\]"),
        ({"inputs": np.zeros((4, 5, 2))}, ShapeError, "^forward direction: inputs: expected input=3, .* got input=2"),
        ({"initial_state_bw": np.zeros((4, 6))}, ShapeError, "^backward direction: initial_state: expected LSTMState"),
        ({"initial_state_fw": np.zeros((4, 6))}, ShapeError, "^forward direction: initial_state: expected LSTMState"),
        ({"cell_bw": random_lstm(2, 6, np.random.default_rng(0))}, ShapeError, "^backward direction: .* input=2, the"),
        ({"inputs": np.zeros((4, 5, 3), "float32")}, TypeError, "^forward direction: cell.kernel is float64, but inpu"),
    ],
)
def test_bad_input_gets_one_clear_error(change, error, message, rng, without_shape_types):
    cell_fw, cell_bw, inputs, *_ = problem(rng)
    good = {"cell_fw": cell_fw, "cell_bw": cell_bw, "inputs": inputs}
    for door in (bidirectional_dynamic_rnn, bidirectional_dynamic_rnn_forward):
        with pytest.raises(error, match=message):
            door(**(good | change))


@pytest.mark.parametrize("door", [stack_bidirectional_dynamic_rnn, stack_bidirectional_dynamic_rnn_forward])
def test_bad_stacks_get_one_clear_error(door, rng, without_shape_types):
    cells_fw, cells_bw, inputs, states_fw, _ = stacked_problem(rng)
    with pytest.raises(ValueError, match="cells_fw: expected at least one cell, got none"):
        door((), (), inputs)
    with pytest.raises(ValueError, match="cells_bw: expected 2, one for each layer, for cells_fw has 2; got 1"):
        door(cells_fw, cells_bw[:1], inputs)
    with pytest.raises(ValueError, match=r"initial_states_fw: expected 2, .* got 1"):
        door(cells_fw, cells_bw, inputs, states_fw[:1])
    with pytest.raises(ShapeError, match=r"^layer 1: forward direction: inputs: expected input=3, .* got input=8"):
        door((cells_fw[0], cells_fw[0]), cells_bw, inputs)
    with pytest.raises(ValueError, match=r"^sequence_length: expected whole numbers"):
        door(cells_fw, cells_bw, inputs, sequence_length=[9, 1, 1, 1])
