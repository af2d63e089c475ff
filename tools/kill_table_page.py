"""The page book/kill_table.md: what the checks say to every stub, solution and mistake of every exercise."""

from rnn_course.checks import EXERCISES
from rnn_course.checks.engine import grade
from rnn_course.checks.exercise import Exercise

INTRODUCTION = """# Kill table of the exercises

A check is worth what it tells apart. So every exercise carries its usual mistakes with it, as code, and here is what
the checks say to each of them, on every case and with both array libraries where the exercise asks for both. This page
is made by running them; a test runs them again.

A stub has to be *not attempted* and the solution *passed*. A mistake has to be *wrong*, and recognised as itself and
as no other. The hints are not printed here: meet them in the exercises.
"""


def page() -> str:
    """The whole page as Markdown. Raises AssertionError if a check says what it should not."""
    mistakes = sum(len(exercise.mistakes) for exercise in EXERCISES.values())
    counts = f"{len(EXERCISES)} exercises, {mistakes} named mistakes.\n"
    return "\n".join([INTRODUCTION, counts, *(section(exercise) for exercise in EXERCISES.values())])


def section(exercise: Exercise) -> str:
    """One exercise: a line for each answer, with the outcome that it really gets."""
    libraries = " and ".join({"numpy": "NumPy", "torch": "Torch"}[backend] for backend in exercise.backends)
    lines = [
        f"## {exercise.title}\n",
        f"{{code}}`{exercise.name}` · difficulty {exercise.difficulty} of 5 · {exercise.minutes} minutes · "
        f"{len(exercise.cases)} cases on {libraries}\n",
        "| answer | outcome | recognised as |",
        "|---|---|---|",
        row("the untouched stub", exercise, _stub, "not attempted"),
        row("the solution", exercise, exercise.solution, "passed"),
    ]
    lines += [row(mistake.name, exercise, mistake.answer, "wrong", mistake.name) for mistake in exercise.mistakes]
    return "\n".join(lines) + "\n"


def row(label: str, exercise: Exercise, answer: object, status: str, mistake: str = "") -> str:
    """The outcome of one answer, which has to be the one that it deserves."""
    report = grade(exercise, answer)
    assert (report.status, report.mistake) == (status, mistake), f"{exercise.name}, {label}: {report!r}"
    return f"| {label} | {report.status} | {report.mistake or '–'} |"


def _stub(*arguments: object) -> None:
    raise NotImplementedError
