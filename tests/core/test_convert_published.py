"""Converted weights against the published equations of TensorFlow 1, Keras and ONNX, written out in their own layouts.

None of the three is installed. Each function below follows the text of its source line by line, names included, and
knows nothing of this course.
"""

import numpy as np
import pytest
import torch

from rnn_course import LSTMStateTuple, convert, dynamic_rnn, to, to_numpy
from rnn_course.bidirectional import bidirectional_dynamic_rnn
from rnn_course.cells import BasicRNNCell, LSTMCell
from rnn_course.gru import GRUCell

from ..helpers import assert_trees_close, random_like, random_lstm

BATCH, TIME, INPUT, HIDDEN, PROJECTED = 6, 7, 3, 5, 4
CLOSE = {"rtol": 1e-12, "atol": 1e-13}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def split(x, parts):
    return np.split(x, parts, axis=-1)


# rnn_cell_impl.py of TensorFlow 1.15: one step is step(variables, inputs, state) -> output, new state


def tf1_basic_rnn(variables, inputs, state):
    output = np.tanh(np.concatenate([inputs, state], 1) @ variables["kernel"] + variables["bias"])
    return output, output


def tf1_lstm(variables, inputs, state, forget_bias=1.0, cell_clip=None, proj_clip=None):
    c_prev, m_prev = state
    i, j, f, o = split(np.concatenate([inputs, m_prev], 1) @ variables["kernel"] + variables["bias"], 4)
    if "w_f_diag" in variables:
        c = sigmoid(f + forget_bias + variables["w_f_diag"] * c_prev) * c_prev
        c = c + sigmoid(i + variables["w_i_diag"] * c_prev) * np.tanh(j)
    else:
        c = sigmoid(f + forget_bias) * c_prev + sigmoid(i) * np.tanh(j)
    if cell_clip is not None:
        c = np.clip(c, -cell_clip, cell_clip)
    m = sigmoid(o + variables["w_o_diag"] * c) * np.tanh(c) if "w_o_diag" in variables else sigmoid(o) * np.tanh(c)
    if "projection/kernel" in variables:
        m = m @ variables["projection/kernel"]
        if proj_clip is not None:
            m = np.clip(m, -proj_clip, proj_clip)
    return m, (c, m)


def tf1_gru(variables, inputs, state):
    gate_inputs = np.concatenate([inputs, state], 1) @ variables["gates/kernel"] + variables["gates/bias"]
    r, u = split(sigmoid(gate_inputs), 2)
    r_state = r * state
    candidate = np.concatenate([inputs, r_state], 1) @ variables["candidate/kernel"] + variables["candidate/bias"]
    new_h = u * state + (1 - u) * np.tanh(candidate)
    return new_h, new_h


# keras/src/layers/rnn: step(weights, inputs, states) -> output, new states


def keras_simple_rnn(weights, inputs, states):
    kernel, recurrent_kernel, bias = weights
    output = np.tanh(inputs @ kernel + bias + states[0] @ recurrent_kernel)
    return output, [output]


def keras_lstm(weights, inputs, states):
    kernel, recurrent_kernel, bias = weights
    h_tm1, c_tm1 = states
    z0, z1, z2, z3 = split(inputs @ kernel + h_tm1 @ recurrent_kernel + bias, 4)
    i, f = sigmoid(z0), sigmoid(z1)
    c = f * c_tm1 + i * np.tanh(z2)
    h = sigmoid(z3) * np.tanh(c)
    return h, [h, c]


