"""A classifier as a program of `torch.export`: Torch writes down what the package's own code does. It imports torch."""

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import torch

from rnn_course.arrays import to
from rnn_course.torch_modules import AsModule


def content(model: Any, size: tuple[int, int], notes: dict[str, str]) -> bytes:
    """The bytes of the file, with the notes as its extra file notes.json."""
    batch = {0: torch.export.Dim("batch")}
    with torch.no_grad():
        module = AsModule(to(model, "torch"))
        program = torch.export.export(module, (torch.zeros(2, *size),), dynamic_shapes=((batch,),))
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # lines of code with the paths of this machine, most of the file
    file = BytesIO()
    torch.export.save(program, file, extra_files={"notes.json": json.dumps(notes)})
    return file.getvalue()


def load(content: bytes) -> Callable[[np.ndarray], np.ndarray]:
    """The function of the file, images to logits."""
    module = torch.export.load(BytesIO(content)).module()
    return lambda images: module(torch.from_numpy(images)).detach().numpy()
