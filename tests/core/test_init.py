import numpy as np
import pytest

from rnn_course import Dense, LSTMCell
from rnn_course.init import glorot_uniform, orthogonal


def test_glorot_has_the_variance_of_the_paper(rng):
    drawn = glorot_uniform((300, 500), rng)
    assert abs(drawn).max() <= np.sqrt(6 / 800)
    assert drawn.var() == pytest.approx(2 / 800, rel=0.02)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4)])
def test_orthogonal_rows_or_columns_are_orthonormal(shape, rng):
    q = orthogonal(shape, rng)
    assert q.shape == shape
    product = q.T @ q if shape[0] >= shape[1] else q @ q.T
    np.testing.assert_allclose(product, np.eye(min(shape)), atol=1e-12)


def test_the_forget_bias_is_in_the_third_block(rng):
    bias = LSTMCell.init(3, 2, rng=rng, forget_bias=1.5).bias
    np.testing.assert_array_equal(bias, [0, 0, 0, 0, 1.5, 1.5, 0, 0])


def test_glorot_is_taken_over_the_concatenated_kernel(rng):
    kernel = LSTMCell.init(30, 50, rng=rng, dtype="float64").kernel
    assert kernel.shape == (80, 200)
    limit = np.sqrt(6 / 280)
    assert 0.98 * limit < abs(kernel).max() <= limit


def test_bad_sizes_and_seeds_are_refused(rng, without_shape_types):
    with pytest.raises(TypeError, match=r"rng: expected a numpy.random.Generator, got int; pass rng=numpy.random"):
        Dense.init(3, 4, rng=0)
    with pytest.raises(ValueError, match="output_size: expected a positive whole number, got 0"):
        Dense.init(3, 0, rng=rng)
