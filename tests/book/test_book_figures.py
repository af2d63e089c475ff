"""The live figures in the built page, from the disk: keys, pointer, phone, dark, less motion, and without scripts."""

import re

import numpy as np
import pytest

from rnn_course.palette import PALETTE
from tests.book.browsing import DESKTOP, PHONE, WIDER_THAN_THE_SCREEN, opened, violations
from tests.book.figures import (
    DRAWN,
    FIGURES,
    NUMBERS,
    ONLY_THE_LIVE_ONE,
    address_of,
    numbers,
    on_a_phone,
    slide,
)

SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])


@pytest.fixture
def address(html):
    return address_of(html)


@pytest.fixture
def page(browser, html):
    with on_a_phone(browser, html) as page:
        yield page


@pytest.fixture
def rnn(page):
    return page.locator(".rc-unrolled-rnn")


@pytest.fixture
def lstm(page):
    return page.locator(".rc-lstm-cell")


def test_the_state_of_a_step_is_its_output_and_the_next_steps_old_state(rnn):
    shown = numbers(rnn)
    for step in range(4):
        for unit in range(2):
            value = shown[f"new.{step}.{unit}"]
            assert shown[f"output.{step}.{unit}"] == value
            assert step == 3 or shown[f"old.{step + 1}.{unit}"] == value


def test_the_rnn_is_stepped_by_keys(rnn):
    film = rnn.get_by_role("group", name="Unrolled in time")
    told = rnn.locator("[aria-live]").last
    film.focus()
    for key, step in (
        ("ArrowRight", 1),
        ("End", 3),
        ("ArrowRight", 3),
        ("ArrowLeft", 2),
        ("Home", 0),
        ("ArrowLeft", 0),
    ):
        film.press(key)
        assert told.inner_text().startswith(f"Step {step}:")
    slider = rnn.get_by_role("slider", name="Step", exact=True)
    slider.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "1 of 3"


def test_the_rnn_is_stepped_by_pointer(rnn):
    told = rnn.locator("[aria-live]").last
    rnn.get_by_role("button", name="Next").click()
    assert told.inner_text().startswith("Step 1:")
    rnn.locator(".rc-step .rc-target").nth(3).click()
    assert told.inner_text().startswith("Step 3:")
    assert rnn.get_by_role("button", name="Next").is_disabled()
    rnn.get_by_role("button", name="Back").click()
    assert told.inner_text().startswith("Step 2:")


def test_the_same_kernel_stands_in_every_step(rnn):
    def kernel():
        return rnn.locator("td .rc-weights").all_inner_texts()

    first = kernel()
    assert first[:2] == ["0.90", "−0.40"]
    for _ in range(3):
        rnn.get_by_role("button", name="Next").click()
        assert kernel() == first


def test_a_changed_input_changes_what_follows_and_nothing_before(rnn):
    before = numbers(rnn)
    rnn.locator(".rc-film").press("ArrowRight")
    rnn.locator(".rc-film").press("ArrowRight")
    rnn.get_by_role("slider", name="x[1] of step 2").press("End")
    after = numbers(rnn)
    steps = {int(name.split(".")[1]) for name in after if after[name] != before[name]}
    assert steps == {2, 3}
    marked = rnn.locator(".rc-changed").evaluate_all("(all) => all.map((one) => one.dataset.name)")
    assert {int(name.split(".")[1]) for name in marked} == {2, 3}
    assert "Steps 0 to 1 are as they were" in rnn.locator(".rc-result").inner_text()
    rnn.get_by_role("button", name="Undo all changes").press("Enter")
    assert numbers(rnn) == before


def test_the_lstm_follows_its_sliders(lstm):
    slide(lstm, "x", 0)
    slide(lstm, "h", 0)
    slide(lstm, "c", -1.5)
    slide(lstm, "forget bias", -1)
    shown = numbers(lstm)
    kept = -1.5 / (1 + np.exp(1))  # x = h = 0: the gates see their biases, nothing is written
    assert (shown["i"], shown["j"], shown["f"], shown["o"]) == ("0.00", "0.00", "−1.00", "0.00")
    assert shown["new.c"] == f"−{-kept:.2f}"
    assert shown["new.h"] == f"−{-0.5 * np.tanh(kept):.2f}"
    assert f"new memory is {shown['new.c']}" in lstm.get_by_role("img").get_attribute("aria-label")
    assert f"c′ = {shown['new.c']}" in lstm.locator("[aria-live]").inner_text()
    assert "f = 0.00 × (−0.60) + 0.00 × 0.50 + (−1.00) = −1.00" in lstm.locator(".rc-equations").inner_text()


