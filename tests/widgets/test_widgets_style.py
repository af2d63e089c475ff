"""Several figures stand on one page: the style of one must not reach another."""

import re
from pathlib import Path

import pytest

pytest.importorskip("anywidget")

from rnn_course import widgets

FOLDER = Path(widgets.__file__).parent
STYLES = sorted(path for path in FOLDER.glob("*.css") if path.stem != "common")


def classes_of_common():
    return set(re.findall(r"\.(rc-[\w-]+)", (FOLDER / "common.css").read_text("utf8")))


def selectors(style):
    """All selectors of a style sheet, without comments and at-rules."""
    plain = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    for head in re.findall(r"([^{}]+)\{", plain):
        if not head.strip().startswith("@"):
            yield from (one.strip() for one in re.split(r",(?![^(]*\))", head))


def sources_of_others(stem):
    """What the other figures are made of; the files of one figure begin with the same word."""
    first = stem.split("_")[0]
    files = [
        path for path in FOLDER.iterdir() if path.suffix in (".js", ".py") and path.stem not in ("common", "figure")
    ]
    return {path: path.read_text("utf8") for path in files if path.stem.split("_")[0] != first}


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.stem)
def test_a_style_sheet_reaches_its_own_figure_alone(path):
    own = f".rc-{path.stem.replace('_', '-')}"
    others = sources_of_others(path.stem)
    for selector in selectors(path.read_text("utf8")):
        if own in selector:
            continue
        names = set(re.findall(r"\.(rc-[\w-]+)", selector)) - classes_of_common()
        assert names, f"{path.name}: {selector} is common to all figures: put {own} before it"
        for name in names:
            users = [other.name for other, text in others.items() if re.search(rf"{name}(?![\w-])", text)]
            if users:
                free = [n for n in names if not any(re.search(rf"{n}(?![\w-])", text) for text in others.values())]
                assert free, f"{path.name}: {selector} also reaches {users}: put {own} before it"
