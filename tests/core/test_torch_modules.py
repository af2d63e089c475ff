"""Cells, layers and models as modules of Torch."""

import copy
import subprocess
import sys

import numpy as np
import pytest
import torch

from rnn_course import (
    Activation,
    BasicRNNCell,
    BatchNorm,
    Chain,
    Conv2D,
    Dense,
    Flatten,
    GroupNorm,
    LSTMCell,
    MaxPool2D,
    MultiRNNCell,
    adam,
    describe,
    dynamic_rnn,
    leaves,
    mlp,
    named_leaves,
    row_lstm,
    to,
    to_numpy,
    tree_map,
)
from rnn_course.arrays import autograd
from rnn_course.gru import GRUCell
from rnn_course.torch_modules import AsModule
from rnn_course.wrappers import Masked

from ..helpers import assert_trees_close, random_like, random_lstm
from .test_laws import CELLS, problem
from .test_laws import RAGGED as CELL_LENGTHS

BATCH, TIME, INPUT = 4, 6, 3
RAGGED = [6, 0, 2, 5]


def cells(rng):
    return {
        "basic": random_like(BasicRNNCell.init(INPUT, 5, rng=rng, activation="relu"), rng),
        "lstm": random_lstm(INPUT, 5, rng),
        "options": random_like(
            LSTMCell.init(INPUT, 5, rng=rng, peepholes=True, projection_size=4, cell_clip=0.5, dtype="float64"), rng
        ),
        "gru": random_like(GRUCell.init(INPUT, 5, rng=rng, reset_after=True), rng),
        "stack": MultiRNNCell((random_lstm(INPUT, 5, rng), random_lstm(5, 4, rng))),
    }


@pytest.fixture(params=["basic", "lstm", "options", "gru", "stack"])
def cell(request, rng):
    return cells(rng)[request.param]


@pytest.fixture
def inputs(rng):
    return torch.tensor(rng.standard_normal((BATCH, TIME, INPUT)))


def test_the_names_are_the_paths_of_the_tree(cell):
    module = AsModule(cell)
    names = {name for name, _ in named_leaves(cell)}
    assert {name for name, _ in module.named_parameters()} == module.state_dict().keys() == names
    assert_trees_close(module.tree, cell, rtol=0, atol=0)
    assert type(module.tree) is type(cell)


def test_names_of_a_stack_read_like_a_path(rng):
    assert list(AsModule(cells(rng)["stack"]).state_dict()) == [
        "cells.0.kernel",
        "cells.0.bias",
        "cells.1.kernel",
        "cells.1.bias",
    ]


def test_a_cell_runs_over_time(cell, inputs, rng):
    expected = dynamic_rnn(to(cell, "torch"), inputs, sequence_length=RAGGED)
    outputs, final = AsModule(cell)(inputs, sequence_length=RAGGED)
    assert outputs.requires_grad
    assert_trees_close((outputs, final), expected, rtol=1e-12)  # Torch's kernels round otherwise while autograd watches
    state = to(random_like(cell.zero_state(BATCH), rng), "torch")
    assert_trees_close(AsModule(cell)(inputs, state), dynamic_rnn(to(cell, "torch"), inputs, state), rtol=1e-12)


def test_a_layer_and_a_model_are_called(rng):
    x = torch.tensor(rng.standard_normal((BATCH, 7)))
    for thing in (Dense.init(7, 3, rng=rng, dtype="float64"), mlp((7, 5, 3), rng=rng, dtype="float64")):
        np.testing.assert_array_equal(to_numpy(AsModule(thing)(x)), to_numpy(to(thing, "torch")(x)))
    model = row_lstm(INPUT, (5, 4), rng=rng, dtype="float64")
    images = torch.tensor(rng.standard_normal((BATCH, TIME, INPUT)))
    assert_trees_close(AsModule(model)(images), to(model, "torch")(images), rtol=1e-12)


def test_what_is_not_an_array_stays(rng):
    chain = Chain((Dense.init(7, 5, rng=rng), Activation("tanh"), Dense.init(5, 3, rng=rng)))
    assert AsModule(chain).tree.layers[1] == Activation("tanh")
    assert AsModule(cells(rng)["basic"]).tree.activation == "relu"
    options = AsModule(cells(rng)["options"]).tree
    assert (options.cell_clip, options.proj_clip) == (0.5, None)
    assert AsModule(cells(rng)["gru"]).tree.reset_after is True


