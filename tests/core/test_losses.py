import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_course import ShapeError, gradcheck, mean_squared_error, softmax_cross_entropy, to, to_numpy
from rnn_course.arrays import autograd
from rnn_course.losses import mean_squared_error_forward, sequence_mask, softmax_cross_entropy_forward

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


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("shape", [(5, 3), (4, 6, 7), (2, 3, 4, 5)])
def test_numpys_few_passes_are_the_lines_that_tensors_take(shape, masked, smoothing, kind, rng):
    logits = (5 * rng.standard_normal(shape)).astype(kind)
    mask = rng.random(shape[:-1]) < 0.6 if masked else None
    labels = rng.integers(0, shape[-1], shape[:-1])
    if masked:
        labels[~mask] = 99  # where nothing counts, any whole number
    before = logits.copy(), labels.copy()
    loss, backward = softmax_cross_entropy_forward(logits, labels, mask, smoothing)
    tensors = [None if array is None else torch.tensor(array) for array in (logits, labels, mask)]
    expected, expected_backward = softmax_cross_entropy_forward(*tensors, smoothing)
    tolerance = {"float32": 1e-5, "float64": 1e-13}[kind]
    assert float(loss) == pytest.approx(float(expected), rel=tolerance)
    for d_loss in (1.0, 2.5):  # backward may be called again
        d_logits = backward(d_loss)
        assert d_logits.dtype == loss.dtype == kind
        np.testing.assert_allclose(d_logits, expected_backward(d_loss).numpy(), rtol=tolerance, atol=tolerance)
    for array, copy in zip((logits, labels), before, strict=True):
        np.testing.assert_array_equal(array, copy)


def to_like(mask, x):
    return torch.tensor(mask) if isinstance(x, torch.Tensor) else mask


def test_squared_error_is_torchs_and_the_mask_leaves_rows_out(rng, backend):
    predictions, targets = rng.standard_normal((4, 3, 2)), rng.standard_normal((4, 3, 2))
    for rows, mask in ((slice(None), None), (MASK, to(MASK, backend))):
        expected = np.mean((predictions[rows] - targets[rows]) ** 2)
        got = mean_squared_error(*to((predictions, targets), backend), mask=mask)
        assert float(got) == pytest.approx(expected, rel=1e-12)


def test_a_batch_of_one_is_its_own_mean(rng, backend):
    logits, targets, label = rng.standard_normal((1, 3)), rng.standard_normal((1, 3)), np.array([2])
    expected = torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(label))
    assert float(softmax_cross_entropy(*to((logits, label), backend))) == pytest.approx(float(expected), rel=1e-12)
    expected = torch.nn.functional.mse_loss(torch.tensor(logits), torch.tensor(targets))
    assert float(mean_squared_error(*to((logits, targets), backend))) == pytest.approx(float(expected), rel=1e-12)


def test_the_loss_of_an_empty_batch_is_0(backend):
    logits, labels, no_numbers = to((np.zeros((0, 3)), np.zeros(0, int), np.zeros((3, 0))), backend)
    for shape, (loss, backward) in (
        ((0, 3), softmax_cross_entropy_forward(logits, labels)),
        ((0, 3), mean_squared_error_forward(logits, logits)),
        ((3, 0), mean_squared_error_forward(no_numbers, no_numbers)),
    ):
        assert float(loss) == 0
        assert tuple(backward().shape) == shape


def test_a_single_class_is_certain_however_smooth_its_target(rng, backend):
    logits, labels = to((rng.standard_normal((4, 1)), np.zeros(4, int)), backend)
    loss, backward = softmax_cross_entropy_forward(logits, labels, label_smoothing=0.3)
    assert float(loss) == 0
    np.testing.assert_allclose(to_numpy(backward()), np.zeros((4, 1)), atol=1e-15)


def test_masked_rows_have_no_gradient_and_nothing_counts_as_0(rng, backend):
    logits = to(rng.standard_normal((4, 3)), backend)
    _, backward = softmax_cross_entropy_forward(logits, to(LABELS, backend), to(MASK, backend))
    assert not to_numpy(backward())[~MASK].any()
    nothing = to(np.zeros(4, bool), backend)
    assert float(softmax_cross_entropy(logits, to(LABELS, backend), nothing)) == 0.0
    assert float(mean_squared_error(logits, logits + 1, nothing)) == 0.0


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
@pytest.mark.parametrize("lengths", [None, [0, 5, 2, 1]])
def test_cross_entropy_of_sequences_is_torchs_on_the_steps_that_count(lengths, smoothing, rng, backend):
    logits, labels = rng.standard_normal((4, 5, 3)), rng.integers(0, 3, (4, 5))
    mask = np.ones((4, 5), bool) if lengths is None else to_numpy(sequence_mask(np.array(lengths), 5))
    watched = torch.tensor(logits, requires_grad=True)
    expected = torch.nn.functional.cross_entropy(watched[mask], torch.tensor(labels[mask]), label_smoothing=smoothing)
    expected.backward()
    given_mask = None if lengths is None else to(mask, backend)
    loss, backward = softmax_cross_entropy_forward(*to((logits, labels), backend), given_mask, smoothing)
    assert float(loss) == pytest.approx(expected.item(), rel=1e-12)
    np.testing.assert_allclose(to_numpy(backward()), watched.grad, rtol=1e-11, atol=1e-16)
    whole = softmax_cross_entropy(*to((logits, labels), backend), given_mask, smoothing)
    assert float(whole) == float(loss)


