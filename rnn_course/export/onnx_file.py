"""A classifier as a graph of ONNX operators: a few for each layer, with the weights that `convert` gives them.

This file imports onnx and onnxruntime.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper, numpy_helper

from rnn_course import __version__
from rnn_course.activations import Activation
from rnn_course.cells import BasicRNNCell, LSTMCell
from rnn_course.conv import Conv2D, pair
from rnn_course.convert import basic_rnn_to_onnx, gru_to_onnx, lstm_to_onnx
from rnn_course.export import ExportError
from rnn_course.gru import GRUCell
from rnn_course.layers import AddChannel, Chain, Dense, Flatten
from rnn_course.models import BothWaysClassifier, LastStepClassifier
from rnn_course.pool import MaxPool2D
from rnn_course.stack import MultiRNNCell

OPSET = 17  # of 2022: what reads ONNX today knows it
CELLS: dict[type, tuple[str, Callable]] = {
    BasicRNNCell: ("RNN", basic_rnn_to_onnx),
    LSTMCell: ("LSTM", lstm_to_onnx),
    GRUCell: ("GRU", gru_to_onnx),
}


class Value(NamedTuple):
    """An array of the graph: its name, and how many axes it has. Images of four are NCHW here, as ONNX wants them."""

    name: str
    axes: int


class Graph:
    """The operators and the constant arrays, in the order in which they are added."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, operator: str, *inputs: str, skip: int = 0, **attributes: Any) -> str:
        """The name of the output of a new node; `skip` of its outputs come before that one, which nobody reads."""
        name = f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [""] * skip + [name], name, **attributes))
        return name

    def constant(self, name: str, array: Any) -> str:
        """The name of a new constant array."""
        name = f"{name}_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name


def content(model: Any, size: tuple[int, int], notes: dict[str, str]) -> bytes:
    """The bytes of the file. Raises ExportError for a layer that has no operator here."""
    graph = Graph()
    logits = _layer(graph, model, Value("images", axes=3))
    graph.nodes.append(helper.make_node("Identity", [logits.name], ["logits"], "logits"))
    made = helper.make_model(
        helper.make_graph(
            graph.nodes,
            notes["recipe"],
            [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", *size])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", int(notes["classes"])])],
            graph.constants,
        ),
        opset_imports=(opsets := [helper.make_opsetid("", OPSET)]),
        ir_version=helper.find_min_ir_version_for(opsets),
        producer_name="rnn_course",
        producer_version=__version__,
    )
    helper.set_model_props(made, notes)
    checker.check_model(made, full_check=True)
    return made.SerializeToString()


def load(content: bytes) -> Callable[[np.ndarray], np.ndarray]:
    """The function of the file, images to logits, as onnxruntime computes it."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return lambda images: np.asarray(session.run(["logits"], {"images": images})[0])


def _layer(graph: Graph, layer: Any, x: Value) -> Value:
    for kind, add in ADD.items():
        if isinstance(layer, kind):
            return add(graph, layer, x)
    raise ExportError(f"ONNX: expected the layers of the recipes, got {type(layer).__name__}; torch.export has it")


def _chain(graph: Graph, chain: Chain, x: Value) -> Value:
    for layer in chain.layers:
        x = _layer(graph, layer, x)
    return x


def _add_channel(graph: Graph, _: AddChannel, x: Value) -> Value:
    return Value(graph.add("Unsqueeze", x.name, graph.constant("axes", np.array([1]))), axes=4)


def _conv(graph: Graph, conv: Conv2D, x: Value) -> Value:
    kernel = graph.constant("kernel", conv.kernel.transpose(3, 2, 0, 1))  # [filters, channels, rows, columns]
    inputs = x.name, kernel, graph.constant("bias", conv.bias)
    window: dict[str, Any] = {"strides": pair("stride", conv.stride), "dilations": pair("dilation", conv.dilation)}
    return x._replace(name=graph.add("Conv", *inputs, auto_pad=_padding(conv), **window))


def _max_pool(graph: Graph, pool: MaxPool2D, x: Value) -> Value:
    size, stride = pair("size", pool.size), pair("stride", pool.stride or pool.size)
    return x._replace(name=graph.add("MaxPool", x.name, kernel_shape=size, strides=stride, auto_pad=_padding(pool)))


def _padding(layer: Conv2D | MaxPool2D) -> str:
    return {"SAME": "SAME_UPPER", "VALID": "VALID"}[layer.padding]  # UPPER: an odd zero goes after


def _activation(graph: Graph, activation: Activation, x: Value) -> Value:
    if activation.name not in ("relu", "sigmoid", "tanh"):
        raise ExportError(f"ONNX: expected the activation relu, sigmoid or tanh, got {activation.name}")
    return x._replace(name=graph.add(activation.name.capitalize(), x.name))


def _flatten(graph: Graph, _: Flatten, x: Value) -> Value:
    if x.axes == 4:  # the weights of what follows count the channels last
        x = x._replace(name=graph.add("Transpose", x.name, perm=(0, 2, 3, 1)))
    return Value(graph.add("Flatten", x.name), axes=2)


def _dense(graph: Graph, dense: Dense, x: Value) -> Value:
    inputs = x.name, graph.constant("kernel", dense.kernel), graph.constant("bias", dense.bias)
    return x._replace(name=graph.add("Gemm", *inputs))


def _last_step(graph: Graph, model: LastStepClassifier, x: Value) -> Value:
    return _layer(graph, model.readout, Value(_last_output(graph, model.cell, x, "forward"), axes=2))


def _both_ways(graph: Graph, model: BothWaysClassifier, x: Value) -> Value:
    cells = (model.cell_fw, "forward"), (model.cell_bw, "reverse")
    last = [_last_output(graph, cell, x, direction) for cell, direction in cells]
    return _layer(graph, model.readout, Value(graph.add("Concat", *last, axis=1), axes=2))


def _last_output(graph: Graph, cell: Any, x: Value, direction: str) -> str:
    """The output `[batch, hidden]` of the step that is read last, of the uppermost cell."""
    *below, top = cell.cells if isinstance(cell, MultiRNNCell) else (cell,)
    steps = graph.add("Transpose", x.name, perm=(1, 0, 2))  # the operators want [time, batch, input]
    for one in below:
        outputs = _over_time(graph, one, steps, direction, skip=0)  # [time, 1, batch, hidden], 1 direction
        steps = graph.add("Squeeze", outputs, graph.constant("axes", np.array([1])))
    last = _over_time(graph, top, steps, direction, skip=1)  # [1, batch, hidden]
    return graph.add("Squeeze", last, graph.constant("axes", np.array([0])))


def _over_time(graph: Graph, cell: Any, steps: str, direction: str, skip: int) -> str:
    """The outputs of all steps, or with `skip=1` the last one, in the order of the inputs."""
    if type(cell) not in CELLS:
        raise ExportError(f"ONNX: expected the cells of the recipes, got {type(cell).__name__}; torch.export has it")
    operator, weights_of = CELLS[type(cell)]
    weights = weights_of(cell)
    hidden = weights["R"].shape[2]
    arrays = [graph.constant(name, weights.pop(name)) for name in ("W", "R", "B")]
    return graph.add(operator, steps, *arrays, skip=skip, hidden_size=hidden, direction=direction, **weights)


ADD: dict[type, Callable[[Graph, Any, Value], Value]] = {
    Chain: _chain,
    AddChannel: _add_channel,
    Conv2D: _conv,
    MaxPool2D: _max_pool,
    Activation: _activation,
    Flatten: _flatten,
    Dense: _dense,
    LastStepClassifier: _last_step,
    BothWaysClassifier: _both_ways,
}
