"""Registers the plug-in that checks the prose of notebooks: `pytest --nbval book solutions exercises`."""

pytest_plugins = ["tests.notebooks.plugin"]
