"""Draw a digit, and three trained networks read it in the page: a dense one, a CNN, an LSTM row by row."""

from typing import Any

import numpy as np
import traitlets

from rnn_course.activations import softmax
from rnn_course.arrays import to_numpy
from rnn_course.readers import FILE, MODELS, Readers, packed, unpacked
from rnn_course.rnn import dynamic_rnn
from rnn_course.shapes import expect_shape
from rnn_course.tree import named_leaves
from rnn_course.widgets.draw_a_digit_picture import describe, draw, percent
from rnn_course.widgets.figure import Figure
from rnn_course.widgets.pen import FIELD, PRESETS, rasterised

MOST_POINTS = 4000  # they travel to the kernel at each stroke


class DrawADigit(Figure):
    """Draw with mouse, finger or keys; each network answers at once, the LSTM after every row.

    digit: which digit is drawn first, 0 to 9; or the strokes themselves, each a list of points [x, y] from 0 to 1.
    readers: the three networks, as `load_readers` gives them; the package's own, trained on MNIST, if left out. Their
        weights travel as one byte each.

    Raises TypeError for other networks, ShapeError for weights of other shapes, ValueError for strokes out of range.
    """

    strokes = traitlets.List().tag(sync=True)  # [stroke][point][x, y]
    read = traitlets.Int(FIELD).tag(sync=True)  # how many rows the LSTM has read
    presets = traitlets.List().tag(sync=True)  # [digit][stroke][point][x, y]
    weights = traitlets.Bytes().tag(sync=True)  # a safetensors file

    def __init__(self, digit: Any = 3, readers: Any = None) -> None:
        content = FILE.read_bytes() if readers is None else packed(_expect_readers(readers))
        self._readers = unpacked(content, "float64")
        super().__init__(strokes=_strokes(digit), presets=PRESETS, weights=content)
        self._words = describe({name: list(p) for name, p in self.answers.items()}, self.beliefs.tolist())
        self.picture = draw(self.image, self.beliefs, self.answers, self._words)

    @property
    def image(self) -> np.ndarray:
        """What the networks see, `[28, 28]`, 0 for paper and 1 for ink."""
        return rasterised(self.strokes)

    @property
    def answers(self) -> dict[str, np.ndarray]:
        """The probabilities of the ten digits, for each network."""
        images, named = self.image[None], self._readers._asdict()
        return {name: to_numpy(softmax(named[name](view(images))))[0] for name, (_, view) in MODELS.items()}

    @property
    def beliefs(self) -> np.ndarray:
        """What the LSTM would answer after each row, `[28, 10]`."""
        outputs, _ = dynamic_rnn(self._readers.lstm.cell, self.image[None])
        return to_numpy(softmax(self._readers.lstm.readout(outputs[0])))

    @traitlets.validate("strokes")
    def _within(self, proposal: Any) -> list:
        return _strokes(proposal["value"])

    @traitlets.validate("read")
    def _in_range(self, proposal: Any) -> int:
        if not 1 <= proposal["value"] <= FIELD:
            raise ValueError(f"read: expected a number of rows from 1 to {FIELD}, got {proposal['value']}")
        return proposal["value"]

    def first_frame(self) -> str:
        """The picture, and the answers."""
        return f"<p>{self._words}</p>\n{self.picture}"

    def as_text(self) -> str:
        """The image in characters, what the LSTM believes after some rows, the answers."""
        lines = ["".join(" ·+#"[min(3, int(4 * value))] for value in row).rstrip() for row in self.image]
        for row in range(3, FIELD, 6):
            best = int(np.argmax(self.beliefs[row]))
            lines.append(f"after row {row} the LSTM says {best} ({percent(self.beliefs[row][best])})")
        return "\n".join([*filter(None, lines), self._words])

    def __repr__(self) -> str:
        """Without an object's address, so that a stored notebook stays the same."""
        return "DrawADigit(three networks)"


def _expect_readers(readers: Any) -> Readers:
    if not isinstance(readers, Readers):
        raise TypeError(f"readers: expected Readers(nn=…, cnn=…, lstm=…), got {type(readers).__name__}")
    like = Readers(**{name: make(np.random.default_rng(0)) for name, (make, _) in MODELS.items()})
    expected = dict(named_leaves(like))
    given = dict(named_leaves(readers))
    if given.keys() != expected.keys():
        raise TypeError("readers: expected the networks that MODELS of rnn_course.readers makes, got others")
    for name, leaf in given.items():
        axes = " ".join(f"axis{k}" for k in range(expected[name].ndim))
        sizes = {f"axis{k}": size for k, size in enumerate(expected[name].shape)}
        expect_shape(f"readers.{name}", leaf, axes, **sizes)
    return readers


def _strokes(given: Any) -> list:
    if isinstance(given, int):
        if not 0 <= given <= 9:
            raise ValueError(f"digit: expected a number from 0 to 9, or strokes, got {given}")
        return PRESETS[given]
    try:
        strokes = [np.asarray(to_numpy(stroke), np.float64) for stroke in given if len(stroke)]
    except (TypeError, ValueError):
        strokes = [np.zeros(())]
    if any(stroke.shape[1:] != (2,) for stroke in strokes):
        raise ValueError("digit: expected a number from 0 to 9, or strokes: lists of points [x, y]")
    if sum(map(len, strokes)) > MOST_POINTS:
        raise ValueError(f"digit: expected at most {MOST_POINTS} points, got {sum(map(len, strokes))}")
    for stroke in strokes:
        if not (np.isfinite(stroke).all() and (stroke >= 0).all() and (stroke <= 1).all()):
            raise ValueError("digit: expected points from 0 to 1 in strokes; scale them first")
    return [stroke.tolist() for stroke in strokes]
