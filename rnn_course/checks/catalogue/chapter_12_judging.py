"""Exercises of chapter 12, reading digits row by row: how good a network is, and how sure that is."""

from functools import partial
from math import sqrt

import numpy as np

from rnn_course.arrays import array_namespace
from rnn_course.checks.exercise import Exercise, Mistake


def confusion(labels, answers, classes):
    matrix = [[0] * classes for _ in range(classes)]
    for label, answer in zip(labels.tolist(), answers.tolist(), strict=True):
        matrix[label][answer] += 1
    return array_namespace(labels).asarray(matrix)


def mean_and_error(answers, labels):
    shares = [float((run == labels).sum()) / len(labels) for run in answers]
    mean = sum(shares) / len(shares)
    variance = sum((share - mean) ** 2 for share in shares) / (len(shares) - 1)
    return mean, sqrt(variance / len(shares))


def early_stopping(validation, test, patience):
    best = 0
    for epoch, share in enumerate(validation):
        if share > validation[best]:
            best = epoch
        if epoch - best >= patience:
            break
    return best, test[best]


def _confusion(labels, answers, classes, *, turned=False, once=False, share=None, only_wrong=False):
    """The matrix with one thing changed."""
    xp = array_namespace(labels)
    matrix = xp.zeros((classes, classes), dtype=xp.int64)
    for label, answer in zip(labels.tolist(), answers.tolist(), strict=True):
        if not (only_wrong and label == answer):
            place = (answer, label) if turned else (label, answer)
            matrix[place] = 1 if once else matrix[place] + 1
    if share is None:
        return matrix
    total = len(labels) if share == "all" else xp.clip(xp.sum(matrix, axis=1, keepdims=True), 1, None)
    return xp.astype(matrix, xp.float64) / total


def _pairs(classes, *pairs):
    """Pairs of a label and an answer, in a random order."""

    def case(rng):
        labels, answers = rng.permutation(np.array(pairs, np.int64)).T.copy()
        return labels, answers, classes

    return case


def _error(answers, labels, *, ddof=1, root=True, over="seeds", wrong=False):
    """Mean and error with one thing changed."""
    hits = [[float(a == b) for a, b in zip(run.tolist(), labels.tolist(), strict=True)] for run in answers]
    shares = [sum(run) / len(run) for run in hits]
    mean = sum(shares) / len(shares)
    if over == "digits":
        return mean, sqrt(mean * (1 - mean) / (len(hits) * len(labels)))
    if over == "digits of one network":
        return mean, sqrt(mean * (1 - mean) / len(labels))
    error = sqrt(sum((share - mean) ** 2 for share in shares) / (len(shares) - ddof))
    if root:
        error /= sqrt(len(shares))
    return (1 - mean if wrong else mean), error


def _runs(seeds, examples, classes, right):
    """Answers of which a given share is right, seed by seed."""

    def case(rng):
        labels = rng.integers(0, classes, examples)
        answers = np.stack([labels] * seeds)
        for run, share in zip(answers, right, strict=True):
            lost = rng.permutation(examples)[: round((1 - share) * examples)]
            run[lost] = (run[lost] + 1) % classes
        return answers.astype(np.int64), labels.astype(np.int64)

    return case


def _choose(validation, test, patience, *, on="validation", report="test", move=0, ties="first", stop=True, last=False):
    """Early stopping with one thing changed."""
    watched = test if on == "test" else validation
    best = epoch = 0
    for epoch, share in enumerate(watched):
        if share > watched[best] or (ties == "last" and share == watched[best]):
            best = epoch
        if stop and epoch - best >= patience + move:
            break
    chosen = epoch if last else best
    reported = {"test": test[chosen], "best test": max(test), "validation": validation[chosen]}[report]
    return chosen, reported


def _curves(patience, validation, test):
    return lambda rng: (validation, test, patience)


