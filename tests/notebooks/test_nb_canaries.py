"""Every canary fails, each for its own reason and no other, and the healthy notebooks pass. One run of each command."""

import pytest

from tests.notebooks.canaries import CANARIES, Canary
from tests.notebooks.course import FIGURES, LIGHT, build, complaint, list_in_toc, message, nbval, outcomes, read, write
from tools.nb_build import find_jobs
from tools.nb_cache import Cache
from tools.nb_normalise import write as write_text
from tools.nbclaims.watch import Watch

NAMES = {name: f"{number:02d}_{name.replace(' ', '_')}" for number, name in enumerate(CANARIES, start=10)}
CHECKED = [name for name, canary in CANARIES.items() if canary.check]
HEALTHY = {"01_light": LIGHT, "02_figures": FIGURES}


def page(name):
    return f"{CANARIES[name].folder}/{NAMES[name]}"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Two healthy notebooks, and all canaries."""
    root = tmp_path_factory.mktemp("course")
    for name, source in HEALTHY.items():
        write(root / f"book/{name}.py", source)
    assert build(root)[0] == 0
    for name, canary in CANARIES.items():
        hatch(canary, root, page(name))
    built = [f"book/{name}" for name in HEALTHY] + [f"exercises/{NAMES['file']}"]
    list_in_toc(root, *built, *(page(name) for name in CANARIES if name != "not in the table of contents"))
    return root


def hatch(canary: Canary, root, path):
    """Write source and stored notebook of a canary."""
    origin = next(name for name, source in HEALTHY.items() if source == canary.healthy)
    source = canary.healthy
    notebook = read(root / "book" / f"{origin}.ipynb")
    for old, new in zip(canary.prose[::2], canary.prose[1::2], strict=True):
        assert source.count(old) == 1
        source = source.replace(old, new)
        for cell in notebook.cells:
            cell.source = cell.source.replace(old, new)
    if canary.cell:
        tags = f" tags={[*canary.tags]}".replace("'", '"') if canary.tags else ""
        source += f"\n# %%{tags}\n{canary.cell}\n"
        metadata = {"tags": [*canary.tags]} if canary.tags else {}
        added = {"source": canary.cell, "outputs": [*canary.outputs], "execution_count": 5, "metadata": metadata}
        notebook.cells.append(type(notebook.cells[0])(added, cell_type="code", id="c006"))
    if canary.stored:
        canary.stored(notebook)
    write(root / f"{path}.py", source)
    write_notebook(notebook, root / f"{path}.ipynb")


def write_notebook(notebook, path):
    path.parent.mkdir(exist_ok=True)
    path.write_text(write_text(notebook) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def nbvals_report(course):
    return nbval(course, "-n", "2", "--dist", "loadfile", "book", "solutions")


@pytest.fixture(scope="module")
def checks_report(course):
    return build(course, "--check", "--force", *HEALTHY, *map(page, CHECKED))[1]


@pytest.mark.parametrize("name", CANARIES)
def test_nbval_fails_it_for_its_own_reason_and_no_other(nbvals_report, name):
    path = f"{page(name)}.ipynb"
    seen = outcomes(nbvals_report, path)
    assert seen, nbvals_report
    expected = CANARIES[name].items
    assert {item for item, outcome in seen.items() if outcome != "PASSED"} == expected.keys(), nbvals_report
    for item, text in expected.items():
        assert text in message(nbvals_report, path, item)


@pytest.mark.parametrize("name", CHECKED)
def test_the_check_fails_it_for_its_own_reason_and_no_other(checks_report, name):
    said = complaint(checks_report, page(name))
    assert said is not None, checks_report
    assert CANARIES[name].check in said.splitlines()[0]


@pytest.mark.parametrize("name", CANARIES)
def test_no_canary_passes_both(name):
    assert CANARIES[name].items


@pytest.mark.parametrize("name", HEALTHY)
def test_the_healthy_notebooks_pass_both(nbvals_report, checks_report, name):
    assert set(outcomes(nbvals_report, f"book/{name}.ipynb").values()) == {"PASSED"}
    assert f"book/{name} " in checks_report
    assert complaint(checks_report, f"book/{name}") is None


def test_the_check_runs_again_exactly_what_nbval_did_not_prove(course, nbvals_report):
    """What passed whole is known to agree; of a canary, nothing is."""
    cache = Cache(course)
    known = {job.name for job in find_jobs(course) if not cache.why(job.name, job.source, job.target)}
    assert {f"book/{name}" for name in HEALTHY} == known


def test_claims_stand_between_the_cells_in_document_order(nbvals_report):
    expected = ["Guards", "Cell 0", "Claims 2", "Cell 1", "Claims 4", "Cell 2", "Cell 3", "Run", "Fresh"]
    assert list(outcomes(nbvals_report, "book/01_light.ipynb")) == expected


def test_the_table_counts_cells_claims_and_what_is_ignored(nbvals_report):
    [row] = [line.split(maxsplit=4) for line in nbvals_report.splitlines() if line.startswith("book/01_light.ipynb ")]
    assert row[1:3] == ["3", "7"]
    assert row[4] == "1 varies with the time"


def test_no_warning_and_no_crash(nbvals_report):
    assert "INTERNALERROR" not in nbvals_report
    assert "warning" not in nbvals_report.splitlines()[-1]


SLOW = "# %%\nimport time\ntime.sleep(2.1)\n"


def test_a_notebook_that_takes_over_its_budget_fails_both(tmp_path):
    write(tmp_path / "book/01_slow.py", SLOW)
    assert build(tmp_path)[0] == 0
    report = nbval(tmp_path, "-o", "nbclaims_budget=0.5", "book")
    assert outcomes(report, "book/01_slow.ipynb") == {
        "Guards": "PASSED",
        "Cell 0": "PASSED",
        "Run": "FAILED",
        "Fresh": "PASSED",
    }
    assert "it may take 0.5 and 2: make it smaller" in message(report, "book/01_slow.ipynb", "Run")
    assert "it may take 0.5 and 2: make it smaller" in build(tmp_path, "--check", "--force", "--budget", "0.5")[1]


def test_a_notebook_that_only_waits_takes_time_too(tmp_path, monkeypatch):
    watch = Watch(tmp_path, tmp_path)
    assert list(watch.problems(budget=1)) == []
    monkeypatch.setattr("tools.nbclaims.watch.time.perf_counter", lambda start=watch._start: start + 5)
    [problem] = watch.problems(budget=1)
    assert "it took 0.0 s of processor time and 5.0 s by the clock, it may take 1 and 4" in problem
    watch.close()


def test_a_part_of_a_notebook_proves_nothing_of_the_whole(course):
    page = "book/01_light.ipynb"
    [entry] = (course / ".cache/notebooks").glob("book-01_light.json")
    entry.unlink()
    some = nbval(course, f"{page}::Cell 0", f"{page}::Fresh")
    assert "not every cell was run" in some
    no_claims = nbval(course, page, "-k", "not Claims")
    assert set(outcomes(no_claims, page).values()) == {"PASSED"}
    assert not entry.exists()


def test_what_is_no_notebook_gets_a_clear_message(tmp_path):
    write(tmp_path / "book/broken.ipynb", "no notebook")
    assert "broken.ipynb is not a notebook" in nbval(tmp_path, "book")