def keras_gru(weights, inputs, states, reset_after):
    kernel, recurrent_kernel, bias = weights
    (h_tm1,), units = states, recurrent_kernel.shape[0]
    input_bias, recurrent_bias = bias if reset_after else (bias, None)
    x_z, x_r, x_h = split(inputs @ kernel + input_bias, 3)
    if reset_after:
        recurrent_z, recurrent_r, recurrent_h = split(h_tm1 @ recurrent_kernel + recurrent_bias, 3)
    else:
        recurrent_z, recurrent_r = split(h_tm1 @ recurrent_kernel[:, : 2 * units], 2)
    z, r = sigmoid(x_z + recurrent_z), sigmoid(x_r + recurrent_r)
    recurrent_h = r * recurrent_h if reset_after else (r * h_tm1) @ recurrent_kernel[:, 2 * units :]
    h = z * h_tm1 + (1 - z) * np.tanh(x_h + recurrent_h)
    return h, [h]


# The ONNX operators, for one direction: W, R, B and P without the axis of directions


def onnx_rnn(W, R, B, Xt, states, f=np.tanh):
    Wbi, Rbi = split(B, 2)
    Ht = f(Xt @ W.T + states[0] @ R.T + Wbi + Rbi)
    return Ht, (Ht,)


def onnx_lstm(W, R, B, Xt, states, P=None):
    H, C = states
    Wi, Wo, Wf, Wc = np.split(W, 4)
    Ri, Ro, Rf, Rc = np.split(R, 4)
    Wbi, Wbo, Wbf, Wbc, Rbi, Rbo, Rbf, Rbc = split(B, 8)
    Pi, Po, Pf = np.zeros((3, C.shape[1])) if P is None else split(P, 3)
    it = sigmoid(Xt @ Wi.T + H @ Ri.T + Pi * C + Wbi + Rbi)
    ft = sigmoid(Xt @ Wf.T + H @ Rf.T + Pf * C + Wbf + Rbf)
    ct = np.tanh(Xt @ Wc.T + H @ Rc.T + Wbc + Rbc)
    Ct = ft * C + it * ct
    ot = sigmoid(Xt @ Wo.T + H @ Ro.T + Po * Ct + Wbo + Rbo)
    Ht = ot * np.tanh(Ct)
    return Ht, (Ht, Ct)


def onnx_gru(W, R, B, Xt, states, linear_before_reset=0):
    (H,) = states
    Wz, Wr, Wh = np.split(W, 3)
    Rz, Rr, Rh = np.split(R, 3)
    Wbz, Wbr, Wbh, Rbz, Rbr, Rbh = split(B, 6)
    zt = sigmoid(Xt @ Wz.T + H @ Rz.T + Wbz + Rbz)
    rt = sigmoid(Xt @ Wr.T + H @ Rr.T + Wbr + Rbr)
    if linear_before_reset == 0:
        ht = np.tanh(Xt @ Wh.T + (rt * H) @ Rh.T + Rbh + Wbh)
    else:
        ht = np.tanh(Xt @ Wh.T + rt * (H @ Rh.T + Rbh) + Wbh)
    Ht = (1 - zt) * ht + zt * H
    return Ht, (Ht,)


def over_time(step, weights, x, state, **options):
    """Outputs `[batch, time, hidden]` and the final state of a step of TensorFlow 1 or Keras."""
    outputs = []
    for t in range(x.shape[1]):
        output, state = step(weights, x[:, t], state, **options)
        outputs.append(output)
    return np.stack(outputs, 1), state


def onnx_operator(step, x, weights, initial, **options):
    """Y as `[batch, time, directions*hidden]` and the tuple (Y_h, Y_c), each `[directions, batch, hidden]`."""
    ys, finals = [], []
    per_direction = {name: value for name, value in weights.items() if name in ("W", "R", "B", "P")}
    options |= {name: value for name, value in weights.items() if name == "linear_before_reset"}
    for d in range(len(weights["W"])):
        arrays = {name: value[d] for name, value in per_direction.items()}
        state, y = tuple(part[d] for part in initial.values()), []
        for t in range(TIME) if d == 0 else reversed(range(TIME)):
            output, state = step(Xt=x[:, t], states=state, **arrays, **options)
            y.append(output)
        ys.append(np.stack(y if d == 0 else y[::-1], 1))
        finals.append(state)
    return np.concatenate(ys, 2), tuple(np.stack(part) for part in zip(*finals, strict=True))


