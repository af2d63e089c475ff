"""The command line, called in this process or in one of its own."""

import os
import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from rnn_course.checks import journal
from rnn_course.cli import app


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """An empty working folder and an empty cache, so that nothing of this machine is read or written."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("RNN_COURSE_DATA", "RNN_COURSE_PROGRESS", "RNN_COURSE_STRICT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(journal, "_session", [])
    return work


@pytest.fixture
def call():
    """Call the command line here; the result has exit_code, stdout and stderr."""

    def call(*arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="rnn-course")

    return call


@pytest.fixture
def start_process():
    """Start the command line as a process of its own, with warnings as errors; it is ended with the test."""
    processes = []

    def start(*arguments, python=("-W", "error", "-c", "from rnn_course.cli import app; app()")):
        process = subprocess.Popen(
            [sys.executable, *python, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def error_of(call):
    """The single line on stderr of a call that must end with code 2."""

    def error_of(*arguments):
        result = call(*arguments)
        assert result.exit_code == 2, result.output
        assert result.stdout == ""
        assert result.stderr.count("\n") == 1
        assert re.match(r"rnn-course( [a-z]+)?: ", result.stderr)
        return result.stderr

    return error_of
