"""The visual language: one small picture for each role of the palette, for the page that explains it."""

from rnn_course.palette import PALETTE
from rnn_course.widgets.drawing import arrow, cell, element, gate, hatched
from tools.diagrams.sheet import file

WIDTH, HEIGHT = 64, 52
EXAMPLE = {
    "input": 0.8,
    "state": -0.3,
    "memory": 1.4,
    "output": 0.9,
    "padding": 0.0,
    "i": 0.75,
    "j": -0.6,
    "f": 0.9,
    "o": 0.5,
}


def files() -> dict[str, str]:
    """The text of each file, by its path in book/."""
    return {
        f"_diagrams/role_{name}.svg": file(WIDTH, HEIGHT, f"{role.shape}: {role.meaning}", drawn(name), kind="rc-role")
        for name, role in PALETTE.items()
    }


def drawn(name: str) -> str:
    """What stands for the role in a diagram."""
    if name == "weights":
        return hatched(name, 6, 10, 52, 32, "W")
    if name == "gradient":
        return arrow(name, (58, 26), (6, 26))
    if name in ("i", "j", "f", "o"):
        return gate(name, WIDTH / 2, HEIGHT / 2, EXAMPLE[name], name)
    return element("g", cell(name, 10, 15, EXAMPLE[name], name))
