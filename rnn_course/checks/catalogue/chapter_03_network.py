"""Exercises of chapter 03, learning: a network of two layers with its way back."""

from rnn_course.arrays import array_namespace
from rnn_course.checks.catalogue.chapter_02 import random_layers
from rnn_course.checks.catalogue.chapter_03 import where
from rnn_course.checks.exercise import Exercise, Mistake


def network_forward(x, kernel1, bias1, kernel2, bias2):
    xp = array_namespace(x)
    z = x @ kernel1 + bias1  # [batch, hidden]
    hidden = xp.where(z > 0, z, 0 * z)

    def backward(d_logits):
        d_hidden = d_logits @ kernel2.T
        d_z = xp.where(z > 0, d_hidden, 0 * d_hidden)
        d_layer1 = x.T @ d_z, xp.sum(d_z, axis=0)
        d_layer2 = hidden.T @ d_logits, xp.sum(d_logits, axis=0)
        return d_z @ kernel1.T, *d_layer1, *d_layer2

    return hidden @ kernel2 + bias2, backward


def _network(batch, *sizes):
    return lambda rng: random_layers(rng, batch, *sizes)


def _wrong_network(
    slope=lambda z, d: where(z > 0, d, 0 * d),
    read=lambda z, hidden: hidden,
    d_bias=lambda d: d.sum(0),
    order=(0, 1, 2, 3, 4),
    through=lambda d_hidden, d_logits: d_hidden,
):
    """The network with a way back in which one thing is done differently."""

    def answer(x, kernel1, bias1, kernel2, bias2):
        z = x @ kernel1 + bias1
        hidden = where(z > 0, z, 0 * z)

        def backward(d_logits):
            d_z = slope(z, through(d_logits @ kernel2.T, d_logits))
            found = d_z @ kernel1.T, x.T @ d_z, d_bias(d_z), read(z, hidden).T @ d_logits, d_bias(d_logits)
            return tuple(found[k] for k in order)

        return hidden @ kernel2 + bias2, backward

    return answer


EXERCISES = (
    Exercise(
        name="learn.network",
        title="A network, and back",
        difficulty=4,
        minutes=22,
        statement="Write `dense.network` with a way back: return the logits and `backward`, a function that takes the gradient for the logits and "
        "returns those for `x`, `kernel1`, `bias1`, `kernel2` and `bias2`, in this order. NumPy and Torch.",
        solution=network_forward,
        reason="The way back visits the layers from the last to the first. Each needs what it saw on the way forward: the second layer the "
        "hidden units, the ReLU its input, the first layer x. The inner function simply remembers them.",
        cases=(_network(5, 3, 4, 2), _network(2, 6, 7, 3), _network(1, 2, 5, 4)),
        results=(
            "logits: [batch, class]",
            "backward.d_x: [batch, input]",
            "backward.d_kernel1: [input, hidden]",
            "backward.d_bias1: [hidden]",
            "backward.d_kernel2: [hidden, class]",
            "backward.d_bias2: [class]",
        ),
        laws=("gradient",),
        seconds=30.0,
        mistakes=(
            Mistake(
                "ReLU forgotten on the way back",
                _wrong_network(slope=lambda z, d: d),
                "The gradient goes through every hidden unit, also those that were 0. What lies between the two layers?",
            ),
            Mistake(
                "ReLU of the gradient",
                _wrong_network(slope=lambda z, d: where(d > 0, d, 0 * d)),
                "You cut off negative gradients. A ReLU holds back where its own input was negative.",
            ),
            Mistake(
                "times the hidden unit",
                _wrong_network(slope=lambda z, d: where(z > 0, z * d, 0 * d)),
                "You multiply by what the ReLU gave out. Its slope is 1 or 0.",
            ),
            Mistake(
                "before the ReLU for after it",
                _wrong_network(read=lambda z, hidden: z),
                "The gradient of the second kernel is made with the numbers before the ReLU. What did that kernel really multiply?",
            ),
            Mistake(
                "bias gradients not summed",
                _wrong_network(d_bias=lambda d: d),
                "Your bias gradients have a batch axis. Each bias was used by every example.",
            ),
            Mistake(
                "second layer first",
                _wrong_network(order=(0, 3, 4, 1, 2)),
                "You return the second layer's gradients before the first's. You meet them in that order on the way back; they are handed over "
                "in the order of the arguments.",
            ),
        ),
        hints=(
            "Go through your forward lines from the last to the first, and ask for each: what came in, what is its gradient?",
            "It is `learn.dense_backward`, then `learn.relu_backward`, then `learn.dense_backward`. Which x does the second layer have?",
            "Define `backward(d_logits)` inside, so that it still sees z and the hidden units.",
        ),
    ),
)
