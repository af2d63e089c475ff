"""Check an answer: run it on every case, compare it with the reference, and find out what is wrong with it."""

import contextlib
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from rnn_course.arrays import to
from rnn_course.checks import learners_code
from rnn_course.checks.compare import agree, agreeing_parts, first_difference
from rnn_course.checks.exercise import Exercise
from rnn_course.checks.laws import broken_law
from rnn_course.checks.limits import Printed, TookTooLong, time_limit
from rnn_course.checks.own_work import borrowed
from rnn_course.checks.recognise import explanation, recognise
from rnn_course.checks.report import Report
from rnn_course.checks.trial import LIBRARIES, Run, call, changed_arguments, describe_arguments, installed, run_all


class Failure(NamedTuple):
    """The first thing that is wrong: in which run, and in words; `path` is the result it is in, if it is in one."""

    run: Run
    text: str
    status: str = "wrong"
    path: str = ""


def grade(exercise: Exercise, answer: Any) -> Report:
    """The report on `answer`. A learner's code may do anything; the check itself does not raise."""
    name = exercise.name
    if answer is None or answer is Ellipsis:
        return Report(name, "not attempted", "Hand in your function: the placeholder is still there.")
    if not callable(answer):
        text = f"expected a function, got {type(answer).__name__}: hand it in without calling it."
        return Report(name, "wrong", text)
    for library in installed(exercise):
        to(np.zeros(()), library)  # import it before the clock starts: stopped half-way, it would stay broken
    try:
        with time_limit(exercise.seconds), contextlib.redirect_stdout(Printed()):
            return _grade(exercise, answer)
    except TookTooLong:
        text = f"It did not finish within {exercise.seconds:g} seconds; the reference takes a moment."
        return Report(name, "timed out", text, ("Is there a loop that never ends, or one that does far too much?",))
    except Exception as error:  # a result whose own methods raise when they are asked for a shape, or compared
        return Report(name, "wrong", f"The result cannot be compared with anything: {type(error).__name__}: {error}")


def _grade(exercise: Exercise, answer: Callable) -> Report:
    runs = []
    for run in run_all(exercise, answer):
        if not runs and learners_code.is_not_written(answer, run.outcome):
            return Report(exercise.name, "not attempted", "Your turn: write the function, then run the cell again.")
        runs.append(run)
    parts = _parts(exercise, runs)
    failure = next((found for run in runs if (found := _failure(exercise, run))), None)
    failure = failure or _misbehaviour(exercise, answer, runs[0])
    behaves = ("keeps to the rules", failure is None)
    if failure is None:
        return _passed(exercise, answer, len(runs), (*parts.items(), behaves))
    return _failed(exercise, answer, failure, runs, (*parts.items(), behaves))


def _parts(exercise: Exercise, runs: list[Run]) -> dict[str, bool]:
    """For partial credit: each result on each library, and whether it is right in every case."""
    parts: dict[str, bool] = {}
    for run in runs:
        agreed = agreeing_parts(run.outcome.value, run.expected, exercise.axes) if not run.outcome.error else {}
        for path in agreeing_parts(run.expected, run.expected, exercise.axes):
            part = f"{path or 'result'}, {LIBRARIES[run.trial.backend]}"
            parts[part] = parts.get(part, True) and agreed.get(path, False)
    return parts


def _failure(exercise: Exercise, run: Run) -> Failure | None:
    """What is wrong in one run: an error, global random state, an argument that was changed, or the values."""
    outcome = run.outcome
    if outcome.error is not None:
        return Failure(run, "", "raised")
    if outcome.used_global_random:
        instead = "draw from the `rng` that is handed in" if "rng" in exercise.parameters else "nothing is random here"
        return Failure(run, f"the global random state has changed: {instead}.")
    if changed := changed_arguments(exercise, run):
        text = f"the argument `{changed[0]}` was changed in place: make a new array, the caller needs the old one."
        return Failure(run, text)
    arguments = dict(zip(exercise.parameters, run.trial.arguments(exercise), strict=True))
    difference = first_difference(outcome.value, run.expected, exercise.axes, exercise.blocks, arguments)
    return Failure(run, difference.text, path=difference.path) if difference else None


def _misbehaviour(exercise: Exercise, answer: Callable, run: Run) -> Failure | None:
    """What right values do not show: a second call that differs from the first, or a law that is broken."""
    second = call(exercise, answer, run.trial)
    if second.error is not None or not agree(second.value, run.outcome.value):
        text = "a second call with the same arguments gives something else: is anything kept from call to call?"
        return Failure(run, text)
    broken = broken_law(exercise, answer)
    return Failure(run, f"{broken}.") if broken else None


def _passed(exercise: Exercise, answer: Callable, calls: int, parts: tuple) -> Report:
    taken = borrowed(exercise, answer)
    message = taken or f"{exercise.title}: right in every case."
    notes = (f"{calls} calls agree with the reference: {_coverage(exercise)}.",)
    return Report(exercise.name, "passed", message, notes, parts=parts, borrowed=bool(taken))


def _failed(exercise: Exercise, answer: Callable, failure: Failure, runs: list[Run], parts: tuple) -> Report:
    trial, outcome = failure.run.trial, failure.run.outcome
    found = recognise(exercise, [run for run in runs if run.trial.backend == trial.backend])
    if not isinstance(found, list):
        return Report(exercise.name, "wrong", found.hint, mistake=found.name, parts=parts)
    if outcome.error is not None:
        text = f"{learners_code.describe_error(outcome.error)}\nThe arguments: {describe_arguments(exercise, trial)}"
    else:
        text = failure.text
    notes = [*_gradient_note(exercise, answer, failure), *explanation(found)]
    if trial.backend == "torch" and "numpy" in exercise.backends:
        notes.append("Every case on NumPy is right: look for what Torch calls differently.")
        notes.extend(learners_code.numpy_only_lines(answer))
    if outcome.printed.total:
        notes.append(f"Your function printed:\n{outcome.printed.shown()}")
    notes += [_reproduce(exercise, answer, failure.run), f'For help: hint("{exercise.name}")']
    return Report(exercise.name, failure.status, f"{trial.label()}: {text}", tuple(notes), parts=parts)


def _gradient_note(exercise: Exercise, answer: Callable, failure: Failure) -> tuple[str, ...]:
    """Where `backward` is wrong: is it the gradient of the learner's own forward, or of something else?"""
    if "gradient" not in exercise.laws or not failure.path.startswith("backward"):
        return ()
    try:
        broken = broken_law(exercise, answer)
    except Exception:
        return ()
    return (f"{broken[0].upper()}{broken[1:]}.",) if broken else ()


def _reproduce(exercise: Exercise, answer: Callable, run: Run) -> str:
    called = getattr(answer, "__name__", "")
    function = called if re.fullmatch(r"[A-Za-z_]\w*", called) else "your_function"
    case, backend, dtype = run.trial
    drawn = f'arguments("{exercise.name}", case={case + 1}, backend="{backend}", dtype="{dtype}")'
    return f"To see it: {function}(*{drawn})  # seed {[exercise.seed, case]}"


def _coverage(exercise: Exercise) -> str:
    libraries = " and ".join(LIBRARIES[library] for library in installed(exercise))
    text = f"{len(exercise.cases)} cases, {libraries}, {' and '.join(exercise.dtypes)}"
    return text + ("" if installed(exercise) == exercise.backends else "; Torch is not installed and was not checked")
