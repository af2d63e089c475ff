"""Right answers to the exercises on learning that styles_01_03.py leaves out, in many styles."""

import numpy as np
import torch

from rnn_course.arrays import array_namespace

from .styles_01_03 import stacked
from .test_styles_06_08 import column_major, einsum, from_lists, is_torch

# learn.numeric


def moves(x, step):
    """A step at each place alone."""
    return step * np.eye(x.size).reshape(-1, *x.shape)


def place_by_place(f, x, step):
    gradient = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        moved = x.copy()
        moved[place] = x[place] + step
        above = f(moved)
        moved[place] = x[place] - step
        gradient[place] = (above - f(moved)) / (2 * step)
    return gradient


def flattened(f, x, step):
    flat = x.ravel()
    slopes = []
    for k in range(flat.size):
        unit = np.eye(1, flat.size, k)[0]
        above, below = ((flat + sign * step * unit).reshape(x.shape) for sign in (1, -1))
        slopes.append((f(above) - f(below)) / (above - below).sum())
    return np.reshape(slopes, x.shape)


def with_an_iterator(f, x, step):
    gradient = np.empty(x.shape)
    places = np.nditer(x, flags=["multi_index"])
    for _ in places:
        move = np.zeros(x.shape)
        move[places.multi_index] = step
        gradient[places.multi_index] = (f(x + move) - f(x - move)) / (2 * step)
    return gradient


NUMERIC = [
    lambda f, x, h: np.array(
        [(f(x + e) - f(x - e)) / (2 * h) for e in h * np.eye(x.size).reshape(-1, *x.shape)]
    ).reshape(x.shape),
    lambda f, x, h: np.fromiter(
        ((f(x + e) - f(x - e)) / h / 2 for e in h * np.eye(x.size).reshape(-1, *x.shape)), float
    ).reshape(x.shape),
    place_by_place,
    flattened,
    with_an_iterator,
]

# learn.relu_backward


def by_autograd(x, d_y):
    if not is_torch(x):
        return d_y * (x > 0)
    x = x.clone().requires_grad_()
    return torch.autograd.grad(torch.relu(x), x, d_y)[0]


def in_place_on_a_copy(x, d_y):
    d_x = 1 * d_y
    d_x[x <= 0] = 0
    return d_x


def number_by_number(x, d_y):
    rows = [
        [d if value > 0 else 0.0 for value, d in zip(*pair, strict=True)]
        for pair in zip(x.tolist(), d_y.tolist(), strict=True)
    ]
    return from_lists(rows, d_y)


RELU = [
    lambda x, d: d * (x > 0),
    lambda x, d: array_namespace(x).where(x > 0, d, 0 * d),
    lambda x, d: d * (1 - array_namespace(x).astype(x <= 0, d.dtype)),
    lambda x, d: column_major((x > 0) * d),
    lambda x, d: torch.where(x > 0, d, torch.zeros_like(d)) if is_torch(x) else np.where(x > 0, d, 0),
    by_autograd,
    in_place_on_a_copy,
    number_by_number,
]

# learn.network


def relu(z):
    return z * (z > 0)


def the_usual(x, k1, b1, k2, b2):
    z = x @ k1 + b1
    h = relu(z)

    def backward(d):
        d_z = (d @ k2.T) * (z > 0)
        return d_z @ k1.T, x.T @ d_z, d_z.sum(0), h.T @ d, d.sum(0)

    return h @ k2 + b2, backward


def with_a_lambda_for_each_layer(x, k1, b1, k2, b2):
    def dense(x, k, b):
        return x @ k + b, lambda d: (d @ k.T, x.T @ d, d.sum(0))

    z, back1 = dense(x, k1, b1)
    h, back_relu = relu(z), lambda d: d * (z > 0)
    y, back2 = dense(h, k2, b2)

    def backward(d):
        d_h, d_k2, d_b2 = back2(d)
        return *back1(back_relu(d_h)), d_k2, d_b2

    return y, backward


