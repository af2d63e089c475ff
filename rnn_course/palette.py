"""The one visual language of all diagrams: each quantity has one colour and one shape, on paper, light and dark.

The hues start from Okabe & Ito's (2008). Each colour is readable as text on the page (contrast at least 4.5), and the
quantities that meet in one diagram stay apart for readers with protanopia and deuteranopia; a test measures both. A
colour is never all that tells: the shape and a letter say the same.
"""

from typing import NamedTuple


class Role(NamedTuple):
    """How a quantity is drawn: its colour on a light page, on a dark page, its shape, and what it is."""

    light: str
    dark: str
    shape: str
    meaning: str


PALETTE = {
    "input": Role("#0069a8", "#5cb3ea", "rectangle", "x, what comes in from outside"),
    "state": Role("#b84a00", "#f2a065", "rounded rectangle", "h, the state; a cell's output is its new h"),
    "memory": Role("#6412d2", "#8b82fd", "pill", "c, the memory of an LSTM"),
    "weights": Role("#00735a", "#45c9a3", "hatched rectangle", "kernel and bias"),
    "i": Role("#701a62", "#fed5f5", "circle", "i, the input gate"),
    "j": Role("#573f1c", "#eaf1af", "hexagon", "j, the new input: a candidate and no gate, so no circle"),
    "f": Role("#5a7b44", "#b0d30a", "circle", "f, the forget gate"),
    "o": Role("#3f7c8d", "#44a2aa", "circle", "o, the output gate"),
    "output": Role("#1f2328", "#f0f3f6", "rectangle with a double line", "an answer: logits, probabilities"),
    "gradient": Role("#c2185b", "#ff7ab8", "dashed line", "a gradient, on its way back"),
    "padding": Role("#6b7280", "#9aa3af", "dotted rectangle", "padding, which carries nothing"),
}

INK = Role("#222832", "#ced6dd", "text", "text and lines without a role")
PAGE = Role("#ffffff", "#121212", "background", "the page")
TINT = 0.22  # the most that a cell is filled with its colour: numbers on it stay readable

DARK_PAGES = ('html[data-theme="dark"]', '[data-jp-theme-light="false"]', ".vscode-dark", ".vscode-high-contrast")


def css_variables(scope: str = ".rc-figure") -> str:
    """The palette as CSS: `--rc-input`, `--rc-state` … within `scope`, and a class `.rc-input` … for each role."""
    roles = {**PALETTE, "ink": INK, "page": PAGE}
    light = "".join(f"--rc-{name}:{role.light};" for name, role in roles.items())
    dark = "".join(f"--rc-{name}:{role.dark};" for name, role in roles.items())
    places = ",".join(f"{page} {scope}" for page in DARK_PAGES)
    classes = "\n".join(f"{scope} .rc-{name}{{--rc-role:var(--rc-{name})}}" for name in PALETTE)
    light += f"--rc-role:var(--rc-ink);--rc-tint:{TINT};color-scheme:light"
    return f"{scope}{{{light}}}\n{places}{{{dark}color-scheme:dark}}\n{classes}\n"
