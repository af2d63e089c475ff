"""Cells around cells: a wrapper changes what a cell does with its inputs, outputs or states, and is a cell itself."""

from collections.abc import Callable
from typing import Any, NamedTuple

from jaxtyping import Bool

from rnn_course.arrays import Array, array_namespace
from rnn_course.tree import tree_map


class Masked(NamedTuple):
    """`cell`, but a row that is not `alive` outputs exactly 0 and keeps its state."""

    cell: Any
    alive: Bool[Array, "batch 1"]

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

    def __call__(self, x: Array, state: Any) -> tuple[Array, Any]:
        """One step: output, new state."""
        return self.forward(x, state)[:2]

    def forward(self, x: Array, state: Any) -> tuple[Array, Any, Callable]:
        """One step, and its backward: (d_output, d_new_state) -> d_cell (of the inner cell), d_x, d_state.

        A dead row passes the gradient of its new state straight on to its old state, and nothing to anything else.
        """
        where = array_namespace(x).where
        output, new_state, cell_backward = self.cell.forward(x, state)
        nothing = 0 * output

        def backward(d_output: Array, d_new_state: Any) -> tuple[Any, Array, Any]:
            d_cell, d_x, d_state = cell_backward(
                where(self.alive, d_output, 0 * d_output),
                tree_map(lambda d: where(self.alive, d, 0 * d), d_new_state),
            )
            d_old = tree_map(lambda d, kept: where(self.alive, d, kept), d_state, d_new_state)
            return d_cell, d_x, d_old

        kept = tree_map(lambda new, old: where(self.alive, new, old), new_state, state)
        return where(self.alive, output, nothing), kept, backward
