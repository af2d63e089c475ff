"""Draw a digit: strokes, networks and words in node against the package; what the figure accepts."""

import base64

import numpy as np
import pytest

pytest.importorskip("anywidget")

from rnn_course import Conv2D, MaxPool2D, ShapeError, load_digits, softmax, to
from rnn_course.data.centring import like_mnist
from rnn_course.readers import FILE, MODELS, Readers, load_readers, unpacked
from rnn_course.tree import named_leaves
from rnn_course.widgets import DrawADigit
from rnn_course.widgets.draw_a_digit_picture import describe
from rnn_course.widgets.pen import PRESETS, RADIUS, rasterised
from tests.widgets.node import in_node

WEIGHTS = base64.b64encode(FILE.read_bytes()).decode()
TENSORS = f"const tensors = unpack(new Uint8Array(Buffer.from('{WEIGHTS}', 'base64')));"
ALL = f"(() => {{ {TENSORS} return it.map((one) => %s); }})()"


def scribbles(rng, number=25):
    """Strokes of every kind: presets, turned and wobbling; random walks; dots; none at all."""
    yield from PRESETS
    yield from ([], [[]], [[[0.3, 0.7]]], [[[0.5, 0.5], [0.5, 0.5]]], [[[0, 0], [1, 1]], [], [[1, 0]]])
    for _ in range(number):
        preset = PRESETS[rng.integers(10)]
        turn = rng.normal(0, 0.2, (2, 2)) + np.eye(2)
        yield [((np.array(stroke) - 0.5) @ turn * 0.6 + 0.5 + rng.normal(0, 0.01, 2)).tolist() for stroke in preset]
    for _ in range(number):
        yield [np.clip(np.cumsum(rng.normal(0, 0.1, (n, 2)), 0) + 0.5, 0, 1).tolist() for n in rng.integers(1, 9, 3)]


def by_the_package(readers, image):
    logits = {name: getattr(readers, name)(view(image[None])) for name, (_, view) in MODELS.items()}
    return {name: softmax(one)[0] for name, one in logits.items()}


def test_the_ink_is_that_of_python(rng, tmp_path):
    strokes = list(scribbles(rng))
    for drawn, image in zip(strokes, in_node(DrawADigit, tmp_path, strokes, "[...rasterised(it)]"), strict=True):
        np.testing.assert_allclose(np.array(image).reshape(28, 28), rasterised(drawn), rtol=1e-9, atol=1e-9)


def test_the_weights_are_those_of_the_package(tmp_path):
    listed = ALL % "Object.entries(tensors).map(([name, { shape, values }]) => [name, shape, [...values]])"
    (tensors,) = in_node(DrawADigit, tmp_path, [[0]], listed)
    expected = dict(named_leaves(load_readers(dtype="float64")))
    assert {name for name, _, _ in tensors[0]} == set(expected)
    for name, shape, values in tensors[0]:
        assert tuple(shape) == expected[name].shape
        np.testing.assert_array_equal(np.array(values).reshape(shape), expected[name])


