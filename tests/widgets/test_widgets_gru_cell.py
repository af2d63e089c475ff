"""The figure of a GRU: its arithmetic in node against the package's cell, and what it accepts and stores."""

import re
from typing import Any

import numpy as np
import pytest

pytest.importorskip("anywidget")

from rnn_course import BasicRNNCell, GRUCell, to
from rnn_course.shapes import ShapeError
from rnn_course.widgets import GRUCellFigure
from rnn_course.widgets.drawing import show
from rnn_course.widgets.gru_cell import BY_HAND, numbers
from rnn_course.widgets.gru_picture import describe
from tests.widgets.node import in_node

PLACES = pytest.mark.parametrize("reset_after", [False, True], ids=["before", "after"])


def two_units(rng, reset_after, size=1.0):
    """A random cell with one input and two units, all of its biases different from 0."""
    cell = GRUCell.init(1, 2, rng=rng, reset_after=reset_after, dtype="float64")
    new = {name: size * rng.standard_normal(w.shape) for name, w in cell._asdict().items() if isinstance(w, np.ndarray)}
    return cell._replace(**new)


def as_case(cell, x, h):
    """What the script gets of a cell; it always has a recurrent bias, which only `reset_after` uses."""
    recurrent = cell.candidate_recurrent_bias if cell.reset_after else [5.0, -7.0]
    weights = {"gates_kernel": cell.gates_kernel, "bias": cell.gates_bias, "recurrent_bias": recurrent}
    weights |= {"candidate_kernel": cell.candidate_kernel, "candidate_bias": cell.candidate_bias}
    given: dict[str, Any] = {name: np.asarray(value).tolist() for name, value in weights.items()}
    return given | {"reset_after": cell.reset_after, "x": float(x), "h": np.asarray(h).tolist()}


def test_a_step_agrees_with_the_package(rng, tmp_path):
    cells = [two_units(rng, number % 2 == 0, 300.0 if number % 5 == 0 else 1.0) for number in range(80)]
    starts = [(rng.standard_normal(), rng.standard_normal(2)) for _ in cells]
    cases = [as_case(cell, *start) for cell, start in zip(cells, starts, strict=True)]
    expression = "(({ ...n }) => ({ n, words: describe(n, it.reset_after) }))(step(it, it.x, it.h))"
    results = in_node(GRUCellFigure, tmp_path, cases, expression)
    for cell, (x, h), result in zip(cells, starts, results, strict=True):
        got = result["n"]
        new, _ = cell(np.array([[x]]), h[None])
        np.testing.assert_allclose([got["new.0"], got["new.1"]], new[0], rtol=1e-9, atol=1e-12)
        expected = numbers(cell, x, h)
        if not cell.reset_after:  # there the products of h alone are not used
            expected = {name: value for name, value in expected.items() if not name.startswith("heard")}
        assert {name: got[name] for name in expected} == pytest.approx(expected, rel=1e-9, abs=1e-12)
        assert result["words"] == describe(got, cell.reset_after)


def test_the_two_places_differ_unless_both_resets_are_open(rng, tmp_path):
    cell = two_units(rng, False)
    opened = cell._replace(gates_bias=np.array([50.0, 50.0, 0.3, -0.4]))
    cases = [as_case(one, 0.5, [0.8, -0.6]) | {"recurrent_bias": [0, 0]} for one in (cell, opened)]
    expression = "[false, true].map((reset_after) => step({ ...it, reset_after }, it.x, it.h)['before.n.0'])"
    (before, after), (same, as_before) = in_node(GRUCellFigure, tmp_path, cases, expression)
    assert abs(before - after) > 0.01
    assert same == pytest.approx(as_before, abs=1e-9)


