"""Right answers to the exercises of chapter 9 in many styles, as learners may write them: none of them may fail."""

from functools import partial

import numpy as np
import torch
from torch.nn import functional

from rnn_course.activations import sigmoid
from rnn_course.arrays import array_namespace


def library(x):
    """The array library itself, without the layer that makes both alike."""
    return torch if isinstance(x, torch.Tensor) else np


def halves(x):
    """An array cut in two along its last axis."""
    return torch.chunk(x, 2, dim=-1) if isinstance(x, torch.Tensor) else np.split(x, 2, axis=-1)


def sigmoid_with_exp(z):
    """Two branches, so that no exponential grows."""
    lib = library(z)
    small = lib.exp(-abs(z))
    return lib.where(z >= 0, 1 / (1 + small), small / (1 + small))


def step_with_concatenations(x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias):
    xp = array_namespace(x)
    r, u = halves(sigmoid(xp.concat([x, h], axis=1) @ gates_kernel + gates_bias))
    n = xp.tanh(xp.concat([x, r * h], axis=1) @ candidate_kernel + candidate_bias)
    return u * h + (1 - u) * n


def step_as_a_correction(x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias):
    """n + u·(h − n): the candidate, moved back towards the old state."""
    lib = library(x)
    r, u = halves(sigmoid(lib.hstack([x, h]) @ gates_kernel + gates_bias))
    n = lib.tanh(lib.hstack([x, r * h]) @ candidate_kernel + candidate_bias)
    return n + u * (h - n)


def step_with_four_kernels(x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias):
    i, n = x.shape[1], h.shape[1]
    r = sigmoid(x @ gates_kernel[:i, :n] + h @ gates_kernel[i:, :n] + gates_bias[:n])
    u = sigmoid(x @ gates_kernel[:i, n:] + h @ gates_kernel[i:, n:] + gates_bias[n:])
    candidate = library(x).tanh(x @ candidate_kernel[:i] + (r * h) @ candidate_kernel[i:] + candidate_bias)
    return h * u + candidate * (1.0 - u)


def step_with_einsum(x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias):
    lib = library(x)
    product = partial(lib.einsum, "bi,ih->bh")
    r, u = halves(sigmoid(product(lib.concatenate([x, h], 1), gates_kernel) + gates_bias[None, :]))
    n = lib.tanh(product(lib.concatenate([x, h * r], 1), candidate_kernel) + candidate_bias[None, :])
    return u * h + n - u * n


def step_example_by_example(x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias):
    lib, new = library(x), []
    for row, old in zip(x, h, strict=True):
        r, u = halves(sigmoid(lib.concatenate([row, old]) @ gates_kernel + gates_bias))
        n = lib.tanh(lib.concatenate([row, r * old]) @ candidate_kernel + candidate_bias)
        new.append(u * old + (1 - u) * n)
    return lib.stack(new)


def step_with_transposed_products(x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias):
    lib = library(x)
    z = (gates_kernel.T @ lib.hstack([x, h]).T).T + gates_bias
    r, u = sigmoid(z[:, : h.shape[1]]), sigmoid(z[:, h.shape[1] :])
    n = lib.tanh((candidate_kernel.T @ lib.hstack([x, r * h]).T).T + candidate_bias)
    return u * h + (1 - u) * n


def step_with_biases_as_rows_of_the_kernel(x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias):
    lib = library(x)
    one = 0 * x[:, :1] + 1
    gates = sigmoid(lib.hstack([x, h, one]) @ lib.vstack([gates_kernel, gates_bias]))
    r, u = halves(gates)
    n = lib.tanh(lib.hstack([x, r * h, one]) @ lib.vstack([candidate_kernel, candidate_bias]))
    return lib.where(u > 0, u * h, 0 * h) + (1 - u) * n


