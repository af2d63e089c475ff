"""What is left out has the value that the documentation says: that of Torch or TensorFlow 1 where they have one."""

import numpy as np
import pytest
import torch

from rnn_course import LSTMCell, from_numpy, to_numpy
from rnn_course.gru import GRUCell
from rnn_course.lstm_variants import LayerNormLSTMCell
from rnn_course.norm import BatchNorm, GroupNorm
from rnn_course.optim import adam, adamw, momentum, rmsprop

OPTIMIZERS = {
    "adam": (adam(), torch.optim.Adam, {}),
    "adamw": (adamw(), torch.optim.AdamW, {}),
    "momentum": (momentum(0.1), torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}),
    "rmsprop": (rmsprop(0.1), torch.optim.RMSprop, {"lr": 0.1, "alpha": 0.9}),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimiser_without_options_is_torchs(name, rng):
    ours, theirs, options = OPTIMIZERS[name]
    model = (rng.standard_normal(5),)
    weights = torch.tensor(model[0], requires_grad=True)
    reference, state = theirs([weights], **options), ours.init(model)
    for _ in range(3):
        gradient = 1e-8 * rng.standard_normal(5)  # so small that epsilon counts
        weights.grad = torch.tensor(gradient)
        reference.step()
        model, state = ours.update(model, (gradient,), state)
    np.testing.assert_allclose(model[0], weights.detach().numpy(), rtol=1e-13)


def test_a_norm_without_options_is_torchs(rng, backend):
    small = 2 + 1e-3 * rng.standard_normal((4, 7, 6))  # a variance of 1e-6, beside which eps counts
    x, channels_first = from_numpy(small, backend=backend), torch.tensor(small).swapaxes(1, 2)
    one, zero = (from_numpy(np.full(6, value), backend=backend) for value in (1.0, 0.0))
    theirs = torch.nn.GroupNorm(3, 6, dtype=torch.float64)(channels_first).swapaxes(1, 2).detach().numpy()
    for layer in (GroupNorm.init(6, 3, dtype="float64", backend=backend), GroupNorm(one, zero, 3)):
        np.testing.assert_allclose(to_numpy(layer(x)), theirs, rtol=1e-7)
    for layer in (BatchNorm.init(6, dtype="float64", backend=backend), BatchNorm(one, zero, zero, one)):
        reference = torch.nn.BatchNorm1d(6, dtype=torch.float64)
        y, trained, _ = layer.forward_training(x)
        np.testing.assert_allclose(to_numpy(y), reference(channels_first).swapaxes(1, 2).detach().numpy(), rtol=1e-7)
        np.testing.assert_allclose(to_numpy(trained.running_mean), reference.running_mean, rtol=1e-13)
        np.testing.assert_allclose(to_numpy(trained.running_variance), reference.running_var, rtol=1e-13)
        expected = reference.eval()(channels_first).swapaxes(1, 2).detach().numpy()
        np.testing.assert_allclose(to_numpy(trained(x)), expected, rtol=1e-13)


def test_the_forget_gate_of_a_new_lstm_begins_open_by_one(rng):
    """TensorFlow 1's `BasicLSTMCell` has forget_bias=1.0, Keras's `LSTM` has unit_forget_bias=True."""
    zero, one = np.zeros(2), np.ones(2)
    np.testing.assert_array_equal(LSTMCell.init(3, 2, rng=rng).bias, np.concatenate([zero, zero, one, zero]))
    cell = LayerNormLSTMCell.init(3, 2, rng=rng)
    assert (cell.forget_bias, cell.eps) == (1.0, 1e-6)
    assert LayerNormLSTMCell(*cell[:5])[5:] == (1.0, 1e-6)


def test_the_reset_gate_of_a_new_gru_acts_before_the_product(rng):
    """As in TensorFlow 1 and in the paper; Torch and Keras are asked for with reset_after=True."""
    cell = GRUCell.init(3, 2, rng=rng, dtype="float64")
    assert cell.candidate_recurrent_bias is None
    shut = cell._replace(gates_bias=np.array([-1e4, -1e4, -1e4, -1e4]))  # r = u = 0: the candidate sees nothing of h
    x, h = rng.standard_normal((4, 3)), rng.standard_normal((4, 2))
    for new in (shut, GRUCell(*shut[:4])):
        assert new.reset_after is False
        np.testing.assert_allclose(new(x, h)[0], np.tanh(x @ cell.candidate_kernel[:3]), rtol=1e-13)
