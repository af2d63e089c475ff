"""Is any small mistake in a reference answer taken for right by its own check?

The second half of `make mutants`: the same operators as for the mathematics, on the source of every solution of the
catalogue. A mutant is handed in as an answer; one that passes has to be listed in equivalent_solutions.toml.
"""

import inspect
import sys
import textwrap
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import torch
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

from rnn_course.checks import Exercise, exercises
from rnn_course.checks.engine import grade
from tests.mutation.mutants import HERE, Mutant, describe, judge, read_equivalents
from tests.mutation.run import CONFIG

SECONDS = 5.0  # for one check: a mutant may well loop for ever


def main() -> int:
    """Hand in the mutants of the exercises that are named, or of all; 0 if none passes that is not listed."""
    warnings.simplefilter("ignore")  # a mutant divides by zero
    torch.set_num_threads(1)
    names = sys.argv[1:] or list(exercises())
    entries = read_equivalents((HERE / "equivalent_solutions.toml").read_text(encoding="utf-8"))
    made, passed = [], []
    outcomes: Counter[str] = Counter()
    for name in names:
        exercise = replace(exercises()[name], seconds=SECONDS)
        for mutant, source in mutants_of(exercise):
            report = grade(exercise, defined(exercise, source))
            made.append(mutant)
            outcomes[report.status] += 1
            outcomes["recognised as a known mistake"] += bool(report.mistake)
            if report.passed:
                passed.append(mutant)
    print(f"{len(made)} mutants of {len(names)} solutions: {dict(outcomes)}")
    accepted, gone = judge(passed, made, entries, names)
    for mutant in accepted:
        print(f"\nis accepted: add a case that tells it apart, or list it with the reason\n  {mutant}")
    for mutant in gone:
        print(f"\nis listed in equivalent_solutions.toml, but no mutant is like this\n  {mutant}")
    return int(bool(accepted or gone))


def mutants_of(exercise: Exercise) -> Iterator[tuple[Mutant, str]]:
    """Every mutant of a solution that compiles, and its source."""
    source = textwrap.dedent(inspect.getsource(exercise.solution))
    for name in CONFIG["operators"]:
        occurrence = 0
        while (mutated := mutate_code(source, get_operator(f"core/{name}")(), occurrence)) is not None:
            occurrence += 1
            yield describe(exercise.name, source, mutated), mutated


def defined(exercise: Exercise, source: str) -> object:
    """The function that a source defines, among the names that the solution sees."""
    names = dict(exercise.solution.__globals__)
    exec(compile(source, f"<mutant of {exercise.name}>", "exec"), names)
    return names[exercise.solution.__name__]


if __name__ == "__main__":
    sys.exit(main())
