"""`rnn-course doctor`: is everything here that the course needs? Every line is ok or says what to do."""

import os
import platform
import re
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, NamedTuple

import typer

from rnn_course import arrays
from rnn_course.cli.show import show_table

OK, NOTE, PROBLEM = "ok", "note", "problem"
EXTRAS = {"torch": "Torch backend", "viz": "figures", "book": "building the book"}


class Finding(NamedTuple):
    """One line of the report. A note is about something optional; a problem must be solved."""

    part: str
    status: str
    text: str


def doctor() -> None:
    """Say what is installed and what works, and what to do about the rest. Leaves with code 1 if there is a problem."""
    findings = [finding for part, check in CHECKS.items() for finding in findings_of(part, check)]
    problems = sum(finding.status == PROBLEM for finding in findings)
    show_table("rnn-course doctor", ("part", "status", "what was found"), findings)
    if problems:
        typer.echo(f"{problems} problem{'s' if problems > 1 else ''} to solve: see the lines with the status problem.")
        raise typer.Exit(1)
    typer.echo("Everything that must work works. A note is about something optional.")


def findings_of(part: str, check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """What a check found; a check that breaks is itself a problem, and the others still run."""
    try:
        return list(check())
    except Exception as error:  # a broken installation may raise anything
        reason = " ".join(str(error).split())
        return [Finding(part, PROBLEM, f"{type(error).__name__}: {reason}. Install it again.")]


def _python() -> Iterator[Finding]:
    yield Finding("Python", OK, f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    yield Finding("environment", OK, sys.prefix)


def _packages() -> Iterator[Finding]:
    """The package, what it depends on, and its extras; names and lowest versions are those of its metadata."""
    yield Finding("rnn-course", OK, f"{metadata.version('rnn-course')} in {Path(__file__).parents[1]}")
    required, extras = requirements(metadata.requires("rnn-course") or [])
    yield installed("packages", required, PROBLEM, "rnn-course")
    for extra, use in EXTRAS.items():
        yield installed(f"extra {extra}", extras.get(extra, {}), NOTE, f"rnn-course[{extra}]", f" (for {use})")


def requirements(lines: list[str]) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """The lowest version of each required package, and the same for each extra: `"torch>=2.6; extra == 'torch'"`."""
    required: dict[str, str] = {}
    extras: dict[str, dict[str, str]] = {}
    for line in lines:
        specifier, _, marker = line.partition(";")
        name = re.match(r"[\w.-]+", specifier)
        extra = re.search(r"extra\s*==\s*['\"]([\w-]+)['\"]", marker)
        lowest = re.search(r"[>=]=\s*([\d.]+)", specifier)
        if name:
            packages = extras.setdefault(extra[1], {}) if extra else required
            packages[name[0]] = lowest[1] if lowest else "0"
    return required, extras


def installed(part: str, packages: dict[str, str], otherwise: str, what: str, use: str = "") -> Finding:
    """One line about some packages: their versions, and what to install if one is missing or too old."""
    found, wrong = [], []
    for name, lowest in sorted(packages.items()):
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{name} is not installed")
        else:
            found.append(f"{name} {version}")
            if _numbers(version) < _numbers(lowest):
                wrong.append(f"{name} {version} is older than {lowest}")
    if wrong:
        return Finding(part, otherwise, f'{", ".join(wrong)}{use}: pip install "{what}"')
    return Finding(part, OK, ", ".join(found))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def _devices() -> Iterator[Finding]:
    yield Finding("cpu", OK, f"{os.cpu_count()} cores")
    if not find_spec("torch"):
        yield Finding("gpu", NOTE, 'NumPy computes on the CPU; for a graphics card: pip install "rnn-course[torch]"')
        return
    found = arrays.accelerators()
    if found:
        names = ", ".join(f"{device} ({name})" for device, name in found.items())
        yield Finding("gpu", OK, f"{names}; the device auto takes {next(iter(found))}")
    else:
        yield Finding("gpu", NOTE, "Torch sees none; nothing in the course needs one")


def _digits() -> Iterator[Finding]:
    from rnn_course.data import load_digits

    train, test, *_ = load_digits()
    yield Finding("digits", OK, f"{len(train.labels) + len(test.labels):,} in the package, verified")


def _mnist() -> Iterator[Finding]:
    """Whether MNIST is in the user's folder or in the cache, without downloading it, and whether it could be."""
    from rnn_course.data import mnist
    from rnn_course.files import sha256_of

    named = os.environ.get(mnist.VARIABLE)
    folder = Path(named).expanduser() if named else mnist.cache_folder()
    source = mnist.VARIABLE if named else "the cache"
    files = [folder / name for name in mnist.FILES]
    absent = [path.name for path in files if not path.is_file()]
    wrong = [path.name for path in files if path.is_file() and sha256_of(path) != mnist.FILES[path.name]]
    if not absent and not wrong:
        yield Finding("MNIST", OK, f"in {folder} ({source}), verified")
    elif named:
        faults = [f"{name} is missing" for name in absent] + [f"{name} is damaged" for name in wrong]
        todo = f"put good files there, or unset {source} to use the cache and the network"
        yield Finding("MNIST", NOTE, f"{source} is {folder}, where {', '.join(faults)}: {todo}")
    else:
        todo = f"put the four files into a folder and set {mnist.VARIABLE} to it"
        yield Finding(
            "MNIST", NOTE, f"not here yet: downloaded (12 MB) when first asked for; without a network, {todo}"
        )


def _cache() -> Iterator[Finding]:
    from rnn_course.data import mnist

    folder = mnist.cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        todo = f"make it a folder that can be written, or keep MNIST elsewhere and set {mnist.VARIABLE}"
        yield Finding("cache", NOTE, f"{folder}: {error.strerror or error}; needed only for downloads: {todo}")
    else:
        yield Finding("cache", OK, f"{folder} can be written")


def _exercises() -> Iterator[Finding]:
    from rnn_course.exercise_notebooks import NoExercises, exercise_notebooks

    try:
        notebooks = exercise_notebooks()
    except NoExercises as error:
        yield Finding("exercises", NOTE, str(error))
    else:
        yield Finding("exercises", OK, f"notebooks: {len(notebooks)}; copy them with: rnn-course start")


def _self_test() -> Iterator[Finding]:
    """A small LSTM through time: its gradient by hand, by numbers and by autograd; and NumPy against Torch."""
    import numpy as np

    from rnn_course import LSTMCell, dynamic_rnn_forward, gradcheck, leaves, to, to_numpy

    rng = np.random.default_rng(0)
    cell = LSTMCell.init(3, 5, rng=rng, dtype="float64")
    inputs = rng.standard_normal((2, 4, 3))  # [batch, time, input]
    table = gradcheck(dynamic_rnn_forward, cell, inputs, cell.zero_state(2), rng=rng, names=("cell", "inputs", "state"))
    ways = "by hand, by numbers and by autograd" if find_spec("torch") else "by hand and by numbers"
    if table.ok:
        yield Finding("gradient", OK, f"of an LSTM: {ways} agree")
    else:
        yield Finding("gradient", PROBLEM, f"of an LSTM: {ways} differ; please report this table:\n{table!r}")
    if not find_spec("torch"):
        return

    def results(backend: str) -> Any:
        outputs, state, _ = dynamic_rnn_forward(to(cell, backend), to(inputs, backend))
        return leaves((outputs, state))

    pairs = zip(results("numpy"), results("torch"), strict=True)
    difference = max(float(np.abs(ours - to_numpy(theirs)).max()) for ours, theirs in pairs)
    status = OK if difference < 1e-12 else PROBLEM
    yield Finding("NumPy = Torch", status, f"an LSTM in float64 differs by at most {difference:.0e}")


CHECKS: dict[str, Callable[[], Iterator[Finding]]] = {
    "Python": _python,
    "packages": _packages,
    "devices": _devices,
    "digits": _digits,
    "MNIST": _mnist,
    "cache": _cache,
    "exercises": _exercises,
    "self-test": _self_test,
}
