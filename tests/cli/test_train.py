"""`rnn-course train`: what it prints, what it keeps, and that a seed decides the result."""

import json
import sys

import numpy as np
import pytest

from rnn_course import accuracy, leaves, load_digits, to_numpy
from rnn_course.checkpoint import checkpoint_metadata
from rnn_course.cli import run
from rnn_course.cli.train import Model, Schedule
from rnn_course.data import Digits, Split, sources
from rnn_course.recipes import RECIPES, SCHEDULES, load_trained
from rnn_course.training.results import read_runs

SMALL = ("--epochs", 2, "--batch-size", 100, "--hidden", 8)
FILES = {"model.safetensors", "state.safetensors", "history.json", "log.csv"}
LINES = ("model", "parameters", "data", "backend", "device", "epochs", "seconds", "test accuracy")


def options(**changes):
    return run.Options(
        **(
            {
                "recipe": "lstm",
                "data": "digits",
                "test_data": None,
                "classes": 10,
                "backend": "numpy",
                "device": "cpu",
                "precision": "float32",
                "epochs": None,
                "batch_size": None,
                "schedule": "one-cycle",
                "rate": None,
                "hidden": (8,),
                "shift": None,
                "max_norm": 1.0,
                "seed": 0,
                "validation": 0,
                "patience": None,
            }
            | changes
        )
    )


def table_of(result):
    """The final table as a dictionary."""
    assert result.exit_code == 0, result.output
    lines = result.stdout.split("Result\n")[1].splitlines()
    return {name: line.removeprefix(name).strip() for name in LINES for line in lines if line.startswith(name + " ")}


def weights_in(folder):
    return leaves(load_trained(folder / "model.safetensors").model)


def test_it_trains_and_says_what_came_of_it(call, backend):
    table = table_of(call("train", "mlp", "--backend", backend, "--device", "cpu", *SMALL))
    assert tuple(table) == LINES
    assert table["model"] == "mlp 8"
    assert table["parameters"] == f"{784 * 8 + 8 + 8 * 10 + 10:,}"
    assert [table[name] for name in ("data", "backend", "device", "epochs")] == ["digits", backend, "cpu", "2"]
    assert float(table["test accuracy"].rstrip("%")) > 20  # of ten classes, after 30 steps of 8 hidden units


def test_a_stack_of_lstms_trains(call):
    table = table_of(call("train", "lstm", "--backend", "numpy", "--epochs", 1, "--batch-size", 720, "--hidden", "5,4"))
    assert table["model"] == "lstm 5-4"


@pytest.mark.parametrize(("model", "epochs"), [("mlp", 3), ("lstm", 6)])
def test_the_default_rates_learn_the_digits(start_process, model, epochs):
    """In few epochs, with a narrow layer, in a process that does not stop to check the shapes."""
    options = ("--backend", "numpy", "--hidden", 48, "--epochs", epochs, "--quiet")
    stdout, stderr = start_process("train", model, *options).communicate(timeout=60)
    assert stderr == ""
    assert float(stdout.split()[-1].rstrip("%")) > 88


def test_every_model_has_a_recipe_and_every_schedule_its_name():
    assert [model.value for model in Model] == list(RECIPES)
    assert [schedule.value for schedule in Schedule] == list(SCHEDULES)


def test_each_epoch_has_a_line_unless_quiet(call):
    lines = call("train", "mlp", "--backend", "numpy", *SMALL).stdout.splitlines()
    assert [line.split("  ")[0] for line in lines[:3]] == ["epoch 1/2", "epoch 2/2", "Result"]
    quiet = call("train", "mlp", "--backend", "numpy", *SMALL, "--quiet")
    assert quiet.stdout.startswith("Result\n")
    assert quiet.stderr == ""


def test_out_keeps_the_weights_the_history_and_a_curve(call, own_folders):
    result = call("train", "mlp", "--backend", "numpy", *SMALL, "--seed", 3, "--out", "runs/a")
    folder = own_folders / "runs" / "a"
    assert {path.name for path in folder.iterdir()} == {*FILES, "curve.png"}
    assert "kept in runs/a: model.safetensors, history.json, log.csv, state.safetensors, curve.png" in result.stdout
    assert (folder / "curve.png").read_bytes().startswith(b"\x89PNG")

    history = json.loads((folder / "history.json").read_text())
    assert [epoch["number"] for epoch in history["epochs"]] == [1, 2]
    assert history["test_accuracy"] == history["epochs"][-1]["accuracy"]
    assert history["settings"]["hidden"] == [8]

    metadata = checkpoint_metadata(folder / "model.safetensors")
    expected = {"recipe": "mlp", "data": "digits", "seed": "3", "hidden": "8", "epoch": "2", "accuracy_on": "test"}
    assert {name: metadata[name] for name in expected} == expected
    assert float(metadata["accuracy"]) == history["test_accuracy"]
    assert len(weights_in(folder)) == 4


