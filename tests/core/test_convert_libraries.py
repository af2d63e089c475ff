"""Converted weights and layers against ONNX and Keras themselves; Keras where it is installed: `pip install keras`.

The conversions need neither. Without them the same is compared with their published equations, in
test_convert_published.py; here the libraries compute, Keras on Torch and ONNX by its reference evaluator. Without
TensorFlow, Keras computes in float32 whatever the arrays are, so that its layers agree to that precision.
"""

import os

import numpy as np
import pytest

from rnn_course import (
    AveragePool2D,
    BatchNorm,
    Conv2D,
    GroupNorm,
    MaxPool2D,
    adam,
    convert,
    dynamic_rnn,
    softmax_cross_entropy,
)
from rnn_course.bidirectional import bidirectional_dynamic_rnn
from rnn_course.cells import BasicRNNCell
from rnn_course.gru import GRUCell

from ..helpers import assert_trees_close, random_like, random_lstm

BATCH, TIME, INPUT, HIDDEN = 6, 7, 3, 5
LENGTHS = np.array([7, 4, 1, 0, 3, 6])
CLOSE = {"rtol": 1e-12, "atol": 1e-13}
SINGLE = {"rtol": 1e-5, "atol": 1e-6}

CELLS = {
    "SimpleRNN": lambda rng, **_: random_like(BasicRNNCell.init(INPUT, HIDDEN, rng=rng), rng),
    "LSTM": lambda rng, **_: random_lstm(INPUT, HIDDEN, rng),
    "GRU": lambda rng, **options: random_like(GRUCell.init(INPUT, HIDDEN, rng=rng, **options), rng),
}
KINDS = {"SimpleRNN": "basic_rnn", "LSTM": "lstm", "GRU": "gru"}
VARIANTS = [("SimpleRNN", {}), ("LSTM", {}), ("GRU", {"reset_after": True}), ("GRU", {"reset_after": False})]


pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras with NumPy 2


@pytest.fixture(scope="module")
def keras(tmp_path_factory):
    os.environ.setdefault("KERAS_BACKEND", "torch")
    os.environ.setdefault("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))  # it writes its settings there
    return pytest.importorskip("keras")


@pytest.fixture
def onnx():
    pytest.importorskip("onnx")
    import onnx.reference

    return onnx


@pytest.fixture
def x(rng):
    return rng.standard_normal((BATCH, TIME, INPUT))


def numbers(thing):
    return np.asarray(thing.detach()) if hasattr(thing, "detach") else np.asarray(thing)


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "ragged"])
@pytest.mark.parametrize(("name", "options"), VARIANTS, ids=str)
def test_a_layer_of_keras(name, options, lengths, keras, x, rng):
    cell = CELLS[name](rng, **options)
    layer = getattr(keras.layers, name)(
        HIDDEN, return_sequences=True, return_state=True, zero_output_for_mask=True, dtype="float64", **options
    )
    layer.build(x.shape)
    layer.set_weights(getattr(convert, f"{KINDS[name]}_to_keras")(cell))
    state = random_like(cell.zero_state(BATCH), rng)
    mask = None if lengths is None else np.arange(TIME) < lengths[:, None]
    outputs, *final = layer(x, initial_state=convert.state_to_keras(state), mask=mask)
    expected, expected_final = dynamic_rnn(cell, x, state, lengths)
    np.testing.assert_allclose(numbers(outputs), expected, **SINGLE)
    assert_trees_close(convert.state_from_keras([numbers(part) for part in final]), expected_final, **SINGLE)
    back = [numbers(weight) for weight in layer.get_weights()]
    again = getattr(convert, f"{KINDS[name]}_from_keras")(back, **options)
    np.testing.assert_allclose(dynamic_rnn(again, x, state, lengths)[0], expected, **CLOSE)


def onnx_run(onnx, operator, inputs, outputs, **attributes):
    """What the reference evaluator gives for one operator; an input that is None is left out."""
    helper, double = onnx.helper, onnx.TensorProto.DOUBLE
    names = [name if value is not None else "" for name, value in inputs.items()]
    node = helper.make_node(operator, names, outputs, **attributes)
    given = {name: value for name, value in inputs.items() if value is not None}
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info(name, double, value.shape) for name, value in given.items()],
        [helper.make_tensor_value_info(name, double, None) for name in outputs],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)])
    return onnx.reference.ReferenceEvaluator(model).run(None, given)


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize(("name", "options"), VARIANTS, ids=str)
def test_an_operator_of_onnx(name, options, directions, onnx, x, rng):
    cells = tuple(CELLS[name](rng, **options) for _ in range(directions))
    states = tuple(random_like(cell.zero_state(BATCH), rng) for cell in cells)
    cell, state = (cells, states) if directions == 2 else (cells[0], states[0])
    weights = getattr(convert, f"{KINDS[name]}_to_onnx")(cell)
    initial = convert.state_to_onnx(state)
    arrays = {"X": x.swapaxes(0, 1)} | {part: weights.pop(part) for part in "WRB"} | {"sequence_lens": None} | initial
    results = ["Y", "Y_h", "Y_c"] if name == "LSTM" else ["Y", "Y_h"]
    weights.pop("activations", None)  # tanh, the default
    direction = "bidirectional" if directions == 2 else "forward"
    operator = "RNN" if name == "SimpleRNN" else name
    y, *final = onnx_run(onnx, operator, arrays, results, hidden_size=HIDDEN, direction=direction, **weights)
    if directions == 1:
        outputs, expected_final = dynamic_rnn(cell, x, state)
    else:
        outputs, expected_final = bidirectional_dynamic_rnn(*cell, x, *state)
        outputs = np.concatenate(outputs, axis=2)
    time_batch = y.transpose(2, 0, 1, 3).reshape(BATCH, TIME, directions * HIDDEN)  # [time, directions, batch, hidden]
    np.testing.assert_allclose(time_batch, outputs, **CLOSE)
    assert_trees_close(convert.state_from_onnx(*final), expected_final, **CLOSE)


