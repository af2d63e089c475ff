"""`rnn-course start` and `rnn-course list`."""

import json
import subprocess
from pathlib import Path

import pytest

from rnn_course import exercise_notebooks as notebooks_of
from rnn_course.checks import EXERCISES
from rnn_course.checks.journal import NAME
from rnn_course.exercise_notebooks import NoExercises, copy_exercises, exercise_notebooks

OWN = {".gitignore", NAME}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package whose wheel brought two notebooks."""
    package = tmp_path / "site" / "rnn_course"
    (package / "_exercises").mkdir(parents=True)
    for name in ("02_dense.ipynb", "01_views.ipynb", ".keep", "notes.txt"):
        (package / "_exercises" / name).write_text(f"this is {name}")
    monkeypatch.setattr(notebooks_of, "exercise_notebooks", lambda: exercise_notebooks(package))
    return package


def test_start_copies_every_notebook_into_the_default_folder(call, package, own_folders):
    result = call("start")
    assert result.exit_code == 0, result.output
    copies = own_folders / "my-exercises"
    assert {path.name: path.read_text() for path in copies.iterdir() if path.name not in OWN} == {
        "01_views.ipynb": "this is 01_views.ipynb",
        "02_dense.ipynb": "this is 02_dense.ipynb",
    }
    assert "2 copied, 0 kept" in result.stdout


def test_start_makes_the_folder_ones_own_and_nothing_for_git(call, package, own_folders):
    subprocess.run(["git", "init", "--quiet"], check=True)
    call("start")
    copies = own_folders / "my-exercises"
    assert {path.name for path in copies.iterdir()} == {*OWN, "01_views.ipynb", "02_dense.ipynb"}
    status = ["git", "status", "--porcelain", "--untracked-files=all"]
    assert subprocess.run(status, capture_output=True, check=True).stdout == b""
    (copies / ".gitignore").write_text("mine")
    call("start")
    assert (copies / ".gitignore").read_text() == "mine"


def test_start_never_touches_a_file_that_is_there(call, package, own_folders):
    mine = own_folders / "a" / "b" / "01_views.ipynb"
    mine.parent.mkdir(parents=True)
    mine.write_text("my answers")
    result = call("start", "a/b")
    assert mine.read_text() == "my answers"
    assert mine.with_name("02_dense.ipynb").read_text() == "this is 02_dense.ipynb"
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["copied", str(Path("a/b/02_dense.ipynb"))]
    assert lines[1].startswith(f"kept    {Path('a/b/01_views.ipynb')}")
    assert "1 copied, 1 kept" in lines[2]
    assert "0 copied, 2 kept" in call("start", "a/b").stdout


def test_after_an_update_what_is_new_comes_in_and_what_has_changed_is_told(call, package, own_folders):
    call("start", "mine")
    answers = own_folders / "mine" / "02_dense.ipynb"
    answers.write_text("my answers")
    (package / "_exercises" / "02_dense.ipynb").write_text("this is better")
    (package / "_exercises" / "03_new.ipynb").write_text("this is new")
    out = call("start", "mine").stdout
    assert "news    02_dense.ipynb: the course has changed it since you copied it; yours stays as it is." in out
    assert "01_views.ipynb: the course" not in out
    assert "1 copied, 2 kept" in out
    assert answers.read_text() == "my answers"
    assert (own_folders / "mine" / "03_new.ipynb").read_text() == "this is new"
    assert "news    02_dense" in call("start", "mine").stdout
    answers.unlink()
    assert "news" not in call("start", "mine").stdout


def test_outputs_that_were_only_made_anew_are_no_news(call, package, own_folders):
    notebook = package / "_exercises" / "01_views.ipynb"
    cell = {"cell_type": "code", "source": "1 + 1", "outputs": []}
    notebook.write_text(json.dumps({"cells": [cell]}))
    call("start")
    notebook.write_text(json.dumps({"cells": [cell | {"source": ["1 ", "+ 1"], "outputs": [2], "id": "a"}]}))
    assert "news" not in call("start").stdout
    notebook.write_text(json.dumps({"cells": [cell | {"source": "1 + 2"}]}))
    assert "news" in call("start").stdout


def test_a_folder_from_before_the_progress_was_kept_becomes_ones_own(call, package, own_folders):
    copy_exercises(own_folders / "my-exercises", exercise_notebooks(package))
    assert "0 copied, 2 kept" in call("start").stdout
    (package / "_exercises" / "01_views.ipynb").write_text("this is better")
    assert "news    01_views.ipynb" in call("start").stdout


def test_a_copy_that_fails_half_way_is_removed(package, own_folders):
    class Full(type(package)):
        def open(self, *arguments, **options):
            file = super().open(*arguments, **options)

            class Breaks:
                def __enter__(self):
                    return self

                def __exit__(self, *error):
                    file.close()

                def write(self, content):
                    file.write(content[:3])
                    raise OSError(28, "No space left on device")

            return Breaks()

    with pytest.raises(OSError, match="No space"):
        copy_exercises(Full(own_folders / "mine"), exercise_notebooks(package))
    assert list((own_folders / "mine").iterdir()) == []


def test_start_into_a_file_says_so(error_of, package, own_folders):
    (own_folders / "taken").write_text("a file")
    assert "taken cannot be written (it is a file): choose another folder" in error_of("start", "taken")
    assert (own_folders / "taken").read_text() == "a file"


@pytest.mark.parametrize("folder", [".", "exercises", "book/mine", "exercises/mine"])
def test_the_folders_of_a_checkout_stay_as_they_are(error_of, own_folders, monkeypatch, folder):
    (own_folders / "exercises").mkdir()
    (own_folders / "exercises" / "01_views.ipynb").write_text("this is 01")
    (own_folders / "pyproject.toml").touch()
    before = sorted(own_folders.rglob("*"))
    package = own_folders / "rnn_course"
    monkeypatch.setattr(notebooks_of, "exercise_notebooks", lambda: exercise_notebooks(package))
    assert f"{folder} belongs to the course itself: choose a folder of your own" in error_of("start", folder)
    assert sorted(own_folders.rglob("*")) == before


def test_a_checkout_has_its_notebooks_beside_the_package(tmp_path):
    package = tmp_path / "rnn_course"
    (tmp_path / "exercises").mkdir()
    (tmp_path / "exercises" / "01_views.ipynb").write_text("{}")
    with pytest.raises(NoExercises):  # it may be a folder of somebody else
        exercise_notebooks(package)
    (tmp_path / "pyproject.toml").write_text("")
    assert [path.name for path in exercise_notebooks(package)] == ["01_views.ipynb"]


def test_without_notebooks_start_says_what_to_do(error_of, package, own_folders):
    for path in (package / "_exercises").iterdir():
        path.unlink()
    message = error_of("start")
    assert "no exercise notebooks" in message
    assert "install rnn-course again" in message
    assert not (own_folders / "my-exercises").exists()


def test_list_shows_every_exercise(call):
    result = call("list")
    assert result.exit_code == 0
    lines = {line.split()[0]: line for line in result.stdout.splitlines()[2:]}
    assert lines.keys() == EXERCISES.keys()
    for name, exercise in EXERCISES.items():
        assert exercise.title in lines[name]
        line = lines[name].removesuffix("… not attempted")
        difficulty, _, _, minutes, mistakes = line.rsplit(maxsplit=5)[-5:]
        assert [int(difficulty), int(minutes), int(mistakes)] == [
            exercise.difficulty,
            exercise.minutes,
            len(exercise.mistakes),
        ]


def test_list_as_json_has_the_same_and_the_progress(call):
    call("start")
    call("hint", "views.predict")
    listed = {entry["exercise"]: entry for entry in json.loads(call("list", "--json").stdout)}
    assert listed.keys() == EXERCISES.keys()
    assert listed["views.predict"]["progress"]["hints"] == 1
    assert listed["views.as_vectors"]["progress"] == {
        "status": "not attempted",
        "attempts": 0,
        "hints": 0,
        "solution_seen": False,
        "reset": False,
    }
    assert listed["views.as_vectors"] | {"progress": None} == {
        "exercise": "views.as_vectors",
        "chapter": 1,
        "title": EXERCISES["views.as_vectors"].title,
        "difficulty": EXERCISES["views.as_vectors"].difficulty,
        "minutes": EXERCISES["views.as_vectors"].minutes,
        "mistakes": len(EXERCISES["views.as_vectors"].mistakes),
        "hints": len(EXERCISES["views.as_vectors"].hints),
        "progress": None,
    }
