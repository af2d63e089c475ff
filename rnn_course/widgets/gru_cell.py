"""Two GRU units in live numbers, and the two places where the reset may act."""

from typing import Any

import numpy as np
import traitlets

from rnn_course.arrays import to_numpy
from rnn_course.gru import GRUCell
from rnn_course.shapes import ShapeError
from rnn_course.widgets.drawing import show
from rnn_course.widgets.figure import Figure
from rnn_course.widgets.given import finite_numbers
from rnn_course.widgets.gru_picture import draw

BY_HAND = GRUCell(  # each candidate listens most to the other unit: what r hides is then seen in the other one
    gates_kernel=np.array([[0.6, -0.4, 0.5, -0.3], [0.3, 0.2, 0.4, -0.2], [-0.2, 0.4, 0.1, 0.5]]),
    gates_bias=np.array([0.0, 0.0, 1.0, 1.0]),
    candidate_kernel=np.array([[0.5, -0.3], [0.2, 1.2], [-1.1, 0.3]]),
    candidate_bias=np.array([0.0, 0.1]),
)


class GRUCellFigure(Figure):
    """Slide x, h or a gate's bias, move the reset before or after the product, and watch r, u, n and h′.

    cell: a `GRUCell` with one input and two units; one with weights chosen by hand if left out. With one unit both
        places of the reset would give the same.
    x, h: the number and the two numbers at first.

    Raises TypeError for another cell, ShapeError for other sizes, ValueError for numbers that are not finite.
    """

    gates_kernel = traitlets.List().tag(sync=True)  # [x h h, r r u u]
    given = traitlets.List().tag(sync=True)  # [r r u u], the gates' bias of the cell
    bias = traitlets.List().tag(sync=True)  # [r r u u], as the reader changed it
    candidate_kernel = traitlets.List().tag(sync=True)  # [x h h, n n]
    candidate_bias = traitlets.List().tag(sync=True)  # [n n]
    recurrent_bias = traitlets.List().tag(sync=True)  # [n n], used if the reset acts after the product
    start = traitlets.List().tag(sync=True)  # x, h[0], h[1] at first
    x = traitlets.Float(0.0).tag(sync=True)
    h = traitlets.List().tag(sync=True)
    reset_after = traitlets.Bool(False).tag(sync=True)
    picture = traitlets.Unicode().tag(sync=True)

    def __init__(self, cell: Any = None, *, x: float = 0.8, h: Any = (0.9, -0.6)) -> None:
        if cell is None:
            cell = BY_HAND
        if not isinstance(cell, GRUCell):
            raise TypeError(f"cell: expected a GRUCell, got {type(cell).__name__}: other cells have other gates")
        if tuple(cell.gates_kernel.shape) != (3, 4):
            raise ShapeError(
                "cell: expected one input and two units, gates_kernel [3, 4], got "
                f"{list(cell.gates_kernel.shape)}: the figure draws both units"
            )
        cell.expect_fields()
        weights = {
            name: finite_numbers(f"cell.{name}", value)
            for name, value in cell._asdict().items()
            if name != "reset_after" and value is not None
        }
        x, h = float(finite_numbers("x", x)), finite_numbers("h", h)
        if h.shape != (2,):
            raise ShapeError(f"h: expected two numbers, one a unit, got {list(h.shape)}")
        recurrent = weights.get("candidate_recurrent_bias", np.zeros(2))
        exact = GRUCell(**weights, reset_after=cell.reset_after)
        self._after = bool(cell.reset_after)
        self._numbers = numbers(exact, x, h)
        super().__init__(
            gates_kernel=weights["gates_kernel"].tolist(),
            given=weights["gates_bias"].tolist(),
            bias=weights["gates_bias"].tolist(),
            candidate_kernel=weights["candidate_kernel"].tolist(),
            candidate_bias=weights["candidate_bias"].tolist(),
            recurrent_bias=recurrent.tolist(),
            start=[x, *h.tolist()],
            x=x,
            h=h.tolist(),
            reset_after=self._after,
            picture=draw(self._numbers, self._after),
        )

    def first_frame(self) -> str:
        """The picture, and the equation of the cell."""
        return f"<p>{self._equation()}, h′ = u·h + (1 − u)·n</p>\n{self.picture}"

    def as_text(self) -> str:
        """The equation, with its numbers."""
        both = {name: f"[{show(self._numbers[f'{name}.0'])}, {show(self._numbers[f'{name}.1'])}]" for name in "hrun"}
        new = f"[{show(self._numbers['new.0'])}, {show(self._numbers['new.1'])}]"
        return "\n".join(
            [
                f"x = {show(self._numbers['x'])}, h = {both['h']}",
                f"{self._equation()}",
                f"r = {both['r']}, u = {both['u']}, n = {both['n']}",
                f"h' = u·h + (1 − u)·n = {new}",
            ]
        )

    def _equation(self) -> str:
        after, before = "n = tanh(x @ Wx + b + r·(h @ Wh))", "n = tanh([x, r·h] @ candidate_kernel + b)"
        return f"[r, u] = σ([x, h] @ gates_kernel + gates_bias), {after if self._after else before}"

    def __repr__(self) -> str:
        """Without an object's address, so that a stored notebook stays the same."""
        return "GRUCellFigure(two units)"


def numbers(cell: GRUCell, x: float, h: np.ndarray) -> dict[str, float]:
    """All that the picture shows, under the names that it has there; h′ comes from the cell itself."""
    new = to_numpy(cell(np.array([[x]]), h[None])[0])[0]
    gates = np.array([x, *h]) @ cell.gates_kernel + cell.gates_bias
    r, u = np.split(0.5 * np.tanh(0.5 * gates) + 0.5, 2)
    recurrent = np.zeros(2) if cell.candidate_recurrent_bias is None else cell.candidate_recurrent_bias
    shown, heard = r * h, h @ cell.candidate_kernel[1:] + recurrent
    from_h = r * heard if cell.reset_after else shown @ cell.candidate_kernel[1:]
    z = x * cell.candidate_kernel[0] + cell.candidate_bias + from_h
    n = np.tanh(z)
    pairs = {"h": h, "before.r": gates[:2], "before.u": gates[2:], "r": r, "u": u, "rest": 1 - u}
    pairs |= {"shown": shown, "heard": heard, "before.n": z, "n": n}
    pairs |= {"kept": u * h, "written": (1 - u) * n, "new": new}
    return {"x": float(x)} | {f"{name}.{k}": float(pair[k]) for name, pair in pairs.items() for k in (0, 1)}
