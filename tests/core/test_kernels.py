"""The kernels against the readable loop: the same numbers for random shapes, lengths and states, gradients too."""

from concurrent.futures import ThreadPoolExecutor
from time import thread_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_course import (
    BasicRNNCell,
    GRUCell,
    LSTMCell,
    MultiRNNCell,
    dynamic_rnn,
    dynamic_rnn_forward,
    kernels,
    leaves,
    to,
    tree_map,
)
from rnn_course.kernels.blocks import Cut, best_cut, candidates
from rnn_course.kernels.rows import longest_first
from rnn_course.loop import loop, loop_forward

from ..helpers import assert_trees_close, random_like, relative_error

CELLS = {
    "lstm": lambda inputs, hidden, rng: LSTMCell.init(inputs, hidden, rng=rng),
    "gru": lambda inputs, hidden, rng: GRUCell.init(inputs, hidden, rng=rng),
    "gru, reset after": lambda inputs, hidden, rng: GRUCell.init(inputs, hidden, rng=rng, reset_after=True),
    "gru, reset after, one bias": lambda inputs, hidden, rng: GRUCell.init(
        inputs, hidden, rng=rng, reset_after=True
    )._replace(candidate_recurrent_bias=None),
    **{
        f"basic rnn, {name}": lambda inputs, hidden, rng, name=name: BasicRNNCell.init(
            inputs, hidden, rng=rng, activation=name
        )
        for name in ("tanh", "relu", "sigmoid", "linear")
    },
}
TOLERANCE = {"float64": 1e-12, "float32": 1e-6}


@st.composite
def problems(draw):
    """The arguments of `problem`: a cell's name, sizes, a seed, and lengths or None."""
    name = draw(st.sampled_from(sorted(CELLS)))
    time, batch, inputs, hidden = (draw(st.integers(1, high)) for high in (6, 5, 4, 7))
    lengths = draw(st.none() | st.lists(st.integers(0, time), min_size=batch, max_size=batch))
    return name, (time, batch, inputs, hidden), draw(st.integers(0, 999)), lengths


def problem(name, shape, rng, lengths=None):
    """A cell, inputs `[time, batch, input]` and a state; lengths or None; gradients of the results; float64 NumPy."""
    time, batch, inputs, hidden = shape
    scale = 1 / np.sqrt(inputs + hidden)  # so that a difference does not grow from step to step
    cell = tree_map(lambda leaf: scale * leaf, random_like(CELLS[name](inputs, hidden, rng), rng))
    x, state = rng.standard_normal((time, batch, inputs)), random_like(cell.zero_state(batch), rng)
    d_results = rng.standard_normal((time, batch, hidden)), random_like(state, rng)
    return (cell, x, state), None if lengths is None else np.array(lengths), d_results


def results(forward, arguments, lengths, d_results):
    *found, backward = forward(*arguments, lengths)
    return *found, *backward(*d_results)


def with_kernel(cell, inputs, state, lengths):
    return kernels.scan_forward(cell, inputs, state, lengths)


def assert_close(got, expected, tolerance):
    """Every array agrees relative to its largest number, or to 1 where all are small."""
    assert repr(tree_map(lambda leaf: leaf.shape, got)) == repr(tree_map(lambda leaf: leaf.shape, expected))
    for one, other in zip(leaves(got), leaves(expected), strict=True):
        assert one.dtype == other.dtype
        scale = max(1.0, np.max(np.abs(other), initial=0))
        assert np.max(np.abs(one - other), initial=0) <= tolerance * scale


@pytest.fixture
def no_loop(monkeypatch):
    """A run that falls back to the loop fails."""

    def refuse(*_):
        raise AssertionError("this went through the loop")

    monkeypatch.setattr(kernels, "loop", refuse)
    monkeypatch.setattr(kernels, "loop_forward", refuse)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@settings(max_examples=60, deadline=None)
