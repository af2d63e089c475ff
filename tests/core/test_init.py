import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_course import Dense, LSTMCell
from rnn_course.init import (
    glorot_uniform,
    he_normal,
    he_uniform,
    keras_lstm_kernel,
    lstm_bias,
    orthogonal,
    torch_uniform,
)

DRAWS = {
    "glorot_uniform": glorot_uniform,
    "he_uniform": he_uniform,
    "he_normal": he_normal,
    "torch_uniform": torch_uniform,
    "orthogonal": orthogonal,
}
# The variance of each, from the numbers of inputs and outputs of one number.
VARIANCES = {
    glorot_uniform: lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    he_uniform: lambda fan_in, fan_out: 2 / fan_in,
    he_normal: lambda fan_in, fan_out: 2 / fan_in,
    torch_uniform: lambda fan_in, fan_out: 1 / (3 * fan_in),
}
UNIFORM = [glorot_uniform, he_uniform, torch_uniform]


@pytest.mark.parametrize("draw", VARIANCES)
@pytest.mark.parametrize(
    ("shape", "fan_in", "fan_out"), [((300, 500), 300, 500), ((5, 3, 40, 70), 5 * 3 * 40, 5 * 3 * 70)]
)
def test_the_mean_and_the_variance_are_those_of_the_paper(draw, shape, fan_in, fan_out, rng):
    drawn = draw(shape, rng)
    variance = VARIANCES[draw](fan_in, fan_out)
    assert drawn.shape == shape
    assert drawn.dtype == np.float64
    assert abs(drawn.mean()) < 5 * np.sqrt(variance / drawn.size)
    assert drawn.var() == pytest.approx(variance, rel=0.03)


@pytest.mark.parametrize("draw", UNIFORM)
@settings(deadline=None)
@given(rows=st.integers(1, 40), columns=st.integers(1, 40), seed=st.integers(0, 2**32 - 1))
def test_uniform_numbers_never_leave_their_bounds(draw, rows, columns, seed):
    """A uniform distribution of variance s² lies within ±√3·s."""
    limit = np.sqrt(3 * VARIANCES[draw](rows, columns))
    drawn = draw((rows, columns), np.random.default_rng(seed))
    assert abs(drawn).max() <= limit * (1 + 1e-15)


@pytest.mark.parametrize("draw", UNIFORM)
def test_uniform_numbers_fill_their_bounds_evenly(draw, rng):
    drawn = draw((300, 500), rng)
    limit = np.sqrt(3 * VARIANCES[draw](300, 500))
    share, _ = np.histogram(drawn, bins=10, range=(-limit, limit))
    np.testing.assert_allclose(share / drawn.size, 0.1, rtol=0.03)


def test_normal_numbers_have_tails(rng):
    """Keras cuts its he_normal at two standard deviations; the paper and Torch do not: 4.55% lie outside."""
    drawn = he_normal((300, 500), rng) / np.sqrt(2 / 300)
    assert np.mean(abs(drawn) > 2) == pytest.approx(0.0455, rel=0.05)


@pytest.mark.parametrize(
    ("layer", "width"),
    [(torch.nn.Linear(400, 7), 400), (torch.nn.Conv2d(40, 7, (3, 5)), 600), (torch.nn.LSTM(7, 400), 400)],
    ids=["Linear", "Conv2d", "LSTM"],
)
def test_torchs_own_weights_fill_the_bounds_that_we_draw_from(layer, width, rng):
    theirs = torch.cat([p.detach().ravel() for p in layer.parameters()]).abs().max().item()
    ours = abs(torch_uniform((len(layer.state_dict()), 5000), rng, width=width)).max()
    assert theirs == pytest.approx(1 / np.sqrt(width), rel=0.01)
    assert ours == pytest.approx(1 / np.sqrt(width), rel=0.01)
    assert max(theirs, ours) <= 1 / np.sqrt(width) * (1 + 1e-6)


@pytest.mark.parametrize("gain", [1.0, 0.5])
@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4)])
def test_orthogonal_rows_or_columns_are_orthonormal_times_the_gain(shape, gain, rng):
    q = orthogonal(shape, rng, gain)
    assert q.shape == shape
    product = q.T @ q if shape[0] >= shape[1] else q @ q.T
    np.testing.assert_allclose(product, gain**2 * np.eye(min(shape)), atol=1e-12)


