"""Exercises of chapter 04, a small dense layer slid over the image: sizes, padding, parameters, receptive fields."""

from math import prod

from rnn_course.checks.exercise import Exercise, Mistake


def output_size(size, kernel, stride, padding):
    if padding == "SAME":
        return -(-size // stride)  # size / stride, rounded up
    return (size - kernel) // stride + 1


def same_padding(size, kernel, stride):
    outputs = -(-size // stride)
    total = max((outputs - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def count_parameters(rows, columns, channels, filters, kernel_rows, kernel_columns):
    convolution = kernel_rows * kernel_columns * channels * filters + filters
    outputs = rows * columns * filters
    dense = rows * columns * channels * outputs + outputs
    return convolution, dense


def receptive_field(layers):
    field, step = 1, 1
    for kernel, stride in layers:
        field = field + (kernel - 1) * step
        step = step * stride
    return field


def _sizes(*drawn):
    return tuple(lambda rng, arguments=arguments: arguments for arguments in drawn)


def _up(a, b):
    return -(-a // b)


def _wrong_size(same=_up, valid=lambda n, k, s: (n - k) // s + 1):
    """`output_size` with another rule for one of the two paddings."""

    def answer(size, kernel, stride, padding):
        return same(size, stride) if padding == "SAME" else valid(size, kernel, stride)

    return answer


def _wrong_padding(total=None, split=lambda total: (total // 2, total - total // 2)):
    """`same_padding` with another total, or divided in another way."""

    def answer(size, kernel, stride):
        right = sum(same_padding(size, kernel, stride))
        return split(right if total is None else total(size, kernel, stride))

    return answer


def _wrong_field(reach, move):
    """`receptive_field` with another rule for what a layer adds, or for how far a step leads."""

    def answer(layers):
        field, step = 1, 1
        for kernel, stride in layers:
            field += reach(kernel, stride, step)
            step = move(step, stride)
        return field

    return answer


EXERCISES = (
    Exercise(
        name="conv.output_size",
        title="How many outputs?",
        difficulty=1,
        minutes=6,
        statement="Along one axis of `size` pixels a window of `kernel` pixels moves on by `stride`. Return how many outputs there are, a whole "
        'number, for `padding` "VALID" (the window stays within the image) and "SAME" (one output for every stride-th pixel).',
        solution=output_size,
        reason="VALID: the first window stands at 0, the last one may begin at size − kernel, and every stride-th of these places counts, the first "
        "included. SAME promises size / stride, rounded up, whatever the kernel is.",
        cases=_sizes(
            (28, 5, 1, "VALID"),
            (28, 5, 2, "VALID"),
            (10, 4, 3, "VALID"),
            (13, 6, 4, "VALID"),
            (28, 3, 1, "SAME"),
            (7, 3, 2, "SAME"),
            (9, 4, 3, "SAME"),
            (11, 2, 4, "SAME"),
            (28, 5, 1, "SAME"),
            (12, 7, 2, "SAME"),
        ),
        results=("outputs",),
        backends=("numpy",),
        dtypes=("float64",),
        mistakes=(
            Mistake(
                "stride forgotten",
                lambda n, k, s, p: output_size(n, k, 1, p),
                "You count a window for every pixel. How far does it move from one output to the next?",
            ),
            Mistake(
                "stride forgotten with SAME",
                _wrong_size(same=lambda n, s: n),
                "SAME gives as many outputs as pixels only if the window moves by one. What happens with larger steps?",
            ),
            Mistake(
                "one window too few",
                _wrong_size(valid=lambda n, k, s: (n - k) // s),
                "With VALID you count the moves of the window. How many windows are there when it has moved once?",
            ),
            Mistake(
                "rounded up without padding",
                _wrong_size(valid=lambda n, k, s: _up(n - k, s) + 1),
                "With VALID your last window may hang over the edge. Rounding which way keeps it inside?",
            ),
            Mistake(
                "rounded down with SAME",
                _wrong_size(same=lambda n, s: n // s),
                "With SAME your last pixels get no output if the stride does not come out even. SAME adds zeros: what for?",
            ),
            Mistake(
                "padded by half a kernel on both sides",
                lambda n, k, s, p: output_size(n + 2 * (k // 2) if p == "SAME" else n, k, s, "VALID"),
                "You pad kernel // 2 on both sides, as is often done in Torch. For an even kernel that is one zero more than SAME has.",
            ),
            Mistake(
                "SAME taken for VALID",
                lambda n, k, s, p: output_size(n, k, s, "VALID"),
                "Your answer is the same for both kinds of padding. In which of them may a window hang over the edge?",
            ),
            Mistake(
                "padded by one on both sides",
                lambda n, k, s, p: output_size(n + 2 if p == "SAME" else n, k, s, "VALID"),
                "You pad one zero on both sides for SAME. That is right for a kernel of 3: how many does a "
                "larger one need?",
            ),
        ),
        hints=(
            "Draw an axis of 7 pixels and a window of 3. Where can it begin if it stays inside? And with a stride of 2?",
            "VALID: size − kernel is the last place where it can begin. Count 0, stride, 2 · stride, … up to there.",
            "SAME: pixels 0, stride, 2 · stride, … each have an output. How many are these among `size`?",
        ),
    ),
    Exercise(
        name="conv.same_padding",
        title="Where the zeros go",
        difficulty=2,
        minutes=10,
        statement="Return how many zeros SAME puts before and after an axis of `size` pixels, as two whole numbers, for a window of `kernel` pixels and "
        "a `stride`. There are ceil(size / stride) outputs, just enough zeros for their windows, and the odd zero goes after.",
        solution=same_padding,
        reason="The last window begins at (outputs − 1) · stride and ends `kernel` pixels on; what it reaches beyond the axis has to be filled up. Half of "
        "that goes before, rounded down, so that an odd zero goes after. With a stride the total is often 0 or 1, and then Torch's kernel // 2 on "
        "both sides shifts every window.",
        cases=_sizes((7, 3, 1), (8, 4, 1), (8, 3, 2), (7, 3, 2), (9, 2, 3), (28, 5, 3), (13, 6, 4), (5, 1, 2)),
        results=("before", "after"),
        backends=("numpy",),
        dtypes=("float64",),
        mistakes=(
            Mistake(
                "the odd zero before",
                _wrong_padding(split=lambda total: (total - total // 2, total // 2)),
                "Your padding is right in total, on the wrong side: where does the odd zero go?",
            ),
            Mistake(
                "all of it after",
                _wrong_padding(split=lambda total: (0, total)),
                "You put all zeros at the end. What keeps the first window centred on the first pixel?",
            ),
            Mistake(
                "odd zero left out",
                _wrong_padding(split=lambda total: (total // 2, total // 2)),
                "You put the same number on both sides. What if the total is odd?",
            ),
            Mistake(
                "stride forgotten",
                _wrong_padding(total=lambda n, k, s: k - 1),
                "Your padding does not depend on the stride. Does the last window still begin at the last pixel?",
            ),
            Mistake(
                "half a kernel on both sides",
                lambda n, k, s: (k // 2, k // 2),
                "That is Torch's habit, kernel // 2 on both sides, whatever the stride is. SAME asks how far the last window reaches.",
            ),
            Mistake(
                "negative padding",
                _wrong_padding(total=lambda n, k, s: (_up(n, s) - 1) * s + k - n),
                "Where the stride is larger than the kernel you get a negative number of zeros. What is the least that can be added?",
            ),
            Mistake(
                "one move too many",
                _wrong_padding(total=lambda n, k, s: max(_up(n, s) * s + k - n, 0)),
                "You let the window move once for each output. How often does it move until it stands at the last of them?",
            ),
            Mistake(
                "size forgotten",
                _wrong_padding(total=lambda n, k, s: max(k - s, 0)),
                "Your padding does not depend on the size. That is right where the stride divides it: where "
                "does the last window begin if not?",
            ),
        ),
        hints=(
            "How many outputs are there, and where does the window of the last one begin?",
            "It ends `kernel` pixels after that place. How far is that beyond the end of the axis? If it is not, nothing is added.",
            "Halve that total, rounded down, for the front. The rest goes behind.",
        ),
    ),
    Exercise(
        name="conv.parameters",
        title="What sharing saves",
        difficulty=1,
        minutes=6,
        statement="A convolution with SAME padding and stride 1 takes images `[rows, columns, channels]` to `[rows, columns, filters]`. Its windows are "
        "`kernel_rows` · `kernel_columns` pixels. Return how many numbers it learns, bias included, and how many a dense layer learns that takes "
        "all numbers of such an image to as many outputs.",
        solution=count_parameters,
        reason="The kernel has a weight for each cell of the window, each channel and each filter, and a filter has one bias: the size of the image does "
        "not occur. The dense layer has a weight for every pair of an input and an output number.",
        cases=_sizes((28, 28, 1, 16, 3, 3), (7, 5, 3, 4, 2, 3), (1, 6, 2, 5, 1, 4)),
        results=("convolution", "dense"),
        backends=("numpy",),
        dtypes=("float64",),
        mistakes=(
            Mistake(
                "biases forgotten",
                lambda r, c, i, o, kr, kc: (kr * kc * i * o, r * c * i * r * c * o),
                "Those are the kernels alone. What is added after the products?",
            ),
            Mistake(
                "channels forgotten",
                lambda r, c, i, o, kr, kc: (kr * kc * o + o, count_parameters(r, c, i, o, kr, kc)[1]),
                "Your filter looks at one channel. How many numbers stand in a window of an image with colours?",
            ),
            Mistake(
                "a bias for each place",
                lambda r, c, i, o, kr, kc: (kr * kc * i * o + r * c * o, count_parameters(r, c, i, o, kr, kc)[1]),
                "Your convolution has a bias for each output number. What of a filter changes from place to place?",
            ),
            Mistake(
                "a bias for each channel and filter",
                lambda r, c, i, o, kr, kc: (kr * kc * i * o + i * o, count_parameters(r, c, i, o, kr, kc)[1]),
                "You count a bias for each channel of each filter. How many sums does a filter make of one window?",
            ),
            Mistake(
                "a kernel for each place",
                lambda r, c, i, o, kr, kc: (
                    r * c * count_parameters(1, 1, i, o, kr, kc)[0],
                    count_parameters(r, c, i, o, kr, kc)[1],
                ),
                "You count new weights at every place. That is a locally connected layer: what does a convolution do with its weights instead?",
            ),
            Mistake(
                "one dense output a filter",
                lambda r, c, i, o, kr, kc: (count_parameters(r, c, i, o, kr, kc)[0], r * c * i * o + o),
                "Your dense layer has one output for each filter. How many numbers does the convolution put out for one image?",
            ),
            Mistake(
                "one bias altogether",
                lambda r, c, i, o, kr, kc: (kr * kc * i * o + 1, r * c * i * r * c * o + 1),
                "You count a single bias for each layer. How many different questions does each of them ask?",
            ),
        ),
        hints=(
            "Write down the shape of the kernel: [kernel_rows, kernel_columns, channels, filters]. And of the bias?",
            "For the dense layer: how many numbers go in, how many come out? Weights are their product, and each output has a bias.",
        ),
    ),
    Exercise(
        name="conv.receptive_field",
        title="How far a unit sees",
        difficulty=3,
        minutes=12,
        statement="`layers` is a tuple of pairs `(kernel, stride)`, the first layer first. Along one axis, return how many neighbouring pixels of the image one "
        "output of the last layer depends on.",
        solution=receptive_field,
        reason="A layer adds kernel − 1 of its own steps, and one of its steps is as many pixels as the strides of all layers before it multiply to. Its own "
        "stride only matters to the layers above. So stacking small kernels adds, and striding multiplies.",
        cases=_sizes(
            (((3, 1), (3, 1)),),
            (((3, 2), (5, 1), (2, 3), (3, 1)),),
            (((5, 1), (2, 2), (5, 1), (2, 2)),),
            (((7, 2),),),
            (((3, 3), (2, 2), (4, 1)),),
        ),
        results=("pixels",),
        backends=("numpy",),
        dtypes=("float64",),
        mistakes=(
            Mistake(
                "kernels added up",
                lambda layers: sum(kernel for kernel, _ in layers),
                "You add the kernels. Two windows of 3, one upon the other: do the three units below see nine different pixels, or fewer?",
            ),
            Mistake(
                "kernels multiplied",
                lambda layers: prod(kernel for kernel, _ in layers),
                "You multiply the kernels, as if neighbouring windows had no pixel in common. How far apart do they begin?",
            ),
            Mistake(
                "strides forgotten",
                _wrong_field(reach=lambda k, s, step: k - 1, move=lambda step, s: step),
                "Strides make no difference in your answer. How many pixels lie between two neighbouring outputs of a layer with stride 2?",
            ),
            Mistake(
                "a layer's own stride counted",
                _wrong_field(reach=lambda k, s, step: (k - 1) * step * s, move=lambda step, s: step * s),
                "You let a layer's own stride widen its window. Does the stride change what one output sees, or where the next one looks?",
            ),
            Mistake(
                "only the stride before",
                _wrong_field(reach=lambda k, s, step: (k - 1) * step, move=lambda step, s: s),
                "You use the stride of the layer below alone. What has the layer below that one done to the distances?",
            ),
            Mistake(
                "strides added",
                _wrong_field(reach=lambda k, s, step: (k - 1) * step, move=lambda step, s: step + s - 1),
                "You add the strides of the layers. If each of two layers keeps every second output, which part is left?",
            ),
            Mistake(
                "the last layer first",
                lambda layers: receptive_field(tuple(reversed(layers))),
                "You went through the layers from the last to the first. Whose strides lie between a layer and the image?",
            ),
            Mistake(
                "one pixel too few",
                lambda layers: receptive_field(layers) - 1,
                "You are one short: with no layer at all, an output is a pixel, and sees it.",
            ),
            Mistake(
                "the whole square",
                lambda layers: receptive_field(layers) ** 2,
                "You count the pixels of a square. The exercise asks along one axis.",
            ),
        ),
        hints=(
            "Begin with one pixel and no layer: the field is 1, and a step is 1 pixel.",
            "A layer of kernel 3 sees three units of the layer below: one, and two more, each one step further. How many pixels is that step?",
            "After a layer, a step has grown by its stride. Do that after you have used the old step.",
        ),
    ),
)
