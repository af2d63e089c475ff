# %% [markdown] tags=["exercise"]
# # Exercises 12 · Reading digits row by row
#
# Eleven tasks, two hours and ten minutes in all. You build the classifier of the chapter, read it out where a picture ends and after
# every row, and send a gradient back through it. Then you judge it: what it costs, whom it takes for whom, how sure its accuracy
# is, and when to stop training.
#
# Write the function, run the cell, read what the check says. If you are stuck, `hint("reading.classify")` helps a little, and
# more each time you ask. `arguments("reading.classify")` gives you the very arguments that the check hands to your function.
#
# `progress()` shows how far you are, in any cell that you add. What it shows changes as you go on, so it is not stored here.
#
# ## What you need to begin
#
# **Shapes.** `images: [batch, row, column]` says which axes the images have, in this order. Sizes vary, so read them off the
# arrays.
#
# **A cell** does one step for the whole batch: `output, new_state = cell(x, state)`, with x `[batch, column]`, one row of each
# picture. `cell.zero_state(batch)` is the state to begin with. The state of an LSTM is the pair `state.c`, `state.h`, both
# `[batch, hidden]`, and the output is the new h.
#
# **A read-out** is a dense layer: `kernel: [hidden, class]` and `bias: [class]`. What it makes of an output are logits, and
# `softmax` of the package makes probabilities of them, over the last axis.
#
# **NumPy and Torch.** A check hands your function NumPy arrays, and then the same numbers as Torch tensors.
# `xp = array_namespace(x)` is the library that x comes from, so `xp.where` and `xp.stack(arrays, axis=1)` work for both. The
# names in `xp` are nearly those of NumPy. Indices and plain arithmetic need no `xp`.
#
# **Arguments.** Leave them as they are, and return new arrays. The check looks at them again after the call.

# %% [markdown] tags=["solution"]
# # Solutions 12 · Reading digits row by row
#
# :::{admonition} Try them first
# :class: warning
# The [exercises](../exercises/12_reading_digits_row_by_row.ipynb) are worth more unseen. Here every answer is written out, and
# every check has passed.
# :::

# %% tags=["exercise"]
from rnn_course import (
    arguments,
    check,
    hint,
    progress,
    softmax,
    solution,
    tree_map,
)
from rnn_course.arrays import array_namespace, device

# %% tags=["solution"]
import numpy as np

from rnn_course import (
    LSTMCell,
    check,
    confusion_matrix,
    dynamic_rnn,
    load_digits,
    softmax,
    solution,
    tree_map,
)
from rnn_course import multiply_adds as count_multiply_adds
from rnn_course import row_lstm
from rnn_course.arrays import array_namespace, device

# %% [markdown]
# ## 1 · Count the multiply-adds
#
# *Difficulty 2 of 5 · 8 minutes.* An LSTM of `hidden` units has one kernel `[column + hidden, 4*hidden]`. It reads a picture of
# `rows` rows, one a step. A dense layer `[hidden, classes]` reads its last output. How many multiply-adds do the products take for
# one picture? Leave out biases, gates and activations.


# %%
def multiply_adds(rows, columns, hidden, classes):
    """Return how many multiply-adds one picture takes."""
    ### BEGIN SOLUTION
    step = (columns + hidden) * 4 * hidden
    return rows * step + hidden * classes
    ### END SOLUTION


check("reading.operations", multiply_adds)

# %% [markdown]
# ## 2 · A classifier from three parts
#
# *Difficulty 3 of 5 · 15 minutes.* An LSTM cell reads `images: [batch, row, column]`, one row a step from the top. It begins with
# `cell.zero_state(batch)`. The output after the last row times `kernel: [hidden, class]` plus `bias: [class]` makes the logits.
# Return the probabilities of the classes, `[batch, class]`.


# %%
def classify(cell, kernel, bias, images):
    """Return the probabilities [batch, class]."""
    ### BEGIN SOLUTION
    state = cell.zero_state(images.shape[0])
    for row in range(images.shape[1]):
        output, state = cell(images[:, row], state)
    return softmax(output @ kernel + bias)
    ### END SOLUTION


check("reading.classify", classify)

# %% [markdown]
# ## 3 · Read out where the picture ends
#
# *Difficulty 3 of 5 · 12 minutes.* `outputs: [batch, time, hidden]` are the outputs of a recurrent network over pictures of
# different heights. Row b of the batch has `sequence_length[b]` steps, 0 … time. Past them may stand anything. Return the logits
# `[batch, class]` of the last valid output. A picture without rows has the output 0.


