"""The figure of three walks down a bowl: its arithmetic in node against the package's optimisers."""

import re

import numpy as np
import pytest

pytest.importorskip("anywidget")

from rnn_course.widgets import DescentFigure
from rnn_course.widgets.descent import START, inside, walks
from tests.widgets.node import in_node

CASES = [
    (1.0, 0.1, 60),
    (12.0, 0.1, 30),
    (12.0, 0.02, 60),
    (30.0, 1.0, 40),
    (20.0, 0.1, 60),
    (7.5, 0.001, 1),
    (3.0, 0.5, 0),
]
RULES = ("sgd", "momentum", "adam")


@pytest.mark.parametrize("rule", RULES)
def test_a_walk_is_that_of_the_packages_optimiser(rule, tmp_path):
    cases = [list(case) for case in CASES]
    for case, path in zip(CASES, in_node(DescentFigure, tmp_path, cases, f"walk('{rule}', ...it)"), strict=True):
        expected = np.array(walks(*case)[rule])
        np.testing.assert_allclose(np.array(path, float), expected, rtol=1e-9, atol=1e-12)
        assert len(path) == case[2] + 1
        assert path[0] == list(START)


def test_the_three_walks_differ_and_each_can_reach_the_bottom(tmp_path):
    ends = {rule: np.hypot(*walks(12.0, 0.1, 60)[rule][-1]) for rule in RULES}
    assert len({round(float(end), 6) for end in ends.values()}) == 3
    assert max(ends.values()) < 0.5


def test_plain_descent_leaves_the_bowl_just_beyond_two_over_the_steepness():
    """The factor in the steep direction is 1 − rate · steepness: it must be larger than −1."""
    for steepness in (4.0, 12.0, 30.0):
        stays, leaves = (walks(steepness, factor * 2 / steepness, 60)["sgd"] for factor in (0.98, 1.02))
        assert abs(stays[-1][1]) < START[1] < abs(leaves[-1][1])


def test_the_words_say_which_way_it_goes(tmp_path):
    cases = [[12, 0.05], [12, 0.1], [10, 0.2], [12, 0.2]]
    words = in_node(DescentFigure, tmp_path, cases, "steepWay(...it)")
    endings = ("on one side.", "comes to rest.", "for ever.", "further and further.")
    assert all(text.endswith(ending) for text, ending in zip(words, endings, strict=True))
    assert "1 − 0.10 × 12.00 = −0.20" in words[1]
    case = {"sgd": [[3, 4]], "momentum": [[0, 400]], "adam": [[0, 0.5]]}
    (told,) = in_node(DescentFigure, tmp_path, [case], "told(it, 1)")
    assert (
        told == "After 1 step: plain descent 5.00 from the bottom, momentum out of the bowl, Adam 0.50 from the bottom."
    )


def test_the_picture_is_the_same_on_both_sides(tmp_path):
    for case in CASES:
        figure = DescentFigure(steepness=case[0], learning_rate=case[1], steps=case[2])
        for rule in RULES:
            (points,) = in_node(DescentFigure, tmp_path, [list(case)], f"points(walk('{rule}', ...it))")
            drawn = re.search(rf'points="([^"]*)" data-path="{rule}"', figure.picture)[1]
            ours, theirs = ([[float(n) for n in pair.split(",")] for pair in text.split()] for text in (drawn, points))
            np.testing.assert_allclose(ours, theirs, atol=0.11)
            assert len(ours) == len(inside(walks(*case)[rule]))


def test_the_figure_tells_itself_in_words():
    figure = DescentFigure(steps=5)
    assert "After 5 steps with learning rate 0.1: plain descent is" in figure.as_text()
    assert repr(figure) == "DescentFigure(steepness 12, learning rate 0.1, 5 steps)"
    assert not re.search(r"\sid=", figure.first_frame())


@pytest.mark.parametrize("options", [{"steepness": 0.5}, {"learning_rate": 0.0}, {"learning_rate": 2.0}, {"steps": 61}])
def test_a_number_out_of_range_is_one_clear_error(options):
    (name,) = options
    with pytest.raises(ValueError, match=f"{name}: expected a number from"):
        DescentFigure(**options)
