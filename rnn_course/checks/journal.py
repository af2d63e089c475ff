"""A learner's progress: one small text file of JSON lines in the learner's own folder. Lines are added, never changed.

Each line is a record of its own, so two files are merged by keeping every line once: `sort -u mine yours > both`.
Nothing is written where there is no such file: `rnn-course start` makes it, and so marks a folder as a learner's own.
"""

import os
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from rnn_course.checks.record import Damaged, Record, parse
from rnn_course.checks.whole_lines import append_line, read_bytes

NAME = "rnn-course-progress.jsonl"
VARIABLE = "RNN_COURSE_PROGRESS"
BORDERS = (".git", "pyproject.toml")  # of a project: what is above it is not looked at

_session: list[Record] = []  # what could not be written, or has no file to be written to


class Reading(NamedTuple):
    """All records, the oldest first and each once, and what is wrong with the file, in sentences."""

    records: tuple[Record, ...]
    problems: tuple[str, ...]


class Journal:
    """The progress in one file, and of this session; `path` is None where nothing is to be written."""

    def __init__(self, path: Path | None) -> None:
        self.path = path

    @classmethod
    def here(cls, folder: Path | None = None) -> "Journal":
        """The journal that belongs to a folder, or to the working folder.

        The environment variable RNN_COURSE_PROGRESS names another file, or says `off`.
        """
        named = os.environ.get(VARIABLE, "")
        if named.strip().lower() == "off":
            return cls(None)
        return cls(Path(named).expanduser() if named.strip() else find(folder))

    def read(self) -> Reading:
        """What is recorded. A line that cannot be read is left out, and stays in the file."""
        records, problems = set(_session), []
        if self.path is not None:
            try:
                written, damaged = _parsed(read_bytes(self.path))
            except FileNotFoundError:
                pass  # named by the variable, and not begun yet
            except OSError as error:
                problems.append(f"Your progress in {self.path} cannot be read ({_reason(error)}).")
            else:
                records.update(written)
                if damaged:
                    problems.append(_about_damage(self.path, damaged))
        return Reading(tuple(sorted(records, key=lambda record: (record.when, record.id))), tuple(problems))

    def add(self, record: Record) -> str:
        """Record something: in the file, or for this session only. Returns "" or what went wrong, in a sentence."""
        record = record.stamped()
        if self.path is None:
            _session.append(record)
            return ""
        try:
            append_line(self.path, record.line())
        except OSError as error:
            _session.append(record)
            return (
                f"Your progress cannot be written to {self.path} ({_reason(error)}), so it is kept until this session "
                f"ends. Make the file writable, or name another one in the environment variable {VARIABLE}."
            )
        return ""

    def add_check(self, record: Record) -> str:
        """Record a check, unless it is the last one over again: the same answer with the same outcome."""
        checks = [r for r in self.read().records if r.event in ("check", "reset") and r.exercise == record.exercise]
        same = checks and replace(record, when=checks[-1].when, id=checks[-1].id) == checks[-1]
        return "" if same else self.add(record)


def find(folder: Path | None = None) -> Path | None:
    """The file of progress in a folder or in one above it, up to the border of the project; None if there is none."""
    try:
        folder = (folder or Path.cwd()).resolve()
    except OSError:  # the working folder was deleted
        return None
    for place in (folder, *folder.parents):
        if (place / NAME).exists():
            return place / NAME
        if any((place / border).exists() for border in BORDERS):
            return None
    return None


def begin(folder: Path) -> Journal:
    """Make a folder a learner's own: its progress is kept in it from now on. Raises OSError if that cannot be."""
    (folder / NAME).open("ab").close()
    return Journal(folder / NAME)


def _parsed(content: bytes) -> tuple[list[Record], list[int]]:
    """The records, and the numbers of the lines that hold none."""
    records, damaged = [], []
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            record = parse(line)
        except Damaged:
            damaged.append(number)
        else:
            if record is not None:
                records.append(record)
    return records, damaged


def _about_damage(path: Path, damaged: list[int]) -> str:
    shown = ", ".join(map(str, damaged[:5])) + (", …" if len(damaged) > 5 else "")
    lines = f"line {shown} of {path} is" if len(damaged) == 1 else f"lines {shown} of {path} are"
    return f"Not a record of progress: {lines} damaged, left out and left alone. Everything else counts."


def _reason(error: OSError) -> str:
    return "it is a folder" if isinstance(error, IsADirectoryError) else error.strerror or str(error)
