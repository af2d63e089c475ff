"""`python -m tests.book.report`: what a reader's browser says of every page, as a table, as JSON, and as pictures.

Each page is opened as a reader opens it, twice: on a desk, light, over http, and on a phone, dark, from the disk. Times
are the browser's own (PerformanceObserver) on this machine as it is; weights are bytes as they are served here, without
compression. With `--lighthouse`, npm's Lighthouse scores the chapters as on a phone with a slow line, served in gzip.
"""

import argparse
import json
import sys

from tests.book.browsing import AXE, NO_AXE, SETTINGS, opened
from tests.book.conftest import CompressingHandler, serving
from tests.book.lighthouse import LighthouseError, scores
from tests.book.pages import HTML, NO_BOOK, ROOT, toc_pages
from tests.book.questions import answers, weight
from tools.browser import BrowserError, chromium

TARGET = ROOT / "build" / "page-report"
PICTURED = ("book/index", "book/figures", "book/exercise_index", "exercises/08_lstm_cell")  # and every chapter
OBSERVE = """
  window.seen = { paint: 0, shift: 0, blocked: 0 };
  const watch = (type, tell) => new PerformanceObserver((list) => list.getEntries().forEach(tell))
    .observe({ type, buffered: true });
  watch('paint', (one) => { if (one.name === 'first-contentful-paint') seen.paint = one.startTime; });
  watch('layout-shift', (one) => { if (!one.hadRecentInput) seen.shift += one.value; });
  watch('longtask', (one) => { seen.blocked += Math.max(0, one.duration - 50); });
"""
COLUMNS = {  # of the table: the key of a page's record, and how it is written
    "requests": "{:d}",
    "external": "{:d}",
    "problems": "{:d}",
    "axe": "{:d}",
    "other": "{:d}",
    "own kB": "{:.0f}",
    "shared kB": "{:.0f}",
    "paint ms": "{:.0f}",
    "shift": "{:.3f}",
    "blocked ms": "{:.0f}",
}


def at_first_sight(browser, address, setting):
    """The times of a page that nobody has touched, over http: first contentful paint, layout shift, blocking."""
    context = browser.new_context(viewport={"width": setting["width"], "height": 900}, color_scheme=setting["scheme"])
    context.add_init_script(OBSERVE)
    page = context.new_page()
    page.goto(address, wait_until="load")
    page.wait_for_timeout(500)
    seen = page.evaluate("() => seen")
    context.close()
    return {"paint ms": seen["paint"], "shift": seen["shift"], "blocked ms": seen["blocked"]}


def record(browser, name, served, pictures):
    """What both openings of a page say."""
    desk, phone = SETTINGS["desk, light, over http"], SETTINGS["phone, dark, from the disk"]
    told = {"page": name.removesuffix(".html"), **at_first_sight(browser, f"{served}/{name}", desk)}
    found, wrong = [], []
    for address, setting in ((f"{served}/{name}", desk), ((HTML / name).as_uri(), phone)):
        with opened(browser, address, **setting) as (page, problems):
            if setting is desk:
                own, shared = weight(page)
                asked = page.evaluate("() => performance.getEntriesByType('resource').map((file) => file.name)")
                told |= {"own kB": own / 1000, "shared kB": shared / 1000, "requests": 1 + len(asked)}
            found.append(answers(page))
            wrong += problems
            if pictures and told["page"] in pictures:
                kind = "desk" if setting is desk else "phone"
                page.emulate_media(reduced_motion="reduce")
                page.screenshot(path=TARGET / f"{told['page'].replace('/', '-')}-{kind}.png", full_page=True)
    axe = [one for said in found for one in said.pop("violations of accessibility", [])]
    other = [f"{question}: {one}" for said in found for question, ones in said.items() for one in ones]
    external = [one for one in wrong if one.startswith("external request")]
    told |= {"external": len(external), "problems": len(wrong) - len(external), "axe": len(axe), "other": len(other)}
    return told | {"found": [*wrong, *axe, *other]}


def table(records):
    """The records as lines, and what they add up to."""
    width = max(len(one["page"]) for one in records)
    yield f"{'page':{width}}" + "".join(f"{name:>12}" for name in COLUMNS)
    for one in records:
        yield f"{one['page']:{width}}" + "".join(f"{form.format(one[name]):>12}" for name, form in COLUMNS.items())
    sums = {name: sum(one[name] for one in records) for name in ("requests", "external", "problems", "axe", "other")}
    worst = {name: max(one[name] for one in records) for name in COLUMNS if name not in sums}
    yield f"{len(records)} pages, each opened twice; in all " + ", ".join(f"{n} {name}" for name, n in sums.items())
    yield "at most " + ", ".join(f"{COLUMNS[name].format(n)} {name}" for name, n in worst.items())


def main(arguments=None):
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("pages", nargs="*", help="such as book/08_lstm_cell; all pages of the book by default")
    parser.add_argument("--lighthouse", action="store_true", help="also run npm's Lighthouse on chapters")
    options = parser.parse_args(arguments)
    missing = [NO_AXE] * (not AXE.is_file()) + [NO_BOOK] * (not (HTML / "book" / "index.html").is_file())
    if missing:
        print(*missing, sep="\n", file=sys.stderr)
        return 1
    names = [f"{name.removesuffix('.html')}.html" for name in options.pages] or toc_pages()
    if unknown := [name for name in names if not (HTML / name).is_file()]:
        print(f"expected pages of the book, such as book/08_lstm_cell; got {', '.join(unknown)}", file=sys.stderr)
        return 1
    chapters = {name.removesuffix(".html") for name in names if name[5:7].isdigit() and name.startswith("book/")}
    TARGET.mkdir(parents=True, exist_ok=True)
    report = {}
    try:
        with serving(HTML) as served, chromium() as browser:
            report["browser"] = browser.version
            report["pages"] = [record(browser, name, served, {*chapters, *PICTURED}) for name in names]
        if options.lighthouse:
            with serving(HTML, CompressingHandler) as served:
                report["lighthouse"] = {name: scores(f"{served}/{name}.html", TARGET) for name in sorted(chapters)}
    except (BrowserError, LighthouseError) as error:
        print(error, file=sys.stderr)
        return 1
    (TARGET / "report.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", "utf8")
    print(*table(report["pages"]), sep="\n")
    for name, found in report.get("lighthouse", {}).items():
        print(f"Lighthouse, {name}: " + ", ".join(f"{kind} {value}" for kind, value in found.items()))
    found = [f"{one['page']}: {what}" for one in report["pages"] for what in one["found"]]
    print(*found, f"{TARGET.relative_to(ROOT).as_posix()}/ has report.json and pictures of the main pages.", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
