"""The diagrams of the book, drawn by code: `python -m tools.diagrams` writes them, with --check it compares only.

    strips    the shapes strip at the top of a chapter: which arrays flow through it, with their axes by name
    arrays    an array as a picture: as many axes as it has, in the shape and colour of its role
    views     the three views of a digit on the first page; the logo and the icon
    legend    the visual language, one picture for each role
    sheet     the style that all of them share, and a file that can be looked at on its own

Colours and shapes come from rnn_course/palette.py and rnn_course/widgets, so a diagram and a live figure say the same
in the same way. tools/inline_diagrams.py, an extension of Sphinx, puts them into the pages, whose theme they follow.
"""
