import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_course import (
    BasicRNNCell,
    LSTMStateTuple,
    MultiRNNCell,
    ShapeError,
    dynamic_rnn,
    dynamic_rnn_forward,
    from_numpy,
    gradcheck,
    leaves,
    to,
    to_numpy,
    tree_map,
)
from rnn_course.arrays import autograd

from ..helpers import assert_trees_close, random_like, random_lstm, relative_error

BATCH, TIME, INPUT = 6, 7, 3
RAGGED = [0, 7, 3, 1, 2, 7]


def cells(rng):
    return {
        "basic": random_like(BasicRNNCell.init(INPUT, 5, rng=rng), rng),
        "lstm": random_lstm(INPUT, 5, rng),
        "stack": MultiRNNCell((random_lstm(INPUT, 5, rng), random_lstm(5, 4, rng))),
        "mixed": MultiRNNCell((random_lstm(INPUT, 4, rng), random_like(BasicRNNCell.init(4, 2, rng=rng), rng))),
    }


@pytest.fixture(params=["basic", "lstm", "stack", "mixed"])
def cell(request, rng):
    return cells(rng)[request.param]


class Counter:
    """A toy cell: the output is x + state, the state counts the steps."""

    state_size, output_size = 1, 1

    def zero_state(self, batch_size):
        return np.zeros((batch_size, 1))

    def forward(self, x, state):
        return x + state, state + 1, lambda d_output, d_state: (self, d_output, d_output + d_state)


def test_the_loop_is_pinned_by_a_cell_that_counts():
    inputs = 10.0 * np.arange(6).reshape(2, 3, 1)
    outputs, state = dynamic_rnn(Counter(), inputs, sequence_length=[3, 1])
    assert outputs[..., 0].tolist() == [[0, 11, 22], [30, 0, 0]]
    assert state.tolist() == [[3], [1]]


@pytest.mark.parametrize("time_major", [False, True])
@pytest.mark.parametrize("lengths", [None, RAGGED])
def test_hand_autograd_and_numeric_gradients_agree(cell, time_major, lengths, rng):
    inputs = rng.standard_normal((TIME, BATCH, INPUT) if time_major else (BATCH, TIME, INPUT))
    table = gradcheck(
        lambda c, x, s: dynamic_rnn_forward(c, x, s, lengths, time_major),
        cell,
        inputs,
        random_like(cell.zero_state(BATCH), rng),
        rng=rng,
        names=("cell", "inputs", "state"),
    )
    assert table.ok, table


def test_every_number_of_the_hand_written_gradient_is_autograds(cell, rng):
    arguments = cell, rng.standard_normal((BATCH, TIME, INPUT)), random_like(cell.zero_state(BATCH), rng)
    outputs, state, backward = dynamic_rnn_forward(*arguments, RAGGED)
    u = random_like((outputs, state), rng)

    def weighed(moved):
        results = dynamic_rnn(*moved, RAGGED)
        return sum((a * b).sum() for a, b in zip(leaves(results), leaves(to(u, "torch")), strict=True))

    _, expected = autograd(weighed, to(arguments, "torch"))
    for got, want in zip(leaves(backward(*u)), leaves(expected), strict=True):
        assert relative_error(got, want) < 1e-12


