"""A notebook as a collection of tests: nbval's items for its code cells, and ours between and around them.

In the order of the document: the guards; each code cell; each markdown cell that claims something, asked in the kernel
where it stands; and last the run as a whole, and what the project says of it.
"""

import ast
import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from nbformat.reader import NotJSONError
from nbval.plugin import IPyNbFile

from tools.nbclaims.claims import Claim, find_claims
from tools.nbclaims.fresh import Listener
from tools.nbclaims.guards import find_problems, ignored_reason, is_ignored
from tools.nbclaims.start import start
from tools.nbclaims.summary import PROPERTY
from tools.nbclaims.watch import FINISH, START, Watch

SANITIZE = Path(__file__).with_name("sanitize.cfg")
ANSWER_TIMEOUT = 60  # seconds for all claims of a cell


class NotebookError(AssertionError):
    """What is wrong with a notebook, told without a traceback: its author needs none."""


class Notebook(IPyNbFile):
    """nbval's collector, which also collects guards and claims, and watches what the kernel does."""

    watch: Watch | None = None
    listener: Listener | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.waited_for: set[str] = set()  # the items that have not passed yet

    def setup(self) -> None:
        self.listener = Listener(self.nb, time.time())
        self.watch = Watch(self.path.parent, self.config.rootpath)
        given = self.config.hook.pytest_nbclaims_environment(config=self.config) or dict(os.environ)
        with pytest.MonkeyPatch.context() as patch:
            for name in os.environ.keys() - given.keys():
                patch.delenv(name)
            for name, value in self.watch.environment(given).items():
                patch.setenv(name, value)
            if not self.config.option.nbval_kernel_name:
                patch.setattr(self.config.option, "nbval_current_env", True)
            start(super().setup)
        kernel: Any = self.kernel
        # Run a cell as a front end does, counting: tracebacks show the count, and `_` and `Out` are there.
        kernel.execute_cell_input = partial(kernel.kc.execute, stop_on_error=False)
        self.ask({"": START})

    def teardown(self) -> None:
        super().teardown()
        if self.watch:
            self.watch.close()

    def get_kernel_message(self, timeout: float | None = None, stream: str = "iopub") -> dict:
        message = super().get_kernel_message(timeout, stream)
        if self.listener:
            self.listener.hear(message)
        return message

    def get_sanitize_files(self) -> list[str]:
        return [str(SANITIZE), *super().get_sanitize_files()]

    def collect(self) -> list[pytest.Item]:
        items = list(self.items())
        self.waited_for = {item.name for item in items}
        return [*items, FreshItem.from_parent(self, name="Fresh")]

    def items(self) -> Iterator[pytest.Item]:
        try:
            code_items = list(super().collect())  # reads the notebook
        except NotJSONError as error:
            raise self.CollectError(f"{self.path.name} is not a notebook: {error}. Run tools/notebooks.py.") from None
        yield GuardItem.from_parent(self, name="Guards")
        for number, cell in enumerate(self.nb.cells, start=1):
            if cell.cell_type == "code":
                item = code_items.pop(0)
                reason = (ignored_reason(cell) or "no reason") if is_ignored(cell) else ""
                item.user_properties.append((PROPERTY, f"ignored {reason}" if reason else "compared"))
                yield item
            elif cell.cell_type == "markdown" and (claims := find_claims(cell.source)):
                yield ClaimItem.from_parent(self, name=f"Claims {number}", number=number, claims=claims)
        yield RunItem.from_parent(self, name="Run")

    def ask(self, questions: dict[str, str]) -> dict[str, str | Exception]:
        """The kernel's answer to each question, or the error it gave; nothing in the kernel changes."""
        if not self.kernel or not self.kernel.is_alive():
            raise NotebookError("the kernel is dead: see the cells above")
        client = self.kernel.kc
        request = client.execute("", silent=True, store_history=False, user_expressions=questions, allow_stdin=False)
        try:
            while (reply := client.get_shell_msg(timeout=ANSWER_TIMEOUT))["parent_header"].get("msg_id") != request:
                pass
        except Empty:
            raise NotebookError(f"the kernel gave no answer in {ANSWER_TIMEOUT} s") from None
        return {key: read_answer(answer) for key, answer in reply["content"].get("user_expressions", {}).items()}