def test_the_gradients_are_those_of_autograd(cell, inputs):
    def loss(tree):
        return dynamic_rnn(tree, inputs, sequence_length=RAGGED)[0].square().sum()

    module = AsModule(cell)
    loss(module.tree).backward()
    _, expected = autograd(loss, to(cell, "torch"))
    for name, gradient in named_leaves(expected):
        np.testing.assert_allclose(module.get_parameter(name).grad, gradient, rtol=1e-12, atol=1e-14, err_msg=name)
    assert all(parameter.grad.any() for parameter in module.parameters())


def test_three_steps_of_torch_adam_are_three_of_ours(cell, inputs):
    def loss(tree):
        return dynamic_rnn(tree, inputs)[0].square().mean()

    module, ours = AsModule(cell), to(cell, "torch")
    theirs, optimizer = torch.optim.Adam(module.parameters(), lr=0.01), adam(0.01)
    state = optimizer.init(ours)
    for _ in range(3):
        theirs.zero_grad()
        module(inputs)[0].square().mean().backward()
        theirs.step()
        _, gradient = autograd(loss, ours)
        ours, state = optimizer.update(ours, gradient, state)
    assert_trees_close(module.tree, ours, rtol=1e-9, atol=1e-11)
    for now, before in zip(leaves(module.tree), leaves(cell), strict=True):
        assert np.abs(to_numpy(now) - before).max() > 1e-3


def test_the_state_dict_goes_round(cell, inputs, rng):
    module, other = AsModule(cell), AsModule(random_like(cell, rng))
    assert not torch.equal(other(inputs)[0], module(inputs)[0])
    other.load_state_dict(module.state_dict())
    torch.testing.assert_close(other(inputs)[0], module(inputs)[0], rtol=0, atol=0)
    with pytest.raises(RuntimeError, match="Missing key"):
        other.load_state_dict({})


def test_float_double_and_to_change_the_tree(cell, inputs):
    module = AsModule(cell).float()
    assert {leaf.dtype for _, leaf in named_leaves(module.tree)} == {torch.float32}
    assert module(inputs.float())[0].dtype == torch.float32
    assert module.double()(inputs)[0].dtype == torch.float64
    assert {leaf.device.type for _, leaf in named_leaves(module.to("meta").tree)} == {"meta"}


def test_a_deep_copy_is_another_module(cell, inputs):
    module = AsModule(cell)
    other = copy.deepcopy(module)
    with torch.no_grad():
        for parameter in other.parameters():
            parameter.zero_()
    assert_trees_close(module.tree, cell, rtol=0, atol=0)
    assert type(other.tree) is type(cell)


def test_the_arrays_are_copied_in(cell):
    for thing in (cell, to(cell, "torch")):
        module = AsModule(thing)
        before = describe(thing)
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.add_(1)
        assert_trees_close(thing, cell, rtol=0, atol=0)
        assert describe(thing) == before


def test_one_array_in_two_places_becomes_two_parameters(rng):
    one, cell = Dense.init(5, 5, rng=rng), random_lstm(5, 5, rng)
    assert len(list(AsModule(Chain((one, one))).parameters())) == 4
    stack = AsModule(MultiRNNCell((cell, cell), share_weights=True))
    assert len(list(stack.parameters())) == 4
    stack(torch.ones(2, 3, 5, dtype=torch.float64))[0].sum().backward()
    bottom, top = stack.tree.cells
    assert not torch.equal(bottom.kernel.grad, top.kernel.grad)


def test_whole_numbers_and_truth_values_are_buffers(rng):
    alive = np.array([[True], [False]])
    module = AsModule(Masked(cells(rng)["lstm"], alive))
    assert [name for name, _ in module.named_buffers()] == ["alive"]
    assert module.tree.alive.dtype == torch.bool
    output, _ = module.tree(torch.ones(2, INPUT, dtype=torch.float64), module.tree.zero_state(2))
    assert output[0].all()
    assert not output[1].any()


@pytest.mark.parametrize("name", ["basic", "lstm", "gru", "stack"])
def test_it_runs_under_autocast(name, rng):
    module = AsModule(cells(rng)[name]).float()
    x = torch.tensor(rng.standard_normal((BATCH, TIME, INPUT)), dtype=torch.float32)
    expected, _ = module(x)
    with torch.autocast("cpu", torch.bfloat16):
        outputs, _ = module(x)
        loss = outputs.float().square().sum()
    loss.backward()
    assert all(parameter.grad.isfinite().all() for parameter in module.parameters())
    assert (outputs.float() - expected).abs().max() < 0.2 * expected.abs().max()


