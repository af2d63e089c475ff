"""The exercises of chapters 06 and 08 against what is independent of them: the package's cells, Torch's autograd."""

import numpy as np
import torch

from rnn_course import BasicRNNCell, LSTMCell, LSTMStateTuple, dynamic_rnn, parameters, to
from rnn_course.activations import softmax
from rnn_course.convert import lstm_from_keras, lstm_from_onnx
from tests.checks.references import every_case, gradients, solve
from tests.helpers import assert_trees_close, random_like

# The package


def test_the_shapes_are_those_of_the_package(rng):
    for batch, time, inputs, hidden in every_case("rnn.predict"):
        cell = BasicRNNCell.init(inputs, hidden, rng=rng)
        outputs, final = dynamic_rnn(cell, np.zeros((batch, time, inputs), "float32"))
        shapes = cell.kernel.shape, cell.bias.shape, outputs.shape, final.shape
        assert solve("rnn.predict")(batch, time, inputs, hidden) == shapes
    for batch, inputs, hidden in every_case("lstm.predict"):
        cell = LSTMCell.init(inputs, hidden, rng=rng)
        c = cell.zero_state(batch).c.shape
        assert solve("lstm.predict")(batch, inputs, hidden) == (cell.kernel.shape, cell.bias.shape, c, c)


def test_the_counts_are_those_of_the_package_and_of_torch(rng):
    for time, inputs, hidden in every_case("rnn.count"):
        count = solve("rnn.count")(time, inputs, hidden)
        assert count == parameters(BasicRNNCell.init(inputs, hidden, rng=rng))
        assert count + hidden == sum(p.numel() for p in torch.nn.RNN(inputs, hidden).parameters())
    for inputs, hidden in every_case("lstm.count"):
        count = solve("lstm.count")(inputs, hidden)
        assert count == parameters(LSTMCell.init(inputs, hidden, rng=rng))
        assert count + 4 * hidden == sum(p.numel() for p in torch.nn.LSTM(inputs, hidden).parameters())
    assert solve("rnn.count")(3, 3, 5) == 45
    assert solve("lstm.count")(3, 5) == 180


def test_steps_and_sequences_are_the_packages():
    for x, h, kernel, bias in every_case("rnn.step"):
        assert_trees_close(solve("rnn.step")(x, h, kernel, bias), BasicRNNCell(kernel, bias)(x, h)[1])
    for inputs, h, kernel, bias in every_case("rnn.sequence"):
        expected = dynamic_rnn(BasicRNNCell(kernel, bias), inputs, h)
        assert_trees_close(solve("rnn.sequence")(inputs, h, kernel, bias), expected)
    for x, state, kernel, bias in every_case("lstm.step"):
        assert_trees_close(solve("lstm.step")(x, state, kernel, bias), LSTMCell(kernel, bias)(x, state)[1])
    for inputs, state, kernel, bias in every_case("lstm.sequence"):
        expected = dynamic_rnn(LSTMCell(kernel, bias), inputs, state)
        assert_trees_close(solve("lstm.sequence")(inputs, state, kernel, bias), expected)


def test_what_is_read_out_of_a_sequence_is_the_packages():
    for inputs, h, kernel, bias in every_case("rnn.sequence"):
        cell = BasicRNNCell(kernel, bias)
        outputs, final = dynamic_rnn(cell, inputs, h)
        assert_trees_close(solve("rnn.outputs_vs_state")(outputs), final)
        seen = solve("rnn.states_seen")(outputs, h)
        for t in range(inputs.shape[1]):
            assert_trees_close(cell(inputs[:, t], seen[:, t])[0], outputs[:, t])
    for batches, h, kernel, bias in every_case("rnn.batches"):
        finals = [dynamic_rnn(BasicRNNCell(kernel, bias), inputs, h)[1] for inputs in batches]
        assert_trees_close(solve("rnn.batches")(batches, h, kernel, bias), np.stack(finals))
    for outputs, kernel, bias in every_case("rnn.readout"):
        probabilities = solve("rnn.readout")(outputs, kernel, bias)
        assert_trees_close(probabilities, softmax(outputs[:, -1] @ kernel + bias))
        np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_gates_and_memory_make_a_step():
    for x, state, kernel, bias in every_case("lstm.step"):
        z = np.concatenate([x, state.h], axis=1) @ kernel + bias
        expected = LSTMCell(kernel, bias)(x, state)[1]
        i, j, f, o = solve("lstm.split_gates")(z)
        assert_trees_close(f * state.c + i * j, expected.c)
        assert_trees_close(o * np.tanh(expected.c), expected.h)
        i, j, f, o = np.split(z, 4, axis=1)
        assert_trees_close(solve("lstm.memory")(state.c, i, j, f, 0.0), expected.c)


