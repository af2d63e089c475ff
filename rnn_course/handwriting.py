"""A picture file of one handwritten digit, as MNIST would show it: paper found out, ink cut out, scaled and centred."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from rnn_course.data.centring import like_mnist
from rnn_course.shape_types import Float

LARGEST = 50_000_000  # pixels; a larger picture is refused before it is unpacked
SIDE = 1000  # pixels; a larger picture is made smaller first
FAINT = 0.1  # of the way from black to white: less contrast is no ink


class PictureError(ValueError):
    """A file is no picture, or shows nothing; the message says what was expected, what came and what to do."""


def read_digit(path: str | os.PathLike) -> Float[np.ndarray, "28 28"]:
    """The digit of a PNG or JPEG file as MNIST shows its digits, 0 paper and 1 ink.

    Any size, in colour or grey, with transparency or a turned camera; dark on light or light on dark. Raises
    PictureError for a file that cannot be read, is too large, or shows no ink.
    """
    return like_mnist(ink(grey(path), str(path)))


def ink(picture: Float[np.ndarray, "row column"], name: str = "picture") -> Float[np.ndarray, "row column"]:
    """How far each pixel is from the paper, 1 for the farthest; the paper is what most of the border shows."""
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    distance = np.abs(picture - np.median(border))
    largest = float(distance.max())
    if largest < FAINT:
        raise PictureError(f"{name}: expected a digit, got a picture of one colour; draw it with more contrast")
    return distance / largest


def grey(path: str | os.PathLike) -> Float[np.ndarray, "row column"]:
    """The picture of a PNG or JPEG file in grey, 0 black and 1 white, at most 1000 pixels a side."""
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ModuleNotFoundError:
        raise PictureError('reading pictures needs Pillow: pip install "rnn-course[viz]"') from None
    path = Path(path)
    try:
        size = path.stat().st_size
        if not size:
            raise PictureError(f"{path}: expected a PNG or JPEG picture, got an empty file")
        with Image.open(path, formats=("PNG", "JPEG")) as file:
            pixels = file.width * file.height
            if pixels > LARGEST:
                raise PictureError(
                    f"{path}: expected at most {LARGEST:,} pixels, got {file.width} × {file.height}: make it smaller"
                )
            return _in_grey(ImageOps.exif_transpose(file))
    except UnidentifiedImageError:
        raise PictureError(f"{path}: expected a PNG or JPEG picture, got something else") from None
    except Image.DecompressionBombError:
        raise PictureError(f"{path}: expected at most {LARGEST:,} pixels, got far more: make it smaller") from None
    except FileNotFoundError:
        raise PictureError(f"{path}: there is no such file") from None
    except (IsADirectoryError, PermissionError) as error:
        raise PictureError(f"{path}: expected a picture file, got: {error.strerror}") from None
    except (OSError, SyntaxError, ValueError) as error:
        if isinstance(error, PictureError):
            raise
        raise PictureError(f"{path}: the picture is cut short or damaged ({error}); save it anew") from None


def _in_grey(image: Any) -> Float[np.ndarray, "row column"]:
    """In grey; what is transparent is white, or black behind light strokes."""
    if image.mode.startswith("I"):  # 16 bits
        sixteen = np.asarray(image, np.float64) / 65535
        step = max(1, -(-max(sixteen.shape) // SIDE))
        return np.clip(sixteen[::step, ::step], 0, 1)
    image = image.convert("RGBA")
    image.thumbnail((SIDE, SIDE))
    light = np.asarray(image.convert("L"), np.float64) / 255
    solid = np.asarray(image.getchannel("A"), np.float64) / 255
    behind = 1.0
    if solid.min() < 1 and solid.sum() > 0:
        behind = 0.0 if (light * solid).sum() / solid.sum() > 0.5 else 1.0
    return light * solid + behind * (1 - solid)
