"""Questions of chapter 02, the dense layer: kernels and their products, parameters, leading axes, axes of softmax."""

from rnn_course.quizzes.question import Question, Wrong

QUESTIONS = (
    Question(
        code="""
layer = Dense.init(784, 625, rng=rng)
x = rng.random((50, 784)).astype("float32")
hidden = layer(x)
""",
        asks="hidden",
        why="`[batch, input]` times `[input, output]`: the 784 are summed over and gone. The batch of 50 is left, and "
        "the 625 units.",
        wrong=(
            Wrong("layer.kernel", "The kernel stays as it is. What goes through it begins with the batch."),
            Wrong("x", "The layer makes 625 numbers of each example's 784."),
            Wrong("hidden.T", "One example is one row: the batch comes first."),
            Wrong(
                [50, 784, 625],
                "This would be all products before they are added up. A product of matrices adds them up.",
            ),
        ),
    ),
    Question(
        code="""
layer = Dense.init(784, 625, rng=rng)
""",
        asks="parameters(layer)",
        why="A weight for each pair of an input and a unit, `784 * 625 = 490000`, and a bias for each unit: "
        "`784 * 625 + 625 = 490625`.",
        wrong=(
            Wrong(490_000, "These are the weights of the kernel, `784 * 625 = 490000`. Each unit has a bias as well."),
            Wrong(490_001, "You have counted one bias. There is one for each of the units."),
            Wrong(
                490_784,
                "You have counted a bias for each input, `784 * 625 + 784 = 490784`. It is added to the outputs.",
            ),
            Wrong(
                1_409,
                "These are inputs and units added up, `784 + 625 = 1409`. Every unit has a weight for every input.",
            ),
        ),
    ),
    Question(
        code="""
layer = Dense.init(28, 16, rng=rng)
# [batch, time, input]
sequences = rng.random((5, 7, 28), "float32")
out = layer(sequences)
""",
        asks="out",
        why="A product with a kernel touches the last axis alone. The axes before it, batch and time, are just rows.",
        wrong=(
            Wrong(
                Exception,
                "A product takes any number of axes before the last one: `out[3, 2]: [16]` is one step of one example.",
            ),
            Wrong("out[:, -1]", "That is the last step. The layer is applied at every step, and forgets none of them."),
            Wrong("out.reshape(-1, 16)", "A product joins no axes; `reshape` would."),
            Wrong("out.swapaxes(0, 1)", "A product moves no axes either: batch stays before time."),
        ),
    ),
    Question(
        code="""
logits = rng.random((4, 10))
largest = logits.max(axis=1, keepdims=True)
""",
        asks="largest",
        why="`axis=1` runs over the ten classes of each row, and `keepdims=True` leaves that axis with size 1. So it "
        "can be taken off `logits` row by row.",
        wrong=(
            Wrong(
                "logits.max(axis=1)",
                "Without `keepdims=True` the axis is gone. Then `logits - largest` fails, for 4 is not 10.",
            ),
            Wrong(
                "logits.max(axis=0, keepdims=True)",
                "This is the maximum of each class over the batch. Softmax goes along a row.",
            ),
            Wrong("logits.max()", "One maximum for all: it would leave nothing of a row that lies far below."),
            Wrong("logits", "A maximum makes one number of ten."),
        ),
    ),
    Question(
        code="""
logits = rng.random((4, 10))
labels = np.array([3, 0, 7, 3])
picked = log_softmax(logits)[range(4), labels]
""",
        asks="picked",
        why="Two lists of places, read side by side: row 0 and column 3, row 1 and column 0, … One number for each "
        "example, `picked: [4]`; minus their mean is the loss.",
        wrong=(
            Wrong("log_softmax(logits)", "Each example has one label, so one of its ten numbers is picked."),
            Wrong(
                "log_softmax(logits)[:, labels]", "With a colon before it, all four columns are taken from every row."
            ),
            Wrong("picked.mean()", "The mean comes after. Until then each example has its own number."),
            Wrong("log_softmax(logits)[labels[0]]", "That would be a whole row. Row and column are both given."),
        ),
    ),
    Question(
        code="""
kernel = rng.random((3, 4))
x = rng.random((2, 3))
""",
        asks="x @ kernel.T",
        why="`kernel.T: [4, 3]`, and x has 3 inputs where it wants 4: the inner sizes differ. Be glad of this error; a "
        "square kernel would have been silent.",
        raises=ValueError,
        wrong=(
            Wrong(
                "x @ kernel",
                "That is the right product. Here the kernel was turned round, as Torch's `nn.Linear` stores it.",
            ),
            Wrong(
                "kernel.T",
                "A product of matrices needs equal sizes on the inside, `x.shape[1]` and `kernel.T.shape[0]`.",
            ),
            Wrong("x", "It would be so if the kernel were square."),
        ),
    ),
)
