"""`rnn-course grade`: a folder becomes a table; an interrupted run loses nothing and gives the same table."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from rnn_course.checks.report import Report
from rnn_course.cli import app
from rnn_course.grading.feedback import page
from rnn_course.grading.submissions import Submission, find_submissions
from rnn_course.grading.tables import Graded, as_csv, as_junit, as_totals
from tests.grading.conftest import MARK, processes_with
from tests.grading.notebooks import RIGHT, WRONG, answered, write
from tests.grading.submissions import make

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no process can be copied on Windows")
COUNT = int(os.environ.get("RNN_COURSE_SUBMISSIONS", "24"))  # 200 takes minutes
COMMAND = (sys.executable, "-W", "error", "-c", "from rnn_course.cli import app; app()", "grade")
OPTIONS = ("--seconds", "60", "--memory", "400", "--workers", "2")


def run(folder, out, *options):
    """Grade in a process of its own; the table's bytes."""
    command = [*COMMAND, str(folder), "--out", str(out), *OPTIONS, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return out.read_bytes()


def interrupted(folder, out, how, after):
    """Start grading, send a signal once `after` results are there, and return what it printed and its exit status."""
    process = subprocess.Popen(
        [*COMMAND, str(folder), "--out", str(out), *OPTIONS], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while process.poll() is None and len(list(out.with_suffix("").glob("*.json"))) < after:
        time.sleep(0.02)
    process.send_signal(how)
    _, errors = process.communicate()
    return errors, process.returncode


def files(folder):
    """The results in a folder, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_run_that_is_killed_loses_nothing_and_gives_the_same_table(tmp_path, monkeypatch):
    monkeypatch.setenv(MARK, str(tmp_path))  # on every process that is started here
    folder = make(tmp_path / "submissions", COUNT)
    whole = run(folder, tmp_path / "whole.csv")
    _, status = interrupted(folder, tmp_path / "again.csv", signal.SIGKILL, COUNT // 3)
    assert status == -signal.SIGKILL
    assert not (tmp_path / "again.csv").exists()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "again").glob("*.json")}
    assert COUNT // 3 <= len(kept) < COUNT
    _, status = interrupted(folder, tmp_path / "again.csv", signal.SIGINT, len(kept) + COUNT // 3)
    assert status == 130
    assert run(folder, tmp_path / "again.csv") == whole
    assert {path: path.stat().st_mtime_ns for path in kept} == kept  # none of them was graded again
    assert files(tmp_path / "again") == files(tmp_path / "whole")
    rows = list(csv.DictReader(whole.decode().splitlines()))
    assert len({row["learner"] for row in rows}) == COUNT
    assert {"passed", "wrong", "not attempted"} <= {row["status"] for row in rows}
    assert processes_with(f"{MARK}={tmp_path}") == []


def test_ctrl_c_says_how_to_go_on(tmp_path):
    folder = make(tmp_path / "submissions", 8)
    errors, status = interrupted(folder, tmp_path / "grades.csv", signal.SIGINT, 2)
    assert status == 130
    assert re.search(r"stopped: \d of 8 notebooks are graded and kept in .*grades", errors)
    assert "run the same command again" in errors
    assert "Traceback" not in errors


def test_what_has_changed_is_graded_again_and_nothing_else(tmp_path):
    folder = tmp_path / "submissions"
    folder.mkdir()
    write(folder / "anna.ipynb", answered(WRONG))
    write(folder / "bert.ipynb", answered(RIGHT))
    first = run(folder, tmp_path / "grades.csv").decode()
    assert first.count(",passed,") == 6
    times = {path.name[:4]: path.stat().st_mtime_ns for path in (tmp_path / "grades").glob("*.json")}
    write(folder / "anna.ipynb", answered(RIGHT))
    for path in (tmp_path / "grades").glob("bert*.json"):
        kept = path
    second = run(folder, tmp_path / "grades.csv").decode()
    assert second.count(",passed,") == 12
    assert kept.stat().st_mtime_ns == times["bert"]
    kept.write_text("{damaged", encoding="utf-8")
    assert run(folder, tmp_path / "grades.csv").decode() == second


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda folder: None, "expected a folder"),
        (lambda folder: folder.write_text("x"), "expected a folder"),
        (lambda folder: folder.mkdir(), "holds no notebook"),
    ],
)
def test_bad_input_is_one_line(tmp_path, prepare, message):
    prepare(tmp_path / "submissions")
    result = CliRunner().invoke(app, ["grade", str(tmp_path / "submissions")])
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert message in result.stderr


def test_odd_files_get_a_row_and_stop_nothing(tmp_path):
    folder = tmp_path / "submissions"
    (folder / "empty").mkdir(parents=True)
    (folder / "bytes.ipynb").write_bytes(b"\xff\x00{")
    (folder / "list.ipynb").write_text("[]", encoding="utf-8")
    (folder / "deep.ipynb").write_text("[" * 100_000, encoding="utf-8")
    (folder / "cells.ipynb").write_text('{"cells": [1, {"cell_type": "code", "source": 3}]}', encoding="utf-8")
    (folder / "loop.ipynb").symlink_to(folder)
    write(folder / "other.ipynb", ["x = 1"])
    rows = list(csv.DictReader(run(folder, tmp_path / "grades.csv").decode().splitlines()))
    assert [(row["learner"], row["status"], row["credit"]) for row in rows] == [
        ("bytes", "nothing to check", "0"),
        ("cells", "nothing to check", "0"),
        ("deep", "nothing to check", "0"),
        ("empty", "no notebook", "0"),
        ("list", "nothing to check", "0"),
        ("other", "nothing to check", "0"),
    ]
    assert all(int(row["problems"]) for row in rows)


def test_submissions_are_found_in_order_and_hidden_ones_are_not(tmp_path):
    for name in (
        "b/x.ipynb",
        "b/deep/a.ipynb",
        "b/.ipynb_checkpoints/x.ipynb",
        "b/backups/x.ipynb",
        "a.ipynb",
        "n.txt",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}", encoding="utf-8")
    found = find_submissions(tmp_path)
    assert [(s.learner, s.name) for s in found] == [("a", "a.ipynb"), ("b", "deep/a.ipynb"), ("b", "x.ipynb")]
    assert len({s.key for s in found}) == 3
    assert all(re.fullmatch(r"[\w-]+", s.key) for s in found)


NASTY = '<script>alert("x")</script>&\x00\ud800'


def nasty(learner):
    """What was graded of a learner with such a name, whose answers say nasty things."""
    report = Report("views.predict", "wrong", NASTY, (NASTY,), parts=((NASTY, False), ("b", True)))
    return Graded(Submission(learner, Path("x"), f"{NASTY}.ipynb"), (report,), (NASTY,))


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", " =1"])
def test_no_cell_of_a_table_is_a_formula(start):
    for table in (as_csv([nasty(start)]), as_totals([nasty(start)])):
        learner = list(csv.reader(table.decode().splitlines()))[1][0]
        assert learner.startswith("'") or learner.startswith(" ")
        assert b"\r" not in table


def test_pages_escape_everything_and_load_nothing():
    text = page("=" + NASTY, [nasty("a")]).decode()
    assert "<script" not in text
    assert not re.search(r"""(src|href)=|https?:|url\(|@import""", text)
    assert '<html lang="en">' in text
    assert "color-scheme: light dark" in text
    assert "1 of 2 parts are right" in text


def test_junit_is_xml_whatever_is_in_it():
    root = ElementTree.fromstring(as_junit([nasty(NASTY), nasty("b")]))
    assert [(suite.get("tests"), suite.get("failures")) for suite in root] == [("1", "1")] * 2


def test_partial_credit_is_in_the_table(tmp_path):
    folder = tmp_path / "submissions"
    folder.mkdir()
    write(folder / "anna.ipynb", answered(RIGHT | {"views.predict": WRONG["views.predict"]}))
    run(folder, tmp_path / "grades.csv", "--junit", str(tmp_path / "junit.xml"))
    rows = list(csv.DictReader((tmp_path / "grades.csv").read_text().splitlines()))
    assert (rows[0]["status"], rows[0]["mistake"]) == ("wrong", "channels first")
    assert 0 < float(rows[0]["credit"]) < 1
    failed = [row["exercise"] for row in rows if row["status"] != "passed"]
    assert [name for name in failed if name in RIGHT] == ["views.predict"]
    assert ElementTree.parse(tmp_path / "junit.xml").getroot()[0].get("failures") == str(len(failed))
    assert re.search(
        r"\d+ of \d+ parts are right", next((tmp_path / "grades").glob("*.html")).read_text(encoding="utf-8")
    )
    assert json.loads(next((tmp_path / "grades").glob("*.json")).read_text())["result"]["problems"] == []
