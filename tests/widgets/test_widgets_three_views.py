"""ThreeViews on the Python side: what it accepts, what it stores, what it says."""

import re
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("anywidget")

from rnn_course.shapes import ShapeError
from rnn_course.widgets import ThreeViews


@pytest.fixture
def images(rng):
    """Three pictures that are not square, as floats that are whole bytes."""
    return rng.integers(0, 256, (3, 4, 5)).astype(np.float32) / 255


def test_the_state_holds_the_pixels_as_bytes(images):
    widget = ThreeViews(images, [7, 0, 7])
    state = widget.get_state()
    assert np.array_equal(np.frombuffer(state["pixels"], np.uint8).reshape(3, 4, 5), np.rint(images * 255))
    assert (state["labels"], state["height"], state["width"]) == ([7, 0, 7], 4, 5)
    assert (state["digit"], state["pixel"], state["steps_read"]) == (0, 2 * 5 + 2, 3)


def test_the_state_carries_script_and_style(images):
    state = ThreeViews(images).get_state()
    assert "export default { render }" in state["_esm"]
    assert ".rc-three-views" in state["_css"]


def test_the_stored_state_is_small_and_the_same_every_time():
    digits = np.linspace(0, 1, 5 * 784).reshape(5, 784)
    first, second = ({**ThreeViews(digits, range(5)).get_state(), "layout": None} for _ in range(2))
    assert first == second
    assert sum(len(value) for value in first.values() if isinstance(value, str | bytes)) < 50_000


def test_the_first_frame_shows_every_inked_pixel_in_each_view(monkeypatch):
    image = np.zeros((1, 4, 5))
    image[0, 1, 2:4] = image[0, 3, 4] = 1
    figure = ThreeViews(image, pixel=7, steps_read=2)
    outputs = []
    monkeypatch.setattr("IPython.display.display", lambda data, **options: outputs.append(data))
    figure._ipython_display_()
    html = outputs[0]["text/html"]
    assert html.count('class="rc-dark-cells"') == 4, "a shade for two views, two for the one with a row to come"
    assert sum(len(re.findall("M", way)) for way in re.findall(r'd="([^"]*)" class="rc-dark-cells"', html)) == 3 * 3
    assert "vector[7] = image[1, 2, 0] = sequence[1, 2] = 1.00" in html
    assert figure.as_text().splitlines()[:4] == ["", "  ##", "", "    #"]
    assert "<script" not in html


def test_the_text_form_has_no_address(images):
    widget = ThreeViews(images)
    bundle, _ = widget._repr_mimebundle_()
    assert bundle["text/plain"] == repr(widget) == "ThreeViews(3 digits)"


@pytest.mark.parametrize("form", ["batch height width", "one channel", "bytes", "torch", "vectors"])
def test_every_view_of_a_batch_is_accepted(rng, form):
    grey = rng.integers(0, 256, (2, 6, 6), dtype=np.uint8)
    images = grey.astype(np.float64) / 255
    if form == "torch":
        images = pytest.importorskip("torch").tensor(images)
    accepted = {"one channel": images[..., None], "bytes": grey, "vectors": images.reshape(2, 36)}
    assert ThreeViews(accepted.get(form, images)).pixels == grey.tobytes()


@pytest.mark.parametrize(
    ("shape", "received"),
    [((3, 5), "[3, 5]"), ((4,), "[4]"), ((2, 3, 4, 2), "[2, 3, 4, 2]"), ((0, 4, 4), "[0, 4, 4]")],
)
def test_another_shape_is_a_shape_error(shape, received):
    with pytest.raises(ShapeError, match=r"images: expected .*, got ") as raised:
        ThreeViews(np.zeros(shape))
    assert received in str(raised.value)


@pytest.mark.parametrize("value", [-0.1, 1.5, np.nan, np.inf])
def test_values_outside_0_to_1_are_an_error(images, value):
    images[1, 2, 3] = value
    with pytest.raises(ValueError, match="expected values from 0 to 1"):
        ThreeViews(images)


def test_too_many_images_are_an_error():
    with pytest.raises(ValueError, match="at most 32, got 33: pass a slice"):
        ThreeViews(np.zeros((33, 2, 3)))


def test_labels_must_match_the_images(images):
    with pytest.raises(ShapeError, match="one label for each of the 3 images, got 2"):
        ThreeViews(images, [1, 2])


@pytest.mark.parametrize(("name", "value"), [("digit", 3), ("pixel", 20), ("steps_read", 5), ("pixel", -1)])
def test_a_number_out_of_range_is_an_error(images, name, value):
    with pytest.raises(ValueError, match=f"{name}: expected a number from 0 to"):
        ThreeViews(images, **{name: value})
    widget = ThreeViews(images)
    with pytest.raises(ValueError, match=f"{name}: expected a number from 0 to"):
        setattr(widget, name, value)


def test_the_images_are_left_alone(images):
    before = images.copy()
    ThreeViews(images)
    assert np.array_equal(images, before)


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


def test_without_anywidget_one_message_says_what_to_do():
    done = run("import sys; sys.modules['anywidget'] = None; import rnn_course.widgets")
    assert done.returncode == 1
    assert "rnn_course.widgets needs anywidget" in done.stderr
    assert 'pip install "rnn-course[viz]"' in done.stderr
    assert "During handling" not in done.stderr


def test_the_package_does_not_import_its_widgets():
    assert run("import sys, rnn_course; sys.exit('anywidget' in sys.modules)").returncode == 0
