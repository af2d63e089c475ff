"""The layers' fast ways in NumPy against the same layers on tensors, where the readable lines run; gradients too."""

import numpy as np
import pytest

from rnn_course import Conv2D, GroupNorm, MaxPool2D, to, to_numpy
from rnn_course.kernels import blocks, convolution

from ..helpers import assert_trees_close, random_like

CONVOLUTIONS = [
    ((3, 7, 8, 9), {"size": (3, 3)}),
    ((2, 9, 7, 16), {"size": (5, 2), "stride": (2, 3)}),
    ((2, 6, 7, 9), {"size": (2, 4), "padding": "VALID"}),
    ((2, 9, 8, 8), {"size": (3, 4), "stride": (2, 1), "padding": "VALID"}),
    ((4, 5, 3, 8), {"size": (1, 1), "padding": "VALID"}),
    ((2, 9, 8, 10), {"size": (3, 2), "dilation": (2, 2)}),
    ((2, 6, 5, 3), {"size": (3, 3)}),
    ((2, 6, 5, 7), {"size": (3, 3)}),
    ((1, 7, 8, 9), {"size": (3, 2), "stride": (1, 2)}),
]


def compared(layer, x, rng, tolerance=1e-12):
    """Both libraries give the same y, layer gradient and dx."""
    y, backward = layer.forward(x)
    tensor_layer, tensor = to((layer, x), "torch")
    expected, expected_backward = tensor_layer.forward(tensor)
    d_output = rng.standard_normal(y.shape)
    assert_trees_close(y, expected, rtol=tolerance, atol=tolerance)
    gradients, expected = backward(d_output), expected_backward(to(d_output, "torch"))
    assert_trees_close(gradients, expected, rtol=tolerance, atol=tolerance)
    assert_trees_close(backward(d_output), gradients, rtol=0, atol=0)
    assert all(to_numpy(leaf).dtype == x.dtype for leaf in (y, gradients[1]))


@pytest.mark.parametrize(("shape", "options"), CONVOLUTIONS)
def test_convolution(shape, options, rng):
    layer = random_like(Conv2D.init(shape[-1], 5, rng=rng, **options), rng)
    x = rng.standard_normal(shape)
    assert convolution.fits(layer, x) == (shape[-1] >= 8 and "dilation" not in options)
    compared(layer, x, rng, 1e-11)


@pytest.mark.parametrize("dilation", [1, 2, (1, 1), (1, 2), (2, 1)])
def test_a_dilation_may_be_one_number_and_only_windows_without_gaps_are_copied_line_by_line(dilation, rng):
    layer = random_like(Conv2D.init(8, 5, (2, 3), rng=rng), rng)._replace(dilation=dilation)
    x = rng.standard_normal((2, 6, 7, 8))
    assert convolution.fits(layer, x) == (dilation in (1, (1, 1)))
    compared(layer, x, rng, 1e-11)


def test_an_empty_batch_of_images_with_many_channels(rng):
    layer = random_like(Conv2D.init(9, 5, (2, 3), rng=rng), rng)
    compared(layer, np.empty((0, 6, 7, 9)), rng)


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_convolution_whose_products_are_cut_into_groups_of_rows(groups, rng, monkeypatch):
    monkeypatch.setattr(convolution, "row_groups", lambda rows, *_: groups if rows % groups == 0 else 1)
    layer = random_like(Conv2D.init(8, 5, (3, 2), rng=rng), rng)
    compared(layer, rng.standard_normal((2, 6, 4, 8)), rng, 1e-11)


def test_groups_of_rows_are_measured_where_a_product_is_large(monkeypatch):
    shape = 196, 289, 65, np.dtype("float32")  # 196 = 4 · 49
    assert blocks.row_groups(*shape) in (1, 4)
    monkeypatch.setattr(blocks, "_fastest", lambda ways: max(ways))
    monkeypatch.setattr(blocks, "_known", {})
    assert blocks.row_groups(*shape) == 4
    assert blocks.row_groups(197, 289, 65, shape[3]) == 1  # a prime number of rows
    assert blocks.row_groups(196, 28, 65, shape[3]) == 1  # small as it is
    blocks.autotune(False)
    assert blocks.row_groups(*shape) == 1
    blocks.autotune(True)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize(("size", "stride"), [((2, 2), None), ((3, 2), (1, 2)), ((2, 3), (3, 1))])
def test_max_pooling_with_ties(size, stride, padding, rng):
    x = rng.integers(0, 3, (2, 7, 8, 3)).astype("float64")  # many windows have several largest numbers
    compared(MaxPool2D(size, stride, padding), x, rng)


def test_max_pooling_of_what_is_no_number(rng):
    x = rng.standard_normal((2, 4, 4, 3))
    x[0, 1, 2, 0] = np.nan
    y, backward = MaxPool2D().forward(x)
    assert np.isnan(y).sum() == 1
    _, dx = backward(np.ones_like(y))
    assert dx[0, 1, 2, 0] == 1  # it won, and gets its window's gradient
    assert dx.sum() == y.size


@pytest.mark.parametrize("groups", [1, 2, 6])
@pytest.mark.parametrize("shape", [(3, 5, 4, 6), (2, 7, 6), (4, 12)])
def test_group_norm(shape, groups, rng):
    layer = random_like(GroupNorm.init(shape[-1], groups), rng)
    compared(layer, 3 + 2 * rng.standard_normal(shape), rng, 1e-11)


def test_group_norm_of_large_numbers_keeps_its_digits(rng):
    x = (1e4 + rng.standard_normal((2, 50, 6))).astype("float32")
    y, _ = GroupNorm.init(6, 2).forward(x)
    assert abs(float(y.mean())) < 1e-3
    assert abs(float(y.std()) - 1) < 1e-2
