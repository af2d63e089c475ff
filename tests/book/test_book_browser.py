"""The built pages in Chromium, with every way out of this machine closed.

A page is opened twice: as on a phone, dark, from the disk; and as on a desk, light, over http. Each time all questions
of questions.py are asked, one after the other, since to open a page costs more than most of them. Colours are asked
about in both themes each time.
"""

import pytest

from tests.book.browsing import PHONE, SETTINGS, opened, violations
from tests.book.pages import toc_pages
from tests.book.questions import QUESTIONS, answers

PAGES = toc_pages()
SETTING = pytest.mark.parametrize("setting", SETTINGS)


@SETTING
@pytest.mark.parametrize("name", PAGES)
def test_a_page_works(browser, at, name, setting):
    with opened(browser, at(name, setting), **SETTINGS[setting]) as (page, problems):
        found = answers(page)
    assert problems == []
    assert found == {}, "\n".join(f"{question}: {one}" for question, wrong in found.items() for one in wrong)


FAULTS = {  # by what is asked, or by what is said of it: a script that makes a page wrong
    "wider than the screen": "box.style.width = '5000px'; box.textContent = 'wide';",
    "formulas that are not typeset": "box.className = 'math notranslate'; box.textContent = 'x^2';",
    "live figures that are not drawn": """
        box.innerHTML = '<script type="application/vnd.jupyter.widget-view+json">{}</script>';""",
    "live output that shows nothing, such as a closed progress bar": """
        box.className = 'cell'; box.innerHTML = '<pre>code</pre><div class="widget-subarea"></div>';""",
    "pictures that have not loaded": """
        const picture = document.createElement('img'); picture.alt = 'A picture'; box.append(picture);
        const end = new Promise((resolve) => { picture.onerror = resolve; });
        picture.src = 'data:image/png;base64,AAAA'; await end;""",
    "pairs of NumPy and Torch that are not in tabs": "box.className = 'cell tag_torch'; box.textContent = 'code';",
    "strips of shapes that cannot be read": 'box.innerHTML = \'<svg class="rc-strip" aria-hidden="true"></svg>\';',
    "a page that is too heavy": """
        for (const file of ['_static/scripts/fontawesome.js', 'objects.inv'])
          await (await fetch('../' + file)).arrayBuffer();
        const told = () => performance.getEntriesByType('resource').some((one) => one.name.endsWith('objects.inv'));
        while (!told()) await new Promise((resolve) => setTimeout(resolve, 20));""",
    "violations of accessibility": "box.innerHTML = '<p style=\"color: #999; background: #bbb\">Grey on grey</p>';",
    "console: something broke": "console.error('something broke');",
    "page error: something broke": "setTimeout(() => { throw new Error('something broke'); });",
    "external request: https://example.org/x.png": """
        const picture = new Image(); const end = new Promise((resolve) => { picture.onerror = resolve; });
        picture.src = 'https://example.org/x.png'; await end;""",
    "not loaded: http": """
        const picture = new Image(); const end = new Promise((resolve) => { picture.onerror = resolve; });
        picture.src = 'http://127.0.0.1:9/x.png'; await end;""",
    "404: http": "await fetch('nothing.html');",
}


def test_every_question_has_its_fault():
    assert set(QUESTIONS) <= set(FAULTS)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_by_its_own_name(browser, at, fault):
    setting = "desk, light, over http"
    box = "const box = document.createElement('div'); document.querySelector('article').append(box);"
    with opened(browser, at("book/changelog.html", setting), **SETTINGS[setting]) as (page, problems):
        page.evaluate(f"async () => {{ {box} {FAULTS[fault]} }}")
        found = answers(page)
    if fault in QUESTIONS:
        assert list(found) == [fault]
        assert problems == []
    else:
        assert found == {}
        assert any(problem.startswith(fault) for problem in problems), problems


def test_axe_looks_at_a_part_alone(browser, at):
    setting = "phone, dark, from the disk"
    plant = "(words) => document.querySelector('article').insertAdjacentHTML('beforeend', words)"
    shown = "() => document.body.innerText"
    with opened(browser, at("book/changelog.html", setting), **SETTINGS[setting]) as (page, _):
        for name, colour in (("one", "#999"), ("two", "#989898")):
            page.evaluate(plant, f'<p class="{name}" style="color: {colour}; background: #bbb">{name}</p>')
        before = page.evaluate(shown)
        [told] = violations(page, ".one")
        assert told.startswith('color-contrast: <p class="one"')
        assert page.evaluate(shown) == before, "what was hidden is back"
        assert len(violations(page)) == 2 * len(("light", "dark"))


WEAK = {  # a planted text, and the themes in which it is hard to read
    "grey": ("color: #999; background: #bbb", {"light", "dark"}),
    "ghost": ("opacity: 0.3", {"light", "dark"}),
    "night": ("color: #222", {"dark"}),
    "day": ("color: #eee", {"light"}),
    "small": ("color: #888; background: #fff; font-size: 12px", {"light", "dark"}),  # 3.5 to 1
    "large": ("color: #888; background: #fff; font-size: 40px", set()),
    "good": ("color: #000; background: #fff", set()),
}


@SETTING
def test_weak_contrasts_are_found_in_both_themes(browser, at, setting):
    plant = "(words) => document.querySelector('article').insertAdjacentHTML('beforeend', words)"
    with opened(browser, at("book/changelog.html", setting), **SETTINGS[setting]) as (page, _):
        for name, (style, _themes) in WEAK.items():
            page.evaluate(plant, f'<ul><li class="{name}" style="{style}">One</li><li style="{style}">Two</li></ul>')
        text = page.locator("article")
        before, theme = text.inner_html(), page.evaluate("document.documentElement.dataset.theme")
        told = violations(page)
        assert (text.inner_html(), page.evaluate("document.documentElement.dataset.theme")) == (before, theme)
    found = {
        (name, kind)
        for name in WEAK
        for kind in ("light", "dark")
        for one in told
        if f'{kind}: <li class="{name}"' in one
    }
    assert found == {(name, kind) for name, (_, themes) in WEAK.items() for kind in themes}
    assert len(told) == len(found), "nothing else, and each once"


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
