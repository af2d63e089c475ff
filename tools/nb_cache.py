"""What a notebook depended on in its last good run, so that it is run again when that has changed, and only then.

A run notes every file of the project that it read, lazily imported modules and data among them, and every folder that
it listed (see tools/nbclaims/watch.py). To these come the text source, the tools, the pins, and what is installed.
"""

import hashlib
import json
import os
import platform
import sysconfig
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from tools.nb_launch import published_at

TOOLS = Path(__file__).resolve().parent


class Cache:
    """The entries of one project, one file each in .cache/notebooks; files are hashed once in its life."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".cache" / "notebooks"
        self.common = common_digest(root)
        self.digest = cache(digest)

    def why(self, name: str, source: Path, target: Path) -> str:
        """Why the notebook `target` has to be run again; empty if nothing has changed since its last good run."""
        try:
            entry = json.loads(self._path(name).read_text(encoding="utf-8"))
            key, notebook, reads = entry["key"], entry["notebook"], dict(entry["reads"])
        except (OSError, ValueError, KeyError, TypeError):
            return "it has no good run yet"
        if key != self._key(source):
            return "its source, the pins or the tools changed"
        if not target.exists() or notebook != file_digest(target):
            return "the stored notebook changed"
        changed = [path for path, known in reads.items() if self.digest(self.root / path) != known]
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        return f"{changed[0]}{more} changed" if changed else ""

    def record(self, name: str, source: Path, target: Path, reads: Iterable[Path], since: float) -> None:
        """Remember a good run that began at time `since`; not if something it read has changed meanwhile."""
        paths = [path for path in reads if path != target and path != source and belongs(path, self.root)]
        if any(path.is_file() and path.stat().st_mtime >= since for path in (*paths, source)):
            return
        known = {path.relative_to(self.root).as_posix(): digest(path) for path in sorted(paths)}
        entry = {"key": self._key(source), "notebook": file_digest(target), "reads": known}
        write_atomically(self._path(name), json.dumps(entry, indent=1) + "\n")

    def _path(self, name: str) -> Path:
        return self.folder / f"{name.replace('/', '-')}.json"

    def _key(self, source: Path) -> str:
        return hashlib.sha256(self.common + source.read_bytes()).hexdigest()


def belongs(path: Path, root: Path) -> bool:
    """Whether `path` is part of the project, and not of an environment or a cache inside its folder."""
    inside = path.relative_to(root).parts if path.is_relative_to(root) else (".",)
    return not any(part.startswith(".") or part in ("site-packages", "__pycache__", "_build") for part in inside)


def common_digest(root: Path) -> bytes:
    """A digest of the pins, the tools that make notebooks, this Python, what is installed, where the book stands."""
    files = [root / "constraints.txt", TOOLS / "nbclaims" / "sanitize.cfg", *TOOLS.glob("nb_*.py")]
    files += (TOOLS / "nbclaims").rglob("*.py")
    total = hashlib.sha256(platform.python_version().encode())
    for path in sorted(path for path in files if path.is_file()):
        total.update(f"\0{path.name}\0".encode() + path.read_bytes())
    installed = {path.name for path in Path(sysconfig.get_path("purelib")).glob("*.dist-info")}
    total.update("\0".join(sorted(installed)).encode())
    total.update(str(published_at(root)).encode())
    return total.digest()


def digest(path: Path) -> str:
    """A digest of a file's content, or of the names in a folder; empty if there is neither."""
    if path.is_file():
        return file_digest(path)
    if path.is_dir():
        names = sorted(entry.name for entry in path.iterdir() if belongs(entry, path))
        return hashlib.sha256("\0".join(names).encode()).hexdigest()
    return ""


def file_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_atomically(path: Path, text: str) -> None:
    """Write `text` so that `path` holds either its old content or all of the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp.ipynb")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
