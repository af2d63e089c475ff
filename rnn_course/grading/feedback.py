"""One HTML page a learner: each exercise with its outcome and what to do about it. It loads nothing from elsewhere."""

from collections.abc import Sequence
from html import escape

from rnn_course.checks.report import Report
from rnn_course.grading.tables import Graded
from rnn_course.grading.wire import clean

STYLE = """
:root { color-scheme: light dark; --line: #767676; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem;
  color: CanvasText; background: Canvas; }
h1, h2 { line-height: 1.25; overflow-wrap: anywhere; }
section { margin-top: 2.5rem; }
article { margin: 1.5rem 0; }
code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
table { border-collapse: collapse; margin: .5rem 0; }
th, td { border: 1px solid var(--line); padding: .2rem .6rem; text-align: left; font-weight: normal; }
thead th { font-weight: bold; }
summary { cursor: pointer; }
"""


def page(learner: str, graded: Sequence[Graded]) -> bytes:
    """The page of a learner. Everything that comes from a submission is escaped."""
    name = escape(clean(learner))
    reports = [report for one in graded for report in one.reports]
    passed = sum(report.passed for report in reports)
    credit = sum(report.credit for report in reports) / len(reports) if reports else 0.0
    sections = "\n".join(_section(one) for one in graded)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Feedback for {name}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>Feedback for {name}</h1>
<p>{passed} of {len(reports)} exercises passed. Credit: {credit:.0%}.</p>
{sections}
</main>
</body>
</html>
""".encode()


def _section(graded: Graded) -> str:
    title = escape(clean(graded.submission.name)) or "No notebook was handed in"
    parts = [f"<section>\n<h2>{title}</h2>"]
    if graded.problems:
        items = "".join(f"<li>{escape(clean(problem))}</li>" for problem in graded.problems)
        parts.append(f"<h3>About the notebook</h3>\n<ul>{items}</ul>")
    parts += [_exercise(report) for report in graded.reports]
    return "\n".join([*parts, "</section>"])


def _exercise(report: Report) -> str:
    return f"""<article>
<h3>{escape(clean(report.name))}: {report.credit:.0%}</h3>
{clean(report._repr_html_()).replace(' role="status"', "")}{_parts(report)}
</article>"""


def _parts(report: Report) -> str:
    """What was checked one by one; where all of it holds, or nothing was checked, there is nothing to add."""
    if not report.parts or report.passed:
        return ""
    held = sum(held for _, held in report.parts)
    rows = "".join(
        f'<tr><th scope="row">{escape(clean(name))}</th><td>{"✓ right" if held else "✗ not yet"}</td></tr>'
        for name, held in report.parts
    )
    return (
        f"\n<details><summary>{held} of {len(report.parts)} parts are right</summary>"
        '<table><thead><tr><th scope="col">part</th><th scope="col">outcome</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></details>"
    )
