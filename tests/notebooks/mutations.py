"""Ways to corrupt a notebook: something is flipped, deleted or inserted, at random but from a seed.

Each takes a notebook and a generator of random numbers, changes the notebook, and returns whether it found something to
change. Here are those of the stored notebook alone; mutations_claims.py has those of the text source as well.
"""

import re
import string

import nbformat

from tests.notebooks.mutations_media import PICTURES, WIDGETS
from tests.notebooks.seeded import code_cells, flip_letter, pick

TEXT = ("text/plain", "text/html", "text/markdown", "text/latex", "image/svg+xml")


def texts(notebook):
    """Every place where a code cell stores text: the container and its key."""
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if output.output_type == "stream":
                yield output, "text"
            # A reader sees the richest form only: the plain text beside a picture or a page is not shown.
            shown = [mime for mime in TEXT if mime in output.get("data", {})]
            rich = [mime for mime in output.get("data", {}) if mime != "text/plain"]
            yield from ((output.data, mime) for mime in shown if mime != "text/plain" or not rich)


def change_text(where, edit):
    """A mutation that edits one of the texts that `where` finds."""

    def mutate(notebook, rng):
        found = [(holder, key) for holder, key in where(notebook) if str(holder[key]).strip()]
        if not found:
            return False
        holder, key = pick(rng, found)
        before = holder[key]
        holder[key] = edit(before, rng)
        return holder[key] != before

    return mutate


def flip_digit(text, rng):
    digits = [index for index, letter in enumerate(text) if letter.isdigit()]
    if not digits:
        return text
    place = pick(rng, digits)
    return text[:place] + pick(rng, string.digits.replace(text[place], "")) + text[place + 1 :]


def delete_word(text, rng):
    words = [match.span() for match in re.finditer(r"\S+\s*", text)]
    start, end = pick(rng, words)
    return text[:start] + text[end:]


def insert_word(text, rng):
    place = pick(rng, [match.start() for match in re.finditer(r"\S+", text)])
    return f"{text[:place]}not {text[place:]}"


def delete_line(text, rng):
    lines = text.splitlines(keepends=True)
    del lines[pick(rng, [index for index, line in enumerate(lines) if line.strip()])]
    return "".join(lines)


def insert_line(text, rng):
    lines = text.splitlines(keepends=True)
    lines.insert(int(rng.integers(len(lines) + 1)), "one = 1\n")
    return "".join(lines)


def prose(notebook):
    return ((cell, "source") for cell in notebook.cells if cell.cell_type == "markdown")


def sources(notebook):
    return ((cell, "source") for cell in code_cells(notebook))


def descriptions(notebook):
    images = (cell.metadata.get("mystnb", {}).get("image", {}) for cell in notebook.cells)
    return ((image, "alt") for image in images if "alt" in image)


def change_cells(edit):
    """A mutation of the list of cells."""

    def mutate(notebook, rng):
        before = list(notebook.cells)
        edit(notebook.cells, int(rng.integers(len(before) - 1)))
        return notebook.cells != before

    return mutate


def swap(things, index):
    things[index], things[index + 1] = things[index + 1], things[index]


def insert_cell(cells, index):
    cells.insert(index, nbformat.v4.new_markdown_cell("This was not here before.", id="c999"))


def change_outputs(edit):
    """A mutation of the outputs of one cell."""

    def mutate(notebook, rng):
        cells = [cell for cell in code_cells(notebook) if cell.outputs]
        return bool(cells) and edit(pick(rng, cells).outputs, rng) is not False

    return mutate


def delete_output(outputs, rng):
    del outputs[int(rng.integers(len(outputs)))]


def double_output(outputs, rng):
    outputs.append(pick(rng, outputs))


def insert_output(outputs, rng):
    outputs.append(nbformat.v4.new_output("stream", text=f"{rng.integers(100)}\n"))


def change_count(value):
    def mutate(notebook, rng):
        cell = pick(rng, code_cells(notebook))
        cell.execution_count = value(cell.execution_count or 0, rng)
        return True

    return mutate


def add_tag(notebook, rng):
    cell = pick(rng, code_cells(notebook))
    tags = cell.metadata.setdefault("tags", [])
    others = ("hide-input", "hide-output", "remove-cell", "nbval-ignore-output", "nbval-skip")
    tags.append(pick(rng, [tag for tag in others if tag not in tags]))
    return True


STORED = {
    "output: a letter": change_text(texts, flip_letter),
    "output: a digit": change_text(texts, flip_digit),
    "output: a word deleted": change_text(texts, delete_word),
    "output: a word inserted": change_text(texts, insert_word),
    "output: a line deleted": change_text(texts, delete_line),
    "output: deleted": change_outputs(delete_output),
    "output: doubled": change_outputs(double_output),
    "output: inserted": change_outputs(insert_output),
    "count: changed": change_count(lambda count, rng: count + int(rng.integers(1, 9))),
    "count: deleted": change_count(lambda count, rng: None),
    "picture: its description": change_text(descriptions, delete_word),
    **PICTURES,
    **WIDGETS,
    "prose: a letter": change_text(prose, flip_letter),
    "prose: a digit": change_text(prose, flip_digit),
    "prose: a word deleted": change_text(prose, delete_word),
    "prose: a word inserted": change_text(prose, insert_word),
    "source: a letter": change_text(sources, flip_letter),
    "source: a line deleted": change_text(sources, delete_line),
    "source: a line inserted": change_text(sources, insert_line),
    "cell: deleted": change_cells(lambda cells, index: cells.pop(index)),
    "cell: inserted": change_cells(insert_cell),
    "cell: swapped with the next": change_cells(swap),
    "cell: a tag": add_tag,
}
