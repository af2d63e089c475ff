"""The very last exercise of part II: an LSTM, a loop with lengths and a stack, all the learner's own, learn digits."""

from functools import partial

from rnn_course.activations import softmax
from rnn_course.arrays import array_namespace, device
from rnn_course.cells import LSTMStateTuple
from rnn_course.checks.catalogue.chapter_08_through_time import lstm_forward
from rnn_course.checks.catalogue.chapter_11_your_network import small_digits
from rnn_course.checks.catalogue.random_cells import lengths, lstm_stack, numbers
from rnn_course.checks.exercise import Exercise, Mistake


def train_own(kernels, biases, kernel, bias, images, sequence_length, labels, batch_size, learning_rate):
    xp = array_namespace(images)
    kernels, biases, losses = list(kernels), list(biases), []
    for start in range(0, images.shape[0], batch_size):
        chosen = slice(start, start + batch_size)
        x, y, n = images[chosen], labels[chosen], sequence_length[chosen]
        zeros = [xp.zeros((batch_size, w.shape[1] // 4), dtype=w.dtype, device=device(w)) for w in kernels]
        states, kept = [LSTMStateTuple(c=zero, h=zero) for zero in zeros], []
        for t in range(x.shape[1]):
            alive, below, backwards = (t < n)[:, None], x[:, t, :], []
            for layer, (c, h) in enumerate(states):
                new, backward = lstm_forward(below, states[layer], kernels[layer], biases[layer])
                states[layer] = LSTMStateTuple(c=xp.where(alive, new.c, c), h=xp.where(alive, new.h, h))
                below = new.h  # of a row that is over, nothing above looks at it
                backwards.append(backward)
            kept.append((alive, backwards))

        shown = states[-1].h
        p = softmax(shown @ kernel + bias)  # [batch, classes]
        right = xp.arange(p.shape[1], device=device(p))[None, :] == y[:, None]
        losses.append(-xp.mean(xp.log(p[right])))
        d_logits = (p - xp.astype(right, p.dtype)) / batch_size

        d_states = [LSTMStateTuple(c=zero, h=zero) for zero in zeros]
        d_states[-1] = LSTMStateTuple(c=zeros[-1], h=d_logits @ kernel.T)
        d_kernels, d_biases = [0 * w for w in kernels], [0 * b for b in biases]
        for alive, backwards in kept[::-1]:
            d_below = 0  # what the layer above hands down
            for layer in reversed(range(len(kernels))):
                d_c, d_h = d_states[layer]
                d_new = LSTMStateTuple(c=xp.where(alive, d_c, 0 * d_c), h=xp.where(alive, d_h, 0 * d_h) + d_below)
                d_below, d_old, d_w, d_b = backwards[layer](d_new)
                d_states[layer] = LSTMStateTuple(
                    c=d_old.c + xp.where(alive, 0 * d_c, d_c), h=d_old.h + xp.where(alive, 0 * d_h, d_h)
                )
                d_kernels[layer], d_biases[layer] = d_kernels[layer] + d_w, d_biases[layer] + d_b

        kernels = [w - learning_rate * d for w, d in zip(kernels, d_kernels, strict=True)]
        biases = [b - learning_rate * d for b, d in zip(biases, d_biases, strict=True)]
        kernel, bias = kernel - learning_rate * shown.T @ d_logits, bias - learning_rate * xp.sum(d_logits, axis=0)
    return tuple(kernels), tuple(biases), kernel, bias, xp.stack(losses)


def _wrong(
    kernels,
    biases,
    kernel,
    bias,
    images,
    sequence_length,
    labels,
    batch_size,
    learning_rate,
    *,
    masked=True,
    from_the_last_step=False,
    masked_back=True,
    kept_back=True,
    hands_down=1,
    carries_c=1,
    accumulate=True,
    begins_anew=True,
):
    """The training with one thing done otherwise."""
    xp = array_namespace(images)
    kernels, biases, losses, left = list(kernels), list(biases), [], None
    for start in range(0, images.shape[0], batch_size):
        chosen = slice(start, start + batch_size)
        x, y, n = images[chosen], labels[chosen], sequence_length[chosen]
        zeros = [xp.zeros((batch_size, w.shape[1] // 4), dtype=w.dtype, device=device(w)) for w in kernels]
        states, kept, below = [LSTMStateTuple(c=zero, h=zero) for zero in zeros], [], zeros[-1]
        states = states if begins_anew or left is None else left
        for t in range(x.shape[1]):
            alive, below, backwards = (t < n)[:, None] | (not masked), x[:, t, :], []
            for layer, (c, h) in enumerate(states):
                new, backward = lstm_forward(below, states[layer], kernels[layer], biases[layer])
                states[layer] = LSTMStateTuple(c=xp.where(alive, new.c, c), h=xp.where(alive, new.h, h))
                below = new.h
                backwards.append(backward)
            kept.append((alive, backwards))
        left = list(states)

        alive_at_the_end = kept[-1][0]
        shown = xp.where(alive_at_the_end, below, 0 * below) if from_the_last_step else states[-1].h
        p = softmax(shown @ kernel + bias)
        right = xp.arange(p.shape[1], device=device(p))[None, :] == y[:, None]
        losses.append(-xp.mean(xp.log(p[right])))
        d_logits = (p - xp.astype(right, p.dtype)) / batch_size
        d_shown = d_logits @ kernel.T

        d_states = [LSTMStateTuple(c=zero, h=zero) for zero in zeros]
        d_shown = xp.where(alive_at_the_end, d_shown, 0 * d_shown) if from_the_last_step else d_shown
        d_states[-1] = LSTMStateTuple(c=zeros[-1], h=d_shown)
        d_kernels, d_biases = [0 * w for w in kernels], [0 * b for b in biases]
        for alive, backwards in kept[::-1]:
            d_below, alive = 0, alive | (not masked_back)
            for layer in reversed(range(len(kernels))):
                d_c, d_h = d_states[layer]
                d_new = LSTMStateTuple(c=xp.where(alive, d_c, 0 * d_c), h=xp.where(alive, d_h, 0 * d_h) + d_below)
                d_below, d_old, d_w, d_b = backwards[layer](d_new)
                d_below = hands_down * d_below
                d_kept = [xp.where(alive, 0 * d, d) if kept_back else 0 * d for d in (d_c, d_h)]
                d_states[layer] = LSTMStateTuple(c=carries_c * d_old.c + d_kept[0], h=d_old.h + d_kept[1])
                d_kernels[layer] = d_kernels[layer] + d_w if accumulate else d_w
                d_biases[layer] = d_biases[layer] + d_b if accumulate else d_b

        kernels = [w - learning_rate * d for w, d in zip(kernels, d_kernels, strict=True)]
        biases = [b - learning_rate * d for b, d in zip(biases, d_biases, strict=True)]
        kernel, bias = kernel - learning_rate * shown.T @ d_logits, bias - learning_rate * xp.sum(d_logits, axis=0)
    return tuple(kernels), tuple(biases), kernel, bias, xp.stack(losses)


def _order_of_torch(kernels, biases, *rest):
    def turned(weights):  # i, f, j, o for i, j, f, o, and back
        i, j, f, o = (weights[..., k * weights.shape[-1] // 4 : (k + 1) * weights.shape[-1] // 4] for k in range(4))
        return array_namespace(weights).concat([i, f, j, o], axis=-1)

    kernels, biases, *rest = train_own([*map(turned, kernels)], [*map(turned, biases)], *rest)
    return tuple(map(turned, kernels)), tuple(map(turned, biases)), *rest


def _forget_bias_again(kernels, biases, *rest):
    def moved(bias, by):
        xp, n = array_namespace(bias), bias.shape[0] // 4
        return xp.concat([bias[: 2 * n], bias[2 * n : 3 * n] + by, bias[3 * n :]], axis=0)

    kernels, biases, *rest = train_own(kernels, [moved(bias, 1.0) for bias in biases], *rest)
    return kernels, tuple(moved(bias, -1.0) for bias in biases), *rest


def _digits(batches, batch_size, learning_rate, *units):
    def case(rng):
        images, labels = small_digits()  # 7 rows of 8
        chosen = rng.permutation(len(labels))[: batches * batch_size]
        cells, kernel, bias = lstm_stack(rng, 8, units), numbers(rng, units[-1], 10), numbers(rng, 10)
        rows = [(3, 7, 5, 0, 6, 4, 7, 2)[k % 8] for k in range(len(chosen))]
        weights = tuple(cell.kernel for cell in cells), tuple(cell.bias for cell in cells)
        return *weights, kernel, bias, images[chosen], lengths(*rows), labels[chosen], batch_size, learning_rate

    return case


EXERCISES = (
    Exercise(
        name="deep.own_lstm",
        title="All of it your own",
        difficulty=5,
        minutes=40,
        statement="Train a stack of LSTMs on digits of different lengths, from arrays alone: no cell is handed to you. `kernels` and "
        "`biases` are tuples with those of each layer, bottom first, with the blocks i, j, f, o; the forget bias is in them. "
        "`images: [example, time, input]`; of example b only the first `sequence_length[b]` rows count, 0 … time, and after "
        "them the state of every layer is copied through. The read-out, `kernel: [hidden, classes]` and `bias: [classes]`, sees "
        "the top layer's h in the final state. Batches, zero states, loss and learning are those of `deep.train`. Return the "
        "trained kernels and biases, kernel and bias, and the losses, one a batch, each measured before its step.",
        solution=train_own,
        reason="It is `lstm.step_backward` for each layer, layer upon layer as in `deep.step`, masked as in `sequence.lengths`, "
        "and the way back of each. Where a row is over, the gradient of its state takes the way of the state: past the step.",
        cases=(_digits(3, 4, 0.3, 5, 6), _digits(2, 6, 0.5, 5, 5), _digits(4, 3, 0.2, 4), _digits(2, 5, 0.4, 3, 6, 4)),
        results=(
            "kernels.*: [input+hidden, 4*hidden]",
            "biases.*: [4*hidden]",
            "kernel: [hidden, classes]",
            "bias: [classes]",
            "losses: [batch]",
        ),
        mistakes=(
            Mistake(
                "lengths ignored",
                partial(_wrong, masked=False),
                "You read every image to its last row. Which argument says where each of them ends?",
            ),
            Mistake(
                "answer from the last time step",
                partial(_wrong, from_the_last_step=True),
                "Your read-out sees the output of the last time step. What stands there for an image that ended before?",
            ),
            Mistake(
                "padding on the way back",
                partial(_wrong, masked_back=False),
                "Forward your rows end, on the way back they do not: their gradient goes through steps that changed nothing. "
                "Which way did the state take there?",
            ),
            Mistake(
                "gradient lost in the padding",
                partial(_wrong, kept_back=False),
                "Images that end early teach your cells nothing: their gradient is gone when it reaches the last row that counts. "
                "What happened to the state after that row?",
            ),
            Mistake(
                "nothing handed down",
                partial(_wrong, hands_down=0),
                "Only your top layer hears the loss. What does its backward hand to the layer below?",
            ),
            Mistake(
                "only h goes back in time",
                partial(_wrong, carries_c=0),
                "Between the steps you carry the gradient of h alone. What else does one step leave to the next?",
            ),
            Mistake(
                "gradients overwritten in time",
                partial(_wrong, accumulate=False),
                "Each of your steps replaces the gradients of kernels and biases. How many steps have used them?",
            ),
            Mistake(
                "states carried from batch to batch",
                partial(_wrong, begins_anew=False),
                "Your second batch begins where the first one ended. Are its digits the continuation of other digits?",
            ),
            Mistake(
                "Torch's and Keras's order",
                _order_of_torch,
                "Your cell takes the second block for the forget gate, as Torch and Keras do. In which order do the blocks stand here?",
            ),
            Mistake(
                "forget bias once more",
                _forget_bias_again,
                "You add a forget bias in the step. Where is it already?",
            ),
        ),
        hints=(
            "You have all the parts: `lstm_forward` of chapter 8 for one layer at one step, the loop over the layers of "
            "`deep.step`, the mask of `sequence.lengths`, and the training loop of `deep.train`. Begin with the forward pass.",
            "Keep the `backward` of every layer at every step, and the mask of the step. Go back from the last step, and in each "
            "step from the top layer down.",
            "Where a row was over, its state was copied. So the gradient of that state is copied too, and the step gets none of "
            "it. Both parts meet in the gradient of the state before.",
        ),
        seconds=60.0,
    ),
)
