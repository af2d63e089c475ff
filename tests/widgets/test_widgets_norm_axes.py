"""The figure of shared statistics: its arithmetic in node against the package, what it accepts, what it shows first."""

import re

import numpy as np
import pytest
import torch

pytest.importorskip("anywidget")

from rnn_course import BatchNorm, ShapeError, instance_norm, layer_norm
from rnn_course.widgets import NormAxes
from rnn_course.widgets.norm_axes import KINDS, normalised, short, together
from tests.widgets.node import in_node

SHAPES = [(3, 2, 2, 6), (2, 1, 2, 4), (4, 2, 1, 3), (1, 2, 2, 8)]


def cases(rng):
    """Every kind and every number of groups on images of all sizes."""
    for shape in SHAPES:
        for kind in KINDS:
            for groups in (k for k in range(1, shape[3] + 1) if shape[3] % k == 0):
                place = [int(rng.integers(n)) for n in shape]
                x = rng.normal(1, 2, shape).tolist()
                yield {"x": x, "kind": kind, "groups": groups, "place": place}


@pytest.fixture
def x(rng):
    return rng.standard_normal((3, 2, 1, 4))


def test_normalised_numbers_are_those_of_the_package(rng, tmp_path):
    given = list(cases(rng))
    for case, y in zip(given, in_node(NormAxes, tmp_path, given, "normalised(it.x, it.kind, it.groups)"), strict=True):
        expected = normalised(np.array(case["x"]), case["kind"], case["groups"])
        np.testing.assert_allclose(y, expected, rtol=1e-9, atol=1e-9)


def test_python_normalises_as_the_layers_of_the_course(x):
    channels = x.shape[3]
    layers = {
        "batch": lambda v: BatchNorm.init(channels, dtype="float64").forward_training(v)[0],
        "layer": layer_norm(channels, dtype="float64"),
        "instance": instance_norm(channels, dtype="float64"),
    }
    for kind, layer in layers.items():
        np.testing.assert_allclose(normalised(x, kind, 2), layer(x), rtol=1e-12)


def test_what_is_together_is_what_the_mean_is_taken_of(rng, tmp_path):
    """Moving a number moves the answers of its own set and of no other."""
    given = list(cases(rng))
    expression = "together(shapeOf(it.x), it.kind, it.groups, it.place)"
    for case, found in zip(given, in_node(NormAxes, tmp_path, given, expression), strict=True):
        x, place = np.array(case["x"]), tuple(case["place"])
        expected = together(x.shape, case["kind"], case["groups"], place)
        assert {tuple(one) for one in found} == {tuple(int(n) for n in one) for one in np.argwhere(expected)}
        if expected.sum() == 1:
            continue  # a number alone is 0, whatever it is
        moved = x.copy()
        moved[place] += 1.3
        before, after = (normalised(v, case["kind"], case["groups"]) for v in (x, moved))
        changed = ~np.isclose(before, after, rtol=0, atol=1e-12)
        assert not changed[~expected].any()
        assert changed[place]


def test_only_batch_norm_reaches_another_example(rng, tmp_path):
    given = [case for case in cases(rng) if len(case["x"]) > 1]
    expression = """(() => {
      const other = structuredClone(it.x);
      const [n, r, s, c] = it.place;
      other[n][r][s][c] += 1;
      return reached(...[it.x, other].map((x) => normalised(x, it.kind, it.groups)));
    })()"""
    for case, examples in zip(given, in_node(NormAxes, tmp_path, given, expression), strict=True):
        assert len(examples) > 1 if case["kind"] == "batch" else set(examples) <= {case["place"][0]}


def test_the_words_hold(rng, tmp_path):
    given = list(cases(rng))
    words = in_node(NormAxes, tmp_path, given, "told(it.x, it.kind, it.groups, it.place)")
    for case, said in zip(given, words, strict=True):
        x, place = np.array(case["x"]), tuple(case["place"])
        chosen = x[together(x.shape, case["kind"], case["groups"], place)]
        found = re.search(r"with (\d+) others: mean (\S+), variance (\S+)\. Normalized it is (\S+)\.$", said)
        others, *values = (found[k].replace("−", "-") for k in range(1, 5))
        assert int(others) == chosen.size - 1
        y = normalised(x, case["kind"], case["groups"])[place]
        np.testing.assert_allclose([float(v) for v in values], [chosen.mean(), chosen.var(), y], atol=0.0051)