def test_cross_entropy_over_images_is_that_of_their_pixels(rng, backend):
    logits, labels = to((rng.standard_normal((2, 5, 4, 3)), rng.integers(0, 3, (2, 5, 4))), backend)
    mask = to(rng.random((2, 5, 4)) < 0.5, backend)
    rows = softmax_cross_entropy(logits.reshape((40, 3)), labels.reshape((40,)), mask.reshape((40,)))
    assert float(softmax_cross_entropy(logits, labels, mask)) == pytest.approx(float(rows), rel=1e-14)


@pytest.mark.parametrize("mask", [None, np.arange(10).reshape(2, 5) % 3 > 0])
def test_the_gradients_of_sequence_losses_agree(mask, rng):
    labels = rng.integers(0, 3, (2, 5))

    def cross_entropy(logits):
        own = mask if mask is None else to_like(mask, logits)
        return softmax_cross_entropy_forward(logits, labels, own, label_smoothing=0.2)

    def squared_error(predictions):
        own = mask if mask is None else to_like(mask, predictions)
        return mean_squared_error_forward(predictions, 0 * predictions + 0.3, own)

    for loss in (cross_entropy, squared_error):
        assert (table := gradcheck(loss, rng.standard_normal((2, 5, 3)), rng=rng)).ok, table


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_what_is_masked_changes_nothing_whatever_it_is(seed):
    """Padding may be NaN, its labels no classes: loss and gradient stay, by hand and by autograd, and are 0 there."""
    rng = np.random.default_rng(seed)
    x, labels, targets = rng.standard_normal((3, 4, 2)), rng.integers(0, 2, (3, 4)), rng.standard_normal((3, 4, 2))
    mask = rng.random((3, 4)) < 0.6
    wild_x, wild_labels, wild_targets = np.copy(x), np.copy(labels), np.copy(targets)
    wild_x[~mask] = rng.choice([np.nan, np.inf, 1e300])
    wild_targets[~mask] = rng.choice([np.nan, 7.0])
    wild_labels[~mask] = -1
    for backend in ("numpy", "torch"):
        own = to(mask, backend)
        for loss, tame, wild in (
            (softmax_cross_entropy_forward, (x, labels), (wild_x, wild_labels)),
            (mean_squared_error_forward, (x, targets), (wild_x, wild_targets)),
        ):
            value, backward = loss(*to(tame, backend), own)
            wild_value, wild_backward = loss(*to(wild, backend), own)
            gradient = to_numpy(wild_backward())
            assert float(wild_value) == float(value)
            np.testing.assert_array_equal(gradient, to_numpy(backward()))
            assert not gradient[~mask].any()
            if backend == "torch":
                first, second = to(wild, backend)
                _, automatic = autograd(lambda z, loss=loss, own=own, second=second: loss(z, second, own)[0], first)
                np.testing.assert_allclose(automatic, gradient, rtol=1e-10, atol=1e-15)


def test_a_time_step_weighs_the_same_in_a_long_row_and_in_a_short_one(backend):
    predictions = to(np.array([[[1.0], [2.0], [3.0]], [[4.0], [9.0], [9.0]]]), backend)
    mask = sequence_mask(to(np.array([3, 1]), backend), 3)
    assert float(mean_squared_error(predictions, 0 * predictions, mask)) == (1 + 4 + 9 + 16) / 4


def test_a_mask_has_the_leading_axes_of_the_predictions(rng, backend):
    predictions, targets = to((rng.standard_normal((4, 3, 2)), rng.standard_normal((4, 3, 2))), backend)
    error = to_numpy(predictions - targets) ** 2
    for shape in ((4,), (4, 3), (4, 3, 2)):
        mask = rng.random(shape) < 0.5
        got = mean_squared_error(predictions, targets, to(mask, backend))
        assert float(got) == pytest.approx(error[mask].mean(), rel=1e-12)


