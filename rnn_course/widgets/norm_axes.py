"""Who shares a mean: the numbers of a small batch of images, and those that a kind of normalization takes together."""

from typing import Any

import numpy as np
import traitlets

from rnn_course.norm import GroupNorm, standardize_forward
from rnn_course.shapes import ShapeError
from rnn_course.widgets.drawing import drawing, element, show, text, tint
from rnn_course.widgets.figure import Figure
from rnn_course.widgets.given import finite_numbers

KINDS = ("batch", "layer", "instance", "group")
MOST = (4, 2, 2, 8)  # batch, rows, columns, channels: what can still be read on a phone
WIDTH, HEIGHT, GAP, EDGE, TOP = 29, 20, 5, 2, 32
LABEL = 16  # the line with an example's name above its tiles
EPS = 1e-5


class NormAxes(Figure):
    """Choose a norm and a number: see which numbers share its mean, and which answers change when it changes.

    x: a few small images, `[batch, rows, columns, channels]`, at most 4 of 2 × 2 pixels and 8 channels, NumPy or Torch;
        random ones, 3 examples of 6 channels, if left out.
    kind: "batch", "layer", "instance" or "group"; groups: how many groups of channels "group" makes.
    marked: which number is looked at first: example, row, column and channel, "0.0.0.0".

    Raises ShapeError for other shapes or groups that do not fit, ValueError for numbers that are not finite and for a
    kind or a place that does not exist.
    """

    given = traitlets.List().tag(sync=True)  # [batch, rows, columns, channels], as handed in
    x = traitlets.List().tag(sync=True)  # the same, as the reader changed it
    kind = traitlets.Enum(KINDS, "group").tag(sync=True)
    groups = traitlets.Int(2).tag(sync=True)
    marked = traitlets.Unicode("0.0.0.0").tag(sync=True)
    shown = traitlets.Enum(("x", "y"), "x").tag(sync=True)
    picture = traitlets.Unicode().tag(sync=True)

    def __init__(self, x: Any = None, *, kind: str = "group", groups: int = 2, marked: str = "0.0.0.0") -> None:
        images = _example() if x is None else finite_numbers("x", x)
        if images.ndim != 4 or 0 in images.shape or any(n > most for n, most in zip(images.shape, MOST, strict=True)):
            most = ", ".join(
                f"{name} <= {n}" for name, n in zip(("batch", "rows", "columns", "channels"), MOST, strict=True)
            )
            raise ShapeError(f"x: expected [{most}], no axis empty, got {list(images.shape)}: more cannot be read")
        if kind not in KINDS:
            raise ValueError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}")
        shape = np.shape(images)
        _expect_groups(groups, shape[3])
        self._together = together(shape, kind, groups, _place(marked, shape))
        values = images.tolist()
        picture = draw(images, self._together, marked)
        super().__init__(given=values, x=values, kind=kind, groups=groups, marked=marked, picture=picture)

    @traitlets.validate("marked")
    def _exists(self, proposal: Any) -> str:
        _place(proposal["value"], np.shape(self.x))
        return proposal["value"]

    @traitlets.validate("groups")
    def _fits(self, proposal: Any) -> int:
        _expect_groups(proposal["value"], len(self.x[0][0][0]))
        return proposal["value"]

    def first_frame(self) -> str:
        """What is taken together, in words, and the picture."""
        return f"<p>{self._words()}</p>\n{self.picture}"

    def as_text(self) -> str:
        """The same, and the numbers, a line for each example and channel."""
        x = np.array(self.x)
        lines = [self._words()]
        for n, example in enumerate(x):
            for c in range(x.shape[3]):
                marks = ("*" if together_here else "" for together_here in self._together[n, :, :, c].ravel())
                numbers = zip(example[:, :, c].ravel(), marks, strict=True)
                lines.append(
                    f"example {n}, channel {c}: " + ", ".join(f"{show(value)}{mark}" for value, mark in numbers)
                )
        return "\n".join(lines)

    def _words(self) -> str:
        chosen = np.array(self.x)[self._together]
        name = f"{self.kind} norm" + (f" with {self.groups} groups" if self.kind == "group" else "")
        return (
            f"{name}: {chosen.size} numbers share a mean of {show(float(chosen.mean()))} and a variance of "
            f"{show(float(chosen.var()))}."
        )

    def __repr__(self) -> str:
        """Without an object's address, so that a stored notebook stays the same."""
        batch, rows, columns, channels = (len(self.x), len(self.x[0]), len(self.x[0][0]), len(self.x[0][0][0]))
        return f"NormAxes({batch} examples, {rows} × {columns} pixels, {channels} channels)"


