"""The learner's process: runs cells and calls functions when it is asked to. Nothing that it says is trusted.

It keeps no reference answer, no progress and no grade that counts: the process that asks compares what comes back.
"""

import contextlib
import io
import linecache
import os
import random
import socket
import sys
import traceback
import types
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from inspect import unwrap
from typing import Any

import numpy as np

from rnn_course import checks
from rnn_course.checks import own_work, trial
from rnn_course.checks.catalogue import find
from rnn_course.checks.limits import Printed
from rnn_course.checks.report import Report
from rnn_course.grading.frames import Frames, frame, receive
from rnn_course.grading.wire import _repr, pack, unpack
from rnn_course.tree import leaves

LATER = "It is checked when the whole notebook has run."
KEPT = 200  # functions that calls gave back; the oldest are forgotten first


def serve(control: socket.socket) -> None:
    """Answer requests until the other side closes."""
    sandbox, frames, me = Sandbox(), Frames(), os.getpid()
    while (request := receive(control, frames)) is not None:
        message, blob = request
        reply, blob = sandbox.answer(message, blob)
        if os.getpid() != me:  # a copy that a cell has made with os.fork, and that came back from it
            os._exit(0)
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        control.sendall(frame({**reply, "id": message["id"]}, blob))


class Sandbox:
    """The names of a notebook, and the functions that can be called by their handles."""

    def __init__(self) -> None:
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module
        self.names = vars(module)
        self.names |= {"display": print, "__builtins__": __builtins__}
        self.pinned: dict[int, Any] = {}
        self.results: OrderedDict[int, Any] = OrderedDict()
        self.cells: dict[str, int] = {}
        for place in (checks, sys.modules["rnn_course"]):
            vars(place)["check"] = _check_later

    def answer(self, message: dict, blob: bytes) -> tuple[dict, bytes]:
        """Do what is asked; whatever the learner's code raises is part of the reply."""
        return {"run": self._run, "hand in": self._hand_in, "call": self._call, "entered": self.functions_entered}[
            message["do"]
        ](message, blob)

    def _run(self, message: dict, _: bytes) -> tuple[dict, bytes]:
        file, source = message["file"], message["source"]
        self.cells[file] = message["number"]
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        try:
            exec(compile(source, file, "exec", dont_inherit=True), self.names)
        except BaseException as error:
            return {"error": self._describe_error(error)}, b""
        return {}, b""

    def _hand_in(self, message: dict, _: bytes) -> tuple[dict, bytes]:
        """The value of an expression; a function stays here for good, and its handle goes out."""
        try:
            scope = self.names
            exec(compile(f"__handed_in__ = (\n{message['expression']}\n)", "answer", "exec"), scope)
            value = scope.pop("__handed_in__")
        except BaseException as error:
            return {"error": self._describe_error(error)}, b""
        if callable(value) and not isinstance(value, tuple):
            handle = len(self.pinned) + 1
            self.pinned[handle] = value
            return {"value": {"is": "function", **self._describe(value, handle)}}, b""
        data, blob = pack(value)
        return {"value": data}, blob

    def _call(self, message: dict, blob: bytes) -> tuple[dict, bytes]:
        arguments = unpack(message["arguments"], blob)
        before = [pack(leaf) for leaf in leaves(arguments)]
        printed, value, reply = Printed(2_000), None, {}
        state = trial.global_random_state()
        try:
            quiet = contextlib.redirect_stderr(io.StringIO())
            with contextlib.redirect_stdout(printed), quiet, np.errstate(all="ignore"):
                value = self._function(message["handle"])(*arguments)
        except BaseException as error:
            reply["error"] = self._describe_error(error)
        reply["random"] = state != trial.global_random_state()
        reply["printed"], reply["letters"] = printed.text, printed.total
        after = [pack(leaf) for leaf in leaves(arguments)]
        changed = [k for k, (then, now) in enumerate(zip(before, after, strict=True)) if then != now]
        reply["changed"] = changed
        everything = (value, *(leaves(arguments)[k] for k in changed))
        reply["value"], blob = pack(everything, self._keep)
        return reply, blob

    def functions_entered(self, message: dict, _: bytes) -> tuple[dict, bytes]:
        try:
            with contextlib.redirect_stdout(Printed()), contextlib.redirect_stderr(io.StringIO()):
                entered = own_work.functions_entered(find(message["exercise"]), self._function(message["handle"]))
        except BaseException:
            entered = []
        return {"entered": [name[:200] for name in entered[:1_000]]}, b""

    def _function(self, handle: int) -> Callable:
        return self.pinned[handle] if handle in self.pinned else self.results[handle]

    def _keep(self, function: Any) -> dict:
        handle = -1 - random.SystemRandom().getrandbits(40)
        self.results[handle] = function
        while len(self.results) > KEPT:
            self.results.popitem(last=False)
        return self._describe(function, handle)

    def _describe(self, function: Any, handle: int) -> dict:
        target = function
        try:
            while isinstance(target, partial):
                target = target.func
            target = unwrap(target)
        except ValueError:
            pass
        described: dict[str, Any] = {"handle": handle, "type": type(function).__name__[:80]}
        for name in ("__name__", "__qualname__", "__module__"):
            text = getattr(target, name, None)
            described[name.strip("_")] = text[:200] if isinstance(text, str) else type(target).__name__[:200]
        code = getattr(target, "__code__", None)
        if isinstance(code, types.CodeType) and code.co_filename in self.cells:
            described |= {"cell": self.cells[code.co_filename], "line": code.co_firstlineno}
        return described

    def _describe_error(self, error: BaseException) -> dict:
        """Its type, its words, and the last line of the notebook on the way to it."""
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename != __file__]
        where = next((frame for frame in reversed(frames) if frame.filename in self.cells), None)
        described: dict[str, Any] = {"type": type(error).__name__[:80], "message": "it called exit()"}
        if not isinstance(error, SystemExit):
            described["message"] = _words(error)
        if where is not None:
            described |= {"cell": self.cells[where.filename], "line": where.lineno}
        described["own"] = bool(frames) and frames[-1] is where
        described["not written"] = isinstance(error, NotImplementedError)
        return described


def _check_later(name: str, answer: Any = None, *, strict: bool | None = None) -> Report:
    """What `check` is while a notebook is graded."""
    return Report(str(name), "unknown", LATER)


def _words(error: BaseException) -> str:
    try:
        return str(error)[:2_000]
    except Exception:
        return _repr(type(error))
