"""Embedding: a table with one row of numbers for each word. It is `Dense` on one-hot rows, without the product."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from rnn_course.arrays import Array, array_namespace, device, from_numpy, zeros_like
from rnn_course.init import check_sizes, glorot_uniform
from rnn_course.shape_types import Float, Integer
from rnn_course.shapes import expect_shape


class Embedding(NamedTuple):
    """y[..., :] = kernel[ids[...], :]: whole numbers `[batch, ...]` in, vectors `[batch, ..., features]` out."""

    kernel: Float[Array, "vocabulary features"]

    @classmethod
    def init(
        cls,
        vocabulary: int,
        features: int,
        *,
        rng: np.random.Generator,
        dtype: str = "float32",
        backend: str = "numpy",
        device: str = "cpu",
    ) -> "Embedding":
        """Glorot-uniform, TensorFlow 1's default. (Torch draws from N(0, 1), Keras uniformly from ±0.05.)"""
        check_sizes(vocabulary=vocabulary, features=features)
        return cls(from_numpy(glorot_uniform((vocabulary, features), rng), dtype, backend, device))

    def __call__(self, ids: Integer[Array, " batch *places"]) -> Float[Array, " batch *places features"]:
        """The rows of the ids. Raises TypeError for ids that are not whole numbers, ValueError for unknown ones."""
        return self.forward(ids)[0]

    def forward(
        self, ids: Integer[Array, " batch *places"]
    ) -> tuple[Float[Array, " batch *places features"], Callable]:
        """y, and backward: dy -> Embedding of gradients, None.

        A row of the kernel gets the sum of dy over all places where its id stands; a row that was not used gets 0. Ids
        have no gradient, so the second result is None and the layer can only be the first of a `Chain`.
        """
        expect_ids(ids, self.kernel.shape[0])
        xp = array_namespace(self.kernel, ids)  # a TypeError if they are of two libraries
        flat = xp.astype(xp.reshape(ids, (-1,)), xp.int64)  # [places]
        features = self.kernel.shape[1]

        def backward(d_output: Float[Array, " batch *places features"]) -> tuple[Embedding, None]:
            distinct, place = xp.unique_inverse(flat)
            number = xp.arange(distinct.shape[0], device=device(flat))
            one_hot = xp.astype(number[:, None] == place[None, :], d_output.dtype)  # [distinct, places]
            d_kernel = zeros_like(self.kernel)
            d_kernel[distinct, :] = one_hot @ xp.reshape(d_output, (flat.shape[0], features))  # our own new array
            return Embedding(d_kernel), None

        return xp.reshape(xp.take(self.kernel, flat, axis=0), (*ids.shape, features)), backward


def expect_ids(ids: Any, vocabulary: int) -> None:
    """Raise ShapeError, TypeError or ValueError unless `ids` is an array of whole numbers from 0 to vocabulary − 1."""
    shape = tuple(getattr(ids, "shape", ()))
    expect_shape("ids", ids, " ".join(["batch", *(f"axis{k}" for k in range(1, len(shape)))]))
    xp = array_namespace(ids)
    if not xp.isdtype(ids.dtype, "integral"):
        raise TypeError(
            f"ids: expected whole numbers, got {ids.dtype}. Likely cause: one-hot rows or vectors instead of ids"
        )
    numbers = xp.astype(ids, xp.int64)  # a short type cannot be compared with a large vocabulary
    unknown = numbers[(numbers < 0) | (numbers >= vocabulary)]
    if unknown.shape[0]:
        raise ValueError(
            f"ids: expected whole numbers from 0 to {vocabulary - 1}, one for each of the {vocabulary} rows of the "
            f"kernel, got {int(unknown[0])}. Likely cause: ids made with another vocabulary, or counted from 1"
        )
