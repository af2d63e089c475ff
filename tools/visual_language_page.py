"""The page that explains the diagrams; its table comes from the palette."""

from rnn_course.palette import PALETTE

LETTERS = {"input": "x", "state": "h", "memory": "c", "i": "i", "j": "j", "f": "f", "o": "o", "weights": "W"}
AXES = {
    "0": ("`[]`", "one number, such as a loss"),
    "1": ("`[batch]`", "a line of numbers"),
    "2": ("`[batch, hidden]`", "a grid: the first axis runs down, the last one to the right"),
    "3": ("`[batch, time, input]`", "a pile of grids: the first axis runs into the depth"),
    "4": ("`[batch, row, column, channel]`", "the same with doubled edges: each cell holds several numbers"),
}
TOP = """# The visual language

A blue rectangle is an input, wherever you meet it in this book. The shape says it as well as the colour, so you can
read every diagram in grey. This page is the key to all of them.

:::{margin}
The hues start from the palette of Okabe and Ito {cite}`okabe2008`. Whether two colours that meet in one diagram can
be told apart is measured, with a model of how colour-blind readers see {cite}`machado2009`.
:::

## What stands for what

| Quantity | Drawn as | It is |
|---|---|---|
"""
ARRAYS = """
A number is written into its shape, and the fill is stronger for a larger number. A gate's ring is as full as the
gate is open. In a live figure that you can change, a thick edge marks what your last touch has changed.

## How an array is drawn

| Array | Axes | Read it as |
|---|---|---|
"""
STRIP = """
The number of cells means nothing. What counts is how many axes there are, what each is called, and the role of the
whole: a state with three axes is a pile of rounded grids.

## How to read a strip

Each chapter begins with the arrays that flow through it. This is the strip of [chapter 6](06_time_steps.ipynb):

![The arrays of chapter 6 and their axes](_diagrams/shapes_06.svg)

An arrow leads to what is made, and the words above it say by what. A curved arrow below says that this is done step
by step, and that the state comes back as an input each time. A dashed arrow is a gradient on its way back. Words
without an arrow join two arrays that stand side by side.

## On dark pages, and on paper

Every colour has a light and a dark version. Both are readable as text on the page, and any number is readable on
its tint. On paper the shapes and letters are enough.

To draw something new, take the roles from `rnn_course/palette.py` and the parts from
`rnn_course/widgets/drawing.py`, as `tools/diagrams` does. Run `make notebooks`: it draws all diagrams anew, and a
test fails if one was changed by hand.
"""


def page() -> str:
    """The text of the page."""
    roles = "".join(row(name) for name in PALETTE)
    arrays = "".join(
        f"| ![{told}](_diagrams/axes_{axes}.svg) | {written} | {told} |\n" for axes, (written, told) in AXES.items()
    )
    return TOP + roles + ARRAYS + arrays + STRIP


def row(name: str) -> str:
    role = PALETTE[name]
    letter = f"${LETTERS[name]}$: " if name in LETTERS else ""
    told = role.meaning.removeprefix(f"{LETTERS.get(name, '')}, ")
    return f"| ![{role.shape}](_diagrams/role_{name}.svg) | {role.shape} | {letter}{told} |\n"
