"""What all random corruptions share: a choice, a letter changed, the cells with code."""

import string

LETTERS = string.ascii_letters + string.digits + ".,:;-+*=()[]"


def pick(rng, things):
    return things[int(rng.integers(len(things)))]


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def flip_letter(text, rng):
    place = pick(rng, [index for index, letter in enumerate(text) if not letter.isspace()])
    return text[:place] + pick(rng, LETTERS.replace(text[place], "")) + text[place + 1 :]
