"""Figures of what networks answered: a confusion matrix, and several networks side by side in several quantities."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Int

from rnn_course.arrays import Array, to_numpy
from rnn_course.plot import COLOURS, _pyplot


def confusion(matrix: Int[Array, "label answer"], title: str) -> None:
    """A confusion matrix with its counts: what is right in grey, what is wrong darker the more often it happened."""
    plt = _pyplot()
    matrix = to_numpy(matrix)
    classes = len(matrix)
    wrong = matrix * (1 - np.eye(classes, dtype=int))
    figure, axis = plt.subplots(figsize=(5.6, 5))
    most = max(1, int(wrong.max()))
    shown = axis.imshow(wrong, cmap="Oranges", vmin=0, vmax=most)
    for (label, answer), count in np.ndenumerate(matrix):
        if label == answer:
            axis.add_patch(plt.Rectangle((answer - 0.5, label - 0.5), 1, 1, facecolor="#e6e8ec"))
        if count:
            dark = label != answer and count > 0.6 * most
            axis.text(answer, label, str(count), ha="center", va="center", color="white" if dark else "#222832")
    axis.set(xlabel="answer", ylabel="label", xticks=range(classes), yticks=range(classes), title=title)
    figure.colorbar(shown, ax=axis, label="wrong answers", fraction=0.046)
    figure.tight_layout()
    plt.show()


def side_by_side(
    quantities: Mapping[str, Mapping[str, Sequence[float]]], title: str, log: Sequence[str] = (), columns: int = 2
) -> None:
    """A panel for each quantity, a line for each name: every run as a dot, and the mean with one standard deviation.

    `quantities[quantity][name]` are the results of the runs; those whose quantity is in `log` have an axis of factors.
    """
    plt = _pyplot()
    names = list(dict.fromkeys(name for runs in quantities.values() for name in runs))
    lines = -(-len(quantities) // columns)
    size = (4.2 * columns + 0.6, (0.34 * len(names) + 1.1) * lines + 0.4)
    figure, axes = plt.subplots(lines, columns, figsize=size, squeeze=False, sharey=True)
    for axis in axes.flat[len(quantities) :]:
        axis.set_axis_off()
    for axis, (quantity, runs) in zip(axes.flat, quantities.items(), strict=False):
        for name, values in runs.items():
            place, numbers = names.index(name), np.asarray(values, float)
            spread = float(np.std(numbers, ddof=1)) if len(numbers) > 1 else 0.0
            axis.errorbar(numbers.mean(), place, xerr=spread, color=COLOURS["state"], marker="o", capsize=4)
            axis.plot(numbers, [place] * len(numbers), "|", color=COLOURS["input"], markersize=9, alpha=0.8)
        axis.set(xlabel=quantity, xscale="log" if quantity in log else "linear")
        axis.set_yticks(range(len(names)), names)
        axis.set_ylim(len(names) - 0.5, -0.5)
        axis.grid(axis="x", alpha=0.3)
    figure.suptitle(title)
    figure.tight_layout()
    plt.show()
