"""Questions of chapter 07, backpropagation through time: how gradients are shaped, and how far they reach."""

from rnn_course.quizzes.question import Question, Wrong

BACK = """
cell = BasicRNNCell.init(5, 4, rng=rng)
# [batch, time, input]
inputs = rng.random((3, 7, 5), "float32")
outputs, state, backward = dynamic_rnn_forward(
    cell, inputs
)
# a loss of half the sum of squares
d_outputs = outputs
d_cell, d_inputs, d_state = backward(d_outputs)
"""

QUESTIONS = (
    Question(
        code=BACK,
        asks="d_cell.kernel",
        why="There is one kernel, `[input + hidden, hidden]`, and its gradient has its shape. The shares of all "
        "7 steps and 3 examples are summed in it.",
        wrong=(
            Wrong(
                "np.stack(7 * [cell.kernel])",
                "Every step sends a share, but the shares are added up: there is only one kernel to change.",
            ),
            Wrong("np.stack(3 * [cell.kernel])", "The examples share the kernel too. Their gradients are summed."),
            Wrong("cell.kernel.T", "A gradient is taken off its weights, so it cannot be turned round."),
            Wrong("cell.kernel[5:]", "These are the rows of the state. The rows of x, above them, learn as well."),
        ),
    ),
    Question(
        code=BACK,
        asks="d_inputs",
        why="Every number of the inputs had an influence on the loss, so every one has a gradient: the shape is "
        "that of `inputs`.",
        wrong=(
            Wrong("inputs[:, -1]", "The last input is not the only one that moved the outputs."),
            Wrong(
                "d_outputs", "This is what comes in: a gradient for each of the 4 units. What goes out below is 5 wide."
            ),
            Wrong("inputs.swapaxes(0, 1)", "The loop runs over time, but the result is batch-major like the inputs."),
            Wrong("inputs.sum(axis=(0, 1))", "Weights are shared by all examples and steps; inputs are not."),
        ),
    ),
    Question(
        code=BACK,
        asks="d_state",
        why="It belongs to the state before the first step, one row of 4 units for each of the 3 sequences. It "
        "is what is left of the gradient when it has gone through all 7 steps.",
        wrong=(
            Wrong(
                "outputs",
                "The loop passes through all states, but it hands back the gradient of the initial one alone.",
            ),
            Wrong("cell.bias", "Each sequence has a state of its own, and so a gradient of its own."),
            Wrong("inputs[:, 0]", "This is as wide as x. A state has 4 units."),
            Wrong(
                "LSTMCell.init(5, 4, rng=rng).zero_state(3)",
                "A pair is the state of an LSTM. A basic cell has one array.",
            ),
        ),
    ),
    Question(
        code=BACK
        + """
# the rows of the kernel that belong to h
U = cell.kernel[5:]
stretches = np.linalg.svd(U, compute_uv=False)
""",
        asks="stretches",
        why="A square matrix of 4 rows has 4 singular values: how much it stretches along 4 directions that "
        "stand at right angles.",
        wrong=(
            Wrong("U", "This is the matrix itself. Its singular values are a list, one number a direction."),
            Wrong(
                "np.linalg.norm(U)",
                "One number is the norm of a matrix, or its largest singular value. There are as many values as "
                "directions.",
            ),
            Wrong(
                "cell.kernel[:, 0]",
                "The 9 rows of the whole kernel are those of x and h. A state passes through 4 of them.",
            ),
            Wrong("np.ones(7)", "The number of steps plays no part: it is the same matrix at each of them."),
        ),
    ),
    Question(
        code=BACK
        + """
clipped, norm = clip_by_global_norm(d_cell, 1.0)
""",
        asks="parameters(clipped)",
        why="Clipping makes the gradient shorter and leaves its shape alone: `(5 + 4) * 4 + 4 = 40` numbers, as "
        "many as the cell has.",
        wrong=(
            Wrong(
                1,
                "That is the norm: one number for all arrays together. Each array keeps all of its own numbers.",
            ),
            Wrong("d_cell.kernel.size", "The bias has a gradient too, and it counts in the global norm."),
            Wrong("7 * parameters(cell)", "One gradient is left after the sum over 7 steps."),
            Wrong("inputs.size", "Only the weights are clipped here: they are what the optimiser changes."),
        ),
    ),
    Question(
        code="""
cell = BasicRNNCell.init(5, 4, rng=rng)
inputs = rng.random((3, 7, 5), "float32")
# truncated: the last 2 steps only
_, carried = dynamic_rnn(cell, inputs[:, :5])
outputs, state, backward = dynamic_rnn_forward(
    cell, inputs[:, 5:], carried
)
d_cell, d_inputs, _ = backward(outputs)
""",
        asks="d_inputs",
        why="Forward, the state has come through all 7 steps. Backward, the gradient reaches the 2 steps of this "
        "chunk: the 5 before hear nothing.",
        wrong=(
            Wrong("inputs", "The first 5 steps are cut off on the way back. No gradient arrives there."),
            Wrong("inputs[:, :5]", "Those are the steps that the gradient does not reach."),
            Wrong("inputs[:, -1]", "A chunk is still a sequence: it keeps its time axis."),
            Wrong("outputs", "This is as wide as the state. A gradient of the inputs is as wide as x."),
        ),
    ),
)
