"""A function of a learner's process as a function here: the check calls it, and the call happens over there."""

import linecache
import sys
from collections.abc import Callable
from typing import Any

from rnn_course.arrays import to_numpy
from rnn_course.checks.limits import Printed
from rnn_course.grading.cells import Cell
from rnn_course.grading.session import SandboxEnded, Session
from rnn_course.grading.wire import BadMessage, clean, pack, unpack
from rnn_course.tree import is_array, leaves

AT_LINE = "\n"  # as often as it takes for what follows to stand in the learner's line


class Bridge:
    """Makes proxies for the functions of one session; every call must be over at `deadline`."""

    def __init__(self, session: Session, cells: list[Cell]) -> None:
        self.session = session
        self.cells = {cell.number: cell for cell in cells}
        self.deadline = 0.0
        for cell in cells:
            lines = cell.source.splitlines(keepends=True)
            linecache.cache[cell.file] = (len(cell.source), None, lines, cell.file)

    def function(self, described: dict) -> Callable:
        """A function that looks like the one over there: its name, its module, its source where a cell has it."""
        handle = described["handle"]
        if type(handle) is not int:
            raise BadMessage("a handle is a number")
        cell, line = self._place(described)
        scope: dict[str, Any] = {"call": lambda proxy, arguments: self.call(handle, proxy, arguments)}
        code = f"{AT_LINE * (line - 1)}def proxy(*arguments):  return call(proxy, arguments)"
        exec(compile(code, cell.file if cell else "<elsewhere>", "exec"), scope)
        proxy = scope["proxy"]
        name, qualname, module = (clean(described[key])[:200] for key in ("name", "qualname", "module"))
        proxy.__name__, proxy.__qualname__, proxy.__module__ = name, qualname, module
        proxy.used_global_random = False
        proxy.package_functions_entered = lambda name: self.entered(handle, name)
        return proxy

    def call(self, handle: int, proxy: Any, arguments: tuple) -> Any:
        """Call a function over there, write back what it did to the arguments, and return or raise what it did."""
        data, blob = pack(arguments)
        reply, blob = self.session.request({"do": "call", "handle": handle, "arguments": data}, blob, self.deadline)
        try:
            value, *changed = unpack(reply["value"], blob, self.function)
            places, own = reply["changed"], leaves(arguments)
            for place, new in zip(places, changed, strict=True):
                _write_back(own[place], new)
            proxy.used_global_random = reply["random"] is True
            _print(str(reply["printed"]), int(reply["letters"]))
            error = reply.get("error")
            if error is not None:
                error = self._error(error)
        except (KeyError, TypeError, ValueError, IndexError, OverflowError) as odd:
            raise SandboxEnded(f"it answered with something that is no answer ({type(odd).__name__}: {odd})") from None
        if error is not None:
            self._raise(*error)
        return value

    def entered(self, handle: int, exercise: str) -> list[str]:
        """The functions of the package that a call enters, as far as the learner's process says so."""
        message = {"do": "entered", "handle": handle, "exercise": exercise}
        entered = self.session.request(message, b"", self.deadline)[0].get("entered")
        return [clean(name)[:200] for name in entered] if isinstance(entered, list) else []

    def _place(self, described: dict) -> tuple[Cell | None, int]:
        """The cell and the line that a description names, if there is such a line."""
        cell, line = self.cells.get(described.get("cell", 0)), described.get("line", 1)
        if cell is None or type(line) is not int or not 1 <= line <= cell.source.count("\n") + 1:
            return None, 1
        return cell, line

    def _error(self, described: dict) -> tuple[Exception, Cell | None, int]:
        name = clean(described["type"])[:80]
        own = described["not written"] is True and described["own"] is True
        kind: Any = type(name, (NotImplementedError if own else Exception,), {})
        cell, line = self._place(described)
        return kind(clean(described["message"])[:2_000]), cell, line

    @staticmethod
    def _raise(error: Exception, cell: Cell | None, line: int) -> None:
        """Raise as if from the learner's line, so that whoever reads the traceback finds it."""
        if cell is None:
            raise error
        exec(compile(AT_LINE * (line - 1) + "raise error", cell.file, "exec"), {"error": error})


def _write_back(own: Any, new: Any) -> None:
    """Give an array the numbers that it has over there; if it has become something else there, other numbers."""
    target = to_numpy(own)
    if is_array(new) and tuple(new.shape) == target.shape and to_numpy(new).dtype == target.dtype:
        target[...] = to_numpy(new)
    elif target.size:
        raw = target.reshape(-1).view("uint8")
        raw ^= 0xFF


def _print(text: str, letters: int) -> None:
    """Print what was printed over there; only its beginning has come."""
    sys.stdout.write(clean(text))
    if isinstance(sys.stdout, Printed):
        sys.stdout.total += max(0, letters - len(text))
