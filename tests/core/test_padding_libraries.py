"""What stands behind the end of a row, by the libraries themselves, where they are installed: the table of chapter 10.

`pip install keras onnx onnxruntime tensorflow tf-keras`; the course needs none of them. TensorFlow 1 is what
`tf.compat.v1` still has of it; it runs in a process of its own, since it changes how TensorFlow works.
"""

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence

from rnn_course import LSTMCell, LSTMStateTuple, convert, dynamic_rnn, sequence_mask

from ..helpers import random_like, random_lstm

BATCH, TIME, INPUT, HIDDEN = 4, 6, 3, 5
LENGTHS = np.array([6, 3, 0, 1])
SINGLE = {"rtol": 1e-5, "atol": 1e-6}
IN_TENSORFLOW = """
import json, sys, numpy as np, tensorflow as tf
given = json.load(sys.stdin)
v1 = tf.compat.v1
v1.disable_eager_execution()
x, c, h = (np.array(given[name], "float32") for name in ("x", "c", "h"))
cell = v1.nn.rnn_cell.LSTMCell(c.shape[1])
lengths = v1.placeholder(tf.int32, [None])
state = type(cell.state_size)(c=tf.constant(c), h=tf.constant(h))
run = v1.nn.dynamic_rnn(cell, tf.constant(x), sequence_length=lengths, initial_state=state)
with v1.Session() as session:
    session.run(v1.global_variables_initializer())
    weights = session.run(v1.global_variables())
    session.run([v.assign(np.array(given["kernel"], "float32")) for v in v1.global_variables()[:1]])
    found = [session.run(run, {lengths: one}) for one in given["lengths"]]
layers = v1.nn.rnn_cell.MultiRNNCell([v1.nn.rnn_cell.LSTMCell(c.shape[1])] * 2)
before = len(v1.global_variables())
v1.nn.dynamic_rnn(layers, tf.zeros((2, 3, c.shape[1])), dtype=tf.float32)
print(json.dumps({"runs": [[o.tolist(), s[0].tolist(), s[1].tolist()] for o, s in found],
                  "bias": weights[1].tolist(), "arrays of two layers": len(v1.global_variables()) - before}))
"""


@pytest.fixture
def cell(rng):
    return random_lstm(INPUT, HIDDEN, rng)


@pytest.fixture
def x(rng):
    return rng.standard_normal((BATCH, TIME, INPUT))


@pytest.fixture
def start(cell, rng):
    return random_like(cell.zero_state(BATCH), rng)


def expect_same(outputs, state, expected):
    np.testing.assert_allclose(outputs, expected[0], **SINGLE)
    np.testing.assert_allclose(state.c, expected[1].c, **SINGLE)
    np.testing.assert_allclose(state.h, expected[1].h, **SINGLE)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("zeros", [False, True])
def test_keras_repeats_the_last_output_or_gives_zeros(zeros, cell, x, start, tmp_path):
    os.environ.setdefault("KERAS_BACKEND", "torch")
    os.environ.setdefault("KERAS_HOME", str(tmp_path))
    keras = pytest.importorskip("keras")
    layer = keras.layers.LSTM(HIDDEN, return_sequences=True, return_state=True, zero_output_for_mask=zeros)
    layer.build(x.shape)
    layer.set_weights(convert.lstm_to_keras(cell))
    mask = sequence_mask(LENGTHS, TIME)
    outputs, h, c = (
        np.asarray(part.detach()) for part in layer(x, initial_state=convert.state_to_keras(start), mask=mask)
    )
    expected, state = dynamic_rnn(cell, x, start, LENGTHS)
    expect_same(np.where(mask[:, :, None], outputs, 0), LSTMStateTuple(c=c, h=h), (expected, state))
    rows = LENGTHS > 0  # a row that never began has no output to repeat
    at_the_end = outputs[rows][:, -1]
    np.testing.assert_allclose(at_the_end, expected[rows][:, -1] if zeros else state.h[rows], **SINGLE)


def test_packed_torch_refuses_wrong_lengths_a_long_one_late(cell, x):
    """Zeros and states are compared in test_rnn.py; here what is no length of a row."""
    module, inputs = convert.lstm_to_torch(cell), torch.tensor(x)
    for wrong in (0, -1):
        with pytest.raises(RuntimeError, match="greater than 0"):
            pack_padded_sequence(inputs, torch.tensor([6, 3, 1, wrong]), batch_first=True, enforce_sorted=False)
    too_long = pack_padded_sequence(inputs, torch.tensor([7, 3, 1, 2]), batch_first=True, enforce_sorted=False)
    with pytest.raises(RuntimeError):
        module(too_long)


def test_onnx_runtime_gives_zeros_and_refuses_wrong_lengths(cell, x, start):
    onnx, runtime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    arrays = {
        "X": x.swapaxes(0, 1),
        **convert.lstm_to_onnx(cell),
        "sequence_lens": LENGTHS,
        **convert.state_to_onnx(start),
    }
    arrays = {name: np.ascontiguousarray(a, "int32" if a is LENGTHS else "float32") for name, a in arrays.items()}
    helper, of = onnx.helper, onnx.helper.np_dtype_to_tensor_dtype
    results = ["Y", "Y_h", "Y_c"]
    graph = helper.make_graph(
        [helper.make_node("LSTM", list(arrays), results, hidden_size=HIDDEN)],
        "one",
        [helper.make_tensor_value_info(name, of(a.dtype), a.shape) for name, a in arrays.items()],
        [helper.make_tensor_value_info(name, of(np.dtype("float32")), None) for name in results],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    y, h, c = session.run(None, arrays)
    expected, state = dynamic_rnn(cell, x, start, LENGTHS)
    never = (LENGTHS == 0)[:, None]
    state = LSTMStateTuple(c=np.where(never, 0, state.c), h=np.where(never, 0, state.h))  # not the initial state
    expect_same(y[:, 0].swapaxes(0, 1), LSTMStateTuple(c=c[0], h=h[0]), (expected, state))
    for wrong in (-1, TIME + 1):
        lengths = np.array([6, 3, 1, wrong], "int32")
        with pytest.raises(Exception, match="Invalid value/s in sequence_lens"):
            session.run(None, {**arrays, "sequence_lens": lengths})


def test_tensorflow_1_zeroes_copies_through_and_takes_wrong_lengths_silently(x, start, rng):
    if not all(map(importlib.util.find_spec, ("tensorflow", "tf_keras"))):
        pytest.skip("TensorFlow and tf-keras are not installed")
    kernel = rng.standard_normal((INPUT + HIDDEN, 4 * HIDDEN))
    given = {"x": x, "c": start.c, "h": start.h, "kernel": kernel, "lengths": np.array([LENGTHS, [7, 3, -1, 1]])}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", IN_TENSORFLOW],
        input=json.dumps({name: array.tolist() for name, array in given.items()}),
        env={**os.environ, "TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert not any(found["bias"]), "the forget bias is added at run time"
    cell = convert.lstm_from_tf1(kernel, np.array(found["bias"]))
    assert isinstance(cell, LSTMCell)
    expected = dynamic_rnn(cell, x, start, LENGTHS)
    for outputs, c, h in found["runs"]:  # the second with lengths of 7 and −1: nothing is said
        expect_same(np.array(outputs), LSTMStateTuple(c=np.array(c), h=np.array(h)), expected)
    assert found["arrays of two layers"] == 2, "one kernel and one bias: [cell] * 2 shares them"
