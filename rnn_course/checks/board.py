"""The board of a learner's progress: text, HTML, and in a notebook a live one that follows the checks."""

from collections import deque
from contextlib import suppress
from html import escape
from typing import Any

from rnn_course.checks.catalogue import chapter_of, exercises
from rnn_course.checks.exercise import Exercise
from rnn_course.checks.journal import VARIABLE, Journal, Reading
from rnn_course.checks.standing import Standing, standings

COLUMNS = ("outcome", "exercise", "title", "difficulty", "minutes", "answers", "help")
CELL = "text-align:left; vertical-align:top; padding:.1em .6em"
STYLES = [CELL if column in ("title", "help") else f"{CELL}; white-space:nowrap" for column in COLUMNS]
_live: "deque[Board]" = deque(maxlen=5)  # those that were shown last


def chapters() -> dict[str, list[Exercise]]:
    """The exercises of each chapter, by its number."""
    found: dict[str, list[Exercise]] = {}
    for name, exercise in exercises().items():
        found.setdefault(chapter_of(name), []).append(exercise)
    return found


def refresh_boards() -> None:
    """Bring every board that is shown up to date. One that is gone must not disturb a check."""
    for board in list(_live):
        with suppress(Exception):
            board.refresh()


class Board:
    """What `progress()` returns: how far you are in every chapter, and where that is kept."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self._widget: Any = None
        self._pages: list[Any] = []

    def __repr__(self) -> str:
        reading = self.journal.read()
        known = standings(reading.records)
        rows = {chapter: [_row(e, _of(known, e)) for e in theirs] for chapter, theirs in chapters().items()}
        cells = [COLUMNS, *(row for theirs in rows.values() for row in theirs)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [_total(known)]
        for chapter, theirs in rows.items():
            lines += ["", _chapter_title(chapter, known)]
            for row in (COLUMNS, *theirs):
                lines.append("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        return "\n".join([*lines, "", *_where(self.journal, reading)])

    def _repr_html_(self) -> str:
        head, *pages = self._html()
        known = standings(self.journal.read().records)
        titles = [_chapter_title(chapter, known) for chapter in chapters()]
        details = (f"<details><summary>{escape(t)}</summary>{p}</details>" for t, p in zip(titles, pages, strict=True))
        return head + "".join(details)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        """The live board where there is a kernel and ipywidgets; HTML or text elsewhere."""
        bundle = {"text/plain": repr(self), "text/html": self._repr_html_()}
        if _in_a_kernel():
            with suppress(ImportError):
                view = self._live_board()._repr_mimebundle_()
                bundle = (view[0] if isinstance(view, tuple) else view) | bundle
        return bundle

    def refresh(self) -> None:
        """Show what has happened since."""
        if self._widget is None:
            return
        for page, html in zip(self._pages, self._html(), strict=True):
            page.value = html
        known = standings(self.journal.read().records)
        self._widget.children[1].titles = [_chapter_title(chapter, known) for chapter in chapters()]

    def _live_board(self) -> Any:
        import ipywidgets

        if self._widget is None:
            self._pages = [ipywidgets.HTML() for _ in range(1 + len(chapters()))]
            folded = ipywidgets.Accordion(children=self._pages[1:])
            self._widget = ipywidgets.VBox([self._pages[0], folded])
            self.refresh()
            folded.selected_index = self._first_open()
            _live.append(self)
        return self._widget

    def _first_open(self) -> int | None:
        """The first chapter that is not done."""
        known = standings(self.journal.read().records)
        undone = (k for k, theirs in enumerate(chapters().values()) if not all(_of(known, e).passed for e in theirs))
        return next(undone, None)

    def _html(self) -> list[str]:
        """The head, and a table for each chapter."""
        reading = self.journal.read()
        known = standings(reading.records)
        done, count = _passed(known, exercises().values())
        said = escape(_total(known))
        bar = f'<progress value="{done}" max="{count}" aria-label="{said}" style="width:100%">{said}</progress>'
        notes = "".join(f'<p style="margin:.2em 0">{escape(line)}</p>' for line in _where(self.journal, reading))
        head = f'<div role="status"><strong>{said}</strong>{bar}{notes}</div>'
        return [head, *(_table(chapter, theirs, known) for chapter, theirs in chapters().items())]


def _table(chapter: str, theirs: list[Exercise], known: dict[str, Standing]) -> str:
    head = _cells('th scope="col"', "th", COLUMNS)
    body = "".join(f"<tr>{_cells('td', 'td', _row(exercise, _of(known, exercise)))}</tr>" for exercise in theirs)
    title = escape(_chapter_title(chapter, known))
    return (
        f'<div style="overflow-x:auto"><table style="line-height:1.5" aria-label="{title}">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cells(start: str, end: str, texts: tuple[str, ...]) -> str:
    styled = zip(texts, STYLES, strict=True)
    return "".join(f'<{start} style="{style}">{escape(text)}</{end}>' for text, style in styled)


def _row(exercise: Exercise, standing: Standing) -> tuple[str, ...]:
    return (
        standing.title(),
        exercise.name,
        exercise.title,
        f"{exercise.difficulty} of 5",
        str(exercise.minutes),
        str(standing.attempts or "–"),
        standing.help_seen(len(exercise.hints)) or "–",
    )


def _of(known: dict[str, Standing], exercise: Exercise) -> Standing:
    return known.get(exercise.name, Standing())


def _passed(known: dict[str, Standing], theirs: Any) -> tuple[int, int]:
    theirs = list(theirs)
    return sum(_of(known, exercise).passed for exercise in theirs), len(theirs)


def _total(known: dict[str, Standing]) -> str:
    done, count = _passed(known, exercises().values())
    return f"Your progress: {done} of {count} exercises passed"


def _chapter_title(chapter: str, known: dict[str, Standing]) -> str:
    done, count = _passed(known, chapters()[chapter])
    return f"Chapter {int(chapter)} · {done} of {count} passed"


def _where(journal: Journal, reading: Reading) -> list[str]:
    """Where the progress is kept, or how to keep it, and what is wrong with it."""
    if journal.path is not None:
        return [f"Kept in {journal.path}", *reading.problems]
    kept = (
        "Kept until this session ends. To keep it, work in a folder of your own: the command `rnn-course start` makes "
        f"one. Or name a file in the environment variable {VARIABLE}."
    )
    return [kept, *reading.problems]


def _in_a_kernel() -> bool:
    """Whether a notebook or a console of Jupyter is asking."""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return False
    return getattr(get_ipython(), "kernel", None) is not None
