"""Small runs, for tests: few examples, narrow models, two or three epochs."""

import numpy as np

from rnn_course import leaves, load_digits, to, to_numpy
from rnn_course.data import Digits, Split
from rnn_course.training.engine import advance, begin, finished
from rnn_course.training.settings import Settings


def small_digits(backend="numpy", examples=110, test=53):
    digits = load_digits(12)
    return to(
        Digits(Split(*(part[:examples] for part in digits.train)), Split(*(part[:test] for part in digits.test))),
        backend,
    )


def small_settings(recipe="lstm", backend="numpy", **changes):
    given = {
        "recipe": recipe,
        "hidden": (7,),
        "data": "digits",
        "rows": 12,
        "columns": 12,
        "classes": 10,
        "train_examples": 110,
        "backend": backend,
        "device": "cpu",
        "precision": "float32",
        "epochs": 3,
        "batch_size": 20,
        "schedule": "one-cycle",
        "rate": 5e-3,
        "weight_decay": 0.01,
        "shift": 1,
        "max_norm": 1.0,
        "seed": 4,
        "validation": 0,
        "patience": None,
    }
    return Settings(**given | changes)


def run_to_the_end(settings, data, state=None):
    state = begin(settings) if state is None else state
    while not finished(state, settings):
        state = advance(state, settings, data)
    return state


def curve(state):
    """The history without the seconds, which are never the same."""
    return [(epoch.number, epoch.loss, epoch.accuracy) for epoch in state.history]


def same_bits(tree, other):
    mine, theirs = ([to_numpy(leaf) for leaf in leaves(part)] for part in (tree, other))
    return len(mine) == len(theirs) and all(np.array_equal(a, b) for a, b in zip(mine, theirs, strict=True))
