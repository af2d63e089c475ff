"""The only file that knows which array library is at work.

The mathematics of the course is written once, over `xp = array_namespace(x)`: the same lines run on NumPy arrays and
on Torch tensors, on the CPU and on a GPU. Torch is imported only by a function that was asked for it.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device, is_numpy_array, is_torch_array

from rnn_course.tree import Tree, leaves, named_leaves, tree_map, with_leaves

__all__ = ["Array", "array_namespace", "backend_of", "device", "from_numpy", "to", "to_numpy"]

Array = Any  # numpy.ndarray | torch.Tensor: anything array_namespace() accepts
BACKENDS = ("numpy", "torch")
DEVICES = ("auto", "cpu", "cuda", "mps")


def zeros(shape: tuple[int, ...], like: Array) -> Array:
    """Zeros with the library, dtype and device of `like`."""
    if isinstance(like, np.ndarray):  # what the last line comes to, in a tenth of the time
        return np.zeros(shape, like.dtype)
    if is_torch_array(like):
        return like.new_zeros(shape)
    return array_namespace(like).zeros(shape, dtype=like.dtype, device=device(like))


def zeros_like(tree: Tree) -> Tree:
    """A tree of zeros with the structure, shapes, dtypes and devices of `tree`."""
    return tree_map(lambda leaf: zeros(tuple(leaf.shape), like=leaf), tree)


def integers(values: Any, like: Array) -> Array:
    """`values` as 64-bit integers in the library and on the device of `like`."""
    xp = array_namespace(like)
    return xp.asarray(values, dtype=xp.int64, device=device(like))


def swap_batch_time(x: Array) -> Array:
    """`[batch, time, ...]` to `[time, batch, ...]`, and back."""
    return array_namespace(x).moveaxis(x, 0, 1)


def split_columns(x: Array, parts: int) -> list[Array]:
    """Cut `x: [batch, parts * n]` into `parts` pieces `[batch, n]`, from left to right."""
    n = x.shape[1] // parts
    return [x[:, k * n : (k + 1) * n] for k in range(parts)]


def backend_of(x: Array) -> str:
    """`"numpy"` or `"torch"`; anything else is a TypeError that says what to do."""
    if is_numpy_array(x):
        return "numpy"
    if is_torch_array(x):
        return "torch"
    raise TypeError(
        f"expected a NumPy array or a Torch tensor, got {type(x).__name__}: "
        "make an array of it first, with numpy.asarray or torch.as_tensor"
    )


def to_numpy(x: Array) -> np.ndarray:
    """`x` as a NumPy array; a tensor is detached from its graph and brought to the CPU."""
    return np.asarray(x.detach().cpu()) if is_torch_array(x) else np.asarray(x)


def from_numpy(x: np.ndarray, dtype: str | None = None, backend: str = "numpy", device: str = "cpu") -> Array:
    """A NumPy array as an array of `backend` on `device`, rounded to `dtype` ("float32", "float64", …) if given."""
    x = np.asarray(x) if dtype is None else np.asarray(x, dtype=dtype)
    return to(x, backend, device)


def to(tree: Tree, backend: str = "numpy", device: str = "cpu") -> Tree:
    """The same numbers in another library or on another device; dtypes stay as they are.

    Raises ValueError for an unknown backend or device, RuntimeError for a device that this machine does not have, and
    ModuleNotFoundError with what to install if Torch is missing.
    """
    device = resolve_device(backend, device)
    if backend == "numpy":
        return tree_map(to_numpy, tree)
    torch = _torch()

    def convert(leaf: Array) -> Array:
        if is_torch_array(leaf):
            return leaf.to(device)
        return torch.tensor(np.ascontiguousarray(leaf), device=device)

    return tree_map(convert, tree)


def resolve_device(backend: str, device: str = "auto") -> str:
    """The device to use: `"auto"` is CUDA, else Apple's MPS, else the CPU; NumPy always computes on the CPU."""
    if backend not in BACKENDS:
        raise ValueError(f"backend: expected one of {', '.join(BACKENDS)}, got {backend!r}")
    kind = device.split(":")[0]
    if kind not in DEVICES:
        raise ValueError(f"device: expected one of {', '.join(DEVICES)}, got {device!r}")
    if backend == "numpy":
        if kind in ("auto", "cpu"):
            return "cpu"
        raise ValueError(f"device: NumPy computes on the CPU, got {device!r}; ask for backend='torch'")
    torch = _torch()
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if kind == "auto":
        return next(name for name, there in present.items() if there)
    if not present[kind]:
        usable = ", ".join(name for name, there in present.items() if there)
        raise RuntimeError(f"device: {device!r} is not available to Torch on this machine; usable: {usable}")
    return device


