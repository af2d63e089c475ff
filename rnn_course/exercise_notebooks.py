"""The exercise notebooks: where they are, and copies of them in a learner's own folder."""

from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parent


class NoExercises(FileNotFoundError):
    """This installation has no exercise notebooks."""


class Copies(NamedTuple):
    """The names of the notebooks that were copied, and of those that were there already and stayed as they were."""

    copied: tuple[str, ...]
    kept: tuple[str, ...]


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


def copy_exercises(folder: Path, notebooks: tuple[Path, ...] | None = None) -> Copies:
    """Copy the notebooks into `folder`, which is made if need be; a file that is there already is never touched.

    A copy that fails half-way is removed. Raises NoExercises, or OSError if the folder cannot be written.
    """
    notebooks = exercise_notebooks() if notebooks is None else notebooks
    folder.mkdir(parents=True, exist_ok=True)
    copied, kept = [], []
    for notebook in notebooks:
        made = _copy_new(notebook, folder / notebook.name)
        (copied if made else kept).append(notebook.name)
    return Copies(tuple(copied), tuple(kept))


def _copy_new(source: Path, target: Path) -> bool:
    """Copy unless `target` exists; say whether it was copied."""
    content = source.read_bytes()
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
