"""Make the digits that come with the package, `rnn_course/data/digits-*.gz`, from scikit-learn's copy.

Needs scikit-learn, which the project does not depend on. Run it in an environment of its own that has
scikit-learn and this package: `python tools/embed_digits.py`, or with `--check` to compare the embedded
digits with scikit-learn's.
"""

import argparse
import sys

import numpy as np

from rnn_course.data import read_idx, write_idx
from rnn_course.data.digits import DARKEST, EXAMPLES, FILES, FOLDER, NATIVE_SIZE
from rnn_course.files import sha256_of


def source_arrays() -> tuple[np.ndarray, np.ndarray]:
    """Images `[1797, 8, 8]` with values 0 to 16 and labels `[1797]`, both as unsigned bytes."""
    from sklearn.datasets import load_digits  # pyright: ignore[reportMissingImports]

    source = load_digits()
    images, labels = source.images.astype(np.uint8), source.target.astype(np.uint8)
    if not np.array_equal(images, source.images) or not np.array_equal(labels, source.target):
        raise SystemExit("the values are not all whole numbers from 0 to 255: this is another data set")
    if images.shape != (EXAMPLES, NATIVE_SIZE, NATIVE_SIZE) or images.max() != DARKEST:
        raise SystemExit(f"expected 1,797 images of 8×8 with values 0 to 16, got {images.shape}")
    return images, labels


def main() -> None:
    """Write the two files and print their SHA-256, or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the embedded digits differ")
    check = parser.parse_args().check
    for (name, expected), array in zip(FILES.items(), source_arrays(), strict=True):
        path = FOLDER / name
        if check:
            if not np.array_equal(read_idx(path), array):
                raise SystemExit(f"{path} differs from scikit-learn's digits; run this tool without --check")
            print(f"{name}: the same {len(array)} examples")
            continue
        write_idx(path, array)
        actual = sha256_of(path)
        print(f"{name}: {actual}")
        if actual != expected:
            print(f"  rnn_course/data/digits.py states {expected}: change it there", file=sys.stderr)


if __name__ == "__main__":
    main()
