"""What the tests want to know about a built page, read with the standard library's parser."""

import os
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml

ROOT = Path(__file__).resolve().parents[2]
HTML = Path(os.environ.get("RNN_COURSE_HTML", ROOT / "_build" / "html"))  # another build can be named
NO_BOOK = f"no built book in {HTML}: run `make book` first"

LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src"}
FETCHED_LINKS = {"stylesheet", "preload", "prefetch", "modulepreload", "icon", "shortcut", "manifest", "preconnect"}
CSS_ADDRESS = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')\s]+)""")


class Page(HTMLParser):
    """The ids, links, loaded files, pictures and text of one page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.images_without_alt: list[str] = []
        self.drawings_without_name: list[str] = []
        self.classes: set[str] = set()
        self.text: list[str] = []
        self._inside: list[str] = []
        self.feed(path.read_text("utf8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._inside.append(tag)
        self.classes.update(values.get("class", "").split())
        if "id" in values:
            self.ids.add(values["id"])
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag == "link" and FETCHED_LINKS & set(values.get("rel", "").lower().split()):
            self.loads.append(values["href"])
        if values.get(LOADED.get(tag, "")):
            self.loads.append(values[LOADED[tag]])
        self.loads += CSS_ADDRESS.findall(values.get("style", ""))
        if tag == "img" and not values.get("alt", "").strip():
            self.images_without_alt.append(values.get("src", "")[:80])
        if tag == "svg" and values.get("role") == "img" and not values.get("aria-label", "").strip():
            self.drawings_without_name.append(values.get("class", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._inside:
            del self._inside[len(self._inside) - 1 - self._inside[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        inside = self._inside[-1] if self._inside else ""
        if inside == "style":
            self.loads += CSS_ADDRESS.findall(data)
        elif inside != "script":
            self.text.append(data)

    def target(self, address: str) -> tuple[Path, str]:
        """The file that a relative address leads to, and the anchor in it."""
        parts = urlsplit(address)
        return (self.path.parent / unquote(parts.path)).resolve() if parts.path else self.path, unquote(parts.fragment)


@cache
def read_page(path: Path) -> Page:
    return Page(path)


def is_external(address: str) -> bool:
    return urlsplit(address).scheme in ("http", "https", "ftp") or address.startswith("//")


def toc_pages() -> list[str]:
    """The pages of the table of contents, as paths in the built book."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf8"))
    chapters = [chapter["file"] for part in toc["parts"] for chapter in part["chapters"]]
    return [f"{name}.html" for name in [toc["root"], *chapters]]
