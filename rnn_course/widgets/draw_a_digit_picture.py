"""The picture of a digit as three networks see it: its pixels, the LSTM's belief after each row, the three answers."""

from collections.abc import Sequence

import numpy as np

from rnn_course.widgets.drawing import HEIGHT, cell, drawing, element, text

PIXEL, COLUMN, GAP, LEFT, TOP = 7, 15, 12, 24, 34  # of the image and of the beliefs; the names of the rows; the heads
ANSWER = 33  # the width of an answer's cell
NAMES = {"nn": "NN", "cnn": "CNN", "lstm": "LSTM"}
FAINT = 0.015  # what is not drawn in the first frame


def draw(image: np.ndarray, beliefs: np.ndarray, answers: dict[str, np.ndarray], words: str) -> str:
    """The picture with everything read."""
    rows, columns = image.shape
    right = LEFT + columns * PIXEL + GAP
    bottom = TOP + rows * PIXEL
    width = max(right + 10 * COLUMN + 2, 10 * ANSWER + 46)
    parts = [
        text(LEFT, 14, "what they see", class_="rc-name rc-start rc-input"),
        text(right, 14, "LSTM, row by row", class_="rc-name rc-start"),
        element("rect", x=LEFT, y=TOP, width=columns * PIXEL, height=rows * PIXEL, class_="rc-sheet"),
        element("rect", x=right, y=TOP, width=10 * COLUMN, height=rows * PIXEL, class_="rc-sheet"),
        *_rows(image, LEFT, PIXEL, "rc-dark"),
        *_rows(beliefs, right, COLUMN, "rc-belief"),
        *(text(right + (k + 0.5) * COLUMN, TOP - 6, str(k)) for k in range(10)),
        *(text(LEFT - 4, TOP + row * PIXEL + 8, str(row), class_="rc-label rc-end") for row in range(0, rows, 9)),
        element("line", x1=LEFT - 2, x2=right + 10 * COLUMN, y1=bottom, y2=bottom, class_="rc-read"),
        element("g", *_answers(answers, bottom + 34), class_="rc-answers"),
    ]
    return drawing(width, bottom + 40 + 3 * HEIGHT, words, *parts)


def _rows(numbers: np.ndarray, left: int, wide: int, name: str) -> list[str]:
    return [
        element(
            "rect",
            x=left + column * wide,
            y=TOP + row * PIXEL,
            width=wide,
            height=PIXEL,
            class_=name,
            style=f"fill-opacity:{value:.2f}",
        )
        for (row, column), value in np.ndenumerate(numbers)
        if value >= FAINT
    ]


def _answers(answers: dict[str, np.ndarray], y: int) -> list[str]:
    parts = [text(44 + (k + 0.5) * ANSWER, y - 4, str(k)) for k in range(10)]
    for row, (name, shares) in enumerate(answers.items()):
        parts.append(text(0, y + row * HEIGHT + 15, NAMES[name], class_="rc-label rc-start"))
        for k, share in enumerate(shares):
            at = (44 + k * ANSWER, y + row * HEIGHT)
            parts.append(cell("output", *at, float(share), f"{name}.{k}", width=ANSWER))
    return parts


def describe(answers: dict[str, Sequence[float]], beliefs: Sequence[Sequence[float]]) -> str:
    """The three answers, and when the LSTM's mind was made up; `describe` of draw_a_digit.js says the same."""
    said = []
    for name, shares in answers.items():
        best = int(np.argmax(shares))
        said.append(f"the {NAMES[name]} {best} ({percent(shares[best])})")
    last = int(np.argmax(beliefs[-1]))
    since = len(beliefs) - 1
    while since > 0 and int(np.argmax(beliefs[since - 1])) == last:
        since -= 1
    return f"{', '.join(said)}. The LSTM has held {last} most likely since row {since}.".replace("the", "The", 1)


def percent(share: float) -> str:
    """A share in whole percents, as `percent` of draw_a_digit.js."""
    return f"{int(100 * share + 0.5)} %"
