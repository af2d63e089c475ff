"""What a reader could see of a notebook, told by other means than the validation: the judge of the corruption.

Each cell is made into HTML by nbconvert, whose pictures are taken out and looked at as pictures. To this come what the
built page takes from elsewhere: descriptions of pictures, tags that hide or colour a cell, and the state of widgets.
"""

import base64
import io
import json
import re
from functools import cache

import numpy as np
from nbconvert import HTMLExporter
from nbformat.v4 import new_notebook
from PIL import Image

WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
PICTURE = re.compile(r"(?:data:image/png;base64,)?(iVBORw0KGgo[A-Za-z0-9+/\\\n]*={0,2})")
WINDOW = 8  # pixels: what is smaller than this, or fainter, nobody sees
CONTRAST = 0.15  # of black on white, on average over the window


def visible(before, after):
    """Whether a reader could tell one notebook from the other."""
    return len(before.cells) != len(after.cells) or (
        any(cells_differ(*pair) for pair in zip(before.cells, after.cells, strict=True))
        or widgets(before) != widgets(after)
    )


def cells_differ(before, after):
    if before == after:
        return False
    (old, old_pictures), (new, new_pictures) = look(before), look(after)
    if old != new or len(old_pictures) != len(new_pictures):
        return True
    return any(pictures_differ(*pair) for pair in zip(old_pictures, new_pictures, strict=True))


def look(cell):
    """The text that a cell shows, and its pictures."""
    html = to_html(json.dumps(cell, sort_keys=True))
    kept = {key: cell.metadata.get(key) for key in ("tags", "mystnb")}
    text = "\n".join(line.rstrip() for line in PICTURE.sub("<picture>", html).splitlines())
    return f"{text}\n{json.dumps(kept, sort_keys=True)}", PICTURE.findall(html)


@cache
def to_html(cell):
    import nbformat

    notebook = new_notebook(cells=[nbformat.from_dict(json.loads(cell))])
    return HTMLExporter(template_name="basic").from_notebook_node(notebook)[0]


def pictures_differ(before, after):
    """Whether somewhere a window of the two pictures differs clearly."""
    if before == after:
        return False
    old, new = pixels(before), pixels(after)
    if old is None or new is None or old.shape != new.shape:
        return True
    total = np.pad(np.abs(old - new).max(axis=2), ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    height, width = (min(WINDOW, size) for size in old.shape[:2])
    windows = total[height:, width:] - total[:-height, width:] - total[height:, :-width] + total[:-height, :-width]
    return bool(windows.max() / (height * width) > CONTRAST)


@cache
def pixels(text):
    try:
        with Image.open(io.BytesIO(base64.b64decode(re.sub(r"[\\\s]", "", text)))) as image:
            image.load()
            white = Image.new("RGBA", image.size, "white")
            white.alpha_composite(image.convert("RGBA"))
            return np.asarray(white.convert("RGB"), dtype=np.float64) / 255
    except (OSError, ValueError):
        return None


def widgets(notebook):
    """The state of the widgets that a cell shows, and of what they refer to; without what only the program reads."""
    models = notebook.metadata.get("widgets", {}).get(WIDGET_STATE, {}).get("state", {})
    wanted = re.findall(r'"model_id": "(\w+)"', json.dumps([cell.get("outputs", []) for cell in notebook.cells]))
    seen = {}
    while wanted:
        name = wanted.pop()
        if name in seen or name not in models:
            seen.setdefault(name, None)
            continue
        model = models[name]
        state = {key: value for key, value in model.get("state", {}).items() if not key.startswith("_") or key in CODE}
        seen[name] = json.dumps([model.get("model_name"), state, model.get("buffers", [])], sort_keys=True)
        wanted += re.findall(r"IPY_MODEL_(\w+)", seen[name])
    return seen


CODE = ("_esm", "_css")
