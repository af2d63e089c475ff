"""The diagrams: what the code draws, in one language, readable on every page and on their own."""

import re
from pathlib import Path

import pytest

from rnn_course.palette import PALETTE
from tests.book.browsing import DESKTOP, opened
from tests.book.pages import ROOT
from tools.diagrams import __main__ as diagrams
from tools.diagrams.arrays import picture
from tools.diagrams.sheet import inline
from tools.diagrams.strips import STRIPS, Shape, broken, words

SOURCES = {path.name[:2]: path for path in sorted((ROOT / "book").glob("[0-9][0-9]_*.py")) if path.name[:2] in STRIPS}
AXES = {"batch", "time", "input", "hidden", "row", "column", "channel", "filter", "pixel", "unit", "class", "group"}


def test_the_files_are_what_the_code_draws(capsys):
    assert diagrams.main(["--check"]) == 0, capsys.readouterr().out


def test_a_file_that_was_changed_or_is_of_no_use_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(diagrams, "BOOK", tmp_path)
    (tmp_path / "_assets").mkdir()
    diagrams.main([])
    assert diagrams.main(["--check"]) == 0
    changed = tmp_path / "_diagrams" / "shapes_06.svg"
    changed.write_text(changed.read_text("utf8").replace("[batch, hidden]", "[batch, 5]"))
    (tmp_path / "_diagrams" / "old.svg").write_text("<svg/>")
    assert diagrams.main(["--check"]) == 1
    told = capsys.readouterr().out
    assert "shapes_06.svg, old.svg" in told
    assert "shapes_05.svg" not in told


@pytest.mark.parametrize("chapter", SOURCES)
def test_every_chapter_shows_its_strip_once_and_at_the_top(chapter):
    source = SOURCES[chapter].read_text("utf8")
    assert re.findall(r"_diagrams/shapes_(\d\d)\.svg", source) == [chapter]
    assert source.index("_diagrams/shapes_") < source.index("\n# %%\n"), "before the first code"


@pytest.mark.parametrize("chapter", STRIPS)
def test_a_strip_speaks_of_axes_by_their_names_and_of_roles_of_the_palette(chapter):
    for shape in STRIPS[chapter]:
        assert shape.role in PALETTE
        for axis in shape.axes.split():
            assert set(re.findall(r"[a-z]+", axis)) <= AXES
        assert shape.written in words(STRIPS[chapter])


def test_the_chapters_of_the_course_have_strips():
    assert list(STRIPS) == [f"{number:02d}" for number in range(1, 13)]


def test_a_picture_has_as_many_sheets_and_lines_as_axes():
    drawn = [picture("state", axes, 0, 0) for axes in range(5)]
    assert [one.count("rc-fill") for one in drawn] == [1, 1, 1, 3, 3]
    assert [one.count("rc-second") for one in drawn] == [0, 0, 0, 0, 3]
    assert [len(re.findall("M", one)) for one in drawn] == [0, 3, 5, 15, 15]
    assert len(set(drawn)) == 5


def test_long_axes_are_broken_between_two():
    assert broken("[batch, row]", 100) == ["[batch, row]"]
    assert broken("[batch, row, column, channel]", 100) == ["[batch, row,", "column, channel]"]
    assert Shape("state", "h", "").written == "[]"


@pytest.mark.parametrize("path", sorted((ROOT / "book" / "_diagrams").glob("*.svg")), ids=lambda path: path.name)
def test_a_file_needs_nothing_and_says_what_it_shows(path: Path):
    text = path.read_text("utf8")
    assert re.search(r'<svg [^>]*role="img" aria-label="[^"]{15,}"', text)
    assert not re.findall(r"""(?:href|src|url\()\s*=?\s*["']?(?!#)""", text)
    assert "prefers-color-scheme: dark" in text
    part = inline(text)
    assert "<style" not in part
    assert not re.search(r"<svg [^>]*\b(?:xmlns|width|height)=", part)
    assert " id=" not in part, "it may stand twice on a page"


def test_a_diagram_follows_the_theme_of_the_page(browser, html):
    colour = "() => getComputedStyle(document.querySelector('.rc-view .rc-state circle')).fill"
    with opened(browser, (html / "book/index.html").as_uri(), width=DESKTOP, scheme="light") as (page, _):
        found = {}
        for theme in ("light", "dark"):
            page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
            found[theme] = page.evaluate(colour)
    wanted = {theme: tuple(bytes.fromhex(getattr(PALETTE["state"], theme)[1:])) for theme in found}
    assert found == {theme: f"rgb{colour}" for theme, colour in wanted.items()}