EXERCISES = (
    Exercise(
        name="reading.confusion",
        title="Who is taken for whom",
        difficulty=2,
        minutes=10,
        statement="`labels: [example]` and `answers: [example]` are classes, whole numbers from 0 to classes − 1. Return the "
        "confusion matrix `[label, answer]`: how many examples with that label got that answer, as 64-bit integers.",
        solution=confusion,
        reason="One is added at the place (label, answer) for every example. With a list of places, `matrix[labels, answers] += "
        "1` adds only once where a place occurs twice; `np.add.at`, `np.bincount` or a loop count them all.",
        cases=(
            _pairs(4, (0, 0), (0, 0), (0, 2), (1, 1), (2, 1), (2, 1), (2, 2), (3, 0)),
            _pairs(3, (0, 1), (1, 1), (1, 1), (1, 0), (0, 0)),
            _pairs(5, (4, 3), (4, 3), (3, 3), (0, 1)),
            _pairs(2, (1, 0)),
        ),
        results=("matrix: [label, answer]",),
        dtypes=("float64",),
        mistakes=(
            Mistake(
                "turned round",
                partial(_confusion, turned=True),
                "Your rows are answers and your columns labels. Which of the two comes first in the statement?",
            ),
            Mistake(
                "counted once",
                partial(_confusion, once=True),
                "No number of yours is above 1. What happens to `matrix[places] += 1` where a place occurs twice?",
            ),
            Mistake(
                "shares of a row",
                partial(_confusion, share="row"),
                "You divided each row by its sum. What is asked for are counts.",
            ),
            Mistake(
                "shares of all",
                partial(_confusion, share="all"),
                "You divided by the number of examples. What is asked for are counts.",
            ),
            Mistake(
                "without the right ones",
                partial(_confusion, only_wrong=True),
                "Your diagonal is empty. Where do the examples stand whose answer is right?",
            ),
        ),
        hints=(
            "Begin with zeros, `[classes, classes]`. Where does an example with label 3 and answer 5 belong?",
            "Add 1 there, for each example. If you do it without a loop, look at a pair that occurs twice.",
        ),
    ),
    Exercise(
        name="reading.error_bar",
        title="An accuracy with its error bar",
        difficulty=3,
        minutes=12,
        statement="`answers: [seed, example]` are what networks trained from different seeds answered to the same examples, "
        "`labels: [example]` the truth. Return the mean of the accuracies of the seeds, and its standard error: their standard "
        "deviation, with n − 1 below the line, divided by √n, for n seeds. Two floats.",
        solution=mean_and_error,
        reason="One accuracy a seed, and these are the numbers whose scatter counts. Dividing by √n makes of the scatter of one "
        "seed the uncertainty of the mean of n. n − 1, because the mean was taken from the same numbers.",
        cases=(
            _runs(3, 20, 5, (0.9, 0.7, 0.95)),
            _runs(5, 8, 4, (1.0, 0.5, 0.75, 0.875, 0.75)),
            _runs(2, 10, 3, (0.4, 0.8)),
        ),
        results=("mean", "error"),
        dtypes=("float64",),
        mistakes=(
            Mistake(
                "deviation of one seed",
                partial(_error, root=False),
                "That is the standard deviation of a single seed. How does the mean of n seeds scatter?",
            ),
            Mistake(
                "n below the line",
                partial(_error, ddof=0),
                "You divided the squares by n. The mean itself comes from the same n numbers: what is put there instead?",
            ),
            Mistake(
                "all digits as one draw",
                partial(_error, over="digits"),
                "You treated all answers as one large sample. The same digits were read by every seed: what scatters here?",
            ),
            Mistake(
                "luck of the digits",
                partial(_error, over="digits of one network"),
                "That is how an accuracy strays with the *digits* that are drawn. Here the digits are the same: what scatters?",
            ),
            Mistake(
                "error rate",
                partial(_error, wrong=True),
                "Your first number is the share of *wrong* answers. Which share is an accuracy?",
            ),
        ),
        hints=(
            "First one accuracy a seed: a list of n numbers. All the rest is done with that list.",
            "`np.std` and `torch.std` disagree about n and n − 1 unless you tell them.",
        ),
    ),
    Exercise(
        name="reading.early_stopping",
        title="When to stop, and what to report",
        difficulty=3,
        minutes=12,
        statement="`validation` and `test` are lists with the accuracy after each epoch. Training goes on until `patience` epochs "
        "in a row have not improved on the best validation accuracy so far, or the list ends. Return the epoch whose network is "
        "kept, counted from 0 (the first one, if several are equally good), and the accuracy to report for it.",
        solution=early_stopping,
        reason="Choose on the validation digits, report on the test digits, and never the other way round. The best of many test "
        "accuracies is a choice too: it flatters.",
        cases=(
            _curves(2, (0.5, 0.7, 0.8, 0.8, 0.79, 0.75, 0.9), (0.52, 0.69, 0.77, 0.83, 0.81, 0.8, 0.88)),
            _curves(
                3,
                (0.6, 0.9, 0.7, 0.8, 0.95, 0.93, 0.94, 0.9, 0.99),
                (0.62, 0.87, 0.71, 0.93, 0.91, 0.9, 0.92, 0.88, 0.97),
            ),
            _curves(4, (0.3, 0.6, 0.5, 0.55), (0.33, 0.58, 0.64, 0.61)),
            _curves(2, (0.7, 0.7, 0.6, 0.65), (0.72, 0.74, 0.63, 0.66)),
            _curves(1, (0.9, 0.8, 0.97, 0.96, 0.95, 0.99), (0.85, 0.86, 0.98, 0.94, 0.93, 0.97)),
        ),
        results=("epoch", "accuracy"),
        backends=("numpy",),
        dtypes=("float64",),
        mistakes=(
            Mistake(
                "chosen on the test digits",
                partial(_choose, on="test"),
                "You chose with the digits that are to judge. What is left to judge with?",
            ),
            Mistake(
                "best test accuracy reported",
                partial(_choose, report="best test"),
                "The epoch is right, but the accuracy belongs to another one, picked for being high. Which network do you keep?",
            ),
            Mistake(
                "validation accuracy reported",
                partial(_choose, report="validation"),
                "You report the number by which you chose. It is the largest of several, so it flatters: which one does not?",
            ),
            Mistake(
                "the last epoch",
                partial(_choose, last=True),
                "You keep the network with which training stopped. Which one was best before patience ran out?",
            ),
            Mistake(
                "never stops",
                partial(_choose, stop=False),
                "You look at all epochs. Some of them were never trained, for training had stopped: when?",
            ),
            Mistake(
                "one epoch more patience",
                partial(_choose, move=1),
                "You wait one epoch too long. How many epochs without progress end the training?",
            ),
            Mistake(
                "last of equals",
                partial(_choose, ties="last"),
                "An epoch that is as good is no improvement for the statement. Which of two equals is kept?",
            ),
        ),
        hints=(
            "Keep one number as you go: the best epoch so far. When does it change?",
            "How many epochs ago was that? Compare it with the patience.",
            "Only when you have chosen do you look into `test`, once.",
        ),
    ),
)