@given(problems())
def test_every_kernel_is_the_loop_gradients_included(dtype, drawn):
    name, shape, seed, lengths = drawn
    arguments, lengths, d_results = problem(name, shape, np.random.default_rng(seed), lengths)
    arguments, d_results = tree_map(lambda leaf: leaf.astype(dtype), (arguments, d_results))
    expected = results(loop_forward, arguments, lengths, d_results)
    got = results(with_kernel, arguments, lengths, d_results)
    assert_close(got, expected, TOLERANCE[dtype])
    # Without what backward needs, the same bits.
    assert_trees_close(kernels.scan(*arguments, lengths), got[:2], rtol=0, atol=0)


SIZES = [(3, 4, 3, 5), (7, 64, 28, 128), (5, 1, 64, 32), (4, 10, 100, 96)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("lengths", [None, "ragged"])
@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("name", CELLS)
def test_sizes_whose_products_are_cut_into_blocks(name, shape, lengths, dtype, rng, no_loop):
    lengths = rng.integers(0, shape[0] + 1, shape[1]) if lengths else None
    arguments, lengths, d_results = problem(name, shape, rng, lengths)
    arguments, d_results = tree_map(lambda leaf: leaf.astype(dtype), (arguments, d_results))
    expected = results(loop_forward, arguments, lengths, d_results)
    got = results(with_kernel, arguments, lengths, d_results)
    assert_close(got, expected, TOLERANCE[dtype])


@pytest.mark.parametrize("name", CELLS)
def test_dynamic_rnn_takes_the_kernel_and_so_does_every_layer_of_a_stack(name, rng, no_loop):
    (cell, x, state), lengths, d_results = problem(name, (5, 4, 3, 6), rng, [0, 5, 2, 3])
    dynamic_rnn(cell, x, state, lengths, time_major=True)
    *_, backward = dynamic_rnn_forward(cell, x, state, lengths, time_major=True)
    backward(*d_results)
    stack = MultiRNNCell((cell, random_like(CELLS[name](6, 2, rng), rng)))
    *found, backward = dynamic_rnn_forward(stack, x, None, lengths, time_major=True)
    backward(*found)


@pytest.mark.parametrize("lengths", [None, [2, 0, 5, 3]])
@pytest.mark.parametrize("name", CELLS)
def test_no_later_call_changes_a_result(name, lengths, rng):
    arguments, lengths, d_results = problem(name, (5, 4, 3, 6), rng, lengths)
    *found, backward = with_kernel(*arguments, lengths)
    found = *found, *backward(*d_results), *kernels.scan(*arguments, lengths)
    before = tree_map(lambda leaf: leaf.copy(), tuple(found))
    other, _, _ = problem(name, (5, 4, 3, 6), rng)
    for _ in range(4):
        *_, other_backward = with_kernel(*other, lengths)
        other_backward(*random_like(d_results, rng))
        kernels.scan(*other, lengths)
    assert_trees_close(tuple(found), before, rtol=0, atol=0)
    assert_trees_close(backward(*d_results), before[2:5], rtol=0, atol=0)  # nor what backward still needs


@pytest.mark.parametrize("name", CELLS)
def test_two_threads_with_one_cell_get_right_answers(name, rng):
    arguments, _, d_results = problem(name, (6, 8, 3, 32), rng)
    inputs = [rng.standard_normal(arguments[1].shape) for _ in range(40)]
    cell, _, state = arguments
    expected = [results(loop_forward, (cell, x, state), None, d_results) for x in inputs]
    *_, shared = with_kernel(*arguments, None)
    gradients = shared(*d_results)
    with ThreadPoolExecutor(2) as threads:
        got = list(threads.map(lambda x: results(with_kernel, (cell, x, state), None, d_results), inputs))
        again = list(threads.map(lambda _: shared(*d_results), inputs))
    for one, other in zip(got, expected, strict=True):
        assert_close(one, other, 1e-12)
    for one in again:
        assert_trees_close(one, gradients, rtol=0, atol=0)


def test_a_class_that_inherits_from_a_cell_steps_in_its_own_way(rng):
    class Doubled(LSTMCell):
        def forward(self, x, state):
            output, new_state, backward = super().forward(x, state)
            return 2 * output, new_state, backward

    (cell, x, state), _, _ = problem("lstm", (5, 4, 3, 6), rng)
    outputs, _ = dynamic_rnn(Doubled(*cell), x, state, time_major=True)
    np.testing.assert_array_equal(outputs, 2 * loop(cell, x, state)[0])


def test_what_no_kernel_is_made_for_goes_through_the_loop(rng):
    (cell, x, state), _, _ = problem("lstm", (5, 4, 3, 6), rng)
    clipped = cell._replace(cell_clip=0.1)
    assert_trees_close(kernels.scan(clipped, x, state), loop(clipped, x, state), rtol=0, atol=0)
    half = tree_map(lambda leaf: leaf.astype("float16"), (cell, x, state))
    assert_trees_close(kernels.scan(*half), loop(*half), rtol=0, atol=0)
    dead = np.zeros(4, int)
    assert_trees_close(kernels.scan(cell, x, state, dead), loop(cell, x, state, dead), rtol=0, atol=0)
    with pytest.raises(ValueError, match="mismatch"):
        kernels.scan(cell, x[..., :2], state)


def test_rows_alive_at_each_step():
    order, alive = longest_first(np.array([2, 0, 5, 3, 5]))
    assert order.tolist() == [2, 4, 3, 0, 1]
    assert alive == [4, 4, 3, 2, 2]


FLOAT32 = np.dtype("float32")


def test_cuts_are_measured_once_and_can_be_switched_off(monkeypatch):
    shape = 64, 157, 4, 128, FLOAT32
    found = best_cut(*shape)
    assert found in candidates(64, 157, 128) == [(1, 128), (1, 64), (1, 32)]
    monkeypatch.setattr("rnn_course.kernels.blocks._fastest", lambda *_: pytest.fail("it was measured again"))
    assert best_cut(*shape) == found
    kernels.autotune(False)
    assert best_cut(32, 321, 4, 256, FLOAT32) == (1, 256)
    kernels.autotune(True)
    assert best_cut(4, 9, 4, 5, FLOAT32) == (1, 5)  # small as it is: nothing to measure


def test_the_inner_axis_is_cut_where_the_columns_alone_leave_too_much():
    assert candidates(10, 1600, 400, 4) == [(1, 400), (4, 64), (1, 32)]
    assert candidates(512, 4096, 64, 4) == [(1, 64)]


@pytest.mark.parametrize("shape", [(64, 157, 4, 128, 1), (10, 1200, 1, 300, 4), (256, 4160, 4, 2048, 1)])
def test_measuring_a_shape_takes_few_milliseconds(shape, monkeypatch):
    """Bound 20 ms, of processor time, the least of some: the last shape is one that is measured in part."""
    rows, inner, groups, columns, pieces = shape
    monkeypatch.setattr("rnn_course.kernels.blocks._known", {})
    spent = []
    for extra in range(5):
        start = thread_time()
        best_cut(rows, inner + 4 * extra, groups, columns, FLOAT32, pieces)
        spent.append(thread_time() - start)
    assert min(spent) < 0.020


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("cut", [(1, 7), (1, 16), ("all", 5), ("all", 12), (1, 40)])
def test_no_cut_changes_a_result_by_more_than_rounding(cut, name, rng, monkeypatch):
    def chosen(rows, inner, groups, columns, kind, pieces=1):
        return Cut(pieces if cut[0] == "all" else 1, min(cut[1], columns))

    monkeypatch.setattr("rnn_course.kernels.blocks.best_cut", chosen)
    kernels.release_memory()
    arguments, lengths, d_results = problem(name, (5, 6, 3, 40), rng, [5, 3, 0, 5, 1, 2])
    assert_close(
        results(with_kernel, arguments, lengths, d_results),
        results(loop_forward, arguments, lengths, d_results),
        1e-12,
    )
    kernels.release_memory()


def test_relative_error_is_seen(rng):
    (cell, x, state), _, _ = problem("lstm", (5, 4, 3, 6), rng)
    outputs, _ = kernels.scan(cell, x, state)
    worse, _ = kernels.scan(cell._replace(bias=cell.bias * (1 + 1e-9)), x, state)
    assert 1e-12 < relative_error(worse, outputs) < 1e-6
    assert to(outputs, "numpy") is outputs
