"""The outcome of checked notebooks as text, as JSON and as JUnit's XML."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

from rnn_course.checks.report import TITLES, Report
from rnn_course.files import whole_file
from rnn_course.grading.notebook import NotebookResult

ILLEGAL_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Checked(NamedTuple):
    """A notebook, its results, and whether an exercise that was not attempted is no failure."""

    path: Path
    result: NotebookResult
    attempted_only: bool = False

    def failed(self, report: Report) -> bool:
        """Whether this outcome makes the whole a failure."""
        return not report.passed and not (self.attempted_only and report.status == "not attempted")

    @property
    def ok(self) -> bool:
        """Whether nothing failed; a file without any exercise has failed."""
        return bool(self.result.reports) and not any(map(self.failed, self.result.reports))


def as_text(checked: Checked) -> str:
    """A head, a line for each exercise and what is to be said about it, and the problems of the notebook."""
    reports = checked.result.reports
    lines = [f"{checked.path}: {_count(reports)} ({checked.result.seconds:.1f} s)"]
    for report in reports:
        lines += [f"  {line}" for line in report_lines(report)]
    return "\n".join(lines + [f"  note: {problem}" for problem in checked.result.problems])


def report_lines(report: Report) -> list[str]:
    """A report in full if there is something to do, otherwise in one line."""
    quiet = report.status == "not attempted" or (report.passed and not report.borrowed)
    return [f"{TITLES[report.status]} · {report.name}"] if quiet else repr(report).splitlines()


def summary(all_checked: Sequence[Checked]) -> str:
    """The sum over several notebooks."""
    reports = [report for checked in all_checked for report in checked.result.reports]
    return f"{len(all_checked)} notebooks: {_count(reports)}"


def as_json(all_checked: Sequence[Checked]) -> str:
    """Everything in one object: `ok`, and for each notebook its exercises."""
    notebooks = [
        {
            "notebook": str(checked.path),
            "ok": checked.ok,
            "seconds": round(checked.result.seconds, 3),
            "problems": list(checked.result.problems),
            "exercises": [report.as_dict() for report in checked.result.reports],
        }
        for checked in all_checked
    ]
    return json.dumps({"ok": all(checked.ok for checked in all_checked), "notebooks": notebooks}, indent=2)


def write_junit(path: Path, all_checked: Sequence[Checked]) -> None:
    """Write a test suite for each notebook, a test case for each exercise: a whole file, or an OSError and none."""
    root = ElementTree.Element("testsuites", name="rnn-course check")
    for checked in all_checked:
        root.append(_suite(checked))
    for count in ("tests", "failures", "errors", "skipped"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    root.set("time", f"{sum(checked.result.seconds for checked in all_checked):.3f}")
    ElementTree.indent(root)
    with whole_file(path) as file:
        ElementTree.ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)


def _suite(checked: Checked) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", name=_legal(str(checked.path)), time=f"{checked.result.seconds:.3f}")
    for report in checked.result.reports:
        case = _case(suite, checked, report.name)
        if checked.failed(report):
            _outcome(case, "failure", report.status, report.message, repr(report))
        elif not report.passed:
            _outcome(case, "skipped", report.status, report.message, "")
    if not checked.result.reports:
        text = "\n".join(checked.result.problems)
        _outcome(_case(suite, checked, "notebook"), "error", "notebook", "There is nothing to check.", text)
    if checked.result.problems:
        ElementTree.SubElement(suite, "system-out").text = _legal("\n".join(checked.result.problems))
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for count, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(count, str(sum(case.find(tag) is not None for case in cases)))
    return suite


def _case(suite: ElementTree.Element, checked: Checked, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", classname=_legal(checked.path.stem), name=name, time="0")


def _outcome(case: ElementTree.Element, tag: str, kind: str, message: str, text: str) -> None:
    attributes: dict[str, Any] = {"message": _legal(message)}
    if tag != "skipped":
        attributes["type"] = kind
    ElementTree.SubElement(case, tag, attributes).text = _legal(text) or None


def _legal(text: str) -> str:
    return ILLEGAL_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _count(reports: Sequence[Report]) -> str:
    return f"{sum(report.passed for report in reports)} of {len(reports)} passed"
