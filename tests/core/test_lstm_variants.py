import numpy as np
import pytest
import torch
from torch.nn.functional import layer_norm

from rnn_course import (
    LSTMStateTuple,
    ShapeError,
    dynamic_rnn,
    dynamic_rnn_forward,
    from_numpy,
    gradcheck,
    leaves,
    parameters,
    to,
    to_numpy,
    tree_map,
)
from rnn_course.arrays import autograd
from rnn_course.lstm_variants import LayerNormLSTMCell

from ..helpers import assert_trees_close, random_like, relative_error

BATCH, TIME, INPUT, HIDDEN = 6, 7, 3, 5
RAGGED = [0, 7, 3, 1, 2, 7]


def random_cell(rng, input_size=INPUT, hidden=HIDDEN, **numbers):
    return random_like(LayerNormLSTMCell.init(input_size, hidden, rng=rng, **numbers), rng)


def example(rng, batch=2, **numbers):
    cell = random_cell(rng, **numbers)
    return cell, rng.standard_normal((batch, INPUT)), random_like(cell.zero_state(batch), rng)


def step_by_torch(cell, x, state):
    """`LayerNormBasicLSTMCell` of TensorFlow 1, in Torch's functions: every pre-activation is normalized alone."""
    parts = (part.chunk(4, -1) for part in (torch.cat([x, state.h], 1) @ cell.kernel, cell.gamma, cell.beta))
    i, j, f, o = (layer_norm(z, gamma.shape, gamma, beta, cell.eps) for z, gamma, beta in zip(*parts, strict=True))
    c = state.c * torch.sigmoid(f + cell.forget_bias) + torch.sigmoid(i) * torch.tanh(j)
    c = layer_norm(c, (c.shape[1],), cell.state_gamma, cell.state_beta, cell.eps)
    h = torch.tanh(c) * torch.sigmoid(o)
    return h, LSTMStateTuple(c=c, h=h)


@pytest.mark.parametrize("numbers", [{}, {"forget_bias": -0.5, "eps": 0.1}], ids=["defaults", "others"])
def test_a_step_is_tensorflow_1s(numbers, rng, backend):
    arguments = example(rng, **numbers)
    h, new_state = step_by_torch(*to(arguments, "torch"))
    cell, x, state = to(arguments, backend)
    got = cell(x, state)
    assert_trees_close(got, (h, new_state), rtol=1e-12, atol=1e-14)
    assert isinstance(got[1], LSTMStateTuple)


def test_every_number_of_the_gradient_of_a_step_is_autograds_of_the_reference(rng):
    arguments = example(rng)
    output, state, backward = arguments[0].forward(*arguments[1:])
    u = random_like((output, state), rng)

    def weighed(moved):
        results = step_by_torch(*moved)
        return sum((a * b).sum() for a, b in zip(leaves(results), leaves(to(u, "torch")), strict=True))

    _, expected = autograd(weighed, to(arguments, "torch"))
    for got, want in zip(leaves(backward(*u)), leaves(expected), strict=True):
        assert relative_error(got, want) < 1e-12


@pytest.mark.parametrize("sizes", [(2, 3, 5), (1, 1, 1), (1, 4, 3)])
def test_the_gradient_of_a_step(sizes, rng):
    batch, input_size, hidden = sizes
    cell = random_cell(rng, input_size, hidden)
    arguments = cell, rng.standard_normal((batch, input_size)), random_like(cell.zero_state(batch), rng)
    table = gradcheck(lambda c, x, s: c.forward(x, s), *arguments, rng=rng, names=("cell", "x", "state"))
    assert table.ok, table
    fields = ["kernel", "gamma", "beta", "state_gamma", "state_beta"]
    assert [row.name for row in table.rows] == [*(f"cell.{name}" for name in fields), "x", "state.c", "state.h"]


def test_hand_autograd_and_numeric_gradients_agree_through_ragged_time(rng):
    cell = random_cell(rng, eps=0.1)
    table = gradcheck(
        lambda c, x, s: dynamic_rnn_forward(c, x, s, RAGGED),
        cell,
        rng.standard_normal((BATCH, TIME, INPUT)),
        random_like(cell.zero_state(BATCH), rng),
        rng=rng,
    )
    assert table.ok, table


def test_the_gradient_is_a_cell_with_the_same_numbers(rng):
    cell, x, state = example(rng, forget_bias=-0.5, eps=0.1)
    output, new_state, backward = cell.forward(x, state)
    shapes = lambda tree: tree_map(lambda leaf: (leaf.shape, str(leaf.dtype)), tree)  # noqa: E731
    assert shapes(backward(output, new_state)[0]) == shapes(cell)


