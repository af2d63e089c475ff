"""Questions of chapter 09, GRU and relatives: one state, two kernels, a narrow output, one peephole a unit."""

from rnn_course.quizzes.question import Question, Wrong

GRU = """
cell = GRUCell.init(3, 5, rng=rng)
"""
STEP = (
    GRU
    + """
# one step of 4 sequences
x = rng.random((4, 3), "float32")
output, state = cell(x, cell.zero_state(4))
"""
)

QUESTIONS = (
    Question(
        code=GRU,
        asks="cell.gates_kernel",
        why="It reads x and h, `3 + 5 = 8` numbers, and gives two gates side by side, r and u, `2 * 5 = 10`.",
        wrong=(
            Wrong("cell.candidate_kernel", "That is the kernel of the candidate, one block and not two."),
            Wrong([8, 15], "The candidate's block is not part of it: it needs r first, so it has a kernel of its own."),
            Wrong([8, 20], "Four blocks has an LSTM. A GRU has two gates."),
            Wrong(
                "cell.gates_kernel.T", "Torch has its rows and columns that way round. Here what goes in comes first."
            ),
        ),
    ),
    Question(
        code=STEP,
        asks="state",
        why="A GRU has no memory beside h: the new state is the output, `output == state`, `[batch, hidden]`.",
        wrong=(
            Wrong("(state, state)", "A pair has an LSTM. A GRU keeps one array, and its output is that array."),
            Wrong([5], "Each of the 4 sequences has a state of its own."),
            Wrong([4, 8], "x is not remembered as it is. The state is as wide as the cell."),
        ),
    ),
    Question(
        code="""
cell = LSTMCell.init(3, 7, rng=rng,
    projection_size=5)

# one step of 4 sequences
x = rng.random((4, 3), "float32")
output, state = cell(x, cell.zero_state(4))
""",
        asks="state.c",
        why="The projection makes the output narrow, not the memory: c stays as wide as the cell, 7, and h is 5.",
        wrong=(
            Wrong("state.h", "That is h, behind the projection. The memory stands before it."),
            Wrong([4, 12], "The state is a pair: c and h are two arrays, and here of different widths."),
            Wrong("cell.projection", "That is the matrix that takes 7 numbers to 5."),
        ),
    ),
    Question(
        code="""
cell = LSTMCell.init(3, 7, rng=rng,
    projection_size=5)
""",
        asks="cell.kernel",
        why="x has 3 numbers, and the h that comes back has 5, since it was projected: `3 + 5 = 8` rows. The blocks "
        "are as wide as the memory, `4 * 7 = 28`.",
        wrong=(
            Wrong([10, 28], "That would be right without the projection: here the h that comes back is narrow."),
            Wrong([8, 20], "The gates belong to the memory, and that is 7 wide."),
            Wrong([3, 28], "That meets x alone. The rows that meet the h of the step before are missing."),
        ),
    ),
    Question(
        code="""
cell = LSTMCell.init(3, 5, rng=rng,
    peepholes=True)
""",
        asks="cell.peepholes.o",
        why="A peephole is one number a unit: each gate sees the memory of its own unit, by a product without a sum.",
        wrong=(
            Wrong([5, 5], "Then each gate would see the memories of all units. It sees its own."),
            Wrong(
                "cell.bias",
                "That is as wide as all four blocks. The candidate has no peephole, and each gate has its own.",
            ),
            Wrong([4, 5], "It is a weight, the same for all examples, so it knows of no batch."),
        ),
    ),
    Question(
        code="""
cell = LayerNormLSTMCell.init(3, 5, rng=rng)
""",
        asks="cell.gamma",
        why="Each of the `4 * 5 = 20` pre-activations has a scale of its own, though the statistics are taken for each "
        "block of 5.",
        wrong=(
            Wrong("cell.state_gamma", "That is the scale of the memory, which is normalised too."),
            Wrong([4], "The statistics are one a block and example. The scales are one a unit."),
            Wrong("cell.kernel", "gamma multiplies what the product has given, number by number."),
        ),
    ),
)
