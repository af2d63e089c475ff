"""One door to all data: the embedded digits, MNIST, a folder of IDX files, or a table of numbers."""

from pathlib import Path

from rnn_course.data.digits import load_digits
from rnn_course.data.idx import DataError
from rnn_course.data.mnist import load_mnist
from rnn_course.data.own_files import load_csv, load_idx_folder
from rnn_course.data.splits import Digits


def load_data(source: str, test: Path | None = None, classes: int = 10) -> Digits:
    """The data set of a name: "digits", "mnist", a folder with four IDX files, or a file that ends in .csv.

    `test` is the table to test on that belongs to a .csv file. Raises DataError for a source of none of these kinds,
    and what the loader of its kind raises.
    """
    path = Path(source).expanduser()
    if test is not None and path.suffix != ".csv":
        raise DataError(f"--test-data: expected only with a .csv file as data, got data {source!r}, which has its own")
    if source == "mnist":
        return load_mnist()
    if source == "digits":
        return load_digits()
    if path.is_dir():
        return load_idx_folder(path, classes)
    if path.suffix == ".csv":
        return load_csv(path, test, classes)
    what = "a file of another kind" if path.exists() else "not there"
    raise DataError(
        f"data: expected digits, mnist, a folder with four IDX files, or a .csv file, got {source!r}, which is {what}"
    )
