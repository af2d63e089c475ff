"""Dropout around a cell: numbers are set to 0 at random while training, so that no unit relies on another alone.

A cell is a value without hidden memory, so the masks are a pure function of where they are used: the wrapper holds a
seed, its state carries the number of each row and of its next step, and a hash of (seed, place, row, step, column) says
whether a number is kept. A sequence that is cut and carried on, a row by itself, a second evaluation for a gradient
check, and Torch on any device all see the same masks.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from rnn_course.arrays import Array, array_namespace, device, zeros, zeros_like
from rnn_course.cells import LSTMStateTuple
from rnn_course.init import check_rng
from rnn_course.shape_types import Bool, Float
from rnn_course.tree import Tree, leaves, rebuild
from rnn_course.wrappers import PackedState, expect_fit

INPUT, OUTPUT, STATE = 0, 1, 2  # the places that have masks of their own; further parts of a state follow
BITS = 0xFFFFFFFF


class DropoutState(NamedTuple):
    """The state of a `DropoutWrapper`: that of its cell, and which masks come next.

    To begin with a state of the cell: `wrapper.zero_state(batch_size)._replace(cell=state)`.
    """

    cell: Any
    row: Float[Array, "batch 1"]  # the number of the row in its batch: each row has its own masks
    step: Float[Array, "batch 1"]  # how many steps the row has taken; whole numbers, in the type of the weights


class DropoutWrapper(NamedTuple):
    """`cell` with dropout on its input, its output and its state, for training (Zaremba et al. 2014).

    Each number is kept with probability `keep_prob` and divided by it, else set to 0, so that its mean stays what it
    is; `keep_prob=1` changes nothing at all. Dropout of the output never touches the state. Dropout of the state acts
    on the new state as it is handed on, on h alone in an LSTM, never on its memory c, as in TensorFlow 1.

    With `variational=True` all steps of a row share one mask (Gal & Ghahramani 2016); TensorFlow 1 shares it among the
    rows of a batch too. For each batch take new masks with `redraw_dropout`, as `train` does. For inference, without
    dropout, the cell is `wrapper.cell`; `without_dropout(model)` puts it in place everywhere, as `accuracy` does.
    """

    cell: Any
    seed: int
    input_keep_prob: float | int = 1.0
    output_keep_prob: float | int = 1.0
    state_keep_prob: float | int = 1.0
    variational: bool = False

    @classmethod
    def init(
        cls,
        cell: Any,
        *,
        rng: np.random.Generator,
        input_keep_prob: float | int = 1.0,
        output_keep_prob: float | int = 1.0,
        state_keep_prob: float | int = 1.0,
        variational: bool = False,
    ) -> "DropoutWrapper":
        """Draw the seed of the masks from `rng`. Raises ValueError for a probability outside 0 < keep_prob ≤ 1."""
        wrapper = cls(cell, draw_seed(rng), input_keep_prob, output_keep_prob, state_keep_prob, variational)
        wrapper.check()
        keep_input, keep_output, keep_state = map(float, wrapper[2:5])  # a NumPy number would count as a weight
        return cls(cell, wrapper.seed, keep_input, keep_output, keep_state, variational)

    def check(self) -> None:
        """Raise ValueError for a probability outside 0 < keep_prob ≤ 1, or where c cannot be told apart from h."""
        for name in ("input_keep_prob", "output_keep_prob", "state_keep_prob"):
            value = getattr(self, name)
            if not isinstance(value, int | float | np.number) or not 0 < value <= 1:
                raise ValueError(
                    f"{name}: expected a number above 0 and up to 1, the probability to keep, got {value!r}"
                )
        if self.state_keep_prob != 1 and _contains(self.cell, PackedState):
            raise ValueError(
                "state_keep_prob: the memory c of an LSTM cannot be left alone in a packed state; wrap the other way "
                "round, PackedState(DropoutWrapper(cell))"
            )

    @property
    def input_size(self) -> int:
        """The input size of the cell."""
        return self.cell.input_size

    @property
    def state_size(self) -> DropoutState:
        """The state size of the cell, and one column each for row and step."""
        return DropoutState(cell=self.cell.state_size, row=1, step=1)

    @property
    def output_size(self) -> int:
        """The output size of the cell."""
        return self.cell.output_size

    def zero_state(self, batch_size: int) -> DropoutState:
        """The zero state of the cell, the rows numbered from 0, before step 0."""
        state = self.cell.zero_state(batch_size)
        like = leaves(state)[0]
        rows = array_namespace(like).arange(batch_size, dtype=like.dtype, device=device(like))[:, None]
        return DropoutState(cell=state, row=rows, step=zeros((batch_size, 1), like=like))

    def __call__(self, x: Float[Array, "batch input"], state: DropoutState) -> tuple[Array, DropoutState]:
        """One step: output, new state. Raises ShapeError if x or the state does not fit the cell."""
        expect_fit(self, x, state)
        return self.forward(x, state)[:2]

    def forward(self, x: Float[Array, "batch input"], state: DropoutState) -> tuple[Array, DropoutState, Callable]:
        """One step and its backward. For given masks dropout is linear: values and gradients meet the same function."""
        self.check()

        def drop(values: Array, keep_prob: float | int, place: int) -> Array:
            if keep_prob == 1:
                return values
            step = zeros_like(state.step) if self.variational else state.step
            kept = keep_mask(keep_prob, values.shape[1], self.seed, place, state.row, step)
            scaled = values / float(keep_prob)  # a NumPy float would widen float32 numbers
            return array_namespace(values).where(kept, scaled, zeros_like(values))

        def drop_input(values: Array) -> Array:
            return drop(values, self.input_keep_prob, INPUT)

        def drop_output(values: Array) -> Array:
            return drop(values, self.output_keep_prob, OUTPUT)

        def drop_state(tree: Tree) -> Tree:
            places = iter(range(STATE, STATE + len(leaves(tree))))
            return _map_droppable(lambda values: drop(values, self.state_keep_prob, next(places)), tree)

        output, new_state, cell_backward = self.cell.forward(drop_input(x), state.cell)

        def backward(d_output: Array, d_new_state: DropoutState) -> tuple[DropoutWrapper, Array, DropoutState]:
            d_cell, d_x, d_state = cell_backward(drop_output(d_output), drop_state(d_new_state.cell))
            d_old = DropoutState(cell=d_state, row=d_new_state.row, step=d_new_state.step)
            return self._replace(cell=d_cell), drop_input(d_x), d_old

        return drop_output(output), DropoutState(drop_state(new_state), state.row, state.step + 1), backward


def keep_mask(
    keep_prob: float | int,
    width: int,
    seed: int,
    place: int,
    row: Float[Array, "batch 1"],
    step: Float[Array, "batch 1"],
) -> Bool[Array, "batch width"]:
    """Which numbers of `[batch, width]` to keep: the same for the same arguments, on every library and device."""
    xp = array_namespace(row)
    rows, steps = (xp.astype(xp.round(number), xp.int64) for number in (row, step))
    columns = xp.arange(width, dtype=xp.int64, device=device(row))[None, :]
    bits: Any = 0
    for key in (seed, place, rows, steps, columns):
        bits = _scramble((bits + key + 0x9E3779B9) & BITS)
    return bits < round(keep_prob * 2**32)


def redraw_dropout(model: Tree, rng: np.random.Generator | None) -> Tree:
    """The same model with new masks in each of its `DropoutWrapper`s: `train` calls it once for every batch.

    Raises TypeError without an rng, if there is a wrapper.
    """
    return _replace_wrappers(model, lambda wrapper: wrapper._replace(seed=draw_seed(rng)))


def without_dropout(model: Tree) -> Tree:
    """The same model with the cell itself in the place of each `DropoutWrapper`, for inference."""
    return _replace_wrappers(model, lambda wrapper: wrapper.cell)


def draw_seed(rng: np.random.Generator | None) -> int:
    """A seed for the masks of one wrapper."""
    return int(check_rng(rng).integers(2**32))


def _scramble(bits: Any) -> Any:
    """Mix 32 bits so that each depends on all (Mueller's hash); products stay below 2^63 in 64-bit integers."""
    bits = ((bits >> 16) ^ bits) * 0x45D9F3B & BITS
    bits = ((bits >> 16) ^ bits) * 0x45D9F3B & BITS
    return (bits >> 16) ^ bits


def _map_droppable(function: Callable[[Array], Array], state: Tree) -> Tree:
    """Apply `function` to the arrays of a state that dropout may touch: not to c of an LSTM, nor to row and step."""
    if isinstance(state, LSTMStateTuple):
        return state._replace(h=function(state.h))
    if isinstance(state, DropoutState):
        return state._replace(cell=_map_droppable(function, state.cell))
    if isinstance(state, tuple):
        return rebuild(state, [_map_droppable(function, branch) for branch in state])
    return function(state)


def _replace_wrappers(tree: Tree, function: Callable[[DropoutWrapper], Any]) -> Tree:
    if not _contains(tree, DropoutWrapper):
        return tree
    tree = rebuild(tree, [_replace_wrappers(branch, function) for branch in tree])
    return function(tree) if isinstance(tree, DropoutWrapper) else tree


def _contains(tree: Tree, kind: type) -> bool:
    return isinstance(tree, kind) or (isinstance(tree, tuple) and any(_contains(branch, kind) for branch in tree))
