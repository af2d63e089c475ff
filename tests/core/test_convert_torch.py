"""Converted cells against the modules of `torch.nn` themselves: outputs, final states, gradients, round trips."""

from itertools import pairwise, product

import numpy as np
import pytest
import torch

from rnn_course import LSTMCell, LSTMStateTuple, MultiRNNCell, ShapeError, convert, dynamic_rnn, leaves, to, to_numpy
from rnn_course.bidirectional import bidirectional_dynamic_rnn
from rnn_course.cells import BasicRNNCell
from rnn_course.gru import GRUCell
from rnn_course.wrappers import Masked

from ..helpers import assert_trees_close, random_like

BATCH, TIME, INPUT, HIDDEN = 6, 7, 3, 5
RAGGED = [7, 2, 3, 1, 2, 7]
CLOSE = {"rtol": 1e-12, "atol": 1e-13}
FROM = {"RNN": convert.basic_rnn_from_torch, "LSTM": convert.lstm_from_torch, "GRU": convert.gru_from_torch}
TO = {"RNN": convert.basic_rnn_to_torch, "LSTM": convert.lstm_to_torch, "GRU": convert.gru_to_torch}
VARIANTS = {
    "rnn": ("RNN", {}),
    "relu": ("RNN", {"nonlinearity": "relu"}),
    "lstm": ("LSTM", {}),
    "projected": ("LSTM", {"proj_size": 4}),
    "gru": ("GRU", {}),
    "no-bias": ("GRU", {"bias": False}),
}


def module(name, layers=1, bidirectional=False, **options):
    torch.manual_seed(7)
    options = {"batch_first": True, "dtype": torch.float64} | options
    made = getattr(torch.nn, name)(INPUT, HIDDEN, layers, bidirectional=bidirectional, **options)
    for weights in made.parameters():
        torch.nn.init.normal_(weights, std=0.7)
    return made


def initial_state(name, rows, rng, proj_size=0):
    h = torch.tensor(rng.standard_normal((rows, BATCH, proj_size or HIDDEN)))
    return (h, torch.tensor(rng.standard_normal((rows, BATCH, HIDDEN)))) if name == "LSTM" else h


def run(theirs, x, state, lengths):
    """The module over padded or packed sequences."""
    if lengths is None:
        return theirs(x, state)
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
    outputs, final = theirs(packed, state)
    return torch.nn.utils.rnn.pad_packed_sequence(outputs, batch_first=True)[0], final


def run_ours(ours, x, state, lengths):
    """A cell, a stack, a pair, or a tuple of pairs."""
    if hasattr(ours, "zero_state"):
        return dynamic_rnn(ours, x, state, lengths)
    if not isinstance(ours[0], tuple) or hasattr(ours[0], "_fields"):
        outputs, final = bidirectional_dynamic_rnn(*ours, x, *state, lengths)
        return np.concatenate([to_numpy(y) for y in outputs], axis=2), final
    finals = []
    for pair, pair_state in zip(ours, state, strict=True):
        x, final = run_ours(pair, x, pair_state, lengths)
        finals.append(final)
    return x, tuple(finals)


@pytest.mark.parametrize("lengths", [None, RAGGED], ids=["full", "packed"])
@pytest.mark.parametrize(("layers", "bidirectional"), list(product([1, 2], [False, True])))
@pytest.mark.parametrize("variant", VARIANTS)
def test_it_is_the_module(variant, layers, bidirectional, lengths, rng):
    name, options = VARIANTS[variant]
    theirs = module(name, layers, bidirectional, **options)
    state = initial_state(name, layers * (1 + bidirectional), rng, options.get("proj_size", 0))
    x = rng.standard_normal((BATCH, TIME, INPUT))
    expected, expected_state = run(theirs, torch.tensor(x), state, lengths)

    ours = FROM[name](theirs, backend="numpy")
    ours_state = convert.state_from_torch(state, bidirectional, backend="numpy")
    outputs, final = run_ours(ours, x, ours_state, lengths)
    np.testing.assert_allclose(outputs, to_numpy(expected), **CLOSE)
    assert_trees_close(final, convert.state_from_torch(expected_state, bidirectional), **CLOSE)

    back = TO[name](ours)
    assert_trees_close(FROM[name](back), ours, rtol=0, atol=0)
    again, again_state = run(back, torch.tensor(x), convert.state_to_torch(ours_state), lengths)
    np.testing.assert_allclose(to_numpy(again), to_numpy(expected), **CLOSE)
    assert_trees_close(again_state, expected_state, **CLOSE)


@pytest.mark.parametrize("name", FROM)
@pytest.mark.parametrize("bias", [True, False])
def test_it_is_the_one_step_cell(name, bias, rng):
    theirs = getattr(torch.nn, f"{name}Cell")(INPUT, HIDDEN, bias=bias, dtype=torch.float64)
    x, state = torch.tensor(rng.standard_normal((BATCH, INPUT))), initial_state(name, 1, rng)
    state = tuple(part[0] for part in state) if name == "LSTM" else state[0]
    expected = theirs(x, state)
    output, final = FROM[name](theirs)(x, convert.state_from_torch(state))
    np.testing.assert_allclose(output, to_numpy(expected[0] if name == "LSTM" else expected), **CLOSE)
    assert_trees_close(final, convert.state_from_torch(expected), **CLOSE)


