"""Grade a folder of submissions: what is graded is kept at once, so that a run that ends early loses nothing."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, as_completed
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from rnn_course import __version__
from rnn_course.files import whole_file
from rnn_course.grading import feedback, tables
from rnn_course.grading.cells import LARGEST_FILE
from rnn_course.grading.grade_one import grade_one
from rnn_course.grading.limits import Limits
from rnn_course.grading.submissions import Submission, find_submissions, learner_key
from rnn_course.grading.tables import Graded
from rnn_course.grading.worker import report_of

AT_A_TIME = 64  # submissions that are handed to an executor before the first of them is done


class OtherVersion(RuntimeError):
    """A worker of the cluster has another version of the course."""


class Task(NamedTuple):
    """A submission that can be graded: its bytes, and the key that its result is kept under."""

    submission: Submission
    content: bytes
    key: dict[str, Any]


class Grading:
    """One run over a folder of submissions, with its results in a folder beside the table."""

    def __init__(self, submissions: Path, out: Path, limits: Limits) -> None:
        self.submissions = find_submissions(submissions)
        self.out, self.limits = out, limits
        self.folder = out.with_suffix("")
        if self.folder == out:
            self.folder = out.with_name(f"{out.name}.results")
        self.graded: dict[Submission, Graded] = {}
        self.failed: dict[Submission, str] = {}

    def __len__(self) -> int:
        return len(self.submissions)

    def run(self, executor: Callable[[], Executor], on_graded: Callable[[Graded], None]) -> None:
        """Grade what is not graded yet. `executor` is called only if there is something to do."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for part in self.folder.glob(".*.part"):  # of a run that was killed in the middle of a write
            part.unlink(missing_ok=True)
        tasks = list(self._open_tasks(on_graded))
        if not tasks:
            return
        pool = executor()
        for k in range(0, len(tasks), AT_A_TIME):
            running = {pool.submit(grade_one, *self._job(task)): task for task in tasks[k : k + AT_A_TIME]}
            for future in as_completed(running):
                self._keep(running[future], future, on_graded)

    def _job(self, task: Task) -> tuple[str, bytes, dict[str, Any]]:
        return Path(task.submission.name).name, task.content, vars(self.limits)

    def _open_tasks(self, on_graded: Callable[[Graded], None]) -> Iterator[Task]:
        """What has to be graded; what is graded already, or cannot be, is noted."""
        for submission in self.submissions:
            if submission.path is None:
                self.graded[submission] = Graded(submission, (), ("The folder has no notebook in it.",))
                continue
            try:
                if submission.path.stat().st_size > LARGEST_FILE:
                    raise OSError(0, f"it is larger than {LARGEST_FILE // 1_000_000} MB")
                content = submission.path.read_bytes()
            except OSError as error:
                self.graded[submission] = Graded(submission, (), (f"It cannot be read: {error.strerror}.",))
                continue
            key = {
                "notebook": submission.name,
                "sha256": hashlib.sha256(content).hexdigest(),
                "version": __version__,
                "limits": vars(self.limits),
            }
            if (kept := self._kept(submission, key)) is not None:
                self.graded[submission] = kept
                on_graded(kept)
            else:
                yield Task(submission, content, key)

    def _file(self, submission: Submission) -> Path:
        return self.folder / f"{submission.key}.json"

    def _kept(self, submission: Submission, key: dict[str, Any]) -> Graded | None:
        """The result of an earlier run, if it is of the same notebook, by the same version, with the same limits."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            kept = json.loads(self._file(submission).read_bytes())
            if kept["key"] == key:
                return _graded(submission, kept["result"])
        return None

    def _keep(self, task: Task, future: Future, on_graded: Callable[[Graded], None]) -> None:
        try:
            result = future.result()
        except Exception as error:  # of the cluster: a worker that was lost too often
            self.failed[task.submission] = f"{type(error).__name__}: {error}"
            return
        if result["version"] != __version__:
            raise OtherVersion(f"the cluster has rnn-course {result['version']}, here it is {__version__}")
        content = {"learner": task.submission.learner, "key": task.key, "result": result}
        with whole_file(self._file(task.submission)) as file:
            file.write(json.dumps(content, indent=1).encode())
        self.graded[task.submission] = _graded(task.submission, result)
        on_graded(self.graded[task.submission])

    def in_order(self) -> list[Graded]:
        """What is graded, in the order of the submissions."""
        return [self.graded[submission] for submission in self.submissions if submission in self.graded]

    def write(self, junit: Path | None = None) -> list[Path]:
        """Write the tables and the pages of the learners. Returns the tables."""
        graded = self.in_order()
        written = {self.out: tables.as_csv(graded), self.folder / "learners.csv": tables.as_totals(graded)}
        if junit is not None:
            written[junit] = tables.as_junit(graded)
        pages = {
            self.folder / f"{learner_key(learner)}.html": feedback.page(learner, theirs)
            for learner, theirs in tables.by_learner(graded).items()
        }
        for path, content in {**pages, **written}.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(path) as file:
                file.write(content)
        return list(written)


def _graded(submission: Submission, result: dict[str, Any]) -> Graded:
    reports: Sequence[dict[str, Any]] = result["reports"]
    return Graded(submission, tuple(report_of(report) for report in reports), tuple(result["problems"]))
