"""What a mutant is, which ones are left out, and which are known to behave like the original."""

import ast
import difflib
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
Position = tuple[int, int]  # line from 1, column from 0


class Mutant(NamedTuple):
    """One small change of one module, told by the text around it and not by line numbers, which move."""

    module: str  # "cells", "convert._torch"
    where: str  # "LSTMCell.forward.backward"; "" outside of all definitions
    line: str  # the line as it is, without indentation
    becomes: str  # the line as the mutant has it, "" if it is gone

    def __str__(self) -> str:
        return f"{self.module}: {self.where}\n    - {self.line}\n    + {self.becomes}"


class Equivalent(NamedTuple):
    """Mutants of one line that no test can tell from the original, and the reason why."""

    module: str
    where: str
    line: str
    becomes: tuple[str, ...]
    reason: str

    def mutants(self) -> list[Mutant]:
        """The mutants that it stands for."""
        return [Mutant(self.module, self.where, self.line, becomes) for becomes in self.becomes]


def read_equivalents(text: str) -> list[Equivalent]:
    """The entries of `equivalent.toml`. Raises ValueError for one without a reason, or for a mutant listed twice."""
    entries = [Equivalent(**entry | {"becomes": tuple(entry["becomes"])}) for entry in tomllib.loads(text)["mutant"]]
    seen: set[Mutant] = set()
    for entry in entries:
        if len(entry.reason.split()) < 3:
            raise ValueError(f"{entry.module}: {entry.line}: expected a reason, got {entry.reason!r}")
        for mutant in entry.mutants():
            if mutant in seen:
                raise ValueError(f"listed twice:\n{mutant}")
            seen.add(mutant)
    return entries


def judge(
    survivors: Iterable[Mutant], made: Iterable[Mutant], entries: Iterable[Equivalent], modules: Iterable[str]
) -> tuple[list[Mutant], list[Mutant]]:
    """The survivors that are not listed, and what is listed for these modules and is no mutant (any more)."""
    modules, made = set(modules), set(made)
    listed = {mutant for entry in entries if entry.module in modules for mutant in entry.mutants()}
    return [mutant for mutant in survivors if mutant not in listed], sorted(listed - made)


def describe(module: str, source: str, mutated: str) -> Mutant:
    """The mutant that makes `mutated` out of `source`."""
    before, after = source.splitlines(), mutated.splitlines()
    changes = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    _, start, end, new_start, new_end = next(change for change in changes if change[0] != "equal")
    line, becomes = (" ".join(" ".join(lines).split()) for lines in (before[start:end], after[new_start:new_end]))
    return Mutant(module, definition(source, end), line, becomes)  # a decorator may go with the empty line before it


def definition(source: str, line: int) -> str:
    """The names of the classes and functions around a line, outermost first; a decorator belongs to its function."""
    names = []
    for node in _inside_out(ast.parse(source)):
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        if first <= line <= (node.end_lineno or 0):
            names.append(node.name)
    return ".".join(names)


def _inside_out(tree: ast.AST) -> Iterator[ast.ClassDef | ast.FunctionDef]:
    """All definitions, each before those inside it."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.ClassDef | ast.FunctionDef):
            yield child
        yield from _inside_out(child)


def is_signature(source: str, position: Position) -> bool:
    """Whether a position is in a type annotation, or a bare `*` of a signature: these compute nothing."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.AnnAssign) and _holds(node.annotation, position):
            return True
        if not isinstance(node, ast.FunctionDef):
            continue
        head = (node.lineno, node.col_offset) <= position < (node.body[0].lineno, node.body[0].col_offset)
        defaults = [default for default in (*node.args.defaults, *node.args.kw_defaults) if default is not None]
        if head and not any(_holds(default, position) for default in defaults):
            return True
    return False


def _holds(node: ast.expr, position: Position) -> bool:
    end = (node.end_lineno or 0, node.end_col_offset or 0)
    return (node.lineno, node.col_offset) <= position < end
