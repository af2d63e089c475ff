"""Notebooks with one fault each. Every one is a healthy notebook, changed in one place.

A fault is in the stored notebook only (then a fresh run tells), or in source and notebook alike (then only a guard can
tell). `nbval` names the items that have to fail and what each says; `check` is what tools/notebooks.py --check says.
What is in the stored notebook only is noticed by the item Fresh of nbval's run as well, in the words of the check.
"""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass, field

import nbformat
from PIL import Image

from tests.notebooks.course import FIGURES, LIGHT
from tools.nb_normalise import WIDGET_STATE


@dataclass(frozen=True)
class Canary:
    """How the healthy notebook and its source are changed, and who has to notice."""

    nbval: dict[str, str] = field(default_factory=dict)  # item: what it says
    check: str | None = None
    stored: Callable | None = None  # changes the stored notebook
    prose: tuple[str, ...] = ()  # replaced in source and notebook alike: old, new, old, new, …
    cell: str = ""  # code added to source and notebook alike, run without output
    outputs: tuple = ()  # that the added cell stores
    tags: tuple[str, ...] = ()
    figures: bool = False
    folder: str = "book"

    @property
    def items(self) -> dict[str, str]:
        """The items of nbval's run that have to fail, and what each says."""
        return self.nbval | ({"Fresh": self.check} if self.stored and self.check else {})

    @property
    def healthy(self) -> str:
        return FIGURES if self.figures else LIGHT


def stored(cell, **values):
    """A change of one cell (from 1) of the stored notebook."""

    def change(notebook):
        notebook.cells[cell - 1].update(values)

    return change


def red_spot(notebook):
    data = notebook.cells[6].outputs[0].data
    data["image/png"] = with_red_spot(data["image/png"])


def with_red_spot(text):
    """A picture in base64 with a red spot of 8 x 8 pixels."""
    image = Image.open(io.BytesIO(base64.b64decode(text))).convert("RGBA")
    image.paste((255, 0, 0, 255), (20, 20, 28, 28))
    file = io.BytesIO()
    image.save(file, "png")
    return base64.b64encode(file.getvalue()).decode()


def moved_slider(notebook):
    models = notebook.metadata.widgets[WIDGET_STATE].state.values()
    next(model for model in models if model.model_name == "IntSliderModel").state["value"] = 4


def stream(text, name="stdout"):
    return nbformat.v4.new_output("stream", name=name, text=text)


def shown(**data):
    return nbformat.v4.new_output("display_data", {name.replace("_", "/", 1): value for name, value in data.items()})


SHAPE = "`x: [batch=2, time=3]`, in"
LOADS = '<script src="https://cdn.example.org/a.js"></script>'
HTML = f"from IPython.display import display, HTML\ndisplay(HTML('{LOADS}'))"
FETCH = "from urllib.request import urlopen\ntry:\n    urlopen('http://example.org/a')\nexcept OSError:\n    pass"
ERROR = nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=["ValueError: no"])
DIFFERS = "assert reference_output == test_output failed"
IGNORED = ("nbval-ignore-output",)

