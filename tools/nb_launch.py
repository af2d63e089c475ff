"""Notebooks that can be launched from a published copy: the one setting, and the cell that installs the course there.

The setting is `repository_url` in _config.yml. While it is empty there are no launch buttons and there is no such cell.
The cell does nothing anywhere but on Colab. Nothing that it installs depends on Torch, so Colab's own stays.
"""

from pathlib import Path

import nbformat
import yaml  # comes with Jupyter Book, whose setting this is
from nbformat import NotebookNode

INSTALL = """\
# On Colab: install the course. Colab's own Torch stays as it is.
import sys

if "google.colab" in sys.modules:
    %pip install --quiet "rnn-course[viz] @ git+{url}@{branch}"\
"""
TAGS = ["remove-cell", "colab"]  # no part of the page


def with_install_cell(notebook: NotebookNode, root: Path) -> NotebookNode:
    """The notebook, with the cell after its title if the course of `root` is published."""
    if url := published_at(root):
        source = INSTALL.format(url=url[0], branch=url[1])
        cell = nbformat.v4.new_code_cell(source, metadata={"tags": [*TAGS]})
        title_first = notebook.cells and notebook.cells[0].cell_type == "markdown"
        notebook.cells.insert(1 if title_first else 0, cell)
    return notebook


def published_at(root: Path) -> tuple[str, str] | None:
    """The address and the branch of the repository that _config.yml names; None while there is none."""
    config = root / "_config.yml"
    if not config.is_file():
        return None
    settings = yaml.safe_load(config.read_text(encoding="utf-8")) or {}
    for name in ("sphinx", "config", "html_theme_options"):
        settings = settings.get(name) or {}
    url = str(settings.get("repository_url") or "").strip().rstrip("/")
    return (url, settings.get("repository_branch") or "main") if url else None
