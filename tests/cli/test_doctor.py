"""`rnn-course doctor`: a line for each thing, ok or what to do."""

import builtins
import gzip
import importlib.metadata
import sys
from importlib.util import find_spec

import pytest

from rnn_course import arrays
from rnn_course.cli import doctor
from rnn_course.data import mnist


@pytest.fixture
def lines(call):
    """Call the doctor: `lines()` gives the lines by their part, `lines(1)` expects the exit code 1."""

    def lines(exit_code=0):
        result = call("doctor")
        assert result.exit_code == exit_code, result.output
        return {line.split("  ")[0]: line.split("  ", 1)[-1].strip() for line in result.stdout.splitlines()[2:]}

    return lines


@pytest.fixture
def without_torch(monkeypatch):
    """Torch as if it were not installed."""
    import_, version = builtins.__import__, importlib.metadata.version

    def no_import(name, *arguments, **options):
        if name == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
        return import_(name, *arguments, **options)

    def no_version(name):
        if name == "torch":
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(builtins, "__import__", no_import)
    monkeypatch.setattr(importlib.metadata, "version", no_version)
    for module in (doctor, sys.modules["rnn_course.gradcheck"]):
        monkeypatch.setattr(module, "find_spec", lambda name: None if name == "torch" else find_spec(name))


def test_where_everything_is_installed_nothing_is_a_problem(lines, tmp_path):
    lines = lines()
    for part in ("Python", "rnn-course", "packages", "extra torch", "cpu", "digits", "cache", "gradient"):
        assert lines[part].startswith("ok"), part
    assert "numpy 2" in lines["packages"]
    assert "1,797" in lines["digits"]
    assert "NumPy = Torch" in lines
    assert str(tmp_path / "cache") in lines["cache"]


def test_mnist_that_is_not_there_is_a_note_that_says_what_to_do(lines):
    line = lines()["MNIST"]
    assert line.startswith("note")
    assert "downloaded" in line
    assert "RNN_COURSE_DATA" in line


def test_mnist_in_a_folder_of_ones_own_is_verified(lines, tmp_path, monkeypatch):
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in mnist.FILES:
        (folder / name).write_bytes(gzip.compress(name.encode(), mtime=0))
    monkeypatch.setenv("RNN_COURSE_DATA", str(folder))
    files = {name: mnist.sha256_of(folder / name) for name in mnist.FILES}
    monkeypatch.setattr(mnist, "FILES", files)
    assert lines()["MNIST"].startswith("ok")
    first, second, *_ = files
    (folder / first).write_bytes(b"something else")
    (folder / second).unlink()
    line = lines()["MNIST"]
    assert line.startswith("note")
    assert f"{second} is missing, {first} is damaged: " in line


def test_a_cache_that_cannot_be_written_is_a_note(lines, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    line = lines()["cache"]
    assert line.startswith("note")
    assert "RNN_COURSE_DATA" in line


def test_without_torch_the_rest_is_checked_and_the_extra_is_named(lines, without_torch):
    lines = lines()
    assert lines["extra torch"].startswith("note")
    assert 'pip install "rnn-course[torch]"' in lines["extra torch"]
    assert lines["gpu"].startswith("note")
    assert lines["gradient"] == "ok      of an LSTM: by hand and by numbers agree"
    assert "NumPy = Torch" not in lines


@pytest.mark.parametrize(
    ("found", "line"),
    [
        ({"cuda:0": "A Card"}, "ok      cuda:0 (A Card); the device auto takes cuda:0"),
        ({"mps": "Apple GPU"}, "ok      mps (Apple GPU); the device auto takes mps"),
        ({}, "note    Torch sees none; nothing in the course needs one"),
    ],
)
def test_the_graphics_card_is_named(lines, monkeypatch, found, line):
    monkeypatch.setattr(arrays, "accelerators", lambda: found)
    assert lines()["gpu"] == line


def test_a_required_package_that_is_missing_or_old_is_a_problem():
    packages = {"numpy": "99.1", "no-such-package": "1", "typer": "0.1"}
    part, status, text = doctor.installed("packages", packages, doctor.PROBLEM, "rnn-course")
    assert (part, status) == ("packages", "problem")
    assert "no-such-package is not installed" in text
    assert "older than 99.1" in text
    assert 'pip install "rnn-course"' in text
    assert "typer" not in text


def test_requirements_are_read_with_their_extras_and_lowest_versions():
    assert doctor.requirements(
        ["numpy>=2.2", "tqdm", 'torch>=2.6; extra == "torch"', "jupyter-book<2,>=1.0.4 ; extra == 'book'"]
    ) == ({"numpy": "2.2", "tqdm": "0"}, {"torch": {"torch": "2.6"}, "book": {"jupyter-book": "1.0.4"}})


def test_a_wrong_gradient_is_a_problem_and_leaves_with_1(lines, monkeypatch):
    from rnn_course.cells import LSTMCell

    right = LSTMCell.scan_forward

    def wrong(self, inputs, state, lengths=None):
        outputs, final_state, backward = right(self, inputs, state, lengths)

        def forgets_c(d_outputs, d_final_state):
            d_cell, d_inputs, d_state = backward(d_outputs, d_final_state)
            return d_cell, d_inputs, d_state._replace(c=0 * d_state.c)

        return outputs, final_state, forgets_c

    monkeypatch.setattr(LSTMCell, "scan_forward", wrong)
    lines = lines(1)
    assert lines["gradient"].startswith("problem")
    assert "1 problem to solve" in " ".join(lines)


def test_a_check_that_breaks_is_a_problem_and_the_others_run(lines, monkeypatch):
    def breaks():
        raise ImportError("libcudart.so: cannot open\nshared object file")
        yield

    monkeypatch.setitem(doctor.CHECKS, "devices", breaks)
    lines = lines(1)
    assert lines["devices"].split(maxsplit=1) == [
        "problem",
        "ImportError: libcudart.so: cannot open shared object file. Install it again.",
    ]
    assert lines["gradient"].startswith("ok")
