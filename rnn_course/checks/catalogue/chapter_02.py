"""Exercises of chapter 02, the dense layer: its shapes, its parameters, one layer, every step, a network of two."""

from itertools import pairwise

import numpy as np

from rnn_course.arrays import array_namespace
from rnn_course.checks.exercise import Exercise, Mistake


def predict_shapes(batch, input_size, hidden_size, classes):
    kernel = (input_size, hidden_size)
    bias = (hidden_size,)
    hidden = (batch, hidden_size)
    logits = (batch, classes)
    return kernel, bias, hidden, logits


def count_parameters(sizes):
    return sum(inputs * outputs + outputs for inputs, outputs in pairwise(sizes))


def dense_forward(x, kernel, bias):
    return x @ kernel + bias


def every_step(inputs, kernel, bias):
    return inputs @ kernel + bias


def network(x, kernel1, bias1, kernel2, bias2):
    xp = array_namespace(x)
    z = x @ kernel1 + bias1  # [batch, hidden]
    hidden = xp.where(z > 0, z, 0 * z)
    return hidden @ kernel2 + bias2


def random_layers(rng, batch, *sizes):
    """x, then a kernel and a bias for each layer."""
    weights = [(rng.standard_normal((i, o)), rng.standard_normal(o)) for i, o in pairwise(sizes)]
    return rng.standard_normal((batch, sizes[0])), *(array for layer in weights for array in layer)


def _layers(batch, *sizes):
    return lambda rng: random_layers(rng, batch, *sizes)


def _sequences(batch, time, inputs, outputs):
    return lambda rng: (
        rng.standard_normal((batch, time, inputs)),
        rng.standard_normal((inputs, outputs)),
        rng.standard_normal(outputs),
    )


def _sizes(*sizes):
    return lambda rng: (sizes,)


def _wrong_network(before=lambda x: x, between=None, after=lambda y: y, use1=1, use2=1):
    """The network with something else before it, between its layers or after it, or without a bias."""

    def answer(x, kernel1, bias1, kernel2, bias2):
        z = before(x) @ kernel1 + use1 * bias1
        return after((between or relu)(z) @ kernel2 + use2 * bias2)

    return answer


def relu(z):
    return array_namespace(z).where(z > 0, z, 0 * z)


def _softmax(z):
    xp = array_namespace(z)
    e = xp.exp(z - xp.max(z, axis=1, keepdims=True))
    return e / xp.sum(e, axis=1, keepdims=True)


