import numpy as np
import pytest

from rnn_course import gradcheck


def square(x):
    return x * x, lambda d: 2 * x * d


def test_a_right_gradient_agrees_to_nine_digits(rng):
    table = gradcheck(square, rng.standard_normal((3, 4)), rng=rng, names=("x",))
    assert table.ok
    assert table.rows[0].error < 1e-10
    assert "yes" in repr(table)


@pytest.mark.parametrize("slip", [lambda x, d: x * d, lambda x, d: 2 * d, lambda x, d: 2 * x * d * (1 + 1e-7)])
def test_a_wrong_gradient_is_found(slip, rng):
    table = gradcheck(lambda x: (x * x, lambda d: slip(x, d)), rng.standard_normal((3, 4)), rng=rng, names=("x",))
    assert not table.ok
    assert "NO (relative difference" in repr(table)


def test_one_wrong_gradient_among_several_is_the_one_that_is_named(rng):
    def product(x, y):
        return x * y, lambda d: (d * y, d * y)

    table = gradcheck(product, rng.standard_normal(5), rng.standard_normal(5), rng=rng, names=("x", "y"))
    assert [(row.name, row.error < 1e-9) for row in table.rows] == [("x", True), ("y", False)]


def test_float32_is_refused(rng):
    with pytest.raises(TypeError, match="needs float64, got float32"):
        gradcheck(square, np.zeros(3, "float32"), rng=rng)