@pytest.mark.parametrize(
    ("pressed", "told"),
    [
        (("Remember everything", "Ignore"), "c′ ≈ c, whatever x is"),
        (("Forget everything", "Ignore"), "c′ ≈ 0"),
        (("Forget everything", "Write"), "c′ ≈ tanh(j)"),
        (("Remember everything", "Write"), "c′ ≈ c + tanh(j)"),
    ],
)
def test_the_lstms_buttons_open_and_shut_its_gates(lstm, pressed, told):
    before = numbers(lstm)
    for words in pressed:
        button = lstm.get_by_role("button", name=words)
        button.press("Enter")
        assert button.get_attribute("aria-pressed") == "true"
    assert told in lstm.locator("[aria-live]").inner_text()
    lstm.get_by_role("button", name="Start again").press("Enter")
    assert numbers(lstm) == before


def test_the_lstms_sliders_answer_to_keys(lstm):
    slider = lstm.get_by_role("slider", name="c", exact=True)
    slider.focus()
    slider.press("End")
    assert numbers(lstm)["c"] == "2.00"
    slider.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") == "1.95"


def test_nothing_moves_by_itself_where_motion_is_reduced(rnn, lstm):
    assert rnn.get_by_role("button", name="Play").count() == 0
    for part in (rnn.locator(".rc-column"), lstm.locator(".rc-conveyor").last):
        assert part.evaluate("(it) => getComputedStyle(it).transitionDuration") == "0s"


def test_play_goes_through_all_steps_and_stops(browser, address):
    with opened(browser, address, width=DESKTOP) as (page, problems):
        rnn = page.locator(".rc-unrolled-rnn")
        rnn.get_by_role("button", name="Play").click()
        assert rnn.get_by_role("button", name="Pause").count() == 1
        page.wait_for_function("() => document.querySelector('.rc-unrolled-rnn output').textContent === '3 of 3'")
        rnn.get_by_role("button", name="Play").wait_for()
    assert problems == []


@SCHEMES
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_the_colours_are_those_of_the_palette(browser, address, scheme, width):
    with opened(browser, address, width=width, scheme=scheme) as (page, problems):
        for name, role in PALETTE.items():
            for figure in FIGURES:
                value = f"(it) => getComputedStyle(it).getPropertyValue('--rc-{name}')"
                assert page.locator(f".{figure}").evaluate(value) == getattr(role, scheme)
        assert page.evaluate(WIDER_THAN_THE_SCREEN) == []
    assert problems == []


@SCHEMES
def test_a_figure_in_use_is_accessible(browser, html, scheme):
    """The page at rest is looked at in test_book_browser.py; here it was used."""
    with on_a_phone(browser, html, scheme=scheme) as page:
        page.locator(".rc-unrolled-rnn .rc-film").press("ArrowRight")
        page.get_by_role("slider", name="x[0] of step 1").press("End")
        page.get_by_role("button", name="Forget everything").click()
        assert violations(page, ".rc-unrolled-rnn", ".rc-lstm-cell") == []


@SCHEMES
def test_without_scripts_the_first_frame_stands_there(browser, address, scheme):
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": PHONE, "height": 900}, color_scheme=scheme
    )
    page = context.new_page()
    page.goto(address)
    frames = page.locator(".rc-first-frame")
    assert frames.count() == len(FIGURES)
    for frame in frames.all():
        assert frame.is_visible()
        assert frame.get_by_role("img").first.bounding_box()["width"] > 250
        assert re.search(r"\d\.\d|\[\d+, \d+\]|\d+ steps", frame.inner_text()), "its numbers or its shapes"
    context.close()


LENGTHS = """(svg) => [...svg.querySelectorAll('path, polyline, rect, circle')].flatMap((node) =>
  ['d', 'points', 'x', 'y', 'width', 'height', 'cx', 'cy', 'r'].flatMap((name) =>
    (node.getAttribute(name) ?? '').match(/-?[\\d.]+(e-?\\d+)?/g) ?? []).map(Number))"""


def test_the_live_figure_begins_as_the_first_frame_and_takes_its_place(browser, address):
    with opened(browser, address, width=DESKTOP) as (page, problems):
        page.wait_for_function(ONLY_THE_LIVE_ONE)
        for name in DRAWN:
            frame = page.locator(f".cell:has(.{name}) .rc-first-frame .rc-drawing")
            live = page.locator(f".{name} .rc-drawing").first
            named = live.evaluate(NUMBERS)
            assert frame.evaluate(NUMBERS) == named
            if not named:  # curves and bars
                lengths = live.evaluate(LENGTHS)
                assert len(lengths) > 100
                assert frame.evaluate(LENGTHS) == pytest.approx(lengths, abs=0.2)
            assert frame.bounding_box() is None
    assert problems == []
