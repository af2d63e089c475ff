"""Whole sequences at once: what `cell.scan` does for the plain cells, in NumPy and with the fused kernels of Torch.

A kernel computes the numbers of the loop over `cell.forward`, up to rounding; the loop stays the reference, and does
whatever no kernel is made for: cells with options, empty batches, other types of numbers, shapes that do not fit.
"""

from collections.abc import Callable
from functools import cache, partial
from types import ModuleType
from typing import Any

import numpy as np

from rnn_course.arrays import Array, is_numpy_array, is_torch_array
from rnn_course.kernels import basic_rnn, gru, lstm
from rnn_course.kernels.blocks import autotune
from rnn_course.kernels.pool import release_memory
from rnn_course.kernels.rows import scan_ragged
from rnn_course.loop import loop, loop_forward

FLOATS = np.dtype("float32"), np.dtype("float64")

__all__ = ["autotune", "release_memory", "scan", "scan_forward"]


def scan(cell: Any, inputs: Array, state: Any, lengths: Array | None = None) -> tuple[Array, Any]:
    """The outputs `[time, batch, output]` and the final state: `loop`, by a kernel where there is one."""
    run = _kernel(cell, inputs, state, lengths)
    return loop(cell, inputs, state, lengths) if run is None else run(inputs, state, keep=False)[:2]


def scan_forward(cell: Any, inputs: Array, state: Any, lengths: Array | None = None) -> tuple[Array, Any, Callable]:
    """`scan`, and `backward(d_outputs, d_final_state) -> d_cell, d_inputs, d_state`.

    Outputs and gradients are the caller's own: no later call changes them, and backward may be called again.
    """
    run = _kernel(cell, inputs, state, lengths)
    return loop_forward(cell, inputs, state, lengths) if run is None else run(inputs, state, keep=True)


def _kernel(cell: Any, inputs: Array, state: Any, lengths: Array | None) -> Callable | None:
    """`run(inputs, state, keep)`; None where only the loop will do."""
    kernel = _kernels().get(type(cell))
    if kernel is None or 0 in inputs.shape or not kernel.fits(cell, inputs, state):
        return None
    if is_numpy_array(inputs):
        return _numpy(kernel, cell, inputs, state, lengths)
    if is_torch_array(inputs):
        return _torch(kernel, cell, inputs, state, lengths)
    return None


def _numpy(kernel: Any, cell: Any, inputs: np.ndarray, state: Any, lengths: Any) -> Callable | None:
    kinds = {inputs.dtype, *[array.dtype for array in kernel.arrays(cell, state)]}
    if len(kinds) > 1 or inputs.dtype not in FLOATS:
        return None
    run = partial(kernel.run, cell)
    if lengths is None or lengths.min() == inputs.shape[0]:
        return partial(run, alive=None)
    return partial(scan_ragged, run, lengths=lengths) if lengths.any() else None


def _torch(kernel: Any, cell: Any, inputs: Any, state: Any, lengths: Any) -> Callable | None:
    from rnn_course.kernels import fused

    function = fused.kernel_for(cell, inputs, kernel.arrays(cell, state))
    if function is None or (lengths is not None and not lengths.any()):
        return None
    if lengths is not None and bool((lengths == inputs.shape[0]).all()):
        lengths = None

    def run(inputs: Any, state: Any, keep: bool) -> tuple:
        door = fused.scan_forward if keep else fused.scan
        return door(function, cell, inputs, state, lengths)

    return run


@cache
def _kernels() -> dict[type, ModuleType]:
    """The cells themselves only: a class of somebody's own that inherits from one may step in another way."""
    from rnn_course.cells import BasicRNNCell, LSTMCell
    from rnn_course.gru import GRUCell

    return {BasicRNNCell: basic_rnn, LSTMCell: lstm, GRUCell: gru}
