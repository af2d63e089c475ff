"""The page book/api.md: every public name with its signature, fields and docstring, in the groups of `__all__`."""

import inspect
import re
from typing import Any

import jaxtyping  # noqa: F401  first, so that the signatures have their shapes: see rnn_course/shape_types.py

import rnn_course
from rnn_course import convert
from rnn_course.torch_modules import AsModule

INTRODUCTION = """# The package, name by name

Everything that {code}`import rnn_course` gives, in the order of the chapters. This page is made from the code: each
entry is the docstring of the function or class itself, and names its file; {code}`show_source(LSTMCell.forward)` prints
the code.

A *forward* door gives the values and `backward`, a function that turns gradients of the results into gradients of the
arguments. Arrays are NumPy arrays or Torch tensors; a state or a set of weights is a named tuple of them.
"""
CONVENTIONS = """The conventions of the libraries, from the same declarations that the converters use:
"""


def page() -> str:
    """The whole page as Markdown."""
    parts = [INTRODUCTION]
    for title, names in groups():
        parts.append(f"## {title}\n")
        parts += [entry(name, getattr(rnn_course, name)) for name in names]
    parts += ["## Torch modules: rnn_course.torch_modules\n", entry("AsModule", AsModule)]
    parts += ["## Converters: rnn_course.convert\n", prose(inspect.getdoc(convert) or ""), CONVENTIONS]
    parts += [convert.convention_table(), ""]
    parts += [entry(name, getattr(convert, name)) for name in convert.__all__ if name != "convention_table"]
    return "\n".join(parts)


def groups() -> list[tuple[str, list[str]]]:
    """The names of `__all__` under the comments that head them."""
    source = inspect.getsource(rnn_course)
    found: list[tuple[str, list[str]]] = []
    for line in source[source.index("__all__") :].splitlines()[1:]:
        if match := re.fullmatch(r"\s*# (.+)", line):
            found.append((match[1], []))
        elif match := re.fullmatch(r'\s*"(\w+)",', line):
            found[-1][1].append(match[1])
        else:
            break
    return found


def entry(name: str, thing: Any) -> str:
    """One name: a heading, how it is called, what it says of itself, and the public methods of a class."""
    heading = f"### `{name}`\n"
    if thing is Any:
        return f"{heading}\nIn signatures: a NumPy array or a Torch tensor.\n"
    if isinstance(thing, tuple):
        return f"{heading}\n```python\n{name} = {thing!r}\n```\n"
    parts = [heading, call(name, thing), prose(inspect.getdoc(thing) or "")]
    if inspect.isclass(thing):
        for method_name, method in vars(thing).items():
            function = getattr(method, "__func__", method)
            shown = not method_name.startswith("_") or method_name == "__call__"
            if shown and inspect.isfunction(function) and function.__doc__:
                title = f"{name}.{method_name}" if method_name != "__call__" else instance_of(name)
                parts += [f"**`{method_name}`**\n", call(title, function), prose(inspect.getdoc(function) or "")]
    parts.append(f"Source: `{thing.__module__.replace('.', '/')}.py`\n")
    return "\n".join(parts)


def instance_of(name: str) -> str:
    """What an instance may be called: `LSTMCell` a `cell`, `Dense` a `dense`."""
    return re.findall(r"[A-Z][a-z0-9]*", name)[-1].lower()


def call(name: str, thing: Any) -> str:
    """The signature as code, a parameter a line where there are many. A class shows its fields."""
    if inspect.isclass(thing) and issubclass(thing, Exception):
        return f"```python\nclass {name}({thing.__bases__[0].__name__})\n```\n"
    if inspect.isclass(thing) and hasattr(thing, "_fields"):
        bases: Any = reversed(thing.__mro__)
        hints = {field: hint for base in bases for field, hint in inspect.get_annotations(base).items()}
        fields = getattr(thing, "_fields", ())
        defaults = getattr(thing, "_field_defaults", {})
        default = {field: f" = {value!r}" for field, value in defaults.items()}
        shown = [f"{field}: {annotation(hints[field])}{default.get(field, '')}" for field in fields]
        result = ""
    else:
        signature = inspect.signature(thing)
        shown = []
        for parameter in signature.parameters.values():
            if parameter.name in ("self", "cls"):
                continue
            if parameter.kind is parameter.KEYWORD_ONLY and "*" not in shown and not any(s[0] == "*" for s in shown):
                shown.append("*")
            text = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "") + parameter.name
            if parameter.annotation is not parameter.empty:
                text += f": {annotation(parameter.annotation)}"
            if parameter.default is not parameter.empty:
                text += f" = {getattr(parameter.default, '__name__', repr(parameter.default))}"
            shown.append(text)
        empty = inspect.isclass(thing) or signature.return_annotation is signature.empty
        result = "" if empty else f" -> {annotation(signature.return_annotation)}"
    one_line = f"{name}({', '.join(shown)}){result}"
    if len(one_line) > 76:
        one_line = f"{name}(\n" + "".join(f"    {text},\n" for text in shown) + f"){result}"
    return f"```python\n{one_line}\n```\n"


def annotation(hint: Any) -> str:
    """A type as it is written in the source: `Float[Array, "batch input"]`, `int | None`."""
    if hasattr(hint, "dim_str"):
        return f'{hint.__name__.split("[")[0]}[Array, "{hint.dim_str.strip()}"]'
    if isinstance(hint, str):
        return hint
    if hint is Ellipsis:
        return "..."
    arguments = getattr(hint, "__args__", None)
    if arguments and (origin := getattr(hint, "__origin__", None)) is not None:
        return f"{origin.__name__}[{', '.join(annotation(a) for a in arguments)}]"
    if arguments:
        return " | ".join(annotation(a) for a in arguments)
    if hint is None or hint is type(None):
        return "None"
    return getattr(hint, "__name__", None) or str(hint)


def prose(docstring: str) -> str:
    """A docstring as Markdown: aligned lines `name  meaning` become a list, indented blocks become code."""
    blocks = []
    for block in docstring.split("\n\n"):
        lines = block.splitlines()
        if all(line.startswith("    ") for line in lines):
            blocks.append("```text\n" + "\n".join(line[4:] for line in lines) + "\n```")
        elif re.match(r"\w+(, \w+)*\s{2,}\S", lines[0]) if lines else False:
            blocks.append("\n".join(_list_line(line) for line in lines))
        else:
            blocks.append(escape(block))
    return "\n\n".join(blocks) + "\n"


def _list_line(line: str) -> str:
    match = re.fullmatch(r"(\w+(?:, \w+)*)\s{2,}(\S.*)", line)
    return f"- `{match[1]}`: {escape(match[2])}" if match else f"  {escape(line.strip())}"


def escape(text: str) -> str:
    """Text outside backticks with Markdown's special characters made harmless; inside them it is code, no claim."""
    parts = text.split("`")
    return "`".join(re.sub(r"([*_<>$|\[\]{}])", r"\\\1", part) if k % 2 == 0 else part for k, part in enumerate(parts))
