"""Cells on top of cells: a stack of cells is a cell."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from rnn_course.arrays import Array
from rnn_course.loop import scan, scan_forward
from rnn_course.shape_types import Float
from rnn_course.shapes import expect_state


class _Layers(NamedTuple):
    cells: tuple[Any, ...]
    share_weights: bool


class MultiRNNCell(_Layers):
    """Cells on top of cells: the output of each is the x of the next. A stack of cells is a cell.

    Its state is a tuple with one state a layer, bottom first; there is no layer axis, for the widths may differ.

    `[cell] * n` is one cell n times, not n cells: TensorFlow 1 shares its weights silently where the sizes allow it. A
    ValueError refuses that here, unless `share_weights=True` says that it is meant. Gradients are one a layer as ever,
    and their sum is the gradient of the shared weights; an optimiser's step or `to` gives every layer weights of its
    own, so train the one cell and build the stack from it. A stack without layers is a ValueError too.
    """

    __slots__ = ()

    def __new__(cls, cells: Iterable[Any], share_weights: bool = False) -> "MultiRNNCell":
        """Check the layers before the stack is made; any sequence of cells will do."""
        cells = tuple(cells)
        if not cells:
            raise ValueError("cells: expected at least one cell, got none: a stack has at least one layer")
        first_use: dict[int, int] = {}
        for layer, cell in enumerate(cells):
            first = first_use.setdefault(id(_innermost(cell)), layer)
            if first != layer and not share_weights:
                raise ValueError(
                    f"cells: layers {first} and {layer} are the same {type(_innermost(cell)).__name__}, so they would "
                    "share one set of weights. Likely cause: [cell] * n, which is one cell n times; make a cell for "
                    "each layer, or pass share_weights=True if sharing is meant"
                )
        return super().__new__(cls, cells, share_weights)

    @property
    def input_size(self) -> int:
        """The input size of the bottom layer."""
        return self.cells[0].input_size

    @property
    def state_size(self) -> tuple:
        """The state sizes of the layers, bottom first."""
        return tuple(cell.state_size for cell in self.cells)

    @property
    def output_size(self) -> int:
        """The output size of the top layer."""
        return self.cells[-1].output_size

    def zero_state(self, batch_size: int) -> tuple:
        """The zero states of the layers, bottom first."""
        return tuple(cell.zero_state(batch_size) for cell in self.cells)

    def __call__(self, x: Float[Array, "batch input"], state: tuple) -> tuple[Array, tuple]:
        """One step of every layer: the output of the top one, and all new states. Raises ShapeError as the cells do."""
        expect_state("state", state, self.state_size, x.shape[0])
        new_states = []
        for cell, layer_state in zip(self.cells, state, strict=True):
            x, new_state = cell(x, layer_state)
            new_states.append(new_state)
        return x, tuple(new_states)

    def forward(self, x: Float[Array, "batch input"], state: tuple) -> tuple[Array, tuple, Callable]:
        """One step of every layer, and its backward from the top layer down."""
        new_states, backwards = [], []
        for cell, layer_state in zip(self.cells, state, strict=True):
            x, new_state, cell_backward = cell.forward(x, layer_state)
            new_states.append(new_state)
            backwards.append(cell_backward)
        return x, tuple(new_states), self._downwards(backwards)

    def scan(self, inputs: Float[Array, "time batch input"], state: tuple, lengths: Any = None) -> tuple[Array, tuple]:
        """A whole sequence: outputs, final states. Layer by layer, each over all steps, and each as fast as it can."""
        finals = []
        for cell, layer_state in zip(self.cells, state, strict=True):
            inputs, final = scan(cell, inputs, layer_state, lengths)
            finals.append(final)
        return inputs, tuple(finals)

    def scan_forward(
        self, inputs: Float[Array, "time batch input"], state: tuple, lengths: Any = None
    ) -> tuple[Array, tuple, Callable]:
        """`scan`, and backward: (d_outputs, d_final_states) -> d_stack, d_inputs, d_states."""
        finals, backwards = [], []
        for cell, layer_state in zip(self.cells, state, strict=True):
            inputs, final, layer_backward = scan_forward(cell, inputs, layer_state, lengths)
            finals.append(final)
            backwards.append(layer_backward)
        return inputs, tuple(finals), self._downwards(backwards)

    def _downwards(self, backwards: list[Callable]) -> Callable:
        """The backward of the stack, of one step or of all: from the top layer down."""

        def backward(d_x: Array, d_new_states: tuple) -> tuple[MultiRNNCell, Array, tuple]:
            d_cells, d_states = [], []
            for layer_backward, d_new_state in zip(reversed(backwards), reversed(d_new_states), strict=True):
                d_cell, d_x, d_state = layer_backward(d_x, d_new_state)
                d_cells.append(d_cell)
                d_states.append(d_state)
            return self._replace(cells=tuple(reversed(d_cells))), d_x, tuple(reversed(d_states))

        return backward


def _innermost(cell: Any) -> Any:
    """The cell inside the wrappers: two wrappers around one cell share its weights too."""
    while hasattr(cell, "cell"):
        cell = cell.cell
    return cell
