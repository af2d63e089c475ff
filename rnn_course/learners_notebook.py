"""A learner's notebook as a file: one exercise of it put back as it was, and everything else left as it is."""

import json
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from rnn_course.exercise_notebooks import exercise_notebooks
from rnn_course.files import whole_file

CHECK = r"""^[^#\n]*\bcheck\(\s*["']{name}["']"""  # also in a cell that is no Python, which is when a reset is wanted
BACKUPS = "backups"
LEFT_ALONE = (
    "It is left as it is. Save it again in Jupyter, or give it another name and get a new one with: rnn-course start"
)


class NotebookProblem(ValueError):
    """Something is wrong with a notebook; the message says what, and what to do."""


class Reset(NamedTuple):
    """What was done: which notebook, where the copy of it from before is, and which cell came back, in words."""

    notebook: Path
    backup: Path
    place: str


def read_notebook(path: Path) -> tuple[bytes, dict[str, Any]]:
    """The bytes of a notebook and what they say. Raises NotebookProblem where it is none, OSError where it is not."""
    content = path.read_bytes()
    try:
        notebook = json.loads(content)
    except (ValueError, RecursionError):
        reason = "its text is damaged JSON" if content.strip() else "the file is empty"
        raise NotebookProblem(f"{path} is no notebook: {reason}. {LEFT_ALONE}") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) and _has_source(cell) for cell in cells):
        raise NotebookProblem(f"{path} is no notebook of format 4: a cell, or all of them, are missing. {LEFT_ALONE}")
    return content, notebook


def reset_exercise(exercise: str, folder: Path) -> Reset:
    """Put the cell of an exercise back into the notebook in a learner's folder, of which a copy is kept first.

    All other cells stay as they are. Where the cell was deleted, it comes back below its heading, or at the end. The
    notebook is replaced at once as a whole. Raises NotebookProblem or OSError, and then it is what it was.
    """
    original, stands_in = _original(exercise)
    path = folder / stands_in
    if not path.is_file():
        raise NotebookProblem(f"there is no {stands_in} in {folder}: get it with: rnn-course start {folder}")
    content, notebook = read_notebook(path)
    place = _put_back(notebook, original["cells"], exercise)
    backup = _back_up(path, content)
    if path.read_bytes() != content:
        raise NotebookProblem(f"{path} was saved by another program just now: nothing was changed, try again")
    with whole_file(path.resolve()) as file:
        file.write((json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass"))
    return Reset(path, backup, place)


def _original(exercise: str) -> tuple[dict[str, Any], str]:
    """The course's notebook with the exercise, and its file name."""
    for path in exercise_notebooks():
        with suppress(NotebookProblem):
            _, notebook = read_notebook(path)
            if next(_places(notebook["cells"], exercise), None) is not None:
                return notebook, path.name
    raise NotebookProblem(f"{exercise} stands in no notebook of this installation: install rnn-course again")


def _has_source(cell: dict[str, Any]) -> bool:
    source = cell.get("source")
    return isinstance(source, str) or (isinstance(source, list) and all(isinstance(line, str) for line in source))


def _places(cells: list[dict[str, Any]], exercise: str) -> Iterator[int]:
    """The code cells that check an exercise."""
    call = re.compile(CHECK.replace("{name}", re.escape(exercise)), re.MULTILINE)
    for place, cell in enumerate(cells):
        if cell.get("cell_type") == "code" and call.search("".join(cell["source"])):
            yield place


def _put_back(notebook: dict[str, Any], originals: list[dict[str, Any]], exercise: str) -> str:
    """Change the notebook, and say where."""
    cells = notebook["cells"]
    here = next(_places(originals, exercise))
    stub = {**originals[here], "outputs": [], "execution_count": None}
    name = stub.pop("id", None)
    places = list(_places(cells, exercise))
    if places:  # if there are several: the one that came from the original
        place = next((p for p in places if name is not None and cells[p].get("id") == name), places[0])
        kept = {"id": cells[place]["id"]} if "id" in cells[place] else {}
        cells[place] = stub | kept
        return f"cell {place + 1}" + (f"; {len(places) - 1} more that check it stay" if len(places) > 1 else "")
    if (notebook.get("nbformat"), notebook.get("nbformat_minor", 0)) >= (4, 5):  # older formats know no ids
        stub["id"] = name if name and name not in {cell.get("id") for cell in cells} else secrets.token_hex(4)
    place = _below_its_heading(cells, originals[here - 1] if here else {})
    cells.insert(len(cells) if place is None else place, stub)
    where = "at the end" if place is None else "below its heading"
    return f"a new cell {where}, as the old one was gone"


def _below_its_heading(cells: list[dict[str, Any]], heading: dict[str, Any]) -> int | None:
    if heading.get("cell_type") != "markdown":
        return None
    text = "".join(heading["source"])
    for place, cell in enumerate(cells):
        if cell.get("cell_type") == "markdown" and "".join(cell["source"]) == text:
            return place + 1
    return None


def _back_up(path: Path, content: bytes) -> Path:
    """A copy in a folder beside it, named by the time in UTC; a copy that is there is never replaced."""
    folder = path.parent / BACKUPS
    folder.mkdir(exist_ok=True)
    now = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    backup = folder / f"{path.stem}-{now}{path.suffix}"
    with whole_file(backup) as file:
        file.write(content)
    return backup
