"""Steps that are run again on the way back give the numbers of steps that were kept, and need less memory."""

import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_course import (
    DropoutWrapper,
    LayerNormLSTMCell,
    LSTMCell,
    MultiRNNCell,
    dynamic_rnn,
    dynamic_rnn_forward,
    kernels,
    leaves,
    rnn,
    to,
    tree_map,
)
from rnn_course.arrays import autograd
from rnn_course.recompute import recompute

from ..helpers import assert_trees_close, random_like
from .test_kernels import CELLS, problem

SHAPE = 7, 4, 3, 6  # time, batch, input, hidden


def everything(arguments, lengths, d_results, **options):
    """Outputs, final state, and the gradients of cell, inputs and state."""
    *found, backward = dynamic_rnn_forward(*arguments, lengths, time_major=True, **options)
    return *found, *backward(*d_results)


def a_stack(rng):
    """Layers with a kernel, and some that only the loop can do."""
    return MultiRNNCell(
        (
            LSTMCell.init(3, 5, rng=rng, dtype="float64"),
            LSTMCell.init(5, 4, rng=rng, dtype="float64", peepholes=True),
            LayerNormLSTMCell.init(4, 6, rng=rng, dtype="float64"),
        )
    )


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(sorted(CELLS)),
    st.integers(1, 8),
    st.none() | st.lists(st.integers(0, 7), min_size=4, max_size=4),
    st.integers(0, 99),
    st.sampled_from(["numpy", "torch"]),
)
def test_the_numbers_are_those_of_the_whole_run(name, keep_every, lengths, seed, library):
    arguments, lengths, d_results = to(problem(name, SHAPE, np.random.default_rng(seed), lengths), library)
    expected = everything(arguments, lengths, d_results)
    assert_trees_close(everything(arguments, lengths, d_results, keep_every=keep_every), expected, 1e-12, 1e-12)


@pytest.mark.parametrize("lengths", [None, [7, 2, 0, 5]])
@pytest.mark.parametrize("keep_every", [1, 3, 6, 7])
def test_any_cell_will_do(keep_every, lengths, rng, backend):
    stack = a_stack(rng)
    state = random_like(stack.zero_state(4), rng)
    arguments = to((stack, rng.standard_normal((7, 4, 3)), state), backend)
    d_results = to((rng.standard_normal((7, 4, 6)), random_like(state, rng)), backend)
    expected = everything(arguments, lengths, d_results)
    assert_trees_close(everything(arguments, lengths, d_results, keep_every=keep_every), expected, 1e-12, 1e-12)


def test_dropout_drops_the_same_again(rng, backend):
    cell = DropoutWrapper.init(LSTMCell.init(3, 6, rng=rng, dtype="float64"), output_keep_prob=0.5, rng=rng)
    arguments = *to((cell, rng.standard_normal((7, 4, 3))), backend), None
    d_results = to(rng.standard_normal((7, 4, 6)), backend), None
    expected = everything(arguments, None, d_results)
    assert_trees_close(everything(arguments, None, d_results, keep_every=3), expected, 1e-12, 1e-12)


@pytest.mark.parametrize("door", ["dynamic_rnn", "dynamic_rnn_forward"])
@pytest.mark.parametrize("lengths", [None, [7, 2, 0, 5]])
def test_autograd_goes_through(door, lengths, rng):
    arguments, lengths, d_results = to(problem("lstm", SHAPE, rng, lengths), "torch")

    def weighed(moved, **options):
        run = dynamic_rnn if door == "dynamic_rnn" else dynamic_rnn_forward
        found = run(*moved, lengths, time_major=True, **options)[:2]
        return sum((a * b).sum() for a, b in zip(leaves(found), leaves(d_results), strict=True))

    expected = autograd(weighed, arguments)
    assert_trees_close(autograd(lambda moved: weighed(moved, keep_every=3), arguments), expected, 1e-12, 1e-12)


def test_batch_major_too(rng, backend):
    cell, x, state = to(problem("gru", SHAPE, rng)[0], backend)
    x = tree_map(lambda leaf: leaf.swapaxes(0, 1), x)
    expected, final = dynamic_rnn(cell, x, state)
    outputs, last, _ = dynamic_rnn_forward(cell, x, state, keep_every=2)
    assert_trees_close((outputs, last), (expected, final), 1e-12, 1e-12)
    assert_trees_close(dynamic_rnn(cell, x, state, keep_every=2), (expected, final), 1e-12, 1e-12)


@pytest.mark.parametrize("wrong", [0, -3, 2.5])
def test_a_wrong_number_of_steps_is_named(wrong, rng, without_shape_types):
    cell, x, state = problem("lstm", SHAPE, rng)[0]
    for door in (dynamic_rnn, dynamic_rnn_forward):
        with pytest.raises(ValueError, match=f"keep_every: expected a positive whole number, got {wrong}"):
            door(cell, x, state, time_major=True, keep_every=wrong)


def numbers_held(time, keep_every, cell, hidden):
    """The most numbers a row and unit that a run holds besides inputs, outputs and the gradients of both."""
    batch = 16
    x, d_outputs = np.ones((time, batch, 2)), np.ones((time, batch, hidden))
    kernels.release_memory()
    tracemalloc.start()
    *_, backward = dynamic_rnn_forward(cell, x, time_major=True, keep_every=keep_every)
    backward(d_outputs)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / (8 * batch * hidden) - time  # the outputs


def test_memory_is_what_the_text_says(rng):
    """2 · time/k + 10 · k numbers a row and unit, against 10 · time; the rest is the cell, its gradient and Python."""
    hidden = 64
    cell = LSTMCell.init(2, hidden, rng=rng, dtype="float64")
    few, many, whole = (numbers_held(time, every, cell, hidden) for time, every in ((80, 4), (320, 8), (320, None)))
    assert 10 * 320 < whole < 14 * 320
    assert many < 0.25 * whole
    assert many < 2.5 * few  # four times the steps


@pytest.mark.parametrize(("keep_every", "times"), [(None, 0), (3, 1), (4, 0), (5, 0)])
def test_steps_are_run_again_only_where_there_are_more_than_may_be_kept(keep_every, times, rng, monkeypatch):
    calls = []
    monkeypatch.setattr(rnn, "recompute", lambda *arguments: calls.append(1) or recompute(*arguments))
    cell = LSTMCell.init(2, 6, rng=rng, dtype="float64")
    dynamic_rnn_forward(cell, rng.standard_normal((7, 4, 2)), keep_every=keep_every)
    assert len(calls) == times


def test_a_second_derivative_is_refused(rng):
    cell, x, state = to(problem("lstm", SHAPE, rng)[0], "torch")
    x = x.requires_grad_()
    outputs, _ = dynamic_rnn(cell, x, state, time_major=True, keep_every=3)
    (d_x,) = torch.autograd.grad(outputs.square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        d_x.sum().backward()
