"""One LSTM unit, its four gates and the conveyor of its memory, in live numbers."""

from typing import Any

import numpy as np
import traitlets

from rnn_course.arrays import to_numpy
from rnn_course.cells import LSTMCell, LSTMStateTuple
from rnn_course.shapes import ShapeError
from rnn_course.widgets.drawing import show
from rnn_course.widgets.figure import Figure
from rnn_course.widgets.lstm_picture import draw

GATES = ("i", "j", "f", "o")
BY_HAND = LSTMCell(  # weights of both signs, small enough that no gate is stuck
    kernel=np.array([[1.2, 1.5, -0.6, 0.8], [-0.4, 0.7, 0.5, 0.6]]), bias=np.array([0.0, 0.0, 1.0, 0.0])
)


class LSTMCellFigure(Figure):
    """Slide x, h, c or a gate's bias and watch i, j, f and o, the memory c′ and the output h′.

    cell: an `LSTMCell` with one input and one unit and no options; one with weights chosen by hand if left out. The
        forget bias is part of its bias, as everywhere in this course.
    x, h, c: the numbers at first.

    Raises TypeError for another cell, ShapeError for one of another size, ValueError for numbers that are not finite.
    """

    kernel = traitlets.List().tag(sync=True)  # [x and h, i j f o]
    given = traitlets.List().tag(sync=True)  # [i j f o], the bias of the cell
    bias = traitlets.List().tag(sync=True)  # [i j f o], as the reader changed it
    start = traitlets.List().tag(sync=True)  # x, h, c at first
    x = traitlets.Float(0.0).tag(sync=True)
    h = traitlets.Float(0.0).tag(sync=True)
    c = traitlets.Float(0.0).tag(sync=True)
    picture = traitlets.Unicode().tag(sync=True)

    def __init__(self, cell: Any = None, *, x: float = 0.8, h: float = -0.5, c: float = 0.7) -> None:
        if cell is None:
            cell = BY_HAND
        if not isinstance(cell, LSTMCell):
            raise TypeError(f"cell: expected an LSTMCell, got {type(cell).__name__}: other cells have other gates")
        if not cell.is_plain:
            raise ValueError(
                "cell: expected an LSTMCell without peepholes, projection or clipping, which are not drawn"
            )
        kernel, bias = np.array(to_numpy(cell.kernel), np.float64), np.array(to_numpy(cell.bias), np.float64)
        if kernel.shape != (2, 4) or bias.shape != (4,):
            raise ShapeError(
                "cell: expected one input and one unit, kernel [2, 4] and bias [4], got "
                f"{list(kernel.shape)} and {list(bias.shape)}: the figure draws single numbers"
            )
        x, h, c = float(x), float(h), float(c)
        for name, values in {"cell.kernel": kernel, "cell.bias": bias, "x": x, "h": h, "c": c}.items():
            if not np.isfinite(values).all():
                raise ValueError(f"{name}: expected finite numbers, got NaN or infinity")
        self._numbers = numbers(LSTMCell(kernel, bias), x, h, c)
        super().__init__(
            kernel=kernel.tolist(),
            given=bias.tolist(),
            bias=bias.tolist(),
            start=[x, h, c],
            x=x,
            h=h,
            c=c,
            picture=draw(self._numbers),
        )

    def first_frame(self) -> str:
        """The picture, and the equation of the cell."""
        equation = "[i, j, f, o] = [x, h] @ kernel + bias, c′ = σ(f)·c + σ(i)·tanh(j), h′ = σ(o)·tanh(c′)"
        return f"<p>{equation}</p>\n{self.picture}"

    def as_text(self) -> str:
        """The equation, with its numbers."""
        n = {name: show(value) for name, value in self._numbers.items()}
        gates = [f"{g} = {n[g]}, {'tanh' if g == 'j' else 'σ'}({g}) = {n['open.' + g]}" for g in GATES]
        return "\n".join(
            [
                f"x = {n['x']}, h = {n['h']}, c = {n['c']}",
                *gates,
                f"c' = σ(f)·c + σ(i)·tanh(j) = {n['kept']} + {n['written']} = {n['new.c']}",
                f"h' = σ(o)·tanh(c') = {n['open.o']} · {n['tanh']} = {n['new.h']}",
            ]
        )

    def __repr__(self) -> str:
        """Without an object's address, so that a stored notebook stays the same."""
        return "LSTMCellFigure(one unit)"


def numbers(cell: LSTMCell, x: float, h: float, c: float) -> dict[str, float]:
    """All that the picture shows, under the names that it has there; c′ and h′ come from the cell itself."""
    row = np.array([[x]], np.float64)
    _, new = cell(row, LSTMStateTuple(c=np.array([[c]], np.float64), h=np.array([[h]], np.float64)))
    z = np.array([x, h]) @ cell.kernel + cell.bias
    opened = 0.5 * np.tanh(0.5 * z) + 0.5
    opened[1] = np.tanh(z[1])
    found = {"x": x, "h": h, "c": c, "new.c": new.c[0, 0], "new.h": new.h[0, 0], "tanh": np.tanh(new.c[0, 0])}
    found |= {"kept": opened[2] * c, "written": opened[0] * opened[1]}
    found |= dict(zip(GATES, z, strict=True)) | {f"open.{g}": value for g, value in zip(GATES, opened, strict=True)}
    return {name: float(value) for name, value in found.items()}
