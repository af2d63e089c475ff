"""Cases made from other cases."""

from typing import Any

import numpy as np

from rnn_course.checks.exercise import Case
from rnn_course.tree import is_array, tree_map


def with_zeros(case: Case) -> Case:
    """The case with the first number of every array of floats 0, so that dividing by an argument shows."""

    def zeroed(leaf: Any) -> Any:
        if not (is_array(leaf) and leaf.dtype.kind == "f" and leaf.ndim):
            return leaf
        return np.concatenate([np.zeros(1), leaf.ravel()[1:]]).reshape(leaf.shape)

    return lambda rng: tuple(tree_map(zeroed, argument) for argument in case(rng))
