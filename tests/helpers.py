"""Small things that many tests need: random trees, and comparison of trees."""

import numpy as np

from rnn_course import LSTMCell, named_leaves, to_numpy, tree_map


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


def relative_error(got, expected):
    """max |got − expected| / max |expected|, over whole arrays."""
    got, expected = to_numpy(got), to_numpy(expected)
    return np.max(np.abs(got - expected)) / max(np.max(np.abs(expected)), 1e-300)
