"""How loud a gradient arrives, step by step back through time: the recurrent matrix, tanh and the inputs decide."""

from math import log10
from typing import Any

import numpy as np
import traitlets

from rnn_course.init import orthogonal
from rnn_course.shapes import ShapeError
from rnn_course.widgets.drawing import arrow, drawing, element, show, text
from rnn_course.widgets.figure import Figure
from rnn_course.widgets.given import finite_numbers

TIME, MOST, WIDEST = 24, 12, 40  # steps if nobody says, units and steps that a page can carry
LEFT, SPAN, DECADE, MIDDLE = 44, 336, 13, 104  # the bars of all steps; the line of norm 1 at y = MIDDLE
DECADES = 6  # up and down
SLOPES, TALL = 236, 30  # where the slopes of tanh stand, and how high a slope of 1 is
QUIET, LOUD = 1e-3, 1e3


class GradientFlow(Figure):
    """Turn the spectral radius of a recurrent matrix, and see the gradient of the last state vanish or explode.

    recurrent: a square matrix `[hidden, hidden]` of at most 12 units, the lower rows of a `BasicRNNCell`'s kernel,
        NumPy or Torch. It is scaled to each radius that is chosen. A random one if left out.
    radius: the spectral radius that is shown first, 0 to 2.
    scale: the size of the inputs that is shown first, 0 to 2.
    steps: how many steps, 2 to 40.

    Raises ShapeError for a matrix that is not square, ValueError for numbers out of range and for a matrix whose
    spectral radius is 0: no factor gives it another one.
    """

    matrices = traitlets.Dict().tag(sync=True)  # name -> [hidden, hidden], each of spectral radius 1
    stretch = traitlets.Dict().tag(sync=True)  # name -> its largest singular value
    pushes = traitlets.List().tag(sync=True)  # [time, hidden]: what the inputs add to each pre-activation, at scale 1
    last = traitlets.List().tag(sync=True)  # [hidden]: the gradient of the last state, of norm 1
    matrix = traitlets.Unicode().tag(sync=True)
    radius = traitlets.Float(1.0).tag(sync=True)
    scale = traitlets.Float(0.5).tag(sync=True)
    activation = traitlets.Unicode("tanh").tag(sync=True)
    picture = traitlets.Unicode().tag(sync=True)

    def __init__(
        self, recurrent: Any = None, *, radius: float = 1.0, scale: float = 0.5, steps: int = TIME, tanh: bool = True
    ) -> None:
        rng = np.random.default_rng(3)
        for name, value in {"radius": radius, "scale": scale}.items():
            if not 0 <= value <= 2:
                raise ValueError(f"{name}: expected a number from 0 to 2, got {value}")
        if not 2 <= steps <= WIDEST:
            raise ValueError(f"steps: expected 2 to {WIDEST}, got {steps}: another picture cannot be read")
        name = "random" if recurrent is None else "yours"
        own = rng.standard_normal((8, 8)) if recurrent is None else finite_numbers("recurrent", recurrent)
        if own.ndim != 2 or own.shape[0] != own.shape[1]:
            raise ShapeError(f"recurrent: expected a square matrix, [hidden, hidden], got {list(own.shape)}")
        hidden = len(own)
        if not 1 <= hidden <= MOST:
            raise ValueError(f"recurrent: expected 1 to {MOST} units, got {hidden}")
        spectral_radius = np.abs(np.linalg.eigvals(own)).max()
        if spectral_radius < 1e-6:
            raise ValueError("recurrent: its spectral radius is 0, so no factor gives it another one")
        matrices = {name: own / spectral_radius, "orthogonal": orthogonal((hidden, hidden), rng)}
        matrices = {name: matrix.round(4) for name, matrix in matrices.items()}  # the same text on every processor
        last = rng.standard_normal(hidden)
        super().__init__(
            matrices={name: matrix.tolist() for name, matrix in matrices.items()},
            stretch={name: round(float(np.linalg.norm(matrix, 2)), 3) for name, matrix in matrices.items()},
            pushes=rng.standard_normal((steps, hidden)).round(3).tolist(),
            last=(last / np.linalg.norm(last)).round(4).tolist(),
            matrix=name,
            radius=float(radius),
            scale=float(scale),
            activation="tanh" if tanh else "linear",
        )
        self.picture = draw(*self.flow())

    def flow(self) -> tuple[list[float], list[float]]:
        """The norm of the gradient at each state, and the mean slope of the activation at each step."""
        recurrent = self.radius * np.array(self.matrices[self.matrix])
        return flow(recurrent, self.scale * np.array(self.pushes), np.array(self.last), self.activation)

    def first_frame(self) -> str:
        """The picture, and in words what it shows."""
        return f"<p>{told(self.flow()[0])}</p>\n{self.picture}"

    def as_text(self) -> str:
        """The words, and the norm at every step."""
        norms, _ = self.flow()
        head = (
            f"{self.matrix} matrix, spectral radius {show(self.radius)}, {self.activation}, inputs × {show(self.scale)}"
        )
        return f"{head}\n{told(norms)}\nnorm at steps 0 to {len(norms) - 1}: " + ", ".join(map(sized, norms))

    def __repr__(self) -> str:
        """Without an object's address, so that a stored notebook stays the same."""
        return f"GradientFlow({len(self.pushes)} steps, {len(self.last)} units)"


