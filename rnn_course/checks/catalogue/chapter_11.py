"""Exercises of chapter 11, cells on cells: what a stack of LSTM layers holds and hands back."""

from functools import partial

from rnn_course.arrays import array_namespace
from rnn_course.cells import LSTMStateTuple
from rnn_course.checks.catalogue.random_cells import numbers, stack_state
from rnn_course.checks.exercise import Exercise, Mistake


def count_parameters(input_size, units):
    total = 0
    for hidden in units:
        total += (input_size + hidden) * 4 * hidden + 4 * hidden
        input_size = hidden
    return total


def predict_shapes(batch, time, input_size, units):
    states = tuple(LSTMStateTuple(c=(batch, hidden), h=(batch, hidden)) for hidden in units)
    return (batch, time, units[-1]), states


def last_output(states):
    return states[-1].h


def from_torch(h_n, c_n):
    return tuple(LSTMStateTuple(c=c_n[layer], h=h_n[layer]) for layer in range(h_n.shape[0]))


def _count(input_size, units, *, gates=4, biases=1, recurrent=1, chain=True, matrices=1):
    """The number of parameters with one thing counted otherwise."""
    total = 0
    for hidden in units:
        total += matrices * (input_size + recurrent * hidden) * gates * hidden + biases * gates * hidden
        input_size = hidden if chain else input_size
    return total


def _only_one_layer(input_size, units):
    return len(units) * _count(input_size, units[:1])


def _predict(batch, time, input_size, units, *, width=lambda units: units[-1], layer=None, order=1, top_only=False):
    """The shapes with one thing changed: the width of the outputs, the state of a layer, the order of the layers."""
    layer = layer or (lambda hidden: LSTMStateTuple(c=(batch, hidden), h=(batch, hidden)))
    states = tuple(layer(hidden) for hidden in units[::order])
    return (batch, time, width(units)), states[-1] if top_only else states


def _with_time(batch, time, input_size, units):
    return _predict(
        batch,
        time,
        input_size,
        units,
        layer=lambda hidden: LSTMStateTuple((batch, time, hidden), (batch, time, hidden)),
    )


def _with_layer_axis(batch, time, input_size, units):
    shape = (len(units), batch, units[-1])
    return (batch, time, units[-1]), LSTMStateTuple(c=shape, h=shape)


def _only_h(batch, time, input_size, units):
    return _predict(batch, time, input_size, units, layer=lambda hidden: (batch, hidden))


def _stack_of_states(batch, *units):
    return lambda rng: (stack_state(rng, batch, units),)


def _torch_states(layers, batch, hidden):
    return lambda rng: (numbers(rng, layers, batch, hidden), numbers(rng, layers, batch, hidden))


