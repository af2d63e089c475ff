"""The kill table: every stub, solution and mistake of every exercise gets exactly the outcome it deserves."""

import re

import pytest

from rnn_course.checks import EXERCISES, check

MISTAKES = [(name, mistake) for name, exercise in EXERCISES.items() for mistake in exercise.mistakes]


def stub(*arguments):
    raise NotImplementedError


@pytest.mark.parametrize("name", EXERCISES)
def test_a_stub_is_not_attempted(name):
    assert check(name, stub).status == "not attempted"
    assert check(name, None).status == "not attempted"


@pytest.mark.parametrize("name", EXERCISES)
def test_the_solution_passes(name):
    report = check(name, EXERCISES[name].solution)
    assert report.passed, report


@pytest.mark.parametrize(("name", "mistake"), MISTAKES, ids=[f"{n}-{m.name}" for n, m in MISTAKES])
def test_a_mistake_is_wrong_and_gets_its_own_hint(name, mistake):
    report = check(name, mistake.answer)
    assert report.status == "wrong"
    assert report.mistake == mistake.name
    assert mistake.hint in report.message
    others = [other.hint for other in EXERCISES[name].mistakes if other is not mistake]
    assert not any(hint in report.message for hint in others)


@pytest.mark.parametrize("name", EXERCISES)
def test_a_declaration_is_complete(name):
    exercise = EXERCISES[name]
    assert len(exercise.mistakes) >= 3
    assert len({mistake.hint for mistake in exercise.mistakes}) == len(exercise.mistakes)
    assert len(exercise.hints) >= 2
    assert 1 <= exercise.difficulty <= 5
    assert exercise.minutes >= 1
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", name)
