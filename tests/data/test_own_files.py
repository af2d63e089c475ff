"""Data of one's own: folders of IDX files, tables of numbers, and one clear error for each way to be bad."""

import re

import numpy as np
import pytest

from rnn_course.data import DataError, write_idx
from rnn_course.data.mnist import FILES
from rnn_course.data.own_files import load_csv, load_idx_folder
from rnn_course.data.sources import load_data

NAMES = list(FILES)


@pytest.fixture
def content(rng):
    """Images of 5 × 4 pixels in seven and three examples, of three classes."""
    return [
        rng.integers(0, 256, (7, 5, 4), dtype=np.uint8),
        np.array([0, 1, 2, 0, 1, 2, 2], np.uint8),
        rng.integers(0, 256, (3, 5, 4), dtype=np.uint8),
        np.array([2, 0, 1], np.uint8),
    ]


@pytest.fixture
def folder(tmp_path, content):
    folder = tmp_path / "letters"
    folder.mkdir()
    for name, array in zip(NAMES, content, strict=True):
        write_idx(folder / name, array)
    return folder


def test_a_folder_laid_out_as_mnist_is_read(folder, content):
    data = load_data(str(folder), classes=3)
    assert data.name == "letters"
    np.testing.assert_allclose(data.train.images, content[0] / 255, rtol=1e-6)
    np.testing.assert_array_equal(data.train.labels, content[1])
    np.testing.assert_array_equal(data.test.labels, content[3])
    assert (data.test.images.dtype, data.test.labels.dtype, data.test.images.shape) == ("float32", "int64", (3, 5, 4))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / NAMES[2]).unlink(), "missing: t10k-images-idx3-ubyte.gz. Put them there"),
        (lambda f: (f / NAMES[0]).write_bytes((f / NAMES[1]).read_bytes()), "expected rank 3, got rank 1"),
        (lambda f: (f / NAMES[0]).write_bytes(b"\x1f\x8b no gzip"), "expected a sound gzip stream"),
        (lambda f: (f / NAMES[0]).write_bytes(b"PK.."), "expected a gzip file"),
        (lambda f: write_idx(f / NAMES[1], np.zeros(6, np.uint8)), "a label for each of the 7 images, got 6"),
        (
            lambda f: write_idx(f / NAMES[3], np.array([0, 3, 9], np.uint8)),
            "label 1: expected a label from 0 to 2, got 3. If there are more classes, say so (--classes 10).",
        ),
        (
            lambda f: write_idx(f / NAMES[2], np.zeros((3, 4, 5), np.uint8)),
            "of 5×4 pixels, as those to learn from",
        ),
    ],
    ids=["missing", "swapped", "no gzip stream", "no gzip", "fewer labels", "label out of range", "another size"],
)
def test_a_bad_folder_gets_one_clear_error(folder, damage, message):
    damage(folder)
    with pytest.raises(DataError, match=re.escape(message)) as error:
        load_idx_folder(folder, classes=3)
    assert str(folder) in str(error.value)


def table(rows):
    return "\n".join(",".join(map(str, row)) for row in rows) + "\n"


ROWS = [[k % 3, *range(k, k + 9)] for k in range(11)]


@pytest.mark.parametrize("header", ["", "label,a,b,c,d,e,f,g,h,i\n"])
def test_a_table_is_read_and_a_fifth_is_for_testing(tmp_path, header):
    path = tmp_path / "mine.csv"
    path.write_text(header + table(ROWS))
    data = load_data(str(path), classes=3)
    assert data.name == "mine"
    assert (data.train.images.shape, data.test.images.shape) == ((9, 3, 3), (2, 3, 3))
    first = np.concatenate([part.images[:, 0, 0] for part in (data.train, data.test)])
    np.testing.assert_allclose(np.sort(first) * 255, range(11), rtol=1e-6)  # every example once
    for images, labels in (data.train, data.test):
        np.testing.assert_array_equal(np.rint(images[:, 0, 0] * 255) % 3, labels)
    np.testing.assert_allclose(255 * data.train.images[0].ravel(), 255 * data.train.images[0, 0, 0] + np.arange(9))


def test_a_second_table_is_for_testing(tmp_path):
    for name, rows in (("a.csv", ROWS), ("b.csv", ROWS[:4])):
        (tmp_path / name).write_text(table(rows))
    data = load_csv(tmp_path / "a.csv", tmp_path / "b.csv", classes=3)
    assert (len(data.train.labels), len(data.test.labels)) == (11, 4)
    (tmp_path / "b.csv").write_text(table([[1, 2, 3, 4, 5]]))
    with pytest.raises(DataError, match="expected images to test on of 3×3 pixels, as those to learn from, got 2×2"):
        load_csv(tmp_path / "a.csv", tmp_path / "b.csv", classes=3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a line for each example, got none"),
        (table(ROWS[:3]), "expected at least 5 examples, one of them to test on, got 3"),
        (table([row[:9] for row in ROWS]), "pixels of a square image in each line, as 1 + 28·28 = 785 numbers, got 9"),
        (table([*ROWS[:4], ROWS[4][:-1]]), "line 5: expected 10 numbers, as in line 1, got 9"),
        (table(ROWS[:4]) + "\n" + table(ROWS), "line 5: expected 10 numbers, as in line 1, got none"),
        (table([*ROWS[:2], [0, "x", *range(8)]]), "line 3: expected numbers, got 'x'"),
        (table([*ROWS[:2], [0, "", *range(8)]]), "line 3: expected numbers, got ''"),
        (table([*ROWS, [3, *range(9)]]), "line 12: expected a label from 0 to 2, got 3"),
        (table([*ROWS, [-1, *range(9)]]), "line 12: expected a label from 0 to 2, got -1"),
        (table([*ROWS, [0.5, *range(9)]]), "line 12: expected a whole number as label, got 0.5"),
        (table([*ROWS, ["inf", *range(9)]]), "line 12: expected a whole number as label, got inf"),
        (table([*ROWS, [0, 256, *range(8)]]), "line 12: expected pixels from 0 to 255, got 256 in column 2"),
        (table([*ROWS, [0, "nan", *range(8)]]), "line 12: expected pixels from 0 to 255, got nan in column 2"),
    ],
)
def test_a_bad_table_gets_one_clear_error_with_its_line(tmp_path, text, message):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=re.escape(message)) as error:
        load_csv(path, classes=3)
    assert str(path) in str(error.value)


def test_a_file_that_is_no_text_or_not_there(tmp_path):
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    for name in ("bytes.csv", "none.csv"):
        with pytest.raises(DataError, match=r"expected a table of numbers \(CSV\) that can be read"):
            load_csv(tmp_path / name)
    (tmp_path / "a.txt").write_text("1")
    with pytest.raises(DataError, match=r"a \.csv file, got '.*a\.txt', which is a file of another kind"):
        load_data(str(tmp_path / "a.txt"))
