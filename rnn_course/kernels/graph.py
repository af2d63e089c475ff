"""A function with a backward of its own as one node of Torch's graph. This file imports torch."""

from collections.abc import Callable
from typing import Any

import torch
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from rnn_course.tree import Tree, leaves, with_leaves


class _Node(Function):
    @staticmethod
    def forward(ctx: Any, backward: Callable, results: Tree, *watched: torch.Tensor) -> tuple[torch.Tensor, ...]:
        ctx.own_backward, ctx.structure = backward, results
        return tuple(leaf.detach() for leaf in leaves(results))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple:
        return None, None, *leaves(ctx.own_backward(with_leaves(ctx.structure, list(gradients))))


def joined(arguments: Tree, results: Tree, backward: Callable[[Tree], Tree]) -> Tree:
    """The results, as what autograd knows to come from the arguments: `backward(d_results) -> d_arguments`."""
    return with_leaves(results, list(_Node.apply(backward, results, *leaves(arguments))))  # type: ignore[arg-type]
