"""Batches whose rows differ in length: sort the rows, longest first, and each step works on the rows still alive.

A kernel gets `alive`, the number of living rows of each step, which only falls. It works on `[:alive[t]]` at step t, so
that padding costs nothing, and whatever stands in it is never read.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from rnn_course.tree import tree_map


def longest_first(lengths: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """The order of the rows, and how many rows are alive at each step that has any."""
    order = np.argsort(-lengths, kind="stable")
    in_order = lengths[order]
    steps = np.arange(in_order[0])
    return order, np.searchsorted(-in_order, -steps, side="left").tolist()


def lengths_of(alive: list[int], batch: int) -> np.ndarray:
    """The length of each sorted row, from how many are alive at each step."""
    return np.sum(np.asarray(alive)[:, None] > np.arange(batch), axis=0)


def scan_ragged(
    run: Callable, inputs: np.ndarray, state: Any, *, lengths: np.ndarray, keep: bool
) -> tuple[np.ndarray, Any, Callable]:
    """`run` on the sorted rows up to the longest's end, and everything back in the caller's order.

    Outputs past the end of a row are 0, and its state is copied through.
    """
    order, alive = longest_first(lengths)
    back, longest = np.argsort(order), len(alive)
    ran, final, run_backward = run(inputs[:longest, order], _take(state, order), alive=alive, keep=keep)

    def whole(part: np.ndarray) -> np.ndarray:
        result = np.zeros((inputs.shape[0], *part.shape[1:]), part.dtype)
        result[:longest] = part[:, back]
        return result

    def backward(d_outputs: np.ndarray, d_final: Any) -> tuple[Any, np.ndarray, Any]:
        d_cell, d_inputs, d_state = run_backward(d_outputs[:longest, order], _take(d_final, order))
        return d_cell, whole(d_inputs), _take(d_state, back)

    return whole(ran), _take(final, back), backward


def _take(state: Any, rows: np.ndarray) -> Any:
    return tree_map(lambda leaf: leaf[rows], state)
