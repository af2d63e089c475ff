"""Layers that learn otherwise than they answer, in the training loop: batch norm, dropout, dropout around a cell."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from rnn_course import (
    Activation,
    BatchNorm,
    Chain,
    Dense,
    Dropout,
    DropoutWrapper,
    Flatten,
    LastStepClassifier,
    LSTMCell,
    MultiRNNCell,
    SupervisedLoss,
    accuracy,
    adam,
    adamw,
    classifier_loss,
    fit,
    forward_training,
    gradcheck,
    load_digits,
    mean_squared_error_forward,
    minibatches,
    probabilities,
    redraw_dropout,
    rmsprop,
    row_lstm,
    sgd,
    softmax_cross_entropy_forward,
    to,
    to_numpy,
    train,
    without_dropout,
)
from rnn_course.data.splits import Split
from rnn_course.learning import learn, value_and_gradient

from ..helpers import assert_trees_close, random_like

GRADIENTS = [("numpy", "hand"), ("torch", "hand"), ("torch", "autograd")]
both_ways = pytest.mark.parametrize(("backend", "gradient"), GRADIENTS)


def dense_model(rng, *, keep_prob=None, dtype="float64"):
    dropout = () if keep_prob is None else (Dropout(keep_prob),)
    first, last = Dense.init(4, 7, rng=rng, dtype=dtype), Dense.init(7, 3, rng=rng, dtype=dtype)
    return Chain((first, BatchNorm.init(7, dtype=dtype), Activation("tanh"), *dropout, last))


def dropping_lstm(rng, dtype="float64"):
    layers = (LSTMCell.init(4, 6, rng=rng, dtype=dtype), LSTMCell.init(6, 5, rng=rng, dtype=dtype))
    wrapped = (DropoutWrapper.init(layers[0], rng=rng, output_keep_prob=0.5), layers[1])
    return LastStepClassifier(MultiRNNCell(wrapped), Dense.init(5, 3, rng=rng, dtype=dtype))


def batches_of(rng, shape, count=4):
    return [(rng.standard_normal(shape), rng.integers(0, 3, shape[0])) for _ in range(count)]


# Batch norm: the running statistics go from step to step


# A bias below batch norm has slope 0; Adam would make a step of its rounding error if ε were as small as usual.


def torch_twin(model):
    first, norm, _, last = model.layers
    twin = torch.nn.Sequential(
        torch.nn.Linear(4, 7), torch.nn.BatchNorm1d(7, eps=norm.eps, momentum=norm.momentum), torch.nn.Tanh(),
        torch.nn.Linear(7, 3),
    ).double()  # fmt: skip
    with torch.no_grad():
        for linear, dense in ((twin[0], first), (twin[3], last)):
            linear.weight.copy_(torch.tensor(dense.kernel.T.copy()))
            linear.bias.copy_(torch.tensor(dense.bias))
    return twin


@both_ways
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (sgd(0.3), partial(torch.optim.SGD, lr=0.3)),
        (sgd(0.3, weight_decay=0.1), partial(torch.optim.SGD, lr=0.3, weight_decay=0.1)),
        (adamw(0.03, 0.2, epsilon=1e-3), partial(torch.optim.AdamW, lr=0.03, weight_decay=0.2, eps=1e-3)),
    ],
    ids=["sgd", "sgd with weight decay", "adamw"],
)
def test_training_with_batch_norm_is_torch_s_step_for_step(ours, theirs, backend, gradient, rng):
    model, batches = dense_model(rng), batches_of(rng, (6, 4))
    twin = torch_twin(model)
    optimizer = theirs(twin.parameters())
    records = train(*to((model,), backend), classifier_loss, to(tuple(batches), backend), ours, gradient=gradient)
    for (x, labels), record in zip(batches, records, strict=True):
        loss = torch.nn.functional.cross_entropy(twin(torch.tensor(x)), torch.tensor(labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        dense, norm, _, _ = to(record.model, "numpy").layers
        assert record.loss == pytest.approx(loss.item(), rel=1e-12)
        for got, expected in [
            (dense.kernel, twin[0].weight.T),
            (norm.gamma, twin[1].weight),
            (norm.running_mean, twin[1].running_mean),
            (norm.running_variance, twin[1].running_var),
        ]:
            np.testing.assert_allclose(got, to_numpy(expected), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("optimizer", [sgd(0.1, 0.5), adam(0.1), adamw(0.1, 0.5), rmsprop(0.1, tf1=True)])
def test_no_optimizer_moves_running_statistics(optimizer, rng):
    norm = random_like(BatchNorm.init(5), rng)
    model = Chain((norm, Dense.init(5, 3, rng=rng, dtype="float64")))
    gradient = norm._replace(running_mean=0 * norm.gamma, running_variance=0 * norm.gamma)
    moved, state = optimizer.update(model, Chain((gradient, model.layers[1])), optimizer.init(model))
    moved, _ = optimizer.update(moved, Chain((gradient, model.layers[1])), state)
    np.testing.assert_array_equal(moved.layers[0].running_mean, norm.running_mean)
    np.testing.assert_array_equal(moved.layers[0].running_variance, norm.running_variance)
    assert (moved.layers[0].gamma != norm.gamma).all()
    assert (moved.layers[1].kernel != model.layers[1].kernel).all()


@both_ways
def test_a_record_holds_plain_numbers_and_old_models_stay_as_they_are(backend, gradient, rng):
    model = to(dense_model(rng, keep_prob=0.8), backend)
    before = to_numpy(model.layers[1].running_mean).copy()
    (batch,) = batches_of(rng, (6, 4), 1)
    value, learned, d_model = learn(classifier_loss, model, to(batch, backend), gradient, np.random.default_rng(0))
    assert not any(getattr(leaf, "requires_grad", False) for tree in (learned, d_model) for leaf in (tree.layers[0]))
    np.testing.assert_array_equal(to_numpy(model.layers[1].running_mean), before)
    assert (to_numpy(learned.layers[1].running_mean) != before).all()
    assert not to_numpy(d_model.layers[1].running_variance).any()
    assert np.isfinite(float(value))


def test_what_a_plain_model_learns_is_its_gradient_alone(rng):
    model, (batch,) = row_lstm(4, (5,), 3, rng=rng, dtype="float64"), batches_of(rng, (6, 2, 4), 1)
    value, learned, d_model = learn(classifier_loss, model, batch)
    assert learned is model or all(a is b for a, b in zip(learned.cell, model.cell, strict=True))
    assert_trees_close((value, d_model), value_and_gradient(classifier_loss, model, batch), rtol=0)


# Dropout: drawn from the rng of the loop, anew for each batch, and never when the model answers


@both_ways
def test_a_loop_by_hand_and_train_are_the_same(backend, gradient, rng):
    model, batches = to((dense_model(rng, keep_prob=0.5), tuple(batches_of(rng, (6, 4)))), backend)
    draw = np.random.default_rng(5)
    *_, last = train(model, classifier_loss, batches, sgd(0.2), rng=np.random.default_rng(5), gradient=gradient)
    for x, labels in batches:
        logits, model, backward = model.forward_training(x, draw)
        _, loss_backward = softmax_cross_entropy_forward(logits, labels)
        model, _ = sgd(0.2).update(model, backward(loss_backward())[0], sgd(0.2).init(model))
    assert_trees_close(last.model, model, rtol=1e-9)


@pytest.mark.parametrize(
    "make", [partial(dense_model, keep_prob=0.5), dropping_lstm], ids=["Dropout", "DropoutWrapper"]
)
def test_the_seed_decides_the_masks_on_every_backend_and_each_batch_has_its_own(make, rng):
    model = make(np.random.default_rng(1))
    shape = (6, 4) if isinstance(model, Chain) else (6, 2, 4)
    (batch,) = batches_of(rng, shape, 1)
    still = sgd(lambda step: 0.0)  # the weights stay, so that only the masks make a difference
    losses = {}
    for seed in (3, 4):
        for backend, gradient in GRADIENTS:
            ours, batches = to((model, (batch,) * 3), backend)
            records = train(ours, classifier_loss, batches, still, rng=np.random.default_rng(seed), gradient=gradient)
            losses[seed, backend, gradient] = [record.loss for record in records]
    for seed in (3, 4):
        reference = losses[seed, "numpy", "hand"]
        assert len(set(reference)) == 3
        for backend, gradient in GRADIENTS:
            assert losses[seed, backend, gradient] == pytest.approx(reference, rel=1e-9)
    assert losses[3, "numpy", "hand"] != losses[4, "numpy", "hand"]


def test_the_masks_of_a_wrapper_are_those_of_redraw_dropout(rng):
    model, batches = dropping_lstm(rng), batches_of(rng, (6, 2, 4), 3)
    draw, weights, state = np.random.default_rng(8), model, sgd(0.2).init(model)
    *_, last = train(model, classifier_loss, batches, sgd(0.2), rng=np.random.default_rng(8))
    for batch in batches:
        weights = redraw_dropout(weights, draw)
        weights, state = sgd(0.2).update(weights, value_and_gradient(classifier_loss, weights, batch)[1], state)
    assert last.model.cell.cells[0].seed == weights.cell.cells[0].seed != model.cell.cells[0].seed
    assert_trees_close(last.model, weights, rtol=0, atol=0)


@pytest.mark.parametrize(
    "make", [partial(dense_model, keep_prob=0.5), dropping_lstm], ids=["Dropout", "DropoutWrapper"]
)
def test_dropout_without_an_rng_is_refused(make, rng):
    model = make(rng)
    batch = batches_of(rng, (6, 4) if isinstance(model, Chain) else (6, 2, 4), 1)
    with pytest.raises(TypeError, match=r"rng: expected a numpy.random.Generator, got NoneType; pass rng="):
        list(train(model, classifier_loss, batch, sgd(0.1)))


def test_answers_are_given_without_dropout(backend, rng):
    model = to(dropping_lstm(rng), backend)
    x, labels = to((rng.standard_normal((9, 2, 4)), rng.integers(0, 3, 9)), backend)
    plain = without_dropout(model)
    np.testing.assert_array_equal(probabilities(model, x), probabilities(plain, x))
    assert accuracy(model, Split(x, labels)) == accuracy(plain, Split(x, labels))
    assert not np.allclose(to_numpy(model(x)), to_numpy(plain(x)))


# What is made of layers hands the call on


class TrainedAsItAnswers(NamedTuple):
    """A model without a training door."""

    inside: Any

    def forward(self, x):
        y, backward = self.inside.forward(x)
        return y, lambda d_y: (TrainedAsItAnswers(backward(d_y)[0]), backward(d_y)[1])


def plain_loss(model, x, labels):
    return classifier_loss(model, x, labels)


def test_layers_that_would_be_trained_as_they_answer_are_refused(rng):
    model, batch = dense_model(rng), batches_of(rng, (6, 4), 1)
    with pytest.raises(
        TypeError,
        match=r"model\.inside\.layers\.1 is a BatchNorm, which learns otherwise than it answers; but model, a "
        r"TrainedAsItAnswers, has no forward_training, so that it would be trained as it answers: give it that door",
    ):
        list(train(TrainedAsItAnswers(model), classifier_loss, batch, sgd(0.1)))
    with pytest.raises(
        TypeError, match=r"model\.layers\.1 is a BatchNorm, .* but the loss plain_loss has no .*Supervis"
    ):
        list(train(model, plain_loss, batch, sgd(0.1)))
    deeper = Chain((Flatten(), TrainedAsItAnswers(Chain((Dropout(0.5),)))))
    with pytest.raises(
        TypeError, match=r"model\.layers\.1\.inside\.layers\.0 is a Dropout, .* but model\.layers\.1, a T"
    ):
        list(train(deeper, classifier_loss, batch, sgd(0.1), rng=rng))


def test_a_loss_without_a_training_door_will_do_for_other_models(rng):
    plain = Chain((Dense.init(4, 5, rng=rng), Activation("relu"), Dense.init(5, 3, rng=rng)))
    for model, shape in ((plain, (6, 4)), (TrainedAsItAnswers(plain), (6, 4)), (dropping_lstm(rng), (6, 2, 4))):
        batches = batches_of(rng, shape)
        ours = [r.loss for r in train(model, plain_loss, batches, sgd(0.1), rng=np.random.default_rng(2))]
        assert ours == [r.loss for r in train(model, classifier_loss, batches, sgd(0.1), rng=np.random.default_rng(2))]
        assert len(ours) == 4


def test_the_readout_of_a_classifier_has_a_training_door(backend, rng):
    readout = Chain((BatchNorm.init(5, dtype="float64"), Dropout(0.5), Dense.init(5, 3, rng=rng, dtype="float64")))
    model = LastStepClassifier(LSTMCell.init(4, 5, rng=rng, dtype="float64"), readout)
    model, x = to((model, rng.standard_normal((6, 2, 4))), backend)
    logits, learned, backward = forward_training(model, x, np.random.default_rng(0))
    last, cell_backward = LastStepClassifier(model.cell, Chain(())).forward(x)
    expected, expected_readout, readout_backward = readout_of(model).forward_training(last, np.random.default_rng(0))
    assert_trees_close((logits, learned.readout), (expected, expected_readout), rtol=1e-12)
    d_readout, d_last = readout_backward(expected)
    d_cell, d_x = cell_backward(d_last)
    assert_trees_close(backward(expected), (LastStepClassifier(d_cell.cell, d_readout), d_x), rtol=1e-12)
    assert learned.cell is model.cell


def readout_of(model):
    return model.readout


def test_the_gradient_of_a_classifier_in_training(rng):
    def forward(model, x):
        y, _, backward = model.forward_training(x, np.random.default_rng(0))
        return y, backward

    readout = Chain((Dropout(0.5), Dense.init(5, 3, rng=rng)))
    model = random_like(LastStepClassifier(LSTMCell.init(4, 5, rng=rng), readout), rng)
    table = gradcheck(forward, model, rng.standard_normal((6, 2, 4)), rng=rng)
    assert table.ok, table


# Losses


@both_ways
def test_a_supervised_loss_is_its_criterion_of_the_outputs(backend, gradient, rng):
    model = to(Chain((Dense.init(4, 3, rng=rng, dtype="float64"), Activation("tanh"))), backend)
    x, targets = to((rng.standard_normal((6, 4)), rng.standard_normal((6, 3))), backend)
    value, d_model = value_and_gradient(SupervisedLoss(mean_squared_error_forward), model, (x, targets), gradient)
    error = np.tanh(to_numpy(x) @ to_numpy(model.layers[0].kernel)) - to_numpy(targets)  # the bias is 0
    slope = 2 * error / error.size * (1 - (error + to_numpy(targets)) ** 2)
    assert float(value) == pytest.approx(np.mean(error**2), rel=1e-12)
    np.testing.assert_allclose(to_numpy(d_model.layers[0].kernel), to_numpy(x).T @ slope, rtol=1e-9)
    smoothed = SupervisedLoss(partial(softmax_cross_entropy_forward, label_smoothing=0.1))
    labels = to(rng.integers(0, 3, 6), backend)
    expected = torch.nn.functional.cross_entropy(*to((model(x), labels), "torch"), label_smoothing=0.1)
    assert float(smoothed(model, x, labels)[0]) == pytest.approx(expected.item(), rel=1e-12)
    assert repr(classifier_loss) == "SupervisedLoss(softmax_cross_entropy_forward)"
    assert repr(smoothed).startswith("SupervisedLoss(functools.partial(<function softmax_cross_entropy_forward")


def test_a_loss_scales_its_gradient(rng):
    model, ((x, labels),) = dense_model(rng), batches_of(rng, (6, 4), 1)
    _, backward = classifier_loss(model, x, labels)
    _, _, backward_training = classifier_loss.forward_training(model, x, labels)
    for back in (backward, backward_training):
        np.testing.assert_allclose(back(3.0).layers[0].kernel, 3 * back().layers[0].kernel, rtol=1e-12)


@pytest.mark.parametrize("train_door", [False, True], ids=["value_and_gradient", "learn"])
def test_who_differentiates(train_door, rng):
    """A loss whose backward is wrong tells who was asked."""

    class Wrong(NamedTuple):
        def __call__(self, model, x):
            return (model**2).sum() * x, lambda: "by hand"

        def forward_training(self, model, x, rng):
            return self(model, x)[0], model, lambda: "by hand"

    def gradient_of(backend, gradient):
        model = to(rng.standard_normal(3), backend)  # a single array is a model
        result = (learn if train_door else value_and_gradient)(Wrong(), model, (2.0,), gradient)[-1]
        return "by hand" if isinstance(result, str) else np.allclose(result, 4 * model)

    assert gradient_of("numpy", "auto") == gradient_of("numpy", "hand") == gradient_of("torch", "hand") == "by hand"
    assert gradient_of("torch", "auto") is gradient_of("torch", "autograd") is True
    with pytest.raises(TypeError, match="autograd needs Torch tensors"):
        gradient_of("numpy", "autograd")
    with pytest.raises(ValueError, match="gradient: expected auto, hand or autograd, got 'tape'"):
        gradient_of("numpy", "tape")


# The whole loop on digits


def test_fit_with_batch_norm_and_dropout_learns_digits_the_same_on_both_backends():
    digits = load_digits(size=8)
    results = {}
    for backend in ("numpy", "torch"):
        rng = np.random.default_rng(0)
        train_set, test_set = to((digits.train, digits.test), backend)
        layers = (Flatten(), Dense.init(64, 48, rng=rng), BatchNorm.init(48), Activation("relu"), Dropout(0.8))
        model = to(Chain((*layers, Dense.init(48, 10, rng=rng))), backend)
        results[backend] = fit(
            model,
            train_set,
            optimizer=adam(1e-2),
            epochs=2,
            batch_size=32,
            rng=rng,
            held_out=test_set,
            progress=False,
        )
        learned = results[backend]
        assert learned.history[-1].accuracy >= 0.9
        assert learned.history[-1].accuracy == accuracy(learned.model, test_set)
        assert to_numpy(learned.model.layers[2].running_mean).any()
    curves = [[epoch.loss for epoch in result.history] for result in results.values()]
    assert curves[0] == pytest.approx(curves[1], rel=1e-3)


def test_fit_with_dropout_around_a_cell_measures_without_it():
    digits = load_digits(size=8)
    rng = np.random.default_rng(0)
    plain = row_lstm(8, (24,), rng=rng)
    model = plain._replace(cell=DropoutWrapper.init(plain.cell, rng=rng, output_keep_prob=0.7))
    options = {"optimizer": adam(2e-2), "epochs": 2, "batch_size": 50, "held_out": digits.test, "progress": False}
    result = fit(model, digits.train, rng=rng, **options)
    assert result.history[-1].accuracy == accuracy(without_dropout(result.model), digits.test) >= 0.7
    assert result.model.cell.seed != model.cell.seed


def test_fit_leaves_out_a_small_last_batch_if_asked_to(rng):
    model = dense_model(rng)
    data = Split(rng.standard_normal((13, 4)), rng.integers(0, 3, 13))
    options = {"optimizer": sgd(0.1), "epochs": 1, "batch_size": 4, "progress": False}
    with pytest.raises(ValueError, match=r"Likely cause: a last batch with one example; drop it \(drop_last=True\)"):
        fit(model, data, rng=np.random.default_rng(0), **options)
    result = fit(model, data, rng=np.random.default_rng(0), drop_last=True, **options)
    batches = list(minibatches(data, 4, rng=np.random.default_rng(0), drop_last=True))
    assert len(batches) == 3
    *_, last = train(model, classifier_loss, batches, sgd(0.1))
    assert_trees_close(result.model, last.model, rtol=0, atol=0)
