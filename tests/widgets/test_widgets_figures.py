"""The figures on the Python side: what they accept, what they store, what a reader without scripts gets."""

import re
from html import escape

import numpy as np
import pytest
import torch

pytest.importorskip("anywidget")

from rnn_course import BasicRNNCell, LSTMCell, dynamic_rnn, to
from rnn_course.shapes import ShapeError
from rnn_course.widgets import Figure, LSTMCellFigure, UnrolledRNN
from rnn_course.widgets.drawing import show


@pytest.fixture
def cell(rng):
    return BasicRNNCell.init(2, 3, rng=rng)


@pytest.fixture
def inputs(rng):
    return rng.standard_normal((4, 2))


@pytest.fixture
def one_unit(rng):
    return LSTMCell.init(1, 1, rng=rng, dtype="float64")


@pytest.fixture
def figures(cell, inputs, one_unit):
    return [UnrolledRNN(cell, inputs, step=2), LSTMCellFigure(), LSTMCellFigure(one_unit)]


def shown(figure, monkeypatch):
    """What the figure displays, output by output."""
    outputs = []
    monkeypatch.setattr("IPython.display.display", lambda data, **options: outputs.append(data))
    figure._ipython_display_()
    return outputs


def test_the_state_carries_one_module_and_one_style_sheet(figures):
    for figure in figures:
        state = figure.get_state()
        assert state["_esm"].endswith("\nexport default { render };\n")
        assert not re.search(r"^import ", state["_esm"], re.MULTILINE)
        assert "export function mount(" in state["_esm"]
        assert "--rc-input:" in state["_css"]
        assert state["picture"].startswith("<svg ")


def test_the_stored_state_is_small_and_the_same_every_time(cell, inputs):
    for make in (lambda: UnrolledRNN(cell, inputs), LSTMCellFigure):
        first, second = ({**make().get_state(), "layout": None} for _ in range(2))
        assert first == second
        assert sum(len(str(value)) for value in first.values()) < 60_000


def test_there_is_a_first_frame_before_the_live_figure(figures, monkeypatch):
    for figure in figures:
        frame, live = shown(figure, monkeypatch)
        assert set(frame) == {"text/html", "text/plain"}
        assert 'role="img" aria-label="' in frame["text/html"]
        assert "<script" not in frame["text/html"]
        assert f'<pre class="rc-words">{escape(figure.as_text())}</pre>' in frame["text/html"]
        assert not re.search(r"\sid=|https?:|0x[0-9a-f]{6,}", frame["text/html"])
        assert live["text/plain"] == repr(figure)
        assert "application/vnd.jupyter.widget-view+json" in live


def test_the_first_frame_shows_the_numbers_of_the_package(cell, inputs):
    figure = UnrolledRNN(cell, inputs)
    outputs, _ = dynamic_rnn(to(cell, "numpy"), inputs[None].astype(np.float32))
    for step, row in enumerate(outputs[0]):
        for unit, value in enumerate(row):
            for name in (f"output.{step}.{unit}", f"new.{step}.{unit}"):
                place = rf'data-name="{re.escape(name)}"><rect[^>]*/><text[^>]*>([^<]+)<'
                assert float(re.search(place, figure.picture)[1].replace("−", "-")) == pytest.approx(value, abs=0.006)
            assert show(float(value))[:4] in figure.as_text()


def test_torch_and_a_batch_of_one_give_the_same_figure(cell, inputs):
    plain = UnrolledRNN(cell, inputs, np.ones(3))
    other = UnrolledRNN(to(cell, "torch"), torch.tensor(inputs)[None], torch.ones(1, 3))
    assert plain.picture == other.picture
    unit = to(LSTMCell.init(1, 1, rng=np.random.default_rng(1)), "torch")
    assert LSTMCellFigure(unit).bias == [0, 0, 1, 0], "the forget bias is in the bias"


def test_an_initial_state_comes_in_at_step_0(cell, inputs):
    figure = UnrolledRNN(cell, inputs, [0.25, -0.5, 0.75])
    assert "step 0: x" in figure.as_text()
    assert "old h [0.25, −0.50, 0.75]" in figure.as_text().splitlines()[1]


