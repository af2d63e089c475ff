"""Questions of chapter 08, the LSTM cell: one kernel for four blocks, pre-activations, a state of two parts, 180."""

from rnn_course.quizzes.question import Question, Wrong

CELL = """
cell = LSTMCell.init(3, 5, rng=rng)
"""
STEP = (
    CELL
    + """
# one step of 4 sequences
x = rng.random((4, 3), "float32")
start = cell.zero_state(4)
"""
)

QUESTIONS = (
    Question(
        code=CELL,
        asks="cell.kernel",
        why="One matrix serves all: `[input + hidden, 4*hidden]`. It reads x and h, `3 + 5 = 8` numbers, and gives i, "
        "j, f and o side by side, `4 * 5 = 20`.",
        wrong=(
            Wrong("cell.kernel[:3]", "These rows read x. Five more rows below them read the old h."),
            Wrong("cell.kernel[:, :5]", "It is the block of i alone. The blocks of j, f and o stand beside it."),
            Wrong(
                "tuple(np.split(cell.kernel, 4, axis=1))",
                "Four matrices would compute the same. The cell keeps them as one, so that one product does the work "
                "of four.",
            ),
            Wrong(
                "cell.kernel.T",
                "Torch has its rows and columns that way round, and in two pieces. Here what goes in comes first.",
            ),
        ),
    ),
    Question(
        code=STEP
        + """
output, state = cell(x, start)
""",
        asks="state",
        why="The state of an LSTM is a pair: the memory c and the output h, each with 5 numbers for each of the 4 "
        "sequences.",
        wrong=(
            Wrong(
                "output",
                "It is h, one half of the state: `output == state.h`. The other half, the memory c, goes to the next "
                "step too.",
            ),
            Wrong(
                "np.stack(state)",
                "The pair is no axis. c and h have names, so that nobody has to remember which comes first.",
            ),
            Wrong(
                "np.concatenate(state, axis=1)",
                "Some code keeps c and h beside each other in one array. Here they are two arrays with names.",
            ),
            Wrong("cell.state_size", "These are the widths. A state also has the batch axis: a row for each sequence."),
        ),
    ),
    Question(
        code=CELL,
        asks="parameters(cell)",
        why="The kernel `cell.kernel: [8, 20]` and the bias `cell.bias: [20]`: `8 * 20 + 20 = 180`.",
        wrong=(
            Wrong(
                "parameters(cell) + cell.bias.size",
                "This is Torch's `nn.LSTM(3, 5)`. It has two biases, which are always added: one would do.",
            ),
            Wrong("cell.kernel.size", "The bias is missing: one number for each of the 20 columns."),
            Wrong(
                "parameters(BasicRNNCell.init(3, 5, rng=rng))",
                "It is a quarter. An LSTM computes i, j, f and o, each with weights of its own.",
            ),
            Wrong(
                "parameters(Dense.init(3, 20, rng=rng))",
                "This reads x alone. The kernel has 5 more rows, for the old h.",
            ),
        ),
    ),
    Question(
        code=STEP
        + """
xh = np.concatenate([x, start.h], axis=1)
z = xh @ cell.kernel + cell.bias
i, j, f, o = np.split(z, 4, axis=1)
""",
        asks="j",
        why="i, j, f and o are pre-activations, `[batch, hidden]`: one number for each unit of each sequence. j is the "
        "candidate for the memory; the other three become gates.",
        wrong=(
            Wrong(
                "cell.kernel[:, 5:10]",
                "These are weights: the block of the kernel that computes j. j itself is a result, with a row for "
                "each sequence.",
            ),
            Wrong("z", "It is all four beside each other, before `np.split` takes them apart."),
            Wrong("xh", "This goes into the product. j comes out of it, as wide as the cell has units."),
            Wrong("cell.bias[5:10]", "It is what is added to each row. j has 4 rows, one a sequence."),
        ),
    ),
    Question(
        code=STEP
        + """
output, state, backward = cell.forward(x, start)
d_output = rng.random((4, 5), "float32")
d_cell, d_x, d_start = backward(d_output, start)
""",
        asks="d_cell.kernel",
        why="A gradient has the shape of what it belongs to, here `cell.kernel: [8, 20]`. All 4 sequences used the "
        "same weights, so their gradients are summed.",
        wrong=(
            Wrong(
                [4, 8, 20],
                "That would be one gradient a sequence. They share the kernel, so the batch axis is summed away.",
            ),
            Wrong("d_x", "It belongs to x: how the loss changes with each input, not with each weight."),
            Wrong("d_output", "It is where the backward pass begins. It belongs to the output."),
            Wrong(
                "d_cell.bias", "It belongs to the bias. The gradient of a cell is a cell: it has a kernel and a bias."
            ),
        ),
    ),
)