EXERCISES = (
    Exercise(
        name="deep.count",
        title="Count the parameters of a stack",
        difficulty=2,
        minutes=8,
        statement="LSTM layers stand on each other; the bottom one reads `input_size` numbers a step, and `units` is a tuple "
        "with the number of units of each layer, bottom first. Return how many parameters they have together. Each layer has "
        "one kernel `[input + hidden, 4*hidden]` and one bias, as in TensorFlow 1.",
        solution=count_parameters,
        reason="Four blocks of `hidden` columns; each column has a weight for every input, for every old h, and a bias. What a "
        "layer reads is as wide as the layer below: 128 is the input of the first one only, and the stack has 1,734,400.",
        cases=(
            lambda rng: (3, (5,)),
            lambda rng: (3, (5, 5)),
            lambda rng: (128, (100, 400, 300)),
            lambda rng: (1, (2, 1)),
        ),
        results=("parameters",),
        backends=("numpy",),
        dtypes=("float64",),
        mistakes=(
            Mistake(
                "bias forgotten",
                partial(_count, biases=0),
                "You counted the kernels only. What else does a layer add to its pre-activations?",
            ),
            Mistake(
                "Torch's two biases",
                partial(_count, biases=2),
                "You counted two biases a layer. Torch has two; how many has the layer of the statement?",
            ),
            Mistake(
                "every layer reads the input",
                partial(_count, chain=False),
                "You let every layer read the input of the stack. How wide is what the second layer reads?",
            ),
            Mistake(
                "gates forgotten",
                partial(_count, gates=1),
                "That is the count of a basic cell. An LSTM computes more than one pre-activation a unit: how many?",
            ),
            Mistake(
                "old h forgotten",
                partial(_count, recurrent=0),
                "Your kernels have rows for the input alone. What else does a layer read at every step?",
            ),
            Mistake(
                "the bottom layer for all",
                _only_one_layer,
                "You multiplied the bottom layer by the number of layers. Do the others read and hold as much as it does?",
            ),
            Mistake(
                "one bias a unit",
                lambda input_size, units: _count(input_size, units, biases=0) + sum(units),
                "You gave each unit one bias. How many pre-activations does a unit of an LSTM have at a step?",
            ),
        ),
        hints=(
            "Count one layer first: 3 inputs and 5 units make 180.",
            "A kernel has as many rows as the layer reads numbers, its own old h included, and as many columns as four blocks.",
            "Go up through the layers, and let the width of each be the input of the next. Two layers of 5 on 3 make 400.",
        ),
    ),
    Exercise(
        name="deep.predict",
        title="Predict the shapes of a stack",
        difficulty=2,
        minutes=6,
        statement="A stack of LSTM layers runs over inputs `[batch, time, input_size]` under `dynamic_rnn`; `units` has the "
        "number of units of each layer, bottom first. Return the shape of the outputs, and the shapes of the final state: a "
        "tuple with one `LSTMStateTuple(c=shape, h=shape)` a layer, bottom first.",
        solution=predict_shapes,
        reason="The outputs are those of the top layer. The state is a tuple with a pair (c, h) for each layer; there is no "
        "layer axis, for 100, 400 and 300 units do not fit into one array.",
        cases=(
            lambda rng: (3, 4, 2, (5, 6)),
            lambda rng: (32, 28, 128, (100, 400, 300)),
            lambda rng: (1, 7, 3, (2,)),
        ),
        results=("outputs", "states"),
        backends=("numpy",),
        dtypes=("float64",),
        mistakes=(
            Mistake(
                "outputs of the bottom layer",
                partial(_predict, width=lambda units: units[0]),
                "Your outputs are as wide as the bottom layer. Which layer speaks to the outside?",
            ),
            Mistake(
                "outputs of all layers",
                partial(_predict, width=sum),
                "You put the outputs of all layers side by side. Whose outputs does the stack hand on?",
            ),
            Mistake(
                "a layer axis",
                _with_layer_axis,
                "You gave the state a layer axis. Layers may differ in width: could one array hold them all?",
            ),
            Mistake(
                "only the top layer's state",
                partial(_predict, top_only=True),
                "You kept the state of the top layer alone. What would the others begin the next call with?",
            ),
            Mistake(
                "h without c",
                _only_h,
                "You have one shape a layer. What does an LSTM carry from step to step besides h?",
            ),
            Mistake(
                "states with a time axis",
                _with_time,
                "Your states have a time axis. How many states does a layer have left at the end?",
            ),
            Mistake(
                "top layer first",
                partial(_predict, order=-1),
                "Your states begin at the top. In which order were the layers given?",
            ),
            Mistake(
                "all as wide as the top",
                lambda batch, time, input_size, units: _predict(batch, time, input_size, (units[-1],) * len(units)),
                "All your states are as wide as the top layer. How wide is each layer itself?",
            ),
            Mistake(
                "time-major outputs",
                lambda batch, time, input_size, units: (
                    (time, batch, units[-1]),
                    predict_shapes(batch, time, input_size, units)[1],
                ),
                "Your outputs are time-major, but the inputs were batch-major. How are outputs laid out?",
            ),
        ),
        hints=(
            "What comes out of the stack at one step, and of which layer?",
            "Every layer is an LSTM of its own, with its own c and h, as wide as it is itself.",
            "One shape with a time axis; then, for each entry of `units`, a pair of equal shapes without one.",
        ),
    ),
    Exercise(
        name="deep.last_output",
        title="The last output, from the states",
        difficulty=1,
        minutes=4,
        statement="`states` is the final state of a stack of LSTM layers: a tuple with one `LSTMStateTuple(c, h)` a layer, "
        "bottom first, the parts `[batch, hidden]` of that layer. No row is padded. Return the output of the last step, "
        "`[batch, hidden]`.",
        solution=last_output,
        reason="The output of a stack is the output of its top layer, and the output of an LSTM is its h. Where rows are "
        "padded this is still the last valid output, because the state is copied through.",
        cases=(
            _stack_of_states(2, 4, 3, 5),
            _stack_of_states(3, 5, 2),
            _stack_of_states(1, 3, 2, 4),
            _stack_of_states(4, 1),
        ),
        results=("[batch, hidden]",),
        mistakes=(
            Mistake(
                "bottom layer for top",
                lambda states: states[0].h,
                "That is the h of the bottom layer. At which end of the tuple is the layer that speaks to the outside?",
            ),
            Mistake(
                "c for h",
                lambda states: states[-1].c,
                "The right layer, but that is its memory. Which part of the pair does the cell show?",
            ),
            Mistake(
                "the whole state of the top",
                lambda states: states[-1],
                "That is the pair of the top layer. The output is one array: which half of the pair is it?",
            ),
            Mistake(
                "h of all layers",
                lambda states: array_namespace(states[0].h).concat([state.h for state in states], axis=1),
                "You put h of all layers side by side. What would `dynamic_rnn` return as the output of a step?",
            ),
            Mistake(
                "c and h side by side",
                lambda states: array_namespace(states[0].h).concat(states[-1], axis=1),
                "You joined c and h of the top layer. Does the memory leave the cell?",
            ),
            Mistake(
                "the squeezed memory",
                lambda states: array_namespace(states[0].c).tanh(states[-1].c),
                "That is tanh of the memory. What else does a cell do before it shows it, and where do you find the result?",
            ),
        ),
        hints=(
            "Two choices: which layer, and which of its two arrays?",
            "The layers stand bottom first, and each state is read by name.",
        ),
    ),
    Exercise(
        name="deep.states",
        title="From Torch's states to ours",
        difficulty=2,
        minutes=6,
        statement="`torch.nn.LSTM` returns `h_n` and `c_n`, both `[layers, batch, hidden]`, bottom layer first. Turn them into "
        "the course's state of a stack: a tuple with one `LSTMStateTuple(c=…, h=…)` a layer, the parts `[batch, hidden]`.",
        solution=from_torch,
        reason="Torch can stack because all its layers have one width; the course keeps one pair a layer, so the first axis is "
        "taken apart. Torch writes (h, c) and TensorFlow 1 (c, h): with names nothing can be swapped.",
        cases=(_torch_states(2, 3, 5), _torch_states(3, 2, 4), _torch_states(3, 4, 1), _torch_states(1, 2, 3)),
        results=("*.c: [batch, hidden]", "*.h: [batch, hidden]"),
        mistakes=(
            Mistake(
                "h and c swapped",
                lambda h_n, c_n: from_torch(c_n, h_n),
                "Your c holds what Torch calls h. The two libraries write the pair in different orders: which name goes where?",
            ),
            Mistake(
                "a layer axis",
                lambda h_n, c_n: LSTMStateTuple(c=c_n, h=h_n),
                "You kept the layer axis: one pair with everything in it. How many pairs does the stack want?",
            ),
            Mistake(
                "batch for layer",
                lambda h_n, c_n: from_torch(h_n.swapaxes(0, 1), c_n.swapaxes(0, 1)),
                "You took the batch axis apart, and have one state a row of the batch. Which axis are the layers?",
            ),
            Mistake(
                "top layer first",
                lambda h_n, c_n: from_torch(h_n, c_n)[::-1],
                "Your tuple begins with the top layer. In which order does Torch keep the layers, and in which do we?",
            ),
            Mistake(
                "layer axis of size 1 left",
                lambda h_n, c_n: tuple(LSTMStateTuple(c=c_n[k : k + 1], h=h_n[k : k + 1]) for k in range(h_n.shape[0])),
                "Every part still has a layer axis, of size 1. What is the difference between an index and a slice?",
            ),
            Mistake(
                "h in both places",
                lambda h_n, c_n: from_torch(h_n, h_n),
                "Both parts of each pair are h. Where is the memory?",
            ),
            Mistake(
                "the top layer everywhere",
                lambda h_n, c_n: from_torch(0 * h_n + h_n[-1], 0 * c_n + c_n[-1]),
                "All your pairs are those of the top layer. What did the others end with?",
            ),
        ),
        hints=(
            "Which of the three axes disappears, and what takes its place?",
            "Index both arrays with the number of a layer, and give each part its name.",
            "Do that for all layers from the bottom up, and make a tuple of the pairs.",
        ),
    ),
)
