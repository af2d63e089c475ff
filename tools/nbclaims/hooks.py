"""The hooks that a project's conftest.py may implement."""

from pathlib import Path

import pytest

from tools.nbclaims.fresh import FreshRun


@pytest.hookspec(firstresult=True)
def pytest_nbclaims_environment(config: pytest.Config) -> dict[str, str] | None:
    """All environment variables of a kernel. Without this hook they are those of pytest."""


@pytest.hookspec
def pytest_nbclaims_ran(config: pytest.Config, path: Path, run: FreshRun) -> list[str]:
    """Compare a whole run with the notebook stored at `path`: what differs, a text for each; none if all agrees."""
    return []
