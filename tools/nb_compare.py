"""What a reader would see differ between a stored notebook and a fresh run of its source.

Text has to agree exactly, widget state in structure and value. A picture may differ by what another processor's
rounding does to the edges of lines, not by what is drawn (see `picture_distance`).
"""

import base64
import difflib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from nbformat import NotebookNode

# Both pictures are averaged over blocks of 4 x 4 pixels, and the blocks compared, 0 being equal and 1 black for white.
# One pixel of an edge that flips from one extreme to the other moves its block by 1/16 = 0.06: LOCAL lets that pass.
# A line two pixels wide that leaves a block moves it by half its contrast, 0.2 and more: LOCAL fails another curve.
# OVERALL fails what is faint but everywhere, such as another colour map; rounding stays below a tenth of it.
BLOCK = 4
LOCAL = 0.10
OVERALL = 0.002

VARIES = "reason:varies"  # a tag that begins so marks a cell whose output differs by nature: a time, the machine
PNG = re.compile(r"iVBORw0KGgo[A-Za-z0-9+/\\\n]*={0,2}")  # base64, on its own or inside HTML or JavaScript
Rules = list[tuple[str, str]]


def read_rules(path: Path) -> Rules:
    """The pairs of expression and replacement in one of nbval's sanitising files; none if there is no such file."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return re.findall(r"^regex: (.*)$\n^replace: (.*)$", text, flags=re.MULTILINE)


def differences(stored: NotebookNode, fresh: NotebookNode, rules: Rules) -> Iterator[str]:
    """One message for each visible difference; just one if the stored notebook is of another source."""
    old, new = ("\n".join(f"{cell.cell_type}:\n{cell.source}" for cell in nb.cells) for nb in (stored, fresh))
    if old != new:
        yield f"stale: its source has changed since it was run\n{excerpt(old, new)}"
        return
    for number, (before, after) in enumerate(zip(stored.cells, fresh.cells, strict=True), start=1):
        if any(tag.startswith(VARIES) for tag in after.metadata.get("tags", [])):
            before, after = ({**cell, "outputs": []} for cell in (before, after))
        yield from tree_differences(f"cell {number}", before, after, rules)
    yield from tree_differences("metadata", stored.metadata, fresh.metadata, rules)


def tree_differences(where: str, stored: Any, fresh: Any, rules: Rules) -> Iterator[str]:
    """The differences of two JSON trees, each with the path to it."""
    if isinstance(stored, dict) and isinstance(fresh, dict):
        for key in sorted(stored.keys() | fresh.keys()):
            if key not in stored or key not in fresh:
                yield f"{where}, {key}: only in the {'stored notebook' if key in stored else 'fresh run'}"
            else:
                yield from tree_differences(f"{where}, {key}", stored[key], fresh[key], rules)
    elif isinstance(stored, list) and isinstance(fresh, list):
        if len(stored) != len(fresh):
            yield f"{where}: {len(stored)} stored, {len(fresh)} in a fresh run"
        for number, (before, after) in enumerate(zip(stored, fresh, strict=False), start=1):
            yield from tree_differences(f"{where} {number}", before, after, rules)
    elif isinstance(stored, str) and isinstance(fresh, str):
        yield from text_differences(where, stored, fresh, rules)
    elif stored != fresh or type(stored) is not type(fresh):
        yield f"{where}: stored {stored!r}, a fresh run gives {fresh!r}"


def text_differences(where: str, stored: str, fresh: str, rules: Rules) -> Iterator[str]:
    """The differences of two texts, in which pictures may stand as base64."""
    if stored == fresh:
        return
    before, after = (sanitise(PNG.sub("<picture>", text), rules) for text in (stored, fresh))
    if before != after:
        yield f"{where}: the text differs\n{excerpt(before, after)}"
        return
    for old, new in zip(PNG.findall(stored), PNG.findall(fresh), strict=True):
        if old != new and (message := picture_difference(decode(old), decode(new))):
            yield f"{where}: {message}"


def sanitise(text: str, rules: Rules) -> str:
    for pattern, replacement in rules:
        text = re.sub(pattern, replacement, text)
    return text


def excerpt(stored: str, fresh: str, lines: int = 12, width: int = 110) -> str:
    """The first lines of a unified diff."""
    diff = list(difflib.unified_diff(stored.splitlines(), fresh.splitlines(), "stored", "fresh run", lineterm="", n=1))
    more = [f"    … and {len(diff) - lines} more lines"] if len(diff) > lines else []
    return "\n".join([f"    {line[:width]}" for line in diff[:lines]] + more)


def decode(text: str) -> np.ndarray | None:
    """The picture in a base64 text, on white, as numbers from 0 to 1 [height, width, 3]; None if it is damaged."""
    from PIL import Image  # comes with matplotlib, which drew the picture

    try:
        with Image.open(io.BytesIO(base64.b64decode(re.sub(r"[\\\s]", "", text)))) as image:
            pixels = np.asarray(image.convert("RGBA"), dtype=np.float64) / 255
    except (OSError, ValueError):
        return None
    colour, alpha = pixels[..., :3], pixels[..., 3:]
    return colour * alpha + (1 - alpha)


def picture_difference(stored: np.ndarray | None, fresh: np.ndarray | None) -> str | None:
    """What to say about two pictures, or None if a reader would take them for the same."""
    if stored is None or fresh is None:
        return f"the {'stored' if stored is None else 'fresh'} picture is damaged"
    if stored.shape != fresh.shape:
        return f"the picture is {size(fresh)} now, stored {size(stored)}"
    local, overall = picture_distance(stored, fresh)
    if local <= LOCAL and overall <= OVERALL:
        return None
    return (
        f"the picture differs: by {local:.3f} in one place (at most {LOCAL} is rounding), "
        f"by {overall:.4f} on average (at most {OVERALL})"
    )


def picture_distance(stored: np.ndarray, fresh: np.ndarray) -> tuple[float, float]:
    """The largest and the mean absolute difference of the two pictures' block averages."""
    height, width, _ = stored.shape
    padding = ((0, -height % BLOCK), (0, -width % BLOCK), (0, 0))
    difference = np.pad(stored - fresh, padding)
    rows, columns = (length // BLOCK for length in difference.shape[:2])
    blocks = np.abs(difference.reshape(rows, BLOCK, columns, BLOCK, 3).mean(axis=(1, 3)))  # [rows, columns, 3]
    return float(blocks.max()), float(blocks.mean())


def size(picture: np.ndarray) -> str:
    return f"{picture.shape[1]}×{picture.shape[0]}"
