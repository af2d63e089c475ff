"""Exercises of chapter 07, backpropagation through time: clipping, and a matrix that neither grows nor shrinks."""

from math import sqrt

from rnn_course.arrays import array_namespace
from rnn_course.checks.exercise import Exercise, Mistake


def clip(gradients, max_norm):
    total = sum(float((g * g).sum()) for g in gradients)
    norm = sqrt(total)
    factor = max_norm / norm if norm > max_norm else 1.0
    return tuple(g * factor for g in gradients), norm


def orthogonal(gaussian, gain):
    xp = array_namespace(gaussian)
    q, r = xp.linalg.qr(gaussian)
    return gain * q * xp.sign(xp.linalg.diagonal(r))


def _gradients(rows, columns, scale, max_norm):
    def case(rng):
        d_kernel = scale * rng.standard_normal((rows, columns))
        return (d_kernel, 0.2 * scale * rng.standard_normal(columns)), max_norm

    return case


def _gaussian(size, gain):
    return lambda rng: (rng.standard_normal((size, size)), gain)


def _each_by_itself(gradients, max_norm):
    norms = [sqrt(float((g * g).sum())) for g in gradients]
    clipped = tuple(g * (max_norm / n if n > max_norm else 1.0) for g, n in zip(gradients, norms, strict=True))
    return clipped, clip(gradients, max_norm)[1]


def _with_norm(norm_of):
    def answer(gradients, max_norm):
        norm = norm_of(gradients)
        return tuple(g * (max_norm / norm if norm > max_norm else 1.0) for g in gradients), norm

    return answer


def _scaled_always(gradients, max_norm):
    norm = clip(gradients, max_norm)[1]
    return tuple(g * (max_norm / norm) for g in gradients), norm


def _to_length(length_of):
    """Gradients above the limit scaled by another factor."""

    def answer(gradients, max_norm):
        norm = clip(gradients, max_norm)[1]
        return tuple(g * (length_of(norm, max_norm) if norm > max_norm else 1.0) for g in gradients), norm

    return answer


def _norm_afterwards(gradients, max_norm):
    clipped, norm = clip(gradients, max_norm)
    return clipped, min(norm, max_norm)


def _in_place(gradients, max_norm):
    clipped, norm = clip(gradients, max_norm)
    for g, small in zip(gradients, clipped, strict=True):
        g[...] = small
    return gradients, norm


def _q(gaussian):
    return array_namespace(gaussian).linalg.qr(gaussian)[0]


def _signs(gaussian):
    xp = array_namespace(gaussian)
    return xp.sign(xp.linalg.diagonal(xp.linalg.qr(gaussian)[1]))


def _unit_columns(gaussian, gain):
    xp = array_namespace(gaussian)
    return gain * gaussian / xp.sqrt(xp.sum(gaussian * gaussian, axis=0))


def _largest_stretch(gaussian, gain):
    return gain * gaussian / array_namespace(gaussian).linalg.svdvals(gaussian)[0]


