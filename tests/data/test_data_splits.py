"""Minibatches: every example once an epoch, in an order that the generator alone decides."""

import numpy as np
import pytest

from rnn_course.arrays import to
from rnn_course.data import DataError, Split, minibatches
from rnn_course.data.splits import expect_integer


def split_of(examples: int) -> Split:
    """Images `[example, 3, 2]` that all hold their own number, and labels that are the number times ten."""
    numbers = np.arange(examples)
    return Split(np.broadcast_to(numbers[:, None, None], (examples, 3, 2)).astype(np.float32), numbers * 10)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(("examples", "batch_size"), [(11, 4), (12, 4), (5, 1), (5, 5), (5, 9), (1, 1)])
def test_every_example_comes_once_an_epoch_with_its_label(examples, batch_size):
    batches = list(minibatches(split_of(examples), batch_size, rng=rng(), epochs=3))
    per_epoch = -(-examples // batch_size)
    assert len(batches) == 3 * per_epoch
    for epoch in range(3):
        numbers = []
        for images, labels in batches[epoch * per_epoch : (epoch + 1) * per_epoch]:
            assert images.shape == (len(labels), 3, 2)
            assert len(labels) <= batch_size
            np.testing.assert_array_equal(images[:, 0, 0] * 10, labels)
            numbers += images[:, 0, 0].tolist()
        assert sorted(numbers) == list(range(examples))


def test_epochs_differ_and_the_seed_repeats_them():
    def order(seed):
        return [labels.tolist() for _, labels in minibatches(split_of(50), 50, rng=rng(seed), epochs=2)]

    first, second = order(0)
    assert first != second
    assert first != sorted(first)
    assert order(0) == [first, second]
    assert order(1) != [first, second]


def test_drop_last_leaves_out_only_a_smaller_minibatch():
    sizes = [len(labels) for _, labels in minibatches(split_of(11), 4, rng=rng(), epochs=2, drop_last=True)]
    assert sizes == [4, 4, 4, 4]
    assert len(list(minibatches(split_of(12), 4, rng=rng(), drop_last=True))) == 3
    assert len(list(minibatches(split_of(4), 4, rng=rng(), drop_last=True))) == 1


def test_the_order_is_the_same_on_torch():
    torch = pytest.importorskip("torch")
    split = split_of(11)
    ours = minibatches(split, 4, rng=rng(), epochs=2)
    theirs = minibatches(to(split, "torch"), 4, rng=rng(), epochs=2)
    for (images, labels), (torch_images, torch_labels) in zip(ours, theirs, strict=True):
        assert isinstance(torch_images, torch.Tensor)
        assert torch_labels.dtype == torch.int64
        np.testing.assert_array_equal(torch_images.numpy(), images)
        np.testing.assert_array_equal(torch_labels.numpy(), labels)


def test_the_order_is_the_same_on_a_gpu():
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    split = split_of(11)
    on_device = minibatches(to(split, "torch", "cuda"), 4, rng=rng())
    for (images, _), (gpu_images, _) in zip(minibatches(split, 4, rng=rng()), on_device, strict=True):
        assert gpu_images.device.type == "cuda"
        np.testing.assert_array_equal(gpu_images.cpu().numpy(), images)


def test_images_may_be_viewed_in_another_shape():
    split = split_of(5)
    flat = Split(split.images.reshape(5, -1), split.labels)
    assert [images.shape for images, _ in minibatches(flat, 3, rng=rng())] == [(3, 6), (2, 6)]


def test_a_minibatch_is_a_copy_and_the_split_stays():
    split = split_of(5)
    for images, labels in minibatches(split, 2, rng=rng()):
        images[:], labels[:] = -1, -1
    np.testing.assert_array_equal(split.labels, np.arange(5) * 10)
    assert split.images.min() == 0


@pytest.mark.parametrize(
    ("examples", "arguments", "message"),
    [
        (5, {"batch_size": 0}, "batch_size: expected an integer of at least 1, got 0"),
        (5, {"batch_size": -2}, "batch_size: expected an integer of at least 1, got -2"),
        (5, {"batch_size": True}, "batch_size: expected an integer of at least 1, got True"),
        (5, {"batch_size": 2, "epochs": 0}, "epochs: expected an integer of at least 1, got 0"),
        (0, {"batch_size": 2}, "split: expected at least one example, got none"),
        (5, {"batch_size": 6, "drop_last": True}, "batch_size: expected at most the 5 examples"),
    ],
)
def test_wrong_arguments_are_named_at_the_call(examples, arguments, message):
    with pytest.raises(DataError, match=message):
        minibatches(split_of(examples), rng=rng(), **arguments)  # no next(): the call itself raises


def test_images_without_a_label_are_refused():
    with pytest.raises(DataError, match="one label for each image, got 5 images and 4 labels"):
        minibatches(Split(split_of(5).images, split_of(4).labels), 2, rng=rng())


def test_a_seed_is_no_generator():
    with pytest.raises(TypeError, match="rng"):
        minibatches(split_of(5), 2, rng=0)


@pytest.mark.parametrize("value", [1.0, "3", None, True, 0, 8])
def test_what_is_no_integer_in_range(value):
    with pytest.raises(DataError, match="size: expected an integer from 1 to 7, got"):
        expect_integer("size", value, 1, 7)


def test_numpy_integers_are_integers():
    assert type(expect_integer("size", np.int64(7), 1, 7)) is int
