"""Launching from a published copy: one setting, a cell that installs the course and leaves Torch alone, Binder."""

import importlib.metadata as metadata
import os
import re
import stat
import sys
import types
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.notebooks.course import LIGHT, build, list_in_toc, nbval, outcomes, read, write
from tools.nb_launch import INSTALL, TAGS, published_at

ROOT = Path(__file__).resolve().parents[2]
URL = "https://github.com/someone/rnn-course"
CONFIG = "sphinx: {{ config: {{ html_theme_options: {{ repository_url: {} }} }} }}\n"
PAGE = "# %% [markdown]\n# # A page\n\n" + LIGHT


@pytest.fixture
def published(tmp_path):
    """A built course that is published."""
    write(tmp_path / "_config.yml", CONFIG.format(f"{URL}/, repository_branch: stable"))
    write(tmp_path / "book/01_page.py", PAGE)
    list_in_toc(tmp_path, "book/01_page")
    status, said = build(tmp_path)
    assert status == 0, said
    return tmp_path


def test_a_notebook_of_a_published_course_installs_it_on_colab_and_passes_here(published):
    cell = read(published / "book/01_page.ipynb").cells[1]
    assert cell.source == INSTALL.format(url=URL, branch="stable")
    assert cell.metadata.tags == TAGS
    assert cell.outputs == []
    report = nbval(published, "book")
    assert set(outcomes(report, "book/01_page.ipynb").values()) == {"PASSED"}, report


def test_another_setting_makes_the_notebooks_anew(published):
    assert "up to date" in build(published)[1]
    write(published / "_config.yml", CONFIG.format(f"{URL}2"))
    assert "its source, the pins or the tools changed" in build(published)[1]
    assert f"{URL}2@main" in read(published / "book/01_page.ipynb").cells[1].source


@pytest.mark.parametrize("config", ["", "title: A\n", CONFIG.format('""'), CONFIG.format("")])
def test_while_the_setting_is_empty_there_is_no_such_cell(tmp_path, config):
    write(tmp_path / "_config.yml", config)
    assert published_at(tmp_path) is None
    write(tmp_path / "book/01_page.py", PAGE)
    assert build(tmp_path)[0] == 0
    assert "pip install" not in (tmp_path / "book/01_page.ipynb").read_text("utf8")


def test_the_cell_calls_pip_on_colab_and_only_there(monkeypatch):
    shell = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell()
    called = []
    monkeypatch.setattr(shell, "run_line_magic", lambda *call, **_: called.append(call))
    cell = INSTALL.format(url=URL, branch="main")
    monkeypatch.setitem(shell.user_ns, "get_ipython", lambda: shell)
    shell.run_cell(cell)
    assert called == []
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    shell.run_cell(cell)
    [(magic, line)] = called
    assert magic == "pip"
    assert re.fullmatch(rf'install --quiet "rnn-course\[viz\] @ git\+{re.escape(URL)}@main"', line.strip())


def needed(name, extras=()):
    """The names of all packages that a package needs, itself included, on this Python; of what is installed here."""
    found, waiting = set(), [(name, tuple(extras))]
    while waiting:
        name, extras = waiting.pop()
        found.add(canonicalize_name(name))
        for text in metadata.requires(name) or ():
            wanted = Requirement(text)
            here = any(not wanted.marker or wanted.marker.evaluate({"extra": extra}) for extra in ("", *extras))
            if here and canonicalize_name(wanted.name) not in found:
                waiting.append((wanted.name, tuple(wanted.extras)))
    return found


def test_what_colab_and_binder_install_brings_no_torch():
    assert {"numpy", "matplotlib", "anywidget", "jaxtyping"} <= needed("rnn-course", ["viz"])
    assert "torch" not in needed("rnn-course", ["viz"])
    assert "torch" in needed("rnn-course", ["torch", "viz"]), "the extra that would bring it"


def test_binders_files_say_what_the_package_says():
    environment = yaml.safe_load((ROOT / ".binder/environment.yml").read_text("utf8"))
    [python] = [text.removeprefix("python=") for text in environment["dependencies"] if text.startswith("python=")]
    about = metadata.metadata("rnn-course")
    assert SpecifierSet(about["Requires-Python"]).contains(python)
    [torch] = [text for text in environment["dependencies"] if text.startswith("pytorch")]
    [wanted] = [Requirement(text) for text in metadata.requires("rnn-course") if text.startswith("torch")]
    assert SpecifierSet(torch.removeprefix("pytorch-cpu")) == wanted.specifier
    script = ROOT / ".binder/postBuild"
    assert '".[viz]"' in script.read_text("utf8")
    assert os.name == "nt" or script.stat().st_mode & stat.S_IXUSR
