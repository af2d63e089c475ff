"""Beside nbval: the claims of the prose, asked in the kernel where they stand, and the guards of each notebook.

Active with `--nbval`. Each notebook yields, in the order of the document, nbval's items for its code cells, one item
for each markdown cell that claims something, and before them one item for the guards.
"""

import ast
from collections import defaultdict
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty

import pytest
from nbformat.reader import NotJSONError
from nbval.plugin import IPyNbFile

from tests.notebooks.claims import Claim, find_claims
from tests.notebooks.guards import find_problems, ignored_reason, is_ignored
from tools.nb_environment import kernel_environment

SANITIZE = Path(__file__).with_name("sanitize.cfg")
ANSWER_TIMEOUT = 60  # seconds for all claims of a cell


class NotebookError(AssertionError):
    """What is wrong with a notebook, told without a traceback: its author needs none."""


class Notebook(IPyNbFile):
    """nbval's collector, which also collects guards and claims, and starts the kernel that the course builds with."""

    def setup(self) -> None:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in kernel_environment(self.config.rootpath).items():
                patch.setenv(name, value)
            patch.delenv("MPLBACKEND", raising=False)
            if not self.config.option.nbval_kernel_name:
                patch.setattr(self.config.option, "nbval_current_env", True)
            super().setup()

    def get_sanitize_files(self) -> list[str]:
        return [str(SANITIZE), *super().get_sanitize_files()]

    def collect(self) -> Iterator[pytest.Item]:
        try:
            code_items = list(super().collect())  # reads the notebook
        except NotJSONError as error:
            raise self.CollectError(f"{self.path.name} is not a notebook: {error}. Run tools/notebooks.py.") from None
        yield GuardItem.from_parent(self, name="Guards")
        for number, cell in enumerate(self.nb.cells, start=1):
            if cell.cell_type == "code":
                item = code_items.pop(0)
                reason = (ignored_reason(cell) or "no reason") if is_ignored(cell) else ""
                item.user_properties.append(("notebook", f"ignored {reason}" if reason else "compared"))
                yield item
            elif cell.cell_type == "markdown" and (claims := find_claims(cell.source)):
                yield ClaimItem.from_parent(self, name=f"Claims {number}", number=number, claims=claims)

    def ask(self, questions: dict[str, str]) -> dict[str, str | Exception]:
        """The kernel's answer to each question, or the error it gave; nothing in the kernel changes."""
        if not self.kernel.is_alive():
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
        problems = find_problems(self.parent.nb, self.path, self.config.rootpath)
        if problems:
            raise NotebookError("\n".join(f"{self.where}, {problem}" for problem in problems))


class ClaimItem(NotebookItem):
    """The claims of one markdown cell, asked after all code above it has run."""

    def __init__(self, *, number: int, claims: list[Claim], **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.number, self.claims = number, claims

    def runtest(self) -> None:
        answers = self.parent.ask(
            {str(index): claim.question for index, claim in enumerate(self.claims) if claim.question}
        )
        failures = []
        for index, claim in enumerate(self.claims):
            problem = claim.problem
            answer = answers.get(str(index))
            if isinstance(answer, Exception):
                problem = f"cannot be evaluated here: {answer}. Define it above, or correct the name"
            elif not problem and answer != claim.expected:
                problem = f"stated {claim.expected}, actual {answer}. Correct the text, or the code above it"
            if problem:
                failures.append(f"{self.where}, cell {self.number}, line {claim.line}: `{claim.text}`\n    {problem}.")
        self.user_properties.append(("notebook", f"claims {len(self.claims) - len(failures)}"))
        if failures:
            raise NotebookError("\n".join(failures))


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Generator[None, list, list]:
    collected = yield
    if not parent.config.getoption("nbval", False):
        return collected
    ours = Notebook.from_parent
    return [ours(parent, path=file_path) if type(item) is IPyNbFile else item for item in collected]


@dataclass
class Row:
    """What the summary says of one notebook."""

    compared: int = 0
    claims: int = 0
    seconds: float = 0.0
    ignored: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    rows = defaultdict(Row)
    for report in (report for reports in terminalreporter.stats.values() for report in reports):
        kinds = [value for name, value in getattr(report, "user_properties", ()) if name == "notebook"]
        if not (kinds or getattr(report, "nodeid", "").endswith(".ipynb::Guards")):
            continue
        row = rows[report.nodeid.split("::")[0]]
        row.seconds += report.duration
        for kind, _, detail in (kind.partition(" ") for kind in kinds if report.when == "call"):
            row.compared += kind == "compared"
            row.claims += int(detail) if kind == "claims" else 0
            if kind == "ignored":
                row.ignored[detail] += 1
    if not rows:
        return
    terminalreporter.section("notebooks")
    terminalreporter.line(f"{'':48} compared  claims  seconds  ignored")
    for name, row in sorted(rows.items()):
        ignored = ", ".join(f"{number} {reason}" for reason, number in sorted(row.ignored.items())) or "–"
        terminalreporter.line(f"{name:48} {row.compared:8} {row.claims:7} {row.seconds:8.1f}  {ignored}")
