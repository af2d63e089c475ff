import numpy as np
import pytest
import torch

from rnn_course import (
    Activation,
    BasicRNNCell,
    LSTMCell,
    LSTMStateTuple,
    ShapeError,
    from_numpy,
    gradcheck,
    leaves,
    to,
    to_numpy,
)
from rnn_course.tree import tree_map

from ..helpers import assert_trees_close, random_like, random_lstm


def basic_cell(rng, activation="tanh"):
    return random_like(BasicRNNCell.init(3, 5, rng=rng, activation=activation), rng)


def lstm_by_scalars(cell, x, state):
    """The published equations, one number at a time: no matrix product, no vectorised gate."""
    batch, hidden = state.h.shape
    sigma = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    c, h = np.zeros((batch, hidden)), np.zeros((batch, hidden))
    for b in range(batch):
        xh = list(x[b]) + list(state.h[b])
        for k in range(hidden):
            i, j, f, o = (
                sum(v * cell.kernel[n, block * hidden + k] for n, v in enumerate(xh)) + cell.bias[block * hidden + k]
                for block in range(4)
            )
            c[b, k] = sigma(f) * state.c[b, k] + sigma(i) * np.tanh(j)
            h[b, k] = sigma(o) * np.tanh(c[b, k])
    return h, LSTMStateTuple(c=c, h=h)


def test_an_lstm_step_is_the_published_equations(rng, backend):
    cell = random_lstm(3, 5, rng)
    x, state = rng.standard_normal((2, 3)), random_like(cell.zero_state(2), rng)
    h, new_state = lstm_by_scalars(cell, x, state)
    got_h, got_state = to(cell, backend)(to(x, backend), to(state, backend))
    assert_trees_close((got_h, got_state), (h, new_state), rtol=1e-12)
    assert isinstance(got_state, LSTMStateTuple)


def test_an_lstm_step_is_torch_lstm_cell(rng):
    cell = random_lstm(3, 5, rng)
    theirs = torch.nn.LSTMCell(3, 5, dtype=torch.float64)
    blocks = dict(zip("ijfo", np.split(np.vstack([cell.kernel, cell.bias]), 4, axis=1), strict=True))
    weights = torch.tensor(np.concatenate([blocks[gate] for gate in "ifjo"], axis=1).T)  # Torch: i, f, g (our j), o
    with torch.no_grad():
        theirs.weight_ih.copy_(weights[:, :3])
        theirs.weight_hh.copy_(weights[:, 3:8])
        theirs.bias_ih.copy_(weights[:, 8])
        theirs.bias_hh.zero_()
    x, state = rng.standard_normal((2, 3)), random_like(cell.zero_state(2), rng)
    h, c = theirs(torch.tensor(x), (torch.tensor(state.h), torch.tensor(state.c)))
    _, new_state = cell(x, state)
    assert_trees_close(new_state, LSTMStateTuple(c=c, h=h), rtol=1e-12)


def test_a_basic_step_is_torch_rnn_cell_and_its_output_is_its_state(rng, backend):
    cell = basic_cell(rng)
    theirs = torch.nn.RNNCell(3, 5, dtype=torch.float64)
    with torch.no_grad():
        theirs.weight_ih.copy_(torch.tensor(cell.kernel[:3].T))
        theirs.weight_hh.copy_(torch.tensor(cell.kernel[3:].T))
        theirs.bias_ih.copy_(torch.tensor(cell.bias))
        theirs.bias_hh.zero_()
    x, h = rng.standard_normal((2, 3)), rng.standard_normal((2, 5))
    output, new_state = to(cell, backend)(to(x, backend), to(h, backend))
    assert output is new_state
    np.testing.assert_allclose(
        to_numpy(output), to_numpy(theirs(torch.tensor(x), torch.tensor(h))), rtol=1e-12, atol=1e-15
    )


def softsign_forward(x):
    size = 1 + abs(x)
    return x / size, lambda d_output: d_output / size**2


def test_an_activation_of_ones_own(backend, rng):
    cell = BasicRNNCell.init(3, 5, rng=rng, activation=softsign_forward, dtype="float64", backend=backend)
    x, h = to((rng.standard_normal((2, 3)), rng.standard_normal((2, 5))), backend)
    z = np.concatenate([to_numpy(x), to_numpy(h)], axis=1) @ to_numpy(cell.kernel)  # the bias is 0
    np.testing.assert_allclose(to_numpy(cell(x, h)[0]), z / (1 + abs(z)), rtol=1e-12)
    np.testing.assert_array_equal(to_numpy(Activation(softsign_forward)(x)), to_numpy(x / (1 + abs(x))))
    assert cell.activation is softsign_forward
    assert to(cell, "numpy").activation is softsign_forward


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "linear", softsign_forward])
def test_the_gradient_of_a_basic_cell(activation, rng):
    cell = basic_cell(rng, activation)
    arguments = cell, rng.standard_normal((2, 3)), rng.standard_normal((2, 5))
    table = gradcheck(lambda c, x, h: c.forward(x, h), *arguments, rng=rng, names=("cell", "x", "h"))
    assert table.ok, table


