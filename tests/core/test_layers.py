import numpy as np
import pytest
import torch

from rnn_course import Activation, AddChannel, Chain, Dense, Flatten, ShapeError, from_numpy, gradcheck, to, to_numpy
from rnn_course.activations import (
    linear_forward,
    log_softmax,
    log_softmax_forward,
    relu,
    relu_forward,
    sigmoid_forward,
    softmax,
    softmax_forward,
    tanh_forward,
)
from rnn_course.dropout import Dropout
from rnn_course.norm import BatchNorm

from ..helpers import random_like

FORWARDS = [linear_forward, relu_forward, sigmoid_forward, tanh_forward, softmax_forward, log_softmax_forward]


@pytest.mark.parametrize("forward", FORWARDS, ids=lambda f: f.__name__)
def test_hand_autograd_and_numeric_gradients_agree(forward, rng):
    table = gradcheck(forward, rng.standard_normal((4, 5)), rng=rng)
    assert table.ok, table


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax_agrees_with_torch_along_any_axis(axis, rng):
    x = rng.standard_normal((4, 5))
    np.testing.assert_allclose(softmax(x, axis), torch.softmax(torch.tensor(x), axis).numpy(), rtol=1e-12)
    np.testing.assert_allclose(log_softmax(x, axis), torch.log_softmax(torch.tensor(x), axis).numpy(), rtol=1e-12)


def test_softmax_is_along_the_last_axis_unless_told_otherwise(rng):
    x = rng.standard_normal((2, 3, 4))
    for ours, theirs in ((softmax, torch.softmax), (log_softmax, torch.log_softmax)):
        np.testing.assert_allclose(ours(x), theirs(torch.tensor(x), -1).numpy(), rtol=1e-12)
    for forward, theirs in ((softmax_forward, torch.softmax), (log_softmax_forward, torch.log_softmax)):
        y, backward = forward(x)
        tensor = torch.tensor(x, requires_grad=True)
        (theirs(tensor, -1) * torch.tensor(x)).sum().backward()
        np.testing.assert_allclose(y, theirs(torch.tensor(x), -1).numpy(), rtol=1e-12)
        np.testing.assert_allclose(backward(x), tensor.grad.numpy(), rtol=1e-10, atol=1e-14)


def test_softmax_does_not_overflow(backend):
    p = to_numpy(softmax(from_numpy(np.array([[1e4, 0.0, -1e4], [0.0, 0.0, 0.0]]), backend=backend)))
    np.testing.assert_allclose(p, [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]], atol=1e-15)


def test_relu_keeps_a_nan_and_has_slope_0_at_0(backend):
    x = from_numpy(np.array([-1.0, 0.0, 2.0, np.nan]), backend=backend)
    np.testing.assert_array_equal(to_numpy(relu(x)), [0, 0, 2, np.nan])
    _, backward = relu_forward(x)
    np.testing.assert_array_equal(to_numpy(backward(from_numpy(np.ones(4), backend=backend)))[:3], [0, 0, 1])
    np.testing.assert_array_equal(to_numpy(backward(from_numpy(np.zeros(4), backend=backend))), np.zeros(4))


def test_an_unknown_activation_lists_the_known_ones():
    with pytest.raises(
        ValueError, match="expected one of linear, relu, sigmoid, tanh, or a function x -> y, backward; got 'swish'"
    ):
        Activation("swish")(np.zeros(2))


def test_a_dense_layer_takes_a_single_row(rng, backend):
    layer, x = to((random_like(Dense.init(3, 2, rng=rng), rng), rng.standard_normal((4, 3))), backend)
    for row, y in zip(x, layer(x), strict=True):
        np.testing.assert_allclose(to_numpy(layer(row)), to_numpy(y), rtol=1e-13)


def test_a_dense_layer_by_hand(backend):
    layer = to(Dense(kernel=np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), bias=np.array([10.0, 20.0])), backend)
    y = layer(from_numpy(np.array([[1.0, 0.0, 2.0]]), backend=backend))
    np.testing.assert_array_equal(to_numpy(y), [[1 + 10 + 10, 2 + 12 + 20]])


def test_a_dense_layer_is_torch_linear(rng):
    layer = random_like(Dense.init(3, 5, rng=rng), rng)
    x = rng.standard_normal((2, 4, 3))
    theirs = torch.nn.functional.linear(torch.tensor(x), torch.tensor(layer.kernel.T), torch.tensor(layer.bias))
    np.testing.assert_allclose(layer(x), theirs.numpy(), rtol=1e-12)


