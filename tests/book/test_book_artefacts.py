"""No page shows what a program left by mistake, and exercises and solutions are in step. Each rule is shown to fail."""

import re

import pytest

from tests.book.artefacts import artefacts, out_of_step
from tests.book.pages import toc_pages

PAGES = toc_pages()
NUMBERS = [int(name.split("/")[1][:2]) for name in PAGES if re.match(r"solutions/\d\d_", name)]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_nothing_by_mistake(html, name):
    assert list(artefacts((html / name).read_text("utf8"))) == []


@pytest.mark.parametrize("number", NUMBERS)
def test_exercises_and_solutions_are_in_step(html, number):
    def page(folder):
        found = [name for name in PAGES if name.startswith(f"{folder}/{number:02d}_")]
        return (html / found[0]).read_text("utf8") if found else ""

    assert page("exercises"), f"solutions/{number:02d} has no exercises"
    assert list(out_of_step(page("exercises"), page("solutions"), page("book"), number)) == []


def test_every_page_of_exercises_has_solutions():
    assert [int(name.split("/")[1][:2]) for name in PAGES if name.startswith("exercises/")] == NUMBERS


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        ("<p>None</p>", "a block that says only 'None'"),
        ("<title>None</title>", "says only 'None'"),
        ("<ul><li> undefined </li></ul>", "says only 'undefined'"),
        ("<table><tr><td>nan</td></tr></table>", "says only 'nan'"),
        ('<div class="output text_plain"><pre>None\n</pre></div>', "says only 'None'"),
        ("<p>as {glue:text}`loss` says</p>", "markup that was not understood: '{glue:text}`loss`'"),
        ("<p>see {numref}`fig`</p>", "not understood: '{numref}`fig`'"),
        ("<p>:::{note}</p>", "not understood: ':::{note'"),
        ("<p>Figure ???</p>", "not understood: '???'"),
        ('<p><span class="problematic">x</span></p>', "Sphinx could not resolve something: class 'problematic'"),
        ('<div class="system-message">x</div>', "class 'system-message'"),
        ("<div class='output'><pre>Traceback (most recent call last):\n x</pre></div>", "a traceback that no tag"),
    ],
)
def test_what_a_program_left_is_found(html, problem):
    [found] = artefacts(f"<html><body>{html}</body></html>")
    assert problem in found


@pytest.mark.parametrize(
    "html",
    [
        "<p>None: the pictures are square.</p>",
        "<div class='cell tag_raises-exception'><pre>Traceback (most recent call last)\n x</pre></div>",
        '<div class="highlight"><pre>None</pre></div>',
        "<p>Write <code>{glue}`x`</code> or <code>None</code> here.</p>",
        "<p>An image<br>and <img src='a.png'> more</p>",
        "<p>Is that so?</p>",
    ],
)
def test_what_is_meant_is_left_alone(html):
    assert list(artefacts(html)) == []


def page(title, *steps, checks=("a.one", "a.two")):
    headings = "".join(f"<h2>{step}<a class='headerlink'>#</a></h2>" for step in steps)
    code = "".join(f'<pre>check("{name}", f)</pre>' for name in checks)
    return f"<h1>{title}<a class='headerlink'>#</a></h1>{headings}{code}"


STEPS = ("1 · Predict", "2 · Reshape")
EXERCISES = page("Exercises 7 · Back", *STEPS, "When all have passed")
GOOD = (EXERCISES, page("Solutions 7 · Back", *STEPS), page("7 · Back"), 7)


def test_pages_in_step_pass():
    assert list(out_of_step(*GOOD)) == []
    assert list(out_of_step(*GOOD[:2], "", 7)) == []


@pytest.mark.parametrize(
    ("exercises", "solutions", "problem"),
    [
        (None, page("Solutions 8 · Back", *STEPS), "the titles differ"),
        (None, page("Solutions 7 · Forth", *STEPS), "the titles differ"),
        (None, page("Solutions 7 · Back", STEPS[0]), "the exercises are ["),
        (None, page("Solutions 7 · Back", *STEPS[::-1]), "the exercises are ["),
        (None, page("Solutions 7 · Back", *STEPS, checks=("a.two", "a.one")), "the checks differ"),
        (page("Exercises 7 · Back", *STEPS, checks=("a.one",)), None, "the checks differ"),
        (
            page("Exercises 7 · Back", "1 · Predict", "3 · Reshape"),
            page("Solutions 7 · Back", "1 · Predict", "3 · Reshape"),
            "the exercises are numbered [1, 3]",
        ),
    ],
)
def test_pages_out_of_step_are_found(exercises, solutions, problem):
    [found] = out_of_step(exercises or GOOD[0], solutions or GOOD[1], *GOOD[2:])
    assert problem in found
