"""The figures of answers show the numbers that they are given."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from rnn_course import plot_answers

from ..training.test_results import RECORD


@pytest.fixture(autouse=True)
def figures(monkeypatch):
    matplotlib.use("agg")
    monkeypatch.setattr(plt, "show", lambda: None)
    yield
    plt.close("all")


def test_a_confusion_matrix_shows_each_count_in_its_cell_and_colours_only_errors():
    matrix = np.array([[5, 0, 2], [1, 7, 0], [0, 0, 9]])
    plot_answers.confusion(matrix, "three")
    axis = plt.gcf().axes[0]
    texts = {(round(t.get_position()[1]), round(t.get_position()[0])): t.get_text() for t in axis.texts}
    assert texts == {(0, 0): "5", (0, 2): "2", (1, 0): "1", (1, 1): "7", (2, 2): "9"}
    np.testing.assert_array_equal(axis.images[0].get_array(), matrix - np.diag([5, 7, 9]))
    assert (axis.get_xlabel(), axis.get_ylabel(), axis.get_title()) == ("answer", "label", "three")


def test_side_by_side_has_a_panel_a_quantity_and_a_line_a_name():
    plot_answers.side_by_side(
        {"a": {"x": [1, 3], "y": [2]}, "b": {"y": [10.0, 1000.0]}}, "both", log=("b",), from_zero=("a",)
    )
    first, second = plt.gcf().axes
    assert [axis.get_xlabel() for axis in (first, second)] == ["a", "b"]
    assert [axis.get_xscale() for axis in (first, second)] == ["linear", "log"]
    assert first.get_xlim()[0] == 0
    assert first.get_xlim()[1] > 3 + 0.04 * 3  # no mark is cut at the edge
    dots = {tuple(line.get_ydata()): line.get_xdata().tolist() for line in first.lines if line.get_marker() == "|"}
    assert dots[0, 0] == [1, 3]
    assert dots[1,] == [2]
    assert [text.get_text() for text in first.get_yticklabels()] == ["x", "y"]
    mean = next(line for line in second.lines if line.get_marker() == "o")
    assert (mean.get_xdata().tolist(), mean.get_ydata().tolist()) == ([505], [1])


def test_panels_can_share_their_scale():
    plot_answers.side_by_side({"a": {"x": [1.0]}, "b": {"x": [50.0]}}, "one scale", one_scale=True)
    first, second = plt.gcf().axes
    assert first.get_xlim() == second.get_xlim()


def test_the_errors_of_runs_have_a_line_a_recipe_and_a_mark_a_run():
    runs = [
        RECORD._replace(recipe="rnn", backend="torch", final_accuracy=0.9, test_examples=100),
        RECORD._replace(recipe="gru", backend="numpy", final_accuracy=0.96, test_examples=400),
        RECORD._replace(recipe="gru", backend="torch", final_accuracy=0.98, test_examples=400),
        RECORD._replace(recipe="gru", backend="torch", final_accuracy=0.97, test_examples=400, seed=1),
    ]
    plot_answers.errors_of_runs(runs, "four runs")
    axis = plt.gcf().axes[0]
    assert [text.get_text() for text in axis.get_yticklabels()] == ["gru", "rnn"]
    marks = {bars.get_label(): bars.lines[0].get_xydata() for bars in axis.containers}
    np.testing.assert_allclose(marks["NumPy"][:, 0], [4])
    np.testing.assert_allclose(marks["Torch"][:, 0], [10, 2, 3])
    assert np.rint(marks["Torch"][:, 1]).tolist() == [1, 0, 0]
    bars = {box.get_label(): box.lines[2][0].get_segments() for box in axis.containers}
    np.testing.assert_allclose(bars["Torch"][0][:, 0], [7, 13])  # 10 ± 100·√(0.9·0.1/100)
