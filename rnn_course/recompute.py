"""Backward through a long sequence in little memory: keep some states, and run the steps between them again.

Backward needs what every step has computed, and a loop or a kernel keeps all of it: for an LSTM 6 numbers a step, row
and unit, 10 while backward runs. With `keep_every=k` only the state before every k-th step is kept, 2 numbers a row and
unit; backward runs k steps again, goes back through them, and forgets them. That is

    2 · time/k + 10 · k   instead of   10 · time   numbers a row and unit, least at k ≈ √(time/5),

beside the inputs, the outputs and their gradients, which are there in any case. The price is one more run forward (Chen
et al. 2016).
"""

from collections.abc import Callable
from typing import Any

from rnn_course.arrays import Array, array_namespace, device, grows_a_graph, no_gradient
from rnn_course.loop import scan, scan_forward
from rnn_course.shape_types import Float, Int
from rnn_course.tree import add, leaves


def recompute(
    cell: Any,
    inputs: Float[Array, "time batch input"],
    state: Any,
    lengths: Int[Array, " batch"] | None,
    keep_every: int,
) -> tuple[Float[Array, "time batch output"], Any, Callable]:
    """`scan_forward` that keeps the state before every k-th step alone: the same numbers up to rounding.

    Autograd goes through the results too, once: it has no second derivative here.
    """
    arguments = cell, inputs, state
    with no_gradient(inputs):
        outputs, final, backward = _in_chunks(cell, inputs, state, lengths, keep_every)
    if grows_a_graph(leaves(arguments)):
        from rnn_course.kernels.graph import joined

        outputs, final = joined(arguments, (outputs, final), lambda gradients: backward(*gradients))
    return outputs, final, backward


def _in_chunks(cell: Any, inputs: Array, state: Any, lengths: Array | None, keep_every: int) -> tuple:
    xp, time = array_namespace(inputs), inputs.shape[0]
    kept, outputs = [], None
    for start in range(0, time, keep_every):
        chunk = slice(start, min(start + keep_every, time))
        alive = None if lengths is None else xp.clip(lengths - start, 0, chunk.stop - start)
        kept.append((chunk, alive, state))
        output, state = scan(cell, inputs[chunk, ...], state, alive)
        if outputs is None:
            outputs = xp.empty((time, *output.shape[1:]), dtype=output.dtype, device=device(output))
        outputs[chunk, ...] = output

    def backward(d_outputs: Array, d_state: Any) -> tuple[Any, Array, Any]:
        d_cell, d_inputs = None, xp.empty(inputs.shape, dtype=inputs.dtype, device=device(inputs))
        with no_gradient(inputs):
            for chunk, alive, before in reversed(kept):
                *_, chunk_backward = scan_forward(cell, inputs[chunk, ...], before, alive)
                d_chunk, d_inputs[chunk, ...], d_state = chunk_backward(d_outputs[chunk, ...], d_state)
                d_cell = d_chunk if d_cell is None else add(d_cell, d_chunk)
        return d_cell, d_inputs, d_state

    return outputs, state, backward
