"""What changes no result of a kernel: an earlier run in its buffers, and how it cuts its work to fit the cache."""

import numpy as np
import pytest

from rnn_course import kernels, tree_map
from rnn_course.kernels import blocks, gru_buffers, lstm, lstm_buffers
from rnn_course.loop import loop_forward

from ..helpers import assert_trees_close
from .test_kernels import CELLS, assert_close, problem, results, with_kernel

GATED = [name for name in CELLS if not name.startswith("basic")]


@pytest.fixture
def fresh_buffers():
    """Buffers that are made in this test, and are used in no other."""
    kernels.release_memory()
    yield
    kernels.release_memory()


@pytest.mark.parametrize("size", [1000, 5000, 7000])  # bytes: one to three steps of the LSTM, to four of the GRU
@pytest.mark.parametrize("lengths", [None, [5, 0, 2, 4]])
@pytest.mark.parametrize("name", GATED)
def test_how_many_steps_a_chunk_has_changes_nothing(name, lengths, size, rng, monkeypatch, fresh_buffers):
    arguments, lengths, d_results = problem(name, (5, 4, 3, 6), rng, lengths)
    expected = results(loop_forward, arguments, lengths, d_results)
    for module in (lstm_buffers, gru_buffers):
        monkeypatch.setattr(module, "CHUNK", size)
    assert_close(results(with_kernel, arguments, lengths, d_results), expected, 1e-12)


@pytest.mark.parametrize("small", [0, 10**9])
@pytest.mark.parametrize("batch", [1, 6])
@pytest.mark.parametrize("name", GATED)
def test_neither_does_the_way_in_which_x_is_multiplied(name, batch, small, rng, monkeypatch, fresh_buffers):
    arguments, _, d_results = problem(name, (5, batch, 3, 7), rng)
    for module in (lstm, gru_buffers):
        monkeypatch.setattr(module, "SMALL", small)
    assert_close(
        results(with_kernel, arguments, None, d_results), results(loop_forward, arguments, None, d_results), 1e-12
    )


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(50, 8, 3, 48), (3, 5, 4, 7), (6, 32, 5, 512)])  # 15 to 42 steps, all three, one
def test_the_arrays_of_a_chunk_fit_the_cache_and_with_one_step_more_they_would_not(shape, kind, monkeypatch):
    monkeypatch.setattr(blocks, "_measuring", False)
    time, kind = shape[0], np.dtype(kind)
    of_lstm = lstm_buffers.LSTMBuffers(*shape, kind, True)
    of_gru = gru_buffers.GRUBuffers(*shape, kind, True)
    for buffers, size, read in (
        (of_lstm, lstm_buffers.CHUNK, [of_lstm.gates]),
        (of_gru, gru_buffers.CHUNK, [of_gru.gates, of_gru.reset, of_gru.rows[..., : shape[3]]]),
    ):
        buffers.prepare_backward()
        of_one_step = sum(array[0].nbytes for array in read) + buffers.factors[:, 0].nbytes
        assert buffers.chunk == buffers.factors.shape[1] <= time
        assert buffers.chunk == 1 or buffers.chunk * of_one_step <= size
        assert buffers.chunk == time or (buffers.chunk + 1) * of_one_step > size


@pytest.mark.parametrize("name", CELLS)
def test_what_an_earlier_run_left_behind_reaches_nothing(name, rng, fresh_buffers):
    (cell, x, state), lengths, d_results = problem(name, (5, 4, 3, 6), rng, [2, 0, 5, 3])
    expected = results(loop_forward, (cell, x, state), lengths, d_results)
    *spoiled, d_spoiled = tree_map(lambda leaf: np.full_like(leaf, np.nan), (x, state, d_results))
    results(with_kernel, (cell, *spoiled), None, d_spoiled)
    assert_close(results(with_kernel, (cell, x, state), lengths, d_results), expected, 1e-12)


def test_an_infinite_c_that_an_earlier_run_left_behind_gives_no_warning(rng, fresh_buffers):
    (cell, x, state), lengths, d_results = problem("lstm", (5, 4, 3, 6), rng, [2, 0, 5, 3])
    with np.errstate(invalid="ignore"):
        saturated = cell._replace(bias=np.full_like(cell.bias, 999))  # every gate is 1, and its slope 0
        results(with_kernel, (saturated, x, state._replace(c=np.full_like(state.c, np.inf))), None, d_results)
    results(with_kernel, (cell, x, state), lengths, d_results)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("name", CELLS)
def test_what_stands_in_the_padding_reaches_nothing(name, value, rng, fresh_buffers):
    (cell, x, state), lengths, d_results = problem(name, (5, 4, 3, 6), rng, [2, 0, 5, 3])
    expected = results(with_kernel, (cell, x, state), lengths, d_results)
    for row, length in enumerate(lengths):
        x[length:, row] = d_results[0][length:, row] = value
    assert_trees_close(results(with_kernel, (cell, x, state), lengths, d_results), expected, rtol=0, atol=0)
