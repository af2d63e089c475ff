"""The exercises of chapters 01 to 03 against what is independent of them: the package's layers, losses and optimisers,
`torch.nn`, `torch.optim` and Torch's autograd."""

from itertools import combinations, pairwise

import numpy as np
import pytest
import torch
from torch.nn import functional

from rnn_course import Dense, adam, mlp, momentum, parameters, relu, sgd, to, tree_map
from rnn_course import softmax as package_softmax
from rnn_course.arrays import autograd
from rnn_course.checks import exercises
from rnn_course.checks.compare import agree
from rnn_course.checks.trial import Trial, call, reference
from rnn_course.gradcheck import sum_of_products
from rnn_course.optim import AdamState, MomentumState
from tests.helpers import assert_trees_close

from .references import same_outcome

EXERCISES = {name: e for name, e in exercises().items() if name.startswith(("views.", "dense.", "learn."))}
KINDS = [
    pytest.param(name, backend, dtype, id=f"{name}-{backend}-{dtype}")
    for name, exercise in EXERCISES.items()
    for backend in exercise.backends
    for dtype in exercise.dtypes
]


def every_case(name, dtype="float64"):
    exercise = EXERCISES[name]
    return [exercise.arguments(case, dtype) for case in range(len(exercise.cases))]


def solve(name):
    return EXERCISES[name].solution


@pytest.mark.parametrize(("name", "backend", "dtype"), KINDS)
def test_every_two_answers_differ_on_each_library_and_type(name, backend, dtype):
    """The solution and all mistakes are pairwise told apart by one library and one float type alone."""
    exercise = EXERCISES[name]
    trials = [Trial(case, backend, dtype) for case in range(len(exercise.cases))]
    answers = {"solution": exercise.solution} | {mistake.name: mistake.answer for mistake in exercise.mistakes}
    outcomes = {who: [call(exercise, answer, trial) for trial in trials] for who, answer in answers.items()}
    for one, other in combinations(outcomes, 2):
        pairs = zip(outcomes[one], outcomes[other], strict=True)
        differ = [a.error is not None or b.error is not None or not same_outcome(a, b) for a, b in pairs]
        assert any(differ), f"{one} and {other} are the same"


@pytest.mark.parametrize("name", [name for name, exercise in EXERCISES.items() if "torch" in exercise.backends])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_solution_is_the_same_on_both_libraries(name, dtype):
    exercise = EXERCISES[name]
    for case in range(len(exercise.cases)):
        by_numpy, by_torch = (reference(exercise, Trial(case, backend, dtype)) for backend in ("numpy", "torch"))
        assert agree(to(by_torch), by_numpy)


@pytest.mark.parametrize("name", EXERCISES)
def test_the_words_are_in_order(name):
    exercise = EXERCISES[name]
    said = [exercise.statement, exercise.reason, *exercise.hints, *(mistake.hint for mistake in exercise.mistakes)]
    assert all(text.rstrip('"').endswith((".", "?", ")")) for text in said)
    assert len(set(said)) == len(said)
    assert 4 <= len(exercise.mistakes) <= 13
    code = ("@ kernel", "np.concat", "torch.cat", "lambda")
    assert not any(piece in mistake.hint for mistake in exercise.mistakes for piece in code)


# Chapter 1


def test_rows_of_one_step_are_neighbours():
    for images, count in every_case("views.rows_per_step"):
        steps = solve("views.rows_per_step")(images, count)
        for step in range(steps.shape[1]):
            rows = images[:, step * count : (step + 1) * count]
            np.testing.assert_array_equal(steps[:, step], rows.reshape(len(images), -1))


def test_the_memory_is_a_running_sum():
    for (images,) in every_case("views.memory"):
        assert_trees_close(solve("views.memory")(images), np.cumsum(images, axis=1))


# Chapter 2


def test_shapes_and_counts_are_those_of_the_package(rng):
    for batch, inputs, hidden, classes in every_case("dense.shapes"):
        network = mlp((inputs, hidden, classes), rng=rng)
        first, second = network.layers[1], network.layers[3]
        h = first(np.zeros((batch, inputs), "float32"))
        shapes = first.kernel.shape, first.bias.shape, h.shape, second(h).shape
        assert solve("dense.shapes")(batch, inputs, hidden, classes) == shapes
    for (sizes,) in every_case("dense.parameters"):
        assert solve("dense.parameters")(sizes) == parameters(mlp(sizes, rng=rng))
        layers = [torch.nn.Linear(i, o) for i, o in pairwise(sizes)]
        assert solve("dense.parameters")(sizes) == sum(p.numel() for layer in layers for p in layer.parameters())
    assert solve("dense.parameters")((784, 625)) == 490_625


def test_layers_are_torchs():
    for name in ("dense.forward", "dense.every_step"):
        for x, kernel, bias in every_case(name):
            expected = functional.linear(*to((x, kernel.T, bias), "torch"))
            assert_trees_close(solve(name)(x, kernel, bias), expected)
            assert_trees_close(solve(name)(x, kernel, bias), Dense(kernel, bias)(x))
    for x, kernel1, bias1, kernel2, bias2 in every_case("dense.network"):
        expected = Dense(kernel2, bias2)(relu(Dense(kernel1, bias1)(x)))
        assert_trees_close(solve("dense.network")(x, kernel1, bias1, kernel2, bias2), expected)


