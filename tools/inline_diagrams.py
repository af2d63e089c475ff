"""An extension of Sphinx: the book's diagrams become a part of the page, so that they follow its theme.

A page has `![what it shows](_diagrams/NAME.svg)`, which other readers of a notebook show as a picture. If there is
NAME_narrow.svg too, both come into the page, and the style sheet shows the one that fits.
"""

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from tools.diagrams.sheet import inline

FOLDER = "_diagrams"


def inline_diagrams(app: Sphinx, doctree: nodes.document, *_: Any) -> None:
    """Replace each picture of a diagram by the diagram itself."""
    for image in list(doctree.findall(nodes.image)):
        path = Path(app.srcdir, image["uri"])
        if path.suffix != ".svg" or path.parent.name != FOLDER or app.builder.format != "html":
            continue
        files = [path, *path.parent.glob(f"{path.stem}_narrow.svg")]
        image.replace_self(nodes.raw("", "".join(inline(file.read_text("utf8")) for file in files), format="html"))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-resolved", inline_diagrams)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
