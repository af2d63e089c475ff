"""The table at the end of a run: for each notebook what was compared, what was not and why, and how long it took."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import pytest

PROPERTY = "nbclaims"  # of a report: `compared`, `ignored REASON` or `claims NUMBER`


@dataclass
class Row:
    """What the table says of one notebook."""

    compared: int = 0
    claims: int = 0
    seconds: float = 0.0
    ignored: Counter[str] = field(default_factory=Counter)

    def add(self, fact: str) -> None:
        kind, _, detail = fact.partition(" ")
        self.compared += kind == "compared"
        self.claims += int(detail) if kind == "claims" else 0
        if kind == "ignored":
            self.ignored[detail] += 1

    def text(self, name: str) -> str:
        ignored = ", ".join(f"{number} {reason}" for reason, number in sorted(self.ignored.items())) or "–"
        return f"{name:48} {self.compared:8} {self.claims:7} {self.seconds:8.1f}  {ignored}"


def summarise(reporter: pytest.TerminalReporter) -> None:
    """Print the table, if any notebook was run."""
    rows: dict[str, Row] = defaultdict(Row)
    for report in (report for reports in reporter.stats.values() for report in reports):
        facts = [fact for name, fact in getattr(report, "user_properties", ()) if name == PROPERTY]
        if facts:
            row = rows[report.nodeid.split("::")[0]]
            row.seconds += report.duration
            for fact in facts if report.when == "call" else ():
                row.add(fact)
    if not rows:
        return
    reporter.section("notebooks")
    reporter.line(f"{'':48} compared  claims  seconds  ignored")
    for name, row in sorted(rows.items()):
        reporter.line(row.text(name))
    ignored = Counter(cells=sum(row.ignored.total() for row in rows.values()))
    sums = Row(sum(r.compared for r in rows.values()), sum(r.claims for r in rows.values()), 0.0, ignored)
    sums.seconds = sum(row.seconds for row in rows.values())
    reporter.line(sums.text(f"all {len(rows)}"))
