"""Weights and states of this course <-> TensorFlow 1, Torch, Keras and ONNX.

`<kind>_from_<library>` and `<kind>_to_<library>`, where a kind is basic_rnn, lstm, gru or state. Of these libraries
only Torch is ever imported, and only when one of its modules is asked for; the others are met as they give and take
their weights: lists or dicts of arrays. How the libraries differ is declared once, in `layouts.py`.
"""

from rnn_course.convert._keras import (
    basic_rnn_from_keras,
    basic_rnn_to_keras,
    gru_from_keras,
    gru_to_keras,
    lstm_from_keras,
    lstm_to_keras,
    state_from_keras,
    state_to_keras,
)
from rnn_course.convert._onnx import (
    basic_rnn_from_onnx,
    basic_rnn_to_onnx,
    gru_from_onnx,
    gru_to_onnx,
    lstm_from_onnx,
    lstm_to_onnx,
    state_from_onnx,
    state_to_onnx,
)
from rnn_course.convert._tf1 import (
    basic_rnn_from_tf1,
    basic_rnn_to_tf1,
    gru_from_tf1,
    gru_to_tf1,
    lstm_from_tf1,
    lstm_to_tf1,
    state_from_tf1,
    state_to_tf1,
)
from rnn_course.convert._torch import (
    basic_rnn_from_torch,
    basic_rnn_to_torch,
    gru_from_torch,
    gru_to_torch,
    lstm_from_torch,
    lstm_to_torch,
)
from rnn_course.convert._torch_states import state_from_torch, state_to_torch
from rnn_course.convert.layouts import convention_table

__all__ = [
    "basic_rnn_from_keras",
    "basic_rnn_from_onnx",
    "basic_rnn_from_tf1",
    "basic_rnn_from_torch",
    "basic_rnn_to_keras",
    "basic_rnn_to_onnx",
    "basic_rnn_to_tf1",
    "basic_rnn_to_torch",
    "convention_table",
    "gru_from_keras",
    "gru_from_onnx",
    "gru_from_tf1",
    "gru_from_torch",
    "gru_to_keras",
    "gru_to_onnx",
    "gru_to_tf1",
    "gru_to_torch",
    "lstm_from_keras",
    "lstm_from_onnx",
    "lstm_from_tf1",
    "lstm_from_torch",
    "lstm_to_keras",
    "lstm_to_onnx",
    "lstm_to_tf1",
    "lstm_to_torch",
    "state_from_keras",
    "state_from_onnx",
    "state_from_tf1",
    "state_from_torch",
    "state_to_keras",
    "state_to_onnx",
    "state_to_tf1",
    "state_to_torch",
]
