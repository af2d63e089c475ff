"""What the browser tests of the figures share: the page of all figures, and a figure on it, on a phone."""

from contextlib import contextmanager

import pytest

from tests.book.browsing import PHONE, WIDER_THAN_THE_SCREEN, opened

NAME = "book/figures.html"
DRAWN = (
    "rc-dense-layer",
    "rc-descent",
    "rc-convolution",
    "rc-norm-axes",
    "rc-unrolled-rnn",
    "rc-gradient-flow",
    "rc-lstm-cell",
    "rc-gru-cell",
    "rc-dynamic-rnn",
    "rc-deep-lstm",
    "rc-draw-a-digit",
)
FIGURES = ("rc-three-views", *DRAWN)  # the classes of the live ones; all but the first are drawings in SVG
NUMBERS = """(node) => Object.fromEntries(
  [...node.querySelectorAll('[data-name]')].map((one) =>
    [one.dataset.name, (one.querySelector('text') ?? one).textContent]))"""
ONLY_THE_LIVE_ONE = (
    """() => [...document.querySelectorAll('.rc-first-frame')].every((frame) => !frame.getClientRects().length)"""
)


def address_of(html):
    if not (html / NAME).is_file():
        pytest.skip(f"{NAME} was not built")
    return (html / NAME).as_uri()


@contextmanager
def on_a_phone(browser, html, **options):
    """The page on a phone, its motion reduced; nothing may go wrong on it, and nothing may be wider than the screen."""
    options = {"width": PHONE, "reduced_motion": "reduce"} | options
    with opened(browser, address_of(html), **options) as (page, problems):
        page.wait_for_function(ONLY_THE_LIVE_ONE)
        yield page
        assert page.evaluate(WIDER_THAN_THE_SCREEN) == []
    assert problems == []


def numbers(figure):
    """All numbers of the picture, as they are written."""
    return figure.locator(".rc-drawing").first.evaluate(NUMBERS)


def slide(figure, name, value):
    """Move the slider of that name as a hand would."""
    slider = figure.get_by_role("slider", name=name, exact=True)
    slider.evaluate(
        "(it, value) => { it.value = value; it.dispatchEvent(new Event('input', { bubbles: true })); }", value
    )
