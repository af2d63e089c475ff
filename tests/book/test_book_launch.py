"""Launch buttons: Colab, Binder and download where the course is published, download alone where it is not."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.book.pages import HTML, ROOT, read_page, toc_pages

URL = "https://github.com/someone/rnn-course"
NOTEBOOKS = [name for name in toc_pages() if (ROOT / name).with_suffix(".ipynb").is_file()]
LAUNCH = re.compile(r"colab\.research|mybinder\.org")


def links(path):
    return [link for link in read_page(path).links if LAUNCH.search(link)]


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Two pages of the book, built with the book's own settings, but published."""
    root = tmp_path_factory.mktemp("published")
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf8"))
    options = config["sphinx"]["config"]["html_theme_options"]
    assert options["repository_url"] == ""
    options["repository_url"] = URL
    config["bibtex_bibfiles"] = []
    config["sphinx"]["local_extensions"] = dict.fromkeys(config["sphinx"]["local_extensions"], str(ROOT))
    config["sphinx"]["config"]["html_static_path"] = [str(ROOT / "book" / "_assets")]
    config["sphinx"]["config"]["extensions"].remove("sphinxcontrib.bibtex")
    for name in ("logo", "favicon"):
        holder = config if name == "logo" else config["html"]
        holder[name] = str(ROOT / "book" / "_assets" / f"{name}.svg")
    (root / "_config.yml").write_text(yaml.safe_dump(config), "utf8")
    (root / "_toc.yml").write_text("format: jb-book\nroot: index\nchapters:\n- file: exercises/01_page\n", "utf8")
    (root / "index.md").write_text("# A course\n", "utf8")
    (root / "exercises").mkdir()
    shutil.copy((ROOT / NOTEBOOKS[-1]).with_suffix(".ipynb"), root / "exercises" / "01_page.ipynb")
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", ".", "-q"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return root / "_build" / "html"


def test_a_published_notebook_has_its_buttons(published):
    assert sorted(links(published / "exercises" / "01_page.html")) == [
        "https://colab.research.google.com/github/someone/rnn-course/blob/main/exercises/01_page.ipynb",
        "https://mybinder.org/v2/gh/someone/rnn-course/main?urlpath=lab/tree/exercises/01_page.ipynb",
    ]
    assert links(published / "index.html") == []


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_an_unpublished_notebook_is_downloaded_only(html, name):
    page = html / name
    assert links(page) == []
    downloads = [link for link in read_page(page).links if link.endswith(".ipynb") and "_sources" in link]
    assert downloads
    source, _ = read_page(page).target(downloads[0])
    assert source.read_bytes() == (ROOT / name).with_suffix(".ipynb").read_bytes()
    assert HTML in source.parents
