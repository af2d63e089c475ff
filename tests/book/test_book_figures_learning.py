"""Dense layer, descent, norms and the gradient's way back in the built page: keys, pointer, numbers of the package."""

import pytest

from rnn_course.widgets import DescentFigure, GradientFlow
from tests.book.browsing import violations
from tests.book.figures import numbers, on_a_phone, slide

NAMES = (".rc-dense-layer", ".rc-descent", ".rc-norm-axes", ".rc-gradient-flow")


@pytest.fixture
def page(browser, html):
    with on_a_phone(browser, html) as page:
        yield page


@pytest.fixture
def dense(page):
    return page.locator(".rc-dense-layer")


@pytest.fixture
def descent(page):
    return page.locator(".rc-descent")


@pytest.fixture
def norms(page):
    return page.locator(".rc-norm-axes")


@pytest.fixture
def gradient(page):
    return page.locator(".rc-gradient-flow")


def told(figure):
    return figure.locator("[aria-live]").first.inner_text()


def marked(figure):
    return figure.locator(".rc-marked").get_attribute("data-name")


def heights(figure, kind):
    """The heights of the bars, as they are drawn."""
    return [
        float(one) for one in figure.locator(kind).evaluate_all("(all) => all.map((it) => it.getAttribute('height'))")
    ]


def test_a_number_of_the_dense_layer_is_chosen_by_keys_and_by_pointer(dense):
    film = dense.locator(".rc-film")
    film.press("Home")
    first = marked(dense)
    film.press("ArrowRight")
    assert marked(dense) != first
    dense.locator("[data-name='kernel.2.1']").click()
    assert marked(dense) == "kernel.2.1"
    assert dense.get_by_role("slider").is_enabled()
    dense.locator("[data-name='y.1.3']").click()
    assert dense.get_by_role("slider").is_disabled(), "what was computed cannot be chosen freely"


def test_an_input_of_the_dense_layer_reaches_its_own_row(dense):
    before = numbers(dense)
    dense.locator("[data-name='x.0.1']").click()
    dense.get_by_role("slider").press("End")
    after = numbers(dense)
    changed = {name for name in after if after[name] != before[name]}
    assert changed
    assert {name for name in changed if name.startswith("y.")} == {f"y.0.{unit}" for unit in range(4)}
    assert not {name for name in changed if name.startswith(("x.1.", "y.1.", "p.1."))}
    dense.get_by_role("button", name="Undo all changes").press("Enter")
    assert numbers(dense) == before


def test_the_descent_answers_to_keys_and_says_what_the_package_says(descent):
    steps = descent.get_by_role("slider", name="Steps", exact=True)
    steps.press("Home")
    assert told(descent).startswith("After 0 steps")
    steps.press("End")
    far = DescentFigure(steps=60).as_text().rpartition("Adam is ")[2].split(" from")[0]
    assert f"Adam {far} from the bottom" in told(descent)
    descent.get_by_role("button", name="Just too large").press("Enter")
    assert "out of the bowl" in told(descent) or "plain" in told(descent).lower()
    assert descent.get_by_role("button", name="Play").count() == 0, "motion is reduced"


def test_which_numbers_share_a_mean(norms):
    together = {"batch norm": 3 * 4, "layer norm": 4 * 6, "instance norm": 4, "group norm": 4 * 3}
    for name, count in together.items():
        norms.get_by_role("button", name=name, exact=True).press("Enter")
        assert norms.locator(".rc-together").count() == count, name


def test_only_batch_norm_reaches_another_example(norms):
    norms.locator(".rc-film").press("ArrowRight")
    for name, seen in (("layer norm", "of no other"), ("batch norm", "examples see each other")):
        norms.get_by_role("button", name=name, exact=True).press("Enter")
        norms.get_by_role("slider").press("End")
        assert seen in norms.locator(".rc-result").inner_text()
    norms.get_by_role("button", name="Undo all changes").press("Enter")
    assert norms.get_by_role("button", name="Undo all changes").is_disabled()


def test_the_gradient_follows_its_sliders(gradient):
    for radius, seen in ((0.3, "has vanished"), (2.0, "has exploded")):
        gradient.get_by_role("button", name="without", exact=True).press("Enter")
        slide(gradient, "Spectral radius", radius)
        assert seen in told(gradient)
        assert told(gradient) == GradientFlow(radius=radius, tanh=False).first_frame().partition("</p>")[0][3:]
    before = heights(gradient, ".rc-bar")
    gradient.get_by_role("slider", name="Spectral radius").press("Home")
    assert heights(gradient, ".rc-bar") != before


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_in_use_they_are_accessible(browser, html, scheme):
    with on_a_phone(browser, html, scheme=scheme) as page:
        page.locator(".rc-dense-layer .rc-film").press("ArrowRight")
        page.locator(".rc-norm-axes .rc-film").press("ArrowRight")
        page.get_by_role("button", name="Just too large").press("Enter")
        page.get_by_role("button", name="orthogonal", exact=True).press("Enter")
        assert violations(page, *NAMES) == []
