"""A page is read before its scripts have come, and what comes late comes in time."""

import pytest

from tests.book.browsing import DESKTOP, PHONE, READY
from tests.book.pages import HTML, read_page, toc_pages
from tests.book.questions import NOT_TYPESET

PAGES = [name for name in toc_pages() if name.startswith("book/") and name[5:7].isdigit()]
WITH_FORMULAS = [name for name in PAGES if (HTML / name).is_file() and "math" in read_page(HTML / name).classes]
LATE = "() => Boolean(window.MathJax?.startup?.promise)"
SEEN = """(all) => all.filter((one) => !one.parentElement.closest('details, svg, .rc-first-frame'))
  .map((one) => one.getClientRects().length > 0)"""
IN_VIEW = "(node) => node.getBoundingClientRect().top >= -5 && node.getBoundingClientRect().top < innerHeight"


@pytest.fixture
def blank(browser):
    """A page in which nothing was opened yet."""
    context = browser.new_context(viewport={"width": DESKTOP, "height": 600}, reduced_motion="reduce")
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_chapter_is_read_without_any_script(browser, html, name):
    context = browser.new_context(java_script_enabled=False, viewport={"width": PHONE, "height": 900})
    page = context.new_page()
    page.goto((html / name).as_uri())
    article = page.locator("article.bd-article")
    assert len(article.inner_text()) > 5000
    for parts in ("h1", "p", ".cell_input pre", ".cell_output pre", ".math", ".cell_output img", ".rc-first-frame"):
        seen = article.locator(parts).evaluate_all(SEEN)
        assert all(seen), f"{seen.count(False)} of {len(seen)} {parts} are not seen"
        assert seen or parts in (".math", ".cell_output img"), f"no {parts}"
    for formula in article.locator(".math").all_inner_texts():
        assert formula.strip().startswith("\\"), "the source stands there"
    context.close()


@pytest.mark.parametrize("name", toc_pages())
def test_the_head_of_a_page_stops_at_no_script_and_at_one_style_sheet(html, name):
    head = (html / name).read_text("utf8").partition("</head>")[0]
    assert head.count('rel="stylesheet"') == 1
    assert head.count('<meta name="description"') == 1
    scripts = [tag for tag in head.split("<script")[1:] if " src=" in tag.partition(">")[0]]
    assert scripts
    assert [
        tag for tag in scripts if "defer" not in tag.partition(">")[0] and "async" not in tag.partition(">")[0]
    ] == []


@pytest.fixture
def far(blank, html):
    """A page whose first formula stands far below its top, and which was opened there."""
    for name in WITH_FORMULAS:
        blank.goto((html / name).as_uri(), wait_until="load")
        if blank.locator(".math").first.evaluate("(it) => it.getBoundingClientRect().top") > 3000:
            assert not blank.evaluate(LATE), "nothing was loaded for the formulas"
            return blank
    pytest.fail("no page begins without formulas")


def reading(page):
    page.locator(".math").first.evaluate("(it) => it.scrollIntoView()")


SIGNS = {
    "the formulas are near": reading,
    "a key is pressed": lambda page: page.keyboard.press("Control"),
    "the pointer moves": lambda page: page.mouse.move(300, 300),
    "the page is printed": lambda page: page.pdf(),
}


@pytest.mark.parametrize("sign", SIGNS)
def test_formulas_come_when(far, sign):
    SIGNS[sign](far)
    far.wait_for_function(LATE)
    far.evaluate("() => MathJax.startup.promise")
    assert far.evaluate(NOT_TYPESET) == []


def test_live_figures_come_when_the_reader_comes_near(blank, html):
    blank.goto((html / "book/08_lstm_cell.html").as_uri(), wait_until="load")
    assert blank.locator(".rc-lstm-cell").count() == 0
    frame = blank.locator(".rc-first-frame").first
    assert frame.is_visible()
    frame.scroll_into_view_if_needed()
    blank.locator(".rc-lstm-cell").wait_for()


@pytest.mark.parametrize("name", [PAGES[0], PAGES[7], PAGES[-1]])
def test_a_link_into_a_page_leads_there_though_things_come_late(blank, html, name):
    page = read_page(html / name)
    anchor = next(link for link in reversed(page.links) if link.startswith("#") and len(link) > 3)
    blank.goto((html / name).as_uri() + anchor, wait_until="load")
    blank.evaluate(READY)
    blank.wait_for_timeout(300)
    assert blank.locator(anchor).first.evaluate(IN_VIEW), anchor
