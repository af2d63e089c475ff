"""The figure of a convolution: its arithmetic in node against the package, what it accepts, what it shows first."""

import re

import numpy as np
import pytest
import torch

pytest.importorskip("anywidget")

from rnn_course import Conv2D, ShapeError, load_digits, output_size, same_padding, to
from rnn_course.widgets import Convolution
from rnn_course.widgets.convolution import convolved, look
from rnn_course.widgets.convolution_picture import describe, ink
from tests.widgets.node import in_node


def cases(rng):
    """Images and kernels of all sizes, both paddings, all strides; every output once."""
    for number in range(60):
        rows, columns = (int(n) for n in rng.integers(3, 12, 2))
        kernel = rng.standard_normal(rng.integers(1, 4, 2)) * (1e3 if number % 7 == 0 else 1)
        padding, stride = ("SAME", "VALID")[number % 2], number % 3 + 1
        case = {"image": rng.random((rows, columns)).tolist(), "kernel": kernel.tolist(), "bias": rng.standard_normal()}
        yield {**case, "padding": padding, "stride": stride}


def of(case):
    return np.array(case["image"]), np.array(case["kernel"]), case["bias"], case["padding"], case["stride"]


def test_the_output_is_that_of_the_package(rng, tmp_path):
    given = list(cases(rng))
    for case, y in zip(given, in_node(Convolution, tmp_path, given, "convolve(it)"), strict=True):
        np.testing.assert_allclose(y, convolved(*of(case)), rtol=1e-9, atol=1e-9)


def test_sizes_and_zeros_are_those_of_the_package(tmp_path):
    given = [(n, k, s) for n in range(3, 13) for k in (1, 2, 3) for s in (1, 2, 3)]
    expression = "[outputSize(...it, 'SAME'), outputSize(...it, 'VALID'), samePadding(...it)]"
    for (n, k, s), (same, valid, zeros) in zip(given, in_node(Convolution, tmp_path, given, expression), strict=True):
        assert (same, valid) == (output_size(n, k, s, "SAME"), output_size(n, k, s, "VALID"))
        assert tuple(zeros) == same_padding(n, k, s)


def test_one_output_and_its_window_are_those_of_the_picture(rng, tmp_path):
    given = []
    for case in cases(rng):
        y = convolved(*of(case))
        given.append({**case, "at": [int(rng.integers(size)) for size in y.shape]})
    expression = "(({ ...n }) => ({ n, words: describe(n) }))(look(it, ...it.at))"
    for case, result in zip(given, in_node(Convolution, tmp_path, given, expression), strict=True):
        expected, got = look(*of(case), *case["at"]), result["n"]
        assert {name: got[name] for name in ("row", "column", "top", "left", "inside")} == {
            name: expected[name] for name in ("row", "column", "top", "left", "inside")
        }
        for name in ("window", "products", "sum", "y"):
            np.testing.assert_allclose(got[name], expected[name], rtol=1e-9, atol=1e-9)
        assert result["words"] == describe(expected)


def test_every_output_is_nearest_to_the_middle_of_its_window(rng, tmp_path):
    given = [{**case, "at": [i, j]} for case in cases(rng) for i, j in np.ndindex(*convolved(*of(case)).shape)]
    expression = """(() => {
      const one = look(it, ...it.at);
      return nearest(it, one.top + (it.kernel.length - 1) / 2, one.left + (it.kernel[0].length - 1) / 2);
    })()"""
    assert in_node(Convolution, tmp_path, given, expression) == [case["at"] for case in given]


def test_keys_move_the_window_and_stop_at_the_edges(tmp_path):
    keys = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "x"]
    found = in_node(Convolution, tmp_path, [[1, 1], [0, 2]], f"{keys}.map((key) => moved(it, key, [2, 3]))")
    assert found[0] == [[0, 1], [1, 1], [1, 0], [1, 2], [0, 0], [1, 2], None]
    assert found[1] == [[0, 2], [1, 2], [0, 1], [0, 2], [0, 0], [1, 2], None]


def test_amounts_are_drawn_as_in_python(rng, tmp_path):
    values = [0, 1, -1, 0.5, -0.25, *rng.uniform(-1, 1, 50).round(6).tolist()]
    for value, drawn in zip(values, in_node(Convolution, tmp_path, values, "ink(4, 26, it)"), strict=True):
        expected = dict(re.findall(r'(\S+)="([^"]*)"', ink(4, 26, value)))
        expected.pop("class")
        for name in ("x", "y", "width", "height"):
            assert float(drawn[name]) == pytest.approx(float(expected[name]), abs=0.011)
        styles = [[float(number) for number in re.findall(r"[\d.]+", one["style"])] for one in (drawn, expected)]
        assert styles[0] == pytest.approx(styles[1], abs=0.011)


