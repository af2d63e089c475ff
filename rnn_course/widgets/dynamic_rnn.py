"""`dynamic_rnn` on a ragged batch: what the outputs, the mask and the final state are, row by row."""

from typing import Any

import numpy as np
import traitlets

from rnn_course.cells import BasicRNNCell, LSTMCell, LSTMStateTuple
from rnn_course.rnn import dynamic_rnn
from rnn_course.shapes import ShapeError, expect_lengths
from rnn_course.widgets.drawing import show
from rnn_course.widgets.dynamic_rnn_picture import describe, draw
from rnn_course.widgets.figure import Figure
from rnn_course.widgets.given import finite_numbers

MOST = {"batch": 4, "time": 6, "hidden": 5, "input": 5}  # what can still be read on a phone
NOISE = 9.0  # what is put into the padding, to see that it changes nothing
Cell = BasicRNNCell | LSTMCell


class DynamicRNNFigure(Figure):
    """Change the lengths, the layout, the initial state, and watch outputs, mask and final state of `dynamic_rnn`.

    cell: a plain `LSTMCell` or a `BasicRNNCell` of at most 5 units; a small LSTM if left out.
    inputs: `[batch, time, input]`, at most 4 rows of 6 steps (`[time, batch, input]` with `time_major=True`); NumPy or
        Torch; random numbers if left out.
    lengths: how many steps of each row count; all if left out and `inputs` are given.
    initial_state: the other state that a reader can begin with; random numbers if left out.
    time_major: how it is shown first.

    Raises TypeError for another cell, ShapeError for another shape, ValueError for lengths or numbers out of range.
    """

    kind = traitlets.Unicode().tag(sync=True)  # LSTMCell or BasicRNNCell
    kernel = traitlets.List().tag(sync=True)  # [input + hidden, hidden or 4 · hidden]
    bias = traitlets.List().tag(sync=True)
    activation = traitlets.Unicode("tanh").tag(sync=True)
    inputs = traitlets.List().tag(sync=True)  # [batch, time, input], always
    lengths = traitlets.List().tag(sync=True)  # [batch]
    other_state = traitlets.Dict().tag(sync=True)  # c and h, or h: [batch, hidden]
    from_zero = traitlets.Bool(True).tag(sync=True)  # begin with zeros, or with the other state
    time_major = traitlets.Bool(False).tag(sync=True)
    noise = traitlets.Bool(False).tag(sync=True)  # large numbers in the padding
    row = traitlets.Int(0).tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)
    picture = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        cell: Any = None,
        inputs: Any = None,
        lengths: Any = None,
        *,
        initial_state: Any = None,
        time_major: bool = False,
    ) -> None:
        rng = np.random.default_rng(4)
        if cell is None:
            width = 2 if inputs is None else np.shape(inputs)[-1]
            cell = LSTMCell(rng.normal(0, 0.8, (width + 4, 16)).round(2), rng.normal(0, 0.5, 16).round(2))
        cell = _as_double(cell)
        hidden, width = cell.output_size, cell.kernel.shape[0] - cell.output_size
        if inputs is None:
            x = rng.normal(0, 1, (3, 5, width)).round(1)
            lengths = [5, 3, 0] if lengths is None else lengths
        else:
            x = _inputs(inputs, width, time_major)
        batch, time, _ = x.shape
        for name, size in {"batch": batch, "time": time, "hidden": hidden, "input": width}.items():
            if not 1 <= size <= MOST[name]:
                raise ValueError(f"{name}: expected 1 to {MOST[name]}, got {size}: another picture cannot be read")
        lengths = [time] * batch if lengths is None else lengths
        expect_lengths("lengths", lengths, time, batch=batch)
        parts = _other_state(cell, initial_state, batch, rng)
        self._cell = cell
        super().__init__(
            kind=type(cell).__name__,
            kernel=cell.kernel.tolist(),
            bias=cell.bias.tolist(),
            activation=getattr(cell, "activation", "tanh"),
            inputs=x.tolist(),
            lengths=[int(length) for length in lengths],
            other_state={name: part.tolist() for name, part in parts.items()},
            time_major=bool(time_major),
        )
        self._first = self.look()
        self.picture = draw(self._first, self.time_major, (self.row, self.step))

    def run(self) -> tuple[np.ndarray, Any]:
        """The outputs and the final state of `dynamic_rnn` as the figure stands, in its layout."""
        x = np.array(self.inputs)
        if self.noise:
            x[np.arange(x.shape[1]) >= np.array(self.lengths)[:, None]] = NOISE
        state = None
        if not self.from_zero:
            parts = {name: np.array(part) for name, part in self.other_state.items()}
            state = LSTMStateTuple(**parts) if "c" in parts else parts["h"]
        x = x.swapaxes(0, 1) if self.time_major else x
        return dynamic_rnn(self._cell, x, state, self.lengths, self.time_major)

    def look(self) -> dict[str, Any]:
        """What the picture shows: outputs `[batch, time, hidden]`, lengths, h and, of an LSTM, c."""
        outputs, state = self.run()
        outputs = outputs.swapaxes(0, 1) if self.time_major else outputs
        parts = state._asdict() if isinstance(state, LSTMStateTuple) else {"h": state}
        shown = {name: part.tolist() for name, part in parts.items()}
        return {"outputs": outputs.tolist(), "lengths": list(self.lengths), **shown}

    @traitlets.validate("lengths")
    def _fit(self, proposal: Any) -> list[int]:
        if self.inputs:
            expect_lengths("lengths", proposal["value"], len(self.inputs[0]), batch=len(self.inputs))
        return proposal["value"]

    def first_frame(self) -> str:
        """The picture, and in words what it shows."""
        return f"<p>{describe(self._first)}</p>\n{self.picture}"

    def as_text(self) -> str:
        """A line for each row and step, then the final state."""
        lines = [describe(self._first)]
        for b, row in enumerate(self._first["outputs"]):
            for t, output in enumerate(row):
                mask = int(t < self._first["lengths"][b])
                lines.append(f"row {b}, step {t}: mask {mask}, output {_listed(output)}")
            state = ", ".join(f"{name} {_listed(self._first[name][b])}" for name in ("h", "c") if name in self._first)
            lines.append(f"row {b}, final state: {state}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Without an object's address, so that a stored notebook stays the same."""
        return f"DynamicRNNFigure({len(self.inputs)} rows, {len(self.inputs[0])} steps, {self._cell.output_size} units)"


def _as_double(cell: Any) -> Cell:
    if not isinstance(cell, Cell):
        raise TypeError(f"cell: expected an LSTMCell or a BasicRNNCell, got {type(cell).__name__}")
    if isinstance(cell, LSTMCell) and not cell.is_plain:
        raise ValueError("cell: expected an LSTMCell without peepholes, projection or clipping, which are not drawn")
    kernel, bias = finite_numbers("cell.kernel", cell.kernel), finite_numbers("cell.bias", cell.bias)
    return LSTMCell(kernel, bias) if isinstance(cell, LSTMCell) else BasicRNNCell(kernel, bias, cell.activation)


def _inputs(given: Any, width: int, time_major: bool) -> np.ndarray:
    x = finite_numbers("inputs", given)
    if x.ndim != 3 or x.shape[2] != width:
        axes = "time, batch" if time_major else "batch, time"
        raise ShapeError(f"inputs: expected [{axes}, input={width}], got {list(x.shape)}")
    return x.swapaxes(0, 1) if time_major else x


def _other_state(cell: Cell, given: Any, batch: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    names = ("c", "h") if isinstance(cell, LSTMCell) else ("h",)
    shape = (batch, cell.output_size)
    if given is None:
        return {name: rng.uniform(-0.9, 0.9, shape).round(2) for name in names}
    if isinstance(cell, LSTMCell) and not isinstance(given, LSTMStateTuple):
        raise TypeError(f"initial_state: expected an LSTMStateTuple(c=…, h=…), got {type(given).__name__}")
    parts = given._asdict() if isinstance(given, LSTMStateTuple) else {"h": given}
    parts = {name: finite_numbers(f"initial_state.{name}", part) for name, part in parts.items()}
    for name, part in parts.items():
        if part.shape != shape:
            raise ShapeError(
                f"initial_state.{name}: expected [batch={shape[0]}, hidden={shape[1]}], got {list(part.shape)}"
            )
    return parts


def _listed(row: list[float]) -> str:
    return f"[{', '.join(map(show, row))}]"
