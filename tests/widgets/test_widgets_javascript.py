"""The arithmetic of ThreeViews in the browser's language, run in node and compared with NumPy's."""

import json
import subprocess

import numpy as np
import pytest

pytest.importorskip("anywidget")

from rnn_course.widgets import ThreeViews
from rnn_course.widgets.three_views_picture import describe, layouts
from tests.widgets.node import in_node, node_program

SIZES = [(28, 28), (8, 8), (5, 7), (1, 1), (128, 128)]

PROGRAM = """
import { vectorIndex, rowAndColumn, layouts, place, find, moved, describe } from "./three_views.mjs";
const report = [];
for (const [height, width] of %s) {
  const pixels = [...Array(height * width).keys()];
  const all = layouts(height, width);
  const found = {}, reach = {}, outside = {};
  for (const [view, layout] of Object.entries(all)) {
    const boxes = pixels.map((pixel) => place(layout, pixel));
    found[view] = boxes.map((box) => find(layout, box.x + box.width / 2, box.y + box.height / 2, pixels.length));
    const right = boxes.map((box) => box.x + box.width);
    const bottom = boxes.map((box) => box.y + box.height);
    reach[view] = [Math.max(...right), Math.max(...bottom)];
    const beside = [[-1, 0], [0, -1], [1e4, 0], [0, 1e4]];
    outside[view] = beside.map(([x, y]) => find(layout, x, y, pixels.length));
  }
  report.push({
    index: pixels.map((pixel) => vectorIndex(rowAndColumn(pixel, width).row, rowAndColumn(pixel, width).column, width)),
    rows: pixels.map((pixel) => rowAndColumn(pixel, width).row),
    columns: pixels.map((pixel) => rowAndColumn(pixel, width).column),
    found, reach, outside,
  });
}
const keys = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "x"];
const moves = {};
for (const view of ["vector", "image", "sequence"])
  moves[view] = [0, 13, 34].map((pixel) => keys.map((key) => moved(pixel, key, view, 5, 7)));
console.log(JSON.stringify({ report, moves, words: describe(13, 51, 7, 1), read: describe(13, 51, 7, 2).read }));
"""


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("node")
    (folder / "three_views.mjs").write_text(ThreeViews._esm, "utf8")
    (folder / "program.mjs").write_text(PROGRAM % json.dumps(SIZES), "utf8")
    done = subprocess.run([node_program(), "program.mjs"], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(params=range(len(SIZES)), ids=lambda number: "x".join(map(str, SIZES[number])))
def case(request, computed):
    return SIZES[request.param], computed["report"][request.param]


def test_indices_are_those_of_a_reshape(case):
    (height, width), report = case
    rows, columns = np.indices((height, width)).reshape(2, -1)
    assert report["rows"] == rows.tolist()
    assert report["columns"] == columns.tolist()
    assert report["index"] == np.arange(height * width).tolist()


@pytest.mark.parametrize("view", ["vector", "image", "sequence"])
def test_a_pixel_is_found_where_it_is_drawn(case, view):
    (height, width), report = case
    assert report["found"][view] == list(range(height * width))
    assert report["outside"][view] == [None] * 4
    assert max(report["reach"][view]) <= 588


def test_keys_move_within_the_view(computed):
    # a picture of 5 rows and 7 columns; from pixels [0, 0], [1, 6] and [4, 6]
    in_a_row = [[0, 7, 0, 1, 0, 6, None], [6, 20, 12, 13, 7, 13, None], [27, 34, 33, 34, 28, 34, None]]
    assert computed["moves"]["image"] == computed["moves"]["sequence"] == in_a_row
    along = [[0, 7, 0, 1, 0, 34, None], [6, 20, 12, 14, 0, 34, None], [27, 34, 33, 34, 0, 34, None]]
    assert computed["moves"]["vector"] == along


def test_the_words_name_the_pixel_in_all_views(computed):
    words = computed["words"]
    assert words["names"] == ["vector[13]", "image[1, 6, 0]", "sequence[1, 6]"]
    assert (words["value"], words["sum"]) == ("0.20", "1 × 7 + 6 = 13")
    assert words["read"] == "The RNN will read it at step 1."
    assert computed["read"] == "The RNN read it at step 1."


def test_the_first_frame_is_laid_out_as_the_live_figure(tmp_path):
    expression = "Object.entries(layouts(...it)).map(([name, layout]) => [name, Object.values(layout)])"
    found = in_node(ThreeViews, tmp_path, SIZES, expression)
    for size, views in zip(SIZES, found, strict=True):
        assert {name: tuple(layout) for name, layout in views} == layouts(*size)


def test_the_first_frame_says_what_the_live_figure_says(rng, tmp_path):
    grey = rng.integers(0, 256, (5, 7), dtype=np.uint8)
    given = [[pixel, int(grey.flat[pixel]), read] for pixel in (0, 13, 34) for read in (0, 2, 5)]
    found = in_node(ThreeViews, tmp_path, given, "describe(it[0], it[1], 7, it[2])")
    for case, words in zip(given, found, strict=True):
        said = f"{' = '.join(words['names'])} = {words['value']}. The same pixel: {words['sum']}. {words['read']}"
        assert said == describe(grey, case[0], case[2])
