"""Three ways down one bowl: plain descent, momentum and Adam, from the same place, with the same learning rate."""

from math import isfinite, sqrt
from typing import Any

import numpy as np
import traitlets

from rnn_course.optim import Optimizer, adam, momentum, sgd
from rnn_course.widgets.drawing import drawing, element, show, text
from rnn_course.widgets.figure import Figure

WIDTH, HEIGHT, UNIT = 340, 200, 34  # of the picture; pixels for a distance of 1
START = (-4.2, 2.1)
LEVELS = (0.5, 1.0, 2.0, 3.0, 4.0, 5.0)  # where the contours cross the level axis
FAR = 100.0  # beyond this a path is not drawn any further
MOST = {"steepness": (1.0, 30.0), "learning_rate": (0.001, 1.0), "steps": (0, 60)}
WALKS = {"sgd": "input", "momentum": "state", "adam": "weights"}  # their colours
NAMES = {"sgd": "plain descent", "momentum": "momentum", "adam": "Adam"}


class DescentFigure(Figure):
    """Walk down f(a, b) = ½ (a² + steepness · b²) in three ways, and find the learning rate at which each fails.

    steepness: how much steeper the bowl is from front to back than from left to right, 1 to 30.
    learning_rate: the same for all three, 0.001 to 1.
    steps: how many are shown first, 0 to 60.

    Raises ValueError for a number out of its range.
    """

    steepness = traitlets.Float(12.0).tag(sync=True)
    learning_rate = traitlets.Float(0.1).tag(sync=True)
    steps = traitlets.Int(30).tag(sync=True)
    given = traitlets.List().tag(sync=True)  # steepness, learning rate and steps as handed in
    picture = traitlets.Unicode().tag(sync=True)

    def __init__(self, *, steepness: float = 12.0, learning_rate: float = 0.1, steps: int = 30) -> None:
        super().__init__(steepness=steepness, learning_rate=learning_rate, steps=steps)
        self.given = [self.steepness, self.learning_rate, self.steps]
        self.picture = draw(self.steepness, walks(self.steepness, self.learning_rate, self.steps))

    @traitlets.validate("steepness", "learning_rate", "steps")
    def _in_range(self, proposal: Any) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        low, high = MOST[name]
        if not low <= value <= high:
            raise ValueError(f"{name}: expected a number from {low:g} to {high:g}, got {value}")
        return value

    def first_frame(self) -> str:
        """The picture, and in words what it shows."""
        return f"<p>Down the bowl ½ (a² + {self.steepness:g} b²) in {self.steps} steps.</p>\n{self.picture}"

    def as_text(self) -> str:
        """How far from the bottom each walk is."""
        paths = walks(self.steepness, self.learning_rate, self.steps)
        return f"After {self.steps} steps with learning rate {self.learning_rate:g}: " + "; ".join(
            f"{NAMES[name]} is {show(sqrt(path[-1][0] ** 2 + path[-1][1] ** 2))} from the bottom"
            for name, path in paths.items()
        )

    def __repr__(self) -> str:
        """Without an object's address, so that a stored notebook stays the same."""
        return f"DescentFigure(steepness {self.steepness:g}, learning rate {self.learning_rate:g}, {self.steps} steps)"


def walk(optimizer: Optimizer, steepness: float, steps: int) -> list[list[float]]:
    """The places of a walk with an optimiser of the package, the start first."""
    slopes, place = np.array([1.0, steepness]), np.array(START)
    state, path = optimizer.init(place), [place.tolist()]
    for _ in range(steps):
        place, state = optimizer.update(place, slopes * place, state)
        path.append(place.tolist())
    return path


def walks(steepness: float, learning_rate: float, steps: int) -> dict[str, list[list[float]]]:
    """The three walks."""
    makers = {"sgd": sgd, "momentum": momentum, "adam": adam}
    return {name: walk(makers[name](learning_rate), steepness, steps) for name in WALKS}


def draw(steepness: float, paths: dict[str, list[list[float]]]) -> str:
    """Contours, the bottom, and the three walks; what leaves the bowl is cut off at its edge."""
    x0, y0 = WIDTH / 2, HEIGHT / 2
    parts = [
        element("ellipse", cx=x0, cy=y0, rx=level * UNIT, ry=level * UNIT / sqrt(steepness), class_="rc-contour")
        for level in LEVELS
    ]
    parts.append(element("path", d=f"M{x0 - 5} {y0} h10 M{x0} {y0 - 5} v10", class_="rc-bottom"))
    for name, path in paths.items():
        seen = inside(path)
        points = " ".join(f"{x0 + UNIT * a:.1f},{y0 - UNIT * b:.1f}" for a, b in seen)
        line = element("polyline", points=points, data_path=name)
        parts.append(element("g", line, class_=f"rc-walk rc-{WALKS[name]} rc-{name}"))
    bowl = element(
        "svg", *parts, x=0, y=0, width=WIDTH, height=HEIGHT, viewBox=f"0 0 {WIDTH} {HEIGHT}", class_="rc-bowl"
    )
    keys = []
    for k, (name, role) in enumerate(WALKS.items()):
        x = 6 + 118 * k
        line = element("path", d=f"M{x} {HEIGHT + 14} h26")
        keys.append(element("g", line, class_=f"rc-walk rc-{role} rc-{name}"))
        keys.append(text(x + 31, HEIGHT + 18, NAMES[name], class_="rc-label rc-start"))
    words = f"A bowl, {steepness:g} times as steep upward as sideways, from above, and three walks to its bottom."
    return drawing(WIDTH, HEIGHT + 24, words, bowl, *keys)


def inside(path: list[list[float]]) -> list[list[float]]:
    """The walk up to the first place that is far away."""
    seen = []
    for a, b in path:
        if not (isfinite(a) and isfinite(b) and max(abs(a), abs(b)) < FAR):
            break
        seen.append([a, b])
    return seen
