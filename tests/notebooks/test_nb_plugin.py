"""Canaries: notebooks with one fault each, which `pytest --nbval` must fail, for the right reason. One run for all."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = "The batch is `x: [batch=2, time=3]`, in short `[batch, time]`."
START = ("import numpy as np\nx = np.arange(6.0).reshape(2, 3)\nprint(x.sum())", "15.0\n")


def code(source, text="", *, outputs=None, **metadata):
    stored = outputs if outputs is not None else [nbformat.v4.new_output("stream", text=text)] if text else []
    return nbformat.v4.new_code_cell(source, outputs=stored, metadata=metadata)


def result(data, kind="display_data"):
    return [nbformat.v4.new_output(kind, data)]


PICTURE = "from IPython.display import display, Image\nimport base64\ndisplay(Image(base64.b64decode('iVBORw0KGgo=')))"
PNG = result({"image/png": "iVBORw0KGgo=\n", "text/plain": "<IPython.core.display.Image object>"})
SCRIPT = '<script src="https://cdn.example.org/a.js"></script>'
HTML = f"from IPython.display import display, HTML\ndisplay(HTML('{SCRIPT}'))"
LOADS = result({"text/html": SCRIPT, "text/plain": "<IPython.core.display.HTML object>"})
ERROR = [nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=["ValueError: no"])]
STDERR = [nbformat.v4.new_output("stream", name="stderr", text="careful\n")]

NOTEBOOKS = {
    "unexecuted": [code(*START), TEXT, code("y = 1")],
    "outputs": [code(START[0], "15.5\n"), TEXT, code(START[0])],
    "claims": [TEXT, code(*START), "`x: [2, 4]`", "`z: [2, 3]`", "It is\n`[2, 3]`.", "`x.max() ≥ 6`, `x: [2, 3]`"],
    "no_claim": ["It is `[batch, time]`."],
    "guards": [
        code("1", outputs=ERROR),
        code("import sys; print('careful', file=sys.stderr)", outputs=STDERR),
        code(HTML, outputs=LOADS),
        code(PICTURE, outputs=PNG),
        code("print(2)", "1\n", tags=["nbval-ignore-output"]),
    ],
}

# In which notebook which item must fail, and what it must say. Every other item must pass.
FAULTS = [
    ("unexecuted", "Guards", "cell 3: it has not been executed"),
    ("outputs", "Cell 0", "'15.5"),
    ("outputs", "Cell 1", "Unexpected output fields from running code: {'stdout'}"),  # its outputs were cleared
    ("claims", "Claims 1", "NameError: name 'x' is not defined"),  # it stands above the code
    ("claims", "Claims 3", "book/claims.ipynb, cell 3, line 1: `x: [2, 4]`\n    stated [2, 4], actual [2, 3]"),
    ("claims", "Claims 4", "NameError: name 'z' is not defined"),
    ("claims", "Claims 5", "line 2: `[2, 3]`\n    a shape in numbers that names no array"),
    ("claims", "Claims 6", "`x.max() ≥ 6`\n    stated true, actual 5."),
    ("no_claim", "Guards", "it shows shapes and claims none"),
    ("guards", "Guards", "cell 1: it stores the error ValueError"),
    ("guards", "Guards", "cell 2: it writes to stderr ['careful']"),
    ("guards", "Guards", "cell 3: its output (text/html) loads https://cdn.example.org"),
    ("guards", "Guards", "cell 4: its picture has no alt text"),
    ("guards", "Guards", "cell 5: its output is not checked, and no tag says why"),
    ("guards", "Cell 0", "'evalue'"),  # the error it stores does not come again
]

EVERY_KIND = """
| claim | |
|---|---|
| tree | `state["c"][0]: [batch=3]`, `x[:, -1]: [2]`, `x[0, 0]: []` |
| dtype | `x: float64` |
| count | `len(x) = 2` |
| equality | `x[:, -1] == y` |
| bound | `x.mean() ≥ 2.5`, `x.mean() < 2.6` |
"""


NOBODY_HAS = {"name": "a-kernel-nobody-has", "display_name": "?"}  # the plug-in runs this Python whatever it says
GOOD = [
    code(*START),
    TEXT,
    code("y = x[:, -1]; state = {'c': x}; object()", outputs=result({"text/plain": "<object at 0x7f0123456789>"})),
    EVERY_KIND,
    code("print(3)", "4\n", tags=["nbval-ignore-output", "reason:random"]),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """What one run over all canaries prints."""
    folder = tmp_path_factory.mktemp("course") / "book"
    folder.mkdir()
    for name, cells in (NOTEBOOKS | {"good": GOOD}).items():
        notebook = nbformat.v4.new_notebook(metadata={"kernelspec": NOBODY_HAS})
        notebook.cells = [nbformat.v4.new_markdown_cell(cell) if isinstance(cell, str) else cell for cell in cells]
        for count, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), start=1):
            cell.execution_count = None if name == "unexecuted" and count > 1 else count
        nbformat.write(notebook, folder / f"{name}.ipynb")
    (folder / "broken.ipynb").write_text("no notebook")
    options = "--rootdir . -p tests.notebooks.plugin -p no:cacheprovider -rA --color=no --continue-on-collection-errors"
    command = [sys.executable, "-m", "pytest", "-c", ROOT / "pyproject.toml", *options.split(), "--nbval", "book"]
    env = os.environ | {"COLUMNS": "200", "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder.parent, env=env, capture_output=True, text=True, timeout=300).stdout


def outcomes(report, name):
    """What became of each item of a notebook, in order."""
    found = re.findall(rf"^(PASSED|FAILED|ERROR) book/{name}\.ipynb::([\w ]+?)(?: - .*)?$", report, re.MULTILINE)
    return {item: outcome for outcome, item in found}


@pytest.mark.parametrize("fault", FAULTS, ids=" ".join)
def test_each_fault_is_found_for_its_own_reason(report, fault):
    name, item, message = fault
    section = re.search(rf"^_+ book/{name}\.ipynb::{item} _+$(.*?)(?=^[_=]{{5}})", report, re.MULTILINE | re.DOTALL)
    assert section, report
    assert message in section[1]


@pytest.mark.parametrize("name", [*NOTEBOOKS, "good"])
def test_nothing_else_fails(report, name):
    seen = outcomes(report, name)
    assert {item for item, outcome in seen.items() if outcome != "PASSED"} == {
        item for notebook, item, _ in FAULTS if notebook == name
    }


def test_claims_stand_between_the_cells_in_document_order(report):
    assert list(outcomes(report, "good")) == ["Guards", "Cell 0", "Claims 2", "Cell 1", "Claims 4", "Cell 2"]


def test_the_summary_counts_cells_claims_and_what_is_ignored(report):
    [row] = re.findall(r"^book/good\.ipynb +(\d+) +(\d+) +[\d.]+ +(.*)$", report, re.MULTILINE)
    assert row == ("2", "9", "1 random")


def test_what_is_no_notebook_gets_a_clear_message(report):
    assert "broken.ipynb is not a notebook" in report


def test_no_warning_and_no_crash(report):
    assert "INTERNALERROR" not in report
    assert "warning" not in report.splitlines()[-1]
