"""What each wrapper does to its cell. The laws that hold for every wrapper stand in test_laws.py."""

import numpy as np
import pytest

from rnn_course import (
    BasicRNNCell,
    LSTMCell,
    LSTMStateTuple,
    MultiRNNCell,
    ShapeError,
    dynamic_rnn,
    dynamic_rnn_forward,
    from_numpy,
    gradcheck,
    leaves,
    sgd,
    to,
    to_numpy,
    tree_map,
)
from rnn_course.dropout_wrapper import DropoutState, DropoutWrapper, keep_mask, redraw_dropout, without_dropout
from rnn_course.tree import add
from rnn_course.wrappers import Masked, PackedState, ResidualWrapper, pack_state, unpack_state

from ..helpers import assert_trees_close, dynamic_loop_forward, random_like, random_lstm

BATCH, TIME, INPUT = 4, 6, 3
RAGGED = [6, 0, 2, 5]


class Echo:
    """A toy cell: the output is x; the state counts up by 10 in each of its parts."""

    def __init__(self, width):
        self.output_size = self.input_size = width
        self.state_size = LSTMStateTuple(c=width, h=width)

    def zero_state(self, batch_size):
        return tree_map(lambda _: np.zeros((batch_size, self.output_size)), LSTMStateTuple(np.zeros(1), np.zeros(1)))

    def forward(self, x, state):
        def backward(d_output, d_state):
            return self, d_output, d_state

        return x, tree_map(lambda part: part + 10.0, state), backward


# Masked


def test_masked_rows_output_0_and_keep_their_state(backend, rng):
    cell = random_lstm(INPUT, 5, rng)
    arrays = cell, rng.standard_normal((BATCH, INPUT)), random_like(cell.zero_state(BATCH), rng)
    cell, x, state = to(arrays, backend)
    alive = from_numpy(np.array([[True], [False], [True], [False]]), backend=backend)
    output, new_state, backward = Masked(cell, alive).forward(x, state)
    expected, expected_state = cell(x, state)
    assert_trees_close(output[::2], expected[::2], rtol=1e-12)
    assert_trees_close(new_state.c[::2], expected_state.c[::2], rtol=1e-12)
    assert not to_numpy(output[1::2]).any()
    assert_trees_close(new_state.h[1::2], state.h[1::2], rtol=0, atol=0)
    assert_trees_close(Masked(cell, alive)(x, state), (output, new_state), rtol=0, atol=0)
    d_masked, d_x, d_state = backward(output, new_state)
    assert type(d_masked) is Masked
    assert not to_numpy(d_masked.alive).any()
    assert not to_numpy(d_x[1::2]).any()
    assert_trees_close(d_state.c[1::2], new_state.c[1::2], rtol=0, atol=0)
    assert_trees_close(add(d_masked, d_masked).cell.bias, 2 * d_masked.cell.bias)


def test_masked_gradients(rng):
    cell, alive = random_lstm(INPUT, 5, rng), np.array([[True], [False], [False], [True]])

    def forward(cell, x, state):
        like = alive if isinstance(x, np.ndarray) else from_numpy(alive, backend="torch")
        output, new_state, backward = Masked(cell, like).forward(x, state)

        def of_the_cell(*d):
            d_masked, *rest = backward(*d)
            return d_masked.cell, *rest

        return output, new_state, of_the_cell

    x, state = rng.standard_normal((BATCH, INPUT)), random_like(cell.zero_state(BATCH), rng)
    table = gradcheck(forward, cell, x, state, rng=rng)
    assert table.ok, table


# Residual


def test_a_residual_adds_x_to_the_output_alone(backend, rng):
    cell = random_lstm(INPUT, INPUT, rng)
    arrays = cell, rng.standard_normal((BATCH, INPUT)), random_like(cell.zero_state(BATCH), rng)
    cell, x, state = to(arrays, backend)
    output, new_state = cell(x, state)
    assert_trees_close(ResidualWrapper(cell)(x, state), (output + x, new_state), rtol=0, atol=0)


