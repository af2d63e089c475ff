"""Run the cells of a notebook, hand its answers to the check, and begin again without what broke the process."""

import time
from collections.abc import Callable
from typing import Any

from rnn_course.checks.catalogue import find
from rnn_course.checks.limits import TookTooLong
from rnn_course.checks.report import Report
from rnn_course.grading.cells import Cell
from rnn_course.grading.limits import Limits
from rnn_course.grading.proxy import Bridge
from rnn_course.grading.session import SandboxEnded, Session
from rnn_course.grading.wire import BadMessage, clean, unpack

RESTARTS = 5
NOTHING = object()  # where a notebook has no answer


class Run:
    """The answers of a notebook by exercise, and a sandbox that computes them; a new one where the last one ended.

    A cell that ends the process, or does not finish, is left out when the cells run again. What there is to say about
    cells goes into `problems`, each thing once.
    """

    def __init__(
        self, cells: list[Cell], expressions: dict[str, str], limits: Limits, deadline: float, problems: list[str]
    ) -> None:
        self.cells, self.expressions, self.limits = cells, expressions, limits
        self.deadline, self.problems = deadline, problems
        self.left_out: set[int] = {cell.number for cell in cells if cell.problem}
        self.starts = 0
        self.session: Session | None = None
        self.answers: dict[str, Any] = {}
        self.failures: dict[str, Report] = {}  # of answers that broke the process while they were made

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def attempt(self, name: str, seconds: float, check: Callable[[Any], Report]) -> Report:
        """The report of `check` on the answer to an exercise; it never raises for what the learner's code does."""
        while self.session is None:
            if time.monotonic() >= self.deadline:
                text = f"The notebook took {self.limits.seconds:g} seconds before it was this answer's turn."
                return Report(name, "timed out", text)
            if self.starts > RESTARTS:
                return Report(name, "raised", "The notebook has ended its process too often to check this answer, too.")
            self._start()
        if name in self.failures:
            return self.failures[name]
        answer = self.answers.get(name, NOTHING)
        if answer is NOTHING:
            text = f'There is no check("{name}", …) in this notebook, and no function `{find(name).solution.__name__}`.'
            return Report(name, "not attempted", text)
        if isinstance(answer, Report):
            return answer
        self.bridge.deadline = min(self.deadline, time.monotonic() + seconds)
        try:
            report = check(answer)
        except SandboxEnded as error:
            self._end()
            return Report(name, "raised", f"Your function broke off the check: {error}.")
        if self.session.waiting:  # the time was over in the middle of a call
            self._end()
        return report

    def _start(self) -> None:
        """A new sandbox in which every cell has run that lets it live; no session afterwards if one does not."""
        self.starts += 1
        self.answers = {}
        self.session = Session(self.limits)
        self.bridge = Bridge(self.session, self.cells)
        self.bridge.deadline = time.monotonic() + (self.deadline - time.monotonic()) / 2
        for cell in self.cells:
            if cell.number in self.left_out:
                continue
            try:
                reply, _ = self.session.request(
                    {"do": "run", "number": cell.number, "file": cell.file, "source": cell.source},
                    b"",
                    self.bridge.deadline,
                )
            except (TookTooLong, SandboxEnded) as error:
                why = "it did not finish in time" if isinstance(error, TookTooLong) else error
                self.left_out.add(cell.number)
                self._note(f"Cell {cell.number} was left out: {why}.")
                self._end()
                return
            if reply.get("error") is not None:
                self._note(f"Cell {cell.number}: {self._sentence(reply['error'])}")
            for handed in cell.handed_in:
                if handed.exercise in self.expressions and not self._take(handed.exercise, handed.expression):
                    return
        self._take_what_is_missing()

    def _take_what_is_missing(self) -> None:
        """What was not there when its cell had run may be there at the end; or there is a function of that name."""
        for name, expression in self.expressions.items():
            for candidate in (expression, find(name).solution.__name__):
                missing = self.answers.get(name, NOTHING)
                if (
                    candidate
                    and (missing is NOTHING or isinstance(missing, Report))
                    and not self._take(name, candidate)
                ):
                    return

    def _take(self, name: str, expression: str) -> bool:
        """Fetch the value of an expression as the answer to an exercise. False if that has ended the process."""
        if name in self.failures:
            return True
        assert self.session is not None
        try:
            message = {"do": "hand in", "expression": expression}
            reply, blob = self.session.request(message, b"", self.bridge.deadline)
            if (error := reply.get("error")) is None:
                self.answers[name] = unpack(reply["value"], blob, self.bridge.function)
            elif error["type"] != "NameError":
                self.answers[name] = Report(name, "raised", f"`{expression[:80]}` raised {self._sentence(error)}")
        except TookTooLong:
            self.failures[name] = Report(name, "timed out", f"`{expression[:80]}` did not finish in time.")
        except (SandboxEnded, BadMessage, KeyError, TypeError) as error:
            self.failures[name] = Report(name, "raised", f"`{expression[:80]}` broke off the check: {error}.")
        if name in self.failures:
            self._end()
        return self.session is not None

    def _end(self) -> None:
        if self.session is not None:
            if self.session.close():
                self._note("It left other processes behind; they were ended.")
            self.session = None

    def _note(self, text: str) -> None:
        text = clean(text)
        if text not in self.problems and len(self.problems) < 100:
            self.problems.append(text)

    @staticmethod
    def _sentence(error: Any) -> str:
        """What a cell raised, in one line."""
        if not isinstance(error, dict):
            return "an error"
        said = " ".join(str(error.get("message", "")).split())[:300]
        line = f" (line {error['line']})" if isinstance(error.get("line"), int) else ""
        return f"{str(error.get('type', 'an error'))[:80]}{': ' if said else ''}{said}{line}"
