"""Dropout: in training, switch numbers off at random, so that no unit can rely on a single other one.

Srivastava et al. 2014, in the inverted form: what is kept grows by 1 / keep_prob, so that the expected value stays and
inference needs no scaling.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from rnn_course.arrays import Array, array_namespace, device
from rnn_course.init import check_rng
from rnn_course.shape_types import Float


class Dropout(NamedTuple):
    """y = x · mask / keep_prob, where each number of the mask is 1 with probability `keep_prob`, else 0.

    keep_prob  the probability to KEEP a number, above 0 and at most 1 (Torch and Keras ask for 1 − keep_prob)

    The randomness is an argument: `layer.forward(x, rng=rng)` drops; `layer.forward(x)` and `layer(x)` are inference
    and return x. So in a `Chain`, which passes no rng, dropout does nothing, but in `chain.forward_training(x, rng)`,
    which `fit` calls, it drops.
    """

    keep_prob: float

    def __call__(self, x: Float[Array, "..."], rng: np.random.Generator | None = None) -> Float[Array, "..."]:
        """x with numbers dropped, or x itself without `rng`. Raises ValueError for a wrong `keep_prob`."""
        return self.forward(x, rng)[0]

    def forward(
        self, x: Float[Array, "..."], rng: np.random.Generator | None = None
    ) -> tuple[Float[Array, "..."], Callable]:
        """y, and backward: dy -> itself (no weights), dx = dy · mask / keep_prob, with the mask of y."""
        y, backward = dropout_forward(x, self.keep_prob, rng)
        return y, lambda d_output: (self, backward(d_output))

    def forward_training(
        self, x: Float[Array, "..."], rng: np.random.Generator | None
    ) -> tuple[Float[Array, "..."], "Dropout", Callable]:
        """Training, as in `BatchNorm.forward_training`: y, the layer as it is, and backward."""
        check_rng(rng)
        y, backward = self.forward(x, rng)
        return y, self, backward


def dropout(x: Float[Array, "..."], keep_prob: float, rng: np.random.Generator | None = None) -> Float[Array, "..."]:
    """x · mask / keep_prob with a mask drawn from `rng`; without `rng`, x itself. See `Dropout`."""
    return dropout_forward(x, keep_prob, rng)[0]


def dropout_forward(
    x: Float[Array, "..."], keep_prob: float, rng: np.random.Generator | None = None
) -> tuple[Array, Callable[[Array], Array]]:
    """y = dropout(x), and backward: dy -> dx. The mask is drawn by NumPy, so every backend gets the same one."""
    _expect_keep_prob(keep_prob)
    if rng is None:
        return x, lambda d_output: d_output
    check_rng(rng)
    xp = array_namespace(x)
    kept = xp.asarray(rng.random(tuple(x.shape)) < keep_prob, device=device(x))
    scale = xp.astype(kept, x.dtype) / keep_prob
    return x * scale, lambda d_output: d_output * scale


def _expect_keep_prob(keep_prob: Any) -> None:
    if type(keep_prob) not in (int, float) or not 0 < keep_prob <= 1:
        raise ValueError(
            f"keep_prob: expected a Python number above 0 and at most 1, the probability to keep, got {keep_prob!r}"
        )
