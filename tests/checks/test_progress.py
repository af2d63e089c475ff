"""The file of progress: nothing is lost by merging, by writing at once, by a kill, or by damage."""

import os
import random
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnn_course.checks import journal as journals
from rnn_course.checks import whole_lines
from rnn_course.checks.journal import NAME, Journal, begin, find
from rnn_course.checks.record import LONGEST_SOURCE, Record, of_check, parse
from rnn_course.checks.standing import Standing, standings

NAMES = ("views.predict", "lstm.step")
SECONDS = st.integers(0, 59).map(lambda s: f"2031-01-01T00:00:{s:02}Z")
IDS = st.integers(0, 999).map(lambda n: f"{n:06}-abc")
ANSWERS = st.sampled_from(
    ["", "def f(x):\n    return x\n", "def f(x):\n    return 2 * x  # ×\n", "lambda x: '\u2028\ud800'"]
)
CHECKS = st.builds(
    lambda name, status, source, when, id: replace(of_check(name, status, "", source), when=when, id=id),
    st.sampled_from(NAMES),
    st.sampled_from(["passed", "wrong", "raised", "timed out"]),
    ANSWERS,
    SECONDS,
    IDS,
)
OTHERS = st.builds(
    Record, st.sampled_from(["hint", "solution", "reset"]), st.sampled_from(NAMES), SECONDS, IDS, step=st.integers(0, 3)
)
RECORDS = st.lists(st.one_of(CHECKS, OTHERS), max_size=12)


@pytest.fixture(autouse=True)
def of_its_own(monkeypatch, tmp_path):
    """A session without records, in an empty folder."""
    monkeypatch.setattr(journals, "_session", [])
    monkeypatch.delenv("RNN_COURSE_PROGRESS", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def mine(tmp_path):
    """A learner's folder."""
    folder = tmp_path / "mine"
    folder.mkdir()
    return begin(folder)


def lines(records):
    return [record.line() for record in records]


@given(RECORDS)
def test_a_line_says_all_that_a_record_does(records):
    assert [parse(line) for line in lines(records)] == records
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 and line.isascii() for line in lines(records))


@given(RECORDS, RECORDS, RECORDS)
def test_merging_is_the_union_of_lines_in_any_order_and_any_number_of_times(a, b, c):
    def merged(*files):
        found, damaged = journals._parsed(b"".join(sorted({line for file in files for line in file})))
        assert not damaged
        return standings(found)

    a, b, c = map(lines, (a, b, c))
    once = merged(a, b)
    assert merged(b, a) == once == merged(a, b, a, b)
    both = sorted(set(a) | set(b))
    assert merged(both, c) == merged(a, sorted(set(b) | set(c)))


@given(RECORDS, st.randoms(use_true_random=False))
def test_what_counts_does_not_depend_on_the_order_of_lines(records, shuffled):
    other = list(records)
    shuffled.shuffle(other)
    assert standings(other) == standings(records)


@given(RECORDS, RECORDS)
def test_more_records_take_nothing_away(a, b):
    before, after = standings(a), standings(a + b)
    for name, standing in before.items():
        assert after[name].passed >= standing.passed
        assert after[name].attempts >= standing.attempts
        assert after[name].solution_seen >= standing.solution_seen


def test_what_counts_of_an_exercise():
    def at(second, event, **rest):
        return Record(event, "lstm.step", f"2031-01-01T00:00:{second:02}Z", "1", **rest)

    records = [
        at(1, "check", status="wrong", digest="a"),
        at(2, "hint", step=1),
        at(3, "hint", step=2),
        at(4, "check", status="passed", digest="b", source="B"),
        at(5, "check", status="wrong", digest="a"),
        at(6, "solution"),
    ]
    assert standings(records[:1])["lstm.step"] == Standing("wrong", attempts=1)
    assert standings(records)["lstm.step"] == Standing("passed", 2, 2, True, "B")
    reset = standings([*records, at(7, "reset")])["lstm.step"]
    assert reset == Standing("passed", 2, 0, True, "B", reset=True)
    assert reset.title() == "✓ passed, then reset"
    assert standings([at(1, "check", status="wrong"), at(2, "reset")])["lstm.step"].title() == "… not attempted"
    assert standings(records)["lstm.step"].help_seen(3) == "hint 2 of 3, solution seen"


def test_records_of_the_same_second_stay_in_order(mine):
    for step in range(1, 30):
        mine.add(Record("hint", "lstm.step", step=step))
    assert [record.step for record in mine.read().records] == list(range(1, 30))


def test_the_same_answer_again_is_no_new_record(mine):
    first, second = (of_check("lstm.step", "passed", "", source) for source in ("one", "two"))
    for record in (first, first, second, second, first):
        mine.add_check(record)
    assert len(mine.read().records) == 3
    standing = standings(mine.read().records)["lstm.step"]
    assert (standing.attempts, standing.source) == (2, "one")


def test_an_answer_that_is_very_long_is_not_kept_but_counts(mine):
    mine.add_check(of_check("lstm.step", "passed", "", "x" * (LONGEST_SOURCE + 1)))
    assert len(mine.path.read_bytes()) < 500
    assert standings(mine.read().records)["lstm.step"].passed


WRITER = """
import sys
from pathlib import Path
from rnn_course.checks.journal import Journal
from rnn_course.checks.record import Record
journal, me = Journal(Path(sys.argv[1])), sys.argv[2]
print("ready", flush=True)
for step in range(1, int(sys.argv[3]) + 1):
    assert journal.add(Record("hint", me, step=step, source="x" * (step * 37 % 3000))) == ""
"""


