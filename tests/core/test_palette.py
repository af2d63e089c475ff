"""The colours of the diagrams, measured: readable, apart for colour-blind readers, the same in all places."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest

from rnn_course import plot
from rnn_course.palette import INK, PAGE, PALETTE, TINT, css_variables

ROOT = Path(__file__).parents[2]
THEMES = pytest.mark.parametrize("theme", ["light", "dark"])
MEET = ("input", "state", "weights", "memory", "i", "j", "f", "o")  # in one diagram of an LSTM
# Machado, Oliveira & Fernandes (2009), severity 1, on linear RGB.
SIGHT = {
    "all colours": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def rgb(colour):
    return np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255


def linear(values):
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """WCAG 2's ratio of two colours, as fractions of red, green and blue."""
    dark, bright = sorted(linear(values) @ XYZ[1] for values in (one, other))
    return (bright + 0.05) / (dark + 0.05)


def lab(colour, sight):
    values = np.clip(SIGHT[sight] @ linear(rgb(colour)), 0, 1) @ XYZ.T / [0.9505, 1, 1.089]
    x, y, z = np.where(values > 0.008856, np.cbrt(values), 7.787 * values + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@THEMES
@pytest.mark.parametrize("name", PALETTE)
def test_a_colour_can_be_read_on_the_page_and_ink_on_its_tint(theme, name):
    colour, page, ink = (rgb(getattr(role, theme)) for role in (PALETTE[name], PAGE, INK))
    assert contrast(colour, page) >= 4.5
    assert contrast(ink, TINT * colour + (1 - TINT) * page) >= 4.5


@THEMES
@pytest.mark.parametrize("sight", SIGHT)
def test_what_meets_in_one_diagram_can_be_told_apart(theme, sight):
    colours = {name: lab(getattr(PALETTE[name], theme), sight) for name in MEET}
    distances = {pair: np.linalg.norm(colours[pair[0]] - colours[pair[1]]) for pair in itertools.combinations(MEET, 2)}
    assert min(distances.values()) >= 15, min(distances, key=distances.get)


def test_the_roles_of_one_shape_are_told_apart_by_a_letter_or_a_line():
    shapes = [role.shape for name, role in PALETTE.items() if name not in ("i", "f", "o")]
    assert len(set(shapes)) == len(shapes)


def test_the_page_uses_the_same_colours():
    sheet = (ROOT / "book" / "_assets" / "course.css").read_text("utf8")
    light, dark = (
        dict(re.findall(r"--course-(\w+): (#\w+);", part)) for part in sheet.split('html[data-theme="dark"]')[:2]
    )
    for name, role in {"inputs": "input", "states": "state", "weights": "weights"}.items():
        assert (light[name], dark[name]) == (PALETTE[role].light, PALETTE[role].dark)


def test_the_plots_use_the_same_colours():
    assert {name: role.light for name, role in PALETTE.items()} == plot.COLOURS


def test_the_style_sheet_has_a_variable_and_a_class_for_each_role():
    css = css_variables()
    for name, role in PALETTE.items():
        assert f"--rc-{name}:{role.light};" in css
        assert f"--rc-{name}:{role.dark};" in css
        assert f".rc-figure .rc-{name}{{--rc-role:var(--rc-{name})}}" in css
