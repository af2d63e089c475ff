"""Checks from the command line in the learner's progress, like those of the notebook itself."""

import ast
from pathlib import Path

from rnn_course.checks import record
from rnn_course.checks.journal import Journal
from rnn_course.checks.verbs import UNRECORDED
from rnn_course.grading.cells import NoNotebook, read_cells
from rnn_course.grading.limits import Limits
from rnn_course.grading.notebook import NotebookResult, check_notebook


def check_and_record(path: Path, limits: Limits) -> NotebookResult:
    """Check a notebook, and keep the outcome if it is in a learner's folder; what goes wrong with that is a problem."""
    before = handed_in(path)
    result = check_notebook(path, limits)
    journal = Journal.here(path.parent)
    if journal.path is None:
        return result
    problems = dict.fromkeys(journal.read().problems)
    for report in result.reports:
        if report.status not in UNRECORDED:
            entry = record.of_check(report.name, report.status, report.mistake, before.get(report.name, ""))
            problems[journal.add_check(entry)] = None
    return result._replace(problems=(*result.problems, *filter(None, problems)))


def handed_in(path: Path) -> dict[str, str]:
    """The source of the function that a notebook hands in for each exercise, as far as it is written there."""
    try:
        cells = read_cells(path)
    except (NoNotebook, OSError):
        return {}
    functions: dict[str, str] = {}
    answers: dict[str, str] = {}
    for cell in cells:
        functions |= _functions(cell.source)
        answers |= {handed.exercise: functions.get(handed.expression, handed.expression) for handed in cell.handed_in}
    return answers


def _functions(source: str) -> dict[str, str]:
    """The functions that a cell defines."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    lines = source.splitlines(keepends=True)
    found = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            found[node.name] = "".join(lines[first - 1 : node.end_lineno])
    return found
