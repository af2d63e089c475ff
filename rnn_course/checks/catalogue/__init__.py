"""All exercises of the course: every module called chapter_… of this folder brings a tuple EXERCISES."""

import difflib
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from rnn_course.checks.exercise import Exercise


class UnknownExercise(ValueError):
    """There is no exercise of that name; the message lists what it may have been meant to be."""


@cache
def exercises() -> dict[str, Exercise]:
    """The exercises by name, in the order of the chapters. Raises ValueError where two share a name."""
    package = import_module(__name__)
    modules = sorted(found.name for found in iter_modules(package.__path__) if found.name.startswith("chapter_"))
    catalogue: dict[str, Exercise] = {}
    for module in modules:
        for exercise in _exercises_of(module):
            if exercise.name in catalogue:
                raise ValueError(f"two exercises are called {exercise.name!r}; the second one is in {module}.py")
            catalogue[exercise.name] = exercise
    return catalogue


def _exercises_of(module: str) -> tuple[Exercise, ...]:
    try:
        return import_module(f"{__name__}.{module}").EXERCISES
    except AttributeError as error:  # which the module's __getattr__ above us would turn into "no attribute EXERCISES"
        raise ImportError(f"rnn_course/checks/catalogue/{module}.py: {error}") from error


def chapter_of(name: str) -> str:
    """The number of the chapter that an exercise belongs to: `"08"`."""
    return exercises()[name].solution.__module__.rpartition("chapter_")[2][:2]


def find(name: Any) -> Exercise:
    """The exercise of that name. Raises UnknownExercise with the names that come close."""
    known = exercises()
    if not isinstance(name, str) or name not in known:
        close = difflib.get_close_matches(str(name), known, n=3, cutoff=0.4) or sorted(known)
        raise UnknownExercise(f"There is no exercise called {name!r}. Did you mean: {', '.join(close)}?")
    return known[name]
