import numpy as np
import pytest
import torch

from rnn_course import Chain, Dense, from_numpy, gradcheck, leaves, to, to_numpy
from rnn_course.dropout import Dropout, dropout, dropout_forward


def test_what_is_kept_grows_and_the_rest_is_0(backend, rng):
    x = from_numpy(1 + rng.random((50, 40)), backend=backend)
    y = to_numpy(dropout(x, 0.8, rng))
    kept = y != 0
    np.testing.assert_allclose(y[kept], to_numpy(x)[kept] / 0.8, rtol=1e-15)
    assert abs(kept.mean() - 0.8) < 5 * np.sqrt(0.8 * 0.2 / kept.size)  # keep_prob is the part that is kept


def test_a_number_is_kept_if_its_draw_is_below_keep_prob(backend):
    """Draws lie in 0 ≤ u < 1, so that u < keep_prob has exactly that probability."""
    draws = np.random.default_rng(3).random(4)
    x = from_numpy(np.ones(4), backend=backend)
    y = to_numpy(dropout(x, float(np.sort(draws)[2]), np.random.default_rng(3)))
    np.testing.assert_array_equal(y > 0, draws < np.sort(draws)[2])  # two are below, and the limit itself is not


def test_the_expected_value_is_x(rng):
    x = rng.standard_normal((3, 4))
    draws = np.stack([dropout(x, 0.25, rng) for _ in range(4000)])
    error = np.abs(x) * np.sqrt((1 - 0.25) / 0.25 / len(draws))  # standard deviation of the mean
    assert (np.abs(draws.mean(axis=0) - x) < 5 * error).all()


def test_the_same_rng_gives_the_same_mask_on_every_backend(rng):
    x = rng.standard_normal((5, 6)).astype("float32")
    ours = dropout(x, 0.5, np.random.default_rng(3))
    theirs = dropout(to(x, "torch"), 0.5, np.random.default_rng(3))
    np.testing.assert_array_equal(to_numpy(theirs), ours)
    assert (dropout(x, 0.5, np.random.default_rng(4)) != ours).any()


def test_without_rng_it_is_inference(backend, rng):
    x = from_numpy(rng.standard_normal((5, 6)), backend=backend)
    y, backward = Dropout(0.5).forward(x)
    assert y is x
    assert Dropout(0.5)(x) is x
    assert backward(x)[1] is x
    dense = Dense.init(6, 2, rng=rng, dtype="float64", backend=backend)
    np.testing.assert_array_equal(to_numpy(Chain((Dropout(0.5), dense))(x)), to_numpy(dense(x)))


def test_the_layer_with_rng_is_the_function(rng):
    x = rng.standard_normal((5, 6))
    expected = dropout(x, 0.5, np.random.default_rng(3))
    np.testing.assert_array_equal(Dropout(0.5)(x, rng=np.random.default_rng(3)), expected)
    y, backward = Dropout(0.5).forward(x, rng=np.random.default_rng(3))
    d_layer, d_x = backward(np.ones((5, 6)))
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(d_x, 2.0 * (y != 0))
    assert d_layer == Dropout(0.5)
    assert leaves(d_layer) == []


def test_the_training_door_must_have_an_rng(rng, without_shape_types):
    x = rng.standard_normal((5, 6))
    y, layer, backward = Dropout(0.5).forward_training(x, np.random.default_rng(3))
    np.testing.assert_array_equal(y, dropout(x, 0.5, np.random.default_rng(3)))
    np.testing.assert_array_equal(backward(x)[1], y)
    assert layer == Dropout(0.5)
    with pytest.raises(TypeError, match=r"rng: expected a numpy\.random\.Generator, got NoneType"):
        layer.forward_training(x, None)


def test_the_mask_is_made_where_x_is(rng):
    x = torch.zeros((5, 6), device="meta")
    y, backward = dropout_forward(x, 0.5, rng)
    assert y.device == backward(y).device == x.device


def test_hand_autograd_and_numeric_gradients_agree(rng):
    x = rng.standard_normal((4, 5))
    table = gradcheck(lambda x: dropout_forward(x, 0.6, np.random.default_rng(3)), x, rng=rng)
    assert table.ok, table


def test_keeping_everything_changes_nothing(rng):
    x = rng.standard_normal((4, 5))
    np.testing.assert_array_equal(dropout(x, 1.0, rng), x)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_float_type_stays_and_no_argument_is_changed(dtype, backend, rng):
    x = from_numpy(rng.standard_normal((4, 5)), dtype, backend)
    before = to_numpy(x).copy()
    y, backward = dropout_forward(x, 0.5, rng)
    assert y.dtype == backward(y).dtype == x.dtype
    np.testing.assert_array_equal(to_numpy(x), before)


@pytest.mark.parametrize("keep_prob", [0, 0.0, -0.5, 1.5, float("nan"), np.float64(0.5), "0.5"])
def test_a_wrong_keep_prob_is_refused(keep_prob, rng, without_shape_types):
    for arguments in ((), (rng,)):
        with pytest.raises(ValueError, match=r"keep_prob: expected a Python number above 0 and at most 1, the probabi"):
            Dropout(keep_prob)(np.zeros((2, 3)), *arguments)


def test_a_seed_is_no_generator(without_shape_types):
    with pytest.raises(TypeError, match=r"rng: expected a numpy.random.Generator, got int"):
        dropout(np.zeros((2, 3)), 0.5, 42)
