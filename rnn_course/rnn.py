"""A cell over time. `dynamic_rnn` runs it over whole sequences; its other door also goes back through time.

What they do is `loop`, in loop.py; a cell that can do a whole sequence faster, through `cell.scan`, is let do so.

Semantics are those of TensorFlow 1's `dynamic_rnn`: past a row's length the outputs are exactly 0 and the state is
copied through; a length of 0 is allowed.
"""

from collections.abc import Callable
from typing import Any, TypeGuard

from rnn_course.arrays import (
    Array,
    alike,
    array_namespace,
    grows_a_graph,
    integers,
    swap_batch_time,
    zeros_like,
)
from rnn_course.init import check_sizes
from rnn_course.loop import scan, scan_forward
from rnn_course.recompute import recompute
from rnn_course.shape_types import Float, Int
from rnn_course.shapes import ShapeError, expect_lengths, expect_same_kind, expect_shape, expect_state
from rnn_course.tree import leaves, named_leaves


def dynamic_rnn(
    cell: Any,
    inputs: Float[Array, "batch time input"],
    initial_state: Any = None,
    sequence_length: Int[Array, " rows"] | list[int] | None = None,
    time_major: bool = False,
    keep_every: int | None = None,
) -> tuple[Float[Array, "batch time output"], Any]:
    """Run `cell` over the time axis of `inputs`; return the outputs of all steps and the final state.

    inputs           `[batch, time, input]`, or `[time, batch, input]` with `time_major=True`; so are the outputs
    initial_state    the state before the first step; `cell.zero_state(batch)` if None
    sequence_length  how many steps of each row count, 0 … time; all if None
    keep_every       for the way back keep only the state before every k-th step, and run the steps between again: less
                     memory for long sequences, most at k ≈ √(time/5), and one more run forward (`rnn_course.recompute`
                     counts both); where nobody goes back it changes nothing

    As in TensorFlow 1, past the end of a row its outputs are 0 and its state is copied through, so `outputs[:, -1]` is
    the final output state only where no row is padded. Raises ShapeError for shapes that do not fit, TypeError for
    arrays of different libraries, dtypes or devices, and ValueError for lengths outside 0 … time.
    """
    steps, state, lengths = _prepare(cell, inputs, initial_state, sequence_length, time_major)
    if _in_chunks(keep_every, steps) and grows_a_graph(leaves((cell, steps, state))):
        outputs, state, _ = recompute(cell, steps, state, lengths, keep_every)
    else:
        outputs, state = scan(cell, steps, state, lengths)
    return outputs if time_major else swap_batch_time(outputs), state


def dynamic_rnn_forward(
    cell: Any,
    inputs: Float[Array, "batch time input"],
    initial_state: Any = None,
    sequence_length: Int[Array, " rows"] | list[int] | None = None,
    time_major: bool = False,
    keep_every: int | None = None,
) -> tuple[Float[Array, "batch time output"], Any, Callable]:
    """`dynamic_rnn`, and `backward(d_outputs, d_final_state) -> d_cell, d_inputs, d_initial_state` through time.

    Either gradient may be None, which stands for zeros.
    """
    steps, state, lengths = _prepare(cell, inputs, initial_state, sequence_length, time_major)
    if _in_chunks(keep_every, steps):
        outputs, final, scan_backward = recompute(cell, steps, state, lengths, keep_every)
    else:
        outputs, final, scan_backward = scan_forward(cell, steps, state, lengths)

    def backward(d_outputs: Array | None = None, d_final_state: Any = None) -> tuple[Any, Array, Any]:
        if d_outputs is None:
            d_outputs = zeros_like(outputs)
        elif not time_major:
            d_outputs = swap_batch_time(d_outputs)
        d_state = zeros_like(final) if d_final_state is None else d_final_state
        d_cell, d_inputs, d_initial = scan_backward(d_outputs, d_state)
        return d_cell, d_inputs if time_major else swap_batch_time(d_inputs), d_initial

    return outputs if time_major else swap_batch_time(outputs), final, backward


def static_rnn(
    cell: Any,
    inputs: list[Float[Array, "batch input"]] | tuple[Float[Array, "batch input"], ...],
    initial_state: Any = None,
    sequence_length: Int[Array, " rows"] | list[int] | None = None,
) -> tuple[list[Float[Array, "batch output"]], Any]:
    """`dynamic_rnn` for a list with one array `[batch, input]` a step; the outputs are a list too.

    In TensorFlow 1 this laid the whole loop out as a graph of that many copies; the numbers are the same. Raises
    ValueError for an empty list, ShapeError for arrays of different shapes, else what `dynamic_rnn` raises.
    """
    outputs, state = dynamic_rnn(cell, _stack_steps(inputs), initial_state, sequence_length, time_major=True)
    return _unstack_steps(outputs), state


