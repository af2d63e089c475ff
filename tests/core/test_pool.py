import re
from itertools import product

import numpy as np
import pytest
import torch
from torch.nn.functional import avg_pool2d, max_pool2d
from torch.nn.functional import pad as torch_pad

from rnn_course import Chain, Flatten, ShapeError, from_numpy, gradcheck, leaves, to, to_numpy
from rnn_course.conv import pair
from rnn_course.pool import AveragePool2D, MaxPool2D

from .test_conv import borders

IMAGES = [(7, 5), (4, 6), (1, 1)]
SIZES = [(2, 2), (3, 3), (1, 1), (4, 1), (2, 3)]
STRIDES = [None, (1, 1), 2, (3, 1)]


def distinct(shape, rng):
    """Numbers at least 0.1 apart, so that no small step changes which is the largest; some are negative."""
    n = int(np.prod(shape))
    return (rng.permutation(n) - 0.7 * n).reshape(shape) / 10


def nchw(x):
    return torch.tensor(x).permute(0, 3, 1, 2)


def around(layer, x, fill):
    """The images as Torch has them, with the border that SAME adds."""
    size, stride = pair("size", layer.size), pair("stride", layer.stride or layer.size)
    top, left = (borders(x.shape[1 + a], size[a], stride[a], 1, layer.padding) for a in (0, 1))
    return torch_pad(nchw(x), (*left, *top), value=fill), size, stride


def torch_max(layer, x):
    padded, size, stride = around(layer, x, -torch.inf)
    return max_pool2d(padded, size, stride).permute(0, 2, 3, 1).numpy()


def torch_average(layer, x):
    padded, size, stride = around(layer, x, 0.0)
    mean = avg_pool2d(padded, size, stride)
    if not layer.count_padding:
        mean = mean / avg_pool2d(around(layer, np.ones_like(x), 0.0)[0], size, stride)
    return mean.permute(0, 2, 3, 1).numpy()


def layers(kind, image, **options):
    for size, stride, padding in product(SIZES, STRIDES, ["SAME", "VALID"]):
        if padding == "SAME" or all(k <= n for k, n in zip(size, image, strict=True)):
            yield kind(size, stride, padding, **options)


@pytest.mark.parametrize("image", IMAGES, ids=str)
def test_max_pooling_is_torch_max_pooling(image, rng):
    x = rng.standard_normal((2, *image, 3)) - 3  # mostly negative: a border of zeros would win
    for layer in layers(MaxPool2D, image):
        expected = torch_max(layer, x)
        np.testing.assert_array_equal(layer(x), expected)
        np.testing.assert_array_equal(to_numpy(layer(to(x, "torch"))), expected)


@pytest.mark.parametrize("count_padding", [False, True])
@pytest.mark.parametrize("image", IMAGES, ids=str)
def test_average_pooling_is_torch_average_pooling(image, count_padding, rng):
    x = rng.standard_normal((2, *image, 3))
    for layer in layers(AveragePool2D, image, count_padding=count_padding):
        expected = torch_average(layer, x)
        np.testing.assert_allclose(layer(x), expected, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(to_numpy(layer(to(x, "torch"))), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("count_padding", [False, True])
def test_the_two_ways_to_count_are_torch_count_include_pad(count_padding, rng):
    x = rng.standard_normal((2, 5, 7, 3))
    theirs = avg_pool2d(nchw(x), 3, 1, padding=1, count_include_pad=count_padding)
    ours = AveragePool2D(3, 1, "SAME", count_padding)(x)
    np.testing.assert_allclose(ours, theirs.permute(0, 2, 3, 1).numpy(), rtol=1e-12, atol=1e-12)


def test_pooling_by_hand(backend):
    x = from_numpy(-np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]]).reshape(1, 3, 3, 1), backend=backend)

    def pooled(layer):
        return to_numpy(layer(x)).reshape(-1).tolist()

    assert pooled(MaxPool2D()) == [-1]
    assert pooled(MaxPool2D(padding="SAME")) == [-1, -3, -7, -9]  # the odd border stands after, and never wins
    assert pooled(AveragePool2D(padding="SAME")) == [-3, -4.5, -7.5, -9]
    assert pooled(AveragePool2D(padding="SAME", count_padding=True)) == [-3, -2.25, -3.75, -2.25]


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize(("size", "stride"), [(2, None), ((3, 2), 1), (2, 3)])
@pytest.mark.parametrize("kind", [MaxPool2D, AveragePool2D])
def test_hand_autograd_and_numeric_gradients_agree(kind, size, stride, padding, rng):
    layer, x = kind(size, stride, padding), distinct((2, 5, 4, 3), rng)
    table = gradcheck(lambda x: (layer.forward(x)[0], lambda d: layer.forward(x)[1](d)[1]), x, rng=rng, names=("x",))
    assert table.ok, table


