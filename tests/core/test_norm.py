import re

import numpy as np
import pytest
import torch
from torch.nn.functional import batch_norm
from torch.nn.functional import group_norm as torch_group_norm
from torch.nn.functional import instance_norm as torch_instance_norm
from torch.nn.functional import layer_norm as torch_layer_norm

from rnn_course import Activation, Chain, Dense, Flatten, ShapeError, from_numpy, gradcheck, to, to_numpy, tree_map
from rnn_course.arrays import autograd
from rnn_course.norm import BatchNorm, GroupNorm, instance_norm, layer_norm

from ..helpers import assert_trees_close, random_like

SHAPES = [(3, 6), (3, 5, 6), (3, 4, 5, 6), (1, 4, 1, 6)]


def random_images(rng, shape=(3, 4, 5, 6)):
    return 2 + 3 * rng.standard_normal(shape)


def random_group_norm(rng, groups, eps=1e-5, channels=6):
    return random_like(GroupNorm.init(channels, groups, eps=eps), rng)


def random_batch_norm(rng, channels=6, **options):
    layer = random_like(BatchNorm.init(channels, **options), rng)
    return layer._replace(running_variance=layer.running_variance**2 + 0.1)


def channels_first(x):
    return torch.moveaxis(torch.as_tensor(x), -1, 1)


def channels_last(x):
    return torch.moveaxis(x, 1, -1).detach().numpy()


@pytest.mark.parametrize("eps", [1e-5, 0.5])
@pytest.mark.parametrize("groups", [1, 2, 3, 6])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_group_norm_is_torch_group_norm(shape, groups, eps, rng, backend):
    if len(shape) == 2 and groups == 6:
        return  # groups of one number are refused, see below
    layer, x = random_group_norm(rng, groups, eps), random_images(rng, shape)
    theirs = torch_group_norm(channels_first(x), groups, torch.tensor(layer.gamma), torch.tensor(layer.beta), eps)
    y = to(layer, backend)(to(x, backend))
    np.testing.assert_allclose(to_numpy(y), channels_last(theirs), rtol=1e-12, atol=1e-12)


