"""Chapter 04: the reference answers are those of the package, of torch.nn.functional and of Torch's autograd."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from rnn_course import AveragePool2D, Conv2D, Dense, MaxPool2D, output_size, parameters, same_padding, to
from rnn_course.checks import EXERCISES
from rnn_course.checks.catalogue import chapter_of
from rnn_course.conv import windows_forward
from tests.helpers import assert_trees_close

NAMES = [name for name in EXERCISES if chapter_of(name) == "04"]


def cases(name):
    """Every case of this exercise."""
    return pytest.mark.parametrize("case", range(len(EXERCISES[name].cases)))


def drawn(name, case, backend="numpy"):
    """The reference answer of an exercise, and fresh arguments of a case."""
    exercise = EXERCISES[name]
    return exercise.solution, tuple(to(argument, backend) for argument in exercise.arguments(case))


def nchw(x):
    return x.permute(0, 3, 1, 2)


def torch_conv(x, kernel, bias, stride):
    return functional.conv2d(nchw(x), kernel.permute(3, 2, 0, 1), bias, stride=stride).permute(0, 2, 3, 1)


@cases("conv.output_size")
def test_sizes_are_the_packages(case):
    solution, arguments = drawn("conv.output_size", case)
    assert solution(*arguments) == output_size(*arguments)


@cases("conv.same_padding")
def test_padding_is_the_packages(case):
    solution, arguments = drawn("conv.same_padding", case)
    assert solution(*arguments) == same_padding(*arguments)


@cases("conv.parameters")
def test_parameters_are_counted_as_they_are(case, rng):
    solution, (rows, columns, channels, filters, *size) = drawn("conv.parameters", case)
    convolution = Conv2D.init(channels, filters, tuple(size), rng=rng)
    image = convolution(np.zeros((1, rows, columns, channels), np.float32))
    dense = Dense.init(rows * columns * channels, image.size, rng=rng)
    expected = parameters(convolution), parameters(dense)
    assert solution(rows, columns, channels, filters, *size) == expected


@cases("conv.receptive_field")
def test_a_receptive_field_is_where_the_gradient_arrives(case):
    solution, (layers,) = drawn("conv.receptive_field", case)
    x = torch.ones(1, 1, 200, dtype=torch.float64, requires_grad=True)
    y = x
    for kernel, stride in layers:
        y = functional.conv1d(y, torch.ones(1, 1, kernel, dtype=torch.float64), stride=stride)
    (d_x,) = torch.autograd.grad(y[0, 0, y.shape[2] // 2], x)
    places = d_x[0, 0].nonzero()
    assert solution(layers) == int(places.max() - places.min()) + 1


@cases("conv.as_dense")
def test_the_dense_layer_is_the_convolution(case, rng):
    solution, (kernel, rows, columns) = drawn("conv.as_dense", case)
    x = rng.standard_normal((3, rows, columns, 1))
    y = Conv2D(kernel[:, :, None, None], np.zeros(1), padding="VALID")(x)
    assert_trees_close(x.reshape(3, -1) @ solution(kernel, rows, columns), y.reshape(3, -1))


@cases("conv.windows")
def test_windows_are_the_packages_and_torchs_unfold(case):
    solution, (x, size, stride) = drawn("conv.windows", case, "torch")
    got = solution(x, size, stride)
    assert_trees_close(got, windows_forward(x, size, stride)[0].reshape(got.shape))
    theirs = functional.unfold(nchw(x), size, stride=stride)  # [batch, channels * cells, places]
    theirs = theirs.reshape(x.shape[0], x.shape[3], size[0] * size[1], -1).permute(0, 3, 2, 1)
    assert_trees_close(got, theirs.reshape(got.shape))


@cases("conv.forward")
def test_the_convolution_is_the_packages_and_torchs(case):
    solution, (x, kernel, bias, stride) = drawn("conv.forward", case, "torch")
    got = solution(x, kernel, bias, stride)
    assert_trees_close(got, Conv2D(kernel, bias, stride, "VALID")(x))
    assert_trees_close(got, torch_conv(x, kernel, bias, stride))


@cases("conv.max_pool")
def test_max_pooling_is_the_packages(case):
    solution, (x, size) = drawn("conv.max_pool", case)
    assert_trees_close(solution(x, size), MaxPool2D(size, padding="SAME")(x))


@cases("conv.average_pool")
def test_average_pooling_is_the_packages(case):
    solution, (x, size, count) = drawn("conv.average_pool", case)
    assert_trees_close(solution(x, size, count), AveragePool2D(size, padding="SAME", count_padding=count)(x))


@cases("conv.backward")
def test_the_way_back_is_the_packages_and_autograds(case, rng):
    solution, (x, kernel, bias, stride) = drawn("conv.backward", case, "torch")
    y, backward = solution(x, kernel, bias, stride)
    d_y = to(rng.standard_normal(tuple(y.shape)), "torch")
    watched = [leaf.clone().requires_grad_() for leaf in (x, kernel, bias)]
    expected = torch.autograd.grad(torch_conv(*watched, stride), watched, d_y)
    assert_trees_close(backward(d_y), expected)
    d_layer, d_x = Conv2D(kernel, bias, stride, "VALID").forward(x)[1](d_y)
    assert_trees_close(backward(d_y), (d_x, d_layer.kernel, d_layer.bias))


@pytest.mark.parametrize("name", NAMES)
def test_cases_leave_nothing_to_chance(name):
    exercise = EXERCISES[name]
    assert len(exercise.cases) >= 3
    assert 5 <= len(exercise.mistakes) <= 12
