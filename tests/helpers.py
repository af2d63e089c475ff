"""Small things that many tests need: random trees, and comparison of trees."""

import numpy as np

from rnn_course import LSTMCell, named_leaves, to_numpy, tree_map
from rnn_course.arrays import integers, swap_batch_time
from rnn_course.loop import loop_forward


def random_like(tree, rng):
    """Random float64 NumPy numbers with the structure and shapes of `tree`."""
    return tree_map(lambda leaf: np.asarray(rng.standard_normal(tuple(leaf.shape))), tree)


def assert_trees_close(got, expected, rtol=1e-9, atol=1e-12):
    """Both trees have the same arrays under the same names, up to rounding."""
    got, expected = dict(named_leaves(got)), dict(named_leaves(expected))
    assert got.keys() == expected.keys()
    for name in expected:
        np.testing.assert_allclose(to_numpy(got[name]), to_numpy(expected[name]), rtol=rtol, atol=atol, err_msg=name)


def random_lstm(input_size, hidden_size, rng):
    """An LSTM whose weights and biases are all random: no zero hides a mistake."""
    return random_like(LSTMCell.init(input_size, hidden_size, rng=rng, dtype="float64"), rng)


def dynamic_loop_forward(cell, inputs, state=None, lengths=None):
    """`dynamic_rnn_forward` by the loop alone, for comparisons to the last bit; the lengths are a list or None."""
    time_major = swap_batch_time(inputs)
    lengths = None if lengths is None else integers(lengths, like=inputs)
    state = cell.zero_state(inputs.shape[0]) if state is None else state
    outputs, final, loop_backward = loop_forward(cell, time_major, state, lengths)

    def backward(d_outputs, d_final):
        d_cell, d_inputs, d_state = loop_backward(swap_batch_time(d_outputs), d_final)
        return d_cell, swap_batch_time(d_inputs), d_state

    return swap_batch_time(outputs), final, backward


def relative_error(got, expected):
    """max |got − expected| / max |expected|, over whole arrays."""
    got, expected = to_numpy(got), to_numpy(expected)
    return np.max(np.abs(got - expected)) / max(np.max(np.abs(expected)), 1e-300)
