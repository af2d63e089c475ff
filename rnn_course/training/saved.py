"""The state of a run in one file: weights, what the optimiser remembers, the history, the settings. Whole or not there.

The file is written beside the old one and takes its place when it is on the disk. A process that is killed while it
writes leaves the old file, and so loses one epoch.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

from rnn_course.checkpoint import CheckpointError, checkpoint_metadata, load_checkpoint, save_checkpoint
from rnn_course.train import Epoch
from rnn_course.training.engine import State, begin
from rnn_course.training.settings import Settings
from rnn_course.tree import Tree


class Arrays(NamedTuple):
    """What of a state is arrays, under the names that they have in the file."""

    model: Tree
    optimizer: Any
    best: Tree = None


def save_state(path: Path, state: State, settings: Settings) -> None:
    """Write the state and the settings that it belongs to. Raises OSError; the old file is then untouched."""
    notes = {
        "settings": json.dumps(settings.notes()),
        "history": json.dumps([list(epoch) for epoch in state.history]),
        "best_epoch": str(state.best_epoch),
        "updates": str(state.optimizer_state.step),
    }
    save_checkpoint(path, Arrays(state.model, state.optimizer_state, state.best), notes)


def load_state(path: Path, settings: Settings) -> State:
    """The state of a file, which must belong to the same settings. Raises CheckpointError."""
    notes = checkpoint_metadata(path)
    try:
        before = json.loads(notes["settings"])
        history = tuple(Epoch(*epoch) for epoch in json.loads(notes["history"]))
        best_epoch, updates = int(notes["best_epoch"]), int(notes["updates"])
    except (KeyError, ValueError, TypeError):
        raise CheckpointError(f"{path}: expected the state of a run, which `rnn-course train --out` leaves") from None
    if differences := settings.differences(before):
        raise CheckpointError(
            f"{path}: expected the state of this run, got that of another: {'; '.join(differences)}. Give the same "
            "options to go on, or another --out to begin anew"
        )
    fresh = begin(settings)
    like = Arrays(fresh.model, fresh.optimizer_state, fresh.model if best_epoch else None)
    model, optimizer_state, best = load_checkpoint(path, like, settings.backend, settings.device)
    return State(model, optimizer_state._replace(step=updates), history, best, best_epoch)