EXERCISES = (
    Exercise(
        name="dense.shapes",
        title="Predict the shapes of two layers",
        difficulty=1,
        minutes=4,
        statement="A network of two dense layers reads x `[batch, input]`, has `hidden_size` hidden units and names one of "
        "`classes` classes. From the four sizes return four shapes, as tuples: of the first kernel, of the first bias, of the "
        "hidden units and of the logits.",
        solution=predict_shapes,
        reason="A kernel has a row for each number that goes in and a column for each that comes out; a bias has one number for each "
        "that comes out. Weights know nothing of the batch; what goes through them begins with it.",
        cases=(lambda rng: (50, 784, 625, 10), lambda rng: (3, 7, 5, 2), lambda rng: (1, 4, 6, 8)),
        results=("kernel", "bias", "hidden", "logits"),
        backends=("numpy",),
        dtypes=("float64",),
        mistakes=(
            Mistake(
                "transposed kernel",
                lambda b, i, h, c: ((h, i), (h,), (b, h), (b, c)),
                "Your kernel is [output, input], as `torch.nn.Linear` stores it. With x on the left of the product, which axis of the "
                "kernel meets the input?",
            ),
            Mistake(
                "bias with a batch axis",
                lambda b, i, h, c: ((i, h), (b, h), (b, h), (b, c)),
                "Your bias has a row for each example. Weights are made before any batch comes: how could they know its size?",
            ),
            Mistake(
                "bias for the inputs",
                lambda b, i, h, c: ((i, h), (i,), (b, h), (b, c)),
                "Your bias has one number for each input. What is it added to, x or the product?",
            ),
            Mistake(
                "batch last",
                lambda b, i, h, c: ((i, h), (h,), (h, b), (c, b)),
                "Your hidden units and logits have the batch last: one example a column. Here one example is one row.",
            ),
            Mistake(
                "one class for each example",
                lambda b, i, h, c: ((i, h), (h,), (b, h), (b,)),
                "Your logits are one number for each example. The network gives a score for every class, and who is first comes later.",
            ),
            Mistake(
                "kernel of the second layer",
                lambda b, i, h, c: ((h, c), (c,), (b, h), (b, c)),
                "Kernel and bias are those of the second layer. The first one makes hidden units of the inputs.",
            ),
            Mistake(
                "one example's logits",
                lambda b, i, h, c: ((i, h), (h,), (b, h), (c,)),
                "Your logits are those of one example. How many examples go through the network at once?",
            ),
            Mistake(
                "weights for what they make",
                lambda b, i, h, c: ((i, h), (h,), (i, h), (h, c)),
                "Your last two shapes are those of the two kernels. What comes out when a batch is multiplied "
                "with them?",
            ),
            Mistake(
                "bias of two axes",
                lambda b, i, h, c: ((i, h), (1, h), (b, h), (b, c)),
                "Your bias has an axis of size 1 in front. It would work, by broadcasting; but what does the "
                "layer store, a row or a list?",
            ),
        ),
        hints=(
            "Write the first product with its axes, and let the two inner ones be the same: [batch, ?] times [?, ?].",
            "The axis that the product sums over is gone afterwards. What is left of each of the two factors?",
        ),
    ),
    Exercise(
        name="dense.parameters",
        title="Count the parameters",
        difficulty=1,
        minutes=5,
        statement="`sizes` is a tuple of layer widths, input first, such as (784, 625, 10). Return how many numbers a dense network of "
        "these widths learns, kernels and biases together.",
        solution=count_parameters,
        reason="Between two neighbouring widths lies one layer: a weight from each input to each output, and a bias for each output. "
        "The activations between the layers learn nothing.",
        cases=(_sizes(784, 625, 10), _sizes(5, 3), _sizes(4, 7, 2, 6)),
        results=("number",),
        backends=("numpy",),
        dtypes=("float64",),
        mistakes=(
            Mistake(
                "no biases",
                lambda sizes: sum(i * o for i, o in pairwise(sizes)),
                "You have counted the kernels alone. What else does a layer add?",
            ),
            Mistake(
                "one bias a layer",
                lambda sizes: sum(i * o + 1 for i, o in pairwise(sizes)),
                "You have counted one bias for each layer. How many numbers has a bias?",
            ),
            Mistake(
                "biases for the inputs",
                lambda sizes: sum(i * o + i for i, o in pairwise(sizes)),
                "You have counted a bias for each input of a layer. Which side of the product is it added on?",
            ),
            Mistake(
                "first layer only",
                lambda sizes: sizes[0] * sizes[1] + sizes[1],
                "This is the first layer alone. How many layers lie between the widths?",
            ),
            Mistake(
                "widths added up",
                lambda sizes: sum(sizes[1:]),
                "You have counted the units. Each of them has a weight for every input of its layer.",
            ),
            Mistake(
                "input joined to the output",
                lambda sizes: sizes[0] * sizes[-1] + sizes[-1],
                "That is one layer from the input straight to the output. The widths between are layers of their own.",
            ),
            Mistake(
                "one more output too",
                lambda sizes: sum((i + 1) * (o + 1) for i, o in pairwise(sizes)),
                "You have added one to both widths of a layer. A bias is like a weight of one more input that "
                "is always 1: is there one more output too?",
            ),
            Mistake(
                "biases of the last layer only",
                lambda sizes: sum(i * o for i, o in pairwise(sizes)) + sizes[-1],
                "Only your last layer has biases. What about the hidden units?",
            ),
        ),
        hints=(
            "Begin with two widths: how many weights lead from 5 inputs to 3 outputs, and how many biases are there?",
            "With three widths there are two layers. Add up; `itertools.pairwise` gives the neighbours of a tuple.",
        ),
    ),
    Exercise(
        name="dense.forward",
        title="One dense layer",
        difficulty=1,
        minutes=6,
        statement="From `x: [batch, input]`, `kernel: [input, output]` and `bias: [output]` return the output of a dense layer without "
        "an activation, `[batch, output]`. It should work for NumPy arrays and Torch tensors.",
        solution=dense_forward,
        reason="The product sums over the axis that both have, the input, and leaves batch and output. The bias has the last of the two "
        "axes, so it is added to each row.",
        cases=(_layers(4, 3, 5), _layers(2, 7, 3), _layers(1, 2, 6), _layers(6, 4, 4)),
        results=("[batch, output]",),
        laws=("rows",),
        mistakes=(
            Mistake(
                "no bias",
                lambda x, kernel, bias: x @ kernel,
                "The product is right. What is missing is what a layer says when all inputs are 0.",
            ),
            Mistake(
                "transposed kernel",
                lambda x, kernel, bias: x @ kernel.T + bias,
                "You have turned the kernel round, as Torch's Linear has it. Here its rows already are the inputs, and where the sizes "
                "happen to fit there is no error to tell you.",
            ),
            Mistake(
                "kernel from the left",
                lambda x, kernel, bias: (kernel.T @ x.T) + bias[:, None],
                "The numbers are there, but your result is [output, batch]: with the kernel on the left, examples are columns.",
            ),
            Mistake(
                "bias over the batch",
                lambda x, kernel, bias: x @ kernel + bias[:, None],
                "You have stood the bias upright, so it wants to run along the batch. Which axis of the product has its size?",
            ),
            Mistake(
                "bias inside the kernel",
                lambda x, kernel, bias: x @ (kernel + bias),
                "You add the bias to every row of the kernel, so it is multiplied by the inputs. It is added once, after the product.",
            ),
            Mistake(
                "all biases to each unit",
                lambda x, kernel, bias: x @ kernel + array_namespace(x).sum(bias),
                "Every unit gets the sum of all biases. Each one has its own.",
            ),
            Mistake(
                "activation too early",
                lambda x, kernel, bias: relu(x @ kernel + bias),
                "There are no negative numbers in your result. The exercise asks for the layer before its activation.",
            ),
        ),
        hints=(
            "Which axis do x and the kernel have in common? That is the one a product sums over.",
            "NumPy and Torch write the product of two matrices as `@`. The bias is added by broadcasting, along the last axis.",
        ),
    ),
    Exercise(
        name="dense.every_step",
        title="The same layer at every step",
        difficulty=2,
        minutes=6,
        statement="Apply one dense layer to each step of `inputs: [batch, time, input]`, with `kernel: [input, output]` and "
        "`bias: [output]`, and return `[batch, time, output]`. It should work for NumPy arrays and Torch tensors.",
        solution=every_step,
        reason="A product with a matrix touches the last axis alone. What stands before it, one axis or two, are just so many rows. This is "
        "how a recurrent network reads out its answer at every step.",
        cases=(_sequences(4, 3, 5, 2), _sequences(2, 6, 3, 7), _sequences(1, 2, 4, 3), _sequences(3, 3, 2, 4)),
        results=("[batch, time, output]",),
        laws=("rows",),
        mistakes=(
            Mistake(
                "last step only",
                lambda inputs, kernel, bias: inputs[:, -1, :] @ kernel + bias,
                "That is the last step alone. The exercise asks for an output at every step.",
            ),
            Mistake(
                "steps added up",
                lambda inputs, kernel, bias: array_namespace(inputs).sum(inputs, axis=1) @ kernel + bias,
                "You have added up the steps first: the time axis is gone.",
            ),
            Mistake(
                "batch and time joined",
                lambda inputs, kernel, bias: inputs.reshape(-1, inputs.shape[2]) @ kernel + bias,
                "The numbers are right, but batch and time are still one axis. Cut it again at the end.",
            ),
            Mistake(
                "time first",
                lambda inputs, kernel, bias: inputs.swapaxes(0, 1) @ kernel + bias,
                "Your result is time-major. Nothing in a dense layer moves an axis.",
            ),
            Mistake(
                "cut the wrong way",
                lambda inputs, kernel, bias: (
                    inputs.swapaxes(0, 1).reshape(-1, inputs.shape[2]) @ kernel + bias
                ).reshape(*inputs.shape[:2], -1),
                "The shape is right, but the rows stand in another order: you joined time and batch, and cut batch and time.",
            ),
            Mistake(
                "bias for each step",
                lambda inputs, kernel, bias: (
                    inputs @ kernel
                    + bias
                    * array_namespace(inputs).asarray(np.arange(1, inputs.shape[1] + 1), dtype=inputs.dtype)[:, None]
                ),
                "Your bias grows from step to step. Each step gets the same layer, so the same bias.",
            ),
        ),
        hints=(
            "What would you write for one step? Try the very same line on all of them, and look at the shape.",
            "`@` takes the last axis of the left factor, and leaves every axis before it as it is.",
        ),
    ),
    Exercise(
        name="dense.network",
        title="A network of two layers",
        difficulty=2,
        minutes=10,
        statement="From `x: [batch, input]` and the weights of two dense layers, `kernel1`, `bias1`, `kernel2`, `bias2`, return the logits "
        "`[batch, classes]`. Between the layers stands a ReLU: max(z, 0) for each number. It should work for NumPy arrays and Torch "
        "tensors.",
        solution=network,
        reason="Without something bent between them, two layers are one: the product of two matrices is a matrix. After the last layer there "
        "is no ReLU, for a logit may be negative.",
        cases=(_layers(5, 3, 4, 2), _layers(2, 6, 7, 3), _layers(1, 2, 5, 4)),
        results=("[batch, class]",),
        laws=("rows",),
        mistakes=(
            Mistake(
                "no activation",
                _wrong_network(between=lambda z: z),
                "Nothing stands between your layers. Two products in a row are one product: what bends the line?",
            ),
            Mistake(
                "ReLU at the end too",
                _wrong_network(after=relu),
                "Your logits are never negative. A score against a class is an answer too: where does the last ReLU belong?",
            ),
            Mistake(
                "ReLU at the end only",
                _wrong_network(between=lambda z: z, after=relu),
                "Your ReLU comes after the second layer. It stands between the two.",
            ),
            Mistake(
                "ReLU of the input",
                _wrong_network(before=relu),
                "You have cut off the negative inputs as well. The first layer may see them.",
            ),
            Mistake(
                "tanh for ReLU",
                _wrong_network(between=lambda z: array_namespace(z).tanh(z)),
                "Your hidden units stay between −1 and 1, as after a tanh. The exercise asks for a ReLU.",
            ),
            Mistake(
                "size without sign",
                _wrong_network(between=lambda z: abs(z)),
                "Your hidden units are the sizes of the numbers. A ReLU makes negative ones 0, not positive.",
            ),
            Mistake(
                "first bias forgotten",
                _wrong_network(use1=0),
                "Your first layer has no bias. It decides where each ReLU opens.",
            ),
            Mistake(
                "bias after the ReLU",
                lambda x, kernel1, bias1, kernel2, bias2: (relu(x @ kernel1) + bias1) @ kernel2 + bias2,
                "You add the first bias after the ReLU. It belongs to the layer, and the ReLU comes after the layer.",
            ),
            Mistake(
                "second bias forgotten",
                _wrong_network(use2=0),
                "Your second layer has no bias. Is it a dense layer like the first?",
            ),
            Mistake(
                "softmax at the end",
                _wrong_network(after=lambda y: _softmax(y)),
                "Your rows sum to 1: these are probabilities. The exercise asks for the logits, before a softmax.",
            ),
        ),
        hints=(
            "It is `dense.forward` twice. Give what is between the layers a name and ask for its shape.",
            "For the ReLU, `xp.where(condition, a, b)` or `xp.maximum` with an array of zeros works for both libraries.",
        ),
    ),
)
