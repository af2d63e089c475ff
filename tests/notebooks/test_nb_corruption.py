"""A sample of random corruptions of a small course: every one that a reader could see is noticed."""

from collections import Counter

import nbformat
import pytest

from tests.notebooks.corruption import Corruption, corrupt, fresh_text, missed, validate
from tests.notebooks.course import FIGURES, build, list_in_toc, write
from tests.notebooks.mutations import STORED
from tests.notebooks.mutations_claims import IN_BOTH
from tools.nb_build import find_jobs

COUNT = 3 * (len(STORED) + len(IN_BOTH))
WIDGET = """
# %%
import anywidget
import traitlets


class Counter(anywidget.AnyWidget):
    _esm = "export default { render({ model, el }) { el.textContent = model.get('count') } }"
    weights = traitlets.Bytes(b"abc").tag(sync=True)
    opened = traitlets.Bool(True).tag(sync=True)


Counter()
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    root = tmp_path_factory.mktemp("course")
    write(root / "book/01_figures.py", FIGURES + WIDGET)
    list_in_toc(root, "book/01_figures")
    status, said = build(root)
    assert status == 0, said
    return root


@pytest.fixture(scope="module")
def fresh(course):
    return {job: fresh_text(job, course) for job in find_jobs(course)}


@pytest.fixture(scope="module")
def sample(course, fresh):
    made = corrupt(fresh, COUNT, seed=3)
    validate(made, fresh, course)
    return made


def test_what_is_not_corrupted_is_not_noticed(course, fresh):
    """Otherwise the corruptions would be noticed for no reason of their own."""
    [(job, text)] = fresh.items()
    kinds = ["output: a letter", "claim: a size"]
    made = [Corruption(kind, job, nbformat.reads(text, as_version=4), visible=False) for kind in kinds]
    validate(made, fresh, course)
    assert [one.noticed for one in made] == ["", ""]


def test_every_kind_is_tried(sample):
    tried = Counter(one.kind for one in sample)
    assert tried.keys() == STORED.keys() | IN_BOTH.keys()
    assert len(sample) == COUNT


def test_every_visible_corruption_is_noticed(sample):
    assert [(one.kind, one.notebook) for one in missed(sample)] == []


def test_most_corruptions_are_visible(sample):
    assert sum(one.visible for one in sample) > 0.9 * COUNT


def test_the_same_seed_gives_the_same_corruptions(fresh):
    first, again = (corrupt(fresh, 60, seed=5) for _ in range(2))
    assert [one.notebook for one in first] == [one.notebook for one in again]
    assert [one.notebook for one in first] != [one.notebook for one in corrupt(fresh, 60, seed=6)]
