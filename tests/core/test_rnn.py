"""The loop over time itself. The laws that hold for every cell stand in test_laws.py."""

import numpy as np
import pytest
import torch

from rnn_course import (
    LSTMStateTuple,
    MultiRNNCell,
    ShapeError,
    dynamic_rnn,
    dynamic_rnn_forward,
    from_numpy,
    to,
    to_numpy,
    tree_map,
)
from rnn_course.rnn import static_rnn, static_rnn_forward
from rnn_course.wrappers import PackedState, ResidualWrapper

from ..helpers import assert_trees_close, random_like, random_lstm

BATCH, TIME, INPUT = 6, 7, 3
RAGGED = [0, 7, 3, 1, 2, 7]


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


def test_the_last_output_is_h_of_the_top_layer_where_nothing_is_padded(rng):
    cell = MultiRNNCell((random_lstm(INPUT, 5, rng), random_lstm(5, 4, rng)))
    inputs = rng.standard_normal((BATCH, TIME, INPUT))
    outputs, final = dynamic_rnn(cell, inputs)
    np.testing.assert_array_equal(outputs[:, -1], final[-1].h)
    ragged, final = dynamic_rnn(cell, inputs, sequence_length=RAGGED)
    same = [np.array_equal(ragged[b, -1], final[-1].h[b]) for b in range(BATCH)]
    assert same == [length == TIME or length == 0 for length in RAGGED]  # a length of 0 leaves zeros in both


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


@pytest.mark.parametrize("time_major", [False, True])
def test_lengths_beside_time_major_inputs_may_be_an_array(time_major, rng):
    cell = random_lstm(INPUT, 5, rng)
    inputs = rng.standard_normal((TIME, BATCH, INPUT) if time_major else (BATCH, TIME, INPUT))
    outputs, _ = dynamic_rnn(cell, inputs, sequence_length=np.array(RAGGED), time_major=time_major)
    assert outputs.shape == (*inputs.shape[:2], 5)


@pytest.mark.parametrize("lengths", [None, RAGGED], ids=["full", "ragged"])
@pytest.mark.parametrize("kind", [list, tuple])
def test_static_rnn_gives_the_numbers_of_dynamic_rnn(lengths, kind, backend, rng):
    cell = random_lstm(INPUT, 5, rng)
    arrays = cell, rng.standard_normal((TIME, BATCH, INPUT)), random_like(cell.zero_state(BATCH), rng)
    cell, inputs, state = to(arrays, backend)
    steps = kind(inputs[t] for t in range(TIME))
    expected, expected_state, expected_backward = dynamic_rnn_forward(cell, inputs, state, lengths, time_major=True)

    outputs, final = static_rnn(cell, steps, state, lengths)
    assert isinstance(outputs, list)
    assert_trees_close((tuple(outputs), final), (tuple(expected), expected_state), rtol=0, atol=0)
    outputs, final, backward = static_rnn_forward(cell, steps, state, lengths)
    assert_trees_close((tuple(outputs), final), (tuple(expected), expected_state), rtol=0, atol=0)
    for d_outputs, d_final in ((outputs, final), (outputs, None), (None, final)):
        d_cell, d_steps, d_state = backward(d_outputs, d_final)
        assert isinstance(d_steps, list)
        d_expected = expected_backward(None if d_outputs is None else expected, d_final)
        assert_trees_close((d_cell, tuple(d_steps), d_state), (*d_expected[:1], tuple(d_expected[1]), d_expected[2]))


X = np.zeros((BATCH, INPUT))


@pytest.mark.parametrize(
    ("inputs", "error", "message"),
    [
        ([], ValueError, "inputs: expected a list with at least one step, got an empty one"),
        (np.zeros((BATCH, TIME, INPUT)), TypeError, "got ndarray; for one array .* call dynamic_rnn"),
        ([X, X[:, :2]], ShapeError, r"inputs\[1\]: expected \[batch=6, input=3\], .* the steps differ in shape"),
        ([X, X[:5]], ShapeError, r"inputs\[1\]: expected \[batch=6, input=3\], got \[5, 3\]"),
        ([X[0]], ShapeError, r"inputs\[0\]: expected \[batch, input\], got \[3\]"),
        ([X, X.astype("float32")], TypeError, r"inputs\[1\] is float32, but inputs\[0\] is float64"),
        ([X, torch.zeros(BATCH, INPUT)], TypeError, r"inputs\[1\] is a torch array, but inputs\[0\] is a numpy array"),
        ([X[:, :2]], ShapeError, "inputs: expected input=3, the size that the cell was made for, got input=2"),
    ],
)
def test_bad_lists_of_steps_get_one_clear_error(inputs, error, message, rng, without_shape_types):
    with pytest.raises(error, match=message):
        static_rnn(random_lstm(INPUT, 5, rng), inputs)


@pytest.mark.parametrize("wrap", [lambda cell: cell, ResidualWrapper, lambda cell: MultiRNNCell((PackedState(cell),))])
def test_the_input_size_is_checked_through_wrappers_and_stacks(wrap, rng):
    with pytest.raises(ShapeError, match="inputs: expected input=5, the size that the cell was made for, got input=4"):
        dynamic_rnn(wrap(random_lstm(5, 5, rng)), np.zeros((BATCH, TIME, 4)))


class OnlyAKernel(Counter):
    """A cell that does not say its input size, but has a kernel."""

    kernel = np.zeros((5, 4))


def test_without_an_input_size_the_kernel_says_it():
    for cell in (OnlyAKernel(), MultiRNNCell((OnlyAKernel(),)), MultiRNNCell((OnlyAKernel(), Counter()))):
        with pytest.raises(ShapeError, match="expected input=4, the size that the cell was made for, got input=1"):
            dynamic_rnn(cell, np.zeros((2, 3, 1)))


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
        (
            {"initial_state": LSTMStateTuple(c=np.zeros((6, 5)), h=np.zeros((6, 5), "float32"))},
            TypeError,
            "initial_state.h is float32, but inputs is float64",
        ),
    ],
)
def test_bad_input_gets_one_clear_error(change, error, message, rng, without_shape_types):
    cell = random_lstm(INPUT, 5, rng)
    good = {"inputs": np.zeros((BATCH, TIME, INPUT)), "initial_state": cell.zero_state(BATCH)}
    with pytest.raises(error, match=message):
        dynamic_rnn(cell, **(good | change))
