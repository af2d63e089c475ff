import numpy as np
import pytest
import torch

from rnn_course import ShapeError, gradcheck, mean_squared_error, softmax_cross_entropy, to, to_numpy
from rnn_course.losses import mean_squared_error_forward, softmax_cross_entropy_forward

LABELS = np.array([2, 0, 1, 2])
MASK = np.array([True, False, True, True])


def test_cross_entropy_by_hand(backend):
    logits = to(np.log(np.array([[0.25, 0.75], [0.5, 0.5]])), backend)
    loss = softmax_cross_entropy(logits, to(np.array([0, 1]), backend))
    assert float(loss) == pytest.approx((np.log(4) + np.log(2)) / 2, rel=1e-14)


@pytest.mark.parametrize("mask", [None, MASK])
def test_cross_entropy_is_torchs(mask, rng, backend):
    logits = rng.standard_normal((4, 3))
    rows = slice(None) if mask is None else mask
    expected = torch.nn.functional.cross_entropy(torch.tensor(logits[rows]), torch.tensor(LABELS[rows]))
    loss = softmax_cross_entropy(*to((logits, LABELS), backend), mask=None if mask is None else to(mask, backend))
    assert float(loss) == pytest.approx(float(expected), rel=1e-12)


@pytest.mark.parametrize("mask", [None, MASK])
def test_the_gradients_agree(mask, rng):
    def cross_entropy(logits):
        loss, backward = softmax_cross_entropy_forward(logits, LABELS, mask if mask is None else to_like(mask, logits))
        return loss, backward

    def squared_error(predictions, targets):
        loss, backward = mean_squared_error_forward(
            predictions, targets, mask if mask is None else to_like(mask, predictions)
        )
        return loss, lambda d_loss: (backward(d_loss), -backward(d_loss))

    assert (table := gradcheck(cross_entropy, rng.standard_normal((4, 3)), rng=rng)).ok, table
    pair = rng.standard_normal((4, 3, 2)), rng.standard_normal((4, 3, 2))
    assert (table := gradcheck(squared_error, *pair, rng=rng)).ok, table


def to_like(mask, x):
    return torch.tensor(mask) if isinstance(x, torch.Tensor) else mask


def test_squared_error_is_torchs_and_the_mask_leaves_rows_out(rng, backend):
    predictions, targets = rng.standard_normal((4, 3, 2)), rng.standard_normal((4, 3, 2))
    for rows, mask in ((slice(None), None), (MASK, to(MASK, backend))):
        expected = np.mean((predictions[rows] - targets[rows]) ** 2)
        got = mean_squared_error(*to((predictions, targets), backend), mask=mask)
        assert float(got) == pytest.approx(expected, rel=1e-12)


def test_masked_rows_have_no_gradient_and_nothing_counts_as_0(rng, backend):
    logits = to(rng.standard_normal((4, 3)), backend)
    _, backward = softmax_cross_entropy_forward(logits, to(LABELS, backend), to(MASK, backend))
    assert not to_numpy(backward())[~MASK].any()
    assert float(softmax_cross_entropy(logits, to(LABELS, backend), to(np.zeros(4, bool), backend))) == 0.0


def test_extreme_logits_stay_finite(backend):
    logits = to(np.array([[1e4, -1e4], [-1e4, 1e4]]), backend)
    loss, backward = softmax_cross_entropy_forward(logits, to(np.array([1, 1]), backend))
    assert float(loss) == 1e4
    assert np.isfinite(to_numpy(backward())).all()


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        ([0, 1, 3], ValueError, "labels: expected classes from 0 to 2, got 3"),
        ([0, 1, -1], ValueError, "got -1"),
        ([0.0, 1.0, 2.0], TypeError, "labels: expected whole numbers, one class a row, got float64"),
        ([0, 1], ShapeError, r"labels: expected \[batch=3\], got \[2\]"),
    ],
)
def test_bad_labels_are_named(labels, error, message, without_shape_types):
    with pytest.raises(error, match=message):
        softmax_cross_entropy(np.zeros((3, 3)), np.array(labels))


def test_targets_must_fit(without_shape_types):
    with pytest.raises(ShapeError, match=r"targets: expected \[batch=3, axis1=2\], got \[3, 1\]"):
        mean_squared_error(np.zeros((3, 2)), np.zeros((3, 1)))
    with pytest.raises(ShapeError, match=r"mask: expected \[batch=3\], got \[2\]"):
        mean_squared_error(np.zeros((3, 2)), np.zeros((3, 2)), np.ones(2, bool))
