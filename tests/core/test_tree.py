from itertools import pairwise

import numpy as np
import pytest

from rnn_course import BasicRNNCell, LSTMCell, MultiRNNCell, leaves, named_leaves, parameters, tree_map
from rnn_course.tree import add, with_leaves


def stack(rng):
    return MultiRNNCell((LSTMCell.init(3, 5, rng=rng), BasicRNNCell.init(5, 2, rng=rng, activation="relu")))


def test_a_map_keeps_types_names_and_what_is_no_array(rng):
    doubled = tree_map(lambda a: 2 * a, stack(rng))
    assert isinstance(doubled.cells[0], LSTMCell)
    assert doubled.cells[1].activation == "relu"
    np.testing.assert_array_equal(doubled.cells[0].kernel, 2 * stack(np.random.default_rng(7)).cells[0].kernel)


def test_leaves_have_names_in_order(rng):
    names = [name for name, _ in named_leaves(stack(rng))]
    assert names == ["cells.0.kernel", "cells.0.bias", "cells.1.kernel", "cells.1.bias"]
    assert [name for name, _ in named_leaves(np.zeros(2), "x")] == ["x"]


def test_with_leaves_is_the_inverse_of_leaves(rng):
    tree = stack(rng)
    again = with_leaves(tree, leaves(tree))
    assert again.cells[1].kernel is tree.cells[1].kernel
    assert type(again) is type(tree)


def test_trees_are_added_leaf_by_leaf():
    assert add((np.int64(1), (np.int64(2),)), (np.int64(10), (np.int64(20),))) == (11, (22,))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ((np.zeros(1),), "tuple of 2 against tuple of 1"),
        (np.zeros(1), "tuple of 2 against ndarray"),
        ((np.zeros(1), (np.zeros(1),)), "at 1: one has an array there"),
    ],
)
def test_trees_of_another_structure_are_refused(other, message):
    with pytest.raises(ValueError, match=message):
        tree_map(np.add, (np.zeros(1), np.zeros(1)), other)


def test_the_parameter_counts_of_the_course(rng):
    cell = LSTMCell.init(3, 5, rng=rng)
    assert parameters(cell) == 180
    assert parameters(MultiRNNCell((cell, LSTMCell.init(5, 5, rng=rng)))) == 400
    widths = (128, 100, 400, 300)
    deep = MultiRNNCell(tuple(LSTMCell.init(a, b, rng=rng) for a, b in pairwise(widths)))
    assert parameters(deep) == 1_734_400
