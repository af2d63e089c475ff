"""Run a notebook with this very Python, in a fixed environment, and refuse one that leaves files behind."""

import asyncio
import os
import re
from dataclasses import dataclass
from pathlib import Path

from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat import NotebookNode

CELL_TIMEOUT = 120  # seconds

# Sources and notebooks come and go in these folders while an author works; caches are not a notebook's doing.
NOT_LEFTOVERS = (".py", ".ipynb", ".md")
CACHES = ("__pycache__", ".ipynb_checkpoints")

ANSI = re.compile(r"\x1b\[[0-9;]*m")
CELL_LINE = re.compile(r"Cell In\[\d+\], line (\d+)")


@dataclass
class RunError(Exception):
    """A notebook did not run to its end: why, in which cell (from 1), its source, and the line of it if known."""

    reason: str
    cell: int = 0
    source: str = ""
    line: int = 0


class ThisPython(AsyncKernelManager):
    """A kernel of the Python that runs this program, whatever kernels the user has installed under the same name."""

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())


def run_notebook(notebook: NotebookNode, folder: Path, env: dict[str, str]) -> None:
    """Execute `notebook` in place with `folder` as its working directory, as nbval does."""
    at = (0, "")

    def started(cell: NotebookNode, cell_index: int) -> None:
        nonlocal at
        at = (cell_index + 1, cell.source)

    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_manager_class=ThisPython,
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        on_cell_start=started,
    )
    before = snapshot(folder)
    try:
        asyncio.run(client.async_execute(env=env))  # a loop of its own, closed at the end, in any thread
    except CellExecutionError as error:
        found = CELL_LINE.search(ANSI.sub("", error.traceback))
        reason = f"{error.ename}: {ANSI.sub('', error.evalue)}"
        raise RunError(reason, *at, line=int(found[1]) if found else 0) from None
    except CellTimeoutError:
        raise RunError(f"still running after {CELL_TIMEOUT} s. Make it smaller.", *at) from None
    except RuntimeError as error:  # also when it does not start at all
        raise RunError(f"the kernel is gone: {error} (out of memory, or a crash in compiled code?)", *at) from None
    changed = sorted(path for path, _ in before ^ snapshot(folder))
    if changed:
        names = ", ".join(dict.fromkeys(changed))
        raise RunError(
            f"files of {folder.name}/ appeared or changed while it ran: {names}. "
            "A notebook must leave no file behind: write to a temporary folder, then delete these."
        )


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