@pytest.mark.parametrize("name", FROM)
def test_the_gradients_are_those_of_the_module(name, rng):
    theirs = module(name)
    x = torch.tensor(rng.standard_normal((BATCH, TIME, INPUT)))
    theirs(x)[0].square().sum().backward()
    cell = FROM[name](theirs)
    for leaf in leaves(cell):
        leaf.requires_grad_()
    dynamic_rnn(cell, x)[0].square().sum().backward()
    kernels = [cell.gates_kernel, cell.candidate_kernel] if name == "GRU" else [cell.kernel]
    ours = torch.cat([kernel.grad for kernel in kernels], dim=1)
    order = {"RNN": [0], "LSTM": [0, 2, 1, 3], "GRU": [0, 1, 2]}[name]  # i, j, f, o -> i, f, g, o
    blocks = ours.split(HIDDEN, dim=1)
    expected = torch.cat([theirs.weight_ih_l0.grad, theirs.weight_hh_l0.grad], dim=1).T
    np.testing.assert_allclose(torch.cat([blocks[k] for k in order], dim=1), expected, rtol=1e-10, atol=1e-12)


def test_the_structure_is_that_of_the_module():
    assert isinstance(convert.lstm_from_torch(module("LSTM")), LSTMCell)
    assert isinstance(convert.gru_from_torch(module("GRU", 2)), MultiRNNCell)
    assert [type(cell) for cell in convert.gru_from_torch(module("GRU", 1, True))] == [GRUCell] * 2
    pairs = convert.lstm_from_torch(module("LSTM", 3, True))
    assert len(pairs) == 3
    assert all(type(pair) is tuple and [type(cell) for cell in pair] == [LSTMCell] * 2 for pair in pairs)


def test_three_layers_keep_their_order(rng):
    theirs = module("LSTM", 3)
    x = torch.tensor(rng.standard_normal((BATCH, TIME, INPUT)))
    outputs, final = dynamic_rnn(convert.lstm_from_torch(theirs), x)
    expected, state = theirs(x)
    np.testing.assert_allclose(outputs, expected.detach(), **CLOSE)
    assert_trees_close(final, convert.state_from_torch(state), **CLOSE)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("name", FROM)
def test_the_dtype_stays(name, dtype):
    cell = FROM[name](module(name, dtype=dtype))
    assert {leaf.dtype for leaf in leaves(cell)} == {dtype}
    assert {weights.dtype for weights in TO[name](cell).parameters()} == {dtype}


def test_the_weights_are_copies_without_a_graph():
    for theirs in (module("LSTM", proj_size=4), module("GRU")):
        cell = FROM[type(theirs).__name__](theirs)
        before = [leaf.clone() for leaf in leaves(cell)]
        assert not any(leaf.requires_grad for leaf in leaves(cell))
        with torch.no_grad():
            for weights in theirs.parameters():
                weights.add_(1)
        assert all(torch.equal(leaf, old) for leaf, old in zip(leaves(cell), before, strict=True))


def test_a_module_of_ours_trains_and_draws_nothing_at_random(rng):
    cell = random_like(LSTMCell.init(INPUT, HIDDEN, rng=rng), rng)
    before = torch.get_rng_state()
    theirs = convert.lstm_to_torch(cell)
    assert torch.equal(torch.get_rng_state(), before)
    assert theirs.batch_first
    assert not theirs.bias_hh_l0.any()
    theirs(torch.zeros(2, 4, INPUT, dtype=torch.float64))[0].sum().backward()
    assert all(weights.grad is not None for weights in theirs.parameters())


def test_a_bias_that_torch_does_not_have_counts_as_zero(rng):
    cell = random_like(GRUCell.init(INPUT, HIDDEN, rng=rng, reset_after=True), rng)
    x = rng.standard_normal((BATCH, TIME, INPUT))
    plain = cell._replace(candidate_recurrent_bias=None)
    outputs, _ = convert.gru_to_torch(plain)(torch.tensor(x))
    np.testing.assert_allclose(outputs.detach(), dynamic_rnn(plain, x)[0], **CLOSE)


def test_states_are_told_apart_by_name():
    h, c = torch.zeros(2, 4, 3), torch.ones(2, 4, 5)
    bottom, top = convert.state_from_torch((h, c))
    assert not bottom.h.any()
    assert top.c.all()
    assert [tuple(part.shape) for part in convert.state_to_torch((bottom, top))] == [(2, 4, 3), (2, 4, 5)]
    ((forward, backward),) = [convert.state_from_torch((h, c), bidirectional=True)]
    assert tuple(forward.c.shape) == tuple(backward.c.shape) == (4, 5)
    with_graph = convert.state_from_torch(h.requires_grad_())
    assert with_graph[0].requires_grad


def lstm(*sizes):
    rng = np.random.default_rng(0)
    return MultiRNNCell(tuple(LSTMCell.init(below, above, rng=rng) for below, above in pairwise(sizes)))