@pytest.fixture
def x(rng):
    return rng.standard_normal((BATCH, TIME, INPUT))


def normal(rng, **shapes):
    return {name.replace("__", "/"): rng.standard_normal(shape) for name, shape in shapes.items()}


def assert_same(ours, expected):
    np.testing.assert_allclose(ours[0], expected[0], **CLOSE)
    assert_trees_close(ours[1], expected[1], **CLOSE)


def assert_equal(got, expected):
    """The same names or the same number of arrays, and the same numbers exactly."""
    if isinstance(expected, dict):
        assert got.keys() == expected.keys()
        got, expected = got.values(), expected.values()
    for left, right in zip(got, expected, strict=True):
        np.testing.assert_array_equal(left, right)


def test_tf1_basic_rnn(x, rng):
    variables = normal(rng, kernel=(INPUT + HIDDEN, HIDDEN), bias=HIDDEN)
    cell, state = convert.basic_rnn_from_tf1(**variables), rng.standard_normal((BATCH, HIDDEN))
    assert_same(dynamic_rnn(cell, x, state), over_time(tf1_basic_rnn, variables, x, state))
    assert_equal(convert.basic_rnn_to_tf1(cell), variables)


@pytest.mark.parametrize("forget_bias", [1.0, 0.0, -0.7])
def test_tf1_basic_lstm(forget_bias, x, rng):
    variables = normal(rng, kernel=(INPUT + HIDDEN, 4 * HIDDEN), bias=4 * HIDDEN)
    state = LSTMStateTuple(**normal(rng, c=(BATCH, HIDDEN), h=(BATCH, HIDDEN)))
    cell = convert.lstm_from_tf1(**variables, forget_bias=forget_bias)
    outputs, final = over_time(tf1_lstm, variables, x, (state.c, state.h), forget_bias=forget_bias)
    assert_same(dynamic_rnn(cell, x, state), (outputs, convert.state_from_tf1(final)))
    back = convert.lstm_to_tf1(cell, forget_bias)
    np.testing.assert_allclose(back["bias"], variables["bias"], rtol=0, atol=1e-15)
    assert_trees_close(convert.lstm_from_tf1(**back, forget_bias=forget_bias), cell, rtol=0, atol=1e-15)


@pytest.mark.parametrize("clips", [{}, {"cell_clip": 0.4}, {"cell_clip": 0.5, "proj_clip": 0.3}])
def test_tf1_lstm_with_peepholes_and_projection(clips, x, rng):
    variables = normal(
        rng,
        kernel=(INPUT + PROJECTED, 4 * HIDDEN),
        bias=4 * HIDDEN,
        w_i_diag=HIDDEN,
        w_f_diag=HIDDEN,
        w_o_diag=HIDDEN,
        projection__kernel=(HIDDEN, PROJECTED),
    )
    state = LSTMStateTuple(**normal(rng, c=(BATCH, HIDDEN), h=(BATCH, PROJECTED)))
    cell = convert.lstm_from_tf1(
        variables["kernel"], variables["bias"], peepholes=variables, projection=variables["projection/kernel"], **clips
    )
    outputs, final = over_time(tf1_lstm, variables, x, convert.state_to_tf1(state), **clips)
    assert_same(dynamic_rnn(cell, x, state), (outputs, convert.state_from_tf1(final)))
    back = convert.lstm_to_tf1(cell)
    np.testing.assert_allclose(back.pop("bias"), variables.pop("bias"), rtol=0, atol=1e-15)
    assert_equal({name: back[name] for name in variables}, variables)


