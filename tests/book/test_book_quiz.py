"""The quizzes of the built pages, answered with the mouse and with the keyboard, without a kernel.

What a page says is compared with answers that are computed now, from live arrays.
"""

import re

import pytest

from rnn_course.quizzes import QUIZZES, pose
from tests.book.browsing import PHONE, SETTINGS, WIDER_THAN_THE_SCREEN, opened, violations
from tests.book.pages import toc_pages

PAGES = toc_pages()
WITH_A_QUIZ = re.compile(r"book/(\d\d)_\w+\.html")
CHAPTERS = {match[1]: name for name in PAGES if (match := WITH_A_QUIZ.fullmatch(name)) and match[1] in QUIZZES}
CHAPTER = pytest.mark.parametrize("chapter", CHAPTERS)
SETTING = pytest.mark.parametrize("setting", SETTINGS)
FOCUSED = "() => document.activeElement.tagName + ':' + (document.activeElement.value ?? '')"


@pytest.fixture
def phone(browser, html):
    """The quiz of chapter 01 on a phone; nothing may go wrong while it is used."""
    address = (html / CHAPTERS["01"]).as_uri()
    with opened(browser, address, width=PHONE, scheme="dark", reduced_motion="reduce") as (page, problems):
        yield page.locator(".rc-shape-quiz")
    assert problems == []


def plain(prose):
    """The text of some prose as a page shows it."""
    return " ".join(prose.replace("`", "").split())


def told(card):
    return plain(card.locator("[aria-live]").inner_text())


def places(question):
    """The place of the right choice, and that of a wrong one."""
    right = [choice.right for choice in question.choices].index(True)
    return right, (right + 1) % len(question.choices)


@SETTING
@CHAPTER
def test_every_choice_is_answered_with_its_reason(browser, at, chapter, setting):
    with opened(browser, at(CHAPTERS[chapter], setting), **SETTINGS[setting]) as (page, problems):
        quiz = page.locator(".rc-shape-quiz")
        posed = [pose(question) for question in QUIZZES[chapter]]
        assert quiz.locator("fieldset").count() == len(posed)
        for number, question in enumerate(posed, start=1):
            name = f"Question {number} of {len(posed)}. {plain(question.prompt)}"
            card = quiz.get_by_role("group", name=name, exact=True)
            assert card.locator("pre").inner_text() == question.code
            assert told(card) == ""
            for place, choice in enumerate(question.choices):
                radio = card.get_by_role("radio").nth(place)
                radio.click()
                assert radio.is_checked()
                first = f"✓ Yes, {choice.text}. " if choice.right else f"✗ No, not {choice.text}. "
                again = "" if choice.right else " Choose again."
                assert told(card) == first + plain(choice.reason) + again
            assert page.evaluate(WIDER_THAN_THE_SCREEN) == []
            if number < len(posed):
                quiz.get_by_role("button", name="Next question").click()
        assert f"{len(posed)} of {len(posed)} right" in quiz.get_by_role("status").inner_text()
        assert quiz.get_by_role("button", name="Next question").is_disabled()
    assert problems == []


def test_a_wrong_choice_is_told_and_can_be_corrected(phone):
    right, wrong = places(pose(QUIZZES["01"][0]))
    card = phone.get_by_role("group", name="Question 1 of 5")
    score = phone.get_by_role("status")
    assert score.inner_text() == "Nothing answered yet."
    labels = card.locator("label")
    labels.nth(wrong).click(position={"x": 150, "y": 10})  # the whole line can be clicked
    assert told(card).startswith("✗ No, not")
    assert "✗ wrong" in labels.nth(wrong).inner_text()
    assert score.inner_text() == "0 of 5 right so far."
    labels.nth(right).click()
    assert told(card).startswith("✓ Yes")
    assert score.inner_text() == "1 of 5 right, none at the first try."
    assert "✗ wrong" in labels.nth(wrong).inner_text(), "what was tried stays marked"


def test_the_keyboard_looks_before_it_answers(phone):
    right, _ = places(pose(QUIZZES["01"][0]))
    wrong = 2 if right != 2 else 1
    page = phone.page
    card = phone.get_by_role("group", name="Question 1 of 5")
    radios = card.get_by_role("radio")
    card.locator("legend").focus()
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED) == "INPUT:0"
    for _ in range(wrong):
        page.keyboard.press("ArrowDown")
    assert page.evaluate(FOCUSED) == f"INPUT:{wrong}"
    assert told(card) == "", "an arrow key gives no answer"
    page.keyboard.press("Enter")
    assert radios.nth(wrong).is_checked()
    assert told(card).startswith("✗ No, not")
    page.keyboard.press("ArrowUp")
    assert page.evaluate(FOCUSED) == f"INPUT:{wrong - 1}"
    assert told(card).startswith("✗ No, not"), "the answer stays while the reader looks on"
    while page.evaluate(FOCUSED) != f"INPUT:{right}":
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    assert radios.nth(right).is_checked()
    assert told(card).startswith("✓ Yes")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.textContent") == "Next question"
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.textContent").startswith("Question 2 of 5")
    assert not card.is_visible()


def test_going_back_shows_what_was_answered(phone):
    right, _ = places(pose(QUIZZES["01"][0]))
    first = phone.get_by_role("group", name="Question 1 of 5")
    assert phone.get_by_role("button", name="Back").is_disabled()
    first.get_by_role("radio").nth(right).click()
    phone.get_by_role("button", name="Next question").press("Enter")
    phone.get_by_role("button", name="Back").press("Enter")
    assert told(first).startswith("✓ Yes")
    assert phone.get_by_role("status").inner_text() == "1 of 5 right, at the first try."


@SETTING
@CHAPTER
def test_a_quiz_that_was_answered_is_accessible(browser, at, chapter, setting):
    """All questions beside each other, answered wrongly, and then rightly."""
    with opened(browser, at(CHAPTERS[chapter], setting), **SETTINGS[setting]) as (page, problems):
        cards = page.locator(".rc-shape-quiz fieldset")
        cards.evaluate_all("(all) => all.forEach((one) => { one.hidden = false; })")
        assert cards.locator(":visible").count()
        for right in (False, True):
            for card, question in zip(cards.all(), QUIZZES[chapter], strict=True):
                card.get_by_role("radio").nth(places(pose(question))[0 if right else 1]).click()
                cards.evaluate_all("(all) => all.forEach((one) => { one.hidden = false; })")
                assert told(card).startswith("✓" if right else "✗")
            page.mouse.move(0, 0)
            assert violations(page, ".rc-shape-quiz") == []
    assert problems == []


def test_every_question_is_printed(phone):
    phone.page.emulate_media(media="print")
    assert phone.locator("fieldset:visible").count() == len(QUIZZES["01"])
