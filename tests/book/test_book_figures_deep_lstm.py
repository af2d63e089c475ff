"""The figure of a deep LSTM in the built page: choosing its parts by pointer and keys, one step and all steps."""

import pytest

from rnn_course.widgets.deep_lstm_parts import parts
from tests.book.browsing import violations
from tests.book.figures import on_a_phone, slide

PARTS = {part.name: part for part in parts(128, (100, 400, 300))}


@pytest.fixture
def deep(browser, html):
    with on_a_phone(browser, html) as page:
        yield page.locator(".rc-deep-lstm")


def told(figure):
    return figure.locator("[aria-live]").inner_text()


def test_every_part_is_chosen_by_pointer(deep):
    for name, part in PARTS.items():
        node = deep.locator(f'[data-part="{name}"]')
        node.locator("text").first.click(force=True)
        assert node.get_attribute("aria-pressed") == "true"
        assert deep.locator('[aria-pressed="true"][data-part]').count() == 1
        assert told(deep).startswith(part.step.expression)
        assert part.step.words in told(deep)
        marked = deep.locator(".rc-same").evaluate_all("(all) => all.map((one) => one.dataset.part).sort()")
        assert marked == sorted(part.also)


def test_keys_lead_through_all_parts(deep):
    deep.locator('[data-part][tabindex="0"]').focus()
    page, seen = deep.page, set()
    focused = "() => document.activeElement.dataset.part"
    page.keyboard.press("Home")
    assert page.evaluate(focused) == "x"
    todo = ["x"]
    while todo:
        name = todo.pop()
        seen.add(name)
        for key in ("ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"):
            deep.locator(f'[data-part="{name}"]').focus()
            page.keyboard.press(key)
            found = page.evaluate(focused)
            if found not in seen and found not in todo:
                todo.append(found)
    assert seen == set(PARTS)
    assert deep.locator('[data-part][tabindex="0"]').count() == 1, "one stop of the Tab key"


def test_dynamic_rnn_gives_time_to_inputs_and_outputs_alone(deep):
    slide(deep, "batch", 7)
    deep.get_by_role("button", name="dynamic_rnn", exact=True).press("Enter")
    slide(deep, "time", 19)
    for name, part in PARTS.items():
        label = deep.locator(f'[data-part="{name}"]').get_attribute("aria-label")
        sizes = [{"batch": 7, "time": 19}.get(size, size) for size in part.whole.shape]
        assert label == f"{part.whole.expression} {sizes if sizes else ''}".strip()
        assert ("19" in label) == (name in ("x", "up0", "up1", "output"))
    assert deep.locator(".rc-loop").first.evaluate("(it) => getComputedStyle(it).visibility") == "visible"


def test_the_top_is_the_output(deep):
    deep.locator('[data-part="output"]').focus()
    assert "new_state[2].h, the same numbers" in told(deep)
    assert deep.locator(".rc-same").get_attribute("data-part") == "out2.h"
    assert "1,734,400" in deep.inner_text()


def test_in_use_it_is_accessible(browser, html):
    for scheme in ("light", "dark"):
        with on_a_phone(browser, html, scheme=scheme) as page:
            page.locator('.rc-deep-lstm [data-part="in"]').click()
            page.get_by_role("button", name="dynamic_rnn", exact=True).click()
            assert violations(page, ".rc-deep-lstm") == []