def test_all_answers_are_those_of_the_package(rng, tmp_path):
    images = [rasterised(drawn) for drawn in scribbles(rng, 10)]
    images += [*load_digits().test.images[:10].astype(np.float64), rng.random((28, 28))]
    given = [image.ravel().tolist() for image in images]
    (found,) = in_node(DrawADigit, tmp_path, [given], ALL % "answers(tensors, Float64Array.from(one))")
    readers = load_readers(dtype="float64")
    for image, got in zip(images, found, strict=True):
        expected = by_the_package(readers, image)
        for name, shares in expected.items():
            np.testing.assert_allclose(got[name], shares, rtol=1e-6, atol=1e-12)
        assert len(got["beliefs"]) == 28
        for rows in (1, 9, 20, 28):  # the belief after some rows is the answer to these rows alone
            shares = softmax(readers.lstm(image[None, :rows]))[0]
            np.testing.assert_allclose(got["beliefs"][rows - 1], shares, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("size", [(3, 2), (2, 5), (4, 1)])
def test_a_convolution_and_a_pool_of_another_size_agree_too(rng, tmp_path, size):
    x, layer = rng.standard_normal((6, 6, 3)), Conv2D.init(3, 4, size, rng=rng, dtype="float64")
    kernel = {"shape": list(layer.kernel.shape), "values": layer.kernel.ravel().tolist()}
    case = {"x": x.ravel().tolist(), "kernel": kernel, "bias": [0.1, -0.2, 0.3, 0.4]}
    expression = "((y) => [[...y], [...halved(y, 6, 4)]])(convolve(it.x, 6, it.kernel, it.bias))"
    ((filtered, pooled),) = in_node(DrawADigit, tmp_path, [case], expression)
    y = layer._replace(bias=np.array(case["bias"]))(x[None])
    np.testing.assert_allclose(filtered, y.ravel(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(pooled, MaxPool2D()(y).ravel(), rtol=1e-9, atol=1e-12)


def test_the_words_are_those_of_the_first_frame(rng, tmp_path):
    given = [rasterised(drawn).ravel().tolist() for drawn in scribbles(rng, 10)]
    expression = ALL % "((found) => [found, describe(found)])(answers(tensors, Float64Array.from(one)))"
    for found, words in in_node(DrawADigit, tmp_path, [given], expression)[0]:
        beliefs = found.pop("beliefs")
        assert words == describe(found, beliefs)


@pytest.mark.parametrize("digit", range(10))
def test_each_preset_is_read_by_all_three(digit):
    figure = DrawADigit(digit)
    assert {name: int(shares.argmax()) for name, shares in figure.answers.items()} == dict.fromkeys(MODELS, digit)
    assert figure.beliefs[-1] == pytest.approx(figure.answers["lstm"])
    assert f"the LSTM {digit}" in figure.as_text()


def test_a_wobbling_hand_is_read_too(rng):
    """200 presets, turned, stretched, sheared and shaken: no measure of handwriting, but of drawing with a mouse."""
    images, labels = [], []
    for digit, preset in enumerate(PRESETS):
        for _ in range(20):
            angle, shear, (wide, tall) = rng.normal(0, 0.12), rng.normal(0, 0.15), rng.uniform(0.75, 1.25, 2)
            turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            turned = turned @ [[wide, shear], [0, tall]]
            shaken = [
                (np.array(stroke) - 0.5) @ turned.T + np.cumsum(rng.normal(0, 0.008, (len(stroke), 2)), 0)
                for stroke in preset
            ]
            images.append(rasterised(shaken).astype(np.float32))
            labels.append(digit)
    readers = load_readers()
    for name, (_, view) in MODELS.items():
        right = getattr(readers, name)(view(np.stack(images))).argmax(axis=1) == labels
        assert right.mean() >= 0.97, name


def test_a_drawing_is_set_as_mnist_sets_it(rng):
    for drawn in scribbles(rng):
        ink = rasterised(drawn)
        if not any(len(stroke) for stroke in drawn):
            assert not ink.any()
            continue
        rows, columns = (np.flatnonzero(ink.sum(axis=axis)) for axis in (1, 0))
        assert max(np.ptp(rows), np.ptp(columns)) + 1 <= 22, "20 pixels, and a soft edge of half a pixel on each side"
        middle = np.arange(28) + 0.5
        centre = ink.sum(axis=0) @ middle / ink.sum(), ink.sum(axis=1) @ middle / ink.sum()
        assert centre == pytest.approx((14, 14), abs=0.2)


def test_where_and_how_large_one_draws_does_not_matter(rng):
    for drawn in PRESETS:
        moved = [(np.array(stroke) * 0.4 + rng.uniform(0.1, 0.5, 2)).tolist() for stroke in drawn[:1]]
        np.testing.assert_allclose(rasterised(moved), rasterised(drawn[:1]), atol=1e-6)
    dot = rasterised([[[0.2, 0.9]]])
    assert dot.sum() == pytest.approx(np.pi * (RADIUS + 0.5) ** 3 / 3 - np.pi * (RADIUS - 0.5) ** 3 / 3, rel=0.1)


def test_like_mnist_sets_pixels_in_the_same_way():
    middle = np.arange(28) + 0.5
    for preset in PRESETS:
        image = rasterised(preset)
        wide = np.kron(image, np.ones((3, 3)))
        found = like_mnist(wide)
        assert found.shape == (28, 28)
        centre = found.sum(axis=0) @ middle / found.sum(), found.sum(axis=1) @ middle / found.sum()
        assert centre == pytest.approx((14, 14), abs=0.51), "moved by whole pixels"
        assert np.corrcoef(found.ravel(), image.ravel())[0, 1] > 0.75
        for moved in (np.pad(wide, ((40, 3), (9, 50))), to(np.pad(wide, 7), "torch")):
            np.testing.assert_array_equal(like_mnist(moved), found, "where it was drawn does not matter")
    assert not like_mnist(np.zeros((5, 4))).any()
    assert like_mnist(np.ones((40, 8))).sum() == pytest.approx(20 * 4)
    with pytest.raises(ShapeError, match=r"image: expected one grey image, \[rows, columns\], got \[1, 2, 3\]"):
        like_mnist(np.zeros((1, 2, 3)))
    with pytest.raises(ValueError, match="expected values from 0 to 1"):
        like_mnist(np.full((3, 3), 255.0))


def test_keys_draw(tmp_path):
    presses = ["ArrowRight", " ", "ArrowDown", "ArrowDown", " ", "ArrowLeft", " ", "ArrowUp"]
    presses += ["Backspace", "x", "7", "Delete"]
    expression = f"""(() => {{
      let now = {{ pen: {{ at: [0.5, 0.98], down: false }}, strokes: [] }};
      return {presses}.map((key) => {{
        const next = keyed(now, key, it);
        now = next ?? now;
        return next && [next.pen.at, next.pen.down, next.strokes.map((stroke) => stroke.length)];
      }});
    }})()"""
    (steps,) = in_node(DrawADigit, tmp_path, [PRESETS], expression)
    assert steps == [
        [[0.55, 0.98], False, []],
        [[0.55, 0.98], True, [1]],
        [[0.55, 1], True, [2]],
        [[0.55, 1], True, [2]],
        [[0.55, 1], False, [2]],
        [[0.5, 1], False, [2]],
        [[0.5, 1], True, [2, 1]],
        [[0.5, 0.95], True, [2, 2]],
        [[0.5, 0.95], False, [2]],
        None,
        [[0.5, 0.95], False, [len(stroke) for stroke in PRESETS[7]]],
        [[0.5, 0.95], False, []],
    ]


def test_readers_of_ones_own_travel_as_bytes(rng):
    mine = Readers(**{name: make(rng) for name, (make, _) in MODELS.items()})
    figure = DrawADigit(5, mine)
    expected = by_the_package(unpacked(figure.weights, "float64"), figure.image)
    for name, shares in figure.answers.items():
        np.testing.assert_allclose(shares, expected[name], rtol=1e-12)
    torch_too = DrawADigit(5, to(mine, "torch"))
    assert torch_too.weights == figure.weights


def test_a_reader_who_has_a_kernel_gets_what_was_drawn():
    figure = DrawADigit(1)
    figure.strokes = PRESETS[7]
    assert figure.answers["cnn"].argmax() == 7
    for name, value in (("strokes", [[[0.5, 1.5]]]), ("read", 0), ("read", 29)):
        with pytest.raises(ValueError, match="expected"):
            setattr(figure, name, value)


def test_the_state_is_small_and_the_same_every_time():
    first, second = ({**DrawADigit().get_state(), "layout": None} for _ in range(2))
    assert first == second
    assert len(first.pop("weights")) < 100_000
    assert sum(len(str(value)) for value in first.values()) < 60_000


LSTM_ONLY = load_readers().lstm
WRONG = [
    ((10,), ValueError, "digit: expected a number from 0 to 9, or strokes, got 10"),
    (("three",), ValueError, "or strokes: lists of points"),
    (([[[0.1, 0.2, 0.3]]],), ValueError, "or strokes: lists of points"),
    (([[[0.1, 1.2]]],), ValueError, "expected points from 0 to 1"),
    (([[[0.1, np.nan]]],), ValueError, "expected points from 0 to 1"),
    ((np.zeros((1, 4001, 2)),), ValueError, "at most 4000 points, got 4001"),
    ((1, LSTM_ONLY), TypeError, "expected Readers"),
    ((1, Readers(LSTM_ONLY, LSTM_ONLY, LSTM_ONLY)), TypeError, "the networks that MODELS"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "error", "message"), WRONG)
def test_what_cannot_be_drawn_is_one_clear_error(arguments, error, message):
    with pytest.raises(error, match=message):
        DrawADigit(*arguments)


def test_weights_of_another_shape_are_a_shape_error(rng):
    readers = load_readers()
    small = readers._replace(lstm=MODELS["lstm"][0](rng)._replace(readout=readers.nn.layers[1]))
    with pytest.raises(ShapeError, match=r"readers\.lstm\.readout\.kernel"):
        DrawADigit(1, small)
