"""Read a text source and make of it the notebook to run: a chapter, a page of solutions, or its exercises.

One source in `solutions/` serves two notebooks. What a learner has to write stands between two marker lines:

    def step(x, h):
        '''One step.'''
        ### BEGIN SOLUTION
        return np.tanh(x + h)
        ### END SOLUTION

The solutions show the region without its markers. The exercises show a stub in its place: an error to replace
where the region is indented (in a function), a comment at the top level of a cell. A cell tagged `solution` is
in the solutions only, one tagged `exercise` in the exercises only.
"""

import re
from functools import partial
from pathlib import Path

import jupytext
from nbformat import NotebookNode

from tools.nb_launch import with_install_cell

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
STUB = 'raise NotImplementedError("Your turn: replace this line.")'
MARKER = re.compile(r"#\s*(BEGIN|END)\s*SOLUTION", re.IGNORECASE)
PLACEHOLDER = "# Your turn."
LEFT_OUT = {"solutions": "exercise", "exercises": "solution"}


class SourceError(Exception):
    """The text source cannot be made into a notebook: where, what stands there, and what to do."""

    def __str__(self) -> str:
        return ": ".join(map(str, self.args))


def read_source(path: Path, kind: str) -> NotebookNode:
    """The notebook of `kind` (`book`, `solutions` or `exercises`) that a source stands for, not yet run."""
    try:
        notebook = jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent")
    except Exception as error:
        raise SourceError(path, "not a py:percent source", error) from error
    if kind not in LEFT_OUT:
        return with_install_cell(notebook, path.parents[1])
    cells = []
    for number, cell in enumerate(notebook.cells, start=1):
        if LEFT_OUT[kind] in cell.metadata.get("tags", []):
            continue
        if cell.cell_type == "code":
            cell.source = solve_or_stub(cell.source, stub=kind == "exercises", where=f"{path}, cell {number}")
        cells.append(cell)
    notebook.cells = cells
    return with_install_cell(notebook, path.parents[1])


def solve_or_stub(source: str, *, stub: bool, where: str) -> str:
    """A cell's source without its marker lines and, if `stub`, with a placeholder for each region."""
    lines: list[str] = []
    opened = 0  # the line of the marker that opened the region we are in
    for number, line in enumerate(source.splitlines(), start=1):
        text = line.strip()
        wrong = partial(SourceError, f"{where}, line {number}", text)
        if text == BEGIN:
            if opened:
                raise wrong(f"the region begun on line {opened} is still open: add {END!r} first")
            opened = number
            indent = line[: len(line) - len(line.lstrip())]
            if stub:
                lines.append(indent + STUB if indent else PLACEHOLDER)
        elif text == END:
            if not opened:
                raise wrong(f"no region is open: add {BEGIN!r} above, or remove this line")
            opened = 0
        elif MARKER.search(text):
            raise wrong(f"this is not quite a marker: write exactly {BEGIN!r} or {END!r}, alone on its line")
        elif not (opened and stub):
            lines.append(line)
    if opened:
        raise SourceError(f"{where}, line {opened}", BEGIN, f"the region never ends: add {END!r} below the solution")
    return "\n".join(lines)


def locate(text: str, cell_source: str, line: int) -> int | None:
    """The line of the text source that line `line` of a cell comes from, if that can be told."""
    start = text.find(cell_source)
    if start >= 0:
        return text.count("\n", 0, start) + line
    wanted = cell_source.splitlines()[line - 1].strip()
    found = [number for number, other in enumerate(text.splitlines(), start=1) if other.strip() == wanted]
    return found[0] if len(found) == 1 else None
