"""The three trained readers of the package: what they can, what rounding cost them, and damaged files."""

import os

import numpy as np
import pytest

from rnn_course import accuracy, load_digits, load_mnist, parameters, to
from rnn_course.checkpoint import CheckpointError, checkpoint_metadata
from rnn_course.data import Split
from rnn_course.data.centring import like_mnist
from rnn_course.readers import FILE, LARGEST, MODELS, in_bytes, load_readers, save_readers
from rnn_course.tree import leaves

REAL = os.environ.get("RNN_COURSE_DATA")
ON_MNIST = {"nn": 0.975, "cnn": 0.985, "lstm": 0.99}
ON_EMBEDDED = {"nn": 0.65, "cnn": 0.8, "lstm": 0.8}  # strangers, stretched by another scanner, enlarged from 8 × 8


def accuracies(test):
    readers = load_readers()._asdict()
    return {name: accuracy(model, Split(MODELS[name][1](test.images), test.labels)) for name, model in readers.items()}


@pytest.mark.skipif(not REAL, reason="RNN_COURSE_DATA names no folder with MNIST")
def test_they_read_mnist_and_rounding_cost_them_next_to_nothing():
    found, notes = accuracies(load_mnist().test), checkpoint_metadata(FILE)
    for name, share in found.items():
        assert share >= ON_MNIST[name]
        assert share == pytest.approx(float(notes[f"{name} on MNIST's test digits before rounding"]), abs=0.001)


def test_they_read_the_embedded_digits_of_other_writers():
    digits = load_digits()
    images = np.stack([like_mnist(image) for image in digits.test.images]).astype(np.float32)
    found = accuracies(Split(images, digits.test.labels))
    assert all(found[name] >= least for name, least in ON_EMBEDDED.items()), found


def test_the_file_is_small():
    weights = {name: parameters(model) for name, model in load_readers()._asdict().items()}
    assert weights == {"nn": 50_890, "cnn": 9_098, "lstm": 24_458}
    assert FILE.stat().st_size < 100_000


def test_rounding_moves_no_weight_by_more_than_half_a_step(rng):
    kernel = rng.standard_normal((3, 3, 2, 7)) * np.logspace(-4, 4, 7)
    kernel[..., 4] = 0
    whole, scale = in_bytes(kernel)
    assert whole.dtype == np.int8
    assert np.abs(whole).max(axis=(0, 1, 2)).tolist() == [LARGEST] * 4 + [0] + [LARGEST] * 2
    assert (np.abs(whole * scale.astype(float) - kernel) <= 0.5001 * scale).all()


def test_what_was_saved_is_loaded(tmp_path, rng):
    models = {name: make(rng) for name, (make, _) in MODELS.items()}
    save_readers(tmp_path / "mine", models, {"nn": 0.5})
    loaded = load_readers(tmp_path / "mine")
    for name, model in models.items():
        for before, after in zip(leaves(model), leaves(getattr(loaded, name)), strict=True):
            assert after.dtype == np.float32
            np.testing.assert_allclose(after, before, atol=np.abs(before).max() / LARGEST)
    save_readers(tmp_path / "again", loaded._asdict(), {"nn": 0.5})
    for one, other in zip(leaves(loaded), leaves(load_readers(tmp_path / "again")), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, err_msg="rounding twice is rounding once")


def test_they_answer_on_torch_too():
    readers, images = load_readers(), load_digits().test.images[:5]
    for name, (_, view) in MODELS.items():
        model = getattr(readers, name)
        expected = model(view(images))
        np.testing.assert_allclose(to(model, "torch")(to(view(images), "torch")), expected, atol=1e-4)


def test_another_file_is_one_clear_error(tmp_path, rng):
    with pytest.raises(CheckpointError, match=r"there is no such file; tools/train_readers\.py makes it"):
        load_readers(tmp_path / "none")
    for content in (b"", FILE.read_bytes()[:-5], b"no safetensors"):
        (tmp_path / "bad").write_bytes(content)
        with pytest.raises(CheckpointError, match="not a safetensors file, or cut short"):
            load_readers(tmp_path / "bad")
    from safetensors.numpy import save

    (tmp_path / "other").write_bytes(save({"kernel": np.zeros((2, 3), np.float32)}))
    with pytest.raises(CheckpointError, match="not the weights of the three readers"):
        load_readers(tmp_path / "other")
