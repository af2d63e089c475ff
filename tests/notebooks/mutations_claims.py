"""Ways to make the prose say what is not so, as its author might: in the text source and the notebook alike.

Each changes one claim that is true into one that is false whatever the numbers are, so nobody has to ask whether it is.
"""

import re

from tests.notebooks.seeded import pick

SHAPE = re.compile(r"`(?P<name>[^`\n]+?): \[(?P<axes>[^`\]]*\d[^`\]]*)\]`")
DTYPE = re.compile(r"`[^`\n]+: (?P<value>float32|float64|int64)`")
COUNT = re.compile(r"`[\w.]+\([^`]*\) = (?P<value>\d[\d,]*)`")
BOUND = re.compile(r"`[^`\n<>]+ (?P<value>[≥≤<>]) -?[\d.]+`")
EQUALITY = re.compile(r"`[^`\n]+? == (?P<value>[^`\n]+)`")
NAME = re.compile(r"`(?P<value>[^`\n]+?: )\[(?P<axes>[^`\]]*\d, [^`\]]*)\]`")
OPPOSITE = {"≥": "<", "≤": ">", "<": "≥", ">": "≤"}


def change_claim(pattern, group, change):
    """A mutation of one claim of a kind in one markdown cell."""

    def mutate(notebook, rng):
        found = [
            (cell, match)
            for cell in notebook.cells
            if cell.cell_type == "markdown"
            for match in pattern.finditer(cell.source)
            if in_numbers(match.groupdict().get("axes", ""))
        ]
        if not found:
            return False
        cell, match = pick(rng, found)
        start, end = match.span(group)
        changed = change(match[group], rng)
        cell.source = cell.source[:start] + changed + cell.source[end:]
        return changed != match[group]

    return mutate


def in_numbers(axes):
    """Whether every size is a number: a layout in symbols, such as 4*hidden, claims nothing of one array."""
    return not any(re.search(r"[^\W\d]", axis.rpartition("=")[2]) for axis in axes.split(","))


def other_size(axes, rng):
    """Another size of one axis; a number in the axis' name, as in 4*hidden=20, is for the reader."""
    place = pick(rng, list(re.finditer(r"\d+(?![^,]*=)", axes)))
    return f"{axes[: place.start()]}{int(place[0]) + int(rng.integers(1, 9))}{axes[place.end() :]}"


def fewer_axes(axes, rng):
    return axes.rpartition(",")[0] or axes


def more_axes(axes, rng):
    return f"{axes}, more=1" if "=" in axes else f"{axes}, 1"


def swapped_axes(axes, rng):
    parts = axes.split(", ")
    sizes = [re.findall(r"\d+", part) for part in parts]
    return ", ".join(reversed(parts)) if sizes != sizes[::-1] else axes


IN_BOTH = {
    "claim: a size": change_claim(SHAPE, "axes", other_size),
    "claim: an axis less": change_claim(SHAPE, "axes", fewer_axes),
    "claim: an axis more": change_claim(SHAPE, "axes", more_axes),
    "claim: axes turned round": change_claim(SHAPE, "axes", swapped_axes),
    "claim: a name": change_claim(SHAPE, "name", lambda name, rng: "nowhere." + name),
    "claim: without its name": change_claim(NAME, "value", lambda *_: ""),
    "claim: a dtype": change_claim(DTYPE, "value", lambda value, rng: "float16"),
    "claim: a count": change_claim(COUNT, "value", other_size),
    "claim: a bound": change_claim(BOUND, "value", lambda value, rng: OPPOSITE[value]),
    "claim: an equality": change_claim(EQUALITY, "value", lambda value, rng: f"{value} + 1"),
}
