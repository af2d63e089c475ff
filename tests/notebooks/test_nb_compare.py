"""Two notebooks differ if a reader could see it: in text, in widgets, in what a picture shows."""

import base64
import copy
import io

import matplotlib
import nbformat
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tools.nb_compare import LOCAL, OVERALL, decode, differences, picture_difference, picture_distance
from tools.nb_normalise import WIDGET_STATE

TIME = np.linspace(0, 6, 200)


def draw(values, *, size=(6.4, 4.8), **options):
    """A figure of one curve, as base64, the way a notebook stores it."""
    with matplotlib.rc_context(matplotlib.rcParamsDefault):
        figure = Figure(figsize=size)
        axes = figure.subplots()
        axes.plot(TIME, values, **options)
        axes.set(ylim=(-1.5, 1.5), xlabel="time")
    file = io.BytesIO()
    FigureCanvasAgg(figure).print_png(file)
    return base64.b64encode(file.getvalue()).decode()


CURVE = draw(np.sin(TIME))


def make_notebook(source="x", text="1", picture=CURVE, slider=3, html="", tags=()):
    outputs = [
        nbformat.v4.new_output("stream", text=text),
        nbformat.v4.new_output("display_data", {"image/png": picture, "text/html": html}),
    ]
    cell = nbformat.v4.new_code_cell(
        source, execution_count=1, outputs=outputs, id="c000", metadata={"tags": list(tags)}
    )
    state = {"0": {"model_name": "IntSliderModel", "state": {"value": slider}}}
    metadata = nbformat.from_dict({"widgets": {WIDGET_STATE: {"state": state}}})
    return nbformat.v4.new_notebook(cells=[cell], metadata=metadata)


def compare(fresh, stored=None, rules=()):
    return list(differences(stored or make_notebook(), fresh, list(rules)))


def test_a_shift_below_a_tenth_of_a_pixel_is_rounding():
    pixel = 3 / 370  # the axes are 370 pixels high
    fresh = draw(np.sin(TIME) + pixel / 10)
    assert fresh != CURVE
    assert not compare(make_notebook(picture=fresh))


def test_edges_that_flip_by_chance_are_rounding():
    stored = decode(CURVE)
    rng = np.random.default_rng(0)
    edges = (stored > 0.02) & (stored < 0.98)
    noise = edges * rng.uniform(-0.1, 0.1, stored.shape)
    local, overall = picture_distance(stored, np.clip(stored + noise, 0, 1))
    assert 0 < local < LOCAL
    assert 0 < overall < OVERALL / 4
    one = stored.copy()
    one[200, 300] = 1 - one[200, 300]
    assert picture_difference(stored, one) is None


@pytest.mark.parametrize(
    "fresh",
    [
        draw(np.sin(TIME) + 0.02),  # two and a half pixels
        draw(np.sin(1.02 * TIME)),
        draw(np.sin(TIME), color="tab:red"),
        draw(np.where(TIME < 3, np.sin(TIME), np.nan)),
    ],
    ids=["shifted", "faster", "red", "half"],
)
def test_another_curve_is_a_difference(fresh):
    [found] = compare(make_notebook(picture=fresh))
    assert "cell 1, outputs 2, data, image/png: the picture differs" in found


def test_a_faint_change_everywhere_is_a_difference():
    stored = np.full((100, 100, 3), 0.5)
    assert "differs" in picture_difference(stored, stored + 0.01)


def test_the_size_of_a_picture_counts():
    [found] = compare(make_notebook(picture=draw(np.sin(TIME), size=(6.4, 4.7))))
    assert "640×470 now, stored 640×480" in found
    assert "damaged" in compare(make_notebook(picture="iVBORw0KGgoAAAA="))[0]


def test_pictures_inside_html_are_compared_as_pictures():
    frames = 'frames[0] = "data:image/png;base64,{}"\n'
    stored = make_notebook(html=frames.format(CURVE))
    near, far = draw(np.sin(TIME) + 1e-4), draw(np.cos(TIME))
    assert not compare(make_notebook(html=frames.format(near)), stored)
    assert "picture differs" in compare(make_notebook(html=frames.format(far)), stored)[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": "2"}, "cell 1, outputs 1, text: the text differs\n    --- stored\n    +++ fresh run\n"),
        ({"slider": 4}, f"metadata, widgets, {WIDGET_STATE}, state, 0, state, value: stored 3, a fresh run gives 4"),
        ({"html": "<b>new</b>"}, "text/html: the text differs"),
        ({"tags": ["hide-input"]}, "cell 1, metadata, tags: 0 stored, 1 in a fresh run"),
        ({"source": "x = 1"}, "stale: its source has changed since it was run"),
    ],
)
def test_any_other_change_is_a_difference_and_says_where(change, message):
    [found] = compare(make_notebook(**change))
    assert message in found


def test_cleared_outputs_are_a_difference():
    stored = make_notebook()
    stored.cells[0].outputs = []
    assert compare(make_notebook(), stored) == ["cell 1, outputs: 0 stored, 2 in a fresh run"]


def test_equal_notebooks_do_not_differ():
    notebook = make_notebook()
    assert not compare(copy.deepcopy(notebook), notebook)


def test_what_is_sanitised_or_varies_by_nature_is_not_compared():
    assert not compare(make_notebook(text="loss 0.12"), make_notebook(text="loss 0.13"), [(r"loss \S+", "loss")])
    timed = {"tags": ["reason:varies with the time"]}
    near = {"picture": draw(np.cos(TIME)), **timed}
    assert not compare(make_notebook(text="1 ms", **near), make_notebook(text="2 ms", **timed))
    assert compare(make_notebook(text="1", tags=["reason:widget"]), make_notebook(text="2", tags=["reason:widget"]))


TRAINED = {"tags": ["reason:varies between processors because training amplifies rounding"]}


def test_what_varies_between_processors_is_compared_roughly():
    stored = make_notebook(**TRAINED)
    alike = make_notebook(picture=draw(np.sin(TIME) + 0.05), **TRAINED)
    assert not compare(alike, stored)
    alike.cells[0].metadata.tags = []
    plain = make_notebook()
    assert compare(alike, plain)
    [found] = compare(make_notebook(picture=draw(np.sin(TIME), size=(6.4, 4.7)), **TRAINED), stored)
    assert "640×470 now" in found
    thick, nothing = (draw(values, linewidth=9) for values in (np.sin(TIME), np.full_like(TIME, np.nan)))
    for other in (nothing, draw(-np.sin(TIME), linewidth=9)):
        [found] = compare(make_notebook(picture=other, **TRAINED), make_notebook(picture=thick, **TRAINED))
        assert "the picture differs" in found
    fresh = make_notebook(**TRAINED)
    del fresh.cells[0].outputs[0]
    [found] = compare(fresh, stored)
    assert "cell 1, outputs: stored [('stream',), ('display_data', 'image/png', 'text/html')]" in found


def test_a_late_difference_of_long_lines_is_shown():
    [found] = compare(
        make_notebook(html="<p>" + "x" * 200 + "new</p>"), make_notebook(html="<p>" + "x" * 200 + "old</p>")
    )
    assert "-…" in found
    assert "old</p>" in found
    assert "new</p>" in found
