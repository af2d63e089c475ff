"""The figure of a convolution in the built page: keys, pointer, padding, stride, kernels."""

import numpy as np
import pytest

from rnn_course import load_digits
from rnn_course.widgets.convolution import BY_HAND, EXAMPLE, convolved
from rnn_course.widgets.drawing import show
from tests.book.browsing import violations
from tests.book.figures import numbers, on_a_phone, slide

IMAGE = load_digits(8).test.images[EXAMPLE].astype(float)


@pytest.fixture
def convolution(browser, html):
    with on_a_phone(browser, html) as page:
        yield page.locator(".rc-convolution")


def told(figure):
    return figure.locator("[aria-live].rc-told").inner_text()


def output(figure, **options):
    """What the package makes of the image shown."""
    settings = {"kernel": BY_HAND["identity"], "bias": 0.0, "padding": "SAME", "stride": 1} | options
    return convolved(IMAGE, np.array(settings.pop("kernel"), float), *settings.values())


def test_it_moves_by_keys(convolution):
    film = convolution.locator(".rc-film")
    film.focus()
    way = {"ArrowRight": (0, 1), "ArrowDown": (1, 1), "End": (7, 7), "ArrowUp": (6, 7), "Home": (0, 0)}
    for key, place in way.items():
        film.press(key)
        assert f"output[{place[0]}, {place[1]}] = {show(IMAGE[place])}" in told(convolution)
    assert "5 of them padding" in told(convolution)
    assert convolution.locator(".rc-drawing").get_attribute("aria-label") == told(convolution)


def test_it_moves_by_pointer(convolution):
    for part, place in ((".rc-made", "4 3"), (".rc-pixel", "5 2")):
        convolution.locator(f'{part}[data-at="{place}"] rect').first.click(force=True)
        row, column = place.split()
        assert f"output[{row}, {column}] = " in told(convolution)
    convolution.locator('.rc-made[data-at="6 6"] rect').first.hover(force=True)
    assert "output[6, 6] = " in told(convolution)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_padding_and_stride_give_the_outputs_of_the_package(convolution, padding, stride):
    convolution.get_by_role("button", name="blur", exact=True).press("Enter")
    convolution.locator(".rc-film").press("End")
    convolution.get_by_role("button", name=padding, exact=True).press("Enter")
    convolution.get_by_role("button", name=str(stride), exact=True).press("Enter")
    y = output(convolution, kernel=BY_HAND["blur"], padding=padding, stride=stride)
    rows, columns = y.shape
    assert convolution.locator(".rc-made[visibility=visible]").count() == rows * columns
    assert f"[1, 8, 8, 1] → [1, {rows}, {columns}, 1]" in convolution.locator(".rc-shapes").inner_text()
    convolution.locator(".rc-film").press("End")
    assert numbers(convolution)["y"] == show(y[-1, -1])
    shown = convolution.locator(".rc-pixel.rc-padding[visibility=visible]").count()
    zeros = {("SAME", 1): 36, ("SAME", 2): 17, ("SAME", 3): 17}.get((padding, stride), 0)
    assert shown == zeros, "of an odd number of zeros, one more goes after"


def test_the_layer_adds_up(convolution):
    convolution.get_by_role("button", name="edges", exact=True).click()
    slide(convolution, "bias", 0.5)
    convolution.locator('.rc-made[data-at="3 2"] rect').first.click(force=True)
    shown = numbers(convolution)
    window, kernel = IMAGE[2:5, 1:4], np.array(BY_HAND["edges"], float)
    for (r, c), value in np.ndenumerate(window):
        assert shown[f"window.{r}.{c}"] == show(value)
        assert shown[f"kernel.{r}.{c}"] == show(kernel[r, c])
        assert shown[f"product.{r}.{c}"] == show(value * kernel[r, c])
    total = (window * kernel).sum()
    assert (shown["sum"], shown["bias"], shown["y"]) == (show(total), "0.50", show(total + 0.5))


def test_a_kernel_can_be_typed(convolution):
    typed = [one.input_value() for one in convolution.get_by_role("spinbutton").all()]
    assert typed == ["0"] * 4 + ["1"] + ["0"] * 4, "the identity"
    convolution.get_by_role("spinbutton", name="kernel[0, 2]").fill("-2.5")
    assert numbers(convolution)["kernel.0.2"] == "−2.50"
    assert convolution.get_by_role("button", name="identity", exact=True).get_attribute("aria-pressed") == "false"
    convolution.get_by_role("button", name="learned", exact=True).click()
    assert convolution.get_by_role("spinbutton", name="kernel[0, 2]").input_value() == "-0.99"


def test_it_does_not_move_by_itself_where_motion_is_reduced(convolution):
    assert convolution.get_by_role("button", name="Slide").count() == 0


def test_in_use_it_is_accessible(browser, html):
    for scheme in ("light", "dark"):
        with on_a_phone(browser, html, scheme=scheme) as page:
            convolution = page.locator(".rc-convolution")
            convolution.get_by_role("button", name="2", exact=True).click()
            convolution.get_by_role("button", name="edges", exact=True).click()
            assert violations(page, ".rc-convolution") == []
