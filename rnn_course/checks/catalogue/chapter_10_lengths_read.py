"""Exercises of chapter 10, many steps in one call: what is read from rows of different lengths, and their loss."""

from rnn_course.arrays import array_namespace, device
from rnn_course.checks.catalogue.chapter_10_lengths import mask
from rnn_course.checks.catalogue.random_cells import lengths, numbers
from rnn_course.checks.exercise import Exercise, Mistake


def last_valid(outputs, sequence_length):
    xp = array_namespace(outputs)
    rows = xp.arange(outputs.shape[0], device=device(outputs))
    some = sequence_length > 0
    last = xp.where(some, sequence_length - 1, 0)
    return xp.where(some[:, None], outputs[rows, last], 0.0)


def masked_mean(losses, sequence_length):
    xp = array_namespace(losses)
    steps = xp.arange(losses.shape[1], device=device(losses))
    valid = steps[None, :] < sequence_length[:, None]  # [batch, time]
    count = xp.sum(xp.astype(valid, losses.dtype))
    return xp.sum(xp.where(valid, losses, 0.0)) / count


def _sequence_and_lengths(time, hidden, *valid):
    return lambda rng: (numbers(rng, len(valid), time, hidden), lengths(*valid))


def _losses_and_lengths(time, *valid):
    return lambda rng: (numbers(rng, len(valid), time) ** 2, lengths(*valid))


def _pick(outputs, step):
    """The output at `step[b]` of each row, 0 where the row has no steps at all."""
    xp = array_namespace(outputs)
    return outputs[xp.arange(outputs.shape[0], device=device(outputs)), step]


def _pick_or_zero(outputs, sequence_length, step):
    xp = array_namespace(outputs)
    inside = xp.clip(step, 0, outputs.shape[1] - 1)
    return xp.where((sequence_length > 0)[:, None], _pick(outputs, inside), 0.0)


def _every_pair(outputs, sequence_length):
    xp = array_namespace(outputs)
    return outputs[:, xp.clip(sequence_length - 1, 0, None)]


def _mean_of_valid(outputs, sequence_length):
    xp = array_namespace(outputs)
    valid = mask(sequence_length, outputs.shape[1])[:, :, None]
    count = xp.astype(xp.clip(sequence_length, 1, None), outputs.dtype)[:, None]
    return xp.sum(xp.where(valid, outputs, 0.0), axis=1) / count


def _mean_of(losses, valid, count=None):
    xp = array_namespace(losses)
    return xp.sum(xp.where(valid, losses, 0.0)) / (xp.sum(xp.astype(valid, losses.dtype)) if count is None else count)


def _mean_of_means(losses, sequence_length):
    return array_namespace(losses).mean(_mean_of_valid(losses[:, :, None], sequence_length))