CELL, LAYERS = lstm(3, 5).cells[0], lstm(3, 5, 5)
GRU = GRUCell.init(INPUT, HIDDEN, rng=np.random.default_rng(0))
RNN = BasicRNNCell.init(INPUT, HIDDEN, rng=np.random.default_rng(0), activation="sigmoid")
NUMBERS = np.zeros((3, 2, 4))
BAD = [
    (convert.lstm_from_torch, torch.nn.GRU(2, 3), TypeError, "expected torch.nn.LSTM or torch.nn.LSTMCell, got GRU"),
    (convert.gru_from_torch, {}, TypeError, "got dict"),
    (convert.lstm_to_torch, lstm(3, 5, 4), ShapeError, "have the same width, got state sizes"),
    (convert.lstm_to_torch, (LAYERS, LAYERS), TypeError, "a pair of stacks runs each direction"),
    (convert.lstm_to_torch, tuple((c, c) for c in LAYERS.cells), ShapeError, "all directions of the layer below"),
    (convert.lstm_to_torch, (CELL, CELL, CELL), ValueError, r"\(forward, backward\) for each layer"),
    (convert.lstm_to_torch, (), TypeError, "at least one cell"),
    (convert.lstm_to_torch, GRU, TypeError, "lstm_to_torch: expected LSTMCell, got GRUCell"),
    (convert.lstm_to_torch, Masked(CELL, np.ones((2, 1), bool)), TypeError, "a cell inside a wrapper is converted"),
    (convert.lstm_to_torch, CELL._replace(cell_clip=1.0), ValueError, "PyTorch cannot hold .* no cell_clip"),
    (convert.lstm_to_torch, CELL._replace(bias=CELL.bias[1:]), ShapeError, r"cell.kernel: expected"),
    (convert.lstm_to_torch, CELL._replace(bias=np.zeros(20)), TypeError, "cell.bias is a numpy array of float64"),
    (convert.gru_to_torch, GRU, ValueError, "PyTorch cannot hold this GRU: .* that can: TensorFlow 1, Keras, ONNX"),
    (convert.basic_rnn_to_torch, RNN, ValueError, "tanh or relu in all layers, got sigmoid"),
    (convert.state_from_torch, (NUMBERS,), ValueError, r"expected \(h, c\) of an LSTM or h alone, got 1"),
    (convert.state_from_torch, NUMBERS[0, 0], ShapeError, r"expected \[layers\*directions, batch, hidden\]"),
    (convert.state_from_torch, (NUMBERS, NUMBERS[:1]), ShapeError, r"got h \[3, 2, 4\], c \[1, 2, 4\]"),
    (convert.state_to_torch, (NUMBERS[0], NUMBERS[0, :, 1:]), ShapeError, "keeps all layers in one array"),
]


@pytest.mark.parametrize(("convert_it", "thing", "error", "message"), BAD)
def test_bad_input_gets_one_clear_error(convert_it, thing, error, message, without_shape_types):
    with pytest.raises(error, match=message):
        convert_it(thing)


def test_unknown_options_get_clear_errors():
    with pytest.raises(ValueError, match="backend: expected one of numpy, torch, got 'jax'"):
        convert.lstm_from_torch(module("LSTM"), backend="jax")
    with pytest.raises(ShapeError, match="two directions have an even number of states, got 3"):
        convert.state_from_torch(NUMBERS, bidirectional=True)


def test_wrong_gates_would_be_seen(rng):
    theirs, x = module("LSTM"), rng.standard_normal((BATCH, TIME, INPUT))
    expected = theirs(torch.tensor(x))[0].detach()
    cell = convert.lstm_from_torch(theirs, backend="numpy")
    i, j, f, o = np.split(cell.kernel, 4, axis=1)
    for wrong in (
        cell._replace(kernel=np.concatenate([i, f, j, o], axis=1)),
        cell._replace(bias=to_numpy(theirs.bias_ih_l0)),
        cell._replace(bias=np.roll(cell.bias, HIDDEN)),
    ):
        assert np.abs(dynamic_rnn(wrong, x)[0] - to_numpy(expected)).max() > 1e-3


@pytest.mark.parametrize("c", [(2, 4, 5), (3, 6, 5), (4, 5)], ids=["batch", "layers", "axes"])
def test_h_and_c_of_different_rows_are_refused(c, without_shape_types):
    with pytest.raises(
        ShapeError, match=r"state: expected \[layers\*directions, batch, hidden\] .*, got h \[2, 6, 5\]"
    ):
        convert.state_from_torch((torch.zeros(2, 6, 5), torch.zeros(c)))


def test_states_of_numpy_come_out_as_tensors_and_back(rng):
    state = (LSTMStateTuple(c=rng.standard_normal((2, 3)), h=rng.standard_normal((2, 3))),) * 2
    tensors = convert.state_to_torch(state)
    assert all(isinstance(part, torch.Tensor) for part in tensors)
    assert_trees_close(convert.state_from_torch(tensors, backend="numpy"), state, rtol=0, atol=0)
    assert_trees_close(convert.state_from_torch(tensors), to(state, "torch"), rtol=0, atol=0)
