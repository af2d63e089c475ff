"""Build or check the notebooks that are out of date: the jobs, the cache, the command line."""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import nbformat

from tools.nb_cache import Cache, write_atomically
from tools.nb_compare import Rules, differences, read_rules
from tools.nb_environment import MACHINE
from tools.nb_kernel import RunError, run_notebook
from tools.nb_normalise import normalise
from tools.nb_source import SourceError, locate, read_source
from tools.nbclaims.watch import BUDGET

SANITIZE = Path(__file__).parent / "nbclaims" / "sanitize.cfg"
# The folder of the notebooks, and that of their sources.
KINDS = {"book": "book", "solutions": "solutions", "exercises": "solutions"}
NOT_BUILT = "it has not been built. Run tools/notebooks.py and commit the result."
LOOK = "Run tools/notebooks.py, look at the change, and commit it."
SHOWN = 5  # differences of one notebook that are printed


@dataclass(frozen=True)
class Job:
    """One notebook to make: of which kind, from which source."""

    kind: str
    source: Path
    target: Path

    @property
    def name(self) -> str:
        return f"{self.kind}/{self.target.stem}"


@dataclass(frozen=True)
class Setting:
    """What all jobs of one run share."""

    root: Path
    check: bool
    force: bool
    budget: float  # seconds that a notebook may compute
    elsewhere: bool  # as on another machine: what agrees there says nothing about here
    cache: Cache
    rules: Rules


@dataclass(frozen=True)
class Result:
    """How one job went: `status` is a word for the report, `why` it was run, `problem` is empty when all is well."""

    name: str
    status: str
    seconds: float = 0.0
    why: str = ""
    problem: str = ""


def find_jobs(root: Path) -> list[Job]:
    """One job for each notebook that the sources under `root` stand for."""
    return [
        Job(kind, source, root / kind / f"{source.stem}.ipynb")
        for kind, folder in KINDS.items()
        for source in sorted((root / folder).glob("*.py"))
    ]


def find_orphans(root: Path, jobs: list[Job]) -> Iterator[Result]:
    """The notebooks that no source stands for."""
    known = {job.target for job in jobs}
    for kind, folder in KINDS.items():
        for path in sorted((root / kind).glob("*.ipynb")):
            if path not in known:
                problem = f"there is no {folder}/{path.stem}.py. Write the source, or delete the notebook."
                yield Result(f"{kind}/{path.stem}", "FAILED", problem=problem)


def run_job(job: Job, setting: Setting) -> Result:
    """Build or check one notebook, unless nothing has changed since its last good run."""
    why = "asked for" if setting.force else setting.cache.why(job.name, job.source, job.target)
    if not why:
        return Result(job.name, "up to date")
    if setting.check and not job.target.exists():
        return Result(job.name, "FAILED", problem=NOT_BUILT)
    start, since = time.perf_counter(), time.time()
    try:
        text, reads = make_notebook(job, setting.root, setting.budget)
        if setting.check:
            compare_texts(job.target.read_text(encoding="utf-8"), text, setting.rules)
    except (SourceError, RunError, CheckError) as error:
        return Result(job.name, "FAILED", time.perf_counter() - start, why, explain(job, error))
    if not setting.check:
        write_atomically(job.target, text)
    if not setting.elsewhere:
        setting.cache.record(job.name, job.source, job.target, reads, since)
    return Result(job.name, "agrees" if setting.check else "built", time.perf_counter() - start, why)


def make_notebook(job: Job, root: Path, budget: float = BUDGET) -> tuple[str, set[Path]]:
    """The text of the executed, normalised notebook of `job`, and the files of the project that it read."""
    notebook = read_source(job.source, job.kind)
    job.target.parent.mkdir(parents=True, exist_ok=True)
    reads = run_notebook(notebook, job.target.parent, root, budget)
    return normalise(notebook, root), reads


class CheckError(Exception):
    """The stored notebook shows something else than a fresh run."""


def compare_texts(stored: str, fresh: str, rules: Rules) -> None:
    """Compare the text of a stored notebook with that of a fresh one: first bytes, then what a reader sees."""
    if stored == fresh:
        return
    try:
        before = nbformat.reads(stored, as_version=4)
    except Exception as error:
        raise CheckError(f"the stored file is not a notebook ({error}). Build it again.") from None
    found = differences(before, nbformat.reads(fresh, as_version=4), rules)
    if shown := list(islice(found, SHOWN)):
        more = sum(1 for _ in found)
        tail = [f"… and {more} more"] if more else []
        raise CheckError("\n".join([*shown, *tail, LOOK]))


def explain(job: Job, error: SourceError | RunError | CheckError) -> str:
    """The message for an author: where, what, and the line of the source."""
    if not isinstance(error, RunError):
        return str(error)
    where = f"cell {error.cell}: " if error.cell else ""
    if not 1 <= error.line <= len(error.source.splitlines()):
        return where + error.reason
    number = locate(job.source.read_text(encoding="utf-8"), error.source, error.line)
    place = f"{job.source.parent.name}/{job.source.name}" + (f", line {number}" if number else "")
    return f"{where}{error.reason}\n    {place}: {error.source.splitlines()[error.line - 1].strip()}"


def main(argv: list[str] | None = None, *, root: Path) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="tools/notebooks.py", description="Build or check the notebooks.")
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", help="only notebooks whose folder/name contains this")
    add("--check", action="store_true", help="run again, write nothing, fail on any visible difference")
    add("--force", action="store_true", help="run also what has not changed since its last good run")
    add("--jobs", type=int, default=2, help="notebooks to run at a time (default: 2)")
    add("--budget", type=float, default=BUDGET, help=f"seconds that a notebook may compute (default: {BUDGET:g})")
    options = parser.parse_args(argv)
    if options.jobs < 1:
        parser.error(f"--jobs: expected 1 or more, got {options.jobs}")

    def wanted(name: str) -> bool:
        return not options.names or any(part.removesuffix(".py") in name for part in options.names)

    everything = find_jobs(root)
    jobs = [job for job in everything if wanted(job.name)]
    orphans = [found for found in find_orphans(root, everything) if options.check and wanted(found.name)]
    if not jobs and not orphans and options.names:
        print(f"no notebook matches {' '.join(options.names)}", file=sys.stderr)
        return 1

    elsewhere = bool(os.environ.get(MACHINE))
    if elsewhere and not options.check:
        parser.error(f"{MACHINE} is for --check: notebooks are built on this machine as it is")
    setting = Setting(
        root=root,
        check=options.check,
        force=options.force or elsewhere,
        budget=options.budget,
        elsewhere=elsewhere,
        cache=Cache(root),
        rules=read_rules(SANITIZE),
    )
    failures = [report(orphan) for orphan in orphans]
    with ThreadPoolExecutor(options.jobs) as pool:
        for future in as_completed([pool.submit(run_job, job, setting) for job in jobs]):
            failures.append(report(future.result()))
    print(f"{len(failures)} notebooks, {sum(failures)} failed")
    return 1 if any(failures) else 0


def report(result: Result) -> bool:
    """Print how one job went; True if it failed."""
    why = f"  {result.why}" if result.why else ""
    print(f"{result.name:40} {result.status:10} {result.seconds:6.1f} s{why}", flush=True)
    if result.problem:
        print("    " + result.problem.replace("\n", "\n    "), file=sys.stderr, flush=True)
    return bool(result.problem)