def writer(path, name, count):
    command = [sys.executable, "-W", "error", "-c", WRITER, str(path), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def test_several_processes_at_once_lose_nothing(mine):
    processes = [writer(mine.path, f"process.{k}", 200) for k in range(4)]
    assert [process.wait(60) for process in processes] == [0] * 4
    for process in processes:
        process.stdout.close()
    records, problems = mine.read()
    assert problems == ()
    for k in range(4):
        assert [r.step for r in records if r.exercise == f"process.{k}"] == list(range(1, 201))


def test_a_kill_in_the_middle_loses_at_most_the_line_being_written(mine):
    for k in range(5):
        process = writer(mine.path, f"killed.{k}", 1_000_000)
        assert process.stdout.readline() == b"ready\n"
        time.sleep(random.Random(k).uniform(0.01, 0.1))
        process.kill()
        process.wait()
        process.stdout.close()
        assert mine.add(Record("hint", f"after.{k}", step=1)) == ""
    records, _ = mine.read()
    for k in range(5):
        steps = [r.step for r in records if r.exercise == f"killed.{k}"]
        assert steps == list(range(1, len(steps) + 1))
        assert [r.step for r in records if r.exercise == f"after.{k}"] == [1]


DAMAGE = [
    b'{"when": "2031-01-01T00:00:00Z", "id": "1", "event": "hi',
    b"\xff\xfe\x00\x00",
    b"[" * 100_000,
    b"null",
    b'{"when": "yesterday", "id": "1", "event": "hint"}',
    b'{"when": "2031-01-01T00:00:00Z", "id": "1", "event": "hint", "step": true}',
    b'{"when": "2031-01-01T00:00:00Z", "id": "", "event": "hint"}',
    b"<<<<<<< mine",
]


@pytest.mark.parametrize("damage", DAMAGE, ids=range(len(DAMAGE)))
def test_a_damaged_line_is_left_out_kept_and_reported(mine, damage):
    mine.add(Record("hint", "lstm.step", step=1))
    with mine.path.open("ab") as file:
        file.write(damage)  # without an end of line, as a kill leaves it
    mine.add(Record("hint", "lstm.step", step=2))
    records, problems = mine.read()
    assert [record.step for record in records] == [1, 2]
    assert len(problems) == 1
    assert f"line 2 of {mine.path} is damaged, left out and left alone" in problems[0]
    assert damage in mine.path.read_bytes()


def test_an_event_of_a_later_version_is_no_damage(mine):
    with mine.path.open("ab") as file:
        file.write(b'{"when": "2031-01-01T00:00:00Z", "id": "1", "event": "badge", "colour": "blue"}\r\n')
        file.write(b'{"when": "2031-01-01T00:00:00Z", "id": "2", "event": "hint", "step": 1, "colour": "blue"}\r\n')
    records, problems = mine.read()
    assert [record.step for record in records] == [1]
    assert problems == ()


def test_a_full_disk_leaves_nothing_half_written(mine, monkeypatch):
    mine.add(Record("hint", "lstm.step", step=1))
    before = mine.path.read_bytes()
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: write(descriptor, content[:9]))
    problem = mine.add(Record("hint", "lstm.step", step=2))
    assert "No space left on device" in problem
    assert mine.path.read_bytes() == before
    assert [record.step for record in mine.read().records] == [1, 2]  # for this session


def test_a_path_that_cannot_be_written_is_one_clear_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("RNN_COURSE_PROGRESS", str(tmp_path))
    problem = Journal.here().add(Record("hint", "lstm.step", step=1))
    assert f"cannot be written to {tmp_path} (it is a folder)" in problem
    assert "RNN_COURSE_PROGRESS" in problem
    reading = Journal.here().read()
    assert [record.step for record in reading.records] == [1]
    assert "cannot be read (it is a folder)" in reading.problems[0]


@pytest.mark.skipif(sys.platform == "win32", reason="flock is not there")
def test_somebody_who_never_lets_go_does_not_stop_us(mine, monkeypatch):
    import fcntl

    monkeypatch.setattr(whole_lines, "PATIENCE", 0.1)
    with mine.path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert mine.add(Record("hint", "lstm.step", step=1)) == ""
        assert len(mine.read().records) == 1


def test_nothing_is_written_where_no_folder_was_started(tmp_path):
    here = Journal.here()
    assert here.path is None
    assert here.add(Record("hint", "lstm.step", step=1)) == ""
    assert len(here.read().records) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_found_from_below_but_not_across_the_border_of_a_project(mine, monkeypatch):
    below = mine.path.parent / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert find() == Journal.here().path == mine.path.resolve()
    (mine.path.parent / "a" / "pyproject.toml").touch()
    assert find() is None
    (mine.path.parent / "a" / NAME).touch()
    assert find() == (mine.path.parent / "a" / NAME).resolve()


def test_the_variable_names_a_file_or_says_off(mine, monkeypatch, tmp_path):
    monkeypatch.chdir(mine.path.parent)
    monkeypatch.setenv("RNN_COURSE_PROGRESS", " OFF ")
    assert Journal.here().path is None
    monkeypatch.setenv("RNN_COURSE_PROGRESS", str(tmp_path / "other.jsonl"))
    assert Journal.here().read() == ((), ())
    Journal.here().add(Record("hint", "lstm.step", step=1))
    assert (tmp_path / "other.jsonl").read_bytes().count(b"\n") == 1
    assert mine.path.read_bytes() == b""


def test_a_working_folder_that_was_deleted_is_no_error(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert Journal.here().path is None
