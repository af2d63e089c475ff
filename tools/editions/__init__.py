"""Other editions of the built book: a zipped one that works from a disk, and a PDF of all pages with their links."""

from pathlib import Path

import rnn_course

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build" / "html"
EDITIONS = ROOT / "build" / "editions"
NAME = f"from-nn-to-cnn-to-rnn-{rnn_course.__version__}"
NO_BOOK = "there is no built book: run make book first"
