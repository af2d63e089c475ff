"""MNIST comes from the folder that was named, else from the cache; only the cache is ever written."""

import gzip
import hashlib
import os
import sys

import numpy as np
import pytest

from rnn_course.data import DataError, load_mnist, mnist, read_idx
from tests.data.helpers import FIRST, assert_is_tiny, put

# Written here a second time, on purpose: the hashes of the files that LeCun, Cortes and Burges published.
PUBLISHED = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
REAL = os.environ.get("RNN_COURSE_DATA")


def test_the_hashes_are_the_published_ones():
    assert mnist.FILES == PUBLISHED
    assert list(mnist.FILES) == list(PUBLISHED)  # the loader goes by the order


def test_the_mirrors_are_two_and_use_https():
    assert len(mnist.MIRRORS) >= 2
    assert all(mirror.startswith("https://") and mirror.endswith("/") for mirror in mnist.MIRRORS)


def test_the_cache_is_in_the_cache_folder_of_the_user(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert mnist.cache_folder().name == "mnist"
    assert "rnn-course" in mnist.cache_folder().parts
    if sys.platform == "linux":
        assert mnist.cache_folder() == tmp_path / "rnn-course" / "mnist"


def test_a_folder_of_ones_own(cache, tiny, tmp_path):
    folder = put(tmp_path / "mine", tiny)
    data = load_mnist(folder)
    assert_is_tiny(data)
    assert data.validation is None
    raw = read_idx(folder / FIRST)
    assert data.train.images.dtype == np.float32
    np.testing.assert_array_equal(data.train.images, raw.astype(np.float32) / np.float32(255))
    assert data.train.labels.dtype == np.int64
    np.testing.assert_array_equal(data.train.labels, read_idx(folder / "train-labels-idx1-ubyte.gz"))
    assert not cache.exists()


def test_the_argument_goes_before_the_variable_and_the_variable_before_the_cache(cache, tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("RNN_COURSE_DATA", str(tmp_path / "nowhere"))
    assert_is_tiny(load_mnist(str(put(tmp_path / "mine", tiny))))
    monkeypatch.setenv("RNN_COURSE_DATA", str(tmp_path / "mine"))
    put(cache, dict.fromkeys(tiny, b"damaged"))
    assert_is_tiny(load_mnist())
    monkeypatch.setenv("RNN_COURSE_DATA", "")  # empty is not set
    put(cache, tiny)
    assert_is_tiny(load_mnist(download=False))


def test_a_tilde_is_the_home_folder(cache, tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    put(tmp_path / "mine", tiny)
    assert_is_tiny(load_mnist("~/mine"))


def test_the_first_examples_are_for_validation(cache, tiny, tmp_path):
    folder = put(tmp_path / "mine", tiny)
    everything, data = load_mnist(folder).train, load_mnist(folder, validation_size=2)
    np.testing.assert_array_equal(data.validation.images, everything.images[:2])
    np.testing.assert_array_equal(data.validation.labels, everything.labels[:2])
    np.testing.assert_array_equal(data.train.images, everything.images[2:])
    np.testing.assert_array_equal(data.train.labels, everything.labels[2:])
    for size in (-1, 7):
        with pytest.raises(DataError, match=f"validation_size: expected an integer .* got {size}"):
            load_mnist(folder, validation_size=size)


def test_torch_holds_the_same_numbers(cache, tiny, tmp_path):
    torch = pytest.importorskip("torch")
    folder = put(tmp_path / "mine", tiny)
    ours, theirs = load_mnist(folder), load_mnist(folder, validation_size=2, backend="torch")
    assert isinstance(theirs.validation.images, torch.Tensor)
    np.testing.assert_array_equal(theirs.train.images.numpy(), ours.train.images[2:])
    assert theirs.test.labels.dtype == torch.int64


def test_an_unknown_backend_is_refused_before_any_download(cache, mirror, monkeypatch):
    monkeypatch.setattr(mnist, "MIRRORS", (mirror.url,))
    with pytest.raises(ValueError, match="backend: expected one of"):
        load_mnist(backend="tensorflow")
    assert mirror.requests == []


@pytest.mark.parametrize("source", ["directory", "RNN_COURSE_DATA"])
def test_a_folder_of_ones_own_that_lacks_files_is_only_read(source, cache, tiny, tmp_path, mirror, monkeypatch):
    monkeypatch.setattr(mnist, "MIRRORS", (mirror.give("a", tiny),))
    kept = {FIRST: tiny[FIRST], "t10k-labels-idx1-ubyte.gz": b"damaged"}
    folder = put(tmp_path / "mine", kept)
    (folder / "train-labels-idx1-ubyte").write_bytes(b"")
    monkeypatch.setenv("RNN_COURSE_DATA", str(folder))
    with pytest.raises(DataError) as caught:
        load_mnist(folder if source == "directory" else None)
    message = str(caught.value)
    actual = hashlib.sha256(b"damaged").hexdigest()
    assert f"in {folder} ({source})" in message
    assert "train-labels-idx1-ubyte.gz: missing (it is there unpacked" in message
    assert "t10k-images-idx3-ubyte.gz: missing\n" in message
    expected = mnist.FILES["t10k-labels-idx1-ubyte.gz"]
    assert f"t10k-labels-idx1-ubyte.gz: damaged: SHA-256 is {actual}, expected {expected}" in message
    assert f"{FIRST}:" not in message
    assert "delete a damaged one" in message
    assert "load_digits()" in message
    assert mirror.requests == []
    assert sorted(os.listdir(folder)) == sorted([*kept, "train-labels-idx1-ubyte"])


@pytest.mark.parametrize("source", ["directory", "RNN_COURSE_DATA"])
def test_a_folder_that_is_none(source, cache, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    for name, what in (("file", "a file"), ("none", "not there")):
        monkeypatch.setenv("RNN_COURSE_DATA", str(tmp_path / name))
        with pytest.raises(DataError, match=f"{source}: expected a folder .*{name}, which is {what}"):
            load_mnist(tmp_path / name if source == "directory" else None)


def test_a_complete_cache_needs_no_network(cache, tiny):
    put(cache, tiny)
    assert_is_tiny(load_mnist())


def test_without_download_the_cache_is_only_read(cache, tiny, mirror, monkeypatch):
    monkeypatch.setattr(mnist, "MIRRORS", (mirror.give("a", tiny),))
    put(cache, {FIRST: b"damaged"})
    with pytest.raises(DataError, match=r"download=False") as caught:
        load_mnist(download=False)
    assert f"{FIRST}: damaged: SHA-256 is" in str(caught.value)
    assert "t10k-labels-idx1-ubyte.gz: missing" in str(caught.value)
    assert (cache / FIRST).read_bytes() == b"damaged"
    assert mirror.requests == []


@pytest.fixture(scope="module")
def real():
    if not REAL:
        pytest.skip("RNN_COURSE_DATA does not name a folder with MNIST")
    return load_mnist(REAL, validation_size=5000)


def test_the_real_shapes_are_those_of_the_article(real):
    assert real.train.images.shape == (55000, 28, 28)
    assert real.validation.images.shape == (5000, 28, 28)
    assert real.test.images.shape == (10000, 28, 28)


def test_the_real_labels_and_pixels(real):
    labels = np.concatenate([real.validation.labels, real.train.labels])
    assert np.bincount(labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(real.test.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert labels[:5].tolist() == [5, 0, 4, 1, 9]
    total = real.validation.images.sum(dtype=np.float64) + real.train.images.sum(dtype=np.float64)
    assert total / (60000 * 28 * 28) == pytest.approx(0.1307, abs=5e-5)
    assert real.train.images.min() == 0
    assert real.train.images.max() == 1


def test_the_real_files_hold_what_their_header_says(real):
    for name, size in zip(PUBLISHED, (47_040_016, 60_008, 7_840_016, 10_008), strict=True):
        with gzip.open(os.path.join(REAL, name)) as file:
            assert len(file.read()) == size
