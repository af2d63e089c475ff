"""The batches of an epoch: everything once, a function of seed and epoch, and shares that make up the whole."""

import numpy as np
import pytest

from rnn_course import to, to_numpy
from rnn_course.data import Split
from rnn_course.data.shifts import shifted
from rnn_course.training.batches import batches_in, epoch_batches

EXAMPLES = 23


@pytest.fixture
def split(rng):
    """Images that can be told apart by their middle pixel, which no shift below 2 moves out."""
    images = rng.random((EXAMPLES, 5, 6), dtype=np.float32)
    return Split(images, np.arange(EXAMPLES))


def epoch(split, *arguments, **options):
    return [tuple(map(to_numpy, batch)) for batch in epoch_batches(split, *arguments, **options)]


def test_every_example_comes_once_an_epoch_in_another_order(split):
    first, second = (epoch(split, 5, 0, number) for number in (1, 2))
    assert [len(labels) for _, labels in first] == [5, 5, 5, 5, 3]
    assert len(first) == batches_in(EXAMPLES, 5)
    orders = [np.concatenate([labels for _, labels in batches]) for batches in (first, second)]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(EXAMPLES))
    assert not np.array_equal(*orders)
    for images, labels in first:  # no shift
        np.testing.assert_array_equal(images, split.images[labels])


def test_seed_and_epoch_decide_and_nothing_else(split, backend):
    reference = epoch(split, 5, 8, 3, shift=2)
    again = epoch(to(split, backend), 5, 8, 3, shift=2)
    for (images, labels), (others, their_labels) in zip(reference, again, strict=True):
        np.testing.assert_array_equal(images, others)
        np.testing.assert_array_equal(labels, their_labels)
    other_seed = epoch(split, 5, 9, 3, shift=2)
    assert any(not np.array_equal(a[1], b[1]) for a, b in zip(reference, other_seed, strict=True))


@pytest.mark.parametrize("processes", [2, 3, 4])
def test_the_shares_of_all_processes_are_the_batch_without_duplicates(split, processes):
    whole = epoch(split, 5, 8, 3, shift=2)
    shares = [epoch(split, 5, 8, 3, shift=2, rank=rank, processes=processes) for rank in range(processes)]
    for k, (images, labels) in enumerate(whole):
        parts = [share[k] for share in shares]
        assert sum(len(part[1]) for part in parts) == len(labels)
        for rank, (their_images, their_labels) in enumerate(parts):
            np.testing.assert_array_equal(their_labels, labels[rank::processes])
            np.testing.assert_array_equal(their_images, images[rank::processes])


def test_an_image_is_moved_and_paper_comes_in(backend, rng):
    images = rng.random((4, 5, 6), dtype=np.float32) + 0.1
    down, right = np.array([0, 2, -1, 1]), np.array([0, -1, 2, -2])
    moved = to_numpy(shifted(to(images, backend), down, right))
    expected = np.zeros_like(images)
    for n, (d, r) in enumerate(zip(down, right, strict=True)):
        for i in range(5):
            for j in range(6):
                if 0 <= i - d < 5 and 0 <= j - r < 6:
                    expected[n, i, j] = images[n, i - d, j - r]
    np.testing.assert_array_equal(moved, expected)
    assert (expected == 0).any()


def test_shifts_are_drawn_from_their_whole_range_and_no_further():
    dot = np.zeros((3000, 7, 7), np.float32)
    dot[:, 3, 3] = 1
    batches = epoch(Split(dot, np.zeros(3000, np.int64)), 500, 0, 1, shift=2)
    places = np.concatenate([np.argwhere(images) for images, _ in batches])[:, 1:]
    assert len(places) == 3000  # none has left the image
    counts = np.zeros((7, 7))
    np.add.at(counts, tuple(places.T), 1)
    assert (counts[1:6, 1:6] > 0).all()
    assert counts[1:6, 1:6].sum() == 3000


def test_an_image_that_stays_is_not_copied(rng):
    images = rng.random((2, 3, 4), dtype=np.float32)
    still = np.zeros(2, np.int64)
    assert shifted(images, still, still) is images