def test_keys_walk_over_pixels_and_channels_and_stop_at_the_edge(tmp_path):
    shape = [3, 2, 2, 6]
    given = [
        ([0, 0, 0, 0], "ArrowRight", [0, 0, 1, 0]),
        ([0, 0, 1, 0], "ArrowRight", [0, 0, 0, 1]),
        ([0, 1, 0, 2], "ArrowDown", [1, 0, 0, 2]),
        ([1, 0, 0, 2], "ArrowUp", [0, 1, 0, 2]),
        ([0, 0, 0, 1], "ArrowLeft", [0, 0, 1, 0]),
        ([0, 0, 0, 0], "ArrowUp", [0, 0, 0, 0]),
        ([2, 1, 1, 5], "ArrowRight", [2, 1, 1, 5]),
        ([2, 1, 1, 5], "Enter", None),
    ]
    results = in_node(NormAxes, tmp_path, given, f"movedTo(it[0], it[1], {shape})")
    assert results == [expected for _, _, expected in given]


def test_numbers_are_written_as_in_python(tmp_path):
    values = [0.0, -0.0, 0.04, -0.04, 0.05, -0.05, 1.25, -1.35, 12.34, -3.96]
    assert in_node(NormAxes, tmp_path, values, "short(it)") == [short(value) for value in values]


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_frame_shows_the_numbers_and_who_is_together(x, kind):
    figure = NormAxes(torch.tensor(x), kind=kind, groups=2, marked="1.1.0.3")
    shown = re.findall(r'class="([^"]*)" data-name="([\d.]+)"><rect[^>]*/><text[^>]*>([^<]+)<', figure.picture)
    assert len(shown) == x.size
    chosen = together(x.shape, kind, 2, (1, 1, 0, 3))
    for classes, name, number in shown:
        place = tuple(map(int, name.split(".")))
        assert number == short(x[place])
        assert ("rc-together" in classes) == chosen[place]
        assert ("rc-marked" in classes) == (name == "1.1.0.3")
    assert f"{chosen.sum()} numbers share a mean" in figure.as_text()
    assert figure.as_text().count("*") == chosen.sum()
    assert repr(figure) == "NormAxes(3 examples, 2 × 1 pixels, 4 channels)"


def test_without_images_it_brings_some_and_always_the_same():
    assert NormAxes().picture == NormAxes().picture
    assert np.shape(NormAxes().x) == (3, 2, 2, 6)


WRONG = [
    (lambda x: (x[0],), {}, ShapeError, r"x: expected \[batch <= 4, .* got \[2, 1, 4\]"),
    (lambda x: (np.repeat(x, 2, 0),), {}, ShapeError, r"got \[6, 2, 1, 4\]: more cannot be read"),
    (lambda x: (x[:0],), {}, ShapeError, "no axis empty"),
    (lambda x: (x * np.nan,), {}, ValueError, "x: expected finite numbers"),
    (lambda x: (x,), {"groups": 3}, ShapeError, r"groups: expected a divisor of the 4 channels \(1, 2, 4\), got 3"),
    (lambda x: (x,), {"kind": "spectral"}, ValueError, "kind: expected one of batch, layer, instance, group"),
    (lambda x: (x,), {"marked": "0.0.0.9"}, ValueError, "marked: expected example.row.column.channel below"),
    (lambda x: (x,), {"marked": "first"}, ValueError, "got 'first'"),
]


@pytest.mark.parametrize(("wrong", "options", "error", "message"), WRONG)
def test_what_cannot_be_shown_is_one_clear_error(x, wrong, options, error, message):
    with pytest.raises(error, match=message):
        NormAxes(*wrong(x), **options)


def test_traits_out_of_range_are_refused(x):
    figure = NormAxes(x)
    with pytest.raises(ValueError, match="marked: expected"):
        figure.marked = "3.0.0.0"
    with pytest.raises(ShapeError, match="groups: expected"):
        figure.groups = 3
