"""The softmax cross-entropy of NumPy logits in few passes: without one-hot targets, and with one exponential.

With z = logits − max, −Σ target · log softmax(z) is log Σ exp z − (1 − ε) · z[label] − ε · mean z.
"""

from collections.abc import Callable
from typing import Any

import numpy as np


def forward(
    logits: np.ndarray, labels: np.ndarray, weights: np.ndarray, smoothing: float
) -> tuple[np.floating, Callable]:
    """The loss, and backward as in `softmax_cross_entropy_forward`.

    logits     `[places…, classes]`
    labels     `[places…]`, classes where the weight is not 0
    weights    `[places…]`, by which the places count
    smoothing  ε
    """
    classes, shape = logits.shape[-1], logits.shape
    labels, weights = np.where(weights, labels, 0).reshape(-1), weights.reshape(-1, 1)
    place = np.arange(len(labels))
    z = logits.reshape(-1, classes)
    z = z - z.max(1, keepdims=True)
    likely = z[place, labels] * (1 - smoothing)
    if smoothing:
        likely += z.mean(1) * smoothing
    exponentials = np.exp(z, z)
    total = exponentials.sum(1, keepdims=True)
    loss = np.vdot(weights, np.log(total[:, 0]) - likely)

    def backward(d_loss: Any = 1.0) -> np.ndarray:
        d_logits = exponentials / total
        if smoothing:
            d_logits -= smoothing / classes
        d_logits[place, labels] -= 1 - smoothing
        d_logits *= d_loss * weights
        return d_logits.reshape(shape)

    return loss, backward
