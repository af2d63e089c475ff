"""Exercises of chapter 12, reading digits row by row: the classifier with its way back."""

from functools import partial

from rnn_course.activations import softmax
from rnn_course.arrays import array_namespace
from rnn_course.checks.catalogue.chapter_12 import reader
from rnn_course.checks.exercise import Exercise, Mistake
from rnn_course.tree import add, tree_map


def classifier_forward(cell, kernel, bias, images):
    xp = array_namespace(images)
    state, backwards = cell.zero_state(images.shape[0]), []
    for row in range(images.shape[1]):
        output, state, backward = cell.forward(images[:, row], state)
        backwards.append(backward)

    def backward(d_logits):
        d_kernel, d_bias = output.T @ d_logits, xp.sum(d_logits, axis=0)
        d_output = d_logits @ kernel.T
        d_state, d_cell = tree_map(xp.zeros_like, state), tree_map(xp.zeros_like, cell)
        for step_back in backwards[::-1]:
            d_step, _, d_state = step_back(d_output, d_state)
            d_cell = add(d_cell, d_step)
            d_output = xp.zeros_like(d_output)  # only the last output was read
        return d_cell, d_kernel, d_bias

    return output @ kernel + bias, backward


def _forward(
    cell,
    kernel,
    bias,
    images,
    *,
    accumulate=True,
    again=False,
    to_state=True,
    sum_bias=True,
    from_start=False,
    answer="logits",
):
    """The classifier with a way back in which one thing is done differently."""
    xp = array_namespace(images)
    state, backwards, outputs = cell.zero_state(images.shape[0]), [], []
    for row in range(images.shape[1]):
        output, state, step_back = cell.forward(images[:, row], state)
        backwards.append(step_back)
        outputs.append(output)

    def backward(d_logits):
        d_kernel = output.T @ d_logits
        d_bias = xp.sum(d_logits, axis=0) if sum_bias else d_logits
        d_output = d_logits @ kernel.T
        zero = tree_map(xp.zeros_like, state)
        d_state, d_cell = zero, tree_map(xp.zeros_like, cell)
        for step_back in backwards if from_start else backwards[::-1]:
            d_step, _, d_state = step_back(d_output, d_state if to_state else zero)
            d_cell = add(d_cell, d_step) if accumulate else d_step
            if not again:
                d_output = xp.zeros_like(d_output)
        return d_cell, d_kernel, d_bias

    logits = outputs[-1] @ kernel + bias
    return softmax(logits) if answer == "p" else logits, backward


EXERCISES = (
    Exercise(
        name="reading.backward",
        title="The classifier, and back",
        difficulty=4,
        minutes=25,
        statement="Write the classifier of `reading.classify` with a way back. Return the logits `[batch, class]` (no softmax) and "
        "`backward`, a function that takes their gradient and returns those for the cell, `kernel` and `bias`. The cell has a way "
        "back for a step: `output, new_state, step_back = cell.forward(x, state)`, and `step_back(d_output, d_new_state)` returns "
        "`d_cell, d_x, d_state`. Gradients of cells are cells: `tree_map(f, a, b)` applies f to their arrays, place by place.",
        solution=classifier_forward,
        reason="Only the last output was read, so only it has a gradient from the read-out. It goes on through the states, and "
        "every step adds what it finds to the gradient of the one cell that all of them used.",
        cases=(reader(3, 5, 4, 6, 7), reader(2, 4, 5, 3, 6), reader(4, 2, 3, 5, 2)),
        results=(
            "logits: [batch, class]",
            "backward.d_cell.kernel: [input+hidden, 4*hidden]",
            "backward.d_cell.bias: [4*hidden]",
            "backward.d_kernel: [hidden, class]",
            "backward.d_bias: [class]",
        ),
        seconds=30.0,
        mistakes=(
            Mistake(
                "gradients overwritten in time",
                partial(_forward, accumulate=False),
                "Your cell hears of one step only. All rows went through the same weights: what becomes of their gradients?",
            ),
            Mistake(
                "every output read",
                partial(_forward, again=True),
                "You hand the gradient of the logits to every step. Which outputs did the read-out see?",
            ),
            Mistake(
                "state's gradient forgotten",
                partial(_forward, to_state=False),
                "Your gradient ends at the last row. How did the rows before it have a say in the answer?",
            ),
            Mistake(
                "bias gradient not summed",
                partial(_forward, sum_bias=False),
                "Your bias gradient has a batch axis. How many digits used the same bias?",
            ),
            Mistake(
                "probabilities for logits",
                partial(_forward, answer="p"),
                "Your first result sums to 1 for each digit. Which last step of the other classifier is left out here?",
            ),
            Mistake(
                "steps in the order of time",
                partial(_forward, from_start=True),
                "You go through the steps as time does. At which end does the way back begin?",
            ),
        ),
        hints=(
            "Forward first: keep every `step_back` in a list.",
            "On the way back begin with the read-out: two products and a sum. What comes out for the output is the d_output of the "
            "last step, and of no other.",
            "The states' gradient begins with zeros and is handed from step to step; the cells' gradients are added up.",
        ),
    ),
)
