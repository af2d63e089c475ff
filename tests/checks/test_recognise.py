"""A wrong answer is recognised as the mistake that agrees everywhere; else candidates are ranked, never asserted."""

import pytest

from rnn_course.arrays import array_namespace
from rnn_course.checks.engine import grade
from tests.checks.toy import MEMORY, remember, remember_with


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        (remember_with(keep=1.0), "keeps all"),
        (remember_with(lengths=False), "padding counts"),
        (remember_with(backwards=True), "from the end"),
    ],
)
def test_each_mistake_is_recognised_by_what_it_computes(answer, mistake):
    report = grade(MEMORY, lambda *arguments: answer(*arguments))
    assert (report.status, report.mistake) == ("wrong", mistake)
    hints = {m.name: m.hint for m in MEMORY.mistakes}
    assert report.message == hints.pop(mistake)
    assert not any(hint in repr(report) for hint in hints.values())


def test_a_mistake_is_recognised_even_if_the_answer_works_on_numpy_alone():
    report = grade(MEMORY, lambda x, c, n: remember_with(keep=1.0)(x.copy(), c, n))
    assert report.mistake == "keeps all"


def test_two_mistakes_at_once_are_not_taken_for_one_of_them():
    report = grade(MEMORY, remember_with(keep=1.0, lengths=False))
    assert report.mistake == ""
    assert report.message.startswith("case 1, NumPy float64: `states` has the right shape")


def test_candidates_are_ranked_by_the_results_that_they_explain():
    """The states of one mistake, the last state of none: half of what is wrong is explained, and said so."""

    def half(inputs, c, sequence_length):
        states, last = remember_with(keep=1.0)(inputs, c, sequence_length)
        return states, last + 3

    notes = "\n".join(grade(MEMORY, half).notes)
    assert "It is not one of the usual mistakes alone." in notes
    assert "6 of the 12 wrong results look like this: Nothing is forgotten" in notes
    assert "You go on past the end" not in notes

    def also_half(inputs, c, sequence_length):
        """Right states of one mistake, the last state of another: both are named, no more than two."""
        states, _ = remember_with(keep=1.0)(inputs, c, sequence_length)
        _, last = remember_with(backwards=True)(inputs, c, sequence_length)
        return states, last

    notes = "\n".join(grade(MEMORY, also_half).notes)
    assert "Nothing is forgotten" in notes
    assert "You begin with the last step" in notes


def test_an_answer_that_changes_its_arguments_is_not_the_mistake_that_does_not():
    def in_place(inputs, c, sequence_length):
        result = remember_with(keep=1.0)(inputs, c, sequence_length)
        inputs *= 0
        return result

    report = grade(MEMORY, in_place)
    assert report.mistake == ""
    assert "the argument `inputs` was changed in place" in report.message


def test_a_wrong_answer_is_never_nearly_right():
    """A number that is off by more than rounding is found in every place it can be in."""
    for place in (0, 1):
        for which in range(4):

            def off(inputs, c, sequence_length, place=place, which=which):
                results = list(remember(inputs, c, sequence_length))
                xp = array_namespace(inputs)
                flat = xp.reshape(results[place] + 0, (-1,))
                flat[which] += 1e-3
                results[place] = xp.reshape(flat, results[place].shape)
                return tuple(results)

            assert grade(MEMORY, off).status == "wrong"
