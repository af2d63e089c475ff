"""Notebooks for the tests, written cell by cell."""

import json

RIGHT = {
    "views.predict": "def predict_shapes(batch):\n    return (batch, 784), (batch, 28, 28, 1), (batch, 28, 28)",
    "views.as_vectors": "def as_vectors(images):\n    return images.reshape(len(images), -1)",
    "views.as_images": "def as_images(v, rows, columns):\n    return v.reshape(-1, rows, columns, 1)",
    "views.channels_first": "def channels_first(images):\n    return images.transpose(0, 3, 1, 2)",
    "views.time_major": "def time_major(sequences):\n    return sequences.swapaxes(0, 1)",
    "views.row_at_step": "def row_at_step(images, step):\n    return images[:, step, :]",
}
WRONG = {
    "views.predict": "def predict_shapes(batch):\n    return (batch, 784), (batch, 1, 28, 28), (batch, 28, 28)",
    "views.as_vectors": "def as_vectors(images):\n    return images.reshape(-1, len(images))",
    "views.as_images": "def as_images(v, rows, columns):\n    return v.reshape(-1, columns, rows, 1)",
    "views.channels_first": "def channels_first(images):\n    return images.reshape(-1, 3, 4, 5)",
    "views.time_major": "def time_major(sequences):\n    return sequences",
    "views.row_at_step": "def row_at_step(images, step):\n    return images[:, :, step]",
}
FIRST = "from rnn_course import arguments, check, hint, solution"


def answered(answers):
    """The cells of chapter 1 with these answers: each defines a function and checks it."""
    cells = [FIRST]
    for name, source in answers.items():
        function = source.partition("def ")[2].partition("(")[0]
        cells.append(f'{source}\n\n\ncheck("{name}", {function})')
    return cells


def write(path, cells):
    """A notebook with these code cells."""
    listed = [{"cell_type": "code", "source": text, "metadata": {}, "outputs": []} for text in cells]
    path.write_text(json.dumps({"cells": listed, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
    return path


def passed(result):
    """The names of the exercises that have passed: of those of the chapter, also where no cell answers them."""
    return {report.name for report in result.reports if report.passed}


def statuses(result):
    """The status of each exercise."""
    return {report.name: report.status for report in result.reports}
