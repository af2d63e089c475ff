"""Hints and solutions as a learner sees them: the next step of the ladder, the reference beside one's own answer."""

import ast
import difflib
import inspect
import re
import textwrap
from html import escape

from rnn_course.checks.exercise import Exercise


class Text(str):
    """A string that prints as it is, and that a notebook shows as HTML."""

    html = ""

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return self.html or paragraphs(self)


def paragraphs(text: str) -> str:
    """Prose as HTML, its backticks as code."""
    marked = re.sub(r"`([^`\n]+)`", r"<code>\1</code>", escape(text))
    return f'<p style="margin:.2em 0; white-space:pre-wrap">{marked}</p>'


def code(text: str) -> str:
    """Code as HTML."""
    return f'<pre style="overflow-x:auto"><code>{escape(text.rstrip())}</code></pre>'


def hint_text(exercise: Exercise, step: int) -> Text:
    """A step of the ladder, counted from 1."""
    return Text(f"Hint {step} of {len(exercise.hints)}: {exercise.hints[step - 1]}")


def solution_text(exercise: Exercise, yours: str) -> Text:
    """The reference, why it is right, and how `yours`, the source of an answer that passed, differs from it."""
    reference = textwrap.dedent(inspect.getsource(exercise.solution))
    difference = compare(yours, reference) if yours else ""
    plain, html = [reference, exercise.reason], [code(reference), paragraphs(exercise.reason)]
    if difference:
        title = "Your answer passed too. What differs, without comments and layout (- yours, + the reference):"
        plain += ["", title, difference]
        html += [paragraphs(title), code(difference)]
    elif yours:
        title = "Your answer passed too, and it is the same, apart from its name, its comments and its layout."
        plain += ["", title]
        html += [paragraphs(title)]
    text = Text("\n".join(plain))
    text.html = "".join(html)
    return text


def compare(yours: str, reference: str) -> str:
    """The lines that differ, once both are written in one style; "" if none does."""
    name = _function_name(yours)
    ours, theirs = (_in_one_style(source, name) for source in (yours, reference))
    lines = difflib.unified_diff(ours, theirs, lineterm="", n=len(ours))
    return "\n".join(list(lines)[3:])  # without the names of files and the numbers of lines


def _in_one_style(source: str, name: str) -> list[str]:
    """As Python writes it, without docstring, with the function's name; as it is where it is no complete code."""
    try:
        tree: ast.AST = ast.parse(textwrap.dedent(source))
    except (SyntaxError, ValueError):  # a line from the middle of a call
        return source.rstrip().splitlines()
    functions = [node for node in ast.iter_child_nodes(tree) if isinstance(node, ast.FunctionDef)]
    lambdas = [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]
    for function in functions:
        function.name = name or function.name
        if len(function.body) > 1 and ast.get_docstring(function) is not None:
            del function.body[0]
    if not functions and len(lambdas) == 1:  # check("…", lambda x: …)
        tree = lambdas[0]
    return ast.unparse(tree).splitlines()


def _function_name(source: str) -> str:
    found = re.search(r"^\s*def (\w+)", source, re.MULTILINE)
    return found[1] if found else ""