def step_with_a_sigmoid_of_ones_own(x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias):
    lib = library(x)
    r, u = halves(sigmoid_with_exp(lib.hstack([x, h]) @ gates_kernel + gates_bias))
    n = lib.tanh(lib.hstack([x, r * h]) @ candidate_kernel + candidate_bias)
    return u * h + (1 - u) * n


def step_with_what_is_not_kept_from_the_negative_gate(x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias):
    """1 − σ(z) is σ(−z)."""
    lib = library(x)
    z_r, z_u = halves(lib.hstack([x, h]) @ gates_kernel + gates_bias)
    n = lib.tanh(lib.hstack([x, sigmoid(z_r) * h]) @ candidate_kernel + candidate_bias)
    return sigmoid(z_u) * h + sigmoid(-z_u) * n


def step_with_a_loop_over_units(x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias):
    lib, hidden = library(x), h.shape[1]
    gates = sigmoid(lib.hstack([x, h]) @ gates_kernel + gates_bias)
    seen = lib.hstack([x, lib.stack([gates[:, k] * h[:, k] for k in range(hidden)], 1)])
    columns = []
    for k in range(hidden):
        n = lib.tanh(seen @ candidate_kernel[:, k] + candidate_bias[k])
        u = gates[:, hidden + k]
        columns.append(u * h[:, k] + (1 - u) * n)
    return lib.stack(columns, 1)


def step_with_linear_layers(x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias):
    if not isinstance(x, torch.Tensor):
        return step_with_concatenations(x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias)
    r, u = functional.linear(torch.cat([x, h], -1), gates_kernel.mT, gates_bias).sigmoid().chunk(2, -1)
    n = functional.linear(torch.cat([x, r * h], -1), candidate_kernel.mT, candidate_bias).tanh()
    return torch.lerp(n, h, u)


def after_with_two_products(x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias, recurrent_bias):
    lib, i = library(x), x.shape[1]
    r, u = halves(sigmoid(lib.hstack([x, h]) @ gates_kernel + gates_bias))
    n = lib.tanh(x @ candidate_kernel[:i] + candidate_bias + r * (h @ candidate_kernel[i:] + recurrent_bias))
    return u * h + (1 - u) * n


def after_with_the_brackets_opened(x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias, recurrent_bias):
    lib, i = library(x), x.shape[1]
    r, u = halves(sigmoid(lib.hstack([x, h]) @ gates_kernel + gates_bias))
    from_h = r * (h @ candidate_kernel[i:]) + r * recurrent_bias
    n = lib.tanh(x @ candidate_kernel[:i] + from_h + candidate_bias)
    return n + u * (h - n)


def after_with_all_of_h_in_one_product(
    x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias, recurrent_bias
):
    """What fused kernels do: everything that h is needed for at once."""
    lib, i, n_units = library(x), x.shape[1], h.shape[1]
    from_x = x @ lib.hstack([gates_kernel[:i], candidate_kernel[:i]])
    from_h = h @ lib.hstack([gates_kernel[i:], candidate_kernel[i:]])
    gates = sigmoid(from_x[:, : 2 * n_units] + from_h[:, : 2 * n_units] + gates_bias)
    r, u = gates[:, :n_units], gates[:, n_units:]
    reset = r * (from_h[:, 2 * n_units :] + recurrent_bias)
    return u * h + (1 - u) * lib.tanh(from_x[:, 2 * n_units :] + candidate_bias + reset)


def after_with_einsum(x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias, recurrent_bias):
    lib, i = library(x), x.shape[1]
    product = partial(lib.einsum, "bi,ih->bh")
    r, u = halves(sigmoid(product(x, gates_kernel[:i]) + product(h, gates_kernel[i:]) + gates_bias))
    n = lib.tanh(
        product(x, candidate_kernel[:i]) + candidate_bias + r * (product(h, candidate_kernel[i:]) + recurrent_bias)
    )
    return u * h + (1 - u) * n


