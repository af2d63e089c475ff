"""Registers the plug-in that checks the prose of notebooks: `pytest --nbval book solutions exercises`."""

import pytest

from tools.nb_environment import kernel_environment

pytest_plugins = ["tools.nbclaims.plugin"]


def pytest_nbclaims_environment(config: pytest.Config) -> dict[str, str]:
    """The notebooks run here as they do where they are built."""
    return kernel_environment(config.rootpath)
