"""`rnn-course hint`, `solution` and `progress`: one progress, shared with the notebook."""

import json
import os
import subprocess
import sys

import pytest

from rnn_course import check, hint
from rnn_course.checks import EXERCISES
from rnn_course.checks.journal import NAME

HINTS = EXERCISES["views.predict"].hints


def test_hints_climb_from_call_to_call_and_together_with_the_notebook(call, own_folders, monkeypatch):
    call("start")
    assert call("hint", "views.predict").stdout == f"Hint 1 of {len(HINTS)}: {HINTS[0]}\n"
    monkeypatch.chdir(own_folders / "my-exercises")
    assert hint("views.predict") == f"Hint 2 of {len(HINTS)}: {HINTS[1]}"
    assert call("hint", "views.predict", "--step", 1).stdout == f"Hint 1 of {len(HINTS)}: {HINTS[0]}\n"


def test_without_a_folder_a_hint_says_how_to_get_the_next(call, own_folders):
    result = call("hint", "views.predict")
    assert "--step 2" in result.stdout
    assert list(own_folders.iterdir()) == []


def test_the_solution_is_recorded_and_compared(call, own_folders, monkeypatch):
    call("start", "mine")
    monkeypatch.chdir(own_folders / "mine")
    check("views.time_major", lambda x: x.swapaxes(1, 0))
    monkeypatch.chdir(own_folders)
    out = call("solution", "views.time_major", "mine").stdout
    assert "return sequences.swapaxes(0, 1)" in out
    assert "-lambda x: x.swapaxes(1, 0)" in out
    found = json.loads(call("progress", "mine", "--json").stdout)
    assert found["passed"] == 1
    assert found["problems"] == []
    assert found["file"].endswith(NAME)
    assert found["exercises"]["views.time_major"] == {
        "status": "passed",
        "attempts": 1,
        "hints": 0,
        "solution_seen": True,
        "reset": False,
    }
    assert "solution seen" in call("progress", "mine").stdout


def test_progress_without_a_folder_says_how_to_keep_it(call):
    out = call("progress").stdout
    assert f"Your progress: 0 of {len(EXERCISES)} exercises passed" in out
    assert "`rnn-course start`" in out


def test_a_damaged_progress_is_told(call, own_folders):
    call("start")
    with (own_folders / "my-exercises" / NAME).open("ab") as file:
        file.write(b"{")
    assert "damaged, left out and left alone" in call("progress").stdout
    assert "damaged" in json.loads(call("progress", "--json").stdout)["problems"][0]


@pytest.mark.parametrize("command", ["hint", "solution", "reset"])
def test_an_unknown_exercise_is_one_line(error_of, command):
    assert "There is no exercise called 'views.predikt'. Did you mean: views.predict" in error_of(
        command, "views.predikt"
    )


def test_a_folder_that_is_not_there_is_one_line(error_of, own_folders):
    (own_folders / "file").touch()
    for arguments in (["hint", "views.predict"], ["solution", "views.predict"], ["progress"], ["list"], ["watch"]):
        assert "got nowhere (it does not exist): rnn-course start makes one" in error_of(*arguments, "nowhere")
        assert "got file (it is a file)" in error_of(*arguments, "file")


def test_a_step_beyond_the_ladder_is_one_line(error_of):
    assert f"--step: expected 1 to {len(HINTS)}, got 9" in error_of("hint", "views.predict", "--step", 9)


def test_a_terminal_without_these_letters_is_no_error():
    command = [sys.executable, "-W", "error", "-c", "from rnn_course.cli import app; app()", "progress"]
    environment = os.environ | {"PYTHONIOENCODING": "latin-1:strict"}
    result = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr
    assert b"? not attempted" in result.stdout
