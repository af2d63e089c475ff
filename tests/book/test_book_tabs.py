"""NumPy | Torch: two cells become two tabs, the choice is kept, and nothing is lost without scripts or on paper."""

import pytest

from tests.book.browsing import PHONE, opened, violations
from tests.book.pages import HTML, read_page, toc_pages

PAGES = [name for name in toc_pages() if (HTML / name).is_file() and "tag_torch" in read_page(HTML / name).classes]
SHOWN = """() => [...document.querySelectorAll('.course-tabs')].map((box) =>
  [...box.querySelectorAll('.cell')].filter((cell) => cell.getClientRects().length)
    .map((cell) => cell.classList.contains('tag_torch') ? 'torch' : 'numpy'))"""


@pytest.fixture
def address(html):
    assert len(PAGES) > 1, "two pages with tabs are needed, to see the choice carried over"
    return (html / PAGES[0]).as_uri()


@pytest.fixture
def page(browser, address):
    with opened(browser, address, width=PHONE, reduced_motion="reduce") as (page, problems):
        yield page
    assert problems == []


def shown(page):
    """The backend that each pair of the page shows."""
    found = page.evaluate(SHOWN)
    assert found
    assert all(len(set(cells)) == 1 for cells in found)
    return {cells[0] for cells in found}


def test_the_choice_is_carried_to_all_pairs_and_pages(page, html):
    tab = page.get_by_role("tab", name="Torch").last
    tab.scroll_into_view_if_needed()
    before = tab.bounding_box()["y"]
    tab.click()
    assert abs(tab.bounding_box()["y"] - before) < 2, "what was touched stays where it is"
    assert shown(page) == {"torch"}
    for name in (PAGES[1], PAGES[0]):
        page.goto((html / name).as_uri())
        page.locator(".course-tabs").first.wait_for()
        assert shown(page) == {"torch"}
    page.get_by_role("tab", name="NumPy").first.click()
    assert shown(page) == {"numpy"}


def test_the_tabs_answer_to_the_keyboard(page):
    numpy, torch = (page.get_by_role("tab", name=name).first for name in ("NumPy", "Torch"))
    numpy.focus()
    for key, chosen in (
        ("ArrowRight", torch),
        ("ArrowRight", numpy),
        ("ArrowLeft", torch),
        ("Home", numpy),
        ("End", torch),
    ):
        page.keyboard.press(key)
        assert chosen.get_attribute("aria-selected") == "true"
        assert chosen.evaluate("(it) => it === document.activeElement")
    assert numpy.get_attribute("tabindex") == "-1"
    assert shown(page) == {"torch"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_other_tab_is_accessible(browser, address, scheme):
    with opened(browser, address, width=PHONE, scheme=scheme, reduced_motion="reduce") as (page, _):
        page.get_by_role("tab", name="Torch").first.click()
        page.mouse.move(0, 0)
        assert violations(page, ".course-tabs") == []


def test_without_scripts_and_on_paper_both_stand_there_under_their_names(browser, address, page):
    label = "(cell) => getComputedStyle(cell, '::before').content + getComputedStyle(cell, '::before').display"
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(address)
    page.emulate_media(media="print")
    for view in (plain, page):
        for backend, name in (("numpy", "NumPy"), ("torch", "Torch")):
            cells = view.locator(f".cell.tag_{backend}")
            assert cells.count()
            for cell in cells.all():
                assert cell.is_visible()
                assert cell.evaluate(label) == f'"{name}"block'
    context.close()
