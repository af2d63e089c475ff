"""What a check answers. It prints as text and renders as HTML; colour and symbols never carry the meaning alone."""

from dataclasses import dataclass, field
from html import escape

TITLES = {
    "passed": "✓ passed",
    "wrong": "✗ wrong",
    "raised": "! raised an error",
    "not attempted": "… not attempted",
    "unknown": "? no such exercise",
}


class CheckFailed(AssertionError):
    """In strict mode: the answer did not pass. The message is the report."""


@dataclass(frozen=True)
class Report:
    """The outcome of one check.

    status   passed, wrong, raised, not attempted, or unknown
    message  one or two sentences for the learner
    notes    further lines: what was checked, what was skipped
    mistake  the name of the mistake that was recognised, or ""
    """

    name: str
    status: str
    message: str
    notes: tuple[str, ...] = field(default=())
    mistake: str = ""

    @property
    def passed(self) -> bool:
        """Whether the answer is right in every case."""
        return self.status == "passed"

    def __repr__(self) -> str:
        lines = [f"{TITLES[self.status]} · {self.name}", *_indent(self.message)]
        return "\n".join(lines + [line for note in self.notes for line in _indent(note)])

    def _repr_html_(self) -> str:
        def paragraph(text: str) -> str:
            return f'<p style="margin:.2em 0; white-space:pre-wrap">{escape(text)}</p>'

        body = "".join(paragraph(text) for text in (self.message, *self.notes) if text)
        return (
            f'<div role="status" class="check-report check-{self.status.replace(" ", "-")}" '
            'style="border-left:.3em solid currentColor; padding:.3em .8em">'
            f"<strong>{TITLES[self.status]} · {escape(self.name)}</strong>{body}</div>"
        )


def _indent(text: str) -> list[str]:
    return [f"  {line}" for line in text.splitlines()]
