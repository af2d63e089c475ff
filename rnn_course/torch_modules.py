"""Any cell, layer or model of the course as a `torch.nn.Module`: for Torch's optimisers, `state_dict` and `.to(…)`.

This file imports torch, and `rnn_course` does not import this file: `from rnn_course.torch_modules import AsModule`.
"""

from collections.abc import Iterator
from typing import Any

import torch

from rnn_course.arrays import from_numpy, is_torch_array
from rnn_course.rnn import dynamic_rnn
from rnn_course.tree import Tree, is_array, named_leaves, tree_map, with_leaves


class AsModule(torch.nn.Module):
    """`thing` as a module whose parameters are its arrays, under their names in the tree: `cells.0.kernel`.

    A cell runs over whole sequences, `module(inputs, …) = dynamic_rnn(cell, inputs, …)`; a layer or a model is called,
    `module(x) = layer(x)`. `module.tree` is the thing made of the current parameters, with the graph behind it, so that
    everything else of the course goes on working; `to(module.tree, "numpy")` takes the trained weights out.

    Arrays are copied in with their dtype and device: weights as parameters, and as buffers what is no weight, running
    statistics and other kinds of numbers. Each place in the tree gets one of its own, even if one array stands in two
    places. What is not an array (the name of an activation, a number) stays as it is. A module answers as its thing
    does: batch norm by its running statistics, `Dropout` not at all; `fit` trains those. Raises TypeError for an array
    or a bare tuple, which cannot be called.
    """

    def __init__(self, thing: Tree) -> None:
        super().__init__()
        if is_array(thing) or not callable(thing):
            raise TypeError(f"AsModule: expected a cell, a layer or a model, got {type(thing).__name__}")
        self._paths = []
        statistics = set(_statistics(thing))
        for path, leaf in named_leaves(thing):
            self._paths.append(path)
            tensor = (leaf.detach() if is_torch_array(leaf) else from_numpy(leaf, backend="torch")).clone()
            node, name = self._node(path, create=True)
            if tensor.is_floating_point() and path not in statistics:
                node.register_parameter(name, torch.nn.Parameter(tensor))
            else:
                node.register_buffer(name, tensor)
        self._structure = tree_map(lambda _: torch.empty(0, device="meta"), thing)

    @property
    def tree(self) -> Tree:
        """The cell, layer or model, with the current parameters as its arrays."""
        return with_leaves(self._structure, [getattr(*self._node(path)) for path in self._paths])

    def forward(self, *arguments: Any, **options: Any) -> Any:
        """`dynamic_rnn(cell, inputs, …)` for a cell: outputs, final state; `thing(x)` for anything else."""
        thing = self.tree
        if hasattr(thing, "zero_state"):
            return dynamic_rnn(thing, *arguments, **options)
        return thing(*arguments, **options)

    def extra_repr(self) -> str:
        """The type of the thing, for `print(module)`."""
        return type(self._structure).__name__

    def _node(self, path: str, create: bool = False) -> tuple[torch.nn.Module, str]:
        """The submodule that holds the leaf at `path`, and the name of the leaf in it."""
        node: torch.nn.Module = self
        *branches, name = path.split(".")
        for branch in branches:
            if create and branch not in node._modules:
                node.add_module(branch, torch.nn.Module())
            node = node.get_submodule(branch)
        return node, name


def _statistics(tree: Tree, path: str = "") -> Iterator[str]:
    """The paths of the arrays that layers name in their `statistics`: they are no weights."""
    if isinstance(tree, tuple):
        yield from (path + name for name in getattr(tree, "statistics", ()))
        for name, branch in zip(getattr(tree, "_fields", range(len(tree))), tree, strict=True):
            yield from _statistics(branch, f"{path}{name}.")
