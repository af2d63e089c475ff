"""Whole sequences on Torch: oneDNN's and cuDNN's kernels behind `torch.nn.LSTM`, `GRU` and `RNN`, with our weights.

Autograd sees through them. A ragged batch is packed: rows sorted, longest first, rows of length 0 left out. On CUDA the
weights lie in one piece of memory, as cuDNN wants them, and autocast is left to Torch. The kernels have no second
derivative on every device; `unroll` has.

This file imports torch, and is imported only for tensors.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch.autograd import Function

from rnn_course.arrays import autocasts
from rnn_course.tree import leaves, tree_map, with_leaves

Tensor = torch.Tensor


class LSTMWeights(Function):
    """kernel `[input + hidden, 4*hidden]` and bias to Torch's w_ih, w_hh and b_ih: one node of the graph.

    Torch's order of the gates is i, f, j, o, so that j and f change places; they do so after the transposition, for a
    copy of a whole transposed matrix takes half the time of copies of its parts.
    """

    @staticmethod
    def forward(ctx: Any, kernel: Tensor, bias: Tensor, input_size: int) -> tuple[Tensor, Tensor, Tensor]:
        """`[4*hidden, input]`, `[4*hidden, hidden]` and `[4*hidden]`."""
        parts = kernel[:input_size].T, kernel[input_size:].T
        w_ih, w_hh = (part.clone(memory_format=torch.contiguous_format) for part in parts)
        return _swapped(w_ih), _swapped(w_hh), _swapped(bias.clone())

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        """The way back; the gradient of the kernel is left transposed in memory."""
        d_w_ih, d_w_hh, d_b_ih = gradients
        return _swapped(torch.cat([d_w_ih, d_w_hh], 1)).T, _swapped(d_b_ih.clone()), None


def _swapped(own: Tensor) -> Tensor:
    """The same array with the second and the third quarter of its rows in each other's place."""
    quarter = len(own) // 4
    second, third = own[quarter : 2 * quarter], own[2 * quarter : 3 * quarter]
    aside = second.clone()
    second.copy_(third)
    third.copy_(aside)
    return own


def kernel_for(cell: Any, inputs: Tensor, arrays: tuple[Tensor, ...]) -> Callable | None:
    """The kernel of Torch that computes this cell on this device, or None: `kernel(cell, x, h, sizes, train)`."""
    kind = type(cell).__name__
    kernel = {"LSTMCell": _lstm, "GRUCell": _gru, "BasicRNNCell": _rnn}.get(kind)
    if kind == "GRUCell" and not cell.reset_after:
        return None
    if kind == "BasicRNNCell" and cell.activation not in ("tanh", "relu"):
        return None
    autocast = autocasts(inputs)
    if inputs.device.type not in ("cpu", "cuda") or (autocast and inputs.device.type == "cpu"):
        return None
    if torch._C._are_functorch_transforms_active():  # torch.func.grad, vmap: they go through the loop
        return None
    kinds = {(leaf.dtype, leaf.device) for leaf in (inputs, *arrays)}
    return kernel if len(kinds) == 1 or autocast else None


def scan(kernel: Callable, cell: Any, inputs: Tensor, state: Any, lengths: Tensor | None) -> tuple[Tensor, Any]:
    """The outputs and the final state, through which autograd differentiates."""
    if lengths is None:
        return kernel(cell, inputs, state, None)
    time, batch, _ = inputs.shape
    in_order, order = torch.sort(lengths, descending=True, stable=True)
    alive = order[: int((in_order > 0).sum())]
    sorted_inputs = inputs.index_select(1, alive)
    data, sizes = torch._VF._pack_padded_sequence(sorted_inputs, in_order[: len(alive)].cpu(), False)  # type: ignore
    packed, final = kernel(cell, data, tree_map(lambda leaf: leaf[alive], state), sizes)
    padded, _ = torch._VF._pad_packed_sequence(packed, sizes, False, 0.0, time)  # type: ignore
    outputs = padded.new_zeros(time, batch, padded.shape[2]).index_copy(1, alive, padded)
    return outputs, tree_map(lambda old, new: old.index_copy(0, alive, new.to(old.dtype)), state, final)


