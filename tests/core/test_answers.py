"""Multiply-adds, confusion matrices and standard errors, against counts made another way."""

import numpy as np
import pytest
import torch

from rnn_course import (
    Activation,
    BasicRNNCell,
    BatchNorm,
    Chain,
    Conv2D,
    Dense,
    Flatten,
    LastStepClassifier,
    LSTMCell,
    MaxPool2D,
    MultiRNNCell,
    ShapeError,
    confusion_matrix,
    mlp,
    multiply_adds,
    row_bilstm,
    row_lstm,
    standard_error,
    to,
)
from rnn_course.norm import layer_norm


def counted_by_torch(model, *shape):
    """The multiply-adds of the same network as Torch counts them while it runs: half of its FLOPs."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        model(torch.zeros((1, *shape)))
    return counter.get_total_flops() // 2


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_counts_done_by_hand(rng, backend):
    def count(model, *shape):
        return multiply_adds(to(model, backend), *shape)

    assert count(Dense.init(7, 3, rng=rng), 7) == 21
    assert count(Dense.init(7, 3, rng=rng), 5, 7) == 105  # at five places
    assert count(Conv2D.init(2, 5, rng=rng), 4, 6, 2) == 4 * 6 * 9 * 2 * 5
    assert count(Conv2D.init(2, 5, (3, 2), rng=rng, padding="VALID"), 4, 6, 2) == 2 * 5 * 6 * 2 * 5
    assert count(Conv2D.init(2, 5, rng=rng, stride=2), 4, 6, 2) == 2 * 3 * 9 * 2 * 5
    assert count(row_lstm(28, (64,), rng=rng), 28, 28) == 660_096
    assert count(row_lstm(3, (5, 7), classes=2, rng=rng), 11, 3) == 11 * (8 * 20 + 12 * 28) + 14
    assert count(row_bilstm(3, (5,), classes=2, rng=rng), 11, 3) == 11 * 2 * 8 * 20 + 20


def test_torch_counts_the_same(rng):
    dense = mlp((30, 8, 4), rng=rng)
    modules = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(30, 8), torch.nn.ReLU(), torch.nn.Linear(8, 4))
    assert multiply_adds(dense, 5, 6) == counted_by_torch(modules, 5, 6)
    layers = (Conv2D.init(1, 3, rng=rng), Activation("relu"), MaxPool2D(), Conv2D.init(3, 5, rng=rng))
    modules = torch.nn.Sequential(
        torch.nn.Conv2d(1, 3, 3, padding=1), torch.nn.MaxPool2d(2), torch.nn.Conv2d(3, 5, 3, padding=1)
    )
    assert multiply_adds(Chain((*layers, Flatten())), 8, 6, 1) == counted_by_torch(modules, 1, 8, 6)


def test_a_stack_costs_the_sum_of_its_cells_and_a_basic_cell_a_quarter_of_an_lstm(rng):
    def of(cell):
        return multiply_adds(LastStepClassifier(cell, Dense.init(5, 2, rng=rng)), 6, 3) - 10

    lstm, basic = LSTMCell.init(3, 5, rng=rng), BasicRNNCell.init(3, 5, rng=rng)
    assert of(lstm) == 4 * of(basic)
    assert of(MultiRNNCell([lstm, LSTMCell.init(5, 5, rng=rng)])) == of(lstm) + 6 * 10 * 20


def test_what_has_no_kernel_costs_nothing_and_what_cannot_be_counted_says_so(rng):
    chain = Chain((Dense.init(4, 6, rng=rng), layer_norm(6), BatchNorm.init(6), Activation("tanh")))
    assert multiply_adds(chain, 4) == 24
    with pytest.raises(TypeError, match=r"cannot count a Odd, which has kernels of shape \[\(4, 3\)\]"):
        multiply_adds(Odd(np.ones((4, 3))), 4)


class Odd(tuple):
    """A layer with a kernel that nobody knows."""

    def __new__(cls, kernel):
        return super().__new__(cls, (kernel,))

    def __call__(self, x):
        return x @ self[0]


def test_a_confusion_matrix_counts_every_pair(rng):
    labels, answers = rng.integers(0, 4, 50), rng.integers(0, 4, 50)
    matrix = confusion_matrix(labels, answers, 5)
    for label in range(5):
        for answer in range(5):
            assert matrix[label, answer] == sum((labels == label) & (answers == answer))
    np.testing.assert_array_equal(confusion_matrix(torch.tensor(labels), torch.tensor(answers), 5), matrix)
    np.testing.assert_array_equal(confusion_matrix(labels[:0], answers[:0], 3), np.zeros((3, 3)))


def test_a_confusion_matrix_of_bad_lists_is_one_clear_error():
    with pytest.raises(ShapeError, match="one answer for each label"):
        confusion_matrix(np.array([1, 2]), np.array([1]))
    with pytest.raises(ValueError, match="answers: expected classes from 0 to 2, got 0 to 3"):
        confusion_matrix(np.array([1, 2]), np.array([0, 3]), 3)
    with pytest.raises(ValueError, match="labels: expected classes from 0 to 9, got -1 to 2"):
        confusion_matrix(np.array([-1, 2]), np.array([0, 3]))


def test_the_standard_error_is_the_scatter_of_accuracies(rng):
    scatter = (rng.random((20_000, 50)) < 0.9).mean(axis=1).std()
    assert standard_error(0.9, 50) == pytest.approx(scatter, rel=0.03)
    for share, examples in ((1.1, 5), (-0.1, 5), (0.5, 0)):
        with pytest.raises(ValueError, match="a share from 0 to 1 of at least one example"):
            standard_error(share, examples)
