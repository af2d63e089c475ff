"""`rnn-course start` and `rnn-course list`."""

import pytest

from rnn_course import exercise_notebooks as notebooks_of
from rnn_course.checks import EXERCISES
from rnn_course.exercise_notebooks import NoExercises, copy_exercises, exercise_notebooks


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
    assert {path.name: path.read_text() for path in copies.iterdir()} == {
        "01_views.ipynb": "this is 01_views.ipynb",
        "02_dense.ipynb": "this is 02_dense.ipynb",
    }
    assert "2 copied, 0 kept" in result.stdout


def test_start_never_touches_a_file_that_is_there(call, package, own_folders):
    mine = own_folders / "a" / "b" / "01_views.ipynb"
    mine.parent.mkdir(parents=True)
    mine.write_text("my answers")
    result = call("start", "a/b")
    assert mine.read_text() == "my answers"
    assert mine.with_name("02_dense.ipynb").read_text() == "this is 02_dense.ipynb"
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["copied", "a/b/02_dense.ipynb"]
    assert lines[1].startswith("kept    a/b/01_views.ipynb")
    assert "1 copied, 1 kept" in lines[2]
    assert "0 copied, 2 kept" in call("start", "a/b").stdout


def test_a_copy_that_fails_half_way_is_removed(package, own_folders, monkeypatch):
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
        copy_exercises(Full(own_folders / "mine"))
    assert list((own_folders / "mine").iterdir()) == []


def test_start_into_a_file_says_so(error_of, package, own_folders):
    (own_folders / "taken").write_text("a file")
    assert "taken cannot be written (it is a file): choose another folder" in error_of("start", "taken")
    assert (own_folders / "taken").read_text() == "a file"


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
        difficulty, _, _, minutes, mistakes = lines[name].rsplit(maxsplit=5)[-5:]
        assert [int(difficulty), int(minutes), int(mistakes)] == [
            exercise.difficulty,
            exercise.minutes,
            len(exercise.mistakes),
        ]
