"""How an array lies in memory changes no number; extreme numbers stay finite; other kinds of numbers are refused.

Every cell of `CELLS`, and everything else of the core that takes arrays, on both array libraries.
"""

import numpy as np
import pytest
import torch

from rnn_course import (
    BasicRNNCell,
    Dense,
    dynamic_rnn,
    dynamic_rnn_forward,
    leaves,
    mean_squared_error,
    mean_squared_error_forward,
    sequence_mask,
    softmax_cross_entropy,
    softmax_cross_entropy_forward,
    to,
    to_numpy,
    tree_map,
)
from rnn_course.bidirectional import bidirectional_dynamic_rnn, bidirectional_dynamic_rnn_forward
from rnn_course.conv import Conv2D
from rnn_course.norm import BatchNorm, GroupNorm
from rnn_course.pool import AveragePool2D, MaxPool2D

from ..helpers import assert_trees_close, random_like, random_lstm
from .test_laws import CELLS, RAGGED, problem


def spread(x):
    """The same numbers with gaps between them, along every axis."""
    wide = np.full([2 * n for n in x.shape], 99, x.dtype)
    numbers = wide[(slice(None, None, 2),) * x.ndim]
    numbers[...] = x
    return numbers


def reversed_in_memory(x):
    """The same numbers from the last to the first: all strides are negative."""
    backwards = (slice(None, None, -1),) * x.ndim
    return x[backwards].copy()[backwards]


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


MEMORY = {
    "spread": spread,
    "column by column": np.asfortranarray,
    "reversed": reversed_in_memory,
    "read-only": read_only,
    "spread tensors": lambda x: torch.from_numpy(spread(x)),
    "tensors, column by column": lambda x: torch.from_numpy(np.asfortranarray(x)),
}


def both_doors(forward):
    """A result and, at the result itself, its gradients."""

    def run(*arguments):
        *results, backward = forward(*arguments)
        return *results, backward(*results)

    return run


def layer_problem(layer, shape):
    return lambda rng: (both_doors(lambda layer, x: layer.forward(x)), (layer(rng), rng.standard_normal(shape)))


def training(layer, x):
    y, moved, backward = layer.forward_training(x)
    return y, moved, backward(y)


def images(rng):
    return rng.standard_normal((2, 5, 4, 6))


# What is run, and its arguments: float64 NumPy arrays.
PROBLEMS = {
    "same convolution": layer_problem(lambda rng: random_like(Conv2D.init(3, 4, (2, 3), rng=rng), rng), (2, 5, 7, 3)),
    "valid convolution": layer_problem(
        lambda rng: random_like(Conv2D.init(3, 4, (2, 3), rng=rng, stride=(2, 1), padding="VALID"), rng), (2, 5, 7, 3)
    ),
    "max pooling": layer_problem(lambda rng: MaxPool2D((2, 3), 2, "SAME"), (2, 5, 7, 3)),
    "average pooling": layer_problem(lambda rng: AveragePool2D((2, 3), 2, "SAME"), (2, 5, 7, 3)),
    "group norm": layer_problem(lambda rng: random_like(GroupNorm.init(6, 2), rng), (2, 5, 4, 6)),
    "batch norm": layer_problem(lambda rng: tree_map(lambda w: w + 0.5, BatchNorm.init(6, dtype="float64")), (2, 5, 6)),
    "batch norm, training": lambda rng: (training, (random_like(BatchNorm.init(6), rng), images(rng))),
    "cross-entropy": lambda rng: (
        both_doors(softmax_cross_entropy_forward),
        (rng.standard_normal((2, 3, 5)), rng.integers(0, 5, (2, 3)), rng.random((2, 3)) < 0.6),
    ),
    "squared error": lambda rng: (
        both_doors(mean_squared_error_forward),
        (rng.standard_normal((4, 3)), rng.standard_normal((4, 3)), np.array([True, False, True, True])),
    ),
    "two directions": lambda rng: (
        lambda *arguments: bidirectional_dynamic_rnn_forward(*arguments)[:2],
        (random_lstm(3, 5, rng), random_lstm(3, 2, rng), rng.standard_normal((4, 6, 3))),
    ),
    **{
        name: lambda rng, name=name: (
            both_doors(lambda *arguments: dynamic_rnn_forward(*arguments, RAGGED)),
            problem(name, rng),
        )
        for name in CELLS
    },
}


