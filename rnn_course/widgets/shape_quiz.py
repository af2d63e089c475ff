"""Predict the shape: questions that answer in the page, with a reason for each choice, right or wrong."""

from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from rnn_course.quizzes import Posed, Question, pose, questions_of

NAMES = "In the code, `np` is NumPy, `rng` is a generator of random numbers, all other names are those of `rnn_course`."


class ShapeQuiz(anywidget.AnyWidget):
    """One question after the other: some lines of code, the shapes that somebody may expect, and why (not).

    quiz: a chapter, `"01"`, or questions of your own, `[Question(...), ...]`.

    The right answers are computed when the quiz is made, by running the code of the questions. What the reader has
    answered stays in the page. (An anywidget and not jupyterquiz: there answers are typed in by hand, nothing is told
    to a screen reader, and MathJax may come from a CDN.)

    Raises ValueError for a chapter without a quiz, QuizError for a question whose code or choices do not hold.
    """

    _esm = Path(__file__).with_suffix(".js")
    _css = Path(__file__).with_suffix(".css")

    questions = traitlets.List().tag(sync=True)  # each with code, prompt and choices: text, right, reason
    names = traitlets.Unicode(NAMES).tag(sync=True)

    def __init__(self, quiz: Any) -> None:
        self.posed = _posed(quiz)
        super().__init__(questions=[_as_lists(question) for question in self.posed])

    def __repr__(self) -> str:
        """Without an object's address, so that a stored notebook stays the same."""
        return f"ShapeQuiz({len(self.posed)} questions)"

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict, dict]:
        """The live quiz, and for viewers that cannot show it the questions as a static page and as text."""
        bundle, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        return {**bundle, "text/plain": as_text(self.posed), "text/html": as_html(self.posed)}, metadata


def as_text(posed: tuple[Posed, ...]) -> str:
    """The questions and their choices, to be read where there is no page; the answers stand at the end."""
    blocks, answers = [], []
    for number, question in enumerate(posed, start=1):
        letters = dict(zip("abcdefghijklmnopqrstuvwxyz", question.choices, strict=False))
        lines = [f"{letter}) {choice.text}" for letter, choice in letters.items()]
        blocks.append("\n".join([f"Question {number}", question.code, question.prompt, *lines]))
        answers += [f"{number}{letter}" for letter, choice in letters.items() if choice.right]
    return "\n\n".join([*blocks, f"Right: {', '.join(answers)}"])


def as_html(posed: tuple[Posed, ...]) -> str:
    """The same as HTML that needs no script; every choice opens and shows its reason."""
    parts = []
    for number, question in enumerate(posed, start=1):
        parts.append(f"<p><strong>Question {number}</strong> {_html(question.prompt)}</p>")
        parts.append(f"<pre>{escape(question.code)}</pre>")
        for choice in question.choices:
            verdict = "Right." if choice.right else "No."
            reason = f"<p>{verdict} {_html(choice.reason)}</p>"
            parts.append(f"<details><summary><code>{escape(choice.text)}</code></summary>{reason}</details>")
    return "\n".join(parts)


def _posed(quiz: Any) -> tuple[Posed, ...]:
    if isinstance(quiz, str | int):
        quiz = questions_of(quiz)
    try:
        questions = tuple(quiz)
    except TypeError:
        questions = ()
    if not questions or not all(isinstance(question, Question) for question in questions):
        raise ValueError(f'quiz: expected a chapter, "01", or questions, [Question(...), ...], got {quiz!r}')
    return tuple(pose(question) for question in questions)


def _as_lists(question: Posed) -> dict[str, Any]:
    values = asdict(question)
    return {**values, "choices": list(values["choices"])}


def _html(prose: str) -> str:
    """Prose with its code, which stands in backquotes, as code."""
    parts = escape(prose).split("`")
    return "".join(f"<code>{part}</code>" if k % 2 else part for k, part in enumerate(parts))
