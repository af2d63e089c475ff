"""The last exercise of chapter 11 and of part II: a stack of LSTMs learns digits, with gradients through everything."""

from functools import cache, partial

from rnn_course.activations import softmax
from rnn_course.arrays import array_namespace, device
from rnn_course.checks.catalogue.chapter_11_stacks import stack_forward
from rnn_course.checks.catalogue.random_cells import lstm_stack, numbers
from rnn_course.checks.exercise import Exercise, Mistake
from rnn_course.data.digits import load_digits
from rnn_course.tree import add, tree_map


def train_stack(cells, kernel, bias, images, labels, batch_size, learning_rate):
    xp = array_namespace(images)
    losses = []
    for start in range(0, images.shape[0], batch_size):
        x, y = images[start : start + batch_size], labels[start : start + batch_size]
        states, backwards = tuple(cell.zero_state(batch_size) for cell in cells), []
        outputs = []
        for t in range(x.shape[1]):
            output, states, backward = stack_forward(cells, x[:, t], states)
            outputs.append(output)
            backwards.append(backward)

        output = outputs[-1]
        p = softmax(output @ kernel + bias)  # [batch, classes]
        right = xp.arange(p.shape[1], device=device(p))[None, :] == y[:, None]
        losses.append(-xp.mean(xp.log(p[right])))
        d_logits = (p - xp.astype(right, p.dtype)) / batch_size
        d_kernel, d_bias = output.T @ d_logits, xp.sum(d_logits, axis=0)

        d_output = d_logits @ kernel.T  # the last step's; no loss looks at the outputs before it
        d_states = tree_map(xp.zeros_like, states)
        d_cells = tree_map(xp.zeros_like, cells)
        for backward in backwards[::-1]:
            d_step, _, d_states = backward(d_output, d_states)
            d_cells = add(d_cells, d_step)
            d_output = xp.zeros_like(d_output)

        cells = tree_map(lambda w, d: w - learning_rate * d, cells, d_cells)
        kernel, bias = kernel - learning_rate * d_kernel, bias - learning_rate * d_bias
    return cells, kernel, bias, xp.stack(losses)


@cache
def small_digits():
    """Images [example, 7, 8] and labels [example] of the package's digits."""
    train = load_digits().train
    return train.images[:, ::4, 2:26:3].astype("float64"), train.labels.astype("int64")  # 7 rows of 8


def _digits(batches, batch_size, learning_rate, *units):
    def case(rng):
        images, labels = small_digits()
        chosen = rng.permutation(len(labels))[: batches * batch_size]
        cells, kernel, bias = lstm_stack(rng, 8, units), numbers(rng, units[-1], 10), numbers(rng, 10)
        return cells, kernel, bias, images[chosen], labels[chosen], batch_size, learning_rate

    return case


def _wrong(
    cells,
    kernel,
    bias,
    images,
    labels,
    batch_size,
    learning_rate,
    *,
    direction=-1.0,
    divide=True,
    carry_weights=True,
    carry_states=False,
    shows="h",
    accumulate=True,
    moves=lambda layer, cells: True,
    loss_after=False,
    one_hot=True,
    moved_first=False,
    every_step=False,
    back_in_time=True,
    bias_moves=1,
):
    """The training with one thing changed."""
    xp = array_namespace(images)
    first, losses, left = (cells, kernel, bias), [], None
    for start in range(0, images.shape[0], batch_size):
        if not carry_weights:
            cells, kernel, bias = first
        x, y = images[start : start + batch_size], labels[start : start + batch_size]
        states = left if carry_states and left is not None else tuple(cell.zero_state(batch_size) for cell in cells)
        backwards = []
        for t in range(x.shape[1]):
            _, states, backward = stack_forward(cells, x[:, t], states)
            backwards.append(backward)
        left, shown = states, getattr(states[-1], shows)

        right = xp.arange(bias.shape[0], device=device(bias))[None, :] == y[:, None]
        p = softmax(shown @ kernel + bias)
        d_logits = (p - one_hot * xp.astype(right, p.dtype)) / (batch_size if divide else 1)
        d_kernel, d_bias = shown.T @ d_logits, xp.sum(d_logits, axis=0)
        d_shown = d_logits @ (kernel - learning_rate * d_kernel if moved_first else kernel).T
        losses.append(-xp.mean(xp.log(p[right])) if divide else -xp.sum(xp.log(p[right])))

        d_states = tree_map(xp.zeros_like, states)
        d_states = (*d_states[:-1], d_states[-1]._replace(**{shows: d_shown}))
        d_cells = tree_map(xp.zeros_like, cells)
        for back, backward in enumerate(backwards[::-1]):
            d_output = d_shown if every_step and back else xp.zeros_like(states[-1].h)
            d_step, _, d_states = backward(d_output, d_states)
            d_states = d_states if back_in_time else tree_map(xp.zeros_like, d_states)
            d_cells = add(d_cells, d_step) if accumulate else d_step

        step = direction * learning_rate
        moved = tree_map(lambda w, d, step=step: w + step * d, cells, d_cells)
        cells = tuple(moved[layer] if moves(layer, cells) else cell for layer, cell in enumerate(cells))
        kernel, bias = kernel + step * d_kernel, bias + bias_moves * step * d_bias
        if loss_after:
            losses[-1] = -xp.mean(xp.log(softmax(shown @ kernel + bias)[right]))
    return cells, kernel, bias, xp.stack(losses)


