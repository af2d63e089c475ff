"""What stays of a run: weights, state, history and log after each complete epoch, and a picture at the end.

    model.safetensors   the weights to use, and notes of what they are: `rnn_course.recipes.load_trained`
    state.safetensors   all that is needed to go on: `--resume`
    history.json        settings and epochs
    log.csv             the epochs as a table
    events.out.…        the same for TensorBoard, if asked for
    curve.png           loss and accuracy, at the end

Every file but TensorBoard's, which grows, is whole or not there.
"""

import csv
import io
import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from rnn_course import __version__
from rnn_course.checkpoint import save_checkpoint
from rnn_course.cli.curve import write_curve
from rnn_course.cli.errors import Problem
from rnn_course.files import whole_file
from rnn_course.train import Epoch
from rnn_course.training.engine import State
from rnn_course.training.saved import load_state, save_state
from rnn_course.training.settings import Settings
from rnn_course.training.tensorboard import EventLog

KEPT = ("model.safetensors", "history.json", "log.csv", "state.safetensors")


class Recorder:
    """Writes what stays of a run to `folder`, if there is one."""

    def __init__(self, folder: Path | None, tensorboard: bool = False) -> None:
        """Make the folder, and raise Problem if it cannot be written."""
        self.folder, self.tensorboard, self.done = folder, tensorboard, 0
        self._events: EventLog | None = None
        if folder is None:
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=folder):
                pass
            for name in (*KEPT, "curve.png"):  # what a process has left that was killed while it wrote
                for part in folder.glob(f".{name}.*.part"):
                    part.unlink(missing_ok=True)
        except OSError as error:
            what = "it is a file" if folder.is_file() else error.strerror or str(error)
            raise Problem(f"--out {folder} cannot be written ({what}): choose another folder") from None

    @property
    def model_file(self) -> Path | None:
        """Where the weights are."""
        return None if self.folder is None else self.folder / KEPT[0]

    def begin(self) -> None:
        """Begin anew: older events would be shown as part of this run."""
        if self.folder is not None:
            for path in self.folder.glob("events.out.tfevents.*"):
                path.unlink()

    def resume(self, folder: Path, settings: Settings) -> State | None:
        """The state in the folder, or None if there is none; raises CheckpointError for that of another run."""
        if not (folder / "state.safetensors").exists():
            return None
        state = load_state(folder / "state.safetensors", settings)
        self.done = len(state.history)
        if self.folder is not None:
            self._write(state, settings)  # the process may have been killed between two files
        return state

    def save(self, state: State, settings: Settings) -> None:
        """Write all files after an epoch; a Ctrl-C waits, so that they belong together."""
        with interrupts_wait():
            self.done = len(state.history)
            if self.folder is None:
                return
            if self.tensorboard:
                self._events = self._events or EventLog.create(self.folder)
                epoch = state.history[-1]
                numbers = {"loss/train": epoch.loss, f"accuracy/{settings.accuracy_on}": epoch.accuracy or 0.0}
                self._events.write(epoch.number, {**numbers, "seconds/epoch": epoch.seconds})
            save_state(self.folder / "state.safetensors", state, settings)
            self._write(state, settings)

    def finish(self, state: State, settings: Settings, test_accuracy: float) -> str:
        """Write the test accuracy and the curve; return a line that says where everything is, "" without a folder."""
        if self.folder is None:
            return ""
        self._write_history(state, settings, {"test_accuracy": test_accuracy})
        kept = f"kept in {self.folder}: {', '.join(KEPT)}"
        try:
            write_curve(self.folder / "curve.png", state.history, settings.accuracy_on)
        except ModuleNotFoundError:
            return f'{kept}; for curve.png too, install matplotlib: pip install "rnn-course[viz]"'
        return f"{kept}, curve.png"

    def _write(self, state: State, settings: Settings) -> None:
        assert self.folder is not None
        number = state.best_epoch or len(state.history)
        save_checkpoint(self.folder / KEPT[0], state.chosen, _notes(state.history[number - 1], settings))
        self._write_history(state, settings, {})
        table = io.StringIO()
        rows = csv.writer(table, lineterminator="\n")
        rows.writerows([("epoch", "loss", f"{settings.accuracy_on}_accuracy", "seconds"), *state.history])
        with whole_file(self.folder / "log.csv") as file:
            file.write(table.getvalue().encode())

    def _write_history(self, state: State, settings: Settings, result: dict[str, Any]) -> None:
        assert self.folder is not None
        epochs = [epoch._asdict() for epoch in state.history]
        history = {"settings": settings.notes(), "accuracy_on": settings.accuracy_on, "epochs": epochs, **result}
        with whole_file(self.folder / "history.json") as file:
            file.write((json.dumps(history, indent=2) + "\n").encode())


def _notes(epoch: Epoch, settings: Settings) -> dict[str, str]:
    """The notes beside the weights, which are text to safetensors."""
    names = ("recipe", "rows", "columns", "classes", "data", "seed")
    notes: dict[str, Any] = {name: getattr(settings, name) for name in names}
    notes |= {"hidden": ",".join(map(str, settings.hidden)), "rnn_course": __version__}
    notes |= {"epoch": epoch.number, "accuracy": epoch.accuracy, "accuracy_on": settings.accuracy_on}
    return {name: str(value) for name, value in notes.items()}


@contextmanager
def interrupts_wait() -> Iterator[None]:
    """Hold a Ctrl-C back until the block is done."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread gets one
        yield
        return
    waiting = []
    before = signal.signal(signal.SIGINT, lambda *signals: waiting.append(signals))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before or signal.default_int_handler)
    if waiting:
        raise KeyboardInterrupt
