"""Torch's fused kernels, as the cells call them, against the readable loop; and that autograd goes through them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from rnn_course import LSTMCell, dynamic_rnn, dynamic_rnn_forward, kernels, leaves, to, tree_map
from rnn_course.arrays import autograd
from rnn_course.loop import loop, loop_forward

from ..helpers import assert_trees_close
from .test_kernels import CELLS, assert_close, problem, problems, results, with_kernel

# The cells whose steps Torch has too; the others go through the loop.
FUSED = ["lstm", "gru, reset after", "gru, reset after, one bias", "basic rnn, tanh", "basic rnn, relu"]
TOLERANCE = {"float64": 1e-12, "float32": 2e-6}  # oneDNN's float32 has an exponential of its own


def tensors(name, shape, rng, lengths=None, dtype="float64"):
    arguments, lengths, d_results = problem(name, shape, rng, lengths)
    arguments, d_results = tree_map(lambda leaf: leaf.astype(dtype), (arguments, d_results))
    lengths = None if lengths is None else torch.tensor(lengths)
    return to(arguments, "torch"), lengths, to(d_results, "torch")


def as_numpy(tree):
    return to(tree, "numpy")


@pytest.fixture
def no_loop(monkeypatch):
    def refuse(*_):
        raise AssertionError("this went through the loop")

    monkeypatch.setattr(kernels, "loop", refuse)
    monkeypatch.setattr(kernels, "loop_forward", refuse)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@settings(max_examples=40, deadline=None)
@given(problems())
def test_every_kernel_is_the_loop_gradients_included(dtype, drawn):
    name, shape, seed, lengths = drawn
    arguments, lengths, d_results = tensors(name, shape, np.random.default_rng(seed), lengths, dtype)
    expected = results(loop_forward, arguments, lengths, d_results)
    got = results(with_kernel, arguments, lengths, d_results)
    assert not any(leaf.requires_grad for leaf in leaves(got))
    assert_close(as_numpy(got), as_numpy(expected), TOLERANCE[dtype])
    assert_close(as_numpy(kernels.scan(*arguments, lengths)), as_numpy(expected[:2]), TOLERANCE[dtype])


@pytest.mark.parametrize("door", [kernels.scan, kernels.scan_forward], ids=["scan", "scan_forward"])
@pytest.mark.parametrize("lengths", [None, [1, 0, 5, 3], [5, 5, 5, 5]])
@pytest.mark.parametrize("name", FUSED)
def test_autograd_goes_through_both_doors(name, lengths, door, rng, no_loop):
    arguments, lengths, d_results = tensors(name, (5, 4, 3, 6), rng, lengths)

    def weighed(door, moved):
        outputs, final = door(*moved, lengths)[:2]
        return sum((a * b).sum() for a, b in zip(leaves((outputs, final)), leaves(d_results), strict=True))

    value, gradient = autograd(lambda moved: weighed(door, moved), arguments)
    expected, expected_gradient = autograd(lambda moved: weighed(loop, moved), arguments)
    assert_close(as_numpy((value, gradient)), as_numpy((expected, expected_gradient)), 1e-12)


@pytest.mark.parametrize("lengths", [None, [2, 0, 5, 3]])
@pytest.mark.parametrize("name", FUSED)
def test_by_hand_where_autograd_watches_too(name, lengths, rng, no_loop):
    arguments, lengths, d_results = tensors(name, (5, 4, 3, 6), rng, lengths)
    expected = results(with_kernel, arguments, lengths, d_results)
    watched = tree_map(lambda leaf: leaf.clone().requires_grad_(), arguments)
    *found, backward = with_kernel(*watched, lengths)
    assert all(leaf.requires_grad for leaf in leaves(tuple(found)))
    assert_trees_close((*found, *backward(*d_results)), expected, rtol=0, atol=0)
    assert_trees_close(backward(*d_results), expected[2:], rtol=0, atol=0)


@pytest.mark.parametrize("name", sorted(set(CELLS) - set(FUSED)))
def test_what_torch_has_not_goes_through_the_loop(name, rng):
    arguments, lengths, _ = tensors(name, (5, 4, 3, 6), rng, [2, 0, 5, 3])
    assert_trees_close(kernels.scan(*arguments, lengths), loop(*arguments, lengths), rtol=0, atol=0)


def test_no_row_alive(rng):
    arguments, lengths, _ = tensors("lstm", (5, 4, 3, 6), rng, [0, 0, 0, 0])
    assert_trees_close(kernels.scan(*arguments, lengths), loop(*arguments, lengths), rtol=0, atol=0)


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_without_a_graph(context, rng, no_loop):
    arguments, lengths, d_results = tensors("lstm", (5, 4, 3, 6), rng, [2, 0, 5, 3])
    expected = results(with_kernel, arguments, lengths, d_results)
    watched = tree_map(lambda leaf: leaf.clone().requires_grad_(), arguments)
    with context():
        moved = watched[0], watched[1] + 0, watched[2]
        assert_trees_close(kernels.scan(*moved, lengths), expected[:2], rtol=1e-12)
        assert_trees_close(results(with_kernel, moved, lengths, d_results), expected, rtol=1e-12)


@pytest.mark.parametrize("name", FUSED)
def test_padding_of_nan_reaches_nothing(name, rng, no_loop):
    (cell, x, state), lengths, d_results = tensors(name, (5, 4, 3, 6), rng, [2, 0, 5, 3])
    expected = results(with_kernel, (cell, x, state), lengths, d_results)
    spoiled = x.clone()
    for row, length in enumerate(lengths.tolist()):
        spoiled[length:, row] = torch.nan
    assert_trees_close(results(with_kernel, (cell, spoiled, state), lengths, d_results), expected, rtol=0, atol=0)


def test_a_float32_batch_is_nn_lstm_bit_for_bit(rng, no_loop):
    cell = LSTMCell.init(3, 6, rng=rng, backend="torch")
    module = torch.nn.LSTM(3, 6)
    i, j, f, o = (torch.cat([cell.kernel, cell.bias[None]]).reshape(-1, 4, 6)[:, k] for k in range(4))
    weights = torch.cat([i, f, j, o], dim=1).T
    with torch.no_grad():
        module.weight_ih_l0.copy_(weights[:, :3])
        module.weight_hh_l0.copy_(weights[:, 3:-1])
        module.bias_ih_l0.copy_(weights[:, -1])
        module.bias_hh_l0.zero_()
    x = torch.tensor(rng.standard_normal((5, 4, 3)), dtype=torch.float32)
    outputs, _ = dynamic_rnn(cell, x, time_major=True)
    np.testing.assert_array_equal(outputs.detach(), module(x)[0].detach())
    *_, backward = dynamic_rnn_forward(cell, x, time_major=True)
    (outputs_of_module, _), d_outputs = module(x), torch.ones(5, 4, 6)
    outputs_of_module.backward(d_outputs)
    np.testing.assert_allclose(
        backward(d_outputs)[0].kernel[:3],
        module.weight_ih_l0.grad.reshape(4, 6, 3)[[0, 2, 1, 3]].permute(2, 0, 1).reshape(3, 24),
        rtol=1e-6,
    )


def test_torch_func_goes_through_the_loop(rng):
    (cell, x, state), _, _ = tensors("lstm", (5, 4, 3, 6), rng)

    def total(x):
        return dynamic_rnn(cell, x, state, time_major=True)[0].sum()

    _, backward = (*dynamic_rnn_forward(cell, x, state, time_major=True)[1:],)
    d_outputs, d_final = torch.ones(5, 4, 6, dtype=torch.float64), None
    np.testing.assert_allclose(torch.func.grad(total)(x), backward(d_outputs, d_final)[1], rtol=1e-12)
