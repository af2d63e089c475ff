"""Laws beyond the values: an answer that agrees on the cases and breaks a law is wrong, and told which."""

import random
from dataclasses import replace

import numpy as np
import pytest

from rnn_course.arrays import array_namespace
from rnn_course.checks.engine import grade
from rnn_course.checks.exercise import Exercise
from rnn_course.checks.laws import LAWS, gradient, padding, rows
from tests.checks.toy import MEMORY, SQUARE, remember, remember_with, square


@pytest.mark.parametrize("law", LAWS)
def test_the_reference_keeps_the_law(law):
    exercise = SQUARE if law == "gradient" else MEMORY
    assert LAWS[law](exercise, exercise.solution) == ""


def test_rows_of_a_batch_must_not_mix():
    def mixes(inputs, c, sequence_length):
        states, last = remember(inputs, c, sequence_length)
        return states, last + array_namespace(c).mean(c)

    assert "`c` of the first row changes when the row is computed alone" in rows(MEMORY, mixes)


def test_padding_must_not_be_read():
    found = padding(MEMORY, remember_with(lengths=False))
    assert "`states` depends on what stands in the padding, past the lengths" in found


def test_a_backward_that_is_not_the_gradient_of_its_forward_is_told_for_which_argument():
    def wrong_scale(x, scale):
        y, backward = square(x, scale)
        return y, lambda d_y: (backward(d_y)[0], backward(d_y)[1] * 2)

    found = gradient(SQUARE, wrong_scale)
    assert "the gradient is wrong for `scale`; right for `x`" in found
    report = grade(SQUARE, wrong_scale)
    assert "`backward.scale` is" in report.message
    assert "Measured on your own forward, the gradient is wrong for `scale`; right for `x`." in report.notes


def test_a_wrong_forward_with_its_own_right_gradient_is_told_so():
    def doubled(x, scale):
        y, backward = square(x, 2 * scale)
        return y, lambda d_y: (backward(d_y)[0], 2 * backward(d_y)[1])

    assert gradient(SQUARE, doubled) == ""
    report = grade(SQUARE, doubled)
    assert "`y` has the right shape" in report.message
    assert "Every number is 2 times the right one." in report.message
    assert "Measured" not in repr(report)


def test_a_backward_that_is_no_function_is_said():
    report = grade(SQUARE, lambda x, scale: (square(x, scale)[0], 2 * x))
    assert "`backward` should be 2 values (x, scale), got one array of shape [2, 3]" in report.message


def test_a_broken_law_makes_right_values_wrong():
    """An answer that looks at the size of the batch agrees on these cases, and not when a row is alone."""

    def peeks(inputs, c, sequence_length):
        states, last = remember(inputs, c, sequence_length)
        return (states, last) if len(inputs) > 1 else (states * 2, last)

    report = grade(MEMORY, peeks)
    assert report.status == "wrong"
    assert "of the first row changes when the row is computed alone" in report.message
    assert report.credit < 1
    assert grade(replace(MEMORY, laws=()), peeks).passed


def test_a_law_holds_for_the_only_result_too_whatever_its_name():
    """Its axes are found by the only declaration there is; without them the law would look at nothing."""

    def peeks(inputs, c, sequence_length):
        return remember(inputs, c, sequence_length)[1] * (1 if len(inputs) > 1 else 2)

    def last(inputs, c, sequence_length):
        return remember(inputs, c, sequence_length)[1]

    alone = replace(MEMORY, solution=last, results=("c: [batch, hidden]",), laws=("rows",), mistakes=())
    assert grade(alone, last).passed
    assert "of the first row changes when the row is computed alone" in grade(alone, peeks).message


def test_where_nothing_is_random_no_generator_is_promised():
    def draws(inputs, c, sequence_length):
        random.random()
        return remember(inputs, c, sequence_length)

    assert "the global random state has changed: nothing is random here." in grade(MEMORY, draws).message


def test_every_law_is_known_by_name():
    unknown = replace(MEMORY, laws=("no such law",))
    assert "no such law" in repr(grade(unknown, remember))


def test_names_of_results_are_read_from_their_declaration():
    exercise = replace(
        SQUARE, results=("y: [batch, hidden]", "state.c: [batch]", "state.h: [batch, 4*hidden]", "count")
    )
    assert exercise.parts == ("y", "state", "count")
    assert exercise.axes["state.h"] == ("batch", "4*hidden")
    assert exercise.axes["count"] == ()
    assert replace(SQUARE, results=("[batch, hidden]",)).axes == {"": ("batch", "hidden")}
    assert replace(SQUARE, results=("[batch, hidden]",)).parts == ()
    assert isinstance(exercise, Exercise)


def test_arguments_may_be_trees_and_are_rounded_leaf_by_leaf():
    exercise = replace(MEMORY, cases=(lambda rng: ((np.ones(2), (np.ones(3), np.arange(3))), "name", 4),))
    tree, name, number = exercise.arguments(0, "float32")
    assert tree[0].dtype == tree[1][0].dtype == np.float32
    assert tree[1][1].dtype == np.int64
    assert (name, number) == ("name", 4)
