"""Registers the plug-in that checks the prose of notebooks: `pytest --nbval book solutions exercises`."""

from pathlib import Path

import pytest

from tools.nb_environment import kernel_environment
from tools.nbclaims.fresh import FreshRun

pytest_plugins = ["tools.nbclaims.plugin"]


def pytest_nbclaims_environment(config: pytest.Config) -> dict[str, str]:
    """The notebooks run here as they do where they are built."""
    return kernel_environment(config.rootpath)


def pytest_nbclaims_ran(config: pytest.Config, path: Path, run: FreshRun) -> list[str]:
    """The same run serves `tools/notebooks.py --check`, pictures and widgets included."""
    from tools.nb_ran import compare_run

    return compare_run(config.rootpath, path, run)
