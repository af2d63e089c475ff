import io
import sys
from contextlib import redirect_stdout

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from rnn_course import LSTMCell, plot, show_source
from rnn_course.train import Epoch

HISTORY = (Epoch(1, 2.0, 0.5, 0.1), Epoch(2, 1.0, 0.9, 0.1))


@pytest.fixture(autouse=True)
def figures(monkeypatch):
    matplotlib.use("agg")
    monkeypatch.setattr(plt, "show", lambda: None)
    settings = dict(matplotlib.rcParams)
    yield
    plt.close("all")
    assert dict(matplotlib.rcParams) == settings  # a figure leaves no settings behind


def drawn():
    """The axes of the one figure that was drawn, after drawing it for real."""
    (number,) = plt.get_fignums()
    figure = plt.figure(number)
    figure.canvas.draw()
    return figure, figure.axes


def test_pictures_are_shown_as_they_are_with_labelled_axes(rng):
    pictures = [rng.random((4, 6)), torch.tensor(rng.random((4, 6)))]
    plot.images(pictures, ["a", "b"], "two")
    figure, axes = drawn()
    assert figure._suptitle.get_text() == "two"
    assert [axis.get_title() for axis in axes] == ["a", "b"]
    np.testing.assert_array_equal(axes[1].images[0].get_array(), pictures[1].numpy())
    assert axes[0].get_ylabel() == "row"
    assert axes[0].get_xlabel() == "column"


def test_pictures_are_broken_into_lines(rng):
    plot.images(rng.random((5, 3, 3)), columns=3)
    _, axes = drawn()
    assert len(axes) == 6
    assert not axes[5].images


def test_small_pictures_make_a_narrow_figure_in_which_the_words_are_as_large_as_before(rng):
    plot.images(rng.random((4, 3, 3)), size=1.25)
    plot.learning_curves({"LSTM": HISTORY}, "curves", size=(6.5, 3.0))
    narrow, curves = (plt.figure(number) for number in plt.get_fignums())
    assert narrow.get_size_inches().tolist() == [5.0, 1.55]
    assert curves.get_size_inches().tolist() == [6.5, 3.0]
    assert {axis.title.get_fontsize() for axis in narrow.axes} == {10.0}


def test_learning_curves_have_a_line_for_each_history():
    plot.learning_curves({"LSTM": HISTORY, "dense": HISTORY[:1]}, "curves")
    _, (loss, accuracy) = drawn()
    assert loss.lines[0].get_ydata().tolist() == [2.0, 1.0]
    assert accuracy.lines[0].get_ydata().tolist() == [0.5, 0.9]
    assert [text.get_text() for text in accuracy.get_legend().get_texts()] == ["LSTM", "dense"]
    assert "nats" in loss.get_ylabel()


def test_there_is_no_tick_between_two_epochs():
    history = [Epoch(number, 1.0, 0.5, 0.1) for number in range(1, 13)]
    plot.learning_curves({"LSTM": history}, "curves", size=(6.8, 3.2))
    _, axes = drawn()
    for axis in axes:
        assert all(float(tick).is_integer() for tick in axis.get_xticks())


def test_beliefs_stand_beside_the_rows(rng):
    picture, after_row = rng.random((8, 8)), rng.random((8, 10))
    plot.beliefs(picture, after_row, "beliefs")
    _, axes = drawn()
    np.testing.assert_array_equal(axes[1].images[0].get_array(), after_row)


def test_a_missing_matplotlib_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ModuleNotFoundError, match=r"figures need matplotlib: pip install \"rnn-course\[viz\]\""):
        plot.images([np.zeros((2, 2))])


def test_the_source_shown_is_the_packages_own():
    out = io.StringIO()
    with redirect_stdout(out):
        show_source(LSTMCell)
    assert out.getvalue().startswith("class LSTMCell(NamedTuple):")
    assert "c = f * state.c + i * j" in out.getvalue()


def test_curves_are_drawn_as_they_are_and_told_apart(rng):
    lines = {"numpy": rng.random(7), "list": [3.0, 2.0, 1.0], "torch": torch.tensor(rng.random(5))}
    plot.curves(lines, "the point", "step", "norm", log=True)
    _, (axis,) = drawn()
    assert (axis.get_title(), axis.get_xlabel(), axis.get_ylabel()) == ("the point", "step", "norm")
    assert axis.get_yscale() == "log"
    for line, values in zip(axis.lines, lines.values(), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), np.arange(len(values)))
        np.testing.assert_allclose(line.get_ydata(), np.asarray(values))
    assert len({(line.get_color(), line.get_linestyle()) for line in axis.lines}) == 3
    assert [text.get_text() for text in axis.get_legend().get_texts()] == list(lines)