@pytest.mark.parametrize("memory", MEMORY)
@pytest.mark.parametrize("name", PROBLEMS)
def test_the_memory_of_an_array_changes_nothing_and_is_not_changed(name, memory, rng):
    run, arguments = PROBLEMS[name](rng)
    expected = run(*arguments)
    moved = tree_map(MEMORY[memory], arguments)
    assert_trees_close(run(*moved), expected, rtol=1e-10)
    assert_trees_close(moved, arguments, rtol=0, atol=0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CELLS)
def test_pre_activations_of_ten_thousand_give_no_warning_and_no_nan(name, dtype, backend, rng):
    cell, inputs, state = problem(name, rng)
    arguments = cell, 1e4 * inputs, state
    arguments = to(tree_map(lambda leaf: leaf.astype(dtype), arguments), backend)
    outputs, final, backward = dynamic_rnn_forward(*arguments, RAGGED)
    results = outputs, final, backward(outputs, final)
    for leaf in leaves(results):
        assert np.isfinite(to_numpy(leaf)).all()
        assert to_numpy(leaf).dtype == dtype


@pytest.mark.parametrize("time", [0, 1, 5])
@pytest.mark.parametrize("door", [dynamic_rnn, dynamic_rnn_forward])
def test_the_state_after_any_time_is_that_of_one_step_at_a_time(time, door, backend, rng):
    cell = random_like(BasicRNNCell.init(3, 2, rng=rng), rng)
    arguments = cell, rng.standard_normal((1, time, 3)), rng.standard_normal((1, 2))
    cell, inputs, h = to(arguments, backend)
    outputs, state, *backward = door(cell, inputs, h)
    assert tuple(outputs.shape) == (1, time, 2)
    for t in range(time):
        _, h = cell(inputs[:, t], h)
    assert_trees_close(state, h, rtol=0, atol=0)
    for through in backward:
        d_cell, d_inputs, d_state = through(outputs, state)
        assert tuple(d_inputs.shape) == (1, time, 3)
        assert all(np.isfinite(to_numpy(leaf)).all() for leaf in leaves((d_cell, d_inputs, d_state)))


def test_2000_steps_forth_and_back_stay_finite(backend, rng):
    arguments = random_like(BasicRNNCell.init(3, 2, rng=rng), rng), rng.standard_normal((1, 2000, 3))
    outputs, state, backward = dynamic_rnn_forward(*to(arguments, backend))
    for leaf in leaves((outputs, state, backward(outputs, state))):
        assert np.isfinite(to_numpy(leaf)).all()


@pytest.mark.parametrize("kind", ["int64", "float32"])
@pytest.mark.parametrize("name", CELLS)
def test_inputs_of_another_type_than_the_weights_are_refused(name, kind, backend, rng, without_shape_types):
    cell, inputs, state = problem(name, rng)
    cell, inputs, state = to((cell, inputs.astype(kind), state), backend)
    for door in (dynamic_rnn, dynamic_rnn_forward):
        with pytest.raises(TypeError, match=rf"^cell\..* is .*float64, but inputs is .*{kind}: give both one floating"):
            door(cell, inputs, state)


@pytest.mark.parametrize("name", CELLS)
def test_a_state_of_another_type_than_the_inputs_is_refused(name, backend, rng):
    cell, inputs, state = problem(name, rng)
    cell, inputs, state = to((cell, inputs, tree_map(lambda leaf: leaf.astype("float32"), state)), backend)
    with pytest.raises(TypeError, match=r"^initial_state.* is .*float32, but inputs is .*float64: give both one fl"):
        dynamic_rnn(cell, inputs, state)


def test_labels_and_lengths_that_are_no_whole_numbers_are_refused(backend, without_shape_types):
    logits, labels = to((np.zeros((2, 3)), np.array([0.0, 1.0])), backend)
    with pytest.raises(TypeError, match="labels: expected whole numbers, one class a row, got float64"):
        softmax_cross_entropy(logits, labels)
    with pytest.raises(TypeError, match="lengths: expected whole numbers, got float64"):
        sequence_mask(labels, 3)
    with pytest.raises(TypeError, match=r"mask: expected booleans, .* got .*float64"):
        mean_squared_error(logits, logits, labels)
    with pytest.raises(TypeError, match="sequence_length: expected whole numbers, got float64"):
        bidirectional_dynamic_rnn(None, None, to(np.zeros((2, 3, 4)), backend), sequence_length=labels)


# Arrays of two kinds

