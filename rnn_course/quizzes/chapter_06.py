"""Questions of chapter 06, time steps: the kernel reads x and h, the output is the state, time costs no parameters."""

from rnn_course.quizzes.question import Question, Wrong

CELL = """
cell = BasicRNNCell.init(28, 16, rng=rng)
"""
OVER_TIME = """
# [batch, time, input]
inputs = rng.random((3, 7, 5), "float32")
cell = BasicRNNCell.init(5, 4, rng=rng)
outputs, state = dynamic_rnn(cell, inputs)
"""

QUESTIONS = (
    Question(
        code=CELL,
        asks="cell.kernel",
        why="The cell reads its input and its own previous state side by side: `28 + 16 = 44` numbers in, 16 out. The "
        "layout is `[input + hidden, hidden]`.",
        wrong=(
            Wrong(
                "Dense.init(28, 16, rng=rng).kernel",
                "A dense layer reads x alone. An RNN is an NN whose input also holds its own previous state.",
            ),
            Wrong(
                "cell.kernel.T",
                "What goes into the product comes first, what comes out second. Torch stores its weights the other "
                "way round.",
            ),
            Wrong(
                "LSTMCell.init(28, 16, rng=rng).kernel",
                "An LSTM needs four blocks of 16 columns. A basic cell has one.",
            ),
            Wrong(
                "cell.kernel[28:]",
                "These rows belong to the state. The rows for x, `cell.kernel[:28]: [28, 16]`, stand above them.",
            ),
        ),
    ),
    Question(
        code=CELL
        + """
# one step of 4 sequences
x = rng.random((4, 28), "float32")
state = cell.zero_state(4)
output, new_state = cell(x, state)
""",
        asks="new_state",
        why="One state of 16 numbers for each of the 4 sequences. In a basic cell the output is the new state: "
        "`output == new_state`.",
        wrong=(
            Wrong("x", "The state is not the previous input. It is what the cell itself gave at the step before."),
            Wrong("cell.bias", "All sequences share the weights, but each has a state of its own."),
            Wrong(
                "np.concatenate([x, state], axis=1)",
                "This is what the product with the kernel reads. What comes out is as wide as the cell has units.",
            ),
            Wrong(
                "LSTMCell.init(28, 16, rng=rng).zero_state(4)",
                "Two parts, c and h, are the state of an LSTM. A basic cell has no memory beside its output.",
            ),
        ),
    ),
    Question(
        code=OVER_TIME,
        asks="state",
        why="The state after the last step: one row of 4 units a sequence. No row is padded here, so it is the last "
        "output, `outputs[:, -1] == state`.",
        wrong=(
            Wrong(
                "outputs", "The outputs of all 7 steps come first. The second result is the state after the last one."
            ),
            Wrong("inputs[:, -1]", "It is as wide as x. The state is as wide as the cell: 4 units."),
            Wrong("outputs[0]", "This is every step of sequence 0. The state is the last step of every sequence."),
            Wrong("outputs.sum(axis=(0, 1))", "Each of the 3 sequences keeps its own state."),
        ),
    ),
    Question(
        code=OVER_TIME
        + """
read_out = Dense.init(4, 10, rng=rng)
logits = read_out(outputs)
""",
        asks="logits",
        why="A dense layer works on the last axis and leaves all others where they are. So one layer reads every "
        "step: 4 units in, 10 logits out.",
        wrong=(
            Wrong(
                "read_out(state)",
                "This reads the last step only, one answer a sequence. The layer was given the outputs of all steps.",
            ),
            Wrong(
                "read_out(outputs.reshape(-1, 4))",
                "The numbers are the same, but `Dense` does not join batch and time for you: it keeps both axes.",
            ),
            Wrong(
                "outputs",
                "These are still the 4 units of the cell. A cell's output is its state, which is why it needs a "
                "read-out layer.",
            ),
            Wrong(
                "outputs[..., None] * np.ones(10)",
                "The 10 replace the 4; they do not stand beside them. A matrix product sums over the axis that both "
                "share.",
            ),
        ),
    ),
    Question(
        code=OVER_TIME,
        asks="parameters(cell)",
        why="A kernel and a bias: `(5 + 4) * 4 + 4 = 40`. The same cell is used at each of the 7 steps, so a longer "
        "sequence costs time but no parameters.",
        wrong=(
            Wrong(
                "7 * parameters(cell)",
                "The 7 steps share one set of weights. An unrolled picture shows the same cell 7 times.",
            ),
            Wrong(
                "parameters(Dense.init(5, 4, rng=rng))",
                "It reads x alone. The kernel also has a row for each unit of the state.",
            ),
            Wrong("cell.kernel.size", "There is a bias too, one number a unit."),
            Wrong(
                "parameters(LSTMCell.init(5, 4, rng=rng))",
                "Four times as many: an LSTM of the same width has four blocks.",
            ),
        ),
    ),
)
