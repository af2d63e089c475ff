"""Cells around cells: a wrapper changes what a cell does with its inputs, outputs or states, and is a cell itself.

Every wrapper keeps the contract of a cell, and the gradient of a wrapper is a wrapper of the same type around the
gradient of its cell, so that `tree_map` goes over a wrapper and its gradient side by side. `DropoutWrapper` has a file
of its own, dropout_wrapper.py.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from rnn_course.arrays import Array, array_namespace, zeros_like
from rnn_course.shape_types import Bool, Float
from rnn_course.shapes import ShapeError, expect_shape, expect_state, expect_step_of_one_kind
from rnn_course.tree import Tree, leaves, rebuild, tree_map


class Masked(NamedTuple):
    """`cell` for one step of a batch, but a row that is not `alive` outputs exactly 0 and keeps its state.

    The cell sees x = 0 in such a row, so that nothing that stands in the padding, not even NaN, can reach a result or a
    gradient. `unroll` puts it around the cell of each step, and takes it off the gradient.
    """

    cell: Any
    alive: Bool[Array, "batch 1"]

    @property
    def input_size(self) -> int:
        """The input size of the cell."""
        return self.cell.input_size

    @property
    def state_size(self) -> Any:
        """The state size of the cell."""
        return self.cell.state_size

    @property
    def output_size(self) -> int:
        """The output size of the cell."""
        return self.cell.output_size

    def zero_state(self, batch_size: int) -> Any:
        """The zero state of the cell."""
        return self.cell.zero_state(batch_size)

    def __call__(self, x: Float[Array, "batch input"], state: Any) -> tuple[Array, Any]:
        """One step: output, new state. Raises ShapeError if x or the state does not fit the cell."""
        expect_fit(self, x, state)
        return self.forward(x, state)[:2]

    def forward(self, x: Float[Array, "batch input"], state: Any) -> tuple[Array, Any, Callable]:
        """One step, and its backward: (d_output, d_new_state) -> d_masked, d_x, d_state.

        A dead row passes the gradient of its new state straight on to its old state, and nothing to anything else.
        """
        where = array_namespace(x).where

        def only_alive(tree: Tree) -> Tree:
            return tree_map(lambda leaf: where(self.alive, leaf, zeros_like(leaf)), tree)

        output, new_state, cell_backward = self.cell.forward(only_alive(x), state)

        def backward(d_output: Array, d_new_state: Any) -> tuple[Masked, Array, Any]:
            d_cell, d_x, d_state = cell_backward(only_alive(d_output), only_alive(d_new_state))
            d_old = tree_map(lambda d, kept: where(self.alive, d, kept), d_state, d_new_state)
            return Masked(cell=d_cell, alive=zeros_like(self.alive)), only_alive(d_x), d_old

        kept = tree_map(lambda new, old: where(self.alive, new, old), new_state, state)
        return only_alive(output), kept, backward


class _Around(NamedTuple):
    """What wrappers with nothing but a cell have in common: they are the cell, unless they say otherwise."""

    cell: Any

    @property
    def input_size(self) -> int:
        """The input size of the cell."""
        return self.cell.input_size

    @property
    def state_size(self) -> Any:
        """The state size of the cell."""
        return self.cell.state_size

    @property
    def output_size(self) -> int:
        """The output size of the cell."""
        return self.cell.output_size

    def zero_state(self, batch_size: int) -> Any:
        """The zero state of the cell."""
        return self.cell.zero_state(batch_size)

    def __call__(self, x: Float[Array, "batch input"], state: Any) -> tuple[Array, Any]:
        """One step: output, new state. Raises ShapeError if x or the state does not fit the cell."""
        expect_fit(self, x, state)
        return self.forward(x, state)[:2]

    def forward(self, x: Float[Array, "batch input"], state: Any) -> tuple[Array, Any, Callable]:
        """One step, and its backward."""
        return self.cell.forward(x, state)


class ResidualWrapper(_Around):
    """output = cell's output + x, so that a deep stack is easier to train (He et al. 2015; Wu et al. 2016).

    The output of the cell must be as wide as its input. Past the end of a row `dynamic_rnn` still gives 0, not x.
    """

    __slots__ = ()

    def forward(self, x: Float[Array, "batch input"], state: Any) -> tuple[Array, Any, Callable]:
        """One step, and its backward: d_output goes through the cell, and past it to x.

        Raises ShapeError if the output of the cell is not as wide as x.
        """
        if x.shape[1] != self.output_size:
            raise ShapeError(
                f"ResidualWrapper: expected output={x.shape[1]}, the size of x, to which the output is added, got a "
                f"cell with output={self.output_size}; make the cell with {x.shape[1]} units, or project x first"
            )
        output, new_state, cell_backward = self.cell.forward(x, state)

        def backward(d_output: Array, d_new_state: Any) -> tuple[ResidualWrapper, Array, Any]:
            d_cell, d_x, d_state = cell_backward(d_output, d_new_state)
            return ResidualWrapper(d_cell), d_x + d_output, d_state

        return output + x, new_state, backward


class PackedState(_Around):
    """`cell` with its state as one array: the parts side by side, as TensorFlow 1 did with `state_is_tuple=False`.

    For an LSTM that is `[batch, c + h]`, c first; for a stack the states of all layers, bottom first. `pack_state` and
    `unpack_state` convert.
    """

    __slots__ = ()

    @property
    def state_size(self) -> int:
        """The widths of all parts of the cell's state together."""
        return total_size(self.cell.state_size)

    def zero_state(self, batch_size: int) -> Float[Array, "batch state"]:
        """The zero state of the cell, packed."""
        return pack_state(self.cell.zero_state(batch_size))

    def forward(
        self, x: Float[Array, "batch input"], state: Float[Array, "batch state"]
    ) -> tuple[Array, Array, Callable]:
        """One step, and its backward; the gradient of a packed state is the packed gradient of the state."""
        sizes = self.cell.state_size
        output, new_state, cell_backward = self.cell.forward(x, unpack_state(state, sizes))

        def backward(d_output: Array, d_new_state: Array) -> tuple[PackedState, Array, Array]:
            d_cell, d_x, d_state = cell_backward(d_output, unpack_state(d_new_state, sizes))
            return PackedState(d_cell), d_x, pack_state(d_state)

        return output, pack_state(new_state), backward