def test_a_folded_forget_bias_equals_one_at_run_time():
    for x, state, kernel, bias in every_case("lstm.step"):
        i, j, f, _ = np.split(np.concatenate([x, state.h], axis=1) @ kernel + bias, 4, axis=1)
        at_run_time = solve("lstm.memory")(state.c, i, j, f, 1.5)
        folded = solve("lstm.forget_bias")(bias, 1.5)
        assert_trees_close(LSTMCell(kernel, folded)(x, state)[1].c, at_run_time)


def test_the_first_weights_are_the_packages():
    for inputs, hidden, rng in every_case("lstm.initial_weights"):
        seed = rng.bit_generator.state["state"]["state"]
        kernel, bias = solve("lstm.initial_weights")(inputs, hidden, np.random.default_rng(seed))
        cell = LSTMCell.init(inputs, hidden, rng=np.random.default_rng(seed), dtype="float64")
        assert_trees_close((kernel, bias), (cell.kernel, cell.bias))


def test_gates_are_reordered_as_the_converters_do(rng):
    inputs, hidden = 3, 2
    kernel, recurrent = rng.standard_normal((inputs, 4 * hidden)), rng.standard_normal((hidden, 4 * hidden))
    whole = np.concatenate([kernel, recurrent])
    from_keras = lstm_from_keras([kernel, recurrent, np.zeros(4 * hidden)])
    assert_trees_close(solve("lstm.reorder_gates")(whole, "ifjo"), from_keras.kernel)
    from_onnx = lstm_from_onnx(kernel.T[None], recurrent.T[None])
    assert_trees_close(solve("lstm.reorder_gates")(whole, "iofj"), from_onnx.kernel)


def test_a_step_is_that_of_torch_once_its_gates_are_reordered():
    for x, state, _, _ in every_case("lstm.step"):
        theirs = torch.nn.LSTMCell(x.shape[1], state.h.shape[1], dtype=torch.float64)
        h, c = theirs(*to((x, (state.h, state.c)), "torch"))
        stored = torch.cat([theirs.weight_ih, theirs.weight_hh], dim=1).T.detach()
        kernel = solve("lstm.reorder_gates")(stored, "ifjo")
        bias = solve("lstm.reorder_gates")((theirs.bias_ih + theirs.bias_hh).detach()[None, :], "ifjo")[0]
        got = solve("lstm.step")(*to((x, state), "torch"), kernel, bias)
        assert_trees_close(got, LSTMStateTuple(c=c, h=h))


def test_a_state_in_one_array_holds_c_first():
    for (state,) in every_case("lstm.concat_state"):
        assert_trees_close(np.split(solve("lstm.concat_state")(state), 2, axis=1)[0], state.c)


# Gradients, by Torch's autograd on the package's cells


def test_backward_of_an_rnn_is_autograd():
    for x, h, kernel, bias, d_new_h in every_case("rnn.step_backward"):
        expected = gradients(lambda a: BasicRNNCell(a[2], a[3])(a[0], a[1])[1], (x, h, kernel, bias), d_new_h)
        assert_trees_close(solve("rnn.step_backward")(x, h, kernel, bias, d_new_h), expected)
    for *arguments, d_outputs, d_final in every_case("rnn.sequence_backward"):
        weights = (d_outputs, d_final)
        expected = gradients(lambda a: dynamic_rnn(BasicRNNCell(a[2], a[3]), a[0], a[1]), tuple(arguments), weights)
        assert_trees_close(solve("rnn.sequence_backward")(*arguments, *weights), expected)


def test_backward_of_an_lstm_is_autograd(rng):
    for arguments in every_case("lstm.step_backward"):
        new_state, backward = solve("lstm.step_backward")(*arguments)
        d_state = random_like(new_state, rng)
        expected = gradients(lambda a: LSTMCell(a[2], a[3])(a[0], a[1])[1], arguments, d_state)
        assert_trees_close(backward(d_state), expected)
    for arguments in every_case("lstm.sequence_backward"):
        *results, backward = solve("lstm.sequence_backward")(*arguments)
        weights = random_like(tuple(results), rng)
        expected = gradients(lambda a: dynamic_rnn(LSTMCell(a[2], a[3]), a[0], a[1]), arguments, weights)
        assert_trees_close(backward(*weights), expected)


def test_the_gradient_along_the_memory_is_autograd(rng):
    """The memory alone: c' = σ(f)·c + what is new, which does not depend on c."""
    for f, d_c in every_case("lstm.carry"):
        time = f.shape[1]
        new = to(rng.standard_normal(f.shape), "torch")
        gates = torch.sigmoid(to(f, "torch"))
        for t in range(time):

            def from_step(c, t=t, gates=gates, new=new):
                for k in range(t, gates.shape[1]):
                    c = gates[:, k] * c + new[:, k]
                return c

            start = rng.standard_normal(d_c.shape)
            assert_trees_close(solve("lstm.carry")(f, d_c)[:, t], gradients(from_step, start, d_c))