def static_rnn_forward(
    cell: Any,
    inputs: list[Float[Array, "batch input"]] | tuple[Float[Array, "batch input"], ...],
    initial_state: Any = None,
    sequence_length: Int[Array, " rows"] | list[int] | None = None,
) -> tuple[list[Float[Array, "batch output"]], Any, Callable]:
    """`static_rnn`, and `backward(d_outputs, d_final_state) -> d_cell, d_inputs, d_initial_state`; lists for lists."""
    outputs, state, dynamic_backward = dynamic_rnn_forward(
        cell, _stack_steps(inputs), initial_state, sequence_length, time_major=True
    )

    def backward(d_outputs: list | tuple | None = None, d_final_state: Any = None) -> tuple[Any, list, Any]:
        d_stacked = None if d_outputs is None else array_namespace(outputs).stack(list(d_outputs), axis=0)
        d_cell, d_inputs, d_state = dynamic_backward(d_stacked, d_final_state)
        return d_cell, _unstack_steps(d_inputs), d_state

    return _unstack_steps(outputs), state, backward


def _stack_steps(inputs: Any) -> Float[Array, "time batch input"]:
    if not isinstance(inputs, list | tuple):
        raise TypeError(
            f"inputs: expected a list with one array [batch, input] a step, got {type(inputs).__name__}; for one array "
            "[batch, time, input] call dynamic_rnn"
        )
    if not inputs:
        raise ValueError("inputs: expected a list with at least one step, got an empty one")
    sizes = expect_shape("inputs[0]", inputs[0], "batch input")
    for t, x in enumerate(inputs):
        expect_shape(f"inputs[{t}]", x, "batch input", cause="the steps differ in shape", **sizes)
        expect_same_kind(f"inputs[{t}]", x, inputs[0], "inputs[0]")
    return array_namespace(inputs[0]).stack(list(inputs), axis=0)


def _unstack_steps(x: Array) -> list:
    return [x[t, ...] for t in range(x.shape[0])]


def _prepare(
    cell: Any, inputs: Array, initial_state: Any, sequence_length: Any, time_major: bool
) -> tuple[Array, Any, Array | None]:
    """Check everything that was handed in; return the inputs time-major, the state, and the lengths as integers."""
    sizes = expect_shape("inputs", inputs, "time batch input" if time_major else "batch time input")
    batch, time = sizes["batch"], sizes["time"]
    _expect_kind("cell", cell, inputs)
    state = cell.zero_state(batch) if initial_state is None else initial_state
    if initial_state is not None:
        _expect_initial_state(cell, state, batch, time, time_major)
        _expect_kind("initial_state", state, inputs)
    _expect_input_size(cell, sizes["input"])
    lengths = lengths_beside(inputs, sequence_length, batch, time)
    return inputs if time_major else swap_batch_time(inputs), state, lengths


def _expect_kind(name: str, tree: Any, inputs: Array) -> None:
    """Raise TypeError unless all arrays of a tree are of the inputs' kind; names are put together for an error only."""
    if not all(alike(leaf, inputs) for leaf in leaves(tree)):
        for path, leaf in named_leaves(tree, name):
            expect_same_kind(path, leaf, inputs, "inputs")


def _in_chunks(keep_every: int | None, steps: Array) -> TypeGuard[int]:
    """Whether there is more to keep than `keep_every` allows."""
    if keep_every is None:
        return False
    check_sizes(keep_every=keep_every)
    return keep_every < steps.shape[0]


def _expect_initial_state(cell: Any, state: Any, batch: int, time: int, time_major: bool) -> None:
    try:
        expect_state("initial_state", state, cell.state_size, batch)
    except ShapeError as error:
        try:
            expect_state("initial_state", state, cell.state_size, time)
        except ShapeError:
            raise error from None
        layout, other = ("time-major", "False") if time_major else ("batch-major", "True")
        raise ShapeError(
            f"{error}. Likely cause: the inputs were read as {layout}; if they are not, pass time_major={other}"
        ) from None


def _expect_input_size(cell: Any, input_size: int) -> None:
    bottom = cell
    while not hasattr(bottom, "input_size") and hasattr(bottom, "cells"):
        bottom = bottom.cells[0]
    expected = getattr(bottom, "input_size", None)
    if expected is None and hasattr(bottom, "kernel"):
        expected = bottom.kernel.shape[0] - bottom.output_size
    if expected is not None and expected != input_size:
        raise ShapeError(
            f"inputs: expected input={expected}, the size that the cell was made for, "
            f"got input={input_size} on the last axis"
        )


def lengths_beside(inputs: Array, sequence_length: Any, batch: int, time: int) -> Array | None:
    """The lengths as integers beside the inputs, each within 0 … time; None stays None."""
    if sequence_length is None:
        return None
    expect_lengths("sequence_length", sequence_length, time, batch=batch)
    return integers(sequence_length, like=inputs)
