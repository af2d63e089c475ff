"""The visual language: a small picture of each role and of each number of axes, for the page that explains it."""

from rnn_course.palette import PALETTE
from rnn_course.widgets.drawing import arrow, cell, element, gate, hatched
from tools.diagrams.arrays import picture
from tools.diagrams.sheet import file

WIDTH, HEIGHT = 64, 52
AXES = {
    0: "One cell: an array without axes",
    1: "A line of cells: one axis",
    2: "A grid of cells: two axes",
    3: "A pile of grids: three axes",
    4: "A pile of grids with doubled edges: four axes",
}
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
    roles = {
        f"_diagrams/role_{name}.svg": file(WIDTH, HEIGHT, f"{role.shape}: {role.meaning}", drawn(name), kind="rc-role")
        for name, role in PALETTE.items()
    }
    arrays = {
        f"_diagrams/axes_{axes}.svg": file(WIDTH, HEIGHT, told, picture("input", axes, 32, 26), kind="rc-role")
        for axes, told in AXES.items()
    }
    return roles | arrays


def drawn(name: str) -> str:
    """What stands for the role in a diagram."""
    if name == "weights":
        return hatched(name, 6, 10, 52, 32, "W")
    if name == "gradient":
        return arrow(name, (58, 26), (6, 26))
    if name in ("i", "j", "f", "o"):
        return gate(name, WIDTH / 2, HEIGHT / 2, EXAMPLE[name], name)
    return element("g", cell(name, 10, 15, EXAMPLE[name], name))
