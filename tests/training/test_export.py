"""Exported classifiers, read from the file by onnxruntime and by Torch, against the package's own answers."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from rnn_course import to, tree_map
from rnn_course.export import BATCHES, ExportError, export, largest_difference
from rnn_course.recipes import RECIPES, Trained

onnxruntime = pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")
torch = pytest.importorskip("torch")

ROWS, COLUMNS, CLASSES = 9, 13, 6
SIZES = 4, 1, 11, 50  # none of them but 1 is tried by the export itself

# While Torch follows the package's code, sizes are symbols, which the annotations of the tests' hook do not take.
pytestmark = pytest.mark.usefixtures("without_shape_types")

OPERATOR = {"mlp": "Gemm", "cnn": "Conv", "rnn": "RNN", "lstm": "LSTM", "gru": "GRU", "bilstm": "LSTM"}
ATEN = {"rnn": "aten.rnn_tanh.input", "lstm": "aten.lstm.input", "gru": "aten.gru.input", "bilstm": "aten.lstm.input"}


def trained(recipe, hidden=(7, 5), seed=3):
    """A model whose weights and biases are all random: no zero hides a mistake."""
    rng = np.random.default_rng(seed)
    fresh = RECIPES[recipe].make((ROWS, COLUMNS), hidden, CLASSES, rng=rng)
    model = tree_map(lambda leaf: np.float32(0.4 * rng.standard_normal(leaf.shape)), fresh)
    return Trained(model, {"recipe": recipe, "rows": str(ROWS), "columns": str(COLUMNS), "classes": str(CLASSES)})


def images(batch):
    return np.random.default_rng(batch).random((batch, ROWS, COLUMNS), dtype=np.float32)


def read_by_onnxruntime(path):
    session = onnxruntime.InferenceSession(str(path))
    assert [(one.name, one.shape) for one in session.get_inputs()] == [("images", ["batch", ROWS, COLUMNS])]
    assert [(one.name, one.shape) for one in session.get_outputs()] == [("logits", ["batch", CLASSES])]
    return lambda x: session.run(None, {"images": x})[0]


def read_by_torch(path):
    module = torch.export.load(str(path)).module()
    return lambda x: module(torch.from_numpy(x)).detach().numpy()


def assert_same_answers(run, model):
    for batch in SIZES:
        expected = model(images(batch))
        assert np.ptp(expected, axis=1).min() > 0.1  # the answers are not all alike
        np.testing.assert_allclose(run(images(batch)), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("hidden", [(7,), (7, 5)], ids=["one layer", "two layers"])
@pytest.mark.parametrize("recipe", RECIPES)
def test_onnx_answers_as_the_package_does_with_one_operator_a_cell(recipe, hidden, tmp_path):
    example = trained(recipe, hidden)
    done = export(example, tmp_path / "model.onnx")
    assert_same_answers(read_by_onnxruntime(done.path), example.model)
    assert done.difference < 1e-5
    made = onnx.load(done.path)
    assert {prop.key: prop.value for prop in made.metadata_props} == example.notes
    operators = [node.op_type for node in made.graph.node]
    count = len(hidden) + (recipe == "mlp")
    assert operators.count(OPERATOR[recipe]) == (2 * count if recipe == "bilstm" else count)
    assert not {"Loop", "Scan", "If"} & set(operators)


@pytest.mark.parametrize("recipe", RECIPES)
def test_torch_export_answers_as_the_package_does_with_torchs_own_sequence_operators(recipe, tmp_path):
    example = trained(recipe, (7,))
    done = export(example, tmp_path / "model.pt2")
    assert_same_answers(read_by_torch(done.path), example.model)
    assert done.difference < 1e-5
    extra = {"notes.json": ""}
    program = torch.export.load(str(done.path), extra_files=extra)
    assert json.loads(extra["notes.json"]) == example.notes
    operators = [str(node.target) for node in program.graph.nodes if node.op == "call_function"]
    assert recipe not in ATEN or operators.count(ATEN[recipe]) == (2 if recipe == "bilstm" else 1)
    assert str(Path(__file__).parents[2]).encode() not in done.path.read_bytes()  # it does not tell where it was made


def test_a_stack_of_tensors_is_exported_too(tmp_path):
    example = trained("bilstm")
    for suffix, read in ((".onnx", read_by_onnxruntime), (".pt2", read_by_torch)):
        export(example._replace(model=to(example.model, "torch")), tmp_path / f"model{suffix}")
        assert_same_answers(read(tmp_path / f"model{suffix}"), example.model)


@pytest.mark.parametrize("suffix", [".onnx", ".pt2"])
def test_what_does_not_answer_as_the_package_is_not_written(suffix, tmp_path, monkeypatch):
    from rnn_course.export import FORMATS, onnx_file, torch_file

    path = tmp_path / f"model{suffix}"
    module = {".onnx": onnx_file, ".pt2": torch_file}[suffix]
    write, other = module.content, trained("mlp", seed=4).model
    monkeypatch.setattr(module, "content", lambda model, *rest: write(other, *rest))
    path.write_text("older")
    with pytest.raises(ExportError, match=f"not written: read by {FORMATS[suffix].read_by}, it differs") as error:
        export(trained("mlp"), path)
    assert "expected at most 1e-05" in str(error.value)
    assert path.read_text() == "older"
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    monkeypatch.setattr(module, "content", write)
    export(trained("mlp"), path)
    assert path.read_bytes()[:5] != b"older"


def test_the_comparison_sees_one_wrong_batch_one_wrong_number_another_shape_and_nan():
    model = trained("gru").model

    def wrong(change):
        return largest_difference(model, lambda x: change(model(x).copy()), (ROWS, COLUMNS))

    def change_one(logits, by):
        logits[-1, 2] += by
        return logits

    assert wrong(lambda logits: logits) == 0
    for batch in BATCHES:
        assert wrong(lambda logits, batch=batch: logits + 1e-3 * (len(logits) == batch)) > 1e-5
    assert wrong(lambda logits: change_one(logits, 1e-3)) > 1e-5
    assert np.isnan(wrong(lambda logits: change_one(logits, np.nan)))
    assert wrong(lambda logits: logits[:, :-1]) == np.inf


def test_a_model_of_nan_is_refused(tmp_path):
    example = trained("mlp")
    broken = example._replace(model=tree_map(lambda leaf: leaf * np.float32(np.nan), example.model))
    with pytest.raises(ExportError, match="differs from the package by nan"):
        export(broken, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_a_layer_or_activation_without_an_operator_is_refused(tmp_path):
    from rnn_course import Activation, Dropout, LSTMCell

    example = trained("mlp")
    for last, message in (
        (Dropout(0.1), "got Dropout; torch.export has it"),
        (Activation("linear"), "relu, sigmoid or tanh, got linear"),
    ):
        model = example.model._replace(layers=(*example.model.layers, last))
        with pytest.raises(ExportError, match=message):
            export(example._replace(model=model), tmp_path / "model.onnx")
    wrapped = trained("lstm", (7,))
    odd = type("OddCell", (LSTMCell,), {})(*wrapped.model.cell)
    with pytest.raises(ExportError, match=r"got OddCell; torch\.export has it"):
        export(wrapped._replace(model=wrapped.model._replace(cell=odd)), tmp_path / "model.onnx")


@pytest.mark.parametrize(
    ("suffix", "package", "extra"), [(".onnx", "onnxruntime", "export"), (".pt2", "torch", "torch")]
)
def test_a_missing_package_is_named_with_what_brings_it(suffix, package, extra, tmp_path, monkeypatch):
    for name in ("onnx_file", "torch_file"):
        monkeypatch.delitem(sys.modules, f"rnn_course.export.{name}", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ExportError, match=rf'needs {package}: pip install "rnn-course\[{extra}\]"'):
        export(trained("mlp"), tmp_path / f"model{suffix}")
