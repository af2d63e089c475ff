"""The loop over time: one step of a cell after the other. It is what a run over a sequence means, for any cell.

`loop` and `loop_forward` do it; the inputs are time-major, `[time, batch, input]`. A cell that has a faster way to the
same numbers offers it as `cell.scan` and `cell.scan_forward`, with the arguments and results of the two; `scan` and
`scan_forward` take that way where there is one.
"""

from collections.abc import Callable, Iterator
from typing import Any

from rnn_course.arrays import Array, array_namespace, zeros, zeros_like
from rnn_course.shape_types import Float, Int
from rnn_course.tree import add
from rnn_course.wrappers import Masked


def unroll(
    cell: Any, steps: Float[Array, "time batch input"], state: Any, lengths: Int[Array, " batch"] | None = None
) -> Iterator[tuple[Array, Any, Callable]]:
    """The loop over time: yield `output, state, backward` of every step, and let the caller keep what it needs."""
    for t in range(steps.shape[0]):
        step = cell if lengths is None else Masked(cell, alive=(lengths > t)[:, None])
        output, state, backward = step.forward(steps[t, ...], state)
        yield output, state, backward if lengths is None else _of_the_cell(backward)


def loop(
    cell: Any, inputs: Float[Array, "time batch input"], state: Any, lengths: Int[Array, " batch"] | None = None
) -> tuple[Float[Array, "time batch output"], Any]:
    """The outputs of all steps, and the final state."""
    outputs = []
    for output, new_state, _ in unroll(cell, inputs, state, lengths):
        outputs.append(output)
        state = new_state
    return _stack(outputs, inputs, cell.output_size), state


def loop_forward(
    cell: Any, inputs: Float[Array, "time batch input"], state: Any, lengths: Int[Array, " batch"] | None = None
) -> tuple[Float[Array, "time batch output"], Any, Callable]:
    """`loop`, and `backward(d_outputs, d_final_state) -> d_cell, d_inputs, d_state`, from the last step to the first.

    The cell is the same at every step, so its gradients are summed over time (Werbos 1990).
    """
    outputs, backwards = [], []
    for output, new_state, step_backward in unroll(cell, inputs, state, lengths):
        outputs.append(output)
        backwards.append(step_backward)
        state = new_state

    def backward(d_outputs: Float[Array, "time batch output"], d_state: Any) -> tuple[Any, Array, Any]:
        d_cell, d_inputs = zeros_like(cell), []
        for t in reversed(range(len(backwards))):
            d_step_cell, d_x, d_state = backwards[t](d_outputs[t, ...], d_state)
            d_cell = add(d_cell, d_step_cell)
            d_inputs.append(d_x)
        return d_cell, _stack(d_inputs[::-1], inputs, inputs.shape[2]), d_state

    return _stack(outputs, inputs, cell.output_size), state, backward


def scan(cell: Any, inputs: Array, state: Any, lengths: Array | None = None) -> tuple[Array, Any]:
    """`loop`, or the cell's own way to the same numbers."""
    own_way = getattr(cell, "scan", None)
    return loop(cell, inputs, state, lengths) if own_way is None else own_way(inputs, state, lengths)


def scan_forward(cell: Any, inputs: Array, state: Any, lengths: Array | None = None) -> tuple[Array, Any, Callable]:
    """`loop_forward`, or the cell's own way to the same numbers."""
    own_way = getattr(cell, "scan_forward", None)
    return loop_forward(cell, inputs, state, lengths) if own_way is None else own_way(inputs, state, lengths)


def _of_the_cell(masked_backward: Callable) -> Callable:
    """The backward of a masked step with the gradient of the cell inside, to be summed over time."""

    def backward(d_output: Array, d_new_state: Any) -> tuple[Any, Array, Any]:
        d_masked, d_x, d_state = masked_backward(d_output, d_new_state)
        return d_masked.cell, d_x, d_state

    return backward


def _stack(arrays: list, like: Array, width: int) -> Float[Array, "time batch width"]:
    if arrays:
        return array_namespace(like).stack(arrays, axis=0)
    return zeros((0, like.shape[1], width), like=like)
