"""The figure of dynamic_rnn in the built page: lengths, layout, initial state, padding."""

import pytest

from rnn_course.widgets import DynamicRNNFigure
from rnn_course.widgets.drawing import show
from tests.book.browsing import violations
from tests.book.figures import numbers, on_a_phone, slide


@pytest.fixture
def ragged(browser, html):
    with on_a_phone(browser, html) as page:
        yield page.locator(".rc-dynamic-rnn")


def press(figure, name):
    button = figure.get_by_role("button", name=name, exact=True)
    button.press("Enter")
    assert button.get_attribute("aria-pressed") == "true"


def expected(**traits):
    """The numbers that the package has for the figure with these traits."""
    figure = DynamicRNNFigure()
    for name, value in traits.items():
        setattr(figure, name, value)
    shown, found = figure.look(), {}
    for b, row in enumerate(shown["outputs"]):
        found |= {f"output.{b}.{t}.{k}": show(v) for t, output in enumerate(row) for k, v in enumerate(output)}
        found |= {f"{name}.{b}.{k}": show(v) for name in "hc" for k, v in enumerate(shown[name][b])}
    return found


def of_arrays(figure):
    return {name: text for name, text in numbers(figure).items() if name.split(".")[0] in ("output", "h", "c")}


def test_lengths_and_initial_state_give_what_the_package_gives(ragged):
    assert of_arrays(ragged) == expected()
    for name, length in (("row 0", 2), ("row 1", 0), ("row 2", 5)):
        slide(ragged, name, length)
    press(ragged, "from another state")
    assert of_arrays(ragged) == expected(lengths=[2, 0, 5], from_zero=False)
    assert "differ in rows 0, 1" in ragged.locator(".rc-result").inner_text()
    marks = [numbers(ragged)[f"mark.{b}"] for b in range(3)]
    assert marks == ["≠", "≠", "="]


def test_full_rows_end_in_their_final_state(ragged):
    for row in range(3):
        slide(ragged, f"row {row}", 5)
    assert "equals final_state.h in every row" in ragged.locator(".rc-result").inner_text()


def test_the_padding_counts_for_nothing(ragged):
    before = numbers(ragged)
    press(ragged, "padding all 9")
    assert numbers(ragged) == before
    ragged.locator(".rc-film").press("ArrowDown")
    ragged.locator(".rc-film").press("End")
    said = ragged.locator("[aria-live]").last.inner_text()
    assert "x [9.00, 9.00] is not read. The output is exactly 0." in said
    assert "it still is the state after step 2" in said


def test_time_major_turns_the_axes_and_no_number(ragged):
    before = of_arrays(ragged)
    wide = ragged.locator(".rc-drawing").get_attribute("viewBox").split()
    press(ragged, "time-major")
    assert of_arrays(ragged) == before
    tall = ragged.locator(".rc-drawing").get_attribute("viewBox").split()
    assert float(tall[2]) < float(wide[2])
    assert float(tall[3]) > float(wide[3])
    shapes = ragged.locator(".rc-shapes").inner_text()
    assert "[time=5, batch=3, hidden=4]" in shapes
    assert "[batch=3, hidden=4]" in shapes
    assert "time_major=True" in ragged.locator(".rc-call").inner_text()
    assert "outputs[-1] (dashed)" in ragged.locator(".rc-result").inner_text()


def test_a_block_is_chosen_by_pointer_and_keys(ragged):
    ragged.locator('[data-place="block.1.3"]').click()
    chosen = ragged.locator(".rc-chosen")
    assert chosen.get_attribute("data-place") == "block.1.3"
    film = ragged.locator(".rc-film")
    for key, place in (("ArrowLeft", "1.2"), ("ArrowDown", "2.2"), ("Home", "2.0"), ("ArrowUp", "1.0")):
        film.press(key)
        assert chosen.get_attribute("data-place") == f"block.{place}"
    press(ragged, "time-major")
    film.press("ArrowDown")
    assert chosen.get_attribute("data-place") == "block.1.1"


def test_in_use_it_is_accessible(browser, html):
    for scheme in ("light", "dark"):
        with on_a_phone(browser, html, scheme=scheme) as page:
            ragged = page.locator(".rc-dynamic-rnn")
            slide(ragged, "row 0", 2)
            press(ragged, "time-major")
            assert violations(page, ".rc-dynamic-rnn") == []
