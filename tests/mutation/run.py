"""`make mutants`: does any small mistake in the mathematics stay unseen by the tests?

cosmic-ray makes the mutants and keeps the record, a session a module in .cache/mutants, which its own reports can
read. A run that was stopped goes on where it was.
"""

import argparse
import gc
import hashlib
import os
import resource
import sys
import time
import tomllib
from collections import Counter
from pathlib import Path

import cosmic_ray.commands
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkItem, WorkResult

from tests.mutation.child import KILLED, ROOT, STOPPED, SURVIVED, run_tests, start, status_of, warm_up
from tests.mutation.mutants import HERE, Mutant, describe, is_signature, judge, read_equivalents

CONFIG = tomllib.loads((HERE / "config.toml").read_text(encoding="utf-8"))
CACHE = ROOT / ".cache" / "mutants"
LISTED, TIMEOUT = "equivalent", "timeout"
OUTCOMES = (KILLED, TIMEOUT, LISTED, SURVIVED)


def main() -> int:
    """Run the mutants of the modules that are named, or of all; 0 if none survives that is not listed."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", default=[], help=f"of {', '.join(CONFIG['modules'])}; all if none")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at the same time")
    parser.add_argument("--listed", action="store_true", help="try the listed mutants too: are they really equivalent?")
    parser.add_argument("--keep", action="store_true", help="keep the kills of older tests: try what survived again")
    options = parser.parse_args()
    modules = options.modules or list(CONFIG["modules"])
    if unknown := set(modules) - CONFIG["modules"].keys():
        parser.error(f"unknown modules: {', '.join(sorted(unknown))}")
    os.environ |= {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    warm_up()
    gc.freeze()
    entries = read_equivalents((HERE / "equivalent.toml").read_text(encoding="utf-8"))
    listed = {mutant for entry in entries for mutant in entry.mutants()}
    survivors, made, wrongly_listed = [], [], []
    print(f"{'module':24}{'mutants':>9}" + "".join(f"{outcome:>12}" for outcome in OUTCOMES) + f"{'seconds':>9}")
    for module in modules:
        began = time.monotonic()
        outcomes = run_module(module, set() if options.listed else listed, options.jobs, options.keep)
        made += [mutant for mutant, _ in outcomes]
        survivors += [mutant for mutant, outcome in outcomes if outcome == SURVIVED and mutant not in listed]
        wrongly_listed += [m for m, outcome in outcomes if m in listed and outcome in (KILLED, TIMEOUT)]
        count = Counter(LISTED if outcome == SURVIVED and m in listed else outcome for m, outcome in outcomes)
        numbers = "".join(f"{count[outcome]:12}" for outcome in OUTCOMES)
        print(f"{module:24}{len(outcomes):9}{numbers}{time.monotonic() - began:9.0f}", flush=True)
    unlisted, gone = judge(survivors, made, entries, modules)
    problems = {
        "survives: write a test that kills it, or list it in equivalent.toml with the reason": unlisted,
        "is listed in equivalent.toml, but no mutant is like this": gone,
        "is listed in equivalent.toml, but the tests kill it": wrongly_listed,
    }
    for problem, mutants in problems.items():
        for mutant in mutants:
            print(f"\n{problem}\n  {mutant}")
    return int(any(problems.values()))


def run_module(module: str, listed: set[Mutant], jobs: int, keep: bool) -> list[tuple[Mutant, str]]:
    """What became of each mutant of a module; those that are listed are not run."""
    path = ROOT / "rnn_course" / f"{module.replace('.', '/')}.py"
    source = path.read_text(encoding="utf-8")
    made_from, again = session(module, path, keep)
    with use_db(CACHE / f"{module}.sqlite") as db:
        if not db.num_work_items:
            cosmic_ray.commands.init([path], db, {})
            left_out = [item.job_id for item in db.work_items if not is_wanted(item, source)]
            db.set_multiple_results(left_out, WorkResult(WorkerOutcome.SKIPPED, "left out"))
        mutated = {item.job_id: mutate(item, source) for item in db.work_items if is_wanted(item, source)}
        mutants = {job: describe(module, source, text) for job, text in mutated.items()}
        done = {job for job, result in db.results if not again or result.test_outcome == TestOutcome.KILLED}
        waiting = {job: text for job, text in mutated.items() if job not in done and mutants[job] not in listed}
        try_mutants(module, db, waiting, jobs)
        ended = {job: result.output for job, result in db.results}
    (CACHE / f"{module}.made-from").write_text(made_from, encoding="utf-8")
    return [(mutant, ended.get(job, LISTED)) for job, mutant in mutants.items()]


def try_mutants(module: str, db: WorkDB, sources: dict[str, str], jobs: int) -> None:
    """Run the tests on every source, a few at a time, and record how they end."""
    if not sources:
        return
    files, only = CONFIG["modules"][module], CONFIG["only"].get(module, "")
    began, original = processor_time(), start("original", lambda: run_tests(module, files, only=only))
    while (status := status_of(original)) is None:
        time.sleep(0.02)
    if status:
        raise SystemExit(f"{module}: its tests fail without any mutation (status {status}): {', '.join(files)}")
    limit = 15 + 3 * (processor_time() - began)
    waiting, running = list(sources), []
    while waiting or running:
        while waiting and len(running) < jobs:
            job = waiting.pop()
            running.append(start(job, lambda job=job: run_tests(module, files, sources[job], only), limit))
        time.sleep(0.005)
        for one in list(running):
            if (status := status_of(one)) is not None:
                running.remove(one)
                outcome = SURVIVED if status == 0 else TIMEOUT if status in STOPPED else KILLED
                tests = TestOutcome.SURVIVED if status == 0 else TestOutcome.KILLED
                db.set_result(one.job, WorkResult(WorkerOutcome.NORMAL, outcome, tests))


def processor_time() -> float:
    """The seconds that processes which have ended kept a processor busy: they are the same under load."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def session(module: str, path: Path, keep: bool) -> tuple[str, bool]:
    """What a module's session is made from, and whether its survivors have to be tried again.

    The session is made anew if the module changed, and unless `keep` if its tests or the rest of the package did.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    tests = [ROOT / "tests" / "core" / f"test_{name}.py" for name in CONFIG["modules"][module]]
    package = [path for folder in ("", "convert") for path in sorted((ROOT / "rnn_course" / folder).glob("*.py"))]
    others = [*package, ROOT / "tests" / "helpers.py", *tests]
    now, mark = [digest([path]), digest(others)], CACHE / f"{module}.made-from"
    before = mark.read_text(encoding="utf-8").split() if mark.exists() else ["", ""]
    if before[0] == now[0] and (before[1] == now[1] or keep):
        return " ".join(now), before[1] != now[1]
    (CACHE / f"{module}.sqlite").unlink(missing_ok=True)
    mark.write_text(" ".join(now), encoding="utf-8")
    return " ".join(now), False


def digest(paths: list[Path]) -> str:
    """A short hash of the contents of files and of the list of operators."""
    contents = [*(path.read_bytes() for path in paths), " ".join(CONFIG["operators"]).encode()]
    return hashlib.sha256(b"\0".join(contents)).hexdigest()[:16]


def is_wanted(item: WorkItem, source: str) -> bool:
    """Whether a mutant is run: its operator is in config.toml, and what it changes is not a type annotation."""
    (change,) = item.mutations
    return change.operator_name.split("/")[-1] in CONFIG["operators"] and not is_signature(source, change.start_pos)


def mutate(item: WorkItem, source: str) -> str:
    """The source of a mutant."""
    (change,) = item.mutations
    return mutate_code(source, get_operator(change.operator_name)(), change.occurrence)


if __name__ == "__main__":
    sys.exit(main())
