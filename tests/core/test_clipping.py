from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rnn_course import leaves, to, to_numpy
from rnn_course.clipping import clip_by_global_norm, clip_by_value, global_norm

from ..helpers import assert_trees_close


@pytest.fixture
def gradient(rng):
    return rng.standard_normal((5, 3)), rng.standard_normal(7)


def torchs(gradient, clip, *arguments):
    """The gradient after one of Torch's functions, which change the `.grad` of parameters."""
    parameters = [SimpleNamespace(grad=torch.tensor(g)) for g in gradient]
    clip(parameters, *arguments)
    return tuple(parameter.grad for parameter in parameters)


def test_clipping_keeps_the_direction(backend):
    gradient = to((np.array([3.0, 0.0]), np.array([[4.0]])), backend)
    assert global_norm(gradient) == 5.0
    clipped, norm = clip_by_global_norm(gradient, 1.0)
    assert norm == 5.0
    assert_trees_close(clipped, (np.array([0.6, 0.0]), np.array([[0.8]])))
    same, norm = clip_by_global_norm(gradient, 5.0)
    assert same is gradient
    assert norm == 5.0


@pytest.mark.parametrize("max_norm", [0.3, 1e6])
def test_the_factor_is_tensorflows_and_torchs_up_to_its_millionth(max_norm, gradient, backend):
    norm = np.sqrt(sum((g**2).sum() for g in gradient))
    clipped, reported = clip_by_global_norm(to(gradient, backend), max_norm)
    assert reported == pytest.approx(norm, rel=1e-14)
    tensorflow = max_norm * min(1 / norm, 1 / max_norm)
    assert_trees_close(clipped, tuple(g * tensorflow for g in gradient), rtol=1e-14)
    theirs = torchs(gradient, torch.nn.utils.clip_grad_norm_, max_norm)
    millionth = (norm + 1e-6) / norm if norm > max_norm else 1.0
    assert_trees_close(clipped, tuple(g * millionth for g in theirs), rtol=1e-13)
    assert_trees_close(clipped, theirs, rtol=1.01e-6 / norm)


def test_clipping_by_value_is_torchs(gradient, backend):
    before = [np.copy(g) for g in gradient]
    clipped = clip_by_value(to(gradient, backend), 0.4)
    assert max(abs(to_numpy(g)).max() for g in clipped) == 0.4
    assert_trees_close(clipped, torchs(gradient, torch.nn.utils.clip_grad_value_, 0.4), rtol=0, atol=0)
    assert_trees_close(gradient, tuple(before), rtol=0, atol=0)


def test_the_norm_of_a_tree_of_two_dtypes_and_of_no_arrays():
    assert global_norm((np.array([3.0], "float32"), np.array([4.0]))) == 5.0
    assert global_norm((torch.tensor([3.0]), torch.tensor([4.0], dtype=torch.float64))) == 5.0
    assert global_norm(("tanh", None, ())) == 0.0


def test_float32_stays_float32_even_if_the_limit_is_numpys(gradient, backend):
    gradient = to(tuple(g.astype("float32") for g in gradient), backend)
    clipped, _ = clip_by_global_norm(gradient, np.float64(0.1))
    for leaf in leaves((clipped, clip_by_value(gradient, np.float64(0.1)))):
        assert str(leaf.dtype).endswith("float32")


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan")])
def test_a_limit_must_be_positive(wrong, gradient):
    with pytest.raises(ValueError, match=rf"max_norm: expected a positive number, got {wrong}"):
        clip_by_global_norm(gradient, wrong)
    with pytest.raises(ValueError, match=rf"limit: expected a positive number, got {wrong}"):
        clip_by_value(gradient, wrong)