def test_the_gradient_of_count_padding(rng):
    layer, x = AveragePool2D(3, 1, "SAME", count_padding=True), rng.standard_normal((2, 5, 4, 3))
    table = gradcheck(lambda x: (layer.forward(x)[0], lambda d: layer.forward(x)[1](d)[1]), x, rng=rng)
    assert table.ok, table


def test_of_equal_numbers_the_first_one_wins_as_in_torch(backend):
    x = np.zeros((1, 4, 4, 1))
    theirs = nchw(x).requires_grad_()
    max_pool2d(theirs, 3, 1).sum().backward()
    _, backward = MaxPool2D(3, 1).forward(from_numpy(x, backend=backend))
    d_x = to_numpy(backward(from_numpy(np.ones((1, 2, 2, 1)), backend=backend))[1])
    np.testing.assert_array_equal(d_x[0, :, :, 0], theirs.grad[0, 0].numpy())
    assert d_x.sum() == 4
    assert d_x[0, :2, :2].sum() == 4
    watched = to(x, "torch").requires_grad_()
    MaxPool2D(3, 1)(watched).sum().backward()
    np.testing.assert_array_equal(to_numpy(watched.grad), d_x)


def test_the_infinite_border_makes_no_nan(backend, rng):
    x = from_numpy(rng.standard_normal((2, 3, 3, 2)), backend=backend)
    y, backward = MaxPool2D(3, 1, "SAME").forward(x)
    assert np.isfinite(to_numpy(y)).all()
    assert np.isfinite(to_numpy(backward(y)[1])).all()
    watched = to(x, "torch").requires_grad_()
    MaxPool2D(3, 1, "SAME")(watched).sum().backward()
    assert torch.isfinite(watched.grad).all()


@pytest.mark.parametrize("kind", [MaxPool2D, AveragePool2D])
def test_arrays_are_made_where_the_images_are(kind):
    y, backward = kind(3, 2, "SAME").forward(torch.zeros((2, 5, 4, 3), device="meta"))
    assert y.device.type == backward(y)[1].device.type == "meta"


def test_a_nan_stays_a_nan(backend):
    x = from_numpy(np.array([1.0, np.nan, 2.0, 3.0]).reshape(1, 2, 2, 1), backend=backend)
    assert np.isnan(to_numpy(MaxPool2D()(x))).all()


@pytest.mark.parametrize("kind", [MaxPool2D, AveragePool2D])
def test_a_pooling_layer_has_no_weights_and_fits_in_a_chain(kind, backend, rng):
    chain = Chain((kind(2), Flatten()))
    x = from_numpy(rng.standard_normal((2, 4, 6, 3)), "float32", backend)
    y, backward = chain.forward(x)
    d_chain, d_x = backward(y)
    assert tuple(y.shape) == (2, 2 * 3 * 3)
    assert d_x.dtype == y.dtype == x.dtype
    assert d_chain == chain
    assert leaves(chain) == []


@pytest.mark.parametrize("kind", [MaxPool2D, AveragePool2D])
@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        ({}, (2, 8, 9), "x: expected [batch, rows, columns, channels], got [2, 8, 9], which has 3 axes instead of 4"),
        (
            {"size": 5},
            (2, 4, 6, 3),
            "x: expected rows >= 5, which a window of 5 with dilation 1 and padding VALID needs",
        ),
        ({"size": 0}, (2, 4, 6, 3), "size: expected a positive whole number, or two of them as (rows, columns), got 0"),
        ({"padding": "FULL"}, (2, 4, 6, 3), "padding: expected 'SAME' or 'VALID', got 'FULL'"),
    ],
    ids=["axes", "window", "size", "padding"],
)
def test_wrong_pooling_says_what_is_wrong(kind, layer, shape, message, without_shape_types):
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        kind(**layer)(np.zeros(shape))
    assert message.startswith("x") == isinstance(error.value, ShapeError)


@pytest.mark.parametrize("kind", [MaxPool2D, AveragePool2D])
@pytest.mark.parametrize("shape", [(0, 6, 5, 3), (2, 6, 5, 0)], ids=["no images", "no channels"])
def test_of_nothing_comes_nothing(kind, shape, backend):
    y, backward = kind((2, 3), (1, 2)).forward(to(np.ones(shape), backend))
    assert tuple(y.shape) == (shape[0], 5, 2, shape[3])
    _, dx = backward(y)
    assert tuple(dx.shape) == shape