LAYERS = {
    "mlp": lambda rng: (mlp((12, 5, 3), rng=rng), (4, 12)),
    "row lstm": lambda rng: (row_lstm(INPUT, (5, 4), rng=rng), (4, 6, INPUT)),
    "images": lambda rng: (
        Chain((Conv2D.init(3, 6, rng=rng), GroupNorm.init(6, 2), BatchNorm.init(6), MaxPool2D(), Flatten())),
        (4, 6, 6, 3),
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_and_models_run_under_autocast_and_can_be_copied(name, rng):
    thing, shape = LAYERS[name](rng)
    module = AsModule(thing)
    x = torch.tensor(rng.standard_normal(shape), dtype=torch.float32)
    expected = module(x)
    with torch.autocast("cpu", torch.bfloat16):
        outputs = copy.deepcopy(module)(x)
        module(x).float().square().sum().backward()
    assert (outputs.float() - expected).abs().max() < 0.1 * expected.abs().max()
    assert all(p.dtype == torch.float32 and p.grad.isfinite().all() for p in module.parameters())


@pytest.mark.parametrize("name", CELLS)
def test_every_cell_and_wrapper_is_a_module(name, rng):
    cell, inputs, state = problem(name, rng)
    module = AsModule(cell)
    given, begin = to((inputs, state), "torch")
    ours = dynamic_rnn(to(cell, "torch"), given, begin, CELL_LENGTHS)
    assert_trees_close(copy.deepcopy(module)(given, begin, CELL_LENGTHS), ours, rtol=0, atol=0)
    assert {path for path, _ in module.named_parameters()} == {path for path, _ in named_leaves(cell)}
    with torch.autocast("cpu", torch.bfloat16):
        outputs, _ = module.float()(given.float(), to(tree_map(lambda a: a.astype("float32"), state), "torch"))
    assert outputs.isfinite().all()


def test_running_statistics_are_buffers_as_in_torch(rng):
    model = Chain((Dense.init(4, 5, rng=rng), BatchNorm.init(5)))
    module = AsModule(model)
    assert [name for name, _ in module.named_buffers()] == ["layers.1.running_mean", "layers.1.running_variance"]
    theirs = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.BatchNorm1d(5))
    assert sum(p.numel() for p in module.parameters()) == sum(p.numel() for p in theirs.parameters())
    assert module.state_dict().keys() == {path for path, _ in named_leaves(model)}
    assert_trees_close(module.tree, model, rtol=0, atol=0)


def test_it_learns_from_a_data_loader(rng):
    inputs, labels = torch.tensor(rng.standard_normal((30, TIME, INPUT))).float(), torch.tensor(rng.integers(0, 4, 30))
    data, order = torch.utils.data.TensorDataset(inputs, labels), torch.Generator().manual_seed(0)
    loader = torch.utils.data.DataLoader(data, batch_size=8, shuffle=True, generator=order)
    module = AsModule(row_lstm(INPUT, (7,), 4, rng=rng))
    optimizer = torch.optim.Adam(module.parameters(), lr=0.05)

    def loss():
        return torch.nn.functional.cross_entropy(module(inputs), labels).item()

    before = loss()
    for _ in range(10):
        for x, y in loader:
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(module(x), y).backward()
            optimizer.step()
    assert loss() < 0.5 * before


def test_it_names_itself_and_sits_in_other_modules(cell):
    assert type(cell).__name__ in repr(AsModule(cell))
    whole = torch.nn.ModuleDict({"encoder": AsModule(cell)})
    assert whole.state_dict().keys() == {f"encoder.{name}" for name, _ in named_leaves(cell)}


@pytest.mark.parametrize("thing", [np.zeros(3), (1, 2), "lstm", None, torch.zeros(2)])
def test_what_cannot_be_called_is_refused(thing):
    with pytest.raises(TypeError, match="AsModule: expected a cell, a layer or a model, got"):
        AsModule(thing)


def test_the_package_does_not_import_it():
    code = "import sys, rnn_course; assert not {'torch', 'rnn_course.torch_modules'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