# %%
def logits_with_lengths(outputs, sequence_length, kernel, bias):
    """Return the logits [batch, class] of the last valid output."""
    ### BEGIN SOLUTION
    xp = array_namespace(outputs)
    rows = xp.arange(outputs.shape[0], device=device(outputs))
    some = sequence_length > 0
    last = outputs[rows, xp.where(some, sequence_length - 1, 0)]
    return xp.where(some[:, None], last, 0.0) @ kernel + bias
    ### END SOLUTION


check("reading.with_lengths", logits_with_lengths)

# %% [markdown]
# ## 4 · What it believes after each row
#
# *Difficulty 3 of 5 · 12 minutes.* Ask the classifier of exercise 2 after every row. Return the probabilities that the read-out
# gives for the output of each step, `[batch, row, class]`.


# %%
def beliefs(cell, kernel, bias, images):
    """Return the probabilities [batch, row, class]."""
    ### BEGIN SOLUTION
    xp = array_namespace(images)
    state, outputs = cell.zero_state(images.shape[0]), []
    for row in range(images.shape[1]):
        output, state = cell(images[:, row], state)
        outputs.append(output)
    return softmax(xp.stack(outputs, axis=1) @ kernel + bias)
    ### END SOLUTION


check("reading.beliefs", beliefs)

# %% [markdown]
# ## 5 · When is it decided?
#
# *Difficulty 2 of 5 · 10 minutes.* `after_row: [row, class]` are the beliefs about one digit. The answer after a row is the class with the
# largest probability. From which row on, counted from 0, does the answer stay what it is at the end? Return an int.


# %%
def decided(after_row):
    """Return the first row from which on the answer stays."""
    ### BEGIN SOLUTION
    answers = [int(row.argmax()) for row in after_row]
    at = len(answers) - 1
    while at > 0 and answers[at - 1] == answers[-1]:
        at -= 1
    return at
    ### END SOLUTION


check("reading.decided", decided)

# %% [markdown]
# ## 6 · Who is taken for whom
#
# *Difficulty 2 of 5 · 10 minutes.* `labels: [example]` and `answers: [example]` are whole numbers from 0 to classes − 1. Return the
# confusion matrix `[label, answer]`: how many examples with that label got that answer, as 64-bit integers.


# %%
def confusion(labels, answers, classes):
    """Return the counts [label, answer]."""
    ### BEGIN SOLUTION
    xp = array_namespace(labels)
    matrix = xp.zeros((classes, classes), dtype=xp.int64)
    for label, answer in zip(labels, answers, strict=True):
        matrix[label, answer] += 1
    return matrix
    ### END SOLUTION


check("reading.confusion", confusion)

# %% [markdown]
# ## 7 · An accuracy with its error bar
#
# *Difficulty 3 of 5 · 12 minutes.* `answers: [seed, example]` are what networks trained from different seeds answered to the same
# examples, and `labels: [example]` is the truth. Each of the n seeds has an accuracy. Return the mean of these, and its standard
# error: their standard deviation, with n − 1 below the line, divided by √n. Two floats.


# %%
def mean_and_error(answers, labels):
    """Return the mean accuracy and its standard error."""
    ### BEGIN SOLUTION
    shares = [
        float((run == labels).sum()) / len(labels) for run in answers
    ]
    n = len(shares)
    mean = sum(shares) / n
    variance = sum((share - mean) ** 2 for share in shares) / (n - 1)
    return mean, (variance / n) ** 0.5
    ### END SOLUTION


check("reading.error_bar", mean_and_error)

# %% [markdown]
# ## 8 · When to stop, and what to report
#
# *Difficulty 3 of 5 · 12 minutes.* `validation` and `test` are lists with the accuracy after each epoch. Training goes on until
# `patience` epochs in a row have not improved on the best validation accuracy so far, or the list ends. Return the epoch whose network is
# kept, counted from 0, and the accuracy to report for it. Of several epochs that are equally good, the first is kept.


# %%
def early_stopping(validation, test, patience):
    """Return the epoch that is kept and its reported accuracy."""
    ### BEGIN SOLUTION
    best = 0
    for epoch, share in enumerate(validation):
        if share > validation[best]:
            best = epoch
        if epoch - best >= patience:
            break
    return best, test[best]
    ### END SOLUTION


check("reading.early_stopping", early_stopping)

# %% [markdown]
# ## 9 · The same pixels in another order
#
# *Difficulty 2 of 5 · 8 minutes.* `order: [row*column]` is a permutation of the pixels of `images: [batch, row, column]`, numbered row
# by row. Return images of the same shape in which place k holds the pixel `order[k]`, the same for every digit.


# %%
def permute(images, order):
    """Return the permuted images [batch, row, column]."""
    ### BEGIN SOLUTION
    vectors = images.reshape(images.shape[0], -1)[:, order]
    return vectors.reshape(images.shape)
    ### END SOLUTION


check("reading.permute", permute)

