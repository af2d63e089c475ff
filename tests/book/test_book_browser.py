"""The built pages in Chromium, with every way out of this machine closed."""

import pytest

from tests.book.browsing import AXE, DESKTOP, NO_AXE, PHONE, SHOWING_NOTHING, WIDER_THAN_THE_SCREEN, opened
from tests.book.pages import toc_pages

PAGES = toc_pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_works_on_a_phone_from_the_disk(browser, html, name):
    with opened(browser, (html / name).as_uri(), width=PHONE, scheme="dark") as (page, problems):
        assert page.evaluate(WIDER_THAN_THE_SCREEN) == []
        assert_complete(page)
    assert problems == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_works_on_a_desk_over_http(browser, served, name):
    with opened(browser, f"{served}/{name}", width=DESKTOP) as (page, problems):
        assert_complete(page)
    assert problems == []


def assert_complete(page):
    """Formulas are typeset, live figures are drawn and seen, pictures have loaded."""
    formulas = page.locator(".math.notranslate").count()
    assert page.locator("mjx-container").count() >= formulas
    assert page.locator("mjx-merror").count() == 0
    views = page.locator('script[type="application/vnd.jupyter.widget-view+json"]').count()
    assert page.locator(".widget-subarea > *:not(script)").count() >= views
    assert page.evaluate(SHOWING_NOTHING) == [], "live output that shows nothing, such as a closed progress bar"
    broken = "() => [...document.images].filter((i) => i.complete && !i.naturalWidth).map((i) => i.src)"
    assert page.evaluate(broken) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible(browser, html, name, scheme):
    if not AXE.is_file():
        pytest.skip(NO_AXE)
    address = (html / name).as_uri()
    # Motion is reduced so that no colour is measured half way through a transition.
    with opened(browser, address, width=DESKTOP, scheme=scheme, reduced_motion="reduce") as (page, _):
        page.evaluate(AXE.read_text("utf8"))
        report = page.evaluate("() => axe.run({ preload: false })")
    violations = [
        f"{v['id']}: {node['html'][:150]}: {node['failureSummary']}"
        for v in report["violations"]
        for node in v["nodes"][:3]
    ]
    assert not violations, "\n".join(violations)


@pytest.fixture
def three_views(browser, html):
    """A page with the live figure, opened on a phone, its motion reduced; the figure itself."""
    name = next((n for n in PAGES if "rnn_course.widgets.three_views" in (html / n).read_text("utf8")), None)
    if name is None:
        pytest.skip("no page shows ThreeViews")
    with opened(browser, (html / name).as_uri(), width=PHONE, reduced_motion="reduce") as (page, problems):
        yield page.locator(".rc-three-views").first
    assert problems == []


def test_three_views_answers_to_the_keyboard(three_views):
    told = three_views.locator("[aria-live]")
    image = three_views.get_by_role("application", name="CNN")
    image.focus()
    for key in ("Home", *["ArrowUp"] * 30, "ArrowDown", "ArrowDown", "ArrowRight"):
        image.press(key)
    assert "vector[57] = image[2, 1, 0] = sequence[2, 1]" in told.inner_text()
    three_views.get_by_role("application", name="NN: vector").press("End")
    assert "image[27, 27, 0]" in told.inner_text()


def test_three_views_answers_to_the_pointer(three_views):
    image = three_views.get_by_role("application", name="CNN")
    image.scroll_into_view_if_needed()
    size = image.bounding_box()
    image.hover(position={"x": size["width"] * 3.5 / 28, "y": size["height"] * 20.5 / 28})
    assert "image[20, 3, 0]" in three_views.locator("[aria-live]").inner_text()


def test_three_views_steps_through_the_rows(three_views):
    slider = three_views.get_by_role("slider")
    slider.focus()
    slider.press("Home")
    assert "will read it" in three_views.locator("[aria-live]").inner_text()
    slider.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "1 of 28 rows"
    assert three_views.get_by_role("button", name="Read row by row").count() == 0, "motion is reduced"


def test_three_views_changes_the_digit(three_views):
    second = three_views.get_by_role("button", name="image 2 of")
    picture = "(canvas) => canvas.toDataURL()"
    canvas = three_views.locator("canvas").first
    before = canvas.evaluate(picture)
    second.press("Enter")
    assert second.get_attribute("aria-pressed") == "true"
    assert canvas.evaluate(picture) != before
