"""What every exercise of chapters 06 to 09 keeps: answers told apart, mistakes that run, cases that hide nothing."""

from itertools import combinations

import numpy as np
import pytest

from rnn_course import leaves, to
from rnn_course.checks import exercises
from rnn_course.checks.catalogue import chapter_of
from rnn_course.checks.compare import agree
from rnn_course.checks.trial import Trial, call, reference
from tests.checks.references import every_case, same_outcome

EXERCISES = {name: e for name, e in exercises().items() if "06" <= chapter_of(name) <= "09"}
ON_BOTH = [name for name, exercise in EXERCISES.items() if "torch" in exercise.backends]
KINDS = [
    pytest.param(name, backend, dtype, id=f"{name}-{backend}-{dtype}")
    for name, exercise in EXERCISES.items()
    for backend in exercise.backends
    for dtype in exercise.dtypes
]


@pytest.mark.parametrize(("name", "backend", "dtype"), KINDS)
def test_every_two_answers_differ_on_each_library_and_type(name, backend, dtype):
    """The solution and all mistakes are pairwise told apart by one library and one float type alone."""
    exercise = EXERCISES[name]
    trials = [Trial(case, backend, dtype) for case in range(len(exercise.cases))]
    answers = {"solution": exercise.solution} | {mistake.name: mistake.answer for mistake in exercise.mistakes}
    default = {"numpy": "float64", "torch": "float32"}[backend]
    if dtype == default:
        answers.pop("default float type", None)  # which is the right one here
    outcomes = {who: [call(exercise, answer, trial) for trial in trials] for who, answer in answers.items()}
    for one, other in combinations(outcomes, 2):
        pairs = zip(outcomes[one], outcomes[other], strict=True)
        assert not all(same_outcome(a, b) for a, b in pairs), f"{one} and {other} are the same"


@pytest.mark.parametrize("name", EXERCISES)
def test_no_mistake_raises(name):
    exercise = EXERCISES[name]
    for mistake in exercise.mistakes:
        for backend in exercise.backends:
            for case in range(len(exercise.cases)):
                error = call(exercise, mistake.answer, Trial(case, backend, "float64")).error
                assert error is None, f"{mistake.name}: {error}"


@pytest.mark.parametrize("name", ON_BOTH)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_solution_is_the_same_on_both_libraries(name, dtype):
    exercise = EXERCISES[name]
    for case in range(len(exercise.cases)):
        by_numpy, by_torch = (reference(exercise, Trial(case, backend, dtype)) for backend in ("numpy", "torch"))
        assert agree(to(by_torch), by_numpy)


@pytest.mark.parametrize("name", EXERCISES)
def test_the_words_are_in_order(name):
    """Whole sentences, none twice, and no code of an answer in the hint of a mistake."""
    exercise = EXERCISES[name]
    said = [exercise.statement, exercise.reason, *exercise.hints, *(mistake.hint for mistake in exercise.mistakes)]
    assert all(text.rstrip('"').endswith((".", "?", ")")) for text in said)
    assert len(set(said)) == len(said)
    assert len(exercise.mistakes) >= 4
    code = ("@ kernel", "xp.", "np.concat", "torch.cat", "lambda", "reversed(")
    assert not any(piece in mistake.hint for mistake in exercise.mistakes for piece in code)


@pytest.mark.parametrize("name", EXERCISES)
def test_the_numbers_of_a_case_vary_and_hide_nothing(name):
    """No weight and no state is 0; in one case a single number of each array may be, so that dividing by it shows."""
    cases = every_case(name)
    assert len(cases) >= 3
    for arguments in cases:
        for leaf in leaves(arguments):
            assert np.size(leaf) == 1 or np.ptp(leaf) > 0
            assert np.count_nonzero(np.asarray(leaf) == 0) <= 1
    assert sum(all(np.all(leaf) for leaf in leaves(arguments)) for arguments in cases) >= len(cases) - 1
