"""How wrong are the outputs? One number, and its gradient. Every loss has two doors, as every differentiable thing.

A loss is a mean over places: the rows of a batch, or all time steps of all rows. `mask` says which places count; the
others may hold anything, padding or NaN, and get a gradient of exactly 0. Each place that counts weighs the same, so a
long sequence weighs more than a short one.
"""

from collections.abc import Callable
from math import prod

from rnn_course.activations import log_softmax
from rnn_course.arrays import Array, array_namespace, device, integers, is_numpy_array, to_numpy, zeros
from rnn_course.init import check_sizes
from rnn_course.kernels import cross_entropy
from rnn_course.shape_types import Bool, Float, Int
from rnn_course.shapes import expect_floating, expect_lengths, expect_same_kind, expect_shape

Scalar = Float[Array, ""]


def softmax_cross_entropy(
    logits: Float[Array, "*places classes"],
    labels: Int[Array, "*places"],
    mask: Bool[Array, "*places"] | None = None,
    label_smoothing: float = 0.0,
) -> Scalar:
    """L = mean over the places of −Σ target · log softmax(logits), the target being 1 at the label and 0 elsewhere.

    logits           any real numbers, `[batch, classes]` or `[batch, time, classes]`
    labels           a class for each place, from 0 to classes − 1; where nothing counts, any whole number
    mask             True at the places that count; if none does, the loss is 0
    label_smoothing  ε from 0 to below 1: the target is (1 − ε) · one_hot(label) + ε / classes (Szegedy et al. 2016)

    Equal to `torch.nn.functional.cross_entropy` on the places that count. Raises ShapeError for shapes that do not fit,
    ValueError for labels or an ε out of range, and TypeError for logits, labels or a mask of the wrong kind.
    """
    return softmax_cross_entropy_forward(logits, labels, mask, label_smoothing)[0]


def softmax_cross_entropy_forward(
    logits: Float[Array, "*places classes"],
    labels: Int[Array, "*places"],
    mask: Bool[Array, "*places"] | None = None,
    label_smoothing: float = 0.0,
) -> tuple[Scalar, Callable]:
    """The loss, and backward: d_loss -> d_logits = d_loss · (softmax(logits) − target) / places that count."""
    if not 0 <= label_smoothing < 1:
        raise ValueError(f"label_smoothing: expected a share from 0 to below 1, got {label_smoothing!r}")
    xp = array_namespace(logits)
    sizes = expect_shape("logits", logits, _logit_axes(logits))
    classes = sizes.pop("classes")
    expect_floating("logits", logits)
    check_sizes(classes=classes)
    if mask is not None:
        mask = _mask_beside(logits, mask, sizes)
        logits = xp.where(xp.expand_dims(mask, axis=-1), logits, 0.0)
    labels = _class_numbers(labels, logits, sizes, mask)
    weights = _weights(tuple(labels.shape), mask, like=logits)  # [*places]
    if is_numpy_array(logits):
        return cross_entropy.forward(logits, labels, weights, float(label_smoothing))
    one_hot = xp.astype(labels[..., None] == integers(range(classes), like=logits), logits.dtype)  # [*places, classes]
    smoothing = float(label_smoothing)
    target = (1 - smoothing) * one_hot + smoothing / classes
    weights = weights[..., None]
    log_p = log_softmax(logits)
    loss = -xp.sum(weights * target * log_p)

    def backward(d_loss: float | Array = 1.0) -> Float[Array, "*places classes"]:
        return d_loss * weights * (xp.exp(log_p) - target)

    return loss, backward


def mean_squared_error(
    predictions: Float[Array, " batch *rest"],
    targets: Float[Array, " batch *rest"],
    mask: Bool[Array, "batch ..."] | None = None,
) -> Scalar:
    """L = mean of (prediction − target)² over all numbers, of all places that count.

    predictions, targets  of one shape, such as `[batch, numbers]` or `[batch, time, numbers]`
    mask                  True at the places that count: the leading axes of the predictions, `[batch]` or `[batch,
                          time]`, or all of them; if no place counts, the loss is 0

    Raises ShapeError for shapes that do not fit, and TypeError for numbers that are not floating-point ones of one
    type, or a mask that is not of booleans.
    """
    return mean_squared_error_forward(predictions, targets, mask)[0]


