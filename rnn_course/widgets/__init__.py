"""Live figures: anywidget modules that compute in the page, so that they also move in the built book, without a kernel.

Each is one .py (what it shows), one .js (how it behaves) and one .css (how it looks). They need the extra `viz`.
`figure.py`, `drawing.py`, `common.js` and `common.css` are shared; `common.js` says how to use them.
"""

try:
    import anywidget as _anywidget  # noqa: F401
except ModuleNotFoundError:
    raise ModuleNotFoundError(
        "rnn_course.widgets needs anywidget, which is not installed. Everything else in rnn_course works without it.\n"
        'Install it with  pip install "rnn-course[viz]"  (from a checkout: pip install -c constraints.txt -e ".[viz]")'
    ) from None

from rnn_course.widgets.convolution import Convolution
from rnn_course.widgets.deep_lstm import DeepLSTMFigure
from rnn_course.widgets.dense_layer import DenseLayerFigure
from rnn_course.widgets.descent import DescentFigure
from rnn_course.widgets.draw_a_digit import DrawADigit
from rnn_course.widgets.dynamic_rnn import DynamicRNNFigure
from rnn_course.widgets.figure import Figure
from rnn_course.widgets.gradient_flow import GradientFlow
from rnn_course.widgets.gru_cell import GRUCellFigure
from rnn_course.widgets.lstm_cell import LSTMCellFigure
from rnn_course.widgets.norm_axes import NormAxes
from rnn_course.widgets.shape_quiz import ShapeQuiz
from rnn_course.widgets.three_views import ThreeViews
from rnn_course.widgets.unrolled_rnn import UnrolledRNN

__all__ = [
    "Convolution",
    "DeepLSTMFigure",
    "DenseLayerFigure",
    "DescentFigure",
    "DrawADigit",
    "DynamicRNNFigure",
    "Figure",
    "GRUCellFigure",
    "GradientFlow",
    "LSTMCellFigure",
    "NormAxes",
    "ShapeQuiz",
    "ThreeViews",
    "UnrolledRNN",
]
