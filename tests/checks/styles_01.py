"""Right answers to the views that styles_01_03.py leaves out, in many styles, as learners may write them."""

import itertools

import numpy as np
import torch

from rnn_course.arrays import array_namespace

from .styles_01_03 import stacked
from .test_styles_06_08 import column_major, einsum, from_lists, is_torch

# views.predict


def by_a_real_reshape(batch):
    pixels = np.zeros((batch, 28, 28))
    return tuple(pixels.reshape(batch, *rest).shape for rest in ((784,), (28, 28, 1), (28, 28)))


PREDICT = [
    lambda batch: ((batch, 28 * 28), (batch, 28, 28, 1), (batch, 28, 28)),
    lambda batch: tuple((batch, *rest) for rest in ((784,), (28, 28, 1), (28, 28))),
    lambda batch: (
        torch.empty(batch, 784).shape,
        torch.empty(batch, 28, 28, 1).shape,
        torch.empty(batch, 28, 28).shape,
    ),
    by_a_real_reshape,
]

# views.as_images


def image_by_image(vectors, rows, columns):
    return stacked([vector.reshape(rows, columns, 1) for vector in vectors])


def row_by_row(vectors, rows, columns):
    lines = [vectors[:, row * columns : (row + 1) * columns] for row in range(rows)]
    return stacked(lines, axis=1)[:, :, :, None]