def example_by_example(x, k1, b1, k2, b2):
    y = stacked([relu(row @ k1 + b1) @ k2 + b2 for row in x])

    def backward(d):
        d_x, sums = [], [0 * k1, 0 * b1, 0 * k2, 0 * b2]
        for row, d_row in zip(x, d, strict=True):
            h = relu(row @ k1 + b1)
            d_z = (k2 @ d_row) * (h > 0)
            d_x.append(k1 @ d_z)
            parts = (row[:, None] * d_z[None], d_z, h[:, None] * d_row[None], d_row)
            sums = [total + part for total, part in zip(sums, parts, strict=True)]
        return stacked(d_x), *sums

    return y, backward


def by_einsum(x, k1, b1, k2, b2):
    h = relu(einsum("bi,ih->bh", x, k1) + b1)

    def backward(d):
        d_z = einsum("bc,hc->bh", d, k2) * (h > 0)
        products = einsum("bh,ih->bi", d_z, k1), einsum("bi,bh->ih", x, d_z)
        return [*products, einsum("bh->h", d_z), einsum("bh,bc->hc", h, d), einsum("bc->c", d)]

    return h @ k2 + b2, backward


def network_by_autograd(x, k1, b1, k2, b2):
    if not is_torch(x):
        return the_usual(x, k1, b1, k2, b2)
    leaves = [a.detach().clone().requires_grad_() for a in (x, k1, b1, k2, b2)]
    y = torch.relu(leaves[0] @ leaves[1] + leaves[2]) @ leaves[3] + leaves[4]
    return y.detach(), lambda d: torch.autograd.grad(y, leaves, d, retain_graph=True)


NETWORK = [the_usual, with_a_lambda_for_each_layer, example_by_example, by_einsum, network_by_autograd]

# learn.sgd


def in_place_on_its_own(w, g, rate):
    new = 1 * w
    new -= rate * g
    return new


SGD = [
    lambda w, g, rate: w - g * rate,
    lambda w, g, rate: w + (-rate) * g,
    lambda w, g, rate: -(rate * g - w),
    lambda w, g, rate: torch.sub(w, g, alpha=rate) if is_torch(w) else np.subtract(w, np.multiply(rate, g)),
    in_place_on_its_own,
]

# learn.momentum


def as_one_move(w, v, g, rate, decay):
    """The weights first, the velocity after."""
    new = w - rate * decay * v - rate * g
    return new, (w - new) / rate


def velocity_in_place(w, v, g, rate, decay):
    v = decay * v
    v += g
    return w - rate * v, v


MOMENTUM = [
    lambda w, v, g, rate, decay: (w - rate * (decay * v + g), decay * v + g),
    lambda w, v, g, rate, decay: [w - rate * (g + v * decay), g + v * decay],
    lambda w, v, g, rate, decay: (lambda new: (w - new * rate, new))(v * decay + g),
    as_one_move,
    velocity_in_place,
]

# learn.batches


def split(rng, examples, size):
    return np.split(rng.permutation(examples), range(size, examples, size))


def taken_from_the_front(rng, examples, size):
    rest, batches = rng.permutation(examples), []
    while len(rest):
        batches.append(rest[:size])
        rest = rest[size:]
    return batches


def as_a_generator_made_a_list(rng, examples, size):
    def pieces():
        order = rng.permutation(np.arange(examples))
        for k in range(-(-examples // size)):
            yield order[k * size : (k + 1) * size]

    return list(pieces())


BATCHES = [
    lambda rng, n, size: (lambda order: [order[k : k + size] for k in range(0, n, size)])(rng.permutation(n)),
    lambda rng, n, size: (lambda order: tuple(order[k : min(k + size, n)] for k in range(0, n, size)))(
        rng.permutation(n)
    ),
    split,
    taken_from_the_front,
    as_a_generator_made_a_list,
]

STYLES = {
    "learn.numeric": NUMERIC,
    "learn.relu_backward": RELU,
    "learn.network": NETWORK,
    "learn.sgd": SGD,
    "learn.momentum": MOMENTUM,
    "learn.batches": BATCHES,
}
