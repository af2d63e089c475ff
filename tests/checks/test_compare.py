"""The words for a difference: which result, where in it, and what it looks like as a whole."""

import numpy as np
import pytest
import torch

from rnn_course import LSTMStateTuple
from rnn_course.checks.compare import agree, agreeing_parts, first_difference

RNG = np.random.default_rng(5)
OUTPUTS = RNG.standard_normal((2, 4, 3))
AXES = {"outputs": ("batch", "time", "hidden"), "state.c": ("batch", "hidden"), "state.h": ("batch", "hidden")}
GATES = RNG.standard_normal((2, 12))


def words(got, expected, axes=("batch", "time", "hidden"), **more):
    found = first_difference(got, expected, {"": axes}, **more)
    return found.text if found else ""


@pytest.mark.parametrize(
    ("got", "message"),
    [
        (None, "the result is None: is there a `return` missing?"),
        (OUTPUTS.tolist(), "the result is list, expected an array of shape [batch=2, time=4, hidden=3]"),
        (torch.tensor(OUTPUTS), "the result is a torch array, but the arguments were numpy arrays"),
        (OUTPUTS.astype("float32"), "the result is float32, expected float64: the type of the arguments should stay"),
        (
            OUTPUTS.swapaxes(0, 1),
            "shape [4, 2, 3], expected [batch=2, time=4, hidden=3]: the numbers are right, the axes",
        ),
        (OUTPUTS.reshape(4, 2, 3), "shape [4, 2, 3], expected [batch=2, time=4, hidden=3]: the right sizes in another"),
        (
            OUTPUTS.reshape(8, 3),
            "shape [8, 3], expected [batch=2, time=4, hidden=3]: the numbers are right, only the shape",
        ),
        (OUTPUTS[:, -1], "shape [2, 3], expected [batch=2, time=4, hidden=3]: 2 axes instead of 3"),
        (
            OUTPUTS[:, :3],
            "shape [2, 3, 3], expected [batch=2, time=4, hidden=3]: only the axis `time` has another size",
        ),
        (OUTPUTS + 1, "24 of 24 numbers differ; the first at [batch 0, time 0, hidden 0]: expected"),
        (OUTPUTS + 1, "Every number is 1 too large."),
        (OUTPUTS - 0.25, "Every number is 0.25 too small."),
        (OUTPUTS * 0.5, "Every number is 0.5 times the right one."),
        (-OUTPUTS, "Every number has the wrong sign."),
        (1 - OUTPUTS, "It is 1 minus the right number, everywhere."),
        (OUTPUTS * 0, "Every number is 0."),
        (OUTPUTS[:, ::-1], "It is reversed in time."),
        (OUTPUTS[:, :, ::-1], "It is reversed along `hidden`."),
        (np.roll(OUTPUTS, 1, 1), "It is one time step late."),
        (np.roll(OUTPUTS, -1, 1), "It is one time step early."),
        (OUTPUTS.swapaxes(0, 1).reshape(2, 4, 3), "a reshape where a transpose was needed?"),
        (OUTPUTS + OUTPUTS[:, :1] * 0 + RNG.standard_normal((2, 1, 3)), "the same all along `time`"),
        (np.where(np.arange(4)[:, None] < 2, OUTPUTS, 9 * OUTPUTS**2), "right up to time step 1, and wrong from 2 on."),
        (np.where(np.arange(3) == 1, 9 * OUTPUTS**2, OUTPUTS), "Along `hidden` (0 to 2), only 1 is wrong."),
        (np.where(np.arange(4)[:, None] < 3, OUTPUTS, np.nan), "There are NaN in it, from time step 3 on."),
        (np.where(OUTPUTS > 0, np.inf, OUTPUTS), "There are infinite numbers in it, from time step"),
    ],
)
def test_an_array_that_differs(got, message):
    assert message in words(got, OUTPUTS)


def test_a_square_that_is_transposed():
    square = RNG.standard_normal((3, 3))
    assert "It is transposed: the axes `row` and `column` have changed places." in words(
        square.T, square, ("row", "column")
    )


@pytest.mark.parametrize(
    ("blocks", "axis", "message"),
    [
        ((), "4*hidden", "Of its blocks, `f` and `o` are wrong, `i`, `j` right."),
        (("a", "b", "c", "d"), "4*hidden", "Of its blocks, `c` and `d` are wrong, `a`, `b` right."),
        ((), "2*hidden", "Of its blocks, `u` is wrong, `r` right."),
    ],
)
def test_the_blocks_of_a_product_of_all_gates_are_named(blocks, axis, message):
    wrong = GATES.copy()
    wrong[:, 6:] **= 2
    assert message in words(wrong, GATES, ("batch", axis), blocks=blocks)


def test_the_first_wrong_part_of_a_tree_is_named_by_its_path():
    expected = (OUTPUTS, LSTMStateTuple(c=OUTPUTS[:, 0], h=OUTPUTS[:, 1]))
    swapped = (OUTPUTS, LSTMStateTuple(c=OUTPUTS[:, 1], h=OUTPUTS[:, 0]))
    found = first_difference(swapped, expected, AXES)
    assert found.path == "state.c"
    assert "`state.c` has the right shape" in found.text
    assert "This is what belongs into `state.h`" in found.text
    assert agreeing_parts(swapped, expected, AXES) == {"outputs": True, "state.c": False, "state.h": False}


def test_what_belongs_into_another_part_is_named_though_its_shape_is_another():
    found = first_difference((GATES, OUTPUTS), (OUTPUTS, GATES), AXES)
    assert "`outputs` has shape" in found.text
    assert found.text.endswith("This is what belongs into `state`.")


