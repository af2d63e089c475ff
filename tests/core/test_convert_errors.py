"""Weights that do not fit, and the table of conventions."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from rnn_course import LSTMCell, LSTMStateTuple, MultiRNNCell, ShapeError, convert
from rnn_course.cells import BasicRNNCell
from rnn_course.gru import GRUCell

RNG = np.random.default_rng(7)
LSTM = LSTMCell.init(3, 5, rng=RNG)
PEEPHOLES = LSTMCell.init(3, 5, rng=RNG, peepholes=True)
PROJECTED = LSTMCell.init(3, 5, rng=RNG, projection_size=4)
BEFORE, AFTER = (GRUCell.init(3, 5, rng=RNG, reset_after=after) for after in (False, True))
RNN = BasicRNNCell.init(3, 5, rng=RNG)


def zeros(*shapes):
    return [np.zeros(shape) for shape in shapes]


def raises(error, message, function, *arguments, **options):
    with pytest.raises(error, match=message):
        function(*arguments, **options)


KERAS = [
    (
        "lstm",
        zeros((3, 20), (5, 20), 40),
        ShapeError,
        r"bias: .*two biases, one after the other: add them",
    ),
    ("lstm", zeros((20, 3), (20, 5), 20), ShapeError, "kernel: .*transposed: in Keras a gate is a block of columns"),
    ("lstm", zeros((3, 20), (20, 5), 20), ShapeError, "recurrent_kernel: expected .hidden=5, 4.hidden=20.*transposed"),
    ("lstm", zeros((3, 15), (5, 15), 15), ShapeError, "the weights of another cell: use gru_from_keras"),
    ("gru", zeros((3, 20), (5, 20), (2, 20)), ShapeError, "use lstm_from_keras"),
    ("lstm", zeros((3, 20), (5, 18), 20), ShapeError, r"recurrent_kernel: expected \[hidden=5, 4\*hidden=20\]"),
    ("lstm", zeros((3, 16), (5, 20), 20), ShapeError, r"kernel: expected \[input, 4\*hidden=20\], got \[3, 16\]"),
    ("lstm", zeros((3, 20, 1), (5, 20), 20), ShapeError, "which has 3 axes instead of 2"),
    ("lstm", zeros((3, 20)), ValueError, "of one layer, got 1 arrays"),
    ("lstm", zeros((3, 20), (5, 20), 20) * 2, ValueError, "Bidirectional layer: pass .*:3"),
    ("lstm", [[1.0], [2.0], [3.0]], TypeError, "expected a NumPy array or a Torch tensor, got list"),
    (
        "lstm",
        [*zeros((3, 20), (5, 20)), np.zeros(20, "float32")],
        TypeError,
        "bias is a numpy array of float32, but",
    ),
    (
        "lstm",
        [torch.zeros(3, 20), *zeros((5, 20), 20)],
        TypeError,
        "recurrent_kernel is a numpy array of float64, but kernel a torch array of torch.float32: give all",
    ),
    ("lstm", [np.zeros((3, 20), int), np.zeros((5, 20), int)], TypeError, "expected floating-point numbers, got int64"),
    ("gru", zeros((3, 15), (5, 15), 15), ShapeError, "bias: expected .*built with reset_after=False"),
    ("gru", [*zeros((3, 15), (5, 15)), [0.0]], TypeError, "expected a NumPy array or a Torch tensor, got list"),
    ("gru", zeros((3, 15), (5, 15), (3, 15)), ShapeError, "axis 'two' is 3 instead of 2"),
    ("basic_rnn", zeros((3, 5), (5, 4), 5), ShapeError, "recurrent_kernel: expected"),
    ("basic_rnn", zeros((3, 4), (5, 5), 5), ShapeError, r"kernel: expected \[input, hidden=5\], got \[3, 4\]"),
    ("lstm", zeros((3, 20), (5, 20), (2, 20)), ShapeError, r"bias: expected \[4\*hidden=20\], got \[2, 20\]"),
]


@pytest.mark.parametrize(("kind", "weights", "error", "message"), KERAS)
def test_bad_weights_of_keras(kind, weights, error, message, without_shape_types):
    raises(error, message, getattr(convert, f"{kind}_from_keras"), weights)


def test_a_matrix_that_fits_neither_way_round_is_not_called_transposed(without_shape_types):
    with pytest.raises(ShapeError, match=r"kernel: expected \[input, 4\*hidden=20\], got \[3, 16\]") as caught:
        convert.lstm_from_keras(zeros((3, 16), (5, 20), 20))
    assert "transposed" not in str(caught.value)


def test_a_keras_gru_with_the_other_reset(without_shape_types):
    message = r"bias: expected \[3\*hidden\].*built with reset_after=True"
    raises(ShapeError, message, convert.gru_from_keras, zeros((3, 15), (5, 15), (2, 15)), reset_after=False)


TF1 = [
    ("lstm", zeros((20, 8), 20), ShapeError, r"kernel: expected .* in TensorFlow 1 a gate is a block of columns"),
    ("lstm", zeros((8, 20), 15), ShapeError, r"bias: expected \[4\*hidden\], got \[15\], which 4 does not divide"),
    ("lstm", zeros((5, 20), 20), ShapeError, "the rows of x or of h are missing"),
    ("lstm", zeros((8, 20), (1, 20)), ShapeError, "bias: expected .*which has 2 axes instead of 1"),
    ("basic_rnn", zeros((8, 4), 5), ShapeError, r"kernel: expected \[input\+hidden, hidden=5\]"),
    (
        "gru",
        zeros((8, 10), 9, (8, 5), 5),
        ShapeError,
        r"gates_bias: expected \[2\*hidden\], got \[9\], which 2 ",
    ),
    ("gru", zeros((8, 10), 10, (8, 4), 4), ShapeError, r"candidate_bias: expected \[hidden=5\], got \[4\]"),
    ("gru", zeros((8, 10), 10, (9, 5), 5), ShapeError, r"candidate_kernel: expected \[input\+hidden=8"),
]


@pytest.mark.parametrize(("kind", "weights", "error", "message"), TF1)
def test_bad_weights_of_tf1(kind, weights, error, message, without_shape_types):
    raises(error, message, getattr(convert, f"{kind}_from_tf1"), *weights)


def test_bad_options_of_tf1(without_shape_types):
    kernel, bias = zeros((8, 20), 20)
    short = {"w_i_diag": np.zeros(5), "w_f_diag": np.zeros(4), "w_o_diag": np.zeros(5)}
    raises(ShapeError, r"peepholes.f: expected \[hidden=5\]", convert.lstm_from_tf1, kernel, bias, peepholes=short)
    del short["w_f_diag"]
    raises(KeyError, "missing: w_f_diag", convert.lstm_from_tf1, kernel, bias, peepholes=short)
    raises(ShapeError, "projection: expected", convert.lstm_from_tf1, kernel, bias, projection=np.zeros((4, 5)))
    raises(
        ShapeError,
        r"projection: .* got \[5\], which has 1",
        convert.lstm_from_tf1,
        kernel,
        bias,
        projection=np.zeros(5),
    )
    raises(ValueError, "no projection to clip", convert.lstm_from_tf1, kernel, bias, proj_clip=1.0)
    raises(ValueError, r"expected the pair \(c, h\)", convert.state_from_tf1, (bias, bias, bias))


ONNX = [
    ("lstm", zeros((1, 3, 20), (1, 20, 5)), ShapeError, r"W.0.: .*transposed: in ONNX a gate is a block of rows"),
    ("lstm", zeros((20, 3), (20, 5)), ShapeError, r"W: expected \[directions, 4\*hidden, input\], got \[20, 3\]"),
    ("lstm", zeros((2, 20, 3), (1, 20, 5)), ShapeError, "R: expected .directions=2"),
    ("lstm", zeros((1, 20, 3), (1, 20, 5), (1, 20)), ShapeError, r"B: expected .*only one bias; ONNX keeps two"),
    ("lstm", zeros((1, 20, 3), (1, 20, 5), (1, 40), (1, 20)), ShapeError, r"P: expected .directions=1, 3.hidden=15"),
    ("gru", zeros((1, 15, 3), (1, 20, 5)), ShapeError, "use lstm_from_onnx"),
    (
        "lstm",
        zeros((1, 20, 3), (1, 20, 5), 40),
        ShapeError,
        r"B: expected .directions=1, 8\*hidden=40., got .40.",
    ),
    (
        "lstm",
        zeros((1, 20, 3), (1, 5, 20), (1, 40)),
        ShapeError,
        "R.0.: .*transposed: in ONNX a gate is a bl",
    ),
]


@pytest.mark.parametrize(("kind", "weights", "error", "message"), ONNX)
def test_bad_weights_of_onnx(kind, weights, error, message, without_shape_types):
    raises(error, message, getattr(convert, f"{kind}_from_onnx"), *weights)


LOST = [
    (convert.lstm_to_keras, PEEPHOLES, ValueError, "has no peepholes. Libraries that can: TensorFlow 1, ONNX"),
    (convert.lstm_to_keras, PROJECTED, ValueError, "has no projection. Libraries that can: TensorFlow 1, PyTorch"),
    (convert.lstm_to_onnx, PROJECTED, ValueError, "ONNX cannot hold this cell: its LSTM has no projection"),
    (
        convert.lstm_to_onnx,
        LSTM._replace(cell_clip=1.0),
        ValueError,
        "has no cell_clip. Libraries that can: TensorFlow 1$",
    ),
    (convert.lstm_to_onnx, (LSTM, PEEPHOLES), ValueError, "either both directions have peepholes or none"),
    (convert.lstm_to_torch, PEEPHOLES, ValueError, "PyTorch cannot hold this cell: its LSTM has no peepholes"),
    (
        convert.gru_to_tf1,
        AFTER,
        ValueError,
        "only before it.* Libraries that can: PyTorch, Keras, ONNX",
    ),
    (convert.gru_to_torch, BEFORE, ValueError, "only after it.* Libraries that can: TensorFlow 1, Keras, ONNX"),
    (convert.gru_to_onnx, (BEFORE, AFTER), ValueError, "the operator has one attribute"),
    (
        convert.basic_rnn_to_torch,
        (RNN, RNN._replace(activation="relu")),
        ValueError,
        "basic_rnn_to_torch: torch.nn.RNN has tanh or relu in all layers, got relu, tanh",
    ),
    (convert.lstm_to_tf1, BEFORE, TypeError, "lstm_to_tf1: expected LSTMCell, got GRUCell"),
    (convert.gru_to_keras, LSTM, TypeError, "gru_to_keras: expected GRUCell, got LSTMCell"),
    (convert.basic_rnn_to_onnx, LSTM, TypeError, "basic_rnn_to_onnx: expected BasicRNNCell, got LSTMCell"),
    (
        convert.lstm_to_keras,
        MultiRNNCell((LSTM,)),
        TypeError,
        "MultiRNNCell; a stack is a layer for each cell",
    ),
    (
        convert.basic_rnn_to_onnx,
        RNN._replace(activation="linear"),
        ValueError,
        "basic_rnn_to_onnx: the operator RNN has relu, sigmoid or tanh, got linear",
    ),
    (convert.basic_rnn_to_onnx, RNN._replace(activation=abs), ValueError, "got <built-in function abs>"),
    (
        convert.basic_rnn_to_torch,
        RNN._replace(activation=abs),
        ValueError,
        "in all layers, got <built-in function abs>",
    ),
    (convert.gru_to_keras, BEFORE._replace(candidate_bias=np.zeros(4)), ShapeError, "candidate_bias: expected"),
    (convert.state_from_keras, zeros(1, 2, 3), ValueError, "got 3 arrays; convert layer by layer"),
]


@pytest.mark.parametrize(("function", "thing", "error", "message"), LOST)
def test_what_a_library_cannot_hold_is_said(function, thing, error, message, without_shape_types):
    raises(error, message, function, thing)


def test_an_unknown_activation_of_onnx():
    weights = convert.basic_rnn_to_onnx(RNN) | {"activations": ["HardSigmoid"]}
    raises(ValueError, "activation: expected one of", convert.basic_rnn_from_onnx, **weights)
    weights["activations"] = ["Tanh", "Tanh"]
    raises(ValueError, "got 2 for 1 direction", convert.basic_rnn_from_onnx, **weights)


def test_states_of_onnx_that_do_not_fit(without_shape_types):
    h, c = zeros((2, 4, 5), (1, 4, 5))
    raises(ShapeError, "c: expected .directions=2", convert.state_from_onnx, h, c)
    mixed = (LSTMStateTuple(c=h[0], h=h[0]), LSTMStateTuple(c=h[1], h=h[1]))
    assert convert.state_to_onnx(mixed)["initial_c"].shape == (2, 4, 5)


def table():
    lines = convert.convention_table().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert {len(row) for row in rows} == {6}
    return {row[0]: row[1:] for row in rows}


def test_the_table_states_the_conventions():
    rows = table()
    assert rows["convention"] == ["this course", "TensorFlow 1", "PyTorch", "Keras", "ONNX"]
    assert rows["LSTM gates"] == ["i, j, f, o", "i, j, f, o", "i, f, g, o", "i, f, c, o", "i, o, f, c"]
    assert rows["LSTM state"] == ["(c, h)", "(c, h)", "(h, c)", "(h, c)", "(h, c)"]
    assert rows["GRU gates"] == ["r, u, n", "r, u, c", "r, z, n", "z, r, h", "z, r, h"]
    assert [cell.split()[0] for cell in rows["GRU reset gate acts on h"]] == [
        "before",
        "before",
        "after",
        "after",
        "before",
    ]
    assert rows["LSTM peepholes"] == ["i, f, o", "i, f, o", "none", "none", "i, o, f"]
    assert rows["LSTM kernels"] == [
        "`[input+hidden, 4*hidden]`",
        "`[input+hidden, 4*hidden]`",
        "`[4*hidden, input]` and `[4*hidden, hidden]`",
        "`[input, 4*hidden]` and `[hidden, 4*hidden]`",
        "`[directions, 4*hidden, input]` and `[directions, 4*hidden, hidden]`",
    ]
    assert rows["LSTM projection"] == ["yes", "yes", "yes", "none", "none"]
    assert rows["Basic RNN biases"] == ["one", "one", "two, added", "one", "two, added"]


def test_torch_is_not_imported_for_the_others():
    code = (
        "import sys, numpy as np; from rnn_course import LSTMCell, convert; "
        "cell = LSTMCell.init(3, 5, rng=np.random.default_rng(0)); "
        "convert.lstm_from_onnx(**convert.lstm_to_onnx(convert.lstm_from_keras(convert.lstm_to_keras(cell)))); "
        "convert.state_to_onnx(cell.zero_state(2)); convert.convention_table(); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
