"""Chapter 05: the reference answers are those of the package, of torch.nn.functional and of Torch's autograd."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from rnn_course import BatchNorm, Dense, GroupNorm, layer_norm, to
from rnn_course.checks import EXERCISES
from rnn_course.checks.catalogue import chapter_of
from tests.helpers import assert_trees_close

NAMES = [name for name in EXERCISES if chapter_of(name) == "05"]


def cases(name):
    """Every case of this exercise."""
    return pytest.mark.parametrize("case", range(len(EXERCISES[name].cases)))


def drawn(name, case, backend="torch"):
    """The reference answer of an exercise, and fresh arguments of a case."""
    exercise = EXERCISES[name]
    return exercise.solution, tuple(to(argument, backend) for argument in exercise.arguments(case))


def nchw(x):
    return x.permute(0, 3, 1, 2)


@cases("norm.count")
def test_means_are_counted_as_they_are(case, rng):
    solution, (batch, rows, columns, channels, groups) = drawn("norm.count", case)
    x = rng.standard_normal((batch, rows, columns, channels))
    grouped = x.reshape(batch, rows, columns, groups, channels // groups)
    means = x.mean(axis=(0, 1, 2)), x.mean(axis=(1, 2, 3)), x.mean(axis=(1, 2)), grouped.mean(axis=(1, 2, 4))
    assert solution(batch, rows, columns, channels, groups) == tuple(mean.size for mean in means)


@cases("norm.standardise")
def test_standardised_numbers_are_torchs(case):
    solution, (x, axes, eps) = drawn("norm.standardise", case)
    variance, mean = torch.var_mean(x, axes, correction=0, keepdim=True)
    assert_trees_close(solution(x, axes, eps), (x - mean) * torch.rsqrt(variance + eps))


@cases("norm.group_norm")
def test_group_norm_is_the_packages_and_torchs(case):
    solution, (x, gamma, beta, groups, eps) = drawn("norm.group_norm", case)
    got = solution(x, gamma, beta, groups, eps)
    assert_trees_close(got, GroupNorm(gamma, beta, groups, eps)(x))
    assert_trees_close(got, functional.group_norm(nchw(x), groups, gamma, beta, eps).permute(0, 2, 3, 1))


@cases("norm.backward")
def test_layer_norm_and_back_are_the_packages_and_torchs(case, rng):
    solution, (x, gamma, beta, eps) = drawn("norm.backward", case)
    y, backward = solution(x, gamma, beta, eps)
    d_y = to(rng.standard_normal(tuple(y.shape)), "torch")
    watched = [leaf.clone().requires_grad_() for leaf in (x, gamma, beta)]
    theirs = functional.layer_norm(watched[0], (x.shape[1],), *watched[1:], eps)
    assert_trees_close(y, theirs.detach())
    assert_trees_close(backward(d_y), torch.autograd.grad(theirs, watched, d_y))
    ours, package_backward = layer_norm(x.shape[1])._replace(gamma=gamma, beta=beta, eps=eps).forward(x)
    d_layer, d_x = package_backward(d_y)
    assert_trees_close((y, *backward(d_y)), (ours, d_x, d_layer.gamma, d_layer.beta))


@cases("norm.batch_training")
def test_batch_norm_in_training_is_the_packages_and_torchs(case):
    solution, (x, gamma, beta, mean, variance, momentum, eps) = drawn("norm.batch_training", case)
    y, new_mean, new_variance = solution(x, gamma, beta, mean, variance, momentum, eps)
    ours, layer, _ = BatchNorm(gamma, beta, mean, variance, eps, momentum).forward_training(x)
    assert_trees_close((y, new_mean, new_variance), (ours, layer.running_mean, layer.running_variance))
    theirs = functional.batch_norm(nchw(x), mean, variance, gamma, beta, True, momentum, eps)  # changes them in place
    assert_trees_close((y, new_mean, new_variance), (theirs.permute(0, 2, 3, 1), mean, variance))


@cases("norm.batch_inference")
def test_batch_norm_at_inference_is_the_packages_and_torchs(case):
    solution, (x, gamma, beta, mean, variance, eps) = drawn("norm.batch_inference", case)
    got = solution(x, gamma, beta, mean, variance, eps)
    assert_trees_close(got, BatchNorm(gamma, beta, mean, variance, eps)(x))
    theirs = functional.batch_norm(nchw(x), mean, variance, gamma, beta, False, 0.1, eps)
    assert_trees_close(got, theirs.permute(0, 2, 3, 1))


@cases("norm.fold")
def test_a_folded_layer_answers_as_both(case, rng):
    solution, (kernel, bias, gamma, beta, mean, variance, eps) = drawn("norm.fold", case, "numpy")
    x = rng.standard_normal((6, kernel.shape[0]))
    both = BatchNorm(gamma, beta, mean, variance, eps)(Dense(kernel, bias)(x))
    assert_trees_close(Dense(*solution(kernel, bias, gamma, beta, mean, variance, eps))(x), np.asarray(both))


@pytest.mark.parametrize("name", NAMES)
def test_cases_leave_nothing_to_chance(name):
    exercise = EXERCISES[name]
    assert len(exercise.cases) >= 3
    assert 5 <= len(exercise.mistakes) <= 12
