"""What each process of a torchrun does for test_parallel.py: train, and write what it has found into a folder."""

import json
import sys
from pathlib import Path

import numpy as np

from rnn_course import leaves, to_numpy
from rnn_course.training.engine import advance, begin
from rnn_course.training.parallel import Processes, processes

from .helpers import curve, small_digits, small_settings

RECIPES = ("mlp", "lstm")
EXAMPLES, BATCH = 111, 22  # five batches of 22, and one of a single example: then one of two processes has none


def problem(recipe):
    settings = small_settings(recipe, "torch", epochs=2, train_examples=EXAMPLES, batch_size=BATCH)
    return settings, small_digits("torch", EXAMPLES)


def first_batch(data, rank=0, size=1):
    """Eleven examples, which two processes cannot divide evenly."""
    return tuple(part[:11][rank::size] for part in data.train)


def main(folder):
    with processes("cpu") as all_of_them:
        found = {}
        for recipe in RECIPES:
            team, (settings, data) = Processes(all_of_them.device), problem(recipe)
            state = begin(settings)
            learner = team.learner(state.model)
            loss, _, gradient = learner(settings.loss(), state.model, first_batch(data, team.rank, team.size), None)
            np.savez(folder / f"{recipe}_{team.rank}_gradient.npz", *map(to_numpy, leaves(gradient)))
            for _ in range(settings.epochs):
                state = advance(state, settings, data, team)
            found[recipe] = {"loss": loss, "curve": curve(state)}
            np.savez(folder / f"{recipe}_{team.rank}_weights.npz", *map(to_numpy, leaves(state.model)))
        (folder / f"{team.rank}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
