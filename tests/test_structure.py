"""Rules of the project that a reader of one file cannot see."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import rnn_course
from rnn_course.checks.catalogue import chapter_of
from tools.nbclaims.claims import find_claims

ROOT = Path(__file__).parents[1]
PACKAGE = sorted((ROOT / "rnn_course").rglob("*.py"))
MAY_IMPORT_TORCH = {"arrays.py", "convert.py", "parallel.py", "torch_file.py", "torch_modules.py"}
MODULES = pytest.mark.parametrize("path", PACKAGE, ids=lambda p: str(p.relative_to(ROOT / "rnn_course")))


def imports(path):
    """The names of all modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@MODULES
def test_only_the_files_that_may_import_torch_do(path):
    uses_torch = any(name.split(".")[0] == "torch" for name in imports(path))
    assert not uses_torch or path.name in MAY_IMPORT_TORCH or path.parent.name == "kernels"


@MODULES
def test_no_file_touches_a_global_seed_the_path_or_the_plot_settings(path):
    source = path.read_text(encoding="utf-8")
    assert not re.search(r"np\.random\.seed|manual_seed|sys\.path|rcParams\[|import pickle|torch\.load|eval\(", source)


@MODULES
def test_files_are_small(path):
    limit = 400 if path.parent.name == "catalogue" and path.name.startswith("chapter_") else 255
    assert len(path.read_text(encoding="utf-8").splitlines()) <= limit


def test_every_public_name_is_documented():
    for name in rnn_course.__all__:
        thing = getattr(rnn_course, name)
        if not (inspect.isfunction(thing) or inspect.isclass(thing)):
            continue
        assert (thing.__doc__ or "").strip(), name
        methods = [m for n, m in vars(thing).items() if not n.startswith("_") and inspect.isfunction(m)]
        assert all((method.__doc__ or "").strip() for method in methods), name


def test_every_notebook_is_in_the_table_of_contents():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    listed = {chapter["file"] for part in toc["parts"] for chapter in part["chapters"]}
    folders = ("book", "exercises", "solutions")
    notebooks = {p.relative_to(ROOT).with_suffix("").as_posix() for f in folders for p in (ROOT / f).glob("*.ipynb")}
    assert notebooks <= listed
    assert {name for name in listed if re.search(r"/\d\d_", name)} <= notebooks


def test_every_exercise_of_a_chapter_stands_in_its_notebook_once():
    """The catalogue may be ahead of the book: exercises of a chapter without a notebook wait for it."""
    sources = {p.name[:2]: p.read_text(encoding="utf-8") for p in (ROOT / "solutions").glob("*.py")}
    expected = [name for name in rnn_course.checks.EXERCISES if chapter_of(name) in sources]
    assert {chapter_of(name) for name in expected} == set(sources)
    checked = re.findall(r'^check\(\s*"([\w.]+)"', "\n".join(sources.values()), re.MULTILINE)
    assert sorted(checked) == sorted(expected)


def test_the_pages_made_from_the_code_are_what_it_says():
    command = [sys.executable, "-m", "tools.pages", "--check"]
    outcome = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_the_folder_that_would_leak_into_every_page_does_not_exist():
    assert not (ROOT / "_static").exists()


def test_every_dependency_is_pinned_and_has_its_reason_in_the_readme():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = [
        *project["dependencies"],
        *(r for extra in project["optional-dependencies"].values() for r in extra),
    ]
    names = {re.match(r"[\w-]+", requirement)[0] for requirement in requirements}
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in pins if "==" in line}
    table = (ROOT / "README.md").read_text(encoding="utf-8").split("## What it depends on")[1]
    for name in names:
        assert name in pinned, f"{name} has no pin in constraints.txt"
        assert re.search(rf"\b{name}\b", table), f"{name} has no reason in README.md"
    assert "torch==2.13.0" in pins


@pytest.mark.parametrize("path", sorted((ROOT / "book").glob("*.md")), ids=lambda path: path.name)
def test_a_page_without_a_kernel_claims_nothing(path):
    """Nobody could check it there. It belongs into a notebook, or is code that is talked about: {code}`x: [4, 3]`."""
    assert [claim.text for claim in find_claims(path.read_text(encoding="utf-8"))] == []
