"""The icon fonts of a style sheet, with the icons alone that it names: a few kB in the place of 156."""

import io
import posixpath
import re
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

ESCAPED = re.compile(r'["\']\\([0-9a-f]{4,5})["\']')  # as Font Awesome writes a letter
PLAIN = re.compile("[\ue000-\uf8ff]")  # as the theme's variables hold one: --pst-icon-lightbulb
SOURCES = re.compile(r'src:url\("(?P<woff2>[^"]+\.woff2)"\) format\("woff2"\),url\("(?P<ttf>[^"]+\.ttf)"\) [^;}]*')


def letters_of(sheet: str) -> set[int]:
    """The icons that a style sheet names, in a rule or in a variable, escaped or as they are."""
    return {int(letter, 16) for letter in ESCAPED.findall(sheet)} | {ord(letter) for letter in PLAIN.findall(sheet)}


def with_few_icons(sheet: str, folder: Path) -> str:
    """The style sheet, its icon fonts cut down to what it shows; the new fonts lie beside it, in `folder`."""
    letters = letters_of(sheet)

    def cut(sources: re.Match[str]) -> str:
        source = folder / sources["ttf"]
        name = f"{posixpath.basename(sources['ttf']).removesuffix('.ttf')}-few.woff"
        (folder / name).write_bytes(subset(source, letters))
        return f'src:url("{name}") format("woff")'

    return SOURCES.sub(cut, sheet)


def subset(font: Path, letters: set[int]) -> bytes:
    """A TrueType font with these letters alone, as WOFF; the same bytes for the same font and letters."""
    with TTFont(font, recalcTimestamp=False) as whole:
        cutter = Subsetter(Options(notdef_outline=True, layout_features=[]))
        cutter.populate(unicodes=letters)
        cutter.subset(whole)
        whole.flavor = "woff"
        packed = io.BytesIO()
        whole.save(packed)
    return packed.getvalue()