@pytest.mark.parametrize("sizes", [(2, 3, 5), (1, 1, 1), (1, 4, 2)])
def test_the_gradient_of_an_lstm_cell(sizes, rng):
    batch, input_size, hidden = sizes
    cell = random_lstm(input_size, hidden, rng)
    arguments = cell, rng.standard_normal((batch, input_size)), random_like(cell.zero_state(batch), rng)
    table = gradcheck(lambda c, x, s: c.forward(x, s), *arguments, rng=rng, names=("cell", "x", "state"))
    assert table.ok, table
    assert [row.name for row in table.rows] == ["cell.kernel", "cell.bias", "x", "state.c", "state.h"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_float_type_stays(dtype, rng, backend):
    cell = LSTMCell.init(3, 5, rng=rng, dtype=dtype, backend=backend)
    x = from_numpy(rng.standard_normal((2, 3)), dtype, backend)
    output, state = cell(x, cell.zero_state(2))
    assert {str(a.dtype).removeprefix("torch.") for a in (output, state.c, state.h)} == {dtype}


def test_a_saturated_forget_gate_keeps_c_over_100_steps(rng):
    cell = random_lstm(3, 5, rng)
    bias = cell.bias.copy()
    bias[:5], bias[10:15] = -1e4, 1e4  # input gate shut, forget gate open
    cell = LSTMCell(kernel=cell.kernel, bias=bias)
    state = first = random_like(cell.zero_state(2), rng)
    for _ in range(100):
        _, state = cell(rng.standard_normal((2, 3)), state)
    np.testing.assert_array_equal(state.c, first.c)


def test_extreme_pre_activations_give_no_warning_and_no_nan(rng, backend):
    cell = to(random_like(LSTMCell.init(3, 5, rng=rng), rng), backend)
    x = to(1e4 * rng.standard_normal((2, 3)), backend)
    output, new_state, backward = cell.forward(x, to(random_like(cell.zero_state(2), rng), backend))
    for leaf in leaves((output, new_state, backward(output, new_state))):
        assert np.isfinite(to_numpy(leaf)).all()


def test_no_argument_is_changed(rng):
    cell = random_lstm(3, 5, rng)
    arguments = (cell, rng.standard_normal((2, 3)), random_like(cell.zero_state(2), rng))
    before = tree_map(np.copy, arguments)
    output, state, backward = cell.forward(*arguments[1:])
    backward(output, state)
    assert_trees_close(arguments, before, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, s: (x[:, :2], s), r"x: expected \[batch, input=3\], got \[2, 2\]: axis 'input' is 2 instead of 3"),
        (lambda x, s: (x, tuple(s)), r"state: expected LSTMStateTuple of 2, got tuple of 2; build it by name, LSTMSta"),
        (lambda x, s: (x, np.concatenate(s, 1)), r"expected LSTMStateTuple of 2, got ndarray; build it by name"),
        (lambda x, s: (x, s._replace(c=s.c[:1])), r"state\.c: expected \[batch=2, hidden=5\], got \[1, 5\]: axis 'bat"),
    ],
    ids=["input size", "plain tuple", "concatenated", "batch"],
)
def test_a_wrong_step_says_what_is_wrong(change, message, rng, without_shape_types):
    cell = random_lstm(3, 5, rng)
    with pytest.raises(ShapeError, match=message):
        cell(*change(rng.standard_normal((2, 3)), cell.zero_state(2)))


def test_sizes_are_read_from_the_weights(rng):
    assert (basic_cell(rng).input_size, basic_cell(rng).state_size, basic_cell(rng).output_size) == (3, 5, 5)
    cell = random_lstm(3, 5, rng)
    assert (cell.input_size, cell.state_size, cell.output_size) == (3, LSTMStateTuple(c=5, h=5), 5)
    assert cell.is_plain
    options = {"peepholes": True, "projection_size": 2, "cell_clip": 1.0}
    assert not any(LSTMCell.init(3, 5, rng=rng, **{name: value}).is_plain for name, value in options.items())
