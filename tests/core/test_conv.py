import re
from itertools import product

import numpy as np
import pytest
import torch
from torch.nn.functional import conv2d, pad

from rnn_course import Activation, Chain, Dense, Flatten, ShapeError, from_numpy, gradcheck, to, to_numpy
from rnn_course.conv import Conv2D, output_size, pair, same_padding, windows_forward
from rnn_course.tree import leaves, tree_map

from ..helpers import assert_trees_close, random_like

IMAGES = [(7, 5), (4, 6), (1, 1)]  # rows, columns
KERNELS = [(3, 3), (2, 2), (1, 1), (4, 1), (2, 3)]
STRIDES = [(1, 1), (2, 2), (3, 2)]
DILATIONS = [(1, 1), (2, 3)]


def random_conv(size, rng, channels=3, filters=4, **options):
    return random_like(Conv2D.init(channels, filters, size, rng=rng, **options), rng)


def borders(size, kernel, stride, dilation, padding):
    """TensorFlow's rule, written down a second time: (before, after) on one axis."""
    if padding == "VALID":
        return 0, 0
    outputs = int(np.ceil(size / stride))
    total = max((outputs - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
    return int(np.floor(total / 2)), int(np.ceil(total / 2))


def torch_conv(layer, x):
    """Torch's convolution of NHWC images."""
    kernel, bias, stride, padding, dilation = layer
    top, left = (borders(x.shape[1 + a], kernel.shape[a], stride[a], dilation[a], padding) for a in (0, 1))
    padded = pad(x.permute(0, 3, 1, 2), (*left, *top))
    y = conv2d(padded, kernel.permute(3, 2, 0, 1), bias, stride=stride, dilation=dilation)
    return y.permute(0, 2, 3, 1)


def fits(image, kernel, dilation, padding):
    return padding == "SAME" or all((k - 1) * d < n for n, k, d in zip(image, kernel, dilation, strict=True))


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("image", IMAGES, ids=str)
def test_outputs_and_gradients_are_those_of_torch(image, padding, rng):
    x = rng.standard_normal((2, *image, 3))
    for kernel, stride, dilation in product(KERNELS, STRIDES, DILATIONS):
        if not fits(image, kernel, dilation, padding):
            continue
        layer = random_conv(kernel, rng, stride=stride, padding=padding, dilation=dilation)
        y, backward = layer.forward(x)
        u = rng.standard_normal(y.shape)
        theirs = tree_map(lambda leaf: leaf.requires_grad_(), to((layer, x), "torch"))
        expected = torch_conv(*theirs)
        d_kernel, d_bias, d_x = torch.autograd.grad(expected, leaves(theirs), to(u, "torch"))
        d_layer = layer._replace(kernel=d_kernel, bias=d_bias)
        assert_trees_close((y, backward(u)), (expected, (d_layer, d_x)), rtol=1e-12, atol=1e-12)
        assert_trees_close(to(layer, "torch")(to(x, "torch")), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("kernel", [(3, 3), (2, 4), (5, 2)], ids=str)
def test_without_a_stride_same_is_torch_same(kernel, rng):
    layer, x = random_conv(kernel, rng), rng.standard_normal((2, 7, 5, 3))
    kernel, bias, _, _, _ = to(layer, "torch")
    theirs = conv2d(torch.tensor(x).permute(0, 3, 1, 2), kernel.permute(3, 2, 0, 1), bias, padding="same")
    np.testing.assert_allclose(layer(x), theirs.permute(0, 2, 3, 1).numpy(), rtol=1e-12, atol=1e-12)


def row_filter(weights, backend, **options):
    kernel = np.asarray(weights, dtype=float).reshape(1, -1, 1, 1)
    return to(Conv2D(kernel=kernel, bias=np.zeros(1), **options), backend)


@pytest.mark.parametrize(
    ("weights", "options", "expected"),
    [
        ([1, 10], {}, [21, 32, 43, 4]),  # not flipped, and the odd zero stands after the 4
        ([1, 10], {"padding": "VALID"}, [21, 32, 43]),
        ([1, 10, 100], {}, [210, 321, 432, 43]),
        ([1, 10, 100], {"stride": (1, 2)}, [321, 43]),  # one zero in all, after: Torch's padding=1 gives [210, 432]
        ([1, 10], {"dilation": (1, 2)}, [20, 31, 42, 3]),
        ([1, 10], {"stride": 3, "padding": "VALID"}, [21]),
        ([1], {"stride": 3}, [1, 4]),
    ],
)
def test_a_row_of_four_pixels_by_hand(weights, options, expected, backend):
    x = from_numpy(np.array([1.0, 2, 3, 4]).reshape(1, 1, 4, 1), backend=backend)
    np.testing.assert_array_equal(to_numpy(row_filter(weights, backend, **options)(x)).ravel(), expected)


@pytest.mark.parametrize(
    ("arguments", "expected"),  # size, kernel, stride, dilation
    [((5, 3), (1, 1)), ((6, 3), (1, 1)), ((5, 2), (0, 1)), ((5, 4), (1, 2)), ((28, 5, 1, 2), (4, 4)),
     ((4, 3, 2), (0, 1)), ((5, 3, 2), (1, 1)), ((7, 2, 5), (0, 0)), ((1, 3, 2), (1, 1))],
)  # fmt: skip
def test_same_padding_by_hand(arguments, expected):
    assert same_padding(*arguments) == expected


def test_without_options_every_pixel_has_an_output(rng):
    kernel, bias, x = rng.standard_normal((3, 5, 2, 4)), rng.standard_normal(4), rng.standard_normal((3, 6, 7, 2))
    layer = Conv2D(kernel, bias)
    weights = torch.tensor(kernel).permute(3, 2, 0, 1), torch.tensor(bias)
    expected = conv2d(torch.tensor(x).permute(0, 3, 1, 2), *weights, padding="same")
    np.testing.assert_allclose(layer(x), expected.permute(0, 2, 3, 1).numpy(), rtol=1e-12)
    assert (output_size(7, 3), output_size(7, 3, padding="VALID")) == (7, 5)


def test_output_sizes_are_those_of_the_layer():
    for n, k, stride, dilation, padding in product((1, 4, 7), (1, 2, 3), (1, 2, 3), (1, 2), ("SAME", "VALID")):
        if fits((n,), (k,), (dilation,), padding):
            layer = Conv2D(np.zeros((k, 1, 1, 1)), np.zeros(1), (stride, 1), padding, (dilation, 1))
            assert layer(np.zeros((1, n, 1, 1))).shape[1] == output_size(n, k, stride, padding, dilation)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_a_convolution_is_a_dense_layer_with_shared_weights(padding, rng):
    layer, x = random_conv((2, 3), rng, stride=(2, 1), padding=padding), rng.standard_normal((2, 5, 4, 3))
    places = [range(output_size(5, 2, 2, padding)), range(output_size(4, 3, 1, padding))]
    (top, _), (left, _) = borders(5, 2, 2, 1, padding), borders(4, 3, 1, 1, padding)
    matrix = np.zeros((5, 4, 3, len(places[0]), len(places[1]), 4))
    for i, j, r, s in product(*places, range(2), range(3)):
        row, column = 2 * i + r - top, j + s - left
        if 0 <= row < 5 and 0 <= column < 4:
            matrix[row, column, :, i, j, :] = layer.kernel[r, s]
    dense = Dense(matrix.reshape(5 * 4 * 3, -1), np.tile(layer.bias, len(places[0]) * len(places[1])))
    y, backward = layer.forward(x)
    dense_y, dense_backward = dense.forward(x.reshape(2, -1))
    np.testing.assert_allclose(y.reshape(2, -1), dense_y, rtol=1e-12, atol=1e-12)
    _, d_x = backward(y)
    np.testing.assert_allclose(d_x.reshape(2, -1), dense_backward(dense_y)[1], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("options", [{}, {"stride": (2, 3)}, {"dilation": (2, 1)}], ids=str)
@pytest.mark.parametrize("size", [(2, 3), (1, 1)], ids=str)
def test_hand_autograd_and_numeric_gradients_agree(size, options, padding, rng):
    layer = random_conv(size, rng, padding=padding, **options)
    x = rng.standard_normal((2, 5, 4, 3))
    table = gradcheck(lambda c, x: c.forward(x), layer, x, rng=rng, names=("conv", "x"))
    assert table.ok, table
    assert [row.name for row in table.rows] == ["conv.kernel", "conv.bias", "x"]


def test_a_small_cnn_is_a_chain(rng):
    layers = Conv2D.init(1, 3, rng=rng, stride=2), Activation("tanh"), Flatten(), Dense.init(12, 5, rng=rng)
    chain = random_like(Chain(layers), rng)
    assert chain.layers[0].stride == (2, 2)  # no array: carried along
    table = gradcheck(lambda c, x: c.forward(x), chain, rng.standard_normal((2, 4, 4, 1)), rng=rng)
    assert table.ok, table


def test_backward_on_torch_is_backward_on_numpy(rng):
    layer, x, u = (
        random_conv((3, 2), rng, stride=2),
        rng.standard_normal((2, 5, 4, 3)),
        rng.standard_normal((2, 3, 2, 4)),
    )
    on_torch = to(layer, "torch").forward(to(x, "torch"))[1](to(u, "torch"))
    assert isinstance(on_torch[0], Conv2D)
    assert on_torch[0][2:] == layer[2:]
    assert_trees_close(on_torch, layer.forward(x)[1](u), rtol=1e-12)


def test_windows_are_the_patches_in_front_of_each_output(backend):
    x = from_numpy(np.arange(12.0).reshape(1, 3, 4, 1), backend=backend)
    windows, backward = windows_forward(x, 2)
    np.testing.assert_array_equal(to_numpy(windows)[0, 1, 2, :, 0], [6, 7, 10, 11])
    uses = to_numpy(backward(from_numpy(np.ones((1, 2, 3, 4, 1)), backend=backend)))
    np.testing.assert_array_equal(uses[0, :, :, 0], [[1, 2, 2, 1], [2, 4, 4, 2], [1, 2, 2, 1]])


def test_arrays_are_made_where_the_images_are(rng):
    layer = Conv2D.init(3, 4, 3, rng=rng, backend="torch", stride=2)
    on_meta = tree_map(lambda leaf: leaf.to("meta"), layer)  # a device without numbers, which every Torch has
    y, backward = on_meta.forward(torch.zeros((2, 5, 4, 3), device="meta"))
    assert {a.device.type for a in leaves((y, backward(y)))} == {"meta"}


def test_an_empty_batch_is_fine(backend, rng):
    layer = Conv2D.init(3, 4, rng=rng, backend=backend)
    x = from_numpy(np.zeros((0, 5, 6, 3)), "float32", backend)
    y, backward = layer.forward(x)
    assert tuple(y.shape) == (0, 5, 6, 4)
    d_layer, d_x = backward(y)
    assert tuple(d_x.shape) == (0, 5, 6, 3)
    assert not to_numpy(d_layer.kernel).any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_float_type_stays_and_no_argument_is_changed(dtype, backend, rng):
    layer = Conv2D.init(3, 4, 3, rng=rng, dtype=dtype, backend=backend)
    x = from_numpy(rng.standard_normal((2, 5, 4, 3)), dtype, backend)
    before = tree_map(lambda leaf: to_numpy(leaf).copy(), (layer, x))
    y, backward = layer.forward(x)
    assert {str(a.dtype).removeprefix("torch.") for a in leaves((y, backward(y)))} == {dtype}
    assert_trees_close((layer, x), before, rtol=0, atol=0)


def test_the_initial_kernel_counts_the_window_in_both_fans(rng):
    layer = Conv2D.init(30, 50, (3, 5), rng=rng)
    limit = np.sqrt(6 / (3 * 5 * 30 + 3 * 5 * 50))
    assert 0.999 * limit < np.abs(layer.kernel).max() <= limit
    assert layer.kernel.shape == (3, 5, 30, 50)
    assert not layer.bias.any()


def test_a_seed_gives_the_same_kernel_on_every_backend():
    ours, theirs = (Conv2D.init(2, 3, rng=np.random.default_rng(1), backend=b) for b in ("numpy", "torch"))
    assert_trees_close(theirs, ours, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, 3, 8, 9), "channels=3], got [2, 3, 8, 9]: axis 'channels' is 9 instead of 3. Likely cause: the images "
         "look NCHW: the course's are NHWC"),
        ((2, 8, 9, 4), "axis 'channels' is 4 instead of 3"),
        ((2, 8, 9), "3 axes instead of 4. Likely cause: grey images without an axis for their one channel: x[..., N"),
        ((2, 2, 9, 3), "x: expected rows >= 5, which a window of 3 with dilation 2 and padding VALID needs, got 2. "
         "Likely cause: padding 'VALID' on an image that earlier layers have made small"),
        ((2, 9, 4, 3), "x: expected columns >= 5"),
    ],
    ids=["NCHW", "channels", "no channel axis", "rows", "columns"],
)  # fmt: skip
def test_wrong_images_say_what_is_wrong(shape, message, rng, without_shape_types):
    layer = Conv2D.init(3, 4, rng=rng, padding="VALID", dilation=2)
    for door in (layer, layer.forward):
        with pytest.raises(ShapeError, match=re.escape(message)):
            door(np.zeros(shape, "float32"))


@pytest.mark.parametrize("shape", [(2, 8, 9, 4), (2, 3), (3, 3, 3, 3, 5)], ids=str)
def test_only_what_looks_nchw_is_called_so(shape, rng, without_shape_types):
    with pytest.raises(ShapeError, match=re.escape(f"got {list(shape)}")) as caught:
        Conv2D.init(3, 4, rng=rng)(np.zeros(shape))
    assert "Likely cause" not in str(caught.value)


def test_empty_images_are_refused(rng, without_shape_types):
    with pytest.raises(
        ShapeError, match=r"expected rows >= 1, .* padding SAME needs, got 0. Likely cause: empty images"
    ):
        Conv2D.init(3, 4, rng=rng)(np.zeros((2, 0, 5, 3), "float32"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"padding": "same"}, "padding: expected 'SAME' or 'VALID', got 'same'"),
        ({"stride": 0}, "stride: expected a positive whole number, or two of them as (rows, columns), got 0"),
        ({"dilation": (1, 2, 3)}, "dilation: expected a positive whole number, or two of them"),
        ({"size": (3, np.int64(3))}, "size: expected a positive whole number, or two of them"),
        ({"filters": 0}, "filters: expected a positive whole number, got 0"),
    ],
)
def test_wrong_options_are_named(options, message, rng, without_shape_types):
    with pytest.raises(ValueError, match=re.escape(message)):
        Conv2D.init(**{"channels": 3, "filters": 4, "rng": rng} | options)
    assert pair("size", 3) == pair("size", (3, 3))
