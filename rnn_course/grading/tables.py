"""The outcome of grading as tables: CSV for a spreadsheet, JUnit's XML for a CI."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from xml.etree import ElementTree

from rnn_course.checks.report import Report
from rnn_course.grading.submissions import Submission
from rnn_course.grading.wire import clean

COLUMNS = ("learner", "notebook", "exercise", "status", "mistake", "credit", "borrowed", "problems")
TOTALS = ("learner", "exercises", "passed", "points", "credit", "borrowed", "problems")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")  # a cell that begins so may be run by a spreadsheet


class Graded(NamedTuple):
    """A submission, the reports on it and what else there is to say."""

    submission: Submission
    reports: tuple[Report, ...]
    problems: tuple[str, ...]


def as_csv(graded: Iterable[Graded]) -> bytes:
    """One row an exercise; a notebook in which nothing could be checked has one row without an exercise."""
    rows = []
    for submission, reports, problems in graded:
        start = (submission.learner, submission.name)
        if not reports:
            rows.append(
                (*start, "", "nothing to check" if submission.path else "no notebook", "", "0", "", len(problems))
            )
        for r in reports:
            borrowed = "yes" if r.borrowed else "no"
            rows.append((*start, r.name, r.status, r.mistake, _number(r.credit), borrowed, len(problems)))
    return _csv(COLUMNS, rows)


def as_totals(graded: Iterable[Graded]) -> bytes:
    """One row a learner: its points are the sum of the credit of its exercises, its credit is their mean."""
    rows = []
    for learner, all_graded in by_learner(graded).items():
        reports = [report for one in all_graded for report in one.reports]
        points = sum(report.credit for report in reports)
        credits = _number(points), _number(points / max(len(reports), 1))
        counts = (len(reports), sum(r.passed for r in reports), *credits, sum(r.borrowed for r in reports))
        rows.append((learner, *counts, sum(len(one.problems) for one in all_graded)))
    return _csv(TOTALS, rows)


def by_learner(graded: Iterable[Graded]) -> dict[str, list[Graded]]:
    """What was graded of each learner, in the order in which the learners come."""
    found: dict[str, list[Graded]] = {}
    for one in graded:
        found.setdefault(one.submission.learner, []).append(one)
    return found


def as_junit(graded: Iterable[Graded]) -> bytes:
    """One suite a notebook, one test an exercise. What did not pass is a failure, with what the learner is told."""
    root = ElementTree.Element("testsuites", name="rnn-course grade")
    for submission, reports, problems in graded:
        name = clean(f"{submission.learner}/{submission.name}")
        failures = sum(not report.passed for report in reports)
        suite = ElementTree.SubElement(root, "testsuite", name=name, tests=str(len(reports)), failures=str(failures))
        for report in reports:
            case = ElementTree.SubElement(suite, "testcase", classname=name, name=report.name)
            if not report.passed:
                failure = ElementTree.SubElement(
                    case, "failure", type=report.status, message=clean(report.message)[:500]
                )
                failure.text = clean("\n".join((report.message, *report.notes)))
        if problems:
            ElementTree.SubElement(suite, "system-err").text = clean("\n".join(problems))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _csv(columns: Sequence[str], rows: Iterable[tuple]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_harmless(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _harmless(value: object) -> object:
    """Text that no spreadsheet takes for a formula, and that stays in its line."""
    if not isinstance(value, str):
        return value
    text = " ".join(clean(value).splitlines()) if value.strip() else value
    return f"'{text}" if value.startswith(FORMULA) or text.startswith(FORMULA) else text


def _number(credit: float) -> str:
    return f"{credit:.4f}".rstrip("0").rstrip(".")
