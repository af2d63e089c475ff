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
from rnn_course.activations import log_softmax_forward, relu_forward, sigmoid_forward, softmax_forward, tanh_forward
from rnn_course.layers import AddChannel, Chain, Dense, Flatten
from rnn_course.losses import mean_squared_error, mean_squared_error_forward, sequence_mask
from rnn_course.losses import softmax_cross_entropy, softmax_cross_entropy_forward

# Initial weights
from rnn_course.init import glorot_uniform, he_normal, he_uniform, keras_lstm_kernel, lstm_bias, orthogonal
from rnn_course.init import torch_uniform

# 03 learning
from rnn_course.gradcheck import gradcheck
from rnn_course.clipping import clip_by_global_norm, clip_by_value
from rnn_course.optim import adam, adamw, momentum, rmsprop, sgd
from rnn_course.schedules import cosine_decay, exponential_decay, linear_warm_up, one_cycle, piecewise_constant
from rnn_course.layers import forward_training
from rnn_course.learning import SupervisedLoss, classifier_loss
from rnn_course.train import accuracy, fit, probabilities, train

# 04 convolution
from rnn_course.conv import Conv2D, output_size, same_padding
from rnn_course.pool import AveragePool2D, MaxPool2D

# 05 normalization
from rnn_course.norm import BatchNorm, GroupNorm, instance_norm, layer_norm

# 06–11 recurrence
from rnn_course.cells import BasicRNNCell, LSTMCell, LSTMStateTuple
from rnn_course.gru import GRUCell
from rnn_course.lstm_options import LSTMPeepholes
from rnn_course.lstm_variants import LayerNormLSTMCell
from rnn_course.loop import unroll
from rnn_course.rnn import dynamic_rnn, dynamic_rnn_forward, static_rnn, static_rnn_forward
from rnn_course.bidirectional import bidirectional_dynamic_rnn, bidirectional_dynamic_rnn_forward, reverse_sequence
from rnn_course.bidirectional import stack_bidirectional_dynamic_rnn, stack_bidirectional_dynamic_rnn_forward
from rnn_course.stack import MultiRNNCell
from rnn_course.wrappers import Masked, PackedState, ResidualWrapper, pack_state, unpack_state
from rnn_course.dropout_wrapper import DropoutState, DropoutWrapper, redraw_dropout, without_dropout

# 12–13 practice
from rnn_course.answers import confusion_matrix, standard_error
from rnn_course.checkpoint import load_checkpoint, save_checkpoint
from rnn_course.dropout import Dropout
from rnn_course.embedding import Embedding
from rnn_course.models import BothWaysClassifier, LastStepClassifier, cnn, mlp
from rnn_course.models import row_bilstm, row_gru, row_lstm, row_rnn
from rnn_course.operations import multiply_adds

# 15 from TensorFlow 1 to today
from rnn_course.convert import convention_table

# In every chapter's exercises
from rnn_course.checks import arguments, check, hint, progress, solution

__all__ = [
    # Arrays and trees: what every chapter uses
    "Array",
    "describe",
    "expect_shape",
    "from_numpy",
    "leaves",
    "named_leaves",
    "parameters",
    "ShapeError",
    "show_source",
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
    "log_softmax_forward",
    "mean_squared_error",
    "mean_squared_error_forward",
    "relu",
    "relu_forward",
    "sequence_mask",
    "sigmoid",
    "sigmoid_forward",
    "softmax",
    "softmax_cross_entropy",
    "softmax_cross_entropy_forward",
    "softmax_forward",
    "tanh",
    "tanh_forward",
    # Initial weights
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "keras_lstm_kernel",
    "lstm_bias",
    "orthogonal",
    "torch_uniform",
    # 03 learning
    "accuracy",
    "adam",
    "adamw",
    "classifier_loss",
    "clip_by_global_norm",
    "clip_by_value",
    "cosine_decay",
    "exponential_decay",
    "fit",
    "forward_training",
    "gradcheck",
    "linear_warm_up",
    "momentum",
    "one_cycle",
    "piecewise_constant",
    "probabilities",
    "rmsprop",
    "sgd",
    "SupervisedLoss",
    "train",
    # 04 convolution
    "AddChannel",
    "AveragePool2D",
    "Conv2D",
    "MaxPool2D",
    "output_size",
    "same_padding",
    # 05 normalization
    "BatchNorm",
    "GroupNorm",
    "instance_norm",
    "layer_norm",
    # 06–11 recurrence
    "BasicRNNCell",
    "bidirectional_dynamic_rnn",
    "bidirectional_dynamic_rnn_forward",
    "DropoutState",
    "DropoutWrapper",
    "dynamic_rnn",
    "dynamic_rnn_forward",
    "GRUCell",
    "LayerNormLSTMCell",
    "LSTMCell",
    "LSTMPeepholes",
    "LSTMStateTuple",
    "Masked",
    "MultiRNNCell",
    "pack_state",
    "PackedState",
    "redraw_dropout",
    "ResidualWrapper",
    "reverse_sequence",
    "stack_bidirectional_dynamic_rnn",
    "stack_bidirectional_dynamic_rnn_forward",
    "static_rnn",
    "static_rnn_forward",
    "unpack_state",
    "unroll",
    "without_dropout",
    # 12–13 practice
    "BothWaysClassifier",
    "cnn",
    "confusion_matrix",
    "Dropout",
    "Embedding",
    "LastStepClassifier",
    "load_checkpoint",
    "mlp",
    "row_bilstm",
    "row_gru",
    "multiply_adds",
    "row_lstm",
    "row_rnn",
    "save_checkpoint",
    "standard_error",
    # 15 from TensorFlow 1 to today
    "convention_table",
    # In every chapter's exercises
    "arguments",
    "check",
    "hint",
    "progress",
    "solution",
]

__version__ = "0.1.0"