def scan_forward(
    kernel: Callable, cell: Any, inputs: Tensor, state: Any, lengths: Tensor | None
) -> tuple[Tensor, Any, Callable]:
    """`scan`, and backward, which asks autograd.

    Where the caller differentiates too, the results belong to the caller's graph, and backward runs the sequence again
    on a graph of its own.
    """
    arguments = cell, inputs, state

    def own_graph() -> tuple[Any, Any]:
        with torch.inference_mode(False), torch.enable_grad():
            watched = tree_map(_leaf, arguments)
            return watched, scan(kernel, watched[0], watched[1], watched[2], lengths)

    if torch.is_grad_enabled() and any(leaf.requires_grad for leaf in leaves(arguments)):
        graph, (outputs, final) = None, scan(kernel, cell, inputs, state, lengths)
    else:
        graph = own_graph()
        outputs, final = tree_map(lambda leaf: leaf.detach(), graph[1])

    def backward(d_outputs: Tensor, d_final: Any) -> tuple[Any, Tensor, Any]:
        watched, found = own_graph() if graph is None else graph
        d_found = [d_outputs, *leaves(d_final)]
        gradients = torch.autograd.grad(leaves(found), leaves(watched), d_found, retain_graph=True)
        return with_leaves(arguments, list(gradients))

    return outputs, final, backward


def _leaf(tensor: Tensor) -> Tensor:
    """The same numbers as the beginning of a graph."""
    alone = tensor.detach()
    return (alone.clone() if alone.is_inference() else alone).requires_grad_()


def _run(function: Any, x: Tensor, h: Any, weights: list[Tensor], sizes: Tensor | None) -> tuple:
    """One layer, one direction: packed where there are sizes."""
    if x.is_cuda:
        weights = _in_one_piece(weights)
    train = torch.is_grad_enabled()
    if sizes is None:
        return function(x, h, weights, True, 1, 0.0, train, False, False)
    return function(x, sizes, h, weights, True, 1, 0.0, train, False)


def _lstm(cell: Any, x: Tensor, state: Any, sizes: Tensor | None) -> tuple[Tensor, Any]:
    w_ih, w_hh, b_ih = LSTMWeights.apply(cell.kernel, cell.bias, x.shape[-1])  # type: ignore[misc]
    weights = [w_ih, w_hh, b_ih, torch.zeros_like(cell.bias)]
    begin = state.h[None], state.c[None]
    outputs, h, c = _run(torch._VF.lstm, x, begin, weights, sizes)  # type: ignore[attr-defined]
    return outputs, type(state)(c=c[0], h=h[0])


def _gru(cell: Any, x: Tensor, state: Tensor, sizes: Tensor | None) -> tuple[Tensor, Tensor]:
    inputs, recurrent = x.shape[-1], cell.candidate_recurrent_bias
    kernel = torch.cat([cell.gates_kernel, cell.candidate_kernel], dim=1).T  # r, z, n as in Torch
    no_bias = torch.zeros_like(cell.gates_bias)
    b_hh = torch.cat([no_bias, no_bias[: len(cell.candidate_bias)] if recurrent is None else recurrent])
    weights = [kernel[:, :inputs], kernel[:, inputs:], torch.cat([cell.gates_bias, cell.candidate_bias]), b_hh]
    outputs, h = _run(torch._VF.gru, x, state[None], weights, sizes)  # type: ignore[attr-defined]
    return outputs, h[0]


def _rnn(cell: Any, x: Tensor, state: Tensor, sizes: Tensor | None) -> tuple[Tensor, Tensor]:
    inputs = x.shape[-1]
    weights = [cell.kernel[:inputs].T, cell.kernel[inputs:].T, cell.bias, torch.zeros_like(cell.bias)]
    function = torch._VF.rnn_tanh if cell.activation == "tanh" else torch._VF.rnn_relu  # type: ignore[attr-defined]
    outputs, h = _run(function, x, state[None], weights, sizes)
    return outputs, h[0]


def _in_one_piece(weights: list[Tensor]) -> list[Tensor]:
    flat = torch.cat([w.reshape(-1) for w in weights])
    return [piece.view(w.shape) for piece, w in zip(flat.split([w.numel() for w in weights]), weights, strict=True)]