def test_past_the_end_a_residual_gives_0_not_x(backend, rng):
    cell, inputs = to((random_lstm(INPUT, INPUT, rng), rng.standard_normal((BATCH, TIME, INPUT))), backend)
    outputs, _ = dynamic_rnn(ResidualWrapper(cell), inputs, sequence_length=RAGGED)
    plain, _ = dynamic_rnn(cell, inputs, sequence_length=RAGGED)
    for b, length in enumerate(RAGGED):
        assert_trees_close(outputs[b, :length], plain[b, :length] + inputs[b, :length])
        assert not to_numpy(outputs)[b, length:].any()


def test_a_residual_needs_an_output_as_wide_as_x(rng, without_shape_types):
    wrapper = ResidualWrapper(random_lstm(INPUT, 5, rng))
    message = (
        "expected output=3, the size of x, to which the output is added, got a cell with output=5; make the cell with "
        "3 units"
    )
    with pytest.raises(ShapeError, match=message):
        dynamic_rnn(wrapper, np.zeros((BATCH, TIME, INPUT)))
    with pytest.raises(ShapeError, match=message):
        wrapper(np.zeros((BATCH, INPUT)), wrapper.zero_state(BATCH))


def test_what_masks_a_cell_has_its_sizes(rng):
    cell = random_lstm(INPUT, 5, rng)
    masked = Masked(cell, np.ones((BATCH, 1), bool))
    assert (masked.input_size, masked.state_size, masked.output_size) == (INPUT, LSTMStateTuple(c=5, h=5), 5)
    assert_trees_close(masked.zero_state(BATCH), cell.zero_state(BATCH), rtol=0, atol=0)


# Packed state


def test_the_packed_state_of_an_lstm_is_c_then_h(backend, rng):
    cell = random_lstm(INPUT, 5, rng)
    c, h, x = (rng.standard_normal((BATCH, width)) for width in (5, 5, INPUT))
    cell, c, h, x = to((cell, c, h, x), backend)
    packed = from_numpy(np.concatenate([to_numpy(c), to_numpy(h)], axis=1), backend=backend)
    output, new_packed = PackedState(cell)(x, packed)
    expected, new_state = cell(x, LSTMStateTuple(c=c, h=h))
    assert_trees_close(output, expected, rtol=0, atol=0)
    np.testing.assert_array_equal(
        to_numpy(new_packed), np.concatenate([to_numpy(new_state.c), to_numpy(new_state.h)], axis=1)
    )


def test_packing_a_stack_goes_from_the_bottom_up_and_back(backend, rng):
    cells = random_lstm(INPUT, 5, rng), random_like(BasicRNNCell.init(5, 4, rng=rng), rng), random_lstm(4, 2, rng)
    stack = MultiRNNCell(cells)
    state = random_like(stack.zero_state(BATCH), rng)
    bottom, middle, top = state
    expected = np.concatenate([bottom.c, bottom.h, middle, top.c, top.h], axis=1)
    packed = pack_state(to(state, backend))
    np.testing.assert_array_equal(to_numpy(packed), expected)
    assert PackedState(stack).state_size == expected.shape[1] == 18
    unpacked = unpack_state(packed, stack.state_size)
    assert isinstance(unpacked[0], LSTMStateTuple)
    assert_trees_close(unpacked, state, rtol=0, atol=0)


def test_an_array_packs_to_itself(rng):
    state = rng.standard_normal((BATCH, 5))
    np.testing.assert_array_equal(pack_state(state), state)
    np.testing.assert_array_equal(unpack_state(state, 5), state)


def test_packed_states_that_do_not_fit(rng, without_shape_types):
    cell = PackedState(random_lstm(INPUT, 5, rng))
    with pytest.raises(ShapeError, match=r"packed: expected \[batch, state=10\], got \[4, 9\]"):
        unpack_state(np.zeros((BATCH, 9)), LSTMStateTuple(c=5, h=5))
    with pytest.raises(ShapeError, match=r"initial_state: expected \[batch=4, hidden=10\], got \[4, 9\]"):
        dynamic_rnn(cell, np.zeros((BATCH, TIME, INPUT)), np.zeros((BATCH, 9)))
    with pytest.raises(ShapeError, match="state: expected an array or a tuple of arrays, got a tuple without arrays"):
        pack_state(())