def test_a_tf1_kernel_may_have_fewer_rows_than_the_projection_has(rng):
    """One input, h of two numbers: the three rows of the kernel are fewer than the five units."""
    variables = normal(rng, kernel=(3, 20), bias=(20,), projection=(5, 2))
    cell = convert.lstm_from_tf1(**variables)
    assert (cell.input_size, cell.state_size) == (1, LSTMStateTuple(c=5, h=2))


def test_tf1_gru(x, rng):
    rows = INPUT + HIDDEN
    names = ["gates_kernel", "gates_bias", "candidate_kernel", "candidate_bias"]
    arrays = normal(rng, **dict(zip(names, [(rows, 2 * HIDDEN), 2 * HIDDEN, (rows, HIDDEN), HIDDEN], strict=True)))
    variables = {name.replace("_", "/"): array for name, array in arrays.items()}
    cell, state = convert.gru_from_tf1(**arrays), rng.standard_normal((BATCH, HIDDEN))
    assert_same(dynamic_rnn(cell, x, state), over_time(tf1_gru, variables, x, state))
    assert_equal(convert.gru_to_tf1(cell), variables)


def test_tf1_state_without_a_tuple(rng):
    state = LSTMStateTuple(**normal(rng, c=(BATCH, HIDDEN), h=(BATCH, HIDDEN)))
    assert_trees_close(convert.state_from_tf1(np.concatenate(state, axis=1)), state, rtol=0, atol=0)


def keras_weights(rng, blocks, bias=None):
    shapes = [(INPUT, blocks * HIDDEN), (HIDDEN, blocks * HIDDEN), (blocks * HIDDEN,) if bias is None else bias]
    return [rng.standard_normal(shape) for shape in shapes]


def test_keras_simple_rnn(x, rng):
    weights, states = keras_weights(rng, 1), [rng.standard_normal((BATCH, HIDDEN))]
    cell = convert.basic_rnn_from_keras(weights)
    outputs, final = over_time(keras_simple_rnn, weights, x, states)
    assert_same(dynamic_rnn(cell, x, convert.state_from_keras(states)), (outputs, convert.state_from_keras(final)))
    assert_equal(convert.basic_rnn_to_keras(cell), weights)


def test_keras_lstm(x, rng):
    weights, states = keras_weights(rng, 4), [rng.standard_normal((BATCH, HIDDEN)) for _ in range(2)]
    cell, state = convert.lstm_from_keras(weights), convert.state_from_keras(states)
    outputs, final = over_time(keras_lstm, weights, x, convert.state_to_keras(state))
    assert_same(dynamic_rnn(cell, x, state), (outputs, convert.state_from_keras(final)))
    assert_equal(convert.lstm_to_keras(cell), weights)
    assert_equal(convert.state_to_keras(state), states)


@pytest.mark.parametrize("reset_after", [True, False])
def test_keras_gru(reset_after, x, rng):
    weights = keras_weights(rng, 3, (2, 3 * HIDDEN) if reset_after else None)
    states = [rng.standard_normal((BATCH, HIDDEN))]
    cell = convert.gru_from_keras(weights, reset_after)
    outputs, final = over_time(keras_gru, weights, x, states, reset_after=reset_after)
    assert_same(dynamic_rnn(cell, x, states[0]), (outputs, convert.state_from_keras(final)))
    again, _ = over_time(keras_gru, convert.gru_to_keras(cell), x, states, reset_after=reset_after)
    np.testing.assert_allclose(again, outputs, **CLOSE)
    assert_trees_close(convert.gru_from_keras(convert.gru_to_keras(cell), reset_after), cell, rtol=0, atol=0)
    assert convert.gru_to_keras(cell)[2].shape == weights[2].shape


def test_keras_without_a_bias(x, rng):
    weights = keras_weights(rng, 4)
    plain = convert.lstm_from_keras([*weights[:2], 0 * weights[2]])
    assert_trees_close(convert.lstm_from_keras(weights[:2]), plain, rtol=0, atol=0)
    weights = keras_weights(rng, 3, (2, 3 * HIDDEN))
    plain = convert.gru_from_keras([*weights[:2], 0 * weights[2]])
    assert_trees_close(convert.gru_from_keras(weights[:2]), plain, rtol=0, atol=0)


