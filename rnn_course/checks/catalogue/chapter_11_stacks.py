"""Exercises of chapter 11, cells on cells: one step of a stack, many steps, and back."""

from functools import partial

from rnn_course.arrays import array_namespace
from rnn_course.cells import LSTMStateTuple
from rnn_course.checks.catalogue.random_cells import lstm_stack, numbers, stack_state
from rnn_course.checks.exercise import Exercise, Mistake
from rnn_course.tree import tree_map


def stack_step(cells, x, states):
    new_states = []
    for cell, state in zip(cells, states, strict=True):
        x, new_state = cell(x, state)
        new_states.append(new_state)
    return x, tuple(new_states)


def run_stack(cells, inputs, states):
    xp = array_namespace(inputs)
    outputs = []
    for t in range(inputs.shape[1]):
        x, new_states = inputs[:, t], []
        for cell, state in zip(cells, states, strict=True):
            x, new_state = cell(x, state)
            new_states.append(new_state)
        outputs.append(x)
        states = tuple(new_states)
    return xp.stack(outputs, axis=1), states


def stack_forward(cells, x, states):
    new_states, backwards = [], []
    for cell, state in zip(cells, states, strict=True):
        x, new_state, cell_backward = cell.forward(x, state)
        new_states.append(new_state)
        backwards.append(cell_backward)

    def backward(d_output, d_new_states):
        d_cells, d_states = [], []
        for cell_backward, d_new_state in zip(backwards[::-1], d_new_states[::-1], strict=True):
            d_cell, d_output, d_state = cell_backward(d_output, d_new_state)  # d_output of the layer below
            d_cells.append(d_cell)
            d_states.append(d_state)
        return tuple(d_cells[::-1]), d_output, tuple(d_states[::-1])

    return x, tuple(new_states), backward


def _stack(batch, inputs, *units):
    return lambda rng: (lstm_stack(rng, inputs, units), numbers(rng, batch, inputs), stack_state(rng, batch, units))


def _stack_and_sequence(batch, time, inputs, *units):
    return lambda rng: (
        lstm_stack(rng, inputs, units),
        numbers(rng, batch, time, inputs),
        stack_state(rng, batch, units),
    )


def _step(
    cells,
    x,
    states,
    *,
    reads="below",
    shows=-1,
    end=lambda states: tuple(states),
    layer_cell=lambda cells, layer: cells[layer],
):
    """One step with one thing changed: what a layer reads, which one is shown, which cell it uses, what is returned."""
    outputs, new_states, below = [], [], x
    for layer, state in enumerate(states):
        output, new_state = layer_cell(cells, layer)(below, state)
        outputs.append(output)
        new_states.append(new_state)
        below = {"below": output, "x": x, "c": new_state.c, "old h": state.h}[reads]
    return outputs[shows], end(new_states)


def _old_states(cells, x, states):
    return _step(cells, x, states)[0], states


def _stacked(states):
    xp = array_namespace(states[0].h)
    return LSTMStateTuple(c=xp.stack([s.c for s in states], axis=0), h=xp.stack([s.h for s in states], axis=0))


def _run(cells, inputs, states, *, step=_step, carry=True, start=1.0, end=lambda states: states):
    """The loop with one thing changed: the step, whether states are carried on, the initial ones, what is returned."""
    outputs, initial = [], tree_map(lambda leaf: start * leaf, states)
    states = initial
    for t in range(inputs.shape[1]):
        output, states = step(cells, inputs[:, t], states if carry else initial)
        outputs.append(output)
    return array_namespace(inputs).stack(outputs, axis=1), end(states)


def _only_the_top(cells, inputs, states):
    """Layers that all work, but only the top one's state goes on to the next step."""
    outputs, new_states = [], states
    for t in range(inputs.shape[1]):
        output, new_states = _step(cells, inputs[:, t], states)
        states = (*states[:-1], new_states[-1])
        outputs.append(output)
    return array_namespace(inputs).stack(outputs, axis=1), new_states


def _all_outputs(cells, x, states):
    _, new_states = _step(cells, x, states)
    return array_namespace(x).concat([state.h for state in new_states], axis=1), new_states


def _back(cells, x, states, *, chain=True, use_states=True, straight=(), flip=True, first_only=False, through=1):
    """The forward pass as it should be, and a backward pass with one thing changed."""
    output, new_states, _ = stack_forward(cells, x, states)
    backwards = []
    for cell, state in zip(cells, states, strict=True):
        x, _, cell_backward = cell.forward(x, state)
        backwards.append(cell_backward)

    def backward(d_output, d_new_states):
        d_cells, d_states, d_x, top = [], [], d_output, None
        order = range(len(backwards)) if "layers" in straight else reversed(range(len(backwards)))
        for position, layer in enumerate(order):
            d_new_state = d_new_states[position if "states" in straight else layer]
            d_new_state = d_new_state if use_states else tree_map(lambda leaf: 0 * leaf, d_new_state)
            d_cell, d_x, d_state = backwards[layer](
                (through if position else 1) * d_x if chain else d_output, d_new_state
            )
            top = d_x if top is None else top
            d_cells.append(d_cell)
            d_states.append(d_state)
        turn = -1 if flip and "layers" not in straight else 1
        return tuple(d_cells[::turn]), top if first_only else d_x, tuple(d_states[::turn])

    return output, new_states, backward