# Dropout


def ones(width=200, **options):
    """One step of dropout around a cell that echoes: x and the state are all ones."""
    wrapper = DropoutWrapper(Echo(width), 5, **options)
    state = wrapper.zero_state(BATCH)
    state = state._replace(cell=tree_map(np.ones_like, state.cell))
    return wrapper.forward(np.ones((BATCH, width)), state)


@pytest.mark.parametrize("keep_prob", [0.25, 0.9])
def test_keep_prob_is_the_probability_to_keep_and_what_is_kept_grows(keep_prob):
    for place in ("input_keep_prob", "output_keep_prob"):
        output, state, _ = ones(**{place: keep_prob})
        assert set(np.unique(output)) == {0, 1 / keep_prob}
        assert abs(np.mean(output > 0) - keep_prob) < 4 * np.sqrt(keep_prob * (1 - keep_prob) / output.size)
        np.testing.assert_array_equal(state.cell.c, 11)  # nothing on the output touches the state
        np.testing.assert_array_equal(state.cell.h, 11)


def test_dropout_of_the_state_acts_on_h_never_on_c_or_the_output():
    output, state, _ = ones(state_keep_prob=0.5)
    np.testing.assert_array_equal(output, 1)
    np.testing.assert_array_equal(state.cell.c, 11)
    assert set(np.unique(state.cell.h)) == {0, 22}


def test_dropout_of_the_state_reaches_every_part_that_it_may(rng):
    stack = MultiRNNCell((random_like(BasicRNNCell.init(INPUT, 60, rng=rng), rng), random_lstm(60, 50, rng)))
    inner = DropoutWrapper.init(stack, rng=rng, output_keep_prob=0.5)
    wrapper = DropoutWrapper.init(inner, rng=rng, state_keep_prob=0.5)
    x, state = rng.standard_normal((BATCH, INPUT)), wrapper.zero_state(BATCH)
    _, new_state = wrapper(x, state)
    basic, lstm = new_state.cell.cell
    assert 0.35 < np.mean(basic == 0) < 0.65
    assert 0.35 < np.mean(lstm.h == 0) < 0.65
    assert np.mean((basic == 0)[:, :50] == (lstm.h == 0)) < 0.65  # each part has its own mask
    assert lstm.c.all()
    np.testing.assert_array_equal(new_state.cell.step, 1)  # nor are the counters of the dropout inside dropped
    np.testing.assert_array_equal(new_state.cell.row[:, 0], np.arange(BATCH))


def test_dropout_of_the_output_is_seen_by_the_next_layer_alone(rng):
    cell, top = random_lstm(INPUT, 5, rng), random_lstm(5, 4, rng)
    wrapper = DropoutWrapper.init(cell, rng=rng, output_keep_prob=0.5)
    inputs = rng.standard_normal((BATCH, TIME, INPUT))
    dropped, state = dynamic_rnn(wrapper, inputs)
    plain, plain_state, _ = dynamic_loop_forward(cell, inputs)
    assert_trees_close(state.cell, plain_state, rtol=0, atol=0)
    np.testing.assert_allclose(dropped[dropped != 0], 2 * plain[dropped != 0])
    stacked, _ = dynamic_rnn(MultiRNNCell((wrapper, top)), inputs)
    np.testing.assert_allclose(stacked, dynamic_rnn(top, dropped)[0], rtol=1e-12)


