"""One line of the progress: something that a learner did, when, and with what outcome."""

import hashlib
import json
import re
import secrets
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime

from rnn_course.checks.report import STATUSES

EVENTS = ("check", "hint", "solution", "reset", "copied")
LONGEST_SOURCE = 20_000  # characters; an answer that is longer is not kept
WHEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class Damaged(ValueError):
    """This line is no record."""


@dataclass(frozen=True)
class Record:
    """What happened once. Every record has an id, so that a copy of it is known to be one.

    event    check, hint, solution, reset, or copied (a notebook, into the learner's folder)
    status   of a check: what the report said; `mistake` is the one that was recognised
    step     of a hint: which one, from 1
    digest   of a check: of the learner's function; of a copy: of the notebook that was copied
    source   of a check that passed: the learner's function
    """

    event: str
    exercise: str = ""
    when: str = ""
    id: str = ""
    status: str = ""
    mistake: str = ""
    step: int = 0
    digest: str = ""
    source: str = ""
    notebook: str = ""

    def stamped(self) -> "Record":
        """With the time, in UTC, and an id of its own."""
        if self.when and self.id:
            return self
        now = datetime.now(UTC)
        # The id begins with the fraction of the second, so that records of the same second stay in order.
        return replace(self, when=f"{now:%Y-%m-%dT%H:%M:%SZ}", id=f"{now:%f}-{secrets.token_hex(3)}")

    def line(self) -> bytes:
        """As one line of ASCII, the time first, so that sorted lines are in the order of time."""
        values = {"when": self.when, "id": self.id} | {name: value for name, value in asdict(self).items() if value}
        return json.dumps(values).encode("ascii") + b"\n"


def parse(line: bytes) -> Record | None:
    """The record in a line; None for an event of a later version. Raises Damaged."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        raise Damaged from None
    if not isinstance(values, dict) or not all(isinstance(values.get(name), str) for name in ("event", "when", "id")):
        raise Damaged
    known = {field.name: values[field.name] for field in fields(Record) if field.name in values}
    if any(type(value) is not (int if name == "step" else str) for name, value in known.items()):
        raise Damaged
    record = Record(**known)
    if not record.id or not WHEN.fullmatch(record.when):
        raise Damaged
    if record.event == "check" and record.status not in STATUSES:
        return None
    return record if record.event in EVENTS else None


def of_check(exercise: str, status: str, mistake: str, source: str) -> Record:
    """The record of a check of the function whose source that is."""
    digest = hashlib.sha256(source.strip().encode("utf-8", "replace")).hexdigest()[:16] if source else ""
    kept = source if status == "passed" and len(source) <= LONGEST_SOURCE else ""
    return Record("check", exercise, status=status, mistake=mistake, digest=digest, source=kept)
