"""`python -m benchmarks.course [NOTEBOOK …]`: where the time of the course's own checks goes, for who waits for them.

First every notebook is run as `make notebook-tests` does it, then the book is built twice: from nothing, and again with
one chapter changed. The goals are seconds of the clock, on a quiet machine; processor time stands beside them.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
NBVAL = ("--nbval", "-n", "2", "--dist", "loadfile", "-q", "-p", "no:cacheprovider")
CHAPTER = "book/08_lstm_cell"  # the one that changes
GOALS = {"the notebooks": 360, "the book from nothing": 20, "the book with one chapter changed": 8}


def main() -> None:
    """Measure, print, and end with an error where a notebook fails or the book cannot be built."""
    parser = argparse.ArgumentParser(prog="benchmarks.course", description=__doc__)
    parser.add_argument("notebooks", nargs="*", default=["book", "solutions", "exercises"], help="folders or files")
    parser.add_argument("--without-book", action="store_true", help="measure the notebooks only")
    options = parser.parse_args()
    found = notebooks(options.notebooks)
    for name, seconds in sorted(found.pop("each").items(), key=lambda pair: -pair[1]):
        print(f"{seconds:7.1f} s  {name}")
    if not options.without_book:
        found |= book()
    for name, (clock, processor) in found.items():
        print(f"{clock:7.1f} s  {name}; the goal is {GOALS[name]} s; {processor:.1f} s of processor time")


def notebooks(paths: Sequence[str]) -> dict:
    """Seconds of each notebook, its kernel's start included, and of the whole run, two at a time."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        seconds = _run(sys.executable, "-m", "pytest", *NBVAL, f"--junitxml={report}", *paths)
        return {"each": per_notebook(report.read_text(encoding="utf-8")), "the notebooks": seconds}


def per_notebook(report: str) -> dict[str, float]:
    """The seconds of the cells of each notebook, from pytest's report in JUnit's XML."""
    each: dict[str, float] = {}
    for case in ElementTree.fromstring(report).iter("testcase"):
        name = case.attrib["classname"]
        each[name] = each.get(name, 0.0) + float(case.attrib["time"])
    return each


def book() -> dict[str, tuple[float, float]]:
    """Seconds to build the book from executed notebooks, in a folder that is removed again."""
    builder = Path(sys.executable).with_name("jupyter-book")
    with tempfile.TemporaryDirectory() as folder:
        command = str(builder), "build", ".", "-W", "-n", "--keep-going", "--path-output", folder
        whole = _run(*command)
        (Path(folder) / "_build/.doctrees" / f"{CHAPTER}.doctree").unlink()  # as if the page had changed
        return {"the book from nothing": whole, "the book with one chapter changed": _run(*command)}


def _run(*command: str) -> tuple[float, float]:
    """Seconds by the clock, and of the processor in this and all processes that it starts."""
    start, before = perf_counter(), os.times()
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if ran.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    after = os.times()
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    return perf_counter() - start, processor


if __name__ == "__main__":
    main()
