"""An RNN unrolled in time: which numbers travel along which arrow, step by step."""

from typing import Any

import numpy as np
import traitlets

from rnn_course.cells import BasicRNNCell
from rnn_course.shapes import ShapeError
from rnn_course.widgets.drawing import HEIGHT, WIDTH, arrow, cells, drawing, element, hatched, show, text
from rnn_course.widgets.figure import Figure
from rnn_course.widgets.given import finite_numbers

MOST = {"input": 3, "hidden": 3, "time": 6}  # what can still be read on a phone
LEFT, PITCH = 62, 82  # room for the names of the rows; from one step to the next
NAMES = {"x": "x", "h": "old h", "z": "z", "new": "new h"}  # what a step is told about


class UnrolledRNN(Figure):
    """Step through time, change an input, and see everything after it change and nothing before.

    cell: a `BasicRNNCell` of at most 3 inputs and 3 units; NumPy or Torch.
    inputs: one short sequence, `[time, input]` or `[1, time, input]`, of at most 6 steps.
    initial_state: h before the first step, `[hidden]` or `[1, hidden]`; zeros if left out.
    step: which step is shown first.

    Raises TypeError for another cell, ShapeError for another shape, ValueError for numbers too many or not finite.
    """

    kernel = traitlets.List().tag(sync=True)  # [input + hidden, hidden]
    bias = traitlets.List().tag(sync=True)  # [hidden]
    activation = traitlets.Unicode("tanh").tag(sync=True)
    initial_state = traitlets.List().tag(sync=True)  # [hidden]
    given = traitlets.List().tag(sync=True)  # [time, input], as handed in
    inputs = traitlets.List().tag(sync=True)  # [time, input], as the reader changed them
    step = traitlets.Int(0).tag(sync=True)
    picture = traitlets.Unicode().tag(sync=True)

    def __init__(self, cell: Any, inputs: Any, initial_state: Any = None, *, step: int = 0) -> None:
        if not isinstance(cell, BasicRNNCell):
            raise TypeError(f"cell: expected a BasicRNNCell, got {type(cell).__name__}: other cells have other arrows")
        kernel, bias = finite_numbers("cell.kernel", cell.kernel), finite_numbers("cell.bias", cell.bias)
        hidden, width = bias.shape[0], kernel.shape[0] - bias.shape[0]
        x = finite_numbers("inputs", inputs)
        x = x[0] if x.ndim == 3 and len(x) == 1 else x
        if x.ndim != 2 or x.shape[1] != width or len(x) == 0:
            raise ShapeError(
                f"inputs: expected one sequence, [time, input={width}] or [1, time, input={width}] with at least one "
                f"step, got {list(np.shape(inputs))}"
            )
        for name, size in {"input": width, "hidden": hidden, "time": len(x)}.items():
            if size > MOST[name]:
                raise ValueError(f"{name}: expected at most {MOST[name]}, got {size}: a larger picture cannot be read")
        h = np.zeros(hidden) if initial_state is None else finite_numbers("initial_state", initial_state)
        if h.size != hidden or h.shape not in ((hidden,), (1, hidden)):
            raise ShapeError(f"initial_state: expected [hidden={hidden}] or [1, {hidden}], got {list(h.shape)}")
        h = h.reshape(hidden)
        if not 0 <= step < len(x):
            raise ValueError(f"step: expected a number from 0 to {len(x) - 1}, got {step}")
        cell = BasicRNNCell(kernel, bias, cell.activation)
        self._steps = _run(cell, x, h)
        super().__init__(
            kernel=kernel.tolist(),
            bias=bias.tolist(),
            activation=cell.activation,
            initial_state=h.tolist(),
            given=x.tolist(),
            inputs=x.tolist(),
            step=step,
            picture=draw(self._steps, step),
        )

    @traitlets.validate("step")
    def _in_range(self, proposal: Any) -> int:
        if not 0 <= proposal["value"] < max(len(self.inputs), 1):
            raise ValueError(f"step: expected a number from 0 to {len(self.inputs) - 1}, got {proposal['value']}")
        return proposal["value"]

    def first_frame(self) -> str:
        """The picture, and in words what it shows."""
        return f"<p>The same kernel in every step, h′ = {self.activation}([x, h] @ kernel + bias).</p>\n{self.picture}"

    def as_text(self) -> str:
        """A line of numbers for each step."""
        lines = [f"h' = {self.activation}([x, h] @ kernel + bias); the output is h'"]
        for step, numbers in enumerate(self._steps):
            lines.append(f"step {step}: " + ", ".join(f"{NAMES[row]} {_listed(numbers[row])}" for row in NAMES))
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Without an object's address, so that a stored notebook stays the same."""
        return f"UnrolledRNN({len(self.given)} steps, {len(self.bias)} units)"


