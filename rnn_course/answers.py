"""What a classifier answered, measured: which digits it takes for which, and how sure a share of right answers is."""

from math import sqrt

import numpy as np

from rnn_course.arrays import Array, to_numpy
from rnn_course.shape_types import Int
from rnn_course.shapes import expect_shape


def confusion_matrix(
    labels: Int[Array, " labels"], answers: Int[Array, " answers"], classes: int = 10
) -> Int[np.ndarray, "label answer"]:
    """How often each label (row) got each answer (column): the diagonal counts what is right.

    Raises ShapeError where the two are not lists of the same length, ValueError for a class outside 0 … classes − 1.
    """
    examples = expect_shape("labels", labels, "example")["example"]
    expect_shape("answers", answers, "example", example=examples, cause="one answer for each label")
    rows, columns = to_numpy(labels).astype(np.int64), to_numpy(answers).astype(np.int64)
    for name, values in (("labels", rows), ("answers", columns)):
        if examples and not 0 <= values.min() <= values.max() < classes:
            raise ValueError(
                f"{name}: expected classes from 0 to {classes - 1}, got {values.min()} to {values.max()}: pass classes="
            )
    return np.bincount(rows * classes + columns, minlength=classes * classes).reshape(classes, classes)


def standard_error(share: float, examples: int) -> float:
    """√(p · (1 − p) / n): how far an accuracy p on n examples strays from draw to draw of the examples.

    Raises ValueError for a share outside 0 … 1, or no examples.
    """
    if not 0 <= share <= 1 or examples < 1:
        raise ValueError(f"expected a share from 0 to 1 of at least one example, got {share} of {examples}")
    return sqrt(share * (1 - share) / examples)