def accelerators() -> dict[str, str]:
    """The devices beside the CPU that Torch can use, each with its name, the best first; none without Torch."""
    try:
        torch = _torch()
    except ModuleNotFoundError:
        return {}
    found = {f"cuda:{k}": torch.cuda.get_device_name(k) for k in range(torch.cuda.device_count())}
    return found | ({"mps": "Apple GPU"} if torch.backends.mps.is_available() else {})


def alike(array: Array, like: Array) -> bool:
    """Whether both have one library, type of numbers and device, soon seen; if not, or not surely, look closer."""
    if isinstance(array, np.ndarray):
        return isinstance(like, np.ndarray) and array.dtype == like.dtype
    both = is_torch_array(array) and is_torch_array(like)
    return both and array.dtype == like.dtype and array.device == like.device


def autocasts(like: Array) -> bool:
    """Whether Torch chooses the precision of each operation by itself where `like` is, as under `torch.autocast`."""
    if not is_torch_array(like):
        return False
    torch, kind = _torch(), like.device.type
    return torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)


def mixed_precision(like: Array) -> AbstractContextManager:
    """A context in which Torch computes products in bfloat16. Raises TypeError for NumPy, which has no such numbers."""
    if not is_torch_array(like):
        raise TypeError("mixed precision: NumPy has no bfloat16; ask for backend='torch'")
    return _torch().autocast(like.device.type, _torch().bfloat16)


def no_gradient(like: Array) -> AbstractContextManager:
    """A context in which Torch records nothing for autograd; NumPy never does."""
    return _torch().no_grad() if is_torch_array(like) else nullcontext()


def grows_a_graph(arrays: list) -> bool:
    """Whether Torch records, for autograd, what is computed from these arrays; with NumPy nobody does."""
    tensors = [array for array in arrays if is_torch_array(array)]
    return any(tensor.requires_grad for tensor in tensors) and _torch().is_grad_enabled()


def detached(tree: Tree) -> Tree:
    """The same numbers, of which Torch does not know where they come from."""
    return tree_map(lambda leaf: leaf.detach() if is_torch_array(leaf) else leaf, tree)


def autograd(function: Callable[[Tree], Array], tree: Tree) -> tuple[Array, Tree]:
    """The value of a scalar `function` at a tree of Torch tensors, and its gradient with the structure of the tree.

    A leaf that the function does not use has a gradient of zeros.
    """
    torch = _torch()
    for name, leaf in named_leaves(tree):
        if not is_torch_array(leaf):
            raise TypeError(f"autograd needs Torch tensors; {name or 'the argument'} is {type(leaf).__name__}")
    watched = tree_map(lambda leaf: leaf.detach().requires_grad_(), tree)
    value = function(watched)
    gradient = torch.autograd.grad(value, leaves(watched), allow_unused=True, materialize_grads=True)
    return value.detach(), with_leaves(tree, list(gradient))


def _torch() -> Any:
    try:
        import torch
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            'this needs PyTorch, which is not installed: pip install "rnn-course[torch]"; '
            "or stay on NumPy with backend='numpy'"
        ) from None
    return torch
