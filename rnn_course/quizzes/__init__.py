"""Predict-the-shape questions, one module a chapter. `rnn_course.widgets.ShapeQuiz` shows them on a page."""

from rnn_course.quizzes import (
    chapter_01,
    chapter_02,
    chapter_03,
    chapter_04,
    chapter_05,
    chapter_06,
    chapter_07,
    chapter_08,
    chapter_09,
    chapter_10,
    chapter_11,
    chapter_12,
)
from rnn_course.quizzes.question import Choice, Posed, Question, QuizError, Wrong, pose

QUIZZES: dict[str, tuple[Question, ...]] = {
    "01": chapter_01.QUESTIONS,
    "02": chapter_02.QUESTIONS,
    "03": chapter_03.QUESTIONS,
    "04": chapter_04.QUESTIONS,
    "05": chapter_05.QUESTIONS,
    "06": chapter_06.QUESTIONS,
    "07": chapter_07.QUESTIONS,
    "08": chapter_08.QUESTIONS,
    "09": chapter_09.QUESTIONS,
    "10": chapter_10.QUESTIONS,
    "11": chapter_11.QUESTIONS,
    "12": chapter_12.QUESTIONS,
}

__all__ = ["QUIZZES", "Choice", "Posed", "Question", "QuizError", "Wrong", "pose", "questions_of"]


def questions_of(chapter: str | int) -> tuple[Question, ...]:
    """The questions of a chapter, `"01"` or 1. Raises ValueError if it has none."""
    name = f"{chapter:02d}" if isinstance(chapter, int) else chapter
    if name not in QUIZZES:
        raise ValueError(f"chapter: expected one of {', '.join(QUIZZES)}, the chapters with a quiz, got {chapter!r}")
    return QUIZZES[name]