def mean_squared_error_forward(
    predictions: Float[Array, " batch *rest"],
    targets: Float[Array, " batch *rest"],
    mask: Bool[Array, "batch ..."] | None = None,
) -> tuple[Scalar, Callable]:
    """The loss, and backward: d_loss -> d_predictions = d_loss · 2 (prediction − target) / numbers that count."""
    xp = array_namespace(predictions)
    axes = ["batch", *(f"axis{k}" for k in range(1, len(predictions.shape)))]
    sizes = expect_shape("predictions", predictions, " ".join(axes))
    expect_shape("targets", targets, " ".join(axes), cause="", **sizes)
    expect_floating("predictions", predictions)
    expect_same_kind("targets", targets, predictions, "predictions")
    places = max(1, len(getattr(mask, "shape", ())))  # how many of the axes say which place it is
    shape, rest = tuple(predictions.shape), (1,) * (len(axes) - places)
    error = predictions - targets
    if mask is not None:
        mask = _mask_beside(predictions, mask, {axis: sizes[axis] for axis in axes[:places]})
        error = xp.where(xp.reshape(mask, shape[:places] + rest), error, 0.0)
    weights = _weights(shape[:places], mask, like=predictions) / max(prod(shape[places:]), 1)
    weights = xp.reshape(weights, shape[:places] + rest)
    loss = xp.sum(weights * error * error)

    def backward(d_loss: float | Array = 1.0) -> Float[Array, " batch *rest"]:
        return d_loss * 2 * weights * error

    return loss, backward


def sequence_mask(lengths: Int[Array, " batch"], time: int) -> Bool[Array, "batch time"]:
    """mask[b, t] = t < lengths[b]: True at the steps that count, as `tf.sequence_mask` has it.

    lengths  how many steps of each row count, 0 … time
    time     the size of the time axis

    Raises ShapeError unless `lengths` has one axis, TypeError if it is not of whole numbers, and ValueError for a
    length outside 0 … time.
    """
    check_sizes(time=time)
    expect_shape("lengths", lengths, "batch")
    expect_lengths("lengths", lengths, time)
    return integers(range(time), like=lengths)[None, :] < lengths[:, None]


def _logit_axes(logits: Array) -> str:
    """The names of the axes: `batch classes`, `batch time classes`, or more axes between them."""
    between = len(logits.shape) - 2
    names = ["time"] if between == 1 else [f"axis{k}" for k in range(1, between + 1)]
    return " ".join(["batch", *names, "classes"])


def _mask_beside(like: Array, mask: Array, sizes: dict[str, int]) -> Bool[Array, "*places"]:
    """The mask in the library and on the device of `like`, if it has these axes and is of booleans."""
    expect_shape("mask", mask, " ".join(sizes), cause="", **sizes)
    if "bool" not in str(mask.dtype):
        raise TypeError(f"mask: expected booleans, True at the places that count, got {mask.dtype}")
    return array_namespace(like).asarray(mask, device=device(like))


def _weights(shape: tuple[int, ...], mask: Array | None, like: Array) -> Float[Array, "*places"]:
    """1 / (places that count) at each place that counts, 0 at the others."""
    xp = array_namespace(like)
    if mask is None:
        return zeros(shape, like=like) + 1 / max(prod(shape), 1)
    counts = xp.astype(mask, like.dtype)
    total = xp.sum(counts)
    return counts / xp.where(total == 0, total + 1, total)


def _class_numbers(labels: Array, logits: Array, sizes: dict[str, int], mask: Array | None) -> Int[Array, "*places"]:
    """The labels beside the logits, each a class that exists, unless it does not count."""
    expect_shape("labels", labels, " ".join(sizes), cause="", **sizes)
    classes = logits.shape[-1]
    values = to_numpy(labels)
    if values.dtype.kind not in "iu":
        raise TypeError(f"labels: expected whole numbers, one class a row, got {values.dtype}")
    wrong = (values < 0) | (values >= classes)
    if mask is not None:
        wrong &= to_numpy(mask)
    if wrong.any():
        raise ValueError(f"labels: expected classes from 0 to {classes - 1}, got {values[wrong][0]}")
    return integers(labels, like=logits)