def test_the_state_is_the_normalized_c(rng):
    cell = LayerNormLSTMCell.init(INPUT, HIDDEN, rng=rng, dtype="float64", eps=1e-12)
    _, state = cell(rng.standard_normal((2, INPUT)), random_like(cell.zero_state(2), rng))
    np.testing.assert_allclose(state.c.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(state.c.var(axis=1), 1, rtol=1e-6)  # divided by n, not by n − 1


def test_the_forget_bias_is_a_beta_of_the_forget_gate(rng):
    cell, x, state = example(rng, forget_bias=0.75)
    beta = cell.beta.copy()
    beta[2 * HIDDEN : 3 * HIDDEN] += 0.75
    moved = cell._replace(forget_bias=0.0, beta=beta)
    assert_trees_close(moved(x, state), cell(x, state), rtol=1e-13)


def test_the_scale_of_the_kernel_does_not_matter(rng):
    cell, x, state = example(rng, eps=1e-12)
    assert_trees_close(cell._replace(kernel=1000 * cell.kernel)(x, state), cell(x, state), rtol=1e-8)


def test_a_row_alone_is_the_row_in_the_batch(rng):
    cell, x, state = example(rng, batch=6)
    output, new_state = cell(x, state)
    for b in range(6):
        row = slice(b, b + 1)
        alone = cell(x[row], tree_map(lambda leaf, row=row: leaf[row], state))
        assert_trees_close(alone, tree_map(lambda leaf, row=row: leaf[row], (output, new_state)), rtol=1e-12)


def test_with_one_unit_only_the_betas_speak(rng):
    cell = random_cell(rng, hidden=1)
    output, state = cell(rng.standard_normal((2, INPUT)), random_like(cell.zero_state(2), rng))
    np.testing.assert_array_equal(state.c, np.full((2, 1), cell.state_beta[0]))
    assert output[0] == output[1]


def test_the_initial_weights(rng, backend):
    cell = LayerNormLSTMCell.init(40, 50, rng=rng, backend=backend)
    assert (cell.input_size, cell.output_size, cell.state_size) == (40, 50, LSTMStateTuple(c=50, h=50))
    assert parameters(cell) == 90 * 200 + 2 * 200 + 2 * 50
    assert 0.9 < np.abs(to_numpy(cell.kernel)).max() / np.sqrt(6 / (90 + 200)) <= 1
    assert (to_numpy(cell.gamma) == 1).all()
    assert (to_numpy(cell.state_gamma) == 1).all()
    assert not any(to_numpy(leaf).any() for leaf in (cell.beta, cell.state_beta, *cell.zero_state(2)))
    assert (cell.forget_bias, cell.eps) == (1.0, 1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_float_type_stays(dtype, rng, backend):
    cell = LayerNormLSTMCell.init(INPUT, HIDDEN, rng=rng, dtype=dtype, backend=backend)
    x = from_numpy(rng.standard_normal((2, INPUT)), dtype, backend)
    output, state, backward = cell.forward(x, cell.zero_state(2))
    results = leaves((output, state, backward(output, state)))
    assert {str(a.dtype).removeprefix("torch.") for a in results} == {dtype}


def test_extreme_pre_activations_give_no_warning_and_no_nan(rng, backend):
    cell, x, state = to(example(rng), backend)
    cell = cell._replace(beta=1e4 * cell.beta)
    output, new_state, backward = cell.forward(1e4 * x, state)
    assert all(np.isfinite(to_numpy(leaf)).all() for leaf in leaves((output, new_state, backward(output, new_state))))


def test_no_argument_is_changed(rng):
    arguments = example(rng)
    before = tree_map(np.copy, arguments)
    output, state, backward = arguments[0].forward(*arguments[1:])
    backward(output, state)
    assert_trees_close(arguments, before, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"kernel": np.ones((8, 5))}, ShapeError, r"kernel: .* 5 instead of 20.* side by side, \[i, j, f, o\]"),
        ({"gamma": np.ones(5)}, ShapeError, "gamma: .* 5 instead of 20"),
        ({"beta": np.ones(1)}, ShapeError, "beta: .* 1 instead of 20"),
        ({"state_beta": np.ones(1)}, ShapeError, r"state_beta: expected \[hidden=5\], got \[1\]"),
        ({"eps": 0.0}, ValueError, "eps: expected a number above 0, got 0.0"),
        ({"eps": np.float64(1)}, TypeError, "eps: expected a Python number, got float64: an array would be a weight"),
        ({"forget_bias": np.ones(5)}, TypeError, "forget_bias: expected a Python number, got ndarray"),
    ],
)
def test_a_wrong_field_says_what_is_wrong(fields, error, message, rng, without_shape_types):
    cell, x, state = example(rng)
    cell = cell._replace(**fields)
    for use in (lambda: cell.zero_state(2), lambda: cell(x, state), lambda: dynamic_rnn(cell, x[:, None, :])):
        with pytest.raises(error, match=message):
            use()


def test_a_wrong_step_says_what_is_wrong(rng, without_shape_types):
    cell, x, state = example(rng)
    with pytest.raises(ShapeError, match=r"x: expected \[batch, input=3\], got \[2, 2\]"):
        cell(x[:, :2], state)
    with pytest.raises(ShapeError, match=r"state: expected LSTMStateTuple of 2, got tuple of 2; build it by name"):
        cell(x, tuple(state))
