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


def test_learning_curves_have_a_line_for_each_history():
    plot.learning_curves({"LSTM": HISTORY, "dense": HISTORY[:1]}, "curves")
    _, (loss, accuracy) = drawn()
    assert loss.lines[0].get_ydata().tolist() == [2.0, 1.0]
    assert accuracy.lines[0].get_ydata().tolist() == [0.5, 0.9]
    assert [text.get_text() for text in accuracy.get_legend().get_texts()] == ["LSTM", "dense"]
    assert "nats" in loss.get_ylabel()


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