def test_the_odd_zero_goes_after_and_is_told(tmp_path):
    case = {"image": [[0] * 8] * 6, "kernel": [[1] * 3] * 3, "bias": 0, "padding": "SAME", "stride": 2}
    (same, valid) = in_node(Convolution, tmp_path, [case, {**case, "padding": "VALID"}], "explain(it)")
    assert same == [
        "rows: ceil(6 / 2) = 3; zeros before 0, after 1: the odd zero goes after.",
        "columns: ceil(8 / 2) = 4; zeros before 0, after 1: the odd zero goes after.",
    ]
    assert valid == [
        "rows: ceil((6 − 3 + 1) / 2) = 2; no zeros; the last one is in no window.",
        "columns: ceil((8 − 3 + 1) / 2) = 3; no zeros; the last one is in no window.",
    ]


def test_the_first_frame_shows_the_numbers_of_the_package(rng):
    image, kernel = rng.random((5, 7)), rng.standard_normal((2, 3))
    figure = Convolution(image, {"mine": kernel}, padding="VALID", stride=2, row=1, column=2)
    layer = Conv2D(kernel[:, :, None, None], np.zeros(1), 2, "VALID")
    y = layer(image[None, :, :, None])[0, :, :, 0]
    np.testing.assert_array_equal(figure.output, y)
    number = re.search(r'data-name="y"><rect[^>]*/><text[^>]*>([^<]+)<', figure.picture)[1].replace("−", "-")
    assert float(number) == pytest.approx(y[1, 2], abs=0.006)
    assert "5 × 7 pixels become 2 × 3 outputs" in figure.as_text()
    assert figure.picture.count('class="rc-made"') == 35
    assert len(re.findall(r'class="rc-made" data-at="[^"]*">', figure.picture)) == 6, "the others are hidden"


def test_a_layer_brings_its_filters_its_padding_and_its_stride(rng):
    layer = Conv2D.init(1, 4, rng=rng, stride=2, padding="VALID")._replace(bias=np.arange(4.0))
    for one in (layer, to(layer, "torch")):
        figure = Convolution(torch.rand(1, 6, 9, 1), one)
        assert (figure.padding, figure.stride, figure.bias) == ("VALID", 2, 0.0)
        assert [name for name, _, _ in figure.kernels] == [f"filter {k}" for k in range(4)]
        assert figure.kernels[3][2] == 3.0
        np.testing.assert_allclose(figure.kernels[2][1], layer.kernel[:, :, 0, 2])


def test_the_state_is_small_and_the_same_every_time():
    first, second = ({**Convolution().get_state(), "layout": None} for _ in range(2))
    assert first == second
    assert sum(len(str(value)) for value in first.values()) < 75_000


IMAGE = load_digits(8).test.images[0]
WRONG = [
    ({"image": np.zeros((2, 8, 8))}, ShapeError, r"image: expected one grey image, .* got \[2, 8, 8\]"),
    ({"image": np.zeros((0, 8))}, ShapeError, r"got \[0, 8\]"),
    ({"image": np.zeros((28, 28))}, ValueError, r"at most 12 rows and columns, got \[28, 28\]"),
    ({"image": IMAGE * 2}, ValueError, "image: expected values from 0 to 1, got 0 to 2"),
    ({"image": IMAGE * np.nan}, ValueError, "image: expected finite numbers"),
    ({"image": "digit"}, TypeError, "image: expected an array of numbers, got str"),
    ({"kernels": []}, TypeError, "expected a dictionary of kernels or a Conv2D, got list"),
    ({"kernels": {}}, TypeError, "expected a dictionary of kernels"),
    ({"kernels": {"a": [1, 2]}}, ShapeError, r"kernels\['a'\]: expected \[rows, columns\]"),
    ({"kernels": {"a": np.ones((2, 2)), "b": np.ones((2, 3))}}, ShapeError, r"kernels\['b'\]: .* \[2, 2\], got"),
    ({"kernels": {"a": np.ones((4, 4))}}, ValueError, r"at most 3 × 3, got \[4, 4\]"),
    ({"kernels": {str(k): np.ones((2, 2)) for k in range(9)}}, ValueError, "at most 8, got 9"),
    ({"kernels": Conv2D.init(2, 3, rng=np.random.default_rng(0))}, ShapeError, r"one channel, .* got \[3, 3, 2, 3\]"),
    ({"kernels": Conv2D.init(1, 3, rng=np.random.default_rng(0), dilation=2)}, ValueError, "without dilation"),
    ({"kernels": Conv2D.init(1, 3, rng=np.random.default_rng(0), stride=(1, 2))}, ValueError, "one stride"),
    ({"padding": "same"}, ValueError, "padding: expected 'SAME' or 'VALID'"),
    ({"stride": 4}, ValueError, "stride: expected 1, 2 or 3, got 4"),
    ({"stride": 2, "row": 4}, ValueError, "row: expected the number of an output, from 0 to 3, got 4"),
    ({"column": -1}, ValueError, "column: expected the number of an output, from 0 to 7, got -1"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "error", "message"), WRONG)
def test_what_cannot_be_drawn_is_one_clear_error(options, error, message):
    with pytest.raises(error, match=message):
        Convolution(**options)
