"""The book as a PDF: `python -m tools.editions.pdf` prints all pages with Chromium, with bookmarks and links."""

import os
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from tools.browser import LOCAL, BrowserError, chromium
from tools.editions import EDITIONS, HTML, NAME, NO_BOOK, ROOT
from tools.editions.one_page import one_page

STYLE = Path(__file__).with_name("printed.css")
FOOT = '<div style="width:100%;font-size:8px;text-align:center;color:#555"><span class="pageNumber"></span></div>'
HEAD = "<span></span>"  # none: the browser's own would show a date and a file's name
PAPER: dict[str, Any] = {
    "format": "A4",
    "print_background": True,
    "prefer_css_page_size": True,
    "outline": True,
    "tagged": True,
}
PATIENCE = 300_000  # milliseconds for a step of the browser: formulas and figures of the whole book
READY = """async () => {
  await MathJax.startup.promise;
  for (const picture of document.images) picture.loading = 'eager';
  await Promise.all([...document.images].map((picture) => picture.decode()));
  const views = document.querySelectorAll('script[type="application/vnd.jupyter.widget-view+json"]').length;
  const drawn = () => document.querySelectorAll('.widget-subarea > *:not(script)').length;
  for (let wait = 0; wait < 1200 && drawn() < views; wait++) await new Promise((done) => setTimeout(done, 50));
  return [drawn(), views];
}"""


def contents(root: Path) -> tuple[str, list[str]]:
    """The book's title, and its pages in the order of the table of contents."""
    toc = yaml.safe_load((root / "_toc.yml").read_text("utf8"))
    names = [toc["root"], *(chapter["file"] for part in toc["parts"] for chapter in part["chapters"])]
    return yaml.safe_load((root / "_config.yml").read_text("utf8"))["title"], [f"{name}.html" for name in names]


def print_book(browser: Any, html: Path, names: list[str], title: str, target: Path) -> None:
    """Print the pages `names` of the built book into `target`, which is whole or not there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    page, temporary = html / "_print.html", target.with_name(f".{target.name}.{os.getpid()}")
    sheet = browser.new_page()
    try:
        page.write_text(one_page(html, names, title, STYLE.read_text("utf8")), "utf8")
        sheet.set_default_timeout(PATIENCE)
        sheet.route("**/*", only_local)
        sheet.emulate_media(media="print", color_scheme="light", reduced_motion="reduce")
        sheet.goto(page.as_uri(), wait_until="load")
        drawn, views = sheet.evaluate(READY)
        if drawn < views:
            raise BrowserError(f"only {drawn} of {views} live figures were drawn")
        sheet.pdf(path=temporary, display_header_footer=True, header_template=HEAD, footer_template=FOOT, **PAPER)
        os.replace(temporary, target)
    finally:
        sheet.close()
        page.unlink(missing_ok=True)
        temporary.unlink(missing_ok=True)


def only_local(route: Any) -> None:
    """Let through what is on this machine."""
    if route.request.url.startswith(LOCAL):
        route.continue_()
    else:
        route.abort()


def main() -> int:
    title, names = contents(ROOT)
    missing = [name for name in names if not (HTML / name).is_file()]
    if missing:
        print(f"{NO_BOOK} ({missing[0]} is missing)", file=sys.stderr)
        return 1
    target, start = EDITIONS / f"{NAME}.pdf", time.perf_counter()
    try:
        with chromium() as browser:
            print_book(browser, HTML, names, title, target)
    except BrowserError as error:
        print(error, file=sys.stderr)
        return 1
    print(
        f"{target.name}: {target.stat().st_size / 1e6:.1f} MB in {time.perf_counter() - start:.0f} s, {target.parent}"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
