"""Exercises of chapter 12, reading digits row by row: the same pixels in another order."""

import numpy as np

from rnn_course.arrays import array_namespace
from rnn_course.checks.catalogue.random_cells import numbers
from rnn_course.checks.exercise import Exercise, Mistake


def permute(images, order):
    batch, rows, columns = images.shape
    return images.reshape(batch, rows * columns)[:, order].reshape(batch, rows, columns)


def same_logits(kernel, order):
    return kernel[order]


def _inverse(order):
    return array_namespace(order).argsort(order)


def _pixels_to(images, order):
    """Pixel k goes to place order[k], instead of coming from there."""
    return permute(images, _inverse(order))


def _columns_first(images, order):
    return permute(images.swapaxes(1, 2), order).reshape(images.shape)


def _another_for_each(images, order):
    """The permutation is moved on from digit to digit."""
    xp = array_namespace(images)
    return xp.concat([permute(images[b : b + 1], xp.roll(order, b)) for b in range(images.shape[0])], axis=0)


def _left_flat(images, order):
    return images.reshape(images.shape[0], -1)[:, order]


def _rows_only(images, order):
    """Only the rows change places."""
    return images[:, order[order < images.shape[1]]]


def _images_and_order(batch, rows, columns):
    return lambda rng: (rng.random((batch, rows, columns)), rng.permutation(rows * columns).astype(np.int64))


def _kernel_and_order(pixels, hidden):
    return lambda rng: (numbers(rng, pixels, hidden), rng.permutation(pixels).astype(np.int64))


EXERCISES = (
    Exercise(
        name="reading.permute",
        title="The same pixels in another order",
        difficulty=2,
        minutes=8,
        statement="`images: [batch, row, column]`, and `order: [row*column]` is a permutation of the pixels, numbered row by row. "
        "Return images of the same shape in which place k holds the pixel `order[k]`, the same for every digit.",
        solution=permute,
        reason="A picture becomes a vector, the vector is indexed with the order, and what comes out is put back into rows. The "
        "batch axis is left alone: every digit gets the same permutation, else nothing could be learned from them.",
        cases=(
            _images_and_order(4, 3, 5),
            _images_and_order(2, 6, 3),
            _images_and_order(5, 2, 4),
            _images_and_order(3, 4, 1),
        ),
        results=("[batch, row, column]",),
        laws=("rows",),
        mistakes=(
            Mistake(
                "the way back",
                _pixels_to,
                "You sent pixel k to place `order[k]`. The statement says which pixel place k *holds*: is that the same?",
            ),
            Mistake(
                "columns first",
                _columns_first,
                "You numbered the pixels column by column. In which order does a reshape go through a picture?",
            ),
            Mistake(
                "another order for each digit",
                _another_for_each,
                "Your digits are permuted each in its own way. What could a network still learn of them?",
            ),
            Mistake(
                "left flat",
                _left_flat,
                "The pixels are right, but your digits are vectors now. Which shape was asked for?",
            ),
            Mistake(
                "rows only",
                _rows_only,
                "You moved whole rows. The order has a number for each pixel.",
            ),
        ),
        hints=(
            "A permutation of all pixels is easiest where a picture has one axis.",
            "Index the second axis of `[batch, row*column]` with the order, and reshape back.",
        ),
    ),
    Exercise(
        name="reading.same_logits",
        title="Why the dense network does not care",
        difficulty=3,
        minutes=8,
        statement="`kernel: [pixel, hidden]` is the first layer of a dense network, and place k of a permuted picture holds the "
        "pixel `order[k]` of the old one. Return the kernel `[pixel, hidden]` with which the layer gives for permuted pictures "
        "exactly what it gave for the old ones.",
        solution=same_logits,
        reason="Σ_k x[order[k]] · W'[k] is the old sum, in another order, if W'[k] = W[order[k]]: a weight moves with its pixel. "
        "As initial weights are random, the permuted network is as good a beginning as the other.",
        cases=(_kernel_and_order(6, 4), _kernel_and_order(7, 7), _kernel_and_order(5, 3), _kernel_and_order(4, 1)),
        results=("[pixel, hidden]",),
        mistakes=(
            Mistake(
                "the way back",
                lambda kernel, order: kernel[_inverse(order)],
                "You permuted the other way round. Which pixel does the first place of a permuted picture hold?",
            ),
            Mistake(
                "kernel as it was",
                lambda kernel, order: 1 * kernel,
                "The old kernel multiplies the wrong pixels now. What has to move with a pixel?",
            ),
            Mistake(
                "twice",
                lambda kernel, order: kernel[order][order],
                "You permuted the rows twice. How often were the pixels permuted?",
            ),
            Mistake(
                "turned upside down",
                lambda kernel, order: array_namespace(kernel).flip(kernel, axis=0),
                "You reversed the rows, whatever the order says. Where does it say which row goes where?",
            ),
        ),
        hints=(
            "Write the sum for one unit and a picture of three pixels, with the order 2, 0, 1. Which weight belongs to which place?",
            "It is one index into the kernel. Try it: `permute` a picture and compare the products.",
        ),
    ),
)
