"""The committed records of training on MNIST: whole, true to themselves, good enough, and all of them in the book."""

import json
import re
from pathlib import Path

import pytest

from rnn_course.recipes import RECIPES
from rnn_course.training.results import read_run, read_runs

ROOT = Path(__file__).parents[2]
PATHS = sorted((ROOT / "benchmarks/results/training").glob("*.json"))
GOALS = {"mlp": 0.984, "cnn": 0.992, "lstm": 0.990}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_record_is_true_to_itself_and_made_by_the_recipe(path):
    run = read_run(path)
    recipe = RECIPES[run.recipe]
    assert path.name == run.file_name
    assert (run.data, run.train_examples, run.test_examples) == ("mnist", 60_000, 10_000)
    assert sum(map(sum, run.confusion)) == run.test_examples
    assert sum(run.confusion[k][k] for k in range(10)) / run.test_examples == pytest.approx(run.final_accuracy)
    assert [epoch.number for epoch in run.curve] == list(range(1, run.epochs + 1))
    assert run.curve[-1].accuracy == pytest.approx(run.final_accuracy)
    assert sum(epoch.seconds for epoch in run.curve) == pytest.approx(run.seconds)
    assert (run.hidden, (run.epochs, run.batch_size), run.rate) == (recipe.hidden, recipe.many, recipe.rate)
    assert run.command.startswith(f"rnn-course train {run.recipe} --data mnist --backend {run.backend}")
    assert {"processor", "cores", "threads", "numpy", "torch"} <= set(run.machine)
    assert not re.search(r"(^|[ '\"=])/\w+/", run.command)  # no folder of one machine


def test_each_recipe_has_been_trained_and_the_goals_are_reached():
    runs = read_runs(ROOT / "benchmarks/results/training")
    assert {run.recipe for run in runs} == set(RECIPES)
    for recipe, goal in GOALS.items():
        reached = {run.backend: run.final_accuracy for run in runs if run.recipe == recipe}
        assert set(reached) == {"numpy", "torch"}
        assert min(reached.values()) >= goal


def test_the_book_shows_every_record():
    cells = json.loads((ROOT / "book/12_reading_digits_row_by_row.ipynb").read_text(encoding="utf-8"))["cells"]
    shown = "".join("".join(out.get("text", "")) for cell in cells for out in cell.get("outputs", []))
    for path in PATHS:
        run = read_run(path)
        line = rf"^{run.recipe} +{run.backend} .*{run.parameters:,d} weights.* {100 * run.final_accuracy:.2f} %"
        assert re.search(line, shown, re.MULTILINE), path.name
