"""The records of training runs: they come back as they went, and what is none is said to be none."""

import json

import pytest

from rnn_course.train import Epoch
from rnn_course.training.results import ResultError, RunRecord, read_run, read_runs, write_run

RECORD = RunRecord(
    recipe="lstm",
    hidden=(5, 4),
    data="mnist",
    train_examples=600,
    test_examples=3,
    backend="numpy",
    device="cpu",
    processes=1,
    precision="float32",
    seed=7,
    epochs=2,
    batch_size=50,
    schedule="one-cycle",
    rate=8e-3,
    weight_decay=0.01,
    shift=2,
    parameters=123,
    curve=(Epoch(1, 0.41, 0.5, 6.25), Epoch(2, 0.1 + 0.2, 2 / 3, 6.0)),
    accuracy_on="test",
    seconds=12.25,
    final_accuracy=2 / 3,
    confusion=((1, 0), (1, 1)),
    command="rnn-course train lstm --data mnist",
    machine={"processor": "a «fast» one", "cores": 2, "numpy": "2.4"},
    remark="",
)


def test_a_record_comes_back_as_it_went(tmp_path):
    path = write_run(tmp_path / "new", RECORD)
    assert path.name == "lstm_mnist_numpy_7.json"
    assert read_run(path) == RECORD


def test_the_records_of_a_folder_are_sorted(tmp_path):
    changes = [{"data": "digits"}, {"recipe": "cnn", "seed": 1}, {"recipe": "cnn", "seed": 0}, {"backend": "torch"}]
    for change in changes:
        write_run(tmp_path, RECORD._replace(**change))
    found = [(run.data, run.recipe, run.backend, run.seed) for run in read_runs(tmp_path)]
    assert found == sorted(found)
    assert len(found) == 4


def test_a_file_is_named_after_the_data_without_its_path():
    assert RECORD._replace(data="some/where/letters.csv").file_name == "lstm_letters_numpy_7.json"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: "nothing", "expected the record of a run, got no JSON"),
        (lambda content: json.dumps([content]), "expected the fields of RunRecord; missing:"),
        (lambda content: json.dumps({**content, "speed": 3}), r"not known: \['speed'\]"),
        (lambda content: json.dumps({k: v for k, v in content.items() if k != "seed"}), r"missing: \['seed'\]"),
        (lambda content: json.dumps({**content, "curve": [{"epoch": 1}]}), "curve: expected objects with the fields"),
    ],
)
def test_what_is_no_record_is_refused(tmp_path, change, message):
    path = write_run(tmp_path, RECORD)
    path.write_text(change(json.loads(path.read_text())))
    with pytest.raises(ResultError, match=message) as error:
        read_run(path)
    assert str(path) in str(error.value)


def test_a_folder_without_records_is_refused(tmp_path):
    with pytest.raises(ResultError, match="expected records of runs"):
        read_runs(tmp_path)
    with pytest.raises(ResultError, match="No such file"):
        read_run(tmp_path / "none.json")
