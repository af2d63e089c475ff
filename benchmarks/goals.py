"""What was aimed at, and the gate: what is enough for a test on a busy machine and on another processor."""

from math import exp, log
from typing import Any, NamedTuple

from benchmarks.timing import Spread

STACK = "stack 100/400/300"
FUSED = "Torch through our cell"
# Of the products alone, beside nn.LSTM, where NumPy's BLAS knows the processor as well as oneDNN does.
USUAL_FLOOR = 0.7


class Goal(NamedTuple):
    """A number of a run that shall be at most `goal`; `least` turns it round. The gate has slack for other machines."""

    name: str
    value: float | None
    goal: float
    gate: float
    least: bool = False
    floor: float | None = None  # the same number for the products alone, where there is one: nobody can be below
    calls: float | None = None  # the same number for the calls to NumPy that the kernel makes, without all around them
    products: float | None = None  # how products fare beside Torch's on this machine, where the floor is not known

    @property
    def met(self) -> bool | None:
        """None where it was not measured."""
        return None if self.value is None else self.within(self.goal)

    @property
    def passed(self) -> bool | None:
        """Whether it passes the gate, which moves along with the floor on a machine whose products are slower."""
        slower = max(1.0, (self.floor or self.products or 0) / USUAL_FLOOR)
        return None if self.value is None else self.within(self.gate * slower)

    def within(self, bound: float) -> bool:
        """Whether the value is on the right side of a bound."""
        assert self.value is not None, self.name
        return self.value >= bound if self.least else self.value <= bound


def goals(results: dict[str, Any]) -> list[Goal]:
    """All goals, with what a run has found."""
    lstm, others, layers = results["lstm"], results["others"], results["layers"]
    rows, wide, toy = "rows of MNIST", "long and wide", "the article's example"
    products = _ratio(lstm[rows], "the products alone", "torch.nn")
    return [
        _lstm("LSTM, rows of MNIST, NumPy / nn.LSTM", lstm, rows, 1.00, 1.15),
        _lstm("LSTM (32, 100, 64, 256), NumPy / nn.LSTM", lstm, wide, 0.90, 1.10),
        # Some sixty microseconds: a hundred calls of NumPy, and the checks and copies around them; a bare loop over
        # the same steps, without these, was measured at 0.10 to 0.20.
        _lstm("LSTM, the article's example, NumPy / nn.LSTM", lstm, toy, 0.13, 0.45),
        # Fifteen calls of NumPy a step, on vectors that take no longer than a call: 1.5 to 1.7 was measured.
        _lstm("LSTM, a batch of one, NumPy / nn.LSTM", lstm, "a batch of one", 1.40, 2.00),
        Goal(
            f"{STACK}, NumPy / nn.LSTM",
            _ratio(others[STACK], "NumPy kernel", "torch.nn"),
            1.05,
            1.25,
            floor=_ratio(lstm["stack, second layer"], "the products alone", "torch.nn"),
        ),
        Goal(
            "geometric mean of the seven, NumPy / nn.LSTM",
            _mean(lstm, "NumPy kernel"),
            0.85,
            1.10,
            floor=products,
            calls=_mean(lstm, "our calls alone"),
        ),
        _speed_up("rows of MNIST, naive loop / NumPy", lstm[rows], 1.3, 0.95),
        _speed_up("stack, second layer, naive loop / NumPy", lstm["stack, second layer"], 2.1, 1.1),
        _speed_up("a batch of one, naive loop / NumPy", lstm["a batch of one"], 9.0, 6.0),
        # Our kernel is [input + hidden, 4 · hidden], Torch's weights are two transposed ones with the gates in another
        # order: to turn one into the other and the gradients back, at the speed of memory, is 0.04 to 0.15 of a run.
        Goal("rows of MNIST, Torch through our cell / nn.LSTM", _ratio(lstm[rows], FUSED, "torch.nn"), 1.03, 1.20),
        Goal(f"{STACK}, Torch through our cell / nn.LSTM", _ratio(others[STACK], FUSED, "torch.nn"), 1.03, 1.45),
        _layer("convolution 5×5, 1 → 32", layers, products, 0.95, 1.2),
        _layer("convolution 3×3, 1 → 32", layers, products, 0.95, 1.2),
        _layer("convolution 3×3, 32 → 64", layers, products, 1.2, 1.5),
        _layer("convolution 5×5, 32 → 64", layers, products, 1.5, 1.9),
        *[_handed_over(name, layers) for name in ("convolution 3×3, 32 → 64", "max pooling 2×2")],
        Goal("peak memory, NumPy / nn.LSTM", _quotient(results["memory"], "NumPy kernel", "torch.nn"), 1.5, 1.5),
        Goal("seconds to import rnn_course, beyond numpy", _beyond(results["imports"]), 0.10, 0.20),
        Goal("row LSTM to 98 % on MNIST, NumPy / Torch", _training(results["to 98 %"]), 1.0, 1.3),
    ]


