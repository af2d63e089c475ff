"""Data of one's own: a folder of IDX files, as Fashion-MNIST's, or tables of numbers (CSV)."""

import os
from math import isqrt
from pathlib import Path

import numpy as np

from rnn_course.data.idx import DataError, read_idx
from rnn_course.data.mnist import FILES
from rnn_course.data.splits import Digits, Split

TEST_SHARE = 5  # of a table without one for testing, every fifth example is for testing


def load_idx_folder(folder: str | os.PathLike, classes: int = 10) -> Digits:
    """The four files of a folder that is laid out as MNIST's, such as Fashion-MNIST's: images of any size.

    The names are those of `rnn_course.data.mnist.FILES`. Labels are 0 to `classes` − 1. Raises DataError for a file
    that is missing, damaged or of another kind, and for images and labels that do not belong together.
    """
    folder = Path(folder)
    if missing := [name for name in FILES if not (folder / name).is_file()]:
        raise DataError(
            f"{folder}: expected a folder with {', '.join(FILES)}, as MNIST and Fashion-MNIST have them; missing: "
            f"{', '.join(missing)}. Put them there, packed (.gz)."
        )
    images, labels, test_images, test_labels = (
        read_idx(folder / name, expect_rank=rank) for name, rank in zip(FILES, (3, 1, 3, 1), strict=True)
    )
    for name, ours, theirs in zip(list(FILES)[1::2], (images, test_images), (labels, test_labels), strict=True):
        if len(ours) != len(theirs):
            raise DataError(f"{folder / name}: expected a label for each of the {len(ours)} images, got {len(theirs)}")
        expect_labels(folder / name, theirs, classes)
    _expect_same_size(folder, images, test_images)
    return Digits(_split(images, labels), _split(test_images, test_labels), name=folder.resolve().name)


def load_csv(
    path: str | os.PathLike, test: str | os.PathLike | None = None, classes: int = 10, seed: int = 0
) -> Digits:
    """A table with an example a line: its label, then its pixels row by row, 0 to 255, separated by commas.

    A first line with names is skipped. The images are square. `test` is a second such table; without one, a fifth of
    the examples, drawn with `seed`, is for testing. Raises DataError, with file and line, for what is no such table.
    """
    images, labels = _read_csv(Path(path), classes)
    if test is not None:
        test_images, test_labels = _read_csv(Path(test), classes)
        _expect_same_size(Path(test), images, test_images)
        return Digits(_split(images, labels), _split(test_images, test_labels), name=Path(path).stem)
    if len(images) < TEST_SHARE:
        raise DataError(f"{path}: expected at least {TEST_SHARE} examples, one of them to test on, got {len(images)}")
    order = np.random.default_rng(seed).permutation(len(images))
    chosen, others = np.split(order, [len(order) // TEST_SHARE])
    return Digits(_split(images[others], labels[others]), _split(images[chosen], labels[chosen]), name=Path(path).stem)


def expect_labels(path: Path, labels: np.ndarray, classes: int, first_line: int | None = None) -> None:
    """Raise DataError, with the first place, if a label is not one of 0 … classes − 1."""
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if len(wrong):
        k = int(wrong[0])
        place = f"label {k}" if first_line is None else f"line {first_line + k}"
        raise DataError(
            f"{path}: {place}: expected a label from 0 to {classes - 1}, got {labels[k]:g}. If there are more classes, "
            f"say so (--classes {int(labels.max()) + 1})."
        )


def _read_csv(path: Path, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Images `[example, side, side]` and labels, as they stand in the file."""
    try:
        lines = path.read_text(encoding="utf-8").rstrip().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        got = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DataError(f"{path}: expected a table of numbers (CSV) that can be read, got: {got}") from None
    first = 1 if lines and _is_number(lines[0].partition(",")[0]) else 2  # the first line with numbers
    rows = lines[first - 1 :]
    if not rows:
        raise DataError(f"{path}: expected a line for each example, got none")
    columns = rows[0].count(",") + 1
    side = isqrt(columns - 1)
    if side == 0 or side * side != columns - 1:
        raise DataError(
            f"{path}: expected a label and the pixels of a square image in each line, as 1 + 28·28 = 785 numbers, got "
            f"{columns} in line {first}"
        )
    for number, row in enumerate(rows, start=first):
        if row.count(",") != columns - 1:
            got = row.count(",") + 1 if row.strip() else "none"
            raise DataError(f"{path}: line {number}: expected {columns} numbers, as in line {first}, got {got}")
    table = _numbers(path, rows, first)
    expect_labels(path, table[:, 0], classes, first)
    pixels = table[:, 1:]
    wrong = np.argwhere(~((pixels >= 0) & (pixels <= 255)))
    if len(wrong):
        line, column = wrong[0]
        raise DataError(
            f"{path}: line {first + line}: expected pixels from 0 to 255, got {pixels[line, column]:g} in column "
            f"{column + 2}"
        )
    return pixels.reshape(-1, side, side), table[:, 0]


def _numbers(path: Path, rows: list[str], first: int) -> np.ndarray:
    try:
        table = np.loadtxt(rows, dtype=np.float64, delimiter=",", ndmin=2, comments=None)
    except ValueError as error:
        for number, row in enumerate(rows, start=first):
            wrong = [cell.strip() for cell in row.split(",") if not _is_number(cell)]
            if wrong:
                raise DataError(f"{path}: line {number}: expected numbers, got {wrong[0]!r}") from None
        raise DataError(f"{path}: expected numbers separated by commas, got: {error}") from None
    whole = np.isfinite(table[:, 0]) & (np.floor(table[:, 0]) == table[:, 0])
    if not whole.all():
        k = int(np.argmin(whole))
        raise DataError(f"{path}: line {first + k}: expected a whole number as label, got {table[k, 0]:g}")
    return table


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _expect_same_size(path: Path, images: np.ndarray, others: np.ndarray) -> None:
    if images.shape[1:] != others.shape[1:]:
        expected, got = ("×".join(map(str, array.shape[1:])) for array in (images, others))
        raise DataError(f"{path}: expected images to test on of {expected} pixels, as those to learn from, got {got}")


def _split(images: np.ndarray, labels: np.ndarray) -> Split:
    return Split((images / np.float32(255)).astype(np.float32), labels.astype(np.int64))
