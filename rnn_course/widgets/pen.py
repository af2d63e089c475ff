"""Strokes of a pen as an image of 28×28, set as MNIST's makers set theirs; and a way to draw each digit."""

from collections.abc import Sequence
from math import cos, pi, sin
from typing import Any

import numpy as np

from rnn_course.shape_types import Float

FIELD, BOX = 28, 20  # pixels a side: the image, and the box that the digit is scaled to
RADIUS = 1.2  # of the pen, in pixels of the image, whatever the drawing was scaled by
LARGEST_SCALE = 120.0  # so that a dot stays a dot
Stroke = Any  # points [x, y] from 0 to 1, as lists or an array; y runs down


def rasterised(strokes: Sequence[Stroke]) -> Float[np.ndarray, "28 28"]:
    """The ink of each pixel, from 0 to 1; `rasterised` of draw_a_digit.js does the same.

    The strokes are scaled, their proportions kept, until they fit the box with their ink. They are then moved, by
    parts of pixels too, until the centre of mass of the ink lies in the middle of the field. A pixel is as dark as the
    pen covers it: radius + 1/2 − distance from the pen's way, between 0 and 1.
    """
    ways = [np.asarray(stroke, np.float64).reshape(-1, 2) for stroke in strokes if len(stroke)]
    if not ways:
        return np.zeros((FIELD, FIELD))
    points = np.concatenate(ways)
    low, high = points.min(axis=0), points.max(axis=0)
    size = float((high - low).max())
    scale = min((BOX - 2 * RADIUS) / size, LARGEST_SCALE) if size > 0 else LARGEST_SCALE
    ways = [(way - (low + high) / 2) * scale + FIELD / 2 for way in ways]
    ink = _ink(ways)
    middle = np.arange(FIELD) + 0.5
    centre = np.array([ink.sum(axis=0) @ middle, ink.sum(axis=1) @ middle]) / ink.sum()
    return _ink([way + (FIELD / 2 - centre) for way in ways])


def _ink(ways: Sequence[np.ndarray]) -> np.ndarray:
    """What a pen leaves that goes along these ways, in pixels."""
    middle = np.arange(FIELD) + 0.5
    pixels = np.stack(np.meshgrid(middle, middle), axis=-1)  # [row, column, x and y]
    nearest = np.full((FIELD, FIELD), np.inf)
    for way in ways:
        starts, ends = (way[:-1], way[1:]) if len(way) > 1 else (way, way)
        for start, end in zip(starts, ends, strict=True):
            along, squared = end - start, float((end - start) @ (end - start))
            part = np.clip((pixels - start) @ along / squared, 0, 1) if squared > 0 else np.zeros((FIELD, FIELD))
            nearest = np.minimum(nearest, np.linalg.norm(pixels - start - part[..., None] * along, axis=-1))
    return np.clip(RADIUS + 0.5 - nearest, 0, 1)


def _arc(x: float, y: float, wide: float, tall: float, start: int, end: int, points: int = 12) -> list[list[float]]:
    """A piece of an ellipse; 0° is to the right, 90° down."""
    angles = [pi / 180 * (start + (end - start) * k / points) for k in range(points + 1)]
    return [[x + wide * cos(angle), y + tall * sin(angle)] for angle in angles]


def _rounded(*strokes: list[list[float]]) -> list[list[list[float]]]:
    return [[[round(x, 3), round(y, 3)] for x, y in stroke] for stroke in strokes]


PRESETS = [
    _rounded(_arc(0.5, 0.5, 0.24, 0.36, -90, 270, 24)),
    _rounded([[0.53, 0.13], [0.48, 0.87]]),
    _rounded([*_arc(0.48, 0.33, 0.21, 0.2, 190, 395), [0.27, 0.85], [0.76, 0.85]]),
    _rounded([*_arc(0.46, 0.31, 0.21, 0.18, 200, 450), *_arc(0.46, 0.67, 0.25, 0.19, -90, 160)]),
    _rounded([[0.33, 0.12], [0.24, 0.54], [0.78, 0.54]], [[0.64, 0.2], [0.6, 0.9]]),
    _rounded([[0.34, 0.14], [0.3, 0.46], *_arc(0.45, 0.64, 0.24, 0.22, -120, 150)], [[0.34, 0.14], [0.72, 0.14]]),
    _rounded([[0.62, 0.12], [0.42, 0.32], [0.3, 0.56], *_arc(0.48, 0.68, 0.19, 0.19, 180, 540, 20)]),
    _rounded([[0.26, 0.16], [0.74, 0.16], [0.56, 0.5], [0.44, 0.88]]),
    _rounded([*_arc(0.5, 0.3, 0.17, 0.17, 90, 450, 20), *_arc(0.5, 0.68, 0.21, 0.2, -90, 270, 20)]),
    _rounded([*_arc(0.46, 0.33, 0.19, 0.19, 0, 360, 20), [0.64, 0.5], [0.58, 0.88]]),
]  # by digit
