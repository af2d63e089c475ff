"""Updates in the arrays themselves: the same bits as the pure ones, and no array of anybody else is ever written to."""

import numpy as np
import pytest

from rnn_course import (
    Activation,
    BatchNorm,
    Chain,
    Dense,
    adam,
    adamw,
    classifier_loss,
    fit,
    leaves,
    load_digits,
    mlp,
    one_cycle,
    row_lstm,
    sgd,
    tree_map,
)
from rnn_course.kernels.adam import PIECE

from ..helpers import assert_trees_close, random_like

OPTIMIZERS = {
    "adam": adam(0.1, 0.8, 0.95, 1e-2),
    "adam, epsilon hat": adam(0.1, epsilon_hat=True),
    "adamw": adamw(0.1, 0.4, 0.8, 0.95, 1e-2),
    "adamw, schedule": adamw(lambda step: 0.1 / step, 0.4),
}


def ids(tree):
    return {id(leaf) for leaf in leaves(tree)}


def copied(tree):
    return tree_map(np.copy, tree)


def assert_same_bits(got, expected):
    assert_trees_close(got, expected, rtol=0, atol=0)
    assert [leaf.dtype for leaf in leaves(got)] == [leaf.dtype for leaf in leaves(expected)]


@pytest.fixture(params=["float32", "float64"])
def weights(request, rng):
    """Arrays of several pieces, of less than one and of none; a name; and one that is stored by columns."""
    arrays = rng.standard_normal((3, PIECE)), rng.standard_normal((PIECE + 5,)), np.ones(0), rng.standard_normal((7, 5))
    one, two, three, four = (array.astype(request.param) for array in arrays)
    return one, (two, "tanh", three), four


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_every_update_has_the_bits_of_the_pure_one(optimizer, weights, rng):
    kind = weights[0].dtype
    model, own = weights, copied(weights)
    state, own_state = optimizer.init(model), optimizer.init(own)
    for _ in range(4):
        gradient = tree_map(lambda leaf: leaf.astype(kind), random_like(weights, rng))
        gradient = *gradient[:2], np.asfortranarray(gradient[2])  # in memory by columns
        before = copied((model, gradient, state))
        model, state = optimizer.update(model, gradient, state)
        moved, own_state = optimizer.in_place(own, gradient, own_state, owned=ids(own))
        assert ids(moved) == ids(own)
        assert_same_bits((moved, own_state), (model, state))
        assert own_state.step == state.step
        assert_same_bits(gradient, before[1])


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_what_is_not_owned_is_not_written_to(optimizer, weights):
    before = copied(weights)
    moved, _ = optimizer.in_place(weights, weights, optimizer.init(weights), owned={id(weights[0])})
    expected, _ = optimizer.update(before, before, optimizer.init(before))
    assert_same_bits(moved, expected)
    assert_same_bits(weights[1:], before[1:])
    assert moved[0] is weights[0]


def test_a_gradient_that_is_the_weights(rng):
    """As that of a·b is (b, a): all of it is read before any weight is changed."""
    weights, optimizer = (rng.standard_normal(5), rng.standard_normal(5)), adamw(0.1)
    own = copied(weights)
    moved, _ = optimizer.in_place(own, own[::-1], optimizer.init(own), owned=ids(own))
    assert_same_bits(moved, optimizer.update(weights, weights[::-1], optimizer.init(weights))[0])


def test_other_numbers_take_the_pure_way(rng):
    model = (rng.standard_normal((5, 3)).astype("float32"),)
    gradient = (rng.standard_normal((5, 3)),)  # float64
    optimizer = adam(0.1)
    got, _ = optimizer.in_place(model, gradient, optimizer.init(model), owned=ids(model))
    assert_same_bits(got, optimizer.update(model, gradient, optimizer.init(model))[0])
    assert got[0] is not model[0]


def normed(*, rng):
    """A network with running statistics, which are no weights."""
    return Chain((*mlp((784, 12), rng=rng).layers, BatchNorm.init(12), Activation("relu"), Dense.init(12, 10, rng=rng)))


MODELS = {"mlp": lambda rng: mlp((784, 30, 10), rng=rng), "lstm": lambda rng: row_lstm(hidden_sizes=(9,), rng=rng)}
MODELS["batch norm"] = lambda rng: normed(rng=rng)


@pytest.mark.parametrize("optimizer", [adam(1e-2), adamw(one_cycle(1e-2, 8), 0.3), sgd(1e-2)])
@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_fit_is_the_pure_loop_bit_for_bit(make, optimizer, rng):
    digits = tree_map(lambda leaf: leaf[:200], load_digits().train)
    model = make(rng)
    given, handed_out = copied(model), []

    def run(optimizer):
        options = {"epochs": 2, "batch_size": 50, "max_norm": 1.0, "progress": False}
        keep = lambda epoch, model: handed_out.append((model, copied(model)))  # noqa: E731
        return fit(model, digits, optimizer=optimizer, rng=np.random.default_rng(3), on_epoch=keep, **options)

    trained, pure = run(optimizer), run(optimizer._replace(in_place=None))
    assert_same_bits(trained.model, pure.model)
    assert [epoch.loss for epoch in trained.history] == [epoch.loss for epoch in pure.history]
    assert_same_bits(model, given)
    for one, copy in handed_out:  # what on_epoch has got does not change in later epochs
        assert_same_bits(one, copy)


def test_fit_does_work_in_place(rng):
    digits = tree_map(lambda leaf: leaf[:200], load_digits().train)
    seen = []

    def loss(model, *batch):
        seen.append(id(leaves(model)[0]))
        return classifier_loss(model, *batch)

    options = {"epochs": 2, "batch_size": 50, "rng": rng, "progress": False}
    fit(mlp((784, 10), rng=rng), digits, optimizer=adam(1e-2), loss=loss, **options)
    assert len(set(seen[:4])) == len(set(seen[4:])) == 1
    assert seen[0] != seen[4]


@pytest.mark.parametrize("part", ["gradient", "mean", "square"])
def test_nothing_is_written_where_an_array_is_missing(part, weights):
    optimizer = OPTIMIZERS["adam"]
    trees = {"gradient": tree_map(np.ones_like, weights)} | optimizer.init(weights)._asdict()
    trees[part] = trees[part][:-1]
    before, state_before = copied(weights), copied((trees["mean"], trees["square"]))
    state = optimizer.init(weights)._replace(mean=trees["mean"], square=trees["square"])
    with pytest.raises(ValueError, match="zip"):
        optimizer.in_place(weights, trees["gradient"], state, ids(weights))
    assert_same_bits(weights, before)
    assert_same_bits((state.mean, state.square), state_before)