EXERCISES = (
    Exercise(
        name="deep.train",
        title="Train a deep LSTM on digits",
        difficulty=5,
        minutes=40,
        statement="Train a stack of LSTMs and a dense read-out on digits, by plain gradient descent. `images` is "
        "`[example, time, input]`, a row a step; `labels` holds a class for each example. Go through the examples in order, "
        "`batch_size` at a time (it divides their number). For each batch begin with zero states, read all rows, and let the "
        "logits be the top layer's last output times `kernel: [hidden, classes]` plus `bias: [classes]`. The loss is the mean "
        "softmax cross-entropy of the batch. Send its gradient back through the read-out, all steps and all layers, and then "
        "move every weight by −learning_rate times its gradient. Return the trained cells (a tuple, bottom first), kernel and "
        "bias, and the losses, one a batch, each measured before its step.",
        solution=train_stack,
        reason="A training step is a forward pass that keeps every `backward`, the same way in reverse with the gradients of a "
        "weight summed over all steps that used it, and one move of all weights at once.",
        cases=(_digits(3, 4, 0.3, 5, 6), _digits(2, 6, 0.5, 5, 5), _digits(4, 3, 0.2, 4), _digits(2, 5, 0.4, 3, 6, 4)),
        results=(
            "cells.*.kernel: [input+hidden, 4*hidden]",
            "cells.*.bias: [4*hidden]",
            "kernel: [hidden, classes]",
            "bias: [classes]",
            "losses: [batch]",
        ),
        mistakes=(
            Mistake(
                "uphill",
                partial(_wrong, direction=1.0),
                "Your losses grow from step to step. The gradient points to where the loss gets larger: which way do you go?",
            ),
            Mistake(
                "gradients overwritten in time",
                partial(_wrong, accumulate=False),
                "On the way back each of your steps replaces the gradient of the cells. All steps used the same weights: what "
                "does that make of their gradients?",
            ),
            Mistake(
                "only the read-out learns",
                partial(_wrong, moves=lambda layer, cells: False),
                "Your read-out learns and your cells stay as they were. Does the gradient of the logits go on into the stack?",
            ),
            Mistake(
                "only the bottom layer stays behind",
                partial(_wrong, moves=lambda layer, cells: layer > 0 or len(cells) == 1),
                "Your bottom layer has not moved. What does the layer above it hand down?",
            ),
            Mistake(
                "sum for mean",
                partial(_wrong, divide=False),
                "Your loss grows with the batch size. Is it a sum over the batch, or its mean?",
            ),
            Mistake(
                "each batch from the first weights",
                partial(_wrong, carry_weights=False),
                "Every batch of yours begins with the weights that were handed in. What has the batch before taught?",
            ),
            Mistake(
                "states carried from batch to batch",
                partial(_wrong, carry_states=True),
                "Your second batch begins where the first one ended. Are its digits the continuation of other digits?",
            ),
            Mistake(
                "read-out from c",
                partial(_wrong, shows="c"),
                "Your read-out looks at the memory of the top layer. Which of its two arrays is the output?",
            ),
            Mistake(
                "loss after the step",
                partial(_wrong, loss_after=True),
                "Your losses are measured with a read-out that has already moved. When does each loss belong to its weights?",
            ),
            Mistake(
                "probabilities for the gradient",
                partial(_wrong, one_hot=False),
                "Your gradient of the logits is never negative: every class is pushed down, the right one too. What does it lack?",
            ),
            Mistake(
                "read-out moved first",
                partial(_wrong, moved_first=True),
                "You send the gradient down through a read-out that has moved already. With which weights was the loss computed?",
            ),
            Mistake(
                "loss at every step",
                partial(_wrong, every_step=True),
                "Every step's output gets the gradient of the loss. Which outputs did the read-out look at?",
            ),
            Mistake(
                "only the last step learns",
                partial(_wrong, back_in_time=False),
                "The gradient stops after one step back. By which way do the earlier rows hear of the loss?",
            ),
            Mistake(
                "bias left behind",
                partial(_wrong, bias_moves=0),
                "The bias of your read-out stays as it was. How many arrays have to move?",
            ),
        ),
        hints=(
            "Begin with one batch and no learning: the forward pass over all rows, the logits, the loss. Keep the `backward` of "
            "each step in a list.",
            "Softmax and cross-entropy together have a short gradient for the logits: chapter 3. Only the last output has a "
            "gradient from the loss; the steps before it hear of it through the states.",
            "Go through the list from its end. What comes back for the states goes into the step before; what comes back for the "
            "cells is added up. Move all weights once, after the way back.",
        ),
        seconds=60.0,
    ),
)
