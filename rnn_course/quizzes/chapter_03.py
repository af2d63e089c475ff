"""Questions of chapter 03, learning: the shapes of gradients, what backward returns, what optimisers remember."""

from rnn_course.quizzes.question import Question, Wrong

QUESTIONS = (
    Question(
        code="""
x = rng.random((50, 784))
kernel = rng.random((784, 625))
d_y = rng.random((50, 625))
d_kernel = x.T @ d_y
""",
        asks="d_kernel",
        why="A gradient has the shape of what it belongs to, `kernel.shape == d_kernel.shape`. The product sums "
        "over the batch: "
        "every example has used every weight.",
        wrong=(
            Wrong("d_y", "That is the gradient for the output of the layer. It is one of the two factors."),
            Wrong(
                "d_y.T @ x",
                "These are the right numbers, transposed. The factor with the rows of the result stands first.",
            ),
            Wrong("d_y @ kernel.T", "That is the gradient for x: it goes on to whatever stands before this layer."),
            Wrong(
                [50, 784, 625],
                "That would be the part of each example, before they are added up. The product adds them up.",
            ),
        ),
    ),
    Question(
        code="""
layer = Dense.init(3, 4, rng=rng)
x = rng.random((5, 3), "float32")
y, backward = layer.forward(x)
d_layer, d_x = backward(np.ones_like(y))
""",
        asks="d_layer",
        why="The gradient of a layer is a layer: a `Dense` whose numbers say how fast the loss grows with each "
        "weight. The bias is "
        "summed over the batch.",
        wrong=(
            Wrong("y", "That is the output. `backward` gives first the gradient of the layer itself, then that of x."),
            Wrong("d_x", "That is the second thing that `backward` gives."),
            Wrong(
                {"kernel": [3, 4], "bias": [5, 4]},
                "Each bias was used five times, once for each example. Its gradients are added up.",
            ),
            Wrong(
                {"kernel": [4, 3], "bias": [4]},
                "A gradient has the shape of what it belongs to, and `layer.kernel: [3, 4]`.",
            ),
        ),
    ),
    Question(
        code="""
logits = rng.random((8, 10))
labels = rng.integers(0, 10, 8)
loss, back = softmax_cross_entropy_forward(
    logits, labels
)
""",
        asks="back()",
        why="The loss is one number, and it hangs on all logits. So there is a slope for each of them.",
        wrong=(
            Wrong("loss", "That is the loss. Its gradient has the shape of what it is taken for, the logits."),
            Wrong("labels", "Labels are whole numbers and get no gradient."),
            Wrong("back()[0]", "That is the part of one example. All eight are in the mean."),
            Wrong("logits.T", "A gradient never has its axes in another order than what it belongs to."),
        ),
    ),
    Question(
        code="""
layer = Dense.init(784, 10, rng=rng)
state = adam().init(layer)
""",
        asks="parameters(state.mean) + parameters(state.square)",
        why="Adam keeps two numbers for each parameter, a running mean of its gradient and one of the square: `2 * "
        "7850 = 15700`. "
        "Momentum keeps one, plain descent none.",
        wrong=(
            Wrong(7_850, "There are 7,850 parameters, and Adam keeps a mean and a square for each."),
            Wrong(2, "Two numbers for each parameter, not two in all: every weight has a step of its own."),
            Wrong(23_550, "With the parameters themselves it would be three times as many, `3 * 7850 = 23550`."),
            Wrong(20, "The biases alone would make 20. The kernel is remembered too."),
        ),
    ),
    Question(
        code="""
digits = load_digits()
sizes = [
    len(labels)
    for images, labels in minibatches(
        digits.train, 50, rng=rng
    )
]
""",
        asks="len(sizes)",
        why="`1437 // 50 = 28` full batches, and one with the `1437 - 28 * 50 = 37` that are left. One pass is 29 "
        "steps.",
        wrong=(
            Wrong(28, "The last 37 examples are not thrown away. They make a smaller batch."),
            Wrong(50, "50 is how many examples one batch has, not how many batches."),
            Wrong(
                1_437, "That is how many examples there are, and so how many steps there were with a batch size of 1."
            ),
            Wrong(30, "`30 * 50 = 1500` would be more examples than there are."),
        ),
    ),
    Question(
        code="""
bias = rng.random(10)
d_logits = rng.random((50, 10))
# a mistake
bias = bias - 0.1 * d_logits
""",
        asks="bias",
        why="The sum over the batch was forgotten. Broadcasting repeats the old bias 50 times, and raises no error. "
        "The next batch of "
        "50 fits again: only the last, smaller one fails.",
        wrong=(
            Wrong("d_logits.sum(axis=0)", "That is how it should be. The sum does not stand there, though."),
            Wrong(
                Exception,
                "`rng.random(10) - rng.random((50, 10))` is no error: the last axes agree, and the missing one is "
                "repeated.",
            ),
            Wrong("d_logits[:, 0]", "The last axis is that of the bias, and it stays."),
            Wrong("d_logits.T", "Broadcasting adds axes in front."),
        ),
    ),
)
