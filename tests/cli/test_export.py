"""`rnn-course export`: what training left, as a file that other programs read."""

import numpy as np
import pytest

from rnn_course import load_digits, save_checkpoint
from rnn_course.recipes import load_trained


def logits_of(path, images):
    if path.suffix == ".onnx":
        onnxruntime = pytest.importorskip("onnxruntime")
        return onnxruntime.InferenceSession(str(path)).run(None, {"images": images})[0]
    torch = pytest.importorskip("torch")
    return torch.export.load(str(path)).module()(torch.from_numpy(images)).detach().numpy()


@pytest.mark.usefixtures("without_shape_types")  # while Torch follows the code, sizes are symbols
@pytest.mark.parametrize("suffix", [".onnx", ".pt2"])
def test_a_run_of_either_backend_is_exported_and_answers_as_it_does(call, tmp_path, backend, suffix):
    run, out = tmp_path / "run", tmp_path / f"digits{suffix}"
    options = ("--backend", backend, "--device", "cpu", "--epochs", 1, "--batch-size", 100, "--hidden", 9, "--quiet")
    assert call("train", "gru", *options, "--out", run).exit_code == 0
    for model in (run, run / "model.safetensors"):  # the second replaces the first
        result = call("export", model, "--out", out)
        assert result.exit_code == 0, result.output
        assert "images [batch, 28, 28] -> logits [batch, 10], float32" in result.stdout
        assert "it gives what the package gives to " in result.stdout
    images = load_digits().test.images[:23]
    expected = load_trained(run / "model.safetensors").model(images)
    np.testing.assert_allclose(logits_of(out, images), expected, rtol=1e-5, atol=1e-5)


def test_what_cannot_be_exported_is_one_clear_error_and_leaves_nothing(error_of, tmp_path, rng):
    from rnn_course.recipes import RECIPES

    model = RECIPES["mlp"].make((4, 3), (5,), 2, rng=rng)
    notes = {"recipe": "mlp", "rows": "4", "columns": "3", "classes": "2", "hidden": "5"}
    saved = save_checkpoint(tmp_path / "model.safetensors", model, notes)
    bare = save_checkpoint(tmp_path / "bare.safetensors", model)
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("no weights")
    before = sorted(tmp_path.rglob("*"))
    for source, target, message in (
        (saved, "digits.pb", "expected *.onnx (ONNX) or *.pt2 (torch.export)"),
        (saved, "digits", "expected *.onnx (ONNX) or *.pt2 (torch.export)"),
        (bare, "digits.onnx", "expected a model.safetensors of `rnn-course train --out`"),
        (tmp_path / "empty", "digits.onnx", "model.safetensors: cannot be read"),
        (tmp_path / "none.safetensors", "digits.onnx", "cannot be read"),
        (tmp_path / "notes.txt", "digits.pt2", "cannot be read as safetensors"),
        (saved, "nowhere/digits.onnx", "No such file or directory"),
    ):
        assert message in error_of("export", source, "--out", tmp_path / target)
    assert "Missing option '--out'" in error_of("export", saved)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_missing_package_is_one_line(error_of, tmp_path, rng, monkeypatch):
    import sys

    from rnn_course.recipes import RECIPES

    notes = {"recipe": "mlp", "rows": "4", "columns": "3", "classes": "2", "hidden": "5"}
    saved = save_checkpoint(tmp_path / "model.safetensors", RECIPES["mlp"].make((4, 3), (5,), 2, rng=rng), notes)
    monkeypatch.delitem(sys.modules, "rnn_course.export.onnx_file", raising=False)
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert 'ONNX needs onnx: pip install "rnn-course[export]"' in error_of(
        "export", saved, "--out", tmp_path / "a.onnx"
    )
