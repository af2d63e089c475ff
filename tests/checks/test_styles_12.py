"""A check may not care how an answer is written: right answers in many styles pass, on both libraries."""

import pytest

from rnn_course.checks import check
from tests.checks.styles_12 import CLASSIFY, CONFUSION, LENGTHS

STYLES = {"reading.classify": CLASSIFY, "reading.with_lengths": LENGTHS, "reading.confusion": CONFUSION}
ANSWERS = [(name, answer) for name, answers in STYLES.items() for answer in answers]


@pytest.mark.parametrize(("name", "answer"), ANSWERS, ids=[f"{name}-{answer.__name__}" for name, answer in ANSWERS])
def test_another_style_passes(name, answer):
    report = check(name, answer)
    assert report.passed, report


@pytest.mark.parametrize("name", STYLES)
def test_there_are_many_styles(name):
    assert len(STYLES[name]) >= 10
