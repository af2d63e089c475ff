"""Whose work an answer is: an exercise that asks for code is not done by handing in the package's."""

import functools
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from rnn_course.checks.exercise import Exercise
from rnn_course.checks.trial import trials

PACKAGE = str(Path(__file__).parents[1])
CATALOGUE = str(Path(__file__).with_name("catalogue"))
HELPERS = ("arrays.py", "tree.py", "shapes.py", "activations.py")  # tools that an answer may use


def borrowed(exercise: Exercise, answer: Callable) -> str:
    """What the answer hands over to the package, as a sentence; "" if it is the learner's own, or need not be.

    What the reference answer calls too does not count: a cell that is handed in is there to be called.
    """
    if not exercise.by_hand:
        return ""
    target = _unwrap(answer)
    module = getattr(target, "__module__", None) or ""
    if module.startswith("rnn_course"):
        name = getattr(target, "__qualname__", type(target).__name__)
        return f"This is the package's own `{name}`, and it is right. The exercise asks you to write it yourself."
    entered = functions_entered(exercise, answer)
    allowed = functions_entered(exercise, exercise.solution, CATALOGUE) if entered else []
    called = next((name for name in entered if name not in allowed), "")
    if not called:
        return ""
    return f"Right, but the package's `{called}` does the work. The exercise asks you to write it yourself."


def _unwrap(answer: Any) -> Any:
    while isinstance(answer, functools.partial):
        answer = answer.func
    return inspect.unwrap(answer)


def _code(function: Any) -> Any:
    """What runs when an argument is called: its own code, or its type's."""
    return getattr(function, "__code__", None) or getattr(type(function).__call__, "__code__", None)


def functions_entered(exercise: Exercise, answer: Callable, but: str = "") -> list[str]:
    """The functions of the package that a call enters; helpers, arguments and what is in the folder `but` aside."""
    if asked := getattr(answer, "package_functions_entered", None):  # a proxy: the process that it stands for knows
        return asked(exercise.name)
    found: list[str] = []

    def watch(frame: FrameType, event: str, _: Any) -> None:
        file = frame.f_code.co_filename
        left_out = file.endswith(HELPERS) or (but and file.startswith(but))
        if event == "call" and file.startswith(PACKAGE) and not left_out and frame.f_code not in handed:
            found.append(frame.f_code.co_qualname)

    arguments = next(trials(exercise)).arguments(exercise)
    handed = {_code(argument) for argument in arguments if callable(argument)}  # there to be called
    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        answer(*arguments)
    except Exception:
        return []
    finally:
        sys.setprofile(before)
    return found
