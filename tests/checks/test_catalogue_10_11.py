"""Chapters 10 and 11: the reference answers are those of the package, of torch.nn and of Torch's autograd."""

import numpy as np
import pytest
import torch

from rnn_course import (
    BasicRNNCell,
    DropoutState,
    DropoutWrapper,
    LSTMCell,
    LSTMStateTuple,
    MultiRNNCell,
    ResidualWrapper,
    bidirectional_dynamic_rnn,
    dynamic_rnn,
    dynamic_rnn_forward,
    leaves,
    mean_squared_error,
    parameters,
    reverse_sequence,
    sequence_mask,
    to,
    tree_map,
)
from rnn_course.checks.catalogue import (
    chapter_10,
    chapter_10_backward,
    chapter_10_lengths,
    chapter_10_lengths_read,
    chapter_10_reversed,
    chapter_11,
    chapter_11_stacks,
    chapter_11_wrappers,
)
from rnn_course.convert import lstm_to_torch
from rnn_course.dropout_wrapper import OUTPUT, keep_mask
from tests.helpers import assert_trees_close, random_like

MODULES = (
    chapter_10,
    chapter_10_backward,
    chapter_10_lengths,
    chapter_10_lengths_read,
    chapter_10_reversed,
    chapter_11,
    chapter_11_stacks,
    chapter_11_wrappers,
)
EXERCISES = {exercise.name: exercise for module in MODULES for exercise in module.EXERCISES}


def cases(*names):
    """Every case of these exercises."""
    return pytest.mark.parametrize(
        ("name", "case"), [(name, k) for name in names for k in range(len(EXERCISES[name].cases))]
    )


def drawn(name, case, backend="torch"):
    """The reference answer of an exercise, and fresh arguments of a case."""
    exercise = EXERCISES[name]
    return exercise.solution, tuple(to(argument, backend) for argument in exercise.arguments(case))


def watched(*trees):
    """Copies of these trees that autograd watches."""
    return tuple(tree_map(lambda leaf: leaf.clone().requires_grad_(), tree) for tree in trees)


def assert_autograd_agrees(results, gradients, arguments, back):
    """What `back` gives for these gradients of the results is what autograd gives, for all leaves of the arguments."""
    total = sum((a * g).sum() for a, g in zip(leaves(results), leaves(gradients), strict=True))
    expected = torch.autograd.grad(total, leaves(arguments), materialize_grads=True, allow_unused=True)
    for got, wanted in zip(leaves(back(*gradients)), expected, strict=True):
        torch.testing.assert_close(got, wanted, rtol=1e-9, atol=1e-12)


@cases("sequence.outputs_vs_state", "deep.predict")
def test_the_predicted_shapes_are_those_of_dynamic_rnn(name, case, rng):
    solution, (batch, time, input_size, units) = drawn(name, case)
    layers = units if isinstance(units, tuple) else (units,)
    widths = zip((input_size, *layers), layers, strict=False)
    stack = MultiRNNCell([LSTMCell.init(below, hidden, rng=rng) for below, hidden in widths])
    outputs, states = dynamic_rnn(stack, np.zeros((batch, time, input_size), np.float32))
    shapes = tuple(LSTMStateTuple(state.c.shape, state.h.shape) for state in states)
    expected = (outputs.shape, shapes) if units is layers else (outputs.shape, *shapes[0])
    assert solution(batch, time, input_size, units) == expected


@cases("sequence.unroll")
def test_unroll_is_dynamic_rnn_and_torch_rnn(name, case):
    solution, (kernel, bias, inputs, state) = drawn(name, case)
    got = solution(kernel, bias, inputs, state)
    assert_trees_close(got, dynamic_rnn(BasicRNNCell(kernel, bias), inputs, state))
    width = inputs.shape[2]
    module = torch.nn.RNN(width, len(bias), batch_first=True, dtype=torch.float64)
    weights = (kernel[:width].T, kernel[width:].T, bias, 0 * bias)
    with torch.no_grad():
        for parameter, value in zip(module.parameters(), weights, strict=True):
            parameter.copy_(value)
        outputs, final = module(inputs, state[None])
    assert_trees_close(got, (outputs, final[0]))


@cases("sequence.time_major")
def test_time_major_is_dynamic_rnn_and_torch_lstm(name, case):
    solution, (cell, inputs, state) = drawn(name, case)
    got = solution(cell, inputs, state)
    assert_trees_close(got, dynamic_rnn(cell, inputs, state, time_major=True))
    with torch.no_grad():
        module = lstm_to_torch(cell)
        module.batch_first = False
        outputs, (h, c) = module(inputs, (state.h[None], state.c[None]))
    assert_trees_close(got, (outputs, LSTMStateTuple(c=c[0], h=h[0])))


