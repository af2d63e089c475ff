"""The source notebooks for nbgrader: what is marked, what is taken out, and what a locked cell says to an answer."""

import contextlib
import io
import re

import nbformat
import pytest

from rnn_course.checks import EXERCISES
from rnn_course.checks.catalogue import chapter_of
from tools.nbgrader_source import POINTS_PER_DIFFICULTY, SOLUTIONS, assignment, main

SOURCES = sorted(SOLUTIONS.glob("*.py"))
REGION = re.compile(r"^( *)### BEGIN SOLUTION\n.*?### END SOLUTION", re.DOTALL | re.MULTILINE)


def released(source):
    """What nbgrader makes of an answer for the learners."""
    return REGION.sub(r"\1# YOUR CODE HERE\n\1raise NotImplementedError()", source)


def marked(notebook, mark):
    return [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get(mark)]


def points_of(cells, answer):
    """The number that the locked cell of the exercise ends with, after these cells and that answer."""
    first, test = cells
    names = {"__name__": "notebook"}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(first, names)
        exec(answer, names)
        *statements, last = test.source.splitlines()
        exec("\n".join(statements), names)
        return eval(last, names)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_exercise_is_an_answer_and_a_locked_cell_with_points(path):
    notebook = assignment(path)
    nbformat.validate(notebook)
    answers, tests = marked(notebook, "solution"), marked(notebook, "grade")
    names = [name for name in EXERCISES if chapter_of(name) == path.stem[:2]]
    assert sorted(re.search(r'rnn_course\.check\("([\w.]+)"', cell.source)[1] for cell in tests) == sorted(names)
    assert len(answers) == len(tests)
    assert all(cell.metadata.nbgrader.locked for cell in tests)
    assert not any(cell.metadata.nbgrader.locked or cell.metadata.nbgrader.grade for cell in answers)
    total = sum(cell.metadata.nbgrader.points for cell in tests)
    assert total == POINTS_PER_DIFFICULTY * sum(EXERCISES[name].difficulty for name in names)
    identities = [cell.metadata.nbgrader.grade_id for cell in answers + tests]
    assert len(set(identities)) == len(identities)
    assert all(re.fullmatch(r"[\w-]+", identity) for identity in identities)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_what_is_released_holds_no_answer(path):
    for cell in marked(assignment(path), "solution"):
        kept = released(cell.source)
        assert kept != cell.source
        assert "SOLUTION" not in kept
        taken = [line.strip() for found in REGION.finditer(cell.source) for line in found[0].splitlines()[1:-1]]
        assert taken
        assert not [line for line in taken if len(line) > 20 and line in map(str.strip, kept.splitlines())]


def test_a_locked_cell_gives_the_points_that_an_answer_has_earned():
    notebook = assignment(SOLUTIONS / "01_one_batch_three_views.py")
    first = next(cell.source for cell in notebook.cells if cell.cell_type == "code")
    answer, test = marked(notebook, "solution")[0], marked(notebook, "grade")[0]
    assert test.metadata.nbgrader.points == 2
    half = answer.source.replace("(batch, 28, 28, 1)", "(batch, 1, 28, 28)")
    assert half != answer.source
    assert points_of((first, test), answer.source) == 2
    assert 0 < points_of((first, test), half) < 2
    assert points_of((first, test), released(answer.source)) == 0


def test_an_unknown_assignment_is_one_line(tmp_path, capsys):
    assert main([str(tmp_path), "99_nothing"]) == 1
    assert "there are: 01_one_batch_three_views" in capsys.readouterr().out
    assert main([str(tmp_path / "source"), "01_one_batch_three_views"]) == 0
    written = tmp_path / "source" / "01_one_batch_three_views" / "01_one_batch_three_views.ipynb"
    assert nbformat.read(written, as_version=4).cells