ONNX = {
    "rnn": (1, onnx_rnn, convert.basic_rnn_from_onnx, convert.basic_rnn_to_onnx, {}),
    "lstm": (4, onnx_lstm, convert.lstm_from_onnx, convert.lstm_to_onnx, {}),
    "peepholes": (4, onnx_lstm, convert.lstm_from_onnx, convert.lstm_to_onnx, {}),
    "gru": (3, onnx_gru, convert.gru_from_onnx, convert.gru_to_onnx, {}),
    "gru-after": (3, onnx_gru, convert.gru_from_onnx, convert.gru_to_onnx, {"linear_before_reset": 1}),
}


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("variant", ONNX)
def test_onnx(variant, directions, x, rng):
    blocks, step, from_onnx, to_onnx, options = ONNX[variant]
    wide = blocks * HIDDEN
    weights = normal(rng, W=(directions, wide, INPUT), R=(directions, wide, HIDDEN), B=(directions, 2 * wide)) | options
    if variant == "peepholes":
        weights |= normal(rng, P=(directions, 3 * HIDDEN))
    initial = normal(rng, **dict.fromkeys(("initial_h", "initial_c")[: 1 + (blocks == 4)], (directions, BATCH, HIDDEN)))
    expected, finals = onnx_operator(step, x, weights, initial)

    cell, state = from_onnx(**weights), convert.state_from_onnx(*initial.values())
    if directions == 1:
        outputs, final = dynamic_rnn(cell, x, state)
    else:
        outputs, final = bidirectional_dynamic_rnn(*cell, x, *state)
        outputs = np.concatenate(outputs, axis=2)
    assert_same((outputs, final), (expected, convert.state_from_onnx(*finals)))
    assert_equal(convert.state_to_onnx(state), initial)

    back = to_onnx(cell)
    assert back.keys() - {"activations"} == weights.keys() | ({"linear_before_reset"} if blocks == 3 else set())
    assert_trees_close(from_onnx(**back), cell, rtol=0, atol=0)
    np.testing.assert_allclose(onnx_operator(step, x, back, initial)[0], expected, **CLOSE)


def test_onnx_keeps_the_activation(x, rng):
    cell = random_like(BasicRNNCell.init(INPUT, HIDDEN, rng=rng, activation="relu"), rng)
    weights = convert.basic_rnn_to_onnx((cell, cell._replace(activation="tanh")))
    assert weights["activations"] == ["Relu", "Tanh"]
    assert [one.activation for one in convert.basic_rnn_from_onnx(**weights)] == ["relu", "tanh"]
    initial = {"initial_h": np.zeros((1, BATCH, HIDDEN))}
    one = convert.basic_rnn_to_onnx(cell)
    outputs, _ = onnx_operator(onnx_rnn, x, one, initial, f=lambda z: np.maximum(z, 0))
    np.testing.assert_allclose(dynamic_rnn(cell, x)[0], outputs, **CLOSE)


def test_one_lstm_in_all_layouts_gives_the_same_outputs(x, rng):
    cell = random_lstm(INPUT, HIDDEN, rng)
    state = LSTMStateTuple(**normal(rng, c=(BATCH, HIDDEN), h=(BATCH, HIDDEN)))
    expected = dynamic_rnn(cell, x, state)
    tf1 = over_time(tf1_lstm, convert.lstm_to_tf1(cell), x, convert.state_to_tf1(state))
    keras = over_time(keras_lstm, convert.lstm_to_keras(cell), x, convert.state_to_keras(state))
    onnx = onnx_operator(onnx_lstm, x, convert.lstm_to_onnx(cell), convert.state_to_onnx(state))
    with torch.no_grad():
        theirs = convert.lstm_to_torch(cell)(torch.tensor(x), convert.state_to_torch((state,)))
    assert_same((tf1[0], convert.state_from_tf1(tf1[1])), expected)
    assert_same((keras[0], convert.state_from_keras(keras[1])), expected)
    assert_same((onnx[0], convert.state_from_onnx(*onnx[1])), expected)
    assert_same((theirs[0], convert.state_from_torch(theirs[1])), expected)


