import numpy as np
import pytest

from rnn_course import LSTMStateTuple, ShapeError, describe, expect_shape


def test_the_sizes_come_back_by_name():
    assert expect_shape("inputs", np.zeros((3, 4, 5)), "batch time input", input=5) == {
        "batch": 3,
        "time": 4,
        "input": 5,
    }


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((3, 4)), r"inputs: expected \[batch, time, input=5\], got \[3, 4\], which has 2 axes instead of 3"),
        (np.zeros((3, 4, 6)), r"got \[3, 4, 6\]: axis 'input' is 6 instead of 5\. Likely cause: a slip"),
        ([1.0], "got a list, which is no array"),
    ],
)
def test_a_wrong_shape_says_what_was_expected_and_what_came(array, message):
    with pytest.raises(ShapeError, match=message):
        expect_shape("inputs", array, "batch time input", cause="a slip", input=5)


def test_a_tree_is_described_line_by_line():
    state = LSTMStateTuple(c=np.zeros((3, 5)), h=np.zeros((3, 5), np.float32))
    assert describe(state, "state") == "state.c: [3, 5] float64\nstate.h: [3, 5] float32"
    assert describe(np.zeros(2)) == "array: [2] float64"
