"""Pages opened in Chromium, with every way out of this machine closed; and what the tests ask a page."""

from contextlib import contextmanager

from tests.book.pages import ROOT
from tools.browser import LOCAL

PHONE, DESKTOP = 360, 1280
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
  const views = document.querySelectorAll('script[type="application/vnd.jupyter.widget-view+json"]').length;
  await until(() => document.querySelectorAll('.widget-subarea > *:not(script)').length >= views);
  return views;
}"""
SHOWING_NOTHING = """() => [...document.querySelectorAll('.widget-subarea')]
  .filter((area) => ![...area.children].some((node) => node.getBoundingClientRect().height > 5))
  .map((area) => area.closest('.cell').querySelector('pre').innerText.slice(0, 80))"""
WIDER_THAN_THE_SCREEN = """() => {
  if (document.documentElement.scrollWidth <= innerWidth) return [];
  return [...document.querySelectorAll('body *')]
    .filter((node) => node.getBoundingClientRect().right > innerWidth + 1)
    .map((node) => node.tagName + '.' + node.className).slice(0, 5).concat('the page scrolls sideways');
}"""


@contextmanager
def opened(browser, address, *, width, scheme="light", reduced_motion="no-preference"):
    """The page at an address, once its formulas and live figures are there; and the list of what went wrong."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion=reduced_motion
    )
    problems = []

    def guard(route):
        if route.request.url.startswith(LOCAL):
            route.continue_()
        else:
            problems.append(f"external request: {route.request.url}")
            route.abort()

    context.route("**/*", guard)
    page = context.new_page()
    page.on("pageerror", lambda error: problems.append(f"page error: {error}"))
    page.on("requestfailed", lambda request: problems.append(f"not loaded: {request.url}"))
    page.on("response", lambda reply: reply.ok or problems.append(f"{reply.status}: {reply.url}"))
    page.on("console", lambda said: said.type == "error" and problems.append(f"console: {said.text}"))
    page.goto(address, wait_until="load")
    page.evaluate(READY)
    yield page, problems
    context.close()
