"""Corrupt the stored notebooks and the prose at random, and see that whatever a reader could see is noticed.

    python -m tests.notebooks.corruption                    300 corruptions of the course's notebooks, from seed 1
    python -m tests.notebooks.corruption --count 900 --seed 7

What a reader could see is decided by tests/notebooks/reader.py, independently of the validation. The validation is the
guards, the comparison with a fresh run, and the claims, all as `make test` uses them. One fresh run serves all
corruptions of a notebook: its kernel is asked every corrupted claim where the claim stands.
"""

import argparse
import copy
import sys
from collections import defaultdict
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import nbformat
import numpy as np

from tests.notebooks.asking import answers
from tests.notebooks.mutations import STORED
from tests.notebooks.mutations_claims import IN_BOTH
from tests.notebooks.reader import visible
from tests.notebooks.seeded import pick
from tools.nb_build import SANITIZE, CheckError, Job, compare_texts, find_jobs, make_notebook
from tools.nb_cache import Cache
from tools.nb_compare import VARIES, read_rules
from tools.nb_normalise import write
from tools.nbclaims.claims import find_claims
from tools.nbclaims.guards import find_problems
from tools.nbclaims.notebook import judge

ROOT = Path(__file__).resolve().parents[2]
ATTEMPTS = 20


@dataclass
class Corruption:
    """One corrupted notebook: of which kind, whether a reader could see it, and who noticed (`""`: nobody).

    `excused`: it is in the output of a cell whose tag says that the output varies, so nobody can say what is right.
    """

    kind: str
    job: Job
    notebook: nbformat.NotebookNode
    visible: bool = True
    excused: bool = False
    noticed: str = ""


def fresh_text(job, root):
    """What a fresh run of the notebook gives: what is stored, if it is known to agree, or a run."""
    known = not Cache(root).why(job.name, job.source, job.target)
    return job.target.read_text(encoding="utf-8") if known else make_notebook(job, root)[0]


def corrupt(fresh, count, seed):
    """`count` corruptions of the notebooks `fresh` (texts by job): all kinds in turn, in notebooks taken at random."""
    rng = np.random.default_rng(seed)
    kinds = {**STORED, **IN_BOTH}
    made, waiting = [], []
    while len(made) < count:
        waiting = waiting or [str(kind) for kind in rng.permutation(list(kinds))]
        made += islice(corruptions(waiting.pop(), kinds, fresh, rng), 1)
    return made


def corruptions(kind, kinds, fresh, rng):
    """Corruptions of one kind, as far as a few attempts find something to corrupt."""
    for _ in range(ATTEMPTS):
        job = pick(rng, list(fresh))
        notebook = nbformat.reads(fresh[job], as_version=4)
        before = copy.deepcopy(notebook)
        if kinds[kind](notebook, rng):
            seen = kind in IN_BOTH or visible(before, notebook)
            excused = not visible(without_varying(before), without_varying(notebook))
            yield Corruption(kind, job, notebook, seen, excused)


def without_varying(notebook):
    """The notebook without the outputs that vary by nature, as their tags say."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if any(tag.startswith(VARIES) for tag in cell.metadata.get("tags", [])):
            cell.outputs = []
    return notebook


def validate(made, fresh, root):
    """Let the validation look at each corruption."""
    rules = read_rules(SANITIZE)
    for one in made:
        problems = find_problems(one.notebook, one.job.target, root)
        if problems:
            one.noticed = f"guards: {problems[0]}"
        elif one.kind not in IN_BOTH:
            try:
                compare_texts(write(one.notebook) + "\n", fresh[one.job], rules)
            except CheckError as error:
                one.noticed = f"check: {error}"
    for job in fresh:
        ask_claims([one for one in made if one.job == job and one.kind in IN_BOTH], job, root)


def ask_claims(made, job, root):
    """Ask the claims of all corrupted versions of one notebook, in one run of its kernel."""
    questions = defaultdict(set)
    for one in made:
        for index, claim in claims(one.notebook):
            questions[index].add(claim.question)
    if not made:
        return
    told = answers(job, root, questions)
    for one in made:
        wrong = [judge(claim, told[index].get(claim.question, "")) for index, claim in claims(one.notebook)]
        one.noticed = one.noticed or next((f"claims: {problem}" for problem in wrong if problem), "")


def claims(notebook):
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            yield from ((index, claim) for claim in find_claims(cell.source))


def missed(made):
    """The corruptions that a reader could see and nobody noticed."""
    return [one for one in made if one.visible and not one.noticed and not one.excused]


def report(made):
    """Print the table and the corruptions that slipped through; return whether any did."""
    print(f"{'':32}   made  visible  caught  excused")
    for kind in sorted({one.kind for one in made}):
        print(row(kind, [one for one in made if one.kind == kind]))
    print(row("all", made))
    for one in missed(made):
        print(f"MISSED {one.kind} in {one.job.name}: a reader could see it, and nothing failed")
    return bool(missed(made))


def row(name, made):
    seen = [one for one in made if one.visible]
    excused = sum(one.excused and not one.noticed for one in seen)
    return f"{name:32} {len(made):6} {len(seen):8} {sum(bool(one.noticed) for one in seen):7} {excused:8}"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    fresh = {job: fresh_text(job, ROOT) for job in find_jobs(ROOT)}
    made = corrupt(fresh, options.count, options.seed)
    validate(made, fresh, ROOT)
    return report(made)


if __name__ == "__main__":
    sys.exit(main())
