import sys

import numpy as np
import pytest
import torch

from rnn_course import LSTMCell, from_numpy, to, to_numpy
from rnn_course.activations import sigmoid
from rnn_course.arrays import (
    accelerators,
    autograd,
    backend_of,
    no_gradient,
    resolve_device,
    split_columns,
    swap_batch_time,
)

from ..helpers import assert_trees_close, random_lstm


def test_a_tree_goes_to_torch_and_back_unchanged(rng):
    cell = random_lstm(3, 5, rng)
    moved = to(cell, "torch")
    assert isinstance(moved, LSTMCell)
    assert moved.kernel.dtype == torch.float64
    assert_trees_close(to(moved), cell, rtol=0, atol=0)


def test_a_tensor_does_not_share_memory_with_the_array_it_was_made_of(rng):
    original = rng.standard_normal(4)
    tensor = to(original, "torch")
    tensor.zero_()
    assert original.any()


def test_reversed_and_read_only_arrays_can_be_moved(rng):
    original = rng.standard_normal((3, 4))[::-1, ::2]
    original.setflags(write=False)
    np.testing.assert_array_equal(to_numpy(to(original, "torch")), original)


def test_initial_weights_are_the_same_on_every_backend():
    ours, theirs = (LSTMCell.init(3, 5, rng=np.random.default_rng(1), backend=b) for b in ("numpy", "torch"))
    assert_trees_close(theirs, ours, rtol=0, atol=0)


def test_autograd_gives_zeros_for_what_is_not_used():
    tree = (torch.tensor([3.0]), torch.tensor([4.0]))
    value, gradient = autograd(lambda t: (t[0] ** 2).sum(), tree)
    assert (float(value), float(gradient[0]), float(gradient[1])) == (9.0, 6.0, 0.0)
    assert not tree[0].requires_grad


def test_autograd_refuses_numpy_arrays():
    with pytest.raises(TypeError, match="needs Torch tensors; the argument is ndarray"):
        autograd(lambda t: t.sum(), np.zeros(2))


def test_no_gradient_is_recorded():
    x = torch.ones(2, requires_grad=True)
    with no_gradient(x):
        assert not (2 * x).requires_grad
    with no_gradient(np.ones(2)):
        pass


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("jax", "cpu"), ValueError, "backend: expected one of numpy, torch, got 'jax'"),
        (("torch", "tpu"), ValueError, "device: expected one of auto, cpu, cuda, mps, got 'tpu'"),
        (("numpy", "cuda"), ValueError, "NumPy computes on the CPU"),
    ],
)
def test_an_unknown_backend_or_device_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        resolve_device(*arguments)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(RuntimeError, match=r"'cuda' is not available to Torch on this machine; usable:.*cpu"):
        to(np.zeros(2), "torch", "cuda")


def test_a_missing_torch_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install \"rnn-course\[torch\]\""):
        to(np.zeros(2), "torch")


def test_what_is_no_array_is_refused():
    with pytest.raises(TypeError, match="expected a NumPy array or a Torch tensor, got list"):
        backend_of([1, 2])


def test_sigmoid_is_exact_and_never_overflows(backend):
    x = from_numpy(np.array([-1e4, -2.0, 0.0, 2.0, 1e4]), backend=backend)
    expected = [0.0, 1 / (1 + np.exp(2.0)), 0.5, 1 / (1 + np.exp(-2.0)), 1.0]
    np.testing.assert_allclose(to_numpy(sigmoid(x)), expected, rtol=1e-14, atol=1e-16)


def test_batch_and_time_change_places_and_columns_are_cut(backend):
    x = from_numpy(np.arange(24.0).reshape(2, 3, 4), backend=backend)
    np.testing.assert_array_equal(to_numpy(swap_batch_time(x)), np.arange(24.0).reshape(2, 3, 4).transpose(1, 0, 2))
    parts = split_columns(x[0, ...], 2)
    assert [part.shape[1] for part in parts] == [2, 2]
    np.testing.assert_array_equal(to_numpy(parts[1]), [[2, 3], [6, 7], [10, 11]])


def test_accelerators_are_listed_with_their_names(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda k: f"card {k}")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert accelerators() == {"cuda:0": "card 0", "cuda:1": "card 1", "mps": "Apple GPU"}
    monkeypatch.setitem(sys.modules, "torch", None)
    assert accelerators() == {}
