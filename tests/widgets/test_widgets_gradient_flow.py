"""The figure of a gradient's way back: its arithmetic in node against the package's own backward, step by step."""

import re

import numpy as np
import pytest
import torch

pytest.importorskip("anywidget")

from rnn_course import BasicRNNCell, dynamic_rnn, dynamic_rnn_forward
from rnn_course.shapes import ShapeError
from rnn_course.widgets import GradientFlow
from rnn_course.widgets.gradient_flow import bar, flow, sized, told
from tests.widgets.node import in_node


def cases(rng):
    for number in range(24):
        hidden, time = int(rng.integers(1, 7)), int(rng.integers(2, 12))
        yield {
            "matrix": rng.standard_normal((hidden, hidden)).tolist(),
            "radius": [0.0, 0.5, 1.0, 1.5][number % 4],
            "scale": [0.3, 2.0, 0.0][number % 3],
            "pushes": rng.standard_normal((time, hidden)).tolist(),
            "last": rng.standard_normal(hidden).tolist(),
            "activation": ("tanh", "linear")[number % 2],
        }


def by_the_package(case):
    """The norms, each by a run of its own: from the state at a step on, back to that state."""
    recurrent = case["radius"] * np.array(case["matrix"])
    hidden = len(recurrent)
    cell = BasicRNNCell(np.concatenate([np.eye(hidden), recurrent]), np.zeros(hidden), case["activation"])
    x = case["scale"] * np.array([case["pushes"]])
    outputs, _ = dynamic_rnn(cell, x)
    norms = []
    for t in range(x.shape[1]):
        _, _, backward = dynamic_rnn_forward(cell, x[:, t + 1 :], outputs[:, t])
        norms.append(np.linalg.norm(backward(None, np.array([case["last"]]))[2]))
    slopes = 1 - outputs[0] ** 2 if case["activation"] == "tanh" else np.ones_like(outputs[0])
    return norms, slopes.mean(axis=1)


def test_norms_and_slopes_are_the_packages_in_both_languages(rng, tmp_path):
    given = list(cases(rng))
    for case, got in zip(given, in_node(GradientFlow, tmp_path, given, "flow(it)"), strict=True):
        norms, slopes = by_the_package(case)
        recurrent, pushes = case["radius"] * np.array(case["matrix"]), case["scale"] * np.array(case["pushes"])
        in_python = flow(recurrent, pushes, np.array(case["last"]), case["activation"])
        for mine in ((got["norms"], got["slopes"]), in_python):
            np.testing.assert_allclose(mine[0], norms, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(mine[1], slopes, rtol=1e-9, atol=1e-12)


def test_bars_and_words_are_the_same_in_both_languages(tmp_path):
    norms = [0.0, 1e-9, 3.2e-5, 0.0099, 0.01, 0.5, 1.0, 2.0, 999.0, 1234.0, 5e7]
    results = in_node(GradientFlow, tmp_path, norms, "[bar(it), sized(it), told([it, 0.3, 1])]")
    for norm, (place, size, words) in zip(norms, results, strict=True):
        np.testing.assert_allclose(place, bar(norm), atol=0.006)
        assert size == sized(norm)
        assert words == told([norm, 0.3, 1.0])
    assert ["vanished" in words for *_, words in results[:4]] == [True, True, True, False]
    assert "exploded" in results[-1][2]
    assert "still heard" in results[6][2]


def test_without_tanh_an_orthogonal_matrix_gives_powers_of_the_radius():
    figure = GradientFlow(radius=1.5, tanh=False, steps=9)
    figure.matrix = "orthogonal"
    norms, slopes = figure.flow()
    np.testing.assert_allclose(norms, 1.5 ** np.arange(8, -1, -1.0), rtol=1e-2)  # the matrix is stored with 4 decimals
    assert slopes == [1.0] * 9


def test_each_matrix_has_spectral_radius_1_and_says_its_stretch(rng):
    for figure in (GradientFlow(), GradientFlow(rng.standard_normal((5, 5))), GradientFlow(torch.eye(3) * 7)):
        for name, matrix in figure.matrices.items():
            assert np.abs(np.linalg.eigvals(np.array(matrix))).max() == pytest.approx(1, abs=1e-3)
            assert np.linalg.svd(np.array(matrix))[1][0] == pytest.approx(figure.stretch[name], abs=1e-3)
        assert np.linalg.norm(figure.last) == pytest.approx(1, abs=1e-3)


def test_the_picture_has_a_bar_of_each_kind_a_step():
    figure = GradientFlow(steps=7, radius=0.5)
    for kind in ("rc-bar", "rc-slope"):
        assert len(re.findall(rf'class="{kind} ', figure.picture)) == 7
    heights = [float(h) for h in re.findall(r'height="([\d.]+)" class="rc-bar', figure.picture)]
    np.testing.assert_allclose(heights, [bar(norm)[1] for norm in figure.flow()[0]], atol=0.06)
    assert figure.as_text().splitlines()[1] == told(figure.flow()[0])
    assert told(figure.flow()[0]) in figure.first_frame()
    first, second = ({**GradientFlow().get_state(), "layout": None} for _ in range(2))
    assert first == second
    assert repr(figure) == "GradientFlow(7 steps, 8 units)"


WRONG = [
    ({"recurrent": np.ones((2, 3))}, ShapeError, r"square matrix, \[hidden, hidden\], got \[2, 3\]"),
    ({"recurrent": np.ones(4)}, ShapeError, r"got \[4\]"),
    ({"recurrent": np.eye(13)}, ValueError, "expected 1 to 12 units, got 13"),
    ({"recurrent": np.zeros((0, 0))}, ValueError, "expected 1 to 12 units, got 0"),
    ({"recurrent": np.array([[0.0, 1.0], [0.0, 0.0]])}, ValueError, "spectral radius is 0"),
    ({"recurrent": np.full((2, 2), np.nan)}, ValueError, "recurrent: expected finite numbers"),
    ({"radius": 2.5}, ValueError, "radius: expected a number from 0 to 2, got 2.5"),
    ({"scale": -0.1}, ValueError, "scale: expected a number from 0 to 2, got -0.1"),
    ({"steps": 1}, ValueError, "steps: expected 2 to 40, got 1"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "error", "message"), WRONG)
def test_what_cannot_be_drawn_is_one_clear_error(options, error, message):
    with pytest.raises(error, match=message):
        GradientFlow(**options)
