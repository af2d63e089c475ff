"""Let a run of nbval do the work of a check: compare all that a reader sees, and remember a good run.

So a notebook is run once where both are asked for: `--check` answers for it from the cache. The hook in conftest.py
comes here with what the plug-in has put together (tools/nbclaims/fresh.py).
"""

import os
from pathlib import Path

from nbformat import NotebookNode

from tools.nb_build import LOOK, SANITIZE, CheckError, Job, compare_texts, find_jobs
from tools.nb_cache import Cache
from tools.nb_compare import differences, read_rules
from tools.nb_environment import MACHINE
from tools.nb_normalise import normalise
from tools.nb_source import SourceError, read_source
from tools.nbclaims.fresh import FreshRun


def compare_run(root: Path, path: Path, run: FreshRun) -> list[str]:
    """What a reader would see differ between the notebook at `path` and a run of it; a good run is remembered."""
    job = next((job for job in find_jobs(root) if job.target == path), None)
    if job is None:
        return ["there is no text source for it. Write the source, or delete the notebook."]
    try:
        compare_with(job, root, run)
    except (SourceError, CheckError) as error:
        return [str(error)]
    if run.good and not os.environ.get(MACHINE):
        Cache(root).record(job.name, job.source, job.target, run.reads, run.since)
    return []


def compare_with(job: Job, root: Path, run: FreshRun) -> None:
    """Raise CheckError unless source, stored notebook and run agree."""
    fresh, rules = read_source(job.source, job.kind), read_rules(SANITIZE)
    if stale := next(differences(run.notebook, fresh, rules), "") if sources(fresh) != sources(run.notebook) else "":
        raise CheckError(f"{stale}\n{LOOK}")
    for cell, ran in zip(fresh.cells, run.notebook.cells, strict=True):
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = ran.outputs, ran.execution_count
    if "widgets" in run.notebook.metadata:
        fresh.metadata.widgets = run.notebook.metadata.widgets
    compare_texts(job.target.read_text(encoding="utf-8"), normalise(fresh, root), rules)


def sources(notebook: NotebookNode) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.source) for cell in notebook.cells]
