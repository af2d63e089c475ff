"""The plug-in itself: options, and the notebooks that nbval collects made into ours. Active with `--nbval`."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from nbval.plugin import IPyNbFile

from tools.nbclaims import hooks
from tools.nbclaims.notebook import Notebook
from tools.nbclaims.summary import summarise
from tools.nbclaims.watch import BUDGET


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("nbclaims_toc", "the table of contents that has to name each notebook", default="_toc.yml")
    parser.addini("nbclaims_teaching", "the folder whose pages have to claim a shape if they show one", default="book")
    parser.addini("nbclaims_budget", "the seconds that a notebook may take", default=str(BUDGET))


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(hooks)


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Generator[None, list, list]:
    collected = yield
    if not parent.config.getoption("nbval", False):
        return collected
    ours = Notebook.from_parent
    return [ours(parent, path=file_path) if type(item) is IPyNbFile else item for item in collected]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Generator[None, pytest.TestReport, Any]:
    report = yield
    if isinstance(item.parent, Notebook) and call.when == "call" and report.passed:
        item.parent.waited_for.discard(item.name)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    summarise(terminalreporter)
