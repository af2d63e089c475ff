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

# A tag that begins so marks a cell whose output differs by nature: a time, the machine. Only its kinds are compared; of
# what differs because training amplifies rounding, the pictures are still compared roughly. Between four processors the
# largest distances seen are 0.32 and 0.006; a blank, mirrored or shifted picture is more than 0.012 from its own.
VARIES = "reason:varies"
BETWEEN_PROCESSORS = "reason:varies between processors"
ROUGH_BLOCK, ROUGH_LOCAL, ROUGH_OVERALL = 32, 0.45, 0.012
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
        where = f"cell {number}"
        tags = after.metadata.get("tags", [])
        if any(tag.startswith(VARIES) for tag in tags):
            roughly = any(tag.startswith(BETWEEN_PROCESSORS) for tag in tags)
            yield from rough_differences(f"{where}, outputs", before.outputs, after.outputs, roughly)
            before, after = ({**cell, "outputs": []} for cell in (before, after))
        yield from tree_differences(where, before, after, rules)
    yield from tree_differences("metadata", stored.metadata, fresh.metadata, rules)


def rough_differences(where: str, stored: list, fresh: list, pictures: bool) -> Iterator[str]:
    """The differences of outputs that vary by nature: in their kinds and, if wanted, in the look of their pictures."""
    kinds = [[(item.output_type, *sorted(item.get("data", {}))) for item in outputs] for outputs in (stored, fresh)]
    if kinds[0] != kinds[1]:
        yield f"{where}: stored {kinds[0]}, a fresh run gives {kinds[1]}"
        return
    for old, new in zip(stored, fresh, strict=True):
        if "image/png" in old.get("data", {}):
            before, after = (decode(output.data["image/png"]) for output in (old, new))
            problem = picture_difference(before, after, rough=True)
            if problem and (pictures or before is None):
                yield f"{where}: {problem}"


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
    """The first lines of a unified diff; where long lines differ late, from a little before that."""
    diff = list(difflib.unified_diff(stored.splitlines(), fresh.splitlines(), "stored", "fresh run", lineterm="", n=1))
    more = [f"    … and {len(diff) - lines} more lines"] if len(diff) > lines else []
    removed, added = ([line[1:] for line in diff[2:] if line.startswith(sign)] for sign in "-+")
    letters = enumerate(zip(removed[0], added[0], strict=False)) if removed and added else ()
    common = next((number for number, (old, new) in letters if old != new), 0)
    skip = max(0, common - 30) if max(map(len, diff), default=0) > width else 0
    return "\n".join([f"    {clip(line, skip, width)}" for line in diff[:lines]] + more)


def clip(line: str, skip: int, width: int) -> str:
    """A line of a diff without its first `skip` letters, unless it is short."""
    if skip and len(line) > skip and line[0] in "+- " and not line.startswith(("+++", "---")):
        line = f"{line[0]}…{line[skip + 1 :]}"
    return line[:width]


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


def picture_difference(stored: np.ndarray | None, fresh: np.ndarray | None, *, rough: bool = False) -> str | None:
    """What to say about two pictures, or None if a reader would take them for the same (`rough`: for alike)."""
    if stored is None or fresh is None:
        return f"the {'stored' if stored is None else 'fresh'} picture is damaged"
    if stored.shape != fresh.shape:
        return f"the picture is {size(fresh)} now, stored {size(stored)}"
    block, most, mean = (ROUGH_BLOCK, ROUGH_LOCAL, ROUGH_OVERALL) if rough else (BLOCK, LOCAL, OVERALL)
    local, overall = picture_distance(stored, fresh, block)
    if local <= most and overall <= mean:
        return None
    return (
        f"the picture differs: by {local:.3f} in one place (at most {most} is rounding), "
        f"by {overall:.4f} on average (at most {mean})"
    )


def picture_distance(stored: np.ndarray, fresh: np.ndarray, block: int = BLOCK) -> tuple[float, float]:
    """The largest and the mean absolute difference of the averages over the two pictures' blocks."""
    height, width, _ = stored.shape
    padding = ((0, -height % block), (0, -width % block), (0, 0))
    difference = np.pad(stored - fresh, padding)
    rows, columns = (length // block for length in difference.shape[:2])
    blocks = np.abs(difference.reshape(rows, block, columns, block, 3).mean(axis=(1, 3)))  # [rows, columns, 3]
    return float(blocks.max()), float(blocks.mean())


def size(picture: np.ndarray) -> str:
    return f"{picture.shape[1]}×{picture.shape[0]}"
