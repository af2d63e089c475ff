"""The hook that a project's conftest.py may implement."""

import pytest


@pytest.hookspec(firstresult=True)
def pytest_nbclaims_environment(config: pytest.Config) -> dict[str, str] | None:
    """All environment variables of a kernel. Without this hook they are those of pytest."""