CANARIES = {
    # The stored notebook is not what the source gives.
    "unexecuted": Canary(
        {"Guards": "cell 3: it has not been executed"},
        "cell 3, execution_count: stored None, a fresh run gives 2",
        stored=stored(3, execution_count=None, outputs=[]),
    ),
    "miscounted": Canary(
        {"Guards": "cell 3: its execution count is 7, expected 2"},
        "cell 3, execution_count: stored 7, a fresh run gives 2",
        stored=stored(3, execution_count=7),
    ),
    "cleared": Canary(
        {"Cell 0": "Unexpected output fields from running code: {'stdout'}"},
        "cell 1, outputs: 0 stored, 1 in a fresh run",
        stored=stored(1, outputs=[]),
    ),
    "stale source": Canary(
        check="stale: its source has changed since it was run", stored=stored(2, source="Old text.")
    ),
    "stale output": Canary(
        {"Cell 0": DIFFERS}, "cell 1, outputs 1, text: the text differs", stored=stored(1, outputs=[stream("15.5\n")])
    ),
    "pixels": Canary(
        check="cell 7, outputs 1, data, image/png: the picture differs: by", stored=red_spot, figures=True
    ),
    "widget": Canary(check="state, value: stored 4, a fresh run gives 3", stored=moved_slider, figures=True),
    # The prose says what is not so.
    "false shape": Canary(
        {"Claims 2": "cell 2, line 1: `x: [batch=2, time=4]`\n    stated [2, 4], actual [2, 3]"},
        prose=(SHAPE, SHAPE.replace("3", "4")),
    ),
    "false shape in a table": Canary(
        {"Claims 4": 'cell 4, line 3: `{"c": [x]}["c"][0]: [batch=3, time=2]`\n    stated [3, 2], actual [2, 3]'},
        prose=("[0]: [batch=2, time=3]", "[0]: [batch=3, time=2]"),
    ),
    "false dtype": Canary({"Claims 4": "stated float32, actual float64"}, prose=("x: float64", "x: float32")),
    "false count": Canary({"Claims 2": "`len(x) = 3`\n    stated 3, actual 2"}, prose=("len(x) = 2", "len(x) = 3")),
    "false equality": Canary(
        {"Claims 4": "stated equal, actual different values"}, prose=("x[:, -1] == y", "x[:, 0] == y")
    ),
    "false bound": Canary({"Claims 4": "stated true, actual 2.5 <= 2.5 < 2.4"}, prose=("< 2.6", "< 2.4")),
    "unknown name": Canary(
        {"Claims 2": "stated [2, 3], cannot be evaluated here: NameError: name 'z' is not defined"},
        prose=(SHAPE, SHAPE.replace("x", "z")),
    ),
    "no array": Canary(
        {"Claims 2": "TypeError: it is of type builtin_function_or_method, which has no shape"},
        prose=(SHAPE, SHAPE.replace("x", "len")),
    ),
    "nameless shape": Canary(
        {"Claims 2": "`[2, 3]`\n    a shape in numbers that names no array"}, prose=("`[batch, time]`", "`[2, 3]`")
    ),
    "half a shape": Canary(
        {"Claims 2": "give every axis a number, as `time=…`, or none"}, prose=(SHAPE, SHAPE.replace("=3", ""))
    ),
    "no claim": Canary(
        {"Guards": "it shows shapes and claims none"},
        prose=(f"{SHAPE} short ", "", '`{"c": [x]}["c"][0]: [batch=2, time=3]`, `x[0, 0]: []`', "none"),
    ),
    # The file holds what no page may show.
    "traceback": Canary(
        {
            "Guards": "cell 7: it stores the error ValueError",
            "Cell 4": "Cell execution caused an exception",
            "Fresh": "cell 7, outputs 1, traceback: 1 stored",
        },
        "cell 7: ValueError: no",
        cell="raise ValueError('no')",
        outputs=(ERROR,),
    ),
    "stderr": Canary(
        {"Guards": "cell 7: it writes to stderr ['careful']"},
        cell="import sys\nprint('careful', file=sys.stderr)",
        outputs=(stream("careful\n", "stderr"),),
    ),
    "external address": Canary(
        {"Guards": "cell 7: its output (text/html) loads https://cdn.example.org"},
        cell=HTML,
        outputs=(shown(text_html=LOADS, text_plain="<IPython.core.display.HTML object>"),),
    ),
    "picture without description": Canary(
        {"Guards": "cell 7: its picture has no alt text"},
        check="cell 7, metadata, mystnb: only in the fresh run",
        stored=lambda notebook: notebook.cells[6].metadata.pop("mystnb"),
        figures=True,
    ),
    "ignored without reason": Canary(
        {"Guards": "cell 7: its output is not checked, and no tag says why"},
        cell="print(2)",
        outputs=(stream("2\n"),),
        tags=IGNORED,
    ),
    "not in the table of contents": Canary({"Guards": "it is not in _toc.yml: add `- file: book/"}),
    "path of a machine": Canary(
        {"Guards": "cell 7: its output shows a path of one machine (/home/ada/m…)"},
        cell="print('/home/ada/model')",
        outputs=(stream("/home/ada/model\n"),),
    ),
    # The run does what none may do.
    "file": Canary(
        {"Run": "files appeared or changed while it ran: left.txt. A notebook leaves no file behind"},
        "files appeared or changed while it ran: left.txt",
        cell="import subprocess\ndone = subprocess.run(['touch', 'left.txt'])",
        folder="solutions",
    ),
    "temporary file": Canary(
        {"Run": "files appeared or changed while it ran: left_"},
        "files appeared or changed while it ran: left_",
        cell="import tempfile\nfile = tempfile.NamedTemporaryFile(prefix='left_', delete=False).close()",
    ),
    "network": Canary(
        {"Run": "it reaches for the network (http://example.org/a)"},
        "it reaches for the network (http://example.org/a)",
        cell=FETCH,
    ),
    "network of another program": Canary(
        {"Run": "it reaches for the network (example.org:80)"},
        "it reaches for the network (example.org:80)",
        cell=(
            "import subprocess, sys\ndone = subprocess.run([sys.executable, '-c', 'import socket\\n"
            'try: socket.create_connection(("example.org", 80))\\nexcept OSError: pass\'])'
        ),
    ),
    "seed of Python": Canary(
        {"Run": "it seeds or draws from the global generator of random:"},
        "the global generator of random:",
        cell="import random\nrandom.seed(0)",
    ),
    "seed of NumPy": Canary(
        {"Run": "it seeds or draws from the global generator of numpy.random:"},
        "the global generator of numpy.random:",
        cell="noise = np.random.rand(3)",
    ),
    "seed of Torch": Canary(
        {"Run": "it seeds or draws from the global generator of torch:"},
        "the global generator of torch:",
        cell="import torch\ngenerator = torch.manual_seed(0)",
    ),
}
