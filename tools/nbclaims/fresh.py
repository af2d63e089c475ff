"""The notebook as the run has it: put together from the kernel's messages while nbval compares them.

nbval keeps text and drops the rest. Here the outputs are kept whole, pictures and the state of widgets among them, so
that a project can compare all that a reader sees without running the notebook a second time (hooks.py).
"""

from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete
from nbformat import NotebookNode


@dataclass
class FreshRun:
    """What one run of a notebook gave. `whole`: every cell with code was run; `good`: all items before have passed."""

    notebook: NotebookNode
    since: float  # the time at which it began
    reads: set[Path] = field(default_factory=set)  # the files of the project that it read
    good: bool = True

    @property
    def whole(self) -> bool:
        return all(cell.execution_count is not None for cell in with_code(self.notebook))


class Listener:
    """Hears what the kernel says, and makes of it what a notebook would store, as nbclient does."""

    def __init__(self, stored: NotebookNode, since: float) -> None:
        notebook = deepcopy(stored)
        notebook.metadata.pop("widgets", None)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        self.run = FreshRun(notebook, since)
        self._client = NotebookClient(notebook, record_timing=False)
        self._client.reset_execution_trackers()
        self._client.comm_open_handlers = {"jupyter.widget": lambda _: None}  # no front end answers
        self._waiting = list(with_code(notebook))
        self._cell: NotebookNode | None = None
        self._request = ""

    def hear(self, message: dict[str, Any]) -> None:
        """One message about what the kernel does, in the order of their coming."""
        request = message["parent_header"].get("msg_id", "")
        if message["msg_type"] == "execute_input":
            self._begin(message["content"]["code"], request)
        if self._cell is not None and request == self._request:
            try:
                self._client.process_message(message, self._cell, 0)
            except CellExecutionComplete:
                self._cell = None

    def finish(self, reads: set[Path], good: bool) -> FreshRun:
        """The run, once it is over."""
        self._client.set_widgets_metadata()
        self.run.reads, self.run.good = reads, good
        return self.run

    def _begin(self, code: str, request: str) -> None:
        """The next cell with this code has begun; those before it were skipped."""
        places = [place for place, cell in enumerate(self._waiting) if cell.source == code]
        if places:
            self._cell, self._request = self._waiting[places[0]], request
            self._client.clear_before_next_output = False
            del self._waiting[: places[0] + 1]


def with_code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
