"""The figure of a dense layer: its arithmetic in node against the package, and what a marked number reaches."""

import re

import numpy as np
import pytest
import torch

pytest.importorskip("anywidget")

from rnn_course import Dense, softmax
from rnn_course.cells import LSTMCell
from rnn_course.shapes import ShapeError
from rnn_course.widgets import DenseLayerFigure
from tests.widgets.node import in_node


def case(rng, batch, inputs, outputs, scale=1.0):
    return {
        "x": (scale * rng.standard_normal((batch, inputs))).tolist(),
        "kernel": rng.standard_normal((inputs, outputs)).tolist(),
        "bias": rng.standard_normal((1, outputs)).tolist(),
    }


def computed(tables):
    y = Dense(np.array(tables["kernel"]), np.array(tables["bias"][0]))(np.array(tables["x"]))
    return {**tables, "y": y.tolist(), "p": softmax(y).tolist()}


def names(tables):
    return [f"{t}.{r}.{c}" for t, rows in tables.items() for r, row in enumerate(rows) for c, _ in enumerate(row)]


@pytest.fixture
def figure(rng):
    return DenseLayerFigure(Dense.init(3, 4, rng=rng), rng.standard_normal((2, 3)))


def test_the_product_and_softmax_are_those_of_the_package(rng, tmp_path):
    cases = [
        case(rng, b, i, o, 1e4 if k % 3 == 0 else 1.0)
        for k, (b, i, o) in enumerate(np.ndindex(4, 3, 4), 1)
        if b * i * o
    ]
    for given, got in zip(cases, in_node(DenseLayerFigure, tmp_path, cases, "product(it)"), strict=True):
        expected = computed(given)
        for name in ("y", "p"):
            np.testing.assert_allclose(got[name], expected[name], rtol=1e-9, atol=1e-12)


def test_what_a_number_reaches_is_what_changes_with_it(rng, tmp_path):
    """And what an output is made of are the numbers that change it."""
    given = case(rng, 2, 3, 4)
    before = computed(given)
    reached = {}
    for name in names(given):
        table, row, column = name.split(".")
        moved = {key: [list(line) for line in rows] for key, rows in given.items()}
        moved[table][int(row)][int(column)] += 0.5
        after = computed(moved)
        reached[name] = {
            f"{key}.{r}.{c}"
            for key in ("y", "p")
            for r, c in np.argwhere(np.array(before[key]) != np.array(after[key]))
        }
    asked = names(before)
    related = in_node(DenseLayerFigure, tmp_path, [[before, name] for name in asked], "related(...it)")
    for name, found in zip(asked, related, strict=True):
        if name in reached:
            assert set(found) == reached[name]
        elif name.startswith("y"):
            assert set(found) == {source for source, ends in reached.items() if name in ends}
        else:
            assert set(found) == {f"y.{name.split('.')[1]}.{c}" for c in range(4)}


def test_the_words_hold_the_numbers(tmp_path):
    tables = computed({"x": [[1.0, 2.0]], "kernel": [[3.0, 0.0], [-1.0, 0.5]], "bias": [[0.25, 0.0]]})
    asked = ["y.0.0", "x.0.1", "kernel.1.0", "bias.0.1", "p.0.1"]
    y, x, kernel, bias, p = in_node(DenseLayerFigure, tmp_path, [[tables, name] for name in asked], "told(...it)")
    assert y.startswith("y[0, 0] = 1.00 × 3.00 + 2.00 × (−1.00) + 0.25 = 1.25.")
    assert x == "x[0, 1] meets row 1 of the kernel. It reaches row 0 of y and of p."
    assert "reaches column 0 of y" in kernel
    assert "bias[1] is added to column 1 of y" in bias
    assert p.startswith(f"p[0, 1] = exp(−0.25) / (exp(0.00) + exp(−0.25)) = {tables['p'][0][1]:.2f}.")


def test_the_first_frame_shows_the_numbers_of_the_package(figure):
    for table, rows in computed(figure.given).items():
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                place = rf'data-name="{table}\.{r}\.{c}"'
                number = re.search(
                    r"<text[^>]*>([^<]+)</text></g>", figure.picture[re.search(place, figure.picture).start() :]
                )
                assert float(number[1].replace("−", "-")) == pytest.approx(value, abs=0.006)
    assert "y[1]: " in figure.as_text()
    assert repr(figure) == "DenseLayerFigure(batch 2, 3 inputs, 4 outputs)"


def test_torch_gives_the_same_figure(figure):
    layer = Dense(torch.tensor(figure.given["kernel"]), torch.tensor(figure.given["bias"][0]))
    assert DenseLayerFigure(layer, torch.tensor(figure.given["x"])).picture == figure.picture


WRONG = [
    (lambda d, x: (LSTMCell.init(1, 1, rng=np.random.default_rng(0)), x), TypeError, "expected a Dense, got LSTMCell"),
    (lambda d, x: (d, x[0]), ShapeError, r"x: expected \[batch, input=3\], got \[3\]"),
    (lambda d, x: (d, x[:, :2]), ShapeError, r"got \[2, 2\]"),
    (lambda d, x: (d, x[:0]), ShapeError, r"got \[0, 3\]"),
    (lambda d, x: (d, np.repeat(x, 3, 0)), ValueError, "batch: expected at most 4, got 6"),
    (lambda d, x: (d, x * np.nan), ValueError, "x: expected finite numbers"),
    (lambda d, x: (d, "abc"), TypeError, "x: expected an array of numbers, got str"),
]


@pytest.mark.parametrize(("wrong", "error", "message"), WRONG)
def test_what_is_no_layer_or_no_batch_is_one_clear_error(rng, wrong, error, message):
    with pytest.raises(error, match=message):
        DenseLayerFigure(*wrong(Dense.init(3, 4, rng=rng), rng.standard_normal((2, 3))))


@pytest.mark.parametrize("marked", ["y", "y.0", "y.2.0", "y.0.4", "z.0.0", "y.-1.0", "y.0.0.0", ""])
def test_a_number_that_does_not_exist_is_one_clear_error(figure, marked):
    with pytest.raises(ValueError, match="marked: expected a table, a row and a column"):
        figure.marked = marked
