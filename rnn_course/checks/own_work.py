"""Whose work an answer is: an exercise that asks for code is not done by handing in the package's."""

import functools
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from rnn_course.checks.exercise import Exercise
from rnn_course.checks.trial import Trial

PACKAGE = Path(__file__).parents[1]
HELPERS = ("arrays.py", "tree.py", "shapes.py", "activations.py")  # tools that an answer may use


def borrowed(exercise: Exercise, answer: Callable) -> str:
    """What the answer hands over to the package, as a sentence; "" if it is the learner's own, or need not be.

    Calls of an argument do not count: a cell that is handed in is there to be called.
    """
    if not exercise.by_hand:
        return ""
    target = _unwrap(answer)
    module = getattr(target, "__module__", None) or ""
    if module.startswith("rnn_course"):
        name = getattr(target, "__qualname__", type(target).__name__)
        return f"This is the package's own `{name}`, and it is right. The exercise asks you to write it yourself."
    trial = next(iter(exercise.backends)), exercise.dtypes[0]
    arguments = Trial(0, *trial).arguments(exercise)
    if any(type(a).__module__.startswith("rnn_course") or callable(a) for a in arguments):
        return ""
    called = _package_functions_called(answer, arguments)
    if not called:
        return ""
    return f"Right, but the package's `{called}` does the work. The exercise asks you to write it yourself."


def _unwrap(answer: Any) -> Any:
    while isinstance(answer, functools.partial):
        answer = answer.func
    return inspect.unwrap(answer)


def _package_functions_called(answer: Callable, arguments: tuple) -> str:
    """The first function of the package that a call of the answer enters, helpers aside."""
    found: list[str] = []

    def watch(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and not found and _is_of_the_package(frame.f_code):
            found.append(frame.f_code.co_qualname if sys.version_info >= (3, 11) else frame.f_code.co_name)

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        answer(*arguments)
    except Exception:
        return ""
    finally:
        sys.setprofile(before)
    return found[0] if found else ""


def _is_of_the_package(code: CodeType) -> bool:
    file = Path(code.co_filename)
    return PACKAGE in file.parents and file.name not in HELPERS
