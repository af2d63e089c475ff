"""A deep LSTM: what every arrow between and beside its layers carries, and which state it belongs to."""

from typing import Any

import traitlets

from rnn_course.cells import LSTMCell
from rnn_course.init import check_sizes
from rnn_course.stack import MultiRNNCell
from rnn_course.widgets.deep_lstm_parts import Shape, parameters_of, parts
from rnn_course.widgets.deep_lstm_picture import draw
from rnn_course.widgets.figure import Figure

MOST = {"layers": 4, "batch": 64, "time": 99, "width": 999}  # what can still be read on a phone


class DeepLSTMFigure(Figure):
    """Choose an arrow and read its shape, the expression that gives it, and the state that it belongs to.

    cell: a `MultiRNNCell` of plain LSTM cells, at most 4; 100, 400 and 300 units on 128 inputs if left out, the stack
        of the article that this course rewrites.
    batch, time: how many rows and steps there are at first.
    over_time: show `dynamic_rnn` first, not one step.
    chosen: the name of the part that is chosen first, such as "out1.h".

    Raises TypeError for another cell, ValueError for numbers out of range and for a part that does not exist.
    """

    input_size = traitlets.Int().tag(sync=True)
    sizes = traitlets.List().tag(sync=True)
    batch = traitlets.Int().tag(sync=True)
    time = traitlets.Int().tag(sync=True)
    over_time = traitlets.Bool(False).tag(sync=True)
    chosen = traitlets.Unicode().tag(sync=True)
    parts = traitlets.List().tag(sync=True)
    parameters = traitlets.Int().tag(sync=True)
    picture = traitlets.Unicode().tag(sync=True)

    def __init__(
        self, cell: Any = None, *, batch: int = 10, time: int = 28, over_time: bool = False, chosen: str = "out0.h"
    ) -> None:
        input_size, sizes = (128, (100, 400, 300)) if cell is None else _sizes(cell)
        for name, value in {"batch": batch, "time": time, "layers": len(sizes)}.items():
            check_sizes(**{name: value})
            if value > MOST[name]:
                raise ValueError(f"{name}: expected at most {MOST[name]}, got {value}: more cannot be read")
        if max(input_size, *sizes) > MOST["width"]:
            raise ValueError(f"cell: expected layers of at most {MOST['width']} units, got {[input_size, *sizes]}")
        self._parts = parts(input_size, sizes)
        if chosen not in (names := [part.name for part in self._parts]):
            raise ValueError(f"chosen: expected one of {', '.join(names)}, got {chosen!r}")
        named = [part._asdict() for part in self._parts]
        super().__init__(
            input_size=input_size,
            sizes=list(sizes),
            batch=batch,
            time=time,
            over_time=bool(over_time),
            chosen=chosen,
            parts=[
                {**one, "also": list(one["also"]), "step": one["step"]._asdict(), "whole": one["whole"]._asdict()}
                for one in named
            ],
            parameters=parameters_of(input_size, sizes),
        )
        self.picture = draw(self._parts, self._shapes(), self.over_time, chosen, self._heading())
        self._text = self._all_parts()

    def first_frame(self) -> str:
        """The picture, and what it shows."""
        return f"<p>{self._heading()}</p>\n{self.picture}"

    def as_text(self) -> str:
        """A line for each part."""
        return self._text

    def _all_parts(self) -> str:
        lines, shapes = [self._heading()], self._shapes()
        for part in self._parts:
            view = part.whole if self.over_time else part.step
            lines.append(f"{view.expression}: {shapes[part.name] or 'a tuple'}. {view.words}")
        return "\n".join(lines)

    def _shapes(self) -> dict[str, str]:
        views = {part.name: part.whole if self.over_time else part.step for part in self._parts}
        return {name: _written(view.shape, self.batch, self.time) for name, view in views.items()}

    def _heading(self) -> str:
        layers = ", ".join(map(str, self.sizes))
        how = f"dynamic_rnn over {self.time} steps" if self.over_time else "one step"
        return f"{how} of LSTM layers of {layers} units on {self.input_size} inputs, {self.parameters:,} parameters"

    def __repr__(self) -> str:
        """Without an object's address, so that a stored notebook stays the same."""
        return f"DeepLSTMFigure({', '.join(map(str, self.sizes))} units on {self.input_size})"


def _sizes(cell: Any) -> tuple[int, tuple[int, ...]]:
    if not isinstance(cell, MultiRNNCell):
        raise TypeError(f"cell: expected a MultiRNNCell, got {type(cell).__name__}")
    for layer in cell.cells:
        if not isinstance(layer, LSTMCell) or not layer.is_plain:
            raise TypeError(f"cell: expected layers that are plain LSTMCells, got a {type(layer).__name__}")
    return cell.input_size, tuple(layer.output_size for layer in cell.cells)


def _written(shape: Shape, batch: int, time: int) -> str:
    numbers = [{"batch": batch, "time": time}[size] if isinstance(size, str) else size for size in shape]
    return f"[{', '.join(map(str, numbers))}]" if numbers else ""