@pytest.mark.parametrize("reset_after", [True, False])
def test_one_gru_in_all_layouts_that_can_hold_it_gives_the_same_outputs(reset_after, x, rng):
    cell = random_like(GRUCell.init(INPUT, HIDDEN, rng=rng, reset_after=reset_after), rng)
    zeros = np.zeros((BATCH, HIDDEN))
    outputs = [
        over_time(keras_gru, convert.gru_to_keras(cell), x, [zeros], reset_after=reset_after)[0],
        onnx_operator(onnx_gru, x, convert.gru_to_onnx(cell), {"initial_h": zeros[None]})[0],
    ]
    if reset_after:
        outputs.append(to_numpy(convert.gru_to_torch(cell)(torch.tensor(x))[0]))
    else:
        outputs.append(over_time(tf1_gru, convert.gru_to_tf1(cell), x, zeros)[0])
    for got in outputs:
        np.testing.assert_allclose(got, dynamic_rnn(cell, x)[0], **CLOSE)


def test_around_the_world_and_home_again(rng):
    cell = random_lstm(INPUT, HIDDEN, rng)
    home = convert.lstm_from_tf1(**convert.lstm_to_tf1(cell, forget_bias=0.0), forget_bias=0.0)
    home = convert.lstm_from_torch(convert.lstm_to_torch(home), backend="numpy")
    home = convert.lstm_from_keras(convert.lstm_to_keras(home))
    assert_trees_close(convert.lstm_from_onnx(**convert.lstm_to_onnx(home)), cell, rtol=0, atol=0)
    basic = random_like(BasicRNNCell.init(INPUT, HIDDEN, rng=rng), rng)
    home = convert.basic_rnn_from_torch(convert.basic_rnn_to_torch(basic), backend="numpy")
    home = convert.basic_rnn_from_keras(convert.basic_rnn_to_keras(home))
    home = convert.basic_rnn_from_tf1(**convert.basic_rnn_to_tf1(home))
    assert_trees_close(convert.basic_rnn_from_onnx(**convert.basic_rnn_to_onnx(home)), basic, rtol=0, atol=0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_dtype_and_the_library_stay(dtype, backend, rng):
    cell = LSTMCell.init(INPUT, HIDDEN, rng=rng, dtype=dtype, backend=backend)
    for there, back in (
        (convert.lstm_to_tf1, lambda weights: convert.lstm_from_tf1(**weights)),
        (convert.lstm_to_keras, convert.lstm_from_keras),
        (convert.lstm_to_onnx, lambda weights: convert.lstm_from_onnx(**weights)),
    ):
        assert back(there(cell)).kernel.dtype == cell.kernel.dtype
        assert type(back(there(cell)).bias) is type(cell.bias)
        assert_trees_close(back(there(cell)), cell, rtol=1e-6)
    assert_trees_close(convert.lstm_to_keras(to(cell, "torch"))[0], convert.lstm_to_keras(cell)[0], rtol=0)


def test_what_is_converted_is_not_shared(rng):
    cell = random_lstm(INPUT, HIDDEN, rng)
    variables = convert.lstm_to_tf1(cell)
    assert not np.shares_memory(variables["kernel"], cell.kernel)
    assert not np.shares_memory(convert.lstm_from_tf1(**variables).bias, variables["bias"])
    assert not any(np.shares_memory(array, cell.kernel) for array in convert.lstm_to_keras(cell))
