"""`rnn-course watch`: a notebook is checked when it was saved, and only then."""

import json
import os
import queue
import signal
import sys
import threading

import pytest

from rnn_course.checks.board import chapters
from rnn_course.checks.report import Report
from rnn_course.cli.watch import news, saved
from rnn_course.grading.session import is_supported

IMPORT = "from rnn_course import check"
ALL = len(chapters()["01"])


def notebook(*sources):
    cells = [{"cell_type": "code", "metadata": {}, "source": source, "outputs": []} for source in (IMPORT, *sources)]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})


class Looks:
    """A folder that is changed between two looks: one action at each pause; then it is over."""

    def __init__(self, *actions):
        self.actions = list(actions)

    def __call__(self):
        if not self.actions:
            raise KeyboardInterrupt
        if action := self.actions.pop(0):
            action()


def seen(folder, *actions):
    found = []
    try:
        for path in saved(folder, Looks(*actions)):
            found.append(path.name)
    except KeyboardInterrupt:
        return found


def test_a_save_is_seen_once_when_it_has_come_to_rest(own_folders):
    (own_folders / "a.ipynb").write_text("1")
    (own_folders / "b.ipynb").write_text("1")

    def save(name, text):
        return lambda: (own_folders / name).write_text(text)

    assert seen(own_folders, None, None, None) == []
    assert seen(own_folders, save("a.ipynb", "22"), None, None, None) == ["a.ipynb"]
    assert seen(own_folders, save("a.ipynb", "3"), save("a.ipynb", "33"), None, None) == ["a.ipynb"]
    assert seen(own_folders, save("new.ipynb", "1"), None, None) == ["new.ipynb"]
    assert seen(own_folders, (own_folders / "a.ipynb").unlink, None, save("a.ipynb", "4"), None, None) == ["a.ipynb"]
    assert seen(own_folders, save(".hidden.ipynb", "1"), save("notes.txt", "1"), None, None) == []


def test_a_save_that_replaces_the_file_is_seen(own_folders):
    (own_folders / "a.ipynb").write_text("1")

    def replace():
        (own_folders / "part").write_text("2")
        os.utime(own_folders / "part", (1, 1))  # an older time, as from a backup
        os.replace(own_folders / "part", own_folders / "a.ipynb")

    assert seen(own_folders, replace, None, None) == ["a.ipynb"]


def test_only_what_has_changed_is_told(tmp_path):
    before = (Report("views.predict", "passed", ""), Report("views.as_images", "wrong", "first"))
    after = (before[0], Report("views.as_images", "wrong", "second"))
    path = tmp_path / "a.ipynb"
    first = list(news(path, (*before, Report("views.time_major", "not attempted", "Your turn")), (), None))
    assert [line[:30] for line in first[:3]] == ["✓ passed · views.predict", "✗ wrong · views.as_images", "  first"]
    assert first[-1].endswith("a.ipynb: 1 of 3 passed")
    second = list(news(path, after, ("Cell 2: odd",), {report.name: report for report in before}))
    assert second[:3] == ["✗ wrong · views.as_images", "  second", "note: Cell 2: odd"]
    assert len(second) == 4
    assert len(list(news(path, after, (), {report.name: report for report in after}))) == 1


def test_without_a_notebook_it_says_what_to_do(error_of):
    assert "rnn-course start makes a folder with the exercises" in error_of("watch")


@pytest.mark.skipif(sys.platform == "win32" or not is_supported(), reason="no signals, or no process with limits")
def test_real_saves_are_checked_and_ctrl_c_ends_it(start_process, own_folders):
    path = own_folders / "mine.ipynb"
    path.write_text(notebook("check('views.as_vectors', lambda x: x)"))
    process = start_process("watch")
    lines = queue.Queue()
    threading.Thread(target=lambda: [lines.put(line) for line in process.stdout], daemon=True).start()

    def until(text):
        got = []
        while not got or text not in got[-1]:
            got.append(lines.get(timeout=60))
        return got

    until("watching 1 notebooks")
    path.write_text(notebook("check('views.as_vectors', lambda x: x.reshape(-1))"))
    assert "✗ wrong · views.as_vectors\n" in until(f"0 of {ALL} passed")
    path.write_text(notebook("check('views.as_vectors', lambda x: x)")[:-20])
    until("mine.ipynb cannot be read yet")
    path.write_text(notebook("check('views.as_vectors', lambda x: x.reshape(len(x), -1))"))
    assert "✓ passed · views.as_vectors\n" in until(f"1 of {ALL} passed")
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    until("stopped")
    assert process.stderr.read() == ""
