"""One corruption of each kind through the real commands: a notebook for each, in a small course, and both run over it.

python -m tests.notebooks.corruption_commands           the kinds of a random sample, from seed 1
"""

import sys
import tempfile
from pathlib import Path

import jupytext

from tests.notebooks.corruption import corrupt, fresh_text
from tests.notebooks.course import FIGURES, build, complaint, list_in_toc, nbval, outcomes, write
from tests.notebooks.mutations import STORED
from tests.notebooks.mutations_claims import IN_BOTH
from tools.nb_build import find_jobs
from tools.nb_normalise import write as text_of


def through_commands(root, seed=1):
    """The kind of each corruption that a reader could see, and whether nbval and the check noticed it."""
    write(root / "book/01_healthy.py", FIGURES)
    status, said = build(root)
    assert status == 0, said
    [job] = find_jobs(root)
    made = corrupt({job: fresh_text(job, root)}, len(STORED) + len(IN_BOTH), seed)
    pages = {f"book/{number:02d}_page": one for number, one in enumerate(made, start=10) if one.visible}
    for page, one in pages.items():
        in_source = one.kind in IN_BOTH
        write(root / f"{page}.py", jupytext.writes(one.notebook, fmt="py:percent") if in_source else FIGURES)
        write(root / f"{page}.ipynb", text_of(one.notebook) + "\n")
    list_in_toc(root, "book/01_healthy", *pages)
    report = nbval(root, "-n", "2", "--dist", "loadfile", "book")
    checked = build(root, "--check", "--force", "_page")[1]
    assert set(outcomes(report, "book/01_healthy.ipynb").values()) == {"PASSED"}, report
    return [
        (one.kind, set(outcomes(report, f"{page}.ipynb").values()) != {"PASSED"}, complaint(checked, page) is not None)
        for page, one in pages.items()
        if not one.excused
    ]


def main():
    with tempfile.TemporaryDirectory() as folder:
        found = through_commands(Path(folder).resolve())
    print(f"{'through the commands':32}  nbval   check")
    for kind, by_nbval, by_check in sorted(found):
        print(f"{kind:32} {'fails' if by_nbval else '–':>6} {'fails' if by_check else '–':>7}")
    missed = [kind for kind, *noticed in found if not any(noticed)]
    print(f"{len(found)} corruptions through the commands, missed: {', '.join(missed) or 'none'}")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
