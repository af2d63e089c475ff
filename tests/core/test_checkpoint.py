import os

import numpy as np
import pytest

from rnn_course import load_checkpoint, row_lstm, save_checkpoint
from rnn_course.checkpoint import CheckpointError, checkpoint_metadata

from ..helpers import assert_trees_close


@pytest.fixture
def model(rng):
    return row_lstm(3, (5, 4), rng=rng)


def test_weights_come_back_as_they_went(model, tmp_path, backend, rng):
    path = save_checkpoint(tmp_path / "new" / "model.safetensors", model, {"epoch": "3"})
    back = load_checkpoint(path, like=row_lstm(3, (5, 4), rng=rng), backend=backend)
    assert_trees_close(back, model, rtol=0, atol=0)
    assert type(back) is type(model)
    assert checkpoint_metadata(path) == {"epoch": "3"}
    assert os.listdir(path.parent) == ["model.safetensors"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(model, tmp_path, monkeypatch):
    path = save_checkpoint(tmp_path / "model.safetensors", model)
    before = path.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(path, row_lstm(3, (5, 4), rng=np.random.default_rng(9)))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.safetensors"]


def test_files_that_do_not_fit_are_refused(model, tmp_path, rng):
    path = save_checkpoint(tmp_path / "model.safetensors", model)
    with pytest.raises(CheckpointError, match=r"weights of another model; missing: \['cell.bias', 'cell.kernel'\]"):
        load_checkpoint(path, like=row_lstm(3, (5,), rng=rng))
    with pytest.raises(CheckpointError, match=r"cell.cells.0.kernel: expected \[8, 24\] float32, got \[8, 20\]"):
        load_checkpoint(path, like=row_lstm(2, (6, 4), rng=rng))
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(CheckpointError, match="not a safetensors file, or cut short"):
        load_checkpoint(path, like=model)
    with pytest.raises(CheckpointError, match="there is no such checkpoint"):
        load_checkpoint(tmp_path / "none", like=model)
    with pytest.raises(CheckpointError, match="cannot be read"):
        checkpoint_metadata(tmp_path / "none")
