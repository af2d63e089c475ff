"""An extension of Sphinx: a page can be read before its scripts have come, and says in a sentence what it is about.

The theme's head stops at every script, and the last of them chooses between light and dark. Here that is chosen first;
the scripts wait until the page is there, in their order, and what typesets the formulas until it has been painted. The
icons, which are in the theme's style sheet too, need no script of 1.5 MB. The state of the live figures stands behind
the text. Ten style sheets become one (one_sheet.py), and pictures come when the reader is near (late_images.py).
"""

import re
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from tools.late_images import late
from tools.one_sheet import Sheets, pages_of

ICONS = re.compile(r'\s*<script src="[^"]*scripts/fontawesome\.js[^"]*"></script>')
EARLY = re.compile(r'\s*<link rel="preload" as="script"[^>]*>')  # before the styles and the pictures
THEME = 'document.documentElement.dataset.theme = localStorage.getItem("theme") || "auto";'
NO_THEME = re.compile(r'(<html [^>]*data-theme=)"auto"')  # has no borders, and no colours for code
OPTIONS = re.compile(
    r'<script src="[^"]*documentation_options\.js[^"]*"></script>'
)  # what the scripts after it speak of
MATHS = re.compile(r'<script defer="defer" src="([^"]*mathjax[^"]*)"></script>')  # course.js loads it
WAITING = re.compile(r"<script (?![^>]*\b(?:defer|async|type)\b)(?=[^>]*\bsrc=)")
EMPTY_HEAD = re.compile(r"<th(?P<rest>[^>]*)>\s*(?:<p>\s*</p>)?\s*</th>")  # a column without a name has no heading
CHOSEN = """const { dataset } = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)").matches;
    dataset.theme = dataset.mode === "auto" ? (dark ? "dark" : "light") : dataset.mode;"""
STATE = re.compile(r'\s*(<script type="application/vnd\.jupyter\.widget-state\+json">.*?</script>)', re.DOTALL)
SHORT, LONG = 60, 200  # letters of a description


def describe(app: Sphinx, name: str, _: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Give the page a description: its first sentences."""
    told = ""
    for paragraph in doctree.findall(nodes.paragraph) if doctree else ():
        told = f"{told} {paragraph.astext()}".strip()
        if len(told) >= SHORT:
            break
    told = " ".join(told.split()) or f"{context.get('title', name)}: {app.config.html_title}"
    if len(told) > LONG:
        told = told[:LONG].rsplit(" ", 1)[0].rstrip(",;:") + " …"
    context["metatags"] = f'{context.get("metatags", "")}<meta name="description" content="{escape(told)}" />'


def lighten(app: Sphinx, error: Exception | None) -> None:
    """Make every page of the build light; a page that is light already stays as it is."""
    if error or app.builder.format != "html":
        return
    html = Path(app.outdir)
    options, sheets = (html / "_static" / "documentation_options.js").read_text("utf8"), Sheets(html)
    for path in pages_of(html):
        text = path.read_text("utf8")
        lighter = late(sheets.join(path, light(text, options)), path.parent)
        if lighter != text:
            path.write_text(lighter, "utf8")
    sheets.tidy()


def light(text: str, options: str) -> str:
    """The HTML of a page, made light."""
    text = OPTIONS.sub(lambda _: f"<script>{options.strip()}</script>", EARLY.sub("", ICONS.sub("", text)))
    text = NO_THEME.sub(r'\1"light"', text.replace(THEME, CHOSEN))
    text = MATHS.sub(r'<script type="text/plain" data-late="\1"></script>', text)
    text = WAITING.sub("<script defer ", text)
    text = EMPTY_HEAD.sub(r"<td\g<rest>></td>", text)
    states = STATE.findall(text)
    text = STATE.sub("", text)
    return text.replace("</body>", "\n".join([*states, "</body>"])) if states else text


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", describe)
    app.connect("build-finished", lighten, priority=900)  # after the theme has written its own style sheets
    return {"parallel_read_safe": True, "parallel_write_safe": True}
