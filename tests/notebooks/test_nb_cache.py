"""What is run and what is not, and what becomes of a notebook that fails: a course of one small notebook."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.notebooks.files import files, write
from tools.nb_build import main

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def quick(tmp_path):
    """A course of one built notebook that takes next to nothing."""
    write(tmp_path / "book/01_quick.py", "# %%\nprint(1)\n")
    assert main([], root=tmp_path) == 0
    return tmp_path


def status(out):
    return out.splitlines()[0].split()[1:-2]


def test_only_what_changed_is_run(quick, capsys):
    def run(*options):
        capsys.readouterr()
        assert main([*options], root=quick) == 0
        return " ".join(status(capsys.readouterr().out))

    assert run() == "up to date"
    assert run("--check") == "up to date"
    assert run("--check", "--force") == "agrees"
    write(quick / "rnn_course/cells.py", "x = 1\n")  # the package is part of the key
    assert run() == "built"
    assert run() == "up to date"
    (quick / "book/01_quick.ipynb").unlink()
    assert run() == "built"
    [entry] = (quick / ".cache/notebooks").glob("*.json")
    entry.write_text("damaged")
    assert run("--check") == "agrees"
    assert run("--check") == "up to date"


FAILING = {
    "raises": ("# %%\na = 1\n\n# %%\nb = 2\nb / 0\n", "cell 2: ZeroDivisionError", "book/01_quick.py, line 6: b / 0"),
    "leaves a file": ("# %%\nopen('left.txt', 'w').close()\n", "appeared or changed while it ran: left.txt", ""),
    "dies": ("# %%\nimport os\nos._exit(1)\n", "cell 1: the kernel is gone", ""),
}


@pytest.mark.parametrize("name", FAILING)
def test_a_failing_notebook_is_named_and_the_old_one_stays(quick, capsys, name):
    source, message, line = FAILING[name]
    before = files(quick)
    write(quick / "book/01_quick.py", source)
    assert main([], root=quick) == 1
    out, err = capsys.readouterr()
    assert "book/01_quick" in out
    assert "FAILED" in out
    assert message in err
    assert line in err
    after = files(quick)
    assert after.keys() - before.keys() <= {"book/left.txt"}
    assert after["book/01_quick.ipynb"] == before["book/01_quick.ipynb"]


def test_unbalanced_markers_and_unknown_names_are_reported(tmp_path, capsys):
    write(tmp_path / "solutions/01_half.py", "# %%\n### BEGIN SOLUTION\n")
    assert main([], root=tmp_path) == 1
    assert "the region never ends" in capsys.readouterr().err
    assert main(["nothing"], root=tmp_path) == 1
    assert "no notebook matches nothing" in capsys.readouterr().err


def test_the_tool_runs_from_any_folder(tmp_path):
    command = [sys.executable, ROOT / "tools" / "notebooks.py", "--help"]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    assert (
        "--check" in subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True).stdout
    )
