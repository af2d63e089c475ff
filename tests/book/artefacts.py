"""What no built page may show: things that a program left there by mistake, and exercises out of step."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

# Whole blocks that say nothing: a value that is not there, printed.
NOTHING = ("None", "undefined", "[object Object]", "NaN", "nan", "NotImplemented")
# Markup that was not understood, seen in the prose: a role, a fence, a reference without its target.
MARKUP = re.compile(r"\{[a-z][\w:.-]*\}`[^`]*`|(?:^|\s):{3,}\{?\w*|`{3,}|<UNKNOWN>|\?\?\?|glue:\w+")
MARKED = {"problematic", "system-message", "system_message"}  # how Sphinx marks what it could not resolve
BLOCKS = ("p", "li", "td", "th", "dt", "dd", "title", "figcaption", "pre", "h1", "h2", "h3", "h4")
VERBATIM = ("pre", "code", "script", "style", "kbd", "textarea")
UNCLOSED = ("br", "img", "hr", "input", "meta", "link", "source", "wbr", "col")
NUMBERED = re.compile(r"(\d+) · (.+)")
TITLE = re.compile(r"(?:(?:Exercises|Solutions) )?(\d+) · (.+)")
CHECK = re.compile(r"""\bcheck\(\s*["']([\w.]+)["']""")


class Shown(HTMLParser):
    """What a page shows: its prose, the text of each block, its headings, its code."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.prose: list[str] = []
        self.blocks: list[str] = []
        self.headings: list[str] = []
        self.marked: list[str] = []
        self.code = ""
        self.unexpected = ""  # the code and outputs of cells that are not meant to fail
        self._open: list[tuple[str, str, list[str]]] = []  # tag, classes, text so far
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = dict(attrs).get("class") or ""
        self.marked += MARKED & set(classes.split())
        if tag not in UNCLOSED:
            self._open.append((tag, classes, []))

    def handle_endtag(self, tag: str) -> None:
        while tag in (name for name, *_ in self._open):
            name, classes, parts = self._open.pop()
            text = " ".join("".join(parts).split())
            if name in BLOCKS and not (name == "pre" and not self._inside("output")):
                self.blocks.append(text)
            if name in ("h1", "h2"):
                self.headings.append(text)
            if "headerlink" not in classes and self._open:
                self._open[-1][2].extend(parts)
            if name == tag:
                return

    def handle_data(self, data: str) -> None:
        tags = {name for name, *_ in self._open}
        if self._open:
            self._open[-1][2].append(data)
        if not tags & set(VERBATIM):
            self.prose.append(data)
        elif "pre" in tags:
            self.code += data
            self.unexpected += "" if self._inside("tag_raises-exception") else data

    def _inside(self, name: str) -> bool:
        return any(name in classes.split() for _, classes, _ in self._open)


def artefacts(html: str) -> Iterator[str]:
    """Everything on a page that a program left there by mistake."""
    page = Shown(html)
    yield from (f"a block that says only {block!r}" for block in page.blocks if block in NOTHING)
    yield from (f"markup that was not understood: {match[0]!r}" for match in MARKUP.finditer("".join(page.prose)))
    yield from (f"Sphinx could not resolve something: class {name!r}" for name in page.marked)
    if "Traceback (most recent call last)" in page.unexpected:
        yield "a traceback that no tag announces"


def out_of_step(exercises: str, solutions: str, chapter: str, number: int) -> Iterator[str]:
    """How the pages of one number disagree: their titles, the numbers of the exercises, their titles, their checks."""
    pages = {"exercises": Shown(exercises), "solutions": Shown(solutions)}
    titles = {name: title(page) for name, page in pages.items()}
    titles |= {"chapter": title(Shown(chapter))} if chapter else {}
    if any(found != (number, titles["exercises"][1]) for found in titles.values()):
        yield f"the titles differ, or their number is not {number}: {titles}"
    steps = {name: list(numbered(page)) for name, page in pages.items()}
    if steps["exercises"] != steps["solutions"]:
        yield f"the exercises are {steps['exercises']}, the solutions {steps['solutions']}"
    counted = [int(count) for count, _ in steps["exercises"]]
    if counted != list(range(1, len(counted) + 1)):
        yield f"the exercises are numbered {counted}"
    checks = {name: list(dict.fromkeys(CHECK.findall(page.code))) for name, page in pages.items()}
    if checks["exercises"] != checks["solutions"] or len(checks["exercises"]) != len(counted):
        yield f"the checks differ: {checks} for {len(counted)} exercises"


def numbered(page: Shown) -> Iterator[tuple[str, str]]:
    """The numbers and titles of the exercises on a page."""
    for match in map(NUMBERED.match, page.headings[1:]):
        if match:
            yield match[1], match[2]


def title(page: Shown) -> tuple[int, str]:
    """The number and the text of a page's title."""
    found = TITLE.match(page.headings[0]) if page.headings else None
    return (int(found[1]), found[2]) if found else (0, page.headings[0] if page.headings else "")