def flow(recurrent: np.ndarray, pushes: np.ndarray, last: np.ndarray, activation: str) -> tuple[list, list]:
    """Forward from h = 0 with the pushes [time, hidden]; then back from `last`, the gradient of the last state."""
    h, slopes = np.zeros(len(last)), []
    for push in pushes:
        z = push + h @ recurrent
        h = np.tanh(z) if activation == "tanh" else z
        slopes.append(1 - h**2 if activation == "tanh" else np.ones_like(h))
    norms, d_h = [float(np.linalg.norm(last))], last
    for slope in slopes[:0:-1]:
        d_h = (d_h * slope) @ recurrent.T
        norms.append(float(np.linalg.norm(d_h)))
    return norms[::-1], [float(slope.mean()) for slope in slopes]


def bar(norm: float) -> tuple[float, float]:
    """Where the bar of a norm begins and how high it is: up from the line of 1 if it is louder, down if quieter."""
    decades = -DECADES if norm == 0 else min(max(log10(norm), -DECADES), DECADES)
    high = round(float(abs(decades) * DECADE), 2)
    return float(MIDDLE - high if decades > 0 else MIDDLE), high


def sized(norm: float) -> str:
    """A norm with two digits that count, however small or large it is."""
    if 0.01 <= norm < 1000 or norm == 0:
        return show(norm)
    digits, power = f"{norm:.1e}".split("e")
    return f"{digits}e{int(power)}"


def told(norms: list[float]) -> str:
    """What the first step hears, in words."""
    share = norms[0] / norms[-1]
    end = "has vanished" if share < QUIET else "has exploded" if share > LOUD else "is still heard"
    return f"Step 0 hears {sized(share)} times what step {len(norms) - 1} hears: the gradient {end}."


def draw(norms: list[float], slopes: list[float]) -> str:
    """A bar for the norm at each step on a scale of powers of ten; below it, the mean slope of the activation."""
    right, pitch, end = LEFT + SPAN, SPAN / len(norms), len(norms) - 1
    floor = SLOPES + TALL
    parts = [text(right, 14, "gradient, on its way back", class_="rc-name rc-gradient rc-end")]
    parts.append(arrow("gradient", (right - 194, 10), (LEFT, 10)))
    for power in range(-DECADES, DECADES + 1, 3):
        y = MIDDLE - power * DECADE
        parts.append(element("line", x1=LEFT - 3, y1=y, x2=right, y2=y, class_="rc-one" if power == 0 else "rc-grid"))
        label = "1" if power == 0 else element("tspan", "10") + element("tspan", str(power).replace("-", "−"), dy=-4)
        parts.append(element("text", label, x=LEFT - 6, y=y + 4, class_="rc-label rc-end"))
    for k, (norm, slope) in enumerate(zip(norms, slopes, strict=True)):
        x, (y, high) = round(LEFT + pitch * (k + 0.15), 2), bar(norm)
        shape = {"width": round(0.7 * pitch, 2), "data_step": k}
        parts.append(element("rect", x=x, y=y, height=high, class_="rc-bar rc-gradient", **shape))
        tall = round(TALL * slope, 2)
        parts.append(element("rect", x=x, y=floor - tall, height=tall, class_="rc-slope rc-state", **shape))
        if k == end or (k % 5 == 0 and (end - k) * pitch > 20):
            parts.append(text(round(LEFT + pitch * (k + 0.5), 2), floor + 15, str(k)))
    parts.append(element("line", x1=LEFT - 3, y1=floor, x2=right, y2=floor, class_="rc-one"))
    parts += [text(LEFT - 6, floor - TALL + 8, "1", class_="rc-label rc-end")]
    parts += [text(LEFT - 6, floor, "0", class_="rc-label rc-end")]
    parts.append(text(LEFT, SLOPES - 8, "mean slope of the activation", class_="rc-name rc-state rc-start"))
    parts.append(text(right, floor + 32, "step; the loss comes after the last one", class_="rc-label rc-end"))
    words = f"Norm of the gradient at {len(norms)} steps. {told(norms)}"
    return drawing(right + 4, floor + 38, words, *parts)
