import numpy as np
import pytest
import torch

from rnn_course import (
    MultiRNNCell,
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
from rnn_course.gru import GRUCell

from ..helpers import assert_trees_close, random_like, relative_error

BATCH, TIME, INPUT, HIDDEN = 6, 7, 3, 5
RAGGED = [0, 7, 3, 1, 2, 7]
KINDS = ["before", "after", "after, one bias"]
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


def random_gru(kind, rng, input_size=INPUT, hidden=HIDDEN):
    cell = random_like(GRUCell.init(input_size, hidden, rng=rng, reset_after=kind != "before"), rng)
    return cell._replace(candidate_recurrent_bias=None) if kind == "after, one bias" else cell


def example(kind, rng, batch=2):
    return random_gru(kind, rng), rng.standard_normal((batch, INPUT)), rng.standard_normal((batch, HIDDEN))


def step_by_scalars(cell, x, h):
    """The published equations, one number at a time: x by its rows of a kernel, h by the rows below them."""
    sigma = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    (batch, inputs), hidden = x.shape, h.shape[1]
    from_x = lambda kernel, b, k: sum(x[b, n] * kernel[n, k] for n in range(inputs))  # noqa: E731
    from_h = lambda kernel, h_b, k: sum(h_b[n] * kernel[inputs + n, k] for n in range(hidden))  # noqa: E731
    gates, candidate = cell.gates_kernel, cell.candidate_kernel
    recurrent_bias = np.zeros(hidden) if cell.candidate_recurrent_bias is None else cell.candidate_recurrent_bias
    new = np.zeros((batch, hidden))
    for b in range(batch):
        r, u = (
            [
                sigma(from_x(gates, b, k + first) + from_h(gates, h[b], k + first) + cell.gates_bias[k + first])
                for k in range(hidden)
            ]
            for first in (0, hidden)
        )
        for k in range(hidden):
            if cell.reset_after:
                part = r[k] * (from_h(candidate, h[b], k) + recurrent_bias[k])
            else:
                part = from_h(candidate, [r[n] * h[b, n] for n in range(hidden)], k)
            n_k = np.tanh(from_x(candidate, b, k) + cell.candidate_bias[k] + part)
            new[b, k] = u[k] * h[b, k] + (1 - u[k]) * n_k
    return new


@EVERY_KIND
def test_a_step_is_the_published_equations_and_its_output_is_its_state(kind, rng, backend):
    cell, x, h = example(kind, rng)
    output, new_state = to(cell, backend)(to(x, backend), to(h, backend))
    assert output is new_state
    np.testing.assert_allclose(to_numpy(output), step_by_scalars(cell, x, h), rtol=1e-12, atol=1e-15)


def torch_weights(cell, theirs):
    """Fill a `GRUCell` or one-layer `GRU` of Torch: r, z (our u), n; transposed; the second bias is used for n only."""
    r, u = np.split(np.vstack([cell.gates_kernel, cell.gates_bias]), 2, axis=1)
    n = np.vstack([cell.candidate_kernel, cell.candidate_bias])
    weights = torch.tensor(np.concatenate([r, u, n], axis=1).T)
    w_ih, w_hh, b_ih, b_hh = theirs.parameters()
    with torch.no_grad():
        w_ih.copy_(weights[:, :INPUT])
        w_hh.copy_(weights[:, INPUT:-1])
        b_ih.copy_(weights[:, -1])
        b_hh.zero_()
        b_hh[2 * HIDDEN :] = torch.tensor(cell.candidate_recurrent_bias)
    return theirs


def test_a_step_with_reset_after_is_torch_gru_cell(rng, backend):
    cell, x, h = example("after", rng)
    theirs = torch_weights(cell, torch.nn.GRUCell(INPUT, HIDDEN, dtype=torch.float64))
    expected = to_numpy(theirs(torch.tensor(x), torch.tensor(h)))
    output, _ = to(cell, backend)(to(x, backend), to(h, backend))
    np.testing.assert_allclose(to_numpy(output), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("lengths", [None, [7, 2, 3, 1, 2, 7]], ids=["full", "packed"])
def test_it_is_torch_gru_gradients_included(lengths, rng):
    cell = random_gru("after", rng)
    inputs, state = rng.standard_normal((BATCH, TIME, INPUT)), rng.standard_normal((BATCH, HIDDEN))
    outputs, final, backward = dynamic_rnn_forward(cell, inputs, state, lengths)

    theirs = torch_weights(cell, torch.nn.GRU(INPUT, HIDDEN, batch_first=True, dtype=torch.float64))
    x, h0 = torch.tensor(inputs, requires_grad=True), torch.tensor(state[None], requires_grad=True)
    if lengths is None:
        expected, h = theirs(x, h0)
    else:
        pack = torch.nn.utils.rnn.pack_padded_sequence
        expected, h = theirs(pack(x, torch.tensor(lengths), batch_first=True, enforce_sorted=False), h0)
        expected, _ = torch.nn.utils.rnn.pad_packed_sequence(expected, batch_first=True)
    np.testing.assert_allclose(outputs, to_numpy(expected), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(final, to_numpy(h[0]), rtol=1e-12, atol=1e-14)

    u, v = random_like((outputs, final), rng)
    ((expected * torch.tensor(u)).sum() + (h[0] * torch.tensor(v)).sum()).backward()
    d_cell, d_inputs, d_state = backward(u, v)
    w_ih, w_hh, b_ih, b_hh = (to_numpy(p.grad) for p in theirs.parameters())
    gates, n = slice(0, 2 * HIDDEN), slice(2 * HIDDEN, None)
    kernels = np.concatenate([w_ih, w_hh], axis=1).T
    for got, want in (
        (d_cell.gates_kernel, kernels[:, gates]),
        (d_cell.candidate_kernel, kernels[:, n]),
        (d_cell.gates_bias, b_ih[gates]),
        (d_cell.candidate_bias, b_ih[n]),
        (d_cell.candidate_recurrent_bias, b_hh[n]),
        (d_inputs, x.grad),
        (d_state, h0.grad[0]),
    ):
        assert relative_error(got, want) < 1e-12


@EVERY_KIND
@pytest.mark.parametrize("sizes", [(2, 3, 5), (1, 1, 1), (1, 4, 2)])
def test_the_gradient_of_a_step(kind, sizes, rng):
    batch, input_size, hidden = sizes
    cell = random_gru(kind, rng, input_size, hidden)
    arguments = cell, rng.standard_normal((batch, input_size)), rng.standard_normal((batch, hidden))
    table = gradcheck(lambda c, x, h: c.forward(x, h), *arguments, rng=rng, names=("cell", "x", "h"))
    assert table.ok, table
    names = ["cell.gates_kernel", "cell.gates_bias", "cell.candidate_kernel", "cell.candidate_bias"]
    names += ["cell.candidate_recurrent_bias"] if kind == "after" else []
    assert [row.name for row in table.rows] == [*names, "x", "h"]


@EVERY_KIND
def test_every_number_of_the_gradient_through_ragged_time_is_autograds(kind, rng):
    arguments = random_gru(kind, rng), rng.standard_normal((BATCH, TIME, INPUT)), rng.standard_normal((BATCH, HIDDEN))
    outputs, state, backward = dynamic_rnn_forward(*arguments, RAGGED)
    u = random_like((outputs, state), rng)

    def weighed(moved):
        results = dynamic_rnn(*moved, RAGGED)
        return sum((a * b).sum() for a, b in zip(leaves(results), leaves(to(u, "torch")), strict=True))

    _, expected = autograd(weighed, to(arguments, "torch"))
    for got, want in zip(leaves(backward(*u)), leaves(expected), strict=True):
        assert relative_error(got, want) < 1e-12


@EVERY_KIND
def test_the_gradient_of_a_stack_through_ragged_time(kind, rng):
    cell = MultiRNNCell((random_gru(kind, rng), random_gru("before", rng, HIDDEN, 2)))
    table = gradcheck(
        lambda c, x, s: dynamic_rnn_forward(c, x, s, [4, 0, 2]),
        cell,
        rng.standard_normal((3, 4, INPUT)),
        random_like(cell.zero_state(3), rng),
        rng=rng,
    )
    assert table.ok, table


@EVERY_KIND
def test_the_gradient_is_a_cell_of_the_same_kind(kind, rng):
    cell, x, h = example(kind, rng)
    d_cell, _, _ = cell.forward(x, h)[2](h, h)
    shapes = lambda tree: tree_map(lambda leaf: (leaf.shape, str(leaf.dtype)), tree)  # noqa: E731
    assert shapes(d_cell) == shapes(cell)


def saturated(cell, r=None, u=None):
    """The cell with one gate held open (1e4) or shut (−1e4) by its bias."""
    bias = cell.gates_bias.copy()
    if r is not None:
        bias[:HIDDEN] = r
    if u is not None:
        bias[HIDDEN:] = u
    return cell._replace(gates_bias=bias)


@EVERY_KIND
def test_an_open_update_gate_keeps_h_over_100_steps(kind, rng):
    cell, _, first = example(kind, rng)
    cell, h = saturated(cell, u=1e4), first
    for _ in range(100):
        h, _ = cell(rng.standard_normal((2, INPUT)), h)
    np.testing.assert_array_equal(h, first)


@EVERY_KIND
def test_with_update_and_reset_gate_shut_nothing_of_h_is_left(kind, rng):
    cell, x, h = example(kind, rng)
    cell = saturated(cell, r=-1e4, u=-1e4)
    output, _ = cell(x, h)
    np.testing.assert_array_equal(output, cell(x, 7 * h)[0])
    expected = np.tanh(x @ cell.candidate_kernel[:INPUT] + cell.candidate_bias)
    np.testing.assert_allclose(output, expected, rtol=1e-14)


def test_reset_before_and_after_agree_only_where_the_reset_gate_is_open(rng):
    before, x, h = example("before", rng)
    after = before._replace(reset_after=True)
    assert np.abs(before(x, h)[0] - after(x, h)[0]).max() > 0.1
    np.testing.assert_allclose(saturated(before, r=1e4)(x, h)[0], saturated(after, r=1e4)(x, h)[0], rtol=1e-13)


def test_no_recurrent_bias_is_a_recurrent_bias_of_0(rng):
    cell, x, h = example("after", rng)
    zero = cell._replace(candidate_recurrent_bias=np.zeros(HIDDEN))
    none = cell._replace(candidate_recurrent_bias=None)
    np.testing.assert_array_equal(none(x, h)[0], zero(x, h)[0])
    assert np.abs(cell(x, h)[0] - zero(x, h)[0]).max() > 0.1


@pytest.mark.parametrize("reset_after", [False, True])
def test_the_initial_weights_are_those_of_tensorflow_1(reset_after, rng, backend):
    cell = GRUCell.init(40, 50, rng=rng, reset_after=reset_after, backend=backend)
    assert (cell.input_size, cell.state_size, cell.output_size) == (40, 50, 50)
    assert parameters(cell) == 3 * (90 * 50 + 50) + (50 if reset_after else 0)
    assert 0.9 < np.abs(to_numpy(cell.gates_kernel)).max() / np.sqrt(6 / (90 + 100)) <= 1
    assert 0.9 < np.abs(to_numpy(cell.candidate_kernel)).max() / np.sqrt(6 / (90 + 50)) <= 1
    assert (to_numpy(cell.gates_bias) == 1).all()
    assert not to_numpy(cell.candidate_bias).any()
    assert (cell.candidate_recurrent_bias is None) == (not reset_after)
    assert not to_numpy(cell.zero_state(2)).any()


@EVERY_KIND
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_float_type_stays(kind, dtype, rng, backend):
    cell = tree_map(lambda leaf: from_numpy(leaf, dtype, backend), random_gru(kind, rng))
    x = from_numpy(rng.standard_normal((2, INPUT)), dtype, backend)
    output, state, backward = cell.forward(x, cell.zero_state(2))
    results = leaves((output, state, backward(output, state)))
    assert {str(a.dtype).removeprefix("torch.") for a in results} == {dtype}


@EVERY_KIND
def test_extreme_pre_activations_give_no_warning_and_no_nan(kind, rng, backend):
    cell, x, h = to(example(kind, rng), backend)
    output, new_state, backward = cell.forward(1e4 * x, h)
    assert all(np.isfinite(to_numpy(leaf)).all() for leaf in leaves((output, backward(output, new_state))))


@EVERY_KIND
def test_no_argument_is_changed(kind, rng):
    arguments = example(kind, rng)
    before = tree_map(np.copy, arguments)
    output, state, backward = arguments[0].forward(*arguments[1:])
    backward(output, state)
    assert_trees_close(arguments, before, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"gates_kernel": np.ones((8, 15))}, ShapeError, r"gates_kernel: .* 15 instead of 10.* side by side, \[r, u\]"),
        ({"gates_kernel": np.ones((7, 10))}, ShapeError, r"gates_kernel: .* 7 instead of 8"),
        ({"gates_bias": np.ones(5)}, ShapeError, r"gates_bias: .* 5 instead of 10"),
        ({"candidate_kernel": np.ones((8, 10))}, ShapeError, r"candidate_bias: expected \[hidden=10\], got \[5\]"),
        ({"candidate_bias": np.ones(1)}, ShapeError, r"candidate_bias: expected \[hidden=5\], got \[1\]"),
        (
            {"candidate_recurrent_bias": np.ones(1), "reset_after": True},
            ShapeError,
            r"candidate_recurrent_bias: expected \[hidden=5\], got \[1\]",
        ),
        (
            {"candidate_recurrent_bias": np.ones(5)},
            ValueError,
            "candidate_recurrent_bias: expected None, .* weights of Torch or Keras, .* pass reset_after=True",
        ),
    ],
)
def test_a_wrong_field_says_what_is_wrong(fields, error, message, rng, without_shape_types):
    cell, x, h = example("before", rng)
    cell = cell._replace(**fields)
    for use in (lambda: cell.zero_state(2), lambda: cell(x, h), lambda: dynamic_rnn(cell, x[:, None, :])):
        with pytest.raises(error, match=message):
            use()


def test_a_bias_that_nothing_would_use_is_refused_in_forward_too(rng):
    cell, x, h = example("after", rng)
    with pytest.raises(ValueError, match="candidate_recurrent_bias: expected None"):
        cell._replace(reset_after=False).forward(x, h)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, h: (x[:, :2], h), r"x: expected \[batch, input=3\], got \[2, 2\]: axis 'input' is 2 instead of 3"),
        (lambda x, h: (x, h[:1]), r"state: expected \[batch=2, hidden=5\], got \[1, 5\]"),
        (lambda x, h: (x, (h, h)), r"state: expected \[batch=2, hidden=5\], got a tuple, which is no array"),
    ],
    ids=["input size", "batch", "state of an LSTM"],
)
def test_a_wrong_step_says_what_is_wrong(change, message, rng, without_shape_types):
    cell, x, h = example("before", rng)
    with pytest.raises(ShapeError, match=message):
        cell(*change(x, h))
