"""The figure of a GRU in the built page: its switch, its sliders and its buttons, against the package's cell."""

import numpy as np
import pytest

from rnn_course.widgets.drawing import show
from rnn_course.widgets.gru_cell import BY_HAND
from tests.book.browsing import violations
from tests.book.figures import numbers, on_a_phone, slide


@pytest.fixture
def gru(browser, html):
    with on_a_phone(browser, html) as page:
        yield page.locator(".rc-gru-cell")


def press(gru, words):
    button = gru.get_by_role("button", name=words)
    button.press("Enter")
    assert button.get_attribute("aria-pressed") == "true"


def told(gru):
    return gru.locator("[aria-live]").inner_text()


def new_h(x, h, bias, reset_after):
    cell = BY_HAND._replace(gates_bias=np.array(bias), reset_after=reset_after)
    return [show(float(value)) for value in cell(np.array([[x]]), np.array([h]))[0][0]]


@pytest.mark.parametrize("reset_after", [False, True])
def test_it_computes_as_the_package(gru, reset_after):
    if reset_after:
        press(gru, "after the product")
    slide(gru, "x", -1.5)
    slide(gru, "h[0]", -0.5)
    slide(gru, "h[1]", 1)
    slide(gru, "bias of r[1]", -2)
    slide(gru, "bias of u[0]", -3)
    shown = numbers(gru)
    expected = new_h(-1.5, [-0.5, 1.0], [0.0, -2.0, -3.0, 1.0], reset_after)
    assert [shown["new.0"], shown["new.1"]] == expected
    assert f"h′ = [{expected[0]}, {expected[1]}]" in told(gru)
    other = new_h(-1.5, [-0.5, 1.0], [0.0, -2.0, -3.0, 1.0], not reset_after)
    assert told(gru).endswith(f"the product: [{other[0]}, {other[1]}].")
    assert f"the new h is {expected[0]} and {expected[1]}" in gru.get_by_role("img").get_attribute("aria-label")
    assert expected[1] in gru.locator(".rc-gru-equations p").nth(7).inner_text()


def test_the_switch_moves_the_reset_and_leaves_the_weights_alone(gru):
    before = numbers(gru)
    assert gru.locator(".rc-reset-before").is_visible()
    assert not gru.locator(".rc-reset-after").is_visible()
    press(gru, "after the product")
    after = numbers(gru)
    assert gru.locator(".rc-reset-after").is_visible()
    assert not gru.locator(".rc-reset-before").is_visible()
    changed = {name.rpartition(".")[0] for name in after if after[name] != before[name]}
    assert changed == {"before.n", "n", "written", "new"}
    press(gru, "before the product")
    assert numbers(gru) == before


def test_the_buttons_open_and_shut_gates(gru):
    at_first = numbers(gru)
    press(gru, "Shut r of unit 0")
    assert "neither candidate hears it" in told(gru)
    press(gru, "after the product")
    assert "it hears nothing of the old h" in told(gru)
    press(gru, "Open both r")
    assert told(gru).endswith("With the reset before the product: the same.")
    press(gru, "Keep all of h")
    assert [numbers(gru)[f"new.{k}"] for k in (0, 1)] == [at_first["h.0"], at_first["h.1"]]
    press(gru, "Replace all of h")
    assert [numbers(gru)[f"new.{k}"] for k in (0, 1)] == [numbers(gru)[f"n.{k}"] for k in (0, 1)]
    gru.get_by_role("button", name="Start again").press("Enter")
    press(gru, "before the product")
    assert numbers(gru) == at_first


def test_its_sliders_answer_to_keys_and_nothing_moves_by_itself(gru):
    slider = gru.get_by_role("slider", name="h[1]", exact=True)
    slider.press("End")
    assert numbers(gru)["h.1"] == "1.00"
    slider.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") == "0.95"
    for band in gru.locator(".rc-conveyor").all():
        assert band.evaluate("(it) => getComputedStyle(it).transitionDuration") == "0s"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_in_use(browser, html, scheme):
    with on_a_phone(browser, html, scheme=scheme) as page:
        figure = page.locator(".rc-gru-cell")
        press(figure, "after the product")
        press(figure, "Shut r of unit 0")
        assert violations(page, ".rc-gru-cell") == []
