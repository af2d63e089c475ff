"""A question about a shape, and how it is posed: every answer is computed by running the code that the reader sees."""

from dataclasses import dataclass
from hashlib import sha512
from typing import Any

import numpy as np

import rnn_course
from rnn_course.tree import is_array, leaves

FEWEST_WRONG = 3
ERROR = "an error"


class QuizError(ValueError):
    """A question that cannot be posed. The message says which one, and why."""


@dataclass(frozen=True)
class Wrong:
    """A choice that somebody would pick, and why it is wrong.

    shape   an expression whose shape it is, "state.c", evaluated after the code: the reader is told that it is that
            shape. Or, if it is the shape of nothing at hand, the shape itself: `[4, 5]`, `{"c": [4, 5], "h": [4, 5]}`,
            a tuple of shapes, a number; or `Exception`, for "an error".
    reason  one to three sentences; code stands in backquotes.
    """

    shape: Any
    reason: str


@dataclass(frozen=True)
class Question:
    """Lines of code that make some arrays, and an expression whose shape (or number) is asked for.

    code    the lines, as the reader sees them; they know `np`, `rng` and every name of `rnn_course`
    asks    an expression: an array, a state (a tuple of arrays), or a whole number
    why     the reason of the right answer, which is never written down: it is computed
    wrong   three choices or more
    raises  the error that evaluating `asks` has to raise, if that is the answer
    """

    code: str
    asks: str
    why: str
    wrong: tuple[Wrong, ...]
    raises: type[Exception] | None = None


@dataclass(frozen=True)
class Choice:
    """One choice as the reader sees it."""

    text: str
    right: bool
    reason: str


@dataclass(frozen=True)
class Posed:
    """A question with its answer computed and its choices in their order, which is the same every time."""

    code: str
    prompt: str
    choices: tuple[Choice, ...]


def pose(question: Question) -> Posed:
    """Run the code, compute the right answer and the shapes that wrong choices stand for, and put them in order.

    Raises QuizError if the code fails, if two choices are the same, or if there are fewer than three wrong ones.
    """
    names = run(question)
    answer = _answer(question, names)
    choices = [Choice(in_words(answer), True, question.why)]
    for wrong in question.wrong:
        choices.append(_wrong_choice(question, wrong, names))
    texts = [choice.text for choice in choices]
    for position, text in enumerate(texts):
        if text in texts[:position]:
            what = "is the right answer" if text == texts[0] else "stands there twice"
            raise _error(question, f"the wrong choice {text} {what}")
    if len(question.wrong) < FEWEST_WRONG:
        raise _error(question, f"expected at least {FEWEST_WRONG} wrong choices, got {len(question.wrong)}")
    verb = "How much is" if isinstance(answer, int) else "What is the shape of"
    choices.sort(key=lambda choice: sha512(f"{question.asks}\0{choice.text}".encode()).digest())
    return Posed(question.code.strip("\n"), f"{verb} `{question.asks}`?", tuple(choices))


def run(question: Question) -> dict[str, Any]:
    """The names that are known after the code of `question`. Raises QuizError if the code fails."""
    names = {name: getattr(rnn_course, name) for name in rnn_course.__all__}
    names |= {"np": np, "rng": np.random.default_rng(0)}
    try:
        exec(compile(question.code, "<the code of a quiz>", "exec"), names)
    except Exception as error:
        raise _error(question, f"the code raises {type(error).__name__}: {error}") from error
    return names


def evaluate(expression: str, names: dict[str, Any]) -> Any:
    """The value of an expression where `names` are known."""
    scope = dict(names)
    exec(compile(f"_value = (\n{expression}\n)", "<an expression of a quiz>", "exec"), scope)
    return scope["_value"]


def in_words(value: Any) -> str:
    """A shape or a number as the reader sees it: `[4, 5]`, `(c=[4, 5], h=[4, 5])`, `1,734,400`, `an error`.

    `value` is an array, a (named) tuple of arrays, or a whole number; or the same written down, with a list for a shape
    and a dictionary for a named tuple. Raises TypeError for anything else.
    """
    if isinstance(value, type) and issubclass(value, Exception):
        return ERROR
    if is_array(value):
        return in_words(list(value.shape))
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, list) and all(isinstance(size, int) for size in value):
        return f"[{', '.join(map(str, value))}]"
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        value = value._asdict()  # type: ignore[attr-defined]
    if isinstance(value, dict):
        return f"({', '.join(f'{name}={in_words(part)}' for name, part in value.items())})"
    if isinstance(value, tuple):
        return f"({', '.join(map(in_words, value))})"
    raise TypeError(f"expected an array, a tuple of arrays or a whole number, got {type(value).__name__}")


def _answer(question: Question, names: dict[str, Any]) -> Any:
    try:
        answer = evaluate(question.asks, names)
    except Exception as error:
        if question.raises is None or not isinstance(error, question.raises):
            raise _error(question, f"evaluating it raises {type(error).__name__}: {error}") from error
        return question.raises
    if question.raises is not None:
        raise _error(question, f"expected {question.raises.__name__}, but evaluating it raises nothing")
    try:
        in_words(answer)
    except TypeError as error:
        raise _error(question, str(error)) from None
    return answer


def _wrong_choice(question: Question, wrong: Wrong, names: dict[str, Any]) -> Choice:
    said = wrong.shape
    try:
        if not isinstance(said, str):
            return Choice(in_words(said), False, wrong.reason)
        value = evaluate(said, names)
        text = in_words(value)
    except Exception as error:
        raise _error(question, f"the wrong choice `{said}` raises {type(error).__name__}: {error}") from error
    plural = "Those are the shapes of" if leaves(value) else "That is"
    return Choice(text, False, f"{'That is the shape of' if is_array(value) else plural} `{said}`. {wrong.reason}")


def _error(question: Question, problem: str) -> QuizError:
    return QuizError(f"the question about `{question.asks}`: {problem}")