def test_the_peepholes_of_onnx(onnx, x, rng):
    cell = random_like(type(random_lstm(INPUT, HIDDEN, rng)).init(INPUT, HIDDEN, rng=rng, peepholes=True), rng)
    weights, initial = convert.lstm_to_onnx(cell), convert.state_to_onnx(random_like(cell.zero_state(BATCH), rng))
    arrays = {"X": x.swapaxes(0, 1)} | {part: weights[part] for part in "WRB"} | {"sequence_lens": None} | initial
    y, _, _ = onnx_run(onnx, "LSTM", arrays | {"P": weights["P"]}, ["Y", "Y_h", "Y_c"], hidden_size=HIDDEN)
    expected, _ = dynamic_rnn(cell, x, convert.state_from_onnx(*initial.values()))
    np.testing.assert_allclose(y[:, 0].swapaxes(0, 1), expected, **CLOSE)


# Images, and what differs between the libraries there


@pytest.fixture
def images(rng):
    return rng.standard_normal((2, 7, 8, 6))


@pytest.mark.parametrize("options", [{}, {"stride": (2, 3)}, {"dilation": (1, 2)}, {"padding": "VALID"}], ids=str)
def test_convolution(options, keras, onnx, images, rng):
    layer = random_like(Conv2D.init(6, 5, (3, 2), rng=rng, **options), rng)
    stride, padding, dilation = layer[2:]
    theirs = keras.ops.conv(images, layer.kernel, stride, padding.lower(), "channels_last", dilation)
    np.testing.assert_allclose(numbers(theirs) + layer.bias, layer(images), **SINGLE)
    if dilation == (1, 1):
        auto_pad = {"SAME": "SAME_UPPER", "VALID": "VALID"}[padding]
        arrays = {"X": images.transpose(0, 3, 1, 2), "W": layer.kernel.transpose(3, 2, 0, 1), "B": layer.bias}
        (y,) = onnx_run(onnx, "Conv", arrays, ["Y"], strides=stride, auto_pad=auto_pad)
        np.testing.assert_allclose(y.transpose(0, 2, 3, 1), layer(images), **CLOSE)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize(("ours", "theirs"), [(MaxPool2D, "MaxPooling2D"), (AveragePool2D, "AveragePooling2D")])
def test_pooling(ours, theirs, padding, keras, images):
    layer = getattr(keras.layers, theirs)((3, 2), (2, 3), padding.lower(), dtype="float64")
    expected = ours((3, 2), (2, 3), padding)(images)
    np.testing.assert_allclose(numbers(layer(images)), expected, **SINGLE)


def test_norms(keras, onnx, images, rng):
    layer = random_like(GroupNorm.init(6, 3, eps=1e-3), rng)
    theirs = keras.layers.GroupNormalization(3, dtype="float64")  # eps is 1e-3 there
    theirs.build(images.shape)
    theirs.set_weights([layer.gamma, layer.beta])
    np.testing.assert_allclose(numbers(theirs(images)), layer(images), **SINGLE)
    arrays = {"X": images.transpose(0, 3, 1, 2), "scale": layer.gamma, "bias": layer.beta}
    (y,) = onnx_run(onnx, "GroupNormalization", arrays, ["Y"], num_groups=3, epsilon=1e-3)
    np.testing.assert_allclose(y.transpose(0, 2, 3, 1), layer(images), **SINGLE)  # its statistics are float32, too


def test_batch_norm_of_keras_keeps_what_ours_replaces_and_averages_the_biased_variance(keras, images, rng):
    layer = random_like(BatchNorm.init(6, eps=1e-3, momentum=0.01), rng)
    layer = layer._replace(running_variance=layer.running_variance**2)
    theirs = keras.layers.BatchNormalization(dtype="float64")  # momentum is 0.99 there
    theirs.build(images.shape)
    theirs.set_weights([layer.gamma, layer.beta, layer.running_mean, layer.running_variance])
    np.testing.assert_allclose(numbers(theirs(images)), layer(images), **SINGLE)
    y, learned, _ = layer.forward_training(images)
    np.testing.assert_allclose(numbers(theirs(images, training=True)), y, **SINGLE)
    _, _, mean, variance = theirs.get_weights()
    n = images.size // 6
    biased = 0.99 * layer.running_variance + (learned.running_variance - 0.99 * layer.running_variance) * (n - 1) / n
    np.testing.assert_allclose(mean, learned.running_mean, **SINGLE)
    np.testing.assert_allclose(variance, biased, **SINGLE)


def test_label_smoothing_of_keras(keras, rng):
    logits, labels = rng.standard_normal((6, 5)), rng.integers(0, 5, 6)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1, dtype="float64")
    theirs = loss(np.eye(5)[labels], logits)
    assert float(softmax_cross_entropy(logits, labels, label_smoothing=0.1)) == pytest.approx(float(theirs), rel=1e-6)


def test_adam_of_keras_adds_epsilon_before_the_correction(keras, rng):
    weight = keras.Variable(rng.standard_normal(5), dtype="float64")
    ours, theirs = adam(0.1, epsilon=1e-3, epsilon_hat=True), keras.optimizers.Adam(0.1, epsilon=1e-3)
    model = numbers(weight.value).copy()
    state = ours.init(model)
    for _ in range(6):
        gradient = rng.standard_normal(5)
        model, state = ours.update(model, gradient, state)
        theirs.apply([keras.ops.convert_to_tensor(gradient)], [weight])
        np.testing.assert_allclose(numbers(weight.value), model, **SINGLE)
