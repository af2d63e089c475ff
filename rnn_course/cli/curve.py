"""The picture of a run: loss and accuracy against the epoch."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from rnn_course.files import whole_file
from rnn_course.train import Epoch


def write_curve(path: Path, epochs: Sequence[Epoch], watched: str) -> None:
    """Write a PNG with two plots side by side. Raises ModuleNotFoundError without matplotlib."""
    from matplotlib.figure import Figure  # without pyplot: no window, no global state
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    figure = Figure(figsize=(8, 3), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    numbers = [epoch.number for epoch in epochs]
    loss.plot(numbers, [epoch.loss for epoch in epochs], marker="o")
    loss.set(xlabel="epoch", ylabel="training loss", ylim=(0, None))
    accuracy.plot(numbers, [epoch.accuracy for epoch in epochs], marker="o", color="C1")
    accuracy.set(xlabel="epoch", ylabel=f"{watched} accuracy")
    accuracy.yaxis.set_major_formatter(PercentFormatter(xmax=1))
    for axes in (loss, accuracy):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    image = BytesIO()
    figure.savefig(image, format="png", dpi=150)
    with whole_file(path) as file:
        file.write(image.getvalue())
