"""Questions of chapter 11, deep LSTMs: a tuple of states, the top layer's outputs, what layer 2 reads, directions."""

from rnn_course.quizzes.question import Question, Wrong

TWO_LAYERS = """
cell = MultiRNNCell([
    LSTMCell.init(3, 5, rng=rng),
    LSTMCell.init(5, 5, rng=rng),
])
"""
INPUTS = """
# [batch, time, input]
inputs = rng.random((4, 6, 3), "float32")
"""
THREE_LAYERS = """
x = rng.random((2, 128), "float32")
cell = MultiRNNCell([
    LSTMCell.init(128, 100, rng=rng),
    LSTMCell.init(100, 400, rng=rng),
    LSTMCell.init(400, 300, rng=rng),
])
output, state = cell(x, cell.zero_state(2))
"""

QUESTIONS = (
    Question(
        code=INPUTS
        + TWO_LAYERS
        + """
outputs, state = dynamic_rnn(cell, inputs)
""",
        asks="state",
        why="A tuple with one state a layer, bottom first, and each is a pair of c and h. The outputs are the h of "
        "the top layer: `outputs[:, -1] == state[1].h`.",
        wrong=(
            Wrong(
                "np.stack([layer.h for layer in state])",
                "There is no axis of layers: the widths may differ. And c is missing.",
            ),
            Wrong("state[1]", "It is the top layer alone. The bottom layer has to go on from its own state too."),
            Wrong("(state[0].h, state[1].h)", "These are the two h. The state of an LSTM layer is c and h."),
            Wrong("outputs", "It is h of the top layer at all 6 steps, the first result."),
        ),
    ),
    Question(
        code=THREE_LAYERS,
        asks="output",
        why="The output of a stack is that of its top layer, 300 wide: `output == state[2].h`.",
        wrong=(
            Wrong(
                "state[0].h",
                "It is what the bottom layer hands up. The bottom layer comes first in the list, the top layer last.",
            ),
            Wrong(
                "np.concatenate([layer.h for layer in state], axis=1)",
                "The lower layers' outputs only go to the layer above them.",
            ),
            Wrong(
                "(state[0].h, state[1].h, state[2].h)",
                "Each layer has an h, but it stays in the state. One output leaves the stack.",
            ),
            Wrong("x", "It is one step's input, 128 wide. The output is as wide as the top layer."),
        ),
    ),
    Question(
        code=THREE_LAYERS,
        asks="np.stack([layer.h for layer in state])",
        raises=ValueError,
        why="The three h are 100, 400 and 300 wide: arrays of different shapes cannot be stacked. That is why the "
        "state of a stack is a tuple and not one more axis.",
        wrong=(
            Wrong([3, 2, 300], "That would need three arrays of the same shape. Only the top layer is 300 wide."),
            Wrong([3, 2, 400], "Nothing is padded to the widest layer. NumPy never invents numbers."),
            Wrong(
                "np.concatenate([layer.h for layer in state], axis=1)",
                "Joining along an axis that is there already works. `np.stack` makes a new one.",
            ),
            Wrong(
                "tuple(layer.h for layer in state)",
                "A tuple holds arrays of any shapes. `np.stack` has to make one array of them.",
            ),
        ),
    ),
    Question(
        code=TWO_LAYERS,
        asks="parameters(cell)",
        why="`(3 + 5) * 20 + 20 = 180` for the bottom layer and `(5 + 5) * 20 + 20 = 220` for the top one, which "
        "reads 5 numbers from below: `180 + 220 = 400`.",
        wrong=(
            Wrong(
                "2 * parameters(cell.cells[0])",
                "The top layer does not read x. It reads the h of the bottom layer, which is 5 wide.",
            ),
            Wrong("2 * parameters(cell.cells[1])", "The bottom layer reads x, which is 3 wide and not 5."),
            Wrong(
                "parameters(cell.cells[0])",
                "That would be one set of weights for both layers, or one layer. Each layer has weights of its own.",
            ),
            Wrong(
                "cell.cells[0].kernel.size + cell.cells[1].kernel.size + 20",
                "Each layer has a bias of its own, 20 numbers.",
            ),
        ),
    ),
    Question(
        code=THREE_LAYERS,
        asks="parameters(cell)",
        why="`(128 + 100 + 1) * 400 = 91600`, `(100 + 400 + 1) * 1600 = 801600` and `(400 + 300 + 1) * 1200 = "
        "841200`: each layer reads the one below it and itself, and the 1 stands for the bias.",
        wrong=(
            Wrong(
                "sum(parameters(LSTMCell.init(128, units, rng=rng)) for units in (100, 400, 300))",
                "There each layer reads x. In a stack only the bottom layer does.",
            ),
            Wrong(
                "sum(layer.kernel.size for layer in cell.cells)",
                "The biases are missing: four numbers for each of the 800 units.",
            ),
            Wrong("parameters(cell) // 4", "Each unit needs weights for i, j, f and o: four blocks, not one."),
        ),
    ),
    Question(
        code=INPUTS
        + """
forward = LSTMCell.init(3, 5, rng=rng)
backward = LSTMCell.init(3, 5, rng=rng)
outputs, states = bidirectional_dynamic_rnn(
    forward, backward, inputs
)
""",
        asks="outputs",
        why="A pair: the outputs of the forward direction, then those of the backward direction. Both stand in the "
        "order of the inputs.",
        wrong=(
            Wrong(
                "np.concatenate(outputs, axis=2)",
                "The next layer often wants them side by side, and you join them yourself. You may also add them.",
            ),
            Wrong(
                "outputs[0]", "It is the forward direction alone. At step t it has seen nothing of what comes later."
            ),
            Wrong("np.stack(outputs)", "The directions are no axis: the two cells may have different widths."),
            Wrong(
                "outputs[0][:, -1]",
                "It is the last output of the forward direction: `outputs[0][:, -1] == states[0].h`.",
            ),
        ),
    ),
)
