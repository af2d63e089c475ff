"""Data for the course: digits that come with the package, MNIST on demand, and minibatches of either."""

from rnn_course.data.digits import load_digits
from rnn_course.data.idx import DataError, read_idx, write_idx
from rnn_course.data.mnist import load_mnist
from rnn_course.data.splits import Digits, Split, minibatches

__all__ = [
    "DataError",
    "Digits",
    "Split",
    "load_digits",
    "load_mnist",
    "minibatches",
    "read_idx",
    "write_idx",
]
