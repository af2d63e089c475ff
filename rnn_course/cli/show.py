"""Tables: drawn with lines on a terminal, plain text in a file, a pipe or a notebook."""

from collections.abc import Sequence

import typer


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], terminal: bool | None = None) -> None:
    """Print the rows under a title; `terminal` says where the output goes, and is found out if None."""
    from rich.console import Console

    console = Console(force_terminal=terminal, markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        typer.echo(plain_table(title, columns, rows))
        return
    from rich.table import Table

    table = Table(title=title, title_justify="left", show_header=any(columns))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def plain_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same table as lines of text, its columns aligned by spaces; nothing is cut off."""
    lines = [*([columns] if any(columns) else []), *rows]
    widths = [max((len(line[k]) for line in lines), default=0) for k in range(len(columns))]
    text = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)
    return "\n".join([title, *text])
