"""Everything stays on the device of its arrays: on the meta device, which every Torch has, and on CUDA if there is one.

The meta device computes shapes and no numbers, and refuses an array that was made on the CPU by the way.
"""

import pytest
import torch

from rnn_course import Dense, dynamic_rnn_forward, leaves, to, to_numpy, tree_map
from rnn_course.bidirectional import bidirectional_dynamic_rnn_forward

from ..helpers import assert_trees_close
from .test_any_input import PROBLEMS
from .test_laws import CELLS, problem

WITH_NUMBERS = {"cross-entropy", "two directions", *CELLS}  # these look at labels or at a state by hand
cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA")


def on_meta(tree):
    return tree_map(lambda leaf: leaf.to("meta"), to(tree, "torch"))


def devices(tree):
    return {leaf.device.type for leaf in leaves(tree)}


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_over_time_stays_on_its_device(name, rng):
    cell, inputs, state = on_meta(problem(name, rng))
    for begin in (state, None):
        outputs, final, backward = dynamic_rnn_forward(cell, inputs, begin)
        gradients = backward(outputs, final)
        assert devices((outputs, final, gradients)) == {"meta"}
        assert len(leaves(gradients[0])) == len(leaves(cell))


def test_two_directions_stay_on_their_device(rng):
    cell, inputs, _ = on_meta(problem("lstm", rng))
    outputs, states, backward = bidirectional_dynamic_rnn_forward(cell, cell, inputs)
    assert devices((outputs, states, backward(outputs, states))) == {"meta"}


@pytest.mark.parametrize("name", [name for name in PROBLEMS if name not in WITH_NUMBERS])
def test_a_layer_or_loss_stays_on_its_device(name, rng):
    run, arguments = PROBLEMS[name](rng)
    assert devices(run(*on_meta(arguments))) == {"meta"}


def test_types_of_numbers_are_compared_there_too(rng):
    layer = on_meta(Dense.init(3, 4, rng=rng))
    with pytest.raises(
        TypeError, match=r"x is torch.float64, but kernel is torch.float32: give both one floating-point"
    ):
        layer(torch.zeros((2, 3), dtype=torch.float64, device="meta"))


@cuda
@pytest.mark.parametrize("name", PROBLEMS)
def test_cuda_gives_the_numbers_of_numpy(name, rng):
    run, arguments = PROBLEMS[name](rng)
    expected = run(*arguments)
    got = run(*to(arguments, "torch", "cuda"))
    assert devices(got) == {"cuda"}
    assert_trees_close(tree_map(to_numpy, got), expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_keeps_the_array_objects_that_it_is_given(name, rng):
    cell = CELLS[name](rng)
    again = type(cell)(*cell)
    assert all(now is given for now, given in zip(leaves(again), leaves(cell), strict=True))
