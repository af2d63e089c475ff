"""Torch: `torch.nn.RNN`, `LSTM`, `GRU` and their one-step cells; a gate is a block of rows, and there are two biases.

A module may have several layers and two directions. What comes out has its structure:

    one layer,      one direction    a cell
    several layers, one direction    a MultiRNNCell
    one layer,      two directions   the pair (forward, backward) of cells, for `bidirectional_dynamic_rnn`
    several layers, two directions   a tuple of such pairs, bottom first

In the last case every layer reads the outputs of both directions of the layer below, side by side; two stacks that run
on their own are something else. `dropout` between the layers and `batch_first` are no weights and are not carried over.
"""

from collections.abc import Callable
from typing import Any

from rnn_course.arrays import Array, device
from rnn_course.arrays import _torch as import_torch
from rnn_course.convert.layouts import TORCH
from rnn_course.convert.pieces import (
    expect_backend,
    expect_cell,
    expect_one_kind,
    from_cell,
    read,
    to_backend,
    to_cell,
    write,
)
from rnn_course.shapes import ShapeError
from rnn_course.stack import MultiRNNCell
from rnn_course.tree import named_leaves

MODULES = {"basic_rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}


def basic_rnn_from_torch(module: Any, backend: str = "torch") -> Any:
    """The weights of a `torch.nn.RNN` or `RNNCell` as cells. Arguments, structure and errors as in `lstm_from_torch`.

    Torch's weights are `[hidden, input]` and `[hidden, hidden]`; the activation is the `nonlinearity` of the module.
    """

    def cell(suffix: str) -> Any:
        pieces = read(TORCH, "basic_rnn", _parameters(module, suffix))
        return to_cell("basic_rnn", pieces, activation=module.nonlinearity)

    return _from_torch("basic_rnn", module, backend, cell)


def basic_rnn_to_torch(cell: Any) -> Any:
    """A `torch.nn.RNN` with the weights of `cell`. Structure and errors as in `lstm_to_torch`.

    Raises ValueError for an activation that is neither tanh nor relu, or that differs between the cells.
    """
    names = {one.activation for pair in _layers("basic_rnn", cell) for one in pair}
    if len(names) > 1 or not names <= {"tanh", "relu"}:
        raise ValueError(
            f"basic_rnn_to_torch: torch.nn.RNN has tanh or relu in all layers, got {', '.join(sorted(map(str, names)))}"
        )
    return _to_torch("basic_rnn", cell, nonlinearity=names.pop())


def lstm_from_torch(module: Any, backend: str = "torch") -> Any:
    """The weights of a `torch.nn.LSTM` or `LSTMCell` as cells: an `LSTMCell` for each layer and direction.

    Torch's weights are `[4*hidden, input]` and `[4*hidden, hidden]` with the gates i, f, g, o in the rows. Its two
    biases are added into one; no forget bias is added. `proj_size` becomes the projection.

    module   one layer gives a cell, several a `MultiRNNCell`; two directions give pairs (see the head of this file)
    backend  "torch" for tensors on the device of the module, without its graph, or "numpy"; copies in both cases

    Raises TypeError for another module and ValueError for an unknown backend.
    """

    def cell(suffix: str) -> Any:
        projection = getattr(module, f"weight_hr{suffix}", None)
        if projection is None:
            return to_cell("lstm", read(TORCH, "lstm", _parameters(module, suffix)))
        pieces = read(TORCH, "lstm", _parameters(module, suffix), hidden=module.hidden_size)
        return to_cell("lstm", pieces, projection=projection.detach().clone().T)  # [hidden, projected]

    return _from_torch("lstm", module, backend, cell)


def lstm_to_torch(cell: Any) -> Any:
    """A `torch.nn.LSTM` (batch_first=True) with the weights of `cell`, in their dtype and on their device.

    `cell` is an LSTMCell, a MultiRNNCell of them, a pair (forward, backward), or a tuple of pairs, bottom first. Our
    bias becomes `bias_ih`; `bias_hh` is 0. Raises ShapeError for layers of different widths, which one `torch.nn.LSTM`
    cannot have, ValueError for peepholes or clipping, which it has not, and TypeError for other cells.
    """
    return _to_torch("lstm", cell)


def gru_from_torch(module: Any, backend: str = "torch") -> Any:
    """The weights of a `torch.nn.GRU` or `GRUCell` as cells with `reset_after=True`, the only kind that Torch has.

    Torch's weights are `[3*hidden, input]` and `[3*hidden, hidden]` with r, z, n in the rows; z is our u. Arguments,
    structure and errors as in `lstm_from_torch`.
    """

    def cell(suffix: str) -> Any:
        return to_cell("gru", read(TORCH, "gru", _parameters(module, suffix)), reset_after=True)

    return _from_torch("gru", module, backend, cell)


def gru_to_torch(cell: Any) -> Any:
    """A `torch.nn.GRU` with the weights of `cell`; ValueError if `reset_after=False`. Else as `lstm_to_torch`."""
    return _to_torch("gru", cell)


def _from_torch(kind: str, module: Any, backend: str, cell: Callable[[str], Any]) -> Any:
    nn, name = import_torch().nn, MODULES[kind]
    expect_backend(backend)
    if isinstance(module, getattr(nn, f"{name}Cell")):
        return to_backend(cell(""), backend)
    if not isinstance(module, getattr(nn, name)):
        raise TypeError(
            f"{kind}_from_torch: expected torch.nn.{name} or torch.nn.{name}Cell, got {type(module).__name__}"
        )
    ends = ("", "_reverse") if module.bidirectional else ("",)
    layers = [tuple(cell(f"_l{k}{end}") for end in ends) for k in range(module.num_layers)]
    made = tuple(pair if module.bidirectional else pair[0] for pair in layers)
    stack = made if module.bidirectional else MultiRNNCell(made)
    return to_backend(made[0] if len(made) == 1 else stack, backend)


def _to_torch(kind: str, cell: Any, **options: Any) -> Any:
    torch, layers = import_torch(), _layers(kind, cell)
    expect_one_kind(dict(named_leaves(cell, "cell")))
    cells = [to_backend(one, "torch") for pair in layers for one in pair]
    pieces = [write(TORCH, kind, from_cell(one)) for one in cells]
    bottom, directions = cells[0], len(layers[0])
    projected = getattr(bottom, "projection", None) is not None
    sizes = [(one.state_size, getattr(one, "projection", None) is not None) for one in cells]
    if len(set(sizes)) > 1:
        raise ShapeError(
            f"{kind}_to_torch: all layers of one torch.nn.{MODULES[kind]} have the same width, got state sizes "
            f"{', '.join(str(size) for size, _ in sizes)}; convert the layers one by one"
        )
    if projected:
        options["proj_size"] = bottom.output_size
    # On the meta device nothing is drawn at random: the global generator of Torch stays where it is.
    module = getattr(torch.nn, MODULES[kind])(
        pieces[0].kernel.shape[1],
        bottom.state_size.c if kind == "lstm" else bottom.state_size,
        len(layers),
        batch_first=True,
        bidirectional=directions == 2,
        dtype=pieces[0].kernel.dtype,
        device="meta",
        **options,
    ).to_empty(device=device(pieces[0].kernel))
    values = [v for p, one in zip(pieces, cells, strict=True) for v in (*p, *([one.projection.T] if projected else []))]
    with torch.no_grad():
        for (name, parameter), value in zip(module.named_parameters(), values, strict=True):
            if parameter.shape != value.shape:
                raise ShapeError(
                    f"{kind}_to_torch: {name}: expected {list(parameter.shape)}, got {list(value.shape)}. "
                    "Likely cause: a layer does not read the outputs of all directions of the layer below"
                )
            parameter.copy_(value)
    return module


def _layers(kind: str, cell: Any) -> list[tuple]:
    """The cells, bottom first: a tuple of one cell or of (forward, backward) for each layer."""
    if isinstance(cell, MultiRNNCell):
        layers = [(one,) for one in cell.cells]
    elif not isinstance(cell, tuple) or hasattr(cell, "_fields"):
        layers = [(cell,)]
    else:
        layers = list(cell) if all(type(pair) is tuple for pair in cell) else [cell]
        if any(len(pair) != 2 for pair in layers):
            raise ValueError(
                f"{kind}_to_torch: expected (forward, backward) for each layer, got another number of cells"
            )
        if any(isinstance(one, MultiRNNCell) for pair in layers for one in pair):
            raise TypeError(
                f"{kind}_to_torch: a pair of stacks runs each direction through all layers on its own, but in Torch "
                "every layer reads both directions of the layer below; convert the two stacks one by one"
            )
    if not layers:
        raise TypeError(f"{kind}_to_torch: expected at least one cell, got an empty {type(cell).__name__}")
    for one in (one for pair in layers for one in pair):
        expect_cell(TORCH, kind, one)
    return layers


def _parameters(module: Any, suffix: str) -> dict[str, Array | None]:
    names = [f"{part}{suffix}" for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    found = {name: getattr(module, name, None) for name in names}  # without bias a cell has None, a layer nothing
    return {name: None if weights is None else weights.detach() for name, weights in found.items()}