def together(shape: tuple[int, ...], kind: str, groups: int, place: tuple[int, ...]) -> np.ndarray:
    """True at the numbers that share their mean with the one at `place`, `[batch, rows, columns, channels]`."""
    indices = np.indices(shape)
    n, c, size = indices[0], indices[3], shape[3] // groups
    same_example, same_channel = n == place[0], c == place[3]
    return {
        "batch": same_channel,
        "layer": same_example,
        "instance": same_example & same_channel,
        "group": same_example & (c // size == place[3] // size),
    }[kind]


def normalised(x: np.ndarray, kind: str, groups: int) -> np.ndarray:
    """x as the package normalizes it, with gamma 1 and beta 0."""
    if kind == "batch":
        return standardize_forward(x, (0, 1, 2), EPS)[0]
    channels = x.shape[3]
    count = {"layer": 1, "instance": channels, "group": groups}[kind]
    return GroupNorm(np.ones(channels), np.zeros(channels), count, EPS)(x)


def draw(x: np.ndarray, chosen: np.ndarray, marked: str) -> str:
    """A row of tiles for each example, a tile for each channel, in it the pixels."""
    batch, rows, columns, channels = np.shape(x)
    pitch_x, pitch_y = columns * WIDTH + GAP, LABEL + rows * HEIGHT + GAP
    parts = [text(EDGE + (channels * pitch_x - GAP) / 2, 12, "channels")]
    parts += [text(EDGE + c * pitch_x + columns * WIDTH / 2, 28, str(c)) for c in range(channels)]
    for n in range(batch):
        line = TOP + n * pitch_y
        parts.append(text(EDGE, line + LABEL - 5, f"example {n}", class_="rc-label rc-start"))
        for c, r, s in np.ndindex(channels, rows, columns):
            left, top = EDGE + c * pitch_x + s * WIDTH, line + LABEL + r * HEIGHT
            name = f"{n}.{r}.{s}.{c}"
            parts.append(_number(left, top, float(x[n, r, s, c]), name, bool(chosen[n, r, s, c]), name == marked))
    words = "Numbers of a batch of images. Filled are those that share a mean."
    numbers = element("g", *parts, class_="rc-norm-numbers")
    return drawing(2 * EDGE + channels * pitch_x - GAP, TOP + batch * pitch_y, words, numbers)


def short(value: float) -> str:
    """With one decimal, a real minus sign, no −0.0; as `short` of norm_axes.js."""
    digits = f"{np.floor(abs(value) * 10 + 0.5) / 10:.1f}"
    return f"−{digits}" if value < 0 and float(digits) else digits


def _number(left: int, top: int, value: float, name: str, chosen: bool, marked: bool) -> str:
    size = tint(value / 2)
    box = element("rect", x=left, y=top, width=WIDTH, height=HEIGHT, style=f"--rc-size:{size}")
    words = element("text", short(value), x=left + WIDTH / 2, y=top + HEIGHT / 2)
    kind = "rc-cell rc-input" + (" rc-together" if chosen else "") + (" rc-marked" if marked else "")
    return element("g", box, words, class_=kind, data_name=name)


def _example() -> np.ndarray:
    rng = np.random.default_rng(4)
    spread = np.array([0.4, 1.0, 0.3, 0.8, 0.5, 0.6])
    mean = np.array([1.2, -0.5, 0.3, 2.0, -1.4, 0.0])
    return np.round(mean + spread * rng.standard_normal((3, 2, 2, 6)) + rng.normal(0, 0.6, (3, 1, 1, 1)), 1)


def _place(marked: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    parts = marked.split(".")
    if len(parts) != 4 or not all(part.isdigit() and int(part) < n for part, n in zip(parts, shape, strict=True)):
        raise ValueError(f"marked: expected example.row.column.channel below {list(shape)}, got {marked!r}")
    return tuple(int(part) for part in parts)


def _expect_groups(groups: int, channels: int) -> None:
    if groups < 1 or channels % groups:
        fitting = ", ".join(str(k) for k in range(1, channels + 1) if channels % k == 0)
        raise ShapeError(f"groups: expected a divisor of the {channels} channels ({fitting}), got {groups}")
