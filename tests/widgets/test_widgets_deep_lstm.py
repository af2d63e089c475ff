"""The figure of a deep LSTM: every expression and shape that it states, evaluated on the package's own arrays."""

import re
from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("anywidget")

from rnn_course import GRUCell, LSTMCell, MultiRNNCell, dynamic_rnn, parameters
from rnn_course.tree import leaves
from rnn_course.widgets import DeepLSTMFigure
from rnn_course.widgets.deep_lstm_parts import parameters_of, parts
from tests.widgets.node import in_node

ARTICLE = (128, (100, 400, 300))
STACKS = pytest.mark.parametrize("widths", [ARTICLE, (2, (3, 5)), (4, (6,)), (3, (7, 7, 7))], ids=str)


def stack_of(widths, rng):
    input_size, sizes = widths
    return MultiRNNCell([LSTMCell.init(a, b, rng=rng, dtype="float64") for a, b in pairwise((input_size, *sizes))])


def everything(stack, rng, batch, time):
    """All names that the expressions of the parts may use."""
    inputs = rng.standard_normal((batch, time, stack.input_size))
    state = initial_state = stack.zero_state(batch)
    output, new_state = stack(inputs[:, 0], state)
    outputs, final_state = dynamic_rnn(stack, inputs, initial_state)
    return {**locals(), "x": inputs[:, 0], "dynamic_rnn": dynamic_rnn}


@STACKS
def test_every_shape_is_that_of_the_array(rng, tmp_path, widths):
    batch, time = 2, 4
    stack = stack_of(widths, rng)
    names = everything(stack, rng, batch, time)
    found = parts(*widths)
    views = [view for part in found for view in (part.step, part.whole)]
    stated = in_node(DeepLSTMFigure, tmp_path, [view.shape for view in views], f"written(it, {batch}, {time})")
    for view, words in zip(views, stated, strict=True):
        value = eval(view.expression, dict(names))
        if isinstance(value, tuple):
            assert words == ""
        else:
            assert words == str(list(value.shape)), view.expression


@STACKS
def test_what_is_marked_together_is_the_same_or_a_part(rng, widths):
    names = everything(stack_of(widths, rng), rng, 2, 4)
    for part in parts(*widths):
        value = eval(part.step.expression, dict(names))
        others = [next(one for one in parts(*widths) if one.name == name) for name in part.also]
        arrays = [eval(other.step.expression, dict(names)) for other in others]
        if isinstance(value, tuple):
            for one, other in zip(leaves(value), arrays, strict=True):
                assert one is other
        else:
            for other in arrays:
                assert value is other, "the same numbers, and no copy"


def test_the_laws_of_the_words_hold(rng):
    names = everything(stack_of((2, (3, 5)), rng), rng, 2, 4)
    outputs, final_state = names["outputs"], names["final_state"]
    np.testing.assert_array_equal(outputs[:, -1], final_state[1].h)
    words = {part.name: part.whole.words for part in parts(2, (3, 5))}
    assert "For full rows it is outputs[:, -1]." in words["out1.h"]
    assert "It is not in outputs" in words["out0.h"]


@STACKS
def test_parameters_are_counted_as_the_package_does(rng, widths):
    stack = stack_of(widths, rng)
    assert DeepLSTMFigure(stack).parameters == parameters_of(*widths) == parameters(stack)
    for k, layer in enumerate(stack.cells):
        words = next(part.step.words for part in parts(*widths) if part.name == f"kernel{k}")
        assert f"these are {parameters(layer):,} parameters" in words


def test_the_article_s_stack_is_the_default():
    figure = DeepLSTMFigure()
    assert (figure.input_size, tuple(figure.sizes), figure.parameters) == (*ARTICLE, 1_734_400)
    assert "widths of 100, 400 and 300 could not share one array" in figure.as_text()
    assert "output [10, 300]" in figure.picture
    assert "outputs [4, 28, 300]" in DeepLSTMFigure(batch=4, over_time=True).picture


def test_every_part_stands_in_the_picture_once():
    for over_time in (False, True):
        figure = DeepLSTMFigure(over_time=over_time)
        drawn = re.findall(r'data-part="([^"]+)"', figure.picture)
        assert sorted(drawn) == sorted(part["name"] for part in figure.parts)
        assert figure.picture.count("rc-on") == 1
        assert figure.picture.count("rc-same") == 1
        assert ("rc-over-time" in figure.picture) == over_time


def test_arrow_keys_lead_to_every_part(tmp_path):
    at = {"x": [5, 30], "in0": [0, 20], "layer": [5, 20], "out": [10, 20], "up": [5.5, 10], "far": [10, 0]}
    keys = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "a"]
    expression = f"{keys}.map((key) => towards(it, 'layer', key))"
    assert in_node(DeepLSTMFigure, tmp_path, [at], expression) == [["in0", "out", "up", "x", None]]
    assert in_node(DeepLSTMFigure, tmp_path, [at], "inOrder(it)") == [["x", "in0", "layer", "out", "up", "far"]]
    (seen,) = in_node(
        DeepLSTMFigure,
        tmp_path,
        [at],
        """(() => {
          const seen = ["x"];
          for (const from of seen)
            for (const key of ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]) {
              const to = towards(it, from, key);
              if (!seen.includes(to)) seen.push(to);
            }
          return seen;
        })()""",
    )
    assert sorted(seen) == sorted(at)


def test_the_state_is_small_and_the_same_every_time():
    first, second = ({**DeepLSTMFigure().get_state(), "layout": None} for _ in range(2))
    assert first == second
    assert sum(len(str(value)) for value in first.values()) < 60_000


RNG = np.random.default_rng(0)
STACK = stack_of((2, (3, 5)), RNG)
WRONG = [
    ({"cell": STACK.cells[0]}, TypeError, "expected a MultiRNNCell, got LSTMCell"),
    ({"cell": MultiRNNCell([GRUCell.init(2, 3, rng=RNG)])}, TypeError, "plain LSTMCells, got a GRUCell"),
    ({"cell": stack_of((2, (3,) * 5), RNG)}, ValueError, "layers: expected at most 4, got 5"),
    ({"cell": stack_of((2, (1000,)), RNG)}, ValueError, r"at most 999 units, got \[2, 1000\]"),
    ({"batch": 0}, ValueError, "batch"),
    ({"batch": 65}, ValueError, "batch: expected at most 64, got 65"),
    ({"time": 100}, ValueError, "time: expected at most 99, got 100"),
    ({"chosen": "out3.h"}, ValueError, "chosen: expected one of x, in0.c, .*, got 'out3.h'"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "error", "message"), WRONG)
def test_what_cannot_be_drawn_is_one_clear_error(options, error, message):
    with pytest.raises(error, match=message):
        DeepLSTMFigure(**options)
