"""The index of the exercises leads to each of them: its links are compared with the notebooks, heading by heading."""

import itertools
import json
import re

import pytest
from markdown_it import MarkdownIt

from rnn_course.checks import EXERCISES
from rnn_course.checks.catalogue import chapter_of
from tools.exercise_index_page import ROOT, page

ROW = re.compile(r"^\| (.+?) \| \{code\}`([\w.]+)` \| (\d) of 5 \| (\d+) \|$", re.MULTILINE)
LINK = re.compile(r"\[(.+)\]\(\.\./(exercises/[\w.]+)#([\w-]+)\)")


@pytest.fixture(scope="module")
def rows():
    """What stands beside the name of each exercise: the link or title, difficulty and minutes."""
    return {name: (shown, int(difficulty), int(minutes)) for shown, name, difficulty, minutes in ROW.findall(page())}


def test_every_exercise_has_its_row(rows):
    assert list(rows) == list(EXERCISES)
    for name, (shown, difficulty, minutes) in rows.items():
        assert EXERCISES[name].title in shown
        assert (difficulty, minutes) == (EXERCISES[name].difficulty, EXERCISES[name].minutes)


def test_a_link_leads_to_the_heading_above_the_check(rows):
    written = {path.name[:2] for path in (ROOT / "exercises").glob("*.ipynb")}
    for name, (shown, *_) in rows.items():
        if chapter_of(name) not in written:
            assert "](" not in shown
            continue
        _, notebook, anchor = LINK.fullmatch(shown).groups()
        cells = json.loads((ROOT / notebook).read_text(encoding="utf-8"))["cells"]
        sources = ["".join(cell["source"]) for cell in cells]
        checked = next(k for k, source in enumerate(sources) if re.search(rf'^check\(\s*"{name}"', source, re.M))
        prose = [
            source for cell, source in zip(cells[:checked], sources, strict=False) if cell["cell_type"] == "markdown"
        ]
        above = [heading for source in prose for heading in headings(source)]
        assert anchor_of(above[-1]) == anchor, name


def headings(source):
    """The headings of a cell as a reader of Markdown finds them: the text of the line, without the signs."""
    tokens = MarkdownIt().parse(source)
    after = [b for a, b in itertools.pairwise(tokens) if a.type == "heading_open"]
    return ["".join(part.content for part in token.children) for token in after]


def anchor_of(heading):
    """As GitHub makes it: small letters, no signs, a hyphen for each space."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_the_sums_are_those_of_the_catalogue():
    text = page()
    assert f"\n{len(EXERCISES)} exercises in " in text
    chapters = {chapter_of(name) for name in EXERCISES}
    counts = re.findall(r"^(\d+) exercises, (?:about ([\d.]+) hours|(\d+) minutes)[:;]", text, re.MULTILINE)
    assert len(counts) == len(chapters)
    assert sum(int(count) for count, *_ in counts) == len(EXERCISES)
    minutes = sum(float(hours) * 60 if hours else int(rest) for _, hours, rest in counts)
    assert abs(minutes - sum(exercise.minutes for exercise in EXERCISES.values())) <= 15 * len(chapters)
