"""The wheel, installed alone: base dependencies only, far from the repository, without Torch and matplotlib."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SAMPLE = "99_sample.ipynb"  # a notebook of our own, so that the test does not depend on the others
PARTS = ("rnn_course", "exercises", "tests", "tools", "pyproject.toml", "README.md", "LICENSE", ".gitignore")
CACHES = ("__pycache__", ".ipynb_checkpoints")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A copy of what the wheel is made of, and of what must not get into it."""
    source = tmp_path_factory.mktemp("source")
    for name in PARTS:
        part = ROOT / name
        if part.is_dir():
            shutil.copytree(part, source / name, ignore=shutil.ignore_patterns(*CACHES))
        elif part.exists():
            shutil.copy(part, source / name)
    (source / "exercises").mkdir(exist_ok=True)
    (source / "exercises" / SAMPLE).write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    return source


@pytest.fixture(scope="module")
def wheel(source):
    """The wheel, built as a maintainer builds it; with the hatchling that is here, if there is one."""
    here = ["--no-isolation"] if find_spec("hatchling") else []
    run([sys.executable, "-m", "build", "--wheel", *here, "--outdir", source / "dist", source], cwd=source)
    (wheel,) = (source / "dist").glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """The Python of a new environment that has the wheel and what it requires."""
    environment = tmp_path_factory.mktemp("environment")
    run([sys.executable, "-m", "venv", "--without-pip", environment], cwd=environment)
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-compile"]
    run([*pip, "-c", ROOT / "constraints.txt", wheel], cwd=environment)
    return python


@pytest.fixture
def outside(python, tmp_path, monkeypatch):
    """Call the installed command or some code, in an empty folder, with an empty cache; get what it prints."""
    for name in ("PYTHONPATH", "RNN_COURSE_DATA", "RNN_COURSE_STRICT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    work = tmp_path / "work"
    work.mkdir()

    def outside(*arguments, code=None):
        return run([python, "-c", code] if code else [python.with_name("rnn-course"), *arguments], cwd=work)

    return outside


def run(command, cwd):
    """What a command prints; if it fails, the test does, with everything that it said."""
    command = [str(part) for part in command]
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, encoding="utf-8", check=False)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def test_it_holds_the_package_and_the_exercises_and_nothing_else(wheel, source):
    names = zipfile.ZipFile(wheel).namelist()
    folders = {name.split("/")[0] for name in names}
    assert {folder for folder in folders if not folder.endswith(".dist-info")} == {"rnn_course"}
    expected = {
        f"rnn_course/{path.relative_to(source / 'rnn_course').as_posix()}"
        for path in (source / "rnn_course").rglob("*")
        if path.is_file()
    }
    notebooks = {f"rnn_course/_exercises/{path.name}" for path in (source / "exercises").glob("*.ipynb")}
    assert (expected | notebooks) <= set(names)
    assert {Path(name).suffix for name in names} >= {".py", ".js", ".css", ".ipynb", ".gz"}
    assert not [name for name in names if "tests/" in name or "tools/" in name]


def test_the_package_works_alone(outside):
    report = json.loads(
        outside(
            code="""
import sys, json
import rnn_course
loaded = sorted({"torch", "matplotlib", "sklearn", "typer", "tqdm"} & set(sys.modules))

import numpy as np
from rnn_course import LSTMCell, check, dynamic_rnn, load_digits
digits = load_digits()
report = check("views.as_vectors", lambda images: images.reshape(len(images), -1))
cell = LSTMCell.init(3, 5, rng=np.random.default_rng(0))
outputs, state = dynamic_rnn(cell, np.ones((2, 4, 3), np.float32))
print(json.dumps({
    "place": rnn_course.__file__, "loaded": loaded, "train": digits.train.images.shape, "report": repr(report),
    "outputs": outputs.shape, "equal": bool((outputs[:, -1] == state.h).all()),
}))
"""
        )
    )
    assert not Path(report["place"]).is_relative_to(ROOT)
    assert report["loaded"] == []
    assert report["train"] == [1437, 28, 28]
    assert report["report"].startswith("✓ passed")
    assert "Torch is not installed and was not checked" in report["report"]
    assert report["outputs"] == [2, 4, 5]
    assert report["equal"]


def test_the_widgets_say_what_is_missing(outside):
    code = """
try:
    import rnn_course.widgets
except ModuleNotFoundError as error:
    print(error)
"""
    assert "anywidget" in outside(code=code)


def test_start_copies_the_notebooks(outside, source, tmp_path):
    outside("start")
    copies = {path.name for path in (tmp_path / "work" / "my-exercises").glob("*.ipynb")}
    assert copies == {path.name for path in (source / "exercises").glob("*.ipynb")}
    assert SAMPLE in copies


def test_the_doctor_finds_nothing_that_must_be_solved(outside):
    out = outside("doctor")
    assert "problem" not in out
    assert 'pip install "rnn-course[torch]"' in out
    assert "by hand and by numbers agree" in out


def test_it_trains_on_numpy(outside, tmp_path):
    out = outside("train", "mlp", "--data", "digits", "--epochs", "1", "--out", "run")
    assert "backend        numpy" in out
    assert 'for curve.png too, install matplotlib: pip install "rnn-course[viz]"' in out
    written = {path.name for path in (tmp_path / "work" / "run").iterdir()}
    assert written == {"model.safetensors", "state.safetensors", "history.json", "log.csv"}
