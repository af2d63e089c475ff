"""`rnn-course grade`: a folder of submissions becomes a table, and a page of feedback for each learner."""

import os
import sys
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import typer

from rnn_course.cli.check import DEFAULT_MEMORY, DEFAULT_SECONDS, Memory, Seconds, limits_of
from rnn_course.cli.errors import Problem


def grade(
    submissions: Annotated[
        Path, typer.Argument(help="A folder with one folder, or one notebook, for each learner.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="The table to write; results go into a folder of that name.")] = Path(
        "grades.csv"
    ),
    junit: Annotated[Path | None, typer.Option(help="Write JUnit's XML to this file.", show_default=False)] = None,
    workers: Annotated[int, typer.Option(min=0, help="How many notebooks at a time; 0: one a core.")] = 0,
    cluster: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Grade on the workers of this Dask scheduler.", show_default=False)
    ] = "",
    seconds: Seconds = DEFAULT_SECONDS,
    memory: Memory = DEFAULT_MEMORY,
) -> None:
    """Grade the notebooks of many learners. Run it again after an interruption: what is graded is not graded again."""
    from rnn_course.grading.grade import Grading, OtherVersion
    from rnn_course.grading.session import is_supported

    if not is_supported():
        raise Problem("grading needs Linux or macOS: on Windows, run it in the Windows Subsystem for Linux")
    if not submissions.is_dir():
        raise Problem(f"{submissions}: expected a folder with the learners' folders or notebooks")
    grading = Grading(submissions, out, limits_of(seconds, memory))
    if not len(grading):
        raise Problem(f"{submissions} holds no notebook and no folder: expected one of either for each learner")
    progress = _Progress(len(grading))
    try:
        with _Pool(workers, cluster) as pool:
            grading.run(pool.executor, progress.one_more)
        written = grading.write(junit)
    except KeyboardInterrupt:
        typer.echo(
            f"\nstopped: {progress.done} of {len(grading)} notebooks are graded and kept in {grading.folder}. ",
            err=True,
            nl=False,
        )
        typer.echo("To go on, run the same command again.", err=True)
        raise typer.Exit(130) from None
    except OtherVersion as error:
        raise Problem(f"--cluster: {error}: install the same version on every worker") from None
    progress.end()
    for path in written:
        typer.echo(f"wrote  {path}")
    typer.echo(f"wrote  {grading.folder}{os.sep}*.html, one page a learner")
    for submission, reason in grading.failed.items():
        typer.echo(f"not graded: {submission.learner}/{submission.name} ({reason}); run it again", err=True)
    if grading.failed:
        raise typer.Exit(1)


class _Progress:
    """How many are done, on one line of a terminal."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.live = total, 0, sys.stderr.isatty()

    def one_more(self, _: Any) -> None:
        self.done += 1
        if self.live:
            typer.echo(f"\r{self.done} of {self.total} notebooks graded", err=True, nl=False)

    def end(self) -> None:
        if self.live:
            typer.echo("", err=True)


class _Pool:
    """Threads of this machine, each with a process of its own, or the workers of a cluster."""

    def __init__(self, workers: int, cluster: str) -> None:
        self.workers, self.cluster = workers or os.cpu_count() or 1, cluster
        self.close: Callable[[], Any] = lambda: None

    def __enter__(self) -> "_Pool":
        return self

    def executor(self) -> Executor:
        """The executor, made when it is needed."""
        return _connect(self) if self.cluster else self._threads()

    def _threads(self) -> Executor:
        from rnn_course.grading.grade_one import allow_workers, stop_workers

        allow_workers()
        pool = ThreadPoolExecutor(self.workers)

        def close() -> None:
            pool.shutdown(wait=False, cancel_futures=True)
            stop_workers()
            pool.shutdown()

        self.close = close
        return pool

    def __exit__(self, *_: object) -> None:
        self.close()


def _connect(pool: _Pool) -> Executor:
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise Problem('--cluster needs dask.distributed: pip install "rnn-course[cluster]"') from None
    try:
        client = Client(pool.cluster, timeout="10s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise Problem(f"--cluster {pool.cluster}: no scheduler answers there ({error})") from None
    pool.close = client.close
    return client.get_executor(pure=False)
