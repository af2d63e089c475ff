"""What a data set is here, splits of images and labels, and how it is served: shuffled minibatches."""

import operator
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from rnn_course.arrays import Array, integers
from rnn_course.data.idx import DataError
from rnn_course.shape_types import Float, Int


class Split(NamedTuple):
    """Images and their labels, example by example; a tree, so `to(split, "torch", "cuda")` moves it."""

    images: Float[Array, "example row column"]  # float32; brightness from 0 (background) to 1 (ink)
    labels: Int[Array, " example"]  # int64; the digit, 0 to 9


class Digits(NamedTuple):
    """Handwritten digits: what to learn from, what to test on, and what to tune on if asked for."""

    train: Split
    test: Split
    validation: Split | None = None
    name: str = "digits"


def minibatches(
    split: Split, batch_size: int, *, rng: np.random.Generator, epochs: int = 1, drop_last: bool = False
) -> Iterator[tuple[Array, Array]]:
    """Go through a split `epochs` times, newly shuffled each time, yielding minibatches `(images, labels)`.

    Shapes: images `[batch, row, column]`, or `[batch, ...]` for a split whose images were reshaped to
    `[example, ...]`; labels `[batch]`. The last minibatch of an epoch holds the remaining examples and may
    be smaller than `batch_size`; `drop_last` leaves a smaller one out. The order comes from NumPy's `rng`
    alone, so it is the same on every backend and device; the arrays stay where the split is.

    Raises DataError (at the call, not at the first minibatch) for a `batch_size` or `epochs` below 1, a
    split that is empty or whose images and labels differ in number, and a `drop_last` that would leave no
    minibatch; TypeError for an `rng` that is no `numpy.random.Generator`.
    """
    if not isinstance(rng, np.random.Generator):
        got = type(rng).__name__
        raise TypeError(f"rng: expected a numpy.random.Generator, got {got}; make one: numpy.random.default_rng(0)")
    batch_size = expect_integer("batch_size", batch_size, 1)
    epochs = expect_integer("epochs", epochs, 1)
    examples, labels = len(split.images), len(split.labels)
    if examples != labels:
        raise DataError(f"split: expected one label for each image, got {examples} images and {labels} labels")
    if examples == 0:
        raise DataError("split: expected at least one example, got none")
    if drop_last and batch_size > examples:
        raise DataError(
            f"batch_size: expected at most the {examples} examples of the split with drop_last=True, got "
            f"{batch_size}, which leaves no minibatch; take a smaller one, or drop_last=False"
        )
    return _minibatches(split, examples, batch_size, rng, epochs, drop_last)


def _minibatches(
    split: Split, examples: int, batch_size: int, rng: np.random.Generator, epochs: int, drop_last: bool
) -> Iterator[tuple[Array, Array]]:
    stop = examples - examples % batch_size if drop_last else examples
    for _ in range(epochs):
        order = integers(rng.permutation(examples), like=split.images)  # [example]
        for start in range(0, stop, batch_size):
            chosen = order[start : start + batch_size]  # [batch]
            yield split.images[chosen], split.labels[chosen]


def expect_integer(argument: str, value: Any, low: int, high: int | None = None) -> int:
    """`value` as an int if it is an integer from `low` to `high`; else a DataError naming the argument."""
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < low or (high is not None and number > high):
        bounds = f"of at least {low}" if high is None else f"from {low} to {high}"
        raise DataError(f"{argument}: expected an integer {bounds}, got {value!r}")
    return number
