"""From NN to CNN to RNN: one mathematics on NumPy and Torch arrays. The names below are grouped by chapter."""

# Arrays and trees: what every chapter uses
from rnn_course.arrays import Array, from_numpy, to, to_numpy
from rnn_course.tree import leaves, named_leaves, parameters, tree_map
from rnn_course.shapes import ShapeError, describe, expect_shape
from rnn_course.source import show_source

# 01 one batch, three views
from rnn_course.data import load_digits, load_mnist, minibatches

# 02 dense layer
from rnn_course.activations import Activation, log_softmax, relu, sigmoid, softmax, tanh
from rnn_course.layers import Chain, Dense, Flatten
from rnn_course.losses import mean_squared_error, softmax_cross_entropy

# 03 learning
from rnn_course.gradcheck import gradcheck
from rnn_course.optim import adam, clip_by_global_norm, momentum, one_cycle, sgd
from rnn_course.train import accuracy, classifier_loss, fit, probabilities, train

# 06–11 recurrence
from rnn_course.cells import BasicRNNCell, LSTMCell, LSTMStateTuple, MultiRNNCell
from rnn_course.rnn import dynamic_rnn, dynamic_rnn_forward, unroll
from rnn_course.wrappers import Masked

# 12 reading digits row by row
from rnn_course.checkpoint import load_checkpoint, save_checkpoint
from rnn_course.models import LastStepClassifier, mlp, row_lstm

# In every chapter's exercises
from rnn_course.checks import check, hint, solution

__all__ = [
    # Arrays and trees: what every chapter uses
    "Array",
    "describe",
    "expect_shape",
    "from_numpy",
    "leaves",
    "named_leaves",
    "parameters",
    "show_source",
    "ShapeError",
    "to",
    "to_numpy",
    "tree_map",
    # 01 one batch, three views
    "load_digits",
    "load_mnist",
    "minibatches",
    # 02 dense layer
    "Activation",
    "Chain",
    "Dense",
    "Flatten",
    "log_softmax",
    "mean_squared_error",
    "relu",
    "sigmoid",
    "softmax",
    "softmax_cross_entropy",
    "tanh",
    # 03 learning
    "accuracy",
    "adam",
    "classifier_loss",
    "clip_by_global_norm",
    "fit",
    "gradcheck",
    "momentum",
    "one_cycle",
    "probabilities",
    "sgd",
    "train",
    # 06–11 recurrence
    "BasicRNNCell",
    "dynamic_rnn",
    "dynamic_rnn_forward",
    "LSTMCell",
    "LSTMStateTuple",
    "Masked",
    "MultiRNNCell",
    "unroll",
    # 12 reading digits row by row
    "LastStepClassifier",
    "load_checkpoint",
    "mlp",
    "row_lstm",
    "save_checkpoint",
    # In every chapter's exercises
    "check",
    "hint",
    "solution",
]

__version__ = "0.1.0"
