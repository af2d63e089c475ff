"""Exercises of chapter 10, many steps in one call: back through time where rows are padded."""

from functools import partial

from rnn_course.arrays import array_namespace
from rnn_course.checks.catalogue.random_cells import lengths, numbers, rnn_cell
from rnn_course.checks.exercise import Exercise, Mistake
from rnn_course.tree import add as add_trees
from rnn_course.tree import tree_map


def forward_and_back(cell, inputs, state, sequence_length):
    xp = array_namespace(inputs)
    outputs, steps = [], []
    for t in range(inputs.shape[1]):
        alive = (t < sequence_length)[:, None]  # [batch, 1]
        output, new_state, step_backward = cell.forward(inputs[:, t], state)
        outputs.append(xp.where(alive, output, 0.0))
        state = xp.where(alive, new_state, state)
        steps.append((alive, step_backward))

    def backward(d_outputs, d_state):
        d_cell = cell._replace(kernel=0 * cell.kernel, bias=0 * cell.bias)
        d_inputs = []
        for t in reversed(range(len(steps))):
            alive, step_backward = steps[t]
            d_output, d_new_state = xp.where(alive, d_outputs[:, t], 0.0), xp.where(alive, d_state, 0.0)
            d_step, d_x, d_old_state = step_backward(d_output, d_new_state)
            d_state = xp.where(alive, d_old_state, d_state)  # a row that is over hands its gradient straight on
            d_cell = d_cell._replace(kernel=d_cell.kernel + d_step.kernel, bias=d_cell.bias + d_step.bias)
            d_inputs.append(d_x)
        return d_cell, xp.stack(d_inputs[::-1], axis=1), d_state

    return xp.stack(outputs, axis=1), state, backward


def _cell_and_lengths(time, inputs, hidden, *valid):
    return lambda rng: (
        rnn_cell(rng, inputs, hidden),
        numbers(rng, len(valid), time, inputs),
        numbers(rng, len(valid), hidden),
        lengths(*valid),
    )


def _back(
    cell,
    inputs,
    state,
    sequence_length,
    *,
    add=True,
    hand_on=True,
    from_output=1.0,
    from_end=1.0,
    flip=True,
    padding="",
    average=False,
):
    """The forward pass as it should be, and a backward pass with one thing changed."""
    outputs, final_state, _ = forward_and_back(cell, inputs, state, sequence_length)
    xp, steps = array_namespace(inputs), []
    for t in range(inputs.shape[1]):
        alive = (t < sequence_length)[:, None]
        _, new_state, step_backward = cell.forward(inputs[:, t], state)
        state = xp.where(alive, new_state, state)
        steps.append((alive, step_backward))

    def backward(d_outputs, d_state):
        d_cell, d_inputs, d_state = tree_map(lambda leaf: 0 * leaf, cell), [], from_end * d_state
        for t in reversed(range(len(steps))):
            alive, step_backward = steps[t]
            d_output, d_new = xp.where(alive, from_output * d_outputs[:, t], 0.0), xp.where(alive, d_state, 0.0)
            if padding == "not masked":
                d_output, d_new = from_output * d_outputs[:, t], d_state
            d_step, d_x, d_old = step_backward(d_output, d_new)
            d_state = d_old if padding else xp.where(alive, d_old, d_state)
            d_state = d_state if hand_on else 0.0 * d_state
            d_cell = add_trees(d_cell, d_step) if add else d_step
            d_inputs.append(d_x)
        d_cell = tree_map(lambda leaf: leaf / len(steps), d_cell) if average else d_cell
        return d_cell, xp.stack(d_inputs[::-1] if flip else d_inputs, axis=1), d_state

    return outputs, final_state, backward


EXERCISES = (
    Exercise(
        name="sequence.backward",
        title="Back through time, with padding",
        difficulty=5,
        minutes=25,
        statement="Run a basic cell over `inputs: [batch, time, input]` from `state: [batch, hidden]`; row b has "
        "`sequence_length[b]` steps, after which its outputs are 0 and its state is copied through. `output, new_state, "
        "step_backward = cell.forward(x, state)`, and `step_backward(d_output, d_new_state)` returns `d_cell, d_x, "
        "d_state`, where d_cell is a cell made of gradients. Return `outputs, final_state, backward`; "
        "`backward(d_outputs, d_final_state)` returns d_cell, d_inputs `[batch, time, input]` and d_state `[batch, hidden]`, "
        "the gradient of the initial state.",
        solution=forward_and_back,
        reason="The weights work at every step, so their gradients are summed over time. A step gets a gradient from its "
        "output and one from the step after it. Where a row is over, its state was copied, so the gradient of the state is "
        "copied back, and nothing goes into the cell.",
        cases=(
            _cell_and_lengths(4, 2, 5, 4, 0, 2),
            _cell_and_lengths(5, 3, 4, 1, 5),
            _cell_and_lengths(3, 5, 2, 3, 2, 0, 1),
            _cell_and_lengths(4, 1, 3, 3),
        ),
        results=(
            "outputs: [batch, time, hidden]",
            "state: [batch, hidden]",
            "backward.d_cell.kernel: [input + hidden, hidden]",
            "backward.d_cell.bias: [hidden]",
            "backward.d_inputs: [batch, time, input]",
            "backward.d_state: [batch, hidden]",
        ),
        laws=("gradient",),
        mistakes=(
            Mistake(
                "gradients overwritten",
                partial(_back, add=False),
                "The gradients of your weights come from one step only. The weights were used at every step: what becomes of "
                "the other shares?",
            ),
            Mistake(
                "gradient of the state forgotten",
                partial(_back, hand_on=False),
                "Your steps do not hear from the steps after them. An early h moves later outputs too: by which way does that "
                "gradient come back?",
            ),
            Mistake(
                "gradient of the outputs forgotten",
                partial(_back, from_output=0.0),
                "Only the final state sends a gradient in your backward. What about the outputs that a loss looked at on the way?",
            ),
            Mistake(
                "gradient of the final state forgotten",
                partial(_back, from_end=0.0),
                "Your way back begins with zeros. The caller may use the final state as well: what did it hand to `backward`?",
            ),
            Mistake(
                "gradients of the inputs in reverse",
                partial(_back, flip=False),
                "Your gradients of the inputs stand in the order in which you met them, the last step first. Which step is which?",
            ),
            Mistake(
                "gradient lost in the padding",
                partial(_back, padding="lost"),
                "Where a row is over, the gradient of its final state disappears. The state was copied there: what is the "
                "gradient of a copy?",
            ),
            Mistake(
                "padding not masked",
                partial(_back, padding="not masked"),
                "Padded steps send gradients into your cell. Their outputs were replaced by 0: can they matter to a loss?",
            ),
            Mistake(
                "averaged over time",
                partial(_back, average=True),
                "You divided the gradients of the weights by the number of steps. Does the chain rule average over several uses?",
            ),
        ),
        hints=(
            "Keep every `step_backward` in a list, and go through it from the last step to the first.",
            "Two gradients come into a step: of its output, and of its new state, which the step after it has handed back.",
            "In a row that is over, give the cell zeros for both, and hand the gradient of the state on as it came. Add the "
            "gradients of the weights of all steps.",
        ),
    ),
)