def test_without_matplotlib_the_rest_is_kept(call, own_folders, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = call("train", "mlp", "--backend", "numpy", *SMALL, "--out", "a")
    assert result.exit_code == 0, result.output
    assert {path.name for path in (own_folders / "a").iterdir()} == FILES
    assert 'pip install "rnn-course[viz]"' in result.stdout


def test_validation_digits_are_watched_and_not_learned_from(call, own_folders):
    table = table_of(call("train", "mlp", "--backend", "numpy", *SMALL, "--validation", 437, "--out", "a"))
    history = json.loads((own_folders / "a" / "history.json").read_text())
    assert history["accuracy_on"] == "validation"
    assert table["test accuracy"] == f"{history['test_accuracy']:.2%}"
    whole, cut = (run.load(options(validation=n)) for n in (0, 437))
    np.testing.assert_array_equal(cut.validation.images, whole.train.images[:437])
    np.testing.assert_array_equal(cut.train.images, whole.train.images[437:])
    assert len(cut.train.labels) == 1000


def test_a_seed_decides_the_result(call, own_folders, backend):
    few = ("--epochs", 1, "--batch-size", 240, "--hidden", 8)
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        call("train", "mlp", "--backend", backend, "--device", "cpu", *few, "--seed", seed, "--out", folder)
    a, b, c = (weights_in(own_folders / folder) for folder in "abc")
    assert all(np.array_equal(one, other) for one, other in zip(a, b, strict=True))
    assert not np.array_equal(a[0], c[0])


@pytest.mark.parametrize("recipe", RECIPES)
def test_both_backends_begin_with_the_same_weights(recipe):
    digits = load_digits()
    numpy, torch = (
        run.complete(options(recipe=recipe, backend=backend, hidden=(5, 4)), digits).first_model()
        for backend in ("numpy", "torch")
    )
    for ours, theirs in zip(leaves(numpy), leaves(torch), strict=True):
        np.testing.assert_array_equal(ours, to_numpy(theirs))


def test_both_backends_see_the_same_batches_and_stay_together(call, own_folders):
    """After a few steps on the same batches the weights are still equal but for rounding."""
    few = ("--epochs", 1, "--batch-size", 480, "--hidden", 6, "--learning-rate", 1e-3)
    for backend in ("numpy", "torch"):
        call("train", "lstm", "--backend", backend, "--device", "cpu", *few, "--out", backend)
    numpy, torch = (weights_in(own_folders / backend) for backend in ("numpy", "torch"))
    for ours, theirs in zip(numpy, torch, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_mnist_is_loaded_where_it_is_asked_for(call, monkeypatch):
    """With a few of our digits in its place."""
    digits = load_digits()
    tiny = Digits(Split(*(part[:200] for part in digits.train)), Split(*(part[:50] for part in digits.test)))
    monkeypatch.setattr(sources, "load_mnist", lambda: tiny._replace(name="mnist"))
    table = table_of(call("train", "mlp", "--data", "mnist", "--backend", "numpy", "--hidden", 8, "--epochs", 3))
    assert table["data"] == "mnist"
    assert table["epochs"] == "3"


def test_a_large_data_set_has_another_pace():
    images, labels = np.zeros((10_000, 28, 28), np.float32), np.zeros(10_000, np.int64)
    large = Digits(Split(images, labels), Split(images[:1], labels[:1]))
    few, many = (run.complete(options(recipe="mlp", hidden=None), data) for data in (load_digits(), large))
    assert (few.epochs, few.batch_size) == RECIPES["mlp"].few
    assert (many.epochs, many.batch_size) == RECIPES["mlp"].many
    assert few.hidden == RECIPES["mlp"].hidden


def test_the_shift_is_in_proportion_to_the_image():
    assert [run.complete(options(), load_digits(size)).shift for size in (8, 28, 42)] == [1, 2, 3]
    assert run.complete(options(shift=0), load_digits()).shift == 0


def test_a_record_says_what_was_run_and_what_came_of_it(call, own_folders):
    result = call("train", "cnn", "--backend", "numpy", *SMALL, "--out", "a", "--record", "r", "--remark", "a test")
    (record,) = read_runs("r")
    assert record.file_name == "cnn_digits_numpy_0.json"
    assert table_of(result)["test accuracy"] == f"{record.final_accuracy:.2%}"
    assert (record.hidden, record.epochs, len(record.curve), record.remark) == ((8,), 2, 2, "a test")
    assert np.sum(record.confusion) == record.test_examples == 360
    assert np.trace(record.confusion) / 360 == record.final_accuracy == record.curve[-1].accuracy
    assert record.parameters == sum(weights.size for weights in weights_in(own_folders / "a"))
    assert record.seconds == pytest.approx(sum(epoch.seconds for epoch in record.curve))


def test_early_stopping_keeps_the_best_model(call, own_folders):
    """The learning rate rises beyond all reason after the first epochs, and the accuracy falls."""
    wild = ("--schedule", "constant", "--learning-rate", 0.5, "--hidden", 8, "--epochs", 30, "--patience", 2)
    result = call("train", "mlp", "--backend", "numpy", *wild, "--validation", 400, "--out", "a", "--record", "r")
    (record,) = read_runs("r")
    accuracies = [epoch.accuracy for epoch in record.curve]
    best = int(np.argmax(accuracies)) + 1
    assert record.epochs == best + 2 < 30, result.stdout
    trained = load_trained(own_folders / "a" / "model.safetensors")
    assert trained.notes["epoch"] == str(best)
    assert accuracy(trained.model, run.load(options(validation=400)).validation) == accuracies[best - 1]
    assert accuracy(trained.model, load_digits().test) == record.final_accuracy