def test_a_tuple_of_one_needs_its_comma():
    assert (
        words(7, (7,), ())
        == "the result should be a tuple of one number, got 7; a comma makes the tuple: (7,), not (7)."
    )
    assert "got one array" in words(OUTPUTS, (OUTPUTS,), ())


def test_where_one_number_is_asked_for_a_plain_one_is_as_good():
    assert agree(0.25, np.asarray(0.25))
    assert agree(0.25, torch.tensor(0.25))
    assert agree(1, np.asarray(1.0))
    assert words(0.25, np.asarray(0.5), ()) == "the result is 0.25, expected 0.5."
    assert not agree(True, np.asarray(1.0))
    assert words(0.25, np.asarray([0.25]), ("batch",)) == "the result is float, expected an array of shape [batch=1]."


def test_two_numbers_that_differ_late_are_shown_with_as_many_digits_as_it_takes():
    assert words(np.asarray(0.954812345), np.asarray(0.9548127), ()) == "the result is 0.954812, expected 0.954813."
    assert "expected 1.0001, got 1" in words(np.asarray([1.0, 2.0]), np.asarray([1.0001, 2.0]), ("batch",))


def test_zero_has_no_sign():
    assert "expected 0, got 1" in words(np.asarray([1.0, 2.0]), np.asarray([-0.0, 2.0]), ("batch",))


def test_the_parts_of_a_tuple_are_counted_and_named_where_they_have_names():
    assert words((1, 2), (1,)) == "the result should have 1 part, got 2."
    assert "should have 2 parts (outputs, state), got 1" in first_difference((1,), (1, 2), AXES).text


def test_the_numbers_of_an_argument_are_recognised():
    found = first_difference(OUTPUTS, OUTPUTS**2, {}, arguments={"x": OUTPUTS, "state": (GATES,)})
    assert found.text.endswith("This is the argument `x`.")


@pytest.mark.parametrize(
    ("got", "message"),
    [
        (None, "the result is None: is there a `return` missing?"),
        (OUTPUTS, "the result should be 2 values (outputs, state), got one array of shape [2, 4, 3]"),
        ((OUTPUTS,), "the result should have 2 parts (outputs, state), got 1"),
        (
            (OUTPUTS, (OUTPUTS[:, 0], OUTPUTS[:, 1])),
            "`state` should be built by name, LSTMStateTuple(c=…, h=…); got a plain",
        ),
        (
            (OUTPUTS, OUTPUTS[:, 0]),
            "`state` should be 2 values (LSTMStateTuple(c=…, h=…)), got one array of shape [2, 3]",
        ),
    ],
)
def test_a_wrong_structure(got, message):
    expected = (OUTPUTS, LSTMStateTuple(c=OUTPUTS[:, 0], h=OUTPUTS[:, 1]))
    assert message in first_difference(got, expected, AXES).text


@pytest.mark.parametrize(
    ("got", "expected", "message"),
    [
        (3, 4, "the result is 3, which is not right"),
        (4.0, 4, "the result is 4.0, a float; a size or a count is an int"),
        ("3", 4, "the result is '3', expected a number"),
        (True, 1, "the result is True, expected a number"),
        ("h", "c", "the result is 'h', which is not right"),
        ((5, 3), (3, 5), "`0` is 5, which is not right"),
    ],
)
def test_plain_values(got, expected, message):
    assert message in words(got, expected)


def test_the_right_plain_value_is_never_said():
    assert "180" not in words(200, 180)


def test_agreement_is_up_to_rounding_and_types():
    assert agree((OUTPUTS, 3), (OUTPUTS + 1e-13, 3))
    assert agree([OUTPUTS, 3], (OUTPUTS, 3))
    assert not agree(OUTPUTS, OUTPUTS + 1e-6)
    assert not agree(OUTPUTS.astype("float32"), OUTPUTS)
    assert agree(np.float64(2.5), 2.5)
    assert not agree(np.array([np.nan]), np.array([1.0]))
    assert agree(np.array([np.nan]), np.array([np.nan]))
    assert not agree(None, (None, None))


def test_the_only_result_has_the_axes_of_its_declaration_whatever_its_name():
    expected = np.arange(6.0).reshape(2, 3)
    found = first_difference(expected + (np.arange(3) == 1), expected, {"new_h": ("batch", "hidden")})
    assert "the first at [batch 0, hidden 1]" in found.text
    assert "Along `hidden` (0 to 2), only 1 is wrong." in found.text


def test_axes_with_a_star_are_those_of_every_layer():
    axes = {"output": ("batch",), "states.*.c": ("batch", "hidden"), "states.*.h": ("batch", "hidden")}
    layers = [LSTMStateTuple(c=np.ones((2, n)), h=np.ones((2, n))) for n in (3, 4)]
    wrong = [layers[0], LSTMStateTuple(c=layers[1].c, h=layers[1].h * (np.arange(4) != 2))]
    found = first_difference((np.ones(2), wrong), (np.ones(2), tuple(layers)), axes)
    assert found.path == "states.1.h"
    assert "the first at [batch 0, hidden 2]" in found.text
    one = first_difference((np.ones(2), [layers[0]]), (np.ones(2), (layers[1],)), axes)
    assert one.path == "states.0.c"
    assert "only the axis `hidden` has another size" in one.text


def test_a_state_among_other_values_is_told_from_a_state_without_names():
    state = LSTMStateTuple(c=np.ones(2), h=np.zeros(2))
    among = first_difference((state.h, state), state, {})
    assert among.text == "the result should be one LSTMStateTuple, got 2 values with one among them."
    assert "should be built by name" in first_difference((state.c, state.h), state, {}).text
