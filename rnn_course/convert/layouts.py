"""What each library orders, lays out and names differently, declared once: all converters read these declarations.

Sources: `rnn_cell_impl.py` of TensorFlow 1.15; the reference pages of `torch.nn.LSTM`, `GRU` and `RNN`; Keras'
`layers/rnn`; the ONNX operators LSTM, GRU and RNN.
"""

from typing import NamedTuple

from rnn_course.arrays import Array, array_namespace

BLOCKS = {"basic_rnn": 1, "lstm": 4, "gru": 3}  # how many blocks of `hidden` columns the kernels of a cell have
_IN_OUR_LETTERS = {
    "basic_rnn": {},
    "lstm": {"g": "j", "c": "j"},  # the new input
    "gru": {"z": "u", "c": "n", "h": "n"},  # the update gate and the candidate
}


class Layout(NamedTuple):
    """How one library lays out the weights and states of its recurrent layers."""

    library: str
    suffix: str  # of the names of the converters
    lstm: str  # the blocks of the kernels in order, in the letters of the library
    gru: str
    lstm_state: str = "hc"
    joined: bool = False  # one kernel for [x, h], or one for x and another for h
    transposed: bool = False  # a gate is a block of rows, or of columns
    directions: bool = False  # every array begins with an axis of directions, or not
    biases: int = 1  # one bias, or one for the part of x and another for the part of h
    gru_reset: tuple[str, ...] = ("before", "after")  # where the reset gate may act; the default first
    lstm_bias: str = "`[4*hidden]`"
    gru_bias: str = "`[2*hidden]` of r, u and `[hidden]` of the candidate"
    forget_bias: str = "part of the biases"
    peepholes: str = ""  # the order in which they are kept
    projection: bool = False
    clips: bool = False  # c, or the projected h, may be held within bounds

    def order(self, kind: str) -> str:
        """The blocks of a kernel in our letters: i, j, f, o of an LSTM; r, u, n of a GRU."""
        own = {"basic_rnn": "h", "lstm": self.lstm, "gru": self.gru}[kind]
        return "".join(_IN_OUR_LETTERS[kind].get(letter, letter) for letter in own)

    def axes(self, kind: str, rows: str) -> list[str]:
        """The names of the axes of a kernel for `rows` ("input", "hidden", …): `["input", "4*hidden"]`, or turned."""
        axes = [rows, wide(kind)]
        return axes[::-1] if self.transposed else axes

    def has(self, option: str) -> bool:
        """Whether its LSTM has what the field `option` of our `LSTMCell` says."""
        return bool(self.clips if option.endswith("_clip") else getattr(self, option))


def wide(kind: str) -> str:
    """The name of the axis on which the gates lie: "4*hidden" for an LSTM."""
    return f"{BLOCKS[kind]}*hidden" if BLOCKS[kind] > 1 else "hidden"


OURS = Layout(
    library="this course",
    suffix="ours",
    lstm="ijfo",
    gru="run",
    lstm_state="ch",
    joined=True,
    forget_bias="part of the bias, where the initialiser puts 1",
    peepholes="ifo",
    projection=True,
    clips=True,
)
TF1 = OURS._replace(
    library="TensorFlow 1",
    suffix="tf1",
    gru="ruc",
    gru_reset=("before",),
    gru_bias=f"{OURS.gru_bias}; r, u begin at 1",
    forget_bias="not stored: every step adds 1",
)
TORCH = Layout(
    library="PyTorch",
    suffix="torch",
    lstm="ifgo",
    gru="rzn",
    transposed=True,
    biases=2,
    gru_reset=("after",),
    lstm_bias="`[4*hidden]` twice",
    gru_bias="`[3*hidden]` twice",
    projection=True,
)
KERAS = Layout(
    library="Keras",
    suffix="keras",
    lstm="ifco",
    gru="zrh",
    gru_reset=("after", "before"),
    gru_bias="`[2, 3*hidden]`; `[3*hidden]` if reset before",
    forget_bias="part of the bias, where the initialiser puts 1",
)
ONNX = Layout(
    library="ONNX",
    suffix="onnx",
    lstm="iofc",
    gru="zrh",
    transposed=True,
    directions=True,
    biases=2,
    lstm_bias="`[directions, 8*hidden]`",
    gru_bias="`[directions, 6*hidden]`",
    peepholes="iof",
)
LAYOUTS = (OURS, TF1, TORCH, KERAS, ONNX)


def reorder(x: Array, source: str, target: str) -> Array:
    """A new array with the equal blocks of the last axis, which stand in the order `source`, in the order `target`.

    `reorder(kernel, "ifgo", "igfo")` swaps the two middle blocks of columns.
    """
    n = x.shape[-1] // len(source)
    blocks = [x[..., source.index(gate) * n : (source.index(gate) + 1) * n] for gate in target]
    return array_namespace(x).concat(blocks, axis=-1)


def convention_table() -> str:
    """The conventions of all libraries as a Markdown table, a column for each; it is made of the declarations above."""
    rows = {
        "LSTM gates": lambda lib: ", ".join(lib.lstm),
        "LSTM state": lambda lib: f"({', '.join(lib.lstm_state)})",
        "LSTM kernels": _kernels,
        "LSTM biases": lambda lib: lib.lstm_bias,
        "LSTM forget bias": lambda lib: lib.forget_bias,
        "LSTM peepholes": lambda lib: ", ".join(lib.peepholes) or "none",
        "LSTM projection": lambda lib: "yes" if lib.projection else "none",
        "GRU gates": lambda lib: ", ".join(lib.gru),
        "GRU reset gate acts on h": lambda lib: " or ".join(lib.gru_reset) + " the product",
        "GRU update gate near 1": lambda lib: "keeps the old state",
        "GRU biases": lambda lib: lib.gru_bias,
        "Basic RNN biases": lambda lib: "one" if lib.biases == 1 else "two, added",
    }
    lines = ["| convention | " + " | ".join(lib.library for lib in LAYOUTS) + " |", "|---" * (len(LAYOUTS) + 1) + "|"]
    lines += [f"| {name} | " + " | ".join(cell(lib) for lib in LAYOUTS) + " |" for name, cell in rows.items()]
    return "\n".join(lines)


def _kernels(layout: Layout) -> str:
    shapes = []
    for rows in ["input+hidden"] if layout.joined else ["input", "hidden"]:
        axes = ["directions"] * layout.directions + layout.axes("lstm", rows)
        shapes.append(f"`[{', '.join(axes)}]`")
    return " and ".join(shapes)
