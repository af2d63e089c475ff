"""What the records of a progress add up to, exercise by exercise, whatever order they come in."""

from collections.abc import Iterable
from dataclasses import dataclass

from rnn_course.checks.record import Record
from rnn_course.checks.report import TITLES


@dataclass(frozen=True)
class Standing:
    """Where a learner stands with one exercise.

    status         passed once it has passed; otherwise what the last check said
    attempts       how many different answers were checked
    hints          the highest step of the ladder that was seen, since the exercise was last reset
    solution_seen  whether the solution was looked at
    source         the last answer that passed, if it is known
    reset          whether the exercise was reset, and not checked again since
    """

    status: str = "not attempted"
    attempts: int = 0
    hints: int = 0
    solution_seen: bool = False
    source: str = ""
    reset: bool = False

    @property
    def passed(self) -> bool:
        """Whether an answer to it has ever passed."""
        return self.status == "passed"

    def title(self) -> str:
        """A sign and words: `✓ passed`."""
        return TITLES[self.status] + (", then reset" if self.reset and self.passed else "")

    def help_seen(self, hints: int) -> str:
        """The help that was used, of so many hints: `hint 1 of 2, solution seen`, or ""."""
        seen = [f"hint {min(self.hints, hints)} of {hints}"] if self.hints else []
        return ", ".join(seen + (["solution seen"] if self.solution_seen else []))

    def as_dict(self) -> dict[str, object]:
        """For files: everything but the source."""
        return {
            "status": self.status,
            "attempts": self.attempts,
            "hints": self.hints,
            "solution_seen": self.solution_seen,
            "reset": self.reset,
        }


def standings(records: Iterable[Record]) -> dict[str, Standing]:
    """Where the learner stands, by the name of the exercise, for those about which there is anything."""
    by_exercise: dict[str, list[Record]] = {}
    for record in sorted(set(records), key=lambda record: (record.when, record.id)):
        if record.exercise:
            by_exercise.setdefault(record.exercise, []).append(record)
    return {exercise: _standing(theirs) for exercise, theirs in by_exercise.items()}


def _standing(records: list[Record]) -> Standing:
    checks = [record for record in records if record.event == "check"]
    passed = [record for record in checks if record.status == "passed"]
    resets = [place for place, record in enumerate(records) if record.event == "reset"]
    since = records[resets[-1] :] if resets else records
    latest = [record for record in since if record.event == "check"]
    answers = {record.digest or record.id for record in checks}
    status = "passed" if passed else latest[-1].status if latest else "not attempted"
    return Standing(
        status=status,
        attempts=len(answers),
        hints=max((record.step for record in since if record.event == "hint"), default=0),
        solution_seen=any(record.event == "solution" for record in records),
        source=next((record.source for record in reversed(passed) if record.source), ""),
        reset=bool(resets) and not latest,
    )
