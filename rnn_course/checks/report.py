"""What a check answers. It prints as text and renders as HTML; colour and symbols never carry the meaning alone."""

import re
from dataclasses import dataclass, field
from html import escape
from typing import Any

TITLES = {
    "passed": "✓ passed",
    "wrong": "✗ wrong",
    "raised": "! raised an error",
    "timed out": "⏱ timed out",
    "not attempted": "… not attempted",
    "unknown": "? no such exercise",
}
STATUSES = tuple(TITLES)


class CheckFailed(AssertionError):
    """In strict mode: the answer did not pass. The message is the report."""


@dataclass(frozen=True)
class Report:
    """The outcome of one check.

    status   passed, wrong, raised, timed out, not attempted, or unknown
    message  one or two sentences for the learner
    notes    further lines: what was checked, what was skipped
    mistake  the name of the mistake that was recognised, or ""
    parts    each thing that was checked, and whether it held: `(("h, NumPy", True), …)`; their share is the credit
    borrowed whether the package's own code does the work that the learner was asked to do
    """

    name: str
    status: str
    message: str
    notes: tuple[str, ...] = field(default=())
    mistake: str = ""
    parts: tuple[tuple[str, bool], ...] = ()
    borrowed: bool = False

    @property
    def passed(self) -> bool:
        """Whether the answer is right in every case."""
        return self.status == "passed"

    @property
    def credit(self) -> float:
        """The share of the parts that hold, 0 to 1: 1 if passed, and always less if not."""
        if self.passed:
            return 1.0
        return sum(held for _, held in self.parts) / len(self.parts) if self.parts else 0.0

    def as_dict(self) -> dict[str, Any]:
        """For files: everything in plain values."""
        return {
            "exercise": self.name,
            "status": self.status,
            "mistake": self.mistake,
            "credit": round(self.credit, 4),
            "borrowed": self.borrowed,
            "message": self.message,
            "notes": list(self.notes),
            "parts": [{"name": name, "passed": held} for name, held in self.parts],
        }

    def __repr__(self) -> str:
        lines = [f"{TITLES[self.status]} · {self.name}", *_indent(self.message)]
        return "\n".join(lines + [line for note in self.notes for line in _indent(note)])

    def _repr_html_(self) -> str:
        body = "".join(_paragraph(text) for text in (self.message, *self.notes) if text)
        return (
            f'<div role="status" class="check-report check-{self.status.replace(" ", "-")}" '
            'style="border-left:.3em solid currentColor; padding:.3em .8em; overflow-wrap:anywhere">'
            f"<strong>{TITLES[self.status]} · {escape(self.name)}</strong>{body}</div>"
        )


def _paragraph(text: str) -> str:
    marked = re.sub(r"`([^`\n]+)`", r"<code>\1</code>", escape(text))
    return f'<p style="margin:.2em 0; white-space:pre-wrap">{marked}</p>'


def _indent(text: str) -> list[str]:
    return [f"  {line}" for line in text.splitlines()]
