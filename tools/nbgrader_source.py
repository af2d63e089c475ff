"""The exercises as source notebooks for nbgrader: `python -m tools.nbgrader_source course/source [NN_slug …]`.

Each text source of `solutions/` becomes the assignment NN_slug. The cell of an exercise becomes two: the answer, with
nbgrader's marks around what it has to take out, and below it a locked cell that checks the answer. That one ends with
the points earned, a number, which nbgrader takes as the score: half an answer earns a part of the points.
"""

import re
import sys
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from rnn_course.checks.catalogue import find

SOLUTIONS = Path(__file__).parents[1] / "solutions"
CHECK = re.compile(r'^check\(\s*"([\w.]+)",\s*(.+?)\s*\)$', re.MULTILINE | re.DOTALL)
POINTS_PER_DIFFICULTY = 2


def assignment(source: Path) -> NotebookNode:
    """The source notebook that a text source of `solutions/` stands for."""
    notebook = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
    cells: list[NotebookNode] = []
    for cell in notebook.cells:
        if "solution" in cell.metadata.get("tags", []):
            continue
        found = CHECK.search(cell.source) if cell.cell_type == "code" else None
        cells += _cut(cell.source, found[1], found[2]) if found else [cell]
    for number, cell in enumerate(cells):
        cell["id"] = f"c{number:03}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def _cut(source: str, exercise: str, function: str) -> list[NotebookNode]:
    """The answer, which shows its report to the learner, and the cell that earns the points."""
    points = POINTS_PER_DIFFICULTY * find(exercise).difficulty
    name = exercise.replace(".", "-")
    answer = nbformat.v4.new_code_cell(source)
    answer.metadata["nbgrader"] = _marks(f"answer-{name}")
    lines = ("import rnn_course", "", f'round({points} * rnn_course.check("{exercise}", {function}).credit, 2)')
    test = nbformat.v4.new_code_cell("\n".join(lines))
    test.metadata["nbgrader"] = _marks(f"check-{name}", points)
    return [answer, test]


def _marks(grade_id: str, points: int = 0) -> dict:
    """Of a cell that earns points, or of an answer, which earns none itself."""
    test = points > 0
    marks = {"schema_version": 3, "grade_id": grade_id, "cell_type": "code", "task": False}
    return marks | {"solution": not test, "grade": test, "locked": test} | ({"points": points} if test else {})


def main(arguments: list[str]) -> int:
    """Write `OUT/NN_slug/NN_slug.ipynb` for the sources that are named, or for all."""
    if not arguments:
        print(__doc__)
        return 2
    out, *names = arguments
    known = {path.stem: path for path in sorted(SOLUTIONS.glob("*.py"))}
    for name in names or known:
        if name not in known:
            print(f"there are no exercises called {name!r}; there are: {', '.join(known)}")
            return 1
        target = Path(out) / name / f"{name}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(assignment(known[name]), target)
        print(f"wrote  {target}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
