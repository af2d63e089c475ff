"""Figures of what networks answered: a confusion matrix, networks side by side in several quantities, training runs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnn_course.answers import standard_error
from rnn_course.arrays import Array, to_numpy
from rnn_course.plot import COLOURS, _pyplot
from rnn_course.shape_types import Int


def confusion(matrix: Int[Array, "label answer"], title: str) -> None:
    """A confusion matrix with its counts: what is right in grey, what is wrong darker the more often it happened."""
    plt = _pyplot()
    matrix = to_numpy(matrix)
    classes = len(matrix)
    wrong = matrix * (1 - np.eye(classes, dtype=int))
    figure, axis = plt.subplots(figsize=(5.6, 5))
    most = max(1, int(wrong.max()))
    axis.imshow(wrong, cmap="Oranges", vmin=0, vmax=most)
    for (label, answer), count in np.ndenumerate(matrix):
        if label == answer:
            axis.add_patch(plt.Rectangle((answer - 0.5, label - 0.5), 1, 1, facecolor="#e6e8ec"))
        if count:
            dark = label != answer and count > 0.6 * most
            axis.text(answer, label, str(count), ha="center", va="center", color="white" if dark else "#222832")
    axis.set(xlabel="answer", ylabel="label", xticks=range(classes), yticks=range(classes), title=title)
    figure.tight_layout()
    plt.show()


def side_by_side(
    quantities: Mapping[str, Mapping[str, Any]],
    title: str,
    log: Sequence[str] = (),
    from_zero: Sequence[str] = (),
    columns: int = 2,
    one_scale: bool = False,
) -> None:
    """A panel for each quantity, a line for each name: every run as a tick, and the mean with one standard deviation.

    `quantities[quantity][name]` are the results of the runs, a list or an array. The axis of a quantity in `log` is one
    of factors, that of a quantity in `from_zero` begins at 0; with `one_scale` all panels have the same axis.
    """
    plt = _pyplot()
    names = list(dict.fromkeys(name for runs in quantities.values() for name in runs))
    lines = -(-len(quantities) // columns)
    size = (3.1 * columns + 1.1, (0.34 * len(names) + 1.1) * lines + 0.4)
    figure, axes = plt.subplots(lines, columns, figsize=size, squeeze=False, sharey=True, sharex=one_scale)
    for axis in axes.flat[len(quantities) :]:
        axis.set_axis_off()
    for axis, (quantity, runs) in zip(axes.flat, quantities.items(), strict=False):
        for name, values in runs.items():
            place, numbers = names.index(name), np.asarray(values, float)
            spread = float(np.std(numbers, ddof=1)) if len(numbers) > 1 else 0.0
            axis.errorbar(numbers.mean(), place, xerr=spread, color=COLOURS["state"], marker="o", capsize=4)
            axis.plot(numbers, [place] * len(numbers), "|", color=COLOURS["input"], markersize=9, alpha=0.8)
        axis.set(xlabel=quantity, xscale="log" if quantity in log else "linear")
        if quantity in log:
            axis.xaxis.set_major_locator(plt.matplotlib.ticker.LogLocator(subs=(1, 3)))
            axis.xaxis.set_minor_locator(plt.matplotlib.ticker.NullLocator())
            axis.xaxis.set_major_formatter(lambda value, _: f"{value:,.12g}")
        if quantity in from_zero:
            axis.xaxis.set_major_locator(plt.MaxNLocator(4))
            axis.set_xlim(0, 1.05 * axis.dataLim.x1)
        axis.set_yticks(range(len(names)), names)
        axis.set_ylim(len(names) - 0.5, -0.5)
        axis.grid(axis="x", alpha=0.3)
    figure.suptitle(title)
    figure.tight_layout()
    plt.show()


def errors_of_runs(runs: Sequence[Any], title: str) -> None:
    """The share of test examples that each training run misreads, in percent: a line for each recipe, the best on top.

    `runs` are records, as `read_runs` gives them. A circle is a run on NumPy, a diamond one on Torch; its bar is one
    standard error, of the test examples alone.
    """
    plt = _pyplot()
    recipes = list(dict.fromkeys(run.recipe for run in sorted(runs, key=lambda run: -run.final_accuracy)))
    figure, axis = plt.subplots(figsize=(5.4, 0.5 * len(recipes) + 1.2))
    looks = {"numpy": ("NumPy", "o", COLOURS["state"], -0.14), "torch": ("Torch", "D", COLOURS["input"], 0.14)}
    for backend, (name, marker, colour, aside) in looks.items():
        mine = [run for run in runs if run.backend == backend]
        errors = [100 * (1 - run.final_accuracy) for run in mine]
        bars = [100 * standard_error(run.final_accuracy, run.test_examples) for run in mine]
        places = [recipes.index(run.recipe) + aside for run in mine]
        axis.errorbar(errors, places, xerr=bars, fmt=marker, color=colour, capsize=3, label=name)
    axis.set(xlabel="test digits that are misread (%)", title=title)
    axis.set_xlim(left=0)
    axis.set_yticks(range(len(recipes)), recipes)
    axis.set_ylim(len(recipes) - 0.5, -0.5)
    axis.grid(axis="x", alpha=0.3)
    axis.legend()
    figure.tight_layout()
    plt.show()
