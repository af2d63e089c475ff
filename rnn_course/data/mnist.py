"""MNIST: from a folder of yours, from the cache, or from the network into the cache; verified each time."""

import os
from pathlib import Path

import numpy as np

from rnn_course.arrays import resolve_device, to
from rnn_course.data.download import MirrorError, fetch
from rnn_course.data.idx import DataError, read_idx
from rnn_course.data.splits import Digits, Split, expect_integer
from rnn_course.files import sha256_of

VARIABLE = "RNN_COURSE_DATA"
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
FILES = {  # name -> SHA-256, in the order: images and labels to train on, images and labels to test on
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
OTHERWISE = "Or go on with the embedded digits: load_digits() in Python, --data digits on the command line."


def load_mnist(
    directory: str | os.PathLike | None = None,
    *,
    validation_size: int = 0,
    backend: str = "numpy",
    device: str = "cpu",
    download: bool = True,
) -> Digits:
    """Load MNIST: 60,000 digits to train on, less those for validation, and 10,000 to test on.

    Shapes: images `[example, row, column]` of 28 × 28 pixels, float32, 0 to 1 (bytes divided by 255); labels
    `[example]`, int64, 0 to 9. The **first** `validation_size` training examples become `validation` and the
    others `train`, as in TensorFlow 1's `read_data_sets`, where 5,000 of them leave 55,000; with 0,
    `validation` is None.

    The four files (the names in `FILES`) are taken from `directory` if given, else from the folder that the
    environment variable RNN_COURSE_DATA names if it is set, else from `cache_folder()`. The first two are
    yours: they are only read. The cache is the course's own: what is missing or damaged in it is downloaded
    from `MIRRORS`, unless `download=False`. Every file is compared with its SHA-256 each time; a file is
    replaced only by a whole, verified one, so several processes may start with an empty cache at once.

    Raises DataError if files are missing or damaged in a folder of yours, cannot be downloaded, or cannot be
    written to the cache, and for a `validation_size` outside 0 to 59,999; for `backend` and `device` see
    `rnn_course.arrays.to`.
    Source: Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998), "Gradient-based learning applied to
    document recognition", Proceedings of the IEEE 86(11), https://doi.org/10.1109/5.726791.
    """
    validation_size = expect_integer("validation_size", validation_size, 0)
    resolve_device(backend, device)  # says at once, before any download, if there is none
    folder = _ready_folder(directory, download)
    train_images, train_labels, *test = (
        read_idx(folder / name, expect_rank=rank) for name, rank in zip(FILES, (3, 1, 3, 1), strict=True)
    )
    expect_integer("validation_size", validation_size, 0, len(train_images) - 1)
    train = _split(train_images, train_labels)
    validation = None
    if validation_size:
        validation = Split(train.images[:validation_size], train.labels[:validation_size])
        train = Split(train.images[validation_size:], train.labels[validation_size:])
    return to(Digits(train, _split(*test), validation, name="mnist"), backend, device)


def cache_folder() -> Path:
    """The folder that downloads go to: `mnist` in the user's cache folder for rnn-course."""
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("rnn-course")) / "mnist"


def _split(images: np.ndarray, labels: np.ndarray) -> Split:
    brightness = images.astype(np.float32)  # [example, 28, 28]
    brightness /= 255
    return Split(brightness, labels.astype(np.int64))


def _ready_folder(directory: str | os.PathLike | None, download: bool) -> Path:
    """The folder that holds the four files, after filling the cache if it is the one."""
    if directory is not None:
        return _given(Path(directory).expanduser(), "directory")
    if named := os.environ.get(VARIABLE):
        return _given(Path(named).expanduser(), VARIABLE)
    folder = cache_folder()
    if faults := _faults(folder):
        if not download:
            raise DataError(
                f"MNIST is not complete in the cache {folder}, and download=False forbids to get it:\n"
                f"{_lines(faults)}\n{_by_hand(folder)}"
            )
        _fill(folder, faults)
    return folder


def _given(folder: Path, source: str) -> Path:
    """A folder of the user's, which is only read: complete, or a DataError."""
    if not folder.is_dir():
        what = "a file" if folder.exists() else "not there"
        raise DataError(
            f"MNIST: {source}: expected a folder with the four files, got {folder}, which is {what}. "
            f"Correct it, or leave {source} out to use the cache and the network. {OTHERWISE}"
        )
    if faults := _faults(folder):
        raise DataError(
            f"MNIST is not complete in {folder} ({source}), where nothing is downloaded or changed:\n"
            f"{_lines(faults)}\n"
            "Put a missing file there; delete a damaged one and put a good one in its place; or leave "
            f"{source} out to use the cache and the network. {OTHERWISE}"
        )
    return folder


def _faults(folder: Path) -> dict[str, str]:
    """What is wrong with each of the four files; empty if nothing is."""
    faults = {}
    for name, expected in FILES.items():
        path = folder / name
        try:
            actual = sha256_of(path)
        except FileNotFoundError:
            unpacked = " (it is there unpacked; the .gz is needed)" if path.with_suffix("").exists() else ""
            faults[name] = f"missing{unpacked}"
        except OSError as error:
            faults[name] = f"cannot be read: {error.strerror or error}"
        else:
            if actual != expected:
                faults[name] = f"damaged: SHA-256 is {actual}, expected {expected}"
    return faults


def _fill(folder: Path, faults: dict[str, str]) -> None:
    """Download the faulty files of the cache, each from the first mirror that has it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in faults:
            _fetch_from_mirrors(name, folder, faults)
    except OSError as error:
        raise DataError(
            f"MNIST cannot be written to the cache {folder}: {error.strerror or error}. Make it a folder "
            f"that can be written, with 12 MB to spare, or put the four files ({', '.join(FILES)}) elsewhere "
            f"and set {VARIABLE} to that folder. {OTHERWISE}"
        ) from None


def _fetch_from_mirrors(name: str, folder: Path, faults: dict[str, str]) -> None:
    failures = {}
    for mirror in MIRRORS:
        try:
            return fetch(mirror + name, folder / name, FILES[name])
        except MirrorError as error:
            failures[mirror + name] = str(error)
    raise DataError(
        f"MNIST is not complete in the cache {folder}:\n{_lines(faults)}\n"
        f"and {name} could not be downloaded:\n{_lines(failures)}\n{_by_hand(folder)}"
    ) from None


def _by_hand(folder: Path) -> str:
    return (
        f"Get the four files in another way ({', '.join(FILES)}) and put them, packed as they are, "
        f"into {folder}, or into any folder and set {VARIABLE} to it. {OTHERWISE}"
    )


def _lines(faults: dict[str, str]) -> str:
    return "\n".join(f"  {name}: {fault}" for name, fault in faults.items())