EXERCISES = (
    Exercise(
        name="deep.step",
        title="One step of a stack",
        difficulty=3,
        minutes=10,
        statement="`cells` and `states` are tuples with one LSTM cell and one `LSTMStateTuple(c, h)` a layer, bottom first; "
        "`output, new_state = cell(x, state)`. For `x: [batch, input]` do one step of the whole stack. Return the output of "
        "the stack, `[batch, hidden]` of the top layer, and a tuple of the new states.",
        solution=stack_step,
        reason="The output of each layer is the x of the next one, and each layer keeps its own state and its own weights. "
        "Output and states together look like those of one cell: a stack of cells is a cell.",
        cases=(
            _stack(2, 3, 3, 3),  # equal widths, so that nothing raises where layers are mixed up
            _stack(3, 2, 5, 4),
            _stack(4, 5, 5, 5, 5),
            _stack(2, 6, 4, 5, 3),
            _stack(1, 2, 1),
        ),
        results=("output: [batch, hidden]", "states.*.c: [batch, hidden]", "states.*.h: [batch, hidden]"),
        mistakes=(
            Mistake(
                "every layer reads x",
                partial(_step, reads="x"),
                "All your layers read x. What is the second layer given to read, if it stands on the first?",
            ),
            Mistake(
                "one cell for all layers",
                partial(_step, layer_cell=lambda cells, layer: cells[0]),
                "One cell does the work of all your layers, so they share one set of weights. Whose turn is it in layer 2?",
            ),
            Mistake(
                "output of the bottom layer",
                partial(_step, shows=0),
                "You returned what the bottom layer says. Which layer is the last one to work?",
            ),
            Mistake(
                "c handed up",
                partial(_step, reads="c"),
                "Your layers hand their memory c upwards. Which of its numbers does a cell show to the outside?",
            ),
            Mistake(
                "old h handed up",
                partial(_step, reads="old h"),
                "Your layers read what the layer below said one step ago. In which order do the layers work in one step?",
            ),
            Mistake(
                "states top first",
                partial(_step, end=lambda states: tuple(states[::-1])),
                "Your new states stand in the other order than the old ones. Which one will the bottom layer get next time?",
            ),
            Mistake(
                "a layer axis",
                partial(_step, end=_stacked),
                "You stacked the states along a new axis. That fails as soon as two layers differ in width: what holds them?",
            ),
            Mistake(
                "old states returned",
                _old_states,
                "Your states are those that the step began with. Which ones will the next step need?",
            ),
        ),
        hints=(
            "What does the bottom layer read? And the one on top of it?",
            "Go through cells and states together, and let x be what the layer below has just put out.",
            "Collect the new states in the same order; when the loop is over, x is the output of the stack.",
        ),
    ),
    Exercise(
        name="deep.sequence",
        title="A stack over time",
        difficulty=4,
        minutes=15,
        statement="Run a stack of LSTM cells over `inputs: [batch, time, input]`. `cells` and `states` are tuples with one cell "
        "and one `LSTMStateTuple(c, h)` a layer, bottom first; the widths may differ. Return the outputs of the top layer, "
        "`[batch, time, hidden]`, and the final states of all layers, in a tuple.",
        solution=run_stack,
        reason="At each step the layers work from the bottom up, each with the state that it had after the step before. Only "
        "the top layer is seen in the outputs, but every layer has a final state. One layer at a time gives the same.",
        cases=(
            _stack_and_sequence(2, 4, 3, 3, 3),  # equal widths, so that nothing raises where layers are mixed up
            _stack_and_sequence(3, 4, 2, 6, 5),
            _stack_and_sequence(2, 3, 6, 4, 5, 7),
            _stack_and_sequence(1, 3, 2, 1),
            _stack_and_sequence(4, 1, 3, 2, 5),
        ),
        results=("outputs: [batch, time, hidden]", "states.*.c: [batch, hidden]", "states.*.h: [batch, hidden]"),
        mistakes=(
            Mistake(
                "layer 2 reads the inputs",
                partial(_run, step=partial(_step, reads="x")),
                "Your upper layers read the inputs. Then nothing stands on anything: what does layer 2 read at step t?",
            ),
            Mistake(
                "outputs of the bottom layer",
                partial(_run, step=partial(_step, shows=0)),
                "You collected the outputs of the bottom layer. Which layer do the outputs of a stack come from?",
            ),
            Mistake(
                "outputs of all layers",
                partial(_run, step=_all_outputs),
                "Your outputs hold all layers side by side. Who hears the lower layers, and who hears the top one?",
            ),
            Mistake(
                "bottom state for all",
                partial(_run, end=lambda states: (states[0],) * len(states)),
                "Your tuple holds the bottom layer's state in every place. What did the layers above it end with?",
            ),
            Mistake(
                "states not carried on",
                partial(_run, carry=False),
                "Each of your steps begins with the initial states. What do the layers remember of the step before?",
            ),
            Mistake(
                "initial states ignored",
                partial(_run, start=0.0),
                "Your layers begin with zeros. The caller handed in a state for each of them: where did they go?",
            ),
            Mistake(
                "only the top layer's state",
                partial(_run, end=lambda states: states[-1]),
                "You returned the state of the top layer alone. Could the stack go on from there?",
            ),
            Mistake(
                "lower layers not carried on",
                _only_the_top,
                "Your top layer remembers, the layers below begin anew at every step. Whose states go on from step to step?",
            ),
            Mistake(
                "initial states returned",
                lambda cells, inputs, states: (run_stack(cells, inputs, states)[0], states),
                "Your outputs are right, but the states that you return are those that were handed in. What did the layers end with?",
            ),
        ),
        hints=(
            "You have one step of a stack from `deep.step`. What goes around it?",
            "Two loops: over time outside, over the layers inside. Or the other way round, one layer over all steps first.",
            "After each step the new states of all layers replace the old ones; the output of the top one is collected.",
        ),
    ),
    Exercise(
        name="deep.backward",
        title="Back through a stack",
        difficulty=4,
        minutes=20,
        statement="Do one step of a stack as in `deep.step`, with a way back. `output, new_state, cell_backward = "
        "cell.forward(x, state)`, and `cell_backward(d_output, d_new_state)` returns `d_cell, d_x, d_state`. Return `output, "
        "new_states, backward`; `backward(d_output, d_new_states)` gets the gradient of the output and a tuple of gradients "
        "of the new states, bottom first, and returns d_cells (a tuple, bottom first), d_x `[batch, input]` and d_states.",
        solution=stack_forward,
        reason="What a layer reads is the output of the layer below, so its d_x is the d_output of that layer: the way back "
        "goes from the top down. Every layer also gets the gradient of its own new state.",
        cases=(_stack(2, 3, 3, 3), _stack(3, 2, 5, 4), _stack(4, 5, 5, 5, 5), _stack(2, 6, 4, 5, 3), _stack(1, 2, 1)),
        results=(
            "output: [batch, hidden]",
            "states.*.c: [batch, hidden]",
            "states.*.h: [batch, hidden]",
            "backward.d_cells.*.kernel: [input+hidden, 4*hidden]",
            "backward.d_cells.*.bias: [4*hidden]",
            "backward.d_x: [batch, input]",
            "backward.d_states.*.c: [batch, hidden]",
            "backward.d_states.*.h: [batch, hidden]",
        ),
        laws=("gradient",),
        mistakes=(
            Mistake(
                "every layer gets d_output",
                partial(_back, chain=False),
                "You hand the gradient of the output to every layer. Only one layer made that output: what do the others get?",
            ),
            Mistake(
                "gradients of the states forgotten",
                partial(_back, use_states=False),
                "Your layers do not hear what the next step says about their new states. Which argument have you not used?",
            ),
            Mistake(
                "states of other layers",
                partial(_back, straight=("states",)),
                "Going down from the top, you read the gradients of the states from the bottom up. Which belongs to which layer?",
            ),
            Mistake(
                "bottom layer first",
                partial(_back, straight=("layers",)),
                "Your way back begins at the bottom. Through which layer does a gradient of the output come in?",
            ),
            Mistake(
                "gradients top first",
                partial(_back, flip=False),
                "Your gradients stand in the order of the way back, the top layer's first. In which order are the cells?",
            ),
            Mistake(
                "d_x of the top layer",
                partial(_back, first_only=True),
                "The d_x that you return is that of the top layer. Which layer has read x?",
            ),
            Mistake(
                "nothing handed down",
                partial(_back, through=0),
                "Only your top layer hears the gradient of the output. What does its backward hand to the layer below?",
            ),
        ),
        hints=(
            "Keep the `backward` of every cell on the way up, and go through them from the top down.",
            "A cell's backward hands back three gradients. One of them is just what the layer below waits for.",
            "Collect the gradients of cells and states, and turn both lists round at the end, so that the bottom is first.",
        ),
    ),
)
