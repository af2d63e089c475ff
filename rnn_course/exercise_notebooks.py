"""The exercise notebooks: where they are, and a learner's own folder with copies of them."""

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from rnn_course.checks.journal import begin
from rnn_course.checks.record import Record

PACKAGE = Path(__file__).parent
OF_THE_COURSE = ("book", "exercises", "rnn_course", "solutions", "tests", "tools")  # folders of a checkout


class NoExercises(FileNotFoundError):
    """This installation has no exercise notebooks."""


class NotYourFolder(ValueError):
    """The folder belongs to the course itself."""


class Copies(NamedTuple):
    """The names of the notebooks that were copied, of those that were there already and stayed as they were, and of
    those of the latter that the course has changed since they were copied."""

    copied: tuple[str, ...]
    kept: tuple[str, ...]
    changed: tuple[str, ...] = ()


def exercise_notebooks(package: Path = PACKAGE) -> tuple[Path, ...]:
    """The notebooks in the order of the chapters: of an installed wheel, or of the repository around the package.

    Raises NoExercises if there are none.
    """
    folders = [package / "_exercises"]
    if (package.parent / "pyproject.toml").is_file():  # a checkout, and not somebody else's folder of that name
        folders.append(package.parent / "exercises")
    for folder in folders:
        if notebooks := sorted(folder.glob("*.ipynb")):
            return tuple(notebooks)
    raise NoExercises(
        f"there are no exercise notebooks in {' or '.join(map(str, folders))}. In a checkout, make them with "
        "tools/notebooks.py; otherwise install rnn-course again."
    )


def start_folder(folder: Path) -> Copies:
    """Make `folder` a learner's own: the notebooks, a file for the progress, and a note that git leaves it alone.

    It may be called again: what is there is never touched, and what is new comes in. Raises NoExercises, NotYourFolder,
    or OSError if the folder cannot be written.
    """
    notebooks = exercise_notebooks()
    _refuse_the_course(folder, notebooks[0].parent)
    copied, kept, _ = copy_exercises(folder, notebooks)
    _write_new(folder / ".gitignore", b"*\n")
    journal = begin(folder)
    known = {record.notebook: record.digest for record in journal.read().records if record.event == "copied"}
    changed = []
    for notebook in notebooks:
        now = digest(notebook)
        if notebook.name in copied or (notebook.name not in known and digest(folder / notebook.name) == now):
            if problem := journal.add(Record("copied", notebook=notebook.name, digest=now)):
                raise OSError(problem)
        elif known.get(notebook.name, now) != now:
            changed.append(notebook.name)
    return Copies(copied, kept, tuple(changed))


def copy_exercises(folder: Path, notebooks: tuple[Path, ...] | None = None) -> Copies:
    """Copy the notebooks into `folder`, which is made if need be; a file that is there already is never touched.

    A copy that fails half-way is removed. Raises NoExercises, or OSError if the folder cannot be written.
    """
    notebooks = exercise_notebooks() if notebooks is None else notebooks
    folder.mkdir(parents=True, exist_ok=True)
    copied, kept = [], []
    for notebook in notebooks:
        made = _write_new(folder / notebook.name, notebook.read_bytes())
        (copied if made else kept).append(notebook.name)
    return Copies(tuple(copied), tuple(kept))


def digest(notebook: Path) -> str:
    """Of what a notebook asks and says, not of its outputs: the same if they were only made anew."""
    content = notebook.read_bytes()
    with suppress(ValueError, KeyError, TypeError, RecursionError):  # what is no notebook is taken as it is
        cells = json.loads(content)["cells"]
        content = json.dumps([[cell["cell_type"], "".join(cell["source"])] for cell in cells]).encode()
    return hashlib.sha256(content).hexdigest()[:16]


def _refuse_the_course(folder: Path, originals: Path) -> None:
    """A checkout's own folders stay as git knows them."""
    place, originals = folder.resolve(), originals.resolve()
    checkout = originals.parent
    if place == originals or originals in place.parents:
        inside = True
    elif (checkout / "pyproject.toml").is_file() and (place == checkout or checkout in place.parents):
        inside = place == checkout or place.relative_to(checkout).parts[0] in OF_THE_COURSE
    else:
        inside = False
    if inside:
        raise NotYourFolder(f"{folder} belongs to the course itself: choose a folder of your own, such as my-exercises")


def _write_new(target: Path, content: bytes) -> bool:
    """Write a file unless there is something of that name; say whether it was written."""
    try:
        file = target.open("xb")  # fails if there is anything of that name, even if it appeared just now
    except FileExistsError:
        return False
    try:
        with file:
            file.write(content)
    except BaseException:
        target.unlink()
        raise
    return True
