"""Whose folder a command is about: the one that is named, the one around us, or my-exercises in it."""

from pathlib import Path

from rnn_course.checks.journal import NAME, Journal, find
from rnn_course.cli.errors import Problem

USUAL = Path("my-exercises")


def own_folder(folder: Path | None) -> Path:
    """The learner's folder, without a look into it. Raises Problem if one is named that is not there."""
    if folder is not None:
        if not folder.is_dir():
            what = "it is a file" if folder.exists() else "it does not exist"
            raise Problem(f"expected your folder with the exercises, got {folder} ({what}): rnn-course start makes one")
        return folder
    if find() is None and (USUAL / NAME).exists():
        return USUAL
    return Path()


def own_journal(folder: Path | None) -> Journal:
    """The progress that is kept in the learner's folder."""
    return Journal.here(own_folder(folder))


def home_of(folder: Path | None) -> Path:
    """Where the learner's notebooks are: the folder with the progress, if we are in it or below."""
    place = own_folder(folder)
    kept = find(place)
    return place if kept is None or kept.parent == place.resolve() else kept.parent