def table(found: list[Goal]) -> str:
    """A line for each goal: what was measured, what was aimed at, whether it was met, and the floor."""
    lines = []
    for goal in found:
        word = {None: "not measured", True: "met", False: "not met"}[goal.met]
        value = "–" if goal.value is None else f"{goal.value:.2f}"
        sign = "≥" if goal.least else "≤"
        floor = "" if goal.floor is None else f"   the products alone: {goal.floor:.2f}"
        calls = "" if goal.calls is None else f", our calls alone: {goal.calls:.2f}"
        lines.append(f"{goal.name:<56} {value:>6}  {sign} {goal.goal:<5.2f} {word}{floor}{calls}")
    return "\n".join(lines)


def _ratio(times: dict[str, Spread], name: str, reference: str) -> float | None:
    return times[name].median / times[reference].median if name in times and reference in times else None


def _lstm(name: str, lstm: dict[str, dict[str, Spread]], size: str, goal: float, gate: float) -> Goal:
    times = lstm[size]
    floor = _ratio(times, "the products alone", "torch.nn")
    calls = _ratio(times, "our calls alone", "torch.nn")
    return Goal(name, _ratio(times, "NumPy kernel", "torch.nn"), goal, gate, floor=floor, calls=calls)


def _speed_up(name: str, times: dict[str, Spread], goal: float, gate: float) -> Goal:
    return Goal(name, _ratio(times, "naive NumPy", "NumPy kernel"), goal, gate, least=True)


def _layer(name: str, layers: dict[str, dict[str, Spread]], products: float | None, goal: float, gate: float) -> Goal:
    value = _ratio(layers[name], "NumPy", "torch.nn")
    return Goal(f"{name}, NumPy / Torch", value, goal, gate, products=products)


def _handed_over(name: str, layers: dict[str, dict[str, Spread]]) -> Goal:
    """Torch's own kernel behind our layer: a check or two more, and where SAME pads, a copy."""
    value = _ratio(layers[name], "Torch through our layer", "torch.nn")
    return Goal(f"{name}, Torch through our layer / Torch", value, 1.10, 1.60)


def _mean(lstm: dict[str, dict[str, Spread]], name: str) -> float:
    ratios = [_ratio(times, name, "torch.nn") for times in lstm.values()]
    return exp(sum(log(ratio) for ratio in ratios if ratio) / len(ratios))


def _quotient(values: dict[str, float], name: str, reference: str) -> float:
    return values[name] / values[reference]


def _beyond(imports: dict[str, float]) -> float:
    return imports["rnn_course"] - imports["numpy"]


def _training(found: dict[str, Any] | None) -> float | None:
    if found is None:
        return None
    seconds = [found[label]["seconds to 98 %"] for label in ("NumPy", "Torch")]
    return None if None in seconds else seconds[0] / seconds[1]
