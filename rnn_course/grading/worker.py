"""A trusted process that grades one notebook after the other, as it is told on its standard input.

One such process a thread: a check redirects what is printed and stops by a signal, which only one at a time can do in
a process; and a notebook that managed to bring it down would bring down no other notebook's.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from rnn_course import __version__
from rnn_course.checks.report import Report
from rnn_course.grading.limits import Limits
from rnn_course.grading.notebook import NotebookResult, check_notebook


def as_dict(result: NotebookResult) -> dict[str, Any]:
    """A result in plain values; how long it took is no part of it, so that two runs give the same."""
    return {
        "version": __version__,
        "reports": [report.as_dict() for report in result.reports],
        "problems": list(result.problems),
    }


def report_of(values: dict[str, Any]) -> Report:
    """The report that `Report.as_dict` was made of."""
    return Report(
        values["exercise"],
        values["status"],
        values["message"],
        tuple(values["notes"]),
        values["mistake"],
        tuple((part["name"], part["passed"]) for part in values["parts"]),
        values["borrowed"],
    )


def main() -> None:
    """Answer each line, a job in JSON, by a line with its result, until the input ends."""
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever else prints must not come between the answers
    for line in sys.stdin:
        job = json.loads(line)
        with tempfile.TemporaryDirectory(prefix="rnn-course-") as folder:
            path = Path(folder, "notebook.ipynb")
            path.write_bytes(bytes.fromhex(job["content"]))
            result = check_notebook(path, Limits(**job["limits"]), name=job["name"])
        try:
            _write(answers, json.dumps(as_dict(result)).encode() + b"\n")
        except BrokenPipeError:  # whoever asked is no more
            return


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


if __name__ == "__main__":
    main()
