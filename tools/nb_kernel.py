"""Run a notebook with this very Python, in a fixed environment, and refuse one that does what none may do."""

import asyncio
import atexit
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbclient.util import ensure_async
from nbformat import NotebookNode

from tools.nb_environment import kernel_environment
from tools.nbclaims.start import STARTS
from tools.nbclaims.watch import BUDGET, CLOCK, FINISH, START, Watch

CELL_TIMEOUT = 120  # seconds; longer where the budget is larger

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


class WatchedClient(NotebookClient):
    """A client that tells the kernel when the notebook begins and ends, so that it knows what the notebook did."""

    async def async_execute_cell(self, cell: NotebookNode, cell_index: int, *args: Any, **options: Any) -> NotebookNode:
        if cell_index == 0:
            await self.ask(START)
        cell = await super().async_execute_cell(cell, cell_index, *args, **options)
        if cell_index == len(self.nb.cells) - 1:
            await self.ask(FINISH)
        return cell

    async def ask(self, question: str) -> None:
        assert self.kc
        request = self.kc.execute("", silent=True, store_history=False, user_expressions={"": question})
        reply = await self.async_wait_for_reply(request) or {}
        answer = reply.get("content", {}).get("user_expressions", {}).get("", {})
        if answer.get("status") != "ok":
            raise RuntimeError(f"it cannot be watched: {answer.get('evalue', 'no answer')}")
        idle = {"msg_type": "status", "parent": request, "state": "idle"}
        while idle != await self.heard():
            pass  # a kernel that is stopped before it is idle complains

    async def heard(self) -> dict[str, str]:
        """The next message on what the kernel does, in short."""
        client: Any = self.kc
        message = await ensure_async(client.get_iopub_msg(timeout=CELL_TIMEOUT))
        state = message["content"].get("execution_state", "")
        return {"msg_type": message["msg_type"], "parent": message["parent_header"].get("msg_id", ""), "state": state}


def run_notebook(notebook: NotebookNode, folder: Path, root: Path, budget: float = BUDGET) -> set[Path]:
    """Execute `notebook` in place with `folder` as its working directory, as nbval does; the project's files it read.

    Raises RunError if a cell fails, or if the notebook did what none may do (see tools/nbclaims/watch.py).
    """
    at = (0, "")
    timeout = max(CELL_TIMEOUT, CLOCK * budget)

    def started(cell: NotebookNode, cell_index: int) -> None:
        nonlocal at
        at = (cell_index + 1, cell.source)

    client = WatchedClient(
        notebook,
        timeout=timeout,
        kernel_manager_class=ThisPython,
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        on_cell_start=started,
    )
    watch = Watch(folder, root)
    try:
        environment = watch.environment(kernel_environment(root))
        for tries_left in reversed(range(STARTS)):
            try:
                # In a loop of its own, closed at the end, in any thread.
                asyncio.run(client.async_execute(env=environment))
                break
            except RuntimeError:
                atexit.unregister(client._cleanup_kernel)  # nbclient forgets it where a kernel never answered
                if at[0] or not tries_left:
                    raise
        if problems := list(watch.problems(budget)):
            raise RunError(".\n".join(problems) + ".")
        return watch.reads()
    except CellExecutionError as error:
        found = CELL_LINE.search(ANSI.sub("", error.traceback))
        reason = f"{error.ename}: {ANSI.sub('', error.evalue)}"
        raise RunError(reason, *at, line=int(found[1]) if found else 0) from None
    except CellTimeoutError:
        raise RunError(f"still running after {timeout:g} s. Make it smaller.", *at) from None
    except RuntimeError as error:  # also when it does not start at all
        raise RunError(f"the kernel is gone: {error} (out of memory, or a crash in compiled code?)", *at) from None
    finally:
        watch.close()
