"""One dense layer as a product of two tables: which numbers meet in an output, and how far a number reaches."""

from typing import Any

import numpy as np
import traitlets

from rnn_course.activations import softmax
from rnn_course.arrays import to_numpy
from rnn_course.layers import Dense
from rnn_course.shapes import ShapeError
from rnn_course.widgets.drawing import HEIGHT, WIDTH, cell, drawing, show, text
from rnn_course.widgets.figure import Figure

MOST = {"batch": 4, "input": 3, "output": 4}  # what can still be read on a phone
GAP = 22  # between the two columns of tables, and above a table for its name
ROLES = {"x": "input", "kernel": "weights", "bias": "weights", "y": "ink", "p": "output"}
Tables = dict[str, list[list[float]]]


class DenseLayerFigure(Figure):
    """Mark a number: what is it made of, or what does it reach? Slide it, and see what changes.

    layer: a `Dense` of at most 3 inputs and 4 outputs; NumPy or Torch.
    x: one small batch, `[batch, input]`, of at most 4 examples.
    marked: the number that is marked first, such as "y.0.3": its table, row and column.

    Raises TypeError for another layer, ShapeError for another shape, ValueError for numbers too many or not finite.
    """

    given = traitlets.Dict().tag(sync=True)  # x, kernel and bias as handed in, lists of rows
    tables = traitlets.Dict().tag(sync=True)  # the same, as the reader changed them
    marked = traitlets.Unicode("y.0.0").tag(sync=True)
    picture = traitlets.Unicode().tag(sync=True)

    def __init__(self, layer: Any, x: Any, *, marked: str = "y.0.0") -> None:
        if not isinstance(layer, Dense):
            raise TypeError(f"layer: expected a Dense, got {type(layer).__name__}")
        kernel, bias = _numbers("layer.kernel", layer.kernel), _numbers("layer.bias", layer.bias)
        rows = _numbers("x", x)
        if rows.ndim != 2 or len(rows) == 0 or rows.shape[1] != kernel.shape[0]:
            raise ShapeError(f"x: expected [batch, input={kernel.shape[0]}], got {list(rows.shape)}")
        for name, size in {"batch": len(rows), "input": kernel.shape[0], "output": kernel.shape[1]}.items():
            if size > MOST[name]:
                raise ValueError(f"{name}: expected at most {MOST[name]}, got {size}: a larger picture cannot be read")
        given = {"x": rows.tolist(), "kernel": kernel.tolist(), "bias": [bias.tolist()]}
        self._tables = tables_of(given)
        super().__init__(given=given, tables=given, marked=marked, picture=draw(self._tables))

    @traitlets.validate("marked")
    def _exists(self, proposal: Any) -> str:
        name, *place = proposal["value"].split(".")
        known = self._tables.get(name)
        sizes = (len(known), len(known[0])) if known else ()
        inside = all(k.isdigit() and int(k) < n for k, n in zip(place, sizes, strict=False))
        if known is None or len(place) != len(sizes) or not inside:
            raise ValueError(
                f"marked: expected a table, a row and a column, such as 'y.0.0', among {', '.join(self._tables)}; got "
                f"{proposal['value']!r}"
            )
        return proposal["value"]

    def first_frame(self) -> str:
        """The picture, and in words what it shows."""
        return f"<p>y = x @ kernel + bias, and p = softmax(y), row by row.</p>\n{self.picture}"

    def as_text(self) -> str:
        """A line for each row of each table."""
        lines = ["y = x @ kernel + bias, p = softmax(y)"]
        for name, table in self._tables.items():
            lines += [f"{name}[{k}]: {', '.join(map(show, row))}" for k, row in enumerate(table)]
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Without an object's address, so that a stored notebook stays the same."""
        batch, inputs, outputs = len(self.given["x"]), len(self.given["kernel"]), len(self.given["bias"][0])
        return f"DenseLayerFigure(batch {batch}, {inputs} inputs, {outputs} outputs)"


def _numbers(name: str, values: Any) -> np.ndarray:
    try:
        numbers = np.asarray(to_numpy(values), dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"{name}: expected an array of numbers, got {type(values).__name__}") from None
    if not np.isfinite(numbers).all():
        raise ValueError(f"{name}: expected finite numbers, got NaN or infinity")
    return numbers


def tables_of(given: Tables) -> Tables:
    """x, kernel and bias, with what they make: y, and the probabilities p."""
    layer = Dense(np.array(given["kernel"]), np.array(given["bias"][0]))
    y = layer(np.array(given["x"]))
    return {**given, "y": y.tolist(), "p": softmax(y).tolist()}


def draw(tables: Tables) -> str:
    """The kernel stands above y and x beside it, so that an output lies where its row of x meets its column."""
    batch, inputs = len(tables["x"]), len(tables["kernel"])
    left = inputs * WIDTH + GAP
    y_kernel = GAP
    y_bias = y_kernel + inputs * HEIGHT + 10
    y_y = y_bias + HEIGHT + GAP
    y_p = y_y + batch * HEIGHT + GAP
    places = {"x": (0, y_y), "kernel": (left, y_kernel), "bias": (left, y_bias), "y": (left, y_y), "p": (left, y_p)}
    beside = {"kernel": inputs * HEIGHT / 2, "bias": HEIGHT / 2, "p": batch * HEIGHT / 2}
    parts = []
    for name, (x0, y0) in places.items():
        role = ROLES[name]
        for k, row in enumerate(tables[name]):
            parts += [
                cell(role, x0 + j * WIDTH, y0 + k * HEIGHT, number, f"{name}.{k}.{j}") for j, number in enumerate(row)
            ]
        if name in beside:
            label = "softmax(y) = p" if name == "p" else name
            parts.append(text(left - 10, y0 + beside[name] + 4, label, class_=f"rc-name rc-end rc-{role}"))
        else:
            parts.append(text(x0 + 2, y0 - 6, name, class_=f"rc-name rc-start rc-{role}"))
    words = "A dense layer. " + " ".join(
        f"{name}: {'; '.join(', '.join(map(show, row)) for row in table)}." for name, table in tables.items()
    )
    return drawing(left + len(tables["bias"][0]) * WIDTH + 2, y_p + batch * HEIGHT + 4, words, *parts)
