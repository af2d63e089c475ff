"""A small course for the tests: its text sources, its notebooks, and one run over all of them by each command."""

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from tools.nb_build import main

ROOT = Path(__file__).resolve().parents[2]

# What every notebook of a course may hold, in the order of the cells: claims, text, an error that is meant, chance.
LIGHT = """\
# %%
import numpy as np
x = np.arange(6.0).reshape(2, 3)
print(x.sum())

# %% [markdown]
# The batch is `x: [batch=2, time=3]`, in short `[batch, time]`. `len(x) = 2`.

# %%
y = x[:, -1]
y

# %% [markdown]
# | claim | |
# |---|---|
# | tree | `(state := {"c": [x]})["c"][0]: [batch=2, time=3]`, `x[0, 0]: []` |
# | dtype | `x: float64` |
# | equality | `x[:, -1] == y` |
# | bound | `2.5 ≤ x.mean() < 2.6` |

# %% tags=["raises-exception"]
int("no number")

# %% tags=["nbval-ignore-output", "reason:varies with the time"]
import time
print(time.time())
""".replace('(state := {"c": [x]})', '{"c": [x]}')

# Figures: a picture with its description, and a widget with its state.
FIGURES = (
    LIGHT
    + """
# %% mystnb={"image": {"alt": "a straight line"}}
import matplotlib.pyplot as plt
fig, ax = plt.subplots(figsize=(3, 2))
ax.plot([1, 2, 3])
plt.show()

# %%
import ipywidgets
ipywidgets.IntSlider(value=3, description="size")
"""
)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def files(root):
    """Every file of the course but the tool's own, with its content."""
    found = [path for path in root.rglob("*") if path.is_file() and ".cache" not in path.parts]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def read(path):
    return nbformat.read(path, as_version=4)


def list_in_toc(root, *names):
    """Write the table of contents of a course."""
    write(root / "_toc.yml", "root: index\nchapters:\n" + "".join(f"- file: {name}\n" for name in names))


def build(root, *options):
    """The exit status of the tool that builds, or checks, the course, and all that it says."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = main([*options], root=root)
    return status, said.getvalue()


def nbval(root, *options):
    """What `pytest --nbval` prints over the course, run as in the repository."""
    shutil.copy(ROOT / "conftest.py", root)
    common = "--rootdir . -p no:cacheprovider -rA --color=no --continue-on-collection-errors --nbval"
    command = [sys.executable, "-m", "pytest", "-c", ROOT / "pyproject.toml", *common.split(), *options]
    env = os.environ | {"COLUMNS": "250", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(list(map(str, command)), cwd=root, env=env, capture_output=True, text=True, timeout=600)
    return done.stdout + done.stderr


def outcomes(report, name):
    """What became of each item of a notebook, in order."""
    found = re.findall(rf"^(PASSED|FAILED|ERROR) {re.escape(name)}::([\w ]+?)(?: - .*)?$", report, re.MULTILINE)
    return {item: outcome for outcome, item in found}


def message(report, name, item):
    """What a failed item said."""
    section = rf"^_+ {re.escape(name)}::{item} _+$(.*?)(?=^[_=]{{5}})"
    found = re.search(section, report, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def complaint(said, name):
    """What the tool said below the line of a notebook; None if it said nothing against it."""
    found = re.search(rf"^{re.escape(name)} +FAILED.*\n((?: .*\n)*)", said, re.MULTILINE)
    return found[1] if found else None
