"""What is run again and what is not: exactly the notebooks that read what has changed. And what becomes of failures."""

import os
import subprocess
import sys
import time

import pytest

from tests.notebooks.course import ROOT, build, files, write
from tools.nb_cache import Cache
from tools.nb_environment import MACHINE, MACHINES

# A project of one package and three notebooks. Who reads what is told by what runs, not by what is written.
PACKAGE = {
    "pocket/__init__.py": "from pocket.base import ONE\n",
    "pocket/base.py": "ONE = 1\n",
    "pocket/lazy.py": "from pathlib import Path\nTEXT = Path(__file__).with_name('text.txt').read_text()\n",
    "pocket/text.txt": "two\n",
    "pocket/never.py": "",
    "pocket/child.py": "print(3)\n",
    "results/a.json": "{}\n",
}
NOTEBOOKS = {
    "book/01_base": "import pocket\nprint(pocket.ONE)\n",
    "book/02_lazy": "import pocket\ndef ask():\n    import pocket.lazy\n    return pocket.lazy.TEXT\n\nprint(ask())\n",
    "book/03_child": (
        "import subprocess, sys\ncommand = [sys.executable, '-m', 'pocket.child']\n"
        "print(subprocess.run(command, capture_output=True).stdout)\n"
    ),
    "book/04_lists": "from pathlib import Path\nprint(sorted(path.name for path in Path('../results').iterdir()))\n",
    "book/05_alone": "print(5)\n",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    root = tmp_path_factory.mktemp("project")
    for name, text in PACKAGE.items():
        write(root / name, text)
    for name, text in NOTEBOOKS.items():
        write(root / f"{name}.py", f"# %%\n{text}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(root))
        status, said = build(root)
        assert status == 0, said
        yield root


def rerun(root):
    """The notebooks that are out of date, without running them."""
    cache = Cache(root)
    return {name for name in NOTEBOOKS if cache.why(name, root / f"{name}.py", root / f"{name}.ipynb")}


def test_an_unchanged_tree_is_answered_at_once(project):
    start = time.perf_counter()
    status, said = build(project, "--check")
    assert time.perf_counter() - start < 2
    assert status == 0
    assert said.count("up to date") == len(NOTEBOOKS)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("pocket/base.py", {"01_base", "02_lazy", "03_child"}),  # whoever imports the package
        ("pocket/lazy.py", {"02_lazy"}),  # imported inside a function
        ("pocket/text.txt", {"02_lazy"}),  # data that a module reads
        ("pocket/child.py", {"03_child"}),  # in another process
        ("pocket/never.py", set()),  # nobody
        ("results/a.json", set()),  # listed by name, not read
        ("results/b.json", {"04_lists"}),  # a new name in a folder that is listed
        ("book/05_alone.py", {"05_alone"}),
        ("book/05_alone.ipynb", {"05_alone"}),
        ("constraints.txt", {name.removeprefix("book/") for name in NOTEBOOKS}),
    ],
)
def test_exactly_the_notebooks_that_read_what_changed_are_run_again(project, changed, expected):
    path = project / changed
    before = path.read_bytes() if path.exists() else None
    try:
        path.write_bytes((before or b"") + b"\n# changed\n")
        assert rerun(project) == {f"book/{name}" for name in expected}
    finally:
        path.unlink() if before is None else path.write_bytes(before)
    assert rerun(project) == set()


def test_the_report_says_why(project):
    path = project / "pocket/text.txt"
    path.write_text("three\n")
    try:
        status, said = build(project, "--check")
        assert status == 1
        assert "pocket/text.txt changed" in said
        assert "+three" in said
        assert said.count("up to date") == len(NOTEBOOKS) - 1
    finally:
        path.write_text(PACKAGE["pocket/text.txt"])


def test_a_damaged_entry_is_no_good_run(project):
    [entry] = (project / ".cache/notebooks").glob("*05_alone.json")
    for damage in ("damaged", "{}", '{"key": 1, "notebook": 2, "reads": 3}'):
        entry.write_text(damage)
        assert rerun(project) == {"book/05_alone"}
    assert "agrees" in build(project, "--check", "05_alone")[1]
    assert rerun(project) == set()


def test_what_changes_while_it_runs_is_not_remembered(project):
    cache, [source, target] = Cache(project), [project / f"book/05_alone.{kind}" for kind in ("py", "ipynb")]
    known = project / ".cache/notebooks/book-05_alone.json"
    before = known.read_text()
    cache.record("book/05_alone", source, target, {project / "pocket/base.py"}, since=0)
    assert known.read_text() == before


def test_another_machine_neither_uses_nor_makes_good_runs(project, monkeypatch):
    monkeypatch.setenv(MACHINE, "sse")
    entries = list((project / ".cache/notebooks").glob("*.json"))
    before = [entry.read_text() for entry in entries]
    status, said = build(project, "--check", "05_alone")
    assert status == 0
    assert "agrees" in said
    assert [entry.read_text() for entry in entries] == before != []
    monkeypatch.setenv(MACHINE, "abacus")
    with pytest.raises(ValueError, match=f"NOTEBOOK_MACHINE: expected one of {', '.join(filter(None, MACHINES))}"):
        build(project, "--check", "05_alone")


FAILING = {
    "raises": ("# %%\na = 1\n\n# %%\nb = 2\nb / 0\n", "cell 2: ZeroDivisionError", "book/05_alone.py, line 6: b / 0"),
    "leaves a file": ("# %%\nopen('left.txt', 'w').close()\n", "appeared or changed while it ran: left.txt", ""),
    "dies": ("# %%\nimport os\nos._exit(1)\n", "cell 1: the kernel is gone", ""),
}


@pytest.mark.parametrize("name", FAILING)
def test_a_failing_notebook_is_named_and_the_old_one_stays(project, name):
    source, message, line = FAILING[name]
    before = files(project)
    write(project / "book/05_alone.py", source)
    try:
        status, said = build(project, "05_alone")
        after = files(project)
    finally:
        write(project / "book/05_alone.py", before["book/05_alone.py"].decode())
        (project / "book/left.txt").unlink(missing_ok=True)
    assert status == 1
    assert "book/05_alone" in said
    assert "FAILED" in said
    assert message in said
    assert line in said
    assert after.keys() - before.keys() <= {"book/left.txt"}
    assert after["book/05_alone.ipynb"] == before["book/05_alone.ipynb"]


def test_unbalanced_markers_and_unknown_names_are_reported(tmp_path):
    write(tmp_path / "solutions/01_half.py", "# %%\n### BEGIN SOLUTION\n")
    status, said = build(tmp_path)
    assert status == 1
    assert "the region never ends" in said
    status, said = build(tmp_path, "nothing")
    assert status == 1
    assert "no notebook matches nothing" in said


def test_the_tool_runs_from_any_folder(tmp_path):
    command = [sys.executable, ROOT / "tools" / "notebooks.py", "--help"]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    assert (
        "--check" in subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True).stdout
    )
