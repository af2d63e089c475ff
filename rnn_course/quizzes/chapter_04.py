"""Questions of chapter 04: what a convolution does to shapes, and how many weights it has."""

from rnn_course.quizzes.question import Question, Wrong

QUESTIONS = (
    Question(
        code="""
x = rng.random((6, 28, 28, 1), "float32")
layer = Conv2D.init(
    1, 8, 5, rng=rng, padding="VALID"
)
""",
        asks="layer(x)",
        why="The window of 5 can begin at 0, 1, … 23: `28 - 5 + 1 = 24` places along each axis. Each of the 8 "
        "filters puts out one "
        "channel.",
        wrong=(
            Wrong(
                [6, 28, 28, 8],
                "That is SAME. With VALID the window stays inside, so four places are missing along each axis.",
            ),
            Wrong([6, 23, 23, 8], "From 0 to `28 - 5 = 23` there are 24 places: the first one counts too."),
            Wrong(
                [6, 24, 24, 1], "The channels that go in are summed up. What comes out has a channel for each filter."
            ),
            Wrong([6, 8, 24, 24], "That is Torch's order, NCHW. Here the channels come last."),
        ),
    ),
    Question(
        code="""
x = rng.random((4, 7, 10, 3), "float32")
layer = Conv2D.init(
    3, 5, 4, rng=rng, stride=2, padding="SAME"
)
""",
        asks="layer(x)",
        why="SAME with stride 2 gives ceil(7 / 2) rows and ceil(10 / 2) columns, whatever the kernel is: "
        "`output_size(7, 4, 2) = 4` and "
        "`output_size(10, 4, 2) = 5`.",
        wrong=(
            Wrong([4, 3, 5, 5], "SAME rounds up. Rounding down would leave the last row without an output."),
            Wrong(
                [4, 2, 4, 5],
                "That is VALID: floor((7 − 4) / 2) + 1 = 2 rows. SAME adds zeros, so that every second pixel has "
                "an output.",
            ),
            Wrong("x", "SAME keeps the size only with stride 1. And the channels change to the number of filters."),
            Wrong([4, 4, 5, 3], "The rows and columns are right. The output has a channel for each of the 5 filters."),
        ),
    ),
    Question(
        code="""
layer = Conv2D.init(3, 16, (3, 5), rng=rng)
""",
        asks="layer.kernel",
        why="Rows, columns, channels, filters: `layer.kernel[0, 0]` is the matrix `[channels, filters]` of the "
        "window's first cell. A pixel's channels meet its rows.",
        wrong=(
            Wrong([16, 3, 3, 5], "That is Torch's order: filters, channels, rows, columns."),
            Wrong(
                [3, 5, 16, 3],
                "The channels that go in come before the filters that come out, as in a dense layer's kernel "
                "`[input, output]`.",
            ),
            Wrong([3, 5, 16], "A filter has a weight for each of the 3 channels, not one for all of them."),
            Wrong(
                "layer.bias",
                "There is one bias for each filter; the kernel has a weight for each number in the window as well.",
            ),
        ),
    ),
    Question(
        code="""
layer = Conv2D.init(8, 16, 3, rng=rng)
""",
        asks="parameters(layer)",
        why="Each of 16 filters has a weight for 3 · 3 pixels of 8 channels, and one bias: `16 * (3 * 3 * 8 + 1) "
        "= 1168`. The image may have any "
        "size.",
        wrong=(
            Wrong(1152, "These are the weights of the kernel: `3 * 3 * 8 * 16 = 1152`. Each filter has a bias too."),
            Wrong(
                160,
                "A filter looks at all 8 channels, not at one: `16 * (3 * 3 + 1) = 160` would be the count for "
                "grey images.",
            ),
            Wrong(
                1280,
                "That has a bias for each channel of each filter: `1152 + 8 * 16 = 1280`. A filter makes one "
                "sum, with one bias.",
            ),
            Wrong(
                916496,
                "That is a dense layer's size. A convolution uses its weights again at every place, and stores "
                "them once.",
            ),
        ),
    ),
    Question(
        code="""
x = rng.random((2, 9, 9, 4), "float32")
windows = np.stack(
    [
        x[:, r : r + 7, s : s + 7, :]
        for r in range(3)
        for s in range(3)
    ],
    axis=3,
)
""",
        asks="windows",
        why="Nine shifted slices `[2, 7, 7, 4]`, one for each cell of a 3 × 3 window, are stacked along a new "
        "axis before the channels. "
        "The window at (2, 5) is `windows[0, 2, 5]: [9, 4]`.",
        wrong=(
            Wrong(
                [2, 7, 7, 36],
                "`np.stack` makes a new axis. `np.concatenate` along the last one would give 9 · 4 = 36 numbers for "
                "each window.",
            ),
            Wrong([9, 2, 7, 7, 4], "`axis=3` says where the new axis goes: before the channels, not to the front."),
            Wrong([2, 9, 9, 9, 4], "Each slice has 7 rows: a window of 3 fits at 7 places along 9 pixels."),
            Wrong(
                "x", "Each pixel is copied once for every window that sees it, so there are more numbers than before."
            ),
        ),
    ),
    Question(
        code="""
x = rng.random((5, 7, 7, 16), "float32")
y = MaxPool2D(2, padding="SAME")(x)
""",
        asks="y",
        why="Windows of two, side by side: ceil(7 / 2) = 4 along each axis. The last one hangs over the edge, "
        "and what is added there is −∞. Each "
        "channel is pooled for itself.",
        wrong=(
            Wrong("MaxPool2D(2)(x)", "That is VALID, the default: the seventh row and column are left out."),
            Wrong([5, 4, 4, 1], "The maximum runs over the pixels of a window, not over the channels."),
            Wrong([5, 4, 4, 4], "The number of channels stays. Pooling has no filters."),
            Wrong("x", "Without a stride the windows lie side by side, so they move on by their size."),
        ),
    ),
)
