"""Draw a digit in the built page: by pointer, by keys, by preset; three networks answer, one of them row by row."""

import numpy as np
import pytest

from rnn_course.widgets import DrawADigit
from rnn_course.widgets.drawing import show
from rnn_course.widgets.pen import PRESETS
from tests.book.browsing import violations
from tests.book.figures import numbers, on_a_phone, slide


@pytest.fixture
def drawn(browser, html):
    with on_a_phone(browser, html) as page:
        yield page.locator(".rc-draw-a-digit")


def told(figure):
    return figure.locator("[aria-live]").inner_text()


def clear(figure):
    figure.get_by_role("button", name="Clear", exact=True).press("Enter")


def stroke(figure, points):
    """Draw with the mouse through points from 0 to 1."""
    pad = figure.locator(".rc-pad")
    pad.scroll_into_view_if_needed()
    box, mouse = pad.bounding_box(), figure.page.mouse
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    mouse.move(*places[0])
    mouse.down()
    for place in places[1:]:
        mouse.move(*place)
    mouse.up()


@pytest.mark.parametrize("digit", range(10))
def test_the_answers_to_a_preset_are_those_of_the_package(drawn, digit):
    button = drawn.get_by_role("button", name=str(digit), exact=True)
    button.press("Enter")
    assert button.get_attribute("aria-pressed") == "true"
    figure = DrawADigit(digit)
    for name, shares in figure.answers.items():
        for k, share in enumerate(shares):
            assert numbers(drawn)[f"{name}.{k}"] == show(float(share))
    assert told(drawn) == figure.as_text().splitlines()[-1]
    opaque = drawn.locator(".rc-dark").evaluate_all("(all) => all.map((one) => Number(one.style.fillOpacity))")
    np.testing.assert_allclose(np.reshape(opaque, (28, 28)), figure.image, atol=0.0051)
    opaque = drawn.locator(".rc-belief").evaluate_all("(all) => all.map((one) => Number(one.style.fillOpacity))")
    np.testing.assert_allclose(np.reshape(opaque, (28, 10)), figure.beliefs, atol=0.0051)


def test_a_drawing_by_mouse_is_read(drawn):
    clear(drawn)
    assert "The sheet is empty" in told(drawn)
    assert drawn.get_by_role("button", name="Undo", exact=True).is_disabled()
    for points in PRESETS[4]:
        stroke(drawn, points)
    assert drawn.locator(".rc-strokes path").count() == 2
    assert told(drawn).startswith("The NN 4 (")
    assert "the CNN 4 (" in told(drawn)
    assert "the LSTM 4 (" in told(drawn)
    drawn.get_by_role("button", name="Undo", exact=True).press("Enter")
    assert drawn.locator(".rc-strokes path").count() == 1


def test_a_drawing_by_finger_is_read(browser, html):
    """A touch ends in the same events; what matters is that the page does not scroll away under the finger."""
    with on_a_phone(browser, html) as page:
        pad = page.locator(".rc-draw-a-digit .rc-pad")
        assert pad.evaluate("(it) => getComputedStyle(it).touchAction") == "none"
        page.locator(".rc-draw-a-digit").get_by_role("button", name="Clear", exact=True).click()
        for kind, (x, y) in (("pointerdown", (0.5, 0.1)), ("pointermove", (0.5, 0.9)), ("pointerup", (0.5, 0.9))):
            pad.evaluate(
                """(it, [kind, x, y]) => {
                  const box = it.getBoundingClientRect();
                  it.setPointerCapture = () => {};
                  it.dispatchEvent(new PointerEvent(kind, { pointerType: "touch", pointerId: 7, bubbles: true,
                    clientX: box.left + x * box.width, clientY: box.top + y * box.height }));
                }""",
                [kind, x, y],
            )
        assert "the LSTM 1 (" in told(page.locator(".rc-draw-a-digit"))


def test_a_drawing_by_keys_is_read(drawn):
    pad = drawn.locator(".rc-pad")
    pad.press("Delete")
    assert drawn.locator(".rc-strokes path").count() == 0
    pad.press(" ")
    for _ in range(13):
        pad.press("ArrowDown")
    pad.press(" ")
    assert pad.get_attribute("aria-label") == "1 strokes, the pen is up"
    assert "the CNN 1 (" in told(drawn)
    pad.press("7")
    assert told(drawn).startswith("The NN 7 (")
    pad.press("Backspace")
    assert "The sheet is empty" in told(drawn)


def test_the_lstm_reads_row_by_row(drawn):
    figure = DrawADigit(3)
    for rows in (1, 10, 28):
        slide(drawn, "Rows read", rows)
        shown = numbers(drawn)
        for k, share in enumerate(figure.beliefs[rows - 1]):
            assert shown[f"lstm.{k}"] == show(float(share))
        assert shown["cnn.3"] == show(float(figure.answers["cnn"][3])), "the others see all at once"
    slider = drawn.get_by_role("slider", name="Rows read")
    slider.press("Home")
    assert slider.get_attribute("aria-valuetext") == "1 of 28"
    assert drawn.get_by_role("button", name="Read row by row").count() == 0, "motion is reduced"


def test_in_use_it_is_accessible(browser, html):
    for scheme in ("light", "dark"):
        with on_a_phone(browser, html, scheme=scheme) as page:
            drawn = page.locator(".rc-draw-a-digit")
            stroke(drawn, [(0.2, 0.2), (0.8, 0.8)])
            slide(drawn, "Rows read", 12)
            assert violations(page, ".rc-draw-a-digit") == []
