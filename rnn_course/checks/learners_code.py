"""A learner's function as code: is it still a stub, which of its lines raised, which of them are for NumPy alone?"""

import ast
import inspect
import linecache
import re
import textwrap
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rnn_course.checks.trial import Outcome
from rnn_course.tree import is_array

PACKAGE = str(Path(__file__).parents[1])
NUMPY_ONLY = {
    "astype": "x.astype(t) is NumPy's; array_namespace(x).astype(x, t) is for both",
    "transpose": "NumPy's transpose takes all axes; x.swapaxes(a, b) is for both",
    "copy": "x.copy() is NumPy's; x + 0 is a new array in both",
    "concatenate": "array_namespace(x).concat([…]) is for both",
}


def source_of(answer: Any) -> str:
    """The source of a function, without its indentation; "" where there is none."""
    try:
        return textwrap.dedent(inspect.getsource(inspect.unwrap(answer)))
    except (OSError, TypeError, ValueError):
        return ""


def is_not_written(answer: Callable, outcome: Outcome) -> bool:
    """Whether this is a stub: it raises NotImplementedError itself, its body is empty, or it returns placeholders."""
    if isinstance(outcome.error, NotImplementedError):
        frames = traceback.extract_tb(outcome.error.__traceback__)
        return not _is_library(frames[-1].filename) or len(frames) == 1
    if outcome.error is not None:
        return False
    return outcome.value is Ellipsis or _only_placeholders(outcome.value) or (outcome.value is None and _empty(answer))


def _only_placeholders(value: Any) -> bool:
    """As in an untouched `h, c = None, None; return h, c`."""
    if not isinstance(value, tuple | list) or not value:
        return False
    return all(not is_array(part) and (part is None or part is Ellipsis) for part in value)


def _empty(answer: Callable) -> bool:
    """A body of nothing but a docstring, `pass`, `...` or `return None`."""
    try:
        tree = ast.parse(source_of(answer))
    except SyntaxError:
        return False
    if not tree.body or not isinstance(tree.body[0], ast.FunctionDef):
        return False
    return all(
        isinstance(statement, ast.Pass)
        or (isinstance(statement, ast.Expr | ast.Return) and isinstance(statement.value, ast.Constant | None))
        for statement in tree.body[0].body
    )


def describe_error(error: BaseException) -> str:
    """The error, and the last line of the learner's own code on the way to it."""
    kind = type(error).__name__
    said = "it called exit()" if isinstance(error, SystemExit) else str(error)
    first = f"{kind}: {said}" if said else kind
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        line = frame.line or linecache.getline(frame.filename, frame.lineno or 0).strip()
        if not _is_library(frame.filename) and line:
            return f"{first}\nin your line {frame.lineno}:  {line}"
    return first


def numpy_only_lines(answer: Callable) -> list[str]:
    """The lines of a function that call NumPy, or use a word that Torch does not know, and what to use instead."""
    found = []
    for number, line in enumerate(source_of(answer).splitlines(), start=1):
        code = line.partition("#")[0]
        word = next((w for w in NUMPY_ONLY if re.search(rf"\b{w}\b", code)), "")
        if re.search(r"\b(np|numpy)\.", code):
            advice = "np.… is for NumPy arrays alone: take xp = array_namespace(x) and xp.… instead"
        elif word:
            advice = NUMPY_ONLY[word]
        else:
            continue
        found.append(f"Line {number} of your function:  {line.strip()}\n{advice}.")
    return found[:3]


def _is_library(filename: str) -> bool:
    return filename.startswith((PACKAGE, "<frozen")) or "site-packages" in filename
