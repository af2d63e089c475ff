"""A learner in JupyterLab: an exercise untouched, wrong twice, right; the board, a restart, and what is kept."""

import json
import os
from pathlib import Path

import pytest

from rnn_course.checks import EXERCISES
from rnn_course.checks.journal import NAME
from tests.lab.learner import CONTRAST, learner

NOTEBOOK = "01_one_batch_three_views.ipynb"
EXERCISE = EXERCISES["views.as_vectors"]
CHECK = 'check("views.as_vectors", as_vectors)'
WRONG = {
    "pixels first": "images.reshape(len(images), -1).swapaxes(0, 1)",
    "batch flattened too": "images.reshape(-1)",
}


def answer(expression):
    return f"def as_vectors(images):\n    return {expression}\n\n\n{CHECK}"


def says(board, passed):
    """Wait until the board says how many have passed."""
    text = f"Your progress: {passed} of {len(EXERCISES)} exercises passed"
    board.locator("strong", has_text=text).wait_for()


@pytest.fixture
def picture(tmp_path):
    """Takes a picture of the page; RNN_COURSE_SCREENSHOTS names a folder to look at them afterwards."""
    folder = Path(os.environ.get("RNN_COURSE_SCREENSHOTS", tmp_path))

    def picture(page, name):
        page.screenshot(path=folder / f"{name}.png")

    return picture


def test_a_learner_does_an_exercise(browser, lab, picture):
    address, folder = lab
    with learner(browser, address.format(NOTEBOOK)) as (me, outside):
        first = me.cell("import arguments, check")
        me.run(first)
        board = me.run(me.add_below(first, "progress()"))
        says(board, 0)

        cell = me.cell(CHECK)
        me.run(cell).get_by_text("… not attempted · views.as_vectors").wait_for()
        for name, expression in WRONG.items():
            (mistake,) = (mistake for mistake in EXERCISE.mistakes if mistake.name == name)
            me.write(cell, answer(expression))
            report = me.run(cell)
            report.get_by_text("✗ wrong · views.as_vectors").wait_for()
            report.get_by_text(mistake.hint.replace("`", "")).wait_for()
            picture(me.page, f"wrong, {name}")
        me.write(cell, answer("images.reshape(len(images), -1)"))
        me.run(cell).get_by_text("✓ passed · views.as_vectors").wait_for()
        says(board, 1)  # nobody ran its cell again

        for theme in ("JupyterLab Light", "JupyterLab Dark"):
            me.theme(theme)
            for shown in (cell.locator(".check-report p").first, board.locator("td").first, board.locator("strong")):
                assert shown.evaluate(CONTRAST) >= 4.5, theme
            cell.scroll_into_view_if_needed()
            picture(me.page, f"passed, {theme}")
            board.scroll_into_view_if_needed()
            picture(me.page, f"board, {theme}")

        me.restart()
        me.run(first)
        again = me.run(me.cell("progress()"))
        says(again, 1)
        me.save()
    assert outside == []
    events = [json.loads(line) for line in (folder / NAME).read_text().splitlines()]
    checks = [(event["status"], event.get("mistake", "")) for event in events if event["event"] == "check"]
    assert checks == [*(("wrong", name) for name in WRONG), ("passed", "")]
