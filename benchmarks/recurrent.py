"""Recurrent cells over sequences, forward and backward: outputs, and the gradients of weights, inputs and state."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from benchmarks import peers
from benchmarks.timing import Spread, interleaved
from rnn_course import BasicRNNCell, GRUCell, LSTMCell, MultiRNNCell, dynamic_rnn, dynamic_rnn_forward, leaves, to
from rnn_course.loop import loop_forward

# Names and (batch, time, input, hidden): rows of MNIST, the article's example, and others.
SIZES = {
    "rows of MNIST": (64, 28, 28, 128),
    "the article's example": (4, 3, 3, 5),
    "long and wide": (32, 100, 64, 256),
    "stack, first layer": (10, 28, 28, 100),
    "stack, second layer": (10, 28, 100, 400),
    "stack, third layer": (10, 28, 400, 300),
    "a batch of one": (1, 512, 64, 128),
}
WIDTHS = (28, 100, 400, 300)  # the stack of the article: input and hidden sizes
OURS, TORCH, FUSED = "NumPy kernel", "torch.nn", "Torch through our cell"


def data(batch: int, time: int, inputs: int, hidden: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and a gradient of the outputs, time-major float32."""
    rng = np.random.default_rng(seed)
    x, d_outputs = rng.standard_normal((time, batch, inputs)), rng.standard_normal((time, batch, hidden))
    return x.astype("float32"), d_outputs.astype("float32")


def ours(cell: Any, x: np.ndarray, d_outputs: np.ndarray, lengths: Any = None) -> Callable:
    """`dynamic_rnn_forward` and its backward: the public door with all its checks."""

    def run() -> object:
        *_, backward = dynamic_rnn_forward(cell, x, None, lengths, time_major=True)
        return backward(d_outputs)

    return run


def our_loop(cell: Any, x: np.ndarray, d_outputs: np.ndarray) -> Callable:
    """The readable loop."""

    def run() -> object:
        _, final, backward = loop_forward(cell, x, cell.zero_state(x.shape[1]))
        return backward(d_outputs, 0 * final if isinstance(final, np.ndarray) else cell.zero_state(x.shape[1]))

    return run


def through_torch(cell: Any, x: np.ndarray, d_outputs: np.ndarray) -> Callable:
    """The same cell on tensors, differentiated by autograd, as the training loop of the course does."""
    cell, inputs, d_outputs = to((cell, x, d_outputs), "torch")
    for leaf in leaves((cell, inputs)):
        leaf.requires_grad_()

    def run() -> object:
        outputs, _ = dynamic_rnn(cell, inputs, time_major=True)
        return torch.autograd.grad(outputs, leaves((cell, inputs)), d_outputs)

    return run


def module(kind: type, x: np.ndarray, d_outputs: np.ndarray, widths: tuple[int, ...]) -> Callable:
    """Modules of Torch on top of each other, and autograd."""
    layers = [kind(below, width) for below, width in pairwise(widths)]
    inputs, d_outputs = torch.tensor(x, requires_grad=True), torch.tensor(d_outputs)
    watched = [inputs, *(parameter for layer in layers for parameter in layer.parameters())]

    def run() -> object:
        outputs = inputs
        for layer in layers:
            outputs, _ = layer(outputs)
        return torch.autograd.grad(outputs, watched, d_outputs)

    return run


def lstm(seconds: float, quick: bool) -> dict[str, dict[str, Spread]]:
    """The seven sizes, beside all peers."""
    found = {}
    for name, (batch, time, inputs, hidden) in SIZES.items():
        cell = LSTMCell.init(inputs, hidden, rng=np.random.default_rng(1))
        arguments = *cell[:2], *data(batch, time, inputs, hidden)
        x, d_outputs = arguments[2:]
        functions = {
            TORCH: module(torch.nn.LSTM, x, d_outputs, (inputs, hidden)),
            OURS: ours(cell, x, d_outputs),
            FUSED: through_torch(cell, x, d_outputs),
            "readable loop": our_loop(cell, x, d_outputs),
            "naive NumPy": peers.naive(*arguments),
            "our calls alone": peers.calls(cell, x, d_outputs),
            "the products alone": peers.floor(*arguments),
        }
        if not quick:
            functions["gate by gate"] = peers.gate_by_gate(*arguments)
            if (jax := peers.jax_scan(*arguments)) is not None:
                functions["JAX scan"] = jax
        found[name] = interleaved(functions, seconds)
    return found


def others(seconds: float) -> dict[str, dict[str, Spread]]:
    """GRU, RNN, the stack of the article, and a ragged batch."""
    rng, found = np.random.default_rng(1), {}
    batch, time, inputs, hidden = SIZES["rows of MNIST"]
    x, d_outputs = data(batch, time, inputs, hidden)
    cells = {
        "GRU, reset after": (GRUCell.init(inputs, hidden, rng=rng, reset_after=True), torch.nn.GRU),
        "GRU, reset before": (GRUCell.init(inputs, hidden, rng=rng), torch.nn.GRU),
        "BasicRNN": (BasicRNNCell.init(inputs, hidden, rng=rng), torch.nn.RNN),
    }
    for name, (cell, kind) in cells.items():
        functions = {
            TORCH: module(kind, x, d_outputs, (inputs, hidden)),
            OURS: ours(cell, x, d_outputs),
            "readable loop": our_loop(cell, x, d_outputs),
        }
        found[name] = interleaved(functions, seconds)
    layers = pairwise(WIDTHS)
    stack = MultiRNNCell(tuple(LSTMCell.init(below, width, rng=rng) for below, width in layers))
    deep_x, deep_d = data(10, 28, WIDTHS[0], WIDTHS[-1])
    functions = {
        TORCH: module(torch.nn.LSTM, deep_x, deep_d, WIDTHS),
        OURS: ours(stack, deep_x, deep_d),
        FUSED: through_torch(stack, deep_x, deep_d),
        "readable loop": our_loop(stack, deep_x, deep_d),
    }
    found["stack 100/400/300"] = interleaved(functions, seconds)
    lstm_cell, lengths = LSTMCell.init(inputs, hidden, rng=rng), rng.integers(1, time + 1, batch)
    ragged = {TORCH: packed(x, d_outputs, lengths, hidden), OURS: ours(lstm_cell, x, d_outputs, lengths)}
    found["ragged rows"] = interleaved(ragged, seconds)
    return found


def packed(x: np.ndarray, d_outputs: np.ndarray, lengths: np.ndarray, hidden: int) -> Callable:
    """`torch.nn.LSTM` on a packed batch."""
    layer, inputs = torch.nn.LSTM(x.shape[2], hidden), torch.tensor(x, requires_grad=True)
    d_outputs = torch.tensor(d_outputs)[: lengths.max()]
    watched = [inputs, *layer.parameters()]

    def run() -> object:
        pack = torch.nn.utils.rnn.pack_padded_sequence(inputs, torch.tensor(lengths), enforce_sorted=False)
        outputs, _ = torch.nn.utils.rnn.pad_packed_sequence(layer(pack)[0])
        return torch.autograd.grad(outputs, watched, d_outputs)

    return run