def test_one_shut_reset_hides_a_unit_from_all_or_all_units_from_one(rng, tmp_path):
    """The sentences of the figure, measured: which candidate hears which unit of the old h?"""
    cell = two_units(rng, False)._replace(gates_bias=np.array([-80.0, 80.0, 0.0, 0.0]))
    shift = [[0.3, -0.2], [0.3 + 0.1, -0.2], [0.3, -0.2 + 0.1]]
    cases = [as_case(cell, 0.5, h) | {"recurrent_bias": [0, 0]} for h in shift]
    expression = (
        "[false, true].map((reset_after) => step({ ...it, reset_after }, it.x, it.h)).map((n) => [n['n.0'], n['n.1']])"
    )
    at_first, *moved = np.array(in_node(GRUCellFigure, tmp_path, cases, expression))
    hears = np.abs(np.array(moved) - at_first) > 1e-9  # [unit of h, place, candidate]
    assert hears[:, 0].tolist() == [[False, False], [True, True]], "before: nobody hears unit 0"
    assert hears[:, 1].tolist() == [[False, True], [False, True]], "after: candidate 0 hears nobody"


@pytest.mark.parametrize(
    ("bias", "after", "words"),
    [
        ([-8, 8, 0, 0], False, "r hides unit 0 of the old h"),
        ([-8, 8, 0, 0], True, "r shuts the ears of candidate 0"),
        ([8, -8, 0, 0], True, "candidate 1"),
        ([-8, -8, 0, 0], True, "Both r are shut"),
        ([8, 8, 8, 8], False, "the candidates hear all of the old h. u keeps everything"),
        ([0, 0, -8, -8], False, "h′ ≈ n"),
        ([0, 0, 0, 0], False, "lies between"),
    ],
)
def test_the_corners_of_the_gates_are_told(tmp_path, bias, after, words):
    case = as_case(BY_HAND, 0.2, [0.5, 0.5]) | {"bias": bias, "reset_after": after}
    (said,) = in_node(GRUCellFigure, tmp_path, [case], "happening(step(it, it.x, it.h), it.reset_after)")
    assert words in said


@PLACES
def test_the_first_frame_shows_the_numbers_of_the_package(rng, reset_after):
    cell = two_units(rng, reset_after)
    figure = GRUCellFigure(cell, x=0.4, h=[0.7, -0.2])
    new, _ = cell(np.array([[0.4]]), np.array([[0.7, -0.2]]))
    for unit in (0, 1):
        place = rf'data-name="new\.{unit}"><rect[^>]*/><text[^>]*>([^<]+)<'
        assert re.search(place, figure.picture)[1] == show(float(new[0, unit]))
        assert show(float(new[0, unit])) in figure.as_text()
    hidden = re.search(r'class="rc-reset-(\w+)" display="none"', figure.picture)[1]
    assert hidden == ("before" if reset_after else "after")
    assert figure.reset_after == reset_after
    assert figure.picture in figure.first_frame()
    assert ("r·(h @ Wh" in figure.first_frame()) == reset_after


def test_torch_gives_the_same_figure_and_the_state_is_small(rng):
    cell = two_units(rng, True)
    ours, theirs = (
        {**GRUCellFigure(one).get_state(), "layout": None} for one in (to(cell, "numpy"), to(cell, "torch"))
    )
    assert ours == theirs
    assert sum(len(str(value)) for value in ours.values()) < 60_000


RNG = np.random.default_rng(0)
WRONG = [
    (BasicRNNCell.init(1, 2, rng=RNG), {}, TypeError, "expected a GRUCell, got BasicRNNCell"),
    ("cell", {}, TypeError, "expected a GRUCell, got str"),
    (GRUCell.init(3, 5, rng=RNG), {}, ShapeError, r"one input and two units, gates_kernel \[3, 4\], got \[8, 10\]"),
    (BY_HAND._replace(gates_bias=np.zeros(3)), {}, ShapeError, "gates_bias"),
    (BY_HAND._replace(candidate_bias=np.array([0, np.inf])), {}, ValueError, "cell.candidate_bias: expected finite"),
    (BY_HAND, {"h": [0.1, 0.2, 0.3]}, ShapeError, r"h: expected two numbers, one a unit, got \[3\]"),
    (BY_HAND, {"x": np.nan}, ValueError, "x: expected finite numbers"),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "options", "error", "message"), WRONG)
def test_what_is_no_pair_of_units_is_one_clear_error(cell, options, error, message):
    with pytest.raises(error, match=message):
        GRUCellFigure(cell, **options)
