"""What surrounds a check: the ladder of hints, the solution beside one's own answer, the board."""

import inspect
import re
import sys
import textwrap
from html.parser import HTMLParser

import nbformat
import pytest
from nbclient import NotebookClient

from rnn_course import check, hint, progress, solution
from rnn_course.checks import EXERCISES, board, verbs
from rnn_course.checks import journal as journals
from rnn_course.checks.help import compare, solution_text
from rnn_course.checks.journal import Journal, begin

RIGHT = EXERCISES["views.as_vectors"].solution


@pytest.fixture(autouse=True)
def session(monkeypatch, tmp_path):
    """A new session, in a folder that nobody has started."""
    monkeypatch.setattr(journals, "_session", [])
    monkeypatch.setattr(verbs, "_told", set())
    monkeypatch.delenv("RNN_COURSE_PROGRESS", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def own_folder(tmp_path):
    """The folder we are in is a learner's own."""
    return begin(tmp_path)


def restart(monkeypatch):
    monkeypatch.setattr(journals, "_session", [])


def mine(images):
    """Vectors."""
    n = len(images)  # the batch
    return images.reshape(n, -1)


class Parsed(HTMLParser):
    """What is shown of a page, and its tags."""

    def __init__(self, html):
        super().__init__()
        self.shown, self.tags = "", []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.shown += data


def test_a_check_writes_no_file_where_no_folder_was_started(tmp_path):
    assert check("views.as_vectors", RIGHT).passed
    hint("views.as_vectors")
    solution("views.as_vectors")
    assert list(tmp_path.iterdir()) == []
    text = repr(progress())
    assert "Your progress: 1 of" in text
    assert "Kept until this session ends" in text
    assert "`rnn-course start`" in text


def test_a_check_is_recorded_and_survives_a_restart(own_folder, monkeypatch):
    check("views.as_vectors", lambda x: x)
    check("views.as_vectors", mine)
    check("views.time_major", None)
    check("views.nothing", mine)
    restart(monkeypatch)
    events = [(r.event, r.exercise, r.status) for r in own_folder.read().records]
    assert events == [("check", "views.as_vectors", "wrong"), ("check", "views.as_vectors", "passed")]
    assert own_folder.read().records[1].source == textwrap.dedent(inspect.getsource(mine))
    assert f"Kept in {own_folder.path}" in repr(progress())


def test_the_ladder_of_hints_goes_on_after_a_restart_and_stays_on_the_last(own_folder, monkeypatch):
    hints = EXERCISES["views.predict"].hints
    assert hint("views.predict") == f"Hint 1 of {len(hints)}: {hints[0]}"
    restart(monkeypatch)
    assert hint("views.predict") == f"Hint 2 of {len(hints)}: {hints[1]}"
    for _ in range(len(hints)):
        last = hint("views.predict")
    assert last == f"Hint {len(hints)} of {len(hints)}: {hints[-1]}"
    assert len(own_folder.read().records) == len(hints)
    assert hint("views.predict", 1) == f"Hint 1 of {len(hints)}: {hints[0]}"
    assert len(own_folder.read().records) == len(hints)


@pytest.mark.parametrize("step", [0, 3, -1, "two", 1.0])
def test_a_step_that_is_none_is_answered(step, without_shape_types):
    expected = f"Expected a step from 1 to 2, got {step!r}. Without one, you get the next hint."
    assert hint("views.predict", step) == expected


def test_help_is_recorded_and_takes_nothing_from_a_pass(own_folder):
    hint("views.as_vectors")
    solution("views.as_vectors")
    solution("views.as_vectors")
    check("views.as_vectors", mine)
    assert [r.event for r in own_folder.read().records] == ["hint", "solution", "check"]
    line = next(line for line in repr(progress()).splitlines() if "views.as_vectors" in line)
    assert line.startswith("✓ passed")
    assert line.endswith("hint 1 of 2, solution seen")


def test_the_solution_is_compared_with_an_answer_only_once_it_passed(own_folder):
    check("views.as_vectors", lambda x: x)
    assert "Your answer" not in solution("views.as_vectors")
    check("views.as_vectors", mine)
    shown = solution("views.as_vectors")
    assert shown.startswith("def as_vectors(images):\n    return images.reshape(len(images), -1)\n")
    assert EXERCISES["views.as_vectors"].reason in shown
    difference = shown.partition("the reference):\n")[2]
    assert difference.splitlines() == [
        " def mine(images):",
        "-    n = len(images)",
        "-    return images.reshape(n, -1)",
        "+    return images.reshape(len(images), -1)",
    ]


def test_an_answer_that_differs_in_layout_alone_is_the_same(own_folder):
    def as_vectors(images):
        """Mine."""
        return images.reshape(
            len(images),  # the batch
            -1,
        )

    check("views.as_vectors", as_vectors)
    assert "it is the same, apart from" in solution("views.as_vectors")


def test_every_solution_is_the_same_as_itself():
    for exercise in EXERCISES.values():
        source = textwrap.dedent(inspect.getsource(exercise.solution))
        assert compare(source, source.replace(exercise.solution.__name__, "another_name", 1)) == ""
        assert exercise.reason in solution_text(exercise, source)


@pytest.mark.parametrize(
    "yours", ["lambda x: x.reshape(len(x), -1)", "check('a', lambda x: (", "def f(", "\x00", "x" * 99]
)
def test_whatever_was_kept_as_source_can_be_compared(yours):
    assert "+    return images.reshape" in solution_text(EXERCISES["views.as_vectors"], yours)


def test_of_a_lambda_in_a_call_the_lambda_is_compared():
    text = solution_text(EXERCISES["views.as_vectors"], "    check('views.as_vectors', lambda x: x.reshape(3, -1))")
    assert "-lambda x: x.reshape(3, -1)\n" in text


def test_html_is_escaped_and_says_what_the_text_says(own_folder):
    text = solution_text(
        EXERCISES["views.as_vectors"], "def f(x):\n    '<script>alert(1)</script>'; return x < 1 & 2\n"
    )
    html = text._repr_html_()
    assert "<script" not in html
    page = Parsed(html)
    assert "return images.reshape(len(images), -1)" in page.shown
    assert "-    return x < 1 & 2" in page.shown
    assert "<code>reshape</code>" in html
    assert "<code>reshape</code>" in hint("views.as_vectors")._repr_html_()
    assert hint("<b>")._repr_html_().count("<b>") == 0


def test_an_unwritable_progress_is_said_once_and_the_check_still_works(tmp_path, monkeypatch):
    monkeypatch.setenv("RNN_COURSE_PROGRESS", str(tmp_path))
    first, second = (check("views.as_vectors", RIGHT) for _ in range(2))
    assert first.passed
    assert second.passed
    assert "cannot be written" in repr(first)
    assert "cannot be" not in repr(second)
    assert "Your progress: 1 of" in repr(progress())
    assert "cannot be read" in repr(progress())


def test_a_damaged_progress_is_said_once_and_by_every_board(own_folder):
    own_folder.path.write_bytes(b"what?\n")
    assert "line 1 of" in repr(check("views.as_vectors", RIGHT))
    assert "line 1 of" not in repr(check("views.as_vectors", mine))
    assert "line 1 of" in repr(progress())
    assert own_folder.path.read_bytes().startswith(b"what?\n")


def test_the_board_names_every_exercise_in_text_and_html(own_folder):
    check("views.as_vectors", lambda x: x)
    shown = progress()
    page = Parsed(shown._repr_html_())
    for exercise in EXERCISES.values():
        line = next(line for line in repr(shown).splitlines() if f" {exercise.name} " in line)
        assert exercise.title in line
        assert f"{exercise.difficulty} of 5" in line
        assert exercise.name in page.shown
    assert "✗ wrong" in page.shown
    assert f"Chapter 1 · 0 of {len(board.chapters()['01'])} passed" in page.shown
    bar = dict(page.tags)["progress"]
    assert bar["aria-label"] == f"Your progress: 0 of {len(EXERCISES)} exercises passed"
    assert all(attributes["scope"] == "col" for tag, attributes in page.tags if tag == "th")
    assert not re.search(r"color", shown._repr_html_())  # no meaning by colour


def test_the_board_is_html_where_there_is_no_kernel_or_no_ipywidgets(monkeypatch):
    assert set(progress()._repr_mimebundle_()) == {"text/plain", "text/html"}
    monkeypatch.setattr(board, "_in_a_kernel", lambda: True)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    assert set(progress()._repr_mimebundle_()) == {"text/plain", "text/html"}


def test_a_board_that_is_gone_does_not_disturb_a_check(monkeypatch):
    shown = board.Board(Journal(None))
    monkeypatch.setattr(shown, "refresh", lambda: 1 / 0)
    board._live.append(shown)
    assert check("views.as_vectors", RIGHT).passed


def test_in_a_notebook_the_board_is_live_and_follows_the_checks(tmp_path):
    cells = [
        "from rnn_course import check, hint, progress",
        "progress()",
        "check('views.as_vectors', lambda x: x.reshape(len(x), -1))",
        "hint('views.predict')",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    client = NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    data = notebook.cells[1].outputs[0]["data"]
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "Your progress: 0 of" in data["text/html"]
    assert data["text/plain"].startswith("Your progress: 0 of")
    states = [state for state in client.widget_state.values() if state["_model_name"] != "LayoutModel"]
    html = "\n".join(state["value"] for state in states if state["_model_name"] == "HTMLModel")
    assert "Your progress: 1 of" in html
    assert "✓ passed" in html
    assert "hint 1 of 2" in html
    (accordion,) = [state for state in states if state["_model_name"] == "AccordionModel"]
    assert accordion["titles"][0] == f"Chapter 1 · 1 of {len(board.chapters()['01'])} passed"
