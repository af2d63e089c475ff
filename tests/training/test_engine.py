"""Runs: a seed decides every bit; a run in two parts is the run in one; several ways to the same numbers."""

import numpy as np
import pytest

from rnn_course import gradcheck, named_leaves, to_numpy
from rnn_course.checkpoint import CheckpointError, save_checkpoint
from rnn_course.data import Digits
from rnn_course.kernels import blocks
from rnn_course.learning import MixedPrecision, classifier_loss, learn
from rnn_course.recipes import RECIPES, SCHEDULES, load_trained
from rnn_course.training.engine import advance, begin, confusion, finished, reproducible
from rnn_course.training.saved import load_state, save_state

from ..helpers import random_like
from .helpers import curve, run_to_the_end, same_bits, small_digits, small_settings

RECURRENT = ["rnn", "lstm", "gru", "bilstm"]


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_run_in_two_parts_is_bit_for_bit_the_run_in_one(recipe, backend, tmp_path):
    """Weights, the optimiser's memory, the schedule, the order and the shifts go on as if nothing had happened."""
    settings, data = small_settings(recipe, backend), small_digits(backend)
    whole = run_to_the_end(settings, data)
    save_state(tmp_path / "state", advance(begin(settings), settings, data), settings)
    resumed = run_to_the_end(settings, data, load_state(tmp_path / "state", settings))
    assert curve(resumed) == curve(whole)
    assert same_bits(resumed.model, whole.model)
    assert same_bits(resumed.optimizer_state, whole.optimizer_state)
    assert resumed.optimizer_state.step == whole.optimizer_state.step == 3 * 6


def test_the_seed_decides_every_bit_and_another_seed_another_run(backend):
    data = small_digits(backend)
    one, again = (run_to_the_end(small_settings(backend=backend), data) for _ in range(2))
    assert curve(one) == curve(again)
    assert same_bits(one.model, again.model)
    assert curve(run_to_the_end(small_settings(backend=backend, seed=5), data)) != curve(one)


@pytest.mark.parametrize("recipe", RECIPES)
def test_numpy_by_hand_and_torch_by_autograd_go_the_same_way(recipe):
    by_hand, by_autograd = (
        run_to_the_end(small_settings(recipe, backend, epochs=2), small_digits(backend))
        for backend in ("numpy", "torch")
    )
    ours, theirs = ([epoch.loss for epoch in state.history] for state in (by_hand, by_autograd))
    assert ours == pytest.approx(theirs, rel=2e-3)
    assert ours[1] < ours[0]


def test_the_kernels_choose_nothing_by_the_clock_in_a_run():
    before = blocks.is_measuring()
    with reproducible():
        assert not blocks.is_measuring()
    assert blocks.is_measuring() == before


@pytest.mark.parametrize("recipe", RECURRENT)
def test_the_gradients_of_the_row_readers(recipe, rng):
    model = RECIPES[recipe].make((3, 4), (5, 6), 7, rng=rng)
    table = gradcheck(lambda m, x: m.forward(x), random_like(model, rng), rng.standard_normal((2, 3, 4)), rng=rng)
    assert table.ok, table


def test_the_model_from_both_ends_is_two_readers(rng):
    """The reader from the bottom is that of the picture turned upside down."""
    model = random_like(RECIPES["bilstm"].make((3, 4), (5,), 7, rng=rng), rng)
    x = rng.standard_normal((2, 3, 4))
    swapped = model._replace(
        cell_fw=model.cell_bw,
        cell_bw=model.cell_fw,
        readout=model.readout._replace(kernel=np.concatenate([model.readout.kernel[5:], model.readout.kernel[:5]])),
    )
    np.testing.assert_allclose(swapped(x[:, ::-1]), model(x), rtol=1e-12)


def test_a_state_of_another_run_is_refused(tmp_path):
    settings = small_settings()
    save_state(tmp_path / "state", begin(settings), settings)
    with pytest.raises(
        CheckpointError, match=r"that of another: epochs 3, now 5; seed 4, now 6\. Give the same options"
    ):
        load_state(tmp_path / "state", settings._replace(epochs=5, seed=6))
    assert load_state(tmp_path / "state", settings._replace(patience=3)).history == ()
    save_checkpoint(tmp_path / "weights", begin(settings).model)
    with pytest.raises(CheckpointError, match="expected the state of a run, which `rnn-course train --out` leaves"):
        load_state(tmp_path / "weights", settings)
    with pytest.raises(CheckpointError, match="notes recipe, hidden, rows, columns and classes"):
        load_trained(tmp_path / "weights")


def test_early_stopping_waits_and_remembers_the_best_in_the_file_too(tmp_path):
    digits = small_digits()
    data = Digits(digits.train, digits.test, digits.test)
    settings = small_settings("mlp", epochs=40, patience=2, rate=0.4, schedule="constant", validation=53)
    whole = run_to_the_end(settings, data)
    accuracies = [epoch.accuracy for epoch in whole.history]
    assert whole.best_epoch == int(np.argmax(accuracies)) + 1 == len(accuracies) - 2 < 38
    assert same_bits(whole.chosen, whole.best)
    state = begin(settings)
    while not finished(state, settings):
        save_state(tmp_path / "state", advance(state, settings, data), settings)
        state = load_state(tmp_path / "state", settings)
    assert curve(state) == curve(whole)
    assert same_bits(state.best, whole.best)


def test_the_confusion_counts_every_example_in_its_row(backend):
    data = small_digits(backend)
    model = begin(small_settings(backend=backend)).model
    counts = confusion(model, data.test, 10, batch_size=7)
    np.testing.assert_array_equal(counts.sum(axis=1), np.bincount(to_numpy(data.test.labels), minlength=10))


def test_mixed_precision_keeps_weights_in_single_and_is_nearly_the_same():
    settings, data = small_settings(backend="torch"), small_digits("torch")
    model, batch = begin(settings).model, (data.train.images[:20], data.train.labels[:20])
    exact_value, _, exact = learn(classifier_loss, model, batch)
    value, _, gradient = learn(MixedPrecision(classifier_loss), model, batch)
    assert float(value) == pytest.approx(float(exact_value), rel=2e-2)
    assert float(value) != float(exact_value)
    for (name, ours), (_, theirs) in zip(named_leaves(gradient), named_leaves(exact), strict=True):
        assert ours.dtype == theirs.dtype, name
        scale = float(abs(theirs).max())
        np.testing.assert_allclose(to_numpy(ours), to_numpy(theirs), atol=0.05 * scale, err_msg=name)
    mixed = run_to_the_end(settings._replace(precision="mixed"), data)
    assert mixed.history[-1].loss < mixed.history[0].loss
    assert {leaf.dtype for _, leaf in named_leaves(mixed.model)} == {exact_value.dtype}


def test_mixed_precision_needs_torch():
    model, data = begin(small_settings()).model, small_digits()
    with pytest.raises(TypeError, match="NumPy has no bfloat16"):
        MixedPrecision(classifier_loss)(model, data.train.images[:2], data.train.labels[:2])


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_has_rates_for_all_updates_of_a_run(name):
    settings = small_settings("mlp", schedule=name, epochs=2)
    assert settings.updates == 12
    rate = SCHEDULES[name](settings.rate, settings.updates)
    rates = [rate(step) for step in range(1, 13)] if callable(rate) else [rate] * 12
    assert max(rates) <= settings.rate
    assert run_to_the_end(settings, small_digits()).optimizer_state.step == 12
