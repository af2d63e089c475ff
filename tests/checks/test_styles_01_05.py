"""Right answers in other styles to all the exercises of part I that have no test of this kind elsewhere."""

import pytest

from rnn_course.checks import EXERCISES, check
from rnn_course.checks.catalogue import chapter_of

from . import (
    styles_01,
    styles_02,
    styles_03,
    styles_04_back,
    styles_04_pool,
    styles_04_rest,
    styles_05_rest,
    test_styles_01_03,
    test_styles_04_05,
)

PAGES = (styles_01, styles_02, styles_03, styles_04_rest, styles_04_pool, styles_04_back, styles_05_rest)
STYLES = {name: answers for page in PAGES for name, answers in page.STYLES.items()}
ANSWERS = [
    pytest.param(name, answer, id=f"{name}-{k}") for name, answers in STYLES.items() for k, answer in enumerate(answers)
]


@pytest.mark.parametrize(("name", "answer"), ANSWERS)
def test_another_style_passes(name, answer):
    report = check(name, answer)
    assert report.passed, report
    assert not report.borrowed


def test_every_exercise_of_part_one_has_other_styles():
    elsewhere = {parameter.values[0] for parameter in test_styles_01_03.STYLES} | set(test_styles_04_05.STYLES)
    part_one = {name for name in EXERCISES if chapter_of(name) <= "05"}
    assert set(STYLES) | elsewhere == part_one
    assert all(len(answers) >= 4 for answers in STYLES.values())