def test_float32_stays_float32(rng, backend):
    x = to(rng.standard_normal((4, 3)).astype("float32"), backend)
    for loss, other in ((softmax_cross_entropy_forward, LABELS), (mean_squared_error_forward, 0 * x)):
        value, backward = loss(x, other, to(MASK, backend))
        assert str(value.dtype).endswith("float32")
        assert str(backward().dtype).endswith("float32")
    value = softmax_cross_entropy(x, LABELS, label_smoothing=np.float64(0.1))
    assert str(value.dtype).endswith("float32")


def test_a_sequence_mask_is_true_where_a_row_still_runs(backend):
    mask = sequence_mask(to(np.array([0, 3, 1]), backend), 3)
    assert to_numpy(mask).tolist() == [[False] * 3, [True] * 3, [True, False, False]]
    assert isinstance(mask, torch.Tensor) == (backend == "torch")


@settings(deadline=None)
@given(st.lists(st.integers(0, 9), max_size=6))
def test_the_rows_of_a_sequence_mask_count_their_lengths_from_the_left(lengths):
    mask = sequence_mask(np.array(lengths, int), 9)
    assert mask.shape == (len(lengths), 9)
    assert mask.sum(axis=1).tolist() == lengths
    assert all((np.diff(row.astype(int)) <= 0).all() for row in mask)


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
        ([0, 7, -1], ValueError, "got 7"),  # the first of them
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


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda x, y: softmax_cross_entropy(x, y[:, :2]),
            ShapeError,
            r"labels: expected \[batch=3, time=4\], got \[3, 2\]: axis 'time' is 2 instead of 4",
        ),
        (
            lambda x, y: softmax_cross_entropy(x[..., :0], y),
            ValueError,
            "classes: expected a positive whole number, got 0",
        ),
        (lambda x, y: softmax_cross_entropy(x[0, 0], y[0, 0]), ShapeError, r"logits: expected \[batch, classes\]"),
        (
            lambda x, y: softmax_cross_entropy(x, y, np.ones(3, bool)),
            ShapeError,
            r"mask: expected \[batch=3, time=4\], got \[3\], which has 1 axes",
        ),
        (lambda x, y: softmax_cross_entropy(x, y, np.ones((3, 4))), TypeError, "mask: expected booleans, True at"),
        (lambda x, y: mean_squared_error(x, x, np.ones((3, 4), int)), TypeError, "mask: expected booleans.* got int64"),
        (lambda x, y: mean_squared_error(x, x, [True] * 3), ShapeError, "mask: .* a list, which is no array"),
        (lambda x, y: mean_squared_error(x, x, np.array(True)), ShapeError, r"mask: expected \[batch=3\], got \[\]"),
        (
            lambda x, y: mean_squared_error(x, x, np.ones((3, 5), bool)),
            ShapeError,
            r"mask: expected \[batch=3, axis1=4\], got \[3, 5\]",
        ),
        (
            lambda x, y: mean_squared_error(x, x, np.ones((3, 4, 2, 1), bool)),
            ShapeError,
            r"mask: expected \[batch=3, axis1=4, axis2=2\], got \[3, 4, 2, 1\], which has 4 axes",
        ),
        (lambda x, y: softmax_cross_entropy(x, y + 2), ValueError, "labels: expected classes from 0 to 1, got 2"),
        (
            lambda x, y: softmax_cross_entropy(x, y, label_smoothing=1.0),
            ValueError,
            r"label_smoothing: expected a share from 0 to below 1, got 1\.0",
        ),
        (lambda x, y: softmax_cross_entropy(x, y, label_smoothing=-0.1), ValueError, "label_smoothing: expected"),
        (lambda x, y: sequence_mask(np.array([5, 1]), 4), ValueError, "lengths: expected .* from 0 to 4.* got 5"),
        (lambda x, y: sequence_mask(np.array([1, -1]), 4), ValueError, "lengths: expected .* got -1"),
        (lambda x, y: sequence_mask(np.array([1.0]), 4), TypeError, "lengths: expected whole numbers, got float64"),
        (lambda x, y: sequence_mask(np.array([[1]]), 4), ShapeError, r"lengths: expected \[batch\], got \[1, 1\]"),
        (lambda x, y: sequence_mask([1, 2], 4), ShapeError, "lengths: .* a list, which is no array"),
        (lambda x, y: sequence_mask(np.array([1]), 0), ValueError, "time: expected a positive whole number, got 0"),
    ],
)
def test_bad_sequences_are_named(call, error, message, without_shape_types):
    with pytest.raises(error, match=message):
        call(np.zeros((3, 4, 2)), np.zeros((3, 4), int))


def test_a_masked_label_need_not_be_a_class(backend):
    labels, mask = to(np.array([0, 5, 0]), backend), to(np.array([True, False, True]), backend)
    assert float(softmax_cross_entropy(to(np.array([[2.0], [3.0], [4.0]]), backend), labels, mask)) == 0