@cases("sequence.lengths")
def test_lengths_are_those_of_dynamic_rnn_and_of_packed_torch(name, case):
    solution, (cell, inputs, state, lengths) = drawn(name, case)
    outputs, final = solution(cell, inputs, state, lengths)
    assert_trees_close((outputs, final), dynamic_rnn(cell, inputs, state, lengths))
    some = lengths > 0  # Torch packs no empty row
    assert_trees_close(tree_map(lambda leaf: leaf[~some], final), tree_map(lambda leaf: leaf[~some], state))
    assert not outputs[~some].any()
    if some.any():
        pack, pad = torch.nn.utils.rnn.pack_padded_sequence, torch.nn.utils.rnn.pad_packed_sequence
        packed = pack(inputs[some], lengths[some], batch_first=True, enforce_sorted=False)
        with torch.no_grad():
            theirs, (h, c) = lstm_to_torch(cell)(packed, (state.h[some][None], state.c[some][None]))
        expected, _ = pad(theirs, batch_first=True, total_length=inputs.shape[1])
        got = outputs[some], tree_map(lambda leaf: leaf[some], final)
        assert_trees_close(got, (expected, LSTMStateTuple(c=c[0], h=h[0])))


@cases("sequence.backward")
def test_back_through_time_is_the_package_and_autograd(name, case, rng):
    solution, arguments = drawn(name, case)
    cell, inputs, state, lengths = arguments
    moving = watched(cell, inputs, state)
    outputs, final, backward = solution(*moving, lengths)
    gradients = to(random_like(tree_map(lambda leaf: leaf.detach(), (outputs, final)), rng), "torch")
    assert_autograd_agrees((outputs, final), gradients, moving, backward)
    ours, ours_final, our_backward = dynamic_rnn_forward(cell, inputs, state, lengths)
    assert_trees_close((outputs.detach(), final.detach()), (ours, ours_final))
    assert_trees_close(tree_map(lambda g: g.detach(), backward(*gradients)), our_backward(*gradients))


@cases("sequence.mask")
def test_mask_is_the_packages(name, case, backend):
    solution, (lengths, time) = drawn(name, case, backend)
    assert (solution(lengths, time) == sequence_mask(lengths, time)).all()


@cases("sequence.last_valid")
def test_the_last_valid_output_is_the_final_state(name, case, rng):
    solution, (inputs, lengths) = drawn(name, case, "numpy")
    cell = random_like(BasicRNNCell.init(inputs.shape[2], 4, rng=rng, dtype="float64"), rng)
    outputs, final = dynamic_rnn(cell, inputs, sequence_length=lengths)  # from h = 0, so that length 0 gives 0
    np.testing.assert_array_equal(solution(outputs, lengths), final)


@cases("sequence.masked_loss")
def test_the_masked_mean_is_the_packages_and_torchs(name, case):
    solution, (losses, lengths) = drawn(name, case)
    mask = sequence_mask(lengths, losses.shape[1])
    assert_trees_close(solution(losses, lengths), mean_squared_error(losses**0.5, 0 * losses, mask))
    assert_trees_close(solution(losses, lengths), losses[mask].mean())


@cases("sequence.reverse_valid")
def test_the_valid_part_is_reversed_as_the_package_does(name, case, backend):
    solution, (inputs, lengths) = drawn(name, case, backend)
    turned = solution(inputs, lengths)
    assert_trees_close(turned, reverse_sequence(inputs, lengths))
    assert_trees_close(solution(turned, lengths), inputs)


@cases("sequence.bidirectional")
def test_both_directions_are_the_packages(name, case):
    solution, (cell_fw, cell_bw, inputs, state_fw, state_bw, lengths) = drawn(name, case)
    outputs, states = bidirectional_dynamic_rnn(cell_fw, cell_bw, inputs, state_fw, state_bw, lengths)
    got = solution(cell_fw, cell_bw, inputs, state_fw, state_bw, lengths)
    assert_trees_close(got, (torch.cat(outputs, dim=2), *states))