def filled_in(vectors, rows, columns):
    images = (0 * vectors).reshape(-1, rows, columns, 1)
    for place in range(rows * columns):
        images[:, place // columns, place % columns, 0] = vectors[:, place]
    return images


AS_IMAGES = [
    lambda v, rows, columns: v.reshape(v.shape[0], rows, columns, 1),
    lambda v, rows, columns: v.reshape(-1, rows, columns)[..., None],
    lambda v, rows, columns: v.reshape((len(v), rows, columns, -1)),
    lambda v, rows, columns: array_namespace(v).expand_dims(v.reshape(-1, rows, columns), axis=3),
    lambda v, rows, columns: v.view(-1, rows, columns, 1) if is_torch(v) else np.reshape(v, (-1, rows, columns, 1)),
    lambda v, rows, columns: (
        v.unflatten(1, (rows, columns, 1)) if is_torch(v) else v[:, :, None].reshape(-1, rows, columns, 1)
    ),
    image_by_image,
    row_by_row,
    filled_in,
]

# views.channels_first


def channel_by_channel(images):
    return np.stack([images[..., channel] for channel in range(images.shape[3])], axis=1)


def copied(images):
    batch, rows, columns, channels = images.shape
    moved = np.empty((batch, channels, rows, columns), images.dtype)
    for n, i, j, c in itertools.product(*map(range, images.shape)):
        moved[n, c, i, j] = images[n, i, j, c]
    return moved


CHANNELS_FIRST = [
    lambda images: np.moveaxis(images, 3, 1),
    lambda images: np.moveaxis(images, -1, -3),
    lambda images: np.transpose(images, (0, 3, 1, 2)),
    lambda images: np.rollaxis(images, 3, 1),
    lambda images: images.swapaxes(2, 3).swapaxes(1, 2),
    lambda images: np.einsum("nhwc->nchw", images),
    lambda images: np.array([image.transpose(2, 0, 1) for image in images]),
    lambda images: np.ascontiguousarray(images.transpose(0, 3, 1, 2)),
    channel_by_channel,
    copied,
]

# views.row_at_step


def by_a_list(images, step):
    return from_lists([image[step] for image in images.tolist()], images)


def by_a_mask(images, step):
    """All other rows times 0, and the sum."""
    chosen = from_lists([float(row == step) for row in range(images.shape[1])], images)
    return (images * chosen[None, :, None]).sum(1)


ROW_AT_STEP = [
    lambda images, step: images[:, step],
    lambda images, step: images[:, step, ...],
    lambda images, step: images[:, step : step + 1].reshape(images.shape[0], images.shape[2]),
    lambda images, step: images.swapaxes(0, 1)[step],
    lambda images, step: stacked([image[step] for image in images]),
    lambda images, step: images.reshape(len(images), -1)[:, step * images.shape[2] : (step + 1) * images.shape[2]],
    lambda images, step: images.select(1, step) if is_torch(images) else np.take(images, step, axis=1),
    lambda images, step: column_major(images[:, step]),
    by_a_list,
    by_a_mask,
]

# views.rows_per_step


def sliced(images, count):
    steps = [images[:, start : start + count].reshape(len(images), -1) for start in range(0, images.shape[1], count)]
    return stacked(steps, axis=1)


def joined(images, count):
    """Every count-th row, beginning at 0, 1, … side by side."""
    return array_namespace(images).concat([images[:, first::count] for first in range(count)], axis=2)


ROWS_PER_STEP = [
    lambda images, count: images.reshape(images.shape[0], -1, count * images.shape[2]),
    lambda images, count: images.reshape(len(images), images.shape[1] // count, -1),
    lambda images, count: images.reshape(-1, count * images.shape[-1]).reshape(
        len(images), -1, count * images.shape[-1]
    ),
    lambda images, count: stacked([image.reshape(-1, count * image.shape[1]) for image in images]),
    lambda images, count: images.reshape(len(images), -1).reshape(len(images), -1, count * images.shape[2]),
    lambda images, count: array_namespace(images).reshape(images, (images.shape[0], -1, count * images.shape[2])),
    lambda images, count: column_major(images.reshape(-1, count * images.shape[2])).reshape(
        len(images), -1, count * images.shape[2]
    ),
    sliced,
    joined,
]

# views.memory


def with_lists(images):
    memories = []
    for image in images.tolist():
        memory, after = [0.0] * len(image[0]), []
        for row in image:
            memory = [a + b for a, b in zip(memory, row, strict=True)]
            after.append(memory)
        memories.append(after)
    return from_lists(memories, images)


def adding_up_again(images):
    return stacked([images[:, : step + 1].sum(1) for step in range(images.shape[1])], axis=1)


def into_a_copy(images):
    memory = 1 * images
    for step in range(1, images.shape[1]):
        memory[:, step] += memory[:, step - 1]
    return memory


def with_accumulate(images):
    return stacked(list(itertools.accumulate(images[:, step] for step in range(images.shape[1]))), axis=1)


def by_a_triangle(images):
    steps = images.shape[1]
    triangle = from_lists([[float(row <= step) for row in range(steps)] for step in range(steps)], images)
    return einsum("sr,brc->bsc", triangle, images)


def in_place_and_copied(images):
    state, states = 0 * images[:, 0], []
    for step in range(images.shape[1]):
        state += images[:, step]
        states.append(1 * state)
    return stacked(states, axis=1)


def over_time_first(images):
    state, states = 0 * images[:, 0], []
    for row in images.swapaxes(0, 1):
        state = state + row
        states.append(state)
    return stacked(states).swapaxes(0, 1)


MEMORY = [
    lambda images: images.cumsum(1),
    lambda images: np.add.accumulate(images, axis=1) if not is_torch(images) else torch.cumsum(images, dim=1),
    lambda images: array_namespace(images).cumulative_sum(images, axis=1),
    lambda images: from_lists(
        [
            list(itertools.accumulate(image, lambda a, b: [x + y for x, y in zip(a, b, strict=True)]))
            for image in images.tolist()
        ],
        images,
    ),
    with_lists,
    adding_up_again,
    into_a_copy,
    with_accumulate,
    by_a_triangle,
    in_place_and_copied,
    over_time_first,
]

STYLES = {
    "views.predict": PREDICT,
    "views.as_images": AS_IMAGES,
    "views.channels_first": CHANNELS_FIRST,
    "views.row_at_step": ROW_AT_STEP,
    "views.rows_per_step": ROWS_PER_STEP,
    "views.memory": MEMORY,
}