def torch_lstm(cell):
    """`torch.nn.LSTM` with the weights of a stack: gate order i, f, g (our j), o, and transposed."""
    widths = [layer.output_size for layer in cell.cells]
    assert len(set(widths)) == 1
    theirs = torch.nn.LSTM(INPUT, widths[0], len(widths), batch_first=True, dtype=torch.float64)
    for layer, (w_ih, w_hh, b_ih, b_hh) in zip(cell.cells, theirs.all_weights, strict=True):
        i, j, f, o = np.split(np.vstack([layer.kernel, layer.bias]), 4, axis=1)
        weights = torch.tensor(np.concatenate([i, f, j, o], axis=1).T)
        input_size = w_ih.shape[1]
        with torch.no_grad():
            w_ih.copy_(weights[:, :input_size])
            w_hh.copy_(weights[:, input_size:-1])
            b_ih.copy_(weights[:, -1])
            b_hh.zero_()
    return theirs


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("lengths", [None, [7, 2, 3, 1, 2, 7]], ids=["full", "packed"])
def test_it_is_torch_lstm(layers, lengths, backend, rng):
    cell = MultiRNNCell(tuple(random_lstm(INPUT if k == 0 else 5, 5, rng) for k in range(layers)))
    inputs, state = rng.standard_normal((BATCH, TIME, INPUT)), random_like(cell.zero_state(BATCH), rng)
    outputs, final = dynamic_rnn(*to((cell, inputs, state), backend), sequence_length=lengths)

    x = torch.tensor(inputs)
    h0, c0 = (torch.tensor(np.stack([getattr(layer, part) for layer in state])) for part in "hc")
    if lengths is None:
        expected, (h, c) = torch_lstm(cell)(x, (h0, c0))
    else:
        pack = torch.nn.utils.rnn.pack_padded_sequence
        packed = pack(x, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
        expected, (h, c) = torch_lstm(cell)(packed, (h0, c0))
        expected, _ = torch.nn.utils.rnn.pad_packed_sequence(expected, batch_first=True)
    np.testing.assert_allclose(to_numpy(outputs), to_numpy(expected), rtol=1e-12, atol=1e-14)
    for k, layer in enumerate(final):
        assert_trees_close(layer, LSTMStateTuple(c=c[k], h=h[k]), rtol=1e-12, atol=1e-14)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_split_anywhere_and_carry_the_state_is_the_whole(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    cell = cells(rng)[data.draw(st.sampled_from(["basic", "lstm", "stack", "mixed"]))]
    backend = data.draw(st.sampled_from(["numpy", "torch"]))
    t = data.draw(st.integers(0, TIME))
    lengths = np.array(data.draw(st.lists(st.integers(0, TIME), min_size=BATCH, max_size=BATCH)))
    cell, inputs = to((cell, rng.standard_normal((BATCH, TIME, INPUT))), backend)
    whole, final = dynamic_rnn(cell, inputs, sequence_length=lengths)
    first, middle = dynamic_rnn(cell, inputs[:, :t], sequence_length=np.minimum(lengths, t))
    second, last = dynamic_rnn(cell, inputs[:, t:], middle, sequence_length=np.maximum(lengths - t, 0))
    both = np.concatenate([to_numpy(first), to_numpy(second)], axis=1)
    np.testing.assert_allclose(both, to_numpy(whole), rtol=1e-12, atol=1e-15)
    assert_trees_close(last, final, rtol=1e-12, atol=1e-15)


def test_time_major_is_the_transpose(cell, rng, backend):
    cell, inputs, state = to(
        (cell, rng.standard_normal((BATCH, TIME, INPUT)), random_like(cell.zero_state(BATCH), rng)), backend
    )
    outputs, final = dynamic_rnn(cell, inputs, state, RAGGED)
    major, major_final = dynamic_rnn(cell, inputs.swapaxes(0, 1), state, RAGGED, time_major=True)
    np.testing.assert_array_equal(to_numpy(major.swapaxes(0, 1)), to_numpy(outputs))
    assert_trees_close(major_final, final, rtol=0, atol=0)


def test_a_row_alone_is_the_row_in_the_batch(cell, rng):
    inputs, state = rng.standard_normal((BATCH, TIME, INPUT)), random_like(cell.zero_state(BATCH), rng)
    outputs, final = dynamic_rnn(cell, inputs, state, RAGGED)
    for b in range(BATCH):
        row = slice(b, b + 1)
        alone, end = dynamic_rnn(cell, inputs[row], tree_map(lambda s, row=row: s[row], state), RAGGED[row])
        np.testing.assert_allclose(alone, outputs[row], rtol=1e-12, atol=1e-15)
        assert_trees_close(end, tree_map(lambda s, row=row: s[row], final), rtol=1e-12)


def test_past_the_end_outputs_are_0_and_the_state_is_copied_through(cell, rng, backend):
    cell, inputs, state = to(
        (cell, rng.standard_normal((BATCH, TIME, INPUT)), random_like(cell.zero_state(BATCH), rng)), backend
    )
    outputs, final = dynamic_rnn(cell, inputs, state, RAGGED)
    for b, length in enumerate(RAGGED):
        assert not to_numpy(outputs)[b, length:].any()
        assert to_numpy(outputs)[b, :length].all()
        _, cut = dynamic_rnn(cell, inputs[:, :length], state)
        assert_trees_close(tree_map(lambda s, b=b: s[b], final), tree_map(lambda s, b=b: s[b], cut), rtol=1e-12)
    assert_trees_close(tree_map(lambda s: s[0], final), tree_map(lambda s: s[0], state), rtol=0, atol=0)


def test_what_stands_in_the_padding_changes_nothing_gradients_included(cell, rng):
    inputs = rng.standard_normal((BATCH, TIME, INPUT))
    other = inputs.copy()
    for b, length in enumerate(RAGGED):
        other[b, length:] = 1e6
    results = []
    for x in (inputs, other):
        outputs, final, backward = dynamic_rnn_forward(cell, x, sequence_length=RAGGED)
        results.append((outputs, final, backward(np.ones_like(outputs), final)))
    assert_trees_close(results[1], results[0], rtol=0, atol=0)
    d_inputs = results[0][2][1]
    assert all(not d_inputs[b, length:].any() for b, length in enumerate(RAGGED))


def test_a_stack_of_one_is_the_cell(rng):
    cell, inputs = random_lstm(INPUT, 5, rng), rng.standard_normal((BATCH, TIME, INPUT))
    outputs, final = dynamic_rnn(cell, inputs)
    stacked, (top,) = dynamic_rnn(MultiRNNCell((cell,)), inputs)
    np.testing.assert_array_equal(stacked, outputs)
    assert_trees_close(top, final, rtol=0, atol=0)


def test_the_last_output_is_h_of_the_top_layer_where_nothing_is_padded(rng):
    cell, inputs = cells(rng)["stack"], rng.standard_normal((BATCH, TIME, INPUT))
    outputs, final = dynamic_rnn(cell, inputs)
    np.testing.assert_array_equal(outputs[:, -1], final[-1].h)
    ragged, final = dynamic_rnn(cell, inputs, sequence_length=RAGGED)
    same = [np.array_equal(ragged[b, -1], final[-1].h[b]) for b in range(BATCH)]
    assert same == [length == TIME or length == 0 for length in RAGGED]  # a length of 0 leaves zeros in both


def test_the_two_doors_agree(cell, rng, backend):
    cell, inputs = to((cell, rng.standard_normal((BATCH, TIME, INPUT))), backend)
    plain = dynamic_rnn(cell, inputs, sequence_length=RAGGED)
    assert_trees_close(dynamic_rnn_forward(cell, inputs, sequence_length=RAGGED)[:2], plain, rtol=0, atol=0)


def test_a_gradient_that_is_left_out_is_zero(rng):
    cell, inputs = random_lstm(INPUT, 5, rng), rng.standard_normal((BATCH, TIME, INPUT))
    outputs, final, backward = dynamic_rnn_forward(cell, inputs)
    zeros = tree_map(np.zeros_like, (outputs, final))
    assert_trees_close(backward(outputs), backward(outputs, zeros[1]), rtol=0, atol=0)
    assert_trees_close(backward(d_final_state=final), backward(zeros[0], final), rtol=0, atol=0)


@pytest.mark.parametrize("time_major", [False, True])
def test_no_step_at_all_is_legal(time_major, backend, rng):
    cell = to(random_lstm(INPUT, 5, rng), backend)
    shape = (0, BATCH, INPUT) if time_major else (BATCH, 0, INPUT)
    state = to(random_like(cell.zero_state(BATCH), rng), backend)
    inputs = from_numpy(np.zeros(shape), backend=backend)
    outputs, final, backward = dynamic_rnn_forward(cell, inputs, state, time_major=time_major)
    assert tuple(outputs.shape) == (0, BATCH, 5) if time_major else (BATCH, 0, 5)
    assert_trees_close(final, state, rtol=0, atol=0)
    d_cell, d_inputs, d_state = backward(outputs, state)
    assert tuple(d_inputs.shape) == shape
    assert not to_numpy(d_cell.kernel).any()
    assert_trees_close(d_state, state, rtol=0, atol=0)


def test_2000_steps_run(rng):
    outputs, _ = dynamic_rnn(random_lstm(INPUT, 2, rng), rng.standard_normal((1, 2000, INPUT)))
    assert outputs.shape == (1, 2000, 2)
    assert np.isfinite(outputs).all()


def test_lengths_may_be_a_list_an_array_or_a_tensor(rng, backend):
    cell, inputs = to((random_lstm(INPUT, 5, rng), rng.standard_normal((BATCH, TIME, INPUT))), backend)
    results = [
        dynamic_rnn(cell, inputs, sequence_length=lengths)
        for lengths in (RAGGED, np.array(RAGGED), from_numpy(np.array(RAGGED, dtype="int32"), backend=backend))
    ]
    assert_trees_close(results[1], results[0], rtol=0, atol=0)
    assert_trees_close(results[2], results[0], rtol=0, atol=0)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"sequence_length": [8, 1, 1, 1, 1, 1]},
            ValueError,
            "whole numbers from 0 to 7, the size of the time axis",
        ),
        ({"sequence_length": [-1, 1, 1, 1, 1, 1]}, ValueError, "got -1"),
        ({"sequence_length": [1, 2]}, ShapeError, r"sequence_length: expected \[batch=6\], got \[2\]"),
        ({"sequence_length": np.full(6, 2.5)}, TypeError, "sequence_length: expected whole numbers, got float64"),
        ({"inputs": np.zeros((6, 7))}, ShapeError, r"expected \[batch, time, input\], got \[6, 7\], which has 2 axes"),
        (
            {"inputs": np.zeros((6, 7, 4))},
            ShapeError,
            "expected input=3, the size that the cell was made for, got",
        ),
        ({"inputs": np.zeros((6, 7, 3), "float32")}, TypeError, "cell.kernel is float64, but inputs is float32"),
        ({"inputs": torch.zeros((6, 7, 3))}, TypeError, "cell.kernel is a numpy array, but inputs is a torch array"),
        ({"inputs": [[1.0]]}, ShapeError, "got a list, which is no array"),
        (
            {"inputs": np.zeros((7, 6, 3))},
            ShapeError,
            "initial_state.c: expected .* Likely cause: the inputs were read as batch-major; if they are not, pass "
            "time_major=True",
        ),
        (
            {"time_major": True},
            ShapeError,
            "Likely cause: the inputs were read as time-major; if they are not, pass time_major=False",
        ),
        ({"initial_state": np.zeros((6, 5))}, ShapeError, "initial_state: expected LSTMStateTuple of 2, got ndarray"),
    ],
)
def test_bad_input_gets_one_clear_error(change, error, message, rng, without_shape_types):
    cell = random_lstm(INPUT, 5, rng)
    good = {"inputs": np.zeros((BATCH, TIME, INPUT)), "initial_state": cell.zero_state(BATCH)}
    with pytest.raises(error, match=message):
        dynamic_rnn(cell, **(good | change))
