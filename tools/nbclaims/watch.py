"""Watch one run of a notebook from outside: what its kernel is given, and what it must not have done by the end."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from jupyter_core.paths import jupyter_runtime_dir
from platformdirs import user_cache_path, user_config_path

KERNEL = Path(__file__).with_name("kernel")  # what Python finds there at its start watches it
START, FINISH = (f"__import__('nbclaims_watch').{name}()" for name in ("start", "finish"))
BUDGET = 60.0  # seconds of processor time that a notebook may take
CLOCK = 4  # times as many by the clock, which also counts what others do on the machine
PROXY = "http://127.0.0.1:9"  # nobody answers there: this keeps programs off the network that are not Python

# Sources and notebooks come and go beside a notebook while an author works; caches are not a notebook's doing.
NOT_LEFTOVERS = (".py", ".ipynb", ".md")
CACHES = ("__pycache__", ".ipynb_checkpoints", ".cache", ".pytest_cache", ".git")


class Watch:
    """One run in `folder`, of the project at `root`. Give the kernel its `environment`, ask START before the first cell
    and FINISH after the last, then read `problems` and `reads`; call `close` in the end."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder, self.root = folder, root
        self._own = Path(tempfile.mkdtemp(prefix="nbclaims-")).resolve()
        self._temporary = self._own / "tmp"
        self._temporary.mkdir()
        self._log = self._own / "log"
        self._before = snapshot(folder)
        self._allowed = [Path(jupyter_runtime_dir()), user_cache_path(), user_config_path(), self._own]
        self._allowed += [Path("/dev"), Path("/proc")]
        self._start = time.perf_counter()

    def environment(self, given: dict[str, str]) -> dict[str, str]:
        """The environment variables `given`, and those that make a Python watch itself."""
        self._allowed.append(Path(given.get("IPYTHONDIR") or Path.home() / ".ipython"))
        path = [str(KERNEL), *filter(None, [given.get("PYTHONPATH")])]
        proxies = {
            name: PROXY for part in ("http", "https", "all") for name in (f"{part}_proxy", f"{part}_PROXY".upper())
        }
        return (
            given
            | proxies
            | {
                "no_proxy": "localhost,127.0.0.1",
                "PYTHONPATH": os.pathsep.join(path),
                "TMPDIR": str(self._temporary),
                "TORCHINDUCTOR_CACHE_DIR": str(self._own / "inductor"),  # made with any torch.optim, not by a notebook
                "NBCLAIMS_LOG": str(self._log),
                "NBCLAIMS_ROOT": str(self.root),
            }
        )

    def problems(self, budget: float = BUDGET) -> Iterator[str]:
        """What the run did and must not do, one line each."""
        clock = time.perf_counter() - self._start
        worked = sum(map(float, self._noted("worked")))
        if worked > budget or clock > CLOCK * budget:  # a busy machine is not the notebook's fault
            yield (
                f"it took {worked:.1f} s of processor time and {clock:.1f} s by the clock, it may take {budget:g} and "
                f"{CLOCK * budget:g}: make it smaller"
            )
        if left := sorted(self._leftovers()):
            yield (
                f"files appeared or changed while it ran: {', '.join(left)}. A notebook leaves no file behind: write "
                "to a temporary folder that is deleted, then delete these"
            )
        if reached := self._noted("network"):
            yield f"it reaches for the network ({reached[0]}): take the data from the package or a file"
        for name in self._noted("seed"):
            yield (
                f"it seeds or draws from the global generator of {name}: use a generator of its own, such as "
                "np.random.default_rng(0)"
            )

    def reads(self) -> set[Path]:
        """The files of the project that were read, modules among them, and the folders that were listed."""
        return {module_of(Path(path)) for path in (*self._noted("read"), *self._noted("listed"))}

    def close(self) -> None:
        shutil.rmtree(self._own, ignore_errors=True)

    def _noted(self, what: str) -> list[str]:
        if not self._log.exists():
            return []
        lines = self._log.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        return list(dict.fromkeys(text for kind, _, text in (line.partition("\t") for line in lines) if kind == what))

    def _leftovers(self) -> Iterator[str]:
        """Names of files that the run wrote and that are still there."""
        changed = {name for name, _ in self._before ^ snapshot(self.folder)}
        yield from changed
        yield from (path.name for path in self._temporary.iterdir())
        for text in (*self._noted("created"), *self._noted("changed")):
            path = Path(text)
            inside = set(CACHES) & set(path.parts) or any(map(path.is_relative_to, self._allowed))
            if path.exists() and not inside:
                name = path.relative_to(self.folder).as_posix() if path.is_relative_to(self.folder) else path.name
                if name not in changed:
                    yield name


def module_of(path: Path) -> Path:
    """The source of a compiled module; any other path as it is."""
    if path.suffix == ".pyc" and path.parent.name == "__pycache__":
        return path.parent.parent / f"{path.name.split('.')[0]}.py"
    return path


def snapshot(folder: Path) -> set[tuple[str, int]]:
    """Every file under `folder` that a notebook could have left there, with its time of change."""
    files = set()
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in CACHES]
        for name in names:
            path = Path(parent, name)
            if path.suffix not in NOT_LEFTOVERS and path.exists():
                files.add((path.relative_to(folder).as_posix(), path.stat().st_mtime_ns))
    return files