def test_softmax_and_the_loss_are_torchs():
    for (logits,) in every_case("dense.softmax"):
        p = solve("dense.softmax")(logits)
        assert_trees_close(p, functional.softmax(to(logits, "torch"), dim=1))
        assert_trees_close(p, package_softmax(logits))
        np.testing.assert_allclose(p.sum(axis=1), 1)
    for logits, labels in every_case("dense.cross_entropy"):
        expected = functional.cross_entropy(*to((logits, labels), "torch"))
        assert float(solve("dense.cross_entropy")(logits, labels)) == pytest.approx(float(expected), rel=1e-12)
    for logits, labels in every_case("dense.accuracy"):
        assert solve("dense.accuracy")(logits, labels) == np.mean(logits.argmax(axis=1) == labels)


# Chapter 3


def gradients(run, arguments, weights=None):
    """The gradients of <weights, run(arguments)> by Torch's autograd."""

    def value(moved):
        return run(*moved) if weights is None else sum_of_products(run(*moved), to(weights, "torch"))

    return to(autograd(value, to(arguments, "torch"))[1])


def test_the_numeric_gradient_is_that_of_autograd_but_for_the_step():
    for f, x, step in every_case("learn.numeric"):
        a, b = to((f.a, f.b), "torch")
        (exact,) = gradients(lambda w, a=a, b=b: (a * w**3 + b * w**2).sum(), (x,))
        assert_trees_close(solve("learn.numeric")(f, x, step), exact + f.a * step**2)


def test_the_ways_back_are_autograds():
    for x, kernel, d_y in every_case("learn.dense_backward"):
        bias = np.zeros(kernel.shape[1])
        expected = gradients(lambda x, w, b: x @ w + b, (x, kernel, bias), d_y)
        assert_trees_close(solve("learn.dense_backward")(x, kernel, d_y), expected)
    for x, d_y in every_case("learn.relu_backward"):
        (expected,) = gradients(torch.relu, (x,), d_y)
        assert_trees_close(solve("learn.relu_backward")(x, d_y), expected)
    for logits, labels in every_case("learn.softmax_ce_backward"):
        y = to(labels, "torch")
        (expected,) = gradients(lambda z, y=y: functional.cross_entropy(z, y), (logits,))
        assert_trees_close(solve("learn.softmax_ce_backward")(logits, labels), expected)


def test_the_way_back_through_a_network_is_autograds(rng):
    for arguments in every_case("learn.network"):
        logits, backward = solve("learn.network")(*arguments)
        d_logits = rng.standard_normal(logits.shape)
        expected = gradients(lambda *a: solve("dense.network")(*a), arguments, d_logits)
        assert_trees_close(backward(d_logits), expected)


def test_steps_are_the_packages():
    for weights, gradient, rate in every_case("learn.sgd"):
        optimizer = sgd(rate)
        expected = optimizer.update(weights, gradient, optimizer.init(weights))[0]
        assert_trees_close(solve("learn.sgd")(weights, gradient, rate), expected)
    for weights, velocity, gradient, rate, decay in every_case("learn.momentum"):
        expected, state = momentum(rate, decay).update(weights, gradient, MomentumState(0, velocity))
        got = solve("learn.momentum")(weights, velocity, gradient, rate, decay)
        assert_trees_close(got, (expected, state.velocity))
    for weights, mean, square, gradient, step, *options in every_case("learn.adam"):
        expected, state = adam(*options).update(weights, gradient, AdamState(step - 1, mean, square))
        got = solve("learn.adam")(weights, mean, square, gradient, step, *options)
        assert_trees_close(got, (expected, state.mean, state.square))


def test_adam_is_torchs_over_several_steps(rng):
    start = rng.standard_normal((4, 3))
    w = torch.tensor(start, requires_grad=True)
    theirs = torch.optim.Adam([w], lr=0.1, betas=(0.8, 0.95), eps=1e-2)
    ours = start, 0 * start, 0 * start
    for step in range(1, 6):
        w.grad = torch.tensor(np.sin(step * to(w)))
        ours = solve("learn.adam")(*ours, np.sin(step * ours[0]), step, 0.1, 0.8, 0.95, 1e-2)
        theirs.step()
        assert_trees_close(ours[0], w)


def test_a_pass_has_every_example_once():
    for rng, examples, size in every_case("learn.batches"):
        cut = solve("learn.batches")(rng, examples, size)
        np.testing.assert_array_equal(np.sort(np.concatenate(cut)), np.arange(examples))
        assert [len(batch) for batch in cut[:-1]] == [size] * (len(cut) - 1)


def test_a_step_of_training_is_autograds_and_goes_downhill():
    for x, labels, kernel, bias, rate in every_case("learn.train_step"):
        loss, *new = solve("learn.train_step")(x, labels, kernel, bias, rate)
        x_torch, labels_torch = to((x, labels), "torch")

        def value(w, b, x=x_torch, y=labels_torch):
            return functional.cross_entropy(x @ w + b, y)

        expected = tree_map(lambda w, g, rate=rate: w - rate * g, (kernel, bias), gradients(value, (kernel, bias)))
        assert_trees_close(tuple(new), expected)
        assert float(loss) == pytest.approx(float(value(*to((kernel, bias), "torch"))), rel=1e-12)
        closer = solve("learn.train_step")(x, labels, kernel, bias, 1e-3)[1:]
        assert float(value(*to(closer, "torch"))) < float(loss)