def test_keep_prob_1_is_the_cell_itself_to_the_last_bit(backend, rng):
    cell, inputs = to((random_lstm(INPUT, 5, rng), rng.standard_normal((BATCH, TIME, INPUT))), backend)
    outputs, final, backward = dynamic_loop_forward(cell, inputs, lengths=RAGGED)
    wrapper = DropoutWrapper.init(cell, rng=rng, input_keep_prob=1, output_keep_prob=1, state_keep_prob=1)
    same, state, wrapper_backward = dynamic_rnn_forward(wrapper, inputs, sequence_length=RAGGED)
    assert_trees_close((same, state.cell), (outputs, final), rtol=0, atol=0)
    d_cell, d_inputs, d_state = backward(outputs, final)
    d_wrapper, *rest = wrapper_backward(outputs, state)
    assert_trees_close((d_wrapper.cell, rest[0], rest[1].cell), (d_cell, d_inputs, d_state), rtol=0, atol=0)


def masks(rng, variational):
    """Which inputs of a sequence are dropped: [batch, time, width]."""
    wrapper = DropoutWrapper.init(Echo(40), rng=rng, input_keep_prob=0.5, variational=variational)
    return dynamic_rnn(wrapper, np.ones((BATCH, TIME, 40)))[0] > 0


def test_every_step_has_its_own_mask_and_a_variational_sequence_one(rng):
    ordinary, variational = masks(rng, False), masks(rng, True)
    assert np.all(variational == variational[:, :1])
    for kept in (ordinary, variational):
        assert not any(np.array_equal(kept[0], kept[b]) for b in range(1, BATCH))  # each row has masks of its own
    agree = np.mean(ordinary[:, 1:] == ordinary[:, :-1])
    assert 0.4 < agree < 0.6


def test_input_output_and_state_have_masks_of_their_own():
    output, state, _ = ones(input_keep_prob=0.5, output_keep_prob=0.5, state_keep_prob=0.5)
    assert abs(np.mean(output > 0) - 0.25) < 0.07  # twice dropped
    assert abs(np.mean((output > 0) & (state.cell.h > 0)) - 0.125) < 0.06


@pytest.mark.parametrize("axis", [0, 1, 2, 3])
def test_masks_are_fair_and_independent_along_every_axis(axis):
    """Seeds, steps, rows and columns: neighbours agree as often as coins do."""
    rows, width = np.arange(32.0)[:, None], 32
    kept = np.array(
        [[keep_mask(0.3, width, seed, 0, rows, 0 * rows + step) for step in range(16)] for seed in range(16)]
    )
    assert abs(kept.mean() - 0.3) < 4 * np.sqrt(0.3 * 0.7 / kept.size)
    others = tuple(k for k in range(4) if k != axis)
    spread = kept.mean(axis=others)
    assert np.max(np.abs(spread - 0.3)) < 5 * np.sqrt(0.3 * 0.7 / (kept.size / kept.shape[axis]))
    neighbours = np.diff(kept.astype(int), axis=axis) != 0
    assert abs(neighbours.mean() - 2 * 0.3 * 0.7) < 0.01


def test_masks_are_the_same_on_every_library_dtype_and_place_in_time(rng):
    rows, steps = np.arange(BATCH)[:, None], np.array([[0], [3], [70_000], [2**24 - 1]])
    expected = keep_mask(0.5, 50, 2**32 - 1, 1, rows.astype(float), steps.astype(float))
    for library in ("numpy", "torch"):
        for dtype in ("float32", "float64"):
            arrays = from_numpy(rows, dtype, library), from_numpy(steps, dtype, library)
            np.testing.assert_array_equal(to_numpy(keep_mask(0.5, 50, 2**32 - 1, 1, *arrays)), expected)