def test_one_curve_over_given_places_needs_no_legend():
    plot.curves({"only": [1.0, 4.0]}, "a square", "x", "x²", x=[1.0, 2.0])
    _, (axis,) = drawn()
    assert axis.get_legend() is None
    np.testing.assert_array_equal(axis.lines[0].get_xdata(), [1.0, 2.0])
    assert axis.get_yscale() == "linear"


def test_too_many_curves_are_one_clear_error():
    with pytest.raises(ValueError, match="at most 5 curves, got 6"):
        plot.curves({str(k): [0.0] for k in range(6)}, "", "", "")


def test_signed_pictures_share_one_scale_around_0(rng):
    pictures = [rng.standard_normal((4, 6)), torch.tensor(3 * rng.standard_normal((4, 6)))]
    plot.signed_images(pictures, ["a", "b"], "two", columns=2)
    _, axes = drawn()
    limit = max(np.abs(np.asarray(picture)).max() for picture in pictures)
    for axis, picture in zip(axes[:2], pictures, strict=True):
        np.testing.assert_array_equal(axis.images[0].get_array(), np.asarray(picture))
        assert axis.images[0].get_clim() == pytest.approx((-limit, limit))
    assert [axis.get_title() for axis in axes[:2]] == ["a", "b"]


def test_signed_pictures_name_their_axes_if_told(rng):
    plot.signed_images(rng.standard_normal((2, 4, 6)), labels=("pixel", "output"))
    _, axes = drawn()
    assert [(axis.get_ylabel(), axis.get_xlabel()) for axis in axes[:2]] == [("pixel", "output")] * 2
    assert axes[0].axison
    assert axes[0].get_xticks().tolist() == [0, 5]


def test_signed_pictures_of_nothing_but_zeros_have_a_scale():
    plot.signed_images(np.zeros((3, 2, 2)), columns=2)
    _, axes = drawn()
    assert axes[0].images[0].get_clim() == (-1, 1)
    assert not axes[3].images


def test_paths_keep_their_proportions(rng):
    lines = {"circle": rng.random((9, 2)), "torch": torch.tensor(rng.random((4, 2)))}
    plot.paths(lines, "the point", "first", "second")
    _, (axis,) = drawn()
    assert (axis.get_title(), axis.get_xlabel(), axis.get_ylabel()) == ("the point", "first", "second")
    assert axis.get_aspect() == 1
    for line, points in zip(axis.lines, lines.values(), strict=True):
        np.testing.assert_allclose(line.get_xydata(), np.asarray(points))
    assert [text.get_text() for text in axis.get_legend().get_texts()] == list(lines)
    with pytest.raises(ValueError, match="at most 5 paths, got 6"):
        plot.paths({str(k): np.zeros((2, 2)) for k in range(6)}, "", "", "")


def test_error_bars_are_means_with_a_standard_deviation(rng):
    runs = {"a": {2: [1.0, 3.0], 8: [2.0, 2.5]}, "b": {8: [4.0, 5.0]}}
    plot.error_bars(runs, "runs", "batch size", "error (%)")
    _, (axis,) = drawn()
    lines = {bars.get_label(): bars for bars in axis.containers}
    np.testing.assert_allclose(np.array(lines["a"].lines[0].get_ydata(), float), [2.0, 2.25])
    (segments,) = lines["a"].lines[2]
    np.testing.assert_allclose([abs(s[1, 1] - s[0, 1]) / 2 for s in segments.get_segments()], [2**0.5, 0.125**0.5])
    assert [label.get_text() for label in axis.get_xticklabels()] == ["2", "8"]
    dots = sorted(y for line in axis.lines for y in line.get_ydata() if line.get_marker() == "_" and line.get_alpha())
    assert dots == [1.0, 2.0, 2.5, 3.0, 4.0, 5.0]


def test_a_block_shows_its_three_faces():
    n, place, channel = np.indices((2, 3, 4))
    plot.blocks({"one": n == 0, "other": channel == 3}, "who shares")
    _, axes = drawn()
    filled = [sum(patch.get_facecolor()[:3] != (1.0, 1.0, 1.0) for patch in axis.patches) for axis in axes]
    assert [len(axis.patches) for axis in axes] == [3 * 4 + 2 * 4 + 3 * 2] * 2
    assert filled == [3 * 4 + 4 + 3, 3 + 2 + 3 * 2]  # front, top, side
    assert place.max() == 2


def test_blocks_are_broken_into_lines():
    channel = np.indices((2, 3, 4))[2]
    plot.blocks({str(k): channel == k for k in range(3)}, "who shares", columns=2)
    figure, axes = drawn()
    assert [len(axis.patches) for axis in axes] == [3 * 4 + 2 * 4 + 3 * 2] * 3 + [0]
    assert not axes[3].axison
    assert figure.get_size_inches()[0] == 4.8
