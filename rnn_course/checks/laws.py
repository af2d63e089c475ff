"""Laws that an answer can be asked to keep, by name: what must hold whatever the numbers are.

That arguments stay as they are, that global random state is left alone, that types and devices are kept and that a
second call gives the same are asked of every answer, by the engine.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from rnn_course.arrays import to_numpy
from rnn_course.checks.compare import axes_of, named_parts
from rnn_course.checks.exercise import Exercise
from rnn_course.checks.findings import is_close
from rnn_course.checks.trial import Trial
from rnn_course.gradcheck import gradcheck
from rnn_course.tree import is_array, leaves, rebuild, tree_map

BATCH_FIRST = (
    "x",
    "h",
    "c",
    "z",
    "inputs",
    "images",
    "logits",
    "labels",
    "state",
    "initial_state",
    "sequence_length",
    "lengths",
    "targets",
)


def gradient(exercise: Exercise, answer: Callable) -> str:
    """`backward` is the gradient of the answer's own results, by a numeric check along a random direction."""
    arguments = Trial(0, "numpy", "float64").arguments(exercise)
    moving = [k for k, a in enumerate(arguments) if any(leaf.dtype.kind == "f" for leaf in leaves(a))]

    def forward(*moved: Any) -> tuple:
        given = list(arguments)
        for k, value in zip(moving, moved, strict=True):
            given[k] = value
        *results, backward = _as_tuples(answer(*given))
        return *results, lambda *gradients: _as_tuples(backward(*gradients))

    names = tuple(exercise.parameters[k] for k in moving)
    table = gradcheck(
        forward, *(arguments[k] for k in moving), rng=np.random.default_rng(0), names=names, with_autograd=False
    )
    wrong = [row.name for row in table.rows if row.error > 1e-6]
    right = [row.name for row in table.rows if row.error <= 1e-6]
    if not wrong:
        return ""
    rest = f"; right for {_listed(right)}" if right else ""
    return f"measured on your own forward, the gradient is wrong for {_listed(wrong)}{rest}"


def rows(exercise: Exercise, answer: Callable) -> str:
    """A row of the batch comes out as it does alone."""
    trial = Trial(0, "numpy", "float64")
    whole = answer(*trial.arguments(exercise))
    alone = answer(
        *(
            tree_map(lambda leaf: leaf[:1], a) if name in BATCH_FIRST else a
            for name, a in zip(exercise.parameters, trial.arguments(exercise), strict=True)
        )
    )
    many = _arrays(exercise, whole)
    for path, single in _arrays(exercise, alone).items():
        axes = axes_of(path, exercise.axes)
        if "batch" in axes and not is_close(single, many[path].take([0], axis=axes.index("batch"))).all():
            named = f"`{path}`" if path else "the result"
            return f"{named} of the first row changes when the row is computed alone: the rows of a batch must not mix"
    return ""


def padding(exercise: Exercise, answer: Callable) -> str:
    """What stands past a row's length changes nothing."""
    trial = Trial(0, "numpy", "float64")
    results = []
    for filling in (0.0, 7.0):
        arguments = list(trial.arguments(exercise))
        inputs = arguments[exercise.parameters.index("inputs")]
        lengths = arguments[exercise.parameters.index("sequence_length")]
        for row, length in enumerate(lengths):
            inputs[row, int(length) :] = filling
        results.append(answer(*arguments))
    other = _arrays(exercise, results[1])
    for path, one in _arrays(exercise, results[0]).items():
        if not is_close(one, other[path]).all():
            named = f"`{path}`" if path else "the result"
            return f"{named} depends on what stands in the padding, past the lengths: it must not"
    return ""


LAWS: dict[str, Callable[[Exercise, Callable], str]] = {"gradient": gradient, "rows": rows, "padding": padding}


def broken_law(exercise: Exercise, answer: Callable) -> str:
    """How the answer breaks the first law that it breaks; "" if it keeps them all."""
    return next((problem for name in exercise.laws if (problem := LAWS[name](exercise, answer))), "")


def _arrays(exercise: Exercise, value: Any) -> dict[str, np.ndarray]:
    return {path: to_numpy(leaf) for path, leaf in named_parts(value, exercise.axes).items() if is_array(leaf)}


def _as_tuples(value: Any) -> Any:
    """Lists as tuples, at every depth: to a learner they are the same, and only tuples are trees."""
    if isinstance(value, list):
        return tuple(map(_as_tuples, value))
    return rebuild(value, list(map(_as_tuples, value))) if isinstance(value, tuple) else value


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