EXERCISES = (
    Exercise(
        name="bptt.clip",
        title="Clip by the global norm",
        difficulty=2,
        minutes=8,
        statement="`gradients` is a tuple of arrays, those of kernel and bias for example. If their global norm, the root of the sum of all squares "
        "over all arrays, is above `max_norm`, scale all of them by one factor so that it is `max_norm`. Return the tuple and the norm before.",
        solution=clip,
        reason="One factor for all arrays keeps the direction of the step and only limits its length. A gradient that is short enough stays as it is. "
        "The norm before is worth a look: its spikes show where the loss has a cliff.",
        cases=(
            _gradients(4, 3, 5.0, 1.0),
            _gradients(5, 2, 0.1, 3.0),
            _gradients(2, 6, 1.0, 0.5),
            _gradients(3, 1, 40.0, 10.0),
        ),
        results=("clipped", "norm"),
        mistakes=(
            Mistake(
                "by value",
                lambda gradients, max_norm: (
                    tuple(array_namespace(g).clip(g, -max_norm, max_norm) for g in gradients),
                    clip(gradients, max_norm)[1],
                ),
                "You cut every number by itself. The large ones shrink, the small ones do not: where does the step point now?",
            ),
            Mistake(
                "each array by itself",
                _each_by_itself,
                "Every array has a norm and a factor of its own in your answer. What happens to the proportion of kernel and bias?",
            ),
            Mistake(
                "small gradients scaled up",
                _scaled_always,
                "You scale every gradient to `max_norm`, short ones too. What will happen near the minimum, where gradients should be small?",
            ),
            Mistake(
                "square of the norm",
                _with_norm(lambda gradients: sum(float((g * g).sum()) for g in gradients)),
                "You compare the sum of the squares with `max_norm`. What turns it into a length?",
            ),
            Mistake(
                "sum of the norms",
                _with_norm(lambda gradients: sum(sqrt(float((g * g).sum())) for g in gradients)),
                "You add the norms of the arrays. If all numbers stood in one long row, how long would that row be?",
            ),
            Mistake(
                "norm afterwards",
                _norm_afterwards,
                "The gradients are right. The norm that you return is the clipped one, which never tells you about a spike. Which is asked for?",
            ),
            Mistake(
                "changed in place",
                _in_place,
                "The numbers are right, but the caller's gradients were changed too. Can you return new arrays?",
            ),
            Mistake(
                "factor upside down",
                _to_length(lambda norm, max_norm: norm / max_norm),
                "Your long gradients have become longer still. Is your factor above or below 1?",
            ),
            Mistake(
                "always to length 1",
                _to_length(lambda norm, max_norm: 1 / norm),
                "You make long gradients 1 long, whatever the limit. How long may they stay?",
            ),
        ),
        hints=(
            "Three steps: one norm over all arrays, one factor, one product for each array.",
            "For which gradients must the factor be exactly 1?",
        ),
    ),
    Exercise(
        name="bptt.orthogonal",
        title="A matrix that neither grows nor shrinks",
        difficulty=3,
        minutes=10,
        statement="From a matrix of random normal numbers, `gaussian: [n, n]`, make an orthogonal one times the number `gain`: take the Q of its QR "
        "decomposition, `q, r = xp.linalg.qr(gaussian)`, and turn the sign of each column of Q whose entry on the diagonal of R is negative.",
        solution=orthogonal,
        reason="The columns of Q have length 1 and stand at right angles, so every singular value is 1: no direction is stretched or shrunk. QR leaves the "
        "signs open. With a positive diagonal of R the answer is unique, and uniformly distributed over all orthogonal matrices.",
        cases=(_gaussian(3, 1.0), _gaussian(5, 1.5), _gaussian(1, 0.5), _gaussian(4, 0.7)),
        results=("[hidden, hidden]",),
        mistakes=(
            Mistake(
                "signs as they come",
                lambda gaussian, gain: gain * _q(gaussian),
                "This is Q as the library gives it. Which columns still have the other sign?",
            ),
            Mistake(
                "signs on the rows",
                lambda gaussian, gain: gain * _q(gaussian) * _signs(gaussian)[:, None],
                "You turned the signs of rows. In Q times R, what does the first entry of R's diagonal stand beside: a row of Q, or a column?",
            ),
            Mistake(
                "columns of length 1",
                _unit_columns,
                "Your columns have the right length. Do they stand at right angles to each other?",
            ),
            Mistake(
                "largest stretch 1",
                _largest_stretch,
                "You divided by the largest singular value: nothing is stretched any more. What happens to the directions of the smaller ones?",
            ),
            Mistake(
                "gain forgotten",
                lambda gaussian, gain: _q(gaussian) * _signs(gaussian),
                "All your singular values are 1. What should they be?",
            ),
            Mistake(
                "transposed",
                lambda gaussian, gain: (gain * _q(gaussian) * _signs(gaussian)).T,
                "Your matrix is orthogonal, but it is turned round: its rows were columns. Did you have to move an axis?",
            ),
            Mistake(
                "singular vectors",
                lambda gaussian, gain: gain * array_namespace(gaussian).linalg.svd(gaussian)[0],
                "Your matrix is orthogonal, but it comes from another decomposition. Which one does the statement name?",
            ),
        ),
        hints=(
            "After the decomposition there is little left to do. Look at the diagonal of R first: which signs has it?",
            "`xp.linalg.diagonal(r)` is that diagonal, and `xp.sign` gives 1 or −1. A row of n numbers beside a matrix multiplies its columns.",
        ),
    ),
)
