"""Ways to corrupt the stored pictures and the state of the widgets of a notebook."""

import base64
import io

from PIL import Image, ImageOps

from tests.notebooks.reader import WIDGET_STATE
from tests.notebooks.seeded import code_cells, flip_letter, pick


def change_picture(edit):
    """A mutation of one stored picture."""

    def mutate(notebook, rng):
        found = [output.data for cell in code_cells(notebook) for output in cell.outputs if "data" in output]
        found = [data for data in found if "image/png" in data]
        if not found:
            return False
        data = pick(rng, found)
        image = Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).convert("RGBA")
        file = io.BytesIO()
        edit(image, rng).save(file, "png")
        data["image/png"] = base64.b64encode(file.getvalue()).decode() + "\n"
        return True

    return mutate


def paint(image, rng):
    width, height = (int(rng.integers(6, 60)) for _ in range(2))
    left, top = (int(rng.integers(max(1, size - 60))) for size in image.size)
    colour = tuple(int(part) for part in rng.integers(0, 256, 3))
    image.paste((*colour, 255), (left, top, left + width, top + height))
    return image


def move(image, rng):
    moved = Image.new("RGBA", image.size, "white")
    moved.paste(image, tuple(int(shift) for shift in rng.integers(4, 20, 2)))
    return moved


def mirror(image, rng):
    return ImageOps.mirror(image)


def blank(image, rng):
    return Image.new("RGBA", image.size, "white")


def crop(image, rng):
    return image.crop((0, 0, image.width - int(rng.integers(5, 30)), image.height))


def truncate_picture(notebook, rng):
    found = [data for data, mime in ((o.get("data", {}), "image/png") for c in code_cells(notebook) for o in c.outputs)]
    found = [data for data in found if "image/png" in data]
    if found:
        data = pick(rng, found)
        data["image/png"] = data["image/png"][: len(data["image/png"]) // 2]
    return bool(found)


def models(notebook):
    return notebook.metadata.get("widgets", {}).get(WIDGET_STATE, {}).get("state", {})


def change_model(edit):
    """A mutation of the state of one widget."""

    def mutate(notebook, rng):
        found = models(notebook)
        return bool(found) and bool(edit(found, pick(rng, sorted(found)), rng))

    return mutate


def change_value(kind, change):
    def edit(found, name, rng):
        state = found[name]["state"]
        keys = sorted(k for k, v in state.items() if type(v) in kind and v != "" and not str(v).startswith("IPY_MODEL"))
        if keys:
            key = pick(rng, keys)
            state[key] = change(state[key], rng)
        return bool(keys)

    return edit


def delete_model(found, name, rng):
    return found.pop(name)


def delete_value(found, name, rng):
    return found[name]["state"].pop(pick(rng, sorted(found[name]["state"])), True) is not None or True


def lose_buffer(found, name, rng):
    return bool(found[name].pop("buffers", None))


PICTURES = {
    "picture: painted over": change_picture(paint),
    "picture: moved": change_picture(move),
    "picture: mirrored": change_picture(mirror),
    "picture: blank": change_picture(blank),
    "picture: cropped": change_picture(crop),
    "picture: cut off": truncate_picture,
}

WIDGETS = {
    "widget: a number": change_model(change_value((int, float), lambda value, rng: value + int(rng.integers(1, 9)))),
    "widget: a truth": change_model(change_value((bool,), lambda value, rng: not value)),
    "widget: a text": change_model(change_value((str,), flip_letter)),
    "widget: a value deleted": change_model(delete_value),
    "widget: deleted": change_model(delete_model),
    "widget: its bytes": change_model(lose_buffer),
}
