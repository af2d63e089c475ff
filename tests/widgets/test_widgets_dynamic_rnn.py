"""The figure of dynamic_rnn: its arithmetic in node against the package, its laws, what it accepts."""

import re

import numpy as np
import pytest

pytest.importorskip("anywidget")

from rnn_course import BasicRNNCell, GRUCell, LSTMCell, LSTMStateTuple, ShapeError, dynamic_rnn, to
from rnn_course.widgets import DynamicRNNFigure
from rnn_course.widgets.drawing import show
from rnn_course.widgets.dynamic_rnn_picture import describe, places
from tests.widgets.node import in_node


def cases(rng):
    """Batches of all sizes, both cells, some with pre-activations of ±1e4, all lengths from 0 to time."""
    for number in range(60):
        batch, time, hidden, inputs = (int(rng.integers(1, most + 1)) for most in (4, 6, 5, 5))
        kind = ("LSTMCell", "BasicRNNCell")[number % 2]
        gates = 4 if kind == "LSTMCell" else 1
        names = ("c", "h") if kind == "LSTMCell" else ("h",)
        scale = 1e4 if number % 6 == 0 else 1.0
        yield {
            "kind": kind,
            "kernel": (rng.standard_normal((inputs + hidden, gates * hidden)) * scale).tolist(),
            "bias": rng.standard_normal(gates * hidden).tolist(),
            "activation": ("tanh", "relu", "sigmoid", "linear")[number // 2 % 4] if scale == 1 else "tanh",
            "x": rng.standard_normal((batch, time, inputs)).tolist(),
            "state": {name: rng.standard_normal((batch, hidden)).tolist() for name in names},
            "lengths": rng.integers(0, time + 1, batch).tolist(),
        }


def by_the_package(case):
    kernel, bias = np.array(case["kernel"]), np.array(case["bias"])
    state = {name: np.array(part) for name, part in case["state"].items()}
    if case["kind"] == "LSTMCell":
        cell, state = LSTMCell(kernel, bias), LSTMStateTuple(**state)
    else:
        cell, state = BasicRNNCell(kernel, bias, case["activation"]), state["h"]
    outputs, final = dynamic_rnn(cell, np.array(case["x"]), state, case["lengths"])
    return outputs, final._asdict() if isinstance(final, LSTMStateTuple) else {"h": final}


def test_outputs_and_final_state_are_those_of_the_package(rng, tmp_path):
    given = list(cases(rng))
    found = in_node(DynamicRNNFigure, tmp_path, given, "dynamicRnn(it, it.x, it.state, it.lengths)")
    for case, result in zip(given, found, strict=True):
        outputs, state = by_the_package(case)
        np.testing.assert_allclose(result["outputs"], outputs, rtol=1e-9, atol=1e-12)
        for name, part in state.items():
            np.testing.assert_allclose(result[name], part, rtol=1e-9, atol=1e-12)
        for b, length in enumerate(case["lengths"]):
            assert all(value == 0 for output in result["outputs"][b][length:] for value in output), "exactly 0"
            start = {name: part[b] for name, part in case["state"].items()}
            states = [start, *result["states"][b]]
            assert all(state == states[length] for state in states[length:]), "the state is copied through"


def test_what_stands_in_the_padding_changes_nothing(rng, tmp_path):
    expression = """[it.x, withNoise(it.x, it.lengths)].map((x) => dynamicRnn(it, x, it.state, it.lengths))"""
    given = list(cases(rng))
    assert any(length < len(case["x"][0]) for case in given for length in case["lengths"])
    for plain, noisy in in_node(DynamicRNNFigure, tmp_path, given, expression):
        assert plain == noisy


def test_the_words_are_those_of_the_first_frame(rng, tmp_path):
    given = list(cases(rng))
    expression = "describe(dynamicRnn(it, it.x, it.state, it.lengths))"
    for case, words in zip(given, in_node(DynamicRNNFigure, tmp_path, given, expression), strict=True):
        assert words == describe({"outputs": by_the_package(case)[0].tolist(), "lengths": case["lengths"]})


def test_everything_stands_where_python_puts_it(tmp_path):
    given = [(b, t, h, m, major) for b, t, h in ((3, 5, 4), (1, 1, 1), (4, 6, 5)) for m in (0, 1) for major in (0, 1)]
    found = in_node(DynamicRNNFigure, tmp_path, given, "places(it[0], it[1], it[2], !!it[3], !!it[4])")
    for case, at in zip(given, found, strict=True):
        assert at == places(*case[:3], bool(case[3]), bool(case[4]))


@pytest.mark.parametrize("memory", [True, False])
@pytest.mark.parametrize("time_major", [True, False])
def test_the_shapes_it_states_are_those_of_the_package(rng, tmp_path, memory, time_major):
    batch, time, inputs, hidden = 3, 5, 2, 4
    cell = (LSTMCell if memory else BasicRNNCell).init(inputs, hidden, rng=rng, dtype="float64")
    x = rng.standard_normal((time, batch, inputs) if time_major else (batch, time, inputs))
    outputs, state = dynamic_rnn(cell, x, time_major=time_major)
    arrays = {"inputs": x, "outputs": outputs, "mask": x[..., 0]}
    arrays |= {"final_state.c": state.c, "final_state.h": state.h} if memory else {"final_state": state}
    expression = f"shapes({batch}, {time}, {inputs}, {hidden}, {str(memory).lower()}, {str(time_major).lower()})"
    (stated,) = in_node(DynamicRNNFigure, tmp_path, [0], expression)
    assert {name: tuple(map(int, re.findall(r"=(\d+)", words))) for name, words in stated} == {
        name: array.shape for name, array in arrays.items()
    }


def test_arrows_go_as_the_picture_lies(tmp_path):
    keys = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "x"]
    expression = f"{keys}.map((key) => moved([1, 2], key, [3, 4], it))"
    batch_major, time_major = in_node(DynamicRNNFigure, tmp_path, [False, True], expression)
    assert batch_major == [[0, 2], [2, 2], [1, 1], [1, 3], [1, 0], [1, 3], None]
    assert time_major == [[1, 1], [1, 3], [0, 2], [2, 2], [1, 0], [1, 3], None]


