"""Values on their way between the trusted process and a learner's: plain JSON and the bytes of arrays, never pickle.

What comes from a learner's process is data, whatever it claims to be: arrays of known types, numbers, text, tuples. Of
anything else its type's name and a short text arrive, which is enough to say that it is wrong.
"""

import re
import sys
from collections import namedtuple
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from array_api_compat import is_numpy_array, is_torch_array

from rnn_course.arrays import to, to_numpy
from rnn_course.tree import is_array

DTYPES = (
    *("float16", "float32", "float64", "complex64", "complex128", "bool"),
    *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
)
LARGEST = 16_000_000  # bytes of all arrays of one message
DEPTH, ITEMS, LETTERS = 16, 2_000, 20_000


class BadMessage(ValueError):
    """What arrived is not what `pack` makes."""


class Foreign:
    """Stands for a value that does not travel; its type has the name of the value's type."""

    text = ""

    def __repr__(self) -> str:
        return self.text


def clean(text: Any) -> str:
    """Text that every file format can hold: no lone surrogates, no control characters but line ends and tabs."""
    shown = "".join(c if c >= " " or c in "\n\t" else "\ufffd" for c in str(text).replace("\r\n", "\n"))
    return re.sub("[\x7f-\x9f\ud800-\udfff\ufffe\uffff]", "\ufffd", shown)


Describe = Callable[[Any], dict | None]  # for a function: what the other side needs to call it


def pack(value: Any, describe: Describe = lambda function: None) -> tuple[Any, bytes]:
    """A value as JSON-able data and the bytes of its arrays. `describe` says how a function is called, or None."""
    packer = _Packer(describe)
    return packer.pack(value, 0), b"".join(packer.blobs)


class _Packer:
    def __init__(self, describe: Describe) -> None:
        self.describe, self.blobs, self.bytes, self.items = describe, [], 0, 0

    def pack(self, value: Any, depth: int) -> Any:
        self.items += 1
        if self.items > ITEMS or depth > DEPTH:
            return _foreign("more values than can be compared", "…")
        kind = type(value)
        if value is None or kind is bool or kind is float:
            return value
        if kind is str:
            return value if len(value) <= LETTERS else _foreign("a very long str", value[:80])
        if kind is int:
            return (
                value if value.bit_length() <= 128 else _foreign("a very large int", f"about 2**{value.bit_length()}")
            )
        if value is Ellipsis:
            return {"is": "ellipsis"}
        if is_array(value) and not isinstance(value, type):
            return self._array(value)
        if isinstance(value, tuple | list):
            return self._sequence(value, depth)
        if kind is np.random.Generator:
            return {"is": "rng", "state": _plain(value.bit_generator.state)}
        if callable(value) and (described := self.describe(value)) is not None:
            return {"is": "function", **described}
        return _foreign(kind.__name__, _repr(value))

    def _sequence(self, value: Any, depth: int) -> dict:
        items = list.copy(value) if isinstance(value, list) else list(tuple.__iter__(value))
        node: dict[str, Any] = {"is": "list" if isinstance(value, list) else "tuple"}
        fields = getattr(type(value), "_fields", None)
        if isinstance(fields, tuple) and all(isinstance(f, str) for f in fields) and len(fields) == len(items):
            node = {"is": "named", "module": str(type(value).__module__), "type": type(value).__name__}
            node["fields"] = list(fields)
        node["items"] = [self.pack(item, depth + 1) for item in items]
        return node

    def _array(self, value: Any) -> dict:
        try:
            dtype = str(value.dtype).removeprefix("torch.")
            shape = [int(n) for n in value.shape]
            torch = is_torch_array(value)
            library = "torch" if torch else "scalar" if isinstance(value, np.generic) else "numpy"
            if dtype not in DTYPES or not (torch or library == "scalar" or is_numpy_array(value)):
                return _foreign(f"{type(value).__name__} of {dtype}"[:80], _repr(value))
            size = prod(shape) * np.dtype(dtype).itemsize
            if self.bytes + size > LARGEST:
                return _foreign(f"array of shape {shape}, too large to be compared", "…")
            blob = np.ascontiguousarray(to_numpy(value)).tobytes()
        except Exception as error:  # a learner's class that only looks like an array
            return _foreign(type(value).__name__, f"{type(error).__name__}")
        self.bytes += len(blob)
        self.blobs.append(blob)
        return {"is": "array", "library": library, "dtype": dtype, "shape": shape}


