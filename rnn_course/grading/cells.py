"""What stands in a notebook: its code cells, and the calls of `check` in them, read without running anything."""

import ast
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

LARGEST_FILE = 50_000_000
LARGEST_CELL = 200_000  # letters
TIMING_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun")  # the rest of such a cell is Python


class NoNotebook(ValueError):
    """The file is not a notebook; the message says why."""


class HandedIn(NamedTuple):
    """A call of `check`: the exercise's name, and the expression that is handed in."""

    exercise: str
    expression: str


class Cell(NamedTuple):
    """A code cell: its number as a reader counts code cells, from 1, and its Python; `problem` says what is wrong."""

    number: int
    source: str
    handed_in: tuple[HandedIn, ...] = ()
    problem: str = ""
    notes: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """The name under which its lines are known to tracebacks."""
        return f"cell {self.number}"


def read_cells(path: Path) -> list[Cell]:
    """The code cells of a notebook. Raises NoNotebook, or OSError if the file cannot be read."""
    if path.stat().st_size > LARGEST_FILE:
        raise NoNotebook(f"the file is larger than {LARGEST_FILE // 1_000_000} MB: clear the outputs and save it again")
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise NoNotebook("the file is not JSON, as a notebook is: is it complete? Save it again as .ipynb") from None
    cells = content.get("cells") if isinstance(content, dict) else None
    if not isinstance(cells, list):
        raise NoNotebook("the file has no list of cells, as a notebook of version 4 has: save it again in Jupyter")
    sources = [_source(cell) for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "code"]
    return [_cell(number, source) for number, source in enumerate(sources, start=1)]


def checked_names(path: Path) -> tuple[str, ...]:
    """The names of the exercises that a notebook checks, each once, in its order."""
    return tuple(dict.fromkeys(found.exercise for cell in read_cells(path) for found in cell.handed_in))


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def _cell(number: int, source: str) -> Cell:
    if len(source) > LARGEST_CELL:
        return Cell(number, "", problem=f"it is longer than {LARGEST_CELL:,} letters and was not run")
    notes: list[str] = []
    source = source.replace("\0", "\N{REPLACEMENT CHARACTER}")
    tree, problem = _parse(source)
    if tree is None:
        source, notes = without_magics(source)
        tree, problem = _parse(source)
    handed_in = tuple(_handed_in(tree)) if tree else ()
    return Cell(number, source, handed_in, problem, tuple(notes))


def _parse(source: str) -> tuple[ast.Module | None, str]:
    try:
        return ast.parse(source), ""
    except SyntaxError as error:
        return None, f"SyntaxError: {error.msg} (line {error.lineno})"
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return None, f"{type(error).__name__}: the cell cannot be read"


def without_magics(source: str) -> tuple[str, list[str]]:
    """The Python of a cell, line for line, and a note for each line that is for IPython or the shell."""
    lines, notes = source.split("\n"), []
    first = next((line.strip() for line in lines if line.strip()), "")
    if first.startswith("%%") and first.split()[0] not in TIMING_MAGICS:
        return "", [f"a cell for {first.split()[0][:40]} was left out"]
    for k, line in enumerate(lines):
        if match := re.match(r"(\s*)([%!]|\?+\w|\w[\w.]*\?+\s*$)", line):
            lines[k] = f"{match[1]}pass"
        elif match := re.match(r"(\s*[A-Za-z_]\w*\s*=\s*)[%!]", line):
            lines[k] = f"{match[1]}None"
        else:
            continue
        notes.append(f"the line {line.strip()[:60]!r} is for IPython and was left out")
    return "\n".join(lines), notes


def _handed_in(tree: ast.Module) -> list[HandedIn]:
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        name = node.args[0]
        answers = [*node.args[1:2], *(word.value for word in node.keywords if word.arg == "answer")]
        if called == "check" and answers and isinstance(name, ast.Constant) and isinstance(name.value, str):
            found.append((node.lineno, HandedIn(name.value, ast.unparse(answers[0]))))
    return [handed for _, handed in sorted(found, key=lambda pair: pair[0])]
