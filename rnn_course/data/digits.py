"""The digits that come with the package: 1,797 real handwritten ones, at hand without a network."""

from pathlib import Path

import numpy as np

from rnn_course.arrays import resolve_device, to
from rnn_course.data.idx import DataError, read_idx
from rnn_course.data.splits import Digits, Split, expect_integer
from rnn_course.files import sha256_of
from rnn_course.shape_types import Float

FOLDER = Path(__file__).parent
FILES = {
    "digits-images-idx3-ubyte.gz": "16bf71e8bfa958f11ad68a045567f2a2f5362b27ab1e7cadd4cf9a3cbb37176e",
    "digits-labels-idx1-ubyte.gz": "22e1486adc7849d49bbac7f3e6227134ade1aea8cf5289c8dceeecd5a005d43c",
}
EXAMPLES = 1797
NATIVE_SIZE = 8  # pixels a side
DARKEST = 16  # a native pixel counts the inked ones among 4×4 pixels of the scan
MAX_SIZE = 128  # pixels a side; all images together are then 118 MB


def load_digits(
    size: int = 28, *, test_size: int = 360, seed: int = 0, backend: str = "numpy", device: str = "cpu"
) -> Digits:
    """Load the embedded digits, enlarged from 8×8 to `size`×`size` pixels, as `train` and `test`.

    Each image is `R @ image @ R.T` with `R = bilinear_matrix(size)`; `size=8` gives the native pixels.
    Shapes: images `[example, row=size, column=size]`, float32, brightness 0 to 1 (native values divided by
    16); labels `[example]`, int64, 0 to 9. `test_size` of the 1,797 examples, drawn at random with `seed`,
    are for testing. The split ignores who wrote a digit, so writers of the test digits are also in the
    training digits: **the test accuracy is optimistic about new writers.**

    Raises DataError for a `size` outside 8 to 128, a `test_size` outside 1 to 1796, a negative `seed`, and
    damaged files of the package; for `backend` and `device` see `rnn_course.arrays.to`.
    Source: E. Alpaydin and C. Kaynak (1998), "Optical Recognition of Handwritten Digits", UCI Machine
    Learning Repository, https://doi.org/10.24432/C50P49, licence CC BY 4.0. These are the 1,797 images of
    its test file (13 writers) in the order of scikit-learn's `load_digits`; the values are unchanged, the
    file format is IDX.
    """
    size = expect_integer("size", size, NATIVE_SIZE, MAX_SIZE)
    test_size = expect_integer("test_size", test_size, 1, EXAMPLES - 1)
    seed = expect_integer("seed", seed, 0)
    resolve_device(backend, device)  # says at once if there is none

    native, labels = _read_embedded()
    enlarge = bilinear_matrix(size)
    images = (enlarge @ (native / DARKEST) @ enlarge.T).astype(np.float32)  # [example, size, size]

    order = np.random.default_rng(seed).permutation(EXAMPLES)
    test, train = order[:test_size], order[test_size:]
    digits = Digits(train=Split(images[train], labels[train]), test=Split(images[test], labels[test]), name="digits")
    return to(digits, backend, device)


def bilinear_matrix(size: int, source: int = NATIVE_SIZE) -> Float[np.ndarray, "size source"]:
    """The matrix R that enlarges a line of `source` pixels to `size` by linear interpolation: `R @ line`.

    Pixel `i` of the result has its centre at `x = (i + 1/2) * source / size - 1/2` on the old line
    (half-pixel centres), and is `(1 - t) * line[floor(x)] + t * line[floor(x) + 1]` with `t = x - floor(x)`;
    beyond the outermost centres the line goes on unchanged. So every row of R sums to 1. The same as
    `torch.nn.functional.interpolate(mode="bilinear", align_corners=False)`.
    """
    size, source = expect_integer("size", size, 1), expect_integer("source", source, 1)
    x = np.clip((np.arange(size) + 0.5) * source / size - 0.5, 0, source - 1)  # [size], in old pixels
    left = np.floor(x).astype(np.int64)
    right = np.minimum(left + 1, source - 1)
    pixels = np.eye(source)
    t = (x - left)[:, None]
    return (1 - t) * pixels[left] + t * pixels[right]


def _read_embedded() -> tuple[np.ndarray, np.ndarray]:
    for name, expected in FILES.items():
        path = FOLDER / name
        try:
            actual = sha256_of(path)
        except OSError as error:
            actual = error.strerror or str(error)
        if actual != expected:
            raise DataError(
                f"{path}: expected a file with SHA-256 {expected}, got {actual}. "
                "The package is damaged: install rnn-course again."
            )
    images, labels = (read_idx(FOLDER / name, expect_rank=rank) for name, rank in zip(FILES, (3, 1), strict=True))
    return images, labels.astype(np.int64)