@cases("deep.count")
def test_parameters_are_counted_as_they_are(name, case, rng):
    solution, (input_size, units) = drawn(name, case)
    widths = list(zip((input_size, *units), units, strict=False))
    assert solution(input_size, units) == parameters(tuple(LSTMCell.init(*sizes, rng=rng) for sizes in widths))
    torchs = sum(p.numel() for sizes in widths for p in torch.nn.LSTM(*sizes).parameters())
    assert solution(input_size, units) == torchs - 4 * sum(units)  # Torch has a second bias


def test_the_counts_of_the_course():
    count = chapter_11.count_parameters
    assert (count(3, (5,)), count(3, (5, 5)), count(128, (100, 400, 300))) == (180, 400, 1_734_400)


@cases("deep.step")
def test_a_step_of_a_stack_is_the_packages(name, case, backend):
    solution, (cells, x, states) = drawn(name, case, backend)
    assert_trees_close(solution(cells, x, states), MultiRNNCell(cells)(x, states))


@cases("deep.sequence")
def test_a_stack_over_time_is_dynamic_rnn(name, case, backend):
    solution, (cells, inputs, states) = drawn(name, case, backend)
    got = solution(cells, inputs, states)
    assert_trees_close(got, dynamic_rnn(MultiRNNCell(cells), inputs, states))
    assert_trees_close(chapter_11.last_output(got[1]), got[0][:, -1])


def test_a_stack_of_equal_layers_is_torchs_and_so_are_its_states():
    solution, (cells, inputs, states) = drawn("deep.sequence", 0)
    with torch.no_grad():
        h, c = (torch.stack([getattr(state, part) for state in states]) for part in "hc")
        outputs, (h_n, c_n) = lstm_to_torch(MultiRNNCell(cells))(inputs, (h, c))
    assert_trees_close(solution(cells, inputs, states), (outputs, chapter_11.from_torch(h_n, c_n)))


@cases("deep.backward")
def test_back_through_a_stack_is_the_package_and_autograd(name, case, rng):
    solution, arguments = drawn(name, case)
    moving = watched(*arguments)
    output, new_states, backward = solution(*moving)
    gradients = to(random_like(tree_map(lambda leaf: leaf.detach(), (output, new_states)), rng), "torch")
    assert_autograd_agrees((output, new_states), gradients, moving, backward)
    cells, x, states = arguments
    d_stack, d_x, d_states = MultiRNNCell(cells).forward(x, states)[2](*gradients)
    assert_trees_close(solution(*arguments)[2](*gradients), (d_stack.cells, d_x, d_states))


@cases("deep.residual")
def test_a_residual_layer_is_the_wrapper(name, case):
    solution, (cell, inputs, state, lengths) = drawn(name, case)
    assert_trees_close(
        solution(cell, inputs, state, lengths), dynamic_rnn(ResidualWrapper(cell), inputs, state, lengths)
    )


@cases("deep.dropout_output")
def test_dropout_of_the_output_is_the_wrapper(name, case, rng):
    solution, (cell, x, state, noise, keep_prob) = drawn(name, case)
    wrapper = DropoutWrapper.init(cell, rng=rng, output_keep_prob=keep_prob)
    start: DropoutState = wrapper.zero_state(x.shape[0])._replace(cell=state)
    kept = keep_mask(keep_prob, noise.shape[1], wrapper.seed, OUTPUT, start.row, start.step)
    output, new_state = wrapper(x, start)
    same_noise = torch.where(kept, 0.5 * keep_prob * torch.ones_like(noise), torch.ones_like(noise))
    assert_trees_close(solution(cell, x, state, same_noise, keep_prob), (output, new_state.cell))


@pytest.mark.parametrize("name", EXERCISES)
def test_cases_leave_nothing_to_chance(name):
    """At least three cases, and four mistakes, each of which is worth a hint of its own."""
    exercise = EXERCISES[name]
    assert len(exercise.cases) >= 3
    assert len(exercise.mistakes) >= 4


@pytest.mark.parametrize(
    "name", [name for name, exercise in EXERCISES.items() if "sequence_length" in exercise.parameters]
)
def test_lengths_are_ragged_with_an_empty_and_a_full_row(name):
    exercise, seen = EXERCISES[name], set()
    for case in range(len(exercise.cases)):
        arguments = dict(zip(exercise.parameters, exercise.arguments(case), strict=True))
        time = (
            arguments["time"]
            if "time" in arguments
            else next(leaf.shape[1] for part in ("inputs", "outputs", "losses") for leaf in leaves(arguments.get(part)))
        )
        seen |= {"empty" if n == 0 else "full" if n == time else "ragged" for n in arguments["sequence_length"]}
    assert seen == {"empty", "full", "ragged"}
