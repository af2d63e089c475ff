"""What was handed in: one folder a learner with notebooks in it, or one notebook a learner."""

import hashlib
import re
from pathlib import Path
from typing import NamedTuple


class Submission(NamedTuple):
    """A learner's notebook; `path` is None for a learner whose folder has none."""

    learner: str
    path: Path | None
    name: str

    @property
    def key(self) -> str:
        """A file name for what belongs to it, the same in every run and another one for every other submission."""
        return f"{_slug(self.learner)}-{_digest(self.learner, self.name)}"


def learner_key(learner: str) -> str:
    """A file name for what belongs to a learner."""
    return f"{_slug(learner)}-{_digest(learner)}"


def find_submissions(folder: Path) -> list[Submission]:
    """All submissions in a folder, in the order of their names. Links and hidden files are passed over.

    Raises OSError if a folder cannot be read.
    """
    found = []
    for entry in sorted(folder.iterdir(), key=lambda path: path.name):
        if entry.name.startswith(".") or entry.is_symlink():
            continue
        if entry.is_file() and entry.suffix == ".ipynb":
            found.append(Submission(entry.stem, entry, entry.name))
        elif entry.is_dir():
            inside = sorted(_notebooks(entry), key=lambda path: path.as_posix())
            names = [path.relative_to(entry).as_posix() for path in inside]
            found += [Submission(entry.name, path, name) for path, name in zip(inside, names, strict=True)]
            if not inside:
                found.append(Submission(entry.name, None, ""))
    return found


def _notebooks(folder: Path) -> list[Path]:
    found = []
    for path in folder.rglob("*.ipynb"):
        below = path.relative_to(folder)
        parents = [folder.joinpath(*below.parts[: k + 1]) for k in range(len(below.parts))]
        if any(p.is_symlink() or p.name.startswith(".") for p in parents) or "backups" in below.parts[:-1]:
            continue
        if path.is_file():
            found.append(path)
    return found


def _slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")[:40] or "learner"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]
