"""All style sheets of a page as one, without the icons that no page shows: it is painted when its styles have come."""

import hashlib
import posixpath
import re
from pathlib import Path

from tools.icon_fonts import with_few_icons

LINK = re.compile(r'[ \t]*<link (?=[^>]*rel="stylesheet")[^>]*href="(?P<href>[^"?]+)(?:\?[^"]*)?"[^>]*/?>\n?')
MADE_OF = re.compile(r'data-made-of="(?P<names>[^"]+)"')
IMPORT = re.compile(r"""@import\s+["']([^"':]+)["']\s*;""")
ADDRESS = re.compile(r"""url\(\s*(?P<quote>["']?)(?!data:|https?:|#|/)(?P<path>[^"')]+)(?P=quote)\s*\)""")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
ICON = re.compile(r'((?:\.fa-[\w-]+:before,?)+)\{content:"[^"]*"\}')
NAME = re.compile(r"fa-[a-z0-9-]+")


def pages_of(html: Path) -> list[Path]:
    """The pages of a built book; the theme has templates among its static files."""
    return [path for path in sorted(html.rglob("*.html")) if path.relative_to(html).parts[0] != "_static"]


class Sheets:
    """The style sheets of the book in `html`; each set that pages name becomes one file in _static."""

    def __init__(self, html: Path) -> None:
        self.html = html
        scripts = html.glob("_static/scripts/*.js")
        self.icons = {name for path in (*pages_of(html), *scripts) for name in NAME.findall(path.read_text("utf8"))}
        self._made: dict[tuple[str, ...], str] = {}

    def join(self, page: Path, text: str) -> str:
        """The HTML of `page` with one link to a style sheet, where the first one stood.

        The link says what it is made of, so that a page that stays as it was gets the new sheet when a style changes.
        """
        folder = page.parent.relative_to(self.html).as_posix()
        links = [link for link in LINK.finditer(text) if not link["href"].startswith(("http:", "https:", "//"))]
        made_of = MADE_OF.search(links[0][0]) if links else None
        if made_of:
            names = tuple(made_of["names"].split())
        else:
            names = tuple(posixpath.normpath(posixpath.join(folder, link["href"])) for link in links)
        if len(names) < 2:
            return text
        if names not in self._made:
            sheet = "\n".join(self.read(name) for name in names)
            self._made[names] = self._write(with_few_icons(sheet, self.html / "_static"))
        href = posixpath.relpath(self._made[names], folder)
        for link in reversed(links[1:]):
            text = text[: link.start()] + text[link.end() :]
        first, all_names = links[0], " ".join(names)
        joined = f'<link rel="stylesheet" href="{href}" data-made-of="{all_names}" />'
        return f"{text[: first.start()]}{joined}\n{text[first.end() :]}"

    def tidy(self) -> None:
        """Remove the sheets of earlier builds."""
        for path in self.html.glob("_static/book-*.css"):
            if path.relative_to(self.html).as_posix() not in self._made.values():
                path.unlink()

    def read(self, name: str) -> str:
        """A style sheet without comments, what it imports in its place, its addresses seen from _static."""
        folder = posixpath.dirname(name)
        text = COMMENT.sub("", (self.html / name).read_text("utf8"))
        text = ICON.sub(lambda rule: rule[0] if self.icons & set(NAME.findall(rule[1])) else "", text)
        text = ADDRESS.sub(lambda match: f'url("{seen_from_static(folder, match["path"])}")', text)
        return IMPORT.sub(lambda match: self.read(posixpath.normpath(posixpath.join(folder, match[1]))), text)

    def _write(self, text: str) -> str:
        name = f"_static/book-{hashlib.sha256(text.encode()).hexdigest()[:12]}.css"
        (self.html / name).write_text(text, "utf8")
        return name


def seen_from_static(folder: str, path: str) -> str:
    return posixpath.relpath(posixpath.join(folder, path), "_static")