@pytest.mark.parametrize("shape", [(4, 3), (2, 4, 3), (1, 3), (3,)])
def test_the_gradient_of_dense(shape, rng):
    layer = random_like(Dense.init(3, 5, rng=rng), rng)
    table = gradcheck(lambda d, x: d.forward(x), layer, rng.standard_normal(shape), rng=rng, names=("dense", "x"))
    assert table.ok, table
    assert [row.name for row in table.rows] == ["dense.kernel", "dense.bias", "x"]


def test_the_gradient_of_a_chain(rng):
    chain = Chain((Flatten(), Dense.init(12, 7, rng=rng), Activation("tanh"), Dense.init(7, 2, rng=rng)))
    table = gradcheck(lambda c, x: c.forward(x), random_like(chain, rng), rng.standard_normal((5, 3, 4)), rng=rng)
    assert table.ok, table
    assert len(table.rows) == 5


def test_a_chain_is_its_layers_one_after_the_other(backend, rng):
    first, second = Dense.init(3, 5, rng=rng, backend=backend), Dense.init(5, 2, rng=rng, backend=backend)
    x = from_numpy(rng.standard_normal((4, 3)), "float32", backend)
    chained = Chain((first, Activation("relu"), second))(x)
    np.testing.assert_array_equal(to_numpy(chained), to_numpy(second(relu(first(x)))))


def test_a_chain_in_training_uses_the_batch_drops_and_returns_new_statistics(backend):
    rng = np.random.default_rng(2)
    chain = Chain((Dense.init(3, 4, rng=rng, dtype="float64"), BatchNorm.init(4, dtype="float64"), Dropout(0.5)))
    chain, x = to((chain, rng.standard_normal((50, 3))), backend)
    y, learned, backward = chain.forward_training(x, np.random.default_rng(0))
    dropped = to_numpy(y) == 0
    assert 0.3 < dropped.mean() < 0.7
    kept_mean = to_numpy(y).sum() / (~dropped).sum()
    assert abs(kept_mean) < 0.5  # batch norm has centred what dropout then doubled
    assert not np.allclose(to_numpy(learned.layers[1].running_mean), to_numpy(chain.layers[1].running_mean))
    assert not to_numpy(chain.layers[1].running_mean).any()
    d_chain, d_x = backward(y)
    assert type(d_chain) is Chain
    assert tuple(d_x.shape) == (50, 3)
    np.testing.assert_array_equal(to_numpy(chain(x)), to_numpy(chain.layers[1](chain.layers[0](x))))


def test_the_gradient_of_a_chain_in_training(rng):
    def forward(chain, x):
        y, _, backward = chain.forward_training(x, np.random.default_rng(0))
        return y, backward

    chain = Chain((Dense.init(3, 4, rng=rng, dtype="float64"), BatchNorm.init(4, dtype="float64"), Dropout(0.5)))
    table = gradcheck(forward, chain, rng.standard_normal((6, 3)), rng=rng, tolerance=1e-8)  # a bias has slope 0 here
    checked = [row for row in table.rows if "running" not in row.name]
    assert len(checked) == len(table.rows) - 2
    assert all(row.error <= table.tolerance for row in checked), table


def test_flatten_keeps_the_rows_of_an_image_together(backend):
    x = from_numpy(np.arange(12.0).reshape(2, 2, 3), backend=backend)
    np.testing.assert_array_equal(to_numpy(Flatten()(x)), np.arange(12.0).reshape(2, 6))


def test_flatten_takes_an_empty_batch():
    assert Flatten()(np.zeros((0, 3, 4))).shape == (0, 12)


def test_a_channel_is_added_behind_the_columns_and_taken_away_from_the_gradient(backend, rng):
    x, d_output = rng.standard_normal((2, 3, 4)), rng.standard_normal((2, 3, 4, 1))
    layer = AddChannel()
    y, backward = layer.forward(from_numpy(x, backend=backend))
    for found in (y, layer(from_numpy(x, backend=backend))):
        np.testing.assert_array_equal(to_numpy(found), np.expand_dims(x, 3))
    d_layer, d_x = backward(from_numpy(d_output, backend=backend))
    assert d_layer == layer
    np.testing.assert_array_equal(to_numpy(d_x), d_output.reshape(2, 3, 4))


def test_a_wrong_input_size_is_named(rng, without_shape_types):
    with pytest.raises(ShapeError, match=r"x: expected \[axis0, input=3\], got \[2, 4\]: axis 'input' is 4 instead"):
        Dense.init(3, 5, rng=rng)(np.zeros((2, 4)))
