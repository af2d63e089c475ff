"""The page book/exercise_index.md: every exercise with its chapter, difficulty and minutes, and a link to its place."""

import json
import re
from pathlib import Path

from mdit_py_plugins.anchors.index import slugify

from rnn_course.checks import EXERCISES
from rnn_course.checks.catalogue import chapter_of
from rnn_course.checks.exercise import Exercise

ROOT = Path(__file__).parents[1]

INTRODUCTION = """# Index of the exercises

Every checked exercise of the course, by chapter. The name in the second column is what you hand to `check` and to
`hint`. [How the exercises work](exercises.md) says how to do them, and the [kill table](kill_table.md) which mistakes
their checks know.

Difficulty 1 is reading a shape, difficulty 5 is a gradient through a whole network. The minutes are for somebody who
has read the chapter.
"""


def page() -> str:
    """The whole page as Markdown."""
    chapters: dict[str, list[Exercise]] = {}
    for name, exercise in EXERCISES.items():
        chapters.setdefault(chapter_of(name), []).append(exercise)
    total = f"{len(EXERCISES)} exercises in {len(chapters)} chapters, {_hours(list(EXERCISES.values()))} in all.\n"
    return "\n".join([INTRODUCTION, total, *(section(chapter, theirs) for chapter, theirs in chapters.items())])


def section(chapter: str, exercises: list[Exercise]) -> str:
    """The exercises of a chapter, each with a link to the heading it stands under, where the notebook is written."""
    notebook = next((ROOT / "exercises").glob(f"{chapter}_*.ipynb"), None)
    text = next((ROOT / "book").glob(f"{chapter}_*.ipynb"), None)
    places = _places(notebook) if notebook else {}
    title = _title(notebook) if notebook else ""
    lines = [f"## Chapter {int(chapter)}{' · ' if title else ''}{title}\n"]
    links = [f"[read the chapter]({text.name})"] if text else []
    if notebook:
        links.append(f"[do the exercises](../exercises/{notebook.name})")
        links.append(f"[compare with the solutions](../solutions/{notebook.name})")
    count = f"{len(exercises)} exercises, {_hours(exercises)}"
    lines += [f"{count}: {', '.join(links)}.\n" if links else f"{count}; the chapter is still to come.\n"]
    lines += ["| exercise | name | difficulty | minutes |", "|---|---|---|---|"]
    for exercise in exercises:
        anchor = places.get(exercise.name)
        linked = f"[{exercise.title}](../exercises/{notebook.name}#{anchor})" if notebook and anchor else exercise.title
        lines.append(f"| {linked} | {{code}}`{exercise.name}` | {exercise.difficulty} of 5 | {exercise.minutes} |")
    return "\n".join(lines) + "\n"


def _title(notebook: Path) -> str:
    """`# Exercises 8 · LSTM cell` is about "LSTM cell"."""
    found = re.search(r"^# .*? · (.+)$", "\n".join(_sources(notebook)), re.MULTILINE)
    return found[1] if found else ""


def _places(notebook: Path) -> dict[str, str]:
    """For the exercise that a cell checks, the anchor of the heading above it."""
    places, anchor = {}, ""
    for source in _sources(notebook):
        if headings := re.findall(r"^##+ (.+)$", source, re.MULTILINE):
            anchor = slugify(headings[-1].replace("`", ""))
        for name in re.findall(r'^check\(\s*"([\w.]+)"', source, re.MULTILINE):
            places[name] = anchor
    return places


def _sources(notebook: Path) -> list[str]:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells]


def _hours(exercises: list[Exercise]) -> str:
    """The sum of the minutes; from an hour and a half on in half hours."""
    minutes = sum(exercise.minutes for exercise in exercises)
    return f"about {round(minutes / 30) / 2:g} hours" if minutes >= 90 else f"{minutes} minutes"