def after_example_by_example(x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias, recurrent_bias):
    rows = [
        after_with_two_products(
            x[k : k + 1], h[k : k + 1], gates_kernel, gates_bias, candidate_kernel, candidate_bias, recurrent_bias
        )
        for k in range(x.shape[0])
    ]
    return library(x).vstack(rows)


def after_with_the_gates_apart(x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias, recurrent_bias):
    lib, i = library(x), x.shape[1]
    (r_kernel, u_kernel), (r_bias, u_bias) = halves(gates_kernel), halves(gates_bias)
    xh = lib.concatenate([x, h], 1)
    u = sigmoid(xh @ u_kernel + u_bias)
    keep, take = u * h, 1 - u
    reset = sigmoid(xh @ r_kernel + r_bias) * (h @ candidate_kernel[i:] + recurrent_bias)
    return keep + take * lib.tanh(x @ candidate_kernel[:i] + candidate_bias + reset)


def after_with_a_sigmoid_of_ones_own(x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias, recurrent_bias):
    lib, i = library(x), x.shape[1]
    r, u = halves(sigmoid_with_exp(lib.hstack([x, h]) @ gates_kernel + gates_bias))
    reset = (h @ candidate_kernel[i:, :] + recurrent_bias) * r
    return h * u + lib.tanh(reset + candidate_bias + x @ candidate_kernel[:i, :]) * (1 - u)


def after_with_ones_beside_h(x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias, recurrent_bias):
    lib, i = library(x), x.shape[1]
    one = 0 * x[:, :1] + 1
    r, u = halves(sigmoid(lib.hstack([x, h, one]) @ lib.vstack([gates_kernel, gates_bias])))
    from_x = lib.hstack([x, one]) @ lib.vstack([candidate_kernel[:i], candidate_bias])
    from_h = lib.hstack([h, one]) @ lib.vstack([candidate_kernel[i:], recurrent_bias])
    return u * h + (1 - u) * lib.tanh(from_x + r * from_h)


def after_with_a_diagonal_matrix(x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias, recurrent_bias):
    """r as a diagonal matrix for each example, to the right of the product."""
    lib, i = library(x), x.shape[1]
    r, u = halves(sigmoid(lib.hstack([x, h]) @ gates_kernel + gates_bias))
    from_h = h @ candidate_kernel[i:] + recurrent_bias
    reset = lib.stack([a @ lib.diag(b) for a, b in zip(from_h, r, strict=True)])
    n = lib.tanh(x @ candidate_kernel[:i] + candidate_bias + reset)
    return u * h + (1 - u) * n


def after_column_by_column(x, h, gates_kernel, gates_bias, candidate_kernel, candidate_bias, recurrent_bias):
    lib, i, hidden = library(x), x.shape[1], h.shape[1]
    gates = sigmoid(lib.hstack([x, h]) @ gates_kernel + gates_bias)
    columns = []
    for k in range(hidden):
        from_h = h @ candidate_kernel[i:, k] + recurrent_bias[k]
        n = lib.tanh(x @ candidate_kernel[:i, k] + candidate_bias[k] + gates[:, k] * from_h)
        columns.append(gates[:, hidden + k] * (h[:, k] - n) + n)
    return lib.stack(columns, 1)


STEP = (
    step_with_concatenations,
    step_as_a_correction,
    step_with_four_kernels,
    step_with_einsum,
    step_example_by_example,
    step_with_transposed_products,
    step_with_biases_as_rows_of_the_kernel,
    step_with_a_sigmoid_of_ones_own,
    step_with_what_is_not_kept_from_the_negative_gate,
    step_with_a_loop_over_units,
    step_with_linear_layers,
)
STEP_AFTER = (
    after_with_two_products,
    after_with_the_brackets_opened,
    after_with_all_of_h_in_one_product,
    after_with_einsum,
    after_example_by_example,
    after_with_the_gates_apart,
    after_with_a_sigmoid_of_ones_own,
    after_with_ones_beside_h,
    after_with_a_diagonal_matrix,
    after_column_by_column,
)