def unpack(data: Any, blob: bytes, function: Callable[[dict], Any] | None = None) -> Any:
    """The value that `pack` was given; `function` makes callables of the descriptions of functions.

    Raises BadMessage for anything that `pack` does not make.
    """
    unpacker = _Unpacker(blob, function)
    try:
        value = unpacker.unpack(data, 0)
    except BadMessage:
        raise
    except Exception as error:
        raise BadMessage(f"{type(error).__name__}: {error}") from None
    if unpacker.at != len(blob):
        raise BadMessage("there are more bytes than arrays")
    return value


class _Unpacker:
    def __init__(self, blob: bytes, function: Callable[[dict], Any] | None) -> None:
        self.blob, self.function, self.at = blob, function, 0

    def unpack(self, data: Any, depth: int) -> Any:
        if depth > DEPTH + 2:
            raise BadMessage("too deep")
        if data is None or isinstance(data, bool | int | float | str):
            return data
        kind = data["is"]
        if kind == "array":
            return self._array(data)
        if kind in ("tuple", "list", "named"):
            items = [self.unpack(item, depth + 1) for item in data["items"]]
            return items if kind == "list" else tuple(items) if kind == "tuple" else _named(data, items)
        if kind == "ellipsis":
            return Ellipsis
        if kind == "rng":
            rng = np.random.default_rng(0)
            rng.bit_generator.state = data["state"]
            return rng
        if kind == "function" and self.function is not None:
            return self.function(data)
        if kind == "foreign":
            return type(clean(data["type"])[:80], (Foreign,), {"text": clean(data["text"])[:200]})()
        raise BadMessage(f"unknown kind {str(kind)[:20]}")

    def _array(self, data: dict) -> Any:
        dtype, shape = data["dtype"], tuple(data["shape"])
        if dtype not in DTYPES or not all(type(n) is int and 0 <= n < 2**40 for n in shape):
            raise BadMessage("not an array")
        end = self.at + prod(shape) * np.dtype(dtype).itemsize
        if end > len(self.blob):
            raise BadMessage("bytes are missing")
        array = np.frombuffer(self.blob[self.at : end], dtype=dtype).reshape(shape).copy()
        self.at = end
        if data["library"] == "scalar":
            return array[()]
        return to(array, "torch") if data["library"] == "torch" else array


def _named(data: dict, items: list) -> tuple:
    """A NamedTuple: the package's own where the name is one of them, else a new one with these fields."""
    module, name, fields = data["module"], data["type"], data["fields"]
    known = None
    if module.partition(".")[0] == "rnn_course" and module in sys.modules:
        known = vars(sys.modules[module]).get(name)
    if isinstance(known, type) and issubclass(known, tuple) and list(getattr(known, "_fields", ())) == fields:
        return tuple.__new__(known, items)
    made = namedtuple(name if name.isidentifier() else "NamedTuple", fields[:50])  # type: ignore[misc]
    return made(*items)


def _plain(state: Any) -> Any:
    """The state of a random generator, with plain integers."""
    if isinstance(state, dict):
        return {key: _plain(part) for key, part in state.items()}
    return state if isinstance(state, str) else [int(n) for n in state] if isinstance(state, np.ndarray) else int(state)


def _foreign(kind: str, text: str) -> dict:
    return {"is": "foreign", "type": str(kind)[:80] or "value", "text": text[:200]}


def _repr(value: Any) -> str:
    try:
        return repr(value)[:200]
    except Exception:
        return f"<{type(value).__name__}>"
