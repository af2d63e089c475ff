"""`GroupNorm` in NumPy, in few passes over the numbers: sums for each channel, then a factor and a term a channel."""

from collections.abc import Callable
from typing import Any

import numpy as np


def forward(layer: Any, x: np.ndarray) -> tuple[np.ndarray, Callable]:
    """y and backward, as `GroupNorm.forward`.

    With x̂ = (x − μ) · scale, dx = scale · (dx̂ − mean(dx̂) − x̂ · mean(dx̂ · x̂)) is dy · a + (x − μ) · b + c, where a, b
    and c are numbers of a channel of an example. The means are those of a group.
    """
    batch, channels = x.shape[0], x.shape[-1]
    flat = x.reshape(batch, -1, channels)  # [batch, places, channels]
    grouped = batch, layer.groups, channels // layer.groups
    count = flat.shape[1] * grouped[2]

    def over_groups(sums: np.ndarray) -> np.ndarray:
        """The mean of a group, for each of its channels, from sums over the places: `[batch, 1, channels]`."""
        means = sums.reshape(grouped).sum(axis=2) / count
        return np.repeat(means, grouped[2], axis=1)[:, None]

    centred = flat - over_groups(flat.sum(axis=1))
    scale = (over_groups(np.einsum("npc,npc->nc", centred, centred)) + layer.eps) ** -0.5
    y = centred * (scale * layer.gamma)
    y += layer.beta

    def backward(d_output: np.ndarray) -> tuple[Any, np.ndarray]:
        d_y = d_output.reshape(flat.shape)
        sums = d_y.sum(axis=1)  # [batch, channels]
        products = np.einsum("npc,npc->nc", d_y, centred) * scale[:, 0]
        d_layer = layer._replace(gamma=products.sum(axis=0), beta=sums.sum(axis=0))
        d_x = d_y * (scale * layer.gamma)
        term = centred * (scale * scale * over_groups(products * layer.gamma))
        term += scale * over_groups(sums * layer.gamma)
        d_x -= term
        return d_layer, d_x.reshape(x.shape)

    return y.reshape(x.shape), backward
