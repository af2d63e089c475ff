"""What all live figures share: the common script and style, the first frame, and what a viewer without scripts gets.

A figure is a class in `name.py` beside `name.js` and `name.css`:

    class MyFigure(Figure):
        step = traitlets.Int(0).tag(sync=True)

        def first_frame(self) -> str:      # a picture that needs no script, see drawing.py
        def as_text(self) -> str:          # the same numbers as text

Its script begins with `import { … } from "./common.js";` and ends with `export default { render };`. It may import
other files of this folder in the same way. All of them are put before its own when the class is made, so that what
travels in a notebook is one module and one style sheet; names at the top level of these files must therefore differ.
"""

import re
import sys
from html import escape
from pathlib import Path
from typing import Any

import anywidget

from rnn_course.palette import css_variables

COMMON = Path(__file__).with_name("common.js")
IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)


def script(path: Path) -> str:
    """The module of a figure: the common functions, files that it imports, its own; none imports any longer."""
    named = [path.with_name(f"{name}.js") for name in IMPORT.findall(path.read_text("utf8"))]
    files = [COMMON, *(one for one in named if one != COMMON), path]
    return "".join(IMPORT.sub("", one.read_text("utf8")) for one in files)


def common_style() -> str:
    """The colours and shapes of the visual language, and the look of the controls."""
    return css_variables() + COMMON.with_suffix(".css").read_text("utf8")


class Figure(anywidget.AnyWidget):
    """A live figure whose model and arithmetic run in the page, with a first frame for readers without scripts."""

    def __init_subclass__(cls, **options: Any) -> None:
        own = Path(getattr(sys.modules[cls.__module__], "__file__", None) or "").with_suffix(".js")
        if "_esm" not in vars(cls) and own.is_file():
            cls._esm = script(own)
            cls._css = common_style() + own.with_suffix(".css").read_text("utf8")
        super().__init_subclass__(**options)

    def first_frame(self) -> str:
        """The figure before anything was touched: HTML with an SVG of class `rc-drawing`, without scripts and ids."""
        raise NotImplementedError

    def as_text(self) -> str:
        """What the first frame shows, as text."""
        raise NotImplementedError

    def _style(self) -> str:
        """The style sheet that the live figure will bring, which the first frame needs before it."""
        return getattr(self, "_css", "") or common_style()

    def __repr__(self) -> str:
        """Without an object's address, so that a stored notebook stays the same."""
        return f"{type(self).__name__}()"

    def _ipython_display_(self) -> None:
        """Two outputs: the first frame, which the live figure hides when it comes alive, and the live figure.

        A notebook that is not trusted loses the drawing; then the words show, else the picture does.
        """
        from IPython.display import display

        html = (
            f'<div class="rc-widget rc-figure rc-first-frame"><style>\n{self._style()}</style>\n'
            f'<pre class="rc-words">{escape(self.as_text())}</pre>\n'
            f'<div class="rc-picture" style="display:none">{self.first_frame()}</div>\n</div>'
        )
        display({"text/html": html, "text/plain": self.as_text()}, raw=True)
        bundle, metadata = super()._repr_mimebundle_() or ({}, {})
        display({**bundle, "text/plain": repr(self)}, metadata=metadata, raw=True)
