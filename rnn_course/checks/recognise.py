"""Which of the known mistakes an answer makes: the one that agrees everywhere, else the two that come closest."""

from typing import NamedTuple

from rnn_course.checks.compare import agree, agreeing_parts
from rnn_course.checks.exercise import Exercise, Mistake
from rnn_course.checks.trial import Outcome, Run, call
from rnn_course.tree import leaves


class Candidate(NamedTuple):
    """A mistake that explains some of the wrong results: `explained` of `wrong`."""

    mistake: Mistake
    explained: int
    wrong: int


def recognise(exercise: Exercise, runs: list[Run]) -> Mistake | list[Candidate]:
    """The mistake whose results agree with the answer's in every run, or up to two candidates, the likelier first."""
    for mistake in exercise.mistakes:
        if all(_same(run.outcome, call(exercise, mistake.answer, run.trial)) for run in runs):
            return mistake
    candidates = [_candidate(exercise, mistake, runs) for mistake in exercise.mistakes]
    likely = [candidate for candidate in candidates if 2 * candidate.explained >= candidate.wrong > 0]
    return sorted(likely, key=lambda candidate: -candidate.explained)[:2]


def explanation(candidates: list[Candidate]) -> list[str]:
    """For the report: what the wrong results have in common with known mistakes, and that this is not all."""
    if not candidates:
        return []
    lines = [f"{c.explained} of the {c.wrong} wrong results look like this: {c.mistake.hint}" for c in candidates]
    return ["It is not one of the usual mistakes alone. What comes close, the likelier first:", *lines]


def _same(answer: Outcome, mistake: Outcome) -> bool:
    if answer.error is not None or mistake.error is not None:
        return type(answer.error) is type(mistake.error) and str(answer.error) == str(mistake.error)
    if answer.used_global_random or mistake.used_global_random:  # where no two calls agree
        return answer.used_global_random == mistake.used_global_random
    if answer.value is None or mistake.value is None:
        return answer.value is mistake.value
    return agree(answer.value, mistake.value) and agree(
        tuple(leaves(answer.arguments)), tuple(leaves(mistake.arguments))
    )


def _candidate(exercise: Exercise, mistake: Mistake, runs: list[Run]) -> Candidate:
    """Count the wrong results of the answer, and those among them that the mistake gives too."""
    wrong = explained = 0
    for run in runs:
        if run.outcome.error is not None:
            continue
        other = call(exercise, mistake.answer, run.trial)
        like_mistake = {} if other.error else agreeing_parts(run.outcome.value, other.value, exercise.axes)
        for path, right in agreeing_parts(run.outcome.value, run.expected, exercise.axes).items():
            wrong += not right
            explained += not right and like_mistake.get(path, False)
    return Candidate(mistake, explained, wrong)
