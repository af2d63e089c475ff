"""The figures of the chapters. Matplotlib is imported only where a figure is drawn, and its settings are left alone."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnn_course.arrays import Array, to_numpy
from rnn_course.palette import PALETTE
from rnn_course.shape_types import Bool, Float

COLOURS = {name: role.light for name, role in PALETTE.items()}  # figures are drawn on white
LINES = {"input": "-", "state": "--", "weights": ":", "memory": "-.", "output": "-"}  # the colours of curves, in turn
INK = "gray_r"  # 0 is paper, 1 is ink


def _pyplot() -> Any:
    try:
        import matplotlib.pyplot as plt
    except ModuleNotFoundError:
        raise ModuleNotFoundError('figures need matplotlib: pip install "rnn-course[viz]"') from None
    return plt


def images(
    pictures: Sequence[Float[Array, "row column"]] | Float[Array, "picture row column"],
    titles: Sequence[str] = (),
    title: str = "",
    columns: int | None = None,
    size: float = 1.9,
) -> None:
    """Pictures side by side, ink on paper; axes count rows and columns from 0.

    `columns` a line, all by default; `size` is the width of a picture in inches: of many small ones the words can still
    be read on a phone.
    """
    plt = _pyplot()
    pictures = [to_numpy(picture) for picture in pictures]
    columns = columns or len(pictures)
    lines = -(-len(pictures) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(size * columns, round(size + 0.3, 2) * lines), squeeze=False)
    for axis in axes.flat[len(pictures) :]:
        axis.set_axis_off()
    for k, (axis, picture) in enumerate(zip(axes.flat, pictures, strict=False)):
        axis.imshow(picture, cmap=INK, vmin=0, vmax=1)
        axis.set_title(titles[k] if titles else "", fontsize=10)
        axis.set_xticks([0, picture.shape[1] - 1])
        axis.set_yticks([0, picture.shape[0] - 1])
        if k % columns == 0:
            axis.set_ylabel("row")
        if k >= len(pictures) - columns:
            axis.set_xlabel("column")
    figure.suptitle(title)
    figure.tight_layout()
    plt.show()


def signed_images(
    pictures: Sequence[Float[Array, "row column"]] | Float[Array, "picture row column"],
    titles: Sequence[str] = (),
    title: str = "",
    columns: int | None = None,
    labels: tuple[str, str] | None = None,
    size: float = 1.9,
) -> None:
    """Pictures of weights side by side, orange above 0, purple below, white at 0; one scale for all of them.

    `columns` a line, all by default; `labels` are the names of the two axes, which are drawn only if they have one;
    `size` is the width of a picture in inches.
    """
    plt = _pyplot()
    pictures = [to_numpy(picture) for picture in pictures]
    columns = columns or len(pictures)
    lines = -(-len(pictures) // columns)
    limit = max(float(np.abs(picture).max()) for picture in pictures) or 1.0
    figure, axes = plt.subplots(lines, columns, figsize=(size * columns + 1, 2.2 / 1.9 * size * lines), squeeze=False)
    shown = None
    for k, axis in enumerate(axes.flat):
        if labels is None or k >= len(pictures):
            axis.set_axis_off()
        else:
            rows, places = pictures[k].shape
            axis.set(ylabel=labels[0], xlabel=labels[1], yticks=[0, rows - 1], xticks=[0, places - 1])
        if k < len(pictures):
            shown = axis.imshow(pictures[k], cmap="PuOr_r", vmin=-limit, vmax=limit)
            axis.set_title(titles[k] if titles else "", fontsize=10)
    figure.suptitle(title)
    figure.tight_layout()
    figure.colorbar(shown, ax=axes, label="weight", fraction=0.03)
    plt.show()


def learning_curves(histories: Mapping[str, Sequence[Any]], title: str, size: tuple[float, float] = (9, 3.4)) -> None:
    """Training loss and held-out accuracy against the epoch, a line for each history of `fit`; `size` in inches."""
    plt = _pyplot()
    figure, (left, right) = plt.subplots(1, 2, figsize=size)
    for (name, history), (role, line) in zip(histories.items(), LINES.items(), strict=False):
        colour = COLOURS[role]
        numbers = [epoch.number for epoch in history]
        left.plot(numbers, [epoch.loss for epoch in history], line, color=colour, label=name)
        accuracies = [np.nan if epoch.accuracy is None else epoch.accuracy for epoch in history]
        right.plot(numbers, accuracies, line, color=colour, label=name)
    left.set(xlabel="epoch", ylabel="training loss (nats)", yscale="log")
    right.set(xlabel="epoch", ylabel="accuracy on held-out digits")
    for axis in (left, right):  # epochs are counted: no tick between two of them
        axis.xaxis.get_major_locator().set_params(integer=True)
    right.legend()
    figure.suptitle(title)
    figure.tight_layout()
    plt.show()


def beliefs(picture: Float[Array, "row column"], after_row: Float[Array, "row classes"], title: str) -> None:
    """A picture, and beside each of its rows the probabilities of the classes after that row was read."""
    plt = _pyplot()
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.5, 4.2), sharey=True)
    left.imshow(to_numpy(picture), cmap=INK, vmin=0, vmax=1, aspect="auto")
    left.set(xlabel="column", ylabel="row, read from top to bottom", title="what is read")
    shown = right.imshow(to_numpy(after_row), cmap="viridis", vmin=0, vmax=1, aspect="auto")
    right.set(xlabel="digit", title="what is believed after each row", xticks=range(after_row.shape[1]))
    figure.colorbar(shown, ax=right, label="probability")
    figure.suptitle(title)
    figure.tight_layout()
    plt.show()


def curves(
    lines: Mapping[str, Sequence[float] | Float[Array, " point"]],
    title: str,
    x_label: str,
    y_label: str,
    x: Sequence[float] | None = None,
    log: bool = False,
    spread: Mapping[str, Sequence[float] | Float[Array, " point"]] | None = None,
) -> None:
    """Named curves in one plot, over 0, 1, 2, … or over `x`; with `log`, a step upward is a factor.

    `spread` gives a curve a band of that much above and below it, for example a standard deviation over seeds. At most
    five curves: more cannot be told apart. Raises ValueError for more.
    """
    if len(lines) > len(LINES):
        raise ValueError(f"lines: expected at most {len(LINES)} curves, got {len(lines)}: draw two figures")
    plt = _pyplot()
    figure, axis = plt.subplots(figsize=(7, 3.6))
    for (name, values), (role, line) in zip(lines.items(), LINES.items(), strict=False):
        values = to_numpy(values)
        places = np.arange(len(values)) if x is None else np.asarray(x)
        axis.plot(places, values, line, color=COLOURS[role], label=name)
        if spread is not None and name in spread:
            width = to_numpy(spread[name])
            axis.fill_between(places, values - width, values + width, color=COLOURS[role], alpha=0.15, linewidth=0)
    axis.set(xlabel=x_label, ylabel=y_label, title=title, yscale="log" if log else "linear")
    if x is None:  # places are counted: no tick between two of them
        axis.xaxis.get_major_locator().set_params(integer=True)
    if len(lines) > 1:
        axis.legend()
    figure.tight_layout()
    plt.show()


def paths(lines: Mapping[str, Float[Array, "point 2"]], title: str, x_label: str, y_label: str) -> None:
    """Named paths in the plane, point by point, with the same scale on both axes. At most five; ValueError for more."""
    if len(lines) > len(LINES):
        raise ValueError(f"lines: expected at most {len(LINES)} paths, got {len(lines)}: draw two figures")
    plt = _pyplot()
    figure, axis = plt.subplots(figsize=(6.5, 4))
    for (name, points), (role, line) in zip(lines.items(), LINES.items(), strict=False):
        points = to_numpy(points)
        axis.plot(points[:, 0], points[:, 1], line, color=COLOURS[role], label=name)
    axis.set(xlabel=x_label, ylabel=y_label, title=title, aspect="equal")
    axis.grid(alpha=0.3)
    axis.legend(loc="upper left", bbox_to_anchor=(1.02, 1))
    figure.tight_layout()
    plt.show()


def error_bars(
    runs: Mapping[str, Mapping[int, Sequence[float]]], title: str, x_label: str, y_label: str, log_y: bool = True
) -> None:
    """Several runs at each x: their mean, a bar of one standard deviation above and below, and each run as a dot.

    `runs[name][x]` are the results of the runs; the x axis is a factor of 2 a step.
    """
    plt = _pyplot()
    figure, axis = plt.subplots(figsize=(7, 3.8))
    places = sorted({place for at in runs.values() for place in at})
    for (name, at), (role, line) in zip(runs.items(), LINES.items(), strict=False):
        x = sorted(at)
        mean, spread = ([float(f(at[place])) for place in x] for f in (np.mean, lambda v: np.std(v, ddof=1)))
        bars = {"color": COLOURS[role], "capsize": 4, "label": name, "marker": "o", "markersize": 5}
        axis.errorbar(x, mean, spread, linestyle=line, **bars)
        for place in x:
            axis.plot([place] * len(at[place]), at[place], "_", color=COLOURS[role], alpha=0.5, markersize=8)
    axis.set_xscale("log", base=2)
    axis.set(xlabel=x_label, ylabel=y_label, title=title, yscale="log" if log_y else "linear")
    axis.set_xticks(places, [f"{place:g}" for place in places])
    axis.minorticks_off()
    if log_y:
        axis.yaxis.set_major_locator(plt.matplotlib.ticker.LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.legend()
    figure.tight_layout()
    plt.show()


def blocks(sets: Mapping[str, Bool[Array, "example place channel"]], title: str, columns: int | None = None) -> None:
    """A block of numbers for each set, seen from the corner of example 0, place 0 and the last channel.

    Channels run to the right, places downward, examples to the back. What is in the set is filled. `columns` a line,
    all by default.
    """
    plt = _pyplot()
    columns = columns or len(sets)
    lines = -(-len(sets) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(2.4 * columns, 2.5 * lines + 0.4), squeeze=False)
    for axis in axes.flat[len(sets) :]:
        axis.set_axis_off()
    for axis, (name, chosen) in zip(axes.flat, sets.items(), strict=False):
        chosen = to_numpy(chosen)
        examples, places, channels = chosen.shape
        back = np.array([0.45, 0.4])  # where the next example lies, to the right and up
        right, down = np.array([1.0, 0.0]), np.array([0.0, -1.0])
        faces = {
            "front": (chosen[0], down, right, np.zeros(2)),  # [place, channel]
            "top": (chosen[:, 0], back, right, np.zeros(2)),  # [example, channel]
            "side": (chosen[:, :, -1].T, down, back, channels * right),  # [place, example]
        }
        for cells, first, second, corner in faces.values():
            for (a, b), inside in np.ndenumerate(cells):
                start = corner + a * first + b * second
                outline = np.array([start, start + first, start + first + second, start + second])
                colour = COLOURS["input"] if inside else "white"
                axis.fill(*outline.T, facecolor=colour, edgecolor="#222832", linewidth=0.8)
        axis.text(channels / 2, -places - 0.9, "channels", ha="center", fontsize=9)
        axis.text(-0.4, -places / 2, "places", ha="right", va="center", rotation=90, fontsize=9)
        axis.text(*(examples * back / 2 + np.array([-0.5, 0.3])), "examples", ha="right", fontsize=9)
        axis.set_title(name, fontsize=11)
        axis.set_aspect("equal")
        axis.set_axis_off()
    figure.suptitle(title)
    figure.tight_layout()
    plt.show()
