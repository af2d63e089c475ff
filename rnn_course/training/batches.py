"""The batches of an epoch, as a function of the seed and the epoch's number, and each process's share of them.

Nothing that is drawn here depends on what was drawn before. So a run that begins again at epoch 5 sees what it would
have seen without a stop, and several processes that share the work see together what one process sees alone.
"""

from collections.abc import Iterator

import numpy as np

from rnn_course.arrays import Array, integers
from rnn_course.data.shifts import shifted
from rnn_course.data.splits import Split

WEIGHTS, ORDER, DROPOUT = range(3)  # what is drawn, each from a stream of its own


def stream(seed: int, purpose: int, epoch: int = 0) -> np.random.Generator:
    """The random numbers of one purpose in one epoch."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(purpose, epoch)))


def batches_in(examples: int, batch_size: int) -> int:
    """How many batches an epoch has; the last one may be smaller."""
    return -(-examples // batch_size)


def epoch_batches(
    split: Split, batch_size: int, seed: int, epoch: int, shift: int = 0, rank: int = 0, processes: int = 1
) -> Iterator[tuple[Array, Array]]:
    """The batches `(images, labels)` of an epoch: all examples once, in a new order, each image newly shifted.

    shift      up to that many pixels each way
    rank       which of the `processes` this one is, from 0: it gets every `processes`-th example of each batch,
               beginning with its own number. All shares together are the batch that one process would get
    """
    examples = len(split.labels)
    rng = stream(seed, ORDER, epoch)
    order = rng.permutation(examples)
    for start in range(0, examples, batch_size):
        chosen = order[start : start + batch_size]
        down, right = rng.integers(-shift, shift + 1, (2, len(chosen)))
        mine = slice(rank, None, processes)
        places = integers(chosen[mine], like=split.images)
        yield shifted(split.images[places], down[mine], right[mine]), split.labels[places]
