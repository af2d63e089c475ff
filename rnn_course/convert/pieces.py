"""What all layouts have in common: one layer in one direction, its gates in our order, each a block of columns."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from rnn_course.arrays import BACKENDS, Array, array_namespace, backend_of, is_torch_array, to, zeros
from rnn_course.cells import BasicRNNCell, LSTMCell
from rnn_course.convert.layouts import BLOCKS, LAYOUTS, OURS, Layout, reorder, wide
from rnn_course.gru import GRUCell
from rnn_course.lstm_options import expect_options
from rnn_course.shapes import expect_shape
from rnn_course.stack import MultiRNNCell
from rnn_course.tree import named_leaves

CELLS = {"basic_rnn": BasicRNNCell, "lstm": LSTMCell, "gru": GRUCell}


class Pieces(NamedTuple):
    """A layer as `x @ kernel + bias` and `h @ recurrent + recurrent_bias`, for all gates at once."""

    kernel: Array  # [input, blocks*hidden]
    recurrent: Array  # [hidden, blocks*hidden]
    bias: Array  # [blocks*hidden]
    recurrent_bias: Array  # [blocks*hidden]


def read(layout: Layout, kind: str, arrays: Mapping[str, Array | None], hidden: int | None = None) -> Pieces:
    """The pieces of a layer in the layout of a library; a bias that is None stands for zeros.

    arrays  kernel, recurrent kernel, bias and recurrent bias, in this order, under the names that the caller knows
    hidden  the width of the gates, where h has another one because it is projected

    Raises ShapeError for shapes that do not fit together, TypeError for arrays of different libraries or dtypes.
    """
    expect_one_kind(arrays)
    (kernel_name, kernel), (recurrent_name, recurrent), *biases = arrays.items()
    rows = "hidden" if hidden is None else "projected"
    hidden = _hidden(layout, kind, recurrent_name, recurrent) if hidden is None else hidden
    width = BLOCKS[kind] * hidden
    sizes = {"hidden": hidden, wide(kind): width}
    for name, array, come_in in ((kernel_name, kernel, "input"), (recurrent_name, recurrent, rows)):
        expect_shape(name, array, " ".join(layout.axes(kind, come_in)), cause=transposed(layout, array, width), **sizes)
    for name, bias in biases:
        if bias is not None:
            cause = "two biases, one after the other: add them" if tuple(bias.shape) == (2 * width,) else ""
            expect_shape(name, bias, wide(kind), cause=cause, **sizes)
    turned = [zeros((width,), like=kernel) if array is None else array for array in arrays.values()]
    if layout.transposed:
        turned[:2] = [array.T for array in turned[:2]]
    return Pieces(*(reorder(array, layout.order(kind), OURS.order(kind)) for array in turned))


def write(layout: Layout, kind: str, pieces: Pieces) -> Pieces:
    """The four arrays as `layout` has them: its order of the gates, and its matrices transposed or not."""
    kernel, recurrent, *biases = (reorder(array, OURS.order(kind), layout.order(kind)) for array in pieces)
    return Pieces(kernel.T, recurrent.T, *biases) if layout.transposed else Pieces(kernel, recurrent, *biases)


def to_cell(kind: str, pieces: Pieces, **options: Any) -> Any:
    """The cell that is made of the pieces; `options` are its other fields."""
    concat = array_namespace(pieces.kernel).concat
    kernel, bias = concat([pieces.kernel, pieces.recurrent], axis=0), pieces.bias + pieces.recurrent_bias
    if kind != "gru":
        return CELLS[kind](kernel=kernel, bias=bias, **options)
    hidden = pieces.recurrent.shape[0]
    after = options["reset_after"]  # then the bias beside h is inside the product with r, and cannot be merged
    return GRUCell(
        gates_kernel=kernel[:, : 2 * hidden],
        gates_bias=bias[: 2 * hidden],
        candidate_kernel=kernel[:, 2 * hidden :],
        candidate_bias=(pieces.bias if after else bias)[2 * hidden :],
        candidate_recurrent_bias=pieces.recurrent_bias[2 * hidden :] if after else None,
        reset_after=after,
    )


def from_cell(cell: Any) -> Pieces:
    """The pieces of a cell. Its one bias becomes the bias beside x; only a GRU with reset after has one beside h."""
    if not isinstance(cell, GRUCell):
        inputs = cell.kernel.shape[0] - cell.output_size
        nothing = zeros(tuple(cell.bias.shape), like=cell.bias)
        return Pieces(cell.kernel[:inputs, :], cell.kernel[inputs:, :], cell.bias, nothing)
    concat = array_namespace(cell.gates_kernel).concat
    kernel = concat([cell.gates_kernel, cell.candidate_kernel], axis=1)
    bias = concat([cell.gates_bias, cell.candidate_bias], axis=0)
    beside_h = cell.candidate_recurrent_bias
    if beside_h is None:
        beside_h = zeros(tuple(cell.candidate_bias.shape), like=bias)
    recurrent_bias = concat([zeros(tuple(cell.gates_bias.shape), like=bias), beside_h], axis=0)
    inputs = kernel.shape[0] - cell.output_size
    return Pieces(kernel[:inputs, :], kernel[inputs:, :], bias, recurrent_bias)


def expect_cell(layout: Layout, kind: str, cell: Any) -> None:
    """TypeError unless `cell` is one of this kind; ValueError if it has something that the library cannot hold."""
    if not isinstance(cell, CELLS[kind]):
        hint = "weights of other cells have their own converters, and a cell inside a wrapper is converted without it"
        if isinstance(cell, MultiRNNCell):
            hint = "a stack is a layer for each cell there: convert stack.cells one by one"
        raise TypeError(
            f"{kind}_to_{layout.suffix}: expected {CELLS[kind].__name__}, got {type(cell).__name__}; {hint}"
        )
    if isinstance(cell, GRUCell):
        cell.expect_fields()
        expect_reset(layout, cell.reset_after)
    else:
        expect_shape("cell.kernel", cell.kernel, f"input+hidden {wide(kind)}", **{wide(kind): cell.bias.shape[0]})
    if isinstance(cell, LSTMCell):
        expect_options(cell)
        for field in ("peepholes", "projection", "cell_clip", "proj_clip"):
            if getattr(cell, field) is not None and not layout.has(field):
                able = ", ".join(lib.library for lib in LAYOUTS if lib.has(field) and lib is not OURS)
                raise ValueError(
                    f"{layout.library} cannot hold this cell: its LSTM has no {field}. Libraries that can: {able}"
                )


def expect_reset(layout: Layout, reset_after: bool) -> None:
    """ValueError if the GRU of the library cannot apply its reset gate there; the message says whose can."""
    where = "after" if reset_after else "before"
    if where not in layout.gru_reset:
        able = ", ".join(lib.library for lib in LAYOUTS if where in lib.gru_reset and lib is not OURS)
        raise ValueError(
            f"{layout.library} cannot hold this GRU: reset_after={reset_after} applies the reset gate {where} the "
            f"product with h, and the GRU of {layout.library} only {layout.gru_reset[0]} it; the two give different "
            f"numbers with the same weights. Libraries that can: {able}"
        )


def expect_one_kind(arrays: Mapping[str, Any]) -> None:
    """TypeError unless all arrays that are not None are of one library and one floating-point type."""
    kinds = {name: (backend_of(array), array.dtype) for name, array in arrays.items() if array is not None}
    (first, kind), *others = kinds.items()
    for name, other in others:
        if other != kind:
            raise TypeError(
                f"{name} is a {other[0]} array of {other[1]}, but {first} a {kind[0]} array of {kind[1]}: "
                "give all weights in one library and one floating-point type"
            )
    xp = array_namespace(arrays[first])
    if not xp.isdtype(kind[1], "real floating"):
        raise TypeError(f"{first}: expected floating-point numbers, got {kind[1]}")


def expect_backend(backend: str) -> None:
    """ValueError unless `backend` is one of ours."""
    if backend not in BACKENDS:
        raise ValueError(f"backend: expected one of {', '.join(BACKENDS)}, got {backend!r}")


def to_backend(tree: Any, backend: str) -> Any:
    """The tree in `backend`; tensors that stay tensors stay on their device."""
    there = all(is_torch_array(leaf) for _, leaf in named_leaves(tree))
    return tree if backend == "torch" and there else to(tree, backend)


def _hidden(layout: Layout, kind: str, name: str, recurrent: Array) -> int:
    """The width of h, which both axes of the recurrent kernel tell, whichever way round it is."""
    axes = " ".join(layout.axes(kind, "hidden"))
    expect_shape(name, recurrent, axes)
    small, large = sorted(recurrent.shape)
    if large != BLOCKS[kind] * small:
        found = [other for other, blocks in BLOCKS.items() if large == blocks * small]
        cause = f"the weights of another cell: use {found[0]}_from_{layout.suffix}" if found else ""
        expect_shape(name, recurrent, axes, cause=cause, **{"hidden": small, wide(kind): BLOCKS[kind] * small})
    return small


def transposed(layout: Layout, array: Array, width: int) -> str:
    """The words "the matrix is transposed", if it would fit the other way round; otherwise nothing."""
    gates, other = (0, 1) if layout.transposed else (1, 0)
    if len(array.shape) == 2 and array.shape[gates] != width and array.shape[other] == width:
        return (
            f"the matrix is transposed: in {layout.library} a gate is a block of {'rows' if gates == 0 else 'columns'}"
        )
    return ""
