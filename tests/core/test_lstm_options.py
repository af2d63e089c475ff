from itertools import product

import numpy as np
import pytest
import torch

from rnn_course import (
    LSTMCell,
    LSTMStateTuple,
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
from rnn_course.lstm_options import LSTMPeepholes

from ..helpers import assert_trees_close, random_like, random_lstm, relative_error

BATCH, TIME, INPUT, HIDDEN, PROJECTED = 6, 7, 3, 5, 4
RAGGED = [0, 7, 3, 1, 2, 7]
ALL = {"peepholes": True, "projection_size": PROJECTED, "cell_clip": 0.4, "proj_clip": 0.3}
COMBINATIONS = [
    {name: value for name, value, wanted in zip(ALL, ALL.values(), wants, strict=True) if wanted}
    for wants in product((False, True), repeat=4)
    if wants[1] or not wants[3]  # proj_clip needs a projection
]
EVERY_COMBINATION = pytest.mark.parametrize("options", COMBINATIONS, ids=lambda options: "+".join(options) or "plain")


def random_cell(options, rng, input_size=INPUT, hidden=HIDDEN):
    return random_like(LSTMCell.init(input_size, hidden, rng=rng, **options), rng)


def example(options, rng, batch=2):
    cell = random_cell(options, rng)
    return cell, rng.standard_normal((batch, INPUT)), random_like(cell.zero_state(batch), rng)


def between(values):
    """A limit in the middle of the widest gap between the sizes of some numbers."""
    sizes = np.sort(np.abs(values).ravel())
    k = np.argmax(np.diff(sizes)) if sizes.size > 1 else 0
    return float(sizes[k : k + 2].mean()) if sizes.size > 1 else float(sizes[0]) / 2


def limits_away_from_the_numbers(cell, x, state):
    """The cell with limits that no number is near: a limit is a corner, where there is no slope to compare."""
    if cell.cell_clip is not None:
        cell = cell._replace(cell_clip=between(cell._replace(cell_clip=None)(x, state)[1].c))
    if cell.proj_clip is not None:
        cell = cell._replace(proj_clip=between(cell._replace(proj_clip=None)(x, state)[0]))
    return cell


def step_by_scalars(cell, x, state):
    """The equations of TensorFlow 1's `LSTMCell`, one number at a time."""
    sigma = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    cut = lambda z, limit: z if limit is None else min(max(z, -limit), limit)  # noqa: E731
    batch, hidden = state.c.shape
    p = cell.peepholes or LSTMPeepholes(*np.zeros((3, hidden)))
    c, m = np.zeros((batch, hidden)), np.zeros((batch, hidden))
    for b in range(batch):
        xh = list(x[b]) + list(state.h[b])
        for k in range(hidden):
            i, j, f, o = (
                sum(v * cell.kernel[n, block * hidden + k] for n, v in enumerate(xh)) + cell.bias[block * hidden + k]
                for block in range(4)
            )
            old = state.c[b, k]
            c[b, k] = cut(sigma(f + p.f[k] * old) * old + sigma(i + p.i[k] * old) * np.tanh(j), cell.cell_clip)
            m[b, k] = sigma(o + p.o[k] * c[b, k]) * np.tanh(c[b, k])
    if cell.projection is None:
        return m, LSTMStateTuple(c=c, h=m)
    h = np.zeros((batch, cell.projection.shape[1]))
    for b, q in np.ndindex(*h.shape):
        h[b, q] = cut(sum(m[b, k] * cell.projection[k, q] for k in range(hidden)), cell.proj_clip)
    return h, LSTMStateTuple(c=c, h=h)


@EVERY_COMBINATION
def test_a_step_is_the_published_equations(options, rng, backend):
    cell, x, state = example(options, rng, batch=6)
    h, new_state = step_by_scalars(cell, x, state)
    if "cell_clip" in options:
        assert 0 < np.mean(np.abs(new_state.c) == cell.cell_clip) < 1  # some are cut, some are not
    if "proj_clip" in options:
        assert 0 < np.mean(np.abs(h) == cell.proj_clip) < 1
    got = to(cell, backend)(to(x, backend), to(state, backend))
    assert_trees_close(got, (h, new_state), rtol=1e-12, atol=1e-15)
    assert isinstance(got[1], LSTMStateTuple)


@EVERY_COMBINATION
@pytest.mark.parametrize("sizes", [(2, 3, 5), (1, 1, 1), (1, 4, 2)])
def test_the_gradient_of_a_step(options, sizes, rng):
    batch, input_size, hidden = sizes
    if "projection_size" in options:
        options = options | {"projection_size": 1 if hidden == 1 else PROJECTED}
    cell = random_cell(options, rng, input_size, hidden)
    x, state = rng.standard_normal((batch, input_size)), random_like(cell.zero_state(batch), rng)
    cell = limits_away_from_the_numbers(cell, x, state)
    table = gradcheck(lambda c, x, s: c.forward(x, s), cell, x, state, rng=rng, names=("cell", "x", "state"))
    assert table.ok, table
    names = ["cell.kernel", "cell.bias"]
    names += ["cell.peepholes.i", "cell.peepholes.f", "cell.peepholes.o"] if "peepholes" in options else []
    names += ["cell.projection"] if "projection_size" in options else []
    assert [row.name for row in table.rows] == [*names, "x", "state.c", "state.h"]


@EVERY_COMBINATION
def test_every_number_of_the_gradient_through_ragged_time_is_autograds(options, rng):
    cell = random_cell(options, rng)
    arguments = cell, rng.standard_normal((BATCH, TIME, INPUT)), random_like(cell.zero_state(BATCH), rng)
    outputs, state, backward = dynamic_rnn_forward(*arguments, RAGGED)
    u = random_like((outputs, state), rng)

    def weighed(moved):
        results = dynamic_rnn(*moved, RAGGED)
        return sum((a * b).sum() for a, b in zip(leaves(results), leaves(to(u, "torch")), strict=True))

    _, expected = autograd(weighed, to(arguments, "torch"))
    for got, want in zip(leaves(backward(*u)), leaves(expected), strict=True):
        assert relative_error(got, want) < 1e-12


def test_the_gradient_through_ragged_time_with_all_options(rng):
    cell = random_cell(ALL, rng)
    table = gradcheck(
        lambda c, x, s: dynamic_rnn_forward(c, x, s, [4, 0, 2]),
        cell,
        rng.standard_normal((3, 4, INPUT)),
        random_like(cell.zero_state(3), rng),
        rng=rng,
        step=1e-4,  # short, so that no number crosses a limit
        tolerance=1e-8,
    )
    assert table.ok, table


@EVERY_COMBINATION
def test_the_gradient_is_a_cell_with_the_same_options(options, rng):
    cell, x, state = example(options, rng)
    output, new_state, backward = cell.forward(x, state)
    d_cell, _, d_state = backward(output, new_state)
    shapes = lambda tree: tree_map(lambda leaf: (leaf.shape, str(leaf.dtype)), tree)  # noqa: E731
    assert shapes(d_cell) == shapes(cell)  # limits included
    assert shapes(d_state) == shapes(state)
    assert type(d_cell.peepholes) is type(cell.peepholes)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("lengths", [None, [7, 2, 3, 1, 2, 7]], ids=["full", "packed"])
def test_a_projection_is_torch_lstm_with_proj_size(layers, lengths, backend, rng):
    options = {"projection_size": PROJECTED}
    cell = MultiRNNCell(random_cell(options, rng, INPUT if k == 0 else PROJECTED) for k in range(layers))
    theirs = torch.nn.LSTM(INPUT, HIDDEN, layers, batch_first=True, proj_size=PROJECTED, dtype=torch.float64)
    for layer, (w_ih, w_hh, b_ih, b_hh, w_hr) in zip(cell.cells, theirs.all_weights, strict=True):
        i, j, f, o = np.split(np.vstack([layer.kernel, layer.bias]), 4, axis=1)
        weights = torch.tensor(np.concatenate([i, f, j, o], axis=1).T)
        with torch.no_grad():
            w_ih.copy_(weights[:, : layer.input_size])
            w_hh.copy_(weights[:, layer.input_size : -1])
            b_ih.copy_(weights[:, -1])
            b_hh.zero_()
            w_hr.copy_(torch.tensor(layer.projection.T))
    inputs, state = rng.standard_normal((BATCH, TIME, INPUT)), random_like(cell.zero_state(BATCH), rng)
    outputs, final = dynamic_rnn(*to((cell, inputs, state), backend), sequence_length=lengths)

    x, packed = torch.tensor(inputs), lengths is not None
    if packed:
        x = torch.nn.utils.rnn.pack_padded_sequence(x, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
    h0, c0 = (torch.tensor(np.stack([getattr(layer, part) for layer in state])) for part in "hc")
    expected, (h, c) = theirs(x, (h0, c0))
    if packed:
        expected, _ = torch.nn.utils.rnn.pad_packed_sequence(expected, batch_first=True)
    np.testing.assert_allclose(to_numpy(outputs), to_numpy(expected), rtol=1e-12, atol=1e-14)
    for k, layer in enumerate(final):
        assert_trees_close(layer, LSTMStateTuple(c=c[k], h=h[k]), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "neutral",
    [
        {"peepholes": LSTMPeepholes(*np.zeros((3, HIDDEN)))},
        {"cell_clip": 1e3},
        {"projection": np.eye(HIDDEN)},
        {"projection": np.eye(HIDDEN), "proj_clip": 1e3, "cell_clip": 1e3},
    ],
    ids="+".join,
)
def test_an_option_that_does_nothing_leaves_the_plain_lstm(neutral, rng):
    cell = random_lstm(INPUT, HIDDEN, rng)
    same = cell._replace(**neutral)
    assert cell.is_plain
    assert not same.is_plain
    x, state = rng.standard_normal((2, INPUT)), random_like(cell.zero_state(2), rng)
    output, new_state, backward = cell.forward(x, state)
    got, got_state, got_backward = same.forward(x, state)
    assert_trees_close((got, got_state), (output, new_state), rtol=1e-13, atol=0)
    expected, gradients = backward(output, new_state), got_backward(output, new_state)
    assert_trees_close(gradients[0][:2], expected[0][:2], rtol=1e-12)
    assert_trees_close(gradients[1:], expected[1:], rtol=1e-12)


def zero_cell(rng, **options):
    """Kernel and bias 0: every gate is half open, so c' = c/2 and h' = tanh(c')/2, before the options."""
    return tree_map(lambda leaf: 0 * leaf, random_lstm(INPUT, 3, rng))._replace(**options)


def test_input_and_forget_gate_see_the_old_c_and_the_output_gate_the_new_one(rng):
    c = np.array([[2.0, -1.0, 0.5]])
    state, x = LSTMStateTuple(c=c, h=np.zeros((1, 3))), np.zeros((1, INPUT))
    none, some = np.zeros(3), np.array([0.3, -0.7, 1.1])
    sigma = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    _, only_f = zero_cell(rng, peepholes=LSTMPeepholes(i=none, f=some, o=none))(x, state)
    np.testing.assert_allclose(only_f.c, sigma(some * c) * c, rtol=1e-14)
    cell = zero_cell(rng, peepholes=LSTMPeepholes(i=some, f=none, o=none))
    cell.bias[3:6] = 1.0  # j
    np.testing.assert_allclose(cell(x, state)[1].c, c / 2 + sigma(some * c) * np.tanh(1.0), rtol=1e-14)
    h, only_o = zero_cell(rng, peepholes=LSTMPeepholes(i=none, f=none, o=some), cell_clip=0.75)(x, state)
    clipped = np.array([[0.75, -0.5, 0.25]])
    np.testing.assert_array_equal(only_o.c, clipped)
    np.testing.assert_allclose(h, sigma(some * clipped) * np.tanh(clipped), rtol=1e-14)


def test_clipping_lets_no_gradient_through_where_it_cut_as_clamp(rng, backend):
    state = LSTMStateTuple(c=np.array([[2.0, -3.0, -0.5]]), h=np.zeros((1, 3)))  # c/2 is on, beyond and within ±1
    cell, x, state = to((zero_cell(rng, cell_clip=1.0), np.zeros((1, INPUT)), state), backend)
    _, new_state, backward = cell.forward(x, state)
    assert to_numpy(new_state.c).tolist() == [[1.0, -1.0, -0.25]]
    one = LSTMStateTuple(c=1 + 0 * state.c, h=0 * state.h)
    assert to_numpy(backward(0 * state.h, one)[2].c).tolist() == [[0.5, 0.0, 0.5]]
    clamped = torch.tensor([1.0, -1.5, -0.25], requires_grad=True)
    clamped.clamp(-1, 1).sum().backward()
    assert clamped.grad.tolist() == [1.0, 0.0, 1.0]


def test_sizes_with_a_projection(rng, backend):
    cell = LSTMCell.init(INPUT, HIDDEN, rng=rng, backend=backend, **ALL)
    assert (cell.input_size, cell.output_size, cell.state_size) == (INPUT, PROJECTED, LSTMStateTuple(c=5, h=4))
    assert tuple(cell.kernel.shape) == (INPUT + PROJECTED, 4 * HIDDEN)
    state = cell.zero_state(2)
    assert (tuple(state.c.shape), tuple(state.h.shape)) == ((2, HIDDEN), (2, PROJECTED))
    assert parameters(cell) == (INPUT + PROJECTED) * 20 + 20 + 3 * HIDDEN + HIDDEN * PROJECTED


def test_the_initial_weights(rng):
    plain = LSTMCell.init(40, 50, rng=np.random.default_rng(3), forget_bias=2.0)
    cell = LSTMCell.init(40, 50, rng=np.random.default_rng(3), forget_bias=2.0, peepholes=True, cell_clip=3.0)
    assert_trees_close(cell[:2], plain[:2], rtol=0, atol=0)  # a seed gives the same kernel with and without
    limit = np.sqrt(3 / 50)
    assert all(0.9 * limit < np.abs(weights).max() <= limit for weights in cell.peepholes)
    assert not np.array_equal(cell.peepholes.i, cell.peepholes.f)
    projected = LSTMCell.init(40, 50, rng=rng, projection_size=20)
    assert 0.9 < np.abs(projected.projection).max() / np.sqrt(6 / 70) <= 1
    assert 0.9 < np.abs(projected.kernel).max() / np.sqrt(6 / (60 + 200)) <= 1


@EVERY_COMBINATION
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_float_type_stays(options, dtype, rng, backend):
    cell = LSTMCell.init(INPUT, HIDDEN, rng=rng, dtype=dtype, backend=backend, **options)
    x = from_numpy(rng.standard_normal((2, INPUT)), dtype, backend)
    output, state, backward = cell.forward(x, cell.zero_state(2))
    results = leaves((output, state, backward(output, state)))
    assert {str(a.dtype).removeprefix("torch.") for a in results} == {dtype}


@EVERY_COMBINATION
def test_extreme_pre_activations_give_no_warning_and_no_nan(options, rng, backend):
    cell, x, state = to(example(options, rng), backend)
    output, new_state, backward = cell.forward(1e4 * x, state)
    assert all(np.isfinite(to_numpy(leaf)).all() for leaf in leaves((output, new_state, backward(output, new_state))))


def test_on_the_limit_itself_the_gradient_passes_as_in_torch(backend):
    """f = 1 and i = 0, so that c' = c: of c = −2, −1, 0, 1, 2 only the outer two are cut at ±1."""
    bias = np.concatenate([np.full(5, -1e4), np.zeros(5), np.full(5, 1e4), np.zeros(5)])
    cell = to(LSTMCell(kernel=np.zeros((8, 20)), bias=bias, cell_clip=1.0), backend)
    c, zero, x = to((np.array([[-2.0, -1, 0, 1, 2]]), np.zeros((1, 5)), np.zeros((1, 3))), backend)
    _, state, backward = cell.forward(x, LSTMStateTuple(c=c, h=zero))
    _, _, d_state = backward(zero, LSTMStateTuple(c=zero + 1, h=zero))
    assert to_numpy(state.c).tolist() == [[-1, -1, 0, 1, 1]]
    assert to_numpy(d_state.c).tolist() == [[0, 1, 1, 1, 0]]
    clamped = torch.tensor(to_numpy(c), requires_grad=True)
    clamped.clamp(-1, 1).sum().backward()
    assert clamped.grad.tolist() == [[0, 1, 1, 1, 0]]


def test_no_argument_is_changed(rng):
    arguments = example(ALL, rng)
    before = tree_map(np.copy, arguments)
    output, state, backward = arguments[0].forward(*arguments[1:])
    backward(output, state)
    assert_trees_close(arguments, before, rtol=0, atol=0)


def peepholes(**changes):
    return LSTMPeepholes(*np.ones((3, HIDDEN)))._replace(**changes)


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"peepholes": peepholes(f=np.ones(1))}, ShapeError, r"peepholes\.f: expected \[hidden=5\], got \[1\]"),
        ({"peepholes": peepholes(o=None)}, ShapeError, r"peepholes\.o: .* got a NoneType, which is no array"),
        ({"peepholes": True}, TypeError, r"expected LSTMPeepholes\(i=…, f=…, o=…\), got bool; only LSTMCell.init"),
        ({"projection": np.ones((4, 2))}, ShapeError, r"projection: expected \[hidden=5, projected\], got \[4, 2\]"),
        ({"projection": np.ones(5)}, ShapeError, r"projection: .* has 1 axes instead of 2"),
        ({"proj_clip": 1.0}, ValueError, "proj_clip: there is no projection to clip"),
        ({"cell_clip": 0}, ValueError, "cell_clip: expected a number above 0, got 0"),
        ({"cell_clip": -1.0}, ValueError, "cell_clip: expected a number above 0, got -1.0"),
        ({"cell_clip": float("nan")}, ValueError, "cell_clip: expected a number above 0, got nan"),
        ({"cell_clip": True}, TypeError, "cell_clip: expected a Python number, got bool"),
        ({"cell_clip": np.float64(3)}, TypeError, "cell_clip: .* got float64: an array would be a weight"),
    ],
)
def test_a_wrong_field_says_what_is_wrong_at_every_door(fields, error, message, rng, without_shape_types):
    plain = random_lstm(INPUT, HIDDEN, rng)
    cell, x, state = plain._replace(**fields), np.zeros((2, INPUT)), plain.zero_state(2)
    for use in (
        lambda: cell.zero_state(2),
        lambda: cell(x, state),
        lambda: cell.forward(x, state),
        lambda: dynamic_rnn(cell, x[:, None, :]),
    ):
        with pytest.raises(error, match=message):
            use()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"projection_size": 0}, "output_size: expected a positive whole number, got 0"),
        ({"proj_clip": 1.0}, "proj_clip: there is no projection to clip"),
        ({"cell_clip": -1.0}, "cell_clip: expected a number above 0"),
    ],
)
def test_the_initialiser_refuses_options_that_make_no_sense(options, message, rng):
    with pytest.raises(ValueError, match=message):
        LSTMCell.init(INPUT, HIDDEN, rng=rng, **options)


def test_a_state_of_the_wrong_width_is_refused(rng, without_shape_types):
    cell, x, state = example({"projection_size": PROJECTED}, rng)
    with pytest.raises(ShapeError, match=r"state\.h: expected \[batch=2, hidden=4\], got \[2, 5\]"):
        cell(x, state._replace(h=state.c))
    with pytest.raises(ShapeError, match=r"x: expected \[batch, input=3\], got \[2, 2\]"):
        cell(x[:, :2], state)
