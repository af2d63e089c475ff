"""How the cells call Torch's fused kernels: where, how often, and with which weights."""

import pytest
import torch

from rnn_course import leaves, tree_map
from rnn_course.kernels import fused

from ..helpers import assert_trees_close
from .test_kernels_torch import FUSED, tensors

LENGTHS = [None, [1, 0, 5, 3]]


def counted(cell, x, state):
    """The kernel of the cell, and the list to which each of its calls adds whether autograd watches."""
    calls, kernel = [], fused.kernel_for(cell, x, tuple(leaves((cell, state))))

    def call(*arguments):
        calls.append(torch.is_grad_enabled())
        return kernel(*arguments)

    return call, calls


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("name", FUSED)
def test_a_sequence_runs_once_however_often_backward_is_called(name, lengths, rng):
    arguments, lengths, d_results = tensors(name, (5, 4, 3, 6), rng, lengths)
    kernel, calls = counted(*arguments)
    *_, backward = fused.scan_forward(kernel, *arguments, lengths)
    gradients = backward(*d_results)
    assert_trees_close(backward(*d_results), gradients, rtol=0, atol=0)
    assert calls == [True]


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_it_runs_once_too_where_nobody_watches_leaves_that_could_be_watched(context, rng):
    arguments, _, d_results = tensors("lstm", (5, 4, 3, 6), rng)
    kernel, calls = counted(*arguments)
    arguments = tree_map(lambda leaf: leaf.requires_grad_(), arguments)
    with context():
        outputs, _, backward = fused.scan_forward(kernel, *arguments, None)
        backward(*d_results)
    assert not outputs.requires_grad
    assert calls == [True]


def test_it_runs_again_for_each_backward_where_the_graph_is_the_callers(rng):
    arguments, _, d_results = tensors("lstm", (5, 4, 3, 6), rng)
    kernel, calls = counted(*arguments)
    cell, x, state = arguments
    outputs, _, backward = fused.scan_forward(kernel, cell, x.requires_grad_(), state, None)
    backward(*d_results)
    backward(*d_results)
    assert outputs.requires_grad
    assert calls == [True] * 3


@pytest.mark.parametrize("name", FUSED)
def test_there_is_a_kernel_for_one_kind_of_numbers_on_a_device_that_has_it(name, rng):
    (cell, x, state), *_ = tensors(name, (5, 4, 3, 6), rng)
    weights = tuple(leaves((cell, state)))
    assert fused.kernel_for(cell, x, weights) is not None
    assert fused.kernel_for(cell, x.float(), weights) is None
    assert fused.kernel_for(cell, x, (*weights[:-1], weights[-1].float())) is None
    assert fused.kernel_for(cell, x.to("meta"), tuple(leaf.to("meta") for leaf in weights)) is None
    with torch.autocast("cpu", torch.bfloat16):
        assert fused.kernel_for(cell, x, weights) is None


def test_the_weights_in_one_piece_are_the_same_and_lie_one_behind_the_other(rng):
    weights = [torch.tensor(rng.standard_normal(shape)) for shape in ((8, 3), (8, 2), (8,), (4,))]
    weights[1] = weights[1].T
    pieces = fused._in_one_piece(weights)
    assert_trees_close(tuple(pieces), tuple(weights), rtol=0, atol=0)
    ends = [piece.data_ptr() + piece.nbytes for piece in pieces]
    assert [piece.data_ptr() for piece in pieces[1:]] == ends[:-1]
    assert all(piece.is_contiguous() for piece in pieces)


class OnCUDA(torch.Tensor):
    """Says that it is there."""

    is_cuda = True


@pytest.mark.parametrize("sizes", [None, torch.tensor([2, 1])])
@pytest.mark.parametrize("is_cuda", [False, True])
def test_only_on_cuda_they_lie_in_one_piece(is_cuda, sizes):
    weights = [torch.ones(2, 3), torch.ones(2)]
    x = torch.ones(2, 3).as_subclass(OnCUDA) if is_cuda else torch.ones(2, 3)
    passed = fused._run(lambda *arguments: arguments, x, torch.ones(1, 2), weights, sizes)
    first, second = next(argument for argument in passed if isinstance(argument, list))
    assert (second.data_ptr() == first.data_ptr() + first.nbytes) == is_cuda
    assert (first is weights[0]) != is_cuda