LAYERS = {
    "dense": lambda rng: (Dense.init(3, 4, rng=rng, dtype="float64"), "kernel", (2, 3)),
    "convolution": lambda rng: (Conv2D.init(3, 4, rng=rng, dtype="float64"), "kernel", (2, 5, 4, 3)),
    "group norm": lambda rng: (GroupNorm.init(6, 2, dtype="float64"), "gamma", (2, 5, 4, 6)),
    "batch norm": lambda rng: (BatchNorm.init(6, dtype="float64"), "gamma", (2, 5, 4, 6)),
}
OTHER_KINDS = {
    ("numpy", "integers"): (
        lambda x: x.astype("int64"),
        "{x} is int64, but {w} is float64: give both one floating-point",
    ),
    ("numpy", "single"): (lambda x: x.astype("float32"), "{x} is float32, but {w} is float64: give both one floating-"),
    ("numpy", "torch"): (
        torch.tensor,
        r"{x} is a torch array, but {w} is a numpy array: bring both to one library with",
    ),
    ("torch", "integers"): (lambda x: x.long(), "{x} is torch.int64, but {w} is torch.float64: give both one floating"),
    ("torch", "single"): (
        lambda x: x.float(),
        "{x} is torch.float32, but {w} is torch.float64: give both one floating",
    ),
    ("torch", "numpy"): (
        to_numpy,
        r"{x} is a numpy array, but {w} is a torch array: bring both to one library with rnn",
    ),
    ("torch", "device"): (
        lambda x: x.to("meta"),
        r"{x} is on meta, but {w} is on cpu: move one of them with rnn_course",
    ),
}
other_kinds = pytest.mark.parametrize("other", OTHER_KINDS, ids="-".join)


@other_kinds
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_refuses_inputs_of_another_kind(name, other, rng, without_shape_types):
    layer, weight, shape = LAYERS[name](rng)
    layer, x = to((layer, rng.standard_normal(shape)), other[0])
    change, message = OTHER_KINDS[other]
    with pytest.raises(TypeError, match=message.format(x="x", w=weight)):
        layer(change(x))
    layer(x)


@other_kinds
@pytest.mark.parametrize("name", CELLS)
def test_a_step_refuses_inputs_and_states_of_another_kind(name, other, rng, without_shape_types):
    cell, inputs, state = to(problem(name, rng), other[0])
    change, message = OTHER_KINDS[other]
    swapped = {"x": r"x", "w": r"cell\.[\w.]+"}
    with pytest.raises(TypeError, match="^" + reworded(message).format(**swapped)):
        cell(change(inputs[:, 0]), state)
    with pytest.raises(TypeError, match="^" + message.format(x=r"state[\w.]*", w="x")):
        cell(inputs[:, 0], tree_map(change, state))


def reworded(message):
    """The message with what is said of both exchanged: a step names its weights first."""
    first, second = message.partition(":")[0].split(", but ")
    return f"{second}, but {first}"


@other_kinds
def test_a_sequence_refuses_a_cell_of_another_kind(other, rng, without_shape_types):
    cell, inputs, _ = to(problem("lstm", rng), other[0])
    change, message = OTHER_KINDS[other]
    for door in (dynamic_rnn, dynamic_rnn_forward):
        with pytest.raises(TypeError, match="^" + message.format(x=r"cell\.kernel", w="inputs")):
            door(tree_map(change, cell), inputs)


@other_kinds
def test_a_squared_error_refuses_targets_of_another_kind(other, rng, without_shape_types):
    predictions, targets = to((rng.standard_normal((4, 3)), rng.standard_normal((4, 3))), other[0])
    change, message = OTHER_KINDS[other]
    with pytest.raises(TypeError, match="^" + message.format(x="targets", w="predictions")):
        mean_squared_error(predictions, change(targets))


def test_losses_of_whole_numbers_are_refused(backend, without_shape_types):
    numbers, labels = to((np.ones((2, 3), "int64"), np.array([0, 2])), backend)
    with pytest.raises(TypeError, match=r"predictions: expected floating-point numbers, got .*int64"):
        mean_squared_error(numbers, numbers)
    with pytest.raises(TypeError, match=r"logits: expected floating-point numbers, got .*int64"):
        softmax_cross_entropy(numbers, labels)


def test_under_autocast_the_types_of_numbers_may_differ_but_not_the_kinds(rng, without_shape_types):
    layer = Dense.init(3, 4, rng=rng, backend="torch")
    x = torch.ones((2, 3), dtype=torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        np.testing.assert_allclose(to_numpy(layer(x)), to_numpy(layer(x.float())), rtol=0.02, atol=0.02)
        with pytest.raises(TypeError, match=r"x is torch.int64, but kernel is torch.float32"):
            layer(x.long())
        with pytest.raises(TypeError, match="x is on meta, but kernel is on cpu"):
            layer(x.to("meta"))
    with pytest.raises(TypeError, match=r"x is torch.bfloat16, but kernel is torch.float32: give both"):
        layer(x)
