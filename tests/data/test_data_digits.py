"""The embedded digits are the published ones, are enlarged as Torch does it, and are split as the seed says."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnn_course.data import DataError, digits, load_digits, read_idx
from rnn_course.data.digits import bilinear_matrix

COUNTS = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]  # of the digits 0 to 9, as UCI states them


@pytest.fixture(scope="module")
def native():
    return load_digits(8)


def test_shapes_dtypes_and_range():
    data = load_digits()
    assert data.name == "digits"
    assert data.validation is None
    assert data.train.images.shape == (1437, 28, 28)
    assert data.test.images.shape == (360, 28, 28)
    for split in (data.train, data.test):
        assert split.images.dtype == np.float32
        assert split.labels.dtype == np.int64
        assert split.labels.shape == split.images.shape[:1]
        assert split.images.min() == 0
        assert split.images.max() == 1
        assert set(split.labels.tolist()) == set(range(10))


def test_class_counts(native):
    labels = np.concatenate([native.train.labels, native.test.labels])
    assert np.bincount(labels).tolist() == COUNTS


def test_size_8_is_the_native_pixels(native):
    assert native.train.images.shape == (1437, 8, 8)
    sixteenths = native.train.images * 16
    np.testing.assert_array_equal(sixteenths, np.round(sixteenths))
    assert sixteenths.max() == 16


def test_the_first_image_is_the_published_one():
    images = read_idx(digits.FOLDER / "digits-images-idx3-ubyte.gz")
    labels = read_idx(digits.FOLDER / "digits-labels-idx1-ubyte.gz")
    assert images[0, 0].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]  # the first line of optdigits.tes
    assert images[0, 7].tolist() == [0, 0, 6, 13, 10, 0, 0, 0]
    assert labels[:10].tolist() == list(range(10))


def test_every_example_is_in_one_split_with_its_label(native):
    images = read_idx(digits.FOLDER / "digits-images-idx3-ubyte.gz")
    labels = read_idx(digits.FOLDER / "digits-labels-idx1-ubyte.gz")
    expected = sorted((image.tobytes(), label) for image, label in zip(images, labels, strict=True))
    found = [
        ((image * 16).astype(np.uint8).tobytes(), label)
        for split in (native.train, native.test)
        for image, label in zip(split.images, split.labels, strict=True)
    ]
    assert sorted(found) == expected
    assert len({image for image, _ in found}) == 1797  # no image twice: so the splits share none


def test_the_seed_is_the_split(native):
    again, other = load_digits(8), load_digits(8, seed=1)
    np.testing.assert_array_equal(again.test.images, native.test.images)
    np.testing.assert_array_equal(again.train.labels, native.train.labels)
    assert not np.array_equal(other.test.images, native.test.images)
    np.testing.assert_array_equal(load_digits(9).test.labels, native.test.labels)  # whatever the size


def test_the_split_is_the_one_of_the_stored_notebooks(native):
    # Red after a NumPy that draws other permutations: then every stored result on these digits changes.
    assert native.test.labels[:10].tolist() == [6, 6, 6, 2, 5, 6, 6, 2, 2, 1]


def test_a_smaller_test_split_is_the_beginning_of_a_larger_one(native):
    small = load_digits(8, test_size=11)
    assert len(small.test.images) == 11
    assert len(small.train.images) == 1786
    np.testing.assert_array_equal(small.test.images, native.test.images[:11])


@given(size=st.integers(1, 40), source=st.integers(1, 12))
def test_rows_of_the_interpolation_sum_to_one_and_mirror(size, source):
    matrix = bilinear_matrix(size, source)
    assert matrix.shape == (size, source)
    assert (matrix >= 0).all()
    np.testing.assert_allclose(matrix.sum(1), 1, atol=1e-12)
    np.testing.assert_allclose(matrix[::-1, ::-1], matrix, atol=1e-12)


def test_interpolation_at_the_native_size_changes_nothing():
    np.testing.assert_array_equal(bilinear_matrix(8), np.eye(8))


@pytest.mark.parametrize("size", [8, 9, 13, 16, 28, 32])
def test_interpolation_is_that_of_torch(size, native):
    torch = pytest.importorskip("torch")
    small = torch.from_numpy(native.test.images)[:, None]
    expected = torch.nn.functional.interpolate(small, size=(size, size), mode="bilinear", align_corners=False)
    np.testing.assert_allclose(load_digits(size).test.images, expected[:, 0].numpy(), atol=1e-6, rtol=0)


def test_torch_holds_the_same_numbers():
    torch = pytest.importorskip("torch")
    ours, theirs = load_digits(), load_digits(backend="torch")
    assert theirs.train.images.dtype == torch.float32
    assert theirs.train.labels.dtype == torch.int64
    np.testing.assert_array_equal(theirs.train.images.numpy(), ours.train.images)
    np.testing.assert_array_equal(theirs.test.labels.numpy(), ours.test.labels)
    assert theirs.name == "digits"


@pytest.mark.parametrize("name", digits.FILES)
def test_one_flipped_bit_is_refused(name, tmp_path, monkeypatch):
    for other in digits.FILES:
        shutil.copy(digits.FOLDER / other, tmp_path)
    monkeypatch.setattr(digits, "FOLDER", tmp_path)
    load_digits(8)
    content = bytearray((tmp_path / name).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"{name}: expected a file with SHA-256 .*install rnn-course again"):
        load_digits(8)


def test_a_missing_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(digits, "FOLDER", tmp_path)
    with pytest.raises(DataError, match=r"got No such file.*install rnn-course again"):
        load_digits()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"size": 7}, "size: expected an integer from 8 to 128, got 7"),
        ({"size": 129}, "size: expected an integer from 8 to 128, got 129"),
        ({"test_size": 0}, "test_size: expected an integer from 1 to 1796, got 0"),
        ({"test_size": 1797}, "test_size: expected an integer from 1 to 1796, got 1797"),
        ({"seed": -1}, "seed: expected an integer of at least 0, got -1"),
        ({"backend": "tensorflow"}, "backend: expected one of numpy, torch, got 'tensorflow'"),
        ({"device": "cuda"}, "NumPy computes on the CPU"),
    ],
)
def test_wrong_arguments_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        load_digits(**wrong)


def test_importing_the_data_imports_nothing_heavy():
    heavy = "{'torch', 'sklearn', 'matplotlib', 'tqdm', 'platformdirs', 'urllib.request', 'http.client'}"
    code = f"import sys, rnn_course.data as d; d.load_digits(8); print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[]\n", "")
