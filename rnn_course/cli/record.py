"""What stays of a run: the weights and the history after each complete epoch, and a picture at the end."""

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


class Recorder:
    """Keeps the epochs of a run, and writes them to `folder` if there is one: each file is whole or not there."""

    def __init__(self, folder: Path | None, settings: dict[str, Any], watched: str) -> None:
        """Make the folder, and raise Problem if it cannot be written."""
        self.folder, self.settings, self.watched = folder, settings, watched
        self.epochs: list[Epoch] = []
        if folder is None:
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=folder):
                pass
        except OSError as error:
            what = "it is a file" if folder.is_file() else error.strerror or str(error)
            raise Problem(f"--out {folder} cannot be written ({what}): choose another folder") from None

    @property
    def model_file(self) -> Path | None:
        """Where the weights of the last complete epoch are."""
        return None if self.folder is None else self.folder / "model.safetensors"

    def save(self, epoch: Epoch, model: Any) -> None:
        """Write the model and the history after an epoch; a Ctrl-C waits, so that the two belong together."""
        with interrupts_wait():
            if self.model_file is not None:
                save_checkpoint(self.model_file, model, self._metadata(epoch))
            self.epochs.append(epoch)
            self._write_history({})

    def finish(self, test_accuracy: float | None) -> str:
        """Write the test accuracy and the curve; return a line that says where everything is, "" without a folder."""
        if self.folder is None:
            return ""
        self._write_history({"test_accuracy": test_accuracy})
        try:
            write_curve(self.folder / "curve.png", self.epochs, self.watched)
        except ModuleNotFoundError:
            return (
                f"kept in {self.folder}: model.safetensors, history.json; "
                'for curve.png too, install matplotlib: pip install "rnn-course[viz]"'
            )
        return f"kept in {self.folder}: model.safetensors, history.json, curve.png"

    def _metadata(self, epoch: Epoch) -> dict[str, str]:
        """The notes beside the weights, which are text to safetensors."""
        notes = {name: self.settings[name] for name in ("model", "data", "seed")}
        notes |= {"sizes": ",".join(map(str, self.settings["sizes"])), "rnn_course": __version__}
        notes |= {"epoch": epoch.number, "accuracy": epoch.accuracy, "accuracy_on": self.watched}
        return {name: str(value) for name, value in notes.items()}

    def _write_history(self, result: dict[str, Any]) -> None:
        if self.folder is None:
            return
        epochs = [epoch._asdict() for epoch in self.epochs]
        history = {"settings": self.settings, "accuracy_on": self.watched, "epochs": epochs, **result}
        with whole_file(self.folder / "history.json") as file:
            file.write((json.dumps(history, indent=2) + "\n").encode())


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
