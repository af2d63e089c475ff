"""The kernels take only what fits; anything else is left to the readable loop, which says what is wrong."""

import numpy as np
import pytest

from rnn_course import leaves
from rnn_course.kernels import basic_rnn, gru, lstm
from rnn_course.tree import with_leaves

from .test_kernels import CELLS, problem

MODULES = {"lstm": lstm, "gru": gru, "basic rnn": basic_rnn}


def wrong_ones(array):
    """The array with one entry more along each axis, and with one axis more."""
    yield from (np.concatenate([array, array.take([0], axis)], axis) for axis in range(array.ndim))
    yield array[..., None]


@pytest.mark.parametrize("name", CELLS)
def test_no_array_may_have_another_shape(name, rng):
    (cell, x, state), *_ = problem(name, (3, 5, 4, 7), rng)
    fits = MODULES[name.partition(",")[0]].fits
    assert fits(cell, x, state)
    arrays = leaves((cell, state))
    for place, array in enumerate(arrays):
        for wrong in wrong_ones(array):
            its_cell, its_state = with_leaves((cell, state), [*arrays[:place], wrong, *arrays[place + 1 :]])
            assert not fits(its_cell, x, its_state), (place, wrong.shape)
    assert not fits(cell, x[:, :-1], state)
    assert not fits(cell, x[..., :-1], state)
