"""How wrong are the outputs? One number, and its gradient. Every loss has two doors, as every differentiable thing."""

from collections.abc import Callable

from jaxtyping import Bool, Float, Int

from rnn_course.activations import log_softmax
from rnn_course.arrays import Array, array_namespace, integers, to_numpy, zeros
from rnn_course.shapes import expect_shape

Scalar = Float[Array, ""]


def softmax_cross_entropy(
    logits: Float[Array, "batch classes"], labels: Int[Array, " batch"], mask: Bool[Array, " batch"] | None = None
) -> Scalar:
    """L = mean over the rows of −log softmax(logits)[label]; rows where `mask` is False do not count.

    `logits` are any real numbers, `labels` whole numbers from 0 to classes − 1. If no row counts, the loss is 0.
    Raises ShapeError for shapes that do not fit and ValueError for labels out of range.
    """
    return softmax_cross_entropy_forward(logits, labels, mask)[0]


def softmax_cross_entropy_forward(
    logits: Float[Array, "batch classes"], labels: Int[Array, " batch"], mask: Bool[Array, " batch"] | None = None
) -> tuple[Scalar, Callable]:
    """The loss, and backward: d_loss -> d_logits = d_loss · (softmax(logits) − one_hot(label)) / rows that count."""
    xp = array_namespace(logits)
    sizes = expect_shape("logits", logits, "batch classes")
    classes = integers(range(sizes["classes"]), like=logits)
    targets = _class_numbers(labels, logits)
    one_hot = xp.astype(targets[:, None] == classes[None, :], logits.dtype)  # [batch, classes]
    weights = _row_weights(logits, mask)  # [batch, 1], summing to 1
    log_p = log_softmax(logits)
    loss = -xp.sum(weights * one_hot * log_p)

    def backward(d_loss: float | Array = 1.0) -> Float[Array, "batch classes"]:
        return d_loss * weights * (xp.exp(log_p) - one_hot)

    return loss, backward


def mean_squared_error(
    predictions: Float[Array, "batch *rest"],
    targets: Float[Array, "batch *rest"],
    mask: Bool[Array, " batch"] | None = None,
) -> Scalar:
    """L = mean of (prediction − target)²; rows where `mask` is False do not count."""
    return mean_squared_error_forward(predictions, targets, mask)[0]


def mean_squared_error_forward(
    predictions: Float[Array, "batch *rest"],
    targets: Float[Array, "batch *rest"],
    mask: Bool[Array, " batch"] | None = None,
) -> tuple[Scalar, Callable]:
    """The loss, and backward: d_loss -> d_predictions = d_loss · 2 (prediction − target) / numbers that count."""
    xp = array_namespace(predictions)
    axes = " ".join(["batch", *(f"axis{k}" for k in range(1, len(predictions.shape)))])
    sizes = expect_shape("predictions", predictions, axes)
    expect_shape("targets", targets, axes, cause="", **sizes)
    error = xp.reshape(predictions - targets, (sizes["batch"], -1))  # [batch, numbers]
    weights = _row_weights(predictions, mask) / max(error.shape[1], 1)
    loss = xp.sum(weights * error * error)

    def backward(d_loss: float | Array = 1.0) -> Float[Array, "batch *rest"]:
        return xp.reshape(d_loss * 2 * weights * error, tuple(predictions.shape))

    return loss, backward


def _row_weights(like: Array, mask: Array | None) -> Float[Array, "batch 1"]:
    """1 / (rows that count) in each row that counts, 0 in the others."""
    xp = array_namespace(like)
    batch = like.shape[0]
    if mask is None:
        return zeros((batch, 1), like=like) + 1 / max(batch, 1)
    expect_shape("mask", mask, "batch", batch=batch)
    counts = xp.astype(mask, like.dtype)[:, None]
    total = xp.sum(counts)
    return counts / xp.where(total == 0, total + 1, total)


def _class_numbers(labels: Array, logits: Array) -> Int[Array, " batch"]:
    """The labels beside the logits, each a class that exists."""
    batch, classes = logits.shape
    expect_shape("labels", labels, "batch", batch=batch)
    values = to_numpy(labels)
    if values.dtype.kind not in "iu":
        raise TypeError(f"labels: expected whole numbers, one class a row, got {values.dtype}")
    wrong = values[(values < 0) | (values >= classes)]
    if wrong.size:
        raise ValueError(f"labels: expected classes from 0 to {classes - 1}, got {wrong[0]}")
    return integers(labels, like=logits)
