"""All pages of the built book as one, to be printed: every id and every link between pages made to fit.

The pages come in the order of the table of contents. Page 7's id `lengths` becomes `p07-lengths`, and a link to
`10_dynamic_rnn.html#lengths` becomes one to that. Models of live figures are numbered anew in the same way.
"""

import posixpath
import re
from html import escape, unescape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

ARTICLE = re.compile(r'<article class="bd-article">(.*?)</article>', re.DOTALL)
STATE = re.compile(r'<script type="application/vnd\.jupyter\.widget-state\+json">.*?</script>', re.DOTALL)
SCRIPT = re.compile(r"(<(?:script|style)\b.*?</(?:script|style)>)", re.DOTALL)
TAG = re.compile(r"<[a-zA-Z][^<>]*>")
ATTRIBUTE = re.compile(r'(?<=\s)(id|href|src|for|aria-(?:labelledby|describedby|controls))="([^"]*)"')
MODEL = re.compile(r"(?<![0-9a-f])0{16}([0-9a-f]{16})(?![0-9a-f])")
HEADING = re.compile(r"<h1>(.*?)<a class=\"headerlink\"", re.DOTALL)
HEAD = re.compile(r'<link [^>]*rel="stylesheet"[^>]*>|<script>window\.MathJax = .*?</script>')
SCRIPTS = (
    '<script src="_static/mathjax/tex-mml-chtml.js" defer></script>'
    '<script src="_static/require.js"></script>'
    '<script data-manager="html-manager/" src="_static/widgets-local.js"></script>'
    '<script src="_static/html-manager/embed-amd.js"></script>'
)


class Part(NamedTuple):
    """A page of the book as a part of the one: its name, its number, its title, its HTML."""

    name: str
    number: int
    title: str
    html: str

    @property
    def anchor(self) -> str:
        return f"p{self.number:02d}"


def one_page(html: Path, names: list[str], title: str, style: str) -> str:
    """The HTML of all pages `names`, to stand in the folder `html`."""
    numbers = {name: number for number, name in enumerate(names)}
    parts = [read_part(html, name, numbers) for name in names]
    tags = [in_root(tag, name) for name in names for tag in HEAD.findall((html / name).read_text("utf8"))]
    head = "\n".join(dict.fromkeys(tags))
    contents = "".join(f'<li><a href="#{part.anchor}">{part.title}</a></li>' for part in parts)
    body = "\n".join(f'<section class="part" id="{part.anchor}">{part.html}</section>' for part in parts)
    return (
        f'<!DOCTYPE html><html lang="en" data-content_root="./" data-theme="light" data-mode="light"><head>'
        f'<meta charset="utf-8"><title>{escape(title)}</title>{head}<style>{style}</style>{SCRIPTS}</head>'
        f'<body><main class="bd-main"><div class="bd-content"><article class="bd-article">'
        f'<section class="part cover"><p class="cover-title">{escape(title)}</p><ol>{contents}</ol></section>'
        f"{body}</article></div></main></body></html>"
    )


def read_part(html: Path, name: str, numbers: dict[str, int]) -> Part:
    """One page, its ids and links made to fit the others."""
    text = (html / name).read_text("utf8")
    article, number = ARTICLE.search(text), numbers[name]
    if not article:
        raise ValueError(f"{name}: expected an <article class='bd-article'>, found none. Build the book again.")
    pieces = SCRIPT.split(article[1])  # scripts and styles at the odd places stay as they are
    pieces[::2] = [TAG.sub(lambda tag: fit(tag[0], name, numbers), piece) for piece in pieces[::2]]
    joined = "".join(pieces) + "".join(STATE.findall(text))
    heading = HEADING.search(article[1])
    told = re.sub(r"<[^>]+>", "", heading[1]).strip() if heading else name
    return Part(name, number, told, MODEL.sub(rf"{number:016x}\1", joined))


def fit(tag: str, name: str, numbers: dict[str, int]) -> str:
    """A tag of the page `name`, with what it names in the one page."""
    here = f"p{numbers[name]:02d}"

    def one(match: re.Match[str]) -> str:
        attribute, value = match[1], unescape(match[2])
        if attribute in ("href", "src"):
            value = address(value, name, numbers)
        else:
            value = " ".join(f"{here}-{part}" for part in value.split())
        return f'{attribute}="{escape(value)}"'

    return ATTRIBUTE.sub(one, tag)


def address(value: str, name: str, numbers: dict[str, int]) -> str:
    """Where a link or a file of the page `name` is, seen from the one page."""
    parts = urlsplit(value)
    if parts.scheme or value.startswith("//"):
        return value
    target = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(parts.path))) if parts.path else name
    if target in numbers:
        return f"#p{numbers[target]:02d}" + (f"-{parts.fragment}" if parts.fragment else "")
    return target + (f"#{parts.fragment}" if parts.fragment else "")


def in_root(tag: str, name: str) -> str:
    """A style sheet's tag of the page `name`, seen from the root."""
    return re.sub(r'href="([^"?]*)[^"]*"', lambda match: f'href="{address(match[1], name, {})}"', tag)
