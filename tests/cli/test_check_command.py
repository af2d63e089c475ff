"""`rnn-course check`: notebooks from outside, their answers, and a status that a machine can read."""

import json
from xml.etree import ElementTree

import pytest

from rnn_course.checks import EXERCISES
from rnn_course.checks.board import chapters
from rnn_course.checks.journal import Journal, begin
from rnn_course.checks.report import Report
from rnn_course.checks.standing import standings
from rnn_course.cli.results import Checked, as_json, as_text, write_junit
from rnn_course.grading.notebook import NotebookResult
from rnn_course.grading.session import is_supported

pytestmark = pytest.mark.skipif(not is_supported(), reason="no process with limits on this system")
IMPORT = "from rnn_course import check"
RIGHT = "def as_vectors(x):\n    return x.reshape(len(x), -1)\n\n\ncheck('views.as_vectors', as_vectors)"
WRONG = "check('views.time_major', lambda x: x)"
STUB = "def f(*a):\n    raise NotImplementedError\n\n\ncheck('views.as_images', f)"
ANSWERS = {
    "views.predict": "lambda n: ((n, 784), (n, 28, 28, 1), (n, 28, 28))",
    "views.as_vectors": "lambda x: x.reshape(len(x), -1)",
    "views.as_images": "lambda v, r, c: v.reshape(-1, r, c, 1)",
    "views.channels_first": "lambda x: x.transpose(0, 3, 1, 2)",
    "views.time_major": "lambda x: x.swapaxes(0, 1)",
    "views.row_at_step": "lambda x, t: x[:, t]",
    "views.rows_per_step": "lambda x, k: x.reshape(len(x), -1, k * x.shape[2])",
    "views.memory": "lambda x: x.cumsum(1)",
}
ALL = len(ANSWERS)
ALL_RIGHT = [f"check({name!r}, {answer})" for name, answer in ANSWERS.items()]


@pytest.fixture
def write(own_folders):
    """Write a notebook of these code cells."""

    def write(name, *sources):
        path = own_folders / name
        path.parent.mkdir(exist_ok=True)
        cells = [
            {"cell_type": "code", "metadata": {}, "source": source, "outputs": []} for source in (IMPORT, *sources)
        ]
        path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
        return path

    return write


def test_the_answers_here_are_those_of_the_first_chapter():
    assert list(ANSWERS) == [exercise.name for exercise in chapters()["01"]]


def test_where_all_have_passed_it_leaves_with_0(call, write):
    result = call("check", write("mine.ipynb", *ALL_RIGHT))
    assert result.exit_code == 0, result.output
    assert f"mine.ipynb: {ALL} of {ALL} passed" in result.stdout
    assert "✓ passed · views.predict" in result.stdout


def test_anything_else_leaves_with_1_and_is_told_why(call, write):
    result = call("check", write("mine.ipynb", RIGHT, WRONG, STUB))
    assert result.exit_code == 1
    assert f"mine.ipynb: 1 of {ALL} passed" in result.stdout
    assert "✗ wrong · views.time_major" in result.stdout
    assert "… not attempted · views.as_images" in result.stdout


def test_what_was_not_attempted_may_be_let_off(call, write):
    assert call("check", "--attempted", write("a.ipynb", RIGHT, STUB)).exit_code == 0
    assert call("check", "--attempted", write("b.ipynb", RIGHT, WRONG)).exit_code == 1


def test_a_folder_is_all_its_notebooks_each_once(call, write, own_folders):
    first = write("all/a.ipynb", RIGHT)
    write("all/b.ipynb", WRONG)
    write("all/.ipynb_checkpoints/c.ipynb", RIGHT)
    result = call("check", "all", first.relative_to(own_folders))
    assert result.stdout.count(".ipynb: ") == 2
    assert f"2 notebooks: 1 of {2 * ALL} passed" in result.stdout


def test_json_says_it_all(call, write):
    result = call("check", "--json", write("mine.ipynb", RIGHT, WRONG, STUB))
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert found["ok"] is False
    (notebook,) = found["notebooks"]
    assert notebook["ok"] is False
    assert notebook["notebook"].endswith("mine.ipynb")
    statuses = {entry["exercise"]: entry["status"] for entry in notebook["exercises"]}
    assert statuses["views.as_vectors"] == "passed"
    assert statuses["views.time_major"] == "wrong"
    assert statuses["views.as_images"] == "not attempted"


