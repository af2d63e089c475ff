"""Each guard fires for its own reason, and only then."""

from pathlib import Path

import nbformat
import pytest

from tools.nbclaims.guards import find_problems

HERE = Path("/course/book/01_page.ipynb")
PNG = {"image/png": "iVBORw0KGgo="}


def code(source="x", *, count=1, outputs=(), **metadata):
    return nbformat.v4.new_code_cell(source, execution_count=count, outputs=list(outputs), metadata=metadata)


def shown(**data):
    return nbformat.v4.new_output("display_data", {name.replace("_", "/", 1): value for name, value in data.items()})


def printed(text, name="stdout"):
    return nbformat.v4.new_output("stream", name=name, text=text)


def problems(*cells, path=HERE, widgets=None):
    cells = [nbformat.v4.new_markdown_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    notebook = nbformat.v4.new_notebook(cells=cells)
    if widgets:
        state = {"application/vnd.jupyter.widget-state+json": {"state": widgets}}
        notebook.metadata["widgets"] = nbformat.from_dict(state)
    return find_problems(notebook, path, Path("/course"))


ERROR = nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=["ValueError: no"])
PICTURE = nbformat.v4.new_output("display_data", PNG)
ALT = {"image": {"alt": "a curve"}}


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        (code(count=None), "not been executed"),
        (code(count=7), "count is 7, expected 1"),
        (code(outputs=[ERROR]), "stores the error ValueError"),
        (code(outputs=[printed("Warning: x", "stderr")]), "writes to stderr ['Warning: x']"),
        (code(outputs=[shown(text_html='<script src="https://cdn.x.org/a.js">')]), "loads https://cdn.x.org"),
        (code(outputs=[shown(text_html="<link rel=a href='http://x.org/a.css'>")]), "loads http://x.org"),
        (code(outputs=[shown(text_html="<style>@import 'https://x.org/a'</style>")]), "loads https://x.org"),
        (code(outputs=[shown(text_html='<img alt="" src="//x.org/a.png">')]), "loads //x.org"),
        (code(outputs=[shown(application_javascript='import("https://x.org/a.js")')]), "loads https://x.org"),
        (code(outputs=[shown(text_html="<img src='data:,'>")]), "<img> without alt text"),
        (code(outputs=[PICTURE]), "picture has no alt text"),
        (code(outputs=[PICTURE], mystnb={"image": {"alt": " "}}), "picture has no alt text"),
        (code(tags=["nbval-ignore-output"]), "no tag says why"),
        (code(tags=["nbval-skip", "reason:"]), "no tag says why"),
        (code("# NBVAL_IGNORE_OUTPUT\nx"), "no tag says why"),
        (code(outputs=[printed("saved /tmp/abc/model")]), "path of one machine (/tmp/a…)"),
        (code(outputs=[printed("in /course/rnn_course/x.py")]), "path of one machine (/course/…)"),
        (code(outputs=[printed("in /home/ada/x.py")]), "path of one machine (/home/ada/x…)"),
        ("![](a.png)", "![](a.png) has no alt text"),
        ("```{figure} a.png\n:width: 50%\n\nCaption\n```", "a.png has no alt text"),
        ("The layout is `[batch, time]`.", "shows shapes and claims none"),
    ],
)
def test_each_guard_fires_for_its_own_reason(cell, problem):
    [found] = problems(cell)
    assert problem in found


@pytest.mark.parametrize(
    "cell",
    [
        code("", count=None),
        code(outputs=[ERROR], tags=["raises-exception"]),
        code(outputs=[printed("see https://example.org/a.js")]),
        code(outputs=[shown(text_html='<a class="x" href="https://example.org">more</a>')]),
        code(outputs=[shown(text_html='<svg xmlns:xlink="http://www.w3.org/1999/xlink"></svg>')]),
        code(outputs=[shown(text_html='<img alt="a curve" src="data:,">')]),
        code(outputs=[PICTURE], mystnb=ALT),
        code(tags=["nbval-ignore-output", "reason:animation"]),
        code(outputs=[printed("rnn_course/cells.py, /tmpl/x, 1/tmp/2")]),
        "![a curve](a.png) and `![](x)` in code:\n```\n![](b.png)\n```",
        ":::{figure} a.png\n:alt: a curve\n:::",
        "The layout is `[batch, time]`, here `x: [batch=4, time=3]`.",
    ],
)
def test_what_is_allowed_passes(cell):
    assert not problems(cell)


def test_widgets_load_nothing_from_elsewhere():
    [found] = problems(
        widgets={"1": {"model_name": "AnyModel", "state": {"_esm": 'import d3 from "https://esm.sh/d3"'}}}
    )
    assert "AnyModel loads https://esm.sh" in found


def test_only_pages_of_the_book_have_to_claim():
    assert not problems("The layout is `[batch, time]`.", path=Path("/course/exercises/01_page.ipynb"))
