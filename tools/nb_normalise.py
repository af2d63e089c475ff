"""Remove from an executed notebook whatever differs from run to run, so that two runs give the same bytes.

Execution times, model identifiers, addresses and local paths change with every run and say nothing; counts, cell
identifiers and the order of keys are made canonical. What is left is what the source and the code determine.
"""

import os
import re
import sysconfig
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
LANGUAGE = {
    "name": "python",
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "pygments_lexer": "ipython3",
    "codemirror_mode": {"name": "ipython", "version": 3},
    "nbconvert_exporter": "python",
}
NOTEBOOK_METADATA = ("mystnb", "widgets")
CELL_METADATA = ("tags", "mystnb")
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"

ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}")  # as in tests/notebooks/sanitize.cfg; a looser one would take 500x200 for one
ANIMATION = re.compile(r"_anim_img([0-9a-f]{32})")


def normalise(notebook: NotebookNode, root: Path) -> str:
    """The text of the executed `notebook`, equal for equal runs; `notebook` itself is changed on the way."""
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    fixed = nbformat.from_dict({"kernelspec": KERNEL, "language_info": LANGUAGE})
    notebook.metadata = fixed | keep(notebook.metadata, NOTEBOOK_METADATA)
    count = 0
    for index, cell in enumerate(notebook.cells):
        cell.id = f"c{index:03d}"
        cell.metadata = keep(cell.metadata, CELL_METADATA)
        if cell.cell_type == "code":
            if cell.execution_count is not None:
                cell.execution_count = count = count + 1
            cell.outputs = [normal_output(output, count, root) for output in merge_streams(cell.outputs)]
    nbformat.validate(notebook)
    return renumber(write(notebook), identifiers(notebook)).rstrip("\n") + "\n"


def write(notebook: Any) -> str:
    """The canonical text: sorted keys, one space of indentation, letters as they are."""
    return nbformat.writes(notebook, indent=1, sort_keys=True, ensure_ascii=False)


def keep(metadata: NotebookNode, names: tuple[str, ...]) -> NotebookNode:
    return NotebookNode({name: metadata[name] for name in names if name in metadata})


def merge_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """The outputs with adjacent pieces of one stream joined: where the kernel flushed is chance."""
    merged: list[NotebookNode] = []
    for output in outputs:
        last = merged[-1] if merged else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            merged.append(output)
    return merged


def normal_output(output: NotebookNode, count: int, root: Path) -> NotebookNode:
    """One output with the count of its cell, no address, and tracebacks free of this machine's folders."""
    if "execution_count" in output:
        output.execution_count = count
    if output.output_type == "stream":
        output.text = ADDRESS.sub("0x0", output.text)
    elif output.output_type == "error":
        output.evalue = ADDRESS.sub("0x0", output.evalue)
        output.traceback = [ADDRESS.sub("0x0", shorten_paths(line, root)) for line in output.traceback]
    else:
        for mime, data in output.data.items():
            if mime.startswith("text/"):
                output.data[mime] = ADDRESS.sub("0x0", data)
    return output


def shorten_paths(text: str, root: Path) -> str:
    """`text` with files of the repository and of installed packages named as they are imported."""
    folders = [*(sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib")), str(root)]
    home = str(Path.home())
    for folder in folders:
        text = text.replace(folder + os.sep, "")
        if folder.startswith(home + os.sep):  # IPython writes ~ for the home folder
            text = text.replace("~" + folder.removeprefix(home) + os.sep, "")
    return text


def identifiers(notebook: NotebookNode) -> list[str]:
    """The random identifiers of the notebook, in an order that does not depend on them.

    Widget models come in the order of their creation, in which their state arrived (and in which it is sorted once
    it is numbered); then the animations of matplotlib, in the order of the cells.
    """
    found: list[str] = list(notebook.metadata.get("widgets", {}).get(WIDGET_STATE, {}).get("state", {}))
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            found += ANIMATION.findall(str(output.get("data", {}).get("text/html", "")))
    return list(dict.fromkeys(found))


def renumber(text: str, found: list[str]) -> str:
    """`text` with each identifier replaced by its number, everywhere, and the keys sorted again."""
    if not found:
        return text
    numbers = {identifier: f"{number:032x}" for number, identifier in enumerate(found)}
    text = re.sub("|".join(map(re.escape, found)), lambda match: numbers[match[0]], text)
    return write(nbformat.reads(text, as_version=4))
