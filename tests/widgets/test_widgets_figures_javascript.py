"""The arithmetic of the figures in the browser's language, run in node and compared with the package."""

import numpy as np
import pytest

pytest.importorskip("anywidget")

from rnn_course import BasicRNNCell, LSTMCell, LSTMStateTuple, dynamic_rnn
from rnn_course.widgets import LSTMCellFigure, UnrolledRNN
from rnn_course.widgets.drawing import show, tint
from rnn_course.widgets.lstm_cell import numbers
from rnn_course.widgets.lstm_picture import describe
from tests.widgets.node import in_node

NUMBERS = [0.0, -0.0, 0.004, -0.004, 0.005, 0.125, -0.125, 0.995, 1.005, 12.345, 999.99, 999.996, 1000.4, -54321.0,
           99999.4, 1e5, -1.26e12, 3e-300, 1e300]  # fmt: skip
ACTIVATIONS = ("linear", "relu", "sigmoid", "tanh")


def rnn_cases(rng):
    """Random cells and sequences of every size, some with pre-activations of ±1e4."""
    for number in range(60):
        inputs, hidden, time = rng.integers(1, 4), rng.integers(1, 4), rng.integers(1, 7)
        size = 1e4 if number % 5 == 0 else 1.0
        yield {
            "kernel": (rng.standard_normal((inputs + hidden, hidden)) * size).tolist(),
            "bias": rng.standard_normal(hidden).tolist(),
            "activation": ACTIVATIONS[number % 4],
            "x": rng.standard_normal((time, inputs)).tolist(),
            "h": rng.standard_normal(hidden).tolist(),
        }


def test_unrolling_agrees_with_the_package(rng, tmp_path):
    cases = list(rnn_cases(rng))
    results = in_node(UnrolledRNN, tmp_path, cases, "unroll(it, it.x, it.h)")
    for case, steps in zip(cases, results, strict=True):
        cell = BasicRNNCell(np.array(case["kernel"]), np.array(case["bias"]), case["activation"])
        x, h = np.array([case["x"]]), np.array([case["h"]])
        outputs, state = dynamic_rnn(cell, x, h)
        new = np.array([step["new"] for step in steps])
        np.testing.assert_allclose(new, outputs[0], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(new[-1], state[0], rtol=1e-9, atol=1e-12)
        np.testing.assert_array_equal([step["old"] for step in steps], [case["h"], *new[:-1].tolist()])
        z = np.concatenate([x[0], np.array([step["old"] for step in steps])], axis=1) @ cell.kernel + cell.bias
        np.testing.assert_allclose([step["z"] for step in steps], z, rtol=1e-9, atol=1e-9 * np.abs(z).max())


def test_an_lstm_step_agrees_with_the_package(rng, tmp_path):
    cases = []
    for number in range(80):
        size = 1e4 if number % 4 == 0 else 1.0
        kernel, bias = rng.standard_normal((2, 4)) * size, rng.standard_normal(4) * size
        x, h, c = rng.standard_normal(3)
        cases.append({"kernel": kernel.tolist(), "bias": bias.tolist(), "x": x, "h": h, "c": c})
    cases += [
        {"kernel": [[a] * 4, [0] * 4], "bias": [0] * 4, "x": 1, "h": 0, "c": c} for a in (1e4, -1e4) for c in (2, -2)
    ]
    expression = "(({ ...n }) => ({ n, words: describe(n) }))(step(it, it.x, it.h, it.c))"
    for case, result in zip(cases, in_node(LSTMCellFigure, tmp_path, cases, expression), strict=True):
        cell = LSTMCell(np.array(case["kernel"], float), np.array(case["bias"], float))
        state = LSTMStateTuple(c=np.array([[float(case["c"])]]), h=np.array([[float(case["h"])]]))
        output, new = cell(np.array([[float(case["x"])]]), state)
        got = result["n"]
        assert got["new.h"] == pytest.approx(float(output[0, 0]), rel=1e-9, abs=1e-15)
        assert got["new.c"] == pytest.approx(float(new.c[0, 0]), rel=1e-9, abs=1e-15)
        expected = numbers(cell, *(float(case[name]) for name in "xhc"))
        assert got == pytest.approx(expected, rel=1e-9, abs=1e-12)
        assert got["kept"] + got["written"] == got["new.c"]
        assert result["words"] == describe(got)


def test_numbers_are_written_as_in_python(tmp_path):
    values = [*NUMBERS, *(-value for value in NUMBERS), *np.random.default_rng(3).normal(0, 300, 500).round(4).tolist()]
    results = in_node(UnrolledRNN, tmp_path, values, "[show(it), Number(tint(it))]")
    assert [text for text, _ in results] == [show(value) for value in values]
    np.testing.assert_allclose([size for _, size in results], [float(tint(value)) for value in values], atol=0.0101)
    (special,) = in_node(UnrolledRNN, tmp_path, [0], "[NaN, Infinity, -Infinity].map(show)")
    assert special == [show(float(name)) for name in ("nan", "inf", "-inf")] == ["NaN", "∞", "−∞"]


def test_a_change_reaches_what_comes_after_and_nothing_before(rng, tmp_path):
    cases = list(rnn_cases(rng))
    for case in cases:
        case["activation"] = "tanh"
        case["at"] = int(rng.integers(len(case["x"])))
    expression = """(() => {
      const other = it.x.map((row, t) => (t === it.at ? row.map((value) => value + 0.5) : row));
      const [before, after] = [it.x, other].map((x) => named(unroll(it, x, it.h)));
      return [changed(before, after), reached(it.x, other), reached(it.x, it.x)];
    })()"""
    for case, (names, words, none) in zip(cases, in_node(UnrolledRNN, tmp_path, cases, expression), strict=True):
        place = {(name.split(".")[0], int(name.split(".")[1])) for name in names}
        assert min(step for _, step in place) == case["at"]
        assert ("old", case["at"]) not in place
        assert {f"x.{case['at']}.{k}" for k in range(len(case["x"][0]))} <= set(names)
        assert f"You changed an input of step {case['at']}." in words
        assert none == ""


def test_keys_lead_from_step_to_step(tmp_path):
    keys = ["ArrowRight", "ArrowLeft", "Home", "End", "x"]
    results = in_node(UnrolledRNN, tmp_path, [0, 2, 3], f"{keys}.map((key) => stepped(it, key, 4))")
    assert results == [[1, 0, 0, 3, None], [3, 1, 0, 3, None], [3, 2, 0, 3, None]]


@pytest.mark.parametrize(
    ("bias", "words"),
    [
        ([-8, 0, 8, 0], "c′ ≈ c, whatever"),
        ([8, 0, -8, 0], "c′ ≈ tanh(j)"),
        ([8, 0, 8, 0], "can grow beyond 1"),
        ([-8, 0, -8, 0], "c′ ≈ 0"),
        ([0, 0, 0, 0], "half open"),
    ],
)
def test_the_corners_of_the_gates_are_told(tmp_path, bias, words):
    case = {"kernel": [[0.1] * 4, [0.1] * 4], "bias": bias}
    (said,) = in_node(LSTMCellFigure, tmp_path, [case], "happening(step(it, 0.5, 0.5, 0.5))")
    assert words in said