def read_answer(answer: dict) -> str | Exception:
    if answer["status"] == "ok":
        return ast.literal_eval(answer["data"]["text/plain"])
    return NotebookError(f"{answer['ename']}: {answer['evalue']}")


class NotebookItem(pytest.Item):
    """An item that fails with the message of its author."""

    parent: Notebook

    def fact(self, text: str) -> None:
        self.user_properties.append((PROPERTY, text))

    def fail(self, problems: list[str]) -> None:
        if problems:
            raise NotebookError("\n".join(f"{self.where}, {problem}" for problem in problems))

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.where}::{self.name}"

    @property
    def where(self) -> str:
        return f"{self.path.parent.name}/{self.path.name}"

    def repr_failure(self, excinfo: pytest.ExceptionInfo, style: str | None = None) -> object:
        return str(excinfo.value) if isinstance(excinfo.value, NotebookError) else super().repr_failure(excinfo)


class GuardItem(NotebookItem):
    """What the file alone shows to be wrong."""

    def runtest(self) -> None:
        self.fact("guarded")
        toc, teaching = (str(self.config.getini(f"nbclaims_{name}")) for name in ("toc", "teaching"))
        self.fail(find_problems(self.parent.nb, self.path, self.config.rootpath, toc=toc, teaching=teaching))


class ClaimItem(NotebookItem):
    """The claims of one markdown cell, asked after all code above it has run."""

    def __init__(self, *, number: int, claims: list[Claim], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.number, self.claims = number, claims

    def runtest(self) -> None:
        asked = {str(index): claim.question for index, claim in enumerate(self.claims) if claim.question}
        answers = self.parent.ask(asked)
        judged = [(claim, judge(claim, answers.get(str(index), ""))) for index, claim in enumerate(self.claims)]
        where = f"cell {self.number}, line"
        wrong = [f"{where} {claim.line}: `{claim.text}`\n    {problem}." for claim, problem in judged if problem]
        self.fact(f"claims {len(self.claims) - len(wrong)}")
        self.fail(wrong)


def judge(claim: Claim, answer: str | Exception) -> str:
    """What is wrong with a claim, given the kernel's answer; empty if it is true."""
    if claim.problem:
        return claim.problem
    if isinstance(answer, Exception):
        return f"stated {claim.expected}, cannot be evaluated here: {answer}. Define it above, or correct the name"
    if answer != claim.expected:
        return f"stated {claim.expected}, actual {answer}. Correct the text, or the code above it"
    return ""


class RunItem(NotebookItem):
    """What the notebook did beside its outputs: files, network, seeds, time."""

    def runtest(self) -> None:
        self.fact("watched")
        watch = self.parent.watch
        assert watch, "the notebook has not been set up"
        self.parent.ask({"": FINISH})
        self.fail(list(watch.problems(float(self.config.getini("nbclaims_budget")))))


class FreshItem(NotebookItem):
    """The whole of what the run gave, for the project to compare: pictures and widgets too."""

    def runtest(self) -> None:
        listener, watch = self.parent.listener, self.parent.watch
        assert listener, "the notebook has not been set up"
        assert watch, "the notebook has not been set up"
        run = listener.finish(watch.reads(), good=not self.parent.waited_for)
        if not run.whole:
            pytest.skip("not every cell was run, so there is no whole notebook to compare")
        answers = self.config.hook.pytest_nbclaims_ran(config=self.config, path=self.path, run=run)
        self.fail([problem for answer in answers for problem in answer])