def test_as_many_groups_as_channels_is_instance_norm(rng):
    layer, x = random_like(instance_norm(6, eps=0.1), rng), random_images(rng)
    weights = torch.tensor(layer.gamma), torch.tensor(layer.beta)
    theirs = torch_instance_norm(channels_first(x), weight=weights[0], bias=weights[1], eps=0.1)
    assert (layer.groups, layer.eps) == (6, 0.1)
    np.testing.assert_allclose(layer(x), channels_last(theirs), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", [(3, 6), (3, 4, 5, 6)], ids=str)
def test_one_group_is_layer_norm(shape, rng):
    layer, x = random_like(layer_norm(6), rng), random_images(rng, shape)
    theirs = torch_layer_norm(torch.tensor(x), shape[1:]).numpy() * layer.gamma + layer.beta
    assert layer.groups == 1
    np.testing.assert_allclose(layer(x), theirs, rtol=1e-12, atol=1e-12)


def test_a_row_by_hand(backend):
    x = from_numpy(np.array([[1.0, 3.0, 10.0, 30.0]]), backend=backend)
    both = to(GroupNorm(gamma=np.array([1.0, 1, 1, 2]), beta=np.array([0.0, 0, 0, 5]), groups=2, eps=3.0), backend)
    root = np.sqrt(103)  # the variances are 1 and 100, and eps is 3
    np.testing.assert_allclose(to_numpy(both(x)), [[-1 / 2, 1 / 2, -10 / root, 2 * 10 / root + 5]], rtol=1e-14)


def test_the_statistics_of_an_untrained_layer(rng):
    x = random_images(rng)
    y = GroupNorm.init(6, 3, eps=0.0, dtype="float64")(x).reshape(3, 4, 5, 3, 2)
    np.testing.assert_allclose(y.mean(axis=(1, 2, 4)), 0, atol=1e-14)
    np.testing.assert_allclose(y.std(axis=(1, 2, 4)), 1, rtol=1e-12)


def test_the_examples_of_a_batch_do_not_see_each_other(rng):
    layer, x = random_group_norm(rng, 2), random_images(rng)
    np.testing.assert_allclose(layer(x[1:2]), layer(x)[1:2], rtol=1e-13)
    np.testing.assert_allclose(layer(7 + 500 * x), layer(x), rtol=1e-3, atol=1e-3)  # nor does the scale matter


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_gradient_of_group_norm(shape, groups, rng):
    if len(shape) == 2 and groups == 6:
        return
    layer, x = random_group_norm(rng, groups, eps=0.1), random_images(rng, shape)
    table = gradcheck(lambda n, x: n.forward(x), layer, x, rng=rng, names=("norm", "x"), tolerance=1e-8)
    assert table.ok, table
    assert [row.name for row in table.rows] == ["norm.gamma", "norm.beta", "x"]


def test_backward_on_torch_is_backward_on_numpy(rng):
    x, u = random_images(rng), rng.standard_normal((3, 4, 5, 6))
    for layer in (random_group_norm(rng, 2), random_batch_norm(rng)):
        on_torch = to(layer, "torch").forward(to(x, "torch"))[1](to(u, "torch"))
        assert type(on_torch[0]) is type(layer)
        assert_trees_close(on_torch, layer.forward(x)[1](u), rtol=1e-10)
    *_, ours = layer.forward_training(x)
    *_, theirs = to(layer, "torch").forward_training(to(x, "torch"))
    assert_trees_close(theirs(to(u, "torch")), ours(u), rtol=1e-10)


def torch_batch_norm(layer, x, mean, variance, training):
    gamma, beta = torch.tensor(layer.gamma), torch.tensor(layer.beta)
    return batch_norm(channels_first(x), mean, variance, gamma, beta, training, layer.momentum, layer.eps)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_batch_norm_is_torch_batch_norm_in_training_and_after(shape, rng, backend):
    layer = random_batch_norm(rng, eps=0.01, momentum=0.3)
    mean, variance = torch.tensor(layer.running_mean), torch.tensor(layer.running_variance)
    ours = to(layer, backend)
    for _ in range(4):
        x = random_images(rng, shape)
        expected = torch_batch_norm(layer, x, mean, variance, training=True)  # changes mean and variance
        y, ours, _ = ours.forward_training(to(x, backend))
        np.testing.assert_allclose(to_numpy(y), channels_last(expected), rtol=1e-12, atol=1e-12)
        expected_layer = layer._replace(running_mean=mean, running_variance=variance)
        assert_trees_close(ours, expected_layer, rtol=1e-12)
    expected = torch_batch_norm(layer, x, mean, variance, training=False)
    np.testing.assert_allclose(to_numpy(ours(to(x, backend))), channels_last(expected), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("training", [False, True])
def test_the_gradient_of_batch_norm(training, shape, rng):
    layer, x = random_batch_norm(rng, eps=0.1), random_images(rng, shape)

    def forward(gamma, beta, x):
        like_x = layer if isinstance(x, np.ndarray) else to(layer, "torch")
        moved = like_x._replace(gamma=gamma, beta=beta)
        y, *_, backward = moved.forward_training(x) if training else moved.forward(x)

        def backward_of_three(d_y):
            d_layer, d_x = backward(d_y)
            return d_layer.gamma, d_layer.beta, d_x

        return y, backward_of_three

    table = gradcheck(forward, layer.gamma, layer.beta, x, rng=rng, names=("gamma", "beta", "x"), tolerance=1e-8)
    assert table.ok, table


@pytest.mark.parametrize("training", [False, True])
def test_the_running_statistics_have_no_gradient(training, rng):
    layer, x = random_batch_norm(rng), random_images(rng)

    def loss(layer):
        on_torch = to(x, "torch")
        return ((layer.forward_training(on_torch)[0] if training else layer(on_torch)) ** 2).sum()

    y, *_, backward = layer.forward_training(x) if training else layer.forward(x)
    by_hand, _ = backward(2 * y)
    _, by_autograd = autograd(loss, to(layer, "torch"))
    assert_trees_close(by_autograd, by_hand, rtol=1e-10)
    assert [leaf.any() for leaf in by_hand[:4]] == [True, True, False, False]


def test_new_statistics_carry_no_graph(rng):
    layer = to(random_batch_norm(rng), "torch")
    _, new_layer, _ = layer.forward_training(to(random_images(rng), "torch").requires_grad_())
    assert not new_layer.running_mean.requires_grad
    assert not new_layer.running_variance.requires_grad


def test_the_running_variance_is_the_unbiased_one(rng, backend):
    x = from_numpy(np.array([[1.0], [3.0]]), backend=backend)
    layer = BatchNorm.init(1, momentum=1.0, eps=0.0, dtype="float64", backend=backend)
    y, new_layer, _ = layer.forward_training(x)
    np.testing.assert_array_equal(to_numpy(y), [[-1], [1]])  # divided by the biased variance, 1
    assert float(new_layer.running_mean[0]) == 2
    assert float(new_layer.running_variance[0]) == 2


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_float_type_stays_and_no_argument_is_changed(dtype, backend, rng):
    options = {"dtype": dtype, "backend": backend}
    x = from_numpy(random_images(rng), dtype, backend)
    for layer in (GroupNorm.init(6, 2, **options), BatchNorm.init(6, **options)):
        before = tree_map(lambda leaf: to_numpy(leaf).copy(), (layer, x))
        results = [layer.forward(x)]
        results += [layer.forward_training(x)] if isinstance(layer, BatchNorm) else []
        for y, *new_layer, backward in results:
            d_layer, d_x = backward(y)
            arrays = (y, d_x, *d_layer[:2], *(leaf for new in new_layer for leaf in new[:4]))
            assert {str(a.dtype).removeprefix("torch.") for a in arrays} == {dtype}
        assert_trees_close((layer, x), before, rtol=0, atol=0)


def test_arrays_are_made_where_x_is():
    x = torch.zeros((2, 5, 4, 6), device="meta")
    for layer in (GroupNorm.init(6, 2, backend="torch"), BatchNorm.init(6, backend="torch")):
        on_meta = tree_map(lambda leaf: leaf.to("meta"), layer)
        y, backward = on_meta.forward(x)
        assert {a.device.type for a in (y, *backward(y)[0][:2], backward(y)[1])} == {"meta"}
    y, new_layer, backward = on_meta.forward_training(x)
    assert {a.device.type for a in (y, *new_layer[:4], *backward(y)[0][:4], backward(y)[1])} == {"meta"}


def test_norms_in_a_chain(rng):
    first = Dense.init(6, 6, rng=rng), layer_norm(6, eps=0.1), Activation("tanh"), GroupNorm.init(6, 3, eps=0.1)
    chain = random_like(Chain((*first, Flatten())), rng)
    table = gradcheck(lambda c, x: c.forward(x), chain, random_images(rng, (2, 5, 6)), rng=rng, tolerance=1e-8)
    assert table.ok, table
    inference = Chain((random_batch_norm(rng), Flatten()))
    assert inference(random_images(rng)).shape == (3, 4 * 5 * 6)


@pytest.mark.parametrize(
    ("groups", "shape", "message"),
    [
        (2, (3, 6, 4, 5), "x: expected [batch, rows, columns, channels=6], got [3, 6, 4, 5]: axis 'channels' is 5 "
         "instead of 6. Likely cause: the images look NCHW: the course's are NHWC"),
        (2, (3, 4, 5), "x: expected [batch, axis1, channels=6], got [3, 4, 5]: axis 'channels' is 5 instead of 6"),
        (2, (3, 6, 5), "axis 'channels' is 5 instead of 6. Likely cause: the images look NCHW"),  # one row of pixels
        (2, (6,), "got [6], which has 1 axes instead of 2"),
        (6, (3, 6), "x: expected more than one number in a group, got [3, 6] with 6 groups, where the mean is"),
        (4, (3, 6), "groups: expected a divisor of the 6 channels (1, 2, 3, 6), got 4"),
    ],
    ids=["NCHW", "channels", "NCHW in a row", "no batch", "single numbers", "groups"],
)  # fmt: skip
def test_a_wrong_group_norm_says_what_is_wrong(groups, shape, message, rng, without_shape_types):
    layer = random_group_norm(rng, 1)._replace(groups=groups)
    with pytest.raises(ShapeError, match=re.escape(message)):
        layer(np.zeros(shape))


def test_groups_that_do_not_divide_the_channels_are_refused():
    with pytest.raises(ShapeError, match=r"groups: expected a divisor of the 6 channels \(1, 2, 3, 6\), got 4"):
        GroupNorm.init(6, 4)
    with pytest.raises(ValueError, match="groups: expected a positive whole number, got 0"):
        GroupNorm.init(6, 0)


def test_a_wrong_batch_norm_says_what_is_wrong(rng, without_shape_types):
    layer = random_batch_norm(rng)
    for door in (layer, layer.forward_training):
        with pytest.raises(ShapeError, match=r"channels=6\], got \[3, 6, 4, 5\].*the images look NCHW"):
            door(np.zeros((3, 6, 4, 5)))
    with pytest.raises(ShapeError, match=r"at least two numbers of each channel .* got \[1, 6\]. Likely cause: a last"):
        layer.forward_training(np.zeros((1, 6)))


def test_of_no_images_come_none(backend):
    y, backward = GroupNorm.init(6, 2, backend=backend).forward(to(np.ones((0, 4, 3, 6), "float32"), backend))
    d_layer, dx = backward(y)
    assert tuple(y.shape) == tuple(dx.shape) == (0, 4, 3, 6)
    assert to_numpy(d_layer.gamma).tolist() == to_numpy(d_layer.beta).tolist() == [0.0] * 6