def test_traits_out_of_range_are_refused(cell, inputs):
    figure = UnrolledRNN(cell, inputs)
    with pytest.raises(ValueError, match="step: expected a number from 0 to 3, got 4"):
        figure.step = 4


RNG = np.random.default_rng(0)
WRONG_RNN = [
    (lambda c, x: (LSTMCell.init(2, 3, rng=RNG), x), TypeError, "expected a BasicRNNCell, got LSTMCell"),
    (lambda c, x: (None, x), TypeError, "expected a BasicRNNCell, got NoneType"),
    (lambda c, x: (c, x[:, :1]), ShapeError, r"inputs: expected one sequence, \[time, input=2\] .* got \[4, 1\]"),
    (lambda c, x: (c, x[:0]), ShapeError, r"at least one step, got \[0, 2\]"),
    (lambda c, x: (c, x[0]), ShapeError, r"got \[2\]"),
    (lambda c, x: (c, np.stack([x, x])), ShapeError, r"got \[2, 4, 2\]"),
    (lambda c, x: (c, x * np.nan), ValueError, "inputs: expected finite numbers"),
    (lambda c, x: (c._replace(bias=c.bias + np.inf), x), ValueError, "cell.bias: expected finite numbers"),
    (lambda c, x: (c, np.repeat(x, 2, 0)), ValueError, "time: expected at most 6, got 8"),
    (lambda c, x: (BasicRNNCell.init(2, 4, rng=RNG), x), ValueError, "hidden: expected at most 3, got 4"),
    (lambda c, x: (c, x, np.zeros(2)), ShapeError, r"initial_state: expected \[hidden=3\] or \[1, 3\], got \[2\]"),
    (lambda c, x: (c, x, [np.nan] * 3), ValueError, "initial_state: expected finite numbers"),
    (lambda c, x: (c, "abc"), TypeError, "inputs: expected an array of numbers, got str"),
    (lambda c, x: (c, [[1.0, 2.0], [3.0]]), TypeError, "inputs: expected an array of numbers, got list"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "error", "message"), WRONG_RNN)
def test_what_is_no_cell_or_no_sequence_is_one_clear_error(cell, inputs, wrong, error, message):
    with pytest.raises(error, match=message):
        UnrolledRNN(*wrong(cell, inputs))


@pytest.mark.parametrize("step", [-1, 4])
def test_a_step_that_does_not_exist_is_one_clear_error(cell, inputs, step):
    with pytest.raises(ValueError, match=f"step: expected a number from 0 to 3, got {step}"):
        UnrolledRNN(cell, inputs, step=step)


WRONG_LSTM = [
    (lambda c: BasicRNNCell.init(1, 1, rng=RNG), {}, TypeError, "expected an LSTMCell, got BasicRNNCell"),
    (lambda c: "cell", {}, TypeError, "expected an LSTMCell, got str"),
    (lambda c: LSTMCell.init(3, 5, rng=RNG), {}, ShapeError, r"one unit, .* got \[8, 20\] and \[20\]"),
    (lambda c: c._replace(cell_clip=1.0), {}, ValueError, "without peepholes, projection or clipping"),
    (lambda c: c._replace(kernel=c.kernel * np.nan), {}, ValueError, "cell.kernel: expected finite numbers"),
    (lambda c: c, {"c": np.inf}, ValueError, "c: expected finite numbers"),
    (lambda c: c, {"x": np.nan}, ValueError, "x: expected finite numbers"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "options", "error", "message"), WRONG_LSTM)
def test_what_is_no_unit_is_one_clear_error(one_unit, wrong, options, error, message):
    with pytest.raises(error, match=message):
        LSTMCellFigure(wrong(one_unit), **options)


def test_a_figure_without_a_first_frame_says_so():
    class Nothing(Figure):
        _esm = "export default { render() {} };"

    for method in (Nothing().first_frame, Nothing().as_text):
        with pytest.raises(NotImplementedError):
            method()