def hashed(*keys):
    """The hash of the masks on Python's whole numbers, which never overflow."""
    bits = 0
    for key in keys:
        bits = (bits + key + 0x9E3779B9) % 2**32
        for _ in range(2):
            bits = (bits // 2**16 ^ bits) * 0x45D9F3B % 2**32
        bits ^= bits // 2**16
    return bits


def test_a_number_is_kept_if_its_hash_is_below_the_share_of_all_hashes():
    row, step = np.array([[3.0]]), np.array([[70.0]])
    for column in range(5):
        bits = hashed(12345, 1, 3, 70, column)
        kept = [keep_mask(limit / 2**32, 5, 12345, 1, row, step)[0, column] for limit in (bits - 1, bits, bits + 1)]
        assert kept == [False, False, True]


def test_the_masks_of_input_output_and_state_are_numbered():
    """Places 0, 1 and 2: with other numbers a seed that somebody has noted down would give other masks."""
    rows = np.arange(float(BATCH))[:, None]
    for place, name in enumerate(("input_keep_prob", "output_keep_prob", "state_keep_prob")):
        output, state, _ = ones(**{name: 0.5})
        np.testing.assert_array_equal(
            (state.cell.h if name == "state_keep_prob" else output) > 0, keep_mask(0.5, 200, 5, place, rows, 0 * rows)
        )


def test_seeds_fill_32_bits(rng):
    seeds = [DropoutWrapper.init(Echo(2), rng=rng).seed for _ in range(100)]
    assert 0.9 * 2**32 < max(seeds) < 2**32
    assert 0 <= min(seeds) < 0.1 * 2**32


def test_each_step_has_masks_of_its_own_unless_it_is_asked_for_otherwise(rng):
    for wrapper in (DropoutWrapper(Echo(200), 5, 0.5), DropoutWrapper.init(Echo(200), rng=rng, input_keep_prob=0.5)):
        first, state = wrapper(np.ones((BATCH, 200)), wrapper.zero_state(BATCH))
        second, _ = wrapper(np.ones((BATCH, 200)), state)
        assert 0.4 < np.mean(first == second) < 0.6


@pytest.mark.parametrize("number", [float, np.float64])
def test_float32_stays_float32_even_if_keep_prob_is_numpys(number, backend, rng):
    cell = LSTMCell.init(INPUT, 5, rng=rng, backend=backend)
    keep = {name: number(0.5) for name in ("input_keep_prob", "output_keep_prob", "state_keep_prob")}
    x = from_numpy(rng.standard_normal((BATCH, INPUT)), "float32", backend)
    for wrapper in (DropoutWrapper(cell, 5, **keep), DropoutWrapper.init(cell, rng=rng, **keep)):
        output, state, backward = wrapper.forward(x, wrapper.zero_state(BATCH))
        _, d_x, d_state = backward(output, state)
        assert {str(leaf.dtype).removeprefix("torch.") for leaf in leaves((output, state, d_x, d_state))} == {"float32"}
    assert len(leaves(wrapper)) == len(leaves(cell))  # the probabilities are no weights


def test_the_masks_are_pinned():
    """Numbers stored in notebooks and checkpoints depend on them."""
    kept = keep_mask(0.5, 16, 12345, 0, np.array([[0.0], [1.0]]), np.array([[0.0], [7.0]]))
    assert ["".join(map(str, line)) for line in kept.astype(int)] == ["1010100100010110", "0010110111010011"]


def test_a_seed_gives_a_mask_and_the_global_seed_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first, again, other = (masks(np.random.default_rng(seed), False) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_new_masks_for_a_batch_and_none_for_inference(rng):
    inner = random_lstm(INPUT, 5, rng), random_lstm(5, 5, rng)
    bottom, top = (DropoutWrapper.init(cell, rng=rng, output_keep_prob=0.5) for cell in inner)
    model = MultiRNNCell((bottom, ResidualWrapper(top)))
    new = redraw_dropout(model, rng)
    seeds = {wrapper.seed for m in (model, new) for wrapper in (m.cells[0], m.cells[1].cell)}
    assert len(seeds) == 4
    assert_trees_close(new, model, rtol=0, atol=0)
    assert new.cells[0]._replace(seed=0, cell=None) == bottom._replace(seed=0, cell=None)
    bare = without_dropout(model)
    assert bare.cells[0] is bottom.cell
    assert type(bare.cells[1]) is ResidualWrapper
    assert bare.cells[1].cell is top.cell
    assert without_dropout(bottom) is bottom.cell


def test_a_wrapper_trains_like_any_tree_of_weights(rng):
    wrapper = DropoutWrapper.init(random_lstm(INPUT, INPUT, rng), rng=rng, input_keep_prob=0.5)
    model, inputs = ResidualWrapper(wrapper), rng.standard_normal((BATCH, TIME, INPUT))
    outputs, _, backward = dynamic_rnn_forward(model, inputs)
    optimizer = sgd(0.1)
    d_model = backward(outputs)[0]
    new, _ = optimizer.update(model, d_model, optimizer.init(model))
    np.testing.assert_allclose(new.cell.cell.bias, wrapper.cell.bias - 0.1 * d_model.cell.cell.bias)
    assert new.cell.seed == wrapper.seed


def test_a_cell_state_can_begin_a_sequence_with_dropout(rng):
    wrapper = DropoutWrapper.init(random_lstm(INPUT, 5, rng), rng=rng, output_keep_prob=0.5)
    state = random_like(wrapper.cell.zero_state(BATCH), rng)
    inputs = rng.standard_normal((BATCH, TIME, INPUT))
    _, final = dynamic_rnn(wrapper, inputs, wrapper.zero_state(BATCH)._replace(cell=state), RAGGED)
    assert isinstance(final, DropoutState)
    np.testing.assert_array_equal(final.step[:, 0], RAGGED)
    assert_trees_close(final.cell, dynamic_loop_forward(wrapper.cell, inputs, state, RAGGED)[1], rtol=0, atol=0)
    with pytest.raises(
        ShapeError, match="initial_state: expected DropoutState of 3, got LSTMStateTuple of 2; build it"
    ):
        dynamic_rnn(wrapper, inputs, state)


@pytest.mark.parametrize("name", ["input_keep_prob", "output_keep_prob", "state_keep_prob"])
@pytest.mark.parametrize("value", [0, 0.0, -0.1, 1.5, float("nan"), "0.5", None])
def test_a_probability_outside_0_to_1_is_one_clear_error(name, value, rng, without_shape_types):
    cell = random_lstm(INPUT, 5, rng)
    message = f"{name}: expected a number above 0 and up to 1, the probability to keep, got {value!r}"
    with pytest.raises(ValueError, match=message):
        DropoutWrapper.init(cell, rng=rng, **{name: value})
    with pytest.raises(ValueError, match=message):
        dynamic_rnn(DropoutWrapper(cell, 0)._replace(**{name: value}), np.zeros((BATCH, TIME, INPUT)))


def test_dropout_of_a_packed_state_could_not_spare_c(rng):
    cell = PackedState(random_lstm(INPUT, 5, rng))
    DropoutWrapper.init(cell, rng=rng, output_keep_prob=0.5)
    with pytest.raises(ValueError, match=r"wrap the other way round, PackedState\(DropoutWrapper\(cell\)\)"):
        DropoutWrapper.init(MultiRNNCell((cell,)), rng=rng, state_keep_prob=0.5)


def test_dropout_needs_a_generator(rng, without_shape_types):
    for wrong in (7, np.random):
        with pytest.raises(TypeError, match=r"rng: expected a numpy.random.Generator, got (int|module)"):
            DropoutWrapper.init(random_lstm(INPUT, 5, rng), rng=wrong)


@pytest.mark.parametrize(
    "wrap", [ResidualWrapper, PackedState, lambda cell: DropoutWrapper(cell, 3, output_keep_prob=0.5)]
)
def test_a_wrapped_step_says_what_does_not_fit(wrap, rng, without_shape_types):
    cell = wrap(random_lstm(INPUT, INPUT, rng))
    with pytest.raises(ShapeError, match=r"x: expected \[batch, input=3\], got \[4, 5\]"):
        cell(np.zeros((BATCH, 5)), cell.zero_state(BATCH))
    with pytest.raises(ShapeError, match=r"state.*: expected .*batch=4"):
        cell(np.zeros((BATCH, INPUT)), cell.zero_state(BATCH + 1))