EXERCISES = (
    Exercise(
        name="sequence.last_valid",
        title="The last valid output",
        difficulty=2,
        minutes=8,
        statement="From `outputs: [batch, time, hidden]` pick for each row the output of its last valid step, `[batch, "
        "hidden]`; row b has `sequence_length[b]` steps, 0 … time. A row of length 0 gives zeros. What stands in the padding "
        "may be anything.",
        solution=last_valid,
        reason="A row of length n ends with step n − 1, which differs from row to row: so a pair of indices, one for the row "
        "and one for the step. Length 0 is looked at separately, for index −1 would be the end of the array.",
        cases=(
            _sequence_and_lengths(5, 3, 5, 0, 2, 4),
            _sequence_and_lengths(6, 4, 1, 3),
            _sequence_and_lengths(4, 2, 0, 2, 3),
            _sequence_and_lengths(2, 3, 1),
            _sequence_and_lengths(1, 2, 1, 0, 1),
        ),
        results=("[batch, hidden]",),
        mistakes=(
            Mistake(
                "last time step",
                lambda outputs, sequence_length: outputs[:, -1],
                "You took the last time step of every row. For a short row that is padding: where does each row end?",
            ),
            Mistake(
                "one step too late",
                lambda outputs, sequence_length: _pick_or_zero(outputs, sequence_length, sequence_length),
                "You look one step behind the end of the row. Steps are counted from 0: what is the last one of a row of 1?",
            ),
            Mistake(
                "one step too early",
                lambda outputs, sequence_length: _pick_or_zero(outputs, sequence_length, sequence_length - 2),
                "You stop one step before the end. A row of length 2 has the steps 0 and 1: which is the last?",
            ),
            Mistake(
                "length 0 wraps round",
                lambda outputs, sequence_length: _pick(outputs, sequence_length - 1),
                "Nearly: a row of length 0 gets the last step of its padding, since −1 counts from the end. What should it get?",
            ),
            Mistake(
                "one step for all rows",
                lambda outputs, sequence_length: _pick_or_zero(
                    outputs, sequence_length, 0 * sequence_length + array_namespace(outputs).max(sequence_length) - 1
                ),
                "You took the end of the longest row for all of them. Does every row end there?",
            ),
            Mistake(
                "every row with every step",
                _every_pair,
                "You have an axis too many: a colon beside a list of steps gives every row all of them. How do you pair them?",
            ),
            Mistake(
                "mean of the valid steps",
                _mean_of_valid,
                "You averaged the valid steps. That is a fair summary, but what is asked for is one step of each row.",
            ),
            Mistake(
                "length 0 takes step 0",
                lambda outputs, sequence_length: _pick(
                    outputs, array_namespace(outputs).clip(sequence_length - 1, 0, None)
                ),
                "Nearly: a row of length 0 gets the first step of its padding. What should it get?",
            ),
        ),
        hints=(
            "Which step is the last one of a row of length 3? And of length 1?",
            "Index with two lists of the same size: the numbers of the rows, and the number of the step in each.",
            "Before that, replace the step of a row of length 0 by one that exists, and put zeros in its place afterwards.",
        ),
    ),
    Exercise(
        name="sequence.masked_loss",
        title="A mean without the padding",
        difficulty=2,
        minutes=8,
        statement="`losses: [batch, time]` holds the loss of every step; row b has `sequence_length[b]` steps, the others are "
        "padding. Return the mean over all valid steps of the batch, a single number. At least one step is valid.",
        solution=masked_mean,
        reason="Each valid step weighs the same, so it is the sum over the valid steps divided by how many there are. Padding "
        "adds nothing above the line and nothing below it.",
        cases=(
            _losses_and_lengths(5, 5, 0, 2, 3),
            _losses_and_lengths(4, 1, 3),
            _losses_and_lengths(6, 2, 6, 0),
            _losses_and_lengths(3, 1),
        ),
        results=("[]",),
        mistakes=(
            Mistake(
                "padding counted",
                lambda losses, sequence_length: array_namespace(losses).mean(losses),
                "Your mean runs over the padding too: the network would be trained on steps that do not exist. Which steps do?",
            ),
            Mistake(
                "divided by all steps",
                lambda losses, sequence_length: _mean_of(
                    losses, mask(sequence_length, losses.shape[1]), losses.shape[0] * losses.shape[1]
                ),
                "The sum is right, but you divide by batch · time: more padding would make your loss smaller. How many count?",
            ),
            Mistake(
                "mean of the rows' means",
                _mean_of_means,
                "You took the mean of each row first, and then of the rows. Does a step of a long row weigh as much as others?",
            ),
            Mistake(
                "sum instead of mean",
                lambda losses, sequence_length: _mean_of(losses, mask(sequence_length, losses.shape[1]), 1),
                "That is the sum over the valid steps: longer rows would make larger losses. What makes a mean of it?",
            ),
            Mistake(
                "divided by the batch",
                lambda losses, sequence_length: _mean_of(
                    losses, mask(sequence_length, losses.shape[1]), losses.shape[0]
                ),
                "You divided by the number of rows. What you added up are steps: how many of them were there?",
            ),
            Mistake(
                "one step too many",
                lambda losses, sequence_length: _mean_of(losses, mask(sequence_length + 1, losses.shape[1])),
                "One padded step of each row slips into your mean. Steps are counted from 0: which is the first that is padding?",
            ),
            Mistake(
                "divided by the longest rows",
                lambda losses, sequence_length: _mean_of(
                    losses,
                    mask(sequence_length, losses.shape[1]),
                    losses.shape[0] * array_namespace(losses).max(sequence_length),
                ),
                "You divide as if every row were as long as the longest. How many steps did you add up?",
            ),
            Mistake(
                "padding in the sum",
                lambda losses, sequence_length: (
                    array_namespace(losses).sum(losses) / array_namespace(losses).sum(sequence_length)
                ),
                "You divide by the number of valid steps, but your sum runs over the padding too. Which losses belong above the line?",
            ),
        ),
        hints=(
            "Make the mask `[batch, time]` first, as in `sequence.mask`.",
            "Replace the losses in the padding by 0 and add up. What do you have to divide by?",
            "The mask itself knows how many steps are valid: count what is true in it.",
        ),
    ),
)
