"""The exercises of chapter 07 against what is independent of them: the package, Torch's autograd and its clipping."""

import numpy as np
import pytest
import torch

from rnn_course import BasicRNNCell, clip_by_global_norm, dynamic_rnn, dynamic_rnn_forward, to
from rnn_course import init as initialisers
from tests.checks.references import every_case, gradients, solve
from tests.helpers import assert_trees_close


def test_the_shapes_are_those_of_the_packages_gradients(rng):
    for batch, time, inputs, hidden in every_case("bptt.predict"):
        cell = BasicRNNCell.init(inputs, hidden, rng=rng)
        outputs, _, backward = dynamic_rnn_forward(cell, rng.random((batch, time, inputs), "float32"))
        d_cell, d_inputs, d_h = backward(outputs)
        shapes = d_inputs.shape, d_h.shape, d_cell.kernel.shape, d_cell.bias.shape
        assert solve("bptt.predict")(batch, time, inputs, hidden) == shapes


def test_the_chain_of_one_unit_is_autograd_and_a_power():
    for x, h, w, u, d_h in every_case("bptt.scalar"):
        start = tuple(np.array([number]) for number in (w, u, h))

        def run(moved, x=x):
            w, u, h = moved
            for number in x:
                h = w * h + u * float(number)
            return h

        got = solve("bptt.scalar")(x, h, w, u, d_h)
        assert_trees_close(tuple(np.array([g]) for g in got), gradients(run, start, np.array([d_h])))
        assert got[2] == pytest.approx(d_h * w ** len(x))


def test_the_chain_by_hand_in_the_chapter():
    """h' = 0.5 h + x over 4, 1, 2, and 2 as the gradient of the last state: the numbers that the page works out."""
    assert solve("bptt.scalar")([4.0, 1.0, 2.0], 0.0, 0.5, 1.0, 2.0) == (10.0, 7.0, 0.25)


def test_a_step_and_its_way_back_are_the_packages(rng):
    for x, h, kernel, bias in every_case("bptt.step_backward"):
        output, new_state, backward = solve("bptt.step_backward")(x, h, kernel, bias)
        expected, _, packages = BasicRNNCell(kernel, bias).forward(x, h)
        assert_trees_close((output, new_state), (expected, expected))
        d_output, d_state = rng.standard_normal((2, *h.shape))
        d_cell, d_x, d_h = packages(d_output, d_state)
        assert_trees_close(backward(d_output, d_state), (d_x, d_h, d_cell.kernel, d_cell.bias))


def a_run(rng, batch=3, time=5, inputs=2, hidden=4):
    cell = BasicRNNCell(kernel=rng.standard_normal((inputs + hidden, hidden)), bias=rng.standard_normal(hidden))
    x, h = rng.standard_normal((batch, time, inputs)), rng.standard_normal((batch, hidden))
    return cell, x, h, dynamic_rnn(cell, x, h)[0], rng.standard_normal((batch, time, hidden))


def test_every_state_and_the_kernel_hear_what_autograd_says(rng):
    """Add a small number to the state of one step, and let autograd find its gradient: an independent way."""
    cell, x, h, outputs, d_outputs = a_run(rng)
    time, inputs = x.shape[1], x.shape[2]

    def run(moved):
        nudges, state, steps = moved, to(h, "torch"), []
        torch_x, torch_cell = to(x, "torch"), to(cell, "torch")
        for t in range(time):
            state = torch_cell(torch_x[:, t], state)[1] + nudges[:, t]
            steps.append(state)
        return torch.stack(steps, 1)

    d_states = solve("bptt.through_time")(outputs, cell.kernel[inputs:], d_outputs)
    assert_trees_close(d_states, gradients(run, np.zeros_like(outputs), d_outputs))

    _, _, backward = dynamic_rnn_forward(cell, x, h)
    d_cell, _, _ = backward(d_outputs)
    assert_trees_close(solve("bptt.kernel_gradient")(x, h, outputs, d_states), (d_cell.kernel, d_cell.bias))


def test_norms_are_those_of_powers_of_the_matrix():
    for recurrent, d_h, steps in every_case("bptt.norms"):
        powers = [np.linalg.matrix_power(recurrent, k) for k in range(steps + 1)]
        assert_trees_close(
            solve("bptt.norms")(recurrent, d_h, steps), np.array([np.linalg.norm(p @ d_h) for p in powers])
        )


def test_clipping_is_the_packages_and_torchs():
    for given, max_norm in every_case("bptt.clip"):
        got = solve("bptt.clip")(given, max_norm)
        assert_trees_close(got, clip_by_global_norm(given, max_norm))
        weights = [torch.nn.Parameter(torch.zeros(g.shape, dtype=torch.float64)) for g in given]
        for weight, g in zip(weights, given, strict=True):
            weight.grad = torch.tensor(g)
        norm = torch.nn.utils.clip_grad_norm_(weights, max_norm)
        assert float(norm) == pytest.approx(got[1])
        for weight, g in zip(weights, got[0], strict=True):
            assert weight.grad is not None
            np.testing.assert_allclose(weight.grad.numpy(), g, rtol=1e-5)


def test_an_orthogonal_matrix_is_the_packages(rng):
    for gaussian, gain in every_case("bptt.orthogonal"):
        got, size = solve("bptt.orthogonal")(gaussian, gain), len(gaussian)
        assert_trees_close(got.T @ got, gain**2 * np.eye(size))
    seed = 7
    gaussian = np.random.default_rng(seed).standard_normal((6, 6))
    expected = initialisers.orthogonal((6, 6), np.random.default_rng(seed), gain=0.8)
    assert_trees_close(solve("bptt.orthogonal")(gaussian, 0.8), expected)


def test_truncation_is_what_detach_does():
    for inputs, h, kernel, bias, d_outputs, chunk in every_case("bptt.truncated"):

        def run(moved, inputs=inputs, h=h, chunk=chunk):
            cell, state, steps = BasicRNNCell(*moved), to(h, "torch"), []
            for t in range(inputs.shape[1]):
                state = state.detach() if t % chunk == 0 else state
                _, state = cell(to(inputs[:, t], "torch"), state)
                steps.append(state)
            return torch.stack(steps, 1)

        d_kernel, d_bias, final = solve("bptt.truncated")(inputs, h, kernel, bias, d_outputs, chunk)
        assert_trees_close((d_kernel, d_bias), gradients(run, (kernel, bias), d_outputs))
        assert_trees_close(final, dynamic_rnn(BasicRNNCell(kernel, bias), inputs, h)[1])


def test_one_chunk_is_the_whole_gradient(rng):
    cell, x, h, _, d_outputs = a_run(rng)
    d_kernel, d_bias, _ = solve("bptt.truncated")(x, h, cell.kernel, cell.bias, d_outputs, x.shape[1])
    d_cell, _, _ = dynamic_rnn_forward(cell, x, h)[2](d_outputs)
    assert_trees_close((d_kernel, d_bias), (d_cell.kernel, d_cell.bias))
