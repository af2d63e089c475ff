"""A page is read before its scripts have come, and what comes late comes in time."""

import re

import pytest
from fontTools.pens.recordingPen import RecordingPen
from fontTools.ttLib import TTFont
from PIL import Image

from tests.book.browsing import DESKTOP, PHONE, READY, SETTINGS
from tests.book.pages import HTML, read_page, toc_pages
from tests.book.questions import NOT_TYPESET
from tests.book.report import at_first_sight
from tools.icon_fonts import letters_of
from tools.late_images import late
from tools.one_sheet import Sheets

PAGES = [name for name in toc_pages() if name.startswith("book/") and name[5:7].isdigit()]
WITH_FORMULAS = [name for name in PAGES if (HTML / name).is_file() and "math" in read_page(HTML / name).classes]
SHEET = re.compile(r'href="(?:\.\./)*_static/(book-\w+\.css)"')
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


def test_without_scripts_a_page_has_borders_and_code_its_colours(browser, html):
    context = browser.new_context(java_script_enabled=False, viewport={"width": DESKTOP, "height": 900})
    page = context.new_page()
    page.goto((html / "exercises/03_learning.html").as_uri())
    colour = "(node) => getComputedStyle(node).color"
    code = page.locator(".cell_input .highlight")
    assert code.locator(".kn").first.evaluate(colour) != code.first.evaluate(colour)
    assert page.locator("article p code").first.evaluate("(node) => getComputedStyle(node).borderTopStyle") == "solid"
    context.close()


@pytest.mark.parametrize("mode", ["auto", "light", "dark", None])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_or_dark_is_chosen_before_the_scripts_come(browser, served, scheme, mode):
    context = browser.new_context(color_scheme=scheme)
    context.add_init_script(f"localStorage.setItem('mode', '{mode}')" if mode else "localStorage.clear()")
    page = context.new_page()
    page.route("**/*.js*", lambda route: route.abort())
    page.goto(f"{served}/book/index.html")
    assert page.evaluate("document.documentElement.dataset.theme") == (scheme if mode in ("auto", None) else mode)
    context.close()


@pytest.mark.parametrize("name", [*PAGES, "exercises/03_learning.html", "book/figures.html"])
def test_nothing_moves_while_a_page_comes(browser, served, name):
    setting = SETTINGS["desk, light, over http"]
    assert at_first_sight(browser, f"{served}/{name}", setting)["shift"] < 0.02


@pytest.mark.parametrize("name", PAGES)
def test_pictures_wait_in_a_place_as_large_as_they_are(blank, html, name):
    blank.goto((html / name).as_uri(), wait_until="load")
    pictures = blank.locator("article.bd-article img")
    assert pictures.evaluate_all("(all) => all.every((one) => one.loading === 'lazy')")
    pictures.evaluate_all("(all) => { for (const one of all) one.loading = 'eager' }")
    blank.wait_for_function("() => [...document.images].every((one) => one.complete && one.naturalWidth)")
    said = "(all) => all.map((one) => [one.getAttribute('width'), one.getAttribute('height')].map(Number))"
    assert pictures.evaluate_all(said) == pictures.evaluate_all(
        "(all) => all.map((one) => [one.naturalWidth, one.naturalHeight])"
    )


@pytest.mark.parametrize("scheme", ["whole", "cut short", "of another kind"])
def test_the_size_of_a_picture(tmp_path, scheme):
    path = tmp_path / "a.png"
    Image.new("RGB", (37, 23)).save(path, "JPEG" if scheme == "of another kind" else "PNG")
    if scheme == "whole":
        assert late('<p><img alt="A" src="a.png" /></p>', tmp_path) == (
            '<p><img loading="lazy" decoding="async" width="37" height="23" alt="A" src="a.png" /></p>'
        )
        return
    path.write_bytes(path.read_bytes()[:20] if scheme == "cut short" else path.read_bytes())
    with pytest.raises(ValueError, match="expected a PNG"):
        late('<img src="a.png">', tmp_path)


def test_every_icon_of_the_style_sheet_has_its_shape(html):
    """As the whole fonts draw it, though the fonts of the book hold nothing else."""
    static = html / "_static"
    (sheet,) = {name for page in toc_pages() for name in SHEET.findall((html / page).read_text("utf8"))}
    text = (static / sheet).read_text("utf8")
    letters, drawn = letters_of(text), set()
    assert len(letters) > 10
    assert 0xF0EB in letters, "the light bulb of a tip, which the theme names in a variable"
    fonts = [static / name for name in re.findall(r'src:url\("(fa-[^"]+)"\)', text)]
    assert len(fonts) == 3
    for font in fonts:
        assert font.stat().st_size < 5000
        few = TTFont(font)
        whole = TTFont(static / "vendor/fontawesome/webfonts" / font.name.replace("-few.woff", ".ttf"))
        few_letters, all_letters = few.getBestCmap() or {}, whole.getBestCmap()
        assert few_letters.keys() == letters & all_letters.keys()
        for letter in few_letters:
            assert shape(few, few_letters[letter]) == shape(whole, all_letters[letter])
        drawn |= few_letters.keys()
    assert drawn == letters


def test_a_page_that_stays_as_it_was_gets_a_style_that_changed(tmp_path):
    static, page = tmp_path / "_static", tmp_path / "book" / "a.html"
    for folder in (static, page.parent):
        folder.mkdir()
    (static / "one.css").write_text("p{color:red}")
    (static / "two.css").write_text("b{color:blue}")
    links = [f'<link rel="stylesheet" href="../_static/{name}" />\n' for name in ("one.css?v=1", "two.css")]
    text = "".join([*links, "<p>A</p>"])
    sheets = []
    for colour in ("red", "green", "green"):
        (static / "one.css").write_text(f"p{{color:{colour}}}")
        joiner = Sheets(tmp_path)
        text = joiner.join(page, text)
        joiner.tidy()
        [sheet] = static.glob("book-*.css")
        assert text.count("<link") == text.count(f'href="../_static/{sheet.name}"') == 1
        assert f"p{{color:{colour}}}" in sheet.read_text()
        assert "b{color:blue}" in sheet.read_text()
        sheets.append(sheet.name)
    assert sheets[0] != sheets[1] == sheets[2]


def shape(font, glyph):
    pen = RecordingPen()
    font.getGlyphSet()[glyph].draw(pen)
    return pen.value


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