@pytest.mark.parametrize("time_major", [False, True])
def test_the_first_frame_shows_the_numbers_of_the_package(rng, time_major):
    cell, x = LSTMCell.init(3, 5, rng=rng), rng.standard_normal((2, 4, 3)).astype(np.float32)
    handed = x.swapaxes(0, 1) if time_major else x
    figure = DynamicRNNFigure(cell, handed, [4, 1], time_major=time_major)
    outputs, state = dynamic_rnn(cell, x, sequence_length=[4, 1])
    for name, value in {
        **{f"output.{b}.{t}.{k}": value for (b, t, k), value in np.ndenumerate(outputs)},
        **{f"h.{b}.{k}": value for (b, k), value in np.ndenumerate(state.h)},
        **{f"c.{b}.{k}": value for (b, k), value in np.ndenumerate(state.c)},
    }.items():
        number = re.search(rf'data-name="{re.escape(name)}"><rect[^>]*/><text[^>]*>([^<]+)<', figure.picture)[1]
        assert float(number.replace("−", "-")) == pytest.approx(float(value), abs=0.0051)
    assert f"row 1, step 3: mask 0, output [{', '.join(['0.00'] * 5)}]" in figure.as_text()
    assert f"row 0, final state: h [{', '.join(show(float(v)) for v in state.h[0])}]" in figure.as_text()
    marks = re.findall(r'data-name="mark\.\d">(.)<', figure.picture)
    assert marks == ["=", "≠"]
    found, _ = figure.run()
    np.testing.assert_allclose(found, outputs.swapaxes(0, 1) if time_major else outputs, rtol=1e-5, atol=1e-7)


def test_a_reader_who_has_a_kernel_gets_what_the_figure_shows():
    figure = DynamicRNNFigure()
    figure.lengths, figure.from_zero, figure.noise = [1, 0, 4], False, True
    shown = figure.look()
    assert shown["h"][1] == figure.other_state["h"][1], "an empty row's final state is the initial one"
    with pytest.raises(ValueError, match="lengths"):
        figure.lengths = [6, 0, 0]


def test_torch_gives_the_same_figure(rng):
    cell, x = BasicRNNCell.init(2, 3, rng=rng), rng.standard_normal((2, 4, 2)).astype(np.float32)
    state = rng.standard_normal((2, 3)).astype(np.float32)
    plain = DynamicRNNFigure(cell, x, [2, 4], initial_state=state)
    other = DynamicRNNFigure(to(cell, "torch"), to(x, "torch"), [2, 4], initial_state=to(state, "torch"))
    assert plain.picture == other.picture
    assert plain.other_state == other.other_state


def test_the_state_is_small_and_the_same_every_time():
    first, second = ({**DynamicRNNFigure().get_state(), "layout": None} for _ in range(2))
    assert first == second
    assert sum(len(str(value)) for value in first.values()) < 60_000


RNG = np.random.default_rng(0)
LSTM, X = LSTMCell.init(2, 3, rng=RNG), RNG.standard_normal((2, 4, 2))
WRONG = [
    ((GRUCell.init(2, 3, rng=RNG), X), {}, TypeError, "expected an LSTMCell or a BasicRNNCell, got GRUCell"),
    ((LSTM._replace(cell_clip=1.0), X), {}, ValueError, "without peepholes, projection or clipping"),
    ((LSTM, X[0]), {}, ShapeError, r"inputs: expected \[batch, time, input=2\], got \[4, 2\]"),
    ((LSTM, X[:, :, :1]), {"time_major": True}, ShapeError, r"\[time, batch, input=2\], got \[2, 4, 1\]"),
    ((LSTM, X * np.inf), {}, ValueError, "inputs: expected finite numbers"),
    ((LSTM, np.zeros((5, 4, 2))), {}, ValueError, "batch: expected 1 to 4, got 5"),
    ((LSTM, np.zeros((2, 7, 2))), {}, ValueError, "time: expected 1 to 6, got 7"),
    ((LSTM, np.zeros((2, 0, 2))), {}, ValueError, "time: expected 1 to 6, got 0"),
    ((LSTMCell.init(2, 6, rng=RNG), X), {}, ValueError, "hidden: expected 1 to 5, got 6"),
    ((LSTM, X, [4]), {}, ShapeError, "lengths"),
    ((LSTM, X, [5, 1]), {}, ValueError, "lengths"),
    ((LSTM, X, [-1, 1]), {}, ValueError, "lengths"),
    ((LSTM, X), {"initial_state": np.zeros((2, 3))}, TypeError, r"expected an LSTMStateTuple\(c=…, h=…\), got ndarray"),
    ((LSTM, X), {"initial_state": LSTM.zero_state(3)}, ShapeError, r"\[batch=2, hidden=3\], got \[3, 3\]"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "options", "error", "message"), WRONG)
def test_what_cannot_be_drawn_is_one_clear_error(arguments, options, error, message):
    with pytest.raises(error, match=message):
        DynamicRNNFigure(*arguments, **options)
