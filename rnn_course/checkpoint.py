"""Weights in a file: safetensors, written atomically. No pickle is ever loaded."""

import os
from pathlib import Path

import numpy as np

from rnn_course.arrays import to, to_numpy
from rnn_course.files import whole_file
from rnn_course.tree import Tree, named_leaves, with_leaves


class CheckpointError(ValueError):
    """A checkpoint cannot be read, or does not hold the weights that were asked for."""


def save_checkpoint(path: str | os.PathLike, tree: Tree, metadata: dict[str, str] | None = None) -> Path:
    """Write the arrays of `tree` under their names; the file appears whole or not at all.

    The bytes go to a temporary file in the same folder, which is flushed to disk and then renamed over `path`. Raises
    OSError if the folder cannot be written; the old file is then untouched.
    """
    from safetensors.numpy import save

    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = save({name: np.ascontiguousarray(to_numpy(leaf)) for name, leaf in named_leaves(tree)}, metadata)
    with whole_file(path) as file:
        file.write(content)
    return path


def load_checkpoint(path: str | os.PathLike, like: Tree, backend: str = "numpy", device: str = "cpu") -> Tree:
    """The tree `like` with the arrays of the file. Names, shapes and dtypes must agree, else CheckpointError."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    path = Path(path)
    try:
        arrays = load(path.read_bytes())
    except FileNotFoundError:
        raise CheckpointError(f"{path}: there is no such checkpoint") from None
    except SafetensorError as error:
        raise CheckpointError(f"{path}: not a safetensors file, or cut short ({error})") from None
    expected = dict(named_leaves(like))
    if arrays.keys() != expected.keys():
        missing, extra = sorted(expected.keys() - arrays.keys()), sorted(arrays.keys() - expected.keys())
        raise CheckpointError(f"{path}: weights of another model; missing: {missing}, not expected: {extra}")
    for name, leaf in expected.items():
        want = (tuple(leaf.shape), to_numpy(leaf).dtype)
        have = (arrays[name].shape, arrays[name].dtype)
        if want != have:
            raise CheckpointError(f"{path}: {name}: expected {list(want[0])} {want[1]}, got {list(have[0])} {have[1]}")
    return to(with_leaves(like, [arrays[name] for name in expected]), backend, device)


def checkpoint_metadata(path: str | os.PathLike) -> dict[str, str]:
    """The notes that were saved beside the weights."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="numpy") as file:
            return file.metadata() or {}
    except (FileNotFoundError, SafetensorError) as error:
        raise CheckpointError(f"{path}: cannot be read as safetensors ({error})") from None