# %% [markdown]
# ## 10 · Why the dense network does not care
#
# *Difficulty 3 of 5 · 8 minutes.* `kernel: [pixel, hidden]` is the first layer of a dense network, and `order` is that of exercise 9.
# Return the kernel with which the layer gives for permuted pictures exactly what it gave for the old ones.


# %%
def same_logits(kernel, order):
    """Return the kernel [pixel, hidden] for permuted pictures."""
    ### BEGIN SOLUTION
    return kernel[order]
    ### END SOLUTION


check("reading.same_logits", same_logits)

# %% [markdown]
# ## 11 · The classifier, and back
#
# *Difficulty 4 of 5 · 25 minutes.* Write the classifier of exercise 2 with a way back. Return the logits `[batch, class]`, without a
# softmax, and `backward`, a function that you define inside. It takes the gradient of the logits, and returns those for the cell,
# for `kernel` and for `bias`.
#
# The cell has a way back for one step: `output, new_state, step_back = cell.forward(x, state)`. `step_back(d_output, d_new_state)`
# returns `d_cell, d_x, d_state`. `d_cell` is a cell made of gradients, and `tree_map(f, a, b)` applies f to the arrays of two
# trees, place by place. Cells and states are trees, so `tree_map(xp.zeros_like, cell)` is a cell of zeros.


# %%
def classifier_forward(cell, kernel, bias, images):
    """Return logits, backward(d_logits) -> d_cell, d_kernel, d_bias."""
    ### BEGIN SOLUTION
    xp = array_namespace(images)
    state, steps_back = cell.zero_state(images.shape[0]), []
    for row in range(images.shape[1]):
        output, state, step_back = cell.forward(images[:, row], state)
        steps_back.append(step_back)

    def backward(d_logits):
        d_kernel, d_bias = output.T @ d_logits, d_logits.sum(axis=0)
        d_output = d_logits @ kernel.T
        d_state = tree_map(xp.zeros_like, state)
        d_cell = tree_map(xp.zeros_like, cell)
        for step_back in reversed(steps_back):
            d_step, _, d_state = step_back(d_output, d_state)
            d_cell = tree_map(lambda a, b: a + b, d_cell, d_step)
            # only the last output was read
            d_output = xp.zeros_like(d_output)
        return d_cell, d_kernel, d_bias

    return output @ kernel + bias, backward
    ### END SOLUTION


check("reading.backward", classifier_forward)

# %% [markdown] tags=["solution"]
# ## Does it read?
#
# All of it together, on every other row and column of the package's digits: 32 units, plain gradient descent with your own way back, twelve
# passes.

# %% tags=["solution"]
digits = load_digits()
small = digits.train.images[:, ::2, ::2]
small_test = digits.test.images[:, ::2, ::2]
rng = np.random.default_rng(0)
cell = LSTMCell.init(14, 32, rng=rng)
kernel = 0.2 * rng.standard_normal((32, 10)).astype("float32")
bias = np.zeros(10, "float32")
for _ in range(12):
    shuffled = rng.permutation(len(small))
    for start in range(0, len(small), 20):
        chosen = shuffled[start : start + 20]
        logits, backward = classifier_forward(
            cell, kernel, bias, small[chosen]
        )
        wanted = np.eye(10, dtype="float32")[
            digits.train.labels[chosen]
        ]
        d_logits = (softmax(logits) - wanted) / len(chosen)
        d_cell, d_kernel, d_bias = backward(d_logits)
        cell = tree_map(lambda w, d: w - 0.5 * d, cell, d_cell)
        kernel, bias = kernel - 0.5 * d_kernel, bias - 0.5 * d_bias

answers = classify(cell, kernel, bias, small_test).argmax(axis=1)
matrix = confusion(digits.test.labels, answers, 10)
share = np.trace(matrix) / matrix.sum()

# %% [markdown] tags=["solution"]
# It does: `share ≥ 0.85` of the digits it has not seen, and `matrix: [label=10, answer=10]` counts them all, `matrix.sum() == 360`. Our matrix is the
# package's, `matrix == confusion_matrix(digits.test.labels, answers)`.
#
# After each row: `beliefs(cell, kernel, bias, small_test): [batch=360, row=14, class=10]`. And the cost of one digit of full size is the package's count, `multiply_adds(28, 28, 64, 10) = 660,096`:

# %% tags=["solution"]
network = row_lstm(28, (64,), rng=rng)
print(count_multiply_adds(network, 28, 28))

# %% [markdown] tags=["solution"]
# `solution` shows the reference for any exercise, and why it is right:

# %% tags=["solution"]
solution("reading.confusion")

# %% [markdown] tags=["exercise"]
# ## When all eleven have passed
#
# `solution("reading.classify")` shows the reference for an exercise, and why it is right. Compare it with yours.