def pack_state(state: Tree) -> Float[Array, "batch state"]:
    """All arrays of a state side by side: `LSTMStateTuple(c, h)` becomes `[batch, c + h]`."""
    parts = leaves(state)
    if not parts:
        raise ShapeError(f"state: expected an array or a tuple of arrays, got a {type(state).__name__} without arrays")
    return array_namespace(parts[0]).concat(parts, axis=1)


def unpack_state(packed: Float[Array, "batch state"], state_size: Any) -> Tree:
    """The state of a cell with that `state_size`, cut out of one array: the inverse of `pack_state`.

    Raises ShapeError if the array is not as wide as all parts together.
    """
    expect_shape("packed", packed, "batch state", state=total_size(state_size))
    return _cut(packed, state_size, 0)


def total_size(state_size: Any) -> int:
    """The sum of all numbers in a tree of sizes: the width of the packed state."""
    return sum(map(total_size, state_size)) if isinstance(state_size, tuple) else state_size


def _cut(packed: Array, sizes: Any, start: int) -> Tree:
    if not isinstance(sizes, tuple):
        return packed[:, start : start + sizes]
    parts = []
    for size in sizes:
        parts.append(_cut(packed, size, start))
        start += total_size(size)
    return rebuild(sizes, parts)


def expect_fit(cell: Any, x: Array, state: Any) -> None:
    """Check that x and the state fit a cell; a cell that does not know its input size takes any."""
    input_size = getattr(cell, "input_size", None)
    batch = expect_shape("x", x, "batch input", **({} if input_size is None else {"input": input_size}))["batch"]
    expect_state("state", state, cell.state_size, batch)
    expect_step_of_one_kind(cell, x, state)
