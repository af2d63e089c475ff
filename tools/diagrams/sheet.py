"""The style of all diagrams, from the live figures' own; and an SVG file with that style inside, light and dark."""

import re

from rnn_course.palette import INK, PAGE, PALETTE, css_variables
from rnn_course.widgets.drawing import Number, element
from rnn_course.widgets.figure import COMMON

SCOPE = ".rc-diagram"
STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)
EDGES = f"""{SCOPE} {{
  --rc-line: color-mix(in srgb, var(--rc-ink) 25%, transparent);
  --rc-edge: color-mix(in srgb, var(--rc-ink) 55%, transparent);
  --rc-faint: color-mix(in srgb, var(--rc-ink) 7%, transparent);
}}
"""
# What only diagrams draw: arrays (arrays.py), pixels and units (views.py).
OWN = """.rc-sheet .rc-box { fill: var(--rc-page); stroke: none; }
.rc-sheet .rc-fill { fill: var(--rc-role); fill-opacity: var(--rc-tint); stroke: var(--rc-role); stroke-width: 1.5; }
.rc-sheet .rc-grid { fill: none; stroke: var(--rc-role); stroke-width: 0.75; stroke-opacity: 0.6; }
.rc-sheet.rc-weights .rc-grid { stroke-dasharray: none; }
.rc-sheet.rc-gradient .rc-fill { stroke-dasharray: 4 2; }
.rc-sheet.rc-padding .rc-fill { stroke-dasharray: 1 2; }
.rc-sheet .rc-second { fill: none; stroke: var(--rc-role); stroke-width: 1.5; }
.rc-axes { font-size: 11.5px !important; }
.rc-pixel { fill: var(--rc-role); }
.rc-blank { fill: none; stroke: var(--rc-edge); stroke-width: 0.75; }
.rc-wire { fill: none; stroke: var(--rc-role); stroke-width: 1.5; }
.rc-thread { fill: none; stroke: var(--rc-role); stroke-width: 3; }
.rc-window { fill: none; stroke: var(--rc-role); stroke-width: 4; }
.rc-view .rc-label { font-size: 19px; }
.rc-view .rc-answer { font-size: 27px; font-weight: 700; }
"""


def sheet() -> str:
    """The style sheet for pages whose diagrams are part of the page."""
    shared = COMMON.with_suffix(".css").read_text("utf8")
    drawings = shared[shared.index("/* Drawings.") : shared.index("/* The same shapes for numbers")]
    return f"/* Made by tools/diagrams. */\n{css_variables(SCOPE)}{EDGES}{drawings}{OWN}"


def dark_outside_a_page() -> str:
    """In a file of its own a diagram has no page whose theme it could follow: it follows the reader's system."""
    roles = {**PALETTE, "ink": INK, "page": PAGE}
    return (
        f"@media (prefers-color-scheme: dark) {{ {SCOPE} {{ "
        + "".join(f"--rc-{name}:{role.dark};" for name, role in roles.items())
        + "} }"
    )


def file(width: Number, height: Number, label: str, *parts: str, kind: str = "") -> str:
    """The text of an SVG file: the parts with a name for those who do not see them, and the style."""
    style = f"<style>\n{sheet()}{dark_outside_a_page()}\n</style>"
    box = f"0 0 {width} {height}"
    classes = f"rc-diagram rc-drawing {kind}".strip()
    namespace = {"xmlns": "http://www.w3.org/2000/svg", "width": width, "height": height}
    return element("svg", style, *parts, **namespace, viewBox=box, class_=classes, role="img", aria_label=label) + "\n"


def inline(text: str) -> str:
    """The content of a file as a part of a page, which has the style already and gives the width."""
    opening, rest = STYLE.sub("", text).split(">", 1)
    return re.sub(r' (?:xmlns|width|height)="[^"]*"', "", opening) + ">" + rest
