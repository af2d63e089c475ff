"""Chapter 12: the reference answers are those of the package, of torch.nn, of NumPy's statistics and of autograd."""

import numpy as np
import pytest
import torch

from rnn_course import (
    Chain,
    Dense,
    Flatten,
    LastStepClassifier,
    confusion_matrix,
    dynamic_rnn,
    multiply_adds,
    row_lstm,
    softmax,
    to,
)
from rnn_course.checks import EXERCISES
from rnn_course.convert import lstm_to_torch
from rnn_course.tree import leaves, tree_map
from tests.helpers import assert_trees_close, random_like


def drawn(name, backend="torch"):
    """The reference answer of an exercise, and the arguments of each of its cases."""
    exercise = EXERCISES[name]
    cases = [tuple(to(a, backend) for a in exercise.arguments(k)) for k in range(len(exercise.cases))]
    return exercise.solution, cases


def test_the_classifier_is_the_packages_and_torchs():
    solution, cases = drawn("reading.classify")
    for cell, kernel, bias, images in cases:
        got = solution(cell, kernel, bias, images)
        assert_trees_close(got, softmax(LastStepClassifier(cell, Dense(kernel, bias))(images)))
        with torch.no_grad():
            _, (h, _) = lstm_to_torch(cell)(images)
        assert_trees_close(got, torch.softmax(h[-1] @ kernel + bias, dim=1))


def test_beliefs_are_the_read_out_of_all_outputs_and_end_with_the_answer():
    solution, cases = drawn("reading.beliefs")
    for cell, kernel, bias, images in cases:
        outputs, _ = dynamic_rnn(cell, images)
        got = solution(cell, kernel, bias, images)
        assert_trees_close(got, softmax(outputs @ kernel + bias))
        assert_trees_close(got[:, -1], EXERCISES["reading.classify"].solution(cell, kernel, bias, images))


def test_the_read_out_with_lengths_is_that_of_the_final_state(rng):
    solution, _ = drawn("reading.with_lengths")
    cell, readout = row_lstm(3, (5,), classes=4, rng=rng)
    inputs, lengths = rng.standard_normal((6, 7, 3)).astype("float32"), np.array([7, 0, 3, 1, 6, 2])
    outputs, state = dynamic_rnn(cell, inputs, sequence_length=lengths)
    got = solution(outputs, lengths, readout.kernel, readout.bias)
    assert_trees_close(got, readout(state.h))


def test_the_count_is_the_packages(rng):
    solution, cases = drawn("reading.operations")
    for rows, columns, hidden, classes in cases:
        model = row_lstm(columns, (hidden,), classes=classes, rng=rng)
        assert solution(rows, columns, hidden, classes) == multiply_adds(model, rows, columns)


def test_the_confusion_matrix_is_the_packages():
    solution, cases = drawn("reading.confusion", "numpy")
    for labels, answers, classes in cases:
        np.testing.assert_array_equal(solution(labels, answers, classes), confusion_matrix(labels, answers, classes))


def test_the_error_bar_is_numpys():
    solution, cases = drawn("reading.error_bar", "numpy")
    for answers, labels in cases:
        shares = (answers == labels).mean(axis=1)
        expected = shares.mean(), shares.std(ddof=1) / np.sqrt(len(shares))
        np.testing.assert_allclose(solution(answers, labels), expected)


def test_permuted_pictures_and_the_permuted_kernel_give_the_same_logits(rng):
    permute, moved = EXERCISES["reading.permute"].solution, EXERCISES["reading.same_logits"].solution
    images, order = rng.random((4, 3, 5)), rng.permutation(15)
    layer = Dense(rng.standard_normal((15, 6)), rng.standard_normal(6))
    permuted = Chain((Flatten(), Dense(moved(layer.kernel, order), layer.bias)))
    assert_trees_close(permuted(permute(images, order)), Chain((Flatten(), layer))(images))
    assert permute(images, order)[2, 1, 3] == images[2].ravel()[order[8]]


@pytest.mark.parametrize("case", range(3))
def test_the_way_back_is_autograds(case, rng):
    solution, cases = drawn("reading.backward")
    cell, kernel, bias, images = cases[case]
    watched = tree_map(lambda leaf: leaf.clone().requires_grad_(), (cell, kernel, bias))
    logits, backward = solution(*watched, images)
    gradient = to(random_like(logits.detach(), rng), "torch")
    expected = torch.autograd.grad((logits * gradient).sum(), leaves(watched), retain_graph=True)
    with torch.no_grad():
        assert_trees_close(tuple(leaves(backward(gradient))), expected)


def test_a_decision_stays(rng):
    solution = EXERCISES["reading.decided"].solution
    for _ in range(50):
        after_row = rng.random((6, 3))
        answers, at = after_row.argmax(axis=1), solution(after_row)
        assert set(answers[at:]) == {answers[-1]}
        assert at == 0 or answers[at - 1] != answers[-1]
