"""Random cells, states and lengths for the cases of exercises on sequences and stacks: no zero hides a mistake."""

import numpy as np

from rnn_course.cells import BasicRNNCell, LSTMCell, LSTMStateTuple

SCALE = 0.6  # large enough to tell mistakes apart, small enough not to saturate a gate


def numbers(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Standard normal numbers."""
    return rng.standard_normal(shape)


def rnn_cell(rng: np.random.Generator, inputs: int, hidden: int) -> BasicRNNCell:
    """A BasicRNNCell whose weights and biases are all random."""
    return BasicRNNCell(kernel=SCALE * numbers(rng, inputs + hidden, hidden), bias=SCALE * numbers(rng, hidden))


def lstm_cell(rng: np.random.Generator, inputs: int, hidden: int) -> LSTMCell:
    """An LSTMCell whose weights and biases are all random."""
    return LSTMCell(kernel=SCALE * numbers(rng, inputs + hidden, 4 * hidden), bias=SCALE * numbers(rng, 4 * hidden))


def lstm_state(rng: np.random.Generator, batch: int, hidden: int) -> LSTMStateTuple:
    """A state of an LSTM that is nowhere 0."""
    return LSTMStateTuple(c=numbers(rng, batch, hidden), h=np.tanh(numbers(rng, batch, hidden)))


def lstm_stack(rng: np.random.Generator, inputs: int, units: tuple[int, ...]) -> tuple[LSTMCell, ...]:
    """One cell a layer, bottom first; each reads the layer below."""
    return tuple(lstm_cell(rng, below, hidden) for below, hidden in zip((inputs, *units), units, strict=False))


def stack_state(rng: np.random.Generator, batch: int, units: tuple[int, ...]) -> tuple[LSTMStateTuple, ...]:
    """One state a layer, bottom first."""
    return tuple(lstm_state(rng, batch, hidden) for hidden in units)


def lengths(*values: int) -> np.ndarray:
    """How many steps of each row count, as 64-bit integers."""
    return np.array(values, dtype=np.int64)
