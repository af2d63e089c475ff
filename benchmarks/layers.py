"""Layers at the sizes of the chapters, forward and backward, beside Torch; images are channels-last in both."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from benchmarks.timing import Spread, interleaved
from rnn_course import Conv2D, Dense, GroupNorm, MaxPool2D, adam, row_lstm, softmax_cross_entropy_forward, to, tree_map
from rnn_course.tree import leaves

OURS, TORCH, THROUGH = "NumPy", "torch.nn", "Torch through our layer"


def _images(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype("float32")


def _ours(layer: Any, x: np.ndarray) -> Callable:
    d_output = np.ones_like(layer(x))

    def run() -> object:
        _, backward = layer.forward(x)
        return backward(d_output)

    return run


def _torch(layer: Any, x: np.ndarray) -> Callable:
    """A layer of Torch on the same numbers; images keep their layout in memory and are called NCHW."""
    inputs = torch.tensor(x)
    inputs = (inputs.permute(0, 3, 1, 2) if x.ndim == 4 else inputs).requires_grad_()
    watched, d_output = [inputs, *layer.parameters()], torch.ones_like(layer(inputs))

    def run() -> object:
        return torch.autograd.grad(layer(inputs), watched, d_output)

    return run


def _through_torch(layer: Any, x: np.ndarray) -> Callable:
    """Our layer on tensors, differentiated by autograd."""
    layer, inputs = to((layer, x), "torch")
    watched = [inputs, *leaves(layer)]
    for leaf in watched:
        leaf.requires_grad_()
    d_output = torch.ones_like(layer(inputs))

    def run() -> object:
        return torch.autograd.grad(layer(inputs), watched, d_output)

    return run


def _all_three(theirs: Any, layer: Any, images: np.ndarray) -> dict[str, Callable]:
    return {TORCH: _torch(theirs, images), OURS: _ours(layer, images), THROUGH: _through_torch(layer, images)}


def _loss(logits: np.ndarray) -> dict[str, Callable]:
    labels = np.random.default_rng(0).integers(0, logits.shape[1], len(logits))
    tensor, their_labels = torch.tensor(logits, requires_grad=True), torch.tensor(labels)

    def ours() -> object:
        _, backward = softmax_cross_entropy_forward(logits, labels)
        return backward()

    def theirs() -> object:
        return torch.autograd.grad(torch.nn.functional.cross_entropy(tensor, their_labels), tensor)

    return {TORCH: theirs, OURS: ours}


def _adam() -> dict[str, Callable]:
    """Ours as `fit` does it, in place; and as a function of values."""
    model = row_lstm(rng=np.random.default_rng(0))
    gradient, optimizer = tree_map(lambda leaf: leaf * 0.1, model), adam(1e-3)
    state = optimizer.init(model)
    parameters = [torch.nn.Parameter(torch.tensor(leaf)) for leaf in leaves(model)]
    for parameter, g in zip(parameters, leaves(gradient), strict=True):
        parameter.grad = torch.tensor(g)
    theirs = torch.optim.Adam(parameters, lr=1e-3)
    update, owned = optimizer.in_place, {id(leaf) for leaf in leaves(model)}
    assert update is not None
    return {
        TORCH: theirs.step,
        OURS: lambda: update(model, gradient, state, owned),
        "values": lambda: optimizer.update(model, gradient, state),
    }


def layers(seconds: float) -> dict[str, dict[str, Spread]]:
    """Every layer and the two functions around them."""
    rng = np.random.default_rng(1)

    def convolution(size: int, channels: int, filters: int, images: np.ndarray) -> dict[str, Callable]:
        theirs = torch.nn.Conv2d(channels, filters, size, padding="same").to(memory_format=torch.channels_last)
        return _all_three(theirs, Conv2D.init(channels, filters, (size, size), rng=rng), images)

    problems = {
        "convolution 5×5, 1 → 32": convolution(5, 1, 32, _images(64, 28, 28, 1)),
        "convolution 3×3, 1 → 32": convolution(3, 1, 32, _images(64, 28, 28, 1)),
        "convolution 3×3, 32 → 64": convolution(3, 32, 64, _images(64, 14, 14, 32)),
        "convolution 5×5, 32 → 64": convolution(5, 32, 64, _images(64, 14, 14, 32)),
    }
    images = _images(64, 28, 28, 32)
    problems["max pooling 2×2"] = _all_three(torch.nn.MaxPool2d(2), MaxPool2D(), images)
    norms = torch.nn.GroupNorm(8, 32), GroupNorm.init(32, 8)
    problems["group norm, 8 groups"] = {TORCH: _torch(norms[0], images), OURS: _ours(norms[1], images)}
    rows = _images(64, 784)
    dense = torch.nn.Linear(784, 625), Dense.init(784, 625, rng=rng)
    problems["dense 784 → 625"] = {TORCH: _torch(dense[0], rows), OURS: _ours(dense[1], rows)}
    problems["cross-entropy, 10 classes"] = _loss(_images(100, 10))
    problems["Adam, row LSTM"] = _adam()
    return {name: interleaved(functions, seconds) for name, functions in problems.items()}
