"""Many submissions, made from right, wrong and missing answers by a seed."""

import random

from tests.grading.notebooks import RIGHT, WRONG, answered, write

HOSTILE = ("import os; os._exit(3)", "while True: print('x' * 1000)", "def f(:", "x = bytearray(4 * 10**9)")


def make(folder, count, seed=0):
    """A folder with one notebook, or one folder, for each of `count` learners."""
    rng = random.Random(seed)
    folder.mkdir()
    for k in range(count):
        answers = {}
        for name in RIGHT:
            kind = rng.choice(("right", "right", "wrong", "stub", "missing"))
            stub = f"{RIGHT[name].splitlines()[0]}\n    raise NotImplementedError"
            if kind != "missing":
                answers[name] = {"right": RIGHT[name], "wrong": WRONG[name], "stub": stub}[kind]
        cells = answered(answers)
        if rng.random() < 0.1:
            cells.insert(rng.randint(1, len(cells)), rng.choice(HOSTILE))
        if rng.random() < 0.5:
            write(folder / f"learner_{k:03}.ipynb", cells)
        else:
            own = folder / f"learner {k:03}"
            own.mkdir()
            write(own / "01_one_batch_three_views.ipynb", cells)
    return folder