def _run(cell: BasicRNNCell, x: np.ndarray, h: np.ndarray) -> list[dict[str, list[float]]]:
    """The numbers of each step: x, the h that came in, the pre-activation z, and the new h."""
    steps = []
    for row in x:
        z = np.concatenate([row, h]) @ cell.kernel + cell.bias
        _, new_h = cell(row[None], h[None])
        steps.append({"x": row.tolist(), "h": h.tolist(), "z": z.tolist(), "new": new_h[0].tolist()})
        h = new_h[0]
    return steps


def _listed(row: list[float]) -> str:
    return f"[{', '.join(map(show, row))}]"


def draw(steps: list[dict[str, list[float]]], now: int) -> str:
    """All steps side by side; from below: x and h, the kernel, z, the new h, which leaves up and to the right."""
    width, hidden = len(steps[0]["x"]), len(steps[0]["h"])
    tall = hidden * HEIGHT
    y_output = 25
    y_new = y_output + tall + 22
    y_z = y_new + tall + 26
    y_kernel = y_z + tall + 14
    y_old = y_kernel + 26 + 16
    y_x = y_old + tall + 12
    y_end = y_x + width * HEIGHT
    rows = {
        "output": (y_output, tall, "state"),
        "new h": (y_new, tall, "state"),
        "z": (y_z, tall, "ink"),
        "kernel": (y_kernel, 26, "weights"),
        "old h": (y_old, tall, "state"),
        "x": (y_x, width * HEIGHT, "input"),
    }
    parts = [
        text(0, y + high / 2 + 4, name, class_=f"rc-name rc-start rc-{role}") for name, (y, high, role) in rows.items()
    ]
    parts.append(element("rect", x=_left(now) - 7, y=4, width=WIDTH + 14, height=y_end + 4, rx=8, class_="rc-column"))
    for step, numbers in enumerate(steps):
        left, middle = _left(step), _left(step) + WIDTH / 2
        column = [
            text(middle, 17, f"step {step}"),
            cells("state", left, y_output, numbers["new"], f"output.{step}"),
            arrow("state", (middle, y_new), (middle, y_output + tall + 2)),
            cells("state", left, y_new, numbers["new"], f"new.{step}"),
            arrow("ink", (middle, y_z), (middle, y_new + tall + 2)),
            cells("ink", left, y_z, numbers["z"], f"z.{step}"),
            arrow("ink", (middle, y_kernel), (middle, y_z + tall + 1)),
            hatched("weights", left - 5, y_kernel, WIDTH + 10, 26, "kernel"),
            arrow("ink", (middle, y_old), (middle, y_kernel + 27)),
            cells("state", left, y_old, numbers["h"], f"old.{step}"),
            cells("input", left, y_x, numbers["x"], f"x.{step}"),
            element("rect", x=left - 7, y=4, width=WIDTH + 14, height=y_end + 4, class_="rc-target"),
        ]
        parts.append(element("g", *column, class_="rc-step", data_step=step))
        across, y_from, y_to = left + WIDTH + (PITCH - WIDTH) / 2, y_new + tall / 2, y_old + tall / 2
        way = [(left + WIDTH, y_from), (across, y_from), (across, y_to), (left + PITCH - 1, y_to)]
        parts.append(arrow("state", *(way if step + 1 < len(steps) else [*way[:1], (across, y_from)])))
    words_at = _left(len(steps) - 1) + WIDTH + 8
    parts += [
        text(words_at, y_new + tall / 2 + 14 + 12 * k, word, class_="rc-label rc-start")
        for k, word in enumerate(("final", "state"))
    ]
    words = f"An RNN unrolled over {len(steps)} steps. " + " ".join(
        f"Step {k}: " + ", ".join(f"{NAMES[row]} {_listed(n[row])}" for row in NAMES) + ", which is the output."
        for k, n in enumerate(steps)
    )
    return drawing(words_at + 28, y_end + 10, words, *parts)


def _left(step: int) -> int:
    return LEFT + step * PITCH
