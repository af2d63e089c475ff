import re

import numpy as np
import pytest
import torch

from rnn_course import Activation, Chain, Dense, Flatten, from_numpy, gradcheck, to, to_numpy
from rnn_course.embedding import Embedding

from ..helpers import assert_trees_close, random_like


def random_embedding(rng, vocabulary=7, features=3):
    return random_like(Embedding.init(vocabulary, features, rng=rng), rng)


@pytest.mark.parametrize("shape", [(5,), (2, 4), (2, 3, 4), (0, 4), (1, 1)], ids=str)
def test_outputs_and_gradients_are_those_of_torch(shape, rng, backend):
    layer, ids = random_embedding(rng), rng.integers(0, 7, shape)
    kernel = torch.tensor(layer.kernel, requires_grad=True)
    expected = torch.nn.functional.embedding(torch.tensor(ids), kernel)
    u = rng.standard_normal(tuple(expected.shape))
    expected.backward(torch.tensor(u))
    y, backward = to(layer, backend).forward(to(ids, backend))
    d_layer, d_ids = backward(to(u, backend))
    np.testing.assert_array_equal(to_numpy(y), to_numpy(expected))
    assert_trees_close(d_layer, Embedding(kernel.grad), rtol=1e-12)
    assert d_ids is None


def test_a_row_used_twice_gets_both_gradients_and_an_unused_one_none(backend):
    layer = to(Embedding(np.zeros((4, 2))), backend)
    _, backward = layer.forward(from_numpy(np.array([[2, 0, 2]]), backend=backend))
    d_layer, _ = backward(from_numpy(np.array([[[1.0, 2], [3, 4], [10, 20]]]), backend=backend))
    np.testing.assert_array_equal(to_numpy(d_layer.kernel), [[3, 4], [0, 0], [11, 22], [0, 0]])


def test_hand_autograd_and_numeric_gradients_agree(rng):
    ids = rng.integers(0, 7, (2, 8))

    def forward(layer):
        y, backward = layer.forward(to(ids, "numpy" if isinstance(layer.kernel, np.ndarray) else "torch"))
        return y, lambda d_y: backward(d_y)[0]

    table = gradcheck(forward, random_embedding(rng), rng=rng)
    assert table.ok, table


def test_an_embedding_is_a_dense_layer_on_one_hot_rows(rng):
    layer, ids = random_embedding(rng), rng.integers(0, 7, (2, 4))
    dense = Dense(kernel=layer.kernel, bias=np.zeros(3))
    (y, backward), (dense_y, dense_backward) = layer.forward(ids), dense.forward(np.eye(7)[ids])
    np.testing.assert_array_equal(y, dense_y)
    np.testing.assert_allclose(backward(y)[0].kernel, dense_backward(y)[0].kernel, rtol=1e-12)


def test_it_is_the_first_layer_of_a_chain(rng, backend):
    layers = Embedding.init(7, 3, rng=rng), Activation("tanh"), Flatten(), Dense.init(12, 5, rng=rng)
    chain = to(Chain(layers), backend)
    y, backward = chain.forward(from_numpy(rng.integers(0, 7, (2, 4)), backend=backend))
    d_chain, d_ids = backward(y)
    assert tuple(y.shape) == (2, 5)
    assert tuple(d_chain.layers[0].kernel.shape) == (7, 3)
    assert d_ids is None


@pytest.mark.parametrize("kind", ["uint8", "int32", "int64"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_any_whole_number_type_will_do_and_the_float_type_stays(kind, dtype, backend, rng):
    layer = Embedding.init(7, 3, rng=rng, dtype=dtype, backend=backend)
    y, backward = layer.forward(from_numpy(np.array([[1, 6, 0]]), kind, backend))
    assert y.dtype == layer.kernel.dtype == backward(y)[0].kernel.dtype
    np.testing.assert_array_equal(to_numpy(y)[0], to_numpy(layer.kernel)[[1, 6, 0]])


def test_short_ids_of_a_large_vocabulary(rng, backend):
    layer = to(random_embedding(rng, vocabulary=300), backend)
    np.testing.assert_array_equal(
        to_numpy(layer(from_numpy(np.array([255]), "uint8", backend))), to_numpy(layer.kernel)[[255]]
    )


def test_ids_of_another_library_are_refused(rng):
    with pytest.raises(TypeError, match="Multiple namespaces"):
        random_embedding(rng)(torch.tensor([[1, 2]]))


@pytest.mark.parametrize("unknown", [-1, 7])
def test_unknown_ids_are_refused(unknown, rng, backend):
    layer = to(random_embedding(rng), backend)
    message = (
        f"ids: expected whole numbers from 0 to 6, one for each of the 7 rows of the kernel, got {unknown}. Likely"
    )
    for door in (layer, layer.forward):
        with pytest.raises(ValueError, match=re.escape(message)):
            door(from_numpy(np.array([[1, 2], [unknown, 3]]), backend=backend))


@pytest.mark.parametrize(("ids", "name"), [(np.zeros((2, 7)), "float64"), (np.zeros((2, 7), dtype=bool), "bool")])
def test_ids_that_are_no_whole_numbers_are_refused(ids, name, rng, backend, without_shape_types):
    layer = to(random_embedding(rng), backend)
    with pytest.raises(
        TypeError, match=rf"ids: expected whole numbers, got (torch\.)?{name}. Likely cause: one-hot rows"
    ):
        layer(from_numpy(ids, backend=backend))


def test_the_first_of_several_unknown_ids_is_named(rng):
    with pytest.raises(ValueError, match=r"ids: expected whole numbers from 0 to 6, .* got 9\. Likely"):
        random_embedding(rng)(np.array([[1, 9], [8, 3]]))


def test_a_list_of_ids_is_refused(rng, without_shape_types):
    with pytest.raises(ValueError, match=r"ids: expected \[batch\], got a list, which is no array"):
        random_embedding(rng)([1, 2])


def test_a_seed_gives_the_same_kernel_on_every_backend():
    ours, theirs = (Embedding.init(7, 3, rng=np.random.default_rng(1), backend=b) for b in ("numpy", "torch"))
    assert_trees_close(theirs, ours, rtol=0, atol=0)
    assert np.abs(ours.kernel).max() <= np.sqrt(6 / (7 + 3))
