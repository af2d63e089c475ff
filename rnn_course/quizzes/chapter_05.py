"""Questions of chapter 05: which axes a mean runs over, and what is left."""

from rnn_course.quizzes.question import Question, Wrong

IMAGES = """
# [batch, row, column, channel]
x = rng.random((8, 5, 7, 6))
"""

QUESTIONS = (
    Question(
        code=f"{IMAGES}mean = x.mean(axis=(0, 1, 2))\n",
        asks="mean",
        why="The mean runs over batch, rows and columns, and leaves the channels: `mean: [6]`. These are the "
        "statistics of batch norm.",
        wrong=(
            Wrong(
                "x.mean(axis=(1, 2, 3))", "That leaves the batch: one mean for each example, as layer norm takes it."
            ),
            Wrong(
                "x.mean(axis=0)",
                "The axes 1 and 2 are averaged as well: a channel's filter is the same at every pixel.",
            ),
            Wrong(
                [1, 1, 1, 6],
                "That is the shape with `keepdims=True`. Without it, the axes that the mean runs over are gone.",
            ),
            Wrong("x.mean(axis=(1, 2))", "Axis 0 is in the list too. That would be instance norm."),
        ),
    ),
    Question(
        code=f"{IMAGES}grouped = x.reshape(8, 5, 7, 2, 3)\ngroup_means = grouped.mean(axis=(1, 2, 4))\n",
        asks="group_means",
        why="Rows, columns and the 3 channels of a group are averaged away. A mean is left for each example and "
        "each of 2 groups: "
        "group norm.",
        wrong=(
            Wrong(
                [8, 3],
                "The axis of 3 is the last one, the channels of a group. It is averaged away; the axis "
                "of 2 groups stays.",
            ),
            Wrong([2], "The mean does not run over axis 0. Examples do not share a mean in group norm."),
            Wrong(
                "x.mean(axis=(1, 2))", "That is a mean for each channel. Here three neighbouring channels share one."
            ),
            Wrong([8, 1, 1, 2, 1], "That is the shape with `keepdims=True`, where an axis stays with size 1."),
        ),
    ),
    Question(
        code=f'{IMAGES}norm = GroupNorm.init(6, 2, dtype="float64")\n',
        asks="norm.gamma",
        why="Two groups share statistics, but every channel keeps a gamma and a beta of its own: "
        "`parameters(norm) = 12`.",
        wrong=(
            Wrong([2], "The statistics belong to groups; gamma and beta belong to channels."),
            Wrong("x.mean(axis=(1, 2))", "A weight never has a batch axis: the batch may have any size."),
            Wrong(
                [5, 7, 6],
                "Some layer norms have a gamma for each pixel and channel. In group norm the pixels share it.",
            ),
        ),
    ),
    Question(
        code="""
x = rng.random((2, 9, 9, 4))
norm = BatchNorm.init(4, dtype="float64")
y, trained, backward = norm.forward_training(x)
""",
        asks="trained.running_mean",
        why="A running statistic is kept for each channel. It comes back in a new layer; the old one is as it "
        "was, all zeros.",
        wrong=(
            Wrong([2, 4], "Examples share the mean in batch norm, so there is none for each of them."),
            Wrong("y", "y is as large as x. The statistics are one number a channel."),
            Wrong([9, 9, 4], "Pixels share the mean as well: a filter is the same at all of them."),
            Wrong(
                [], "One number for all channels would be the mean of everything. Batch norm keeps the channels apart."
            ),
        ),
    ),
    Question(
        code="""
# a batch with one example
x = rng.random((1, 1, 1, 4))
norm = BatchNorm.init(4, dtype="float64")
""",
        asks="norm.forward_training(x)[0]",
        raises=Exception,
        why="Each channel has a single number. Its mean is the number itself and its variance is 0: every output "
        "would be beta. The "
        "package refuses.",
        wrong=(
            Wrong("x", "With more pixels or more examples that would be right. A single number has no variance."),
            Wrong([4], "The output of a norm is always as large as its input."),
            Wrong([1, 4], "A norm never drops axes: what comes out is as large as what goes in."),
        ),
    ),
    Question(
        code="""
tokens = rng.random((5, 12, 16))
per_step = tokens.mean(axis=2)
""",
        asks="per_step",
        why="In a sequence `[batch, time, features]`, Torch's and Keras's layer norm runs over the last axis: "
        "every step of every example "
        "has its own mean.",
        wrong=(
            Wrong(
                "tokens.mean(axis=(1, 2))",
                "That mean runs over time as well. Then a step would see the steps after it.",
            ),
            Wrong(
                "tokens.mean(axis=1)", "Axis 2 is averaged, not axis 1: the features are gone, and the steps are left."
            ),
            Wrong("tokens", "A mean without `keepdims=True` drops its axis."),
        ),
    ),
)