def test_junit_is_xml_whose_counts_agree(call, write, own_folders):
    notebooks = write("a.ipynb", RIGHT, WRONG, STUB), write("b.ipynb", *ALL_RIGHT)
    call("check", "--attempted", "--junit", "out.xml", *notebooks)
    root = ElementTree.parse(own_folders / "out.xml").getroot()
    assert root.tag == "testsuites"
    assert [suite.get("tests") for suite in root] == [f"{ALL}", f"{ALL}"]
    assert (root.get("tests"), root.get("failures"), root.get("errors"), root.get("skipped")) == (
        f"{2 * ALL}",
        "1",
        "0",
        f"{ALL - 2}",
    )
    (failure,) = root.iter("failure")
    assert failure.get("type") == "wrong"
    assert "✗ wrong · views.time_major" in failure.text
    assert {case.get("classname") for case in root.iter("testcase")} == {"a", "b"}
    assert {case.get("name") for case in root.iter("testcase")} == set(ANSWERS)


def test_whatever_a_report_says_is_legal_in_every_format(tmp_path):
    evil = "\x00\x1b[31m<![CDATA[]]>&\ud800\ufffe 中文 ]]> \"'"
    report = Report("views.predict", "wrong", evil, (evil,))
    checked = Checked(tmp_path / "a<b>&\x01.ipynb", NotebookResult("a", (report,), (evil,), 0.1))
    write_junit(tmp_path / "out.xml", [checked])
    (failure,) = ElementTree.parse(tmp_path / "out.xml").getroot().iter("failure")
    assert "中文 ]]>" in failure.text
    assert json.loads(as_json([checked]))["notebooks"][0]["problems"] == [evil]
    assert "note: " in as_text(checked)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff" * 100, b"print(1)"])
def test_a_file_that_is_no_notebook_is_a_failure_with_a_reason(call, own_folders, content):
    (own_folders / "no.ipynb").write_bytes(content)
    result = call("check", "no.ipynb", "--junit", "out.xml")
    assert result.exit_code == 1
    assert "This is no notebook" in result.stdout
    root = ElementTree.parse(own_folders / "out.xml").getroot()
    assert root.get("errors") == "1"
    assert "This is no notebook" in next(root.iter("error")).text


def test_a_loop_without_end_is_ended(call, write):
    loop = "def time_major(x):\n    while True:\n        pass\n\n\ncheck('views.time_major', time_major)"
    result = call("check", write("mine.ipynb", RIGHT, loop), "--seconds", 6)
    assert result.exit_code == 1
    assert "✓ passed · views.as_vectors" in result.stdout
    assert "timed out · views.time_major" in result.stdout


def test_in_a_learners_folder_the_outcome_is_kept_with_the_source(call, write, own_folders):
    path = write("mine/mine.ipynb", RIGHT, WRONG, STUB)
    begin(own_folders / "mine")
    for _ in range(2):
        call("check", path)
    records = Journal.here(own_folders / "mine").read().records
    assert len(records) == 2
    known = standings(records)
    assert known["views.as_vectors"].source == RIGHT.partition("\n\n\n")[0] + "\n"
    assert known["views.time_major"].status == "wrong"
    assert "2 of" not in call("progress", "mine").stdout.splitlines()[0]


def test_elsewhere_nothing_is_written(call, write, own_folders):
    path = write("mine.ipynb", RIGHT)
    call("check", path)
    assert list(own_folders.iterdir()) == [path]


def test_bad_input_is_one_line(error_of, write, own_folders):
    (own_folders / "empty").mkdir()
    path = write("mine.ipynb", RIGHT)
    assert "nowhere.ipynb does not exist: expected a notebook" in error_of("check", "nowhere.ipynb")
    assert "there is no notebook in the folder empty" in error_of("check", "empty")
    assert "seconds: expected a number above 0, got -1" in error_of("check", path, "--seconds", -1)
    assert "memory: expected a number above 0, got 0" in error_of("check", path, "--memory", 0)
    assert "rnn-course check: " in error_of("check")


def test_a_report_that_cannot_be_written_is_one_line(call, write, own_folders):
    result = call("check", write("mine.ipynb", *ALL_RIGHT), "--junit", "nowhere/out.xml")
    assert result.exit_code == 2
    assert "--junit" in result.stderr
    assert not (own_folders / "nowhere").exists()


def test_every_exercise_of_the_catalogue_has_a_name_that_xml_takes(tmp_path):
    reports = tuple(Report(name, "wrong", exercise.statement) for name, exercise in EXERCISES.items())
    write_junit(tmp_path / "all.xml", [Checked(tmp_path, NotebookResult("all", reports, (), 1.0))])
    assert len(list(ElementTree.parse(tmp_path / "all.xml").getroot().iter("failure"))) == len(EXERCISES)