@pytest.mark.parametrize("shape", [(5, 3), (4, 4)])
def test_an_orthogonal_matrix_is_the_q_of_the_gaussian_numbers_of_its_seed(shape):
    """Q · R with a positive diagonal of R is unique, so Qᵀ · Gaussian must be such an R."""
    r = orthogonal(shape, np.random.default_rng(3)).T @ np.random.default_rng(3).standard_normal(shape)
    np.testing.assert_allclose(np.tril(r, -1), 0, atol=1e-14)
    assert (np.diag(r) > 0).all()


def test_orthogonal_matrices_are_uniformly_distributed(rng):
    """Every number has mean 0 and variance 1/n. Without the signs of R, the first column's first number is negative."""
    drawn = np.array([orthogonal((3, 3), rng) for _ in range(3000)])
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=5 * np.sqrt(1 / 3 / 3000))
    np.testing.assert_allclose((drawn**2).mean(axis=0), 1 / 3, rtol=0.08)


def test_keras_draws_the_input_rows_and_the_recurrent_rows_apart(rng):
    kernel = keras_lstm_kernel(60, 50, rng)
    assert kernel.shape == (110, 200)
    limit = np.sqrt(6 / (60 + 200))
    assert 0.98 * limit < abs(kernel[:60]).max() <= limit
    assert kernel[:60].var() == pytest.approx(2 / (60 + 200), rel=0.05)
    np.testing.assert_allclose(kernel[60:] @ kernel[60:].T, np.eye(50), atol=1e-12)
    products = kernel[60:, :50] @ kernel[60:, :50].T
    assert abs(products - np.diag(np.diag(products))).max() > 0.05  # orthonormal as a whole, not in each block


def test_the_forget_bias_is_in_the_third_block(rng):
    expected = [0, 0, 0, 0, 1.5, 1.5, 0, 0]
    np.testing.assert_array_equal(lstm_bias(2, 1.5), expected)
    np.testing.assert_array_equal(LSTMCell.init(3, 2, rng=rng, forget_bias=1.5).bias, expected)
    np.testing.assert_array_equal(lstm_bias(1), [0, 0, 1, 0])


def test_glorot_is_taken_over_the_concatenated_kernel(rng):
    kernel = LSTMCell.init(30, 50, rng=rng, dtype="float64").kernel
    assert kernel.shape == (80, 200)
    limit = np.sqrt(6 / 280)
    assert 0.98 * limit < abs(kernel).max() <= limit


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_a_seed_decides_everything(draw):
    first, again, other = (draw((4, 6), np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_numbers_are_the_same_on_every_backend():
    ours, torchs = (
        Dense.init(3, 4, rng=np.random.default_rng(1), dtype="float64", backend=backend).kernel
        for backend in ("numpy", "torch")
    )
    np.testing.assert_array_equal(ours, torchs.numpy())


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_bad_shapes_and_seeds_of_initialisers_are_refused(draw, rng, without_shape_types):
    with pytest.raises(ValueError, match=r"shape: expected .*two axes, \[.*input, output\], got \[5\]"):
        draw((5,), rng)
    with pytest.raises(ValueError, match=r"shape\[1\]: expected a positive whole number, got 0"):
        draw((5, 0), rng)
    with pytest.raises(TypeError, match=r"rng: expected a numpy.random.Generator, got int; pass rng=numpy.random"):
        draw((5, 3), 0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rng: torch_uniform((5,), rng, width=0), "width: expected a positive whole number, got 0"),
        (lambda rng: orthogonal((5, 3), rng, gain=0.0), "gain: expected a positive number, got 0.0"),
        (lambda rng: orthogonal((5, 3), rng, gain=np.inf), "gain: expected a positive number, got inf"),
        (lambda rng: orthogonal((5, 3, 2), rng), r"shape: expected two axes, \[input, output\], got \[5, 3, 2\]"),
        (lambda rng: keras_lstm_kernel(0, 2, rng), "input_size: expected a positive whole number, got 0"),
        (lambda rng: keras_lstm_kernel(3, -2, rng), "hidden_size: expected a positive whole number, got -2"),
        (lambda rng: lstm_bias(0), "hidden_size: expected a positive whole number, got 0"),
    ],
)
def test_impossible_numbers_are_named(call, message, rng):
    with pytest.raises(ValueError, match=message):
        call(rng)


def test_bad_sizes_and_seeds_are_refused(rng, without_shape_types):
    with pytest.raises(TypeError, match=r"rng: expected a numpy.random.Generator, got int; pass rng=numpy.random"):
        Dense.init(3, 4, rng=0)
    with pytest.raises(ValueError, match="output_size: expected a positive whole number, got 0"):
        Dense.init(3, 0, rng=rng)
