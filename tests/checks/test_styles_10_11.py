"""A check may not care how an answer is written: right answers in many styles pass, on both libraries."""

import pytest

from rnn_course.checks import check
from tests.checks.styles_10 import LENGTHS, UNROLL
from tests.checks.styles_10_last import LAST_VALID
from tests.checks.styles_11 import SEQUENCE, STEP
from tests.checks.styles_11_backward import BACKWARD

STYLES = {
    "sequence.unroll": UNROLL,
    "sequence.lengths": LENGTHS,
    "sequence.last_valid": LAST_VALID,
    "deep.step": STEP,
    "deep.sequence": SEQUENCE,
    "deep.backward": BACKWARD,
}
ANSWERS = [(name, answer) for name, answers in STYLES.items() for answer in answers]


@pytest.mark.parametrize(("name", "answer"), ANSWERS, ids=[f"{name}-{answer.__name__}" for name, answer in ANSWERS])
def test_another_style_passes(name, answer):
    report = check(name, answer)
    assert report.passed, report


@pytest.mark.parametrize("name", STYLES)
def test_there_are_many_styles(name):
    assert len(STYLES[name]) >= 10
