import numpy as np
import pytest

from rnn_course import (
    Dense,
    LastStepClassifier,
    LSTMCell,
    MultiRNNCell,
    accuracy,
    adam,
    classifier_loss,
    fit,
    gradcheck,
    load_digits,
    mlp,
    parameters,
    probabilities,
    row_lstm,
    sgd,
    to,
    to_numpy,
    train,
)
from rnn_course.learning import value_and_gradient

from ..helpers import assert_trees_close, random_like


@pytest.fixture
def digits():
    return load_digits(size=8)


def small_lstm(backend="numpy", dtype="float32"):
    return row_lstm(8, (12,), rng=np.random.default_rng(3), backend=backend, dtype=dtype)


def test_the_gradient_of_the_whole_classifier(rng):
    model = random_like(row_lstm(3, (5, 4), 6, rng=rng), rng)
    table = gradcheck(lambda m, x: m.forward(x), model, rng.standard_normal((2, 7, 3)), rng=rng)
    assert table.ok, table


def test_the_gradient_of_the_loss_is_the_same_by_hand_and_by_autograd(rng):
    model = small_lstm("torch", "float64")
    batch = to((rng.standard_normal((5, 8, 8)), np.array([0, 9, 3, 3, 1])), "torch")
    by_hand = value_and_gradient(classifier_loss, model, batch, "hand")
    assert_trees_close(value_and_gradient(classifier_loss, model, batch, "autograd"), by_hand, rtol=1e-10)


def test_the_same_seed_gives_the_same_curve_on_both_backends(digits):
    curves = []
    for backend in ("numpy", "torch"):
        data = to(digits.train, backend)
        result = fit(
            small_lstm(backend),
            data,
            optimizer=adam(3e-3),
            epochs=1,
            batch_size=50,
            rng=np.random.default_rng(0),
            progress=False,
        )
        curves.append(result.history[0].loss)
    assert curves[0] == pytest.approx(curves[1], rel=1e-4)


def test_an_lstm_learns_digits(digits):
    rng = np.random.default_rng(0)
    seen = []
    result = fit(
        row_lstm(8, (32,), rng=rng),
        digits.train,
        optimizer=adam(2e-2),
        epochs=3,
        batch_size=50,
        rng=rng,
        held_out=digits.test,
        max_norm=1.0,
        progress=False,
        on_epoch=lambda epoch, model: seen.append((epoch.number, accuracy(model, digits.test))),
    )
    assert result.history[-1].accuracy >= 0.85
    assert [epoch.number for epoch in result.history] == [1, 2, 3]
    assert seen == [(epoch.number, epoch.accuracy) for epoch in result.history]
    assert result.history[2].loss < result.history[0].loss


def test_train_yields_a_record_a_step_and_can_go_on_from_one(rng):
    model = mlp((4, 3, 2), rng=rng, activation="tanh", dtype="float64")
    batches = [(rng.standard_normal((5, 2, 2)), np.array([0, 1, 1, 0, 1])) for _ in range(6)]
    whole = list(train(model, classifier_loss, batches, adam(0.1), progress=False))
    assert [record.step for record in whole] == [1, 2, 3, 4, 5, 6]
    (*_, middle) = train(model, classifier_loss, batches[:3], adam(0.1), progress=False)
    rest = train(
        middle.model, classifier_loss, batches[3:], adam(0.1), optimizer_state=middle.optimizer_state, progress=False
    )
    assert_trees_close(list(rest)[-1].model, whole[-1].model, rtol=0, atol=0)


def test_the_gradient_is_clipped_but_its_norm_is_reported(rng):
    model = mlp((4, 2), rng=rng, dtype="float64")
    batch = 100 * rng.standard_normal((5, 2, 2)), np.array([0, 1, 1, 0, 1])
    (record,) = train(model, classifier_loss, [batch], sgd(1.0), max_norm=0.5, progress=False)
    step = [to_numpy(a) - to_numpy(b) for a, b in zip(record.model.layers[1], model.layers[1], strict=True)]
    assert np.sqrt(sum((s**2).sum() for s in step)) == pytest.approx(0.5)
    assert record.gradient_norm > 10


def test_a_loss_that_is_not_finite_stops_the_training(rng):
    model = mlp((4, 2), rng=rng)
    batch = np.full((5, 2, 2), np.nan, "float32"), np.array([0, 1, 1, 0, 1])
    with pytest.raises(FloatingPointError, match="the loss is nan at step 1: lower the learning rate"):
        list(train(model, classifier_loss, [batch], sgd(0.1), progress=False))


def test_a_bar_is_shown_unless_it_is_switched_off(rng, capsys, monkeypatch):
    model = mlp((4, 2), rng=rng)
    batches = [(rng.standard_normal((5, 2, 2)).astype("float32"), np.array([0, 1, 1, 0, 1]))]
    monkeypatch.setenv("TQDM_DISABLE", "1")
    list(train(model, classifier_loss, batches, sgd(0.1)))
    assert capsys.readouterr().err == ""
    monkeypatch.delenv("TQDM_DISABLE")
    list(train(model, classifier_loss, batches, sgd(0.1), progress="epoch 1/1"))
    assert "epoch 1/1" in capsys.readouterr().err


def test_probabilities_do_not_depend_on_the_batch_size(digits, backend):
    model, images = to((small_lstm(), digits.test.images[:7]), backend)
    whole = probabilities(model, images)
    assert whole.shape == (7, 10)
    np.testing.assert_allclose(probabilities(model, images, batch_size=3), whole, rtol=1e-5)
    np.testing.assert_allclose(whole.sum(axis=1), 1, rtol=1e-6)


def test_models_have_the_layers_they_promise(rng):
    assert parameters(mlp(rng=rng)) == 784 * 625 + 625 + 625 * 10 + 10
    assert parameters(mlp(rng=rng).layers[1]) == 490_625
    deep = row_lstm(28, (5, 4), rng=rng)
    assert isinstance(deep.cell, MultiRNNCell)
    assert isinstance(row_lstm(rng=rng), LastStepClassifier)
    assert isinstance(row_lstm(rng=rng).cell, LSTMCell)
    assert isinstance(deep.readout, Dense)


def test_a_wrong_way_to_differentiate_is_refused(rng):
    with pytest.raises(ValueError, match="gradient: expected auto, hand or autograd, got 'tape'"):
        value_and_gradient(classifier_loss, mlp((4, 2), rng=rng), (), "tape")
