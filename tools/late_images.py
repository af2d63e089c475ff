"""Pictures of a page that come when the reader comes near them, into a place that is kept for them."""

import re
import struct
from pathlib import Path

PICTURE = re.compile(r'<img (?P<rest>(?![^>]*\bloading=)[^>]*\bsrc="(?P<path>[^":]+\.png)"[^>]*?)\s*/?>')
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def late(text: str, folder: Path) -> str:
    """The HTML of a page in `folder`, its pictures told to wait and how large they are."""

    def with_size(picture: re.Match[str]) -> str:
        width, height = size(folder / picture["path"])
        return f'<img loading="lazy" decoding="async" width="{width}" height="{height}" {picture["rest"]} />'

    return PICTURE.sub(with_size, text)


def size(path: Path) -> tuple[int, int]:
    """The width and height of a PNG in pixels, which its first 24 bytes say."""
    with path.open("rb") as file:
        head = file.read(24)
    if len(head) < 24 or not head.startswith(SIGNATURE):
        raise ValueError(f"expected a PNG, got another file: {path}")
    return struct.unpack(">II", head[16:])
