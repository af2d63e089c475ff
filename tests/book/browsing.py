"""Pages opened in Chromium, which knows no other machine (tools/browser.py); and what all browser tests ask a page."""

from contextlib import contextmanager

import pytest

from tests.book.contrast import weak_contrasts
from tests.book.pages import ROOT
from tools.browser import LOCAL

PHONE, DESKTOP = 360, 1280
SETTINGS = {
    "phone, dark, from the disk": {"width": PHONE, "scheme": "dark"},
    "desk, light, over http": {"width": DESKTOP, "scheme": "light"},
}
LEFT = "net::ERR_ABORTED"  # nobody waits for it any longer: the page was left before it came
AXE = ROOT / "build" / "browser-tests" / "axe.min.js"
NO_AXE = f"{AXE.relative_to(ROOT).as_posix()} is missing: run `python tools/vendor.py --tests`"

READY = """async () => {
  const until = async (done) => {
    for (let wait = 0; wait < 400 && !done(); wait++) await new Promise((resolve) => setTimeout(resolve, 25));
  };
  document.dispatchEvent(new Event("course:live"));
  if (document.querySelector("script[data-late]")) {
    await until(() => window.MathJax?.startup?.promise);
    await MathJax.startup.promise;
  }
  for (const picture of document.images) picture.loading = 'eager';
  await until(() => [...document.images].every((picture) => picture.complete));
  const views = document.querySelectorAll('script[type="application/vnd.jupyter.widget-view+json"]').length;
  await until(() => document.querySelectorAll('.widget-subarea > *:not(script)').length >= views);
  return views;
}"""
WIDER_THAN_THE_SCREEN = """() => {
  if (document.documentElement.scrollWidth <= innerWidth) return [];
  return [...document.querySelectorAll('body *')]
    .filter((node) => node.getBoundingClientRect().right > innerWidth + 1)
    .map((node) => node.tagName + '.' + node.className).slice(0, 5).concat('the page scrolls sideways');
}"""
# What axe does not look at is hidden while it looks: it would measure all of a long page to judge a small part.
VIOLATIONS = """async (parts) => {
  const wanted = parts.flatMap((part) => [...document.querySelectorAll(part)]);
  const others = [...document.querySelectorAll('body *')].filter((node) => node instanceof HTMLElement && wanted.length
    && !wanted.some((one) => one.contains(node) || node.contains(one)) && !node.style.display);
  others.forEach((node) => { node.style.display = 'none'; });
  const report = await axe.run(parts.length ? { include: parts } : document,
    { preload: false, resultTypes: ['violations'], rules: { 'color-contrast': { enabled: parts.length > 0 } } });
  others.forEach((node) => { node.style.display = ''; });
  return report.violations.flatMap(({ id, nodes }) => nodes.slice(0, 3).map(
    (node) => `${id}: ${node.html.slice(0, 150)}: ${node.failureSummary}`));
}"""


@contextmanager
def opened(browser, address, *, width, scheme="light", reduced_motion="no-preference"):
    """The page at an address, once its formulas and live figures are there; and the list of what went wrong."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion=reduced_motion
    )
    problems = []

    def asked(request):
        if not request.url.startswith(LOCAL):
            problems.append(f"external request: {request.url}")

    def failed(request):
        if request.failure != LEFT:
            problems.append(f"not loaded: {request.url}: {request.failure}")

    page = context.new_page()
    page.on("request", asked)
    page.on("requestfailed", failed)
    page.on("pageerror", lambda error: problems.append(f"page error: {error}"))
    page.on("response", lambda reply: reply.status < 400 or problems.append(f"{reply.status}: {reply.url}"))
    page.on("console", lambda said: said.type == "error" and problems.append(f"console: {said.text}"))
    page.goto(address, wait_until="load")
    page.evaluate(READY)
    yield page, problems
    context.close()


def violations(page, *parts):
    """What axe finds within some parts of the page, or on all of it, and then in light and in dark.

    Motion is reduced: no colour is measured half-way.
    """
    if not AXE.is_file():
        pytest.skip(NO_AXE)
    page.emulate_media(reduced_motion="reduce")
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text("utf8"))
    return page.evaluate(VIOLATIONS, list(parts)) + ([] if parts else weak_contrasts(page))
