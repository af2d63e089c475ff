"""Two cells over one sequence: one reads it forwards, the other backwards (Schuster & Paliwal 1997).

The backward direction reverses the valid part of each row and leaves its padding at the end, as TensorFlow 1 does. The
outputs of both directions stand in the order of the inputs: at step t one has seen the past, the other the future.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rnn_course.arrays import Array, array_namespace, device, swap_batch_time
from rnn_course.rnn import dynamic_rnn, dynamic_rnn_forward, lengths_beside
from rnn_course.shape_types import Float, Int
from rnn_course.shapes import ShapeError, expect_shape
from rnn_course.tree import is_array

Pair = tuple[Any, Any]  # forward direction, backward direction


def reverse_sequence(
    x: Float[Array, "batch time ..."],
    sequence_length: Int[Array, " rows"] | list[int] | None = None,
    time_major: bool = False,
) -> Float[Array, "batch time ..."]:
    """The first `sequence_length[row]` steps of each row in reverse order, and the rest as it is.

    It is its own inverse, and so its own gradient. All steps count if `sequence_length` is None. Raises ShapeError or
    ValueError for lengths that do not fit.
    """
    layout = "[time, batch, ...]" if time_major else "[batch, time, ...]"
    if not is_array(x) or len(x.shape) < 2:
        received = list(x.shape) if is_array(x) else f"a {type(x).__name__}"
        raise ShapeError(f"x: expected {layout}, got {received}")
    xp = array_namespace(x)
    if sequence_length is None:
        return xp.flip(x, axis=0 if time_major else 1)
    rows: Any = swap_batch_time(x) if time_major else x  # [batch, time, ...]
    batch, time = rows.shape[:2]
    lengths: Any = lengths_beside(x, sequence_length, batch, time)
    steps = xp.arange(time, dtype=xp.int64, device=device(x))[None, :]
    source = xp.where(steps < lengths[:, None], lengths[:, None] - 1 - steps, steps)  # [batch, time]
    reversed_rows = rows[xp.arange(batch, dtype=xp.int64, device=device(x))[:, None], source]
    return swap_batch_time(reversed_rows) if time_major else reversed_rows


def bidirectional_dynamic_rnn(
    cell_fw: Any,
    cell_bw: Any,
    inputs: Float[Array, "batch time input"],
    initial_state_fw: Any = None,
    initial_state_bw: Any = None,
    sequence_length: Int[Array, " rows"] | list[int] | None = None,
    time_major: bool = False,
) -> tuple[Pair, Pair]:
    """`(outputs_fw, outputs_bw), (state_fw, state_bw)`: `dynamic_rnn` in both directions (Schuster & Paliwal 1997).

    The arguments are those of `dynamic_rnn`, with a cell and an initial state for each direction. `state_bw` is the
    state after the first step of each row, where the backward direction ends. Raises what `dynamic_rnn` raises, and
    says in which direction.
    """
    lengths = _lengths(sequence_length, inputs, time_major)
    with _prefixed("forward direction"):
        outputs_fw, state_fw = dynamic_rnn(cell_fw, inputs, initial_state_fw, lengths, time_major)
    with _prefixed("backward direction"):
        reversed_inputs = reverse_sequence(inputs, lengths, time_major)
        reversed_bw, state_bw = dynamic_rnn(cell_bw, reversed_inputs, initial_state_bw, lengths, time_major)
    return (outputs_fw, reverse_sequence(reversed_bw, lengths, time_major)), (state_fw, state_bw)


def bidirectional_dynamic_rnn_forward(
    cell_fw: Any,
    cell_bw: Any,
    inputs: Float[Array, "batch time input"],
    initial_state_fw: Any = None,
    initial_state_bw: Any = None,
    sequence_length: Int[Array, " rows"] | list[int] | None = None,
    time_major: bool = False,
) -> tuple[Pair, Pair, Callable]:
    """`bidirectional_dynamic_rnn`, and its backward.

    `backward((d_outputs_fw, d_outputs_bw), (d_state_fw, d_state_bw)) -> d_cell_fw, d_cell_bw, d_inputs,
    d_initial_state_fw, d_initial_state_bw`; each gradient, and each pair, may be None, which stands for zeros.
    """
    lengths = _lengths(sequence_length, inputs, time_major)
    with _prefixed("forward direction"):
        outputs_fw, state_fw, backward_fw = dynamic_rnn_forward(cell_fw, inputs, initial_state_fw, lengths, time_major)
    with _prefixed("backward direction"):
        reversed_inputs = reverse_sequence(inputs, lengths, time_major)
        reversed_bw, state_bw, backward_bw = dynamic_rnn_forward(
            cell_bw, reversed_inputs, initial_state_bw, lengths, time_major
        )

    def backward(d_outputs: Pair | None = None, d_states: Pair | None = None) -> tuple[Any, Any, Array, Any, Any]:
        d_fw, d_bw = d_outputs or (None, None)
        d_state_fw, d_state_bw = d_states or (None, None)
        d_reversed = None if d_bw is None else reverse_sequence(d_bw, lengths, time_major)
        d_cell_fw, d_inputs, d_initial_fw = backward_fw(d_fw, d_state_fw)
        d_cell_bw, d_reversed_inputs, d_initial_bw = backward_bw(d_reversed, d_state_bw)
        d_inputs = d_inputs + reverse_sequence(d_reversed_inputs, lengths, time_major)  # both directions read them
        return d_cell_fw, d_cell_bw, d_inputs, d_initial_fw, d_initial_bw

    outputs = outputs_fw, reverse_sequence(reversed_bw, lengths, time_major)
    return outputs, (state_fw, state_bw), backward


def stack_bidirectional_dynamic_rnn(
    cells_fw: tuple | list,
    cells_bw: tuple | list,
    inputs: Float[Array, "batch time input"],
    initial_states_fw: tuple | list | None = None,
    initial_states_bw: tuple | list | None = None,
    sequence_length: Int[Array, " rows"] | list[int] | None = None,
    time_major: bool = False,
) -> tuple[Float[Array, "batch time output"], Pair]:
    """`outputs, (states_fw, states_bw)`: bidirectional layers, each fed with both outputs of the layer below.

    The outputs are those of the top layer, forward beside backward on the last axis; the states are tuples with one
    state a layer, bottom first. In a `MultiRNNCell` in each direction the two would only meet at the top. Raises
    ValueError unless each list has one entry a layer, else what `bidirectional_dynamic_rnn` raises.
    """
    states_fw, states_bw = [], []
    for k, *layer in _layers(cells_fw, cells_bw, initial_states_fw, initial_states_bw):
        cell_fw, cell_bw, initial_fw, initial_bw = layer
        with _prefixed(f"layer {k}"):
            outputs, (state_fw, state_bw) = bidirectional_dynamic_rnn(
                cell_fw, cell_bw, inputs, initial_fw, initial_bw, sequence_length, time_major
            )
        inputs = array_namespace(inputs).concat(outputs, axis=2)  # [batch, time, fw + bw]
        states_fw.append(state_fw)
        states_bw.append(state_bw)
    return inputs, (tuple(states_fw), tuple(states_bw))


def stack_bidirectional_dynamic_rnn_forward(
    cells_fw: tuple | list,
    cells_bw: tuple | list,
    inputs: Float[Array, "batch time input"],
    initial_states_fw: tuple | list | None = None,
    initial_states_bw: tuple | list | None = None,
    sequence_length: Int[Array, " rows"] | list[int] | None = None,
    time_major: bool = False,
) -> tuple[Float[Array, "batch time output"], Pair, Callable]:
    """`stack_bidirectional_dynamic_rnn`, and its backward.

    `backward(d_outputs, (d_states_fw, d_states_bw)) -> d_cells_fw, d_cells_bw, d_inputs, d_initial_states_fw,
    d_initial_states_bw`: tuples with one entry a layer; what is None stands for zeros.
    """
    states, backwards = [], []
    for k, *layer in _layers(cells_fw, cells_bw, initial_states_fw, initial_states_bw):
        cell_fw, cell_bw, initial_fw, initial_bw = layer
        with _prefixed(f"layer {k}"):
            outputs, layer_states, backward_layer = bidirectional_dynamic_rnn_forward(
                cell_fw, cell_bw, inputs, initial_fw, initial_bw, sequence_length, time_major
            )
        inputs = array_namespace(inputs).concat(outputs, axis=2)  # [batch, time, fw + bw]
        states.append(layer_states)
        backwards.append((backward_layer, cell_fw.output_size))

    def backward(d_outputs: Array | None = None, d_states: Pair | None = None) -> tuple[tuple, tuple, Array, Any, Any]:
        d_states_fw, d_states_bw = (d or [None] * len(backwards) for d in d_states or (None, None))
        gradients = []
        for (backward_layer, width), *d_state in zip(
            backwards[::-1], d_states_fw[::-1], d_states_bw[::-1], strict=True
        ):
            d_pair = None if d_outputs is None else (d_outputs[..., :width], d_outputs[..., width:])
            d_cell_fw, d_cell_bw, d_outputs, d_fw, d_bw = backward_layer(d_pair, tuple(d_state))
            gradients.append((d_cell_fw, d_cell_bw, d_fw, d_bw))
        d_cells_fw, d_cells_bw, d_initial_fw, d_initial_bw = zip(*gradients[::-1], strict=True)
        return d_cells_fw, d_cells_bw, d_outputs, d_initial_fw, d_initial_bw

    states_fw, states_bw = zip(*states, strict=True)
    return inputs, (states_fw, states_bw), backward


def _lengths(sequence_length: Any, inputs: Array, time_major: bool) -> Array | None:
    sizes = expect_shape("inputs", inputs, "time batch input" if time_major else "batch time input")
    return lengths_beside(inputs, sequence_length, sizes["batch"], sizes["time"])


def _layers(*lists: Any) -> Iterator[tuple]:
    """`k, cell_fw, cell_bw, initial_state_fw, initial_state_bw` of each layer from the bottom up."""
    layers = len(lists[0])
    if not layers:
        raise ValueError("cells_fw: expected at least one cell, got none")
    names = ("cells_fw", "cells_bw", "initial_states_fw", "initial_states_bw")
    for name, entries in zip(names, lists, strict=True):
        if entries is not None and len(entries) != layers:
            raise ValueError(
                f"{name}: expected {layers}, one for each layer, for cells_fw has {layers}; got {len(entries)}"
            )
    return zip(range(layers), *(entries or [None] * layers for entries in lists), strict=True)


@contextmanager
def _prefixed(place: str) -> Iterator[None]:
    """Say in an error where it happened."""
    try:
        yield
    except (ShapeError, TypeError) as error:
        raise type(error)(f"{place}: {error}") from None
